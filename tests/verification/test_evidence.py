"""The evidence engine on toy statements: what it must find, and what it must refuse to say."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from numerics import calibration
from numerics.arithmetic import Number, exp, log
from numerics.comparison import Truth, decide
from theory.statement import (
    Draw,
    Equivalence,
    Hypothesis,
    Inequality,
    InputError,
    Instance,
    Proof,
    ProofStep,
    changed,
    past_the_slack,
    without,
)
from verification.budget import PROFILES
from verification.evaluate import certified, check_at, float_hypotheses, hypothesis_truth
from verification.judge import judge
from verification.outcome import Verdict
from verification.search import Search, ascend, explore

BUDGET = dataclasses.replace(PROFILES["quick"], cases=80)


@dataclass(frozen=True, kw_only=True)
class Pair(Instance):
    a: Number
    b: Number


def pairs(draw: Draw, in_force: frozenset[str]) -> Pair:
    low = 0.0 if "positive" in in_force else -4.0
    return Pair(a=Fraction(draw.real(low, 4)).limit_denominator(1000), b=Fraction(draw.real(low, 4)).limit_denominator(1000))


positive = Hypothesis(name="positive", says="a, b >= 0", holds=lambda p: [(p.a, ">=", 0 * p.a), (p.b, ">=", 0 * p.b)])
never = Hypothesis(name="never", says="a > a + 1", holds=lambda p: (p.a, ">", p.a + 1))


def claim(**fields: object) -> Inequality:
    base = {
        "id": "toy.lemma-1",
        "title": "a toy",
        "says": "exp(-a) >= c (1 - a)",
        "formula": "e^{-a} \\ge c (1-a)",
        "source": "toy",
        "instance": Pair,
        "instances": pairs,
        "hypotheses": (positive,),
        "left": lambda p: exp(-p.a) + 1,
        "relation": ">=",
        "right": lambda p, c: c.c * (2 - p.a),
        "constants": {"c": Fraction(1)},
    }
    return Inequality(**(base | fields))


def verdict(statement: object) -> Verdict:
    return judge(statement, budget=BUDGET, seed=1).verdict


def test_a_true_inequality_holds_and_all_its_false_neighbours_fall() -> None:
    statement = claim(mutants=(past_the_slack("c"), changed("2 for 1", constants={"c": Fraction(2)})))
    found = judge(statement, budget=BUDGET, seed=1)
    assert found.verdict is Verdict.HOLDS
    assert [tooth.refuted for tooth in found.teeth] == [True, True]
    assert found.hypotheses["rate"] == 1.0


def test_a_false_inequality_is_refuted_by_a_small_certified_counterexample() -> None:
    found = judge(claim(right=lambda p, c: 2 - p.a + p.a * p.a * p.b / 7), budget=BUDGET, seed=1)
    assert found.verdict is Verdict.REFUTED
    data = {name: Fraction(value) for name, value in found.counterexample.data.items()}
    assert math.exp(-data["a"]) + 1 < 2 - data["a"] + data["a"] ** 2 * data["b"] / 7
    assert max(value.denominator for value in data.values()) <= 4


def test_no_instance_and_no_content_are_vacuous() -> None:
    assert verdict(claim(hypotheses=(positive, never))) is Verdict.VACUOUS
    assert verdict(claim(right=lambda p, c: -1 - p.a)) is Verdict.VACUOUS


def test_a_side_that_is_not_a_number_is_neither_true_nor_false() -> None:
    assert verdict(claim(left=lambda p: p.a * math.nan)) is Verdict.UNDECIDED


def test_an_instrument_out_of_calibration_decides_nothing_and_is_named(monkeypatch) -> None:
    broken = calibration.calibrate_quadrature(1e-3)
    broken = dataclasses.replace(broken, passed=False, summary="quadrature is off by 3")
    monkeypatch.setitem(calibration.CALIBRATIONS, "quadrature", lambda _scale: broken)
    found = judge(claim(instruments=("quadrature@1e-3",)), budget=BUDGET, seed=1)
    assert found.verdict is Verdict.UNDECIDED
    assert "quadrature is off by 3" in found.reason


def test_a_dropped_hypothesis_that_changes_nothing_is_a_finding_and_a_planted_truth_survives() -> None:
    statement = claim(mutants=(without("positive"), changed("still true", constants={"c": Fraction(1, 2)})))
    dropped, planted = judge(statement, budget=BUDGET, seed=1).teeth
    assert dropped.finding is not None
    assert not dropped.survives
    assert planted.survives


def test_a_hypothesis_that_is_needed_is_shown_to_be() -> None:
    statement = claim(left=lambda p: p.a + 1, right=lambda p, c: c.c * (1 - p.b), mutants=(without("positive"),))
    assert [tooth.refuted for tooth in judge(statement, budget=BUDGET, seed=1).teeth] == [True]


def test_a_proof_with_a_false_step_proves_nothing() -> None:
    step = ProofStep(says="1 = 2", check=lambda: (Truth.FALSE, "it is not"))
    found = judge(claim(proof=Proof(set="all", argument="", steps=(step,))), budget=BUDGET, seed=1)
    assert found.verdict is Verdict.UNDECIDED
    assert "1 = 2" in found.reason


def test_a_violation_that_only_rounding_makes_is_not_one() -> None:
    # (a + 10^17) - 10^17 loses a in floats, so that the float sides are in the wrong order; the balls know better.
    huge = 10**17
    statement = claim(left=lambda p: (p.a + huge) - huge, right=lambda p, c: p.a * c.c, gallery=({"a": "1/3", "b": 0},))
    assert verdict(statement) is not Verdict.REFUTED


def test_rational_hypotheses_are_decided_exactly_at_equality_where_balls_are_not() -> None:
    at_boundary = Hypothesis(name="b", says="3 a <= b", holds=lambda p: (3 * p.a, "<=", p.b))
    point = Pair(a=Fraction(1, 9), b=Fraction(1, 3))
    balls_only = decide(lambda arithmetic: (3 * point.lift(arithmetic).a, point.lift(arithmetic).b), "<=", last_bits=256)
    assert balls_only.truth is Truth.UNDECIDED
    assert hypothesis_truth(at_boundary, point) is Truth.TRUE
    assert hypothesis_truth(at_boundary, Pair(a=Fraction(1, 9) + Fraction(1, 10**40), b=Fraction(1, 3))) is Truth.FALSE
    assert float_hypotheses(claim(hypotheses=(at_boundary,)), point)


def test_an_equality_case_is_reported_to_so_many_bits() -> None:
    statement = claim(left=lambda p: exp(p.a) * exp(-p.a), right=lambda p, c: c.c * (0 * p.a + 1))
    comparison = certified(statement, Pair(a=Fraction(1, 3), b=Fraction(0)), last_bits=256)
    assert comparison.truth is Truth.UNDECIDED
    assert comparison.equal_bits > 200
    assert verdict(statement) is Verdict.HOLDS


def test_the_check_at_ones_own_numbers_names_the_hypothesis_that_fails() -> None:
    found = check_at(claim(), {"a": -1, "b": "1/3"})
    assert [(name, truth) for name, _, truth in found.hypotheses] == [("positive", Truth.FALSE)]
    assert found.verdict is Truth.TRUE


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"a": 1}, "missing field 'b'"),
        ({"a": 1, "b": 2, "d": 3}, "unknown field 'd'"),
        ({"a": "x", "b": 2}, "'x' is not a finite number"),
        ({"a": "nan", "b": 2}, "'nan' is not a finite number"),
        ({"a": [1], "b": 2}, "takes one number"),
    ],
)
def test_bad_data_gets_one_line_that_names_it(data, words) -> None:
    with pytest.raises(InputError, match=words):
        Pair.parse(data)


def test_decimals_are_exact_and_floats_are_their_binary_values() -> None:
    assert Pair.parse({"a": "0.1", "b": 0}).a == Fraction(1, 10)
    assert Pair.parse({"a": 0.1, "b": 0}).a == Fraction(0.1) != Fraction(1, 10)


@dataclass(frozen=True, kw_only=True)
class Point(Instance):
    x: Number
    y: Number


def _points(draw: Draw, _in_force: frozenset[str]) -> Point:
    return Point(x=Fraction(draw.real(0, 1)), y=Fraction(draw.real(0, 1)))


def basin(p: Point) -> Number:
    """Return a bowl that dips below 0 within 0.01 of (0.637, 0.219) only, while the tight family x = 0 stays above 0."""
    return (p.x - 0.637) ** 2 + (p.y - 0.219) ** 2 - 1e-4


planted = claim(
    instance=Point, instances=_points, hypotheses=(), left=lambda p: 1 + basin(p), right=lambda p, c: 1 + 0 * p.x, constants={}
)


def test_the_search_finds_a_violation_planted_in_a_small_basin_that_chance_misses() -> None:
    search = Search()
    explore(planted, search, cases=60, seed=3)
    for case in list(search.worst[:3]):
        ascend(planted, search, case, steps=100)
    assert search.least_margin < 0
    rng = np.random.default_rng(3)
    blind = [basin(Point(x=x, y=y)) for x, y in rng.random((search.drawn + search.ascended, 2))]
    assert min(blind) > 0


def test_equal_seeds_give_equal_searches() -> None:
    runs = []
    for _ in range(2):
        search = Search()
        explore(claim(), search, cases=30, seed=5)
        runs.append([(case.margin, case.instance) for case in search.worst])
    assert runs[0] == runs[1]


def test_a_fraction_beside_an_exponential_is_compared_exactly() -> None:
    instance = Pair(a=Fraction(1, 10), b=Fraction(0))
    above = Hypothesis(name="above", says="exp(a) >= 11/10", holds=lambda p: (exp(p.a), ">=", Fraction(11, 10)))
    assert hypothesis_truth(above, instance) is Truth.TRUE


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"hypotheses": (Hypothesis(name="bare", says="", holds=lambda p: p.a > 0),)}, "hypothesis 'bare' gave .*: it gives"),
        ({"instances": lambda draw, in_force: {"a": 1}}, "instances gave {'a': 1}, which is no Pair"),
        ({"instances": lambda draw, in_force: Pair(a=0.5, b=1)}, r"gave 0\.5 for 'a': data is exact: Pair\.parse reads"),
        ({"right": lambda p, c: c.d}, "asks for the constant 'd', and constants declares c"),
    ],
)
def test_what_a_statement_is_made_of_is_refused_with_the_rule(fields, message) -> None:
    with pytest.raises((InputError, AttributeError), match=message):
        judge(claim(**fields), budget=BUDGET, seed=1)
    with pytest.raises(ValueError, match="'=<' is no relation: it is one of >=, <=, >, <, =="):
        claim(relation="=<")


def test_a_statement_that_cannot_be_computed_says_where_and_has_no_teeth() -> None:
    found = judge(claim(left=lambda p: log(-1 - p.a), mutants=(past_the_slack("c"),)), budget=BUDGET, seed=1)
    assert found.verdict is Verdict.UNDECIDED
    assert re.search(r'the first at \{"a": .*\}: a side is not a number', found.reason)
    assert found.teeth == ()
    vacuous = judge(claim(hypotheses=(positive, never), mutants=(past_the_slack("c"), without("never"))), budget=BUDGET, seed=1)
    assert (vacuous.verdict, vacuous.teeth) == (Verdict.VACUOUS, ())


def test_an_equivalence_is_refuted_where_one_side_holds_alone() -> None:
    base = claim()
    fields = {
        name: getattr(base, name)
        for name in ("id", "title", "says", "formula", "source", "instance", "instances", "hypotheses")
    }
    right = Equivalence(**fields, first=lambda p: (p.a, ">=", p.b), second=lambda p: (2 * p.a, ">=", 2 * p.b))
    wrong = Equivalence(**fields, first=lambda p: (p.a, ">=", p.b), second=lambda p: (2 * p.a, ">=", p.b))
    assert verdict(right) is Verdict.HOLDS
    found = judge(wrong, budget=BUDGET, seed=1)
    assert found.verdict is Verdict.REFUTED
    assert found.best_evidence == "certified"
    assert {found.counterexample.left, found.counterexample.right} == {"true", "false"}
    assert all(isinstance(number, int) and number < 5 for number in found.counterexample.data.values())  # shrunk
