"""What the program may rely on: three open streams whose readers may leave, and signals that end it like an interrupt."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from types import FrameType
from typing import Any, TextIO

GONE = frozenset({errno.EPIPE, errno.EIO})
"""What a system says when a reader such as ``head`` has seen enough, or a terminal was closed."""


class _Lasting(io.FileIO):
    """A stream that goes on silently when its reader has left: the work goes on, and the status stays ours."""

    _failed = False

    def write(self, data: Any, /) -> int:
        """Write, or count as written what nobody reads; another failure is raised once, and never for what only informs."""
        if not self._failed:
            try:
                return super().write(data)
            except OSError as error:
                self._failed = True
                if error.errno not in GONE and self.fileno() != 2:
                    raise
        return memoryview(data).nbytes


def make_streams_last() -> None:
    """Make standard output and standard error last until the end, and open what was closed before the start."""
    for handle, mode in enumerate((os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)):
        try:
            os.fstat(handle)
        except OSError:
            # Else the next file that is opened would get its number, and what is printed.
            os.open(os.devnull, mode)
    sys.stdout, sys.stderr = _lasting(sys.stdout, 1, "strict"), _lasting(sys.stderr, 2, "backslashreplace")


def _lasting(stream: TextIO | None, handle: int, errors: str) -> TextIO:
    encoding, errors = ("utf-8", errors) if stream is None else (stream.encoding, stream.errors or errors)
    buffer = io.BufferedWriter(_Lasting(handle, "w", closefd=False))
    return io.TextIOWrapper(buffer, encoding=encoding, errors=errors, line_buffering=handle == 2 or os.isatty(handle))


def interrupt_when_told_to_end() -> None:
    """Let a request to end, and the end of the terminal, interrupt: what is finished is reported, and no process is left."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # What was started to ignore a signal (nohup) goes on to ignore it.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, interrupt)
