"""Units on a real scheduler with real workers: nothing is lost when a worker is killed, and a wrong address is one line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from theory.statement import InputError
from verification.dask_executor import Dask
from verification.executors import completed
from verification.runner import Run, run
from verification.selection import load

distributed = pytest.importorskip("distributed")
ROOT = Path(__file__).resolve().parents[2]


STUDY = """
import math
from theory.statement import Trend
from theory.study import Reading, Size, Study

def unit(parameters):
    return {"root": math.sqrt(parameters["n"])}

size = Size(says="toys", replicates=[[{"n": n}] for n in range(5)])
study = Study(name="roots", run=unit, size=lambda _scale: size)
reading = Reading(says="the root", of=lambda results: results[0]["root"])
trend = Trend(id="toy.claim-i-holds", title="", says="", formula="", source="", study=study, readings=(reading,))
"""


@pytest.fixture
def workers():
    """The worker processes of the scheduler."""
    return []


@pytest.fixture
def scheduler(tmp_path, workers):
    """The address of a scheduler with two worker processes of one thread on this machine, gone afterwards."""
    settings = {"n_workers": 0, "processes": True, "dashboard_address": None, "host": "127.0.0.1"}
    with distributed.LocalCluster(**settings) as cluster:
        command = [
            sys.executable,
            "-m",
            "distributed.cli.dask_worker",
            cluster.scheduler_address,
            "--no-nanny",
            "--no-dashboard",
        ]
        command += ["--nthreads", "1", "--death-timeout", "20", "--local-directory", str(tmp_path / "workers")]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        workers += [subprocess.Popen(command, env=environment, **quiet) for _ in range(2)]
        try:
            with distributed.Client(cluster, set_as_default=False) as client:
                client.wait_for_workers(2, timeout=60)
            yield cluster.scheduler_address
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()


def test_a_worker_killed_in_the_middle_loses_nothing(scheduler, tmp_path):
    def unit(k):
        # Defined here, so that it travels to the workers by value.
        (tmp_path / f"{k}-{os.getpid()}-{time.monotonic_ns()}").touch()
        time.sleep(0.08)
        if k == 5:
            raise ArithmeticError("unit 5 fails by itself")
        return os.getpid(), k * k

    units = [(k, (k,)) for k in range(8)]
    found, killed = {}, None
    with Dask(scheduler) as executor:
        for k, future, _ in completed(executor, unit, units, window=6, limit=60):
            assert k not in found
            if k == 5:
                assert isinstance(future.exception(), ArithmeticError)
                found[k] = 25
                continue
            worker, found[k] = future.result()
            if killed is None:
                killed = worker
                while len(list(tmp_path.glob(f"*-{worker}-*"))) < 2:  # until it is in the middle of another unit
                    time.sleep(0.005)
                os.kill(worker, signal.SIGKILL)
    assert found == {k: k * k for k in range(8)}
    assert killed != os.getpid()
    started = [path.name.split("-") for path in tmp_path.glob("*-*-*")]
    # What the dead worker had begun or finished was begun again elsewhere, where its result was not yet here.
    assert len({worker for _, worker, _ in started}) >= 2
    assert len(started) > len(units)


def judgements(path: Path, out: str, **options) -> Run:
    return run(list(load(str(path)).values()), source=str(path), out=path.parent / out, **options)


def bare(result: Run) -> str:
    return json.dumps([entry.to_json(None) | {"timing": 0} for entry in result.judgements])


def test_a_scheduler_gives_the_report_of_a_pool_byte_for_byte_though_a_worker_is_killed_in_the_middle(scheduler, toy, workers):
    path = toy("a-refuted", "b-slow", "c-error", "d-greedy", "e-aborts", extra=STUDY)
    killed: list[int] = []

    def kill_one(_step: object) -> None:
        if not killed:
            killed.append(workers[0].pid)
            workers[0].kill()

    with Dask(scheduler) as executor:
        there = judgements(path, "there", executor=executor, memory=128, progress=kill_one)
    here = judgements(path, "here", jobs=2, memory=128)
    assert killed
    assert bare(there) == bare(here)
    assert [entry.verdict.value for entry in there.judgements[1:]] == ["refuted", "holds", "error", "undecided", "undecided"]
    assert there.status == here.status == 3
    # Runs of studies came back with the results, and are stored on this machine.
    assert len(list((path.parent / "there" / ".cache").glob("*.json"))) == len(
        list((path.parent / "here" / ".cache").glob("*.json"))
    )


def test_a_scheduler_without_workers_is_given_up_in_one_line_and_what_finished_is_stored(toy, workers, scheduler):
    path = toy("a-holds", "b-slow")

    def kill_all(_step: object) -> None:
        for worker in workers:
            worker.kill()

    with Dask(scheduler, patience=0.5) as executor:
        result = judgements(path, "out", executor=executor, progress=kill_all)
    assert result.trouble == f"no worker is left at {scheduler}; what finished is stored, the same command goes on from there"
    assert (result.status, len(result.judgements), len(result.not_run)) == (3, 1, 1)
    assert judgements(path, "out", jobs=1).stored == (result.judgements[0].id,)


def test_a_worker_of_several_threads_is_refused_since_units_share_what_is_global_in_a_process():
    settings = {"n_workers": 1, "threads_per_worker": 2, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(**settings) as cluster, Dask(cluster.scheduler_address) as executor:
        error = executor.submit(abs, -1).exception(timeout=30)
    assert isinstance(error, InputError)
    assert "2 threads; start it with --nthreads 1" in str(error)


def test_an_address_where_nothing_answers_is_refused_in_one_line():
    with pytest.raises(InputError, match=r"no scheduler answers at 'tcp://127\.0\.0\.1:9'") as caught:
        Dask("tcp://127.0.0.1:9", wait=0.2)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("address", ["foo", "tcp://foo", "bar://x:1", "127.0.0.1:8786", ""])
def test_what_is_no_address_is_refused_at_once_in_one_line(address):
    with pytest.raises(InputError, match=rf"--address '{address}' is no address of a scheduler, such as tcp://host:8786"):
        Dask(address)
