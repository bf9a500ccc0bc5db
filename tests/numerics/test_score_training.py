"""Compiled training steps: the numbers of plain numpy, the gradient of the loss, and the same bytes however noise is drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import numerics.score_training as module
from numerics.score_training import Training, draw_batches, fused_steps, initial_parameters, network_values, plain_steps, train


def setting(dimension, width=60, batch=50, **changes):
    rng = np.random.default_rng(dimension)
    training = Training(
        sample=rng.standard_normal((20, dimension)),
        mu=0.95,
        sigma=0.3,
        output=1 / width,
        rate=0.1 * width / batch / dimension,
        batch=batch,
        **changes,
    )
    return training, initial_parameters(dimension, width, rng)


def sources():
    return np.random.default_rng(1), np.random.default_rng(2)


@pytest.mark.parametrize(("dimension", "batch"), [(1, 50), (1, 3), (1, 1), (1, 200), (3, 50), (10, 50)])
def test_fused_steps_are_the_plain_ones_to_1e_12_over_hundreds_of_steps(dimension, batch):
    training, start = setting(dimension, batch=batch)
    plain, fused = start.copy(), start.copy()
    drawn = draw_batches(training, 400, *sources())
    plain_steps(plain, *drawn, training.output, training.rate)
    fused_steps(fused, *drawn, training.output, training.rate)
    assert np.abs(plain - start).max() > 0.1
    np.testing.assert_allclose(fused, plain, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dimension", [1, 2])
def test_a_step_is_the_rate_times_the_difference_quotient_of_the_summed_loss(dimension):
    training, start = setting(dimension, width=5, batch=7)
    points, targets = draw_batches(training, 1, *sources())

    def loss(theta):
        return ((network_values(theta, points[0], training.output) + targets[0]) ** 2).sum()

    quotient, h = np.zeros_like(start), 1e-6
    for at in np.ndindex(*start.shape):
        move = np.zeros_like(start)
        move[at] = h
        quotient[at] = (loss(start + move) - loss(start - move)) / (2 * h)
    after = start.copy()
    fused_steps(after, points, targets, training.output, training.rate)
    np.testing.assert_allclose((start - after) / training.rate, quotient, atol=1e-7)


def test_equal_points_and_neurons_that_are_always_or_never_active_are_counted_right():
    training, start = setting(1, width=9, batch=6)
    start[:, :3] = [[1.0, 2.0, -1.0], [0.0, 0.0, -0.5], [1.0, -1.0, 9.0]]
    points = np.array([[[0.5], [0.5], [-1.0], [0.5], [-1.0], [2.0]]])
    targets = np.arange(6.0).reshape(1, 6, 1)
    plain, fused = start.copy(), start.copy()
    plain_steps(plain, points, targets, training.output, training.rate)
    fused_steps(fused, points, targets, training.output, training.rate)
    np.testing.assert_allclose(fused, plain, rtol=0, atol=1e-13)


@pytest.mark.parametrize(("dimension", "precision"), [(1, "float64"), (10, "float32")])
def test_the_length_of_the_blocks_of_noise_does_not_change_a_byte(dimension, precision, monkeypatch):
    training, start = setting(dimension, precision=precision)
    first = train(start, training, 130, np.random.SeedSequence(7))
    for block in (13, 64, 1000):
        monkeypatch.setattr(module, "BLOCK", block)
        assert train(start, training, 130, np.random.SeedSequence(7)).tobytes() == first.tobytes()


def test_a_step_in_single_precision_is_that_in_double_precision_to_its_digits():
    training, start = setting(10, precision="float32")
    single = train(start, training, 3, np.random.SeedSequence(3))
    points, targets = draw_batches(training, 3, *(np.random.default_rng(s) for s in np.random.SeedSequence(3).spawn(2)))
    double = start.copy()
    plain_steps(double, points.astype(float), targets.astype(float), training.output, training.rate)
    np.testing.assert_allclose(single, double, atol=2e-5)


def test_taking_every_point_some_times_balances_the_batch():
    training, _ = setting(2, batch=1)
    points, targets = draw_batches(replace(training, batch=0, copies=3), 4, *sources())
    assert points.shape == (4, 60, 2)
    centers = points - training.sigma**2 * targets
    np.testing.assert_allclose(
        centers, np.broadcast_to(training.mu * np.repeat(training.sample, 3, axis=0), centers.shape), atol=1e-12
    )


def test_a_rate_beyond_all_bounds_diverges_and_a_small_one_lowers_the_loss():
    training, start = setting(1)
    assert train(start, replace(training, rate=1e3 * training.rate), 2000, np.random.SeedSequence(0)) is None
    reached = train(start, training, 2000, np.random.SeedSequence(0))
    points, targets = draw_batches(training, 200, *sources())
    losses = [
        np.mean((network_values(t, points.reshape(-1, 1), training.output) + targets.reshape(-1, 1)) ** 2)
        for t in (start, reached)
    ]
    assert losses[1] < 0.9 * losses[0]
