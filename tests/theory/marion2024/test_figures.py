"""The captions of Figures 1 and 2: training that statements measure, against plain loops and known cases."""

from __future__ import annotations

import math

import numpy as np
import pytest

from numerics.residual_kernel import layer_gradient
from numerics.residual_network import Weights
from theory.marion2024.experiments import FIGURE_1, FIGURE_2
from theory.marion2024.statements.figure_1 import Descent, added_gaps, distance, largest_gap, trained
from theory.marion2024.statements.figure_2_training import SMOOTH, loss, smooth, train


def test_gaps_of_trained_layers_are_those_of_the_iterates_one_by_one() -> None:
    problem, depth, iterations = FIGURE_1.problem(), 8, 3
    v, w = np.zeros((depth, 16, 32)), np.broadcast_to(FIGURE_1.start(), (depth, 32, 16)).copy()
    largest, squares = 0.0, np.zeros(2)
    for step in range(iterations + 1):
        real = v * FIGURE_1.units[0], w * FIGURE_1.units[1]
        norms = [np.linalg.norm(np.diff(part, axis=0).reshape(depth - 1, -1), axis=1) for part in real]
        largest = max(largest, float((norms[0] + norms[1]).max()))
        squares += [float((part**2).sum()) for part in norms]
        weights = Weights(A=np.eye(16), V=v, W=w, B=np.eye(16))
        found = layer_gradient("gelu", weights, problem.x, problem.y, compiled=False)(weights)
        if step < iterations:
            v, w = v - FIGURE_1.steps[0] * found.V, w - FIGURE_1.steps[1] * found.W
    p = Descent(seed=0, iterations=iterations)
    assert largest_gap(p, depth) == pytest.approx(largest, rel=1e-10)
    assert added_gaps(p, depth) == pytest.approx(math.sqrt(squares.max()), rel=1e-10)
    np.testing.assert_allclose(trained(0, iterations, depth)[1][0], v, rtol=1e-9, atol=1e-14)


def test_before_the_first_iteration_layers_are_equal_and_at_their_limit() -> None:
    p = Descent(seed=2, iterations=0)
    assert largest_gap(p, 8) == 0
    assert distance(p, 8) < 1e-12


UNIT = {"seed": 0, "iterations": 8, "depth": 16, "tied": True, "rate": 1}


def test_tied_layers_become_a_smooth_function_of_depth_and_scattered_ones_do_not() -> None:
    tied, scattered = train(UNIT), train({**UNIT, "tied": False})
    assert min(tied[name]["exponent"] for name in "VW") > SMOOTH > scattered["W"]["exponent"]
    assert all(reading.of([tied]) > 0 for reading in smooth.readings)
    assert any(reading.of([scattered]) < 0 for reading in smooth.readings)


def test_the_loss_starts_at_the_mean_square_of_target_minus_input_and_falls() -> None:
    problem, found = FIGURE_2.problem(), train(UNIT)
    assert found["losses"][0] == pytest.approx(float(np.mean((problem.x - problem.y) ** 2)), rel=1e-12)
    assert found["rises"] == 0
    assert all(reading.of([found]) > 0 for reading in loss.readings)


def test_a_run_that_diverges_has_no_numbers_and_counts_against_every_claim() -> None:
    found = train({**UNIT, "rate": 10_000})
    assert None in found["losses"]
    assert found["W"] is None
    assert not any(reading.of([found]) > 0 for reading in (*loss.readings, *smooth.readings))
