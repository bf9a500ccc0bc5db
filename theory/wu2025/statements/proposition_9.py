"""Proposition 9: bounds on the weight function; the lower bound is false as printed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Arithmetic, Number, erfc, exp, normal_mass, sqrt
from theory.proofs import boxes, compared, identity
from theory.statement import Draw, Erratum, Hidden, Hypothesis, Inequality, Proof, changed, past_the_slack, scaled, without
from theory.wu2025.bounds import printed_index_factor, repaired_index_factor, weight_lower_bound, weight_upper_bound
from theory.wu2025.setting import PAPER, SETTING, PointProblem, draw_problem, gap_index
from theory.wu2025.weight import weight_at_offset

in_gap = Hypothesis(
    name="y in gap i",
    says="y lies in [mu x_i, mu x_{i+1}]",
    holds=lambda p: [(p.y, ">=", p.mu * p.x[p.i - 1]), (p.y, "<=", p.mu * p.x[p.i])],
)


def _draw_in_gap(draw: Draw, in_force: frozenset[str]) -> PointProblem:
    fields = draw_problem(draw, least=lambda _n: 0.3, most=300.0, most_points=10)
    x, mu = fields["x"], fields["mu"]
    i = draw.integer(1, len(x) - 1)
    place = draw.choice((Fraction(0), Fraction(1), None))
    if place is None:
        place = Fraction(draw.real(0, 1)).limit_denominator(1000)
    if in_gap.name not in in_force:
        i = draw.integer(1, len(x) - 1)
        return PointProblem(**fields, i=i, y=mu * (x[0] + place * (x[-1] - x[0])))
    return PointProblem(**fields, i=i, y=mu * (x[i - 1] + place * (x[i] - x[i - 1])))


def _weight(p: Any) -> Number:
    # The cut to 0 outside [mu x_1, mu x_n] is left out: balls cannot decide it for y at an end of the sample.
    return weight_at_offset(p, p.i - 1, p.i - 1, p.y - p.mu * p.x[p.i - 1])


def gaussian_tail_box(t: Any) -> Any:
    """Return P(0 < Z < t) - (1/2 - e^{-t^2/2}), positive because P(Z > t) < e^{-t^2/2}."""
    return normal_mass(0 * t, t) - (1 - 2 * exp(-t * t / 2)) / 2


def sum_identity() -> Any:
    """Return the difference of i sum_{j<i} (i - j) and i^2 (i - 1)/2."""
    import sympy

    i, j = sympy.symbols("i j", integer=True, positive=True)
    return sympy.expand(i * sympy.summation(i - j, (j, 1, i - 1)) - i**2 * (i - 1) / 2)


def _tail_at_eight(arithmetic: Arithmetic, _case: int) -> tuple[Number, Number]:
    return erfc(arithmetic.number(8) / sqrt(arithmetic.number(2))) / 2, exp(arithmetic.number(-32))


def part_a_right_with_range(p: Any, c: Any) -> Number:
    """Return the repaired bound with the range in place of the minimum spacing, which is false."""
    return weight_lower_bound(p, repaired_index_factor(p.i, p.n), c.half, c.rate) * p.range / p.minimum_spacing


def _eighth() -> Any:
    import sympy

    p = sympy.Symbol("p", positive=True)
    return sympy.Rational(1, 4) - p * (1 - p) - (p - sympy.Rational(1, 2)) ** 2


part_a = Inequality(
    id="wu2025.proposition-9.part-a",
    title="lower bound on the weight function, as printed",
    says=(
        "For y in [mu x_i, mu x_{i+1}] the weight is at least (mu/n^2)(1/2 - exp(-mu^2 Delta^2/2 sigma^2)) Delta times the"
        " smaller of i^2 (i-1)/2 and (n-i)^2 (n-i+1)/2."
    ),
    formula=r"\pi(y)\ge\frac\mu{n^2}\Big(\frac12-e^{-\mu^2\Delta^2/2\sigma^2}\Big)\min\Big(\frac{i^2(i-1)}2,"
    r"\frac{(n-i)^2(n-i+1)}2\Big)\Delta",
    source=f"{PAPER}, Proposition 9, page 18",
    instance=PointProblem,
    instances=_draw_in_gap,
    hypotheses=(*SETTING, gap_index, in_gap),
    left=_weight,
    relation=">=",
    right=lambda p, c: weight_lower_bound(p, printed_index_factor(p.i, p.n), c.half, c.rate) * c.factor,
    constants={"half": Fraction(1, 2), "rate": Fraction(1, 2), "factor": Fraction(1)},
    erratum=Erratum(
        wrong=(
            "(n-i)^2 (n-i+1)/2 must be (n-i)^2 (n-i-1)/2: near the right end of the sample the printed bound exceeds the"
            " weight."
        ),
        line=(
            "the last display of the proof bounds sum_{i'>i} (x_i' - x_i), but what was reached before is"
            " sum_{i'>i+1} (x_i' - x_{i+1}) >= (n-i)(n-i-1) Delta/2"
        ),
        counterexample={"x": [0, 1, 2], "mu": "1/2", "sigma": "1/4", "i": 2, "y": 1},
        repaired="wu2025.proposition-9.part-a.reading-repaired",
    ),
)

part_a_repaired = replace(
    part_a,
    id="wu2025.proposition-9.part-a.reading-repaired",
    title="lower bound on the weight function, repaired",
    says=(
        "For y in [mu x_i, mu x_{i+1}] the weight is at least (mu/n^2)(1/2 - exp(-mu^2 Delta^2/2 sigma^2)) Delta times the"
        " smaller of i^2 (i-1)/2 and (n-i)^2 (n-i-1)/2, which is symmetric under reflection. As sigma tends to 0 the best"
        " constant in place of 1/2 is 3/4, for equispaced samples at i = 2. Void for mu Delta <= sqrt(2 ln 2) sigma."
    ),
    formula=part_a.formula.replace("(n-i+1)", "(n-i-1)"),
    source=f"{PAPER}, Proposition 9, page 18, repaired",
    ours=True,
    right=lambda p, c: weight_lower_bound(p, repaired_index_factor(p.i, p.n), c.half, c.rate) * c.factor,
    erratum=None,
    hidden=(
        Hidden(
            says="pi^+ and pi^- are 0 where the event they condition on is empty",
            where="the definition of pi, whose argument y - xi leaves [mu x_1, mu x_n] while both are defined only there",
            finding="needed for the smoothed weight to make sense; it is our reading everywhere",
        ),
    ),
    gallery=(
        {"x": [0, 1, 2], "mu": "1/2", "sigma": "1/4", "i": 2, "y": 1},
        {"x": [0, 1, 2, 3], "mu": "1/2", "sigma": "1/100", "i": 2, "y": "1/2"},
    ),
    proof=Proof(
        set="every n >= 2, every sample, i, y, mu, sigma",
        argument=(
            "On gap i, pi^- >= (mu/n^2) i sum_{j<i} (x_i - x_j) and pi^+ >= (mu/n^2)(n-i) sum_{j>i+1} (x_j - x_{i+1}); the"
            " spacings being at least Delta these sums are at least i (i-1) Delta/2 and (n-i)(n-i-1) Delta/2. The Gaussian"
            " shifted to y puts on the gap at least its mass of (0, gap), since its density falls away from y, and"
            " P(0 < Z < mu Delta/sigma) >= 1/2 - exp(-mu^2 Delta^2/2 sigma^2)."
        ),
        steps=(
            identity("i sum_{j<i} (i - j) = i^2 (i-1)/2 for every i", sum_identity),
            boxes("P(0 < Z < t) > 1/2 - e^{-t^2/2} for t in [0, 8]", gaussian_tail_box, [(Fraction(0), Fraction(8))]),
            compared(
                "beyond t = 8, P(Z > t)/e^{-t^2/2} falls (Mills ratio) and is below 1 at t = 8",
                _tail_at_eight,
                "<",
                range(1),
            ),
        ),
    ),
    mutants=(
        changed("the printed index factor", right=part_a.right),
        changed("half 4/5", constants={"half": Fraction(4, 5), "rate": Fraction(1, 2), "factor": Fraction(1)}),
        changed("Delta replaced by the range", right=part_a_right_with_range),
        without(in_gap.name, {"x": [0, 1, 2, 3], "mu": "1/2", "sigma": "1/10", "i": 2, "y": 0}),
    ),
)


part_b = Inequality(
    id="wu2025.proposition-9.part-b",
    title="upper bound on the weight function",
    says=(
        "The weight is at most mu (x_n - x_1) everywhere. The proof has a sign slip (it prints mu (x_1 - x_n)). Not tight: the"
        " sharp constant is 1/8."
    ),
    formula=r"\pi(y)\le\mu(x_n-x_1)",
    source=f"{PAPER}, Proposition 9, page 18",
    instance=PointProblem,
    instances=_draw_in_gap,
    hypotheses=(*SETTING, gap_index),
    left=_weight,
    relation="<=",
    right=lambda p, c: weight_upper_bound(p, c.c),
    constants={"c": Fraction(1)},
    gallery=({"x": [0, 1], "mu": "1/2", "sigma": "1/100", "i": 1, "y": "1/4"},),
    proof=Proof(
        set="every n >= 2, every sample, y, mu, sigma > 0",
        argument="It follows from the sharp reading, whose constant is 1/8.",
        steps=(identity("p(1-p) sqrt(a(1-a)) is at most 1/8: the square of 1/4 - p(1-p) completes", _eighth),),
    ),
    mutants=(past_the_slack("c"), scaled("c", Fraction(1, 10))),
)


part_b_sharp = replace(
    part_b,
    id="wu2025.proposition-9.part-b.reading-sharp",
    title="upper bound on the weight function, sharp",
    says=(
        "Ours: the weight is at most mu (x_n - x_1)/8. Sharp: for n = 2 the weight at the midpoint tends to mu Delta/8 as sigma"
        " tends to 0."
    ),
    formula=r"\pi(y)\le\tfrac18\mu(x_n-x_1)",
    source="ours; sharpens Proposition 9",
    ours=True,
    constants={"c": Fraction(1, 8)},
    gallery=({"x": [0, 1], "mu": "1/2", "sigma": "1/1000", "i": 1, "y": "1/4"},),
    proof=Proof(
        set="every n >= 2, every sample, y, mu, sigma > 0",
        argument=(
            "With p = P(mu U < y) and a = (y - mu x_1)/(mu (x_n - x_1)), pi^- <= p^2 a and pi^+ <= (1-p)^2 (1-a) times"
            " mu (x_n - x_1); the smaller is at most their geometric mean p(1-p) sqrt(a(1-a)) <= 1/8. Smoothing keeps the"
            " bound."
        ),
        steps=(identity("1/4 - p(1-p) = (p - 1/2)^2", _eighth),),
    ),
    mutants=(past_the_slack("c"), scaled("c", Fraction(9, 10))),
)
