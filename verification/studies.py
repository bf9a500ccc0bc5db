"""Runs of studies: each is computed once, kept in memory and on disk, and found again by statements, mutants and figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from theory.statement import Statement, Trend
from theory.study import Study, Unit
from verification.atomic import reason
from verification.cache import Cache, canonical
from verification.selection import load

Place: TypeAlias = tuple[str, int, int, int]
"""Where a run is found: id of a statement, and numbers of its study, repetition and unit."""
_found: dict[str, Any] = {}
"""Results of this process, by key."""
_trouble: list[str] = []
"""Why results of this process could not be stored."""


def run_key(function: Callable[..., Any], unit: Mapping[str, Any], code: str) -> str:
    """Return the key of a run: function, code, libraries and what it depends on.

    Parameters
    ----------
    function
        The function that runs it.
    unit
        What it depends on, seeds among them.
    code
        Digest of the code.

    Returns
    -------
    str
        A SHA-256.
    """
    return Cache(Path()).key(f"{function.__module__}.{function.__qualname__}", code=code, parameters=unit, seed=0)


@dataclass(frozen=True, kw_only=True)
class Store:
    """Where results of runs are kept beyond this process.

    Parameters
    ----------
    code
        Digest of the code that they depend on.
    folder
        The folder; None keeps nothing.
    fresh
        Whether to run again what is there.
    given
        Results by key that are there already, where the folder is out of reach.
    """

    code: str = ""
    folder: str | None = None
    fresh: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)

    def result(self, study: Study, unit: Unit) -> Any:
        """Return the result of one run, from memory, from disk, or by running it.

        Parameters
        ----------
        study
            The study.
        unit
            What the run depends on.

        Returns
        -------
        Any
            JSON values.
        """
        key = run_key(study.run, unit, self.code)
        if key in self.given:
            return self.given[key]
        if self.fresh or key not in _found:
            cache = None if self.folder is None else Cache(Path(self.folder))
            value = None if cache is None or self.fresh else cache.get(key)
            if value is None:
                # Through JSON, so that a fresh result reads like a stored one.
                value = json.loads(canonical(study.run(dict(unit))))
                if cache is not None:
                    _put(cache, key, value)
            _found[key] = value
        return _found[key]

    def trouble(self) -> str | None:
        """Return why the last result that could not be stored in this process could not, once; it is still in memory."""
        last = _trouble[-1] if _trouble else None
        _trouble.clear()
        return last

    def results(self, study: Study, scale: str) -> list[list[Any]]:
        """Return the results of all repetitions of a study, each in the order of its units."""
        size = study.size(scale)
        found = [[self.result(study, unit) for unit in units] for units in size.replicates]
        return [list(entry) for entry in zip(*found[0], strict=True)] if size.stacked else found


def _put(cache: Cache, key: str, value: Any) -> None:
    try:
        cache.put(key, value)
    except OSError as error:
        # A full disk must not cost a result that took hours.
        _trouble.append(reason(error))


def studies_of(statement: Statement) -> Iterator[Study]:
    """Yield the study of a statement, then those of its mutants that run another one."""
    if isinstance(statement, Trend):
        yield statement.study
        changed = (mutant.change(statement, 1.0).study for mutant in statement.mutants)
        yield from (study for study in changed if study is not statement.study)


def runs_of(statements: Iterable[Statement], scale: str, code: str) -> dict[str, Place]:
    """Return the runs that statements need, by key, and where each is found first.

    Parameters
    ----------
    statements
        The statements.
    scale
        The profile's name for the size of studies.
    code
        Digest of the code.

    Returns
    -------
    dict
        Key to place.
    """
    found: dict[str, Place] = {}
    for statement in statements:
        for which, study in enumerate(studies_of(statement)):
            for at, units in enumerate(study.size(scale).replicates):
                for index, unit in enumerate(units):
                    found.setdefault(run_key(study.run, unit, code), (statement.id, which, at, index))
    return found


def costs_of(statement: Statement, scale: str) -> dict[str, float]:
    """Return the runs that a statement needs, by key, each with its rough cost in seconds.

    Parameters
    ----------
    statement
        The statement.
    scale
        The profile's name for the size of studies.

    Returns
    -------
    dict
        Key to cost; the keys are those of :func:`runs_of` with no digest of code.
    """
    found: dict[str, float] = {}
    for study in studies_of(statement):
        for units in study.size(scale).replicates:
            for unit in units:
                found.setdefault(run_key(study.run, unit, ""), study.cost)
    return found


def missing(statements: Iterable[Statement], scale: str, store: Store) -> dict[str, Place]:
    """Return where the runs are found that statements need and that are not stored, each once.

    Parameters
    ----------
    statements
        The statements.
    scale
        The profile's name for the size of studies.
    store
        Where results are kept.

    Returns
    -------
    dict
        Key to place.
    """
    found = runs_of(statements, scale, store.code)
    if store.folder is None or store.fresh:
        return found
    cache = Cache(Path(store.folder))
    return {key: place for key, place in found.items() if cache.get(key) is None}


def run_at(source: str | None, place: Place, scale: str, store: Store) -> Any:
    """Run and store what is found at a place, in whatever process this lands.

    Parameters
    ----------
    source
        Path of a user's file, or None for the papers.
    place
        The place.
    scale
        The profile's name for the size of studies.
    store
        Where to keep the result.

    Returns
    -------
    Any
        The result.
    """
    identifier, which, at, index = place
    study = list(studies_of(load(source)[identifier]))[which]
    return store.result(study, study.size(scale).replicates[at][index])
