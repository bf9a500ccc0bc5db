"""Counterexamples become small, and stay counterexamples on the way."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction

import pytest

from numerics.arithmetic import Number, exp, log
from numerics.comparison import Truth
from theory.statement import Hypothesis, Inequality, Instance
from theory.wu2025.setting import Numbers
from theory.wu2025.statements import proposition_9
from verification import shrink as shrinking
from verification.evaluate import certified, hypotheses_truth
from verification.shrink import candidates, complexity, shrink, violates


@dataclass(frozen=True, kw_only=True)
class Case(Instance):
    x: Numbers
    s: Number
    i: int = 1


def claim(left, right, *hypotheses: Hypothesis) -> Inequality:
    return Inequality(
        id="toy.lemma-1",
        title="",
        says="",
        formula="",
        source="",
        instance=Case,
        instances=lambda draw, in_force: Case(x=(), s=Fraction(0)),
        hypotheses=hypotheses,
        left=left,
        relation=">=",
        right=right,
    )


# exp(s) <= 1 + 2 s holds for s up to 1.2564...
false = claim(
    lambda p: 1 + 2 * p.s,
    lambda p, c: exp(p.s),
    Hypothesis(name="positive", says="s > 0", holds=lambda p: (p.s, ">", 0 * p.s)),
)
START = Case(x=(Fraction(123457, 1000), Fraction(-3, 7)), s=Fraction(271828182, 141421356), i=5)


def test_a_counterexample_shrinks_to_small_rationals_and_stays_one() -> None:
    small, comparison = shrink(false, START, certified(false, START), last_bits=256)
    assert small.s == 2 or small.s.denominator == 1
    assert small.i == 1
    assert len(small.x) == 1
    assert small.x[0] == 0
    assert complexity(small) < complexity(START) / 2
    assert comparison.truth is Truth.FALSE
    assert certified(false, small).truth is Truth.FALSE
    assert hypotheses_truth(false, small) is Truth.TRUE


def test_every_accepted_step_is_certified_again(monkeypatch) -> None:
    accepted = []

    def watched(statement, instance, *, last_bits):
        found = violates(statement, instance, last_bits=last_bits)
        if found is not None:
            accepted.append((instance, found))
        return found

    monkeypatch.setattr(shrinking, "violates", watched)
    small, comparison = shrink(false, START, certified(false, START), last_bits=256)
    assert accepted[-1] == (small, comparison)
    sizes = [complexity(START), *(complexity(instance) for instance, _ in accepted)]
    assert all(later < earlier for earlier, later in itertools.pairwise(sizes))
    for instance, found in accepted:
        assert found.truth is Truth.FALSE
        assert found.bits >= 64
        assert certified(false, instance).truth is Truth.FALSE


def test_rounding_alone_would_leave_the_counterexamples() -> None:
    # 1.3 is one; the nearest integer is not. The wrong way is to round and to trust.
    narrow = Case(x=(), s=Fraction(13, 10))
    assert violates(false, narrow, last_bits=256) is not None
    assert violates(false, Case(x=(), s=Fraction(1)), last_bits=256) is None
    small, _ = shrink(false, narrow, certified(false, narrow), last_bits=256)
    assert small.s > Fraction(1256, 1000)


def test_candidates_outside_the_hypotheses_or_the_domain_of_the_formulas_are_skipped() -> None:
    indexed = claim(lambda p: p.x[p.i - 1], lambda p, c: p.x[p.i - 1] + 1)
    start = Case(x=(Fraction(5, 3), Fraction(7, 3)), s=Fraction(1), i=2)
    assert any(len(entry.x) < entry.i for entry in candidates(start))
    small, _ = shrink(indexed, start, certified(indexed, start), last_bits=128)
    assert small.i <= len(small.x)

    divided = claim(lambda p: 1 / p.s, lambda p, c: 1 + 1 / p.s)
    start = Case(x=(), s=Fraction(1, 3))
    assert any(entry.s == 0 for entry in candidates(start))
    assert violates(divided, Case(x=(), s=Fraction(0)), last_bits=128) is None
    assert shrink(divided, start, certified(divided, start), last_bits=128)[0].s != 0

    logged = claim(lambda p: log(p.s), lambda p, c: 1 + log(p.s))
    assert violates(logged, Case(x=(), s=Fraction(0)), last_bits=128) is None
    assert violates(logged, Case(x=(), s=Fraction(-1)), last_bits=128) is None
    assert violates(false, Case(x=(), s=Fraction(-1)), last_bits=128) is None


def test_no_more_neighbours_are_tried_than_allowed() -> None:
    comparison = certified(false, START)
    assert shrink(false, START, comparison, last_bits=128, attempts=1) == (START, comparison)


@pytest.mark.parametrize("shift", [0, Fraction(22, 7)])
def test_the_counterexample_to_proposition_9_shrinks_to_three_points(shift) -> None:
    statement = proposition_9.part_a
    start = statement.instance(
        x=tuple(Fraction(v) + shift for v in ("0", "1.013", "2.031")),
        mu=Fraction(489, 1000),
        sigma=Fraction(23, 100),
        i=2,
        y=Fraction(489, 1000) * (Fraction("2.031") + shift),
    )
    comparison = violates(statement, start, last_bits=256)
    assert comparison is not None
    small, comparison = shrink(statement, start, comparison, last_bits=256)
    assert comparison.truth is Truth.FALSE
    assert hypotheses_truth(statement, small) is Truth.TRUE
    assert complexity(small) < complexity(start)
