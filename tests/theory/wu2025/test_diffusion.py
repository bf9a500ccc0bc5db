"""The process of Figures 3 and 4: scores as gradients of densities, what is drawn, and numbers that decide on known cases."""

from __future__ import annotations

import math

import numpy as np
import pytest

from numerics.backward_process import backward_samples
from numerics.score_training_in_time import predicted_noise
from theory.wu2025.diffusion import (
    DELTA,
    EPOCHS,
    PRINTED,
    READ_OFF_3,
    READ_OFF_4,
    READINGS,
    fitted_gaussian,
    learned_score,
    optimal_score_in_time,
    starting_network,
    training_points,
)
from theory.wu2025.diffusion_runs import measure_samples, train_part
from theory.wu2025.generated import (
    KNOWN,
    MEASURES,
    crossings,
    distances_of_prediction,
    interval,
    kept_in_range,
    measure_set,
    normalised,
    separation,
)

READING = READINGS[PRINTED]


def gradient(log_density, x):
    return [(log_density(x + e) - log_density(x - e)) / 2e-5 for e in 1e-5 * np.eye(len(x))]


@pytest.mark.parametrize("name", list(READINGS))
def test_scores_are_gradients_of_the_noised_laws_under_every_reading(name):
    reading, rng = READINGS[name], np.random.default_rng(0)
    sample, points = 2 * rng.standard_normal((5, 3)), rng.standard_normal((4, 3))
    mu, sigma = reading.noise_scales(0.3)
    assert mu == pytest.approx(math.exp(-0.3 * reading.decay))
    assert sigma**2 == pytest.approx(1 - math.exp(-0.6))
    covariance = mu**2 * np.cov(sample.T) + sigma**2 * np.eye(3)

    def mixture(y):
        return np.logaddexp.reduce(-((y - mu * sample) ** 2).sum(axis=1) / (2 * sigma**2))

    def normal(y):
        off = y - mu * sample.mean(axis=0)
        return -off @ np.linalg.solve(covariance, off) / 2

    for y in points:
        np.testing.assert_allclose(optimal_score_in_time(sample, reading)(0.3, y[None])[0], gradient(mixture, y), atol=1e-6)
        np.testing.assert_allclose(fitted_gaussian(sample).score(reading)(0.3, y[None])[0], gradient(normal, y), atol=1e-6)


def test_the_fitted_gaussian_has_the_moments_of_the_sample_and_at_most_nine_directions():
    sample = training_points(3, 0)
    x = fitted_gaussian(sample).draw(40_000, np.random.default_rng(1))
    # Five standard errors: entries of a covariance have a variance of at most 2 s^4 / N.
    scale = np.linalg.eigvalsh(np.cov(sample.T)).max()
    np.testing.assert_allclose(np.cov(x.T), np.cov(sample.T), atol=5 * scale * math.sqrt(2 / 40_000))
    np.testing.assert_allclose(x.mean(axis=0), sample.mean(axis=0), atol=5 * math.sqrt(scale / 40_000))
    wide = fitted_gaussian(training_points(50, 0))
    assert wide.axes.shape == (9, 50)
    assert wide.variance == pytest.approx(np.trace(np.cov(training_points(50, 0).T)))


def test_the_backward_process_with_the_optimal_score_ends_near_training_points():
    sample = 40 * np.eye(3)
    x = backward_samples(optimal_score_in_time(sample, READING), READING.backward_times(), 300, 3, np.random.default_rng(2))
    distances = np.linalg.norm(x[:, None] - math.exp(-DELTA) * sample, axis=2)
    assert set(distances.argmin(axis=1)) == {0, 1, 2}
    # The last Euler step leaves a variance of about 0.026 a coordinate: 8 standard deviations.
    assert distances.min(axis=1).max() < 8 * math.sqrt(0.026) * math.sqrt(3)


def test_readings_differ_where_they_say():
    sample = training_points(2, 0)
    printed, programme = (READINGS[name].training(sample, 0.5) for name in (PRINTED, "programme"))
    np.testing.assert_allclose(printed.chances / printed.chances[0], printed.scales / printed.scales[0])
    np.testing.assert_allclose(programme.chances * programme.scales, programme.chances[0] * programme.scales[0])
    np.testing.assert_allclose(programme.means, np.exp(-2 * programme.times))
    assert (printed.times[0], programme.times[0]) == (DELTA, 0.05)
    assert READINGS["sum over coordinates"].training(sample, 0.5).rate == 2 * printed.rate
    assert printed.rate == pytest.approx(0.5 * 1000 / 5000 / 2)
    assert (len(READING.backward_times()), len(READINGS["programme"].backward_times())) == (100, 101)
    assert READINGS["programme"].backward_times()[-1] == pytest.approx(0, abs=1e-12)


def test_the_learned_score_is_minus_the_predicted_noise_over_sigma():
    theta, x = starting_network(2, 0, 30), np.random.default_rng(0).standard_normal((5, 2))
    w, v, b = theta[:2], theta[2:5], theta[5]
    direct = [sum(w[:, k] * max(0.0, v[:2, k] @ y + 0.4 * v[2, k] + b[k]) for k in range(30)) / 30 for y in x]
    np.testing.assert_allclose(predicted_noise(theta, x, 0.4, 1 / 30), direct, atol=1e-12)
    np.testing.assert_allclose(
        learned_score(theta, READING)(0.4, x), -np.array(direct) / math.sqrt(1 - math.exp(-0.8)), atol=1e-12
    )


def test_training_points_do_not_depend_on_the_number_of_others_and_those_read_off_are_negative():
    assert training_points(2, 3).shape == (10, 2)
    assert not np.allclose(training_points(2, 0), training_points(2, 1))
    assert training_points(2, -1)[0].tolist() == [-2.9, -0.7]
    assert set(READ_OFF_3) == set(EPOCHS)
    assert list(READ_OFF_4) == sorted(READ_OFF_4)


@pytest.mark.parametrize("dimension", [2, 60])
def test_the_measures_say_of_known_laws_what_is_known(dimension):
    found = measure_set(training_points(dimension, 0), READING, 120, np.random.default_rng(0))
    between = found["between"]
    assert set(found) == {*KNOWN, "between"}
    assert all(set(MEASURES) <= set(found[law]) for law in KNOWN)
    assert found["optimal"]["wide_to_optimal"] < found["half"]["wide_to_optimal"] < 2 * between["wide"]
    assert found["optimal"]["copies"] > found["half"]["copies"] > found["gaussian"]["copies"]
    assert found["gaussian"]["spread"] == pytest.approx(1, abs=0.4)
    if dimension == 60:
        # A law that has seen no data has the published ratios of the fitted Gaussian, 1 and 0.
        assert normalised(found["start"]["to_optimal"], between["narrow"]) == pytest.approx(1, abs=0.01)
        assert abs(normalised(found["start"]["to_gaussian"], between["narrow"])) < 0.01
        assert found["start"]["wide_to_gaussian"] > 5 * abs(found["gaussian"]["wide_to_gaussian"])


def test_a_network_that_predicts_nothing_is_as_far_from_a_score_as_that_is_large():
    sample, theta = training_points(2, 0), np.zeros((6, 3))
    found = distances_of_prediction(theta, sample, READING, 5, np.random.default_rng(0))
    training, rng, total = READING.training(sample, 1.0), np.random.default_rng(0), 0.0
    for t, chance, mu, sigma in zip(training.times, training.chances, training.means, training.scales, strict=True):
        chosen = sample[rng.integers(0, 10, 5)]
        x = mu * chosen + sigma * rng.standard_normal((5, 2))
        total += chance * ((sigma * fitted_gaussian(sample).score(READING)(t, x)) ** 2).mean()
    assert found["to_gaussian"] == pytest.approx(total)


def test_samples_out_of_range_are_counted_and_put_at_its_end():
    x, thrown = kept_in_range(np.array([[1.0, 2.0], [np.nan, 0.0], [np.inf, 0.0], [2e3, 0.0]]))
    assert thrown == 3
    assert x[0].tolist() == [1, 2]
    assert np.all(x[1:] == 1e3)


def test_curves_cross_where_straight_lines_on_a_logarithmic_axis_do():
    assert crossings([1, 100], [0.0, 2.0], [1.0, 1.0]) == [pytest.approx(10)]
    assert crossings([1, 10, 100], [0.0, 2.0, 0.0], [1.0, 1.0, 1.0]) == pytest.approx([10**0.5, 10**1.5])
    assert crossings([1, 10], [0.0, 1.0], [2.0, 2.0]) == []
    assert crossings([1, 10], [0.0, math.nan], [2.0, 2.0]) == []


def test_intervals_and_separations_are_those_of_two_values_by_hand():
    mean, half = interval([1.0, 3.0])
    # The quantile of Student's law with one degree of freedom is tan(0.475 pi).
    assert (mean, half) == (2, pytest.approx(math.tan(0.475 * math.pi)))
    assert math.isnan(interval([1.0])[1])
    assert separation([0.0, 2.0], [10.0, 12.0]) == pytest.approx(10 / math.sqrt(2))
    assert separation([1.0, 1.0], [2.0, 2.0]) == math.inf
    assert separation([1.0, 1.0], [1.0, 1.0]) == 0
    assert math.isnan(normalised(1.0, 0.0))


def test_two_parts_of_a_training_go_on_from_what_is_stored_and_a_diverged_one_says_so():
    unit = {"reading": PRINTED, "dimension": 2, "simulation": 0, "eta": 0.5, "batch": 20, "width": 10, "part": 0, "steps": 30}
    first = train_part({**unit, "theta": None})
    second = train_part({**unit, "part": 1, "theta": first["theta"]})
    assert first["theta"]["shape"] == [6, 10]
    assert second != first
    assert train_part({**unit, "eta": 1e6, "theta": None}) == {"theta": None}
    sets = {"reading": PRINTED, "dimension": 2, "simulation": 0, "set": 0, "count": 10, "theta": second["theta"]}
    found = measure_samples(sets)
    assert set(found["laws"]) == {"network", "between"}
    assert len(found["shown"]["network"]) == 10
    assert found == measure_samples(sets)
