r"""The proof of Proposition 5, second part: the backward states, (51), and the gradient in V, (52).

From :math:`\|p_k\|\ge(1-x/L)\|p_{k+1}\|`, :math:`x=2\sqrt2K_\sigma`, the proof concludes :math:`\|p_k\|\ge e^{-x}\|p_L\|`; but
:math:`(1-x/L)^L<e^{-x}`. Under (48), which it uses, the conclusion is false; under (47), where W is nearer to its start, it is
true once :math:`L\ge3K_\sigma`, and so are (51) and all constants. Longer than most: nine displays, one with a repair.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from numerics.arithmetic import Arithmetic, Number, exp, log, sqrt
from theory.marion2024.setting import PAPER, Numbers
from theory.marion2024.statements import lemma_18
from theory.marion2024.statements.proposition_5_draws import draw_network
from theory.marion2024.statements.proposition_5_network import (
    NearStart,
    deep,
    frobenius,
    has_loss,
    last_singular_value,
    line_47,
    line_48,
    norm_event,
    setting,
    tall,
)
from theory.marion2024.statements.proposition_5_states import (
    GROWTH,
    WHERE,
    chain,
    each,
    growth,
    linear,
    near_start,
    step,
)
from theory.proofs import compared, identity, rests_on
from theory.statement import Erratum, Limit, Proof, changed, past_the_slack, scaled, without

FOUR = {"d": 1, "a": [1, 0, 0, 0], "b": [0, 0, 0, 1], "start": [0, 0, 0, 0], "x": [2]}
"""q = 4, d = d' = m = 1 and |x| = 2, the root of q."""
SHRINKING = near_start(**FOUR, depth=3, v=3 * [0, 0, 0, -1], w=3 * [0, 0, 0, 5])
"""Three layers under (48) that see h = Ax at sigma = 0 and shrink p by 1/6 each: (1/6)^3 is below exp(-2 sqrt 2) = 0.059."""
HALVED = linear(b=[0, "1/2"])
"""B at distance 1/2 of its start."""
STRETCHED = linear(b=[0, "3/2"], v=[0, 1], w=[0, 4])
"""B as large as (48) allows, and a layer that stretches p."""


def adjoint(p: Any, k: int) -> Number:
    r"""Return :math:`\|p_k\|_F`."""
    return frobenius(p.adjoints[k])


def last_adjoint(p: Any) -> Numbers:
    r"""Return :math:`\|p_L\|_F` repeated for k = 0, ..., L."""
    return each(p, lambda _: adjoint(p, p.depth), p.depth + 1)


def all_adjoints(p: Any) -> Numbers:
    r"""Return :math:`\|p_k\|_F`, k = 0, ..., L."""
    return each(p, lambda k: adjoint(p, k), p.depth + 1)


def loss_over_n(p: Any) -> Number:
    r"""Return :math:`\sqrt\ell/\sqrt n`."""
    return p.root_loss / p.root(p.n)


def _tail_loss(p: Any, k: int, h: Numbers, extra: Numbers | float = 0.0) -> float:
    """Return the loss of the layers beyond k from the state h, with something added to the first V among them; in floats."""
    for j in range(k, p.depth):
        v = p.outer[j] + (extra if j == k else 0.0)
        h = h + p.copies * v @ p.wave.value(p.inner[j] @ h / np.sqrt(p.q)) / (p.depth * np.sqrt(p.m))
    return float(np.sum((p.last @ h - p.y.reshape(p.d_out, p.n)) ** 2) / p.n)


def _directions(p: Any) -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    states = [rng.standard_normal((p.q, p.n)) for _ in range(p.depth + 1)]
    return states, [rng.standard_normal((p.q, p.rows)) for _ in range(p.depth)]


def difference_quotients(p: Any, scale: Number) -> float:
    r"""Return the sum of all :math:`(\ell(\theta+te)-\ell(\theta-te))/2t`, t = 1/scale, in states and V, in floats."""
    t = 1.0 / float(scale)
    states, outer = _directions(p)
    value = 0.0
    for k, e in enumerate(states):
        value += (_tail_loss(p, k, p.states[k] + t * e) - _tail_loss(p, k, p.states[k] - t * e)) / (2 * t)
    for k, e in enumerate(outer):
        value += (_tail_loss(p, k, p.states[k], t * e) - _tail_loss(p, k, p.states[k], -t * e)) / (2 * t)
    return value


def by_formulas(p: Any, shift: int = 1, factor: float = 1.0) -> float:
    r"""Return what the printed formulas give for that sum.

    Parameters
    ----------
    p
        A lifted network.
    shift
        The gradient in :math:`V_{k+1}` is made of :math:`p_{k+s}`: 1 as printed.
    factor
        A factor of :math:`p_L`: 1 as printed.

    Returns
    -------
    float
        The sum.
    """
    states, outer = _directions(p)
    value = sum(float(np.sum(a * e)) for a, e in zip(p.adjoints, states, strict=True))
    for k, e in enumerate(outer):
        gradient = p.copies * p.adjoints[k + shift] @ p.active[k].T / (p.depth * np.sqrt(p.m))
        value += float(np.sum(gradient * e))
    return factor * value


CROOKED = near_start(
    depth=3,
    d=1,
    rows=2,
    a=[1, "1/3"],
    b=["1/5", 1],
    v=["1/2", "1/3", "-1/4", 1, "1/7", "-1/2", 1, "2/3", "-1", "1/2", "1/3", "1/5"],
    w=["1/2", 1, "-1/3", "1/4", 1, "-1", "1/2", "1/6", "2/3", "1/3", "-1/2", 1],
    start=[0, 0, 0, 0],
    x=[1, "-1/2"],
    y=[1, "1/3"],
)
"""Three different layers of two rows, two samples."""

step_3 = Limit(
    id="marion2024.proposition-5.step-3",
    title="the backward states and the gradient in V",
    says=(
        "p_L = (2/n) B^T (B h_L - y), p_k = p_{k+1} + (1/(L sqrt(qm))) W^T((V^T p_{k+1}) * sigma'(W h_k/sqrt q)) and"
        " dl/dV_{k+1} = (1/(L sqrt m)) p_{k+1} sigma(W_{k+1} h_k/sqrt q)^T are the derivatives of the loss: difference"
        " quotients of the forward pass tend to them. Here p contains the 1/n of the loss, unlike in (13)."
    ),
    formula=r"p_k=p_{k+1}+\frac1{L\sqrt{qm}}W_{k+1}^\top\big((V_{k+1}^\top p_{k+1})\odot\sigma'(\cdot)\big),\quad "
    r"p_L=\frac2nB^\top(Bh_L-y),\quad\frac{\partial\ell}{\partial V_{k+1}}=\frac1{L\sqrt m}p_{k+1}\sigma(\cdot)^\top",
    source=WHERE,
    instance=NearStart,
    instances=draw_network,
    hypotheses=(setting,),
    uses=("marion2024.equation-13.reading-repaired",),
    gallery=(CROOKED, {**CROOKED, "even": 1, "degree": 2, "copies": 3}),
    quantity=difference_quotients,
    limit=by_formulas,
    scales=tuple(Fraction(2**k) for k in range(3, 10)),
    rate=Fraction(2),
    mutants=(
        changed("p_k for p_{k+1}", limit=lambda p: by_formulas(p, shift=0)),
        changed("2 for 2/n", limit=lambda p: by_formulas(p, factor=p.n)),
    ),
)

step_4 = step(
    id="marion2024.proposition-5.step-4",
    title="a backward state shrinks by at most 1 - 2 sqrt(2) K/L",
    says=(
        "|p_k| >= |p_{k+1}| - K/(L sqrt(qm)) |W_{k+1}| |V_{k+1}| |p_{k+1}| >= (1 - 2 sqrt(2) K/L) |p_{k+1}| under (48)."
        " Equality for V and W at their limits along p, of opposite sign, where the layer sees 0."
    ),
    formula=r"\|p_k\|_F\ge\|p_{k+1}\|_F-\frac{K_\sigma}{L\sqrt{qm}}\|W_{k+1}\|_F\|V_{k+1}\|_F\|p_{k+1}\|_F"
    r"\ge\Big(1-\frac{2\sqrt2K_\sigma}L\Big)\|p_{k+1}\|_F",
    hypotheses=(setting, line_48, has_loss),
    relation=">=",
    uses=("marion2024.proposition-5.step-3", "marion2024.equation-48"),
    left=lambda p: chain(each(p, lambda k: adjoint(p, k)), each(p, lambda k: (1 - growth(p, k)) * adjoint(p, k + 1))),
    right=lambda p, c: (
        c.c
        * chain(
            each(p, lambda k: (1 - growth(p, k)) * adjoint(p, k + 1)),
            each(p, lambda k: (1 - c.growth * p.constants.exponent / p.depth) * adjoint(p, k + 1)),
        )
    ),
    constants={"c": Fraction(1), "growth": Fraction(1)},
    gallery=(SHRINKING, near_start(amplitude="1/4", v=[0, -1], w=[0, 4]), HALVED),
    mutants=(
        past_the_slack("c"),
        scaled("growth", Fraction(99, 100)),
        without(line_48.name, near_start(amplitude="1/10", v=[0, -2], w=[0, 8])),
    ),
)

step_5 = step(
    id="marion2024.proposition-5.step-5",
    title="the backward states are at least exp(-2 sqrt(2) K) times the last, as concluded",
    says=(
        "'It follows that' |p_k| >= e^{-x} |p_L|, x = 2 sqrt(2) K, from |p_k| >= (1 - x/L) |p_{k+1}|, which holds under (48)."
        " But (1 - x/L)^L < e^{-x} for every L > x, so the conclusion is false where the line before is an equality, by a"
        " factor 1 - x^2/(2L) for large L, also with m >= c_1 n and L >= c_2 sqrt(nq). Under the full hypotheses of the"
        " proposition, where V and W are nearer to their start, it is true: see reading-repaired."
    ),
    formula=r"\|p_k\|_F\ge e^{-2\sqrt2K_\sigma}\|p_L\|_F",
    hypotheses=(setting, line_48, has_loss),
    relation=">=",
    uses=("marion2024.proposition-5.step-4",),
    left=all_adjoints,
    right=lambda p, c: c.c * exp(-p.constants.exponent) * last_adjoint(p),
    erratum=Erratum(
        wrong="(1 - x/L)^L is below e^{-x}, not above: the inequality (1 + x/L)^L <= e^x was used the wrong way round.",
        line="'It follows that', before (51), page 33",
        counterexample=SHRINKING,
        repaired="marion2024.proposition-5.reading-repaired.step-5",
    ),
)


def _at_three(arithmetic: Arithmetic, _case: int) -> tuple[Number, Number]:
    """Return log(1 - u) + 8u/5 at u = 5/(6 sqrt 2), the largest contraction of a layer when L >= 3 K, and 1/20."""
    u = 5 / (6 * sqrt(arithmetic.number(2)))
    return log(1 - u) + 8 * u / 5, arithmetic.number("1/20")


def _contraction() -> Any:
    """Return (8/5) (sqrt 2 + 1/(2 sqrt 2)) - 2 sqrt 2, which is 0."""
    import sympy

    root = sympy.sqrt(2)
    return sympy.simplify(sympy.Rational(8, 5) * (root + 1 / (2 * root)) - 2 * root)


def _concave() -> Any:
    """Return the second derivative of log(1 - u) + 8u/5 plus 1/(1 - u)^2."""
    import sympy

    u = sympy.symbols("u", positive=True)
    return sympy.simplify(sympy.diff(sympy.log(1 - u) + sympy.Rational(8, 5) * u, u, 2) + 1 / (1 - u) ** 2)


CONTRACTION = (
    identity(
        "(8/5)(sqrt 2 + 1/(2 sqrt 2)) = 2 sqrt 2: by (47) a layer shrinks p by at most u = (5/8) x/L, as qm >= 2", _contraction
    ),
    identity("log(1 - u) + 8u/5 is concave, and 0 at u = 0", _concave),
    compared(
        "it is above 1/20 at u = 5/(6 sqrt 2), so not negative before: 1 - u >= e^{-8u/5} there", _at_three, ">", range(1)
    ),
)

near_step = partial(step, hypotheses=(setting, line_47, norm_event, deep, has_loss), relation=">=")
SHRUNK = near_start(amplitude="1/3", start=[0, 2], v=[0, -1], w=[0, "5/2"])
"""The largest contraction that (47) and L >= 3 K allow."""

step_5_repaired = near_step(
    id="marion2024.proposition-5.reading-repaired.step-5",
    title="the backward states are at least exp(-2 sqrt(2) K) times the last, repaired",
    says=(
        "Under (47) and |W(0)| <= sqrt(2qm), |V| |W|/sqrt(qm) <= sqrt 2 + 1/(2 sqrt 2), which is 5/8 of the 2 sqrt 2 of (48);"
        " and 1 - u >= e^{-8u/5} for u <= 0.589. So |p_k| >= e^{-2 sqrt(2) K} |p_L| as soon as L >= 3 K, which L >= c_2"
        " sqrt(nq) implies: (51), c_4 and the proposition keep their constants."
    ),
    formula=r"\|p_k\|_F\ge e^{-2\sqrt2K_\sigma}\|p_L\|_F\qquad\text{under (47)},\ L\ge3K_\sigma",
    source="ours; repairs the line before (51)",
    ours=True,
    uses=("marion2024.proposition-5.step-3", "marion2024.equation-47"),
    left=all_adjoints,
    right=lambda p, c: c.c * exp(-c.rate * p.constants.exponent) * last_adjoint(p),
    constants={"c": Fraction(1), "rate": Fraction(1)},
    gallery=(SHRUNK, HALVED),
    proof=Proof(
        set="every network (46) with (47), |W(0)| <= sqrt(2qm), q m >= 2 and L >= 3 K_sigma",
        argument="A layer shrinks p by at most 1 - u, and (1 - u)^(L - k) >= e^{-8uL/5} = e^{-x}.",
        steps=CONTRACTION,
    ),
    mutants=(
        past_the_slack("c"),
        scaled("rate", Fraction(1, 2)),
        without(deep.name, near_start(amplitude="56/100", start=[0, 2], v=[0, -1], w=[0, "5/2"])),
    ),
)

step_6 = step(
    id="marion2024.proposition-5.step-6",
    title="the last backward state and the loss",
    says="|p_L| >= (2/n) s_min(B) |B h_L - y| >= sqrt(l)/sqrt(n). Equality for B at distance 1/2.",
    formula=r"\|p_L\|_F\ge\frac2ns_{\min}(B)\|Bh_L-y\|_F\ge\frac1{\sqrt n}\sqrt\ell",
    hypotheses=(setting, line_48, has_loss),
    relation=">=",
    uses=("marion2024.proposition-5.step-3", "marion2024.lemma-18.part-b", "marion2024.equation-48"),
    left=lambda p: chain(adjoint(p, p.depth), 2 * last_singular_value(p.last) * frobenius(p.residual) / p.n),
    right=lambda p, c: c.c * chain(2 * last_singular_value(p.last) * frobenius(p.residual) / p.n, loss_over_n(p)),
    gallery=(HALVED, near_start(b=["3/5", "4/5"])),
    mutants=(
        past_the_slack("c"),
        without(line_48.name, near_start(b=[0, "1/3"])),
        changed("1/n for 1/sqrt n", right=lambda p, c: chain(2 * frobenius(p.residual) / p.n, p.root_loss)),
    ),
)

equation_51 = near_step(
    id="marion2024.equation-51",
    title="the backward states are bounded from below",
    says=(
        "|p_k| >= e^{-2 sqrt(2) K} sqrt(l)/sqrt(n), k = 0, ..., L. True under the hypotheses of the proposition, though the"
        " line before it does not follow; here under (47) and L >= 3 K. Within M of the start a layer shrinks p by less than"
        " K/(79 L) of its size, and 2 (1 - M) could stand for the 1."
    ),
    formula=r"\|p_k\|_F\ge\frac1{\sqrt n}e^{-2\sqrt2K_\sigma}\sqrt\ell",
    source=f"{PAPER}, (51), page 33",
    uses=("marion2024.proposition-5.reading-repaired.step-5", "marion2024.proposition-5.step-6"),
    left=all_adjoints,
    right=lambda p, c: c.c * exp(-c.rate * p.constants.exponent) * each(p, lambda _: loss_over_n(p), p.depth + 1),
    constants={"c": Fraction(1), "rate": Fraction(1)},
    gallery=(HALVED, {**SHRUNK, "b": [0, "1/2"]}),
    proof=Proof(
        set="every network (46) with (47), |W(0)| <= sqrt(2qm), q m >= 2 and L >= 3 K_sigma",
        argument="The repaired line before it, and step 6.",
        steps=CONTRACTION,
    ),
    mutants=(
        past_the_slack("c"),
        scaled("rate", Fraction(1, 2)),
        without(deep.name, near_start(amplitude="56/100", b=[0, "1/2"], start=[0, 2], v=[0, -1], w=[0, "5/2"])),
    ),
)

step_7 = step(
    id="marion2024.proposition-5.step-7",
    title="the backward states are bounded from above",
    says="|p_k| <= 3 e^{2 sqrt(2) K} sqrt(l)/sqrt(n), k = 0, ..., L, 'by a similar proof'. Tight as K tends to 0.",
    formula=r"\|p_k\|_F\le\frac3{\sqrt n}e^{2\sqrt2K_\sigma}\sqrt\ell",
    hypotheses=(setting, line_48, has_loss),
    uses=("marion2024.proposition-5.step-3", "marion2024.equation-48"),
    left=all_adjoints,
    right=lambda p, c: c.c * exp(c.rate * p.constants.exponent) * each(p, lambda _: 3 * loss_over_n(p), p.depth + 1),
    constants={"c": Fraction(1), "rate": Fraction(1)},
    gallery=(STRETCHED, near_start(depth=4, b=[0, "3/2"], v=4 * [0, 1], w=4 * [0, 4])),
    proof=Proof(
        set="every network (46) that satisfies (48)",
        argument="|p_L| <= (2/n)(3/2) |B h_L - y| = 3 sqrt(l)/sqrt(n), and a layer stretches by at most 1 + x/L <= e^{x/L}.",
        steps=(GROWTH,),
    ),
    mutants=(
        past_the_slack("c"),
        scaled("rate", Fraction(1, 2)),
        without(line_48.name, near_start(b=[0, 4])),
    ),
)


def gradient_links(p: Any) -> tuple[Numbers, Numbers, Numbers]:
    r"""Return :math:`\|\partial\ell/\partial V_{k+1}\|_F` and the two lower bounds of (52), k = 0, ..., L - 1."""
    smallest = each(p, lambda k: p.smallest(p.active[k])) / (p.depth * p.root(p.m))
    first = each(p, lambda k: p.size(p.outer_gradient(k)))
    return first, each(p, lambda k: adjoint(p, k + 1)) * smallest, exp(-p.constants.exponent) * loss_over_n(p) * smallest


WIDE = near_start(rows=2, v=[0, 0, 0, 0], w=[1, 1, -1, "1/2"], start=[1, 1, -1, "1/2"], amplitude="1/4")
FLAT = near_start(amplitude="1/4", v=[0, 0], w=[1, 1], start=[1, 1], x=[1, "1/2"], y=["2/5", -1])
"""Two samples and one row, m < n: a residual that the row of features almost annihilates."""

equation_52 = near_step(
    id="marion2024.equation-52",
    title="the gradient in V is bounded from below",
    says=(
        "If m >= n, |dl/dV_{k+1}| >= |p_{k+1}| s/(L sqrt m) >= e^{-2 sqrt(2) K} sqrt(l) s/(L sqrt(mn)), s the smallest singular"
        " value of sigma(W_{k+1} h_k/sqrt q), k = 0, ..., L - 1. Equality in the first for n = 1; with m < n it fails."
    ),
    formula=r"\Big\|\frac{\partial\ell}{\partial V_{k+1}}\Big\|_F\ge\frac1{L\sqrt m}\|p_{k+1}\|_Fs_{\min}"
    r"\ge\frac1{L\sqrt{mn}}e^{-2\sqrt2K_\sigma}\sqrt\ell\,s_{\min},\quad "
    r"s_{\min}=s_{\min}\Big(\sigma\Big(\frac1{\sqrt q}W_{k+1}h_k\Big)\Big)",
    source=f"{PAPER}, (52), page 33",
    hypotheses=(setting, line_47, norm_event, deep, has_loss, tall),
    uses=("marion2024.lemma-18.part-c", "marion2024.equation-51", "marion2024.proposition-5.step-3"),
    left=lambda p: chain(*gradient_links(p)[:2]),
    right=lambda p, c: c.c * chain(*gradient_links(p)[1:]),
    instances=partial(draw_network, tall=True),
    proof=Proof(
        set="every network (46) with (47), |W(0)| <= sqrt(2qm), m >= n, q m >= 2 and L >= 3 K_sigma",
        argument="Part c of Lemma 18 for p_{k+1} and the transpose of the features, n columns of length m; then (51).",
        steps=(rests_on(lemma_18.part_b), *CONTRACTION),
    ),
    gallery=(WIDE, {**WIDE, "even": 1, "degree": 2, "amplitude": "1/8", "x": [1, "-1/2"], "y": [1, 1]}),
    mutants=(
        past_the_slack("c"),
        without(tall.name, FLAT),
        changed("1/L^2", right=lambda p, c: chain(*gradient_links(p)[1:]) * p.depth * 3),
    ),
)
