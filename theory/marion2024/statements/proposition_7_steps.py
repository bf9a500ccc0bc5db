r"""The proof of Proposition 7, second half: the speeds of successive layers, (20) and the displays that follow from it.

(20) is printed with :math:`p_k` and :math:`p_{k-1}` where (15) gives :math:`p_{k+1}` and :math:`p_k`. With the indices mended
the display after 'Thus' still does not follow: it puts :math:`|p_{k+1}|` for :math:`|p_k|`, which may be larger. Splitting
the difference the other way gives it, and the printed constants. Longer than most: four displays and a passage,
each with a repair.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from numerics.arithmetic import Number, exp, total
from theory.marion2024.setting import PAPER, Numbers
from theory.marion2024.statements.proposition_7_layers import length
from theory.marion2024.statements.proposition_7_network import draw_distinct, network, within
from theory.marion2024.statements.proposition_7_states import (
    BREACH,
    NEXT,
    SMALL,
    WHERE,
    chain,
    slope_length,
    step,
    weight_move,
)
from theory.proofs import identity
from theory.statement import Erratum, Fault, Hidden, Proof, changed, past_the_slack, without

CLIPPED = Hidden(
    says="the clipping pi is 1-Lipschitz (here it is the identity)",
    where="the first equality of the display (20), page 16",
    finding="otherwise alpha and beta take its Lipschitz constant: marion2024.proposition-7.reading-repaired",
)
STOPPED = network(1, 2, [1], [1], [0, -2])
"""f = zh, L = 2: the second layer sends every state to 0, so that p_1 = p_0 = 0 but p_2 is not 0."""
GROWING = network(1, 1, [1], [1], [1, -1], "1/10")
"""f = zh, L = 2: |p_0| = 3/2 |p_1|."""
TURNING = network(2, SMALL, [SMALL], [SMALL], [f"-{SMALL}", SMALL])
"""f = h z^2/2 with weights of opposite signs: the speeds differ by as much as K' allows."""
COMMUTING = network(4, SMALL, [SMALL, 0], [0, SMALL], [SMALL, 0, SMALL, 0])
"""Two equal layers Zh whose gradient does not commute with Z: the speeds differ by as much as beta/L allows."""


def between(p: Any, quantity: Any) -> Numbers:
    """Return the mean over the data of a quantity at k = 1, ..., L - 1."""
    count = len(p.x)
    return np.array([total(np.array([quantity(k, i) for i in range(count)])) / count for k in range(1, p.depth)])


def speed_gaps(p: Any) -> Numbers:
    r"""Return :math:`L|\partial\ell/\partial Z_{k+1}-\partial\ell/\partial Z_k|`, k = 1, ..., L - 1."""
    return np.array([length(p.speeds[k] - p.speeds[k - 1]) for k in range(1, p.depth)])


def product_gaps(p: Any, shift: int) -> Numbers:
    r"""Return the mean of :math:`|\partial_2f(h_k,Z_{k+1})^\top p_{k+s}-\partial_2f(h_{k-1},Z_k)^\top p_{k-1+s}|`.

    Parameters
    ----------
    p
        A network.
    shift
        s: 0 as printed, 1 by (15).

    Returns
    -------
    numpy.ndarray
        One entry a k.
    """

    def one(k: int, i: int) -> Number:
        after = p.slopes[k][i].T @ p.backward[k + shift][i]
        return length(after - p.slopes[k - 1][i].T @ p.backward[k - 1 + shift][i])

    return between(p, one)


def split(p: Any, shift: int, slope: int, backward: int) -> Numbers:
    r"""Return the mean of :math:`\|D\|\,|p_{k+s}-p_{k-1+s}|+|p|\,\|D_{k+1}-D_k\|`, :math:`D_k=\partial_2f(h_{k-1},Z_k)`.

    Parameters
    ----------
    p
        A network.
    shift
        s, as in :func:`product_gaps`.
    slope, backward
        Whether D and p are the first (0) or the second (1) of the two. They must not be the same.

    Returns
    -------
    numpy.ndarray
        One entry a k.
    """

    def one(k: int, i: int) -> Number:
        vectors = p.backward[k - 1 + shift][i], p.backward[k + shift][i]
        slopes = p.slopes[k - 1][i], p.slopes[k][i]
        first = slope_length(slopes[slope]) * length(vectors[1] - vectors[0])
        return first + length(vectors[backward]) * slope_length(slopes[1] - slopes[0])

    return between(p, one)


def bounded_split(p: Any, shift: int, backward: int) -> Numbers:
    r"""Return the mean of :math:`K|p_{k+s}-p_{k-1+s}|+K'|p|(|h_k-h_{k-1}|+|Z_{k+1}-Z_k|)`; see :func:`split`."""

    def one(k: int, i: int) -> Number:
        vectors = p.backward[k - 1 + shift][i], p.backward[k + shift][i]
        moves = length(p.states[k][i] - p.states[k - 1][i]) + weight_move(p, k)
        return p.k * length(vectors[1] - vectors[0]) + p.k_prime * length(vectors[backward]) * moves

    return between(p, one)


def collected(p: Any, shift: int) -> Numbers:
    r"""Return the mean of :math:`|p_{k+s}|\big(\frac{K^2}L+\frac{K'K}Le^KMM_X+K'|Z_{k+1}-Z_k|\big)`."""
    fixed = (p.k * p.k + p.k_prime * p.k * exp(p.k) * p.bound * p.m_x) / p.depth
    return between(p, lambda k, i: length(p.backward[k + shift][i]) * (fixed + p.k_prime * weight_move(p, k)))


def splittings() -> Any:
    """Return D' p' - D p less its two splittings, added: products of matrices and vectors, so nothing commutes."""
    import sympy

    d, e, p, r = sympy.symbols("D E p r", commutative=False)
    whole = e * r - d * p
    return sympy.expand(2 * whole - (e * (r - p) + (e - d) * p) - (d * (r - p) + (e - d) * r))


step_1 = step(
    id="marion2024.proposition-7.step-1",
    title="the difference of two speeds, first line of (20), as printed",
    says=(
        "L |dl/dZ_{k+1} - dl/dZ_k| is bounded by the mean of |d_2 f(h_k, Z_{k+1})^T p_k - d_2 f(h_{k-1}, Z_k)^T p_{k-1}|, as"
        " printed. By (15) the backward states are p_{k+1} and p_k. If a layer sends all states to 0 the printed right side is"
        " 0."
    ),
    formula=r"L\Big\|\frac{\partial\ell}{\partial Z_{k+1}}-\frac{\partial\ell}{\partial Z_k}\Big\|"
    r"\le\frac1n\sum_i\|\partial_2f(h_k,Z_{k+1})^\top p_k-\partial_2f(h_{k-1},Z_k)^\top p_{k-1}\|",
    source=WHERE,
    instances=draw_distinct,
    hidden=(CLIPPED,),
    left=speed_gaps,
    right=lambda p, c: c.c * product_gaps(p, 0),
    erratum=Erratum(
        wrong="both backward states have an index one too small.",
        line="the second line of the display (20), page 16",
        counterexample=STOPPED,
        repaired="marion2024.proposition-7.reading-repaired.step-1",
        fault=Fault.SLIP,
    ),
)

step_1_repaired = replace(
    step_1,
    id="marion2024.proposition-7.reading-repaired.step-1",
    title="the difference of two speeds, first line of (20), repaired",
    says="The same with p_{k+1} and p_k. Equality for one data point.",
    formula=r"L\Big\|\frac{\partial\ell}{\partial Z_{k+1}}-\frac{\partial\ell}{\partial Z_k}\Big\|"
    r"\le\frac1n\sum_i\|\partial_2f(h_k,Z_{k+1})^\top p_{k+1}-\partial_2f(h_{k-1},Z_k)^\top p_k\|",
    source="ours; repairs the first line of (20)",
    ours=True,
    uses=("marion2024.equation-13.reading-repaired",),
    right=lambda p, c: c.c * product_gaps(p, 1),
    erratum=None,
    gallery=(STOPPED, TURNING | {"x": [1, 2], "y": [1, -1]}),
    mutants=(past_the_slack("c"), changed("the printed indices", right=step_1.right)),
)

equation_20 = step(
    id="marion2024.equation-20",
    title="the difference of two speeds, split in two, as printed",
    says=(
        "L |dl/dZ_{k+1} - dl/dZ_k| is bounded by the mean of ||d_2 f(h_k, Z_{k+1})|| |p_k - p_{k-1}| + |p_{k-1}| ||d_2 f(h_k,"
        " Z_{k+1}) - d_2 f(h_{k-1}, Z_k)||, as printed; false for the reason of step 1."
    ),
    formula=r"L\Big\|\frac{\partial\ell}{\partial Z_{k+1}}-\frac{\partial\ell}{\partial Z_k}\Big\|"
    r"\le\frac1n\sum_i\|\partial_2f(h_k,Z_{k+1})\|_2\|p_k-p_{k-1}\|"
    r"+\|p_{k-1}\|\,\|\partial_2f(h_k,Z_{k+1})-\partial_2f(h_{k-1},Z_k)\|_2",
    source=f"{PAPER}, (20), page 16",
    uses=("marion2024.proposition-7.step-1",),
    left=speed_gaps,
    right=lambda p, c: c.c * split(p, 0, 1, 0),
    erratum=Erratum(
        wrong="the backward states have an index one too small.",
        line="(20), page 16",
        counterexample=STOPPED,
        repaired="marion2024.equation-20.reading-repaired",
        fault=Fault.SLIP,
    ),
)

equation_20_repaired = replace(
    equation_20,
    id="marion2024.equation-20.reading-repaired",
    title="the difference of two speeds, split in two, repaired",
    says=(
        "With D_k = d_2 f(h_{k-1}, Z_k) the speeds differ by at most the mean of ||D_{k+1}|| |p_{k+1} - p_k| + |p_k| ||D_{k+1}"
        " - D_k||, and also of ||D_k|| |p_{k+1} - p_k| + |p_{k+1}| ||D_{k+1} - D_k||. The first is (20) with its indices"
        " mended; the rest of the proof needs the second. Equality for f = zh, when two weights have opposite signs."
    ),
    formula=r"L\Big\|\frac{\partial\ell}{\partial Z_{k+1}}-\frac{\partial\ell}{\partial Z_k}\Big\|"
    r"\le\frac1n\sum_i\|D_k\|_2\|p_{k+1}-p_k\|+\|p_{k+1}\|\,\|D_{k+1}-D_k\|_2",
    source="ours; repairs (20)",
    ours=True,
    uses=("marion2024.proposition-7.reading-repaired.step-1",),
    left=lambda p: chain(speed_gaps(p), speed_gaps(p)),
    right=lambda p, c: c.c * chain(split(p, 1, 1, 0), split(p, 1, 0, 1)),
    erratum=None,
    gallery=(STOPPED, GROWING),
    proof=Proof(
        set="every f as in the proposition, L >= 2",
        argument="The triangle inequality for each of two ways to split the difference of two products.",
        steps=(identity("both splittings add up to the difference", splittings),),
    ),
    mutants=(
        past_the_slack("c"),
        changed("the printed indices", left=speed_gaps, right=equation_20.right),
        changed("D_k and p_k", left=speed_gaps, right=lambda p, c: split(p, 1, 0, 0)),
    ),
)

step_5 = step(
    id="marion2024.proposition-7.step-5",
    title="the difference of two speeds, after (20), as printed",
    says=(
        "L |dl/dZ_{k+1} - dl/dZ_k| is bounded by the mean of K |p_k - p_{k-1}| + K' |p_{k-1}| (|h_k - h_{k-1}| + |Z_{k+1} -"
        " Z_k|), as printed; false for the reason of step 1."
    ),
    formula=r"L\Big\|\frac{\partial\ell}{\partial Z_{k+1}}-\frac{\partial\ell}{\partial Z_k}\Big\|"
    r"\le\frac1n\sum_iK\|p_k-p_{k-1}\|+K'\|p_{k-1}\|\big(\|h_k-h_{k-1}\|+\|Z_{k+1}-Z_k\|\big)",
    source=NEXT,
    uses=("marion2024.equation-20", "marion2024.proposition-7.step-3", "marion2024.proposition-7.step-4"),
    left=speed_gaps,
    right=lambda p, c: c.c * bounded_split(p, 0, 0),
    erratum=Erratum(
        wrong="the backward states have an index one too small.",
        line="the display after 'Returning to (20)', page 17",
        counterexample=STOPPED,
        repaired="marion2024.proposition-7.reading-repaired.step-5",
        fault=Fault.SLIP,
    ),
)

step_5_repaired = replace(
    step_5,
    id="marion2024.proposition-7.reading-repaired.step-5",
    title="the difference of two speeds, after (20), repaired",
    says=(
        "The same with K |p_{k+1} - p_k| and either |p_k| or |p_{k+1}| before the bracket. Tight as M tends to 0, for f = h"
        " z^2/2 and weights of opposite signs."
    ),
    formula=r"L\Big\|\frac{\partial\ell}{\partial Z_{k+1}}-\frac{\partial\ell}{\partial Z_k}\Big\|"
    r"\le\frac1n\sum_iK\|p_{k+1}-p_k\|+K'\|p_{k+1}\|\big(\|h_k-h_{k-1}\|+\|Z_{k+1}-Z_k\|\big)",
    source="ours; repairs the display after 'Returning to (20)'",
    ours=True,
    uses=("marion2024.equation-20.reading-repaired", "marion2024.proposition-7.step-3", "marion2024.proposition-7.step-4"),
    left=lambda p: chain(speed_gaps(p), speed_gaps(p)),
    right=lambda p, c: c.c * chain(bounded_split(p, 1, 0), bounded_split(p, 1, 1)),
    erratum=None,
    gallery=(STOPPED, GROWING, TURNING, COMMUTING),
    mutants=(
        past_the_slack("c"),
        changed("the printed indices", left=speed_gaps, right=step_5.right),
        without(within.name, BREACH),
    ),
)

step_8 = step(
    id="marion2024.proposition-7.step-8",
    title="the difference of two speeds, after 'Thus', as printed",
    says=(
        "L |dl/dZ_{k+1} - dl/dZ_k| is bounded by the mean of |p_k| (K^2/L + K' K e^K M M_X/L + K' |Z_{k+1} - Z_k|), as printed."
        " The right side is 0 where p_k is 0, the left side is not."
    ),
    formula=r"L\Big\|\frac{\partial\ell}{\partial Z_{k+1}}-\frac{\partial\ell}{\partial Z_k}\Big\|"
    r"\le\frac1n\sum_i\|p_k\|\Big(\frac{K^2}L+\frac{K'K}Le^KMM_X+K'\|Z_{k+1}-Z_k\|\Big)",
    source=NEXT,
    uses=("marion2024.proposition-7.step-5", "marion2024.proposition-7.step-6", "marion2024.proposition-7.step-7"),
    left=speed_gaps,
    right=lambda p, c: c.c * collected(p, 0),
    erratum=Erratum(
        wrong="the backward state has an index one too small.",
        line="the display after 'Thus', page 17",
        counterexample=STOPPED,
        repaired="marion2024.proposition-7.reading-repaired.step-8",
        fault=Fault.SLIP,
    ),
)

step_8_repaired = replace(
    step_8,
    id="marion2024.proposition-7.reading-repaired.step-8",
    title="the difference of two speeds, after 'Thus', repaired",
    says=(
        "The same with |p_{k+1}|. Tight as M tends to 0: in K' for weights of opposite signs and f = h z^2/2, in K^2 + K' K M"
        " M_X for equal weights and f = Zh, Z symmetric of trace 0."
    ),
    formula=r"L\Big\|\frac{\partial\ell}{\partial Z_{k+1}}-\frac{\partial\ell}{\partial Z_k}\Big\|"
    r"\le\frac1n\sum_i\|p_{k+1}\|\Big(\frac{K^2}L+\frac{K'K}Le^KMM_X+K'\|Z_{k+1}-Z_k\|\Big)",
    source="ours; repairs the display after 'Thus'",
    ours=True,
    uses=(
        "marion2024.proposition-7.reading-repaired.step-5",
        "marion2024.proposition-7.step-6",
        "marion2024.proposition-7.step-7",
    ),
    right=lambda p, c: c.c * collected(p, 1),
    erratum=None,
    gallery=(STOPPED, GROWING, TURNING, COMMUTING),
    mutants=(past_the_slack("c"), changed("the printed index", right=step_8.right), without(within.name, BREACH)),
)

passage = step(
    id="marion2024.proposition-7.reading-passage.step-8",
    title="'Thus', as a passage from one display to the next",
    says=(
        "With steps 6 and 7 the right side of step 5 is at most that of step 8, whatever the common index: K |p_k - p_{k-1}| +"
        " K' |p_{k-1}| (...) is bounded with |p_k| for |p_{k-1}|. But |p_{k-1}| may be (1 + K/L) |p_k|; so mending the indices"
        " alone does not make the argument."
    ),
    formula=r"K\|p_k-p_{k-1}\|+K'\|p_{k-1}\|\big(\|h_k-h_{k-1}\|+\|Z_{k+1}-Z_k\|\big)"
    r"\le\|p_k\|\Big(\frac{K^2}L+\frac{K'K}Le^KMM_X+K'\|Z_{k+1}-Z_k\|\Big)",
    source=NEXT,
    uses=("marion2024.proposition-7.step-6", "marion2024.proposition-7.step-7"),
    left=lambda p: bounded_split(p, 0, 0),
    right=lambda p, c: c.c * collected(p, 0),
    erratum=Erratum(
        wrong="|p_{k-1}| is put below |p_k|, which it may exceed by a factor 1 + K/L.",
        line="'Thus', page 17",
        counterexample=GROWING,
        repaired="marion2024.proposition-7.reading-passage-repaired.step-8",
    ),
)

passage_repaired = replace(
    passage,
    id="marion2024.proposition-7.reading-passage-repaired.step-8",
    title="'Thus', from the other splitting",
    says=(
        "K |p_{k+1} - p_k| + K' |p_{k+1}| (...) from the other splitting is bounded with |p_{k+1}|, by steps 6 and 7. Tight as"
        " M tends to 0."
    ),
    formula=r"K\|p_{k+1}-p_k\|+K'\|p_{k+1}\|\big(\|h_k-h_{k-1}\|+\|Z_{k+1}-Z_k\|\big)"
    r"\le\|p_{k+1}\|\Big(\frac{K^2}L+\frac{K'K}Le^KMM_X+K'\|Z_{k+1}-Z_k\|\Big)",
    source="ours; repairs 'Thus'",
    ours=True,
    left=lambda p: bounded_split(p, 1, 1),
    right=lambda p, c: c.c * collected(p, 1),
    erratum=None,
    gallery=(STOPPED, GROWING, TURNING, COMMUTING),
    mutants=(
        past_the_slack("c"),
        changed("the printed splitting", left=lambda p: bounded_split(p, 1, 0)),
        without(within.name, network(1, 1, [1], [1], [3, 3], "1/10")),
    ),
)
