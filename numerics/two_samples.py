r"""What two samples say about whether their laws are the same: kernel discrepancies, nearest points, and a null by permutation.

The squared maximum mean discrepancy with the kernel :math:`k(x,y)=e^{-|x-y|^2/2h^2}` is :math:`\mathbb Ek(X,X')+\mathbb
Ek(Y,Y')-2\mathbb Ek(X,Y)`; its unbiased estimate leaves out the pairs of a point with itself, and may be negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from numerics.neighbours import rows_of

Floats: TypeAlias = NDArray[Any]


def _samples(x: Any, y: Any) -> tuple[Floats, Floats]:
    left, right = rows_of("x", x), rows_of("y", y)
    if left.shape[1] != right.shape[1]:
        raise ValueError(f"x {left.shape} and y {right.shape}: rows of one length are needed")
    return left, right


def _gram(squares: Floats, bandwidth: float) -> Floats:
    return np.asarray(np.exp(squares / (-2 * bandwidth**2)))


def _within(squares: Floats, n: int, bandwidth: float, biased: bool) -> float:
    # The diagonal is counted apart: in one sum n ones would hide values below 1e-16.
    off = 2 * float(_gram(squares, bandwidth).sum())
    return (off + n) / n**2 if biased else off / (n * (n - 1))


def squared_mmds(x: Floats, y: Floats, bandwidths: Sequence[float], *, biased: bool = False) -> list[float]:
    r"""Return the squared maximum mean discrepancies of two samples with Gaussian kernels.

    Parameters
    ----------
    x, y
        Samples of two points or more, shapes ``(N, d)`` and ``(M, d)``.
    bandwidths
        Values of h, positive.
    biased
        Whether pairs of a point with itself count; the estimate is then not negative, and too large by about :math:`1/N+1/M`.

    Returns
    -------
    list of float
        The estimates.

    Raises
    ------
    ValueError
        If a sample has fewer than two points, or one that is not finite, the dimensions differ, or a bandwidth is not positive.
    """
    from scipy.spatial.distance import cdist, pdist  # a slow import, which listing statements does not need

    x, y = _samples(x, y)
    if min(len(x), len(y)) < 2 or not all(0 < bandwidth < np.inf for bandwidth in bandwidths):
        raise ValueError(f"two samples of two points or more and positive bandwidths, not {len(x)}, {len(y)} and {bandwidths}")
    own, other, across = pdist(x, "sqeuclidean"), pdist(y, "sqeuclidean"), cdist(x, y, "sqeuclidean")
    return [
        _within(own, len(x), h, biased) + _within(other, len(y), h, biased) - 2 * float(_gram(across, h).mean())
        for h in bandwidths
    ]


def squared_mmd(x: Floats, y: Floats, bandwidth: float, *, biased: bool = False) -> float:
    r"""Return the squared maximum mean discrepancy at one bandwidth.

    Parameters
    ----------
    x, y, bandwidth, biased
        As for :func:`squared_mmds`.

    Returns
    -------
    float
        The estimate.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [1.0]])
    >>> round(squared_mmd(x, x, 1.0), 6), squared_mmd(x, x, 1.0, biased=True)
    (-0.196735, 0.0)
    """
    return squared_mmds(x, y, [bandwidth], biased=biased)[0]


def permutation_null(x: Floats, y: Floats, bandwidth: float, count: int, rng: np.random.Generator) -> Floats:
    r"""Return unbiased squared discrepancies of random splits of the two samples put together: the law under equality.

    With weights :math:`z` of :math:`1/N` and :math:`-1/M` the estimate is a quadratic form in the Gram matrix without its
    diagonal, so that all splits share one matrix.

    Parameters
    ----------
    x, y
        Samples, shapes ``(N, d)`` and ``(M, d)``.
    bandwidth
        h, positive.
    count
        How many splits.
    rng
        Their source.

    Returns
    -------
    numpy.ndarray
        The values, shape ``(count,)``.

    Raises
    ------
    ValueError
        As for :func:`squared_mmds`.
    """
    from scipy.spatial.distance import pdist, squareform

    x, y = _samples(x, y)
    n, m = len(x), len(y)
    if min(n, m) < 2 or not 0 < bandwidth < np.inf:
        raise ValueError(f"two samples of two points or more and a positive bandwidth, not {n}, {m} and {bandwidth}")
    gram = squareform(_gram(pdist(np.concatenate([x, y]), "sqeuclidean"), bandwidth))
    first = np.zeros((n + m, count))
    for split in range(count):
        first[rng.permutation(n + m)[:n], split] = 1
    on_first = gram @ first
    inside = (first * on_first).sum(axis=0)
    across = ((1 - first) * on_first).sum(axis=0)
    outside = gram.sum() - inside - 2 * across
    return np.asarray(inside / (n * (n - 1)) + outside / (m * (m - 1)) - 2 * across / (n * m))


def median_distance(x: Floats) -> float:
    """Return the median distance between two points of a sample, shape ``(N, d)``; of fewer than two it is a ``ValueError``."""
    from scipy.spatial.distance import pdist

    rows = rows_of("x", x)
    if len(rows) < 2:
        raise ValueError("one point has no distance to another one")
    return float(np.median(pdist(rows)))


def nearest_distances(points: Floats, sample: Floats) -> tuple[Floats, Floats]:
    """Return the distances of points to the nearest and to the second nearest point of a sample.

    Parameters
    ----------
    points
        Points, shape ``(N, d)``.
    sample
        A sample of two points or more, shape ``(n, d)``.

    Returns
    -------
    tuple of numpy.ndarray
        Both distances, shape ``(N,)``.

    Raises
    ------
    ValueError
        If the sample has fewer than two points, a coordinate is not finite, or the dimensions differ.
    """
    from scipy.spatial.distance import cdist

    points, sample = _samples(points, sample)
    if len(sample) < 2:
        raise ValueError("one point has no second nearest one")
    ordered = np.partition(cdist(points, sample), 1, axis=1)
    return ordered[:, 0], ordered[:, 1]


def share_of_copies(points: Floats, sample: Floats, factor: float = 1 / 3) -> float:
    """Return the share of points that are copies: nearer to one point of a sample than ``factor`` times to any other one.

    Parameters
    ----------
    points
        Points, shape ``(N, d)``.
    sample
        The sample, shape ``(n, d)``.
    factor
        Below which ratio of the two distances a point is a copy.

    Returns
    -------
    float
        The share.
    """
    first, second = nearest_distances(points, sample)
    return float(np.mean(first < factor * second))
