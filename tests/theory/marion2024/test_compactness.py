"""Proposition 9, Corollaries 10 and 13, Proposition 15: families built from their definitions, solvers, and brute suprema."""

from __future__ import annotations

import math
from dataclasses import replace

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from numerics.arithmetic import FLOATS
from numerics.comparison import Truth
from theory.marion2024 import double_limit, scalar_schemes
from theory.marion2024.statements import corollary_13 as joint
from theory.marion2024.statements import proposition_9 as compact
from theory.marion2024.statements import (
    proposition_9_cells,
    proposition_9_controls,
    proposition_9_corners,
    proposition_9_points,
    proposition_9_steps,
    proposition_9_tail,
    proposition_15_bound,
    proposition_15_limits,
)
from verification.evaluate import check_at
from verification.measured import approach


def family(sign, bound, rate, depth, s, t):
    """Return Z^L(s, t) of the family of the proof, from its layers."""
    k = math.floor((depth - 1) * s) + 1
    return bound * (k / depth - 0.5) + sign * bound * ((1 - np.exp(-rate * t)) / rate - 1 / (2 * rate))


@pytest.mark.parametrize("data", proposition_9_points.GALLERY)
def test_the_distance_of_two_points_is_that_of_the_layers_of_the_worse_of_two_families(data) -> None:
    p = proposition_9_points.Pair.parse(data).lift(FLOATS)
    apart = [
        abs(family(g, p.bound, p.rate, p.depth, p.s, p.t) - family(g, p.bound, p.rate, p.depth, p.s_other, p.t_other))
        for g in (1, -1)
    ]
    assert proposition_9_points.family_distance(p) == pytest.approx(max(apart), rel=1e-9)


def test_the_family_has_norms_gaps_and_speeds_within_the_hypotheses() -> None:
    t = np.linspace(0, 30, 3001)
    for rate in (1.0, 2.5):
        for sign in (1, -1):
            layers = np.array([family(sign, 2.0, rate, 7, (k + 0.5) / 6, t) for k in range(6)])
            assert np.abs(layers).max() <= 2.0
            assert np.diff(layers, axis=0) == pytest.approx(2 / 7)
            assert np.all(np.abs(np.diff(layers, axis=1)) <= 2 * np.exp(-rate * t[:-1]) * np.diff(t) + 1e-14)


def test_random_families_stay_below_26_and_the_sharper_bound() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        depth = int(rng.integers(1, 9))
        z = np.cumsum(rng.uniform(-1, 1, depth)) / depth
        speed = rng.uniform(-1, 1)
        s, s_other, t, t_other = rng.random(4)
        k, other = (math.floor((depth - 1) * value) for value in (s, s_other))
        apart = abs(z[k] + speed * t - z[other] - speed * t_other)
        sharp = abs(t - t_other) + (depth - 1) / depth * abs(s - s_other) + 1 / depth
        assert apart <= sharp + 1e-12
        assert sharp <= abs(t - t_other) + abs(s - s_other) + 1 / depth


def test_the_worst_pair_near_the_nodes_is_a_family_with_the_hypotheses_and_attains_the_last_display() -> None:
    p = proposition_9_corners.Corner.parse(proposition_9_corners.SHARP).lift(FLOATS)
    delta = p.epsilon / p.bound
    nodes = p.node - 2 * delta * np.arange(2)
    s = np.union1d(np.linspace(0, 1, 4001), [p.s, *nodes])
    assert np.all(np.abs(s[:, None] - nodes).min(axis=1) <= delta + 1e-15)
    layers = p.apart + p.bound * np.maximum(np.arange(p.depth) - np.floor((p.depth - 1) * p.node), 0) / p.depth
    at_s = layers[np.floor((p.depth - 1) * s).astype(int)]
    limit = -p.bound * np.maximum(s - p.node, 0)
    assert np.abs(np.diff(layers)).max() <= p.bound / p.depth + 1e-15
    assert layers.max() + p.bound * delta <= p.bound
    assert np.abs(limit).max() + p.bound * delta <= p.bound
    assert (at_s - limit)[np.isin(s, nodes)] == pytest.approx([p.apart] * 2)
    worst = (at_s - limit).max() + 2 * p.bound * delta
    assert worst == pytest.approx(proposition_9_corners.at_the_point(p), abs=1e-12)
    sharp = (4 - 1 / p.depth) * p.epsilon + p.bound / p.depth
    assert 0.999 * sharp < worst <= sharp


def test_the_start_of_the_tail_leaves_the_integral_epsilon() -> None:
    p = proposition_9_tail.Tail.parse(proposition_9_tail.equation_30_repaired.gallery[0]).lift(FLOATS)
    left = quad(lambda t: p.bound * np.exp(-p.rate * t), proposition_9_tail.tail_start(p), np.inf)[0]
    assert left == pytest.approx(p.epsilon, rel=1e-9)


def test_with_the_printed_layer_the_first_inequality_of_30_fails() -> None:
    # Depth 3, s = 1/2: the layer is the second, the printed one the first, which does not move.
    s, depth = 0.5, 3
    assert (math.floor((depth - 1) * s) + 1, math.floor(depth * s - 1) + 1) == (2, 1)
    assert (math.floor(0.0) + 1, math.floor(-1.0) + 1) == (1, 0)
    found = check_at(proposition_9_tail.equation_30, {"depth": 3, "s": "1/2", "layer": 1, "printed": 0})
    assert found.verdict is Truth.FALSE


@pytest.mark.parametrize("data", [proposition_9_cells.STILL, proposition_9_cells.BRISK])
def test_a_layer_moves_between_two_times_as_far_as_its_speed_integrated(data) -> None:
    p = proposition_9_cells.Cell.parse(data).lift(FLOATS)
    expected = quad(lambda t: p.bound * np.exp(-p.rate * t), p.t, p.t_other)[0]
    assert proposition_9_cells.moved_in_time(p) == pytest.approx([expected, expected], rel=1e-10)


def test_a_burst_of_speed_without_bound_is_integrable_and_breaks_every_lipschitz_constant() -> None:
    assert quad(lambda t: np.exp(-np.sqrt(t)) / (2 * np.sqrt(t)), 0, 1)[0] == pytest.approx(1 - np.exp(-1), rel=1e-9)
    data = {"bound": 1, "rate": 1, "burst": 1, "t": "1/100000000", "t_other": "4/100000000"}
    p = proposition_9_steps.Times.parse(data).lift(FLOATS)
    with mp.workdps(30):
        t, other = mp.mpf("1e-8"), mp.mpf("4e-8")
        exact = mp.exp(-t) - mp.exp(-other) + mp.exp(-mp.sqrt(t)) - mp.exp(-mp.sqrt(other))
    assert proposition_9_steps.displacement(p) == pytest.approx(float(exact), rel=1e-12)
    assert proposition_9_steps.displacement(p) > 1000 * (p.t_other - p.t)


def test_without_a_bound_of_b_the_limit_is_uniform_and_not_lipschitz() -> None:
    t = np.concatenate([np.geomspace(1e-12, 1, 400)])
    for depth in (10, 1000):
        assert np.abs(np.sqrt(t + 1 / depth) - np.sqrt(t)).max() <= np.sqrt(1 / depth)
    assert (np.sqrt(t[1]) - np.sqrt(t[0])) / (t[1] - t[0]) > 1e5


@pytest.mark.parametrize("depth", [8, 9, 64])
@pytest.mark.parametrize("data", compact.proposition_9.gallery)
def test_the_uniform_distance_is_the_supremum_that_a_fine_grid_approaches(data, depth) -> None:
    p = compact.Family.parse(data).lift(FLOATS)
    s, v = np.linspace(0, 1, 20001)[:, None], np.linspace(0, 1, 21)[None, :]
    k = np.floor((depth - 1) * s) + 1
    z = (-1) ** depth * (p.alpha * np.abs(k / depth - p.kink) + p.beta * v * k / depth)
    seen = np.abs(z - p.alpha * np.abs(s - p.kink) - p.beta * s * v).max()
    exact = compact.uniform_distance(p, depth)
    assert seen <= exact + 1e-12
    assert seen == pytest.approx(exact, abs=3e-4)


def test_no_two_of_the_binary_digits_are_close_at_most_s() -> None:
    s = (np.arange(200000) + 0.5) / 200000
    rows = [(-1.0) ** (np.floor((2**j - 1) * s) + 1) for j in range(2, 9)]
    for i, first in enumerate(rows):
        for second in rows[i + 3 :]:
            assert np.abs(first - second).max() == 2
            assert np.mean((first - second) ** 2) == pytest.approx(2, abs=0.5)
    assert proposition_9_controls.digit_distance(4, 32) == 2 * 32


def test_a_bump_and_a_slow_wave_converge_at_every_time_and_not_uniformly() -> None:
    for control in (proposition_9_controls.leaving_bump, proposition_9_controls.slow_wave):
        assert control(None, 64) == pytest.approx(1, abs=0.01)
        assert control(None, 4096) == pytest.approx(1, abs=0.01)
    t, depths = 3.0, np.array([1e2, 1e4])
    assert np.all(1 / (1 + (t - depths) ** 2) < 2e-4)
    assert t / (t + 1e4) < 1e-3


@pytest.mark.parametrize("bend", [False, True])
def test_the_flows_solve_their_equations(bend) -> None:
    def speed(s, u):
        return (1 - 2 * s) * (np.sin(u) if bend else u)

    path = solve_ivp(speed, (0, 1), [1.2], rtol=1e-10, atol=1e-12, t_eval=[0.3, 1.0])
    grown = path.t - path.t**2
    assert scalar_schemes.flow(1.2, grown, bend=bend) == pytest.approx(path.y[0], rel=1e-8)


@pytest.mark.parametrize("bend", [False, True])
def test_the_scheme_is_its_recursion_and_its_distance_a_supremum_over_a_finer_grid(bend) -> None:
    theta = np.array([0.5, -1.0, 2.0])
    states = [0.7]
    for value in theta:
        states.append(states[-1] + value / 3 * (np.sin(states[-1]) if bend else states[-1]))
    found = scalar_schemes.scheme(0.7, theta, bend=bend)
    assert found == pytest.approx(states, rel=1e-14)
    s = np.linspace(0, 1, 48 * 3 + 1)[:-1]
    brute = np.abs(np.exp(s) - np.array(states)[np.floor(3 * s).astype(int)]).max()
    coarse = scalar_schemes.sampled_distance(found, np.exp)
    assert coarse == pytest.approx(max(brute, abs(np.e - states[-1])), abs=0.15)


def test_a_term_with_iterated_limits_zero_and_one_leaves_the_diagonal_at_neither() -> None:
    p = joint.JointPath.parse({**joint.PLAIN, "gap": 0}).lift(FLOATS)
    far = joint.joint_distance(p, 2**14, mixed=0.5)
    # The parameters are off by 1/4: U(1) = e^{3/2} becomes e^{7/4}, and with the whole 1/2 it would be e^2.
    assert far == pytest.approx(np.exp(1.75) - np.exp(1.5), rel=1e-3)
    assert joint.joint_distance(p, 2**14) < 1e-3


def test_starts_may_tend_jointly_while_their_distance_over_all_times_stays_one() -> None:
    times = np.linspace(0, 50, 501)
    for depth in (10, 10000):
        assert np.abs(1 + np.exp(-times) - 1).max() == 1
        states = scalar_schemes.scheme(1 + np.exp(-np.sqrt(depth)), np.ones(depth), bend=False)
        assert abs(states[-1] - np.e) < 2 / depth + 3 * np.exp(-np.sqrt(depth))


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_the_limiting_equation_of_proposition_15_has_the_closed_form(layer) -> None:
    def speed(s, h):
        z = np.sqrt(s)
        return (z * h, h * z**2 / 2, z * np.sin(h))[layer]

    path = solve_ivp(speed, (0, 1), [0.8], rtol=1e-10, atol=1e-12, t_eval=[0.2, 1.0])
    p = double_limit.Trained.parse({**proposition_15_limits.ON_THE_DIAGONAL, "layer": layer}).lift(FLOATS)
    assert double_limit.solution(p, 0.8, path.t) == pytest.approx(path.y[0], rel=1e-6)


@pytest.mark.parametrize("data", proposition_15_limits.GALLERY)
def test_the_loss_of_the_family_tends_to_zero_in_time_uniformly_in_depth(data) -> None:
    p = double_limit.Trained.parse({**data, "inputs": [1]}).lift(FLOATS)
    for depth in (4, 64):
        found = double_limit.network(p, depth)
        late = p.lag / (1 + depth**p.power)
        assert (found.B * found.states[0][-1] - p.y) ** 2 == pytest.approx((p.y * late) ** 2, abs=1e-15)


def test_a_distance_that_is_not_a_number_for_one_input_is_not_a_number_in_all(monkeypatch) -> None:
    p = double_limit.Trained.parse({**proposition_15_limits.BENT, "inputs": ["1/2", 1]}).lift(FLOATS)
    found = double_limit.network(p, 4)
    for at in range(2):
        states = tuple(np.full_like(part, np.nan) if k == at else part for k, part in enumerate(found.states))
        monkeypatch.setattr(double_limit, "network", lambda *_, s=states, **__: replace(found, states=s))
        assert np.isnan(double_limit.states_distance(p, 4))
        assert np.isnan(double_limit.outputs_distance(p, 4))


def test_the_uniform_distance_of_the_weights_is_what_a_fine_grid_sees() -> None:
    p = double_limit.Trained.parse(proposition_15_limits.BENT).lift(FLOATS)
    weights = double_limit.network(p, 16).weights
    s = np.linspace(0, 1, 160001)
    seen = np.abs(weights[np.maximum(np.floor(16 * s).astype(int), 1) - 1] - np.sqrt(s)).max()
    assert double_limit.weights_distance(p, 16) == pytest.approx(seen, abs=1e-4)


def test_rough_layers_tend_to_the_root_of_e() -> None:
    p = double_limit.Trained.parse({**proposition_15_limits.SQUARED, "lag": 0, "gap": 0, "inputs": [1]}).lift(FLOATS)
    assert float(double_limit.network(p, 2**16, rough=True).states[0][-1]) == pytest.approx(np.sqrt(np.e), rel=1e-5)


def test_the_bound_in_the_mean_holds_for_a_nonlinear_layer_and_rough_weights() -> None:
    rng = np.random.default_rng(1)
    for depth in (5, 20):
        steps = rng.uniform(-2, 2, 4 * depth)
        layers = steps[::4] + rng.uniform(-0.3, 0.3, depth)
        u = exact = 1.0
        states, solution = [u], [exact]
        for k in range(depth):
            u = u + layers[k] * np.sin(u) / depth
            exact = 2 * np.arctan(np.tan(exact / 2) * np.exp(steps[4 * k : 4 * k + 4].sum() / (4 * depth)))
            states.append(u)
            solution.append(exact)
        lipschitz = np.abs(steps).max()
        mean = np.abs(steps.reshape(depth, 4) - layers[:, None]).mean()
        top = np.abs(np.sin(states[:-1])).max()
        fast = np.abs(layers * np.sin(states[:-1])).max()
        bound = (top * mean + lipschitz * fast / (2 * depth)) * np.exp(lipschitz)
        assert np.abs(np.array(states) - solution).max() <= bound


def test_the_jump_problem_is_integrated_and_its_distance_in_the_mean_is_a_quadrature() -> None:
    p = proposition_15_bound.JumpProblem.parse(proposition_15_bound.OFF_GRID).lift(FLOATS)
    s = (np.arange(600000) + 0.5) / 600000
    z = np.where(s < p.jump, p.before, p.after)
    theta = np.asarray(p.layers)[np.floor(p.depth * s).astype(int)]
    assert p.mean_distance == pytest.approx(np.abs(z - theta).mean(), abs=1e-5)
    assert p.mean_difference == pytest.approx(abs((z - theta).mean()), abs=1e-5)
    end = p.a * np.exp(z.mean())
    assert p.gaps[-1] == pytest.approx(abs(end - p.a_l * np.prod(1 + np.asarray(p.layers) / p.depth)), abs=1e-5)


def test_a_weak_limit_is_not_enough_for_a_layer_that_is_square_in_its_weights() -> None:
    p = proposition_15_bound.JumpProblem.parse(proposition_15_bound.SIGNS).lift(FLOATS)
    assert p.mean_difference == 0
    assert p.gaps[-1] == pytest.approx((1 + 1 / 8) ** 4 - 1)


def test_the_states_converge_at_order_one_although_the_weights_do_at_order_one_half() -> None:
    instance = double_limit.Trained.parse(proposition_15_limits.SQUARED)
    states = approach(proposition_15_limits.part_states, instance).errors
    weights = approach(proposition_15_limits.part_weights, instance).errors
    assert states[-2] / states[-1] == pytest.approx(2, rel=0.01)
    assert weights[-2] / weights[-1] == pytest.approx(math.sqrt(2), rel=0.02)
