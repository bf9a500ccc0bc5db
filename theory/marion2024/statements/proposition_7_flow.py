r"""The proof of Proposition 7 in training time: the integral inequality for the gap of two layers, and Gronwall's conclusion.

A distance with :math:`\Delta'=a\Delta+b` stands for every one that the differential inequality admits: it attains both bounds.
Longer than most: three bounds with their proofs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, absolute, exp, expm1, log, where
from theory.marion2024.setting import rounded
from theory.marion2024.statements.proposition_7_states import NEXT
from theory.proofs import identity, rests_on
from theory.statement import Draw, Hypothesis, Inequality, Instance, Proof, past_the_slack, scaled, without


@dataclass(frozen=True, kw_only=True)
class Gap(Instance):
    r"""A distance :math:`\Delta=Z_{k+1}-Z_k` with :math:`\Delta'=a\Delta+b`, and the rates that bound it.

    Parameters
    ----------
    rate, drift
        :math:`\alpha` and :math:`\beta/L`.
    start
        :math:`\Delta(0)`, which may be negative.
    a, b
        The coefficients, of either sign.
    time, horizon
        t and T.
    """

    rate: Number
    drift: Number
    start: Number
    a: Number
    b: Number
    time: Number
    horizon: Number


numbers = Hypothesis(
    name="numbers",
    says="alpha > 0, beta >= 0, 0 < t <= T, a is not 0, and neither is the first speed a Delta(0) + b",
    holds=lambda p: [
        (p.rate, ">", 0 * p.rate),
        (p.drift, ">=", 0 * p.rate),
        (p.time, ">", 0 * p.rate),
        (p.time, "<=", p.horizon),
        (p.a * p.a, ">", 0 * p.rate),
        ((p.a * p.start + p.b) * (p.a * p.start + p.b), ">", 0 * p.rate),
    ],
    standing=True,
)
slow = Hypothesis(
    name="the differential inequality",
    says="|Delta'| <= alpha |Delta| + beta/L: |a| <= alpha, |b| <= beta/L",
    holds=lambda p: [(p.a * p.a, "<=", p.rate * p.rate), (p.b * p.b, "<=", p.drift * p.drift)],
)


def _draw_gap(draw: Draw, in_force: frozenset[str]) -> Gap:
    rate = rounded(draw.positive(0.05, 3.0))
    drift = draw.choice((0, 1)) * rounded(draw.positive(1e-3, 2.0))
    reach = 1 if slow.name in in_force else rounded(draw.real(1.0, 2.0))
    parts = [draw.choice((1, -1)) * draw.choice((Fraction(1), rounded(draw.real(0.05, 1.0)))) for _ in range(2)]
    start = draw.choice((0, 1)) * rounded(draw.real(-2.0, 2.0))
    time = rounded(draw.positive(0.01, 2.0))
    a, b = reach * parts[0] * rate, reach * parts[1] * drift
    horizon = time * draw.choice((Fraction(1), rounded(draw.real(1.0, 2.0))))
    # Without a first speed the distance is constant, and moves off by one instead.
    start = start + 1 if a * start + b == 0 else start
    return Gap(rate=rate, drift=drift, start=Fraction(start), a=a, b=Fraction(b), time=time, horizon=horizon)


def distance(p: Any) -> Number:
    r"""Return :math:`\Delta(t)=\Delta(0)e^{at}+b(e^{at}-1)/a`."""
    return p.start * exp(p.a * p.time) + p.b * expm1(p.a * p.time) / p.a


def distance_integral(p: Any) -> Number:
    r"""Return :math:`\int_0^t|\Delta|`; :math:`\Delta` is monotone, and :math:`\int_0^s\Delta=(\Delta(s)-\Delta(0)-bs)/a`."""
    signs = p.start * distance(p)
    whole = (distance(p) - p.start - p.b * p.time) / p.a
    # Where the sign changes it does so at ln(b/(a Delta(0) + b))/a.
    ratio = where(signs, 1 + 0 * signs, p.b / (p.a * p.start + p.b))
    before = -(p.start + p.b * log(ratio) / p.a) / p.a
    return where(signs, absolute(whole), absolute(before) + absolute(whole - before))


def sharp_bound(start: Number, rate: Number, drift: Number, time: Number) -> Number:
    r"""Return :math:`u_0e^{\alpha t}+\frac\beta{\alpha L}(e^{\alpha t}-1)`."""
    return start * exp(rate * time) + drift * expm1(rate * time) / rate


def printed_bound(start: Number, rate: Number, drift: Number, time: Number) -> Number:
    r"""Return :math:`(u_0+\frac{\beta t}L)e^{\alpha t}`."""
    return (start + drift * time) * exp(rate * time)


def _symbols() -> Any:
    import sympy

    return sympy.symbols("u_0 alpha b t", positive=True)


def solves() -> Any:
    """Return u' - alpha u - beta/L at the sharp bound."""
    import sympy

    start, rate, drift, time = _symbols()
    value = sharp_bound(start, rate, drift, time)
    return sympy.simplify(sympy.diff(value, time) - rate * value - drift)


def _starts() -> Any:
    start, rate, drift, _ = _symbols()
    return sharp_bound(start, rate, drift, 0) - start


def _exceeds() -> Any:
    import sympy

    start, rate, drift, time = _symbols()
    excess = printed_bound(start, rate, drift, time) - sharp_bound(start, rate, drift, time)
    return sympy.simplify(sympy.diff(excess, time) - drift * rate * time * sympy.exp(rate * time))


def _integrates() -> Any:
    import sympy

    start, rate, drift, time = _symbols()
    value = sharp_bound(start, rate, drift, time)
    integral = sympy.integrate(value, (time, 0, time))
    return sympy.simplify(value - start - drift * time - rate * integral)


TIGHT = {"rate": 1, "drift": 1, "start": 1, "a": 1, "b": 1, "time": 1, "horizon": 1}
CROSSING = {**TIGHT, "start": -1, "b": 2, "drift": 2, "time": 2, "horizon": 2}
step_13 = Inequality(
    id="marion2024.proposition-7.step-13",
    title="the integral inequality for the distance of two layers",
    says=(
        "From |Delta'| <= alpha |Delta| + beta/L: |Delta(t)| <= |Delta(0)| + beta t/L + alpha int_0^t |Delta|, although the"
        " norm has no derivative where Delta is 0. Tried on Delta' = a Delta + b, which may change its sign; equality for a ="
        " alpha, b = beta/L, Delta(0) >= 0."
    ),
    formula=r"|\Delta(t)|\le|\Delta(0)|+\frac{\beta t}L+\int_0^t\alpha|\Delta(\tau)|\,d\tau",
    source=NEXT,
    instance=Gap,
    instances=_draw_gap,
    hypotheses=(numbers, slow),
    uses=("marion2024.proposition-7.step-12",),
    left=lambda p: absolute(distance(p)),
    relation="<=",
    right=lambda p, c: c.c * (absolute(p.start) + c.drift * p.drift * p.time + c.rate * p.rate * distance_integral(p)),
    constants={"c": Fraction(1), "drift": Fraction(1), "rate": Fraction(1)},
    gallery=(TIGHT, CROSSING),
    proof=Proof(
        set="every differentiable path in a normed space that satisfies the differential inequality",
        argument="|Delta(t)| <= |Delta(0)| + int_0^t |Delta'|: no derivative of the norm is taken.",
        steps=(identity("the solution of u' = alpha u + beta/L has equality", _integrates),),
    ),
    mutants=(
        past_the_slack("c"),
        scaled("drift", Fraction(9, 10)),
        scaled("rate", Fraction(9, 10)),
        without(slow.name, {**TIGHT, "a": 2}),
    ),
)

step_14_sharp = replace(
    step_13,
    id="marion2024.proposition-7.reading-sharp.step-14",
    title="Gronwall's conclusion, sharp",
    says="Ours: |Delta(t)| <= |Delta(0)| e^(alpha t) + (beta/(alpha L)) (e^(alpha t) - 1). Equality as in step 13.",
    formula=r"|\Delta(t)|\le|\Delta(0)|e^{\alpha t}+\frac\beta{\alpha L}\big(e^{\alpha t}-1\big)",
    source="ours; sharpens the last line of the proof of Proposition 7",
    ours=True,
    uses=("marion2024.proposition-7.step-13",),
    right=lambda p, c: c.c * sharp_bound(absolute(p.start), p.rate, c.drift * p.drift, p.time),
    constants={"c": Fraction(1), "drift": Fraction(1)},
    proof=Proof(
        set="every continuous u >= 0 with u(t) <= u_0 + beta t/L + alpha int_0^t u",
        argument=(
            "The right side v of the inequality has v' = alpha u + beta/L <= alpha v + beta/L, so e^{-alpha t} (v - w) does not"
            " grow, w the solution of w' = alpha w + beta/L from u_0; and v(0) = w(0)."
        ),
        steps=(identity("the bound solves u' = alpha u + beta/L", solves), identity("and starts at u_0", _starts)),
    ),
    mutants=(
        past_the_slack("c"),
        scaled("drift", Fraction(9, 10)),
        without(slow.name, {**TIGHT, "a": 2}),
    ),
)

step_14 = replace(
    step_13,
    id="marion2024.proposition-7.step-14",
    title="Gronwall's conclusion",
    says=(
        "|Delta(t)| <= (|Delta(0)| + beta T/L) e^(alpha T) for t <= T. Tight for beta = 0 or as alpha T tends to 0; the sharp"
        " bound has (e^(alpha T) - 1)/alpha for T e^(alpha T)."
    ),
    formula=r"|\Delta(t)|\le\Big(|\Delta(0)|+\frac{\beta T}L\Big)e^{\alpha T}",
    uses=("marion2024.proposition-7.step-13",),
    right=lambda p, c: c.c * printed_bound(absolute(p.start), c.rate * p.rate, c.drift * p.drift, p.horizon),
    proof=Proof(
        set="every continuous u >= 0 with u(t) <= u_0 + beta t/L + alpha int_0^t u",
        argument=(
            "The sharp bound is at most the printed one at t, since the excess is 0 at 0 and has a derivative that is not"
            " negative; and the printed one grows with t."
        ),
        steps=(
            rests_on(step_14_sharp),
            identity("the excess has derivative (beta/L) alpha t e^{alpha t}", _exceeds),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        scaled("rate", Fraction(9, 10)),
        scaled("drift", Fraction(1, 2)),
        without(slow.name, {**TIGHT, "a": 4}),
    ),
)
