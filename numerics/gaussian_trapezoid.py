r"""Gaussian means of trigonometric polynomials of two variables by the trapezoidal rule, with its error.

By Poisson's formula :math:`\sum_kh\varphi(kh)\cos(\omega kh)=\sum_je^{-(\omega+2\pi j/h)^2/2}`: the rule of spacing h errs by
the terms with :math:`j\ne0` and by what lies beyond its last node.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from numerics.arithmetic import Kind, Number, kind_of, normal_density, total

SPACING, NODES = Fraction(3, 8), 32
"""Spacing, and nodes on either side of 0: the last is at 12."""


def rule_error(frequency: float) -> float:
    r"""Return a bound on the error for the mean of :math:`\cos\omega\xi` or :math:`\sin\omega\xi`.

    Parameters
    ----------
    frequency
        A bound on :math:`|\omega|`, at most 10.

    Returns
    -------
    float
        :math:`3e^{-(2\pi/h-\omega)^2/2}+e^{-T^2/2}`, with T the last node.

    Raises
    ------
    ValueError
        If the frequency is too high for the spacing.
    """
    if not 0 <= frequency <= 10:
        raise ValueError(f"a frequency of {frequency} is not between 0 and 10")
    gap, last = 2 * math.pi / float(SPACING) - frequency, NODES * float(SPACING)
    return 3 * math.exp(-gap * gap / 2) + math.exp(-last * last / 2)


def plane_mean(function: Callable[[Any, Any], Any], like: Number, *, frequency: float, amplitude: Number) -> Number:
    r"""Return :math:`\mathbb Ef(\xi,\zeta)` for independent standard normal :math:`\xi,\zeta`.

    Parameters
    ----------
    function
        A trigonometric polynomial f of two arrays that broadcast.
    like
        A number of the arithmetic.
    frequency
        A bound on its frequencies in each variable.
    amplitude
        A bound on the sum of its absolute coefficients.

    Returns
    -------
    Number
        The mean; of balls an enclosure, which contains the error of the rule.
    """
    points = np.array([(0 * like + k) * SPACING.numerator / SPACING.denominator for k in range(-NODES, NODES + 1)])
    weights = normal_density(points) * SPACING.numerator / SPACING.denominator
    mean = total(total(function(points[:, None], points[None, :]) * weights[None, :]) * weights)
    if kind_of(like) is not Kind.BALLS:
        return mean
    error = rule_error(frequency)
    # The sum over a product of frequencies is a product of two sums, each at most 1 + error away from 0.
    return mean + flint.arb(0, (amplitude * (2 * error + error * error)).upper())
