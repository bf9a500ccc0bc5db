r"""Whether a sequence of layers :math:`Z_1,\dots,Z_L` is a smooth function of depth: gaps, von Neumann's ratio, scaling.

The ratio :math:`R=\sum_k\|Z_{k+1}-Z_k\|^2\big/\,2\sum_k\|Z_k-\bar Z\|^2` has mean exactly 1 when all orders of the layers are
equally likely, and is :math:`L^{-2}\int\|f'\|^2/(2\int\|f-\bar f\|^2)(1+o(1))` for :math:`Z_k=f(k/L)`. It always lies between
:math:`1-\cos(\pi/L)`, half a wave, and :math:`1+\cos(\pi/L)`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from numerics.statistics import Slope, clopper_pearson

Floats: TypeAlias = NDArray[np.float64]
STRIDES = (1, 2, 4)
ENTRIES = 2**22
"""Entries that are held as floats of 64 bits at once."""
ENUMERATED = 8
"""Layers up to which all orders are tried; beyond, random ones."""
TIES = 1e-10
"""Relative difference below which two sums over orders of the same layers count as equal."""


@dataclass(frozen=True, kw_only=True)
class Distances:
    """Squared distances of layers, in units of the square of a power of two so that none overflows.

    Parameters
    ----------
    exponent
        The unit is 2 to this power.
    squared
        All squared distances, shape ``(depth, depth)``.
    lagged
        For each stride the squared distances of layers that far apart, from differences: accurate when they are small.
    spread
        Sum of squared distances from the mean layer.
    norm
        Root mean square of the norms of the layers.
    """

    exponent: int
    squared: Floats
    lagged: dict[int, Floats]
    spread: float
    norm: float

    @property
    def depth(self) -> int:
        """Return the number of layers."""
        return len(self.squared)

    @property
    def ratio(self) -> float:
        """Return von Neumann's ratio; the layers must not all be equal."""
        return float(self.lagged[1].sum()) / (2 * self.spread)


@dataclass(frozen=True, kw_only=True)
class PermutationTest:
    """Von Neumann's ratio among the ratios of the same layers in other orders.

    Parameters
    ----------
    p_value
        Chance of a ratio at most the one observed if all orders are equally likely; valid also with random orders.
    low, high
        Confidence interval of the chance over all orders; equal where all were tried.
    orders
        How many orders were tried.
    exhaustive
        Whether these are all.
    critical
        The largest ratio that is extreme at the level of the test; 0 if none can be.
    """

    p_value: float
    low: float
    high: float
    orders: int
    exhaustive: bool
    critical: float


def distances(layers: Sequence[NDArray[Any]], strides: Sequence[int] = STRIDES) -> Distances:
    """Return the distances of layers of one shape, a block of entries at a time.

    Parameters
    ----------
    layers
        Finite real arrays, two at least.
    strides
        How far apart, 1 among them; strides of the depth and beyond are left out.

    Returns
    -------
    Distances
        The distances.

    Raises
    ------
    ValueError
        If there is one layer only, shapes differ, or an entry is not finite.
    """
    flat = [np.asarray(layer).reshape(-1) for layer in layers]
    depth = len(flat)
    if depth < 2 or len({np.shape(layer) for layer in layers}) != 1:
        raise ValueError("distances need two layers at least, all of one shape")
    ends = [(-float(layer.min()), float(layer.max())) for layer in flat if layer.size]
    largest = float(np.max(ends, initial=0.0))
    if not math.isfinite(largest):
        raise ValueError("an entry is not finite")
    exponent = math.frexp(largest)[1] if largest else 0
    gram, total = np.zeros((depth, depth)), 0.0
    lagged = {h: np.zeros(depth - h) for h in strides if h < depth}
    width = max(ENTRIES // depth, 1)
    for at in range(0, flat[0].size, width):
        block = np.ldexp(np.stack([layer[at : at + width] for layer in flat]).astype(np.float64), -exponent)
        total += float(np.sum(block * block))
        # The largest layer may dwarf the differences: they are taken before anything is squared.
        for h, sums in lagged.items():
            difference = block[h:] - block[:-h]
            sums += np.einsum("kp,kp->k", difference, difference)
        block -= block[:1]
        block -= block.mean(axis=0)
        gram += block @ block.T
    size = np.diag(gram)
    squared = np.maximum(size[:, None] + size[None, :] - 2 * gram, 0.0)
    np.fill_diagonal(squared, 0.0)
    return Distances(exponent=exponent, squared=squared, lagged=lagged, spread=float(size.sum()), norm=math.sqrt(total / depth))


def null_deviation(squared: Floats) -> float:
    r"""Return the standard deviation of the ratio when all orders of the layers are equally likely; its mean is 1.

    Exact: with :math:`A_{ij}=\|Z_i-Z_j\|^2`, a random path has :math:`L-1` edges, :math:`2(L-2)` ordered pairs of edges that
    share a layer and :math:`(L-2)(L-3)` that share none.

    Parameters
    ----------
    squared
        All squared distances; not all may be 0.

    Returns
    -------
    float
        The standard deviation.
    """
    depth, a = len(squared), squared / squared.mean()
    total, rows, squares = float(a.sum()), float((a.sum(axis=1) ** 2).sum()), float((a * a).sum())
    pairs = depth * (depth - 1)
    second = (depth - 1) * squares / pairs
    if depth > 2:
        second += 2 * (depth - 2) * (rows - squares) / (pairs * (depth - 2))
    if depth > 3:
        second += (total**2 - 4 * rows + 2 * squares) / pairs
    mean = total / depth
    return math.sqrt(max(second / mean**2 - 1, 0.0))


def permutation_test(squared: Floats, *, orders: int = 9999, seed: int = 0, level: float = 0.01) -> PermutationTest:
    """Compare the ratio with those of other orders of the same layers; small ratios are extreme.

    Parameters
    ----------
    squared
        All squared distances; not all may be 0.
    orders
        How many random orders to draw where there are too many to try them all.
    seed
        Seed of the draws.
    level
        The level that ``critical`` belongs to.

    Returns
    -------
    PermutationTest
        The test, its interval at 95%.
    """
    depth = len(squared)
    # The mean of the path sum over all orders is the sum of all entries over the depth.
    mean = float(squared.sum()) / depth
    observed = float(np.diag(squared, 1).sum()) / mean
    if depth <= ENUMERATED:
        tried = np.array(list(permutations(range(depth))))
        ratios = squared[tried[:, :-1], tried[:, 1:]].sum(axis=1) / mean
        exact = float(np.mean(ratios <= observed * (1 + TIES)))
        return PermutationTest(
            p_value=exact, low=exact, high=exact, orders=len(ratios), exhaustive=True, critical=_critical(ratios, level)
        )
    rng = np.random.default_rng(seed)
    ratios = np.empty(orders)
    some = max(ENTRIES // (4 * depth), 1)
    for at in range(0, orders, some):
        count = min(some, orders - at)
        drawn = rng.permuted(np.tile(np.arange(depth), (count, 1)), axis=1)
        ratios[at : at + count] = squared[drawn[:, :-1], drawn[:, 1:]].sum(axis=1) / mean
    below = int(np.sum(ratios <= observed * (1 + TIES)))
    low, high = clopper_pearson(below, orders, 0.95)
    return PermutationTest(
        p_value=(below + 1) / (orders + 1),
        low=low,
        high=high,
        orders=orders,
        exhaustive=False,
        critical=_critical(ratios, level),
    )


def _critical(ratios: Floats, level: float) -> float:
    """Return the largest ratio that a share of at most ``level`` of all does not exceed, 0 if there is none."""
    ordered, most = np.sort(ratios), math.floor(level * len(ratios))
    counts = np.searchsorted(ordered, ordered[:most] * (1 + TIES), side="right")
    kept = ordered[:most][counts <= most]
    return float(kept[-1]) if kept.size else 0.0


def half_waves(ratio: float, depth: int) -> float:
    r"""Return m for which the wave :math:`\cos(\pi m(k-1/2)/L)` of m half periods has this ratio, :math:`1-\cos(\pi m/L)`.

    Parameters
    ----------
    ratio
        Von Neumann's ratio.
    depth
        The number of layers L.

    Returns
    -------
    float
        Between 1 and L - 1 up to rounding; L/2 for layers in random order.
    """
    return math.acos(min(max(1 - ratio, -1.0), 1.0)) * depth / math.pi


def stride_exponent(lagged: dict[int, Floats], confidence: float = 0.95) -> Slope:
    r"""Fit gap :math:`\propto` stride to a power: 1 for a smooth function of depth, 1/2 for a random walk, 0 for i.i.d. layers.

    The gap is the root mean square over all layers that far apart. The interval is Student's about the jackknife that leaves
    out one stretch of depth at a time; it sees what differs between stretches, not a function that is smooth in one way.

    Parameters
    ----------
    lagged
        For each stride the squared distances, at least two strides; those of stride 1 are not all 0.
    confidence
        Between 0 and 1.

    Returns
    -------
    Slope
        The exponent and its interval.

    Raises
    ------
    ValueError
        If there are fewer than eight layers or two strides.
    """
    from scipy import special  # slow to import, and not needed to list statements

    depth = len(lagged[1]) + 1
    if depth < 8 or len(lagged) < 2:
        raise ValueError("an exponent needs eight layers and two strides")
    stretches = max(4, min(20, depth // 4))
    # A stretch owns the pairs of layers whose midpoint it holds.
    owner = {h: np.minimum((np.arange(depth - h) + h / 2) * stretches / (depth - 1), stretches - 1).astype(int) for h in lagged}
    strides = np.log(np.array(list(lagged), dtype=np.float64))
    centred = (strides - strides.mean()) / float(np.sum((strides - strides.mean()) ** 2))
    # Layers that repeat exactly have gaps of 0 at some stride: what rounding would leave stands for them.
    floor = float(np.finfo(np.float64).eps) ** 2 * max(float(d.mean()) for d in lagged.values())

    def fit(left_out: int | None) -> float:
        means = [float(np.mean(d if left_out is None else d[owner[h] != left_out])) for h, d in lagged.items()]
        return float(centred @ np.log(np.maximum(means, floor))) / 2

    slope = fit(None)
    parts = np.array([fit(part) for part in range(stretches)])
    error = math.sqrt(float(np.sum((parts - parts.mean()) ** 2)) * (stretches - 1) / stretches)
    half = float(special.stdtrit(stretches - 1, (1 + confidence) / 2)) * error + 8 * float(np.finfo(np.float64).eps)
    return Slope(slope=slope, low=slope - half, high=slope + half)
