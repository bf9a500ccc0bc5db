"""What networks for velocities have in common, and how a trained one is evaluated.

The parameters of R networks of one shape are one matrix of shape ``(R, P)``, a row each; a network alone is R = 1. torch is
imported where it is used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from numerics.rectified_flow import Floats, Labels, Velocity

_BLOCK = 256
"""Points evaluated at a time: enough to forget the calls, few enough for the caches."""
PADDING = 32
"""Rows of parameters are multiples of this, so that no vector instruction reaches from one network to the next."""


class Network(Protocol):
    """What training and sampling ask of the shape of a network.

    There are :class:`numerics.stacked_perceptron.Perceptron` and :class:`numerics.unet.UNet`.
    """

    @property
    def pixels(self) -> int:
        """The dimension d of points and velocities."""
        ...

    @property
    def classes(self) -> int:
        """Number of classes; 0 takes no class."""
        ...

    @property
    def embedded(self) -> int:
        """The length of what :meth:`embed` returns."""
        ...

    @property
    def count(self) -> int:
        """The number of parameters."""
        ...

    @property
    def row(self) -> int:
        """The length P of a row of parameters, padding included."""
        ...

    def initial(self, rng: np.random.Generator) -> Floats:
        """Return a row of initial parameters."""
        ...

    def embed(self, t: Any, labels: Labels | None) -> Any:
        """Return what the network is told of times and classes, with one more axis at the end."""
        ...

    def forward(self, rows: Any, x: Any, e: Any) -> Any:
        """Return the velocities of R networks with torch, at points ``(R, n, d)`` told ``(R, n, E)``."""
        ...


def one_hot(labels: NDArray[np.integer[Any]] | None, classes: int) -> Any:
    """Return classes as rows of the identity; None where a network takes none.

    Parameters
    ----------
    labels
        Classes; None where there are none.
    classes
        How many there are.

    Returns
    -------
    numpy.ndarray or None
        With one more axis at the end.

    Raises
    ------
    ValueError
        If a class is out of range, or classes are missing or not taken.
    """
    if (labels is None) != (classes == 0):
        raise ValueError(f"the network has {classes} classes, and labels are {'not ' * (labels is None)}given")
    if labels is None:
        return None
    wrong = labels[(labels < 0) | (labels >= classes)]
    if wrong.size:
        raise ValueError(f"class {wrong[0]}: a class from 0 to {classes - 1} is needed")
    return np.eye(classes)[labels]


def padded(count: int) -> int:
    """Return the least multiple of 32 that is no smaller."""
    return -(-count // PADDING) * PADDING


def cut(rows: Any, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """Return the arrays that rows of parameters hold one after the other, without copying.

    Parameters
    ----------
    rows
        Array or tensor of shape ``(R, P)``.
    shapes
        The name and shape of each array, in order.

    Returns
    -------
    dict
        Views of shape ``(R, ...)`` by name.
    """
    sizes = [math.prod(shape) for shape in shapes.values()]
    if isinstance(rows, np.ndarray):
        parts = np.split(rows, np.cumsum(sizes), axis=1)
    else:
        # One cut, whose gradient is one row; that of many slices would be as many whole rows.
        parts = rows.split([*sizes, rows.shape[1] - sum(sizes)], dim=1)
    return {name: part.reshape(-1, *shape) for (name, shape), part in zip(shapes.items(), parts[:-1], strict=True)}


def evaluate(shape: Network, rows: Any, x: Floats, e: Floats) -> Floats:
    """Return the velocities of R networks at many points, block by block, without gradients.

    Parameters
    ----------
    shape
        Of every network.
    rows
        Parameters, a tensor of shape ``(R, P)``.
    x, e
        Points, shape ``(R, n, d)``, and embedded times and classes, shape ``(R, n, E)``.

    Returns
    -------
    numpy.ndarray
        Computed in the precision of the parameters, float64, shape ``(R, n, d)``.
    """
    import torch

    count = x.shape[1]
    # Whole blocks start at the same places in memory whatever R, and so give the same last digits.
    room = -(-count // _BLOCK) * _BLOCK
    points, embedded = (torch.zeros((len(rows), room, a.shape[2]), dtype=rows.dtype, device=rows.device) for a in (x, e))
    for into, given in ((points, x), (embedded, e)):
        into[:, :count] = torch.from_numpy(np.ascontiguousarray(given))
    found = np.empty((len(rows), room, shape.pixels))
    with torch.no_grad():
        for at in range(0, room, _BLOCK):
            part = slice(at, at + _BLOCK)
            found[:, part] = shape.forward(rows, points[:, part], embedded[:, part]).cpu().numpy()
    return found[:, :count]


def as_velocity(shape: Network, rows: Any) -> Velocity:
    """Return R trained perceptrons as one velocity of numpy arrays.

    Parameters
    ----------
    shape
        Of every network.
    rows
        Parameters, a tensor of shape ``(R, P)``; points are R groups of equal size, a network each.

    Returns
    -------
    Velocity
        It computes in the precision of the parameters and returns float64.
    """

    def velocity(x: Floats, t: Floats, labels: Labels | None, /) -> Floats:
        points, e = (a.reshape(len(rows), -1, a.shape[1]) for a in (x, shape.embed(t, labels)))
        return evaluate(shape, rows, points, e).reshape(x.shape)

    return velocity
