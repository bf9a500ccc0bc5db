r"""The empirical optimal score of wu2025: the law W(y), the score (6), its derivatives (9) and Lemma 11.

Every formula runs in floats, balls and symbols. In floats the exponents of W(y) are double-doubles, so that what is
computed belongs to the exact rational values of the float inputs, at any noise level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.arithmetic import Kind, Number, absolute, exp, kind_of, total
from numerics.double_double import DoubleDouble, two_prod, two_sum
from numerics.finite_law import LEAST_EXPONENT, FiniteLaw, window_blocks
from theory.statement import InputError

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
BLOCK = 1 << 16
"""Entries of a block (points times sample size) that are in memory at once."""


def log_weight(from_a: Number, from_b: Number, offset: Number, sigma: Number) -> Number:
    r"""Return :math:`\ln\alpha_j(y)-\ln\alpha_a(y)` at :math:`y=\mu(x_a+x_b)/2+h`.

    It is :math:`-\mu(x_j-x_a)\,(\mu(x_j-x_b)-2h)/(2\sigma^2)`, which is
    :math:`((y-\mu x_a)^2-(y-\mu x_j)^2)/(2\sigma^2)` without its cancellation.

    Parameters
    ----------
    from_a, from_b
        :math:`\mu(x_j-x_a)` and :math:`\mu(x_j-x_b)`.
    offset
        :math:`h`, the distance of :math:`y` from the midpoint of :math:`\mu x_a` and :math:`\mu x_b`.
    sigma
        Noise scale.

    Returns
    -------
    Number
        The log-weight, of the broadcast shape.
    """
    return _log_ratio(from_a / sigma, (from_b - 2 * offset) / sigma / 2)


def _log_ratio(apart: Number, from_middle: Number) -> Number:
    """Return the log-ratio of two unit Gaussians: the distance of their centres times that from the middle to the point."""
    return -apart * from_middle


def law_at_offset(p: Any, a: int, b: int, offset: Number) -> FiniteLaw:
    r"""Return the law of :math:`W(y)-x_a` at :math:`y=\mu(x_a+x_b)/2+h`; indices count from 0.

    Parameters
    ----------
    p
        A :class:`~theory.wu2025.setting.ScoreProblem`, lifted.
    a, b
        The anchors. With neighbours :math:`b=a+1` the offset is measured from their midpoint.
    offset
        :math:`h`, a scalar or an array of any shape.

    Returns
    -------
    FiniteLaw
        Points minus :math:`x_a`, of shape ``(..., n)``.
    """
    offset = np.asarray(offset)[..., None]
    deviations = p.x - p.x[a]
    weights = log_weight(p.mu * deviations, p.mu * (p.x - p.x[b]), offset, p.sigma)
    return FiniteLaw(np.broadcast_to(deviations, weights.shape), weights)


def nearest(p: Any, y: Number) -> Any:
    r"""Return the index (from 0) of the sample point whose :math:`\mu x_k` is nearest to :math:`y`.

    Any index gives the same law; the nearest keeps the exponents negative, and at small noise one float beside a midpoint
    decides between 0 and overflow. So midpoints decide exactly, or as far as balls can tell; in symbols it is the first.

    Parameters
    ----------
    p
        A lifted problem.
    y
        A point, or in floats an array of points.

    Returns
    -------
    int or numpy.ndarray
        The index, of the shape of ``y``.
    """
    kind = kind_of(p.mu, y)
    if kind is Kind.SYMBOLS:
        return 0
    if kind is Kind.FLOATS:
        return _exact_nearest(p, np.asarray(y, dtype=float))
    k = int(_rounded_nearest(p, float(y)))
    while k + 1 < p.n and 2 * y - p.mu * (p.x[k] + p.x[k + 1]) > 0:
        k += 1
    while k > 0 and 2 * y - p.mu * (p.x[k - 1] + p.x[k]) < 0:
        k -= 1
    return k


def _rounded_nearest(p: Any, y: Number) -> Indices:
    """Return the index of the nearest sample point, to rounding."""
    x = np.array([float(value) for value in p.x])
    with np.errstate(over="ignore"):
        scaled = np.asarray(y, dtype=float) / float(p.mu)
    right = np.clip(np.searchsorted(x, scaled), 1, max(1, len(x) - 1))
    if len(x) == 1:
        return np.zeros(np.shape(scaled), dtype=int)
    return np.where(scaled - x[right - 1] <= x[right] - scaled, right - 1, right)


def law_of_w(p: Any, y: Number) -> FiniteLaw:
    r"""Return the law of :math:`W(y)-x_k`, with :math:`x_k` the sample point nearest to :math:`y/\mu`.

    :math:`W(y)` takes the value :math:`x_j` with probability :math:`\alpha_j(y)\propto e^{-(y-\mu x_j)^2/2\sigma^2}`.

    Parameters
    ----------
    p
        A lifted problem.
    y
        A scalar, or in floats an array of points.

    Returns
    -------
    FiniteLaw
        The law, of shape ``(..., n)``.
    """
    if kind_of(p.mu, y) is not Kind.FLOATS:
        k = nearest(p, y)
        return law_at_offset(p, k, k, y - p.mu * p.x[k])
    y = np.asarray(y, dtype=float)
    return _exact_law(p, y, nearest(p, y), np.arange(p.n))


def _exact_law(p: Any, y: Floats, k: Indices, members: Indices) -> FiniteLaw:
    """Return the law of W(y) - x_k on some sample points, with log-weights of 100 bits for the exact values of the floats."""
    k = np.asarray(k)[..., None]
    per_sigma = 1 / DoubleDouble.from_float(np.float64(p.sigma))
    from_k = DoubleDouble.from_float(p.x[members]) - DoubleDouble.from_float(p.x[k])
    weights = _log_ratio(from_k * (np.float64(p.mu) * per_sigma), from_middle(p, y[..., None], k, members) * per_sigma)
    # Far from the sample the second factor overflows, and 0 times infinity would be no number.
    own = np.broadcast_to(members == k, weights.shape)
    return FiniteLaw(from_k.to_float(), DoubleDouble(np.where(own, 0.0, weights.hi), np.where(own, 0.0, weights.lo)))


def from_middle(p: Any, y: Floats, j: Any, k: Any) -> DoubleDouble:
    r"""Return :math:`\mu(x_j+x_k)/2-y` for the exact values of the floats, to 100 bits of the result.

    A midpoint may cancel beyond any fixed precision (``y = 1e-300`` between -1 and 1), so the sum is exact.

    Parameters
    ----------
    p
        A problem lifted to floats.
    y
        Points.
    j, k
        Indices from 0, of shapes that broadcast with ``y``.

    Returns
    -------
    DoubleDouble
        The distances.
    """
    half = np.asarray(np.float64(p.mu) / 2)
    return _exact_sum([-y, *two_prod(half, p.x[j]), *two_prod(half, p.x[k])])


def _exact_sum(terms: list[Floats]) -> DoubleDouble:
    """Return a sum of floats to 100 bits of the result, however much cancels: components that do not overlap (Shewchuk)."""
    parts: list[Floats] = []
    for term in terms:
        grown, top = [], term
        for part in parts:
            top, rest = two_sum(top, part)
            grown.append(rest)
        parts = [*grown, top]
    # From the smallest up, what each addition leaves over is far below what follows.
    high, low = parts[0], np.zeros(())
    for part in parts[1:]:
        high, rest = two_sum(high, part)
        low = low + rest
    return DoubleDouble.from_float(high) + low


def _exact_offset(p: Any, y: Number, k: Indices) -> DoubleDouble:
    """Return y - mu x_k for the exact values of the floats."""
    return -from_middle(p, np.asarray(y, dtype=float), k, k)


def _exact_nearest(p: Any, y: Floats) -> Indices:
    """Return the index of the nearest sample point, decided by the exact midpoints on both sides of the float choice."""
    k = _rounded_nearest(p, y)
    up, down = np.minimum(k + 1, p.n - 1), np.maximum(k - 1, 0)
    above, below = from_middle(p, y, k, up).hi < 0, from_middle(p, y, down, k).hi > 0
    return np.where((k < up) & above, up, np.where((k > down) & below, down, k))


def score_from_mean(y: Number, mean: Number, mu: Number, sigma: Number) -> Number:
    r"""Return :math:`s^\star=\frac1{\sigma^2}(-y+\mu\,\mathbb EW)`, (9)."""
    return (-y + mu * mean) / sigma**2


def score_derivative_from_variance(variance: Number, mu: Number, sigma: Number) -> Number:
    r"""Return :math:`s^{\star\prime}=\frac1{\sigma^2}(-1+\frac{\mu^2}{\sigma^2}\mathbb VW)`, (9)."""
    return (-1 + mu**2 / sigma**2 * variance) / sigma**2


def score_second_derivative_from_moment(third: Number, mu: Number, sigma: Number) -> Number:
    r"""Return :math:`s^{\star\prime\prime}=\frac{\mu^3}{\sigma^6}\mathbb E(W-\mathbb EW)^3`, Lemma 11."""
    return mu**3 / sigma**6 * third


def empirical_optimal_score(p: Any, y: Number) -> Number:
    r"""Return :math:`s^\star(y)` as printed in (6): a ratio of sums over the sample.

    Source: wu2025, (6). For floats use :func:`scaled_scores`, which keeps its digits at small noise.

    Parameters
    ----------
    p
        A lifted problem.
    y
        The point.

    Returns
    -------
    Number
        The score.
    """
    offset = y - p.mu * p.x
    weights = exp(-(offset * offset) / (2 * p.sigma**2))
    return total(-offset * weights) / (p.sigma**2 * total(weights))


@dataclass(frozen=True, kw_only=True)
class ScaledScores:
    r"""Scores in natural scale, with the condition number of each sum.

    Parameters
    ----------
    score, first, second
        :math:`\sigma^2s^\star`, :math:`\sigma^4s^{\star\prime}`, :math:`\sigma^6s^{\star\prime\prime}`.
    score_condition, first_condition, second_condition
        Sum of the absolute values of the terms over the absolute value of their sum: the relative error is a few ulp
        times this number. It is infinite where the value is 0.
    """

    score: Number
    first: Number
    second: Number
    score_condition: Number
    first_condition: Number
    second_condition: Number


def _ratio(scale: Number, value: Number) -> Number:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(scale == 0, 1.0, scale / np.abs(value))


def _scores_of_block(p: Any, y: Floats, k: Indices, members: Indices) -> ScaledScores:
    law, offset = _exact_law(p, y, k, members), _exact_offset(p, y, k)
    mean, variance, third = law.mean, law.variance, law.third_central_moment
    score = (offset * -1 + DoubleDouble.from_float(p.mu * mean)).to_float()
    first = -(p.sigma**2) + p.mu**2 * variance
    return ScaledScores(
        score=score,
        first=first,
        second=p.mu**3 * third,
        score_condition=_ratio(absolute(offset.to_float()) + p.mu * law.absolute_mean, score),
        first_condition=_ratio(p.sigma**2 + p.mu**2 * variance, first),
        second_condition=_ratio(law.absolute_third_moment, third),
    )


def scaled_scores(p: Any, y: Number) -> ScaledScores:
    r"""Return :math:`\sigma^2s^\star,\sigma^4s^{\star\prime},\sigma^6s^{\star\prime\prime}` at float points.

    Parameters
    ----------
    p
        A problem lifted to floats.
    y
        Points, of any shape.

    Returns
    -------
    ScaledScores
        Arrays of the shape of ``y``. The work at a point is proportional to the number of sample points whose weight is
        not 0 in floats; memory is bounded by blocks. A weight, variance or third moment below the least float is 0.

    Raises
    ------
    InputError
        If :math:`\sigma^2` or its reciprocal leaves the range of normal floats, or a point is not finite.
    """
    check_sigma(float(p.sigma))
    points = np.atleast_1d(np.asarray(y, dtype=float)).ravel()
    if not np.all(np.isfinite(points)):
        raise InputError(f"y = {points[~np.isfinite(points)][0]} is not finite")
    result = {name: np.empty(points.shape) for name in ScaledScores.__dataclass_fields__}
    k = nearest(p, points)
    for rows, members in window_blocks(*_window(p, points, k), BLOCK):
        # Padding repeats no member: it reaches back instead of forward where the sample ends.
        members = members - np.maximum(members[:, -1:] - (p.n - 1), 0)
        block = _scores_of_block(p, points[rows], k[rows], members)
        for name, values in result.items():
            values[rows] = getattr(block, name)
    return ScaledScores(**{name: values.reshape(np.shape(y))[()] for name, values in result.items()})


def _window(p: Any, y: Floats, k: Indices) -> tuple[Indices, Indices]:
    """Return the ends of the sample points whose weight is not 0 in floats: their log-ratio to x_k is above the least one."""
    scaled = p.mu * p.x
    reach = np.hypot(y - scaled[k], np.sqrt(-2 * LEAST_EXPONENT) * p.sigma) * (1 + 1e-12)
    with np.errstate(over="ignore"):
        reach += 8 * np.finfo(float).eps * (np.abs(y) + np.max(np.abs(scaled)))
        low, high = y - reach, y + reach
    return np.searchsorted(scaled, low, side="left"), np.searchsorted(scaled, high, side="right")


def check_sigma(sigma: float) -> None:
    r"""Reject a noise scale whose square, or its reciprocal, is no normal float.

    Parameters
    ----------
    sigma
        The noise scale.

    Raises
    ------
    InputError
        If it is not positive and finite, or outside [1.5e-154, 6.7e153].
    """
    if not (sigma > 0 and np.isfinite(sigma)):
        raise InputError(f"sigma = {sigma:g} must be positive and finite")
    if not (1.5e-154 <= sigma <= 6.7e153):
        raise InputError(
            f"sigma = {sigma:g}: sigma^2 or 1/sigma^2 leaves the float range; sigma must lie in [1.5e-154, 6.7e153]"
        )


def unscaled(value: Number, sigma: float, power: int, name: str) -> Number:
    r"""Divide a scaled score by :math:`\sigma` to a power, refusing to leave the float range.

    Parameters
    ----------
    value
        The scaled value.
    sigma
        The noise scale.
    power
        2, 4 or 6.
    name
        What the value is called in the message.

    Returns
    -------
    Number
        The unscaled value.

    Raises
    ------
    InputError
        If a value overflows.
    """
    result = np.asarray(value, dtype=float)
    with np.errstate(over="ignore", under="ignore"):
        for _ in range(power):
            result = result / sigma
    if not np.all(np.isfinite(result)):
        largest = np.max(np.abs(value))
        magnitude = np.log10(largest) - power * np.log10(sigma)
        raise InputError(
            f"{name} is about 1e{magnitude:.0f}, beyond the float range; use its scaled value sigma^{power} {name}"
        )
    return result[()]


def score_problem_moments(p: Any, y: Number) -> tuple[Number, Number, Number]:
    r"""Return :math:`\mathbb EW(y)`, :math:`\mathbb VW(y)`, :math:`\mathbb E(W-\mathbb EW)^3` by the weights of the setting."""
    law = law_of_w(p, y)
    return p.x[nearest(p, y)] + law.mean, law.variance, law.third_central_moment
