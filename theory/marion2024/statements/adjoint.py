r"""The backward recursion (13), its continuous limit in Appendix A.5, and the energy of the gradient flow (4).

Longer than most: three equations, each with its own instances.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Number, exp, total
from theory.marion2024.setting import PAPER, Numbers
from theory.proofs import identity
from theory.statement import (
    Draw,
    Erratum,
    Fault,
    Hypothesis,
    Identity,
    Inequality,
    Instance,
    Proof,
    changed,
    past_the_slack,
)


@dataclass(frozen=True, kw_only=True)
class LinearLayer(Instance):
    r"""A residual network of one linear layer, :math:`f(h,Z)=Zh` and L = 1, with a linear loss :math:`p_1\cdot h_1`.

    Parameters
    ----------
    matrix
        Z by rows, shape ``(q * q,)``.
    p
        :math:`p_1`, shape ``(q,)``.
    """

    matrix: Numbers
    p: Numbers

    @property
    def size(self) -> int:
        """Return q."""
        return len(self.p)


square = Hypothesis(
    name="square",
    says="Z has q^2 entries",
    holds=lambda p: (len(p.matrix), "==", p.size * p.size),
    standing=True,
)


def _draw_layer(draw: Draw, in_force: frozenset[str]) -> LinearLayer:
    del in_force
    q = draw.integer(1, 3)

    def number() -> Fraction:
        return Fraction(draw.real(-3.0, 3.0)).limit_denominator(100)

    return LinearLayer(matrix=tuple(number() for _ in range(q * q)), p=tuple(number() for _ in range(q)))


def state_gradient(p: Any) -> Numbers:
    r"""Return the gradient of :math:`h_0\mapsto p_1\cdot(h_0+Zh_0)`, entry by entry: the change along each unit vector."""
    matrix = np.asarray(p.matrix).reshape(p.size, p.size)
    unit = np.eye(p.size, dtype=int)
    return np.array([total(np.asarray(p.p) * (unit[j] + total(matrix * unit[j], axis=1))) for j in range(p.size)])


def recursion(p: Any, *, transposed: bool) -> Numbers:
    r"""Return :math:`p_0=p_1+\partial_1f\,p_1`, or with :math:`\partial_1f^\top`."""
    matrix = np.asarray(p.matrix).reshape(p.size, p.size)
    return np.asarray(p.p) + total((matrix.T if transposed else matrix) * np.asarray(p.p), axis=1)


equation_13 = Identity(
    id="marion2024.equation-13",
    title="the backward recursion, as printed",
    says=(
        "p_k = p_{k+1} + (1/L) d_1 f(h_k, Z_{k+1}) p_{k+1}, as displayed, is the gradient with respect to h_k. The Jacobian"
        " must be transposed; every norm bound of the paper survives, since both have the same norm."
    ),
    formula=r"p_k=p_{k+1}+\frac1L\,\partial_1f(h_k,Z_{k+1})\,p_{k+1}",
    source=f"{PAPER}, (13), page 14",
    instance=LinearLayer,
    instances=_draw_layer,
    hypotheses=(square,),
    left=state_gradient,
    right=lambda p, c: recursion(p, transposed=False),
    erratum=Erratum(
        wrong="the Jacobian of a layer acts on covectors by its transpose.",
        line="(13), and the equations for P on pages 27 and 30",
        counterexample={"matrix": [0, 1, 0, 0], "p": [1, 0]},
        repaired="marion2024.equation-13.reading-repaired",
        fault=Fault.SLIP,
    ),
)

equation_13_repaired = replace(
    equation_13,
    id="marion2024.equation-13.reading-repaired",
    title="the backward recursion, transposed",
    says="p_k = p_{k+1} + (1/L) d_1 f(h_k, Z_{k+1})^T p_{k+1}; with it (14)-(16) are the gradients.",
    formula=r"p_k=p_{k+1}+\frac1L\,\partial_1f(h_k,Z_{k+1})^\top p_{k+1}",
    source="ours; repairs (13)",
    ours=True,
    right=lambda p, c: recursion(p, transposed=True),
    erratum=None,
    gallery=({"matrix": [0, 1, 0, 0], "p": [1, 0]},),
    mutants=(changed("not transposed", right=equation_13.right),),
)


@dataclass(frozen=True, kw_only=True)
class ScalarFlow(Instance):
    r"""The scalar limit :math:`\partial_sH=zH` with constant z, and :math:`P(1)`.

    Parameters
    ----------
    z, end
        The weight and :math:`P(1)`.
    s
        A depth in [0, 1].
    """

    z: Number
    end: Number
    s: Number


depth = Hypothesis(
    name="depth",
    says="0 <= s <= 1",
    holds=lambda p: [(p.s, ">=", 0 * p.s), (p.s, "<=", 0 * p.s + 1)],
    standing=True,
)


def _draw_flow(draw: Draw, in_force: frozenset[str]) -> ScalarFlow:
    del in_force
    return ScalarFlow(
        z=Fraction(draw.real(-3.0, 3.0)).limit_denominator(100),
        end=Fraction(draw.real(-3.0, 3.0)).limit_denominator(100) or Fraction(1),
        s=Fraction(draw.real(0.0, 1.0)).limit_denominator(100),
    )


def adjoint(p: Any) -> Number:
    r"""Return the derivative of :math:`P(1)H(1)` in :math:`H(s)`: :math:`P(1)e^{z(1-s)}`, since :math:`H(1)=e^{z(1-s)}H(s)`."""
    return p.end * exp(p.z * (1 - p.s))


equation_44 = Identity(
    id="marion2024.equation-44",
    title="the adjoint equation of the limiting dynamics, as printed",
    says=(
        "P solves dP/ds = d_1 f(H, Z) P from P(1) = 2 B^T (B H(1) - y), as printed. Besides the transpose the sign is wrong:"
        " the backward recursion becomes dP/ds = -d_1 f^T P. The limiting training dynamics as printed are not those of the"
        " network."
    ),
    formula=r"\partial_sP_i=\partial_1f(H_i,Z)\,P_i,\quad P_i(1)=2B^\top(BH_i(1)-y_i)",
    source=f"{PAPER}, (44) and Appendix A.5, pages 27, 28 and 30",
    instance=ScalarFlow,
    instances=_draw_flow,
    hypotheses=(depth,),
    uses=("marion2024.equation-13",),
    left=adjoint,
    right=lambda p, c: p.end * exp(-p.z * (1 - p.s)),
    erratum=Erratum(
        wrong="p_k - p_{k+1} is plus the Jacobian times p_{k+1}, so that the derivative along s is minus it.",
        line="(44), page 28, and the displays of the equation for P, pages 27 and 30",
        counterexample={"z": 1, "end": 1, "s": 0},
        repaired="marion2024.equation-44.reading-repaired",
        fault=Fault.SLIP,
    ),
)


def _adjoint_equation() -> Any:
    import sympy

    z, s, end = sympy.symbols("z s end", real=True)
    solution = end * sympy.exp(z * (1 - s))
    return sympy.simplify(sympy.diff(solution, s) + z * solution)


equation_44_repaired = replace(
    equation_44,
    id="marion2024.equation-44.reading-repaired",
    title="the adjoint equation of the limiting dynamics, repaired",
    says="P solves dP/ds = -d_1 f(H, Z)^T P; for the scalar linear flow P(s) = P(1) e^{z (1 - s)}.",
    formula=r"\partial_sP_i=-\partial_1f(H_i,Z)^\top P_i",
    source="ours; repairs the limiting training dynamics",
    ours=True,
    uses=("marion2024.equation-13.reading-repaired",),
    right=lambda p, c: p.end * exp(p.z * (1 - p.s)),
    erratum=None,
    gallery=({"z": 1, "end": 1, "s": 0},),
    proof=Proof(
        set="every z, P(1), s",
        argument="",
        steps=(identity("P(1) e^{z(1-s)} solves dP/ds = -z P", _adjoint_equation),),
    ),
    mutants=(changed("the printed sign", right=equation_44.right),),
)


@dataclass(frozen=True, kw_only=True)
class QuadraticFlow(Instance):
    r"""The flow (4) of one linear layer with A and B frozen: :math:`\ell=((1+z)x-y)^2`, :math:`\dot z=-2x((1+z)x-y)`.

    Parameters
    ----------
    x, y, z
        The data point and the initial weight.
    t
        The training time.
    """

    x: Number
    y: Number
    z: Number
    t: Number


positive = Hypothesis(
    name="t >= 0, x != 0",
    says="t >= 0 and x is not 0",
    holds=lambda p: [(p.t, ">=", 0 * p.t), (p.x * p.x, ">", 0 * p.t)],
    standing=True,
)


def _draw_quadratic(draw: Draw, in_force: frozenset[str]) -> QuadraticFlow:
    del in_force
    sign = draw.choice((1, -1))
    return QuadraticFlow(
        x=sign * Fraction(draw.positive(0.05, 5.0)).limit_denominator(1000),
        y=Fraction(draw.real(-5.0, 5.0)).limit_denominator(1000),
        z=Fraction(draw.real(-5.0, 5.0)).limit_denominator(1000),
        t=Fraction(draw.positive(1e-4, 10.0)).limit_denominator(10**5) + Fraction(1, 10**5),
    )


def _residual(p: Any) -> Number:
    return (1 + p.z) * p.x - p.y


def squared_motion(p: Any) -> Number:
    r"""Return :math:`|z(t)-z(0)|^2`, by the closed form :math:`z(t)-z(0)=-\frac{r_0}x(1-e^{-2x^2t})`."""
    moved = _residual(p) / p.x * (1 - exp(-2 * p.x * p.x * p.t))
    return moved * moved


def energy_bound(p: Any) -> Number:
    r"""Return :math:`t(\ell(0)-\ell(t))`."""
    residual = _residual(p)
    return p.t * residual * residual * (1 - exp(-4 * p.x * p.x * p.t))


def _cauchy_schwarz() -> Any:
    import sympy

    a, b = sympy.symbols("a b", real=True)
    return sympy.expand(2 * (a**2 + b**2) - (a + b) ** 2 - (a - b) ** 2)


energy = Inequality(
    id="marion2024.equation-4.reading-energy",
    title="the gradient flow cannot diverge in finite time",
    says=(
        "Ours: under (4), for every C^2 layer f and every depth, |A(t) - A(0)|^2 + (1/L) sum |Z_k(t) - Z_k(0)|^2 + |B(t) -"
        " B(0)|^2 <= t (l(0) - l(t)). So the sentence 'without further assumptions, the gradient flow (4) can diverge in"
        " finite time' (page 4) is false at fixed depth; what clipping buys for general f is a bound that does not depend on"
        " L. Checked on a linear layer, whose flow is explicit; equality as t tends to 0."
    ),
    formula=r"|A(t)-A(0)|^2+\frac1L\sum_k|Z_k(t)-Z_k(0)|^2+|B(t)-B(0)|^2\le t\,\big(\ell(0)-\ell(t)\big)",
    source=f"{PAPER}, page 4, ours, against a sentence there",
    ours=True,
    contradicts="page 4: 'Without further assumptions, the gradient flow (4) can diverge in finite time'",
    instance=QuadraticFlow,
    instances=_draw_quadratic,
    hypotheses=(positive,),
    left=squared_motion,
    relation="<=",
    right=lambda p, c: c.c * energy_bound(p),
    constants={"c": Fraction(1)},
    gallery=({"x": 1, "y": 0, "z": 1, "t": "1/100"}, {"x": 1, "y": 0, "z": 1, "t": 1}),
    proof=Proof(
        set="every C^2 layer, depth, data and initial weights, as long as the flow exists, hence for all t",
        argument=(
            "dl/dt = -(|dA/dt|^2 + (1/L) sum |dZ_k/dt|^2 + |dB/dt|^2), as Z_k moves with L times its gradient; integrate, and"
            " use |int v|^2 <= t int |v|^2. A bounded trajectory of a locally Lipschitz field exists for all time."
        ),
        steps=(identity("2 (a^2 + b^2) - (a + b)^2 is a square: |mean|^2 <= mean of squares", _cauchy_schwarz),),
    ),
    mutants=(past_the_slack("c"), changed("t^2 for t", right=lambda p, c: energy_bound(p) * p.t)),
)
