"""False neighbours must fall within the budget of the check; those that do not are named."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from fractions import Fraction

import pytest

from numerics.arithmetic import Number, exp
from numerics.comparison import Truth
from theory.statement import (
    Draw,
    Equivalence,
    Hypothesis,
    Inequality,
    Instance,
    changed,
    past_the_slack,
    scaled,
    without,
)
from verification.budget import PROFILES
from verification.evaluate import certified, float_margin, hypotheses_truth
from verification.judge import judge
from verification.outcome import Verdict
from verification.search import Search, explore
from verification.teeth import bite, cases_of, find_violation

BUDGET = dataclasses.replace(PROFILES["quick"], cases=60, ascents=2, ascent_steps=40)


@dataclass(frozen=True, kw_only=True)
class Point(Instance):
    a: Number


def build(draw: Draw, in_force: frozenset[str]) -> Point:
    return Point(a=Fraction(draw.real(0.0 if "positive" in in_force else -4.0, 4)).limit_denominator(1000))


positive = Hypothesis(name="positive", says="a >= 0", holds=lambda p: (p.a, ">=", 0 * p.a))


def claim(**fields: object) -> Inequality:
    """Claim that exp(a) >= c (1 + a + a^2/2) for a >= 0, which is tight at 0."""
    base = {
        "id": "toy.lemma-1",
        "title": "a toy",
        "says": "",
        "formula": "",
        "source": "toy",
        "instance": Point,
        "instances": build,
        "hypotheses": (positive,),
        "left": lambda p: exp(p.a),
        "relation": ">=",
        "right": lambda p, c: c.c * (1 + p.a + p.a**2 / 2),
        "constants": {"c": Fraction(1)},
    }
    return Inequality(**(base | fields))


def test_every_false_neighbour_falls_and_each_by_a_certified_counterexample() -> None:
    mutants = (
        past_the_slack("c"),
        scaled("c", Fraction(11, 10)),
        changed("cube", right=lambda p, c: 1 + p.a + p.a**2 / 2 + p.a**3 / 5),
        without("positive"),
    )
    statement = claim(mutants=mutants)
    found = judge(statement, budget=BUDGET, seed=3)
    assert found.verdict is Verdict.HOLDS
    assert [(tooth.name, tooth.refuted, tooth.finding) for tooth in found.teeth] == [(m.name, True, None) for m in mutants]
    for mutant, tooth in zip(mutants[1:], found.teeth[1:], strict=True):
        neighbour = mutant.change(statement, 1.0)
        instance = Point.parse(tooth.counterexample.data)
        assert hypotheses_truth(neighbour, instance) is Truth.TRUE
        assert certified(neighbour, instance).truth is Truth.FALSE
        assert certified(statement, instance).truth is not Truth.FALSE or mutant.drops


def test_a_constant_pushed_past_the_slack_is_pushed_past_what_was_measured() -> None:
    above = past_the_slack("c").change(claim(), 2.0)
    below = past_the_slack("c").change(claim(relation="<="), 2.0)
    assert above.constants["c"] == Fraction(202, 100)
    assert below.constants["c"] == Fraction(99, 200)
    # Pushed by less than the slack it would still be true.
    loose = claim(right=lambda p, c: c.c * (1 + p.a + p.a**2 / 2) / 2)
    search = Search()
    explore(loose, search, cases=60, seed=1)
    assert search.tightest == pytest.approx(2, rel=1e-3)
    assert not bite(loose, scaled("c", Fraction(19, 10)), search, [], BUDGET, 1).refuted
    assert bite(loose, past_the_slack("c"), search, [], BUDGET, 1).refuted


def test_a_planted_neighbour_that_is_true_is_reported_as_surviving() -> None:
    (tooth,) = judge(claim(mutants=(scaled("c", Fraction(9, 10)),)), budget=BUDGET, seed=3).teeth
    assert not tooth.refuted
    assert tooth.survives
    assert tooth.finding is None
    assert tooth.counterexample is None


def test_a_hypothesis_that_can_be_dropped_is_a_finding_and_no_survivor() -> None:
    idle = claim(right=lambda p, c: c.c * (1 + p.a), mutants=(without("positive"),))
    (tooth,) = judge(idle, budget=BUDGET, seed=3).teeth
    assert not tooth.refuted
    assert not tooth.survives
    assert "not needed, as far as this search sees" in tooth.finding


def test_a_hypothesis_dropped_is_no_longer_met_by_construction() -> None:
    dropped = without("positive").change(claim(), 1.0)
    assert dropped.hypotheses == ()
    search = Search()
    explore(dropped, search, cases=60, seed=1)
    assert any(case.instance.a < 0 for case in search.worst)


def test_an_instance_given_with_a_mutant_is_tried_before_any_search() -> None:
    needle = changed("needle", right=lambda p, c: 100 * exp(-(10**6) * (p.a - 3) ** 2))
    given = dataclasses.replace(needle, tries=({"a": 3},))
    assert not bite(claim(), needle, Search(), [], dataclasses.replace(BUDGET, ascents=0), 5).refuted
    tooth = bite(claim(), given, Search(), [], dataclasses.replace(BUDGET, cases=1, least_cases=1, ascents=0), 5)
    assert tooth.refuted
    assert tooth.counterexample.data == {"a": 3}


def test_a_violation_that_only_floats_see_refutes_no_neighbour() -> None:
    huge = 10**17
    rounded = changed("rounding", left=lambda p: p.a + huge - huge, right=lambda p, c: p.a)
    point = Point(a=Fraction(1, 3))
    assert float_margin(rounded.change(claim(), 1.0), point).margin < 0
    assert certified(rounded.change(claim(), 1.0), point).truth is Truth.UNDECIDED
    tooth = bite(claim(), rounded, Search(), [point], BUDGET, 1)
    assert tooth.survives


def test_an_instance_outside_the_hypotheses_refutes_nothing() -> None:
    outside = Point(a=Fraction(-1))
    assert certified(claim(), outside).truth is Truth.FALSE
    found, search = find_violation(claim(), [outside], budget=BUDGET, seed=1)
    assert found is None
    assert search.satisfied > 0


def test_a_dear_statement_is_drawn_less_often_but_not_too_rarely() -> None:
    assert cases_of(BUDGET, 1) == 60
    assert cases_of(dataclasses.replace(BUDGET, cases=160), 4) == 40
    assert cases_of(BUDGET, 100) == BUDGET.least_cases


def test_the_mutants_of_an_equivalence_bite_alike() -> None:
    base = claim()
    fields = {name: getattr(base, name) for name in ("id", "title", "says", "formula", "source", "instance", "hypotheses")}
    statement = Equivalence(
        **fields,
        instances=build,
        first=lambda p: (2 * p.a, ">=", 1 + 0 * p.a),
        second=lambda p: (p.a, ">=", (0 * p.a + 1) / 2),
        mutants=(
            changed("two thirds", second=lambda p: (p.a, ">=", 2 * (0 * p.a + 1) / 3)),
            changed("the same", second=lambda p: (4 * p.a, ">=", 2 + 0 * p.a)),
            without("positive"),
        ),
        gallery=({"a": "3/5"},),
    )
    found = judge(statement, budget=BUDGET, seed=1)
    assert found.verdict is Verdict.HOLDS
    assert [(tooth.refuted, tooth.survives) for tooth in found.teeth] == [(True, False), (False, True), (False, False)]
