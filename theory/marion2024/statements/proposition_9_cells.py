r"""Proposition 9, (28) and (29): the delta of the proof, explicit, at the family of :mod:`.proposition_9_points`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Number, absolute
from theory.marion2024.setting import Numbers, rounded
from theory.marion2024.statements.proposition_9_points import Pair, layers, norms, region
from theory.marion2024.statements.proposition_9_steps import UNIFORM, travelled
from theory.statement import (
    Draw,
    Hypothesis,
    Inequality,
    Mutant,
    changed,
    past_the_slack,
    without,
)


@dataclass(frozen=True, kw_only=True)
class Cell(Pair):
    r"""Two points of the family and a tolerance.

    Parameters
    ----------
    epsilon
        :math:`\varepsilon`; the delta of the proof is :math:`\varepsilon/C`.
    """

    epsilon: Number


def _within(factor: Fraction, name: str) -> Hypothesis:
    return Hypothesis(
        name=name,
        says=f"epsilon > 0, |s - s'| <= delta and |t - t'| <= delta with delta = {factor} epsilon/C",
        holds=lambda p: [
            (p.epsilon, ">", 0 * p.s),
            (p.bound * absolute(p.s - p.s_other) * factor.denominator, "<=", p.epsilon * factor.numerator),
            (p.bound * absolute(p.t - p.t_other) * factor.denominator, "<=", p.epsilon * factor.numerator),
        ],
    )


close = _within(Fraction(1), "within delta")
wider = _within(Fraction(51, 50), "within 1.02 delta")


def _wider_delta(*tries: dict[str, Any]) -> Mutant:
    def change(statement: Any, _tightest: float) -> Any:
        return replace(statement, hypotheses=(region, norms, layers, wider))

    return Mutant(name="delta 2% larger", change=change, tries=tries)


def _draw_cell(draw: Draw, in_force: frozenset[str]) -> Cell:
    depth, bound, epsilon = draw.integer(1, 60), rounded(draw.positive(0.1, 10.0)), rounded(draw.positive(1e-3, 1.0))
    delta = epsilon / bound * (1 if close.name in in_force else 3)
    parts = [draw.choice((Fraction(1), Fraction(99, 100), rounded(draw.real(0.0, 1.0)))) for _ in range(2)]
    s = Fraction(draw.integer(1, depth - 1), depth - 1) if depth > 1 else rounded(draw.real(0.0, 1.0))
    s_other = max(Fraction(0), s - parts[0] * delta)
    t = rounded(draw.choice((0, 1)) * draw.positive(1e-4, 10.0))
    layer, layer_other = int((depth - 1) * s), int((depth - 1) * s_other)
    return Cell(
        bound=bound,
        rate=rounded(draw.positive(1.0, 5.0)),
        epsilon=epsilon,
        depth=depth,
        s=s,
        s_other=s_other,
        layer=layer,
        layer_other=layer_other,
        t=t,
        t_other=t + parts[1] * delta,
    )


def moved_in_depth(p: Any) -> Numbers:
    r"""Return :math:`|\mathcal Z^{\phi(L)}(s,t)-\mathcal Z^{\phi(L)}(s',t)|` and the same of the limit, shape ``(2,)``."""
    return np.array([p.bound * abs(p.layer - p.layer_other) / p.depth, p.bound * absolute(p.s - p.s_other)])


def moved_in_time(p: Any) -> Numbers:
    r"""Return :math:`|\mathcal Z^{\phi(L)}(s,t)-\mathcal Z^{\phi(L)}(s,t')|` and the same of the limit, shape ``(2,)``."""
    moved = absolute(travelled(p.bound, p.rate, p.t, p.t_other))
    return np.array([moved, moved])


def tolerances(p: Any, c: Any) -> Numbers:
    r"""Return :math:`c(\varepsilon+c'\frac C{\phi(L)})` and :math:`c\,\varepsilon`, shape ``(2,)``."""
    return c.c * np.array([p.epsilon + c.step * p.bound / p.depth, p.epsilon])


TIGHT = {"bound": 1, "rate": 1, "epsilon": "1/4", "depth": 5}
JUMP = {**TIGHT, "s": "1/2", "s_other": "249/1000", "layer": 2, "layer_other": 0, "t": 0, "t_other": 0}
STILL = {**TIGHT, "s": "1/2", "s_other": "1/4", "layer": 2, "layer_other": 1, "t": 0, "t_other": "1/4"}
BRISK = {**TIGHT, "epsilon": "1/1000", "s": 0, "s_other": 0, "layer": 0, "layer_other": 0, "t": 0, "t_other": "1/1000"}

equation_28 = Inequality(
    id="marion2024.equation-28",
    title="two depths within delta",
    says=(
        "If |s - s'| <= delta the weights of depth phi(L) differ by at most epsilon + C/phi(L), their limit by at most epsilon."
        " The proof only says that some delta exists: delta = epsilon/C does, and for the limit no larger one."
    ),
    formula=r"\|\mathcal Z^{\phi(L)}(s',t')-\mathcal Z^{\phi(L)}(s'',t')\|\le\varepsilon+\frac C{\phi(L)},"
    r"\quad\|\mathcal Z^\phi(s',t')-\mathcal Z^\phi(s'',t')\|\le\varepsilon",
    source=f"{UNIFORM}, (28)",
    instance=Cell,
    instances=_draw_cell,
    hypotheses=(region, norms, layers, close),
    uses=("marion2024.equation-26", "marion2024.equation-27"),
    left=moved_in_depth,
    relation="<=",
    right=tolerances,
    constants={"c": Fraction(1), "step": Fraction(1)},
    gallery=({**STILL, "t_other": 0}, {**JUMP, "s_other": "1/4", "layer_other": 1}, BRISK),
    mutants=(
        past_the_slack("c"),
        changed("no C/phi(L)", constants={"c": Fraction(1), "step": Fraction(0)}),
        _wider_delta({**STILL, "s_other": "49/200", "layer_other": 0, "t_other": 0}),
        without(close.name, {**STILL, "s_other": 0, "layer_other": 0}),
        without(layers.name, {**STILL, "s_other": "1/2", "layer": 4, "layer_other": 0}),
    ),
)

equation_29 = replace(
    equation_28,
    id="marion2024.equation-29",
    title="two times within delta",
    says=(
        "If |t - t'| <= delta = epsilon/C both differ by at most epsilon + C/phi(L) and epsilon. The term C/phi(L) is not"
        " needed: the speed bound alone gives epsilon at every depth, and only the second entry is tight."
    ),
    formula=r"\|\mathcal Z^{\phi(L)}(s',t')-\mathcal Z^{\phi(L)}(s',t'')\|\le\varepsilon+\frac C{\phi(L)},"
    r"\quad\|\mathcal Z^\phi(s',t')-\mathcal Z^\phi(s',t'')\|\le\varepsilon",
    source=f"{UNIFORM}, (29)",
    left=moved_in_time,
    gallery=(STILL, BRISK),
    mutants=(
        past_the_slack("c"),
        _wider_delta({**BRISK, "t_other": "51/50000"}),
        without(close.name, {**BRISK, "t_other": 1}),
    ),
)
