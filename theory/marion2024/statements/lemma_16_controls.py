"""Lemma 16, what breaks it: Lipschitz constants that are not bounded in time, not global, or not there at all."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, exp, maximum, minimum, sqrt
from theory.marion2024.setting import rounded
from theory.proofs import identity
from theory.statement import Draw, Hypothesis, Identity, Inequality, Instance, Proof, changed, past_the_slack, without


@dataclass(frozen=True, kw_only=True)
class Parabola(Instance):
    r"""The curve :math:`cs^2`, against :math:`u'=g(u,r)`, :math:`g=\max(-2r,\min(2r,\frac{2u}r))`, :math:`g(u,0)=0`.

    g is continuous, and Lipschitz in u for each r, with constant 2/r; it is 0 for r = 0.

    Parameters
    ----------
    c
        The coefficient.
    s
        The time in (0, 1].
    """

    c: Number
    s: Number


def capped(u: Number, r: Number) -> Number:
    r"""Return :math:`\max(-2r,\min(2r,\frac{2u}r))`."""
    return maximum(-2 * r, minimum(2 * r, 2 * u / r))


times = Hypothesis(
    name="0 < s <= 1",
    says="0 < s <= 1",
    holds=lambda p: [(p.s, ">", 0 * p.s), (p.s, "<=", 0 * p.s + 1)],
    standing=True,
)
gentle = Hypothesis(name="|c| <= 1", says="|c| <= 1", holds=lambda p: (p.c * p.c, "<=", 0 * p.s + 1))


def _draw_parabola(draw: Draw, in_force: frozenset[str]) -> Parabola:
    reach = 1.0 if gentle.name in in_force else 3.0
    return Parabola(c=rounded(draw.real(-reach, reach)), s=rounded(draw.real(0.1, 1.0)))


reading_each_time = Identity(
    id="marion2024.lemma-16.reading-each-time",
    title="with a Lipschitz constant for each time alone solutions are not unique",
    says=(
        "Ours, a control: locally Lipschitz in the first variable is defined on page 14 with one constant for r in a compact"
        " set, and that is needed. g = max(-2r, min(2r, 2u/r)) is continuous and Lipschitz in u at every r, with constant 2/r,"
        " and c s^2 solves u' = g(u, s) from 0 for every |c| <= 1."
    ),
    formula=r"u'=\max(-2s,\min(2s,\tfrac{2u}s)),\ u(0)=0:\quad u=cs^2,\ |c|\le1",
    source="ours; a control of Lemma 16",
    ours=True,
    instance=Parabola,
    instances=_draw_parabola,
    hypotheses=(times, gentle),
    left=lambda p: capped(p.c * p.s * p.s, p.s),
    right=lambda p, c: 2 * p.c * p.s,
    gallery=({"c": 0, "s": 1}, {"c": 1, "s": 1}, {"c": "-1/3", "s": "1/7"}),
    mutants=(without(gentle.name, {"c": 2, "s": 1}), changed("slope cs", right=lambda p, c: p.c * p.s)),
)


@dataclass(frozen=True, kw_only=True)
class Riccati(Instance):
    r"""The equation :math:`y'=y^2` from a start, at a time.

    Parameters
    ----------
    start, t
        :math:`y(0)>0` and t.
    """

    start: Number
    t: Number


before = Hypothesis(
    name="before the blow-up",
    says="y(0) > 0 and 0 <= t < 1/y(0)",
    holds=lambda p: [(p.start, ">", 0 * p.t), (p.t, ">=", 0 * p.t), (p.start * p.t, "<", 0 * p.t + 1)],
    standing=True,
)


def _draw_riccati(draw: Draw, in_force: frozenset[str]) -> Riccati:
    del in_force
    start = rounded(draw.positive(0.1, 10.0))
    return Riccati(start=start, t=rounded(draw.real(0.0, 0.999)) / start)


def _riccati() -> Any:
    import sympy

    t, a = sympy.symbols("t a", positive=True)
    solution = a / (1 - a * t)
    return sympy.simplify(sympy.diff(solution, t) - solution**2)


blow_up = Inequality(
    id="marion2024.lemma-16.reading-blow-up",
    title="without a global Lipschitz constant solutions leave every bound",
    says=(
        "Ours, the control of Lemma 16: y' = y^2 is locally Lipschitz, and y(t) = y(0)/(1 - y(0) t) leaves every bound before"
        " t = 1/y(0); no exponential bound y(0) e^{Kt} with K = 2 y(0), the Lipschitz constant at the start, holds up to"
        " there."
    ),
    formula=r"y'=y^2:\quad y(t)=\frac{y(0)}{1-y(0)t}\ge y(0)e^{y(0)t}",
    source="ours; a control of Lemma 16",
    ours=True,
    instance=Riccati,
    instances=_draw_riccati,
    hypotheses=(before,),
    left=lambda p: p.start / (1 - p.start * p.t),
    relation=">=",
    right=lambda p, c: c.c * p.start * exp(p.start * p.t),
    constants={"c": Fraction(1)},
    gallery=({"start": 1, "t": "999/1000"}, {"start": 1, "t": 0}),
    proof=Proof(
        set="every y(0) > 0 and t < 1/y(0)",
        argument="1/(1 - u) >= e^u for 0 <= u < 1.",
        steps=(identity("y(0)/(1 - y(0) t) solves y' = y^2", _riccati),),
    ),
    mutants=(
        past_the_slack("c"),
        changed("e^{2 y(0) t}", right=lambda p, c: p.start * exp(2 * p.start * p.t)),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Moment(Instance):
    r"""A time.

    Parameters
    ----------
    t
        The time t.
    """

    t: Number


after = Hypothesis(name="t >= 0", says="t >= 0", holds=lambda p: (p.t, ">=", 0 * p.t))

two_solutions = Identity(
    id="marion2024.lemma-16.reading-two-solutions",
    title="without a Lipschitz constant solutions are not unique",
    says="Ours, the other control: y' = 2 sqrt(y) from 0 has the solutions 0 and t^2, of slope 2t = 2 sqrt(t^2).",
    formula=r"y'=2\sqrt y,\ y(0)=0:\quad y=0\ \text{and}\ y=t^2",
    source="ours; a control of Lemma 16",
    ours=True,
    instance=Moment,
    instances=lambda draw, in_force: Moment(t=rounded(draw.real(0.0 if after.name in in_force else -5.0, 5.0))),
    hypotheses=(after,),
    left=lambda p: 2 * p.t,
    right=lambda p, c: 2 * sqrt(p.t * p.t),
    gallery=({"t": 1},),
    mutants=(without(after.name, {"t": -1}), changed("slope t", left=lambda p: p.t)),
)
