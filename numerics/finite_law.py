r"""Laws on finitely many points given by log-weights, and their central moments.

A family of laws :math:`p_j(\tau)\propto e^{b_j+\tau d_j}` is an exponential family: tilting by :math:`\tau` moves the
cumulants along :math:`\kappa_k'=\kappa_{k+1}`. Only differences of points and of log-weights enter, so that a family may be
described from any anchor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from numerics.arithmetic import Kind, Number, absolute, exp, kind_of, total
from numerics.double_double import DoubleDouble

Indices = NDArray[np.intp]
LEAST_EXPONENT = -800.0
"""Log-weights further than this below the largest one are zero in floats."""


def _weights(log_weights: Number) -> Number:
    """Exponentiate, in floats after subtracting the largest log-weight of each row: mathematically this changes nothing."""
    if isinstance(log_weights, DoubleDouble):
        top = np.argmax(log_weights.hi, axis=-1)[..., None]
        best = (np.take_along_axis(part, top, axis=-1) for part in (log_weights.hi, log_weights.lo))
        with np.errstate(invalid="ignore", over="ignore"):
            shifted = log_weights - DoubleDouble(*best)
        # A product of scaled distances may overflow to -inf; its weight is 0 all the same.
        kept = np.isfinite(log_weights.hi) & (shifted.hi > LEAST_EXPONENT)
        # The second part is at most half an ulp of 800, so that its exponential is 1 + lo to 27 digits.
        return np.where(kept, np.exp(np.where(kept, shifted.hi, LEAST_EXPONENT)) * (1 + np.where(kept, shifted.lo, 0)), 0.0)
    if kind_of(log_weights) is Kind.FLOATS:
        shifted = np.maximum(log_weights - np.max(log_weights, axis=-1, keepdims=True), LEAST_EXPONENT)
        return np.where(shifted > LEAST_EXPONENT, np.exp(shifted), 0.0)
    return exp(log_weights)


def window_blocks(first: Indices, last: Indices, entries: int) -> Iterator[tuple[Indices, Indices]]:
    """Group rows whose windows of members have similar widths, and yield them in blocks that fit in memory.

    Parameters
    ----------
    first, last
        First member of the window of each row, and one more than its last member.
    entries
        Rows times members in one block.

    Yields
    ------
    tuple
        Row numbers, and their members of shape ``(rows, width)``; those from ``last`` on pad a row to the common width.
    """
    width = np.maximum(last - first, 1)
    level = np.ceil(np.log2(width)).astype(int)
    for value in np.unique(level):
        rows = np.flatnonzero(level == value)
        span = int(width[rows].max())
        step = max(1, entries // span)
        for at in range(0, len(rows), step):
            chunk = rows[at : at + step]
            yield chunk, first[chunk][:, None] + np.arange(span)


@dataclass(frozen=True)
class FiniteLaw:
    r"""The law with probabilities :math:`p_j\propto e^{b_j}` at deviations :math:`d_j` from an anchor.

    Parameters
    ----------
    deviations
        The points minus the anchor, shape ``(..., n)``.
    log_weights
        The unnormalised log-weights :math:`b_j`, of the same shape; of double-doubles both parts enter the weight.
    """

    deviations: Number
    log_weights: Number

    @cached_property
    def probabilities(self) -> Number:
        """Return the probabilities, shape ``(..., n)``."""
        weights = _weights(self.log_weights)
        return weights / np.asarray(total(weights))[..., None]

    @cached_property
    def mean(self) -> Number:
        """Return the mean deviation from the anchor."""
        return total(self.probabilities * self.deviations)

    @cached_property
    def _centred(self) -> Number:
        return self.deviations - np.asarray(self.mean)[..., None]

    @cached_property
    def variance(self) -> Number:
        """Return the variance."""
        # Products, not powers: python-flint's power of a ball about 0 is no number.
        return total(self.probabilities * self._centred * self._centred)

    @cached_property
    def third_central_moment(self) -> Number:
        """Return the third central moment, which is the third cumulant."""
        return total(self.probabilities * self._centred * self._centred * self._centred)

    @cached_property
    def absolute_mean(self) -> Number:
        """Return the mean absolute deviation from the anchor: the scale against which rounding in the mean is measured."""
        return total(self.probabilities * absolute(self.deviations))

    @cached_property
    def third_moment_rounding(self) -> Number:
        r"""Return a bound on the rounding error of :attr:`third_central_moment` in floats.

        A weight carries the error of its exponent, a few ulp of it, and a deviation that of its distance from the anchor:
        :math:`\epsilon\,\mathbb E\,|c|^2(|c|+3|d|)(8+4|b|)`, with c and d the deviations from mean and anchor, b the
        exponent below the largest. The exponent is read off the probability.
        """
        p, c = self.probabilities, np.abs(self._centred)
        exponent = -np.log(np.maximum(p, np.finfo(float).tiny) / np.max(p, axis=-1, keepdims=True))
        return np.finfo(float).eps * total(p * c**2 * (c + 3 * np.abs(self.deviations)) * (8 + 4 * exponent))

    @cached_property
    def absolute_third_moment(self) -> Number:
        """Return the third absolute central moment: the scale of rounding in :attr:`third_central_moment`."""
        return total(self.probabilities * absolute(self._centred) ** 3)
