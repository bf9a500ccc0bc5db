"""Climb by gradients towards a violation, over the numbers that a statement says may move.

Bounds are kept by projection (L-BFGS-B), so that a climb reaches and stays on the boundary of the closed region: several
statements fail only there. The end of a climb is rounded to short decimals before anything is concluded from it.
"""

from __future__ import annotations

import math
from itertools import zip_longest
from typing import Any

import numpy as np
from scipy import optimize

from theory.statement import Climb, Inequality, Instance
from verification.draws import UnitDraw
from verification.evaluate import float_margin
from verification.search import Search

DIGITS = (3, 5, 8)


def climb(statement: Inequality, search: Search, *, count: int, steps: int, seed: int) -> None:
    """Climb from drawn starts and from the worst cases seen, and record where the climbs end.

    Parameters
    ----------
    statement
        A statement with a :class:`theory.statement.Climb`.
    search
        Collects what is seen.
    count
        Number of climbs.
    steps
        Evaluations of one climb, those of difference quotients included.
    seed
        Seed of the starts.
    """
    moves = statement.climb
    assert moves is not None
    rng = np.random.default_rng(seed)
    drawn = [moves.start(UnitDraw(source=lambda: float(rng.random()))) for _ in range(8 * count)]
    drawn += [case.instance for case in search.worst[: max(1, count // 4)]]
    for instance in _shared(sorted(drawn, key=lambda entry: _margin(statement, entry)), moves, count):
        family = moves.family(instance)
        for end in climb_from(statement, moves, search, instance, steps=steps):
            margin = search.record(statement, UnitDraw(source=lambda: 0.5), end)
            search.climbed[family] = min(margin, search.climbed.get(family, math.inf))


def _shared(ranked: list[Instance], moves: Climb, count: int) -> list[Instance]:
    """Return the best starts, in turn from each parametrisation."""
    families: dict[str, list[Instance]] = {}
    for instance in ranked:
        families.setdefault(moves.family(instance), []).append(instance)
    turns = zip_longest(*(families[name] for name in sorted(families)))
    return [instance for turn in turns for instance in turn if instance is not None][:count]


def climb_from(statement: Inequality, moves: Climb, search: Search, instance: Instance, *, steps: int) -> list[Instance]:
    """Climb from one instance.

    Parameters
    ----------
    statement, moves, search
        The statement, its moves, and the search whose evaluations are counted.
    instance
        Where to start.
    steps
        Evaluations.

    Returns
    -------
    list of Instance
        The end of the climb, rounded to fewer and more digits.
    """
    start, bounds = moves.vector(instance)
    # One unit for every number, so that one step of a difference quotient suits all of them.
    unit = np.maximum(np.abs(start), 1.0)

    def objective(values: Any) -> float:
        search.ascended += 1
        return _margin(statement, moves.rebuild(instance, values * unit, None))

    limits = optimize.Bounds(bounds[:, 0] / unit, bounds[:, 1] / unit)
    options = {"maxfun": steps, "ftol": 1e-13, "gtol": 1e-9, "eps": 1e-6}
    outcome = optimize.minimize(objective, start / unit, method="L-BFGS-B", bounds=limits, options=options)
    return [moves.rebuild(instance, outcome.x * unit, digits) for digits in DIGITS]


def _margin(statement: Inequality, instance: Instance) -> float:
    margin = float_margin(statement, instance).margin
    return margin if math.isfinite(margin) else 1e3
