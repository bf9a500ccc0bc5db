r"""Proposition 3: the norm bound along the clipped flow, and what its explicit constants amount to.

The constants are bounded below for the perceptron with tanh by single choices of weights and states in the sets over which they
are suprema: h = 0 for :math:`K_1`, W = 0 for :math:`K_2`, h = 0 and V = 0 for :math:`K'`. They leave the floats at once, so
that everything is in logarithms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.activations import ACTIVATIONS
from numerics.arithmetic import Number, exp, log, sqrt
from numerics.residual_network import ResidualNetwork, initial_weights
from theory.marion2024.infinite_depth import smooth_clip
from theory.marion2024.setting import PAPER, rounded
from theory.marion2024.training import BOUND, RATE, descend
from theory.proofs import identity
from theory.statement import (
    Draw,
    Erratum,
    Fault,
    Hypothesis,
    Inequality,
    Instance,
    Probability,
    Proof,
    changed,
    past_the_slack,
    without,
)

STEPS, DEPTH = 3, 3


@dataclass(frozen=True, kw_only=True)
class Sizes(Instance):
    r"""The sizes of a network trained by the clipped flow, d = d' = 2.

    Parameters
    ----------
    q, m
        Dimension of the hidden states, hidden units of a layer.
    """

    q: int
    m: int


def stays_bounded(p: Any, rng: np.random.Generator) -> bool:
    r"""Train a drawn network and tell whether A, B and the layers stay below :math:`M=TM_\pi+2\sqrt{qm}`.

    The clipping keeps the Euclidean norm of a layer's speed below 1, so that :math:`M_\pi=\sqrt2` in the norm
    :math:`\|V\|_F+\|W\|_F`.

    Parameters
    ----------
    p
        The sizes.
    rng
        Draws data and initial weights.

    Returns
    -------
    bool
        Whether the bound holds after every step.
    """
    x, y = rng.standard_normal((2, 2)), 5 * rng.standard_normal((2, 2))
    network = ResidualNetwork(activation=ACTIVATIONS["tanh"])
    weights = initial_weights(rng, depth=DEPTH, d=2, q=p.q, m=p.m, d_out=2)
    for step in range(STEPS + 1):
        bound = RATE * step * math.sqrt(2) * BOUND + 2 * math.sqrt(p.q * p.m)
        layers = np.linalg.norm(weights.V, axis=(1, 2)) + np.linalg.norm(weights.W, axis=(1, 2))
        if max(float(np.linalg.norm(weights.A)), float(np.linalg.norm(weights.B)), float(layers.max())) > bound:
            return False
        weights = descend(weights, network.gradient(weights, x, y), smooth_clip(BOUND))
    return True


wide = Hypothesis(
    name="q >= 2, m >= 1", says="q >= 2 = d = d', m >= 1", holds=lambda p: [(p.q, ">=", 2), (p.m, ">=", 1)], standing=True
)

bounded = Probability(
    id="marion2024.proposition-3.part-bounded",
    title="the weights stay below M along the clipped flow",
    says=(
        "With probability at least 1 - exp(-3qm/16) all of ||A||, ||V_k||, ||W_k||, ||B|| stay below M = T M_pi + 2 sqrt(qm)"
        " under (5). Networks of three layers are drawn and trained by explicit steps, which obey the same bound. M_pi is the"
        " supremum in the norm ||V||_F + ||W||_F, sqrt 2 times that in the Euclidean norm of the pair; the proof's V_0 and W_0"
        " are V_1 and W_1."
    ),
    formula=r"P\big(\max(\|A^L(t)\|,\|V_k^L(t)\|,\|W_k^L(t)\|,\|B^L(t)\|)\le TM_\pi+2\sqrt{qm}\big)\ge1-e^{-3qm/16}",
    source=f"{PAPER}, Proposition 3 and (7), page 5",
    instance=Sizes,
    instances=lambda draw, _in_force: Sizes(q=draw.integer(2, 4), m=draw.integer(1, 4)),
    hypotheses=(wide,),
    uses=("marion2024.proposition-3.part-norm",),
    event=stays_bounded,
    at_least=lambda p: 1 - math.exp(-3 * p.q * p.m / 16),
    gallery=({"q": 2, "m": 1}, {"q": 2, "m": 2}, {"q": 3, "m": 3}),
)


@dataclass(frozen=True, kw_only=True)
class Constants(Instance):
    r"""What the constants of Proposition 3 depend on.

    Parameters
    ----------
    size
        The product qm.
    time
        T.
    speed
        :math:`M_\pi`.
    reach
        :math:`M_X`, the supremum of :math:`\|x\|`.
    digits
        The depth is L = 10^digits.
    constant
        A constant to be tried.
    """

    size: int
    time: Number
    speed: Number
    reach: Number
    digits: int
    constant: Number


def _least_constants(p: Any) -> tuple[Number, Number, Number, Number]:
    r"""Return M and lower bounds on :math:`K_1,K,K'`.

    :math:`K_1\ge\frac{M^2}{4\sqrt{qm}}`, by :math:`\|V\|=\|W\|=\frac M2` of rank one at h = 0 (tanh'(0) = 1);
    :math:`K\ge K_2\ge\frac{M\|h\|}{\sqrt{qm}}` at W = 0, :math:`\|h\|=e^{K_1}MM_X`; :math:`K'\ge\frac M{\sqrt{qm}}` at h = 0.

    Returns
    -------
    tuple of Number
        M and the bounds on :math:`K_1,K,K'`.
    """
    root = sqrt(0 * p.time + p.size)
    m = 2 * root + p.time * p.speed
    first = m * m / (4 * root)
    return m, first, exp(first) * m * m * p.reach / root, m / root


def log_alpha(p: Any) -> Number:
    r"""Return the logarithm of :math:`2e^{2K}K'M^3M_X\le\alpha` (with :math:`M_Y` dropped)."""
    m, _, k, k_prime = _least_constants(p)
    return log(2 * k_prime * m**3 * p.reach) + 2 * k


def log_beta(p: Any) -> Number:
    r"""Return the logarithm of :math:`2K^2e^{2K}M^3M_X\le\beta`."""
    m, _, k, _ = _least_constants(p)
    return log(2 * k * k * m**3 * p.reach) + 2 * k


sizes = Hypothesis(
    name="setting",
    says="qm >= 16, M_X >= 1, T > 0, M_pi > 0, c > 0",
    holds=lambda p: [
        (p.size, ">=", 16),
        (p.reach, ">=", 0 * p.time + 1),
        (p.time, ">", 0 * p.time),
        (p.speed, ">", 0 * p.time),
        (p.constant, ">", 0 * p.time),
    ],
    standing=True,
)
machine = Hypothesis(
    name="L M_pi <= 10^700",
    says="L <= 10^600, M_pi <= 10^100",
    holds=lambda p: [(p.digits, ">=", 0), (p.digits, "<=", 600), (p.speed, "<=", 10 ** (100 + 0 * p.size) + 0 * p.time)],
)


def _draw(draw: Draw, in_force: frozenset[str]) -> Constants:
    digits = draw.integer(0, 600) if machine.name in in_force else draw.integer(10**4, 10**5)
    return Constants(
        size=draw.integer(16, 60),
        time=rounded(draw.positive(1e-6, 3.0)),
        speed=rounded(draw.positive(0.1, 3.0)),
        reach=rounded(draw.positive(1.0, 3.0)),
        digits=digits,
        constant=rounded(draw.positive(1.0, 1e6)),
    )


def _log_trivial(p: Any) -> Number:
    r"""Return the logarithm of :math:`2M_\pi L`."""
    return log(2 * p.speed) + p.digits * log(0 * p.time + 10)


def _wall() -> Any:
    """Return K_2 at M = 2 sqrt(qm), T = 0, less 4 sqrt(qm) e^{sqrt(qm)}, per unit of M_X."""
    import sympy

    root = sympy.Symbol("r", positive=True)
    m = 2 * root
    return sympy.simplify(sympy.exp(m * m / (4 * root)) * m * m / root - 4 * root * sympy.exp(root))


vacuous = Inequality(
    id="marion2024.proposition-3.reading-vacuous",
    title="the printed constant says less than the triangle inequality",
    says=(
        "Ours: two layers that start equal and move at most at speed M_pi are at most 2 T M_pi apart. For tanh, qm >= 16 and"
        " M_X >= 1 the bound K/L, K = beta T e^{alpha T}, is larger than that for every T and every L up to 10^600: it is never"
        " informative at a depth that exists. Compared as logarithms: ln(2 M_pi L) <= ln beta, with a lower bound on beta. At"
        " qm = 16, M_X = 1, T to 0, beta exceeds 10^760. The rate 1/L is real: see part-gap and theorem-4.part-lipschitz."
    ),
    formula=r"2TM_\pi\le\frac{\beta Te^{\alpha T}}L",
    source="ours; on (7)",
    ours=True,
    instance=Constants,
    instances=_draw,
    hypotheses=(sizes, machine),
    left=_log_trivial,
    relation="<=",
    right=lambda p, c: c.c * log_beta(p),
    constants={"c": Fraction(1)},
    gallery=(
        {"size": 16, "time": "1/1000000", "speed": 1, "reach": 1, "digits": 600, "constant": 1},
        {"size": 24, "time": 1, "speed": 1, "reach": 1, "digits": 600, "constant": 1},
    ),
    proof=Proof(
        set="tanh, all qm >= 16, M_X >= 1, T > 0, M_pi <= 10^100, L <= 10^600",
        argument=(
            "beta increases in T, M_X and qm through M, K_1 and K, and at qm = 16, T = 0, M_X = 1 has K >= 16 e^4 > 873, so"
            " that beta >= e^{2K} > 10^758."
        ),
        steps=(identity("K_2 at T = 0 is 4 sqrt(qm) e^{sqrt(qm)} M_X", _wall),),
    ),
    mutants=(
        past_the_slack("c"),
        without(
            machine.name,
            {"size": 16, "time": "1/1000000", "speed": 1, "reach": 1, "digits": 10**5, "constant": 1},
        ),
    ),
)

exponential = Inequality(
    id="marion2024.proposition-3.reading-exponential",
    title="the bounds diverge exponentially with T",
    says=(
        "The text after Theorem 4 says that the bounds (7) diverge exponentially with T. Read as K <= e^{c (1 + T)} for some c"
        " and all T. Each instance has a c and a T: at T = 1 it fails for all c up to e^6400, and any c fails at a larger T, by"
        " reading-repaired. Compared as logarithms, with a lower bound of ln K. M grows linearly in T, and K like three"
        " exponentials, the innermost of T^2: the bounds diverge, much faster than said."
    ),
    formula=r"\ln K(T)\le c\,(1+T)",
    source=f"{PAPER}, Section 4.1, page 6",
    instance=Constants,
    instances=_draw,
    hypotheses=(sizes,),
    left=lambda p: log_alpha(p) + log(p.time),
    relation="<=",
    right=lambda p, c: c.c * log(p.constant * (1 + p.time)),
    constants={"c": Fraction(1)},
    erratum=Erratum(
        wrong="alpha itself contains e^K, K contains e^{K_1}, and K_1 grows like M^2, M = M_0 + T M_pi.",
        line="the sentence after the Lipschitz bounds, page 6",
        counterexample={"size": 16, "time": 1, "speed": 1, "reach": 1, "digits": 1, "constant": 1000000},
        repaired="marion2024.proposition-3.reading-repaired",
        fault=Fault.SLIP,
    ),
)


def _third_exponential(p: Any, c: Any) -> Number:
    _, first, _, _ = _least_constants(p)
    return c.c * 2 * exp(first) + log(p.time)


def _squared() -> Any:
    """Return M^2/(4 r) less its expansion r + T P + T^2 P^2/(4 r), M = 2 r + T P."""
    import sympy

    root, time, speed = sympy.symbols("r T P", positive=True)
    m = 2 * root + time * speed
    return sympy.expand(m**2 / (4 * root) - root - time * speed - time**2 * speed**2 / (4 * root))


exponential_repaired = replace(
    exponential,
    id="marion2024.proposition-3.reading-repaired",
    title="how fast the bounds diverge with T",
    says=(
        "Ours: ln K >= alpha T, and ln alpha >= 2 exp(M^2/(4 sqrt(qm))), M = 2 sqrt(qm) + T M_pi, for tanh with qm >= 16 and"
        " M_X >= 1: three exponentials, the innermost of T^2."
    ),
    formula=r"\ln\ln K\ge2e^{M^2/(4\sqrt{qm})}+\ln T,\quad M=2\sqrt{qm}+TM_\pi",
    source="ours; repairs a sentence on page 6",
    ours=True,
    relation=">=",
    right=_third_exponential,
    erratum=None,
    gallery=({"size": 16, "time": 1, "speed": 1, "reach": 1, "digits": 1, "constant": 1},),
    proof=Proof(
        set="tanh, all qm >= 16, M_X >= 1, T > 0",
        argument="K >= e^{K_1} M^2 M_X/sqrt(qm) >= e^{K_1}, as M^2 >= 4 qm, and alpha >= 2 e^{2K} K' M^3 M_X >= e^{2K}.",
        steps=(identity("M^2/(4 sqrt(qm)) = sqrt(qm) + T M_pi + T^2 M_pi^2/(4 sqrt(qm))", _squared),),
    ),
    mutants=(
        past_the_slack("c"),
        changed("e^{2 K_1}", right=lambda p, c: 2 * exp(2 * _least_constants(p)[1]) + log(p.time)),
    ),
)
