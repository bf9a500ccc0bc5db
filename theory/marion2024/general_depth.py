r"""Residual networks (11) with a general layer beside their limit of infinite depth: the setting of Theorem 14 of marion2024.

The layer here is :math:`f(h,Z)=Z\sin h`, which is no perceptron: unbounded in Z, smooth, 0 at h = 0, uniformly Lipschitz in h
for bounded Z. Layers start at a Lipschitz function :math:`Z^{init}(k/L)` that is not constant, and nothing is clipped.

Longer than most: the layer, both passes and the errors over a run stay together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from numerics.chebyshev import ChebyshevGrid, chebyshev_grid
from numerics.residual_network import Start, general_adjoints, general_states
from theory.marion2024.infinite_depth import along_depth, solve_along_depth
from theory.marion2024.training import piecewise_distance
from theory.statement import Instance

Floats: TypeAlias = NDArray[np.float64]
NODES = 20
RATE = 0.05


class SineLayer:
    r"""The layer :math:`f(h,Z)=Z\sin h`, entry by entry; h and p of shape ``(..., n, q)``, Z of shape ``(..., q, q)``."""

    def value(self, h: Any, z: Any) -> Any:
        """Return f(h, Z), row by row."""
        return np.sin(h) @ np.swapaxes(z, -1, -2)

    def pull_back_state(self, h: Any, z: Any, p: Any) -> Any:
        r"""Return :math:`\partial_1f^\top p=\cos h\odot Z^\top p`."""
        return np.cos(h) * (p @ z)

    def pull_back_weights(self, h: Any, z: Any, p: Any) -> Any:
        r"""Return :math:`\sum_ip_i\sin(h_i)^\top`."""
        del z
        return np.swapaxes(p, -1, -2) @ np.sin(h)


class UntransposedSineLayer(SineLayer):
    """The same layer with the Jacobian of (13) and (44) as printed, not transposed."""

    def pull_back_state(self, h: Any, z: Any, p: Any) -> Any:
        r"""Return :math:`\partial_1f\,p=Z(\cos h\odot p)`."""
        return (np.cos(h) * p) @ np.swapaxes(z, -1, -2)


@dataclass(frozen=True, kw_only=True)
class GeneralRun(Instance):
    r"""A network with layers :math:`Z\sin h`, data and initial weights from a seed, trained by steps of the flow (4).

    Parameters
    ----------
    seed
        Of the data and of the initial weights.
    n, q
        Sample size and dimension of the hidden states; d = d' = 2.
    steps
        Steps of size 1/20 of the flow.
    """

    seed: int
    n: int
    q: int
    steps: int


@dataclass(frozen=True, kw_only=True)
class GeneralWeights:
    """Weights of a network, or their speeds.

    Parameters
    ----------
    A, B
        Shapes ``(q, 2)`` and ``(2, q)``.
    Z
        The layers, shape ``(L, q, q)``, or their limit at Chebyshev nodes, shape ``(N, q, q)``.
    """

    A: Floats
    Z: Floats
    B: Floats

    def moved(self, step: float, speed: GeneralWeights) -> GeneralWeights:
        """Return the weights after an explicit step."""
        return GeneralWeights(A=self.A + step * speed.A, Z=self.Z + step * speed.Z, B=self.B + step * speed.B)


@dataclass(frozen=True, kw_only=True)
class GeneralPass:
    """Forward and backward pass.

    Parameters
    ----------
    states, adjoints
        At the layers 0, ..., L, shape ``(L + 1, n, q)``, or at the nodes, shape ``(N, n, q)``.
    output
        Shape ``(n, 2)``.
    speed
        The right-hand side of the flow (4).
    """

    states: Floats
    adjoints: Floats
    output: Floats
    speed: GeneralWeights


@dataclass(frozen=True)
class GeneralStart:
    r"""Data, ends and the function :math:`Z^{init}(s)=Z_0+Z_1\cos\pi s` of a run."""

    x: Floats
    y: Floats
    A: Floats
    B: Floats
    centre: Floats
    swing: Floats

    def layers(self, s: Floats) -> Floats:
        """Return the initial layers at the depths s, shape ``(len(s), q, q)``."""
        return self.centre + self.swing * np.cos(np.pi * s)[:, None, None]


def start_of(run: GeneralRun) -> GeneralStart:
    """Draw data and initial weights."""
    rng = np.random.default_rng(np.random.SeedSequence(int(run.seed)))
    n, q = int(run.n), int(run.q)
    shapes = ((n, 2), (n, 2), (q, 2), (2, q), (q, q), (q, q))
    x, y, a, b, centre, swing = (rng.standard_normal(shape) for shape in shapes)
    return GeneralStart(x, y, a, b / 2, centre / 2, swing / 2)


def _ends(start: GeneralStart, output: Floats, states: Floats, adjoints: Floats) -> tuple[Floats, Floats]:
    n = len(start.x)
    return -adjoints[0].T @ start.x / n, -2 * (output - start.y).T @ states[-1] / n


def discrete_pass(start: GeneralStart, weights: GeneralWeights, exponent: float = 1.0) -> GeneralPass:
    """Run a network of finite depth forward and backward.

    Parameters
    ----------
    start
        The data.
    weights
        The weights.
    exponent
        The exponent of 1/L before a layer.

    Returns
    -------
    GeneralPass
        The pass; the speed of a layer is minus L times its gradient.
    """
    layer, depth, n = SineLayer(), len(weights.Z), len(start.x)
    step = float(depth**-exponent)
    layers = list(weights.Z)
    states = np.asarray(general_states(layer, layers, start.x @ weights.A.T, step), dtype=np.float64)
    output = states[-1] @ weights.B.T
    last = 2 * (output - start.y) @ weights.B
    adjoints = np.asarray(general_adjoints(layer, layers, states, last, step), dtype=np.float64)
    a, b = _ends(start, output, states, adjoints)
    speeds = -step * depth / n * layer.pull_back_weights(states[:-1], weights.Z, adjoints[1:])
    return GeneralPass(states=states, adjoints=adjoints, output=output, speed=GeneralWeights(A=a, Z=speeds, B=b))


def general_limit_pass(
    start: GeneralStart, weights: GeneralWeights, *, layer: SineLayer | None = None, sign: float = 1.0
) -> GeneralPass:
    r"""Solve (43) and the adjoint equation at the nodes and return the right-hand sides of (38), (40) and (41).

    Parameters
    ----------
    start
        The data.
    weights
        The weights at Chebyshev nodes.
    layer
        Another layer, whose Jacobian is not transposed.
    sign
        1, or -1 for the sign of (44) as printed.

    Returns
    -------
    GeneralPass
        The pass.
    """
    layer, grid = layer or SineLayer(), chebyshev_grid(len(weights.Z))
    z = weights.Z
    states = solve_along_depth(lambda h: layer.value(h, z), grid.from_left, start.x @ weights.A.T)
    output = states[-1] @ weights.B.T
    last = 2 * (output - start.y) @ weights.B
    adjoints = solve_along_depth(lambda p: sign * layer.pull_back_state(states, z, p), grid.from_right, last)
    a, b = _ends(start, output, states, adjoints)
    layers = -layer.pull_back_weights(states, z, adjoints) / len(start.x)
    return GeneralPass(states=states, adjoints=adjoints, output=output, speed=GeneralWeights(A=a, Z=layers, B=b))


@lru_cache(maxsize=64)
def limit_path(run: GeneralRun) -> tuple[tuple[GeneralWeights, GeneralPass], ...]:
    """Return the limit's weights and passes at every step of a run."""
    start = start_of(run)
    weights = GeneralWeights(A=start.A, Z=start.layers(chebyshev_grid(NODES).nodes), B=start.B)
    kept = []
    for _ in range(run.steps + 1):
        done = general_limit_pass(start, weights)
        kept.append((weights, done))
        weights = weights.moved(RATE, done.speed)
    return tuple(kept)


def along(grid: ChebyshevGrid, values: Floats, points: Floats) -> Floats:
    """Return a function given at the nodes at other depths, shape ``(len(points), ...)``."""
    return along_depth(grid.interpolation(points), values)


@lru_cache(maxsize=512)
def general_errors(run: GeneralRun, depth: int, start: Start = Start.TIED, exponent: float = 1.0) -> dict[str, float]:
    r"""Train a network of a given depth and return its largest distances from the limit over all steps.

    Parameters
    ----------
    run
        The run.
    depth
        The depth L.
    start
        Whether independent noise is added to every layer at the start.
    exponent
        The exponent of 1/L before a layer.

    Returns
    -------
    dict
        ``ends``: of A and B; ``layers``: of :math:`Z_{\lfloor(L-1)s\rfloor+1}` from :math:`\mathcal Z(s)`; ``hidden``: of
        :math:`h_{\lfloor Ls\rfloor}` from H(s), both with s at the ends of every piece; ``output``. Largest entries.
    """
    data, grid = start_of(run), chebyshev_grid(NODES)
    layers = data.layers(np.arange(1, depth + 1) / depth)
    if start is Start.INDEPENDENT:
        layers = layers + 0.5 * np.random.default_rng(depth).standard_normal(layers.shape)
    weights = GeneralWeights(A=data.A, Z=layers, B=data.B)
    between, states_at = np.arange(depth) / max(1, depth - 1), np.arange(depth + 1) / depth
    worst = dict.fromkeys(("ends", "layers", "hidden", "output"), 0.0)
    for limit, done in limit_path(run):
        passed = discrete_pass(data, weights, exponent)
        found = {
            "ends": np.maximum(np.linalg.norm(weights.A - limit.A), np.linalg.norm(weights.B - limit.B)),
            "layers": piecewise_distance(weights.Z, along(grid, limit.Z, between)),
            "hidden": piecewise_distance(passed.states, along(grid, done.states, states_at)),
            "output": np.abs(passed.output - done.output).max(),
        }
        worst = {name: float(np.maximum(value, found[name])) for name, value in worst.items()}
        weights = weights.moved(RATE, passed.speed)
    return worst
