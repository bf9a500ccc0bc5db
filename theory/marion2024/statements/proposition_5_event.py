r"""Networks at whose start the event of Lemma 21 happened, drawn so that it has little to spare.

The activation up to its amplitude and :math:`\bar W` come first; r is then the least degree with
:math:`\eta_r\le4s_{\min}/\sqrt m`. Copies of rows make the network as wide as is asked for, a small amplitude makes it deep
enough.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.marion2024.polyak_lojasiewicz import Constants
from theory.marion2024.setting import rounded
from theory.marion2024.statements.proposition_5_draws import (
    MARGIN,
    WAVES,
    Entries,
    Layout,
    below,
    eye,
    layers,
    plus,
    share,
)
from theory.marion2024.statements.proposition_5_network import (
    NearStart,
    bounded,
    deep,
    deepest,
    event,
    norm_event,
    wide,
    within,
)
from theory.marion2024.waves import Wave
from theory.statement import Draw


@dataclass(frozen=True, kw_only=True)
class Start:
    """What a network has before it is trained, but for its amplitude.

    Parameters
    ----------
    sizes
        Its sizes.
    unit
        The activation of amplitude 1, in floats.
    frequency
        Its exact frequency.
    weights, x
        The different rows of the initial W, and the data.
    """

    sizes: Layout
    unit: Wave
    frequency: Fraction
    weights: Entries
    x: Entries

    def features(self) -> Any:
        """Return the different rows of the features, in floats."""
        s = self.sizes
        rows = np.array(self.weights, dtype=float).reshape(s.rows, s.q)[:, : s.d]
        return self.unit.value(rows @ np.array(self.x, dtype=float).reshape(s.d, s.n) / math.sqrt(s.q))

    def degree(self, factor: float) -> int:
        """Return the least degree whose coefficient is at most so many times what the event allows; else a large one."""
        smallest = float(np.linalg.svd(self.features(), compute_uv=False)[-1])
        limit = factor * 4 * smallest / math.sqrt(self.sizes.rows) * (1 - MARGIN)
        degrees = [r for r in range(2, 42) if (self.unit.odd if r % 2 else self.unit.even)]
        return next((r for r in degrees if self.unit.coefficient(r) <= limit), degrees[-1])

    def worst_targets(self) -> Entries:
        """Return targets along the last right singular vector of the features, the same for every output."""
        vector = np.linalg.svd(self.features())[2][-1]
        return self.sizes.d_out * tuple(rounded(float(value)) for value in vector)


def _opposed(s: Layout) -> Entries:
    r"""Return samples of norm about :math:`\sqrt q`; on the line the second is opposite to the first."""
    radius = below(math.sqrt(s.q))
    return tuple(radius if i % 2 == 0 else -radius for i in range(s.n)) if s.d == 1 else s.samples()


def _start(draw: Draw, s: Layout, far: bool) -> Start:
    along, s.along_axis = s.along_axis, False
    odd, even = WAVES[2] if s.n > 1 else draw.choice(WAVES)
    frequency, part = rounded(draw.positive(0.3, 3.0)), rounded(draw.real(0.2, 1.0))
    size = part * (3 if far else 1) * below(math.sqrt(2 * s.q * s.rows))
    weights, x = s.entries(0, s.rows * s.q, size, 3), _opposed(s)
    s.along_axis = along
    unit = Wave(odd=odd, even=even, amplitude=1.0, frequency=float(frequency))
    return Start(sizes=s, unit=unit, frequency=frequency, weights=weights, x=x)


def _amplitude(draw: Draw, start: Start, degree: int, in_force: frozenset[str]) -> Fraction:
    """Return an amplitude: at most what makes the coefficient 1, and the network deep enough, if these are asked for."""
    s, unit = start.sizes, start.unit
    ratio = float(unit.lipschitz / unit.coefficient(degree))
    lipschitz = draw.positive(1e-3, 3.0)
    if bounded.name in in_force:
        lipschitz = min(lipschitz, 0.999 * ratio)
    if deep.name in in_force:
        lipschitz = min(lipschitz, s.depth / 3.1)
    if deepest.name in in_force:
        lipschitz = min(lipschitz, s.depth / (150 * ratio * math.sqrt(s.n * s.q)))
    return rounded(lipschitz / float(unit.lipschitz))


def _copies(draw: Draw, start: Start, amplitude: Fraction, degree: int, in_force: frozenset[str]) -> int:
    unit = start.unit
    size = float(amplitude)
    constants = Constants(lipschitz=size * unit.lipschitz, coefficient=size * unit.coefficient(degree))
    if wide.name not in in_force:
        return draw.choice((1, 1, 7))
    return math.ceil(float(constants.c_1) * start.sizes.n / start.sizes.rows * (1 + MARGIN))


def draw_event(draw: Draw, in_force: frozenset[str]) -> NearStart:
    """Draw such a network, with its weights within M of the start, at that distance often.

    Parameters
    ----------
    draw
        The draws.
    in_force
        Names of hypotheses; without the event the coefficient may be too large, without the distance weights are far.

    Returns
    -------
    NearStart
        The network.
    """
    s = Layout(draw, tall=True)
    start = _start(draw, s, norm_event.name not in in_force)
    degree = start.degree(1.0 if event.name in in_force else 100.0)
    amplitude = _amplitude(draw, start, degree, in_force)
    copies = _copies(draw, start, amplitude, degree, in_force)
    ratio = float(start.unit.coefficient(degree) / start.unit.lipschitz)
    reach = below(ratio / (32 * math.sqrt(2 * s.n * s.q))) * (1 if within.name in in_force else 300)
    rest, shrink = share(draw), below(1 / math.sqrt(copies))
    v, w = layers(draw, s, (rest * reach * shrink, (1 - rest) * reach * shrink), start.weights)
    first = s.entries(0, s.q * s.d, share(draw) * reach * draw.choice((1, -1)), 4)
    last = s.entries(s.q - s.d_out, s.d_out * s.q, share(draw) * reach * draw.choice((1, -1)), 5)
    targets = tuple(rounded(draw.choice((1, -1)) * draw.positive(0.1, 3.0)) for _ in range(s.d_out * s.n))
    return NearStart(
        odd=start.unit.odd,
        even=start.unit.even,
        amplitude=amplitude,
        frequency=start.frequency,
        degree=degree,
        d=s.d,
        rows=s.rows,
        depth=s.depth,
        copies=copies,
        a=plus(eye(s.q, s.d), first),
        b=plus(eye(s.d_out, s.q, s.q - s.d_out), last),
        v=v,
        w=w,
        start=start.weights,
        x=start.x,
        y=start.worst_targets() if draw.choice((True, False)) else targets,
    )
