"""Theorem 14: the large-depth limit for a general layer, unclipped, and the limiting dynamics (38), (40), (41)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Number
from numerics.chebyshev import chebyshev_grid
from numerics.residual_network import Start
from theory.marion2024.general_depth import (
    NODES,
    GeneralRun,
    GeneralWeights,
    UntransposedSineLayer,
    along,
    discrete_pass,
    general_errors,
    general_limit_pass,
    limit_path,
    start_of,
)
from theory.marion2024.setting import PAPER
from theory.marion2024.training import piecewise_distance
from theory.statement import Draw, Hypothesis, Limit, changed

SCALES = tuple(Fraction(8 * 2**k) for k in range(6))
RUNS: tuple[dict[str, Any], ...] = ({"seed": 0, "n": 4, "q": 3, "steps": 20}, {"seed": 1, "n": 3, "q": 4, "steps": 10})

sizes = Hypothesis(
    name="sizes",
    says="n >= 1, q >= 2 = d = d', steps >= 0",
    holds=lambda p: [(p.n, ">=", 1), (p.q, ">=", 2), (p.steps, ">=", 0)],
    standing=True,
)


def _draw(draw: Draw, in_force: frozenset[str]) -> GeneralRun:
    del in_force
    return GeneralRun(seed=draw.integer(0, 10**6), n=draw.integer(1, 5), q=draw.integer(2, 4), steps=draw.integer(1, 20))


def _distance(name: str, **settings: Any) -> Any:
    """Return the quantity of a limit: one of the errors of a run at a depth."""
    return lambda p, depth: general_errors(p, int(depth), **settings)[name]


def _mutants(name: str) -> Any:
    return (
        changed("independent layers at the start", quantity=_distance(name, start=Start.INDEPENDENT)),
        changed("1/sqrt(L) for 1/L", quantity=_distance(name, exponent=0.5)),
        changed("order 2", rate=Fraction(2)),
    )


theorem_14_ii = Limit(
    id="marion2024.theorem-14.part-ii",
    title="the weights of a general network tend to a function of depth",
    says=(
        "For the general layer f(h, Z), any Lipschitz start Z^init(k/L) and any Lipschitz clipping, the identity included:"
        " if the weights are bounded, successive ones K/L apart and their speeds bounded by an integrable b(t), then Z^L tends"
        " to a Lipschitz Z(s, t) uniformly. Measured for f(h, Z) = Z sin(h), Z^init(s) = Z_0 + Z_1 cos(pi s), no clipping, over"
        " 20 steps in t, against the limit system solved to rounding. The error is of order 1/L."
    ),
    formula=r"\sup_{s,t}\|Z^L_{\lfloor(L-1)s\rfloor+1}(t)-\mathcal Z(s,t)\|=O(1/L),"
    r"\quad\partial_sH=f(H,\mathcal Z),\ \partial_sP=-\partial_1f(H,\mathcal Z)^\top P,"
    r"\ \partial_t\mathcal Z=-\tfrac1n\sum_i\partial_2f(H_i,\mathcal Z)^\top P_i",
    source=f"{PAPER}, Theorem 14 (ii), page 26",
    instance=GeneralRun,
    instances=_draw,
    hypotheses=(sizes,),
    uses=("marion2024.equation-44.reading-repaired", "marion2024.equation-38"),
    gallery=RUNS,
    quantity=_distance("layers"),
    limit=lambda p: 0.0,
    scales=SCALES,
    further=(Fraction(512),),
    rate=Fraction(1),
    mutants=_mutants("layers"),
)

theorem_14_i = replace(
    theorem_14_ii,
    id="marion2024.theorem-14.part-i",
    title="the first and the last map of a general network converge",
    says="A^L and B^L tend to A and B uniformly on I, with an error of order 1/L; same networks.",
    formula=r"\sup_t\max(\|A^L-A\|,\|B^L-B\|)=O(1/L)",
    source=f"{PAPER}, Theorem 14 (i), page 26",
    quantity=_distance("ends"),
    mutants=_mutants("ends"),
)

theorem_14_iii = replace(
    theorem_14_ii,
    id="marion2024.theorem-14.part-iii",
    title="the hidden states of a general network tend to the solution of the differential equation",
    says="h_{floor(Ls)} tends to H(s, t) uniformly in s, t and the data, with an error of order 1/L; same networks.",
    formula=r"\sup_{s,t,x}|h^L_{\lfloor Ls\rfloor}-H(s,t)|=O(1/L)",
    source=f"{PAPER}, Theorem 14 (iii), page 26",
    quantity=_distance("hidden"),
    mutants=_mutants("hidden"),
)

theorem_14_iv = replace(
    theorem_14_ii,
    id="marion2024.theorem-14.part-iv",
    title="the outputs of a general network converge",
    says="F^L(x; t) tends to B(t) H(1, t) uniformly in t and the data, with an error of order 1/L; same networks.",
    formula=r"\sup_{t,x}|F^L(x;t)-B(t)H(1,t)|=O(1/L)",
    source=f"{PAPER}, Theorem 14 (iv), page 26",
    quantity=_distance("output"),
    mutants=_mutants("output"),
)


def speed_error(p: GeneralRun, depth: Number, part: str, factor: float = 1.0, **limit: Any) -> float:
    r"""Return how far the speed of one part at depth L is from the limit's, both at the trained limit weights of a run.

    Parameters
    ----------
    p
        The run.
    depth
        The depth L; layers are :math:`\mathcal Z(k/L)`.
    part
        "A", "Z" or "B"; for "Z" the largest over s of the entries, at the layer :math:`\lfloor(L-1)s\rfloor+1`.
    factor
        Of the limit's speed, for controls.
    **limit
        Changes of the limiting equations, for controls.

    Returns
    -------
    float
        The distance.
    """
    start, grid, size = start_of(p), chebyshev_grid(NODES), int(depth)
    weights = limit_path(p)[-1][0]
    layers = along(grid, weights.Z, np.arange(1, size + 1) / size)
    found = discrete_pass(start, GeneralWeights(A=weights.A, Z=layers, B=weights.B)).speed
    wanted = general_limit_pass(start, weights, **limit).speed
    if part == "Z":
        return piecewise_distance(found.Z, factor * along(grid, wanted.Z, np.arange(size) / (size - 1)))
    return float(np.linalg.norm(getattr(found, part) - factor * getattr(wanted, part)))


equation_38 = replace(
    theorem_14_ii,
    id="marion2024.equation-38",
    title="the speed of the layers tends to that of the limit",
    says=(
        "(37) and (38): the speed of layer floor((L-1)s) + 1 at depth L, a product of states and adjoints of the recursions,"
        " tends uniformly in s to -(1/n) sum d_2 f(H_i, Z)^T P_i, P from the repaired adjoint equation, with an error of order"
        " 1/L. With the printed sign of the adjoint equation, or the printed Jacobian without transpose, it does not."
    ),
    formula=r"\partial_tZ^{L}(s,t)\to-\frac1n\sum_i\partial_2f(H_i(s,t),\mathcal Z(s,t))^\top P_i(s,t)",
    source=f"{PAPER}, (37) and (38), pages 27 and 28",
    uses=("marion2024.equation-44.reading-repaired", "marion2024.equation-14"),
    gallery=(RUNS[0], {**RUNS[1], "steps": 0}),
    quantity=lambda p, depth: speed_error(p, depth, "Z"),
    mutants=(
        changed("the printed sign of (44)", quantity=lambda p, depth: speed_error(p, depth, "Z", sign=-1.0)),
        changed("no transpose", quantity=lambda p, depth: speed_error(p, depth, "Z", layer=UntransposedSineLayer())),
        changed("order 2", rate=Fraction(2)),
    ),
)

equation_40 = replace(
    equation_38,
    id="marion2024.equation-40",
    title="the speed of the first map tends to that of the limit",
    says="dA/dt at depth L tends to -(1/n) sum P_i(0) x_i^T, with an error of order 1/L; not with the printed adjoint.",
    formula=r"\dot A=-\frac1n\sum_iP_i(0,t)x_i^\top",
    source=f"{PAPER}, (40), page 28",
    quantity=lambda p, depth: speed_error(p, depth, "A"),
    mutants=(
        changed("the printed sign of (44)", quantity=lambda p, depth: speed_error(p, depth, "A", sign=-1.0)),
        changed("no transpose", quantity=lambda p, depth: speed_error(p, depth, "A", layer=UntransposedSineLayer())),
        changed("order 2", rate=Fraction(2)),
    ),
)

equation_41 = replace(
    equation_38,
    id="marion2024.equation-41",
    title="the speed of the last map tends to that of the limit",
    says="dB/dt at depth L tends to -(2/n) sum (B H_i(1) - y_i) H_i(1)^T, with an error of order 1/L.",
    formula=r"\dot B=-\frac2n\sum_i(BH_i(1,t)-y_i)H_i(1,t)^\top",
    source=f"{PAPER}, (41), page 28",
    uses=(),
    quantity=lambda p, depth: speed_error(p, depth, "B"),
    mutants=(
        changed("1/n for 2/n", quantity=lambda p, depth: speed_error(p, depth, "B", 0.5)),
        changed("order 2", rate=Fraction(2)),
    ),
)
