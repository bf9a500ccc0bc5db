"""The weight of the noised sample beside the paper's weight: what separates Proposition 10 as printed from what holds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Arithmetic, Number, exp, normal_density, normal_mass
from theory.proofs import compared, identity
from theory.statement import Draw, Hypothesis, Inequality, Proof, changed, past_the_slack, scaled, without
from theory.wu2025.setting import SETTING, PointProblem, draw_problem, gap_index, well_separated
from theory.wu2025.weight import noised_weight, weight_function

in_gap = Hypothesis(
    name="y in the gap",
    says="mu x_i <= y <= mu x_(i+1)",
    holds=lambda p: [(p.y, ">=", p.mu * p.x[p.i - 1]), (p.y, "<=", p.mu * p.x[p.i])],
    standing=True,
)


def _draw(draw: Draw, in_force: frozenset[str]) -> PointProblem:
    least = 8.0 if well_separated.name in in_force else 0.05
    fields = draw_problem(draw, least=lambda _n: least, most=40.0)
    x, mu = fields["x"], fields["mu"]
    i = draw.integer(1, len(x) - 1)
    share = draw.choice((Fraction(0), Fraction(1), None))
    share = Fraction(draw.real(0.0, 1.0)).limit_denominator(1000) if share is None else share
    return PointProblem(**fields, i=i, y=mu * (x[i - 1] + share * (x[i] - x[i - 1])))


def _share() -> Any:
    import sympy

    x = sympy.Symbol("x", real=True)
    return sympy.expand(sympy.Rational(1, 4) - x * (1 - x) - (x - sympy.Rational(1, 2)) ** 2)


def _near_part(arithmetic: Arithmetic, _case: int) -> tuple[Number, Number]:
    one = arithmetic.number(1)
    far = sum(
        (one / 2 - normal_mass(0 * one, (8 * j - 4) * one))
        * (1 + j)
        * (1 + (8 * j + 4) * (1 + j) / normal_density(0 * one) * 2)
        for j in range(1, 5)
    )
    tail = exp(-(36 * one) * (36 * one) / 2) * 10**9
    return 2 / normal_mass(-10 * one, 4 * one) * (1 + far + tail), arithmetic.number("202/100")


part_a = Inequality(
    id="wu2025.proposition-10.part-a.reading-weight",
    title="the weight against that of the noised sample",
    says=(
        "Ours: pi exceeds the weight of the noised sample by sigma/2 at most, the covariance of both factors of pi^+ as"
        " functions of the noise. By 0.217 sigma at most in our search."
    ),
    formula=r"\pi(y)\le\hat\pi(y)+\frac\sigma2",
    source="ours; compares the weights of Proposition 10 as printed and as repaired",
    ours=True,
    instance=PointProblem,
    instances=_draw,
    hypotheses=(*SETTING, gap_index, in_gap),
    left=lambda p: weight_function(p, p.y),
    relation="<=",
    right=lambda p, c: noised_weight(p, p.y) + c.c * p.sigma,
    constants={"c": Fraction(1, 2)},
    gallery=({"x": [0, 1], "mu": "1/2", "sigma": "1/8", "i": 1, "y": "1/2"},),
    proof=Proof(
        set="every n >= 2, every sample, mu, sigma and y",
        argument=(
            "pi <= E[A B] = E A E B + Cov(A, B), A = P(mu U > y - xi) in [0, 1] with deviation at most 1/2, B = E(mu U - y +"
            " xi)_+ with slope in [0, 1] in xi, hence deviation at most sigma; the same on the other side, and the minimum of"
            " both."
        ),
        steps=(identity("the variance of a share x is at most 1/4: 1/4 - x(1 - x) is a square", _share),),
    ),
    mutants=(changed("sigma/100", constants={"c": Fraction(1, 100)}), changed("nothing", constants={"c": Fraction(0)})),
)

part_b = replace(
    part_a,
    id="wu2025.proposition-10.part-b.reading-weight",
    title="the weight against that of the noised sample, for separated points",
    says=(
        "Ours: if mu Delta >= 8 sigma, pi is at most 2.02 times the weight of the noised sample on [mu x_1, mu x_n]. At the"
        " ends the factor is 2; without separation it can exceed 15."
    ),
    formula=r"\pi(y)\le\frac{101}{50}\,\hat\pi(y)\qquad(\mu\Delta\ge8\sigma)",
    hypotheses=(*SETTING, gap_index, in_gap, well_separated),
    right=lambda p, c: c.c * noised_weight(p, p.y),
    constants={"c": Fraction(101, 50)},
    gallery=({"x": [0, 1], "mu": "1/2", "sigma": "1/16", "i": 1, "y": "1/2"},),
    proof=Proof(
        set="every n >= 2, every sample with mu Delta >= 8 sigma, every y in [mu x_1, mu x_n]",
        argument=(
            "sigma = 1. With A(y) = P(mu U > y), B(y) = E(mu U - y)_+ let P = A(y - 4). (y - 4, y + 4] holds one data point"
            " at most, and some point is at least y, so P <= 2 E A/Phi(4), and E B >= phi(0) P/2. For xi <= 4, A <= P, which"
            " gives P E B. For xi in (8j - 4, 8j + 4], A <= (1 + j) P and B <= E B (1 + 2 (8j + 4)(1 + j)/phi(0)), with the"
            " Gaussian tail beyond 8j - 4. The sum is below 2.02 E A E B; reflect for the other side."
        ),
        steps=(compared("2/Phi(4) (1 + the far parts) is below 2.02", _near_part, "<", range(1)),),
    ),
    mutants=(
        past_the_slack("c"),
        scaled("c", Fraction(1, 2)),
        without(
            well_separated.name,
            {
                "x": [*(Fraction(-20) + Fraction(k, 1000) for k in range(40)), *(Fraction(k, 1000) for k in range(40)), 2],
                "mu": "99/100",
            }
            | {"sigma": "99/100", "i": 80, "y": "197/100"},
        ),
    ),
)
