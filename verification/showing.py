"""The text of ``quod list`` and ``quod show``; imports nothing heavy."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from verification.index import Named
from verification.reports.markdown import details
from verification.reports.words import Entry, best_of, data_of

if TYPE_CHECKING:
    from theory.statement import Hypothesis, Statement


def rows(statements: Sequence[Named], last: Mapping[str, Entry], recorded: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one row a statement: id, title, its last verdict, where that is from, and its best evidence.

    Parameters
    ----------
    statements
        The statements.
    last
        Entries of the last report, by id.
    recorded
        Recorded verdicts, by id.

    Returns
    -------
    list of dict
        JSON values.
    """
    return [
        {
            "id": statement.id,
            "title": statement.title,
            "verdict": last[statement.id]["verdict"] if statement.id in last else recorded.get(statement.id),
            "from": "report" if statement.id in last else "record" if statement.id in recorded else None,
            "evidence": best_of(last[statement.id]) if statement.id in last else None,
            "ours": statement.ours,
        }
        for statement in statements
    ]


def table(entries: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as a plain table.

    Parameters
    ----------
    entries
        What :func:`rows` returned.

    Returns
    -------
    str
        One line a row, under a line of headings.
    """
    cells = [("statement", "verdict", "evidence", "title")]
    cells += [(row["id"], row["verdict"] or "-", row["evidence"] or "-", row["title"]) for row in entries]
    widths = [max(len(line[column]) for line in cells) for column in range(3)]
    return "\n".join(
        "  ".join([*(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=False)), line[3]]) for line in cells
    )


def card(statement: Statement, entry: Entry | None, recorded: str | None) -> str:
    """Return all there is to know about a statement.

    Parameters
    ----------
    statement
        The statement.
    entry
        Its entry in the last report, if any.
    recorded
        Its recorded verdict, if any.

    Returns
    -------
    str
        The text.
    """
    lines = [f"{statement.id}: {statement.title}", f"{statement.source} ({statement.kind}{', ours' * statement.ours})", ""]
    lines += [*_wrap(statement.says), "", f"  {statement.formula}", ""]
    lines += [*_claim(statement), *_erratum(statement), *_verdict(entry, recorded)]
    return "\n".join(line for line, before in zip(lines, ["", *lines], strict=False) if line or before).rstrip()


def _wrap(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, 100, initial_indent=indent, subsequent_indent=indent, break_long_words=False)


def _block(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"{title}:"
        yield from (f"  {line}" for line in lines)


def _claim(statement: Statement) -> Iterator[str]:
    def named(hypothesis: Hypothesis) -> str:
        return f"{hypothesis.name}: {hypothesis.says}"

    yield from _block("standing setting", [named(entry) for entry in statement.hypotheses if entry.standing])
    yield from _block("hypotheses as printed", [named(entry) for entry in statement.hypotheses if not entry.standing])
    yield from _block("hidden hypotheses", [f"{entry.says} ({entry.where}) {entry.finding}" for entry in statement.hidden])
    constants: Mapping[str, Fraction] = getattr(statement, "constants", {})
    yield from _block("constants", [f"{name} = {value}" for name, value in constants.items()])
    if statement.proof is not None:
        steps = [step.says for step in statement.proof.steps]
        yield from _block(f"proof for {statement.proof.set}", [*filter(None, [statement.proof.argument]), *steps])
    yield from _block("uses", list(statement.uses))
    yield from _block("mutants", [mutant.name for mutant in statement.mutants])


def _erratum(statement: Statement) -> Iterator[str]:
    erratum = statement.erratum
    if erratum is not None:
        yield from _block(
            "erratum",
            [
                erratum.wrong,
                f"where: {erratum.line}",
                f"counterexample: {data_of(erratum.counterexample)}",
                f"repaired: {erratum.repaired}",
            ],
        )


def _verdict(entry: Entry | None, recorded: str | None) -> Iterator[str]:
    yield ""
    if entry is None:
        yield f"verdict: {recorded or 'none'}" + (" (on record)" if recorded else "; 'quod verify' gathers the evidence")
        return
    reason = f": {entry['reason']}" if entry["reason"] else ""
    yield f"verdict: {entry['verdict']} (last report; on record: {recorded or 'none'}){reason}"
    found = entry["counterexample"]
    if found is not None:
        yield f"  at {data_of(found['data'])}"
        yield f"  left   {found['left']}"
        yield f"  right  {found['right']}"
    for item in (entry["erratum"] or {}).get("affects") or []:
        yield f"  {item['id']} {item['how']}"
    yield from (f"  {line}" for line in details(entry))
