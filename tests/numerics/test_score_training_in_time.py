"""Training in time: the steps of plain numpy, the gradient of the loss, what is drawn, the same bytes however it is drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import numerics.score_training as steps_module
import numerics.score_training_in_time as module
from numerics.score_training import fused_steps, initial_parameters, plain_steps
from numerics.score_training_in_time import TimeTraining, draw_timed_batches, predicted_noise, train_in_time


def setting(dimension, width=40, batch=30, **changes):
    rng = np.random.default_rng(dimension)
    times = np.linspace(0.1, 1, 5)
    scales = np.sqrt(-np.expm1(-2 * times))
    training = TimeTraining(
        sample=2 * rng.standard_normal((6, dimension)),
        times=times,
        chances=scales / scales.sum(),
        means=np.exp(-times),
        scales=scales,
        output=1 / width,
        rate=0.3 * width / batch / dimension,
        batch=batch,
        precision="float64",
    )
    return replace(training, **changes), initial_parameters(dimension, width, rng, extra=1)


def sources():
    return [np.random.default_rng(k) for k in (1, 2, 3)]


@pytest.mark.parametrize(("dimension", "batch"), [(1, 30), (2, 30), (2, 7), (3, 101), (1, 6)])
def test_fused_steps_are_the_plain_ones_with_an_input_more_than_outputs(dimension, batch):
    training, start = setting(dimension, batch=batch)
    drawn = draw_timed_batches(training, 40, *sources())
    plain, fused = start.copy(), start.copy()
    plain_steps(plain, *drawn, training.output, training.rate)
    fused_steps(fused, *drawn, training.output, training.rate)
    assert np.abs(plain - start).max() > 0.1
    np.testing.assert_allclose(fused, plain, rtol=0, atol=1e-12)


def test_a_batch_larger_than_a_piece_is_summed_over_its_pieces():
    training, start = setting(2, width=5, batch=2 * steps_module.ROWS + 3)
    drawn = draw_timed_batches(training, 3, *sources())
    plain, fused = start.copy(), start.copy()
    plain_steps(plain, *drawn, training.output, training.rate)
    fused_steps(fused, *drawn, training.output, training.rate)
    np.testing.assert_allclose(fused, plain, rtol=0, atol=1e-12)


def test_a_step_is_the_rate_times_the_difference_quotient_of_the_summed_squares():
    training, start = setting(2, width=4, batch=9)
    points, targets = draw_timed_batches(training, 1, *sources())

    def loss(theta):
        values = [predicted_noise(theta, p[None, :2], p[2], training.output)[0] for p in points[0]]
        return ((np.array(values) + targets[0]) ** 2).sum()

    quotient, h = np.zeros_like(start), 1e-6
    for at in np.ndindex(*start.shape):
        move = np.zeros_like(start)
        move[at] = h
        quotient[at] = (loss(start + move) - loss(start - move)) / (2 * h)
    after = start.copy()
    fused_steps(after, points, targets, training.output, training.rate)
    np.testing.assert_allclose((start - after) / training.rate, quotient, atol=1e-6)


def test_times_are_drawn_with_their_chances_and_points_are_training_points_noised_at_them():
    training, _ = setting(3, batch=4000)
    points, targets = draw_timed_batches(training, 5, *sources())
    times, noise = points[..., 3], -targets
    for time, chance, mean, scale in zip(training.times, training.chances, training.means, training.scales, strict=True):
        at = times == time
        # Five standard deviations of a binomial share.
        assert abs(at.mean() - chance) < 5 * np.sqrt(chance * (1 - chance) / at.size)
        clean = (points[at][:, :3] - scale * noise[at]) / mean
        nearest = np.abs(clean[:, None] - training.sample).max(axis=2).min(axis=1)
        assert nearest.max() < 1e-9
    assert abs(noise.std() - 1) < 5 / np.sqrt(2 * noise.size)


def test_how_much_noise_is_drawn_at_once_does_not_change_a_byte(monkeypatch):
    training, start = setting(2, precision="float32")
    first = train_in_time(start, training, 60, np.random.SeedSequence(7))
    for memory in (1, 1000, 10**9):
        monkeypatch.setattr(module, "MEMORY", memory)
        assert train_in_time(start, training, 60, np.random.SeedSequence(7)).tobytes() == first.tobytes()


def test_a_rate_beyond_all_bounds_diverges_and_a_usual_one_lowers_the_loss():
    training, start = setting(2)
    assert train_in_time(start, replace(training, rate=1e3 * training.rate), 400, np.random.SeedSequence(0)) is None
    reached = train_in_time(start, training, 400, np.random.SeedSequence(0))
    points, targets = draw_timed_batches(training, 50, *sources())
    losses = []
    for theta in (start, reached):
        values = steps_module.network_values(theta, points.reshape(-1, 3), training.output)
        losses.append(np.mean((values + targets.reshape(-1, 2)) ** 2))
    assert losses[1] < 0.7 * losses[0]


@pytest.mark.parametrize("chances", [np.full(5, 0.3), np.array([0.5, 0.5]), np.array([-0.2, 0.3, 0.3, 0.3, 0.3])])
def test_probabilities_that_are_none_are_refused(chances):
    training, _ = setting(1)
    with pytest.raises(ValueError, match="probabilities of 5 times"):
        replace(training, chances=chances)


def test_inner_weights_have_the_variance_of_all_inputs():
    theta = initial_parameters(3, 20_000, np.random.default_rng(0), extra=1)
    assert theta.shape == (8, 20_000)
    # Five standard errors of a variance.
    assert abs(theta[3:7].var() * 4 - 1) < 5 * np.sqrt(2 / theta[3:7].size)
    assert np.all(theta[7] == 0)
