r"""Moments of the centred Gaussian on the line and on a symmetric interval, and of polynomials under them."""

from __future__ import annotations

from collections.abc import Sequence

from numerics.arithmetic import Number, normal_density, normal_mass


def moments(sigma: Number, count: int) -> list[Number]:
    r"""Return :math:`\mathbb Ex^k`, :math:`k=0,\dots,` ``count - 1``, for :math:`x\sim N(0,\sigma^2)`."""
    result = [0 * sigma + 1, 0 * sigma]
    for k in range(2, count):
        result.append((k - 1) * sigma**2 * result[k - 2])
    return result[:count]


def truncated_moments(sigma: Number, delta: Number, count: int) -> list[Number]:
    r"""Return :math:`\mathbb E[x^k;|x|\le\delta]`, :math:`k=0,\dots,` ``count - 1``.

    Odd ones vanish; integration by parts gives
    :math:`I_k=(k-1)\sigma^2I_{k-2}-2\sigma\delta^{k-1}\varphi(\delta/\sigma)` for even k.

    Parameters
    ----------
    sigma
        Standard deviation.
    delta
        Half-width of the interval.
    count
        How many moments.

    Returns
    -------
    list of Number
        The moments.
    """
    reach = delta / sigma
    result = [normal_mass(-reach, reach), 0 * sigma]
    for k in range(2, count):
        edge = 2 * sigma * delta ** (k - 1) * normal_density(reach) if k % 2 == 0 else 0 * sigma
        result.append((k - 1) * sigma**2 * result[k - 2] - edge)
    return result[:count]


def square(coefficients: Sequence[Number]) -> list[Number]:
    """Return the coefficients, from the constant on, of the square of a polynomial."""
    size = len(coefficients)
    return [
        sum(
            (coefficients[i] * coefficients[k - i] for i in range(max(0, k - size + 1), min(k, size - 1) + 1)),
            start=0 * coefficients[0],
        )
        for k in range(2 * size - 1)
    ]


def mean_square(coefficients: Sequence[Number], moment: Sequence[Number]) -> Number:
    """Return the mean of the square of a polynomial, given at least twice as many moments as coefficients less one."""
    terms = [a * m for a, m in zip(square(coefficients), moment, strict=False)]
    return sum(terms[1:], start=terms[0])
