r"""What the figures of marion2026 share: the runs of sweeps, the table, settings, memorization times by every definition.

A little long, since everything that is written beside the pictures is in one place.

The file is long because runs, their table and their settings are the same for all six figures.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from figures.work import Work
from numerics.statistics import student_interval
from theory.marion2026 import experiments
from theory.marion2026.onset import DEFINITIONS, PRIMARY, normalized_step
from theory.marion2026.readings import Run, exponent, fidelity_of, rate_of, time_of
from theory.study import Unit
from verification.trends import LEVEL

PROFILES = {"quick": "quick", "paper": "standard"}
"""Scale of the figures to the name of the studies' size."""
DISTANCES = ("sliced_train", "sliced_test", "frechet_train", "frechet_test")
TRACKED = ("train", "test", "copies", "cosine", "nearer", "excess", *DISTANCES, "precision", "recall")
KNOWN = {
    "exact": "closed-form velocity",
    "fitted": "fitted Gaussian",
    "fresh": "other real images",
    "copied": "training images with a little noise",
    "noise": "noise",
}
"""What stands beside the networks' samples, by the name it has in a result."""
SETTINGS = ("points", "width", "batch", "rate")
COLUMNS = ("samples of", *SETTINGS, "parameters", "data", "repetition", "step", "normalized step", *TRACKED)
SHORT = {"digits": "digits of scikit-learn", "mnist": "MNIST"}
INSTEAD = "not CIFAR-10 nor a U-Net, which need the archive and a GPU"


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """The runs of a sweep.

    Parameters
    ----------
    name
        What it changes, a key of :data:`theory.marion2026.experiments.SWEEPS`.
    units, results
        One a value; a result lists the runs of all data and repetitions.
    """

    name: str
    units: Sequence[Unit]
    results: Sequence[Sequence[Run]]

    @property
    def values(self) -> list[float]:
        """Return what the figure calls the swept quantity: numbers of parameters for the width."""
        if self.name == "width":
            return [float(runs[0]["parameters"]) for runs in self.results]
        return [float(unit[self.name]) for unit in self.units]

    @property
    def data(self) -> list[str]:
        """Return the names of the data."""
        return list(self.units[0]["data"])

    def of(self, data: str) -> list[list[Run]]:
        """Return the runs on some data, a list of repetitions for each value."""
        return [[run for run in runs if run["data"] == data] for runs in self.results]

    def repetitions(self, data: str | None = None) -> list[list[Run]]:
        """Return the repetitions, each a list of one run a value."""
        return [list(entry) for entry in zip(*(self.results if data is None else self.of(data)), strict=True)]

    def factor(self, unit: Unit) -> float:
        """Return what steps are multiplied with in the figure: the paper's normalization by the swept quantity alone."""
        least = {name: min(experiments.SWEEPS[name]) for name in ("points", "batch", "rate")}
        own = {name: unit[name] if name == self.name else low for name, low in least.items()}
        return normalized_step(1.0, **own, least=(least["points"], least["batch"], least["rate"]))


def gather(name: str, scale: str, work: Work) -> Sweep:
    """Run a sweep, or find its runs where they are stored; the default is shared by all sweeps.

    Parameters
    ----------
    name
        A key of :data:`theory.marion2026.experiments.SWEEPS`.
    scale
        quick or paper.
    work
        Where the runs are trained and stored.

    Returns
    -------
    Sweep
        The runs.
    """
    study = experiments.sweep(name)
    (units,) = study.size(PROFILES[scale]).replicates
    # The longest first, so that processes end together.
    order = sorted(range(len(units)), key=lambda at: -cost(units[at]))
    found = work.gather(study.name, study.run, [units[at] for at in order], cost)
    results = dict(zip(order, found, strict=True))
    return Sweep(name=name, units=units, results=[results[at] for at in range(len(units))])


def cost(unit: Unit) -> float:
    """Return what a unit costs beside the others: about its seconds, as measured on small networks."""
    readings, step = 1.1e-4 * unit["samples"] / 96, 3e-8
    pixels = {"digits": 1.0, "mnist": 1.5}
    each = 2.5 + unit["width"] ** 2 * (readings + step * unit["steps"])
    return float(unit["repetitions"] * sum(pixels[data] for data in unit["data"]) * each)


def rows(sweep: Sweep, tenths: bool = False) -> list[tuple[Any, ...]]:
    """Return the table behind a figure: every checkpoint of every run, and what stands beside the networks' samples.

    Parameters
    ----------
    sweep
        The runs.
    tenths
        Whether the losses over tenths of time follow, in columns :data:`TENTHS`.

    Returns
    -------
    list of tuple
        Rows of :data:`COLUMNS`. The losses of the closed form and of the Gaussian are the exact ones; a test loss of the
        former is not computed.
    """
    return [row for unit, runs in zip(sweep.units, sweep.results, strict=True) for row in _rows(sweep, unit, runs, tenths)]


TENTHS = tuple(f"{name} loss, {k / 10:.1f} < t < {(k + 1) / 10:.1f}" for name in ("train", "test") for k in range(10))


def _rows(sweep: Sweep, unit: Unit, runs: Sequence[Run], tenths: bool) -> Iterator[tuple[Any, ...]]:
    for at, run in enumerate(runs):
        setting = tuple(unit[name] for name in SETTINGS)
        head = (*setting, run["parameters"], run["data"], at % unit["repetitions"])
        for entry in run["checkpoints"]:
            by_time = [entry.get(f"{name}_by_time") or [None] * 10 for name in ("train", "test")] if tenths else []
            found = (entry.get(name) for name in TRACKED)
            own = ("network", *head, entry["step"], entry["step"] * sweep.factor(unit), *found)
            yield (*own, *(value for part in by_time for value in part))
        losses = {"exact": {"train": run["least"]}, "fitted": {"train": run["gaussian"], "test": run["gaussian_test"]}}
        for name, says in KNOWN.items():
            entry = run[name] | losses.get(name, {})
            own = (says, *head, None, None, *(entry.get(tracked) for tracked in TRACKED))
            yield (*own, *([None] * 20 if tenths else []))


def settings(sweep: Sweep, scale: str) -> dict[str, Any]:
    """Return what the figure was computed with, and the memorization times and exponents by every definition.

    Parameters
    ----------
    sweep
        The runs.
    scale
        quick or paper.

    Returns
    -------
    dict
        JSON values.
    """
    unit = sweep.units[0]
    return {
        "data": {name: experiments.DATA[name] for name in sweep.data},
        "images": {name: {"pool": experiments.POOL[name], "test": experiments.TESTED[name]} for name in sweep.data},
        "network": "residual perceptron of two blocks with class and time embeddings, in place of a U-Net",
        "default": experiments.DEFAULT,
        "swept": {sweep.name: [unit[sweep.name] for unit in sweep.units]},
        "steps": [unit["steps"] for unit in sweep.units],
        "repetitions of each": unit["repetitions"],
        "samples at a checkpoint": unit["samples"],
        "loss": "of the averaged weights, on fixed draws of time and noise, the same at every checkpoint",
        "copies": "distance to the nearest training image below 1/3 of that to the second (ratio); cosine of principal"
        f" components above a threshold with {experiments.FALSE_POSITIVES:.0%} false positives on held-out images (cosine)",
        "sliced Wasserstein": f"the metric, {experiments.DIRECTIONS} fixed directions of pixels",
        "Frechet": f"the distance, whose square is an FID, in {experiments.COMPONENTS} principal components of pixels",
        "normalized step": "the step times the paper's factor of what is swept; the step itself for the width",
        "tau_mem": {name: times(sweep, name) for name in DEFINITIONS},
        "definition that claims are judged by": PRIMARY,
        "exponents of tau_mem": exponents(sweep) if len(sweep.units) > 1 else {},
        "diverged": diverged(sweep),
        "scale of the study": PROFILES[scale],
        "reduced": True,
        "seeds": {"of repetition k": [f"{experiments.SEED} + k (subset)", f"{experiments.SEED} + 1000 + k (start, batches)"]},
    }


def diverged(sweep: Sweep) -> int:
    """Return how many runs have diverged."""
    runs = [run for result in sweep.results for run in result]
    return sum(any(entry["train"] is None for entry in run["checkpoints"]) for run in runs)


def times(sweep: Sweep, definition: str) -> dict[str, dict[str, list[float | None]]]:
    """Return the memorization times by data and value of what is swept, None where memorization has not begun."""
    return {
        data: {
            f"{unit[sweep.name]:g}": [time_of(run, definition) for run in runs]
            for unit, runs in zip(sweep.units, sweep.of(data), strict=True)
        }
        for data in sweep.data
    }


def fitted(values: Sequence[float | None]) -> dict[str, Any]:
    """Return the mean of exponents of repetitions, Student's 95% interval, and how many there are.

    Parameters
    ----------
    values
        One a repetition; None is left out and counted.

    Returns
    -------
    dict
        ``mean``, ``low`` and ``high``, None where fewer than two are left, ``count`` and ``left out``.
    """
    known = [value for value in values if value is not None]
    low, high = student_interval(known, 1 - LEVEL)
    interval = {"low": low, "high": high} if math.isfinite(low) else {"low": None, "high": None}
    mean = float(np.mean(known)) if known else None
    return {"mean": mean, **interval, "count": len(known), "left out": len(values) - len(known)}


def exponents(sweep: Sweep) -> dict[str, dict[str, Any]]:
    """Return the exponent of the memorization time in what is swept, by data and definition."""
    return {
        data: {name: fitted([exponent(runs, sweep.values, name) for runs in sweep.repetitions(data)]) for name in DEFINITIONS}
        for data in sweep.data
    }


def caption(sweep: Sweep, scale: str, more: str = "Lines are medians, bands the range.") -> str:
    """Return what stands below a figure: data, scale, repetitions, seeds, and what it is not."""
    unit, lost = sweep.units[0], diverged(sweep)
    data = "; ".join(experiments.DATA[name] for name in sweep.data)
    runs = f"{unit['repetitions']} repetitions of subset and start, seeds {experiments.SEED} + k"
    words = f"reduced ({scale} scale): {data}; residual perceptron; {runs}; {INSTEAD}. {more}"
    return textwrap.fill(f"{words} Diverged runs: {lost}." if lost else words, 125)


def summary(sweep: Sweep, data: str) -> list[dict[str, list[float | None]]]:
    """Return memorization times, rates and peak fidelities of the runs on some data, a list of repetitions for each value."""
    return [
        {
            "time": [time_of(run) for run in runs],
            "rate": [rate_of(run) for run in runs],
            "fidelity": [fidelity_of(run) for run in runs],
        }
        for runs in sweep.of(data)
    ]
