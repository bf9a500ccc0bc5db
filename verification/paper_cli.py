"""The commands for a paper of one's own: ``quod new``, ``quod diff`` and ``quod errata``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Option("--folder", help="Where the file goes.", file_okay=False)]
Report = Annotated[Path, typer.Argument(help="A report.json of quod verify, or its folder.", show_default=False)]
Selectors = Annotated[list[str] | None, typer.Argument(help="Papers, ids or globs, and at most one file of your own.")]


def new_command(
    name: Annotated[str, typer.Argument(help="Name of the paper, such as my-paper.")], folder: Folder = Path()
) -> None:
    """Write a commented file of statements to start from."""
    from verification.skeleton import write_skeleton

    path = write_skeleton(name, folder)
    typer.echo(f"{path}: a lemma to replace by yours; 'quod verify {path}' judges it")


def diff_command(
    old: Report,
    new: Report,
    factor: Annotated[float, typer.Option(help="Slack may grow by this much before it is a regression.")] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell what changed between two runs; the status is 1 where something got worse."""
    from verification.comparing import compare_reports, status_of
    from verification.comparing_files import diff_text
    from verification.outcome import plain
    from verification.reading import read_report

    first, second = read_report(old), read_report(new)
    changes = compare_reports(first, second, factor)
    status = status_of(changes)
    typer.echo(
        json.dumps({"changes": plain(changes), "exit_status": status}, indent=2, ensure_ascii=False)
        if as_json
        else diff_text(changes, first, second)
    )
    raise typer.Exit(status)


def errata_command(
    selectors: Selectors = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the last reports, and of the sheets.", file_okay=False)] = Path(
        "quod-report"
    ),
) -> None:
    """Write a sheet for the authors: what is wrong, counterexample, plain Python that confirms it, repair, what survives."""
    from verification.errata import corrections
    from verification.errata_known import Knowledge
    from verification.errata_sheet import write_sheet
    from verification.finishing import writable
    from verification.reading import last_report
    from verification.records import recorded_verdicts
    from verification.selection import load, select, split

    source, names = split(selectors or [])
    writable(out)
    statements, report = load(source), last_report(out, source)
    known = Knowledge(statements=statements, report=report, recorded=recorded_verdicts(source))
    chosen = select(statements, names)
    found = corrections(chosen, known)
    against = known.contradicting(chosen)
    papers = sorted({entry.statement.paper for entry in found} | {fate.statement.paper for fate in against})
    if not papers:
        typer.echo("nothing to correct: no statement chosen is refuted" + "; 'quod verify' gathers evidence" * (not report))
        return
    basis = "Evidence is that of the last report of quod." if report else "Verdicts are those on record."
    status = 0
    for paper in papers:
        mine = [entry for entry in found if entry.statement.paper == paper]
        excluded = [fate for fate in against if fate.statement.paper == paper]
        files = write_sheet(paper, mine, known.named(paper), basis, out, source, excluded)
        missing = sum(entry.lines is None for entry in mine)
        lines = f", {missing} without lines of Python" * bool(missing)
        count = len(mine) + len(excluded)
        typer.echo(f"{paper}: {count} correction{'s' * (count != 1)}{lines}; {', '.join(map(str, files))}")
        for entry in mine:
            if entry.problem is not None:
                typer.echo(f"quod: {entry.statement.id}: {entry.problem}", err=True)
                status = 3
    raise typer.Exit(status)
