r"""Proposition 15 (iii) without a Lipschitz limit: the scheme follows its equation where the weights converge in the mean.

On :math:`U'=\rho(Z(s))U`, :math:`\rho(z)=z` or :math:`z^2/2`, with Z constant but for one jump, both sides are exact; the proof
covers every f of the paper and every bounded measurable Z. Longer than most: one problem with its constants, and a whole proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from numerics.arithmetic import Number, absolute, exp, expm1, maximum, minimum
from theory.marion2024.setting import Numbers, rounded
from theory.proofs import identity
from theory.statement import Draw, Hypothesis, Inequality, Instance, Proof, changed, past_the_slack, scaled


@dataclass(frozen=True, kw_only=True)
class JumpProblem(Instance):
    r"""The equation :math:`U'=\rho(Z)U`, :math:`U(0)=a`, and a scheme with its own start and weights.

    Parameters
    ----------
    a, a_l
        The starts of the equation and of the scheme.
    before, after, jump
        :math:`Z(s)`: ``before`` for s below ``jump``, ``after`` beyond it.
    layers
        :math:`\theta_1,\dots,\theta_L`, shape ``(L,)``.
    square
        1 if :math:`f(h,z)=hz^2/2`, 0 if it is zh.
    """

    a: Number
    a_l: Number
    before: Number
    after: Number
    jump: Number
    layers: Numbers
    square: int

    @property
    def depth(self) -> int:
        """Return L."""
        return len(self.layers)

    def rho(self, z: Number) -> Number:
        r"""Return :math:`\rho(z)`."""
        return z * z / 2 if self.square else z

    @cached_property
    def scheme(self) -> list[Number]:
        r"""Return :math:`u_0,\dots,u_L`."""
        return [self.a_l * (1 + growth) for growth in self.growths]

    @cached_property
    def growths(self) -> list[Number]:
        r"""Return :math:`u_k/u_0-1`, k = 0, ..., L, which keeps small ones accurate."""
        values = [0 * self.a]
        for theta in self.layers:
            values.append(values[-1] + self.rho(theta) * (1 + values[-1]) / self.depth)
        return values

    @property
    def gaps(self) -> Numbers:
        r"""Return :math:`|U(k/L)-u_k|`, k = 0, ..., L."""
        errors = []
        for k, growth in enumerate(self.growths):
            s = (0 * self.a + k) / self.depth
            early = minimum(s, self.jump)
            exact = expm1(self.rho(self.before) * early + self.rho(self.after) * (s - early))
            errors.append(absolute(self.a - self.a_l + self.a * exact - self.a_l * growth))
        return np.array(errors)

    @property
    def pieces(self) -> list[tuple[Number, Number]]:
        r"""Return for each layer the length of its interval before the jump and after it."""
        step = (0 * self.a + 1) / self.depth
        early = [minimum(maximum(self.jump - k * step, 0 * step), step) for k in range(self.depth)]
        return [(length, step - length) for length in early]

    @property
    def mean_distance(self) -> Number:
        r"""Return :math:`\int_0^1|Z(s)-\theta_{\lfloor Ls\rfloor+1}|ds`."""
        parts = zip(self.pieces, self.layers, strict=True)
        return sum(u * absolute(self.before - theta) + v * absolute(self.after - theta) for (u, v), theta in parts)

    @property
    def mean_difference(self) -> Number:
        r"""Return :math:`|\int_0^1(Z(s)-\theta_{\lfloor Ls\rfloor+1})ds|`, which is 0 for a weak limit."""
        parts = zip(self.pieces, self.layers, strict=True)
        return absolute(sum(u * (self.before - theta) + v * (self.after - theta) for (u, v), theta in parts))


def _largest(values: Any) -> Number:
    result = absolute(values[0])
    for value in values[1:]:
        result = maximum(result, absolute(value))
    return result


def constants(p: Any) -> tuple[Number, Number, Number]:
    r"""Return K, K' and F.

    K is the Lipschitz constant of :math:`f(\cdot,Z(s))`; K' that of :math:`f(u_k,\cdot)` on the weights that occur; F the
    largest :math:`|f(u_k,\theta_{k+1})|`.

    Parameters
    ----------
    p
        A lifted problem.

    Returns
    -------
    tuple of Number
        The three constants.
    """
    states = p.scheme[:-1]
    in_weights = _largest([p.before, p.after, *p.layers]) if p.square else 0 * p.a + 1
    speeds = [p.rho(theta) * u for theta, u in zip(p.layers, states, strict=True)]
    return _largest([p.rho(p.before), p.rho(p.after)]), in_weights * _largest(states), _largest(speeds)


def bound(p: Any, c: Any, distance: Number) -> Number:
    r"""Return :math:`c\big(|a^L-a|+c'K'd+c''\frac{KF}{2L}\big)e^K`."""
    k, in_weights, speed = constants(p)
    return c.c * (absolute(p.a_l - p.a) + c.weights * in_weights * distance + c.speed * k * speed / (2 * p.depth)) * exp(k)


setting = Hypothesis(
    name="setting",
    says="a and a^L not 0, 0 <= jump <= 1, L >= 1",
    holds=lambda p: [
        (p.a * p.a, ">", 0 * p.a),
        (p.a_l * p.a_l, ">", 0 * p.a),
        (p.jump, ">=", 0 * p.a),
        (p.jump, "<=", 0 * p.a + 1),
        (p.depth, ">=", 1),
        (p.square * (1 - p.square), "==", 0),
    ],
    standing=True,
)


def _draw(draw: Draw, in_force: frozenset[str]) -> JumpProblem:
    del in_force
    depth, size = draw.integer(1, 12), draw.positive(0.01, 2.0)
    # Weights far from 0: the errors of tiny ones are below rounding.
    before, after = (rounded(size * draw.choice((-1, 1)) * draw.positive(0.01, 1.0)) for _ in range(2))
    kind = draw.choice(("constant", "sampled", "shifted", "any"))
    after = before if kind == "constant" else after
    jump = rounded(draw.real(0.0, 1.0))
    shift = rounded(size * draw.choice((-1, 1)) * draw.positive(0.01, 1.0)) if kind == "shifted" else Fraction(0)
    layers = [(before if Fraction(k, depth) < jump else after) + shift for k in range(depth)]
    if kind == "any":
        layers = [rounded(size * draw.real(-1.0, 1.0)) for _ in range(depth)]
    a = rounded(draw.choice((-1, 1)) * draw.positive(0.01, 10.0))
    a_l = a * draw.choice((Fraction(1), Fraction(1), rounded(draw.real(0.5, 1.5))))
    return JumpProblem(a=a, a_l=a_l, before=before, after=after, jump=jump, layers=tuple(layers), square=draw.choice((0, 1)))


def _step_mean() -> Any:
    import sympy

    s, k, depth = sympy.symbols("s k L", positive=True)
    return sympy.simplify(sympy.integrate(s - k / depth, (s, k / depth, (k + 1) / depth)) - 1 / (2 * depth**2))


def _gronwall() -> Any:
    import sympy

    start, constant, s, r = sympy.symbols("D K s r", positive=True)
    value = start * sympy.exp(constant * s)
    return sympy.simplify(start + sympy.integrate(constant * value.subs(s, r), (r, 0, s)) - value)


CONSTANT = {"a": 1, "a_l": 1, "before": "1/100", "after": "1/100", "jump": 1, "layers": ["1/100"] * 4, "square": 0}
MOVED = {**CONSTANT, "layers": ["3/100"] * 4}
SIGNS = {"a": 1, "a_l": 1, "before": 0, "after": 0, "jump": 1, "layers": [1, -1, 1, -1], "square": 1}
OFF_GRID = {"a": -2, "a_l": "-21/10", "before": 1, "after": -1, "jump": "1/3", "layers": [1, 1, -1, -1, -1], "square": 0}

reading_bound = Inequality(
    id="marion2024.proposition-15.reading-bound",
    title="hidden states follow the equation where the weights converge in the mean",
    says=(
        "Ours: |U(k/L) - u_k| <= (|a^L - a| + K' times the integral of |Z(s) - theta_{floor(Ls)+1}| + K F/(2L)) e^K, for every"
        " bounded measurable Z: neither Lipschitz nor continuous. So conclusion (iii) of Proposition 15 holds from its printed"
        " hypotheses, although its proof goes through Corollary 13 and a Lipschitz Z_inf, which they do not give. Distances in"
        " the mean are needed: weights that tend to Z weakly do not do (f = h z^2/2, layers 1 and -1 in turn)."
    ),
    formula=r"\Big\|U\Big(\frac kL\Big)-u_k\Big\|\le\Big(\|a^L-a\|"
    r"+K'\!\int_0^1\!\|Z(s)-\theta_{\lfloor Ls\rfloor+1}\|ds+\frac{KF}{2L}\Big)e^K",
    source="ours; a proof of Proposition 15 (iii) without a Lipschitz limit",
    ours=True,
    instance=JumpProblem,
    instances=_draw,
    hypotheses=(setting,),
    uses=("marion2024.lemma-17", "marion2024.lemma-19"),
    left=lambda p: p.gaps,
    relation="<=",
    right=lambda p, c: bound(p, c, p.mean_distance),
    constants={"c": Fraction(1), "weights": Fraction(1), "speed": Fraction(1)},
    cost=4,
    gallery=(CONSTANT, MOVED, SIGNS, OFF_GRID, {**CONSTANT, "a_l": 2, "before": 1, "after": 1, "layers": [1]}),
    proof=Proof(
        set="every f of the paper, every bounded measurable Z, L >= 1; and (iii) from the printed hypotheses",
        argument=(
            "Let v be the polygon through the u_k: v' = f(u_k, theta_{k+1}) and |v - u_k| <= (s - k/L) F on its interval. Lemma"
            " 17 gives U. |U - v|(s) <= |a - a^L| + the integral of K' |Z - theta| + K |U - u_k|, where |U - u_k| <= |U - v| +"
            " (s - k/L) F, and Gronwall's inequality gives the bound. For (iii): by Lemma 19 Z^L_{floor(Ls)}(t) tends to"
            " Z_inf(s) uniformly in s as L and t grow, so Z_inf is a uniform limit of step functions, bounded and measurable;"
            " weights stay in one compact set, and states in another for all x in X, by f(0, .) = 0. The scheme uses"
            " Z^L_{floor(Ls)+1}, that is s moved by 1/L: its distance to Z_inf in the mean is at most the uniform one plus the"
            " integral of |Z_inf(s + 1/L) - Z_inf(s)| plus a multiple of 1/L at the end, and translations are continuous in the"
            " mean. Between the k/L U moves by at most K sup|U|/L. (iv): outputs are products of two convergent factors, and"
            " the loss tends to 0 along the joint limit by hypothesis (iii)."
        ),
        steps=(
            identity("the mean of s - k/L over a step adds up to 1/(2L)", _step_mean),
            identity("D e^{Ks} solves the equation of Gronwall's inequality", _gronwall),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        scaled("weights", Fraction(9, 10)),
        scaled("speed", Fraction(9, 10)),
        changed("the mean difference for the distance in the mean", right=lambda p, c: bound(p, c, p.mean_difference)),
    ),
)
