r"""The residual networks on which the steps of the proof of Proposition 5 are tried, with every quantity of Appendix B.5.

The activation is a :class:`Wave`, so that :math:`K_\sigma`, :math:`M_\sigma` and :math:`\eta_r` are exact. Three conditions on
the weights are used: within M of their start, (47), and (48). With :math:`\|\bar W\|_F\le\sqrt{2qm}` each implies the next.
The file is long because it states every quantity and every hypothesis of the appendix; the instances are drawn elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np

from numerics.arithmetic import Kind, Number, kind_of, maximum, sqrt, total
from numerics.eigenvalues import enclose_largest_eigenvalue
from theory.marion2024.polyak_lojasiewicz import Constants
from theory.marion2024.setting import Numbers, matrix, smallest_singular_value
from theory.marion2024.statements.proposition_7_layers import length
from theory.marion2024.waves import Wave
from theory.statement import Hypothesis, Instance


@dataclass(frozen=True, kw_only=True)
class NearStart(Instance):
    r"""A residual network (46) with its initialisation and its data.

    Parameters
    ----------
    odd, even, amplitude, frequency
        The activation; see :class:`Wave`.
    degree
        r.
    d, rows, depth
        d; the number of different rows of a :math:`W_k`; L.
    a, b
        A and B, row by row, shapes ``(q d,)`` and ``(d' q,)``.
    v, w
        The different columns of all :math:`V_k` and rows of all :math:`W_k`, shape ``(L q rows,)`` each.
    start
        The different rows of :math:`\bar W`, shape ``(rows q,)``.
    x, y
        The data, shapes ``(d n,)`` and ``(d' n,)``; columns are samples.
    copies
        How often each of those rows and columns is repeated, so that the width is ``rows * copies``: a way to be as wide as
        Proposition 5 asks for.
    """

    odd: int
    even: int
    amplitude: Number
    frequency: Number
    degree: int
    d: int
    rows: int
    depth: int
    a: Numbers
    b: Numbers
    v: Numbers
    w: Numbers
    start: Numbers
    x: Numbers
    y: Numbers
    copies: int = 1

    @property
    def q(self) -> int:
        """Return q."""
        return len(self.a) // self.d

    @property
    def d_out(self) -> int:
        """Return d'."""
        return len(self.b) // self.q

    @property
    def n(self) -> int:
        """Return n."""
        return len(self.x) // self.d

    @property
    def m(self) -> int:
        """Return the width m."""
        return self.rows * self.copies

    @property
    def wave(self) -> Wave:
        """Return the activation."""
        return Wave(odd=self.odd, even=self.even, amplitude=self.amplitude, frequency=self.frequency)

    @cached_property
    def constants(self) -> Constants:
        """Return the constants of page 35, with the absolute value of the coefficient."""
        return Constants(lipschitz=self.wave.lipschitz, coefficient=self.wave.coefficient(self.degree))

    def root(self, number: int) -> Number:
        """Return the root of an integer in the arithmetic of the data."""
        return sqrt(0 * self.amplitude + number)

    def size(self, different: Numbers) -> Number:
        """Return the Frobenius norm of a matrix whose different rows or columns are given."""
        return self.root(self.copies) * frobenius(different)

    @property
    def first(self) -> Numbers:
        """Return A."""
        return matrix(self.a, self.q, self.d)

    @property
    def last(self) -> Numbers:
        """Return B."""
        return matrix(self.b, self.d_out, self.q)

    @property
    def inputs(self) -> Numbers:
        """Return x, shape ``(d, n)``."""
        return matrix(self.x, self.d, self.n)

    @cached_property
    def outer(self) -> list[Numbers]:
        r"""Return the different columns of :math:`V_1,\dots,V_L`, shape ``(q, rows)`` each."""
        return list(np.asarray(self.v).reshape(self.depth, self.q, self.rows))

    @cached_property
    def inner(self) -> list[Numbers]:
        r"""Return the different rows of :math:`W_1,\dots,W_L`, shape ``(rows, q)`` each."""
        return list(np.asarray(self.w).reshape(self.depth, self.rows, self.q))

    @property
    def initial(self) -> Numbers:
        r"""Return the different rows of :math:`\bar W`."""
        return matrix(self.start, self.rows, self.q)

    @cached_property
    def _forward(self) -> tuple[list[Numbers], list[Numbers]]:
        states, before = [self.first @ self.inputs], []
        for v, w in zip(self.outer, self.inner, strict=True):
            before.append(w @ states[-1] / self.root(self.q))
            step = self.copies * (v @ self.wave.value(before[-1])) / (self.depth * self.root(self.m))
            states.append(states[-1] + step)
        return states, before

    @property
    def states(self) -> list[Numbers]:
        r"""Return :math:`h_0,\dots,h_L`, shape ``(q, n)`` each."""
        return self._forward[0]

    @cached_property
    def active(self) -> list[Numbers]:
        r"""Return the different rows of :math:`\sigma(W_{k+1}h_k/\sqrt q)`, k = 0, ..., L - 1."""
        return [self.wave.value(before) for before in self._forward[1]]

    @property
    def starting(self) -> Numbers:
        r"""Return the different rows of :math:`\sigma(\bar W\bar Ax/\sqrt q)`."""
        return self.wave.value(self.initial[:, : self.d] @ self.inputs / self.root(self.q))

    @cached_property
    def residual(self) -> Numbers:
        r"""Return :math:`Bh_L-y`, shape ``(d', n)``."""
        return self.last @ self.states[-1] - matrix(self.y, self.d_out, self.n)

    @property
    def root_loss(self) -> Number:
        r"""Return :math:`\sqrt\ell`."""
        return frobenius(self.residual) / self.root(self.n)

    @cached_property
    def adjoints(self) -> list[Numbers]:
        r"""Return :math:`p_0,\dots,p_L`, the derivatives of the loss in the states, by the printed recursion."""
        rows = [2 * (self.last.T @ self.residual) / self.n]
        for v, w, before in zip(self.outer[::-1], self.inner[::-1], self._forward[1][::-1], strict=True):
            inside = w.T @ ((v.T @ rows[-1]) * self.wave.slope(before))
            rows.append(rows[-1] + self.copies * inside / (self.depth * self.root(self.q * self.m)))
        return rows[::-1]

    def outer_gradient(self, k: int) -> Numbers:
        r"""Return the different columns of :math:`\partial\ell/\partial V_{k+1}=\frac1{L\sqrt m}p_{k+1}\sigma(\cdot)^\top`."""
        return self.adjoints[k + 1] @ self.active[k].T / (self.depth * self.root(self.m))

    def inner_gradient(self, k: int) -> Numbers:
        r"""Return the different rows of :math:`\partial\ell/\partial W_{k+1}`."""
        inside = (self.outer[k].T @ self.adjoints[k + 1]) * self.wave.slope(self._forward[1][k])
        return inside @ self.states[k].T / (self.depth * self.root(self.q * self.m))

    def smallest(self, different: Numbers) -> Number:
        """Return the last of the ``min(m, n)`` singular values of a matrix whose different rows are given."""
        return self.root(self.copies) * last_singular_value(different)

    def moved(self) -> list[tuple[Number, Number, Number]]:
        r"""Return :math:`\|V_k\|_F`, :math:`\|W_k-\bar W\|_F` and :math:`\|W_k\|_F` for k = 1, ..., L."""
        pairs = zip(self.outer, self.inner, strict=True)
        return [(self.size(v), self.size(w - self.initial), self.size(w)) for v, w in pairs]

    @property
    def first_move(self) -> Number:
        r"""Return :math:`\|A-\bar A\|_F`, :math:`\bar A=(I;0)`."""
        return frobenius(self.first - np.eye(self.q, self.d, dtype=int))

    @property
    def last_move(self) -> Number:
        r"""Return :math:`\|B-\bar B\|_F`, :math:`\bar B=(0,I)`."""
        return frobenius(self.last - np.eye(self.d_out, self.q, self.q - self.d_out, dtype=int))


def frobenius(entries: Numbers) -> Number:
    """Return the Frobenius norm; a ball whose square reaches below 0 is cut there, as differences of equal matrices need."""
    return length(np.ravel(entries))


def last_singular_value(a: Numbers) -> Number:
    r"""Return :math:`s_{\min}(A)`, the last of the singular values; of one row or column its exact norm."""
    return frobenius(a) if min(a.shape) == 1 else smallest_singular_value(a)


def operator_norm(a: Numbers) -> Number:
    r"""Return :math:`\|A\|_2`."""
    if min(a.shape) == 1:
        return frobenius(a)
    if kind_of(a) is not Kind.BALLS:
        return np.linalg.norm(np.asarray(a, dtype=float), 2)
    return sqrt(enclose_largest_eigenvalue(a.T @ a))


def _shapes(p: Any) -> Any:
    q, d_out, n = p.q, p.d_out, p.n
    sizes = [(p.a, q * p.d), (p.b, d_out * q), (p.x, p.d * n), (p.y, d_out * n), (p.start, p.rows * q)]
    sizes += [(p.v, p.depth * q * p.rows), (p.w, p.depth * q * p.rows)]
    return [(len(entries), "==", count) for entries, count in sizes]


def _part(p: Any) -> int:
    """Return 1 if the coefficient of degree r is not 0."""
    return int(p.odd if p.degree % 2 else p.even)


setting = Hypothesis(
    name="setting",
    says="q >= d + d', n, m, L >= 1, r >= 2 with eta_r not 0, |x_i|^2 <= q (equal in the proposition), sigma a wave",
    holds=lambda p: [
        (min(p.d, p.rows, p.depth, p.copies), ">=", 1),
        (p.q, ">=", p.d + p.d_out),
        (min(p.d_out, p.n), ">=", 1),
        *_shapes(p),
        (max(p.odd, p.even), "==", 1),
        (min(p.odd, p.even), ">=", 0),
        (p.amplitude, ">", 0 * p.amplitude),
        (p.frequency, ">", 0 * p.amplitude),
        (p.degree, ">=", 2),
        (_part(p), "==", 1),
        *((total(column * column), "<=", 0 * p.amplitude + p.q) for column in p.inputs.T),
    ],
    standing=True,
)
norm_event = Hypothesis(
    name="|W(0)| <= sqrt(2qm)",
    says="the event of Lemma 20, with M_W = sqrt 2: the initial W has Frobenius norm at most sqrt(2qm)",
    holds=lambda p: (p.copies * total(p.start * p.start), "<=", 0 * p.amplitude + 2 * p.q * p.m),
)


def largest(values: list[Number]) -> Number:
    """Return the largest of some numbers; of balls the hull where their order is not certain."""
    return reduce(maximum, values)


def _within(p: Any) -> Any:
    moves = [p.first_move, p.last_move, *(v + w for v, w, _ in p.moved())]
    return (largest(moves), "<=", p.constants.reach(p.n, p.q))


within = Hypothesis(
    name="within M",
    says="A, B and every (V_k, W_k) are within M of their start, as in Definition 1: |V_k| + |W_k - W(0)| <= M",
    holds=_within,
)


def _halves(p: Any) -> Any:
    half = (0 * p.amplitude + 1) / 2
    moves = [p.last_move, *(move for v, w, _ in p.moved() for move in (v / 2, w))]
    return [(p.first_move, "<=", p.constants.reach(p.n, p.q)), (largest(moves), "<=", half)]


line_47 = Hypothesis(
    name="(47)",
    says="|A - A(0)| <= M, |B - B(0)| <= 1/2, |V_k| <= 1, |W_k - W(0)| <= 1/2",
    holds=_halves,
)


def _bounds(p: Any) -> Any:
    one = 0 * p.amplitude + 1
    ends = [(operator_norm(p.first), "<=", 2 * one), (operator_norm(p.last), "<=", 3 * one / 2)]
    ends.append((last_singular_value(p.last), ">=", one / 2))
    moves = [move for v, _, w in p.moved() for move in (v, w / (2 * p.root(2 * p.q * p.m)))]
    return [*ends, (largest(moves), "<=", one)]


line_48 = Hypothesis(
    name="(48)",
    says="|A|_2 <= 2, s_min(B) >= 1/2, |B|_2 <= 3/2, |V_k| <= 1, |W_k| <= 2 sqrt(2qm)",
    holds=_bounds,
)
has_loss = Hypothesis(
    name="a loss",
    says="the loss is not 0, so that both sides are positive",
    holds=lambda p: (total(np.ravel(p.residual) ** 2), ">", 0 * p.amplitude),
    standing=True,
)
deep = Hypothesis(
    name="L >= 3 K",
    says="L >= 3 K_sigma, which follows from L >= c_2 sqrt(nq), as c_2 >= 128 sqrt(pi) K_sigma",
    holds=lambda p: (0 * p.amplitude + p.depth, ">=", 3 * p.wave.lipschitz),
)
tall = Hypothesis(
    name="m >= n",
    says="m >= n, and the repeated rows of W(0) are n at least",
    holds=lambda p: (p.rows, ">=", p.n),
)
event = Hypothesis(
    name="s_min >= sqrt(m) eta/4",
    says="the event of Lemma 21: s_min of the features of the start is at least sqrt(m) eta_r/4",
    holds=lambda p: (p.smallest(p.starting), ">=", p.root(p.m) * p.constants.coefficient / 4),
)
wide = Hypothesis(
    name="m >= c_1 n",
    says="m >= c_1 n",
    holds=lambda p: (0 * p.amplitude + p.m, ">=", p.constants.c_1 * p.n),
)
deepest = Hypothesis(
    name="L >= c_2 sqrt(nq)",
    says="L >= c_2 sqrt(nq)",
    holds=lambda p: (0 * p.amplitude + p.depth, ">=", p.constants.c_2 * p.root(p.n * p.q)),
)
bounded = Hypothesis(
    name="eta <= 1",
    says="eta_r <= 1, which |sigma| <= 1 implies",
    holds=lambda p: (p.constants.coefficient, "<=", 0 * p.amplitude + 1),
)
