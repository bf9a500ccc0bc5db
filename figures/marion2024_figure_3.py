"""Figure ``marion2024.figure-3``: an entry of each trained convolution across depth, GELU, weight-tied and i.i.d. start.

What the paper tells by eye from one entry is told here from all of them: von Neumann's ratio against other orders of the same
layers, and how gaps grow with the stride.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from figures.marion2024_convolutional import COLOURS, NAMES, TAKES, Found, gather
from figures.registry import Check, Drawing, Options
from figures.work import Work
from numerics.smoothness import entry_ratios
from theory.marion2024.convolutional import CONVOLUTIONS, LEVEL, verdict

__all__ = ["TAKES", "compute"]
CELLS = (("gelu", "tied"), ("gelu", "iid"))
COLUMNS = ("start", "layer", *CONVOLUTIONS)


def compute(scale: str, work: Work, options: Options) -> Drawing:
    """Compute the numbers of the figure at a scale."""
    found = gather(scale, work, options, CELLS, runs=1)
    rows = [
        (cell[1], k + 1, *values)
        for cell, results in found.results.items()
        for result in results
        for k, values in enumerate(zip(*(result["entries"][name]["values"] for name in CONVOLUTIONS), strict=True))
    ]
    places = {
        f"{name}, {start}": [index + 1 for index in result["entries"][name]["place"]]
        for (_, start), results in found.results.items()
        for result in results
        for name in CONVOLUTIONS
    }
    return Drawing(
        columns=COLUMNS,
        rows=rows,
        settings={**found.settings, "activation": "gelu", "entries, from 1": places},
        seeds=found.seeds,
        checks=tuple(_check(found, cell) for cell in CELLS if found.results[cell]),
        draw=lambda pyplot: draw(pyplot, found),
    )


def _check(found: Found, cell: tuple[str, str]) -> Check:
    tied, result = cell[1] == "tied", found.results[cell][0]
    measured = result["measured"]
    kinds = [verdict(measured[name]) for name in CONVOLUTIONS]
    figures: dict[str, float] = {}
    for name in CONVOLUTIONS:
        drawn = entry_ratios(np.array(result["entries"][name]["values"])[:, None])
        parts = {key: measured[name][key] for key in ("ratio", "critical", "p_value", "exponent", "mean_gap")}
        parts["ratio of the entry drawn"] = float(drawn[0]) if len(drawn) else None
        figures |= {f"{name} {key}": value for key, value in parts.items() if value is not None}
    return Check(
        says="caption: a weight-tied start leads to smooth weights: both convolutions are smooth in depth"
        if tied
        else "caption: an i.i.d. start leads to weights that are not smooth: neither convolution is smooth in depth",
        # Layers that training left equal show nothing: they support neither claim.
        passed=all(kind == "smooth" for kind in kinds) if tied else not {"smooth", "constant"} & set(kinds),
        figures=figures,
        decides=found.published,
    )


def draw(pyplot: Any, found: Found) -> Any:
    """Draw both panels."""
    figure, panels = pyplot.subplots(1, 2, figsize=(7.6, 3.2))
    for axes, cell, letter in zip(panels, CELLS, "ab", strict=True):
        for result in found.results[cell]:
            for name in CONVOLUTIONS:
                values = result["entries"][name]["values"]
                axes.plot(np.arange(1, len(values) + 1), values, color=COLOURS[name], label=f"$i={name[-1]}$")
            words = "\n".join(_says(result["measured"][name], name) for name in CONVOLUTIONS)
            axes.set_title(f"{letter}   GELU, {NAMES[cell[1]]} start\n{words}", fontsize=7.5)
        axes.set(xlabel="layer $k$", ylabel=r"an entry of $\mathrm{conv}_{i,k}$")
        axes.legend(loc="best")
    figure.supxlabel(found.words, fontsize=6.5, color="0.35")
    return figure


def _says(measured: dict[str, Any], name: str) -> str:
    if measured["ratio"] is None:
        return f"$i={name[-1]}$: constant"
    chance = f"p < {LEVEL}" if measured["p_value"] <= LEVEL else f"p = {measured['p_value']:.2g}"
    return f"$i={name[-1]}$: {verdict(measured)}, ratio {measured['ratio']:.2g}, {chance}"
