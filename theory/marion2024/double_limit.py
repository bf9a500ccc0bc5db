r"""Scalar networks with exact limits in depth and time, for Proposition 15 along paths t = L^p.

:math:`Z_k^L(t)=\sqrt{k/L}\,(1+\frac{lag}{1+t})+\frac{gap}L` converges uniformly in both variables to :math:`\sqrt s`, which is
not Lipschitz; A and B are off by the same terms, with B such that the loss on (1, y) is :math:`(y\frac{lag}{1+t})^2`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from numerics.arithmetic import Number
from theory.marion2024.scalar_schemes import Floats, flow, sampled_distance, scheme
from theory.marion2024.setting import Numbers
from theory.statement import Instance

LINEAR, SQUARE, BEND = range(3)


@dataclass(frozen=True, kw_only=True)
class Trained(Instance):
    r"""A family of scalar networks, trained on the one point (1, y), and a path.

    Parameters
    ----------
    layer
        f: 0 for zh, 1 for :math:`hz^2/2`, 2 for :math:`z\sin h`.
    inputs
        Points x at which the network is compared, shape ``(X,)``.
    y
        The target.
    lag, gap
        The coefficients of :math:`\frac1{1+t}` and 1/L.
    power
        p, of the path :math:`t=L^p`; below 1 the order is p.
    """

    layer: int
    inputs: Numbers
    y: Number
    lag: Number
    gap: Number
    power: Number


@dataclass(frozen=True)
class Network:
    """One network of the family, in floats.

    Parameters
    ----------
    A, B
        The outer weights.
    states
        The states of the inputs, one array of shape ``(L + 1,)`` each.
    weights
        The inner weights, shape ``(L,)``.
    """

    A: float
    B: float
    states: tuple[Floats, ...]
    weights: Floats


def states_of(p: Any, start: float, weights: Floats) -> Floats:
    """Return the states from a start, one for each layer and the start, for the f of the family.

    Parameters
    ----------
    p
        A family.
    start
        The first state.
    weights
        Shape ``(L,)``.

    Returns
    -------
    array
        Shape ``(L + 1,)``.
    """
    return scheme(start, weights**2 / 2 if p.layer == SQUARE else weights, bend=p.layer == BEND)


def network(p: Any, depth: Number, *, factor: float = 1.0, rough: bool = False) -> Network:
    r"""Return the network at depth L and time :math:`L^p`.

    Parameters
    ----------
    p
        A family.
    depth
        The depth L.
    factor
        A factor of the inner weights.
    rough
        Whether the inner weights are 1 and -1 in turn instead.

    Returns
    -------
    Network
        The network.
    """
    size = int(depth)
    late = p.lag / (1 + float(depth) ** p.power)
    k = np.arange(1, size + 1)
    smooth = factor * np.sqrt(k / size) * (1 + late) + p.gap / size
    weights = np.asarray((-1.0) ** k if rough else smooth, dtype=np.float64)
    outer = 1 + late + p.gap / size
    states = tuple(states_of(p, outer * x, weights) for x in np.asarray(p.inputs, dtype=float).tolist())
    end = p.y / states_of(p, outer, weights)[-1] * (1 + late)
    return Network(A=float(outer), B=float(end), states=states, weights=weights)


def solution(p: Any, x: float, s: Floats, factor: float = 1.0) -> Floats:
    r"""Return H(s) from x: the integral of :math:`\sqrt r` is :math:`\frac23s^{3/2}`, that of r/2 is :math:`s^2/4`."""
    grown = factor**2 * s**2 / 4 if p.layer == SQUARE else factor * 2 / 3 * s**1.5
    return flow(x, grown, bend=p.layer == BEND)


def limiting_end(p: Any) -> float:
    r"""Return :math:`B_\infty=y/H(1)`, H from the training point 1."""
    return float(p.y / solution(p, 1.0, np.array(1.0)))


def outer_distance(p: Any, depth: Number) -> float:
    r"""Return :math:`\max(|A^L-A_\infty|,|B^L-B_\infty|)`, :math:`A_\infty=1`, :math:`B_\infty=y/H(1)`."""
    found = network(p, depth)
    return max(abs(found.A - 1), abs(found.B - limiting_end(p)))


def weights_distance(p: Any, depth: Number) -> float:
    r"""Return :math:`\sup_s|Z^L_{\max(1,\lfloor Ls\rfloor)}(t)-\sqrt s|`, which the ends of the pieces attain."""
    weights = network(p, depth).weights
    starts, ends = np.arange(1, len(weights) + 1) / len(weights), np.arange(2, len(weights) + 2) / len(weights)
    starts[0] = 0.0  # the first layer stands for s < 1/L too, where the printed index is 0
    points = [np.abs(weights - np.sqrt(starts)).max(), np.abs(weights - np.sqrt(np.minimum(ends, 1.0))).max()]
    return float(max(points))


def states_distance(p: Any, depth: Number, *, factor: float = 1.0, rough: bool = False) -> float:
    r"""Return :math:`\sup_{s,x}|h^L_{\lfloor Ls\rfloor}(t)-H(s)|`; for rough weights H is that of their weak limit 0."""
    found = network(p, depth, factor=factor, rough=rough)

    def limit(s: Floats, x: float) -> Floats:
        return np.full(s.shape, x) if rough else solution(p, x, s)

    starts = np.asarray(p.inputs, dtype=float).tolist()
    pairs = zip(starts, found.states, strict=True)
    return float(np.max([sampled_distance(states, partial(limit, x=x)) for x, states in pairs]))


def outputs_distance(p: Any, depth: Number, *, factor: float = 1.0, off: float = 0.0) -> float:
    r"""Return the largest of :math:`\sup_x|F^L(x;t)-F_\infty(x)|` and :math:`|F_\infty(1)-y|`, the limits by their formulas."""
    found = network(p, depth, factor=factor)
    end = limiting_end(p)
    limits = [end * float(solution(p, x, np.array(1.0))) for x in np.asarray(p.inputs, dtype=float).tolist()]
    outputs = [float((found.B + off) * states[-1]) for states in found.states]
    return float(np.max(np.abs(np.subtract(outputs, limits))))


def lost_uniformity(p: Any, depth: Number) -> float:
    r"""Return the factor :math:`1+\frac L{L+t}`: its limit in t is 1 at every L, its limit in L is 2 at every t."""
    return float(1 + depth / (depth + float(depth) ** p.power))
