r"""Lemma 17, a hypothesis that may be weakened: g(0, .) need not be 0, only integrable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, absolute, exp, expm1
from theory.marion2024.setting import Numbers, rounded
from theory.marion2024.statements.lemma_17 import JUMP, THREE, Pieces, draw_pieces, largest, pieces
from theory.proofs import identity
from theory.statement import Draw, Hypothesis, Inequality, Proof, changed, past_the_slack


@dataclass(frozen=True, kw_only=True)
class Offset(Pieces):
    r"""The equation :math:`U'=\theta U+d` with both constant on pieces.

    Parameters
    ----------
    offsets
        The values of d, shape ``(N,)``.
    """

    offsets: Numbers


sized = Hypothesis(
    name="offsets",
    says="N offsets, and no theta is 0 (its closed form divides by it)",
    holds=lambda p: [(len(p.offsets), "==", len(p.values)), *((value * value, ">", 0 * p.start) for value in p.values)],
    standing=True,
)


def _draw_offset(draw: Draw, in_force: frozenset[str]) -> Offset:
    base = draw_pieces(draw, in_force)
    values = tuple(value or Fraction(1, 10) for value in base.values)
    one_way = draw.choice((0, 1))
    offsets = tuple(rounded(draw.real(0.1 if one_way else -2.0, 2.0)) for _ in values)
    return Offset.extending(replace(base, values=values), offsets=offsets)


def with_offset(p: Any) -> Number:
    r"""Return U(s), by :math:`U\mapsto e^{\theta w}U+\frac d\theta(e^{\theta w}-1)` on each piece."""
    u = p.start
    for value, width, offset in zip(p.values, p.widths, p.offsets, strict=True):
        u = u + (u + offset / value) * expm1(value * width)
    return u


def _offset_piece() -> Any:
    import sympy

    u, d, theta, r = sympy.symbols("u d theta r", positive=True)
    value = u + (u + d / theta) * (sympy.exp(theta * r) - 1)
    return sympy.simplify(sympy.diff(value, r) - theta * value - d)


def _contraction() -> Any:
    """Return the integral of C e^{2Cr} over [0, s] times e^{-2Cs} plus e^{-2Cs}/2 less 1/2: it is 1/2 less a positive term."""
    import sympy

    constant, s, r = sympy.symbols("C s r", positive=True)
    integral = sympy.integrate(constant * sympy.exp(2 * constant * r), (r, 0, s)) * sympy.exp(-2 * constant * s)
    return sympy.simplify(integral + sympy.exp(-2 * constant * s) / 2 - sympy.Rational(1, 2))


reading_offset = Inequality(
    id="marion2024.lemma-17.reading-offset",
    title="an integrable speed at 0 is enough",
    says=(
        "Ours: with g(0, .) integrable in place of 0 there is still one solution on [0, 1], and |U(s)| <= (|U_0| + the integral"
        " of |g(0, r)|) e^C. On U' = theta U + d with jumps in both; attained as C tends to 0. Integrable it must be: with"
        " g = 1/r there is no solution."
    ),
    formula=r"\|U(s)\|\le\Big(\|U_0\|+\int_0^1\|g(0,r)\|\,dr\Big)e^C",
    source="ours; weakens the hypothesis g(0, r) = 0 of Lemma 17",
    ours=True,
    instance=Offset,
    instances=_draw_offset,
    hypotheses=(pieces, sized),
    left=lambda p: absolute(with_offset(p)),
    relation="<=",
    right=lambda p, c: (
        c.c
        * (absolute(p.start) + c.offset * sum(absolute(d) * w for d, w in zip(p.offsets, p.widths, strict=True)))
        * exp(largest(p.values))
    ),
    constants={"c": Fraction(1), "offset": Fraction(1)},
    gallery=(
        {"start": 1, "values": ["1/1000"], "widths": [1], "offsets": [1]},
        {**JUMP, "offsets": [1, -3]},
        {**THREE, "offsets": [0, 1, -1]},
    ),
    proof=Proof(
        set="every measurable g with constant C and integrable g(0, .)",
        argument=(
            "|U|(s) <= |U_0| + the integral of |g(0, r)| + C times that of |U|, and Gronwall's inequality. On continuous"
            " functions with the norm sup e^{-2Cs}|U(s)| the integral equation is a contraction by 1/2: one solution."
        ),
        steps=(
            identity("the step over a piece solves U' = theta U + d", _offset_piece),
            identity("C times the integral of e^{2Cr} up to s is less than e^{2Cs}/2", _contraction),
        ),
    ),
    mutants=(past_the_slack("c"), changed("nothing for the offset", constants={"c": Fraction(1), "offset": Fraction(0)})),
)
