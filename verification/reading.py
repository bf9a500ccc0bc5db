"""Reports that earlier runs left, read back whatever state they are in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from theory.errors import InputError
from verification.comparing import RUN, Report
from verification.outcome import EvidenceKind, Verdict
from verification.own_files import same_file
from verification.records import SCHEMA
from verification.reports.words import slack_of


def read_report(path: Path) -> Report:
    """Return a report that ``quod verify`` wrote.

    Parameters
    ----------
    path
        The file, or the folder that has ``report.json``.

    Returns
    -------
    Mapping
        The report.

    Raises
    ------
    InputError
        If there is none, it is damaged, or its schema is another.
    """
    file = path / "report.json" if path.is_dir() else path
    try:
        report: Any = json.loads(file.read_bytes())
    except OSError as error:
        raise InputError(f"{file}: {(error.strerror or 'cannot be read').lower()}") from None
    except ValueError:
        raise InputError(f"{file} is not JSON: it was cut off, or is no report of quod") from None
    except RecursionError:
        raise InputError(f"{file} is nested too deeply to be a report of quod") from None
    schema = report.get("schema") if isinstance(report, dict) else None
    if not isinstance(schema, str) or not schema.startswith("quod-report/"):
        raise InputError(f"{file} is no report of quod: it has no schema such as {SCHEMA!r}")
    if schema != SCHEMA:
        raise InputError(f"{file} has the schema {schema!r}; this version reads {SCHEMA!r}: write it again with quod verify")
    try:
        _checked(report)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise InputError(f"{file} is damaged: {type(error).__name__} at {error}") from None
    found: Report = report
    return found


def _checked(report: Mapping[str, Any]) -> None:
    """Touch all that a comparison reads, so that a damaged report fails here."""
    known: set[str] = set()
    report["summary"]["not_run"], [report["provenance"][name] for name in RUN]
    for entry in report["statements"]:
        if entry["id"] in known:
            raise ValueError(f"two entries of {entry['id']!r}")
        known.add(entry["id"])
        Verdict(entry["verdict"]), [EvidenceKind(item["kind"]) for item in entry["evidence"]]
        [(tooth["name"], tooth["refuted"], tooth["finding"]) for tooth in entry["teeth"]]
        slack_of(entry), (entry["counterexample"] or {"data": None})["data"], entry["expected_verdict"]
        entry["formula"], entry["says"], [item["says"] for item in entry["hypotheses"].get("hidden") or []]


def last_report(out: Path, source: str | None = None) -> dict[str, dict[str, Any]]:
    """Return the entries of the last report in a folder, by id; nothing if there is none, or one of another source.

    One that cannot be read is refused, as by :func:`read_report`: what it says would be missed, and nobody would know.

    Parameters
    ----------
    out
        The folder.
    source
        Path of a user's file, or ``None`` for the papers: a report of another source tells nothing, whatever its ids.

    Returns
    -------
    dict
        Id to the statement's entry.
    """
    if not (out / "report.json").exists():
        return {}
    report = read_report(out)
    return (
        {entry["id"]: dict(entry) for entry in report["statements"]}
        if same_file(report["provenance"]["source"], source)
        else {}
    )
