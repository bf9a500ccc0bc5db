r"""How smooth the trained layers of a network are in depth: one record of what :mod:`numerics.layer_smoothness` measures.

Von Neumann's ratio :math:`R=\sum_k\|Z_{k+1}-Z_k\|^2\big/\,2\sum_k\|Z_k-\bar Z\|^2`, pooled over the entries of the layers, is 1
on average for layers in random order and of order :math:`L^{-2}` for a smooth function of depth. It does not see a constant
that is added to all layers: for a weight-tied start it is the ratio of what training did. Layers that are equal, up to the
rounding of their type, have no ratio.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from numerics.layer_smoothness import distances, null_deviation, permutation_test, stride_exponent

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Smoothness:
    """What is measured of a sequence of layers; None where the layers are all equal.

    Parameters
    ----------
    ratio
        Von Neumann's ratio.
    p_value
        Chance of a ratio at most this if all orders of the layers are equally likely.
    critical
        The largest ratio that is extreme at the level of the test.
    deviation
        Standard deviation of the ratio over all orders; its mean is 1.
    exponent
        Gap against stride: 1 for a smooth function, 1/2 for a random walk, 0 for i.i.d. layers.
    mean_gap
        Mean distance of successive layers.
    norm
        Root mean square of the norms of the layers.
    """

    ratio: float | None
    p_value: float | None
    critical: float | None
    deviation: float | None
    exponent: float | None
    mean_gap: float
    norm: float


def smoothness(layers: Array, *, orders: int = 999, seed: int = 0, level: float = 0.01) -> Smoothness:
    """Measure a sequence of layers.

    Parameters
    ----------
    layers
        Shape ``(depth, ...)``, floats, eight layers at least.
    orders, seed
        Random orders of the layers that it is compared with, and their seed.
    level
        The level that ``critical`` belongs to.

    Returns
    -------
    Smoothness
        The record.

    Raises
    ------
    ValueError
        If there are fewer than eight layers, or an entry is not finite.
    """
    if len(layers) < 8:
        raise ValueError(f"{len(layers)} layers: smoothness in depth needs eight")
    found = distances(list(layers))
    unit = 2.0**found.exponent
    gap, norm = float(np.sqrt(found.lagged[1]).mean()) * unit, found.norm * unit
    # An entry of layers that are equal before rounding is off by at most half a spacing of its numbers, so that the root mean
    # square of the deviations from the mean layer is at most eps times that of the norms.
    if found.spread <= len(layers) * (float(np.finfo(layers.dtype).eps) * found.norm) ** 2:
        return Smoothness(ratio=None, p_value=None, critical=None, deviation=None, exponent=None, mean_gap=gap, norm=norm)
    test = permutation_test(found.squared, orders=orders, seed=seed, level=level)
    return Smoothness(
        ratio=found.ratio,
        p_value=test.p_value,
        critical=test.critical,
        deviation=null_deviation(found.squared),
        exponent=stride_exponent(found.lagged).slope,
        mean_gap=gap,
        norm=norm,
    )


def entry_ratios(layers: Array) -> Array:
    """Return von Neumann's ratio of every entry by itself, of those that are not constant in depth.

    Parameters
    ----------
    layers
        Shape ``(depth, ...)``.

    Returns
    -------
    numpy.ndarray
        One axis; empty where all entries are constant.
    """
    flat = layers.reshape(len(layers), -1).astype(np.float64)
    # Differences from the first layer keep digits that a large common value would cost.
    flat = flat - flat[0]
    spread = np.sum((flat - flat.mean(axis=0)) ** 2, axis=0)
    kept = spread > 0
    ratios: Array = np.sum(np.diff(flat[:, kept], axis=0) ** 2, axis=0) / (2 * spread[kept])
    return ratios
