"""Laws on finitely many points against exact fractions, and the derivatives of an exponential family."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.arithmetic import balls
from numerics.double_double import DoubleDouble
from numerics.finite_law import FiniteLaw, window_blocks

EPS = Fraction(1, 2**52)
eighths = st.integers(-80, 80).map(lambda k: Fraction(k, 8))
samples = st.lists(st.tuples(eighths, st.integers(0, 30)), min_size=2, max_size=7)


def exact_moments(points, weights):
    total = sum(weights)
    mean = sum(w * d for w, d in zip(weights, points, strict=True)) / total
    variance = sum(w * (d - mean) ** 2 for w, d in zip(weights, points, strict=True)) / total
    third = sum(w * (d - mean) ** 3 for w, d in zip(weights, points, strict=True)) / total
    return mean, variance, third


@given(samples)
def test_mean_variance_and_third_central_moment_agree_with_fractions_to_rounding(sample):
    points, powers = zip(*sample, strict=True)
    # Weights 2^-k have irrational logarithms, but those in floats are within rounding of them.
    weights = [Fraction(1, 2**k) for k in powers]
    law = FiniteLaw(np.array(points, dtype=float), np.array([-k for k in powers]) * np.log(2.0))
    mean, variance, third = exact_moments(points, weights)
    # A weight carries a few ulp of its exponent, at most 21.
    factor = 8 + 4 * 21
    shift = factor * EPS * Fraction(float(law.absolute_mean))
    assert abs(Fraction(float(law.mean)) - mean) <= shift
    # The sum is centred at the computed mean, which moves the variance by the square of its error.
    assert abs(Fraction(float(law.variance)) - variance) <= 3 * factor * EPS * variance + shift**2
    tolerance = Fraction(float(law.third_moment_rounding)) + 3 * factor * EPS * Fraction(float(law.absolute_third_moment))
    assert abs(Fraction(float(law.third_central_moment)) - third) <= tolerance


@given(samples)
def test_the_stated_rounding_bound_of_the_third_moment_holds_for_the_exact_float_log_weights(sample):
    points, powers = zip(*sample, strict=True)
    log_weights = [-20.0 * k for k in powers]
    law = FiniteLaw(np.array(points, dtype=float), np.array(log_weights))
    with balls(400) as arithmetic:
        exact = FiniteLaw(arithmetic.array(points), arithmetic.array(log_weights))
        error = abs(exact.third_central_moment - arithmetic.number(float(law.third_central_moment)))
        assert error <= arithmetic.number(float(law.third_moment_rounding)) + arithmetic.number(Fraction(1, 10**280))


@given(st.integers(1, 700), st.integers(1, 52))
def test_a_double_double_log_weight_keeps_the_relative_accuracy_of_a_small_weight(exponent, bits):
    """Rounding the exponent 700 alone would cost 400 ulp of the weight."""
    log_weight = DoubleDouble.from_float([0.0, -float(exponent)]) + DoubleDouble.from_float([0.0, -(2.0**-bits) * 1e-4])
    law = FiniteLaw(np.array([0.0, 1.0]), log_weight)
    with balls(300) as arithmetic:
        odds = arithmetic.number(log_weight.to_fraction()[1]).exp()
        assert abs(arithmetic.number(float(law.mean)) / (odds / (1 + odds)) - 1) <= 3 * 2.0**-52


def test_the_same_law_from_another_constant_of_log_weights():
    deviations, log_weights = np.array([0.0, 1.0, 3.0]), np.array([-3.0, 0.5, 1.0])
    here, there = FiniteLaw(deviations, log_weights), FiniteLaw(deviations, log_weights + 1024)
    assert np.allclose(here.probabilities, there.probabilities, rtol=1e-12, atol=0)


def test_naive_exponentials_are_not_numbers_where_the_law_is_one():
    log_weights = np.array([-2000.0, -2001.0])
    with np.errstate(invalid="ignore"):
        assert np.isnan(np.exp(log_weights) / np.exp(log_weights).sum()).all()
    odds = np.exp(-1.0)
    assert np.allclose(FiniteLaw(np.array([0.0, 1.0]), log_weights).mean, odds / (1 + odds), rtol=1e-15)


def test_a_log_weight_that_overflows_to_minus_infinity_is_a_weight_of_zero():
    law = FiniteLaw(np.array([0.0, 1.0, 2.0]), DoubleDouble.from_float([0.0, -np.inf, -1.0]))
    assert law.probabilities[1] == 0
    assert np.isclose(law.probabilities.sum(), 1, rtol=1e-15)


@pytest.mark.parametrize("tau", ["-1/2", "0", "3/7", "5"])
def test_tilting_an_exponential_family_differentiates_each_cumulant_into_the_next(tau):
    """d mean/d tau = variance and d variance/d tau = third cumulant, by central differences in balls."""
    with balls(600) as arithmetic:
        points, base = arithmetic.array(["0", "1", "5/2", "3"]), arithmetic.array(["0", "-1", "1/3", "-2"])
        at, step = arithmetic.number(tau), arithmetic.number(Fraction(1, 2**100))

        def law(t):
            return FiniteLaw(points, base + t * points)

        here, right, left = law(at), law(at + step), law(at - step)
        for moment, derivative in (("mean", here.variance), ("variance", here.third_central_moment)):
            difference = (getattr(right, moment) - getattr(left, moment)) / (2 * step)
            # The remainder is step^2/6 times a third derivative, itself at most a few powers of the range.
            assert abs(difference - derivative) <= step**2 * 3**5
            assert abs(derivative) > 2.0**-60


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 40)), min_size=1, max_size=30), st.integers(1, 200))
def test_window_blocks_visit_every_row_once_with_all_its_members(windows, entries):
    first = np.array([low for low, _ in windows])
    last = first + np.array([width for _, width in windows])
    seen = []
    for rows, members in window_blocks(first, last, entries):
        assert members.size <= max(entries, members.shape[1])
        seen += list(rows)
        for row, line in zip(rows, members, strict=True):
            assert set(range(first[row], last[row])) <= set(line)
    assert sorted(seen) == list(range(len(first)))
