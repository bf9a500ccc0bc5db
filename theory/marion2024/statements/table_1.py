r"""What Table 1, Figures 3 and 4 claim of convolutional residual networks: which trained weights are smooth in depth.

The networks are those of :mod:`theory.marion2024.convolutional` on the digits that scikit-learn ships, shallower and trained
for less: a claim can be supported here, and not refuted. Smooth is a statistic with a null, not an impression.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from theory.marion2024.convolutional import CONVOLUTIONS, DECADE, SMOOTH, gap_factor, train_run, verdict
from theory.marion2024.setting import PAPER
from theory.statement import Trend, changed
from theory.study import Reading, Size, Study, Unit, opposite

PAGE = f"{PAPER}, Section 5.2, Table 1 and Figure 3, page 9; Figure 4, page 40"
Results = Sequence[Any]
NETS = (("gelu", "tied"), ("gelu", "iid"), ("identity", "tied"))


def _sizes(nets: Sequence[tuple[str, str]], counts: dict[str, tuple[int, int, int]]) -> Callable[[str], Size]:
    """Return the sizes of a study: seeds, depth and epochs by profile."""

    def units(seed: int, depth: int, epochs: int) -> list[Unit]:
        same = {"data": "digits", "seed": seed, "depth": depth, "epochs": epochs}
        return [same | {"activation": activation, "start": start} for activation, start in nets]

    def size(scale: str) -> Size:
        seeds, depth, epochs = counts[scale]
        says = f"digits of scikit-learn, 8 x 8, not CIFAR-10; L = {depth}, not 256; {epochs} epochs, not 180; {seeds} seeds"
        return Size(says=says, replicates=[units(seed, depth, epochs) for seed in range(seeds)])

    return size


nets = Study(
    name="convolutional networks",
    run=train_run,
    size=_sizes(NETS, {"quick": (5, 12, 4), "standard": (6, 32, 20), "nightly": (6, 64, 40)}),
    cost=6.0,
)
relu = Study(
    name="convolutional networks with ReLU",
    run=train_run,
    size=_sizes((("relu", "tied"),), {"quick": (5, 12, 14), "standard": (6, 32, 20), "nightly": (6, 64, 40)}),
    cost=7.0,
)


def _smooth(at: int) -> Callable[[Results], float]:
    """Return the reading by how much both convolutions of a network are smooth: positive where they are."""

    def read(results: Results) -> float:
        if results[at]["diverged"]:
            return math.nan
        found = [results[at]["measured"][name] for name in CONVOLUTIONS]
        margins = [(record["exponent"] - SMOOTH) if verdict(record) in {"smooth", "between"} else -SMOOTH for record in found]
        return float(min(margins))

    return read


def _not_smooth(at: int) -> Callable[[Results], float]:
    return lambda results: -_smooth(at)(results)


def _both(results: Results) -> float:
    return min(_smooth(0)(results), _not_smooth(1)(results))


apart = (Reading(says=f"exponents of depth of tied and i.i.d. GELU on either side of {SMOOTH}", of=_both),)
exchanged = (Reading(says="the same with the starts exchanged", of=lambda results: _both([results[1], results[0]])),)
figure_3 = Trend(
    id="marion2024.figure-3",
    title="with GELU, tied layers end smooth in depth and i.i.d. layers do not",
    says=(
        "Figure 3 and rows 3 and 4 of Table 1: trained from a weight-tied start the convolutions are smooth functions of the"
        " layer, trained from an i.i.d. start they are not. Read per seed, of all entries of both convolutions: von Neumann's"
        " ratio is below that of all but 1% of other orders of the layers, and the exponent with which gaps grow with the"
        f" stride is above {SMOOTH} (1 for a smooth function, 1/2 for a random walk); for the i.i.d. start not both."
    ),
    formula=r"\|Z_{k+j}-Z_k\|\propto j\ \text{(tied)},\qquad\not\propto j\ \text{(i.i.d.)}",
    source=PAGE,
    study=nets,
    readings=apart,
    mutants=(changed("the starts exchanged", readings=exchanged),),
)
identity = (Reading(says=f"identity, tied: exponent of depth over {SMOOTH}", of=_smooth(2)),)
linear = Trend(
    id="marion2024.table-1.part-identity",
    title="with the identity, tied layers end smooth in depth",
    says="Row 1 of Table 1: with the identity as activation the trained weights are smooth from a weight-tied start.",
    formula=r"\|Z_{k+j}-Z_k\|\propto j",
    source=PAGE,
    study=nets,
    readings=identity,
    mutants=(changed("the i.i.d. start with GELU", readings=(Reading(says="called smooth", of=_smooth(1)),)),),
)
rough = (Reading(says=f"ReLU, tied: {SMOOTH} over the exponent of depth", of=_not_smooth(0)),)
kinked = Trend(
    id="marion2024.table-1.part-relu",
    title="with ReLU, tied layers do not end smooth in depth",
    says=(
        "Row 5 of Table 1: with ReLU the trained weights are not smooth, even from a weight-tied start. They are no i.i.d."
        " layers either: their ratio is far below 1 and their exponent near that of a random walk, which the table's two values"
        " hide."
    ),
    formula=r"\|Z_{k+j}-Z_k\|\not\propto j",
    source=PAGE,
    study=relu,
    readings=rough,
    mutants=(changed("the opposite", readings=opposite(rough)),),
)


def _factor(results: Results) -> float:
    if any(result["diverged"] for result in results[:2]):
        return math.nan
    factors = [gap_factor([results[0]], [results[1]], name) for name in CONVOLUTIONS]
    return math.log(min(factors) / DECADE)


decade = (Reading(says="logarithm of the factor of the mean gaps over that of the root of ten", of=_factor),)
figure_4 = Trend(
    id="marion2024.figure-4",
    title="from tied layers successive layers are an order of magnitude closer than from i.i.d. ones",
    says=(
        "Figure 4: the mean distance of successive layers after training is an order of magnitude smaller from a weight-tied"
        " start. Read per seed: the factor is nearer to ten than to one, on a logarithmic scale, or larger, for both"
        " convolutions. It is no constant: gaps from tied layers fall like 1/L, the others do not."
    ),
    formula=r"\frac{\text{mean}_k\|Z_{k+1}-Z_k\|\ \text{(i.i.d.)}}{\text{mean}_k\|Z_{k+1}-Z_k\|\ \text{(tied)}}\ge\sqrt{10}",
    source=PAGE,
    study=nets,
    readings=decade,
    mutants=(changed("the opposite", readings=opposite(decade)),),
)


def _gain(results: Results) -> float:
    if any(result["diverged"] for result in results[:2]):
        return math.nan
    return float(results[1]["log"][-1][3] - results[0]["log"][-1][3])


better = (Reading(says="test accuracy of the i.i.d. start over that of the tied one", of=_gain),)
accuracy = Trend(
    id="marion2024.table-1.part-accuracy",
    title="networks whose layers are not smooth are more accurate",
    says=(
        "The text beside Table 1: accuracy is better where the weights are not smooth. Read per seed for GELU: the test"
        " accuracy from the i.i.d. start is above that from the tied one. Digits are easy: both are within a percent of each"
        " other at the end."
    ),
    formula=r"\text{acc}(\text{i.i.d.})>\text{acc}(\text{tied})",
    source=PAGE,
    study=nets,
    readings=better,
    mutants=(changed("the opposite", readings=opposite(better)),),
)
