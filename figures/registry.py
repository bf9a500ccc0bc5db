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
    "marion2024.figure-3": "figures.marion2024_figure_3",
    "marion2024.figure-4": "figures.marion2024_figure_4",
    "marion2024.pl-constant": "figures.marion2024_pl_constant",
    "marion2024.table-1": "figures.marion2024_table_1",
    "marion2026.figure-1": "figures.marion2026_figure_1",
    "marion2026.figure-2": "figures.marion2026_figure_2",
    "marion2026.figure-3": "figures.marion2026_figure_3",
    "marion2026.figure-4": "figures.marion2026_figure_4",
    "marion2026.figure-5": "figures.marion2026_figure_5",
    "marion2026.figure-6": "figures.marion2026_figure_6",
    "wu2025.figure-1": "figures.wu2025_figure_1",
    "wu2025.figure-2": "figures.wu2025_figure_2",
    "wu2025.figure-3": "figures.wu2025_figure_3",
    "wu2025.figure-4": "figures.wu2025_figure_4",
    "wu2025.irregularity": "figures.wu2025_irregularity",
    "wu2025.stability-threshold": "figures.wu2025_stability_threshold",
}
"""Id of a figure to its module, which is imported only when the figure is drawn."""
TITLES = {
    "marion2024.figure-1": "distances of neighbouring layers against the depth, and of the layers from their limit",
    "marion2024.figure-2": "an entry of the layers across depth along long training, and the loss",
    "marion2024.figure-3": "entries of trained convolutions across depth, from weight-tied and from i.i.d. layers",
    "marion2024.figure-4": "mean distance of successive convolutions after training, from weight-tied and from i.i.d. layers",
    "marion2024.pl-constant": "the local Polyak-Lojasiewicz constant along training and against the sizes, with the loss",
    "marion2024.table-1": "accuracy and smoothness of trained convolutional networks, by activation and start",
    "marion2026.figure-1": "losses, copies and distances along a run of a diffusion model, and what is known without training",
    "marion2026.figure-2": "the same at several numbers of training points, with memorization times and peak fidelity",
    "marion2026.figure-3": "the same at several sizes of the network",
    "marion2026.figure-4": "the same at several batch sizes",
    "marion2026.figure-5": "the same at several learning rates",
    "marion2026.figure-6": "samples from the same noise before and after memorization, and with more training points",
    "wu2025.figure-1": "scores learned at three learning rates, and the optimal score",
    "wu2025.figure-2": "excess risk against the learning rate in dimensions 1 and 10, and with less noise of the gradient",
    "wu2025.figure-3": "samples of a diffusion model against the learning rate: optimal score, network, fitted Gaussian",
    "wu2025.figure-4": "samples of a diffusion model against the dimension, and what the measures of the paper can tell",
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
    decides
        Whether it may fail the figure: a claim of a paper that is looked at on a smaller scale or other data than the paper's
        can be supported there, and never refuted.
    """

    says: str
    passed: bool
    figures: dict[str, float]
    decides: bool = True


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is asked of the figures whose modules have ``TAKES``, the names of the options that they take.

    Parameters
    ----------
    cifar10
        The archive of CIFAR-10 or its unpacked folder.
    device
        Where networks are trained: cpu or cuda.
    """

    cifar10: str | None = None
    device: str = "cpu"

    def given(self) -> list[str]:
        """Return the names of the options that are not as they are by default."""
        return [name for name, value in vars(self).items() if value != getattr(type(self), name)]


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
    seeds
        The seeds; by default those that the settings have under the names seed and seeds.
    """

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    settings: dict[str, Any]
    checks: tuple[Check, ...]
    draw: Callable[[Any], Figure]
    seeds: dict[str, Any] | None = None


def takes(identifier: str) -> tuple[str, ...]:
    """Return the names of the options that a figure takes."""
    return tuple(getattr(importlib.import_module(MODULES[identifier]), "TAKES", ()))


def compute(identifier: str, scale: str, work: Work | None = None, options: Options | None = None) -> Drawing:
    """Compute the numbers of a figure at a scale.

    Parameters
    ----------
    identifier
        Id of the figure.
    scale
        quick or paper.
    work
        Where long work runs and is stored; in this process and nowhere by default.
    options
        For the figures that take them.

    Returns
    -------
    Drawing
        The figure before it is written.
    """
    module = importlib.import_module(MODULES[identifier])
    more = (options or Options(),) if takes(identifier) else ()
    drawing: Drawing = module.compute(scale, work or Work(), *more)
    return drawing
