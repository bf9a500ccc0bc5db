"""Formulas in LaTeX as MathML Core, which browsers draw themselves: nothing to load, and nothing to run.

The converter writes an older MathML in places: variants of letters, fences and names of functions are corrected here, with the
spaces that LaTeX leaves about them.
"""

from __future__ import annotations

import html
import unicodedata
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element
from latex2mathml.symbols_parser import convert_symbol

from verification.reports.html_markup import clean, element

STYLES = {"script": "SCRIPT", "double-struck": "DOUBLE-STRUCK", "bold": "BOLD", "fraktur": "FRAKTUR"}
"""MathML Core has no variants of letters: those of LaTeX are characters of their own."""
OLDER = {"DOUBLE-STRUCK": "DOUBLE-STRUCK", "SCRIPT": "SCRIPT", "FRAKTUR": "BLACK-LETTER"}
"""How Unicode calls the characters that it had before it had the alphabets."""
FENCES = frozenset("⌊⌋⌈⌉⟨⟩")
PAIRS = {")": "(", "]": "[", "}": "{", "⌋": "⌊", "⌉": "⌈", "⟩": "⟨"}
"""A closing fence to its opening one; a bar closes what a bar opened."""
LETTERS = frozenset("∂∞∇")
"""Signs that LaTeX sets like letters, with no space about them."""
LIMITS = frozenset({"lim", "liminf", "limsup", "max", "min", "sup", "inf", "argmax", "argmin"})
SCRIPTED = {"msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2, "munderover": 3}
PARTS = {"mfrac": 2, "mroot": 2, **SCRIPTED}
"""How many parts an element must have to be drawn."""
CLOSING = frozenset(")]}|‖!⌋⌉⟩")
"""What a quantity may end with: a sign behind it joins two quantities, and a name behind it stands apart."""
THIN = "0.167em"


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
        _correct(part)
    for part in list(math.iter()):
        _negate(part)
        _pair(part)
    for part in list(math.iter()):
        _space(part)
    return math if all(map(_whole, math.iter())) else None


def _whole(part: Element) -> bool:
    unread = part.tag != "mtext" and "\\" in (part.text or "")
    return not unread and len(part) == PARTS.get(part.tag, len(part))


def _correct(part: Element) -> None:
    # The converter writes characters as references, which would be escaped once more.
    text = clean(html.unescape(part.text or ""))
    if part.tag == "mo" and "minsize" in part.attrib:
        text = _fence(text)
        part.set("stretchy", "true")
    style = STYLES.get(part.get("mathvariant", ""))
    if part.get("mathvariant") != "normal":
        part.attrib.pop("mathvariant", None)
    if style and text.isalnum():
        text = "".join(_letter(character, style) for character in text)
    part.text = text or None
    if part.get("width") == "negativethinmathspace":
        part.set("width", f"-{THIN}")
    if part.tag in {"mi", "mo"}:
        _classify(part, text)


def _classify(part: Element, text: str) -> None:
    if text in FENCES:
        part.tag = "mo"
        part.set("stretchy", "false")
    elif text in LETTERS or (len(text) == 1 and "Α" <= text <= "Ω"):
        part.tag = "mi"
        part.set("mathvariant", "normal")
    elif text in {"|", "/"}:
        part.set("lspace", "0")
        part.set("rspace", "0")
    elif text and part.tag == "mi" and not text[0].isalnum():
        part.tag = "mo"
    elif _is_name(text):
        part.tag = "mo"
        if text in LIMITS:
            part.set("movablelimits", "true")


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
        core = _core(child)
        if core.tag != "mo" or "minsize" not in core.attrib:
            continue
        while core.text in PAIRS and opened and _core(opened[-1]).text in {"|", "‖"}:
            opened.pop()
        if not opened or _core(opened[-1]).text != PAIRS.get(core.text or "", core.text) or core.text in PAIRS.values():
            opened.append(child)
        elif child.tag in SCRIPTED and child[0] is core:
            first, last = list(row).index(opened.pop()), list(row).index(child)
            group = Element("mrow")
            group.extend([*list(row)[first:last], core])
            child[0] = group
            for part in list(row)[first:last]:
                row.remove(part)
        else:
            opened.pop()


def _space(row: Element) -> None:
    """Space names of functions and signs as LaTeX does, by what stands before and behind them in their row."""
    for place, child in enumerate(row if row.tag not in SCRIPTED else ()):
        core = _core(child)
        before = _core(row[place - 1]) if place else None
        after = _core(row[place + 1]) if place + 1 < len(row) else None
        opens = before is None or (before.tag == "mo" and (before.text or "") not in CLOSING)
        if core.tag != "mo":
            continue
        if (core.text or "") in {"−", "+", "±"} and opens:
            core.set("form", "prefix")
        elif _is_name(core.text or ""):
            child.tag = "munder" if child.tag == "msub" and core.text in LIMITS else child.tag
            core.set("lspace", "0" if opens else THIN)
            core.set("rspace", "0" if after is None or (after.text or "")[:1] in {"(", "[", "{"} else THIN)


def _is_name(text: str) -> bool:
    return len(text) > 1 and text.isalpha()


def _core(part: Element) -> Element:
    while part.tag in SCRIPTED and len(part):
        part = part[0]
    return part


def _fence(token: str) -> str:
    # Behind a size such as \Big the converter leaves a fence as it is written in LaTeX.
    code = convert_symbol(token) if token.startswith("\\") else None
    return chr(int(code, 16)) if code else token.removeprefix("\\") if token in {r"\{", r"\}"} else token


def _letter(character: str, style: str) -> str:
    name = unicodedata.name(character, "")
    if name.startswith("DIGIT "):
        names = [f"MATHEMATICAL {style} {name}"]
    else:
        case = "CAPITAL" if character.isupper() else "SMALL"
        letter = f"{case} {character.upper()}"
        names = [f"MATHEMATICAL {style} {letter}", f"{OLDER.get(style, style)} {letter}"]
    for wanted in names:
        try:
            return unicodedata.lookup(wanted)
        except KeyError:
            continue
    return character
