r"""Proposition 9, from the third display of its proof to (27), at a family that moves as fast as its hypotheses allow.

With a >= 1 the layers :math:`Z_k(t)=C(\frac kL-\frac12)\pm C(\frac{1-e^{-at}}a-\frac1{2a})` on I = [0, infinity) have norms at
most C, gaps C/L and speeds :math:`b(t)=Ce^{-at}`, which is integrable and at most C. No other family is further apart between
two layers, nor, to first order, between two times. The limit in L is :math:`C(s-\frac12)` plus the same function of t. Longer
than most: four statements share the pair of points.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, absolute
from theory.marion2024.setting import PAPER, rounded
from theory.marion2024.statements.proposition_9_steps import WHERE, travelled
from theory.proofs import identity
from theory.statement import Draw, Hidden, Hypothesis, Inequality, Instance, Proof, past_the_slack, scaled, without


@dataclass(frozen=True, kw_only=True)
class Pair(Instance):
    r"""Two points (s, t) and (s', t') of the family.

    Parameters
    ----------
    bound, rate
        C and a.
    depth
        L.
    s, s_other, t, t_other
        The points.
    layer, layer_other
        :math:`\lfloor(L-1)s\rfloor` and :math:`\lfloor(L-1)s'\rfloor`.
    """

    bound: Number
    rate: Number
    depth: int
    s: Number
    s_other: Number
    layer: int
    layer_other: int
    t: Number
    t_other: Number


def layer_of(layer: int, depth: int, s: Number) -> list[Any]:
    r"""Return the comparisons that say :math:`k=\lfloor(L-1)s\rfloor`."""
    return [(0 * s + layer, "<=", (depth - 1) * s), ((depth - 1) * s, "<", 0 * s + layer + 1)]


region = Hypothesis(
    name="region",
    says="C > 0, a > 0, L >= 1, s and s' in [0, 1], t and t' >= 0",
    holds=lambda p: [
        (p.bound, ">", 0 * p.s),
        (p.rate, ">", 0 * p.s),
        (p.depth, ">=", 1),
        *((value, ">=", 0 * p.s) for value in (p.s, p.s_other, p.t, p.t_other)),
        *((value, "<=", 0 * p.s + 1) for value in (p.s, p.s_other)),
    ],
    standing=True,
)
norms = Hypothesis(name="norms", says="norms at most C: a >= 1", holds=lambda p: (p.rate, ">=", 0 * p.s + 1))
layers = Hypothesis(
    name="layers",
    says="k = floor((L - 1) s), k' = floor((L - 1) s')",
    holds=lambda p: [*layer_of(p.layer, p.depth, p.s), *layer_of(p.layer_other, p.depth, p.s_other)],
)


def _draw_pair(draw: Draw, in_force: frozenset[str]) -> Pair:
    depth = draw.integer(1, 60)
    if depth > 1 and draw.choice((0, 1)):
        s = Fraction(draw.integer(1, depth - 1), depth - 1)  # where a layer begins
        s_other = max(Fraction(0), s - rounded(draw.positive(1e-6, 1.0)))
    else:
        s, s_other = rounded(draw.real(0.0, 1.0)), rounded(draw.real(0.0, 1.0))
    slack = 0 if layers.name in in_force else draw.integer(0, 2)
    t = rounded(draw.choice((0, 1)) * draw.positive(1e-4, 10.0))
    return Pair(
        bound=rounded(draw.positive(0.1, 10.0)),
        rate=rounded(draw.positive(1.0 if norms.name in in_force else 0.01, 5.0)),
        depth=depth,
        s=s,
        s_other=s_other,
        layer=int((depth - 1) * s) + slack,
        layer_other=int((depth - 1) * s_other),
        t=t,
        t_other=t + rounded(draw.choice((0, 1)) * draw.positive(1e-6, 10.0)),
    )


def family_distance(p: Any) -> Number:
    r"""Return :math:`|\mathcal Z^L(s,t)-\mathcal Z^L(s',t')|`, the larger of the two signs of the family."""
    moved = absolute(travelled(p.bound, p.rate, p.t, p.t_other))
    return p.bound * abs(p.layer - p.layer_other) / p.depth + moved


def limit_distance(p: Any) -> Number:
    r"""Return :math:`|\mathcal Z^\phi(s,t)-\mathcal Z^\phi(s',t')|`, the larger of the two signs of the limit."""
    return p.bound * absolute(p.s - p.s_other) + absolute(travelled(p.bound, p.rate, p.t, p.t_other))


def fractional_parts() -> Any:
    """Return k - k' less (L - 1)(s - s') - (r - r'), where (L - 1) s = k + r and (L - 1) s' = k' + r'."""
    import sympy

    depth, k, other, r, rest = sympy.symbols("L k l r q", positive=True)
    s, s_other = (k + r) / (depth - 1), (other + rest) / (depth - 1)
    return sympy.simplify(k - other - (depth - 1) * (s - s_other) + (r - rest))


def sampled_depths() -> Any:
    """Return the squared distances from s of the limits of ((L - 1) s - 1)/L and (L - 1) s/L, which enclose the layer's."""
    import sympy

    depth, s = sympy.symbols("L s", positive=True)
    low, high = (sympy.limit(((depth - 1) * s - drop) / depth, depth, sympy.oo) for drop in (1, 0))
    return (low - s) ** 2 + (high - s) ** 2


EDGE = {"s": "1/2", "s_other": "499999/1000000", "layer": 1, "layer_other": 0, "t": 0, "t_other": 0}
WIDE = {"s": 1, "s_other": 0, "layer": 4, "layer_other": 0, "t": "1/1000", "t_other": 0}
ONE = {"s": 0, "s_other": 1, "layer": 0, "layer_other": 0, "t": 2, "t_other": 1}
NEAR_START = {"s": 1, "s_other": 0, "layer": 1, "layer_other": 0, "t": "1/10000", "t_other": 0}
LAST = {"s": 1, "s_other": "249999/1000000", "layer": 4, "layer_other": 0, "t": 0, "t_other": 0}
GALLERY = (
    {"bound": 1, "rate": 1, "depth": 3, **EDGE},
    {"bound": 2, "rate": 1, "depth": 5, **WIDE},
    {"bound": 1, "rate": 3, "depth": 1, **ONE},
)
BEYOND = {"bound": 1, "rate": 1, "depth": 4, "s": 0, "s_other": 0, "layer": 2, "layer_other": 0, "t": 0, "t_other": 0}
PROOF = Proof(
    set="every family with the hypotheses, L >= 1",
    argument=(
        "With (L - 1) s = k + r, (L - 1) s' = k' + r', 0 <= r, r' < 1: |k - k'| <= (L - 1)|s - s'| + |r - r'|, and"
        " |r - r'| < 1. Then the two displays before."
    ),
    steps=(identity("k - k' = (L - 1)(s - s') - (r - r')", fractional_parts),),
)

step_3 = Inequality(
    id="marion2024.proposition-9.step-3",
    title="two points of one family, by their layers",
    says=(
        "|Z^L(s,t) - Z^L(s',t')| <= C |t - t'| + C |floor((L-1)s) - floor((L-1)s')|/L, by the triangle inequality. Equality for"
        " two layers at one time; nearly so at two times close to 0."
    ),
    formula=r"\|\mathcal Z^L(s,t)-\mathcal Z^L(s',t')\|"
    r"\le C|t-t'|+\frac{C|\lfloor(L-1)s\rfloor-\lfloor(L-1)s'\rfloor|}L",
    source=f"{WHERE}, third display",
    instance=Pair,
    instances=_draw_pair,
    hypotheses=(region, norms, layers),
    uses=("marion2024.proposition-9.step-1", "marion2024.proposition-9.step-2"),
    left=family_distance,
    relation="<=",
    right=lambda p, c: c.c * p.bound * (absolute(p.t - p.t_other) + c.step * abs(p.layer - p.layer_other) / p.depth),
    constants={"c": Fraction(1), "step": Fraction(1)},
    gallery=GALLERY,
    mutants=(past_the_slack("c"), scaled("step", Fraction(99, 100))),
)


def printed_26(p: Any, c: Any) -> Number:
    r"""Return :math:`C|t-t'|+C|s-s'|+c\frac CL`."""
    return c.c * p.bound * (absolute(p.t - p.t_other) + absolute(p.s - p.s_other) + c.step / p.depth)


equation_26 = replace(
    step_3,
    id="marion2024.equation-26",
    title="the weights are nearly Lipschitz in depth and time",
    says=(
        "|Z^L(s,t) - Z^L(s',t')| <= C |t - t'| + C |s - s'| + C/L. Tight where s begins a layer and s' is just before it. The"
        " norms do not matter here: they are used only to choose the subsequence."
    ),
    formula=r"\|\mathcal Z^L(s,t)-\mathcal Z^L(s',t')\|\le C|t-t'|+C|s-s'|+\frac CL",
    source=f"{WHERE}, (26)",
    uses=("marion2024.proposition-9.step-3",),
    hidden=(
        Hidden(
            says="b is at most C",
            where="'without loss of generality', page 21",
            finding="harmless: C may be enlarged, since b is bounded; every later bound then has the larger C",
        ),
    ),
    right=printed_26,
    proof=PROOF,
    mutants=(
        past_the_slack("c"),
        scaled("step", Fraction(99, 100)),
        without(layers.name, BEYOND),
        without(norms.name),
    ),
)

equation_26_sharp = replace(
    equation_26,
    id="marion2024.equation-26.reading-sharp",
    title="the weights are nearly Lipschitz in depth and time, sharper",
    says=(
        "Ours: the slope in s is C (L - 1)/L. Attained at one time by s = 1 and s' just before a layer, for every pair of"
        " layers, where the printed bound loses C |s - s'|/L."
    ),
    formula=r"\|\mathcal Z^L(s,t)-\mathcal Z^L(s',t')\|\le C|t-t'|+C\frac{L-1}L|s-s'|+\frac CL",
    source="ours; sharpens (26)",
    ours=True,
    hidden=(),
    right=lambda p, c: printed_26(p, c) - c.slope * p.bound * absolute(p.s - p.s_other) / p.depth,
    constants={"c": Fraction(1), "step": Fraction(1), "slope": Fraction(1)},
    gallery=(*GALLERY, {"bound": 1, "rate": 1, "depth": 5, **LAST}),
    mutants=(past_the_slack("c"), scaled("step", Fraction(99, 100)), scaled("slope", Fraction(101, 100)), without(norms.name)),
)

equation_27 = replace(
    step_3,
    id="marion2024.equation-27",
    title="the limit of the weights is Lipschitz",
    says=(
        "|Z(s,t) - Z(s',t')| <= C (|s - s'| + |t - t'|) for the limit Z of a subsequence: (26) as L grows. Equality at one"
        " time; nearly so at two times close to 0."
    ),
    formula=r"\|\mathcal Z^\phi(s,t)-\mathcal Z^\phi(s',t')\|\le C(|s-s'|+|t-t'|)",
    source=f"{PAPER}, (27), page 22",
    hypotheses=(region, norms),
    uses=("marion2024.equation-26",),
    left=limit_distance,
    right=lambda p, c: c.c * p.bound * (c.depths * absolute(p.s - p.s_other) + absolute(p.t - p.t_other)),
    constants={"c": Fraction(1), "depths": Fraction(1)},
    gallery=(*GALLERY, {"bound": 1, "rate": 1, "depth": 2, **NEAR_START}),
    proof=Proof(
        set="every limit of a family with the hypotheses",
        argument="(26) along the subsequence: C/L tends to 0 and the weak inequality passes to the limit.",
        steps=(identity("C floor((L - 1) s)/L tends to C s, since it lies between two sequences that do", sampled_depths),),
    ),
    mutants=(past_the_slack("c"), scaled("depths", Fraction(99, 100)), without(norms.name)),
)
