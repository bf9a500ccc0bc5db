"""Appendix D: gradients by mpmath's differences, the two printed factors, and the trained networks."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest

from numerics.arithmetic import FLOATS
from numerics.comparison import Truth
from theory.marion2024.statements import appendix_d
from verification.evaluate import certified, check_at
from verification.measured import approach

TRAINING = {"x": 1, "target": "3/2", "w": 0, "alternating": 1, "time": 4}


def loss(x, target, weights):
    """Return the loss of the printed network, written out once more."""
    h = x
    for w in weights:
        h += max(mp.mpf(0), w * h) / len(weights)
    return (h - target * x) ** 2


def derivative(x, target, weights, k):
    def along(w):
        return loss(x, target, [*weights[:k], w, *weights[k + 1 :]])

    with mp.workdps(40):
        return mp.diff(along, weights[k])


def training(**changes):
    return appendix_d.Training.parse({**TRAINING, **changes}).lift(FLOATS)


@pytest.mark.parametrize("weights", [[-0.5, 0.5], [-0.25, 0.75, -0.25, 1.5], [0.5, -0.25, -1.0, 0.75]])
def test_backpropagation_gives_the_derivative_of_the_loss(weights) -> None:
    network = appendix_d.ScalarNetwork.parse({"x": 2, "target": 3, "weights": weights}).lift(FLOATS)
    found = appendix_d.gradient(network)
    for k in range(len(weights)):
        expected = derivative(mp.mpf(2), 3, [mp.mpf(w) for w in weights], k)
        assert float(found[k]) == pytest.approx(float(expected), rel=1e-10, abs=1e-12)
    doubled = appendix_d.loss_gradient(network, np.array(weights), appendix_d.relu)
    assert doubled == pytest.approx([len(weights) * float(value) for value in found], rel=1e-12)


def test_the_printed_flow_is_twice_the_gradient_flow_of_the_smallest_network() -> None:
    true = -derivative(mp.mpf(1), 2, [mp.mpf(-1) / 2, mp.mpf(1) / 2], 1)
    assert float(true) == pytest.approx(0.75)
    for statement in (appendix_d.step_3, appendix_d.step_4):
        found = check_at(statement, statement.erratum.counterexample)
        assert found.verdict is Truth.FALSE
        assert (float(found.comparison.left), float(found.comparison.right)) == (0.75, 1.5)


def test_the_printed_flow_is_right_exactly_when_the_input_is_the_depth() -> None:
    for x, truth in ((2, Truth.TRUE), (3, Truth.FALSE), (4, Truth.FALSE)):
        comparison = certified(appendix_d.step_3, appendix_d.ScalarNetwork.parse({**appendix_d.START, "x": x}))
        assert (comparison.truth is not Truth.FALSE) is (truth is Truth.TRUE)
    # At the speed of (4) the printed flow is right for x = 1.
    for x, agrees in ((1, True), (2, False)):
        p = appendix_d.ScalarNetwork.parse({**appendix_d.TWO, "x": x}).lift(FLOATS)
        assert (
            np.allclose(appendix_d.step_3_scaled.left(p).astype(float), 2 * x * appendix_d.even_flow(p).astype(float)) is agrees
        )


def test_the_odd_layers_stay_where_they_start_and_the_even_ones_reach_the_limit() -> None:
    half = 3
    weights = appendix_d.trained(training(time=16), half, appendix_d.relu, 512)
    limit = 2 * half * (1.5 ** (1 / half) - 1)
    assert weights[0::2] == pytest.approx([-1 / 6] * half, abs=0)
    assert weights[1::2] == pytest.approx([limit] * half, rel=1e-9)
    assert limit > 2 * math.log(1.5)


def test_an_input_of_zero_keeps_the_weights_smooth() -> None:
    assert appendix_d.final_gap(training(x=0), 4, appendix_d.relu) == 0.25


@pytest.mark.parametrize("activation", [appendix_d.relu, appendix_d.tanh, appendix_d.soft])
def test_the_training_does_not_depend_on_the_step(activation) -> None:
    coarse = appendix_d.trained(training(), 8, activation, 64)
    fine = appendix_d.trained(training(), 8, activation, 256)
    assert np.abs(coarse - fine).max() < 1e-6


@pytest.mark.parametrize("activation", [appendix_d.tanh, appendix_d.soft])
def test_the_slope_of_an_activation_is_its_derivative_and_it_vanishes_at_zero(activation) -> None:
    assert activation(0.0)[0] == 0
    for z in (-2.0, 0.3, 5.0):
        difference = (activation(z + 1e-5)[0] - activation(z - 1e-5)[0]) / 2e-5
        assert activation(z)[1] == pytest.approx(difference, rel=1e-7)


def test_the_gap_tends_to_twice_the_logarithm_with_relu_and_halves_with_the_depth_without() -> None:
    rough = approach(appendix_d.rough, appendix_d.Training.parse(appendix_d.rough.gallery[0]))
    assert rough.tends
    for statement in (appendix_d.smooth, appendix_d.unbounded):
        for data in statement.gallery:
            errors = approach(statement, statement.instance.parse(data)).errors
            assert errors[-2] / errors[-1] == pytest.approx(2, rel=0.03)
