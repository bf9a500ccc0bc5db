"""The numbered statements of a paper and what rests on what, from left to right, with their steps and readings folded in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from verification.reports.html_graph import Graph, link
from verification.reports.html_markup import Child, element, listed
from verification.reports.html_pictures import drawing, edge, node
from verification.reports.words import Entry

COLUMN, BOX, ROW, TOP = 156, 112, 28, 24
"""Distance of columns, width of a box, distance of rows and space above them, in pixels."""
ORDER = ("refuted", "error", "vacuous", "undecided", "holds")
"""The verdict of a numbered statement is that of its worst part."""


@dataclass(frozen=True, kw_only=True)
class Numbered:
    """A numbered statement: all its parts, readings and steps.

    Parameters
    ----------
    name
        Kind and number, such as ``theorem 4``.
    members
        The entries.
    """

    name: str
    members: Sequence[Entry]

    @property
    def verdict(self) -> str:
        """Return the worst verdict of what the paper states, or of ours where all is ours."""
        printed = [entry for entry in self.members if not entry["ours"] and ".step-" not in entry["id"]]
        return min((str(entry["verdict"]) for entry in printed or self.members), key=ORDER.index)

    @property
    def first(self) -> str:
        """Return the id that stands for it: the shortest that has the verdict."""
        alike = [entry["id"] for entry in self.members if entry["verdict"] == self.verdict] or [self.members[0]["id"]]
        return str(min(alike, key=lambda key: (len(key), key)))


def numbered(entries: Sequence[Entry]) -> dict[str, Numbered]:
    """Return the numbered statements among some entries.

    Parameters
    ----------
    entries
        Entries of one paper.

    Returns
    -------
    dict
        Id without its parts to the numbered statement, in the order of the entries.
    """
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(base(entry["id"]), []).append(entry)
    return {key: Numbered(name=key.partition(".")[2].replace("-", " "), members=group) for key, group in found.items()}


def base(identifier: str) -> str:
    """Return an id without its part, reading and step."""
    return re.split(r"\.(?:part|reading|step)-", identifier, maxsplit=1)[0]


def overview(entries: Sequence[Entry], graph: Graph) -> list[Child]:
    """Return the overview of a paper.

    Parameters
    ----------
    entries
        Its entries.
    graph
        All statements.

    Returns
    -------
    list
        A picture, and the same as lists; a sentence where nothing rests on anything.
    """
    groups = numbered(entries)
    rests = {
        key: sorted({base(used) for entry in group.members for used in entry["uses"]} & (set(groups) - {key}))
        for key, group in groups.items()
    }
    joined = [key for key in groups if rests[key] or any(key in used for used in rests.values())]
    if not joined:
        return [element("p", "No numbered statement here rests on another one.")]
    alone = len(groups) - len(joined)
    note = f" {alone} more rest on none and none rests on them." if alone else ""
    words = (
        "A line leads, from left to right, to what uses a statement. Parts, readings and steps are folded into their statement,"
    )
    lists = [
        element("span", link(groups[key].first, graph), f" rests on {', '.join(groups[used].name for used in rests[key])}")
        for key in joined
        if rests[key]
    ]
    return [
        element("p", f"{words} which has the worst verdict of what the paper states.{note}"),
        _picture(joined, rests, groups),
        element("details", element("summary", "The same as a list"), listed([*lists]), class_="source"),
    ]


def _picture(joined: Sequence[str], rests: Mapping[str, Sequence[str]], groups: Mapping[str, Numbered]) -> Element:
    columns = arranged(joined, rests)
    rows = max(map(len, columns))
    place = {
        key: (column * COLUMN, TOP + ROW * (rows / 2 + row - (len(keys) - 1) / 2))
        for column, keys in enumerate(columns)
        for row, key in enumerate(keys)
    }
    parts = [
        edge(place[used][0] + BOX, place[used][1], place[key][0], place[key][1])
        for key in joined
        for used in rests[key]
        if place[used][0] < place[key][0]
    ]
    parts += [
        node(groups[key].first, groups[key].name, groups[key].verdict, place[key], width=BOX, linked=True) for key in joined
    ]
    width, height = (len(columns) - 1) * COLUMN + BOX, rows * ROW + TOP * 1.5
    return drawing(parts, width, height, f"{len(joined)} numbered statements and what rests on what; a list follows")


def arranged(keys: Sequence[str], rests: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return columns: a statement stands right of all it rests on, and near them in height.

    Parameters
    ----------
    keys
        The statements.
    rests
        What each rests on; a circle is cut where it is met.

    Returns
    -------
    list of list of str
        The columns, from left to right.
    """
    depth: dict[str, int] = {}

    def measure(key: str, above: frozenset[str]) -> int:
        if key not in depth:
            below = [measure(used, above | {key}) for used in rests[key] if used not in above | {key}]
            depth[key] = 1 + max(below, default=-1)
        return depth[key]

    for key in keys:
        measure(key, frozenset())
    columns = [[key for key in keys if depth[key] == column] for column in range(max(depth.values()) + 1)]
    height: dict[str, float] = {}
    for column in columns:
        column.sort(key=lambda key: _mean([height[used] for used in rests[key] if used in height]))
        height |= {key: row - (len(column) - 1) / 2 for row, key in enumerate(column)}
    return columns


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
