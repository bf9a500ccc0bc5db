r"""Proposition 8: the rate (22), and what it is chosen for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import FLOATS, Number, exp
from theory.marion2024.setting import PAPER, rounded
from theory.marion2024.statements.proposition_8_training import rate_22
from theory.proofs import identity
from theory.statement import Draw, Hypothesis, Inequality, Instance, Mutant, Proof, past_the_slack, without

WHERE = f"{PAPER}, (22), page 18"


@dataclass(frozen=True, kw_only=True)
class Rate(Instance):
    r"""The numbers of (22), and :math:`\mu`.

    Parameters
    ----------
    bound, k, m_a, m_b, m_x
        M, K, :math:`M_A,M_B,M_X`.
    root_loss
        :math:`\sup_L\sqrt{\ell^L(0)}`.
    rate
        :math:`\mu`.
    """

    bound: Number
    k: Number
    m_a: Number
    m_b: Number
    m_x: Number
    root_loss: Number
    rate: Number


def three(p: Any) -> tuple[Number, Number, Number]:
    r"""Return :math:`M_BK,M_BM_X,M_AM_X`."""
    return p.m_b * p.k, p.m_b * p.m_x, p.m_a * p.m_x


def needed(p: Any) -> Number:
    r"""Return the right side of (22)."""
    return rate_22(three(p), p.k, p.bound, p.root_loss)


positive = Hypothesis(
    name="positive",
    says="M, K, M_A, M_B, M_X, mu and the loss are positive",
    holds=lambda p: [(v, ">", 0 * v) for v in (p.bound, p.k, p.m_a, p.m_b, p.m_x, p.root_loss, p.rate)],
    standing=True,
)
large = Hypothesis(name="(22)", says="mu is at least the right side of (22)", holds=lambda p: (p.rate, ">=", needed(p)))


def _draw_rate(draw: Draw, in_force: frozenset[str]) -> Rate:
    names = ("bound", "k", "m_a", "m_b", "m_x", "root_loss")
    data = {name: rounded(draw.positive(1e-2, 5.0)) for name in names}
    least = float(needed(Rate(**data, rate=Fraction(1)).lift(FLOATS)))
    factor = draw.choice((1 + 1e-9, draw.positive(1.0, 10.0)))
    factor *= 1.0 if large.name in in_force else draw.positive(0.1, 1.0)
    return Rate(**data, rate=Fraction(least * factor))


def _halves() -> Any:
    """Return 4 e^K a sqrt(l)/mu less M/2 at mu = 8 e^K a sqrt(l)/M."""
    import sympy

    k, a, root, bound = sympy.symbols("K a s M", positive=True)
    return sympy.simplify(4 * sympy.exp(k) * a * root / rate_22((a,), k, bound, root) - bound / 2)


ONES = {"bound": 1, "k": 1, "m_a": 1, "m_b": 1, "m_x": 1, "root_loss": 1, "rate": "43493/1000"}
EACH = ({**ONES, "m_b": 2, "m_x": "1/2"}, {**ONES, "m_b": 2}, {**ONES, "m_a": 2})
"""mu a little above 16 e, with a largest factor of 2: M_B K, then M_B M_X as well, then M_A M_X."""


def _without(which: int) -> Hypothesis:
    """Return (22) with one of the three numbers left out of the maximum."""

    def holds(p: Any) -> Any:
        kept = tuple(value for k, value in enumerate(three(p)) if k != which)
        return (p.rate, ">=", rate_22(kept, p.k, p.bound, p.root_loss))

    return Hypothesis(name="(22)", says="(22) with a smaller maximum", holds=holds)


def _left_out(which: int, name: str, **fields: Any) -> Mutant:
    tries = ({**ONES, "rate": 22, **fields},)
    return Mutant(
        name=f"{name} left out", change=lambda entry, _: replace(entry, hypotheses=(positive, _without(which))), tries=tries
    )


equation_22 = Inequality(
    id="marion2024.equation-22",
    title="what the rate is for",
    says=(
        "With mu of (22) each of 4 e^K sqrt(l(0))/mu times M_B K, M_B M_X, M_A M_X is at most M/2, with equality for the"
        " largest of the three. A loss of 0 for every L gives mu = 0, so that '(M, mu) with mu > 0' excludes it."
    ),
    formula=r"\frac{4e^K\sqrt{\ell(0)}}\mu\,(M_BK,\ M_BM_X,\ M_AM_X)\le\frac M2,\quad"
    r"\mu=\max(M_BK,M_BM_X,M_AM_X)\frac{8e^K}M\sup_L\sqrt{\ell^L(0)}",
    source=WHERE,
    instance=Rate,
    instances=_draw_rate,
    hypotheses=(positive, large),
    left=lambda p: 4 * exp(p.k) * p.root_loss / p.rate * np.array(three(p)),
    relation="<=",
    right=lambda p, c: c.c * p.bound / 2 * np.ones(3, dtype=int),
    constants={"c": Fraction(1)},
    gallery=EACH,
    proof=Proof(
        set="all positive M, K, M_A, M_B, M_X, l(0)",
        argument="The factor a <= max is the only one that differs, and the left side decreases in mu.",
        steps=(identity("at mu = 8 e^K a sqrt(l)/M the left side is M/2", _halves),),
    ),
    mutants=(
        past_the_slack("c"),
        without(large.name, {**EACH[0], "rate": 1}),
        _left_out(0, "M_B K", m_b=2, m_x="1/2"),
        _left_out(1, "M_B M_X", m_b=2, k="1/2", m_a="1/2"),
        _left_out(2, "M_A M_X", m_a=2),
    ),
)
