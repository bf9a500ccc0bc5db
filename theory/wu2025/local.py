r"""Float evaluation of W(y) and of the weight in local coordinates, with the sample points that matter only.

At noise level :math:`\sigma` the curvature of the score peaks at midpoints over a width :math:`\sigma^2/(\mu\Delta_i)`, which
may be far below the spacing of floats. Panels are anchored at a midpoint (tags i, i+1) or at a sample point (tags i, i), and
each evaluation gathers the sample points whose weight is not negligible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from numerics.finite_law import LEAST_EXPONENT, FiniteLaw, window_blocks
from numerics.panels import Array, Panels, join, panels_of
from numerics.piecewise_linear import Pieces, smooth
from theory.wu2025.score import log_weight
from theory.wu2025.weight import weight_pieces

REACH = 40.0
"""Distance, in units of sigma, beyond which a Gaussian factor is below the smallest float."""
DECAY = 64.0
"""Log-odds beyond which a peak has fallen below 1e-27 of its height."""
ENTRIES = 1 << 21
"""Entries (panels times nodes times sample points) in memory at once."""


def _windows(scaled: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Return the first and last-plus-one index of the scaled sample points within [low, high]."""
    return np.searchsorted(scaled, low, side="left"), np.searchsorted(scaled, high, side="right")


def _ends(p: Any, panels: Panels) -> tuple[Array, Array]:
    """Return the ends of the panels as points y, rounded: good enough to choose the sample points that matter."""
    centre = p.mu * (p.x[panels.first] + p.x[panels.second]) / 2
    return centre + panels.low, centre + panels.high


def laws(p: Any, panels: Panels, offsets: Array) -> Iterator[tuple[Array, FiniteLaw]]:
    """Yield row numbers and the law of W(y) at the offsets of those rows.

    Parameters
    ----------
    p
        A problem lifted to floats.
    panels
        Panels with anchors as tags.
    offsets
        Offsets from the anchors, shape ``(panels, nodes)``.

    Yields
    ------
    tuple
        Rows of this block, and the law of W(y) minus the first anchor, of shape ``(rows, nodes, members)``.
    """
    scaled = p.mu * p.x
    low, high = _ends(p, panels)
    middle = (low + high) / 2
    right = np.clip(np.searchsorted(scaled, middle), 1, max(1, p.n - 1))
    gap = np.minimum(np.abs(middle - scaled[right - 1]), np.abs(scaled[min(p.n - 1, 1) if p.n == 1 else right] - middle))
    radius = np.sqrt((gap + (high - low) / 2) ** 2 + (REACH * p.sigma) ** 2) * (1 + 1e-9)
    first, last = _windows(scaled, low - radius, high + radius)
    for rows, members in window_blocks(first, last, ENTRIES // offsets.shape[1]):
        outside = members >= last[rows][:, None]
        inside = np.minimum(members, p.n - 1)
        a, b = p.x[panels.first[rows]][:, None], p.x[panels.second[rows]][:, None]
        deviations = (p.x[inside] - a)[:, None, :]
        from_b = p.mu * (p.x[inside] - b)[:, None, :]
        weights = log_weight(p.mu * deviations, from_b, offsets[rows][:, :, None], p.sigma)
        weights = np.where(outside[:, None, :], weights.min() + LEAST_EXPONENT, weights)
        yield rows, FiniteLaw(np.broadcast_to(deviations, weights.shape), weights)


def moment(p: Any, which: Callable[[FiniteLaw], Array]) -> Callable[[Panels, Array], Array]:
    """Return a moment of W(y) as a function of panels and offsets.

    Parameters
    ----------
    p
        A problem lifted to floats.
    which
        Picks the moment of a law.

    Returns
    -------
    Callable
        Panels and offsets of shape ``(panels, nodes)`` to values of that shape.
    """

    def evaluate(panels: Panels, offsets: Array) -> Array:
        result = np.empty(offsets.shape)
        for rows, law in laws(p, panels, offsets):
            result[rows] = which(law)
        return result

    return evaluate


def local_weight(p: Any) -> Callable[[Panels, Array], Array]:
    r"""Return :math:`\pi` as a function of panels and offsets; see :func:`moment`."""
    pieces, switch = weight_pieces(p)
    scaled = p.mu * p.x

    def evaluate(panels: Panels, offsets: Array) -> Array:
        low, high = _ends(p, panels)
        first, last = _windows(scaled, low - REACH * p.sigma, high + REACH * p.sigma)
        # A gap matters when either of its ends is in reach, or when it contains the panel.
        first, last = np.maximum(first - 1, 0), np.minimum(last, p.n - 1)
        result = np.empty(offsets.shape)
        for rows, members in window_blocks(first, last, ENTRIES // (2 * offsets.shape[1])):
            beyond = members >= last[rows][:, None]
            gaps = np.minimum(members, p.n - 2)
            a, b = p.x[panels.first[rows]][:, None], p.x[panels.second[rows]][:, None]
            start = p.mu * ((p.x[gaps] - a) + (p.x[gaps] - b)) / 2
            index = np.concatenate([gaps, gaps + p.n - 1], axis=1)
            length = np.where(np.tile(beyond, (1, 2)), 0.0, pieces.length[index])
            starts = np.concatenate([start, start + switch[gaps]], axis=1)[:, None, :] - offsets[rows][:, :, None]
            gathered = Pieces(pieces.value[index][:, None, :], pieces.slope[index][:, None, :], length[:, None, :])
            result[rows] = smooth(gathered, starts, p.sigma)
        return result

    return evaluate


def geometric(smallest: float, largest: float, ratio: float = 2.0) -> Array:
    """Return 0 and a geometric sequence from ``smallest`` that ends exactly at ``largest``.

    Parameters
    ----------
    smallest, largest
        The first positive entry and the last one; when they are out of order only 0 and ``largest`` are left.
    ratio
        Ratio of consecutive entries.

    Returns
    -------
    Array
        Increasing numbers.
    """
    if smallest >= largest:
        return np.array([0.0, largest])
    count = int(np.ceil(np.log(largest / smallest) / np.log(ratio)))
    return np.concatenate([[0.0], smallest * ratio ** np.arange(count), [largest]])


def gap_panels(p: Any, i: int) -> list[Panels]:
    """Return panels that cover gap ``i`` (from 0), narrow at the midpoint and at both sample points.

    Parameters
    ----------
    p
        A problem lifted to floats.
    i
        The gap, from 0.

    Returns
    -------
    list of Panels
        Panels anchored at the left point, at the midpoint and at the right point.
    """
    gap = p.mu * (p.x[i + 1] - p.x[i])
    quarter = gap / 4
    peak = min(p.sigma**2 / gap, p.sigma / 2)
    reach = DECAY * peak
    centre = geometric(peak, quarter) if reach >= quarter else np.append(geometric(peak, reach), quarter)
    # Where all neighbouring gaps are wide nothing happens near the sample points: peaks have fallen below exp(-DECAY).
    around = p.mu * np.min(p.gaps[max(i - 1, 0) : i + 2])
    quiet = around**2 > 8 * DECAY * p.sigma**2
    end = np.array([0.0, quarter]) if quiet else geometric(min(p.sigma / 2, quarter / 2), quarter)
    return [
        panels_of(i, i, end),
        panels_of(i, i + 1, np.concatenate([-centre[::-1], centre[1:]])),
        panels_of(i + 1, i + 1, -end[::-1]),
    ]


def all_gap_panels(p: Any) -> Panels:
    r"""Return panels that cover :math:`[\mu x_1,\mu x_n]`."""
    return join([part for i in range(p.n - 1) for part in gap_panels(p, i)])


def half_gap_panels(p: Any, i: int) -> tuple[Panels, Panels]:
    """Return panels that cover gap ``i`` (from 0) left and right of its midpoint."""
    start, middle, end = gap_panels(p, i)
    left = middle.high <= 0
    return start.joined(middle.take(left)), middle.take(~left).joined(end)


def outer_panels(p: Any) -> Panels:
    r"""Return panels that cover the half-lines outside :math:`[\mu x_1,\mu x_n]` as far as W(y) is not constant to rounding."""
    parts = []
    for k, gap, side in ((0, p.x[1] - p.x[0], -1), (p.n - 1, p.x[-1] - p.x[-2], 1)):
        reach = max(DECAY * p.sigma**2 / (p.mu * gap), p.sigma)
        edges = geometric(p.sigma / 2, reach)
        parts.append(panels_of(k, k, edges if side > 0 else -edges[::-1]))
    return join(parts)
