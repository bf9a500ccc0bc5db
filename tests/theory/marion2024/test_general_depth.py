"""The limit for a general layer, the constant of Proposition 2 and the constants of Proposition 3, each by another route."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from numerics.arithmetic import FLOATS
from numerics.chebyshev import chebyshev_grid
from numerics.residual_network import ResidualNetwork, Weights
from theory.marion2024 import general_depth, training
from theory.marion2024.general_depth import (
    NODES,
    GeneralRun,
    GeneralWeights,
    SineLayer,
    UntransposedSineLayer,
    discrete_pass,
    general_errors,
    general_limit_pass,
    limit_path,
    start_of,
)
from theory.marion2024.infinite_depth import limit_pass, sample_layers
from theory.marion2024.statements import proposition_3 as constants
from theory.marion2024.statements.proposition_2 import smooth_weights
from theory.marion2024.statements.proposition_2_order import leading_error
from theory.marion2024.training import NAMES, Run, errors, limit_slope, piecewise_distance

RUN = GeneralRun(seed=4, n=3, q=3, steps=8)


def weights_at(nodes: int = NODES) -> GeneralWeights:
    start = start_of(RUN)
    return GeneralWeights(A=start.A, Z=start.layers(chebyshev_grid(nodes).nodes), B=start.B)


def test_the_layers_derivatives_are_those_of_difference_quotients_and_the_untransposed_one_is_not() -> None:
    rng, layer = np.random.default_rng(0), SineLayer()
    h, p, z = rng.standard_normal((2, 3)), rng.standard_normal((2, 3)), rng.standard_normal((3, 3))
    by_state, by_weights = rng.standard_normal((2, 3)), rng.standard_normal((3, 3))
    t = 1e-6
    along_state = np.sum(p * (layer.value(h + t * by_state, z) - layer.value(h - t * by_state, z))) / (2 * t)
    along_weights = np.sum(p * (layer.value(h, z + t * by_weights) - layer.value(h, z - t * by_weights))) / (2 * t)
    assert np.sum(layer.pull_back_state(h, z, p) * by_state) == pytest.approx(along_state, rel=1e-8)
    assert np.sum(layer.pull_back_weights(h, z, p) * by_weights) == pytest.approx(along_weights, rel=1e-8)
    assert abs(np.sum(UntransposedSineLayer().pull_back_state(h, z, p) * by_state) - along_state) > 0.1


def test_states_and_adjoints_of_the_limit_solve_their_equations_as_a_step_by_step_integrator_does() -> None:
    start, weights, layer = start_of(RUN), weights_at(), SineLayer()
    done = general_limit_pass(start, weights)

    def both(s, u):
        h, p = u.reshape(2, RUN.n, RUN.q)
        z = start.layers(np.array([s]))[0]
        return np.concatenate([layer.value(h, z).ravel(), -layer.pull_back_state(h, z, p).ravel()])

    path = solve_ivp(both, (0, 1), np.concatenate([done.states[0], done.adjoints[0]]).ravel(), rtol=1e-11, atol=1e-12)
    h, p = path.y[:, -1].reshape(2, RUN.n, RUN.q)
    np.testing.assert_allclose(h, done.states[-1], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(p, 2 * (done.output - start.y) @ weights.B, rtol=1e-8, atol=1e-8)


def test_the_speed_of_a_deep_network_is_minus_the_derivative_of_its_loss() -> None:
    start, rng, depth = start_of(RUN), np.random.default_rng(1), 5
    base = GeneralWeights(A=start.A, Z=start.layers(np.arange(1, depth + 1) / depth), B=start.B)
    turn = GeneralWeights(A=rng.standard_normal((3, 2)), Z=rng.standard_normal((depth, 3, 3)), B=rng.standard_normal((2, 3)))

    def loss(t):
        return np.sum((discrete_pass(start, base.moved(t, turn)).output - start.y) ** 2) / RUN.n

    speed = discrete_pass(start, base).speed
    slope = -np.sum(speed.A * turn.A) - np.sum(speed.Z * turn.Z) / depth - np.sum(speed.B * turn.B)
    assert (loss(1e-6) - loss(-1e-6)) / 2e-6 == pytest.approx(slope, rel=1e-7)


def test_the_nodes_resolve_the_limit_and_its_loss_falls() -> None:
    start = start_of(RUN)
    few, many = general_limit_pass(start, weights_at(NODES)), general_limit_pass(start, weights_at(2 * NODES))
    np.testing.assert_allclose(few.output, many.output, rtol=1e-11)
    np.testing.assert_allclose(few.speed.A, many.speed.A, rtol=1e-10, atol=1e-11)
    losses = [np.sum((done.output - start.y) ** 2) for _, done in limit_path(RUN)]
    assert all(later < earlier for earlier, later in itertools.pairwise(losses))


@pytest.mark.parametrize("name", ["tanh", "gelu"])
def test_richardson_extrapolation_finds_the_constant_of_proposition_2(name) -> None:
    run = Run(seed=5, activation=NAMES.index(name), n=3, q=3, m=4, steps=1, clipped=0)
    problem, state = smooth_weights(run)
    hidden = limit_pass(problem, state).hidden
    target = hidden[-1] @ state.B.T

    def scaled(depth):
        v, w = sample_layers(state, depth)
        weights = Weights(A=state.A, V=v, W=w, B=state.B)
        return depth * (ResidualNetwork(activation=problem.activation).forward(weights, problem.x).output - target)

    coarse, middle, fine = scaled(128), scaled(256), scaled(512)
    twice = (4 * (2 * fine - middle) - (2 * middle - coarse)) / 3
    exact = leading_error(problem, state, hidden) @ state.B.T
    np.testing.assert_allclose(twice, exact, rtol=1e-3, atol=1e-4)
    assert np.abs(2 * fine - middle - exact).max() < np.abs(fine - exact).max() / 50


def test_a_step_function_is_farthest_from_a_line_at_the_right_ends_of_its_steps() -> None:
    s = np.arange(9) / 8
    assert piecewise_distance(s, s) == 1 / 8
    assert piecewise_distance(s, s + 1) == 9 / 8
    assert piecewise_distance(s[:, None] * [1.0, -3.0], s[:, None] * [1.0, -3.0]) == 3 / 8
    assert piecewise_distance(s[:1], s[:1] + 2) == 2


@pytest.mark.parametrize("module", [training, general_depth])
def test_a_step_that_is_not_a_number_is_not_passed_over_in_the_largest_error_of_a_run(monkeypatch, module) -> None:
    distances = itertools.chain([0.5, 0.5, math.nan], itertools.repeat(0.25))
    monkeypatch.setattr(module, "piecewise_distance", lambda *_: next(distances))
    if module is training:
        run = Run(seed=2, activation=NAMES.index("sin"), n=3, q=3, m=3, steps=5, clipped=0)
        found = errors.__wrapped__(run, 8).hidden
    else:
        found = general_errors.__wrapped__(RUN, 8)["layers"]
    assert max(0.5, math.nan, 0.25) == 0.5
    assert math.isnan(found)


def test_the_slope_of_the_limit_is_what_extrapolated_gaps_give() -> None:
    run = Run(seed=2, activation=NAMES.index("sin"), n=3, q=3, m=3, steps=5, clipped=0)
    coarse, fine = (depth * errors(run, depth).gap for depth in (64, 128))
    assert 2 * fine - coarse == pytest.approx(limit_slope(run), rel=1e-3)
    with_steps = replace(run, steps=0)
    assert limit_slope(with_steps) == pytest.approx(0, abs=1e-12)


def test_the_lower_bounds_of_the_constants_are_attained_by_networks_within_m() -> None:
    p = constants.Constants.parse({"size": 16, "time": 1, "speed": 1, "reach": 2, "digits": 1, "constant": 1}).lift(FLOATS)
    m, first, k, mixed = (float(value) for value in constants._least_constants(p))
    q, width, rng = 4, 4, np.random.default_rng(0)
    unit = [vector / np.linalg.norm(vector) for vector in rng.standard_normal((3, 4))]
    v, w = m / 2 * np.outer(unit[0], unit[1]), m / 2 * np.outer(unit[1], unit[2])
    at_zero = v @ w / math.sqrt(q * width)
    assert np.linalg.norm(v) + np.linalg.norm(w) == pytest.approx(m)
    assert np.linalg.norm(at_zero, 2) == pytest.approx(first, rel=1e-12)
    h = math.exp(first) * m * 2 * unit[2]
    # At W = 0 the derivative in W along the rank-one matrix of these directions is that of V sigma'(0) dW h.
    by_w = m * np.outer(unit[0], unit[1]) @ np.outer(unit[1], unit[2]) @ h / math.sqrt(q * width)
    assert np.linalg.norm(by_w) == pytest.approx(k, rel=1e-12)
    both = np.outer(unit[0], unit[1]) @ (m * np.outer(unit[1], unit[2])) @ unit[2] / math.sqrt(q * width)
    assert np.linalg.norm(both) == pytest.approx(mixed, rel=1e-12)


def test_the_size_of_the_printed_constant_by_mpmath() -> None:
    with mp.workdps(40):
        root, m = mp.mpf(4), mp.mpf(8)
        k = mp.exp(m**2 / (4 * root)) * m**2 / root
        beta = 2 * k * mp.exp(k) * m * k * mp.exp(k) * m**2
        assert mp.log10(beta) > 760
        data = {"size": 16, "time": "1/1000000000000", "speed": 1, "reach": 1, "digits": 1, "constant": 1}
        lifted = constants.Constants.parse(data).lift(FLOATS)
        assert float(constants.log_beta(lifted)) == pytest.approx(float(mp.log(beta)), rel=1e-9)


def test_a_drawn_matrix_beyond_the_bound_is_seen_and_most_are_within() -> None:
    rng = np.random.default_rng(3)
    assert constants.stays_bounded(constants.Sizes(q=3, m=4), rng)
    assert not all(constants.stays_bounded(constants.Sizes(q=2, m=1), np.random.default_rng(seed)) for seed in range(150))
