r"""Risk, gradient and Hessian of a two-layer ReLU network, in closed form.

The Hessian is :math:`\nabla^2R_n=G+M+D`: Gauss-Newton, mixed derivatives, kinks. Equal neurons move together or against
each other: matrices act on the unit vectors of the first kind, and :func:`opposed_blocks` gives the second kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.arithmetic import Kind, Number, kind_of, positive_part, sqrt, total
from numerics.gaussian_tails import interval_moments, tail_moments
from theory.wu2025.networks import Moments, network_moments
from theory.wu2025.setting import Numbers


def quadratic_risk(p: Any, moments: Moments | None = None) -> Number:
    r"""Return :math:`R_n(\theta)=\mathbb Es_\theta^2+2\mathbb Es_\theta'+\frac1{\sigma^2}`, (5) by Stein's identity.

    Source: wu2025, (5). In floats the three terms cancel when the risk is small; :func:`network_risk` does not.

    Parameters
    ----------
    p
        A lifted network.
    moments
        Its means, computed if not given.

    Returns
    -------
    Number
        The risk.
    """
    moments = network_moments(p) if moments is None else moments
    jumps = p.counts * np.asarray(p.weights) / p.width
    square = total(total(jumps[:, None] * moments.product * jumps))
    return square + 2 * total(p.signs * jumps * moments.active) + 1 / (p.sigma * p.sigma)


def _pieces(p: Any) -> tuple[Numbers, Numbers, Numbers, Number]:
    """Return the distinct kinks in order, the values of s there, the slopes right of each, and the leftmost slope."""
    jumps = p.counts * np.asarray(p.weights) / p.width
    kinks = np.array([p.kinks[group[0]] for group in p.coincident])
    steps = np.array([jumps[list(group)].sum() for group in p.coincident])
    leftmost = float(-jumps[p.signs < 0].sum())
    reach = np.maximum(p.signs * (kinks[:, None] - np.asarray(p.kinks)), 0.0)
    return kinks, reach @ jumps, leftmost + np.cumsum(steps), leftmost


def _piecewise_risk(p: Any) -> float:
    kinks, values, slopes, leftmost = _pieces(p)
    result = 0.0
    for center in p.mu * np.asarray(p.x):
        t = (kinks - center) / p.sigma
        residual = values + t / p.sigma
        steep = p.sigma * slopes + 1 / p.sigma
        first = p.sigma * leftmost + 1 / p.sigma
        psi = tail_moments(-t[:1], 3)
        result += float(residual[0] ** 2 * psi[0][0] - 2 * residual[0] * first * psi[1][0] + first**2 * psi[2][0])
        psi = tail_moments(t[-1:], 3)
        result += float(residual[-1] ** 2 * psi[0][0] + 2 * residual[-1] * steep[-1] * psi[1][0] + steep[-1] ** 2 * psi[2][0])
        if len(kinks) > 1:
            zeroth, rise, square = interval_moments(t[:-1], t[1:])
            inner = residual[:-1] ** 2 * zeroth + 2 * residual[:-1] * steep[:-1] * rise + steep[:-1] ** 2 * square
            result += float(np.maximum(inner, 0.0).sum())
    return result / int(p.n)


def network_risk(p: Any) -> Number:
    r"""Return :math:`R_n(\theta)=\frac1n\sum_i\mathbb E(s_\theta(Y)+\frac{Y-\mu x_i}{\sigma^2})^2`.

    In floats it is summed over the pieces between kinks, each a positive mean of a squared line, so that the risk of a
    network that memorizes keeps its digits. Source: wu2025, (5).

    Parameters
    ----------
    p
        A lifted network.

    Returns
    -------
    Number
        The risk.
    """
    return _piecewise_risk(p) if kind_of(p.mu) is Kind.FLOATS else quadratic_risk(p)


@dataclass(frozen=True)
class Curvature:
    r"""Gradient and the three parts of the Hessian, on the unit vectors of groups: first the w-block, then the b-block.

    Parameters
    ----------
    gradient
        :math:`\nabla R_n` along the unit vectors, shape ``(2K,)``: the gradient of one neuron times :math:`\sqrt{c_k}`.
    gauss_newton
        :math:`G=\frac2n\sum_i\mathbb E\nabla s_\theta\nabla s_\theta^\top`, shape ``(2K, 2K)``.
    mixed, kink
        The diagonals :math:`M_k=\frac2m\mathbb E[fI_k]` (entry :math:`w_kb_k`) and
        :math:`D_k=\frac{2w_k}{mn}\sum_if_i(\tau_k)p_i(\tau_k)` (entry :math:`b_kb_k`), shape ``(K,)``.
    """

    gradient: Numbers
    gauss_newton: Numbers
    mixed: Numbers
    kink: Numbers

    def assemble(self, *, mixed: int = 1, kink: int = 1) -> Numbers:
        """Return the Gauss-Newton part plus the given integer multiples of the other two."""
        result = self.gauss_newton.copy()
        size = len(self.mixed)
        for k in range(size):
            result[k, size + k] = result[k, size + k] + mixed * self.mixed[k]
            result[size + k, k] = result[size + k, k] + mixed * self.mixed[k]
            result[size + k, size + k] = result[size + k, size + k] + kink * self.kink[k]
        return result

    @property
    def hessian(self) -> Numbers:
        r"""Return :math:`\nabla^2R_n=G+M+D`."""
        return self.assemble()

    @property
    def pathwise(self) -> Numbers:
        r"""Return :math:`G+M`: the mean of the Hessian of one squared loss, which exists almost surely and misses the kinks."""
        return self.assemble(kink=0)


def curvature(p: Any, moments: Moments | None = None) -> Curvature:
    r"""Return gradient and Hessian of :math:`R_n` at a network.

    :math:`\partial_{w_k}R_n=\frac2m\mathbb E[f\phi_k]`, :math:`\partial_{b_k}R_n=\frac2mw_k\mathbb E[fI_k]`. By Stein's
    identity :math:`\mathbb E[\frac{Y-\mu x}{\sigma^2}\phi_k]=\epsilon_kP(I_k)` and
    :math:`\mathbb E[\frac{Y-\mu x}{\sigma^2}I_k]=\epsilon_kp(\tau_k)`. Source: wu2025, Lemma 5 and its proof, with the sign of
    the kink term derived anew.

    Parameters
    ----------
    p
        A lifted network.
    moments
        Its means, computed if not given.

    Returns
    -------
    Curvature
        Gradient and Hessian.
    """
    moments = network_moments(p) if moments is None else moments
    m, weights, counts = p.width, np.asarray(p.weights), p.counts
    jumps = counts * weights / m
    roots = sqrt(0 * weights + counts)
    on_value = total(moments.product * jumps) + p.signs * moments.active
    on_indicator = total(moments.mixed.T * jumps) + p.signs * moments.density
    kinks = np.asarray(p.kinks)
    at_kinks = total(positive_part(p.signs * (kinks[:, None] - kinks)) * jumps)
    residual = at_kinks * moments.density + moments.residual
    cross = moments.mixed * weights
    pairs = roots[:, None] * roots
    outer = weights[:, None] * moments.both * weights
    blocks = [[pairs * moments.product, pairs * cross], [(pairs * cross).T, pairs * outer]]
    return Curvature(
        gradient=2 * np.concatenate([roots * on_value, roots * weights * on_indicator]) / m,
        gauss_newton=2 * np.block(blocks) / m**2,
        mixed=2 * on_indicator / m,
        kink=2 * weights * residual / m,
    )


def opposed_blocks(p: Any, parts: Curvature) -> Numbers:
    r"""Return the Hessian on neurons of a group that move against each other: a 2x2 block for each group.

    The Gauss-Newton part vanishes there and :math:`\begin{pmatrix}0&M_k\\M_k&D_k\end{pmatrix}` remains, with multiplicity
    :math:`c_k-1`.

    Parameters
    ----------
    p
        A lifted network.
    parts
        Its curvature.

    Returns
    -------
    Numbers
        The blocks of the groups of more than one neuron, shape ``(k, 2, 2)``.
    """
    blocks = [
        [[0 * mixed, mixed], [mixed, kink]]
        for mixed, kink, count in zip(parts.mixed, parts.kink, p.counts, strict=True)
        if count > 1
    ]
    return np.array(blocks).reshape(-1, 2, 2)


def largest_eigenvalue(matrix: Numbers) -> Number:
    """Return the largest algebraic eigenvalue of a symmetric matrix, in floats or as a ball that encloses it.

    Parameters
    ----------
    matrix
        The matrix, shape ``(d, d)``.

    Returns
    -------
    Number
        The eigenvalue.
    """
    if kind_of(matrix) is Kind.FLOATS:
        return float(np.linalg.eigvalsh(matrix)[-1]) if np.all(np.isfinite(matrix)) else float("nan")
    from numerics.eigenvalues import enclose_largest_eigenvalue

    return enclose_largest_eigenvalue(matrix)


def tangent_kernel_eigenvalue(p: Any) -> Number:
    r"""Return :math:`\lambda_{\max}\big(\frac1n\sum_i\mathbb E[\nabla_\theta s_\theta\nabla_\theta s_\theta^\top]\big)`.

    Neurons of one group that move against each other have eigenvalue 0. Source: wu2025, Proposition 10.

    Parameters
    ----------
    p
        A lifted network.

    Returns
    -------
    Number
        The eigenvalue.
    """
    return largest_eigenvalue(curvature(p).gauss_newton) / 2


def sharpness(p: Any, parts: Curvature | None = None, *, kink: int = 1) -> Number:
    r"""Return :math:`\lambda_{\max}(\nabla^2R_n(\theta))`, the largest *algebraic* eigenvalue over all 2m parameters.

    Parameters
    ----------
    p
        A lifted network.
    parts
        Its curvature, computed if not given.
    kink
        Multiple of the kink term: 0 gives the mean of the pathwise Hessians.

    Returns
    -------
    Number
        The sharpness.
    """
    parts = curvature(p) if parts is None else parts
    # Equal neurons that move against each other add nothing: their block is that of the group less a positive part.
    return largest_eigenvalue(parts.assemble(kink=kink))
