"""The checks of the figures of marion2026: statements judged on the runs that are drawn, and instruments.

Statements about a figure are trends over repetitions. They are judged here as ``quod verify`` judges them, without their
controls, and each check says whether the claim reproduces, does not, or cannot be told. None of them decides: all runs are of
a perceptron on small images, which can support a claim about a U-Net on CIFAR-10 and never refute it. Those of the
instruments, which hold whatever a network does, can fail a figure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from figures.marion2026_curves import KNOWN, Sweep
from figures.registry import Check
from theory.marion2026.readings import Run
from theory.statement import Trend
from theory.study import Reading
from verification.selection import load
from verification.trends import LEVEL, Seen


def claims(parts: Sequence[str]) -> Callable[[], list[Trend]]:
    """Return what finds the trends of the paper whose ids begin with some names, when it is called.

    Parameters
    ----------
    parts
        Such as claim-3, which stands for its parts and readings too.

    Returns
    -------
    Callable
        Imports the statements: they are only needed when a figure is computed.
    """

    def found() -> list[Trend]:
        names = [f"marion2026.{part}" for part in parts]
        trends = [entry for entry in load(None).values() if isinstance(entry, Trend)]
        return [entry for entry in trends if any(entry.id == name or entry.id.startswith(f"{name}.") for name in names)]

    return found


def judged(statement: Trend, repetitions: Sequence[Sequence[Run]]) -> Check:
    """Return what the repetitions say of a statement.

    Parameters
    ----------
    statement
        The statement.
    repetitions
        The runs of its study.

    Returns
    -------
    Check
        As :func:`seen_in` returns it.
    """
    return seen_in(f"{statement.id}, {statement.title}", statement.readings, repetitions)


def seen_in(says: str, readings: Sequence[Reading], repetitions: Sequence[Sequence[Run]]) -> Check:
    """Return whether a claim reproduces, does not, or cannot be told.

    Parameters
    ----------
    says
        The claim.
    readings
        Its numbers; all must be told from chance at 95% together.
    repetitions
        The runs, a list of one a value for each repetition.

    Returns
    -------
    Check
        It decides nothing; its numbers are, for each reading, the median and how many agree, or the mean and its interval.
    """
    seen = []
    for reading in readings:
        found = [reading.of(runs) for runs in repetitions]
        known = tuple(float(value) for value in found if value is not None)
        seen.append(Seen(reading=reading, values=known, left_out=len(found) - len(known)))
    level = LEVEL / len(seen)
    falls = any(entry.falls(level) for entry in seen)
    word = "does not reproduce" if falls else "reproduces" if all(s.stands(level) for s in seen) else "cannot tell"
    numbers = [_numbers(entry, level) for entry in seen]
    figures = numbers[0] if len(seen) == 1 else _joined([entry.reading.says for entry in seen], numbers)
    return Check(says=f"{says}: {word} at this scale", passed=word == "reproduces", figures=figures, decides=False)


def _numbers(entry: Seen, level: float) -> dict[str, float]:
    """Return the median, how many repetitions agree and of how many; or the mean with its interval, and the claimed one."""
    finite = [value for value in entry.values if math.isfinite(value)]
    lost = {"left out": float(entry.left_out)} if entry.left_out else {}
    if entry.reading.equals is None:
        middle = float(np.median(finite)) if finite else math.nan
        found = {"median": middle, "agree": float(entry.positive), "of": float(len(entry.values))}
    else:
        low, high = entry.interval(level)
        mean = float(np.mean(finite)) if finite else math.nan
        found = {"mean": mean, "low": low, "high": high, "claimed": entry.reading.equals}
    return {name: value for name, value in (found | lost).items() if math.isfinite(value)}


def _joined(names: Sequence[str], numbers: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the numbers of several readings: each one's median or mean under its name, the others numbered."""
    found: dict[str, float] = {}
    for k, (name, own) in enumerate(zip(names, numbers, strict=True), start=1):
        for kind, value in own.items():
            found[f"({k}) {name}, {kind}" if kind in {"median", "mean"} else f"({k}) {kind}"] = value
    return found


def instruments(sweep: Sweep) -> tuple[Check, ...]:
    """Check what must hold at every scale, whatever networks do: these checks can fail the figure.

    Parameters
    ----------
    sweep
        The runs.

    Returns
    -------
    tuple of Check
        The triangle inequality of sliced Wasserstein distances, and whether copies are seen where all samples are copies and
        not where none is.
    """
    runs = [run for result in sweep.results for run in result]
    excess = [
        abs(entry["sliced_train"] - entry["sliced_test"]) - run["floor"]["sliced"]
        for run in runs
        for entry in (*run["checkpoints"], *(run[name] for name in KNOWN))
        if entry.get("sliced_train") is not None
    ]
    exact, fresh = ([run[name]["copies"] for run in runs] for name in ("exact", "fresh"))
    return (
        Check(
            says="|SW to train - SW to test| is at most SW(train, test) at every checkpoint: largest excess",
            # The distances are sums of squares: rounding is far below 1e-9 of numbers of order 1.
            passed=max(excess) <= 1e-9,
            figures={"excess": max(excess)},
        ),
        Check(
            says="the copy rate by ratio is at least 0.9 for the closed-form velocity and at most 0.05 for other real images",
            passed=min(exact) >= 0.9 and max(fresh) <= 0.05,
            figures={"least of the closed form": min(exact), "largest of real images": max(fresh)},
        ),
    )
