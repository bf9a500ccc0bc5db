"""What rests on what: the neighbourhood of one statement, what its refutation breaks, and an overview of a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import cast
from xml.etree.ElementTree import Element

from theory.statement import Statement
from verification.dependents import dependents
from verification.reports.html_markup import Child, element, listed
from verification.reports.html_pictures import address, drawing, edge, node
from verification.reports.words import Entry, in_order

ROW, BOX, GAP, TOP = 26, 285, 60, 24
"""Height of a line, width of a box, and space between columns and above them, in pixels."""
FEW = 8
"""Beyond so many, the statements that a refutation reaches through others are folded."""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The statements of a report and what they rest on.

    Parameters
    ----------
    entries
        The statements' entries, by id.
    """

    entries: Mapping[str, Entry]

    def users(self, identifier: str) -> list[str]:
        """Return the statements that rest directly on one."""
        return [key for key, entry in self.entries.items() if identifier in entry["uses"]]

    def affected(self, identifier: str) -> dict[str, tuple[str, ...]]:
        """Return all statements that rest on one, with the shortest chain that leads to it."""
        return dependents(identifier, self._nodes)

    @cached_property
    def _nodes(self) -> Mapping[str, Statement]:
        # Only what a statement uses is asked for.
        nodes = {key: SimpleNamespace(uses=entry["uses"]) for key, entry in self.entries.items()}
        return cast("Mapping[str, Statement]", nodes)

    def verdict(self, identifier: str) -> str:
        """Return the verdict of a statement, or ``unknown`` where the report does not have it."""
        return str(self.entries[identifier]["verdict"]) if identifier in self.entries else "unknown"


def link(identifier: str, graph: Graph) -> Element:
    """Return a link to a statement with its verdict, or its id alone where the report does not have it.

    Parameters
    ----------
    identifier
        Id of the statement.
    graph
        The statements.

    Returns
    -------
    Element
        The link.
    """
    if identifier not in graph.entries:
        return element("span", element("code", identifier), " (not in this report)")
    return element("span", element("a", identifier, href=address(identifier)), f" ({graph.verdict(identifier)})")


def neighbourhood(entry: Entry, graph: Graph) -> list[Child]:
    """Return what a statement rests on, what rests on it, and what its refutation breaks or would break.

    Parameters
    ----------
    entry
        The statement's entry.
    graph
        The statements.

    Returns
    -------
    list
        A picture and lists; a sentence where it stands alone.
    """
    uses, users = sorted(entry["uses"], key=in_order), sorted(graph.users(entry["id"]), key=in_order)
    if not uses and not users:
        return [element("p", "Rests on no other statement, and none rests on it.")]
    found: list[Child] = [_picture(entry["id"], uses, users, graph)]
    if uses:
        found += [element("h5", "Rests on"), listed([link(key, graph) for key in uses])]
    return [*found, *_broken(entry, graph)]


def _broken(entry: Entry, graph: Graph) -> list[Child]:
    refuted = entry["verdict"] == "refuted"
    told = {item["id"]: item for item in (entry["erratum"] or {}).get("affects") or []}
    title = "What its refutation breaks" if refuted else "What its refutation would break"
    reached = graph.affected(entry["id"])
    if not reached and not told:
        return [element("h5", title), element("p", "No other statement here.")]
    keys = sorted(set(reached) | set(told), key=in_order)
    far = [key for key in keys if reached.get(key)]
    near = [key for key in keys if not reached.get(key)] if len(far) > FEW else keys
    found: list[Child] = [element("h5", title), listed([_fallen(key, reached, told, graph) for key in near])]
    if len(far) > FEW:
        summary = element("summary", f"{len(far)} more that rest on these")
        found.append(element("details", summary, listed([_fallen(key, reached, told, graph) for key in far]), class_="far"))
    return found


def _fallen(key: str, reached: Mapping[str, Sequence[str]], told: Mapping[str, Mapping[str, str]], graph: Graph) -> Element:
    item = element("span", link(key, graph))
    chain = reached.get(key, ())
    further = f" and {len(chain) - 1} more" if len(chain) > 1 else ""
    item[-1].tail = f": {told[key]['how']}" if key in told else f"; through {chain[0]}{further}" if chain else ""
    return item


def _picture(identifier: str, uses: Sequence[str], users: Sequence[str], graph: Graph) -> Element:
    columns = [column for column in (list(uses), [identifier], list(users)) if column]
    middle = 1 if uses else 0
    rows = max(map(len, columns))
    width, height = len(columns) * BOX + (len(columns) - 1) * GAP, rows * ROW + TOP
    titles = [title for title, column in (("rests on", uses), ("", [identifier]), ("used by", users)) if column]
    parts: list[Element] = [
        element("text", title, x=place * (BOX + GAP), y=14, class_="axis") for place, title in enumerate(titles) if title
    ]
    centre = TOP + ROW * rows / 2
    for place, column in enumerate(columns):
        left = place * (BOX + GAP)
        for row, key in enumerate(column):
            y = centre + ROW * (row - (len(column) - 1) / 2)
            start, end = (left + BOX, left + BOX + GAP) if place < middle else (left, left - GAP)
            if place != middle:
                parts.insert(0, edge(start, y, end, centre))
            here, text = key == identifier, _short(key, graph.entries[identifier]["paper"])
            linked = key in graph.entries and not here
            parts.append(node(key, text, graph.verdict(key), (left, y), width=BOX, linked=linked, here=here))
    label = f"{identifier} rests on {len(uses)} and is used by {len(users)} statements; the lists below name them"
    return drawing(parts, width, height, label)


def _short(identifier: str, paper: str) -> str:
    # Within one paper its key says nothing; a long id keeps its end, where the parts are.
    text = identifier.removeprefix(f"{paper}.")
    return text if len(text) <= 36 else f"{text[:11]}…{text[-24:]}"
