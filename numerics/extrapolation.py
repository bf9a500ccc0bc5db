r"""Orders of decay: local orders at successive scales, what their drift still allows, Richardson levels, a bootstrap.

For :math:`e(s)=cs^{-a}(1+bs^{-g}+\dots)` the local orders between neighbouring scales approach :math:`a`, and their
distance from it falls by :math:`r^g` from one scale to the next, :math:`r` being the ratio of the scales. Their last
difference therefore bounds what is still to come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.statistics import Floats, amplification, local_slopes, log_log_slope, richardson_columns

HALF = 0.5
"""Orders of discretization and sampling are multiples of a half: the next term of an expansion is smaller by at least
half a power, and an interval that reaches half a power from a claimed order does not tell it from its neighbour."""
LEAST = 4
"""Errors that an order needs: three local orders, whose two differences show the drift and its sign."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """A measured order of decay with its interval.

    Parameters
    ----------
    order, low, high
        The estimate and the ends of its interval.
    local
        The local orders, from the first scale on.
    scattered
        Whether the local orders scatter: then the order is a fit over all scales, else the local order at the last ones.
    """

    order: float
    low: float
    high: float
    local: tuple[float, ...]
    scattered: bool

    @property
    def wanders(self) -> bool:
        """Whether the local orders spread as far as the two neighbours of an order, half a power each way: no power law."""
        return max(self.local) - min(self.local) >= 2 * HALF and self.high - self.low >= 2 * HALF

    def holds(self, order: float) -> bool:
        """Return whether the interval holds an order."""
        return self.low <= order <= self.high

    def agrees(self, claimed: float) -> bool:
        """Return whether the interval holds the claimed order and neither a neighbour half a power away nor 0."""
        return self.holds(claimed) and max(0.0, claimed - HALF) < self.low and self.high < claimed + HALF


def before_floor(errors: Any, floor: float) -> int:
    """Return how many errors stand before the first one that does not exceed the floor or is not a number."""
    reached = np.flatnonzero(~(np.asarray(errors, dtype=np.float64) > floor))
    return int(reached[0]) if reached.size else len(errors)


def order_of_decay(scales: Any, errors: Any, floor: float = 0.0, confidence: float = 0.95) -> Order | None:
    r"""Measure the order of decay of errors at increasing scales, down to a floor of rounding.

    With local orders :math:`p_k` and their last difference :math:`D`, the drift still to come is
    :math:`|D|/(r^g-1)\le|D|/(\sqrt r-1)` when the next term is smaller by half a power or more, and the scatter of
    :math:`p_k` is taken as :math:`|D|` itself: the interval is :math:`p_k\pm|D|\sqrt r/(\sqrt r-1)`, widened by
    rounding. For :math:`D` the one before counts too, divided by :math:`\sqrt r`, as one alone may vanish by chance. The
    order is read at the last scale where rounding is not the larger part. Two next terms change the sign of the differences
    once at most: where it changes more often the local orders scatter, and Student's interval of a straight line is taken.

    Parameters
    ----------
    scales
        Increasing.
    errors
        Not negative; those from the first one at the floor on are not used.
    floor
        By how much every error may be wrong.
    confidence
        Of Student's interval.

    Returns
    -------
    Order or None
        The order, or nothing when fewer than four errors stand above the floor.
    """
    count = before_floor(errors, floor)
    if count < LEAST:
        return None
    s, e = np.asarray(scales, dtype=np.float64)[:count], np.asarray(errors, dtype=np.float64)[:count]
    local, rounding = -local_slopes(s, e), _rounding(s, e, floor)
    changes = np.diff(local)
    signs = np.sign(changes[np.abs(changes) > rounding[1:] + rounding[:-1]])
    if np.count_nonzero(np.diff(signs)) >= 2:
        fit = log_log_slope(s, e, confidence)
        return Order(order=-fit.slope, low=-fit.high, high=-fit.low, local=tuple(local.tolist()), scattered=True)
    root = float(np.sqrt(np.min(s[1:] / s[:-1])))
    drift = np.maximum(np.abs(changes[1:]), np.abs(changes[:-1]) / root) * root / (root - 1)
    clean = np.flatnonzero(rounding[2:] <= drift)
    at = int(clean[-1]) if clean.size else 0
    half, order = float(drift[at] + rounding[at + 2]), float(local[at + 2])
    return Order(order=order, low=order - half, high=order + half, local=tuple(local.tolist()), scattered=False)


def _rounding(s: Floats, e: Floats, floor: float) -> Floats:
    """Return by how much rounding may move each local order: of the errors by the floor, of their logarithms by a bit."""
    u, v = np.log(s), np.log(e)
    relative = floor / e + np.finfo(np.float64).eps * (1 + np.abs(v) + np.abs(u))
    return np.asarray((relative[1:] + relative[:-1]) / np.diff(u))


def richardson_levels(scales: Any, errors: Any, orders: Sequence[float], floor: float) -> list[tuple[Floats, Floats, float]]:
    """Extrapolate signed errors at geometric scales: after each level their size is that of the next term.

    Parameters
    ----------
    scales
        Increasing, in geometric progression.
    errors
        The value less its limit at each scale, with its sign.
    orders
        The powers removed, one a level, increasing.
    floor
        By how much every error may be wrong.

    Returns
    -------
    list of tuple
        For each level the scales, the sizes of the entries and the floor that they have.

    Raises
    ------
    ValueError
        If the scales are not geometric, or too few for the levels.
    """
    s = np.asarray(scales, dtype=np.float64)
    ratios = s[1:] / s[:-1]
    # A quotient of two rounded scales is off by three roundings at most.
    odd = np.flatnonzero(np.abs(ratios / ratios[0] - 1) > 8 * np.finfo(np.float64).eps)
    if odd.size:
        where = f"{ratios[0]:g} at first and {ratios[odd[0]]:g} from {s[odd[0]]:g} to {s[odd[0] + 1]:g}"
        raise ValueError(f"Richardson levels need geometric scales, but their ratio is {where}")
    ratio = float(ratios[0])
    columns = richardson_columns(errors, ratio, orders)
    return [
        (s[: column.size], np.abs(column), floor * amplification(ratio, orders[: level + 1]))
        for level, column in enumerate(columns)
    ]


def bootstrap_mean(values: Sequence[float], rng: np.random.Generator, resamples: int = 999) -> tuple[float, float]:
    """Return the 95% percentile interval of the mean of a sample under resampling.

    Parameters
    ----------
    values
        The sample, two values at least.
    rng
        Source of the resamples.
    resamples
        How many.

    Returns
    -------
    tuple of float
        Lower and upper end.

    Raises
    ------
    ValueError
        If there are fewer than two values, or one is not finite.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.size < 2 or not np.all(np.isfinite(sample)):
        raise ValueError(f"a bootstrap needs two finite values or more, not {sample.tolist()}")
    from scipy import stats  # slow to import, and needed by few statements

    found = stats.bootstrap((sample,), np.mean, n_resamples=resamples, method="percentile", rng=rng)
    return float(found.confidence_interval.low), float(found.confidence_interval.high)
