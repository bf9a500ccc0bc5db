r"""Gaussian smoothing of piecewise linear functions, in closed form.

A piece has value :math:`v` at its left end :math:`s`, slope :math:`k` and length :math:`\ell`; outside all pieces the
function is 0. Positions enter only relative to the point of evaluation, so that nothing cancels far from the origin.
"""

from __future__ import annotations

from dataclasses import dataclass

from numerics.arithmetic import Number, normal_density, normal_mass, total


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
    return total((pieces.value - pieces.slope * starts) * mass + pieces.slope * sigma * edges)
