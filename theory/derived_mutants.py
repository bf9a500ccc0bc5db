"""False neighbours of a statement, derived from its constants, its hypotheses and its relation.

What is derived, for an inequality ``left <= c * bound`` under printed hypotheses:

* each constant that multiplies the whole right side, 1% past the slack that the search finds: it must be refuted;
* each constant, by :data:`FACTORS` one way and the other: one of the two is usually a weaker claim;
* each printed hypothesis, dropped;
* the strict relation, where the claimed one allows equality, and the reversed relation.

A neighbour that may be true says so: if the check does not refute it, the report lists that as a finding, with its reason.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np

from numerics.arithmetic import FLOATS
from numerics.comparison import Relation
from theory.statement import Equivalence, Inequality, InputError, Mutant, Statement, past_the_slack, scaled, without

T = TypeVar("T")
S = TypeVar("S", bound=Statement)

FACTORS = (Fraction(2), Fraction(1, 2))
NEAR = (Fraction(101, 100), Fraction(99, 100))
"""For identities and for constants inside the right side, where 1% must already be seen."""
SHIFTS = (Fraction(1, 100), Fraction(-1, 100))
"""For a constant that is zero, which no factor changes."""
STRICT = {"<=": "<", ">=": ">"}
REVERSED = {"<=": ">=", ">=": "<=", "<": ">", ">": "<"}
DRAWS = 8

WEAKER = "no tooth on this side: a weaker claim, or a constant that does not matter"
INSIDE = "no tooth: a constant inside the right side may have room, which no slack measures"
NEVER_EQUAL = "no tooth: no equality was certified, so that the strict claim may hold as well"
ALWAYS_EQUAL = "no tooth: nothing told the two sides apart wherever the search looked"


class _Stream:
    """A :class:`theory.statement.Draw` on a fixed stream, which knows no search."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def integer(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def real(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)

    def positive(self, low: float, high: float) -> float:
        return float(low * (high / low) ** self._random.random())

    def choice(self, options: Sequence[T]) -> T:
        return self._random.choice(options)


def multiplies(statement: Inequality, constant: str) -> bool:
    """Return whether doubling a constant doubles the right side at every one of :data:`DRAWS` drawn instances.

    Parameters
    ----------
    statement
        The statement.
    constant
        Name of the constant.

    Returns
    -------
    bool
        The answer, from floats that agree to 1e-9 of the right side; a right side of 0, not finite, or that cannot be computed
        tells nothing.
    """
    doubled = dataclasses.replace(statement, constants={**statement.constants, constant: 2 * statement.constants[constant]})
    told = False
    for seed in range(DRAWS):
        try:
            lifted = statement.drawn(_Stream(seed)).lift(FLOATS)
            with np.errstate(all="ignore"):
                before = np.asarray(statement.right(lifted, statement.lift_constants(FLOATS)), dtype=float)
                after = np.asarray(statement.right(lifted, doubled.lift_constants(FLOATS)), dtype=float)
        except Exception:
            continue  # the statement is still to be judged, and the verdict then says what went wrong
        known = np.isfinite(before) & np.isfinite(after) & ((before != 0) | (after != 0))
        if np.any(np.abs(after - 2 * before)[known] > 1e-9 * np.abs(after)[known]):
            return False
        told = told or bool(np.any(known))
    return told


def derived_mutants(statement: Statement) -> tuple[Mutant, ...]:
    """Return the false neighbours that a statement's own data suggest; see the module for which.

    Parameters
    ----------
    statement
        An inequality, an identity or an equivalence.

    Returns
    -------
    tuple of Mutant
        The neighbours, each with a name of its own.

    Raises
    ------
    InputError
        If it is a statement of another kind, whose teeth are negative controls.
    """
    if not isinstance(statement, Inequality | Equivalence):
        raise InputError(f"{statement.id}: a {statement.kind} has no derived mutants; its teeth are negative controls")
    found = [without(entry.name) for entry in statement.hypotheses if not entry.standing]
    if isinstance(statement, Inequality):
        found = [*_of_constants(statement), *found, *_of_relation(statement)]
    return tuple(found)


def with_derived_mutants(statement: S) -> S:
    """Return the statement with its derived neighbours behind its own; one of its own with the same name stays.

    Parameters
    ----------
    statement
        An inequality, an identity or an equivalence.

    Returns
    -------
    Statement
        The same kind of statement.
    """
    names = {mutant.name for mutant in statement.mutants}
    more = tuple(mutant for mutant in derived_mutants(statement) if mutant.name not in names)
    return dataclasses.replace(statement, mutants=(*statement.mutants, *more))


def _of_constants(statement: Inequality) -> Iterator[Mutant]:
    equality = Relation(statement.relation) is Relation.EQUAL
    for name, value in statement.constants.items():
        if value == 0:
            yield from (_may_hold(_shifted(name, by), INSIDE) for by in SHIFTS)
            continue
        outside = multiplies(statement, name)
        if outside and not equality:
            yield past_the_slack(name)
            yield from (_may_hold(scaled(name, factor), WEAKER) for factor in FACTORS)
        elif equality:
            yield from (scaled(name, factor) for factor in (*NEAR, *FACTORS))
        else:
            yield from (_may_hold(scaled(name, factor), INSIDE) for factor in (*NEAR, *FACTORS))


def _may_hold(mutant: Mutant, finding: str) -> Mutant:
    return dataclasses.replace(mutant, if_survives=finding)


def _shifted(constant: str, by: Fraction) -> Mutant:
    def change(statement: Any, _tightest: float) -> Any:
        constants = {**statement.constants, constant: statement.constants[constant] + by}
        return dataclasses.replace(statement, constants=constants)

    return Mutant(name=f"{constant} plus {by}", change=change)


def _of_relation(statement: Inequality) -> Iterator[Mutant]:
    if statement.relation in STRICT:
        yield _related(f"strict: {STRICT[statement.relation]}", STRICT[statement.relation], NEVER_EQUAL)
    if statement.relation in REVERSED:
        yield _related(f"reversed: {REVERSED[statement.relation]}", REVERSED[statement.relation], ALWAYS_EQUAL)


def _related(name: str, relation: str, finding: str) -> Mutant:
    def change(statement: Any, _tightest: float) -> Any:
        return dataclasses.replace(statement, relation=relation)

    return Mutant(name=name, change=change, if_survives=finding)
