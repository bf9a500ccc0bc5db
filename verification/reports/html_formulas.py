"""Formulas in LaTeX as MathML Core, which browsers draw themselves: nothing to load, and nothing to run.

The converter writes an older MathML in places: its signs are corrected in ``html_signs``, and how they are put together here.
"""

from __future__ import annotations

import unicodedata
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element

from verification.reports.html_markup import element
from verification.reports.html_signs import SCRIPTED, core, correct, space

PAIRS = {")": "(", "]": "[", "}": "{", "⌋": "⌊", "⌉": "⌈", "⟩": "⟨"}
"""A closing fence to its opening one; a bar closes what a bar opened."""
PARTS = {"mfrac": 2, "mroot": 2, **SCRIPTED}
"""How many parts an element must have to be drawn."""


def formula(latex: str, *, block: bool = True) -> Element:
    """Return a formula as MathML, or its LaTeX where it cannot be read.

    Parameters
    ----------
    latex
        The formula, without dollars.
    block
        Whether it stands by itself, with limits above and below their signs.

    Returns
    -------
    Element
        A ``math`` element, or ``code``.
    """
    math = _converted(latex, "block" if block else "inline")
    return element("code", latex, class_="latex") if math is None else math


def rendered(latex: str) -> bool:
    """Return whether a formula is shown as mathematics, and not as its LaTeX."""
    return formula(latex).tag == "math"


def _converted(latex: str, display: str) -> Element | None:
    try:
        math = convert_to_element(latex, display=display)
    except Exception:  # what it raises on a broken formula is not a closed set
        return None
    # HTML knows the element by its name.
    del math.attrib["xmlns"]
    for part in math.iter():
        correct(part)
    for part in list(math.iter()):
        _prime(part)
        _negate(part)
        _pair(part)
    for part in list(math.iter()):
        space(part)
    return math if all(map(_whole, math.iter())) else None


def _whole(part: Element) -> bool:
    unread = part.tag != "mtext" and "\\" in (part.text or "")
    return not unread and len(part) == PARTS.get(part.tag, len(part))


def _prime(part: Element) -> None:
    """Join the primes behind a letter with an index: the converter writes the second one as a power of the first."""
    while part.tag == "msup" and len(part) == 2 and _primes(part[1]) and part[0].tag == "msubsup" and _primes(part[0][2]):
        inner, outer = part[0], part[1]
        inner[2].text = (inner[2].text or "") + (outer.text or "")
        part.tag = "msubsup"
        part[:] = list(inner)


def _primes(part: Element) -> bool:
    return part.tag == "mo" and set(part.text or "-") == {"′"}


def _negate(row: Element) -> None:
    r"""Put the stroke of \not through the sign behind it: the converter writes a stroke beside it, which few fonts have."""
    for stroke, sign in zip(list(row), list(row)[1:], strict=False):
        if stroke.tag == "mpadded" and "".join(stroke.itertext()) == "⧸":
            sign.text = unicodedata.normalize("NFC", f"{sign.text}\N{COMBINING LONG SOLIDUS OVERLAY}")
            row.remove(stroke)


def _pair(row: Element) -> None:
    """Make a large fence with a script the end of a group, since browsers do not stretch a fence that has a script itself."""
    if row.tag in SCRIPTED:
        return
    opened: list[Element] = []
    for child in list(row):
        sign = core(child)
        if sign.tag != "mo" or "minsize" not in sign.attrib:
            continue
        while sign.text in PAIRS and opened and core(opened[-1]).text in {"|", "‖"}:
            opened.pop()
        opens = sign.text in PAIRS.values()
        closes = bool(opened) and not opens and core(opened[-1]).text == PAIRS.get(sign.text or "", sign.text)
        if closes and child.tag in SCRIPTED and child[0] is sign:
            _group(row, opened.pop(), child)
        elif closes:
            opened.pop()
        elif child is sign and sign.text not in PAIRS:
            # What has a script ends something: the bar of a value at a point opens nothing.
            opened.append(child)


def _group(row: Element, first: Element, last: Element) -> None:
    start, end = list(row).index(first), list(row).index(last)
    inside = list(row)[start:end]
    group = Element("mrow")
    group.extend([*inside, last[0]])
    last[0] = group
    for part in inside:
        row.remove(part)
