r"""Rectified flow: the straight path from data to noise, its loss on fixed draws, and the sampler.

At time t a point is :math:`x_t=(1-t)x_0+tz` with data :math:`x_0` and :math:`z\sim N(0,I)`; the velocity to learn is
:math:`z-x_0`, and the loss is the mean over draws and coordinates of :math:`(v(x_t,t,c)-(z-x_0))^2`, c a class. Samples follow
:math:`\dot x=v(x,t,c)` from noise at t = 1 to t = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]
Labels: TypeAlias = NDArray[np.integer[Any]]
METHODS = ("euler", "heun")


class Velocity(Protocol):
    """A field of velocities, learned or exact."""

    def __call__(self, x: Floats, t: Floats, labels: Labels | None, /) -> Floats:
        """Return the velocity of each row.

        Parameters
        ----------
        x
            Points, shape ``(n, d)``.
        t
            Their times in (0, 1], shape ``(n,)``.
        labels
            Their classes, shape ``(n,)``; None where there are none.

        Returns
        -------
        numpy.ndarray
            Shape ``(n, d)``.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Draws:
    """Data points, times and noises at which a loss is taken, the same each time.

    Parameters
    ----------
    indices
        Which data point, shape ``(M,)``.
    times
        The time t of each draw, increasing, in (0, 1], shape ``(M,)``.
    noises
        The noise z of each draw, shape ``(M, d)``.
    """

    indices: Labels
    times: Floats
    noises: Floats


def fixed_draws(count: int, points: int, dimension: int, rng: np.random.Generator) -> Draws:
    r"""Draw points, times and noises for losses that are compared along training.

    The points come in turn, so that each is drawn equally often up to one, and draw j has its time in
    :math:`((j-1)/M,j/M]`: the mean is unbiased in t, and varies less than with independent times.

    Parameters
    ----------
    count, points, dimension
        The numbers M of draws and n of data points, and the dimension d.
    rng
        The source of times and noises.

    Returns
    -------
    Draws
        In increasing order of time.

    Raises
    ------
    ValueError
        If there are fewer draws than points, or none.
    """
    if not 0 < points <= count:
        raise ValueError(f"draws = {count}: at least one for each of the {points} points is needed")
    # 1 - u is never 0, and nor is the time.
    times = (np.arange(count) + 1 - rng.random(count)) / count
    return Draws(indices=np.arange(count) % points, times=times, noises=rng.standard_normal((count, dimension)))


def path_points(draws: Draws, data: Floats) -> tuple[Floats, Floats]:
    """Return the points on the path and the velocities to learn there.

    Parameters
    ----------
    draws
        Where.
    data
        The data points, shape ``(n, d)``.

    Returns
    -------
    tuple of numpy.ndarray
        :math:`x_t` and :math:`z-x_0`, shape ``(M, d)``.
    """
    start, t = data[draws.indices], draws.times[:, None]
    return (1 - t) * start + t * draws.noises, draws.noises - start


def loss_per_draw(velocity: Velocity, draws: Draws, data: Floats, labels: Labels | None = None) -> Floats:
    """Return the squared error of a velocity at each draw, a mean over coordinates.

    Parameters
    ----------
    velocity
        The field.
    draws
        Where.
    data
        The data points, shape ``(n, d)``.
    labels
        Their classes, shape ``(n,)``, if there are any.

    Returns
    -------
    numpy.ndarray
        Shape ``(M,)``, in increasing order of time; the loss is the mean.
    """
    x, aim = path_points(draws, data)
    found = velocity(x, draws.times, None if labels is None else labels[draws.indices])
    return np.asarray(((found - aim) ** 2).mean(axis=1))


def sample_flow(
    velocity: Velocity, noise: Floats, labels: Labels | None = None, *, steps: int, method: str = "euler"
) -> Floats:
    r"""Follow a velocity from noise at t = 1 to t = 0 on a grid of exactly K equal steps.

    Neither method evaluates the velocity at t = 0, where an exact one may be singular: Heun's last step is one of Euler. The
    evaluations are K and 2K - 1. An exact velocity :math:`(x-\hat x_0)/t` makes the last step end at :math:`\hat x_0`.

    Parameters
    ----------
    velocity
        The field.
    noise
        Where the samples start, shape ``(n, d)``.
    labels
        Their classes, shape ``(n,)``, if there are any.
    steps
        The number K of steps.
    method
        ``"euler"`` or ``"heun"``.

    Returns
    -------
    numpy.ndarray
        The samples, shape ``(n, d)``.

    Raises
    ------
    ValueError
        If there is no step, or the method is unknown.
    """
    if steps < 1:
        raise ValueError(f"steps = {steps}: at least one is needed")
    if method not in METHODS:
        raise ValueError(f"method {method!r} is unknown; choose one of {', '.join(METHODS)}")
    # Times are quotients of whole numbers: their sum in floats could leave a last step of size 1e-16.
    grid = np.arange(steps, -1, -1) / steps
    x = np.array(noise)
    for at, after in pairwise(grid):
        slope = velocity(x, np.full(len(x), at), labels)
        moved = x + (after - at) * slope
        if method == "heun" and after > 0:
            slope = (slope + velocity(moved, np.full(len(x), after), labels)) / 2
            moved = x + (after - at) * slope
        x = moved
    return x
