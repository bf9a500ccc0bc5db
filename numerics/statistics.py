"""Confidence intervals for measured probabilities and rates, and extrapolation to a limit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


def clopper_pearson(successes: int, trials: int, confidence: float) -> tuple[float, float]:
    r"""Return the exact two-sided confidence interval of a probability.

    With :math:`\alpha=1-\text{confidence}` the ends are quantiles of beta distributions: of
    :math:`B(k, n-k+1)` at :math:`\alpha/2` and of :math:`B(k+1, n-k)` at :math:`1-\alpha/2`. It covers the true probability
    at least with the stated confidence, whatever it is: 100 successes of 100 support 0.964 at 95%, not 1.

    Parameters
    ----------
    successes, trials
        Counts.
    confidence
        Between 0 and 1, both excluded.

    Returns
    -------
    tuple of float
        Lower and upper end.

    Raises
    ------
    ValueError
        If there are no trials, more successes than trials, or the confidence is out of range.
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"{successes} successes of {trials} trials is not an outcome")
    _check_confidence(confidence)
    from scipy import special  # slow to import, and not needed to list statements

    tail = (1 - confidence) / 2
    low = special.betaincinv(successes, trials - successes + 1, tail) if successes else 0.0
    high = special.betaincinv(successes + 1, trials - successes, 1 - tail) if successes < trials else 1.0
    return float(low), float(high)


def sign_test(successes: int, trials: int) -> float:
    r"""Return the chance :math:`2^{-n}\sum_{j\ge k}\binom nj` of at least k heads in n tosses of a fair coin.

    Parameters
    ----------
    successes, trials
        k and n.

    Returns
    -------
    float
        The chance; 1 for no tosses.

    Raises
    ------
    ValueError
        If there are more successes than trials, or fewer than none.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials is not an outcome")
    return float(sum(math.comb(trials, j) for j in range(successes, trials + 1)) / 2**trials)


def student_interval(values: Sequence[float], confidence: float) -> tuple[float, float]:
    r"""Return Student's interval :math:`\bar x\pm t_{n-1}\,s/\sqrt n` of a mean.

    Parameters
    ----------
    values
        The sample.
    confidence
        Between 0 and 1.

    Returns
    -------
    tuple of float
        Lower and upper end; the whole line for fewer than two values or one that is not finite.
    """
    _check_confidence(confidence)
    sample = np.asarray(values, dtype=np.float64)
    if sample.size < 2 or not np.all(np.isfinite(sample)):
        return -math.inf, math.inf
    from scipy import special  # slow to import, and not needed to list statements

    half = float(special.stdtrit(sample.size - 1, (1 + confidence) / 2) * sample.std(ddof=1) / math.sqrt(sample.size))
    return float(sample.mean()) - half, float(sample.mean()) + half


@dataclass(frozen=True, kw_only=True)
class Slope:
    """A measured exponent with its confidence interval.

    Parameters
    ----------
    slope
        The estimate.
    low, high
        Ends of the interval.
    """

    slope: float
    low: float
    high: float


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence of {confidence} is not between 0 and 1")


def _logs(x: Any, y: Any, least: int) -> tuple[Floats, Floats]:
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or x.size < least:
        raise ValueError(f"a slope needs two sequences of one length, at least {least}, not {x.shape} and {y.shape}")
    # Written so that NaN fails too.
    for name, values in (("x", x), ("y", y)):
        bad = ~((values > 0) & (values < np.inf))
        if np.any(bad):
            index = int(np.flatnonzero(bad)[0])
            raise ValueError(f"{name}[{index}] = {values[index]!s} has no logarithm")
    if np.unique(x).size < min(least, 2):
        raise ValueError("all x are equal: no slope")
    return np.log(x), np.log(y)


def log_log_slope(x: Any, y: Any, confidence: float = 0.95) -> Slope:
    r"""Fit :math:`y\approx C x^{\text{slope}}` by least squares in the logarithms, with Student's interval.

    Data that are too few, of different lengths, not positive and finite, or with all x equal raise ``ValueError``.
    The interval covers scatter around a straight line, not a curvature of the line: look at :func:`local_slopes` as well.

    Parameters
    ----------
    x, y
        Positive numbers, at least three pairs.
    confidence
        Between 0 and 1.

    Returns
    -------
    Slope
        The exponent and its interval.
    """
    from scipy import special  # slow to import, and not needed to list statements

    _check_confidence(confidence)
    u, v = _logs(x, y, 3)
    centred = u - u.mean()
    spread = float(centred @ centred)
    slope = float(centred @ (v - v.mean())) / spread
    residual = v - v.mean() - slope * centred
    freedom = u.size - 2
    error = math.sqrt(float(residual @ residual) / freedom / spread)
    # The data and their logarithms are rounded: an exact power law would otherwise come out with an interval of width 0.
    rounding = float(np.finfo(np.float64).eps) * float(1 + np.abs(v).max() + abs(slope) * np.abs(u).max()) / math.sqrt(spread)
    half = float(special.stdtrit(freedom, (1 + confidence) / 2)) * max(error, rounding)
    return Slope(slope=slope, low=slope - half, high=slope + half)


def local_slopes(x: Any, y: Any) -> Floats:
    """Return the exponent between each pair of neighbours; a drift shows that the asymptotic regime is not reached.

    Parameters
    ----------
    x, y
        Positive numbers, at least two pairs; neighbouring x differ.

    Returns
    -------
    numpy.ndarray
        One slope a gap.

    Raises
    ------
    ValueError
        If the data are too few, of different lengths, not positive and finite, or neighbouring x are equal.
    """
    u, v = _logs(x, y, 2)
    if np.any(np.diff(u) == 0):
        raise ValueError("neighbouring x are equal: no slope between them")
    return np.asarray(np.diff(v) / np.diff(u))


def richardson_columns(values: Any, ratio: float, orders: Sequence[float]) -> tuple[Floats, ...]:
    r"""Return the tableau of :math:`v(h)=L+\sum_ic_ih^{p_i}`: a column :math:`\frac{r^pv(h/r)-v(h)}{r^p-1}` an order.

    Parameters
    ----------
    values
        ``v`` at ``h, h/ratio, h/ratio**2, ...``, one more than there are orders, at least.
    ratio, orders
        The factor between successive scales, above 1, and the exponents ``p_i``, increasing.

    Returns
    -------
    tuple of numpy.ndarray
        Each one entry shorter than the one before; the values themselves are left out.

    Raises
    ------
    ValueError
        If there are too few values, one is not finite, or the ratio or an order does not extrapolate.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 1 or table.size < len(orders) + 1 or not orders:
        raise ValueError(f"{len(orders)} orders need at least {len(orders) + 1} values and one order, not {table.size} values")
    if not np.all(np.isfinite(table)):
        raise ValueError("a value to extrapolate is not finite")
    if not ratio > 1 or not all(order > 0 for order in orders):
        raise ValueError(f"ratio {ratio} must exceed 1 and the orders {list(orders)} be positive")
    columns = []
    for factor in (float(ratio) ** order for order in orders):
        table = (factor * table[1:] - table[:-1]) / (factor - 1)
        columns.append(table)
    return tuple(columns)


def amplification(ratio: float, orders: Sequence[float]) -> float:
    r"""Return :math:`\prod_i\frac{r^{p_i}+1}{r^{p_i}-1}`: by how much extrapolation enlarges the rounding of the values."""
    return float(math.prod((float(ratio) ** order + 1) / (float(ratio) ** order - 1) for order in orders))


def richardson(values: Sequence[float], ratio: float, orders: Sequence[float]) -> tuple[float, float]:
    r"""Extrapolate :math:`v(h)=L+\sum_i c_i h^{p_i}` to :math:`h=0`; what cannot be extrapolated raises ``ValueError``.

    Parameters
    ----------
    values, ratio, orders
        As for :func:`richardson_columns`.

    Returns
    -------
    tuple of float
        The estimate, and the size of the last correction as its error (at least the amplified rounding of the values).
    """
    columns = (np.asarray(values, dtype=np.float64), *richardson_columns(values, ratio, orders))
    rounding = float(np.finfo(np.float64).eps * np.abs(columns[0]).max()) * amplification(ratio, orders)
    return float(columns[-1][-1]), max(abs(float(columns[-1][-1] - columns[-2][-1])), rounding)
