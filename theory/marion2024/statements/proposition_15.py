"""Proposition 15: the double limit of depth and training time; its weights need not be Lipschitz."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, sqrt
from theory.marion2024.setting import PAPER, rounded
from theory.statement import Draw, Erratum, Hypothesis, Inequality, Instance, past_the_slack, without


@dataclass(frozen=True, kw_only=True)
class LimitWeights(Instance):
    r"""A point of depth and a Lipschitz constant to be tried.

    Parameters
    ----------
    s
        The depth s in (0, 1].
    constant
        The constant.
    """

    s: Number
    constant: Number


inside = Hypothesis(
    name="0 < s <= 1, K > 0",
    says="0 < s <= 1 and K > 0",
    holds=lambda p: [(p.s, ">", 0 * p.s), (p.s, "<=", 0 * p.s + 1), (p.constant, ">", 0 * p.s)],
    standing=True,
)


def _draw_limit(draw: Draw, in_force: frozenset[str]) -> LimitWeights:
    del in_force
    return LimitWeights(s=rounded(draw.positive(1e-6, 1.0)), constant=rounded(draw.positive(0.1, 100.0)))


def square_root_weight(p: Any) -> Number:
    r"""Return :math:`Z_\infty(s)=\sqrt s`, the limit of :math:`Z^L_k(t)=\sqrt{k/L}`."""
    return sqrt(p.s)


proposition_15 = Inequality(
    id="marion2024.proposition-15.part-lipschitz",
    title="the weights of the double limit are Lipschitz, from the printed hypotheses",
    says=(
        "Under (i)-(iii) of Proposition 15 the limit Z_inf is said to be Lipschitz in s. Not implied: f(h, z) = zh, A = 1,"
        " Z_k(t) = sqrt(k/L) for all t, and B with loss 0 satisfy all three and stay at rest under (4), and Z_inf(s) = sqrt(s);"
        " with (1 - e^{-t}) sqrt(k/L) they start from a Lipschitz function, 0. |Z_inf(s) - Z_inf(0)| <= K s fails for every"
        " K, at s < 1/K^2. With sup L |Z_{k+1} - Z_k| finite, which Theorem 6 has, it is Lipschitz."
    ),
    formula=r"|\mathcal Z_\infty(s)-\mathcal Z_\infty(0)|\le K\,s",
    source=f"{PAPER}, Proposition 15, page 30",
    instance=LimitWeights,
    instances=_draw_limit,
    hypotheses=(inside,),
    left=square_root_weight,
    relation="<=",
    right=lambda p, c: c.c * p.constant * p.s,
    constants={"c": Fraction(1)},
    erratum=Erratum(
        wrong="uniform convergence in L and t does not bound the gaps of successive layers by a constant over L.",
        line="'Lipschitz', conclusion (ii); Corollary 13 is then used with it",
        counterexample={"s": "1/4", "constant": 1},
        repaired="marion2024.proposition-15.part-lipschitz.reading-repaired",
    ),
)


@dataclass(frozen=True, kw_only=True)
class SteppedWeights(LimitWeights):
    r"""The same with a depth L and a layer at or below s: weights that step by at most K/L.

    Parameters
    ----------
    depth
        L.
    layer
        k, the steps from the first layer; :math:`\mathcal Z^L(s)` is that of :math:`k=\lfloor(L-1)s\rfloor`.
    """

    depth: int
    layer: int


below = Hypothesis(
    name="layer at or below s",
    says="k <= (L - 1) s",
    holds=lambda p: (p.layer, "<=", (p.depth - 1) * p.s),
)


def _draw_steps(draw: Draw, in_force: frozenset[str]) -> SteppedWeights:
    del in_force
    s, depth = rounded(draw.real(0.001, 1.0)), draw.integer(1, 1000)
    return SteppedWeights(s=s, constant=rounded(draw.positive(0.1, 100.0)), depth=depth, layer=int((depth - 1) * s))


def largest_rise(p: Any) -> Number:
    r"""Return the largest :math:`|Z^L(s)-Z^L(0)|` of k steps of at most K/L each: :math:`Kk/L`."""
    return p.constant * p.layer / p.depth


proposition_15_repaired = replace(
    proposition_15,
    id="marion2024.proposition-15.part-lipschitz.reading-repaired",
    title="the weights of the double limit are Lipschitz, from bounded gaps",
    says="If |Z_{k+1} - Z_k| <= K/L for all L, then |Z^L(s) - Z^L(0)| <= K s for all L, and so does the limit.",
    formula=r"\|Z^L_{k+1}-Z^L_k\|\le\frac KL\Rightarrow\|\mathcal Z_\infty(s)-\mathcal Z_\infty(0)\|\le K\,s",
    source="ours; repairs Proposition 15",
    ours=True,
    instance=SteppedWeights,
    instances=_draw_steps,
    hypotheses=(inside, below),
    left=largest_rise,
    erratum=None,
    gallery=({"s": 1, "constant": 1, "depth": 100, "layer": 99},),
    mutants=(past_the_slack("c"), without(below.name, {"s": "1/2", "constant": 1, "depth": 100, "layer": 99})),
)
