"""Branch and bound: prove that a real function is positive on a box by bisecting it until interval arithmetic decides."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from numerics.ball_integration import ball

INSTRUMENT = "branch and bound"

Box: TypeAlias = tuple[tuple[Fraction, Fraction], ...]
"""One closed interval a coordinate."""
_allowed: ContextVar[int | None] = ContextVar("boxes that one branch and bound may evaluate", default=None)


@contextmanager
def boxes_allowed(count: int) -> Generator[None, None, None]:
    """Set how many boxes one branch and bound may evaluate, whatever limit it is called with.

    Parameters
    ----------
    count
        The number.

    Yields
    ------
    None
        Nothing.
    """
    token = _allowed.set(count)
    try:
        yield
    finally:
        _allowed.reset(token)


@dataclass(frozen=True, kw_only=True)
class BoxProof:
    """How a branch and bound ended.

    Parameters
    ----------
    closed
        Whether positivity is proved on the whole box.
    boxes
        Number of boxes evaluated.
    deepest
        The largest number of bisections that led to one box.
    failed
        The box that was open when the limit was reached, else ``None``.
    counterexample
        An exact point at which the function is certified to be negative or zero, else ``None``.
    spent
        Whether the limit was reached.
    """

    closed: bool
    boxes: int
    deepest: int
    failed: Box | None = None
    counterexample: tuple[Fraction, ...] | None = None
    spent: bool = False

    def __str__(self) -> str:
        """Return one line for people."""
        if self.closed:
            return f"positive on the whole box: {self.boxes} boxes, at most {self.deepest} bisections deep"
        if self.counterexample is not None:
            return f"not positive at ({', '.join(map(str, self.counterexample))})"
        sides = " x ".join(f"[{float(low):.6g}, {float(high):.6g}]" for low, high in self.failed or ())
        return f"{'budget: ' * self.spent}open after {self.boxes} boxes, on {sides}"


def branch_and_bound(f: Callable[..., Any], box: Sequence[tuple[Fraction, Fraction]], limit: int) -> BoxProof:
    """Prove ``f > 0`` on a box of one or more dimensions.

    Boxes are opened depth first, and the side that is widest relative to the original box is halved. The centre of every
    open box is tried as a counterexample.

    Parameters
    ----------
    f
        Maps one ball a coordinate to a ball that encloses the values there. Not finite means undecided.
    box
        The closed intervals, with exact ends; an interval may be a point.
    limit
        How many boxes may be evaluated, unless :func:`boxes_allowed` sets the number.

    Returns
    -------
    BoxProof
        Closed, refuted by a point, or open.

    Raises
    ------
    ValueError
        If the box has no side, or a side with its ends out of order.
    """
    start: Box = tuple((Fraction(low), Fraction(high)) for low, high in box)
    if not start or any(low > high for low, high in start):
        raise ValueError(f"a box needs sides with ordered ends, not {list(box)}")
    limit = _allowed.get() or limit
    stack: list[tuple[Box, int]] = [(start, 0)]
    evaluated = deepest = 0
    while stack:
        current, depth = stack.pop()
        deepest = max(deepest, depth)
        if evaluated >= limit:
            return BoxProof(closed=False, boxes=evaluated, deepest=deepest, failed=current, spent=True)
        evaluated += 1
        if f(*(ball(low).union(ball(high)) for low, high in current)) > 0:
            continue
        centre = tuple((low + high) / 2 for low, high in current)
        if f(*map(ball, centre)) <= 0:
            return BoxProof(closed=False, boxes=evaluated, deepest=deepest, failed=current, counterexample=centre)
        halves = _bisect(current, start)
        if halves is None:
            return BoxProof(closed=False, boxes=evaluated, deepest=deepest, failed=current)
        stack += [(half, depth + 1) for half in halves]
    return BoxProof(closed=True, boxes=evaluated, deepest=deepest)


def _bisect(box: Box, start: Box) -> tuple[Box, Box] | None:
    """Halve the side that is widest relative to the start; a point cannot be halved."""
    relative = [
        (high - low) / (first_high - first_low) if first_high > first_low else Fraction(0)
        for (low, high), (first_low, first_high) in zip(box, start, strict=True)
    ]
    side = max(range(len(box)), key=relative.__getitem__)
    low, high = box[side]
    if low == high:
        return None
    middle = (low + high) / 2
    return (*box[:side], (middle, high), *box[side + 1 :]), (*box[:side], (low, middle), *box[side + 1 :])
