r"""What the caption of Figure 1 and the text beside it claim: layers come closer, and come to their limit, like 1/L.

The training is that of Figure 1 with fewer iterations and, in the quick profile, smaller depths; the limit is the true one, on
Chebyshev nodes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from numerics.arithmetic import Number
from theory.marion2024.experiments import (
    FIGURE_1,
    History,
    Iterate,
    descend,
    descend_at_infinite_depth,
    distances_from_limit,
    gaps,
    history,
)
from theory.marion2024.setting import PAPER
from theory.statement import Draw, Instance, Limit, changed

Layers: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
PAGE = f"{PAPER}, Figure 1 and Section 5.1, page 8"
SCALES = (Fraction(8), Fraction(16), Fraction(32), Fraction(64))
FURTHER = (Fraction(128), Fraction(256), Fraction(512))


@dataclass(frozen=True, kw_only=True)
class Descent(Instance):
    """Training of Figure 1.

    Parameters
    ----------
    seed
        Seed of data and start.
    iterations
        How many.
    """

    seed: int
    iterations: int


GALLERY = ({"seed": 0, "iterations": 30}, {"seed": 1, "iterations": 10})


def _draw(draw: Draw, in_force: frozenset[str]) -> Descent:
    del in_force
    return Descent(seed=draw.integer(0, 10**6), iterations=draw.integer(5, 50))


def _scattered(seed: int, depth: int) -> Layers:
    """Return a start with layers drawn one by one."""
    rng = np.random.default_rng([seed, depth])
    w = rng.standard_normal((depth, FIGURE_1.m, FIGURE_1.q)) / FIGURE_1.units[1]
    return np.zeros((depth, FIGURE_1.q, FIGURE_1.m)), w


def _iterates(seed: int, iterations: int, depth: int, scattered: bool) -> Iterator[Iterate]:
    experiment = dataclasses.replace(FIGURE_1, seed=seed)
    start = _scattered(seed, depth) if scattered else None
    # Compiling takes longer than these runs.
    return islice(descend(experiment, depth, start=start, compiled=False), iterations + 1)


@lru_cache(maxsize=64)
def trained(seed: int, iterations: int, depth: int, scattered: bool = False) -> tuple[History, Layers]:
    """Train and return the ordinates of Figure 1 along the way, and V and W at the end, in the units of network (3).

    Parameters
    ----------
    seed, iterations, depth
        What is trained.
    scattered
        Whether layers start one by one, and not tied.

    Returns
    -------
    tuple
        The ordinates, and the layers.
    """
    seen = []
    for iterate in _iterates(seed, iterations, depth, scattered):
        seen.append(gaps(FIGURE_1, iterate.V, iterate.W))
    return history(seen), (iterate.V.copy(), iterate.W.copy())


@lru_cache(maxsize=8)
def limit(seed: int, iterations: int) -> Layers:
    """Return V and W at infinite depth after so many iterations, at Chebyshev nodes."""
    run = descend_at_infinite_depth(dataclasses.replace(FIGURE_1, seed=seed))
    iterate = next(islice(run, iterations, None))
    return iterate.V, iterate.W


def largest_gap(p: Descent, depth: Number) -> float:
    r"""Return :math:`\max_{k,t}\|Z_k-Z_{k+1}\|_F`."""
    return float(trained(p.seed, p.iterations, int(depth))[0].largest[-1])


def largest_scattered_gap(p: Descent, depth: Number) -> float:
    """Return the same from layers that start one by one."""
    return float(trained(p.seed, p.iterations, int(depth), True)[0].largest[-1])


def added_gaps(p: Descent, depth: Number) -> float:
    r"""Return :math:`\big(\sum_{k,t}\|V_k-V_{k+1}\|_F^2\big)^{1/2}`, or of W where that is larger."""
    return float(trained(p.seed, p.iterations, int(depth))[0].added[-1])


def distance(p: Descent, depth: Number) -> float:
    r"""Return :math:`\big(\int\|\mathcal V^L-\mathcal V\|_F^2+\|\mathcal W^L-\mathcal W\|_F^2\big)^{1/2}` at the end."""
    _, layers = trained(p.seed, p.iterations, int(depth))
    found = distances_from_limit(FIGURE_1, layers, limit(p.seed, p.iterations))
    return float(np.hypot(found["V"], found["W"]))


def distance_from_scattered(p: Descent, depth: Number) -> float:
    """Return the distance of layers that start one by one from the limit of tied ones."""
    _, layers = trained(p.seed, p.iterations, int(depth), True)
    found = distances_from_limit(FIGURE_1, layers, limit(p.seed, p.iterations))
    return float(np.hypot(found["V"], found["W"]))


def nothing(_instance: Any) -> float:
    """Return 0, the limit."""
    return 0.0


COMMON: dict[str, Any] = {
    "source": PAGE,
    "instance": Descent,
    "instances": _draw,
    "gallery": GALLERY,
    "limit": nothing,
    "scales": SCALES,
    "further": FURTHER,
    "cost": 16,
}
left = Limit(
    id="marion2024.figure-1.part-left",
    title="the largest distance of neighbouring layers falls like 1/L",
    says=(
        "Caption of Figure 1 (left): 1/L convergence of the maximum over layers k and training times t of the distance of Z_k"
        " and Z_{k+1}. Measured along gradient descent in the setting of the figure, up to 30 iterations; the figure itself"
        " goes to 500. The published picture plots another quantity, see the reading of what is drawn."
    ),
    formula=r"\max_{k,t}\|Z_k(t)-Z_{k+1}(t)\|_F=\Theta(L^{-1})",
    quantity=largest_gap,
    rate=Fraction(1),
    uses=("marion2024.proposition-7",),
    mutants=(
        changed("like the root of 1/L", rate=Fraction(1, 2)),
        changed("like 1/L^2", rate=Fraction(2)),
        changed("layers that start one by one", quantity=largest_scattered_gap),
    ),
    **COMMON,
)
drawn = Limit(
    id="marion2024.figure-1.part-left.reading-drawn",
    title="what the published curves show falls like the root of 1/L",
    says=(
        "Ours: the published curves fall from 18.9 to 0.84 between L = 2 and 1014, with slope 0.50. They are the root of the"
        " sum over layers and iterations of the squared distances of V_k and V_{k+1}, which this states: L terms of size 1/L^2."
        " The caption's quantity is another one."
    ),
    formula=r"\Big(\sum_{k,t}\|V_k-V_{k+1}\|_F^2\Big)^{1/2}=\Theta(L^{-1/2})",
    quantity=added_gaps,
    rate=Fraction(1, 2),
    ours=True,
    uses=("marion2024.figure-1.part-left",),
    mutants=(changed("like 1/L, as the caption has it", rate=Fraction(1)), changed("not at all", rate=Fraction(0))),
    **COMMON,
)
right = Limit(
    id="marion2024.figure-1.part-right",
    title="the layers come to their limit like 1/L",
    says=(
        "Caption of Figure 1 (right): the step functions of V and W converge to the limit of infinite depth, in the mean square"
        " over depth. Measured against the true limit, on Chebyshev nodes, and not against a network of 2^14 layers."
    ),
    formula=r"\Big(\int_0^1\|\mathcal V^L-\mathcal V\|_F^2+\|\mathcal W^L-\mathcal W\|_F^2\,ds\Big)^{1/2}=\Theta(L^{-1})",
    quantity=distance,
    rate=Fraction(1),
    uses=("marion2024.theorem-4.part-ii",),
    mutants=(
        changed("like the root of 1/L", rate=Fraction(1, 2)),
        changed("like 1/L^2", rate=Fraction(2)),
        changed("layers that start one by one", quantity=distance_from_scattered),
    ),
    **COMMON,
)
