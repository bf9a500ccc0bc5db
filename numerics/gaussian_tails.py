r"""Truncated Gaussian moments about an end of the interval, accurate far in a tail: what ReLU networks integrate to."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from numerics.arithmetic import Kind, Number, kind_of, maximum, normal_density, normal_mass, where

ROOT_TWO = math.sqrt(2)
ROOT_HALF_PI = math.sqrt(math.pi / 2)


def tail_moments(t: Number, count: int) -> list[Number]:
    r"""Return :math:`\psi_k(t)=\mathbb E(\xi-t)_+^k` for :math:`\xi\sim N(0,1)`, :math:`k=0,\dots,` ``count - 1``.

    Integration by parts gives :math:`\psi_k=(k-1)\psi_{k-2}-t\psi_{k-1}` with :math:`\psi_1=\varphi-t\psi_0`. In floats
    it runs on :math:`\psi_k/\varphi(t)` from the scaled error function, which keeps :math:`t^{-2k}` of the digits of
    :math:`\psi_k` for large t: ten of :math:`\psi_2` where the density underflows.

    Parameters
    ----------
    t
        The threshold, a scalar or an array.
    count
        How many moments, at least 1.

    Returns
    -------
    list of Number
        The moments, each of the shape of ``t``.
    """
    if kind_of(t) is Kind.FLOATS:
        return _float_tails(np.asarray(t, dtype=float), count)
    density = normal_density(t)
    half = 0 * t + 1
    result = [half / 2 - normal_mass(0 * t, t) if kind_of(t) is Kind.SYMBOLS else _ball_tail(t)]
    if count > 1:
        result.append(density - t * result[0])
    for k in range(2, count):
        result.append((k - 1) * result[k - 2] - t * result[k - 1])
    return result


def _ball_tail(t: Number) -> Number:
    import flint

    root = flint.arb(2).sqrt()
    tail = np.frompyfunc(lambda value: (value / root).erfc() / 2, 1, 1)
    return tail(t)


def _float_tails(t: Any, count: int) -> list[Any]:
    from scipy.special import erfcx, ndtr

    positive = np.maximum(t, 0.0)
    ratio, density = ROOT_HALF_PI * erfcx(positive / ROOT_TWO), normal_density(positive)
    result = [ratio, 1.0 - positive * ratio]
    for k in range(2, count):
        result.append((k - 1) * result[k - 2] - positive * result[k - 1])
    result = [density * np.maximum(value, 0.0) for value in result[:count]]
    if np.any(t < 0):
        # Below 0 nothing cancels, and the density may underflow where the moment is large.
        negative = np.minimum(t, 0.0)
        plain = [ndtr(-negative), normal_density(negative) - negative * ndtr(-negative)]
        for k in range(2, count):
            plain.append((k - 1) * plain[k - 2] - negative * plain[k - 1])
        result = [np.where(t < 0, low, high) for low, high in zip(plain[:count], result, strict=True)]
    return result


def interval_moments(a: Number, b: Number) -> tuple[Number, Number, Number]:
    r"""Return :math:`\mathbb E[(\xi-a)^k;a<\xi<b]`, :math:`k=0,1,2`, which are 0 where :math:`b\le a`.

    Parameters
    ----------
    a, b
        The ends, finite, scalars or arrays of one shape.

    Returns
    -------
    tuple of Number
        The three moments about the lower end, from the tail that the interval lies in. A narrow interval keeps an absolute
        accuracy of a few ulp of :math:`\mathbb E(\xi-a)_+^2` in that tail.
    """
    b = maximum(a, b)
    width = b - a
    lower, upper = tail_moments(a, 3), tail_moments(b, 3)
    mass = normal_mass(a, b)
    first = lower[1] - upper[1] - width * upper[0]
    second = lower[2] - upper[2] - 2 * width * upper[1] - width * width * upper[0]
    if kind_of(a, b) is Kind.SYMBOLS:
        return mass, first, second
    # The same about the upper end, seen from the left tail, for intervals that lie there.
    left_lower, left_upper = tail_moments(-b, 3), tail_moments(-a, 3)
    from_upper = left_lower[1] - left_upper[1] - width * left_upper[0]
    square = left_lower[2] - left_upper[2] - 2 * width * left_upper[1] - width * width * left_upper[0]
    middle = a + b
    return (
        mass,
        where(middle, first, width * mass - from_upper),
        where(middle, second, width * width * mass - 2 * width * from_upper + square),
    )
