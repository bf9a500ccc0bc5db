r"""C1: the minimiser of the empirical denoising risk is the closed-form velocity, and sampling it copies the training set.

At a time and a noised point the risk is a mean of squared distances to the targets, so that it is least at their mean, the
closed-form velocity. Along its flow the law of the state is the mixture that defines it, which at the end is the training set.

The file is long because the claim has two parts, with instances of their own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Number, total
from theory.marion2026.setting import (
    PAPER,
    FlowPoint,
    Numbers,
    denoising_risk,
    draw_flow_point,
    empirical_velocity,
    flow_time,
    targets,
)
from theory.proofs import identity
from theory.statement import Draw, Hypothesis, Inequality, Instance, Limit, Proof, changed, past_the_slack

PAGE = f"{PAPER}, Section 1, page 2"


def bias_and_variance() -> Any:
    """Return a mean square about v less the square of v minus the mean, less the variance, for three targets."""
    import sympy

    a, b, c, v, p, q = sympy.symbols("a b c v p q", real=True)
    weights, values = (p, q, 1 - p - q), (a, b, c)
    mean = sum(w * u for w, u in zip(weights, values, strict=True))
    about = [sum(w * (u - at) ** 2 for w, u in zip(weights, values, strict=True)) for at in (v, mean)]
    return sympy.expand(about[0] - (v - mean) ** 2 - about[1])


def two_point_minimiser() -> Any:
    r"""Return the derivative in v of the risk on two points at the closed-form velocity, times :math:`t(1+e^{a})`."""
    import sympy

    x, y, t, v, a = sympy.symbols("x y t v a", real=True)
    p = 1 / (1 + sympy.exp(a))
    first, second = (y - x) / t, (y + x) / t
    risk = p * (v - first) ** 2 + (1 - p) * (v - second) ** 2
    best = p * first + (1 - p) * second
    return sympy.simplify(sympy.diff(risk, v).subs(v, best) * t * (1 + sympy.exp(a)))


def equal_weights_velocity(p: FlowPoint) -> Number:
    """Return the velocity that takes all training points as equally likely."""
    return total(targets(p.x, p.t, p.y)) / len(p.x)


minimiser = Inequality(
    id="marion2026.claim-1.part-minimiser",
    title="the closed-form velocity minimises the empirical denoising risk",
    says=(
        "The global minimum of the empirical denoising loss is the velocity of the noised training set, v* = sum of w_i"
        " (y - x_i)/t with w_i the law of the training point given the noised one. Stated at a time t and a point y: no"
        " velocity has a smaller share of the risk than v*. Equality at v = v* only; what is left there is the least possible"
        " train loss."
    ),
    formula=r"\sum_iw_i\Big(v-\tfrac{y-x_i}t\Big)^2\ge\sum_iw_i\Big(v^\star-\tfrac{y-x_i}t\Big)^2",
    source=PAGE,
    instance=FlowPoint,
    instances=draw_flow_point,
    hypotheses=(flow_time,),
    left=lambda p: denoising_risk(p, p.v),
    relation=">=",
    right=lambda p, c: c.c * denoising_risk(p, empirical_velocity(p.x, p.t, p.y)),
    constants={"c": Fraction(1)},
    gallery=(
        {"x": [-1, 1], "t": "1/2", "y": 0, "v": 0},
        {"x": [-1, 1], "t": "1/2", "y": "1/4", "v": 1},
        {"x": [0, 1, 3], "t": "1/10", "y": 1, "v": -2},
    ),
    mutants=(
        past_the_slack("c"),
        changed(
            "all training points equally likely",
            left=lambda p: denoising_risk(p, empirical_velocity(p.x, p.t, p.y)),
            right=lambda p, c: c.c * denoising_risk(p, equal_weights_velocity(p)),
            gallery=(),
        ),
    ),
    proof=Proof(
        set="any finite training set in any dimension, any weights, all times in (0, 1), all velocities",
        argument=(
            "Given the noised point the target is the i-th with chance w_i, and a mean of squared distances is the squared"
            " distance to the mean plus the variance, coordinate by coordinate. The first term is 0 at v = v* only. The"
            " identity is quadratic in the targets, so that three of them with any weights show it for any number."
        ),
        steps=(
            identity("the mean square about v is (v - mean)^2 plus the variance, for any weights", bias_and_variance),
            identity("on two points -x, x the derivative of the risk vanishes at the closed form", two_point_minimiser),
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class FlowStart(Instance):
    """A training set on the line and a start of the flow, by its rank among the noise.

    Parameters
    ----------
    x
        The training points in order, shape ``(n,)``.
    u
        The share of starts below, in (0, 1), no multiple of 1/n.
    """

    x: Numbers
    u: Number


ordered = Hypothesis(
    name="ordered sample",
    says="x_1 < ... < x_n",
    holds=lambda p: [(b, ">", a) for a, b in zip(p.x, p.x[1:], strict=False)] if len(p.x) > 1 else (p.u, ">", 0 * p.u),
    standing=True,
)
rank = Hypothesis(
    name="rank",
    says="0 < u < 1",
    holds=lambda p: [(p.u, ">", 0 * p.u), (p.u, "<", 0 * p.u + 1)],
    standing=True,
)


def flow_state(p: FlowStart, t: float) -> float:
    r"""Return the state at time t of the flow of :math:`v^\star` that starts at rank u: the u-quantile of the mixture at t.

    On a line the flow keeps ranks, and the law of the state is :math:`\frac1n\sum_iN((1-t)x_i,t^2)` throughout.

    Parameters
    ----------
    p
        Training set and rank.
    t
        The time.

    Returns
    -------
    float
        The state.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr

    x, u = np.asarray(p.x, dtype=float), float(p.u)

    def excess(y: float) -> float:
        return float(ndtr((y - (1 - t) * x) / t).mean() - u)

    return float(brentq(excess, (1 - t) * x[0] - 40 * t, (1 - t) * x[-1] + 40 * t, xtol=1e-15, rtol=1e-14))


def distance_to_copy(p: FlowStart, scale: Number) -> float:
    """Return how far the state at time 1/scale is from the nearest training point."""
    state = flow_state(p, 1 / float(scale))
    return float(np.min(np.abs(np.asarray(p.x, dtype=float) - state)))


def distance_along_gaussian(p: FlowStart, scale: Number) -> float:
    """Return the same along the flow of the Gaussian fitted to the training set."""
    from scipy.special import ndtri

    x, t = np.asarray(p.x, dtype=float), 1 / float(scale)
    spread = math.sqrt((1 - t) ** 2 * float(x.var()) + t**2)
    state = (1 - t) * float(x.mean()) + spread * float(ndtri(float(p.u)))
    return float(np.min(np.abs(x - state)))


def draw_start(draw: Draw, in_force: frozenset[str]) -> FlowStart:
    """Draw two to five points at least 1/2 apart, and a rank in the inner half of a point's share."""
    del in_force
    n = draw.integer(2, 5)
    gaps = [Fraction(draw.real(0.5, 2)).limit_denominator(100) for _ in range(n)]
    x = tuple(sum(gaps[: k + 1], Fraction(-2)) for k in range(n))
    u = (draw.integer(0, n - 1) + Fraction(draw.real(0.25, 0.75)).limit_denominator(100)) / n
    return FlowStart(x=x, u=u)


sampling = Limit(
    id="marion2026.claim-1.part-sampling",
    title="sampling the closed-form velocity reproduces the training set",
    says=(
        "Sampling from the global minimum produces copies of training data. On a line the flow of v* keeps ranks, so that its"
        " state at time t is a quantile of the noised training set; it comes to a training point like t as t falls to 0, for"
        " every rank but the n - 1 between two points' shares, which have no chance. The control is the flow of the fitted"
        " Gaussian."
    ),
    formula=r"\min_i|x_t-x_i|=\Theta(t)\quad(t\to0)",
    source=PAGE,
    instance=FlowStart,
    instances=draw_start,
    hypotheses=(ordered, rank),
    quantity=distance_to_copy,
    limit=lambda _p: 0.0,
    scales=tuple(Fraction(2) ** k for k in range(4, 11)),
    rate=Fraction(1),
    draws=12,
    gallery=(
        {"x": [-1, 1], "u": "1/4"},
        {"x": [0, 1, 3], "u": "9/10"},
        {"x": [-2, 0, "1/2", 2], "u": "1/3"},
    ),
    mutants=(
        changed("like t^2", rate=Fraction(2)),
        changed("the flow of the fitted Gaussian", quantity=distance_along_gaussian),
    ),
    uses=("marion2026.claim-1.part-minimiser",),
)
