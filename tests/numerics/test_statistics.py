"""Confidence intervals, exponents and extrapolation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from numerics.statistics import clopper_pearson, local_slopes, log_log_slope, richardson


def test_a_hundred_successes_of_a_hundred_support_0_964_and_not_always():
    naive = 100 / 100
    low, high = clopper_pearson(100, 100, 0.95)
    assert naive == 1.0
    assert low == pytest.approx(0.025 ** (1 / 100), rel=1e-12)
    assert round(low, 3) == 0.964
    assert high == 1.0


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_at_the_ends_of_the_interval_the_outcome_has_exactly_the_tail_probability(outcome, confidence):
    k, n = outcome
    low, high = clopper_pearson(k, n, confidence)
    assert low <= k / n <= high
    if k > 0:
        assert 1 - special.bdtr(k - 1, n, low) == pytest.approx((1 - confidence) / 2, rel=1e-6)
    if k < n:
        assert special.bdtr(k, n, high) == pytest.approx((1 - confidence) / 2, rel=1e-6)


def test_impossible_outcomes_are_refused():
    for k, n in ((1, 0), (0, 0), (3, 2), (-1, 2)):
        with pytest.raises(ValueError, match="not an outcome"):
            clopper_pearson(k, n, 0.95)
    with pytest.raises(ValueError, match="confidence"):
        clopper_pearson(1, 2, 1.0)


@given(st.floats(-5, 5), st.floats(-3, 3))
def test_an_exact_power_law_has_its_exponent_in_a_tiny_interval(exponent, level):
    x = 2.0 ** np.arange(8)
    fit = log_log_slope(x, math.exp(level) * x**exponent)
    assert fit.low <= exponent <= fit.high
    assert fit.high - fit.low < 1e-12
    np.testing.assert_allclose(local_slopes(x, math.exp(level) * x**exponent), exponent, atol=1e-12)


def test_the_interval_covers_the_exponent_about_as_often_as_it_says():
    rng = np.random.default_rng(7)
    x = np.geomspace(1, 100, 12)
    fits = [log_log_slope(x, x**-1.5 * np.exp(0.1 * rng.standard_normal(12)), 0.9) for _ in range(400)]
    covered = sum(fit.low <= -1.5 <= fit.high for fit in fits)
    low, high = clopper_pearson(covered, 400, 0.999)
    assert low <= 0.9 <= high


def test_a_drift_of_the_exponent_shows_in_the_local_slopes_and_not_in_the_fit():
    x = 2.0 ** np.arange(1, 9)
    slopes = local_slopes(x, 1 / x + 10 / x**2)
    assert np.all(np.diff(slopes) > 0)
    assert slopes[0] < -1.6
    assert slopes[-1] > -1.1


def test_data_without_logarithms_are_refused_by_name():
    with pytest.raises(ValueError, match=r"y\[1\] = nan"):
        log_log_slope([1, 2, 3], [1, math.nan, 3])
    with pytest.raises(ValueError, match=r"x\[0\] = 0"):
        local_slopes([0, 2], [1, 2])
    with pytest.raises(ValueError, match="at least 3"):
        log_log_slope([1, 2], [1, 2])
    with pytest.raises(ValueError, match="equal"):
        log_log_slope([2, 2, 2], [1, 2, 3])


def test_richardson_removes_the_named_orders_exactly():
    h = 0.5 ** np.arange(4)
    estimate, error = richardson(3 + 2 * h - 5 * h**2, 2, [1, 2])
    assert abs(estimate - 3) <= max(error, 1e-14)
    assert estimate == pytest.approx(3, abs=1e-13)


def test_the_error_of_richardson_covers_the_truth_for_a_smooth_function():
    h = 0.25 * 0.5 ** np.arange(5)
    estimate, error = richardson(np.sin(h) / h, 2, [2, 4, 6])
    assert abs(estimate - 1) <= error
    with pytest.raises(ValueError, match="orders need"):
        richardson([1.0, 2.0], 2, [1, 2])
    with pytest.raises(ValueError, match="ratio"):
        richardson([1.0, 2.0], 1, [1])
    with pytest.raises(ValueError, match="not finite"):
        richardson([1.0, math.nan], 2, [1])
