r"""Corollary 13: the Euler scheme of a parameterized differential equation, as depth and time grow together.

The equations :math:`U'=\Theta_\infty(s)U` and :math:`U'=\Theta_\infty(s)\sin U` with affine :math:`\Theta_\infty` have exact
solutions; the parameters of the scheme are off by a term in 1/L and one that decays in t, and t = L^p.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Number
from theory.marion2024.scalar_schemes import flow, sampled_distance, scheme
from theory.marion2024.setting import PAPER, rounded
from theory.statement import Draw, Hidden, Hypothesis, Instance, Limit, changed


@dataclass(frozen=True, kw_only=True)
class JointPath(Instance):
    r"""Parameters :math:`\theta_k=\Theta_\infty(\frac{k-1}{L-1})+\frac{gap}L+lag\,\rho(t)`, starts off by the same, and a path.

    Parameters
    ----------
    start, slope
        :math:`\Theta_\infty(s)=\theta_0+\beta s`.
    gap, lag
        The coefficients.
    power
        p, of the path :math:`t=L^p`.
    slow
        1 if :math:`\rho(t)=\frac1{1+t}`, 0 if :math:`\rho(t)=e^{-t}`.
    bend
        1 if :math:`g(u,\theta)=\theta\sin u`, 0 if it is :math:`\theta u`.
    """

    start: Number
    slope: Number
    gap: Number
    lag: Number
    power: Number
    slow: int
    bend: int


def joint_distance(p: Any, depth: Number, mixed: float = 0.0, off: float = 0.0) -> float:
    r"""Return :math:`\sup_s|U(s)-u_{\lfloor Ls\rfloor}(t)|` at :math:`t=L^p`; in floats.

    Parameters
    ----------
    p
        A path.
    depth
        The depth L.
    mixed
        Coefficient of :math:`\frac t{t+L}`, whose iterated limits are 0 and 1, in the parameters.
    off
        A distance that the starts keep.

    Returns
    -------
    float
        The distance.
    """
    size, t = int(depth), float(depth) ** p.power
    lag = p.lag * (1 / (1 + t) if p.slow else np.exp(-t))
    theta = p.start + p.slope * np.arange(size) / (size - 1) + p.gap / size + lag + mixed * t / (t + size)
    states = scheme(1.0 + p.gap / size + lag + off, theta, bend=bool(p.bend))
    return sampled_distance(states, lambda s: flow(1.0, p.start * s + p.slope * s * s / 2, bend=bool(p.bend)))


fast_enough = Hypothesis(
    name="path",
    says="p > 0, and p >= 1 where the parameters decay like 1/t (else the order is p)",
    holds=lambda p: [(p.power, ">", 0 * p.power), (p.power, ">=", 0 * p.power + p.slow)],
    standing=True,
)


def _draw(draw: Draw, in_force: frozenset[str]) -> JointPath:
    del in_force
    start, slope, gap, lag = (rounded(draw.real(-1.0, 1.0)) for _ in range(4))
    slow = draw.choice((0, 1))
    power = draw.choice((Fraction(1), Fraction(2))) if slow else draw.choice((Fraction(1, 2), Fraction(1)))
    return JointPath(start=start, slope=slope, gap=gap, lag=lag, power=power, slow=slow, bend=draw.choice((0, 1)))


PLAIN = {"start": 1, "slope": 1, "gap": 1, "lag": 0, "power": 1, "slow": 1, "bend": 0}
DIAGONAL = {"start": 1, "slope": -1, "gap": 0, "lag": 1, "power": 1, "slow": 1, "bend": 0}
LATE = {"start": -1, "slope": 2, "gap": 1, "lag": "1/2", "power": 2, "slow": 1, "bend": 1}
EARLY = {"start": 1, "slope": 1, "gap": "1/2", "lag": "1/4", "power": "1/2", "slow": 0, "bend": 1}
SCALES = tuple(Fraction(2**k) for k in range(6, 12))

corollary_13 = Limit(
    id="marion2024.corollary-13",
    title="consistency of the Euler scheme as depth and time grow together",
    says=(
        "u_{floor(Ls)}(t) tends to U(s), uniformly in s, as L and t grow together, if Theta^L(s,t) tends to a Lipschitz"
        " Theta_inf(s) and a^L(t) to a_inf jointly. Measured on t = L^p, p = 1/2, 1, 2, for a linear and a nonlinear g. Theorem"
        " 6 rests on it through Proposition 15. Limits taken one after the other are not enough: with a term t/(t + L) they"
        " exist, differ, and on t = L neither is the limit. Lipschitz gives the order; the conclusion does without"
        " (proposition-15.reading-bound)."
    ),
    formula=r"\sup_{s\in[0,1]}\|U(s)-u^L_{\lfloor Ls\rfloor}(t)\|\to0\quad(L,t\to\infty)",
    source=f"{PAPER}, Corollary 13, page 25",
    instance=JointPath,
    instances=_draw,
    hypotheses=(fast_enough,),
    hidden=(
        Hidden(
            says="I is unbounded",
            where="I is any interval, and t tends to infinity in it, page 25",
            finding="harmless: Proposition 15 uses I = [0, infinity)",
        ),
        Hidden(
            says="the distance of the starts is taken at the same L and t, not over all t",
            where="'through sup over t in I of |a^L(t) - a(t)|', the last sentence, page 25",
            finding=(
                "the sentence is copied from Corollary 12: there is no function a here, and a^L(t) = 1 + e^{-t} tends to 1 with"
                " sup over t of |a^L(t) - 1| = 1 for every L; what the proof gives is |a^L(t) - a_inf|"
            ),
        ),
    ),
    uses=("marion2024.equation-35", "marion2024.equation-36"),
    quantity=joint_distance,
    limit=lambda p: 0.0,
    scales=SCALES,
    rate=Fraction(1),
    gallery=(PLAIN, DIAGONAL, LATE, EARLY),
    mutants=(
        changed("a term t/(t + L): iterated limits that differ", quantity=lambda p, depth: joint_distance(p, depth, mixed=0.5)),
        changed("starts that keep a distance", quantity=lambda p, depth: joint_distance(p, depth, off=0.1)),
        changed("order 2", rate=Fraction(2)),
    ),
)

slow_path = replace(
    corollary_13,
    id="marion2024.corollary-13.reading-slow",
    title="consistency of the Euler scheme along a path on which time grows more slowly",
    says=(
        "Ours: on t = L^p with parameters that decay like 1/t and p < 1 the distance decays like L^{-p}, the order of the"
        " slower variable. Measured at p = 1/2."
    ),
    formula=r"\sup_{s\in[0,1]}\|U(s)-u^L_{\lfloor Ls\rfloor}(L^{1/2})\|=\Theta(L^{-1/2})",
    source="ours; the order of Corollary 13 along a path",
    ours=True,
    hypotheses=(),
    hidden=(),
    scales=tuple(Fraction(4**k) for k in range(4, 9)),
    rate=Fraction(1, 2),
    gallery=({**DIAGONAL, "power": "1/2"}, {**PLAIN, "gap": 0, "lag": 2, "power": "1/2"}),
    mutants=(
        changed("order 1", rate=Fraction(1)),
        changed("a term t/(t + L) on t = L", quantity=lambda p, depth: joint_distance(replace(p, power=1), depth, mixed=0.5)),
    ),
)
