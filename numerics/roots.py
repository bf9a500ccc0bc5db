"""Roots in a bracket: Brent's method in floats, bisection for many brackets at once, and rigorous isolation in balls."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from numerics.arithmetic import balls
from numerics.ball_integration import ball

Floats: TypeAlias = NDArray[np.float64]

INSTRUMENT = "root finding"
# Fractions of a bracket at which it is cut: off the middle when the sign there cannot be told because the root is too near.
_CUTS = (Fraction(1, 2), Fraction(7, 16), Fraction(10, 16), Fraction(5, 16))


class RootError(ValueError):
    """No root can be found in the bracket; the message is one line that says why."""


def bracketed_root(f: Callable[[float], float], a: float, b: float, *, relative: float = 4 * 2.0**-52) -> float:
    """Find a root of a continuous float function in a bracket by Brent's method.

    Parameters
    ----------
    f
        The function.
    a, b
        Ends at which it has opposite signs; an end may be a root.
    relative
        Relative tolerance on the root, at least four units of rounding.

    Returns
    -------
    float
        The root.

    Raises
    ------
    RootError
        If a value is not a number, the signs do not differ, or the method does not converge.
    """

    def checked(x: float) -> float:
        value = float(f(x))
        if math.isnan(value):
            raise RootError(f"the function is not a number at {x!r}")
        return value

    at_a, at_b = checked(a), checked(b)
    if at_a == 0.0 or at_b == 0.0:
        return float(a if at_a == 0.0 else b)
    if (at_a > 0) == (at_b > 0):
        raise RootError(f"no sign change between {a!r} and {b!r}: the values are {at_a!r} and {at_b!r}")
    from scipy import optimize  # slow to import, and not needed to list statements

    root, report = optimize.brentq(checked, a, b, xtol=5e-324, rtol=relative, maxiter=1000, full_output=True, disp=False)
    if not report.converged:
        raise RootError(f"no convergence between {a!r} and {b!r}: {report.flag}")
    return float(root)


def bisect_many(f: Callable[[Floats], Floats], a: Any, b: Any, steps: int) -> Floats:
    """Bisect many brackets at once.

    Parameters
    ----------
    f
        An elementwise function of the array of points.
    a, b
        Arrays of ends, broadcast against each other, with opposite signs of ``f`` at each pair.
    steps
        Number of halvings; the error is the width of the bracket over ``2**(steps + 1)``.

    Returns
    -------
    numpy.ndarray
        The middles of the last brackets.

    Raises
    ------
    RootError
        If at some pair a value is not a number or the signs do not differ; the message names the first.
    """
    low, high = (end.copy() for end in np.broadcast_arrays(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)))
    at_low, at_high = np.sign(f(low)), np.sign(f(high))
    # A NaN sign fails this test as well.
    bad = ~(at_low * at_high <= 0)
    if np.any(bad):
        index = int(np.flatnonzero(bad)[0])
        raise RootError(f"no sign change in bracket {index}: [{low.flat[index]!r}, {high.flat[index]!r}]")
    for _ in range(steps):
        middle = low + (high - low) / 2
        sign = np.sign(f(middle))
        if np.any(np.isnan(sign)):
            index = int(np.flatnonzero(np.isnan(sign))[0])
            raise RootError(f"the function is not a number at {middle.flat[index]!r} in bracket {index}")
        # An exact zero closes the bracket from both sides.
        right = sign * at_low > 0
        low, high = np.where(right | (sign == 0), middle, low), np.where(right, high, middle)
        low, high = np.where(at_low == 0, a, low), np.where(at_low == 0, a, high)
    return np.asarray(low + (high - low) / 2, dtype=np.float64)


def isolate(f: Callable[[Any], Any], a: Fraction | int | str, b: Fraction | int | str, bits: int) -> Any:
    """Enclose a root of a continuous function of balls, with certified opposite signs at the ends of the enclosure.

    :class:`RootError` is raised if the signs at the ends agree, or if the sign at an end, or at every trial point of some
    bracket, cannot be certified.

    Parameters
    ----------
    f
        Maps a ball to a ball. It is evaluated at raised precision, so it must build its constants from exact data.
    a, b
        Exact ends of the bracket.
    bits
        The enclosure is narrower than ``2**-bits`` times the modulus of its larger end.

    Returns
    -------
    flint.arb
        The enclosure.
    """
    with balls(2 * bits + 64):
        low, high = _isolate(f, Fraction(a), Fraction(b), Fraction(1, 2**bits))
        enclosure = ball(low).union(ball(high))
    return enclosure


def _isolate(f: Callable[[Any], Any], low: Fraction, high: Fraction, tolerance: Fraction) -> tuple[Fraction, Fraction]:
    at_low, at_high = _sign(f, low), _sign(f, high)
    for end, sign in ((low, at_low), (high, at_high)):
        if sign is None:
            raise RootError(f"the sign at the end {end} is undecided")
        if sign == 0:
            return end, end
    if at_low == at_high:
        raise RootError(f"no sign change between {low} and {high}")
    # A root at 0 has no relative width, so the square of the tolerance bounds the scale from below.
    floor = tolerance * (high - low)
    while high - low > tolerance * max(abs(low), abs(high), floor):
        cut, sign = _cut(f, low, high)
        if sign == 0:
            return cut, cut
        low, high = (cut, high) if sign == at_low else (low, cut)
    return low, high


def _cut(f: Callable[[Any], Any], low: Fraction, high: Fraction) -> tuple[Fraction, int]:
    for share in _CUTS:
        point = low + share * (high - low)
        sign = _sign(f, point)
        if sign is not None:
            return point, sign
    raise RootError(f"the sign is undecided throughout [{float(low)!r}, {float(high)!r}]: more precision is needed")


def _sign(f: Callable[[Any], Any], point: Fraction) -> int | None:
    value = f(ball(point))
    if value > 0 or value < 0:
        return 1 if value > 0 else -1
    return 0 if value.is_zero() else None
