r"""Residual networks of infinite depth, and the speed of their weights under gradient flow: (6) and A.5 of marion2024.

The state is :math:`A(t),B(t)` and :math:`Z(s,t)=(V(s,t),W(s,t))` at N Chebyshev nodes s of [0, 1]. With
:math:`f(h,Z)=\frac1{\sqrt m}V\sigma(\frac1{\sqrt q}Wh)` and the loss :math:`\ell=\frac1n\sum_i\|BH_i(1)-y_i\|^2`,

.. math::
    H_i(s)&=Ax_i+\int_0^sf(H_i,Z),\qquad P_i(s)=2B^\top(BH_i(1)-y_i)+\int_s^1\partial_1f(H_i,Z)^\top P_i,\\
    \partial_tZ&=-\tfrac1n\textstyle\sum_i\partial_2f(H_i,Z)^\top P_i,\quad
    \dot A=-\tfrac1n\sum_iP_i(0)x_i^\top,\quad\dot B=-\tfrac2n\sum_i(BH_i(1)-y_i)H_i(1)^\top.

The adjoint satisfies :math:`\partial_sP=-\partial_1f^\top P`. The paper prints :math:`\partial_sP=\partial_1fP`: the recursion
(13) runs backwards, so that the sign changes in the limit, and both lack the transpose. In integrated form, from s to 1, the
sign is the plus of (13).

Both integral equations are solved by Picard iteration with spectral integration, which converges for any weights that the
nodes resolve; doubling N tells whether they do. Depth is then the only thing that is not discretised.

The file is long because data, weights, starts and passes of infinite depth share their shapes.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from numerics.activations import Activation
from numerics.chebyshev import ChebyshevGrid, chebyshev_grid
from theory.statement import InputError

Floats: TypeAlias = NDArray[np.float64]
Clip: TypeAlias = Callable[[Floats], Floats]
T = TypeVar("T")

PARTS = ("V", "W", "A", "B")

_EPS = float(np.finfo(np.float64).eps)
# Picard iterations converge like K^j / j!, K the Lipschitz constant of f in h: more than this many is K above 50.
_ITERATIONS = 200


def hard_clip(bound: float) -> Clip:
    r"""Return :math:`\pi(u)=u\min(1,\frac M{\|u\|})`; 1-Lipschitz, with a kink at the bound, which no N resolves in s or t.

    Parameters
    ----------
    bound
        The supremum :math:`M=M_\pi` of its Euclidean norm.

    Returns
    -------
    Callable
        The map, along the last axis.
    """
    return lambda u: u / np.maximum(1.0, np.linalg.norm(u, axis=-1, keepdims=True) / bound)


def smooth_clip(bound: float) -> Clip:
    r"""Return :math:`\pi(u)=u/\sqrt{1+\|u\|^2/M^2}`, 1-Lipschitz and analytic, of norm below M.

    Parameters
    ----------
    bound
        The supremum :math:`M=M_\pi` of its Euclidean norm.

    Returns
    -------
    Callable
        The map, along the last axis.
    """
    return lambda u: u / np.sqrt(1.0 + np.sum(u * u, axis=-1, keepdims=True) / bound**2)


@dataclass(frozen=True, kw_only=True)
class LimitProblem:
    r"""Data and architecture.

    Parameters
    ----------
    x, y
        Inputs, shape ``(n, d)``, and targets, shape ``(n, d')``.
    q, m
        Dimension of the hidden state and number of hidden units of a layer.
    activation
        The function :math:`\sigma`.
    clip
        The map :math:`\pi` of (5), along the last axis: it is applied to the flattened right-hand sides of A, of B and, at each
        s, of V and W joined in one vector. None for the unclipped flow (4).
    frozen
        Which of "A" and "B" are not trained.
    """

    x: Floats
    y: Floats
    q: int
    m: int
    activation: Activation
    clip: Clip | None = None
    frozen: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Check the shapes."""
        x, y = np.asarray(self.x, dtype=np.float64), np.asarray(self.y, dtype=np.float64)
        if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or not len(x):
            raise InputError(f"x of shape {x.shape} and y of shape {y.shape} are not n inputs and n targets")
        if not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))):
            raise InputError("the data must be finite")
        if self.q < max(x.shape[1], y.shape[1]) or self.m < 1:
            raise InputError(f"q = {self.q}, m = {self.m}: q >= max(d, d') = {max(x.shape[1], y.shape[1])}, m >= 1 are needed")
        if not set(self.frozen) <= {"A", "B"}:
            raise InputError(f"frozen = {sorted(self.frozen)}: only A and B can be frozen")
        for name, value in (("x", x), ("y", y), ("frozen", frozenset(self.frozen))):
            object.__setattr__(self, name, value)


@dataclass(frozen=True, kw_only=True)
class LimitState:
    """Weights of infinite depth, or their speeds, at the N Chebyshev nodes.

    Parameters
    ----------
    V, W
        Shapes ``(N, q, m)`` and ``(N, m, q)``.
    A, B
        Shapes ``(q, d)`` and ``(d', q)``.
    """

    V: Floats
    W: Floats
    A: Floats
    B: Floats

    @property
    def grid(self) -> ChebyshevGrid:
        """Return the grid on which V and W are given."""
        return chebyshev_grid(len(self.V))

    def moved(self, step: float, speed: LimitState) -> LimitState:
        """Return the state after an Euler step."""
        pairs = {name: getattr(self, name) + step * getattr(speed, name) for name in ("V", "W", "A", "B")}
        return LimitState(**pairs)

    def on_grid(self, nodes: int) -> LimitState:
        """Return the same functions of s on another number of nodes."""
        rows = self.grid.interpolation(chebyshev_grid(nodes).nodes)
        return dataclasses.replace(self, V=along_depth(rows, self.V), W=along_depth(rows, self.W))

    @property
    def steepest(self) -> float:
        r"""Return :math:`\sup_s\|\partial_s\mathcal Z(s)\|` on 2,049 depths, in the Euclidean norm of V and W."""
        rows = self.grid.interpolation(np.linspace(0, 1, 2049)) @ self.grid.derivative
        squares = [np.sum(along_depth(rows, part) ** 2, axis=(1, 2)) for part in (self.V, self.W)]
        return float(np.sqrt(squares[0] + squares[1]).max())

    @property
    def squared_norm(self) -> float:
        r"""Return :math:`\|A\|_F^2+\int_0^1(\|V\|_F^2+\|W\|_F^2)ds+\|B\|_F^2`."""
        layers = np.sum(self.V**2, axis=(1, 2)) + np.sum(self.W**2, axis=(1, 2))
        return float(np.sum(self.A**2) + self.grid.weights @ layers + np.sum(self.B**2))


def flattened(weights: Any) -> Floats:
    """Return the arrays V, W, A and B of weights, of finite or infinite depth, in one vector."""
    return np.concatenate([getattr(weights, name).reshape(-1) for name in PARTS])


def unflattened(u: Floats, like: T) -> T:
    """Return weights of the kind and the shapes of ``like`` from a vector of :func:`flattened`."""
    parts = [getattr(like, name) for name in PARTS]
    pieces = np.split(u, np.cumsum([part.size for part in parts])[:-1])
    shaped = {name: piece.reshape(part.shape) for name, piece, part in zip(PARTS, pieces, parts, strict=True)}
    return type(like)(**shaped)


def initial_limit(problem: LimitProblem, *, rng: np.random.Generator, nodes: int = 16) -> LimitState:
    r"""Draw the weight-tied start: :math:`A=(I_d;0)`, :math:`B=(0,I_{d'})`, :math:`V=0` and :math:`W(s)=W\sim N(0,1)`.

    Parameters
    ----------
    problem
        Data and architecture.
    rng
        Draws the one matrix W, ``standard_normal((m, q))``.
    nodes
        The number N of nodes.

    Returns
    -------
    LimitState
        The start; W does not depend on the number of nodes.
    """
    q, m = problem.q, problem.m
    w = np.broadcast_to(rng.standard_normal((m, q)), (nodes, m, q)).copy()
    a = np.eye(q, problem.x.shape[1])
    b = np.eye(problem.y.shape[1], q, k=q - problem.y.shape[1])
    return LimitState(V=np.zeros((nodes, q, m)), W=w, A=a, B=b)


def sample_layers(state: LimitState, depth: int) -> tuple[Floats, Floats]:
    r"""Return the layers :math:`Z(\frac kL)`, :math:`k=1,\dots,L`, of a residual network of depth L.

    Parameters
    ----------
    state
        Weights of infinite depth.
    depth
        The number L of layers.

    Returns
    -------
    tuple of numpy.ndarray
        V and W, shapes ``(L, q, m)`` and ``(L, m, q)``.
    """
    rows = state.grid.interpolation(np.arange(1, depth + 1) / depth)
    return along_depth(rows, state.V), along_depth(rows, state.W)


@dataclass(frozen=True, kw_only=True)
class LimitPass:
    """One forward and backward pass at infinite depth.

    Parameters
    ----------
    hidden, adjoint
        H and P at the nodes, shape ``(N, n, q)``.
    loss
        The loss.
    speed
        The right-hand side of the flow, clipped and frozen as the problem says.
    """

    hidden: Floats
    adjoint: Floats
    loss: float
    speed: LimitState = field(repr=False)

    @property
    def unresolved(self) -> float:
        """Return the largest relative tail of the Chebyshev series of H, P and the speeds in s, above their errors."""
        speed, grid = self.speed, self.speed.grid
        return max(grid.tail(part) for part in (self.hidden, self.adjoint, speed.V, speed.W))


def limit_pass(problem: LimitProblem, state: LimitState, guess: tuple[Floats, Floats] | None = None) -> LimitPass:
    """Solve the forward and the adjoint equation and return the speed of the weights.

    Parameters
    ----------
    problem
        Data and architecture.
    state
        Weights of infinite depth.
    guess
        Where the iterations for H and P start, for speed; the solution does not depend on it, up to rounding.

    Returns
    -------
    LimitPass
        Hidden states, adjoints, loss and speed.
    """
    grid, root_q, root_m = state.grid, math.sqrt(problem.q), math.sqrt(problem.m)
    w_turned, v_turned = state.W.transpose(0, 2, 1) / root_q, state.V.transpose(0, 2, 1) / root_m

    def residual(h: Floats) -> Floats:
        return np.asarray(problem.activation.value(h @ w_turned) @ v_turned)

    hidden = solve_along_depth(residual, grid.from_left, problem.x @ state.A.T, guess and guess[0])
    inner = hidden @ w_turned
    activity, slope = problem.activation.value_and_first(inner)

    def pulled(p: Floats) -> Floats:
        return np.asarray((slope * (p @ state.V)) @ state.W) / (root_q * root_m)

    error = hidden[-1] @ state.B.T - problem.y
    adjoint = solve_along_depth(pulled, grid.from_right, 2 * error @ state.B, guess and guess[1])
    n = len(problem.x)
    back = adjoint.transpose(0, 2, 1)
    speed = LimitState(
        V=-(back @ activity) / (n * root_m),
        W=-((slope * (adjoint @ state.V)).transpose(0, 2, 1) @ hidden) / (n * root_q * root_m),
        A=-adjoint[0].T @ problem.x / n,
        B=-2 * error.T @ hidden[-1] / n,
    )
    return LimitPass(hidden=hidden, adjoint=adjoint, loss=float(np.sum(error**2)) / n, speed=_restrained(problem, speed))


def _restrained(problem: LimitProblem, speed: LimitState) -> LimitState:
    """Return the speed with the clipping map and the frozen parts applied."""
    v, w, a, b = speed.V, speed.W, speed.A, speed.B
    if problem.clip is not None:
        layers = problem.clip(np.concatenate([v.reshape(len(v), -1), w.reshape(len(w), -1)], axis=1))
        v, w = layers[:, : v[0].size].reshape(v.shape), layers[:, v[0].size :].reshape(w.shape)
        a, b = problem.clip(a.reshape(-1)).reshape(a.shape), problem.clip(b.reshape(-1)).reshape(b.shape)
    a = np.zeros_like(a) if "A" in problem.frozen else a
    b = np.zeros_like(b) if "B" in problem.frozen else b
    return LimitState(V=v, W=w, A=a, B=b)


def along_depth(matrix: Floats, values: Floats) -> Floats:
    """Return the product of a matrix with values of any shape along their first axis.

    Parameters
    ----------
    matrix
        Shape ``(P, N)``.
    values
        Shape ``(N, ...)``.

    Returns
    -------
    numpy.ndarray
        Shape ``(P, ...)``.
    """
    return (matrix @ values.reshape(len(values), -1)).reshape(len(matrix), *values.shape[1:])


def solve_along_depth(right: Callable[[Floats], Floats], integral: Floats, end: Floats, guess: Floats | None = None) -> Floats:
    r"""Solve :math:`u(s)=u_0+\int r(u)` at the nodes by Picard iteration.

    Parameters
    ----------
    right
        The function r, at all nodes at once.
    integral
        The matrix of the integral from 0 to s, or from s to 1.
    end
        The value :math:`u_0` at the end where the integral starts.
    guess
        Where the iteration starts.

    Returns
    -------
    numpy.ndarray
        The solution, shape ``(N, *end.shape)``.

    Raises
    ------
    InputError
        If the states overflow, or the nodes are too few.
    """
    u = np.broadcast_to(end, (len(integral), *end.shape)) if guess is None else guess
    change = math.inf
    for _ in range(_ITERATIONS):
        with np.errstate(over="ignore", invalid="ignore"):
            after = end + along_depth(integral, right(u))
        before, change = change, float(np.abs(after - u).max())
        scale, u = float(np.abs(after).max()), after
        # The last change is a rounding, or has stopped to fall among roundings.
        if change <= 4 * _EPS * scale or (change <= 64 * _EPS * scale and change >= before):
            return u
        if not math.isfinite(change):
            raise InputError("the states overflow: the weights are too large")
    raise InputError(f"the equation in s is not solved on {len(integral)} nodes (last change {change:.1e}): use more nodes")
