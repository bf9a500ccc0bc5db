"""Where units of work run: in this process, or in a pool of processes. Anything with ``submit`` will do."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import suppress
from tempfile import gettempdir
from typing import Any, Protocol, TypeVar

from verification.entry import pin_threads

K = TypeVar("K")


class EngineLost(RuntimeError):
    """The place where units ran is gone; the message is one line for people."""


class Executor(Protocol):
    """What the runner asks: ``concurrent.futures`` has it, and so has ``distributed.Client(...).get_executor()``."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Start ``function(*arguments)`` somewhere and return its future."""


class InProcess:
    """Runs each unit at once, in this process."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Run ``function(*arguments)`` now and return its finished future.

        Parameters
        ----------
        function
            What to run.
        *arguments
            What to call it with.

        Returns
        -------
        Future
            Finished. An interrupt is not caught.
        """
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


class Pool:
    """A pool of worker processes that survives the death of a worker and can be stopped at once.

    Parameters
    ----------
    jobs
        Number of processes.
    """

    def __init__(self, jobs: int) -> None:
        pin_threads()
        self._jobs = jobs
        self._others = set(multiprocessing.active_children())
        # Workers are forked from a clean server that has the heavy imports; nothing of this process leaks into them.
        self._context = multiprocessing.get_context("forkserver" if _can_serve() else "spawn")
        if _can_serve():
            self._context.set_forkserver_preload(["verification.judge"])
        self._pool = self._start(jobs)

    def _start(self, jobs: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(jobs, mp_context=self._context, initializer=_prepare_worker)

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Start ``function(*arguments)`` in a worker.

        Parameters
        ----------
        function
            A function that can be pickled by name.
        *arguments
            What to call it with.

        Returns
        -------
        Future
            Its future.
        """
        try:
            return self._pool.submit(function, *arguments)
        except RuntimeError:  # broken by the death of a worker, or stopped
            self._pool = self._start(self._jobs)
            return self._pool.submit(function, *arguments)

    def stop(self) -> None:
        """End every worker now."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - self._others:
            child.kill()  # what it runs may have asked to be left alone by any gentler signal, or be stopped


def _can_serve() -> bool:
    # The server listens on a socket in the temporary folder, whose path may have 107 bytes and ends in 32 of its own.
    return os.name == "posix" and len(os.fsencode(gettempdir())) <= 75


def _prepare_worker() -> None:
    """Leave interrupts to the parent, and end with it: a parent that is killed cannot stop its workers.

    What a unit prints goes where progress goes, since standard output is for the table.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError, AttributeError):
        os.dup2(2, 1)
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # it may be none, or of another kind
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def completed(
    executor: Executor, function: Callable[..., Any], units: Iterable[tuple[K, tuple[Any, ...]]], *, window: int, limit: float
) -> Iterator[tuple[K, Future[Any], float]]:
    """Run units and yield each as it finishes, with no more than ``window`` under way at a time.

    Parameters
    ----------
    executor
        Where they run.
    function
        What each runs.
    units
        Pairs of a name and the arguments.
    window
        How many may be under way.
    limit
        Seconds after which a unit in a :class:`Pool` counts as stuck: the workers are ended, and the futures of all that
        was under way fail. Another executor must end by itself what is stuck; if it has a ``check``, that is called while
        nothing finishes, and raises when the executor is lost.

    Yields
    ------
    tuple
        The name of a unit, its finished future, and the seconds from its submission to its end.
    """
    waiting = iter(units)
    running: dict[Future[Any], tuple[K, float]] = {}
    ended: dict[Future[Any], float] = {}
    while True:
        while len(running) < window and (unit := next(waiting, None)) is not None:
            start = time.monotonic()
            future = executor.submit(function, *unit[1])
            running[future] = (unit[0], start)
            # Not when it is looked at: whoever takes the one before may take long.
            future.add_done_callback(lambda done: ended.setdefault(done, time.monotonic()))
        if not running:
            return
        done, _ = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
        if not done and isinstance(executor, Pool) and time.monotonic() - min(at for _, at in running.values()) > limit:
            executor.stop()
        if not done and (check := getattr(executor, "check", None)) is not None:
            check()
        for future in done:
            name, start = running.pop(future)
            yield name, future, (ended.pop(future, None) or time.monotonic()) - start
