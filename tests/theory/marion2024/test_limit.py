"""Training at infinite depth: closed forms, the adjoint's sign, deep networks by extrapolation, energy and symmetry."""

import dataclasses
import math

import numpy as np
import pytest

from numerics.activations import ACTIVATIONS
from numerics.chebyshev import chebyshev_grid
from numerics.statistics import log_log_slope, richardson
from theory.marion2024.limit import (
    LimitProblem,
    LimitState,
    hard_clip,
    initial_limit,
    limit_descent,
    limit_flow,
    limit_pass,
    limit_steps,
    sample_layers,
    smooth_clip,
)
from theory.statement import InputError

PARTS = ("V", "W", "A", "B")
END, NODES_IN_TIME = 0.5, 25


def problem(activation="tanh", **settings):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 2))
    x *= 2 / np.linalg.norm(x, axis=1, keepdims=True)
    settings = {"q": 4, "m": 6, **settings}
    return LimitProblem(x=x, y=rng.standard_normal((4, 2)), activation=ACTIVATIONS[activation], **settings)


def start(of, nodes=16):
    return initial_limit(of, rng=np.random.default_rng(1), nodes=nodes)


def smooth_state(of, nodes=16):
    """Weights that depend on s, of order 1."""
    rng = np.random.default_rng(2)
    s = chebyshev_grid(nodes).nodes[:, None, None]
    v0, v1 = rng.standard_normal((2, of.q, of.m))
    w0, w1 = rng.standard_normal((2, of.m, of.q))
    first = start(of, nodes)
    return dataclasses.replace(first, V=v0 + v1 * np.sin(s), W=w0 * np.exp(-s) + w1 * s, B=first.B + 0.3 * first.B[:, ::-1])


def gap(left, right):
    return max(float(np.abs(getattr(left, part) - getattr(right, part)).max()) for part in PARTS)


# The forward and the adjoint equation


def test_the_start_is_weight_tied_and_does_not_depend_on_the_nodes():
    first, again = start(problem(), 8), start(problem(), 13)
    assert np.all(first.V == 0)
    assert np.all(first.W[0] == first.W)
    np.testing.assert_array_equal(first.W[0], again.W[0])
    np.testing.assert_array_equal(first.A, [[1, 0], [0, 1], [0, 0], [0, 0]])
    np.testing.assert_array_equal(first.B, [[0, 0, 1, 0], [0, 0, 0, 1]])


def test_a_scalar_linear_network_has_the_states_of_its_closed_form():
    scalar = LimitProblem(x=[[1.5]], y=[[0.5]], q=1, m=1, activation=ACTIVATIONS["identity"])
    s = chebyshev_grid(20).nodes
    state = LimitState(V=(1 + s)[:, None, None], W=np.cos(s)[:, None, None], A=np.array([[0.8]]), B=np.array([[1.2]]))
    done = limit_pass(scalar, state)
    growth = (1 + s) * np.sin(s) + np.cos(s) - 1
    hidden = 1.2 * np.exp(growth)
    error = 1.2 * hidden[-1] - 0.5
    np.testing.assert_allclose(done.hidden[:, 0, 0], hidden, rtol=1e-14)
    np.testing.assert_allclose(done.adjoint[:, 0, 0], 2.4 * error * np.exp(growth[-1] - growth), rtol=1e-14)
    # H P does not depend on s, and the speed of V is -W H P.
    np.testing.assert_allclose(done.speed.V[:, 0, 0], -np.cos(s) * 2.4 * error * hidden[-1], rtol=1e-14)
    assert done.loss == pytest.approx(error**2, rel=1e-14)


def test_twenty_nodes_solve_both_equations_to_1e_minus_12_for_weights_that_vary_with_s():
    of = problem()
    reference = limit_pass(of, smooth_state(of, 48))
    for nodes, allowed in ((12, 1e-7), (20, 1e-12), (24, 1e-14)):
        done = limit_pass(of, smooth_state(of, nodes))
        rows = chebyshev_grid(48).interpolation(chebyshev_grid(nodes).nodes)
        for found, exact in ((done.hidden, reference.hidden), (done.adjoint, reference.adjoint)):
            exact_there = np.tensordot(rows, exact, 1)
            assert np.abs(found - exact_there).max() < allowed * np.abs(exact).max()
            assert np.abs(found - exact_there).max() < 10 * max(done.unresolved, 1e-15) * np.abs(exact).max()


def jacobians(of, state, hidden, i):
    """Return the derivative of f in h along the states of one sample, shape (N, q, q)."""
    inner = np.einsum("kmq,kq->km", state.W, hidden[:, i]) / math.sqrt(of.q)
    slopes = of.activation.first(inner)
    return np.einsum("kqm,km,kmr->kqr", state.V, slopes, state.W) / math.sqrt(of.q * of.m)


def adjoint_by_elimination(of, state, done, i, sign, transposed):
    """Solve P' = sign J P, or with the transpose, P(1) given, by one dense linear system."""
    grid, q = state.grid, of.q
    matrices = jacobians(of, state, done.hidden, i)
    matrices = matrices.transpose(0, 2, 1) if transposed else matrices
    # P(s) = P(1) - integral from s to 1 of sign J P.
    system = np.eye(len(grid.nodes) * q) + sign * np.einsum("jk,kab->jakb", grid.from_right, matrices).reshape(
        len(grid.nodes) * q, -1
    )
    return np.linalg.solve(system, np.tile(done.adjoint[-1, i], len(grid.nodes))).reshape(-1, q)


def test_the_adjoint_has_a_minus_and_a_transpose_where_the_paper_prints_neither():
    of = dataclasses.replace(problem(), x=problem().x[:1], y=problem().y[:1])
    state, step = smooth_state(of), 1e-3
    done = limit_pass(of, state)

    def loss(move):
        # Starting the states elsewhere is moving A along x.
        moved = dataclasses.replace(state, A=state.A + np.outer(move, of.x[0]) / (of.x[0] @ of.x[0]))
        return limit_pass(of, moved).loss

    def slope(k):
        unit = np.eye(of.q)[k]
        central = [(loss(h * unit) - loss(-h * unit)) / (2 * h) for h in (8 * step, 4 * step, 2 * step, step)]
        return richardson(central, 2, [2, 4, 6])[0]

    gradient = np.array([slope(k) for k in range(of.q)])
    size = np.abs(gradient).max()
    assert np.abs(done.adjoint[0, 0] - gradient).max() < 1e-10 * size
    right = adjoint_by_elimination(of, state, done, 0, -1.0, True)
    assert np.abs(right - done.adjoint[:, 0]).max() < 1e-12 * size
    # As printed: + and no transpose; and with either of the two repaired alone.
    for sign, transposed in ((1.0, False), (1.0, True), (-1.0, False)):
        wrong = adjoint_by_elimination(of, state, done, 0, sign, transposed)
        assert np.abs(wrong[0] - gradient).max() > 0.1 * size


def test_speeds_are_minus_the_gradient_of_the_loss():
    of = problem("gelu")
    state = smooth_state(of)
    speed = limit_pass(of, state).speed
    grid, rng = state.grid, np.random.default_rng(3)
    for part in PARTS:
        value = getattr(state, part)
        direction = rng.standard_normal(value.shape[-2:])
        if part in "VW":
            direction = np.cos(2 * grid.nodes)[:, None, None] * direction
            expected = -float(grid.weights @ np.sum(getattr(speed, part) * direction, axis=(1, 2)))
        else:
            expected = -float(np.sum(getattr(speed, part) * direction))

        def central(h, part=part, value=value, direction=direction):
            ends = [limit_pass(of, dataclasses.replace(state, **{part: value + e * direction})).loss for e in (h, -h)]
            return (ends[0] - ends[1]) / (2 * h)

        found, _ = richardson([central(8e-3 / 2**k) for k in range(4)], 2, [2, 4, 6])
        assert found == pytest.approx(expected, rel=1e-9)


# Training


@pytest.fixture(scope="module")
def flow():
    pytest.importorskip("torchdiffeq")
    times = END * chebyshev_grid(NODES_IN_TIME).nodes
    return limit_flow(problem(), start(problem()), times)


def test_the_flow_does_not_change_when_the_nodes_are_doubled(flow):
    assert flow.discrepancy < 1e-11
    times = [0.0, END]
    twelve, doubled = (limit_flow(problem(), start(problem(), nodes), times).states[-1] for nodes in (12, 24))
    assert gap(twelve.on_grid(12), doubled.on_grid(12)) < 1e-11
    assert gap(flow.states[-1].on_grid(12), doubled.on_grid(12)) < 1e-11


def test_the_loss_falls_by_the_integral_of_the_squared_speed(flow):
    squares = np.array([limit_pass(problem(), state).speed.squared_norm for state in flow.states])
    fall = flow.losses[0] - flow.losses[-1]
    assert fall > 0.1
    assert abs(fall - END * chebyshev_grid(NODES_IN_TIME).weights @ squares) < 1e-11
    # At each time, by spectral differentiation.
    slopes = chebyshev_grid(NODES_IN_TIME).derivative @ flow.losses / END
    np.testing.assert_allclose(slopes, -squares, rtol=0, atol=1e-9)


def test_the_distance_travelled_is_at_most_the_root_of_time_times_loss_so_that_the_flow_cannot_blow_up(flow):
    first = flow.states[0]
    for time, state in zip(flow.times, flow.states, strict=True):
        moved = LimitState(**{part: getattr(state, part) - getattr(first, part) for part in PARTS})
        assert math.sqrt(moved.squared_norm) <= math.sqrt(time * flow.losses[0]) + 1e-15


def test_gradient_descent_tends_to_the_flow_as_its_rate_vanishes(flow):
    runs = [limit_descent(problem(), start(problem()), rate=END / n, steps=n, every=n) for n in (32, 64, 128, 256, 512)]
    assert [len(run.states) for run in runs] == [2] * 5
    losses = [run.losses[-1] for run in runs]
    assert log_log_slope([128, 256, 512], np.abs(np.array(losses[2:]) - flow.losses[-1])).slope == pytest.approx(-1, abs=0.05)
    assert richardson(losses, 2, [1, 2, 3, 4])[0] == pytest.approx(flow.losses[-1], abs=1e-10)


def resnet_descent(of, first, depth, rate, steps):
    """Train the residual network (3) by loops over its layers: the definition, with no code of the program."""
    v, w = (layers.copy() for layers in sample_layers(first, depth))
    a, b, n = first.A.copy(), first.B.copy(), len(of.x)
    root_q, root_m = math.sqrt(of.q), math.sqrt(of.m)
    for _ in range(steps):
        h, inner = [of.x @ a.T], []
        for k in range(depth):
            inner.append(h[-1] @ w[k].T / root_q)
            h.append(h[-1] + np.tanh(inner[-1]) @ v[k].T / (depth * root_m))
        error = h[-1] @ b.T - of.y
        p = 2 * error @ b
        grad_b = 2 * error.T @ h[-1] / n
        for k in reversed(range(depth)):
            active = np.tanh(inner[k])
            back = (1 - active**2) * (p @ v[k])
            # depth times the gradient of the loss in the layer.
            grad_v, grad_w = p.T @ active / (n * root_m), back.T @ h[k] / (n * root_q * root_m)
            p = p + back @ w[k] / (depth * root_q * root_m)
            v[k] -= rate * grad_v
            w[k] -= rate * grad_w
        a, b = a - rate * p.T @ of.x / n, b - rate * grad_b
    final = of.x @ a.T
    for k in range(depth):
        final = final + np.tanh(final @ w[k].T / root_q) @ v[k].T / (depth * root_m)
    return v, w, a, b, float(np.sum((final @ b.T - of.y) ** 2)) / n


@pytest.mark.parametrize(("first", "allowed"), [(start, 1e-13), (smooth_state, 1e-11)], ids=["tied", "of order 1"])
def test_deep_networks_extrapolate_to_the_limit_with_errors_like_1_over_depth(first, allowed):
    of, rate, steps = problem(), 0.1, 8
    limit = limit_descent(of, first(of, 28), rate=rate, steps=steps)
    depths = [64, 128, 256, 512, 1024]
    runs = [resnet_descent(of, first(of, 28), depth, rate, steps) for depth in depths]

    def extrapolates(deep, exact):
        errors = [float(np.abs(each - exact).max()) for each in deep]
        constants = np.array(depths) * errors
        assert constants[-1] == pytest.approx(constants[-2], rel=0.02)
        assert log_log_slope(depths, errors).slope == pytest.approx(-1, abs=0.05)
        for index in np.ndindex(np.shape(exact)):
            value, _ = richardson([float(each[index]) for each in deep], 2, [1, 2, 3, 4])
            assert abs(value - exact[index]) < allowed
        return constants[-1]

    last = limit.states[-1]
    for part, (name, layers) in enumerate(zip("VW", sample_layers(last, 4), strict=True)):
        for k in (1, 2, 4):
            constant = extrapolates(
                [run[part][k * depth // 4 - 1] for run, depth in zip(runs, depths, strict=True)], layers[k - 1]
            )
            assert first is start or constant > 1e-2, name
    extrapolates([run[2] for run in runs], last.A)
    extrapolates([run[3] for run in runs], last.B)
    extrapolates([np.array(run[4]) for run in runs], np.array(limit.losses[-1]))


def test_permuting_hidden_units_permutes_training():
    of, order = problem(), np.array([3, 1, 5, 0, 2, 4])
    first = smooth_state(of)
    turned = dataclasses.replace(first, V=first.V[:, :, order], W=first.W[:, order])
    here, there = (limit_descent(of, state, rate=0.05, steps=20).states[-1] for state in (first, turned))
    permuted = dataclasses.replace(here, V=here.V[:, :, order], W=here.W[:, order])
    assert gap(permuted, there) < 1e-13
    assert gap(here, there) > 1e-2


# Clipping, freezing, refusals


@pytest.mark.parametrize("clip", [hard_clip, smooth_clip])
def test_clipped_speeds_stay_below_the_bound_and_keep_their_direction(clip):
    free = limit_pass(problem(), smooth_state(problem())).speed
    bound = 0.05
    speed = limit_pass(problem(clip=clip(bound)), smooth_state(problem())).speed
    layers = np.sqrt(np.sum(speed.V**2, axis=(1, 2)) + np.sum(speed.W**2, axis=(1, 2)))
    assert max(layers.max(), np.linalg.norm(speed.A), np.linalg.norm(speed.B)) <= bound * (1 + 1e-15)
    cosine = np.sum(speed.A * free.A) / np.linalg.norm(speed.A) / np.linalg.norm(free.A)
    assert cosine == pytest.approx(1, abs=1e-14)


def test_a_bound_that_is_never_reached_changes_nothing():
    free = limit_descent(problem(), start(problem()), rate=0.1, steps=5).states[-1]
    clipped = limit_descent(problem(clip=hard_clip(1e3)), start(problem()), rate=0.1, steps=5).states[-1]
    assert gap(free, clipped) == 0


def test_the_smoothly_clipped_flow_is_resolved_and_its_weights_grow_at_most_like_the_bound():
    pytest.importorskip("torchdiffeq")
    of, bound = problem(clip=smooth_clip(0.3)), 0.3
    runs = [limit_flow(of, start(of, nodes), [0.0, 1.0]) for nodes in (12, 24)]
    assert gap(runs[0].states[-1], runs[1].states[-1].on_grid(12)) < 1e-11
    assert np.linalg.norm(runs[0].states[-1].V, axis=(1, 2)).max() <= bound


@pytest.mark.parametrize("frozen", [{"A"}, {"B"}, {"A", "B"}])
def test_frozen_maps_do_not_move_and_the_others_do(frozen):
    of = problem(frozen=frozen)
    first = smooth_state(of)
    last = limit_descent(of, first, rate=0.1, steps=3).states[-1]
    for part in PARTS:
        moved = np.abs(getattr(last, part) - getattr(first, part)).max()
        assert moved == 0 if part in frozen else moved > 1e-3, part


def test_descent_keeps_what_it_is_asked_for_and_times_are_rate_times_step():
    run = limit_descent(problem(), start(problem()), rate=0.1, steps=7, every=3)
    np.testing.assert_allclose(run.times, [0, 0.3, 0.6, 0.7], rtol=1e-15)
    iterates = limit_steps(problem(), start(problem()), rate=0.1)
    losses = [done.loss for (_, done), _ in zip(iterates, range(8), strict=False)]
    assert [losses[k] for k in (0, 3, 6, 7)] == run.losses.tolist()


def test_a_hard_clip_that_bites_at_some_depths_only_leaves_a_kink_which_the_tail_shows():
    free = limit_pass(problem(), smooth_state(problem(), 32))
    speeds = np.sqrt(np.sum(free.speed.V**2, axis=(1, 2)) + np.sum(free.speed.W**2, axis=(1, 2)))
    middle = float(np.median(speeds))
    assert free.unresolved < 1e-14
    assert limit_pass(problem(clip=hard_clip(middle)), smooth_state(problem(), 32)).unresolved > 1e-6
    assert limit_pass(problem(clip=smooth_clip(middle)), smooth_state(problem(), 32)).unresolved < 1e-9


def test_a_rate_that_is_too_large_is_named_with_the_step():
    with pytest.raises(InputError, match=r"after \d+ steps of size 50.0: "):
        limit_descent(problem("identity"), smooth_state(problem()), rate=50.0, steps=100)


def test_problems_that_are_none_are_refused_by_name():
    with pytest.raises(InputError, match=r"q = 1, m = 6: q >= max\(d, d'\) = 2"):
        problem(q=1)
    with pytest.raises(InputError, match="only A and B"):
        problem(frozen={"W"})
    with pytest.raises(InputError, match="not n inputs and n targets"):
        LimitProblem(x=[[1.0]], y=[[1.0], [2.0]], q=1, m=1, activation=ACTIVATIONS["tanh"])
    with pytest.raises(InputError, match="must be finite"):
        LimitProblem(x=[[math.nan]], y=[[1.0]], q=1, m=1, activation=ACTIVATIONS["tanh"])
    with pytest.raises(InputError, match="rate = 0"):
        limit_descent(problem(), start(problem()), rate=0, steps=1)
