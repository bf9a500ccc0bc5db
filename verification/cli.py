"""The command line. Each command imports what it needs, so that ``quod list`` answers at once.

Longer than most: one function a command, each mostly its options.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click
import typer

from theory.errors import InputError
from verification.atomic import reason
from verification.budget import PROFILES
from verification.finishing import merge_command
from verification.own_files import one_line
from verification.paper_cli import diff_command, errata_command, new_command
from verification.selection import load, one, select, split

if TYPE_CHECKING:
    from verification.executors import Executor
    from verification.runner import Run

app = typer.Typer(
    help="Checks the theorems of deep-learning-theory papers the way CI checks code.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}

Selectors = Annotated[list[str] | None, typer.Argument(help="Ids, prefixes or globs, and at most one file of your own.")]
Id = Annotated[str, typer.Argument(help="Id of one statement.")]
Out = Annotated[Path, typer.Option("--out", help="Folder of the reports.", file_okay=False)]
Source = Annotated[Path | None, typer.Option("--file", help="Take the statement from a file of your own.")]
REPORTS = Path("quod-report")
EXECUTORS = ("local", "dask")
SHORTEST, LONGEST = 0.01, 1e8
"""Seconds that a statement may be given; a timer of the system takes no more than some hundred years."""
MOST_MEMORY = 1 << 30
"""MiB that a statement may be given: limits of the system are 64-bit numbers of bytes."""


@app.command("list")
def list_command(
    selectors: Selectors = None,
    out: Out = REPORTS,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List statements, with their last verdict."""
    from verification.index import listed
    from verification.reading import last_report
    from verification.records import recorded_verdicts
    from verification.showing import rows, table

    source, names = split(selectors or [])
    found = rows(select(listed(source), names), last_report(out, source), recorded_verdicts(source))
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else table(found))


@app.command("show")
def show_command(identifier: Id, out: Out = REPORTS, file: Source = None) -> None:
    """Show one statement, or all parts of one: claim, hypotheses, constants, erratum, evidence."""
    from verification.reading import last_report
    from verification.records import recorded_verdicts
    from verification.showing import card

    source = _source(file)
    found, report, recorded = load(source), last_report(out, source), recorded_verdicts(source)
    # The number of a statement in parts shows the parts.
    parts = [key for key in found if key.startswith(f"{identifier}.")]
    for key in [identifier] if identifier in found or not parts else parts:
        typer.echo(card(one(found, key), report.get(key), recorded.get(key)))


@app.command("check")
def check_command(
    identifier: Id,
    at: Annotated[str, typer.Option("--at", help="Your numbers, a JSON object; decimals are read exactly.")],
    file: Source = None,
) -> None:
    """Check one statement at your own numbers: hypotheses, both sides, and the verdict of the balls."""
    from verification.checking import check

    lines, status = check(one(load(_source(file)), identifier), at)
    typer.echo("\n".join(lines))
    raise typer.Exit(status)


@app.command("verify")
def verify_command(
    selectors: Selectors = None,
    profile: Annotated[str, typer.Option(help=f"Budget: {', '.join(PROFILES)}.")] = "quick",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the searches.")] = 0,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; by default one a processor.")] = None,
    out: Out = REPORTS,
    record: Annotated[bool, typer.Option("--record", help="Put the verdicts on record.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Judge again what an earlier run finished.")] = False,
    cap: Annotated[float, typer.Option(help="Wall-clock limit of one statement in seconds.")] = 600.0,
    memory: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_MEMORY, metavar="MIB", help="Memory of one statement; by default that of the profile."),
    ] = None,
    shard: Annotated[
        str | None, typer.Option("--shard", metavar="I/N", help="Only part I of N; 'quod merge' joins them.")
    ] = None,
    executor: Annotated[str, typer.Option(help=f"Where to judge: {' or '.join(EXECUTORS)}.")] = "local",
    address: Annotated[str | None, typer.Option(help="The scheduler of --executor dask, such as tcp://host:8786.")] = None,
) -> None:
    """Gather evidence for statements, print the table, write the reports."""
    source, names = split(selectors or [])
    if not SHORTEST <= cap <= LONGEST:
        raise InputError(f"--cap takes {SHORTEST} to {LONGEST:.0f} seconds, not {cap}")
    if profile not in PROFILES:
        raise InputError(f"--profile takes {', '.join(PROFILES)}, not {profile!r}")
    if record and source:
        raise InputError(f"--record is for the papers' statements; nothing is on record for {source}")
    if executor not in EXECUTORS:
        raise InputError(f"--executor takes {' or '.join(EXECUTORS)}, not {executor!r}")
    if (executor == "dask") != (address is not None):
        raise InputError("--executor dask takes --address, and only it does: give both or neither")
    if record and shard:
        raise InputError("--record takes no --shard: a part is put on record when all parts are")
    from verification.sharding import Shard, part

    which = None if shard is None else Shard.parse(shard)
    statements = select(load(source), names)
    if which is not None:
        statements = part(statements, which, PROFILES[profile].study)

    from verification.finishing import finish, writable
    from verification.progress import Display
    from verification.runner import run

    writable(out)
    jobs = jobs or os.cpu_count() or 1
    with _engine(address, jobs) as engine, Display(len(statements)) as display:
        result = run(
            statements,
            source=source,
            profile=profile,
            seed=seed,
            jobs=jobs,
            out=out,
            progress=display,
            studied=display.studied,
            cap=cap,
            fresh=fresh,
            executor=engine,
            memory=memory,
            shard=None if which is None else str(which),
        )
    if record and not result.interrupted:
        result = _record(result)
    raise typer.Exit(finish(result, out, complain))


@contextmanager
def _engine(address: str | None, jobs: int) -> Generator[Executor, None, None]:
    """Give where units run: never in this process, in which a call that is stuck could not be ended."""
    if address is not None:
        from verification.dask_executor import Dask

        with Dask(address) as engine:
            yield engine
        return
    from verification.executors import Pool

    pool = Pool(jobs)
    try:
        yield pool
    finally:
        pool.stop()


def _record(result: Run) -> Run:
    from verification.records import record, recorded_verdicts

    record(result.judgements, load(None), result.profile)
    return replace(result, expected=recorded_verdicts(None, result.profile))


@app.command("measure", context_settings=PASS_ON, add_help_option=False)
def measure_command(context: typer.Context) -> None:
    """Measure the papers' quantities on a sample of your own."""
    from verification.measure_cli import app as measure

    raise typer.Exit(_invoked(measure, "quod measure", context.args))


@app.command("figure", context_settings=PASS_ON, add_help_option=False)
def figure_command(context: typer.Context) -> None:
    """Draw a figure or table of a paper again."""
    from figures.cli import app as figure

    raise typer.Exit(_invoked(figure, "quod figure", context.args))


app.command("new")(new_command)
app.command("diff")(diff_command)
app.command("errata")(errata_command)
app.command("merge")(merge_command)


def _source(file: Path | None) -> str | None:
    return None if file is None else str(file.resolve())


def _invoked(commands: typer.Typer, name: str, arguments: Sequence[str]) -> int:
    # Not by calling it, which gives an interrupt the status of a command and says nothing.
    command = typer.main.get_command(commands)
    try:
        with command.make_context(name, list(arguments)) as context:
            command.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    return 0


def complain(message: str) -> None:
    """Print one line on standard error."""
    typer.echo(f"quod: {' '.join(message.split())}", err=True)


def execute(arguments: Sequence[str]) -> int:
    """Run the command line and turn whatever goes wrong into one line and an exit status.

    Parameters
    ----------
    arguments
        The arguments, without the name of the program.

    Returns
    -------
    int
        0, 1, 2, 3 or 130.
    """
    try:
        status = _invoked(app, "quod", arguments or ["--help"])
        sys.stdout.flush()
        return status
    except (InputError, click.ClickException) as error:
        words = error.format_message() if isinstance(error, click.ClickException) else str(error)
        complain(words.replace(" (env var: 'None')", ""))
        return 2
    except KeyboardInterrupt:
        complain("interrupted; the same command resumes")
        return 130
    except Exception as error:
        if os.environ.get("QUOD_DEBUG"):
            raise
        told = reason(error) if isinstance(error, OSError) else f"{one_line(error)} (QUOD_DEBUG=1 shows where)"
        complain(f"could not run: {told}")
        return 3
