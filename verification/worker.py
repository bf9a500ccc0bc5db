"""One unit of work: judge one statement, in whatever process or machine it lands."""

from __future__ import annotations

import hashlib
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from theory.statement import InputError, Statement
from verification.budget import PROFILES
from verification.cache import FLOORS, ROOT
from verification.limits import (
    OutOfTime,
    is_interrupt,
    is_memory,
    memory_limit,
    one_thread,
    out_of_memory,
    out_of_time,
    time_cap,
)
from verification.outcome import Judgement, Verdict
from verification.own_files import one_line
from verification.selection import load
from verification.studies import Place, Store, run_at

DIED = "the process that judged it died twice (killed, out of memory, or a crash of a library)"


def seed_of(seed: int, identifier: str) -> int:
    """Return the seed of one statement, which depends on no other statement and on no order."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{identifier}".encode()).digest()[:8])


def judge_one(
    source: str | None,
    identifier: str,
    profile: str,
    seed: int,
    cap: float,
    store: Store | None = None,
    memory: int | None = None,
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
    memory
        MiB that the statement may take beyond what the process has; that of the profile when not given.

    Returns
    -------
    dict
        The judgement, with no expected verdict.
    """
    statement = load(source)[identifier]
    start, judge = time.perf_counter(), _judge()
    memory = memory or PROFILES[profile].memory
    arguments: dict[str, Any] = {"budget": PROFILES[profile], "seed": seed_of(seed, identifier), "store": store or Store()}
    try:
        with one_thread(), time_cap(cap), memory_limit(memory):
            judgement = judge(statement, **arguments)
    except OutOfTime:
        judgement = failed(statement, out_of_time(cap))
    except BaseException as error:
        # A statement may raise SystemExit or KeyboardInterrupt, which must end its judgement and not the run.
        if is_interrupt(error):
            raise
        judgement = beyond_memory(statement, memory) if is_memory(error) else _failure(statement, error, source)
    return replace(judgement, seconds=round(time.perf_counter() - start, 3)).to_json(None)


def run_one(source: str | None, place: Place, profile: str, cap: float, store: Store, memory: int | None = None) -> Any:
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
    memory
        As for :func:`judge_one`.

    Returns
    -------
    Any
        The result where the store has no folder; else None, or a line that says why it could not be stored.
    """
    try:
        with one_thread(), time_cap(cap), memory_limit(memory or PROFILES[profile].memory):
            result = run_at(source, place, PROFILES[profile].study, store)
    except BaseException as error:
        if is_interrupt(error):
            raise
        return None
    return result if store.folder is None else store.trouble()


def _judge() -> Callable[..., Judgement]:
    # Imported here: it brings sympy, scipy and hypothesis, which `quod list` never needs.
    from verification.judge import judge

    return judge


def beyond_memory(statement: Statement, memory: int) -> Judgement:
    """Return the judgement of a statement that needs more memory than its budget.

    Parameters
    ----------
    statement
        The statement.
    memory
        The budget in MiB.

    Returns
    -------
    Judgement
        With the verdict ``undecided``: the check is sound, and says nothing within its budget.
    """
    return replace(failed(statement, out_of_memory(memory)), verdict=Verdict.UNDECIDED)


def _failure(statement: Statement, error: BaseException, source: str | None) -> Judgement:
    words = str(error) if isinstance(error, InputError) else one_line(error)
    return failed(statement, f"{words}{_place(error, source)}")


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
        reason="".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in reason),
        uses=statement.uses,
    )


def _place(error: BaseException, source: str | None) -> str:
    # The innermost line of the user's, else of ours; where the program is installed does not matter, so it is left out.
    frames = traceback.extract_tb(error.__traceback__)[::-1]
    for frame in frames:
        if frame.filename == source:
            return f" ({Path(source).name}:{frame.lineno})"
    # What is wrong with a user's input is not wrong where we found it.
    for frame in [] if isinstance(error, InputError) else frames:
        path = Path(frame.filename)
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in FLOORS:
            return f" ({path.relative_to(ROOT).as_posix()}:{frame.lineno})"
    return ""
