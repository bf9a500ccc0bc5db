"""The section of one statement: its claim in formulas and all that was found out about it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from verification.outcome import Verdict
from verification.reports.html_evidence import evidence, instruments, teeth, tightness
from verification.reports.html_formulas import formula
from verification.reports.html_graph import Graph, link, neighbourhood
from verification.reports.html_markup import Child, copied, element, listed, named
from verification.reports.words import Entry, best_of, data_of, hidden_of

SIGNS = {"holds": "✓", "refuted": "✗", "vacuous": "∅", "undecided": "?", "error": "!"}
"""A verdict is told by its word and a sign, never by a colour alone."""

RELATIONS = {">=": "≥", "<=": "≤", "==": "=", "!=": "≠"}


def badge(verdict: str) -> Element:
    """Return a verdict with its sign."""
    return element(
        "span", element("span", SIGNS.get(verdict, ""), aria_hidden="true"), f" {verdict}", class_=f"badge {verdict}"
    )


def facets(entry: Entry, *, news: bool) -> dict[str, str | None]:
    """Return what the filters ask of a statement, as attributes."""
    return {
        "data_paper": entry["paper"],
        "data_verdict": entry["verdict"],
        "data_evidence": best_of(entry),
        "data_kind": entry["kind"],
        "data_by": "ours" if entry["ours"] else "paper",
        "data_news": "differs" if news else None,
    }


def section(entry: Entry, graph: Graph, made: Entry, *, news: bool, pictures: Mapping[str, str]) -> Element:
    """Return the section of a statement, closed until it is asked for.

    Parameters
    ----------
    entry
        The statement's entry.
    graph
        All statements.
    made
        The provenance of the report.
    news
        Whether the verdict differs from the one on record.
    pictures
        Ids of the figures in the page, to their addresses.

    Returns
    -------
    Element
        A ``details`` element; its content has the statement's id, so that a link opens it.
    """
    title = element(
        "h3", element("code", entry["id"]), element("span", entry["title"], class_="title"), badge(entry["verdict"])
    )
    body = element("div", *_claim(entry, news=news, pictures=pictures), id=entry["id"], class_="body")
    parts = (
        ("Counterexample", _counterexample(entry, made["source"])),
        ("Erratum", _erratum(entry, graph)),
        ("Hypotheses", _hypotheses(entry)),
        ("Evidence", evidence(entry)),
        ("Tightness", tightness(entry)),
        ("Teeth", teeth(entry)),
        ("Instruments", instruments(entry)),
        ("Dependencies", neighbourhood(entry, graph)),
    )
    for heading, found in parts:
        content = list(found)
        if content:
            body.append(element("section", element("h4", heading), *content))
    back = element("a", "Back to the table", href=f"#table-{entry['paper']}")
    body.append(element("p", "Judged in ", element("span", f"{entry['timing']['seconds']:.1f} s", class_="time"), ". ", back))
    return element("details", element("summary", title), body, class_="statement", **facets(entry, news=news))


def _claim(entry: Entry, *, news: bool, pictures: Mapping[str, str]) -> Iterator[Child]:
    whose = "a statement of ours" if entry["ours"] else "a statement of the paper"
    yield element("p", f"{entry['source']}; {entry['kind']}, {whose}.", class_="source-line")
    yield element("p", entry["says"])
    if entry["formula"]:
        yield element("div", formula(entry["formula"]), class_="formula")
        latex = element("summary", "LaTeX of the formula")
        yield element("details", latex, copied(entry["formula"], "Copy the LaTeX"), class_="source")
    verdict = element("p", badge(entry["verdict"]), f" {entry['reason'] or Verdict(entry['verdict']).message}")
    if news:
        expected = (
            f"the verdict on record is {entry['expected_verdict']}."
            if entry["expected_verdict"]
            else "no verdict is on record."
        )
        verdict.append(element("strong", f" News: {expected}"))
    yield verdict
    shown = [key for key in pictures if entry["id"] == key or entry["id"].startswith(f"{key}.")]
    if shown:
        yield element("p", "Drawn in ", *(element("a", key, href=pictures[key]) for key in shown), ".")


def _counterexample(entry: Entry, source: str | None) -> Iterator[Child]:
    found = entry["counterexample"]
    if found is None:
        return
    sign = RELATIONS.get(found["relation"], found["relation"])
    yield element("p", f"Every printed hypothesis holds, and left {sign} right fails, at the exact data")
    yield copied(data_of(found["data"]), "Copy the counterexample")
    sides: list[tuple[str, Child]] = [(name, element("code", found[name])) for name in ("left", "right")]
    yield named([*sides, ("enclosures", f"balls of {found['bits']} bits, separated")])
    file = ["--file", source] if source else []
    command = shlex.join(["quod", "check", entry["id"], *file, "--at", data_of(found["data"])])
    yield element("p", "To see it on your machine:")
    yield copied(command, "Copy the command")


def _erratum(entry: Entry, graph: Graph) -> Iterator[Child]:
    erratum = entry["erratum"]
    if erratum is None:
        return
    rows: list[tuple[str, Child]] = [("what is wrong", erratum["wrong"])]
    if erratum["line"]:
        rows.append(("where", erratum["line"]))
    if erratum["repaired"]:
        rows.append(("repaired statement", link(erratum["repaired"], graph)))
    yield named(rows)


def _hypotheses(entry: Entry) -> Iterator[Child]:
    known = entry["hypotheses"]
    says = known.get("says") or []
    names = known.get("names") or says
    pairs = list(zip(names, says, strict=False))
    if apart := [(name, text) for name, text in pairs if name != text]:
        yield named([*apart])
    if alone := [text for name, text in pairs if name == text]:
        yield listed([*alone])
    if known.get("drawn"):
        yield element("p", f"Met by {known['satisfied']} of {known['drawn']} instances drawn.")
    for item in hidden_of(entry):
        yield element("p", element("strong", "Hidden: "), f"{item['says']} (used in: {item['where']}): {item['finding']}")
