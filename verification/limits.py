"""The limits of one unit of work: threads, memory, and wall-clock time as a safety net."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

MIB = 1 << 20
STATUS = Path("/proc/self/statm")
AGAIN = 1.0
"""Seconds after which what runs on beyond its cap is stopped again."""
TOLD = re.compile(r"allocate|bad_alloc|out of memory|cannot allocate|memoryerror", re.IGNORECASE)
"""What libraries say when they are refused memory, in an exception or on standard error before they abort."""


class OutOfTime(BaseException):
    """The wall-clock cap of one statement ran out. Not an ``Exception``, so that nothing on the way swallows it."""


def out_of_time(cap: float) -> str:
    """Return the reason given when the wall-clock cap ran out."""
    return f"stopped after {cap:g} s of wall-clock time (a safety net; --cap raises it)"


def out_of_memory(memory: int) -> str:
    """Return the reason given when a statement needs more than its memory in MiB."""
    return f"budget: more than {memory} MiB of memory are needed (--memory raises it)"


def tells_memory(words: str) -> bool:
    """Return whether the words of a failure say that memory was refused.

    Parameters
    ----------
    words
        The message of an exception, or what a process wrote before it died.

    Returns
    -------
    bool
        Whether they do.
    """
    return TOLD.search(words) is not None


def is_memory(error: BaseException) -> bool:
    """Return whether an exception, or one that it came from, is a refusal of memory; torch raises another type for it."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, MemoryError) or (isinstance(seen, RuntimeError | OSError) and tells_memory(str(seen))):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def is_interrupt(error: BaseException) -> bool:
    """Return whether an exception is an interrupt from the keyboard; where those are ignored, a statement has raised it."""
    return isinstance(error, KeyboardInterrupt) and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


@contextmanager
def one_thread() -> Generator[None, None, None]:
    """Hold the numerical libraries to one thread: sums split over threads differ in the last bits from machine to machine.

    Yields
    ------
    None
        Nothing.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield


@contextmanager
def memory_limit(memory: int | None) -> Generator[None, None, None]:
    """Refuse this process more than so much memory beyond what it has already.

    What counts is private writable memory (``RLIMIT_DATA``), not address space, of which libraries reserve much more than they
    use. Where the system tells no such number, nothing is limited.

    Parameters
    ----------
    memory
        MiB; None refuses nothing.

    Yields
    ------
    None
        Nothing.
    """
    if memory is None or not STATUS.exists():
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = int(STATUS.read_text().split()[5]) * resource.getpagesize() + memory * MIB
    if before[0] != resource.RLIM_INFINITY:
        allowed = min(allowed, before[0])
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


@contextmanager
def time_cap(cap: float) -> Generator[None, None, None]:
    """Raise :class:`OutOfTime` when the cap runs out, and again while that is swallowed on the way, as in a destructor.

    Only the main thread of a process can be stopped so.

    Parameters
    ----------
    cap
        Seconds.

    Yields
    ------
    None
        Nothing.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, cap, AGAIN)
    try:
        yield
    finally:
        # It may strike here too, and only once: the next time is far away.
        try:
            signal.setitimer(signal.ITIMER_REAL, 0)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
