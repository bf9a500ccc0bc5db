"""Controls of Proposition 9 and Corollary 10: families outside the hypotheses, which keep their distance."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Number
from theory.statement import Hypothesis, Identity, Instance, changed


def times_to(depth: Number) -> Any:
    """Return times from 0 to 1000 L, with 0 and L among them."""
    return np.concatenate([[0.0], np.geomspace(1e-3, 1e3, 61) * float(depth)])


def leaving_bump(p: Any, depth: Number) -> float:
    r"""Return :math:`\sup_t|Z^L(t)|` of :math:`Z^L(t)=\frac1{1+(t-L)^2}`, which tends to 0 at every t."""
    del p
    return float((1 / (1 + (times_to(depth) - float(depth)) ** 2)).max())


def slow_wave(p: Any, depth: Number) -> float:
    r"""Return :math:`\sup_t|Z^L(t)|` of :math:`Z^L(t)=\frac{t/L}{1+t/L}`, whose speeds are at most 1/L."""
    del p
    ratio = times_to(depth) / float(depth)
    return float((ratio / (1 + ratio)).max())


def digit_distance(depth: int, other: int, *, smooth: bool = False) -> int:
    r"""Return :math:`L'\sup_s|\mathcal Z^L(s)-\mathcal Z^{L'}(s)|` for the last binary digits :math:`Z^L_k=(-1)^k`; exact.

    Parameters
    ----------
    depth, other
        The depths :math:`2\le L<L'`, L dividing L'.
    smooth
        Whether to take :math:`Z^L_k=k/L` instead.

    Returns
    -------
    int
        The supremum over the middles of the pieces of depth L', times L'.
    """
    worst = 0
    for j in range(other - 1):
        layer = (depth - 1) * (2 * j + 1) // (2 * (other - 1)) + 1
        apart = (other // depth) * layer - (j + 1) if smooth else other * ((-1) ** layer - (-1) ** (j + 1))
        worst = max(worst, abs(apart))
    return worst


@dataclass(frozen=True, kw_only=True)
class Digits(Instance):
    """Two depths, powers of 2.

    Parameters
    ----------
    first, more
        The depths are 2^first and 2^(first + more).
    """

    first: int
    more: int


powers = Hypothesis(
    name="depths",
    says="two different depths, at least 2",
    holds=lambda p: [(p.first, ">=", 1), (p.more, ">=", 1)],
    standing=True,
)


def _distance_of(p: Any, *, smooth: bool = False) -> Any:
    depth, other = 2**p.first, 2 ** (p.first + p.more)
    return Fraction(digit_distance(depth, other, smooth=smooth), other)


digits = Identity(
    id="marion2024.proposition-9.reading-digits",
    title="without small gaps no subsequence converges",
    says=(
        "Ours, a control: the layers (-1)^k, the last binary digit of k, at depth 2^j have norm 1 and do not move, and any two"
        " of them are at distance 2, so that no subsequence converges, not even at almost every s. A limit along an"
        " ultrafilter exists at every s, but need not be measurable, which Lemma 17 asks for."
    ),
    formula=r"\sup_s|\mathcal Z^{2^i}(s)-\mathcal Z^{2^j}(s)|=2,\quad i\ne j",
    source="ours; a control of Proposition 9",
    ours=True,
    instance=Digits,
    instances=lambda draw, in_force: Digits(first=draw.integer(1, 5), more=draw.integer(1, 4)),
    hypotheses=(powers,),
    left=_distance_of,
    right=lambda p, c: 2 + 0 * p.first,
    cost=4,
    gallery=({"first": 1, "more": 1}, {"first": 3, "more": 4}),
    mutants=(changed("layers k/L", left=lambda p: _distance_of(p, smooth=True)),),
)
