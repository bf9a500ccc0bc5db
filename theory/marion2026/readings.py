r"""What the claims of marion2026 read from one repetition of a run, or of a sweep: numbers that a claim has above 0 or equal.

A run is what :func:`theory.marion2026.experiments.train_and_measure` returns for a repetition. None stands for a number that a
run does not have, such as the memorization time of one that has not begun to memorize; it leaves the repetition out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from theory.marion2026.onset import PRIMARY, Curves, memorization_rate, memorization_time, peak_fidelity, slope

Run: TypeAlias = Mapping[str, Any]
Floats: TypeAlias = NDArray[np.float64]
DESCENT = 0.1
"""A distance descends twice if it rises from a minimum by a share of it, and falls again by as much."""


def column(run: Run, name: str) -> Floats:
    """Return what is tracked under a name at the checkpoints that have it, NaN where the run has diverged."""
    return np.array([math.nan if entry.get(name) is None else entry[name] for entry in run["checkpoints"]], dtype=np.float64)


def curves(run: Run) -> Curves:
    """Return the curves that memorization times are read from; a diverged run has them up to where it diverged.

    Parameters
    ----------
    run
        The run; it must have a first checkpoint.

    Returns
    -------
    Curves
        The curves.
    """
    kept = np.isfinite(column(run, "test"))
    count = len(kept) if kept.all() else max(int(np.argmin(kept)), 1)
    parts = {name: column(run, name)[:count] for name in ("train", "test", "copies")}
    return Curves(steps=column(run, "step")[:count], floor=run["least"], gaussian=run["gaussian"], **parts)


def time_of(run: Run, definition: str = PRIMARY) -> float | None:
    r"""Return the memorization time :math:`\tau_{mem}` of a run under a definition."""
    return memorization_time(curves(run), definition)


def rate_of(run: Run) -> float | None:
    """Return the memorization rate of a run."""
    return memorization_rate(curves(run))


def fidelity_of(run: Run, definition: str = PRIMARY) -> float | None:
    r"""Return the smallest sliced Wasserstein distance to the test set before :math:`\tau_{mem}` under a definition."""
    found = curves(run)
    distances = column(run, "sliced_test")[: len(found.steps)]
    return peak_fidelity(found.steps, distances, memorization_time(found, definition))


def exponent(runs: Sequence[Run], sizes: Sequence[float], definition: str = PRIMARY) -> float | None:
    r"""Return the exponent of :math:`\tau_{mem}` in what a sweep changes."""
    return slope(sizes, [time_of(run, definition) for run in runs])


def trend(values: Sequence[float | None], sizes: Sequence[float]) -> float | None:
    """Return the exponent of values in sizes: positive where they grow; None where one is missing."""
    return slope(sizes, values)


def trend_of_known(values: Sequence[float | None], sizes: Sequence[float]) -> float | None:
    """Return the exponent of those values that there are; None for fewer than two.

    Parameters
    ----------
    values, sizes
        One value a size, such as memorization rates, which runs that have not copied enough do not have.

    Returns
    -------
    float or None
        The exponent.
    """
    known = [(size, value) for size, value in zip(sizes, values, strict=True) if value is not None]
    return slope([size for size, _ in known], [value for _, value in known]) if len(known) > 1 else None


def rises_after_onset(run: Run) -> float | None:
    r"""Return by how much the largest fall of the copy rate after the onset stays below what chance allows.

    A rate of M samples falls by chance by at most :math:`z\sqrt{2p(1-p)/M}` between two checkpoints, all of them together at
    95%, with p the mean of the two.

    Parameters
    ----------
    run
        The run.

    Returns
    -------
    float or None
        Positive where no fall is beyond chance; None if memorization has not started.
    """
    from scipy.special import ndtri  # a slow import, which listing statements does not need

    found = curves(run)
    start = memorization_time(found)
    after = found.copies[found.steps >= (math.inf if start is None else start)]
    if len(after) < 2:
        return None
    samples = run["samples"]
    p = np.clip((after[1:] + after[:-1]) / 2, 1 / samples, 1 - 1 / samples)
    allowed = -ndtri(0.05 / len(p)) * np.sqrt(2 * p * (1 - p) / samples)
    return float(np.min(np.diff(after) + allowed))


def spread_of_onset(run: Run) -> float | None:
    """Return the logarithm of the steps between copy rates of 5% and 25%, over that of two checkpoints: above 0 is gradual."""
    rate = rate_of(run)
    if rate is None:
        return None
    steps = column(run, "step")
    between = float(np.log(steps[-1] / steps[0]) / (len(steps) - 1))
    return 0.2 / rate - between


def second_descent(distances: Floats) -> float:
    """Return the size of a second descent: the largest rise from a minimum that is followed by as large a fall, less 10%.

    Parameters
    ----------
    distances
        A distance at increasing steps.

    Returns
    -------
    float
        In units of the minimum; above 0 where there is a second descent; NaN if a distance is.
    """
    # The built-in min and max pass NaN over.
    if not np.all(np.isfinite(distances)):
        return math.nan
    best = 0.0
    for at in range(1, len(distances) - 1):
        before, after = float(distances[:at].min()), float(distances[at + 1 :].min())
        rise = distances[at] / before - 1
        best = max(best, min(rise, distances[at] / after - 1))
    return best - DESCENT


def train_test_gap(run: Run, name: str = "sliced") -> float:
    """Return the largest gap of the distances to train and test along a run, over the distance to test; NaN if it diverged."""
    train, test = column(run, f"{name}_train"), column(run, f"{name}_test")
    return float(np.max(np.abs(train - test) / test))


def forced(run: Run) -> float:
    """Return the distance of train and test over the largest of samples to the test set, a bound on the gap there."""
    return float(run["floor"]["sliced"] / np.max(column(run, "sliced_test")))


def copies_before(run: Run) -> float | None:
    r"""Return the largest copy rate before :math:`\tau_{mem}`."""
    found = curves(run)
    start = memorization_time(found)
    before = found.copies[found.steps < (math.inf if start is None else start)]
    return float(before.max()) if len(before) else None


def worst_before(run: Run) -> float | None:
    r"""Return the largest distance to the test set before :math:`\tau_{mem}`, over that of other real images."""
    found = curves(run)
    start = memorization_time(found)
    before = column(run, "sliced_test")[: len(found.steps)][found.steps < (math.inf if start is None else start)]
    return float(before.max() / run["fresh"]["sliced_test"]) if len(before) else None


def change(run: Run, name: str, low: float, high: float) -> float | None:
    """Return by how much a metric changes between the steps at which two shares of the run's progress are reached.

    Parameters
    ----------
    run
        The run.
    name
        What is tracked.
    low, high
        Steps.

    Returns
    -------
    float or None
        The difference, by interpolation in the logarithm of the step; None outside the run.
    """
    steps = column(run, "step")
    if not steps[0] <= low < high <= steps[-1]:
        return None
    values = np.interp(np.log([low, high]), np.log(steps), column(run, name))
    return float(values[1] - values[0])
