r"""Proposition 5 as a claim about sizes: that its hypotheses can be met, and that its constants fail for flat activations.

The instances here are an activation and sizes only; what is claimed of a network is in proposition_5_conclusion.
Longer than most: instances, hypotheses and three claims.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from numerics.arithmetic import FLOATS, Number, log, maximum, sqrt, total
from theory.marion2024.polyak_lojasiewicz import Constants, failures, power
from theory.marion2024.setting import PAPER, rounded
from theory.marion2024.waves import Wave
from theory.proofs import identity
from theory.statement import (
    Draw,
    Erratum,
    Hypothesis,
    Inequality,
    Instance,
    Proof,
    changed,
    past_the_slack,
    without,
)

WHERE = f"{PAPER}, Appendix B.5, page 35"


@dataclass(frozen=True, kw_only=True)
class Sizes(Instance):
    r"""An activation, a degree, and the sizes of a network and its sample.

    Parameters
    ----------
    odd, even, amplitude, frequency
        The activation; see :class:`Wave`.
    degree
        r.
    n, d, q, m, depth
        Sample size, dimensions of data and states, width and depth; d' = q - d.
    proxy
        :math:`v_x^2`: 1 for data uniform on the sphere.
    """

    odd: int
    even: int
    amplitude: Number
    frequency: Number
    degree: int
    n: int
    d: int
    q: int
    m: int
    depth: int
    proxy: Number

    @property
    def wave(self) -> Wave:
        """Return the activation."""
        return Wave(odd=self.odd, even=self.even, amplitude=self.amplitude, frequency=self.frequency)

    @cached_property
    def constants(self) -> Constants:
        """Return the constants of page 35, with the absolute value of the coefficient."""
        return Constants(lipschitz=self.wave.lipschitz, coefficient=self.wave.coefficient(self.degree))

    @property
    def delta(self) -> Number:
        r"""Return :math:`\delta`."""
        terms = failures(self.constants, self.wave.bound, self.proxy, n=self.n, d=self.d, q=self.q, m=self.m, r=self.degree)
        return total(np.array(terms))

    def root(self, number: int) -> Number:
        """Return the root of an integer in the arithmetic of the data."""
        return sqrt(0 * self.amplitude + number)


def _positive(p: Any) -> Any:
    parts = p.odd if p.degree % 2 else p.even
    sizes = [(min(p.n, p.d, p.m, p.depth), ">=", 1), (p.degree, ">=", 2), (parts, "==", 1), (p.q, ">=", p.d + 1)]
    return sizes + [(value, ">", 0 * p.proxy) for value in (p.amplitude, p.frequency, p.proxy)]


setting = Hypothesis(
    name="setting",
    says="n, m, L, d, d' >= 1, q = d + d', r >= 2 with eta_r not 0, v_x^2 > 0",
    holds=_positive,
    standing=True,
)
wide = Hypothesis(
    name="m >= c_1 n",
    says="m >= c_1 n",
    holds=lambda p: (0 * p.amplitude + p.m, ">=", p.constants.c_1 * p.n),
)
deepest = Hypothesis(
    name="L >= c_2 sqrt(nq)",
    says="L >= c_2 sqrt(nq)",
    holds=lambda p: (0 * p.amplitude + p.depth, ">=", p.constants.c_2 * p.root(p.n * p.q)),
)


def _activation(draw: Draw, smallest: float) -> dict[str, Any]:
    """Draw an activation and a degree near the square of its frequency, where its coefficient is largest."""
    even = draw.choice((0, 1))
    frequency = rounded(draw.real(0.7, 2.0))
    amplitude = rounded(draw.positive(smallest, 0.3))
    fields = {"odd": 1 - even, "even": even, "amplitude": amplitude, "frequency": frequency}
    return fields | {"degree": draw.choice((2, 4) if even else (3, 5))}


def width_for_delta(p: Any, level: Number) -> Number:
    r"""Return the least m with :math:`e^{-qm/16}` and :math:`n\exp(-3m\eta^2/(64M_\sigma^2n))` at most a level each."""
    first = -16 * log(level) / p.q
    return maximum(first, 64 * p.n * log(p.n / level) * (p.wave.bound / p.constants.coefficient) ** 2 / 3)


def dimension_for_delta(p: Any, level: Number) -> Number:
    r"""Return the least d with :math:`2n^2\exp\big(-\frac d{2v_x^2}(\frac3{4n})^{2/r}\big)` at most a level."""
    return 2 * p.proxy * log(2 * p.n**2 / level) * power((0 * p.proxy + 4 * p.n) / 3, (0 * p.proxy + 2) / p.degree)


wide_enough = Hypothesis(
    name="m for delta",
    says="m is at least 16 ln(2000)/q and (64 M_sigma^2 n/(3 eta_r^2)) ln(2000 n)",
    holds=lambda p: (0 * p.proxy + p.m, ">=", width_for_delta(p, (0 * p.proxy + 1) / 2000)),
)
far_apart = Hypothesis(
    name="d for delta",
    says="d >= 2 v_x^2 ln(2000 n^2/49) (4n/3)^{2/r}",
    holds=lambda p: (0 * p.proxy + p.d, ">=", dimension_for_delta(p, (0 * p.proxy + 49) / 1000)),
)


def _sized(fields: dict[str, Any], n: int, spare: int, in_force: frozenset[str]) -> Sizes:
    """Return the sizes that are just enough for the hypotheses in force."""
    draft = Sizes(**fields, n=n, d=1, q=2, m=1, depth=1, proxy=Fraction(1)).lift(FLOATS)
    d = max(1, math.ceil(float(dimension_for_delta(draft, 0.049)) + 1e-9)) if far_apart.name in in_force else 1
    q = d + 1 + spare
    draft = replace(draft, q=q)
    least = [1.0]
    if wide.name in in_force:
        least.append(float(draft.constants.c_1) * n * (1 + 1e-9))
    if wide_enough.name in in_force:
        least.append(float(width_for_delta(draft, 1 / 2000)) * (1 + 1e-9))
    depth = math.ceil(float(draft.constants.c_2) * math.sqrt(n * q) * (1 + 1e-9)) if deepest.name in in_force else 1
    return Sizes(**fields, n=n, d=d, q=q, m=math.ceil(max(least)), depth=max(1, depth), proxy=Fraction(1))


def _draw_sizes(draw: Draw, in_force: frozenset[str]) -> Sizes:
    return _sized(_activation(draw, 1e-4), draw.integer(1, 10), draw.integer(0, 3), in_force)


def flat_cosine(n: int, d: int, q: int, m: int, depth: int) -> dict[str, Any]:
    r"""Return sizes with :math:`\sigma(u)=(1-\cos u)/32`, r = 2 and :math:`v_x^2=1`."""
    activation = {"odd": 0, "even": 1, "amplitude": "1/32", "frequency": 1, "degree": 2}
    return {**activation, "n": n, "d": d, "q": q, "m": m, "depth": depth, "proxy": 1}


ADMISSIBLE = (
    flat_cosine(1, 10, 11, 6644, 34),
    flat_cosine(2, 28, 29, 13288, 78),
    flat_cosine(10, 222, 223, 66436, 482),
)
"""Literally admissible sizes with delta <= 1/20, for data uniform on the sphere; c_2 sqrt(nq) >= 1."""

reading_reach = Inequality(
    id="marion2024.proposition-5.reading-reach",
    title="the hypotheses can be met, with delta at most 1/20",
    says=(
        "Ours: m >= c_1 n, L >= c_2 sqrt(nq), d >= 2 v_x^2 ln(2000 n^2/49)(4n/3)^{2/r} and m >= (64 M_sigma^2 n/(3 eta_r^2))"
        " ln(2000 n) give delta <= 1/20. With sigma = (1 - cos u)/32 and data on the sphere (v_x^2 <= 1), c_1 = 6644, c_2 ="
        " 10.2, c_3 = 0.0095, c_4 = 1.15e-7 and (n, d, q, m, L) = (1, 10, 11, 6644, 34), (2, 28, 29, 13288, 78), (10, 222, 223,"
        " 66436, 482) are admissible. For delta < 1 at r = 2, d = 2, 12, 142 are needed; at r = 20, 2, 5, 14. With sin or tanh"
        " and n = 1 the width would be five or thirteen million."
    ),
    formula=r"\delta\le\tfrac1{20}",
    source="ours; the hypotheses of Proposition 5",
    ours=True,
    instance=Sizes,
    instances=_draw_sizes,
    hypotheses=(setting, wide, deepest, wide_enough, far_apart),
    left=lambda p: p.delta,
    relation="<=",
    right=lambda p, c: c.c + 0 * p.proxy,
    constants={"c": Fraction(1, 20)},
    cost=2,
    gallery=ADMISSIBLE,
    mutants=(past_the_slack("c"), without(wide_enough.name), without(far_apart.name)),
)

more_samples = Hypothesis(
    name="n > d", says="n > d, so that some residual is orthogonal to the data", holds=lambda p: (p.n, ">", p.d)
)
likely = Hypothesis(name="delta < 1", says="delta < 1", holds=lambda p: (p.delta, "<", 0 * p.proxy + 1))


def _draw_crowd(draw: Draw, in_force: frozenset[str]) -> Sizes:
    """Draw sizes with n = d + 1, a degree so high that delta < 1, and an activation down to an amplitude of 10^-14."""
    del in_force
    n, r = draw.choice(((31, 12), (41, 10), (61, 9), (101, 8), (201, 6)))
    even = 1 - r % 2
    frequency = rounded(math.sqrt(r - 1) * draw.real(0.8, 1.2))
    amplitude = rounded(draw.positive(1e-14, 0.1))
    fields: dict[str, Any] = {"odd": r % 2, "even": even, "amplitude": amplitude, "frequency": frequency, "degree": r}
    draft = Sizes(**fields, n=n, d=n - 1, q=n, m=1, depth=1, proxy=Fraction(1)).lift(FLOATS)
    m = math.ceil(1.001 * max(float(draft.constants.c_1) * n, float(width_for_delta(draft, 1e-3))))
    depth = math.ceil(1.001 * float(draft.constants.c_2) * n)
    return Sizes(**fields, n=n, d=n - 1, q=n, m=m, depth=depth, proxy=Fraction(1))


FLAT = {
    **{"odd": 0, "even": 1, "amplitude": "1/1000000000000", "frequency": 3, "degree": 12},
    **{"n": 31, "d": 30, "q": 31, "m": 4000000, "depth": 1, "proxy": 1},
}
r"""Thirty-one points on the sphere in 30 dimensions, sigma = 10^-12 (1 - cos 3u) up to the sign that makes eta_12 positive."""

reading_constants = Inequality(
    id="marion2024.proposition-5.reading-constants",
    title="the proposition with its explicit constants",
    says=(
        "With c_1, ..., c_4 of page 35, mu = c_4/(n sqrt(n) q) is a constant of the local condition with probability at least 1"
        " - delta. For n > d no constant exceeds 4 M_sigma^2, whatever the inputs: for targets so small that the least squares"
        " fit moves B A by less than M, and that no linear map fits, some weights within M leave a residual orthogonal to the"
        " inputs (reading-ceiling). Under sigma -> a sigma c_1 and delta stay and mu is of order a, M_sigma^2 of order a^2, so"
        " that this fails for small a, with delta < 1. As 'there exist c_1, ..., c_4' the proposition follows from"
        " reading-sharp and Lemma 21."
    ),
    formula=r"\mu=\frac{c_4}{n\sqrt n\,q}\le4M_\sigma^2",
    source=f"{PAPER}, Proposition 5, page 6, with the constants of page 35",
    instance=Sizes,
    instances=_draw_crowd,
    hypotheses=(setting, wide, deepest, more_samples, likely),
    uses=("marion2024.proposition-5.reading-ceiling",),
    left=lambda p: p.constants.rate(p.n, p.q) / p.root(p.q),
    relation="<=",
    right=lambda p, c: c.c * 4 * p.wave.bound**2,
    constants={"c": Fraction(1)},
    cost=2,
    erratum=Erratum(
        wrong="c_4 is too large where c_2 sqrt(nq) < 1: it counts more layers than there are.",
        line="the last display of page 34, and c_4 on page 35",
        counterexample=FLAT,
        repaired="marion2024.proposition-5.reading-constants-repaired",
    ),
)


def _repaired_gap() -> Any:
    """Return C_3^2 eta^2/n less (eta^2/(64 n)) e^{-4 sqrt(2) K}."""
    import sympy

    k, eta, n = sympy.symbols("K eta n", positive=True)
    value = Constants(lipschitz=k, coefficient=eta).big_c_3 ** 2 * eta**2 / n
    return sympy.simplify(value - eta**2 * sympy.exp(-4 * sympy.sqrt(2) * k) / (64 * n))


reading_constants_repaired = replace(
    reading_constants,
    id="marion2024.proposition-5.reading-constants-repaired",
    title="the proposition with a repaired constant",
    says=(
        "With mu = (C_3^2 eta_r^2/n) min(1, eta_r/(C_2 sqrt(nq))), that is 2 c_4 or C_3^2 eta_r^2 sqrt(nq) for c_4, the local"
        " condition follows (reading-repaired.step-16), and mu <= 4 M_sigma^2 as it must: eta_r <= M_sigma. Loose by 256 n at"
        " least."
    ),
    formula=r"\frac{C_3^2\eta_r^2}n\min\Big(1,\frac{\eta_r}{C_2\sqrt{nq}}\Big)\le4M_\sigma^2",
    source="ours; repairs the constants of Proposition 5",
    ours=True,
    uses=("marion2024.proposition-5.reading-ceiling", "marion2024.proposition-5.reading-repaired.step-16"),
    left=lambda p: p.constants.repaired_rate(p.n, p.q),
    erratum=None,
    gallery=(FLAT, {**FLAT, "amplitude": "1/100", "m": 5000000, "depth": 4000}),
    proof=Proof(
        set="every bounded sigma and r",
        argument="|eta_r| = |E sigma h_r| <= M_sigma E|h_r| <= M_sigma, the minimum is at most 1 and C_3 <= 1/8.",
        steps=(identity("C_3^2 eta^2/n = (eta^2/(64 n)) e^{-4 sqrt(2) K}", _repaired_gap),),
    ),
    mutants=(past_the_slack("c"), changed("the printed constant", left=reading_constants.left)),
)
