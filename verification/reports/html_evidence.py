"""The evidence in the section of one statement: how it was gathered, how tight the claim is, and whether the check can fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from verification.reports.html_markup import Child, copied, element, listed
from verification.reports.html_plots import rate_plot, slack_plot
from verification.reports.words import Entry, data_of, number, tooth_line


def evidence(entry: Entry) -> Iterator[Child]:
    """Yield the pieces of evidence, strongest first, with proofs, readings and rates.

    Parameters
    ----------
    entry
        The statement's entry.

    Yields
    ------
    Element
        What the page shows.
    """
    items: list[Child] = []
    for piece in entry["evidence"]:
        item = element("span", element("strong", piece["kind"]), f": {piece['summary']}")
        plot = rate_plot(piece["figures"])
        items.append(element("div", item, plot, *_proof(piece["figures"]), *_readings(piece["figures"])))
    if items:
        yield listed(items)


def _proof(figures: Mapping[str, Any]) -> Iterator[Child]:
    steps = figures.get("steps")
    if not isinstance(steps, list):
        return
    argument = element("p", figures["argument"]) if figures.get("argument") else None
    shown = [element("span", f"{step['says']}: {step['account']}") for step in steps]
    yield element("details", element("summary", "The proof"), argument, listed([*shown]), class_="proof")


def _readings(figures: Mapping[str, Any]) -> Iterator[Child]:
    rows = figures.get("readings")
    if isinstance(rows, list) and rows:
        values = [
            element("span", f"{row['says']}: ", ", ".join(number(value) for value in row.get("values") or [])) for row in rows
        ]
        yield element("details", element("summary", "What was read from each repetition"), listed([*values]), class_="source")


def tightness(entry: Entry) -> Iterator[Child]:
    """Yield how tight the bound is over the sweep, and where it is tightest.

    Parameters
    ----------
    entry
        The statement's entry.

    Yields
    ------
    Element
        What the page shows.
    """
    tight = entry["tightness"]
    if not tight:
        return
    yield slack_plot(tight)
    names = ("least", "first quartile", "median", "third quartile", "largest")
    spread = ", ".join(f"{name} {number(value)}" for name, value in zip(names, tight["quantiles"], strict=True))
    yield element(
        "p",
        f"Slack over {tight['count']} instances, the larger side over the smaller where the claim holds; 1 is tight: {spread}.",
    )
    if tight["note"]:
        yield element("p", tight["note"])
    if tight["extreme"] is not None:
        yield element("p", "The instance of least slack:")
        yield copied(data_of(tight["extreme"]), "Copy the instance")


def teeth(entry: Entry) -> Iterator[Child]:
    """Yield the fate of each false neighbour and control.

    Parameters
    ----------
    entry
        The statement's entry.

    Yields
    ------
    Element
        What the page shows.
    """
    if entry["teeth"]:
        yield element("p", "False neighbours and controls, each of which the check must refute:")
        yield listed([tooth_line(tooth) for tooth in entry["teeth"]], class_="teeth")


def instruments(entry: Entry) -> Iterator[Child]:
    """Yield the calibrations that the verdict rests on.

    Parameters
    ----------
    entry
        The statement's entry.

    Yields
    ------
    Element
        What the page shows.
    """
    lines: list[Child] = [
        f"{item['instrument']} ({item['regime']}): {'passed' if item['passed'] else 'FAILED'}, {item['summary']}"
        for item in entry["calibrations"]
    ]
    if lines:
        yield listed(lines)
