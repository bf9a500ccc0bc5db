"""Table 1, Figures 3 and 4 of marion2024 at a scale smaller than quick: shared runs, the same bytes, and options."""

from __future__ import annotations

import csv
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

import figures.bookmark as marks
import figures.marion2024_convolutional as shared
import figures.marion2024_figure_4 as fourth
import figures.marion2024_table_1 as table
import theory.marion2024.convolutional as theory
from figures.registry import Check, Drawing, Options, compute, takes
from figures.style import style
from figures.work import Work
from figures.writing import write
from numerics.cifar10 import FOLDER, TEST, TRAIN
from theory.marion2024.convolutional import CELLS, TABLE_1
from verification.cli import execute

pytest.importorskip("torch")
IDS = ("marion2024.table-1", "marion2024.figure-3", "marion2024.figure-4")
TINY = {"depth": 8, "epochs": 2, "seeds": 1, "cifar10": (8, 4)}


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(shared.SIZES, "quick", TINY)
    few = theory.digits().first(130, 20)
    monkeypatch.setattr(theory, "digits", lambda: few)
    theory.images_of.cache_clear()
    yield
    theory.images_of.cache_clear()


@pytest.fixture
def small_archive(tmp_path):
    folder = tmp_path / "cifar" / FOLDER
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in (*TRAIN, TEST):
        batch = {b"data": rng.integers(0, 256, (2, 3072), dtype=np.uint8), b"labels": [3, 7]}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=4))
    return folder


def made(cell, seed=0, **more):
    """Return a made-up training whose numbers are those of the published row."""
    smooth = TABLE_1[cell].smooth
    rng = np.random.default_rng([CELLS.index(cell), seed])
    record = {"ratio": 0.01, "p_value": 0.001, "exponent": 0.98} if smooth else {"ratio": 0.98, "p_value": 0.3, "exponent": 0.0}
    record |= {"critical": 0.8, "deviation": 0.1, "norm": 1.0, "moved_ratio": 0.01, "moved": 0.5, "median_entry_ratio": 0.5}
    gap = {"tied": 0.1, "iid": 1.0}[cell[1]] * (1 + 0.1 * rng.random())
    log = [[0.1, TABLE_1[cell].train / 100, 0.1, TABLE_1[cell].test / 100]]
    entries = {name: {"place": [0, 1, 2, 0], "values": rng.standard_normal(8).tolist()} for name in ("conv1", "conv2")}
    measured = {name: {**record, "mean_gap": gap} for name in ("conv1", "conv2", "bn2")}
    return {"log": log, "diverged": False, "measured": measured, "entries": entries, **more}


def found(results, published):
    return shared.Found(results=results, diverged=0, settings={}, seeds={}, words="", published=published)


def test_all_three_draw_the_same_runs_which_are_trained_once(tmp_path):
    lines = []
    work = Work(folder=tmp_path / "cache", show=lines.append)
    for identifier in IDS:
        drawing = compute(identifier, "quick", work)
        assert drawing.settings["reduced"]
        assert drawing.settings["data"].startswith("digits")
        assert drawing.settings["differs from the paper's setting"]["depth"] == {"paper": 256, "here": 8}
        with style() as pyplot:
            drawing.draw(pyplot)
    assert lines[6:8] == ["trainings: 2 of 2 parts from an earlier run", "trainings: 6 of 6 parts from an earlier run"]
    assert len(list((tmp_path / "cache").glob("*.json"))) == 6
    write(IDS[0], "quick", compute(IDS[0], "quick", work), tmp_path)
    notes = json.loads((tmp_path / f"{IDS[0]}.json").read_text())
    assert notes["seeds"]["trainings"] == [[theory.SEED, 0]]
    assert {"torch", "scikit-learn"} <= set(notes["versions"])
    with (tmp_path / f"{IDS[0]}.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["activation"], row["start"]) for row in rows] == list(CELLS)
    # Tied and independent layers share the order of the images and all that lies outside the layers.
    assert float(rows[1]["ratio_conv1"]) > 0.5 > float(rows[0]["ratio_conv1"])


def test_a_run_killed_between_two_epochs_goes_on_from_there_and_ends_with_the_same_numbers(tmp_path, monkeypatch):
    whole = compute(IDS[1], "quick")
    monkeypatch.setattr(marks, "EVERY", 0.0)
    epochs = []
    plain = theory.train

    def killed(*arguments):
        for state in plain(*arguments):
            yield state
            raise KeyboardInterrupt

    monkeypatch.setattr(theory, "train", killed)
    with pytest.raises(KeyboardInterrupt):
        compute(IDS[1], "quick", Work(folder=tmp_path))
    assert [path.name.endswith(".state.json") for path in tmp_path.iterdir()] == [True]

    def counted(*arguments):
        for state in plain(*arguments):
            epochs.append(len(state.log))
            yield state

    monkeypatch.setattr(theory, "train", counted)
    lines = []
    again = compute(IDS[1], "quick", Work(folder=tmp_path, show=lines.append))
    assert lines[0] == "GELU, weight-tied, seed 0: 50% from an earlier run"
    assert epochs == [2, 1, 2]
    # What a figure is written from; that the same gives the same bytes is tested where figures are written.
    for name in ("columns", "rows", "checks", "settings", "seeds"):
        assert getattr(again, name) == getattr(whole, name)
    # The state of a run is removed when the run is stored.
    assert sorted(path.name.endswith(".state.json") for path in tmp_path.iterdir()) == [False, False]


def test_an_archive_is_known_by_what_it_holds_and_not_by_where_it_lies(tmp_path, small_archive):
    lines = []
    work = Work(folder=tmp_path / "cache", show=lines.append)
    first = compute(IDS[1], "quick", work, Options(cifar10=str(small_archive)))
    assert first.settings["data"] == "CIFAR-10"
    assert first.settings["images"] == {"training": 8, "test": 2, "side": 32}
    assert first.settings["depth_rate"] is False
    assert first.settings["reduced"]
    elsewhere = small_archive.parent.rename(tmp_path / "elsewhere")
    again = compute(IDS[1], "quick", work, Options(cifar10=str(elsewhere)))
    assert again.rows == first.rows
    assert lines[-1] == "trainings: 2 of 2 parts from an earlier run"
    (elsewhere / FOLDER / "data_batch_1").write_bytes((elsewhere / FOLDER / TEST).read_bytes())
    theory.images_of.cache_clear()
    other = compute(IDS[1], "quick", work, Options(cifar10=str(elsewhere)))
    assert other.settings["digest of the archive"] != first.settings["digest of the archive"]
    assert other.rows != first.rows


def test_the_published_numbers_pass_every_check_of_the_table_and_of_figure_4_and_others_fail():
    published = {cell: [made(cell, seed) for seed in range(5)] for cell in CELLS}
    whole = found(published, published=True)
    assert [check.says for check in (*table.checks(whole), *fourth.checks(whole)) if not check.passed] == []
    others = (
        ("gelu", "iid"),
        ("identity", "tied"),
        ("relu", "iid"),
        ("identity", "tied"),
        ("gelu", "tied"),
        ("identity", "iid"),
    )
    swapped = found({cell: [made(other)] for cell, other in zip(CELLS, others, strict=True)}, published=True)
    assert [check.passed for check in table.checks(swapped)] == [False, False, False, False, False, True, False]
    assert [check.passed for check in fourth.checks(swapped)] == [False, False]


def test_a_claim_that_is_not_seen_at_a_reduced_scale_does_not_fail_the_figure(monkeypatch, tmp_path, capsys):
    def drawing(decides):
        check = Check(says="a claim", passed=False, figures={"number": 1.0}, decides=decides)
        return Drawing(columns=("x",), rows=[(1,)], settings={"seed": 3}, checks=(check,), draw=lambda p: p.figure())

    for decides, status, words in ((False, 0, "not seen at this reduced scale: a claim"), (True, 1, "FAILS: a claim")):
        monkeypatch.setattr("figures.cli.compute", lambda *_, decides=decides: drawing(decides))
        assert execute(["figure", IDS[0], "--out", str(tmp_path)]) == status
        assert words in capsys.readouterr().out
    assert json.loads((tmp_path / f"{IDS[0]}.json").read_text())["seeds"] == {"seed": 3}


def test_a_run_that_diverged_is_left_out_and_counted(monkeypatch):
    def run(unit, bookmark=None):
        cell = unit["activation"], unit["start"]
        return {"log": [[None] * 4], "diverged": True} if cell == ("relu", "iid") else made(cell)

    monkeypatch.setattr(shared, "train_run", run)
    for identifier in (IDS[0], IDS[2]):
        drawing = compute(identifier, "quick")
        assert drawing.settings["diverged"] == 1
        assert not any(row[:2] == ("relu", "iid") for row in drawing.rows)
        json.dumps([check.figures for check in drawing.checks], allow_nan=False)
        with style() as pyplot:
            drawing.draw(pyplot)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["wu2025.irregularity", "--cifar10", "{folder}"],
            "wu2025.irregularity takes no --cifar10; only marion2024.figure-3, ",
        ),
        (["wu2025.irregularity", "--device", "cuda"], None),
        ([IDS[0], "--device", "tpu"], "--device takes cpu or cuda, not 'tpu'"),
        ([IDS[0], "--cifar10", "nowhere.tar.gz"], "--cifar10 nowhere.tar.gz: no such file or folder"),
        (["all", "--cifar10", "nowhere.tar.gz"], "--cifar10 nowhere.tar.gz: no such file or folder"),
        ([IDS[0], "--cifar10", "{file}"], "no whole tar.gz archive"),
        ([IDS[0], "--device", "cuda"], "--device cuda: torch sees no CUDA device here; --device cpu works everywhere"),
    ],
)
def test_options_that_cannot_be_met_are_refused_in_one_line(capsys, monkeypatch, tmp_path, arguments, says):
    import torch

    (tmp_path / "file").write_text("text")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: says is None)
    places = {"folder": str(tmp_path), "file": str(tmp_path / "file")}
    assert execute(["figure", *(word.format(**places) for word in arguments), "--out", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert (says or "wu2025.irregularity takes no --device") in err
    assert err.count("\n") == 1


def test_only_the_figures_that_train_these_networks_take_options():
    from figures.registry import MODULES

    assert {key for key in MODULES if takes(key)} == set(IDS)
    assert all(Path(shared.__file__).parent.joinpath(f"{MODULES[key].split('.')[1]}.py").exists() for key in IDS)
