"""The steps of the proof of Proposition 7 by other routes: derivatives by mpmath, suprema by sampling, flows by scipy."""

from __future__ import annotations

from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from numerics.arithmetic import FLOATS, balls
from numerics.comparison import Truth
from theory.marion2024.statements import (
    proposition_7,
    proposition_7_clipped,
    proposition_7_flow,
    proposition_7_rates,
    proposition_7_states,
    proposition_7_steps,
)
from theory.marion2024.statements.proposition_7_layers import LAYERS, PERCEPTRON, length
from theory.marion2024.statements.proposition_7_network import Network, draw_network, network, within
from verification.draws import UnitDraw
from verification.evaluate import check_at

FAMILIES = range(1, len(LAYERS) + 1)


def drawn(family: int, seed: int = 0) -> Network:
    """Draw a network of a family in floats, with two data points and three layers."""
    source = np.random.default_rng(seed)
    layer = LAYERS[family - 1]
    sizes = {"a": layer.q, "b": layer.q, "weights": 3 * layer.p, "x": 2, "y": 2}
    data = {name: [Fraction(round(100 * v), 100) for v in source.uniform(-1, 1, size)] for name, size in sizes.items()}
    return Network.parse({"family": family, "bound": 2, **data}).lift(FLOATS)


def value(family: int, h, z):
    """Return f(h, z) in mpmath, written out."""
    if family <= 3:
        return [h[0] * z[0] ** family / family]
    if family == 4:
        return [z[0] * h[0] + z[1] * h[1], z[1] * h[0] - z[0] * h[1]]
    if family == 5:
        return [z[0] * h[0] + z[1] * h[1], z[2] * h[0] + z[3] * h[1]]
    if family == 6:
        return [z[0] * mp.tanh(z[1] * h[0])]
    return [h[0] * (3 * z[0] ** 2 + 8 * z[0] * z[1] - 3 * z[1] ** 2) / 10]


def loss(p: Network, weights):
    """Return the mean squared error in mpmath."""
    size, terms = p.layer.p, []
    for x, y in zip(p.x, p.y, strict=True):
        h = [mp.mpf(a) * x for a in p.a]
        for at in range(0, len(weights), size):
            h = [u + v / p.depth for u, v in zip(h, value(p.family, h, weights[at : at + size]), strict=True)]
        terms.append((mp.fdot(p.b, h) - y) ** 2)
    return sum(terms) / len(terms)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_speeds_are_depth_times_the_gradient_of_the_loss(family) -> None:
    p, at = drawn(family), [mp.mpf(float(v)) for v in drawn(family).weights]
    with mp.workdps(40):
        step = mp.mpf(10) ** -15
        for index, speed in enumerate(np.concatenate(p.speeds)):
            up, down = ([v + sign * step * (k == index) for k, v in enumerate(at)] for sign in (1, -1))
            gradient = (loss(p, up) - loss(p, down)) / (2 * step)
            assert float(p.depth * gradient) == pytest.approx(float(speed), rel=1e-10, abs=1e-14)


def seconds(family: int, h, z):
    """Return d_1 f, d_2 f, d_21 f and d_22 f by central differences of the layer, second derivatives from first ones."""
    layer, step = LAYERS[family - 1], 1e-5
    by_h = [(layer.by_weight(h + e, z) - layer.by_weight(h - e, z)) / (2 * step) for e in step * np.eye(len(h))]
    by_z = [(layer.by_weight(h, z + e) - layer.by_weight(h, z - e)) / (2 * step) for e in step * np.eye(len(z))]
    return layer.by_state(h, z), layer.by_weight(h, z), np.array(by_h), np.array(by_z)


def tensor_norm(tensor, source) -> float:
    """Return a lower bound, by directions, of the norm of a tensor that maps its first index to a matrix."""
    directions = [*np.eye(len(tensor)), *source.normal(size=(6, len(tensor)))]
    return max(float(np.linalg.norm(np.tensordot(u / np.linalg.norm(u), tensor, 1), 2)) for u in directions)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_constants_of_each_layer_bound_its_derivatives_on_the_compact_set_and_are_nearly_attained(family) -> None:
    source, layer, m, reach = np.random.default_rng(1), LAYERS[family - 1], 0.8, 0.7
    stated = np.array([layer.k1(m), layer.k2(m, reach), layer.k_prime(m, reach)], dtype=float)
    found = np.zeros(3)
    axes = [*np.eye(layer.p), *source.normal(size=(150, layer.p))]
    for z in [m * axis / np.linalg.norm(axis) for axis in axes]:
        for h in [np.eye(layer.q)[0], source.normal(size=layer.q), 1e-4 * np.ones(layer.q)]:
            state = reach * h / max(1.0, float(np.linalg.norm(h)))
            first, second, mixed, twice = seconds(family, state, z)
            sizes = (
                np.linalg.norm(first, 2),
                np.linalg.norm(second, 2),
                max(tensor_norm(mixed, source), tensor_norm(twice, source)),
            )
            found = np.maximum(found, sizes)
    assert np.all(found <= stated * (1 + 1e-6))
    # K' of the perceptron is a bound from above.
    assert np.all(found >= stated * (0.98, 0.98, 0.75 if family == 6 else 0.98))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_norm_of_the_derivative_in_the_weight_is_its_first_row_and_so_for_differences(family) -> None:
    p = drawn(family, seed=3)
    for k in range(1, p.depth):
        for matrix in (p.slopes[k][0], p.slopes[k][0] - p.slopes[k - 1][0]):
            assert float(proposition_7_states.slope_length(matrix)) == pytest.approx(np.linalg.norm(matrix, 2), rel=1e-12)


def test_a_layer_that_stops_every_state_refutes_the_four_printed_displays_with_two_against_zero() -> None:
    # h_0 = h_1 = 1, h_2 = 0, p_2 = 2 (0 - 1) = -2, p_1 = (1 - 2/2) p_2 = 0, p_0 = p_1: the speeds are h_1 p_2 and h_0 p_1.
    p = Network.parse(proposition_7_steps.STOPPED).lift(FLOATS)
    assert [float(h[0][0]) for h in p.states] == [1, 1, 0]
    assert [float(q[0][0]) for q in p.backward] == [0, 0, -2]
    assert [float(speed[0]) for speed in p.speeds] == [0, -2]
    steps = proposition_7_steps
    for statement in (steps.step_1, steps.equation_20, steps.step_5, steps.step_8):
        found = check_at(statement, statement.erratum.counterexample)
        assert found.verdict is Truth.FALSE
        assert (float(found.comparison.left), float(found.comparison.right)) == (2.0, 0.0)


def test_the_passage_after_thus_fails_where_an_earlier_backward_state_is_larger() -> None:
    # f = zh, Z = (1, -1), x = 1/10: h = .1, .15, .075; p_1 = p_2/2, p_0 = 3/2 p_1; K = K_1 = 1 as K_2 = e/10, and K' = 1.
    p = Network.parse(proposition_7_steps.GROWING).lift(FLOATS)
    later = 2 * (1 - 0.075) / 2
    assert float(p.k) == 1.0
    left = 0.5 * later + 1.5 * later * (0.05 + 2)
    assert float(proposition_7_steps.bounded_split(p, 0, 0)[0]) == pytest.approx(left, rel=1e-12)
    right = later * (0.5 + 0.5 * float(mp.e) * 0.1 + 2)
    assert float(proposition_7_steps.collected(p, 0)[0]) == pytest.approx(right, rel=1e-12)
    assert left > right


def test_the_rates_are_attained_as_the_weights_tend_to_0_alpha_by_opposite_weights_and_beta_by_equal_ones() -> None:
    for data, which in ((proposition_7_steps.TURNING, 0), (proposition_7_steps.COMMUTING, 1)):
        p = Network.parse(data).lift(FLOATS)
        left = float(proposition_7_steps.speed_gaps(p)[0])
        alpha, beta = (float(rate) for rate in proposition_7_rates.network_rates(p))
        move = float(length(p.layers[1] - p.layers[0]))
        part = (alpha * move, beta / 2)[which]
        assert 1 <= (alpha * move + beta / 2) / left < 1.01
        assert part / (alpha * move + beta / 2) > 0.99


def test_the_rates_are_those_of_the_network_that_refutes_the_printed_proposition() -> None:
    flow = proposition_7.ClippedFlow.parse({"steepness": 1, "y": 4, "time": "1/10", "depth": 10}).lift(FLOATS)
    p = Network.parse(network(2, "11/10", ["11/10"], ["11/10"], [0, 0], 1, 4)).lift(FLOATS)
    assert proposition_7_rates.network_rates(p) == pytest.approx(proposition_7.rates(flow), rel=1e-14)


def test_in_the_sum_norm_a_mirror_exceeds_alpha_by_seven_fifths_and_a_perceptron_does_not() -> None:
    small = proposition_7_states.SMALL
    ratios = []
    for family in (7, 6):
        p = Network.parse(network(family, small, [small], [small], [small, 0, f"-{small}", 0])).lift(FLOATS)
        left = np.abs(p.speeds[1] - p.speeds[0]).sum()
        alpha, _ = proposition_7_rates.network_rates(p)
        ratios.append(left / (alpha * np.abs(p.layers[1] - p.layers[0]).sum()))
    assert ratios == pytest.approx([1.4, 1.0], rel=1e-3)


def test_the_perceptron_keeps_the_sum_norm_where_its_proof_says_so() -> None:
    # The largest column sum G of d_22 f against e^{K - K_1} K', on a grid of the set E.
    for m, m_x in ((0.5, 1.0), (1.0, 0.9), (1.4, 0.5), (2.0, 0.2), (0.3, 3.0)):
        k1 = m * m / 4
        reach = np.exp(k1) * m * m_x
        v, u, h = np.meshgrid(np.linspace(0, m, 41), np.linspace(0, 1, 41), np.linspace(0, reach, 41))
        w = u * (m - v)
        after, before = (PERCEPTRON.by_weight(np.array([h]), np.array([v, w + e])) for e in (1e-5, -1e-5))
        mixed, twice = np.abs(after - before)[0] / 2e-5
        norm = (twice + np.sqrt(twice**2 + 4 * mixed**2)) / 2
        assert (mixed + twice).max() <= np.exp(max(k1, reach * m) - k1) * max(norm.max(), m)


def test_a_saturated_run_reaches_the_bound_exactly() -> None:
    # Every speed is clipped to 1/2 for T = 1, and A, B and the second layer start at M_0 = 1.
    p = proposition_7_clipped.ClippedTraining.parse(proposition_7_clipped.SATURATED).lift(FLOATS)
    assert proposition_7_clipped.trained_norms(p)[-4:].tolist() == [1.5, 1.5, 0.5, 1.5]
    assert float(proposition_7_clipped.start_norm(p) + p.time * p.level) == 1.5


def test_small_euler_steps_follow_the_clipped_flow_of_scipy() -> None:
    data = {**proposition_7_clipped.FREE, "level": "1/2", "step": "1/100", "steps": 40}
    p = proposition_7_clipped.ClippedTraining.parse(data).lift(FLOATS)
    x, y, depth = p.x, p.y, 2

    def matrix(z):
        return np.array([[z[0], z[1]], [z[1], -z[0]]])

    def mean_loss(v) -> float:
        h = np.outer(v[:2], x)
        for at in (4, 6):
            h = h + matrix(v[at : at + 2]) @ h / depth
        return float(np.mean((v[2:4] @ h - y) ** 2))

    def speed(_, v):
        gradient = np.array([(mean_loss(v + e) - mean_loss(v - e)) / 2e-6 for e in 1e-6 * np.eye(8)])
        parts = [gradient[:2], gradient[2:4], depth * gradient[4:6], depth * gradient[6:]]
        return -np.concatenate([part * min(1.0, 0.5 / np.linalg.norm(part)) for part in parts])

    start = np.concatenate([p.a, p.b, p.weights])
    flow = solve_ivp(speed, (0, 0.4), start, rtol=1e-6, atol=1e-9).y[:, -1]
    norms = [np.linalg.norm(flow[at : at + 2]) for at in range(0, 8, 2)]
    assert proposition_7_clipped.trained_norms(p)[-4:] == pytest.approx(norms, abs=5e-3)
    assert max(norms) <= np.sqrt(1) + 0.4 * 0.5


GAPS = [
    {"rate": 2, "drift": 3, "start": -1, "a": 1, "b": 2, "time": 2, "horizon": 2},
    {"rate": 2, "drift": 3, "start": 1, "a": "-3/2", "b": -2, "time": 1, "horizon": 2},
    {"rate": 2, "drift": 3, "start": 1, "a": "-3/2", "b": 1, "time": 1, "horizon": 1},
    {"rate": 2, "drift": 3, "start": 0, "a": 1, "b": -1, "time": 1, "horizon": 1},
]


@pytest.mark.parametrize("data", GAPS)
def test_the_integral_of_a_distance_agrees_with_quadrature_also_where_it_changes_its_sign(data) -> None:
    p = proposition_7_flow.Gap.parse(data)
    a, b, start, time = (mp.mpf(v.numerator) / v.denominator for v in (p.a, p.b, p.start, p.time))

    def path(s):
        return start * mp.exp(a * s) + b * mp.expm1(a * s) / a

    assert abs(mp.diff(path, time / 3) - a * path(time / 3) - b) < 1e-12
    pieces = sorted({mp.mpf(0), time} | ({mp.log(b / (a * start + b)) / a} if start * path(time) < 0 else set()))
    expected = mp.quad(lambda s: abs(path(s)), pieces)
    with balls(128) as arithmetic:
        ball = proposition_7_flow.distance_integral(p.lift(arithmetic))
    assert abs(mp.mpf(ball.mid().str(25, radius=False)) - expected) < 1e-14
    assert float(proposition_7_flow.distance_integral(p.lift(FLOATS))) == pytest.approx(float(expected), rel=1e-12)


def test_gronwalls_conclusion_is_tight_without_drift_and_loses_e_minus_one_to_the_sharp_one_at_alpha_t_1() -> None:
    one = np.float64(1)
    assert proposition_7_flow.printed_bound(one, one, 0 * one, one) == proposition_7_flow.sharp_bound(one, one, 0 * one, one)
    printed, sharp = (
        bound(0 * one, one, one, one) for bound in (proposition_7_flow.printed_bound, proposition_7_flow.sharp_bound)
    )
    assert printed / sharp == pytest.approx(np.e / (np.e - 1), rel=1e-14)


def test_drawn_networks_meet_the_bound_on_their_norms_and_stretched_ones_often_do_not() -> None:
    source = np.random.default_rng(5)

    def longest(in_force) -> np.ndarray:
        nets = [draw_network(UnitDraw(source=source.random), in_force) for _ in range(60)]
        sizes = [max(sum(v * v for v in part) for part in (p.a, p.b, *p.layers)) / p.bound**2 for p in nets]
        return np.array([float(size) for size in sizes])

    assert np.all(longest(frozenset({within.name})) <= 1)
    assert np.mean(longest(frozenset()) > 1) > 0.5


def test_a_ball_about_the_zero_vector_has_a_small_length_and_not_an_undefined_one() -> None:
    with balls(64) as arithmetic:
        third = arithmetic.array([Fraction(1, 3), Fraction(1, 7)])
        ball = length(third - third)
    assert ball.is_finite()
    assert ball.contains(0)
    assert float(ball.upper()) < 1e-18
