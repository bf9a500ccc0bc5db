"""The signs of a formula as MathML Core has them: letters of other alphabets, fences, names of functions, and their spaces."""

from __future__ import annotations

import html
import unicodedata
from xml.etree.ElementTree import Element

from latex2mathml.symbols_parser import convert_symbol

from verification.reports.html_markup import clean

STYLES = {"script": "SCRIPT", "double-struck": "DOUBLE-STRUCK", "bold": "BOLD", "fraktur": "FRAKTUR"}
"""MathML Core has no variants of letters: those of LaTeX are characters of their own."""
OLDER = {"DOUBLE-STRUCK": "DOUBLE-STRUCK", "SCRIPT": "SCRIPT", "FRAKTUR": "BLACK-LETTER"}
"""How Unicode calls the characters that it had before it had the alphabets."""
WRITTEN = {"″": "′′", "‴": "′′′", "⁗": "′′′′", "―": "‾", "◻": "□"}
"""Signs that few fonts have, and what is written for them."""
FENCES = frozenset("⌊⌋⌈⌉⟨⟩")
LETTERS = frozenset("∂∞∇#%")
"""Signs that LaTeX sets like letters, with no space about them."""
LIMITS = frozenset({"lim", "liminf", "limsup", "max", "min", "sup", "inf", "argmax", "argmin"})
SCRIPTED = {"msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2, "munderover": 3}
"""Elements whose first part has the others about it, with the number of their parts."""
CLOSING = frozenset(")]}|‖!⌋⌉⟩")
"""What a quantity may end with: a sign behind it joins two quantities, and a name behind it stands apart."""
THIN, HAIR = "0.167em", "0.06em"
"""What LaTeX leaves about names, and what keeps a bar from slanted letters."""


def correct(part: Element) -> None:
    """Write one element of the converter as MathML Core has it.

    Parameters
    ----------
    part
        The element, which is changed.
    """
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
    text = WRITTEN.get(text, text)
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
    elif text in {"|", "‖", "/"}:
        gap = "0" if text == "/" else HAIR
        part.set("lspace", gap)
        part.set("rspace", gap)
    elif text in {"↑", "↓"} and "minsize" not in part.attrib:
        part.set("stretchy", "false")
    elif text and part.tag == "mi" and not text[0].isalnum():
        part.tag = "mo"
    elif is_name(text):
        part.tag = "mo"
        if text in LIMITS:
            part.set("movablelimits", "true")


def space(row: Element) -> None:
    """Space names of functions and signs as LaTeX does, by what stands before and behind them in their row.

    Parameters
    ----------
    row
        The row, which is changed.
    """
    for place, child in enumerate(row if row.tag not in SCRIPTED else ()):
        sign = core(child)
        before = core(row[place - 1]) if place else None
        after = core(row[place + 1]) if place + 1 < len(row) else None
        opens = before is None or (before.tag == "mo" and (before.text or "") not in CLOSING)
        if sign.tag != "mo":
            continue
        if (sign.text or "") in {"−", "+", "±"} and opens:
            sign.set("form", "prefix")
        elif sign.text == "~":
            # The converter writes one character for \sim and for the accent \tilde, which stands in no row.
            sign.text = "∼"
        elif sign.text == "·" and opens:
            # It stands for an argument, and joins nothing.
            sign.set("lspace", "0")
            sign.set("rspace", "0")
        elif is_name(sign.text or ""):
            child.tag = "munder" if child.tag == "msub" and sign.text in LIMITS else child.tag
            sign.set("lspace", "0" if opens else THIN)
            sign.set("rspace", "0" if after is None or (after.text or "")[:1] in {"(", "[", "{"} else THIN)


def is_name(text: str) -> bool:
    """Return whether an operator is the name of a function, such as ``exp``."""
    return len(text) > 1 and text.isalpha()


def core(part: Element) -> Element:
    """Return what a part is without its scripts."""
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
