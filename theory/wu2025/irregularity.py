r"""The irregularity :math:`TV^{(1)}_\pi(s^\star)`, its unweighted relative of Lemma 12, and the empirical risk of the score."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.arithmetic import Kind, Number, absolute, kind_of, minimum
from numerics.panels import Array, Integral, Panels, integrate_absolute
from theory.wu2025.local import all_gap_panels, half_gap_panels, laws, local_weight, moment, outer_panels
from theory.wu2025.score import law_at_offset
from theory.wu2025.weight import weight_at_offset


def irregularity_integral(p: Any) -> Integral:
    r"""Return :math:`\sigma^4\mu^{-2}\,TV^{(1)}_\pi(s^\star)` in floats with its error.

    With :math:`\tau=\mu y/\sigma^2` it is :math:`\int|\kappa_3(\tau)|\pi\,d\tau`, the third cumulant of W(y) integrated in
    local coordinates.

    Parameters
    ----------
    p
        A problem lifted to floats.

    Returns
    -------
    Integral
        The scaled integral; its error covers quadrature and the rounding of the exponents.
    """
    return _scaled(_integrate_third(p, local_weight(p), all_gap_panels(p)), p.mu / p.sigma**2)


def _integrate_third(p: Any, weight: Callable[[Panels, Array], Array] | None, panels: Panels) -> Integral:
    third, noise = moment(p, lambda law: law.third_central_moment), moment(p, lambda law: law.third_moment_rounding)
    return integrate_absolute(third, weight, panels, noise=noise)


def _scaled(raw: Integral, factor: float) -> Integral:
    return Integral(raw.value * factor, raw.error * factor, raw.panels, raw.converged)


def total_variation_integral(p: Any) -> Integral:
    r"""Return :math:`\sigma^4\mu^{-2}\int|s^{\star\prime\prime}|=\int|\kappa_3|\,d\tau` in floats with its error."""
    panels = all_gap_panels(p).joined(outer_panels(p))
    return _scaled(_integrate_third(p, None, panels), p.mu / p.sigma**2)


def irregularity(p: Any) -> Number:
    r"""Return :math:`TV^{(1)}_\pi(s^\star)=\int|s^{\star\prime\prime}(y)|\,\pi(y)\,dy`, in floats or as a ball.

    Source: wu2025, Section 5.

    Parameters
    ----------
    p
        A lifted problem.

    Returns
    -------
    Number
        The irregularity; a ball encloses it.
    """
    if kind_of(p.mu) is Kind.FLOATS:
        return irregularity_integral(p).value * (p.mu / p.sigma**2) ** 2
    from theory.wu2025.enclosure import irregularity_ball

    return irregularity_ball(p)


def total_variation(p: Any) -> Number:
    r"""Return :math:`\int_{\mathbb R}|s^{\star\prime\prime}(y)|\,dy`, in floats or as a ball. Source: wu2025, Lemma 12."""
    if kind_of(p.mu) is Kind.FLOATS:
        return total_variation_integral(p).value * (p.mu / p.sigma**2) ** 2
    from theory.wu2025.enclosure import total_variation_ball

    return total_variation_ball(p)


def irregularity_lower_bound(p: Any, parts: int = 8) -> Number:
    r"""Return :math:`\sum_k\min(\pi(a_k),\pi(a_{k+1}))\,|s^{\star\prime}(a_{k+1})-s^{\star\prime}(a_k)|`.

    It is at most :math:`TV^{(1)}_\pi(s^\star)`.
    No zero of :math:`s^{\star\prime\prime}` is needed: on a cell :math:`\int|s^{\star\prime\prime}|\pi\ge\min\pi\,
    |\int s^{\star\prime\prime}|` whatever its sign. And :math:`\min\pi` over a cell is its smaller end, since
    :math:`\min(\pi^+,\pi^-)` rises and then falls, and smoothing by a log-concave density keeps that shape (Ibragimov).
    Any partition gives a lower bound, in every arithmetic.

    Parameters
    ----------
    p
        A lifted problem.
    parts
        Cells for each half gap.

    Returns
    -------
    Number
        The lower bound.
    """
    result = 0 * p.mu
    for i in range(p.n - 1):
        gap = p.mu * (p.x[i + 1] - p.x[i])
        offsets = [gap * k / (2 * parts) for k in range(-parts, parts + 1)]
        variances = [law_at_offset(p, i, i + 1, offset).variance for offset in offsets]
        weights = [weight_at_offset(p, i, i + 1, offset) for offset in offsets]
        for k in range(2 * parts):
            result = result + minimum(weights[k], weights[k + 1]) * absolute(variances[k + 1] - variances[k])
    return result * p.mu**2 / p.sigma**4


@dataclass(frozen=True, kw_only=True)
class LogValue:
    """A positive number by its natural logarithm, since it may be far below the smallest float.

    Parameters
    ----------
    log
        Its logarithm.
    relative_error
        Bound on its relative error.
    """

    log: float
    relative_error: float

    @property
    def value(self) -> float:
        """Return the number, 0 where it underflows."""
        return math.exp(self.log) if self.log > -745 else 0.0


def log_empirical_risk(p: Any) -> LogValue:
    r"""Return :math:`\ln R_n(s^\star)` in floats, with a bound on the relative error of the risk.

    :math:`R_n(s^\star)=\frac{\mu^2}{\sigma^4}\,\mathbb E\,\mathbb V[W(Y)]` with Y the noised sample. The density is taken
    relative to :math:`e^{-r^2/8}`, its size at the midpoint of the smallest gap.

    Parameters
    ----------
    p
        A problem lifted to floats.

    Returns
    -------
    LogValue
        The risk.
    """
    eps = float(np.finfo(float).eps)
    reference = -((p.mu * p.minimum_spacing / p.sigma) ** 2) / 8

    def integrand(panels: Panels, offsets: Array) -> Array:
        result = np.empty(offsets.shape)
        gap = p.x[panels.second] - p.x[panels.first]
        # The exponent of the anchor's own Gaussian at distance half + offset, less that at the midpoint of the smallest gap:
        # expanded, since at small noise the offset is below the last digit of half.
        half, spacing = p.mu * gap / 2, p.minimum_spacing
        level = -((p.mu * (gap - spacing) / 2) / p.sigma) * ((p.mu * (gap + spacing) / 2) / p.sigma) / 2
        own = level[:, None] - ((half[:, None] + offsets / 2) / p.sigma) * (offsets / p.sigma)
        for rows, law in laws(p, panels, offsets):
            weights = law.log_weights + own[rows][:, :, None]
            density = np.exp(np.minimum(weights, 700.0)).sum(axis=-1)
            result[rows] = np.where(law.variance > 0, law.variance * density, 0.0)
        return result

    panels = all_gap_panels(p).joined(_risk_tails(p))
    raw = integrate_absolute(integrand, None, panels, noise=lambda at, offsets: 64 * eps * integrand(at, offsets))
    scale = math.log(p.mu) * 2 - 5 * math.log(p.sigma) - math.log(p.n * math.sqrt(2 * math.pi))
    # The reference is rounded before it is added, which matters once it is large; so do the levels of other gaps.
    rounding = 8 * eps * (abs(reference) + abs(scale))
    return LogValue(log=math.log(raw.value) + scale + reference, relative_error=raw.error / raw.value + rounding)


def _risk_tails(p: Any) -> Panels:
    from numerics.panels import join, panels_of
    from theory.wu2025.local import geometric

    separation = p.mu * p.minimum_spacing / p.sigma
    edges = geometric(p.sigma / 2, p.sigma * (separation / 2 + 12))
    return join([panels_of(0, 0, -edges[::-1]), panels_of(p.n - 1, p.n - 1, edges)])


def empirical_risk(p: Any) -> Number:
    r"""Return :math:`R_n(s^\star)`, in floats (0 where it underflows) or as a ball. Source: wu2025, (5) at (6)."""
    if kind_of(p.mu) is Kind.FLOATS:
        return log_empirical_risk(p).value
    from theory.wu2025.enclosure import empirical_risk_ball

    return empirical_risk_ball(p)


def empirical_risk_by_definition(p: Any, score: Any, nodes: int = 120) -> float:
    r"""Return :math:`R_n(s)=\frac1n\sum_i\mathbb E(s(Y)+\frac1{\sigma^2}(Y-\mu x_i))^2`, (5), by a Gauss-Hermite rule.

    Parameters
    ----------
    p
        A problem lifted to floats.
    score
        Maps points to scores.
    nodes
        Nodes of the rule; enough for scores that are smooth at the scale of sigma.

    Returns
    -------
    float
        The risk of ``score``.
    """
    from numerics.quadrature import hermite_nodes

    points, weights = hermite_nodes(nodes)
    y = p.mu * p.x[:, None] + math.sqrt(2) * p.sigma * points
    residual = score(y) + (y - p.mu * p.x[:, None]) / p.sigma**2
    return float(np.mean(residual**2 @ weights) / math.sqrt(math.pi))


def risk_by_definition(p: Any) -> Number:
    r"""Return :math:`R_n(s^\star)` by integrating (5) as printed: Gauss-Hermite in floats, an enclosure in balls."""
    if kind_of(p.mu) is Kind.FLOATS:
        from theory.wu2025.score import scaled_scores

        return empirical_risk_by_definition(p, lambda y: scaled_scores(p, y).score / p.sigma**2)
    from theory.wu2025.enclosure import empirical_risk_ball

    return empirical_risk_ball(p, by_definition=True)


def irregularity_by_halves(p: Any) -> Number:
    r"""Return the sum of :math:`\int_{\mu x_i}^{m_i}+\int_{m_i}^{\mu x_{i+1}}|s^{\star\prime\prime}|\pi`, each half apart.

    Parameters
    ----------
    p
        A lifted problem.

    Returns
    -------
    Number
        The sum of the halves; it equals :func:`irregularity`.
    """
    if kind_of(p.mu) is not Kind.FLOATS:
        from theory.wu2025.enclosure import half_gap_ball

        halves = [half_gap_ball(p, i, side) for i in range(p.n - 1) for side in (-1, 1)]
        return sum(halves[1:], start=halves[0])
    third, weight = moment(p, lambda law: law.third_central_moment), local_weight(p)
    parts = [integrate_absolute(third, weight, half) for i in range(p.n - 1) for half in half_gap_panels(p, i)]
    return sum(part.value for part in parts) * p.mu**3 / p.sigma**6
