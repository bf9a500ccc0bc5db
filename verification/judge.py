"""Judge one statement: calibrate, search, certify, prove, bite; then the verdict.

Longer than most: inequalities and equivalences are certified, refuted and proved by the same rules.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from numerics.comparison import Comparison, Reason, Relation, Truth
from theory.statement import Equivalence, Identity, Inequality, Instance, Limit, Probability, Statement, Trend
from verification.budget import Budget
from verification.climbing import climb
from verification.draws import UnitDraw
from verification.evaluate import (
    certified,
    consistent,
    counterexample_of,
    equality_bits,
    hypotheses_truth,
)
from verification.frequencies import judge_probability
from verification.galleries import gallery_of
from verification.measured import judge_limit
from verification.outcome import Counterexample, Evidence, EvidenceKind, Judgement, Tightness, Verdict
from verification.prove import prove
from verification.search import Search, ascend, explore, starts
from verification.shrink import complexity, shrink
from verification.studies import Store
from verification.teeth import bite, bite_equivalence, cases_of
from verification.trends import judge_trend

NOWHERE = Store()
DEAR = 16
"""Cost beyond which one drawn instance a kind is certified, besides the gallery."""
SUSPECT = -1e-9
"""A log-margin below this is more than the last digits: a violation, or the cancellation of something large."""


def judge(statement: Statement, *, budget: Budget, seed: int, store: Store = NOWHERE) -> Judgement:
    """Gather the evidence for and against a statement.

    Parameters
    ----------
    statement
        The statement.
    budget
        Counts.
    seed
        Seed; equal seeds give equal judgements apart from ``seconds``.
    store
        Where runs of studies are kept; in memory only by default.

    Returns
    -------
    Judgement
        The verdict with its evidence.

    Raises
    ------
    TypeError
        If statements of this kind cannot be judged.
    """
    started = time.perf_counter()
    calibrations = calibrate(statement)
    broken = [entry for entry in calibrations if not entry["passed"]]
    if broken:
        judgement = _blank(statement, Verdict.UNDECIDED, f"instrument out of calibration: {broken[0]['summary']}")
    elif isinstance(statement, Inequality):
        judgement = judge_inequality(statement, budget, seed)
    elif isinstance(statement, Equivalence):
        judgement = judge_equivalence(statement, budget, seed)
    elif isinstance(statement, Limit):
        far = replace(statement, scales=(*statement.scales, *statement.further)) if budget.further else statement
        judgement = judge_limit(far, _blank(statement, Verdict.HOLDS), seed)
    elif isinstance(statement, Probability):
        judgement = judge_probability(statement, _blank(statement, Verdict.HOLDS), budget, seed)
    elif isinstance(statement, Trend):
        judgement = judge_trend(statement, _blank(statement, Verdict.HOLDS), budget, store)
    else:
        raise TypeError(f"a {statement.kind} cannot be judged")
    return replace(judgement, calibrations=calibrations, seconds=time.perf_counter() - started)


def calibrate(statement: Statement) -> tuple[Mapping[str, Any], ...]:
    """Return one entry for each instrument and regime that the verdict rests on.

    Parameters
    ----------
    statement
        The statement.

    Returns
    -------
    tuple
        Entries ``instrument``, ``regime``, ``passed``, ``summary``.
    """
    from numerics.calibration import CALIBRATIONS

    entries = []
    for name in statement.instruments:
        instrument, _, scale = name.partition("@")
        result = CALIBRATIONS[instrument](float(scale or "1e-3"))
        entries.append({
            "instrument": instrument,
            "regime": result.regime,
            "passed": bool(result.passed),
            "summary": result.summary,
        })
    return tuple(entries)


def _blank(statement: Statement, verdict: Verdict, reason: str = "") -> Judgement:
    erratum = None
    if statement.erratum is not None:
        erratum = {name: getattr(statement.erratum, name) for name in ("wrong", "line", "counterexample", "repaired")}
    return Judgement(
        id=statement.id,
        paper=statement.paper,
        title=statement.title,
        kind=statement.kind,
        says=statement.says,
        formula=statement.formula,
        source=statement.source,
        ours=statement.ours,
        verdict=verdict,
        reason=reason,
        hypotheses=_hypotheses(statement, 0, 0),
        erratum=erratum,
        uses=tuple(sorted(statement.uses)),
    )


def _hypotheses(statement: Statement, drawn: int, satisfied: int) -> dict[str, Any]:
    return {
        "names": [entry.name for entry in statement.hypotheses],
        "says": [entry.says for entry in statement.hypotheses],
        "drawn": drawn,
        "satisfied": satisfied,
        "rate": satisfied / drawn if drawn else None,
        "hidden": [{"says": entry.says, "where": entry.where, "finding": entry.finding} for entry in statement.hidden],
    }


def _instances(count: int) -> str:
    return f"{count} instance{'s' * (count != 1)}"


class _Certification:
    """Certified comparisons at chosen instances: how many came out how, and all certified violations."""

    def __init__(self, statement: Statement, budget: Budget) -> None:
        self.statement, self.budget = statement, budget
        self.true = self.equal = self.undecided = self.outside = 0
        self.violations: list[tuple[Instance, Comparison]] = []
        self.open: tuple[Instance, Comparison] | None = None
        self.bits = 10**6

    def add(self, instance: Instance) -> None:
        if hypotheses_truth(self.statement, instance) is not Truth.TRUE:
            self.outside += 1
            return
        comparison = certified(self.statement, instance, last_bits=self.budget.last_bits)
        if comparison.truth is Truth.FALSE:
            self.violations.append((instance, comparison))
        elif comparison.truth is Truth.TRUE:
            self.true += 1
        elif consistent(comparison, equality_bits(self.statement)):
            self.equal += 1
            self.bits = min(self.bits, comparison.equal_bits)
        else:
            self.undecided += 1
            self.open = self.open or (instance, comparison)

    @property
    def inside(self) -> int:
        """Return how many instances are certified to satisfy every hypothesis."""
        return self.true + self.equal + self.undecided + len(self.violations)

    def remains(self) -> str:
        """Return what balls leave open, with the first instance at which they do."""
        assert self.open is not None
        instance, comparison = self.open
        why = comparison.reason.value
        if comparison.reason is Reason.OVERLAP and comparison.radius:
            why += f" (radius {comparison.radius:.3g} at {comparison.bits} bits)"
        return f"balls stayed undecided at {_instances(self.undecided)}, the first at {instance}: {why}"

    def evidence(self) -> Evidence | None:
        if self.true + self.equal == 0:
            return None
        parts = []
        if self.true:
            parts.append(f"both sides separated by balls at {_instances(self.true)}")
        if self.equal:
            parts.append(f"equal to at least {self.bits} bits at {_instances(self.equal)}")
        figures = {"separated": self.true, "equal": self.equal, "undecided": self.undecided, "outside": self.outside}
        return Evidence(kind=EvidenceKind.CERTIFIED, summary=", ".join(parts), figures=figures)


def judge_inequality(statement: Inequality, budget: Budget, seed: int) -> Judgement:
    """Judge an inequality or an identity.

    Parameters
    ----------
    statement
        The statement.
    budget
        Counts.
    seed
        Seed of the search.

    Returns
    -------
    Judgement
        The verdict with its evidence.
    """
    search = Search()
    gallery = gallery_of(statement)
    explore(statement, search, cases=cases_of(budget, statement.cost), seed=seed)
    for instance in gallery:
        search.record(statement, UnitDraw(source=lambda: 0.5), instance)
    # The margin of an identity is rounding, which no ascent can push.
    pushed = [] if Relation(statement.relation) is Relation.EQUAL else starts(search, budget.ascents)
    for case in pushed:
        ascend(statement, search, case, steps=max(20, budget.ascent_steps // statement.cost))
    if statement.climb is not None:
        climb(statement, search, count=budget.climbs, steps=budget.climb_steps, seed=seed)
    certification = _Certification(statement, budget)
    # Hard quantities are certified at fewer instances; the gallery is always among them.
    count = budget.certified if statement.cost <= 4 else max(2, budget.certified // 3)
    count = max(1, count // 2) if statement.cost > DEAR else count
    chosen = gallery + [case.instance for case in _spread(search, count)] + search.undefined[:2]
    for instance in dict.fromkeys(chosen):
        certification.add(instance)
    judgement = replace(
        _blank(statement, Verdict.HOLDS),
        hypotheses=_hypotheses(statement, search.drawn, search.accepted),
        tightness=_tightness(statement, search, refuted=bool(certification.violations)),
    )
    judgement = _with_verdict(judgement, statement, search, certification, budget)
    # The neighbours of what is false, says nothing or cannot be computed tell nothing more.
    if judgement.verdict in (Verdict.REFUTED, Verdict.VACUOUS) or statement.erratum is not None or not judgement.evidence:
        return judgement
    teeth = tuple(
        bite(statement, mutant, search, gallery, budget, seed + 1 + index) for index, mutant in enumerate(statement.mutants)
    )
    return replace(judgement, teeth=teeth)


def _spread(search: Search, count: int) -> list[Any]:
    """Return the worst case seen of each few, and the first drawn: certified instances should not all look alike."""
    distinct: dict[Instance, Any] = {}
    for case in search.worst:
        distinct.setdefault(case.instance, case)
    # None that floats take for a violation may hide behind the roundings of others.
    suspects = sum(case.margin < SUSPECT for case in distinct.values())
    worst = list(distinct.values())[: max(1, count // 2, suspects)]
    return worst + search.first[: max(0, count - len(worst))]


def _with_verdict(
    judgement: Judgement, statement: Inequality, search: Search, certification: _Certification, budget: Budget
) -> Judgement:
    evidence = [entry for entry in (certification.evidence(), _sampled(search, certification)) if entry is not None]
    if certification.violations:
        counterexample = _smallest(statement, certification.violations, budget)
        reason = statement.erratum.wrong if statement.erratum is not None else "a counterexample is certified"
        return replace(
            judgement,
            verdict=Verdict.REFUTED,
            reason=reason,
            counterexample=counterexample,
            evidence=(_refuting(certification), *(entry for entry in evidence if entry.kind is EvidenceKind.SAMPLED)),
        )
    if statement.proof is not None:
        _, proved, account = prove(statement.proof, budget.boxes)
        if proved is None:
            return replace(judgement, verdict=Verdict.UNDECIDED, reason=account, evidence=tuple(evidence))
        evidence.insert(0, proved)
    if certification.inside == 0:
        return replace(judgement, verdict=Verdict.VACUOUS, reason="no instance drawn satisfies the hypotheses")
    if search.satisfied and search.trivial == search.satisfied:
        return replace(judgement, verdict=Verdict.VACUOUS, reason="the conclusion is trivial at every instance drawn")
    if certification.undecided and statement.proof is None:
        return replace(judgement, verdict=Verdict.UNDECIDED, reason=certification.remains(), evidence=tuple(evidence))
    if not evidence:
        return replace(judgement, verdict=Verdict.UNDECIDED, reason="no evidence was gathered")
    return replace(judgement, evidence=tuple(evidence))


def _sampled(search: Search, certification: _Certification) -> Evidence | None:
    if not search.worst:
        return None
    margin = search.least_margin
    ascents = f" and {search.ascended} of local ascent" if search.ascended else ""
    found = "" if certification.violations else "no certified violation in "
    unconfirmed = ", which balls do not confirm" * (margin < SUSPECT and not certification.violations)
    summary = f"{found}{search.drawn} drawn instances{ascents}; least log-margin {margin:.3g}{unconfirmed}"
    if search.climbed:
        ends = ", ".join(f"{value:.3g} in {name}" for name, value in sorted(search.climbed.items()))
        summary += f"; climbs by gradients end at {ends}"
    least = None if math.isnan(margin) else margin
    figures = {"drawn": search.drawn, "ascended": search.ascended, "least_margin": least, "undefined": len(search.undefined)}
    for name, value in sorted(search.climbed.items()):
        figures[f"least margin climbed to in {name}"] = value if math.isfinite(value) else None
    return Evidence(kind=EvidenceKind.SAMPLED, summary=summary, figures=figures)


def _refuting(certification: _Certification) -> Evidence:
    count = len(certification.violations)
    summary = f"violated at {_instances(count)} with the two sides separated by balls"
    return Evidence(kind=EvidenceKind.CERTIFIED, summary=summary, figures={"violations": count})


def _smallest(
    statement: Inequality | Equivalence, violations: list[tuple[Instance, Comparison]], budget: Budget
) -> Counterexample:
    """Shrink the simplest violation; one given with the erratum is already small and competes."""
    ranked = sorted(violations, key=lambda entry: complexity(entry[0]))
    best, comparison = ranked[0]
    if statement.erratum is None or best != statement.instance.parse(statement.erratum.counterexample):
        best, comparison = shrink(statement, best, comparison, last_bits=budget.last_bits)
    return counterexample_of(best, comparison)


def _tightness(statement: Inequality, search: Search, refuted: bool) -> Tightness | None:
    if isinstance(statement, Identity) or not search.ratios or Relation(statement.relation) is Relation.EQUAL:
        return None
    # Where balls confirm no violation, a ratio below 1 is the rounding of floats.
    values = np.array(search.ratios) if refuted else np.maximum(search.ratios, 1.0)
    quantiles = tuple(float(value) for value in np.quantile(values, [0, 0.25, 0.5, 0.75, 1.0]))
    extreme = search.worst[0].instance.data() if search.worst else None
    return Tightness(count=len(values), quantiles=quantiles, extreme=extreme)  # type: ignore[arg-type]


def judge_equivalence(statement: Equivalence, budget: Budget, seed: int) -> Judgement:
    """Judge an equivalence at drawn instances, by comparing the truths of its two sides in balls.

    Parameters
    ----------
    statement
        The statement.
    budget
        Counts.
    seed
        Seed of the draws.

    Returns
    -------
    Judgement
        The verdict with its evidence.
    """
    rng = np.random.default_rng(seed)
    count = max(budget.certified * 4, 24)
    drawn = [statement.drawn(UnitDraw(source=lambda: float(rng.random()))) for _ in range(count)]
    instances = gallery_of(statement) + drawn
    certification = _Certification(statement, budget)
    for instance in instances:
        certification.add(instance)
    judgement = replace(
        _blank(statement, Verdict.HOLDS), hypotheses=_hypotheses(statement, count, count - certification.outside)
    )
    if certification.violations:
        found = _smallest(statement, certification.violations, budget)
        reason = statement.erratum.wrong if statement.erratum is not None else "one condition holds without the other"
        return replace(
            judgement, verdict=Verdict.REFUTED, reason=reason, counterexample=found, evidence=(_refuting(certification),)
        )
    if certification.inside == 0:
        return replace(judgement, verdict=Verdict.VACUOUS, reason="no instance drawn satisfies the hypotheses")
    evidence = [entry for entry in (certification.evidence(),) if entry is not None]
    if statement.proof is None and (certification.undecided or not evidence):
        reason = certification.remains() if certification.undecided else "no evidence was gathered"
        return replace(judgement, verdict=Verdict.UNDECIDED, reason=reason, evidence=tuple(evidence))
    if statement.proof is not None:
        _, proved, account = prove(statement.proof, budget.boxes)
        if proved is None:
            return replace(judgement, verdict=Verdict.UNDECIDED, reason=account, evidence=tuple(evidence))
        evidence.insert(0, proved)
    teeth = tuple(bite_equivalence(statement, mutant, instances, budget) for mutant in statement.mutants)
    return replace(judgement, evidence=tuple(evidence), teeth=teeth)
