"""Streams that last until the end of the program, and signals that end it like an interrupt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from verification.streams import _lasting, interrupt_when_told_to_end

ROOT = Path(__file__).resolve().parents[2]


def test_what_is_written_to_a_reader_that_left_is_dropped() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    stream = _lasting(sys.stdout, writer, "strict")
    stream.write("nobody reads this\n")
    stream.flush()
    os.close(writer)


def test_a_full_disk_is_told_once_so_that_the_end_of_the_program_is_quiet() -> None:
    writer = os.open("/dev/full", os.O_WRONLY)
    stream = _lasting(sys.stdout, writer, "strict")
    stream.write("lost\n")
    with pytest.raises(OSError, match="No space left"):
        stream.flush()
    stream.flush()
    os.close(writer)


@pytest.mark.parametrize("streams", ["<&- >&- 2>&-", "2>/dev/full"])
def test_closed_or_full_streams_change_neither_status_nor_result(toy, tmp_path, streams) -> None:
    call = f"'{sys.executable}' -m verification show toy.lemma-a-holds --file '{toy('a-holds')}' {streams}"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    assert subprocess.run(["sh", "-c", call], cwd=tmp_path, env=environment, check=False).returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_interrupts_unless_it_was_to_be_ignored(number) -> None:
    before = signal.signal(number, signal.SIG_DFL)
    try:
        interrupt_when_told_to_end()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        signal.signal(number, signal.SIG_IGN)
        interrupt_when_told_to_end()
        signal.raise_signal(number)
    finally:
        signal.signal(number, before)
