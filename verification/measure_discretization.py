"""``quod measure discretization``: whether a person's own trained layers are a smooth function of depth, as for an ODE.

Two criteria are asked: von Neumann's ratio against layers in random order and against a random walk, on the scale of the whole
depth, and how gaps grow with the stride, from layer to layer. Where they contradict each other there is no verdict.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

import numpy as np

from numerics.comparison import Truth
from numerics.layer_smoothness import (
    Distances,
    Floats,
    PermutationTest,
    distances,
    half_waves,
    null_deviation,
    permutation_test,
    stride_exponent,
)
from numerics.statistics import Slope
from verification.measure import Size
from verification.measure_layers import Family

LEAST_DEPTH = 8
LEVEL = 0.01
BETWEEN = 0.5
"""The exponent of a random walk, between 1 (Lipschitz in depth) and 0 (independent layers)."""
DOMINATES, FEW = 0.5, 12
"""Jumps dominate if one is this share of the sum of squares, or one gap in so many is nine tenths of it."""


class Verdict(Enum):
    """What is said about a family of layers."""

    DISCRETIZES = "discretizes an ODE"
    DOES_NOT = "does not discretize an ODE"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, kw_only=True)
class Discretization:
    """What was measured on one family; gaps are Frobenius norms in the units of the weights.

    Parameters
    ----------
    name, depth, shape, dtype
        The family.
    labels
        The numbers of the layers in the file.
    norm
        Root mean square of the norms of the layers.
    largest, median, where
        The largest gap, the median gap, and the layers that the largest one is between.
    lipschitz
        The depth times the largest gap: the Lipschitz constant in depth, if there is one.
    gaps_by_stride
        The root mean square gap at each stride.
    ratio
        Von Neumann's ratio, ``None`` if all layers are equal; so are all that follow from it.
    deviation
        Its standard deviation in random order, its mean being 1.
    test
        Its place among other orders.
    waves
        The half periods in depth of the wave that has this ratio.
    exponent
        How gaps grow with the stride; ``None`` below eight layers.
    smooth_in_the_large, smooth_in_the_small
        What the ratio and the exponent say.
    jumps
        The gaps that dominate, as the layers that they are between.
    verdict, reason
        What is said, and why.
    """

    name: str
    depth: int
    shape: tuple[int, ...]
    dtype: str
    labels: tuple[int, ...]
    norm: Size
    largest: Size
    median: Size
    where: tuple[int, int]
    lipschitz: Size
    gaps_by_stride: dict[int, Size]
    ratio: float | None
    deviation: float | None
    test: PermutationTest | None
    waves: float | None
    exponent: Slope | None
    smooth_in_the_large: Truth
    smooth_in_the_small: Truth
    jumps: tuple[tuple[int, int], ...]
    verdict: Verdict
    reason: str

    def data(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        truths = {name: getattr(self, name).value for name in ("smooth_in_the_large", "smooth_in_the_small", "verdict")}
        return {**asdict(self), **truths}


def measure_discretization(family: Family, *, orders: int = 9999, seed: int = 0) -> Discretization:
    """Measure whether layers are a smooth function of depth.

    Parameters
    ----------
    family
        Layers without a problem.
    orders, seed
        Of the permutation test.

    Returns
    -------
    Discretization
        The statistics with the verdict.
    """
    found = distances([tensor.values for tensor in family.tensors])
    gaps = np.sqrt(found.lagged[1])
    at = int(np.argmax(gaps))
    varies = bool(gaps[at] > 0)
    test = permutation_test(found.squared, orders=orders, seed=seed, level=LEVEL) if varies else None
    exponent = stride_exponent(found.lagged) if varies and found.depth >= LEAST_DEPTH else None
    jumps = tuple((family.labels[k], family.labels[k + 1]) for k in _jumps(found.lagged[1])) if varies else ()
    large = _in_the_large(found, test) if test else Truth.UNDECIDED
    small = _in_the_small(exponent) if exponent else Truth.UNDECIDED
    epsilon = max(tensor.epsilon for tensor in family.tensors)
    rounded = float(np.sqrt(found.lagged[1].mean())) < 2 * epsilon * found.norm
    verdict, reason = judge(found.depth, varies, jumps, large, small, family.tensors[0].dtype if rounded else "")
    unit = found.exponent
    return Discretization(
        name=family.name,
        depth=found.depth,
        shape=family.tensors[0].values.shape,
        dtype=family.tensors[0].dtype,
        labels=family.labels,
        norm=_size(found.norm, unit),
        largest=_size(gaps[at], unit),
        median=_size(np.median(gaps), unit),
        where=(family.labels[at], family.labels[at + 1]),
        lipschitz=_size(found.depth * gaps[at], unit),
        gaps_by_stride={h: _size(math.sqrt(squares.mean()), unit) for h, squares in found.lagged.items()},
        ratio=found.ratio if varies else None,
        deviation=null_deviation(found.squared) if varies else None,
        test=test,
        waves=half_waves(found.ratio, found.depth) if varies else None,
        exponent=exponent,
        smooth_in_the_large=large,
        smooth_in_the_small=small,
        jumps=jumps,
        verdict=verdict,
        reason=reason,
    )


def _size(value: Any, exponent: int) -> Size:
    if not value > 0:
        return Size(value=0.0, log10=None)
    log10 = math.log10(value) + exponent * math.log10(2)
    return Size(value=math.ldexp(float(value), exponent) if abs(log10) < 300 else None, log10=log10)


def walk_ratio(depth: int) -> float:
    r"""Return the ratio of expectations for a random walk, :math:`3/(L+1)`.

    Parameters
    ----------
    depth
        The number of layers.

    Returns
    -------
    float
        The ratio.
    """
    return 3 / (depth + 1)


def _jumps(squares: Floats) -> list[int]:
    """Return the gaps that dominate all others, in order of depth."""
    order, total = np.argsort(-squares, kind="stable"), float(squares.sum())
    if squares[order[0]] > DOMINATES * total:
        return [int(order[0])]
    few = order[: len(squares) // FEW]
    return sorted(map(int, few)) if few.size and squares[few].sum() > 0.9 * total else []


def _in_the_large(found: Distances, test: PermutationTest) -> Truth:
    if test.high >= LEVEL or found.ratio > 0.5:
        return Truth.FALSE
    return Truth.TRUE if found.ratio <= walk_ratio(found.depth) else Truth.UNDECIDED


def _in_the_small(exponent: Slope) -> Truth:
    if exponent.low > BETWEEN:
        return Truth.TRUE
    return Truth.FALSE if exponent.high < BETWEEN else Truth.UNDECIDED


def judge(
    depth: int, varies: bool, jumps: tuple[tuple[int, int], ...], large: Truth, small: Truth, rounded: str
) -> tuple[Verdict, str]:
    """Return the verdict on layers, and the reason in words.

    Parameters
    ----------
    depth
        The number of layers.
    varies
        Whether they are not all equal.
    jumps
        The layers that dominating gaps are between.
    large, small
        Whether they are smooth by the ratio, and by the exponent.
    rounded
        The type of the weights if gaps are as small as its rounding, else empty.

    Returns
    -------
    tuple
        Both.
    """
    if not varies:
        return Verdict.DISCRETIZES, "trivially: all layers are equal, as in a weight-tied network that was not trained"
    if depth < LEAST_DEPTH:
        return Verdict.CANNOT_TELL, f"{depth} layers are too few: strides 1, 2 and 4 need {LEAST_DEPTH}"
    if jumps:
        shown = " and ".join(f"layers {a} and {b}" for a, b in jumps)
        gaps = "the gap between" if len(jumps) == 1 else "the gaps between"
        return Verdict.CANNOT_TELL, f"{gaps} {shown} dominate all others: measure the layers on each side by themselves"
    if small is not Truth.TRUE and rounded:
        return (
            Verdict.CANNOT_TELL,
            f"the gaps are as small as the rounding of {rounded}, which is rough whatever the layers are",
        )
    return WORDS[small, large]


UNEXPLAINED = "the order of the layers explains less than half of their spread, or none"
WORDS = {
    (Truth.TRUE, Truth.TRUE): (
        Verdict.DISCRETIZES,
        "gaps grow with the stride and the whole is smoother than a random walk",
    ),
    (Truth.TRUE, Truth.UNDECIDED): (
        Verdict.CANNOT_TELL,
        "the criteria disagree: gaps grow with the stride, but the whole is rougher than a random walk",
    ),
    (Truth.TRUE, Truth.FALSE): (
        Verdict.CANNOT_TELL,
        f"the criteria disagree: gaps grow with the stride, but {UNEXPLAINED}",
    ),
    (Truth.FALSE, Truth.TRUE): (
        Verdict.CANNOT_TELL,
        "the criteria disagree: the whole is smoother than a random walk, but gaps hardly grow with the stride, as with a "
        "rough part on a smooth one",
    ),
    (Truth.FALSE, Truth.UNDECIDED): (
        Verdict.DOES_NOT,
        "gaps hardly grow with the stride; the whole is smoother than in random order, but rougher than a random walk",
    ),
    (Truth.FALSE, Truth.FALSE): (Verdict.DOES_NOT, f"gaps hardly grow with the stride, and {UNEXPLAINED}"),
} | {
    (Truth.UNDECIDED, large): (
        Verdict.CANNOT_TELL,
        "the interval of the exponent holds 1/2: gaps may grow with the stride as slowly as for a random walk",
    )
    for large in Truth
}
"""What is said for the exponent and for the ratio, in this order, where nothing else comes first."""
