"""Proposition 2 on a scalar equation, where both sides are explicit: smooth, rough and kinked weights."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Number
from theory.marion2024.setting import rounded
from theory.statement import Draw, Instance, Limit, changed


@dataclass(frozen=True, kw_only=True)
class ScalarEquation(Instance):
    r"""The equation :math:`H'=\theta(s)H`, :math:`\theta=a+bs`.

    Parameters
    ----------
    a, b
        The coefficients.
    """

    a: Number
    b: Number


def _draw_scalar(draw: Draw, in_force: frozenset[str]) -> ScalarEquation:
    del in_force
    return ScalarEquation(a=rounded(draw.real(-2.0, 2.0)), b=rounded(draw.real(0.5, 2.0)))


def product_error(p: Any, depth: Number) -> float:
    r"""Return :math:`|\prod_k(1+\theta(k/L)/L)-e^{a+b/2}|`."""
    s = np.arange(1, int(depth) + 1) / int(depth)
    return abs(math.exp(float(np.log1p((p.a + p.b * s) / int(depth)).sum())) - math.exp(p.a + p.b / 2))


def rough_product_error(p: Any, depth: Number) -> float:
    r"""Return the same for :math:`\theta=a+b\sum_k2^{-k/2}\cos(2\pi2^ks)`, of Hölder exponent 1/2 and mean a.

    At depth :math:`2^j` all terms beyond j are 1 at every layer, so that the mean of the layers is off by order
    :math:`2^{-j/2}`.

    Parameters
    ----------
    p
        A lifted equation.
    depth
        The depth L, a power of 2.

    Returns
    -------
    float
        The error.
    """
    s = np.arange(1, int(depth) + 1) / int(depth)
    waves = sum(2.0 ** (-k / 2) * np.cos(2 * np.pi * np.remainder(2.0**k * s, 1.0)) for k in range(40))
    return abs(math.exp(float(np.log1p((p.a + p.b * waves) / int(depth)).sum())) - math.exp(p.a))


proposition_2_scalar = Limit(
    id="marion2024.proposition-2.reading-scalar",
    title="the order of the discretization where both sides are explicit",
    says=(
        "Ours: for f = theta h, theta = a + b s, the product of (1 + theta(k/L)/L) tends to e^(a + b/2) with an error of"
        " order 1/L. With a theta of Hölder exponent 1/2 (Weierstrass) and depths that are powers of 2 the order is 1/2:"
        " Lipschitz is needed."
    ),
    formula=r"\Big|\prod_{k\le L}\Big(1+\frac{\theta(k/L)}L\Big)-e^{\int\theta}\Big|=O(1/L)",
    source="ours; Proposition 2 on a scalar equation",
    ours=True,
    instance=ScalarEquation,
    instances=_draw_scalar,
    gallery=({"a": 1, "b": 1}, {"a": "-1/2", "b": 2}),
    quantity=product_error,
    limit=lambda p: 0.0,
    scales=tuple(Fraction(2**k) for k in range(5, 14)),
    rate=Fraction(1),
    levels=2,
    draws=16,
    mutants=(changed("Hölder exponent 1/2", quantity=rough_product_error), changed("order 2", rate=Fraction(2))),
)

proposition_2_rough = replace(
    proposition_2_scalar,
    id="marion2024.proposition-2.reading-rough",
    title="the order of the discretization for weights of Hölder exponent 1/2",
    says="Ours, the negative control: for the Weierstrass function the error is of order L^(-1/2) along powers of 2.",
    formula=r"\Big|\prod_{k\le L}\Big(1+\frac{\theta(k/L)}L\Big)-e^{\int\theta}\Big|\asymp L^{-1/2}",
    source="ours; a control of Proposition 2",
    quantity=rough_product_error,
    scales=tuple(Fraction(4**k) for k in range(3, 9)),
    rate=Fraction(1, 2),
    levels=0,
    draws=8,
    mutants=(changed("smooth weights", quantity=product_error), changed("order 1", rate=Fraction(1))),
)


def kinked_product_error(p: Any, depth: Number, integral: float | None = None) -> float:
    r"""Return the same for :math:`\theta=\max(0,a+bs)`, of integral :math:`\frac{(a+b)_+^2-a_+^2}{2b}` or the one given."""
    s = np.arange(1, int(depth) + 1) / int(depth)
    integral = (max(p.a + p.b, 0.0) ** 2 - max(p.a, 0.0) ** 2) / (2 * p.b) if integral is None else integral
    return abs(math.exp(float(np.log1p(np.maximum(p.a + p.b * s, 0) / int(depth)).sum())) - math.exp(integral))


proposition_2_relu = replace(
    proposition_2_scalar,
    id="marion2024.proposition-2.reading-relu",
    title="the order of the discretization with ReLU",
    says=(
        "Ours: ReLU is Lipschitz, which is all that Proposition 2 uses: for the layer V relu(Wh) with V = 1, W = a + b s and"
        " h > 0, that is theta = max(0, a + b s), the order is 1 although a kink lies inside. The kink costs smoothness in"
        " training (Appendix D), not consistency of given weights."
    ),
    formula=r"\Big|\prod_{k\le L}\Big(1+\frac{\mathrm{relu}(\theta(k/L))}L\Big)-e^{\int\mathrm{relu}(\theta)}\Big|=O(1/L)",
    quantity=kinked_product_error,
    gallery=({"a": "-1/3", "b": 1}, {"a": "-1/2", "b": 2}),
    levels=0,
    draws=0,
    mutants=(
        changed("the kink ignored", quantity=lambda p, depth: kinked_product_error(p, depth, p.a + p.b / 2)),
        changed("order 2", rate=Fraction(2)),
    ),
)
