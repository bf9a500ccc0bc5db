"""Training to the end, its floors, and the constant of Definition 1: each by another route."""

from __future__ import annotations

import itertools
import math

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from numerics.activations import ACTIVATIONS
from numerics.arithmetic import FLOATS
from numerics.residual_network import ResidualNetwork, Weights
from numerics.tangent_kernel import tangent_kernel
from theory.marion2024.local_constant import _moved, _pulled_back, chain_bound, smallest_found
from theory.marion2024.long_training import (
    TIMES,
    LongRun,
    at_depth,
    data_of,
    kernel_of,
    network_of,
    start_of,
    train,
    train_limit,
)
from theory.marion2024.statements import definition_1, figure_2, theorem_6
from theory.marion2024.statements.proposition_5_network import NearStart
from theory.marion2024.training import NAMES

WIDE = LongRun.parse(theorem_6.WIDE)
NARROW = LongRun(seed=3, activation=NAMES.index("one_minus_cos"), n=3, d=6, q=8, m=40, duplicates=0)


def test_another_integrator_ends_at_the_same_weights() -> None:
    x, y, _ = data_of(WIDE)
    network, start = network_of(WIDE), start_of(WIDE, 4)
    shapes = [getattr(start, name).shape for name in "AVWB"]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]

    def unpacked(u):
        return Weights(**{
            name: part.reshape(shape) for name, part, shape in zip("AVWB", np.split(u, ends), shapes, strict=True)
        })

    def speed(_t, u):
        found = network.gradient(unpacked(u), x, y)
        return -np.concatenate([getattr(found, name).ravel() for name in "AVWB"])

    u = np.concatenate([getattr(start, name).ravel() for name in "AVWB"])
    path = solve_ivp(speed, (0, 2), u, method="RK45", rtol=1e-9, atol=1e-11)
    wanted = next(stage.weights for stage in train(WIDE, 4) if stage.t == 2.0)
    for name in "AVWB":
        np.testing.assert_allclose(getattr(unpacked(path.y[:, -1]), name), getattr(wanted, name), atol=1e-7)


def test_the_start_has_output_zero_and_the_loss_only_falls() -> None:
    x, y, _ = data_of(WIDE)
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), math.sqrt(WIDE.q), rtol=1e-14)
    stages = train(WIDE, 8)
    assert stages[0].loss == pytest.approx(float(np.sum(y**2)) / len(y), rel=1e-14)
    assert all(later.loss < earlier.loss for earlier, later in itertools.pairwise(stages[:4]))


def test_the_loss_decays_at_least_as_the_constant_along_the_way_promises() -> None:
    stages = train(WIDE, 8)
    slopes = [kernel_of(WIDE, stage.weights).smallest_slope() for stage in stages]
    for (before, after), pair in zip(itertools.pairwise(stages[:4]), itertools.pairwise(slopes[:4]), strict=True):
        assert math.log(before.loss / after.loss) >= min(pair) * (after.t - before.t) * 0.999


def test_no_training_goes_below_the_floors_and_the_floors_are_those_of_the_normal_equations() -> None:
    twice = LongRun.parse({**theorem_6.WIDE, "duplicates": 1})
    _, y, _ = data_of(twice)
    assert theorem_6.lonely_floor(twice) == pytest.approx(float((y[0, 0] - y[1, 0]) ** 2) / 2 / len(y), rel=1e-12)
    assert all(stage.loss >= theorem_6.lonely_floor(twice) * (1 - 1e-12) for stage in train(twice, 8))
    flat = LongRun.parse({**theorem_6.WIDE, "activation": NAMES.index("identity"), "n": 6})
    x, y, _ = data_of(flat)
    fitted = x @ np.linalg.solve(x.T @ x, x.T @ y)
    assert theorem_6.linear_floor(flat) == pytest.approx(float(np.sum((fitted - y) ** 2)) / 6, rel=1e-9)
    assert theorem_6.linear_floor(WIDE) == pytest.approx(0, abs=1e-20)


def test_the_limit_of_infinite_depth_interpolates_the_data_as_the_networks_do() -> None:
    x, y, _ = data_of(WIDE)
    weights = at_depth(train_limit(WIDE, (TIMES[-2],))[-1].weights, 2000)
    assert np.abs(network_of(WIDE).forward(weights, x).output - y).max() < 1e-4
    assert np.abs(network_of(WIDE).forward(train(WIDE, 8)[-1].weights, x).output - y).max() < 1e-8


def test_the_exact_kernel_is_that_of_the_numerical_one() -> None:
    p = NearStart.parse(definition_1.PLAIN).lift(FLOATS)
    weights = Weights(A=p.first, V=np.array(p.outer), W=np.array(p.inner), B=p.last)
    wanted = tangent_kernel(ResidualNetwork(activation=ACTIVATIONS["one_minus_cos"]), weights, p.inputs.T.copy())
    for part in "AVWB":
        np.testing.assert_allclose(definition_1.kernel(p, (part,)), getattr(wanted, part), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("radius", [0.003, 0.03])
def test_the_chain_stays_below_the_part_of_v_at_every_point_of_the_ball_that_is_tried(radius) -> None:
    start, x, network = start_of(NARROW, 4), data_of(NARROW)[0], network_of(NARROW)
    bound, rng = chain_bound(network, start, x, radius), np.random.default_rng(0)
    seen = [
        tangent_kernel(network, _pulled_back(_moved(start, 10 * radius, rng), start, radius), x).smallest_slope("V")
        for _ in range(40)
    ]
    assert 0 < bound < min(seen)
    assert smallest_found(network, start, x, radius, rng=rng, steps=10) < kernel_of(NARROW, start).smallest_slope()


def test_without_a_radius_the_chain_is_the_part_of_v_of_the_start() -> None:
    start, x, network = start_of(NARROW, 4), data_of(NARROW)[0], network_of(NARROW)
    assert chain_bound(network, start, x, 0.0) == pytest.approx(kernel_of(NARROW, start).smallest_slope("V"), rel=1e-12)


def test_the_constants_asked_of_figure_2_by_mpmath() -> None:
    with mp.workdps(40):
        slope = (1 + mp.erf(1)) / 2 + mp.exp(-1) / mp.sqrt(mp.pi)
        eta = mp.quad(lambda x: x * mp.ncdf(x) * (x * x - 1) / mp.sqrt(2) * mp.npdf(x), [-mp.inf, 0, mp.inf])
        c_1 = 2**10 * slope**2 * mp.exp(4 * mp.sqrt(2) * slope) / eta**2
        c_2 = 128 * slope**2 * mp.exp(2 * mp.sqrt(2) * slope) / eta
        wanted = [float(50 * c_1), float(c_2 * mp.sqrt(800)), 32.0]
    found = figure_2.asked(figure_2.Experiment.parse(figure_2.FIGURE_2).lift(FLOATS))
    assert [float(value) for value in found] == pytest.approx(wanted, rel=1e-12)
