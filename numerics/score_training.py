r"""Stochastic gradient descent on the denoising loss of a two-layer ReLU network, compiled: many steps in one call.

:math:`s(y)=c\sum_\ell w_\ell\,\phi(v_\ell\cdot y+b_\ell)` with :math:`w_\ell,v_\ell,y\in\mathbb R^d`, and a step is
:math:`\theta\leftarrow\theta-\rho\,\nabla\sum_{k\in B}|s(Y_k)+r_k|^2` with targets :math:`r_k=\xi_k/\sigma` at noised points
:math:`Y_k=\mu x_{i_k}+\sigma\xi_k`. All three kinds of parameters are trained. Means over the batch or the coordinates are
factors of the rate :math:`\rho`.

At d = 1 a neuron is active on one side of the sorted batch, so sums over its active points are differences of prefix sums: a
step costs :math:`O(m\log B+B^2)` and not :math:`O(mB)`, in double precision. At d > 1 a step is five small matrix products,
in single or double precision.

The compiled passes are in :mod:`numerics.score_steps`; the plain ones here test them. The file is long because a training, its
noise and its steps are one algorithm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Array: TypeAlias = NDArray[Any]
Draw: TypeAlias = Callable[[int], tuple[Array, Array]]
BLOCK = 250
"""Steps whose noise is drawn at once; the numbers do not depend on it."""
DIVERGED = 1e8
ROWS = 250
"""Points of a batch that pass through the network at once at d > 1, few enough to stay in fast memory."""
RANKED = 128
"""Batches up to this size are sorted by counting, which has no branches; larger ones before the compiled steps."""


def initial_parameters(dimension: int, width: int, rng: np.random.Generator, extra: int = 0) -> Array:
    r"""Return outer weights :math:`N(0,1)`, inner weights :math:`N(0,1/(d+e))` and biases 0.

    Parameters
    ----------
    dimension, width
        The dimension d and the number m of neurons.
    rng
        The source of the weights.
    extra
        How many inputs e there are beyond the d coordinates, time for example.

    Returns
    -------
    numpy.ndarray
        The rows w, v, b, shape ``(2d + e + 1, m)``.
    """
    outer = rng.standard_normal((dimension, width))
    inner = rng.standard_normal((dimension + extra, width)) / np.sqrt(dimension + extra)
    return np.concatenate([outer, inner, np.zeros((1, width))])


def network_values(theta: Array, points: Array, output: float) -> Array:
    """Return the network at points.

    Parameters
    ----------
    theta
        Parameters, shape ``(2d + 1, m)``; with e more inputs than outputs ``(2d + e + 1, m)``.
    points
        Points, shape ``(N, d)`` or ``(N, d + e)``.
    output
        The factor c.

    Returns
    -------
    numpy.ndarray
        Values, shape ``(N, d)``.
    """
    d = theta.shape[0] - points.shape[1] - 1
    return np.asarray(output * np.maximum(points @ theta[d:-1] + theta[-1], 0) @ theta[:d].T)


def plain_steps(theta: Array, points: Array, targets: Array, output: float, rate: float) -> None:
    """Take steps in place, one batch after the other, as one writes them first.

    Parameters
    ----------
    theta
        Parameters, shape ``(2d + 1, m)``.
    points, targets
        The noised points and what is added to the network there, shape ``(steps, B, d)``; points may have more coordinates.
    output, rate
        The factor c of the network and the rate, a factor of the gradient of the sum over batch and coordinates.
    """
    d = targets.shape[2]
    for y, r in zip(points, targets, strict=True):
        reach = y @ theta[d:-1] + theta[-1]
        values, active = np.maximum(reach, 0), reach > 0
        residual = 2 * output * rate * (output * values @ theta[:d].T + r)
        back = residual @ theta[:d] * active
        theta[:d] -= residual.T @ values
        theta[d:-1] -= y.T @ back
        theta[-1] -= back.sum(axis=0)


def fused_steps(theta: Array, points: Array, targets: Array, output: float, rate: float) -> None:
    """Take the steps of :func:`plain_steps` in place, compiled; double precision at d = 1.

    Parameters
    ----------
    theta, points, targets, output, rate
        As for :func:`plain_steps`, all arrays of one type.
    """
    from numerics.score_steps import line_steps, matrix_steps  # numba is a slow import, which listing statements does not need

    if points.shape[2] == 1:
        if points.shape[1] > RANKED:
            order = np.argsort(points, axis=1)
            points, targets = (np.take_along_axis(array, order, axis=1) for array in (points, targets))
        line_steps(theta, points, targets, output, rate)
    else:
        kind = theta.dtype.type
        matrix_steps(theta, points, targets, kind(output), kind(2 * output * rate))


class Descent(Protocol):
    """What a descent needs to know of a training."""

    @property
    def output(self) -> float:
        """Return the factor of the network."""

    @property
    def rate(self) -> float:
        """Return the factor of the gradient of the sum over batch and coordinates."""

    @property
    def precision(self) -> str:
        """Return the type of the numbers."""


@dataclass(frozen=True, kw_only=True)
class Training:
    r"""What a simulation trains on, and how.

    Parameters
    ----------
    sample
        The points :math:`x_i`, shape ``(n, d)``.
    mu, sigma
        Noise scales.
    output, rate
        The factor c of the network, and the factor of the gradient of the sum over batch and coordinates.
    batch
        How many points a step draws with replacement; 0 takes every point ``copies`` times instead.
    copies
        Noises of each point where every point is taken.
    precision
        ``"float64"`` or, at d > 1, ``"float32"``.
    """

    sample: Array
    mu: float
    sigma: float
    output: float
    rate: float
    batch: int
    copies: int = 1
    precision: str = "float64"


def draw_batches(
    training: Training, steps: int, choices: np.random.Generator, noises: np.random.Generator
) -> tuple[Array, Array]:
    """Draw noised points and targets; successive calls continue one sequence, whatever the numbers of steps.

    Parameters
    ----------
    training
        What is trained on.
    steps
        How many batches.
    choices, noises
        Sources of the indices and of the noise, kept apart so that blocks of any length give the same numbers.

    Returns
    -------
    tuple of numpy.ndarray
        Points and targets, shape ``(steps, B, d)``.
    """
    n, d = training.sample.shape
    kind = np.dtype(training.precision)
    if training.batch:
        chosen = choices.integers(0, n, (steps, training.batch))
    else:
        chosen = np.broadcast_to(np.repeat(np.arange(n), training.copies), (steps, n * training.copies))
    noise = noises.standard_normal((*chosen.shape, d), dtype=kind.type)
    centers = (training.mu * training.sample).astype(kind)
    return centers[chosen] + kind.type(training.sigma) * noise, noise * kind.type(1 / training.sigma)


def train(theta: Array, training: Training, steps: int, seeds: np.random.SeedSequence) -> Array | None:
    """Train and return the parameters reached, or None where they leave any reasonable range: the run diverged.

    Parameters
    ----------
    theta
        The start, shape ``(2d + 1, m)``; it is not changed.
    training
        What is trained on, and how.
    steps
        How many steps.
    seeds
        Seeds of the indices and of the noise.

    Returns
    -------
    numpy.ndarray or None
        The parameters in double precision.
    """
    choices, noises = (np.random.default_rng(seed) for seed in seeds.spawn(2))
    return descend(theta, lambda count: draw_batches(training, count, choices, noises), steps, BLOCK, training)


def descend(theta: Array, draw: Draw, steps: int, block: int, training: Descent) -> Array | None:
    """Take steps on batches as they are drawn.

    Parameters
    ----------
    theta
        The start; it is not changed.
    draw
        Draws the points and the targets of the next so many batches.
    steps
        How many steps.
    block
        How many batches to draw at once.
    training
        The factor of the network, the rate and the precision.

    Returns
    -------
    numpy.ndarray or None
        The parameters in double precision; None if the run diverged.
    """
    reached = np.array(theta, dtype=training.precision)
    # Short products gain nothing from threads, and their number must not change the digits.
    with threadpool_limits(limits=1), np.errstate(over="ignore", invalid="ignore"):
        for done in range(0, steps, block):
            points, targets = draw(min(block, steps - done))
            fused_steps(reached, points, targets, training.output, training.rate)
            # Written so that NaN counts as diverged.
            if not np.all(np.abs(reached) < DIVERGED):
                return None
    return reached.astype(np.float64)
