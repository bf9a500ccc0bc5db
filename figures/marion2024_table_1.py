"""Table ``marion2024.table-1``: accuracy and smoothness of trained networks by activation and start, beside the published."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from figures.marion2024_convolutional import NAMES, TAKES, Cell, Found, gather
from figures.registry import Check, Drawing, Options
from figures.work import Work
from theory.marion2024.convolutional import (
    CELLS,
    CONVOLUTIONS,
    LEVEL,
    SMOOTH,
    TABLE_1,
    accuracies,
    gains_by_activation,
    gains_without_smoothness,
    median_and_range,
    share_smooth,
    verdict,
)

__all__ = ["TAKES", "compute"]
CLOSE = 3.0
"""Percent by which accuracies may differ from the published ones."""
MEASURED = ("ratio", "p_value", "critical", "deviation", "exponent", "mean_gap", "norm", "moved_ratio", "moved")
WHERE = ("conv1", "conv2", "bn2")
COLUMNS = (
    "activation",
    "start",
    "run",
    "train",
    "test",
    "best_test",
    "smooth",
    *(f"{key}_{name}" for name in WHERE for key in MEASURED),
)


def compute(scale: str, work: Work, options: Options) -> Drawing:
    """Compute the numbers of the table at a scale."""
    found = gather(scale, work, options)
    settings = {
        **found.settings,
        "published": {f"{a}, {s}": vars(row) for (a, s), row in TABLE_1.items()},
        "accuracy": "along the final epoch, on moved images, and on the test images after it",
    }
    return Drawing(
        columns=COLUMNS,
        rows=_rows(found),
        settings=settings,
        seeds=found.seeds,
        checks=checks(found),
        draw=lambda pyplot: draw(pyplot, found),
    )


def _rows(found: Found) -> list[tuple[Any, ...]]:
    rows = []
    for cell, results in found.results.items():
        for at, result in enumerate(results):
            shares = [float(accuracies([result], which)[0]) for which in ("train", "test", "best")]
            measured = [result["measured"].get(name, {}).get(key) for name in WHERE for key in MEASURED]
            rows.append((*cell, at, *shares, share_smooth([result]) == 1.0, *measured))
    return rows


def medians(found: Found, which: str) -> dict[Cell, float]:
    """Return the median accuracy of each row in percent."""
    return {cell: median_and_range(accuracies(found.results[cell], which))[0] for cell in CELLS}


def median_of(found: Found, cell: Cell, name: str, key: str) -> float:
    """Return the median over networks of something measured, NaN where there is none."""
    values = [result["measured"][name][key] for result in found.results[cell]]
    kept = [value for value in values if value is not None]
    return float(np.median(kept)) if kept else math.nan


def _smooth_check(found: Found, says: str, cells: tuple[Cell, ...]) -> Check:
    shares = {cell: share_smooth(found.results[cell]) for cell in cells}
    figures = {f"{a} {s}, share smooth": share for (a, s), share in shares.items()}
    for a, s in cells:
        for name in CONVOLUTIONS:
            for key in ("ratio", "p_value", "exponent"):
                figures[f"{a} {s} {name} {key}"] = median_of(found, (a, s), name, key)
    return Check(
        says=says,
        passed=all((share > 0.5) == TABLE_1[cell].smooth and share != 0.5 for cell, share in shares.items()),
        figures=_finite(figures),
        decides=found.published,
    )


def _finite(values: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if math.isfinite(value)}


def checks(found: Found) -> tuple[Check, ...]:
    """Return what table and text claim."""
    test, train = medians(found, "test"), medians(found, "train")
    better = {f"test, {key}": value for key, value in gains_without_smoothness(test).items()}
    better |= {f"training, {key}": value for key, value in gains_without_smoothness(train).items()}
    order = {f"test, {key}": value for key, value in gains_by_activation(test).items()}
    order |= {f"training, {key}": value for key, value in gains_by_activation(train).items()}
    tied, iid = (("identity", "tied"), ("gelu", "tied")), tuple((a, "iid") for a in ("identity", "gelu", "relu"))
    return (
        _smooth_check(found, "table, lines 1 and 3: smooth activations and a weight-tied start end with smooth weights", tied),
        _smooth_check(
            found, "table, line 5: with ReLU a weight-tied start ends with weights that are not smooth", (("relu", "tied"),)
        ),
        _smooth_check(found, "table, lines 2, 4 and 6: an i.i.d. start ends with weights that are not smooth", iid),
        Check(
            says="text: accuracy improves where weights are not smooth: gains over weight-tied GELU, in percent",
            passed=all(value > 0 for value in better.values()),
            figures=_finite(better),
            decides=found.published,
        ),
        Check(
            says="table: ReLU is more accurate than GELU, and GELU than the identity: gains in percent",
            passed=all(value > 0 for value in order.values()),
            figures=_finite(order),
            decides=found.published,
        ),
        Check(
            says="no training diverges",
            passed=found.diverged == 0,
            figures={"diverged": float(found.diverged)},
        ),
        *([_agreement(test, train)] if found.published else []),
    )


def _agreement(test: dict[Cell, float], train: dict[Cell, float]) -> Check:
    gaps = {f"{a} {s}, test": test[a, s] - TABLE_1[a, s].test for a, s in CELLS}
    gaps |= {f"{a} {s}, training": train[a, s] - TABLE_1[a, s].train for a, s in CELLS}
    return Check(
        says=f"the accuracies are the published ones up to {CLOSE:g} percent: ours less theirs",
        passed=all(abs(gap) <= CLOSE for gap in gaps.values()),
        figures=_finite(gaps),
    )


HEADS = (
    "activation",
    "start",
    "training acc.\n(published, CIFAR-10)",
    "test acc.\n(published, CIFAR-10)",
    "ratio of conv 1, 2\n(random order: 1)",
    "exponent of conv 1, 2\n(smooth: 1)",
    "conv 1, 2 are",
    "published,\nby eye",
)
PLACES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.93)


def draw(pyplot: Any, found: Found) -> Any:
    """Draw the table."""
    figure, axes = pyplot.subplots(figsize=(9.6, 2.9))
    axes.set(xlim=(0, 1), ylim=(-6.4, 1.4))
    axes.axis("off")
    for x, words in zip(PLACES, HEADS, strict=True):
        axes.text(x, 0.75, words, va="center", fontsize=7.2)
    for y, width in ((1.35, 1.2), (0.1, 0.6), (-2, 0.3), (-4, 0.3), (-6.05, 1.2)):
        axes.axhline(y + 0.02, color="0.2", lw=width)
    for row, cell in enumerate(CELLS):
        for x, words in zip(PLACES, _words(found, cell), strict=True):
            axes.text(x, -0.45 - row, words, va="center", fontsize=7.6)
    rule = f"smooth: p ≤ {LEVEL} and exponent > {SMOOTH}; rough: p > {LEVEL}"
    figure.supxlabel(f"{rule}\n{found.words}", fontsize=6.5, color="0.35")
    return figure


def _words(found: Found, cell: Cell) -> tuple[str, ...]:
    results, published = found.results[cell], TABLE_1[cell]
    names = (NAMES[cell[0]] if cell[1] == "tied" else "", NAMES[cell[1]])
    known = (f"({published.train} ± {published.train_spread})", f"({published.test} ± {published.test_spread})")
    by_eye = "smooth" if published.smooth else "not smooth"
    if not results:
        return (*names, f"–  {known[0]}", f"–  {known[1]}", "–", "–", "diverged", by_eye)
    shares = []
    for which, words in zip(("train", "test"), known, strict=True):
        middle, spread = median_and_range(accuracies(results, which))
        shares.append(f"{middle:.1f}" + (f" ± {spread:.1f}" if len(results) > 1 else "") + f"  {words}")
    pairs = [
        ", ".join(_number(median_of(found, cell, name, key), digits) for name in CONVOLUTIONS)
        for key, digits in (("ratio", ".2g"), ("exponent", ".2f"))
    ]
    return (*names, *shares, *pairs, _verdicts(results), by_eye)


def _number(value: float, digits: str) -> str:
    return "–" if math.isnan(value) else format(value, "z" + digits)


def _verdicts(results: list[dict[str, Any]]) -> str:
    """Return the verdict of most networks on each convolution, once where both are the same."""
    kinds = [Counter(verdict(result["measured"][name]) for result in results).most_common(1)[0] for name in CONVOLUTIONS]
    words = [kind if count == len(results) else f"{kind} ({count}/{len(results)})" for kind, count in kinds]
    return words[0] if words[0] == words[1] else ", ".join(words)
