r"""Figure ``wu2025.stability-threshold``: where training stops memorizing, and the largest stable rates against the noise.

Left and middle: stochastic gradient descent itself, not linearised, on three equispaced points, from a network that memorizes
and from a random one. Right: the largest stable learning rates of networks of two points that memorize, that is, whose risk is
below 1% of :math:`1/\sigma^2`, the risk of the network 0.

The file is long because a figure keeps what it trains, checks and draws in one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from figures.registry import Check, Drawing
from figures.work import Work
from numerics.arithmetic import FLOATS
from numerics.statistics import Slope, log_log_slope
from theory.wu2025.curvature import network_risk, sharpness
from theory.wu2025.designs import interpolating_network
from theory.wu2025.irregularity import empirical_risk
from theory.wu2025.minima import Kind, Minimum, polish
from theory.wu2025.networks import NetworkProblem, from_neurons, lipschitz_constant
from theory.wu2025.setting import ScoreProblem
from theory.wu2025.stability import stability_thresholds
from theory.wu2025.threshold import printed_threshold, small_noise_limit
from theory.wu2025.training import parameters, single_neurons, with_parameters

MU, DELTA, SEED = Fraction(1, 2), 2, 20250204
TRAINED = (Fraction(12, 100), Fraction(18, 100), Fraction(27, 100))
POINTS_TRAINED, COPIES, JITTER = 3, 3, 0.03
RATES = (1e-3, 10.0)
"""Learning rates in units of sigma^4."""
SNAPSHOTS, DIVERGED = 10, 1e8
MEMORIZES = 0.01
ROOM = 1 / (1 - MEMORIZES**0.5) ** 2
"""The proved bound on a stable rate of a network that memorizes, in units of sigma^4."""
INTERPOLATED = (0.02, 0.1)
POLISHED = (0.14, 0.1)
CURVED = 1e-3
"""A power law that holds in the limit bends a little before it; without scatter an interval would exclude its exponent."""
SIZES = {
    "quick": {"steps": 20_000, "rates": 13, "interpolated": 8, "polished": 5},
    "paper": {"steps": 200_000, "rates": 25, "interpolated": 24, "polished": 13},
}
STARTS = ("memorizing", "random")
COLUMNS = ("panel", "sigma", "network", "eta", "sharpness", "excess", "risk", "criterion_8", "mean_square", "single", "proved")
COLOURS = ("#0072B2", "#D55E00", "#009E73")


def sample(n: int, sigma: Fraction) -> ScoreProblem:
    """Return n equispaced points."""
    return ScoreProblem(x=tuple(Fraction(DELTA * i) for i in range(n)), mu=MU, sigma=sigma)


def interpolator(problem: ScoreProblem, reach: Fraction) -> NetworkProblem:
    r"""Return the network of slope :math:`-1/\sigma^2` up to ``reach`` from each inner side of each point, a line between."""
    knots, values = [], []
    for left, right in pairwise(problem.x):
        knots += [problem.mu * left + reach, problem.mu * right - reach]
        values += [-reach / problem.sigma**2, reach / problem.sigma**2]
    steep = Fraction(-1 / problem.sigma**2)
    return interpolating_network(problem, knots, values, steep, steep)


def fixed_kinks(problem: ScoreProblem) -> NetworkProblem:
    """Return the network that memorizes with kinks at a third of each gap, in floats."""
    return single_neurons(interpolator(problem, MU * DELTA / 3))


def polished_minima(sigmas: list[Fraction]) -> list[Minimum]:
    r"""Follow a strict minimum of the risk as sigma decreases: kinks approach the middle like :math:`\sigma^2`.

    Parameters
    ----------
    sigmas
        Decreasing noise scales.

    Returns
    -------
    list of Minimum
        The minima that are strict, polished to rounding and memorize.
    """
    half = MU * DELTA / 2
    start = sample(2, sigmas[0])
    last = polish(interpolator(start, half - Fraction(13, 10) * start.sigma**2 / half))
    found = [last]
    for before, sigma in pairwise(sigmas):
        if last is not None:
            ratio, p = float(sigma / before) ** 2, last.network
            kinks = float(half) + (np.asarray(p.kinks) - float(half)) * ratio
            last = polish(from_neurons(sample(2, sigma), list(kinks), list(p.signs), list(p.weights / ratio**2)))
            found.append(last)
    return [m for m in found if m is not None and m.kind is Kind.MINIMUM and m.risk * m.network.sigma**2 < MEMORIZES]


@dataclass(frozen=True, kw_only=True)
class Rates:
    """The largest stable rates of one network that memorizes."""

    sigma: float
    network: str
    risk: float
    criterion_8: float
    mean_square: float
    single: float
    proved: float
    share: float
    """The largest rate over its bound: criterion (8) by the sharpness, the others by the linearised steps."""


def rates(p: Any, network: str) -> Rates:
    """Return the rates of a network lifted to floats, beside what no network of its risk exceeds."""
    sigma, risk, found = float(p.sigma), float(network_risk(p)), stability_thresholds(p)
    proved = sigma**4 / (1 - sigma * risk**0.5) ** 2
    # For (8): m lambda_max/2 >= sigma^-4 - sqrt(R) (sigma^-2 + L)/sigma, which says nothing once it is negative.
    least = max(sigma**-4 - risk**0.5 / sigma * (sigma**-2 + float(lipschitz_constant(p))), 0.0)
    return Rates(
        sigma=sigma,
        network=network,
        risk=risk,
        criterion_8=float(found.sharpness),
        mean_square=float(found.mean_square),
        single=float(found.single),
        proved=proved,
        share=max(float(found.mean_square) / proved, float(found.single) / proved, float(found.sharpness) * least),
    )


@dataclass(frozen=True, kw_only=True)
class Runs:
    """Training at one noise scale: arrays over starts and learning rates, NaN where a run diverged."""

    sigma: float
    etas: Any
    sharpness: Any
    excess: Any


def starts(problem: ScoreProblem, rng: np.random.Generator) -> list[NetworkProblem]:
    """Return where training starts: one that memorizes, each of its neurons thrice and jittered, and a random one."""
    base = fixed_kinks(problem)
    width = base.width * COPIES
    kinks = np.repeat(base.kinks, COPIES) + JITTER * rng.uniform(-1, 1, width)
    signs = [int(sign) for sign in np.repeat(base.signs, COPIES)]
    memorizing = from_neurons(problem, list(kinks), signs, list(np.repeat(base.weights, COPIES)))
    last = float(problem.mu * problem.x[-1])
    drawn = from_neurons(problem, list(rng.uniform(-0.5, last + 0.5, width)), signs, list(rng.standard_normal(width)))
    return [single_neurons(memorizing), single_neurons(drawn)]


def train(p: Any, theta: Any, etas: Any, steps: int, rng: np.random.Generator) -> Any:
    r"""Run :math:`\theta\leftarrow\theta-m\eta\nabla\hat R(\theta)`, the mean loss of the whole sample, noised afresh.

    Parameters
    ----------
    p
        The sample and the directions, in floats.
    theta
        Where each run starts, shape ``(R, 2m)``.
    etas
        The learning rate of each run, shape ``(R,)``; all runs see the same noise.
    steps
        How many steps.
    rng
        The source of noise.

    Returns
    -------
    numpy.ndarray
        Parameters over the last quarter of the steps, shape ``(SNAPSHOTS, R, 2m)``.
    """
    m, centers = p.width, p.mu * np.asarray(p.x)
    w, b, rate = theta[:, :m].copy(), theta[:, m:].copy(), (2 * etas / p.n)[:, None]
    kept, every = [], max(steps // (4 * SNAPSHOTS), 1)
    with np.errstate(all="ignore"):
        for step in range(steps):
            noise = rng.standard_normal(p.n)
            reach = (centers + p.sigma * noise)[:, None] * p.signs + b[:, None, :]
            active = (reach >= 0) * 1.0
            values = reach * active
            f = np.einsum("rnm,rm->rn", values, w) / m + noise / p.sigma
            on_w, on_b = np.einsum("rn,rnm->rm", f, values), np.einsum("rn,rnm->rm", f, active) * w
            w, b = w - rate * on_w, b - rate * on_b
            if (steps - 1 - step) % every == 0 and (steps - 1 - step) // every < SNAPSHOTS:
                kept.append(np.concatenate([w, b], axis=1))
    return np.array(kept)


def runs(sigma: Fraction, count: int, steps: int, sequence: np.random.SeedSequence) -> Runs:
    """Train at one noise scale from both starts, and average over the last quarter of the steps."""
    problem, rng = sample(POINTS_TRAINED, sigma), np.random.default_rng(sequence)
    networks = starts(problem, rng)
    etas = np.geomspace(*RATES, count) * float(sigma) ** 4
    theta = np.repeat([parameters(p) for p in networks], count, axis=0)
    ended = train(networks[0], theta, np.tile(etas, len(networks)), steps, rng)
    optimal = float(empirical_risk(problem.lift(FLOATS)))
    found = np.full((2, len(theta)), np.nan)
    for at, eta in enumerate(np.tile(etas, len(networks))):
        path = ended[:, at]
        # Written so that NaN counts as diverged.
        if np.all(np.abs(path) < DIVERGED):
            nets = [with_parameters(networks[0], point) for point in path]
            found[0, at] = np.mean([p.width * eta * sharpness(p) / 2 for p in nets])
            found[1, at] = (np.mean([network_risk(p) for p in nets]) - optimal) * float(sigma) ** 2
    shape = (len(networks), count)
    return Runs(sigma=float(sigma), etas=etas, sharpness=found[0].reshape(shape), excess=found[1].reshape(shape))


def _decimals(ends: tuple[float, float], count: int) -> list[Fraction]:
    return [Fraction(f"{value:.5f}") for value in np.geomspace(*ends, count)]


def compute(scale: str, work: Work) -> Drawing:
    """Compute the numbers of the figure at a scale."""
    del work  # short enough to be done again
    sizes = SIZES[scale]
    sequences = np.random.SeedSequence(SEED).spawn(len(TRAINED))
    trained = [
        runs(sigma, sizes["rates"], sizes["steps"], sequence) for sigma, sequence in zip(TRAINED, sequences, strict=True)
    ]
    explicit = [rates(fixed_kinks(sample(2, sigma)), "fixed kinks") for sigma in _decimals(INTERPOLATED, sizes["interpolated"])]
    minima = polished_minima(_decimals(POLISHED, sizes["polished"]))
    polished = [rates(m.network, "strict minimum") for m in minima]
    slopes = tuple(log_log_slope([r.sigma for r in part], [r.mean_square for r in part]) for part in (explicit, polished))
    settings = {
        "sample": f"x_i = {DELTA} (i - 1), i = 1..n",
        "mu": str(MU),
        "training": {
            "n": POINTS_TRAINED,
            "width": 2 * POINTS_TRAINED * COPIES,
            "batch": "the whole sample, fresh noise, loss a mean over the batch",
            "sigma": [str(sigma) for sigma in TRAINED],
            "eta_over_sigma^4": {"from": RATES[0], "to": RATES[1], "points": sizes["rates"], "spacing": "geometric"},
            "steps": sizes["steps"],
            "averaged": f"{SNAPSHOTS} networks over the last quarter of the steps",
            "seed": SEED,
        },
        "thresholds": {"n": 2, "width": 4, "memorizes": f"risk < {MEMORIZES}/sigma^2"},
        "reduced": scale == "quick",
    }
    return Drawing(
        columns=COLUMNS,
        rows=_rows(trained, explicit + polished),
        settings=settings,
        checks=_checks(trained, explicit, polished, slopes),
        draw=lambda pyplot: draw(pyplot, trained, explicit, polished, slopes, sizes["steps"] if scale == "quick" else None),
    )


def _rows(trained: list[Runs], measured: list[Rates]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for part in trained:
        for at, start in enumerate(STARTS):
            for eta, top, excess in zip(part.etas, part.sharpness[at], part.excess[at], strict=True):
                known = (float(top), float(excess)) if np.isfinite(top) else (None, None)
                rows.append(("ab", part.sigma, f"{start} start", float(eta), *known, None, None, None, None, None))
    for r in measured:
        rows.append(("c", r.sigma, r.network, None, None, None, r.risk, r.criterion_8, r.mean_square, r.single, r.proved))
    return rows


def _checks(trained: list[Runs], explicit: list[Rates], polished: list[Rates], slopes: tuple[Slope, ...]) -> tuple[Check, ...]:
    bounded = [np.flatnonzero(np.isfinite(part.excess[0])) for part in trained]
    tops = [float(np.nanmax(part.sharpness)) for part in trained]
    last = [float(part.sharpness[0][at[-1]]) for part, at in zip(trained, bounded, strict=True)]
    lost = [(float(part.excess[0][at[0]]), float(part.excess[0][at[-1]])) for part, at in zip(trained, bounded, strict=True)]
    networks = explicit + polished
    share, risk = max(r.share for r in networks), max(r.risk * r.sigma**2 for r in networks)
    fixed, minima = slopes
    return (
        Check(
            says=(
                "the exponent in sigma of the largest stable rate of explicit networks: its interval, which covers scatter and,"
                f" widened by {CURVED}, the terms of higher order, holds 4 and not 2"
            ),
            passed=fixed.low - CURVED <= 4 <= fixed.high + CURVED and fixed.low - CURVED > 2,
            figures={"exponent": fixed.slope, "low": fixed.low, "high": fixed.high, "networks": float(len(explicit))},
        ),
        Check(
            says="the exponent at strict minima of the risk exceeds 4: 8 as far as this range shows",
            passed=minima.low > 4 and abs(minima.slope - 8) < 0.1,
            figures={"exponent": minima.slope, "low": minima.low, "high": minima.high, "networks": float(len(polished))},
        ),
        Check(
            says="every network whose rates are shown memorizes, and no rate exceeds the proved bound",
            passed=share <= 1 and risk < MEMORIZES,
            figures={"largest share of the bound": share, "largest risk times sigma^2": risk},
        ),
        Check(
            says="no run that stays bounded ends above the edge: mean m eta lambda_max/2 <= 1.05, at the largest such eta too",
            passed=max(tops) <= 1.05,
            figures={"largest mean": max(tops), "at the largest eta": max(last)},
        ),
        Check(
            says="from a network that memorizes, the excess risk at the largest eta is above that at the smallest",
            passed=all(after > before for before, after in lost),
            figures={"least factor": min(after / before for before, after in lost)},
        ),
    )


def draw(
    pyplot: Any,
    trained: list[Runs],
    explicit: list[Rates],
    polished: list[Rates],
    slopes: tuple[Slope, ...],
    reduced: int | None,
) -> Any:
    """Draw the three panels."""
    figure, (left, middle, right) = pyplot.subplots(1, 3, figsize=(10.2, 3.7), width_ratios=(1, 1, 1.15))
    _draw_runs(left, trained, "sharpness")
    left.axhline(1, color="0.3", lw=0.6)
    left.set_ylim(1e-3, 4)
    left.set(ylabel=r"$m\,\eta\,\lambda_{\max}(\nabla^2R_n)/2$ of the exact expected risk")
    left.text(1.5e-7, 1.12, "edge of criterion (8)", color="0.3", fontsize=7)
    left.text(1.5e-7, 1.2e-3, "falling lines:\ntraining ends at\na constant", color="0.3", fontsize=7)
    left.set_title("a   sharpness at the end of training")
    _draw_runs(middle, trained, "excess")
    middle.axhline(1, color="0.3", lw=0.6)
    middle.set_ylim(1e-3, 2.5)
    middle.set(ylabel=r"excess risk $R_n(\theta)-R_n(s^\star)$, in units of $1/\sigma^2$")
    middle.text(1.5e-7, 1.6, r"$1/\sigma^2$, the risk of the network 0", color="0.3", fontsize=7)
    middle.set_title("b   excess risk at the end of training")
    _draw_rates(right, explicit, polished, slopes)
    if reduced is not None:
        figure.supxlabel(f"reduced scale: {reduced} steps, one run a point, few noise scales", fontsize=7.5, color="0.35")
    return figure


def _draw_runs(axes: Any, trained: list[Runs], name: str) -> None:
    for part, colour in zip(trained, COLOURS, strict=True):
        values = np.maximum(getattr(part, name), 1e-12)
        axes.loglog(part.etas, values[0], "o-", color=colour, lw=1.4)
        axes.loglog(part.etas, values[1], "o--", color=colour, lw=0.8, mfc="w", ms=3)
    handles = [
        axes.plot([], [], "o-", color=c, label=rf"$\sigma={r.sigma:g}$")[0] for r, c in zip(trained, COLOURS, strict=True)
    ]
    handles += [
        axes.plot([], [], "o-", color="0.4", label="from a memorizing network")[0],
        axes.plot([], [], "o--", color="0.4", lw=0.8, mfc="w", ms=3, label="from a random network")[0],
    ]
    if name == "excess":
        axes.legend(handles=handles, loc="lower right", fontsize=6.8)
    axes.set_xlabel(r"learning rate $\eta$")


def _draw_rates(axes: Any, explicit: list[Rates], polished: list[Rates], slopes: tuple[Slope, ...]) -> None:
    shown = np.geomspace(INTERPOLATED[0] * 0.9, POLISHED[0] * 1.12, 60)
    printed = [float(printed_threshold(sample(2, Fraction(s)).lift(FLOATS))) for s in shown]
    limit = small_noise_limit(sample(2, TRAINED[0])).sigma_0
    axes.loglog(shown, printed, color="0.15", lw=0.9)
    axes.loglog(shown[shown <= limit], np.array(printed)[shown <= limit], color="0.15", lw=2)
    axes.loglog(shown, ROOM * shown**4, color="#CC79A7", lw=1.4)
    for part, colour, mark in ((explicit, COLOURS[0], "o"), (polished, COLOURS[1], "s")):
        sigma = [r.sigma for r in part]
        axes.loglog(sigma, [r.criterion_8 for r in part], mark, color=colour, mfc="w", ms=5.5, mew=0.8)
        axes.loglog(sigma, [r.mean_square for r in part], ".", color=colour, ms=3)
        axes.loglog(sigma, [r.single for r in part], "_", color=colour, ms=6)
    low, high = shown[0], shown[-1]
    _say(axes, low * 1.1, 1.7 * printed[0], r"printed threshold $2^{12}\sigma^2/\mu n^2\Delta$", "0.15", 10)
    _say(axes, low * 1.1, 2.0 * shown[0] ** 4 * ROOM, "proved: none stable above this", "#CC79A7", 20)
    _say(axes, low * 1.1, 3e-11, _words("kinks at 1/3 and 2/3 of the gap", slopes[0]), COLOURS[0], 0)
    _say(axes, low * 1.1, 5e-13, _words("strict minima of the risk", slopes[1]), COLOURS[1], 0)
    handles = [
        axes.plot([], [], "o", color="0.4", mfc="w", ms=5.5, mew=0.8, label="by criterion (8)")[0],
        axes.plot([], [], ".", color="0.4", ms=3, label="in mean square, batch n (inside) and")[0],
        axes.plot([], [], "_", color="0.4", ms=6, label="batch 1")[0],
        axes.plot([], [], color="0.15", lw=2, label=rf"Theorem 8 applies at least for $\sigma\leq{limit:.3f}$")[0],
    ]
    axes.legend(handles=handles, loc="upper left", fontsize=6.8)
    axes.set(xlim=(low, high), ylim=(2e-13, 3e6), xlabel=r"noise scale $\sigma$", ylabel=r"learning rate $\eta$")
    axes.set_xticks([0.02, 0.05, 0.1], ["0.02", "0.05", "0.1"])
    axes.set_xticks([], minor=True)
    axes.set_title("c   largest stable rate of networks that memorize")


def _say(axes: Any, x: float, y: float, words: str, colour: str, angle: float) -> None:
    axes.text(x, y, words, color=colour, fontsize=7, rotation=angle, rotation_mode="anchor", va="bottom")


def _words(name: str, slope: Slope) -> str:
    digits = 6 if slope.high - slope.low < 1e-3 else 3
    numbers = f"{slope.slope:.{digits}f} (95%: {slope.low:.{digits}f} to {slope.high:.{digits}f})"
    return f"{name}: exponent\n{numbers}"
