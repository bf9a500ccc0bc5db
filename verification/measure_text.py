"""What the commands of ``quod measure`` print alike: labelled lines, numbers, and the sample they were given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verification.measure import Measurement, Size
    from verification.measure_stability import Stability


def line(name: str, value: str, width: int) -> str:
    """Return a value behind its name, in a column of the given width."""
    return f"  {name:<{width - 1}} {value}"


def number(size: Size) -> str:
    """Return a number in words: four digits, or its decimal logarithm where floats end."""
    if size.value is not None:
        return f"{size.value:.4g}"
    return f"10^{size.log10:.6g}" if size.log10 is not None else "0 to any precision that can be printed"


def sample_lines(m: Measurement | Stability, origin: str, how: str, width: int) -> Iterator[str]:
    """Yield the sample and the scales, line by line.

    Parameters
    ----------
    m
        The measurement.
    origin, how
        How the data was read, and how the scales were chosen.
    width
        Of the column of names.

    Yields
    ------
    str
        A line of the report.
    """
    yield origin
    yield line("sample size n", f"{m.n}", width)
    yield line("noise", f"mu = {m.mu:.6g}, sigma = {m.sigma:.6g} ({how})", width)
    yield line("minimum spacing Delta", f"{m.spacing:.6g}, between {m.between[0]:.9g} and {m.between[1]:.9g}", width)
    yield line("r = mu Delta / sigma", f"{m.separation:.6g}", width)
