r"""The local Polyak-Lojasiewicz constant over a ball of weights around the start: a search, and the proof's chain from below.

The chain is that of Proposition 5's proof with the numbers of the network in hand in place of its worst cases: it is a proved
lower bound, in floats, for all targets and all weights with
:math:`\|A-\bar A\|_F,\|B-\bar B\|_F,\|V_k\|_F+\|W_k-\bar W\|_F\le R`.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from numerics.residual_network import ResidualNetwork, Weights
from numerics.tangent_kernel import tangent_kernel

Floats: TypeAlias = NDArray[np.float64]


def chain_bound(network: ResidualNetwork, start: Weights, x: Floats, radius: float) -> float:
    r"""Return a lower bound on the constant over the ball, by the part of V alone.

    With :math:`c=K_\sigma R\frac{\|\bar W\|_2+R}{L\sqrt{qm}}` a layer changes states and adjoints by a factor between 1 - c and
    1 + c, so that

    .. math::
        \mu\ge\frac4{nmL}\sum_{k=0}^{L-1}\big((s_{\min}(\bar B)-R)(1-c)^{L-1-k}\,(s_{\min}(\sigma_0)-\Delta_k)_+\big)^2,

    :math:`\sigma_0` the features at the start and :math:`\Delta_k` how far those of a layer may be from them.

    Parameters
    ----------
    network
        The architecture.
    start
        Its weight-tied start, V = 0.
    x
        The inputs, shape ``(n, d)``.
    radius
        The radius R.

    Returns
    -------
    float
        The bound, 0 where the chain gives nothing.
    """
    depth, q, m = start.V.shape
    slope, inner = network.activation.lipschitz, float(np.linalg.norm(start.W[0], 2))
    features = network.activation.value(x @ start.A.T @ start.W[0].T / math.sqrt(q))
    least = float(np.linalg.svd(features, compute_uv=False)[-1]) if m >= len(x) else 0.0
    size = float(np.linalg.norm(x))
    change = slope * radius * (inner + radius) / (depth * math.sqrt(q * m))
    first = (float(np.linalg.norm(start.A, 2)) + radius) * size
    last = max(0.0, float(np.linalg.svd(start.B, compute_uv=False)[-1]) - radius)
    if change >= 1:
        return 0.0
    k = np.arange(depth)
    grown = first * (1 + change) ** k
    moved = slope / math.sqrt(q) * (radius * grown + inner * (grown - first + radius * size))
    parts = last * (1 - change) ** (depth - 1 - k) * np.maximum(0.0, least - moved)
    return float(4 / (len(x) * m * depth) * np.sum(parts**2))


def smallest_found(
    network: ResidualNetwork,
    start: Weights,
    x: Floats,
    radius: float,
    *,
    rng: np.random.Generator,
    part: str | None = None,
    steps: int = 150,
) -> float:
    """Search the ball for weights with a small constant, from the start and from B shrunk, by random moves that lower it.

    Parameters
    ----------
    network, start, x, radius
        As for :func:`chain_bound`.
    rng
        Draws the moves.
    part
        The part of the kernel whose constant is searched, or None for all of it.
    steps
        How many moves are tried from each of the two.

    Returns
    -------
    float
        The smallest constant found, an upper bound on that of the ball.
    """
    shrunk = Weights(A=start.A, V=start.V, W=start.W, B=start.B * (1 - radius / float(np.linalg.norm(start.B))))
    best = math.inf
    for weights in (start, shrunk):
        current, value = weights, tangent_kernel(network, weights, x).smallest_slope(part)
        for step in range(steps):
            tried = _pulled_back(_moved(current, 2 * radius * 0.97**step, rng), start, radius)
            found = tangent_kernel(network, tried, x).smallest_slope(part)
            if found < value:
                current, value = tried, found
        best = min(best, value)
    return best


def _moved(weights: Weights, size: float, rng: np.random.Generator) -> Weights:
    parts = {}
    for name in "AVWB":
        part = getattr(weights, name)
        turn = rng.standard_normal(part.shape)
        parts[name] = part + size * turn / np.linalg.norm(turn) * math.sqrt(len(part) if name in "VW" else 1)
    return Weights(**parts)


def _pulled_back(weights: Weights, start: Weights, radius: float) -> Weights:
    """Return the weights with each block pulled back into its ball."""
    ends = {name: getattr(weights, name) - getattr(start, name) for name in "AB"}
    for name, turn in ends.items():
        ends[name] = getattr(start, name) + turn * min(1.0, radius / max(float(np.linalg.norm(turn)), 1e-300))
    v, w = weights.V - start.V, weights.W - start.W
    sizes = np.linalg.norm(v, axis=(1, 2)) + np.linalg.norm(w, axis=(1, 2))
    share = np.minimum(1.0, radius / np.maximum(sizes, 1e-300))[:, None, None]
    return Weights(A=ends["A"], V=start.V + share * v, W=start.W + share * w, B=ends["B"])
