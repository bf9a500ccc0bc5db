"""Kill ``quod verify`` and ``quod figure`` at random moments with signal 9, run them again, and compare with undisturbed runs.

``python tests/trials/kill_at_random.py --trials 60 --seed 0`` takes some minutes; ``make trials`` runs it. A trial picks a
command, a moment and a victim (the program, all its processes, or one of its workers). Afterwards no process may be left, every
file that stands must be whole, and the same command again must end as the undisturbed run did, byte for byte apart from times.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VICTIMS = ("the program", "all its processes", "one of its workers")
STATUSES = {0, 1}
"""What an undisturbed run ends with: every verdict on record, or some news."""


@dataclass(frozen=True)
class Command:
    """A command of the program; what it writes goes to a folder given later."""

    name: str
    arguments: tuple[str, ...]

    def start(self, out: Path) -> subprocess.Popen[str]:
        call = [sys.executable, "-m", "verification", *self.arguments, "--out", str(out)]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"}
        pipe = subprocess.PIPE
        return subprocess.Popen(
            call, env=environment, text=True, stdout=pipe, stderr=pipe, start_new_session=True, cwd=out.parent
        )


COMMANDS = (
    Command("verify", ("verify", "wu2025.proposition-9.part-b", "wu2025.figure-3.part-small", "--jobs", "2")),
    Command("figure", ("figure", "wu2025.figure-1", "--jobs", "2")),
    Command("verify-own", ("verify", str(ROOT / "examples" / "my_lemma.py"), "--jobs", "2")),
    Command("figure-own", ("figure", "wu2025.irregularity", "--jobs", "2")),
)


def results(out: Path) -> dict[str, bytes]:
    """Return what a finished run wrote: the report without times and provenance, and figures as they are."""
    found = {path.name: path.read_bytes() for path in sorted(out.iterdir()) if path.is_file()}
    if "report.json" in found:
        report = json.loads(found.pop("report.json"))
        for entry in [report, *report["statements"]]:
            entry.pop("timing")
        report.pop("provenance")
        # Every other report is drawn from this one, and tells times.
        found = {"report.json": json.dumps(report).encode(), **dict.fromkeys(found, b"")}
    return found


def whole(out: Path) -> list[str]:
    """Return which files that stand after a kill are not whole."""
    broken = []
    for path in [*out.glob("*.json"), *out.glob(".cache/*.json")]:
        if path.name.startswith("."):
            continue
        try:
            json.loads(path.read_bytes())
        except ValueError:
            broken.append(path.name)
    return broken


def group(leader: int) -> list[int]:
    """Return the processes of a session that are not yet gone."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except (OSError, ValueError):
                continue
            if int(session) == leader and state != "Z":
                found.append(int(entry.name))
    return sorted(found)


def wait_until_gone(leader: int, seconds: float = 20.0) -> list[int]:
    """Wait until a session is empty, and return which processes are not gone in time."""
    end = time.monotonic() + seconds
    while (left := group(leader)) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def kill(process: subprocess.Popen[str], victim: str, rng: random.Random) -> None:
    """Kill one process of the program, or all."""
    if victim == "all its processes":
        os.killpg(process.pid, signal.SIGKILL)
        return
    others = [entry for entry in group(process.pid) if entry != process.pid]
    target = rng.choice(others) if victim == "one of its workers" and others else process.pid
    with suppress(ProcessLookupError):
        os.kill(target, signal.SIGKILL)


def trial(command: Command, folder: Path, wanted: dict[str, bytes], seconds: float, rng: random.Random) -> str:
    """Kill a run once, run it again, and say what is wrong.

    Parameters
    ----------
    command, folder
        The command, and an empty folder.
    wanted
        Results of the undisturbed run.
    seconds
        Time that one took; the moment is uniform over it.
    rng
        The source of the moment and the victim.

    Returns
    -------
    str
        What is wrong; empty when nothing is.
    """
    out, moment, victim = folder / "out", rng.uniform(0, seconds), rng.choice(VICTIMS)
    at = f"{command.name}, {victim} at {moment:.2f} s"
    process = command.start(out)
    time.sleep(moment)
    kill(process, victim, rng)
    _, errors = process.communicate(timeout=600)
    # Python's own tracker of semaphores, killed and started again, complains of those that it did not see begin.
    if "Traceback" in errors and "resource_tracker.py" not in errors:
        return f"{at}: a traceback: {errors[-400:]}"
    if left := wait_until_gone(process.pid):
        return f"{at}: {len(left)} processes are left"
    if out.exists() and (broken := whole(out)):
        return f"{at}: not whole: {', '.join(broken)}"
    if process.returncode in STATUSES and results(out) != wanted:
        return f"{at}: it ended with status {process.returncode} and another result"
    again = command.start(out)
    _, errors = again.communicate(timeout=600)
    if again.returncode not in STATUSES:
        return f"{at}: the second run ended with {again.returncode}: {errors[-400:]}"
    found = results(out)
    if differing := {name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)}:
        return f"{at}: other bytes: {', '.join(sorted(differing))}"
    litter = [path.name for path in [*out.rglob("*"), *out.rglob(".*")] if path.name.endswith(".part")]
    return f"{at}: left over: {', '.join(litter)}" if litter else ""


def trials(commands: Sequence[Command], count: int, seed: int, folder: Path, *, show: bool = False) -> list[str]:
    """Run trials, the commands in turn.

    Parameters
    ----------
    commands
        The commands.
    count
        How many trials.
    seed
        Each trial has its own generator.
    folder
        An empty folder.
    show
        Whether to print a line a trial.

    Returns
    -------
    list of str
        What went wrong.
    """
    wanted, took, wrong = {}, {}, []
    for command in commands:
        start = time.monotonic()
        with command.start(folder / command.name) as process:
            _, errors = process.communicate(timeout=600)
        if process.returncode not in STATUSES:
            return [f"{command.name}: undisturbed, it ended with {process.returncode}: {errors[-400:]}"]
        wanted[command], took[command] = results(folder / command.name), time.monotonic() - start
    for number in range(count):
        command, rng = commands[number % len(commands)], random.Random(f"{seed}/{number}")
        with tempfile.TemporaryDirectory(dir=folder) as place:
            problem = trial(command, Path(place), wanted[command], took[command], rng)
        wrong += [f"trial {number}: {problem}"] if problem else []
        if show:
            sys.stdout.write(f"[{number + 1}/{count}] {problem or f'{command.name}: as undisturbed'}\n")
            sys.stdout.flush()
    return wrong


def main() -> int:
    """Run the trials that are asked for, and return 1 if one went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wrong = trials(COMMANDS, asked.trials, asked.seed, Path(folder), show=True)
    sys.stdout.write(f"{asked.trials} trials, {len(wrong)} went wrong\n" + "".join(f"{line}\n" for line in wrong))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
