r"""How the networks of Proposition 5 are drawn: each weight is a point at a chosen share of the distance that it may have.

Half of the weights lie along an axis, where the norms of products are products of norms; the others in any direction.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from numerics.arithmetic import FLOATS
from theory.marion2024.setting import rounded
from theory.marion2024.statements.proposition_5_network import NearStart, deep, line_47, line_48, within
from theory.marion2024.waves import Wave
from theory.statement import Draw

Entries = tuple[Fraction, ...]
WAVES = ((1, 0), (0, 1), (1, 1))
MARGIN = 1e-9
NEARLY = 1 - Fraction(1, 10**9)
"""How near to a limit a weight is put: balls can then decide, and no slack that is looked at notices."""


def below(limit: float) -> Fraction:
    """Return a fraction just below a positive float."""
    return Fraction(limit * (1 - MARGIN)).limit_denominator(10**15) if limit > 1e-3 else Fraction(limit * (1 - MARGIN))


@lru_cache(maxsize=4096)
def direction(seed: int, count: int) -> Entries:
    """Return a rational vector of Frobenius norm at most 1, and at least 1 - 10^-5, in any direction.

    Parameters
    ----------
    seed
        Of the direction.
    count
        The number of entries.

    Returns
    -------
    tuple of Fraction
        The vector.
    """
    entries = [rounded(value) for value in np.random.default_rng(seed).standard_normal(count)]
    norm = math.sqrt(sum(float(entry) ** 2 for entry in entries))
    return tuple(Fraction(math.floor(10**6 / norm), 10**6) * entry for entry in entries)


def axis(count: int, at: int, size: Fraction) -> Entries:
    """Return a vector with one entry that is not 0."""
    return tuple(size if k == at else Fraction(0) for k in range(count))


def plus(one: Entries, other: Entries) -> Entries:
    """Return the sum of two vectors."""
    return tuple(a + b for a, b in zip(one, other, strict=True))


def times(factor: Fraction, vector: Entries) -> Entries:
    """Return a multiple of a vector."""
    return tuple(factor * entry for entry in vector)


def share(draw: Draw) -> Fraction:
    """Draw a share of a distance: all of it often."""
    return draw.choice((Fraction(1), rounded(draw.real(0.0, 1.0))))


def eye(rows: int, columns: int, shift: int = 0) -> Entries:
    """Return the entries of a matrix with ones on one diagonal."""
    return tuple(Fraction(int(value)) for value in np.eye(rows, columns, shift).ravel())


class Layout:
    """The sizes of a network and what is drawn with them.

    Parameters
    ----------
    draw
        The draws.
    tall
        Whether there are at least as many different rows as samples.
    """

    def __init__(self, draw: Draw, tall: bool) -> None:
        """Draw the sizes, the activation and the data."""
        self.q = draw.integer(2, 3)
        self.d = draw.integer(1, self.q - 1)
        self.d_out = draw.integer(1, self.q - self.d)
        self.n = draw.integer(1, 2)
        self.rows = draw.integer(self.n if tall else 1, 3)
        self.depth = draw.integer(1, 4)
        self.seed = draw.integer(0, 10**6)
        self.along_axis = draw.choice((True, False))
        self.at_end = draw.choice((True, False))

    def entries(self, at: int, count: int, size: Fraction, key: int) -> Entries:
        """Return a vector of norm at most ``size``, along an axis or in any direction."""
        return axis(count, at, size) if self.along_axis else times(size, direction(self.seed + key, count))

    def samples(self) -> Entries:
        r"""Return x: columns of norm at most :math:`\sqrt q`, and almost."""
        radius = below(math.sqrt(self.q))
        columns = [self.entries(0, self.d, radius, 90 + i) for i in range(self.n)]
        return tuple(columns[i][row] for row in range(self.d) for i in range(self.n))


def _wave(draw: Draw, slowest: float, steepest: float) -> tuple[dict[str, Any], float, float]:
    """Draw an activation and a degree; return its fields, its Lipschitz constant and its coefficient."""
    odd, even = draw.choice(WAVES)
    frequency = rounded(draw.positive(slowest, 3.0))
    amplitude = rounded(draw.positive(1e-3, steepest)) / frequency
    degree = draw.integer(2, 5)
    if (degree % 2 and not odd) or (degree % 2 == 0 and not even):
        degree += 1
    wave = Wave(odd=odd, even=even, amplitude=FLOATS.number(amplitude), frequency=FLOATS.number(frequency))
    fields = {"odd": odd, "even": even, "amplitude": amplitude, "frequency": frequency, "degree": degree}
    return fields, float(wave.lipschitz), float(wave.coefficient(degree))


def layers(draw: Draw, s: Layout, reach: tuple[Fraction, Fraction], start: Entries) -> tuple[Entries, Entries]:
    """Draw V and W of all layers, at most so far from 0 and from a start: the same, of alternating sign, or any.

    Parameters
    ----------
    draw
        The draws.
    s
        The sizes.
    reach
        The distances of V and W.
    start
        The start of W.

    Returns
    -------
    tuple
        V and W, layer after layer.
    """
    pattern = draw.choice(("tied", "opposite", "any"))
    sign = draw.choice((1, -1))
    at = s.q - 1 if s.at_end else 0
    outer: Entries = ()
    inner: Entries = ()
    for k in range(s.depth):
        turn = Fraction(-sign if pattern == "opposite" and k % 2 else sign)
        key = 10 * k if pattern == "any" else 0
        outer += s.entries(at * s.rows, s.q * s.rows, turn * reach[0], key + 1)
        inner += plus(start, s.entries(at, s.rows * s.q, reach[1], key + 2))
    return outer, inner


def draw_network(draw: Draw, in_force: frozenset[str], tall: bool = False) -> NearStart:
    """Draw a network under the strongest of the conditions in force: within M, (47) or (48); without any, three times (48).

    Parameters
    ----------
    draw
        The draws.
    in_force
        Names of hypotheses.
    tall
        Whether there are at least as many different rows as samples.

    Returns
    -------
    NearStart
        The network.
    """
    s = Layout(draw, tall)
    near = bool({within.name, line_47.name} & in_force)
    # M is as small as the frequency to a power: too small a frequency, and floats see no distance from the start.
    # The Lipschitz constant is at most sqrt 2 times the product of amplitude and frequency.
    steepest = 0.97 * s.depth / (3 * math.sqrt(2)) if deep.name in in_force else 3.0
    fields, lipschitz, coefficient = _wave(draw, 0.2 if near else 1e-3, steepest)
    m = below(coefficient / (32 * math.sqrt(2 * s.n * s.q) * lipschitz))
    limit = below(math.sqrt(2 * s.q * s.rows))
    shares = [share(draw) for _ in range(5)]
    y = tuple(rounded(draw.choice((1, -1)) * draw.positive(0.1, 3.0)) for _ in range(s.d_out * s.n))
    build = _near if near else _far
    ends = build(draw, s, shares, m if within.name in in_force else None, m, limit, line_48.name in in_force)
    return NearStart(**fields, d=s.d, rows=s.rows, depth=s.depth, x=s.samples(), y=y, **ends)


def _near(
    draw: Draw, s: Layout, shares: list[Fraction], ball: Fraction | None, m: Fraction, limit: Fraction, _: bool
) -> dict[str, Any]:
    """Draw weights within M of their start, or as (47) allows."""
    start = s.entries(0, s.rows * s.q, shares[0] * limit, 3)
    half = NEARLY / 2
    parts = (shares[1] * ball, (1 - shares[1]) * ball) if ball is not None else (NEARLY * shares[1], shares[2] * half)
    v, w = layers(draw, s, parts, start)
    first = s.entries(0, s.q * s.d, shares[3] * m * draw.choice((1, -1)), 4)
    last = s.entries(s.q - s.d_out, s.d_out * s.q, shares[4] * (half if ball is None else ball) * draw.choice((1, -1)), 5)
    a = plus(eye(s.q, s.d), first)
    return {"a": a, "b": plus(eye(s.d_out, s.q, s.q - s.d_out), last), "v": v, "w": w, "start": start}


def _far(
    draw: Draw, s: Layout, shares: list[Fraction], ball: Fraction | None, m: Fraction, limit: Fraction, bounded: bool
) -> dict[str, Any]:
    """Draw weights as (48) allows, or up to three times as large."""
    del ball, m
    zoom = NEARLY if bounded else 1 + 2 * rounded(draw.real(0.0, 1.0))
    start = tuple(Fraction(0) for _ in range(s.rows * s.q))
    v, w = layers(draw, s, (zoom * shares[1], 2 * zoom * shares[2] * limit), start)
    size = draw.choice((Fraction(1, 2) / NEARLY, NEARLY * Fraction(3, 2), rounded(draw.real(0.51, 1.49))))
    b = times(size if bounded else zoom * size, eye(s.d_out, s.q, s.q - s.d_out))
    return {"a": times(2 * zoom * shares[3], eye(s.q, s.d)), "b": b, "v": v, "w": w, "start": start}
