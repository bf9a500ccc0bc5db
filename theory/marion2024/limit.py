r"""The training dynamics of residual networks of infinite depth, computed directly: the limit in Theorem 4 of marion2024.

Depth is not discretised: the weights are functions of s, resolved to rounding by a dozen Chebyshev nodes at first. Training
steepens them in s, whatever its steps are, and more nodes are needed then: ``unresolved`` tells.
Time is either continuous, for gradient flow (4) or (5), or has the steps of gradient descent.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from numerics.flows import solve
from theory.marion2024.infinite_depth import (
    LimitPass,
    LimitProblem,
    LimitState,
    flattened,
    hard_clip,
    initial_limit,
    limit_pass,
    sample_layers,
    smooth_clip,
    unflattened,
)
from theory.statement import InputError

__all__ = [
    "LimitPass",
    "LimitProblem",
    "LimitState",
    "LimitTrajectory",
    "hard_clip",
    "initial_limit",
    "limit_descent",
    "limit_flow",
    "limit_pass",
    "limit_steps",
    "sample_layers",
    "smooth_clip",
]

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LimitTrajectory:
    """Weights of infinite depth along training.

    Parameters
    ----------
    times
        The times t; along gradient descent, rate times step.
    states
        The weights at each time.
    losses
        The loss at each time.
    evaluations
        Number of forward and backward passes of the integrator that gave the states.
    discrepancy
        The largest difference of the two integrators in time; 0 for gradient descent, whose steps are exact.
    unresolved
        The largest relative tail in s of states, adjoints and speeds at these times: above the error of the nodes.
    """

    times: Floats
    states: tuple[LimitState, ...]
    losses: Floats
    evaluations: int
    discrepancy: float
    unresolved: float


def limit_flow(
    problem: LimitProblem, state: LimitState, times: Sequence[float] | Floats, *, rtol: float = 1e-12, atol: float = 1e-12
) -> LimitTrajectory:
    r"""Solve the limit of gradient flow (4), or (5) with a clipping map: :math:`\dot A=-\partial_A\ell`, and so on.

    With the layers weighted by ds the flow is one of steepest descent, and :math:`\int_0^t\|\dot Z\|^2\le\ell(0)`.

    Parameters
    ----------
    problem
        Data and architecture.
    state
        The weights at the first time.
    times
        Increasing times.
    rtol, atol
        Tolerances of a step in time.

    Returns
    -------
    LimitTrajectory
        The weights at the times.

    Raises
    ------
    InputError
        If the two integrators in time disagree.
    """
    found = solve(
        lambda _, u: flattened(limit_pass(problem, unflattened(u, state)).speed), flattened(state), times, rtol=rtol, atol=atol
    )
    if found.discrepancy > found.allowed:
        raise InputError(found.message)
    states = tuple(unflattened(u, state) for u in found.y)
    passes = [limit_pass(problem, each) for each in states]
    return LimitTrajectory(
        times=found.t,
        states=states,
        losses=np.array([done.loss for done in passes]),
        evaluations=found.evaluations,
        discrepancy=found.discrepancy,
        unresolved=max(done.unresolved for done in passes),
    )


def limit_steps(problem: LimitProblem, state: LimitState, *, rate: float) -> Iterator[tuple[LimitState, LimitPass]]:
    r"""Yield the iterates of gradient descent at infinite depth, with the pass at each, without end and without storing any.

    Parameters
    ----------
    problem
        Data and architecture.
    state
        The start, which is yielded first.
    rate
        The step :math:`\eta` in the time of the flow; see :func:`limit_descent`.

    Yields
    ------
    tuple of LimitState and LimitPass
        An iterate and the pass there.

    Raises
    ------
    InputError
        If the weights grow beyond what can be solved in s; the step is named.
    """
    last: list[LimitPass] = []
    for step in itertools.count():
        try:
            done = limit_pass(problem, state, _extrapolated(last))
        except InputError as error:
            raise InputError(f"after {step} steps of size {rate!r}: {error}") from error
        last = [*last[-2:], done]
        yield state, done
        state = state.moved(rate, done.speed)


def _extrapolated(last: list[LimitPass]) -> tuple[Floats, Floats] | None:
    """Return a guess of the next states and adjoints: constant, linear or quadratic in the step."""
    if not last:
        return None
    weights = {1: (1,), 2: (-1, 2), 3: (1, -3, 3)}[len(last)]
    hidden = sum(w * done.hidden for w, done in zip(weights, last, strict=True))
    adjoint = sum(w * done.adjoint for w, done in zip(weights, last, strict=True))
    return np.asarray(hidden), np.asarray(adjoint)


def limit_descent(problem: LimitProblem, state: LimitState, *, rate: float, steps: int, every: int = 1) -> LimitTrajectory:
    r"""Run the limit of gradient descent: explicit Euler steps of size :math:`\eta` of the flow, exact in depth.

    At depth L it is :math:`Z_k\leftarrow Z_k-\eta L\,\partial_{Z_k}\ell`, :math:`A\leftarrow A-\eta\,\partial_A\ell`,
    :math:`B\leftarrow B-\eta\,\partial_B\ell` with the loss :math:`\frac1n\sum_i\|F(x_i)-y_i\|^2`: what the paper calls a
    learning rate of :math:`\eta L` for the layers. Step j is at time :math:`\eta j`.

    Parameters
    ----------
    problem
        Data and architecture.
    state
        The start.
    rate
        The step :math:`\eta`, positive.
    steps
        How many steps, at least 0.
    every
        Keep every so many iterates, from the start on, and the last.

    Returns
    -------
    LimitTrajectory
        The iterates kept.

    Raises
    ------
    InputError
        If the rate or a number is out of range.
    """
    if not (math.isfinite(rate) and rate > 0 and steps >= 0 and every >= 1):
        raise InputError(f"rate = {rate!r}, steps = {steps}, every = {every}: positive, at least 0 and at least 1 are needed")
    kept: list[tuple[float, LimitState, float, float]] = []
    for step, (iterate, done) in enumerate(limit_steps(problem, state, rate=rate)):
        if step % every == 0 or step == steps:
            kept.append((rate * step, iterate, done.loss, done.unresolved))
        if step == steps:
            break
    times, states, losses, tails = zip(*kept, strict=True)
    return LimitTrajectory(
        times=np.array(times),
        states=states,
        losses=np.array(losses),
        evaluations=steps + 1,
        discrepancy=0.0,
        unresolved=max(tails),
    )
