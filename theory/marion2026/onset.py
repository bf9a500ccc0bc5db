r"""When memorization starts: definitions of :math:`\tau_{mem}`, of the memorization rate and of peak fidelity, from curves.

The paper has the step "at which the test loss begins to diverge from the train loss" and leaves open when that is. Several
definitions are given, each on curves at checkpoints, interpolated in the logarithm of the step, and each asks that what has
begun lasts to the end. :data:`PRIMARY` is the one that claims are judged by; the others show what depends on the choice.

The file is long because every definition stands beside the others, on the same curves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
PRIMARY = "test 5%"
RATE_FROM, RATE_TO = 0.05, 0.25
"""Copy rates between which the memorization rate is read."""


@dataclass(frozen=True, kw_only=True)
class Curves:
    """What is tracked along one run.

    Parameters
    ----------
    steps
        Increasing numbers of steps, shape ``(K,)``.
    train, test
        Denoising losses on fixed draws.
    copies
        Share of samples that are copies.
    floor, gaussian
        Losses on the training draws of the closed-form empirical velocity, which is the least, and of the fitted Gaussian's.
    """

    steps: Floats
    train: Floats
    test: Floats
    copies: Floats
    floor: float
    gaussian: float

    def __post_init__(self) -> None:
        """Refuse curves of different lengths or steps out of order."""
        lengths = {len(part) for part in (self.steps, self.train, self.test, self.copies)}
        if len(lengths) != 1 or not len(self.steps):
            raise ValueError(f"curves of lengths {sorted(lengths)}: one length, at least 1, is needed")
        if not (self.steps[0] > 0 and np.all(np.diff(self.steps) > 0)):
            raise ValueError("steps must be positive and increase")


def lasting_crossing(steps: Floats, values: Floats, level: float) -> float | None:
    """Return the step from which a curve stays above a level to the end, interpolated in the logarithm of the step.

    Parameters
    ----------
    steps, values
        The curve. NaN is not above any level.
    level
        The level.

    Returns
    -------
    float or None
        The step; the first one if the curve is never below; None if the last value is not above.
    """
    above = values > level
    if not above[-1]:
        return None
    below = np.flatnonzero(~above)
    if not len(below):
        return float(steps[0])
    last = int(below[-1])
    low, high = values[last], values[last + 1]
    share = (level - low) / (high - low) if np.isfinite(low) else 1.0
    return float(math.exp((1 - share) * math.log(steps[last]) + share * math.log(steps[last + 1])))


def rise(curves: Curves, share: float) -> float | None:
    """Return when the test loss is above its running minimum by a share, to the end.

    Parameters
    ----------
    curves
        The curves.
    share
        Such as 0.05.

    Returns
    -------
    float or None
        The step; None if it does not come to it.
    """
    return lasting_crossing(curves.steps, curves.test / np.minimum.accumulate(curves.test), 1 + share)


def gap(curves: Curves, share: float) -> float | None:
    """Return when the test loss is above the train loss by a share of itself, to the end."""
    return lasting_crossing(curves.steps, 1 - curves.train / curves.test, share)


def copying(curves: Curves, share: float) -> float | None:
    """Return when the copy rate is above a share, to the end."""
    return lasting_crossing(curves.steps, curves.copies, share)


def progress(curves: Curves, share: float) -> float | None:
    """Return when the train loss has come a share of the way from the Gaussian's to the least possible, to the end."""
    return lasting_crossing(curves.steps, (curves.gaussian - curves.train) / (curves.gaussian - curves.floor), share)


DEFINITIONS: dict[str, Callable[[Curves], float | None]] = {
    "test 2%": lambda curves: rise(curves, 0.02),
    "test 5%": lambda curves: rise(curves, 0.05),
    "test 10%": lambda curves: rise(curves, 0.10),
    "gap 20%": lambda curves: gap(curves, 0.20),
    "copies 5%": lambda curves: copying(curves, 0.05),
    "progress 1/2": lambda curves: progress(curves, 0.5),
}
"""Name of a definition of the memorization time to its rule. Source: marion2026, Definition T, read in several ways."""


def memorization_time(curves: Curves, definition: str = PRIMARY) -> float | None:
    r"""Return :math:`\tau_{mem}` under a definition.

    Parameters
    ----------
    curves
        The curves.
    definition
        A key of :data:`DEFINITIONS`.

    Returns
    -------
    float or None
        The step; None if memorization has not started.

    Raises
    ------
    ValueError
        If there is no such definition.
    """
    if definition not in DEFINITIONS:
        raise ValueError(f"definition = {definition!r}: one of {', '.join(DEFINITIONS)} is needed")
    return DEFINITIONS[definition](curves)


def memorization_rate(curves: Curves) -> float | None:
    """Return the slope of the copy rate against the logarithm of the step, between shares of 0.05 and 0.25.

    Parameters
    ----------
    curves
        The curves.

    Returns
    -------
    float or None
        Share of samples a factor e of steps; None if the copy rate does not come to stay above one quarter.

    Notes
    -----
    Source: marion2026, Definition R: the slope of the memorization score once it rises, which the paper's figures show against
    the logarithm of the step.
    """
    ends = [lasting_crossing(curves.steps, curves.copies, level) for level in (RATE_FROM, RATE_TO)]
    if ends[0] is None or ends[1] is None or not ends[1] > ends[0]:
        return None
    return (RATE_TO - RATE_FROM) / math.log(ends[1] / ends[0])


def peak_fidelity(steps: Floats, distances: Floats, time: float | None) -> float | None:
    r"""Return the smallest distance before :math:`\tau_{mem}`. Source: marion2026, Definition F.

    Parameters
    ----------
    steps, distances
        Distances to the test set at checkpoints.
    time
        The memorization time; None takes all checkpoints.

    Returns
    -------
    float or None
        The distance; None if no checkpoint is before the time.
    """
    before = distances[steps < (math.inf if time is None else time)]
    return float(before.min()) if len(before) else None


def normalized_step(step: float, *, points: int, batch: int, rate: float, least: tuple[int, int, float]) -> float:
    r"""Return :math:`T=\tau\,\frac{N_{min}}N\,\frac B{B_{min}}\,\frac\eta{\eta_{min}}`. Source: marion2026, Definition S.

    Parameters
    ----------
    step
        The step :math:`\tau`.
    points, batch, rate
        N, B and :math:`\eta` of the run.
    least
        The smallest of each in the sweep.

    Returns
    -------
    float
        The normalized step.
    """
    return step * (least[0] / points) * (batch / least[1]) * (rate / least[2])


def slope(sizes: Sequence[float], times: Sequence[float | None]) -> float | None:
    """Return the exponent of times against sizes, by least squares in the logarithms; None where a time is missing.

    Parameters
    ----------
    sizes, times
        At least two of each.

    Returns
    -------
    float or None
        The exponent.
    """
    known = [time for time in times if time is not None]
    if len(known) < len(times) or len(known) < 2:
        return None
    return float(np.polyfit(np.log(np.asarray(sizes, dtype=float)), np.log(np.asarray(known)), 1)[0])
