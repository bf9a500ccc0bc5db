r"""The bounds of wu2025, Section 5 and Appendices A and C, with their constants as arguments."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, exp, negative_part, positive_part


def small_noise_factor(p: Any, rate: Number) -> Number:
    r"""Return :math:`e^{-a\,\mu^2\Delta^2/\sigma^2}` for the rate :math:`a`."""
    return exp(-(p.separation**2) * rate)


def midpoint_variance_bound(p: Any, c: Number) -> Number:
    r"""Return :math:`\frac cn(x_i-x_{i+1})^2` for every gap, shape ``(n-1,)``. Source: Proposition 2."""
    return c * p.gaps**2 / p.n


def mean_bound(p: Any, c: Number, rate: Number) -> Number:
    r"""Return :math:`c\,n\Delta e^{-a\mu^2\Delta^2/\sigma^2}`. Source: Proposition 2."""
    return c * p.n * p.minimum_spacing * small_noise_factor(p, rate)


def variance_bound(p: Any, c: Number, rate: Number) -> Number:
    r"""Return :math:`c\,n^2\Delta^2e^{-a\mu^2\Delta^2/\sigma^2}`. Source: Proposition 2."""
    return c * p.n**2 * p.minimum_spacing**2 * small_noise_factor(p, rate)


def derivative_gap_bound(p: Any, i: int, half: Number, c: Number, rate: Number) -> Number:
    r"""Return :math:`\frac{\mu^2}{\sigma^4}\big(h\frac{(x_i-x_{i+1})^2}n-c\,n^2\Delta^2e^{-a\mu^2\Delta^2/\sigma^2}\big)`.

    Source: Corollary 3, with :math:`h=1/2`, :math:`c=4`, :math:`a=1/4`.

    Parameters
    ----------
    p
        A lifted problem.
    i
        The gap, from 1.
    half
        h.
    c
        c.
    rate
        a.

    Returns
    -------
    Number
        The bound.
    """
    gap = p.x[i] - p.x[i - 1]
    return p.mu**2 / p.sigma**4 * (half * gap**2 / p.n - variance_bound(p, c, rate))


def risk_bound(p: Any, c: Number, rate: Number) -> Number:
    r"""Return :math:`c\frac{\mu^2(x_n-x_1)^2}{\sigma^4}e^{-a\mu^2\Delta^2/\sigma^2}`. Source: (10), with c = 4 and a = 1/32."""
    return c * p.mu**2 * p.range**2 / p.sigma**4 * small_noise_factor(p, rate)


def risk_pair_bound(p: Any, c: Number, rate: Number) -> Number:
    r"""Return :math:`\frac{c\mu^2}{n\sigma^4}\sum_{j<k}(x_j-x_k)^2e^{-a\mu^2(x_j-x_k)^2/\sigma^2}`."""
    pairs = [p.x[k] - p.x[j] for j in range(p.n) for k in range(j + 1, p.n)]
    terms = [d**2 * exp(-((p.mu * d / p.sigma) ** 2) * rate) for d in pairs]
    return c * p.mu**2 / (p.n * p.sigma**4) * sum(terms[1:], start=terms[0])


def irregularity_bound(p: Any, c: Number) -> Number:
    r"""Return :math:`c\,\mu^3n\Delta^3/\sigma^4`. Source: Theorem 4, with :math:`c=2^{-12}`."""
    return c * p.mu**3 * p.n * p.minimum_spacing**3 / p.sigma**4


def sharp_irregularity_bound(p: Any, c: Number) -> Number:
    r"""Return :math:`c\,\mu^3n^2\Delta^3/\sigma^4`, our order in n, with :math:`c=1/361`."""
    return c * p.mu**3 * p.n**2 * p.minimum_spacing**3 / p.sigma**4


def equispaced_limit(n: int) -> Fraction:
    r"""Return :math:`\frac1{4n^2}\sum_{i=1}^{n-1}\min(i,n-i)^3`.

    It is the limit of :math:`TV^{(1)}_\pi(s^\star)\,\sigma^4/(\mu^3\Delta^3)` as :math:`\sigma\to0` for an equispaced sample:
    :math:`(n^2+4)/128` for even n and :math:`(n^2-1)^2/(128n^2)` for odd n.

    Parameters
    ----------
    n
        The sample size.

    Returns
    -------
    Fraction
        The limit.
    """
    return Fraction(sum(min(i, n - i) ** 3 for i in range(1, n)), 4 * n * n)


def printed_index_factor(i: int, n: int) -> Fraction:
    r"""Return :math:`\min\big(\frac{i^2(i-1)}2,\frac{(n-i)^2(n-i+1)}2\big)` as printed. Source: Proposition 9."""
    return Fraction(min(i**2 * (i - 1), (n - i) ** 2 * (n - i + 1)), 2)


def repaired_index_factor(i: int, n: int) -> Fraction:
    r"""Return :math:`\min\big(\frac{i^2(i-1)}2,\frac{(n-i)^2(n-i-1)}2\big)`, which is symmetric under :math:`i\to n-i`."""
    return Fraction(min(i**2 * (i - 1), (n - i) ** 2 * (n - i - 1)), 2)


def times(value: Number, factor: Fraction) -> Number:
    """Multiply a number of any arithmetic by an exact fraction."""
    return value * factor.numerator / factor.denominator


def weight_lower_bound(p: Any, factor: Fraction, half: Number, rate: Number) -> Number:
    r"""Return :math:`\frac\mu{n^2}(h-e^{-a\mu^2\Delta^2/\sigma^2})F\Delta`, F the index factor. Source: Proposition 9."""
    return times(p.mu / p.n**2 * (half - small_noise_factor(p, rate)) * p.minimum_spacing, factor)


def weight_upper_bound(p: Any, c: Number) -> Number:
    r"""Return :math:`c\,\mu(x_n-x_1)`. Source: Proposition 9, with c = 1."""
    return c * p.mu * p.range


def total_variation_bound(p: Any, c: Number) -> Number:
    r"""Return :math:`c\frac{\mu^2(x_n-x_1)^3}{\sigma^6}\big(\mu^2((x_n)_+-(x_1)_-)+\frac{2(n-1)\sigma^2}\Delta\big)`.

    Source: Lemma 12, with c = 4.

    Parameters
    ----------
    p
        A lifted problem.
    c
        c.

    Returns
    -------
    Number
        The bound.
    """
    span = positive_part(p.x[-1]) - negative_part(p.x[0])
    inner = p.mu**2 * span + 2 * (p.n - 1) * p.sigma**2 / p.minimum_spacing
    return c * p.mu**2 * p.range**3 / p.sigma**6 * inner


def total_variation_bound_sharp(p: Any, c: Number) -> Number:
    r"""Return :math:`c\,\mu^2(x_n-x_1)^2/\sigma^4`, our bound on :math:`\int|s^{\star\prime\prime}|` with c = 1/2."""
    return c * p.mu**2 * p.range**2 / p.sigma**4
