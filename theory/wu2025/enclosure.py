r"""Rigorous enclosures by balls of the irregularity, the total variation and the empirical risk of the score.

On a cell where :math:`\kappa_3` has a certified sign, :math:`\int|\kappa_3|\,d\tau` is the difference of
:math:`\mathbb VW` at its ends, and :math:`\int|\kappa_3|\pi\,d\tau` the integral of a holomorphic function. Elsewhere it lies
between 0 and a crude bound: :math:`|\kappa_3|\le(x_n-x_1)\,\mathbb VW` and :math:`\mathbb VW=d\,\mathbb EW/d\tau`, so that
:math:`\int|\kappa_3|\,d\tau\le(x_n-x_1)\,(\mathbb EW(b)-\mathbb EW(a))`. Cells are bisected until the crude bounds are
negligible, so that no zero of :math:`\kappa_3` has to be found.

The work follows the precision of the balls: up to :data:`COARSE_BITS` bits the weight is bounded by its range on each cell,
which is cheap and decides wide gaps; beyond, the integrals are enclosed to about a quarter of
the further bits.
"""

from __future__ import annotations

import dataclasses
import math
from functools import cached_property
from itertools import pairwise
from typing import Any

import flint
import numpy as np

from numerics.arithmetic import Number, absolute
from numerics.ball_integration import holomorphic, integrate
from numerics.finite_law import FiniteLaw
from numerics.piecewise_linear import smooth
from theory.wu2025.local import geometric
from theory.wu2025.score import log_weight
from theory.wu2025.weight import anchored_pieces

COARSE_BITS = 128
DEPTH = 200
EVALUATIONS = 4000


def _relative_bits() -> int:
    return (int(flint.ctx.prec) - 144) // 4 if flint.ctx.prec > COARSE_BITS else 12


def _hull(a: Any, b: Any) -> Any:
    return flint.arb(a).union(flint.arb(b))


def _edges(p: Any, i: int) -> list[Any]:
    """Return edges in offsets from the midpoint of gap ``i``, where the integrand changes its scale."""
    gap, sigma = float(p.mu) * float(p.x[i + 1] - p.x[i]), float(p.sigma)
    inner = geometric(min(sigma**2 / gap, sigma / 2) / 4, gap / 2)[1:-1]
    # Rounding must not put an edge beyond the end.
    inner = inner[inner < gap / 2 * (1 - 1e-9)]
    half = p.mu * (p.x[i + 1] - p.x[i]) / 2
    middle = [flint.arb(float(value)) for value in np.concatenate([-inner[::-1], [0.0], inner])]
    return [-half, *middle, half]


class _Edge:
    """An end of a cell, with what is known there."""

    def __init__(self, cells: _Cells, offset: Any) -> None:
        law = cells.law(offset)
        self.offset, self.variance = offset, law.variance
        self.mean = law.mean + (cells.step if cells.turned(offset) else 0)
        self._cells = cells

    @cached_property
    def weight(self) -> Any:
        return self._cells.weight(self.offset)


class _Cells:
    """The third cumulant, and the weight if any, in the offset from one anchor."""

    def __init__(self, p: Any, a: int, b: int, *, weighted: bool) -> None:
        self.p, self.weighted = p, weighted
        self.span = p.x[-1] - p.x[0]
        self.rate = p.mu / p.sigma**2
        self.step = p.x[b] - p.x[a]
        self.from_a, self.from_b = p.x - p.x[a], p.x - p.x[b]
        self.pieces, self.starts = anchored_pieces(p, a, b)

        @holomorphic
        def integrand(offset: Any) -> Any:
            return self.law(offset).third_central_moment * self.weight(offset)

        self.integrand = integrand

    @staticmethod
    def turned(offset: Any) -> bool:
        """Return whether the second anchor is the nearer one: weights are taken relative to the largest, or balls blow up."""
        return bool(offset.real.mid() > 0)

    def law(self, offset: Any) -> FiniteLaw:
        """Return the law of W minus the nearer anchor."""
        near, far = (self.from_b, self.from_a) if self.turned(offset) else (self.from_a, self.from_b)
        return FiniteLaw(near, log_weight(self.p.mu * near, self.p.mu * far, offset, self.p.sigma))

    def weight(self, offset: Any) -> Any:
        return smooth(self.pieces, self.starts - offset, self.p.sigma) if self.weighted else flint.arb(1)

    def crude(self, low: _Edge, high: _Edge) -> Any:
        """Return an upper bound on the integral of |kappa_3| pi d tau over the cell."""
        # pi is at most mu (x_n - x_1)/8: the minimum of p^2 t and (1-p)^2 (1-t) is at most 1/8.
        height = self.p.mu * self.span / 8 if self.weighted else flint.arb(1)
        return (absolute(high.mean - low.mean) * self.span * height).upper()

    def signed(self, low: _Edge, high: _Edge, negligible: Any) -> Any:
        """Return a ball around the integral over a cell on which kappa_3 has one sign."""
        if self.weighted and flint.ctx.prec > COARSE_BITS:
            tolerance = -int(float((negligible / self.rate).log()) / math.log(2)) + 1
            options = {"relative_bits": _relative_bits() + 8, "absolute_bits": tolerance, "evaluations": EVALUATIONS}
            return absolute(integrate(self.integrand, low.offset, high.offset, **options)) * self.rate
        step = absolute(high.variance - low.variance)
        return step * self.weight_range(low, high) if self.weighted else step

    def weight_range(self, low: _Edge, high: _Edge) -> Any:
        # The weight rises and then falls, so that its minimum over a cell is at an end.
        upper = self.weight(_hull(low.offset, high.offset)).upper()
        return _hull(min(low.weight.lower(), high.weight.lower(), key=float), upper)

    def enclose(self, low: _Edge, high: _Edge, negligible: Any, depth: int = DEPTH) -> Any:
        """Return a ball around the integral of |kappa_3| pi d tau over the cell."""
        bound = self.crude(low, high)
        if bound <= negligible or depth == 0:
            return _hull(0, bound)
        third = self.law(_hull(low.offset, high.offset)).third_central_moment
        if third > 0 or third < 0:
            return self.signed(low, high, negligible)
        middle = _Edge(self, ((low.offset + high.offset) / 2).mid())
        return self.enclose(low, middle, negligible, depth - 1) + self.enclose(middle, high, negligible, depth - 1)

    def enclose_all(self, offsets: list[Any], scale: float, gaps: int) -> Any:
        """Return the sum over consecutive cells; ``scale`` is the size of the whole, ``gaps`` the number of such sums."""
        negligible = flint.arb(scale) * flint.arb(2) ** -(_relative_bits() + 4) / (gaps * len(offsets))
        edges = [_Edge(self, offset) for offset in offsets]
        return sum((self.enclose(low, high, negligible) for low, high in pairwise(edges)), start=flint.arb(0))


def _inside(p: Any, scale: float, *, weighted: bool) -> Any:
    """Return the integral of |kappa_3| (times pi) over [mu x_1, mu x_n]; ``scale`` is its size in floats."""
    sums = (_Cells(p, i, i + 1, weighted=weighted).enclose_all(_edges(p, i), scale, p.n) for i in range(p.n - 1))
    return sum(sums, start=flint.arb(0))


def _floats(p: Any) -> Any:
    """Return the problem in floats, for scales only: nothing rigorous rests on it."""
    changes = {"x": np.array([float(value) for value in p.x]), "mu": float(p.mu), "sigma": float(p.sigma)}
    return dataclasses.replace(p, **changes)


def irregularity_ball(p: Any) -> Number:
    r"""Return a ball around :math:`TV^{(1)}_\pi(s^\star)`.

    Parameters
    ----------
    p
        A problem lifted to balls.

    Returns
    -------
    Number
        The enclosure; it narrows as the precision of the balls grows.
    """
    from theory.wu2025.irregularity import irregularity_integral

    scale = irregularity_integral(_floats(p)).value
    return _inside(p, scale, weighted=True) * p.mu**2 / p.sigma**4


def half_gap_ball(p: Any, i: int, side: int) -> Number:
    r"""Return a ball around the irregularity of one half of gap ``i`` (from 0), left (-1) or right (+1) of its midpoint."""
    from theory.wu2025.irregularity import irregularity_integral

    scale = irregularity_integral(_floats(p)).value
    edges = [edge for edge in _edges(p, i) if side * edge >= 0]
    return _Cells(p, i, i + 1, weighted=True).enclose_all(edges, scale, 2 * p.n) * p.mu**2 / p.sigma**4


def total_variation_ball(p: Any) -> Number:
    r"""Return a ball around :math:`\int_{\mathbb R}|s^{\star\prime\prime}|`; see :func:`irregularity_ball`."""
    from theory.wu2025.irregularity import total_variation_integral

    scale = total_variation_integral(_floats(p)).value
    result = _inside(p, scale, weighted=False)
    for k, side, gap in ((0, -1, p.x[1] - p.x[0]), (p.n - 1, 1, p.x[-1] - p.x[-2])):
        tail = _Cells(p, k, k, weighted=False)
        reach = (64 * p.sigma**2 / (p.mu * gap)).mid()
        steps = [flint.arb(0)] + [reach * flint.arb(2) ** -j for j in range(7, -1, -1)]
        edges = steps if side > 0 else [-step for step in reversed(steps)]
        result = result + tail.enclose_all(edges, scale, 2)
        # Beyond the reach the mean has only this far to go.
        rest = absolute(tail.law(side * reach).mean) * tail.span
        result = result + _hull(0, rest.upper())
    return result * p.mu**2 / p.sigma**4


def empirical_risk_ball(p: Any, *, by_definition: bool = False) -> Number:
    r"""Return a ball around :math:`R_n(s^\star)=\frac{\mu^2}{\sigma^4}\mathbb E\,\mathbb V[W(Y)]`.

    Parameters
    ----------
    p
        A problem lifted to balls.
    by_definition
        Integrate (5) as printed instead, :math:`\frac1n\sum_i\mathbb E(s^\star(Y)+\frac{Y-\mu x_i}{\sigma^2})^2`.

    Returns
    -------
    Number
        The enclosure. Beyond a reach past the extreme points the integrand is at most :math:`(x_n-x_1)^2` times the density,
        whose mass is a Gaussian tail.
    """
    from theory.wu2025.irregularity import log_empirical_risk

    total, span = flint.arb(0), p.x[-1] - p.x[0]
    reach = p.separation / 2 + 20
    floats = _floats(p)
    # Cells need no digits below those that the whole keeps; its size in floats sets the scale, and nothing rigorous.
    log_scale = log_empirical_risk(floats).log + 4 * math.log(floats.sigma) - 2 * math.log(floats.mu)
    tolerance = _relative_bits() + 12 - int(log_scale / math.log(2))
    for i in range(p.n - 1):
        half = p.mu * (p.x[i + 1] - p.x[i]) / 2
        total = total + _risk_cells(p, i, i + 1, half, _edges(p, i), tolerance, by_definition)
    steps = [(reach * p.sigma * k / 8).mid() for k in range(9)]
    total = total + _risk_cells(p, p.n - 1, p.n - 1, flint.arb(0), steps, tolerance, by_definition)
    total = total + _risk_cells(p, 0, 0, flint.arb(0), [-step for step in steps[::-1]], tolerance, by_definition)
    # Both tails together: sample points further inside have lighter tails.
    tail = span**2 * (steps[-1] / p.sigma / flint.arb(2).sqrt()).erfc()
    return (total + _hull(0, tail.upper())) * p.mu**2 / p.sigma**4


def _risk_cells(p: Any, a: int, b: int, half: Any, edges: list[Any], tolerance: int, by_definition: bool) -> Any:
    """Return the integral of V W(y) times the density of Y over cells at points a and b, ``half`` their half distance."""
    norm = p.n * p.sigma * (2 * flint.arb.pi()).sqrt()
    cells = _Cells(p, a, b, weighted=False)

    @holomorphic
    def integrand(offset: Any) -> Any:
        law = cells.law(offset)
        # The exponent of the nearer anchor's own Gaussian; log-weights are relative to it.
        own = -(((offset - half if cells.turned(offset) else offset + half) / p.sigma) ** 2) / 2
        densities = [(weight + own).exp() for weight in law.log_weights]
        if by_definition:
            # s*(y) + (y - mu x_i)/sigma^2 = (mu/sigma^2)(E W - x_i); the factor is outside.
            score = law.mean - law.deviations
            return sum((term * residual**2 for term, residual in zip(densities, score, strict=True)), start=flint.acb(0)) / norm
        return law.variance * sum(densities, start=flint.acb(0)) / norm

    options = {"relative_bits": _relative_bits() + 12, "absolute_bits": tolerance, "evaluations": EVALUATIONS}
    return sum((integrate(integrand, low, high, **options) for low, high in pairwise(edges)), start=flint.arb(0))
