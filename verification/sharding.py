"""Parts of a run for several machines: the same parts in whatever order statements come, of about equal cost."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from theory.errors import InputError
from theory.statement import Statement
from verification.studies import costs_of

LEAST, EACH = 0.3, 0.2
"""Rough seconds of judging a statement at the quick profile: at least, and more for each unit of its cost."""


@dataclass(frozen=True, kw_only=True)
class Shard:
    """One part of several.

    Parameters
    ----------
    number, of
        Which, from 1, of how many.
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read a part such as ``2/5``.

        Parameters
        ----------
        text
            The number of the part, from 1, and how many there are.

        Returns
        -------
        Shard
            The part.

        Raises
        ------
        InputError
            If it is not of this form, or there is no such part.
        """
        found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise InputError(f"--shard takes I/N with 1 <= I <= N, such as 2/5, not {text!r}")
        return cls(number=int(found[1]), of=int(found[2]))

    def __str__(self) -> str:
        """Return it as it is written on the command line."""
        return f"{self.number}/{self.of}"


def part(statements: Sequence[Statement], shard: Shard, scale: str) -> list[Statement]:
    """Return the statements of one part, sorted by id; some parts are empty where there are more parts than statements.

    Statements that need a run in common stay together, so that it is run once. Groups go, the dearest first, to the part that
    has the least so far, which is at most 4/3 of the best possible largest part.

    Parameters
    ----------
    statements
        All statements of the run.
    shard
        Which part.
    scale
        The profile's name for the size of studies.

    Returns
    -------
    list of Statement
        The part; the parts together are the statements, each once.
    """
    groups = _groups(statements, scale)
    loads = [(0.0, number) for number in range(shard.of)]
    chosen: list[Statement] = []
    for cost, group in sorted(((cost, group) for cost, group in groups), key=lambda pair: (-pair[0], pair[1][0].id)):
        load, number = min(loads)
        loads[number] = (load + cost, number)
        if number == shard.number - 1:
            chosen += group
    return sorted(chosen, key=lambda entry: entry.id)


def _groups(statements: Sequence[Statement], scale: str) -> list[tuple[float, list[Statement]]]:
    """Return statements that share runs together, with their cost: that of judging each, and of each run once."""
    by_id = {entry.id: entry for entry in sorted(statements, key=lambda entry: entry.id)}
    runs = {key: costs_of(entry, scale) for key, entry in by_id.items()}
    first: dict[str, str] = {}
    leader = {key: key for key in by_id}

    def head(key: str) -> str:
        while leader[key] != key:
            key = leader[key]
        return key

    for key in by_id:
        for run in sorted(runs[key]):
            one, other = sorted((head(first.setdefault(run, key)), head(key)))
            leader[other] = one
    together: dict[str, list[Statement]] = {}
    for key, entry in by_id.items():
        together.setdefault(head(key), []).append(entry)
    return [(_cost(group, runs), group) for group in together.values()]


def _cost(group: Sequence[Statement], runs: Mapping[str, Mapping[str, float]]) -> float:
    each: dict[str, float] = {}
    for entry in group:
        each |= runs[entry.id]
    # Rounded, so that the order of a sum of floats decides nothing.
    return round(sum(LEAST + EACH * entry.cost for entry in group) + sum(each.values()), 6)
