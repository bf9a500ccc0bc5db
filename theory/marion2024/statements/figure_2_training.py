r"""What Figure 2 and the text beside it claim of long training: the loss falls to 0, the layers stay smooth and converge.

A repetition is one draw of data and start. Smoothness is von Neumann's ratio against the same layers in other orders, and the
exponent of depth from distances of layers 1, 2 and 4 apart, 1 for a smooth function and 1/2 for a random walk.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from itertools import islice, pairwise
from typing import Any

import numpy as np

from numerics.layer_smoothness import distances, permutation_test, stride_exponent
from theory.marion2024.experiments import DEPTH_2, FIGURE_2, descend
from theory.marion2024.setting import PAPER
from theory.statement import Trend, changed
from theory.study import Reading, Size, Study, Unit, opposite

PAGE = f"{PAPER}, Figure 2 and Section 5.1, page 8"
LEVEL, ORDERS = 0.01, 999
SMOOTH = 0.75
"""An exponent of depth above it is nearer to 1 than to 1/2."""


def _smoothness(layers: Any, seed: int) -> dict[str, float] | None:
    if not np.all(np.isfinite(layers)):
        return None
    found = distances(list(layers))
    chance = permutation_test(found.squared, orders=ORDERS, seed=seed).p_value
    return {"ratio": found.ratio, "chance": chance, "exponent": stride_exponent(found.lagged).slope}


def train(unit: Unit) -> dict[str, Any]:
    """Train one network of Figure 2.

    Parameters
    ----------
    unit
        ``seed``; ``iterations``, a multiple of 4; ``depth``; ``tied``, whether layers start equal; ``rate``, by what the
        published learning rate is multiplied.

    Returns
    -------
    dict
        The losses after each quarter, how often the loss rose, by how much the layers moved in each quarter (root mean square
        over layers), and the smoothness of V and W at the end; None for what is not finite.
    """
    depth, quarter = unit["depth"], unit["iterations"] // 4
    experiment = dataclasses.replace(FIGURE_2, seed=unit["seed"], rate=FIGURE_2.rate * unit["rate"])
    start = None
    if not unit["tied"]:
        rng = np.random.default_rng([unit["seed"], depth])
        w = rng.standard_normal((depth, experiment.m, experiment.q)) / experiment.units[1]
        start = np.zeros((depth, experiment.q, experiment.m)), w
    losses, kept = list[float](), list[tuple[Any, Any]]()
    # A run may diverge, which its losses tell.
    with np.errstate(over="ignore", invalid="ignore"):
        for iterate in islice(descend(experiment, depth, start=start, compiled=False), 4 * quarter + 1):
            losses.append(iterate.loss)
            if iterate.step % quarter == 0:
                kept.append((iterate.V.copy(), iterate.W.copy()))
        moved = _moves(kept, depth, experiment.units)
    return {
        "losses": [_finite(losses[at * quarter]) for at in range(5)],
        "rises": int(np.sum(~(np.diff(losses) < 0))),
        "moved": [_finite(move) for move in moved],
        **{name: _smoothness(layers, unit["seed"]) for name, layers in zip("VW", kept[-1], strict=True)},
    }


def _moves(kept: list[tuple[Any, Any]], depth: int, units: tuple[float, float]) -> list[float]:
    return [
        float(np.sqrt(sum(np.sum((b - a) ** 2) * u**2 for a, b, u in zip(old, new, units, strict=True)) / depth))
        for old, new in pairwise(kept)
    ]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _size(**more: Any) -> Callable[[str], Size]:
    counts = {"quick": (6, 80), "standard": (12, 2_000), "nightly": (12, FIGURE_2.iterations)}

    def size(scale: str) -> Size:
        count, iterations = counts[scale]
        unit = {"iterations": iterations, "depth": DEPTH_2, "tied": True, "rate": 1} | more
        return Size(
            says=f"{count} draws, {iterations} iterations of {FIGURE_2.iterations}",
            replicates=[[unit | {"seed": seed}] for seed in range(count)],
            reduced=iterations < FIGURE_2.iterations,
        )

    return size


tied = Study(name="training of Figure 2", run=train, size=_size())
scattered = Study(name="training of Figure 2 from layers drawn one by one", run=train, size=_size(tied=False))
too_fast = Study(name="training of Figure 2 at a hundred times the learning rate", run=train, size=_size(rate=100))


def _smooth_margin(name: str) -> Callable[[Sequence[Any]], float]:
    """Return the reading that the exponent of depth is above 3/4 and the chance among other orders at most 1%."""

    def of(results: Sequence[Any]) -> float:
        found = results[0][name]
        if found is None:
            return math.nan
        return float(found["exponent"] - SMOOTH if found["chance"] <= LEVEL else LEVEL - found["chance"])

    return of


def _least_fall(results: Sequence[Any]) -> float:
    losses = [math.nan if value is None else value for value in results[0]["losses"]]
    return float(np.min(-np.diff(losses)))


smooth = Trend(
    id="marion2024.figure-2.part-smooth",
    title="along training, V and W are smooth functions of depth",
    says=(
        "Figure 2 (left): after training an entry of V_k and of W_k is a smooth function of k. Read per draw, of all entries:"
        f" the exponent of depth is above {SMOOTH}, and von Neumann's ratio is below that of all but 1% of the other orders of"
        f" the same layers. The control, a start with layers drawn one by one, keeps W rough."
    ),
    formula=r"\|Z_{k+j}-Z_k\|\propto j,\qquad\frac{\sum\|Z_{k+1}-Z_k\|^2}{2\sum\|Z_k-\bar Z\|^2}\ll1",
    source=PAGE,
    study=tied,
    readings=tuple(Reading(says=f"{name}: exponent of depth over {SMOOTH}", of=_smooth_margin(name)) for name in "VW"),
    uses=("marion2024.proposition-7",),
    mutants=(changed("layers that start one by one", study=scattered),),
)
loss = Trend(
    id="marion2024.figure-2.part-loss",
    title="the loss falls at every iteration",
    says=(
        "Figure 2 (right) and the text: the loss decays towards zero, from about 1.8 to about 7e-8 after 80,000 iterations."
        " Read per draw: it falls at every iteration, and in each quarter of the run. The figure at paper scale has the whole"
        " run."
    ),
    formula=r"\ell_{t+1}<\ell_t",
    source=PAGE,
    study=tied,
    readings=(
        Reading(says="no iteration raises the loss", of=lambda r: 0.5 - r[0]["rises"]),
        Reading(says="fall of the loss in the quarter in which it falls least", of=_least_fall),
    ),
    mutants=(changed("a hundred times the learning rate", study=too_fast),),
)
slower = (Reading(says="third quarter's move over the last one's", of=lambda r: r[0]["moved"][2] - r[0]["moved"][3]),)
converge = Trend(
    id="marion2024.figure-2.part-converge",
    title="the layers move less and less",
    says=(
        "The text beside Figure 2: with training time the layers converge, to a limit that is smooth in depth. Read per draw:"
        " the layers move less in the last quarter of the run than in the third."
    ),
    formula=r"\|Z(4\tau)-Z(3\tau)\|<\|Z(3\tau)-Z(2\tau)\|",
    source=PAGE,
    study=tied,
    readings=slower,
    uses=("marion2024.theorem-6.part-ii",),
    mutants=(changed("they move more", readings=opposite(slower)),),
)
