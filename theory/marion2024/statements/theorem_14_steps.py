r"""Steps in the proofs of Proposition 2 and Theorem 14: indices of layers against depths, the Lipschitz bound on the states.

The layer that :math:`\mathcal Z^L(s)` names is :math:`\lfloor(L-1)s\rfloor+1`, the state at the same depth
:math:`\lfloor Ls\rfloor`; two index shifts are called simple algebra there.

Longer than most: two families of instances, one for indices and one for states.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, absolute, exp, expm1, maximum
from theory.marion2024.setting import PAPER, rounded
from theory.proofs import identity
from theory.statement import Draw, Hypothesis, Inequality, Instance, Proof, changed, past_the_slack, scaled, without


@dataclass(frozen=True, kw_only=True)
class LayerAtDepth(Instance):
    r"""A depth s in [0, 1], the layer that stands for it, and a weight that is Lipschitz in s.

    Parameters
    ----------
    s
        The depth.
    depth
        L.
    layer
        :math:`j=\lfloor(L-1)s\rfloor`; the layer is j + 1.
    state
        :math:`i=\lfloor Ls\rfloor`.
    slope
        The Lipschitz constant C of :math:`\Theta(s)=Cs`, the steepest function that has it.
    """

    s: Number
    depth: int
    layer: int
    state: int
    slope: Number


inside = Hypothesis(
    name="s in [0, 1]",
    says="0 <= s <= 1, L >= 1, C >= 0",
    holds=lambda p: [
        (p.s, ">=", 0 * p.s),
        (p.s, "<=", 0 * p.s + 1),
        (p.depth, ">=", 1),
        (p.slope, ">=", 0 * p.s),
    ],
    standing=True,
)
layer_floor = Hypothesis(
    name="j = floor((L-1) s)",
    says="j <= (L - 1) s < j + 1",
    holds=lambda p: [(p.layer, "<=", (p.depth - 1) * p.s), ((p.depth - 1) * p.s, "<", p.layer + 1)],
)
state_floor = Hypothesis(
    name="i = floor(L s)",
    says="i <= L s < i + 1",
    holds=lambda p: [(p.state, "<=", p.depth * p.s), (p.depth * p.s, "<", p.state + 1)],
)


def _draw(draw: Draw, in_force: frozenset[str]) -> LayerAtDepth:
    depth = int(draw.positive(1.0, 1e4))
    # Depths near a multiple of 1/(L-1) or 1/L are where floors jump.
    grid = Fraction(draw.integer(0, depth), draw.choice((max(1, depth - 1), depth)))
    s = min(Fraction(1), max(Fraction(0), grid + draw.choice((-1, 0, 1)) * rounded(draw.positive(1e-6, 1.0)) / depth))
    layer = int((depth - 1) * s) if layer_floor.name in in_force else draw.integer(0, depth - 1)
    state = int(depth * s) if state_floor.name in in_force else draw.integer(0, depth)
    return LayerAtDepth(s=s, depth=depth, layer=layer, state=state, slope=rounded(draw.positive(0.01, 100.0)))


def _layer_distance() -> Any:
    """Return (j + 1)/L - s less its form in j and the part r of (L - 1) s = j + r: (L - 1 - j - r L)/(L (L - 1))."""
    import sympy

    j, r, depth = sympy.symbols("j r L", positive=True)
    s = (j + r) / (depth - 1)
    return sympy.together((j + 1) / depth - s - (depth - 1 - j - r * depth) / (depth * (depth - 1)))


def _shift() -> Any:
    import sympy

    s, depth = sympy.symbols("s L")
    return sympy.expand((depth - 1) * s + 1 - depth * s - (1 - s))


START = {"s": 0, "depth": 4, "layer": 0, "state": 0, "slope": 1}
END = {"s": 1, "depth": 1000, "layer": 999, "state": 1000, "slope": 2}

step_interpolation = Inequality(
    id="marion2024.proposition-2.step-1",
    title="the layers of a Lipschitz weight are C/L away from it",
    says=(
        "With V_k = Theta(k/L), |Theta(s) - Theta^L(s)| <= C/L, C the Lipschitz constant of Theta, for every L >= 1; the proof"
        " says 'C''/L for some C''' and speaks of pieces of length 1/(L - 1), which L = 1 does not have. Tight at s = 0, where"
        " the layer is that of 1/L."
    ),
    formula=r"\|\Theta(s)-\Theta(\tfrac{\lfloor(L-1)s\rfloor+1}L)\|\le\frac{C_\Theta}L",
    source=f"{PAPER}, proof of Proposition 2, page 31",
    instance=LayerAtDepth,
    instances=_draw,
    hypotheses=(inside, layer_floor, state_floor),
    left=lambda p: p.slope * absolute((0 * p.s + p.layer + 1) / p.depth - p.s),
    relation="<=",
    right=lambda p, c: c.c * p.slope / p.depth,
    constants={"c": Fraction(1)},
    gallery=(START, END, {"s": "1/2", "depth": 1, "layer": 0, "state": 0, "slope": 3}),
    proof=Proof(
        set="every Lipschitz Theta, L >= 1, s in [0, 1]",
        argument=(
            "With (L - 1) s = j + r, 0 <= r < 1 and j <= L - 1: -(L - 1) <= L - 1 - j - rL <= L - 1, since j + r <= L - 1 and"
            " j, r >= 0. For L = 1 the layer is that of 1, and |1 - s| <= 1."
        ),
        steps=(identity("(j+1)/L - s = (L - 1 - j - rL)/(L(L-1))", _layer_distance),),
    ),
    mutants=(
        past_the_slack("c"),
        scaled("c", Fraction(1, 2)),
        without(layer_floor.name, {"s": 1, "depth": 4, "layer": 0, "state": 4, "slope": 1}),
    ),
)

equation_39 = replace(
    step_interpolation,
    id="marion2024.equation-39",
    title="the initial weights of the limit",
    says="Z^L(s, 0) = Z^init((floor((L-1)s) + 1)/L) is within Lip(Z^init)/L of Z^init(s), so that Z(s, 0) = Z^init(s).",
    formula=r"\|\mathcal Z^L(s,0)-Z^{init}(s)\|\le\frac{\mathrm{Lip}(Z^{init})}L",
    source=f"{PAPER}, (39), page 28",
    uses=("marion2024.proposition-2.step-1",),
    mutants=(past_the_slack("c"), changed("L^2 for L", right=lambda p, c: p.slope / p.depth**2)),
)

step_indices = replace(
    step_interpolation,
    id="marion2024.theorem-14.step-1",
    title="the two ways to name a layer differ by at most one",
    says=(
        "floor((L-1)s) + 1 is floor(Ls) or floor(Ls) + 1, so that the states h at both tend to the same limit: the 'simple"
        " algebra' by which Corollary 12 is applied to the backward recursion. Both cases happen."
    ),
    formula=r"0\le\lfloor(L-1)s\rfloor+1-\lfloor Ls\rfloor\le1",
    source=f"{PAPER}, proof of Theorem 14, page 27",
    left=lambda p: absolute(2 * (0 * p.s + p.layer + 1 - p.state) - 1),
    right=lambda p, c: c.c + 0 * p.s,
    gallery=(START, END, {"s": "1/2", "depth": 3, "layer": 1, "state": 1, "slope": 1}),
    proof=Proof(
        set="every L >= 1, s in [0, 1]",
        argument="(L - 1) s + 1 = L s + (1 - s) lies between L s and L s + 1.",
        steps=(identity("(L - 1) s + 1 - L s = 1 - s", _shift),),
    ),
    mutants=(
        changed("always equal", left=lambda p: absolute(0 * p.s + p.layer + 1 - p.state), right=lambda p, c: 0 * p.s),
        changed("without the 1", left=lambda p: absolute(2 * (0 * p.s + p.layer - p.state) - 1)),
    ),
)


@dataclass(frozen=True, kw_only=True)
class TwoFlows(Instance):
    r"""Two equations :math:`H'=zH`, :math:`H(0)=ax`, with their own a and z.

    Parameters
    ----------
    x
        The input.
    a, other_a
        The first maps.
    z, other_z
        The weights, constant in depth.
    s
        A depth in [0, 1].
    """

    x: Number
    a: Number
    other_a: Number
    z: Number
    other_z: Number
    s: Number

    def states(self) -> tuple[Number, Number]:
        """Return both states at s."""
        return self.a * self.x * exp(self.z * self.s), self.other_a * self.x * exp(self.other_z * self.s)

    def lipschitz(self) -> Number:
        r"""Return :math:`K_f`, that of :math:`f(h,z)=zh` where the two solutions run: the larger of |z| and |h|."""
        ends = [absolute(a * self.x) for a in (self.a, self.other_a)]
        ends += [absolute(a * self.x) * exp(z) for a, z in ((self.a, self.z), (self.other_a, self.other_z))]
        result = maximum(absolute(self.z), absolute(self.other_z))
        for end in ends:
            result = maximum(result, end)
        return result


flows = Hypothesis(
    name="s in [0, 1]",
    says="0 <= s <= 1, x, a not 0",
    holds=lambda p: [
        (p.s, ">=", 0 * p.s),
        (p.s, "<=", 0 * p.s + 1),
        (p.x * p.x, ">", 0 * p.s),
        (p.a * p.a, ">", 0 * p.s),
    ],
    standing=True,
)


def _draw_flows(draw: Draw, in_force: frozenset[str]) -> TwoFlows:
    del in_force
    a, z = rounded(draw.choice((-1, 1)) * draw.positive(1e-3, 3.0)), rounded(draw.real(-2.0, 2.0))
    return TwoFlows(
        x=rounded(draw.positive(0.01, 2.0)),
        a=a,
        other_a=a + draw.choice((0, 1)) * rounded(draw.real(-1.0, 1.0)),
        z=z * draw.choice((0, 1)),
        other_z=z + draw.choice((0, 1)) * rounded(draw.real(-1.0, 1.0)),
        s=draw.choice((Fraction(1), rounded(draw.real(0.0, 1.0)))),
    )


def _state_gap(p: Any) -> Number:
    first, second = p.states()
    return absolute(second - first)


def _state_bound(p: Any, c: Any) -> Number:
    k = p.lipschitz()
    return c.c * (absolute((p.other_a - p.a) * p.x) + k * absolute(p.other_z - p.z)) * exp(k)


def _sharper_bound(p: Any, c: Any) -> Number:
    k = p.lipschitz()
    return c.c * (absolute((p.other_a - p.a) * p.x) * exp(k * p.s) + absolute(p.other_z - p.z) * expm1(k * p.s))


def _gronwall() -> Any:
    """Return the derivative of the bound D e^{Ks} + d (e^{Ks} - 1) less K times itself less K d."""
    import sympy

    k, s, start, gap = sympy.symbols("K s D d", positive=True)
    bound = start * sympy.exp(k * s) + gap * (sympy.exp(k * s) - 1)
    return sympy.expand(sympy.diff(bound, s) - k * bound - k * gap)


NEAR = {"x": 1, "a": "1/100", "other_a": "1/50", "z": 0, "other_z": 0, "s": 1}
TURNED = {"x": 1, "a": "1/100", "other_a": "1/100", "z": "0", "other_z": "1/1000", "s": 1}

step_states = Inequality(
    id="marion2024.theorem-14.step-2",
    title="the states are Lipschitz functions of the weights",
    says=(
        "|H~(s) - H(s)| <= (|A~ - A| |x| + K_f sup|Z~ - Z|) e^{K_f}, K_f the Lipschitz constant of f where the states and"
        " weights run. With H' = zH, where all is exact; tight as a and z tend to 0."
    ),
    formula=r"\|\tilde H(s)-H(s)\|\le\big(\|\tilde A-A\|\|x\|+K_f\sup\|\tilde Z-Z\|\big)e^{K_f}",
    source=f"{PAPER}, proof of Theorem 14, page 29",
    instance=TwoFlows,
    instances=_draw_flows,
    hypotheses=(flows,),
    left=_state_gap,
    relation="<=",
    right=_state_bound,
    constants={"c": Fraction(1)},
    gallery=(NEAR, TURNED),
    proof=Proof(
        set="every f that is K_f-Lipschitz in the sum of the norms where the solutions run",
        argument=(
            "|H~ - H|' <= K_f |Z~ - Z| + K_f |H~ - H|, so that the distance stays below the solution D e^{Ks} + d (e^{Ks} - 1)"
            " of the equation with equality, which is at most (D + K d) e^K as e^u - 1 <= u e^u."
        ),
        steps=(identity("D e^{Ks} + d (e^{Ks} - 1) solves u' = K u + K d", _gronwall),),
    ),
    mutants=(
        past_the_slack("c"),
        changed("nothing for the weights", right=lambda p, c: _state_bound(replace(p, other_z=p.z), c)),
        changed("nothing for the first map", right=lambda p, c: _state_bound(replace(p, other_a=p.a), c)),
    ),
)

step_states_sharp = replace(
    step_states,
    id="marion2024.theorem-14.reading-sharp.step-2",
    title="the states are Lipschitz functions of the weights, sharper",
    says="Ours: at most |A~ - A| |x| e^{Ks} + sup|Z~ - Z| (e^{Ks} - 1).",
    formula=r"\|\tilde H(s)-H(s)\|\le\|\tilde A-A\|\|x\|e^{K_fs}+\sup\|\tilde Z-Z\|(e^{K_fs}-1)",
    source="ours; sharpens the bound on page 29",
    ours=True,
    right=_sharper_bound,
    mutants=(past_the_slack("c"),),
)

step_integrand = replace(
    step_states,
    id="marion2024.theorem-14.step-3",
    title="the difference of two layers",
    says="|f(H~, Z~) - f(H, Z)| <= K_f sup|Z~ - Z| + K_f |H~ - H|, by way of f(H~, Z); with f(h, z) = zh.",
    formula=r"\|f(\tilde H,\tilde Z)-f(H,Z)\|\le K_f\sup\|\tilde Z-Z\|+K_f\|\tilde H-H\|",
    left=lambda p: absolute(p.other_z * p.states()[1] - p.z * p.states()[0]),
    right=lambda p, c: c.c * p.lipschitz() * (absolute(p.other_z - p.z) + _state_gap(p)),
    proof=None,
    gallery=(NEAR, {**TURNED, "a": 2, "other_a": 2}),
    mutants=(
        past_the_slack("c"),
        changed("nothing for the states", right=lambda p, c: p.lipschitz() * absolute(p.other_z - p.z)),
    ),
)
