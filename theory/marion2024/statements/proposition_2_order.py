r"""The constant of Proposition 2: the term of order 1/L of the error, from a linear equation along the depth.

For :math:`h_{k+1}=h_k+\frac1Lf(h_k,Z(\frac{k+1}L))` and smooth Z one has
:math:`h_k=H(\frac kL)+\frac1Le(\frac kL)+O(L^{-2})` with

.. math:: e'=\partial_1f\,e+\tfrac12\big(\partial_2f\,Z'-\partial_1f\,f\big),\quad e(0)=0,

since the step evaluates the weights at its right end, the states at its left one. Hence
:math:`L(F^L-F)\to Be(1)`: no constant below :math:`\sup_x|Be(1)|` will do, and any above it does for large L.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from numerics.residual_network import ResidualNetwork, Weights
from theory.marion2024.infinite_depth import LimitProblem, LimitState, limit_pass, sample_layers, solve_along_depth
from theory.marion2024.statements.proposition_2 import FREE, SCALES, proposition_2, smooth_weights
from theory.marion2024.training import NAMES, Run
from theory.proofs import identity
from theory.statement import Proof, changed

Floats: TypeAlias = NDArray[np.float64]


@lru_cache(maxsize=64)
def _limit(run: Run) -> tuple[LimitProblem, LimitState, Floats]:
    problem, state = smooth_weights(run)
    return problem, state, limit_pass(problem, state).hidden


def leading_error(problem: LimitProblem, state: LimitState, hidden: Floats, *, weight: float = 0.5, own: float = 0.5) -> Floats:
    r"""Return e(1), shape ``(n, q)``.

    Parameters
    ----------
    problem, state
        Architecture and weights of infinite depth.
    hidden
        H at the nodes, shape ``(N, n, q)``.
    weight, own
        The factors of :math:`\partial_2f\,Z'` and of :math:`-\partial_1f\,f`, 1/2 each; others are controls.

    Returns
    -------
    numpy.ndarray
        The coefficient of 1/L of the error of the last states.
    """
    grid, root_q, root_m = state.grid, math.sqrt(problem.q), math.sqrt(problem.m)
    v, w = (np.swapaxes(part, 1, 2) for part in (state.V / root_m, state.W / root_q))
    slopes_v, slopes_w = (np.einsum("ij,jab->iab", grid.derivative, part) for part in (v, w))
    active, slope = problem.activation.value_and_first(hidden @ w)

    def pushed(e: Floats) -> Floats:
        return np.asarray((slope * (e @ w)) @ v)

    by_weights = active @ slopes_v + (slope * (hidden @ slopes_w)) @ v
    source = weight * by_weights - own * pushed(active @ v)
    solved = solve_along_depth(lambda e: pushed(e) + source, grid.from_left, np.zeros_like(hidden[0]))
    return np.asarray(solved[-1])


def remainder(run: Run, depth: int, **factors: Any) -> float:
    r"""Return :math:`\max_i|L(F^L(x_i)-F(x_i))-Be_i(1)|`.

    Parameters
    ----------
    run
        The architecture and the seed.
    depth
        The depth L.
    **factors
        Those of :func:`leading_error`.

    Returns
    -------
    float
        The remainder, of order 1/L.
    """
    problem, state, hidden = _limit(run)
    v, w = sample_layers(state, depth)
    passed = ResidualNetwork(activation=problem.activation).forward(Weights(A=state.A, V=v, W=w, B=state.B), problem.x)
    scaled = depth * (passed.output - hidden[-1] @ state.B.T)
    return float(np.abs(scaled - leading_error(problem, state, hidden, **factors) @ state.B.T).max())


def _remainder(**factors: float) -> Any:
    return lambda p, depth: remainder(p, int(depth), **factors)


def _expansion() -> Any:
    """Return the terms of order 1/L^2 of one step: scheme less H + e/L, e' as claimed; the derivatives are symbols."""
    import sympy

    f, f_h, f_z, z_s, e = sympy.symbols("f f_h f_z z_s e")
    e_s = f_h * e + (f_z * z_s - f_h * f) / 2
    curvature = f_h * f + f_z * z_s
    return sympy.expand((f_h * e + f_z * z_s) - (e_s + curvature / 2))


proposition_2_constant = replace(
    proposition_2,
    id="marion2024.proposition-2.reading-constant",
    title="the best constant in C/L",
    says=(
        "Ours: L (F^L(x) - F(x)) tends to B e(1), e' = d_1 f e + (d_2 f Z' - d_1 f f)/2, e(0) = 0, for smooth weights, with a"
        " remainder of order 1/L; so sup_x |B e(1)| is the constant of Proposition 2 for large L. The constant that the proof"
        " gives contains e^C, C a bound on all first derivatives."
    ),
    formula=r"L\,\big(F^L(x)-F(x)\big)\to B\,e(1),\quad e'=\partial_1f\,e+\tfrac12(\partial_2f\,Z'-\partial_1f\,f)",
    source="ours; sharpens Proposition 2",
    ours=True,
    uses=("marion2024.proposition-2",),
    gallery=(
        FREE,
        {**FREE, "seed": 1, "activation": NAMES.index("gelu")},
        {**FREE, "seed": 3, "activation": NAMES.index("sin")},
    ),
    quantity=_remainder(),
    scales=SCALES,
    rate=Fraction(1),
    draws=0,
    proof=Proof(
        set="f of class C^2, Z of class C^2, fixed data",
        argument=(
            "H + e/L solves the scheme up to O(L^-3) a step, and errors of the steps grow by at most e^K (discrete Gronwall)."
        ),
        steps=(identity("the terms of order 1/L^2 of one step cancel", _expansion),),
    ),
    mutants=(
        changed("weights at the middle of a step", quantity=_remainder(weight=0.0)),
        changed("1 for 1/2", quantity=_remainder(own=1.0)),
        changed("order 2", rate=Fraction(2)),
    ),
)
