"""Reports of parts of a run into the report of the whole, the same bytes as if nothing had been parted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from theory.errors import InputError
from verification.budget import PROFILES
from verification.cache import code_version
from verification.comparing import Report
from verification.dependents import with_dependents
from verification.outcome import Judgement
from verification.reading import read_report
from verification.records import recorded_verdicts
from verification.runner import Run
from verification.selection import load
from verification.sharding import Shard, part

SAME = ("code", "source", "profile", "seed", "memory", "versions", "machine")
"""What reports must have in common: what judgements depend on."""


def read(path: Path) -> Report:
    """Read a report that can be merged.

    Parameters
    ----------
    path
        ``report.json``, or the folder that it is in.

    Returns
    -------
    Mapping
        The report.

    Raises
    ------
    InputError
        If it cannot be read, is damaged, or is no report of this version.
    """
    report = read_report(path)
    try:
        for entry in report["statements"]:
            Judgement.from_json(entry)
        _read_provenance(report["provenance"])
        whole = math.isfinite(report["timing"]["seconds"]) and isinstance(report["timing"]["from_earlier_runs"], list)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        whole = False
    if not whole:
        raise InputError(f"{path}: a damaged report: give the one that quod wrote")
    return report


def _read_provenance(about: Mapping[str, Any]) -> None:
    """Touch all that merging reads, so that a damaged report fails here."""
    [about[name] for name in SAME], PROFILES[about["profile"]], about["jobs"] + 0, Path(about["source"] or "")
    if about["shard"] is not None:
        Shard.parse(about["shard"])


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
            first, here = (entry["provenance"][name] for entry in (reports[0], report))
            if first != here:
                raise InputError(f"{path}: {name} is {_told(name, here)}, but {_told(name, first)} in {paths[0]}")
    provenance = reports[0]["provenance"]
    source = provenance["source"] and str(Path(provenance["source"]).resolve())
    if provenance["code"] != (here := code_version(source)):
        raise InputError(
            f"{paths[0]}: code is {provenance['code'][:12]}, but {here[:12]} here: merge with the program that ran"
        )
    _complete(paths, reports, source)
    entries = _entries(paths, reports)
    expected = {key: entry["expected_verdict"] for key, entry in entries.items() if entry["expected_verdict"] is not None}
    return _run(reports, entries, expected, source)


def _run(reports: Sequence[Report], entries: Mapping[str, Any], expected: dict[str, str], source: str | None) -> Run:
    judgements = [Judgement.from_json(entries[key]) for key in sorted(entries)]
    provenance = reports[0]["provenance"]
    left_out = {key for report in reports for key in report["summary"]["not_run"]} - set(entries)
    return Run(
        judgements=tuple(
            with_dependents(judgements, load(source), recorded_verdicts(source, provenance["profile"]) | expected)
        ),
        expected=expected,
        stored=tuple(sorted({key for report in reports for key in report["timing"]["from_earlier_runs"]})),
        not_run=tuple(sorted(left_out)),
        source=source,
        profile=provenance["profile"],
        seed=provenance["seed"],
        jobs=max(report["provenance"]["jobs"] for report in reports),
        code=provenance["code"],
        memory=provenance["memory"],
        seconds=round(sum(report["timing"]["seconds"] for report in reports), 3),
    )


def _told(name: str, value: Any) -> str:
    if name == "versions":
        return " ".join(f"{key} {version}" for key, version in sorted((value or {}).items()))
    return str(value)[:12] if name == "code" else repr(value)


def _complete(paths: Sequence[Path], reports: Sequence[Report], source: str | None) -> None:
    """Refuse parts of different partitions, of different selections, and a partition with a part missing."""
    parts = [(path, Shard.parse(text)) for path, report in zip(paths, reports, strict=True) if (text := _shard(report))]
    if not parts:
        return
    first = parts[0][1]
    for path, shard in parts:
        if shard.of != first.of:
            of = sorted({first.of, shard.of})
            raise InputError(f"{path}: it is part {shard}, and others are parts of {', '.join(map(str, of))}")
    if len(parts) < len(reports):  # the whole is among them
        return
    there = {shard.number for _, shard in parts}
    if len(there) < first.of:
        missing = next(number for number in range(1, first.of + 1) if number not in there)
        raise InputError(f"part {missing}/{first.of} is missing: give the reports of all parts")
    _of_one_selection(parts, reports, source)


def _of_one_selection(parts: Sequence[tuple[Path, Shard]], reports: Sequence[Report], source: str | None) -> None:
    statements = load(source)
    chosen = [{entry["id"] for entry in report["statements"]} | set(report["summary"]["not_run"]) for report in reports]
    every = [statements[key] for key in sorted(set().union(*chosen)) if key in statements]
    scale = PROFILES[reports[0]["provenance"]["profile"]].study
    for (path, shard), ids in zip(parts, chosen, strict=True):
        if ids != {entry.id for entry in part(every, shard, scale)}:
            raise InputError(
                f"{path}: it is not part {shard} of what all parts hold: give parts of one selection of statements"
            )


def _shard(report: Report) -> str | None:
    text: str | None = report["provenance"]["shard"]
    return text


def _entries(paths: Sequence[Path], reports: Sequence[Report]) -> dict[str, Any]:
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
