"""Proposition 2: the moments of W at midpoints and near sample points, and our sharper forms."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from numerics.arithmetic import Number, absolute, exp
from theory.proofs import boxes, identity
from theory.statement import Draw, Hypothesis, Inequality, Proof, changed, past_the_slack, scaled, without
from theory.wu2025.bounds import mean_bound, midpoint_variance_bound, small_noise_factor, variance_bound
from theory.wu2025.score import law_at_offset
from theory.wu2025.setting import (
    PAPER,
    SETTING,
    PointProblem,
    ScoreProblem,
    draw_problem,
    draw_score_problem,
    least_separation,
    point_index,
    separated,
)

near = Hypothesis(
    name="near a point",
    says="|y - mu x_i| <= mu Delta / 4",
    holds=lambda p: (absolute(p.y - p.mu * p.x[p.i - 1]), "<=", p.mu * p.minimum_spacing / 4),
)


def midpoint_variances(p: Any) -> Number:
    r"""Return :math:`\mathbb VW(m_i)` for every gap, shape ``(n-1,)``; :math:`m_i=\mu(x_i+x_{i+1})/2`."""
    zero = 0 * p.mu
    values = [law_at_offset(p, i, i + 1, zero).variance for i in range(p.n - 1)]
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result


def draw_near_point(draw: Draw, in_force: frozenset[str]) -> PointProblem:
    """Build a problem with a point near a sample point, at a quarter of the spacing now and then."""
    fields = draw_problem(draw, least=least_separation(in_force))
    x, mu = fields["x"], fields["mu"]
    i = draw.integer(1, len(x))
    spacing = min(b - a for a, b in pairwise(x))
    reach = 1 if near.name in in_force else 40
    place = draw.choice((Fraction(1), Fraction(-1), None))
    if place is None:
        place = Fraction(draw.real(-1, 1)).limit_denominator(1000)
    return PointProblem(**fields, i=i, y=mu * (x[i - 1] + place * reach * spacing / 4))


def mean_error(p: Any) -> Number:
    r"""Return :math:`|\mathbb EW(y)-x_i|`."""
    k = p.i - 1
    return absolute(law_at_offset(p, k, k, p.y - p.mu * p.x[k]).mean)


def variance_at(p: Any) -> Number:
    r"""Return :math:`\mathbb VW(y)`."""
    k = p.i - 1
    return law_at_offset(p, k, k, p.y - p.mu * p.x[k]).variance


def two_point_variance() -> Any:
    """Return the difference of the variance at the midpoint of two points and a quarter of the squared gap."""
    import sympy

    gap = sympy.Symbol("gap", positive=True)
    half = sympy.Rational(1, 2)
    return half * (gap / 2) ** 2 + half * (gap / 2) ** 2 - gap**2 / 4


def two_point_odds() -> Any:
    """Return the difference of the log-odds of two points and its factored form, at y = mu x_1 + u mu gap."""
    import sympy

    u, gap = sympy.symbols("u gap", positive=True)
    mu, sigma = sympy.symbols("mu sigma", positive=True)
    y = u * mu * gap
    odds = (y**2 - (y - mu * gap) ** 2) / (2 * sigma**2)
    return odds - (mu * gap / sigma) ** 2 * (u - sympy.Rational(1, 2))


def two_point_mean_box(u: Any, w: Any) -> Any:
    """Return 2 - p e^(w/4) for n = 2: p is the weight of the far point at y = mu (x_1 + u Delta), w = r^2."""
    return 2 - exp(w * (4 * u - 1) / 4) / (1 + exp(w * (2 * u - 1) / 2))


def rho_identity() -> Any:
    """Return the difference of 4(rho+1)^2 - (rho+2)^2 and its factored form."""
    import sympy

    rho = sympy.Symbol("rho", positive=True)
    return 4 * (rho + 1) ** 2 - (rho + 2) ** 2 - rho * (3 * rho + 4)


MIDWAY = {"x": [0, 1], "mu": "1/2", "sigma": "1/12", "i": 1, "y": "1/4"}
"""A point midway between two sample points, where W takes both."""
FAR = {"x": [0, 1, 100], "mu": "1/200", "sigma": "1/2", "i": 1, "y": 0}
"""A sample whose far point still matters, since the noise exceeds its spacing by far."""

CORE = (
    "For |y - mu x_i| <= mu Delta/4 and j != i the log-odds are -(mu^2/2 sigma^2) g (g - 2|x - x_i|) with g = |x_j - x_i|"
    " >= Delta, at most -mu^2 g^2/4 sigma^2, so alpha_j <= exp(-mu^2 g^2/4 sigma^2). By Lemma 13, g e^{-mu^2 g^2/4 sigma^2}"
    " and g^2 e^{-mu^2 g^2/4 sigma^2} decrease for g >= sqrt2 sigma/mu and g >= 2 sigma/mu. Summing over j != i bounds"
    " |E W - x_i| by (n-1) Delta q and V W <= E(W - x_i)^2 by (n-1) Delta^2 q, q = exp(-mu^2 Delta^2/4 sigma^2)."
)

part_a = Inequality(
    id="wu2025.proposition-2.part-a",
    title="variance of W at midpoints",
    says=(
        "At every midpoint m_i the variance of W is at least (x_i - x_{i+1})^2/(2n). No hypothesis beyond the setting. An"
        " equality for n = 2; for n >= 3 the small-noise value is (x_i - x_{i+1})^2/4, a factor n/2 away."
    ),
    formula=r"\mathbb V[W(m_i)]\ge\frac1{2n}(x_i-x_{i+1})^2",
    source=f"{PAPER}, Proposition 2, page 7",
    instance=ScoreProblem,
    instances=draw_score_problem,
    hypotheses=SETTING,
    left=midpoint_variances,
    relation=">=",
    right=lambda p, c: midpoint_variance_bound(p, c.c),
    constants={"c": Fraction(1, 2)},
    gallery=({"x": [0, 1], "mu": "1/2", "sigma": "1/10"}, {"x": [0, 1, 3], "mu": "1/2", "sigma": "9/10"}),
    proof=Proof(
        set="every n >= 2, every sample, mu, sigma > 0",
        argument=(
            "The two nearest points have equal and largest weights, each at least 1/n; their part of the variance is at least"
            " (1/n)((x_i - E W)^2 + (x_{i+1} - E W)^2) >= (x_i - x_{i+1})^2/(2n)."
        ),
        steps=(identity("for n = 2 both sides are the squared gap over 4", two_point_variance),),
    ),
    mutants=(
        past_the_slack("c"),
        changed("n - 1 for n", right=lambda p, c: c.c * p.gaps**2 / (p.n - 1)),
    ),
)

part_a_sharp = Inequality(
    id="wu2025.proposition-2.part-a.reading-sharp",
    title="variance of W at midpoints, sharp",
    says=(
        "Ours: once Delta >= 2 sigma/mu (mu^2 Delta^2 >= (2/e) sigma^2 is enough) the variance at a midpoint is at least"
        " (x_i - x_{i+1})^2/4, whatever n. Sharp: equality for n = 2 and in the limit of small noise for every n."
    ),
    formula=r"\mathbb V[W(m_i)]\ge\frac14(x_i-x_{i+1})^2",
    source="ours; replaces Proposition 2 where its hypothesis holds",
    ours=True,
    instance=ScoreProblem,
    instances=draw_score_problem,
    hypotheses=(*SETTING, separated),
    left=midpoint_variances,
    relation=">=",
    right=lambda p, c: c.c * p.gaps**2,
    constants={"c": Fraction(1, 4)},
    proof=Proof(
        set="every n >= 2, every sample, mu^2 Delta^2 >= (2/e) sigma^2",
        argument=(
            "Let o run over the other points, g_o = |x_o - (x_i + x_{i+1})/2|, P the sum of alpha_o, rho = Delta_i/Delta. The"
            " pair being symmetric, V = Delta_i^2/4 + sum alpha_o (g_o^2 - Delta_i^2/4) - (sum alpha_o (x_o - m))^2, and the"
            " last square is at most P sum alpha_o g_o^2. So it is enough that (1 - P) g_o^2 >= Delta_i^2/4; as g_o >="
            " Delta_i/2 + Delta this follows from P <= 4(rho+1)/(rho+2)^2. Now alpha_i = (1 - P)/2, and the l-th"
            " point beyond either end has weight at most alpha_i exp(-l (l+rho) r^2/2) <= alpha_i X^l, X = e^{-(1+rho) r^2/2};"
            " so P <= (1 - P) X/(1 - X), that is P <= X <= 2/(e r^2 (1+rho)) <= 1/(1+rho) <= 4(rho+1)/(rho+2)^2."
        ),
        steps=(identity("4(rho+1)^2 - (rho+2)^2 = rho (3 rho + 4), so that the last inequality holds", rho_identity),),
    ),
    mutants=(past_the_slack("c"), without(separated.name)),
    gallery=({"x": [0, 1, 3], "mu": "1/2", "sigma": "1/4"},),
)


part_b = Inequality(
    id="wu2025.proposition-2.part-b",
    title="mean of W near a sample point",
    says=(
        "If |y - mu x_i| <= mu Delta/4 and Delta >= 2 sigma/mu then E W(y) is within n Delta exp(-mu^2 Delta^2/4 sigma^2) of"
        " x_i. The rate is exact (attained at y = mu x_i + mu Delta/4); the factor n is not needed at small noise."
    ),
    formula=r"|\mathbb E[W(y)]-x_i|\le n\Delta e^{-\mu^2\Delta^2/4\sigma^2}",
    source=f"{PAPER}, Proposition 2, page 7",
    instance=PointProblem,
    instances=draw_near_point,
    hypotheses=(*SETTING, point_index, near, separated),
    uses=("wu2025.lemma-13.part-b",),
    left=mean_error,
    relation="<=",
    right=lambda p, c: mean_bound(p, c.c, c.rate),
    constants={"c": Fraction(1), "rate": Fraction(1, 4)},
    gallery=({"x": [0, 1], "mu": "1/2", "sigma": "1/8", "i": 1, "y": "1/8"},),
    proof=Proof(
        set="every n >= 2, every sample, every y, mu, sigma with the hypotheses",
        argument=CORE,
        steps=(
            identity("for n = 2 the log-odds are r^2 (u - 1/2) at y = mu (x_1 + u Delta)", two_point_odds),
            boxes(
                "for n = 2, 2 - p e^{w/4} > 0 for u in [-1/4, 1/4] and w = r^2 in [4, 64]; beyond,"
                " p e^{w/4} <= e^{w(u-1/4)} <= 1",
                two_point_mean_box,
                [(Fraction(-1, 4), Fraction(1, 4)), (Fraction(4), Fraction(64))],
            ),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        changed("rate 1/3", constants={"c": Fraction(1), "rate": Fraction(1, 3)}),
        without(near.name, MIDWAY),
        without(separated.name, FAR),
    ),
)

part_c = Inequality(
    id="wu2025.proposition-2.part-c",
    title="variance of W near a sample point",
    says=(
        "Under the hypotheses of part b the variance of W(y) is at most 4 n^2 Delta^2 exp(-mu^2 Delta^2/4 sigma^2). The rate is"
        " exact; 4 n^2 can be replaced by n - 1 (the sharp reading)."
    ),
    formula=r"\mathbb V[W(y)]\le4n^2\Delta^2e^{-\mu^2\Delta^2/4\sigma^2}",
    source=f"{PAPER}, Proposition 2, page 7",
    instance=PointProblem,
    instances=draw_near_point,
    hypotheses=(*SETTING, point_index, near, separated),
    uses=("wu2025.lemma-13.part-b", "wu2025.proposition-2.part-b"),
    left=variance_at,
    relation="<=",
    right=lambda p, c: variance_bound(p, c.c, c.rate),
    constants={"c": Fraction(4), "rate": Fraction(1, 4)},
    gallery=({"x": [0, 1], "mu": "1/2", "sigma": "1/8", "i": 1, "y": "1/8"},),
    proof=Proof(
        set="every n >= 2, every sample, every y, mu, sigma with the hypotheses",
        argument=CORE + " Since n - 1 <= 4 n^2, this is stronger than the claim.",
        steps=(identity("for n = 2 the log-odds are r^2 (u - 1/2) at y = mu (x_1 + u Delta)", two_point_odds),),
    ),
    mutants=(
        past_the_slack("c"),
        changed("rate 1/3", constants={"c": Fraction(4), "rate": Fraction(1, 3)}),
        without(near.name, MIDWAY),
        without(separated.name, FAR),
    ),
)

part_c_sharp = Inequality(
    id="wu2025.proposition-2.part-c.reading-sharp",
    title="variance of W near a sample point, with n - 1",
    says="Ours: under the hypotheses of part c the variance is at most (n-1) Delta^2 exp(-mu^2 Delta^2/4 sigma^2).",
    formula=r"\mathbb V[W(y)]\le(n-1)\Delta^2e^{-\mu^2\Delta^2/4\sigma^2}",
    source="ours; sharpens Proposition 2",
    ours=True,
    instance=PointProblem,
    instances=draw_near_point,
    hypotheses=(*SETTING, point_index, near, separated),
    uses=("wu2025.lemma-13.part-b",),
    left=variance_at,
    relation="<=",
    right=lambda p, c: c.c * (p.n - 1) * p.minimum_spacing**2 * small_noise_factor(p, c.rate),
    constants={"c": Fraction(1), "rate": Fraction(1, 4)},
    proof=part_c.proof,
    mutants=(past_the_slack("c"), without(separated.name, FAR), scaled("c", Fraction(1, 2))),
)
