"""(7) and (8): stochastic gradient descent, its linearisation, and what linear stability bounds.

Long, since the counterexample to (8) is a critical point known by its equation, found again in every arithmetic.
"""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from typing import Any, Self

import flint
import numpy as np

from numerics.arithmetic import Arithmetic, Kind, Number, kind_of, normal_density, sqrt, total
from numerics.gaussian_tails import tail_moments
from numerics.roots import RootError, bracketed_root, isolate
from theory.proofs import identity
from theory.statement import Draw, Erratum, Fault, Hypothesis, Identity, Inequality, Proof, changed, past_the_slack, without
from theory.wu2025.curvature import curvature, largest_eigenvalue, network_risk
from theory.wu2025.designs import ONE_NEURON, draw_network, draw_single_neurons, rounded
from theory.wu2025.networks import NetworkProblem, moments_about, network_class
from theory.wu2025.setting import PAPER, SETTING, ScoreProblem
from theory.wu2025.stability import mean_square_threshold, pathwise_means, pathwise_moments, second_moment_map

SOURCE = f"{PAPER}, Section 4, page 5"


@dataclasses.dataclass(frozen=True, kw_only=True)
class BatchProblem(NetworkProblem):
    r"""A network and a batch size.

    Parameters
    ----------
    batch
        The number :math:`|B_j|` of points of a batch.
    """

    batch: int


batch_size = Hypothesis(
    name="1 <= |B| <= n",
    says="1 <= |B| <= n",
    holds=lambda p: [(p.batch, ">=", 1), (p.batch, "<=", p.n)],
    standing=True,
)
NETWORK = (*SETTING, network_class)


def _draw_batch(draw: Draw, in_force: frozenset[str]) -> BatchProblem:
    base = draw_network(draw, in_force)
    return BatchProblem.extending(base, batch=draw.integer(1, base.n))


def point_risks(p: Any) -> Any:
    r"""Return :math:`\mathbb E_i(s_\theta(Y)+\frac{Y-\mu x_i}{\sigma^2})^2` for each data point, shape ``(n,)``."""
    parts = moments_about(p, p.mu * np.asarray(p.x))
    jumps = p.counts * np.asarray(p.weights) / p.width
    square = total(total(jumps[:, None] * parts.product * jumps))
    return square + 2 * total(p.signs * jumps * parts.active) + 1 / (p.sigma * p.sigma)


def mean_batch_loss(p: Any) -> Number:
    r"""Return the mean over all subsets of ``batch`` points of the expected sum of their losses."""
    risks = point_risks(p)
    sums = [sum(risks[i] for i in subset) for subset in combinations(range(p.n), p.batch)]
    return sum(sums[1:], start=sums[0]) / len(sums)


unbiased = Identity(
    id="wu2025.equation-7.part-a",
    title="the loss of a batch is unbiased",
    says=(
        "The loss of SGD is displayed as the sum over a random subset and said to be an unbiased estimate of R_n. For a"
        " uniform subset of fixed size the sum has mean |B| R_n, so that this holds for one point only (or where each point"
        " enters with chance 1/n); with the factor 1/|B| it always does. The factor only tightens what stability bounds."
    ),
    formula=r"\mathbb E\,\hat R_j(\theta)=R_n(\theta),\quad"
    r"\hat R_j=\sum_{i\in B_j}\Big(s_\theta(Y_i)+\frac{Y_i-\mu x_i}{\sigma^2}\Big)^2",
    source=SOURCE,
    instance=BatchProblem,
    instances=_draw_batch,
    hypotheses=(*NETWORK, batch_size),
    left=mean_batch_loss,
    right=lambda p, c: network_risk(p),
    cost=4,
    erratum=Erratum(
        wrong="each point is in a uniform batch of fixed size with probability |B|/n, so that the sum has mean |B| R_n.",
        line="the definition of the loss of a batch, page 5",
        counterexample={**ONE_NEURON, "batch": 2},
        repaired="wu2025.equation-7.part-a.reading-mean",
        fault=Fault.SLIP,
    ),
)

unbiased_mean = replace(
    unbiased,
    id="wu2025.equation-7.part-a.reading-mean",
    title="the mean loss of a batch is unbiased",
    says="The loss summed over the batch and divided by |B| has mean R_n.",
    formula=r"\mathbb E\,\frac1{|B_j|}\hat R_j(\theta)=R_n(\theta)",
    source="ours; repairs the normalisation of (7)",
    ours=True,
    left=lambda p: mean_batch_loss(p) / p.batch,
    erratum=None,
    gallery=({**ONE_NEURON, "batch": 2},),
    mutants=(changed("the sum", left=unbiased.left),),
)

hessian_mean = Identity(
    id="wu2025.equation-7.part-b",
    title="the mean of the Hessians in (7) is the Hessian of the risk",
    says=(
        "(8) needs that the Hessian of one squared loss, which (7) uses and which exists almost surely, has the mean nabla^2"
        " R_n. It has not: a kink moves with its bias, which no single Y sees, and the mean misses the kink term D of the"
        " Hessian."
    ),
    formula=r"\mathbb E\,\nabla^2\hat R_j(\theta)=\nabla^2R_n(\theta)",
    source=f"{PAPER}, (7) and (8), page 6",
    instance=NetworkProblem,
    instances=draw_network,
    hypotheses=NETWORK,
    uses=("wu2025.lemma-5.reading-repaired",),
    left=lambda p: curvature(p).pathwise,
    right=lambda p, c: curvature(p).hessian,
    cost=4,
    erratum=Erratum(
        wrong="derivative and mean do not commute at a kink: the second derivative of relu is a point mass.",
        line="(8), quoted from a lemma for twice differentiable losses",
        counterexample=ONE_NEURON,
        repaired="wu2025.equation-7.part-b.reading-pathwise",
        fault=Fault.ARGUMENT,
    ),
)

hessian_mean_repaired = replace(
    hessian_mean,
    id="wu2025.equation-7.part-b.reading-pathwise",
    title="the mean of the pathwise Hessians is the Hessian without its kink term",
    says="The mean of the Hessian of one squared loss is nabla^2 R_n - D, by its moments piece by piece.",
    formula=r"\mathbb E\,\nabla^2\hat R_j(\theta)=\nabla^2R_n(\theta)-D",
    source="ours; repairs what (8) needs of (7)",
    ours=True,
    instances=draw_single_neurons,
    left=lambda p: np.sum(pathwise_means(p), axis=0) / p.n,
    right=lambda p, c: curvature(p).pathwise,
    erratum=None,
    gallery=(ONE_NEURON,),
    cost=6,
    mutants=(changed("with the kink term", right=hessian_mean.right),),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class NeuronProblem(ScoreProblem):
    r"""The critical point of one neuron of direction 1 whose kink is nearest a given point, a batch size and a learning rate.

    Critical with :math:`w\ne0` means :math:`p(\tau)\mathbb E(Y-\tau)_+^2=P(Y>\tau)\mathbb E(Y-\tau)_+` and
    :math:`w=-p(\tau)/\mathbb E(Y-\tau)_+`, p the density of the noised sample Y.

    Parameters
    ----------
    near
        A point within sigma/1000 of the kink.
    eta
        The learning rate.
    batch
        The batch size.
    """

    near: Number
    eta: Number
    batch: int

    def lift(self, arithmetic: Arithmetic) -> Self:
        """Return the lifted instance, which keeps the exact one: the critical point is found from it."""
        lifted = super().lift(arithmetic)
        object.__setattr__(lifted, "exact", self)
        return lifted

    @cached_property
    def exact(self) -> Any:
        """Return the exact data."""
        return self

    @cached_property
    def network(self) -> NetworkProblem:
        """Return the lifted network of one neuron at the critical point; not a number if there is none near."""
        kink = _critical_kink(self)
        _, value, _, density = _tails(self, kink)
        result = NetworkProblem(
            x=self.x,
            mu=self.mu,
            sigma=self.sigma,
            kinks=np.array([kink]),
            directions=np.array([0 * kink + 1]),
            weights=np.array([-density / value]),
            multiplicities=np.array([0 * kink + 1]),
        )
        for name, entry in (("coincident", ((0,),)), ("inside", (True,)), ("signs", np.array([1])), ("counts", np.array([1]))):
            object.__setattr__(result, name, entry)
        return result

    @cached_property
    def hessian(self) -> Any:
        r"""Return :math:`\nabla^2R_n` at the critical point, shape ``(2, 2)``."""
        return curvature(self.network).hessian


def _tails(p: Any, kink: Number) -> tuple[Number, Number, Number, Number]:
    """Return P(Y > t), E(Y - t)_+, E(Y - t)_+^2 and the density of Y at t."""
    offset = (kink - p.mu * np.asarray(p.x)) / p.sigma
    psi = [total(value) / p.n for value in tail_moments(offset, 3)]
    return psi[0], p.sigma * psi[1], p.sigma * p.sigma * psi[2], total(normal_density(offset)) / (p.sigma * p.n)


def critical_equation(p: Any, kink: Number) -> Number:
    r"""Return :math:`p(\tau)\mathbb E(Y-\tau)_+^2-P(Y>\tau)\mathbb E(Y-\tau)_+`, 0 at a critical point of one neuron."""
    active, value, square, density = _tails(p, kink)
    return density * square - active * value


def _critical_kink(p: Any) -> Number:
    exact = p.exact
    low, high = exact.near - exact.sigma / 1000, exact.near + exact.sigma / 1000
    if kind_of(p.mu) is Kind.FLOATS:
        try:
            return bracketed_root(lambda t: float(critical_equation(p, t)), float(low), float(high))
        except RootError:
            return float("nan")

    def equation(kink: Any) -> Any:
        bits = Arithmetic(Kind.BALLS, flint.ctx.prec)
        lifted = ScoreProblem(x=bits.array(exact.x), mu=bits.number(exact.mu), sigma=bits.number(exact.sigma))
        return critical_equation(lifted, kink)

    try:
        return isolate(equation, low, high, flint.ctx.prec // 2)
    except RootError:
        return flint.arb("nan")


def _least_eigenvalue(matrix: Any) -> Number:
    """Return the smaller eigenvalue of a symmetric matrix of two rows, written so that nothing cancels."""
    a, b, c = matrix[0, 0], (matrix[0, 1] + matrix[1, 0]) / 2, matrix[1, 1]
    top = (a + c) / 2 + sqrt((a - c) * (a - c) / 4 + b * b)
    return (a * c - b * b) / top


def lyapunov_matrix(p: Any) -> Any:
    r"""Return a positive definite P with :math:`P-\mathbb E[(I-\gamma\hat H)P(I-\gamma\hat H)]` near I, in floats; NaN if none.

    Parameters
    ----------
    p
        A lifted problem.

    Returns
    -------
    ndarray
        The matrix, shape ``(2, 2)``.
    """
    if kind_of(p.mu) is not Kind.FLOATS:
        from numerics.arithmetic import FLOATS

        return lyapunov_matrix(p.exact.lift(FLOATS))
    network = p.network
    if not np.isfinite(float(network.kinks[0])):
        return np.full((2, 2), np.nan)
    forward = second_moment_map(pathwise_moments(network), p.eta, p.batch)
    try:
        solution = np.linalg.solve(np.eye(4) - forward.T, np.eye(2).ravel()).reshape(2, 2)
    except np.linalg.LinAlgError:
        return np.full((2, 2), np.nan)
    return (solution + solution.T) / 2


def contraction(p: Any) -> Any:
    r"""Return :math:`P-\mathbb E[(I-\gamma\hat H)P(I-\gamma\hat H)]`, shape ``(2, 2)``."""
    lyapunov = _like(lyapunov_matrix(p), p)
    backward = np.transpose(second_moment_map(pathwise_moments(p.network), p.eta, p.batch))
    return lyapunov - np.sum(backward * lyapunov.ravel(), axis=-1).reshape(2, 2)


def _like(matrix: Any, p: Any) -> Any:
    if kind_of(p.mu) is Kind.FLOATS:
        return matrix
    return np.array([[flint.arb(float(entry)) for entry in row] for row in matrix], dtype=object)


strict_minimum = Hypothesis(
    name="strict local minimum",
    says="the critical point exists and nabla^2 R_n is positive definite there",
    holds=lambda p: [(_least_eigenvalue(p.hessian), ">", 0 * p.sigma)],
    standing=True,
)
mean_square_stable = Hypothesis(
    name="linearly stable",
    says=(
        "the second moment of (7) stays bounded by one number whatever the start: some P > 0 has P - E[(I - m eta H) P (I - m"
        " eta H)] > 0, H the mean of the pathwise Hessians over a batch. So some epsilon serves in the paper's definition; it"
        " is not small, since the noise of the gradient leaves none small at any minimum, and the ball it makes lies within"
        " |w| < A"
    ),
    holds=lambda p: [
        (_least_eigenvalue(_like(lyapunov_matrix(p), p)), ">", 0 * p.sigma),
        (_least_eigenvalue(contraction(p)), ">", 0 * p.sigma),
    ],
)
rates = Hypothesis(
    name="eta > 0",
    says="eta > 0 and 1 <= |B| <= n",
    holds=lambda p: [(p.eta, ">", 0 * p.eta), (p.batch, ">=", 1), (p.batch, "<=", p.n)],
    standing=True,
)


def _draw_neuron(draw: Draw, in_force: frozenset[str]) -> NeuronProblem:
    """Draw two points a few sigma apart, the leftmost critical kink, and a rate about the threshold of the second moment."""
    sigma = rounded(draw.positive(0.02, 0.2), 3)
    mu, batch = Fraction(99, 100), draw.choice((1, 2))
    half = rounded(float(sigma) * draw.real(2.6, 6.0), 4)
    share = draw.real(0.3, 0.98)
    near = leftmost_critical_kink(ScoreProblem(x=(-half, half), mu=mu, sigma=sigma))
    problem = NeuronProblem(
        x=(-half, half), mu=mu, sigma=sigma, near=-mu * half if near is None else near, eta=Fraction(1), batch=batch
    )
    if near is None:
        return problem
    share *= 1.0 if mean_square_stable.name in in_force else 3.0
    return replace(problem, eta=rounded(share * stable_rate(problem), 4))


def leftmost_critical_kink(problem: ScoreProblem) -> Fraction | None:
    """Return the leftmost critical kink of one neuron to a thousandth of sigma, if a scan from the left sees one.

    Parameters
    ----------
    problem
        Exact data.

    Returns
    -------
    Fraction or None
        The kink.
    """
    from numerics.arithmetic import FLOATS

    p = problem.lift(FLOATS)
    low, high = float(p.mu * p.x[0] - 4 * p.sigma), float(p.mu * p.x[-1])
    grid = np.linspace(low, high, 200)
    values = critical_equation(p, grid[:, None]).tolist()
    for a, b, u, v in zip(grid[:-1], grid[1:], values[:-1], values[1:], strict=True):
        if u * v < 0:
            root = bracketed_root(lambda t: float(critical_equation(p, t)), float(a), float(b))
            return rounded(root, 6)
    return None


def stable_rate(problem: NeuronProblem) -> float:
    r"""Return the largest rate at which the second moment of (7) is bounded at the critical point, in floats."""
    from numerics.arithmetic import FLOATS

    p = problem.lift(FLOATS)
    return mean_square_threshold(pathwise_moments(p.network), p.batch)


def _growth() -> Any:
    import sympy

    x = sympy.Symbol("x", real=True)
    return sympy.expand(1 - (1 - x) ** 2 - x * (2 - x))


# One point a step, so that the sum over the batch and its mean agree.
STABLE = {"x": ["-1/6", "1/6"], "mu": "99/100", "sigma": "1/20", "near": "-21083/100000", "eta": "3/1000", "batch": 1}
EIGHT = "the second moment of (7) is bounded"
equation_8 = Inequality(
    id="wu2025.equation-8",
    title="linear stability bounds the sharpness",
    says=(
        "At a linearly stable local minimum lambda_max(nabla^2 R_n) <= 2/(m eta). False for (7) as written, at m = 1 and n ="
        " 2: the linearisation does not see the kink term D, which at a kink on the flank of the sample multiplies the"
        " curvature. (For gradient descent on R_n itself it holds, and SGD with noise small against sigma follows it: only"
        " (7) misses it.)"
    ),
    formula=r"\lambda_{\max}(\nabla^2R_n(\theta^\star))\le\frac2{m\eta}",
    source=f"{PAPER}, (8), page 6",
    instance=NeuronProblem,
    instances=_draw_neuron,
    hypotheses=(*SETTING, rates, strict_minimum, mean_square_stable),
    uses=("wu2025.equation-7.part-b",),
    left=lambda p: largest_eigenvalue(p.hessian),
    relation="<=",
    right=lambda p, c: c.c / p.eta,
    constants={"c": Fraction(2)},
    cost=8,
    instruments=("root finding@1e-3", "extreme eigenvalues@1e2"),
    erratum=Erratum(
        wrong="the mean of the Hessians in (7) is nabla^2 R_n - D, and D can be the larger part.",
        line="(8), quoted from a lemma for twice differentiable losses",
        counterexample=STABLE,
        repaired="wu2025.equation-8.reading-pathwise",
    ),
)

equation_8_pathwise = replace(
    equation_8,
    id="wu2025.equation-8.reading-pathwise",
    title="linear stability bounds the pathwise curvature",
    says=(
        "Ours: a linearly stable local minimum has lambda_max(nabla^2 R_n - D) <= 2/(m eta) if the loss of a batch is a mean,"
        " and 2/(m eta |B|) if it is the printed sum. Not tight: the second moment needs less than that."
    ),
    formula=r"\lambda_{\max}(\nabla^2R_n(\theta^\star)-D)\le\frac2{m\eta}",
    source="ours; repairs (8)",
    ours=True,
    uses=("wu2025.equation-7.part-b.reading-pathwise",),
    left=lambda p: largest_eigenvalue(curvature(p.network).pathwise),
    erratum=None,
    gallery=(STABLE, {**STABLE, "batch": 2, "eta": "1/200"}),
    proof=Proof(
        set="every sample, mu, sigma, network, batch size and learning rate",
        argument=(
            "The mean of (7) moves by I - m eta (nabla^2 R_n - D), the noise of the gradient having mean 0 at a critical"
            " point. Along a top eigenvector it grows by |1 - m eta lambda| a step, and E|theta - theta*| is at least that of"
            " the mean."
        ),
        steps=(identity("1 - (1 - x)^2 = x (2 - x): |1 - x| <= 1 only if x <= 2", _growth),),
    ),
    mutants=(
        past_the_slack("c"),
        changed("the whole Hessian", left=equation_8.left),
        without(mean_square_stable.name, {**STABLE, "eta": "1/50"}),
    ),
)


def descent_factor(p: Any) -> Number:
    r"""Return the largest size of the eigenvalues of :math:`I-m\eta\nabla^2R_n`, at least :math:`m\eta\lambda_{\max}-1`."""
    return p.eta * largest_eigenvalue(p.hessian) - 1


contracting = Hypothesis(
    name="gradient descent is stable",
    says="every eigenvalue of I - m eta nabla^2 R_n lies in [-1, 1]",
    holds=lambda p: (descent_factor(p), "<=", 0 * p.eta + 1),
)


def _draw_descent(draw: Draw, in_force: frozenset[str]) -> NeuronProblem:
    from numerics.arithmetic import FLOATS

    problem = _draw_neuron(draw, frozenset())
    top = float(np.linalg.eigvalsh(problem.lift(FLOATS).hessian)[-1])
    share = draw.real(0.2, 1.0) if contracting.name in in_force else draw.real(0.2, 3.0)
    return replace(problem, eta=rounded(share * 2.0 / top * (1 - 1e-6), 6)) if np.isfinite(top) else problem


equation_8_descent = replace(
    equation_8,
    id="wu2025.equation-8.reading-descent",
    title="stability of gradient descent bounds the sharpness",
    says="Ours: gradient descent on R_n itself, linearised at a local minimum, is stable only if (8) holds.",
    formula=r"\lambda_{\max}(\nabla^2R_n(\theta^\star))\le\frac2{m\eta}\quad\text{for}\quad"
    r"\theta_{j+1}=\theta_j-m\eta\nabla R_n(\theta_j)",
    source="ours; the reading of (8) under which it holds as printed",
    ours=True,
    instances=_draw_descent,
    hypotheses=(*SETTING, rates, strict_minimum, contracting),
    uses=(),
    erratum=None,
    gallery=({**STABLE, "eta": "1/800"},),
    proof=Proof(
        set="every sample, mu, sigma, network and learning rate",
        argument="The linear map is I - m eta nabla^2 R_n; along a top eigenvector its powers are (1 - m eta lambda)^j.",
        steps=(identity("1 - (1 - x)^2 = x (2 - x): |1 - x| <= 1 only if x <= 2", _growth),),
    ),
    mutants=(past_the_slack("c"), without(contracting.name, STABLE)),
)
