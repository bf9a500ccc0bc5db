"""Smoothness of layers in depth: known sequences, the size of the null, and power against noise."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from numerics.smoothness import entry_ratios, smoothness


def plain_ratio(layers):
    flat = [layer.ravel().tolist() for layer in layers]
    mean = [sum(column) / len(flat) for column in zip(*flat, strict=True)]
    gaps = sum((b - a) ** 2 for one, two in pairwise(flat) for a, b in zip(one, two, strict=True))
    return gaps / (2 * sum((value - m) ** 2 for layer in flat for value, m in zip(layer, mean, strict=True)))


def test_the_ratio_pools_the_entries_as_plain_loops_do():
    layers = np.random.default_rng(0).standard_normal((9, 3, 2))
    assert smoothness(layers).ratio == pytest.approx(plain_ratio(layers), rel=1e-12)


def test_a_straight_line_has_the_closed_form_of_its_ratio():
    # sum of gaps L - 1; twice the sum of squares about the mean (L^3 - L)/6.
    for depth in (8, 64):
        found = smoothness(np.arange(depth)[:, None] * np.array([1.0, -3.0]))
        assert found.ratio == pytest.approx(6 / (depth * (depth + 1)), rel=1e-12)
        assert found.exponent == pytest.approx(1.0, abs=1e-9)
        assert found.mean_gap == pytest.approx(np.sqrt(10.0), rel=1e-12)


def test_a_smooth_function_has_a_ratio_of_order_depth_to_the_minus_two():
    for depth in (32, 64, 128):
        s = (np.arange(depth) + 0.5) / depth
        found = smoothness(np.stack([np.sin(5 * s), np.exp(s)], axis=1))
        rate = (25 * (0.5 + np.sin(10) / 20) + (np.e**2 - 1) / 2) / 2
        variance = 0.5 - np.sin(10) / 20 - ((1 - np.cos(5)) / 5) ** 2 + (np.e**2 - 1) / 2 - (np.e - 1) ** 2
        assert found.ratio * depth**2 == pytest.approx(rate / variance, rel=2 / depth)


def test_a_constant_added_to_all_layers_and_a_factor_change_no_ratio():
    layers = np.random.default_rng(1).standard_normal((12, 5))
    base, other = smoothness(layers), smoothness(2.0**40 * layers + 2.0**40)
    assert other.ratio == pytest.approx(base.ratio, rel=1e-3)
    assert other.p_value == base.p_value


@pytest.mark.parametrize("value", [0.0, 0.1])
def test_equal_layers_have_no_ratio_up_to_the_rounding_of_their_type(value):
    layers = np.full((16, 7), value, np.float32)
    assert smoothness(layers).ratio is None
    assert entry_ratios(layers).size == 0
    # One spacing of single precision is rounding, a thousand are not.
    for spacings, equal in ((1, True), (1000, False)):
        moved = layers.copy()
        moved[5:] = np.float32(value) * np.float32(1 + spacings * 2.0**-23)
        assert (smoothness(moved).ratio is None) == (equal or not value)


def test_fewer_than_eight_layers_are_refused():
    with pytest.raises(ValueError, match="7 layers: smoothness in depth needs eight"):
        smoothness(np.zeros((7, 2)))


def test_the_null_has_the_right_size_on_independent_layers():
    # 300 tests at level 0.05: 15 expected, standard deviation 3.8.
    rng, below, ratios = np.random.default_rng(2), 0, []
    for _ in range(300):
        found = smoothness(rng.standard_normal((24, 6)), orders=199)
        below += found.p_value <= 0.05
        ratios.append(found.ratio)
    assert 15 - 4 * 3.8 < below < 15 + 4 * 3.8
    assert np.mean(ratios) == pytest.approx(1, abs=4 * np.std(ratios) / 300**0.5)


def test_a_smooth_sequence_with_noise_is_told_from_chance_and_a_random_walk_from_a_smooth_one():
    rng = np.random.default_rng(3)
    s = np.arange(64)[:, None] / 64
    smooth = np.sin(2 * np.pi * s + np.arange(20))
    for noise in (0.01, 0.5):
        assert smoothness(smooth + noise * rng.standard_normal((64, 20))).p_value <= 0.01
    assert smoothness(smooth + 0.01 * rng.standard_normal((64, 20))).exponent > 0.9
    assert smoothness(np.cumsum(rng.standard_normal((64, 200)), axis=0)).exponent == pytest.approx(0.5, abs=0.05)
    assert smoothness(rng.standard_normal((64, 200))).exponent == pytest.approx(0.0, abs=0.05)


def test_the_ratio_of_each_entry_is_that_of_the_entry_alone():
    layers = np.random.default_rng(4).standard_normal((10, 2, 3))
    layers[:, 1, 1] = 3.0
    found = entry_ratios(layers)
    assert len(found) == 5
    assert found[2] == pytest.approx(plain_ratio(layers[:, 0, 2:]), rel=1e-12)
