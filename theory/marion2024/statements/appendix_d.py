"""Appendix D: with the ReLU activation the smoothness of the weights is lost; two displayed gradients miss factors.

Longer than most: one statement for each display, the repairs, and the trained networks with their smooth controls.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Number, absolute, exp, log, positive_part, where
from theory.marion2024.setting import PAPER, Numbers, rounded
from theory.proofs import identity
from theory.statement import (
    Draw,
    Erratum,
    Fault,
    Hidden,
    Hypothesis,
    Identity,
    Inequality,
    Instance,
    Limit,
    Proof,
    changed,
    past_the_slack,
    scaled,
    without,
)

WHERE = f"{PAPER}, Appendix D, page 39"


@dataclass(frozen=True, kw_only=True)
class ScalarNetwork(Instance):
    r"""A scalar residual network :math:`h_{k+1}=h_k+\frac1{2L}\mathrm{relu}(w_{k+1}h_k)` and one point :math:`(x,Cx)`.

    Parameters
    ----------
    x, target
        The input, and the factor C.
    weights
        The weights :math:`w_1,\dots,w_{2L}`.
    """

    x: Number
    target: Number
    weights: Numbers

    @property
    def half(self) -> int:
        """Return L."""
        return len(self.weights) // 2

    @property
    def even(self) -> list[Number]:
        """Return the weights of the even layers."""
        return list(self.weights[1::2])


@dataclass(frozen=True, kw_only=True)
class TiedNetwork(Instance):
    r"""The same network with its odd weights at :math:`-\frac1{2L}` and all even weights equal.

    Parameters
    ----------
    x, target
        The input, and the factor C.
    w
        The weight of every even layer.
    half
        The number L.
    """

    x: Number
    target: Number
    w: Number
    half: int

    @property
    def weights(self) -> list[Number]:
        """Return all weights."""
        odd = (0 * self.w - 1) / (2 * self.half)
        return [odd, self.w] * self.half


def hidden_states(p: Any) -> list[Number]:
    """Return h_0, ..., h_{2L}."""
    states = [p.x]
    for w in p.weights:
        states.append(states[-1] + positive_part(w * states[-1]) / (2 * p.half))
    return states


def gradient(p: Any) -> Numbers:
    r"""Return :math:`\partial\ell/\partial w_k` of :math:`\ell=(h_{2L}-Cx)^2`, by backpropagation.

    Parameters
    ----------
    p
        A lifted network.

    Returns
    -------
    array
        Shape ``(2 L,)``.
    """
    states, size = hidden_states(p), 2 * p.half
    adjoint = 2 * (states[-1] - p.target * p.x)
    found = []
    for w, h in zip(reversed(list(p.weights)), reversed(states[:-1]), strict=True):
        active = where(w * h, 0 * h + 1, 0 * h)
        found.append(adjoint * active * h / size)
        adjoint = adjoint * (1 + active * w / size)
    return np.array(found[::-1])


def product(factors: list[Number], one: Number) -> Number:
    """Return the product of a list, which may be empty."""
    result = one
    for factor in factors:
        result = result * factor
    return result


def even_factors(p: Any) -> list[Number]:
    r"""Return the factors :math:`1+\frac{w_{2j}}{2L}`."""
    return [1 + w / (2 * p.half) for w in p.weights[1::2]]


def even_flow(p: Any) -> Numbers:
    r"""Return :math:`(C-\prod_j(1+\frac{w_{2j}}{2L}))\prod_{j\ne k}(1+\frac{w_{2j}}{2L})` for every k."""
    factors, one = even_factors(p), 0 * p.x + 1
    gap = p.target - product(factors, one)
    return np.array([gap * product(factors[:k] + factors[k + 1 :], one) for k in range(p.half)])


even_depth = Hypothesis(
    name="depth 2L",
    says="the depth is even and positive",
    holds=lambda p: (len(p.weights), "==", max(2, 2 * p.half)),
    standing=True,
)
positive_input = Hypothesis(name="x > 0", says="x > 0", holds=lambda p: (p.x, ">", 0 * p.x))
expanding = Hypothesis(name="C > 1", says="C > 1", holds=lambda p: (p.target, ">", 0 * p.target + 1))
odd_negative = Hypothesis(
    name="odd layers negative", says="w_1, w_3, ... < 0", holds=lambda p: [(w, "<", 0 * w) for w in p.weights[0::2]]
)
even_positive = Hypothesis(
    name="even layers positive", says="w_2, w_4, ... > 0", holds=lambda p: [(w, ">", 0 * w) for w in p.weights[1::2]]
)
NETWORK = (even_depth, positive_input, expanding, odd_negative, even_positive)
TIED = (
    Hypothesis(name="L >= 1", says="L >= 1", holds=lambda p: (p.half, ">=", 1), standing=True),
    positive_input,
    expanding,
    Hypothesis(name="w > 0", says="w > 0", holds=lambda p: (p.w, ">", 0 * p.w)),
)


def _draw(draw: Draw, in_force: frozenset[str]) -> ScalarNetwork:
    half = draw.integer(1, 4)
    low = -3.0 if odd_negative.name not in in_force else 0.01
    odd = [-rounded(draw.real(low, 3.0)) for _ in range(half)]
    even = [rounded(draw.real(-3.0 if even_positive.name not in in_force else 0.01, 3.0)) for _ in range(half)]
    weights = tuple(w for pair in zip(odd, even, strict=True) for w in pair)
    return ScalarNetwork(x=rounded(draw.positive(0.1, 10.0)), target=rounded(1 + draw.positive(0.01, 5.0)), weights=weights)


def _draw_tied(draw: Draw, in_force: frozenset[str]) -> TiedNetwork:
    del in_force
    x, target = rounded(draw.positive(0.1, 10.0)), rounded(1 + draw.positive(0.01, 5.0))
    return TiedNetwork(x=x, target=target, w=rounded(draw.positive(0.01, 5.0)), half=draw.integer(1, 8))


START = {"x": 1, "target": 2, "weights": ["-1/2", "1/2"]}
TWO = {"x": 2, "target": 3, "weights": ["-1/4", "1/4", "-1/4", "1/4"]}


def gradient_identity() -> Any:
    """Return the derivative of (x prod (1 + w_j/(2L)) - C x)^2 in w_1 plus the flow claimed, L = 3."""
    import sympy

    x, target, w = sympy.Symbol("x"), sympy.Symbol("C"), sympy.symbols("w1:4")
    factors = [1 + v / 6 for v in w]
    loss = (x * sympy.prod(factors) - target * x) ** 2
    return sympy.expand(sympy.diff(loss, w[0]) + x**2 / 3 * (target - sympy.prod(factors)) * factors[1] * factors[2])


def residual_identity() -> Any:
    """Return dy/db db/dt plus (x^2/(2L)) b^(2L-2) y for the repaired flow, b = 1 + w/(2L), y = C - b^L."""
    import sympy

    x, target, base, half = sympy.symbols("x C b L", positive=True)
    gap = target - base**half
    flow = x**2 / half * gap * base ** (half - 1)
    slope = sympy.diff(gap, base) * flow / (2 * half)
    return sympy.powsimp(sympy.expand(slope + x**2 / (2 * half) * base ** (2 * half - 2) * gap))


def limit_identity() -> Any:
    """Return the second derivative of e^u - 1 - u less e^u; value and slope vanish at 0."""
    import sympy

    u = sympy.Symbol("u", positive=True)
    value = sympy.exp(u) - 1 - u
    assert value.subs(u, 0) == 0
    assert sympy.diff(value, u).subs(u, 0) == 0
    return sympy.diff(value, u, 2) - sympy.exp(u)


step_1 = Identity(
    id="marion2024.claim-d.step-1",
    title="the output is a product over the even layers",
    says="With negative odd and positive even weights and x > 0, h_{2L} = x times the product of 1 + w_{2j}/(2L).",
    formula=r"h_{2L}=\prod_{j=1}^L\Big(1+\frac{w_{2j}}{2L}\Big)x",
    source=WHERE,
    instance=ScalarNetwork,
    instances=_draw,
    hypotheses=NETWORK,
    left=lambda p: hidden_states(p)[-1],
    right=lambda p, c: product(even_factors(p), p.x),
    cost=3,
    gallery=(START, TWO),
    mutants=(
        without(odd_negative.name, {**START, "weights": ["1/2", "1/2"]}),
        without(even_positive.name, {**START, "weights": ["-1/2", "-1/2"]}),
        changed("L for 2L", right=lambda p, c: product([2 * factor - 1 for factor in even_factors(p)], p.x)),
    ),
)

step_2 = replace(
    step_1,
    id="marion2024.claim-d.step-2",
    title="the odd layers never move",
    says="The gradient of the loss in the weights of the odd layers is exactly 0, since their pre-activations are negative.",
    formula=r"\frac{\partial\ell}{\partial w_{2k+1}}=0",
    left=lambda p: gradient(p)[0::2],
    right=lambda p, c: np.array([0 * p.x for _ in range(p.half)]),
    hidden=(
        Hidden(
            says="x > 0",
            where="'(x, Cx) in R_+^2' and 'the argument of sigma is positive on the even layers'",
            finding="for x = 0 nothing moves at all, and the smoothness is not lost",
        ),
    ),
    mutants=(
        without(odd_negative.name, {**START, "weights": ["1/2", "1/2"]}),
        changed("the even layers", left=lambda p: gradient(p)[1::2]),
    ),
)

step_3 = replace(
    step_1,
    id="marion2024.claim-d.step-3",
    title="the gradient flow of the even layers, as displayed",
    says=(
        "The flow dw_{2k}/dt = -dl/dw_{2k} is displayed as 2x (C - prod)(prod without k). The loss has x^2 in it and the layer"
        " 1/(2L): the factor is x^2/L. The two agree only when x = 2L; with the speed of (4), 2L times the gradient, only when"
        " x = 1. Nothing that follows depends on it but the speed."
    ),
    formula=r"-\frac{\partial\ell}{\partial w_{2k}}"
    r"=2x\Big(C-\prod_{j=1}^L\Big(1+\frac{w_{2j}}{2L}\Big)\Big)\prod_{j\ne k}\Big(1+\frac{w_{2j}}{2L}\Big)",
    left=lambda p: -gradient(p)[1::2],
    right=lambda p, c: 2 * p.x * even_flow(p),
    gallery=(),
    mutants=(),
    erratum=Erratum(
        wrong="the factor is x^2/L, not 2x: one x and the 1/(2L) of the layer are missing.",
        line="the gradient flow equation for the even layers, page 39",
        counterexample=START,
        repaired="marion2024.claim-d.reading-repaired.step-3",
        fault=Fault.SLIP,
    ),
)

step_3_repaired = replace(
    step_3,
    id="marion2024.claim-d.reading-repaired.step-3",
    title="the gradient flow of the even layers, repaired",
    says="-dl/dw_{2k} = (x^2/L)(C - prod)(prod without k).",
    formula=r"-\frac{\partial\ell}{\partial w_{2k}}"
    r"=\frac{x^2}L\Big(C-\prod_{j=1}^L\Big(1+\frac{w_{2j}}{2L}\Big)\Big)\prod_{j\ne k}\Big(1+\frac{w_{2j}}{2L}\Big)",
    source="ours; repairs a display of Appendix D",
    ours=True,
    right=lambda p, c: p.x * p.x / p.half * even_flow(p),
    erratum=None,
    gallery=(START, TWO),
    proof=Proof(
        set="all L, x, C and weights with negative odd and positive even layers",
        argument="The chain rule on (x prod - C x)^2; for L = 3 expanded.",
        steps=(identity("the derivative in one weight, L = 3", gradient_identity),),
    ),
    mutants=(
        changed("the printed factor", right=step_3.right),
        changed("x for x^2", right=lambda p, c: p.x / p.half * even_flow(p)),
        without(odd_negative.name, {**START, "weights": ["1/2", "1/2"]}),
    ),
)

step_3_scaled = replace(
    step_3_repaired,
    id="marion2024.claim-d.reading-scaled.step-3",
    title="the gradient flow of the even layers, at the speed of (4)",
    says=(
        "Ours: with the factor 2L, the depth, that (4) puts before the gradient the flow is 2x^2 (C - prod)(prod without k):"
        " the printed one with x^2 for x. Only then is the speed free of L."
    ),
    formula=r"-2L\frac{\partial\ell}{\partial w_{2k}}"
    r"=2x^2\Big(C-\prod_{j=1}^L\Big(1+\frac{w_{2j}}{2L}\Big)\Big)\prod_{j\ne k}\Big(1+\frac{w_{2j}}{2L}\Big)",
    source="ours; reads a display of Appendix D with (4)",
    left=lambda p: -gradient(p)[1::2] * (2 * p.half),
    right=lambda p, c: 2 * p.x * p.x * even_flow(p),
    mutants=(changed("the printed factor", right=step_3.right, gallery=(TWO,)),),
)


def tied_flow(p: Any) -> Number:
    r"""Return :math:`(C-(1+\frac w{2L})^L)(1+\frac w{2L})^{L-1}`."""
    base = 1 + p.w / (2 * p.half)
    return (p.target - base**p.half) * base ** (p.half - 1)


def residual(p: Any) -> Number:
    r"""Return :math:`y=C-(1+\frac w{2L})^L`."""
    return p.target - (1 + p.w / (2 * p.half)) ** p.half


TIED_START = {"x": 1, "target": 2, "w": "1/2", "half": 1}
step_4 = Identity(
    id="marion2024.claim-d.step-4",
    title="the equation of the common weight, as displayed",
    says=(
        "All even layers share one weight w(t), whose equation is displayed with the factor 2x; it is x^2/L, as in step-3."
        " Checked at every even layer of the network with odd weights -1/(2L)."
    ),
    formula=r"\frac{dw}{dt}=2x\Big(C-\Big(1+\frac w{2L}\Big)^L\Big)\Big(1+\frac w{2L}\Big)^{L-1}",
    source=WHERE,
    instance=TiedNetwork,
    instances=_draw_tied,
    hypotheses=TIED,
    left=lambda p: -gradient(p)[1::2],
    right=lambda p, c: np.array([2 * p.x * tied_flow(p) for _ in range(p.half)]),
    cost=3,
    erratum=Erratum(
        wrong="the factor is x^2/L, not 2x: the flow slows down with the depth.",
        line="the equation of w(t), page 39",
        counterexample=TIED_START,
        repaired="marion2024.claim-d.reading-repaired.step-4",
        fault=Fault.SLIP,
    ),
)

step_4_repaired = replace(
    step_4,
    id="marion2024.claim-d.reading-repaired.step-4",
    title="the equation of the common weight, repaired",
    says="dw/dt = (x^2/L)(C - (1 + w/(2L))^L)(1 + w/(2L))^(L-1) at every even layer.",
    formula=r"\frac{dw}{dt}=\frac{x^2}L\Big(C-\Big(1+\frac w{2L}\Big)^L\Big)\Big(1+\frac w{2L}\Big)^{L-1}",
    source="ours; repairs a display of Appendix D",
    ours=True,
    right=lambda p, c: np.array([p.x * p.x / p.half * tied_flow(p) for _ in range(p.half)]),
    erratum=None,
    gallery=(TIED_START, {"x": 2, "target": 3, "w": 1, "half": 4}),
    mutants=(
        changed("the printed factor", right=step_4.right),
        changed("without 1/L", right=lambda p, c: np.array([p.x * p.x * tied_flow(p) for _ in range(p.half)])),
        without("w > 0", {**TIED_START, "w": "-1/2"}),
    ),
)

step_5 = Inequality(
    id="marion2024.claim-d.reading-rate.step-5",
    title="the residual decays at a rate of at least x^2/(2L)",
    says=(
        "Ours: what Groenwall's inequality gives. y = C - (1 + w/(2L))^L has -d|y|/dt >= (x^2/(2L)) |y| along the gradient"
        " flow, so that w tends to w* from any w > 0. Near w* the rate is (x^2/(2L)) C^(2-2/L): without the factor 2L of (4)"
        " the time that the loss of smoothness takes grows like L."
    ),
    formula=r"-\frac{d|y|}{dt}\ge\frac{x^2}{2L}|y|",
    source="ours; makes a step of Appendix D explicit",
    ours=True,
    instance=TiedNetwork,
    instances=_draw_tied,
    hypotheses=(
        *TIED,
        Hypothesis(name="y != 0", says="y != 0", holds=lambda p: (residual(p) ** 2, ">", 0 * p.w), standing=True),
    ),
    uses=("marion2024.claim-d.reading-repaired.step-4",),
    # dy/dt = -(1/2)(1 + w/(2L))^(L-1) dw/dt, and dw/dt has the sign of y.
    left=lambda p: absolute((1 + p.w / (2 * p.half)) ** (p.half - 1) * gradient(p)[1] / 2),
    relation=">=",
    right=lambda p, c: c.c * p.x * p.x / (2 * p.half) * absolute(residual(p)),
    constants={"c": Fraction(1)},
    cost=3,
    gallery=({"x": 1, "target": 2, "w": "1/2", "half": 1}, {"x": 1, "target": 2, "w": 4, "half": 2}),
    proof=Proof(
        set="all L >= 1, x > 0, C > 1, w >= 0",
        argument="dy/dt = -(x^2/(2L)) (1 + w/(2L))^(2L-2) y, and 1 + w/(2L) >= 1.",
        steps=(identity("the derivative of y along the flow", residual_identity),),
    ),
    mutants=(
        past_the_slack("c"),
        changed("the rate of the printed flow", right=lambda p, c: p.x * absolute(residual(p)), gallery=(TIED_START,)),
        without("w > 0", {"x": 1, "target": 2, "w": "-1/2", "half": 2}),
    ),
)


def limit_weight(p: Any) -> Number:
    r"""Return :math:`w^\star=2L(C^{1/L}-1)`."""
    return 2 * p.half * (exp(log(p.target) / p.half) - 1)


@dataclass(frozen=True, kw_only=True)
class LimitWeight(Instance):
    """The factor C and the number L of Appendix D.

    Parameters
    ----------
    target
        The factor C.
    half
        The number L.
    """

    target: Number
    half: int


LIMIT = (TIED[0], expanding)


def _draw_limit(draw: Draw, in_force: frozenset[str]) -> LimitWeight:
    del in_force
    return LimitWeight(target=rounded(1 + draw.positive(0.01, 20.0)), half=draw.choice((1, 2, 3, 5, 8, 20, 50, 200, 1000)))


equation_56 = Identity(
    id="marion2024.equation-56",
    title="the limit of the even weights",
    says="(56) has the positive solution w* = 2L (C^(1/L) - 1), at which the flow of step-4 stops.",
    formula=r"\Big(1+\frac{w^\star}{2L}\Big)^L=C",
    source=WHERE,
    instance=LimitWeight,
    instances=_draw_limit,
    hypotheses=LIMIT,
    left=lambda p: (1 + limit_weight(p) / (2 * p.half)) ** p.half,
    right=lambda p, c: p.target,
    gallery=({"target": 2, "half": 1}, {"target": 3, "half": 10}),
    mutants=(changed("2 ln C for w*", left=lambda p: (1 + log(p.target) / p.half) ** p.half),),
)

step_6 = Inequality(
    id="marion2024.claim-d.step-6",
    title="the limit is at least 2 ln C",
    says="w* >= 2 ln C, strictly, whatever L; the ratio tends to 1 as L grows. Successive weights end 2 ln C apart or more.",
    formula=r"w^\star\ge2\ln C",
    source=WHERE,
    instance=LimitWeight,
    instances=_draw_limit,
    hypotheses=LIMIT,
    uses=("marion2024.equation-56",),
    left=limit_weight,
    relation=">=",
    right=lambda p, c: c.c * log(p.target),
    constants={"c": Fraction(2)},
    gallery=({"target": 2, "half": 1}, {"target": 2, "half": 1000}),
    proof=Proof(
        set="all L >= 1 and C > 1",
        argument="e^u - 1 >= u at u = (ln C)/L, times 2L.",
        steps=(identity("e^u - 1 - u vanishes with its slope at 0 and is convex", limit_identity),),
    ),
    mutants=(past_the_slack("c"), scaled("c", Fraction(11, 10))),
)


@dataclass(frozen=True, kw_only=True)
class Training(Instance):
    r"""Gradient flow of the scalar network at the speed of (4), from weights :math:`w+\text{alternating}\frac{(-1)^k}{2L}`.

    Parameters
    ----------
    x, target
        The input, and the factor C.
    w
        The common part of the initial weights.
    alternating
        1 for the start of Appendix D, 0 for a weight-tied one.
    time
        The time of training.
    """

    x: Number
    target: Number
    w: Number
    alternating: int
    time: Number


Activation = Callable[[float], tuple[float, float]]


def relu(z: float) -> tuple[float, float]:
    """Return max(0, z) and its derivative."""
    return (z, 1.0) if z > 0 else (0.0, 0.0)


def tanh(z: float) -> tuple[float, float]:
    """Return tanh z, smooth with all derivatives bounded, and its derivative."""
    value = math.tanh(z)
    return value, 1 - value * value


def soft(z: float) -> tuple[float, float]:
    r"""Return :math:`\frac12(z+\sqrt{1+z^2}-1)`, smooth and Lipschitz but not bounded, and its derivative."""
    root = math.hypot(1.0, z)
    return (z + root - 1) / 2, (1 + z / root) / 2


def loss_gradient(p: Any, weights: Any, activation: Activation) -> Any:
    """Return 2L times the gradient of the loss, by backpropagation in floats."""
    size, h, tape = len(weights), float(p.x), []
    for w in weights.tolist():
        value, slope = activation(w * h)
        tape.append((h, w, slope))
        h += value / size
    adjoint, found = 2 * (h - float(p.target) * float(p.x)), []
    for before, w, slope in reversed(tape):
        found.append(adjoint * slope * before)
        adjoint *= 1 + slope * w / size
    return np.array(found[::-1])


def trained(p: Any, half: int, activation: Activation, steps: int) -> Any:
    """Return the weights after training, by the classical Runge-Kutta method.

    Parameters
    ----------
    p
        A training problem.
    half
        The number L.
    activation
        Value and derivative of the activation.
    steps
        Steps in time.

    Returns
    -------
    numpy.ndarray
        Shape ``(2 L,)``.
    """
    signs = np.array([(-1.0) ** k for k in range(1, 2 * half + 1)])
    weights = float(p.w) + p.alternating * signs / (2 * half)
    step = float(p.time) / steps
    for _ in range(steps):
        one = -loss_gradient(p, weights, activation)
        two = -loss_gradient(p, weights + step / 2 * one, activation)
        three = -loss_gradient(p, weights + step / 2 * two, activation)
        four = -loss_gradient(p, weights + step * three, activation)
        weights = weights + step / 6 * (one + 2 * two + 2 * three + four)
    return weights


def final_gap(p: Any, half: Number, activation: Activation) -> float:
    r"""Return :math:`\max_k|w_{k+1}-w_k|` after training."""
    steps = 16 * max(1, round(float(p.time)))
    return float(np.abs(np.diff(trained(p, int(half), activation, steps))).max())


def _draw_training(draw: Draw, in_force: frozenset[str]) -> Training:
    del in_force
    return Training(
        x=Fraction(1), target=rounded(draw.real(1.2, 2.0)), w=Fraction(0), alternating=1, time=rounded(draw.real(0.5, 2.0))
    )


TRAINING = (
    positive_input,
    expanding,
    Hypothesis(name="time > 0", says="time > 0", holds=lambda p: (p.time, ">", 0 * p.x), standing=True),
)
rough = Limit(
    id="marion2024.claim-d",
    title="with ReLU, successive weights end a fixed distance apart",
    says=(
        "From w_k(0) = (-1)^k/(2L), 1/L apart, gradient flow with ReLU ends with successive weights w* + 1/(2L) apart, which"
        " tends to 2 ln C > 0: the weights lose their smoothness. The whole network is trained to convergence, at the speed of"
        " (4)."
    ),
    formula=r"\lim_{L\to\infty}\lim_{t\to\infty}\max_k|w_{k+1}-w_k|=2\ln C",
    source=WHERE,
    instance=Training,
    instances=_draw_training,
    hypotheses=TRAINING,
    hidden=(
        Hidden(
            says="sigma bounded",
            where="'the only broken assumption', page 39",
            finding="ReLU is not bounded either; a smooth unbounded activation keeps them 1/L apart: see reading-unbounded",
        ),
        Hidden(
            says="the factor of the depth in (4)",
            where="'the risk is minimized by gradient flow', written without it",
            finding="not needed for the limit; without it the time to reach it grows like L",
        ),
    ),
    uses=("marion2024.claim-d.reading-repaired.step-4", "marion2024.claim-d.step-6"),
    quantity=lambda p, half: final_gap(p, half, relu),
    limit=lambda p: 2 * log(p.target),
    scales=tuple(Fraction(k) for k in (2, 4, 8, 16, 32)),
    rate=Fraction(1),
    levels=1,
    gallery=(
        {"x": 1, "target": 2, "w": 0, "alternating": 1, "time": 8},
        {"x": "3/2", "target": "3/2", "w": 0, "alternating": 1, "time": 6},
    ),
    mutants=(
        changed("a smooth activation", quantity=lambda p, half: final_gap(p, half, tanh)),
        changed("ln C", limit=lambda p: log(p.target)),
        changed("a gap that vanishes", limit=lambda p: 0.0),
    ),
)

smooth = replace(
    rough,
    id="marion2024.claim-d.reading-smooth",
    title="with a smooth activation, successive weights stay 1/L apart",
    says=(
        "The control: with tanh for ReLU the same training, from the same alternating start or from a weight-tied one, leaves"
        " successive weights at distance of order 1/L, as Proposition 7 says of starts that are 1/L apart."
    ),
    formula=r"\max_k|w_{k+1}-w_k|=O\big(\tfrac1L\big)",
    source="ours; a control for Appendix D",
    ours=True,
    hidden=(),
    uses=(),
    quantity=lambda p, half: final_gap(p, half, tanh),
    limit=lambda p: 0.0,
    draws=8,
    scales=tuple(Fraction(k) for k in (8, 16, 32, 64, 128)),
    gallery=(
        {"x": 1, "target": "3/2", "w": 0, "alternating": 1, "time": 2},
        {"x": 1, "target": 2, "w": "1/2", "alternating": 0, "time": 2},
    ),
    mutants=(
        changed("ReLU, alternating", quantity=lambda p, half: final_gap(replace(p, alternating=1), half, relu)),
        changed("order 2", rate=Fraction(2)),
    ),
)

unbounded = replace(
    smooth,
    id="marion2024.claim-d.reading-unbounded",
    title="with a smooth unbounded activation, successive weights stay 1/L apart",
    says=(
        "The same control with (z + sqrt(1 + z^2) - 1)/2, which like ReLU is not bounded: it is the kink that separates the"
        " weights in Appendix D, not the growth of the activation."
    ),
    quantity=lambda p, half: final_gap(p, half, soft),
    gallery=(
        {"x": 1, "target": "3/2", "w": 0, "alternating": 1, "time": 2},
        {"x": 1, "target": 2, "w": "-1/2", "alternating": 0, "time": 2},
    ),
    mutants=(
        changed("ReLU, alternating", quantity=lambda p, half: final_gap(replace(p, alternating=1), half, relu)),
        changed("order 2", rate=Fraction(2)),
    ),
)
