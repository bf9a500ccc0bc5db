"""Progress of a run on standard error: a bar on a terminal, one line a statement elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from verification.ledger import Step


class Display:
    """Shows each finished statement.

    Parameters
    ----------
    total
        Number of statements.
    """

    def __init__(self, total: int) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("judging", total=total, left="")

    def __enter__(self) -> Self:
        """Start the bar.

        Returns
        -------
        Self
            The display, which is called with every step.
        """
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Take the bar away."""
        self._bar.stop()

    def __call__(self, step: Step) -> None:
        """Show that a statement is finished.

        Parameters
        ----------
        step
            Which, and how far the run is.
        """
        left = "" if step.seconds_left is None or step.done == step.total else f"about {span(step.seconds_left)} left"
        self._bar.update(self._task, completed=step.done, description=step.judgement.id, left=left)
        if not self._console.is_terminal:
            sys.stderr.write(f"{_line(step)}{', ' + left if left else ''}\n")
            sys.stderr.flush()

    def studied(self, done: int, total: int) -> None:
        """Show how many runs of studies are finished.

        Parameters
        ----------
        done, total
            How many, of how many.
        """
        self._bar.update(self._task, description=f"runs of studies {done}/{total}")
        if not self._console.is_terminal:
            sys.stderr.write(f"[run {done}/{total} of studies]\n")
            sys.stderr.flush()


def _line(step: Step) -> str:
    judgement = step.judgement
    took = "from an earlier run" if step.stored else f"{judgement.seconds:.1f} s"
    return f"[{step.done}/{step.total}] {judgement.id} {judgement.verdict.value} ({judgement.best_evidence}, {took})"


def span(seconds: float) -> str:
    """Return a duration in seconds, minutes or hours, for people."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
