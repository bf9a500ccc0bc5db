"""Long work of figures: units that are stored when they are done, shown as they come, and found again after an interruption.

A unit is a plain function of JSON values that returns JSON values; arrays travel as :func:`numerics.packing.packed` text. What
is stored is named by the function, its parameters, all code of the project and the versions of the libraries, so that nothing
is stale.
"""

from __future__ import annotations

import hashlib
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from figures.bookmark import Bookmark
from verification.atomic import reason
from verification.cache import Cache, code_version, digest
from verification.executors import InProcess, Pool, completed
from verification.progress import span
from verification.studies import run_key

UNIT_LIMIT = 6 * 3600.0
"""Seconds after which a unit in a worker counts as stuck."""


@cache
def _code(figures: bool) -> str:
    files = sorted(Path(__file__).resolve().parent.rglob("*.py")) if figures else []
    own = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    return digest([code_version(None), *own]) if figures else code_version(None)


@dataclass(frozen=True, kw_only=True)
class Work:
    """Where units run and where they are stored.

    Parameters
    ----------
    folder
        Where finished units are; None stores nothing.
    jobs
        How many processes; 1 runs in this one.
    show
        Called with a line of progress; None shows nothing.
    pool
        Processes to use, which whoever made them stops; None starts some for each gathering.
    """

    folder: Path | None = None
    jobs: int = 1
    show: Callable[[str], None] | None = field(default=None, compare=False)
    pool: Pool | None = field(default=None, compare=False, repr=False)

    def gather(
        self,
        name: str,
        function: Callable[[dict[str, Any]], Any],
        units: Sequence[dict[str, Any]],
        cost: Callable[[dict[str, Any]], float] = lambda _unit: 1.0,
        *,
        beside: Mapping[str, Any] | None = None,
        bookmarks: Callable[[dict[str, Any]], str] | None = None,
    ) -> list[Any]:
        """Run a function on every unit, in parallel, skipping what is stored.

        Parameters
        ----------
        name
            What the lines of progress call the work.
        function
            A function at the top of a module, of one dictionary of JSON values.
        units
            The dictionaries, seeds among them: what a result depends on.
        cost
            What a unit costs beside the others, for the estimate of the time left.
        beside
            What every unit gets too, and no result depends on, such as where a file lies.
        bookmarks
            Names a unit; given for units of hours: the function is called with a :class:`~figures.bookmark.Bookmark` too,
            which keeps its state, so that it goes on where it was interrupted.

        Returns
        -------
        list
            The results, in the order of the units, whatever order they finished in.
        """
        found: dict[int, Any] = {}
        for at, unit in enumerate(units):
            stored = self._get(function, unit)
            if stored is not None:
                found[at] = stored
        earlier, started = len(found), time.monotonic()
        if earlier:
            self._say(f"{name}: {earlier} of {len(units)} parts from an earlier run")
        left, spent = sum(cost(unit) for at, unit in enumerate(units) if at not in found), 0.0
        marks = {at: self._bookmark(function, unit, bookmarks) for at, unit in enumerate(units)}
        missing = [(at, (function, {**unit, **(beside or {})}, marks[at])) for at, unit in enumerate(units) if at not in found]
        for at, result in self._run(missing, UNIT_LIMIT if bookmarks is None else math.inf):
            found[at] = result
            self._put(function, units[at], result)
            if (mark := marks[at]) is not None:
                mark.remove()
            spent, left = spent + cost(units[at]), left - cost(units[at])
            self._count(name, len(found), len(units), left / spent, started)
        return [found[at] for at in range(len(units))]

    def chain(
        self, name: str, function: Callable[[dict[str, Any], Any], Any], parameters: dict[str, Any], start: Any, parts: int
    ) -> list[Any]:
        """Run a function again and again on its own result, and go on after the last stored one.

        Parameters
        ----------
        name
            What the lines of progress call the work.
        function
            A function at the top of a module, of the parameters, JSON values, and the state.
        parameters
            What the whole chain depends on, with the seed.
        start
            The first state, JSON values; it must follow from the parameters.
        parts
            How many times.

        Returns
        -------
        list
            The state after every part; what is to be kept of a part must be in its state.
        """
        states: list[Any] = []
        while len(states) < parts:
            stored = self._get(function, {**parameters, "part": len(states)})
            if stored is None:
                break
            states.append(stored)
        earlier, started = len(states), time.monotonic()
        if earlier:
            self._say(f"{name}: {earlier} of {parts} parts from an earlier run")
        while len(states) < parts:
            states.append(function(parameters, states[-1] if states else start))
            self._put(function, {**parameters, "part": len(states) - 1}, states[-1])
            self._count(name, len(states), parts, (parts - len(states)) / (len(states) - earlier), started)
        return states

    def _bookmark(
        self, function: Callable[..., Any], unit: Mapping[str, Any], name: Callable[[dict[str, Any]], str] | None
    ) -> Bookmark | None:
        if name is None:
            return None
        # A worker has this program's standard error, and not what else a line may be shown on.
        show = self.show if self.jobs == 1 or self.show is on_stderr else None
        return Bookmark(folder=self.folder, key=self._key(function, unit), name=name(dict(unit)), show=show)

    def _run(self, missing: list[tuple[int, tuple[Any, ...]]], limit: float) -> Iterator[tuple[int, Any]]:
        many = self.jobs > 1 and len(missing) > 1
        executor = (self.pool or Pool(self.jobs)) if many else InProcess()
        try:
            lost = []
            for at, future, _ in completed(executor, _call, missing, window=self.jobs, limit=limit):
                if future.cancelled() or isinstance(future.exception(), BrokenExecutor):
                    lost.append(at)
                else:
                    yield at, future.result()
            # A worker that dies takes its neighbours' units with it: each is tried once more, by itself.
            again = [unit for unit in missing if unit[0] in lost]
            for at, future, _ in completed(executor, _call, again, window=1, limit=limit):
                yield at, future.result()
        finally:
            if isinstance(executor, Pool) and executor is not self.pool:
                executor.stop()

    def _key(self, function: Callable[..., Any], unit: Mapping[str, Any]) -> str:
        # What depends on no code of the figures is shared with the statements that read the same runs.
        return run_key(function, unit, _code(figures=not function.__module__.startswith("theory.")))

    def _get(self, function: Callable[..., Any], unit: Mapping[str, Any]) -> Any | None:
        return None if self.folder is None else Cache(self.folder).get(self._key(function, unit))

    def _put(self, function: Callable[..., Any], unit: Mapping[str, Any], result: Any) -> None:
        if self.folder is not None:
            try:
                Cache(self.folder).put(self._key(function, unit), result)
            except OSError as error:
                # A full disk must not cost a result that took hours: it is in memory, and the figure may still be drawn.
                self._say(f"not stored, and computed again by the next call: {reason(error)}")

    def _count(self, name: str, done: int, total: int, share: float, started: float) -> None:
        """Say how much is done, and how long the rest takes if it costs ``share`` of what was done since the start."""
        left = (time.monotonic() - started) * share
        self._say(f"[{done}/{total}] {name}" + (f", about {span(left)} left" if done < total else ""))

    def _say(self, line: str) -> None:
        if self.show is not None:
            self.show(line)


def _call(function: Callable[..., Any], unit: dict[str, Any], bookmark: Bookmark | None) -> Any:
    return function(unit) if bookmark is None else function(unit, bookmark)


def on_stderr(line: str) -> None:
    """Write a line of progress to standard error."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
