r"""The hypotheses of marion2024 on the activation, checked for each one at hand: Lipschitz, bounded, of class C^2, 0 at 0.

The suprema are written as formulas, so that balls can decide; tests compare them with the numbers that the networks use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.activations import ACTIVATIONS, properties
from numerics.arithmetic import Number, absolute, arctan, erf, exp, pi, positive_part, sin, sqrt, tanh, where
from theory.marion2024.setting import PAPER, rounded
from theory.marion2024.training import NAMES
from theory.statement import Draw, Hypothesis, Inequality, Instance, changed, past_the_slack, without


@dataclass(frozen=True, kw_only=True)
class ExactActivation:
    r"""An activation in any arithmetic.

    Parameters
    ----------
    value, slope
        :math:`\sigma` and :math:`\sigma'`.
    lipschitz, bound, curvature
        :math:`\sup|\sigma'|,\sup|\sigma|,\sup|\sigma''|` as functions of a number of the arithmetic; None for infinity.
    """

    value: Callable[[Number], Number]
    slope: Callable[[Number], Number]
    lipschitz: Callable[[Number], Number]
    bound: Callable[[Number], Number] | None
    curvature: Callable[[Number], Number] | None


def _one(x: Number) -> Number:
    return 0 * x + 1


def _mass(x: Number) -> Number:
    r"""Return :math:`\Phi(x)`."""
    return (1 + erf(x / sqrt(_one(x) + 1))) / 2


def _density(x: Number) -> Number:
    return exp(-x * x / 2) / sqrt(2 * pi(x))


EXACT: dict[str, ExactActivation] = {
    "arctan": ExactActivation(
        value=arctan,
        slope=lambda x: 1 / (1 + x * x),
        lipschitz=_one,
        bound=lambda x: pi(x) / 2,
        curvature=lambda x: 3 * sqrt(_one(x) * 3) / 8,
    ),
    "erf": ExactActivation(
        value=erf,
        slope=lambda x: 2 * exp(-x * x) / sqrt(pi(x)),
        lipschitz=lambda x: 2 / sqrt(pi(x)),
        bound=_one,
        curvature=lambda x: 2 * sqrt(2 / pi(x)) * exp(-_one(x) / 2),
    ),
    "gelu": ExactActivation(
        value=lambda x: x * _mass(x),
        slope=lambda x: _mass(x) + x * _density(x),
        lipschitz=lambda x: (1 + erf(_one(x))) / 2 + exp(-_one(x)) / sqrt(pi(x)),
        bound=None,
        curvature=lambda x: sqrt(2 / pi(x)),
    ),
    "identity": ExactActivation(value=lambda x: x, slope=_one, lipschitz=_one, bound=None, curvature=lambda x: 0 * x),
    "one_minus_cos": ExactActivation(
        value=lambda x: 2 * sin(x / 2) ** 2, slope=sin, lipschitz=_one, bound=lambda x: _one(x) + 1, curvature=_one
    ),
    "relu": ExactActivation(
        value=positive_part, slope=lambda x: where(x, _one(x), 0 * x), lipschitz=_one, bound=None, curvature=None
    ),
    "sin": ExactActivation(value=sin, slope=lambda x: sin(x + pi(x) / 2), lipschitz=_one, bound=_one, curvature=_one),
    "tanh": ExactActivation(
        value=tanh,
        slope=lambda x: 1 - tanh(x) ** 2,
        lipschitz=_one,
        bound=_one,
        curvature=lambda x: 4 / (3 * sqrt(_one(x) * 3)),
    ),
}


@dataclass(frozen=True, kw_only=True)
class TwoPoints(Instance):
    r"""An activation at two numbers.

    Parameters
    ----------
    activation
        Its index among the sorted names.
    a, b
        The numbers.
    """

    activation: int
    a: Number
    b: Number

    @property
    def exact(self) -> ExactActivation:
        """Return the activation in any arithmetic."""
        return EXACT[NAMES[self.activation]]


def _truth(name: str, held: bool) -> Callable[[Any], Any]:
    """Return the comparison that holds for the activations whose named property is ``held``."""
    return lambda p: (int(getattr(properties(ACTIVATIONS[NAMES[p.activation]]), name)), "==", int(held))


known = Hypothesis(
    name="an activation",
    says=f"the index is that of one of {', '.join(NAMES)}; a and b differ",
    holds=lambda p: [
        (p.activation, ">=", 0),
        (p.activation, "<", len(NAMES)),
        ((p.a - p.b) * (p.a - p.b), ">", 0 * p.a),
    ],
    standing=True,
)
smooth = Hypothesis(name="C^2", says="sigma is of class C^2", holds=_truth("twice_differentiable", True))
is_bounded = Hypothesis(name="bounded", says="sigma is bounded", holds=_truth("bounded", True))

# Where slope, size or curvature of each is largest, or tends to be.
PEAKS = {
    "arctan": (0.0, 100.0, 0.577),
    "erf": (0.0, 5.0, 0.707),
    "gelu": (1.414, 0.0, 0.0),
    "identity": (0.0, 0.0, 0.0),
    "one_minus_cos": (1.571, 3.142, 0.0),
    "relu": (1.0, 0.0, 0.0),
    "sin": (0.0, 1.571, 1.571),
    "tanh": (0.0, 10.0, 0.658),
}


def _draw(draw: Draw, in_force: frozenset[str]) -> TwoPoints:
    names = [
        name
        for name in NAMES
        if (smooth.name not in in_force or properties(ACTIVATIONS[name]).twice_differentiable)
        and (is_bounded.name not in in_force or properties(ACTIVATIONS[name]).bounded)
    ]
    name = draw.choice(names)
    centre = rounded(draw.choice((*PEAKS[name], draw.real(-4.0, 4.0))))
    gap = rounded(draw.choice((-1, 1)) * draw.positive(1e-3, 3.0))
    return TwoPoints(activation=NAMES.index(name), a=centre - gap / 2, b=centre + gap / 2)


def _at(name: str, a: str, b: str) -> dict[str, Any]:
    return {"activation": NAMES.index(name), "a": a, "b": b}


TABLE = "; ".join(
    f"{name}: {', '.join(words)}"
    for name in NAMES
    for words in [
        [
            ("C^2" if properties(ACTIVATIONS[name]).twice_differentiable else "not C^2"),
            ("bounded" if properties(ACTIVATIONS[name]).bounded else "not bounded"),
            f"Lipschitz constant {ACTIVATIONS[name].lipschitz:.4g}",
        ]
    ]
)

lipschitz = Inequality(
    id="marion2024.equation-3.reading-lipschitz",
    title="each activation is Lipschitz with its constant",
    says=(
        f"Ours: |sigma(a) - sigma(b)| <= Lip |a - b|, with the best constant. All are 0 at 0 and not constant. {TABLE}. The"
        " paper's own experiments use GELU and ReLU, which are not bounded; ReLU is not C^2 either."
    ),
    formula=r"|\sigma(a)-\sigma(b)|\le\mathrm{Lip}(\sigma)\,|a-b|",
    source=f"ours; the hypotheses on sigma of {PAPER}, Section 3, page 3",
    ours=True,
    instance=TwoPoints,
    instances=_draw,
    hypotheses=(known,),
    left=lambda p: absolute(p.exact.value(p.a) - p.exact.value(p.b)),
    relation="<=",
    right=lambda p, c: c.c * p.exact.lipschitz(p.a) * absolute(p.a - p.b),
    constants={"c": Fraction(1)},
    gallery=tuple(_at(name, str(Fraction(PEAKS[name][0]) - Fraction(1, 100)), str(Fraction(PEAKS[name][0]))) for name in NAMES),
    mutants=(
        past_the_slack("c"),
        changed("GELU with constant 1", right=lambda p, c: absolute(p.a - p.b)),
    ),
)

bounded_activation = replace(
    lipschitz,
    id="marion2024.equation-3.reading-bounded",
    title="the bounded activations, with their bounds",
    says=f"Ours: |sigma| <= M_sigma. {TABLE}.",
    formula=r"|\sigma(a)|\le M_\sigma",
    hypotheses=(known, is_bounded),
    left=lambda p: absolute(p.exact.value(p.a)),
    right=lambda p, c: c.c * (p.exact.bound or (lambda x: 2 * _one(x)))(p.a),
    gallery=tuple(_at(name, str(Fraction(PEAKS[name][1])), "20") for name in NAMES if EXACT[name].bound is not None),
    mutants=(past_the_slack("c"), without(is_bounded.name, _at("gelu", "3", "4"), _at("relu", "3", "4"))),
)

smooth_activation = replace(
    lipschitz,
    id="marion2024.equation-3.reading-smooth",
    title="the smooth activations, with the bounds of their second derivatives",
    says=f"Ours: |sigma'(a) - sigma'(b)| <= sup|sigma''| |a - b|. {TABLE}.",
    formula=r"|\sigma'(a)-\sigma'(b)|\le\sup|\sigma''|\,|a-b|",
    hypotheses=(known, smooth),
    left=lambda p: absolute(p.exact.slope(p.a) - p.exact.slope(p.b)),
    right=lambda p, c: c.c * (p.exact.curvature or (lambda x: 2 * _one(x)))(p.a) * absolute(p.a - p.b),
    gallery=tuple(
        _at(name, str(Fraction(PEAKS[name][2]) - Fraction(1, 100)), str(Fraction(PEAKS[name][2])))
        for name in NAMES
        if EXACT[name].curvature is not None
    ),
    mutants=(past_the_slack("c"), without(smooth.name, _at("relu", "-1/100", "1/100"))),
)
