"""One unit of work: judge one statement, in whatever process or machine it lands."""

from __future__ import annotations

import hashlib
import signal
import threading
import time
import traceback
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from theory.statement import Statement
from verification.budget import PROFILES
from verification.cache import FLOORS, ROOT
from verification.outcome import Judgement, Verdict
from verification.selection import load, one_line
from verification.studies import Place, Store, run_at


class OutOfTime(BaseException):
    """The wall-clock cap of one statement ran out. Not an ``Exception``, so that nothing on the way swallows it."""


def seed_of(seed: int, identifier: str) -> int:
    """Return the seed of one statement, which depends on no other statement and on no order."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{identifier}".encode()).digest()[:8])


def judge_one(
    source: str | None, identifier: str, profile: str, seed: int, cap: float, store: Store | None = None
) -> dict[str, Any]:
    """Judge one statement and return its entry as JSON values. Whatever goes wrong becomes the verdict ``error``.

    Parameters
    ----------
    source
        Path of a user's file, or ``None`` for the papers.
    identifier
        Id of the statement.
    profile
        Name of the budget.
    seed
        The run's seed.
    cap
        Wall-clock limit in seconds, a safety net.
    store
        Where runs of studies are kept; None keeps them in memory.

    Returns
    -------
    dict
        The judgement, with no expected verdict.
    """
    statement = load(source)[identifier]
    start = time.perf_counter()
    try:
        with _one_thread(), _time_cap(cap):
            judgement = _judge(statement, profile, seed_of(seed, identifier), store or Store())
    except OutOfTime:
        judgement = failed(statement, out_of_time(cap))
    except Exception as error:
        judgement = failed(statement, f"{one_line(error)}{_place(error, source)}")
    return replace(judgement, seconds=round(time.perf_counter() - start, 3)).to_json(None)


def run_one(source: str | None, place: Place, profile: str, cap: float, store: Store) -> None:
    """Run one unit of a study and store its result; a failure shows when the statement is judged.

    Parameters
    ----------
    source
        Path of a user's file, or ``None`` for the papers.
    place
        Where the unit is found.
    profile
        Name of the budget.
    cap
        Wall-clock limit in seconds, a safety net.
    store
        Where its result is kept.
    """
    with suppress(OutOfTime, Exception), _one_thread(), _time_cap(cap):
        run_at(source, place, PROFILES[profile].study, store)


def _judge(statement: Statement, profile: str, seed: int, store: Store) -> Judgement:
    # Imported here: it brings sympy, scipy and hypothesis, which `quod list` never needs.
    from verification.judge import judge

    return judge(statement, budget=PROFILES[profile], seed=seed, store=store)


def failed(statement: Statement, reason: str) -> Judgement:
    """Return the judgement of a statement whose check could not run.

    Parameters
    ----------
    statement
        The statement.
    reason
        Why, in one line.

    Returns
    -------
    Judgement
        With the verdict ``error``.
    """
    return Judgement(
        id=statement.id,
        paper=statement.paper,
        title=statement.title,
        kind=statement.kind,
        says=statement.says,
        formula=statement.formula,
        source=statement.source,
        ours=statement.ours,
        verdict=Verdict.ERROR,
        reason=reason,
        uses=statement.uses,
    )


def out_of_time(cap: float) -> str:
    """Return the reason given when the wall-clock cap ran out."""
    return f"stopped after {cap:g} s of wall-clock time (a safety net; --cap raises it)"


def _place(error: BaseException, source: str | None) -> str:
    # The innermost line that is ours or the user's; where the program is installed does not matter, so it is left out.
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if frame.filename == source:
            return f" ({path.name}:{frame.lineno})"
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in FLOORS:
            return f" ({path.relative_to(ROOT).as_posix()}:{frame.lineno})"
    return ""


@contextmanager
def _one_thread() -> Generator[None, None, None]:
    # Sums split over threads differ in the last bits from machine to machine.
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield


@contextmanager
def _time_cap(cap: float) -> Generator[None, None, None]:
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, cap)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
