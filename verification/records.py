"""What earlier runs left: the verdicts on record, which ``quod verify --record`` alone changes, and the last report."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from verification.cache import write_atomically
from verification.outcome import Judgement, Verdict

SCHEMA = "quod-report/1"
FOLDER = Path(__file__).resolve().parent / "recorded"


def recorded_verdicts(source: str | None, folder: Path | None = None) -> dict[str, str]:
    """Return the verdicts on record, id to verdict; a user's file has none.

    Parameters
    ----------
    source
        Path of a user's file, or ``None`` for the papers.
    folder
        Where the records are; the program's own folder when not given.

    Returns
    -------
    dict
        Id to verdict, sorted by id.
    """
    if source is not None:
        return {}
    found: dict[str, str] = {}
    for path in sorted((folder or FOLDER).glob("*.json")):
        found |= json.loads(path.read_text(encoding="utf-8"))
    return dict(sorted(found.items()))


def record(judgements: Iterable[Judgement], known: Iterable[str], folder: Path | None = None) -> list[Path]:
    """Put verdicts on record; what could not run is not recorded, and ids that no longer exist are dropped.

    Parameters
    ----------
    judgements
        The judgements of the papers' statements.
    known
        Every id that exists.
    folder
        Where the records are; the program's own folder when not given.

    Returns
    -------
    list of Path
        The files written.
    """
    folder = folder or FOLDER
    kept = {key: verdict for key, verdict in recorded_verdicts(None, folder).items() if key in set(known)}
    kept |= {entry.id: entry.verdict.value for entry in judgements if entry.verdict is not Verdict.ERROR}
    papers: dict[str, dict[str, str]] = {path.stem: {} for path in folder.glob("*.json")}
    for key, verdict in sorted(kept.items()):
        papers.setdefault(key.split(".", 1)[0], {})[key] = verdict
    return [_write(folder / f"{paper}.json", verdicts) for paper, verdicts in sorted(papers.items())]


def _write(path: Path, verdicts: Mapping[str, str]) -> Path:
    write_atomically(path, (json.dumps(verdicts, indent=2) + "\n").encode())
    return path


def differs(verdict: Verdict, expected: str | None) -> bool:
    """Return whether a verdict is news: not the recorded one, or, with none on record, anything but ``holds``."""
    return verdict.value != (expected or Verdict.HOLDS.value)


def last_report(out: Path) -> dict[str, dict[str, Any]]:
    """Return the entries of the last report in a folder, by id; nothing if there is none that can be read.

    Parameters
    ----------
    out
        The folder.

    Returns
    -------
    dict
        Id to the statement's entry.
    """
    try:
        report = json.loads((out / "report.json").read_bytes())
        return {entry["id"]: entry for entry in report["statements"]} if report["schema"] == SCHEMA else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
