"""Small pictures of numbers: how tight a bound is over the sweep, and how an error falls with the scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any
from xml.etree.ElementTree import Element

from verification.reports.html_markup import element
from verification.reports.html_pictures import drawing
from verification.reports.words import Entry, number

WIDTH, LEFT, RIGHT = 560.0, 20.0, 540.0
STEPS = (1, 2, 5, 10, 20, 50, 100, 200)
"""Distances of ticks in decades."""


def slack_plot(tight: Entry) -> Element | None:
    """Return the spread of the slack on a logarithmic axis: least to largest, the quartiles, the tightest instance.

    Parameters
    ----------
    tight
        The entry ``tightness`` of a statement.

    Returns
    -------
    Element or None
        The picture; ``None`` where the least slack is no positive number.
    """
    values = tight["quantiles"]
    if not values or values[0] is None or values[0] <= 0:
        return None
    logs = [None if value is None else math.log10(value) for value in values]
    finite = [value for value in logs if value is not None]
    low, high = min(0.0, *finite), max(0.0, *finite)
    if high - low < 0.01:
        low, high = low - 0.005, high + 0.005

    def place(value: float | None) -> float:
        return RIGHT if value is None else LEFT + (RIGHT - LEFT) * (value - low) / (high - low)

    least, lower, median, upper, most = map(place, logs)
    parts = [_violated(place(0.0), least, tight["quantiles"][0])]
    parts += [element("path", d=f"M{place(0.0):g} 10V62", class_="one")]
    parts += [element("path", d=f"M{least:g} 36H{most:g}", class_="line")]
    parts += [element("rect", x=f"{lower:g}", y=26, width=f"{max(upper - lower, 1):g}", height=20, class_="box")]
    parts += [element("path", d=f"M{median:g} 26V46", class_="line"), _dot(least, 36.0)]
    for value, label in _ticks(low, high):
        parts += [element("path", d=f"M{place(value):g} 62v5", class_="line")]
        parts += [element("text", label, x=f"{place(value):g}", y=80, class_="axis middle")]
    words = "least, quartiles and largest slack " + ", ".join(number(value) for value in values)
    return drawing([part for part in parts if part is not None], WIDTH, 88, f"Box plot on a logarithmic axis: {words}")


def _violated(one: float, least: float, smallest: float) -> Element | None:
    # Rounding in floats moves an equality by some units in the last place: no violation is drawn for it.
    if smallest > 1 - 1e-9:
        return None
    return element("rect", x=f"{least:g}", y=10, width=f"{one - least:g}", height=52, class_="violated")


def _dot(x: float, y: float) -> Element:
    return element("circle", cx=f"{x:g}", cy=f"{y:g}", r=4, class_="dot")


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Return decades, or 1, 2 and 5 where there are few: exponent and label."""
    if high - low < 1.5:
        marks = [math.log10(digit) + decade for decade in range(-2, 3) for digit in (1, 2, 5)]
        shown = [mark for mark in marks if low - 1e-9 <= mark <= high + 1e-9]
        return [(mark, f"{10**mark:.3g}") for mark in shown]
    step = next((size for size in STEPS if (high - low) / size <= 8), STEPS[-1])
    decades = range(math.ceil(low / step) * step, math.floor(high) + 1, step)
    return [(float(decade), f"{10.0**decade:g}" if abs(decade) < 4 else f"1e{decade}") for decade in decades]


def rate_plot(figures: Entry) -> Element | None:
    """Return how the error of a limit falls with the scale, one line an instance, on logarithmic axes.

    Parameters
    ----------
    figures
        The numbers of a piece of evidence: ``scales``, and ``errors``, one list an instance.

    Returns
    -------
    Element or None
        The picture; ``None`` where there are no two positive errors of an instance.
    """
    lines = [line for line in map(_line(figures.get("scales")), figures.get("errors") or []) if len(line) > 1]
    if not lines:
        return None
    xs, ys = [x for line in lines for x, _ in line], [y for line in lines for _, y in line]
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)
    high, right = max(high, low + 0.01), max(right, left + 0.01)

    def place(x: float, y: float) -> str:
        return f"{LEFT + 50 + (RIGHT - LEFT - 50) * (x - left) / (right - left):g} {10 + 140 * (high - y) / (high - low):g}"

    parts = [element("path", d="M" + "L".join(place(x, y) for x, y in line), class_="curve") for line in lines]
    parts += [element("path", d=f"M{LEFT + 50:g} 10V150H{RIGHT:g}", class_="line")]
    for value, y in ((high, 16), (low, 150)):
        parts += [element("text", f"{10**value:.1e}", x=0, y=y, class_="axis")]
    parts += [element("text", f"{10**left:g}", x=f"{LEFT + 50:g}", y=168, class_="axis middle")]
    parts += [element("text", f"{10**right:g}", x=f"{RIGHT:g}", y=168, class_="axis end")]
    parts += [element("text", "error", x=0, y=83, class_="axis")]
    parts += [element("text", "scale", x=f"{(LEFT + 50 + RIGHT) / 2:g}", y=168, class_="axis middle")]
    words = f"from {10**high:.1e} to {10**low:.1e} over scales from {10**left:g} to {10**right:g}"
    return drawing(parts, WIDTH, 176, f"Error against scale on logarithmic axes, {len(lines)} instances: {words}")


def _line(scales: Any) -> Any:
    def points(errors: Sequence[Any]) -> list[tuple[float, float]]:
        if not isinstance(scales, list) or not isinstance(errors, list) or len(scales) != len(errors):
            return []
        pairs = [(float(Fraction(str(scale))), error) for scale, error in zip(scales, errors, strict=True)]
        return [(math.log10(scale), math.log10(error)) for scale, error in pairs if scale > 0 and error and error > 0]

    return points
