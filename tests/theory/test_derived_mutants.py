"""False neighbours from a statement's own data, and the findings where a neighbour may be true."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from fractions import Fraction

import pytest

from numerics.arithmetic import Number, exp
from theory.derived_mutants import derived_mutants, multiplies, with_derived_mutants
from theory.statement import Hypothesis, Identity, Inequality, InputError, Instance, Limit, changed
from verification.budget import PROFILES
from verification.judge import judge

BUDGET = dataclasses.replace(PROFILES["quick"], cases=30, least_cases=30, ascents=1, ascent_steps=20, certified=3)


@dataclass(frozen=True, kw_only=True)
class Point(Instance):
    x: Number


def points(draw, in_force):
    return Point.parse({"x": str(round(draw.real(0.0 if "nonnegative" in in_force else -3.0, 3.0), 2))})


setting = Hypothesis(name="range", says="|x| <= 9", holds=lambda p: (p.x**2, "<=", 81), standing=True)
nonnegative = Hypothesis(name="nonnegative", says="x >= 0", holds=lambda p: (p.x, ">=", 0))
COMMON = {"title": "", "says": "", "formula": "", "source": "", "instance": Point, "instances": points}
taylor = Inequality(
    id="toy.lemma-1",
    **COMMON,
    hypotheses=(setting, nonnegative),
    left=lambda p: exp(p.x),
    relation=">=",
    right=lambda p, c: c.c * (1 + p.x + p.x**2 / 2),
    constants={"c": Fraction(1)},
    gallery=({"x": 0},),
)


def names(statement) -> list[str]:
    return [mutant.name for mutant in derived_mutants(statement)]


def test_an_inequality_has_its_constants_its_printed_hypotheses_and_its_relation_changed() -> None:
    assert names(taylor) == [
        "c 1% past the slack",
        "c times 2",
        "c times 1/2",
        "without: nonnegative",
        "strict: >",
        "reversed: <=",
    ]


def test_a_formula_with_a_slip_is_left_to_the_judge() -> None:
    slip = dataclasses.replace(taylor, right=lambda p, c: c.d * p.x)
    assert not multiplies(slip, "c")
    with pytest.raises(AttributeError, match="the constant 'd', and constants declares c"):
        judge(with_derived_mutants(slip), budget=BUDGET, seed=3)


def test_every_neighbour_that_must_be_false_falls_and_the_weaker_one_is_a_finding() -> None:
    teeth = {tooth.name: tooth for tooth in judge(with_derived_mutants(taylor), budget=BUDGET, seed=3).teeth}
    assert [name for name, tooth in teeth.items() if not tooth.refuted] == ["c times 1/2"]
    assert teeth["c times 1/2"].finding is not None
    assert not any(tooth.survives for tooth in teeth.values())
    # The strict claim falls at its equality case, certified: exp(0) = 1.
    assert teeth["strict: >"].counterexample.data == {"x": 0}


def test_a_claim_with_room_is_pushed_past_its_slack_and_its_strict_form_is_a_finding() -> None:
    loose = dataclasses.replace(taylor, constants={"c": Fraction(1, 3)}, gallery=())
    teeth = {tooth.name: tooth for tooth in judge(with_derived_mutants(loose), budget=BUDGET, seed=3).teeth}
    assert teeth["c 1% past the slack"].refuted
    assert not teeth["c times 2"].refuted  # 2/3 is still below 1
    assert teeth["c times 2"].finding is not None
    assert teeth["strict: >"].finding is not None


def test_a_hypothesis_that_is_not_needed_is_a_finding() -> None:
    needless = dataclasses.replace(taylor, left=lambda p: exp(p.x) + 100)
    teeth = {tooth.name: tooth for tooth in judge(with_derived_mutants(needless), budget=BUDGET, seed=3).teeth}
    assert "not needed" in (teeth["without: nonnegative"].finding or "")


def test_only_a_factor_of_the_whole_right_side_is_pushed_past_the_slack() -> None:
    two = dataclasses.replace(
        taylor,
        right=lambda p, c: c.c * (1 + p.x + c.half * p.x**2) + c.zero,
        constants={"c": 1, "half": Fraction(1, 2), "zero": 0},
    )
    one = dataclasses.replace(two, right=lambda p, c: c.c * (1 + p.x + c.half * p.x**2))
    assert multiplies(one, "c")
    assert not multiplies(one, "half")
    assert not multiplies(dataclasses.replace(one, right=lambda p, c: 0 * c.c * p.x), "c")
    assert "half 1% past the slack" not in names(one)
    assert {"half times 101/100", "half times 99/100"} <= set(names(one))
    # A zero is moved, since no factor changes it.
    assert {"zero plus 1/100", "zero plus -1/100"} <= set(names(two))


def test_an_identity_falls_with_its_constant_a_percent_off_on_either_side() -> None:
    identity = Identity(
        id="toy.lemma-2",
        **COMMON,
        hypotheses=(setting,),
        left=lambda p: (1 + p.x) ** 2,
        right=lambda p, c: 1 + c.c * p.x + p.x**2,
        constants={"c": Fraction(2)},
    )
    teeth = judge(with_derived_mutants(identity), budget=BUDGET, seed=3).teeth
    assert [tooth.name for tooth in teeth] == ["c times 101/100", "c times 99/100", "c times 2", "c times 1/2"]
    assert all(tooth.refuted for tooth in teeth)


def test_a_mutant_of_ones_own_stays_and_is_not_derived_again() -> None:
    own = changed("reversed: <=", relation="<=")
    assert [
        mutant for mutant in with_derived_mutants(dataclasses.replace(taylor, mutants=(own,))).mutants if mutant == own
    ] == [own]
    assert len(with_derived_mutants(dataclasses.replace(taylor, mutants=(own,))).mutants) == 6


def test_a_limit_has_no_derived_mutants() -> None:
    limit = Limit(
        id="toy.lemma-3", **COMMON, quantity=lambda p, n: 1 / n, limit=lambda p: 0, scales=(Fraction(1),), rate=Fraction(1)
    )
    with pytest.raises(InputError, match=r"toy.lemma-3: a limit has no derived mutants; its teeth are negative controls"):
        derived_mutants(limit)
