"""The pages of the papers, from the statements themselves: each with formula, verdict on record, erratum and proof.

They are made when the site is built and stand in no file, so that they cannot say anything else than the program does.
"""

from __future__ import annotations

import html
import importlib
import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any
from xml.etree.ElementTree import tostring

from mkdocs.structure.files import File

from theory.confirmations import confirmation_of
from theory.registry import all_statements, papers
from theory.statement import Erratum, Fault, Proof, Statement
from verification.errata import fault_of
from verification.records import recorded_verdicts
from verification.reports.html_formulas import formula
from verification.reports.html_statement import SIGNS

KINDS = ("theorem", "proposition", "corollary", "lemma", "equation", "definition", "remark", "claim", "figure", "table")
PLURALS = {"theorem": "Theorems", "corollary": "Corollaries"}
LONGER = {
    "wu2025": ("stability", "score-figures"),
    "marion2024": ("discretization", "polyak-lojasiewicz", "convolutional-networks"),
    "marion2026": ("memorization",),
}
"""Pages with longer proofs and with what was measured."""
MARKS = re.compile(r"([\\`*_{}\[\]#+!|~^$:-])")


def on_files(files: Any, config: Any, **_: Any) -> Any:
    """Add the page of each paper to the files of the site.

    Parameters
    ----------
    files
        The files so far.
    config
        The settings of the site.

    Returns
    -------
    Files
        The same, and one more for each paper.
    """
    for paper in papers():
        files.append(File.generated(config, f"papers/{paper}.md", content=page_of(paper)))
    return files


def page_of(paper: str) -> str:
    """Return the page of a paper, in Markdown.

    Parameters
    ----------
    paper
        Its key.

    Returns
    -------
    str
        The text.
    """
    recorded = recorded_verdicts(None)
    chosen = sorted((entry for entry in all_statements().values() if entry.paper == paper), key=_place)
    lines = [f"# {paper}", "", plain(str(importlib.import_module(f"theory.{paper}").__doc__).split("\n\n", maxsplit=1)[0]), ""]
    lines += [*_overview(chosen, recorded)]
    for kind, of_kind in groupby(chosen, key=_kind):
        lines += ["", f"## {PLURALS.get(kind, f'{kind.capitalize()}s')}", ""]
        for result, entries in groupby(of_kind, key=_result):
            lines += [f"### {kind.capitalize()} {result.split('-', 1)[1].upper()}", ""]
            for entry in entries:
                lines += [*_statement(entry, recorded.get(entry.id)), ""]
    return "\n".join(lines)


def plain(text: str) -> str:
    """Return words that Markdown leaves as they are."""
    return MARKS.sub(lambda found: f"&#{ord(found[1])};", html.escape(" ".join(text.split()), quote=False))


def _kind(entry: Statement) -> str:
    return entry.id.split(".")[1].split("-")[0]


def _result(entry: Statement) -> str:
    return entry.id.split(".")[1]


def _place(entry: Statement) -> tuple[Any, ...]:
    numbers = [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", entry.id)]
    return KINDS.index(_kind(entry)), numbers


def _overview(chosen: list[Statement], recorded: Mapping[str, str]) -> Iterator[str]:
    verdicts = [recorded.get(entry.id, "none on record") for entry in chosen]
    counts = ", ".join(f"{verdicts.count(name)} {name}" for name in sorted(set(verdicts)))
    ours = sum(entry.ours for entry in chosen)
    yield f"{len(chosen)} statements, of which {ours} are ours (repairs and sharper versions): {counts}. Verdicts are those on"
    yield f"record, with which `quod verify {chosen[0].paper}` compares; `quod show ID` adds the evidence of the last run."
    pages = ", ".join(f"[{page}](../{page}.md)" for page in LONGER.get(chosen[0].paper, ()))
    yield from ("", f"Longer proofs, and what was measured: {pages}.") if pages else ()
    wrong = [(entry, entry.erratum) for entry in chosen if entry.erratum is not None]
    if wrong:
        yield from ("", "## False as printed", "", f"`quod errata {chosen[0].paper}` writes these as a letter to the authors.")
    for fault in Fault:
        rows = [(entry, erratum) for entry, erratum in wrong if fault_of(entry) is fault]
        heading = f"{fault.value[0].upper()}{fault.value[1:]}"
        yield from ("", f"| {heading} | what is wrong | what holds instead |", "|---|---|---|") if rows else ()
        for entry, erratum in rows:
            yield f"| `{entry.id}` | {plain(erratum.wrong)} | `{erratum.repaired}` |"


def _statement(entry: Statement, verdict: str | None) -> Iterator[str]:
    name = verdict or "none on record"
    yield f"#### {plain(entry.title)} {{ #{entry.id} }}"
    yield from ("", f'<span class="verdict {verdict or "none"}">{SIGNS.get(name, "–")} {name}</span> <code>{entry.id}</code>')
    yield from ("", f"*{plain(entry.source)}{', a statement of ours' * (entry.ours and not entry.source.startswith('ours'))}*")
    if entry.formula:
        yield from ("", f'<div class="formula">{tostring(formula(entry.formula), encoding="unicode")}</div>')
    yield from ("", plain(entry.says), "")
    for hypothesis in entry.hypotheses:
        yield f"- {'standing setting' if hypothesis.standing else 'hypothesis'}: {plain(hypothesis.says)}"
    for hidden in entry.hidden:
        yield f"- **hidden hypothesis**: {plain(hidden.says)} ({plain(hidden.where)}): {plain(hidden.finding)}"
    if entry.erratum is not None:
        yield from ("", *_erratum(entry, entry.erratum))
    if entry.proof is not None:
        yield from ("", *_proof(entry.proof))


def _erratum(entry: Statement, erratum: Erratum) -> Iterator[str]:
    yield '!!! failure "Erratum"'
    told = [f"**What is wrong.** {plain(erratum.wrong)}", f"**Where.** {plain(erratum.line)}"]
    told += ["**Counterexample**, exact, as `quod check --at` reads it:", f"```json\n{json.dumps(erratum.counterexample)}\n```"]
    told += [f"**What holds instead.** `{erratum.repaired}`"]
    lines = confirmation_of(entry)
    if lines:
        code = textwrap.indent(f"```python\n{lines.strip()}\n```", "    ")
        told += [f'??? example "To confirm it without this program: both sides in plain Python"\n\n{code}']
    yield from ("", textwrap.indent("\n\n".join(told), "    "))


def _proof(proof: Proof) -> Iterator[str]:
    yield from (f'??? note "Proof, for {plain(proof.set).replace(chr(34), "&quot;")}"', "")
    told = [plain(proof.argument)] if proof.argument else []
    if proof.steps:
        steps = "\n".join(f"- {plain(step.says)}" for step in proof.steps)
        told += [f"Checked by the program, each time that the statement is judged:\n\n{steps}"]
    yield textwrap.indent("\n\n".join(told), "    ")
