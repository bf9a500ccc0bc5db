"""The end of a run: the reports, the table, and what went wrong beside the verdicts; and ``quod merge``."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Any

import typer

from theory.errors import InputError
from verification.atomic import reason

if TYPE_CHECKING:
    from verification.runner import Run

Writer = Callable[[Mapping[str, Any], Path], Path]


def finish(result: Run, out: Path, complain: Callable[[str], None], resume: str = "the same command resumes from there") -> int:
    """Write the reports and print the table; what cannot be written costs neither the table nor the other reports.

    Parameters
    ----------
    result
        The run.
    out
        Folder of the reports.
    complain
        Prints one line on standard error.
    resume
        What to do about an interrupted run.

    Returns
    -------
    int
        The exit status.
    """
    from verification.reports.data import report_of, write_report
    from verification.reports.html import write_html
    from verification.reports.junit import write_junit
    from verification.reports.markdown import write_markdown
    from verification.reports.terminal import console, show

    report = report_of(result)
    files, troubles = [], [result.trouble] if result.trouble else []
    writers: tuple[Writer, ...] = (write_report, write_junit, write_markdown, write_html)
    # A run that was stopped before it judged anything says less than the report that may be there.
    for write in () if result.interrupted and not result.judgements else writers:
        try:
            files.append(write(report, out))
        except OSError as error:
            troubles.append(f"could not write {reason(error)}")
    show(report, files, console())
    if result.interrupted and not result.trouble:
        done, total = len(result.judgements), len(result.judgements) + len(result.not_run)
        complain(f"interrupted after {done} of {total} statements; {resume}")
    if troubles:
        complain("; ".join(troubles))
        return 3
    return result.status


def writable(out: Path) -> None:
    """Refuse a folder that cannot be written, before any work is done.

    Parameters
    ----------
    out
        The folder; it is made, with its ``.cache``.

    Raises
    ------
    InputError
        If it cannot be made or written; the line names it and the reason.
    """
    for folder in (out, out / ".cache"):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Permissions do not tell: a file system may be read-only or full, and root passes every check of them.
            with TemporaryFile(dir=folder) as probe:
                probe.write(b"probe")
        except OSError as error:
            if error.errno == errno.ENOSPC and _kept(folder):
                continue
            words = (error.strerror or "cannot be written").lower()
            if isinstance(error, FileExistsError):
                words = "a link that leads nowhere" if folder.is_symlink() else "a file"
            raise InputError(f"--out {folder}: {words}") from None


def _kept(folder: Path) -> bool:
    """Return whether there is something from an earlier run, which a full disk does not keep from being read."""
    with suppress(OSError), os.scandir(folder) as entries:
        return any(True for _ in entries)
    return False


def merge_command(
    reports: Annotated[list[Path], typer.Argument(help="Reports of the parts: report.json files, or their folders.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the reports.", file_okay=False)] = Path("quod-report"),
) -> None:
    """Put reports of parts (quod verify --shard) together into the report of the whole."""
    from verification.cli import complain
    from verification.merging import merge

    result = merge(reports)
    writable(out)
    raise typer.Exit(finish(result, out, complain, "run the interrupted parts again, then merge"))
