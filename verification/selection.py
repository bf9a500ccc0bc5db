"""Which statements a command is about: ids, prefixes and globs, in the papers or in a file of the user's own."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from theory.errors import InputError
from verification.own_files import check_names, run_file, shown

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
        If the file cannot be run, holds no statement, or a statement's names are refused or come twice.
    """
    # Imported here: they bring numpy and every module of the papers, which `quod list` finds in an index.
    from theory.registry import all_statements
    from theory.statement import Statement

    if source is None:
        return all_statements()
    found: dict[str, Statement] = {}
    for value in vars(run_file(Path(source))).values():
        for entry in value if isinstance(value, tuple | list) else (value,):
            if not isinstance(entry, Statement):
                continue
            check_names(entry, source)
            if found.setdefault(entry.id, entry) is not entry:
                raise InputError(f"{shown(source)}: two statements share the id {entry.id!r}; ids must be unique")
    if not found:
        raise InputError(f"{shown(source)} defines no statement at its top level (such as theory.statement.Inequality)")
    return dict(sorted(found.items()))


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
            raise InputError(f"no statement matches {selector!r}{_instead(selector, statements)}")
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


def _instead(selector: str, statements: Mapping[str, T]) -> str:
    """Return what may have been meant by a selector that names nothing."""
    from theory.registry import papers

    file = f"{selector.rstrip('/').removesuffix('.py')}.py"
    if Path(file).is_file():
        return f"; close: {file}"
    if Path(selector).is_dir():
        return ", which is a folder: a file of your own is named with its .py"
    if selector.split(".", 1)[0] in set(papers()) - {key.split(".", 1)[0] for key in statements}:
        return ": with a file of your own its statements alone are chosen; give those of the papers a run without it"
    return _close(selector, statements)


def _close(wanted: str, statements: Iterable[str]) -> str:
    names = set(statements) | {key.split(".", 1)[0] for key in statements}
    close = [key for key in sorted(names) if wanted and key.startswith(wanted)][:3]
    close = close or difflib.get_close_matches(wanted, sorted(names), n=3, cutoff=0.4)
    return f"; close: {', '.join(close)}" if close else "; 'quod list' shows them all"
