r"""Distances between two sets of points seen as distributions: sliced Wasserstein, Fréchet, precision and recall.

None of them is 0 between two samples of one distribution. What a value means is read off a floor: the same distance between
two sets of real images, at the same numbers of images.

Sources: sliced Wasserstein, Bonneel et al. 2015, computed by POT; Fréchet distance of Gaussian fits, Dowson and Landau 1982,
Heusel et al. 2017 (its square, in the features of a network, is the FID); precision and recall, Kynkäänniemi et al. 2019.

Longer than most files: four distances with their formulas, and the test that reads one of them.
"""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from numerics.neighbours import Array, covered, nearest, rows_of

NEIGHBOURS = 3
"""The number of neighbours of Kynkäänniemi et al. 2019."""
BACKENDS = ("PYTORCH", "JAX", "CUPY", "TENSORFLOW")


@cache
def transport_library() -> Any:
    """Return POT without the libraries that it would import and that are not used here; without it, ``ValueError``."""
    if find_spec("ot") is None:
        raise ValueError("sliced Wasserstein distances come from the package POT; install it: pip install 'quod[study]'")
    names = [f"POT_BACKEND_DISABLE_{name}" for name in BACKENDS]
    before = {name: os.environ.get(name) for name in names}
    try:
        os.environ.update(dict.fromkeys(names, "1"))
        import ot
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    return ot


def sphere_directions(dimension: int, count: int, rng: np.random.Generator) -> Array:
    """Return independent directions, uniform on the unit sphere.

    Parameters
    ----------
    dimension, count
        Of the space, and how many; those of a smaller count are the first of a larger one.
    rng
        Their source.

    Returns
    -------
    numpy.ndarray
        Unit columns, shape ``(dimension, count)``.

    Raises
    ------
    ValueError
        If either is not positive.
    """
    if dimension < 1 or count < 1:
        raise ValueError(f"{count} directions in dimension {dimension}: both must be positive")
    normal = rng.standard_normal((count, dimension))
    return np.asarray((normal / np.linalg.norm(normal, axis=1, keepdims=True)).T)


def sliced_wasserstein(x: Any, y: Any, directions: Array) -> float:
    r"""Return :math:`\left(\frac1L\sum_lW_2^2(\theta_l\cdot x,\theta_l\cdot y)\right)^{1/2}`, the metric and not its square.

    With the same directions for all sets it is an :math:`\ell^2` norm of differences of quantile functions, so that the
    triangle inequality is exact, whatever the sizes of the sets. Fresh directions in every call would lose that. Weights are
    passed as integers that sum to the least common multiple of the sizes, so that quantiles meet where they should.

    Parameters
    ----------
    x, y
        Shapes ``(n, d)`` and ``(m, d)``.
    directions
        Unit columns, shape ``(d, L)``, drawn once for all comparisons.

    Returns
    -------
    float
        The distance.

    Raises
    ------
    ValueError
        If the shapes do not go together, or an entry is not finite.
    """
    left, right = rows_of("x", x), rows_of("y", y)
    if not left.shape[1] == right.shape[1] == directions.shape[0]:
        raise ValueError(f"x {left.shape}, y {right.shape} and directions {directions.shape} do not go together")
    total = int(np.lcm(len(left), len(right)))
    weights = [np.full(len(rows), float(total // len(rows))) for rows in (left, right)]
    cost = transport_library().sliced_wasserstein_distance(left, right, *weights, projections=directions)
    return float(cost / np.sqrt(total))


def frechet_distance(x: Any, y: Any) -> float:
    r"""Return the 2-Wasserstein distance of the Gaussians with the means and covariances of two sets; its square is the "FID".

    :math:`d^2=|m_x-m_y|^2+\operatorname{tr}C_x+\operatorname{tr}C_y-2\operatorname{tr}(C_x^{1/2}C_yC_x^{1/2})^{1/2}`. With
    :math:`C=R^\top R` the covariance part is :math:`\min_O\|R_x-OR_y\|_F^2` over orthogonal matrices, attained at
    :math:`O=VU^\top` for :math:`R_yR_x^\top=U\Sigma V^\top`. No square root of a covariance is taken, so singular covariances
    do no harm, and d, not only its square, is accurate to rounding of the largest standard deviation.

    Parameters
    ----------
    x, y
        Shapes ``(n, d)`` and ``(m, d)``, two rows each at least; covariances are divided by n - 1.

    Returns
    -------
    float
        The distance.

    Raises
    ------
    ValueError
        If the rows have different lengths, are fewer than two, or not finite.
    """
    left, right = rows_of("x", x), rows_of("y", y)
    if left.shape[1] != right.shape[1] or min(len(left), len(right)) < 2:
        raise ValueError(f"x {left.shape} and y {right.shape}: rows of one length, two at least, have a Fréchet distance")
    a, b = _factor(left), _factor(right)
    u, _, v = np.linalg.svd(b @ a.T)
    residual = a - v.T @ u.T @ b
    return float(np.hypot(np.linalg.norm(left.mean(axis=0) - right.mean(axis=0)), np.linalg.norm(residual)))


def _factor(rows: Array) -> Array:
    """Return a square R with R^T R the covariance."""
    upper = np.linalg.qr((rows - rows.mean(axis=0)) / np.sqrt(len(rows) - 1), mode="r")
    return np.vstack([upper, np.zeros((rows.shape[1] - len(upper), rows.shape[1]))])


def precision_recall(*, real: Any, generated: Any, neighbours: int = NEIGHBOURS) -> tuple[float, float]:
    """Return the share of generated points within the real points' neighbourhoods, and of real within those of the generated.

    The neighbourhood of a point is the closed ball that reaches its k-th nearest other point of the same set. The roles are
    not exchangeable: swapped, precision and recall change places.

    Parameters
    ----------
    real, generated
        Shapes ``(n, d)`` and ``(m, d)``; balls grow smaller with the number of points, so compare equal numbers.
    neighbours
        The number k, below n and m.

    Returns
    -------
    tuple of float
        Precision and recall.

    Raises
    ------
    ValueError
        If there are not more than k points in each set.
    """
    if min(len(real), len(generated)) <= neighbours:
        raise ValueError(f"{len(real)} real and {len(generated)} generated points: more than {neighbours} of each are needed")
    radii = [nearest(rows, rows, neighbours, own=True).distance[:, -1] for rows in (real, generated)]
    return float(covered(generated, real, radii[0]).mean()), float(covered(real, generated, radii[1]).mean())


def exchangeability(x: Any, y: Any, directions: Array, permutations: int, rng: np.random.Generator) -> float:
    r"""Return the p-value of a permutation test that two sets of equal size are draws of one distribution.

    The statistic is the sliced Wasserstein distance. Of R random exchanges of points between the sets, b reach the observed
    distance; :math:`p=(1+b)/(1+R)` is at most any level with at most that probability if the sets are exchangeable. Only
    distances between sorted projections of equal numbers of points are needed, for which POT's general routine is ten times
    slower.

    Parameters
    ----------
    x, y
        Shape ``(n, d)`` both.
    directions
        Unit columns, shape ``(d, L)``.
    permutations
        The number R.
    rng
        Source of the exchanges.

    Returns
    -------
    float
        The p-value, at least 1/(1 + R).

    Raises
    ------
    ValueError
        If the shapes differ or no exchange is asked for.
    """
    left, right = rows_of("x", x), rows_of("y", y)
    if left.shape != right.shape or permutations < 1:
        raise ValueError(f"x {left.shape}, y {right.shape}, {permutations} exchanges: equal shapes and an exchange are needed")
    pooled = np.ascontiguousarray(directions.T @ np.concatenate([left, right]).T)
    n = len(left)

    def squares(order: Array) -> float:
        sides = [np.sort(pooled[:, part], axis=1) for part in (order[:n], order[n:])]
        return float(np.mean((sides[0] - sides[1]) ** 2))

    observed = squares(np.arange(2 * n))
    # Equal sums in another order differ by rounding, and count as reached.
    least = observed * (1 - pooled.size * np.finfo(np.float64).eps)
    reached = int(sum(squares(rng.permutation(2 * n)) >= least for _ in range(permutations)))
    return (1 + reached) / (1 + permutations)
