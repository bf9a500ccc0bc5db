r"""Proposition 9, (31): every time is within reach of a node or of the time t_0 of :mod:`.proposition_9_tail`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from numerics.arithmetic import Number, absolute
from theory.marion2024.setting import rounded
from theory.marion2024.statements.proposition_9_cells import tolerances
from theory.marion2024.statements.proposition_9_steps import UNIFORM, travelled
from theory.marion2024.statements.proposition_9_tail import tail_start
from theory.statement import Draw, Hidden, Hypothesis, Inequality, Instance, changed, past_the_slack


@dataclass(frozen=True, kw_only=True)
class Anchor(Instance):
    r"""A time and the time :math:`t^*` that stands for it.

    Parameters
    ----------
    bound, rate, epsilon
        C, a and :math:`\varepsilon`.
    depth
        :math:`\phi(L)`.
    late
        1 if :math:`t>t_0`, so that :math:`t^*=t_0`; 0 if :math:`t^*` is a node.
    node, lag
        The node, and :math:`t-t^*`.
    """

    bound: Number
    rate: Number
    epsilon: Number
    depth: int
    late: int
    node: Number
    lag: Number

    @property
    def anchor(self) -> Number:
        r"""Return :math:`t^*`."""
        return self.late * tail_start(self) + (1 - self.late) * self.node


anchored = Hypothesis(
    name="t* stands for t",
    says="C, epsilon > 0, a >= 1, t, t* >= 0; t >= t* = t_0, or |t - t*| <= epsilon/C",
    holds=lambda p: [
        (p.bound, ">", 0 * p.lag),
        (p.epsilon, ">", 0 * p.lag),
        (p.rate, ">=", 0 * p.lag + 1),
        (p.depth, ">=", 1),
        (p.late * (1 - p.late), "==", 0),
        (p.node, ">=", 0 * p.lag),
        (p.node + p.lag, ">=", 0 * p.lag),
        (p.late * p.lag, ">=", 0 * p.lag),
        ((1 - p.late) * p.bound * absolute(p.lag), "<=", p.epsilon),
    ],
    standing=True,
)


def _draw_anchor(draw: Draw, in_force: frozenset[str]) -> Anchor:
    del in_force
    bound, epsilon, late = rounded(draw.positive(0.1, 10.0)), rounded(draw.positive(1e-3, 1.0)), draw.choice((0, 1))
    node = rounded(draw.choice((0, 1)) * draw.positive(1e-3, 3.0))
    near = epsilon / bound * draw.choice((Fraction(1), rounded(draw.real(0.0, 1.0))))
    return Anchor(
        bound=bound,
        rate=rounded(draw.positive(1.0, 5.0)),
        epsilon=epsilon,
        depth=draw.integer(1, 60),
        late=late,
        node=node,
        lag=rounded(draw.positive(0.1, 30.0)) if late else near,
    )


equation_31 = Inequality(
    id="marion2024.equation-31",
    title="every time is close to one of finitely many",
    says=(
        "The weights at t and at t* differ by at most epsilon + C/phi(L), their limits by at most epsilon, where t* is a node"
        " within delta of t, or t_0 if t is later. The term C/phi(L) is not needed."
    ),
    formula=r"\|\mathcal Z^{\phi(L)}(s,t)-\mathcal Z^{\phi(L)}(s,t^*)\|\le\varepsilon+\frac C{\phi(L)},"
    r"\quad\|\mathcal Z^\phi(s,t)-\mathcal Z^\phi(s,t^*)\|\le\varepsilon",
    source=f"{UNIFORM}, (31)",
    instance=Anchor,
    instances=_draw_anchor,
    hypotheses=(anchored,),
    hidden=(
        Hidden(
            says="the nodes t_1, ..., t_T lie in I",
            where="'a finite set in [0, t_0]', t_0 = sup I when I is bounded, page 22",
            finding=(
                "0 and sup I need not belong to I, and Z^L is defined on I alone; nodes can be chosen in I up to t_0, a bounded"
                " set of numbers, so the conclusion stands"
            ),
        ),
    ),
    uses=("marion2024.equation-29", "marion2024.equation-30.reading-repaired"),
    left=lambda p: absolute(travelled(p.bound, p.rate, p.anchor, p.anchor + p.lag)),
    relation="<=",
    right=tolerances,
    constants={"c": Fraction(1), "step": Fraction(1)},
    gallery=(
        {"bound": 1, "rate": 1, "epsilon": "1/10", "depth": 4, "late": 1, "node": 0, "lag": 20},
        {"bound": 1, "rate": 1, "epsilon": "1/1000", "depth": 4, "late": 0, "node": 0, "lag": "1/1000"},
        {"bound": 1, "rate": 1, "epsilon": "1/10", "depth": 4, "late": 0, "node": 1, "lag": "-1/10"},
    ),
    mutants=(
        past_the_slack("c"),
        changed("epsilon/2", right=lambda p, c: tolerances(replace(p, epsilon=p.epsilon / 2), c)),
    ),
)
