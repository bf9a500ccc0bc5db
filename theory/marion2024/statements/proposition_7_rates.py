r"""The proof of Proposition 7: the differential inequality with its rates, in the norm of Appendix A and that of page 32.

The displays before it are repaired in their indices; the rates survive as printed, since the bound on :math:`|p_k|` that
enters them is uniform in k.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Number, exp, total
from theory.marion2024.setting import Numbers, rounded
from theory.marion2024.statements.proposition_7_layers import length, sum_length
from theory.marion2024.statements.proposition_7_network import Network, network, setting, within
from theory.marion2024.statements.proposition_7_states import BREACH, NEXT, SMALL, largest_backward, step, step_11
from theory.marion2024.statements.proposition_7_steps import (
    CLIPPED,
    COMMUTING,
    GROWING,
    STOPPED,
    TURNING,
    speed_gaps,
    splittings,
)
from theory.proofs import compared, identity, rests_on
from theory.statement import Draw, Hypothesis, Proof, past_the_slack, scaled, without


def rates(k: Number, k_prime: Number, m: Number, m_x: Number, m_y: Number) -> tuple[Number, Number]:
    r"""Return :math:`\alpha=2e^KK'M(e^KM^2M_X+M_Y)` and :math:`\beta=2Ke^KM(K+e^KK'MM_X)(e^KM^2M_X+M_Y)`."""
    size = exp(k) * m * m * m_x + m_y
    return 2 * exp(k) * k_prime * m * size, 2 * k * exp(k) * m * (k + exp(k) * k_prime * m * m_x) * size


def network_rates(p: Any) -> tuple[Number, Number]:
    r"""Return :math:`\alpha` and :math:`\beta` for a network."""
    return rates(p.k, p.k_prime, p.bound, p.m_x, p.m_y)


def differential_bound(p: Any, c: Any, measured: Any = length) -> Numbers:
    r"""Return :math:`\alpha|Z_{k+1}-Z_k|+\frac\beta L`, k = 1, ..., L - 1, with the norm that measures the weights."""
    alpha, beta = network_rates(p)
    moves = [measured(p.layers[k] - p.layers[k - 1]) for k in range(1, p.depth)]
    return np.array([c.c * (c.alpha * alpha * move + c.beta * beta / p.depth) for move in moves])


def _rates_identity() -> Any:
    import sympy

    k, k_prime, m, m_x, m_y, gap, depth = sympy.symbols("K K' M M_X M_Y g L", positive=True)
    alpha, beta = rates(k, k_prime, m, m_x, m_y)
    inside = k**2 / depth + k_prime * k / depth * sympy.exp(k) * m * m_x + k_prime * gap
    return sympy.expand(largest_backward(k, m, m_x, m_y) * inside - alpha * gap - beta / depth)


step_12 = step(
    id="marion2024.proposition-7.step-12",
    title="the differential inequality for the distance of two layers",
    says=(
        "|dZ_{k+1}/dt - dZ_k/dt| <= alpha |Z_{k+1} - Z_k| + beta/L with the printed alpha and beta, for every network with"
        " norms at most M, whatever the clipping if it is 1-Lipschitz. The slips of the indices do not matter, since the bound"
        " on |p_k| is uniform in k. Tight as M tends to 0: alpha for f = h z^2/2 and weights of opposite signs, beta for f ="
        " Zh, Z symmetric of trace 0, and equal weights."
    ),
    formula=r"\Big\|\frac{dZ_k}{dt}-\frac{dZ_{k+1}}{dt}\Big\|\le\alpha\|Z_k-Z_{k+1}\|+\frac\beta L",
    source=NEXT,
    hidden=(CLIPPED,),
    uses=("marion2024.proposition-7.reading-repaired.step-8", "marion2024.proposition-7.step-11"),
    left=speed_gaps,
    right=differential_bound,
    constants={"c": Fraction(1), "alpha": Fraction(1), "beta": Fraction(1)},
    gallery=(STOPPED, GROWING, TURNING, COMMUTING),
    proof=Proof(
        set="every f as in the proposition, L >= 2, |A|, |B|, |Z_k| <= M",
        argument=(
            "D' p' - D p = D (p' - p) + (D' - D) p' with p' = p_{k+1}: ||D|| <= K, |p' - p| <= (K/L) |p'|, ||D' - D|| <= K'"
            " (|h_k - h_{k-1}| + |Z_{k+1} - Z_k|) and |h_k - h_{k-1}| <= K e^K M M_X/L bound it by |p_{k+1}| times the bracket"
            " of step 8, and |p_{k+1}| is bounded as in step 11."
        ),
        steps=(
            identity("both splittings add up to the difference", splittings),
            rests_on(step_11),
            identity("the bound of |p_{k+1}| times the bracket is alpha |Z_{k+1} - Z_k| + beta/L", _rates_identity),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        scaled("alpha", Fraction(9, 10)),
        scaled("beta", Fraction(9, 10)),
        without(within.name, BREACH),
    ),
)


perceptron = Hypothesis(
    name="perceptron",
    says="f(h, (v, w)) = v tanh(wh), the layer of (3) with q = m = 1",
    holds=lambda p: (p.family, "==", 6),
)
within_sum = Hypothesis(
    name="(17), sum",
    says="|A|, |B| and every |v_k| + |w_k| are at most M",
    # The sum is the largest of four signed ones, which keeps the condition rational.
    holds=lambda p: [
        *((total(v * v), "<=", p.bound * p.bound) for v in (p.a, p.b)),
        *((z[0] + sign * z[-1], "<=", p.bound) for z in p.layers for sign in (1, -1)),
        *((-z[0] + sign * z[-1], "<=", p.bound) for z in p.layers for sign in (1, -1)),
    ],
)


def _draw_sum(draw: Draw, in_force: frozenset[str]) -> Network:
    """Draw a perceptron, or a mirror, whose weights have sum norm at most M, often M."""
    bound, depth = rounded(draw.positive(1e-2, 1.0)), draw.integer(2, 4)
    size = draw.choice((Fraction(1), rounded(draw.real(0.0, 1.0)))) * bound
    weights: list[Fraction] = []
    for _ in range(depth):
        part = draw.choice((Fraction(0), Fraction(1), rounded(draw.real(0.0, 1.0))))
        weights += [draw.choice((1, -1)) * part * size, draw.choice((1, -1)) * (1 - part) * size]
    family = 6 if perceptron.name in in_force else 7
    signs = [draw.choice((1, -1)) for _ in range(2)]
    x, y = rounded(draw.positive(0.1, 10.0)), draw.choice((1, -1)) * rounded(draw.positive(1e-3, 10.0))
    a, b = (signs[0] * bound,), (signs[1] * bound,)
    return Network(family=family, bound=bound, a=a, b=b, weights=tuple(weights), x=(x,), y=(y,))


def _exponential_room() -> Any:
    """Return the first three terms of e^{x/2} less 1 + x^2/2 less x (4 - 3 x)/8."""
    import sympy

    x = sympy.symbols("x", positive=True)
    return sympy.expand(1 + x / 2 + x**2 / 8 - (1 + x**2 / 2) - x * (4 - 3 * x) / 8)


step_12_sum = replace(
    step_12,
    id="marion2024.proposition-7.reading-sum-norm.step-12",
    title="the differential inequality, in the norm that the perceptron is given",
    says=(
        "Page 32 applies the proposition with |Z| = |V|_F + |W|_F, 'in particular' the norm of Z as a vector, while its"
        " constants are Euclidean operator norms. Two norms that differ by sqrt(2) at most cost alpha and beta at most sqrt(2),"
        " and a general layer loses 7/5 here: h z.Sz/2 with a mirror S that turns the axes. The perceptron loses nothing on the"
        " set of the proof, nor where else the search looks: its mixed derivative exchanges the two parts of Z, and the second"
        " one in W is small beside what e^K leaves. K' is bounded from above here, exactly as M tends to 0."
    ),
    formula=r"|\dot v_{k+1}-\dot v_k|+|\dot w_{k+1}-\dot w_k|"
    r"\le\alpha\big(|v_{k+1}-v_k|+|w_{k+1}-w_k|\big)+\frac\beta L",
    source="ours; the norm of page 32, Appendix B.3",
    ours=True,
    hidden=(),
    instances=_draw_sum,
    hypotheses=(setting, perceptron, within_sum),
    uses=("marion2024.proposition-7.step-12",),
    left=lambda p: np.array([sum_length(p.speeds[k] - p.speeds[k - 1]) for k in range(1, p.depth)]),
    right=lambda p, c: differential_bound(p, c, sum_length),
    gallery=(
        network(6, SMALL, [SMALL], [SMALL], [SMALL, 0, f"-{SMALL}", 0]),
        network(6, 1, [1], [1], ["1/2", "1/2", "1/2", "-1/2"]),
    ),
    proof=Proof(
        set="q = m = 1, sigma = tanh, K_2 <= 1 or e^{K_1} M_X >= 1/2",
        argument=(
            "In sum norms |d_2 f| <= |h| (|v| + |w|) <= K_2 and |d_21 f| <= M <= K', so beta is right, and alpha is if G <="
            " e^{K - K_1} K', G the largest column sum of d_22 f. Its columns are (0, c) and (c, e), |e| = 2 |v| h^2 |t| s, t ="
            " tanh(wh), s = 1 - t^2, c = h s: G <= sqrt(2) K', and G <= R (1 + K_2^2/2) as |vw| <= M^2/4. If R >= M/2, K - K_1"
            " >= MR - M^2/4 >= K_2/2, and e^{K_2/2} is at least 1 + K_2^2/2 for K_2 <= 1, at least sqrt(2) for K_2 >= 1. If R <"
            " M/2 and K_2 <= 1, G <= 3 R/2 <= M."
        ),
        steps=(
            identity("1 + x/2 + x^2/8 - (1 + x^2/2) is x (4 - 3 x)/8, not negative on [0, 1]", _exponential_room),
            compared("e > 2", lambda arithmetic, one: (exp(arithmetic.number(one)), arithmetic.number(2)), ">", (1,)),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        scaled("alpha", Fraction(9, 10)),
        without(perceptron.name, network(7, SMALL, [SMALL], [SMALL], [SMALL, 0, f"-{SMALL}", 0])),
    ),
)
