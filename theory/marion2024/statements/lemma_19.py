"""Lemma 19: limits that are uniform in the other variable commute; on families with exact limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, absolute, maximum
from theory.marion2024.setting import PAPER, rounded
from theory.proofs import identity
from theory.statement import Draw, Hypothesis, Inequality, Instance, Limit, Proof, changed, past_the_slack, without


@dataclass(frozen=True, kw_only=True)
class DoubleLimit(Instance):
    r"""The family :math:`e_{x,y}=\frac b{1+x}+\frac c{1+y}+\frac e{(1+x)(1+y)}+d\frac x{x+y}` at one point.

    Parameters
    ----------
    b, c, e
        Coefficients of the part that converges uniformly, to 0 along both variables.
    d
        Coefficient of the part that does not.
    x, y
        The point.
    """

    b: Number
    c: Number
    e: Number
    d: Number
    x: Number
    y: Number


@dataclass(frozen=True, kw_only=True)
class PathProblem(Instance):
    """The same family along the path y = x^power.

    Parameters
    ----------
    b, c, e, d
        As in :class:`DoubleLimit`.
    power
        The power, at least 1.
    """

    b: Number
    c: Number
    e: Number
    d: Number
    power: int


def value(p: Any, x: Number, y: Number) -> Number:
    """Return the value of the family at (x, y)."""
    return p.b / (1 + x) + p.c / (1 + y) + p.e / ((1 + x) * (1 + y)) + p.d * x / (x + y)


def rows(p: Any) -> Number:
    r"""Return :math:`\sup_y|e_{x,y}-e_{\infty,y}|` for d = 0: the bracket is linear in :math:`1/(1+y)\in(0,1]`."""
    return maximum(absolute(p.b), absolute(p.b + p.e)) / (1 + p.x)


def columns(p: Any) -> Number:
    r"""Return :math:`\sup_x|e_{x,y}-e_{x,\infty}|` for d = 0."""
    return maximum(absolute(p.c), absolute(p.c + p.e)) / (1 + p.y)


point = Hypothesis(
    name="x, y > 0",
    says="x > 0, y > 0",
    holds=lambda p: [(p.x, ">", 0 * p.x), (p.y, ">", 0 * p.y)],
    standing=True,
)
uniform = Hypothesis(
    name="uniform",
    says="both limits are uniform in the other variable: d = 0",
    holds=lambda p: (p.d, "==", 0 * p.d),
)


def _draw(draw: Draw, in_force: frozenset[str]) -> DoubleLimit:
    b, c, e = (rounded(draw.choice((0, 1)) * draw.real(-2.0, 2.0)) for _ in range(3))
    d = Fraction(0) if uniform.name in in_force else rounded(draw.real(0.5, 2.0))
    x, y = rounded(draw.positive(0.01, 1000.0)), rounded(draw.positive(0.01, 1000.0))
    return DoubleLimit(b=b, c=c, e=e if b or c or e else Fraction(1), d=d, x=x, y=y)


def triangle() -> Any:
    """Return the distance to the limit less its two parts."""
    import sympy

    b, c, e, x, y = sympy.symbols("b c e x y", positive=True)
    whole = b / (1 + x) + c / (1 + y) + e / ((1 + x) * (1 + y))
    along_x = (b + e / (1 + y)) / (1 + x)
    return sympy.together(whole - along_x - c / (1 + y))


def along_the_path(p: Any, scale: Number) -> Number:
    """Return 1 plus the value of the family at (scale, scale^power); the 1 keeps the limit away from 0."""
    return 1 + value(p, scale, scale**p.power)


def _draw_path(draw: Draw, in_force: frozenset[str]) -> PathProblem:
    base = _draw(draw, in_force)
    return PathProblem(b=base.b, c=base.c, e=base.e, d=base.d, power=draw.integer(1, 3))


lemma_19 = Limit(
    id="marion2024.lemma-19",
    title="uniform limits commute",
    says=(
        "If e_{x,y} converges uniformly in y as x grows and uniformly in x as y grows, the double limit exists and equals both"
        " iterated limits. Measured on paths y = x^p through a family with exact limits; without uniformity it fails: x/(x + y)"
        " has iterated limits 0 and 1, and is 1/2 on the diagonal."
    ),
    formula=r"\lim_{x,y\to\infty}e_{x,y}=\lim_{x\to\infty}e_{x,\infty}=\lim_{y\to\infty}e_{\infty,y}",
    source=f"{PAPER}, Lemma 19, page 37",
    instance=PathProblem,
    instances=_draw_path,
    hypotheses=(uniform,),
    quantity=along_the_path,
    limit=lambda p: 1 + 0 * p.b,
    scales=tuple(Fraction(2**k) for k in range(6, 16)),
    rate=Fraction(1),
    gallery=(
        {"b": 1, "c": 0, "e": 1, "d": 0, "power": 1},
        {"b": 1, "c": 1, "e": -1, "d": 0, "power": 2},
        {"b": -2, "c": 1, "e": 0, "d": 0, "power": 1},
    ),
    mutants=(
        changed("limits only pointwise", quantity=lambda p, scale: along_the_path(replace(p, d=1.0), scale)),
        changed("order 2", rate=Fraction(2)),
    ),
)

with_rate = Inequality(
    id="marion2024.lemma-19.reading-rate",
    title="uniform limits commute, with the distance",
    says=(
        "Ours: |e_{x,y} - e_inf| is at most the sum of the two uniform distances, sup_y |e_{x,y} - e_{inf,y}| and sup_x"
        " |e_{x,y} - e_{x,inf}|; on the same family, where they are exact."
    ),
    formula=r"\|e_{x,y}-e_\infty\|\le\sup_v\|e_{x,v}-e_{\infty,v}\|+\sup_u\|e_{u,y}-e_{u,\infty}\|",
    source="ours; makes Lemma 19 quantitative",
    ours=True,
    instance=DoubleLimit,
    instances=_draw,
    hypotheses=(point, uniform),
    left=lambda p: absolute(value(p, p.x, p.y)),
    relation="<=",
    right=lambda p, c: c.c * (rows(p) + columns(p)),
    constants={"c": Fraction(1)},
    cost=2,
    gallery=({"b": 1, "c": 1, "e": 0, "d": 0, "x": 1, "y": 1}, {"b": 0, "c": 0, "e": 1, "d": 0, "x": 1, "y": 1}),
    proof=Proof(
        set="every family in a Banach space with both limits uniform",
        argument=(
            "|e_{x,y} - e_inf| <= |e_{x,y} - e_{inf,y}| + |e_{inf,y} - e_inf|, and the second is the limit over u of e_{u,y} -"
            " e_{u,inf}, of norm at most the second supremum."
        ),
        steps=(identity("on the family, the value splits into these two parts", triangle),),
    ),
    mutants=(
        past_the_slack("c"),
        without(uniform.name, {"b": 0, "c": 0, "e": "1/100", "d": 1, "x": 100, "y": 100}),
        changed("the second distance omitted", right=lambda p, c: rows(p)),
    ),
)
