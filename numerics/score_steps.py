"""The compiled passes of :mod:`numerics.score_training`, apart from it since numba is a slow import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import scipy.linalg  # ruff: ignore[unused-import]  # numba's products are those of scipy

from numerics.score_training import RANKED, ROWS, Array

Function = TypeVar("Function", bound=Callable[..., Any])


def _compiled(function: Function) -> Function:
    decorate = numba.njit(cache=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}, nogil=True)
    return cast(Function, decorate(function))


@_compiled
def sort_batch(y: Array, r: Array, sorted_y: Array, sorted_r: Array) -> None:
    """Sort a batch of points, and their targets with them, by counting.

    Parameters
    ----------
    y, r
        Points and targets, shape ``(B,)``.
    sorted_y, sorted_r
        Where they go.
    """
    for k in range(y.size):
        rank, here = 0, y[k]
        for j in range(y.size):
            rank += 1 if y[j] < here else 0
        # Equal points would share a rank.
        for j in range(k):
            rank += 1 if y[j] == here else 0
        sorted_y[rank], sorted_r[rank] = here, r[k]


@_compiled
def count_low_side(v: Array, b: Array, y: Array, counts: Array) -> None:
    """Count the sorted points on the low side of each kink; rounded v y + b is monotone in y, so halving finds them.

    Parameters
    ----------
    v, b
        Slopes and biases of the neurons, shape ``(m,)``.
    y
        Sorted points, shape ``(B,)``.
    counts
        Where the counts go, shape ``(m,)``.
    """
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
def line_steps(theta: Array, points: Array, targets: Array, output: float, rate: float) -> None:
    """Take steps in place in dimension 1, by prefix sums over the sorted batch.

    Parameters
    ----------
    theta, points, targets, output
        As for :func:`numerics.score_training.plain_steps`, points sorted where a batch has more than ``RANKED``.
    rate
        The factor of the gradient.
    """
    w, v, b = theta[0], theta[1], theta[2]
    width, size = w.size, points.shape[1]
    counts = np.empty(width, np.int64)
    y, r = np.empty(size), np.empty(size)
    slope, height = np.empty((4, size + 1)), np.empty((4, size + 1))
    sums, moments = np.empty((2, size + 1)), np.empty((2, size + 1))
    for step in range(points.shape[0]):
        if size <= RANKED:
            sort_batch(points[step, :, 0], targets[step, :, 0], y, r)
        else:
            y[:], r[:] = points[step, :, 0], targets[step, :, 0]
        count_low_side(v, b, y, counts)
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
def matrix_steps(theta: Array, points: Array, targets: Array, output: Any, rate: Any) -> None:
    """Take steps in place in any dimension, by five small matrix products each.

    Parameters
    ----------
    theta, points, targets, output
        As for :func:`numerics.score_training.plain_steps`, all of one type.
    rate
        ``2 output rate``, in the type of the arrays.
    """
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
