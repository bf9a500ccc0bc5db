r"""Stochastic gradient descent on the denoising loss of a two-layer ReLU network, compiled: many steps in one call.

:math:`s(y)=c\sum_\ell w_\ell\,\phi(v_\ell\cdot y+b_\ell)` with :math:`w_\ell,v_\ell,y\in\mathbb R^d`, and a step is
:math:`\theta\leftarrow\theta-\rho\,\nabla\sum_{k\in B}|s(Y_k)+r_k|^2` with targets :math:`r_k=\xi_k/\sigma` at noised points
:math:`Y_k=\mu x_{i_k}+\sigma\xi_k`. All three kinds of parameters are trained. Means over the batch or the coordinates are
factors of the rate :math:`\rho`.

At d = 1 a neuron is active on one side of the sorted batch, so sums over its active points are differences of prefix sums: a
step costs :math:`O(m\log B+B^2)` and not :math:`O(mB)`, in double precision. At d > 1 a step is five small matrix products,
in single or double precision.

The file is long because each compiled pass stands beside the plain one that tests it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar, cast

import numba
import numpy as np
import scipy.linalg  # ruff: ignore[unused-import]  # numba's products are those of scipy
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Array: TypeAlias = NDArray[Any]
Function = TypeVar("Function", bound=Callable[..., Any])
Draw: TypeAlias = Callable[[int], tuple[Array, Array]]
BLOCK = 250
"""Steps whose noise is drawn at once; the numbers do not depend on it."""
DIVERGED = 1e8
ROWS = 250
"""Points of a batch that pass through the network at once at d > 1, few enough to stay in fast memory."""
RANKED = 128
"""Batches up to this size are sorted by counting, which has no branches; larger ones before the compiled steps."""


def _compiled(function: Function) -> Function:
    decorate = numba.njit(cache=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, nogil=True)
    return cast(Function, decorate(function))


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


@_compiled
def _sort_batch(y: Array, r: Array, sorted_y: Array, sorted_r: Array) -> None:
    for k in range(y.size):
        rank, here = 0, y[k]
        for j in range(y.size):
            rank += 1 if y[j] < here else 0
        # Equal points would share a rank.
        for j in range(k):
            rank += 1 if y[j] == here else 0
        sorted_y[rank], sorted_r[rank] = here, r[k]


@_compiled
def _count_low_side(v: Array, b: Array, y: Array, counts: Array) -> None:
    """Count the sorted points on the low side of each kink; rounded v y + b is monotone in y, so halving finds them."""
    width, left = v.size, y.size
    for k in range(width):
        counts[k] = 0
    while left > 1:
        half = left >> 1
        for k in range(width):
            low = (v[k] * y[counts[k] + half - 1] + b[k] > 0) == (v[k] < 0)
            counts[k] += half * low
        left -= half
    for k in range(width):
        counts[k] += (v[k] * y[counts[k]] + b[k] > 0) == (v[k] < 0)


@_compiled
def _line_steps(theta: Array, points: Array, targets: Array, output: float, rate: float) -> None:
    w, v, b = theta[0], theta[1], theta[2]
    width, size = w.size, points.shape[1]
    counts = np.empty(width, np.int64)
    y, r = np.empty(size), np.empty(size)
    slope, height = np.empty((4, size + 1)), np.empty((4, size + 1))
    sums, moments = np.empty((2, size + 1)), np.empty((2, size + 1))
    for step in range(points.shape[0]):
        if size <= RANKED:
            _sort_batch(points[step, :, 0], targets[step, :, 0], y, r)
        else:
            y[:], r[:] = points[step, :, 0], targets[step, :, 0]
        _count_low_side(v, b, y, counts)
        slope[:] = 0.0
        height[:] = 0.0
        base_slope, base_height = 0.0, 0.0
        for k in range(width):
            # Four copies of the table, since adding to one entry again and again waits for memory.
            lane, at, down = k & 3, counts[k], v[k] < 0
            sign = -1.0 if down else 1.0
            rise, lift = w[k] * v[k], w[k] * b[k]
            base_slope += rise if down else 0.0
            base_height += lift if down else 0.0
            slope[lane, at] += sign * rise
            height[lane, at] += sign * lift
        total, moment = 0.0, 0.0
        for k in range(size):
            sums[0, k], moments[0, k] = total, moment
            base_slope += slope[0, k] + slope[1, k] + slope[2, k] + slope[3, k]
            base_height += height[0, k] + height[1, k] + height[2, k] + height[3, k]
            residual = 2 * output * rate * (output * (base_slope * y[k] + base_height) + r[k])
            total += residual
            moment += residual * y[k]
        sums[0, size], moments[0, size] = total, moment
        for k in range(size + 1):
            sums[1, k], moments[1, k] = total - sums[0, k], moment - moments[0, k]
        for k in range(width):
            side, at, weight = 0 if v[k] < 0 else 1, counts[k], w[k]
            on_bias, on_slope = sums[side, at], moments[side, at]
            w[k] -= v[k] * on_slope + b[k] * on_bias
            v[k] -= weight * on_slope
            b[k] -= weight * on_bias


@_compiled
def _matrix_steps(theta: Array, points: Array, targets: Array, output: Any, rate: Any) -> None:
    steps, size, inputs = points.shape
    d = targets.shape[2]
    outer, inner = theta[:d], theta[d:]
    width, rows = theta.shape[1], min(size, ROWS)
    y = np.ones((rows, inputs + 1), theta.dtype)
    residual = np.empty((rows, d), theta.dtype)
    values, back = np.empty((rows, width), theta.dtype), np.empty((rows, width), theta.dtype)
    on_outer, on_inner = np.empty((d, width), theta.dtype), np.empty((inputs + 1, width), theta.dtype)
    total = np.zeros(theta.shape, theta.dtype)
    zero = values.dtype.type(0)
    for step in range(steps):
        total[:] = zero
        for low in range(0, size, rows):
            n = min(rows, size - low)
            y[:n, :inputs] = points[step, low : low + n]
            np.dot(y[:n], inner, values[:n])
            flat, flat_back = values.ravel(), back.ravel()
            for k in range(n * width):
                flat[k] = flat[k] if flat[k] > zero else zero
            np.dot(values[:n], outer.T, residual[:n])
            for k in range(n):
                for i in range(d):
                    residual[k, i] = (output * residual[k, i] + targets[step, low + k, i]) * rate
            np.dot(residual[:n], outer, back[:n])
            for k in range(n * width):
                flat_back[k] = flat_back[k] if flat[k] > zero else zero
            np.dot(residual[:n].T, values[:n], on_outer)
            np.dot(y[:n].T, back[:n], on_inner)
            total[:d] += on_outer
            total[d:] += on_inner
        theta -= total


def fused_steps(theta: Array, points: Array, targets: Array, output: float, rate: float) -> None:
    """Take the steps of :func:`plain_steps` in place, compiled; double precision at d = 1.

    Parameters
    ----------
    theta, points, targets, output, rate
        As for :func:`plain_steps`, all arrays of one type.
    """
    if points.shape[2] == 1:
        if points.shape[1] > RANKED:
            order = np.argsort(points, axis=1)
            points, targets = (np.take_along_axis(array, order, axis=1) for array in (points, targets))
        _line_steps(theta, points, targets, output, rate)
    else:
        kind = theta.dtype.type
        _matrix_steps(theta, points, targets, kind(output), kind(2 * output * rate))


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
