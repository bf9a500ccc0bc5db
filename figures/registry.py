"""The figures, one module each, in the sorted order of their ids."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from figures.work import Work

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MODULES = {
    "marion2024.figure-1": "figures.marion2024_figure_1",
    "marion2024.figure-2": "figures.marion2024_figure_2",
    "marion2024.pl-constant": "figures.marion2024_pl_constant",
    "wu2025.figure-1": "figures.wu2025_figure_1",
    "wu2025.figure-2": "figures.wu2025_figure_2",
    "wu2025.irregularity": "figures.wu2025_irregularity",
    "wu2025.stability-threshold": "figures.wu2025_stability_threshold",
}
"""Id of a figure to its module, which is imported only when the figure is drawn."""
TITLES = {
    "marion2024.figure-1": "distances of neighbouring layers against the depth, and of the layers from their limit",
    "marion2024.figure-2": "an entry of the layers across depth along long training, and the loss",
    "marion2024.pl-constant": "the local Polyak-Lojasiewicz constant along training and against the sizes, with the loss",
    "wu2025.figure-1": "scores learned at three learning rates, and the optimal score",
    "wu2025.figure-2": "excess risk against the learning rate in dimensions 1 and 10, and with less noise of the gradient",
    "wu2025.irregularity": "irregularity of the optimal score against the noise scale, with its lower bounds",
    "wu2025.stability-threshold": "where training stops memorizing, and the largest stable learning rates against the noise",
}
SCALES = ("quick", "paper")


@dataclass(frozen=True, kw_only=True)
class Check:
    """Something that the figure shows, checked on its numbers.

    Parameters
    ----------
    says
        What is checked.
    passed
        Whether it holds.
    figures
        The numbers that decide.
    """

    says: str
    passed: bool
    figures: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A figure before it is written.

    Parameters
    ----------
    columns
        Names of the columns of the table behind the figure.
    rows
        The table.
    settings
        What the figure was computed with.
    checks
        What the figure shows, checked.
    draw
        Draws the figure with ``matplotlib.pyplot``.
    """

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    settings: dict[str, Any]
    checks: tuple[Check, ...]
    draw: Callable[[Any], Figure]


def compute(identifier: str, scale: str, work: Work | None = None) -> Drawing:
    """Compute the numbers of a figure at a scale.

    Parameters
    ----------
    identifier
        Id of the figure.
    scale
        quick or paper.
    work
        Where long work runs and is stored; in this process and nowhere by default.

    Returns
    -------
    Drawing
        The figure before it is written.
    """
    module = importlib.import_module(MODULES[identifier])
    drawing: Drawing = module.compute(scale, work or Work())
    return drawing
