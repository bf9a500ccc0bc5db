"""Figure ``marion2024.figure-4``: mean distance of successive trained convolutions, from weight-tied and from i.i.d. layers.

Left as published, for GELU; right for all activations, relative to the norm of the layers: a batch normalization follows each
convolution, so that the network does not depend on the scale of its weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from figures.marion2024_convolutional import COLOURS, NAMES, TAKES, Found, gather
from figures.registry import Check, Drawing, Options
from figures.work import Work
from theory.marion2024.convolutional import CELLS, CONVOLUTIONS, DECADE, FIGURE_4, gap_factor, mean_gaps

__all__ = ["TAKES", "compute"]
ACTIVATION = "gelu"
COLUMNS = ("activation", "start", "run", "convolution", "mean_gap", "norm", "relative_gap")
STARTS = ("tied", "iid")


def compute(scale: str, work: Work, options: Options) -> Drawing:
    """Compute the numbers of the figure at a scale."""
    found = gather(scale, work, options)
    rows = [
        (*cell, at, name, *(float(value) for value in (gap, gap / share, share)))
        for cell, results in found.results.items()
        for name in CONVOLUTIONS
        for at, (gap, share) in enumerate(
            zip(mean_gaps(results, name), mean_gaps(results, name, relative=True), strict=True) if results else ()
        )
    ]
    settings = {
        **found.settings,
        "read off the published figure": {f"{start}, {name}": value for (start, name), value in FIGURE_4.items()},
        "about ten": f"a factor above {DECADE:.3g}, nearer to 10 than to 1 on a logarithmic scale",
    }
    return Drawing(
        columns=COLUMNS,
        rows=[row if row[-1] else (*row[:5], None, row[-1]) for row in rows],
        settings=settings,
        seeds=found.seeds,
        checks=checks(found),
        draw=lambda pyplot: draw(pyplot, found),
    )


def factors(found: Found, activation: str, *, relative: bool) -> dict[str, float]:
    """Return how many times larger the gaps from i.i.d. layers are, of each convolution; nothing without networks."""
    tied, iid = (found.results[activation, start] for start in STARTS)
    if not tied or not iid:
        return {}
    return {f"{activation} {name}": gap_factor(tied, iid, name, relative=relative) for name in CONVOLUTIONS}


def checks(found: Found) -> tuple[Check, ...]:
    """Return what the appendix says of the figure."""
    printed = factors(found, ACTIVATION, relative=False)
    all_relative = {
        key: value for name in ("identity", "gelu", "relu") for key, value in factors(found, name, relative=True).items()
    }
    both = [value for key, value in all_relative.items() if key.startswith(ACTIVATION)]
    return (
        Check(
            says="text: a smooth start leads to weights an order of magnitude smoother: mean gaps, i.i.d. over tied",
            passed=bool(printed) and min(printed.values()) > DECADE,
            figures=printed,
            decides=found.published,
        ),
        Check(
            says="the same relative to the norm of the layers, GELU (the other activations beside it)",
            passed=bool(both) and min(both) > DECADE,
            figures=all_relative,
            decides=found.published,
        ),
    )


def draw(pyplot: Any, found: Found) -> Any:
    """Draw both panels."""
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(7.6, 3.2))
    for name in CONVOLUTIONS:
        shift = -0.06 if name == "conv1" else 0.06
        for at, start in enumerate(STARTS):
            results = found.results[ACTIVATION, start]
            _values(left, at + shift, mean_gaps(results, name) if results else np.array([]), COLOURS[name])
            left.plot(at + shift, FIGURE_4[start, name], "x", color="#D55E00", ms=5, mew=1.0)
        left.plot([], [], "o", color=COLOURS[name], label=f"$i={name[-1]}$")
        for at, (activation, start) in enumerate(CELLS):
            results = found.results[activation, start]
            values = mean_gaps(results, name, relative=True) if results else np.array([])
            _values(right, at + shift, values, COLOURS[name])
    left.plot([], [], "x", color="#D55E00", label="published (CIFAR-10, L = 256), by eye")
    left.set_xticks([0, 1], [f"{NAMES[start]} start" for start in STARTS])
    left.set_xlim(-0.5, 1.5)
    right.set_xticks(range(len(CELLS)), [f"{NAMES[a]}\n{NAMES[s]}" for a, s in CELLS], fontsize=6.5)
    left.set(yscale="log", ylabel=r"mean $\|\mathrm{conv}_{i,k+1}-\mathrm{conv}_{i,k}\|_F$")
    right.set(yscale="log", ylabel="the same over the norm of the layers")
    left.set_title("a   GELU")
    right.set_title("b   relative, all activations")
    left.legend(loc="upper left", fontsize=6.8)
    figure.supxlabel(found.words, fontsize=6.5, color="0.35")
    return figure


def _values(axes: Any, at: float, values: Any, colour: str) -> None:
    """Draw a point for each network, and a line from the first to the third quartile."""
    # A gap of 0 has no place on a logarithmic axis.
    values = values[values > 0]
    if len(values):
        low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
        axes.plot([at, at], [low, high], color=colour, lw=3, alpha=0.4)
        axes.plot([at - 0.05, at + 0.05], [middle, middle], color=colour, lw=1.4)
        axes.plot(np.full(len(values), at), values, "o", color=colour, ms=3.5)
