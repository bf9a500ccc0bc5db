"""Double-double arithmetic against exact fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.double_double import DoubleDouble, two_prod, two_sum

BOUND = Fraction(1, 2**100)
signed = st.tuples(st.sampled_from([-1.0, 1.0]), st.floats(1.0, 2.0), st.integers(-450, 450)).map(
    lambda t: t[0] * math.ldexp(t[1], t[2])
)
moderate = st.floats(-1e3, 1e3).filter(lambda v: v == 0 or abs(v) > 1e-3)


def pair(hi, share):
    """A number with a tail: hi (1 + share 2^-54)."""
    return DoubleDouble.from_float(hi) + DoubleDouble.from_float(hi * share * 2.0**-54)


def relative_error(value, exact):
    return abs(value.to_fraction() - exact) / abs(exact) if exact else abs(value.to_fraction())


@given(signed, signed)
def test_two_sum_loses_nothing(a, b):
    s, e = two_sum(np.float64(a), np.float64(b))
    assert Fraction(float(s)) + Fraction(float(e)) == Fraction(a) + Fraction(b)


@given(signed, signed)
def test_two_prod_loses_nothing_where_the_error_term_does_not_underflow(a, b):
    p, e = two_prod(np.asarray(a), np.asarray(b))
    if abs(p) > 2.0**-916:
        assert Fraction(float(p)) + Fraction(float(e)) == Fraction(a) * Fraction(b)


@given(signed, st.floats(-1, 1), signed, st.floats(-1, 1))
def test_sum_product_and_quotient_have_relative_error_below_2_to_the_minus_100(a, r, b, s):
    x, y = pair(a, r), pair(b, s)
    exact_x, exact_y = x.to_fraction(), y.to_fraction()
    assert relative_error(x + y, exact_x + exact_y) <= BOUND
    assert relative_error(x - y, exact_x - exact_y) <= BOUND
    if abs(exact_x * exact_y) > Fraction(1, 2**900):
        assert relative_error(x * y, exact_x * exact_y) <= BOUND
    if abs(exact_x / exact_y) > Fraction(1, 2**900):
        assert relative_error(x / y, exact_x / exact_y) <= BOUND


@given(moderate, st.floats(-1, 1), st.integers(0, 100))
def test_a_sum_that_cancels_keeps_its_relative_accuracy(a, r, bits):
    x = pair(a, r)
    y = -DoubleDouble.from_float(a * (1 - 2.0**-bits))
    assert relative_error(x + y, x.to_fraction() + y.to_fraction()) <= BOUND


@given(moderate, moderate, moderate, st.floats(1e-6, 1.0), st.floats(0.01, 1.0))
def test_gaussian_exponents_are_exact_to_90_bits_although_their_terms_cancel(a, b, y, sigma, mu):
    x, z = DoubleDouble.from_float(a), DoubleDouble.from_float(b)
    obtained = -mu * (x - z) * (mu * (x + z) - 2 * DoubleDouble.from_float(y)) / 2 / sigma / sigma
    m, a, b, y, s = map(Fraction, (mu, a, b, y, sigma))
    exact = -m * (a - b) * (m * (a + b) - 2 * y) / (2 * s * s)
    # The bracket may cancel: its error is relative to its terms.
    terms = m * abs(a - b) * (m * (abs(a) + abs(b)) + 2 * abs(y)) / (2 * s * s)
    assert abs(obtained.to_fraction() - exact) <= terms / 2**98


def test_floats_lose_the_exponent_that_double_double_keeps():
    mu, a, b, sigma = 0.1, 1.0, 0.3, 1e-8
    y = mu * (a + b) / 2
    exact = -Fraction(mu) * (Fraction(a) - Fraction(b)) * (Fraction(mu) * (Fraction(a) + Fraction(b)) - 2 * Fraction(y))
    exact /= 2 * Fraction(sigma) ** 2
    naive = -mu * (a - b) * (mu * (a + b) - 2 * y) / (2 * sigma**2)
    x, z = DoubleDouble.from_float(a), DoubleDouble.from_float(b)
    right = (-mu * (x - z) * (mu * (x + z) - 2 * DoubleDouble.from_float(y)) / sigma / sigma / 2).to_float()
    assert abs(naive - float(exact)) > 0.9 * abs(float(exact))
    assert float(right) == pytest.approx(float(exact), rel=1e-12)


@pytest.mark.parametrize("value", [1e-150, 3.7e-150, 1e-100, 1e100, 3.7e149, 1e150])
def test_squares_of_the_ends_of_the_range_are_as_accurate_as_documented(value):
    x = pair(value, 0.7)
    square = x * x
    bound = BOUND if value > 1e-130 else Fraction(1, 2**70)
    assert relative_error(square, x.to_fraction() ** 2) <= bound
    assert relative_error(square / x.hi / x.hi, x.to_fraction() ** 2 / Fraction(value) ** 2) <= bound * 3


def test_dividing_twice_by_a_tiny_number_keeps_full_precision_where_its_square_does_not():
    sigma = 1.1e-150
    one = DoubleDouble.from_float(3.0)
    exact = 3 / Fraction(sigma) ** 2
    assert relative_error(one / sigma / sigma, exact) <= 2 * BOUND
    assert relative_error(one / (DoubleDouble.from_float(sigma) * sigma), exact) > BOUND


@pytest.mark.parametrize("a", [2.0**997, 2.0**1000 * 1.37, 1.5e308])
def test_splitting_does_not_overflow_above_2_to_the_996(a):
    p, e = two_prod(np.asarray(a), np.asarray(0.7))
    assert Fraction(float(p)) + Fraction(float(e)) == Fraction(a) * Fraction(0.7)


def test_overflow_is_infinite_and_never_a_nan_made_by_the_error_term():
    for value in (
        DoubleDouble.from_float(1e200) * 1e200,
        DoubleDouble.from_float(1.7e308) + 1.7e308,
        1 / DoubleDouble.from_float(0.0),
    ):
        assert float(value.to_float()) == math.inf
        assert float(value.lo) == 0.0


def test_operators_broadcast_and_take_floats_integers_fractions_and_arrays_on_both_sides():
    x = np.linspace(-1, 1, 5)
    d = DoubleDouble.from_float(x)
    assert (x[:, None] - d[None, :]).shape == (5, 5)
    np.testing.assert_array_equal((x[:, None] - d[None, :]).to_float(), x[:, None] - x[None, :])
    for other in (2, 2.5, np.float64(3.0), np.arange(1, 6), np.linspace(1, 2, 5)):
        np.testing.assert_array_equal((other + d).to_float(), other + x)
        np.testing.assert_array_equal((other - d).to_float(), other - x)
        np.testing.assert_array_equal((d * other).to_float(), x * other)
        np.testing.assert_array_equal((other * d).to_float(), x * other)
        np.testing.assert_array_equal((d / other).to_float(), x / other)
    third = DoubleDouble.from_float(1.0) * Fraction(1, 3)
    assert abs(third.to_fraction() - Fraction(1, 3)) < BOUND
    assert (d[1:3] + 1).shape == (2,)


def test_integers_beyond_2_to_the_53_enter_exactly():
    n = 2**80 + 12345
    assert (DoubleDouble.from_float(0.0) + n).to_fraction() == n
    assert (DoubleDouble.from_float(0.0) + np.array([2**60 + 1])).to_fraction()[0] == 2**60 + 1


@given(st.floats(0.5, 2.0), st.integers(-9, 9))
def test_integer_powers_agree_with_fractions(a, k):
    x = pair(a, 0.3)
    assert relative_error(x**k, x.to_fraction() ** k) <= 16 * BOUND
