r"""Chebyshev collocation on [0, 1]: differentiation, integration from either end, interpolation and quadrature.

A function is its values at the N Chebyshev-Gauss-Lobatto nodes :math:`s_j=\sin^2\frac{j\pi}{2(N-1)}`, in increasing order. All
operators are exact on the interpolating polynomial, of degree N - 1; for an analytic function the error falls geometrically
in N, and doubling N shows whether it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.polynomial import chebyshev as series
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


class ChebyshevError(ValueError):
    """A grid or an interpolation was asked for that does not exist; the message is one line."""


@dataclass(frozen=True, kw_only=True)
class ChebyshevGrid:
    r"""The nodes on [0, 1] and the operators on values at the nodes, all read-only.

    Parameters
    ----------
    nodes
        The N nodes, increasing from 0 to 1.
    weights
        The Clenshaw-Curtis weights, positive, of sum 1.
    derivative
        The matrix of :math:`u\mapsto u'`, shape ``(N, N)``.
    from_left
        The matrix of :math:`u\mapsto\int_0^su`; its last row is the weights.
    from_right
        The matrix of :math:`u\mapsto\int_s^1u`; its first row is the weights.
    coefficients
        The matrix that maps values to the coefficients of the interpolant in the Chebyshev polynomials of :math:`2s-1`.
    """

    nodes: Floats
    weights: Floats
    derivative: Floats
    from_left: Floats
    from_right: Floats
    coefficients: Floats

    def tail(self, values: Any) -> float:
        """Return the last two Chebyshev coefficients relative to the largest value: how well the nodes resolve a function.

        Parameters
        ----------
        values
            Values at the nodes along the first axis, any shape behind it.

        Returns
        -------
        float
            The largest over all entries; for an analytic function above the error of the interpolant. 0 for one that vanishes.
        """
        flat = np.reshape(values, (self.nodes.size, -1))
        scale = float(np.abs(flat).max(initial=0.0))
        return float(np.abs(self.coefficients[-2:] @ flat).max()) / scale if scale > 0 else 0.0

    def interpolation(self, points: Any) -> Floats:
        """Return the matrix that maps values at the nodes to values of the interpolant, by the barycentric formula.

        Parameters
        ----------
        points
            Numbers in [0, 1], shape ``(P,)``; at a node the row is exactly a unit vector.

        Returns
        -------
        numpy.ndarray
            Shape ``(P, N)``, each row of sum 1.

        Raises
        ------
        ChebyshevError
            If a point is outside [0, 1]: the interpolant says nothing there.
        """
        points = np.asarray(points, dtype=np.float64)
        # Written so that NaN fails too.
        outside = ~((points >= 0) & (points <= 1))
        if points.ndim != 1 or np.any(outside):
            culprit = f"the point {points[outside].flat[0]!s}" if np.any(outside) else f"an array of shape {points.shape}"
            raise ChebyshevError(f"{culprit} is no sequence of points of [0, 1]")
        gaps = points[:, None] - self.nodes
        # A gap so small that its inverse overflows is none.
        hits = np.abs(gaps) < 1e-300
        terms = _barycentric(self.nodes.size) / np.where(hits, 1.0, gaps)
        rows: Floats = terms / terms.sum(axis=1, keepdims=True)
        on_node = hits.any(axis=1)
        rows[on_node] = hits[on_node]
        return rows


def _barycentric(n: int) -> Floats:
    """Return the barycentric weights of the nodes, up to a common factor."""
    weights: Floats = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    weights[[0, -1]] /= 2
    return weights


def _derivative(nodes: Floats, differences: Floats) -> Floats:
    weights = _barycentric(nodes.size)
    matrix = weights / weights[:, None] / (differences + np.eye(nodes.size))
    np.fill_diagonal(matrix, 0.0)
    # The derivative of a constant is 0: the diagonal is set by that, which also loses the fewest digits.
    np.fill_diagonal(matrix, -matrix.sum(axis=1))
    return np.asarray(matrix, dtype=np.float64)


def _coefficients(n: int, angles: Floats) -> Floats:
    # T_k at the nodes 2 s - 1 = -cos(angle), from the angles: exact at the ends.
    values = np.cos(np.outer(np.arange(n), np.pi - angles))
    halves = np.ones(n)
    halves[[0, -1]] = 0.5
    return np.asarray((2 / (n - 1)) * halves[:, None] * values * halves)


def _from_left(angles: Floats, coefficients: Floats) -> Floats:
    """Return the integration matrix: values to Chebyshev coefficients, integrated term by term, at the nodes."""
    n = angles.size
    integrals = series.chebint(np.eye(n), lbnd=-1, axis=0) / 2
    return np.asarray(np.cos(np.outer(np.pi - angles, np.arange(n + 1))) @ integrals @ coefficients)


@cache
def chebyshev_grid(n: int) -> ChebyshevGrid:
    """Return the grid with ``n`` nodes; the same object for the same number.

    Parameters
    ----------
    n
        Number of nodes, at least 2.

    Returns
    -------
    ChebyshevGrid
        Nodes and operators.

    Raises
    ------
    ChebyshevError
        If there are fewer than 2 nodes.
    """
    if n < 2:
        raise ChebyshevError(f"a grid that contains 0 and 1 has at least 2 nodes, not {n}")
    angles = np.pi * np.arange(n) / (n - 1)
    nodes = np.sin(angles / 2) ** 2
    # s_i - s_j = sin((a_i + a_j) / 2) sin((a_i - a_j) / 2) keeps all digits of neighbouring nodes.
    differences = np.sin((angles[:, None] + angles) / 2) * np.sin((angles[:, None] - angles) / 2)
    coefficients = _coefficients(n, angles)
    left = _from_left(angles, coefficients)
    left[0] = 0.0
    # The nodes are symmetric about 1/2.
    parts = {
        "nodes": nodes,
        "weights": left[-1].copy(),
        "derivative": _derivative(nodes, differences),
        "from_left": left,
        "from_right": left[::-1, ::-1].copy(),
        "coefficients": coefficients,
    }
    for part in parts.values():
        part.flags.writeable = False
    return ChebyshevGrid(**parts)
