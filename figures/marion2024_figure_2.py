r"""Figure ``marion2024.figure-2``: an entry of V and of W across layers along 80,000 iterations, and the loss.

The published text judges smoothness by eye. Here von Neumann's ratio of all layers is compared with its values when the same
layers are put in other orders, and gaps of layers 1, 2 and 4 apart give the exponent of depth, 1 for a smooth function.

The file is long because a figure keeps what it runs, checks and draws in one place.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figures.registry import Check, Drawing
from figures.work import Work
from numerics.layer_smoothness import distances, permutation_test, stride_exponent
from numerics.packing import packed, unpacked
from numerics.residual_kernel import is_compiled
from theory.marion2024.experiments import (
    ACTIVATION,
    DEPTH_2,
    DRAWN,
    FIGURE_2,
    PUBLISHED_LOSS,
    READINGS,
    descend,
    gaps,
)
from theory.marion2024.statements.figure_2 import gelu_constants

Floats = NDArray[np.float64]
SIZES: dict[str, dict[str, Any]] = {
    "quick": {"parts": 10, "part": 100, "depth": DEPTH_2, "kept": 4},
    "paper": {"parts": 40, "part": 2000, "depth": DEPTH_2, "kept": 5},
}
"""A part is so many iterations; so many of its iterates are kept, evenly spaced."""
ENTRY = (3, 2)
"""Row and column of the entries that are drawn."""
ORDERS, LEVEL = 999, 0.01
SMOOTH = 0.75
"""An exponent of depth above it is nearer to 1, a smooth function, than to 1/2, a random walk."""
COLUMNS = (
    "panel",
    "iteration",
    "layer",
    "V",
    "W",
    "loss",
    "gap",
    "ratio_V",
    "ratio_W",
    "p_V",
    "p_W",
    "exponent_V",
    "exponent_W",
)


def part(parameters: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    """Go on with the descent for one part, and keep an entry of the layers at some steps, and the loss and gap at all.

    Parameters
    ----------
    parameters
        Depth, iterations of a part and how many of its iterates to keep.
    state
        V, W and the number of the first step; empty at the start.

    Returns
    -------
    dict
        The state after the part, with what the part has found.
    """
    first, length = state.get("step", 0), parameters["part"]
    start = (unpacked(state["V"]), unpacked(state["W"])) if state else None
    losses, largest, kept = [], [], []
    every = length // parameters["kept"]
    run = descend(FIGURE_2, parameters["depth"], start=start, first=first, compiled=parameters["compiled"])
    for iterate in islice(run, length + 1):
        if iterate.step == first + length:
            break
        losses.append(iterate.loss)
        largest.append(gaps(FIGURE_2, iterate.V, iterate.W).largest)
        if (iterate.step - first) % every == 0:
            kept.append(_entries(iterate.V, iterate.W))
    return {
        "step": iterate.step,
        "V": packed(iterate.V),
        "W": packed(iterate.W),
        "loss": iterate.loss,
        "losses": packed(np.array(losses)),
        "gaps": packed(np.array(largest)),
        "entries": packed(np.array(kept)),
    }


def _entries(v: Floats, w: Floats) -> Floats:
    row, column = ENTRY
    by_v, by_w = FIGURE_2.units
    return np.array([v[:, row, column] * by_v, w[:, row, column] * by_w])


class Found:
    """The run, put together from its parts."""

    def __init__(self, states: list[dict[str, Any]], parameters: dict[str, Any]) -> None:
        """Unpack the states of the parts."""
        self.depth, self.length, self.kept = parameters["depth"], parameters["part"], parameters["kept"]
        self.steps: list[int] = [state["step"] for state in states]
        self.losses = np.concatenate([*(unpacked(state["losses"]) for state in states), [states[-1]["loss"]]])
        self.gaps = np.concatenate([unpacked(state["gaps"]) for state in states])
        self.layers = [(unpacked(state["V"]), unpacked(state["W"])) for state in states]
        last = _entries(*self.layers[-1])[None]
        self.entries = np.concatenate([*(unpacked(state["entries"]) for state in states), last])
        every = self.length // self.kept
        firsts = [step - self.length for step in self.steps]
        self.entry_steps = [first + at * every for first in firsts for at in range(self.kept)] + [self.steps[-1]]
        self.smooth = [[_smoothness(layers) for layers in pair] for pair in self.layers]

    def moved(self, since: int) -> float:
        """Return the root mean square over layers of how far the weights moved from the end of a part to the last."""
        pairs = zip(self.layers[-1], self.layers[since], FIGURE_2.units, strict=True)
        return float(np.sqrt(sum(np.sum((after - before) ** 2) * unit**2 for after, before, unit in pairs) / self.depth))


def _smoothness(layers: Floats) -> tuple[float, float, float]:
    """Return von Neumann's ratio, its chance under random orders and the exponent of depth."""
    found = distances(list(layers))
    return found.ratio, permutation_test(found.squared, orders=ORDERS).p_value, stride_exponent(found.lagged).slope


def compute(scale: str, work: Work) -> Drawing:
    """Compute the numbers of the figure at a scale."""
    size = SIZES[scale]
    # Compiling takes longer than the small run.
    compiled = scale == "paper" and is_compiled(ACTIVATION, FIGURE_2.q, FIGURE_2.m)
    parameters = {"depth": size["depth"], "part": size["part"], "kept": size["kept"], "compiled": compiled}
    found = Found(work.chain("iterations", part, parameters, {}, size["parts"]), parameters)
    settings = {
        "n": FIGURE_2.n,
        "q = d = d'": FIGURE_2.q,
        "m": FIGURE_2.m,
        "L": size["depth"],
        "activation": ACTIVATION,
        "learning rate": f"{FIGURE_2.rate} L",
        "iterations": found.steps[-1],
        "seed": FIGURE_2.seed,
        "reading": READINGS[DRAWN].says,
        "entry": {"row": ENTRY[0] + 1, "column": ENTRY[1] + 1},
        "smoothness": {"orders": ORDERS, "level": LEVEL},
        "gradient": "compiled" if compiled else "numpy",
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
    for step, pair in zip(found.entry_steps, found.entries, strict=True):
        rows += [("a", step, k + 1, float(pair[0, k]), float(pair[1, k]), *[None] * 8) for k in range(found.depth)]
    # The loss a hundred times or so a part, which is how finely it is drawn.
    thin = range(0, len(found.losses), max(found.length // 100, 1))
    rows += [("b", at, None, None, None, float(found.losses[at]), *[None] * 7) for at in thin]
    for step, (v, w) in zip(found.steps, found.smooth, strict=True):
        loss, gap = float(found.losses[step]), float(found.gaps[step - 1])
        rows.append(("smoothness", step, None, None, None, loss, gap, v[0], w[0], v[1], w[1], v[2], w[2]))
    return rows


def checks(found: Found) -> tuple[Check, ...]:
    """Return what caption and text claim."""
    # Early on the gaps still grow in proportion to time: nothing to be seen at the reduced scale.
    whole = (_lipschitz_check(found),) if found.steps[-1] >= FIGURE_2.iterations else ()
    return (*_loss_checks(found), *_smooth_checks(found), *_limit_checks(found), *whole)


def _loss_checks(found: Found) -> tuple[Check, ...]:
    first, last = float(found.losses[0]), float(found.losses[-1])
    rises = int(np.sum(np.diff(found.losses) >= 0))
    whole = found.steps[-1] >= FIGURE_2.iterations
    starts = {reading.says: 2.0 if reading.coordinates else 2.0 * FIGURE_2.q for reading in READINGS.values()}
    return (
        Check(
            says="the loss starts near the published one, where the printed loss would start near 2d"
            + (", and ends within a factor of 10 of it" if whole else ""),
            passed=abs(first / PUBLISHED_LOSS[0] - 1) < 0.25 and (not whole or 0.1 < last / PUBLISHED_LOSS[1] < 10),
            figures={
                "first": first,
                "published first": PUBLISHED_LOSS[0],
                "last": last,
                "published last": PUBLISHED_LOSS[1],
                **{f"mean first, {says}": value for says, value in starts.items()},
            },
        ),
        Check(
            says="text: the loss decays towards zero: it falls at every iteration, to less than half in all",
            passed=rises == 0 and last < first / 2,
            figures={"iterations that raise it": rises, "share left": last / first},
        ),
    )


def _smooth_checks(found: Found) -> tuple[Check, ...]:
    ratios, chances, exponents = (np.array([[each[at] for each in pair] for pair in found.smooth]) for at in range(3))
    return (
        Check(
            says="text: at every training time V and W are smooth in depth: more than the same layers in other orders",
            passed=bool(np.all(chances <= LEVEL) and np.all(exponents > SMOOTH)),
            figures={
                "largest chance": float(chances.max()),
                "largest ratio": float(ratios.max()),
                "smallest exponent": float(exponents.min()),
                "ratio of random layers": 1.0,
                "exponent of a random walk": 0.5,
            },
        ),
    )


def _lipschitz_check(found: Found) -> Check:
    largest = np.array([found.gaps[step - 1] for step in found.steps]) * found.depth
    first, middle, last = (float(largest[at]) for at in (0, len(largest) // 2, -1))
    return Check(
        says="text: one Lipschitz constant serves all training times: L times the largest gap grows less in the last half",
        passed=last - middle < middle - first,
        figures={"after the first part": first, "half way": middle, "last": last},
    )


def _limit_checks(found: Found) -> tuple[Check, ...]:
    parts = len(found.steps)
    moves = [found.moved(at) for at in (parts // 4 - 1, parts // 2 - 1, 3 * parts // 4 - 1)]
    needed = float(gelu_constants(1.0).c_1) * FIGURE_2.n
    return (
        Check(
            says="text: the weights converge: how far they still move falls with training time, faster than the time left",
            passed=moves[0] - moves[1] > moves[1] - moves[2] > 0,
            figures={f"moved after {share} of the run": move for share, move in zip(("1/4", "1/2", "3/4"), moves, strict=True)},
        ),
        Check(
            says="the text has m large enough for Theorem 6: with its constants it is not, it is only above n",
            passed=FIGURE_2.n < FIGURE_2.m < needed,
            figures={"m": FIGURE_2.m, "n": FIGURE_2.n, "m asked for": needed},
        ),
    )


def draw(pyplot: Any, found: Found, scale: str) -> Any:
    """Draw the entries across layers and the loss."""
    figure, axes = pyplot.subplots(1, 3, figsize=(10.2, 3.3))
    layers, count = np.arange(1, found.depth + 1), len(found.entries)
    colours = pyplot.get_cmap("viridis")(np.linspace(0, 0.95, count))
    for at, name in enumerate("VW"):
        for colour, pair in zip(colours, found.entries, strict=True):
            axes[at].plot(layers, pair[at], color=colour, lw=0.6)
        axes[at].plot(layers, found.entries[-1][at], color=colours[-1], lw=1.6)
        row, column = (index + 1 for index in ENTRY)
        axes[at].set(xlabel="layer k", ylabel=rf"entry ({row}, {column}) of ${name}_k$")
        ratio, chance, exponent = found.smooth[-1][at]
        chance_words = f"p < {LEVEL}" if chance <= LEVEL else f"p = {chance:.2g}"
        axes[at].set_title(f"{'ab'[at]}   {name}: ratio {ratio:.1e}, {chance_words}, exponent {exponent:.2f}")
    steps = np.arange(len(found.losses))
    axes[2].semilogy(steps, found.losses, color="#0072B2", lw=1.4)
    for x, value in zip((0, FIGURE_2.iterations), PUBLISHED_LOSS, strict=True):
        if x <= steps[-1]:
            axes[2].plot(x, value, "x", color="#D55E00", ms=6, mew=1.4)
    axes[2].plot([], [], "x", color="#D55E00", label="published, by eye")
    axes[2].legend(loc="upper right", fontsize=6.8)
    axes[2].set(xlabel="training iteration", ylabel="loss")
    axes[2].set_title(f"c   loss, {found.losses[0]:.2f} to {found.losses[-1]:.1e}")
    words = "" if scale == "paper" else f"reduced scale: {steps[-1]} iterations of {FIGURE_2.iterations}; "
    figure.supxlabel(
        f"{words}L = {found.depth}, n = {FIGURE_2.n}, m = {FIGURE_2.m}; lighter is later", fontsize=7.5, color="0.35"
    )
    return figure
