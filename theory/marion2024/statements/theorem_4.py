"""Theorem 4 and Proposition 3, measured against the infinite-depth limit itself, with controls that must fail."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number
from numerics.residual_network import Start
from theory.marion2024.setting import PAPER
from theory.marion2024.training import NAMES, Run, errors, limit_slope
from theory.statement import Draw, Hypothesis, Limit, changed

SCALES = tuple(Fraction(8 * 2**k) for k in range(6))
FREE = {"seed": 0, "activation": NAMES.index("tanh"), "n": 5, "q": 4, "m": 6, "steps": 20, "clipped": 0}
CLIPPED = {**FREE, "seed": 1, "activation": NAMES.index("erf"), "clipped": 1}
GELU = {**FREE, "seed": 2, "activation": NAMES.index("gelu")}
LINEAR = {**FREE, "seed": 7, "activation": NAMES.index("identity")}

sizes = Hypothesis(
    name="sizes",
    says="n, m >= 1, q >= 2 = d = d', steps >= 1",
    holds=lambda p: [(p.n, ">=", 1), (p.m, ">=", 1), (p.q, ">=", 2), (p.steps, ">=", 1)],
    standing=True,
)


def _draw(draw: Draw, in_force: frozenset[str]) -> Run:
    del in_force
    return Run(
        seed=draw.integer(0, 10**6),
        activation=draw.choice((NAMES.index("tanh"), NAMES.index("erf"), NAMES.index("sin"))),
        n=draw.integer(1, 6),
        q=draw.integer(2, 5),
        m=draw.integer(1, 8),
        steps=draw.integer(1, 20),
        clipped=draw.choice((0, 1)),
    )


def _distance(name: str, **settings: Any) -> Any:
    """Return the quantity of a limit: one of the errors of a run at a depth."""

    def quantity(p: Run, depth: Number) -> Number:
        return float(getattr(errors(p, int(depth), **settings), name))

    return quantity


def _with_relu(p: Run, depth: Number) -> Number:
    run = dataclasses.replace(p, activation=NAMES.index("relu"))
    return float(errors(run, int(depth)).gap)


CONTROLS: dict[str, dict[str, Any]] = {
    "independent layers at the start": {"start": Start.INDEPENDENT},
    "1/sqrt(L) for 1/L": {"exponent": 0.5},
}


def _controls(name: str) -> Any:
    # Deeper networks with 1/sqrt(L) leave the floats within these steps.
    return tuple(
        changed(words, quantity=_distance(name, **settings), scales=SCALES, further=()) for words, settings in CONTROLS.items()
    )


theorem_4_ii = Limit(
    id="marion2024.theorem-4.part-ii",
    title="the weights tend to a function of depth",
    says=(
        "Z^L tends to a Lipschitz function Z(s, t), uniformly in s and t. Measured against the limit itself: Z(s, t) on"
        " Chebyshev nodes in s with dH/ds = V sigma(W H/sqrt q)/sqrt m, dP/ds = -d_1 f(H, Z)^T P, P(1) = 2 B^T (B H(1) - y)"
        " and dZ/dt = -(1/n) sum d_2 f(H_i, Z)^T P_i, solved to rounding, under the same Euler steps in t. The error is of"
        " order 1/L, which the theorem does not say; neither clipping nor a bounded activation is needed (GELU, identity). With"
        " independent layers at the start, or 1/sqrt(L) for 1/L, there is no limit."
    ),
    formula=r"\sup_{k,t}\|Z^L_k(t)-\mathcal Z(\tfrac kL,t)\|=O(1/L),"
    r"\quad\partial_sH=\tfrac1{\sqrt m}\mathcal V\sigma(\tfrac1{\sqrt q}\mathcal WH),"
    r"\ \partial_sP=-\partial_1f(H,\mathcal Z)^\top P,"
    r"\ P(1)=2B^\top(BH(1)-y),\ \partial_t\mathcal Z=-\tfrac1n\sum_i\partial_2f(H_i,\mathcal Z)^\top P_i,"
    r"\ \dot A=-\tfrac1n\sum_iP_i(0)x_i^\top,\ \dot B=-\tfrac2n\sum_i(BH_i(1)-y_i)H_i(1)^\top",
    source=f"{PAPER}, Theorem 4 (ii), page 5",
    instance=Run,
    instances=_draw,
    hypotheses=(sizes,),
    uses=("marion2024.equation-44.reading-repaired", "marion2024.proposition-3.part-gap"),
    gallery=(FREE, CLIPPED, GELU, LINEAR),
    quantity=_distance("layers"),
    limit=lambda p: 0.0,
    scales=SCALES,
    further=(Fraction(512), Fraction(1024)),
    rate=Fraction(1),
    levels=1,
    draws=4,
    mutants=(*_controls("layers"), changed("order 2", rate=Fraction(2)), changed("order 1/2", rate=Fraction(1, 2))),
)

theorem_4_i = replace(
    theorem_4_ii,
    id="marion2024.theorem-4.part-i",
    title="the first and the last map converge",
    says="A^L and B^L tend to A and B uniformly on [0, T], with an error of order 1/L.",
    formula=r"\sup_t\max(\|A^L-A\|,\|B^L-B\|)=O(1/L)",
    source=f"{PAPER}, Theorem 4 (i), page 5",
    quantity=_distance("ends"),
    mutants=(*_controls("ends"), changed("order 2", rate=Fraction(2))),
)

theorem_4_iii = replace(
    theorem_4_ii,
    id="marion2024.theorem-4.part-iii",
    title="the hidden states tend to the solution of the differential equation",
    says=(
        "h_{floor(Ls)} tends to H(s, t) uniformly in s, t and the data, with an error of order 1/L: the step to the next"
        " multiple of 1/L is part of it."
    ),
    formula=r"\sup_{s,t,x}|h^L_{\lfloor Ls\rfloor}-H(s,t)|=O(1/L)",
    source=f"{PAPER}, Theorem 4 (iii), page 5",
    quantity=_distance("hidden"),
    levels=0,
    mutants=(*_controls("hidden"), changed("order 2", rate=Fraction(2))),
)

theorem_4_iv = replace(
    theorem_4_ii,
    id="marion2024.theorem-4.part-iv",
    title="the outputs converge",
    says="F^L(x; t) tends to B(t) H(1, t) uniformly in t and the data, with an error of order 1/L.",
    formula=r"\sup_{t,x}|F^L(x;t)-B(t)H(1,t)|=O(1/L)",
    source=f"{PAPER}, Theorem 4 (iv), page 5",
    quantity=_distance("output"),
    mutants=(*_controls("output"), changed("order 2", rate=Fraction(2))),
)

proposition_3_gap = replace(
    theorem_4_ii,
    id="marion2024.proposition-3.part-gap",
    title="successive layers stay within K/L of each other",
    says=(
        "From a weight-tied start the largest distance of successive layers is of order 1/L at any time. With independent"
        " layers at the start it stays of order 1, with 1/sqrt(L) for 1/L it is no power of L, and with ReLU it does not tend"
        " to 0 at one of the three networks here; at the others it is of order 1/L even so. In Appendix D it never does."
    ),
    formula=r"\max_k\|Z^L_{k+1}(t)-Z^L_k(t)\|\le\frac KL",
    source=f"{PAPER}, Proposition 3, page 5",
    uses=("marion2024.proposition-7",),
    quantity=_distance("gap"),
    gallery=(FREE, CLIPPED, {**GELU, "clipped": 1}),
    draws=2,
    scales=(*SCALES, Fraction(512), Fraction(1024)),
    further=(Fraction(2048),),
    mutants=(
        *_controls("gap"),
        changed("ReLU", quantity=_with_relu, scales=SCALES, further=()),
        changed("order 2", rate=Fraction(2)),
    ),
)


theorem_4_lipschitz = replace(
    theorem_4_ii,
    id="marion2024.theorem-4.part-lipschitz",
    title="the gap of successive layers is the slope of the limit over L",
    says=(
        "The text after Theorem 4 says that V(., t) and W(., t) are K-Lipschitz, K from Proposition 3, as limits of weights K/L"
        " apart: true, since |Z(s') - Z(s)| is the limit of sums of at most L|s' - s| + 1 gaps. Ours, and sharp: L times the"
        " largest gap tends to sup_s |d_s Z(s, t)|, the best Lipschitz constant, with an error of order 1/L."
    ),
    formula=r"L\max_k\|Z^L_{k+1}(t)-Z^L_k(t)\|\to\sup_s\|\partial_s\mathcal Z(s,t)\|",
    source=f"{PAPER}, Section 4.1, page 6",
    uses=("marion2024.theorem-4.part-ii", "marion2024.proposition-3.part-gap"),
    gallery=(FREE, CLIPPED, GELU),
    draws=0,
    levels=0,
    quantity=lambda p, depth: float(depth) * errors(p, int(depth)).gap,
    limit=limit_slope,
    mutants=(
        changed("half the slope", limit=lambda p: limit_slope(p) / 2),
        changed(
            "independent layers at the start",
            quantity=lambda p, depth: float(depth) * _distance("gap", start=Start.INDEPENDENT)(p, depth),
        ),
        changed("order 2", rate=Fraction(2)),
    ),
)
