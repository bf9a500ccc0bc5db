r"""Proposition 9, the displays near a node: the Cauchy property, and the uniform distance to the limit.

Nothing ties :math:`\mathcal Z^{\phi(L)}` to its limit but their values at the nodes, so the worst pair moves apart in opposite
directions beyond the last node :math:`s^*` and after :math:`t^*`: :math:`\mathcal Z^L=D+C\frac{(k-k^*)^+}L+C(t-t^*)` and
:math:`\mathcal Z=-C(s-s^*)^+-C(t-t^*)` for t in I = [t*, t* + delta]. At every node the two differ by D. Norms are at most
C if :math:`D+2\varepsilon+\frac CL\le C`. Longer than most: four displays and a sharper one share this pair.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number
from theory.marion2024.setting import PAPER, rounded
from theory.marion2024.statements.proposition_9_points import layer_of
from theory.marion2024.statements.proposition_9_steps import UNIFORM, WHERE
from theory.statement import Draw, Hypothesis, Inequality, Instance, changed, past_the_slack, scaled, without


@dataclass(frozen=True, kw_only=True)
class Corner(Instance):
    r"""A point (s, t), the node that stands for it, and two functions that part from each other.

    Parameters
    ----------
    bound, epsilon
        C and :math:`\varepsilon`; delta is :math:`\varepsilon/C`.
    depth, depth_other
        :math:`\phi(L)` and :math:`\phi(M)`, the latter used by the Cauchy display alone.
    s, node
        s and the last node :math:`s^*\le s`.
    layer, layer_node, layer_other, layer_other_node
        The layers of s and of :math:`s^*` at both depths.
    lag
        :math:`t-t^*\ge0`.
    apart
        :math:`D\ge0`, the largest distance at a node.
    """

    bound: Number
    epsilon: Number
    depth: int
    depth_other: int
    s: Number
    node: Number
    layer: int
    layer_node: int
    layer_other: int
    layer_other_node: int
    lag: Number
    apart: Number


inside = Hypothesis(
    name="region",
    says="C, epsilon > 0, L, M >= 1, 0 <= s* <= s <= 1, t >= t*, D >= 0, and D + 2 epsilon + C/L <= C: norms at most C",
    holds=lambda p: [
        (p.bound, ">", 0 * p.s),
        (p.epsilon, ">", 0 * p.s),
        (p.depth, ">=", 1),
        (p.depth_other, ">=", 1),
        *((value, ">=", 0 * p.s) for value in (p.node, p.lag, p.apart)),
        (p.node, "<=", p.s),
        (p.s, "<=", 0 * p.s + 1),
        *((p.apart + 2 * p.epsilon + p.bound / depth, "<=", p.bound) for depth in (p.depth, p.depth_other)),
    ],
    standing=True,
)
at_the_layers = Hypothesis(
    name="layers",
    says="the layers are floor((L - 1) s), floor((L - 1) s*), and the same with M",
    holds=lambda p: [
        *layer_of(p.layer, p.depth, p.s),
        *layer_of(p.layer_node, p.depth, p.node),
        *layer_of(p.layer_other, p.depth_other, p.s),
        *layer_of(p.layer_other_node, p.depth_other, p.node),
    ],
)
near_the_node = Hypothesis(
    name="within delta",
    says="s* is the last node: 1 - s* <= delta; and t - t* <= delta",
    holds=lambda p: [(p.bound * (1 - p.node), "<=", p.epsilon), (p.bound * p.lag, "<=", p.epsilon)],
)


def _draw_corner(draw: Draw, in_force: frozenset[str]) -> Corner:
    bound = rounded(draw.positive(0.1, 10.0))
    depth, other = draw.integer(4, 60), draw.integer(4, 60)
    epsilon = bound * rounded(draw.positive(1e-3, 0.25))
    delta = epsilon / bound * (1 if near_the_node.name in in_force else 3)
    node = max(Fraction(0), 1 - draw.choice((Fraction(99, 100), rounded(draw.real(0.0, 1.0)))) * delta)
    begins = Fraction(int((depth - 1) * node) + 1, depth - 1)  # where the next layer begins
    s = min(Fraction(1), begins) if draw.choice((0, 1)) else Fraction(1)
    room = bound - 2 * epsilon - bound / min(depth, other)
    return Corner(
        bound=bound,
        epsilon=epsilon,
        depth=depth,
        depth_other=other,
        s=s,
        node=node,
        layer=int((depth - 1) * s),
        layer_node=int((depth - 1) * node),
        layer_other=int((other - 1) * s),
        layer_other_node=int((other - 1) * node),
        lag=draw.choice((Fraction(1), rounded(draw.real(0.0, 1.0)))) * delta,
        apart=max(Fraction(0), room) * draw.choice((Fraction(0), rounded(draw.real(0.0, 1.0)))),
    )


def rises(p: Any) -> Number:
    r"""Return :math:`C\frac{k-k^*}L`, by which the weights rise from the node in depth."""
    return p.bound * (p.layer - p.layer_node) / p.depth


def falls(p: Any) -> Number:
    r"""Return :math:`C(s-s^*)`, by which the limit falls from the node in depth."""
    return p.bound * (p.s - p.node)


def at_the_anchor(p: Any) -> Number:
    r"""Return :math:`|\mathcal Z^{\phi(L)}(s,t^*)-\mathcal Z^\phi(s,t^*)|=D+C\frac{k-k^*}L+C(s-s^*)`."""
    return p.apart + rises(p) + falls(p)


def at_the_point(p: Any) -> Number:
    r"""Return :math:`|\mathcal Z^{\phi(L)}(s,t)-\mathcal Z^\phi(s,t)|`, larger by :math:`2C(t-t^*)`."""
    return at_the_anchor(p) + 2 * p.bound * p.lag


def other_rises(p: Any) -> Number:
    r"""Return :math:`D+C\frac{k-k^*}L+C\frac{l-l^*}M+2C(t-t^*)`: depth L rises from the node, depth M falls."""
    return p.apart + rises(p) + p.bound * (p.layer_other - p.layer_other_node) / p.depth_other + 2 * p.bound * p.lag


JUST = {"bound": 1, "epsilon": "1/4", "depth": 5, "depth_other": 9, "s": 1, "node": "7501/10000"}
CORNER = {**JUST, "layer": 4, "layer_node": 3, "layer_other": 8, "layer_other_node": 6, "lag": "1/4", "apart": "1/10"}
STEEP = {**CORNER, "node": "74999/100000", "epsilon": "26/100", "layer_node": 2, "layer_other_node": 5, "lag": "26/100"}
AWAY = {**CORNER, "node": 0, "layer_node": 0, "layer_other_node": 0, "lag": 1}
SHARP = {**STEEP, "node": "7499/10000", "epsilon": "2501/10000", "lag": "2501/10000", "apart": 0}

step_4 = Inequality(
    id="marion2024.proposition-9.step-4",
    title="two members of the subsequence near a node",
    says=(
        "|Z^{phi(L)}(s,t) - Z^{phi(M)}(s,t)| is at most their distance at the node plus 4 C delta + C/phi(L) + C/phi(M), delta"
        " the distance to the node in s and in t (the paper calls it epsilon). Nearly attained where each depth crosses one"
        " layer more than its share; this makes the subsequence Cauchy at every point."
    ),
    formula=r"\|\mathcal Z^{\phi(L)}-\mathcal Z^{\phi(M)}\|(s,t)\le2C\delta+\frac C{\phi(L)}"
    r"+\|\mathcal Z^{\phi(L)}-\mathcal Z^{\phi(M)}\|(s_j,t_j)+2C\delta+\frac C{\phi(M)}",
    source=f"{WHERE}, last display",
    instance=Corner,
    instances=_draw_corner,
    hypotheses=(inside, at_the_layers, near_the_node),
    uses=("marion2024.equation-26",),
    left=other_rises,
    relation="<=",
    right=lambda p, c: c.c * (p.apart + 4 * p.epsilon + c.step * (p.bound / p.depth + p.bound / p.depth_other)),
    constants={"c": Fraction(1), "step": Fraction(1)},
    gallery=(CORNER, STEEP),
    mutants=(
        past_the_slack("c"),
        changed("no C/phi(L)", constants={"c": Fraction(1), "step": Fraction(0)}),
        without(near_the_node.name, AWAY),
        without(at_the_layers.name, {**STEEP, "layer": 6}),
    ),
)

FLAT = {**CORNER, "node": 1, "layer_node": 4, "layer_other_node": 8, "apart": 0}
DEEP = {**FLAT, "depth": 1000001, "layer": 1000000, "layer_node": 1000000}

step_5 = replace(
    step_4,
    id="marion2024.proposition-9.step-5",
    title="from a time to the time that stands for it",
    says=(
        "The distance to the limit at (s, t) is at most 2 epsilon + C/phi(L) plus that at (s, t*), by (31). Attained as L"
        " grows; C/phi(L) is not needed, as in (29)."
    ),
    formula=r"\|\mathcal Z^{\phi(L)}-\mathcal Z^\phi\|(s,t)"
    r"\le2\varepsilon+\frac C{\phi(L)}+\|\mathcal Z^{\phi(L)}-\mathcal Z^\phi\|(s,t^*)",
    source=f"{UNIFORM}, display after (31)",
    uses=("marion2024.equation-31",),
    left=at_the_point,
    right=lambda p, c: c.c * (2 * p.epsilon + c.step * p.bound / p.depth + at_the_anchor(p)),
    gallery=(CORNER, STEEP, DEEP),
    mutants=(
        past_the_slack("c"),
        changed("epsilon for 2 epsilon", right=lambda p, c: p.epsilon + p.bound / p.depth + at_the_anchor(p)),
        without(near_the_node.name, AWAY),
    ),
)

step_6 = replace(
    step_4,
    id="marion2024.proposition-9.step-6",
    title="from a depth to the node that stands for it",
    says=(
        "The distance to the limit at (s, t*) is at most 2 epsilon + C/phi(L) plus the largest at the nodes. Nearly attained"
        " where the weights cross one layer more than their share between s* and s."
    ),
    formula=r"\|\mathcal Z^{\phi(L)}-\mathcal Z^\phi\|(s,t^*)"
    r"\le2\varepsilon+\frac C{\phi(L)}+\max_i\|\mathcal Z^{\phi(L)}-\mathcal Z^\phi\|(s_i,t^*)",
    source=f"{UNIFORM}, last display",
    uses=("marion2024.equation-28",),
    left=at_the_anchor,
    right=lambda p, c: c.c * (2 * p.epsilon + c.step * p.bound / p.depth + p.apart),
)

step_7 = replace(
    step_4,
    id="marion2024.proposition-9.step-7",
    title="the distance to the limit is uniformly small",
    says=(
        "|Z^{phi(L)} - Z| <= 4 epsilon + 2 C/phi(L) + the largest distance at the nodes, for all s and t. The maximum runs over"
        " finitely many nodes, so that it tends to 0, and epsilon is free. No rate in L follows: constants may converge"
        " arbitrarily slowly. One C/phi(L) would do: see reading-sharp."
    ),
    formula=r"\|\mathcal Z^{\phi(L)}-\mathcal Z^\phi\|(s,t)\le4\varepsilon+\frac{2C}{\phi(L)}"
    r"+\max_{i,j}\|\mathcal Z^{\phi(L)}-\mathcal Z^\phi\|(s_i,t_j)",
    source=f"{PAPER}, proof of Proposition 9, page 23, first display",
    uses=("marion2024.proposition-9.step-5", "marion2024.proposition-9.step-6"),
    left=at_the_point,
    right=lambda p, c: c.c * (4 * p.epsilon + c.step * 2 * p.bound / p.depth + p.apart),
)

step_7_sharp = replace(
    step_7,
    id="marion2024.proposition-9.reading-sharp.step-7",
    title="the distance to the limit is uniformly small, sharper",
    says=(
        "Ours: 4 epsilon + C/phi(L) less epsilon/phi(L) does, plus the largest distance at the nodes: time costs no C/phi(L),"
        " and the slope in depth is C (L - 1)/L. The supremum over s, by (26) in its sharp form."
    ),
    formula=r"\|\mathcal Z^{\phi(L)}-\mathcal Z^\phi\|(s,t)\le\Big(4-\frac1{\phi(L)}\Big)\varepsilon+\frac C{\phi(L)}"
    r"+\max_{i,j}\|\mathcal Z^{\phi(L)}-\mathcal Z^\phi\|(s_i,t_j)",
    source="ours; sharpens the last display of the proof of Proposition 9",
    ours=True,
    uses=("marion2024.equation-26.reading-sharp", "marion2024.proposition-9.step-2"),
    right=lambda p, c: c.c * (4 * p.epsilon + c.step * p.bound / p.depth - c.slope * p.epsilon / p.depth + p.apart),
    constants={"c": Fraction(1), "step": Fraction(1), "slope": Fraction(1)},
    gallery=(CORNER, STEEP, SHARP),
    mutants=(
        past_the_slack("c"),
        scaled("step", Fraction(49, 50)),
        scaled("slope", Fraction(11, 10)),
        without(near_the_node.name, AWAY),
        without(at_the_layers.name, {**STEEP, "layer": 6}),
    ),
)
