r"""Derivatives of the score: by power series of (6), and symbolically for every n.

For any law of X put :math:`S_k(y)=\mathbb E\,X^ke^{-(y-\mu X)^2/2\sigma^2}`. Since
:math:`\partial_ye^{-(y-\mu x)^2/2\sigma^2}=\frac{\mu x-y}{\sigma^2}e^{-(y-\mu x)^2/2\sigma^2}`, the sums obey the derivation
:math:`S_k'=(\mu S_{k+1}-yS_k)/\sigma^2`, whatever n is. Every identity below is one between these symbols.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import flint
import numpy as np

from numerics.arithmetic import Kind, Number, balls, exp, kind_of, total
from theory.wu2025.score import empirical_optimal_score

SERIES_BITS = 256


def _series(p: Any, y: Number, function: Any, order: int) -> Number:
    """Return the derivative of ``function(p, y)`` of an order, from its power series in balls; floats pass through balls."""
    if kind_of(p.mu) is Kind.FLOATS:
        with balls(SERIES_BITS):
            x = np.empty(len(p.x), dtype=object)
            x[:] = [flint.arb(float(value)) for value in p.x]
            lifted = dataclasses.replace(p, x=x, mu=flint.arb(float(p.mu)), sigma=flint.arb(float(p.sigma)))
            return float(_series(lifted, flint.arb(float(y)), function, order))
    before = flint.ctx.cap
    flint.ctx.cap = order + 1
    try:
        # A series looks like a sequence to numpy, so it travels in an array of no dimension.
        point = np.empty((), dtype=object)
        point[()] = flint.arb_series([y, 1])
        value = function(p, point)
        return value[order] * math.factorial(order)
    finally:
        flint.ctx.cap = before


def score_derivative(p: Any, y: Number, order: int) -> Number:
    r"""Return the derivative of :math:`s^\star` as printed in (6), of order 0, 1 or 2, by power series."""
    return _series(p, y, empirical_optimal_score, order)


def _log_density(p: Any, y: Number) -> Number:
    return total(exp(-((y - p.mu * p.x) ** 2) / (2 * p.sigma**2))).log()


def log_density_gradient(p: Any, y: Number) -> Number:
    r"""Return :math:`\nabla\log p_{\mu,\sigma}(y)` for X uniform on the sample, by power series of the log of the mixture."""
    return _series(p, y, _log_density, 1)


class Sums:
    """The symbols S_0, S_1, ... with the derivation that the Gaussian factor induces."""

    def __init__(self) -> None:
        import sympy

        self.y = sympy.Symbol("y", real=True)
        self.mu, self.sigma = sympy.symbols("mu sigma", positive=True)
        self.s = sympy.symbols("S0:7", positive=True)

    def differentiate(self, expression: Any) -> Any:
        r"""Return the derivative in y: :math:`y'=1`, :math:`S_k'=(\mu S_{k+1}-yS_k)/\sigma^2`."""
        import sympy

        result = sympy.diff(expression, self.y)
        for k in range(len(self.s) - 1):
            step = (self.mu * self.s[k + 1] - self.y * self.s[k]) / self.sigma**2
            result += sympy.diff(expression, self.s[k]) * step
        return result

    def moment(self, k: int) -> Any:
        r"""Return :math:`\mathbb EW^k=S_k/S_0`."""
        return self.s[k] / self.s[0]

    @property
    def variance(self) -> Any:
        """Return the variance of W."""
        return self.moment(2) - self.moment(1) ** 2

    @property
    def third(self) -> Any:
        """Return the third central moment of W."""
        return self.moment(3) - 3 * self.moment(2) * self.moment(1) + 2 * self.moment(1) ** 3

    @property
    def score(self) -> Any:
        """Return the score (6): the mean of (mu X - y) under the weights, over sigma squared."""
        return (self.mu * self.s[1] - self.y * self.s[0]) / (self.sigma**2 * self.s[0])


def derivation_rule() -> Any:
    """Return the difference that vanishes if one Gaussian factor obeys the derivation."""
    import sympy

    x, y = sympy.symbols("x y", real=True)
    mu, sigma = sympy.symbols("mu sigma", positive=True)
    factor = sympy.exp(-((y - mu * x) ** 2) / (2 * sigma**2))
    return sympy.diff(factor, y) - (mu * x - y) / sigma**2 * factor


def tweedie() -> Any:
    """Return the difference of the score and the logarithmic derivative of the density."""
    sums = Sums()
    return sums.differentiate(sums.s[0]) / sums.s[0] - sums.score


def score_minus_mean_form() -> Any:
    """Return the difference of (6) and the first identity of (9)."""
    from theory.wu2025.score import score_from_mean

    sums = Sums()
    return sums.score - score_from_mean(sums.y, sums.moment(1), sums.mu, sums.sigma)


def first_derivative_minus_variance_form() -> Any:
    """Return the difference of the derivative of (6) and the second identity of (9)."""
    from theory.wu2025.score import score_derivative_from_variance

    sums = Sums()
    return sums.differentiate(sums.score) - score_derivative_from_variance(sums.variance, sums.mu, sums.sigma)


def second_derivative_minus_moment_form() -> Any:
    """Return the difference of the second derivative of (6) and Lemma 11."""
    from theory.wu2025.score import score_second_derivative_from_moment

    sums = Sums()
    twice = sums.differentiate(sums.differentiate(sums.score))
    return twice - score_second_derivative_from_moment(sums.third, sums.mu, sums.sigma)


def completed_square() -> Any:
    """Return the difference between the conditional risk of a value v and its completed square about the score."""
    import sympy

    sums = Sums()
    v = sympy.Symbol("v", real=True)

    def risk(value: Any) -> Any:
        # E[(v + (y - mu W)/sigma^2)^2] expanded in the moments of W.
        base = value + sums.y / sums.sigma**2
        slope = sums.mu / sums.sigma**2
        return base**2 - 2 * base * slope * sums.moment(1) + slope**2 * sums.moment(2)

    return risk(v) - risk(sums.score) - (v - sums.score) ** 2
