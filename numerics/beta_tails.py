r"""Tails that are incomplete beta functions: of the binomial law, and of a coordinate of a uniform direction."""

from __future__ import annotations

from typing import Any

from numerics.arithmetic import Kind, Number, kind_of


def _special() -> Any:
    from scipy import special  # a slow import, which listing statements does not need

    return special


def binomial_tail(k: int, m: int, p: Number) -> Number:
    r"""Return :math:`P(N\le k)=\sum_{j\le k}\binom mjp^j(1-p)^{m-j}` for :math:`N\sim\mathrm{Bin}(m,p)`.

    Parameters
    ----------
    k
        The level; the probability is 0 below 0 and 1 from m on.
    m
        Number of trials, at least 1.
    p
        Probability of success, a scalar, at least 0 and below 1.

    Returns
    -------
    Number
        The probability. Of exact numbers, balls and symbols the sum itself is taken, whose terms are not negative.
    """
    if k < 0 or k >= m:
        return 0 * p + (1 if k >= m else 0)
    if kind_of(p) is Kind.FLOATS and isinstance(p, float):
        return float(_special().betainc(m - k, k + 1, 1 - p))
    # Horner's rule: each term is (m - j + 1)/j times the odds of the one before.
    odds, value = p / (1 - p), 0 * p + 1
    for j in range(k, 0, -1):
        value = 1 + value * odds * (m - j + 1) / j
    return value * (1 - p) ** m


def direction_tail(d: int, t: Number) -> Number:
    r"""Return :math:`P(|\langle x,y\rangle|\ge t)=I_{1-t^2}(\frac{d-1}2,\frac12)`, x uniform on the unit sphere, y fixed.

    Parameters
    ----------
    d
        The dimension, at least 2.
    t
        The level, a scalar between 0 and 1.

    Returns
    -------
    Number
        The probability, a float or a ball.

    Raises
    ------
    ValueError
        If the dimension is below 2.
    """
    if d < 2:
        raise ValueError(f"a direction of dimension {d} is not spread over a sphere: at least 2 is needed")
    rest = (1 - t) * (1 + t)
    if kind_of(t) is Kind.BALLS:
        half = (0 * t + 1) / 2
        return rest.beta_lower((d - 1) * half, half, regularized=1)
    return float(_special().betainc((d - 1) / 2, 0.5, rest))
