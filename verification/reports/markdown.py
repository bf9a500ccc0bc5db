"""``report.md``: a text worth sending to the authors of the paper, what matters to them first."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from verification.cache import write_atomically
from verification.reports.words import (
    Entry,
    best_of,
    data_of,
    findings_of,
    hidden_of,
    neighbours_of,
    number,
    slack_of,
    summary_line,
    survivors_of,
    teeth_of,
    tooth_line,
)


def write_markdown(report: Mapping[str, Any], out: Path) -> Path:
    """Write ``report.md``.

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
    path = out / "report.md"
    write_atomically(path, markdown(report).encode())
    return path


def markdown(report: Mapping[str, Any]) -> str:
    """Return the report as Markdown.

    Parameters
    ----------
    report
        The report.

    Returns
    -------
    str
        The text.
    """
    entries: Sequence[Entry] = report["statements"]
    sections = [*_head(report), *_table(report), *_refuted(report), *_hidden(entries), *_unneeded(entries)]
    sections += [*_neighbours(entries), *_survivors(entries), *_ours(entries), *_all(entries)]
    return "\n".join(sections).rstrip() + "\n"


def _head(report: Mapping[str, Any]) -> Iterator[str]:
    made, summary = report["provenance"], report["summary"]
    papers = sorted({entry["paper"] for entry in report["statements"]})
    yield f"# Report of quod on {', '.join(papers) or 'nothing'}\n"
    yield f"{summary_line(summary)}.\n"
    versions = ", ".join(f"{name} {version}" for name, version in made["versions"].items() if version)
    yield f"Profile `{made['profile']}`, seed {made['seed']}, {made['date']}, {versions}.\n"
    if summary["not_run"]:
        yield f"**The run was interrupted; not judged:** {', '.join(f'`{key}`' for key in summary['not_run'])}.\n"
    if summary["differing"]:
        news = ", ".join(f"`{key}`" for key in summary["differing"])
        yield f"**Verdicts that differ from the recorded ones (or, with none recorded, from `holds`):** {news}.\n"


def _table(report: Mapping[str, Any]) -> Iterator[str]:
    yield "| statement | verdict | best evidence | tightest slack | teeth |"
    yield "|---|---|---|---|---|"
    for entry in report["statements"]:
        row = (f"`{entry['id']}`", f"**{entry['verdict']}**", best_of(entry), slack_of(entry), teeth_of(entry))
        yield f"| {' | '.join(row)} |"
    yield ""
    yield "Evidence, from strongest to weakest: *proved* for all parameters of a stated set; *certified* with rigorous"
    yield "enclosures at the instances listed; *sampled*: an adversarial search found no violation; *measured* within a stated"
    yield "confidence interval. The slack is the larger side over the smaller; 1 is tight.\n"


def _refuted(report: Mapping[str, Any]) -> Iterator[str]:
    refuted = [entry for entry in report["statements"] if entry["verdict"] == "refuted"]
    if not refuted:
        return
    yield "## Refuted as printed\n"
    for entry in refuted:
        yield f"### {entry['id']}: {entry['title']}\n"
        yield f"{entry['source']}. {entry['says']}\n"
        if entry["formula"]:
            yield f"$${entry['formula']}$$\n"
        yield from _counterexample(entry, report["provenance"]["source"])
        yield from _erratum(entry)


def _counterexample(entry: Entry, source: str | None) -> Iterator[str]:
    found = entry["counterexample"]
    if found is None:
        yield f"{entry['reason'] or 'No counterexample was kept'}\n"
        return
    yield "**Counterexample.** Every printed hypothesis holds and the conclusion fails at\n"
    yield f"    {data_of(found['data'])}\n"
    yield f"where the claim is left {found['relation']} right, and rigorous enclosures ({found['bits']} bits) give\n"
    yield f"    left   {found['left']}\n    right  {found['right']}\n"
    file = ["--file", source] if source else []
    yield f"To see it: `{shlex.join(['quod', 'check', entry['id'], *file, '--at', data_of(found['data'])])}`\n"


def _erratum(entry: Entry) -> Iterator[str]:
    erratum = entry["erratum"]
    if erratum is None:
        return
    yield f"**What is wrong.** {erratum['wrong']}\n"
    if erratum["line"]:
        yield f"**Where.** {erratum['line']}\n"
    if erratum["repaired"]:
        verdict = erratum.get("repaired_verdict") or "not judged in this run"
        yield f"**Repaired statement.** `{erratum['repaired']}`: {verdict}.\n"
    affects = erratum.get("affects") or []
    if affects:
        yield "**What rests on it.**\n"
        survives = {True: "survives", False: "does not survive", None: "open"}
        for item in affects:
            yield f"- `{item['id']}` {survives[item['survives']]}: {item['how']}."
        yield ""
    else:
        yield "**What rests on it.** No other statement here.\n"


def _hidden(entries: Sequence[Entry]) -> Iterator[str]:
    lines = [
        f"- `{entry['id']}`: {item['says']}. Where: {item['where']}. Finding: {item['finding']}."
        for entry in entries
        for item in hidden_of(entry)
    ]
    yield from _section("Hidden hypotheses", "Used by the printed proof, absent from the printed statement.", lines)


def _unneeded(entries: Sequence[Entry]) -> Iterator[str]:
    lines = [f"- `{entry['id']}`, {finding}" for entry in entries for finding in findings_of(entry)]
    yield from _section("Hypotheses that seem not to be needed", "The claim survived without them.", lines)


def _neighbours(entries: Sequence[Entry]) -> Iterator[str]:
    lines = [f"- `{entry['id']}`, {finding}" for entry in entries for finding in neighbours_of(entry)]
    yield from _section("Neighbours that were not refuted and may be true", "Derived from the statement's own data.", lines)


def _survivors(entries: Sequence[Entry]) -> Iterator[str]:
    lines = [f"- `{entry['id']}`: {name}" for entry in entries for name in survivors_of(entry)]
    intro = "False neighbours that the check did not reject: read the verdicts of these statements with that in mind."
    yield from _section("Surviving mutants", intro, lines)


def _ours(entries: Sequence[Entry]) -> Iterator[str]:
    lines = [f"- `{entry['id']}` ({entry['verdict']}, {best_of(entry)}): {entry['says']}" for entry in entries if entry["ours"]]
    yield from _section("Statements of ours", "Repairs of refuted statements, and sharper versions of true ones.", lines)


def _section(title: str, intro: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"## {title}\n\n{intro}\n"
        yield from lines
        yield ""


def _all(entries: Sequence[Entry]) -> Iterator[str]:
    yield "## Every statement\n"
    broken = {item["id"]: entry["id"] for entry in entries for item in (entry["erratum"] or {}).get("affects") or []}
    for entry in entries:
        yield f"### {entry['id']}\n"
        ours = ", ours" if entry["ours"] else ""
        yield f"*{entry['title']}* ({entry['source']}{ours}). {entry['says']}\n"
        if entry["formula"]:
            yield f"$${entry['formula']}$$\n"
        reason = f": {entry['reason']}" if entry["reason"] else ""
        yield f"**{entry['verdict']}**{reason}\n"
        if entry["id"] in broken:
            yield f"Its printed proof rests on `{broken[entry['id']]}`, which is refuted.\n"
        yield from details(entry)
        yield ""


def details(entry: Entry) -> Iterator[str]:
    """Yield the lines of a list: evidence, tightness, hypotheses, teeth and calibrations of one statement.

    Parameters
    ----------
    entry
        The statement's entry of the report.

    Yields
    ------
    str
        One line of Markdown.
    """
    for item in entry["evidence"]:
        yield f"- {item['kind']}: {item['summary']}"
    tight = entry["tightness"]
    if tight:
        spread = " / ".join(number(value) for value in tight["quantiles"])
        note = f" {tight['note']}" if tight["note"] else ""
        yield f"- slack (least, quartiles, largest) over {tight['count']} instances: {spread}.{note}"
        if tight["extreme"] is not None:
            yield f"- tightest at `{data_of(tight['extreme'])}`"
    known = entry["hypotheses"]
    if known.get("drawn"):
        yield f"- hypotheses met by {known['satisfied']} of {known['drawn']} instances drawn"
    yield from (f"- mutant {tooth_line(tooth)}" for tooth in entry["teeth"])
    for item in entry["calibrations"]:
        outcome = "passed" if item["passed"] else "FAILED"
        yield f"- instrument {item['instrument']} ({item['regime']}): {outcome}, {item['summary']}"
