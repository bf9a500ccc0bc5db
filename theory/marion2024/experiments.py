r"""The synthetic experiments of Section 5.1 and Appendix E of marion2024: settings, readings, and what Figures 1 and 2 claim.

Full-batch gradient descent of residual networks with :math:`q=d=d'`, :math:`A=B=I` frozen, GELU, Gaussian inputs, targets and
tied W, :math:`V=0`, at learning rate :math:`\eta L`. Two things that the text fixes differ in the pictures, so that there are
four readings: whether the residual has the factors :math:`\frac1{\sqrt m}` and :math:`\frac1{\sqrt q}` of (3), and whether the
loss is the printed :math:`\frac1n\sum\|F(x_i)-y_i\|^2` or its mean over coordinates. The numbers in the pictures are those of
no factors and the mean over coordinates, as in the authors' code; the others miss them by factors of 4 and more.

Every reading is run as the network (3): without factors, with weights :math:`\sqrt mV,\sqrt qW` in the place of V, W, and
learning rates :math:`m\eta,q\eta`.

The file is long because the settings of both figures, their descent at any depth and what is measured of it stay together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from numerics.activations import ACTIVATIONS
from numerics.residual_kernel import layer_gradient
from numerics.residual_network import Weights
from theory.marion2024.infinite_depth import LimitPass, LimitProblem, LimitState, limit_pass
from theory.statement import InputError

Floats: TypeAlias = NDArray[np.float64]
ACTIVATION = "gelu"
NODES = (16, 24, 32, 48, 64, 96)
"""Numbers of Chebyshev nodes: the next is taken when the speeds of the weights are no longer resolved."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    r"""How the text of an experiment is read.

    Parameters
    ----------
    says
        The reading in words.
    factors
        Whether the residual is :math:`\frac1{\sqrt m}V\sigma(\frac1{\sqrt q}Wh)`, or :math:`V\sigma(Wh)`.
    coordinates
        Whether the loss is a mean over coordinates too.
    """

    says: str
    factors: bool
    coordinates: bool


READINGS = {
    "printed": Reading(says="as printed", factors=True, coordinates=False),
    "printed-mean": Reading(says="as printed, loss a mean over coordinates", factors=True, coordinates=True),
    "plain-sum": Reading(says="no factors in the residual", factors=False, coordinates=False),
    "plain": Reading(says="no factors in the residual, loss a mean over coordinates", factors=False, coordinates=True),
}
DRAWN = "plain"
"""The reading whose numbers are those of the published pictures."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    r"""The setting of one figure.

    Parameters
    ----------
    n, q, m
        Sample size, dimension of states, inputs and outputs, and width.
    rate
        :math:`\eta`, exact: the learning rate of a layer is :math:`\eta L`.
    iterations
        How many steps.
    seed
        Of the draw of W, x and y, in this order.
    reading
        A key of :data:`READINGS`.
    """

    n: int
    m: int
    rate: Fraction
    iterations: int
    q: int = 16
    seed: int = 0
    reading: str = DRAWN

    def __post_init__(self) -> None:
        """Check the reading."""
        if self.reading not in READINGS:
            raise InputError(f"reading = {self.reading!r}: one of {', '.join(READINGS)} is needed")

    @property
    def loss_unit(self) -> float:
        """Return by what the printed loss is multiplied."""
        return 1 / self.q if READINGS[self.reading].coordinates else 1.0

    @property
    def units(self) -> tuple[float, float]:
        """Return by what V and W of network (3) are multiplied to give those of the reading."""
        return (1.0, 1.0) if READINGS[self.reading].factors else (1 / math.sqrt(self.m), 1 / math.sqrt(self.q))

    @property
    def steps(self) -> tuple[float, float]:
        r"""Return the steps of V and W of network (3) under the printed loss, in the time of the flow."""
        by_v, by_w = (float(self.rate) * self.loss_unit / unit**2 for unit in self.units)
        return by_v, by_w

    def problem(self) -> LimitProblem:
        """Return data and architecture."""
        rng = np.random.default_rng(self.seed)
        rng.standard_normal((self.m, self.q))
        x, y = rng.standard_normal((2, self.n, self.q))
        return LimitProblem(x=x, y=y, q=self.q, m=self.m, activation=ACTIVATIONS[ACTIVATION], frozen=frozenset("AB"))

    def start(self) -> Floats:
        """Return the one matrix W of all layers at the start, in the units of network (3); V is 0."""
        return np.random.default_rng(self.seed).standard_normal((self.m, self.q)) / self.units[1]


FIGURE_1 = Experiment(n=100, m=32, rate=Fraction(1, 100), iterations=500)
FIGURE_2 = Experiment(n=50, m=64, rate=Fraction(1, 200), iterations=80_000)
DEPTHS = tuple(2**k for k in range(1, 11))
REFERENCE_DEPTH = 2**14
"""The depth that stands for infinity in the paper."""
DEPTH_2 = 64
TIMES = (1, 50, 100, 150, 200, 250, 300, 350, 400, 450)
"""Numbers of iterations in the legend of Figure 1; at the first, all layers are still equal, and no curve is to be seen."""
PUBLISHED_1 = {(2, 450): 18.9, (1014, 450): 0.84, (2, 50): 0.42, (1014, 50): 0.020}
"""Values of the published curves, by eye, at depth and iterations."""
PUBLISHED_DISTANCE = {"V": 0.63, "W": 0.083}
"""The upper ends of the colour bars of Figure 1: the distance at two layers after 500 iterations, by eye."""
PUBLISHED_LOSS = (1.8, 7e-8)
"""The loss of Figure 2 at the start and the end, by eye."""


@dataclass(frozen=True, kw_only=True)
class Iterate:
    """Weights of one step, which the next step overwrites.

    Parameters
    ----------
    step
        The number of steps before it.
    V, W
        The layers, or at infinite depth the values at the nodes, in the units of network (3).
    loss
        The loss of the reading.
    solution
        At infinite depth, the pass there.
    """

    step: int
    V: Floats
    W: Floats
    loss: float
    solution: LimitPass | None = field(default=None, repr=False)


def descend(
    experiment: Experiment,
    depth: int,
    *,
    start: tuple[Floats, Floats] | None = None,
    first: int = 0,
    compiled: bool | None = None,
) -> Iterator[Iterate]:
    """Yield the iterates of gradient descent at a depth, without end; the arrays are changed in place.

    Parameters
    ----------
    experiment
        The setting.
    depth
        The number L of layers.
    start
        V and W to go on from; the start of the experiment by default.
    first
        The number of the first step.
    compiled
        Whether the gradient is compiled; None compiles where it can be.

    Yields
    ------
    Iterate
        The weights before each step, with their loss.
    """
    problem, q, m = experiment.problem(), experiment.q, experiment.m
    v, w = start or (np.zeros((depth, q, m)), np.broadcast_to(experiment.start(), (depth, m, q)))
    v, w = v.copy(), w.copy()
    weights = Weights(A=np.eye(q), V=v, W=w, B=np.eye(q))
    gradient = layer_gradient(ACTIVATION, weights, problem.x, problem.y, compiled=compiled)
    by_v, by_w = experiment.steps
    step = first
    while True:
        found = gradient(weights)
        yield Iterate(step=step, V=v, W=w, loss=found.loss * experiment.loss_unit)
        for weight, by, change in ((v, by_v, found.V), (w, by_w, found.W)):
            change *= by
            weight -= change
        step += 1


def descend_at_infinite_depth(experiment: Experiment, tolerance: float = 1e-6) -> Iterator[Iterate]:
    """Yield the same at infinite depth, where depth is a function on Chebyshev nodes and steps are those of the descent.

    Parameters
    ----------
    experiment
        The setting.
    tolerance
        The largest relative tail in s of states, adjoints and speeds: above it more nodes are taken, as long as there are.

    Yields
    ------
    Iterate
        Values at the nodes before each step; their number grows with training.
    """
    problem, q, m = experiment.problem(), experiment.q, experiment.m
    shape = (NODES[0], m, q)
    state = LimitState(
        V=np.zeros((NODES[0], q, m)), W=np.broadcast_to(experiment.start(), shape).copy(), A=np.eye(q), B=np.eye(q)
    )
    by_v, by_w = experiment.steps
    step, last = 0, list[tuple[Floats, Floats]]()
    while True:
        done = limit_pass(problem, state, _guess(last))
        more = [nodes for nodes in NODES if nodes > len(state.V)]
        if done.unresolved > tolerance and more:
            state, last = state.on_grid(more[0]), []
            continue
        yield Iterate(step=step, V=state.V, W=state.W, loss=done.loss * experiment.loss_unit, solution=done)
        last = [*last[-1:], (done.hidden, done.adjoint)]
        state = LimitState(V=state.V + by_v * done.speed.V, W=state.W + by_w * done.speed.W, A=state.A, B=state.B)
        step += 1


def _guess(last: list[tuple[Floats, Floats]]) -> tuple[Floats, Floats] | None:
    """Return states and adjoints to start from: constant or linear in the step."""
    if len(last) < 2:
        return last[-1] if last else None
    return 2 * last[1][0] - last[0][0], 2 * last[1][1] - last[0][1]


@dataclass(frozen=True, kw_only=True)
class Gaps:
    r"""How far apart neighbouring layers are at one step; all that any reading of the ordinate of Figure 1 needs.

    Parameters
    ----------
    largest
        :math:`\max_k(\|V_{k+1}-V_k\|_F+\|W_{k+1}-W_k\|_F)`: the norm of the paper.
    V, W
        :math:`\sum_k\|V_{k+1}-V_k\|_F^2`, and of W.
    """

    largest: float
    V: float
    W: float


def gaps(experiment: Experiment, v: Floats, w: Floats) -> Gaps:
    """Return the gaps of layers."""
    steps = [np.diff(part.reshape(len(part), -1), axis=0) for part in (v, w)]
    return _gaps(experiment, [np.einsum("kp,kp->k", step, step) for step in steps], np.ones(len(v) - 1))


def slopes(experiment: Experiment, iterate: Iterate, points: int = 201) -> Gaps:
    r"""Return what L times the gaps, or for the sums of squares L times them, tend to: sup and integrals over s.

    Parameters
    ----------
    experiment
        The setting.
    iterate
        One at infinite depth.
    points
        Equidistant points at which the supremum is taken; the integrals are those of the trapezoidal rule there.

    Returns
    -------
    Gaps
        :math:`\sup_s(\|\partial_sV\|_F+\|\partial_sW\|_F)`, :math:`\int\|\partial_sV\|_F^2`, :math:`\int\|\partial_sW\|_F^2`.
    """
    grid = LimitState(V=iterate.V, W=iterate.W, A=np.eye(1), B=np.eye(1)).grid
    rows = grid.interpolation(np.linspace(0, 1, points))
    weights = np.full(points, 1 / (points - 1))
    weights[[0, -1]] /= 2
    slope = [grid.derivative @ part.reshape(len(part), -1) for part in (iterate.V, iterate.W)]
    # Squared norms at the points are a quadratic form in those at the nodes; rounding may leave a 0 negative.
    squares = [np.maximum(np.einsum("ki,ki->k", rows @ (part @ part.T), rows), 0.0) for part in slope]
    return _gaps(experiment, squares, weights)


def _gaps(experiment: Experiment, squares: list[Floats], weights: Floats) -> Gaps:
    v, w = (part * unit**2 for part, unit in zip(squares, experiment.units, strict=True))
    return Gaps(largest=float((np.sqrt(v) + np.sqrt(w)).max()), V=float(weights @ v), W=float(weights @ w))


@dataclass(frozen=True, kw_only=True)
class History:
    r"""Ordinates of Figure 1 after each number of iterations.

    Parameters
    ----------
    largest
        :math:`\max_{k,t}\|Z_k-Z_{k+1}\|_F`, which the caption names.
    added
        :math:`\big(\sum_{k,t}\|V_k-V_{k+1}\|_F^2\big)^{1/2}`, or of W where that is larger: what the published curves are.
    """

    largest: Floats
    added: Floats


def history(found: list[Gaps]) -> History:
    """Return the ordinates over iterations 0, ..., T - 1, for T = 1, 2, ..."""
    sums = np.cumsum([[gap.V, gap.W] for gap in found], axis=0)
    return History(largest=np.maximum.accumulate([gap.largest for gap in found]), added=np.sqrt(sums.max(axis=1)))


def distances_from_limit(
    experiment: Experiment, layers: tuple[Floats, Floats], limit: tuple[Floats, Floats]
) -> dict[str, float]:
    r"""Return :math:`\big(\int_0^1\|\mathcal V^L-\mathcal V\|_F^2\,ds\big)^{1/2}` and that of W, with the step functions (8).

    Parameters
    ----------
    experiment
        The setting.
    layers
        V and W of L layers, two at least.
    limit
        V and W at Chebyshev nodes.

    Returns
    -------
    dict
        The distances by the names V and W, and by V-aligned and W-aligned those of layer k at :math:`s=\frac{k-1}L`.
    """
    depth = len(layers[0])
    points = max(2, math.ceil(96 / (depth - 1)) + 1)
    u, weights = np.polynomial.legendre.leggauss(points)
    inside = (np.arange(depth - 1)[:, None] + (1 + u) / 2).reshape(-1) / (depth - 1)
    found = {}
    for name, unit, at_layers, at_nodes in zip("VW", experiment.units, layers, limit, strict=True):
        grid = LimitState(V=limit[0], W=limit[1], A=np.eye(1), B=np.eye(1)).grid
        flat, values = at_layers.reshape(depth, -1), at_nodes.reshape(len(at_nodes), -1)
        squares = _squares(grid, inside, np.repeat(np.arange(depth - 1), points), flat, values)
        found[name] = unit * math.sqrt(float(np.tile(weights / 2, depth - 1) @ squares) / (depth - 1))
        found[f"{name}-aligned"] = unit * math.sqrt(
            float(np.mean(_squares(grid, np.arange(depth) / depth, np.arange(depth), flat, values)))
        )
    return found


def _squares(grid: Any, points: Floats, layer: NDArray[np.int_], layers: Floats, values: Floats) -> Floats:
    """Return the squared distances of a layer from the limit at each point, a block of points at a time."""
    rows, found = grid.interpolation(points), np.empty(len(points))
    for at in range(0, len(points), 2048):
        part = slice(at, at + 2048)
        gap = layers[layer[part]] - rows[part] @ values
        found[part] = np.einsum("kp,kp->k", gap, gap)
    return found
