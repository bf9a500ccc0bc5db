"""Principal components of rows, in double precision, with signs that do not depend on the library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.neighbours import Array, rows_of


@dataclass(frozen=True, kw_only=True)
class PrincipalSpace:
    """The affine space of the leading principal components.

    Parameters
    ----------
    mean
        The mean of the rows it was fitted to, shape ``(d,)``.
    directions
        Orthonormal columns in decreasing order of variance, shape ``(d, r)``.
    variances
        The variance along each (divided by n - 1), shape ``(r,)``.
    explained
        Their share of the whole variance.
    """

    mean: Array
    directions: Array
    variances: Array
    explained: float

    def coordinates(self, rows: Any) -> Array:
        """Return the coordinates of rows, shape ``(n, r)``."""
        return np.asarray((rows_of("the rows", rows) - self.mean) @ self.directions)


def principal_space(rows: Any, most: int) -> PrincipalSpace:
    r"""Fit the leading principal components, through the smaller of the two Gram matrices.

    Directions whose variance is below :math:`\max(n,d)\,\varepsilon` times the largest are rounding and are left out.

    Parameters
    ----------
    rows
        Shape ``(n, d)``, two at least.
    most
        How many components at most.

    Returns
    -------
    PrincipalSpace
        The space, with ``min(most, rank)`` components.

    Raises
    ------
    ValueError
        If fewer than two rows or no component are asked for, or all rows are equal.
    """
    x = rows_of("the rows", rows)
    n, d = x.shape
    if n < 2 or most < 1:
        raise ValueError(f"{most} principal components of {n} rows: at least one component and two rows are needed")
    mean = x.mean(axis=0)
    centred = x - mean
    tall = n >= d
    values, vectors = np.linalg.eigh(centred.T @ centred if tall else centred @ centred.T)
    values, vectors = values[::-1] / (n - 1), vectors[:, ::-1]
    # The mean itself is rounded: what remains of equal rows is no variance.
    rounding = max(n, d) * np.finfo(np.float64).eps * max(values[0], float(np.abs(x).max()) ** 2 * np.finfo(np.float64).eps)
    kept = min(most, int(np.sum(values > rounding)))
    if kept == 0:
        raise ValueError(f"all {n} rows are equal up to rounding: they have no principal component")
    directions = vectors[:, :kept]
    if not tall:
        # Dividing by the singular values would leave directions of small variance orthogonal to few digits.
        directions = np.linalg.qr(centred.T @ directions)[0]
    largest = directions[np.argmax(np.abs(directions), axis=0), np.arange(kept)]
    explained = float(values[:kept].sum() / values.clip(0).sum())
    return PrincipalSpace(mean=mean, directions=directions * np.sign(largest), variances=values[:kept], explained=explained)
