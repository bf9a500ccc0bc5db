r"""Theorem 6: the loss at the printed start, and the constant C of Appendix B.6. Remark 3 is about that constant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import FLOATS, Number, exp, log, maximum, sqrt, total
from theory.marion2024.setting import PAPER, Numbers, matrix, rounded
from theory.marion2024.statements.proposition_8_training import rate_22
from theory.proofs import identity
from theory.statement import Draw, Equivalence, Hidden, Hypothesis, Identity, Instance, Proof, changed, without

WHERE = f"{PAPER}, Appendix B.6, page 35"


@dataclass(frozen=True, kw_only=True)
class PrintedStart(Instance):
    r"""A network (3) at its printed start, with data; V = 0, so that no layer does anything.

    Parameters
    ----------
    d, d_out, q
        d, d' and q.
    x, y
        The data, shapes ``(d n,)`` and ``(d' n,)``; columns are samples.
    """

    d: int
    d_out: int
    q: int
    x: Numbers
    y: Numbers


fits = Hypothesis(
    name="setting",
    says="q >= max(d, d'), n >= 1 and n samples",
    holds=lambda p: [
        (min(p.d, p.d_out), ">=", 1),
        (p.q, ">=", max(p.d, p.d_out)),
        (len(p.x), ">=", p.d),
        (len(p.x) * p.d_out, "==", len(p.y) * p.d),
    ],
    standing=True,
)
apart = Hypothesis(name="q >= d + d'", says="q >= d + d'", holds=lambda p: (p.q, ">=", p.d + p.d_out))


def start_loss(p: Any) -> Number:
    r"""Return :math:`\frac1n\sum_i\|BAx_i-y_i\|^2` with :math:`A=(I;0)` and :math:`B=(0,I)`."""
    n = len(p.x) // p.d
    first, last = np.eye(p.q, p.d, dtype=int), np.eye(p.d_out, p.q, p.q - p.d_out, dtype=int)
    residual = last @ (first @ matrix(p.x, p.d, n)) - matrix(p.y, p.d_out, n)
    return total(np.ravel(residual) ** 2) / n


def _draw_start(draw: Draw, in_force: frozenset[str]) -> PrintedStart:
    d, d_out, n = draw.integer(1, 3), draw.integer(1, 3), draw.integer(1, 3)
    q = draw.integer(d + d_out if apart.name in in_force else max(d, d_out), d + d_out + 1)
    x = tuple(rounded(draw.real(-3.0, 3.0)) for _ in range(d * n))
    return PrintedStart(d=d, d_out=d_out, q=q, x=x, y=tuple(rounded(draw.real(-3.0, 3.0)) for _ in range(d_out * n)))


OVERLAP = {"d": 1, "d_out": 1, "q": 1, "x": [1], "y": [1]}
step_1 = Identity(
    id="marion2024.theorem-6.step-1",
    title="the loss at the start",
    says=(
        "With q >= d + d' the network is 0 at the start, for every depth and whatever W, so that l^L(0) = (1/n) sum |y_i|^2:"
        " the supremum over L in (22) is that number. With q < d + d' the last states are inputs."
    ),
    formula=r"F^L(x)=B^L(0)A^L(0)x=0,\qquad\ell^L(0)=\frac1n\sum_i\|y_i\|^2",
    source=WHERE,
    instance=PrintedStart,
    instances=_draw_start,
    hypotheses=(fits, apart),
    left=start_loss,
    right=lambda p, c: total(np.ravel(p.y) ** 2) * p.d / len(p.x),
    gallery=({**OVERLAP, "q": 2}, {"d": 2, "d_out": 1, "q": 3, "x": [1, 2, 3, 4], "y": [1, -1]}),
    mutants=(
        without(apart.name, OVERLAP),
        changed(
            "the sum for the mean",
            right=lambda p, c: total(np.ravel(p.y) ** 2),
            gallery=({**OVERLAP, "q": 2, "x": [1, 2], "y": [1, 1]},),
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Condition(Instance):
    r"""The numbers of the condition on the targets.

    Parameters
    ----------
    c_3, c_4
        Constants of Proposition 5.
    n, q
        Sample size and number of states.
    m_a, m_b, m_x, k
        :math:`M_A,M_B,M_X,K`.
    mean_square
        :math:`\frac1n\sum\|y_i\|^2`.
    """

    c_3: Number
    c_4: Number
    n: int
    q: int
    m_a: Number
    m_b: Number
    m_x: Number
    k: Number
    mean_square: Number


def three(p: Any) -> tuple[Number, Number, Number]:
    r"""Return :math:`M_BK,M_BM_X,M_AM_X`."""
    return p.m_b * p.k, p.m_b * p.m_x, p.m_a * p.m_x


def printed_rate(c_4: Number, n: int, q: int) -> Number:
    r"""Return :math:`\mu=\frac{c_4}{n\sqrt n\,q}`, the radical over n only, as pages 6 and 35 print it."""
    return c_4 / (n * sqrt(0 * c_4 + n) * q)


def log_largest_loss(c_3: Number, c_4: Number, k: Number, largest: Number, sizes: tuple[int, int]) -> Number:
    r"""Return :math:`\ln C`, :math:`C=\frac{c_3^2c_4^2}{64n^4q^3\max(M_BK,M_BM_X,M_AM_X)^2e^{2K}}`.

    Parameters
    ----------
    c_3, c_4, k
        :math:`c_3,c_4,K`.
    largest
        The maximum.
    sizes
        n and q.

    Returns
    -------
    Number
        The logarithm.
    """
    n, q = sizes
    return log(c_3 * c_3 * c_4 * c_4 / ((0 * c_3 + 64) * n**4 * q**3) / largest / largest) - 2 * k


def _largest(p: Any) -> Number:
    first, second, third = three(p)
    return maximum(maximum(first, second), third)


def _by_rate(p: Any) -> tuple[Number, str, Number]:
    reach = p.c_3 / sqrt(0 * p.c_3 + p.n * p.q)
    return printed_rate(p.c_4, p.n, p.q), ">=", rate_22(three(p), p.k, reach, sqrt(p.mean_square))


def _by_targets(p: Any, factor: Number = 1) -> tuple[Number, str, Number]:
    return log(p.mean_square), "<=", log_largest_loss(p.c_3, p.c_4, p.k, _largest(p), (p.n, p.q)) + log(0 * p.k + factor)


above_0 = Hypothesis(
    name="positive",
    says="n, q >= 1, all numbers positive",
    holds=lambda p: [
        (min(p.n, p.q), ">=", 1),
        *((v, ">", 0 * v) for v in (p.c_3, p.c_4, p.m_a, p.m_b, p.m_x, p.k, p.mean_square)),
    ],
    standing=True,
)


def _draw_condition(draw: Draw, in_force: frozenset[str]) -> Condition:
    del in_force
    names = ("c_3", "c_4", "m_a", "m_b", "m_x", "k")
    data = {name: rounded(draw.positive(1e-2, 3.0)) for name in names}
    base = Condition(**data, n=draw.integer(1, 5), q=draw.integer(1, 5), mean_square=Fraction(1))
    p = base.lift(FLOATS)
    limit = float(np.exp(log_largest_loss(p.c_3, p.c_4, p.k, _largest(p), (p.n, p.q))))
    return replace(base, mean_square=Fraction(limit * draw.choice((1 - 1e-6, 1 + 1e-6, draw.positive(0.05, 20.0)))))


def _square_of_rate() -> Any:
    """Return the ratio of both squared sides of the condition, less C over the loss."""
    import sympy

    c3, c4, n, q, a, k, loss = sympy.symbols("c_3 c_4 n q a K l", positive=True)
    rate = printed_rate(c4, n, q)
    needed = rate_22((a,), k, c3 / sympy.sqrt(n * q), sympy.sqrt(loss))
    largest = sympy.exp(log_largest_loss(c3, c4, k, a, (n, q)))
    return sympy.simplify(rate**2 / needed**2 - largest / loss)


UNIT = {"c_3": 1, "c_4": 1, "n": 2, "q": 3, "m_a": 1, "m_b": 1, "m_x": 1, "k": 1}
"""C = 1/(64 16 27 e^2) = 4.895e-6."""
DEEP = Hidden(
    says="the local condition for every L in N*",
    where="'for any L in N*' in Proposition 8, applied in Appendix B.6",
    finding=(
        "Proposition 5 gives it for L >= c_2 sqrt(nq) only, so that (10) is proved for such L; no depth is needed by"
        " marion2024.proposition-5.reading-sharp"
    ),
)

NOT_FLAT = Hidden(
    says="c_2 sqrt(nq) >= 1",
    where="mu = c_4/(n sqrt(n) q) from Proposition 5",
    finding="for flatter activations this mu may be too large, and C with it: marion2024.proposition-5.reading-constants",
)

part_constant = Equivalence(
    id="marion2024.theorem-6.part-constant",
    title="the condition on the targets",
    says=(
        "With M = c_3/sqrt(nq) and mu = c_4/(n sqrt(n) q) the condition mu >= max(M_B K, M_B M_X, M_A M_X) (8 e^K/M)"
        " sqrt(l(0)) is (1/n) sum |y_i|^2 <= C = c_3^2 c_4^2/(64 n^4 q^3 max(...)^2 e^{2K}). With the mu that Appendix B.5"
        " ends with, c_4/(n sqrt(nq)), it would be n^4 q^2. M_A, M_B and K contain M, and K the norms of the initial W: see"
        " Remark 3."
    ),
    formula=r"\frac{c_4}{n\sqrt n\,q}\ge\max(M_BK,M_BM_X,M_AM_X)\frac{8e^K}M\sqrt{\ell(0)}"
    r"\iff\frac1n\sum_i\|y_i\|^2\le\frac{c_3^2c_4^2}{64n^4q^3\max(M_BK,M_BM_X,M_AM_X)^2e^{2K}}",
    source=WHERE,
    instance=Condition,
    instances=_draw_condition,
    hypotheses=(above_0,),
    hidden=(DEEP, NOT_FLAT),
    uses=("marion2024.theorem-6.step-1", "marion2024.equation-22", "marion2024.proposition-5.reading-repaired.step-16"),
    first=_by_rate,
    second=_by_targets,
    gallery=({**UNIT, "mean_square": "4/1000000"}, {**UNIT, "mean_square": "6/1000000"}),
    proof=Proof(
        set="all positive numbers",
        argument="Both conditions say that one ratio is at least 1, and squaring keeps the order of positive numbers.",
        steps=(identity("the squared ratio of the sides of the first is C over the loss", _square_of_rate),),
    ),
    mutants=(
        changed("n^4 q^2", second=lambda p: _by_targets(p, p.q)),
        changed("n^3 q^3", second=lambda p: _by_targets(p, p.n)),
        changed("e^K for e^{2K}", second=lambda p: _by_targets(p, exp(p.k))),
        changed("32 for 64", second=lambda p: _by_targets(p, 2)),
    ),
)
