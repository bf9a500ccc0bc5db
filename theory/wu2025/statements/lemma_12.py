"""Lemma 12: the total variation of the derivative of the score, and our bound of the right order."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from theory.proofs import identity
from theory.statement import Inequality, Proof, changed, past_the_slack, scaled
from theory.wu2025.bounds import total_variation_bound, total_variation_bound_sharp
from theory.wu2025.irregularity import total_variation
from theory.wu2025.setting import PAPER, SETTING, ScoreProblem, draw_problem


def _symbols() -> Any:
    import sympy

    return sympy.symbols("u V kappa", positive=True)


def slack_upward() -> Any:
    """Return the slack of |v| <= -Phi' where v >= 0, minus its factored form; c = 1 - u."""
    u, v, _ = _symbols()
    c = 1 - u
    return 4 * u * c - 2 * c**2 - 2 * v - 2 * u * (c - v / c) - 2 * (u - c) * (v + c**2) / c


def slack_downward() -> Any:
    """Return the same where v < 0."""
    u, v, _ = _symbols()
    c = 1 - u
    return 4 * u * c - 2 * c**2 - 2 * v - 2 * c * (u - v / u) - 2 * (u - c) * (u * c - v) / u


def third_moment_bound() -> Any:
    """Return E X^3 E X - (E X^2)^2 less u (kappa + V (u - V/u)), for mean u, variance V and third cumulant kappa."""
    u, v, kappa = _symbols()
    second, third = v + u**2, kappa + 3 * u * v + u**3
    return third * u - second**2 - u * (kappa + v * (u - v / u))


def potential_drop() -> Any:
    """Return the drop of Phi = (2u - 1) V + 2 u (1 - u)^2 from u = 1/2 to u = 1 with V = 0 there, minus 1/4."""
    import sympy

    u, v, _ = _symbols()
    potential = (2 * u - 1) * v + 2 * u * (1 - u) ** 2
    return potential.subs(u, sympy.Rational(1, 2)) - potential.subs({u: 1, v: 0}) - sympy.Rational(1, 4)


def _worst_case() -> Any:
    import sympy

    span = sympy.Symbol("L", positive=True)
    return 8 * span**3 / span - 16 * span**2 / 2


lemma_12 = Inequality(
    id="wu2025.lemma-12",
    title="total variation of the score's derivative",
    says=(
        "The integral of |s*''| over the line is at most (4 mu^2 (x_n - x_1)^3/sigma^6)(mu^2 ((x_n)_+ - (x_1)_-) + 2 (n-1)"
        " sigma^2/Delta). True, with a factor 2 to spare in the middle integral; not invariant under translation, while the"
        " left side is; its order sigma^-6 is not the true sigma^-4."
    ),
    formula=r"\int_{\mathbb R}|s^{\star\prime\prime}|\le\frac{4\mu^2(x_n-x_1)^3}{\sigma^6}\Big(\mu^2((x_n)_+-(x_1)_-)"
    r"+\frac{2(n-1)\sigma^2}\Delta\Big)",
    source=f"{PAPER}, Lemma 12, page 34",
    instance=ScoreProblem,
    instances=lambda draw, _in_force: ScoreProblem(**draw_problem(draw, least=lambda _n: 0.05, most=60.0, most_points=8)),
    hypotheses=SETTING,
    uses=("wu2025.lemma-11",),
    left=total_variation,
    relation="<=",
    right=lambda p, c: total_variation_bound(p, c.c),
    constants={"c": Fraction(4)},
    cost=6,
    instruments=("quadrature@1e-4", "ball integration@1e-2"),
    gallery=({"x": [0, 1], "mu": "1/2", "sigma": "1/10"}, {"x": [-3, -1, 0], "mu": "9/10", "sigma": "9/10"}),
    proof=Proof(
        set="every n >= 2, every sample, mu, sigma > 0",
        argument=(
            "By the sharp reading the left side is at most mu^2 L^2/(2 sigma^4), L = x_n - x_1; the second term alone of the"
            " right side is 8 mu^2 L^3 (n-1)/(sigma^4 Delta), and L >= Delta."
        ),
        steps=(identity("8 L^3/(L) = 16 (L^2/2) at Delta = L, the worst case", _worst_case),),
    ),
    mutants=(past_the_slack("c"), changed("sigma^-3", right=lambda p, c: total_variation_bound(p, c.c) * p.sigma**3)),
)


lemma_12_sharp = replace(
    lemma_12,
    id="wu2025.lemma-12.reading-sharp",
    title="total variation of the score's derivative, sharp",
    says=(
        "Ours: the integral of |s*''| is at most mu^2 (x_n - x_1)^2/(2 sigma^4), for every sample, mu and sigma, without the"
        " spacing. Sharp: an equality for n = 2. It suggests that the"
        " paper's choice A = C_n/sigma^6 can be lowered to the order sigma^-4; Section 6 is not re-derived here."
    ),
    formula=r"\int_{\mathbb R}|s^{\star\prime\prime}|\le\frac{\mu^2(x_n-x_1)^2}{2\sigma^4}",
    source="ours; replaces Lemma 12",
    ours=True,
    right=lambda p, c: total_variation_bound_sharp(p, c.c),
    constants={"c": Fraction(1, 2)},
    proof=Proof(
        set="every n >= 1, every sample, mu, sigma > 0",
        argument=(
            "With tau = mu y/sigma^2 the integral is (mu^2/sigma^4) int |kappa_3| dtau, and dm = V dtau for the mean m of W"
            " turns it into int |v| dm over (x_1, x_n), v = kappa_3/V = dV/dm. Scale to [0, 1]: u = m - x_1, c = 1 - u, X = W -"
            " x_1. By Cauchy-Schwarz, E X^3 E X >= (E X^2)^2, that is v >= -(u - V/u); reflected, v <= c - V/c. For u >= 1/2"
            " put Phi = (2u-1) V + 2 u c^2, whose derivative in m is 2 V + (2u-1) v + 2 c^2 - 4 u c. Then |v| <= -Phi': the"
            " slack is 2 (u-c) (V + c^2)/c or more where v >= 0, and 2 (u-c)(uc - V)/u or more where v < 0, with V <= uc"
            " (Bhatia-Davis). So the half u >= 1/2 contributes at most Phi(1/2) - Phi(1) = 1/4, and by reflection so does the"
            " other."
        ),
        steps=(
            identity("the Cauchy-Schwarz gap in terms of u, V, kappa_3", third_moment_bound),
            identity("the slack where v >= 0 is 2 (u-c)(V + c^2)/c", slack_upward),
            identity("the slack where v < 0 is 2 (u-c)(uc - V)/u", slack_downward),
            identity("Phi drops by 1/4 from u = 1/2 to u = 1", potential_drop),
        ),
    ),
    gallery=({"x": [0, 1], "mu": "1/2", "sigma": "1/10"}, {"x": [0, 1, 3], "mu": "1/2", "sigma": "1/10"}),
    mutants=(
        past_the_slack("c"),
        scaled("c", Fraction(9, 10)),
        changed(
            "n - 1 squared spacings for the squared range",
            right=lambda p, c: c.c * p.mu**2 * p.minimum_spacing**2 * (p.n - 1) / p.sigma**4,
        ),
    ),
)
