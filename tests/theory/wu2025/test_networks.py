"""Two-layer networks and their exact means: against definitions, quadrature, and what leaves a network unchanged."""

import dataclasses
import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.arithmetic import FLOATS, balls
from numerics.comparison import Truth
from tests.theory.wu2025.neurons import NETWORKS, features, mean, net, neurons
from theory.statement import InputError
from theory.wu2025.curvature import network_risk
from theory.wu2025.designs import draw_network
from theory.wu2025.networks import (
    from_neurons,
    lipschitz_constant,
    network,
    network_class,
    network_derivative,
    network_irregularity,
    network_moments,
    noised_irregularity,
    noised_kink_weights,
)
from theory.wu2025.weight import noised_weight, weight_function
from verification.draws import UnitDraw
from verification.evaluate import hypothesis_truth

ALL = pytest.mark.parametrize("p", NETWORKS.values(), ids=NETWORKS)


def drawn(seed):
    rng = np.random.default_rng(seed)
    return draw_network(UnitDraw(source=lambda: float(rng.random())), frozenset())


def value(p, y):
    kinks, signs, weights = neurons(p)
    return sum(w * max(e * (y - kink), 0.0) for kink, e, w in zip(kinks, signs, weights, strict=True)) / p.width


@ALL
def test_a_network_is_the_mean_of_its_neurons_and_its_derivative_their_slopes(p):
    p = p.lift(FLOATS)
    ends = np.array([min(p.kinks) - 2, *sorted(set(p.kinks.tolist())), max(p.kinks) + 2])
    for low, high in itertools.pairwise(ends):
        y, h = (low + high) / 2, (high - low) / 4
        assert network(p, y) == pytest.approx(value(p, y), rel=1e-13, abs=1e-13)
        quotient = (value(p, y + h) - value(p, y - h)) / (2 * h)
        assert network_derivative(p, y) == pytest.approx(quotient, rel=1e-11, abs=1e-11)


@ALL
def test_the_lipschitz_constant_is_the_largest_slope_of_a_piece(p):
    p = p.lift(FLOATS)
    kinks = sorted(set(p.kinks.tolist()))
    ends = np.array([kinks[0] - 2, *kinks, kinks[-1] + 2])
    slopes = [abs(network_derivative(p, y)) for y in (ends[1:] + ends[:-1]) / 2]
    assert lipschitz_constant(p) == pytest.approx(max(slopes), rel=1e-13)


def test_at_a_kink_the_derivative_counts_both_directions_as_active():
    p = net([0, 1], "1/2", "1/2", [0, 0], [1, -1], [3, 5]).lift(FLOATS)
    assert (network_derivative(p, -1.0), network_derivative(p, 0.0), network_derivative(p, 1.0)) == (-2.5, -1.0, 1.5)


@ALL
def test_the_irregularity_is_the_sum_over_the_kinks_of_the_jump_of_the_slope_times_the_weight(p):
    p = p.lift(FLOATS)
    expected = 0.0
    for kink in set(p.kinks.tolist()):
        expected += abs(network_derivative(p, kink + 1e-9) - network_derivative(p, kink - 1e-9)) * weight_function(p, kink)
    assert network_irregularity(p) == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("end", [0, -1])
@pytest.mark.parametrize(
    ("x", "mu"), [((0, "7/10"), "3/10"), (("-1/3", "10/3"), "37/100"), ((0, 1), "1/3"), ((0, 1, 3), "1/2")]
)
def test_a_kink_exactly_on_an_end_of_the_data_has_the_weight_there_in_floats_and_in_balls(x, mu, end):
    """The weight is cut to 0 outside the closed interval: a rounded kink must not fall outside, nor a ball on both sides."""
    kink = Fraction(mu) * Fraction(x[end])
    inside = kink + Fraction(1, 10**9) * (1 if end == 0 else -1)
    p, q = (net(x, mu, "1/4", [at], [1], [1]) for at in (kink, inside))
    expected = network_irregularity(q.lift(FLOATS))
    assert expected > 1e-3
    assert network_irregularity(p.lift(FLOATS)) == pytest.approx(expected, rel=1e-6)
    with balls(128) as arithmetic:
        ball = network_irregularity(p.lift(arithmetic))
        assert ball.rad() < 1e-30
        assert float(ball) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("one", [1, -1])
@pytest.mark.parametrize("other", [1, -1])
def test_opposite_weights_on_one_kink_have_no_irregularity_and_equal_ones_add_whatever_the_directions(one, other):
    def at(weights, kinks=("1/3", "1/3"), directions=(one, other)):
        return net([0, 1], "1/2", "1/4", kinks, directions, weights)

    for measure in (network_irregularity, noised_irregularity):
        assert measure(at(("7/3", "-7/3")).lift(FLOATS)) == 0
        alone = measure(at(("7/3",), ("1/3",), (one,)).lift(FLOATS))
        assert alone > 0
        assert measure(at(("7/3", "7/3")).lift(FLOATS)) == pytest.approx(alone, rel=1e-14)
        # Kinks that differ by the least bit do not cancel.
        apart = at(("7/3", "-7/3"), ("1/3", Fraction(1, 3) + Fraction(1, 2**40)))
        assert measure(apart.lift(FLOATS)) == pytest.approx(alone, rel=1e-9)
        with balls(96) as arithmetic:
            assert measure(at(("5/2", "-5/2")).lift(arithmetic)) == 0
            zero = measure(at(("7/3", "-7/3")).lift(arithmetic))
            assert zero.contains(0)
            assert zero.rad() < 1e-27


@ALL
def test_every_mean_over_the_noised_sample_is_its_integral(p):
    lifted = p.lift(FLOATS)
    found = network_moments(lifted)
    signs, kinks = lifted.signs, lifted.kinks

    def reach(y):
        return np.maximum(signs[:, None] * (y - kinks[:, None]), 0.0), 1.0 * (signs[:, None] * (y - kinks[:, None]) >= 0)

    def pairs(which, other):
        return mean(p, lambda y, x: reach(y)[which][:, None] * reach(y)[other])

    assert np.allclose(found.active, mean(p, lambda y, x: reach(y)[1]), rtol=1e-11, atol=1e-15)
    assert np.allclose(found.value, mean(p, lambda y, x: reach(y)[0]), rtol=1e-11, atol=1e-15)
    assert np.allclose(found.both, pairs(1, 1), rtol=1e-11, atol=1e-15)
    assert np.allclose(found.mixed, pairs(0, 1), rtol=1e-11, atol=1e-15)
    assert np.allclose(found.product, pairs(0, 0), rtol=1e-10, atol=1e-15)
    centers = lifted.mu * lifted.x
    z = (kinks[:, None] - centers) / lifted.sigma
    bumps = np.exp(-(z**2) / 2) / (lifted.sigma * np.sqrt(2 * np.pi))
    assert np.allclose(found.density, bumps.mean(axis=1), rtol=1e-12, atol=0)
    assert np.allclose(found.residual, (z / lifted.sigma * bumps).mean(axis=1), rtol=1e-12, atol=1e-15)


@ALL
def test_the_noised_weight_is_its_definition_by_quadrature_and_the_same_at_the_kinks_from_either_side(p):
    lifted = p.lift(FLOATS)
    at_kinks = noised_kink_weights(lifted, network_moments(lifted))
    for kink, found in zip(lifted.kinks, at_kinks, strict=True):
        rows = mean(
            dataclasses.replace(p, kinks=(Fraction(kink),)),
            lambda y, x, k=kink: np.array([y > k, y < k, np.maximum(y - k, 0), np.maximum(k - y, 0)], dtype=float),
        )
        expected = min(rows[0] * rows[2], rows[1] * rows[3])
        assert noised_weight(lifted, kink) == pytest.approx(expected, rel=1e-11, abs=1e-15)
        assert found == pytest.approx(expected, rel=1e-11, abs=1e-15)


@given(st.integers(0, 10**6), st.floats(0, 1))
@settings(max_examples=40)
def test_the_noised_weight_is_at_least_the_weight_less_half_a_sigma(seed, where):
    p = drawn(seed).lift(FLOATS)
    for y in (*p.kinks, p.mu * (p.x[0] + where * (p.x[-1] - p.x[0]))):
        assert noised_weight(p, y) >= weight_function(p, y) - p.sigma / 2


def test_the_noised_weight_can_be_less_than_the_weight_and_is_positive_outside_the_data():
    p = net([0, 10], "1/2", "1/2", ["7/2"], [1], [1]).lift(FLOATS)
    assert noised_weight(p, 0.5) < 0.9 * weight_function(p, 0.5)
    assert noised_weight(p, -0.1) > 0 == weight_function(p, -0.1)


@ALL
def test_groups_may_be_split_and_merged(p):
    apart = net(
        p.x,
        p.mu,
        p.sigma,
        *(
            [v for v, c in zip(values, p.multiplicities, strict=True) for _ in range(int(c))]
            for values in (p.kinks, p.directions, p.weights)
        ),
    )
    one, other = p.lift(FLOATS), apart.lift(FLOATS)
    assert one.width == other.width
    for quantity in (network_risk, network_irregularity, noised_irregularity, lipschitz_constant, lambda p: network(p, 0.3)):
        assert quantity(one) == pytest.approx(quantity(other), rel=1e-12, abs=1e-13)


@given(st.integers(0, 10**6), st.integers(-3, 3), st.sampled_from(["1/4", "2/3", 8]))
@settings(max_examples=20)
def test_a_network_moves_mirrors_and_scales_with_its_sample(seed, shift, factor):
    """A score is odd, so that the mirrored network has the weights -w: s(y) becomes -s(-y).

    In units c times larger s is c^-1 and w c^-2 times as large: slope and risk scale by c^-2, the irregularity by c^-1.
    """
    p, factor = drawn(seed), Fraction(factor)
    moved = dataclasses.replace(p, x=tuple(x + shift for x in p.x), kinks=tuple(kink + p.mu * shift for kink in p.kinks))
    mirrored = dataclasses.replace(
        p,
        x=tuple(-x for x in p.x[::-1]),
        kinks=tuple(-kink for kink in p.kinks),
        directions=tuple(-direction for direction in p.directions),
        weights=tuple(-weight for weight in p.weights),
    )
    scaled = dataclasses.replace(
        p,
        x=tuple(factor * x for x in p.x),
        sigma=factor * p.sigma,
        kinks=tuple(factor * kink for kink in p.kinks),
        weights=tuple(weight / factor**2 for weight in p.weights),
    )
    powers = {network_risk: 2, lipschitz_constant: 2, network_irregularity: 1, noised_irregularity: 1}
    base = p.lift(FLOATS)
    for quantity, power in powers.items():
        expected = quantity(base)
        assert quantity(moved.lift(FLOATS)) == pytest.approx(expected, rel=1e-8, abs=1e-12)
        assert quantity(mirrored.lift(FLOATS)) == pytest.approx(expected, rel=1e-8, abs=1e-12)
        assert quantity(scaled.lift(FLOATS)) * float(factor) ** power == pytest.approx(expected, rel=1e-8, abs=1e-12)


def test_dead_neurons_and_zero_weights_change_nothing_but_the_width():
    alone = net([0, 1], "1/2", "1/4", ["1/4"], [1], [3]).lift(FLOATS)
    for kink, direction, weight in ((30, 1, 7), (-30, -1, 7), ("1/3", -1, 0)):
        p = net([0, 1], "1/2", "1/4", ["1/4", kink], [1, direction], [6, weight]).lift(FLOATS)
        assert p.width == 2
        for quantity in (network_risk, network_irregularity, noised_irregularity):
            assert quantity(p) == pytest.approx(quantity(alone), rel=1e-11)
        moments = network_moments(p)
        assert weight == 0 or (moments.active[1], moments.value[1], moments.product[1, 0]) == (0, 0, 0)


def test_one_neuron_with_its_kink_on_one_of_two_far_points_has_moments_by_hand():
    p = net([0, 100], "1/2", "1/2", [0], [1], [1]).lift(FLOATS)
    moments = network_moments(p)
    bump = 0.5 / np.sqrt(2 * np.pi)
    assert moments.active == pytest.approx([(0.5 + 1) / 2])
    assert moments.value == pytest.approx([(bump + 50) / 2])
    assert moments.product[0, 0] == pytest.approx((0.25 / 2 + 2500 + 0.25) / 2)
    assert moments.mixed[0, 0] == pytest.approx(moments.value[0])
    assert moments.both[0, 0] == pytest.approx(moments.active[0])


def test_the_class_of_networks_refuses_other_directions_and_counts_that_are_no_positive_integers():
    def truth(**changes):
        fields = {"directions": [1, -1], "multiplicities": [1, 2], **changes}
        p = net([0, 1], "1/2", "1/4", [0, 1], fields["directions"], [1, 1], fields["multiplicities"])
        return hypothesis_truth(network_class, p)

    assert truth() is Truth.TRUE
    for wrong in ([2, 1], [0, 1], ["1/2", -1]):
        assert truth(directions=wrong) is Truth.FALSE
    for wrong in ([1, "1/2"], [0, 1], [-1, 1], ["5/2", 1], [1, "1000001/1000000"]):
        assert truth(multiplicities=wrong) is Truth.FALSE


def test_a_network_needs_neurons_and_lists_of_one_length(problem):
    sample = problem([0, 1], "1/2", "1/4")
    built = from_neurons(sample, [0.25], [-1], ["1/3"])
    assert (built.kinks, built.multiplicities, built.x) == ((Fraction(1, 4),), (Fraction(1),), sample.x)
    for arguments in (([], [], []), ([0], [1, 1], [1]), ([0], [1], [1], [1, 1])):
        with pytest.raises(InputError, match="as many kinks"):
            from_neurons(sample, *arguments)


def test_the_largest_weight_is_that_of_the_largest_size():
    assert net([0, 1], "1/2", "1/4", [0, 1, 1], [1, 1, -1], [1, -3, 2]).lift(FLOATS).largest_weight == 3


def test_neighbours_are_networks_and_the_moved_one_is_the_same_network():
    p = net([1, 3], "1/2", "1/4", ["3/5", 1, "6/5"], [1, -1, 1], [1, 2, 3], [1, 4, 3])
    found = list(p.neighbours())
    assert all(hypothesis_truth(network_class, other) is Truth.TRUE for other in found)
    assert {len(other.kinks) for other in found} == {1, 2, 3}
    moved = found[-1].lift(FLOATS)
    assert moved.x[0] == 0
    assert network_risk(moved) == pytest.approx(network_risk(p.lift(FLOATS)), rel=1e-12)
    fewer = [other for other in found if sum(other.multiplicities) < 8 and len(other.kinks) == 3]
    assert {other.multiplicities for other in fewer} == {(1, 2, 1), (1, 3, 2)}


def test_lifting_keeps_which_kinks_coincide():
    """As floats 1/3 and its rounding are equal; as balls they overlap; as numbers they differ."""
    p = net([0, 1], "1/2", "1/4", ["1/3", float(Fraction(1, 3)), "1/3"], [1, 1, -1], [1, 1, -1])
    assert p.coincident == ((1,), (0, 2))
    with balls(53) as arithmetic:
        assert p.lift(FLOATS).coincident == p.lift(arithmetic).coincident == p.coincident


@ALL
def test_the_features_of_the_test_helper_are_those_of_the_network(p):
    lifted = p.lift(FLOATS)
    y = np.linspace(-1, 2, 7)
    assert np.allclose(features(lifted, y)[2], [network(lifted, point) for point in y], rtol=1e-12, atol=1e-13)
