"""``report.json``: the report as data, from which every other report is drawn."""

from __future__ import annotations

import datetime
import json
import os
import platform
import shlex
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from verification.cache import library_versions, write_atomically
from verification.entry import THREAD_VARIABLES
from verification.outcome import Judgement, Verdict
from verification.own_files import shown
from verification.records import SCHEMA, differs
from verification.reports.words import drops
from verification.runner import Run

SCHEMA_FILE = Path(__file__).resolve().parent.parent / "schema" / "report-1.json"


def report_of(run: Run) -> dict[str, Any]:
    """Return the report of a run as JSON values; it is the same for the same seed outside ``timing`` and ``provenance``.

    Parameters
    ----------
    run
        The run.

    Returns
    -------
    dict
        What ``report.json`` holds.
    """
    return {
        "schema": SCHEMA,
        "summary": _summary(run),
        "statements": [entry.to_json(run.expected.get(entry.id)) for entry in run.judgements],
        "timing": {"seconds": run.seconds, "from_earlier_runs": list(run.stored)},
        "provenance": _provenance(run),
    }


def _summary(run: Run) -> dict[str, Any]:
    verdicts = Counter(entry.verdict.value for entry in run.judgements)
    teeth = [(entry.id, tooth) for entry in run.judgements for tooth in entry.teeth]
    return {
        "statements": len(run.judgements),
        "verdicts": {verdict.value: verdicts[verdict.value] for verdict in Verdict},
        "best_evidence": dict(sorted(Counter(entry.best_evidence for entry in run.judgements).items())),
        "differing": [entry.id for entry in run.judgements if _is_news(entry, run.expected)],
        "errors": [entry.id for entry in run.judgements if entry.verdict is Verdict.ERROR],
        "teeth": {"refuted": sum(tooth.refuted for _, tooth in teeth), "of": sum(tooth.finding is None for _, tooth in teeth)},
        "surviving_mutants": [{"id": key, "name": tooth.name} for key, tooth in teeth if tooth.survives],
        "unneeded_hypotheses": [
            {"id": key, "name": tooth.name} for key, tooth in teeth if tooth.finding is not None and drops(tooth.name)
        ],
        "hidden_hypotheses": sum(len(entry.hypotheses.get("hidden", ())) for entry in run.judgements),
        "not_run": list(run.not_run),
        "exit_status": run.status,
    }


def _is_news(judgement: Judgement, expected: Mapping[str, str]) -> bool:
    return judgement.verdict is not Verdict.ERROR and differs(judgement.verdict, expected.get(judgement.id))


def _provenance(run: Run) -> dict[str, Any]:
    # SOURCE_DATE_EPOCH lets a reproducible build choose the date.
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    now = datetime.datetime.fromtimestamp(int(epoch), datetime.UTC) if epoch.isdigit() else datetime.datetime.now(datetime.UTC)
    return {
        "date": now.isoformat(timespec="seconds"),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "source": None if run.source is None else shown(run.source),
        "profile": run.profile,
        "seed": run.seed,
        "jobs": run.jobs,
        "memory": run.memory,
        "shard": run.shard,
        "versions": dict(library_versions()),
        "code": run.code,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "threads": {"in_a_judgement": 1} | {name: os.environ.get(name) for name in THREAD_VARIABLES},
    }


def write_report(report: Mapping[str, Any], out: Path) -> Path:
    """Write ``report.json``.

    Parameters
    ----------
    report
        The report.
    out
        The folder.

    Returns
    -------
    Path
        The file.
    """
    path = out / "report.json"
    write_atomically(path, (json.dumps(report, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode())
    return path
