"""Orders of decay with their intervals, Richardson levels and the bootstrap of a mean."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.extrapolation import bootstrap_mean, order_of_decay, richardson_levels
from numerics.statistics import clopper_pearson, log_log_slope

SCALES = 8.0 * 2 ** np.arange(7)


def with_local_orders(local: list[float]) -> np.ndarray:
    """Return sizes at the scales that have these local orders."""
    return np.exp(-np.log(2) * np.concatenate([[0], np.cumsum(local)]))


@given(st.floats(0.25, 4), st.floats(-6, 3), st.integers(4, 9), st.sampled_from([2, 3, 4]))
def test_an_exact_power_law_has_its_order_in_a_tiny_interval(order, level, count, ratio) -> None:
    s = 8.0 * ratio ** np.arange(count)
    found = order_of_decay(s, np.exp(level) * s**-order)
    assert found.agrees(order)
    assert found.high - found.low < 1e-11
    assert not found.wanders


@given(st.floats(-0.5, 0.5), st.sampled_from([0.75, 1, 1.5, 2]), st.integers(5, 9), st.sampled_from([2, 4]))
def test_the_interval_holds_the_order_whatever_the_next_term(size, gap, count, ratio) -> None:
    s = 8.0 * ratio ** np.arange(count)
    found = order_of_decay(s, 3 / s * (1 + size * (s / 8) ** -gap))
    assert found.holds(1.0)


def test_a_next_term_leaves_the_interval_of_a_straight_line_and_not_that_of_the_drift() -> None:
    e = 1 / SCALES + 3 / SCALES**2
    line = log_log_slope(SCALES, e)
    assert not line.low <= -1 <= line.high
    found = order_of_decay(SCALES, e)
    assert found.agrees(1.0)
    # The local orders in closed form.
    assert found.local[-1] == pytest.approx(1 + np.log2((1 + 3 / 256) / (1 + 3 / 512)), rel=1e-12)


def test_the_drift_allowed_is_what_a_term_half_a_power_smaller_leaves() -> None:
    e = SCALES**-1.0 * np.exp(SCALES**-0.5)
    found = order_of_decay(SCALES, e)
    # log e is a line and exp(-t/2), so that the local orders are 1 + c/sqrt(s) with no higher terms.
    left = SCALES[-2] ** -0.5 * (1 - 2**-0.5) / np.log(2)
    assert found.order - 1 == pytest.approx(left, rel=1e-9)
    change = left * (2**0.5 - 1)
    assert found.order - found.low == pytest.approx(change * 2**0.5 / (2**0.5 - 1), rel=1e-9)


def test_a_last_difference_that_vanishes_by_chance_is_not_believed() -> None:
    found = order_of_decay(SCALES, with_local_orders([1.05, 1.04, 1.03, 1.02, 1.010001, 1.01]))
    assert found.order == pytest.approx(1.01)
    assert found.holds(1.0)


def test_a_transient_at_the_first_scales_is_no_wandering() -> None:
    found = order_of_decay(SCALES, with_local_orders([2.5, 1.1, 1.02, 1.004, 1.001, 1.0002]))
    assert not found.wanders
    assert found.agrees(1.0)


@pytest.mark.parametrize(("ratio", "count"), [(2, 5), (2, 7), (4, 6), (4, 8)])
def test_independent_scatter_is_covered_about_as_often_as_student_says(ratio, count) -> None:
    rng = np.random.default_rng(11)
    s = 8.0 * ratio ** np.arange(count)
    found = [order_of_decay(s, s**-1.5 * np.exp(0.1 * rng.standard_normal(count))) for _ in range(400)]
    low, high = clopper_pearson(sum(order.holds(1.5) for order in found), 400, 0.999)
    assert high >= 0.95
    assert low >= 0.85


def test_two_next_terms_are_a_drift_and_an_alternation_is_scatter() -> None:
    two = order_of_decay(SCALES, 1 / SCALES + 6 / SCALES**2 - 40 / SCALES**3)
    assert np.count_nonzero(np.diff(np.sign(np.diff(two.local)))) == 1
    assert not two.scattered
    assert two.agrees(1.0)
    shaken = order_of_decay(SCALES, (1 + 0.2 * (-1.0) ** np.arange(7)) / SCALES)
    line = log_log_slope(SCALES, (1 + 0.2 * (-1.0) ** np.arange(7)) / SCALES)
    assert shaken.scattered
    assert (shaken.low, shaken.high) == (-line.high, -line.low)


def test_rounding_near_the_floor_widens_the_interval_and_does_not_move_the_order() -> None:
    rng = np.random.default_rng(3)
    e = 1e-3 * (8 / SCALES) ** 2 + 1e-7 * rng.uniform(-1, 1, 7)
    assert order_of_decay(SCALES, e, 1e-7).agrees(2.0)
    assert not order_of_decay(SCALES, e).agrees(2.0)


def test_what_follows_the_floor_is_not_used_and_too_little_before_it_is_no_order() -> None:
    e = np.array([1e-2, 1e-3, 1e-4, 1e-5, 1e-12, 1e-3, 1.0])
    assert len(order_of_decay(SCALES, e, 1e-11).local) == 3
    assert order_of_decay(SCALES, e, 1e-5) is None
    assert order_of_decay(SCALES, [1, 0.5, 0.25, np.nan, 0.1, 0.1, 0.1]) is None


def test_an_exponential_decay_is_no_power_and_no_interval_that_wide_agrees() -> None:
    found = order_of_decay(SCALES, np.exp(-SCALES / 16))
    assert found.wanders
    assert found.holds(16.0)
    assert not any(found.agrees(order) for order in np.arange(0.5, 64, 0.5))


def test_an_interval_that_reaches_a_neighbour_half_a_power_away_or_0_tells_nothing() -> None:
    found = order_of_decay([8, 16, 32, 64], np.array([8, 16, 32, 64]) ** -1.0 * np.array([1, 1.05, 1.05, 1.15]))
    assert found.holds(0.75)
    assert found.low < 0.5
    assert not found.agrees(0.75)
    assert not order_of_decay(SCALES, 1 + 0 * SCALES).agrees(0.0)


def test_each_level_gains_a_power_and_is_the_exact_tableau() -> None:
    values = [Fraction(1, s) + Fraction(5, s**2) - Fraction(7, s**3) + Fraction(11, s**4) for s in map(int, SCALES)]
    levels = richardson_levels(SCALES, [float(value) for value in values], [1, 2, 3], 1e-15)
    for order, (s, sizes, floor) in enumerate(levels, 2):
        values = [(2 ** (order - 1) * b - a) / (2 ** (order - 1) - 1) for a, b in itertools.pairwise(values)]
        np.testing.assert_allclose(sizes, np.abs(np.array(values, dtype=float)), atol=floor)
        assert order_of_decay(s, sizes, floor).agrees(order)
        assert list(s) == list(SCALES[: len(sizes)])
    assert levels[1][2] == pytest.approx(1e-15 * 3 * 5 / 3)


def test_a_half_power_between_shows_at_the_level_that_assumes_it_away() -> None:
    e = 1 / SCALES + 2 / SCALES**1.5
    assert order_of_decay(SCALES, e).holds(1.0)
    ((s, sizes, floor),) = richardson_levels(SCALES, e, [1], 0.0)
    assert order_of_decay(s, sizes, floor).order == pytest.approx(1.5, abs=1e-9)
    assert not order_of_decay(s, sizes, floor).agrees(2.0)


def test_scales_that_are_not_geometric_are_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"their ratio is 2 at first and 1\.5 from 4 to 6") as caught:
        richardson_levels([2, 4, 6, 8], [1, 2, 3, 4], [1], 0.0)
    assert "\n" not in str(caught.value)
    assert len(richardson_levels(0.1 * 3.0 ** np.arange(6), np.ones(6), [1], 0.0)) == 1


def test_the_bootstrap_is_that_of_resampled_means_and_the_same_for_the_same_stream() -> None:
    values = np.random.default_rng(0).normal(1, 0.1, 12)
    found = bootstrap_mean(values, np.random.default_rng(5))
    assert found == bootstrap_mean(list(values), np.random.default_rng(5))
    assert found != bootstrap_mean(values, np.random.default_rng(6))
    means = np.random.default_rng(1).choice(values, (20_000, 12)).mean(axis=1)
    np.testing.assert_allclose(found, np.quantile(means, [0.025, 0.975]), atol=0.01)
    assert bootstrap_mean([1.5, 1.5, 1.5], np.random.default_rng(0)) == (1.5, 1.5)
    with pytest.raises(ValueError, match="two finite values"):
        bootstrap_mean([1.0], np.random.default_rng(0))
    with pytest.raises(ValueError, match="two finite values"):
        bootstrap_mean([1.0, np.nan], np.random.default_rng(0))
