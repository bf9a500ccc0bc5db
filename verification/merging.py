"""Reports of parts of a run into the report of the whole, the same bytes as if nothing had been parted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from theory.errors import InputError
from verification.cache import code_version
from verification.dependents import with_dependents
from verification.outcome import Judgement
from verification.records import SCHEMA, recorded_verdicts
from verification.runner import Run
from verification.selection import load

SAME = ("code", "source", "profile", "seed", "memory", "versions", "machine")
"""What reports must have in common: what judgements depend on."""


def read(path: Path) -> dict[str, Any]:
    """Read a report.

    Parameters
    ----------
    path
        ``report.json``, or the folder that it is in.

    Returns
    -------
    dict
        The report.

    Raises
    ------
    InputError
        If it cannot be read, or is no report of this version.
    """
    path = path / "report.json" if path.is_dir() else path
    try:
        report = json.loads(path.read_bytes())
        complete = report["schema"] == SCHEMA and all(
            key in report for key in ("summary", "statements", "timing", "provenance")
        )
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    except (ValueError, KeyError, TypeError):
        complete = False
    if not complete:
        raise InputError(f"{path}: not a report of this version ({SCHEMA}), or cut short")
    return dict(report)


def merge(paths: Sequence[Path]) -> Run:
    """Return the run that several reports are parts of.

    Parameters
    ----------
    paths
        The reports.

    Returns
    -------
    Run
        With the judgements of all, completed as those of one run.

    Raises
    ------
    InputError
        If they are not of the same code, libraries, profile and seed, if two of them disagree on a statement, or if a part
        that belongs to them is missing.
    """
    reports = [read(path) for path in paths]
    for path, report in zip(paths[1:], reports[1:], strict=True):
        for name in SAME:
            first, here = (entry["provenance"].get(name) for entry in (reports[0], report))
            if first != here:
                raise InputError(f"{path}: {name} is {_told(name, here)}, but {_told(name, first)} in {paths[0]}")
    provenance = reports[0]["provenance"]
    if provenance["code"] != (here := code_version(provenance["source"])):
        raise InputError(
            f"{paths[0]}: code is {provenance['code'][:12]}, but {here[:12]} here: merge with the program that ran"
        )
    _complete(paths, reports)
    entries = _entries(paths, reports)
    expected = {key: entry["expected_verdict"] for key, entry in entries.items() if entry["expected_verdict"] is not None}
    return _run(reports, entries, expected, provenance["source"])


def _run(reports: Sequence[Mapping[str, Any]], entries: Mapping[str, Any], expected: dict[str, str], source: str | None) -> Run:
    judgements = [Judgement.from_json(entries[key]) for key in sorted(entries)]
    provenance = reports[0]["provenance"]
    left_out = {key for report in reports for key in report["summary"]["not_run"]} - set(entries)
    return Run(
        judgements=tuple(with_dependents(judgements, load(source), recorded_verdicts(source) | expected)),
        expected=expected,
        stored=tuple(sorted({key for report in reports for key in report["timing"]["from_earlier_runs"]})),
        not_run=tuple(sorted(left_out)),
        source=source,
        profile=provenance["profile"],
        seed=provenance["seed"],
        jobs=max(report["provenance"]["jobs"] for report in reports),
        code=provenance["code"],
        memory=provenance.get("memory", 0),
        seconds=round(sum(report["timing"]["seconds"] for report in reports), 3),
    )


def _told(name: str, value: Any) -> str:
    if name == "versions":
        return " ".join(f"{key} {version}" for key, version in sorted((value or {}).items()))
    return str(value)[:12] if name == "code" else repr(value)


def _complete(paths: Sequence[Path], reports: Sequence[Mapping[str, Any]]) -> None:
    """Refuse parts of different partitions, and a partition with a part missing."""
    parts = [report["provenance"].get("shard") for report in reports]
    of = {part.split("/")[1] for part in parts if part}
    if len(of) > 1:
        other = next(
            index for index, part in enumerate(parts) if part and part.split("/")[1] != str(parts[0] or "/").split("/")[1]
        )
        raise InputError(f"{paths[other]}: it is part {parts[other]}, and others are parts of {', '.join(sorted(of, key=int))}")
    if of:
        missing = {f"{number + 1}/{next(iter(of))}" for number in range(int(next(iter(of))))} - set(parts)
        if missing and None not in parts:
            raise InputError(f"part {min(missing, key=_number)} is missing: give the reports of all parts")


def _number(part: str) -> int:
    return int(part.split("/")[0])


def _entries(paths: Sequence[Path], reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    where: dict[str, Path] = {}
    for path, report in zip(paths, reports, strict=True):
        for entry in report["statements"]:
            key = entry["id"]
            if key in found and _bare(found[key]) != _bare(entry):
                raise InputError(f"{path} and {where[key]} disagree on {key}: {entry['verdict']} and {found[key]['verdict']}")
            found.setdefault(key, entry)
            where.setdefault(key, path)
    return found


def _bare(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry without what depends on the other statements of a run, and on time."""
    bare = {name: value for name, value in entry.items() if name not in {"timing", "erratum"}}
    erratum = entry["erratum"] or {}
    return bare | {"erratum": [erratum.get(name) for name in ("wrong", "line", "repaired")] if erratum.get("line") else None}
