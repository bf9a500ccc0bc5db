r"""Networks :math:`f(h,z)=zh` with one sample, trained by the flow (4), A and B included: all but time is in closed form.

Only :math:`w=Ax/\|x\|` and the first row B of the last map move. With :math:`u_k=1+z_k/L`, :math:`P=\prod u_k`, residual r,

.. math::
    \dot w=-2rP\|x\|B,\quad\dot B=-2rP\|x\|w,\quad\dot z_k=-2r\frac P{u_k}\|x\|\langle B,w\rangle,\qquad
    d\tau=-2rP\|x\|\,dt,

so that :math:`(w,B)` turns by a hyperbolic angle :math:`\tau`, :math:`g=\langle B,w\rangle=\gamma\cosh2\tau+\frac{\|w(0)\|^2
+\|B(0)\|^2}2\sinh2\tau`, and :math:`u_k^2=u_k(0)^2+\frac2L\int_0^\tau g`. The target is named by the angle at which
:math:`F=P\|x\|g` reaches it. The squared gradient over the loss is
:math:`4\|x\|^2P^2(\|w\|^2+\|B\|^2+g^2\,\mathrm{mean}\,u_k^{-2})`, and on a ball it is smallest where all lengths are. The file
is long because it states all of the flow.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from numerics.arithmetic import Kind, Number, absolute, exp, expm1, kind_of, log, log1p, maximum, positive_part, sinh, sqrt
from numerics.ball_integration import integrate, piecewise_holomorphic
from theory.marion2024.setting import Numbers
from theory.statement import Hypothesis, Instance

NODES = 24
"""Nodes of the Gauss rule for the time in floats; its integrand is analytic and almost constant."""
TIME_BITS = 40
"""Relative accuracy to which balls enclose a time: no claim about it is an equality."""


@dataclass(frozen=True, kw_only=True)
class Training(Instance):
    r"""One such network, its training, and a time.

    Parameters
    ----------
    bound, rate
        M and :math:`\mu`.
    a, b, cosine
        :math:`\|w(0)\|`, the norm of the first row of :math:`B^{init}`, and the cosine of their angle: 1 for scalar
        networks, 0 for the printed start.
    columns, rows
        d and d'. The other columns of :math:`A^{init}` and rows of :math:`B^{init}` are unit vectors, orthogonal to all else;
        x has no part in those columns, and the targets of those rows are 0, so that they do not move.
    z
        :math:`z_1(0),\dots,z_L(0)`.
    x
        :math:`\|x\|`.
    end, share
        The angle :math:`\tau_\infty\ne0` at the end of training, and :math:`\tau/\tau_\infty\in[0,1)` now.
    """

    bound: Number
    rate: Number
    a: Number
    b: Number
    cosine: Number
    columns: int
    rows: int
    z: Numbers
    x: Number
    end: Number
    share: Number

    @property
    def depth(self) -> int:
        """Return L."""
        return len(self.z)

    @property
    def now(self) -> Number:
        r"""Return :math:`\tau`."""
        return self.share * self.end

    @property
    def gamma(self) -> Number:
        r"""Return :math:`\langle B(0),w(0)\rangle`."""
        return self.a * self.b * self.cosine

    @property
    def half(self) -> Number:
        r"""Return :math:`\frac12(\|w(0)\|^2+\|B(0)\|^2)`."""
        return (self.a * self.a + self.b * self.b) / 2

    def inner(self, tau: Number) -> Number:
        r"""Return g."""
        return self.gamma * cosh(2 * tau) + self.half * sinh(2 * tau)

    def integral(self, tau: Number, start: Number = 0) -> Number:
        r"""Return :math:`\int g` from ``start`` to ``tau``."""
        return sinh(tau - start) * (self.gamma * cosh(tau + start) + self.half * sinh(tau + start))

    def squares(self, tau: Number) -> list[Number]:
        r"""Return :math:`u_1^2,\dots,u_L^2`."""
        return [(1 + z / self.depth) ** 2 + 2 * self.integral(tau) / self.depth for z in self.z]

    def steps(self, tau: Number) -> list[Number]:
        r"""Return :math:`u_1,\dots,u_L`."""
        return [sqrt(square) for square in self.squares(tau)]

    def lengths(self, tau: Number) -> tuple[Number, Number]:
        r"""Return :math:`\|w\|` and the norm of the first row of B."""
        common = self.half * cosh(2 * tau) + self.gamma * sinh(2 * tau)
        gap = (self.a * self.a - self.b * self.b) / 2
        return sqrt(common + gap), sqrt(common - gap)

    def size(self, tau: Number) -> Number:
        r"""Return :math:`\sqrt\ell=|F(\tau)-F(\tau_\infty)|`, without the cancellation of the difference."""
        there = self.squares(tau)
        log_ratio = sum(log1p(2 * self.integral(self.end, tau) / (self.depth * square)) for square in there) / 2
        gap, both = self.end - tau, self.end + tau
        inner_gap = 2 * sinh(gap) * (self.gamma * sinh(both) + self.half * cosh(both))
        move = expm1(log_ratio) * self.inner(self.end) + inner_gap
        return absolute(self.x * product(self.steps(tau)) * move)

    def slope(self, tau: Number) -> Number:
        r"""Return :math:`-\dot\ell/\ell`, the squared gradient over the loss."""
        w, b = self.lengths(tau)
        squares, inner = self.squares(tau), self.inner(tau)
        mean = sum(1 / square for square in squares) / self.depth
        return 4 * self.x * self.x * product(squares) * (w * w + b * b + inner * inner * mean)

    def speeds(self, tau: Number) -> tuple[Number, Number, list[Number]]:
        r"""Return :math:`\|\dot A\|_F,\|\dot B\|_F` and all :math:`|\dot z_k|`."""
        w, b = self.lengths(tau)
        steps = self.steps(tau)
        factor = 2 * self.size(tau) * product(steps) * self.x
        inner = absolute(self.inner(tau))
        return factor * b, factor * w, [factor * inner / step for step in steps]

    def backward(self, tau: Number) -> list[Number]:
        r"""Return :math:`\|p_L\|,\|p_{L-1}\|,\dots,\|p_0\|`."""
        rows = [2 * self.size(tau) * self.lengths(tau)[1]]
        for step in reversed(self.steps(tau)):
            rows.append(rows[-1] * step)
        return rows

    def moves(self, tau: Number, start: Number) -> tuple[Number, Number, list[Number]]:
        r"""Return the distances of A, B and all :math:`z_k` from where they were at another angle."""
        middle, gap = (tau + start) / 2, 2 * absolute(sinh((tau - start) / 2))
        up, across, mixed = sinh(middle) ** 2, cosh(middle) ** 2, 2 * sinh(middle) * cosh(middle) * self.gamma
        first = gap * sqrt(up * self.a**2 + across * self.b**2 + mixed)
        last = gap * sqrt(up * self.b**2 + across * self.a**2 + mixed)
        change = 2 * absolute(self.integral(tau, start))
        pairs = zip(self.steps(tau), self.steps(start), strict=True)
        return first, last, [change / (u + v) for u, v in pairs]

    def gaps(self, tau: Number) -> list[Number]:
        r"""Return :math:`|z_{k+1}-z_k|`, k = 1, ..., L - 1, by the constancy of :math:`u_{k+1}^2-u_k^2`."""
        start, steps = [1 + z / self.depth for z in self.z], self.steps(tau)
        sums = [(start[k + 1] + start[k]) / (steps[k + 1] + steps[k]) for k in range(self.depth - 1)]
        return [absolute(self.z[k + 1] - self.z[k]) * sums[k] for k in range(self.depth - 1)]

    @cached_property
    def time(self) -> Number:
        r"""Return t, with :math:`\tau'=\tau_\infty(1-e^{-v})` the integral of :math:`\frac{\tau_\infty-\tau'}{2P|x||r|}dv`."""
        stop = -log(1 - self.share)
        if kind_of(stop) is Kind.BALLS:
            return integrate(piecewise_holomorphic(self._time_density), 0, stop, relative_bits=TIME_BITS)
        nodes, weights = np.polynomial.legendre.leggauss(NODES)
        v = stop * (1 + nodes) / 2
        tau = self.end * -np.expm1(-v)
        density = abs(self.end) * np.exp(-v) / (2 * self.x * product(self.steps(tau)) * self.size(tau))
        return stop / 2 * np.sum(weights * density)

    def _time_density(self, v: Any, analytic: bool) -> Any:
        rest = self.end * (-v).exp()
        tau = self.end - rest
        here = product(self.squares(tau)).sqrt(analytic=analytic)
        there = product(self.steps(self.end)) * self.inner(self.end)
        return rest / (2 * here * self.x * self.x * (there - here * self.inner(tau)))

    @cached_property
    def decay(self) -> Number:
        r"""Return :math:`e^{-\mu t/2}`."""
        return exp(-self.rate * self.time / 2)

    @cached_property
    def start_size(self) -> Number:
        r"""Return :math:`\sqrt{\ell(0)}`."""
        return self.size(0 * self.end)

    @property
    def m_a(self) -> Number:
        r"""Return :math:`M_A`: the other columns have norm 1."""
        return (self.a if self.columns == 1 else maximum(self.a, 0 * self.a + 1)) + self.bound

    @property
    def m_b(self) -> Number:
        r"""Return :math:`M_B`."""
        return (self.b if self.rows == 1 else maximum(self.b, 0 * self.b + 1)) + self.bound

    @property
    def m_z(self) -> Number:
        r"""Return :math:`M_Z=K_1`."""
        largest = absolute(self.z[0])
        for z in self.z[1:]:
            largest = maximum(largest, absolute(z))
        return largest + self.bound

    @cached_property
    def k(self) -> Number:
        r"""Return :math:`K=\max(M_Z,e^{M_Z}M_AM_X)`; :math:`K'` is 1."""
        return maximum(self.m_z, exp(self.m_z) * self.m_a * self.x)

    @cached_property
    def three(self) -> tuple[Number, Number, Number]:
        r"""Return :math:`M_BM_X,M_AM_X,M_BK`, the factors of the speeds of A, B and the layers."""
        return self.m_b * self.x, self.m_a * self.x, self.m_b * self.k

    @cached_property
    def needed(self) -> Number:
        r"""Return the right side of (22), with the loss of this network."""
        return rate_22(self.three, self.k, self.bound, self.start_size)

    @cached_property
    def least_slope(self) -> Number:
        r"""Return a lower bound on :math:`-\dot\ell/\ell` in the ball of radius M; for M to 0 it is the value at the centre."""
        one = 0 * self.a + 1
        w = self.a - self.bound
        b = (self.b if self.rows == 1 else -maximum(-self.b, -one)) - self.bound
        inner = positive_part(self.gamma - self.bound * (self.a + self.b) - self.bound * self.bound) * (self.rows == 1)
        squares = [(1 + (z - self.bound) / self.depth) ** 2 for z in self.z]
        mean = sum(product(squares[:k] + squares[k + 1 :]) for k in range(self.depth)) / self.depth
        return 4 * self.x * self.x * (product(squares) * (w * w + b * b) + inner * inner * mean)


def rate_22(three: tuple[Number, ...], k: Number, bound: Number, root_loss: Number) -> Number:
    r"""Return :math:`\max(M_BK,M_BM_X,M_AM_X)\frac{8e^K}M\sqrt{\ell(0)}`, the right side of (22).

    Parameters
    ----------
    three
        The three numbers.
    k, bound, root_loss
        K, M and :math:`\sqrt{\ell(0)}`.

    Returns
    -------
    Number
        The rate.
    """
    largest = three[0]
    for value in three[1:]:
        largest = maximum(largest, value)
    return largest * 8 * exp(k) / bound * root_loss


def cosh(x: Number) -> Number:
    """Return the hyperbolic cosine."""
    return (exp(x) + exp(-x)) / 2


def product(values: list[Number]) -> Number:
    """Return the product of some numbers, 1 for none."""
    result = values[0] if values else 1
    for value in values[1:]:
        result = result * value
    return result


def _bounded(p: Any) -> Any:
    zero, one = 0 * p.bound, 0 * p.bound + 1
    limits = [p.a, p.b, *(p.depth + z for z in p.z), *([one] if p.rows > 1 else [])]
    return [
        *((p.bound, "<", limit) for limit in limits),
        *((value, ">", zero) for value in (p.bound, p.rate, p.x, p.end * p.end)),
        *((value, ">=", zero) for value in (p.cosine, p.share)),
        (p.cosine, "<=", one),
        (p.share, "<", one),
        (min(p.columns, p.rows, p.depth), ">=", 1),
    ]


setting = Hypothesis(
    name="setting",
    says=(
        "a, b, |x|, mu > 0, 0 <= cosine <= 1, a target that is not met at the start, and 0 < M < a, b, L + z_k, so that no"
        " length vanishes in the ball"
    ),
    holds=_bounded,
    standing=True,
)
local = Hypothesis(
    name="local condition",
    says="the (M, mu)-local condition around the start: mu is at most the least squared gradient over loss in the ball",
    holds=lambda p: (p.rate, "<=", p.least_slope),
)
large = Hypothesis(
    name="(22)",
    says="mu >= max(M_B K, M_B M_X, M_A M_X) (8 e^K/M) sqrt(l(0)), which the supremum over L implies",
    holds=lambda p: (p.rate, ">=", p.needed),
)
