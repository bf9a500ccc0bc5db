"""Theorem 4: the irregularity of the score at small noise, with a proof for every n and our sharper order in n."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Arithmetic, Number, log, minimum, normal_density, normal_mass, sqrt
from theory.proofs import boxes, compared, identity, nonnegative_coefficients
from theory.statement import Draw, Hidden, Inequality, Limit, Proof, changed, past_the_slack, scaled, without
from theory.wu2025.bounds import equispaced_limit, irregularity_bound, sharp_irregularity_bound
from theory.wu2025.irregularity import irregularity
from theory.wu2025.score import law_at_offset
from theory.wu2025.setting import (
    PAPER,
    SETTING,
    ScoreProblem,
    draw_problem,
    draw_score_problem,
    least_separation,
    small_noise,
)
from theory.wu2025.weight import weight_at_offset


def separation_at_boundary(arithmetic: Arithmetic, n: int) -> Number:
    r"""Return :math:`r_0(n)=2\sqrt{\ln(16n^3)}`, where the hypothesis of Theorem 4 begins."""
    return 2 * sqrt(log(arithmetic.number(16 * n**3)))


def tent_mean(r: Number) -> Number:
    r"""Return :math:`e_0(r)=\frac14-\frac2r\big(\varphi(\frac r4)-\frac r4\Phi(-\frac r4)\big)`.

    The mean distance of a quarter point plus Gaussian noise from the ends of a unit gap, negative outside; it increases in r.

    Parameters
    ----------
    r
        The separation.

    Returns
    -------
    Number
        The mean.
    """
    tail = normal_mass(0 * r, r / 4)
    return (0 * r + 1) / 4 - 2 / r * (normal_density(r / 4) - r / 4 * ((0 * r + 1) / 2 - tail))


def cube_sum(n: int) -> int:
    r"""Return :math:`\sum_{i=1}^{n-1}\min(i,n-i)^3`."""
    return sum(min(i, n - i) ** 3 for i in range(1, n))


def boundary_constant(arithmetic: Arithmetic, n: int) -> Number:
    r"""Return the constant that the proof gives at :math:`r_0(n)`, in units of :math:`\mu^3\Delta^3/\sigma^4`.

    :math:`\frac2{n^2}\big(\frac14-(n-1)e^{-r^2/4}\big)e_0(r)\sum_i\min(i,n-i)^3`, each factor increasing in r, with
    :math:`e^{-r_0^2/4}=1/(16n^3)`.

    Parameters
    ----------
    arithmetic
        Where to compute.
    n
        The sample size.

    Returns
    -------
    Number
        The constant.
    """
    drop = arithmetic.number(Fraction(1, 4) - Fraction(n - 1, 16 * n**3))
    return 2 * drop * tent_mean(separation_at_boundary(arithmetic, n)) * cube_sum(n) / n**2


def _against_sharp(arithmetic: Arithmetic, n: int) -> tuple[Number, Number]:
    return boundary_constant(arithmetic, n), arithmetic.number(Fraction(n * n, 361))


def _against_printed(arithmetic: Arithmetic, n: int) -> tuple[Number, Number]:
    return boundary_constant(arithmetic, n), arithmetic.number(Fraction(n, 4096))


def _mass_of_gap(arithmetic: Arithmetic, _case: int) -> tuple[Number, Number]:
    r = separation_at_boundary(arithmetic, 2)
    return normal_mass(-r / 4, 3 * r / 4), arithmetic.number("1/2")


def _all_large_n(arithmetic: Arithmetic, n: int) -> tuple[Number, Number]:
    # cube_sum(n) >= n^4 (1 - 1/n^2)^2/32 >= n^4 (15/16)^2/32 for n >= 4, and e_0(r_0(n)) >= e_0(r_0(4)).
    drop = arithmetic.number(Fraction(1, 4) - Fraction(n - 1, 16 * n**3))
    cubes = arithmetic.number(Fraction(15, 16) ** 2 / 32)
    return 2 * drop * tent_mean(separation_at_boundary(arithmetic, n)) * cubes, arithmetic.number("1/361")


def _cubes_even() -> Any:
    import sympy

    h, i = sympy.symbols("h i", integer=True, positive=True)
    return sympy.expand(2 * sympy.summation(i**3, (i, 1, h - 1)) + h**3 - (2 * h) ** 2 * ((2 * h) ** 2 + 4) / 32)


def _cubes_odd() -> Any:
    import sympy

    h, i = sympy.symbols("h i", integer=True, positive=True)
    return sympy.expand(2 * sympy.summation(i**3, (i, 1, h)) - ((2 * h + 1) ** 2 - 1) ** 2 / sympy.Integer(32))


def _tent_derivative() -> Any:
    import sympy

    r = sympy.Symbol("r", positive=True)
    density = sympy.exp(-(r**2) / 32) / sympy.sqrt(2 * sympy.pi)
    tail = (1 - sympy.erf(r / (4 * sympy.sqrt(2)))) / 2
    e0 = sympy.Rational(1, 4) - 2 / r * (density - r / 4 * tail)
    return sympy.diff(e0, r) - 2 * density / r**2


def _cube_gap() -> tuple[Any, Any]:
    import sympy

    u = sympy.Symbol("u")
    n = u + 4
    # n^2 (n^2 + 4) and (n^2 - 1)^2 against n^4 (15/16)^2, for n >= 4; the odd case is the smaller.
    return (n**2 - 1) ** 2 - sympy.Rational(225, 256) * n**4, u


def equispaced_lower(n: int, r: Any) -> Any:
    r"""Return a lower bound on :math:`TV^{(1)}_\pi\sigma^4/(\mu^3\Delta^3)` for an equispaced sample, minus :math:`n/4096`.

    From the definition: the cells between quarter points and midpoints, the smaller end of the weight, the variance drop.

    Parameters
    ----------
    n
        The sample size.
    r
        The separation, a ball.

    Returns
    -------
    flint.arb
        The enclosure of the difference.
    """
    import flint
    import numpy as np

    x = np.array([flint.arb(k) for k in range(n)], dtype=object)
    p = ScoreProblem(x=x, mu=flint.arb(1), sigma=1 / r)
    return _cells(p, range(n - 1)) * p.sigma**4 - flint.arb(n) / 4096


def _cells(p: Any, gaps: range) -> Any:
    result = 0 * p.mu
    for i in gaps:
        gap = p.mu * (p.x[i + 1] - p.x[i])
        low, middle, high = -gap / 4, 0 * gap, gap / 4
        weight = minimum(weight_at_offset(p, i, i + 1, low), weight_at_offset(p, i, i + 1, high))
        top = law_at_offset(p, i, i + 1, middle).variance
        drop = 2 * top - law_at_offset(p, i, i + 1, low).variance - law_at_offset(p, i + 1, i, high).variance
        result = result + weight * drop
    return result * p.mu**2 / p.sigma**4


def two_point_box(r: Any) -> Any:
    """Return :func:`equispaced_lower` for n = 2."""
    return equispaced_lower(2, r)


def three_point_box(rho: Any, r: Any) -> Any:
    """Return the same for the sample (0, 1, 1 + rho), using its first gap only."""
    import flint
    import numpy as np

    x = np.array([flint.arb(0), flint.arb(1), 1 + rho], dtype=object)
    p = ScoreProblem(x=x, mu=flint.arb(1), sigma=1 / r)
    return _cells(p, range(1)) * p.sigma**4 - flint.arb(3) / 4096


def draw_small_sample(draw: Draw, in_force: frozenset[str]) -> ScoreProblem:
    """Build a problem with few points: an enclosure of the irregularity costs the square of their number."""
    return ScoreProblem(**draw_problem(draw, least=least_separation(in_force), most_points=5))


ARGUMENT = (
    "Write q = exp(-mu^2 Delta^2/4 sigma^2) and k = min(i, n-i). (1) At the quarter points y of gap i, V W(y) <= (n-1) Delta^2"
    " q: for j > i, g = x_j - x_i >= Delta_i, the log-odds are at most -mu^2 g (g - Delta_i/2)/2 sigma^2 <= -mu^2 g^2/4"
    " sigma^2, the other side is smaller, and Lemma 13 applies. (2) V W(m_i) >= Delta_i^2/4 (Proposition 2, sharp). So the"
    " derivative moves by at least (mu^2 Delta^2/sigma^4)(1/4 - (n-1) q) from m_i to each quarter point. (3) At distance u"
    " inside gap i, min(pi^+, pi^-) >= (mu/n^2)(k^2 (k-1) Delta/2 + k^2 dist(u, ends)). Smoothing at a point of the middle half"
    " of the gap: the mass of the gap is at least 1/2 >= 2 e_0(r), and the mean distance is at least that of the tent without"
    " its clip, concave in the point and so smallest at the quarter points: Delta e_0(r). Hence pi >= (mu Delta/n^2) e_0(r) k^3"
    " there. (4) The irregularity is at least the sum over gaps of twice the product of (2) and (3). All factors increase in"
    " mu Delta/sigma, so each n needs checking only where the hypothesis begins."
)

COMMON_STEPS = (
    identity("sum of min(i, n-i)^3 is n^2 (n^2 + 4)/32 for even n", _cubes_even),
    identity("sum of min(i, n-i)^3 is (n^2 - 1)^2/32 for odd n", _cubes_odd),
    identity("e_0' = 2 phi(r/4)/r^2, so that e_0 increases", _tent_derivative),
    compared("the mass of the gap is at least 1/2 at r_0(2)", _mass_of_gap, ">", range(1)),
    nonnegative_coefficients("(n^2 - 1)^2 >= (15/16)^2 n^4 for n >= 4", _cube_gap),
    compared("n >= 4: the constant at r_0(4), with the cube sum bounded below, exceeds 1/361", _all_large_n, ">", range(4, 5)),
    compared("n = 2, ..., 32: the constant at r_0(n) exceeds n^2/361", _against_sharp, ">", range(2, 33)),
)

theorem_4 = Inequality(
    id="wu2025.theorem-4",
    title="the score is irregular at small noise",
    says=(
        "If 16 n^3 exp(-mu^2 Delta^2/4 sigma^2) <= 1 the irregularity of the optimal score is at least mu^3 n Delta^3/(2^12"
        " sigma^4). The printed proof counts at least n/4 indices, which needs n >= 10 (or n = 4, 7, 8), and uses Proposition"
        " 9, which is false as printed; the statement holds for every n >= 2 all the same. Not tight: the true order is n^2,"
        " and the right side may be multiplied by 11 n."
    ),
    formula=r"TV^{(1)}_\pi(s^\star)\ge\frac{\mu^3n\Delta^3}{2^{12}\sigma^4}",
    source=f"{PAPER}, Theorem 4, page 8",
    instance=ScoreProblem,
    instances=draw_small_sample,
    hypotheses=(*SETTING, small_noise),
    uses=(
        "wu2025.proposition-2.part-a",
        "wu2025.proposition-2.part-c",
        "wu2025.corollary-3.part-a.reading-literal",
        "wu2025.proposition-9.part-a",
        "wu2025.lemma-13.part-b",
    ),
    left=irregularity,
    relation=">=",
    right=lambda p, c: irregularity_bound(p, c.c),
    constants={"c": Fraction(1, 2**12)},
    cost=10,
    instruments=("quadrature@1e-4", "ball integration@1e-2", "double-double@1e-3", "root finding@1e-3"),
    gallery=(
        {"x": [0, 1], "mu": "1/2", "sigma": "1/10"},
        {"x": [0, 1, 2], "mu": "1/2", "sigma": "1/10"},
        {"x": [0, 1, 2], "mu": "1/2", "sigma": "1/1000"},
        {"x": [0, 1, 2, 3], "mu": "1/2", "sigma": "1/20"},
        {"x": [0, 1, 3, 4], "mu": "9/10", "sigma": "1/6"},
    ),
    hidden=(
        Hidden(
            says="n >= 10",
            where="the count of indices between ceil(n/4) + 1 and floor(3n/4) - 1, last lines of the proof",
            finding="not needed: the statement is proved for every n >= 2 by another argument",
        ),
    ),
    proof=Proof(
        set="every n >= 2, every sample, mu, sigma with 16 n^3 exp(-mu^2 Delta^2/4 sigma^2) <= 1",
        argument=ARGUMENT + " This gives mu^3 n^2 Delta^3/(361 sigma^4), which exceeds the claim.",
        steps=(
            *COMMON_STEPS,
            compared("equispaced n = 2, ..., 32: the constant at r_0(n) exceeds n/4096", _against_printed, ">", range(2, 33)),
            boxes(
                "n = 2 from the definition, all r in [22/5, 12]; beyond, by the monotone bound",
                two_point_box,
                [(Fraction(22, 5), Fraction(12))],
            ),
            boxes(
                "n = 3 from the definition, gap ratio in [1, 3] and r in [49/10, 10]; beyond, by the monotone bound",
                three_point_box,
                [(Fraction(1), Fraction(3)), (Fraction(49, 10), Fraction(10))],
            ),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        changed("sigma^-5 for sigma^-4", right=lambda p, c: irregularity_bound(p, c.c) / p.sigma),
        changed("n^5 for n", right=lambda p, c: irregularity_bound(p, c.c) * p.n**4),
        without(small_noise.name),
    ),
)

theorem_4_sharp = replace(
    theorem_4,
    id="wu2025.theorem-4.reading-sharp",
    title="the score is irregular at small noise, with the true order in n",
    says=(
        "Ours: under the hypothesis of Theorem 4, for every n >= 2 and every sample, the irregularity is at least mu^3 n^2"
        " Delta^3/(361 sigma^4). The order n^2 is exact; the constant cannot exceed 1/162 (equispaced n = 3)."
    ),
    formula=r"TV^{(1)}_\pi(s^\star)\ge\frac{\mu^3n^2\Delta^3}{361\,\sigma^4}",
    source="ours; sharpens Theorem 4",
    ours=True,
    uses=("wu2025.proposition-2.part-a.reading-sharp", "wu2025.lemma-13.part-b"),
    right=lambda p, c: sharp_irregularity_bound(p, c.c),
    constants={"c": Fraction(1, 361)},
    hidden=(),
    proof=Proof(
        set="every n >= 2, every sample, mu, sigma with 16 n^3 exp(-mu^2 Delta^2/4 sigma^2) <= 1",
        argument=ARGUMENT,
        steps=COMMON_STEPS,
    ),
    mutants=(past_the_slack("c"), scaled("c", Fraction(361, 160)), without(small_noise.name)),
)


def _equispaced_ratio(p: ScoreProblem, r: Number) -> Number:
    problem = replace(p, sigma=p.mu * p.minimum_spacing / r)
    return irregularity(problem) * problem.sigma**4 / (problem.mu * problem.minimum_spacing) ** 3


theorem_4_limit = Limit(
    id="wu2025.theorem-4.reading-asymptote",
    title="the exact small-noise constant for equispaced samples",
    says=(
        "Ours: for an equispaced sample TV sigma^4/(mu^3 Delta^3) tends to the sum of min(i, n-i)^3 over 4 n^2 as sigma tends"
        " to 0: (n^2 + 4)/128 for even n, (n^2 - 1)^2/(128 n^2) for odd n. For even n the weight has a kink at the middle and"
        " the error is of order sigma/(mu Delta)."
    ),
    formula=r"\lim_{\sigma\to0}\frac{\sigma^4}{\mu^3\Delta^3}TV^{(1)}_\pi(s^\star)=\frac1{4n^2}\sum_{i=1}^{n-1}\min(i,n-i)^3",
    source="ours; the exact constant of Theorem 4 for equispaced samples",
    ours=True,
    instance=ScoreProblem,
    instances=draw_score_problem,
    hypotheses=SETTING,
    instruments=("quadrature@1e-4",),
    gallery=tuple({"x": list(range(n)), "mu": "1/2", "sigma": "1/10"} for n in (2, 4, 6, 10)),
    quantity=_equispaced_ratio,
    limit=lambda p: float(equispaced_limit(p.n)),
    scales=tuple(Fraction(20 * 4**k) for k in range(7)),
    rate=Fraction(1),
    mutants=(
        changed("limit n^2/128", limit=lambda p: p.n**2 / 128),
        changed("limit 101/100 too large", limit=lambda p: 1.01 * float(equispaced_limit(p.n))),
        changed("order 2", rate=Fraction(2)),
    ),
)

theorem_4_limit_odd = replace(
    theorem_4_limit,
    id="wu2025.theorem-4.reading-asymptote-odd",
    title="the exact small-noise constant for equispaced samples, odd n",
    says=(
        "Ours: for odd n the limit of the same ratio is (n^2 - 1)^2/(128 n^2), and it is approached faster than any power of"
        " sigma: the weight is linear about every midpoint, so that only exponentially small terms remain."
    ),
    gallery=tuple({"x": list(range(n)), "mu": "1/2", "sigma": "1/10"} for n in (3, 5, 9)),
    scales=tuple(Fraction(k) for k in (4, 6, 8, 12, 16, 24, 32, 64)),
    rate=None,
    mutants=(changed("limit 101/100 too large", limit=lambda p: 1.01 * float(equispaced_limit(p.n))),),
)
