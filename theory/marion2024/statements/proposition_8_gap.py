r"""The end of the proof of Proposition 8: Gronwall's inequality with a kernel that decays in time.

A distance with :math:`\Delta'=(a\Delta+b)\,Se^{-\mu t/2}` stands for every one that the differential inequality admits: it
attains both bounds. In the time :math:`\int Se^{-\mu s/2}ds` it is that of Proposition 7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Number, absolute, exp, expm1
from theory.marion2024.setting import PAPER, rounded
from theory.marion2024.statements.proposition_7_flow import distance, distance_integral, slow
from theory.marion2024.statements.proposition_7_flow import step_14 as proposition_7_step_14
from theory.proofs import identity, rests_on
from theory.statement import Draw, Hypothesis, Inequality, Instance, Proof, past_the_slack, scaled, without


@dataclass(frozen=True, kw_only=True)
class DecayingGap(Instance):
    r"""A distance :math:`\Delta=Z_{k+1}-Z_k` with :math:`\Delta'=(a\Delta+b)\,Se^{-\mu t/2}`, and the rates that bound it.

    Parameters
    ----------
    rate, drift
        :math:`C_2` and :math:`C_1/L`.
    start
        :math:`\Delta(0)`, which may be negative.
    a, b
        The coefficients, of either sign.
    size, mu
        :math:`S=2e^KM_B\sqrt{\ell(0)}` and :math:`\mu`.
    t
        The time.
    horizon
        :math:`M/(2M_X)`.
    """

    rate: Number
    drift: Number
    start: Number
    a: Number
    b: Number
    size: Number
    mu: Number
    t: Number
    horizon: Number

    @property
    def time(self) -> Number:
        r"""Return :math:`\int_0^tSe^{-\mu s/2}ds`: in this time the distance is that of Proposition 7."""
        return -2 * self.size / self.mu * expm1(-self.mu * self.t / 2)


numbers = Hypothesis(
    name="numbers",
    says="C_2, S, mu, t > 0, C_1 >= 0, a is not 0, and neither is the first speed a Delta(0) + b",
    holds=lambda p: [
        *((value, ">", 0 * value) for value in (p.rate, p.size, p.mu, p.t, p.horizon, p.a * p.a)),
        (p.drift, ">=", 0 * p.drift),
        ((p.a * p.start + p.b) * (p.a * p.start + p.b), ">", 0 * p.rate),
    ],
    standing=True,
)
by_22 = Hypothesis(
    name="(22)",
    says="2S/mu <= M/(2 M_X), which mu >= M_B M_X (8 e^K/M) sqrt(l(0)) says",
    holds=lambda p: (2 * p.size, "<=", p.mu * p.horizon),
)


def _draw_path(draw: Draw, reach: Fraction) -> dict[str, Fraction]:
    """Draw a path whose coefficients are at most ``reach`` times what the differential inequality allows."""
    rate, drift = rounded(draw.positive(0.05, 3.0)), Fraction(draw.choice((0, 1))) * rounded(draw.positive(1e-3, 2.0))
    parts = [draw.choice((1, -1)) * draw.choice((Fraction(1), rounded(draw.real(0.05, 1.0)))) for _ in range(2)]
    a, b = reach * parts[0] * rate, reach * parts[1] * drift
    start = Fraction(draw.choice((0, 1))) * rounded(draw.real(-2.0, 2.0))
    # Without a first speed the distance is constant, and moves off by one instead.
    return {"rate": rate, "drift": drift, "a": a, "b": b, "start": start + 1 if a * start + b == 0 else start}


def _draw_gap(draw: Draw, in_force: frozenset[str]) -> DecayingGap:
    path = _draw_path(draw, Fraction(1) if slow.name in in_force else rounded(draw.real(1.0, 2.0)))
    size, mu = rounded(draw.positive(0.05, 5.0)), rounded(draw.positive(0.05, 5.0))
    full = draw.choice((Fraction(1), rounded(draw.real(1.0, 3.0))))
    full *= 1 if by_22.name in in_force else rounded(draw.real(0.2, 1.0))
    time = rounded(draw.positive(0.05, 40.0)) / mu
    return DecayingGap(**path, size=size, mu=mu, t=time, horizon=2 * size / mu * full)


def _kernel() -> Any:
    """Return the derivative of the new time less S e^{-mu t/2}."""
    import sympy

    t, s, mu = sympy.symbols("t S mu", positive=True)
    return sympy.simplify(sympy.diff(2 * s / mu * (1 - sympy.exp(-mu * t / 2)), t) - s * sympy.exp(-mu * t / 2))


TIGHT = {"rate": 1, "drift": 1, "start": 1, "a": 1, "b": 1, "size": 1, "mu": 2, "t": 20, "horizon": 1}
BRIEF = {**TIGHT, "rate": "1/1000", "a": "1/1000"}
CROSSING = {**TIGHT, "start": -1, "b": 2, "drift": 2}

step_13 = Inequality(
    id="marion2024.proposition-8.step-13",
    title="the integral inequality for the distance of two layers",
    says=(
        "From |Delta'| <= S e^{-mu t/2} (C_1/L + C_2 |Delta|), S = 2 e^K M_B sqrt(l(0)): |Delta(t)| <= |Delta(0)| + the"
        " integral of S e^{-mu s/2} C_1/L + that of S e^{-mu s/2} C_2 |Delta|, and the first integral is at most C_1 M/(2 M_X"
        " L). Tight for t to infinity, a = C_2, b = C_1/L, Delta(0) >= 0."
    ),
    formula=r"|\Delta(t)|\le|\Delta(0)|+\int_0^tSe^{-\mu s/2}\frac{C_1}Lds+\int_0^tSe^{-\mu s/2}C_2|\Delta(s)|ds"
    r"\le|\Delta(0)|+\frac{C_1M}{2M_XL}+\int_0^tSe^{-\mu s/2}C_2|\Delta(s)|ds",
    source=f"{PAPER}, proof of Proposition 8, page 20",
    instance=DecayingGap,
    instances=_draw_gap,
    hypotheses=(numbers, slow, by_22),
    uses=("marion2024.proposition-8.step-12", "marion2024.proposition-7.step-13"),
    left=lambda p: np.array([absolute(distance(p))] * 2),
    relation="<=",
    right=lambda p, c: (
        c.c
        * np.array([
            absolute(p.start) + c.drift * p.drift * time + c.rate * p.rate * distance_integral(p)
            for time in (p.time, p.horizon)
        ])
    ),
    constants={"c": Fraction(1), "drift": Fraction(1), "rate": Fraction(1)},
    gallery=(TIGHT, CROSSING),
    proof=Proof(
        set="every differentiable path in a normed space that satisfies the differential inequality",
        argument="|Delta(t)| <= |Delta(0)| + the integral of |Delta'|, and the integral of S e^{-mu s/2} is at most 2S/mu.",
        steps=(identity("(2S/mu)(1 - e^{-mu t/2}) has the derivative S e^{-mu t/2}", _kernel),),
    ),
    mutants=(
        past_the_slack("c"),
        scaled("drift", Fraction(9, 10)),
        scaled("rate", Fraction(9, 10)),
        without(slow.name, {**TIGHT, "a": 2}),
        without(by_22.name, {**TIGHT, "horizon": "1/2"}),
    ),
)

step_14 = replace(
    step_13,
    id="marion2024.proposition-8.step-14",
    title="Gronwall's conclusion for all time",
    says=(
        "|Delta(t)| <= (|Delta(0)| + C_1 M/(2 M_X L)) e^{C_2 times the integral of S e^{-mu s/2}} <= (|Delta(0)| + C_1 M/(2"
        " M_X L)) e^{C_2 M/(2 M_X)} for every t. Tight for t to infinity with C_1 = 0, or as C_2 tends to 0."
    ),
    formula=r"|\Delta(t)|\le\Big(|\Delta(0)|+\frac{C_1M}{2M_XL}\Big)\exp\Big(\int_0^tSe^{-\mu s/2}C_2ds\Big)"
    r"\le\Big(|\Delta(0)|+\frac{C_1M}{2M_XL}\Big)e^{C_2M/(2M_X)}",
    uses=("marion2024.proposition-8.step-13", "marion2024.proposition-7.step-14"),
    left=lambda p: absolute(distance(p)) * np.ones(2, dtype=int),
    right=lambda p, c: (
        c.c
        * np.array([
            (absolute(p.start) + c.drift * p.drift * p.horizon) * exp(c.rate * p.rate * time) for time in (p.time, p.horizon)
        ])
    ),
    gallery=(TIGHT, BRIEF, {**TIGHT, "b": 0, "drift": 0}, CROSSING),
    proof=Proof(
        set="every path as in step 13",
        argument=(
            "In the time s' = the integral of S e^{-mu s/2}, which stays below M/(2 M_X), the path satisfies the differential"
            " inequality of Proposition 7 with alpha = C_2 and beta = C_1; its sharp bound is at most the printed one."
        ),
        steps=(
            identity("(2S/mu)(1 - e^{-mu t/2}) has the derivative S e^{-mu t/2}", _kernel),
            rests_on(proposition_7_step_14),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        scaled("rate", Fraction(9, 10)),
        scaled("drift", Fraction(9, 10)),
        without(slow.name, {**TIGHT, "a": 4}),
        without(by_22.name, {**TIGHT, "b": 0, "drift": 0, "horizon": "1/2"}),
    ),
)
