"""Instances from numbers in [0, 1]: a search draws, records, replays and perturbs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass
class UnitDraw:
    """A :class:`theory.statement.Draw` that decodes every number from one in [0, 1] and remembers it.

    Parameters
    ----------
    source
        Returns the next number in [0, 1].
    units
        The numbers used so far.
    smooth
        For each, whether the decoded value depends on it continuously.
    """

    source: Callable[[], float]
    units: list[float] = field(default_factory=list)
    smooth: list[bool] = field(default_factory=list)

    def _next(self, smooth: bool) -> float:
        unit = min(1.0, max(0.0, self.source()))
        self.units.append(unit)
        self.smooth.append(smooth)
        return unit

    def integer(self, low: int, high: int) -> int:
        """Draw an integer between ``low`` and ``high``, both included."""
        return min(high, low + int(self._next(False) * (high - low + 1)))

    def real(self, low: float, high: float) -> float:
        """Draw a real number, uniform on [low, high]."""
        return low + self._next(True) * (high - low)

    def positive(self, low: float, high: float) -> float:
        """Draw a positive number, log-uniform on [low, high]."""
        unit = self._next(True)
        return min(high, max(low, float(low ** (1 - unit) * high**unit)))

    def choice(self, options: Sequence[T]) -> T:
        """Draw one of ``options``."""
        return options[min(len(options) - 1, int(self._next(False) * len(options)))]


def replay(build: Callable[[Any], T], units: Sequence[float]) -> tuple[T, UnitDraw]:
    """Build an instance from recorded numbers; numbers that are missing are one half.

    Parameters
    ----------
    build
        Builds an instance from a draw.
    units
        The numbers.

    Returns
    -------
    tuple
        The instance and the draw it used.
    """
    rest = iter(units)
    draw = UnitDraw(source=lambda: next(rest, 0.5))
    return build(draw), draw
