"""One correction of the errata sheet as Markdown, and the lines of Python that confirm it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from theory.statement import Statement
from verification.errata import Correction
from verification.errata_known import Fate
from verification.reports.words import data_of

SOURCE = re.compile(r"^(?P<work>.*?arXiv [^\s,]+), (?P<place>.*)$")
"""A source: the work with its version, then the place in it."""


def place_of(statement: Statement) -> str:
    """Return where in its paper a statement stands: ``Theorem 4, page 8``; its id where the source does not say."""
    match = SOURCE.match(statement.source)
    return match["place"] if match else _code(statement.id)


def _code(identifier: str) -> str:
    return f"`{identifier.split('.', 1)[1]}`"


def state_of(fate: Fate) -> str:
    """Return what is known of a statement in a word or two: ``proved``, ``holds, sampled``, ``refuted``."""
    if fate.verdict == "holds":
        return "proved" if fate.evidence == "proved" else f"holds{f', {fate.evidence}' * bool(fate.evidence)}"
    return fate.verdict or "not judged yet"


def entry_of(number: int, entry: Correction) -> Iterator[str]:
    """Write one correction: the statement, what is wrong with it, the counterexample, the repair, and what survives.

    Parameters
    ----------
    number
        Its number on the sheet.
    entry
        The correction.

    Yields
    ------
    str
        Paragraphs.
    """
    statement = entry.statement
    yield f"### {number}. {place_of(statement)}: {statement.title}\n"
    yield f"{statement.says}\n"
    if statement.formula:
        yield f"$${statement.formula}$$\n"
    yield f"**What is wrong:** {_sentence(entry.wrong)}\n"
    if entry.line:
        yield f"**Where:** {_sentence(entry.line)}\n"
    if entry.problem is not None:
        yield f"**NOT CONFIRMED, do not send:** {entry.problem}.\n"
    yield f"**Counterexample:** left {entry.relation} right is claimed; there\n"
    yield f"    {data_of(entry.data)}\n    left   {entry.left}\n    right  {entry.right}\n"
    yield from _repair(entry)
    yield from _survives(entry)


def _sentence(text: str) -> str:
    # No capital: it may begin with a symbol.
    return text.rstrip(".") + "."


def _repair(entry: Correction) -> Iterator[str]:
    if entry.repair is None:
        yield "**Repair:** none is known here.\n"
        return
    repaired = entry.repair.statement
    proof = f" for {repaired.proof.set}" if repaired.proof is not None and entry.repair.evidence == "proved" else ""
    yield f"**Repair** (`{repaired.id}`: {state_of(entry.repair)}{proof}). {repaired.says}\n"
    if repaired.formula:
        yield f"$${repaired.formula}$$\n"


def _survives(entry: Correction) -> Iterator[str]:
    named = [fate for fate in entry.rests if not fate.statement.is_step]
    steps = [fate for fate in entry.rests if fate.statement.is_step]
    if entry.whole:
        told = ", ".join(f"{_code(fate.statement.id)} {state_of(fate)}" for fate in entry.whole)
        yield f"**The result itself:** {told}.\n"
    if not named and not steps:
        yield "**What survives:** nothing else here rests on it.\n"
        return
    yield "**What rests on it:**\n"
    for fate in named:
        yield f"- {place_of(fate.statement)} ({fate.statement.title}): {_fate(fate)}"
    for words, verdict in (("that stand", "holds"), ("refuted too", "refuted")):
        ids = [_code(fate.statement.id) for fate in steps if fate.verdict == verdict]
        if ids:
            yield f"- steps of proofs {words}: {', '.join(ids)}"
    yield ""


def _fate(fate: Fate) -> str:
    through = f" (through {', '.join(map(_code, fate.through))})" if fate.through else ""
    if fate.verdict == "holds":
        return f"stands, {fate.evidence or 'by evidence of its own'}; its printed proof needs the repair{through}"
    return f"{'is refuted as well' if fate.verdict == 'refuted' else state_of(fate)}{through}"


def confirmed(number: int, entry: Correction, source: str | None) -> Iterator[str]:
    """Write the lines of Python that confirm a counterexample, what they printed, and the same with this program.

    Parameters
    ----------
    number
        Number of the correction.
    entry
        The correction.
    source
        Path of the user's file, or ``None`` for the papers.

    Yields
    ------
    str
        Paragraphs.
    """
    yield f"### {number}. {place_of(entry.statement)}, in Python\n"
    if entry.lines is None:
        yield "No lines of Python that confirm it without quod have been written yet.\n"
    else:
        yield f"```python\n{entry.lines.rstrip()}\n```\n"
        if entry.confirmation is not None and entry.confirmation.problem is None:
            printed = "\n    ".join(entry.confirmation.output.rstrip().splitlines())
            yield f"prints\n\n    {printed}\n\nand agrees with the enclosures to {entry.digits} digits.\n"
    file = ["--file", source] if source else []
    command = shlex.join(["quod", "check", entry.statement.id, *file, "--at", data_of(entry.data)])
    yield f"With quod: `{command}`\n"
