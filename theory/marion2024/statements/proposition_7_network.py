r"""The residual networks on which the steps of the proof of Proposition 7 are tried, with every quantity of the proof.

Longer than most: the network, what it computes forward and backward, and how it is drawn belong together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from numerics.arithmetic import Number, absolute, exp, least, maximum, total
from theory.marion2024.setting import Numbers, rounded
from theory.marion2024.statements.proposition_7_layers import LAYERS, Layer
from theory.statement import Draw, Hypothesis, Instance


@dataclass(frozen=True, kw_only=True)
class Network(Instance):
    r"""A residual network (12) with one layer repeated, scalar inputs and outputs, and n data points.

    Parameters
    ----------
    family
        The layer: 1, 2, 3 for :math:`hz^r/r`, 4 and 5 for Zh (symmetric of trace 0; any), 6 for the perceptron, 7 for the
        mirror.
    bound
        M.
    a, b
        A and B, shape ``(q,)``.
    weights
        :math:`Z_1,\dots,Z_L` one after the other, shape ``(L p,)``.
    x, y
        The data, shape ``(n,)``; :math:`\mathcal X,\mathcal Y` hold nothing else.
    """

    family: int
    bound: Number
    a: Numbers
    b: Numbers
    weights: Numbers
    x: Numbers
    y: Numbers

    @property
    def layer(self) -> Layer:
        """Return the layer; an unknown family, which the setting rejects, counts as the nearest."""
        return LAYERS[min(max(self.family, 1), len(LAYERS)) - 1]

    @property
    def depth(self) -> int:
        """Return L."""
        return len(self.weights) // self.layer.p

    @property
    def layers(self) -> list[Numbers]:
        r"""Return :math:`Z_1,\dots,Z_L`."""
        p = self.layer.p
        return [self.weights[at : at + p] for at in range(0, len(self.weights), p)]

    @cached_property
    def states(self) -> list[list[Numbers]]:
        r"""Return :math:`h_{k,i}`, k = 0, ..., L, for each data point."""
        rows = [[self.a * x for x in self.x]]
        for z in self.layers:
            rows.append([h + self.layer.value(h, z) / self.depth for h in rows[-1]])
        return rows

    @cached_property
    def residuals(self) -> list[Number]:
        r"""Return :math:`F(x_i)-y_i`."""
        return [total(self.b * h) - y for h, y in zip(self.states[-1], self.y, strict=True)]

    @cached_property
    def backward(self) -> list[list[Numbers]]:
        r"""Return :math:`p_{k,i}=\partial\ell_i/\partial h_{k,i}`, by (13) with the Jacobian transposed."""
        rows = [[2 * self.b * residual for residual in self.residuals]]
        for k in reversed(range(self.depth)):
            jacobians = [self.layer.by_state(h, self.layers[k]) for h in self.states[k]]
            rows.append([p + j.T @ p / self.depth for j, p in zip(jacobians, rows[-1], strict=True)])
        return rows[::-1]

    @cached_property
    def slopes(self) -> list[list[Numbers]]:
        r"""Return :math:`\partial_2f(h_{k-1,i},Z_k)`, k = 1, ..., L, of shape ``(q, p)`` each."""
        pairs = zip(self.states[:-1], self.layers, strict=True)
        return [[self.layer.by_weight(h, z) for h in row] for row, z in pairs]

    @cached_property
    def speeds(self) -> list[Numbers]:
        r"""Return :math:`L\,\partial\ell/\partial Z_k`, k = 1, ..., L, by (15): the speeds of (4) but for the sign."""
        pairs = zip(self.slopes, self.backward[1:], strict=True)
        return [total(np.array([d.T @ p for d, p in zip(*pair, strict=True)]), axis=0) / len(self.x) for pair in pairs]

    @cached_property
    def m_x(self) -> Number:
        r"""Return :math:`M_X`."""
        return -least(-absolute(self.x))

    @cached_property
    def m_y(self) -> Number:
        r"""Return :math:`M_Y`."""
        return -least(-absolute(self.y))

    @property
    def k1(self) -> Number:
        r"""Return :math:`K_1`."""
        return self.layer.k1(self.bound)

    @cached_property
    def reach(self) -> Number:
        r"""Return :math:`e^{K_1}MM_X`, the radius of E."""
        return exp(self.k1) * self.bound * self.m_x

    @cached_property
    def k(self) -> Number:
        r"""Return :math:`K=\max(K_1,K_2)`."""
        return maximum(self.k1, self.layer.k2(self.bound, self.reach))

    @cached_property
    def k_prime(self) -> Number:
        r"""Return :math:`K'`."""
        return self.layer.k_prime(self.bound, self.reach)


setting = Hypothesis(
    name="setting",
    says="L >= 2, n >= 1, M > 0, and A, B and the Z_k have the sizes that the layer takes",
    holds=lambda p: [
        (p.family, ">=", 1),
        (p.family, "<=", len(LAYERS)),
        (p.depth, ">=", 2),
        (len(p.weights), "==", p.depth * p.layer.p),
        (len(p.a), "==", p.layer.q),
        (len(p.b), "==", p.layer.q),
        (len(p.x), ">=", 1),
        (len(p.x), "==", len(p.y)),
        (p.bound, ">", 0 * p.bound),
    ],
    standing=True,
)
within = Hypothesis(
    name="(17)",
    says="|A|, |B| and every |Z_k| are at most M",
    holds=lambda p: [(total(v * v), "<=", p.bound * p.bound) for v in (p.a, p.b, *p.layers)],
)


def _direction(draw: Draw, size: int) -> tuple[Fraction, ...]:
    """Draw a rational vector of norm at most 1, and at least 1 - 10^-5: an axis often."""
    if size == 1 or draw.choice((0, 1)):
        at, sign = draw.integer(0, size - 1), draw.choice((1, -1))
        return tuple(Fraction(sign if at == k else 0) for k in range(size))
    entries = [rounded(draw.real(-1.0, 1.0)) for _ in range(size)]
    norm = math.sqrt(sum(float(entry) ** 2 for entry in entries)) or 1.0
    return tuple(Fraction(math.floor(10**6 / norm), 10**6) * entry for entry in entries)


def draw_vector(draw: Draw, size: int, reach: Fraction) -> tuple[Fraction, ...]:
    """Draw a vector of norm at most ``reach``, equal to it often."""
    part = draw.choice((Fraction(1), rounded(draw.real(0.0, 1.0))))
    return tuple(part * reach * entry for entry in _direction(draw, size))


def _draw_weights(draw: Draw, size: int, depth: int, reach: Fraction) -> tuple[Fraction, ...]:
    """Draw weights that are the same, of alternating sign, or any."""
    pattern = draw.choice(("tied", "opposite", "any"))
    first = draw_vector(draw, size, reach)
    rows = [first]
    for _ in range(depth - 1):
        sign = -1 if pattern == "opposite" else 1
        rows.append(draw_vector(draw, size, reach) if pattern == "any" else tuple(sign * v for v in rows[-1]))
    return tuple(entry for row in rows for entry in row)


def draw_network(draw: Draw, in_force: frozenset[str]) -> Network:
    """Draw a network; without (17) in force A, B and the weights are up to three times as long as M."""
    family, depth, n = draw.integer(1, len(LAYERS)), draw.integer(2, 6), draw.integer(1, 2)
    layer = LAYERS[family - 1]
    bound = rounded(draw.positive(1e-2, 1.5))
    reach = bound if within.name in in_force else bound * rounded(draw.real(1.0, 3.0))
    data = [
        (draw.choice((1, -1)), draw.positive(1e-2, 10.0), draw.choice((1, -1)), draw.positive(1e-3, 10.0)) for _ in range(n)
    ]
    return Network(
        family=family,
        bound=bound,
        a=draw_vector(draw, layer.q, reach),
        b=draw_vector(draw, layer.q, reach),
        weights=_draw_weights(draw, layer.p, depth, reach),
        x=tuple(sign * rounded(size) for sign, size, _, _ in data),
        y=tuple(sign * rounded(size) for _, _, sign, size in data),
    )


def draw_distinct(draw: Draw, in_force: frozenset[str]) -> Network:
    """Draw a network whose successive weights have opposite signs and sizes apart: no difference of speeds cancels."""
    base = draw_network(draw, in_force)
    p = base.layer.p
    sizes = [rounded(draw.real(0.1, 0.5)) + Fraction(at // p % 2, 2) for at in range(len(base.weights))]
    weights = tuple((-1) ** (at // p) * base.bound / 2 * size for at, size in enumerate(sizes))
    return replace(base, weights=weights)


def network(
    family: int, bound: int | str, a: list[Any], b: list[Any], weights: list[Any], x: Any = 1, y: Any = 1
) -> dict[str, Any]:
    """Return the exact data of a network with one data point, as :meth:`Network.parse` reads it."""
    return {"family": family, "bound": bound, "a": a, "b": b, "weights": weights, "x": [x], "y": [y]}
