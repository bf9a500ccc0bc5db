"""The few phrases that the text report, the table and ``quod show`` have in common."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

Entry = Mapping[str, Any]


def teeth_of(entry: Entry) -> str:
    """Return how many mutants were refuted, of how many: ``4/5``, or a dash. Findings are no failures and do not count."""
    teeth = [tooth for tooth in entry["teeth"] if tooth["finding"] is None]
    return f"{sum(tooth['refuted'] for tooth in teeth)}/{len(teeth)}" if teeth else "-"


def slack_of(entry: Entry) -> str:
    """Return the tightest slack factor measured, or a dash."""
    tight = entry["tightness"]
    smallest = tight["quantiles"][0] if tight and tight["quantiles"] else None
    return "-" if smallest is None else number(smallest)


def number(value: float | None) -> str:
    """Return a number for a table: seven digits near 1, so that 1.00001 does not read as 1."""
    if value is None:
        return "not finite"
    return f"{value:.7g}" if 0.5 < value < 2 else f"{value:.3g}"


def best_of(entry: Entry) -> str:
    """Return the strongest kind of evidence; evidence is listed strongest first."""
    return str(entry["evidence"][0]["kind"]) if entry["evidence"] else "-"


def survivors_of(entry: Entry) -> list[str]:
    """Return the names of the false neighbours that the check failed to reject."""
    return [tooth["name"] for tooth in entry["teeth"] if not tooth["refuted"] and tooth["finding"] is None]


def findings_of(entry: Entry) -> list[str]:
    """Return what was found about dropped hypotheses."""
    return [f"{tooth['name']}: {tooth['finding']}" for tooth in entry["teeth"] if tooth["finding"] and drops(tooth["name"])]


def neighbours_of(entry: Entry) -> list[str]:
    """Return what was found about other neighbours that may be true and were not refuted."""
    return [f"{tooth['name']}: {tooth['finding']}" for tooth in entry["teeth"] if tooth["finding"] and not drops(tooth["name"])]


def drops(mutant: str) -> bool:
    """Return whether a mutant of this name drops a hypothesis."""
    return mutant.startswith("without: ")


def hidden_of(entry: Entry) -> Sequence[Entry]:
    """Return the hypotheses that the printed proof uses and the printed statement omits."""
    return entry["hypotheses"].get("hidden") or []


def in_order(identifier: str) -> list[tuple[int, str]]:
    """Return what sorts ids as a paper has them: ``lemma-5`` before ``lemma-12``."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", identifier)]


def data_of(data: Entry) -> str:
    """Return the exact data of an instance as one line that ``quod check --at`` reads."""
    return json.dumps(data)


def tooth_line(tooth: Entry) -> str:
    """Return one line on the fate of a mutant, with what was measured in its place."""
    # A report may lack this field.
    measured = f"; measured: {tooth['measured']}" if tooth.get("measured") else ""
    if tooth["refuted"]:
        found = tooth["counterexample"]
        return f"{tooth['name']}: refuted" + (f" at {data_of(found['data'])}" if found else "") + measured
    if tooth["finding"] is not None:
        return f"{tooth['name']}: {tooth['finding']}{measured}"
    return f"{tooth['name']}: SURVIVES. The check did not reject this false neighbour{measured}"


def summary_line(summary: Entry) -> str:
    """Return the whole run in one line."""
    verdicts = ", ".join(f"{count} {name}" for name, count in summary["verdicts"].items() if count)
    parts = [f"{summary['statements']} statement{'s' * (summary['statements'] != 1)}: {verdicts or 'none judged'}"]
    parts.append(f"teeth {summary['teeth']['refuted']}/{summary['teeth']['of']}")
    if survivors := len(summary["surviving_mutants"]):
        parts.append(f"{survivors} SURVIVING MUTANT{'S' * (survivors != 1)}")
    if summary["not_run"]:
        parts.append(f"{len(summary['not_run'])} not run")
    return "; ".join(parts)
