r"""Figure ``wu2025.figure-2``: excess risk against the learning rate in dimensions 1 and 10, two noise scales.

Beyond the published figure: the same training with 1,000 points a batch, which has the same learning rate and less noise, and
the share of dead neurons in the table. The band is a 95% interval of the mean by Student's law; a run that diverges has no
excess risk, is counted, and is written beside its point.

What is measured is the network after the last step, and the noise of the gradient throws it out now and then: at d = 10,
:math:`\sigma=0.31`, :math:`\eta=0.1` one simulation has an excess risk of 42 at its last step, and of 2 a hundred steps before
and after. Such a run moves a mean of thirty by more than one.

How the settings are read, and the evidence for it, is in :mod:`theory.wu2025.experiments`: the mean over batch and coordinates
of 50 draws with replacement, one step an epoch.

The file is long because a figure keeps what it runs, checks and draws in one place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from figures.registry import Check, Drawing
from figures.work import Work
from theory.wu2025.experiments import (
    BATCH,
    CHOSEN,
    EPOCHS,
    EVIDENCE,
    NOISES,
    READ_OFF,
    READINGS,
    SAMPLE,
    SEED,
    SIMULATIONS,
    TIMES,
    TRIED,
    WIDTH,
    noise_scales,
    simulate,
)

ETAS = (0.5, 0.1, 0.05, 0.01)
LARGE = 1000
SIZES: dict[str, dict[str, Any]] = {
    "quick": {"share": 0.12, "runs": {1: 6, 10: 3}, "large": 3, "noises": 250},
    "paper": {"share": 1.0, "runs": {1: SIMULATIONS, 10: SIMULATIONS}, "large": 10, "noises": NOISES},
}
"""Share of the published numbers of steps, simulations in each dimension and with the large batch, noises a point at d = 10."""
FLAT, FACTOR = 0.05, 2.0
"""A network is flat if its mean square is below this share of the optimal one; how far means may be from those read off."""
COLUMNS = ("dimension", "mu", "sigma", "eta", "batch", "steps", "simulation", "excess", "size", "dead")
COLOURS = {"0.31": "#0072B2", "0.57": "#D55E00"}


@dataclass(frozen=True, kw_only=True)
class Point:
    """The simulations of one learning rate: excess risks, sizes and dead shares of those that did not diverge, and all runs."""

    excess: tuple[float, ...]
    size: tuple[float, ...]
    dead: tuple[float, ...]
    runs: tuple[float | None, ...]

    @property
    def diverged(self) -> int:
        """Return how many runs diverged."""
        return self.runs.count(None)

    @property
    def mean(self) -> float:
        """Return the mean excess risk, NaN if every run diverged."""
        return float(np.mean(self.excess)) if self.excess else math.nan

    @property
    def half(self) -> float:
        """Return half the width of the 95% interval of the mean."""
        from scipy.special import stdtrit

        count = len(self.excess)
        return float(stdtrit(count - 1, 0.975) * np.std(self.excess, ddof=1) / count**0.5) if count > 1 else math.nan


Points = dict[tuple[int, str, float, int], Point]


def units(sizes: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the simulations of all curves, the longest first, so that processes end together."""
    curves = [(d, sigma, BATCH, range(sizes["runs"][d])) for d in (1, 10) for sigma in ("0.31", "0.57")]
    curves.append((1, "0.31", LARGE, range(sizes["large"])))
    found = [
        {
            "reading": CHOSEN,
            "dimension": d,
            "sigma": sigma,
            "eta": eta,
            "steps": round(EPOCHS[eta] * sizes["share"]),
            "simulation": k,
            "batch": batch,
            "noises": sizes["noises"],
        }
        for d, sigma, batch, simulations in curves
        for eta in ETAS
        for k in simulations
    ]
    return sorted(found, key=cost, reverse=True)


def cost(unit: dict[str, Any]) -> float:
    """Return what a simulation costs beside the others: its steps, by dimension and batch."""
    return float(unit["steps"] * unit["dimension"] * (1 if unit["batch"] > BATCH else 1 / 6))


def gather(sizes: dict[str, Any], work: Work) -> tuple[Points, list[tuple[Any, ...]]]:
    """Run the simulations and return the points of all curves with the table."""
    asked = units(sizes)
    results = work.gather("simulations", simulate, asked, cost)
    groups: dict[tuple[int, str, float, int], list[dict[str, Any]]] = {}
    rows = []
    for unit, r in zip(asked, results, strict=True):
        d, sigma, eta, batch = unit["dimension"], unit["sigma"], unit["eta"], unit["batch"]
        groups.setdefault((d, sigma, eta, batch), []).append(r)
        rows.append((d, *noise_scales(sigma), eta, batch, unit["steps"], unit["simulation"], r["excess"], r["size"], r["dead"]))
    points = {}
    for key, part in groups.items():
        kept = [r for r in part if r["excess"] is not None]
        values = {name: tuple(r[name] for r in kept) for name in ("excess", "size", "dead")}
        points[key] = Point(**values, runs=tuple(r["excess"] for r in part))
    return points, sorted(rows, key=lambda row: (row[0], row[2], row[4], -row[3], row[6]))


def compute(scale: str, work: Work) -> Drawing:
    """Compute the numbers of the figure at a scale."""
    sizes = SIZES[scale]
    points, rows = gather(sizes, work)
    settings = {
        "sample": f"{SAMPLE} draws of a standard Gaussian in each simulation, the same for every learning rate",
        "t": TIMES,
        "width": WIDTH,
        "batch": [BATCH, LARGE],
        "steps": {str(eta): round(EPOCHS[eta] * sizes["share"]) for eta in ETAS},
        "simulations": {"d = 1": sizes["runs"][1], "d = 10": sizes["runs"][10], "large batch": sizes["large"]},
        "excess": f"closed form at d = 1; {sizes['noises']} noises a point at d = 10, a sum over coordinates",
        "precision": "double at d = 1, single at d = 10",
        "band": "95% interval of the mean, Student",
        "reading": READINGS[CHOSEN].says,
        "readings' cells": [
            f"mean, diverged, runs at d = {d}, sigma = {sigma}, eta = {eta}, published steps" for d, sigma, eta in TRIED
        ],
        "readings": {
            name: {"says": READINGS[name].says, "cells": [list(cell) for cell in cells]} for name, cells in EVIDENCE.items()
        },
        "read off": {f"d = {d}, sigma = {s}": {str(eta): v for eta, v in row.items()} for (d, s), row in READ_OFF.items()},
        "diverged": sum(point.diverged for point in points.values()),
        "seed": SEED,
        "reduced": scale == "quick",
    }
    return Drawing(
        columns=COLUMNS,
        rows=rows,
        settings=settings,
        checks=_checks(points, scale == "paper"),
        draw=lambda pyplot: draw(pyplot, points, sizes if scale == "quick" else None),
    )


def _finite(values: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if math.isfinite(value)}


def _median(values: tuple[float, ...]) -> float:
    return float(np.median(values)) if values else math.nan


def _closer(points: Points) -> dict[str, float]:
    """Return the share of simulations in which a learning rate has less excess risk than the next larger one."""
    found = {}
    for high, low in pairwise(ETAS):
        pairs = [
            (a, b)
            for d in (1, 10)
            for sigma in ("0.31", "0.57")
            for a, b in zip(points[d, sigma, high, BATCH].runs, points[d, sigma, low, BATCH].runs, strict=True)
            if a is not None and b is not None
        ]
        found[f"{low:g} before {high:g}"] = sum(b < a for a, b in pairs) / max(len(pairs), 1)
    return found


def _checks(points: Points, published: bool) -> tuple[Check, ...]:
    lost, runs = sum(p.diverged for p in points.values()), sum(len(p.runs) for p in points.values())
    counted = Check(
        says="few runs diverge, and none is left out unseen",
        passed=lost <= 0.1 * runs,
        figures={"diverged": float(lost), "runs": float(runs)},
    )
    return (*_captions(points), *_beyond(points), counted, *([_agreement(points)] if published else []))


def _captions(points: Points) -> list[Check]:
    """Check what the paper says of the figure."""
    mean = {key: point.mean for key, point in points.items()}
    growth = {
        f"d {d}, sigma {s}, {low:g} to 0.5": mean[d, s, 0.5, BATCH] - mean[d, s, low, BATCH]
        for d, s in READ_OFF
        for low in (0.1, 0.01)
    }
    ratios = {f"d {d}, ratio": mean[d, "0.31", 0.5, BATCH] / mean[d, "0.57", 0.5, BATCH] for d in (1, 10)}
    closer, flat = _closer(points), _median(points[1, "0.31", 0.5, BATCH].size)
    return [
        Check(
            says="the excess risk grows with the learning rate: its mean at 0.5 exceeds those at 0.1 and 0.01, on every curve",
            passed=all(value > 0 for value in growth.values()),
            figures=_finite(growth),
        ),
        Check(
            says="each learning rate comes closer than the next larger one in at least half of the simulations",
            passed=min(closer.values()) >= 0.5,
            figures=closer,
        ),
        Check(
            says="the smaller noise scale has the larger excess risk at eta 0.5",
            passed=all(ratio > 1 for ratio in ratios.values()),
            figures=_finite(ratios),
        ),
        Check(
            says="at d = 1, sigma 0.31, eta 0.5 the network of a typical run is flat: median mean square over the optimal one",
            passed=flat < FLAT,
            figures=_finite({"median": flat}),
        ),
    ]


def _beyond(points: Points) -> list[Check]:
    """Check what the noise of the gradient does at d = 1."""
    large, usual = points[1, "0.31", 0.5, LARGE], points[1, "0.31", 0.5, BATCH]
    # The same samples and starts on both sides.
    pairs = [(a, b) for a, b in zip(large.runs, usual.runs, strict=False) if a is not None and b is not None]
    calm, noisy = (float(np.mean(side)) if pairs else math.nan for side in (zip(*pairs, strict=True) if pairs else ((), ())))
    dead = {f"sigma {s}, eta {eta}": _median(points[1, s, eta, BATCH].dead) for s in ("0.31", "0.57") for eta in (0.5, 0.1)}
    fewer = _median(large.dead)
    return [
        Check(
            says="at d = 1, sigma 0.31, eta 0.5 a batch of 1,000 loses less than one of 50 on the same samples",
            passed=calm < 0.75 * noisy,
            figures=_finite({"batch 1000": calm, "batch 50": noisy}),
        ),
        Check(
            says="at d = 1 eta 0.5 kills more neurons than eta 0.1, at sigma 0.31 most; the large batch few: median shares",
            passed=all(dead[f"sigma {s}, eta 0.5"] > dead[f"sigma {s}, eta 0.1"] for s in ("0.31", "0.57"))
            and dead["sigma 0.31, eta 0.5"] > 0.5 > fewer,
            figures=_finite({**dead, "batch 1000": fewer}),
        ),
    ]


def _agreement(points: Points) -> Check:
    # Values near 0 cannot be read off.
    ratios = {
        f"d {d}, sigma {s}, eta {eta}": points[d, s, eta, BATCH].mean / value
        for (d, s), row in READ_OFF.items()
        for eta, value in row.items()
        if value > 0.1
    }
    return Check(
        says=f"the means agree with the values read off the published figure up to a factor {FACTOR:g}",
        passed=all(1 / FACTOR < ratio < FACTOR for ratio in ratios.values()),
        figures=_finite(ratios),
    )


def draw(pyplot: Any, points: Points, reduced: dict[str, Any] | None) -> Any:
    """Draw both panels."""
    figure, panels = pyplot.subplots(1, 2, figsize=(7.6, 3.5))
    for axes, d, letter in zip(panels, (1, 10), "ab", strict=True):
        for sigma in ("0.31", "0.57"):
            mu, exact = noise_scales(sigma)
            _curve(axes, points, (d, sigma, BATCH), "o-", rf"$\mu={mu:.3f}$, $\sigma={exact:.3f}$")
            read = READ_OFF[d, sigma]
            axes.plot(list(read), list(read.values()), "x", color=COLOURS[sigma], ms=5, mew=0.9)
        if d == 1:
            _curve(axes, points, (1, "0.31", LARGE), "s:", rf"the same $\sigma$, {LARGE} points a batch")
        axes.plot([], [], "x", color="0.4", ms=5, label="read off the published figure")
        axes.set_xscale("log")
        axes.set_xticks(list(ETAS), [f"{eta:g}" for eta in ETAS])
        axes.set_xticks([], minor=True)
        axes.set_ylim(0, None)
        axes.set(xlabel=r"learning rate $\eta$", ylabel=r"excess risk $R_n(\theta)-R_n(s^\star)$")
        axes.legend(loc="upper left", fontsize=6.8)
        axes.set_title(f"{letter}   dimension {d}")
    if reduced is not None:
        runs, share = reduced["runs"], reduced["share"]
        figure.supxlabel(
            f"reduced scale: {share:.0%} of the published steps, {runs[1]} (left) and {runs[10]} (right) simulations, not 30",
            fontsize=7.5,
            color="0.35",
        )
    return figure


def _curve(axes: Any, points: Points, curve: tuple[int, str, int], style: str, label: str) -> None:
    d, sigma, batch = curve
    part = [points[d, sigma, eta, batch] for eta in ETAS]
    mean, half = np.array([p.mean for p in part]), np.array([p.half for p in part])
    colour = COLOURS[sigma]
    if batch == BATCH:
        axes.fill_between(ETAS, mean - half, mean + half, color=colour, alpha=0.18, lw=0)
    else:
        axes.errorbar(ETAS, mean, half, fmt="none", ecolor="0.6", elinewidth=0.6)
    axes.plot(ETAS, mean, style, color=colour, mfc=colour if batch == BATCH else "w", label=label)
    for eta, p in zip(ETAS, part, strict=True):
        if p.diverged:
            words, height = f"{p.diverged} of {len(p.runs)} diverged", 0.0 if math.isnan(p.mean) else p.mean
            axes.annotate(words, (eta, height), (-6, 5), textcoords="offset points", ha="right", fontsize=6.5, color=colour)
