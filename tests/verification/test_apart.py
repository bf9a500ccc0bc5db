"""A process of one's own: what it returns, raises, dies of, and that it ends with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from verification.apart import Apart, Died

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def child():
    apart = Apart()
    yield apart
    apart.stop()


def test_calls_are_answered_by_one_process_until_it_dies_and_by_another_then(child) -> None:
    first = child.call(os.getpid, (), 30)
    assert first != os.getpid()
    # What is printed does not get among the answers.
    assert child.call(os.system, ("echo noise",), 30) == 0
    with pytest.raises(ZeroDivisionError):
        child.call(divmod, (1, 0), 30)
    assert child.call(os.getpid, (), 30) == first
    with pytest.raises(Died):
        child.call(os.abort, (), 30)
    assert child.call(os.getpid, (), 30) != first


def test_what_it_wrote_before_it_died_is_told(child) -> None:
    with pytest.raises(Died, match="Unable to allocate memory"):
        child.call(os.system, ("echo Unable to allocate memory >&2; kill -9 $PPID",), 30)


def test_what_is_stuck_where_no_signal_of_python_reaches_it_is_killed(child) -> None:
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        child.call(os.system, ("exec sleep 60",), 0.6)
    assert time.monotonic() - start < 20
    assert child.call(abs, (-1,), 30) == 1


def test_it_ends_when_its_parent_is_killed() -> None:
    program = "import os, time; from verification.apart import Apart; child = Apart()\n"
    program += "print(child.call(os.getpid, (), 30), flush=True); child.call(time.sleep, (60,), 90)\n"
    call = [sys.executable, "-c", program]
    with subprocess.Popen(call, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        time.sleep(0.4)  # until the child is in the middle of the second call
        parent.send_signal(signal.SIGKILL)
    end = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
