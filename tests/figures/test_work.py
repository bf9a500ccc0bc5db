"""Long work of figures: found again after an interruption, with the same results in the same order."""

from __future__ import annotations

import errno
import json
import os
from concurrent.futures import BrokenExecutor
from pathlib import Path

import numpy as np
import pytest

from figures.bookmark import Bookmark
from figures.registry import Drawing
from figures.work import Work
from figures.writing import write
from numerics.packing import packed, unpacked
from verification.cache import Cache

CALLS: list[int] = []


def square(unit):
    CALLS.append(unit["n"])
    return {"value": packed(np.array([unit["n"] ** 2, 0.1]))}


def until_three(unit):
    if unit["n"] == 3:
        raise KeyboardInterrupt
    return square(unit)


def step(parameters, state):
    CALLS.append(len(state))
    if len(state) == parameters.get("stop"):
        raise KeyboardInterrupt
    return [*state, parameters["factor"] * (state[-1] if state else 1.0) / 3.0]


@pytest.fixture(autouse=True)
def no_calls():
    CALLS.clear()


def test_an_array_comes_back_bit_by_bit() -> None:
    for array in (np.array([[0.1, np.pi], [-0.0, 1e-310]]), np.arange(5, dtype=np.float32), np.zeros((0, 3))):
        again = unpacked(json.loads(json.dumps(packed(array))))
        assert again.dtype == array.dtype
        assert again.tobytes() == array.tobytes()
        assert again.shape == array.shape


def test_results_come_in_the_order_of_the_units_and_are_stored_once(tmp_path: Path) -> None:
    lines: list[str] = []
    work = Work(folder=tmp_path, show=lines.append)
    units = [{"n": n} for n in (5, 1, 4)]
    first = work.gather("squares", square, units)
    assert [unpacked(entry["value"])[0] for entry in first] == [25, 1, 16]
    assert work.gather("squares", square, units) == first
    assert len(CALLS) == 3
    assert lines[:2] == ["[1/3] squares, about 0 s left", "[2/3] squares, about 0 s left"]
    assert lines[-1] == "squares: 3 of 3 parts from an earlier run"


def test_after_an_interruption_only_what_is_missing_is_done_again(tmp_path: Path) -> None:
    units = [{"n": n} for n in (1, 2, 3, 4)]
    with pytest.raises(KeyboardInterrupt):
        Work(folder=tmp_path).gather("squares", until_three, units)
    done = list(CALLS)
    stored = {path.name for path in tmp_path.iterdir()}
    assert done == [1, 2]
    assert len(stored) == 2
    with pytest.raises(KeyboardInterrupt):
        Work(folder=tmp_path).gather("squares", until_three, units)
    assert done == CALLS


def test_an_entry_that_was_cut_short_is_made_again(tmp_path: Path) -> None:
    work, units = Work(folder=tmp_path), [{"n": 7}]
    first = work.gather("squares", square, units)
    path = next(tmp_path.iterdir())
    path.write_bytes(path.read_bytes()[:-9])
    assert work.gather("squares", square, units) == first
    assert CALLS == [7, 7]


def test_on_a_full_disk_the_results_are_there_and_the_next_run_makes_them_again(tmp_path: Path, monkeypatch) -> None:
    units, lines = [{"n": n} for n in (2, 3)], []

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "entry.json")

    with monkeypatch.context() as patch:
        patch.setattr(Cache, "put", full)
        first = Work(folder=tmp_path, show=lines.append).gather("squares", square, units)
        mark = Bookmark(folder=tmp_path, key="k", name="one", show=lines.append)
        mark.store({"x": np.ones(2)}, {}, 0.5)
    assert lines[0] == "not stored, and computed again by the next call: entry.json: no space left on device"
    assert "  one: not stored, entry.json: no space left on device" in lines
    assert Work(folder=tmp_path).gather("squares", square, units) == first
    assert CALLS == [2, 3, 2, 3]


def test_a_figure_whose_disk_fills_leaves_the_old_files_and_no_unfinished_ones(tmp_path: Path, monkeypatch) -> None:
    def drawing(value: float) -> Drawing:
        def draw(pyplot):
            figure, axes = pyplot.subplots()
            axes.plot([0, value])
            return figure

        return Drawing(columns=["x"], rows=[[value]], settings={"seed": 1}, checks=[], draw=draw)

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / ".toy.csv.part").write_text("left by a run that was killed")
    paths = write("toy", "quick", drawing(1.0), tmp_path)
    old = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(old) == {path.name for path in paths}
    for call in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, call, full)
            with pytest.raises(OSError, match=r"No space left on device: '.*toy\.csv'"):
                write("toy", "quick", drawing(2.0), tmp_path)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == old
    write("toy", "quick", drawing(2.0), tmp_path)
    write("toy", "quick", drawing(1.0), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == old


def test_a_chain_that_was_interrupted_goes_on_and_ends_as_one_that_was_not(tmp_path: Path) -> None:
    whole = Work().chain("chain", step, {"factor": 0.7}, [], 5)
    assert [len(state) for state in whole] == [1, 2, 3, 4, 5]
    CALLS.clear()
    assert Work(folder=tmp_path).chain("chain", step, {"factor": 0.7}, [], 3) == whole[:3]
    assert Work(folder=tmp_path).chain("chain", step, {"factor": 0.7}, [], 5) == whole
    assert CALLS == [0, 1, 2, 3, 4]


def test_other_parameters_are_other_work(tmp_path: Path) -> None:
    work = Work(folder=tmp_path)
    assert work.chain("chain", step, {"factor": 1.0}, [], 2) != work.chain("chain", step, {"factor": 2.0}, [], 2)
    assert len(list(tmp_path.iterdir())) == 4


def test_the_time_left_follows_the_cost_of_what_is_left(monkeypatch) -> None:
    units = [{"n": 30}, {"n": 10}, {"n": 5}]
    first = {}
    for name, costs in {"equal": (), "by size": (lambda unit: unit["n"],)}.items():
        clock = iter(range(0, 10_000, 90))
        monkeypatch.setattr("time.monotonic", lambda clock=clock: float(next(clock)))
        lines: list[str] = []
        Work(show=lines.append).gather("squares", square, units, *costs)
        first[name] = lines[0]
    # Two of three parts are left, but a third of the cost.
    assert first == {"equal": "[1/3] squares, about 9 min left", "by size": "[1/3] squares, about 2 min left"}


def test_two_processes_give_what_one_gives(tmp_path: Path) -> None:
    units = [{"array": packed(np.arange(n, dtype=float))} for n in (3, 2, 1)]
    assert Work(jobs=2, folder=tmp_path).gather("copies", _same, units) == Work().gather("copies", _same, units)


@pytest.mark.parametrize(("deaths", "done"), [(1, True), (9, False)])
def test_units_whose_worker_was_killed_are_tried_once_more(tmp_path: Path, deaths, done) -> None:
    units = [{"n": n, "deaths": deaths * (n == 2), "folder": str(tmp_path)} for n in (1, 2, 3)]
    work = Work(jobs=2, folder=tmp_path / "stored")
    if done:
        assert work.gather("units", _killed, units) == [1, 2, 3]
    else:
        with pytest.raises(BrokenExecutor):
            work.gather("units", _killed, units)
        # What its neighbours did is stored.
        assert len(list((tmp_path / "stored").glob("*.json"))) >= 1
    assert len(list(tmp_path.glob("death-*"))) == min(deaths, 2)


def _killed(unit):
    import os
    import signal
    from pathlib import Path

    deaths = len(list(Path(unit["folder"]).glob("death-*")))
    if deaths < unit["deaths"]:
        (Path(unit["folder"]) / f"death-{deaths}").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return unit["n"]


def _same(unit):
    return packed(unpacked(unit["array"]) + 1)
