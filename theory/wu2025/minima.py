r"""Critical points of the risk: Newton to rounding in closed form, their kind, and a search over many starts.

Parameters are :math:`(w,b)\in\mathbb R^{2m}`, whose units differ (w is 1/length, b a length). Steps and signs of curvature
are therefore taken in balanced coordinates, those in which the curvature of every parameter is about 1; by Sylvester's law
the signs are the same. Norms and eigenvalues that are reported are raw.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.gaussian_tails import tail_moments
from numerics.roots import bracketed_root
from theory.statement import InputError
from theory.wu2025.curvature import curvature, network_risk
from theory.wu2025.networks import NetworkProblem, from_neurons, network_moments
from theory.wu2025.setting import ScoreProblem
from theory.wu2025.training import Floats, parameters, single_neurons, with_parameters

EPSILON = 2.0**-52
# A balanced eigenvalue below this is not told from 0, nor is a balanced Newton step below STILL from none.
FLAT, STILL = 1e-10, 1e-5


class Kind(Enum):
    """What a critical point is; the value is the message for people."""

    MINIMUM = "a strict local minimum: every eigenvalue of the Hessian is positive"
    SADDLE = "a saddle: the Hessian has a negative eigenvalue"
    DEGENERATE = "degenerate: an eigenvalue of the Hessian cannot be told from 0, and none is negative"


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
        return from_neurons(self.sample, self.network.kinks, list(self.network.signs), self.network.weights)


class _Point:
    """A network with all that a step needs: parameters, gradient, Hessian, balanced coordinates, what rounding leaves."""

    def __init__(self, network: NetworkProblem) -> None:
        moments = network_moments(network)
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
        self.values, self.vectors = (
            np.linalg.eigh(self.units[:, None] * self.hessian * self.units) if self.finite else (None, None)
        )

    @property
    def risk(self) -> float:
        return float(network_risk(self.network))

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
    """Return a point of smaller risk by a damped step uphill in no direction, and the damping for the next one."""
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
        point: _Point | None = _Point(single_neurons(problem))
        damping, close = 1e-2, 1e-3
        for _ in range(steps):
            if point is None or not point.finite:
                return None
            if np.linalg.norm(point.balanced) <= close * np.sqrt(point.risk) or point.norm <= max(tolerance, point.rounding):
                ended = _newton(point, tolerance)
                if ended is not None:
                    return _minimum(ended, sample)
                close /= 10
            last = point
            point, damping = _descent(point, damping)
        ended = _newton(last if point is None else point, tolerance)
        return None if ended is None else _minimum(ended, sample)
