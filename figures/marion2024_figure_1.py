r"""Figure ``marion2024.figure-1``: gaps of neighbouring layers against the depth, and the distance of layers from their limit.

The caption names :math:`\max_{k,t}\|Z_k-Z_{k+1}\|_F` and a rate 1/L. The published curves are another quantity, the root of
the sum of :math:`\|V_k-V_{k+1}\|_F^2` over layers and iterations, which falls like :math:`L^{-1/2}`, and so do they. Both are
drawn. The limit is the true one, on Chebyshev nodes; the network of :math:`2^{14}` layers that the paper takes for it is a row.

The file is long because a figure keeps what it runs, checks and draws in one place.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figures.registry import Check, Drawing
from figures.work import Work
from numerics.extrapolation import Order, order_of_decay
from numerics.packing import packed, unpacked
from numerics.residual_kernel import is_compiled
from theory.marion2024.experiments import (
    ACTIVATION,
    DEPTHS,
    DRAWN,
    FIGURE_1,
    NODES,
    PUBLISHED_1,
    PUBLISHED_DISTANCE,
    READINGS,
    REFERENCE_DEPTH,
    TIMES,
    Gaps,
    History,
    descend,
    descend_at_infinite_depth,
    distances_from_limit,
    gaps,
    history,
    slopes,
)

Floats = NDArray[np.float64]
SIZES: dict[str, dict[str, Any]] = {
    "quick": {"iterations": 100, "every": 5, "depths": DEPTHS[:6], "reference": None, "tolerance": 1e-4},
    "paper": {"iterations": 500, "every": 10, "depths": DEPTHS, "reference": REFERENCE_DEPTH, "tolerance": 1e-5},
}
"""Tolerance: of the nodes. The states of every so many iterations are compared with the limit."""
SMALL = {2: TIMES[-1], 16: TIMES[1], 32: TIMES[1]}
"""Depths at which all readings are run, and their iterations."""
FIRST = 8
"""Orders are measured from this depth on: at two and four layers no power law is to be seen yet."""
NEAR = 0.2
"""How far draws of the data move the published values: their own seed gives them to 2%, other seeds within 14%."""
COLUMNS = (
    "panel",
    "reading",
    "L",
    "iterations",
    "largest_gap",
    "added_gaps",
    "distance_V",
    "distance_W",
    "aligned_V",
    "aligned_W",
)
NAMES = ("V", "W", "V-aligned", "W-aligned")


@cache
def limit(iterations: int, every: int, tolerance: float) -> tuple[list[Gaps], list[tuple[Floats, Floats]], float]:
    """Return the slopes at every step at infinite depth, the states of every so many, and the largest unresolved tail."""
    found, kept, tail = [], [], 0.0
    for iterate in descend_at_infinite_depth(FIGURE_1, tolerance):
        found.append(slopes(FIGURE_1, iterate))
        tail = max(tail, iterate.solution.unresolved if iterate.solution else 0.0)
        if iterate.step % every == 0:
            kept.append((iterate.V, iterate.W))
        if iterate.step == iterations:
            return found, kept, tail
    raise AssertionError("a descent does not end")


def limit_part(unit: dict[str, Any]) -> dict[str, Any]:
    """Return what is drawn of the limit."""
    found, kept, tail = limit(unit["iterations"], unit["every"], unit["tolerance"])
    return {"gaps": packed(_table(found)), "tail": tail, "nodes": len(kept[-1][0])}


def depth_part(unit: dict[str, Any]) -> dict[str, Any]:
    """Run one depth, and return its gaps at every step and its distances from the limit at every so many."""
    experiment = dataclasses.replace(FIGURE_1, reading=unit["reading"])
    states = limit(unit["iterations"], unit["every"], unit["tolerance"])[1] if unit["distances"] else []
    found: list[Gaps] = []
    apart: list[list[float]] = []
    for iterate in descend(experiment, unit["depth"], compiled=unit["compiled"]):
        compared = unit["distances"] and iterate.step % unit["every"] == 0
        # At the depth of the reference the gaps alone would cost as much as the step.
        if compared or unit["gaps"]:
            found.append(gaps(experiment, iterate.V, iterate.W))
        if compared:
            at = distances_from_limit(experiment, (iterate.V, iterate.W), states[len(apart)])
            apart.append([at[name] for name in NAMES])
        if iterate.step == unit["iterations"]:
            break
    return {"gaps": packed(_table(found)), "distances": packed(np.array(apart).reshape(-1, len(NAMES)))}


def _table(found: list[Gaps]) -> Floats:
    return np.array([dataclasses.astuple(gap) for gap in found])


def _history(table: Floats) -> History:
    return history([Gaps(largest=largest, V=v, W=w) for largest, v, w in table])


@dataclass(frozen=True, kw_only=True)
class Found:
    """All numbers of the figure: by depth, and at infinite depth; distances of shape (depths, iterations kept, 4)."""

    times: list[int]
    """Numbers of iterations, those of the legend that were run, without the first, at which layers are equal."""
    depths: list[int]
    histories: dict[int, History]
    at_infinity: History
    steps: list[int]
    distances: Floats
    small: dict[tuple[str, int], History]
    reference: Floats | None
    tail: float
    nodes: int


def gather(scale: str, work: Work) -> Found:
    """Run all depths, the limit and the other readings."""
    size = SIZES[scale]
    if not size["reference"]:
        work = dataclasses.replace(work, jobs=1)  # every process needs the limit, which takes longest here
    common = {key: size[key] for key in ("iterations", "every", "tolerance")} | {"compiled": _compiled(scale)}
    depths, times = list(size["depths"]), [t for t in TIMES[1:] if t <= size["iterations"]]
    drawn = {**common, "reading": DRAWN, "distances": True}
    units = [{**drawn, "depth": depth, "gaps": True} for depth in depths]
    if size["reference"]:
        units.insert(0, {**drawn, "depth": size["reference"], "gaps": False})
    at_infinity = work.gather("infinite depth", limit_part, [common])[0]
    by_depth = dict(zip([unit["depth"] for unit in units], work.gather("depths", depth_part, units), strict=True))
    keys = [(reading, depth) for reading in READINGS for depth in SMALL]
    last = {**common, "distances": False, "gaps": True}
    others = [{**last, "reading": reading, "depth": depth, "iterations": SMALL[depth]} for reading, depth in keys]
    small = [_history(unpacked(part["gaps"])) for part in work.gather("readings", depth_part, others)]
    reference = by_depth.get(size["reference"])
    return Found(
        times=times,
        depths=depths,
        histories={depth: _history(unpacked(by_depth[depth]["gaps"])) for depth in depths},
        at_infinity=_history(unpacked(at_infinity["gaps"])),
        steps=list(range(0, size["iterations"] + 1, size["every"])),
        distances=np.array([unpacked(by_depth[depth]["distances"]) for depth in depths]),
        small=dict(zip(keys, small, strict=True)),
        reference=None if reference is None else unpacked(reference["distances"]),
        tail=at_infinity["tail"],
        nodes=at_infinity["nodes"],
    )


def _compiled(scale: str) -> bool:
    # Compiling takes longer than the small runs.
    return scale == "paper" and is_compiled(ACTIVATION, FIGURE_1.q, FIGURE_1.m)


def compute(scale: str, work: Work) -> Drawing:
    """Compute the numbers of the figure at a scale."""
    found = gather(scale, work)
    settings = {
        "n": FIGURE_1.n,
        "q = d = d'": FIGURE_1.q,
        "m": FIGURE_1.m,
        "activation": ACTIVATION,
        "learning rate": f"{FIGURE_1.rate} L",
        "seed": FIGURE_1.seed,
        "reading": READINGS[DRAWN].says,
        "depths": found.depths,
        "reference": SIZES[scale]["reference"],
        "iterations": SIZES[scale]["iterations"],
        "compared with the limit every": SIZES[scale]["every"],
        "limit": {"nodes": f"{NODES[0]} to {found.nodes}", "largest tail": found.tail},
        "gradient": "compiled" if _compiled(scale) else "numpy",
        "reduced": scale == "quick",
    }
    return Drawing(
        columns=COLUMNS,
        rows=_rows(found),
        settings=settings,
        checks=checks(found),
        draw=lambda pyplot: draw(pyplot, found, scale),
    )


def _rows(found: Found) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for t in found.times:
        for depth in found.depths:
            h = found.histories[depth]
            rows.append(("a", DRAWN, depth, t, float(h.largest[t - 1]), float(h.added[t - 1]), *[None] * 4))
        # At infinite depth: L times the largest gap, and the root of L times the gaps added.
        h = found.at_infinity
        rows.append(("a", DRAWN, "limit", t, float(h.largest[t - 1]), float(h.added[t - 1]), *[None] * 4))
    for (reading, depth), h in found.small.items():
        rows += [
            ("a", reading, depth, t, float(h.largest[t - 1]), float(h.added[t - 1]), *[None] * 4)
            for t in TIMES[1:]
            if t <= SMALL[depth]
        ]
    planes = list(zip(found.depths, found.distances, strict=True))
    if found.reference is not None:
        planes.append((REFERENCE_DEPTH, found.reference))
    for depth, plane in planes:
        rows += [
            ("b", DRAWN, depth, step, None, None, *map(float, plane[at])) for at, step in enumerate(found.steps) if step > 0
        ]
    return rows


def order(found: Found, t: int, quantity: str = "largest") -> Order:
    """Return the order in L of a quantity after t iterations."""
    depths = [depth for depth in found.depths if depth >= FIRST]
    measured = order_of_decay(depths, [float(getattr(found.histories[depth], quantity)[t - 1]) for depth in depths])
    if measured is None:
        raise AssertionError("gaps vanish")
    return measured


def checks(found: Found) -> tuple[Check, ...]:
    """Return what the caption and the text claim, and what the published picture is."""
    return (*_gap_checks(found), *_picture_checks(found), *_limit_checks(found))


def _gap_checks(found: Found) -> tuple[Check, ...]:
    orders = [order(found, t) for t in found.times]
    deepest = found.depths[-1]
    ratios = [float(found.histories[deepest].largest[t - 1] * deepest / found.at_infinity.largest[t - 1]) for t in found.times]
    curve = found.at_infinity.largest[[t - 1 for t in found.times]]
    powers = np.diff(np.log(curve)) / np.diff(np.log(found.times))
    return (
        Check(
            says="caption: the largest distance of neighbouring layers falls like 1/L at every training time",
            passed=all(each.agrees(1.0) for each in orders),
            figures={
                **{f"order after {t}": each.order for t, each in zip(found.times, orders, strict=True)},
                "lowest end": min(each.low for each in orders),
                "highest end": max(each.high for each in orders),
            },
        ),
        Check(
            says="ours: L times it is the supremum over depth and time of the slope of the limit, within 4/L",
            passed=all(abs(ratio - 1) <= 4 / deepest for ratio in ratios),
            figures={"depth": deepest, "smallest ratio": min(ratios), "largest ratio": max(ratios)},
        ),
        Check(
            says="text: the distance grows with training time at every depth, but slower than any exponential: its power falls",
            passed=bool(
                np.all(powers > 0)
                and np.all(np.diff(powers) < 0)
                and all(np.all(np.diff(h.largest[[t - 1 for t in found.times]]) > 0) for h in found.histories.values())
            ),
            figures={"power at first": float(powers[0]), "power at last": float(powers[-1])},
        ),
    )


def _picture_checks(found: Found) -> tuple[Check, ...]:
    halves = [order(found, t, "added") for t in found.times]
    slope = {t: np.log(PUBLISHED_1[2, t] / PUBLISHED_1[1014, t]) / np.log(1014 / 2) for t in (50, 450)}
    wanted = {t: PUBLISHED_1[2, t] for t in (50, 450)}
    away = {
        reading: max(abs(np.log(found.small[reading, 2].added[t - 1] / value)) for t, value in wanted.items())
        for reading in READINGS
    }
    early = TIMES[1] - 1
    orders = {
        key: float(np.log2(found.small[key, 16].largest[early] / found.small[key, 32].largest[early])) for key in READINGS
    }
    largest = max(abs(np.log(found.small[DRAWN, 2].largest[t - 1] / value)) for t, value in wanted.items())
    return (
        Check(
            says="the published curves fall like L^(-1/2), not 1/L: so does the root of the sum over layers and iterations",
            passed=all(each.agrees(0.5) for each in halves) and all(abs(value - 0.5) < 0.02 for value in slope.values()),
            figures={
                "ours at last": halves[-1].order,
                "lowest end": min(each.low for each in halves),
                "highest end": max(each.high for each in halves),
                **{f"published after {t}": float(value) for t, value in slope.items()},
            },
        ),
        Check(
            says="at two layers that root has the published values for one of four readings, and the largest distance has not",
            passed=bool(away[DRAWN] < NEAR < min(largest, *(value for key, value in away.items() if key != DRAWN))),
            figures={
                **{f"log ratio, {READINGS[key].says}": float(value) for key, value in away.items()},
                "log ratio, the largest distance": float(largest),
                **{f"{key} at L = 2 after 450": float(found.small[key, 2].added[449]) for key in READINGS},
            },
        ),
        Check(
            says="the largest distance falls like 1/L in every reading, from 16 to 32 layers after 50 iterations",
            passed=all(abs(value - 1) < 0.1 for value in orders.values()),
            figures={f"order, {READINGS[key].says}": value for key, value in orders.items()},
        ),
    )


def _limit_checks(found: Found) -> tuple[Check, ...]:
    last = {name: found.distances[:, -1, at] for at, name in enumerate(NAMES)}
    deep = [depth for depth in found.depths if depth >= FIRST]
    orders = {name: order_of_decay(deep, last[name][-len(deep) :]) for name in "VW"}
    deepest = found.distances[-1, 1:, :2]
    listed = [
        Check(
            says="caption: V and W converge to the limit of infinite depth, uniformly over training, like 1/L at its end",
            passed=all(each is not None and each.agrees(1.0) for each in orders.values())
            and bool(np.all(np.diff(found.distances[:, 1:, :2], axis=0) < 0)),
            figures={
                f"{end} of {name}": float(getattr(each, end))
                for name, each in orders.items()
                if each
                for end in ("order", "low", "high")
            },
        ),
        Check(
            says="text: convergence slows down with training time",
            passed=bool(np.all(np.diff(deepest, axis=0) > 0)),
            figures={
                f"{name}, {when}": float(deepest[at, col])
                for col, name in enumerate("VW")
                for when, at in (("first", 0), ("last", -1))
            },
        ),
    ]
    if found.steps[-1] == FIGURE_1.iterations:
        ends = {name: float(last[f"{name}-aligned"][0]) for name in "VW"}
        listed.append(
            Check(
                says="the distance at two layers at the end is the upper end of the published colours, within a factor of 1.5",
                passed=all(1 / 1.5 < ends[name] / PUBLISHED_DISTANCE[name] < 1.5 for name in "VW"),
                figures=ends | {f"published {name}": value for name, value in PUBLISHED_DISTANCE.items()},
            )
        )
    if found.reference is not None:
        shares = found.reference[1:, :2] / deepest
        listed.append(
            Check(
                says="the reference of 2^14 layers is itself away from the limit, by a sixteenth of the error at 1024 layers",
                passed=bool(np.all(np.abs(shares * REFERENCE_DEPTH / found.depths[-1] - 1) < 0.05)),
                figures={"smallest share": float(shares.min()), "largest share": float(shares.max())},
            )
        )
    return tuple(listed)


def draw(pyplot: Any, found: Found, scale: str) -> Any:
    """Draw the curves of both quantities and the two heat maps."""
    figure, axes = pyplot.subplots(1, 4, figsize=(12.2, 3.5), width_ratios=(1.1, 1.1, 1, 1))
    colours = pyplot.get_cmap("viridis")(np.linspace(0, 0.92, len(TIMES)))
    _draw_gaps(axes[0], found, colours, "largest", 1.0, "1/L", r"$\max_{k,t}\,\|Z_k-Z_{k+1}\|_F$")
    _draw_gaps(axes[1], found, colours, "added", 0.5, "$L^{-1/2}$", r"$(\sum_{k,t}\|V_k-V_{k+1}\|_F^2)^{1/2}$")
    for key, value in PUBLISHED_1.items():
        if key[1] <= found.times[-1]:
            axes[1].plot(key[0], value, "x", color="#D55E00", ms=6, mew=1.4, zorder=5)
    axes[1].plot([], [], "x", color="#D55E00", ms=6, mew=1.4, label="published, by eye")
    axes[1].legend(loc="lower left", fontsize=6.5)
    last = order(found, found.times[-1])
    axes[0].set_title(f"a   as the caption says: order {last.order:.2f}")
    axes[1].set_title(f"b   as published: order {order(found, found.times[-1], 'added').order:.2f}")
    for at, name in enumerate("VW"):
        _draw_map(figure, axes[2 + at], found, at, name, "cd"[at])
    words = "" if scale == "paper" else f"reduced scale: L up to {found.depths[-1]}, {found.steps[-1]} iterations of 500; "
    figure.supxlabel(
        f"{words}{READINGS[DRAWN].says}; dashes: slope of the limit, at infinite depth", fontsize=7.5, color="0.35"
    )
    return figure


def _draw_gaps(axes: Any, found: Found, colours: Any, quantity: str, power: float, guide: str, label: str) -> None:
    depths = np.array(found.depths, dtype=float)
    for t in found.times:
        colour = colours[TIMES.index(t)]
        values = [getattr(found.histories[depth], quantity)[t - 1] for depth in found.depths]
        axes.loglog(depths, values, "o-", ms=2.2, lw=1.3, color=colour)
        axes.loglog(depths, getattr(found.at_infinity, quantity)[t - 1] * depths**-power, "--", lw=0.7, color="0.15")
        if len(found.times) <= 4 or t % 100 == 50:  # more would cover each other
            axes.text(depths[-1] * 1.12, values[-1], str(t), fontsize=6, va="center", color=colour)
    base = getattr(found.histories[found.depths[0]], quantity)[found.times[0] - 1] / 4
    axes.loglog(depths, base * (depths / depths[0]) ** -power, ":", color="#D55E00", lw=1.2)
    axes.text(depths[0], base / 2.2, guide, fontsize=7, color="#D55E00")
    axes.set_xlim(depths[0] / 1.3, depths[-1] * 2.6)
    axes.set(xlabel="depth L", ylabel=label)


def _draw_map(figure: Any, axes: Any, found: Found, at: int, name: str, letter: str) -> None:
    from matplotlib.colors import LogNorm

    planes = [*found.distances[:, 1:, at]] + ([] if found.reference is None else [found.reference[1:, at]])
    labels = [str(depth) for depth in found.depths] + ([] if found.reference is None else ["$2^{14}$"])
    image = axes.pcolormesh(
        [step - (found.steps[1] / 2) for step in [*found.steps[1:], found.steps[-1] + found.steps[1]]],
        np.arange(len(planes) + 1),
        np.array(planes),
        norm=LogNorm(),
        cmap="BuPu",
        rasterized=True,
    )
    axes.set_yticks(np.arange(len(planes)) + 0.5, labels)
    axes.minorticks_off()
    axes.invert_yaxis()
    axes.set(xlabel="training iteration", ylabel="depth L" if at == 0 else "")
    script = rf"\mathcal{{{name}}}"
    axes.set_title(rf"{letter}   $(\int\|{script}^L-{script}\|_F^2)^{{1/2}}$")
    figure.colorbar(image, ax=axes)
