"""Judges a selection of statements: order, seeds, stored results, interruption, and what depends on what."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from theory.statement import Statement
from verification.atomic import sweep
from verification.budget import PROFILES
from verification.cache import Cache, code_version
from verification.dependents import with_dependents
from verification.executors import EngineLost, Executor, InProcess, Pool
from verification.ledger import Ledger, Step
from verification.outcome import Judgement, Verdict, plain
from verification.records import differs, recorded_verdicts
from verification.remote import release
from verification.selection import load
from verification.studies import Store, missing
from verification.units import Units
from verification.worker import seed_of

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
    memory
        MiB that a statement may take.
    shard
        Which part of the statements this is, such as ``"2/5"``; None for all.
    trouble
        What went wrong beside the judgements, in one line: results that could not be stored, an engine that was lost.
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
    memory: int = 0
    shard: str | None = None
    trouble: str = ""
    seconds: float = field(compare=False)

    @property
    def interrupted(self) -> bool:
        """Return whether the run was interrupted before its end."""
        return bool(self.not_run)

    @property
    def status(self) -> int:
        """Return the exit status: 130 interrupted, 3 something of ours failed, 1 some verdict is news, 0 otherwise."""
        if self.interrupted:
            return 3 if self.trouble else 130
        if self.trouble or any(entry.verdict is Verdict.ERROR for entry in self.judgements):
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
    memory: int | None = None,
    shard: str | None = None,
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
        Number of processes; by default the number of processors. One is this process, in which what is stuck cannot be ended.
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
    memory
        MiB that a statement may take; that of the profile when not given.
    shard
        Which part the statements are, for the report.

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
    sweep(out, cache.folder)
    memory = memory or PROFILES[profile].memory
    book = Ledger(cache, {key: _key(cache, key, code, source, profile, seed, memory) for key in order}, progress)
    if not fresh:
        book.take_stored()
    # The dearest first, so that no process is left alone with one of them at the end.
    dearest = sorted(book.missing, key=lambda key: (-order[key].cost, key))
    store = Store(code=code, folder=str((out / ".cache").absolute()))
    places = missing((order[key] for key in dearest), PROFILES[profile].study, replace(store, fresh=fresh))
    units = Units(statements=order, source=source, profile=profile, seed=seed, cap=cap, memory=memory, store=store, window=jobs)
    trouble = ""
    try:
        with _executor(executor, min(jobs, len(dearest))) as chosen:
            trouble = units.run_studies(chosen, places, fresh=fresh, finished=studied)
            for key, judgement in units.judged(chosen, dearest):
                book.add(key, judgement)
    except KeyboardInterrupt:
        pass
    except EngineLost as error:
        trouble = str(error)
    finally:
        release()
    judgements = [book.found[key] for key in sorted(book.found)]
    expected = recorded_verdicts(source, profile)
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
        memory=memory,
        shard=shard,
        trouble=trouble or book.trouble,
        seconds=round(time.monotonic() - start, 3),
    )


def _key(cache: Cache, identifier: str, code: str, source: str | None, profile: str, seed: int, memory: int) -> str:
    parameters = {"id": identifier, "source": source, "profile": plain(replace(PROFILES[profile], memory=memory))}
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
