r"""Residual networks whose layers share one small step, and the gradient of their loss by the adjoint recursion.

The states of n samples, one per row, follow :math:`h_k=h_{k-1}+\varepsilon f(h_{k-1},Z_k)`, :math:`k=1,\dots,L`, with
:math:`h_0=Ax`, prediction :math:`F=Bh_L`, step :math:`\varepsilon=L^{-\gamma}` and loss
:math:`\ell=\frac1n\sum_i\|F_i-y_i\|^2`. The perceptron layer is
:math:`f(h,(V,W))=\frac1{\sqrt m}V\,s\big(\frac1{\sqrt q}Wh\big)`.

Adjoints are the gradients of the loss of one sample in its states: :math:`p_L=2B^\top(F-y)` and
:math:`p_{k-1}=p_k+\varepsilon\,\partial_1f(h_{k-1},Z_k)^\top p_k`, with the *transposed* Jacobian. Then

.. math::
    \partial_{Z_k}\ell=\frac\varepsilon n\sum_i\partial_2f(h_{k-1,i},Z_k)^\top p_{k,i},\quad
    \partial_A\ell=\frac1n\sum_ip_{0,i}x_i^\top,\quad\partial_B\ell=\frac2n\sum_i(F_i-y_i)h_{L,i}^\top.

The recursion runs layer by layer; the weight gradients of many layers are one batched product afterwards. Numbers are
float64, or float32 when every array is.

The file is long because it states one recursion twice: for any layer, and for perceptrons, where it need not evaluate the
activation again; each tests the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeVar

import numpy as np

from numerics.activations import Activation, Floats

Z = TypeVar("Z")

_BLOCK = 64
"""Layers whose weight gradients are one batched product: enough to forget its overhead, few enough for the caches."""


class ResidualError(ValueError):
    """The arrays make no residual network; the message is one line."""


class Layer(Protocol[Z]):
    r"""A residual :math:`f(h,z)` with the products of its two derivatives; h and p are of shape (n, q)."""

    def value(self, h: Floats, z: Z) -> Floats:
        """Return f(h, z), row by row."""
        ...

    def pull_back_state(self, h: Floats, z: Z, p: Floats) -> Floats:
        r"""Return :math:`\partial_1f(h_i,z)^\top p_i`, row by row."""
        ...

    def pull_back_weights(self, h: Floats, z: Z, p: Floats) -> Z:
        r"""Return :math:`\sum_i\partial_2f(h_i,z)^\top p_i`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Perceptron:
    r"""The layer :math:`\frac1{\sqrt m}V\,s(\frac1{\sqrt q}Wh)` with weights ``(V, W)`` of shapes (q, m) and (m, q).

    Parameters
    ----------
    activation
        The function s.
    """

    activation: Activation

    def value(self, h: Floats, z: tuple[Floats, Floats]) -> Floats:
        """Return the layer at each row of ``h``."""
        v, w = z
        return self.activation.value(h @ (w.T / math.sqrt(w.shape[1]))) @ (v.T / math.sqrt(w.shape[0]))

    def pull_back_state(self, h: Floats, z: tuple[Floats, Floats], p: Floats) -> Floats:
        r"""Return :math:`\frac1{\sqrt{qm}}W^\top(s'\odot V^\top p)`, row by row."""
        return self._delta(h, z, p) @ z[1]

    def pull_back_weights(self, h: Floats, z: tuple[Floats, Floats], p: Floats) -> tuple[Floats, Floats]:
        r"""Return :math:`\frac1{\sqrt m}\sum ps^\top` and :math:`\frac1{\sqrt{qm}}\sum(s'\odot V^\top p)h^\top`."""
        m, q = z[1].shape
        active = self.activation.value(h @ (z[1].T / math.sqrt(q)))
        return p.T @ active / math.sqrt(m), self._delta(h, z, p).T @ h

    def _delta(self, h: Floats, z: tuple[Floats, Floats], p: Floats) -> Floats:
        m, q = z[1].shape
        return self.activation.first(h @ (z[1].T / math.sqrt(q))) * (p @ (z[0] / math.sqrt(m * q)))


def general_states(layer: Layer[Z], weights: Sequence[Z], h: Floats, step: float) -> Floats:
    r"""Return all states :math:`h_k=h_{k-1}+\varepsilon f(h_{k-1},Z_k)` of a residual network with any layer.

    Parameters
    ----------
    layer
        The residual f.
    weights
        :math:`Z_1,\dots,Z_L`.
    h
        The states :math:`h_0`, of shape (n, q).
    step
        The factor :math:`\varepsilon` of the residual.

    Returns
    -------
    Floats
        The states, of shape (L + 1, n, q).
    """
    states = np.empty((len(weights) + 1, *h.shape), h.dtype)
    states[0] = h
    for k, z in enumerate(weights):
        states[k + 1] = states[k] + step * layer.value(states[k], z)
    return states


def general_adjoints(layer: Layer[Z], weights: Sequence[Z], states: Floats, last: Floats, step: float) -> Floats:
    r"""Return all adjoints :math:`p_{k-1}=p_k+\varepsilon\,\partial_1f(h_{k-1},Z_k)^\top p_k`, of shape (L + 1, n, q).

    Parameters
    ----------
    layer, weights, step
        Those of :func:`general_states`.
    states
        What that function returned.
    last
        The adjoints :math:`p_L`, of shape (n, q).

    Returns
    -------
    Floats
        The adjoints; the gradient in :math:`Z_k` is :math:`\varepsilon/n` times ``pull_back_weights`` at
        :math:`(h_{k-1},Z_k,p_k)`.
    """
    adjoints = np.empty_like(states)
    adjoints[-1] = last
    for k in range(len(weights), 0, -1):
        adjoints[k - 1] = adjoints[k] + step * layer.pull_back_state(states[k - 1], weights[k - 1], adjoints[k])
    return adjoints


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The weights of a residual network of perceptrons.

    Parameters
    ----------
    A
        First map, of shape (q, d).
    V, W
        Outer and inner matrices of the layers, of shapes (L, q, m) and (L, m, q).
    B
        Last map, of shape (d', q).

    Raises
    ------
    ResidualError
        If shapes or types do not fit, there is no layer, or a number is not finite.
    """

    A: Floats
    V: Floats
    W: Floats
    B: Floats

    def __post_init__(self) -> None:
        """Check shapes, types and finiteness.

        Raises
        ------
        ResidualError
            If they do not fit.
        """
        dims = {"A": 2, "V": 3, "W": 3, "B": 2}
        for name, dim in dims.items():
            _check(name, getattr(self, name), dim, self.A.dtype)
        (depth, q, m), (d_out, last) = self.V.shape, self.B.shape
        if depth == 0:
            raise ResidualError("a residual network needs at least one layer, V has none")
        for name, shape, wanted in (("W", self.W.shape, (depth, m, q)), ("A", self.A.shape[:1], (q,)), ("B", (last,), (q,))):
            if shape != wanted:
                raise ResidualError(
                    f"{name} has shape {getattr(self, name).shape}, which does not fit V of shape {self.V.shape}"
                )
        if 0 in (q, m, d_out, self.A.shape[1]):
            raise ResidualError(f"no width may be 0: A {self.A.shape}, V {self.V.shape}, B {self.B.shape}")

    @property
    def depth(self) -> int:
        """The number L of layers."""
        return len(self.V)


@dataclass(frozen=True, kw_only=True)
class Pass:
    r"""What a forward pass stores.

    Parameters
    ----------
    states
        :math:`h_0,\dots,h_L`, of shape (L + 1, n, q).
    active, slopes
        s and s' at :math:`\frac1{\sqrt q}W_kh_{k-1}`, of shape (L, n, m).
    output
        F, of shape (n, d').
    """

    states: Floats
    active: Floats
    slopes: Floats
    output: Floats


@dataclass(frozen=True, kw_only=True)
class Gradient:
    r"""The loss and its gradient; that of the layers is multiplied by L, which keeps it of order 1 at any depth.

    Parameters
    ----------
    loss
        :math:`\ell=\frac1n\sum_i\|F_i-y_i\|^2`.
    A, B
        :math:`\partial_A\ell` and :math:`\partial_B\ell`.
    V, W
        :math:`L\,\partial_{V_k}\ell` and :math:`L\,\partial_{W_k}\ell`, of the shapes of the weights.
    output
        F, of shape (n, d').
    """

    loss: float
    A: Floats
    V: Floats
    W: Floats
    B: Floats
    output: Floats


@dataclass(frozen=True, kw_only=True)
class ResidualNetwork:
    r"""Residual networks of perceptrons with step :math:`L^{-\gamma}`.

    Parameters
    ----------
    activation
        The function s.
    exponent
        :math:`\gamma`: 1 for the limit of an ordinary differential equation, 1/2 for that of a stochastic one.
    """

    activation: Activation
    exponent: float = 1.0

    def forward(self, weights: Weights, x: Floats, into: Pass | None = None) -> Pass:
        """Run the network.

        Parameters
        ----------
        weights
            Its weights.
        x
            The inputs, of shape (n, d).
        into
            A former pass of the same shapes, whose arrays are overwritten: fresh memory costs a deep network half its time.

        Returns
        -------
        Pass
            States, activations and output.

        Raises
        ------
        ResidualError
            If the inputs or the former pass do not fit the weights.
        """
        _check("x", x, 2, weights.A.dtype)
        if len(x) == 0 or x.shape[1] != weights.A.shape[1]:
            raise ResidualError(f"x has shape {x.shape}, which does not fit A of shape {weights.A.shape}")
        depth, q, m = weights.V.shape
        shapes = ((depth + 1, len(x), q), (depth, len(x), m), (depth, len(x), m))
        if into is None:
            states, active, slopes = (np.empty(shape, x.dtype) for shape in shapes)
        else:
            states, active, slopes = into.states, into.active, into.slopes
            for array, shape in zip((states, active, slopes), shapes, strict=True):
                if array.shape != shape or array.dtype != x.dtype:
                    raise ResidualError(f"a former pass has an array {array.shape} of {array.dtype}, not {shape} of {x.dtype}")
        np.matmul(x, weights.A.T, out=states[0])
        reach = np.empty(active.shape[1:], x.dtype)
        outer_scale, inner_scale = self._scales(weights)
        for k in range(depth):
            np.matmul(states[k], (weights.W[k] * inner_scale).T, out=reach)
            active[k], slopes[k] = self.activation.value_and_first(reach)
            np.matmul(active[k], (weights.V[k] * outer_scale).T, out=states[k + 1])
            states[k + 1] += states[k]
        return Pass(states=states, active=active, slopes=slopes, output=states[-1] @ weights.B.T)

    def adjoints(self, weights: Weights, passed: Pass, y: Floats) -> Floats:
        r"""Return the gradients of :math:`\|F_i-y_i\|^2` in all states; errors are those of :meth:`gradient`.

        Parameters
        ----------
        weights
            The weights.
        passed
            What :meth:`forward` returned for them.
        y
            The targets, of shape (n, d').

        Returns
        -------
        Floats
            :math:`p_0,\dots,p_L`, of shape (L + 1, n, q).
        """
        last = 2 * _residual(passed, y) @ weights.B
        return self._pull_back(weights, slice(0, weights.depth), last, passed.slopes, np.empty_like(passed.slopes))

    def gradient(self, weights: Weights, x: Floats, y: Floats, into: Pass | None = None) -> Gradient:
        """Return the loss and its gradient; inputs or targets that do not fit the weights are a :class:`ResidualError`.

        Parameters
        ----------
        weights
            The weights.
        x, y
            Inputs and targets, of shapes (n, d) and (n, d').
        into
            A former pass of the same shapes to overwrite, as in :meth:`forward`; its slopes are lost.

        Returns
        -------
        Gradient
            The loss and its gradient.
        """
        passed = self.forward(weights, x, into)
        residual = _residual(passed, y)
        p = 2 * residual @ weights.B
        by_outer, by_inner = np.empty_like(weights.V), np.empty_like(weights.W)
        for stop in range(weights.depth, 0, -_BLOCK):
            layers = slice(max(stop - _BLOCK, 0), stop)
            deltas = passed.slopes[layers]  # written over: the slopes are not needed again
            block = self._pull_back(weights, layers, p, deltas, deltas)
            np.matmul(block[1:].transpose(0, 2, 1), passed.active[layers], out=by_outer[layers])
            np.matmul(deltas.transpose(0, 2, 1), passed.states[layers], out=by_inner[layers])
            p = block[0]
        n = len(x)
        outer_scale, inner_scale = self._scales(weights)
        by_outer *= outer_scale * weights.depth / n
        by_inner *= inner_scale * weights.depth / n
        return Gradient(
            loss=float(np.sum(residual**2) / n),
            A=p.T @ x / n,
            V=by_outer,
            W=by_inner,
            B=residual.T @ passed.states[-1] * (2 / n),
            output=passed.output,
        )

    def _scales(self, weights: Weights) -> tuple[float, float]:
        """Return the step over the root of m, and one over the root of q."""
        depth, q, m = weights.V.shape
        return float(depth**-self.exponent / math.sqrt(m)), 1 / math.sqrt(q)

    def _pull_back(self, weights: Weights, layers: slice, last: Floats, slopes: Floats, deltas: Floats) -> Floats:
        """Return the adjoints before, between and after ``layers``, and leave in ``deltas`` those of the preactivations."""
        outer, inner = weights.V[layers], weights.W[layers]
        p = np.empty((len(outer) + 1, *last.shape), last.dtype)
        p[-1] = last
        pulled = np.empty(deltas.shape[1:], deltas.dtype)
        outer_scale, inner_scale = self._scales(weights)
        for k in range(len(outer) - 1, -1, -1):
            np.matmul(p[k + 1], outer[k] * outer_scale, out=pulled)
            np.multiply(slopes[k], pulled, out=deltas[k])
            np.matmul(deltas[k], inner[k] * inner_scale, out=p[k])
            p[k] += p[k + 1]
        return p


def _residual(passed: Pass, y: Floats) -> Floats:
    _check("y", y, 2, passed.output.dtype)
    if y.shape != passed.output.shape:
        raise ResidualError(f"y has shape {y.shape}, the output {passed.output.shape}")
    return passed.output - y


class Start(Enum):
    """How the layers relate to each other before training."""

    TIED = "all layers have the same weights"
    INDEPENDENT = "the weights of each layer are drawn on their own"


def initial_weights(
    rng: np.random.Generator,
    *,
    depth: int,
    d: int,
    q: int,
    m: int,
    d_out: int,
    start: Start = Start.TIED,
    deviation: float = 0.0,
    dtype: type[np.floating] = np.float64,
) -> Weights:
    r"""Draw weights :math:`A=(I_d;0)`, :math:`B=(0,I_{d'})`, :math:`W_k` standard Gaussian, :math:`V_k` 0 or Gaussian.

    Parameters
    ----------
    rng
        Where the draws come from: inner matrices first, so that they do not depend on the outer ones.
    depth, d, q, m, d_out
        The numbers L, d, q, m and d', with q at least d and d'.
    start
        Whether layers share their weights.
    deviation
        Standard deviation of the entries of :math:`V_k`.
    dtype
        float64 or float32; the draws of the second are the rounded draws of the first.

    Returns
    -------
    Weights
        The weights.

    Raises
    ------
    ResidualError
        If a number is not positive, or q is below d or d'.
    """
    if min(depth, d, q, m, d_out) < 1 or q < max(d, d_out):
        raise ResidualError(
            f"depth and widths must be positive and q at least d and d_out: {depth=}, {d=}, {q=}, {m=}, {d_out=}"
        )
    drawn = 1 if start is Start.TIED else depth
    inner = rng.standard_normal((drawn, m, q)).astype(dtype)
    outer = (deviation * rng.standard_normal((drawn, q, m))).astype(dtype)
    return Weights(
        A=np.eye(q, d, dtype=dtype),
        V=np.broadcast_to(outer, (depth, q, m)).copy(),
        W=np.broadcast_to(inner, (depth, m, q)).copy(),
        B=np.eye(d_out, q, q - d_out, dtype=dtype),
    )


def _check(name: str, array: Floats, dim: int, dtype: np.dtype[np.floating]) -> None:
    if array.dtype not in (np.float32, np.float64) or array.dtype != dtype:
        raise ResidualError(f"{name} is {array.dtype}: all arrays must be float64, or all float32")
    if array.ndim != dim:
        raise ResidualError(f"{name} must have {dim} axes, not shape {array.shape}")
    if not np.isfinite(array).all():
        raise ResidualError(f"{name} is not finite at index {np.argwhere(~np.isfinite(array))[0].tolist()}")
