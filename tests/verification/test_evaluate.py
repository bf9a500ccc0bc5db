"""One instance at a time: hypotheses exactly, margins in floats, comparisons in balls."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest

from numerics.arithmetic import Number, exp, log
from numerics.comparison import Reason, Truth, decide
from theory.statement import Equivalence, Hypothesis, Inequality, InputError, Instance
from theory.wu2025.setting import Numbers
from verification import checking
from verification.evaluate import (
    certified,
    check_at,
    consistent,
    float_hypotheses,
    float_margin,
    hypotheses_truth,
    hypothesis_truth,
)


@dataclass(frozen=True, kw_only=True)
class Sample(Instance):
    x: Numbers
    s: Number
    n: int = 1


def claim(left, relation, right, *hypotheses: Hypothesis, **fields) -> Inequality:
    return Inequality(
        id="toy.lemma-1",
        title="a toy",
        says="",
        formula="",
        source="",
        instance=Sample,
        instances=lambda draw, in_force: at(draw.real(0, 1)),
        hypotheses=hypotheses,
        left=left,
        relation=relation,
        right=right,
        **fields,
    )


def at(s: object, *x: object) -> Sample:
    return Sample(s=Fraction(s), x=tuple(map(Fraction, x)))


def given(left, relation, right, *, name: str = "h", standing: bool = False) -> Hypothesis:
    return Hypothesis(name=name, says=name, holds=lambda p: (left(p), relation, right(p)), standing=standing)


THIRD = Fraction(1, 3)


@pytest.mark.parametrize(
    ("relation", "truth"),
    [("<=", Truth.TRUE), (">=", Truth.TRUE), ("==", Truth.TRUE), ("<", Truth.FALSE), (">", Truth.FALSE)],
)
def test_a_rational_hypothesis_is_decided_at_equality_where_balls_and_floats_are_not(relation, truth) -> None:
    touching = given(lambda p: p.s + p.s / 10 + p.s / 5, relation, lambda p: 13 * p.s / 10)
    point = at(THIRD)
    in_balls = decide(lambda a: touching.holds(point.lift(a))[::2], relation)
    assert in_balls.truth is Truth.UNDECIDED
    assert hypothesis_truth(touching, point) is truth
    # Floats see 1/10 + 1/5 above 3/10 and would decide by the rounding.
    assert 0.1 + 0.2 > 0.3
    tenths = given(lambda p: p.s + 2 * p.s, relation, lambda p: 3 * p.s)
    assert hypothesis_truth(tenths, at("1/10")) is truth


def test_a_rational_hypothesis_is_false_a_hair_beyond_equality() -> None:
    bound = given(lambda p: 3 * p.s, "<=", lambda p: 0 * p.s + 1)
    assert hypothesis_truth(bound, at(THIRD + Fraction(1, 10**400))) is Truth.FALSE
    assert hypothesis_truth(bound, at(THIRD - Fraction(1, 10**400))) is Truth.TRUE


def test_a_float_in_a_hypothesis_is_not_taken_for_an_exact_number() -> None:
    # In exact fractions 0.1 * s is rounded to a float, which equals 1/30 rounded; the two numbers differ.
    assert Fraction(0.1) > Fraction(1, 10)
    with pytest.raises(InputError, match="its rounding tells the sides apart"):
        hypothesis_truth(given(lambda p: 0.1 * p.s, "<=", lambda p: p.s / 10), at(THIRD))
    assert hypothesis_truth(given(lambda p: 0.1 * p.s, "<=", lambda p: p.s / 9), at(THIRD)) is Truth.TRUE


def test_a_transcendental_hypothesis_is_decided_in_balls_and_undecided_at_equality() -> None:
    point = at(THIRD)
    assert hypothesis_truth(given(lambda p: exp(p.s), ">", lambda p: 1 + p.s), point) is Truth.TRUE
    assert hypothesis_truth(given(lambda p: exp(p.s), "<", lambda p: 1 + p.s), point) is Truth.FALSE
    touching = given(lambda p: log(exp(p.s)), "<=", lambda p: p.s)
    assert hypothesis_truth(touching, point, last_bits=256) is Truth.UNDECIDED


def test_a_hypothesis_about_numbers_beyond_floats_is_decided() -> None:
    assert hypothesis_truth(given(lambda p: exp(-p.s), "<", lambda p: 1 / p.s), at("1e400")) is Truth.TRUE
    vast = claim(lambda p: p.s, ">", lambda p, c: 0 * p.s, given(lambda p: exp(p.s), ">", lambda p: 0 * p.s))
    assert float_hypotheses(vast, at(1000))
    assert hypotheses_truth(vast, at(1000)) is Truth.TRUE


def test_every_part_of_a_hypothesis_counts_and_no_part_decides_nothing() -> None:
    rising = Hypothesis(name="r", says="", holds=lambda p: [(b - a, ">", 0) for a, b in zip(p.x, p.x[1:], strict=False)])
    assert hypothesis_truth(rising, at(0, 0, 1, 2)) is Truth.TRUE
    assert hypothesis_truth(rising, at(0, 0, 2, 1)) is Truth.FALSE
    assert hypothesis_truth(rising, at(0, 0)) is Truth.UNDECIDED
    assert hypotheses_truth(claim(lambda p: p.s, ">", lambda p, c: 0), at(0)) is Truth.TRUE


def test_the_float_filter_lets_rounding_pass_and_stops_what_is_plainly_false() -> None:
    touching = claim(lambda p: p.s, ">", lambda p, c: 0, given(lambda p: log(exp(p.s)), "<=", lambda p: p.s))
    beyond = claim(lambda p: p.s, ">", lambda p, c: 0, given(lambda p: exp(p.s), "<=", lambda p: p.s))
    exact = claim(lambda p: p.s, ">", lambda p, c: 0, given(lambda p: 3 * p.s, "<=", lambda p: 0 * p.s + 1))
    assert float_hypotheses(touching, at(THIRD))
    assert not float_hypotheses(beyond, at(THIRD))
    assert float_hypotheses(exact, at(THIRD))
    assert not float_hypotheses(exact, at(THIRD + Fraction(1, 10**30)))


def margin(left, relation, right):
    return float_margin(claim(lambda p: left, relation, lambda p, c: right), at(0))


@pytest.mark.parametrize(
    ("left", "relation", "right", "expected"),
    [
        (2.0, ">=", 1.0, math.log(2)),
        (2.0, "<=", 1.0, -math.log(2)),
        (1.0, ">=", 1.0, 0.0),
        (1.0, "==", 3.0, -0.5),
        (0.0, ">=", 0.0, 700.0),
        (0.0, ">=", 1.0, -700.0),
        (1.0, ">=", 0.0, 700.0),
        (-1.0, ">=", -2.0, 700.0),
        (-2.0, ">=", -1.0, -700.0),
        (math.inf, ">=", 1.0, 700.0),
        (math.inf, "<=", 1.0, -700.0),
        (1.0, "<=", math.inf, 700.0),
        (-math.inf, ">=", 1.0, -700.0),
        (math.inf, ">=", math.inf, 700.0),
        (math.inf, "==", 1.0, -1.0),
        (math.inf, "==", math.inf, 0.0),
        (-1.6e308, "<=", 1.6e308, 700.0),
        (1e300, ">=", 1e-300, 700.0),
        (5e-324, ">=", 0.0, 700.0),
    ],
)
def test_the_float_margin_is_negative_exactly_at_violations(left, relation, right, expected) -> None:
    assert margin(left, relation, right).margin == pytest.approx(expected)


def test_a_side_that_is_not_a_number_has_no_margin_wherever_it_stands() -> None:
    for left in (math.nan, np.array([math.nan, -1.0]), np.array([-1.0, math.nan]), np.array([])):
        assert math.isnan(margin(left, ">=", 0.0).margin)
    # The wrong way: a plain minimum depends on where the NaN stands.
    assert min([1.0, math.nan]) == 1.0


def test_the_worst_entry_of_an_array_gives_the_margin_and_all_entries_the_triviality() -> None:
    assert margin(np.array([4.0, 2.0]), ">=", 1.0).margin == pytest.approx(math.log(2))
    assert margin(np.array([4.0, 2.0]), ">=", 1.0).ratio == pytest.approx(2)
    assert margin(np.array([4.0, 2.0]), ">=", np.array([-1.0, 0.0])).trivial
    assert not margin(np.array([4.0, 2.0]), ">=", np.array([-1.0, 1.0])).trivial


def test_a_comparison_in_balls_is_true_false_or_undecided_with_the_radius_that_remained() -> None:
    def compare(left, relation, right, **bits):
        return certified(claim(left, relation, lambda p, c: right(p)), at(THIRD), **bits)

    assert compare(lambda p: exp(p.s), ">=", lambda p: 1 + p.s).truth is Truth.TRUE
    assert compare(lambda p: exp(p.s), "<=", lambda p: 1 + p.s).truth is Truth.FALSE
    touching = compare(lambda p: log(exp(p.s)), ">=", lambda p: p.s, last_bits=128)
    assert touching.truth is Truth.UNDECIDED
    assert touching.reason is Reason.OVERLAP
    assert 0 < touching.radius < 2.0**-120
    assert touching.bits == 128
    assert touching.equal_bits >= 120
    assert consistent(touching)
    # A strict claim is not satisfied by numbers that may be equal.
    assert not consistent(compare(lambda p: log(exp(p.s)), ">", lambda p: p.s, last_bits=128))
    assert not consistent(compare(lambda p: p.s * math.nan, ">=", lambda p: p.s, last_bits=128))


def test_counts_are_compared_as_the_integers_they_are_and_not_as_floats() -> None:
    counts = claim(lambda p: p.n**20, ">=", lambda p, c: p.n**20 + 1)
    point = replace(at(0), n=7)
    assert float(7**20) >= float(7**20 + 1)
    assert certified(counts, point).truth is Truth.FALSE
    # A float beside a ball: the ball is 1/3 more than 10^17, which floats cannot tell.
    mixed = claim(lambda p: 1e17, ">=", lambda p, c: 10**17 + p.s)
    assert certified(mixed, at(THIRD)).truth is Truth.FALSE
    assert certified(claim(lambda p: Fraction(1, 3), "<=", lambda p, c: p.s * 2), at(THIRD)).truth is Truth.TRUE


def test_an_identity_stops_at_a_precision_that_says_enough() -> None:
    product = claim(lambda p: exp(p.s) * exp(-p.s), "==", lambda p, c: 0 * p.s + 1)
    found = certified(product, at(THIRD))
    assert found.bits == 256
    assert found.equal_bits > 240
    *_, words = checking.check(product, '{"x": [], "s": "1/3", "n": 1}')[0]
    assert re.search(r"true as far as balls can tell: equal to \d+ bits", words)
    wrong = claim(lambda p: exp(p.s) * exp(-p.s), "==", lambda p, c: 1 + p.s / 10**60)
    assert certified(wrong, at(THIRD)).truth is Truth.FALSE


@pytest.mark.parametrize(("s", "truth"), [(1, Truth.TRUE), ("1/4", Truth.TRUE), ("2/3", Truth.FALSE)])
def test_an_equivalence_compares_the_truths_of_its_conditions(s, truth) -> None:
    fields = {name: "" for name in ("title", "says", "formula", "source")}
    both = Equivalence(
        id="toy.remark-1",
        instance=Sample,
        instances=lambda draw, in_force: at(0),
        first=lambda p: (2 * p.s, ">=", 1 + 0 * p.s),
        second=lambda p: (p.s, ">=", exp(-p.s / 1000)),
        **fields,
    )
    assert certified(both, at(s)).truth is truth


def test_the_check_at_ones_own_numbers_says_which_hypothesis_fails() -> None:
    small = given(lambda p: p.s, "<=", lambda p: 0 * p.s + 1, name="small")
    even = given(lambda p: p.s, ">=", lambda p: 0 * p.s, name="not negative")
    found = check_at(claim(lambda p: exp(p.s), ">=", lambda p, c: 1 + p.s, even, small), {"s": 2, "x": []})
    assert [(name, truth) for name, _, truth in found.hypotheses] == [("not negative", Truth.TRUE), ("small", Truth.FALSE)]
    assert found.verdict is Truth.TRUE
    assert found.left.startswith("[7.38905609893065")


def test_the_sides_are_not_evaluated_outside_the_standing_setting() -> None:
    def never(_p):
        raise AssertionError("evaluated")

    setting = given(lambda p: p.s, ">", lambda p: 0 * p.s, name="s > 0", standing=True)
    later = Hypothesis(name="later", says="", holds=never)
    found = check_at(claim(never, ">=", never, setting, later), {"s": 0, "x": []})
    assert [(name, truth) for name, _, truth in found.hypotheses] == [("s > 0", Truth.FALSE)]
    assert found.verdict is Truth.UNDECIDED


def test_sides_that_are_not_defined_where_a_hypothesis_fails_are_left_out() -> None:
    positive = given(lambda p: p.s, ">", lambda p: 0 * p.s, name="s > 0")
    found = check_at(claim(lambda p: 1 / len(range(int(p.n))), ">=", lambda p, c: p.s, positive), {"s": 0, "x": [], "n": 0})
    assert [(name, truth) for name, _, truth in found.hypotheses] == [("s > 0", Truth.FALSE)]
    assert found.verdict is Truth.UNDECIDED


@pytest.mark.parametrize(
    ("s", "words"),
    [
        (
            "1e3999",
            "toy.lemma-1: its conclusion cannot be computed: s holds a number of size 1e3999, beyond the range of floats",
        ),
        ("-1e-3500", "cannot be computed: s holds a number of size 1e-3500"),
        ("2", "toy.lemma-1: its conclusion cannot be computed at these numbers (OverflowError: s = 2 is too large)"),
    ],
)
def test_what_cannot_be_computed_at_ones_own_numbers_is_one_line_that_says_why(s, words) -> None:
    def left(_p):
        raise OverflowError("s = 2 is too large\nsecond line")

    for statement in (claim(left, ">=", left), claim(left, ">=", left, given(left, ">", left, name="small"))):
        with pytest.raises(InputError) as caught:
            check_at(statement, {"s": s, "x": []})
        expected = words if not statement.hypotheses else words.replace("toy.lemma-1: its conclusion", "hypothesis small")
        assert expected in str(caught.value)
        assert "\n" not in str(caught.value)


def test_numbers_that_ask_for_too_much_work_are_given_up_in_one_line(monkeypatch) -> None:
    monkeypatch.setattr(checking, "SECONDS", 0.05)
    endless = claim(lambda p: sum(1 for _ in range(10**12)), ">=", lambda p, c: p.s)
    with pytest.raises(InputError, match=r"^toy\.lemma-1 is not decided at these numbers after 0\.05 s: try smaller ones$"):
        checking.check(endless, '{"s": 1, "x": []}')


def test_an_equality_case_at_ones_own_numbers_counts_as_true() -> None:
    found = check_at(claim(lambda p: log(exp(p.s)), ">=", lambda p, c: p.s), {"s": "1/3", "x": []}, last_bits=256)
    assert found.comparison.truth is Truth.UNDECIDED
    assert found.comparison.equal_bits > 200
    assert found.verdict is Truth.TRUE


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"s": 1, "x": [], "z": 2}, "unknown field 'z': this statement takes x, s, n"),
        ({"s": 1}, "missing field 'x': this statement takes x, s, n"),
        ({"s": "two", "x": []}, "'two' is not a finite number"),
        ({"s": math.nan, "x": []}, "nan is not a finite number"),
        ({"s": math.inf, "x": []}, "inf is not a finite number"),
        ({"s": "1/0", "x": []}, "'1/0' is not a finite number"),
        ({"s": True, "x": []}, "True is not a finite number"),
        ({"s": None, "x": []}, "None is not a finite number"),
        ({"s": [1, 2], "x": []}, "field 's' takes one number, not [1, 2]"),
        ({"s": 1, "x": 3}, "field 'x' takes a list of numbers, not 3"),
        ({"s": 1, "x": [0, "nan"]}, "'nan' is not a finite number"),
        ({"s": 1, "x": [[0]]}, "field 'x': [0] is not a finite number"),
        ({"s": "", "x": []}, "field 's': '' is not a finite number"),
        ({"s": "1e", "x": []}, "field 's': '1e' is not a finite number"),
        ({"s": "1e-99999999", "x": []}, "field 's': '1e-99999999' is out of range: powers of ten up to 4000"),
        ({"s": "1E+1_0000_0000", "x": []}, "'1E+1_0000_0000' is out of range"),
        ({"s": "1e" + "9" * 5000, "x": []}, "999... is out of range"),
        ({"s": "a" * 5000, "x": []}, "aaa... is not a finite number"),
        ({"s": 1, "x": [], "n": "1/2"}, "field 'n' takes an integer, not '1/2'"),
    ],
)
def test_a_wrong_value_is_answered_by_one_line_that_names_it(data, words) -> None:
    with pytest.raises(InputError) as caught:
        Sample.parse(data)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_decimal_string_is_exact_and_a_float_is_its_binary_value() -> None:
    assert Sample.parse({"s": "0.1", "x": ["1e-3"]}).s == Fraction(1, 10)
    assert Sample.parse({"s": 0.1, "x": []}).s == Fraction(0.1) != Fraction(1, 10)
    bound = claim(lambda p: p.s, "<=", lambda p, c: 0 * p.s, given(lambda p: 10 * p.s, "<=", lambda p: 0 * p.s + 1))
    assert check_at(bound, {"s": "0.1", "x": []}).hypotheses[0][2] is Truth.TRUE
    assert check_at(bound, {"s": 0.1, "x": []}).hypotheses[0][2] is Truth.FALSE


def test_data_survives_a_round_trip_exactly() -> None:
    point = Sample(x=(Fraction(-1, 3), Fraction(2)), s=Fraction(1, 7), n=4)
    assert point.data() == {"x": ["-1/3", 2], "s": "1/7", "n": 4}
    assert Sample.parse(point.data()) == point


@pytest.mark.parametrize("postponed", ["", "from __future__ import annotations\n"])
def test_integers_and_vectors_are_told_from_numbers_with_postponed_annotations_and_without(postponed) -> None:
    fields = " n: int\n s: Number\n x: Numbers\n y: tuple[Number, ...]\n"
    text = f"{postponed}@dataclass(frozen=True, kw_only=True)\nclass P(Instance):\n{fields}"
    space = {"Instance": Instance, "dataclass": dataclass, "Number": Number, "Numbers": Numbers, "__name__": __name__}
    exec(compile(text, "user", "exec", 0, True), space)
    point = space["P"].parse({"n": 3, "s": 1, "x": ["1/2"], "y": (2, 3)})
    assert type(point.n) is int
    assert (point.x, point.y) == ((Fraction(1, 2),), (2, 3))
    with pytest.raises(InputError, match=r"field 's' takes one number, not .*a field annotated Numbers takes a list"):
        space["P"].parse({"n": 3, "s": [1], "x": [], "y": []})
