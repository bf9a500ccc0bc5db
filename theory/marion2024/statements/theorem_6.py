r"""Theorem 6, measured: training to interpolation by the flow (4), the double limit in time and depth, and floors without it.

The literal constants are elsewhere; here networks of moderate width, trained from the printed start to the rounding floor.

Longer than most: the claims and the floors that control them are one set of runs.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.activations import Activation, Smoothness
from numerics.arithmetic import Number
from numerics.residual_network import Start, Weights
from theory.marion2024.infinite_depth import LimitProblem, limit_pass
from theory.marion2024.long_training import (
    TIMES,
    LongRun,
    at_depth,
    data_of,
    layer_distance,
    network_of,
    train,
    train_limit,
)
from theory.marion2024.setting import PAPER
from theory.marion2024.training import NAMES, layer_gaps
from theory.statement import Draw, Hidden, Hypothesis, Limit, changed

DEPTH = 8
DEPTHS = tuple(Fraction(2 * 2**k) for k in range(5))
SHORT = (TIMES[-2],)
COSINE = {"seed": 6, "activation": NAMES.index("one_minus_cos"), "n": 3, "d": 2, "q": 3, "m": 16, "duplicates": 0}
WIDE = {"seed": 1, "activation": NAMES.index("one_minus_cos"), "n": 4, "d": 4, "q": 5, "m": 16, "duplicates": 0}
GELU = {**WIDE, "activation": NAMES.index("gelu")}

sizes = Hypothesis(
    name="sizes",
    says="q > d >= 2 (the outputs are the last q - d states), n, m >= 1",
    holds=lambda p: [(p.d, ">=", 2), (p.q, ">", p.d), (p.n, ">=", 1), (p.m, ">=", 1)],
    standing=True,
)
different = Hypothesis(name="different inputs", says="no input is repeated", holds=lambda p: (p.duplicates, "==", 0))
bent = Hypothesis(
    name="not linear",
    says="the activation is not linear",
    holds=lambda p: (abs(p.activation - NAMES.index("identity")), ">", 0),
)


def _draw(draw: Draw, in_force: frozenset[str]) -> LongRun:
    del in_force
    return LongRun.parse({**WIDE, "seed": draw.integer(0, 1000)})


def loss_at(p: LongRun, t: Number, **changes: Any) -> float:
    """Return the loss of the network of depth 8 at a time, of another run if fields are changed."""
    return next(stage.loss for stage in train(replace(p, **changes), DEPTH) if stage.t == float(t))


def lonely_floor(p: LongRun) -> float:
    r"""Return :math:`\frac1n\sum_{i\in D}\|y_i-\bar y_D\|^2`, D the equal inputs: no function has a smaller loss."""
    _, y, _ = data_of(p)
    group = y[: 1 + int(p.duplicates)]
    return float(np.sum((group - group.mean(axis=0)) ** 2)) / len(y)


def linear_floor(p: LongRun) -> float:
    r"""Return the least squares error of linear maps, :math:`\min_G\frac1n\sum\|Gx_i-y_i\|^2`."""
    x, y, _ = data_of(p)
    return float(np.sum((x @ np.linalg.lstsq(x, y, rcond=None)[0] - y) ** 2)) / len(y)


equation_10 = Limit(
    id="marion2024.equation-10",
    title="the loss decays to zero exponentially",
    says=(
        "Under (4), with the printed start and a wide enough network, the loss decays like an exponential, and in the limit the"
        " data are interpolated (part (iv) of Theorem 6). Measured at depth 8 and m = 16 > n, far from the printed sizes, to"
        " the rounding floor; targets of size 1, not small. Without a second label for one input, and without a nonlinear"
        " activation, there is a floor."
    ),
    formula=r"\ell^L(t)\le\exp\Big(-\frac{C't}{n\sqrt n\,q}\Big)\ell^L(0)",
    source=f"{PAPER}, Theorem 6 (10), page 6",
    instance=LongRun,
    instances=_draw,
    hypotheses=(sizes, different, bent),
    hidden=(
        Hidden(
            says="L >= c_2 sqrt(nq)",
            where="'L in N^*' in (10): Proposition 5, on which it rests, needs the depth",
            finding="networks of depth 1 to 8 interpolate as well in what we ran",
        ),
    ),
    gallery=(COSINE, WIDE, GELU),
    quantity=loss_at,
    limit=lambda p: 0.0,
    scales=tuple(Fraction(t) for t in TIMES),
    rate=None,
    mutants=(
        changed("two labels for one input", quantity=lambda p, t: loss_at(p, t, duplicates=1)),
        changed(
            "linear activation, more points than dimensions",
            quantity=lambda p, t: loss_at(p, t, activation=NAMES.index("identity"), n=p.d + 1),
        ),
    ),
)

duplicates_floor = replace(
    equation_10,
    id="marion2024.theorem-6.reading-duplicates",
    title="two labels for one input leave their variance",
    says=(
        "Ours, a control: with one input given twice, with two targets, the loss tends to (1/n) sum |y_i - mean|^2 over both,"
        " the least value that any function has, and not below."
    ),
    formula=r"\ell^L(t)\to\frac1n\sum_{i\in D}\|y_i-\bar y_D\|^2",
    source="ours; a control of Theorem 6",
    ours=True,
    hypotheses=(sizes, bent),
    hidden=(),
    gallery=tuple({**entry, "duplicates": 1} for entry in (COSINE, WIDE, GELU)),
    limit=lonely_floor,
    mutants=(
        changed("interpolation", limit=lambda p: 0.0),
        changed("the sum for the mean", limit=lambda p: p.n * lonely_floor(p)),
    ),
)

linear_activation = replace(
    equation_10,
    id="marion2024.theorem-6.reading-linear",
    title="a linear activation leaves the least squares error",
    says=(
        "Ours, a control: with the identity for sigma, all eta_r of which with r >= 2 vanish, the network is a linear map, and"
        " the loss tends to the error of least squares, which is positive for n > d in general."
    ),
    formula=r"\ell^L(t)\to\min_G\frac1n\sum_i\|Gx_i-y_i\|^2",
    source="ours; a control of Theorem 6",
    ours=True,
    hypotheses=(sizes, different),
    hidden=(),
    gallery=(
        {**COSINE, "activation": NAMES.index("identity")},
        {**WIDE, "activation": NAMES.index("identity"), "n": 6},
    ),
    limit=linear_floor,
    mutants=(changed("interpolation", limit=lambda p: 0.0),),
)


SQUARE = Activation(
    name="square",
    value=lambda x: x * x,
    first=lambda x: 2 * x,
    second=lambda x: 2 + 0 * x,
    lipschitz=math.inf,
    bound=math.inf,
    curvature=2.0,
    smoothness=Smoothness.ANALYTIC,
    vanishes_at_zero=True,
)


def quadratic_floor(p: LongRun) -> float:
    """Return the least squares error of polynomials of degree at most 2 that vanish at 0."""
    x, y, _ = data_of(p)
    monomials = np.column_stack([x, *(x[:, i] * x[:, j] for i in range(p.d) for j in range(i + 1))])
    return float(np.sum((monomials @ np.linalg.lstsq(monomials, y, rcond=None)[0] - y) ** 2)) / len(y)


def squared_loss_at(p: LongRun, t: Number, depth: int = 1) -> float:
    """Return the loss at a time of a network with the square for activation."""
    return next(stage.loss for stage in train(p, depth, TIMES, Start.TIED, SQUARE) if stage.t == float(t))


POLYNOMIAL = {**COSINE, "seed": 0, "n": 7}

polynomial_activation = replace(
    equation_10,
    id="marion2024.theorem-6.reading-polynomial",
    title="a polynomial activation leaves the error of polynomials, layer by layer",
    says=(
        "Ours, a control: with sigma(x) = x^2, which has no Hermite coefficient beyond r = 2 and is not bounded, one layer can"
        " only make polynomials of degree 2, and the loss tends to their least squares error, however wide the layer is. Two"
        " layers make degree 4, and go below. Proposition 5 uses boundedness to have eta_r not 0 for arbitrarily large r."
    ),
    formula=r"\ell^1(t)\to\min_{\deg G\le2,\,G(0)=0}\frac1n\sum_i|G(x_i)-y_i|^2",
    source="ours; a control of Theorem 6",
    ours=True,
    hypotheses=(sizes, different),
    hidden=(),
    gallery=(POLYNOMIAL, {**POLYNOMIAL, "seed": 1}, {**POLYNOMIAL, "seed": 2}),
    quantity=squared_loss_at,
    limit=quadratic_floor,
    mutants=(
        changed("interpolation", limit=lambda p: 0.0),
        changed("two layers", quantity=lambda p, t: squared_loss_at(p, t, 2)),
    ),
)


def _end(p: LongRun, depth: Number, start: Start = Start.TIED) -> Weights:
    found = train(p, int(depth), SHORT, start)[-1].weights
    assert isinstance(found, Weights)
    return found


def weight_distance(p: LongRun, depth: Number, start: Start = Start.TIED) -> float:
    r"""Return :math:`\sup_k\|Z_k^L(T)-\mathcal Z(\frac kL,T)\|`, A and B included, at the time T when training stands still."""
    return layer_distance(_end(p, depth, start), at_depth(train_limit(p, SHORT)[-1].weights, int(depth)))


def output_distance(p: LongRun, depth: Number, start: Start = Start.TIED) -> float:
    """Return the largest distance of the outputs from those of the limit, at 20 fresh inputs."""
    fresh = np.random.default_rng(5).standard_normal((20, p.d))
    limit = train_limit(p, SHORT)[-1].weights
    problem = LimitProblem(x=fresh, y=np.zeros((20, p.q - p.d)), q=p.q, m=p.m, activation=network_of(p).activation)
    wanted = limit_pass(problem, limit).hidden[-1] @ limit.B.T
    return float(np.abs(network_of(p).forward(_end(p, depth, start), fresh).output - wanted).max())


double_limit = replace(
    equation_10,
    id="marion2024.theorem-6.part-ii",
    title="depth and time to infinity, in either order",
    says=(
        "Z^L(t) tends to Z_inf as t and L tend to infinity, uniformly in s; the same for A and B. Measured at a time T at which"
        " both have stopped: networks of depth L trained to the end, against the limit system trained to the end: the order of"
        " the limits does not matter, and the error is of order 1/L. From independent layers there is no limit."
    ),
    formula=r"\sup_k\|Z^L_k(\infty)-\mathcal Z_\infty(\tfrac kL)\|=O(1/L)",
    source=f"{PAPER}, Theorem 6 (i), (ii), page 7",
    hidden=(),
    gallery=(COSINE, WIDE),
    uses=("marion2024.lemma-19", "marion2024.theorem-4.part-ii"),
    quantity=weight_distance,
    scales=DEPTHS,
    further=(2 * DEPTHS[-1], 4 * DEPTHS[-1]),
    rate=Fraction(1),
    mutants=(
        changed("independent layers", quantity=lambda p, depth: weight_distance(p, depth, Start.INDEPENDENT)),
        changed("order 2", rate=Fraction(2)),
    ),
)

double_limit_outputs = replace(
    double_limit,
    id="marion2024.theorem-6.part-iv",
    title="the outputs tend to those of the limiting differential equation",
    says="F^L(x; t) tends to F_inf(x) = B_inf H(1) uniformly in x; measured at 20 fresh inputs, with an error of order 1/L.",
    formula=r"\sup_x|F^L(x;\infty)-F_\infty(x)|=O(1/L)",
    source=f"{PAPER}, Theorem 6 (iii), (iv), page 7",
    uses=("marion2024.theorem-6.part-ii", "marion2024.equation-10"),
    quantity=output_distance,
    scales=DEPTHS,
    mutants=(
        changed("independent layers", quantity=lambda p, depth: output_distance(p, depth, Start.INDEPENDENT)),
        changed("order 2", rate=Fraction(2)),
    ),
)

lipschitz_limit = replace(
    double_limit,
    id="marion2024.theorem-6.part-lipschitz",
    title="the limit is Lipschitz in depth",
    says=(
        "Z_inf is Lipschitz: L times the largest gap of successive layers at the end of training tends to sup_s |d_s Z_inf|,"
        " with an error of order 1/L. It does not grow with the training time, as the bound of Theorem 4 would let it."
    ),
    formula=r"L\max_k\|Z^L_{k+1}(\infty)-Z^L_k(\infty)\|\to\sup_s\|\partial_s\mathcal Z_\infty(s)\|",
    source=f"{PAPER}, Theorem 6 (ii), page 7",
    uses=("marion2024.theorem-6.part-ii",),
    gallery=(COSINE, {**COSINE, "seed": 5}),
    scales=tuple(2 * depth for depth in DEPTHS),
    further=(4 * DEPTHS[-1],),
    quantity=lambda p, depth: float(depth) * float(layer_gaps(_end(p, depth)).max()),
    limit=lambda p: train_limit(p, SHORT)[-1].weights.steepest,
    mutants=(
        changed("half of it", limit=lambda p: train_limit(p, SHORT)[-1].weights.steepest / 2),
        changed("order 2", rate=Fraction(2)),
    ),
)


def still_moving(p: LongRun, t: Number) -> float:
    r"""Return :math:`\max_L\sup_k\|Z^L_k(t)-Z^L_k(T)\|`, A and B included, over L = 1, 4, 16."""
    stages = [train(p, depth) for depth in (1, 4, 16)]
    return max(layer_distance(next(stage.weights for stage in run if stage.t == float(t)), run[-1].weights) for run in stages)


uniform_in_depth = replace(
    equation_10,
    id="marion2024.proposition-8.part-iv",
    title="the weights converge in time, uniformly in the depth",
    says=(
        "A, B and all layers have limits as t grows, uniformly in L and k. Measured for L = 1, 4, 16 together, as the distance"
        " from the weights at time 32; it falls to the floor of the integrator, 1e-11 of the weights."
    ),
    formula=r"\sup_{L,k}\|Z^L_k(t)-Z^L_k(\infty)\|\to0",
    source=f"{PAPER}, Proposition 8 (iv), page 18",
    hidden=(),
    quantity=lambda p, t: 1.0 + still_moving(p, t),
    limit=lambda p: 1.0,
    gallery=(COSINE,),
    scales=tuple(Fraction(t) for t in TIMES[:-1]),
    mutants=(
        # Its constant is small here, and at time 16 the weights still move.
        changed("tanh", quantity=lambda p, t: 1.0 + still_moving(replace(p, activation=NAMES.index("tanh")), t)),
    ),
)
