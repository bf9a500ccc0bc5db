r"""Lemma 17 (Caratheodory): coefficients with jumps in time, on equations with closed forms.

With :math:`\theta` constant on pieces, :math:`U'=\theta U` has :math:`U=U_0e^E` and :math:`U'=\theta\sin U` has
:math:`U=2\arctan(xe^E)`, :math:`x=\tan\frac{U_0}2`, where :math:`E(s)=\int_0^s\theta`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Number, absolute, exp, expm1, maximum
from theory.marion2024.setting import PAPER, Numbers, rounded
from theory.proofs import identity
from theory.statement import Draw, Hypothesis, Identity, Instance, Limit, Proof, changed

WHOLE = "whole interval"
WHERE = f"{PAPER}, Lemma 17, page 36"


@dataclass(frozen=True, kw_only=True)
class Pieces(Instance):
    r"""A start and a coefficient that is constant on pieces of [0, s].

    Parameters
    ----------
    start
        :math:`U_0`, not 0, for the linear equation; :math:`\tan\frac{U_0}2` for the other.
    values, widths
        The values of :math:`\theta` and the lengths of its pieces, shape ``(N,)``.
    """

    start: Number
    values: Numbers
    widths: Numbers


def _zero(p: Any) -> Number:
    return 0 * p.start


pieces = Hypothesis(
    name="pieces",
    says="U_0 is not 0, N >= 1 pieces of positive length, of total length at most 1",
    holds=lambda p: [
        (p.start * p.start, ">", _zero(p)),
        (len(p.values), ">=", 1),
        (len(p.values), "==", len(p.widths)),
        *((width, ">", _zero(p)) for width in p.widths),
        (sum(p.widths), "<=", _zero(p) + 1),
    ],
    standing=True,
)


def draw_pieces(draw: Draw, in_force: frozenset[str]) -> Pieces:
    """Draw up to four pieces that fill [0, 1] or a part of it."""
    count = draw.integer(1, 4)
    parts = [rounded(draw.real(0.1, 1.0), 2) for _ in range(count)]
    reach = Fraction(1) if WHOLE in in_force else draw.choice((Fraction(1), Fraction(1, 2)))
    size = draw.positive(0.01, 4.0)
    kind = draw.choice(("one value", "any"))
    values = [1.0 if kind == "one value" else draw.real(-1.0, 1.0) for _ in range(count)]
    return Pieces(
        start=rounded(draw.choice((-1, 1)) * draw.positive(1e-4, 3.0)),
        values=tuple(rounded(size * value) for value in values),
        widths=tuple(reach * part / sum(parts) for part in parts),
    )


def largest(values: Numbers) -> Number:
    r"""Return :math:`C=\max_i|\theta_i|`, the uniform Lipschitz constant of g."""
    result = absolute(values[0])
    for value in values[1:]:
        result = maximum(result, absolute(value))
    return result


def exponents(p: Any) -> list[Number]:
    r"""Return :math:`E` at the ends of the pieces, 0 first."""
    result = [_zero(p)]
    for value, width in zip(p.values, p.widths, strict=True):
        result.append(result[-1] + value * width)
    return result


def integrated(p: Any) -> Number:
    r"""Return :math:`U_0+\int_0^s\theta U`; a piece gives :math:`U_0\theta\int_0^we^{E+\theta r}dr=U_0e^E(e^{\theta w}-1)`."""
    terms = zip(exponents(p)[:-1], p.values, p.widths, strict=True)
    return p.start + p.start * sum(exp(before) * expm1(value * width) for before, value, width in terms)


def _piece_integral() -> Any:
    import sympy

    theta, width, before, r = sympy.symbols("theta w E r", positive=True)
    integral = sympy.integrate(theta * sympy.exp(before + theta * r), (r, 0, width))
    return sympy.simplify(integral - sympy.exp(before) * (sympy.exp(theta * width) - 1))


JUMP = {"start": 1, "values": [1, -2], "widths": ["1/3", "2/3"]}
THREE = {"start": -2, "values": [3, "-1/2", 1], "widths": ["1/5", "1/3", "1/4"]}
FLAT = {"start": "1/1000", "values": [1], "widths": [1]}

lemma_17 = Identity(
    id="marion2024.lemma-17",
    title="a solution exists although the coefficient jumps",
    says=(
        "If g is measurable, g(., r) Lipschitz with one constant for almost all r, and g(0, r) = 0, the equation U(s) = U_0 +"
        " integral of g(U(r), r) has one solution on [0, 1]. Existence, on theta with jumps: U_0 e^E satisfies it, the integral"
        " taken piece by piece. Uniqueness and the bounds of the proof are stated beside. g(0, r) = 0 is more than is needed:"
        " see reading-offset."
    ),
    formula=r"U(s)=U_0+\int_0^s\theta(r)U(r)\,dr,\qquad U(s)=U_0e^{\int_0^s\theta}",
    source=WHERE,
    instance=Pieces,
    instances=draw_pieces,
    hypotheses=(pieces,),
    left=lambda p: p.start * exp(exponents(p)[-1]),
    right=lambda p, c: integrated(p),
    gallery=(JUMP, THREE, FLAT),
    proof=Proof(
        set="every theta that is constant on finitely many pieces",
        argument="On each piece the integral is the increase of U_0 e^E; the increases add up to U(s) - U_0.",
        steps=(identity("the integral over a piece is e^E (e^{theta w} - 1)", _piece_integral),),
    ),
    mutants=(
        changed("the jumps ignored", left=lambda p: p.start * exp(p.values[0] * sum(p.widths))),
        changed("the integral of theta alone", right=lambda p, c: p.start * (1 + exponents(p)[-1])),
    ),
)


def euler_error(p: Any, depth: Number, *, smooth: bool = False) -> float:
    r"""Return :math:`\max_k|U(\frac kL)-u_k|` of :math:`u_{k+1}=(1+\frac1L\theta(\frac kL))u_k` on [0, 1]; in floats.

    Parameters
    ----------
    p
        Pieces that fill [0, 1].
    depth
        The number of steps L.
    smooth
        Whether the scheme takes the mean of theta in place of theta.

    Returns
    -------
    float
        The error.
    """
    size = int(depth)
    values, widths = np.asarray(p.values, dtype=float), np.asarray(p.widths, dtype=float)
    ends = np.concatenate([[0.0], np.cumsum(widths)])
    grid = np.arange(size + 1) / size
    theta = values[np.minimum(np.searchsorted(ends, grid[:-1], side="right") - 1, len(values) - 1)]
    theta = np.full(size, float(values @ widths)) if smooth else theta
    scheme = p.start * np.cumprod(np.concatenate([[1.0], 1 + theta / size]))
    exact = p.start * np.exp(np.interp(grid, ends, np.concatenate([[0.0], np.cumsum(values * widths)])))
    return float(np.abs(scheme - exact).max())


whole = Hypothesis(
    name=WHOLE, says="the pieces fill [0, 1]", holds=lambda p: (sum(p.widths), "==", _zero(p) + 1), standing=True
)
euler = Limit(
    id="marion2024.lemma-17.reading-euler",
    title="the Euler scheme reaches the solution across jumps",
    says=(
        "Ours: on a coefficient with jumps that no grid meets, the explicit scheme tends to the solution of Lemma 17 at order"
        " 1, although theta is not continuous: one step at each jump is wrong, by a multiple of 1/L. Depths 4^k keep the place"
        " of a jump at thirds within its step the same, without which the constant would oscillate."
    ),
    formula=r"\max_k|U(k/L)-u_k|=O(1/L)",
    source="ours; the solution of Lemma 17 by another route",
    ours=True,
    instance=Pieces,
    instances=draw_pieces,
    hypotheses=(pieces, whole),
    uses=("marion2024.lemma-17",),
    quantity=euler_error,
    limit=lambda p: 0.0,
    scales=tuple(Fraction(4**k) for k in range(2, 9)),
    rate=Fraction(1),
    gallery=(JUMP, {"start": -1, "values": [1, -2, 2], "widths": ["1/3", "1/3", "1/3"]}),
    mutants=(
        changed("the mean of theta in the scheme", quantity=lambda p, depth: euler_error(p, depth, smooth=True)),
        changed("order 2", rate=Fraction(2)),
    ),
)
