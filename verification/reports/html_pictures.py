"""What the pictures of the page are made of: a frame, boxes that lead to statements, and lines between them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote
from xml.etree.ElementTree import Element

from verification.reports.html_markup import element


def address(identifier: str) -> str:
    """Return the address of a statement within the page."""
    return f"#{quote(identifier)}"


def drawing(parts: Sequence[Element], width: float, height: float, label: str) -> Element:
    """Return a picture in a box that scrolls sideways where the page is narrower.

    Parameters
    ----------
    parts
        What is drawn.
    width, height
        Its size in pixels.
    label
        What it shows, in words.

    Returns
    -------
    Element
        The box.
    """
    box = f"-2 0 {width + 4:g} {height:g}"
    picture = element("svg", *parts, viewBox=box, width=f"{width + 4:g}", height=f"{height:g}", role="group", aria_label=label)
    return element("div", picture, class_="scroll")


def edge(x: float, y: float, to_x: float, to_y: float) -> Element:
    """Return a line from one point to another that leaves and arrives level."""
    half = (x + to_x) / 2
    return element("path", d=f"M{x:g} {y:g}C{half:g} {y:g} {half:g} {to_y:g} {to_x:g} {to_y:g}", class_="edge")


def node(
    key: str, text: str, verdict: str, at: tuple[float, float], *, width: float, linked: bool, here: bool = False
) -> Element:
    """Return a box with a text, which leads to a statement.

    Parameters
    ----------
    key
        Id of the statement.
    text
        What is written in the box.
    verdict
        The verdict that the box shows.
    at
        Its left end and the height of its middle.
    width
        Its width.
    linked
        Whether it leads to the statement.
    here
        Whether it is the statement that the picture is about.

    Returns
    -------
    Element
        The box.
    """
    left, y = at
    box = element("rect", x=f"{left:g}", y=f"{y - 10:g}", width=f"{width:g}", height=20, rx=4, class_=f"node {verdict}")
    words = element("text", text, x=f"{left + 6:g}", y=f"{y + 4:g}", class_="here" if here else None)
    group = element("g", element("title", f"{key}: {verdict}"), box, words)
    return element("a", group, href=address(key)) if linked else group
