"""A process of its own for units of work, where this process must neither be stopped with them nor die with them.

A thread cannot be interrupted, and a library that is refused memory may end the process; both matter on a worker of a
scheduler, and for a unit at which a worker of the pool has died. The child speaks pickles over its standard streams.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import IO, Any

from verification.cache import ROOT

START = "import sys; sys.path.insert(0, sys.argv[1]); from verification.entry import pin_threads; pin_threads(); "
START += "from verification.apart import serve; serve()"


class Died(RuntimeError):
    """The process died in the middle of a unit; the message is the end of what it wrote on standard error."""


class Apart:
    """One child process, started when it is needed and again after it has died."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None

    def call(self, function: Callable[..., Any], arguments: tuple[Any, ...], limit: float) -> Any:
        """Call a function in the child.

        Parameters
        ----------
        function
            A function that can be pickled by name.
        arguments
            What to call it with.
        limit
            Seconds after which the child is killed.

        Returns
        -------
        Any
            What it returns; what it raises is raised here.

        Raises
        ------
        Died
            If the child died; a ``TimeoutError`` says that the limit was over and the child was killed.
        """
        process = self._process if self._process is not None and self._process.poll() is None else self._start()
        answer: Future[Any] = Future()
        threading.Thread(target=_exchange, args=(process, (function, arguments), answer), daemon=True).start()
        try:
            error, value = answer.result(timeout=limit)
        except BaseException as failure:
            words = self._words()
            self.stop()
            # A time-out is an OSError too.
            if isinstance(failure, EOFError | OSError | pickle.UnpicklingError) and not isinstance(failure, TimeoutError):
                raise Died(words) from None
            raise
        if error is not None:
            raise error
        return value

    def stop(self) -> None:
        """Kill the child."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout, self._errors):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()
        self._process = self._errors = None

    def _start(self) -> subprocess.Popen[bytes]:
        self.stop()
        self._errors = tempfile.TemporaryFile()  # ruff: ignore[open-file-with-context-handler]  # closed with the child
        command = [sys.executable, "-P", "-c", START, str(ROOT)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=self._errors)
        return self._process

    def _words(self) -> str:
        if self._errors is None:
            return ""
        self._errors.seek(0)
        return self._errors.read()[-4000:].decode(errors="replace")


def _exchange(process: subprocess.Popen[bytes], call: Any, answer: Future[Any]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        pickle.dump(call, process.stdin)
        process.stdin.flush()
        answer.set_result(pickle.load(process.stdout))
    except BaseException as error:
        if not answer.done():
            answer.set_exception(error)


def serve() -> None:
    """Answer calls until the parent closes the stream or is gone; run in the child."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    calls, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # What a unit prints must not get among the answers.
    os.dup2(2, 1)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    while True:
        try:
            function, arguments = pickle.load(calls)
        except EOFError:
            return
        try:
            found: tuple[BaseException | None, Any] = (None, function(*arguments))
        except Exception as error:
            found = (error, None)
        pickle.dump(found, answers)
        answers.flush()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
