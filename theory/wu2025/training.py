r"""Gradient descent and stochastic gradient descent on the denoising risk of a two-layer network, and the linearised one.

Parameters are :math:`\theta=(w_1,\dots,w_m,b_1,\dots,b_m)` with distances in their raw Euclidean norm, and a step is
:math:`\theta\leftarrow\theta-m\eta\nabla R`. The projection onto :math:`|w_\ell|\le A` is not applied: what is simulated is
the algorithm as long as it stays inside.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from numerics.arithmetic import FLOATS
from theory.statement import InputError
from theory.wu2025.curvature import curvature
from theory.wu2025.networks import NetworkProblem, expanded

Floats: TypeAlias = NDArray[np.float64]
Normalisation: TypeAlias = Literal["mean", "sum"]
START = 1e-6
ESCAPE = 1e6


def single_neurons(problem: NetworkProblem) -> NetworkProblem:
    """Return the network in floats with every neuron a group of its own."""
    return expanded(problem).lift(FLOATS)


def parameters(p: NetworkProblem) -> Floats:
    r"""Return :math:`(w,b)` of a float network of single neurons, shape ``(2m,)``."""
    return np.concatenate([np.asarray(p.weights, dtype=float), -p.signs * np.asarray(p.kinks, dtype=float)])


def with_parameters(p: NetworkProblem, theta: Floats) -> NetworkProblem:
    r"""Return the float network of single neurons with the parameters :math:`(w,b)`, shape ``(2m,)``."""
    moved = dataclasses.replace(p, weights=theta[: p.width], kinks=-p.signs * theta[p.width :])
    for name in ("signs", "counts"):
        object.__setattr__(moved, name, getattr(p, name))
    return moved


def _check_positive(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise InputError(f"{name} = {value!r} must be finite and positive")


def descend(problem: NetworkProblem, *, eta: float, steps: int) -> NetworkProblem:
    r"""Run gradient descent :math:`\theta\leftarrow\theta-m\eta\nabla R_n(\theta)` on the exact risk, without momentum.

    Near a minimum it converges for :math:`\eta<2/(m\lambda_{\max}(\nabla^2R_n))`.

    Parameters
    ----------
    problem
        The start, exact or in floats; equal neurons are told apart first.
    eta
        The learning rate, positive.
    steps
        How many steps, at least 0.

    Returns
    -------
    NetworkProblem
        The network reached, in floats, of single neurons.

    Raises
    ------
    InputError
        If the learning rate or the number of steps breaks its rule, or the parameters overflow.
    """
    _check_positive(eta=eta)
    if steps < 0:
        raise InputError(f"steps = {steps} must not be negative")
    p = single_neurons(problem)
    theta = parameters(p)
    for step in range(steps):
        with np.errstate(over="ignore", invalid="ignore"):
            theta = theta - p.width * eta * curvature(p).gradient
        if not np.all(np.abs(theta) < 1e100):
            raise InputError(f"eta = {eta!r} is too large: gradient descent overflows after {step + 1} steps")
        p = with_parameters(p, theta)
    return p


@dataclass(frozen=True, kw_only=True)
class _Draws:
    r"""One fresh batch for each of R runs: points :math:`y` and residuals :math:`(y-\mu x_i)/\sigma^2`, shape ``(R, b)``."""

    points: Floats
    residuals: Floats


def _draw_batch(p: NetworkProblem, rng: np.random.Generator, runs: int, batch: int) -> _Draws:
    """Draw subsets without replacement, uniformly, and fresh noise."""
    n = p.n
    if batch == n:
        chosen = np.broadcast_to(np.arange(n), (runs, n))
    else:
        chosen = np.argpartition(rng.random((runs, n)), batch - 1, axis=1)[:, :batch]
    noise = rng.standard_normal((runs, batch))
    return _Draws(points=p.mu * np.asarray(p.x)[chosen] + p.sigma * noise, residuals=noise / p.sigma)


def _features(p: NetworkProblem, theta: Floats, draws: _Draws) -> tuple[Floats, Floats, Floats]:
    r"""Return :math:`\phi_\ell`, :math:`I_\ell`, shape ``(R, b, m)``, and f, shape ``(R, b)``, at parameters ``(R, 2m)``."""
    reach = p.signs * draws.points[:, :, None] + theta[:, None, p.width :]
    values, active = np.maximum(reach, 0.0), (reach >= 0) * 1.0
    return values, active, np.einsum("rbm,rm->rb", values, theta[:, : p.width]) / p.width + draws.residuals


def _pathwise_gradient(p: NetworkProblem, theta: Floats, draws: _Draws) -> Floats:
    r"""Return :math:`\sum_{i\in B}\nabla f_i^2`, shape ``(R, 2m)``."""
    values, active, f = _features(p, theta, draws)
    on_weights, on_biases = np.einsum("rb,rbm->rm", f, values), np.einsum("rb,rbm->rm", f, active)
    return 2 / p.width * np.concatenate([on_weights, theta[:, : p.width] * on_biases], axis=1)


def _linearised_gradient(p: NetworkProblem, theta: Floats, deviation: Floats, draws: _Draws) -> Floats:
    r"""Return :math:`\sum_{i\in B}(\nabla f_i^2+\nabla^2f_i^2\,\delta)` at :math:`\theta^*`, the Hessian almost everywhere."""
    m = p.width
    values, active, f = _features(p, theta, draws)
    tangent = np.concatenate([values, theta[:, None, :m] * active], axis=2) / m
    change = np.einsum("rbk,rk->rb", tangent, deviation)
    result = 2 * np.einsum("rb,rbk->rk", f + change, tangent)
    mixed = 2 / m * np.einsum("rb,rbm->rm", f, active)
    total: Floats = result + np.concatenate([mixed * deviation[:, m:], mixed * deviation[:, :m]], axis=1)
    return total


Field: TypeAlias = Callable[[NetworkProblem, Floats, Floats, _Draws], Floats]


def _nonlinear(p: NetworkProblem, theta: Floats, deviation: Floats, draws: _Draws) -> Floats:
    return _pathwise_gradient(p, theta + deviation, draws)


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What a simulation is asked for; see :func:`simulate_sgd`."""

    eta: float
    batch: int
    steps: int
    runs: int
    seed: int
    normalisation: Normalisation
    start: float

    def check(self, n: int) -> None:
        """Reject what no simulation can do."""
        _check_positive(eta=self.eta, start=self.start, steps=self.steps, runs=self.runs)
        if self.normalisation not in {"mean", "sum"}:
            raise InputError(f"normalisation = {self.normalisation!r} must be 'mean' or 'sum'")
        if not 1 <= self.batch <= n:
            raise InputError(f"batch = {self.batch} must lie between 1 and the sample size {n}")


def _simulate(field: Field, problem: NetworkProblem, plan: _Plan) -> Floats:
    """Return the deviations from the network, shape ``(steps + 1, R, 2m)``; infinite from where a run has escaped."""
    p = single_neurons(problem)
    plan.check(p.n)
    rng = np.random.default_rng(np.random.SeedSequence(plan.seed))
    theta, rate = parameters(p), p.width * plan.eta / (plan.batch if plan.normalisation == "mean" else 1)
    direction = rng.standard_normal(len(theta))
    result = np.full((plan.steps + 1, plan.runs, len(theta)), np.inf)
    result[0] = plan.start * direction / np.linalg.norm(direction)
    inside = np.arange(plan.runs)
    for step in range(plan.steps):
        before = result[step, inside]
        at = np.broadcast_to(theta, before.shape)
        after = before - rate * field(p, at, before, _draw_batch(p, rng, len(inside), plan.batch))
        kept = np.linalg.norm(after, axis=1) <= ESCAPE * plan.start
        inside = inside[kept]
        result[step + 1, inside] = after[kept]
        if not len(inside):
            break
    return result


def simulate_sgd(
    problem: NetworkProblem,
    *,
    eta: float,
    batch: int,
    steps: int,
    runs: int,
    seed: int,
    normalisation: Normalisation = "mean",
    start: float = START,
) -> Floats:
    r"""Simulate stochastic gradient descent :math:`\theta\leftarrow\theta-m\eta\nabla\hat R_j(\theta)` from beside a network.

    :math:`\hat R_j` is the mean, or the sum, of :math:`f_i(Y_i)^2` over a subset B of size b that is drawn uniformly without
    replacement, with fresh noise at each step. Source: wu2025, Section 6, without the projection.

    Parameters
    ----------
    problem
        The network :math:`\theta^*` to start beside, usually a minimum.
    eta
        The learning rate, positive.
    batch
        The size b of a batch, between 1 and n.
    steps, runs
        How many steps, and how many independent runs.
    seed
        Seed of the direction of the start, the batches and the noise.
    normalisation
        ``"mean"`` for :math:`\frac1b\sum_{i\in B}`, ``"sum"`` for :math:`\sum_{i\in B}`: the sum at :math:`\eta` is the mean at
        :math:`b\eta`.
    start
        The distance of the start from the network, in one random direction for all runs.

    Returns
    -------
    Floats
        The distances :math:`\|\theta_j-\theta^*\|`, shape ``(steps + 1, runs)``; infinite from where one exceeds a million
        times the start, and the simulation ends where all do.
    """
    plan = _Plan(eta=eta, batch=batch, steps=steps, runs=runs, seed=seed, normalisation=normalisation, start=start)
    result: Floats = np.linalg.norm(_simulate(_nonlinear, problem, plan), axis=2)
    return result


def linearised_deviations(
    problem: NetworkProblem,
    *,
    eta: float,
    batch: int,
    steps: int,
    runs: int,
    seed: int,
    normalisation: Normalisation = "mean",
    start: float = START,
) -> Floats:
    r"""Simulate (7), :math:`\delta\leftarrow\delta-m\eta(\nabla\hat R_j(\theta^*)+\nabla^2\hat R_j(\theta^*)\delta)`.

    The Hessian is that of :math:`f_i(y)^2` at almost every y, :math:`2\nabla s\nabla s^\top+2f\nabla^2s` with
    :math:`\partial_{w_\ell}\partial_{b_\ell}s=1_{I_\ell}/m`: its mean is :math:`G+M`, which misses the kinks, and so
    :math:`\mathbb E\delta_j=(I-m\eta(G+M))^j\delta_0` at a critical point. Source: wu2025, (7).

    Parameters
    ----------
    problem
        The network :math:`\theta^*`.
    eta
        The learning rate, positive.
    batch
        The size b of a batch, between 1 and n.
    steps, runs
        How many steps, and how many independent runs.
    seed
        Seed of the direction of the start, the batches and the noise.
    normalisation
        ``"mean"`` for :math:`\frac1b\sum_{i\in B}`, ``"sum"`` for :math:`\sum_{i\in B}`: the sum at :math:`\eta` is the mean at
        :math:`b\eta`.
    start
        The distance of the start from the network, in one random direction for all runs.

    Returns
    -------
    Floats
        The deviations :math:`\delta_j`, shape ``(steps + 1, runs, 2m)``; infinite from where one exceeds a million times the
        start.
    """
    plan = _Plan(eta=eta, batch=batch, steps=steps, runs=runs, seed=seed, normalisation=normalisation, start=start)
    return _simulate(_linearised_gradient, problem, plan)


def simulate_linearised(problem: NetworkProblem, **settings: Any) -> Floats:
    r"""Return the distances :math:`\|\delta_j\|` of :func:`linearised_deviations`, shape ``(steps + 1, runs)``."""
    result: Floats = np.linalg.norm(linearised_deviations(problem, **settings), axis=2)
    return result
