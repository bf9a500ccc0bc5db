r"""Figure ``wu2025.figure-3``: what a diffusion model generates from ten points in the plane, against the learning rate.

Beyond the published figure: several samples of ten points, the published one read off by eye among them; the laws of which one
knows what the discrepancy should say; what chance alone gives; the share of generated points within
:math:`3\sigma(\delta)` of a training point; and the runs that diverge. The discrepancy is squared and unbiased: for the points
read off, that between the optimal score's samples and the fitted Gaussian is 0.032, and the published values 0.0168 and
0.0028 allow at most :math:`(\sqrt{0.0168}+\sqrt{0.0028})^2=0.033` by the triangle inequality; its root, 0.18, is out of scale.

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
    EPOCHS,
    GENERATED,
    POINTS,
    PRINTED,
    READ_OFF_3,
    READINGS,
    SEED,
    SETS,
    STEPS,
    training_points,
)
from theory.wu2025.experiments import WIDTH
from theory.wu2025.generated import KNOWN, MEASURES, NEAR, crossings, interval, normalised, separation

ETAS = tuple(sorted(EPOCHS))
SMALL, PUBLISHED = 0.05, -1
"""The small learning rate that the published figure shows, and the number of the sample that is read off it."""
SIZES: dict[str, dict[str, Any]] = {
    "quick": {
        "share": 0.02,
        "batch": 250,
        "width": 250,
        "samples": (PUBLISHED, 0, 1, 2, 3, 4),
        "sets": 3,
        "known": 5,
        "count": 400,
        "part": 1.2e10,
    },
    "paper": {
        "share": 1.0,
        "batch": BATCH,
        "width": WIDTH,
        "samples": (PUBLISHED, 0),
        "sets": SETS,
        "known": SETS,
        "count": GENERATED,
        "part": 1.5e12,
    },
}
"""Share of the published steps, batch, width, samples, sets of networks and of known laws, their size, cost of a part."""
COLUMNS = ("sample", "eta", "steps", "law", "set", *MEASURES, "thrown", "between", "level_optimal", "level_gaussian")
COLOURS = {"to_optimal": "#009E73", "to_gaussian": "#CC79A7"}
NAMES = {"to_optimal": r"to samples of $s^\star$", "to_gaussian": "to the fitted Gaussian"}
Key = tuple[int, float]


@dataclass(frozen=True, kw_only=True)
class Results:
    """The sets of samples: of networks by sample and learning rate, None if they diverged, and of the known laws by sample."""

    networks: dict[Key, list[dict[str, Any]] | None]
    known: dict[int, list[dict[str, Any]]]
    samples: tuple[int, ...]

    def values(self, key: Key, measure: str) -> list[float]:
        """Return a measure of a network in every set, nothing if it diverged."""
        return [result["laws"]["network"][measure] for result in self.networks[key] or []]

    def law(self, sample: int, name: str, measure: str) -> list[float]:
        """Return a measure of a known law, or one between the references, in every set."""
        return [result["laws"][name][measure] for result in self.known[sample]]

    def mean(self, key: Key, measure: str) -> float:
        """Return the mean over the sets, NaN if the run diverged."""
        values = self.values(key, measure)
        return float(np.mean(values)) if values else math.nan

    def ratio(self, key: Key, measure: str) -> float:
        """Return the mean in units of the discrepancy between the references, NaN if the run diverged."""
        return normalised(self.mean(key, measure), float(np.mean(self.law(key[0], "between", "narrow"))))

    def ratios(self, eta: float, measure: str) -> list[float]:
        """Return the ratios of a learning rate on the samples where it did not diverge."""
        return [self.ratio((s, eta), measure) for s in self.samples if self.networks[s, eta] is not None]

    def kept(self, sample: int) -> list[float]:
        """Return the learning rates that did not diverge, increasing."""
        return [eta for eta in ETAS if self.networks[sample, eta] is not None]


def chains(sizes: dict[str, Any]) -> list[Chain]:
    """Return the trainings."""
    shape = {"reading": PRINTED, "dimension": 2, "batch": sizes["batch"], "width": sizes["width"]}
    return [
        Chain(**shape, simulation=sample, eta=eta, steps=round(EPOCHS[eta] * sizes["share"]))
        for sample in sizes["samples"]
        for eta in ETAS
    ]


def gather(sizes: dict[str, Any], work: Work) -> Results:
    """Train, generate and measure."""
    asked = chains(sizes)
    thetas = trained(asked, work, sizes["part"])
    found = measured(asked, thetas, sizes["sets"], sizes["count"], work)
    cases = [next(chain for chain in asked if chain.simulation == sample) for sample in sizes["samples"]]
    laws = known(cases, sizes["known"], sizes["count"], work)
    return Results(
        networks={(chain.simulation, chain.eta): sets for chain, sets in zip(asked, found, strict=True)},
        known=dict(zip(sizes["samples"], laws, strict=True)),
        samples=tuple(sizes["samples"]),
    )


def table(results: Results, sizes: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return a row for each set of each law; a run that diverged has one row without values."""
    rows: list[tuple[Any, ...]] = []
    for (sample, eta), sets in results.networks.items():
        steps = round(EPOCHS[eta] * sizes["share"])
        rows += [_row(sample, eta, steps, "network", at, result) for at, result in enumerate(sets or [])]
        if sets is None:
            rows.append((sample, eta, steps, "diverged", *[None] * (len(COLUMNS) - 4)))
    for sample, sets in results.known.items():
        rows += [_row(sample, None, None, law, at, result) for law in KNOWN for at, result in enumerate(sets)]
    return rows


def _row(sample: int, eta: float | None, steps: int | None, law: str, at: int, result: dict[str, Any]) -> tuple[Any, ...]:
    laws, between = result["laws"], result["laws"]["between"]
    values = [laws[law][name] for name in (*MEASURES, "thrown")]
    return sample, eta, steps, law, at, *values, between["narrow"], between.get("level_optimal"), between.get("level_gaussian")


def compute(scale: str, work: Work) -> Drawing:
    """Compute the numbers of the figure at a scale."""
    sizes = SIZES[scale]
    results = gather(sizes, work)
    settings = {
        "samples": f"{POINTS} points; {PUBLISHED} is read off the published figure by eye, others are N(0, {DEVIATION:g}^2 I)",
        "width": sizes["width"],
        "batch": f"{sizes['batch']} draws with replacement",
        "steps": {str(eta): round(EPOCHS[eta] * sizes["share"]) for eta in ETAS},
        "epochs": "one step each; those of 2 and 0.05 are printed, the others are of the authors' programme",
        "reading": READINGS[PRINTED].says,
        "backward steps": f"{STEPS - 1} from 1 to {DELTA:g}",
        "generated": f"{sizes['sets']} sets of {sizes['count']} points",
        "discrepancy": f"squared, unbiased, kernel exp(-|x-y|^2/2h^2), h = {BANDWIDTH:g}",
        "near": f"within {NEAR:g} sigma({DELTA:g}) of a training point times mu({DELTA:g})",
        "interval": "95% of the mean over generated sets, Student",
        "precision": "training single, the rest double",
        "read off": {str(eta): list(values) for eta, values in READ_OFF_3.items()},
        "diverged": [f"sample {sample}, eta {eta:g}" for (sample, eta), sets in results.networks.items() if sets is None],
        "seed": SEED,
        "reduced": scale == "quick",
    }
    return Drawing(
        columns=COLUMNS,
        rows=table(results, sizes),
        settings=settings,
        checks=_checks(results, scale == "paper"),
        draw=lambda pyplot: draw(pyplot, results, sizes if scale == "quick" else None),
    )


def _finite(values: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if math.isfinite(value)}


def _checks(results: Results, published: bool) -> tuple[Check, ...]:
    return (*_captions(results, published), *_instruments(results, published), *([_agreement(results)] if published else []))


def _captions(results: Results, published: bool) -> list[Check]:
    """Check what the paper says of the figure."""
    r, top = results, {sample: max(results.kept(sample)) for sample in results.samples}
    mean = {f"eta {eta:g}, {name}": _mean(r.ratios(eta, name)) for eta in ETAS for name in ("to_optimal", "to_gaussian")}
    growth = {
        f"sample {s}, {name}": r.ratio((s, top[s]), name) - r.ratio((s, SMALL), name)
        for s in r.samples
        for name in ("to_optimal", "to_gaussian")
    }
    average = {name: _mean([growth[f"sample {s}, {name}"] for s in r.samples]) for name in ("to_optimal", "to_gaussian")}
    cross, crossed = _crossings(r, None), sum(bool(_crossings(r, s)) for s in r.samples)
    near = {f"sample {s}, eta {eta:g}": r.mean((s, eta), "near") for s in r.samples for eta in (SMALL, top[s])}
    chance = {f"sample {s}": r.mean((s, top[s]), "to_gaussian") / max(r.law(s, "between", "level_gaussian")) for s in r.samples}
    return [
        Check(
            says="at the small learning rate samples are closer to the optimal score's than to the Gaussian, mean over samples",
            passed=mean[f"eta {SMALL:g}, to_optimal"] < mean[f"eta {SMALL:g}, to_gaussian"],
            figures=_finite(mean),
            decides=published,
        ),
        Check(
            says="from the small rate to the largest not diverged the discrepancy from the optimal score grows, on average",
            passed=average["to_optimal"] > 0,
            figures=_finite({"mean": average["to_optimal"], **growth}),
            decides=published,
        ),
        Check(
            says="from the small rate to the largest not diverged the discrepancy from the Gaussian falls, on average",
            passed=average["to_gaussian"] < 0,
            figures=_finite({"mean": average["to_gaussian"], **growth}),
            decides=published,
        ),
        Check(
            says="the two mean curves cross; on how many samples they do",
            passed=bool(cross),
            figures={**{f"crossing {k + 1}, eta": at for k, at in enumerate(cross)}, "samples": float(crossed)},
            decides=published,
        ),
        Check(
            says="samples of the small rate are near training points more often than those of the largest, on mean",
            passed=_mean([near[f"sample {s}, eta {SMALL:g}"] - near[f"sample {s}, eta {top[s]:g}"] for s in r.samples]) > 0,
            figures=_finite(near),
            decides=published,
        ),
        Check(
            says="at the largest rate not diverged samples are those of the fitted Gaussian: discrepancy at most chance's",
            passed=all(value <= 1 for value in chance.values()),
            figures=_finite(chance),
            decides=published,
        ),
    ]


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else math.nan


def _crossings(results: Results, sample: int | None) -> list[float]:
    """Return where the curves of a sample, or the mean curves, cross."""
    if sample is None:
        curves = [[_mean(results.ratios(eta, name)) for eta in ETAS] for name in ("to_optimal", "to_gaussian")]
        return crossings(ETAS, *curves)
    etas = results.kept(sample)
    return crossings(etas, *([results.ratio((sample, eta), name) for eta in etas] for name in ("to_optimal", "to_gaussian")))


def _instruments(results: Results, published: bool) -> list[Check]:
    """Check that the measures can tell known laws apart, what chance does to them, and that no run is lost unseen."""
    r = results
    apart = {
        f"sample {s}, {m}, {a} from {b}": separation(r.law(s, a, m), r.law(s, b, m))
        for s in r.samples
        for m, a, b in (("to_optimal", "optimal", "half"), ("to_gaussian", "half", "gaussian"), ("near", "optimal", "gaussian"))
    }
    lost = sum(sets is None for sets in r.networks.values())
    halves = {f"eta {eta:g}": interval(r.values((PUBLISHED, eta), "to_optimal"))[1] for eta in r.kept(PUBLISHED)}
    return [
        Check(
            says="the discrepancy tells half a share of copies from all and from none, and nearness copies from the Gaussian",
            passed=min(apart.values()) > 3,
            figures=_finite(apart),
        ),
        Check(
            says="the published 0.0061 at 0.05 and 0.0069 at 0.01 differ by more than chance: half widths of intervals",
            passed=max(halves.get("eta 0.01", math.inf), halves.get("eta 0.05", math.inf)) < 0.0008,
            figures=_finite(halves),
            decides=published,
        ),
        Check(
            says="no run diverges",
            passed=lost == 0,
            figures={"diverged": float(lost), "runs": float(len(r.networks))},
            decides=published,
        ),
    ]


def _agreement(results: Results) -> Check:
    ratios = {
        f"eta {eta:g}, {name}": results.mean((PUBLISHED, eta), name) / value
        for eta, pair in READ_OFF_3.items()
        for name, value in zip(("to_optimal", "to_gaussian"), pair, strict=True)
    }
    return Check(
        says="on the sample read off, the discrepancies agree with the published ones up to a factor 2",
        passed=all(0.5 < ratio < 2 for ratio in ratios.values()),
        figures=_finite(ratios),
    )


def draw(pyplot: Any, results: Results, reduced: dict[str, Any] | None) -> Any:
    """Draw the four panels."""
    figure, panels = pyplot.subplots(2, 2, figsize=(7.6, 6.6))
    largest = max(results.kept(PUBLISHED))
    for axes, eta, letter in zip(panels[0], (SMALL, largest), "ab", strict=True):
        _scatter(axes, results, eta)
        axes.set_title(
            rf"{letter}   generated at $\eta={eta:g}$"
            + (" (largest that did not diverge)" if eta != 2 and letter == "b" else "")
        )
    panels[0, 0].legend(loc="upper left", markerscale=1.4, fontsize=6.8)
    _discrepancies(panels[1, 0], results)
    _nearness(panels[1, 1], results)
    if reduced is not None:
        figure.supxlabel(
            f"reduced scale: {reduced['share']:.0%} of the published steps, {reduced['batch']} points a batch, not 5,000, "
            f"{reduced['width']} neurons, not 1,000,\n"
            f"{reduced['sets']} sets of {reduced['count']} generated points, not 5 of 1,000",
            fontsize=7.5,
            color="0.35",
        )
    return figure


def _scatter(axes: Any, results: Results, eta: float) -> None:
    shown = (results.networks[PUBLISHED, eta] or [])[0]["shown"]
    for name, colour, label in (("optimal", "#009E73", r"$s^\star$"), ("network", "#E69F00", r"$s_\theta$")):
        axes.plot(*np.array(shown[name]).T, "o", color=colour, ms=2.2, mew=0, alpha=0.45, label=label)
    points = training_points(2, PUBLISHED)
    axes.plot(*points.T, "o", color="#0000EE", ms=3.5, label="training points (read off)")
    axes.set(xlim=(-4, 3), ylim=(-3, 3.4))


def _discrepancies(axes: Any, results: Results) -> None:
    between = normalised(1.0, float(np.mean(results.law(PUBLISHED, "between", "narrow"))))
    for k, (name, colour) in enumerate(COLOURS.items()):
        for sample in results.samples:
            etas = results.kept(sample)
            axes.plot(etas, [results.ratio((sample, eta), name) for eta in etas], color=colour, lw=0.5, alpha=0.55)
        etas = [eta for eta in ETAS if results.ratios(eta, name)]
        mean, half = (np.array(part) for part in zip(*(interval(results.ratios(eta, name)) for eta in etas), strict=True))
        axes.fill_between(etas, mean - half, mean + half, color=colour, alpha=0.15, lw=0)
        axes.plot(etas, mean, "o-", color=colour, label=NAMES[name])
        axes.plot(list(READ_OFF_3), [pair[k] * between for pair in READ_OFF_3.values()], "x", color=colour, ms=5, mew=0.9)
    levels = [
        normalised(max(results.law(s, "between", "level_gaussian")), float(np.mean(results.law(s, "between", "narrow"))))
        for s in results.samples
    ]
    axes.axhline(max(levels), color="0.4", lw=0.7, ls=":", label="95% level of chance, largest")
    axes.plot([], [], "x", color="0.4", ms=5, label="read off the published figure")
    axes.plot([], [], color="0.4", lw=0.5, label="samples of ten points, one by one")
    _rates(axes)
    _words(axes, results, results.samples)
    axes.set_ylim(-0.35, 2.3)
    axes.set(xlabel=r"learning rate $\eta$", ylabel=r"squared MMD / ($s^\star$ to the Gaussian)")
    axes.legend(loc="upper left", fontsize=6.3, ncols=2)
    axes.set_title("c   discrepancies, bandwidth 1")


def _nearness(axes: Any, results: Results) -> None:
    for sample in results.samples:
        etas, own = results.kept(sample), sample == PUBLISHED
        name = "points read off" if own else "other samples" if sample == results.samples[-1] else None
        style: dict[str, Any] = {"lw": 1.3, "marker": "o"} if own else {"lw": 0.6, "alpha": 0.7}
        axes.plot(etas, [results.mean((sample, eta), "near") for eta in etas], color="#0072B2", label=name, **style)
    for law, colour, label in (("optimal", "#009E73", r"$s^\star$"), ("gaussian", "#CC79A7", "fitted Gaussian")):
        values = [float(np.mean(results.law(s, law, "near"))) for s in results.samples]
        axes.axhspan(min(values), max(values), color=colour, alpha=0.3, lw=0, label=f"{label}, all samples")
    _rates(axes)
    _words(axes, results, results.samples)
    axes.set(
        xlabel=r"learning rate $\eta$", ylabel=rf"share within ${NEAR:g}\sigma(\delta)$ of a training point", ylim=(0, 1.35)
    )
    axes.legend(loc="upper right", fontsize=6.5, ncols=2)
    axes.set_title("d   nearness to training points")


def _rates(axes: Any) -> None:
    axes.set_xscale("log")
    axes.set_xticks(list(ETAS), [f"{eta:g}" for eta in ETAS])
    axes.set_xticks([], minor=True)


def _words(axes: Any, results: Results, samples: tuple[int, ...]) -> None:
    """Write how many runs diverged at a learning rate."""
    for eta in ETAS:
        lost = sum(results.networks[sample, eta] is None for sample in samples)
        if lost:
            words, place = f"{lost} of {len(samples)}\ndiverged", axes.get_xaxis_transform()
            axes.text(eta, 0.015, words, transform=place, ha="center", va="bottom", fontsize=6, color="0.3")
