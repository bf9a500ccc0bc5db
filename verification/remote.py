"""Units of work on a machine that shares no disk with the one that started them: what they need travels with them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from theory.errors import InputError
from verification.apart import Apart, Died
from verification.cache import code_version
from verification.limits import out_of_time, tells_memory
from verification.outcome import Judgement
from verification.selection import load
from verification.studies import Store
from verification.worker import DIED, beyond_memory, failed, judge_one, run_one

GRACE = 10.0
"""Seconds beyond its cap in which a unit may start and stop by itself."""


@cache
def _child() -> Apart:
    return Apart()


_code = cache(code_version)


def release() -> None:
    """End the process that units had to themselves, if there is one."""
    _child().stop()


def limit_of(cap: float) -> float:
    """Return the seconds after which a unit counts as stuck: beyond its cap it gets some time to stop by itself."""
    return 1.5 * cap + GRACE


def judge_apart(
    source: str | None, identifier: str, profile: str, seed: int, cap: float, store: Store, memory: int, *, tries: int = 2
) -> dict[str, Any]:
    """Judge one statement in a process of its own; what that process dies of becomes a verdict.

    Parameters
    ----------
    source, identifier, profile, seed, cap, store, memory
        As for :func:`verification.worker.judge_one`.
    tries
        How often; a death may be the fault of another process.

    Returns
    -------
    dict
        The judgement, with no expected verdict.
    """
    statement, words = load(source)[identifier], ""
    for _ in range(tries):
        try:
            found: dict[str, Any] = _child().call(
                judge_one, (source, identifier, profile, seed, cap, store, memory), limit_of(cap)
            )
            return found
        except TimeoutError:
            return failed(statement, out_of_time(cap)).to_json(None)
        except Died as death:
            words = str(death)
    # A library that is refused memory may say so and abort.
    judgement: Judgement = beyond_memory(statement, memory) if tells_memory(words) else failed(statement, DIED)
    return judgement.to_json(None)


def there(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run a unit on a worker of a scheduler: with the same code, in a process that can be limited and stopped.

    Parameters
    ----------
    function
        :func:`verification.worker.judge_one` or :func:`verification.worker.run_one`.
    *arguments
        Its arguments, with a store that has no folder.

    Returns
    -------
    Any
        What it returns; None for a run of a study that failed.

    Raises
    ------
    InputError
        If the code on the worker is not the one that started the run.
    """
    cap, store, _memory = arguments[-3:]
    if _code(arguments[0]) != store.code:
        raise InputError("a worker has another version of the code; install the same one on all machines and start it again")
    if function is judge_one:
        return judge_apart(*arguments)
    try:
        return _child().call(run_one, arguments, limit_of(cap))
    except (TimeoutError, Died):
        return None
