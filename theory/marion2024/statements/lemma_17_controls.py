r"""Lemma 17, what breaks it: equations without a uniform Lipschitz constant, or with a speed at 0 that is not integrable."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, absolute, exp, log, maximum
from theory.marion2024.setting import rounded
from theory.proofs import identity
from theory.statement import Draw, Hypothesis, Identity, Inequality, Instance, Proof, changed, past_the_slack


@dataclass(frozen=True, kw_only=True)
class Singular(Instance):
    r"""A solution of an equation whose speed is singular at one end of [0, 1].

    Parameters
    ----------
    size
        A factor of the solution, above 0.
    order
        The factor n of the Lipschitz constant.
    s
        The time in (0, 1).
    """

    size: Number
    order: int
    s: Number


between = Hypothesis(
    name="inside",
    says="0 < s < 1, a positive factor, n >= 1",
    holds=lambda p: [(p.s, ">", 0 * p.s), (p.s, "<", 0 * p.s + 1), (p.size, ">", 0 * p.s), (p.order, ">=", 1)],
    standing=True,
)


def _draw_singular(draw: Draw, in_force: frozenset[str]) -> Singular:
    del in_force
    s = rounded(draw.choice((draw.positive(1e-3, 0.99), 1 - draw.positive(1e-3, 0.9))))
    return Singular(size=rounded(draw.positive(0.1, 10.0)), order=draw.integer(1, 4), s=s)


def _blow_up_equation() -> Any:
    import sympy

    start, order, s = sympy.symbols("U n s", positive=True)
    solution = start * (1 - s) ** (-order)
    return sympy.simplify(sympy.diff(solution, s) - order * solution / (1 - s))


not_uniform = Identity(
    id="marion2024.lemma-17.reading-not-uniform",
    title="without a uniform Lipschitz constant solutions are not unique",
    says=(
        "Ours, a control: g(u, r) = n u/r is Lipschitz in u for every r > 0 and 0 at u = 0, and c s^n solves the equation"
        " from 0 for every c: its slope is g. The constant n/r has no finite integral from 0; with a finite one, as"
        " 1/(2 sqrt(r)), the solution is unique (lemma-16.reading-integral)."
    ),
    formula=r"g(u,r)=\frac{nu}r,\ U_0=0:\quad U=cs^n",
    source="ours; a control of Lemma 17",
    ours=True,
    instance=Singular,
    instances=_draw_singular,
    hypotheses=(between,),
    left=lambda p: p.size * p.order * p.s ** (p.order - 1),
    right=lambda p, c: p.order * (p.size * p.s**p.order) / p.s,
    gallery=({"size": 1, "order": 2, "s": "1/2"},),
    mutants=(changed("g = (n + 1) u/r", right=lambda p, c: (p.order + 1) * (p.size * p.s**p.order) / p.s),),
)

blows_up = Inequality(
    id="marion2024.lemma-17.reading-blow-up",
    title="without a uniform Lipschitz constant a solution ends before 1",
    says=(
        "Ours, a control: g(u, r) = n u/(1 - r) is linear in u, and U_0/(1 - s)^n leaves every bound before s = 1; it"
        " is at least U_0 e^{ns}, n the constant at r = 0, with equality as s tends to 0."
    ),
    formula=r"g(u,r)=\frac{nu}{1-r}:\quad U(s)=\frac{U_0}{(1-s)^n}\ge U_0e^{ns}",
    source="ours; a control of Lemma 17",
    ours=True,
    instance=Singular,
    instances=_draw_singular,
    hypotheses=(between,),
    left=lambda p: p.size / (1 - p.s) ** p.order,
    relation=">=",
    right=lambda p, c: c.c * p.size * exp(p.order * p.s),
    constants={"c": Fraction(1)},
    gallery=({"size": 1, "order": 1, "s": "1/1000"}, {"size": 1, "order": 1, "s": "999/1000"}),
    proof=Proof(
        set="every U_0 > 0, n >= 1 and 0 <= s < 1",
        argument="1/(1 - s) >= e^s.",
        steps=(identity("U_0/(1 - s)^n solves U' = n U/(1 - s)", _blow_up_equation),),
    ),
    mutants=(past_the_slack("c"), changed("e^{2ns}", right=lambda p, c: p.size * exp(2 * p.order * p.s))),
)


@dataclass(frozen=True, kw_only=True)
class Logarithm(Instance):
    r"""The function :math:`c+\log s`, the only ones with speed 1/s, at two times.

    Parameters
    ----------
    constant
        c.
    early, s
        Two times, :math:`0<\delta\le s\le1`.
    """

    constant: Number
    early: Number
    s: Number


times = Hypothesis(
    name="times",
    says="0 < delta < s <= 1",
    holds=lambda p: [(p.early, ">", 0 * p.s), (p.early, "<", p.s), (p.s, "<=", 0 * p.s + 1)],
    standing=True,
)


def _draw_logarithm(draw: Draw, in_force: frozenset[str]) -> Logarithm:
    del in_force
    s = rounded(draw.positive(0.01, 1.0))
    early = s * rounded(draw.positive(1e-6, 0.9))
    balanced = -float(log(float(s)) + log(float(early))) / 2
    constant = rounded(draw.choice((balanced, draw.real(-5.0, 5.0))), 6)
    return Logarithm(constant=constant, early=early, s=s)


no_solution = Inequality(
    id="marion2024.lemma-17.reading-no-solution",
    title="without an integrable speed at 0 there is no solution",
    says=(
        "Ours, a control: g(u, r) = 1/r is Lipschitz in u with constant 0, and what has this speed on [delta, s] is at least"
        " log(s/delta)/2 in size at one end: no bounded function has it on (0, s]. Attained where both ends are equal in size."
    ),
    formula=r"g(u,r)=\frac1r:\quad\max(|U(\delta)|,|U(s)|)\ge\frac12\log\frac s\delta",
    source="ours; a control of Lemma 17",
    ours=True,
    instance=Logarithm,
    instances=_draw_logarithm,
    hypotheses=(times,),
    left=lambda p: maximum(absolute(p.constant + log(p.early)), absolute(p.constant + log(p.s))),
    relation=">=",
    right=lambda p, c: c.c * log(p.s / p.early) / 2,
    constants={"c": Fraction(1)},
    gallery=({"constant": "4605170/1000000", "early": "1/10000", "s": 1}, {"constant": 0, "early": "1/2", "s": 1}),
    mutants=(past_the_slack("c"), changed("log(s/delta)", right=lambda p, c: log(p.s / p.early))),
)
