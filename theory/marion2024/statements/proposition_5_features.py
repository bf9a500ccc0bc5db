r"""The proof of Proposition 5, third part: the features :math:`\sigma(W_{k+1}h_k/\sqrt q)` stay near those of the start.

Every display is true. The first layers keep a smallest singular value of :math:`\frac18\sqrt m\,\eta_r` if the start has
:math:`\frac14\sqrt m\,\eta_r`, which is the event of Lemma 21. The networks of that event are as wide as :math:`m\ge c_1n`
asks for, by repeated rows. Longer than most: seven displays.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Number, exp, where
from theory.marion2024.polyak_lojasiewicz import Constants
from theory.marion2024.setting import PAPER, Numbers
from theory.marion2024.statements import lemma_18
from theory.marion2024.statements.proposition_5_event import draw_event
from theory.marion2024.statements.proposition_5_network import (
    event,
    frobenius,
    line_47,
    line_48,
    norm_event,
    setting,
    tall,
    wide,
    within,
)
from theory.marion2024.statements.proposition_5_states import (
    BREACH,
    GROWTH,
    SWOLLEN,
    chain,
    each,
    linear,
    near_start,
    state,
    step,
)
from theory.proofs import identity, rests_on
from theory.statement import Hidden, Proof, changed, past_the_slack, scaled, without

WHERE = f"{PAPER}, Appendix B.5, page 34"
BAR = Hidden(
    says="W is the initial W where it carries no bar",
    where="the display after 'Therefore, by Lemma 21' and the left side of the display after 'we obtain', page 34",
    finding="a slip: both are about the initial W",
)


def change(p: Any, k: int) -> Number:
    r"""Return :math:`\|\sigma(W_{k+1}h_k/\sqrt q)-\sigma(\bar W\bar Ax/\sqrt q)\|_F`."""
    return p.size(p.active[k] - p.starting)


def drift(p: Any, k: int) -> Number:
    r"""Return :math:`\|h_k-Ax\|_F`."""
    return frobenius(p.states[k] - p.states[0])


def input_change(p: Any) -> Number:
    r"""Return :math:`\|Ax-\bar Ax\|_F`."""
    return frobenius((p.first - np.eye(p.q, p.d, dtype=int)) @ p.inputs)


def change_bound(p: Any, k: int, c: Any) -> Number:
    r"""Return :math:`\frac K{\sqrt q}\big(\|W_{k+1}-\bar W\|\|h_k\|+\|\bar W\|\|h_k-Ax\|+\|\bar W\|\|Ax-\bar Ax\|\big)`."""
    initial = p.size(p.initial)
    inside = c.move * p.size(p.inner[k] - p.initial) * state(p, k)
    inside += initial * (c.drift * drift(p, k) + c.input * input_change(p))
    return p.wave.lipschitz / p.root(p.q) * inside


step_8 = step(
    id="marion2024.proposition-5.step-8",
    title="the features keep their smallest singular value up to their change",
    says="s_min of the features of layer k + 1 is at least s_min of those of the start less the Frobenius norm of the change.",
    formula=r"s_{\min}\Big(\sigma\Big(\tfrac1{\sqrt q}W_{k+1}h_k\Big)\Big)\ge s_{\min}\Big(\sigma\Big(\tfrac1{\sqrt q}"
    r"\bar W\bar Ax\Big)\Big)-\Big\|\sigma\Big(\tfrac1{\sqrt q}W_{k+1}h_k\Big)"
    r"-\sigma\Big(\tfrac1{\sqrt q}\bar W\bar Ax\Big)\Big\|_F",
    source=WHERE,
    hypotheses=(setting, within),
    relation=">=",
    uses=("marion2024.lemma-18.part-a",),
    left=lambda p: each(p, lambda k: p.smallest(p.active[k])),
    right=lambda p, c: c.c * each(p, lambda k: p.smallest(p.starting) - c.change * change(p, k)),
    constants={"c": Fraction(1), "change": Fraction(1)},
    gallery=(
        near_start(start=[1, 0], w=[1, 0], v=["1/1000", 0]),
        near_start(start=[1, 0], w=["999/1000", 0]),
        near_start(
            even=1, degree=2, rows=2, start=[1, 0, -1, 0], w=["999/1000", 0, "-1001/1000", 0], v=4 * [0], x=[1, -1], y=[1, 1]
        ),
    ),
    proof=Proof(
        set="every network (46)",
        argument="Part a of Lemma 18, for matrices of one shape.",
        steps=(rests_on(lemma_18.part_a),),
    ),
    mutants=(past_the_slack("c"), scaled("change", Fraction(1, 2))),
)

step_9 = step(
    id="marion2024.proposition-5.step-9",
    title="the features of the start are those of unit vectors",
    says=(
        "With A(0) = (I; 0) the matrix W(0) A(0) x/sqrt q is W' x', W' the first d columns of W(0), again Gaussian, and x' ="
        " x/sqrt q, with columns of norm 1. So s_min of the features of the start is that of Lemma 21 with C^2 = v_x^2. (The"
        " probability printed there lacks the factor n before its first exponential, which delta on page 35 has.)"
    ),
    formula=r"\sigma\Big(\frac1{\sqrt q}\bar W\bar Ax\Big)=\sigma(\tilde W\tilde x)",
    source=WHERE,
    relation="==",
    hypotheses=(setting, within),
    hidden=(BAR,),
    left=lambda p: np.ravel(p.wave.value(p.initial @ (np.eye(p.q, p.d, dtype=int) @ p.inputs) / p.root(p.q))),
    right=lambda p, c: np.ravel(p.wave.value(p.initial[:, : p.d] @ (p.inputs / p.root(p.q)))),
    gallery=(near_start(start=[1, 1], w=[1, 1]),),
    mutants=(
        changed(
            "the last d columns",
            right=lambda p, c: np.ravel(p.wave.value(p.initial[:, -p.d :] @ (p.inputs / p.root(p.q)))),
        ),
    ),
)

MOVED = near_start(start=[1, 0], w=["3/2", 0], x=["1/10"])
STRAIGHT = near_start(frequency="1/1000", amplitude=1000)
DRIFTED = {**STRAIGHT, "depth": 2, "start": [1, 0], "v": 2 * [1, 0], "w": 2 * [1, 0]}
TURNED = near_start(frequency="3/10", a=["2001/2000", 0], start=["1/10", 0], w=["1/10", 0])
"""Networks of which only W, only V, only A differ from the start, with activations as good as linear there."""

step_10 = step(
    id="marion2024.proposition-5.step-10",
    title="how the features change",
    says=(
        "|change| <= (K/sqrt q)(|W_{k+1} - W(0)| |h_k| + |W(0)| |h_k - Ax| + |W(0)| |Ax - A(0)x|), k = 0, ..., L - 1, for any"
        " weights. Equality, term by term, for a linear activation along an axis."
    ),
    formula=r"\Big\|\sigma\Big(\tfrac1{\sqrt q}W_{k+1}h_k\Big)-\sigma\Big(\tfrac1{\sqrt q}\bar W\bar Ax\Big)\Big\|_F"
    r"\le\frac{K_\sigma}{\sqrt q}\Big(\|W_{k+1}-\bar W\|_F\|h_k\|_F+\|\bar W\|_F\|h_k-Ax\|_F+\|\bar W\|_F\|Ax-\bar Ax\|_F\Big)",
    source=WHERE,
    hypotheses=(setting, line_47),
    left=lambda p: each(p, lambda k: change(p, k)),
    right=lambda p, c: c.c * each(p, lambda k: change_bound(p, k, c)),
    constants=dict.fromkeys(("c", "move", "drift", "input"), Fraction(1)),
    gallery=(MOVED, DRIFTED, TURNED),
    mutants=(past_the_slack("c"), *(scaled(name, Fraction(9, 10)) for name in ("move", "drift", "input"))),
)

step_11 = step(
    id="marion2024.proposition-5.step-11",
    title="how far the states are from the first",
    says="|h_k - Ax| <= (4 sqrt(2) K k/L) e^{2 sqrt(2) K} sqrt(qn), k = 1, ..., L, by (48) and (50). Tight as K tends to 0.",
    formula=r"\|h_k-Ax\|_F\le\frac{4\sqrt2K_\sigma k}Le^{2\sqrt2K_\sigma}\sqrt{qn}",
    source=WHERE,
    uses=("marion2024.equation-50",),
    left=lambda p: each(p, lambda k: drift(p, k + 1)),
    right=lambda p, c: (
        c.c
        * exp(c.rate * p.constants.exponent)
        * each(p, lambda k: 2 * (k + 1) * p.constants.exponent / p.depth * p.root(p.q * p.n))
    ),
    constants={"c": Fraction(1), "rate": Fraction(1)},
    gallery=(SWOLLEN, {**STRAIGHT, "depth": 4, "a": [2, 0], "v": 4 * [1, 0], "w": 4 * [4, 0], "x": ["7/5"]}),
    proof=Proof(
        set="every network (46) that satisfies (48)",
        argument="A layer adds at most (K/(L sqrt(qm))) |V| |W| |h_{j-1}| <= (2 sqrt(2) K/L) 2 e^x sqrt(qn), by (50).",
        steps=(GROWTH,),
    ),
    mutants=(
        past_the_slack("c"),
        scaled("rate", Fraction(0)),
        without(line_48.name, linear(a=[3, 0], v=[3, 0], w=[9, 0], x=["7/5"])),
    ),
)

step_12 = step(
    id="marion2024.proposition-5.step-12",
    title="how far the first state is from that of the start",
    says="|Ax - A(0)x| <= |A - A(0)| |x| <= eta_r/(32 sqrt(2) K). Equality at distance M for columns of norm sqrt q.",
    formula=r"\|Ax-\bar Ax\|_F\le\|A-\bar A\|_F\|x\|_F\le\frac{\eta_r(\sigma)}{32\sqrt2K_\sigma}",
    source=WHERE,
    hypotheses=(setting, within),
    uses=("marion2024.equation-47",),
    left=lambda p: chain(input_change(p), p.first_move * frobenius(p.inputs)),
    right=lambda p, c: c.c * chain(p.first_move * frobenius(p.inputs), p.constants.coefficient / (16 * p.constants.exponent)),
    gallery=(near_start(even=1, degree=2, a=["251/250", 0]), near_start(even=1, degree=2, a=[1, "1/250"])),
    mutants=(past_the_slack("c"), without(within.name, BREACH)),
)


def collected(constants: Constants, share: Number, roots: tuple[Number, Number, Number]) -> Number:
    r"""Return :math:`K_\sigma e^{2\sqrt2K_\sigma}\sqrt n\big(1+\sqrt{qm}\,8K_\sigma\frac kL\big)+\sqrt m\frac{\eta_r}{32}`.

    Parameters
    ----------
    constants
        Those of the activation.
    share
        :math:`k/L`.
    roots
        :math:`\sqrt n,\sqrt m,\sqrt q`.

    Returns
    -------
    Number
        The bound of the change of the features.
    """
    n, m, q = roots
    first = constants.big_c_1 * n * (1 + q * m * 8 * constants.lipschitz * share)
    return first + m * constants.coefficient / 32


def collected_again(constants: Constants, share: Number, roots: tuple[Number, Number, Number]) -> Number:
    r"""Return :math:`C_1\sqrt n+\frac{C_2}{16}\sqrt{nqm}\frac kL+\sqrt m\frac{\eta_r}{32}`; see :func:`collected`."""
    n, m, q = roots
    return constants.big_c_1 * n + constants.big_c_2 * n * q * m * share / 16 + m * constants.coefficient / 32


def _roots(p: Any) -> tuple[Number, Number, Number]:
    return p.root(p.n), p.root(p.m), p.root(p.q)


def _change_limit(p: Any) -> Numbers:
    share = (0 * p.amplitude + 1) / p.depth
    return each(p, lambda k: collected(p.constants, k * share, _roots(p)))


def symbols() -> tuple[Constants, Any, tuple[Any, Any, Any]]:
    """Return symbolic constants, a share k/L and the roots of n, m, q."""
    import sympy

    k, eta, share, n, m, q = sympy.symbols("K eta t n m q", positive=True)
    return Constants(lipschitz=k, coefficient=eta), share, (n, m, q)


def _both_lines() -> Any:
    import sympy

    constants, share, roots = symbols()
    return sympy.expand(collected(constants, share, roots) - collected_again(constants, share, roots))


def _three_terms() -> Any:
    """Return the three terms of step 10 at the bounds of their factors less the first line of step 13."""
    import sympy

    constants, share, (n, m, q) = symbols()
    k, big = constants.lipschitz, sympy.exp(constants.exponent)
    initial, state_limit = sympy.sqrt(2) * q * m, 2 * big * q * n
    drift_limit, input_limit = 4 * sympy.sqrt(2) * k * share * big * q * n, constants.coefficient / (32 * sympy.sqrt(2) * k)
    terms = state_limit / 2 + initial * (drift_limit + input_limit)
    return sympy.expand(k / q * terms - collected(constants, share, (n, m, q)))


step_13 = step(
    id="marion2024.proposition-5.step-13",
    title="how the features change, with the bounds put in",
    says=(
        "|change| <= K e^{2 sqrt(2) K} sqrt(n) (1 + 8 K sqrt(qm) k/L) + sqrt(m) eta_r/32 = C_1 sqrt n + C_2 sqrt(nqm) k/(16 L)"
        " + sqrt(m) eta_r/32, C_1 = K e^{2 sqrt(2) K}, C_2 = 128 C_1 K. True; the first term puts 1/2 for |W_{k+1} - W(0)|,"
        " which is at most M: with M it is below sqrt(m) eta_r/32 without any lower limit on m but 2 e^{4 sqrt(2) K}/q, and"
        " that is where the condition m >= c_1 n comes from."
    ),
    formula=r"\Big\|\sigma\Big(\tfrac1{\sqrt q}W_{k+1}h_k\Big)-\sigma\Big(\tfrac1{\sqrt q}\bar W\bar Ax\Big)\Big\|_F"
    r"\le K_\sigma e^{2\sqrt2K_\sigma}\sqrt n\Big(1+\sqrt{qm}\frac{8K_\sigma k}L\Big)+\sqrt m\frac{\eta_r}{32}"
    r"=C_1\sqrt n+C_2\frac{\sqrt{nqm}\,k}{16L}+\sqrt m\frac{\eta_r}{32}",
    source=WHERE,
    hypotheses=(setting, line_47, norm_event),
    hidden=(BAR,),
    uses=(
        "marion2024.proposition-5.step-10",
        "marion2024.proposition-5.step-11",
        "marion2024.proposition-5.step-12",
        "marion2024.equation-50",
    ),
    left=lambda p: each(p, lambda k: change(p, k)),
    right=lambda p, c: c.c * _change_limit(p),
    gallery=(MOVED, DRIFTED, TURNED, linear(start=[2, 0], w=["5/2", 0], x=["7/5"])),
    proof=Proof(
        set="every network (46) with (47) and |W(0)| <= sqrt(2qm)",
        argument="Step 10 with |W_{k+1} - W(0)| <= 1/2, (50), |W(0)| <= sqrt(2qm), step 11 and step 12.",
        steps=(
            identity("the three terms of step 10 at these bounds are the first line", _three_terms),
            identity("both lines are equal", _both_lines),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        without(line_47.name, linear(start=[1, 0], w=[9, 0])),
        without(norm_event.name, {**DRIFTED, "start": [90, 0], "w": 2 * [90, 0]}),
    ),
)


def features_limit(p: Any, k: int) -> Number:
    r"""Return :math:`\sqrt m\big(\frac3{16}\eta_r-\frac{C_2}{16}\sqrt{nq}\frac kL\big)`."""
    lost = p.constants.big_c_2 * p.root(p.n * p.q) * k / p.depth
    return p.root(p.m) * (3 * p.constants.coefficient - lost) / 16


def layers_kept(p: Any) -> Number:
    r"""Return :math:`\frac{L\eta_r}{C_2\sqrt{nq}}`, up to which k the features keep half of what they had."""
    return p.depth / (p.constants.c_2 * p.root(p.n * p.q))


def on_kept_layers(p: Any, value: Any, limit: Any) -> Numbers:
    """Return a value at each layer that is kept and twice the limit, about which nothing is claimed, at the others."""
    return each(p, lambda k: where(layers_kept(p) - k, value(k), 2 * limit(k)))


def eighth(p: Any, _k: int) -> Number:
    r"""Return :math:`\frac18\sqrt m\,\eta_r`."""
    return p.root(p.m) * p.constants.coefficient / 8


def _sixteenths() -> Any:
    """Return 1/4 less the two 1/32 that the change may take, less 3/16."""
    import sympy

    return sympy.Rational(1, 4) - 2 * sympy.Rational(1, 32) - sympy.Rational(3, 16)


def _width() -> Any:
    """Return C_1 sqrt(n) less sqrt(m) eta/32 at m = c_1 n, the first argument of the maximum in c_1."""
    import sympy

    constants, _, (n, _m, _q) = symbols()
    width = n * sympy.sqrt(2**10 * constants.big_c_1**2 / constants.coefficient**2)
    return sympy.simplify(constants.big_c_1 * n - width * constants.coefficient / 32)


def _depth() -> Any:
    """Return 3/16 eta - C_2 sqrt(nq) k/(16 L) at k/L = eta/(C_2 sqrt(nq)) less eta/8."""
    import sympy

    constants, _, (n, _m, q) = symbols()
    share = constants.coefficient / (constants.big_c_2 * n * q)
    left = 3 * constants.coefficient / 16 - constants.big_c_2 * n * q * share / 16
    return sympy.simplify(left - constants.coefficient / 8)


EVENT = (setting, within, norm_event, event, tall)
WIDEST = {"even": 1, "degree": 2, "d": 1, "rows": 2, "x": [2, -2], "y": [1, 1], "a": [1, 0, 0, 0], "b": [0, 0, 0, 1]}
PAIR = {**near_start(), **WIDEST, "v": 8 * [0], "w": [1, 0, 0, 0, -1, 0, 0, 0], "start": [1, 0, 0, 0, -1, 0, 0, 0]}
"""Two opposite samples of norm sqrt q = 2, rows +-e_1 of W, V = 0; the activation is a multiple of sin + 1 - cos."""

step_14 = step(
    id="marion2024.proposition-5.step-14",
    title="the first layers keep half of the smallest singular value of the features",
    says=(
        "If m >= c_1 n, so that C_1 sqrt n <= sqrt(m) eta_r/32, and s_min of the features of the start is at least sqrt(m)"
        " eta_r/4, then s_min of those of layer k + 1 is at least sqrt(m)(3 eta_r/16 - C_2 sqrt(nq) k/(16 L)), hence at least"
        " sqrt(m) eta_r/8 for k <= L eta_r/(C_2 sqrt(nq)). Loose by 6/5 at least: the change is far smaller."
    ),
    formula=r"s_{\min}\Big(\sigma\Big(\tfrac1{\sqrt q}W_{k+1}h_k\Big)\Big)"
    r"\ge\sqrt m\Big(\frac3{16}\eta_r-\frac{C_2}{16}\sqrt{nq}\frac kL\Big)\ge\frac18\sqrt m\,\eta_r",
    source=WHERE,
    instances=draw_event,
    hypotheses=(*EVENT, wide),
    relation=">=",
    uses=("marion2024.proposition-5.step-8", "marion2024.proposition-5.step-9", "marion2024.proposition-5.step-13"),
    left=lambda p: chain(
        each(p, lambda k: p.smallest(p.active[k])),
        on_kept_layers(p, lambda k: p.smallest(p.active[k]), lambda k: eighth(p, k)),
    ),
    right=lambda p, c: c.c * chain(each(p, lambda k: features_limit(p, k)), each(p, lambda k: eighth(p, k))),
    gallery=({**PAIR, "amplitude": "1/1000", "copies": 12000},),
    proof=Proof(
        set="every network (46) within M of its start, |W(0)| <= sqrt(2qm), m >= c_1 n, s_min of the first features large",
        argument="Steps 8, 9 and 13.",
        steps=(
            identity("m = c_1 n gives C_1 sqrt n = sqrt(m) eta_r/32", _width),
            identity("1/4 - 1/32 - 1/32 = 3/16", _sixteenths),
            identity("at k = L eta_r/(C_2 sqrt(nq)) the bound is sqrt(m) eta_r/8", _depth),
            identity("the three terms of step 10 at the bounds of step 13", _three_terms),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        without(
            event.name,
            {**PAIR, "amplitude": "1/1000", "copies": 12000, "w": [1, 0, 0, 0, 1, 0, 0, 0], "start": [1, 0, 0, 0, 1, 0, 0, 0]},
        ),
        without(within.name, {**PAIR, "amplitude": "1/1000", "copies": 12000, "w": [1, 0, 0, 0, 1, 0, 0, 0]}),
    ),
)
