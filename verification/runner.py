"""Judges a selection of statements: order, seeds, stored results, interruption, and what depends on what."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from theory.statement import Statement
from verification.budget import PROFILES
from verification.cache import Cache, code_version
from verification.dependents import with_dependents
from verification.executors import Executor, InProcess, Pool, completed
from verification.ledger import Ledger, Step
from verification.outcome import Judgement, Verdict, plain
from verification.records import differs, recorded_verdicts
from verification.selection import load, one_line
from verification.studies import Store, missing
from verification.worker import failed, judge_one, out_of_time, run_one, seed_of

CAP = 600.0
"""Wall-clock limit of one statement in seconds: a safety net, far above what any budget needs."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """The outcome of one run.

    Parameters
    ----------
    judgements
        Sorted by id.
    expected
        Recorded verdicts, by id.
    stored
        Ids whose judgement was taken from an earlier run.
    not_run
        Ids that an interruption left out.
    source, profile, seed, jobs
        What it was called with.
    code
        Digest of the code.
    seconds
        Time taken.
    """

    judgements: tuple[Judgement, ...]
    expected: Mapping[str, str]
    stored: tuple[str, ...]
    not_run: tuple[str, ...]
    source: str | None
    profile: str
    seed: int
    jobs: int
    code: str
    seconds: float = field(compare=False)

    @property
    def interrupted(self) -> bool:
        """Return whether the run was interrupted before its end."""
        return bool(self.not_run)

    @property
    def status(self) -> int:
        """Return the exit status: 130 interrupted, 3 something of ours failed, 1 some verdict is news, 0 otherwise."""
        if self.interrupted:
            return 130
        if any(entry.verdict is Verdict.ERROR for entry in self.judgements):
            return 3
        return int(any(differs(entry.verdict, self.expected.get(entry.id)) for entry in self.judgements))


def run(
    statements: Sequence[Statement],
    *,
    source: str | None = None,
    profile: str = "quick",
    seed: int = 0,
    jobs: int | None = None,
    out: Path = Path("quod-report"),
    progress: Callable[[Step], None] = lambda step: None,
    studied: Callable[[int, int], None] = lambda done, total: None,
    cap: float = CAP,
    fresh: bool = False,
    executor: Executor | None = None,
) -> Run:
    """Judge statements, in parallel, taking up whatever an earlier run with the same code, budget and seed finished.

    Parameters
    ----------
    statements
        The statements, all of one source.
    source
        Path of the user's file they come from, or ``None`` for the papers.
    profile
        Name of the budget.
    seed
        Each statement derives its own seed from this one and its id.
    jobs
        Number of processes; by default the number of processors.
    out
        Folder of the reports; finished judgements are stored in its ``.cache``.
    progress
        Called whenever a statement is finished.
    studied
        Called with the numbers of finished and of all runs of studies, whenever one is finished.
    cap
        Wall-clock limit of one statement in seconds.
    fresh
        Whether to judge again what an earlier run finished.
    executor
        Where to judge, instead of in ``jobs`` processes.

    Returns
    -------
    Run
        The judgements that were finished; an interrupt ends the run early and is not raised.
    """
    start = time.monotonic()
    jobs = jobs or os.cpu_count() or 1
    code = code_version(source)
    order = {entry.id: entry for entry in sorted(statements, key=lambda entry: entry.id)}
    cache = Cache(out / ".cache")
    book = Ledger(cache, {key: _key(cache, key, code, source, profile, seed) for key in order}, progress)
    if not fresh:
        book.take_stored()
    # The dearest first, so that no process is left alone with one of them at the end.
    dearest = sorted(book.missing, key=lambda key: (-order[key].cost, key))
    store = Store(code=code, folder=str((out / ".cache").absolute()))
    units = [(key, (source, key, profile, seed, cap, store)) for key in dearest]
    first = replace(store, fresh=fresh)
    places = missing((order[key] for key in dearest), PROFILES[profile].study, first)
    try:
        with _executor(executor, min(jobs, len(units))) as chosen:
            # Runs of studies first: statements share them, and each has its own process here.
            runs = [(place, (source, place, profile, cap, first)) for place in places]
            for done, _ in enumerate(completed(chosen, run_one, runs, window=jobs, limit=1.5 * cap + 10), 1):
                studied(done, len(runs))
            # Beyond its own limit a unit gets some time to stop by itself.
            for key, future, seconds in completed(chosen, judge_one, units, window=jobs, limit=1.5 * cap + 10):
                book.add(key, _outcome(order[key], future, seconds, units, cap))
    except KeyboardInterrupt:
        pass
    judgements = [book.found[key] for key in sorted(book.found)]
    expected = recorded_verdicts(source)
    return Run(
        judgements=tuple(with_dependents(judgements, load(source), expected)),
        expected=expected,
        stored=tuple(sorted(book.stored)),
        not_run=tuple(book.missing),
        source=source,
        profile=profile,
        seed=seed,
        jobs=jobs,
        code=code,
        seconds=round(time.monotonic() - start, 3),
    )


def _key(cache: Cache, identifier: str, code: str, source: str | None, profile: str, seed: int) -> str:
    parameters = {"id": identifier, "source": source, "profile": plain(PROFILES[profile])}
    return cache.key("judge", code=code, parameters=parameters, seed=seed_of(seed, identifier))


@contextmanager
def _executor(given: Executor | None, jobs: int) -> Generator[Executor, None, None]:
    if given is not None or jobs <= 1:
        yield given or InProcess()
        return
    pool = Pool(jobs)
    try:
        yield pool
    finally:
        pool.stop()


def _outcome(
    statement: Statement, future: Future[Any], seconds: float, units: Sequence[tuple[str, tuple[Any, ...]]], cap: float
) -> Judgement:
    try:
        return Judgement.from_json(future.result())
    except (BrokenExecutor, CancelledError):
        if seconds > cap:
            return failed(statement, out_of_time(cap))
        return _alone(statement, dict(units)[statement.id], cap)
    except Exception as error:
        return failed(statement, one_line(error))


def _alone(statement: Statement, arguments: tuple[Any, ...], cap: float) -> Judgement:
    # A worker died and took its neighbours' work with it: each of them is judged once more in a pool of its own.
    pool = Pool(1)
    try:
        return Judgement.from_json(pool.submit(judge_one, *arguments).result(timeout=1.5 * cap + 10))
    except TimeoutError:
        return failed(statement, out_of_time(cap))
    except BrokenExecutor:
        return failed(statement, "the process that judged it died twice (killed, out of memory, or a crash of a library)")
    finally:
        pool.stop()
