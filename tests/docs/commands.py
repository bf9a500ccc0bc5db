"""The commands of a page, and whether what it shows is what they print."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
PROGRAMS = ("quod ", "pytest ", "make ", "pip ", "python ")
PROGRESS = re.compile(r"\[\d+/\d+\] ")
SECONDS = re.compile(r"\b\d+\.\d s\b")


@dataclass(frozen=True)
class Command:
    """A command with the output that the page shows below it; ``None`` where it shows none."""

    line: str
    shown: tuple[str, ...] | None


def commands_of(text: str) -> Iterator[Command]:
    """Find the commands of a page: behind a dollar, or at the start of a line of a block in no language."""
    for language, body in FENCE.findall(text):
        if language in {"", "console"} and "$ " in body:
            yield from _session(body)
        elif language in {"", "console"}:
            lines = (re.split(r"\s{2,}", line)[0] for line in body.splitlines() if line.startswith(PROGRAMS))
            yield from (Command(line, None) for line in lines)


def _session(body: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        line, *rest = part.splitlines()
        while rest and rest[0].startswith("> "):
            line += "\n" + rest.pop(0)[2:]
        yield Command(line, tuple(rest))


def plain(lines: Sequence[str]) -> list[str]:
    """Drop what is not the same twice: progress, seconds, the width of tables."""
    kept = [" ".join(SECONDS.sub("T s", line).split()) for line in lines if not PROGRESS.match(line)]
    return [line for line in kept if line.strip("─ ")]


def disagreement(shown: Sequence[str], printed: Sequence[str]) -> str | None:
    """Say where the output shown is not that printed; a line of three dots stands for any lines."""
    wanted, found, loose = plain(shown), plain(printed), False
    for line in wanted:
        if line == "...":
            loose = True
            continue
        while loose and found and found[0] != line:
            found.pop(0)
        if not found or found[0] != line:
            return f"shown {line!r}, printed {found[0] if found else 'no more'!r}"
        found.pop(0)
        loose = False
    return f"not shown: {found[0]!r}" if found and not loose else None
