"""Proposition 7: networks of small risk are irregular; false for two points, true from three on, and sharper.

Long, since it keeps the refutation, the repair and every displayed step of the proof together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Arithmetic, Number, exp, normal_density, normal_mass, pi, sqrt
from theory.proofs import compared, identity, rests_on
from theory.statement import (
    Draw,
    Erratum,
    Fault,
    Hidden,
    Hypothesis,
    Identity,
    Inequality,
    Instance,
    Proof,
    changed,
    past_the_slack,
    scaled,
    without,
)
from theory.wu2025.curvature import network_risk
from theory.wu2025.designs import draw_sample, memorizing_network, rounded
from theory.wu2025.networks import NetworkProblem, network_class, network_irregularity, noised_irregularity
from theory.wu2025.setting import PAPER, SETTING, well_separated
from theory.wu2025.statements.lemma_14 import parts_identity
from theory.wu2025.statements.proposition_10_weight import part_b as weight_comparison

SOURCE = f"{PAPER}, Proposition 7, page 10"
STEPS = f"{PAPER}, proof of Proposition 7, pages 29-30"

small_risk = Hypothesis(
    name="small risk",
    says="R_n(theta) <= 1/(16 n sigma^2)",
    holds=lambda p: (16 * p.n * p.sigma * p.sigma * network_risk(p), "<=", 0 * p.sigma + 1),
)
three_points = Hypothesis(
    name="n >= 3",
    says="n >= 3",
    holds=lambda p: (p.n, ">=", 3),
)
NETWORK = (*SETTING, network_class)


def draw_memorizing(draw: Draw, in_force: frozenset[str]) -> NetworkProblem:
    """Draw a network whose kinks lie 2.7 sigma from the data or more, so that its risk is small most of the time."""
    least = 8.0 if well_separated.name in in_force else 3.0
    points = 3 if three_points.name in in_force else 2
    problem = draw_sample(draw, least=least, most=2000.0, most_points=6, least_points=points)
    return memorizing_network(draw, problem, least=2.7 if small_risk.name in in_force else 0.3)


def lower_bound(p: Any, c: Any) -> Number:
    r"""Return :math:`c\,\frac{\mu n^2\Delta}{\sigma^2}`."""
    return c.c * p.mu * p.n**2 * p.minimum_spacing / (p.sigma * p.sigma)


def inner_sum(n: int) -> Fraction:
    r"""Return :math:`\sum_{i=2}^{n-1}\frac{k_i^2(k_i+1)}2`, :math:`k_i=\min(i-1,n-i)`."""
    return sum((Fraction(k * k * (k + 1), 2) for k in (min(i - 1, n - i) for i in range(2, n))), start=Fraction(0))


def _inner_sum(arithmetic: Arithmetic, n: int) -> tuple[Number, Number]:
    return arithmetic.number(inner_sum(n)), arithmetic.number(Fraction(n**4, 128))


def _large_sum(arithmetic: Arithmetic, n: int) -> tuple[Number, Number]:
    # With h = floor((n - 1)/2) >= n/2 - 1 the sum is at least twice that of k^3/2 over k < h, at least h^2 (h - 1)^2/4.
    h = Fraction(n, 2) - 1
    return arithmetic.number(h**2 * (h - 1) ** 2 / 4), arithmetic.number(Fraction(n**4, 128))


def _truncated(one: Number) -> Number:
    return normal_mass(-4 * one, 4 * one) - 8 * normal_density(4 * one)


def _end_constant(one: Number) -> Number:
    r"""Return :math:`\alpha` of the kernel :math:`\varphi(\alpha+\beta u)` on [0, 4] of mass 1 and mean 0.

    It is also the integral of the square of the kernel over :math:`\varphi`.

    Parameters
    ----------
    one
        The number 1 in the arithmetic.

    Returns
    -------
    Number
        The constant.
    """
    zeroth = normal_mass(0 * one, 4 * one)
    first = normal_density(0 * one) - normal_density(4 * one)
    second = zeroth - 4 * normal_density(4 * one)
    return second / (zeroth * second - first * first)


def _gain(arithmetic: Arithmetic, _case: int) -> tuple[Number, Number]:
    r"""Compare the gain per unit of :math:`\sum_iP_i/M` with 1."""
    one = arithmetic.number(1)
    mass = _truncated(one)
    inner = (2 / sqrt(mass) + 3 / (8 * mass)) / 4
    # An end corner of slope change P_2/8 costs sqrt(alpha rho_1) P_2/8; for n = 3 both fall on the one inner point.
    ends = 2 * sqrt(_end_constant(one)) / (8 * 4)
    return mass * (2 - inner - ends), one


TWO_POINTS = {
    "x": [-2048, 2048],
    "mu": "1/2",
    "sigma": "1/2",
    "kinks": [1023, -1023, 1022, -1022],
    "directions": [1, -1, 1, -1],
    "weights": [-32, 32, 16, -16],
    "multiplicities": [1, 1, 1, 1],
}
THREE_POINTS = {
    "x": [-40, 0, 40],
    "mu": "1/2",
    "sigma": "1/2",
    "kinks": [-19, -1, 1, 19, 0, 0],
    "directions": [-1, -1, 1, 1, 1, -1],
    "weights": ["80/3", "-80/3", "80/3", "-80/3", -24, 24],
    "multiplicities": [1, 1, 1, 1, 1, 1],
}
ARGUMENT = (
    "Units sigma = 1, z_i = mu x_i, gaps at least r >= 8, f_i = s + (y - z_i), the means rho_i = E_i f_i^2 sum to at most"
    " 1/16. Let k_i = min(i-1, n-i), M = E[u^2; |u| <= 4], P_i = M r k_i^2 (k_i + 1)/(2 n^2). (1) A saw: T jumps from P_i to"
    " -P_i at each inner data point, is linear between and 0 at both ends. On each gap min(pi^+, pi^-) is concave, and at"
    " least P_i/M at both sides of z_i, so |T| <= M min(pi^+, pi^-). (2) With the kernel k = (phi - phi(4))_+/M <= phi/M,"
    " |T*k| <= pi. At the ends the corner is smoothed by phi (alpha + beta u) on [0, 4] instead, of mass 1 and mean 0:"
    " positive then negative, so that the smoothed corner stays between 0 and u. (3) TV >= |int s (T*k)''|. Each jump gives 2"
    " P_i (1 - sqrt(rho_i/M)), since s = -u + f_i; a corner of slope change c costs |c| sqrt(rho_i)/M, at the ends |c|"
    " sqrt(alpha rho_i), and |c| <= (P_{i-1} + P_i + P_{i+1})/8. With sum rho_i <= 1/16 and Cauchy-Schwarz the total is at"
    " least sum P_i/M, and the sum of k^2 (k+1)/2 is at least n^4/128."
)

proposition_7 = Inequality(
    id="wu2025.proposition-7",
    title="networks of small risk are irregular",
    says=(
        "If Delta >= 8 sigma/mu, every network with R_n <= 1/(16 n sigma^2) has irregularity at least mu n^2 Delta/(2^11"
        " sigma^2). False for n = 2: the network can bend right beside both points, where the weight is of order sigma. True"
        " from n = 3 on, though not by the printed proof, which needs n >= 10 and loses the factor 2^11."
    ),
    formula=r"TV^{(1)}_\pi(s_\theta)\ge\frac{\mu n^2\Delta}{2^{11}\sigma^2}",
    source=SOURCE,
    instance=NetworkProblem,
    instances=draw_memorizing,
    hypotheses=(*NETWORK, well_separated, small_risk),
    hidden=(
        Hidden(
            says="n >= 10",
            where="the count of indices, last lines of the proof",
            finding="n >= 3 is needed and enough",
        ),
    ),
    uses=(
        "wu2025.lemma-14.part-a",
        "wu2025.lemma-14.part-b",
        "wu2025.proposition-9.part-a",
        "wu2025.proposition-7.step-6",
    ),
    left=network_irregularity,
    relation=">=",
    right=lower_bound,
    constants={"c": Fraction(1, 2**11)},
    cost=4,
    erratum=Erratum(
        wrong="with two points nothing holds the kinks away from the ends of the sample, where the weight vanishes.",
        line="the sum over n/4 < 2i < 3n/4, which is empty for n = 2",
        counterexample=TWO_POINTS,
        repaired="wu2025.proposition-7.reading-repaired",
    ),
)

reading_repaired = replace(
    proposition_7,
    id="wu2025.proposition-7.reading-repaired",
    title="networks of small risk are irregular, from three points on",
    says=(
        "Ours: for n >= 3 the irregularity is at least mu n^2 Delta/(128 sigma^2), sixteen times the printed bound. As sigma"
        " tends to 0 the least is (2/sigma^2) times the sum of the weight over the inner data points: kinks right beside"
        " them."
    ),
    formula=r"TV^{(1)}_\pi(s_\theta)\ge\frac{\mu n^2\Delta}{128\,\sigma^2}\qquad(n\ge3)",
    source="ours; repairs and sharpens Proposition 7",
    ours=True,
    hypotheses=(*NETWORK, well_separated, small_risk, three_points),
    hidden=(),
    uses=(),
    constants={"c": Fraction(1, 128)},
    erratum=None,
    gallery=(THREE_POINTS,),
    proof=Proof(
        set="every n >= 3, every sample with mu Delta >= 8 sigma, every function s of bounded variation of s' with R_n small",
        argument=ARGUMENT,
        steps=(
            compared("the gain exceeds 1 per unit of sum P_i/M", _gain, ">", range(1)),
            compared("n = 3, ..., 64: sum of k^2 (k+1)/2 >= n^4/128", _inner_sum, ">=", range(3, 65)),
            compared(
                "n >= 64: h^2 (h - 1)^2/4 >= n^4/128 with h = n/2 - 1, whose ratio to n^4 increases, at n = 64",
                _large_sum,
                ">",
                range(64, 65),
            ),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        scaled("c", Fraction(4)),
        without(three_points.name, TWO_POINTS),
        without(small_risk.name, {**THREE_POINTS, "weights": ["1/100", "1/100", "1/100", "1/100", 0, 0]}),
        changed("sigma^3 for sigma^2", right=lambda p, c: lower_bound(p, c) / p.sigma**2),
    ),
)

reading_noised = replace(
    reading_repaired,
    id="wu2025.proposition-7.reading-noised",
    title="networks of small risk are irregular, with the weight of the noised sample",
    says="Ours: the same for the weight that Proposition 6 can use, with 1/259: that weight is at least pi/2.02 here.",
    formula=r"\int|s_\theta''|\hat\pi\ge\frac{\mu n^2\Delta}{259\,\sigma^2}\qquad(n\ge3)",
    uses=("wu2025.proposition-7.reading-repaired", "wu2025.proposition-10.part-b.reading-weight"),
    left=noised_irregularity,
    constants={"c": Fraction(1, 259)},
    proof=Proof(
        set="every n >= 3, every sample with mu Delta >= 8 sigma, every network with R_n <= 1/(16 n sigma^2)",
        argument="pi <= 2.02 times the noised weight on [mu x_1, mu x_n], and 128 * 2.02 < 259.",
        steps=(
            rests_on(reading_repaired, weight_comparison),
            compared("128 * 2.02 is below 259", lambda a, _k: (a.number("12928/50"), a.number(259)), "<", range(1)),
        ),
    ),
    mutants=(past_the_slack("c"), scaled("c", Fraction(8)), without(three_points.name, TWO_POINTS)),
)


@dataclass(frozen=True, kw_only=True)
class SeparationProblem(Instance):
    r"""A separation, the noise scale and a risk.

    Parameters
    ----------
    r
        The separation :math:`r=\mu\Delta/\sigma`.
    sigma
        The noise scale.
    risk
        :math:`n\sigma^2R_n`.
    """

    r: Number
    sigma: Number
    risk: Number


wide = Hypothesis(name="r >= 8", says="mu Delta/sigma >= 8", holds=lambda p: (p.r, ">=", 0 * p.r + 8))
scale = Hypothesis(name="sigma > 0", says="sigma > 0", holds=lambda p: (p.sigma, ">", 0 * p.r), standing=True)
low_risk = Hypothesis(
    name="small risk",
    says="0 <= n sigma^2 R_n <= 1/16",
    holds=lambda p: [(p.risk, ">=", 0 * p.r), (16 * p.risk, "<=", 0 * p.r + 1)],
)
any_risk = Hypothesis(name="risk >= 0", says="n sigma^2 R_n >= 0", holds=lambda p: (p.risk, ">=", 0 * p.r), standing=True)


def _draw_separation(draw: Draw, in_force: frozenset[str]) -> SeparationProblem:
    least = 8 if wide.name in in_force else Fraction(1, 10)
    r = least + draw.choice((0, 1)) * rounded(draw.positive(0.001, 100.0), 4)
    most = Fraction(1, 16) if low_risk.name in in_force else 4
    share = draw.choice((0, 1)) * rounded(draw.real(0.0, 1.0), 4)
    return SeparationProblem(r=r, sigma=rounded(draw.positive(0.01, 10.0), 3), risk=most * (1 - share))


def half_moment(p: Any) -> Number:
    r"""Return :math:`\frac1{\sigma^4\sqrt{2\pi\sigma^2}}\int_{-\mu\Delta/2}^0y^2e^{-y^2/2\sigma^2}dy`."""
    half = p.r / 2
    return (normal_mass(0 * half, half) - half * normal_density(half)) / (p.sigma * p.sigma)


def by_parts(p: Any, sign: int) -> Number:
    r"""Return the integral by parts, the boundary term with the given sign."""
    half = p.r / 2
    return (normal_mass(0 * half, half) + sign * half * normal_density(half)) / (p.sigma * p.sigma)


BASE = {"r": 8, "sigma": "1/2", "risk": 0}
step_1 = Identity(
    id="wu2025.proposition-7.step-1",
    title="the integration by parts, as displayed",
    says=(
        "The second moment over a half-gap is displayed with + (mu Delta/2) exp(-mu^2 Delta^2/8 sigma^2) after integration by"
        " parts; the boundary term is subtracted."
    ),
    formula=r"\frac1{\sigma^4\sqrt{2\pi\sigma^2}}\int_{-\mu\Delta/2}^0y^2e^{-y^2/2\sigma^2}dy"
    r"=\frac1{\sigma^2\sqrt{2\pi\sigma^2}}\Big(\frac{\mu\Delta}2e^{-\mu^2\Delta^2/8\sigma^2}"
    r"+\int_{-\mu\Delta/2}^0e^{-y^2/2\sigma^2}dy\Big)",
    source=STEPS,
    instance=SeparationProblem,
    instances=_draw_separation,
    hypotheses=(scale, any_risk, wide),
    left=half_moment,
    right=lambda p, c: by_parts(p, 1),
    erratum=Erratum(
        wrong="the boundary term of the integration by parts has the wrong sign.",
        line="the fifth line of the first display, page 29",
        counterexample=BASE,
        repaired="wu2025.proposition-7.reading-repaired.step-1",
        fault=Fault.SLIP,
    ),
)

step_1_repaired = replace(
    step_1,
    id="wu2025.proposition-7.reading-repaired.step-1",
    title="the integration by parts, repaired",
    says="The boundary term is subtracted; what the proof concludes from it survives, see step-2.",
    formula=r"\frac1{\sigma^4\sqrt{2\pi\sigma^2}}\int_{-\mu\Delta/2}^0y^2e^{-y^2/2\sigma^2}dy"
    r"=\frac1{\sigma^2\sqrt{2\pi\sigma^2}}\Big(-\frac{\mu\Delta}2e^{-\mu^2\Delta^2/8\sigma^2}"
    r"+\int_{-\mu\Delta/2}^0e^{-y^2/2\sigma^2}dy\Big)",
    source="ours; repairs a line of the proof of Proposition 7",
    ours=True,
    right=lambda p, c: by_parts(p, -1),
    erratum=None,
    gallery=(BASE,),
    proof=Proof(
        set="all r, sigma > 0",
        argument="",
        steps=(identity("the derivative of both sides agrees, and both vanish at 0", parts_identity),),
    ),
    mutants=(changed("the printed sign", right=step_1.right),),
)

step_2 = Inequality(
    id="wu2025.proposition-7.step-2",
    title="the risk of a network of one sign on a half-gap",
    says="The second moment over a half-gap, over sigma^4, is at least 1/(4 sigma^2) if r >= 8: it is 0.4994/sigma^2 and more.",
    formula=r"\frac1{\sigma^4\sqrt{2\pi\sigma^2}}\int_{-\mu\Delta/2}^0y^2e^{-y^2/2\sigma^2}dy\ge\frac1{4\sigma^2}",
    source=STEPS,
    instance=SeparationProblem,
    instances=_draw_separation,
    hypotheses=(scale, any_risk, wide),
    left=half_moment,
    relation=">=",
    right=lambda p, c: c.c / (p.sigma * p.sigma),
    constants={"c": Fraction(1, 4)},
    gallery=(BASE,),
    proof=Proof(
        set="every r >= 8",
        argument="The second moment increases in r.",
        steps=(
            compared(
                "the value at r = 8 exceeds 1/4",
                lambda a, _k: (
                    normal_mass(a.number(0), a.number(4)) - 4 * normal_density(a.number(4)),
                    a.number("1/4"),
                ),
                ">",
                range(1),
            ),
        ),
    ),
    mutants=(past_the_slack("c"), without(wide.name, {**BASE, "r": 1})),
)


def tail_factor(p: Any) -> Number:
    r"""Return :math:`1-2\big(\frac{\mu\Delta}{2\sqrt{2\pi\sigma^2}}+1\big)e^{-\mu^2\Delta^2/8\sigma^2}`."""
    half = p.r / 2
    return 1 - 2 * (half / sqrt(2 * pi(half)) + 1) * exp(-half * half / 2)


step_3 = replace(
    step_2,
    id="wu2025.proposition-7.step-3",
    title="Lemma 13 applied to the tail",
    says="(mu Delta/4 sigma) exp(-mu^2 Delta^2/8 sigma^2) <= e^-2 if r >= 8. True with 2 e^-8.",
    formula=r"\frac{\mu\Delta}{4\sigma}e^{-\mu^2\Delta^2/8\sigma^2}\le e^{-2}",
    left=lambda p: p.r / 4 * exp(-p.r * p.r / 8),
    relation="<=",
    right=lambda p, c: c.c * exp(0 * p.r - 2),
    constants={"c": Fraction(1)},
    uses=("wu2025.lemma-13.part-b",),
    proof=Proof(
        set="every r >= 8",
        argument="x e^(-2x^2), x = r/4, decreases from x = 1/2 on (Lemma 13), and is 2 e^-8 at x = 2.",
        steps=(compared("2 e^-8 is below e^-2", lambda a, _k: (2 * exp(a.number(-8)), exp(a.number(-2))), "<", range(1)),),
    ),
    mutants=(past_the_slack("c"), scaled("c", Fraction(1, 1000)), without(wide.name, {**BASE, "r": 2})),
)

step_4 = replace(
    step_2,
    id="wu2025.proposition-7.step-4",
    title="the factor of Lemma 14",
    says="1 - 2 (mu Delta/(2 sqrt(2 pi sigma^2)) + 1) exp(-mu^2 Delta^2/8 sigma^2) >= 1/2 if r >= 8.",
    formula=r"1-2\Big(\frac{\mu\Delta}{2\sqrt{2\pi\sigma^2}}+1\Big)e^{-\mu^2\Delta^2/8\sigma^2}\ge\frac12",
    left=tail_factor,
    right=lambda p, c: c.c + 0 * p.r,
    constants={"c": Fraction(1, 2)},
    uses=("wu2025.proposition-7.step-3",),
    proof=Proof(
        set="every r >= 8",
        argument="The factor increases in r from r = 2 on.",
        steps=(
            compared(
                "the value at r = 8 exceeds 1/2",
                lambda a, _k: (
                    tail_factor(SeparationProblem(r=a.number(8), sigma=a.number(1), risk=a.number(0))),
                    a.number("1/2"),
                ),
                ">",
                range(1),
            ),
        ),
    ),
    mutants=(past_the_slack("c"), scaled("c", Fraction(21, 10)), without(wide.name, {**BASE, "r": 2})),
)


def last_factor(p: Any) -> Number:
    r"""Return :math:`\sigma^2(\frac12-e^{-r^2/2})\big(\frac1{\sigma^2}-\sqrt{2nR/\sigma^2}\big)`."""
    return (1 - 2 * exp(-p.r * p.r / 2)) / 2 * (1 - sqrt(2 * p.risk))


step_6 = replace(
    step_2,
    id="wu2025.proposition-7.step-6",
    title="the last inequality, as displayed",
    says=(
        "(1/2 - e^-32)(1 - 1/(2 sqrt 2)) is displayed as at least 1/2, so that mu n^2 Delta/1024 times it is mu n^2 Delta/2^11."
        " It is 0.323: the proof gives 2^12 at best."
    ),
    formula=r"\Big(\frac12-e^{-32}\Big)\Big(1-\frac1{2\sqrt2}\Big)\ge\frac12",
    hypotheses=(scale, wide, low_risk),
    left=last_factor,
    right=lambda p, c: c.c + 0 * p.r,
    constants={"c": Fraction(1, 2)},
    proof=None,
    gallery=(),
    erratum=Erratum(
        wrong="(1/2)(1 - 0.354) is below 1/2.",
        line="the last display of the proof, page 30",
        counterexample={**BASE, "risk": "1/16"},
        repaired="wu2025.proposition-7.reading-repaired.step-6",
    ),
    mutants=(),
)

step_6_repaired = replace(
    step_6,
    id="wu2025.proposition-7.reading-repaired.step-6",
    title="the last inequality, repaired",
    says="The factor is at least 0.323; with it the printed chain gives mu n^2 Delta/(2^12 sigma^2) for n >= 10.",
    formula=r"\Big(\frac12-e^{-32}\Big)\Big(1-\frac1{2\sqrt2}\Big)\ge\frac{323}{1000}",
    source="ours; repairs a line of the proof of Proposition 7",
    ours=True,
    constants={"c": Fraction(323, 1000)},
    gallery=({**BASE, "risk": "1/16"},),
    erratum=None,
    proof=Proof(
        set="every r >= 8, 0 <= n sigma^2 R <= 1/16",
        argument="Increasing in r, decreasing in the risk.",
        steps=(
            compared(
                "the value at r = 8 and the largest risk exceeds 0.323",
                lambda a, _k: (
                    last_factor(SeparationProblem(r=a.number(8), sigma=a.number(1), risk=a.number("1/16"))),
                    a.number("323/1000"),
                ),
                ">",
                range(1),
            ),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        scaled("c", Fraction(11, 10)),
        without(low_risk.name, {**BASE, "risk": 1}),
        without(wide.name, {**BASE, "r": 1, "risk": "1/16"}),
    ),
)
