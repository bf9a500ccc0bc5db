from __future__ import annotations

import pytest

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


def test_every_formula_of_the_papers_is_drawn_as_mathematics_of_the_core_alone() -> None:
    statements = load(None)
    assert not [key for key, entry in statements.items() if not rendered(entry.formula)]
    drawn = [formula(entry.formula) for entry in statements.values()]
    assert {part.tag for math in drawn for part in math.iter()} <= CORE
    assert {part.get("mathvariant") for math in drawn for part in math.iter()} <= {None, "normal"}
    assert not [part for math in drawn for part in math.iter() if "&" in (part.text or "") and part.tag != "mtext"]


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
