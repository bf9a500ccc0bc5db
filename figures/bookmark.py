"""Where a unit of hours keeps its state."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from numerics.packing import packed, unpacked
from verification.atomic import reason
from verification.cache import Cache
from verification.progress import span

EVERY = 20.0
"""Seconds between two times that a state is stored."""


class Bookmark:
    """The last state of one unit: stored in place of the one before, removed with :meth:`remove` when the unit is done.

    Parameters
    ----------
    folder
        Where; None stores nothing.
    key
        The key of the unit: what it depends on, code among it.
    name
        What lines of progress call it.
    show
        Called with a line of progress.
    """

    def __init__(self, *, folder: Path | None, key: str, name: str, show: Callable[[str], None] | None) -> None:
        """Keep where the state goes."""
        self._cache, self._key = (None if folder is None else Cache(folder)), f"{key}.state"
        self._name, self._show = name, show
        self._started = self._stored = time.monotonic()
        self._first: float = 0.0

    def load(self) -> tuple[dict[str, NDArray[Any]], Any] | None:
        """Return the arrays and plain values that were stored last, None if there are none."""
        # A unit may have waited for a worker: its time starts here.
        self._started = self._stored = time.monotonic()
        found = None if self._cache is None else self._cache.get(self._key)
        if found is None:
            return None
        self._first = found["share"]
        self._say(f"{self._name}: {found['share']:.0%} from an earlier run")
        return {name: unpacked(value) for name, value in found["arrays"].items()}, found["plain"]

    def due(self) -> bool:
        """Return whether it is time to store."""
        return time.monotonic() - self._stored >= EVERY

    def store(self, arrays: Mapping[str, NDArray[Any]], plain: Any, share: float) -> None:
        """Store a state, and say how long the unit still takes.

        Parameters
        ----------
        arrays, plain
            The state: arrays by name, and JSON values.
        share
            The share of the unit that is done.
        """
        if self._cache is not None:
            state = {"arrays": {name: packed(value) for name, value in arrays.items()}, "plain": plain, "share": share}
            try:
                self._cache.put(self._key, state)
            except OSError as error:
                # The unit goes on: its result may still be stored, or drawn.
                self._say(f"  {self._name}: not stored, {reason(error)}")
        self._stored = time.monotonic()
        left = (self._stored - self._started) * (1 - share) / (share - self._first)
        self._say(f"  {self._name}: {share:.0%}, about {span(left)} left of this one")

    def remove(self) -> None:
        """Remove the state of a unit that is done."""
        if self._cache is not None:
            (self._cache.folder / f"{self._key}.json").unlink(missing_ok=True)

    def _say(self, line: str) -> None:
        if self._show is not None:
            self._show(line)
