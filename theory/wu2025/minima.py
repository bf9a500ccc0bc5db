r"""Critical points of the risk: Newton to rounding in closed form, their kind, and a search over many starts.

Parameters are :math:`(w,b)\in\mathbb R^{2m}`, whose units differ (w is 1/length, b a length). Steps and signs of curvature
are therefore taken in balanced coordinates, those in which the curvature of every parameter is about 1; by Sylvester's law
the signs are the same. Norms and eigenvalues that are reported are raw.

The file is long because the search is only as good as the polishing, and says how a point came to be accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from numerics.gaussian_tails import tail_moments
from numerics.roots import bracketed_root
from theory.statement import InputError
from theory.wu2025.curvature import curvature, network_risk, quadratic_risk, sharpness
from theory.wu2025.designs import interpolating_network
from theory.wu2025.networks import NetworkProblem, from_neurons, network_moments
from theory.wu2025.setting import Numbers, ScoreProblem
from theory.wu2025.training import Floats, descend, parameters, single_neurons, with_parameters

EPSILON = 2.0**-52
# A balanced eigenvalue below this is not told from 0, nor is a balanced Newton step below STILL from none.
FLAT, STILL = 1e-10, 1e-5


class Kind(Enum):
    """What a critical point is; the value is the message for people.

    Eigenvalues are compared with 1e-10 in balanced coordinates. Where a Newton step would still move a kink by 1e-5 sigma or
    a weight by 1e-5 of the largest, as of a neuron far from the sample, the point counts as degenerate.
    """

    MINIMUM = "a strict local minimum: every eigenvalue of the Hessian is positive"
    SADDLE = "a saddle: the Hessian has a negative eigenvalue"
    DEGENERATE = "degenerate: an eigenvalue of the Hessian cannot be told from 0, and none is surely negative"


@dataclass(frozen=True, kw_only=True)
class Minimum:
    r"""A critical point of :math:`R_n`.

    Parameters
    ----------
    network
        The network, in floats, of single neurons.
    sample
        The exact sample and scales.
    gradient_norm
        The Euclidean norm of :math:`\nabla R_n` over :math:`(w,b)`.
    rounding
        What rounding alone may leave of it.
    smallest, largest
        The extreme algebraic eigenvalues of :math:`\nabla^2R_n` over all 2m parameters.
    kind
        What kind of critical point it is.
    risk
        The risk.
    """

    network: NetworkProblem
    sample: ScoreProblem
    gradient_norm: float
    rounding: float
    smallest: float
    largest: float
    kind: Kind
    risk: float

    def exact(self) -> NetworkProblem:
        """Return the network as exact data: kinks and weights at their binary values, sample and scales as handed in."""
        return from_neurons(self.sample, self.network.kinks, [int(sign) for sign in self.network.signs], self.network.weights)


class _Point:
    """A network with all that a step needs: parameters, gradient, Hessian, balanced coordinates, what rounding leaves."""

    def __init__(self, network: NetworkProblem) -> None:
        moments = self._moments = network_moments(network)
        parts = curvature(network, moments)
        self.network, self.theta = network, parameters(network)
        self.gradient: Floats = parts.gradient
        self.hessian: Floats = parts.hessian
        self.norm = float(np.linalg.norm(self.gradient))
        weights = np.abs(network.weights)
        terms = [
            moments.product @ weights / network.width + moments.active,
            weights * (moments.mixed.T @ weights / network.width + moments.density),
        ]
        size = 2 / network.width * np.concatenate(terms) + np.abs(self.hessian) @ np.abs(self.theta)
        self.rounding = 2 * EPSILON * float(np.linalg.norm(size))
        self.units = _units(np.diag(parts.gauss_newton) + np.abs(np.concatenate([0 * parts.kink, parts.kink])), self.hessian)
        self.finite = bool(np.isfinite(self.norm) and np.all(np.isfinite(self.hessian)))
        self.values: Any = None
        self.vectors: Any = None
        if self.finite:
            self.values, self.vectors = np.linalg.eigh(self.units[:, None] * self.hessian * self.units)

    @cached_property
    def risk(self) -> float:
        """Return the risk, by the fast formula unless it loses digits."""
        fast = float(quadratic_risk(self.network, self._moments))
        return fast if fast * self.network.sigma**2 > 1e-2 else float(network_risk(self.network))

    @property
    def balanced(self) -> Floats:
        """Return the balanced gradient in the eigenvectors; its square is a risk."""
        result: Floats = self.vectors.T @ (self.units * self.gradient)
        return result

    def moved(self, step: Floats) -> _Point:
        """Return the point reached by a step in the eigenvectors of the balanced Hessian."""
        return _Point(with_parameters(self.network, self.theta + self.units * (self.vectors @ step)))

    def newton_step(self) -> Floats:
        """Return the Newton step, none along directions that are flat to rounding."""
        curved = np.abs(self.values) > FLAT
        return np.where(curved, -self.balanced / np.where(curved, self.values, 1.0), 0.0)


def _units(diagonal: Floats, hessian: Floats) -> Floats:
    """Return the units in which curvatures are about 1; 0 for a parameter on which the risk does not depend."""
    known = diagonal > 1e-200
    units = np.where(known, 1 / np.sqrt(np.where(known, diagonal, 1.0)), 0.0)
    # A bias whose weight is 0 has only a mixed derivative.
    mixed = np.max(np.abs(hessian) * units, axis=1)
    return np.where(known, units, np.where(mixed > 1e-100, 1 / np.where(mixed > 1e-100, mixed, 1.0), 0.0))


def _descent(point: _Point, damping: float) -> tuple[_Point | None, float]:
    """Return a point of smaller risk by a damped step, downhill along every eigenvector, and the damping for the next one."""
    risk, gradient = point.risk, point.balanced
    while damping < 1e12:
        moved = point.moved(-gradient / (np.abs(point.values) + damping))
        if moved.finite and moved.risk < risk:
            return moved, max(damping / 5, 1e-9)
        damping *= 6
    return None, damping


def _newton(point: _Point, tolerance: float) -> _Point | None:
    """Return the critical point nearby by pure Newton steps, and None if they do not converge."""
    best = point
    for _ in range(20):
        point = point.moved(point.newton_step())
        if not point.finite or point.norm > 1e3 * best.norm + tolerance:
            break
        if point.norm >= best.norm and best.norm <= max(tolerance, best.rounding):
            break
        best = point if point.norm < best.norm else best
    return best if best.norm <= max(tolerance, best.rounding) else None


def polish(problem: NetworkProblem, *, tolerance: float = 1e-12, steps: int = 200) -> Minimum | None:
    r"""Descend from a network to a critical point of the risk, by Newton's method to rounding.

    Damped steps in balanced coordinates, along which negative curvature is descended too, lower the risk until
    :math:`\|\nabla R_n\|` is small in those coordinates; then pure Newton steps follow, so that a start beside a saddle ends
    there. Directions that are flat to rounding are left alone, so that a degenerate critical point is reached as well.

    Parameters
    ----------
    problem
        The start, exact or in floats; equal neurons are told apart first.
    tolerance
        The largest Euclidean norm of :math:`\nabla R_n` over the raw :math:`(w,b)`, absolute. Where the terms that cancel
        are so large that rounding leaves more, what it leaves counts; the norm attained is reported.
    steps
        Most damped steps.

    Returns
    -------
    Minimum or None
        The critical point; None if it is not reached.

    Raises
    ------
    InputError
        If the tolerance or the number of steps is not positive.
    """
    if not tolerance > 0 or steps < 1:
        raise InputError(f"tolerance = {tolerance!r} and steps = {steps} must be positive")
    sample = _exact_sample(problem)
    with np.errstate(all="ignore"):
        point = _Point(single_neurons(problem))
        damping, close = 1e-2, 1e-3
        for _ in range(steps if point.finite else 0):
            if np.linalg.norm(point.balanced) <= close * np.sqrt(point.risk) or point.norm <= max(tolerance, point.rounding):
                if (ended := _newton(point, tolerance)) is not None:
                    return _minimum(ended, sample)
                close /= 10
            lower, damping = _descent(point, damping)
            if lower is None:
                break
            point = lower
        last = _newton(point, tolerance) if point.finite else None
        return None if last is None else _minimum(last, sample)


def _exact_sample(problem: ScoreProblem) -> ScoreProblem:
    return ScoreProblem(x=tuple(Fraction(x) for x in problem.x), mu=Fraction(problem.mu), sigma=Fraction(problem.sigma))


def _displacement(point: _Point) -> float:
    r"""Return how far a Newton step would go: kinks in units of :math:`\sigma`, weights in units of the largest one."""
    step = np.abs(point.units * (point.vectors @ point.newton_step()))
    m, weights = point.network.width, np.abs(point.network.weights)
    return float(max(np.max(step[m:]) / point.network.sigma, np.max(step[:m]) / max(np.max(weights), 1e-300)))


def _kind(point: _Point) -> Kind:
    # Far from the sample everything is exponentially small, the gradient too, and only the Newton step tells.
    if _displacement(point) > STILL:
        return Kind.DEGENERATE
    smallest = float(point.values[0])
    return Kind.MINIMUM if smallest > FLAT else Kind.SADDLE if smallest < -FLAT else Kind.DEGENERATE


def _minimum(point: _Point, sample: ScoreProblem) -> Minimum:
    kind, raw = _kind(point), np.linalg.eigvalsh(point.hessian)
    smallest = float(raw[0])
    if kind is Kind.MINIMUM:
        # From the inverse, which keeps the digits of an eigenvalue far below the largest.
        root = point.units[:, None] * point.vectors / np.sqrt(point.values)
        smallest = 1 / float(np.linalg.eigvalsh(root @ root.T)[-1])
    return Minimum(
        network=point.network,
        sample=sample,
        gradient_norm=point.norm,
        rounding=point.rounding,
        smallest=smallest,
        largest=float(raw[-1]),
        kind=kind,
        risk=float(network_risk(point.network)),
    )


def one_neuron_critical_points(problem: ScoreProblem) -> list[Minimum]:
    r"""Return the critical points with :math:`w\ne0` of one neuron of direction 1, by their kinks in increasing order.

    With p the density of the noised sample Y they are the roots of
    :math:`p(\tau)\mathbb E(Y-\tau)_+^2=P(Y>\tau)\mathbb E(Y-\tau)_+`, with :math:`w=-p(\tau)/\mathbb E(Y-\tau)_+`. There
    :math:`M=0`, so that one with :math:`p'(\tau)>0` is a strict minimum. The ratio of the sides tends to 0 on the left and
    to 2 on the right; its roots are separated by a grid of :math:`\sigma/40` about each point.

    Parameters
    ----------
    problem
        The sample, exact or in floats.

    Returns
    -------
    list of Minimum
        The critical points.
    """
    centers = np.array([float(problem.mu * x) for x in problem.x])
    sigma = float(problem.sigma)

    def means(kinks: Any) -> tuple[Floats, ...]:
        t = (np.asarray(kinks)[..., None] - centers) / sigma
        density = np.exp(-t * t / 2) / (sigma * np.sqrt(2 * np.pi))
        mass, first, second = tail_moments(t, 3)
        return density.mean(-1), mass.mean(-1), sigma * first.mean(-1), sigma**2 * second.mean(-1)

    def excess(kink: Any) -> Any:
        density, mass, first, second = means(kink)
        return density * second / (mass * first) - 1

    grid = np.unique(centers[:, None] + sigma * np.linspace(-9, 6, 601))
    found = []
    with np.errstate(under="ignore"):
        # Beyond six sigma on the right the ratio is near its limit 2 and the moments may vanish.
        grid = grid[grid < centers.max() + 6 * sigma]
        signs = excess(grid) > 0
        for at in np.flatnonzero(signs[1:] != signs[:-1]):
            kink = bracketed_root(excess, float(grid[at]), float(grid[at + 1]))
            density, _, first, _ = means(kink)
            found.append(polish(from_neurons(_exact_sample(problem), [kink], [1], [float(-density / first)])))
    return [point for point in found if point is not None]


def one_neuron_minima(problem: ScoreProblem) -> list[Minimum]:
    """Return the strict minima among :func:`one_neuron_critical_points`."""
    return [point for point in one_neuron_critical_points(problem) if point.kind is Kind.MINIMUM]


def _random_kinks(problem: ScoreProblem, rng: np.random.Generator, width: int) -> Numbers:
    """Return kinks a few sigma from data points, or anywhere between the extreme ones."""
    centers, sigma = np.array([float(problem.mu * x) for x in problem.x]), float(problem.sigma)
    near = rng.choice(centers, width) + sigma * rng.uniform(-4, 4, width)
    between = rng.uniform(centers.min() - sigma, centers.max() + sigma, width)
    return np.where(rng.random(width) < 0.5, near, between)


def _fitted_weights(problem: ScoreProblem, kinks: Numbers, directions: list[int]) -> Numbers:
    r"""Return the outer weights that minimise the risk for given kinks, the least ones if several do."""
    p = single_neurons(from_neurons(problem, kinks, directions, [1] * len(kinks)))
    moments = network_moments(p)
    units = 1 / np.sqrt(np.maximum(np.diag(moments.product), 1e-100))
    balanced = units[:, None] * moments.product * units
    return units * np.linalg.lstsq(balanced, -p.width * p.signs * moments.active * units, rcond=1e-10)[0]


def _memorizing_start(problem: ScoreProblem, rng: np.random.Generator, width: int) -> NetworkProblem | None:
    r"""Return a network of slope :math:`-1/\sigma^2` about each point, padded by faint neurons; None if too wide."""
    # Two knots a gap, and the line between two of them costs two neurons and no kink.
    if problem.n < 2 or width < 2 * problem.n:
        return None
    centers, sigma = [problem.mu * x for x in problem.x], float(problem.sigma)
    knots, values = [], []
    for left, right in pairwise(centers):
        reach = min(rng.uniform(1, 4), 0.45 * float(right - left) / sigma)
        knots += [left + Fraction(reach * sigma), right - Fraction(reach * sigma)]
        values += [Fraction(-reach / sigma), Fraction(reach / sigma)]
    steep = Fraction(-1 / sigma**2)
    inner = interpolating_network(problem, knots, values, steep, steep)
    extra = width - inner.width
    weights = [float(w) * width / inner.width for w in inner.weights] + list(rng.normal(0, 0.1 / sigma, extra))
    directions = [int(sign) for sign in (*inner.signs, *rng.choice((-1, 1), extra))]
    return from_neurons(problem, [*inner.kinks, *_random_kinks(problem, rng, extra)], directions, weights)


def _start(problem: ScoreProblem, rng: np.random.Generator, width: int, at: int) -> NetworkProblem:
    """Return the start of a given number: direction patterns first, up to order, then random, fitted, memorizing, trained."""
    positive, style = at % (width + 1), at // (width + 1) % 4
    if style == 2 and (built := _memorizing_start(problem, rng, width)) is not None:
        return built
    directions = [1] * positive + [-1] * (width - positive)
    kinks = _random_kinks(problem, rng, width)
    if style in {1, 2}:
        return from_neurons(problem, kinks, directions, _fitted_weights(problem, kinks, directions))
    size = 10 ** rng.uniform(-1.5, 0.5) / float(problem.sigma) ** 2
    drawn = from_neurons(problem, kinks, directions, list(size * rng.standard_normal(width)))
    if style == 0:
        return drawn
    try:
        return descend(drawn, eta=1 / (width * sharpness(single_neurons(drawn))), steps=100)
    except InputError:
        # The sharpness of the start does not bound what comes after.
        return drawn


def _same(a: Minimum, b: Minimum) -> bool:
    """Tell whether two networks agree up to the order of their neurons."""
    sorted_neurons = []
    for p in (a.network, b.network):
        order = np.lexsort((p.weights, p.kinks, p.signs))
        sorted_neurons.append((p.signs[order], p.kinks[order], np.asarray(p.weights)[order]))
    (signs, kinks, weights), (other_signs, other_kinks, other_weights) = sorted_neurons
    near = np.abs(kinks - other_kinks) <= STILL * a.network.sigma
    alike = np.abs(weights - other_weights) <= STILL * np.max(np.abs(weights))
    return bool(np.all(signs == other_signs) and np.all(near) and np.all(alike))


def find_minima(problem: ScoreProblem, *, width: int, count: int, seed: int) -> list[Minimum]:
    r"""Search for minima of the risk among networks of a given width, from many starts; saddles are left out.

    Starts run through all patterns of directions (up to order) and through four styles: random weights, weights fitted to
    random kinks, networks that memorize (if the width allows), and networks trained by gradient descent. Of one neuron,
    the critical points of both directions are found besides from their equation.

    Parameters
    ----------
    problem
        The sample, exact or in floats.
    width
        The number m of neurons.
    count
        The number of starts; more starts keep what fewer found.
    seed
        Seed of the starts.

    Returns
    -------
    list of Minimum
        Strict minima and degenerate points, without repetitions up to the order of neurons, by increasing risk.

    Raises
    ------
    InputError
        If the width is not positive or the count negative.
    """
    if width < 1 or count < 0:
        raise InputError(f"width = {width} must be positive and count = {count} not negative")
    sample = _exact_sample(problem)
    found = _one_neuron_both_ways(sample) if width == 1 else []
    for at, sequence in enumerate(np.random.SeedSequence(seed).spawn(count)):
        point = polish(_start(sample, np.random.default_rng(sequence), width, at))
        if point is not None and point.kind is not Kind.SADDLE and not any(_same(point, other) for other in found):
            found.append(point)
    return sorted(found, key=lambda point: point.risk)


def _one_neuron_both_ways(sample: ScoreProblem) -> list[Minimum]:
    mirror = ScoreProblem(x=tuple(-x for x in reversed(sample.x)), mu=sample.mu, sigma=sample.sigma)
    images = [point.network for point in one_neuron_minima(mirror)]
    # The reflection turns s(y) into -s(-y).
    reflected = [polish(from_neurons(sample, [-p.kinks[0]], [-1], [-p.weights[0]])) for p in images]
    return one_neuron_minima(sample) + [point for point in reflected if point is not None]
