"""Proposition 8 and the constant of Theorem 6 by other routes: matrix flows by scipy, sampled balls, mpmath, whole networks."""

from __future__ import annotations

import math
from dataclasses import replace

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from numerics.activations import one_minus_cos
from numerics.arithmetic import FLOATS, balls
from numerics.comparison import Truth
from numerics.residual_network import ResidualNetwork, Weights, initial_weights
from numerics.tangent_kernel import tangent_kernel
from theory.marion2024.statements import (
    proposition_8,
    proposition_8_flow,
    proposition_8_gap,
    proposition_8_norm,
    proposition_8_steps,
    remark_3,
    theorem_6_constants,
    theorem_6_literal,
)
from theory.marion2024.statements.proposition_5_sizes import Sizes
from theory.marion2024.statements.proposition_7_flow import distance
from theory.marion2024.statements.proposition_8_network import NearNetwork
from theory.marion2024.statements.proposition_8_training import Training, rate_22
from verification.evaluate import check_at

MIXED = {
    "bound": "1/10", "rate": 1, "a": "3/2", "b": "1/2", "cosine": "3/5", "columns": 2, "rows": 2, "z": ["1/2", "-1/4", 0],
    "x": "4/5", "end": "1/10", "share": "3/4",
}  # fmt: skip
BACK = {**MIXED, "end": "-1/20", "rows": 1, "columns": 1, "z": ["1/5"]}


class MatrixNetwork:
    """The network of a Training with all of its matrices: five states, the input along the first axis."""

    def __init__(self, p: Training) -> None:
        self.x = p.x * np.eye(p.columns)[0]
        self.A = np.eye(5, p.columns)
        self.A[:, 0] *= p.a
        self.B = np.zeros((p.rows, 5))
        self.B[0, [0, 4]] = p.b * p.cosine, p.b * math.sqrt(1 - p.cosine**2)
        self.B[1:, 3] = 1.0
        self.z = np.array(p.z, dtype=float)
        self.y = np.zeros(p.rows)
        self.y[0] = p.x * np.prod(p.steps(p.end)) * p.inner(p.end)

    def gradient(self, A, B, z):
        """Return the loss and its gradient in A, B and each z, times the depth for z."""
        depth = len(z)
        states = [A @ self.x]
        for value in z:
            states.append((1 + value / depth) * states[-1])
        residual = B @ states[-1] - self.y
        p, by_z = 2 * B.T @ residual, np.zeros(depth)
        for k in reversed(range(depth)):
            by_z[k] = p @ states[k]
            p = (1 + z[k] / depth) * p
        return residual @ residual, np.outer(p, self.x), 2 * np.outer(residual, states[-1]), by_z

    def flow(self, time):
        """Return A, B and z at a time."""
        cuts = (self.A.size, self.A.size + self.B.size)

        def unpacked(u):
            return u[: cuts[0]].reshape(self.A.shape), u[cuts[0] : cuts[1]].reshape(self.B.shape), u[cuts[1] :]

        start = np.concatenate([self.A.ravel(), self.B.ravel(), self.z])
        run = solve_ivp(
            lambda _t, u: -np.concatenate([np.ravel(part) for part in self.gradient(*unpacked(u))[1:]]),
            (0, float(time)), start, method="DOP853", rtol=1e-12, atol=1e-14,
        )  # fmt: skip
        return unpacked(run.y[:, -1])


@pytest.mark.parametrize("data", [MIXED, BACK, proposition_8_flow.SCALAR])
def test_the_closed_forms_are_the_flow_of_the_whole_network_at_their_time(data) -> None:
    p = Training.parse(data).lift(FLOATS)
    network = MatrixNetwork(p)
    A, B, z = network.flow(p.time)
    loss, by_a, by_b, by_z = network.gradient(A, B, z)
    close = {"rel": 1e-8, "abs": 1e-11}
    assert loss == pytest.approx(p.size(p.now) ** 2, rel=1e-6, abs=0)
    assert network.gradient(network.A, network.B, network.z)[0] == pytest.approx(p.start_size**2, rel=1e-10, abs=0)
    first, last, layers = p.speeds(p.now)
    assert (np.linalg.norm(by_a), np.linalg.norm(by_b)) == pytest.approx((first, last), **close)
    assert np.abs(by_z) == pytest.approx(np.array(layers), **close)
    assert np.sum(by_a**2) + np.sum(by_b**2) + np.mean(by_z**2) == pytest.approx(p.slope(p.now) * loss, rel=1e-7, abs=0)
    first, last, layers = p.moves(p.now, 0.0)
    assert (np.linalg.norm(A - network.A), np.linalg.norm(B - network.B)) == pytest.approx((first, last), **close)
    assert np.abs(z - network.z) == pytest.approx(np.array(layers), **close)
    assert np.abs(np.diff(z)) == pytest.approx(np.array(p.gaps(p.now)), **close)
    norms = [np.linalg.norm(A, 2), np.linalg.norm(B, 2), *np.abs(z)]
    assert np.array(norms) == pytest.approx(np.asarray(proposition_8._operator(p), dtype=float), **close)
    frobenius = np.asarray(proposition_8._frobenius(p)[:2], dtype=float)
    assert (np.linalg.norm(A), np.linalg.norm(B)) == pytest.approx(tuple(frobenius), **close)


def test_the_rest_of_the_way_is_the_distance_from_where_the_flow_ends() -> None:
    p = Training.parse(BACK).lift(FLOATS)
    network = MatrixNetwork(p)
    A, B, z = network.flow(p.time)
    far = network.flow(40.0)
    found = [np.linalg.norm(A - far[0]), np.linalg.norm(B - far[1]), *np.abs(z - far[2])]
    assert np.array(found) == pytest.approx(np.concatenate(proposition_8_flow.rests(p)), rel=1e-7, abs=0)


def test_balls_enclose_the_time_that_a_quadrature_of_forty_digits_finds() -> None:
    with mp.workdps(40):
        a, b, c, x, end, z = mp.mpf(3) / 2, mp.mpf(1) / 2, mp.mpf(3) / 5, mp.mpf(4) / 5, -mp.mpf(1) / 20, mp.mpf(1) / 5
        half = (a**2 + b**2) / 2

        def inner(t):
            return a * b * c * mp.cosh(2 * t) + half * mp.sinh(2 * t)

        def step(t):
            return mp.sqrt((1 + z) ** 2 + a * b * c * mp.sinh(2 * t) + half * (mp.cosh(2 * t) - 1))

        def density(t):
            return -1 / (2 * step(t) * x * x * (step(t) * inner(t) - step(end) * inner(end)))

        time = mp.quad(density, [0, end / 2, 3 * end / 4])
        with balls(96) as arithmetic:
            p = Training.parse(BACK).lift(arithmetic)
            assert p.time.overlaps(type(p.time)(mp.nstr(time, 40)))
            assert float(p.time.rad()) < 1e-11 * float(p.time)


def ball_point(source, shape, radius):
    """Return a point of a ball, on its sphere every other time."""
    step = source.standard_normal(shape)
    return radius * step / np.linalg.norm(step) * source.choice([1.0, source.uniform()])


@pytest.mark.parametrize("data", [proposition_8_flow.PRINTED, proposition_8_flow.SCALAR, MIXED, proposition_8.TALL])
def test_the_local_condition_holds_at_sampled_points_of_the_ball_and_nearly_fails_at_a_corner(data) -> None:
    p, source, smallest = Training.parse(data).lift(FLOATS), np.random.default_rng(0), math.inf
    network = MatrixNetwork(p)
    for _ in range(400):
        A = network.A + ball_point(source, network.A.shape, p.bound)
        B = network.B + ball_point(source, network.B.shape, p.bound)
        z = network.z + p.bound * source.choice([-1.0, 1.0, source.uniform(-1, 1)], size=len(network.z))
        network.y = source.standard_normal(len(network.B)) * 10
        loss, by_a, by_b, by_z = network.gradient(A, B, z)
        smallest = min(smallest, (np.sum(by_a**2) + np.sum(by_b**2) + np.mean(by_z**2)) / loss)
    assert smallest >= p.least_slope
    if p.rows == 1:
        assert replace(p, bound=0.0).least_slope == pytest.approx(p.slope(0.0), rel=1e-12)
        shrunk = 1 - p.bound / p.a, 1 - p.bound / p.b
        loss, *parts = network.gradient(network.A * shrunk[0], network.B * shrunk[1], network.z - p.bound)
        corner = (np.sum(parts[0] ** 2) + np.sum(parts[1] ** 2) + np.mean(parts[2] ** 2)) / loss
        assert 1 - 1e-12 <= corner / p.least_slope <= 1.05


def test_the_refuted_displays_fail_where_the_local_condition_and_the_rate_are_as_printed() -> None:
    for statement in (proposition_8.part_i, proposition_8_norm.reading_sum):
        found = check_at(statement, statement.erratum.counterexample)
        assert [truth for _, _, truth in found.hypotheses] == [Truth.TRUE] * 3
        assert found.verdict is Truth.FALSE
    assert check_at(proposition_8_steps.step_3, proposition_8_steps.AT_START).verdict is Truth.FALSE
    # The network of step 3 is one with an explicit flow, so that its local condition is known.
    p = NearNetwork.parse(proposition_8_steps.AT_START).lift(FLOATS)
    same = Training.parse({**proposition_8_flow.PRINTED, "columns": 1, "cosine": 1, "z": [0, 0]}).lift(FLOATS)
    assert (p.k, p.m_a, p.m_b) == pytest.approx((same.k, same.m_a, same.m_b), rel=1e-14)
    assert rate_22(same.three, p.k, 0.1, float(p.root_loss)) < same.least_slope
    assert float(p.root_loss) == pytest.approx(0.01)


def stopping(s):
    """Return Z^init of the network of step 11: 0 up to depth 1/2, then falling to -2 I."""
    return -max(0.0, 4 * (s - 0.5)) * np.eye(2)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 16])
def test_the_network_of_step_11_satisfies_the_local_condition_with_the_printed_rate_at_every_depth(depth) -> None:
    p = NearNetwork.parse(proposition_8_steps.STOPPED).lift(FLOATS)
    needed = rate_22((p.m_b * p.k, p.m_b * p.m_x, p.m_a * p.m_x), p.k, p.bound, p.root_loss)
    source = np.random.default_rng(depth)
    start = [stopping((k + 1) / depth) for k in range(depth)]
    for trial in range(60):
        radius = p.bound * (trial > 0)
        h = [np.array([1.0, 0.0]) + ball_point(source, 2, radius)]
        z = [layer + ball_point(source, (2, 2), radius) for layer in start]
        for layer in z:
            h.append(h[-1] + layer @ h[-1] / depth)
        backward, square = 2 * (np.array([0.0, 1.0]) + ball_point(source, 2, radius)), 4 * h[-1] @ h[-1]
        if trial == 0:
            assert abs(backward @ h[-1]) < 1e-15
        for k in reversed(range(depth)):
            square += np.sum(np.outer(backward, h[k]) ** 2) / depth
            backward = backward + z[k].T @ backward / depth
        assert square + backward @ backward > needed
    found = check_at(proposition_8_steps.step_11, proposition_8_steps.STOPPED)
    assert found.verdict is Truth.FALSE


@pytest.mark.parametrize("depth", [1, 4])
def test_the_shear_has_the_stated_slopes_in_both_norms_at_every_depth(depth) -> None:
    p = replace(proposition_8_norm.Shear.parse(proposition_8_norm.EQUAL).lift(FLOATS), v=1.5, b=0.7)

    def loss(u):
        h = p.x * u[2:4]
        for k in range(depth):
            v, w = u[4 + 2 * k : 6 + 2 * k]
            h = h + v * w / depth * np.array([0.0, h[0]])
        return (u[:2] @ h - (p.a * p.b * p.x * p.v * p.w - 0.5)) ** 2

    at, step = np.array([0.0, p.b, p.a, 0.0, *(depth * [p.v, p.w])]), 1e-6
    gradient = np.array([(loss(at + e) - loss(at - e)) / (2 * step) for e in step * np.eye(len(at))])
    layers = np.abs(gradient[4:].reshape(depth, 2))
    ends = np.sum(gradient[:4] ** 2)
    assert ends + depth * np.sum(layers**2) == pytest.approx(p.slope * 0.25, rel=1e-7)
    summed = ends + depth * np.sum(layers.sum(axis=1) ** 2)
    assert replace(p, bound=0.0).least_sum * 0.25 == pytest.approx(summed, rel=1e-7)


def test_the_condition_with_sums_of_norms_holds_at_sampled_points_of_its_ball() -> None:
    p, source = (
        proposition_8_norm.Shear.parse({**proposition_8_norm.EQUAL, "bound": "1/5"}).lift(FLOATS),
        np.random.default_rng(1),
    )
    for _ in range(300):
        B = np.array([0.0, p.b]) + ball_point(source, 2, p.bound)
        A = np.array([p.a, 0.0]) + ball_point(source, 2, p.bound)
        share = source.uniform(-1, 1)
        v, w = p.v + p.bound * share, p.w - p.bound * (1 - abs(share)) * source.choice([-1, 1])
        last, first = np.array([A[0], A[1] + v * w * A[0]]), np.array([B[0] + v * w * B[1], B[1]])
        assert 4 * (last @ last + first @ first + (B[1] * A[0] * (v + w)) ** 2) >= p.least_sum


@pytest.mark.parametrize("data", [proposition_8_gap.CROSSING, proposition_8_gap.BRIEF, {**proposition_8_gap.TIGHT, "t": "1/2"}])
def test_the_gap_with_a_decaying_kernel_is_the_solution_of_its_equation(data) -> None:
    p = proposition_8_gap.DecayingGap.parse(data).lift(FLOATS)
    run = solve_ivp(lambda t, u: (p.a * u + p.b) * p.size * np.exp(-p.mu * t / 2), (0, p.t), [p.start], rtol=1e-11, atol=1e-13)
    assert distance(p) == pytest.approx(run.y[0, -1], rel=1e-8)


def test_the_constant_of_theorem_6_is_the_loss_at_which_the_rate_of_proposition_8_is_that_of_proposition_5() -> None:
    with mp.workdps(40):
        c3, c4, n, q, a, k = mp.mpf("0.3"), mp.mpf("0.02"), 3, 5, mp.mpf("1.7"), mp.mpf("0.9")
        by_rate = (c4 / (n * mp.sqrt(n) * q) * c3 / mp.sqrt(n * q) / (8 * mp.exp(k) * a)) ** 2
        found = theorem_6_constants.log_largest_loss(0.3, 0.02, 0.9, 1.7, (3, 5))
        assert float(mp.log(by_rate)) == pytest.approx(float(found), rel=1e-14)
        with_b5 = (c4 / (n * mp.sqrt(n * q)) * c3 / mp.sqrt(n * q) / (8 * mp.exp(k) * a)) ** 2
        assert float(with_b5 / by_rate) == pytest.approx(q, rel=1e-14)


def derivatives(V, W, h, slope):
    """Return the norms of d_1 f and d_2 f of the layer of (3) with a sine of the given slope at 0."""
    m, q = W.shape
    u, root = W @ h / math.sqrt(q), math.sqrt(q * m)
    bent = V * (slope * np.cos(u))
    by_v = np.kron(np.eye(q), slope * np.sin(u)[None, :]) / math.sqrt(m)
    by_w = np.kron(bent, h[None, :]) / root
    return np.linalg.norm(bent @ W, 2) / root, np.linalg.norm(np.hstack([by_v, by_w]), 2)


def test_the_literal_suprema_are_attained_and_the_ball_around_the_start_has_smaller_ones() -> None:
    p = remark_3.Width.parse({**remark_3.FLAT, "m": 6, "amplitude": "1/2"}).lift(FLOATS)
    source, slope, m, q = np.random.default_rng(2), 0.5, 6, 2
    W = source.standard_normal((m, q))
    W *= math.sqrt(q * m) / np.linalg.norm(W)
    m_z, reach = math.sqrt(q * m) + p.reach, p.reach
    ends = np.zeros((q, m)), np.zeros((m, q))
    ends[0][0, 0] = ends[1][0, 0] = m_z / 2
    first = derivatives(*ends, np.zeros(q), slope)[0]
    assert first == pytest.approx(slope * m_z**2 / (4 * math.sqrt(q * m)), rel=1e-12)
    state = np.eye(q)[0] * math.exp(first) * p.states
    second = derivatives(2 * ends[0], np.zeros((m, q)), state, slope)[1]
    assert max(first, second) == pytest.approx(p.literal(m), rel=1e-12)
    # The bound on the ball is attained by matrices of rank one along the same axes, at small states.
    scale, small = math.sqrt(q * m) + reach, 1e-5
    aligned = derivatives(2 * reach / m_z * ends[0], 2 * scale / m_z * ends[1], small * np.eye(q)[0], slope)
    assert p.local(m) == pytest.approx(math.exp(aligned[0]) * p.states * aligned[1] / small, rel=1e-8)
    for _ in range(200):
        V, near = ball_point(source, (q, m), reach), W + ball_point(source, (m, q), reach)
        h = ball_point(source, q, math.exp(slope * reach * (math.sqrt(2) + reach)) * p.states)
        assert max(derivatives(V, near, h, slope)) <= p.local(m) <= p.without_m


@pytest.mark.parametrize("depth", [1, 5])
def test_the_printed_start_is_the_zero_function_exactly_when_the_inputs_do_not_reach_the_last_states(depth) -> None:
    network, source = ResidualNetwork(activation=one_minus_cos()), np.random.default_rng(3)
    x = source.standard_normal((4, 2))
    for q, zero in ((3, True), (2, False)):
        weights = initial_weights(source, depth=depth, d=2, q=q, m=5, d_out=1)
        assert np.all(network.forward(weights, x).output == 0) == zero


def test_frozen_features_give_the_gradient_and_the_kernel_of_the_whole_admissible_network() -> None:
    p = Sizes.parse(theorem_6_literal.FLAT).lift(FLOATS)
    problem = theorem_6_literal.LiteralTraining(p, np.random.default_rng(4))
    at = problem.path((0.01,))[0]
    network = ResidualNetwork(activation=one_minus_cos(1 / 1024))
    outer = at.p @ problem.features.T / math.sqrt(p.m)
    weights = Weights(
        A=problem.start_a + at.a,
        V=np.broadcast_to(outer, (p.depth, *outer.shape)).copy(),
        W=np.broadcast_to(problem.inner, (p.depth, *problem.inner.shape)).copy(),
        B=problem.start_b + at.b,
    )
    gradient, speed = network.gradient(weights, problem.x.T, problem.y.T), problem.speed(at)
    assert gradient.loss == pytest.approx(problem.loss(at), rel=1e-9, abs=0)
    assert np.allclose(gradient.A, -speed.a, rtol=1e-9, atol=1e-9 * np.abs(speed.a).max())
    assert np.allclose(gradient.B, -speed.b, rtol=1e-9, atol=1e-9 * np.abs(speed.b).max())
    by_outer = -speed.p @ problem.features.T / math.sqrt(p.m)
    assert np.allclose(gradient.V[1], by_outer, rtol=1e-9, atol=1e-9 * np.abs(by_outer).max())
    layer = math.sqrt(np.trace(at.p @ problem.gram @ at.p.T))
    assert np.linalg.norm(outer) == pytest.approx(layer, rel=1e-9, abs=0)
    assert layer <= problem.move(at) < 1e-10 * problem.reach
    assert problem.smallest_slope(at) == pytest.approx(tangent_kernel(network, weights, problem.x.T).smallest_slope(), rel=1e-9)


def test_the_flow_of_the_admissible_network_reaches_its_targets_within_a_tiny_part_of_the_ball() -> None:
    p = Sizes.parse(theorem_6_literal.FLAT).lift(FLOATS)
    problem = theorem_6_literal.LiteralTraining(p, np.random.default_rng(5))
    start = float(np.sum(problem.y**2)) / p.n
    assert start == pytest.approx(problem.largest_loss, rel=1e-12, abs=0)
    end = problem.path()[-1]
    assert problem.loss(end) < 1e-9 * start
    assert problem.move(end) < 1e-12 * problem.reach
    assert problem.smallest_slope(end) > 1e10 * problem.rate
