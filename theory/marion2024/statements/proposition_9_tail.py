r"""Proposition 9, (30): what happens after the time t_0 of the proof, explicit, and which layer it is about.

Longer than most: the printed statement, its repair and two kinds of instances.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from numerics.arithmetic import Number, absolute, log, positive_part
from theory.marion2024.setting import Numbers, rounded
from theory.marion2024.statements.proposition_9_points import layer_of
from theory.marion2024.statements.proposition_9_steps import UNIFORM, travelled
from theory.proofs import identity
from theory.statement import (
    Draw,
    Erratum,
    Fault,
    Hypothesis,
    Identity,
    Inequality,
    Instance,
    Proof,
    changed,
    past_the_slack,
    without,
)


@dataclass(frozen=True, kw_only=True)
class Index(Instance):
    r"""A depth s and its layer, by the definition and as printed in (30).

    Parameters
    ----------
    depth
        L.
    s
        The depth s.
    layer, printed
        :math:`\lfloor(L-1)s\rfloor` and :math:`\lfloor Ls-1\rfloor`.
    """

    depth: int
    s: Number
    layer: int
    printed: int


floors = Hypothesis(
    name="floors",
    says="L >= 1, 0 <= s <= 1, k = floor((L - 1) s), m = floor(L s - 1)",
    holds=lambda p: [
        (p.depth, ">=", 1),
        (p.s, ">=", 0 * p.s),
        (p.s, "<=", 0 * p.s + 1),
        *layer_of(p.layer, p.depth, p.s),
        (0 * p.s + p.printed, "<=", p.depth * p.s - 1),
        (p.depth * p.s - 1, "<", 0 * p.s + p.printed + 1),
    ],
    standing=True,
)


def _floors_of(depth: int, s: Fraction) -> dict[str, Any]:
    return {"depth": depth, "s": s, "layer": (depth - 1) * s // 1, "printed": (depth * s - 1) // 1}


def _draw_index(draw: Draw, in_force: frozenset[str]) -> Index:
    del in_force
    return Index(**_floors_of(draw.integer(1, 30), rounded(draw.real(0.0, 1.0))))


equation_30 = Identity(
    id="marion2024.equation-30",
    title="the layer whose speed is integrated, as printed",
    says=(
        "(30) integrates the speed of layer floor((phi(L) s - 1)) + 1 as that of Z^{phi(L)}(s, .). By its definition that is"
        " layer floor((phi(L) - 1) s) + 1: a bracket is misplaced. For s < 1/L the printed layer is the 0th, which does not"
        " exist; elsewhere the two may differ by one, and the first inequality of (30) fails if one of them moves and the"
        " other does not."
    ),
    formula=r"\lfloor(L-1)s\rfloor+1=\lfloor(Ls-1)\rfloor+1",
    source=f"{UNIFORM}, (30)",
    instance=Index,
    instances=_draw_index,
    hypotheses=(floors,),
    left=lambda p: p.layer + 1,
    right=lambda p, c: p.printed + 1,
    erratum=Erratum(
        wrong="floor(L s - 1) is not floor((L - 1) s): for s < 1/L it is -1.",
        line="(30), page 22",
        counterexample={"depth": 1, "s": 0, "layer": 0, "printed": -1},
        repaired="marion2024.equation-30.reading-repaired",
        fault=Fault.SLIP,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Tail(Index):
    r"""Layers :math:`Z_k(t)=Cw_k\frac{1-e^{-at}}a`, and a time after :math:`t_0`.

    Parameters
    ----------
    weights
        The numbers :math:`0\le w_k\le1`, shape ``(L,)``.
    bound, rate, epsilon
        C, a and :math:`\varepsilon`.
    after
        :math:`t-t_0\ge0`.
    """

    weights: Numbers
    bound: Number
    rate: Number
    epsilon: Number
    after: Number


def tail_start(p: Any) -> Number:
    r"""Return :math:`t_0=\frac1a\log^+\frac C{a\varepsilon}`: from there on :math:`b=Ce^{-at}` has integral at most epsilon."""
    return positive_part(log(p.bound / (p.rate * p.epsilon))) / p.rate


family = Hypothesis(
    name="family",
    says="C, epsilon > 0, a >= 1, L weights in [0, 1] with |w_{k+1} - w_k| <= a/L: norms at most C, gaps at most C/L",
    holds=lambda p: [
        (p.bound, ">", 0 * p.s),
        (p.epsilon, ">", 0 * p.s),
        (p.rate, ">=", 0 * p.s + 1),
        (len(p.weights), "==", p.depth),
        *((w, ">=", 0 * p.s) for w in p.weights),
        *((w, "<=", 0 * p.s + 1) for w in p.weights),
        *((p.depth * absolute(b - a), "<=", p.rate) for a, b in pairwise(p.weights)),
    ],
    standing=True,
)
later = Hypothesis(name="after t_0", says="t >= t_0", holds=lambda p: (p.after, ">=", 0 * p.s))


def _draw_tail(draw: Draw, in_force: frozenset[str]) -> Tail:
    index = _draw_index(draw, in_force)
    one = draw.choice((0, 1))
    weights = tuple(Fraction(1) if one else rounded(draw.real(0.0, 1.0), 2) for _ in range(index.depth))
    steps = [abs(b - a) for a, b in pairwise(weights)]
    rate = max([Fraction(1), *(index.depth * step for step in steps)])
    bound = rounded(draw.positive(0.1, 10.0))
    after = rounded(draw.positive(1e-3, 30.0)) if later.name in in_force else rounded(-draw.positive(1e-3, 0.5))
    # The start of the tail must be positive for a time before it.
    epsilon = bound / rate * rounded(draw.positive(1e-3, 0.1))
    return Tail.extending(index, weights=weights, bound=bound, rate=rate, epsilon=epsilon, after=after)


def tail_of(p: Any, weight: Number) -> Number:
    r"""Return :math:`\int_{t_0}^tw\,Ce^{-a\tau}d\tau`."""
    return absolute(weight * travelled(p.bound, p.rate, tail_start(p), tail_start(p) + p.after))


def _mass_after() -> Any:
    import sympy

    bound, rate, epsilon, t = sympy.symbols("C a epsilon t", positive=True)
    tail = sympy.integrate(bound * sympy.exp(-rate * t), (t, sympy.log(bound / (rate * epsilon)) / rate, sympy.oo))
    return sympy.simplify(tail - epsilon)


STEPPED = {"depth": 3, "s": "1/2", "layer": 1, "printed": 0}
HALF = {"weights": [0, 1, 0], "bound": 1, "rate": 3, "epsilon": "1/10", "after": 10}

equation_30_repaired = Inequality(
    id="marion2024.equation-30.reading-repaired",
    title="what is left after t_0 is small, at every layer",
    says=(
        "With the layer floor((L - 1) s) + 1: for t >= t_0 the weights move by at most the integral of b from t_0 to t, at"
        " most epsilon; here t_0 = log(C/(a epsilon))/a for b = C e^{-at}. Equality where w = 1, as t grows. With the printed"
        " layer the first inequality fails."
    ),
    formula=r"\|\mathcal Z^{L}(s,t)-\mathcal Z^{L}(s,t_0)\|"
    r"\le\int_{t_0}^t\Big\|\frac d{d\tau}Z^{L}_{\lfloor(L-1)s\rfloor+1}(\tau)\Big\|d\tau\le\int_{t_0}^tb\le\varepsilon",
    source="ours; repairs (30)",
    ours=True,
    instance=Tail,
    instances=_draw_tail,
    hypotheses=(floors, family, later),
    left=lambda p: tail_of(p, p.weights[p.layer]),
    relation="<=",
    right=lambda p, c: c.c * np.array([tail_of(p, 0 * p.s + 1), p.epsilon]),
    constants={"c": Fraction(1)},
    cost=2,
    gallery=(
        {**STEPPED, **HALF},
        {"depth": 1, "s": 0, "layer": 0, "printed": -1, **HALF, "weights": [1]},
    ),
    proof=Proof(
        set="every family with b = C e^{-at}",
        argument="The integral of the speed is at most that of b, and b is not negative.",
        steps=(identity("the integral of b from t_0 on is epsilon", _mass_after),),
    ),
    mutants=(
        past_the_slack("c"),
        changed("the printed layer", right=lambda p, c: tail_of(p, p.weights[p.printed])),
        without(later.name, {**STEPPED, **HALF, "after": "-1/2"}),
    ),
)
