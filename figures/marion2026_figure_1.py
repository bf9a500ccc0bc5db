r"""Figure ``marion2026.figure-1``: losses, copies and distances along a representative run, on small images.

The published figure has on its left what its authors sketched before the experiment. In its place stands what needs no training
and no guess: the same metrics of the fitted Gaussian, which is about what a network learns first, of the closed-form velocity,
to which the train loss leads, and of other real images. On the right is the run, with these values as lines. Below it stands
the memorization time by every definition.

What is claimed of the figure is judged on the sweep over the number of points, which contains the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from figures.marion2026_checks import claims, instruments, judged
from figures.marion2026_curves import (
    COLUMNS,
    SHORT,
    TENTHS,
    Sweep,
    caption,
    gather,
    rows,
    settings,
)
from figures.marion2026_panels import COPIES, FRECHET, LOSS, SLICED, TEST, TRAIN, curve, level, middle
from figures.registry import Drawing
from figures.work import Work
from theory.marion2026.claiming import DEFAULT_RUN
from theory.marion2026.experiments import DEFAULT, FALSE_POSITIVES
from theory.marion2026.onset import DEFINITIONS, PRIMARY
from theory.marion2026.readings import Run, column, time_of

CLAIMS = ("claim-1", "claim-2", "claim-9", "claim-10", "claim-11", "claim-13", "claim-q1")
"""Those of its caption and of Section 3.2, in :mod:`theory.marion2026.statements`; those that are proved are not asked here."""
KNOWN = {"fitted": "fitted\nGauss", "exact": "closed\nform", "fresh": "real\nimages"}
ENDS = ("train", "test")


def compute(scale: str, work: Work) -> Drawing:
    """Compute the numbers of the figure at a scale."""
    sweep = gather("points", scale, work)
    run = Sweep(name="points", units=[sweep.units[DEFAULT_RUN]], results=[sweep.results[DEFAULT_RUN]])
    checks = tuple(judged(statement, sweep.repetitions()) for statement in claims(CLAIMS)())
    left = "metrics of the fitted Gaussian, the closed-form velocity and other real images, in place of the authors' sketch"
    return Drawing(
        columns=(*COLUMNS, *TENTHS),
        rows=rows(run, tenths=True),
        settings=settings(run, scale) | {"left": left, "checks are on": "the sweep over points, which contains the run"},
        checks=(*checks, *instruments(run)),
        draw=lambda pyplot: draw(pyplot, run, scale),
    )


def draw(pyplot: Any, run: Sweep, scale: str) -> Any:
    """Draw both groups of panels, for each data."""
    figure = pyplot.figure(figsize=(7.6, 5.4 * len(run.data) + 0.3))
    parts = figure.subfigures(len(run.data), 1, squeeze=False)[:, 0]
    for part, data in zip(parts, run.data, strict=True):
        runs = run.of(data)[0]
        left, right = part.subfigures(1, 2, width_ratios=(1, 1.7))
        _ends(left, runs)
        _along(right, runs)
        left.suptitle("a   without training", fontsize=8)
        named = {"N": DEFAULT["points"], "P": runs[0]["parameters"], "B": DEFAULT["batch"], r"$\eta$": DEFAULT["rate"]}
        setting = ", ".join(f"{symbol} = {value}" for symbol, value in named.items())
        right.suptitle(f"b   a run on {SHORT[data]}: {setting}", fontsize=8)
    figure.supxlabel(caption(run, scale), fontsize=6.8, color="0.35")
    return figure


def _ends(part: Any, runs: Sequence[Run]) -> None:
    """Draw the metrics of what is known without training."""
    for axes, (title, keys) in zip(part.subplots(2, 2).flat, _panels().items(), strict=True):
        for key, colour, shift, label in keys:
            for at, name in enumerate(KNOWN):
                values = [value for run in runs if (value := _value(run, name, key)) is not None]
                if values:
                    place = at + shift
                    axes.plot([place, place], [min(values), max(values)], color=colour, lw=0.9)
                    axes.plot([place], [np.median(values)], "o", color=colour, ms=4, label=label if name == "fitted" else None)
        axes.set_xticks(range(len(KNOWN)), list(KNOWN.values()), fontsize=5.6)
        axes.set_xlim(-0.5, len(KNOWN) - 0.5)
        axes.set_ylim(-0.03 if title == COPIES else 0, 1.03 * axes.get_ylim()[1])
        axes.set_title(title.replace(" (", "\n(").replace("ein d", "ein\nd"), fontsize=7)
        if title in (LOSS, COPIES):
            axes.legend(fontsize=6, loc="upper right" if title == LOSS else "center right")


def _panels() -> dict[str, Sequence[tuple[str, str, float, str]]]:
    ends = (("train", TRAIN, -0.12), ("test", TEST, 0.12))
    by_end = {
        name: [(f"{name}{end}", colour, shift, end) for end, colour, shift in ends] for name in ("", "sliced_", "frechet_")
    }
    copied = [("copies", "k", -0.12, "ratio"), ("cosine", "#009E73", 0.12, "cosine")]
    return {LOSS: by_end[""], COPIES: copied, SLICED: by_end["sliced_"], FRECHET: by_end["frechet_"]}


def _value(run: Run, name: str, key: str) -> float | None:
    """Return a metric of what is known, or its loss where one is computed."""
    if key in ENDS:
        losses = {("fitted", "train"): "gaussian", ("fitted", "test"): "gaussian_test", ("exact", "train"): "least"}
        return float(run[losses[name, key]]) if (name, key) in losses else None
    return float(run[name][key])


def _along(part: Any, runs: Sequence[Run]) -> None:
    """Draw the run, and its memorization times."""
    mosaic = part.subplot_mosaic([["loss", "copies"], ["sliced", "frechet"], ["times", "times"]], height_ratios=(1, 1, 0.62))
    loss, copies, sliced, frechet = (mosaic[name] for name in ("loss", "copies", "sliced", "frechet"))
    for axes, name in ((loss, ""), (sliced, "sliced_"), (frechet, "frechet_")):
        for end, colour, style in zip(ENDS, (TRAIN, TEST), ("-", "--"), strict=True):
            curve(axes, runs, f"{name}{end}", colour, style, label=end)
    for key, words, style, colour, place in (
        ("least", "closed form, train", ":", TRAIN, "bottom"),
        ("gaussian", "Gaussian, train", "-.", TRAIN, "top"),
        ("gaussian_test", "Gaussian of the pool, test", "-.", TEST, "bottom"),
    ):
        level(loss, middle(runs, key), "", style, colour)
        where = {"transform": loss.get_yaxis_transform(), "va": place}
        loss.text(0.02, middle(runs, key), words, fontsize=5.6, color=colour, **where)
    curve(copies, runs, "copies", "k", label="ratio")
    curve(copies, runs, "cosine", "#009E73", "--", label="cosine")
    level(copies, middle(runs, "fresh", "cosine"), f"cosine, real images (set at {FALSE_POSITIVES:.0%})", ":", "#009E73")
    for axes, name in ((sliced, "sliced"), (frechet, "frechet")):
        level(axes, middle(runs, "floor", name), "of train and test images", ":")
        level(axes, middle(runs, "exact", f"{name}_train"), "closed form, to train", "-.", TRAIN)
        level(axes, middle(runs, "fresh", f"{name}_test"), "real images, to test", "-.", TEST)
    start = [value for run in runs if (value := time_of(run)) is not None]
    for axes, title in ((loss, LOSS), (copies, COPIES), (sliced, SLICED), (frechet, FRECHET)):
        _dress(axes, runs, title)
        if start:
            axes.axvspan(min(start), max(start), color="0.85", lw=0, zorder=0)
            axes.axvline(float(np.median(start)), color="0.4", lw=0.9, zorder=0)
    copies.set_ylim(-0.02, 1.02)
    # That of the other distance stands for both.
    frechet.get_legend().remove()
    _times(mosaic["times"], runs)


def _dress(axes: Any, runs: Sequence[Run], title: str) -> None:
    axes.set_xscale("log")
    axes.set_xlim(*column(runs[0], "step")[[0, -1]])
    axes.set_ylim(0, None)
    axes.set_title(title)
    axes.set_xlabel("step")
    axes.legend(fontsize=5.8, loc={COPIES: "upper left", LOSS: "upper center"}.get(title, "upper right"))


def _times(axes: Any, runs: Sequence[Run]) -> None:
    """Draw the memorization time of every repetition by every definition."""
    for at, name in enumerate(reversed(list(DEFINITIONS))):
        found = [value for run in runs if (value := time_of(run, name)) is not None]
        colour = "k" if name == PRIMARY else "0.5"
        axes.plot(found, [at] * len(found), "o", color=colour, ms=2.6, alpha=0.7)
        if found:
            axes.plot([np.median(found)], [at], "|", color=colour, ms=9, mew=1.4)
        if len(found) < len(runs):
            lost = f"{len(runs) - len(found)} not begun"
            axes.annotate(lost, (1, at), xycoords=("axes fraction", "data"), ha="right", fontsize=6)
    axes.set_yticks(range(len(DEFINITIONS)), list(reversed(list(DEFINITIONS))), fontsize=6.5)
    axes.set_ylim(-0.6, len(DEFINITIONS) - 0.4)
    axes.set_xscale("log")
    axes.set_xlim(*column(runs[0], "step")[[0, -1]])
    axes.set_xlabel("step")
    axes.set_title(r"$\tau_{mem}$ by definition, and medians (black: grey above)")
