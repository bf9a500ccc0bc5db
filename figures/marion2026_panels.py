r"""The panels of the figures of marion2026: losses, copies, distances, memorization time and peak fidelity along sweeps.

A little long, since six panels are drawn in the same way and belong together.

The file is long because the five figures of curves share all their panels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from figures.marion2026_checks import instruments, judged
from figures.marion2026_curves import (
    COLUMNS,
    Sweep,
    caption,
    fitted,
    gather,
    rows,
    settings,
    summary,
)
from figures.registry import Check, Drawing
from figures.work import Work
from theory.marion2026.experiments import DATA
from theory.marion2026.readings import Run, column, exponent
from theory.statement import Trend

TRAIN, TEST, FLOOR = "#0072B2", "#D55E00", "0.45"
LOSS, COPIES = "denoising loss", "share of copies"
SLICED, FRECHET = "sliced Wasserstein distance", "Fréchet distance (root of FID)"


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the figure of a sweep calls things.

    Parameters
    ----------
    symbol
        Of what is swept.
    step
        Label of the axis of steps.
    law
        An exponent of the memorization time that is drawn beside the measured one; None where there is none.
    law_says
        What that exponent means.
    """

    symbol: str
    step: str
    law: float | None = None
    law_says: str = "the paper"


def curve(axes: Any, runs: Sequence[Run], name: str, colour: Any, style: str = "-", factor: float = 1.0, **more: Any) -> None:
    """Draw the median over repetitions of what is tracked, with the range as a band.

    Parameters
    ----------
    axes
        The panel.
    runs
        Repetitions, with the same checkpoints.
    name
        What is tracked.
    colour, style, factor, **more
        Of the line, what steps are multiplied with, and arguments of ``axes.plot``. Diverged runs are left out where they
        have diverged.
    """
    values = np.array([column(run, name) for run in runs])
    kept = np.isfinite(values).any(axis=0)
    steps, values = factor * column(runs[0], "step")[kept], values[:, kept]
    axes.fill_between(steps, np.nanmin(values, axis=0), np.nanmax(values, axis=0), color=colour, alpha=0.13, lw=0)
    axes.plot(steps, np.nanmedian(values, axis=0), style, color=colour, **more)


def level(axes: Any, value: float, words: str, style: Any = ":", colour: Any = FLOOR) -> None:
    """Draw a floor or another known value across a panel."""
    axes.axhline(value, color=colour, ls=style, lw=0.8, label=words or None, zorder=1)


def middle(runs: Sequence[Run], *names: str) -> float:
    """Return the median over repetitions of a number that does not change along runs, by its names in the result."""

    def of(run: Any) -> float:
        for name in names:
            run = run[name]
        return float(run)

    return float(np.median([of(run) for run in runs]))


def shades(count: int) -> list[Any]:
    """Return colours from light to dark, in the order of what is swept."""
    from matplotlib import colormaps

    return [colormaps["magma_r"](share) for share in np.linspace(0.25, 0.85, count)]


def mark_times(axes: Any, known: Sequence[float | None], colour: Any, factor: float, height: float) -> None:
    """Mark the median of memorization times, and their range, near the bottom of a panel."""
    found = [factor * value for value in known if value is not None]
    if found:
        # The height is in shares of the panel.
        across = axes.get_xaxis_transform()
        axes.plot([min(found), max(found)], [height, height], color=colour, lw=0.9, transform=across)
        axes.plot([np.median(found)], [height], "v", color=colour, ms=4.5, transform=across)


def draw_sweep(pyplot: Any, sweep: Sweep, words: Words, scale: str) -> Any:
    """Draw the panels of a sweep, for each data its own six."""
    figure = pyplot.figure(figsize=(7.6, 4.5 * len(sweep.data) + 0.3))
    parts = figure.subfigures(len(sweep.data), 1, squeeze=False)[:, 0]
    for part, data in zip(parts, sweep.data, strict=True):
        _block(part, sweep, words, data)
        if len(sweep.data) > 1:
            part.suptitle(DATA[data], fontsize=8.5)
    figure.supxlabel(caption(sweep, scale), fontsize=6.8, color="0.35")
    return figure


def _block(part: Any, sweep: Sweep, words: Words, data: str) -> None:
    panels = part.subplots(2, 3)
    (loss, copies, onset), (sliced, frechet, fidelity) = panels
    groups, read, colours = sweep.of(data), summary(sweep, data), shades(len(sweep.units))
    for at, (unit, runs, colour) in enumerate(zip(sweep.units, groups, colours, strict=True)):
        factor = sweep.factor(unit)
        for axes, name in ((loss, ""), (sliced, "sliced_"), (frechet, "frechet_")):
            curve(axes, runs, f"{name}train", colour, "-", factor)
            curve(axes, runs, f"{name}test", colour, "--", factor)
        curve(copies, runs, "copies", colour, "-", factor, label=f"{words.symbol} = {sweep.values[at]:g}")
        mark_times(loss, read[at]["time"], colour, factor, 0.03 + 0.04 * at)
        if sweep.name == "points":
            # The floor depends on N, and on nothing else that is swept.
            level(sliced, middle(runs, "floor", "sliced"), "", ":", colour)
            level(frechet, middle(runs, "floor", "frechet"), "", ":", colour)
    if sweep.name != "points":
        level(sliced, middle(groups[0], "floor", "sliced"), "")
        level(frechet, middle(groups[0], "floor", "frechet"), "")
    _dress((loss, copies, sliced, frechet), words)
    _against(onset, sweep, words, [entry["time"] for entry in read], colours, data)
    floors = [middle(runs, "floor", "sliced") for runs in groups]
    fidelity.plot(sweep.values, floors, ":", color=FLOOR, lw=1, label="of train and test images")
    _against(fidelity, sweep, words, [entry["fidelity"] for entry in read], colours, None)
    fidelity.legend(fontsize=6.5, loc="lower left")


def _dress(panels: Sequence[Any], words: Words) -> None:
    titles = (LOSS, COPIES, SLICED, FRECHET)
    for axes, title, letter in zip(panels, titles, "abde", strict=True):
        axes.set_xscale("log")
        axes.set_ylim(0, None)
        axes.set_title(f"{letter}   {title}")
        axes.set_xlabel(words.step)
    loss, copies, sliced, _ = panels
    copies.set_ylim(-0.02, 1.02)
    copies.legend(fontsize=6.5, loc="upper left")
    loss.plot([], [], "k-", lw=0.9, label="train")
    loss.plot([], [], "k--", lw=0.9, label="test")
    loss.plot([], [], "kv", ms=4, label=r"$\tau_{mem}$, range")
    # Room for the legend above the curves.
    loss.set_ylim(0, 1.3 * loss.get_ylim()[1])
    loss.legend(fontsize=6.5, loc="upper right", ncols=3, columnspacing=1)
    sliced.plot([], [], ":", color=FLOOR, lw=0.9, label="of train and test images")
    sliced.legend(fontsize=6.5, loc="upper right")


def _against(axes: Any, sweep: Sweep, words: Words, found: Any, colours: Sequence[Any], data: str | None) -> None:
    """Draw memorization times of some data, or peak fidelities, against what is swept."""
    medians: list[tuple[float, float]] = []
    for value, numbers, colour in zip(sweep.values, found, colours, strict=True):
        known = [number for number in numbers if number is not None]
        axes.plot([value] * len(known), known, "o", color=colour, ms=2.6, alpha=0.7)
        if known:
            medians.append((value, float(np.median(known))))
        if len(known) < len(numbers):
            words_lost = f"{len(numbers) - len(known)} of {len(numbers)}\nnot begun"
            axes.annotate(words_lost, (value, 0.97), xycoords=("data", "axes fraction"), ha="center", va="top", fontsize=5.5)
    axes.plot(*zip(*medians, strict=True), "-", color="0.25", lw=0.9)
    axes.set_xscale("log")
    axes.set_xticks(sweep.values, [f"{value:g}" if value < 1e3 else f"{value / 1e3:.0f}k" for value in sweep.values])
    axes.set_xticks([], minor=True)
    axes.set_xlabel(words.symbol)
    if data is None:
        axes.set_ylim(0, 1.08 * axes.get_ylim()[1])
        axes.set_title("f   peak fidelity (sliced W. to test)")
        return
    axes.set_yscale("log")
    axes.lines[-1].set_label(_exponent(sweep, data))
    if words.law is not None and medians:
        start = medians[0]
        line = [start[1] * (value / start[0]) ** words.law for value in sweep.values]
        axes.plot(sweep.values, line, ":", color=FLOOR, lw=1, label=f"{words.law_says}: {words.law:g}")
    axes.legend(fontsize=6.5, loc="best")
    axes.set_title(r"c   $\tau_{mem}$ in steps")


def _exponent(sweep: Sweep, data: str) -> str:
    """Return the exponent of the memorization time in words."""
    fit = fitted([exponent(runs, sweep.values) for runs in sweep.repetitions(data)])
    if fit["low"] is None:
        return "no exponent"
    return f"exponent {fit['mean']:.2f} [{fit['low']:.2f}, {fit['high']:.2f}]"


def compute_sweep(name: str, words: Words, statements: Callable[[], Sequence[Trend]], scale: str, work: Work) -> Drawing:
    """Compute the figure of a sweep.

    Parameters
    ----------
    name
        What it changes.
    words
        What the figure calls things.
    statements
        Returns the statements of its caption, which are judged on its runs.
    scale, work
        As for every figure.

    Returns
    -------
    Drawing
        The figure.
    """
    sweep = gather(name, scale, work)
    checks: tuple[Check, ...] = tuple(judged(statement, sweep.repetitions()) for statement in statements())
    return Drawing(
        columns=COLUMNS,
        rows=rows(sweep),
        settings=settings(sweep, scale),
        checks=(*checks, *instruments(sweep)),
        draw=lambda pyplot: draw_sweep(pyplot, sweep, words, scale),
    )
