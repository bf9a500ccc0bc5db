r"""Stochastic gradient descent on the denoising loss over all noise scales at once: a network of point and time.

:math:`r(x,t)=c\sum_\ell w_\ell\,\phi(v_\ell\cdot(x,t)+b_\ell)` with :math:`w_\ell\in\mathbb R^d`, :math:`v_\ell\in\mathbb
R^{d+1}` predicts the noise: a step is :math:`\theta\leftarrow\theta-\rho\,\nabla\sum_{k\in B}|r(Y_k,t_k)-\xi_k|^2` at
:math:`Y_k=\mu(t_k)x_{i_k}+\sigma(t_k)\xi_k`, where :math:`t_k` is one of finitely many times with given probabilities. The
steps are those of :mod:`numerics.score_training`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numerics.score_training import Array, descend, network_values

MEMORY = 16_000_000
"""How many numbers of noise may be drawn at once; what is drawn does not depend on it."""


@dataclass(frozen=True, kw_only=True)
class TimeTraining:
    r"""What a simulation trains on, and how.

    Parameters
    ----------
    sample
        The points :math:`x_i`, shape ``(n, d)``.
    times
        The times that are drawn, shape ``(K,)``.
    chances
        Their probabilities, shape ``(K,)``.
    means, scales
        :math:`\mu` and :math:`\sigma` at the times, shape ``(K,)``.
    output, rate
        The factor c of the network, and the factor of the gradient of the sum over batch and coordinates.
    batch
        How many points a step draws, with replacement, each with a time and a noise of its own.
    precision
        ``"float64"`` or ``"float32"``.

    Raises
    ------
    ValueError
        If the probabilities are not those of the times.
    """

    sample: Array
    times: Array
    chances: Array
    means: Array
    scales: Array
    output: float
    rate: float
    batch: int
    precision: str = "float32"

    def __post_init__(self) -> None:
        """Check the probabilities."""
        total = float(np.sum(self.chances))
        # K additions of rounded numbers that sum to 1 are off by K units in the last place at most.
        allowed = len(self.chances) * np.finfo(np.float64).eps
        if self.chances.shape != self.times.shape or np.any(self.chances < 0) or not abs(total - 1) <= allowed:
            raise ValueError(
                f"probabilities of {len(self.times)} times must be as many, not negative, and sum to 1, not {total}"
            )


def draw_timed_batches(
    training: TimeTraining, steps: int, choices: np.random.Generator, clock: np.random.Generator, noises: np.random.Generator
) -> tuple[Array, Array]:
    """Draw noised points with their times, and targets; successive calls continue one sequence.

    Parameters
    ----------
    training
        What is trained on.
    steps
        How many batches.
    choices, clock, noises
        Sources of the indices, the times and the noise, kept apart so that blocks of any length give the same numbers.

    Returns
    -------
    tuple of numpy.ndarray
        Points with the time as the last coordinate, shape ``(steps, B, d + 1)``, and targets, minus the noise, shape ``(steps,
        B, d)``.
    """
    n, d = training.sample.shape
    kind = np.dtype(training.precision)
    shape = (steps, training.batch)
    chosen = choices.integers(0, n, shape)
    # The last sum may be rounded below 1.
    at = np.minimum(np.searchsorted(np.cumsum(training.chances), clock.random(shape), side="right"), len(training.times) - 1)
    noise = noises.standard_normal((*shape, d), dtype=kind.type)
    points = np.empty((*shape, d + 1), kind)
    points[..., :d] = training.means.astype(kind)[at][..., None] * training.sample.astype(kind)[chosen]
    points[..., :d] += training.scales.astype(kind)[at][..., None] * noise
    points[..., d] = training.times.astype(kind)[at]
    return points, np.negative(noise, out=noise)


def train_in_time(theta: Array, training: TimeTraining, steps: int, seeds: np.random.SeedSequence) -> Array | None:
    """Train and return the parameters reached, or None if the run diverged.

    Parameters
    ----------
    theta
        The start, shape ``(2d + 2, m)``; it is not changed.
    training
        What is trained on, and how.
    steps
        How many steps.
    seeds
        Seeds of the indices, the times and the noise.

    Returns
    -------
    numpy.ndarray or None
        The parameters in double precision.
    """
    sources = [np.random.default_rng(seed) for seed in seeds.spawn(3)]
    size = training.batch * (2 * training.sample.shape[1] + 3)
    block = max(1, min(250, MEMORY // size))
    return descend(theta, lambda count: draw_timed_batches(training, count, *sources), steps, block, training)


def predicted_noise(theta: Array, points: Array, time: float, output: float) -> Array:
    """Return the network at points and one time.

    Parameters
    ----------
    theta
        Parameters, shape ``(2d + 2, m)``.
    points
        Points, shape ``(N, d)``.
    time
        The time.
    output
        The factor c.

    Returns
    -------
    numpy.ndarray
        Values, shape ``(N, d)``.
    """
    return network_values(theta, np.column_stack([points, np.full(len(points), time)]), output)
