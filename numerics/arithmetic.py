"""One formula, three arithmetics.

A formula in ``theory`` is written once over an abstract number and runs unchanged in

* **floats**: ``float`` and ``numpy.float64`` arrays,
* **balls**: ``flint.arb`` / ``flint.acb`` and numpy object arrays of them,
* **symbols**: ``sympy`` expressions and numpy object arrays of them.

Formulas use ``+ - * / **`` (integer powers), integer constants, and the functions below, which look at the type of their
argument. They never use ``if``: a branch goes through :func:`where`, which returns the hull of both values when a ball
cannot decide.

The file is long because every function is there three times, once for each arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Annotated, Any, TypeAlias

import flint
import numpy as np

Number: TypeAlias = Any
"""A scalar or an array in one of the three arithmetics."""
Numbers: TypeAlias = Annotated[Any, "Numbers"]
"""A one-dimensional array in one of the three arithmetics; told from a number by its name where data is read."""


class Kind(Enum):
    """Which arithmetic a value belongs to."""

    FLOATS = "floats"
    BALLS = "balls"
    SYMBOLS = "symbols"
    EXACT = "exact"


def kind_of(*values: Number) -> Kind:
    """Tell which arithmetic a formula over ``values`` runs in.

    Parameters
    ----------
    *values
        Scalars or arrays. Integers and fractions belong to every arithmetic and decide nothing.

    Returns
    -------
    Kind
        The arithmetic of the first value that decides; floats when none does.
    """
    for value in values:
        sample = value
        if isinstance(value, np.ndarray):
            if value.dtype != object:
                return Kind.FLOATS
            if value.size == 0:
                continue
            sample = value.flat[0]
        if isinstance(sample, flint.arb | flint.acb | flint.arb_series):
            return Kind.BALLS
        if type(sample).__module__.startswith("sympy"):
            return Kind.SYMBOLS
        if isinstance(sample, float | np.floating):
            return Kind.FLOATS
    return Kind.FLOATS


def _map(function: Callable[..., Any], *values: Number) -> Number:
    """Apply a scalar function elementwise to object arrays, or once to scalars."""
    if any(isinstance(value, np.ndarray) for value in values):
        return np.frompyfunc(function, len(values), 1)(*values)
    return function(*values)


def _sympy() -> Any:
    import sympy  # a heavy import, needed only once a symbol is at hand

    return sympy


def _special() -> Any:
    from scipy import special  # a slow import, which listing statements does not need

    return special


def _apply(name: str, floats: Callable[..., Any], value: Number, balls: Callable[[Any], Any] | None = None) -> Number:
    kind = kind_of(value)
    if kind is Kind.BALLS:
        return _map(balls or (lambda z: getattr(z, name)()), value)
    if kind is Kind.SYMBOLS:
        return _map(getattr(_sympy(), name), value)
    return floats(value)


def exp(x: Number) -> Number:
    """Return the exponential of ``x``."""
    return _apply("exp", np.exp, x)


def log(x: Number) -> Number:
    """Return the natural logarithm of ``x``."""
    return _apply("log", np.log, x)


def expm1(x: Number) -> Number:
    """Return exp(x) - 1, accurate near 0."""
    if kind_of(x) is Kind.SYMBOLS:
        return exp(x) - 1
    return _apply("expm1", np.expm1, x)


def log1p(x: Number) -> Number:
    """Return log(1 + x), accurate near 0."""
    if kind_of(x) is Kind.SYMBOLS:
        return log(1 + x)
    return _apply("log1p", np.log1p, x)


def sqrt(x: Number) -> Number:
    """Return the square root of ``x``."""
    return _apply("sqrt", np.sqrt, x)


def cube_root(x: Number) -> Number:
    """Return the cube root of ``x`` >= 0; a ball that reaches below 0 is cut there."""
    kind = kind_of(x)
    if kind is Kind.BALLS:
        return _map(_ball_cube_root, x)
    return _map(_sympy().cbrt, x) if kind is Kind.SYMBOLS else np.cbrt(x)


def _ball_cube_root(x: Any) -> Any:
    if x > 0:
        return x.root(3)
    upper = x.upper()
    return flint.arb(0) if upper == 0 else flint.arb(0).union(upper.root(3)) if upper > 0 else flint.arb("nan")


def sinh(x: Number) -> Number:
    """Return the hyperbolic sine of ``x``."""
    return _apply("sinh", np.sinh, x)


def tanh(x: Number) -> Number:
    """Return the hyperbolic tangent of ``x``."""
    return _apply("tanh", np.tanh, x)


def sin(x: Number) -> Number:
    """Return the sine of ``x``."""
    return _apply("sin", np.sin, x)


def arctan(x: Number) -> Number:
    """Return the arc tangent of ``x``, between -pi/2 and pi/2."""
    return _apply("atan", np.arctan, x)


def erf(x: Number) -> Number:
    """Return the error function of ``x``."""
    return _apply("erf", lambda z: _special().erf(z), x)


def erfc(x: Number) -> Number:
    """Return 1 - erf(x), accurate for large positive ``x``."""
    return _apply("erfc", lambda z: _special().erfc(z), x)


def absolute(x: Number) -> Number:
    """Return the absolute value of a real ``x``."""
    if kind_of(x) is Kind.SYMBOLS:
        return _map(_sympy().Abs, x)
    return _map(abs, x) if kind_of(x) is Kind.BALLS else np.abs(x)


def _hull_maximum(a: Any, b: Any) -> Any:
    # python-flint returns the first argument when the order is undecided, so each side is first widened to cover both.
    a, b = flint.arb(a), flint.arb(b)
    if a >= b:
        return a
    if b >= a:
        return b
    if not (a.is_finite() and b.is_finite()):
        return flint.arb("nan")
    lower = a.lower() if a.lower() >= b.lower() else b.lower()
    upper = a.upper() if a.upper() >= b.upper() else b.upper()
    return lower.union(upper)


def maximum(a: Number, b: Number) -> Number:
    """Return the elementwise larger of two values; a ball encloses the larger of every pair of points."""
    kind = kind_of(a, b)
    if kind is Kind.BALLS:
        return _map(_hull_maximum, a, b)
    if kind is Kind.SYMBOLS:
        return _map(_sympy().Max, a, b)
    return np.maximum(a, b)


def minimum(a: Number, b: Number) -> Number:
    """Return the elementwise smaller of two values; see :func:`maximum`."""
    return -maximum(-a, -b)


def least(values: Number) -> Number:
    """Return the smallest entry of a one-dimensional array."""
    if kind_of(values) is Kind.FLOATS:
        return np.min(values)
    result = values[0]
    for value in values[1:]:
        result = minimum(result, value)
    return result


def total(values: Number, axis: int = -1) -> Number:
    """Return the sum along ``axis`` (the last by default); an empty sum is the integer 0."""
    return np.sum(values, axis=axis)


def positive_part(x: Number) -> Number:
    """Return max(0, x)."""
    return maximum(x, 0 * x)


def negative_part(x: Number) -> Number:
    """Return min(0, x), which is not positive."""
    return minimum(x, 0 * x)


def _where_ball(condition: Any, a: Any, b: Any) -> Any:
    if condition >= 0:
        return flint.arb(a)
    if condition < 0:
        return flint.arb(b)
    return flint.arb(a).union(flint.arb(b))


def where(sign: Number, if_positive: Number, if_negative: Number) -> Number:
    """Choose by the sign of ``sign``: ``if_positive`` where it is at least 0, ``if_negative`` where it is negative.

    A ball that contains both signs gives the hull of both values.

    Parameters
    ----------
    sign
        The value whose sign chooses.
    if_positive, if_negative
        The values to choose from.

    Returns
    -------
    Number
        The chosen value, elementwise.
    """
    kind = kind_of(sign, if_positive, if_negative)
    if kind is Kind.BALLS:
        return _map(_where_ball, sign, if_positive, if_negative)
    if kind is Kind.SYMBOLS:
        sympy = _sympy()
        return _map(lambda s, a, b: sympy.Piecewise((a, s >= 0), (b, True)), sign, if_positive, if_negative)
    chosen: Any = np.where(np.asarray(sign) >= 0, if_positive, if_negative)
    return chosen[()]


def pi(like: Number) -> Number:
    """Return the circle number in the arithmetic of ``like``."""
    kind = kind_of(like)
    if kind is Kind.BALLS:
        return flint.arb.pi()
    return _sympy().pi if kind is Kind.SYMBOLS else math.pi


def normal_density(u: Number) -> Number:
    r"""Return the standard normal density :math:`\varphi(u)=e^{-u^2/2}/\sqrt{2\pi}`."""
    return exp(-u * u / 2) / sqrt(2 * pi(u))


def _ball_mass(a: Any, b: Any) -> Any:
    # Which of three equal expressions is used matters only for the radius: far in a tail the error functions cancel. They
    # are equal for complex balls too, so the real parts choose.
    root = flint.arb(2).sqrt()
    low, high = a / root, b / root
    if low.real > 0:
        return (low.erfc() - high.erfc()) / 2
    if high.real < 0:
        return ((-high).erfc() - (-low).erfc()) / 2
    return (high.erf() - low.erf()) / 2


def normal_mass(a: Number, b: Number) -> Number:
    r"""Return the standard normal mass :math:`\Phi(b)-\Phi(a)` of an interval with :math:`a\le b`.

    Complementary error functions of the tail that the interval lies in keep the relative accuracy of a far interval. In
    floats a *narrow* interval away from 0 loses it, in proportion to one over its width.

    Parameters
    ----------
    a, b
        The ends; in floats they may be infinite.

    Returns
    -------
    Number
        The mass, elementwise.
    """
    kind = kind_of(a, b)
    if kind is Kind.BALLS:
        return _map(_ball_mass, a, b)
    if kind is Kind.SYMBOLS:
        root = _sympy().sqrt(2)
        return (erf(b / root) - erf(a / root)) / 2
    flip = np.asarray(a) > -np.asarray(b)
    low = np.where(flip, -np.asarray(b), a) / math.sqrt(2)
    high = np.where(flip, -np.asarray(a), b) / math.sqrt(2)
    special = _special()
    tail = special.erfc(-high) - special.erfc(-low)
    return np.where(high >= 0, special.erf(high) - special.erf(low), tail)[()] / 2


@dataclass(frozen=True)
class Arithmetic:
    """A way to turn exact data into numbers.

    Parameters
    ----------
    kind
        Which arithmetic.
    bits
        The precision of balls in bits; unused otherwise.
    """

    kind: Kind
    bits: int = 53

    def number(self, value: Fraction | int | str | float) -> Number:
        """Convert one exact value. A string is read as an exact decimal or fraction; a float is its binary value."""
        exact = value if isinstance(value, int) else Fraction(value)
        if self.kind is Kind.EXACT:
            return Fraction(exact)
        if self.kind is Kind.FLOATS:
            return float(exact)
        if self.kind is Kind.BALLS:
            return flint.arb(exact.numerator) / flint.arb(exact.denominator)
        return _sympy().Rational(exact.numerator, exact.denominator)

    def array(self, values: Iterable[Fraction | int | str | float]) -> Number:
        """Convert a sequence to a one-dimensional array."""
        numbers = [self.number(value) for value in values]
        if self.kind is Kind.FLOATS:
            return np.array(numbers, dtype=np.float64)
        result = np.empty(len(numbers), dtype=object)
        result[:] = numbers
        return result


FLOATS = Arithmetic(Kind.FLOATS)
SYMBOLS = Arithmetic(Kind.SYMBOLS)
EXACT = Arithmetic(Kind.EXACT)
"""Fractions, for conditions that only add, multiply, divide and compare; other functions refuse them with a TypeError."""


@contextmanager
def balls(bits: int) -> Generator[Arithmetic, None, None]:
    """Work with balls of ``bits`` bits: the library's precision is global, and this is the only place that sets it.

    Parameters
    ----------
    bits
        Precision of midpoints, at least 2.

    Yields
    ------
    Arithmetic
        The arithmetic of balls at that precision.
    """
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield Arithmetic(Kind.BALLS, bits)
    finally:
        flint.ctx.prec = before
