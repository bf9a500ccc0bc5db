"""Units of work on an existing ``dask.distributed`` scheduler; it has the interface of :mod:`verification.executors`.

Start the engine as its own documentation says, on machines that have this package at the same version, and give the address:
``dask scheduler``, then on each machine ``dask worker ADDRESS --nworkers N --nthreads 1``. A unit whose worker dies is run
again on another, up to the engine's own limit of deaths.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self

from theory.errors import InputError
from verification.executors import EngineLost

PATIENCE = 60.0
"""Seconds without a worker, or without the scheduler, after which the engine counts as lost."""


class Dask:
    """Runs each unit on a worker of a scheduler.

    Parameters
    ----------
    address
        The scheduler, such as ``"tcp://127.0.0.1:8786"``.
    wait
        Seconds to wait for it.
    patience
        Seconds without any worker after which it counts as lost.

    Raises
    ------
    InputError
        If ``distributed`` is not installed, or nothing answers at the address.
    """

    width = 256
    """Units handed in at a time: the engine queues them, so that workers that join later have something to do."""

    def __init__(self, address: str, *, wait: float = 10.0, patience: float = PATIENCE) -> None:
        try:
            import distributed  # slow to import, and not installed everywhere
        except ModuleNotFoundError as error:
            raise InputError("a scheduler needs distributed: pip install 'quod[dask]'") from error
        engine: Any = distributed
        # What it says of a lost scheduler, with a traceback, is said in one line by whoever asks here.
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        try:
            # A client with an address that is none would be left half open, and print a traceback when it is dropped.
            # An engine inside this process has an address without a port.
            if not address.startswith("inproc://"):
                engine.comm.get_address_host_port(address, strict=True)
        except ValueError as error:
            raise InputError(f"--address {address!r} is no address of a scheduler, such as tcp://host:8786") from error
        try:
            self._client = engine.Client(address, timeout=wait, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise InputError(f"no scheduler answers at {address!r}: start one, or correct the address") from error
        self._executor = self._client.get_executor()
        self._address, self._patience = address, patience
        self._gone: float | None = None

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Start ``function(*arguments)`` on a worker.

        Parameters
        ----------
        function
            A function that can be pickled.
        *arguments
            What to call it with.

        Returns
        -------
        Future
            Its future. It fails on a worker of several threads, since units share what is global in a process.
        """
        future: Future[Any] = self._executor.submit(_run, function, arguments)
        return future

    def check(self) -> None:
        """Raise :class:`~verification.executors.EngineLost` where there was no worker, or no scheduler, for too long."""
        try:
            working = self._client.status == "running" and bool(self._client.nthreads())
        except (OSError, TimeoutError, RuntimeError):
            working = False
        self._gone = None if working else self._gone or time.monotonic()
        if self._gone is not None and time.monotonic() - self._gone > self._patience:
            raise self.lost()

    def lost(self) -> EngineLost:
        """Return what to raise when the engine is lost."""
        gone = "no worker is left" if self._client.status == "running" else "the scheduler is gone"
        return EngineLost(f"{gone} at {self._address}; what finished is stored, the same command goes on from there")

    def stop(self) -> None:
        """Cancel what was submitted here and leave the scheduler; it and its workers stay."""
        self._executor.shutdown(wait=False)
        self._client.close()

    def __enter__(self) -> Self:
        """Return the executor."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop."""
        self.stop()


def _run(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    import distributed

    engine: Any = distributed
    worker = engine.get_worker()
    if worker.state.nthreads != 1:
        raise InputError(f"the worker {worker.address} has {worker.state.nthreads} threads; start it with --nthreads 1")
    return function(*arguments)
