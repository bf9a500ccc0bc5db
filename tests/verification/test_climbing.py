"""Whether climbs by gradients see: violations planted in narrow basins, at closed ends too, and a printed one found again."""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest

from numerics.arithmetic import FLOATS, Number, total
from numerics.comparison import Truth
from theory.statement import Climb, Inequality, Instance
from theory.wu2025.designs import CLIMB, climb_rebuild, climb_vector, draw_climb_start
from theory.wu2025.networks import NetworkProblem, from_neurons
from theory.wu2025.setting import ScoreProblem
from theory.wu2025.statements import proposition_10 as wu
from verification.budget import PROFILES
from verification.climbing import climb, climb_from
from verification.draws import UnitDraw
from verification.evaluate import certified, float_margin
from verification.search import Search

QUICK = PROFILES["quick"]
SAMPLE = ScoreProblem(x=(Fraction(0), Fraction(16)), mu=Fraction(1, 2), sigma=Fraction(1, 2))
REACH = 16
"""Kinks, in units of sigma from mu x_1, move over [0, 16]."""
WIDTH = 0.02


def places(p):
    return np.asarray(p.kinks) / p.sigma


def start(size):
    """Draw the kinks; the weight is free and has no say."""

    def make(draw):
        kinks = [SAMPLE.sigma * Fraction(draw.real(0, REACH)) for _ in range(size)]
        return from_neurons(SAMPLE, kinks, [1] * size, [Fraction(draw.positive(0.1, 10)) for _ in range(size)])

    return make


def planted(size, bowl) -> Inequality:
    """Claim that 1 + bowl is at least 1; the bowl is negative in its narrow part only."""
    make = start(size)
    return Inequality(
        id="toy.lemma-1",
        title="",
        says="",
        formula="",
        source="",
        instance=NetworkProblem,
        instances=lambda draw, in_force: make(draw),
        left=lambda p: 1 + bowl(places(p)),
        relation=">=",
        right=lambda p, c: 1 + 0 * p.mu,
        climb=Climb(vector=climb_vector, rebuild=climb_rebuild, start=make),
    )


def square(value):
    """Multiply: a power of a ball around 0 is not a number."""
    return value * value


def ball_around(*target):
    """Negative within WIDTH of a point, quadratic around it."""
    return lambda t: total(square(t - np.array(target))) - WIDTH**2


def valley(t):
    """Follow a curved valley down to (1, 1) in the first two kinks: Rosenbrock's, narrow at its end."""
    u, v = t[0] - 6, t[1] - 6
    return 10 * square(v - u * u) + square(1 - u) - WIDTH**2


def far_along_an_edge(t):
    """Negative only with the first kink within WIDTH of its upper end and the second one near 3."""
    return (REACH - t[0]) / 10 + square(t[1] - 3) - WIDTH / 10


BASINS = {
    "two kinks inside": (2, ball_around(3.7, 12.1)),
    "three kinks, one at its end": (3, ball_around(0.0, 5.3, 15.99)),
    "four kinks, two at their ends": (4, ball_around(0.0, 16.0, 16.0, 0.01)),
    "a curved valley": (2, valley),
    "an edge, with a third kink that has no say": (3, far_along_an_edge),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", BASINS)
def test_a_climb_finds_a_planted_basin_within_the_quick_budget_which_chance_misses(name, seed):
    size, bowl = BASINS[name]
    statement, search = planted(size, bowl), Search()
    climb(statement, search, count=QUICK.climbs, steps=QUICK.climb_steps, seed=seed)
    assert search.least_margin < 0
    assert certified(statement, search.worst[0].instance).truth is Truth.FALSE
    # The count stops between line searches, and each of at most 20 steps costs a gradient of 2 size + 1 evaluations.
    assert search.ascended <= QUICK.climbs * (QUICK.climb_steps + 20 * (2 * size + 1))
    assert search.satisfied == 3 * QUICK.climbs
    rng = np.random.default_rng(seed)
    assert not any(bowl(REACH * rng.random(size)) < 0 for _ in range(search.ascended + 8 * QUICK.climbs))


@pytest.mark.parametrize("end", [0, REACH])
def test_a_climb_ends_exactly_on_the_closed_end_that_it_is_drawn_to(end):
    """The claim fails at the end alone, up to a distance that no rounding reaches by chance."""

    def bowl(t):
        distance = t[0] if end == 0 else REACH - t[0]
        return distance + square(t[1] - 5) / 100 - 1e-11

    statement, search = planted(2, bowl), Search()
    climb(statement, search, count=1, steps=QUICK.climb_steps, seed=0)
    found = search.worst[0].instance
    assert found.kinks[0] == end * SAMPLE.sigma
    assert certified(statement, found).truth is Truth.FALSE


def test_a_climb_ends_exactly_on_an_upper_end_that_is_no_short_decimal_in_units_of_sigma():
    sample = replace(SAMPLE, sigma=Fraction(13, 100))
    beginning = from_neurons(sample, [Fraction(7), Fraction(1)], [1, -1], [1, 1])

    def bowl(t):
        return 800 / 13 - t[0] + square(t[1] - 5) / 100

    statement, search = planted(2, bowl), Search()
    ends = climb_from(statement, CLIMB, search, beginning, steps=QUICK.climb_steps)
    assert all(end.kinks[0] == sample.mu * sample.x[-1] for end in ends)


def test_the_weights_that_have_no_say_stay_and_signs_are_kept():
    statement, search = planted(2, BASINS["two kinks inside"][1]), Search()
    beginning = from_neurons(SAMPLE, [1, 2], [1, -1], [Fraction(3, 2), Fraction(-5, 4)])
    ends = climb_from(statement, CLIMB, search, beginning, steps=200)
    assert {end.weights for end in ends} == {beginning.weights}
    drawn = replace(statement, left=lambda p: 1 + (p.weights[0] + 1) ** 2 + (p.weights[1] - 1) ** 2)
    ends = climb_from(drawn, CLIMB, search, beginning, steps=200)
    assert {end.weights for end in ends} == {(0, 0)}


def test_a_climb_starts_from_the_worst_cases_seen_as_well():
    """The starts drawn are all on the wrong side of a ridge; the case seen is not."""

    def bowl(t):
        return (square(t[0] - 15) - WIDTH**2) * 0.01 if float(t[0]) > 14 else 1 + 0 * t[0]

    statement = planted(1, bowl)
    near = replace(start(1)(UnitDraw(source=lambda: 0.5)), kinks=(Fraction(29, 4),))
    blind = Climb(
        vector=climb_vector, rebuild=climb_rebuild, start=lambda draw: replace(near, kinks=(Fraction(draw.real(0, 2)),))
    )
    statement = replace(statement, climb=blind)
    search = Search()
    climb(statement, search, count=QUICK.climbs, steps=50, seed=0)
    assert search.least_margin > 0
    search = Search()
    search.record(statement, UnitDraw(source=lambda: 0.5), near)
    assert search.least_margin > 0
    climb(statement, search, count=QUICK.climbs, steps=50, seed=0)
    assert search.least_margin < 0


@dataclass(frozen=True, kw_only=True)
class Point(Instance):
    t: Number


@pytest.mark.parametrize("seed", range(4))
def test_a_climb_starts_where_the_margin_is_least_and_a_number(seed):
    """The claim says nothing at all below 0 and no slope leads out of [0, 5/2]: only one start in eight is any good."""

    def left(p):
        if p.t < 0:
            return p.t * np.nan
        return 1 + (square(p.t - 3) - WIDTH**2 if p.t > 2.5 else 1)

    moves = Climb(
        vector=lambda p: (np.array([float(p.t)]), np.array([[-5.0, 3.5]])),
        rebuild=lambda p, vector, digits: Point(t=Fraction(float(vector[0]) if digits is None else f"{vector[0]:.{digits}g}")),
        start=lambda draw: Point(t=Fraction(draw.real(-5.0, 3.5))),
    )
    statement = replace(planted(1, valley), instance=Point, left=left, right=lambda p, c: 1 + 0 * p.t, climb=moves)
    search = Search()
    climb(statement, search, count=4, steps=60, seed=seed)
    assert search.least_margin < 0
    assert search.undefined == []


@pytest.mark.parametrize("seed", [0, 1])
def test_a_climb_refutes_proposition_10_as_printed_from_drawn_starts(seed):
    search = Search()
    climb(wu.proposition_10, search, count=2, steps=120, seed=seed)
    assert search.least_margin < -0.01
    assert certified(wu.proposition_10, search.worst[0].instance).truth is Truth.FALSE


@pytest.mark.parametrize("free", [False, True])
def test_no_climb_refutes_the_repaired_proposition_10_in_designs_or_in_free_neurons(free):
    def begin(draw):
        while True:
            p = draw_climb_start(draw)
            if (max(p.multiplicities) == 1) == free:
                return p

    search = Search()
    moves = replace(CLIMB, start=begin)
    climb(replace(wu.reading_noised, climb=moves), search, count=2, steps=60, seed=3)
    assert search.least_margin >= 0
    assert search.ascended > 60
    rng = np.random.default_rng(0)
    begun = [begin(UnitDraw(source=lambda: float(rng.random()))) for _ in range(8)]
    assert search.least_margin < np.median([float_margin(wu.reading_noised, p).margin for p in begun])
    assert np.isfinite(float(wu.tangent_kernel_eigenvalue(search.worst[0].instance.lift(FLOATS))))
