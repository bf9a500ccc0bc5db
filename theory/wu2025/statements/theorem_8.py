"""Theorem 8: large learning rates forbid small excess risk. Its steps, a computable sigma_0, and sharper theorems."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from numerics.arithmetic import Kind, Number, cube_root, exp, kind_of, log, maximum, normal_density, pi, sqrt, total
from theory.statement import (
    Draw,
    Erratum,
    Hidden,
    Hypothesis,
    Identity,
    Inequality,
    Instance,
    Proof,
    changed,
    past_the_slack,
    without,
)
from theory.wu2025.curvature import network_risk, quadratic_risk, sharpness
from theory.wu2025.designs import draw_design, draw_sample, rounded
from theory.wu2025.irregularity import empirical_risk, risk_by_definition
from theory.wu2025.networks import NetworkProblem, from_neurons, lipschitz_constant, network, network_class
from theory.wu2025.proofs import compared, gaussian_mean, identity, rests_on, two_point_variance
from theory.wu2025.setting import PAPER, SETTING, ScoreProblem, draw_gaps
from theory.wu2025.statements.proposition_6 import BoundedNetwork, bounded, draw_any_network, within
from theory.wu2025.threshold import (
    exact_sigma_0,
    optimal_risk_bound,
    printed_excess_bound,
    printed_threshold,
    safe_bound,
)

SOURCE = f"{PAPER}, Theorem 8, page 10"
STEPS = f"{PAPER}, proof of Theorem 8, pages 31-32"
NETWORK = (*SETTING, network_class)


def half_sharpness(p: Any, *, kink: int = 1) -> Number:
    r"""Return :math:`\frac m2\lambda_{\max}(\nabla^2R_n)`, the inverse of the largest learning rate that (8) allows."""
    return sharpness(p, kink=kink) * p.width / 2


large_rate = Hypothesis(
    name="eta large",
    says="(8) holds with some eta > 2^12 sigma^2/(mu n^2 Delta): m lambda_max/2 < mu n^2 Delta/(2^12 sigma^2)",
    holds=lambda p: (half_sharpness(p) * printed_threshold(p), "<", 0 * p.mu + 1),
)
safe = Hypothesis(
    name="A = C_n/sigma^6",
    says="A >= C_n/sigma^6, C_n >= 1 from Lemma 12",
    holds=lambda p: (p.bound, ">=", safe_bound(p)),
    standing=True,
)


def _sigma_0(p: Any) -> Number:
    exact = getattr(p, "exact_limit", None)
    return exact if exact is not None else float(exact_sigma_0(ScoreProblem(x=p.x, mu=p.mu, sigma=p.sigma)))


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
    fields = {item.name: getattr(bounded(base, bound), item.name) for item in dataclasses.fields(BoundedNetwork)}
    return SmallNoiseNetwork(**fields, limit=limit)


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
    "bound": 10**14,
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
    "bound": 10**15,
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


def _symbols() -> Any:
    import sympy

    return sympy.symbols("n mu Delta L sigma A", positive=True)


def _edge(power: int) -> Any:
    import sympy

    n, mu, delta, _, sigma, a = _symbols()
    return sympy.pi * n**5 * mu**3 * delta**3 / (2**power * sympy.sqrt(sympy.E) * a**4 * sigma**4)


def _second_condition() -> Any:
    import sympy

    n, mu, delta, length, sigma, a = _symbols()
    condition = sympy.pi * n**5 * mu * delta**3 / (2**38 * sympy.sqrt(sympy.E) * length**2 * a**4)
    return sympy.simplify(4 * mu**2 * length**2 / sigma**4 * condition / _edge(36) - 1)


def _third_constant(arithmetic: Any, _case: int) -> tuple[Number, Number]:
    one = arithmetic.number(1)
    return 32 * sqrt(2 * one) * pi(one), 2**35 * exp(one / 2)


def _third_term() -> Any:
    import sympy

    n, mu, delta, _, sigma, a = _symbols()
    cubed = sympy.sqrt(sympy.E) * a**4 * n * _edge(35) / (2 * sympy.pi * sigma**2)
    return sympy.simplify(cubed / (mu * n**2 * delta / (2**12 * sigma**2)) ** 3 - 1)


def _second_term() -> Any:
    import sympy

    n, mu, delta, _, sigma, a = _symbols()
    least = sympy.pi * n * mu * delta / (2**11 * sympy.sqrt(sympy.E))
    squared = (_edge(35) / 4).subs(a, least ** sympy.Rational(1, 4))
    return sympy.simplify(squared / (mu * n**2 * delta / (2**13 * sigma**2)) ** 2 - 1)


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
        changed("the spacing rate sigma^2 times 4096", left=lambda p: half_sharpness(p) / 4096),
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
    formula=r"R_n(\theta^\star)\ge\frac1{\sigma^2}\Big(1-\frac{\sigma^2}{\sqrt\eta}\Big)_+^2",
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
        " every minimum that (8) allows has excess risk above pi n^5 mu^3 Delta^3/(2^36 e^(1/2) A^4 sigma^4). True for every"
        " n >= 2, with a computable sigma_0, by our sharper theorem; the printed proof uses Propositions 6 and 10, which are"
        " false, 7, false for n = 2, and (8). Far from tight: the bound is of order sigma^20 with A = C_n/sigma^6, the risk"
        " of doing nothing is sigma^-2."
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
            finding="needed for sigma_0 to exist; A = C_n/sigma^6 with C_n from Lemma 12 makes it computable",
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
        set="every n >= 2, every sample, mu, sigma <= sigma_0, A = C_n/sigma^6, every network that (8) allows at such an eta",
        argument=(
            "sigma_0 makes 2^12 sigma^2/(mu n^2 Delta) >= 2 sigma^4, so m lambda_max/2 <= 1/(2 sigma^4) and by the sharper"
            " theorem R >= 1/(4 sigma^6 (A + 1/sigma^2)^2) >= 1/(16 sigma^6 A^2). Up to sigma_0 half of it exceeds R_n(s*),"
            " by (10) in our form, and half the claim. Both conditions are monotone in sigma up to mu Delta/sqrt(40)."
        ),
        steps=(
            rests_on(reading_sharp),
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


@dataclass(frozen=True, kw_only=True)
class ChainProblem(Instance):
    r"""The numbers that the proof of Theorem 8 handles.

    Parameters
    ----------
    n
        The sample size.
    mu, delta, range, sigma, bound, risk
        :math:`\mu`, :math:`\Delta`, :math:`x_n-x_1`, :math:`\sigma`, A, and :math:`R_n(\theta^\star)`.
    """

    n: int
    mu: Number
    delta: Number
    range: Number
    sigma: Number
    bound: Number
    risk: Number


def claim_bound(p: Any, power: int = 36) -> Number:
    r"""Return :math:`\frac{\pi n^5\mu^3\Delta^3}{2^ke^{1/2}A^4\sigma^4}`, k = 36 in the claim and 35 in (19)."""
    length = p.mu * p.delta
    square = p.bound * p.bound * p.sigma * p.sigma
    return pi(p.mu) * p.n**5 * length * length * length / (2**power * exp((0 * p.mu + 1) / 2) * square * square)


def rate_scale(p: Any) -> Number:
    r"""Return :math:`\mu n^2\Delta/\sigma^2`."""
    return p.mu * p.n**2 * p.delta / (p.sigma * p.sigma)


numbers = Hypothesis(
    name="positive numbers",
    says="n >= 2; mu, sigma in (0, 1); Delta, A > 0; x_n - x_1 >= (n - 1) Delta; R >= 0",
    holds=lambda p: [
        (p.n, ">=", 2),
        (p.mu, ">", 0 * p.mu),
        (p.mu, "<", 0 * p.mu + 1),
        (p.sigma, ">", 0 * p.mu),
        (p.sigma, "<", 0 * p.mu + 1),
        (p.delta, ">", 0 * p.mu),
        (p.bound, ">", 0 * p.mu),
        (p.range, ">=", (p.n - 1) * p.delta),
        (p.risk, ">=", 0 * p.mu),
    ],
    standing=True,
)
steep = Hypothesis(
    name="A >= 1/sigma^2",
    says="A >= 1/sigma^2",
    holds=lambda p: (p.bound * p.sigma * p.sigma, ">=", 0 * p.mu + 1),
)
safe_power = Hypothesis(
    name="A >= 1/sigma^6",
    says="A = C_n/sigma^6 with C_n >= 1",
    holds=lambda p: (p.bound * p.sigma * p.sigma * p.sigma * p.sigma * p.sigma * p.sigma, ">=", 0 * p.mu + 1),
)
by_definition = Hypothesis(
    name="A >= mu^2 Delta^2/(2 sigma^4)",
    says="A >= mu^2 Delta^2/(2 sigma^4), which C_n/sigma^6 >= 2 int|s*''| implies for mu Delta >= 8 sigma",
    holds=lambda p: (2 * p.bound * p.sigma * p.sigma * p.sigma * p.sigma, ">=", p.mu * p.mu * p.delta * p.delta),
)
fine = Hypothesis(name="sigma <= 1/n", says="sigma <= 1/n", holds=lambda p: (p.n * p.sigma, "<=", 0 * p.mu + 1))
equation_19 = Hypothesis(
    name="(19)",
    says="R <= pi n^5 mu^3 Delta^3/(2^35 e^(1/2) A^4 sigma^4)",
    holds=lambda p: (p.risk, "<=", claim_bound(p, 35)),
)
equation_20 = Hypothesis(
    name="(20)",
    says="R <= 1/(16 n sigma^2)",
    holds=lambda p: (16 * p.n * p.sigma * p.sigma * p.risk, "<=", 0 * p.mu + 1),
)
sigma_2_printed = Hypothesis(
    name="sigma <= sigma_2, as printed",
    says="exp(-mu^2 Delta^2/32 sigma^2) <= pi n^5 mu/(2^38 e^(1/2) (x_n - x_1)^2 A^4)",
    holds=lambda p: (_log_left(p), "<=", _log_right(p, 0)),
)
sigma_2_repaired = Hypothesis(
    name="sigma <= sigma_2, repaired",
    says="exp(-mu^2 Delta^2/32 sigma^2) <= pi n^5 mu Delta^3/(2^38 e^(1/2) (x_n - x_1)^2 A^4)",
    holds=lambda p: (_log_left(p), "<=", _log_right(p, 3)),
)


def _log_left(p: Any) -> Number:
    ratio = p.mu * p.delta / p.sigma
    return -ratio * ratio / 32


def _log_right(p: Any, power: int) -> Number:
    one = 0 * p.mu + 1
    logs = log(pi(p.mu)) + 5 * log(one * p.n) + log(p.mu) + power * log(p.delta) - 2 * log(p.range) - 4 * log(p.bound)
    return logs - 38 * log(2 * one) - one / 2


def _draw_chain(draw: Draw, in_force: frozenset[str]) -> ChainProblem:
    n = draw.integer(2, 12)
    mu = rounded(draw.real(0.05, 0.95), 3)
    sigma = rounded(draw.positive(0.003, 0.9), 3)
    if fine.name in in_force:
        sigma = min(sigma, Fraction(1, n)) if draw.choice((0, 1)) else Fraction(1, n)
    delta = rounded(draw.positive(0.01, 1000.0), 3)
    least = [Fraction(1, 1000)]
    for name, value in (
        (steep.name, 1 / sigma**2),
        (safe_power.name, 1 / sigma**6),
        (by_definition.name, mu**2 * delta**2 / (2 * sigma**4)),
        ("sigma <= sigma_4", rounded(1.001 * float(n * mu * delta / 1074) ** 0.25, 6)),
    ):
        if name in in_force:
            least.append(value)
    bound = max(least) * (draw.choice((0, 1)) * rounded(draw.positive(0.01, 100.0), 3) + 1)
    length = (n - 1) * delta * (draw.choice((0, 1)) * rounded(draw.positive(0.01, 10.0), 3) + 1)
    problem = ChainProblem(n=n, mu=mu, delta=delta, range=length, sigma=sigma, bound=bound, risk=Fraction(0))
    return replace(problem, risk=_draw_risk(draw, problem, in_force))


def _draw_risk(draw: Draw, p: ChainProblem, in_force: frozenset[str]) -> Fraction:
    from numerics.arithmetic import FLOATS

    limits = [4.0 / float(p.sigma) ** 2]
    if equation_19.name in in_force:
        limits.append(float(claim_bound(p.lift(FLOATS), 35)))
    if equation_20.name in in_force:
        limits.append(1.0 / (16 * p.n * float(p.sigma) ** 2))
    return rounded(min(limits) * draw.choice((1.0, 0.5, 1e-3)) * (1 - 1e-9), 12)


CHAIN = {"n": 2, "mu": "1/2", "delta": 1, "range": 1, "sigma": "1/50", "bound": 10**11, "risk": 0}


def _scalar(**fields: Any) -> Inequality:
    base = Inequality(
        id="wu2025.theorem-8.step-19",
        title="(19), from the printed condition on sigma_2",
        says="",
        formula="",
        source=STEPS,
        instance=ChainProblem,
        instances=_draw_chain,
        left=lambda p: p.risk,
        relation="<=",
        right=lambda p, c: p.risk,
        hypotheses=(numbers,),
        cost=3,
    )
    return replace(base, **fields)


def corollary_bound(p: Any) -> Number:
    r"""Return :math:`\frac{4\mu^2(x_n-x_1)^2}{\sigma^4}e^{-\mu^2\Delta^2/32\sigma^2}`, the right side of (10)."""
    square = p.sigma * p.sigma
    scale = p.mu * p.range / square
    return 4 * scale * scale * exp(_log_left(p))


def _draw_second(power: int) -> Any:
    """Return a generator at the edge of the condition on sigma_2 with the given power of Delta."""

    def build(draw: Draw, in_force: frozenset[str]) -> ChainProblem:
        from numerics.arithmetic import FLOATS

        base = _draw_chain(draw, in_force)
        base = replace(base, delta=rounded(draw.positive(0.05, 20.0), 3))
        base = replace(base, range=(base.n - 1) * base.delta, bound=1 / base.sigma**6)
        # Shrink sigma, with A = 1/sigma^6, until the condition holds: the exponential wins.
        for _ in range(60):
            lifted = base.lift(FLOATS)
            if _log_left(lifted) <= _log_right(lifted, power) - 1e-9:
                break
            sigma = rounded(float(base.sigma) * 0.85, 4)
            base = replace(base, sigma=sigma, bound=1 / sigma**6)
        return base

    return build


step_19 = _scalar(
    says=(
        "exp(-mu^2 Delta^2/32 sigma^2) <= pi n^5 mu/(2^38 e^(1/2) (x_n - x_1)^2 A^4) is said to make (10) at most the claimed"
        " bound, hence (19). Delta^3 is missing: for Delta < 1 it does not, for Delta > 1 it asks too much."
    ),
    formula=r"e^{-\mu^2\Delta^2/32\sigma^2}\le\frac{\pi n^5\mu}{2^{38}e^{1/2}(x_n-x_1)^2A^4}"
    r"\Rightarrow\frac{4\mu^2(x_n-x_1)^2}{\sigma^4}e^{-\mu^2\Delta^2/32\sigma^2}"
    r"\le\frac{\pi n^5\mu^3\Delta^3}{2^{36}e^{1/2}A^4\sigma^4}",
    instances=_draw_second(0),
    hypotheses=(numbers, steep, sigma_2_printed),
    left=corollary_bound,
    right=lambda p, c: claim_bound(p),
    erratum=Erratum(
        wrong="Delta^3 is missing on the right side of the condition.",
        line="the display after 'By rearranging terms', page 31",
        counterexample={
            "n": 2,
            "mu": "1/2",
            "delta": "1/10",
            "range": "1/10",
            "sigma": "1/1000",
            "bound": 3 * 10**6,
            "risk": 0,
        },
        repaired="wu2025.theorem-8.reading-repaired.step-19",
    ),
)
step_19_repaired = replace(
    step_19,
    id="wu2025.theorem-8.reading-repaired.step-19",
    title="(19), from the repaired condition on sigma_2",
    says="With Delta^3 on the right side of the condition the implication is an identity.",
    source="ours; repairs the condition on sigma_2 in the proof of Theorem 8",
    ours=True,
    instances=_draw_second(3),
    hypotheses=(numbers, steep, sigma_2_repaired),
    erratum=None,
    right=lambda p, c: c.c * claim_bound(p),
    constants={"c": Fraction(1)},
    gallery=({"n": 2, "mu": "1/2", "delta": "1/10", "range": "1/10", "sigma": "1/2000", "bound": 10**15, "risk": 0},),
    proof=Proof(
        set="all positive numbers",
        argument="Multiply by 4 mu^2 (x_n - x_1)^2/sigma^4.",
        steps=(identity("the constants agree", _second_condition),),
    ),
    mutants=(past_the_slack("c"), changed("the printed condition", hypotheses=step_19.hypotheses, instances=step_19.instances)),
)
step_20 = _scalar(
    id="wu2025.theorem-8.step-20",
    title="(20), from (19) and sigma <= 1/n",
    says=(
        "(19) is said to imply R <= 1/(16 n sigma^2) for sigma <= 1/n. With C_n >= 1 alone it does not when Delta is large;"
        " with what C_n is chosen for it does."
    ),
    formula=r"(19),\ \sigma\le\frac1n\ \Rightarrow\ R_n(\theta^\star)\le\frac1{16n\sigma^2}",
    hypotheses=(numbers, steep, safe_power, fine, equation_19),
    right=lambda p, c: c.c / (p.n * p.sigma * p.sigma),
    constants={"c": Fraction(1, 16)},
    erratum=Erratum(
        wrong="sigma_3 = 1/n does not bound Delta^3; the size of C_n, which grows with the sample, is needed.",
        line="'(19) implies in particular that, for sigma <= sigma_3 := 1/n', page 31",
        counterexample={"n": 2, "mu": "1/2", "delta": 10**5, "range": 10**5, "sigma": "1/2", "bound": 64, "risk": "13/100"},
        repaired="wu2025.theorem-8.reading-repaired.step-20",
    ),
)
step_20_repaired = replace(
    step_20,
    id="wu2025.theorem-8.reading-repaired.step-20",
    title="(20), from (19), sigma <= 1/n and the definition of C_n",
    says="With A >= mu^2 Delta^2/(2 sigma^4) as well, (19) implies (20).",
    source="ours; repairs a line of the proof of Theorem 8",
    ours=True,
    hypotheses=(numbers, steep, safe_power, by_definition, fine, equation_19),
    erratum=None,
    gallery=({"n": 2, "mu": "1/2", "delta": 100, "range": 100, "sigma": "1/2", "bound": 20000, "risk": 0},),
    proof=Proof(
        set="all n >= 2, sigma <= 1/n, A >= max(1/sigma^6, mu^2 Delta^2/(2 sigma^4))",
        argument=(
            "A^4 >= (1/sigma^6)^(5/2) (mu^2 Delta^2/(2 sigma^4))^(3/2) cancels mu^3 Delta^3, and n^6 sigma^6 <= 1; what is"
            " left is below 16 pi 2^(3/2)/(2^35 e^(1/2)) < 1."
        ),
        steps=(compared("16 pi 2^(3/2) is below 2^35 e^(1/2)", _third_constant, "<", range(1)),),
    ),
    mutants=(past_the_slack("c"), without(by_definition.name, step_20.erratum.counterexample if step_20.erratum else {})),
)
step_21 = _scalar(
    id="wu2025.theorem-8.step-21",
    title="the cube root dominates",
    says="(20) and A >= 1/sigma^2 give sqrt(2nR) <= (sqrt(2 pi e) A sigma n R)^(1/3).",
    formula=r"\sqrt{2nR}\le(\sqrt{2\pi e}A\sigma nR)^{1/3}",
    hypotheses=(numbers, steep, equation_20),
    left=lambda p: sqrt(2 * p.n * p.risk),
    right=lambda p, c: c.c * cube_term(p),
    constants={"c": Fraction(1)},
    gallery=({**CHAIN, "bound": 2500, "risk": 78},),
    proof=Proof(
        set="all n, sigma, A >= 1/sigma^2, R <= 1/(16 n sigma^2)",
        argument="Equivalent to R <= pi e A^2 sigma^2/(4n), and 1/16 <= pi e/4.",
        steps=(
            compared(
                "1/16 is below pi e/4", lambda a, _k: (a.number("1/16"), pi(a.number(1)) * exp(a.number(1)) / 4), "<", range(1)
            ),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        without(equation_20.name, {**CHAIN, "bound": 2500, "risk": 10**5}),
        without(steep.name, {**CHAIN, "bound": 1, "risk": 78}),
    ),
)


def cube_term(p: Any) -> Number:
    r"""Return :math:`(\sqrt{2\pi e}A\sigma nR)^{1/3}`."""
    return cube_root(sqrt(2 * pi(p.mu) * exp(0 * p.mu + 1)) * p.bound * p.sigma * p.n * p.risk)


def rewritten(p: Any, c: Any) -> Number:
    r"""Return :math:`\frac{e^{1/6}A^{4/3}n^{1/3}R^{1/3}}{(2\pi)^{1/3}\sigma^{2/3}}`."""
    del c
    fourth = p.bound * p.bound * p.bound * p.bound
    inside = exp((0 * p.mu + 1) / 2) * fourth * p.n * p.risk / (2 * pi(p.mu) * p.sigma * p.sigma)
    return cube_root(inside)


step_22 = Identity(
    id="wu2025.theorem-8.step-22",
    title="the third term, rewritten",
    says="A/(sqrt(2 pi) sigma) (sqrt(2 pi e) A sigma n R)^(1/3) = e^(1/6) A^(4/3) n^(1/3) R^(1/3)/((2 pi)^(1/3) sigma^(2/3)).",
    formula=r"\frac A{\sqrt{2\pi}\sigma}(\sqrt{2\pi e}A\sigma nR)^{1/3}"
    r"=\frac{e^{1/6}A^{4/3}n^{1/3}R^{1/3}}{(2\pi)^{1/3}\sigma^{2/3}}",
    source=STEPS,
    instance=ChainProblem,
    instances=_draw_chain,
    hypotheses=(numbers,),
    left=lambda p: p.bound / (sqrt(2 * pi(p.mu)) * p.sigma) * cube_term(p),
    right=rewritten,
    gallery=({**CHAIN, "risk": 1},),
    mutants=(changed("no e", right=lambda p, c: rewritten(p, c) / exp((0 * p.mu + 1) / 6)),),
)
step_23 = _scalar(
    id="wu2025.theorem-8.step-23",
    title="the third term under (19)",
    says="(19) makes the third term at most mu n^2 Delta/(2^12 sigma^2), with equality at its edge.",
    formula=r"\frac{e^{1/6}A^{4/3}n^{1/3}R^{1/3}}{(2\pi)^{1/3}\sigma^{2/3}}\le\frac{\mu n^2\Delta}{2^{12}\sigma^2}",
    hypotheses=(numbers, equation_19),
    left=lambda p: rewritten(p, None),
    right=lambda p, c: c.c * rate_scale(p),
    constants={"c": Fraction(1, 2**12)},
    proof=Proof(
        set="all positive numbers",
        argument="At the edge of (19) the powers of two and all constants cancel exactly.",
        steps=(identity("cubed, both sides agree at the edge", _third_term),),
    ),
    mutants=(past_the_slack("c"), without(equation_19.name, {**CHAIN, "risk": 1})),
)
step_24 = _scalar(
    id="wu2025.theorem-8.step-24",
    title="the second term, and sigma_4",
    says=(
        "sigma_4 with sqrt(R)/2 <= mu n^2 Delta/(2^13 sigma^2) exists under (19). Explicitly: it holds as soon as A^4 >= pi n"
        " mu Delta/(2^11 e^(1/2))."
    ),
    formula=r"\frac12\sqrt{R_n(\theta^\star)}\le\frac{\mu n^2\Delta}{2^{13}\sigma^2}",
    hypotheses=(
        numbers,
        equation_19,
        Hypothesis(
            name="sigma <= sigma_4",
            says="A^4 >= pi n mu Delta/(2^11 e^(1/2)), computable from A = C_n/sigma^6",
            holds=lambda p: (fourth_power(p), ">=", pi(p.mu) * p.n * p.mu * p.delta / (2**11 * exp((0 * p.mu + 1) / 2))),
        ),
    ),
    left=lambda p: sqrt(p.risk) / 2,
    right=lambda p, c: c.c * rate_scale(p),
    constants={"c": Fraction(1, 2**13)},
    gallery=({**CHAIN, "sigma": "1/2", "bound": "7/40", "risk": "378/100000000"},),
    proof=Proof(
        set="all positive numbers",
        argument="Square both sides at the edge of (19).",
        steps=(identity("squared, both sides agree at both edges", _second_term),),
    ),
    mutants=(
        past_the_slack("c"),
        without("sigma <= sigma_4", {**CHAIN, "bound": "1/100", "risk": 10**9}),
    ),
)


def fourth_power(p: Any) -> Number:
    """Return the fourth power of A."""
    return p.bound * p.bound * p.bound * p.bound


step_25 = Identity(
    id="wu2025.theorem-8.step-25",
    title="the last line",
    says="1/2^11 - 1/2^13 - 1/2^12 = 1/2^13, so that 1/(2 eta) >= mu n^2 Delta/(2^13 sigma^2).",
    formula=r"\frac1{2\eta}+\frac{\mu n^2\Delta}{2^{13}\sigma^2}+\frac{\mu n^2\Delta}{2^{12}\sigma^2}"
    r"\ge\frac{\mu n^2\Delta}{2^{11}\sigma^2}\iff\eta\le\frac{2^{12}\sigma^2}{\mu n^2\Delta}",
    source=STEPS,
    instance=ChainProblem,
    instances=_draw_chain,
    hypotheses=(numbers,),
    left=lambda p: rate_scale(p) / 2**11 - rate_scale(p) / 2**13 - rate_scale(p) / 2**12,
    right=lambda p, c: rate_scale(p) / 2**13,
    gallery=(CHAIN,),
    mutants=(changed("2^12, as the printed proof of Proposition 7 gives", left=lambda p: rate_scale(p) * (1 - 1 - 2) / 2**13),),
)
