"""The text of ``quod diff``: what changed between two reports."""

from __future__ import annotations

from collections.abc import Sequence

from verification.comparing import Change, Report, Weight


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
    regressions, news, failed = (
        sum(change.weight is weight for change in changes) for weight in (Weight.REGRESSION, Weight.NEWS, Weight.FAILED)
    )
    counts = [f"{regressions} regression{'s' * (regressions != 1)}", f"{news} news"]
    counts += [f"{failed} could not run"] * bool(failed)
    judged = f"{len(old['statements'])} statements, then {len(new['statements'])}"
    return "\n".join([*lines, f"{judged}: {', '.join(counts)}" if changes else f"{judged}: nothing changed"])


def _line(change: Change) -> str:
    return change.says if change.what in {"statement", "run"} else f"{change.what} {change.says}"
