"""``quod diff`` on files: reads two reports, whatever state they are in, and prints what changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from theory.statement import InputError
from verification.comparing import RUN, Change, Report, Weight
from verification.outcome import EvidenceKind, Verdict
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


def diff_text(changes: Sequence[Change], old: Report, new: Report) -> str:
    """Return the changes as text, one line each under a heading a weight, and a last line that counts.

    Parameters
    ----------
    changes
        What :func:`verification.comparing.compare_reports` returned.
    old, new
        The reports.

    Returns
    -------
    str
        The text.
    """
    lines = []
    for weight in Weight:
        found = [change for change in changes if change.weight is weight]
        if found:
            lines += [f"{weight.value}:", *(f"  {change.id or 'the run'}: {_line(change)}" for change in found)]
    counts = [f"{sum(c.weight is weight for c in changes)} {weight.value}" for weight in (Weight.REGRESSION, Weight.NEWS)]
    failed = sum(change.weight is Weight.FAILED for change in changes)
    counts += [f"{failed} could not run"] * bool(failed)
    judged = f"{len(old['statements'])} statements, then {len(new['statements'])}"
    return "\n".join([*lines, f"{judged}: {', '.join(counts)}" if changes else f"{judged}: nothing changed"])


def _line(change: Change) -> str:
    return change.says if change.what in {"statement", "run"} else f"{change.what} {change.says}"
