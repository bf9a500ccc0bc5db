"""Bounds on probabilities: toys whose chance is known."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pytest

from numerics.arithmetic import Number
from theory.statement import Hypothesis, Instance, Probability, changed, without
from verification.budget import PROFILES
from verification.judge import judge

BUDGET = dataclasses.replace(PROFILES["quick"], cases=100)
HIGH = Hypothesis(name="high", says="chance >= 3/4", holds=lambda c: (4 * c.chance, ">=", 3))
NEVER = Hypothesis(name="never", says="chance > 2", holds=lambda c: (c.chance, ">", 2))


@dataclass(frozen=True, kw_only=True)
class Coin(Instance):
    chance: Number


def claim(chance: object, claimed: float, **fields: object) -> Probability:
    base = {
        **dict.fromkeys(("title", "says", "formula", "source"), ""),
        "id": "toy.lemma-1",
        "instance": Coin,
        "instances": lambda draw, in_force: Coin.parse({"chance": chance if "high" in in_force else "1/4"}),
        "gallery": ({"chance": chance},),
        "event": lambda c, rng: rng.random() < c.chance,
        "at_least": lambda c: claimed,
    }
    return Probability(**(base | fields))


def judged(statement: Probability):
    return judge(statement, budget=BUDGET, seed=1)


@pytest.mark.parametrize(
    ("chance", "claimed", "expected"), [(1, 0.95, "holds"), (1, 0.99, "undecided"), ("1/2", 0.9, "refuted")]
)
def test_a_hundred_successes_of_a_hundred_support_less_than_certainty(chance, claimed, expected) -> None:
    found = judged(claim(chance, claimed))
    assert found.verdict.value == expected
    assert found.best_evidence == ("-" if expected == "undecided" else "measured")


def test_nothing_inside_the_hypotheses_and_nothing_claimed_are_vacuous() -> None:
    found = judged(claim(1, 0.9, hypotheses=(NEVER,), gallery=()))
    assert (found.verdict.value, found.reason) == ("vacuous", "no instance looked at satisfies the hypotheses")
    assert judged(claim("1/2", 0)).verdict.value == "vacuous"


def test_an_instance_outside_the_hypotheses_refutes_nothing() -> None:
    def toss(draw, _in_force):
        return Coin.parse({"chance": int(draw.real(0, 1) > 0.5)})

    statement = claim(1, 0.9, hypotheses=(HIGH,), gallery=(), instances=toss)
    assert judged(statement).verdict.value == "holds"
    assert judged(dataclasses.replace(statement, hypotheses=())).verdict.value == "refuted"


def test_mutants_fall_by_their_frequency_and_a_true_one_survives() -> None:
    fair = changed("a fair coin", event=lambda c, rng: rng.random() < 0.5)
    surer, weaker = (changed(f"at least {bound}", at_least=lambda c, bound=bound: bound) for bound in (1.1, 0.1))
    statement = claim(1, 0.9, hypotheses=(HIGH,), mutants=(fair, surer, without("high"), weaker))
    teeth = judged(statement).teeth
    assert [tooth.refuted for tooth in teeth] == [True, True, True, False]
    assert teeth[3].survives
    assert "of 100, claimed at least 0.9" in teeth[0].measured
