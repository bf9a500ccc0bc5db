r"""The proof of Proposition 5, last part: from the features to the local Polyak-Lojasiewicz condition; ours needs far less.

The last display sums over :math:`k\le L\eta_r/(C_2\sqrt{nq})` layers, which may be more than there are: with
:math:`\sigma\to a\sigma` the printed :math:`\mu` is of order a, the gradient of order :math:`a^2`; so it fails for small a.
Counting no more than L layers repairs it. Using :math:`\|V_k\|,\|W_k-\bar W\|\le M` where the proof puts 1 and 1/2, all layers
count: :math:`\mu=\eta_r^2/(11n\max(1,K_\sigma))`, for :math:`m\ge n` and every depth.
Longer than most: the printed end of the proof, its repair, ours and an upper bound share their quantities.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Arithmetic, Number, exp, pi, sqrt, total
from theory.marion2024.setting import PAPER, Numbers, matrix, rounded
from theory.marion2024.statements.proposition_5_coefficients import reading_coefficient
from theory.marion2024.statements.proposition_5_draws import below, draw_network
from theory.marion2024.statements.proposition_5_event import draw_event
from theory.marion2024.statements.proposition_5_features import EVENT, PAIR, on_kept_layers
from theory.marion2024.statements.proposition_5_network import (
    NearStart,
    bounded,
    deep,
    deepest,
    event,
    frobenius,
    has_loss,
    norm_event,
    setting,
    tall,
    wide,
    within,
)
from theory.marion2024.statements.proposition_5_states import each, near_start, step
from theory.marion2024.statements.proposition_5_steps import CONTRACTION, loss_over_n
from theory.proofs import compared, identity, rests_on
from theory.statement import Draw, Erratum, Hidden, Hypothesis, Proof, changed, past_the_slack, scaled, without

WHERE = f"{PAPER}, Appendix B.5, page 34"
TINY = {**PAIR, "amplitude": "1/10000000", "copies": 11135}
"""sigma = 10^-7 (sin + 1 - cos), one layer, m = 22270 >= c_1 n, a residual orthogonal to the data: only V has a gradient."""
THIN = {**PAIR, "amplitude": "1/2000", "copies": 12000}
FOLDED = {**THIN, "w": 2 * [1, 0, 0, 0], "start": 2 * [1, 0, 0, 0], "y": ["3818/10000", "13012/10000"]}
"""All rows of W equal: the features of both samples are parallel, and the residual is almost orthogonal to them."""


def square(p: Any, different: Numbers) -> Number:
    """Return the squared Frobenius norm of a matrix whose different rows or columns are given."""
    flat = np.ravel(different)
    return p.copies * total(flat * flat)


def outer_part(p: Any) -> Number:
    r"""Return :math:`L\sum_k\|\partial\ell/\partial V_k\|_F^2`."""
    return p.depth * total(each(p, lambda k: square(p, p.outer_gradient(k))))


def gradient_square(p: Any) -> Number:
    r"""Return the left side of Definition 1, with :math:`\|\partial_{Z_k}\ell\|^2` the sum of those in V and W."""
    inner = p.depth * total(each(p, lambda k: square(p, p.inner_gradient(k))))
    first, last = p.adjoints[0] @ p.inputs.T, 2 * (p.residual @ p.states[-1].T) / p.n
    return outer_part(p) + inner + frobenius(first) ** 2 + frobenius(last) ** 2


def loss(p: Any) -> Number:
    r"""Return :math:`\ell`."""
    return total(np.ravel(p.residual) ** 2) / p.n


def gradient_limit(p: Any, _k: int) -> Number:
    r"""Return :math:`\frac{C_3\eta_r}{L\sqrt n}\sqrt\ell`."""
    return p.constants.big_c_3 * p.constants.coefficient * loss_over_n(p) / p.depth


step_15 = step(
    id="marion2024.proposition-5.step-15",
    title="the gradient in V of the first layers is bounded from below",
    says=(
        "|dl/dV_{k+1}| >= eta_r e^{-2 sqrt(2) K} sqrt(l)/(8 L sqrt n) = C_3 eta_r sqrt(l)/(L sqrt n) for k <= L eta_r/(C_2"
        " sqrt(nq)) and k <= L - 1, which is not printed."
    ),
    formula=r"\Big\|\frac{\partial\ell}{\partial V_{k+1}}\Big\|_F\ge\frac1{8L\sqrt n}\eta_re^{-2\sqrt2K_\sigma}\sqrt\ell"
    r"=\frac{C_3\eta_r}{L\sqrt n}\sqrt\ell",
    source=WHERE,
    instances=draw_event,
    hypotheses=(*EVENT, wide, deepest, has_loss),
    relation=">=",
    uses=("marion2024.proposition-5.step-14", "marion2024.equation-52"),
    left=lambda p: on_kept_layers(p, lambda k: p.size(p.outer_gradient(k)), lambda k: gradient_limit(p, k)),
    right=lambda p, c: c.c * each(p, lambda k: gradient_limit(p, k)),
    gallery=(THIN,),
    mutants=(
        past_the_slack("c"),
        changed("3 for 1/8", right=lambda p, c: 24 * each(p, lambda k: gradient_limit(p, k))),
        without(event.name, FOLDED),
    ),
)

step_16 = step(
    id="marion2024.proposition-5.step-16",
    title="the local condition, as concluded",
    says=(
        "|dl/dA|^2 + L sum |dl/dZ_k|^2 + |dl/dB|^2 >= C_3^2 eta_r^3 l/(2 C_2 n sqrt(nq)), as concluded under m >= c_1 n, L >="
        " c_2 sqrt(nq) and the events of Lemmas 20 and 21. The sum over k <= L eta_r/(C_2 sqrt(nq)) has more terms than there"
        " are layers if c_2 sqrt(nq) < 1, that is for activations that are flat enough; then it fails. (The radical covers nq"
        " here; Proposition 5, (10) and Appendix B.6 print n sqrt(n) q, which follows from the repaired display as well.)"
    ),
    formula=r"\Big\|\frac{\partial\ell}{\partial A}\Big\|_F^2+L\sum_{k=1}^L\Big\|\frac{\partial\ell}{\partial Z_k}\Big\|_F^2"
    r"+\Big\|\frac{\partial\ell}{\partial B}\Big\|_F^2\ge\frac{C_3^2\eta_r^3}{2C_2n\sqrt{nq}}\,\ell",
    source=WHERE,
    instances=draw_event,
    hypotheses=(*EVENT, wide, deepest, has_loss),
    hidden=(
        Hidden(
            says="the sums are over Z_1, ..., Z_L and V_1, V_2, ...",
            where="Z_{k+1} for k = 1, ..., L and V_{k+1} from k = 1 on, page 34",
            finding="Z_{L+1} does not exist; from k = 0 on there are floor(x) + 1 >= x layers, without the factor 1/2",
        ),
    ),
    relation=">=",
    uses=("marion2024.proposition-5.step-15", "marion2024.proposition-5.step-17"),
    left=gradient_square,
    right=lambda p, c: c.c * p.constants.rate(p.n, p.q) * loss(p),
    erratum=Erratum(
        wrong="floor(L eta_r/(C_2 sqrt(nq))) layers are counted, which may be more than L.",
        line="the last display of page 34",
        counterexample=TINY,
        repaired="marion2024.proposition-5.reading-repaired.step-16",
    ),
)


def _counted() -> Any:
    """Return L * (x) * C_3^2 eta^2/(L^2 n) at x = L eta/(C_2 s) less the first of the two repaired rates, s the root of nq."""
    import sympy

    depth, eta, c2, c3, n, s = sympy.symbols("L eta C_2 C_3 n s", positive=True)
    layers = depth * eta / (c2 * s)
    return sympy.simplify(depth * layers * c3**2 * eta**2 / (depth**2 * n) - c3**2 * eta**2 / n * eta / (c2 * s))


step_16_repaired = replace(
    step_16,
    id="marion2024.proposition-5.reading-repaired.step-16",
    title="the local condition, with no more layers than there are",
    says=(
        "The same with (C_3^2 eta_r^2/n) min(1, eta_r/(C_2 sqrt(nq))) on the right, and L >= 3 K for L >= c_2 sqrt(nq). Where"
        " c_2 sqrt(nq) >= 1 this is twice what is printed. Already the gradients in V make the left side."
    ),
    formula=r"L\sum_{k=1}^L\Big\|\frac{\partial\ell}{\partial V_k}\Big\|_F^2"
    r"\ge\frac{C_3^2\eta_r^2}n\min\Big(1,\frac{\eta_r}{C_2\sqrt{nq}}\Big)\ell",
    source="ours; repairs the last display of page 34",
    ours=True,
    hypotheses=(*EVENT, wide, deep, has_loss),
    hidden=(),
    uses=("marion2024.proposition-5.step-15",),
    left=outer_part,
    right=lambda p, c: c.c * p.constants.repaired_rate(p.n, p.q) * loss(p),
    erratum=None,
    gallery=(TINY, THIN),
    proof=Proof(
        set="every network (46) within M of its start, m >= c_1 n, L >= 3 K_sigma, with the events of Lemmas 20 and 21",
        argument=(
            "Step 15 holds for every k <= L - 1 with k <= x = L eta_r/(C_2 sqrt(nq)); there are min(floor(x) + 1, L) >= min(x,"
            " L) such k >= 0."
        ),
        steps=(identity("L x C_3^2 eta^2/(L^2 n) is the second rate", _counted), *CONTRACTION),
    ),
    mutants=(
        past_the_slack("c"),
        without(event.name, FOLDED),
        changed("the printed rate", left=step_16.left, right=step_16.right, hypotheses=step_16.hypotheses),
    ),
)


def _largest_reach(arithmetic: Arithmetic) -> Number:
    r"""Return :math:`\frac1{64\sqrt\pi}`, an upper limit on M for nq >= 2, by :math:`\eta_r\le K_\sigma/\sqrt\pi`."""
    return 1 / (64 * sqrt(pi(arithmetic.number(1))))


def _sharp_number(arithmetic: Arithmetic, _case: int) -> tuple[Number, Number]:
    """Return 4 (1 - g)^2 (1 - M)^2 (1/4 - s/32)^2 at the largest M, g and s, and 1/11; see the proof below."""
    m, root = _largest_reach(arithmetic), sqrt(arithmetic.number(2))
    rate = (1 + m / 2) / (32 * root)
    swell = exp(rate) * (1 + m)
    change = 1 + (root + m / root) * swell + swell / 2
    return 4 * (1 - rate) ** 2 * (1 - m) ** 2 * ((8 - change) / 32) ** 2, arithmetic.number(1) / 11


def _reach_identity() -> Any:
    """Return K sqrt(2) sqrt(nq) M less eta/32 at M = eta/(32 sqrt(2) K sqrt(nq))."""
    import sympy

    k, eta, nq = sympy.symbols("K eta N", positive=True)
    return sympy.simplify(k * sympy.sqrt(2) * sympy.sqrt(nq) * eta / (32 * sympy.sqrt(2) * k * sympy.sqrt(nq)) - eta / 32)


reading_sharp = replace(
    step_16_repaired,
    id="marion2024.proposition-5.reading-sharp",
    title="the local condition for all layers, any depth and m >= n",
    says=(
        "Ours. If eta_r <= 1 (for instance |sigma| <= 1) and m >= n, then on the events of Lemmas 20 and 21 every network"
        " within the same M = eta_r/(32 sqrt(2) K sqrt(nq)), of any depth, has L sum |dl/dV_k|^2 >= eta_r^2 l/(11 n max(1, K))."
        " No m >= c_1 n, no L >= c_2 sqrt(nq), no exponential in K, no sqrt(nq). For sin and r = 3 that is 3 10^7 sqrt(nq)"
        " times mu of page 34. The event allows no more than eta_r^2/(4n), so that only 11/4 is lost for K <= 1."
    ),
    formula=r"L\sum_{k=1}^L\Big\|\frac{\partial\ell}{\partial V_k}\Big\|_F^2\ge\frac{\eta_r^2}{11n\max(1,K_\sigma)}\,\ell",
    source="ours; sharpens Proposition 5",
    hypotheses=(setting, within, norm_event, event, tall, bounded, has_loss),
    uses=("marion2024.lemma-18.part-c", "marion2024.proposition-5.step-10", "marion2024.proposition-5.reading-coefficient"),
    right=lambda p, c: c.c * p.constants.sharp_rate(p.n) * loss(p),
    gallery=(TINY, THIN),
    proof=Proof(
        set="every admissible sigma with eta_r <= 1, q >= 2, m >= n, L >= 1, weights within M, the events of Lemmas 20 and 21",
        argument=(
            "A layer changes states and backward states by at most g/L of their size, g = K M (sqrt 2 + M/sqrt(qm)) = (eta/(32"
            " sqrt(nq)))(1 + M/sqrt(2qm)). So |h_k| <= e^g (1 + M) sqrt(qn), |h_k - Ax| <= (k/L) g e^g (1 + M) sqrt(qn) and, by"
            " step 10 with M for 1/2, |change| <= sqrt(m) (eta/32) s, s = 1 + (k/L) K (sqrt 2 + M/sqrt(qm)) e^g (1 + M) + e^g"
            " (1 + M)/sqrt(2qm). For the layers with k K <= L, which are min(1, 1/K) L at least, this leaves s_min >= sqrt(m)"
            " eta (1/4 - s/32) with K k/L <= 1. By Bernoulli |p_{k+1}| >= (1 - g) |p_L| >= (1 - g) 2 (1 - M) sqrt(l/n)."
            " Hence the sum is at least min(1, 1/K) 4 (1 - g)^2 (1 - M)^2 (1/4 - s/32)^2 eta^2 l/n; M <= 1/(64 sqrt(pi)), as nq"
            " >= 2."
        ),
        steps=(
            identity("K sqrt(2) sqrt(nq) M = eta/32", _reach_identity),
            compared("4 (1 - g)^2 (1 - M)^2 (1/4 - s/32)^2 > 1/11 at the largest M, g, s", _sharp_number, ">", range(1)),
            rests_on(reading_coefficient),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        changed("1/4 for 1/11", right=lambda p, c: 3 * p.constants.sharp_rate(p.n) * loss(p)),
        without(event.name, FOLDED),
        without(within.name, {**FOLDED, "start": THIN["start"]}),
    ),
)

stuck = Hypothesis(
    name="stuck",
    says="V = 0, W and B at their start, and the residual BAx - y is orthogonal to the rows of x, which d < n permits",
    holds=lambda p: [
        *((entry, "==", 0 * p.amplitude) for entry in p.v),
        *((entry, "==", 0 * p.amplitude) for entry in p.w - np.tile(p.start, p.depth)),
        *(
            (entry, "==", 0 * p.amplitude)
            for entry in np.ravel((p.last @ p.first @ p.inputs - matrix(p.y, p.d_out, p.n)) @ p.inputs.T)
        ),
    ],
)
PLATEAU = near_start(
    odd=0, even=1, degree=2, frequency=2, start=["1587/1000", 0], w=["1587/1000", 0], x=["7/5", "-7/5"], y=[1, 1]
)
"""1 - cos 2u near u = pi/2, where it is largest, for both samples."""


def _draw_stuck(draw: Draw, in_force: frozenset[str]) -> NearStart:
    """Draw such a network with two samples on the line, and A moved in its last rows."""
    base = draw_network(draw, frozenset({within.name}))
    radius, turn = below(1.0 if base.q == 2 else 1.5), draw.choice((1, -1))
    other = turn * rounded(draw.real(0.5, 1.0)) * radius
    beta = rounded(draw.real(-1.0, 1.0)) / 10**4
    size = rounded(draw.positive(0.01, 3.0))
    rest = -other * size if stuck.name in in_force else radius * size
    zeros = tuple(Fraction(0) for _ in range(base.q - 2))
    return replace(
        base,
        d=1,
        a=(Fraction(1), *zeros, beta),
        b=tuple(Fraction(int(k == base.q - 1)) for k in range(base.q)),
        v=tuple(Fraction(0) for _ in range(base.depth * base.q * base.rows)),
        w=base.depth * base.start,
        x=(radius, other),
        y=(beta * radius - rest, beta * other - radius * size),
    )


def _ceiling_identity() -> Any:
    import sympy

    n, m, value, size = sympy.symbols("n m l M", positive=True)
    return sympy.expand(4 / (n**2 * m) * (n * value) * (m * n * size**2) - 4 * size**2 * value)


ceiling = step(
    id="marion2024.proposition-5.reading-ceiling",
    title="what no constant can exceed",
    says=(
        "Ours. With d < n the residual can be orthogonal to the rows of x at V = 0; then only V has a gradient, and |dl/dA|^2 +"
        " L sum |dl/dZ_k|^2 + |dl/dB|^2 <= 4 M_sigma^2 l, whatever the width and depth. So a mu for all data is at most 4"
        " M_sigma^2: with sigma -> a sigma it is of order a^2, while c_4 is of order a. Equality where |sigma| is largest for"
        " all samples."
    ),
    formula=r"\Big\|\frac{\partial\ell}{\partial A}\Big\|_F^2+L\sum_k\Big\|\frac{\partial\ell}{\partial Z_k}\Big\|_F^2"
    r"+\Big\|\frac{\partial\ell}{\partial B}\Big\|_F^2\le4M_\sigma^2\,\ell",
    source="ours; an upper bound on the constant of Proposition 5",
    ours=True,
    instances=_draw_stuck,
    hypotheses=(setting, stuck, has_loss),
    left=gradient_square,
    right=lambda p, c: c.c * 4 * p.wave.bound**2 * loss(p),
    gallery=(PLATEAU, TINY),
    proof=Proof(
        set="every sigma, width and depth, d < n, B = (0, I), A = (I; b), V = 0, the residual r with r x^T = 0",
        argument=(
            "h_k = Ax and p_k = (2/n) B^T r, so that dl/dA = (2/n) B^T r x^T = 0, dl/dB = (2/n) r x^T A^T = 0, dl/dW = 0, and L"
            " sum |dl/dV_k|^2 = (4/(n^2 m)) |r sigma^T|^2 <= (4/(n^2 m)) |r|^2 m n M_sigma^2 with |r|^2 = n l."
        ),
        steps=(identity("(4/(n^2 m)) (n l) (m n M^2) = 4 M^2 l", _ceiling_identity),),
    ),
    mutants=(past_the_slack("c"), scaled("c", Fraction(9, 10)), without(stuck.name, near_start(amplitude="1/10", y=[3]))),
)
