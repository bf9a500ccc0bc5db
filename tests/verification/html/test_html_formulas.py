from __future__ import annotations

import unicodedata
from xml.etree.ElementTree import Element

import pytest
from fontTools.ttLib import TTFont

from verification.reports.html import ASSETS
from verification.reports.html_formulas import formula, rendered
from verification.reports.html_markup import written
from verification.selection import load

CORE = {
    "math", "mrow", "mi", "mo", "mn", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msub", "msup", "msubsup",
    "munder", "mover", "munderover", "mstyle", "mpadded", "mtable", "mtr", "mtd",
}  # fmt: skip
# '\quad' runs into the letter behind it in these, which LaTeX refuses as well.


def shape(part) -> object:
    """Tags and texts as nested lists."""
    return [part.tag, part.text or "", *map(shape, part)] if len(part) or part.text else [part.tag]


def texts(latex: str) -> str:
    return "".join(formula(latex).itertext())


@pytest.fixture(scope="module")
def drawn() -> dict[str, Element]:
    """The formula of every statement of the papers."""
    return {key: formula(entry.formula) for key, entry in load(None).items()}


def test_every_formula_of_the_papers_is_drawn_as_mathematics_of_the_core_alone(drawn) -> None:
    assert not [key for key, math in drawn.items() if math.tag != "math"]
    parts = [part for math in drawn.values() for part in math.iter()]
    assert {part.tag for part in parts} <= CORE
    assert {part.get("mathvariant") for part in parts} <= {None, "normal"}
    assert not [part for part in parts if "&" in (part.text or "") and part.tag != "mtext"]


def drawn_as(part: Element) -> set[str]:
    """The characters that a browser draws for an element: a single letter is slanted."""
    text = part.text or ""
    if part.tag != "mi" or len(text) != 1 or part.get("mathvariant") == "normal":
        return set(text)
    name = unicodedata.name(text).removeprefix("LATIN ").removeprefix("GREEK ").replace("LETTER ", "")
    try:
        return {"ℎ" if text == "h" else unicodedata.lookup(f"MATHEMATICAL ITALIC {name}")}
    except KeyError:
        return {text}


def test_the_font_of_the_page_has_every_character_of_every_formula_and_roots_of_one_width(drawn) -> None:
    font = TTFont(ASSETS / "quod-math.woff")
    characters = font.getBestCmap()
    needed = set().union(*(drawn_as(part) for math in drawn.values() for part in math.iter()))
    assert len(needed) > 150
    assert {unicodedata.name(sign) for sign in needed if ord(sign) not in characters} == set()
    variants = font["MATH"].table.MathVariants
    root = variants.VertGlyphConstruction[variants.VertGlyphCoverage.glyphs.index(characters[ord("√")])]
    assert len({font["hmtx"][record.VariantGlyph][0] for record in root.MathGlyphVariantRecord}) == 1


def test_a_fraction_a_root_and_scripts_have_their_elements() -> None:
    math = formula(r"\frac{a}{b}+\sqrt{x_i^2}")
    fraction = ["mfrac", "", ["mrow", "", ["mi", "a"]], ["mrow", "", ["mi", "b"]]]
    root = ["msqrt", "", ["mrow", "", ["msubsup", "", ["mi", "x"], ["mi", "i"], ["mn", "2"]]]]
    assert shape(math[0]) == ["mrow", "", fraction, ["mo", "+"], root]
    assert math.get("display") == "block"
    assert math.get("xmlns") is None


@pytest.mark.parametrize(
    ("latex", "characters"),
    [
        (r"\mathcal Z", "𝒵"), (r"\mathcal L", "ℒ"), (r"\mathbb R", "ℝ"), (r"\mathbb E", "𝔼"), (r"\mathbf x", "𝐱"),
        (r"\Big\|x\Big\|", "‖x‖"), (r"\Big\{x\Big\}", "{x}"), (r"\big\lfloor x\big\rfloor", "⌊x⌋"),
        (r"a\not=b", "a≠b"), (r"\lceil x\rceil\pm1", "⌈x⌉±1"),
    ],
)  # fmt: skip
def test_letters_of_other_alphabets_and_fences_are_characters(latex: str, characters: str) -> None:
    assert texts(latex) == characters


def test_a_fence_with_a_script_ends_a_group_that_browsers_can_stretch() -> None:
    math = formula(r"c\Big(\frac ab\Big|y\Big)^2")
    assert math[0][0].text == "c"
    script = math[0][1]
    assert (script.tag, script[0].tag, script[1].text) == ("msup", "mrow", "2")
    assert [part.text for part in script[0]] == ["(", None, "|", "y", ")"]
    assert {fence.get("stretchy") for fence in script[0].iter("mo")} == {"true"}


def test_the_bar_of_a_value_at_a_point_opens_nothing() -> None:
    math = formula(r"f\big|_{a}>f\big|_{b}")
    assert [part.tag for part in math[0]] == ["mi", "msub", "mo", "mi", "msub"]


def test_nested_fences_make_nested_groups() -> None:
    math = formula(r"\Big(\Big(x\Big)^2\Big)^3")
    outer = math[0][0]
    assert (outer.tag, outer[1].text, outer[0][1].tag, outer[0][1][1].text) == ("msup", "3", "msup", "2")


def test_primes_stand_beside_each_other_above_an_index() -> None:
    for count in (1, 2, 3):
        script = formula(r"s_\theta" + "'" * count)[0][0]
        assert (script.tag, [part.text for part in script]) == ("msubsup", ["s", "θ", "′" * count])


def test_a_tilde_is_an_accent_and_a_relation_is_none() -> None:
    math = formula(r"\tilde w\sim N")
    assert [part.text for part in math.iter("mo")] == ["~", "∼"]


def test_two_norms_with_scripts_make_two_groups() -> None:
    math = formula(r"\Big\|A\Big\|_F^2+\Big\|B\Big\|_F^2")
    assert [part.tag for part in math[0]] == ["msubsup", "mo", "msubsup"]


def test_names_of_functions_are_operators_with_the_spaces_of_latex() -> None:
    math = formula(r"2\ln x+\max_k y+f(\exp(z))")
    names = {part.text: part for part in math.iter("mo") if part.text and part.text.isalpha()}
    assert (names["ln"].get("lspace"), names["ln"].get("rspace")) == ("0.167em", "0.167em")
    assert (names["exp"].get("lspace"), names["exp"].get("rspace")) == ("0", "0")
    assert names["max"].get("movablelimits") == "true"
    assert [part for part in math.iter("munder") if part[0] is names["max"]]


def test_signs_that_join_nothing_have_no_space_and_an_arrow_that_points_up_does_not_grow() -> None:
    math = formula(r"f(\cdot,x\cdot y)=\#5\%\downarrow\uparrow")
    assert [part.get("rspace") for part in math.iter("mo") if part.text == "·"] == ["0", None]
    assert [part.tag for part in math.iter() if part.text in {"#", "%"}] == ["mi", "mi"]
    assert [part.get("stretchy") for part in math.iter("mo") if part.text in {"↑", "↓"}] == ["false", "false"]


def test_a_sign_after_a_fence_is_no_difference() -> None:
    math = formula(r"(-x)-y")
    assert [part.get("form") for part in math.iter("mo") if part.text == "−"] == ["prefix", None]


@pytest.mark.parametrize("latex", [r"\frac{a", r"\nonsense{x}", r"a}b{", r"\begin{matrix}", r"\left(", "\\"])
def test_what_is_no_latex_is_shown_as_it_stands(latex: str) -> None:
    shown = formula(latex)
    assert not rendered(latex)
    assert (shown.tag, shown.text) == ("code", latex)


def test_text_in_a_formula_cannot_become_markup() -> None:
    text = written(formula(r"\text{<script>alert(1)</script> \& <img src=x>} < x"))
    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
