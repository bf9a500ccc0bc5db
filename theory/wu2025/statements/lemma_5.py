"""Lemma 5: the risk of a network is twice differentiable; the sign of the kink term in its proof is wrong for direction 1."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Number, balls, normal_density, total
from theory.proofs import identity
from theory.statement import Draw, Erratum, Fault, Hypothesis, Identity, Limit, Proof, changed
from theory.wu2025.curvature import curvature, quadratic_risk
from theory.wu2025.designs import ONE_NEURON, draw_network, draw_single_neurons, rounded
from theory.wu2025.networks import NetworkProblem, network, network_class
from theory.wu2025.setting import PAPER, SETTING, Numbers

SOURCE = f"{PAPER}, Lemma 5, page 9, and its proof, pages 24-26"
BITS = 320
NETWORK = (*SETTING, network_class)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LineProblem(NetworkProblem):
    r"""A network and a direction in parameter space.

    Parameters
    ----------
    along_weights, along_biases
        The direction :math:`v`, one entry a neuron for w and for b.
    """

    along_weights: Numbers
    along_biases: Numbers


def draw_line(draw: Draw, in_force: frozenset[str]) -> LineProblem:
    """Draw a network of single neurons and a direction."""
    base = draw_single_neurons(draw, in_force)
    steps = [tuple(rounded(draw.real(-1.0, 1.0), 3) for _ in base.kinks) for _ in range(2)]
    return LineProblem.extending(base, along_weights=steps[0], along_biases=steps[1])


def moved(p: Any, t: Number) -> NetworkProblem:
    r"""Return the network at :math:`\theta+tv`, its coinciding kinks not tracked.

    Parameters
    ----------
    p
        A lifted problem.
    t
        The step.

    Returns
    -------
    NetworkProblem
        The lifted network.
    """
    biases = np.asarray(p.biases) + t * np.asarray(p.along_biases)
    return NetworkProblem(
        x=p.x,
        mu=p.mu,
        sigma=p.sigma,
        kinks=-p.signs * biases,
        directions=p.directions,
        weights=np.asarray(p.weights) + t * np.asarray(p.along_weights),
        multiplicities=p.multiplicities,
    )


def _risks(p: Any, scale: Number) -> tuple[Any, Any, Any, Any]:
    """Return the risks at -t, 0, t for t = 1/scale, in balls, since differences of floats lose the rate; and t."""
    names = ("x", "kinks", "directions", "weights", "multiplicities", "along_weights", "along_biases")
    exact = {name: tuple(Fraction(float(entry)) for entry in getattr(p, name)) for name in names}
    problem = LineProblem(mu=Fraction(float(p.mu)), sigma=Fraction(float(p.sigma)), **exact)
    with balls(BITS) as arithmetic:
        lifted = problem.lift(arithmetic)
        t = 1 / arithmetic.number(Fraction(scale))
        low, middle, high = (quadratic_risk(moved(lifted, k * t)) for k in (-1, 0, 1))
        return low, middle, high, t


def second_difference(p: Any, scale: Number) -> Number:
    r"""Return :math:`(R_n(\theta+tv)-2R_n(\theta)+R_n(\theta-tv))/t^2` at :math:`t=1/` ``scale``."""
    with balls(BITS):
        low, middle, high, t = _risks(p, scale)
        return float((low - 2 * middle + high) / (t * t))


def first_difference(p: Any, scale: Number) -> Number:
    r"""Return :math:`(R_n(\theta+tv)-R_n(\theta-tv))/2t` at :math:`t=1/` ``scale``."""
    with balls(BITS):
        low, _, high, t = _risks(p, scale)
        return float((high - low) / (2 * t))


def _direction(p: Any) -> Any:
    return np.concatenate([np.asarray(p.along_weights), np.asarray(p.along_biases)])


def second_derivative(p: Any, *, kink: Any = 1) -> Number:
    r"""Return :math:`v^\top\nabla^2R_nv`, the kink term times ``kink``, one number or one a neuron."""
    parts = curvature(p)
    v, along = _direction(p), np.asarray(p.along_biases)
    smooth = total(total(v[:, None] * parts.pathwise * v))
    return smooth + total(kink * parts.kink * along * along)


def first_derivative(p: Any) -> Number:
    r"""Return :math:`v^\top\nabla R_n`, the gradient by (14)."""
    return total(curvature(p).gradient * _direction(p))


def printed_kink_term(p: Any) -> Numbers:
    r"""Return the diagonal of the third term of (15): :math:`-w^{(1)}` times the derived one."""
    return -p.signs * curvature(p).kink


def kink_term_by_definition(p: Any) -> Numbers:
    r"""Return :math:`\frac{2w_k}{mn}\sum_i(s_\theta(\tau_k)+\frac{\tau_k-\mu x_i}{\sigma^2})p_i(\tau_k)`, term by term."""
    terms = []
    for kink, weight in zip(p.kinks, p.weights, strict=True):
        offset = (kink - p.mu * np.asarray(p.x)) / p.sigma
        residual = network(p, kink) + offset / p.sigma
        terms.append(2 * weight * total(residual * normal_density(offset)) / (p.sigma * p.width * p.n))
    return np.array(terms)


def _derivative_of_active_mean() -> Any:
    import sympy

    b, c, a, y = sympy.symbols("b c a y", real=True)
    # d/db of the integral of g over (-b, oo), by its antiderivative: g affine times a Gaussian, as in (M_bb)_ll.
    g = (a + c * y) * sympy.exp(-(y**2) / 2)
    antiderivative = a * sympy.sqrt(sympy.pi / 2) * sympy.erf(y / sympy.sqrt(2)) - c * sympy.exp(-(y**2) / 2)
    at_infinity = a * sympy.sqrt(sympy.pi / 2)
    return sympy.diff(at_infinity - antiderivative.subs(y, -b), b) - g.subs(y, -b)


def _derivative_of_left_mean() -> Any:
    import sympy

    b, c, a, y = sympy.symbols("b c a y", real=True)
    g = (a + c * y) * sympy.exp(-(y**2) / 2)
    antiderivative = a * sympy.sqrt(sympy.pi / 2) * sympy.erf(y / sympy.sqrt(2)) - c * sympy.exp(-(y**2) / 2)
    return sympy.diff(antiderivative.subs(y, b) + a * sympy.sqrt(sympy.pi / 2), b) - g.subs(y, b)


BASE = {"x": [0, 1, 3], "mu": "1/2", "sigma": "1/4", "multiplicities": [1, 1, 1]}
GENERIC = {
    **BASE,
    "kinks": ["1/8", "3/4", 1],
    "directions": [1, -1, 1],
    "weights": [2, -1, "1/2"],
    "along_weights": [1, "1/2", -1],
    "along_biases": ["1/3", -1, "1/2"],
}
# Kinks on data points, one of weight 0; two kinks that coincide and are moved apart.
AT_DATA = {**GENERIC, "kinks": [0, "1/2", "3/2"], "weights": [2, -1, 0]}
COINCIDENT = {**GENERIC, "kinks": ["1/2", "1/2", 1], "directions": [1, 1, -1]}
SCALES = tuple(Fraction(4**k) for k in range(6, 14))

lemma_5 = Limit(
    id="wu2025.lemma-5",
    title="the risk of a network is twice differentiable",
    says=(
        "R_n is twice differentiable everywhere: second difference quotients tend to v^T (G + M + D) v, at kinks on data points"
        " too. The Hessian is derived anew: the printed kink term has the wrong sign for direction 1. Where no kinks coincide"
        " the error is of second order in the step."
    ),
    formula=r"R_n\in C^2(\mathbb R^{2m}),\quad\nabla^2R_n=G+M+D",
    source=SOURCE,
    instance=LineProblem,
    instances=draw_line,
    hypotheses=NETWORK,
    gallery=(GENERIC, AT_DATA, {**GENERIC, "directions": [-1, 1, -1]}),
    quantity=second_difference,
    limit=second_derivative,
    scales=SCALES,
    rate=Fraction(2),
    mutants=(
        changed("the printed sign of the kink term", limit=lambda p: second_derivative(p, kink=-p.signs)),
        changed("no kink term", limit=lambda p: second_derivative(p, kink=0)),
    ),
)

lemma_5_coincident = replace(
    lemma_5,
    id="wu2025.lemma-5.reading-coincident",
    title="the risk is not three times differentiable",
    says=(
        "Ours: where two kinks of one direction coincide and move apart the second difference still tends to the Hessian, but"
        " with an error of first order: R_n is C^2 with a Lipschitz Hessian and not C^3."
    ),
    formula=r"R_n\in C^{2,1}\setminus C^3",
    source="ours; sharpens Lemma 5",
    ours=True,
    gallery=(COINCIDENT, {**COINCIDENT, "kinks": [1, 1, "1/2"]}),
    rate=Fraction(1),
    mutants=(changed("no kink term", limit=lambda p: second_derivative(p, kink=0)), changed("order 2", rate=Fraction(2))),
)

step_1 = replace(
    lemma_5,
    id="wu2025.lemma-5.step-1",
    title="the gradient of the risk, with (14)",
    says="Difference quotients of R_n tend to (2/n) sum E[f_i grad s] with grad s as in (14).",
    formula=r"\nabla R_n=\frac2n\sum_i\mathbb E\Big[\Big(s_\theta(Y)+\frac{Y-\mu x_i}{\sigma^2}\Big)"
    r"\nabla_\theta s_\theta(Y)\Big]",
    quantity=first_difference,
    limit=first_derivative,
    scales=tuple(Fraction(4**k) for k in range(3, 10)),
    mutants=(changed("half the gradient", limit=lambda p: first_derivative(p) / 2),),
)

direction_one = Hypothesis(
    name="direction 1",
    says="every inner weight is 1",
    holds=lambda p: [(value, "==", 0 * value + 1) for value in p.directions],
    standing=True,
)
direction_minus_one = Hypothesis(
    name="direction -1",
    says="every inner weight is -1",
    holds=lambda p: [(value, "==", 0 * value - 1) for value in p.directions],
    standing=True,
)


def _drawn_with(sign: int) -> Any:
    def build(draw: Draw, in_force: frozenset[str]) -> NetworkProblem:
        base = draw_network(draw, in_force)
        return replace(base, directions=tuple(Fraction(sign) for _ in base.directions))

    return build


DERIVED = Proof(
    set="every affine residual against a Gaussian, hence every network",
    argument="The indicator is the only factor that b moves; the fundamental theorem of calculus at its end -b or b.",
    steps=(
        identity("d/db of the mean over (-b, oo) is + the integrand at -b", _derivative_of_active_mean),
        identity("d/db of the mean over (-oo, b) is + the integrand at b", _derivative_of_left_mean),
    ),
)
step_2 = Identity(
    id="wu2025.lemma-5.step-2",
    title="the kink term for direction 1, as displayed",
    says=(
        "(M_bb)_ll = -w2 f(-b) phi/(m sigma) for direction 1, as displayed. The lower limit of the integral is -b, so that its"
        " derivative in b is + the integrand: the sign is wrong."
    ),
    formula=r"(M_{bb})_{\ell\ell}=-\frac1{\sqrt{2\pi}m\sigma}w^{(2)}_\ell\Big(s_\theta(-b_\ell)"
    r"-\frac{b_\ell+\mu x_i}{\sigma^2}\Big)e^{-(b_\ell+\mu x_i)^2/2\sigma^2}",
    source=SOURCE,
    instance=NetworkProblem,
    instances=_drawn_with(1),
    hypotheses=(*NETWORK, direction_one),
    left=lambda p: curvature(p).kink,
    right=lambda p, c: printed_kink_term(p),
    cost=4,
    erratum=Erratum(
        wrong="the derivative of an integral over (-b, oo) with respect to b is plus the integrand at -b.",
        line="the second line of the display for w1 = 1, page 25",
        counterexample=ONE_NEURON,
        repaired="wu2025.lemma-5.reading-repaired",
        fault=Fault.SLIP,
    ),
)

step_3 = replace(
    step_2,
    id="wu2025.lemma-5.step-3",
    title="the kink term for direction -1",
    says="(M_bb)_ll = + w2 f(b) phi/(m sigma) for direction -1, as displayed.",
    formula=r"(M_{bb})_{\ell\ell}=\frac1{\sqrt{2\pi}m\sigma}w^{(2)}_\ell\Big(s_\theta(b_\ell)"
    r"+\frac{b_\ell-\mu x_i}{\sigma^2}\Big)e^{-(b_\ell-\mu x_i)^2/2\sigma^2}",
    instances=_drawn_with(-1),
    hypotheses=(*NETWORK, direction_minus_one),
    erratum=None,
    gallery=({**ONE_NEURON, "directions": [-1]},),
    proof=DERIVED,
    mutants=(changed("the other sign", right=lambda p, c: -printed_kink_term(p)),),
)

step_4 = replace(
    step_2,
    id="wu2025.lemma-5.step-4",
    title="the Hessian (15)-(16), as displayed",
    says="The kink term of (15) is -w1 w2 (s(tau) + ...) exp(...): right for direction -1, wrong for direction 1.",
    formula=r"\nabla^2R_n=G+M-\frac{\sqrt2}{\sqrt\pi mn\sigma}\sum_i\mathrm{diag}\big(0_m,w^{(2)}w^{(1)}"
    r"(s_\theta(\tau)+\tfrac{\tau-\mu x_i}{\sigma^2})e^{-(\tau-\mu x_i)^2/2\sigma^2}\big)",
    instances=draw_network,
    hypotheses=NETWORK,
    uses=("wu2025.lemma-5.step-2", "wu2025.lemma-5.step-3"),
)

repaired = replace(
    step_4,
    id="wu2025.lemma-5.reading-repaired",
    title="the Hessian, with the kink term repaired",
    says=(
        "The kink term is + w2 (s(tau) + ...) exp(...) for both directions. Proposition 6 only uses its size, so that the sign"
        " does no harm there; it decides whether a kink is stable."
    ),
    formula=r"D_\ell=\frac{2w^{(2)}_\ell}{mn}\sum_i\Big(s_\theta(\tau_\ell)+\frac{\tau_\ell-\mu x_i}{\sigma^2}\Big)"
    r"\frac{e^{-(\tau_\ell-\mu x_i)^2/2\sigma^2}}{\sqrt{2\pi}\,\sigma}",
    source="ours; repairs (15) in the proof of Lemma 5",
    ours=True,
    uses=("wu2025.lemma-5.step-1",),
    right=lambda p, c: kink_term_by_definition(p),
    erratum=None,
    gallery=(ONE_NEURON, {**ONE_NEURON, "directions": [-1]}),
    proof=DERIVED,
    mutants=(changed("the printed sign", right=lambda p, c: printed_kink_term(p)),),
)
