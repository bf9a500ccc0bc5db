"""Judge limits and probabilities by measurement: rates and frequencies with confidence intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import FLOATS
from numerics.statistics import clopper_pearson, log_log_slope
from theory.statement import Instance, Limit, Mutant, Probability
from verification.budget import Budget
from verification.draws import UnitDraw
from verification.outcome import Evidence, EvidenceKind, Judgement, Tooth, Verdict

FLOOR = 1e-11
"""Relative errors below this are rounding, and say nothing about a rate."""
REFUTING = 1 - 1e-6
"""Confidence at which a frequency refutes: a claim that is exactly true must not fall to chance."""
WIDEST = 0.75
"""An interval of orders wider than this confirms none: an exponential decay is no power of the scale."""


@dataclass(frozen=True)
class Approach:
    """How a quantity approaches its claimed limit at one instance.

    Parameters
    ----------
    errors
        Relative errors at the scales, absolute ones when the limit is 0.
    rate, low, high
        Measured order of decay with its interval; NaN when the errors reach the rounding floor too soon.
    tends
        Whether the errors decay to the floor, or like a positive power to the end.
    """

    errors: tuple[float, ...]
    rate: float
    low: float
    high: float
    tends: bool


def approach(statement: Limit, instance: Instance) -> Approach:
    """Measure the errors of a limit at its scales.

    Parameters
    ----------
    statement
        The statement.
    instance
        Exact data.

    Returns
    -------
    Approach
        The errors and their rate.
    """
    lifted = instance.lift(FLOATS)
    limit = float(statement.limit(lifted))
    scales = np.array([float(scale) for scale in statement.scales])
    values = np.array([float(statement.quantity(lifted, scale)) for scale in scales])
    errors = np.abs(values - limit) / (abs(limit) or 1.0)
    above = errors > FLOOR
    slope = log_log_slope(scales[above], errors[above]) if above.sum() >= 4 else None
    rate, low, high = (-slope.slope, -slope.high, -slope.low) if slope else (np.nan, np.nan, np.nan)
    tends = bool(errors[-1] <= FLOOR or (slope is not None and low > 0.2 and errors[-1] < 0.5 * errors[0]))
    return Approach(tuple(errors.tolist()), float(rate), float(low), float(high), tends)


def _agrees(statement: Limit, seen: Approach, slack: float = 0.08) -> bool:
    """Return whether the measured order is the claimed one; faster than any power means reaching the floor."""
    if not seen.tends:
        return False
    if statement.rate is None:
        return seen.errors[-1] <= FLOOR
    claimed = float(statement.rate)
    if np.isnan(seen.rate) or seen.high - seen.low > WIDEST:
        return False
    # The local orders still drift at finite scales; the drift allowed is stated with the evidence.
    return seen.low - slack <= claimed <= seen.high + slack


def judge_limit(statement: Limit, blank: Judgement) -> Judgement:
    """Judge a limit at the instances of its gallery.

    Parameters
    ----------
    statement
        The statement.
    blank
        Judgement with the statement's own fields.

    Returns
    -------
    Judgement
        Measured, refuted when some instance does not approach the limit, or undecided about the rate.
    """
    instances = [statement.instance.parse(entry) for entry in statement.gallery]
    seen = [approach(statement, instance) for instance in instances]
    teeth = tuple(_bite(statement, mutant, instances) for mutant in statement.mutants)
    bad = [instance for instance, entry in zip(instances, seen, strict=True) if not _agrees(statement, entry)]
    rates = [entry.rate for entry in seen if not np.isnan(entry.rate)]
    claimed = "faster than any power" if statement.rate is None else f"order {statement.rate}"
    if bad:
        return replace(blank, verdict=Verdict.UNDECIDED, reason=f"{claimed} not seen at {bad[0]}", teeth=teeth)
    summary = f"relative error at the last scale at most {max(entry.errors[-1] for entry in seen):.2g}; claimed {claimed}"
    if statement.rate is not None:
        spread = (min(entry.low for entry in seen), max(entry.high for entry in seen))
        summary += f", measured {min(rates):.3f} to {max(rates):.3f} (95% intervals within [{spread[0]:.3f}, {spread[1]:.3f}])"
    figures: dict[str, Any] = {
        "instances": [instance.data() for instance in instances],
        "errors": [entry.errors for entry in seen],
        "scales": [str(Fraction(scale)) for scale in statement.scales],
    }
    evidence = (Evidence(kind=EvidenceKind.MEASURED, summary=summary, figures=figures),)
    return replace(blank, evidence=evidence, teeth=teeth)


def _bite(statement: Limit, mutant: Mutant, instances: list[Instance]) -> Tooth:
    changed = mutant.change(statement, 1.0)
    refuted = any(not _agrees(changed, approach(changed, instance)) for instance in instances)
    return Tooth(name=mutant.name, refuted=refuted)


def judge_probability(statement: Probability, blank: Judgement, budget: Budget, seed: int) -> Judgement:
    """Judge a lower bound on a probability by frequencies with exact (Clopper-Pearson) intervals.

    Parameters
    ----------
    statement
        The statement.
    blank
        Judgement with the statement's own fields.
    budget
        ``cases`` trials at each of a few instances.
    seed
        Seed of the draws and trials.

    Returns
    -------
    Judgement
        Refuted when the interval lies below the claim, measured when it lies above, else undecided.
    """
    rng = np.random.default_rng(seed)
    build = UnitDraw(source=lambda: float(rng.random()))
    drawn = [statement.instances(build, statement.in_force) for _ in range(3)]
    instances = [statement.instance.parse(entry) for entry in statement.gallery] or drawn
    trials = max(100, budget.cases)
    lows, shortfalls = [], []
    for instance in instances:
        lifted = instance.lift(FLOATS)
        successes = sum(bool(statement.event(lifted, rng)) for _ in range(trials))
        low, _ = clopper_pearson(successes, trials, 0.95)
        claimed = float(statement.at_least(lifted))
        lows.append(low)
        _, most = clopper_pearson(successes, trials, REFUTING)
        if most < claimed:
            reason = f"{successes} of {trials} at {instance}: at most {most:.4g} (99.9999%), claimed at least {claimed:.4g}"
            return replace(blank, verdict=Verdict.REFUTED, reason=reason)
        if low < claimed:
            shortfalls.append(f"{successes} of {trials} supports at least {low:.4g} (95%), claimed {claimed:.4g}")
    if shortfalls:
        return replace(blank, verdict=Verdict.UNDECIDED, reason=shortfalls[0])
    summary = f"{trials} trials at each of {len(instances)} instances support at least {min(lows):.4g} (95%)"
    return replace(blank, evidence=(Evidence(kind=EvidenceKind.MEASURED, summary=summary, figures={"low": min(lows)}),))
