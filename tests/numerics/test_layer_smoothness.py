"""Von Neumann's ratio, its law in random order, and the exponent of gaps, against closed forms."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from numerics.layer_smoothness import (
    distances,
    half_waves,
    null_deviation,
    permutation_test,
    stride_exponent,
)


def rows(values):
    return distances([np.atleast_1d(np.asarray(value, dtype=float)) for value in values])


def layers(depth, width, seed=0):
    return np.random.default_rng(seed).standard_normal((depth, width))


def midpoints(depth):
    return (np.arange(depth) + 0.5) / depth


@pytest.mark.parametrize("depth", [2, 3, 4, 5, 6])
def test_over_all_orders_the_ratio_has_mean_exactly_1_and_the_stated_deviation(depth):
    z = layers(depth, 2, seed=depth)
    ratios = [rows(z[list(order)]).ratio for order in permutations(range(depth))]
    assert np.mean(ratios) == pytest.approx(1, rel=1e-13)
    assert np.std(ratios) == pytest.approx(null_deviation(rows(z).squared), rel=1e-6, abs=1e-7)


def test_for_iid_layers_of_any_law_the_mean_ratio_is_1():
    rng = np.random.default_rng(3)
    for draw in (rng.standard_normal, rng.standard_exponential):
        ratios = [rows(draw((9, 2))).ratio for _ in range(1500)]
        assert abs(np.mean(ratios) - 1) < 4 * np.std(ratios) / np.sqrt(len(ratios))


@pytest.mark.parametrize("depth", [2, 3, 10, 57])
def test_a_ramp_has_the_ratio_six_over_L_times_L_plus_1(depth):
    assert rows(np.arange(depth)).ratio == pytest.approx(6 / (depth * (depth + 1)), rel=1e-13)


@pytest.mark.parametrize(
    ("function", "constant"),
    [
        (lambda s: s, 1 / (2 / 12)),
        (np.exp, ((np.e**2 - 1) / 2) / (2 * ((np.e**2 - 1) / 2 - (np.e - 1) ** 2))),
        (lambda s: np.sin(2 * np.pi * s), (2 * np.pi) ** 2 / 2),
        (lambda s: np.stack([s, s * s], axis=-1), (1 + 4 / 3) / (2 * (1 / 12 + 4 / 45))),
    ],
)
def test_of_a_smooth_function_L_squared_times_the_ratio_tends_to_the_integral_formula(function, constant):
    found = [depth**2 * rows(function(midpoints(depth))).ratio for depth in (200, 400, 800)]
    errors = [abs(value / constant - 1) for value in found]
    assert errors[2] < 3e-3
    # First order in 1/L: a gap is missing at the end.
    assert errors[2] < 0.6 * errors[1] < 0.36 * errors[0] + 1e-4


@given(st.integers(2, 60), st.integers(1, 60))
def test_a_wave_has_the_ratio_of_its_half_periods_and_nothing_is_smoother_than_half_a_wave(depth, waves):
    waves = min(waves, depth - 1)
    ratio = rows(np.cos(np.pi * waves * midpoints(depth))).ratio
    assert ratio == pytest.approx(1 - np.cos(np.pi * waves / depth), rel=1e-10)
    assert half_waves(ratio, depth) == pytest.approx(waves, rel=1e-8)
    other = rows(layers(depth, 2, seed=waves)).ratio
    assert 1 - np.cos(np.pi / depth) <= other * (1 + 1e-12) <= (1 + np.cos(np.pi / depth)) * (1 + 1e-12)


def test_the_ratio_the_deviation_and_the_exponent_see_neither_units_nor_origin_nor_axes_nor_direction():
    z = layers(20, 5).cumsum(axis=0)
    orthogonal = np.linalg.qr(layers(5, 5, seed=1))[0]
    base = rows(z)
    for other in (z * 1e-170, z * 3e170, z + 1e3, z @ orthogonal, z[::-1]):
        found = rows(other)
        assert found.ratio == pytest.approx(base.ratio, rel=1e-10)
        assert null_deviation(found.squared) == pytest.approx(null_deviation(base.squared), rel=1e-9)
        assert stride_exponent(found.lagged).slope == pytest.approx(stride_exponent(base.lagged).slope, abs=1e-10)
        assert permutation_test(found.squared, orders=200).p_value == permutation_test(base.squared, orders=200).p_value


def test_distances_a_block_at_a_time_are_the_distances_at_once(monkeypatch):
    z = layers(7, 30)
    once = rows(z)
    monkeypatch.setattr("numerics.layer_smoothness.ENTRIES", 28)
    parts = rows(z)
    np.testing.assert_allclose(parts.squared, once.squared, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(parts.squared, np.sum((z[:, None] - z[None]) ** 2, axis=-1) / 4.0**once.exponent, atol=1e-12)
    for h in (1, 2, 4):
        np.testing.assert_allclose(parts.lagged[h] * 4.0**once.exponent, np.sum((z[h:] - z[:-h]) ** 2, axis=-1), rtol=1e-12)


def test_a_smooth_change_far_below_the_weights_is_still_resolved():
    z = 1e6 + np.arange(16.0)[:, None] * np.array([1e-7, 2e-7])
    assert rows(z).ratio == pytest.approx(6 / (16 * 17), rel=1e-2)


def test_numbers_at_both_ends_of_the_range_neither_overflow_nor_vanish():
    for size in (1e308, 1e-308):
        assert rows(size * np.linspace(0.1, 1, 10)).ratio == pytest.approx(6 / 110, rel=1e-12)


def test_without_an_order_p_values_are_uniform():
    rng = np.random.default_rng(11)
    p = [permutation_test(rows(rng.standard_normal((12, 2))).squared, orders=199, seed=k).p_value for k in range(600)]
    assert stats.kstest(p, "uniform").pvalue > 0.01
    assert min(p) >= 1 / 200


def test_for_few_layers_all_orders_are_tried_and_a_ramp_has_two_in_its_favour():
    found = permutation_test(rows(np.arange(6)).squared)
    assert found.exhaustive
    assert found.orders == 720
    assert found.p_value == found.low == found.high == pytest.approx(2 / 720)
    assert permutation_test(rows(np.arange(4)).squared).critical == 0
    assert permutation_test(rows(layers(4, 3)).squared).critical == 0


def test_the_interval_of_random_orders_covers_the_exact_p_value(monkeypatch):
    squared = rows(layers(8, 2, seed=5)).squared
    exact = permutation_test(squared)
    monkeypatch.setattr("numerics.layer_smoothness.ENUMERATED", 2)
    drawn = permutation_test(squared, orders=4000)
    assert not drawn.exhaustive
    assert drawn.low <= exact.p_value <= drawn.high
    assert drawn.critical == pytest.approx(exact.critical, rel=0.05)


def test_at_most_the_level_is_rejected_by_the_critical_ratio():
    squared = rows(layers(7, 1)).squared
    mean = squared.sum() / 7
    ratios = [squared[list(order[:-1]), list(order[1:])].sum() / mean for order in permutations(range(7))]
    critical = permutation_test(squared, level=0.05).critical
    assert 0.03 < np.mean(np.array(ratios) <= critical * (1 + 1e-9)) <= 0.05


@pytest.mark.parametrize(
    ("make", "exponent"),
    [(lambda z: z, 0), (lambda z: z.cumsum(axis=0), 0.5), (lambda z: midpoints(len(z))[:, None] * z[:1], 1)],
)
def test_gaps_grow_with_the_stride_like_the_power_that_the_layers_have(make, exponent):
    found = stride_exponent(rows(make(layers(64, 200))).lagged)
    assert found.slope == pytest.approx(exponent, abs=0.03)
    assert found.low - 0.01 <= exponent <= found.high + 0.01


@pytest.mark.parametrize(("walk", "exponent"), [(False, 0.0), (True, 0.5)])
@pytest.mark.parametrize("depth", [8, 32])
def test_the_interval_of_the_exponent_covers_it_about_as_often_as_it_says(walk, exponent, depth):
    rng = np.random.default_rng(depth)
    covered = 0
    for _ in range(200):
        z = rng.standard_normal((depth, 5))
        fit = stride_exponent(rows(z.cumsum(axis=0) if walk else z).lagged)
        covered += fit.low <= exponent <= fit.high
    assert covered >= 176  # 0.88


def test_layers_that_alternate_have_gaps_of_zero_at_stride_2_and_an_exponent_below_all():
    found = stride_exponent(rows(np.arange(16) % 2).lagged)
    assert found.high < -1


def test_what_has_no_distances_or_no_exponent_is_refused():
    for bad in ([np.ones(2)], [np.ones(2), np.ones(3)]):
        with pytest.raises(ValueError, match="two layers at least, all of one shape"):
            distances(bad)
    with pytest.raises(ValueError, match="not finite"):
        distances([np.ones(2), np.array([1.0, np.nan])])
    with pytest.raises(ValueError, match="eight layers"):
        stride_exponent(rows(np.arange(7)).lagged)
