"""Parts of a run: a partition that depends on no order, of about equal cost, that runs no study twice."""

from __future__ import annotations

import random

import pytest

from theory.registry import all_statements
from theory.statement import InputError, Trend
from theory.study import Reading, Size, Study
from verification.sharding import Shard, part
from verification.studies import costs_of


def run(unit):
    return unit


def trend(name: str, values, cost: float = 1.0) -> Trend:
    size = Size(says="a toy", replicates=[[{"value": value}] for value in values])
    study = Study(name="toy", run=run, size=lambda _scale: size, cost=cost)
    reading = Reading(says="the value", of=lambda results: results[0]["value"])
    return Trend(id=f"toy.claim-{name}", title="", says="", formula="", source="", study=study, readings=(reading,))


def parts(statements, count: int) -> list[list[str]]:
    return [[entry.id for entry in part(statements, Shard(number=k + 1, of=count), "quick")] for k in range(count)]


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_the_parts_of_the_papers_statements_are_a_partition_whatever_their_order(count) -> None:
    statements = list(all_statements().values())
    found = parts(statements, count)
    assert sorted(key for entry in found for key in entry) == [entry.id for entry in statements]
    random.Random(1).shuffle(statements)
    assert parts(statements, count) == found


def test_no_run_of_a_study_is_in_two_parts() -> None:
    statements = all_statements()
    needed = [{run for key in keys for run in costs_of(statements[key], "quick")} for keys in parts(statements.values(), 4)]
    assert sum(map(len, needed)) == len(set().union(*needed)) > 100


def test_statements_that_share_a_run_through_a_third_stay_together() -> None:
    chained = [trend("a", [1, 2]), trend("b", [2, 3]), trend("c", [3, 4]), trend("d", [5]), trend("e", [6])]
    assert sorted(map(tuple, parts(chained, 3))) == [
        ("toy.claim-a", "toy.claim-b", "toy.claim-c"),
        ("toy.claim-d",),
        ("toy.claim-e",),
    ]


def test_the_largest_part_is_at_most_four_thirds_of_what_it_must_be() -> None:
    rng = random.Random(3)
    statements = [trend(f"{k:02}", [f"{k} {j}" for j in range(rng.randint(1, 9))], rng.choice([0.1, 1.0])) for k in range(40)]
    cost = {entry.id: 0.5 + sum(costs_of(entry, "quick").values()) for entry in statements}
    for count in (2, 3, 5):
        loads = [sum(cost[key] for key in keys) for keys in parts(statements, count)]
        assert max(loads) <= 4 / 3 * max(sum(cost.values()) / count, max(cost.values()))


def test_more_parts_than_statements_leave_some_empty() -> None:
    assert sorted(parts([trend("a", [1]), trend("b", [2])], 4)) == [[], [], ["toy.claim-a"], ["toy.claim-b"]]


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/0", "1", "a/b", "-1/3", "1/3/5", "1.5/3", ""])
def test_a_part_that_does_not_exist_is_refused_in_one_line(text) -> None:
    with pytest.raises(InputError, match=f"--shard takes I/N with 1 <= I <= N, such as 2/5, not {text!r}"):
        Shard.parse(text)
