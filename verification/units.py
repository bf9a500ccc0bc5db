"""What a run hands to an executor: runs of studies first, then statements, and what becomes of those whose process died."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from theory.errors import InputError
from theory.statement import Statement
from verification.atomic import reason
from verification.budget import PROFILES
from verification.cache import Cache
from verification.executors import EngineLost, Executor, InProcess, Pool, completed
from verification.limits import out_of_time
from verification.outcome import Judgement
from verification.own_files import one_line
from verification.remote import GRACE, judge_apart, limit_of, there
from verification.studies import Place, Store, runs_of
from verification.worker import DIED, failed, judge_one, run_one


@dataclass(frozen=True, kw_only=True)
class Units:
    """The units of one run.

    Parameters
    ----------
    statements
        The statements, by id.
    source, profile, seed, cap, memory
        As for :func:`verification.worker.judge_one`.
    store
        Where runs of studies are kept on this machine.
    window
        How many may be under way; an executor may have a ``width`` of its own.
    """

    statements: Mapping[str, Statement]
    source: str | None
    profile: str
    seed: int
    cap: float
    memory: int
    store: Store
    window: int

    def run_studies(
        self, executor: Executor, places: Mapping[str, Place], *, fresh: bool, finished: Callable[[int, int], None]
    ) -> str:
        """Run units of studies, each in a process of its own: statements share them.

        Parameters
        ----------
        executor
            Where.
        places
            Key of each run to its place.
        fresh
            Whether to run what is stored.
        finished
            Called with the numbers of finished and of all runs.

        Returns
        -------
        str
            Why results could not be stored; empty where all are.
        """
        remote, trouble = _remote(executor), ""
        store = replace(self.store, folder=None) if remote else replace(self.store, fresh=fresh)
        units = [(key, (self.source, place, self.profile, self.cap, store, self.memory)) for key, place in places.items()]
        for done, (key, future, _) in enumerate(self._completed(executor, run_one, units), 1):
            found = _result(future, executor)
            trouble = (self._keep(key, found) if remote and found is not None else found) or trouble
            finished(done, len(units))
        return trouble

    def judged(self, executor: Executor, keys: Sequence[str]) -> Iterator[tuple[str, Judgement]]:
        """Judge statements and yield each as it is finished.

        Parameters
        ----------
        executor
            Where.
        keys
            Their ids, in the order in which to begin.

        Yields
        ------
        tuple
            Id and judgement.
        """
        units = ((key, self._arguments(key, _remote(executor))) for key in keys)
        for key, future, seconds in self._completed(executor, judge_one, units):
            yield key, self._outcome(self.statements[key], future, seconds, executor)

    def _completed(
        self, executor: Executor, function: Callable[..., Any], units: Any
    ) -> Iterator[tuple[str, Future[Any], float]]:
        # There is the same function on another machine.
        sent = ((key, (function, *arguments)) for key, arguments in units) if _remote(executor) else units
        window = getattr(executor, "width", self.window)
        yield from completed(executor, there if _remote(executor) else function, sent, window=window, limit=limit_of(self.cap))

    def _arguments(self, key: str, remote: bool) -> tuple[Any, ...]:
        store = self.store
        if remote:
            runs = runs_of([self.statements[key]], PROFILES[self.profile].study, store.code)
            cache = Cache(Path(store.folder or ""))
            found = {run: cache.get(run) for run in runs}
            store = replace(store, folder=None, given={run: value for run, value in found.items() if value is not None})
        return self.source, key, self.profile, self.seed, self.cap, store, self.memory

    def _keep(self, key: str, value: Any) -> str:
        try:
            Cache(Path(self.store.folder or "")).put(key, value)
        except OSError as error:
            return reason(error)
        return ""

    def _outcome(self, statement: Statement, future: Future[Any], seconds: float, executor: Executor) -> Judgement:
        try:
            return Judgement.from_json(future.result())
        except (BrokenExecutor, CancelledError):
            if _remote(executor):
                raise _lost(executor) from None
            # What stops by itself has done so by then, even where a process was slow to start.
            if seconds > min(self.cap + GRACE, limit_of(self.cap)):
                return failed(statement, out_of_time(self.cap))
            # A worker died and took its neighbours' work with it: each of them is judged once more in a process of its own.
            return Judgement.from_json(judge_apart(*self._arguments(statement.id, False), tries=1))
        except InputError as error:
            if _remote(executor):
                raise
            return failed(statement, str(error))
        except Exception as error:
            # The engine gives up on a unit at which several workers died.
            return failed(statement, DIED if type(error).__name__ == "KilledWorker" else one_line(error))


def _remote(executor: Executor) -> bool:
    return not isinstance(executor, InProcess | Pool)


def _lost(executor: Executor) -> EngineLost:
    # Nobody here cancels units: an engine does when its scheduler is gone.
    lost = getattr(
        executor, "lost", lambda: EngineLost("a unit was dropped; what finished is stored, the same command goes on")
    )
    return cast(EngineLost, lost())


def _result(future: Future[Any], executor: Executor) -> Any:
    # What a run failed of shows when its statement is judged.
    if future.cancelled():
        if _remote(executor):
            raise _lost(executor)
        return None
    error = future.exception()
    if _remote(executor) and isinstance(error, InputError):
        raise error
    return None if error is not None else future.result()
