r"""The proof of Proposition 8 at one time: backward states, (25), the three speeds, and the speeds of successive layers.

Where the proof says that a scan of the proof of Proposition 7 suffices, the bounds are stated with the constants of
Proposition 8 and tried again. Two displays are false as printed: the bound on :math:`\|p_{k-1}\|` has a factor 2 in the wrong
place, and the difference of two speeds has the index that is wrong in Proposition 7 already. Longer than most: nine displays.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from numerics.arithmetic import Number, absolute, exp, total
from theory.marion2024.setting import PAPER, Numbers
from theory.marion2024.statements.proposition_7_layers import length
from theory.marion2024.statements.proposition_7_network import network
from theory.marion2024.statements.proposition_7_states import (
    GROWTH,
    SMALL,
    backward_lengths,
    chain,
    last_lengths,
    state_lengths,
    weight_move,
)
from theory.marion2024.statements.proposition_7_steps import between, speed_gaps, splittings
from theory.marion2024.statements.proposition_8_network import NearNetwork, draw_near, from_zero, near, setting, started
from theory.proofs import identity, two_point_variance
from theory.statement import Erratum, Fault, Hidden, Inequality, Proof, changed, past_the_slack, scaled, without

WHERE = f"{PAPER}, proof of Proposition 8, page 19"
LAST = f"{PAPER}, proof of Proposition 8, page 20"
AT_START = started(network(1, "1/10", [1], [1], [0, 0], 1, "101/100"))
"""f = zh at its start Z = 0, A = B = x = 1, y = 1.01: F = 1 at every depth, and the local condition holds with (22)."""
TINY = from_zero(network(1, SMALL, [SMALL], [SMALL], [SMALL, SMALL], "1/10"))
"""Weights so small that all exponentials are almost 1."""
STEEP = started(network(1, "1/1000", ["2001/1000"], ["1001/1000"], ["1/1000", "1/1000"], "1/1000"),
                start_a=[2], start_b=[1], start_weights=[0, 0])  # fmt: skip
"""A large A and a small x: K is the size of the states, M_A M_X."""
EVEN = {**TINY, "x": ["1/10", "-1/10"], "y": [1, -1]}
"""Two samples with residuals of equal size."""
STOPPED = started(network(5, "1/10", [1, 0], [0, 1], [0, 0, 0, 0, -2, 0, 0, -2], 1, "1/10000000000000"))
"""f = Zh, L = 2, Z_1 = 0, Z_2 = -2 I: the second layer sends every state to 0, so that p_1 = 0 but p_2 is not 0."""
TURNING = from_zero(network(2, SMALL, [SMALL], [SMALL], [f"-{SMALL}", SMALL]))
COMMUTING = from_zero(network(4, SMALL, [SMALL, 0], [0, SMALL], [SMALL, 0, SMALL, 0]))
LOST = from_zero(network(2, SMALL, [1], [1], [1, -1]))
"""A network that has left a ball around 0 by far."""
COMPACT = Hidden(
    says="E is a subset of R^q x R^p, and K_1 is a supremum over all h",
    where="the definitions after (22), page 18, where E is printed with R^d",
    finding="a slip: h has q entries; nothing depends on it",
)

step = partial(
    Inequality,
    instance=NearNetwork,
    instances=draw_near,
    hypotheses=(setting, near),
    relation="<=",
    constants={"c": Fraction(1)},
    source=WHERE,
    cost=4,
)
"""A statement on these networks; its right side has the constant c, 1 as printed."""


def _in_compact(p: Any) -> tuple[Numbers, Numbers]:
    states = state_lengths(p, start=0, stop=p.depth)
    weights = np.array([length(z) for z in p.layers])
    return chain(states, weights), chain(0 * states + p.reach, 0 * weights + p.m_z)


step_2 = step(
    id="marion2024.proposition-8.step-2",
    title="states and weights stay in E",
    says=(
        "(h_{k-1}, Z_k) is in E for k = 1, ..., L: |h_{k-1}| <= e^{K_1} M_A M_X and |Z_k| <= M_Z, with M_A, M_Z from the start"
        " and K_1 the supremum over |z| <= M_Z. Tight as M_Z tends to 0."
    ),
    formula=r"\|h_{k-1}\|\le e^{K_1}M_AM_X,\qquad\|Z_k\|\le M_Z",
    hidden=(COMPACT,),
    uses=("marion2024.equation-21", "marion2024.equation-23"),
    left=lambda p: _in_compact(p)[0],
    right=lambda p, c: c.c * _in_compact(p)[1],
    gallery=(TINY, STEEP, AT_START),
    proof=Proof(
        set="every f as in the proposition, L >= 1, weights within M of their start",
        argument="|Ax| <= (|A(0)|_2 + |A - A(0)|_F) |x|, and each layer makes a state at most 1 + K_1/L times as long.",
        steps=(GROWTH,),
    ),
    mutants=(past_the_slack("c"), without(near.name, LOST)),
)


def _end_bounds(p: Any, factor: int) -> tuple[Numbers, Numbers]:
    """Return both sides of both inequalities for the backward states, with a factor before the first exponential."""
    backward, last = backward_lengths(p, start=0, stop=p.depth), factor * exp(p.k) * last_lengths(p)
    ends = np.array([2 * exp(p.k) * p.m_b * absolute(residual) for residual in p.residuals])
    return chain(backward, last), chain(last, *(p.depth * [ends]))


step_3 = step(
    id="marion2024.proposition-8.step-3",
    title="the backward states, as printed",
    says=(
        "|p_{k-1}| <= 2 e^K |p_L| <= 2 e^K M_B |F - y|, as printed. Since p_L = 2 B^T (F - y) the second inequality asks for 2"
        " |B^T(F - y)| <= M_B |F - y|, which fails at the start when |B^init| > M."
    ),
    formula=r"\|p_{k-1}\|\le2e^K\|p_L\|\le2e^KM_B\|F(x)-y\|",
    uses=("marion2024.proposition-7.step-10",),
    left=lambda p: _end_bounds(p, 2)[0],
    right=lambda p, c: c.c * _end_bounds(p, 2)[1],
    erratum=Erratum(
        wrong="the factor 2 of p_L = 2 B^T (F - y) is there twice.",
        line="the display before (25), page 19; (25) does not have it twice",
        counterexample=AT_START,
        repaired="marion2024.proposition-8.reading-repaired.step-3",
        fault=Fault.SLIP,
    ),
)

step_3_repaired = replace(
    step_3,
    id="marion2024.proposition-8.reading-repaired.step-3",
    title="the backward states, repaired",
    says="|p_{k-1}| <= e^K |p_L| <= 2 e^K M_B |F - y| for k = 1, ..., L. Tight as K tends to 0.",
    formula=r"\|p_{k-1}\|\le e^K\|p_L\|\le2e^KM_B\|F(x)-y\|",
    source="ours; repairs the display before (25)",
    ours=True,
    uses=("marion2024.proposition-7.step-10", "marion2024.proposition-8.step-2"),
    left=lambda p: _end_bounds(p, 1)[0],
    right=lambda p, c: c.c * _end_bounds(p, 1)[1],
    erratum=None,
    gallery=(AT_START, TINY, STEEP),
    proof=Proof(
        set="every f as in the proposition, L >= 1, weights within M of their start",
        argument="(1 + K/L)^(L - k) <= e^K, and |B^T v| <= (|B(0)|_2 + |B - B(0)|_F) |v|.",
        steps=(GROWTH,),
    ),
    mutants=(
        past_the_slack("c"),
        changed("the printed factor", left=step_3.left, right=step_3.right),
        without(near.name, LOST),
    ),
)


def mean_size(p: Any) -> Number:
    r"""Return :math:`\frac1n\sum_i\|F(x_i)-y_i\|`."""
    return sum(absolute(residual) for residual in p.residuals) / len(p.x)


def mean_backward(p: Any, start: int = 0) -> Numbers:
    r"""Return :math:`\frac1n\sum_i\|p_{k,i}\|`, k = start, ..., L."""
    return np.array([sum(length(v) for v in p.backward[k]) / len(p.x) for k in range(start, p.depth + 1)])


def mean_bound(p: Any) -> Number:
    r"""Return :math:`2e^KM_B\sqrt\ell`, the bound of (25) on those means at one time."""
    return 2 * exp(p.k) * p.m_b * p.root_loss


def _with_loss(p: Any, _c: Any) -> Numbers:
    """Return the right sides with the loss for its root."""
    return p.root_loss * chain(0 * mean_backward(p) + mean_bound(p), mean_bound(p))


equation_25 = step(
    id="marion2024.equation-25",
    title="the mean of the backward states",
    says=(
        "(1/n) sum |p_k| <= (2 e^K M_B/n) sum |F(x_i) - y_i| <= 2 e^K M_B sqrt(l), k = 0, ..., L: true, although the display"
        " before it is not. Tight for residuals of one size as K tends to 0. The third inequality, the decay in time, is"
        " reading-flow."
    ),
    formula=r"\frac1n\sum_i\|p_{k,i}\|\le\frac{2e^KM_B}n\sum_i\|F(x_i)-y_i\|\le2e^KM_B\sqrt\ell",
    source=f"{PAPER}, (25), page 19",
    uses=("marion2024.proposition-8.reading-repaired.step-3",),
    left=lambda p: chain(mean_backward(p), 2 * p.m_b * mean_size(p)),
    right=lambda p, c: (
        c.c * chain(0 * mean_backward(p) + 2 * exp(c.rate * p.k) * p.m_b * mean_size(p), 2 * p.m_b * p.root_loss)
    ),
    constants={"c": Fraction(1), "rate": Fraction(1)},
    gallery=(AT_START, EVEN, STEEP),
    proof=Proof(
        set="every f as in the proposition, L >= 1, weights within M of their start",
        argument="The repaired display before it for each sample; a mean is at most the root of the mean square.",
        steps=(GROWTH, identity("the variance of two numbers is a square", two_point_variance)),
    ),
    mutants=(
        past_the_slack("c"),
        scaled("rate", Fraction(0)),
        without(near.name, LOST),
        changed("l for sqrt(l)", right=_with_loss),
    ),
)


def _products(p: Any) -> Numbers:
    r"""Return :math:`\frac1n\sum_i\|\partial_2f(h_{k-1},Z_k)^\top p_k\|`, k = 1, ..., L."""
    pairs = zip(p.slopes, p.backward[1:], strict=True)
    return np.array([sum(length(d.T @ v) for d, v in zip(*pair, strict=True)) / len(p.x) for pair in pairs])


step_4 = step(
    id="marion2024.proposition-8.step-4",
    title="the speed of a layer",
    says=(
        "|dZ_k/dt| <= (1/n) sum |d_2 f(h_{k-1}, Z_k)^T p_k| <= (K/n) sum |p_k| <= 2 K e^K M_B sqrt(l), k = 1, ..., L. All three"
        " are tight where K is the size of the states, M_A M_X, and small."
    ),
    formula=r"\Big\|\frac{dZ_k}{dt}\Big\|\le\frac1n\sum_i\|\partial_2f(h_{k-1,i},Z_k)^\top p_{k,i}\|"
    r"\le\frac Kn\sum_i\|p_{k,i}\|\le2Ke^KM_B\sqrt\ell",
    uses=("marion2024.equation-25", "marion2024.proposition-8.step-2"),
    left=lambda p: chain(np.array([length(v) for v in p.speeds]), _products(p), p.k * mean_backward(p, 1)),
    right=lambda p, c: c.c * chain(_products(p), c.k * p.k * mean_backward(p, 1), 0 * _products(p) + c.k * p.k * mean_bound(p)),
    constants={"c": Fraction(1), "k": Fraction(1)},
    gallery=(AT_START, TINY, STEEP, EVEN),
    mutants=(past_the_slack("c"), scaled("k", Fraction(9, 10)), without(near.name, LOST)),
)


def _weighted_backward(p: Any) -> Number:
    r"""Return :math:`\frac1n\sum_i\|p_{0,i}\|\,\|x_i\|`."""
    return sum(length(v) * absolute(x) for v, x in zip(p.backward[0], p.x, strict=True)) / len(p.x)


step_5 = step(
    id="marion2024.proposition-8.step-5",
    title="the speed of A",
    says=(
        "|dA/dt|_F <= (1/n) sum |p_0 x^T|_F <= 2 e^K M_B M_X sqrt(l). Inputs are numbers here, so that A is a vector. Tight as"
        " K tends to 0."
    ),
    formula=r"\Big\|\frac{dA}{dt}\Big\|_F\le\frac1n\sum_i\|p_{0,i}x_i^\top\|_F\le2e^KM_BM_X\sqrt\ell",
    uses=("marion2024.equation-25",),
    left=lambda p: chain(
        length(total(np.array([v * x for v, x in zip(p.backward[0], p.x, strict=True)]), axis=0) / len(p.x)),
        _weighted_backward(p),
    ),
    right=lambda p, c: c.c * chain(_weighted_backward(p), c.bound * mean_bound(p) * p.m_x),
    constants={"c": Fraction(1), "bound": Fraction(1)},
    gallery=(AT_START, EVEN, STEEP),
    mutants=(past_the_slack("c"), scaled("bound", Fraction(9, 10)), without(near.name, LOST)),
)


def _weighted_residuals(p: Any) -> Number:
    r"""Return :math:`\frac2n\sum_i\|(F(x_i)-y_i)h_{L,i}^\top\|_F`."""
    return 2 * sum(absolute(r) * length(h) for r, h in zip(p.residuals, p.states[-1], strict=True)) / len(p.x)


step_6 = step(
    id="marion2024.proposition-8.step-6",
    title="the speed of B",
    says=(
        "|dB/dt|_F <= (2/n) sum |(F(x_i) - y_i) h_L^T|_F <= 2 e^K M_A M_X sqrt(l), by |h_L| <= e^K M_A M_X and"
        " Cauchy-Schwarz. Tight as K tends to 0."
    ),
    formula=r"\Big\|\frac{dB}{dt}\Big\|_F\le\frac2n\sum_i\|(F(x_i)-y_i)h_{L,i}^\top\|_F\le2e^KM_AM_X\sqrt\ell",
    uses=("marion2024.proposition-8.step-2",),
    left=lambda p: chain(
        length(total(np.array([2 * r * h for r, h in zip(p.residuals, p.states[-1], strict=True)]), axis=0) / len(p.x)),
        _weighted_residuals(p),
    ),
    right=lambda p, c: c.c * chain(_weighted_residuals(p), c.bound * 2 * exp(c.rate * p.k) * p.m_a * p.m_x * p.root_loss),
    constants={"c": Fraction(1), "bound": Fraction(1), "rate": Fraction(1)},
    gallery=(AT_START, EVEN, STEEP),
    mutants=(
        past_the_slack("c"),
        scaled("bound", Fraction(9, 10)),
        scaled("rate", Fraction(0)),
        without(near.name, LOST),
    ),
)


def gap_constants(p: Any) -> tuple[Number, Number]:
    r"""Return :math:`C_1=K^2+KK'e^KM_AM_X` and :math:`C_2=K'`, which the proof of Proposition 7 gives."""
    return p.k * p.k + p.k_prime * p.k * exp(p.k) * p.m_a * p.m_x, p.k_prime


def _collected(p: Any, shift: int) -> Numbers:
    r"""Return :math:`\frac1n\sum_i\|p_{k+s,i}\|\big(\frac{C_1}L+C_2\|Z_{k+1}-Z_k\|\big)`, k = 1, ..., L - 1."""
    first, second = gap_constants(p)
    return between(p, lambda k, i: length(p.backward[k + shift][i]) * (first / p.depth + second * weight_move(p, k)))


def _gap_rates(p: Any, c: Any) -> Numbers:
    r"""Return :math:`\frac{C_1}L+C_2\|Z_{k+1}-Z_k\|`, k = 1, ..., L - 1, with a factor for each term."""
    first, second = gap_constants(p)
    moves = np.array([weight_move(p, k) for k in range(1, p.depth)])
    return c.first * first / p.depth + c.second * second * moves


step_11 = step(
    id="marion2024.proposition-8.step-11",
    title="the difference of two speeds, as printed",
    says=(
        "There are C_1, C_2 > 0 with |dZ_{k+1}/dt - dZ_k/dt| <= (1/n) sum |p_k| (C_1/L + C_2 |Z_{k+1} - Z_k|). Here C_1 = K^2 +"
        " K K' e^K M_A M_X, C_2 = K'; where p_k = 0 and p_{k+1} is not, no constants will do. The slip is Proposition 7's."
    ),
    formula=r"\Big\|\frac{dZ_{k+1}}{dt}-\frac{dZ_k}{dt}\Big\|\le\frac1n\sum_i\|p_{k,i}\|\Big(\frac{C_1}L+C_2\|Z_{k+1}-Z_k\|\Big)",
    source=LAST,
    uses=("marion2024.proposition-7.step-8",),
    left=speed_gaps,
    right=lambda p, c: c.c * _collected(p, 0),
    erratum=Erratum(
        wrong="the backward state has an index one too small: the right side is 0 where a layer sends all states to 0.",
        line="the display after 'show the existence of', page 20",
        counterexample=STOPPED,
        repaired="marion2024.proposition-8.reading-repaired.step-11",
        fault=Fault.SLIP,
    ),
)

step_11_repaired = replace(
    step_11,
    id="marion2024.proposition-8.reading-repaired.step-11",
    title="the difference of two speeds, repaired",
    says=(
        "The same with |p_{k+1}|, C_1 = K^2 + K K' e^K M_A M_X and C_2 = K'. The display after it is as printed, since (25)"
        " bounds every |p_k| alike. Tight as M_Z tends to 0."
    ),
    formula=r"\Big\|\frac{dZ_{k+1}}{dt}-\frac{dZ_k}{dt}\Big\|\le\frac1n\sum_i\|p_{k+1,i}\|\Big(\frac{C_1}L+C_2\|Z_{k+1}-Z_k\|\Big)",
    source="ours; repairs a display of page 20",
    ours=True,
    uses=("marion2024.proposition-7.reading-repaired.step-8",),
    right=lambda p, c: c.c * _collected(p, 1),
    erratum=None,
    gallery=(STOPPED, TURNING, COMMUTING),
    proof=Proof(
        set="every f as in the proposition, L >= 2, weights within M of their start",
        argument=(
            "D' p' - D p = D (p' - p) + (D' - D) p' with p' = p_{k+1}: ||D|| <= K, |p' - p| <= (K/L) |p'|, ||D' - D|| <= K'"
            " (|h_k - h_{k-1}| + |Z_{k+1} - Z_k|) and |h_k - h_{k-1}| <= K e^K M_A M_X/L."
        ),
        steps=(identity("both splittings add up to the difference", splittings),),
    ),
    mutants=(past_the_slack("c"), changed("the printed index", right=step_11.right), without(near.name, LOST)),
)

step_12 = step(
    id="marion2024.proposition-8.step-12",
    title="the difference of two speeds, with (25) put in",
    says=(
        "|dZ_{k+1}/dt - dZ_k/dt| <= 2 e^K M_B sqrt(l) (C_1/L + C_2 |Z_{k+1} - Z_k|), k = 1, ..., L - 1, whatever the index of"
        " the backward state, and sqrt(l) <= e^{-mu t/2} sqrt(l(0)) by (24); here at one time. Tight as M_Z and M_A M_X tend"
        " to 0."
    ),
    formula=r"\Big\|\frac{dZ_{k+1}}{dt}-\frac{dZ_k}{dt}\Big\|"
    r"\le2e^KM_Be^{-\mu t/2}\sqrt{\ell(0)}\Big(\frac{C_1}L+C_2\|Z_{k+1}-Z_k\|\Big)",
    source=LAST,
    uses=("marion2024.proposition-8.reading-repaired.step-11", "marion2024.equation-25", "marion2024.equation-24"),
    left=speed_gaps,
    right=lambda p, c: c.c * mean_bound(p) * _gap_rates(p, c),
    constants={"c": Fraction(1), "first": Fraction(1), "second": Fraction(1)},
    gallery=(STOPPED, TURNING, COMMUTING),
    mutants=(
        past_the_slack("c"),
        scaled("first", Fraction(9, 10)),
        scaled("second", Fraction(9, 10)),
        without(near.name, LOST),
    ),
)
