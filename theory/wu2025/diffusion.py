r"""Figures 3 and 4 of wu2025: a network of point and time is trained on ten points, and new points are drawn with its score.

The forward process has :math:`X_t\sim N(\mu(t)x,\sigma(t)^2I)` with :math:`\mu=e^{-t}`, :math:`\sigma=\sqrt{1-e^{-2t}}`;
:math:`s_\theta=-r_\theta/\sigma(t)` where :math:`r_\theta` predicts the noise. What is measured on the samples, and what the
captions claim, is in :mod:`theory.wu2025.generated`.

The text leaves open how the loss is normalised, how often the backward process steps and how many epochs the learning rates
have that it does not list; and its own programme (github.com/pojoowu/Prevent-Memorization-via-implicit-regularization)
departs from it. :data:`READINGS` holds both. As for Figure 2, the network is :math:`\frac1m\sum` and the step :math:`m\eta`
on a mean over batch and coordinates; an epoch is one step on 5,000 draws with replacement from the ten points.

The file is long because settings, readings and the three scores stay together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from numerics.backward_process import Score
from numerics.score_training import Array, initial_parameters
from numerics.score_training_in_time import TimeTraining, predicted_noise
from theory.wu2025.experiments import WIDTH, optimal_score

DELTA, HORIZON, STEPS = 0.01, 1.0, 100
"""Where the backward process ends and starts, and the number of equispaced times between."""
POINTS, DEVIATION, BATCH = 10, 2.0, 5_000
BANDWIDTH, GENERATED, SETS = 1.0, 1_000, 5
SEED = 2502_03435
EPOCHS = {2.0: 20_000, 1.0: 20_000, 0.1: 200_000, 0.05: 1_000_000, 0.01: 2_000_000}
"""Figure 3: learning rate to number of epochs; the text prints those of 2 and 0.05, the others are those of its programme."""
DIMENSIONS = (2, 5, 10, 50, 80, 100, 200, 400, 1000)
RATE, RATE_EPOCHS, SIMULATIONS = 0.5, 50_000, 3
"""Figure 4: learning rate, its epochs, simulations a dimension."""
READ_OFF_3 = {
    0.01: (0.0069, 0.0089),
    0.05: (0.0061, 0.0095),
    0.1: (0.0079, 0.0087),
    1.0: (0.0135, 0.0043),
    2.0: (0.0168, 0.0028),
}
"""Learning rate to the discrepancies from the optimal score's samples and from the fitted Gaussian, read off by eye."""
READ_OFF_POINTS = (
    (-2.9, -0.7),
    (-1.6, -1.1),
    (-0.3, 1.2),
    (0.8, 1.2),
    (1.45, 2.1),
    (1.6, 0.25),
    (0.85, -0.3),
    (0.65, -0.7),
    (-0.2, -1.1),
    (-0.3, -1.55),
)
"""The training points of the published Figure 3, read off by eye to about 0.05."""
READ_OFF_4 = {2: (0.64, 1.19), 5: (0.44, 0.76), 10: (0.44, 0.63), 50: (1.02, 0.03), 80: (1.0, 0.01), 100: (1.0, 0.0)}
"""Dimension to the normalised discrepancies, read off by eye; from 100 on they are 1 and 0."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    r"""What the text leaves open or its programme does otherwise.

    Parameters
    ----------
    says
        The reading in words.
    decay
        The mean is :math:`\mu(t)=e^{-\text{decay}\,t}`.
    power
        A time is drawn with probability proportional to :math:`\sigma(t)^{\text{power}}`.
    first
        The first time of training.
    beyond
        Whether the backward process takes one more step, of the usual length, from the last time.
    mean_coordinates
        Whether the loss is a mean or a sum over coordinates.
    """

    says: str
    decay: float = 1.0
    power: float = 1.0
    first: float = DELTA
    beyond: bool = False
    mean_coordinates: bool = True

    def noise_scales(self, t: float | Array) -> tuple[Array, Array]:
        r"""Return :math:`\mu(t)` and :math:`\sigma(t)`."""
        return np.exp(-self.decay * np.asarray(t)), np.sqrt(-np.expm1(-2 * np.asarray(t)))

    def backward_times(self) -> Array:
        """Return the times of the backward process, decreasing."""
        times = np.linspace(DELTA, HORIZON, STEPS)[::-1]
        return np.append(times, times[-1] - (times[-2] - times[-1])) if self.beyond else times

    def training(self, sample: Array, eta: float, batch: int = BATCH, width: int = WIDTH) -> TimeTraining:
        """Return the training of a sample under this reading.

        Parameters
        ----------
        sample
            The points, shape ``(n, d)``.
        eta
            The learning rate.
        batch, width
            How many points a step draws, and the number m of neurons.

        Returns
        -------
        TimeTraining
            In single precision.
        """
        times = np.linspace(self.first, HORIZON, STEPS)
        means, scales = self.noise_scales(times)
        weights = scales**self.power
        return TimeTraining(
            sample=sample,
            times=times,
            chances=weights / weights.sum(),
            means=means,
            scales=scales,
            output=1 / width,
            rate=eta * width / batch / (sample.shape[1] if self.mean_coordinates else 1),
            batch=batch,
        )


PRINTED = "as printed"
READINGS: dict[str, Reading] = {
    PRINTED: Reading(
        says="mean e^-t, times drawn proportionally to sigma, backward steps from 1 to 0.01, mean over coordinates"
    ),
    "sum over coordinates": Reading(says="as printed, but a sum over coordinates", mean_coordinates=False),
    "inverse sigma": Reading(says="as printed, but times drawn proportionally to 1/sigma", power=-1.0),
    "programme": Reading(
        says="the authors' programme: mean e^-2t, times from 0.05 drawn proportionally to 1/sigma, one more backward step",
        decay=2.0,
        power=-1.0,
        first=0.05,
        beyond=True,
    ),
}


def sources(dimension: int, simulation: int, *use: int) -> np.random.SeedSequence:
    """Return the seeds of one use in a simulation: 0 the sample, 1 the start, (2, part) the training, (3, set) the samples."""
    return np.random.SeedSequence([SEED, dimension, simulation + 1], spawn_key=use)


def training_points(dimension: int, simulation: int) -> Array:
    """Return the ten training points of a simulation, the same for every learning rate; those read off if it is negative."""
    if simulation < 0:
        return np.array(READ_OFF_POINTS)
    return DEVIATION * np.random.default_rng(sources(dimension, simulation, 0)).standard_normal((POINTS, dimension))


def starting_network(dimension: int, simulation: int, width: int = WIDTH) -> Array:
    """Return the parameters before training, shape ``(2d + 2, m)``; inner weights have the variance 1/(d + 1)."""
    return initial_parameters(dimension, width, np.random.default_rng(sources(dimension, simulation, 1)), extra=1)


def optimal_score_in_time(sample: Array, reading: Reading) -> Score:
    r"""Return :math:`s^\star(t,x)`, the score of the noised sample. Source: wu2025, (6) and (9)."""

    def score(t: float, x: Array) -> Array:
        mu, sigma = reading.noise_scales(t)
        # Few rows at once: the differences to all training points are kept.
        parts = [optimal_score(x[low : low + 125], sample, float(mu), float(sigma)) for low in range(0, len(x), 125)]
        return np.concatenate(parts)

    return score


def learned_score(theta: Array, reading: Reading) -> Score:
    r"""Return :math:`s_\theta(t,x)=-r_\theta(t,x)/\sigma(t)`. Source: wu2025, Appendix D."""

    def score(t: float, x: Array) -> Array:
        return -predicted_noise(theta, x, t, 1 / theta.shape[1]) / float(reading.noise_scales(t)[1])

    return score


@dataclass(frozen=True, kw_only=True)
class FittedGaussian:
    r"""The Gaussian law with the mean and the covariance of a sample, the latter with the divisor :math:`n-1`.

    Parameters
    ----------
    mean
        Shape ``(d,)``.
    axes, deviations
        Orthonormal directions in which it varies, shape ``(r, d)``, and its standard deviations along them, shape ``(r,)``: at
        most :math:`n-1` of them, whatever the dimension.
    """

    mean: Array
    axes: Array
    deviations: Array

    def draw(self, count: int, rng: np.random.Generator) -> Array:
        """Return samples, shape ``(count, d)``."""
        return np.asarray(self.mean + rng.standard_normal((count, len(self.deviations))) * self.deviations @ self.axes)

    def score(self, reading: Reading) -> Score:
        r"""Return the score of the noised law: :math:`-(\mu^2\Sigma+\sigma^2I)^{-1}(x-\mu\bar x)`."""

        def score(t: float, x: Array) -> Array:
            mu, sigma = reading.noise_scales(t)
            off = x - mu * self.mean
            along = off @ self.axes.T
            shrunk = along / (mu**2 * self.deviations**2 + sigma**2) - along / sigma**2
            return np.asarray(-off / sigma**2 - shrunk @ self.axes)

        return score

    @property
    def variance(self) -> float:
        """Return the trace of the covariance."""
        return float(math.fsum(self.deviations**2))


def fitted_gaussian(sample: Array) -> FittedGaussian:
    """Return the Gaussian fitted on a sample of shape ``(n, d)``."""
    mean = sample.mean(axis=0)
    _, values, axes = np.linalg.svd((sample - mean) / math.sqrt(len(sample) - 1), full_matrices=False)
    rank = min(len(sample) - 1, sample.shape[1])
    return FittedGaussian(mean=mean, axes=axes[:rank], deviations=values[:rank])
