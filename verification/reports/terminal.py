"""The table on the terminal, and the lines that nobody should miss below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from verification.reports.words import (
    Entry,
    best_of,
    data_of,
    findings_of,
    hidden_of,
    neighbours_of,
    slack_of,
    summary_line,
    survivors_of,
    teeth_of,
)

COLOURS = {"holds": "green", "refuted": "bold red", "vacuous": "yellow", "undecided": "yellow", "error": "bold magenta"}
WIDTH = 120
"""Columns where standard output is no terminal, at least."""
OTHERS = 48
"""Columns that a table needs beside the ids."""


def console() -> Console:
    """Return the console of standard output; what is not a terminal gets wide lines."""
    plain = Console(highlight=False)
    return plain if plain.is_terminal else Console(highlight=False, width=max(WIDTH, plain.width))


def show(report: Mapping[str, Any], files: Sequence[Path], target: Console) -> None:
    """Print the table of a run and what follows from it.

    Parameters
    ----------
    report
        The report.
    files
        The reports written.
    target
        Where to print.
    """
    entries: Sequence[Entry] = report["statements"]
    target.print(_table(entries, differing=report["summary"]["differing"], width=target.width))
    for line in _lines(entries):
        target.print(line, soft_wrap=True)
    target.print(f"{summary_line(report['summary'])}; {report['timing']['seconds']:.1f} s", soft_wrap=True)
    if files:
        target.print(f"reports: {', '.join(str(path) for path in files)}", soft_wrap=True)


def _table(entries: Sequence[Entry], differing: Sequence[str], width: int) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    longest = max([len(entry["id"]) for entry in entries], default=0)
    # A narrow terminal folds an id before it cuts a verdict.
    room = max(24, width - OTHERS)
    table.add_column("statement", overflow="fold", min_width=min(longest, room), max_width=room)
    for name in ("verdict", "evidence"):
        table.add_column(name, no_wrap=True)
    for name in ("slack", "teeth", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    for entry in entries:
        mark = " !" if entry["id"] in differing else ""
        verdict = Text(entry["verdict"] + mark, style=COLOURS[entry["verdict"]])
        teeth = Text(teeth_of(entry), style="bold red" if survivors_of(entry) else "")
        seconds = f"{entry['timing']['seconds']:.1f} s"
        table.add_row(Text(entry["id"]), verdict, best_of(entry), slack_of(entry), teeth, seconds)
    return table


def _lines(entries: Sequence[Entry]) -> Iterator[Text]:
    for entry in entries:
        for label, text in _remarks(entry):
            yield Text.assemble((label, COLOURS.get(label, "bold")), f" {entry['id']}: {text}")


def _remarks(entry: Entry) -> Iterator[tuple[str, str]]:
    if entry["verdict"] == "refuted":
        yield "refuted", _refutation(entry)
    elif entry["verdict"] != "holds":
        yield entry["verdict"], entry["reason"] or "no reason given"
    expected = entry["expected_verdict"]
    if expected is not None and entry["verdict"] not in {expected, "error"}:
        yield "CHANGED", f"{entry['verdict']}, recorded {expected}"
    yield from (("hidden hypothesis", f"{item['says']} ({item['where']}) {item['finding']}") for item in hidden_of(entry))
    yield from (("hypothesis not needed?", finding) for finding in findings_of(entry))
    yield from (("neighbour not refuted", finding) for finding in neighbours_of(entry))
    for name in survivors_of(entry):
        yield "SURVIVING MUTANT", f"{name}; the check did not reject this false neighbour"
    for item in entry["calibrations"]:
        if not item["passed"]:
            yield "CALIBRATION FAILED", f"{item['instrument']} ({item['regime']}): {item['summary']}"


def _refutation(entry: Entry) -> str:
    found, erratum = entry["counterexample"], entry["erratum"]
    text = f"at {data_of(found['data'])} left is {found['left']}, right is {found['right']}" if found else entry["reason"]
    if not erratum:
        return str(text)
    if erratum["repaired"]:
        text += f"; repaired: {erratum['repaired']} ({erratum.get('repaired_verdict') or 'not judged'})"
    lost = [item["id"] for item in erratum.get("affects") or [] if item["survives"] is False]
    return text + (f"; with it falls: {', '.join(lost)}" if lost else "")
