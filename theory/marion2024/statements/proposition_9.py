r"""Proposition 9 and Corollary 10: subsequences that converge uniformly in depth and over all times.

That a subsequence exists cannot be computed; what is measured is the uniform distance of explicit families to the limit of one
subsequence, with suprema over s in [0, 1] and t in [0, infinity) that are exact, and families outside the hypotheses that keep
their distance. The steps of the proof are stated in the modules beside this one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Number
from theory.marion2024.setting import PAPER, rounded
from theory.marion2024.statements.proposition_9_controls import digit_distance, leaving_bump, slow_wave, times_to
from theory.statement import Draw, Hidden, Hypothesis, Instance, Limit, changed

EVEN = tuple(Fraction(2**k) for k in range(3, 12))
EVERY = tuple(Fraction(2**k + odd) for k in range(3, 12) for odd in (0, 1))


@dataclass(frozen=True, kw_only=True)
class Family(Instance):
    r"""The layers :math:`Z^L_k(t)=(-1)^L\big(\alpha|\frac kL-x|+\frac\beta{1+t}\frac kL\big)`.

    Gaps are at most :math:`(|\alpha|+|\beta|)/L`, norms at most :math:`|\alpha|+|\beta|`, speeds at most
    :math:`b(t)=|\beta|/(1+t)^2`. Along even L the limit is :math:`\alpha|s-x|+\frac{\beta s}{1+t}`.

    Parameters
    ----------
    alpha, beta
        The coefficients.
    kink
        x in [0, 1].
    """

    alpha: Number
    beta: Number
    kink: Number


setting = Hypothesis(
    name="not zero",
    says="alpha, beta not both 0, 0 <= x <= 1",
    holds=lambda p: [
        (p.alpha * p.alpha + p.beta * p.beta, ">", 0 * p.kink),
        (p.kink, ">=", 0 * p.kink),
        (p.kink, "<=", 0 * p.kink + 1),
    ],
    standing=True,
)


def _draw_family(draw: Draw, in_force: frozenset[str]) -> Family:
    del in_force
    alpha, beta = rounded(draw.real(0.1, 2.0)), rounded(draw.real(-2.0, 2.0))
    return Family(alpha=alpha, beta=beta, kink=rounded(draw.real(0.0, 1.0)))


def uniform_distance(p: Any, depth: Number) -> float:
    r"""Return :math:`\sup_{s,t}|\mathcal Z^L(s,t)-\mathcal Z(s,t)|`; in floats.

    :math:`\mathcal Z^L` is constant on :math:`[\frac j{L-1},\frac{j+1}{L-1})`, where the limit is linear but for its kink, and
    both are linear in :math:`\frac1{1+t}\in(0,1]`: the supremum is at ends and at the kink.

    Parameters
    ----------
    p
        A family.
    depth
        The depth L.

    Returns
    -------
    float
        The distance.
    """
    size = int(depth)
    layer = np.arange(1, size + 1)
    starts = (layer - 1) / (size - 1)
    ends = np.minimum(layer / (size - 1), 1.0)
    worst, sign = 0.0, (-1.0) ** size
    for s in (starts, ends, np.clip(p.kink, starts, ends)):
        constant = sign * p.alpha * np.abs(layer / size - p.kink) - p.alpha * np.abs(s - p.kink)
        slope = sign * p.beta * layer / size - p.beta * s
        worst = max(worst, float(np.abs(constant).max()), float(np.abs(constant + slope).max()))
    return worst


proposition_9 = Limit(
    id="marion2024.proposition-9",
    title="a subsequence converges uniformly in depth and time",
    says=(
        "Layers with norms at most C, gaps at most C/L and speeds at most one bounded integrable b(t) have a subsequence that"
        " converges uniformly on [0,1] x I to a Lipschitz limit, I unbounded included. Measured on families of both signs,"
        " along even L; not along all L. No rate is claimed, and none follows; here it is 1/L. Boundedness of b serves the"
        " Lipschitz limit alone (see step-2): sqrt(t + 1/L) on (0, 1] converges uniformly, to sqrt(t)."
    ),
    formula=r"\sup_{s\in[0,1],\,t\in I}\|\mathcal Z^{\phi(L)}(s,t)-\mathcal Z^\phi(s,t)\|\to0",
    source=f"{PAPER}, Proposition 9, page 21",
    instance=Family,
    instances=_draw_family,
    hypotheses=(setting,),
    hidden=(
        Hidden(
            says="the nodes of the proof lie in I",
            where="[0, t_0] with t_0 = sup I, page 22",
            finding="not needed: nodes can be chosen in I, which is bounded up to t_0",
        ),
    ),
    uses=("marion2024.equation-26", "marion2024.equation-27", "marion2024.proposition-9.step-7"),
    quantity=uniform_distance,
    limit=lambda p: 0.0,
    scales=EVEN,
    rate=Fraction(1),
    gallery=(
        {"alpha": 1, "beta": 0, "kink": "1/3"},
        {"alpha": 1, "beta": -2, "kink": "1/2"},
        {"alpha": "1/2", "beta": 3, "kink": 1},
    ),
    mutants=(
        changed("every L, no subsequence", scales=EVERY),
        changed("no integrable bound of the speeds: a bump at t = L", quantity=leaving_bump),
        changed("speeds at most 1/L, no integrable bound of all", quantity=slow_wave),
        changed(
            "gaps of order 1: binary digits at depths L and 2L",
            quantity=lambda p, depth: digit_distance(int(depth), 2 * int(depth)) / (2 * int(depth)),
            scales=EVEN[:6],
        ),
        changed("norms that grow: L and 2L", quantity=lambda p, depth: 2 * float(depth) - float(depth)),
        changed("order 2", rate=Fraction(2)),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Curves(Instance):
    r"""The curves :math:`Z^L(t)=(-1)^L\big(\alpha+\frac\beta{1+t+\gamma/L}\big)`, of speed at most :math:`|\beta|/(1+t)^2`.

    Parameters
    ----------
    alpha, beta, gamma
        The coefficients.
    """

    alpha: Number
    beta: Number
    gamma: Number


def curve_distance(p: Any, depth: Number) -> float:
    r"""Return :math:`\sup_t|Z^L(t)-\alpha-\frac\beta{1+t}|`, attained at t = 0 for even L; in floats."""
    t, sign = times_to(depth), (-1.0) ** int(depth)
    return float(np.abs(sign * (p.alpha + p.beta / (1 + t + p.gamma / depth)) - p.alpha - p.beta / (1 + t)).max())


nontrivial = Hypothesis(
    name="positive",
    says="beta and gamma > 0",
    holds=lambda p: [(p.beta, ">", 0 * p.beta), (p.gamma, ">", 0 * p.beta)],
    standing=True,
)

corollary_10 = replace(
    proposition_9,
    id="marion2024.corollary-10",
    title="a subsequence of curves converges uniformly in time",
    says=(
        "Curves with norms at most C and speeds at most one integrable bounded b(t) have a subsequence that converges uniformly"
        " on I. Measured over [0, infinity), along even L. A common integrable bound is needed: a bump that leaves, and a"
        " wave whose speeds are at most 1/L, converge at every t and keep their distance."
    ),
    formula=r"\sup_{t\in I}\|Z^{\phi(L)}(t)-Z^\phi(t)\|\to0",
    source=f"{PAPER}, Corollary 10, page 23",
    instance=Curves,
    instances=lambda draw, in_force: Curves(
        alpha=rounded(draw.real(0.1, 2.0)), beta=rounded(draw.positive(0.1, 3.0)), gamma=rounded(draw.positive(0.1, 1.0))
    ),
    hypotheses=(nontrivial,),
    hidden=(),
    uses=("marion2024.proposition-9",),
    quantity=curve_distance,
    gallery=({"alpha": 1, "beta": 1, "gamma": "1/10"}, {"alpha": -1, "beta": 3, "gamma": "1/2"}),
    mutants=(*proposition_9.mutants[:3], *proposition_9.mutants[4:]),
)
