r"""The proof of Proposition 7, first half: how large the states and the backward states are, and how fast they change with k.

Every bound is uniform in k. Longer than most: ten displays, (21) among them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from numerics.arithmetic import Number, absolute, exp
from theory.marion2024.setting import PAPER, Numbers
from theory.marion2024.statements.proposition_7_layers import length
from theory.marion2024.statements.proposition_7_network import Network, draw_network, network, setting, within
from theory.proofs import identity
from theory.statement import Hidden, Inequality, Mutant, Proof, changed, past_the_slack, scaled, without

WHERE = f"{PAPER}, proof of Proposition 7, page 16"
NEXT = f"{PAPER}, proof of Proposition 7, page 17"
SMALL = "1/1000"
"""With weights this small the exponentials of the proof are almost 1, and what else a bound loses is seen."""
TRANSPOSED = Hidden(
    says="p_k = p_{k+1} + (1/L) d_1 f^T p_{k+1}, with the transpose",
    where="(13) and the displays that apply d_1 f to p",
    finding="the norms of a matrix and its transpose agree, so every inequality survives; see marion2024.equation-13",
)
RANGE = Hidden(
    says="k < L wherever Z_{k+1} or p_{k+1} is named",
    where="'k in {1, ..., L}' after (21), 'k in {0, ..., L}' before the bound on |p_k|, page 17",
    finding="Z_{L+1} and p_{L+1} do not exist; nothing uses them, and k = 0 is covered by |h_0| <= M M_X",
)
BREACH = network(2, 1, [3], [3], [3, -3])
"""A network whose parameters exceed M."""

ORDER_TWO = Mutant(
    name="1/L^2 for 1/L",
    change=lambda entry, _tightest: replace(entry, right=lambda p, c: entry.right(p, c) / p.depth),
)

step = partial(
    Inequality,
    instance=Network,
    instances=draw_network,
    hypotheses=(setting, within),
    relation="<=",
    constants={"c": Fraction(1)},
)
"""A statement on these networks; its right side has the constant c, 1 as printed."""


def each(p: Any, quantity: Callable[[int, int], Number], *, start: int, stop: int) -> Numbers:
    """Return a quantity at k = start, ..., stop - 1 and each data point, as one array."""
    return np.array([quantity(k, i) for k in range(start, stop) for i in range(len(p.x))])


def state_lengths(p: Any, *, start: int, stop: int) -> Numbers:
    r"""Return :math:`|h_{k,i}|`."""
    return each(p, lambda k, i: length(p.states[k][i]), start=start, stop=stop)


def backward_lengths(p: Any, *, start: int, stop: int) -> Numbers:
    r"""Return :math:`|p_{k,i}|`."""
    return each(p, lambda k, i: length(p.backward[k][i]), start=start, stop=stop)


def state_moves(p: Any, *, stop: int) -> Numbers:
    r"""Return :math:`|h_{k,i}-h_{k-1,i}|`, k = 1, ..., stop - 1."""
    return each(p, lambda k, i: length(p.states[k][i] - p.states[k - 1][i]), start=1, stop=stop)


def backward_moves(p: Any) -> Numbers:
    r"""Return :math:`|p_{k,i}-p_{k-1,i}|`, k = 1, ..., L."""
    return each(p, lambda k, i: length(p.backward[k][i] - p.backward[k - 1][i]), start=1, stop=p.depth + 1)


def slope_length(slope: Numbers) -> Number:
    r"""Return :math:`\|\partial_2f\|_2`, or that of a difference: their rows are orthogonal and of one length."""
    return length(slope[0])


def slope_moves(p: Any) -> Numbers:
    r"""Return :math:`\|\partial_2f(h_{k,i},Z_{k+1})-\partial_2f(h_{k-1,i},Z_k)\|_2`, k = 1, ..., L - 1."""
    return each(p, lambda k, i: slope_length(p.slopes[k][i] - p.slopes[k - 1][i]), start=1, stop=p.depth)


def weight_move(p: Any, k: int) -> Number:
    r"""Return :math:`|Z_{k+1}-Z_k|`."""
    return length(p.layers[k] - p.layers[k - 1])


def start_lengths(p: Any) -> Numbers:
    r"""Return :math:`|h_{0,i}|` repeated for k = 1, ..., L."""
    return each(p, lambda _, i: length(p.states[0][i]), start=1, stop=p.depth + 1)


def last_lengths(p: Any) -> Numbers:
    r"""Return :math:`|p_{L,i}|` repeated for k = 0, ..., L - 1."""
    return each(p, lambda _, i: length(p.backward[-1][i]), start=0, stop=p.depth)


def largest_backward(k: Number, m: Number, m_x: Number, m_y: Number) -> Number:
    r"""Return :math:`2e^KM(e^KM^2M_X+M_Y)`, the bound of every :math:`|p_{k,i}|`."""
    return 2 * exp(k) * m * (exp(k) * m * m * m_x + m_y)


def backward_bound(p: Any) -> Number:
    """Return that bound for a network."""
    return largest_backward(p.k, p.bound, p.m_x, p.m_y)


def end_sizes(p: Any) -> tuple[Numbers, Numbers]:
    r"""Return :math:`2e^K|B^\top(F(x_i)-y_i)|` and :math:`2e^KM(|Bh_{L,i}|+|y_i|)` for each data point."""
    first = [2 * exp(p.k) * length(p.b) * absolute(residual) for residual in p.residuals]
    outputs = [residual + y for residual, y in zip(p.residuals, p.y, strict=True)]
    second = [2 * exp(p.k) * p.bound * (absolute(output) + absolute(y)) for output, y in zip(outputs, p.y, strict=True)]
    return np.array(first), np.array(second)


def chain(*links: Number) -> Numbers:
    """Return scalars and arrays as one array."""
    return np.concatenate([np.atleast_1d(np.asarray(link)) for link in links])


def exponential_gap() -> Any:
    """Return the derivative of e^x - 1 - x less e^x - 1, which has the sign of x."""
    import sympy

    x = sympy.symbols("x", real=True)
    return sympy.diff(sympy.exp(x) - 1 - x, x) - (sympy.exp(x) - 1)


GROWTH = identity("e^x - 1 - x is least at 0, where it is 0: its derivative is e^x - 1", exponential_gap)

step_2 = step(
    id="marion2024.proposition-7.step-2",
    title="a state grows by at most 1 + K_1/L",
    says="|h_{k+1}| <= (1 + K_1/L) |h_k| for k = 0, ..., L - 1. Equality for hz^r/r at z = M.",
    formula=r"\|h_{k+1}\|\le\Big(1+\frac{K_1}L\Big)\|h_k\|",
    source=WHERE,
    uses=("marion2024.equation-17",),
    left=lambda p: state_lengths(p, start=1, stop=p.depth + 1),
    right=lambda p, c: c.c * (1 + c.growth * p.k1 / p.depth) * state_lengths(p, start=0, stop=p.depth),
    constants={"c": Fraction(1), "growth": Fraction(1)},
    gallery=(network(1, 1, [1], [1], [1, -1]), network(6, 1, [1], [1], ["1/2", "1/2", 0, 1])),
    mutants=(past_the_slack("c"), scaled("growth", Fraction(9, 10)), without(within.name, BREACH)),
)

equation_21 = step(
    id="marion2024.equation-21",
    title="the states are bounded",
    says=(
        "|h_k| <= e^{K_1} |h_0| and so |h_k| <= e^{K_1} M M_X, for every k = 1, ..., L. With (17) the pairs (h_k, Z_{k+1}), k ="
        " 0, ..., L - 1, lie in E. Tight as K_1 tends to 0."
    ),
    formula=r"\|h_k\|\le e^{K_1}\|h_0\|=e^{K_1}\|Ax\|\le e^{K_1}MM_X",
    source=f"{PAPER}, (21), page 16",
    hidden=(
        RANGE,
        Hidden(
            says="E is a subset of R^q x R^p",
            where="(19), printed with R^d",
            finding="a slip: h has q entries; nothing depends on it",
        ),
    ),
    uses=("marion2024.proposition-7.step-2", "marion2024.equation-17"),
    left=lambda p: chain(*(2 * [state_lengths(p, start=1, stop=p.depth + 1)])),
    right=lambda p, c: (
        c.c * chain(exp(c.rate * p.k1) * start_lengths(p), 0 * start_lengths(p) + exp(c.rate * p.k1) * p.bound * p.m_x)
    ),
    constants={"c": Fraction(1), "rate": Fraction(1)},
    gallery=(network(1, SMALL, [SMALL], [1], [SMALL, SMALL]) | {"b": [SMALL]}, network(3, 1, [1], [1], [1, 1, 1, 1])),
    proof=Proof(
        set="every f as in the proposition, L >= 1, |A|, |Z_k| <= M",
        argument="Step 2 k times gives (1 + K_1/L)^k <= e^{K_1 k/L}, and |Ax| <= |A|_F |x|.",
        steps=(GROWTH,),
    ),
    mutants=(past_the_slack("c"), scaled("rate", Fraction(1, 2)), without(within.name, BREACH)),
)

step_3 = step(
    id="marion2024.proposition-7.step-3",
    title="the derivative in the weight is bounded on the way",
    says="||d_2 f(h_{k-1}, Z_k)||_2 <= K for k = 1, ..., L, as (h_{k-1}, Z_k) is in E. Tight as M tends to 0, for large M_X.",
    formula=r"\|\partial_2f(h_{k-1},Z_k)\|_2\le K",
    source=WHERE,
    uses=("marion2024.equation-21",),
    left=lambda p: each(p, lambda k, i: slope_length(p.slopes[k - 1][i]), start=1, stop=p.depth + 1),
    right=lambda p, c: c.c * p.k,
    gallery=(network(1, SMALL, [SMALL], [SMALL], [SMALL, 0]), network(6, 1, [1], [1], [1, 0, 0, 1])),
    mutants=(past_the_slack("c"), without(within.name, BREACH), changed("K_1 for K", right=lambda p, c: p.k1)),
)

step_4 = step(
    id="marion2024.proposition-7.step-4",
    title="how the derivative in the weight changes from layer to layer",
    says=(
        "||d_2 f(h_k, Z_{k+1}) - d_2 f(h_{k-1}, Z_k)||_2 <= K' |h_k - h_{k-1}| + K' |Z_{k+1} - Z_k| for k = 1, ..., L - 1: the"
        " mean value inequality on E, which is convex. Equality for f(h, z) = zh with equal weights."
    ),
    formula=r"\|\partial_2f(h_k,Z_{k+1})-\partial_2f(h_{k-1},Z_k)\|_2\le K'\|h_k-h_{k-1}\|+K'\|Z_{k+1}-Z_k\|",
    source=WHERE,
    uses=("marion2024.equation-21",),
    left=slope_moves,
    right=lambda p, c: (
        c.c
        * p.k_prime
        * (c.state * state_moves(p, stop=p.depth) + c.weight * each(p, lambda k, _: weight_move(p, k), start=1, stop=p.depth))
    ),
    constants={"c": Fraction(1), "state": Fraction(1), "weight": Fraction(1)},
    gallery=(network(1, 1, [1], [1], [1, 1]), network(2, SMALL, [SMALL], [SMALL], [SMALL, f"-{SMALL}"])),
    mutants=(
        past_the_slack("c"),
        scaled("state", Fraction(9, 10)),
        scaled("weight", Fraction(9, 10)),
        without(within.name, BREACH),
    ),
)

step_6 = step(
    id="marion2024.proposition-7.step-6",
    title="the backward states change by a K/L-th",
    says="|p_k - p_{k-1}| <= (K/L) |p_k| for k = 1, ..., L. Equality for hz^r/r at z = M, if K = K_1.",
    formula=r"\|p_k-p_{k-1}\|=\frac1L\|\partial_1f(h_{k-1},Z_k)^\top p_k\|\le\frac KL\|p_k\|",
    source=NEXT,
    hidden=(TRANSPOSED,),
    uses=("marion2024.equation-17", "marion2024.equation-13.reading-repaired"),
    left=backward_moves,
    right=lambda p, c: c.c * p.k / p.depth * backward_lengths(p, start=1, stop=p.depth + 1),
    gallery=(network(1, 1, [1], [1], [1, -1], "1/10"), network(5, 1, [0, 1], [1, 0], [0, 1, 0, 0, 0, 1, 0, 0], "1/10")),
    mutants=(
        past_the_slack("c"),
        without(within.name, network(1, 1, [1], [1], [2, 2], "1/10")),
        changed(
            "K_2 for K",
            right=lambda p, c: p.layer.k2(p.bound, p.reach) / p.depth * backward_lengths(p, start=1, stop=p.depth + 1),
        ),
        ORDER_TWO,
    ),
)

step_7 = step(
    id="marion2024.proposition-7.step-7",
    title="the states change by a K/L-th",
    says=(
        "|h_k - h_{k-1}| <= (K/L) |h_{k-1}|, and so at most K e^K M M_X/L, for k = 1, ..., L. The first with equality as in"
        " step 6."
    ),
    formula=r"\|h_k-h_{k-1}\|\le\frac KL\|h_{k-1}\|\le\frac{Ke^KMM_X}L",
    source=NEXT,
    uses=("marion2024.equation-21",),
    left=lambda p: chain(*(2 * [state_moves(p, stop=p.depth + 1)])),
    right=lambda p, c: (
        c.c
        * p.k
        / p.depth
        * chain(state_lengths(p, start=0, stop=p.depth), 0 * start_lengths(p) + exp(c.rate * p.k) * p.bound * p.m_x)
    ),
    constants={"c": Fraction(1), "rate": Fraction(1)},
    gallery=(network(1, 1, [1], [1], [1, -1], "1/10"), network(4, SMALL, [SMALL, 0], [0, SMALL], [SMALL, 0, SMALL, 0])),
    mutants=(
        past_the_slack("c"),
        scaled("rate", Fraction(0)),
        without(within.name, network(1, 1, [1], [1], [2, 2], "1/10")),
        ORDER_TWO,
    ),
)

step_9 = step(
    id="marion2024.proposition-7.step-9",
    title="a backward state grows by at most 1 + K/L",
    says="|p_k| <= (1 + K/L) |p_{k+1}| for k = 0, ..., L - 1. Equality as in step 6.",
    formula=r"\|p_k\|\le\|p_{k+1}\|+\frac1L\|\partial_1f(h_k,Z_{k+1})^\top p_{k+1}\|\le\Big(1+\frac KL\Big)\|p_{k+1}\|",
    source=NEXT,
    uses=("marion2024.proposition-7.step-6",),
    left=lambda p: backward_lengths(p, start=0, stop=p.depth),
    right=lambda p, c: c.c * (1 + c.growth * p.k / p.depth) * backward_lengths(p, start=1, stop=p.depth + 1),
    constants={"c": Fraction(1), "growth": Fraction(1)},
    gallery=(network(1, 1, [1], [1], [1, -1], "1/10"), network(5, 1, [0, 1], [1, 0], [0, 1, 0, 0, 0, 1, 0, 0], "1/10")),
    mutants=(
        past_the_slack("c"),
        scaled("growth", Fraction(9, 10)),
        without(within.name, network(1, 1, [1], [1], [2, 2], "1/10")),
    ),
)

step_10 = step(
    id="marion2024.proposition-7.step-10",
    title="the backward states are at most e^K times the last",
    says="|p_k| <= e^K |p_L| for k = 0, ..., L - 1. Tight as K tends to 0, or for large L at z = M.",
    formula=r"\|p_k\|\le e^K\|p_L\|",
    source=NEXT,
    uses=("marion2024.proposition-7.step-9",),
    left=lambda p: backward_lengths(p, start=0, stop=p.depth),
    right=lambda p, c: c.c * exp(c.rate * p.k) * last_lengths(p),
    constants={"c": Fraction(1), "rate": Fraction(1)},
    gallery=(network(1, SMALL, [SMALL], [SMALL], [SMALL, SMALL], "1/10"), network(1, 1, [1], [1], 8 * [1], "1/10")),
    proof=Proof(
        set="every f as in the proposition, L >= 1, |Z_k| <= M",
        argument="Step 9 L - k times gives (1 + K/L)^(L - k) <= e^K.",
        steps=(GROWTH,),
    ),
    mutants=(
        past_the_slack("c"),
        scaled("rate", Fraction(1, 2)),
        without(within.name, network(1, 1, [1], [1], [3, 3], "1/10")),
    ),
)


def _output_bound() -> Any:
    import sympy

    m, k, m_x, m_y = sympy.symbols("M K M_X M_Y", positive=True)
    output = m * (sympy.exp(k) * m * m_x)
    return sympy.expand(2 * sympy.exp(k) * m * (output + m_y) - largest_backward(k, m, m_x, m_y))


step_11 = step(
    id="marion2024.proposition-7.step-11",
    title="the backward states are bounded, uniformly in k",
    says=(
        "|p_k| <= 2 e^K M (e^K M^2 M_X + M_Y) for every k = 0, ..., L; and the two inequalities on the way, e^K |p_L| = 2 e^K"
        " |B^T (F - y)| <= 2 e^K M (|B h_L| + |y|) <= the bound. Tight as K tends to 0, with y of the sign opposite to F."
    ),
    formula=r"\|p_k\|\le2e^K\|B^\top(F-y)\|\le2e^KM(\|Bh_L\|+\|y\|)\le2e^KM(e^KM^2M_X+M_Y)",
    source=NEXT,
    uses=("marion2024.proposition-7.step-10", "marion2024.equation-21", "marion2024.equation-17"),
    left=lambda p: chain(backward_lengths(p, start=0, stop=p.depth + 1), *end_sizes(p)),
    right=lambda p, c: (
        c.c
        * chain(
            0 * backward_lengths(p, start=0, stop=p.depth + 1) + backward_bound(p),
            end_sizes(p)[1],
            0 * end_sizes(p)[1] + backward_bound(p),
        )
    ),
    gallery=(
        network(1, SMALL, [SMALL], [SMALL], [SMALL, SMALL], 1, -1),
        network(4, 1, [0, 1], [1, 0], [0, 1, 0, 1], "1/10"),
    ),
    proof=Proof(
        set="every f as in the proposition, L >= 1, |A|, |B|, |Z_k| <= M",
        argument="|B^T v| <= M |v|, |F| <= |B| |h_L|, (21) with K_1 <= K, and step 10.",
        steps=(identity("M |h_L| + |y| at the bound (21), times 2 e^K M, is the printed bound", _output_bound),),
    ),
    mutants=(
        past_the_slack("c"),
        without(within.name, BREACH),
        changed(
            "M_Y omitted",
            left=lambda p: backward_lengths(p, start=0, stop=p.depth + 1),
            right=lambda p, c: largest_backward(p.k, p.bound, p.m_x, 0 * p.m_y),
        ),
    ),
)
