r"""Training by the flow (4) until it stands still: networks of finite depth, and their limit of infinite depth, up to a time T.

Theorem 6 of marion2024 speaks of :math:`t\to\infty`; here T is as long as the loss takes to reach the rounding floor, or to
stop at a floor of its own where interpolation is impossible.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from numerics.activations import ACTIVATIONS, Activation
from numerics.residual_network import ResidualNetwork, Start, Weights, initial_weights
from numerics.tangent_kernel import TangentKernel, tangent_kernel
from theory.marion2024.infinite_depth import (
    LimitProblem,
    LimitState,
    flattened,
    initial_limit,
    limit_pass,
    sample_layers,
    unflattened,
)
from theory.marion2024.training import NAMES
from theory.statement import InputError, Instance

Floats: TypeAlias = NDArray[np.float64]
NODES = 16
RELATIVE, ABSOLUTE = 1e-12, 1e-14
TIMES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


@dataclass(frozen=True, kw_only=True)
class LongRun(Instance):
    r"""A network (3) trained by (4) from the weight-tied start.

    Parameters
    ----------
    seed
        Of the data and of W.
    activation
        Index into the sorted names of the activations.
    n, d, q, m
        Sample size, dimension of the inputs, of the states, and hidden units; d' = q - d, so that the first output is 0.
    duplicates
        How many of the inputs repeat the first one, with targets of their own.
    """

    seed: int
    activation: int
    n: int
    d: int
    q: int
    m: int
    duplicates: int


def data_of(run: LongRun) -> tuple[Floats, Floats, np.random.Generator]:
    r"""Return inputs with :math:`\|x_i\|=\sqrt q`, standard Gaussian targets, and the generator of W."""
    data, weights = np.random.SeedSequence(int(run.seed)).spawn(2)
    rng = np.random.default_rng(data)
    x = rng.standard_normal((int(run.n), int(run.d)))
    x *= np.sqrt(run.q) / np.linalg.norm(x, axis=1, keepdims=True)
    y = rng.standard_normal((int(run.n), int(run.q - run.d)))
    x[1 : 1 + int(run.duplicates)] = x[0]
    return x, y, np.random.default_rng(weights)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The state of training at one time.

    Parameters
    ----------
    t, loss
        Time and loss.
    weights
        The weights, of finite depth or at the nodes.
    """

    t: float
    loss: float
    weights: Any


def _integrate(speed: Callable[[Floats], Floats], start: Floats, times: tuple[float, ...], what: str) -> list[Floats]:
    from scipy.integrate import solve_ivp  # a slow import, which listing statements does not need

    path = solve_ivp(
        lambda _t, u: speed(u), (0.0, times[-1]), start, method="DOP853", t_eval=times, rtol=RELATIVE, atol=ABSOLUTE
    )
    if not path.success:
        raise InputError(f"{what} is not solved to time {times[-1]!r}: {path.message}")
    return list(path.y.T)


def network_of(run: LongRun) -> ResidualNetwork:
    """Return the architecture of a run."""
    return ResidualNetwork(activation=ACTIVATIONS[NAMES[run.activation]])


def start_of(run: LongRun, depth: int, start: Start = Start.TIED) -> Weights:
    """Return the start at a depth, weight-tied unless told otherwise."""
    _, _, rng = data_of(run)
    return initial_weights(rng, depth=depth, d=run.d, q=run.q, m=run.m, d_out=run.q - run.d, start=start)


@lru_cache(maxsize=256)
def train(
    run: LongRun,
    depth: int,
    times: tuple[float, ...] = TIMES,
    start_kind: Start = Start.TIED,
    activation: Activation | None = None,
) -> tuple[Stage, ...]:
    """Train a network of finite depth by the gradient flow (4).

    Parameters
    ----------
    run
        The run.
    depth
        The depth L.
    times
        Increasing positive times.
    start_kind
        Whether the layers start equal.
    activation
        Another activation than that of the run.

    Returns
    -------
    tuple of Stage
        The start, and the state at each time.
    """
    x, y, _ = data_of(run)
    network = network_of(run) if activation is None else ResidualNetwork(activation=activation)
    start = start_of(run, depth, start_kind)

    def speed(u: Floats) -> Floats:
        return -flattened(network.gradient(unflattened(u, start), x, y))

    found = [flattened(start), *_integrate(speed, flattened(start), times, f"the flow at depth {depth}")]
    stages = []
    for t, u in zip((0.0, *times), found, strict=True):
        weights = unflattened(u, start)
        output = network.forward(weights, x).output
        stages.append(Stage(t=t, loss=float(np.sum((output - y) ** 2)) / len(x), weights=weights))
    return tuple(stages)


@lru_cache(maxsize=64)
def train_limit(run: LongRun, times: tuple[float, ...] = TIMES) -> tuple[Stage, ...]:
    """Train the network of infinite depth by the limit of (4).

    Parameters
    ----------
    run
        The run.
    times
        Increasing positive times.

    Returns
    -------
    tuple of Stage
        The start, and the state at each time, with weights at Chebyshev nodes.
    """
    x, y, rng = data_of(run)
    problem = LimitProblem(x=x, y=y, q=run.q, m=run.m, activation=ACTIVATIONS[NAMES[run.activation]])
    start = initial_limit(problem, rng=rng, nodes=NODES)

    def speed(u: Floats) -> Floats:
        return flattened(limit_pass(problem, unflattened(u, start)).speed)

    found = [flattened(start), *_integrate(speed, flattened(start), times, "the limit of the flow")]
    states = [unflattened(u, start) for u in found]
    return tuple(
        Stage(t=t, loss=limit_pass(problem, state).loss, weights=state) for t, state in zip((0.0, *times), states, strict=True)
    )


def kernel_of(run: LongRun, weights: Weights) -> TangentKernel:
    """Return the tangent kernel of a run's network at given weights."""
    return tangent_kernel(network_of(run), weights, data_of(run)[0])


def layer_distance(first: Weights, second: Weights) -> float:
    r"""Return the largest distance of A, B and any layer, Euclidean norm over V and W."""
    squares = np.sum((first.V - second.V) ** 2, axis=(1, 2)) + np.sum((first.W - second.W) ** 2, axis=(1, 2))
    ends = (np.linalg.norm(first.A - second.A), np.linalg.norm(first.B - second.B))
    return float(max(*ends, np.sqrt(squares.max())))


def at_depth(limit: LimitState, depth: int) -> Weights:
    """Return the layers Z(k/L) of weights of infinite depth."""
    v, w = sample_layers(limit, depth)
    return Weights(A=limit.A, V=v, W=w, B=limit.B)
