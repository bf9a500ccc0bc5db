r"""The proof of Proposition 5, first part: the weights near their start, (47) and (48), and the states, (49) and (50).

Longer than most: six displays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from numerics.arithmetic import Number, exp
from theory.marion2024.setting import PAPER, Numbers
from theory.marion2024.statements.proposition_5_draws import draw_network
from theory.marion2024.statements.proposition_5_network import (
    NearStart,
    frobenius,
    last_singular_value,
    line_47,
    line_48,
    norm_event,
    operator_norm,
    setting,
    within,
)
from theory.proofs import identity
from theory.statement import Hidden, Inequality, Proof, changed, past_the_slack, scaled, without

WHERE = f"{PAPER}, Appendix B.5, page 33"
SMALL = "1/1000"
"""A Lipschitz constant so small that the exponentials of the proof are almost 1, and what else a bound loses is seen."""
ONE = {"odd": 1, "even": 0, "amplitude": 1, "frequency": 1, "degree": 3, "d": 1, "rows": 1, "depth": 1}
BASE = {**ONE, "a": [1, 0], "b": [0, 1], "v": [0, 0], "w": [0, 0], "start": [0, 0], "x": [1], "y": [1]}
"""q = 2, d = d' = n = m = L = 1, sigma = sin, all weights but A and B equal to 0."""


def near_start(**fields: Any) -> Mapping[str, Any]:
    """Return the exact data of a network that differs from the base in some fields."""
    return {**BASE, **fields}


def linear(**fields: Any) -> Mapping[str, Any]:
    r"""Return a network with :math:`\sigma=\sin(u/1000)`, which is as good as linear."""
    return near_start(frequency=SMALL, **fields)


SWOLLEN = linear(a=[2, 0], v=[1, 0], w=[4, 0], x=["7/5"])
"""A state that grows as (48) allows: A, V and W at their limits, along one axis."""
BREACH = near_start(frequency="1/10", amplitude=10, a=[3, 0], b=[0, 3], v=[3, 0], w=[9, 0], x=["7/5"])
"""A network outside (48)."""

step = partial(
    Inequality,
    instance=NearStart,
    instances=draw_network,
    hypotheses=(setting, line_48),
    relation="<=",
    constants={"c": Fraction(1)},
    source=WHERE,
    cost=4,
)
"""A statement on these networks under (48); its right side has the constant c, 1 as printed."""


def chain(*links: Number) -> Numbers:
    """Return scalars and arrays as one array."""
    return np.concatenate([np.atleast_1d(np.asarray(link)) for link in links])


def each(p: Any, quantity: Callable[[int], Number], count: int | None = None) -> Numbers:
    """Return a quantity at k = 0, ..., L - 1, or as many as are asked for."""
    return np.array([quantity(k) for k in range(p.depth if count is None else count)])


def growth(p: Any, k: int) -> Number:
    r"""Return :math:`\frac{K_\sigma}{L\sqrt{qm}}\|V_{k+1}\|_F\|W_{k+1}\|_F`."""
    return p.wave.lipschitz * p.size(p.outer[k]) * p.size(p.inner[k]) / (p.depth * p.root(p.q * p.m))


def state(p: Any, k: int) -> Number:
    r"""Return :math:`\|h_k\|_F`."""
    return frobenius(p.states[k])


def limit_47(p: Any) -> Numbers:
    r"""Return the right sides of (47): M, 1/2, 1 and 1/2 for every layer, and :math:`\sqrt{2qm}`."""
    one = 0 * p.amplitude + 1
    layers = each(p, lambda _: one)
    return chain(p.constants.reach(p.n, p.q), one / 2, layers, layers / 2, p.root(2 * p.q * p.m))


equation_47 = step(
    id="marion2024.equation-47",
    title="how far the weights are from their start",
    says=(
        "Within M of the start |A - A(0)| <= M, |B - B(0)| <= 1/2, |V_k| <= 1, |W_k - W(0)| <= 1/2 <= sqrt(2qm). True and very"
        " loose but for A: M is at most 1/(32 sqrt(2 pi n q)), less than 1/113, so that the 1/2 and the 1 could be 1/113."
    ),
    formula=r"\|A-\bar A\|_F\le M,\ \|B-\bar B\|_F\le\tfrac12,\ \|V_k\|_F\le1,\ \|W_k-\bar W\|_F\le\tfrac12\le\sqrt{2qm}",
    source=f"{PAPER}, (47), page 32",
    hypotheses=(setting, within),
    hidden=(
        Hidden(
            says="k = 1, ..., L",
            where="'for k in {1, ..., n}', the line before (47)",
            finding="a slip: k numbers layers",
        ),
    ),
    uses=("marion2024.proposition-5.reading-smallest",),
    left=lambda p: chain(
        p.first_move,
        p.last_move,
        np.array([v for v, _, _ in p.moved()]),
        np.array([w for _, w, _ in p.moved()]),
        (0 * p.amplitude + 1) / 2,
    ),
    right=lambda p, c: c.c * limit_47(p),
    gallery=(near_start(a=["1001/1000", 0]), near_start(even=1, degree=2, v=["1/1000", 0], w=[0, "1/1000"])),
    mutants=(past_the_slack("c"), without(within.name, BREACH), changed("M/2 for M", right=lambda p, c: limit_47(p) / 2)),
)


def left_48(p: Any) -> Numbers:
    r"""Return :math:`\|A\|_2,\frac12,\|B\|_2`, all :math:`\|V_k\|_F` and all :math:`\|W_k\|_F`."""
    sizes = [np.array(column) for column in zip(*p.moved(), strict=True)]
    return chain(operator_norm(p.first), (0 * p.amplitude + 1) / 2, operator_norm(p.last), sizes[0], sizes[2])


def right_48(p: Any) -> Numbers:
    r"""Return :math:`2,s_{\min}(B),\frac32`, and 1 and :math:`2\sqrt{2qm}` for every layer."""
    one = 0 * p.amplitude + 1
    layers = each(p, lambda _: one)
    return chain(2 * one, last_singular_value(p.last), 3 * one / 2, layers, 2 * p.root(2 * p.q * p.m) * layers)


equation_48 = step(
    id="marion2024.equation-48",
    title="the weights are bounded",
    says=(
        "With (47) and |W(0)| <= sqrt(2qm): |A|_2 <= 2, s_min(B) >= 1/2, |B|_2 <= 3/2, |V_k| <= 1, |W_k| <= 2 sqrt(2qm)."
        " Equality for B at distance 1/2; the bound on A could be 1 + M."
    ),
    formula=r"\|A\|_2\le2,\ s_{\min}(B)\ge\tfrac12,\ \|B\|_2\le\tfrac32,\ \|V_k\|_F\le1,\ \|W_k\|_F\le2\sqrt{2qm}",
    source=f"{PAPER}, (48), page 33",
    hypotheses=(setting, line_47, norm_event),
    uses=("marion2024.equation-47", "marion2024.lemma-18.part-a", "marion2024.lemma-20"),
    left=left_48,
    right=lambda p, c: c.c * right_48(p),
    gallery=(
        near_start(b=[0, "1/2"], v=[1, 0], w=["1/2", 0]),
        near_start(b=[0, "3/2"], start=[2, 0], w=["5/2", 0]),
        near_start(a=["1001/1000", 0]),
    ),
    mutants=(
        past_the_slack("c"),
        without(norm_event.name, near_start(start=[9, 0], w=[9, 0])),
        without(line_47.name, BREACH),
    ),
)

step_1 = step(
    id="marion2024.proposition-5.step-1",
    title="the smallest singular value of B",
    says="s_min(B) >= 1 - |B - B(0)| >= 1/2, by Lemma 18 and s_min(B(0)) = 1. Equality at distance 1/2.",
    formula=r"s_{\min}(B)\ge s_{\min}(\bar B)-\|B-\bar B\|_F=1-\|B-\bar B\|_F\ge\tfrac12",
    hypotheses=(setting, line_47),
    uses=("marion2024.equation-47", "marion2024.lemma-18.part-a"),
    left=lambda p: chain(1 - p.last_move, (0 * p.amplitude + 1) / 2),
    right=lambda p, c: c.c * chain(last_singular_value(p.last), 1 - p.last_move),
    gallery=(near_start(b=[0, "1/2"]), near_start(b=["1/10", 1])),
    mutants=(past_the_slack("c"), without(line_47.name, BREACH)),
)


def input_links(p: Any) -> tuple[Number, Number, Number]:
    r"""Return :math:`\|Ax\|_F`, :math:`\|A\|_2\|x\|_F` and :math:`2\sqrt{qn}`."""
    return state(p, 0), operator_norm(p.first) * frobenius(p.inputs), 2 * p.root(p.q * p.n)


equation_49 = step(
    id="marion2024.equation-49",
    title="the first state is bounded",
    says="|h_0| = |Ax| <= |A|_2 |x| <= 2 sqrt(qn). Equality for A = (2, 0)^T.",
    formula=r"\|h_0\|_F=\|Ax\|_F\le\|A\|_2\|x\|_F\le2\sqrt{qn}",
    source=f"{PAPER}, (49), page 33",
    uses=("marion2024.equation-48",),
    left=lambda p: chain(*input_links(p)[:2]),
    right=lambda p, c: c.c * chain(*input_links(p)[1:]),
    gallery=(SWOLLEN, near_start(a=["3/5", "4/5"])),
    mutants=(
        past_the_slack("c"),
        without(line_48.name, BREACH),
    ),
)

step_2 = step(
    id="marion2024.proposition-5.step-2",
    title="a state grows by at most 1 + 2 sqrt(2) K/L",
    says=(
        "|h_{k+1}| <= |h_k| + K/(L sqrt(qm)) |V_{k+1}| |W_{k+1}| |h_k| <= (1 + 2 sqrt(2) K/L) |h_k|. Equality in the limit of a"
        " linear activation, with V and W at their limits along one axis."
    ),
    formula=r"\|h_{k+1}\|_F\le\|h_k\|_F+\frac{K_\sigma}{L\sqrt{mq}}\|V_{k+1}\|_F\|W_{k+1}\|_F\|h_k\|_F"
    r"\le\Big(1+\frac{2\sqrt2K_\sigma}L\Big)\|h_k\|_F",
    uses=("marion2024.equation-48",),
    left=lambda p: chain(each(p, lambda k: state(p, k + 1)), each(p, lambda k: (1 + growth(p, k)) * state(p, k))),
    right=lambda p, c: (
        c.c
        * chain(
            each(p, lambda k: (1 + growth(p, k)) * state(p, k)),
            each(p, lambda k: (1 + c.growth * p.constants.exponent / p.depth) * state(p, k)),
        )
    ),
    constants={"c": Fraction(1), "growth": Fraction(1)},
    gallery=(SWOLLEN, near_start(frequency=SMALL, amplitude=1000, v=[1, 0], w=[4, 0])),
    mutants=(past_the_slack("c"), scaled("growth", Fraction(99, 100)), without(line_48.name, BREACH)),
)


def exponential_gap() -> Any:
    """Return the derivative of e^x - 1 - x less e^x - 1, which has the sign of x."""
    import sympy

    x = sympy.symbols("x", real=True)
    return sympy.diff(sympy.exp(x) - 1 - x, x) - (sympy.exp(x) - 1)


GROWTH = identity("e^x - 1 - x is least at 0, where it is 0: its derivative is e^x - 1", exponential_gap)

equation_50 = step(
    id="marion2024.equation-50",
    title="the states are bounded",
    says="|h_k| <= e^{2 sqrt(2) K} |h_0| <= 2 e^{2 sqrt(2) K} sqrt(qn), k = 0, ..., L. Tight as K tends to 0.",
    formula=r"\|h_k\|_F\le e^{2\sqrt2K_\sigma}\|h_0\|_F\le2e^{2\sqrt2K_\sigma}\sqrt{qn}",
    source=f"{PAPER}, (50), page 33",
    uses=("marion2024.equation-49", "marion2024.proposition-5.step-2"),
    left=lambda p: chain(each(p, lambda k: state(p, k), p.depth + 1), exp(p.constants.exponent) * state(p, 0)),
    right=lambda p, c: (
        c.c * exp(c.rate * p.constants.exponent) * chain(each(p, lambda _: state(p, 0), p.depth + 1), 2 * p.root(p.q * p.n))
    ),
    constants={"c": Fraction(1), "rate": Fraction(1)},
    gallery=(SWOLLEN, near_start(frequency=SMALL, amplitude=1000, depth=4, v=4 * [1, 0], w=4 * [4, 0])),
    proof=Proof(
        set="every network (46) that satisfies (48), with sigma Lipschitz and 0 at 0",
        argument="Step 2 k times gives (1 + x/L)^k <= e^x, x = 2 sqrt(2) K_sigma, and (49).",
        steps=(GROWTH,),
    ),
    mutants=(past_the_slack("c"), scaled("rate", Fraction(1, 2)), without(line_48.name, BREACH)),
)
