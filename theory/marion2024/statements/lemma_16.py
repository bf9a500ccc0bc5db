r"""Lemma 16 (Picard-Lindelof): uniqueness and how fast solutions part, on a flow with a closed form.

The equation :math:`u'=(\kappa+\lambda r)\sin u` has the solutions :math:`u=2\arctan(xe^{\kappa s+\lambda s^2/2})` with
:math:`x=\tan\frac{u_0}2`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, absolute, arctan, exp
from theory.marion2024.setting import PAPER, rounded
from theory.proofs import identity
from theory.statement import Draw, Hidden, Hypothesis, Inequality, Instance, Proof, changed, past_the_slack

WHERE = f"{PAPER}, Lemma 16, page 36"


@dataclass(frozen=True, kw_only=True)
class TwoStarts(Instance):
    r"""Two solutions of the equation above at one time.

    Parameters
    ----------
    x, y
        :math:`\tan\frac{u_0}2` and :math:`\tan\frac{v_0}2`, different.
    rate, growth
        :math:`\kappa` and :math:`\lambda`, not negative: :math:`g(\cdot,r)` is Lipschitz with constant
        :math:`\kappa+\lambda r`.
    s
        The time, at least 0.
    """

    x: Number
    y: Number
    rate: Number
    growth: Number
    s: Number


starts = Hypothesis(
    name="starts",
    says="u_0 and v_0 differ, kappa, lambda, s >= 0",
    holds=lambda p: [
        ((p.x - p.y) * (p.x - p.y), ">", 0 * p.x),
        (p.rate, ">=", 0 * p.x),
        (p.growth, ">=", 0 * p.x),
        (p.s, ">=", 0 * p.x),
    ],
    standing=True,
)


def _draw_starts(draw: Draw, in_force: frozenset[str]) -> TwoStarts:
    del in_force
    x = rounded(draw.choice((0, 1, -1)) * draw.positive(1e-4, 3.0))
    return TwoStarts(
        x=x,
        y=x + draw.choice((-1, 1)) * rounded(draw.positive(1e-4, 1.0)),
        rate=rounded(draw.positive(0.01, 3.0)),
        growth=rounded(draw.choice((0, 1)) * draw.positive(0.01, 2.0)),
        s=rounded(draw.positive(0.01, 2.0)),
    )


def turned(p: Any, x: Number, sign: int = 1) -> Number:
    r"""Return :math:`u(s)=2\arctan(xe^{\pm E})`, :math:`E=\kappa s+\lambda s^2/2`."""
    return 2 * arctan(x * exp(sign * (p.rate * p.s + p.growth * p.s * p.s / 2)))


def first_apart(p: Any) -> Number:
    r"""Return :math:`|u_0-v_0|`."""
    return absolute(2 * arctan(p.x) - 2 * arctan(p.y))


def uniform_constant(p: Any) -> Number:
    r"""Return :math:`K=\sup_{r\le s}(\kappa+\lambda r)`."""
    return p.rate + p.growth * p.s


def _solves() -> Any:
    import sympy

    x, kappa, growth, s = sympy.symbols("x kappa lambda s", positive=True)
    u = 2 * sympy.atan(x * sympy.exp(kappa * s + growth * s**2 / 2))
    return sympy.simplify(sympy.diff(u, s) - (kappa + growth * s) * sympy.expand_trig(sympy.sin(u)))


def _comparison() -> Any:
    import sympy

    gap, kappa, growth, s = sympy.symbols("d kappa lambda s", positive=True)
    bound = gap * sympy.exp(kappa * s + growth * s**2 / 2)
    start = (bound.subs(s, 0) - gap) ** 2
    return sympy.simplify(start + (sympy.diff(bound, s) - (kappa + growth * s) * bound) ** 2)


NEAR = {"x": 0, "y": "1/1000", "rate": 1, "growth": 0, "s": 1}
OPPOSITE = {"x": "-1/100", "y": "1/100", "rate": "1/2", "growth": 0, "s": 2}
GROWING = {"x": "1/3", "y": 2, "rate": 1, "growth": 1, "s": "1/2"}

lemma_16 = Inequality(
    id="marion2024.lemma-16",
    title="a uniform Lipschitz constant: one solution, for all times",
    says=(
        "If g is continuous and Lipschitz in its first variable, uniformly for r in compacts, the solution is unique and"
        " defined on all of I. Stated in numbers: |U(s) - V(s)| <= |U_0 - V_0| e^{Ks}, K the constant on [0, s]; two solutions"
        " from one start are equal, and none leaves every bound. Attained in the limit near 0. Locally Lipschitz means, by"
        " page 14, with one constant for all times of a compact set; one for each time is not enough: see reading-each-time."
    ),
    formula=r"\|U(s)-V(s)\|\le\|U_0-V_0\|\,e^{Ks}",
    source=WHERE,
    instance=TwoStarts,
    instances=_draw_starts,
    hypotheses=(starts,),
    hidden=(
        Hidden(
            says="Lipschitz near each point, not on compacts alone",
            where="'belonging to a compact set D', the proof of Theorem 14 in a space of functions, page 28",
            finding=(
                "harmless in any metric space: bad pairs that approach a point form with it a compact set, so Lipschitz on"
                " compacts is Lipschitz near each point"
            ),
        ),
        Hidden(
            says="finite dimension, for the second statement",
            where="'||U(s)|| tends to infinity', page 36",
            finding=(
                "in infinite dimension a maximal solution may stay bounded up to T_max (Dieudonne); the paper claims only the"
                " first statement for Banach spaces, and only that one is used"
            ),
        ),
    ),
    left=lambda p: absolute(turned(p, p.x) - turned(p, p.y)),
    relation="<=",
    right=lambda p, c: c.c * first_apart(p) * exp(uniform_constant(p) * p.s),
    constants={"c": Fraction(1)},
    gallery=(NEAR, OPPOSITE, GROWING, {**NEAR, "s": 0}),
    proof=Proof(
        set="every g with constant K, in any Banach space",
        argument="|U - V|(s) <= |U_0 - V_0| + K times the integral of |U - V|, and Gronwall's inequality.",
        steps=(
            identity("2 atan(x e^E) solves u' = (kappa + lambda r) sin u", _solves),
            identity("d exp of the integral of K solves the comparison's equation, for K = kappa + lambda r", _comparison),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        changed("half the constant", right=lambda p, c: first_apart(p) * exp(uniform_constant(p) * p.s / 2)),
        changed("K at the start", right=lambda p, c: first_apart(p) * exp(p.rate * p.s)),
    ),
)

reading_apart = replace(
    lemma_16,
    id="marion2024.lemma-16.reading-apart",
    title="solutions from different starts never meet",
    says=(
        "Ours: also |U(s) - V(s)| >= |U_0 - V_0| e^{-Ks}, by running time backwards: uniqueness on the left of every time."
        " Attained in the limit near 0 by u' = -(kappa + lambda r) sin u."
    ),
    formula=r"\|U(s)-V(s)\|\ge\|U_0-V_0\|\,e^{-Ks}",
    source="ours; the other half of Lemma 16",
    ours=True,
    hidden=(),
    proof=Proof(
        set="every g with constant K, in any Banach space",
        argument="Lemma 16's bound for the equation run backwards from s, V and U changing places.",
        steps=(identity("2 atan(x e^E) solves u' = (kappa + lambda r) sin u", _solves),),
    ),
    left=lambda p: absolute(turned(p, p.x, -1) - turned(p, p.y, -1)),
    relation=">=",
    right=lambda p, c: c.c * first_apart(p) * exp(-uniform_constant(p) * p.s),
    mutants=(
        past_the_slack("c"),
        changed("half the constant", right=lambda p, c: first_apart(p) * exp(-uniform_constant(p) * p.s / 2)),
    ),
)


reading_integral = replace(
    lemma_16,
    id="marion2024.lemma-16.reading-integral",
    title="a Lipschitz constant with a finite integral: one solution",
    says=(
        "With a constant K(r) whose integral is finite, bounded for r in compacts for instance: |U(s) - V(s)| <= |U_0 - V_0|"
        " exp of the integral of K. Sharper than e^{Ks} where K grows; attained in the limit near 0, for every lambda."
    ),
    formula=r"\|U(s)-V(s)\|\le\|U_0-V_0\|\exp\int_0^sK(r)\,dr",
    source="ours; sharpens Lemma 16",
    ours=True,
    hidden=(),
    proof=Proof(
        set="every g with a constant K(r) of finite integral, in any Banach space",
        argument="|U - V|(s) <= |U_0 - V_0| + the integral of K |U - V|, and Gronwall's inequality.",
        steps=(identity("d exp of the integral of K solves the comparison's equation", _comparison),),
    ),
    right=lambda p, c: c.c * first_apart(p) * exp(p.rate * p.s + p.growth * p.s * p.s / 2),
    gallery=(NEAR, OPPOSITE, GROWING, {**NEAR, "growth": 2}),
    mutants=(
        past_the_slack("c"),
        changed("half the constant", right=lambda p, c: first_apart(p) * exp(uniform_constant(p) * p.s / 2)),
        changed("K at the start", right=lambda p, c: first_apart(p) * exp(p.rate * p.s)),
    ),
)
