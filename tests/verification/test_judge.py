"""From evidence to the verdict, on toys whose truth is known."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from numerics import calibration
from numerics.arithmetic import Number, absolute, exp, log
from numerics.comparison import Truth
from theory.statement import (
    Draw,
    Equivalence,
    Erratum,
    Hypothesis,
    Identity,
    Inequality,
    InputError,
    Instance,
    Limit,
    Probability,
    Proof,
    ProofStep,
    changed,
    past_the_slack,
)
from verification.budget import PROFILES
from verification.evaluate import certified, float_margin, hypotheses_truth
from verification.judge import judge
from verification.outcome import EvidenceKind, Verdict

BUDGET = dataclasses.replace(PROFILES["quick"], cases=50, ascents=2, ascent_steps=30)


@dataclass(frozen=True, kw_only=True)
class Pair(Instance):
    a: Number
    b: Number


def build(draw: Draw, _in_force: frozenset[str]) -> Pair:
    return Pair(a=Fraction(draw.real(0, 4)).limit_denominator(1000), b=Fraction(draw.real(0, 4)).limit_denominator(1000))


BASE = {
    "id": "toy.lemma-1",
    "title": "a toy",
    "says": "",
    "formula": "",
    "source": "toy",
    "instance": Pair,
    "instances": build,
}


def claim(left, relation, right, *hypotheses: Hypothesis, **fields) -> Inequality:
    return Inequality(**(BASE | fields), left=left, relation=relation, right=lambda p, c: right(p), hypotheses=hypotheses)


def judged(statement, seed: int = 1, **budget):
    return judge(statement, budget=dataclasses.replace(BUDGET, **budget), seed=seed)


def given(holds) -> Hypothesis:
    return Hypothesis(name="h", says="h", holds=holds)


def proof(truth: Truth) -> Proof:
    return Proof(set="all a, b", argument="", steps=(ProofStep(says="the step", check=lambda: (truth, "so it is")),))


TRUE = (lambda p: p.a**2 + p.b**2 + 1, ">=", lambda p: 2 * p.a * p.b)
FALSE = (lambda p: p.a**2 + p.b**2, ">=", lambda p: 2 * p.a * p.b + (p.a - 2))
"""False near the diagonal beyond a = 2."""


def test_a_true_inequality_holds_with_certified_and_sampled_evidence() -> None:
    found = judged(claim(*TRUE))
    assert found.verdict is Verdict.HOLDS
    assert [entry.kind for entry in found.evidence] == [EvidenceKind.CERTIFIED, EvidenceKind.SAMPLED]
    assert found.counterexample is None
    assert found.hypotheses["rate"] == 1.0
    assert found.tightness.quantiles[0] >= 1


def test_a_false_inequality_is_refuted_by_a_counterexample_that_anyone_can_check() -> None:
    found = judged(claim(*FALSE, given(lambda p: (p.b, "<=", 3 + 0 * p.b))))
    assert found.verdict is Verdict.REFUTED
    a, b = (Fraction(found.counterexample.data[name]) for name in "ab")
    assert b <= 3
    assert a**2 + b**2 < 2 * a * b + a - 2
    assert max(a.denominator, b.denominator) <= 4


def test_hypotheses_that_nothing_satisfies_make_a_statement_vacuous() -> None:
    assert judged(claim(*TRUE, given(lambda p: (p.a, ">", p.a + 1)))).verdict is Verdict.VACUOUS
    assert judged(claim(*FALSE, given(lambda p: (exp(p.a), "<", p.a)))).verdict is Verdict.VACUOUS


def test_hypotheses_that_only_the_tolerance_of_floats_satisfies_make_a_statement_vacuous() -> None:
    almost = given(lambda p: (exp(p.a), ">", exp(p.a) + exp(p.a) / 10**12))
    assert judged(claim(*TRUE, almost)).verdict is Verdict.VACUOUS


def test_an_instance_that_a_statement_lists_outside_its_own_hypotheses_is_told() -> None:
    small = given(lambda p: (p.a, "<", 1))
    assert judged(claim(*TRUE, small, gallery=({"a": 0, "b": 2},))).verdict is Verdict.HOLDS
    with pytest.raises(InputError, match=r'gallery of toy.lemma-1: {"a": 3, "b": 2} violates the hypothesis .h.'):
        judged(claim(*TRUE, small, gallery=({"a": 3, "b": 2},)))
    erratum = Erratum(wrong="", line="", counterexample={"a": 4, "b": 4}, repaired="")
    with pytest.raises(InputError, match=r"erratum of toy.lemma-1: .* violates the hypothesis 'h'"):
        judged(claim(*FALSE, small, erratum=erratum))


def test_a_conclusion_that_says_nothing_is_vacuous() -> None:
    assert judged(claim(lambda p: p.a, ">=", lambda p: -1 - p.b)).verdict is Verdict.VACUOUS


@pytest.mark.parametrize("relation", [">=", "<=", ">", "<", "=="])
def test_a_side_that_is_not_a_number_is_undecided_on_either_side(relation) -> None:
    def wrong(p):
        return p.a * math.nan

    assert judged(claim(wrong, relation, lambda p: p.b)).verdict is Verdict.UNDECIDED
    assert judged(claim(lambda p: p.b, relation, wrong)).verdict is Verdict.UNDECIDED


def test_a_side_that_is_not_a_number_at_times_is_undecided_although_the_rest_is_true() -> None:
    sometimes = claim(lambda p: log(p.a - 1) ** 2 + 1, ">=", lambda p: 1 / (1 + p.b))
    assert judged(sometimes).verdict is Verdict.UNDECIDED


def test_an_instrument_out_of_calibration_decides_nothing_and_is_named(monkeypatch) -> None:
    name = next(iter(calibration.CALIBRATIONS))
    good = calibration.CALIBRATIONS[name](1e-2)
    statement = claim(*TRUE, instruments=(f"{name}@1e-2",))
    assert judged(statement).verdict is Verdict.HOLDS
    bad = dataclasses.replace(good, passed=False, summary=f"{name} is off by 3")
    monkeypatch.setitem(calibration.CALIBRATIONS, name, lambda _scale: bad)
    for subject in (statement, claim(*FALSE, instruments=(name,))):
        found = judged(subject)
        assert found.verdict is Verdict.UNDECIDED
        assert name in found.reason
        assert [entry["passed"] for entry in found.calibrations] == [False]


@pytest.mark.parametrize("truth", list(Truth))
def test_a_proof_counts_only_if_every_step_is_true(truth) -> None:
    found = judged(claim(*TRUE, proof=proof(truth)))
    if truth is Truth.TRUE:
        assert (found.verdict, found.evidence[0].kind) == (Verdict.HOLDS, EvidenceKind.PROVED)
        assert "all a, b" in found.evidence[0].summary
    else:
        assert found.verdict is Verdict.UNDECIDED
        assert "the step" in found.reason
        assert EvidenceKind.PROVED not in [entry.kind for entry in found.evidence]


def test_a_counterexample_outranks_a_proof() -> None:
    assert judged(claim(*FALSE, proof=proof(Truth.TRUE))).verdict is Verdict.REFUTED


def test_an_equality_case_holds_to_so_many_bits() -> None:
    def shifted(p):
        return p.b + (0 * p.b + 1) / 7

    def product(p):
        return exp(p.a) * exp(shifted(p))

    found = judged(claim(product, ">=", lambda p: exp(p.a + shifted(p))))
    assert found.verdict is Verdict.HOLDS
    assert found.evidence[0].figures["equal"] > 0
    assert "equal to at least" in found.evidence[0].summary
    # The strict claim is false, but no ball can tell.
    assert judged(claim(product, ">", lambda p: exp(p.a + shifted(p)))).verdict is Verdict.UNDECIDED


def test_a_violation_that_vanishes_in_balls_is_not_reported() -> None:
    statement = claim(lambda p: p.a / 3 * 3 + 10**17 - 10**17, ">=", lambda p: p.a, gallery=({"a": "1/3", "b": 0},))
    point = Pair(a=Fraction(1, 3), b=Fraction(0))
    assert float_margin(statement, point).margin < 0
    found = judged(statement)
    assert found.verdict is not Verdict.REFUTED
    assert found.counterexample is None


def test_what_cancellation_takes_for_a_violation_is_certified_away_and_leaves_the_slack_at_1() -> None:
    fields = BASE | {"constants": {"c": Fraction(1)}, "mutants": (past_the_slack("c"),)}

    # 10^14 + a is rounded to the nearest 1/64.
    def left(p):
        return (p.a + 10**14) - 10**14

    found = judged(Inequality(**fields, left=left, relation=">=", right=lambda p, c: c.c * p.a))
    assert found.verdict is Verdict.HOLDS
    assert found.tightness.quantiles[0] == 1.0
    assert "which balls do not confirm" in found.evidence[-1].summary
    # Every suspect is certified, and not so many only as are of other statements.
    certified_at = found.evidence[0].figures
    assert certified_at["equal"] + certified_at["separated"] > 2 * BUDGET.certified
    assert found.teeth[0].refuted


def test_a_violation_that_floats_cannot_see_is_found_where_balls_look() -> None:
    statement = claim(lambda p: p.a + 10**20, ">=", lambda p: 2 * p.a + 10**20, gallery=({"a": 1, "b": 0},))
    assert float_margin(statement, Pair(a=Fraction(1), b=Fraction(0))).margin == 0
    assert judged(statement).verdict is Verdict.REFUTED


def test_an_identity_holds_or_falls_by_its_last_digit() -> None:
    def same(factor):
        return Identity(
            **BASE, left=lambda p: (p.a + p.b) ** 2, right=lambda p, c: (p.a**2 + 2 * p.a * p.b + p.b**2) * factor(p)
        )

    assert judged(same(lambda p: 1)).verdict is Verdict.HOLDS
    assert judged(same(lambda p: 1 + p.b / 10**30)).verdict is Verdict.REFUTED


def test_equal_seeds_give_equal_judgements() -> None:
    one, two = (dataclasses.replace(judged(claim(*FALSE), seed=7), seconds=0.0) for _ in range(2))
    assert one == two


def probability(chance: float, claimed: float) -> Probability:
    return Probability(
        **BASE,
        gallery=({"a": 1, "b": 1},),
        event=lambda _p, rng: rng.random() < chance,
        at_least=lambda _p: claimed,
    )


@pytest.mark.parametrize(
    ("chance", "claimed", "verdict"),
    [
        (1.0, 0.95, Verdict.HOLDS),
        (1.0, 0.964, Verdict.UNDECIDED),
        (1.0, 0.99, Verdict.UNDECIDED),
        (1.0, 1.0, Verdict.UNDECIDED),
        (0.5, 0.999, Verdict.REFUTED),
        (0.5, 0.3, Verdict.HOLDS),
        (0.5, 0.5, Verdict.UNDECIDED),
    ],
)
def test_a_hundred_of_a_hundred_supports_0_9637_and_not_always(chance, claimed, verdict) -> None:
    found = judged(probability(chance, claimed), cases=100)
    assert found.verdict is verdict
    if chance == 1.0 and verdict is Verdict.HOLDS:
        assert found.evidence[0].kind is EvidenceKind.MEASURED
        assert found.evidence[0].figures["low"] == pytest.approx(0.025**0.01)


def test_a_probability_that_is_exactly_as_claimed_is_never_refuted() -> None:
    verdicts = [judged(probability(0.5, 0.5), seed=seed, cases=100).verdict for seed in range(120)]
    assert Verdict.REFUTED not in verdicts


def limit(error, **fields) -> Limit:
    base = {
        "quantity": lambda p, scale: p.a + error(float(scale)),
        "limit": lambda p: p.a,
        "scales": tuple(Fraction(10 * 2**k) for k in range(7)),
        "rate": Fraction(2),
        "gallery": ({"a": 3, "b": 1},),
    }
    return Limit(**(BASE | base | fields))


def test_a_rate_is_measured_and_wrong_rates_and_limits_are_refused() -> None:
    mutants = (
        changed("order 1", rate=Fraction(1)),
        changed("order 3", rate=Fraction(3)),
        changed("faster than any power", rate=None),
        changed("limit 1% off", limit=lambda p: 1.01 * p.a),
        changed("no limit", quantity=lambda p, scale: p.a * (1 + math.log(float(scale)))),
        changed("not a number", quantity=lambda p, scale: p.a * math.nan),
    )
    found = judged(limit(lambda s: 5 / s**2 + 7 / s**3, mutants=mutants))
    assert found.verdict is Verdict.HOLDS
    assert found.evidence[0].kind is EvidenceKind.MEASURED
    assert [tooth.name for tooth in found.teeth if not tooth.refuted] == []
    for mutant in mutants:
        assert judged(mutant.change(limit(lambda s: 5 / s**2), 1.0)).verdict is not Verdict.HOLDS


def test_a_limit_may_be_0_and_may_be_approached_faster_than_any_power() -> None:
    assert judged(limit(lambda s: 1 / s**2, gallery=({"a": 0, "b": 1},))).verdict is Verdict.HOLDS
    assert judged(limit(lambda s: math.exp(-s / 10), rate=None)).verdict is Verdict.HOLDS
    assert judged(limit(lambda s: math.exp(-s / 10))).verdict is not Verdict.HOLDS


def equivalence(first, second, *hypotheses: Hypothesis, **fields) -> Equivalence:
    return Equivalence(**(BASE | fields), first=first, second=second, hypotheses=hypotheses)


def test_an_equivalence_holds_when_both_truth_values_agree_and_falls_when_one_side_holds_alone() -> None:
    def first(p):
        return (p.a, ">=", p.b)

    right = equivalence(first, lambda p: (exp(p.a), ">=", exp(p.b)))
    rng = np.random.default_rng(0)
    pairs = [build(type("D", (), {"real": lambda _s, lo, hi: rng.uniform(lo, hi)})(), frozenset()) for _ in range(20)]
    assert {pair.a >= pair.b for pair in pairs} == {True, False}
    assert all(certified(right, pair).truth is Truth.TRUE for pair in pairs)
    assert judged(right).verdict is Verdict.HOLDS

    found = judged(equivalence(first, lambda p: (2 * p.a, ">=", p.b)))
    assert found.verdict is Verdict.REFUTED
    a, b = (Fraction(found.counterexample.data[name]) for name in "ab")
    assert (a >= b) != (2 * a >= b)


def test_an_equivalence_that_was_never_tested_does_not_hold() -> None:
    def first(p):
        return (p.a, ">=", p.b)

    never = given(lambda p: (p.a, ">", p.a + 1))
    assert judged(equivalence(first, first, never)).verdict is Verdict.VACUOUS
    blank = equivalence(first, lambda p: (p.a * math.nan, ">=", p.b))
    assert judged(blank).verdict is Verdict.UNDECIDED


def test_a_counterexample_lies_inside_the_hypotheses() -> None:
    near = given(lambda p: (absolute(p.a - 3), "<=", (0 * p.a + 1) / 3))
    statement = claim(*FALSE, near)
    found = judged(statement, cases=120)
    assert found.verdict is Verdict.REFUTED
    instance = Pair.parse(found.counterexample.data)
    assert hypotheses_truth(statement, instance) is Truth.TRUE
    assert certified(statement, instance).truth is Truth.FALSE


def test_a_kind_that_nobody_can_judge_is_an_error() -> None:
    from theory.statement import Statement

    with pytest.raises(TypeError, match="cannot be judged"):
        judge(Statement(**BASE), budget=BUDGET, seed=0)
