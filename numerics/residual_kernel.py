r"""The gradient of a residual network in its layers, many times over: one fused pass each way, compiled by numba.

Full-batch descent of :mod:`numerics.residual_network` with A and B frozen needs, at every step, the loss and
:math:`L\,\partial_{V_k}\ell,\ L\,\partial_{W_k}\ell`. The compiled pass keeps samples on the last axis, walks the layers once
forwards and once backwards, and multiplies out the gradient of a layer while its states are in the cache; buffers are kept
between calls. Its exponential and normal tail are polynomials that a compiler vectorises: they are right to a few units of
rounding, not to the last one, and gradients agree with the plain ones to about :math:`10^{-13}` in double precision.

For what the compiled pass does not cover, the plain recursion of numpy does the same.
The file is long because all that is compiled stays together.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from numerics.activations import ACTIVATIONS, Floats
from numerics.residual_network import ResidualError, ResidualNetwork, Weights

COMPILED = ("gelu", "tanh")
"""Activations that the compiled pass knows."""
_LEAST = {8: -708.0, 4: -87.0}
"""By bytes of a number: the exponents below it have an exponential that is not normal, and are moved up to it."""


@dataclass(frozen=True, kw_only=True)
class LayerGradient:
    r"""The loss and its gradient in the layers, times the depth.

    Parameters
    ----------
    loss
        :math:`\ell=\frac1n\sum_i\|F_i-y_i\|^2`.
    V, W
        :math:`L\,\partial_{V_k}\ell` and :math:`L\,\partial_{W_k}\ell`: arrays that the next call may overwrite.
    """

    loss: float
    V: Floats
    W: Floats


def is_compiled(activation: str, q: int, m: int) -> bool:
    """Return whether the compiled pass covers a network: the activation is known, the widths are multiples of 4."""
    return activation in COMPILED and q % 4 == 0 == m % 4


def layer_gradient(
    activation: str, like: Weights, x: Floats, y: Floats, *, compiled: bool | None = None
) -> Callable[[Weights], LayerGradient]:
    """Return the function that gives loss and gradient at weights of the shapes and type of ``like``.

    Parameters
    ----------
    activation
        Name of the activation.
    like
        Weights that fix shapes and type; the last map and the first may differ from call to call.
    x, y
        Inputs and targets, of shapes (n, d) and (n, d').
    compiled
        Whether to compile; None does where it can be.

    Returns
    -------
    Callable
        The function, which owns its buffers: one call at a time.

    Raises
    ------
    ResidualError
        If the pass cannot be compiled although it is asked for, or data and weights do not fit.
    """
    _, q, m = like.V.shape
    possible = is_compiled(activation, q, m)
    if compiled and not possible:
        raise ResidualError(f"no compiled pass for {activation} with {q=} and {m=}")
    network = ResidualNetwork(activation=ACTIVATIONS[activation])
    if not possible or compiled is False:
        former = network.forward(like, x)

        def plain(weights: Weights) -> LayerGradient:
            found = network.gradient(weights, x, y, into=former)
            return LayerGradient(loss=found.loss, V=found.V, W=found.W)

        return plain
    network.gradient(Weights(A=like.A, V=like.V[:1], W=like.W[:1], B=like.B), x, y)  # refuses what does not fit
    return _fused(activation, like, x, y)


def _fused(activation: str, like: Weights, x: Floats, y: Floats) -> Callable[[Weights], LayerGradient]:
    (depth, q, m), n, kind = like.V.shape, len(x), like.V.dtype
    forward, backward = compiled_passes(activation, kind.itemsize)
    states, active, slopes = np.zeros((depth + 1, q, n), kind), np.zeros((depth, m, n), kind), np.zeros((depth, m, n), kind)
    by_outer, by_inner = np.zeros_like(like.V), np.zeros_like(like.W)
    outer_scale, inner_scale = 1 / (depth * math.sqrt(m)), 1 / math.sqrt(q)

    def gradient(weights: Weights) -> LayerGradient:
        if weights.V.shape != like.V.shape or weights.V.dtype != kind:
            raise ResidualError(f"weights of shape {weights.V.shape} and {weights.V.dtype}, not {like.V.shape} and {kind}")
        states[0] = weights.A @ x.T
        forward(weights.V, weights.W, kind.type(outer_scale), kind.type(inner_scale), states, active, slopes)
        residual = weights.B @ states[-1] - y.T
        p = np.ascontiguousarray(2 * weights.B.T @ residual)
        scales = (kind.type(outer_scale), kind.type(inner_scale), kind.type(depth / n))
        backward(weights.V, weights.W, *scales, states, active, slopes, p, by_outer, by_inner)
        return LayerGradient(loss=float(np.sum(residual**2) / n), V=by_outer, W=by_inner)

    return gradient


@cache
def compiled_passes(activation: str, size: int) -> tuple[Any, Any]:
    """Compile the two passes.

    Parameters
    ----------
    activation
        One of :data:`COMPILED`.
    size
        Bytes of a number: 8 or 4.

    Returns
    -------
    tuple
        The forward pass, of (V, W, scales of the outer and the inner product, states, activations, slopes), and the
        backward pass, which also takes the factor of the gradient, the last adjoint and where the gradients go, and
        overwrites slopes and adjoint. Samples are the last axis.
    """
    import numba  # a slow import, which listing figures does not need

    kind = np.dtype(f"f{size}").type
    strict = numba.njit(
        cache=True, nogil=True, error_model="numpy", fastmath={"contract"}
    )  # reassociation would cancel the magic number
    loose = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
    exponential = strict(_exponential(kind))
    activate = strict(_tanh(kind, exponential) if activation == "tanh" else _gelu(kind, exponential))
    add_product, outer_product = loose(_add_product), loose(_outer_product)
    zero = kind(0)

    def forward(outer: Any, inner: Any, by_outer: Any, by_inner: Any, h: Any, s: Any, d: Any) -> None:
        m, n = s.shape[1:]
        z, e, work = np.empty((m, n), kind), np.empty(m * n, kind), np.empty(m * n, kind)
        for k in range(len(outer)):
            z[:] = zero
            add_product(inner[k] * by_inner, h[k], z)
            activate(z.reshape(-1), s[k].reshape(-1), d[k].reshape(-1), e, work)
            h[k + 1] = h[k]
            add_product(outer[k] * by_outer, s[k], h[k + 1])

    def backward(
        outer: Any,
        inner: Any,
        by_outer: Any,
        by_inner: Any,
        over: Any,
        h: Any,
        s: Any,
        d: Any,
        p: Any,
        on_outer: Any,
        on_inner: Any,
    ) -> None:
        (m, n), q = d.shape[1:], p.shape[0]
        z, outer_t, inner_t = np.empty((m, n), kind), np.empty((m, q), kind), np.empty((q, m), kind)
        for k in range(len(outer) - 1, -1, -1):
            outer_t[:], inner_t[:] = outer[k].T * by_outer, inner[k].T * by_inner
            z[:] = zero
            add_product(outer_t, p, z)
            for i in range(m):
                for j in range(n):
                    d[k, i, j] *= z[i, j]
            outer_product(p, s[k], by_outer * over, on_outer[k])
            outer_product(d[k], h[k], by_inner * over, on_inner[k])
            add_product(inner_t, d[k], p)

    return loose(forward), loose(backward)


def _exponential(kind: Any) -> Callable[..., None]:
    """Return the function that writes exp(a), a <= 0, by a polynomial on half an octave and a shift of the exponent."""
    double = kind is np.float64
    integer = np.int64 if double else np.int32
    magic = kind(1.5 * 2.0 ** (52 if double else 23))  # adding it leaves the nearest integer in the low bits
    shift, bias, low = integer(52 if double else 23), integer(1023 if double else 127), kind(_LEAST[8 if double else 4])
    terms = tuple(kind(1 / math.factorial(k)) for k in range(12 if double else 6, -1, -1))
    # ln 2 = high + low, and integers below 2048 times high are exact.
    log2e, high_part, low_part = kind(1 / math.log(2)), kind(0.693145751953125), kind(1.42860682030941723212e-6)

    def fill_exp(a: Any, out: Any, work: Any) -> None:
        for i in range(a.size):
            work[i] = max(a[i], low) * log2e + magic
        bits = work.view(integer)
        for i in range(a.size):
            k = work[i] - magic
            r = max(a[i], low) - k * high_part - k * low_part
            p = terms[0]
            for c in terms[1:]:
                p = p * r + c
            out[i] = p
        for i in range(a.size):
            bits[i] = (bits[i] + bias) << shift
        for i in range(a.size):
            out[i] *= work[i]

    return fill_exp


def _tanh(kind: Any, fill_exp: Any) -> Callable[..., None]:
    one, two, zero = kind(1), kind(2), kind(0)

    def tanh(z: Any, s: Any, d: Any, e: Any, work: Any) -> None:
        for i in range(z.size):
            d[i] = -two * abs(z[i])
        fill_exp(d, e, work)
        for i in range(z.size):
            size = (one - e[i]) / (one + e[i])
            s[i] = size if z[i] >= zero else -size
            d[i] = one - size * size

    return tanh


def _gelu(kind: Any, fill_exp: Any) -> Callable[..., None]:
    r"""Return GELU: the normal tail is :math:`e^{-t^2}P(\frac{t-3}{t+3})/(1+2t)`, :math:`t=|x|/\sqrt2`."""
    from scipy.special import erfcx  # slow to import, and needed here only

    degree = 22 if kind is np.float64 else 10
    u = np.cos(np.pi * (np.arange(4 * degree) + 0.5) / (4 * degree))
    t = 3 * (1 + u) / (1 - u)
    fit = np.polynomial.chebyshev.chebfit(u, (1 + 2 * t) * erfcx(t) / 2, degree)
    terms = tuple(kind(c) for c in np.polynomial.chebyshev.cheb2poly(fit)[::-1])
    upper, lower = terms[: degree // 2 + 1], terms[degree // 2 + 1 :]  # one loop with all of them is not vectorised
    one, two, half, zero, three = (kind(c) for c in (1, 2, 0.5, 0, 3))
    root_half, norm = kind(math.sqrt(0.5)), kind(1 / math.sqrt(2 * math.pi))

    def gelu(z: Any, s: Any, d: Any, e: Any, work: Any) -> None:
        for i in range(z.size):
            d[i] = -half * z[i] * z[i]
        fill_exp(d, e, work)
        for i in range(z.size):
            t = abs(z[i]) * root_half
            u = (t - three) / (t + three)
            work[i] = u
            p = upper[0]
            for c in upper[1:]:
                p = p * u + c
            s[i] = p
        for i in range(z.size):
            x = z[i]
            p = s[i]
            for c in lower:
                p = p * work[i] + c
            p *= e[i] / (one + two * root_half * abs(x))
            p = one - p if x >= zero else p
            s[i] = x * p
            d[i] = p + x * (norm * e[i])

    return gelu


def _add_product(a: Any, x: Any, out: Any) -> None:
    """Add the product of two matrices, two rows by four terms at a time."""
    for i in range(0, a.shape[0], 2):
        for k in range(0, a.shape[1], 4):
            a0, a1, a2, a3 = a[i, k], a[i, k + 1], a[i, k + 2], a[i, k + 3]
            b0, b1, b2, b3 = a[i + 1, k], a[i + 1, k + 1], a[i + 1, k + 2], a[i + 1, k + 3]
            for j in range(x.shape[1]):
                x0, x1, x2, x3 = x[k, j], x[k + 1, j], x[k + 2, j], x[k + 3, j]
                out[i, j] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
                out[i + 1, j] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3


def _outer_product(a: Any, b: Any, scale: Any, out: Any) -> None:
    """Write the scaled product of a matrix with the transpose of another, two rows by four columns at a time."""
    none = a[0, 0] - a[0, 0]
    for i in range(0, a.shape[0], 2):
        for k in range(0, b.shape[0], 4):
            p0, p1, p2, p3, r0, r1, r2, r3 = none, none, none, none, none, none, none, none
            for j in range(a.shape[1]):
                x, y = a[i, j], a[i + 1, j]
                b0, b1, b2, b3 = b[k, j], b[k + 1, j], b[k + 2, j], b[k + 3, j]
                p0, p1, p2, p3 = p0 + x * b0, p1 + x * b1, p2 + x * b2, p3 + x * b3
                r0, r1, r2, r3 = r0 + y * b0, r1 + y * b1, r2 + y * b2, r3 + y * b3
            out[i, k], out[i, k + 1], out[i, k + 2], out[i, k + 3] = p0 * scale, p1 * scale, p2 * scale, p3 * scale
            out[i + 1, k], out[i + 1, k + 1], out[i + 1, k + 2], out[i + 1, k + 3] = (
                r0 * scale,
                r1 * scale,
                r2 * scale,
                r3 * scale,
            )
