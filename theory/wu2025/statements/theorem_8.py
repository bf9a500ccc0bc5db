"""Theorem 8: large learning rates forbid small excess risk; a computable sigma_0, and sharper theorems of ours.

Long, since the printed theorem, the sharper ones and the networks between them share their instances and bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from numerics.arithmetic import Kind, Number, kind_of, maximum, minimum, normal_density, sqrt, total
from theory.proofs import compared, gaussian_mean, identity, rests_on, two_point_variance
from theory.statement import (
    Draw,
    Hidden,
    Hypothesis,
    Identity,
    Inequality,
    Proof,
    changed,
    past_the_slack,
    without,
)
from theory.wu2025.curvature import network_risk, quadratic_risk, sharpness
from theory.wu2025.designs import draw_design, draw_sample, rounded
from theory.wu2025.irregularity import empirical_risk, risk_by_definition
from theory.wu2025.networks import NetworkProblem, from_neurons, lipschitz_constant, network, network_class
from theory.wu2025.setting import PAPER, SETTING, ScoreProblem, draw_gaps
from theory.wu2025.statements.corollary_3 import equation_10_sharp
from theory.wu2025.statements.equations_7_8 import equation_8_pathwise
from theory.wu2025.statements.proposition_6 import BoundedNetwork, bounded, draw_any_network, within
from theory.wu2025.threshold import (
    exact_sigma_0,
    optimal_risk_bound,
    printed_excess_bound,
    printed_threshold,
    safe_bound,
)

SOURCE = f"{PAPER}, Theorem 8, page 10"
NETWORK = (*SETTING, network_class)


def half_sharpness(p: Any, *, kink: int = 1) -> Number:
    r"""Return :math:`\frac m2\lambda_{\max}(\nabla^2R_n)`, the inverse of the largest learning rate that (8) allows."""
    return sharpness(p, kink=kink) * p.width / 2


large_rate = Hypothesis(
    name="eta large",
    says=(
        "stable at some eta > 2^12 sigma^2/(mu n^2 Delta): (m/2) lambda_max(nabla^2 R_n), as (8) says, or (m/2)"
        " lambda_max(nabla^2 R_n - D), as (7) implies, is below mu n^2 Delta/(2^12 sigma^2)"
    ),
    holds=lambda p: (minimum(half_sharpness(p), half_sharpness(p, kink=0)) * printed_threshold(p), "<", 0 * p.mu + 1),
)
safe = Hypothesis(
    name="A = C_n/sigma^6",
    says="A is C_n/sigma^6, C_n >= 1 from Lemma 12, or up to 1% more",
    holds=lambda p: [(p.bound, ">=", safe_bound(p)), (100 * p.bound, "<=", 101 * safe_bound(p))],
    standing=True,
)


@dataclass(frozen=True, kw_only=True)
class SmallNoiseNetwork(BoundedNetwork):
    r"""A network with its bound and the noise level up to which Theorem 8 speaks.

    Parameters
    ----------
    limit
        A lower bound on :math:`\sigma_0` of the sample, see :func:`theory.wu2025.threshold.small_noise_limit`.
    """

    limit: Number


below_limit = Hypothesis(
    name="sigma <= sigma_0",
    says="sigma <= sigma_0, computed from mu and the sample",
    holds=lambda p: (p.sigma, "<=", p.limit),
)


def _flat_network(draw: Draw, problem: ScoreProblem) -> NetworkProblem:
    """Draw a network of small curvature: weights small against the sample, kinks far from the data, where M and D live."""
    gaps = [problem.mu * (b - a) for a, b in pairwise(problem.x)]
    small = float(problem.mu * (problem.x[-1] - problem.x[0])) * draw.positive(1e-3, 0.1)
    kinks, directions, weights = [], [], []
    for _ in range(draw.integer(1, 3)):
        i = draw.integer(0, problem.n - 2)
        place = rounded(draw.real(0.3, 0.7), 3)
        kinks.append(problem.mu * problem.x[i] + gaps[i] * place)
        directions.append(draw.choice((1, -1)))
        weights.append(draw.choice((1, -1, 0)) * rounded(small, 3))
    return from_neurons(problem, kinks, directions, weights)


def _draw_small_noise(draw: Draw, in_force: frozenset[str]) -> SmallNoiseNetwork:
    """Draw a sample on a small scale, sigma below its limit, and a network of small weights, at times none at all."""
    gaps = draw_gaps(draw, draw.integer(2, 5))
    scale, mu = draw.positive(0.02, 0.3), rounded(draw.real(0.3, 0.98), 3)
    x = [Fraction(0)]
    for gap in gaps:
        x.append(x[-1] + rounded(min(gap, 4.0) * scale, 4))
    limit = exact_sigma_0(ScoreProblem(x=tuple(x), mu=mu, sigma=Fraction(1, 2)))
    share = draw.choice((Fraction(1), None))
    sigma = limit if share else limit * rounded(draw.real(0.3, 1.0), 3)
    problem = ScoreProblem(x=tuple(x), mu=mu, sigma=sigma)
    base = _flat_network(draw, problem) if large_rate.name in in_force else draw_design(draw, problem, most_groups=2)
    bound = max(Fraction(float(safe_bound(problem))) * Fraction(1001, 1000), max(abs(weight) for weight in base.weights))
    return SmallNoiseNetwork.extending(bounded(base, bound), limit=limit)


def excess_risk(p: Any) -> Number:
    r"""Return :math:`R_n(\theta)-R_n(s^\star)`."""
    return network_risk(p) - empirical_risk(p)


def excess_lower_bound(p: Any) -> Number:
    r"""Return :math:`R_n(\theta)` less our upper bound on :math:`R_n(s^\star)`, which is below the excess risk."""
    return network_risk(p) - optimal_risk_bound(p)


ZERO = {
    "x": [0, "1/2"],
    "mu": "1/2",
    "sigma": "1/100",
    "kinks": ["-1/10"],
    "directions": [1],
    "weights": [0],
    "multiplicities": [1],
    "bound": 1031250000000,
    "limit": "1/100",
}
# Slope -1/sigma^2 within 19 sigma of both points: a risk of 10^-73.
MEMORIZING = {
    **ZERO,
    "sigma": "1/300",
    "kinks": ["1/8", "1/8", "3/16", "1/16"],
    "directions": [1, -1, 1, -1],
    "weights": [360000, -360000, -720000, 720000],
    "multiplicities": [1, 1, 1, 1],
    "bound": 751781250000000,
}
# Two points closer than the noise, which one line serves.
CLOSE = {
    "x": [0, "1/10000"],
    "mu": "1/2",
    "sigma": "1/10",
    "kinks": ["1/40000", "1/40000"],
    "directions": [1, -1],
    "weights": [-200, 200],
    "multiplicities": [1, 1],
    "bound": 200,
}
TRANSLATION = (
    "Move all kinks together: b_l by eps_l t/sqrt(m), which moves the network by t/sqrt(m). The second derivative of R_n"
    " along that unit vector is (2/m) E[s'^2 + f s''] in the sense of distributions, and integration by parts against each"
    " Gaussian gives E_i[s'^2 + f s''] = E_i[(Y - mu x_i) f s']/sigma^2 - E_i s'/sigma^2, since f' = s' + 1/sigma^2. By"
    " Cauchy-Schwarz -E s' >= 1/sigma^2 - sqrt(R)/sigma and |E (Y - mu x_i) f s'| <= A sigma sqrt(R)."
)


def _cubic() -> tuple[Any, Any, Any, Any]:
    """Return y, the variance, a cubic score s and f = s + y/sigma^2, symbolic."""
    import sympy

    y, variance = sympy.Symbol("y", real=True), sympy.Symbol("v", positive=True)
    a, b, c, d = sympy.symbols("a b c d", real=True)
    s = a + b * y + c * y**2 + d * y**3
    return y, variance, s, s + y / variance


def _by_parts() -> Any:
    import sympy

    y, v, s, f = _cubic()
    first, second = sympy.diff(s, y), sympy.diff(s, y, 2)
    left = gaussian_mean(first**2 + f * second, y, v)
    return sympy.simplify(left - gaussian_mean(y / v * f * first, y, v) + gaussian_mean(first, y, v) / v)


def _stein() -> Any:
    import sympy

    y, v, _, f = _cubic()
    return sympy.simplify(gaussian_mean(sympy.diff(f, y), y, v) - gaussian_mean(y / v * f, y, v))


def _monotone() -> Any:
    import sympy

    a, sigma = sympy.symbols("a sigma", positive=True)
    value = -10 * sympy.log(sigma) - a**2 / (8 * sigma**2)
    return sympy.simplify(sigma * sympy.diff(value, sigma) - (a**2 / (4 * sigma**2) - 10))


def _decomposition() -> Any:
    import sympy

    s, u, v, p = sympy.symbols("s u v p", real=True)
    optimal = -(p * u + (1 - p) * v)

    def risk(t: Any) -> Any:
        return p * (t + u) ** 2 + (1 - p) * (t + v) ** 2

    return sympy.expand(risk(s) - risk(optimal) - (s - optimal) ** 2)


def _pathwise_share(arithmetic: Any, _case: int) -> tuple[Number, Number]:
    one = arithmetic.number(1)
    return (1 - 1 / sqrt(2 * one)) * (1 - 1 / sqrt(2 * one)), one / 16


reading_sharp = Inequality(
    id="wu2025.theorem-8.reading-sharp",
    title="the sharpness of any network of small risk",
    says=(
        "Ours: for every n, every sample and every network of slope at most A, m lambda_max/2 >= 1/sigma^4 -"
        " (sqrt(R)/sigma)(1/sigma^2 + A). A minimum that (8) allows at eta > 2 sigma^4 has R >= sigma^2/(4 (1 + A sigma^2)^2"
        " sigma^4): the threshold is sigma^4, not sigma^2, no spacing enters, and A enters by its square. Tight as the risk"
        " tends to 0 for one steep neuron a side."
    ),
    formula=r"\frac m2\lambda_{\max}(\nabla^2R_n(\theta))\ge\frac1{\sigma^4}"
    r"-\frac{\sqrt{R_n(\theta)}}\sigma\Big(\frac1{\sigma^2}+A\Big)",
    source="ours; the sharper form of Theorem 8",
    instance=BoundedNetwork,
    instances=lambda draw, in_force: _slope_bounded(draw, in_force),
    hypotheses=(*NETWORK, within),
    ours=True,
    left=half_sharpness,
    relation=">=",
    right=lambda p, c: c.c * curvature_bound(p),
    constants={"c": Fraction(1)},
    cost=5,
    instruments=("extreme eigenvalues@1e2",),
    gallery=(
        CLOSE,
        {name: value for name, value in ZERO.items() if name != "limit"},
        {
            "x": [-20, 20],
            "mu": "1/2",
            "sigma": "1/2",
            "kinks": [6, -6, 3, -3],
            "directions": [1, -1, 1, -1],
            "weights": [-32, 32, 16, -16],
            "multiplicities": [1, 1, 1, 1],
            "bound": 32,
        },
    ),
    proof=Proof(
        set="every n >= 1, every sample, mu, sigma > 0 and every network whose slope is at most A in size",
        argument=TRANSLATION,
        steps=(identity("E[s'^2 + f s''] = E[(y/sigma^2) f s'] - E s'/sigma^2 for cubic s", _by_parts),),
    ),
    mutants=(
        past_the_slack("c"),
        changed("no term for the risk", right=lambda p, c: 1 / (p.sigma * p.sigma * p.sigma * p.sigma)),
        changed("sigma^5 for sigma^4", right=lambda p, c: curvature_bound(p) / p.sigma),
        changed("a 4096th of the curvature", left=lambda p: half_sharpness(p) / 4096),
    ),
)


def _slope_bounded(draw: Draw, in_force: frozenset[str]) -> BoundedNetwork:
    base = draw_any_network(draw, in_force)
    return bounded(base, max(abs(weight) for weight in base.weights))


def curvature_bound(p: Any) -> Number:
    r"""Return :math:`\frac1{\sigma^4}-\frac{\sqrt{R_n}}\sigma(\frac1{\sigma^2}+L)` with the slope L of the network for A."""
    square = p.sigma * p.sigma
    risk = maximum(network_risk(p), 0 * p.sigma)
    return 1 / (square * square) - sqrt(risk) / p.sigma * (1 / square + lipschitz_constant(p))


def mean_slope_bound(p: Any) -> Number:
    r"""Return :math:`\frac1{\sigma^4}(1-\sigma\sqrt{R_n})_+^2`."""
    risk = maximum(network_risk(p), 0 * p.sigma)
    share = maximum(1 - p.sigma * sqrt(risk), 0 * p.sigma)
    square = p.sigma * p.sigma
    return share * share / (square * square)


reading_linearised = replace(
    reading_sharp,
    id="wu2025.theorem-8.reading-linearised",
    title="the pathwise curvature of any network of small risk",
    says=(
        "Ours: m lambda_max(nabla^2 R_n - D)/2 >= (1 - sigma sqrt(R))_+^2/sigma^4 for every n, sample and network. So where"
        " (7) is linearly stable, R_n >= (1 - sigma^2/sqrt(eta))_+^2/sigma^2: for eta >= 4 sigma^4 a quarter of the risk of"
        " doing nothing at least. No bound on the weights, no spacing, no sigma_0."
    ),
    formula=r"\frac m2\lambda_{\max}(\nabla^2R_n-D)\ge\frac1{\sigma^4}\big(1-\sigma\sqrt{R_n}\big)_+^2"
    r"\quad\Rightarrow\quad R_n(\theta^\star)\ge\frac1{\sigma^2}\Big(1-\frac{\sigma^2}{\sqrt\eta}\Big)_+^2",
    source="ours; Theorem 8 for the linearised SGD (7) as written",
    left=lambda p: half_sharpness(p, kink=0),
    right=lambda p, c: c.c * mean_slope_bound(p),
    uses=("wu2025.proposition-10.reading-translation", "wu2025.equation-8.reading-pathwise"),
    proof=Proof(
        set="every n >= 1, every sample, mu, sigma > 0 and every network",
        argument=(
            "Along the translation of all kinks G gives (2/m) E s'^2 and M nothing, as it couples w with b. E_i f' = s' +"
            " 1/sigma^2 in mean, and |E_i f'| = |E_i (Y - mu x_i) f|/sigma^2 <= sqrt(E_i f^2)/sigma, so -E s' >= 1/sigma^2 -"
            " sqrt(R)/sigma."
        ),
        steps=(
            identity("E f' = E[(y/sigma^2) f] for cubic s", _stein),
            identity("a variance is not negative (two points)", two_point_variance),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        changed("no term for the risk", right=lambda p, c: 1 / (p.sigma * p.sigma * p.sigma * p.sigma)),
        changed("sigma^5 for sigma^4", right=lambda p, c: mean_slope_bound(p) / p.sigma),
    ),
)

theorem_8 = Inequality(
    id="wu2025.theorem-8",
    title="a large learning rate forbids a small excess risk",
    says=(
        "There is sigma_0 > 0, from mu and the sample, such that for sigma <= sigma_0 and eta > 2^12 sigma^2/(mu n^2 Delta)"
        " every linearly stable minimum has excess risk above pi n^5 mu^3 Delta^3/(2^36 e^(1/2) A^4 sigma^4). True for every"
        " n >= 2, with a computable sigma_0, by our sharper theorems, whether stable means (7) or (8). The printed proof uses"
        " Propositions 6 and 10, which are false, 7, false for n = 2, and (8). Checked with R_n less our bound (10) on"
        " R_n(s*), below the excess risk. Far from tight: the bound is of order sigma^20, the risk of doing nothing sigma^-2."
    ),
    formula=r"R_n(\theta^\star)-R_n(s^\star)>\frac{\pi n^5\mu^3\Delta^3}{2^{36}e^{1/2}A^4\sigma^4}",
    source=SOURCE,
    instance=SmallNoiseNetwork,
    instances=_draw_small_noise,
    hypotheses=(*NETWORK, within, safe, below_limit, large_rate),
    hidden=(
        Hidden(
            says="n >= 10",
            where="Proposition 7, in its proof only",
            finding="not needed: true for every n >= 2 by another proof",
        ),
        Hidden(
            says="A grows like a power of 1/sigma",
            where="the choice of sigma_2 and sigma_4",
            finding="needed if stable means (8), not if it means (7); with C_n from Lemma 12 sigma_0 is computable",
        ),
    ),
    uses=(
        "wu2025.equation-8",
        "wu2025.equation-10",
        "wu2025.proposition-6",
        "wu2025.proposition-7",
        "wu2025.theorem-8.step-19",
        "wu2025.theorem-8.step-20",
    ),
    left=excess_lower_bound,
    relation=">",
    right=lambda p, c: c.c * printed_excess_bound(p, p.bound),
    constants={"c": Fraction(1)},
    cost=6,
    gallery=(ZERO,),
    proof=Proof(
        set="every n >= 2, sample, mu, sigma <= sigma_0, A = C_n/sigma^6, and minimum stable by (8) or by (7) at such an eta",
        argument=(
            "sigma_0 makes 2^12 sigma^2/(mu n^2 Delta) >= 2 sigma^4, so 1/eta <= 1/(2 sigma^4). Under (8) the sharper theorem"
            " gives R >= 1/(4 sigma^6 (A + 1/sigma^2)^2) >= 1/(16 sigma^6 A^2); under (7) the other one gives R >= (1 -"
            " 1/sqrt(2))^2/sigma^2, which is more, as A >= 1/sigma^2. Up to sigma_0 half of it exceeds R_n(s*), by (10) in"
            " our form, and half the claim. Both conditions are monotone in sigma up to mu Delta/sqrt(40)."
        ),
        steps=(
            rests_on(reading_sharp, reading_linearised, equation_8_pathwise, equation_10_sharp),
            compared("(1 - 1/sqrt(2))^2 exceeds 1/16", _pathwise_share, ">", range(1)),
            identity("sigma d/dsigma of log(sigma^-10) - a^2/(8 sigma^2) is a^2/(4 sigma^2) - 10", _monotone),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        changed("our bound on the risk of doing nothing, doubled", right=lambda p, c: 2 / (p.sigma * p.sigma)),
        without(large_rate.name, MEMORIZING),
    ),
)


def squared_distance(p: Any) -> Number:
    r"""Return :math:`\frac1n\sum_i\mathbb E(s_\theta(Y)-s^\star(Y))^2`.

    In floats by quadrature on pieces between kinks and data points. As a ball,
    :math:`\mathbb Es_\theta^2+2\mathbb Es_\theta'`, the cross term by Tweedie and Stein, plus
    :math:`\mathbb Es^{\star2}=\frac1{\sigma^2}-R_n(s^\star)` with the risk integrated as (5) is printed.

    Parameters
    ----------
    p
        A lifted network.

    Returns
    -------
    Number
        The distance.
    """
    if kind_of(p.mu) is not Kind.FLOATS:
        return quadratic_risk(p) - risk_by_definition(p)
    from numpy.polynomial.legendre import leggauss

    from theory.wu2025.score import scaled_scores

    nodes, weights = leggauss(24)
    centers = p.mu * np.asarray(p.x)
    grid = np.arange(-12.0, 12.25, 0.5) * p.sigma
    edges = np.unique(np.concatenate([(centers[:, None] + grid).ravel(), np.asarray(p.kinks)]))
    middle, half = (edges[1:] + edges[:-1]) / 2, (edges[1:] - edges[:-1]) / 2
    near = np.min(np.abs(middle[:, None] - centers), axis=1) < 12.5 * p.sigma
    y = (middle[near, None] + half[near, None] * nodes).ravel()
    w = (half[near, None] * weights).ravel()
    density = total(normal_density((y[:, None] - centers) / p.sigma)) / (p.n * p.sigma)
    values = np.array([network(p, value) for value in y])
    return float(np.sum(w * density * (values - scaled_scores(p, y).score / p.sigma**2) ** 2))


part_b = Identity(
    id="wu2025.theorem-8.part-b",
    title="the excess risk is a squared distance",
    says="R_n(theta) - R_n(s*) is the mean of (s_theta(Y) - s*(Y))^2 over the noised sample.",
    formula=r"R_n(\theta)-R_n(s^\star)=\frac1n\sum_i\mathbb E\big(s_\theta(Y)-s^\star(Y)\big)^2",
    source=f"{PAPER}, after Theorem 8, page 10",
    instance=NetworkProblem,
    instances=lambda draw, in_force: draw_design(draw, draw_sample(draw, least=2.0, most=8.0, most_points=2), most_groups=1),
    hypotheses=NETWORK,
    left=excess_risk,
    right=lambda p, c: squared_distance(p),
    cost=20,
    instruments=("ball integration@1e-2", "quadrature@1e-4"),
    proof=Proof(
        set="every sample and square-integrable score",
        argument="s* is the conditional mean of -(Y - mu X)/sigma^2 given Y, so that the cross term vanishes.",
        steps=(identity("the decomposition of a mean square about the mean (two points)", _decomposition),),
    ),
    mutants=(changed("R_n(theta) alone", left=network_risk),),
)
