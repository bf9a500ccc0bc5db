"""Files that appear whole or not at all, whatever is killed, full or written by two runs at once."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # no POSIX: leftovers are told by their age
    flock = None  # type: ignore[assignment]

ENDING = ".part"
OLD = 3600.0
"""Seconds after which an unfinished file counts as left over where locks cannot tell; a write takes a fraction of one."""
TRIES = 20


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a crash, finds the old bytes or the new ones and nothing in between.

    Parameters
    ----------
    path
        The file; its folder is made.
    data
        The bytes.

    Raises
    ------
    OSError
        If it cannot be written; the message names the file and the reason, and nothing is left behind.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A sweep of another run may take an unfinished file in the instant before it is locked.
        if not any(_written(path, data) for _ in range(TRIES)):
            raise OSError("its unfinished file was removed again and again")
    except OSError as error:
        raise OSError(error.errno or 0, error.strerror or str(error), str(path)) from error


def _written(path: Path, data: bytes) -> bool:
    handle, temporary = mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=ENDING)
    try:
        with os.fdopen(handle, "wb") as stream:
            # Held until the file has its name: a killed writer loses it, which is how its leftover is told.
            if not _lock(stream.fileno()):
                return False
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
            try:
                os.chmod(temporary, 0o644)
                os.replace(temporary, path)
            except FileNotFoundError:
                return False
        return True
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _lock(handle: int) -> bool:
    """Return False where somebody else holds the lock; a file system without locks says nothing against."""
    if flock is not None:
        try:
            flock(handle, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass
    return True


def reason(error: OSError) -> str:
    """Return what the system says of a file, in one line that names it: ``/out/report.json: no space left on device``."""
    words = (error.strerror or str(error)).strip()
    if words[1:2].islower():
        words = words[0].lower() + words[1:]
    return f"{error.filename}: {words}" if error.filename else words


def sweep(*folders: Path) -> int:
    """Remove the unfinished files that killed runs left, and none that another run is writing.

    Parameters
    ----------
    *folders
        Where to look, not below.

    Returns
    -------
    int
        How many were removed.
    """
    removed = 0
    for folder in folders:
        with suppress(OSError):
            for path in sorted(folder.glob(f".*{ENDING}")):
                removed += _left_over(path)
    return removed


def _left_over(path: Path) -> bool:
    with suppress(OSError):
        handle = os.open(path, os.O_RDWR)
        try:
            if flock is not None:
                flock(handle, LOCK_EX | LOCK_NB)
            elif time.time() - path.stat().st_mtime < OLD:
                return False
            path.unlink()
            return True
        finally:
            os.close(handle)
    return False
