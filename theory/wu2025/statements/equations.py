"""Equations (4)-(6) and (9), and Lemma 11: the empirical optimal score and its derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, total
from theory.proofs import identity
from theory.statement import Draw, Identity, Inequality, Proof, changed
from theory.wu2025 import derivation
from theory.wu2025.irregularity import empirical_risk, risk_by_definition
from theory.wu2025.score import (
    law_of_w,
    score_derivative_from_variance,
    score_from_mean,
    score_problem_moments,
    score_second_derivative_from_moment,
)
from theory.wu2025.setting import (
    PAPER,
    SETTING,
    PointProblem,
    ScoreProblem,
    draw_problem,
)


@dataclass(frozen=True, kw_only=True)
class ValueProblem(PointProblem):
    """A sample, noise scales, a point, and a candidate value of a score there.

    Parameters
    ----------
    v
        The candidate value.
    """

    v: Number


def draw_point(draw: Draw, in_force: frozenset[str]) -> PointProblem:
    """Build a problem with a point within a few noise scales of the sample."""
    del in_force
    fields = draw_problem(draw, least=lambda _n: 0.05, most=12.0, most_points=6)
    x, mu, sigma = fields["x"], fields["mu"], fields["sigma"]
    place = Fraction(draw.real(-0.2, 1.2)).limit_denominator(1000)
    y = mu * (x[0] + place * (x[-1] - x[0])) + sigma * Fraction(draw.real(-2, 2)).limit_denominator(100)
    return PointProblem(**fields, i=1, y=y)


def draw_value(draw: Draw, in_force: frozenset[str]) -> ValueProblem:
    """Build a problem with a point and a value near the score there."""
    point = draw_point(draw, in_force)
    size = Fraction(draw.positive(1e-3, 1e3)).limit_denominator(10**6) * draw.choice((-1, 1))
    return ValueProblem(x=point.x, mu=point.mu, sigma=point.sigma, i=1, y=point.y, v=size)


def conditional_risk(p: Any, v: Number) -> Number:
    r"""Return :math:`\mathbb E[(v+\frac1{\sigma^2}(Y-\mu X))^2\mid Y=y]`, the integrand of (4) and (5)."""
    law = law_of_w(p, p.y)
    anchor = score_problem_moments(p, p.y)[0] - law.mean
    residual = v + (p.y - p.mu * (anchor + law.deviations)) / p.sigma**2
    return total(law.probabilities * residual**2)


def optimal_value(p: Any) -> Number:
    r"""Return :math:`s^\star(y)` by the first identity of (9)."""
    return score_from_mean(p.y, score_problem_moments(p, p.y)[0], p.mu, p.sigma)


GALLERY = (
    {"x": [0, 1], "mu": "1/2", "sigma": "1/10", "i": 1, "y": "1/4"},
    {"x": [0, 1, 3], "mu": "1/2", "sigma": "1/3", "i": 1, "y": "7/10"},
    {"x": ["-2", "1/3", 1, 7], "mu": "9/10", "sigma": "1/2", "i": 1, "y": "-3"},
)
VALUES = tuple({**entry, "v": "1/2"} for entry in GALLERY)

equation_4 = Identity(
    id="wu2025.equation-4",
    title="the score of the noised law solves the denoising problem (Tweedie)",
    says=(
        "The gradient of the log-density of Y is the conditional mean of -(Y - mu X)/sigma^2, hence it minimises (4): the"
        " conditional risk of a value v is that of the gradient plus (v - gradient)^2. Stated for any law of X with the sums"
        " finite; certified for X uniform on a sample. No hypothesis beyond the setting."
    ),
    formula=r"\nabla\log p_{\mu,\sigma}(y)=\frac1{\sigma^2}\big(-y+\mu\,\mathbb E[X\mid Y=y]\big)",
    source=f"{PAPER}, equation (4), page 3",
    instance=PointProblem,
    instances=draw_point,
    hypotheses=SETTING,
    left=lambda p: derivation.log_density_gradient(p, p.y),
    right=lambda p, c: optimal_value(p) * c.factor,
    constants={"factor": Fraction(1)},
    cost=4,
    gallery=GALLERY,
    proof=Proof(
        set="every law of X, every y, mu, sigma > 0",
        argument="",
        steps=(
            identity("one Gaussian factor obeys S_k' = (mu S_(k+1) - y S_k)/sigma^2", derivation.derivation_rule),
            identity("(log S_0)' equals the score", derivation.tweedie),
            identity("the conditional risk is a completed square about the score", derivation.completed_square),
        ),
    ),
    mutants=(
        changed("sign of y flipped", right=lambda p, c: optimal_value(p) + 2 * p.y / p.sigma**2),
        changed("factor 101/100", constants={"factor": Fraction(101, 100)}),
    ),
)

equation_5 = Identity(
    id="wu2025.equation-5",
    title="the empirical risk of the optimal score is a mean conditional variance",
    says=(
        "R_n(s*) as defined in (5) equals (mu^2/sigma^4) E V[W(Y)], Y the noised sample. Our reading of (5) at (6): the"
        " definition is integrated as printed on one side, the variance form on the other."
    ),
    formula=r"R_n(s^\star)=\frac1n\sum_i\mathbb E\Big(s^\star(Y)+\frac{Y-\mu x_i}{\sigma^2}\Big)^2"
    r"=\frac{\mu^2}{\sigma^4}\mathbb E\,\mathbb V[W(Y)]",
    source=f"{PAPER}, equation (5), page 4",
    instance=ScoreProblem,
    instances=lambda draw, _in_force: ScoreProblem(**draw_problem(draw, least=lambda _n: 0.3, most=12.0, most_points=2)),
    hypotheses=SETTING,
    left=risk_by_definition,
    right=lambda p, c: empirical_risk(p) * c.factor,
    constants={"factor": Fraction(1)},
    cost=24,
    instruments=("quadrature@1e-2", "ball integration@1e-2"),
    gallery=({"x": [0, 1], "mu": "1/2", "sigma": "1/10"}, {"x": [0, 1, 3], "mu": "1/2", "sigma": "1/4"}),
    mutants=(changed("factor 101/100", constants={"factor": Fraction(101, 100)}),),
)

equation_6 = Inequality(
    id="wu2025.equation-6",
    title="the empirical optimal score minimises the empirical risk",
    says=(
        "At every y the conditional risk of any value v is at least that of s*(y) printed in (6); integrating over Y gives"
        " the minimiser of (5). Equality exactly at v = s*(y)."
    ),
    formula=r"\mathbb E\big[(v+\tfrac{Y-\mu X}{\sigma^2})^2\mid Y=y\big]"
    r"\ge\mathbb E\big[(s^\star(y)+\tfrac{Y-\mu X}{\sigma^2})^2"
    r"\mid Y=y\big]",
    source=f"{PAPER}, equation (6), page 4",
    instance=ValueProblem,
    instances=draw_value,
    hypotheses=SETTING,
    uses=("wu2025.equation-4",),
    left=lambda p: conditional_risk(p, p.v),
    relation=">=",
    right=lambda p, c: conditional_risk(p, derivation.score_derivative(p, p.y, 0)) * c.factor,
    constants={"factor": Fraction(1)},
    cost=4,
    gallery=VALUES,
    proof=Proof(
        set="every sample, v, y, mu, sigma > 0",
        argument="",
        steps=(identity("risk(v) - risk(s*) = (v - s*)^2 in the moments of W", derivation.completed_square),),
    ),
    mutants=(
        changed("the score with half its mean", right=lambda p, c: conditional_risk(p, optimal_value(p) + p.y / p.sigma**2)),
        changed("the minimum doubled", constants={"factor": Fraction(2)}, gallery=({**VALUES[1], "v": "-1.79"},)),
    ),
)

equation_9_a = Identity(
    id="wu2025.equation-9.part-a",
    title="the score by the mean of W",
    says="The score printed in (6) is (-y + mu E W(y))/sigma^2.",
    formula=r"s^\star=\frac1{\sigma^2}(-y+\mu\,\mathbb EW)",
    source=f"{PAPER}, equation (9), page 7",
    instance=PointProblem,
    instances=draw_point,
    hypotheses=SETTING,
    left=lambda p: derivation.score_derivative(p, p.y, 0),
    right=lambda p, c: optimal_value(p) * c.factor,
    constants={"factor": Fraction(1)},
    cost=4,
    gallery=GALLERY,
    proof=Proof(
        set="every sample and every n, y, mu, sigma > 0",
        argument="",
        steps=(identity("(6) equals the mean form, in the sums S_k", derivation.score_minus_mean_form),),
    ),
    mutants=(changed("mu dropped", right=lambda p, c: optimal_value(p) / p.mu),),
)

equation_9_b = Identity(
    id="wu2025.equation-9.part-b",
    title="the derivative of the score by the variance of W",
    says="The derivative of the score printed in (6) is (-1 + (mu^2/sigma^2) V W(y))/sigma^2.",
    formula=r"s^{\star\prime}=\frac1{\sigma^2}\Big(-1+\frac{\mu^2}{\sigma^2}\mathbb VW\Big)",
    source=f"{PAPER}, equation (9), page 7; Lemma 11, page 32",
    instance=PointProblem,
    instances=draw_point,
    hypotheses=SETTING,
    left=lambda p: derivation.score_derivative(p, p.y, 1),
    right=lambda p, c: score_derivative_from_variance(score_problem_moments(p, p.y)[1] * c.factor, p.mu, p.sigma),
    constants={"factor": Fraction(1)},
    cost=4,
    gallery=GALLERY,
    proof=Proof(
        set="every sample and every n, y, mu, sigma > 0",
        argument="",
        steps=(
            identity("one Gaussian factor obeys S_k' = (mu S_(k+1) - y S_k)/sigma^2", derivation.derivation_rule),
            identity("the derivative of (6) equals the variance form", derivation.first_derivative_minus_variance_form),
        ),
    ),
    mutants=(
        changed("variance over n-1", constants={"factor": Fraction(3, 2)}),
        changed(
            "mu instead of mu^2", right=lambda p, c: (-1 + p.mu / p.sigma**2 * score_problem_moments(p, p.y)[1]) / p.sigma**2
        ),
    ),
)

lemma_11 = Identity(
    id="wu2025.lemma-11",
    title="the second derivative of the score by the third central moment of W",
    says="The second derivative of the score printed in (6) is (mu^3/sigma^6) E(W - E W)^3; the first derivative is (9).",
    formula=r"s^{\star\prime\prime}=\frac{\mu^3}{\sigma^6}\mathbb E\big[(W-\mathbb EW)^3\big]",
    source=f"{PAPER}, Lemma 11, page 32",
    instance=PointProblem,
    instances=draw_point,
    hypotheses=SETTING,
    uses=("wu2025.equation-9.part-b",),
    left=lambda p: derivation.score_derivative(p, p.y, 2),
    right=lambda p, c: score_second_derivative_from_moment(score_problem_moments(p, p.y)[2] * c.factor, p.mu, p.sigma),
    constants={"factor": Fraction(1)},
    cost=4,
    gallery=GALLERY,
    proof=Proof(
        set="every sample and every n, y, mu, sigma > 0",
        argument="",
        steps=(
            identity("one Gaussian factor obeys S_k' = (mu S_(k+1) - y S_k)/sigma^2", derivation.derivation_rule),
            identity("the second derivative of (6) equals the moment form", derivation.second_derivative_minus_moment_form),
        ),
    ),
    mutants=(
        changed("factor -1", constants={"factor": Fraction(-1)}),
        changed("sigma^4", right=lambda p, c: p.mu**3 / p.sigma**4 * score_problem_moments(p, p.y)[2]),
    ),
)
