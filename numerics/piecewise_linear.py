r"""Gaussian smoothing of piecewise linear functions, in closed form.

A piece has value :math:`v` at its left end :math:`s`, slope :math:`k` and length :math:`\ell`; outside all pieces the
function is 0. Positions enter only relative to the point of evaluation, so that nothing cancels far from the origin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.arithmetic import Kind, Number, kind_of, normal_density, normal_mass, total

Array = NDArray[np.float64] | Any
NARROW = 0.5
"""Lengths, in units of sigma, below which floats integrate a piece by a rule."""


@dataclass(frozen=True)
class Pieces:
    """A piecewise linear function, possibly with jumps.

    Parameters
    ----------
    value
        Values at the left ends, shape ``(pieces,)``.
    slope
        Slopes, shape ``(pieces,)``.
    length
        Lengths, not negative; an empty piece contributes nothing.
    """

    value: Number
    slope: Number
    length: Number


def smooth(pieces: Pieces, starts: Number, sigma: Number) -> Number:
    r"""Return :math:`\mathbb E\,g(y-\xi)`, :math:`\xi\sim N(0,\sigma^2)`, for a piecewise linear :math:`g`.

    With :math:`\alpha=(s-y)/\sigma`, :math:`\beta=\alpha+\ell/\sigma` a piece contributes
    :math:`(v-k\sigma\alpha)(\Phi(\beta)-\Phi(\alpha))+k\sigma(\varphi(\alpha)-\varphi(\beta))`.

    Parameters
    ----------
    pieces
        The function :math:`g`.
    starts
        Left ends minus the point of evaluation, :math:`s-y`, shape ``(..., pieces)``.
    sigma
        Standard deviation of the smoothing.

    Returns
    -------
    Number
        The smoothed values, shape ``(...)``.
    """
    alpha = starts / sigma
    beta = (starts + pieces.length) / sigma
    mass = normal_mass(alpha, beta)
    edges = normal_density(alpha) - normal_density(beta)
    terms = (pieces.value - pieces.slope * starts) * mass + pieces.slope * sigma * edges
    if kind_of(terms) is Kind.FLOATS:
        terms = _with_narrow_pieces(pieces, starts, sigma, np.asarray(terms))
    return total(terms)


def _with_narrow_pieces(pieces: Pieces, starts: Number, sigma: Number, terms: Array) -> Array:
    """Replace, in floats, the terms of pieces far below sigma, where the closed form loses digits as (sigma / length)^2.

    Over half a sigma the density is a polynomial to rounding, so that a rule of 6 nodes integrates the definition. A
    density 8 sigma away is less smooth, but below 1e-14.

    Returns
    -------
    numpy.ndarray
        The terms of all pieces.
    """
    narrow = np.broadcast_to(pieces.length < NARROW * sigma, terms.shape)
    if not narrow.any():
        return terms
    parts = (np.broadcast_to(part, terms.shape)[narrow] for part in (pieces.value, pieces.slope, pieces.length, starts))
    value, slope, length, start = parts
    result = terms.copy()
    from scipy.special import roots_legendre  # slow to import, and not needed to list statements

    nodes, weights = roots_legendre(6)
    steps = [(length * (1 + node) / 2, weight / 2) for node, weight in zip(nodes, weights, strict=True)]
    result[narrow] = sum(w * (value + slope * t) * normal_density((start + t) / sigma) for t, w in steps) * (length / sigma)
    return result
