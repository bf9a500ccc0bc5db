"""A report on every statement of the papers, with made-up evidence, and a statement whose words try to break the page."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from verification.outcome import Counterexample, Evidence, EvidenceKind, Judgement, Tightness, Tooth, Verdict
from verification.records import recorded_verdicts
from verification.reports.html import page
from verification.selection import load

KINDS = list(EvidenceKind)
NASTY = "</script><script>alert(1)</script> & \"double\" 'single' <b>bold</b>\nsecond line \x00 \ud800 ]]> -->"


def judged(statement: Any, place: int, verdict: str) -> Judgement:
    found = Counterexample(data={"x": ["-1/3", place]}, left="[1.5 +/- 1e-9]", relation=">=", right="2", bits=64)
    refuted = verdict == "refuted"
    return Judgement(
        id=statement.id,
        paper=statement.paper,
        title=statement.title,
        kind=statement.kind,
        says=statement.says,
        formula=statement.formula,
        source=statement.source,
        ours=statement.ours,
        verdict=Verdict(verdict),
        evidence=(Evidence(kind=KINDS[place % 4], summary=f"made up, number {place}"),),
        counterexample=found if refuted else None,
        tightness=Tightness(count=9, quantiles=(0.5 if refuted else 1.0, 2.0, 10.0, 40.0, 1e6), extreme={"x": place}),
        teeth=(Tooth(name="pushed", refuted=True, counterexample=found),),
        hypotheses={"names": ["order"], "says": ["x is sorted"], "drawn": 3, "satisfied": 3, "rate": 1.0, "hidden": []},
        erratum={"wrong": "The sign.", "line": "Line 3.", "repaired": None, "affects": []} if refuted else None,
        uses=statement.uses,
        seconds=0.25,
    )


@pytest.fixture(scope="session")
def made() -> dict[str, Any]:
    """What a report says about its run."""
    return {
        "date": "2026-01-01T00:00:00+00:00",
        "command": "quod verify",
        "source": None,
        "profile": "quick",
        "seed": 0,
        "jobs": 1,
        "versions": {"numpy": "2.4.6", "torch": None},
        "code": "0123abcd",
        "python": "3.11.7",
        "platform": "Linux",
        "threads": {"in_a_judgement": 1},
    }


@pytest.fixture(scope="session")
def _whole(made) -> dict[str, Any]:
    statements, recorded = load(None), recorded_verdicts(None)
    entries = [
        judged(statements[key], place, recorded.get(key, "undecided")).to_json(recorded.get(key))
        for place, key in enumerate(sorted(statements))
    ]
    verdicts = [entry["verdict"] for entry in entries]
    summary = {
        "statements": len(entries),
        "verdicts": {verdict.value: verdicts.count(verdict.value) for verdict in Verdict},
        "differing": [entry["id"] for entry in entries if entry["verdict"] == "undecided"],
        "errors": [],
        "teeth": {"refuted": len(entries), "of": len(entries)},
        "surviving_mutants": [],
        "not_run": [],
    }
    timing = {"seconds": 1.5, "from_earlier_runs": []}
    return {"summary": summary, "statements": entries, "timing": timing, "provenance": made}


@pytest.fixture
def whole(_whole) -> dict[str, Any]:
    """A report on every statement of the papers, to be changed at will."""
    return copy.deepcopy(_whole)


def _chosen(report: dict[str, Any]) -> dict[str, Any]:
    entries = [entry for entry in report["statements"] if entry["id"].startswith(("wu2025.proposition-7", "wu2025.theorem-8"))]
    return report | {"statements": entries, "summary": report["summary"] | {"differing": []}}


@pytest.fixture
def few(whole) -> dict[str, Any]:
    """A report on a proposition and a theorem, to be changed at will."""
    return _chosen(whole)


@pytest.fixture
def nasty(few) -> dict[str, Any]:
    """A report whose words try to break the page."""
    entry = next(entry for entry in few["statements"] if entry["verdict"] == "refuted")
    for name in ("title", "says", "formula", "source", "reason"):
        entry[name] = NASTY
    entry["counterexample"]["data"] = {NASTY: NASTY}
    entry["evidence"][0] |= {"summary": NASTY, "figures": {"argument": NASTY, "steps": [{"says": NASTY, "account": NASTY}]}}
    entry["hypotheses"] |= {"names": [NASTY], "says": [NASTY], "hidden": [{"says": NASTY, "where": NASTY, "finding": NASTY}]}
    entry["erratum"] |= {"wrong": NASTY, "line": NASTY}
    entry["teeth"][0]["name"] = NASTY
    entry["uses"] = [NASTY]
    return few


@pytest.fixture(scope="session")
def report_files(_whole, tmp_path_factory) -> dict[str, Path]:
    """The pages on every statement and on few, as files."""
    folder = tmp_path_factory.mktemp("report")
    files = {"whole": folder / "whole.html", "few": folder / "few.html"}
    files["whole"].write_text(page(_whole), encoding="utf-8")
    files["few"].write_text(page(_chosen(_whole)), encoding="utf-8")
    return files
