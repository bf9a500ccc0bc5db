"""Which statements a command is about: ids, prefixes and globs, in the papers or in a file of the user's own."""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from theory.errors import InputError

if TYPE_CHECKING:
    from theory.statement import Statement

GLOB = frozenset("*?[")
T = TypeVar("T")


@cache
def load(source: str | None) -> Mapping[str, Statement]:
    """Return the statements of a source by id, sorted by id. A worker process calls it again to find its statement.

    Parameters
    ----------
    source
        Path of a user's file, or ``None`` for the papers that come with the program.

    Returns
    -------
    Mapping
        Id to statement.

    Raises
    ------
    InputError
        If the file cannot be run, holds no statement, or two of its statements share an id.
    """
    # Imported here: they bring numpy and every module of the papers, which `quod list` finds in an index.
    from theory.registry import all_statements
    from theory.statement import Statement

    if source is None:
        return all_statements()
    found: dict[str, Statement] = {}
    for value in vars(_run_file(Path(source))).values():
        for entry in value if isinstance(value, tuple | list) else (value,):
            if not isinstance(entry, Statement):
                continue
            if not isinstance(entry.id, str) or not entry.id.strip():
                raise InputError(f"{source}: a statement has the empty id {entry.id!r}; give every statement a unique id")
            if found.setdefault(entry.id, entry) is not entry:
                raise InputError(f"{source}: two statements share the id {entry.id!r}; ids must be unique")
    if not found:
        raise InputError(f"{source} defines no statement at its top level (such as theory.statement.Inequality)")
    return dict(sorted(found.items()))


def _run_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise InputError(f"{path}: no such file")
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
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise InputError(_where(error, path)) from None
    return module


def _where(error: BaseException, path: Path) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.filename or path}:{error.lineno or 1}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(path.parent)]
    line = own[-1].lineno if own else 1
    file = own[-1].filename if own else path
    return f"{file}:{line}: {one_line(error)}"


def one_line(error: BaseException) -> str:
    """Return the kind of an error and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def split(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """Tell a user's file from selectors.

    Parameters
    ----------
    arguments
        What the command was given: selectors, and at most one path that ends in ``.py``.

    Returns
    -------
    tuple
        The resolved path of the file or ``None``, and the selectors.

    Raises
    ------
    InputError
        If there are two files.
    """
    files = [argument for argument in arguments if argument.endswith(".py")]
    if len(files) > 1:
        raise InputError(f"one file at a time, not {len(files)}: {', '.join(files)}")
    selectors = [argument for argument in arguments if not argument.endswith(".py")]
    return (str(Path(files[0]).resolve()) if files else None), selectors


def select(statements: Mapping[str, T], selectors: Iterable[str]) -> list[T]:
    """Return the statements that any selector names, sorted by id; all of them when there is no selector.

    Parameters
    ----------
    statements
        The statements to choose from, by id.
    selectors
        Ids, prefixes of ids that end at a dot (``wu2025``, ``wu2025.theorem-4``), or globs.

    Returns
    -------
    list of Statement
        Each once.

    Raises
    ------
    InputError
        If a selector names nothing; close matches are given.
    """
    chosen: set[str] = set()
    selectors = list(selectors)
    for selector in selectors:
        matches = {key for key in statements if _matches(key, selector)}
        if not matches:
            raise InputError(f"no statement matches {selector!r}{_close(selector, statements)}")
        chosen |= matches
    return [statements[key] for key in sorted(chosen if selectors else statements)]


def one(statements: Mapping[str, Statement], identifier: str) -> Statement:
    """Return the statement with an id.

    Parameters
    ----------
    statements
        The statements to choose from, by id.
    identifier
        The id, in full.

    Returns
    -------
    Statement
        The statement.

    Raises
    ------
    InputError
        If no statement has this id; close matches are given.
    """
    if identifier in statements:
        return statements[identifier]
    raise InputError(f"no statement has the id {identifier!r}{_close(identifier, statements)}")


def _matches(key: str, selector: str) -> bool:
    if GLOB & set(selector):
        return fnmatchcase(key, selector)
    return key == selector or key.startswith(f"{selector}.")


def _close(wanted: str, statements: Iterable[str]) -> str:
    names = set(statements) | {key.split(".", 1)[0] for key in statements}
    close = [key for key in sorted(names) if wanted and key.startswith(wanted)][:3]
    close = close or difflib.get_close_matches(wanted, sorted(names), n=3, cutoff=0.4)
    return f"; close: {', '.join(close)}" if close else "; 'quod list' shows them all"
