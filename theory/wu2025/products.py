r"""Products of the Hessian of a network with vectors, without the matrix: for widths at which it does not fit.

A direction v moves :math:`s_\theta` by the piecewise linear function
:math:`g_v=\frac1m\sum_\ell(v_{w_\ell}\phi_\ell+v_{b_\ell}w_\ell I_\ell)`, with jumps at kinks, and :math:`Gv` has the entries
:math:`\frac2m\mathbb E[\phi_kg_v]` and :math:`\frac2mw_k\mathbb E[I_kg_v]`. Both are sums over the pieces beyond a kink, so
that a product takes time and memory in proportion to m n.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from numerics.arithmetic import Kind, kind_of, normal_density
from numerics.gaussian_tails import interval_moments, tail_moments
from theory.statement import InputError

Floats: TypeAlias = NDArray[np.float64]


class HessianProduct:
    r"""The map :math:`v\mapsto\nabla^2R_n(\theta)v` on the 2m parameters, first w, then b.

    Parameters
    ----------
    p
        A network of single neurons lifted to floats.
    """

    def __init__(self, p: Any) -> None:
        """Prepare the moments of the pieces, and the diagonals M and D."""
        if kind_of(p.mu) is not Kind.FLOATS or p.width != len(p.kinks):
            raise InputError(f"width {p.width}: products need single neurons in floats")
        order = np.argsort(p.kinks, kind="stable")
        self.order, self.size = order, 2 * p.width
        self.kinks, self.signs = np.asarray(p.kinks)[order], p.signs[order]
        self.weights, self.m, self.sigma = np.asarray(p.weights)[order], p.width, float(p.sigma)
        t = (self.kinks - (p.mu * np.asarray(p.x))[:, None]) / self.sigma
        inner = interval_moments(t[:, :-1], t[:, 1:])
        # Moments about the first kink to the left of a piece; left of all kinks, about the first, on the side below it.
        first, last = tail_moments(-t[:, :1], 3), tail_moments(t[:, -1:], 3)
        below = [first[0], -first[1], first[2]]
        self.moments = [
            np.mean(np.concatenate([below[k], inner[k], last[k]], axis=1), axis=0) * self.sigma**k for k in range(3)
        ]
        self.anchors = np.concatenate([self.kinks[:1], self.kinks])
        _, on_active = self.against(self.signs * self.weights / self.m, 0 * self.weights)
        density = np.mean(normal_density(t), axis=0) / self.sigma
        residual = np.mean(t * normal_density(t), axis=0) / self.sigma**2
        values = self._values_at_kinks(self.weights / self.m)
        self.mixed = 2 * (on_active + self.signs * density) / self.m
        self.kink = 2 * self.weights * (values * density + residual) / self.m

    def against(self, slopes: Floats, steps: Floats) -> tuple[Floats, Floats]:
        r"""Return :math:`\mathbb E[\phi_kg]` and :math:`\mathbb E[I_kg]` for :math:`g=\sum_l(a_l\epsilon_l\phi_l+c_lI_l)`.

        Parameters
        ----------
        slopes, steps
            The slopes :math:`a_l` and the steps :math:`c_l` of the active sides, in the order of the kinks.

        Returns
        -------
        tuple
            Both means, shape ``(m,)``, in the order of the kinks.
        """
        right = self.signs > 0
        # On piece j the right neurons up to j and the left ones from j on are active.
        slope = _prefix(np.where(right, slopes, 0.0)) + _suffix(np.where(right, 0.0, slopes))
        level = _prefix(np.where(right, steps - slopes * self.kinks, 0.0))
        level += _suffix(np.where(right, 0.0, steps - slopes * self.kinks))
        value = level + slope * self.anchors
        zeroth = value * self.moments[0] + slope * self.moments[1]
        rise = value * self.moments[1] + slope * self.moments[2]
        plain, weighted = _beyond(zeroth, right), _beyond(rise + self.anchors * zeroth, right)
        return self.signs * (weighted - self.kinks * plain), plain

    def _values_at_kinks(self, jumps: Floats) -> Floats:
        right = self.signs > 0
        slope = _prefix(np.where(right, jumps, 0.0)) - _suffix(np.where(right, 0.0, jumps))
        level = -_prefix(np.where(right, jumps * self.kinks, 0.0)) + _suffix(np.where(right, 0.0, jumps * self.kinks))
        return np.asarray(level[1:] + slope[1:] * self.kinks)

    def __call__(self, v: Floats) -> Floats:
        """Return the product with a vector of length 2m."""
        on_w, on_b = v[: self.m][self.order], v[self.m :][self.order]
        value, active = self.against(self.signs * on_w / self.m, on_b * self.weights / self.m)
        result = np.empty(2 * self.m)
        result[: self.m][self.order] = 2 * value / self.m + self.mixed * on_b
        result[self.m :][self.order] = 2 * self.weights * active / self.m + self.mixed * on_w + self.kink * on_b
        return result


def _prefix(values: Floats) -> Floats:
    """Return, for each piece, the sum over the kinks left of it."""
    return np.concatenate([[0.0], np.cumsum(values)])


def _suffix(values: Floats) -> Floats:
    """Return, for each piece, the sum over the kinks right of it."""
    return np.concatenate([np.cumsum(values[::-1])[::-1], [0.0]])


def _beyond(pieces: Floats, right: Any) -> Floats:
    """Return, for each kink, the sum over the pieces on its active side."""
    after, before = np.cumsum(pieces[::-1])[::-1][1:], np.cumsum(pieces)[:-1]
    return np.where(right, after, before)


def hessian_product(p: Any) -> Callable[[Floats], Floats]:
    """Return the Hessian of a network as a map on vectors; see :class:`HessianProduct`."""
    return HessianProduct(p)
