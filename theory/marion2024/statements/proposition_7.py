r"""Proposition 7: successive layers stay within K/L of each other; the clipping's Lipschitz constant is missing.

The counterexample is a scalar network :math:`f(h,z)=hz^2/2` with :math:`Z_k(0)=k/L-\frac12`, A(0) = B(0) = x = 1 and the
clipping :math:`\pi(u)=\max(-1,\min(1,cu))`. Layers away from 0 move at full speed, apart on both sides of 0, whatever L is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, exp, where
from theory.marion2024.setting import PAPER, rounded
from theory.marion2024.statements.proposition_7_rates import rates as general_rates
from theory.proofs import identity
from theory.statement import Draw, Erratum, Hypothesis, Inequality, Instance, Proof, changed


@dataclass(frozen=True, kw_only=True)
class ClippedFlow(Instance):
    r"""The scalar network above, trained by the clipped flow (5).

    Parameters
    ----------
    steepness
        c, the Lipschitz constant of the clipping.
    y
        The target, above 2.
    time
        T.
    depth
        L.
    """

    steepness: Number
    y: Number
    time: Number
    depth: int


setting = Hypothesis(
    name="setting",
    says="c > 0, y >= 3, 0 < T <= 1/10, L >= 2",
    holds=lambda p: [
        (p.steepness, ">", 0 * p.y),
        (p.y, ">=", 0 * p.y + 3),
        (p.time, ">", 0 * p.y),
        (10 * p.time, "<=", 0 * p.y + 1),
        (p.depth, ">=", 2),
    ],
    standing=True,
)


def _draw(draw: Draw, in_force: frozenset[str]) -> ClippedFlow:
    del in_force
    return ClippedFlow(
        steepness=rounded(draw.positive(0.1, 1e4)),
        y=rounded(draw.real(3.0, 10.0)),
        time=rounded(draw.positive(1e-4, 0.1)),
        depth=int(draw.positive(10.0, 1e8)),
    )


def _norms(p: Any) -> tuple[Number, Number, Number, Number, Number]:
    r"""Return M, :math:`K_1,K_2,K'` and K of Proposition 7 for this network, by their definitions.

    :math:`M=1+TM_\pi` (the largest initial norm is 1), :math:`\partial_1f=z^2/2`, :math:`\partial_2f=hz`,
    :math:`\partial_{22}f=h`, :math:`\partial_{21}f=z`.

    Returns
    -------
    tuple of Number
        The five constants.
    """
    m = 1 + p.time
    first = m * m / 2
    reach = exp(first) * m
    second = reach * m
    # K' is the larger of |h| and |z| on E, and |h| reaches e^{K_1} M > M. K_2 = e^{K_1} M^2 exceeds K_1.
    return m, first, second, reach, second


def rates(p: Any) -> tuple[Number, Number]:
    r"""Return :math:`\alpha=2e^KK'M(e^KM^2M_X+M_Y)`, :math:`\beta=2Ke^KM(K+e^KK'MM_X)(e^KM^2M_X+M_Y)`, M_X = 1, M_Y = y."""
    m, _, _, k_prime, k = _norms(p)
    return general_rates(k, k_prime, m, 0 * m + 1, p.y)


def printed_gap_bound(p: Any) -> Number:
    r"""Return :math:`(\frac1L+\frac{\beta T}L)e^{\alpha T}`, the right side of Proposition 7."""
    alpha, beta = rates(p)
    return (1 + beta * p.time) * exp(alpha * p.time) / p.depth


def repaired_gap_bound(p: Any) -> Number:
    r"""Return the same with :math:`\alpha,\beta` times the Lipschitz constant of the clipping."""
    alpha, beta = rates(p)
    alpha, beta = p.steepness * alpha, p.steepness * beta
    return (1 + beta * p.time) * exp(alpha * p.time) / p.depth


def full_speed_threshold(p: Any) -> Number:
    r"""Return :math:`z^\star` such that layers with :math:`|Z_k(0)|\ge z^\star` move away from 0 at speed 1 up to time T.

    A, B and Z move at most at speed 1, so :math:`A,B\ge1-T`, :math:`|Z_k|\le\frac12+T`,
    :math:`F\le(1+T)^2e^{(1/2+T)^2/2}<y`; h and p are at least their first factors. Hence
    :math:`-L\partial_k\ell=Z_kh_{k-1}|p_k|` has size at least :math:`|Z_k|c_0`, :math:`c_0=2(1-T)^2(y-F)`, and the clipping is
    saturated if :math:`c\,c_0|Z_k|\ge1`.

    Parameters
    ----------
    p
        A lifted problem.

    Returns
    -------
    Number
        The threshold.
    """
    reach = 1 + p.time
    half = (1 + 2 * p.time) / 2
    output = reach * reach * exp(half * half / 2)
    force = 2 * (1 - p.time) * (1 - p.time) * (p.y - output)
    return 1 / (p.steepness * force)


def certain_gap(p: Any) -> Number:
    r"""Return a lower bound on :math:`\max_k|Z_{k+1}(T)-Z_k(T)|`.

    If :math:`z^\star\le\frac14`, two layers about :math:`\pm z^\star` are at least :math:`2z^\star+2T` apart with at most
    :math:`2z^\star L+2` steps between. Otherwise no more than 0 is certain.

    Parameters
    ----------
    p
        A lifted problem.

    Returns
    -------
    Number
        The bound.
    """
    threshold = full_speed_threshold(p)
    far = (2 * threshold + 2 * p.time) / (2 * threshold * p.depth + 2)
    return where((0 * p.y + 1) / 4 - threshold, far, 0 * far)


proposition_7 = Inequality(
    id="marion2024.proposition-7",
    title="successive layers stay close under the clipped flow",
    says=(
        "|Z_{k+1}(t) - Z_k(t)| <= (|Z_{k+1}(0) - Z_k(0)| + beta T/L) e^(alpha T) under (5), with the printed alpha and beta."
        " They do not contain the Lipschitz constant of the clipping pi, which the paper only takes to be bounded and"
        " Lipschitz; with a steep clipping layers on both sides of 0 are torn apart. Right if pi is 1-Lipschitz, as the"
        " projection that the paper names. The left side here is a certain lower bound on the largest gap of an explicit"
        " scalar network."
    ),
    formula=r"\|Z_{k+1}(t)-Z_k(t)\|\le\Big(\|Z_{k+1}(0)-Z_k(0)\|+\frac{\beta T}L\Big)e^{\alpha T}",
    source=f"{PAPER}, Proposition 7, pages 15 and 16",
    instance=ClippedFlow,
    instances=_draw,
    hypotheses=(setting,),
    left=certain_gap,
    relation="<=",
    right=lambda p, c: c.c * printed_gap_bound(p),
    constants={"c": Fraction(1)},
    erratum=Erratum(
        wrong="the difference of two clipped speeds is at most Lip(pi) times that of the speeds.",
        line="the first line of (20), page 16",
        counterexample={"steepness": 1000, "y": 3, "time": "1/1000", "depth": 10**6},
        repaired="marion2024.proposition-7.reading-repaired",
    ),
)


def _two_sides() -> Any:
    import sympy

    z, t, depth = sympy.symbols("z t L", positive=True)
    # The mean of the gaps between the two layers, times their number, is the distance.
    return sympy.simplify((2 * z + 2 * t) / (2 * z * depth + 2) * (2 * z * depth + 2) - (z + t) - (z + t))


proposition_7_repaired = replace(
    proposition_7,
    id="marion2024.proposition-7.reading-repaired",
    title="successive layers stay close, with the Lipschitz constant of the clipping",
    says=(
        "With Lip(pi) alpha and Lip(pi) beta for alpha and beta the bound holds, here for every steepness of at least 1; so"
        " does the trivial bound by the initial gap plus 2 T M_pi, which does not decay in L."
    ),
    formula=r"\|Z_{k+1}(t)-Z_k(t)\|\le\Big(\|Z_{k+1}(0)-Z_k(0)\|"
    r"+\mathrm{Lip}(\pi)\frac{\beta T}L\Big)e^{\mathrm{Lip}(\pi)\alpha T}",
    source="ours; repairs Proposition 7",
    ours=True,
    right=lambda p, c: c.c * repaired_gap_bound(p),
    erratum=None,
    gallery=({"steepness": 1000, "y": 3, "time": "1/1000", "depth": 10**6},),
    proof=Proof(
        set="every f and clipping with the hypotheses of the proposition",
        argument=(
            "(20) with Lip(pi) in front of its first line; the rest of the printed proof, re-derived, gives alpha and beta as"
            " printed, and Gronwall's inequality the bound."
        ),
        steps=(identity("the gaps between two layers add up to their distance", _two_sides),),
    ),
    mutants=(
        changed("the printed rates", right=proposition_7.right),
        changed("L^2 for L", right=lambda p, c: repaired_gap_bound(p) / p.depth),
    ),
)
