"""The verdicts on record, by profile, which ``quod verify --record`` alone changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from verification.cache import write_atomically
from verification.outcome import Judgement, Verdict

SCHEMA = "quod-report/1"
FOLDER = Path(__file__).resolve().parent / "recorded"
BASE = "quick"
"""The profile whose verdicts are on record in full."""


def recorded_verdicts(source: str | None, profile: str = BASE, folder: Path | None = None) -> dict[str, str]:
    """Return the verdicts on record, id to verdict; a user's file has none.

    Parameters
    ----------
    source
        Path of a user's file, or ``None`` for the papers.
    profile
        The profile of the run. What is not on record for it is expected as in the quick one.
    folder
        Where the records are; the program's own folder when not given.

    Returns
    -------
    dict
        Id to verdict, sorted by id.
    """
    if source is not None:
        return {}
    folder = folder or FOLDER
    found = _read(folder) if profile == BASE else _read(folder) | _read(folder / profile)
    return dict(sorted(found.items()))


def _read(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.json")):
        found |= json.loads(path.read_text(encoding="utf-8"))
    return found


def record(
    judgements: Iterable[Judgement], known: Iterable[str], profile: str = BASE, folder: Path | None = None
) -> list[Path]:
    """Put verdicts on record; what could not run is not recorded, and ids that no longer exist are dropped.

    Parameters
    ----------
    judgements
        The judgements of the papers' statements.
    known
        Every id that exists.
    profile
        The profile of the run. The quick one is the base; of another only what differs from it is kept, in a folder of its own.
    folder
        Where the records are; the program's own folder when not given.

    Returns
    -------
    list of Path
        The files written.
    """
    home = folder or FOLDER
    existing = set(known)
    base = {} if profile == BASE else _read(home)
    kept = {key: verdict for key, verdict in recorded_verdicts(None, profile, home).items() if key in existing}
    kept |= {entry.id: entry.verdict.value for entry in judgements if entry.verdict is not Verdict.ERROR}
    place = home if profile == BASE else home / profile
    papers: dict[str, dict[str, str]] = {path.stem: {} for path in place.glob("*.json")}
    for key, verdict in sorted(kept.items()):
        if base.get(key) != verdict:
            papers.setdefault(key.split(".", 1)[0], {})[key] = verdict
    return [_write(place / f"{paper}.json", verdicts) for paper, verdicts in sorted(papers.items())]


def _write(path: Path, verdicts: Mapping[str, str]) -> Path:
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, (json.dumps(verdicts, indent=2) + "\n").encode())
    return path


def differs(verdict: Verdict, expected: str | None) -> bool:
    """Return whether a verdict is news: not the recorded one, or, with none on record, anything but ``holds``."""
    return verdict.value != (expected or Verdict.HOLDS.value)
