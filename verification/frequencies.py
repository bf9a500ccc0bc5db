"""Judge lower bounds on probabilities by frequencies with exact (Clopper-Pearson) intervals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numerics.arithmetic import FLOATS
from numerics.statistics import clopper_pearson
from theory.statement import Instance, Mutant, Probability
from verification.budget import Budget
from verification.draws import UnitDraw
from verification.evaluate import float_hypotheses
from verification.galleries import gallery_of
from verification.outcome import Evidence, EvidenceKind, Judgement, Tooth, Verdict
from verification.teeth import not_needed

REFUTING = 1 - 1e-6
"""Confidence at which a frequency refutes: a claim that is exactly true must not fall to chance."""
DRAWS = 3
LEAST_TRIALS = 100


@dataclass(frozen=True)
class Frequency:
    """How often an event happened at one instance.

    Parameters
    ----------
    instance
        The instance.
    successes, trials
        The counts.
    claimed
        The lower bound that is claimed there.
    """

    instance: Instance
    successes: int
    trials: int
    claimed: float

    @property
    def low(self) -> float:
        """Return what the frequency supports at least, at 95%."""
        return float(clopper_pearson(self.successes, self.trials, 0.95)[0])

    @property
    def most(self) -> float:
        """Return what the frequency allows at most, at the confidence that refutes."""
        return float(clopper_pearson(self.successes, self.trials, REFUTING)[1])

    @property
    def refutes(self) -> bool:
        """Return whether the claim is false here."""
        return self.most < self.claimed

    def against(self) -> str:
        """Return what refutes the claim."""
        bound = f"at most {self.most:.4g} (99.9999%), claimed at least {self.claimed:.4g}"
        return f"{self.successes} of {self.trials} at {self.instance}: {bound}"


def frequency(statement: Probability, instance: Instance, rng: Any, trials: int) -> Frequency:
    """Count how often the event happens.

    Parameters
    ----------
    statement
        The statement.
    instance
        Exact data.
    rng
        Where chance comes from.
    trials
        Number of trials.

    Returns
    -------
    Frequency
        The counts beside the claim.
    """
    lifted = instance.lift(FLOATS)
    successes = sum(bool(statement.event(lifted, rng)) for _ in range(trials))
    return Frequency(instance, successes, trials, float(statement.at_least(lifted)))


def judge_probability(statement: Probability, blank: Judgement, budget: Budget, seed: int) -> Judgement:
    """Judge a lower bound on a probability at the instances of its gallery, or at a few drawn ones where it has none.

    Parameters
    ----------
    statement
        The statement.
    blank
        Judgement with the statement's own fields.
    budget
        ``cases`` trials at each instance.
    seed
        Seed of the draws and trials.

    Returns
    -------
    Judgement
        Refuted when an interval lies below the claim, measured when all lie above, else undecided; vacuous where no instance
        satisfies the hypotheses, or where nothing is claimed at any.
    """
    rng = np.random.default_rng(seed)
    drawn = _draw(statement, rng)
    instances = _inside(statement, gallery_of(statement) or drawn)
    if not instances:
        return replace(blank, verdict=Verdict.VACUOUS, reason="no instance looked at satisfies the hypotheses")
    seen: list[Frequency] = []
    for instance in instances:
        seen.append(frequency(statement, instance, rng, max(LEAST_TRIALS, budget.cases)))
        if seen[-1].refutes:
            refuting = Evidence(kind=EvidenceKind.MEASURED, summary=seen[-1].against())
            return replace(blank, verdict=Verdict.REFUTED, reason=seen[-1].against(), evidence=(refuting,))
    if all(entry.claimed <= 0 for entry in seen):
        return replace(
            blank, verdict=Verdict.VACUOUS, reason="the claimed probability is not above 0 at any instance looked at"
        )
    teeth = tuple(
        _bite(statement, mutant, instances, budget, [seed, number]) for number, mutant in enumerate(statement.mutants)
    )
    short = [entry for entry in seen if entry.low < entry.claimed]
    if short:
        reason = f"{short[0].successes} of {short[0].trials} supports at least {short[0].low:.4g} (95%)"
        return replace(blank, verdict=Verdict.UNDECIDED, reason=f"{reason}, claimed {short[0].claimed:.4g}", teeth=teeth)
    least = min(entry.low for entry in seen)
    summary = f"{seen[0].trials} trials at each of {len(seen)} instances support at least {least:.4g} (95%)"
    return replace(
        blank, evidence=(Evidence(kind=EvidenceKind.MEASURED, summary=summary, figures={"low": least}),), teeth=teeth
    )


def _draw(statement: Probability, rng: Any) -> list[Instance]:
    build = UnitDraw(source=lambda: float(rng.random()))
    return [statement.drawn(build) for _ in range(DRAWS)]


def _inside(statement: Probability, instances: Iterable[Instance]) -> list[Instance]:
    return [instance for instance in instances if float_hypotheses(statement, instance)]


def _bite(statement: Probability, mutant: Mutant, instances: list[Instance], budget: Budget, seed: list[int]) -> Tooth:
    """Look for an instance at which the mutant's claim is refuted; without a hypothesis, at drawn ones as well."""
    rng = np.random.default_rng(seed)
    changed = mutant.change(statement, 1.0)
    tries = [statement.instance.parse(entry) for entry in mutant.tries]
    places = _inside(changed, [*tries, *instances, *(_draw(changed, rng) if mutant.drops is not None else [])])
    told = "no instance"
    for instance in places:
        found = frequency(changed, instance, rng, max(LEAST_TRIALS, budget.cases))
        told = f"{found.successes} of {found.trials}, claimed at least {found.claimed:.4g}"
        if found.refutes:
            return Tooth(name=mutant.name, refuted=True, measured=told)
    finding = not_needed(len(places)) if mutant.drops is not None else mutant.if_survives
    return Tooth(name=mutant.name, refuted=False, finding=finding, measured=told)
