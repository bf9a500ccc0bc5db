"""Figures: the same bytes twice, checks that pass, and tables that hold the values of ``theory``."""

from __future__ import annotations

import csv
import io
import json
import time
from dataclasses import replace

import matplotlib
import numpy as np
import pytest

import figures.wu2025_irregularity as module
from figures.registry import MODULES, TITLES, compute
from figures.style import save, style
from figures.writing import write
from theory.wu2025.bounds import irregularity_bound, sharp_irregularity_bound
from theory.wu2025.irregularity import irregularity
from theory.wu2025.setting import ScoreProblem
from verification.cli import execute

ID = "wu2025.irregularity"


@pytest.fixture(scope="module")
def drawing():
    """Return the figure with fewer points on each curve than at its quick scale."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(module.POINTS, "quick", 9)
        return compute(ID, "quick")


@pytest.fixture(scope="module")
def folder(drawing, tmp_path_factory):
    out = tmp_path_factory.mktemp("figures")
    write(ID, "quick", drawing, out)
    return out


def test_the_four_files_lie_flat_in_the_folder(folder):
    assert sorted(path.name for path in folder.iterdir()) == [f"{ID}.{kind}" for kind in ("csv", "json", "pdf", "png")]


def test_writing_twice_gives_the_same_bytes(drawing, folder, tmp_path):
    for path in write(ID, "quick", drawing, tmp_path):
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_the_date_of_a_reproducible_build_is_respected_and_restored(drawing, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    write(ID, "quick", drawing, tmp_path)
    assert b"D:2001" in (tmp_path / f"{ID}.pdf").read_bytes()


@pytest.mark.parametrize("kind", ["pdf", "png"])
def test_two_saves_a_second_apart_give_the_same_bytes_where_matplotlib_alone_writes_the_time(tmp_path, kind):
    with style() as pyplot:
        figure, axes = pyplot.subplots()
        axes.plot([0, 1])
        ours, plain = [], []
        for name in "ab":
            ours.append(save(figure, tmp_path / f"{name}.{kind}").read_bytes())
            plain.append(io.BytesIO())
            figure.savefig(plain[-1], format=kind)
            time.sleep(1.05 * (kind == "pdf" and name == "a"))
    assert ours[0] == ours[1]
    assert (plain[0].getvalue() != plain[1].getvalue()) == (kind == "pdf")


def test_no_display_is_needed_whatever_the_machine_asks_for(monkeypatch, tmp_path):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setitem(matplotlib.rcParams, "backend", "tkagg")
    with style() as pyplot:
        assert pyplot.get_backend() == "agg"
        assert save(pyplot.figure(), tmp_path / "a.png").stat().st_size > 0


def test_every_check_of_the_figure_passes(drawing, folder):
    assert [check.says for check in drawing.checks if not check.passed] == []
    notes = json.loads((folder / f"{ID}.json").read_text())
    assert len(notes["checks"]) == 3
    assert notes["scale"] == "quick"


def test_the_table_holds_the_values_of_the_theory(folder):
    with (folder / f"{ID}.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows[:: len(rows) // 7]:
        p = ScoreProblem(x=np.arange(float(row["n"])), mu=float(row["mu"]), sigma=float(row["sigma"]))
        assert float(row["irregularity"]) == pytest.approx(irregularity(p), rel=1e-13)
        assert float(row["theorem_4"]) == pytest.approx(irregularity_bound(p, 2.0**-12), rel=1e-15)
        assert float(row["sharper"]) == pytest.approx(sharp_irregularity_bound(p, 1 / 361), rel=1e-15)


def test_list_is_sorted_and_complete(capsys):
    assert execute(["figure", "list"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == sorted(MODULES) == sorted(TITLES)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["wu2025.iregularity"], "close: wu2025.irregularity"),
        ([ID, "--scale", "huge"], "--scale takes quick or paper, not 'huge'"),
    ],
)
def test_a_wrong_call_is_refused_in_one_line(capsys, arguments, says):
    assert execute(["figure", *arguments]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


def test_a_check_whose_number_is_none_is_told_in_one_line_before_anything_is_written(drawing, tmp_path):
    check = replace(drawing.checks[0], figures={"mean": float("nan")})
    with pytest.raises(ValueError, match=rf"{ID}: mean is nan, which decides nothing, in the check that {check.says[:12]}"):
        write(ID, "quick", replace(drawing, checks=(check,)), tmp_path)
    assert list(tmp_path.iterdir()) == []
