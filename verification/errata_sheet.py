"""The errata sheet as Markdown, from which its page is drawn: a letter to the authors, with the lines of Python behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from theory.statement import Fault
from verification.cache import write_atomically
from verification.errata import Correction
from verification.errata_entry import SOURCE, confirmed, entry_of, place_of, state_of
from verification.errata_known import NAMED, Fate
from verification.errata_page import page_of

TITLES = {
    Fault.RESULT: "False as printed",
    Fault.ARGUMENT: "Steps that do not follow",
    Fault.SLIP: "Slips of the pen and loose wording",
}
EXCLUDED = "Sentences that a statement of ours excludes"


def write_sheet(
    paper: str,
    found: Sequence[Correction],
    named: Mapping[str, Sequence[Fate]],
    basis: str,
    out: Path,
    source: str | None = None,
    against: Sequence[Fate] = (),
) -> list[Path]:
    """Write ``errata-PAPER.md``, with formulas in LaTeX, and ``errata-PAPER.html``, which loads nothing from elsewhere.

    Parameters
    ----------
    paper
        Key of the paper.
    found
        Its corrections, in order of importance; none only where there is something in ``against``.
    named
        Its theorems, propositions, corollaries and lemmas with their parts.
    basis
        Where the verdicts come from, in words.
    out
        The folder.
    source
        Path of the user's file, or ``None`` for the papers.
    against
        Statements that hold and contradict a sentence of the paper.

    Returns
    -------
    list of Path
        The files.
    """
    text = sheet(paper, found, named, basis, source, against)
    page = page_of(f"Errata of {paper}", text)
    files = {out / f"errata-{paper}.md": text, out / f"errata-{paper}.html": page}
    for path, content in files.items():
        write_atomically(path, content.encode())
    return list(files)


def sheet(
    paper: str,
    found: Sequence[Correction],
    named: Mapping[str, Sequence[Fate]],
    basis: str,
    source: str | None = None,
    against: Sequence[Fate] = (),
) -> str:
    """Return the sheet as Markdown.

    Parameters
    ----------
    paper
        Key of the paper.
    found
        Its corrections, in order of importance.
    named
        Its theorems, propositions, corollaries and lemmas with their parts.
    basis
        Where the verdicts come from, in words.
    source
        Path of the user's file, or ``None`` for the papers.
    against
        Statements that hold and contradict a sentence of the paper.

    Returns
    -------
    str
        The text.
    """
    numbered = list(enumerate(found, 1))
    lines = [*_head(paper, found, against, basis), *_stands(named), *_summary(numbered)]
    for fault, title in TITLES.items():
        entries = [(number, entry) for number, entry in numbered if entry.fault is fault]
        lines += [f"## {title}\n"] * bool(entries)
        lines += [line for number, entry in entries for line in entry_of(number, entry)]
    lines += _contradicted(against)
    lines += ["## The counterexamples in plain Python\n"] * bool(found)
    lines += [line for number, entry in numbered for line in confirmed(number, entry, source)]
    return "\n".join(lines).rstrip() + "\n"


def _head(paper: str, found: Sequence[Correction], against: Sequence[Fate], basis: str) -> Iterator[str]:
    yield f"# Errata of {paper}\n"
    sources = [entry.statement.source for entry in found] + [fate.statement.source for fate in against]
    match = SOURCE.match(sources[0])
    cited = match["work"] if match else sources[0]
    yield f"About: {cited}. Numbers and pages are those of that version; the words are ours. {basis}\n"
    count = {title: sum(entry.fault is fault for entry in found) for fault, title in TITLES.items()} | {EXCLUDED: len(against)}
    yield "; ".join(f"{title}: {number}" for title, number in count.items() if number).capitalize() + ".\n"
    if not found:
        return
    yield "Each counterexample satisfies every printed hypothesis, and both sides are enclosed rigorously, by interval"
    yield "arithmetic. The lines of Python at the end need nothing of ours: the standard library, mpmath and numpy. They were"
    yield "run to make this sheet, and what they printed was compared with the enclosures.\n"


def _stands(named: Mapping[str, Sequence[Fate]]) -> Iterator[str]:
    whole = {result: parts for result, parts in named.items() if all(part.verdict == "holds" for part in parts)}
    proved = [result for result, parts in whole.items() if all(part.evidence == "proved" for part in parts)]
    groups = {"with a proof of ours": proved, "as far as measured or searched": [key for key in whole if key not in proved]}
    told = "; ".join(f"{how}: {', '.join(map(_title, sorted(keys, key=_order)))}" for how, keys in groups.items() if keys)
    if told:
        yield f"**What stands as printed,** {told}.\n"


def _contradicted(against: Sequence[Fate]) -> Iterator[str]:
    if against:
        yield f"## {EXCLUDED}\n"
        yield "They say that something can happen, which no counterexample refutes; a statement that excludes it does.\n"
    for fate in against:
        statement = fate.statement
        yield f"### {statement.contradicts}\n"
        yield f"`{statement.id}` ({state_of(fate)}), {statement.title}: {statement.says}\n"
        yield from [f"$${statement.formula}$$\n"] * bool(statement.formula)
        if statement.proof is not None and fate.evidence == "proved":
            yield f"**Proof,** for {statement.proof.set}: {statement.proof.argument}\n"


def _title(result: str) -> str:
    kind, number = result.split("-", 1)
    return f"{kind.capitalize()} {number}"


def _order(result: str) -> tuple[int, int, str]:
    kind, number = result.split("-", 1)
    return NAMED.index(kind), int(number) if number.isdigit() else 0, number


def _summary(numbered: Sequence[tuple[int, Correction]]) -> Iterator[str]:
    if not numbered:
        return
    yield "| | where | what is wrong | repair |"
    yield "|---|---|---|---|"
    for number, entry in numbered:
        wrong = entry.wrong.replace("|", r"\|")
        repair = state_of(entry.repair) if entry.repair else "none known"
        yield f"| {number} | {place_of(entry.statement)} | {wrong} | {repair} |"
    yield ""
