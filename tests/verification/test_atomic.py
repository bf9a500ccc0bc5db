"""Files that are whole or absent: what a killed writer left is removed, what another one writes is not."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from verification.atomic import reason, sweep, write_atomically

ROOT = Path(__file__).resolve().parents[2]


def test_what_a_killed_writer_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    # Killed in the middle of a write: the file is unfinished, and the lock on it is gone.
    program = "import os, sys; from pathlib import Path; from verification.atomic import write_atomically\n"
    program += "os.fsync = lambda _handle: os.kill(os.getpid(), 9)\nwrite_atomically(Path(sys.argv[1]), b'new')\n"
    for name in ("a.json", "b.json"):
        call = [sys.executable, "-c", program, str(tmp_path / name)]
        assert subprocess.run(call, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False).returncode == -9
    (tmp_path / "c.json").write_bytes(b"old")
    assert len(list(tmp_path.iterdir())) == 3
    assert sweep(tmp_path, tmp_path / "nowhere") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["c.json"]


def test_a_sweep_in_the_middle_of_a_write_leaves_it_alone(tmp_path: Path, monkeypatch) -> None:
    swept: list[int] = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (swept.append(sweep(tmp_path)), sync(handle)))
    write_atomically(tmp_path / "a.json", b"new")
    assert swept == [0]
    assert (tmp_path / "a.json").read_bytes() == b"new"


def test_a_write_whose_unfinished_file_was_taken_begins_again(tmp_path: Path, monkeypatch) -> None:
    taken: list[str] = []
    replace = os.replace

    def take_first(source: str, target: Path) -> None:
        if not taken:
            taken.append(source)
            os.unlink(source)
        replace(source, target)

    monkeypatch.setattr(os, "replace", take_first)
    write_atomically(tmp_path / "a.json", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_many_writers_at_once_leave_the_bytes_of_one_of_them(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    texts = [bytes([65 + k]) * 50_000 for k in range(4)]
    seen: set[bytes] = set()

    def write(text: bytes) -> None:
        for _ in range(10):
            write_atomically(path, text)
            seen.add(path.read_bytes())
            sweep(tmp_path)

    writers = [threading.Thread(target=write, args=(text,)) for text in texts]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert seen <= set(texts)
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize("call", ["fsync", "chmod", "replace", "fdopen"])
def test_a_full_disk_is_told_with_the_file_and_leaves_the_old_bytes(tmp_path: Path, monkeypatch, call: str) -> None:
    path = tmp_path / "report.json"
    write_atomically(path, b"old")

    def full(*_arguments: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(OSError, match="No space left") as caught:
            write_atomically(path, b"new")
    assert reason(caught.value) == f"{path}: no space left on device"
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]
