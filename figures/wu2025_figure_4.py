r"""Figure ``wu2025.figure-4``: what a diffusion model generates from ten points, against the dimension.

The published measure is the squared discrepancy with a kernel of bandwidth 1, divided by that between the optimal score's
samples and the fitted Gaussian. From d = 50 on every kernel value but those between copies of one point is 0 beside these, so
that the ratios are 1 and 0 for any law that is not made of close copies: for :math:`N(0,I)`, which has seen no data, and at d
= 400 even for the training points with twice the noise. The figure draws both, and what the ratio is made of. Measures that
can tell are added: the share of copies, and the discrepancy at the median distance of the fitted Gaussian, over that between
the same two laws.

The file is long because a figure keeps what it runs, checks and draws in one place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from figures.diffusion_work import Chain, known, measured, trained
from figures.registry import Check, Drawing
from figures.work import Work
from theory.wu2025.diffusion import (
    BANDWIDTH,
    BATCH,
    DELTA,
    DEVIATION,
    DIMENSIONS,
    GENERATED,
    POINTS,
    PRINTED,
    RATE,
    RATE_EPOCHS,
    READ_OFF_4,
    READINGS,
    SEED,
    SETS,
    SIMULATIONS,
    STEPS,
    training_points,
)
from theory.wu2025.experiments import WIDTH
from theory.wu2025.generated import KNOWN, MEASURES, crossings, interval, normalised, separation

SHOWN = (10, 400)
BLIND = 50
"""From this dimension on the published ratios are 1 and 0."""
SIZES: dict[str, dict[str, Any]] = {
    "quick": {
        "share": 0.03,
        "batch": 100,
        "width": WIDTH,
        "simulations": {2: 2, 5: 2, 10: 2, 50: 2, 100: 2, 400: 1},
        "sets": 2,
        "count": 300,
        "part": 3e10,
    },
    "paper": {
        "share": 1.0,
        "batch": BATCH,
        "width": WIDTH,
        "simulations": dict.fromkeys(DIMENSIONS, SIMULATIONS),
        "sets": SETS,
        "count": GENERATED,
        "part": 6e12,
    },
}
"""Share of the published number of steps, batch, width, simulations by dimension, sets, their size, cost of a part."""
COLUMNS = (
    "dimension",
    "simulation",
    "law",
    "set",
    *MEASURES,
    "thrown",
    "between",
    "wide_between",
    "bandwidth",
    "level_optimal",
)
COLOURS = {
    "optimal": "#009E73",
    "gaussian": "#CC79A7",
    "network": "#E69F00",
    "blurred": "#0072B2",
    "start": "0.45",
    "half": "#56B4E9",
}
NAMES = {
    "network": r"network $s_\theta$",
    "optimal": r"$s^\star$ afresh",
    "gaussian": "fitted Gaussian afresh",
    "half": "half of each",
    "blurred": "training points, twice the noise",
    "start": r"$N(0,I)$, no data seen",
}
Key = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Results:
    """The sets of samples by dimension and simulation: of the networks, None if they diverged, and of the known laws."""

    networks: dict[Key, list[dict[str, Any]] | None]
    known: dict[Key, list[dict[str, Any]]]

    @property
    def dimensions(self) -> list[int]:
        """Return the dimensions of which a run did not diverge, increasing."""
        return sorted({d for (d, _), sets in self.networks.items() if sets is not None})

    def values(self, dimension: int, law: str, measure: str, unit: str = "") -> list[float]:
        """Return a measure of a law in every simulation and set, in units of one between the references if one is named."""
        groups = self.networks if law == "network" else self.known
        laws = [result["laws"] for (d, _), sets in groups.items() if d == dimension for result in sets or []]
        return [normalised(each[law][measure], each["between"][unit]) if unit else each[law][measure] for each in laws]

    def mean(self, dimension: int, law: str, measure: str, unit: str = "") -> float:
        """Return the mean of :meth:`values`, NaN without any."""
        found = self.values(dimension, law, measure, unit)
        return float(np.mean(found)) if found else math.nan


def chains(sizes: dict[str, Any]) -> list[Chain]:
    """Return the trainings."""
    shape = {"reading": PRINTED, "eta": RATE, "batch": sizes["batch"], "width": sizes["width"]}
    return [
        Chain(**shape, dimension=d, simulation=simulation, steps=round(RATE_EPOCHS * sizes["share"]))
        for d, simulations in sizes["simulations"].items()
        for simulation in range(simulations)
    ]


def gather(sizes: dict[str, Any], work: Work) -> Results:
    """Train, generate and measure."""
    asked = chains(sizes)
    keys = [(chain.dimension, chain.simulation) for chain in asked]
    found = measured(asked, trained(asked, work, sizes["part"]), sizes["sets"], sizes["count"], work)
    laws = known(asked, sizes["sets"], sizes["count"], work)
    return Results(networks=dict(zip(keys, found, strict=True)), known=dict(zip(keys, laws, strict=True)))


def table(results: Results) -> list[tuple[Any, ...]]:
    """Return a row for each set of each law; a run that diverged has one row without values."""
    rows: list[tuple[Any, ...]] = []
    for key, sets in results.networks.items():
        rows += [_row(key, "network", at, result) for at, result in enumerate(sets or [])]
        if sets is None:
            rows.append((*key, "diverged", *[None] * (len(COLUMNS) - 3)))
        rows += [_row(key, law, at, result) for law in KNOWN for at, result in enumerate(results.known[key])]
    return rows


def _row(key: Key, law: str, at: int, result: dict[str, Any]) -> tuple[Any, ...]:
    laws, between = result["laws"], result["laws"]["between"]
    values = [laws[law][name] for name in (*MEASURES, "thrown")]
    return *key, law, at, *values, between["narrow"], between["wide"], between["bandwidth"], between.get("level_optimal")


def compute(scale: str, work: Work) -> Drawing:
    """Compute the numbers of the figure at a scale."""
    sizes = SIZES[scale]
    results = gather(sizes, work)
    settings = {
        "sample": f"{POINTS} points of N(0, {DEVIATION:g}^2 I)",
        "eta": RATE,
        "width": sizes["width"],
        "batch": f"{sizes['batch']} draws with replacement",
        "steps": round(RATE_EPOCHS * sizes["share"]),
        "simulations": {str(d): simulations for d, simulations in sizes["simulations"].items()},
        "reading": READINGS[PRINTED].says,
        "backward steps": f"{STEPS - 1} from 1 to {DELTA:g}",
        "generated": f"{sizes['sets']} sets of {sizes['count']} points a simulation",
        "discrepancy": f"squared, unbiased, kernel exp(-|x-y|^2/2h^2), h = {BANDWIDTH:g}",
        "wide": "the same with h the median distance of the fitted Gaussian's samples",
        "copies": "nearer to one training point than a third of the distance to any other",
        "interval": "95% of the mean over simulations and sets, Student",
        "precision": "training single, the rest double",
        "read off": {str(d): list(values) for d, values in READ_OFF_4.items()},
        "prediction": {
            f"d = {d}, simulation {s}": sets[0]["prediction"] for (d, s), sets in results.networks.items() if sets is not None
        },
        "diverged": [f"d = {d}, simulation {s}" for (d, s), sets in results.networks.items() if sets is None],
        "seed": SEED,
        "reduced": scale == "quick",
    }
    return Drawing(
        columns=COLUMNS,
        rows=table(results),
        settings=settings,
        checks=_checks(results, scale == "paper"),
        draw=lambda pyplot: draw(pyplot, results, sizes if scale == "quick" else None),
    )


def _checks(results: Results, published: bool) -> tuple[Check, ...]:
    return (*_captions(results, published), *_instruments(results), *([_agreement(results)] if published else []))


def ratios(results: Results, law: str) -> dict[int, tuple[float, float]]:
    """Return the published measures of a law by dimension: the discrepancies from both references over that between them."""
    return {
        d: (results.mean(d, law, "to_optimal", "narrow"), results.mean(d, law, "to_gaussian", "narrow"))
        for d in results.dimensions
    }


def _captions(results: Results, published: bool) -> list[Check]:
    """Check what the paper says of the figure."""
    r, dims = results, results.dimensions
    found = ratios(r, "network")
    high = [d for d in dims if d >= BLIND]
    cross = crossings(dims, *([found[d][k] for d in dims] for k in (0, 1)))
    copies = {f"d = {d}": r.mean(d, "network", "copies") for d in dims}
    wide = {f"d = {d}": r.mean(d, "network", "wide_to_gaussian", "wide") for d in high}
    spread = {f"d = {d}, spread": r.mean(d, "network", "spread") for d in high}
    return [
        Check(
            says=f"the published ratios are 1 and 0 from d = {BLIND} on, to 0.1",
            passed=all(abs(found[d][0] - 1) < 0.1 and abs(found[d][1]) < 0.1 for d in high),
            figures={f"d = {d}, to {name}": found[d][k] for d in high for k, name in enumerate(("optimal", "Gaussian"))},
            decides=published,
        ),
        Check(
            says="the published ratios cross once, the optimal score nearer below and the Gaussian above",
            passed=len(cross) == 1 and found[dims[0]][0] < found[dims[0]][1],
            figures={f"d, crossing {k + 1}": at for k, at in enumerate(cross)},
            decides=published,
        ),
        Check(
            says="samples are less similar to training points in high dimension: the share of copies is smaller than at d = 10",
            passed=all(copies[f"d = {d}"] < copies["d = 10"] for d in high),
            figures=copies,
            decides=published,
        ),
        Check(
            says="in high dimension samples are those of the fitted Gaussian: nearer to it than the optimal score's at a "
            "bandwidth with power (ratio below 1), and as spread",
            passed=all(value < 1 for value in wide.values()) and all(0.5 < value < 2 for value in spread.values()),
            figures={**wide, **spread},
            decides=published,
        ),
        Check(
            says="no run diverges",
            passed=all(sets is not None for sets in r.networks.values()),
            figures={"diverged": float(sum(sets is None for sets in r.networks.values())), "runs": float(len(r.networks))},
            decides=published,
        ),
    ]


def _instruments(results: Results) -> list[Check]:
    """Check what the measures can tell on laws that are known."""
    r, dims = results, results.dimensions
    high = [d for d in dims if d >= BLIND]
    blind = {law: _deviation(ratios(r, law), high) for law in ("start", "blurred")}
    copies = {f"d = {d}, {law}": r.mean(d, law, "copies") for d in dims for law in ("optimal", "blurred", "gaussian")}
    start = {
        f"d = {d}": separation(r.values(d, "start", "wide_to_gaussian"), r.values(d, "gaussian", "wide_to_gaussian"))
        for d in high
    }
    parts = {f"d = {d}": float(np.mean([s["laws"]["between"]["narrow"] for s in _first(r, d)])) for d in dims}
    return [
        Check(
            says=f"from d = {BLIND} on the published ratios are 1 and 0 for N(0, I) too, which has seen no data: no power",
            passed=max(blind["start"].values()) < 0.1,
            figures=blind["start"],
        ),
        Check(
            says=f"from d = {SHOWN[1]} on they are 1 and 0 for training points with twice the noise: copies are not seen",
            passed=max(value for d, value in zip(high, blind["blurred"].values(), strict=True) if d >= SHOWN[1]) < 0.1,
            figures=blind["blurred"],
        ),
        Check(
            says="they are ratios of ever smaller numbers: the discrepancy between the references falls with the dimension",
            passed=parts[f"d = {dims[-1]}"] < 1e-3 * parts["d = 10"],
            figures=parts,
        ),
        Check(
            says="the share of copies has power from d = 10 on: above 0.9 for both kinds of copies, below 0.1 for the Gaussian",
            passed=all(
                min(copies[f"d = {d}, optimal"], copies[f"d = {d}, blurred"]) > 0.9 and copies[f"d = {d}, gaussian"] < 0.1
                for d in dims
                if d >= 10
            ),
            figures=copies,
        ),
        Check(
            says="the wide discrepancy tells N(0, I) from the fitted Gaussian, in standard deviations of one set",
            passed=min(start.values()) > 3,
            figures={name: min(value, 1e300) for name, value in start.items()},
        ),
    ]


def _deviation(pairs: dict[int, tuple[float, float]], dims: list[int]) -> dict[str, float]:
    """Return how far pairs of ratios are from 1 and 0, by dimension."""
    return {f"d = {d}": max(abs(pairs[d][0] - 1), abs(pairs[d][1])) for d in dims}


def _first(results: Results, dimension: int) -> list[dict[str, Any]]:
    return [sets[0] for (d, _), sets in results.known.items() if d == dimension]


def _agreement(results: Results) -> Check:
    found = ratios(results, "network")
    off = {
        f"d = {d}, to {name}": found[d][k] - values[k]
        for d, values in READ_OFF_4.items()
        if d in found
        for k, name in enumerate(("optimal", "Gaussian"))
    }
    return Check(
        says="the ratios agree with the published ones to 0.2",
        passed=all(abs(value) < 0.2 for value in off.values()),
        figures=off,
    )


def draw(pyplot: Any, results: Results, reduced: dict[str, Any] | None) -> Any:
    """Draw the six panels."""
    figure, panels = pyplot.subplots(2, 3, figsize=(9.6, 6.3))
    for axes, d, letter in zip(panels[0], SHOWN, "ab", strict=False):
        _scatter(axes, results, d)
        axes.set_title(f"{letter}   d = {d}, first two coordinates")
    panels[0, 0].legend(loc="upper left", fontsize=6.5, markerscale=1.3)
    _published(panels[0, 2], results)
    _made_of(panels[1, 0], results)
    _curves(panels[1, 1], results, "copies", "", ("network", "optimal", "blurred", "half", "gaussian"))
    panels[1, 1].set(ylabel="share of copies", ylim=(-0.03, 1.75))
    panels[1, 1].set_title("e   copies: nearest point 3 times nearer")
    _curves(panels[1, 2], results, "wide_to_gaussian", "wide", ("network", "start", "optimal", "blurred", "gaussian"))
    panels[1, 2].set(ylabel=r"squared MMD to the Gaussian / ($s^\star$ to it)")
    panels[1, 2].set_yscale("symlog", linthresh=1, linscale=0.6)
    panels[1, 2].set_ylim(-1, 5e3)
    panels[1, 2].set_title("f   at the median distance as bandwidth")
    for axes in (panels[0, 2], *panels[1]):
        axes.set_xscale("log")
        axes.set(xlabel="dimension d")
    for axes in panels[1, 1:]:
        axes.legend(loc="upper left", fontsize=6.3)
    if reduced is not None:
        figure.supxlabel(
            f"reduced scale: {reduced['share']:.0%} of the published steps, {reduced['batch']} points a batch, not 5,000, "
            f"{reduced['sets']} sets of {reduced['count']} generated points, not 5 of 1,000,\n"
            f"{max(reduced['simulations'].values())} simulations, not 3 ({min(reduced['simulations'].values())} at large d), "
            f"{len(reduced['simulations'])} dimensions, not {len(DIMENSIONS)}",
            fontsize=7.5,
            color="0.35",
        )
    return figure


def _scatter(axes: Any, results: Results, d: int) -> None:
    sets = results.networks.get((d, 0))
    if sets is None:
        axes.text(0.5, 0.5, "diverged", transform=axes.transAxes, ha="center")
        return
    for name, label in (("gaussian", "fitted Gaussian"), ("network", r"network $s_\theta$")):
        points = np.array(sets[0]["shown"][name]).T
        axes.plot(*points, "o", color=COLOURS[name], ms=2.2, mew=0, alpha=0.45, label=label)
    axes.plot(*training_points(d, 0)[:, :2].T, "o", color="#0000EE", ms=3.5, label="training points")
    axes.set_ylim(None, axes.get_ylim()[1] + 0.25 * np.ptp(axes.get_ylim()))


def _published(axes: Any, results: Results) -> None:
    dims = results.dimensions
    for k, (measure, colour, label) in enumerate((
        ("to_optimal", "#009E73", r"to samples of $s^\star$"),
        ("to_gaussian", "#CC79A7", "to the fitted Gaussian"),
    )):
        _band(axes, dims, [results.values(d, "network", measure, "narrow") for d in dims], colour, "o-", label)
        axes.plot(list(READ_OFF_4), [values[k] for values in READ_OFF_4.values()], "x", color=colour, ms=5, mew=0.9)
        for law, mark in (("start", "s"), ("blurred", "^")):
            axes.plot(
                dims, [results.mean(d, law, measure, "narrow") for d in dims], mark, color=colour, mfc="none", ms=5, mew=0.7
            )
    axes.plot([], [], "x", color="0.4", ms=5, label="read off the published figure")
    axes.plot([], [], "s", color="0.4", mfc="none", ms=5, label=NAMES["start"])
    axes.plot([], [], "^", color="0.4", mfc="none", ms=5, label=NAMES["blurred"])
    axes.set_ylim(-0.2, 5.4)
    axes.text(BLIND, 1.15, "no power from here", fontsize=6.3, color="0.35")
    axes.set(ylabel=r"squared MMD / ($s^\star$ to the Gaussian)")
    axes.legend(loc="upper left", fontsize=6.3)
    axes.set_title("c   as published, bandwidth 1")


def _made_of(axes: Any, results: Results) -> None:
    dims = results.dimensions
    for law, measure, label in (
        ("between", "narrow", r"$s^\star$ to the Gaussian, the denominator"),
        ("network", "to_optimal", r"network to $s^\star$"),
        ("network", "to_gaussian", "network to the Gaussian"),
    ):
        colour = {"narrow": "0.2", "to_optimal": "#009E73", "to_gaussian": "#CC79A7"}[measure]
        values = np.array([abs(results.mean(d, law, measure)) for d in dims])
        axes.plot(dims, np.maximum(values, 1e-40), "o-" if law == "network" else "s--", color=colour, ms=3, label=label)
    axes.set_yscale("log")
    axes.set_ylim(1e-41, 1e9)
    axes.set(ylabel="squared MMD, bandwidth 1 (size)")
    axes.legend(loc="upper right", fontsize=6.3)
    axes.set_title("d   what the ratios are made of")


def _curves(axes: Any, results: Results, measure: str, unit: str, laws: tuple[str, ...]) -> None:
    for law in laws:
        dims = results.dimensions
        values = [results.values(d, law, measure, unit) for d in dims]
        _band(axes, dims, values, COLOURS[law], "o-" if law == "network" else ".--", NAMES[law])


def _band(axes: Any, dims: list[int], values: list[list[float]], colour: str, style: str, label: str) -> None:
    mean, half = (np.array(column) for column in zip(*map(interval, values), strict=True))
    axes.fill_between(dims, mean - half, mean + half, color=colour, alpha=0.18, lw=0)
    axes.plot(dims, mean, style, color=colour, lw=1.3 if style == "o-" else 0.8, label=label)
