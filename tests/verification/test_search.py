"""Whether the search can see: violations planted in small basins, strategies that build instances, replay and seeds."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from numerics.arithmetic import Number, minimum
from theory.registry import all_statements
from theory.statement import Draw, Inequality, Instance
from theory.wu2025.setting import ScoreProblem
from verification.budget import PROFILES
from verification.draws import UnitDraw, replay
from verification.evaluate import float_hypotheses
from verification.search import Search, ascend, explore, starts

QUICK = PROFILES["quick"]
STATEMENTS = list(all_statements().values())
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Point(Instance):
    x: Number
    y: Number
    z: Number


def build(draw: Draw, _in_force: frozenset[str]) -> Point:
    return Point(x=Fraction(draw.real(0, 1)), y=Fraction(draw.real(0, 1)), z=Fraction(draw.real(0, 1)))


def build_flat(draw: Draw, _in_force: frozenset[str]) -> Point:
    return Point(x=Fraction(draw.real(0, 1)), y=Fraction(draw.real(0, 1)), z=Fraction(0))


def planted(function, instances=build) -> Inequality:
    """Claim that 1 + function is at least 1."""
    return Inequality(
        id="toy.lemma-1",
        title="",
        says="",
        formula="",
        source="",
        instance=Point,
        instances=instances,
        left=lambda p: 1 + function(p),
        relation=">=",
        right=lambda p, c: 1 + 0 * p.x,
    )


# Each is negative in a bowl only, whose share of the unit cube is the last entry, and slopes smoothly into it.
BASINS = {
    "an interval": (lambda p: (p.x - 0.637) ** 2 - 4e-8, 4e-4),
    "a disc": (lambda p: (p.x - 0.637) ** 2 + (p.y - 0.219) ** 2 - 1e-4, 3.1e-4),
    "a ball": (lambda p: (p.x - 0.637) ** 2 + (p.y - 0.219) ** 2 + (p.z - 0.8) ** 2 - 2e-4, 1.2e-5),
    "a disc, tight at x = 0": (lambda p: p.x * ((p.x - 0.637) ** 2 + (p.y - 0.219) ** 2 - 1e-4), 3.1e-4),
    "a disc, almost tight at y = 1": (
        lambda p: minimum((p.x - 0.637) ** 2 + (p.y - 0.219) ** 2 - 1e-4, 0.3 * (1 - p.y) + 1e-6),
        3.1e-4,
    ),
}
SEEDS = range(4)


def hunt(statement: Inequality, seed: int, where) -> Search:
    search = Search()
    explore(statement, search, cases=QUICK.cases, seed=seed)
    for case in where(search):
        ascend(statement, search, case, steps=QUICK.ascent_steps)
    return search


@pytest.mark.parametrize("name", BASINS)
def test_a_violation_in_a_small_basin_is_found_within_the_quick_budget_and_missed_by_chance(name) -> None:
    function, share = BASINS[name]
    statement = planted(function, build_flat if "tight" in name else build)
    blind = 0
    for seed in SEEDS:
        search = hunt(statement, seed, lambda seen: starts(seen, QUICK.ascents))
        assert search.least_margin < 0, seed
        rng = np.random.default_rng(seed)
        points = rng.random((search.drawn + search.ascended, 3)).tolist()
        blind += any(function(Point(x=x, y=y, z=z)) < 0 for x, y, z in points)
    volume = np.mean([function(Point(x=x, y=y, z=z)) < 0 for x, y, z in np.random.default_rng(0).random((20000, 3)).tolist()])
    assert volume == pytest.approx(share, abs=6 * np.sqrt(share / 20000))
    assert blind <= 1


def test_ascent_from_the_worst_cases_alone_stays_in_the_tight_family() -> None:
    statement = planted(BASINS["a disc, tight at x = 0"][0], build_flat)
    found = [hunt(statement, seed, lambda seen: seen.worst[: QUICK.ascents]).least_margin < 0 for seed in SEEDS]
    assert sum(found) <= len(found) / 2


def test_the_starts_are_the_worst_case_and_others_apart_from_it() -> None:
    search = Search()
    explore(planted(lambda p: p.x), search, cases=60, seed=1)
    chosen = starts(search, 4)
    assert chosen[0].margin == search.least_margin
    assert len(set(chosen)) == 4
    gaps = [max(abs(a - b) for a, b in zip(chosen[0].units, case.units, strict=True)) for case in chosen[1:]]
    assert max(gaps) > 0.35
    assert starts(Search(), 4) == []


def test_the_strategy_of_every_statement_builds_instances_that_satisfy_its_hypotheses() -> None:
    accepted = {}
    for statement in STATEMENTS:
        # A stream of its own each, so that no statement depends on what others there are.
        rng = np.random.default_rng([20250205, *statement.id.encode()])
        drawn = [statement.instances(UnitDraw(source=rng.random), statement.in_force) for _ in range(16)]
        accepted[statement.id] = sum(float_hypotheses(statement, instance) for instance in drawn) / len(drawn)
        for instance in drawn:
            x = getattr(instance, "x", ())
            if isinstance(instance, ScoreProblem):
                assert all(isinstance(value, Fraction) for value in x)
                assert all(a < b for a, b in itertools.pairwise(x))
                # Distinct fractions must stay distinct as floats.
                assert np.all(np.diff(np.array(x, dtype=float)) > 0)
    # A strategy may miss a hypothesis that holds up to rounding, or most of the time, in one of sixteen draws.
    assert {key: rate for key, rate in accepted.items() if rate < 0.9} == {}
    assert np.mean(list(accepted.values())) > 0.999


def test_a_naive_strategy_for_samples_gives_ties_disorder_and_numbers_that_are_not_finite() -> None:
    seen = {"ties": 0, "disorder": 0, "not finite": 0, "good": 0}

    @settings(max_examples=300, suppress_health_check=list(HealthCheck))
    @given(arrays(np.float64, st.integers(2, 6)))
    def look(x) -> None:
        with np.errstate(invalid="ignore"):
            seen["ties"] += bool(np.any(np.diff(x) == 0))
            seen["disorder"] += bool(np.any(np.diff(x) < 0))
            seen["not finite"] += not np.all(np.isfinite(x))
            seen["good"] += bool(np.all(np.isfinite(x)) and np.all(np.diff(x) > 0))

    look()
    assert min(seen["ties"], seen["disorder"], seen["not finite"]) > 0
    assert seen["good"] < 150


def test_recorded_numbers_replay_to_the_same_instance() -> None:
    rng = np.random.default_rng(3)
    for statement in STATEMENTS:
        draw = UnitDraw(source=rng.random)
        instance = statement.instances(draw, statement.in_force)
        again, used = replay(lambda source, s=statement: s.instances(source, s.in_force), draw.units)
        assert again == instance
        assert used.units == draw.units
        assert used.smooth == draw.smooth


def test_draws_stay_in_their_ranges_at_both_ends() -> None:
    for unit in (-1.0, 0.0, 0.5, 1.0, 2.0):
        draw = UnitDraw(source=lambda unit=unit: unit)
        assert 3 <= draw.integer(3, 5) <= 5
        assert -1 <= draw.real(-1, 1) <= 1
        assert 1e-3 <= draw.positive(1e-3, 1e3) <= 1e3
        assert draw.choice("ab") in "ab"
        assert draw.smooth == [False, True, True, False]


def test_equal_seeds_give_equal_searches_and_other_seeds_others() -> None:
    statement = planted(BASINS["a disc"][0])

    def seen(seed: int):
        search = hunt(statement, seed, lambda found: starts(found, 2))
        return [(case.margin, case.units) for case in search.worst], search.ratios

    assert seen(5) == seen(5)
    assert seen(5) != seen(6)


def test_the_search_does_not_depend_on_which_modules_happen_to_be_loaded() -> None:
    # Hypothesis draws constants that it finds in the source of every local module loaded so far.
    program = """
import sys
if sys.argv[1] == "more":
    import theory.registry, verification.cli, verification.measure
    theory.registry.all_statements()
from theory.wu2025.statements.lemma_13 import part_a
from verification.search import Search, explore
search = Search()
explore(part_a, search, cases=120, seed=0)
print([(case.margin, case.units) for case in search.worst])
"""
    texts = [
        subprocess.run(
            [sys.executable, "-c", program, which], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
        ).stdout
        for which in ("few", "more")
    ]
    assert texts[0] == texts[1]
    assert len(texts[0]) > 100
