r"""Exact nearest neighbours in Euclidean space: screened by one matrix product, decided by direct differences.

:math:`|x-y|^2=|x|^2+|y|^2-2x\cdot y` is fast and loses the small distances, those that decide whether an image is a copy. Here
it only tells which points cannot be among the nearest; the others are compared through :math:`\sum_i(x_i-y_i)^2` in double
precision, so that a point is at distance exactly 0 from itself, far from the origin too.

Longer than most files: the screen, its error bound and the two questions asked of it belong together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
ENTRIES = 2**21
"""How many numbers one block holds at a time: 16 MiB."""


@dataclass(frozen=True, kw_only=True)
class Nearest:
    """The nearest points of each query, in increasing distance, equal distances by increasing number.

    Parameters
    ----------
    index
        Numbers of the points, shape ``(queries, count)``.
    distance
        Distances, shape ``(queries, count)``.
    ties
        How many points are at exactly the smallest distance, shape ``(queries,)``; 1 where there is no tie.
    """

    index: Array
    distance: Array
    ties: Array


def rows_of(name: str, values: Any) -> Array:
    """Return values as finite float64 rows.

    Parameters
    ----------
    name
        What a refusal calls them.
    values
        Shape ``(n, d)``.

    Returns
    -------
    numpy.ndarray
        The rows.

    Raises
    ------
    ValueError
        If they are no rows, none, or not finite.
    """
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 2 or rows.size == 0:
        raise ValueError(f"{name} of shape {rows.shape}: rows of numbers are needed, one at least")
    bad = ~np.isfinite(rows)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ValueError(f"{name}: entry {column} of row {row} is {rows[row, column]}; every entry must be finite")
    return rows


def distinct_rows(rows: Array) -> tuple[Array, Array]:
    """Return which rows are the first of their kind, and for each row the place of its kind among those.

    Parameters
    ----------
    rows
        Shape ``(n, d)``.

    Returns
    -------
    tuple of numpy.ndarray
        Numbers of the first rows, increasing, and the place of every row's kind, shape ``(n,)``.
    """
    places: dict[bytes, int] = {}
    first: list[int] = []
    kind = np.empty(len(rows), dtype=np.int64)
    for at, row in enumerate(rows):
        key = _key(row)
        if key not in places:
            places[key] = len(first)
            first.append(at)
        kind[at] = places[key]
    return np.array(first, dtype=np.int64), kind


def _key(row: Array) -> bytes:
    # Adding 0 turns -0 into 0, which is equal and has other bytes.
    return (np.asarray(row, dtype=np.float64) + 0.0).tobytes()


def among(rows: Array, others: Array) -> Array:
    """Tell which rows are among others, value for value.

    Parameters
    ----------
    rows, others
        Shapes ``(n, d)`` and ``(m, d)``.

    Returns
    -------
    numpy.ndarray
        True or false, shape ``(n,)``.
    """
    known = {_key(row) for row in others}
    return np.array([_key(row) in known for row in rows], dtype=bool)


def _screened(queries: Array, points: Array) -> Iterator[tuple[slice, Array, Array]]:
    r"""Yield rows of queries, approximate squared distances to all points, and their error.

    With u the unit roundoff the products are off by at most :math:`\gamma_{d+2}(|x|+|y|)^2`, and subtracting the centre moves
    a squared distance by at most :math:`4u(|x|+|y|)^2`: :math:`2(d+6)u(|x|+|y|)^2` covers both.

    Parameters
    ----------
    queries, points
        Rows.

    Yields
    ------
    tuple
        Of a block that fits the memory allowed.
    """
    centre = points.mean(axis=0)
    shifted = points - centre
    squares = np.einsum("ij,ij->i", shifted, shifted)
    reach = np.sqrt(squares.max())
    size = max(1, ENTRIES // max(len(points), points.shape[1]))
    unit = np.finfo(np.float64).eps / 2
    for start in range(0, len(queries), size):
        rows = slice(start, min(start + size, len(queries)))
        block = queries[rows] - centre
        own = np.einsum("ij,ij->i", block, block)
        approximate = own[:, None] + squares - 2 * block @ shifted.T
        yield rows, approximate, 2 * (points.shape[1] + 6) * unit * (np.sqrt(own) + reach) ** 2


def direct_squares(left: Array, right: Array, left_at: Array, right_at: Array) -> Array:
    """Return the squared distances of listed pairs by direct differences.

    Parameters
    ----------
    left, right
        Rows of the same length.
    left_at, right_at
        Numbers of the rows of each pair.

    Returns
    -------
    numpy.ndarray
        One squared distance a pair.
    """
    squares = np.empty(len(left_at))
    size = max(1, ENTRIES // left.shape[1])
    for start in range(0, len(left_at), size):
        part = slice(start, start + size)
        difference = left[left_at[part]] - right[right_at[part]]
        squares[part] = np.einsum("ij,ij->i", difference, difference)
    return squares


def nearest(queries: Any, points: Any, count: int, *, own: bool = False) -> Nearest:
    """Find the nearest points of each query.

    Parameters
    ----------
    queries, points
        Rows, shapes ``(q, d)`` and ``(n, d)``.
    count
        How many.
    own
        Whether the queries are the points: the point of the same number is then left out (its duplicates are not).

    Returns
    -------
    Nearest
        The exact ones.

    Raises
    ------
    ValueError
        If rows have different lengths or are not finite, or there are fewer points than asked for.
    """
    q, p = rows_of("the queries", queries), rows_of("the points", points)
    if q.shape[1] != p.shape[1] or (own and len(q) != len(p)):
        raise ValueError(f"queries of shape {q.shape} and points of shape {p.shape} do not go together")
    if not 1 <= count <= len(p) - own:
        raise ValueError(f"{count} nearest of {len(p) - own} points")
    index, distance = np.empty((len(q), count), dtype=np.int64), np.empty((len(q), count))
    ties = np.empty(len(q), dtype=np.int64)
    for rows, approximate, error in _screened(q, p):
        if own:
            approximate[np.arange(len(approximate)), np.arange(len(q))[rows]] = np.inf
        limit = np.partition(approximate, count - 1, axis=1)[:, count - 1] + 2 * error
        at, near = np.nonzero(approximate <= limit[:, None])
        exact = direct_squares(q[rows], p, at, near)
        order = np.lexsort((near, exact, at))
        chosen = order[np.searchsorted(at, np.arange(len(approximate)))[:, None] + np.arange(count)]
        index[rows], distance[rows] = near[chosen], np.sqrt(exact[chosen])
        smallest = exact == exact[chosen[:, 0]][at]
        ties[rows] = np.bincount(at[smallest], minlength=len(approximate))
    return Nearest(index=index, distance=distance, ties=ties)


def covered(queries: Any, points: Any, radii: Any) -> Array:
    """Tell which queries lie in the closed ball of some point.

    Parameters
    ----------
    queries, points
        Rows, shapes ``(q, d)`` and ``(n, d)``.
    radii
        The radius of each point, shape ``(n,)``, not negative.

    Returns
    -------
    numpy.ndarray
        True or false, shape ``(q,)``.

    Raises
    ------
    ValueError
        If shapes do not go together, or a radius is negative or NaN.
    """
    q, p, r = rows_of("the queries", queries), rows_of("the points", points), np.asarray(radii, dtype=np.float64)
    if q.shape[1] != p.shape[1] or r.shape != (len(p),) or not np.all(r >= 0):
        raise ValueError(f"queries {q.shape}, points {p.shape}, radii {r.shape}: one radius, not negative, for every point")
    inside = np.zeros(len(q), dtype=bool)
    for rows, approximate, error in _screened(q, p):
        found = np.any(approximate < r**2 - error[:, None], axis=1)
        near = (np.abs(approximate - r**2) <= error[:, None]) & ~found[:, None]
        at, which = np.nonzero(near)
        # Compared as distances, so that the point that set a radius lies in its ball.
        found[at[np.sqrt(direct_squares(q[rows], p, at, which)) <= r[which]]] = True
        inside[rows] = found
    return inside
