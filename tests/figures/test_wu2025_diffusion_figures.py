"""Figures 3 and 4 of wu2025 far below the quick scale: the same when interrupted, all runs in the table, lost ones shown."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

import figures.diffusion_work as work_module
import figures.wu2025_figure_3 as third
import figures.wu2025_figure_4 as fourth
from figures.diffusion_work import Chain, part_steps, trained
from figures.registry import compute
from figures.work import Work
from theory.wu2025.diffusion import PRINTED, READINGS, sources, training_points
from theory.wu2025.generated import KNOWN, measure_set

TINY_3 = {
    "share": 2e-4,
    "batch": 8,
    "width": 20,
    "samples": (-1, 0),
    "sets": 2,
    "known": 2,
    "count": 20,
    "part": 8 * 20 * 6 * 90.0,
}
TINY_4 = {"share": 4e-4, "batch": 8, "width": 20, "simulations": {2: 1, 10: 2, 60: 1}, "sets": 2, "count": 20, "part": 1e5}


@pytest.fixture
def tiny(monkeypatch):
    shrink(monkeypatch)


@pytest.fixture(scope="module")
def drawings():
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        yield {identifier: compute(identifier, "quick") for identifier in ("wu2025.figure-3", "wu2025.figure-4")}


def shrink(patch):
    patch.setitem(third.SIZES, "quick", TINY_3)
    patch.setitem(fourth.SIZES, "quick", TINY_4)
    patch.setattr(fourth, "SHOWN", (10, 60))


def table(drawing):
    """Return the rows by column, after everything that is written has gone through JSON."""
    json.dumps([drawing.settings, [asdict(check) for check in drawing.checks]], allow_nan=False)
    return [dict(zip(drawing.columns, row, strict=True)) for row in drawing.rows]


def words(drawing):
    from matplotlib import pyplot

    figure = drawing.draw(pyplot)
    found = [text.get_text() for axes in figure.axes for text in axes.texts]
    caption = figure._supxlabel.get_text() if figure._supxlabel else ""
    pyplot.close("all")
    return found, caption


@pytest.mark.parametrize(("identifier", "lines"), [("wu2025.figure-3", 13), ("wu2025.figure-4", 4)])
def test_an_interrupted_figure_goes_on_to_the_same_numbers(tiny, drawings, identifier, lines, tmp_path):
    class Stop(Exception):
        pass

    said = []

    def interrupt(line):
        said.append(line)
        if len(said) == lines:
            raise Stop

    with pytest.raises(Stop):
        compute(identifier, "quick", Work(folder=tmp_path, show=interrupt))
    again, whole = [], drawings[identifier]
    resumed = compute(identifier, "quick", Work(folder=tmp_path, show=again.append))
    assert "from an earlier run" in again[0]
    assert repr(resumed.rows) == repr(whole.rows)
    assert repr((resumed.settings, resumed.checks)) == repr((whole.settings, whole.checks))


def test_the_length_of_rounds_is_in_steps_of_a_cost_and_a_chain_trains_all_of_its_steps(monkeypatch):
    chain = Chain(reading=PRINTED, dimension=2, simulation=0, eta=0.1, batch=4, width=5, steps=23)
    assert part_steps(chain, 10 * chain.step_cost) == 10
    seen = []

    def part(unit):
        seen.append((unit["eta"], unit["part"], unit["steps"], unit["theta"]))
        return {"theta": None if unit["eta"] == 2 else seen[-1][1]}

    monkeypatch.setattr(work_module, "train_part", part)
    lost = Chain(**{**vars(chain), "eta": 2.0})
    assert trained([chain, lost], Work(), 10 * chain.step_cost) == [2, None]
    assert [entry for entry in seen if entry[0] == 0.1] == [(0.1, 0, 10, None), (0.1, 1, 10, 0), (0.1, 2, 3, 1)]
    assert [entry for entry in seen if entry[0] == 2] == [(2, 0, 10, None)]


def test_the_table_of_figure_3_holds_every_set_of_every_law(drawings):
    drawing = drawings["wu2025.figure-3"]
    rows = table(drawing)
    laws = [(row["sample"], row["eta"], row["law"]) for row in rows]
    assert len(rows) == 2 * 5 * 2 + 2 * len(KNOWN) * 2
    assert laws.count((0, 0.05, "network")) == 2
    assert drawing.settings["reduced"] is True
    assert drawing.settings["steps"] == {"0.01": 400, "0.05": 200, "0.1": 40, "1.0": 4, "2.0": 4}
    # What the paper claims may be supported on the reduced scale, and never refuted.
    assert sum(check.decides for check in drawing.checks) == 1


def test_a_row_of_figure_4_is_what_the_theory_measures(drawings):
    wanted = {"dimension": 10, "simulation": 1, "law": "blurred", "set": 1}
    row = next(row for row in table(drawings["wu2025.figure-4"]) if wanted.items() <= row.items())
    found = measure_set(training_points(10, 1), READINGS[PRINTED], 20, np.random.default_rng(sources(10, 1, 3, 1)))
    assert row["copies"] == found["blurred"]["copies"]
    assert row["to_gaussian"] == found["blurred"]["to_gaussian"]
    assert row["between"] == found["between"]["narrow"]


def test_runs_that_diverge_have_a_row_a_check_a_note_and_words_in_the_picture(tiny, monkeypatch):
    plain = work_module.train_part
    monkeypatch.setattr(work_module, "train_part", lambda unit: {"theta": None} if unit["eta"] == 2 else plain(unit))
    drawing = compute("wu2025.figure-3", "quick")
    rows = [row for row in table(drawing) if row["law"] == "diverged"]
    assert [(row["sample"], row["eta"], row["copies"]) for row in rows] == [(-1, 2.0, None), (0, 2.0, None)]
    assert drawing.settings["diverged"] == ["sample -1, eta 2", "sample 0, eta 2"]
    check = next(check for check in drawing.checks if check.says == "no run diverges")
    assert (check.passed, check.figures) == (False, {"diverged": 2.0, "runs": 10.0})
    assert "2 of 2\ndiverged" in words(drawing)[0]


def test_a_diverged_dimension_of_figure_4_leaves_a_figure_with_the_others(tiny, monkeypatch):
    plain = work_module.train_part
    monkeypatch.setattr(work_module, "train_part", lambda unit: {"theta": None} if unit["dimension"] == 2 else plain(unit))
    drawing = compute("wu2025.figure-4", "quick")
    assert sum(row["law"] == "diverged" for row in table(drawing)) == 1
    assert drawing.settings["diverged"] == ["d = 2, simulation 0"]
    assert "reduced scale" in words(drawing)[1]


def test_the_reduced_scale_is_written_in_the_picture(drawings):
    assert all("reduced scale" in words(drawing)[1] for drawing in drawings.values())


def test_the_published_scale_has_the_published_settings():
    assert {chain.steps for chain in third.chains(third.SIZES["paper"]) if chain.eta == 0.05} == {1_000_000}
    assert {(chain.batch, chain.width) for chain in third.chains(third.SIZES["paper"])} == {(5_000, 1_000)}
    chains = fourth.chains(fourth.SIZES["paper"])
    assert len(chains) == 9 * 3
    assert {(chain.eta, chain.steps, chain.batch, chain.width) for chain in chains} == {(0.5, 50_000, 5_000, 1_000)}
