"""Evaluate a statement at one instance: hypotheses, both sides, float margin, and the certified comparison.

Longer than most: what floats suspect and what balls decide of one instance stand side by side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from numerics.arithmetic import EXACT, FLOATS, Arithmetic, Number, balls
from numerics.comparison import FIRST_BITS, LAST_BITS, Comparison, Reason, Relation, Truth, all_of, compare, decide
from theory.statement import Equivalence, Hypothesis, Inequality, InputError, Instance, Statement, shorten
from verification.incomputable import INCOMPUTABLE, incomputable
from verification.outcome import Counterexample
from verification.rounding import refuse_rounded

IDENTITY_BITS = 256
HARD_BITS = 512
UNINFORMATIVE = 700.0
"""Margin where a side is not positive, so that such instances never rank before real ones."""
EQUAL_BITS = 48
HARD_EQUAL_BITS = 20
"""Balls of an equality case agree at least to this many bits, or the comparison stays undecided; fewer for hard quantities."""


def triples(hypothesis: Hypothesis, lifted: Any) -> list[tuple[Number, str, Number]]:
    """Return the comparisons that a hypothesis consists of."""
    held = hypothesis.holds(lifted)
    found = list(held) if isinstance(held, list) else [held]
    for entry in found:
        if not isinstance(entry, tuple) or len(entry) != 3:
            rule = "(left, relation, right), such as (p.x, '>', 0), or a list of these"
            raise InputError(f"hypothesis {hypothesis.name!r} gave {shorten(repr(entry))}: it gives {rule}")
    return found


def hypothesis_truth(hypothesis: Hypothesis, instance: Instance, last_bits: int = LAST_BITS) -> Truth:
    """Return whether ``instance`` satisfies ``hypothesis``, exactly if it is rational, else in balls of growing precision.

    Parameters
    ----------
    hypothesis
        The hypothesis.
    instance
        Exact data.
    last_bits
        Precision at which to give up.

    Returns
    -------
    Truth
        True, false, or undecided.
    """
    exact = _rational_truth(hypothesis, instance)
    if exact is not None:
        return exact
    with balls(FIRST_BITS) as coarse:
        relations = [relation for _, relation, _ in triples(hypothesis, instance.lift(coarse))]

    def one(k: int) -> Truth:
        def plain(arithmetic: Arithmetic) -> tuple[Number, Number]:
            left, _, right = triples(hypothesis, instance.lift(arithmetic))[k]
            return left, right

        found = decide(_in_balls(plain), relations[k], last_bits=last_bits)
        refuse_rounded((hypothesis.holds,), plain, instance, found)
        return found.truth

    return all_of(one(k) for k in range(len(relations)))


def _rational_truth(hypothesis: Hypothesis, instance: Instance) -> Truth | None:
    """Decide a rational condition exactly, equality included; ``None`` if it is not rational."""
    try:
        held = triples(hypothesis, instance.lift(EXACT))
        if any(isinstance(side, float) for left, _, right in held for side in (left, right)):
            return None  # a float in the formula has been rounded
        pairs = [(Fraction(left), Relation(relation), Fraction(right)) for left, relation, right in held]
    except TypeError:
        return None  # exponentials and logarithms have no exact value
    return all_of(Truth.TRUE if _holds(left, relation, right) else Truth.FALSE for left, relation, right in pairs)


def _holds(left: Fraction, relation: Relation, right: Fraction) -> bool:
    return {
        Relation.AT_LEAST: left >= right,
        Relation.AT_MOST: left <= right,
        Relation.ABOVE: left > right,
        Relation.BELOW: left < right,
        Relation.EQUAL: left == right,
    }[relation]


def hypotheses_truth(statement: Statement, instance: Instance) -> Truth:
    """Return whether ``instance`` satisfies every hypothesis of ``statement``; no hypothesis at all is satisfied."""
    if not statement.hypotheses:
        return Truth.TRUE
    return all_of(hypothesis_truth(hypothesis, instance) for hypothesis in statement.hypotheses)


def float_hypotheses(statement: Statement, instance: Instance) -> bool:
    """Return whether every hypothesis holds in floats, up to rounding; a cheap filter before balls."""
    lifted = instance.lift(FLOATS)
    for hypothesis in statement.hypotheses:
        exact = _rational_truth(hypothesis, instance)
        if exact is Truth.FALSE:
            return False
        with np.errstate(all="ignore"):
            held = triples(hypothesis, lifted) if exact is None else []
        for left, relation, right in held:
            scale = 1e-9 * (abs(float(left)) + abs(float(right)))
            if compare(float(left), relation, float(right), tolerance=scale).truth is Truth.FALSE:
                return False
    return True


def sides(statement: Inequality, instance: Instance, arithmetic: Arithmetic) -> tuple[Number, Number]:
    """Return both sides of an inequality in ``arithmetic``, as scalars or arrays of one shape."""
    lifted = instance.lift(arithmetic)
    left = statement.left(lifted)
    right = statement.right(lifted, statement.lift_constants(arithmetic))
    if np.shape(left) != np.shape(right):
        left, right = np.broadcast_arrays(np.asarray(left), np.asarray(right))
    return left, right


@dataclass(frozen=True)
class FloatMargin:
    """How far the worst entry is from violation, in floats.

    Parameters
    ----------
    margin
        Log of the ratio of the sides, signed so that negative is a violation; the relative difference when a side is not
        positive; NaN when a side is.
    ratio
        The favourable side over the other, at least 1 where the statement holds; NaN when a side is not positive.
    trivial
        Whether the claim says nothing here, because the right side has the wrong sign.
    """

    margin: float
    ratio: float
    trivial: bool


def _relative_difference(x: float, y: float) -> float:
    if x == y:
        return 0.0
    if math.isinf(x) or math.isinf(y):
        return 1.0 if x > y else -1.0
    scale = 0.25 if abs(x) + abs(y) > 1e300 else 1.0  # the sums stay finite
    return (scale * x - scale * y) / (scale * abs(x) + scale * abs(y))


def float_margin(statement: Inequality, instance: Instance) -> FloatMargin:
    """Return the margin of the worst entry in floats.

    Parameters
    ----------
    statement
        An inequality or identity.
    instance
        Exact data.

    Returns
    -------
    FloatMargin
        The margin, NaN if a side is not a number.
    """
    with np.errstate(all="ignore"):
        left, right = sides(statement, instance, FLOATS)
        a, b = np.ravel(np.asarray(left, dtype=float)), np.ravel(np.asarray(right, dtype=float))
    sign = Relation(statement.relation).sign
    margins, ratios, trivial = [], [], []
    for x, y in zip(a.tolist(), b.tolist(), strict=True):
        if math.isnan(x) or math.isnan(y):
            return FloatMargin(math.nan, math.nan, False)
        difference = _relative_difference(x, y)
        if sign == 0:
            margins.append(-abs(difference))
        elif x > 0 and y > 0 and math.isfinite(x) and math.isfinite(y):
            margins.append(
                sign * math.log(x / y) if x / y > 0 and math.isfinite(x / y) else sign * 700.0 * (1 if x > y else -1)
            )
            ratios.append(math.exp(min(margins[-1], 700.0)))
        else:
            # No ratio: a claim about the wrong sign is trivially true or plainly false.
            # Two zeros are most often two underflows.
            margins.append(math.copysign(UNINFORMATIVE, sign * difference) if difference else UNINFORMATIVE)
        trivial.append(sign > 0 and y <= 0 <= x)
    if not margins:
        return FloatMargin(math.nan, math.nan, False)
    return FloatMargin(min(margins), min(ratios) if ratios else math.nan, all(trivial))


def certified(statement: Statement, instance: Instance, *, last_bits: int = LAST_BITS) -> Comparison:
    """Compare both sides at one instance in balls whose precision grows until the comparison is decided.

    Parameters
    ----------
    statement
        An inequality, identity or equivalence.
    instance
        Exact data.
    last_bits
        Precision at which to give up; identities stop earlier, since balls never separate equal numbers.

    Returns
    -------
    Comparison
        The outcome at the worst entry.

    Raises
    ------
    TypeError
        If statements of this kind are not compared at single instances.
    """
    if isinstance(statement, Inequality):
        exact = statement
        last = min(last_bits, IDENTITY_BITS) if Relation(exact.relation) is Relation.EQUAL else last_bits
        # Hard quantities are not worth computing at a precision that cannot decide, nor beyond one that should have.
        first, last = (96, min(last, HARD_BITS)) if exact.cost > 4 else (FIRST_BITS, last)

        def plain(arithmetic: Arithmetic) -> tuple[Number, Number]:
            return sides(exact, instance, arithmetic)

        found = decide(_in_balls(plain), exact.relation, first_bits=first, last_bits=last)
        refuse_rounded((exact.left, exact.right), plain, instance, found)
        return found
    if isinstance(statement, Equivalence):
        return _equivalent(statement, instance, last_bits)
    raise TypeError(f"a {statement.kind} is not compared at single instances")


def _in_balls(plain: Callable[[Arithmetic], tuple[Number, Number]]) -> Callable[[Arithmetic], tuple[Number, Number]]:
    def both(arithmetic: Arithmetic) -> tuple[Number, Number]:
        left, right = plain(arithmetic)
        return _enclosed(left), _enclosed(right)

    return both


def _enclosed(values: Number) -> Number:
    """Turn exact numbers that a formula returns, counts for instance, into balls, so that none is compared as a float."""

    def ball(value: Any) -> flint.arb:
        if isinstance(value, flint.arb | float):
            return flint.arb(value)
        exact = Fraction(value)
        return flint.arb(exact.numerator) / flint.arb(exact.denominator)

    return np.frompyfunc(ball, 1, 1)(values)


def _equivalent(statement: Equivalence, instance: Instance, last_bits: int) -> Comparison:
    def truth(condition: Any) -> Comparison:
        def plain(arithmetic: Arithmetic) -> tuple[Number, Number]:
            left, _, right = condition(instance.lift(arithmetic))
            return left, right

        found = decide(_in_balls(plain), condition(instance.lift(FLOATS))[1], last_bits=last_bits)
        refuse_rounded((condition,), plain, instance, found)
        return found

    first, second = truth(statement.first), truth(statement.second)
    still_open = [found for found in (first, second) if found.truth is Truth.UNDECIDED]
    same = Truth.TRUE if first.truth is second.truth else Truth.FALSE
    return Comparison(
        truth=Truth.UNDECIDED if still_open else same,
        reason=still_open[0].reason if still_open else Reason.DECIDED,
        relation=Relation.EQUAL,
        left=first.truth,
        right=second.truth,
        bits=max(first.bits, second.bits),
    )


def equality_bits(statement: Statement) -> int:
    """Return to how many bits the sides must agree before an equality case counts as consistent."""
    return HARD_EQUAL_BITS if statement.cost > 4 else EQUAL_BITS


def consistent(comparison: Comparison, least_bits: int = EQUAL_BITS) -> bool:
    """Return whether a comparison is true, or an equality case known to ``least_bits`` bits."""
    if comparison.relation in (Relation.ABOVE, Relation.BELOW):
        return comparison.truth is Truth.TRUE
    return comparison.truth is Truth.TRUE or comparison.equal_bits >= least_bits


def digits(value: Number, count: int = 15) -> str:
    """Return a side as text: a ball by its midpoint and radius, a float by its shortest form, a condition by its truth."""
    if isinstance(value, Truth):
        return value.value
    if isinstance(value, flint.arb):
        return str(value.str(count))
    return f"{float(value):.{count}g}"


def counterexample_of(instance: Instance, comparison: Comparison) -> Counterexample:
    """Return the counterexample that a certified false comparison gives."""
    return Counterexample(
        data=instance.data(),
        left=digits(comparison.left),
        relation=comparison.relation.value,
        right=digits(comparison.right),
        bits=comparison.bits,
    )


@dataclass(frozen=True, kw_only=True)
class CheckAt:
    """A statement at one person's own numbers.

    Parameters
    ----------
    hypotheses
        Name, words and truth of each hypothesis.
    comparison
        The certified comparison of the two sides, at the worst entry.
    verdict
        Its truth; an equality case counts as true.
    """

    hypotheses: tuple[tuple[str, str, Truth], ...]
    comparison: Comparison
    verdict: Truth

    @property
    def relation(self) -> Relation:
        """Return the relation that is claimed."""
        return self.comparison.relation

    @property
    def left(self) -> str:
        """Return the left side in decimals."""
        return digits(self.comparison.left)

    @property
    def right(self) -> str:
        """Return the right side in decimals."""
        return digits(self.comparison.right)


def check_at(statement: Statement, data: Mapping[str, Any], *, last_bits: int = LAST_BITS) -> CheckAt:
    """Check a statement at given data.

    Parameters
    ----------
    statement
        The statement.
    data
        JSON values, as :meth:`Instance.parse` reads them.
    last_bits
        Precision at which to give up.

    Returns
    -------
    CheckAt
        Hypotheses and both sides; the sides are left out where they are not defined since a hypothesis fails.

    Raises
    ------
    InputError
        If a hypothesis, or both sides where all hypotheses hold, cannot be computed at these numbers.
    """
    instance = statement.instance.parse(data)
    truths: list[tuple[str, str, Truth]] = []
    for hypothesis in statement.hypotheses:
        try:
            with np.errstate(all="ignore"):
                found = hypothesis_truth(hypothesis, instance)
        except INCOMPUTABLE as error:
            raise InputError(incomputable(f"hypothesis {hypothesis.name}", instance, error)) from error
        truths.append((hypothesis.name, hypothesis.says, found))
        # The sides may not even be defined outside the standing setting.
        if hypothesis.standing and found is Truth.FALSE:
            return _without_sides(truths)
    try:
        with np.errstate(all="ignore"):
            comparison = certified(statement, instance, last_bits=last_bits)
    except INCOMPUTABLE as error:
        if any(found is Truth.FALSE for _, _, found in truths):
            return _without_sides(truths)
        raise InputError(incomputable(f"{statement.id}: its conclusion", instance, error)) from error
    verdict = Truth.TRUE if consistent(comparison, equality_bits(statement)) else comparison.truth
    return CheckAt(hypotheses=tuple(truths), comparison=comparison, verdict=verdict)


def _without_sides(truths: Sequence[tuple[str, str, Truth]]) -> CheckAt:
    empty = Comparison(truth=Truth.UNDECIDED, reason=Reason.EMPTY, relation=Relation.EQUAL, left=math.nan, right=math.nan)
    return CheckAt(hypotheses=tuple(truths), comparison=empty, verdict=Truth.UNDECIDED)
