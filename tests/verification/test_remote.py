"""Units on machines that share no disk: the same code is asked for, and results of runs travel with the units."""

from __future__ import annotations

import pytest

from theory.errors import InputError
from verification import remote
from verification.apart import Died
from verification.cache import code_version
from verification.studies import Store, runs_of
from verification.worker import DIED, judge_one, run_one

STUDY = """
from theory.statement import Trend
from theory.study import Reading, Size, Study

def unit(parameters):
    with open(HERE / "calls.txt", "a") as log:
        log.write("run\\n")
    return {"twice": 2 * parameters["n"]}

size = Size(says="toys", replicates=[[{"n": 3}]])
study = Study(name="doubles", run=unit, size=lambda _scale: size)
reading = Reading(says="it", of=lambda results: results[0]["twice"])
trend = Trend(id="toy.claim-1-holds", title="", says="", formula="", source="", study=study, readings=(reading,))
"""


@pytest.fixture(autouse=True)
def _no_child_is_left():
    yield
    remote.release()


def test_a_worker_with_other_code_is_refused_in_one_line(toy) -> None:
    with pytest.raises(InputError, match="a worker has another version of the code"):
        remote.there(judge_one, str(toy("a-holds")), "toy.lemma-a-holds", "quick", 0, 60.0, Store(code="other"), 2048)


def test_a_run_comes_back_as_a_value_and_is_not_run_again_where_it_is_given(toy) -> None:
    from verification.selection import load

    path = toy("a-holds", extra=STUDY)
    code = code_version(str(path))
    ((key, place),) = runs_of([load(str(path))["toy.claim-1-holds"]], "quick", code).items()
    value = remote.there(run_one, str(path), place, "quick", 60.0, Store(code=code), 2048)
    assert value == {"twice": 6}
    study = load(str(path))["toy.claim-1-holds"].study
    given = Store(code=code, given={key: value}).result(study, {"n": 3})
    assert given == value
    assert (path.parent / "calls.txt").read_text() == "run\n"


@pytest.mark.parametrize(
    ("death", "verdict", "told"),
    [
        (Died("FLINT exception: Unable to allocate memory (432000000)."), "undecided", "budget: more than 2048 MiB"),
        (Died("terminate called after throwing an instance of 'std::bad_alloc'"), "undecided", "budget"),
        (Died("Segmentation fault"), "error", DIED),
        (TimeoutError(), "error", "stopped after 60 s"),
    ],
)
def test_what_a_process_dies_of_becomes_the_verdict(toy, monkeypatch, death, verdict, told) -> None:
    calls: list[object] = []

    def call(_self: object, *arguments: object) -> None:
        calls.append(arguments)
        raise death

    monkeypatch.setattr("verification.apart.Apart.call", call)
    entry = remote.judge_apart(str(toy("a-holds")), "toy.lemma-a-holds", "quick", 0, 60.0, Store(), 2048)
    assert entry["verdict"] == verdict
    assert entry["reason"].startswith(told)
    assert len(calls) == (1 if isinstance(death, TimeoutError) else 2)
