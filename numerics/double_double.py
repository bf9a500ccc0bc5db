r"""Double-double arithmetic over float64 arrays: a number is an unevaluated sum ``hi + lo``, about 106 bits.

It evaluates formulas of exact float inputs, such as the exponents of Gaussian weights, almost as if in exact arithmetic and
at array speed. Every step is built from error-free transformations:

* sum: :math:`a+b=s+e` with :math:`s=\mathrm{fl}(a+b)` (Knuth);
* product: :math:`ab=p+e` with :math:`p=\mathrm{fl}(ab)` (Dekker), each factor split into two halves of 26 bits.

Arrays of some 10^4 to 10^5 entries are fastest: larger ones leave the processor's cache.

**Range.** Each operation has relative error below :math:`2^{-100}` while its operands and its result lie in
:math:`[2^{-916}, 2^{1020}]` in modulus, about :math:`10^{-275}` to :math:`10^{307}` (or are 0). Below, the error term
of a product underflows: the absolute error is then at most :math:`2^{-1070}`, so that the square of 1e-150 still carries a
relative error below :math:`2^{-70}`. To divide by such a square at full precision, divide twice by its root. Above the
range a result is infinite as in floats, with ``lo = 0``, never a NaN made by the error term.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

_HALF = np.int64(1 << 26)
_MASK = np.int64(-(1 << 27))
_EXACT_INTEGERS = 1 << 53


def two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return ``(s, e)`` with ``s = fl(a + b)`` and ``a + b = s + e`` exactly."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def _split(a: Floats) -> tuple[Floats, Floats]:
    # The leading 26 bits, rounded on the bit pattern: unlike Dekker's multiplication by 2^27 + 1 it cannot overflow above
    # 2^996, and the rest again has 26 bits, so that all products of halves are exact.
    head = ((a.view(np.int64) + _HALF) & _MASK).view(np.float64)
    return head, a - head


def two_prod(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return ``(p, e)`` with ``p = fl(a b)`` and ``a b = p + e``, exactly if ``|p| > 2**-916`` (or 0) and ``p`` is finite."""
    p = a * b
    a_head, a_tail = _split(a)
    b_head, b_tail = _split(b)
    return p, ((a_head * b_head - p) + a_head * b_tail + a_tail * b_head) + a_tail * b_tail


def _array(value: Any) -> Floats:
    # ``view`` reads the bit pattern, so scalars become arrays without dimensions here, once.
    return np.asarray(value, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class DoubleDouble:
    """An array of numbers ``hi + lo`` with ``hi = fl(hi + lo)``.

    Binary operators accept floats and float arrays (at their binary values), integers and fractions (rounded to 106 bits if
    they are longer), and broadcast as numpy does.

    Parameters
    ----------
    hi
        The nearest floats.
    lo
        What is left.
    """

    hi: Floats
    lo: Floats

    # Makes ``ndarray + DoubleDouble`` call our reflected operator instead of broadcasting over us.
    __array_ufunc__ = None

    @classmethod
    def from_float(cls, value: Any) -> DoubleDouble:
        """Return floats, or an array of floats or integers below 2**53, as exact numbers with ``lo = 0``."""
        hi = _array(value)
        return cls(hi, np.zeros_like(hi))

    @classmethod
    def from_exact(cls, values: Any) -> DoubleDouble:
        """Return integers and fractions, a scalar or a (nested) sequence, rounded to 106 bits."""
        exact = np.asarray(values, dtype=object)
        hi = _array(np.frompyfunc(float, 1, 1)(exact))
        lo = np.frompyfunc(lambda v, h: float(Fraction(v) - Fraction(float(h))), 2, 1)(exact, hi)
        return cls(hi, _array(lo))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.hi.shape

    def to_float(self) -> Floats:
        """Return the nearest floats."""
        return self.hi + self.lo

    def to_fraction(self) -> Any:
        """Return the exact values: a fraction for a scalar, else an object array of fractions."""
        return np.frompyfunc(lambda h, r: Fraction(float(h)) + Fraction(float(r)), 2, 1)(self.hi, self.lo)

    def __getitem__(self, key: Any) -> DoubleDouble:
        """Index both parts; ``None`` adds an axis."""
        return DoubleDouble(_array(self.hi[key]), _array(self.lo[key]))

    def __neg__(self) -> DoubleDouble:
        """Return the negative, exactly."""
        return DoubleDouble(-self.hi, -self.lo)

    def __add__(self, other: Any) -> DoubleDouble:
        """Return the sum; its error is relative to the sum even after cancellation."""
        b = _lift(other)
        with np.errstate(over="ignore", invalid="ignore"):
            s, e = two_sum(self.hi, b.hi)
            t, f = two_sum(self.lo, b.lo)
            middle = _normal(s, e + t)
            return _normal(middle.hi, middle.lo + f)

    def __radd__(self, other: Any) -> DoubleDouble:
        """Return ``other + self``."""
        return self.__add__(other)

    def __sub__(self, other: Any) -> DoubleDouble:
        """Return the difference."""
        return self + (-_lift(other))

    def __rsub__(self, other: Any) -> DoubleDouble:
        """Return ``other - self``."""
        return _lift(other).__add__(-self)

    def __mul__(self, other: Any) -> DoubleDouble:
        """Return the product."""
        b = _lift(other)
        with np.errstate(over="ignore", invalid="ignore"):
            p, e = two_prod(self.hi, b.hi)
            return _normal(p, e + (self.hi * b.lo + self.lo * b.hi))

    def __rmul__(self, other: Any) -> DoubleDouble:
        """Return ``other * self``."""
        return self.__mul__(other)

    def __truediv__(self, other: Any) -> DoubleDouble:
        """Return the quotient by long division: three quotient digits of 53 bits; a zero divisor gives an infinity or NaN."""
        b = _lift(other)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            first = _array(self.hi / b.hi)
            rest = self - b * first
            second = _array(rest.hi / b.hi)
            rest = rest - b * second
            digits = _normal(first, _finite(first, second))
            return digits + _finite(first, rest.hi / b.hi)

    def __rtruediv__(self, other: Any) -> DoubleDouble:
        """Return ``other / self``."""
        return _lift(other) / self

    def __pow__(self, exponent: int) -> DoubleDouble:
        """Return an integer power by repeated squaring; a negative one is a reciprocal."""
        if exponent < 0:
            return DoubleDouble.from_float(1.0) / self**-exponent
        result, square = DoubleDouble.from_float(np.ones_like(self.hi)), self
        while exponent:
            if exponent & 1:
                result = result * square
            exponent >>= 1
            if exponent:
                square = square * square
        return result


def _lift(value: Any) -> DoubleDouble:
    if isinstance(value, DoubleDouble):
        return value
    if isinstance(value, int | Fraction):
        return DoubleDouble.from_exact(value)
    array = np.asarray(value)
    if array.dtype == object or (array.dtype.kind in "iu" and array.size and np.max(np.abs(array)) > _EXACT_INTEGERS):
        return DoubleDouble.from_exact(array.astype(object))
    return DoubleDouble.from_float(array)


def _finite(head: Any, tail: Any) -> Floats:
    """Drop a tail whose head overflowed or is not a number: the head alone says what happened."""
    return np.where(np.isfinite(head), tail, 0.0)


def _normal(head: Floats, tail: Floats) -> DoubleDouble:
    """Return ``head + tail`` as a pair whose first entry is the rounded sum; needs ``|head| >= |tail|`` (fast two-sum)."""
    head, tail = _array(head), _finite(head, tail)
    s = _array(head + tail)
    return DoubleDouble(s, _finite(s, tail - (s - head)))
