r"""Theorem 8 in numbers: the printed threshold, a computable :math:`\sigma_0`, and the sharper bounds of ours.

The bound on the outer weights is :math:`A=C_n/\sigma^6` with the least :math:`C_n\ge1` that Lemma 12 allows for every
:math:`\sigma<1`, unless another is given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from numerics.arithmetic import FLOATS, Number, exp, maximum, negative_part, pi, positive_part, sqrt
from theory.statement import InputError
from theory.wu2025.setting import ScoreProblem

ROOM = 1.01
"""The bound on the weights may exceed :math:`C_n/\\sigma^6` by this factor."""


def printed_threshold(p: Any) -> Number:
    r"""Return :math:`\frac{2^{12}\sigma^2}{\mu n^2\Delta}`, beyond which Theorem 8 speaks about a learning rate."""
    return 2**12 * p.sigma * p.sigma / (p.mu * p.n**2 * p.minimum_spacing)


def total_variation_constant(p: Any) -> Number:
    r"""Return the least :math:`C_n\ge1` that Lemma 12 gives for all :math:`\sigma<1`.

    It makes :math:`\int|s^{\star\prime\prime}|\le C_n/2\sigma^6`:
    :math:`C_n=8\mu^2(x_n-x_1)^3(\mu^2((x_n)_+-(x_1)_-)+\frac{2(n-1)}\Delta)`.

    Parameters
    ----------
    p
        A lifted problem.

    Returns
    -------
    Number
        The constant, which does not depend on sigma.
    """
    span = positive_part(p.x[-1]) - negative_part(p.x[0])
    inner = p.mu * p.mu * span + 2 * (p.n - 1) / p.minimum_spacing
    return maximum(8 * p.mu * p.mu * p.range**3 * inner, 0 * p.mu + 1)


def safe_bound(p: Any) -> Number:
    r"""Return the paper's safe choice :math:`A=C_n/\sigma^6`."""
    cube = p.sigma * p.sigma * p.sigma
    return total_variation_constant(p) / (cube * cube)


def printed_excess_bound(p: Any, bound: Number) -> Number:
    r"""Return :math:`\frac{\pi n^5\mu^3\Delta^3}{2^{36}e^{1/2}A^4\sigma^4}`, the excess risk that Theorem 8 promises."""
    length = p.mu * p.minimum_spacing
    fourth = bound * bound * bound * bound * p.sigma * p.sigma * p.sigma * p.sigma
    return pi(p.mu) * p.n**5 * length * length * length / (2**36 * exp((0 * p.mu + 1) / 2) * fourth)


def optimal_risk_bound(p: Any) -> Number:
    r"""Return :math:`\frac{\mu^2(x_n-x_1)^2}{4\sigma^4}e^{-\mu^2\Delta^2/8\sigma^2}`, our sharper form of (10)."""
    separation = p.separation
    scale = p.mu * p.range / (p.sigma * p.sigma)
    return scale * scale / 4 * exp(-separation * separation / 8)


def sharp_risk_bound(p: Any, rate: Number, bound: Number) -> Number:
    r"""Return :math:`\sigma^2\Big(\frac{(\sigma^{-4}-\eta^{-1})_+}{\sigma^{-2}+A}\Big)^2`, given :math:`\eta^{-1}`.

    Ours: the least risk of a network of slope at most A in size with :math:`\lambda_{\max}(\nabla^2R_n)\le2/(m\eta)`, for every
    sample.

    Parameters
    ----------
    p
        A lifted problem.
    rate
        :math:`\eta^{-1}`.
    bound
        A.

    Returns
    -------
    Number
        The bound on the risk.
    """
    square = p.sigma * p.sigma
    share = positive_part(1 / (square * square) - rate) / (1 / square + bound)
    return square * share * share


def pathwise_risk_bound(p: Any, rate: Number) -> Number:
    r"""Return :math:`\frac1{\sigma^2}\big(1-\frac{\sigma^2}{\sqrt\eta}\big)_+^2`, given :math:`\eta^{-1}`.

    Ours: the least risk at which the linearised SGD (7), as written, is stable; no bound on the weights enters.

    Parameters
    ----------
    p
        A lifted problem.
    rate
        :math:`\eta^{-1}`.

    Returns
    -------
    Number
        The bound on the risk.
    """
    square = p.sigma * p.sigma
    share = positive_part(1 - square * sqrt(positive_part(rate)))
    return share * share / square


@dataclass(frozen=True, kw_only=True)
class SmallNoise:
    r"""Where Theorem 8 begins: :math:`\sigma_0` and the conditions it is the least of.

    Parameters
    ----------
    rate
        Up to here the printed threshold is at least :math:`2\sigma^4`.
    monotone
        :math:`\mu\Delta/\sqrt{40}`, up to which the next condition is monotone in sigma.
    optimal
        Up to here the risk of the optimal score is at most half of our bound, for A = C_n/sigma^6.
    claim
        Up to here the printed bound is below the other half.
    """

    rate: float
    monotone: float
    optimal: float
    claim: float

    @property
    def sigma_0(self) -> float:
        r"""Return :math:`\sigma_0`, rounded down."""
        return min(self.rate, self.monotone, self.optimal, self.claim, 1.0) * (1 - 1e-9)


def _log_condition(p: Any, constant: float, sigma: float) -> float:
    r"""Return :math:`\ln(8\mu^2L^2C_n^2\sigma^{-10})-\mu^2\Delta^2/8\sigma^2`, negative where the optimal risk is small."""
    size = math.log(8) + 2 * math.log(p.mu * p.range * constant) - 10 * math.log(sigma)
    return float(size - (p.mu * p.minimum_spacing / sigma) ** 2 / 8)


def small_noise_limit(problem: ScoreProblem) -> SmallNoise:
    r"""Return a computable :math:`\sigma_0` for Theorem 8, for every n >= 2.

    For :math:`\sigma\le\sigma_0` and :math:`A=C_n/\sigma^6`, or 1% more, the printed threshold exceeds
    :math:`2\sigma^4`, so our bound gives :math:`R_n\ge\frac1{16\sigma^6A^2}`. Half of that exceeds :math:`R_n(s^\star)`,
    the other half the printed bound on the excess risk.

    Parameters
    ----------
    problem
        The sample and mu; sigma is not used.

    Returns
    -------
    SmallNoise
        The limit and its parts.

    Raises
    ------
    InputError
        If the sample has fewer than two distinct points.
    """
    p = problem.lift(FLOATS)
    if p.n < 2 or not p.minimum_spacing > 0:
        raise InputError(f"n = {p.n}, Delta = {p.minimum_spacing if p.n > 1 else 0}: two distinct points are needed")
    constant = ROOM * float(total_variation_constant(p))
    length = float(p.mu * p.minimum_spacing)
    monotone = length / math.sqrt(40)
    low, high = monotone * 1e-6, monotone
    if _log_condition(p, constant, high) > 0:
        for _ in range(200):
            middle = math.sqrt(low * high)
            low, high = (middle, high) if _log_condition(p, constant, middle) <= 0 else (low, middle)
        optimal = low
    else:
        optimal = monotone
    # pi n^5 mu^3 Delta^3 sigma^2 2^5 <= 2^36 sqrt(e) A^2 with A = C_n/sigma^6: sigma^14 at most the ratio.
    ratio = 2**31 * math.exp(0.5) * (constant / ROOM) ** 2 / (math.pi * p.n**5 * length**3)
    return SmallNoise(
        rate=math.sqrt(2**11 / (p.n**2 * length)),
        monotone=monotone,
        optimal=optimal,
        claim=ratio ** (1 / 14),
    )


def exact_sigma_0(problem: ScoreProblem) -> Fraction:
    r"""Return :math:`\sigma_0` of :func:`small_noise_limit` as a short decimal below it."""
    value = small_noise_limit(problem).sigma_0
    unit = Fraction(10) ** (math.floor(math.log10(value)) - 4)
    return math.floor(Fraction(value) / unit) * unit
