r"""``quod measure stability``: Theorem 8 of wu2025 on a person's own sample, our bounds beside it, and what is stable.

Bounds are evaluated in balls, whose exponents know no limit; the network is measured in floats.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from numerics.arithmetic import FLOATS, Number, balls
from numerics.eigenvalues import EigenvalueError, extreme_eigenvalues
from numerics.panels import Array
from theory.statement import InputError
from theory.wu2025 import threshold
from theory.wu2025.curvature import curvature, network_risk
from theory.wu2025.designs import interpolating_network
from theory.wu2025.networks import Moments, NetworkProblem, from_neurons, moments_about
from theory.wu2025.setting import ScoreProblem
from theory.wu2025.stability import PathwiseMoments, batch_second_moment, pathwise_moments, without_flat_directions
from theory.wu2025.training import single_neurons
from verification.measure import BITS, Size, exact_problem, optimal_risk, size_of

MOST_WIDTH = 16
"""Neurons up to which second moments are taken: they have (2 width)^4 entries."""
MOST_POINTS = 200
LENGTHS = (1e-35, 1e35)
"""Lengths of a sample for which C_n and its square are floats."""
LEAST_SIGMA, MOST_SEPARATION = 1e-30, 1e6
LEAST_MU = 1e-50
"""For which products of powers of mu and of such lengths are floats."""
MEMORIZES = 0.01
"""The share of the risk of the network 0 below which a network is said to memorize."""
ENTRIES, ITERATIONS, TOLERANCE = 2_000_000, 20_000, 1e-12


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A lower bound on a risk, beside the risks to compare it with.

    Parameters
    ----------
    value
        The bound; without value and logarithm it is 0.
    of_nothing
        Its ratio to the risk of the network 0.
    of_optimal
        Its ratio to the risk of the optimal score, where that is known.
    """

    value: Size
    of_nothing: Size
    of_optimal: Size | None

    @property
    def zero(self) -> bool:
        """Return whether the bound is 0."""
        return self.value.value is None and self.value.log10 is None


@dataclass(frozen=True, kw_only=True)
class AtRate:
    r"""What stability at a learning rate forbids.

    Parameters
    ----------
    eta
        The rate.
    with_weights
        Our bound on the risk from criterion (8), with the bound :math:`A=C_n/\sigma^6` on the slopes.
    pathwise
        Our bound on the risk from the linearised steps, without a bound on the weights.
    """

    eta: Size
    with_weights: Bound
    pathwise: Bound


@dataclass(frozen=True, kw_only=True)
class Memorizing:
    r"""A network of slope :math:`-1/\sigma^2` about each point, kinks at a third of each gap, and its largest stable rates.

    Parameters
    ----------
    width
        The number of neurons.
    risk, of_nothing
        Its risk, and the ratio to the risk of the network 0.
    criterion_8
        :math:`2/(m\lambda_{\max}(\nabla^2R_n))`.
    mean
        The same with the mean of the pathwise Hessians; both are infinite, given as ``None``, without positive curvature.
    mean_square, single
        The rate up to which the second moment of the linearised steps stays bounded, for batches of n points and of 1;
        ``None`` where the network is too wide for it.
    proved
        What no linearly stable network of this risk exceeds; infinite, given as ``None``, if the risk is :math:`1/\sigma^2`.
    """

    width: int
    risk: float
    of_nothing: float
    criterion_8: float | None
    mean: float | None
    mean_square: float | None
    single: float | None
    proved: float | None


@dataclass(frozen=True, kw_only=True)
class Stability:
    """What was measured; sizes are in the units of the paper."""

    n: int
    mu: float
    sigma: float
    spacing: float
    between: tuple[float, float]
    separation: float
    limits: dict[str, float]
    sigma_0: float
    applies: bool
    printed_threshold: Size
    weights: Size
    nothing: Size
    optimal: Size | None
    printed: Bound
    at_printed: AtRate
    at_fourth_power: AtRate
    network: Memorizing | None
    not_measured: str

    def data(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return asdict(self)


def measure_stability(x: Array, mu: float, sigma: float, width: int | None = None) -> Stability:
    """Measure what stability says about memorization on a sample.

    Parameters
    ----------
    x
        The increasing sample.
    mu, sigma
        Noise scales in (0, 1).
    width
        The width of the network that memorizes; 2n, the least, by default.

    Returns
    -------
    Stability
        Bounds and rates. A length out of range and a width below 2n are refused.
    """
    p = ScoreProblem(x=x, mu=mu, sigma=sigma)
    _check(p, width)
    at, limits = int(np.argmin(p.gaps)), threshold.small_noise_limit(p)
    optimal = optimal_risk(p)
    with balls(BITS) as arithmetic:
        q = exact_problem(p).lift(arithmetic)
        rate, bound, fourth = threshold.printed_threshold(q), threshold.safe_bound(q), q.sigma**4
        printed = _bound(q, threshold.printed_excess_bound(q, bound), optimal)
        at_printed, at_fourth = (_at(q, eta, bound, optimal) for eta in (rate, 4 * fourth))
        sizes = {"printed_threshold": size_of(rate), "weights": size_of(bound), "nothing": size_of(1 / q.sigma**2)}
    network, reason = _network(p, width)
    return Stability(
        n=p.n,
        mu=mu,
        sigma=sigma,
        spacing=float(p.minimum_spacing),
        between=(float(x[at]), float(x[at + 1])),
        separation=float(p.separation),
        limits=asdict(limits),
        sigma_0=limits.sigma_0,
        applies=sigma <= limits.sigma_0,
        optimal=optimal,
        printed=printed,
        at_printed=at_printed,
        at_fourth_power=at_fourth,
        network=network,
        not_measured=reason,
        **sizes,
    )


def _check(p: ScoreProblem, width: int | None) -> None:
    least, most = LENGTHS
    with np.errstate(over="ignore"):
        span, spacing = float(p.range), float(p.minimum_spacing)
    largest = max(span, abs(float(p.x[0])), abs(float(p.x[-1])))
    if not (spacing >= least and largest <= most):
        raise InputError(f"Delta = {spacing:g} and the largest length {largest:g} must lie between {least:g} and {most:g}")
    if p.mu < LEAST_MU:
        raise InputError(f"mu = {p.mu:g} must be at least {LEAST_MU:g}, for the bounds to fit the float range")
    if width is not None and width < 2 * p.n:
        raise InputError(f"width = {width} must be at least 2 n = {2 * p.n}, what a network needs to memorize {p.n} points")


def _bound(q: ScoreProblem, value: Any, optimal: Size | None) -> Bound:
    ratio = None
    if optimal is not None and optimal.log10 is not None:
        size = size_of(value)
        log10 = None if size.log10 is None else size.log10 - optimal.log10
        ratio = Size(value=10**log10 if log10 is not None and abs(log10) < 300 else None, log10=log10)
    return Bound(value=size_of(value), of_nothing=size_of(value * q.sigma**2), of_optimal=ratio)


def _at(q: ScoreProblem, eta: Number, bound: Number, optimal: Size | None) -> AtRate:
    return AtRate(
        eta=size_of(eta),
        with_weights=_bound(q, threshold.sharp_risk_bound(q, 1 / eta, bound), optimal),
        pathwise=_bound(q, threshold.pathwise_risk_bound(q, 1 / eta), optimal),
    )


def memorizing_network(p: ScoreProblem, width: int) -> NetworkProblem:
    r"""Return the network of slope :math:`-1/\sigma^2` to a third of each gap, its neurons split evenly up to a width.

    Parameters
    ----------
    p
        The sample.
    width
        At least 2n.

    Returns
    -------
    NetworkProblem
        The network, of exact data.
    """
    exact = exact_problem(p)
    steep = Fraction(-1 / exact.sigma**2)
    knots, values = [], []
    for left, right in pairwise(exact.mu * x for x in exact.x):
        reach = (right - left) / 3
        knots += [left + reach, right - reach]
        values += [steep * reach, -steep * reach]
    base = interpolating_network(exact, knots, values, steep, steep)
    each, more = divmod(width, base.width)
    counts = [each + (k < more) for k in range(base.width)]
    weights = [weight / base.width * width / count for weight, count in zip(base.weights, counts, strict=True)]
    return from_neurons(exact, base.kinks, [int(sign) for sign in base.signs], weights, counts)


def _network(p: ScoreProblem, width: int | None) -> tuple[Memorizing | None, str]:
    if p.n > MOST_POINTS:
        return None, f"for more than {MOST_POINTS} points the curvature is too large a matrix"
    if p.sigma < LEAST_SIGMA or p.separation > MOST_SEPARATION:
        return None, f"sigma is below {LEAST_SIGMA:g} or r beyond {MOST_SEPARATION:g}: floats would not hold the curvature"
    given = memorizing_network(p, 2 * p.n if width is None else width)
    with np.errstate(all="ignore"):
        try:
            return _rates(given), ""
        except EigenvalueError as error:
            return None, f"the curvature cannot be computed: {error}"


def _moments(p: Any) -> Moments:
    """Return the means over the noised sample, a few points at a time."""
    centers, some = p.mu * np.asarray(p.x), max(ENTRIES // len(p.kinks) ** 2, 1)
    parts = [moments_about(p, centers[at : at + some]) for at in range(0, p.n, some)]
    return Moments(**{
        name: sum(getattr(part, name).sum(axis=0) for part in parts) / p.n for name in Moments.__dataclass_fields__
    })


def _rates(given: NetworkProblem) -> Memorizing:
    p: Any = given.lift(FLOATS)
    parts, risk = curvature(p, _moments(p)), float(network_risk(p))
    tops = [extreme_eigenvalues(matrix).largest * p.width / 2 for matrix in (parts.hessian, parts.pathwise)]
    square: list[float | None] = [None, None]
    if p.width <= MOST_WIDTH:
        moments = pathwise_moments(single_neurons(given))
        square = [mean_square_threshold(moments, batch) / p.width for batch in (p.n, 1)]
    share = 1 - p.sigma * math.sqrt(risk)
    return Memorizing(
        width=p.width,
        risk=risk,
        of_nothing=risk * p.sigma**2,
        criterion_8=1 / tops[0] if tops[0] > 0 else None,
        mean=1 / tops[1] if tops[1] > 0 else None,
        mean_square=square[0],
        single=square[1],
        proved=p.sigma**4 / share**2 if share > 0 else None,
    )


def mean_square_threshold(moments: PathwiseMoments, batch: int) -> float:
    r"""Return the largest :math:`\gamma=m\eta` at which the second moment of (7) stays bounded, 0 if there is none.

    Stable means :math:`\bar HP+P\bar H>\gamma\,\mathbb E[\hat HP\hat H]` for some P > 0: the threshold is the inverse of the
    spectral radius of :math:`\mathcal L^{-1}\mathcal M`, a map that keeps positive matrices positive: one eigenvalue by
    iteration instead of a matrix of :math:`d^2\times d^2` for each step. Source: wu2025, (7).

    Parameters
    ----------
    moments
        Moments of the pathwise Hessian, in floats.
    batch
        The batch size; the loss is a mean over the batch.

    Returns
    -------
    float
        The threshold.
    """
    moments = without_flat_directions(moments)
    values, vectors = np.linalg.eigh(np.mean(moments.first, axis=0))
    if not values[0] > 0:
        return 0.0
    size, pairs = len(values), values[:, None] + values
    square = np.einsum("abce,ai,bj,ck,el->jkil", batch_second_moment(moments, batch), *[vectors] * 4, optimize=True)
    square = square.reshape(size * size, size * size)
    p, radius = np.eye(size), 0.0
    for _ in range(ITERATIONS):
        image = (p.reshape(-1) @ square).reshape(size, size) / pairs
        norm = float(np.linalg.norm(image) / np.linalg.norm(p))
        p = (image + image.T) / (2 * np.linalg.norm(image))
        if abs(norm - radius) <= TOLERANCE * norm:
            break
        radius = norm
    return 1 / norm
