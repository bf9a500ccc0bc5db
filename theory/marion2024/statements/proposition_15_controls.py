"""Proposition 15, controls: weights that only have a weak limit, limits that are not uniform, and what they tend to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Number
from theory.marion2024.double_limit import SQUARE, Trained, network, solution, states_of
from theory.marion2024.setting import rounded
from theory.marion2024.statements.proposition_15_limits import (
    BENT,
    ON_THE_DIAGONAL,
    SCALES,
    SQUARED,
    draw_trained,
    setting,
)
from theory.statement import Limit, changed

reading_rough = Limit(
    id="marion2024.proposition-15.reading-rough",
    title="with weights that only have a weak limit the network tends to another equation",
    says=(
        "Ours, a control: layers 1 and -1 in turn have the weak limit 0, and f = h z^2/2 gives (1 + 1/(2L))^L x, which tends to"
        " e^{1/2} x at order 1; the equation with weights 0 gives x."
    ),
    formula=r"h_L\to e^{1/2}x\ne x",
    source="ours; a control of Proposition 15",
    ours=True,
    instance=Trained,
    instances=lambda draw, in_force: replace(draw_trained(draw, in_force), layer=SQUARE, lag=Fraction(0), gap=Fraction(0)),
    hypotheses=(setting,),
    quantity=lambda p, depth: float(network(p, depth, rough=True).states[0][-1]),
    limit=lambda p: float(np.exp(0.5)) * float(p.inputs[0]),
    scales=SCALES,
    rate=Fraction(1),
    gallery=({**SQUARED, "lag": 0, "gap": 0}, {**SQUARED, "lag": 0, "gap": 0, "inputs": ["-3/2"]}),
    mutants=(
        changed("the equation of the weak limit", limit=lambda p: float(p.inputs[0])),
        changed("order 2", rate=Fraction(2)),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Ray(Trained):
    """The same on the path t = ratio L.

    Parameters
    ----------
    ratio
        The ratio, above 0.
    """

    ratio: Number


def _end_on_ray(p: Any, depth: Number) -> float:
    factor = 1 + 1 / (1 + p.ratio)
    return float(states_of(p, float(p.inputs[0]), factor * np.sqrt(np.arange(1, int(depth) + 1) / int(depth)))[-1])


reading_path = Limit(
    id="marion2024.proposition-15.reading-path",
    title="without uniformity the limit depends on the path",
    says=(
        "Ours, a control: weights sqrt(k/L) (1 + L/(L + t)) converge in t at every L and in L at every t, not uniformly. On t ="
        " r L the states tend to the equation with (1 + 1/(1 + r)) sqrt(s): another for every r, between the iterated limits."
    ),
    formula=r"Z^L_k(rL)\to\Big(1+\frac1{1+r}\Big)\sqrt s",
    source="ours; a control of Proposition 15",
    ours=True,
    instance=Ray,
    instances=lambda draw, in_force: Ray.extending(draw_trained(draw, in_force), ratio=rounded(draw.positive(0.1, 10.0))),
    hypotheses=(setting,),
    quantity=_end_on_ray,
    limit=lambda p: float(solution(p, float(p.inputs[0]), np.array(1.0), factor=1 + 1 / (1 + p.ratio))),
    scales=SCALES,
    rate=Fraction(1),
    gallery=tuple(
        {**base, "lag": 0, "gap": 0, "ratio": ratio} for base, ratio in ((ON_THE_DIAGONAL, 1), (SQUARED, "1/3"), (BENT, 3))
    ),
    mutants=(
        changed("the limit in t first", limit=lambda p: float(solution(p, float(p.inputs[0]), np.array(1.0)))),
        changed("the limit in L first", limit=lambda p: float(solution(p, float(p.inputs[0]), np.array(1.0), factor=2.0))),
        changed("order 2", rate=Fraction(2)),
    ),
)
