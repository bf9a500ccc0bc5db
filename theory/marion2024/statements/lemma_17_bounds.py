r"""Lemma 17, the bounds of its proof and the uniqueness that it takes from the literature; notation of :mod:`.lemma_17`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, absolute, arctan, exp, sin
from theory.marion2024.setting import rounded
from theory.marion2024.statements.lemma_17 import (
    FLAT,
    JUMP,
    THREE,
    WHERE,
    Pieces,
    draw_pieces,
    exponents,
    largest,
    pieces,
)
from theory.proofs import identity
from theory.statement import Draw, Hypothesis, Inequality, Instance, Proof, changed, past_the_slack, without


@dataclass(frozen=True, kw_only=True)
class Speed(Instance):
    r"""The speed :math:`g(u,r)=\theta\sin u+d` at one point.

    Parameters
    ----------
    u, theta, offset
        u, :math:`\theta` and d.
    constant
        C.
    """

    u: Number
    theta: Number
    offset: Number
    constant: Number


lipschitz = Hypothesis(
    name="Lipschitz", says="|theta| <= C", holds=lambda p: [(absolute(p.theta), "<=", p.constant), (p.constant, ">", 0 * p.u)]
)
rest = Hypothesis(name="g(0, r) = 0", says="d = 0", holds=lambda p: (p.offset, "==", 0 * p.u))


def _draw_speed(draw: Draw, in_force: frozenset[str]) -> Speed:
    constant = rounded(draw.positive(0.1, 5.0))
    reach = Fraction(1) if lipschitz.name in in_force else Fraction(3)
    return Speed(
        u=rounded(draw.choice((-1, 1)) * draw.positive(1e-3, 10.0)),
        theta=draw.choice((constant, reach * constant * rounded(draw.real(-1.0, 1.0)))),
        offset=Fraction(0) if rest.name in in_force else rounded(draw.positive(0.1, 1.0)),
        constant=constant,
    )


step_1 = Inequality(
    id="marion2024.lemma-17.step-1",
    title="the speed is at most C times the distance from 0",
    says="|g(u, r)| <= |g(0, r)| + |g(u, r) - g(0, r)| <= C |u|. Attained in the limit of small u; here g(0, r) = 0 is used.",
    formula=r"\|g(U(r),r)\|\le C\|U(r)\|",
    source=f"{WHERE}, first display of the proof",
    instance=Speed,
    instances=_draw_speed,
    hypotheses=(lipschitz, rest),
    left=lambda p: absolute(p.theta * sin(p.u) + p.offset),
    relation="<=",
    right=lambda p, c: c.c * p.constant * absolute(p.u),
    constants={"c": Fraction(1)},
    gallery=({"u": "1/1000", "theta": 1, "offset": 0, "constant": 1}, {"u": -3, "theta": "-1/2", "offset": 0, "constant": 2}),
    mutants=(
        past_the_slack("c"),
        without(rest.name, {"u": "1/10", "theta": 1, "offset": 1, "constant": 1}),
        without(lipschitz.name, {"u": "1/10", "theta": 2, "offset": 0, "constant": 1}),
    ),
)


def turned(p: Any, x: Number) -> Number:
    r"""Return :math:`U(s)=2\arctan(xe^{E(s)})`."""
    return 2 * arctan(x * exp(exponents(p)[-1]))


def _turns() -> Any:
    import sympy

    x, before, theta, r = sympy.symbols("x E theta r", positive=True)
    u = 2 * sympy.atan(x * sympy.exp(before + theta * r))
    return sympy.simplify(sympy.diff(u, r) - theta * sympy.expand_trig(sympy.sin(u)))


step_2 = Inequality(
    id="marion2024.lemma-17.step-2",
    title="the solution stays in a ball",
    says=(
        "|U(s)| <= |U_0| e^C for s <= 1, by Gronwall's inequality, so that the solution cannot leave a larger ball before"
        " s = 1. Attained in the limit by theta = C near 0 at s = 1."
    ),
    formula=r"\|U(s)\|\le\|U_0\|\exp(C)",
    source=f"{WHERE}, second display of the proof",
    instance=Pieces,
    instances=draw_pieces,
    hypotheses=(pieces,),
    uses=("marion2024.lemma-17.step-1",),
    left=lambda p: absolute(turned(p, p.start)),
    relation="<=",
    right=lambda p, c: c.c * absolute(2 * arctan(p.start)) * exp(largest(p.values)),
    constants={"c": Fraction(1)},
    gallery=(JUMP, THREE, FLAT),
    proof=Proof(
        set="every g with the hypotheses",
        argument="|U|(s) <= |U_0| + C times the integral of |U|, by the first display, and Gronwall's inequality.",
        steps=(identity("2 atan(x e^E) solves U' = theta sin U on each piece", _turns),),
    ),
    mutants=(
        past_the_slack("c"),
        changed("C/2", right=lambda p, c: absolute(2 * arctan(p.start)) * exp(largest(p.values) / 2)),
    ),
)


@dataclass(frozen=True, kw_only=True)
class TwoSolutions(Pieces):
    r"""The same with a second start.

    Parameters
    ----------
    other
        :math:`\tan\frac{V_0}2`, another.
    """

    other: Number


apart = Hypothesis(
    name="two starts",
    says="U_0 and V_0 differ",
    holds=lambda p: ((p.start - p.other) * (p.start - p.other), ">", 0 * p.start),
    standing=True,
)


def _draw_two(draw: Draw, in_force: frozenset[str]) -> TwoSolutions:
    base = draw_pieces(draw, in_force)
    return TwoSolutions.extending(base, other=base.start + draw.choice((-1, 1)) * rounded(draw.positive(1e-4, 1.0)))


unique = replace(
    step_2,
    id="marion2024.lemma-17.reading-unique",
    title="one solution from each start",
    says=(
        "The uniqueness that the lemma takes from Filippov, in numbers: |U(s) - V(s)| <= |U_0 - V_0| e^{Cs}, so that two"
        " solutions from one start are equal. Attained in the limit by theta = C near 0."
    ),
    formula=r"\|U(s)-V(s)\|\le\|U_0-V_0\|\,e^{Cs}",
    source="ours; makes the uniqueness of Lemma 17 quantitative",
    ours=True,
    instance=TwoSolutions,
    instances=_draw_two,
    hypotheses=(pieces, apart),
    uses=(),
    left=lambda p: absolute(turned(p, p.start) - turned(p, p.other)),
    right=lambda p, c: c.c * absolute(2 * arctan(p.start) - 2 * arctan(p.other)) * exp(largest(p.values) * sum(p.widths)),
    gallery=({**FLAT, "other": "-1/1000"}, {**JUMP, "other": 2}, {**THREE, "other": 1}),
    proof=Proof(
        set="every measurable g with constant C",
        argument="|U - V|(s) <= |U_0 - V_0| + C times the integral of |U - V|, and Gronwall's inequality.",
        steps=(identity("2 atan(x e^E) solves U' = theta sin U on each piece", _turns),),
    ),
    mutants=(
        past_the_slack("c"),
        changed(
            "C/2",
            right=lambda p, c: absolute(2 * arctan(p.start) - 2 * arctan(p.other)) * exp(largest(p.values) * sum(p.widths) / 2),
        ),
    ),
)
