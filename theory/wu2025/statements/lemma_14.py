"""Lemma 14: a lower bound on a quadratic mean; the statement is true, one displayed line of its proof is false."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, absolute, exp, maximum, minimum, pi, sqrt
from numerics.gaussian_moments import mean_square, moments, truncated_moments
from theory.proofs import boxes, identity
from theory.statement import (
    Draw,
    Erratum,
    Hidden,
    Hypothesis,
    Inequality,
    Instance,
    Proof,
    changed,
    past_the_slack,
    scaled,
    without,
)
from theory.wu2025.setting import PAPER

WHERE = f"{PAPER}, Lemma 14, page 36"


@dataclass(frozen=True, kw_only=True)
class QuadraticProblem(Instance):
    r"""A quadratic :math:`f(x)=f_0+f_1x+f_2x^2` and the numbers of Lemma 14.

    Parameters
    ----------
    f0, f1, f2
        Coefficients of f.
    beta, gamma, delta, sigma
        As in the lemma.
    """

    f0: Number
    f1: Number
    f2: Number
    beta: Number
    gamma: Number
    delta: Number
    sigma: Number


positive = Hypothesis(
    name="beta > gamma > 0, delta > 0",
    says="beta > gamma > 0, delta > 0, sigma > 0",
    holds=lambda p: [
        (p.beta, ">", p.gamma),
        (p.gamma, ">", 0 * p.beta),
        (p.delta, ">", 0 * p.beta),
        (p.sigma, ">", 0 * p.beta),
    ],
    standing=True,
)
slope = Hypothesis(
    name="f' >= -gamma on [-delta, delta]",
    says="f'(x) >= -gamma for |x| <= delta (for a quadratic: f_1 - 2 |f_2| delta >= -gamma)",
    holds=lambda p: (p.f1 - 2 * absolute(p.f2) * p.delta, ">=", -p.gamma),
)


def _draw(draw: Draw, in_force: frozenset[str]) -> QuadraticProblem:
    def number(low: float, high: float) -> Fraction:
        return Fraction(draw.positive(low, high)).limit_denominator(1000) + Fraction(1, 1000)

    gamma, excess, delta, sigma = number(0.1, 10), number(0.1, 10), number(0.1, 10), number(0.1, 10)
    f2 = draw.choice((0, 1, -1)) * number(0.01, 10)
    f0 = draw.choice((0, 1, -1)) * number(0.01, 100)
    room = draw.choice((0, 1)) * number(0.01, 10)
    least = -gamma + 2 * abs(f2) * delta
    f1 = least + room if slope.name in in_force else -gamma - excess + Fraction(draw.real(-1, 1)).limit_denominator(100)
    return QuadraticProblem(f0=f0, f1=f1, f2=f2, beta=gamma + excess, gamma=gamma, delta=delta, sigma=sigma)


def whole_mean(p: Any) -> Number:
    r"""Return :math:`\mathbb E(f(x)+\beta x)^2`."""
    return mean_square([p.f0, p.f1 + p.beta, p.f2], moments(p.sigma, 5))


def inner_mean(p: Any) -> Number:
    r"""Return :math:`\mathbb E[(f(x)+\beta x)^2;|x|\le\delta]`."""
    return mean_square([p.f0, p.f1 + p.beta, p.f2], truncated_moments(p.sigma, p.delta, 5))


def middle_bound(p: Any) -> Number:
    r"""Return :math:`(\beta-\gamma)^2\,\mathbb E[x^2;|x|\le\delta]`, the middle of the lemma."""
    return (p.beta - p.gamma) ** 2 * truncated_moments(p.sigma, p.delta, 3)[2]


def last_bound(p: Any, tail: Number) -> Number:
    r"""Return :math:`\sigma^2(\beta-\gamma)^2\big(1-2(\frac\delta{\sqrt{2\pi\sigma^2}}+c)e^{-\delta^2/2\sigma^2}\big)`."""
    reach = p.delta / p.sigma
    inner = reach / sqrt(2 * pi(reach)) + tail
    return p.sigma**2 * (p.beta - p.gamma) ** 2 * (1 - 2 * inner * exp(-reach * reach / 2))


def linear_from_zero(p: Any) -> Number:
    r"""Return :math:`\mathbb E[((\beta-\gamma)x+f(0))^2;|x|\le\delta]`, the line that the proof compares with."""
    return mean_square([p.f0, p.beta - p.gamma], truncated_moments(p.sigma, p.delta, 3))


def crossing(p: Any) -> Number:
    r"""Return where :math:`h=f+\beta x`, increasing on :math:`[-\delta,\delta]`, vanishes, or the nearer end if it does not.

    The root is :math:`z=-2f_0/(b+\sqrt{b^2-4f_0f_2})`, :math:`b=f_1+\beta`; clipping its numerator keeps it in range.

    Parameters
    ----------
    p
        A lifted problem.

    Returns
    -------
    Number
        The point.
    """
    slope_at_zero = p.f1 + p.beta
    # h(z) = 0 with h increasing: if h(-delta) > 0 the root lies left of -delta, and if h(delta) < 0 right of delta.
    low = p.f0 - slope_at_zero * p.delta + p.f2 * p.delta**2
    high = p.f0 + slope_at_zero * p.delta + p.f2 * p.delta**2
    f0 = p.f0 - maximum(low, 0 * low) - minimum(high, 0 * high)
    return -2 * f0 / (slope_at_zero + sqrt(slope_at_zero**2 - 4 * f0 * p.f2))


def line_from_crossing(p: Any) -> Number:
    r"""Return :math:`(\beta-\gamma)^2\,\mathbb E[(x-z)^2;|x|\le\delta]` with z from :func:`crossing`."""
    return mean_square([-(p.beta - p.gamma) * crossing(p), p.beta - p.gamma], truncated_moments(p.sigma, p.delta, 3))


def parts_identity() -> Any:
    """Return the derivative of the closed form of E[x^2; |x| <= d] less its integrand at both ends; sigma = 1."""
    import sympy

    d = sympy.Symbol("d", positive=True)
    density = sympy.exp(-(d**2) / 2) / sympy.sqrt(2 * sympy.pi)
    return sympy.diff(sympy.erf(d / sympy.sqrt(2)) - 2 * d * density, d) - 2 * d**2 * density


def tail_box(t: Any) -> Any:
    """Return e^{-t^2/2} - P(|Z| > t)/2, positive."""
    import flint

    return (-t * t / 2).exp() - (t / flint.arb(2).sqrt()).erfc() / 2


ARGUMENT = (
    "h = f + beta x satisfies h(y) - h(x) >= (beta - gamma)(y - x) on [-delta, delta]. Let z be its zero there; if h > 0, let z"
    " = -delta; if h < 0, z = delta. Then |h(y)| >= (beta - gamma)|y - z|, and E[(y - z)^2; |y| <= delta] = E[y^2; .] + z^2"
    " P(.) by symmetry. The second part is integration by parts and P(|Z| > t) <= 2 e^{-t^2/2}."
)
PROOF = Proof(
    set="every differentiable f (or f with f + gamma x nondecreasing), beta > gamma > 0, delta, sigma > 0",
    argument=ARGUMENT,
    steps=(
        identity("E[x^2; |x| <= d] = erf(d/sqrt2) - 2 d phi(d) by parts", parts_identity),
        boxes("P(Z > t) < e^{-t^2/2} for t in [0, 8]; beyond, by the Mills ratio", tail_box, [(Fraction(0), Fraction(8))]),
    ),
)

part_a = Inequality(
    id="wu2025.lemma-14.part-a",
    title="quadratic mean against the truncated second moment",
    says=(
        "If beta > gamma > 0 and f' >= -gamma on [-delta, delta], then E(f(x) + beta x)^2 for x ~ N(0, sigma^2) is at least"
        " (beta - gamma)^2 E[x^2; |x| <= delta]. Checked on quadratics f, whose means are exact; the proof covers every f."
    ),
    formula=r"\mathbb E(f(x)+\beta x)^2"
    r"\ge\frac{(\beta-\gamma)^2}{\sqrt{2\pi\sigma^2}}\int_{-\delta}^\delta x^2e^{-x^2/2\sigma^2}dx",
    source=WHERE,
    instance=QuadraticProblem,
    instances=_draw,
    hypotheses=(positive, slope),
    hidden=(
        Hidden(
            says="f differentiable",
            where="the statement; Proposition 7 applies it to two-layer ReLU networks, which are not",
            finding="not needed: f + gamma x nondecreasing on [-delta, delta] suffices, which covers ReLU networks",
        ),
    ),
    left=whole_mean,
    relation=">=",
    right=lambda p, c: c.c * middle_bound(p),
    constants={"c": Fraction(1)},
    gallery=(
        {"f0": 0, "f1": -1, "f2": 0, "beta": 2, "gamma": 1, "delta": 10, "sigma": 1},
        {"f0": -10, "f1": 0, "f2": "1/2", "beta": 2, "gamma": 1, "delta": 1, "sigma": 1},
    ),
    proof=PROOF,
    mutants=(past_the_slack("c"), scaled("c", Fraction(11, 10)), without(slope.name)),
)

part_b = replace(
    part_a,
    id="wu2025.lemma-14.part-b",
    title="the truncated second moment against its tail bound",
    says=(
        "(beta - gamma)^2 E[x^2; |x| <= delta] is at least sigma^2 (beta - gamma)^2 (1 - 2 (delta/sqrt(2 pi sigma^2) + 1)"
        " exp(-delta^2/2 sigma^2)). True; the 1 can be 1/2, since P(|Z| > t) <= exp(-t^2/2)."
    ),
    formula=r"\dots\ge\sigma^2(\beta-\gamma)^2\Big(1-2\Big(\frac\delta{\sqrt{2\pi\sigma^2}}+1\Big)e^{-\delta^2/2\sigma^2}\Big)",
    hypotheses=(positive, slope),
    hidden=(),
    left=middle_bound,
    right=lambda p, c: last_bound(p, c.tail),
    constants={"tail": Fraction(1)},
    mutants=(
        changed("0 for 1", constants={"tail": Fraction(0)}),
        changed("1/4 for 1", constants={"tail": Fraction(1, 4)}),
    ),
)

step_1 = replace(
    part_a,
    id="wu2025.lemma-14.step-1",
    title="the comparison with a line through f(0), as displayed",
    says=(
        "The proof bounds E[(f(y) + beta y)^2; |y| <= delta] below by E[(-gamma y + f(0) + beta y)^2; |y| <= delta]. The"
        " slope bound gives f(y) >= f(0) - gamma y for y >= 0 only, f(y) <= f(0) - gamma y for y <= 0, and squares keep such"
        " an order only between numbers of one sign. It fails when f(0) is far below 0 and f convex."
    ),
    formula=r"\int_{-\delta}^\delta(f(y)+\beta y)^2e^{-y^2/2\sigma^2}dy"
    r"\ge\int_{-\delta}^\delta(-\gamma y+f(0)+\beta y)^2e^{-y^2/2\sigma^2}dy",
    source=f"{PAPER}, proof of Lemma 14, second line, page 36",
    hidden=(),
    left=inner_mean,
    right=lambda p, c: c.c * linear_from_zero(p),
    proof=None,
    gallery=(),
    erratum=Erratum(
        wrong=(
            "f(y) >= f(0) - gamma y holds for y >= 0 only, the reverse for y <= 0, and neither survives squaring whatever the"
            " signs; the lemma itself is true by another comparison."
        ),
        line="the second inequality of the proof",
        counterexample={"f0": -4, "f1": 0, "f2": 2, "beta": 4, "gamma": 2, "delta": "1/2", "sigma": "1/2"},
        repaired="wu2025.lemma-14.reading-repaired.step-1",
    ),
    mutants=(),
)

step_1_repaired = replace(
    step_1,
    id="wu2025.lemma-14.reading-repaired.step-1",
    title="the comparison with a line through the zero of h",
    says=(
        "E[(f(y) + beta y)^2; |y| <= delta] is at least (beta - gamma)^2 E[(y - z)^2; |y| <= delta] with z the zero of f + beta"
        " x on [-delta, delta], or the end nearer to it."
    ),
    formula=r"\int_{-\delta}^\delta(f(y)+\beta y)^2e^{-y^2/2\sigma^2}dy"
    r"\ge(\beta-\gamma)^2\int_{-\delta}^\delta(y-z)^2e^{-y^2/2\sigma^2}dy",
    source=f"{PAPER}, proof of Lemma 14, repaired",
    ours=True,
    right=lambda p, c: c.c * line_from_crossing(p),
    erratum=None,
    gallery=({"f0": -4, "f1": 0, "f2": "1/2", "beta": 2, "gamma": 1, "delta": 1, "sigma": 1},),
    proof=PROOF,
    mutants=(past_the_slack("c"), changed("the printed line", right=step_1.right)),
)
