"""The errata sheet as Markdown, from which its page is drawn."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from verification.cache import write_atomically
from verification.errata import Correction
from verification.errata_page import page_of
from verification.reports.words import data_of

SURVIVES = {True: "stands", False: "refuted too", None: "open"}
STEPS = {True: "that stand", False: "refuted too", None: "left open"}


def write_sheet(paper: str, found: Sequence[Correction], basis: str, out: Path, source: str | None) -> list[Path]:
    """Write ``errata-PAPER.md``, with formulas in LaTeX, and ``errata-PAPER.html``, which loads nothing from elsewhere.

    Parameters
    ----------
    paper
        Key of the paper.
    found
        Its corrections, at least one.
    basis
        Where the verdicts come from, in words.
    out
        The folder.
    source
        Path of the user's file, or ``None`` for the papers.

    Returns
    -------
    list of Path
        The files.
    """
    text = sheet(paper, found, basis, source)
    page = page_of(f"Errata of {paper}", text)
    files = {out / f"errata-{paper}.md": text, out / f"errata-{paper}.html": page}
    for path, content in files.items():
        write_atomically(path, content.encode())
    return list(files)


def sheet(paper: str, found: Sequence[Correction], basis: str, source: str | None = None) -> str:
    """Return the sheet as Markdown.

    Parameters
    ----------
    paper
        Key of the paper.
    found
        Its corrections, results before steps of proofs.
    basis
        Where the verdicts come from, in words.
    source
        Path of the user's file, or ``None`` for the papers.

    Returns
    -------
    str
        The text.
    """
    results = [entry for entry in found if not entry.is_step]
    steps = [entry for entry in found if entry.is_step]
    lines = [*_head(paper, results, steps, basis), *_summary(found)]
    for title, entries in (("Results and displayed formulas", results), ("Steps of proofs", steps)):
        if entries:
            lines += [f"## {title}\n"]
            lines += [line for entry in entries for line in _one(entry, source)]
    return "\n".join(lines).rstrip() + "\n"


def _head(paper: str, results: Sequence[Correction], steps: Sequence[Correction], basis: str) -> Iterator[str]:
    yield f"# Errata of {paper}\n"
    cited = (results or steps)[0].statement.source
    yield f"About: {cited.split(', arXiv')[0]}. Statements are numbered as there; the words are ours.\n"
    count = f"results and displayed formulas {len(results)}, steps of proofs {len(steps)}"
    yield f"Refuted as printed: {count}. {basis}\n"
    yield "Each counterexample satisfies every printed hypothesis, and both sides are enclosed rigorously, by interval"
    yield "arithmetic. The lines of Python under it need nothing of ours: the standard library, mpmath and numpy. They were"
    yield "run to make this sheet, and what they printed was compared with the enclosures.\n"


def _summary(found: Sequence[Correction]) -> Iterator[str]:
    yield "| statement | what is wrong | repaired | named results resting on it |"
    yield "|---|---|---|---|"
    for entry in found:
        named = [item for item in _others(entry) if _named(item)]
        fates = {word: sum(item["survives"] is key for item in named) for key, word in SURVIVES.items()}
        counts = ", ".join(f"{word}: {count}" for word, count in fates.items() if count) or "none"
        wrong = entry.wrong.replace("|", r"\|")
        yield f"| {_short(entry)} | {wrong} | {entry.repair[1] or '-'} | {counts} |"
    yield ""


def _short(entry: Correction) -> str:
    return f"`{entry.statement.id.split('.', 1)[1]}`"


def _others(entry: Correction) -> list[Mapping[str, Any]]:
    """Return what rests on a statement, without its repair."""
    return [item for item in entry.affects if entry.repaired is None or item["id"] != entry.repaired.id]


def _named(item: Mapping[str, Any]) -> bool:
    return ".step-" not in item["id"]


def _one(entry: Correction, source: str | None) -> Iterator[str]:
    statement = entry.statement
    yield f"### {statement.id.split('.', 1)[1]}: {statement.title}\n"
    yield f"*{statement.source}.* {statement.says}\n"
    if statement.formula:
        yield f"$${statement.formula}$$\n"
    yield f"**What is wrong.** {_sentence(entry.wrong)}\n"
    if entry.line:
        yield f"**Where.** {_sentence(entry.line)}\n"
    if entry.problem is not None:
        yield f"**NOT CONFIRMED, do not send:** {entry.problem}.\n"
    yield from _counterexample(entry, source)
    yield from _repair(entry)
    yield from _survives(entry)


def _sentence(text: str) -> str:
    # No capital: it may begin with a symbol.
    return text.rstrip(".") + "."


def _counterexample(entry: Correction, source: str | None) -> Iterator[str]:
    yield "**Counterexample.**\n"
    yield f"    {data_of(entry.data)}\n"
    yield f"Claimed is left {entry.relation} right; there\n"
    yield f"    left   {entry.left}\n    right  {entry.right}\n"
    if entry.lines is None:
        yield "No lines of Python that confirm it without quod have been written yet.\n"
    else:
        yield "Without quod:\n"
        yield f"```python\n{entry.lines.rstrip()}\n```\n"
        if entry.confirmation is not None and entry.confirmation.problem is None:
            printed = "\n    ".join(entry.confirmation.output.rstrip().splitlines())
            yield f"prints\n\n    {printed}\n\nand agrees with the enclosures to {entry.digits} digits.\n"
    file = ["--file", source] if source else []
    yield f"With it: `{shlex.join(['quod', 'check', entry.statement.id, *file, '--at', data_of(entry.data)])}`\n"


def _repair(entry: Correction) -> Iterator[str]:
    if entry.repaired is None:
        yield "**Repair.** None is known here.\n"
        return
    judged, verdict = entry.repair
    yield f"**Repair.** {entry.repaired.says}\n"
    if entry.repaired.formula:
        yield f"$${entry.repaired.formula}$$\n"
    yield f"`{entry.repaired.id}`: {verdict or 'not judged yet'}{'' if judged else ' (on record)' * bool(verdict)}.\n"
    for item in judged["evidence"] if judged else ():
        yield f"- {item['kind']}: {item['summary']}"
    if not judged and entry.repaired.proof is not None:
        yield f"- it has a proof for {entry.repaired.proof.set}"
    yield ""


def _survives(entry: Correction) -> Iterator[str]:
    others = _others(entry)
    if not others:
        yield "**What survives.** Nothing else here rests on it.\n"
        return
    yield "**What survives.** Of what rests on it:\n"
    for item in filter(_named, others):
        yield f"- `{item['id']}`: {item['how']}."
    steps = [item for item in others if not _named(item)]
    for key, words in STEPS.items():
        ids = [f"`{item['id'].split('.', 1)[1]}`" for item in steps if item["survives"] is key]
        if ids:
            yield f"- steps of proofs {words}: {', '.join(ids)}."
    yield ""
