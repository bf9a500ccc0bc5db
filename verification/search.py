"""Adversarial search in floats: Hypothesis steered towards small margins, then local ascent from the worst cases.

What it finds is a suspicion; only balls turn it into a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import optimize

from numerics.comparison import Relation
from theory.statement import Inequality, Instance
from verification.draws import UnitDraw, replay
from verification.evaluate import float_hypotheses, float_margin

KEPT = 24
OFFSET = float(2**12 - 3)
"""Hypothesis mixes in numbers written in the modules it takes for the user's: none, nor this, is from here to one more."""


@dataclass(frozen=True)
class Case:
    """One evaluated instance.

    Parameters
    ----------
    margin
        Float margin; negative is a suspected violation.
    instance
        Exact data.
    units
        The numbers in [0, 1] it was built from.
    smooth
        Which of them it depends on continuously.
    """

    margin: float
    instance: Instance
    units: tuple[float, ...]
    smooth: tuple[bool, ...]


@dataclass
class Search:
    """What a search saw.

    Parameters
    ----------
    drawn, accepted
        Instances drawn by the generator, and how many of them satisfied every hypothesis.
    satisfied
        Instances evaluated in all, those of local ascent and the gallery included.
    undefined
        Instances at which a side was not a number in floats; balls must look at some of them.
    trivial
        Instances at which the claim says nothing.
    ratios
        Favourable side over the other, where both are positive.
    worst
        The cases with the smallest margins, smallest first.
    first
        The first few cases, unselected.
    ascended
        Evaluations spent in local ascent.
    climbed
        The smallest margin at the end of a climb by gradients, for each parametrisation.
    """

    drawn: int = 0
    accepted: int = 0
    satisfied: int = 0
    undefined: list[Instance] = field(default_factory=list)
    trivial: int = 0
    ratios: list[float] = field(default_factory=list)
    worst: list[Case] = field(default_factory=list)
    first: list[Case] = field(default_factory=list)
    ascended: int = 0
    climbed: dict[str, float] = field(default_factory=dict)

    @property
    def least_margin(self) -> float:
        """Return the smallest margin seen, NaN if none."""
        return self.worst[0].margin if self.worst else math.nan

    @property
    def tightest(self) -> float:
        """Return the smallest ratio seen, 1 if none."""
        return min(self.ratios, default=1.0)

    def record(self, statement: Inequality, draw: UnitDraw, instance: Instance) -> float:
        """Evaluate an instance and keep what matters of it.

        Parameters
        ----------
        statement
            The statement.
        draw
            The draw that built the instance.
        instance
            Exact data.

        Returns
        -------
        float
            The margin; infinity when the hypotheses fail or a side is not a number.
        """
        if not float_hypotheses(statement, instance):
            return math.inf
        self.satisfied += 1
        result = float_margin(statement, instance)
        if math.isnan(result.margin):
            self.undefined.append(instance)
            return math.inf
        self.trivial += result.trivial
        if not math.isnan(result.ratio):
            self.ratios.append(result.ratio)
        case = Case(result.margin, instance, tuple(draw.units), tuple(draw.smooth))
        if len(self.first) < KEPT:
            self.first.append(case)
        self.worst = sorted([*self.worst, case], key=lambda entry: entry.margin)[:KEPT]
        return result.margin


def explore(
    statement: Inequality, search: Search, *, cases: int, seed: int, stop: Callable[[Case], bool] | None = None
) -> None:
    """Draw instances with Hypothesis, steered towards small margins.

    Parameters
    ----------
    statement
        The statement.
    search
        Collects what is seen.
    cases
        Number of instances.
    seed
        Seed of the generator.
    stop
        Called on each suspected violation; true ends the search.
    """
    import hypothesis
    from hypothesis import HealthCheck, Phase, settings, target
    from hypothesis import strategies as st

    steered = Relation(statement.relation) is not Relation.EQUAL
    unit = st.floats(OFFSET, OFFSET + 1.0, allow_nan=False)
    ended = False

    @hypothesis.seed(seed)
    @settings(
        max_examples=cases,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.target],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(st.data())
    def run(data: Any) -> None:
        nonlocal ended
        draw = UnitDraw(source=lambda: data.draw(unit) - OFFSET)
        instance = statement.drawn(draw)
        if ended:
            return  # the generator wants every run to draw alike, so the rest is drawn and not looked at
        search.drawn += 1
        before = search.satisfied
        margin = search.record(statement, draw, instance)
        search.accepted += search.satisfied - before
        # The margin of an identity is rounding: steering by it only costs time.
        if steered and math.isfinite(margin):
            target(-margin)
        if margin < 0 and stop is not None:
            ended = stop(Case(margin, instance, tuple(draw.units), tuple(draw.smooth)))

    run()


def starts(search: Search, count: int) -> list[Case]:
    """Return where local ascent starts: the worst case, then the worst that lie apart from those chosen before.

    Near a family where the statement is tight every case has a small margin; a violation elsewhere needs a start elsewhere.

    Parameters
    ----------
    search
        What was seen.
    count
        Number of starts.

    Returns
    -------
    list of Case
        At most ``count`` cases.
    """
    pool = sorted([*search.worst, *search.first], key=lambda case: case.margin)
    chosen: list[Case] = []
    for apart in (0.35, 0.2, 0.1, 0.0):
        for case in pool:
            if len(chosen) < count and all(_distance(case, other) > apart for other in chosen):
                chosen.append(case)
    return chosen


def _distance(one: Case, other: Case) -> float:
    if one.smooth != other.smooth:
        return math.inf
    return max((abs(a - b) for a, b in zip(one.units, other.units, strict=True)), default=0.0)


def ascend(statement: Inequality, search: Search, case: Case, *, steps: int) -> None:
    """Push the margin of one case down by Powell's method in its continuous numbers.

    Parameters
    ----------
    statement
        The statement.
    search
        Collects what is seen.
    case
        Where to start.
    steps
        Evaluations.
    """
    moving = np.flatnonzero(np.array(case.smooth))
    if len(moving) == 0 or steps <= 0:
        return

    def objective(values: Any) -> float:
        units = list(case.units)
        for index, value in zip(moving.tolist(), values.tolist(), strict=True):
            units[index] = float(value)
        instance, draw = replay(statement.drawn, units)
        search.ascended += 1
        margin = search.record(statement, draw, instance)
        return margin if math.isfinite(margin) else 1e3

    start = np.array([case.units[index] for index in moving])
    options = {"maxfev": steps, "xtol": 1e-6, "ftol": 1e-12}
    optimize.minimize(objective, start, method="Powell", bounds=[(0.0, 1.0)] * len(moving), options=options)
