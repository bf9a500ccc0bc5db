r"""Proposition 11 and Corollary 12: the Euler scheme of a parameterized differential equation, and the bounds (35), (36).

On :math:`U'=\Theta(s)U` with affine :math:`\Theta` both sides are exact; the proofs cover every g. Longer than most: the bounds
share one problem with all its constants.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from numerics.arithmetic import Number, absolute, exp, maximum
from theory.marion2024.setting import PAPER, Numbers, rounded
from theory.proofs import identity
from theory.statement import (
    Draw,
    Hidden,
    Hypothesis,
    Inequality,
    Instance,
    Limit,
    Mutant,
    Proof,
    changed,
    past_the_slack,
    scaled,
)

WHERE = f"{PAPER}, proof of Proposition 11, page 24"


@dataclass(frozen=True, kw_only=True)
class EulerProblem(Instance):
    r"""The equation :math:`U'=(\theta_0+\beta s)U`, :math:`U(0)=a`, and a scheme with its own start and parameters.

    Parameters
    ----------
    a, a_l
        The starts of the equation and of the scheme.
    start, slope
        The numbers :math:`\theta_0` and :math:`\beta\ge0` of :math:`\Theta(s)=\theta_0+\beta s`.
    deviations
        The differences :math:`\theta_k^L-\Theta(\frac{k-1}{L-1})`, shape ``(L,)``; for L = 1 at s = 0.
    layer, part
        The time :math:`s=(\text{layer}+\text{part})/L` with part in [0, 1), used by (36) alone: its layer is floor(Ls).
    """

    a: Number
    a_l: Number
    start: Number
    slope: Number
    deviations: Numbers
    layer: int
    part: Number

    @property
    def depth(self) -> int:
        """Return L."""
        return len(self.deviations)

    def parameter(self, s: Number) -> Number:
        r"""Return :math:`\Theta(s)`."""
        return self.start + self.slope * s

    def exact(self, s: Number) -> Number:
        r"""Return :math:`U(s)=a\exp(\theta_0s+\beta s^2/2)`."""
        return self.a * exp(self.start * s + self.slope * s * s / 2)

    @property
    def grid(self) -> list[Fraction]:
        r"""Return the points :math:`\frac{k-1}{L-1}` at which the scheme samples :math:`\Theta`."""
        return [Fraction(k, max(1, self.depth - 1)) for k in range(self.depth)]

    @cached_property
    def layers(self) -> list[Number]:
        r"""Return the parameters :math:`\theta_1^L,\dots,\theta_L^L`."""
        sampled = [self.start + self.slope * point.numerator / point.denominator for point in self.grid]
        return [value + gap for value, gap in zip(sampled, self.deviations, strict=True)]

    @cached_property
    def scheme(self) -> list[Number]:
        r"""Return :math:`u_0,\dots,u_L`."""
        values = [self.a_l + 0 * self.a]
        for theta in self.layers:
            values.append(values[-1] + values[-1] * theta / self.depth)
        return values

    @cached_property
    def gaps(self) -> Numbers:
        r"""Return :math:`\Delta_k=|U(k/L)-u_k|`, k = 0, ..., L."""
        zero = 0 * self.a
        times = [(zero + k) / self.depth for k in range(self.depth + 1)]
        return np.array([absolute(self.exact(t) - u) for t, u in zip(times, self.scheme, strict=True)])

    @property
    def sampling(self) -> Number:
        r"""Return :math:`\sup_s|\Theta(s)-\Theta^L(s)|`: on a piece the extremes are at its ends, one of them as a limit."""
        result = 0 * self.a
        step = self.slope / max(1, self.depth - 1)
        for index, gap in enumerate(self.deviations):
            result = maximum(result, absolute(gap))
            # The last parameter rules at s = 1 alone, unless there is no other.
            if index < self.depth - 1 or self.depth == 1:
                result = maximum(result, absolute(gap - step))
        return result

    @cached_property
    def parameter_bound(self) -> Number:
        r"""Return M, a bound of the parameters and of :math:`\Theta`."""
        result = maximum(absolute(self.start), absolute(self.start + self.slope))
        for theta in self.layers:
            result = maximum(result, absolute(theta))
        return result

    @property
    def state_bound(self) -> Number:
        r"""Return :math:`D_Ee^M`, the bound of U and u that the proof gives."""
        return maximum(absolute(self.a), absolute(self.a_l)) * exp(self.parameter_bound)

    @cached_property
    def lipschitz(self) -> Number:
        r"""Return C, that of :math:`g(u,\theta)=\theta u` on :math:`|u|\le D_Ee^M,|\theta|\le M` for the sum norm."""
        return maximum(self.parameter_bound, self.state_bound)

    @property
    def speed_lipschitz(self) -> Number:
        r"""Return :math:`\tilde C=\sup|U''|`, :math:`U''=(\beta+\Theta^2)U`: its derivative has the sign of :math:`\Theta`."""
        ends = (self.start, self.a), (self.start + self.slope, self.exact(0 * self.a + 1))
        values = [(self.slope + theta * theta) * absolute(u) for theta, u in ends]
        return maximum(values[0], values[1])

    @property
    def state_lipschitz(self) -> Number:
        r"""Return :math:`C_U=\sup|\Theta U|`; :math:`(\Theta U)'=(\beta+\Theta^2)U` keeps its sign, so an end has it."""
        end = absolute((self.start + self.slope) * self.exact(0 * self.a + 1))
        return maximum(absolute(self.start * self.a), end)


setting = Hypothesis(
    name="slope >= 0",
    says="beta >= 0, a and a^L not 0, L >= 1, 0 <= s <= 1 (a family on which every constant is exact)",
    holds=lambda p: [
        (p.slope, ">=", 0 * p.a),
        (p.depth, ">=", 1),
        (p.a * p.a, ">", 0 * p.a),
        (p.a_l * p.a_l, ">", 0 * p.a),
        (p.layer, ">=", 0),
        (p.part, ">=", 0 * p.a),
        (p.part, "<", 0 * p.a + 1),
        (p.layer + p.part, "<=", 0 * p.a + p.depth),
    ],
    standing=True,
)
not_zero = Hypothesis(
    name="C > 0",
    says="Theta is not 0, so that the constant C in the denominator is positive",
    holds=lambda p: (p.start * p.start + p.slope * p.slope, ">", 0 * p.a),
    standing=True,
)


def _draw(draw: Draw, in_force: frozenset[str]) -> EulerProblem:
    del in_force
    depth = draw.integer(1, 8)
    a = draw.choice((1, -1)) * rounded(draw.positive(0.001, 100.0))
    a_l = a + draw.choice((0, 1)) * rounded(draw.real(-1.0, 1.0)) * a / 2
    start = rounded(draw.choice((-1, 1)) * draw.positive(0.01, 3.0))
    slope = draw.choice((0, 1)) * rounded(draw.positive(0.01, 5.0))
    kind = draw.choice(("none", "one side", "any"))
    size = draw.positive(0.001, 1.0)
    gaps = [draw.real(-1.0, 1.0) for _ in range(depth)]
    shift = {"none": 0.0, "one side": 1.0, "any": 1.0}[kind] * size
    deviations = tuple(rounded(shift * (gap if kind == "any" else 1.0)) for gap in gaps)
    layer, part = draw.integer(0, depth - 1), rounded(draw.real(0.0, 0.99))
    return EulerProblem(a=a, a_l=a_l, start=start, slope=slope, deviations=deviations, layer=layer, part=part)


def printed_bound(p: Any, c: Any) -> Number:
    r"""Return :math:`c\,(|a^L-a|+\sup|\Theta-\Theta^L|+\frac{C_\Theta}L+c'\frac{\tilde C}{LC})e^C`."""
    inside = absolute(p.a_l - p.a) + c.parameters * (p.sampling + p.slope / p.depth)
    return c.c * (inside + c.speed * p.speed_lipschitz / (p.depth * p.lipschitz)) * exp(p.lipschitz)


def sharper_bound(p: Any, c: Any) -> Number:
    r"""Return :math:`|a^L-a|G+(\sup|\Theta-\Theta^L|+\frac{C_\Theta}L+\frac{\tilde C}{2LC})(G-1)`, :math:`G=(1+C/L)^L`."""
    growth = (1 + p.lipschitz / p.depth) ** p.depth
    inside = c.parameters * (p.sampling + p.slope / p.depth) + c.speed * p.speed_lipschitz / (p.depth * p.lipschitz)
    return c.c * (absolute(p.a_l - p.a) * growth + inside * (growth - 1))


def _with_local_constant(bound: Callable[[Any, Any], Number]) -> Mutant:
    """Return the mutant whose C is the Lipschitz constant in u alone, as C is first introduced."""

    def right(p: Any, c: Any) -> Number:
        local = replace(p)
        object.__setattr__(local, "lipschitz", p.parameter_bound)
        return bound(local, c)

    return Mutant(name="C for u alone", change=lambda entry, _tightest: replace(entry, right=right), tries=(OFF,))


def recursion_identity() -> Any:
    """Return the recursion Delta -> (1 + C/L) Delta + (C/L) B at the closed form G^k (D + B) - B, which must be 0."""
    import sympy

    c, depth, b, d, power = sympy.symbols("C L B D g", positive=True)
    growth = 1 + c / depth
    return sympy.expand(growth * (power * (d + b) - b) + c / depth * b - (power * growth * (d + b) - b))


def remainder_identity() -> Any:
    """Return the integral of the weight of the remainder over one step less 1/(2 L^2)."""
    import sympy

    s, k, depth = sympy.symbols("s k L", positive=True)
    weight = sympy.integrate((k + 1) / depth - s, s)
    return sympy.together(weight.subs(s, (k + 1) / depth) - weight.subs(s, k / depth) - 1 / (2 * depth**2))


def spacing_identity() -> Any:
    """Return k/(L-1) - k/L less 1/L, which is -(L - 1 - k)/(L (L - 1)), not positive for k <= L - 1."""
    import sympy

    k, depth = sympy.symbols("k L", positive=True)
    return sympy.together(k / (depth - 1) - k / depth - 1 / depth + (depth - 1 - k) / (depth * (depth - 1)))


def part_identity() -> Any:
    """Return (k + p)/L - k/L less p/L."""
    import sympy

    k, part, depth = sympy.symbols("k p L", positive=True)
    return sympy.together((k + part) / depth - k / depth - part / depth)


def closed_form() -> Any:
    """Return the derivative of exp(theta_0 s + beta s^2/2) over itself less theta_0 + beta s."""
    import sympy

    s, start, slope = sympy.symbols("s theta beta", positive=True)
    value = sympy.exp(start * s + slope * s**2 / 2)
    return sympy.simplify(sympy.diff(value, s) / value - start - slope * s)


CONSTANT = {"a": "1/100", "a_l": "1/100", "start": "1/10", "slope": 0, "deviations": [0] * 32, "layer": 32, "part": 0}
FAR = {"a": "1/1000", "a_l": "1/10", "start": "1/10", "slope": 0, "deviations": [0] * 32, "layer": 32, "part": 0}
OFF = {"a": 100, "a_l": 100, "start": "1/100", "slope": 0, "deviations": [1], "layer": 1, "part": 0}
STEEP = {"a": 10, "a_l": 10, "start": 1, "slope": 1, "deviations": [0, 0], "layer": 1, "part": 0}
PROOF = Proof(
    set="every g of class C^1 with g(0, .) = 0, every Lipschitz Theta, every scheme, L >= 1",
    argument=(
        "Delta_{k+1} <= (1 + C/L) Delta_k + (C/L)(sup |Theta - Theta^L| + C_Theta/L + C~/(2LC)), since the weight (k+1)/L - s"
        " of the remainder has integral 1/(2 L^2) and |k/L - k/(L-1)| <= 1/L. Solved exactly the recursion gives"
        " G^k Delta_0 + B (G^k - 1), G = 1 + C/L, and G^L <= e^C."
    ),
    steps=(
        identity("G^k (D + B) - B solves the recursion", recursion_identity),
        identity("the weight of the remainder has integral 1/(2 L^2)", remainder_identity),
        identity("k/(L-1) - k/L <= 1/L for k <= L - 1", spacing_identity),
    ),
)

equation_35 = Inequality(
    id="marion2024.equation-35",
    title="the error of the Euler scheme at its own times",
    says=(
        "|U(k/L) - u_k| <= (|a^L - a| + sup |Theta - Theta^L| + C_Theta/L + C~/(LC)) e^C for every k. C is introduced as the"
        " Lipschitz constant of g in u; it must be that of g in both arguments on a compact set, as the proof redefines it:"
        " with the first the bound fails when a is large. True with room: see reading-sharp."
    ),
    formula=r"\Big\|U\Big(\frac kL\Big)-u_k\Big\|"
    r"\le\Big(\|a^L-a\|+\sup_s\|\Theta-\Theta^L\|+\frac{C_\Theta}L+\frac{\tilde C}{LC}\Big)e^C",
    source=WHERE,
    instance=EulerProblem,
    instances=_draw,
    hypotheses=(setting, not_zero),
    hidden=(
        Hidden(
            says="C bounds the derivative of g in theta too",
            where="'we still let C be its Lipschitz constant', page 24",
            finding="without it (C for u alone, as first introduced) the bound fails",
        ),
        Hidden(
            says="L >= 2",
            where="theta_{k+1} = Theta^L(k/(L-1))",
            finding="not needed: for L = 1 the only parameter is Theta^L(0)",
        ),
    ),
    left=lambda p: p.gaps,
    relation="<=",
    right=printed_bound,
    constants={"c": Fraction(1), "parameters": Fraction(1), "speed": Fraction(1)},
    cost=4,
    gallery=(CONSTANT, FAR, STEEP, {"a": 1, "a_l": 2, "start": 1, "slope": 0, "deviations": [0], "layer": 1, "part": 0}),
    proof=PROOF,
    mutants=(
        past_the_slack("c"),
        scaled("c", Fraction(9, 10)),
        _with_local_constant(printed_bound),
        changed("nothing for the start", right=lambda p, c: printed_bound(replace(p, a=p.a_l), c)),
    ),
)

reading_sharp = replace(
    equation_35,
    id="marion2024.equation-35.reading-sharp",
    title="the error of the Euler scheme, sharper",
    says=(
        "Ours: with G = (1 + C/L)^L the error is at most |a^L - a| G + (sup |Theta - Theta^L| + C_Theta/L + C~/(2LC)) (G - 1)."
        " For constant Theta = c and small a the ratio of the sides tends to 1 as c tends to 0 and L grows."
    ),
    formula=r"\Big\|U\Big(\frac kL\Big)-u_k\Big\|\le\|a^L-a\|G"
    r"+\Big(\sup_s\|\Theta-\Theta^L\|+\frac{C_\Theta}L+\frac{\tilde C}{2LC}\Big)(G-1),\quad G=\Big(1+\frac CL\Big)^L",
    source="ours; sharpens (35)",
    ours=True,
    hidden=(),
    right=sharper_bound,
    constants={"c": Fraction(1), "parameters": Fraction(1), "speed": Fraction(1, 2)},
    mutants=(
        past_the_slack("c"),
        scaled("speed", Fraction(4, 5)),
        scaled("parameters", Fraction(0)),
        _with_local_constant(sharper_bound),
    ),
)


def between(p: Any, c: Any) -> Number:
    r"""Return :math:`c'\frac{C_U}L+\Delta_{\lfloor Ls\rfloor}`."""
    return c.c * p.state_lipschitz / p.depth + p.gaps[p.layer]


equation_36 = Inequality(
    id="marion2024.equation-36",
    title="the error of the Euler scheme at every time",
    says="|U(s) - u_{floor(Ls)}| <= C_U/L + Delta_{floor(Ls)}, with C_U the Lipschitz constant of U.",
    formula=r"\|U(s)-u_{\lfloor Ls\rfloor}\|\le\frac{C_U}L+\Delta_{\lfloor Ls\rfloor}",
    source=f"{PAPER}, proof of Proposition 11, page 25",
    instance=EulerProblem,
    instances=_draw,
    hypotheses=(setting, not_zero),
    uses=("marion2024.equation-35",),
    left=lambda p: absolute(p.exact((p.layer + p.part) / p.depth) - p.scheme[p.layer]),
    relation="<=",
    right=between,
    constants={"c": Fraction(1)},
    cost=4,
    gallery=({**STEEP, "part": "4/5"}, {**CONSTANT, "layer": 10, "part": "2/3"}),
    proof=Proof(
        set="every Lipschitz U and every scheme",
        argument="The triangle inequality, and s - floor(Ls)/L < 1/L.",
        steps=(
            identity("s - floor(Ls)/L = p/L for s = (floor(Ls) + p)/L", part_identity),
            identity("U' = (theta_0 + beta s) U for the closed form of U", closed_form),
        ),
    ),
    mutants=(scaled("c", Fraction(1, 2)), changed("nothing for C_U", constants={"c": Fraction(0)})),
)


@dataclass(frozen=True, kw_only=True)
class FamilyProblem(Instance):
    r"""The equations :math:`U'=\Theta(s,t)U`, :math:`\Theta=\theta_0+\frac{\beta s}{1+t}`, and how far the schemes are off.

    Parameters
    ----------
    start, slope
        As above.
    gap
        The parameters and starts are off by gap/L.
    times
        The numbers t, shape ``(T,)``.
    """

    start: Number
    slope: Number
    gap: Number
    times: Numbers


def worst_error(p: Any, depth: Number, lag: float = 0.0) -> float:
    r"""Return :math:`\sup_{s,t}|U(s,t)-u_{\lfloor Ls\rfloor}(t)|` over 8 times a step and the given t; in floats.

    Parameters
    ----------
    p
        A family.
    depth
        The depth L.
    lag
        A shift of the parameters that does not vanish with the depth.

    Returns
    -------
    float
        The error.
    """
    size, worst = int(depth), 0.0
    for t in np.asarray(p.times, dtype=float):
        slope = p.slope / (1 + t)
        theta = p.start + slope * np.arange(size) / (size - 1) + p.gap / size + lag
        states = (1 + p.gap / size) * np.cumprod(np.concatenate([[1.0], 1 + theta / size]))
        s = np.arange(8 * size + 1) / (8 * size)
        exact = np.exp(p.start * s + slope * s * s / 2)
        worst = max(worst, float(np.abs(exact - states[np.arange(8 * size + 1) // 8]).max()))
    return worst


always = Hypothesis(name="times >= 0", says="t >= 0", holds=lambda p: [(t, ">=", 0 * t) for t in p.times], standing=True)


def _draw_family(draw: Draw, in_force: frozenset[str]) -> FamilyProblem:
    del in_force
    start, slope, gap = (rounded(draw.real(-2.0, 2.0)) for _ in range(3))
    return FamilyProblem(start=start, slope=slope, gap=gap, times=(Fraction(0), Fraction(1)))


proposition_11 = Limit(
    id="marion2024.proposition-11",
    title="consistency of the Euler scheme",
    says=(
        "u_{floor(Ls)} tends to U(s) uniformly in s when Theta^L tends to a Lipschitz Theta uniformly and a^L to a. Measured"
        " with parameters and starts off by 1/L: the error is then of order 1/L, as (35) and (36) say."
    ),
    formula=r"\sup_{s\in[0,1]}\|U(s)-u^L_{\lfloor Ls\rfloor}\|\to0",
    source=f"{PAPER}, Proposition 11, page 23",
    instance=FamilyProblem,
    instances=_draw_family,
    hypotheses=(always,),
    uses=("marion2024.equation-35", "marion2024.equation-36"),
    quantity=worst_error,
    limit=lambda p: 0.0,
    scales=tuple(Fraction(2**k) for k in range(4, 11)),
    rate=Fraction(1),
    levels=1,
    draws=16,
    gallery=(
        {"start": 1, "slope": 1, "gap": 0, "times": [0]},
        {"start": -1, "slope": 2, "gap": 1, "times": [0]},
    ),
    mutants=(
        changed("parameters that keep a distance", quantity=lambda p, depth: worst_error(p, depth, lag=0.1)),
        changed("order 2", rate=Fraction(2)),
    ),
)

corollary_12 = replace(
    proposition_11,
    id="marion2024.corollary-12",
    title="consistency of the Euler scheme, uniformly in a second variable",
    says=(
        "The same with parameters that depend on t too, if all hypotheses hold uniformly in t. Measured at nine values of t."
        " The uniform limit of Theta^L alone makes Theta(., t) equicontinuous; Lipschitz gives the rate."
    ),
    formula=r"\sup_{s\in[0,1],t\in I}\|U(s,t)-u^L_{\lfloor Ls\rfloor}(t)\|\to0",
    source=f"{PAPER}, Corollary 12, page 25",
    uses=("marion2024.proposition-11",),
    gallery=(
        {"start": 1, "slope": 1, "gap": 0, "times": [0, "1/2", 1, 2, 3, 5, 10, 30, 100]},
        {"start": -1, "slope": -2, "gap": 1, "times": [0, "1/2", 1, 2, 3, 5, 10, 30, 100]},
    ),
)
