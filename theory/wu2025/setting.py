r"""The setting of wu2025: a sorted sample, its minimum spacing, and the noise scales :math:`\mu,\sigma\in(0,1)`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Number, exp, least, log
from numerics.arithmetic import Numbers as Numbers
from theory.statement import Draw, Hypothesis, Instance

PAPER = "Wu, Marion, Biau, Boyer, COLT 2025, arXiv 2502.03435v1"


@dataclass(frozen=True, kw_only=True)
class ScoreProblem(Instance):
    r"""A sample and noise scales: :math:`Y=\mu X+\sigma\xi`.

    Parameters
    ----------
    x
        The sample :math:`x_1\le\dots\le x_n`, shape ``(n,)``.
    mu, sigma
        The scales :math:`\mu,\sigma\in(0,1)`.
    """

    x: Numbers
    mu: Number
    sigma: Number

    @property
    def n(self) -> int:
        """Return the sample size."""
        return len(self.x)

    @property
    def gaps(self) -> Numbers:
        """Return the gaps :math:`x_{i+1}-x_i`, shape ``(n-1,)``."""
        x = np.asarray(self.x)
        return x[1:] - x[:-1]

    @property
    def minimum_spacing(self) -> Number:
        r"""Return :math:`\Delta=\min_{2\le i\le n}(x_i-x_{i-1})`."""
        return least(self.gaps)

    @property
    def range(self) -> Number:
        """Return :math:`x_n-x_1`."""
        return self.x[-1] - self.x[0]

    @property
    def separation(self) -> Number:
        r"""Return :math:`r=\mu\Delta/\sigma`, the only parameter left by scaling when the sample is equispaced."""
        return self.mu * self.minimum_spacing / self.sigma


@dataclass(frozen=True, kw_only=True)
class PointProblem(ScoreProblem):
    r"""A sample, noise scales, an index and a point.

    Parameters
    ----------
    i
        The index :math:`i` of the statement, counted from 1.
    y
        The point :math:`y`.
    """

    i: int
    y: Number


ordered = Hypothesis(
    name="ordered sample",
    says="x_1 < ... < x_n, n >= 2 (the paper assumes Delta > 0)",
    holds=lambda p: [(gap, ">", 0 * gap) for gap in p.gaps] if p.n > 1 else (0, ">", 1),
    standing=True,
)
scales = Hypothesis(
    name="scales",
    says="mu and sigma lie in (0, 1)",
    holds=lambda p: [(p.mu, ">", 0 * p.mu), (p.mu, "<", 0 * p.mu + 1), (p.sigma, ">", 0 * p.mu), (p.sigma, "<", 0 * p.mu + 1)],
    standing=True,
)
separated = Hypothesis(
    name="Delta >= 2 sigma/mu",
    says="Delta >= 2 sigma / mu",
    holds=lambda p: (p.mu * p.minimum_spacing, ">=", 2 * p.sigma),
)
well_separated = Hypothesis(
    name="Delta >= 8 sigma/mu",
    says="Delta >= 8 sigma / mu",
    holds=lambda p: (p.mu * p.minimum_spacing, ">=", 8 * p.sigma),
)
small_noise = Hypothesis(
    name="small noise",
    says="16 n^3 exp(-mu^2 Delta^2 / (4 sigma^2)) <= 1",
    holds=lambda p: (16 * p.n**3 * exp(-(p.separation**2) / 4), "<=", 0 * p.mu + 1),
)
gap_index = Hypothesis(
    name="1 <= i <= n-1",
    says="1 <= i <= n - 1",
    holds=lambda p: [(p.i, ">=", 1), (p.i, "<=", p.n - 1)],
    standing=True,
)
point_index = Hypothesis(
    name="1 <= i <= n",
    says="1 <= i <= n",
    holds=lambda p: [(p.i, ">=", 1), (p.i, "<=", p.n)],
    standing=True,
)
SETTING = (ordered, scales)


def small_noise_separation(n: int) -> float:
    r"""Return :math:`r_0=2\sqrt{\ln(16n^3)}`: the hypothesis of Theorem 4 is :math:`r\ge r_0`."""
    return 2.0 * math.sqrt(math.log(16 * n**3))


def log_condition(p: ScoreProblem) -> tuple[Number, str, Number]:
    r"""Return the equivalent hypothesis :math:`\Delta^2\ge4\frac{\sigma^2}{\mu^2}\ln(16n^3)` as a triple."""
    return p.minimum_spacing**2, ">=", 4 * p.sigma**2 / p.mu**2 * log(0 * p.mu + 16 * p.n**3)


def draw_gaps(draw: Draw, n: int) -> list[float]:
    """Draw n-1 gaps whose smallest is 1: equal, geometric, one large, one small among large, or free."""
    shape = draw.choice(("equal", "one large", "free", "geometric", "alternating"))
    if shape == "equal" or n == 2:
        return [1.0] * (n - 1)
    large = draw.positive(1.0, 1e3)
    if shape == "one large":
        at = draw.integer(0, n - 2)
        return [large if j == at else 1.0 for j in range(n - 1)]
    if shape == "alternating":
        return [1.0 if j % 2 else large for j in range(n - 1)] if n > 2 else [1.0]
    if shape == "geometric":
        ratio = large ** (1.0 / (n - 2))
        return [ratio**j for j in range(n - 1)]
    return [1.0] + [draw.positive(1.0, 1e3) for _ in range(n - 2)]


def draw_problem(
    draw: Draw, *, least: Callable[[int], float], most: float = 60.0, least_points: int = 2, most_points: int = 12
) -> dict[str, Any]:
    r"""Draw a sample and scales with :math:`\mu\Delta/\sigma` in a given range.

    Parameters
    ----------
    draw
        The source of numbers.
    least
        The least separation :math:`r=\mu\Delta/\sigma` as a function of n. It is met (to 1e-6) at times, since many
        bounds are tight there.
    most
        The largest separation.
    least_points, most_points
        Range of the sample size.

    Returns
    -------
    dict
        The fields ``x``, ``mu``, ``sigma`` as exact fractions; :math:`r` is rounded up so that the lower limit holds.
    """
    n = draw.integer(least_points, most_points)
    gaps = draw_gaps(draw, n)
    shift = draw.choice((0, -1, 1)) * draw.positive(0.1, 100.0)
    mu = Fraction(draw.real(0.02, 0.98)).limit_denominator(1000)
    excess = draw.choice((0.0, 1.0)) * draw.positive(1e-3, most - least(n))
    r = Fraction(least(n) + excess).limit_denominator(10**6) + Fraction(2, 10**6)
    steps = [Fraction(gap).limit_denominator(1000) for gap in gaps]
    least_gap = min(steps)
    # A scale of the sample such that sigma stays in (0, 1) whatever r is.
    scale = min(Fraction(1), r * Fraction(99, 100) / (mu * least_gap))
    x = [Fraction(shift).limit_denominator(100)]
    for step in steps:
        x.append(x[-1] + step * scale)
    return {"x": tuple(x), "mu": mu, "sigma": mu * least_gap * scale / r}


def least_separation(in_force: frozenset[str], otherwise: float = 0.002) -> Callable[[int], float]:
    """Return the least separation, as a function of n, that the hypotheses in force demand.

    Parameters
    ----------
    in_force
        Names of the hypotheses in force.
    otherwise
        The least separation when none of them limits it.

    Returns
    -------
    Callable
        Sample size to least separation.
    """
    if small_noise.name in in_force:
        return small_noise_separation
    return lambda _n: 2.0 if separated.name in in_force else otherwise


def draw_score_problem(draw: Draw, in_force: frozenset[str]) -> ScoreProblem:
    """Build a :class:`ScoreProblem` that satisfies the hypotheses in force by construction."""
    return ScoreProblem(**draw_problem(draw, least=least_separation(in_force)))
