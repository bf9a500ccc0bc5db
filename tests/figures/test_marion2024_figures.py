"""Figures 1 and 2 of marion2024 at a scale smaller than quick: checks, tables, bytes, and an interruption half way."""

from __future__ import annotations

import dataclasses
import json
from fractions import Fraction

import numpy as np
import pytest

import figures.marion2024_figure_1 as one
import figures.marion2024_figure_2 as two
from figures.registry import compute
from figures.work import Work
from figures.writing import write
from theory.marion2024.experiments import Experiment

IDS = {1: "marion2024.figure-1", 2: "marion2024.figure-2"}
TINY = {"iterations": 100, "every": 50, "depths": (8, 16, 32, 64), "reference": None, "tolerance": 1.0}
SMALL = Experiment(n=10, q=4, m=12, rate=Fraction(1, 50), iterations=120)
SHORT = {"parts": 4, "part": 30, "depth": 24, "kept": 2}


@pytest.fixture(scope="module", autouse=True)
def small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(two, "FIGURE_2", SMALL)
        patch.setitem(two.SIZES, "quick", SHORT)
        patch.setitem(one.SIZES, "quick", TINY)
        patch.setattr(two, "is_compiled", lambda *_: False)  # compiling takes longer than the run
        yield


@pytest.fixture(scope="module")
def found():
    return one.gather("quick", Work())


@pytest.fixture(scope="module")
def first(found):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one, "gather", lambda *_: found)
        return compute(IDS[1], "quick")


@pytest.fixture(scope="module")
def second():
    return compute(IDS[2], "quick")


def rows_of(drawing):
    return [dict(zip(drawing.columns, row, strict=True)) for row in drawing.rows]


def test_every_check_of_figure_1_passes(first):
    assert [check.says for check in first.checks if not check.passed] == []
    assert len(first.checks) == 8


def test_the_published_values_are_those_of_one_reading_of_four(first):
    figures = next(check.figures for check in first.checks if "one of four" in check.says)
    # The ordinate at two layers: 0.1 of its logarithm is another draw of the data, 1.5 is another experiment.
    sizes = sorted(value for key, value in figures.items() if key.startswith("log ratio"))
    assert sizes[0] < 0.2
    assert sizes[1] > 1.5


def test_the_table_of_figure_1_has_the_order_of_its_check(first):
    rows = [row for row in rows_of(first) if row["iterations"] == 100 and row["reading"] == "plain"]
    gaps = {row["L"]: row["largest_gap"] for row in rows if row["panel"] == "a" and row["L"] != "limit"}
    limit = next(row["largest_gap"] for row in rows if row["L"] == "limit")
    assert gaps[64] * 64 == pytest.approx(limit, rel=0.05)
    apart = {row["L"]: row["distance_V"] for row in rows if row["panel"] == "b"}
    assert apart[16] / apart[32] == pytest.approx(2, rel=0.1)


def test_a_rate_that_is_not_there_fails_the_check(found):
    slow = {L: dataclasses.replace(h, largest=h.largest * L**0.5) for L, h in found.histories.items()}
    broken = one.checks(dataclasses.replace(found, histories=slow))
    assert not broken[0].passed
    assert not broken[1].passed
    rough = dataclasses.replace(found, distances=found.distances * np.array(found.depths)[:, None, None] ** 0.6)
    assert not one.checks(rough)[6].passed


def test_every_check_of_figure_2_passes_but_that_on_the_published_end_of_the_loss(second):
    assert [check.says for check in second.checks if not check.passed] == [second.checks[0].says]
    assert second.checks[0].says.endswith("within a factor of 10 of it")
    assert len(second.checks) == 6


class Stop(Exception):
    """The run is killed."""


def test_figure_2_interrupted_half_way_goes_on_to_the_same_bytes(second, tmp_path, monkeypatch):
    parts = []
    true_part = two.part

    def dies(parameters, state):
        parts.append(state.get("step", 0))
        if len(parts) == 3:
            raise Stop
        return true_part(parameters, state)

    dies.__module__, dies.__qualname__ = true_part.__module__, true_part.__qualname__
    work = Work(folder=tmp_path / "cache")
    monkeypatch.setattr(two, "part", dies)
    with pytest.raises(Stop):
        compute(IDS[2], "quick", work)
    resumed = compute(IDS[2], "quick", work)
    assert parts == [0, 30, 60, 60, 90]
    assert repr(resumed.rows) == repr(second.rows)
    assert resumed.checks == second.checks
    stored = [path.read_bytes() for path in sorted((tmp_path / "cache").glob("*.json"))]
    monkeypatch.setattr(two, "part", true_part)
    compute(IDS[2], "quick", Work(folder=tmp_path / "at once"))
    assert stored == [path.read_bytes() for path in sorted((tmp_path / "at once").glob("*.json"))]


def test_figure_1_killed_among_its_depths_takes_what_is_stored_and_has_the_same_numbers(first, tmp_path, monkeypatch):
    work, done = Work(folder=tmp_path / "cache"), []
    true_part = one.depth_part

    def dies(unit):
        if len(done) == 2:
            raise Stop
        done.append(unit["depth"])
        return true_part(unit)

    def goes_on(unit):
        assert (unit["depth"], unit["distances"]) not in [(depth, True) for depth in done]
        return true_part(unit)

    for name, function in (("dies", dies), ("goes on", goes_on)):
        function.__module__, function.__qualname__ = true_part.__module__, true_part.__qualname__
        monkeypatch.setattr(one, "depth_part", function)
        if name == "dies":
            with pytest.raises(Stop):
                compute(IDS[1], "quick", work)
    resumed = compute(IDS[1], "quick", work)
    assert resumed.rows == first.rows
    assert resumed.checks == first.checks


def test_layers_in_another_order_are_not_smooth(second):
    found = two.Found(Work().chain("run", two.part, {**SHORT, "compiled": False}, {}, 4), SHORT)
    assert np.all(np.array([[each[1] for each in pair] for pair in found.smooth]) <= 0.01)
    order = np.random.default_rng(0).permutation(SHORT["depth"])
    found.smooth = [[two._smoothness(layers[order]) for layers in pair] for pair in found.layers]
    assert np.all(np.array([[each[1] for each in pair] for pair in found.smooth]) > two.LEVEL)
    assert not two.checks(found)[2].passed


def test_the_notes_say_that_the_scale_is_reduced_and_which_reading_is_drawn(first, tmp_path):
    write(IDS[1], "quick", first, tmp_path)
    notes = json.loads((tmp_path / f"{IDS[1]}.json").read_text())
    assert notes["settings"]["reduced"] is True
    assert notes["settings"]["reading"] == "no factors in the residual, loss a mean over coordinates"
    assert (tmp_path / f"{IDS[1]}.csv").read_text().count("\n") == len(first.rows) + 1
