"""The one three-valued comparison: true, false or undecided. Every verdict rests on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import flint
import numpy as np

from numerics.arithmetic import Arithmetic, Kind, Number, balls, kind_of

FIRST_BITS = 64
LAST_BITS = 1024


class Truth(Enum):
    """A three-valued truth."""

    TRUE = "true"
    FALSE = "false"
    UNDECIDED = "undecided"

    def negated(self) -> Truth:
        """Return the truth of the negation."""
        return {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE}.get(self, Truth.UNDECIDED)

    def __float__(self) -> float:
        """Return 1 for true and 0 for false, as a condition is printed by programs that know no truths."""
        return {Truth.TRUE: 1.0, Truth.FALSE: 0.0}.get(self, math.nan)


class Relation(Enum):
    """How the left side of a statement is related to its right side."""

    AT_LEAST = ">="
    AT_MOST = "<="
    ABOVE = ">"
    BELOW = "<"
    EQUAL = "=="

    @classmethod
    def _missing_(cls, value: object) -> Relation:
        raise ValueError(f"{value!r} is no relation: it is one of {', '.join(member.value for member in cls)}")

    @property
    def sign(self) -> int:
        """Return +1 if a larger left side helps, -1 if it hurts, 0 for an equality."""
        return {">=": 1, ">": 1, "<=": -1, "<": -1, "==": 0}[self.value]


class Reason(Enum):
    """Why a comparison came out as it did, with a message for people."""

    DECIDED = "both sides are separated"
    EMPTY = "nothing was compared"
    NOT_A_NUMBER = "a side is not a number"
    SHAPES = "the sides have different shapes"
    OVERLAP = "the enclosures of the two sides overlap"
    WITHIN_TOLERANCE = "the sides differ by less than the stated tolerance"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The outcome of one comparison: its truth and the entry that decided it.

    Parameters
    ----------
    truth, reason
        The outcome and why.
    relation
        What was compared.
    left, right
        Both sides at the deciding entry.
    index
        Position of that entry, ``None`` for scalars.
    tolerance
        Half-width of the band around equality in which nothing is decided.
    bits
        Precision of the balls that decided; 53 for floats.
    """

    truth: Truth
    reason: Reason
    relation: Relation
    left: Number = None
    right: Number = None
    index: int | None = None
    tolerance: float = 0.0
    bits: int = 53

    @property
    def radius(self) -> float:
        """Return the larger radius of the two sides when they are balls, else the tolerance."""
        radii = [float(side.rad()) for side in (self.left, self.right) if isinstance(side, flint.arb)]
        return max(radii) if radii else self.tolerance

    @property
    def equal_bits(self) -> int:
        """Return to how many bits the two sides are known to agree, 0 if they are separated or not balls."""
        if self.truth is not Truth.UNDECIDED or self.reason is not Reason.OVERLAP:
            return 0
        if not isinstance(self.left, flint.arb) or not isinstance(self.right, flint.arb):
            return 0
        width = abs(self.left - self.right).upper()
        if not width.is_finite():
            return 0
        if width == 0:
            return self.bits
        # Midpoints are exact, and not turned into floats, whose range is smaller.
        first, second = abs(self.left.mid()), abs(self.right.mid())
        scale = first if first >= second else second
        # Two balls about 0 have no scale of their own: there the bits are absolute.
        bits = float(((flint.arb(1) if scale == 0 else scale) / width).log() / flint.arb(2).log())
        # Beside 0, exp(-1e600) agrees to more bits than a float counts.
        return int(max(0.0, min(bits, 1e15)))

    def __str__(self) -> str:
        """Return one line: index, both values, ratio and tolerance."""
        at = "" if self.index is None else f" at index {self.index}"
        try:
            ratio = f"{float(self.left) / float(self.right):.6g}"
        except (ZeroDivisionError, TypeError, ValueError, OverflowError):
            ratio = "undefined"
        return (
            f"{self.truth.value}{at}: {self.left} {self.relation.value} {self.right} "
            f"(ratio {ratio}, tolerance {self.radius:.3g}; {self.reason.value})"
        )


def _one(left: Number, relation: Relation, right: Number, tolerance: float) -> tuple[Truth, Reason]:
    a: Any
    b: Any
    if kind_of(left, right) is Kind.BALLS:
        a, b = flint.arb(left), flint.arb(right)
        if not (a.is_finite() and b.is_finite()):
            return Truth.UNDECIDED, Reason.NOT_A_NUMBER
        true, false = {
            Relation.AT_LEAST: (a >= b, a < b),
            Relation.AT_MOST: (a <= b, a > b),
            Relation.ABOVE: (a > b, a <= b),
            Relation.BELOW: (a < b, a >= b),
            Relation.EQUAL: (a.is_exact() and b.is_exact() and a == b, not a.overlaps(b)),
        }[relation]
        reason = Reason.OVERLAP
    else:
        a, b = float(left), float(right)
        if np.isnan(a) or np.isnan(b):
            return Truth.UNDECIDED, Reason.NOT_A_NUMBER
        # Equal infinities have no difference; they satisfy the weak relations only.
        difference = 0.0 if a == b else a - b
        strict = relation in (Relation.ABOVE, Relation.BELOW)
        if relation is Relation.EQUAL:
            true, false = abs(difference) <= tolerance, abs(difference) > tolerance
        else:
            gain = relation.sign * difference
            true = gain > tolerance or (gain == 0.0 and tolerance == 0.0 and not strict)
            false = gain < -tolerance or (gain == 0.0 and tolerance == 0.0 and strict)
        reason = Reason.WITHIN_TOLERANCE
    if true:
        return Truth.TRUE, Reason.DECIDED
    return (Truth.FALSE, Reason.DECIDED) if false else (Truth.UNDECIDED, reason)


def compare(left: Number, relation: Relation | str, right: Number, *, tolerance: float = 0.0, bits: int = 53) -> Comparison:
    """Compare two sides, entry by entry without broadcasting; the outcome is that of the worst entry.

    Parameters
    ----------
    left, right
        Floats, balls, or one-dimensional arrays of one shape. Shapes that differ are undecided, never broadcast.
    relation
        A :class:`Relation` or its symbol.
    tolerance
        A derived bound on the float error of ``left - right``. Within it an order is undecided and an equality holds.
    bits
        The precision that produced the balls, recorded only.

    Returns
    -------
    Comparison
        False if an entry is false, else undecided if an entry is undecided or nothing was compared, else true.
    """
    relation = Relation(relation)
    if np.shape(left) != np.shape(right):
        return Comparison(truth=Truth.UNDECIDED, reason=Reason.SHAPES, relation=relation, left=left, right=right, bits=bits)
    pairs = list(zip(np.ravel(np.asarray(left, dtype=object)), np.ravel(np.asarray(right, dtype=object)), strict=True))
    if not pairs:
        return Comparison(truth=Truth.UNDECIDED, reason=Reason.EMPTY, relation=relation, bits=bits)
    worst: Comparison | None = None
    order = {Truth.TRUE: 0, Truth.UNDECIDED: 1, Truth.FALSE: 2}
    for index, (a, b) in enumerate(pairs):
        truth, reason = _one(a, relation, b, tolerance)
        if worst is None or order[truth] > order[worst.truth]:
            at = index if np.shape(left) else None
            worst = Comparison(
                truth=truth, reason=reason, relation=relation, left=a, right=b, index=at, tolerance=tolerance, bits=bits
            )
    assert worst is not None
    return worst


def all_of(truths: Iterable[Truth]) -> Truth:
    """Return the conjunction. Nothing at all is undecided, not true."""
    seen = list(truths)
    if Truth.FALSE in seen:
        return Truth.FALSE
    return Truth.UNDECIDED if not seen or Truth.UNDECIDED in seen else Truth.TRUE


def decide(
    sides: Callable[[Arithmetic], tuple[Number, Number]],
    relation: Relation | str,
    *,
    first_bits: int = FIRST_BITS,
    last_bits: int = LAST_BITS,
) -> Comparison:
    """Compare in balls whose precision doubles until the comparison is decided or ``last_bits`` is reached.

    Parameters
    ----------
    sides
        Computes both sides in the arithmetic it is given.
    relation
        A :class:`Relation` or its symbol.
    first_bits, last_bits
        The first and the last precision tried.

    Returns
    -------
    Comparison
        Decided, or undecided with the radius that remained at the last precision.
    """
    bits = first_bits
    while True:
        with balls(bits) as arithmetic:
            left, right = sides(arithmetic)
            outcome = compare(left, relation, right, bits=bits)
        if outcome.truth is not Truth.UNDECIDED or bits >= last_bits:
            return outcome
        bits = min(2 * bits, last_bits)
