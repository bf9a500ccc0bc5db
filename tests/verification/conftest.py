"""Toy statements in a user's file, judged by a stub whose outcome is the last word of the statement's id."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from verification.selection import load

ROOT = Path(__file__).resolve().parents[2]

TOY = """
import os, signal, sys, time, types
from dataclasses import dataclass
from pathlib import Path
from theory.statement import Hidden, Hypothesis, Inequality, Instance
from numerics.arithmetic import Number
from verification.evaluate import check_at
from verification.outcome import Counterexample, Evidence, EvidenceKind, Judgement, Tightness, Tooth, Verdict

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Point(Instance):
    x: Number


SMALL = Hypothesis(name="small", says="x < 10", holds=lambda p: (p.x, "<", 10))


def claim(name, **fields):
    return Inequality(
        id=f"toy.lemma-{name}", title=f"lemma {name}", says="Every x is positive.", formula="x > 0", source="Toy, page 1",
        instance=Point, instances=lambda draw, names: Point(x=1), left=lambda p: p.x, relation=">",
        right=lambda p, c: 0, hypotheses=(SMALL,), **fields,
    )


def judge(statement, *, budget, seed, store=None):
    fate = statement.id.rsplit("-", 1)[1].rstrip("0123456789")
    with open(HERE / "calls.txt", "a") as log:
        log.write(statement.id + "\\n")
    if fate == "slow":
        time.sleep(1.5)
    if fate == "endless":
        time.sleep(3600)
    if fate == "error":
        raise ValueError("sigma left the range\\nof floats")
    if fate == "crash":
        os._exit(11)
    if fate == "leaves":
        raise SystemExit(0)
    if fate == "breaks":
        raise KeyboardInterrupt
    if fate == "prints":
        print("something for the author's eyes")
    if fate == "stuck":
        # As in a library that never comes back: no handler of Python runs, and no gentle signal ends it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(3600)
    if fate == "greedy":
        bytearray(1 << 28)
    if fate == "aborts":
        sys.stderr.write("FLINT exception (General error):\\n    Unable to allocate memory (432000000).\\n")
        sys.stderr.flush()
        os._exit(134)
    verdict = {"refuted": Verdict.REFUTED, "vacuous": Verdict.VACUOUS, "undecided": Verdict.UNDECIDED}.get(fate, Verdict.HOLDS)
    found = Counterexample(data={"x": "-1/3"}, left="-0.333", relation=">", right="0", bits=64)
    return Judgement(
        id=statement.id, paper=statement.paper, title=statement.title, kind=statement.kind, says=statement.says,
        formula=statement.formula, source=statement.source, ours=statement.ours, verdict=verdict,
        reason="" if verdict is Verdict.HOLDS else f"it is {fate}",
        evidence=(
            Evidence(kind=EvidenceKind.SAMPLED, summary=f"drawn with {seed}", figures={"seed": seed, "bad": float("nan")}),
        ),
        counterexample=found if verdict is Verdict.REFUTED else None,
        tightness=Tightness(count=3, quantiles=(1.0, 1.5, 2.0, 3.0, float("inf")), extreme={"x": "1/3"}),
        teeth=(
            Tooth(name="pushed", refuted=fate != "toothless", counterexample=None if fate == "toothless" else found),
            Tooth(name="without: order", refuted=False, finding="not needed, as far as the search sees"),
        ),
        hypotheses={"names": ["order"], "says": ["x is sorted"], "drawn": 3, "satisfied": 3, "rate": 1.0,
                    "hidden": [{"says": "x > -1.", "where": "step 2", "finding": "False without."}]},
        uses=statement.uses,
        calibrations=({"instrument": "quad", "regime": "x = 1", "passed": True, "summary": "1 to 50 bits"},),
    )


sys.modules["verification.judge"] = types.SimpleNamespace(judge=judge, check_at=check_at)
"""


@pytest.fixture
def toy(tmp_path: Path) -> Callable[..., Path]:
    """Write a user's file with one statement a name; the text of a name may be given instead."""

    def write(*names: str, extra: str = "", file: str = "toy_lemmas.py") -> Path:
        path = tmp_path / file
        lines = [f"statement_{index} = claim({name!r})" for index, name in enumerate(names)]
        path.write_text("\n".join([TOY, *lines, extra]) + "\n")
        load.cache_clear()
        return path

    return write


@pytest.fixture(autouse=True)
def _real_judge_afterwards() -> object:
    before = sys.modules.get("verification.judge")
    path = list(sys.path)
    yield
    sys.path[:] = path
    load.cache_clear()
    sys.modules.pop("verification.judge", None)
    if before is not None:
        sys.modules["verification.judge"] = before


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start the real program, as a process in the folder of the test."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100", "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def popen(*arguments: object, cwd: Path = tmp_path, flags: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *flags, "-m", "verification", *map(str, arguments)],
            cwd=cwd,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_interruptible,
        )

    return popen


def _interruptible() -> None:
    # A shell in the background ignores interrupts, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def quod(start: Callable[..., subprocess.Popen[str]]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the real program to its end."""

    def call(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        with start(*arguments, **options) as process:
            out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    return call
