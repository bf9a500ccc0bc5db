"""Where networks come from: drawn instances are in the class, climbs move them and leave the rest."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.comparison import Truth
from tests.theory.wu2025.neurons import net
from theory.wu2025.designs import (
    climb_rebuild,
    climb_vector,
    draw_climb_start,
    draw_design,
    draw_network,
    draw_sample,
    mirrored,
    rounded,
    two_cluster_design,
)
from theory.wu2025.networks import network_class
from theory.wu2025.setting import SETTING
from verification.draws import UnitDraw
from verification.evaluate import hypothesis_truth

UNITS = st.lists(st.floats(0, 1), min_size=1, max_size=40)
SOURCES = {
    "network": lambda draw: draw_network(draw, frozenset()),
    "design": lambda draw: draw_design(draw, draw_sample(draw, least=2.0, most=20.0)),
    "free": lambda draw: draw_design(draw, draw_sample(draw, least=2.0, most=20.0), free=True),
    "two clusters": two_cluster_design,
    "start of a climb": draw_climb_start,
}
EACH = pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
MIRRORED = net([0, 3], "1/2", "3/10", [1, "1/2", "6/5", "3/10"], [1, -1, -1, 1], [2, 2, -1, -1], [1, 1, 4, 4])


def drawn(make, units):
    source = itertools.cycle(units)
    return make(UnitDraw(source=lambda: next(source)))


def ends(p):
    return p.mu * p.x[0], p.mu * p.x[-1]


def is_mirrored(p):
    rows = sorted(zip(p.kinks, p.directions, p.weights, p.multiplicities, strict=True))
    other = sorted((mirrored(p, kink), -e, w, c) for kink, e, w, c in rows)
    return rows == other


@EACH
@given(UNITS)
@settings(max_examples=25)
def test_drawn_networks_satisfy_every_hypothesis_and_have_their_kinks_on_the_closed_interval(make, units):
    p = drawn(make, units)
    assert all(hypothesis_truth(hypothesis, p) is Truth.TRUE for hypothesis in (*SETTING, network_class))
    low, high = ends(p)
    assert all(low <= kink <= high for kink in p.kinks)
    assert all(isinstance(value, Fraction) for value in (*p.x, *p.kinks, *p.weights, *p.multiplicities, p.mu, p.sigma))


@EACH
@given(UNITS)
@settings(max_examples=25)
def test_the_vector_of_a_climb_lies_in_its_bounds_and_rebuilds_the_design_to_the_last_bits(make, units):
    p = drawn(make, units)
    vector, bounds = climb_vector(p)
    assert vector.shape == (len(bounds),)
    assert np.all((bounds[:, 0] <= vector) & (vector <= bounds[:, 1]))
    again = climb_rebuild(p, vector, None)
    assert (again.x, again.mu, again.sigma) == (p.x, p.mu, p.sigma)
    assert (again.directions, again.multiplicities) == (p.directions, p.multiplicities)
    width = p.mu * (p.x[-1] - p.x[0])
    for kink, other in zip(p.kinks, again.kinks, strict=True):
        assert abs(kink - other) <= width * Fraction(1, 2**52)
    for weight, other in zip(p.weights, again.weights, strict=True):
        assert abs(weight - other) <= abs(weight) * Fraction(1, 2**53)
    assert is_mirrored(again) or not is_mirrored(p)


def test_a_design_of_binary_numbers_is_rebuilt_exactly():
    p = net([0, 3], "1/2", "1/4", [1, "1/2", "5/4", 0], [1, -1, -1, 1], [2, 3, -1, "1/2"], [1, 1, 4, 4])
    assert climb_rebuild(p, climb_vector(p)[0], None) == p
    assert climb_rebuild(p, climb_vector(p)[0], 5) == p


@EACH
@given(UNITS, st.sampled_from([3, 5, 8, None]), st.lists(st.floats(0, 1), min_size=16, max_size=16))
@settings(max_examples=25)
def test_wherever_a_climb_goes_the_kinks_stay_on_the_interval_and_the_weights_keep_their_signs(make, units, digits, where):
    p = drawn(make, units)
    vector, bounds = climb_vector(p)
    low = np.where(np.isfinite(bounds[:, 0]), bounds[:, 0], -10.0)
    high = np.where(np.isfinite(bounds[:, 1]), bounds[:, 1], 10.0)
    moved = climb_rebuild(p, low + (high - low) * np.array(where[: len(vector)]), digits)
    assert all(ends(p)[0] <= kink <= ends(p)[1] for kink in moved.kinks)
    assert all(one * other >= 0 for one, other in zip(p.weights, moved.weights, strict=True))
    assert hypothesis_truth(network_class, moved) is Truth.TRUE
    assert is_mirrored(moved) or not is_mirrored(p)


def test_a_climb_beyond_the_bounds_is_cut_to_the_ends_exactly():
    p = net([0, "7/3"], "3/7", "13/100", ["1/2"], [1], [1])
    assert climb_rebuild(p, np.array([1e3, 1.0]), 5).kinks == (ends(p)[1],)
    assert climb_rebuild(p, np.array([-1.0, 1.0]), 5).kinks == (ends(p)[0],)


@pytest.mark.parametrize("digits", [3, 5, 8, None])
def test_the_upper_bound_of_a_climb_rebuilds_the_upper_end_exactly_however_it_is_rounded(digits):
    """The length in units of sigma is no short decimal here, and rounding it down would leave the boundary."""
    for last, sigma in ((10, "3/10"), ("7/3", "13/100"), (1, "3/20")):
        p = net([0, last], "1/2", sigma, [0], [1], [1])
        bounds = climb_vector(p)[1]
        assert climb_rebuild(p, np.array([bounds[0, 1], 1.0]), digits).kinks == (ends(p)[1],)
        assert climb_rebuild(p, np.array([bounds[0, 0], 1.0]), digits).kinks == (ends(p)[0],)


def test_mirrored_designs_move_half_of_their_numbers_and_stay_mirrored():
    assert is_mirrored(MIRRORED)
    vector, _ = climb_vector(MIRRORED)
    assert len(vector) == 4
    moved = climb_rebuild(MIRRORED, vector + np.array([0.31, -0.17, 0.5, -0.25]), 5)
    assert is_mirrored(moved)
    assert moved.kinks != MIRRORED.kinks
    assert moved.weights == (Fraction(5, 2), Fraction(5, 2), Fraction(-5, 4), Fraction(-5, 4))
    broken = net([0, 3], "1/2", "3/10", [1, "1/2", "6/5", "3/10"], [1, -1, -1, 1], [2, 2, -1, "1/2"], [1, 1, 4, 4])
    assert len(climb_vector(broken)[0]) == 8


@given(UNITS)
@settings(max_examples=25)
def test_two_cluster_designs_are_mirrored_on_two_points_and_unequal(units):
    p = drawn(two_cluster_design, units)
    assert is_mirrored(p)
    assert p.n == 2
    assert len(set(p.multiplicities)) == 2
    assert len(climb_vector(p)[0]) == 4


@given(UNITS, st.sampled_from([(0.5, 40.0), (2.0, 20.0)]))
@settings(max_examples=25)
def test_the_least_gap_in_units_of_the_noise_lies_in_the_range_asked_for(units, bounds):
    least, most = bounds
    p = drawn(lambda draw: draw_sample(draw, least=least, most=most), units)
    gap = float(min(b - a for a, b in itertools.pairwise(p.x)) * p.mu / p.sigma)
    assert 0.99 * least <= gap <= 1.01 * most
    assert 0.19 < p.sigma < 1


def test_free_designs_are_single_neurons_and_some_designs_are_mirrored():
    rng = np.random.default_rng(0)
    free = [drawn(SOURCES["free"], rng.random(40).tolist()) for _ in range(30)]
    assert {c for p in free for c in p.multiplicities} == {1}
    assert max(len(p.kinks) for p in free) > 4
    designs = [drawn(SOURCES["design"], rng.random(40).tolist()) for _ in range(30)]
    assert 2 < sum(is_mirrored(p) for p in designs) < 25
    assert max(c for p in designs for c in p.multiplicities) == 64


def test_rounding_is_exact_and_keeps_the_digits_asked_for():
    assert rounded(1 / 3) == Fraction(33333, 100000)
    assert rounded(1234567.0, 3) == 1230000
    assert rounded(0.1, None) == Fraction(0.1) != Fraction(1, 10)
    assert rounded(-0.25) == Fraction(-1, 4)
