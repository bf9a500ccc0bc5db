"""Shrink a counterexample to few and simple numbers; every step is certified again."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from numerics.comparison import Comparison, Relation, Truth
from theory.statement import Inequality, Instance, Statement
from verification.evaluate import UNINFORMATIVE, certified, float_hypotheses, float_margin, hypotheses_truth

DENOMINATORS = (1, 2, 3, 4, 5, 10, 20, 100, 1000)


def complexity(instance: Instance) -> float:
    """Return a size: ten for each number, and the bits of numerators and, twice, of denominators."""

    def size(value: Any) -> float:
        if isinstance(value, tuple):
            return sum(size(entry) for entry in value)
        number = Fraction(value)
        return 10 + math.log2(1 + abs(number.numerator)) + 2 * math.log2(number.denominator) + 0.5 * (number < 0)

    return sum(size(getattr(instance, item.name)) for item in dataclasses.fields(instance))


def _simpler(value: Fraction) -> Iterator[Fraction]:
    for denominator in DENOMINATORS:
        yield value.limit_denominator(denominator)
    yield Fraction(round(value, 2 - len(str(abs(int(value))))))


def candidates(instance: Instance) -> Iterator[Instance]:
    """Yield simpler neighbours of an instance: fewer entries, a sample moved to 0, rounder numbers.

    Parameters
    ----------
    instance
        Exact data.

    Yields
    ------
    Instance
        A neighbour, which may break the hypotheses.
    """
    yield from instance.neighbours()
    for item in dataclasses.fields(instance):
        value = getattr(instance, item.name)
        if isinstance(value, tuple):
            for at in range(len(value)):
                if len(value) > 1:
                    yield dataclasses.replace(instance, **{item.name: value[:at] + value[at + 1 :]})
            if value and value[0] != 0:
                yield dataclasses.replace(instance, **{item.name: tuple(entry - value[0] for entry in value)})
            for denominator in DENOMINATORS:
                yield dataclasses.replace(instance, **{item.name: tuple(v.limit_denominator(denominator) for v in value)})
            for at, entry in enumerate(value):
                for simple in _simpler(entry):
                    yield dataclasses.replace(instance, **{item.name: (*value[:at], simple, *value[at + 1 :])})
        elif isinstance(value, Fraction):
            for simple in _simpler(value):
                yield dataclasses.replace(instance, **{item.name: simple})
        elif isinstance(value, int) and value > 1:
            yield dataclasses.replace(instance, **{item.name: value - 1})
            yield dataclasses.replace(instance, **{item.name: 1})


def _suspect(statement: Inequality, margin: float) -> bool:
    # A strict claim fails at equality as well; two sides that are 0 in floats have no margin of their own.
    strict = Relation(statement.relation) in (Relation.ABOVE, Relation.BELOW)
    return margin < 0 or (strict and margin in (0.0, UNINFORMATIVE))


def violates(statement: Statement, instance: Instance, *, last_bits: int) -> Comparison | None:
    """Return the certified false comparison at ``instance``, or ``None`` if it is no certified counterexample.

    Parameters
    ----------
    statement
        The statement.
    instance
        Exact data.
    last_bits
        Precision at which to give up.

    Returns
    -------
    Comparison or None
        The comparison, when every hypothesis is certified to hold and the conclusion to fail.
    """
    try:
        if not float_hypotheses(statement, instance):
            return None
        if isinstance(statement, Inequality) and not _suspect(statement, float_margin(statement, instance).margin):
            return None
    except (ArithmeticError, IndexError, ValueError):
        return None  # a neighbour may leave the domain of the formulas, such as an index past the sample
    if hypotheses_truth(statement, instance) is not Truth.TRUE:
        return None
    comparison = certified(statement, instance, last_bits=last_bits)
    return comparison if comparison.truth is Truth.FALSE else None


def shrink(
    statement: Statement, instance: Instance, comparison: Comparison, *, last_bits: int, attempts: int = 400
) -> tuple[Instance, Comparison]:
    """Return the simplest certified counterexample that greedy simplification reaches.

    Parameters
    ----------
    statement
        The statement.
    instance, comparison
        A certified counterexample.
    last_bits
        Precision at which a comparison gives up.
    attempts
        Neighbours tried.

    Returns
    -------
    tuple
        The smaller instance and its certified comparison.
    """
    improved = True
    while improved and attempts > 0:
        improved = False
        size = complexity(instance)
        for neighbour in candidates(instance):
            if complexity(neighbour) >= size:
                continue
            attempts -= 1
            if attempts <= 0:
                break
            found = violates(statement, neighbour, last_bits=last_bits)
            if found is not None:
                instance, comparison, improved = neighbour, found, True
                break
    return instance, comparison
