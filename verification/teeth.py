"""Teeth: a check must refute the false neighbours of its statement, with the same budget."""

from __future__ import annotations

from typing import Any

from numerics.comparison import Truth
from theory.statement import Equivalence, Inequality, Instance, Mutant
from verification.budget import Budget
from verification.climbing import climb
from verification.evaluate import certified, counterexample_of, float_hypotheses, hypotheses_truth
from verification.outcome import Counterexample, Tooth
from verification.search import Case, Search, ascend, explore, starts
from verification.shrink import complexity, violates


def not_needed(cases: int) -> str:
    """Return what it says that no violation was found without a hypothesis, among so many instances."""
    if cases == 0:
        return "nothing is known without this hypothesis: no instance was met that satisfies the others"
    return f"this hypothesis is not needed, as far as this search sees: no violation in {cases} instances without it"


def cases_of(budget: Budget, cost: int) -> int:
    """Return how many instances the search draws for a statement of this cost."""
    return max(budget.least_cases, budget.cases // max(1, cost))


def find_violation(
    statement: Inequality, known: list[Instance], *, budget: Budget, seed: int
) -> tuple[Counterexample | None, Search]:
    """Look for a certified violation: at known instances, by drawing, then by ascent from the worst cases.

    Parameters
    ----------
    statement
        The statement to be refuted.
    known
        Instances tried first.
    budget
        Counts.
    seed
        Seed of the search.

    Returns
    -------
    tuple
        The counterexample, if any, and what the search saw.
    """
    found: list[Counterexample] = []

    def try_case(instance: Instance) -> bool:
        comparison = violates(statement, instance, last_bits=budget.last_bits)
        if comparison is not None:
            found.append(counterexample_of(instance, comparison))
        return bool(found)

    search = Search()
    for instance in known:
        if try_case(instance):
            return found[0], search
    cases = cases_of(budget, statement.cost)
    explore(statement, search, cases=cases, seed=seed, stop=lambda case: try_case(case.instance))
    for case in starts(search, budget.ascents):
        if found:
            break
        ascend(statement, search, case, steps=max(20, budget.ascent_steps // statement.cost))
        try_worst(search, try_case)
    if not found and statement.climb is not None:
        climb(statement, search, count=budget.climbs, steps=budget.climb_steps, seed=seed)
        try_worst(search, try_case)
    return (found[0] if found else None), search


def try_worst(search: Search, try_case: Any) -> None:
    """Try to certify the violations that an ascent suspects, worst first."""
    suspects: list[Case] = [case for case in search.worst[:3] if case.margin < 0]
    for case in suspects:
        if try_case(case.instance):
            return


def bite(statement: Inequality, mutant: Mutant, search: Search, gallery: list[Instance], budget: Budget, seed: int) -> Tooth:
    """Try to refute one mutant.

    Parameters
    ----------
    statement
        The statement.
    mutant
        Its false neighbour.
    search
        What the search for violations of the statement saw: its worst cases are tried first.
    gallery
        Instances always tried.
    budget
        Counts.
    seed
        Seed of the search.

    Returns
    -------
    Tooth
        The fate of the mutant.
    """
    # A ratio below 1 is the rounding of floats, as the statement is not refuted.
    changed = mutant.change(statement, max(1.0, search.tightest))
    # Small instances first: they are cheap to certify and easier to read.
    tries = [statement.instance.parse(entry) for entry in mutant.tries]
    known = tries + gallery + sorted(dict.fromkeys(case.instance for case in search.worst[:8]), key=complexity)
    counterexample, seen = find_violation(changed, known, budget=budget, seed=seed)
    finding = None
    if counterexample is None:
        finding = not_needed(seen.satisfied) if mutant.drops is not None else mutant.if_survives
    return Tooth(name=mutant.name, refuted=counterexample is not None, finding=finding, counterexample=counterexample)


def bite_equivalence(statement: Equivalence, mutant: Mutant, instances: list[Instance], budget: Budget) -> Tooth:
    """Try to refute one mutant of an equivalence at given instances; see :func:`bite`."""
    changed = mutant.change(statement, 1.0)
    inside = 0
    for instance in instances:
        if float_hypotheses(changed, instance) and hypotheses_truth(changed, instance) is Truth.TRUE:
            inside += 1
            comparison = certified(changed, instance, last_bits=budget.last_bits)
            if comparison.truth is Truth.FALSE:
                return Tooth(name=mutant.name, refuted=True, counterexample=counterexample_of(instance, comparison))
    finding = not_needed(inside) if mutant.drops is not None else mutant.if_survives
    return Tooth(name=mutant.name, refuted=False, finding=finding)
