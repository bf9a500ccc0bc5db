"""The table of a paper's statements, and the filters over all tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element

from verification.outcome import EvidenceKind, Verdict
from verification.reports.html_markup import element
from verification.reports.html_pictures import address
from verification.reports.html_statement import badge, facets
from verification.reports.words import Entry, best_of, slack_of, teeth_of

COLUMNS = (
    ("statement", None),
    ("kind", "wide"),
    ("whose", "wide"),
    ("verdict", None),
    ("evidence", None),
    ("slack", "number wide"),
    ("teeth", "number wide"),
    ("time", "number wide"),
)
"""Headings, and which columns a narrow page leaves out."""


def table(paper: str, entries: Sequence[Entry], news: Sequence[str]) -> Element:
    """Return the table of a paper's statements.

    Parameters
    ----------
    paper
        Key of the paper.
    entries
        Its entries.
    news
        Ids whose verdict differs from the one on record.

    Returns
    -------
    Element
        The table; each row leads to the statement's section.
    """
    heads = [element("th", name, scope="col", class_=class_) for name, class_ in COLUMNS]
    caption = element("caption", f"Statements of {paper}")
    rows = [_row(entry, news=entry["id"] in news) for entry in entries]
    body = element("tbody", *rows)
    return element("table", caption, element("thead", element("tr", *heads)), body, id=f"table-{paper}")


def _row(entry: Entry, *, news: bool) -> Element:
    name = element("a", entry["id"], href=address(entry["id"]))
    first = element("th", name, element("span", entry["title"], class_="title"), scope="row")
    cells = (
        entry["kind"],
        "ours" if entry["ours"] else "paper",
        element("span", badge(entry["verdict"]), " news" if news else None),
        best_of(entry),
        slack_of(entry),
        teeth_of(entry),
        element("span", f"{entry['timing']['seconds']:.1f} s", class_="time"),
    )
    rest = [element("td", cell, class_=class_) for cell, (_, class_) in zip(cells, COLUMNS[1:], strict=True)]
    return element("tr", first, *rest, data_statement=entry["id"], **facets(entry, news=news))


def filters(entries: Sequence[Entry], *, news: bool) -> Element:
    """Return the filters; they are hidden until the script can obey them.

    Parameters
    ----------
    entries
        All entries.
    news
        Whether a verdict differs from the one on record.

    Returns
    -------
    Element
        A form.
    """
    kinds = [kind.value for kind in EvidenceKind]
    chosen = (
        ("paper", "Paper", sorted({entry["paper"] for entry in entries})),
        ("verdict", "Verdict", _present([verdict.value for verdict in Verdict], (entry["verdict"] for entry in entries))),
        ("evidence", "Best evidence", _present([*kinds, "-"], (best_of(entry) for entry in entries))),
        ("kind", "Kind", sorted({entry["kind"] for entry in entries})),
        ("by", "Whose", ["paper", "ours"]),
        ("news", "Record", ["differs"] if news else []),
    )
    fields = [_choice(name, label, options) for name, label, options in chosen if options]
    search = element("input", type="search", name="q", id="filter-q", autocomplete="off", placeholder="words or LaTeX")
    fields.append(element("div", element("label", "Text", for_="filter-q"), search, class_="field"))
    buttons = [
        element("button", label, type="button", id=key)
        for key, label in (("show-all", "Reset filters"), ("open-shown", "Open those shown"), ("close-all", "Close all"))
    ]
    return element(
        "form",
        element("h2", "Filters", id="filters-title"),
        element("div", *fields, class_="fields"),
        element("div", *buttons, class_="buttons"),
        element("p", f"{len(entries)} of {len(entries)} statements", id="count", role="status", aria_live="polite"),
        id="filters",
        role="search",
        aria_labelledby="filters-title",
        hidden="",
    )


def _present(order: Sequence[str], values: Iterable[str]) -> list[str]:
    found = set(values)
    return [value for value in order if value in found]


def _choice(name: str, label: str, options: Sequence[str]) -> Element:
    shown = [element("option", "all", value="")] + [element("option", "none" if it == "-" else it, value=it) for it in options]
    key = f"filter-{name}"
    return element("div", element("label", label, for_=key), element("select", *shown, name=name, id=key), class_="field")
