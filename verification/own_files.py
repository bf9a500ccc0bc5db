"""A file of statements of a user's own: runs it, knows what data it read, and says in one line what is wrong with it."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
import traceback
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any

from theory.errors import InputError
from verification.entry import HOME, PACKAGES

if TYPE_CHECKING:
    from theory.statement import Statement

ID = re.compile(r"[\w-]+(\.[\w-]+)+")
CODE = frozenset({".py", ".pyc", ".so"})
ELSEWHERE = tuple(Path(place) for place in (sys.prefix, sys.base_prefix, "/proc", "/sys", "/dev", "/etc"))
"""What is read there belongs to Python or to the machine, and is no data of the user's."""
_reading: tuple[Path, set[str]] | None = None
_read: dict[Path, list[Path]] = {}


def run_file(path: Path) -> ModuleType:
    """Run a user's file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    ModuleType
        What it defines.

    Raises
    ------
    InputError
        If it is not there or does not run; the line names the place.
    """
    if not path.is_file():
        raise InputError(f"{shown(path)}: {'a folder, not a file' if path.is_dir() else 'no such file'}")
    path = path.resolve()
    name = f"quod_user_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Appended, so that a neighbour called numpy.py or theory.py shadows nothing.
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    sys.modules[name] = module
    try:
        with _noted(path.parent) as read:
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise InputError(_where(error, path)) from None
    _read[path] = sorted(filter(_is_data, (Path(place).resolve() for place in read)))
    return module


def data_read_by(path: Path) -> list[Path]:
    """Return the data files that a user's file read when it was run, which it is now if it has not been, sorted."""
    if path.resolve() not in _read:
        run_file(path)
    return _read[path.resolve()]


def shown(path: Path | str) -> str:
    """Return a path as people are told it: from the folder that the program was started in, if it lies there."""
    path = Path(path)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def same_file(told: str | None, source: str | None) -> bool:
    """Return whether a report tells of this source; ``None`` are the papers that come with the program."""
    if told is None or source is None:
        return told is source
    return Path(told).resolve() == Path(source).resolve()


def check_names(statement: Statement, source: str) -> None:
    """Refuse a statement of a user's file whose names would lead astray.

    Parameters
    ----------
    statement
        The statement.
    source
        The file.

    Raises
    ------
    InputError
        If its id is none, has the key of a paper that comes with the program, or names of its parts come twice.
    """
    from theory.registry import papers

    if not isinstance(statement.id, str) or not ID.fullmatch(statement.id):
        rule = "words of letters, digits, hyphens and underscores with dots between, such as mine.lemma-1"
        raise InputError(f"{shown(source)}: {statement.id!r} is no id of a statement: it takes {rule}")
    if statement.paper in papers():
        raise InputError(f"{shown(source)}: the id {statement.id!r} has the key of a paper that comes with quod: take another")
    for what, entries in (("hypotheses", statement.hypotheses), ("mutants", statement.mutants)):
        name, count = (Counter(entry.name for entry in entries).most_common(1) or [("", 0)])[0]
        if count > 1:
            raise InputError(f"{shown(source)}: {statement.id} has {count} {what} named {name!r}; names must be unique")


def one_line(error: BaseException) -> str:
    """Return the kind of an error and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _where(error: BaseException, path: Path) -> str:
    if isinstance(error, SyntaxError):
        return f"{shown(error.filename or path)}:{error.lineno or 1}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _is_own(frame.filename, path.parent)]
    line = own[-1].lineno if own else 1
    file = own[-1].filename if own else path
    return f"{shown(file)}:{line}: {one_line(error)}"


def _is_own(file: str, folder: Path) -> bool:
    # An environment often lies in the folder of what is written in it.
    apart = (place for place in ELSEWHERE if place.is_relative_to(folder))
    return Path(file).is_relative_to(folder) and not any(Path(file).is_relative_to(place) for place in apart)


@contextmanager
def _noted(folder: Path) -> Generator[set[str], None, None]:
    """Collect the files that code of a folder opens for reading, itself or through a library."""
    global _reading
    _watch()
    read: set[str] = set()
    outer, _reading = _reading, (folder, read)
    try:
        yield read
    finally:
        _reading = outer


@cache
def _watch() -> None:
    sys.addaudithook(_note)  # for good: a hook cannot be taken away


def _note(event: str, arguments: Any) -> None:
    if _reading is None or event != "open":
        return
    folder, read = _reading
    place, mode = arguments[:2]
    if isinstance(place, str | os.PathLike) and (mode is None or "r" in mode) and _asked_by(folder):
        read.add(os.path.abspath(place))


def _asked_by(folder: Path) -> bool:
    # What a library reads while it is imported, such as a list of fonts, is its own.
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith("<frozen importlib"):
            return False
        if _is_own(name, folder):
            return True
        frame = frame.f_back
    return False


def _is_data(path: Path) -> bool:
    ours = (*ELSEWHERE, *(HOME / name for name in PACKAGES))
    return path.suffix not in CODE and path.is_file() and not any(path.is_relative_to(place) for place in ours)
