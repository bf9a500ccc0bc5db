"""Judge trends: exact sign tests, or intervals of a mean, over the repetitions of a study."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numerics.extrapolation import bootstrap_mean
from numerics.statistics import clopper_pearson, sign_test, student_interval
from theory.statement import Mutant, Trend
from theory.study import Reading
from verification.budget import Budget
from verification.outcome import Evidence, EvidenceKind, Judgement, Tooth, Verdict, plain
from verification.studies import Store

LEVEL = 0.05
"""Of all readings of a statement together."""
REFUTING = 1e-6
"""Chance below which the opposite of a reading refutes: a claim that is exactly true must not fall to chance."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the repetitions say of one reading.

    Parameters
    ----------
    reading
        The reading.
    values
        Its number in each repetition that has one.
    left_out
        How many repetitions have none.
    """

    reading: Reading
    values: tuple[float, ...]
    left_out: int

    @property
    def positive(self) -> int:
        """Return how many are above 0; NaN is not."""
        return sum(value > 0 for value in self.values)

    @property
    def chance(self) -> float:
        """Return the chance of so many or more, if half of all repetitions were above 0."""
        return sign_test(self.positive, len(self.values))

    def interval(self, level: float) -> tuple[float, float]:
        """Return Student's interval of the mean, which misses it with chance ``level``."""
        return student_interval(self.values, 1 - level)

    def stands(self, level: float) -> bool:
        """Return whether the claim is told from chance."""
        if self.reading.equals is None:
            return self.chance <= level
        low, high = self.interval(level)
        return low <= self.reading.equals <= high and high - low <= 2 * self.reading.within

    def falls(self, level: float) -> bool:
        """Return whether the opposite of the claim is told from chance; NaN speaks for neither side."""
        if self.reading.equals is None:
            negative = sum(value <= 0 for value in self.values)
            return sign_test(negative, len(self.values)) <= level
        low, high = self.interval(level)
        return not low <= self.reading.equals <= high

    def words(self, level: float = LEVEL) -> str:
        """Return the counts and the median, or the mean and its interval, in a few words."""
        lost = sum(math.isnan(value) for value in self.values)
        more = f", {lost} not a number" * (lost > 0) + f", {self.left_out} left out" * (self.left_out > 0)
        if self.reading.equals is not None:
            low, high = self.interval(level)
            spread = f" [{low:.3g}, {high:.3g}]" if math.isfinite(high - low) else ""
            mean = f"mean {np.mean(self.values):.3g}{spread}" if self.values and not lost else "no mean"
            return f"{mean} of {len(self.values)}, claimed {self.reading.equals:g}{more}"
        finite = [value for value in self.values if math.isfinite(value)]
        middle = f", median margin {float(np.median(finite)):.3g}" if finite else ""
        return f"{self.positive} of {len(self.values)}{middle}{more}"


def look(statement: Trend, scale: str, store: Store) -> list[Seen]:
    """Return what the repetitions of a statement's study say of each of its readings.

    Parameters
    ----------
    statement
        The statement.
    scale
        The profile's name for the size of studies.
    store
        Where results of runs are kept.

    Returns
    -------
    list of Seen
        One a reading.
    """
    repetitions = store.results(statement.study, scale)

    def seen(reading: Reading) -> Seen:
        found = [reading.of(results) for results in repetitions]
        values = tuple(float(value) for value in found if value is not None)
        return Seen(reading=reading, values=values, left_out=len(found) - len(values))

    return [seen(reading) for reading in statement.readings]


def judge_trend(statement: Trend, blank: Judgement, budget: Budget, store: Store) -> Judgement:
    """Judge a trend by the repetitions of its study.

    Parameters
    ----------
    statement
        The statement.
    blank
        Judgement with the statement's own fields.
    budget
        It names the size of studies.
    store
        Where results of runs are kept.

    Returns
    -------
    Judgement
        Measured, when each reading is told from chance and no negative control passes; refuted, when the opposite of one is
        beyond doubt at the paper's own size; else undecided. A reduced study never refutes: it says that the claim does
        not reproduce at its scale.
    """
    size = statement.study.size(budget.study)
    if not size.replicates:
        return replace(blank, verdict=Verdict.VACUOUS, reason="the study has no repetition")
    seen = look(statement, budget.study, store)
    level = LEVEL / len(seen)
    where = f"{'at reduced scale' if size.reduced else 'at the published settings'} ({size.says})"
    against = next((entry for entry in seen if entry.falls(level)), None)
    silent = next((entry for entry in seen if not entry.stands(level)), None)
    told = against or silent
    if told is not None:
        words = "does not reproduce" if told is against else "cannot tell"
        beyond = told is against and told.falls(REFUTING) and not size.reduced
        reason = f"{words} {where}: {told.reading.says}: {told.words(level)}"
        reason += f", chance {told.chance:.2g}" * (against is None and told.reading.equals is None)
        # False neighbours of a claim that does not pass say nothing about the check.
        found = replace(blank, evidence=(_evidence(seen, words, where, level),), reason=reason)
        return replace(found, verdict=Verdict.REFUTED if beyond else Verdict.UNDECIDED)
    judgement = replace(blank, teeth=tuple(_bite(statement, mutant, seen, budget, store) for mutant in statement.mutants))
    passing = next((tooth for tooth in judgement.teeth if not tooth.refuted), None)
    if passing is not None:
        reason = f"the control '{passing.name}' is not told apart: {passing.measured}"
        return replace(judgement, verdict=Verdict.UNDECIDED, reason=reason)
    return replace(judgement, evidence=(_evidence(seen, "reproduces", where, level),))


def _evidence(seen: Sequence[Seen], words: str, where: str, level: float) -> Evidence:
    parts = "; ".join(f"{entry.reading.says}: {entry.words(level)}" for entry in seen)
    return Evidence(
        kind=EvidenceKind.MEASURED,
        summary=f"{words} {where}: {parts}; each at level {level:.3g}",
        figures=plain({"readings": [_figures(entry, level) for entry in seen]}),
    )


def _figures(entry: Seen, level: float) -> dict[str, Any]:
    found: dict[str, Any] = {"says": entry.reading.says, "values": entry.values, "left_out": entry.left_out}
    if entry.reading.equals is not None:
        sound = len(entry.values) > 1 and all(map(math.isfinite, entry.values))
        spread = bootstrap_mean(entry.values, np.random.default_rng(0)) if sound else None
        return {**found, "interval": entry.interval(level), "bootstrap": spread, "claimed": entry.reading.equals}
    share = clopper_pearson(entry.positive, len(entry.values), 1 - 2 * level) if entry.values else None
    return {**found, "chance": entry.chance, "share": share}


def _bite(statement: Trend, mutant: Mutant, own: Sequence[Seen], budget: Budget, store: Store) -> Tooth:
    """See whether a false neighbour fails to pass the tests that the statement passes."""
    changed = mutant.change(statement, 1.0)
    same = changed.study is statement.study and changed.readings is statement.readings
    seen = own if same else look(changed, budget.study, store)
    failing = next((entry for entry in seen if not entry.stands(LEVEL / len(seen))), None)
    told = failing or seen[0]
    return Tooth(name=mutant.name, refuted=failing is not None, measured=f"{told.reading.says}: {told.words()}")
