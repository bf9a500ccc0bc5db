"""The end of a run: reports that cannot be written cost neither the table nor each other, and a re-run completes."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from theory.errors import InputError
from verification import atomic
from verification.cli import execute
from verification.finishing import writable

ROOT = Path(__file__).resolve().parents[2]
FILES = ("report.json", "junit.xml", "report.md", "report.html")


@pytest.fixture
def in_process(monkeypatch):
    """Judge in this process, where what writes can be changed."""
    from verification import executors

    class Here(executors.InProcess):
        def __init__(self, _jobs: int) -> None:
            pass

        def stop(self) -> None:
            pass

    monkeypatch.setattr(executors, "Pool", Here)
    monkeypatch.setattr("verification.units.Pool", Here)


def full_for(names, monkeypatch):
    written = atomic._written

    def write(path: Path, data: bytes) -> bool:
        if path.name in names or (path.parent.name in names):
            raise OSError(errno.ENOSPC, "No space left on device")
        return written(path, data)

    monkeypatch.setattr(atomic, "_written", write)


@pytest.mark.parametrize("name", [*FILES, ".cache"])
def test_a_disk_that_is_full_at_any_file_costs_that_file_only_and_a_second_run_completes(
    toy, monkeypatch, tmp_path, capsys, in_process, name
) -> None:
    path, out = toy("a-holds", "b-holds"), tmp_path / "reports"
    call = ["verify", str(path), "--out", str(out)]
    with monkeypatch.context() as patch:
        full_for({name}, patch)
        assert execute(call) == 3
    printed = capsys.readouterr()
    assert "2 statements: 2 holds" in printed.out
    (line,) = [line for line in printed.err.splitlines() if line.startswith("quod: ")]
    assert f"{out / name}" in line
    assert line.endswith("no space left on device")
    assert {entry.name for entry in out.iterdir()} == {".cache", *FILES} - ({name} - {".cache"})
    assert execute(call) == 0
    assert capsys.readouterr().err.count("from an earlier run") == (0 if name == ".cache" else 2)
    assert {entry.name for entry in out.iterdir()} == {".cache", *FILES}
    assert json.loads((out / "report.json").read_text())["summary"]["verdicts"]["holds"] == 2


def test_a_run_that_was_stopped_before_it_judged_anything_leaves_the_last_report_as_it_is(
    toy, monkeypatch, tmp_path, capsys, in_process
) -> None:
    call = ["verify", str(toy("a-breaks")), "--out", str(tmp_path)]
    (tmp_path / "report.json").write_text("the last report")
    assert execute(call) == 130
    assert capsys.readouterr().err.endswith("quod: interrupted after 0 of 1 statements; the same command resumes from there\n")
    assert (tmp_path / "report.json").read_text() == "the last report"


def test_a_link_that_leads_nowhere_and_a_file_are_no_folders(tmp_path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".cache").write_text("")
    for name, told in (("link", "link: a link that leads nowhere"), ("out", "out/.cache: a file")):
        with pytest.raises(InputError, match=rf"{told}$"):
            writable(tmp_path / name)


def test_a_folder_that_cannot_be_written_is_refused_before_any_work(toy, monkeypatch, tmp_path, capsys) -> None:
    path = toy("a-holds")

    def read_only(*_arguments: object, **_more: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("verification.finishing.TemporaryFile", read_only)
    assert execute(["verify", str(path), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == f"quod: --out {tmp_path / 'out'}: read-only file system\n"
    assert not (tmp_path / "calls.txt").exists()


def test_output_that_cannot_be_printed_is_one_line_and_status_3(toy) -> None:
    call = [sys.executable, "-m", "verification", "list", str(toy("a-holds"))]
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            call, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert result.returncode == 3
    assert result.stderr == "quod: could not run: no space left on device\n"
