r"""Training runs of residual networks beside their infinite-depth limit: the errors that Theorem 4 says vanish.

Both take the same explicit Euler steps in training time, so that the difference is that of depth alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from numerics.activations import ACTIVATIONS
from numerics.chebyshev import chebyshev_grid
from numerics.residual_network import Gradient, ResidualNetwork, Start, Weights, initial_weights
from theory.marion2024.infinite_depth import LimitProblem, LimitState, initial_limit, sample_layers, smooth_clip
from theory.marion2024.limit import limit_steps
from theory.statement import InputError, Instance

Floats: TypeAlias = NDArray[np.float64]
NODES = 20
NAMES = tuple(sorted(ACTIVATIONS))


@dataclass(frozen=True, kw_only=True)
class Run(Instance):
    r"""One training run: data, architecture and time, drawn from a seed.

    Parameters
    ----------
    seed
        Of the data and the one matrix W.
    activation
        Index into the sorted names of the activations.
    n, q, m
        Sample size, dimension of the hidden states, hidden units of a layer; d = d' = 2.
    steps
        Steps of size 1/20 of the flow.
    clipped
        1 for the clipped flow (5) with a smooth clipping at 1, 0 for (4).
    """

    seed: int
    activation: int
    n: int
    q: int
    m: int
    steps: int
    clipped: int


RATE = 0.05
BOUND = 1.0


def _data(run: Any) -> tuple[Floats, Floats, np.random.Generator]:
    data, weights = np.random.SeedSequence(int(run.seed)).spawn(2)
    rng = np.random.default_rng(data)
    x, y = rng.standard_normal((int(run.n), 2)), rng.standard_normal((int(run.n), 2))
    return x, y, np.random.default_rng(weights)


def _clip(run: Any) -> Callable[[Floats], Floats] | None:
    return smooth_clip(BOUND) if run.clipped else None


@lru_cache(maxsize=64)
def _limit(run: Run) -> tuple[tuple[LimitState, Floats, Floats], ...]:
    """Return the limit at every step: its weights, its hidden states at the nodes and its output."""
    x, y, rng = _data(run)
    activation = ACTIVATIONS[NAMES[run.activation]]
    problem = LimitProblem(x=x, y=y, q=run.q, m=run.m, activation=activation, clip=_clip(run))
    kept = []
    for step, (state, done) in enumerate(limit_steps(problem, initial_limit(problem, rng=rng, nodes=NODES), rate=RATE)):
        kept.append((state, done.hidden, done.hidden[-1] @ state.B.T))
        if step == run.steps:
            return tuple(kept)
    raise InputError(f"steps = {run.steps} must not be negative")


@lru_cache(maxsize=64)
def limit_slope(run: Run) -> float:
    r"""Return :math:`\sup_s\|\partial_s\mathcal Z(s,t)\|` at the end of a run, the Lipschitz constant of the limit in depth.

    Parameters
    ----------
    run
        The run.

    Returns
    -------
    float
        The supremum; Euclidean norm over V and W.
    """
    return _limit(run)[-1][0].steepest


@dataclass(frozen=True, kw_only=True)
class Errors:
    r"""The largest distances over a run.

    Parameters
    ----------
    ends
        Of A and B from their limits, in Frobenius norm.
    layers
        Of :math:`Z_k` from :math:`\mathcal Z(k/L)`.
    hidden
        Of :math:`h_{\lfloor Ls\rfloor}` from H(s) at the data points, s at both ends of every piece between multiples of 1/L.
    output
        Of :math:`F^L(x_i)` from its limit.
    gap
        Of successive layers at the end, :math:`\max_k\|Z_{k+1}-Z_k\|`.
    """

    ends: float
    layers: float
    hidden: float
    output: float
    gap: float


def clipped(gradient: Gradient, clip: Callable[[Floats], Floats] | None) -> Weights:
    """Return minus the right-hand side of (5), clipped block by block: A, B and every layer.

    Parameters
    ----------
    gradient
        The gradient, that of the layers times the depth.
    clip
        The clipping along the last axis, or none, for (4).

    Returns
    -------
    Weights
        The clipped gradient, in the shapes of the weights.
    """
    depth, size = len(gradient.V), gradient.V[0].size
    layers = np.concatenate([gradient.V.reshape(depth, -1), gradient.W.reshape(depth, -1)], axis=1)
    first: Any = gradient.A
    last: Any = gradient.B
    if clip is not None:
        layers = -clip(-layers)
        first, last = (-clip(-end.ravel()).reshape(end.shape) for end in (first, last))
    v, w = layers[:, :size].reshape(gradient.V.shape), layers[:, size:].reshape(gradient.W.shape)
    return Weights(A=first, V=v, W=w, B=last)


def descend(weights: Weights, gradient: Gradient, clip: Callable[[Floats], Floats] | None) -> Weights:
    """Return the weights after one step of size 1/20 of the flow (5), or (4) without a clipping."""
    step = clipped(gradient, clip)
    return Weights(**{name: getattr(weights, name) - RATE * getattr(step, name) for name in "AVWB"})


def layer_gaps(weights: Weights) -> Floats:
    r"""Return :math:`\|Z_{k+1}-Z_k\|`, the Euclidean norm over V and W, shape ``(L - 1,)``."""
    squares = [np.sum(np.diff(part, axis=0) ** 2, axis=(1, 2)) for part in (weights.V, weights.W)]
    return np.asarray(np.sqrt(squares[0] + squares[1]))


def piecewise_distance(steps: Any, curve: Any) -> float:
    r"""Return the supremum in s of the distance of a step function from a curve, up to what the curve bends within a step.

    Parameters
    ----------
    steps
        The value from each point of a grid to the next, the last at the end alone, shape ``(L + 1, ...)``.
    curve
        The curve at the points, of the same shape.

    Returns
    -------
    float
        The largest distance at either end of a step.
    """
    left, right = np.abs(steps - curve).max(), np.abs(steps[:-1] - curve[1:]).max(initial=0.0)
    return float(max(left, right))


@lru_cache(maxsize=512)
def errors(run: Run, depth: int, start: Start = Start.TIED, exponent: float = 1.0) -> Errors:
    """Train a network of a given depth and compare it with its limit at every step.

    Parameters
    ----------
    run
        The run, in exact data.
    depth
        The depth L.
    start
        How the layers start.
    exponent
        The exponent of 1/L before a layer.

    Returns
    -------
    Errors
        The distances.
    """
    x, y, rng = _data(run)
    network = ResidualNetwork(activation=ACTIVATIONS[NAMES[run.activation]], exponent=exponent)
    weights = initial_weights(rng, depth=depth, d=2, q=run.q, m=run.m, d_out=2, start=start)
    clip, worst = _clip(run), dict.fromkeys(("ends", "layers", "hidden", "output"), 0.0)
    rows = chebyshev_grid(NODES).interpolation(np.arange(depth + 1) / depth)
    for step, (state, hidden, output) in enumerate(_limit(run)):
        passed = network.forward(weights, x)
        v, w = sample_layers(state, depth)
        squares = np.sum((weights.V - v) ** 2, axis=(1, 2)) + np.sum((weights.W - w) ** 2, axis=(1, 2))
        found = {
            "ends": np.maximum(np.linalg.norm(weights.A - state.A), np.linalg.norm(weights.B - state.B)),
            "layers": math.sqrt(float(squares.max())),
            "hidden": piecewise_distance(
                passed.states, (rows @ hidden.reshape(NODES, -1)).reshape(depth + 1, *hidden.shape[1:])
            ),
            "output": np.abs(passed.output - output).max(),
        }
        worst = {name: float(np.maximum(value, found[name])) for name, value in worst.items()}
        if step < run.steps:
            weights = descend(weights, network.gradient(weights, x, y), clip)
    gaps = layer_gaps(weights)
    return Errors(**worst, gap=float(gaps.max()) if len(gaps) else 0.0)
