r"""Figure ``marion2024.pl-constant``: the local Polyak-Lojasiewicz constant along training and against sizes, with the loss.

The constant at given weights is :math:`\frac4n\lambda_{\min}(K)`, K the tangent kernel with layers weighted by the depth: the
smallest ratio of squared gradient to loss over all targets. Its part by the outer matrices V is what the proof of Proposition 5
bounds. All networks have :math:`\sigma=1-\cos`, bounded and smooth, and inputs uniform on the sphere of radius
:math:`\sqrt q`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from figures.registry import Check, Drawing
from figures.work import Work
from numerics.activations import ACTIVATIONS
from numerics.arithmetic import FLOATS
from numerics.statistics import Slope, log_log_slope
from numerics.tangent_kernel import tangent_kernel
from theory.marion2024.long_training import LongRun, data_of, kernel_of, network_of, start_of, train
from theory.marion2024.polyak_lojasiewicz import Constants
from theory.marion2024.training import NAMES

NAME, DEGREE = "one_minus_cos", 2
TRAINED = LongRun(seed=5, activation=NAMES.index(NAME), n=5, d=3, q=5, m=24, duplicates=0)
DEPTH = 8
SAMPLE, DIMENSION, STATE = 8, 16, 20
STATES = (40, 80, 160, 320)
SIZES: dict[str, dict[str, Any]] = {
    "quick": {"times": 25, "end": 60.0, "seeds": 12, "widths": 9, "samples": (4, 8, 16, 32), "states": STATES},
    "paper": {"times": 61, "end": 120.0, "seeds": 48, "widths": 17, "samples": (4, 8, 16, 32, 64), "states": STATES},
}
PARTS = ("A", "V", "W", "B")
COLUMNS = ("panel", "t", "loss", "n", "q", "m", "seed", "total", "part_A", "part_V", "part_W", "part_B", "along_residual")
COLOURS = {"total": "#0072B2", "V": "#D55E00", "A": "#009E73", "B": "#CC79A7", "W": "#56B4E9", "loss": "0.15"}


@dataclass(frozen=True, kw_only=True)
class Slopes:
    """The slopes of one network: the smallest of K and of each part, and that along the residual, where there is one."""

    n: int
    q: int
    m: int
    seed: int
    total: float
    parts: dict[str, float]
    t: float | None = None
    loss: float | None = None
    along: float | None = None


def along_training(times: int, end: float) -> list[Slopes]:
    """Train a network and measure its slopes."""
    found = []
    x, y, _ = data_of(TRAINED)
    for stage in train(TRAINED, DEPTH, tuple(np.geomspace(0.02, end, times - 1).tolist())):
        kernel = kernel_of(TRAINED, stage.weights)
        residual = network_of(TRAINED).forward(stage.weights, x).output - y
        found.append(
            Slopes(
                n=TRAINED.n,
                q=TRAINED.q,
                m=TRAINED.m,
                seed=TRAINED.seed,
                total=kernel.smallest_slope(),
                parts={part: kernel.smallest_slope(part) for part in PARTS},
                t=stage.t,
                loss=stage.loss,
                along=kernel.slope(residual),
            )
        )
    return found


def at_start(n: int, d: int, q: int, m: int, seed: int) -> Slopes:
    """Return the slopes at the printed start, one output: they do not depend on the depth there, since V = 0."""
    run = LongRun(seed=seed, activation=NAMES.index(NAME), n=n, d=d, q=q, m=m, duplicates=0)
    weights = start_of(run, 1)
    kernel = tangent_kernel(
        network_of(run), type(weights)(A=weights.A, V=weights.V, W=weights.W, B=weights.B[:1]), data_of(run)[0]
    )
    parts = {part: kernel.smallest_slope(part) for part in PARTS}
    return Slopes(n=n, q=q, m=m, seed=seed, total=kernel.smallest_slope(), parts=parts)


def constants() -> Constants:
    """Return the constants of Proposition 5 for the activation."""
    activation = ACTIVATIONS[NAME]
    return Constants(lipschitz=FLOATS.number(1) * activation.lipschitz, coefficient=abs(activation.hermite_coefficient(DEGREE)))


def _median(rows: list[Slopes], key: str) -> float:
    return float(np.median([row.parts[key] if key in PARTS else row.total for row in rows]))


def _fit(groups: dict[int, list[Slopes]]) -> Slope:
    sizes, values = zip(*((size, row.parts["V"]) for size, rows in groups.items() for row in rows), strict=True)
    return log_log_slope(sizes, values)


def compute(scale: str, work: Work) -> Drawing:
    """Compute the numbers of the figure at a scale."""
    del work  # short enough to be done again
    sizes = SIZES[scale]
    seeds = range(sizes["seeds"])
    trained = along_training(sizes["times"], sizes["end"])
    widths = sorted({int(m) for m in np.rint(np.geomspace(2, 256, sizes["widths"]))} | {SAMPLE - 1, SAMPLE})
    by_width = {m: [at_start(SAMPLE, DIMENSION, STATE, m, seed) for seed in seeds] for m in widths}
    by_sample = {n: [at_start(n, 4 * n, 5 * n, 16 * n, seed) for seed in seeds] for n in sizes["samples"]}
    by_state = {q: [at_start(SAMPLE, 4 * SAMPLE, q, 16 * SAMPLE, seed) for seed in seeds] for q in sizes["states"]}
    fits = (_fit(by_sample), _fit(by_state))
    settings = {
        "activation": NAME,
        "training": {"run": TRAINED.data(), "depth": DEPTH, "flow": "(4), DOP853"},
        "width": {"n": SAMPLE, "d": DIMENSION, "q": STATE, "outputs": 1},
        "sample": "d = 4 n, q = 5 n, m = 16 n",
        "seeds": sizes["seeds"],
        "reduced": scale == "quick",
    }
    groups = {"b": by_width, "c": by_sample, "d": by_state}
    return Drawing(
        columns=COLUMNS,
        rows=_rows(trained, groups),
        settings=settings,
        seeds={"training": TRAINED.seed, "starts": list(seeds)},
        checks=_checks(trained, by_width, by_sample, fits),
        draw=lambda pyplot: draw(pyplot, trained, by_width, by_sample, by_state, fits, sizes["seeds"]),
    )


def _rows(trained: list[Slopes], groups: dict[str, dict[int, list[Slopes]]]) -> list[tuple[Any, ...]]:
    listed = [("a", row) for row in trained]
    listed += [(panel, row) for panel, group in groups.items() for rows in group.values() for row in rows]
    return [
        (panel, row.t, row.loss, row.n, row.q, row.m, row.seed, row.total, *(row.parts[part] for part in PARTS), row.along)
        for panel, row in listed
    ]


def _checks(
    trained: list[Slopes], by_width: dict[int, list[Slopes]], by_sample: dict[int, list[Slopes]], fits: tuple[Slope, Slope]
) -> tuple[Check, ...]:
    first, last = trained[0], trained[-1]
    assert first.loss is not None
    assert last.loss is not None
    spans = [after.t - before.t for before, after in pairwise(trained) if before.t is not None and after.t is not None]
    smaller = [min(before.total, after.total) for before, after in pairwise(trained)]
    promised = float(np.dot(spans, smaller))
    seen = float(np.log(first.loss / last.loss))
    below = max(row.parts["V"] for m, rows in by_width.items() if m < SAMPLE for row in rows)
    above = min(row.parts["V"] for m, rows in by_width.items() if m >= SAMPLE for row in rows)
    printed = float(constants().rate(SAMPLE, STATE))
    widest = by_width[max(by_width)]
    samples, states = fits
    return (
        Check(
            says="the loss decays by at least the exponent that the constant promises, summed over the spans between the times",
            passed=seen >= promised > 0,
            figures={"exponent": seen, "promised": promised},
        ),
        Check(
            says="the slope along the residual is never below the constant: random residuals do not find it",
            passed=all(row.along is not None and row.along >= row.total * (1 - 1e-9) for row in trained),
            figures={"least ratio": min(float(row.along or 0) / row.total for row in trained)},
        ),
        Check(
            says="the part of V is 0 for widths below the sample size, positive from it on",
            passed=below < 1e-12 < above,
            figures={"largest below": below, "smallest above": above},
        ),
        Check(
            says="at the largest width every network is above the constant that Proposition 5 prints, by orders of magnitude",
            passed=min(row.parts["V"] for row in widest) > 1e3 * printed,
            figures={"smallest": min(row.parts["V"] for row in widest), "printed": printed},
        ),
        Check(
            says="the part of V falls like 1/n, not n^(-3/2), along d = 4n, q = 5n, m = 16n: so it does not see q",
            passed=samples.low > -1.5 and abs(samples.slope + 1) < 0.25,
            figures={"exponent": samples.slope, "low": samples.low, "high": samples.high},
        ),
        Check(
            says="at a fixed sample size the part of V does not depend on q, where the printed constant has 1/q",
            passed=states.low <= 0 <= states.high and states.low > -0.5,
            figures={"exponent": states.slope, "low": states.low, "high": states.high},
        ),
    )


def draw(
    pyplot: Any,
    trained: list[Slopes],
    by_width: dict[int, list[Slopes]],
    by_sample: dict[int, list[Slopes]],
    by_state: dict[int, list[Slopes]],
    fits: tuple[Slope, Slope],
    seeds: int,
) -> Any:
    """Draw the three panels."""
    figure, (left, middle, right) = pyplot.subplots(1, 3, figsize=(10.2, 3.7))
    _draw_training(left, trained)
    _draw_widths(middle, by_width)
    _draw_sizes(right, by_sample, by_state, fits)
    figure.supxlabel(
        f"reduced scale: small networks, {seeds} draws a point; sigma = 1 - cos, printed start", fontsize=7.5, color="0.35"
    )
    return figure


def _draw_training(axes: Any, trained: list[Slopes]) -> None:
    moved = [row for row in trained if row.t]
    t = [row.t for row in moved]
    axes.loglog(t, [row.loss for row in moved], color=COLOURS["loss"], lw=1.6)
    axes.loglog(t, [row.total for row in moved], color=COLOURS["total"], lw=1.8)
    for part in ("V", "W"):
        axes.loglog(t, [max(row.parts[part], 1e-12) for row in moved], color=COLOURS[part], lw=1)
    axes.loglog(t, [row.along for row in moved], "--", color=COLOURS["total"], lw=0.9)
    axes.set_ylim(1e-9, 1e2)
    axes.set(xlabel="training time t", ylabel="loss; squared gradient over loss")
    words = (
        (0.022, 0.45, "loss", "loss"),
        (0.022, 20, "slope along the residual", "total"),
        (0.022, 3.2e-2, r"constant $\frac{4}{n}\lambda_{\min}(K)$", "total"),
        (0.022, 6e-4, "part of V", "V"),
        (0.25, 2e-8, "part of W", "W"),
    )
    for x, y, text, key in words:
        axes.text(x, y, text, color=COLOURS[key], fontsize=7)
    axes.set_title(f"a   along training (n = {TRAINED.n}, d = {TRAINED.d}, m = {TRAINED.m}, L = {DEPTH})")


def _band(axes: Any, groups: dict[int, list[Slopes]], key: str, label: str) -> None:
    sizes = np.array(sorted(groups))
    values = np.array([[row.parts[key] if key in PARTS else row.total for row in groups[size]] for size in sizes])
    seen = values.min(axis=1) > 1e-12
    middle = np.median(values, axis=1)
    axes.fill_between(sizes[seen], *np.quantile(values[seen], [0.25, 0.75], axis=1), color=COLOURS[key], alpha=0.2, lw=0)
    axes.loglog(sizes[seen], middle[seen], "o-", color=COLOURS[key], ms=3, lw=1.2, label=label)


def _draw_widths(axes: Any, by_width: dict[int, list[Slopes]]) -> None:
    _band(axes, by_width, "total", "whole constant")
    _band(axes, by_width, "V", "part of V: 0 below m = n")
    axes.axvline(SAMPLE, color="0.5", lw=0.6)
    found = constants()
    printed, sharp = float(found.rate(SAMPLE, STATE)), float(found.sharp_rate(SAMPLE))
    axes.axhline(printed, color="0.15", lw=1)
    axes.axhline(sharp, color="#CC79A7", lw=1)
    axes.text(2.2, printed * 1.5, r"printed $\mu$, for $m\geq c_1n$", fontsize=7, color="0.15")
    axes.text(18, sharp / 3.4, r"ours, where $s_{\min}\geq\frac{1}{4}\sqrt{m}\,\eta_r$", fontsize=7, color="#CC79A7")
    axes.text(SAMPLE * 1.06, printed * 20, "m = n", fontsize=7, color="0.4")
    axes.set_ylim(printed / 5, 30)
    axes.set(xlabel="width m", ylabel="smallest slope at the start")
    axes.legend(loc="center right", fontsize=6.8)
    axes.set_title(f"b   against the width (n = {SAMPLE}, d = {DIMENSION}, q = {STATE})")


def _draw_sizes(axes: Any, by_sample: dict[int, list[Slopes]], by_state: dict[int, list[Slopes]], fits: Any) -> None:
    _band(axes, by_sample, "V", f"against n: exponent {_words(fits[0])}")
    sizes = np.array(sorted(by_sample))
    middle = _median(by_sample[sizes[0]], "V")
    axes.loglog(sizes, middle * (sizes[0] / sizes) ** 2.5, ":", color="0.15", lw=1, label=r"printed $n^{-3/2}q^{-1}$, $q=5n$")
    states = np.array(sorted(by_state))
    values = [_median(by_state[q], "V") for q in states]
    axes.loglog(states, values, "s--", color="#009E73", ms=3, lw=1, label=f"against q, n = {SAMPLE}: {_words(fits[1])}")
    axes.set_ylim(1e-4, 0.3)
    axes.set(xlabel="n, or q", ylabel="part of V at the start")
    axes.legend(loc="lower left", fontsize=6.5)
    axes.set_title("c   scaling of the part of V")


def _words(slope: Slope) -> str:
    return f"{slope.slope:.2f} ({slope.low:.2f} to {slope.high:.2f})"
