r"""Proposition 8: the flow (4) under the local Polyak-Lojasiewicz condition, part by part, on networks with an explicit flow.

Part (i) is false as printed: :math:`M_A` contains :math:`\|A^{init}\|_2`, the left side is a Frobenius norm.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from numerics.arithmetic import absolute, exp, maximum, sqrt
from theory.marion2024.setting import PAPER, Numbers
from theory.marion2024.statements.proposition_7_states import chain
from theory.marion2024.statements.proposition_8_flow import (
    COUPLED,
    EUCLIDEAN,
    FAR,
    MIRRORED,
    PRINTED,
    SCALAR,
    SHRINKING,
    SMALL,
    STEEP,
    equation_24,
    flow,
    rests,
)
from theory.marion2024.statements.proposition_8_training import large, local
from theory.statement import Erratum, Fault, Hidden, changed, past_the_slack, without

WHERE = f"{PAPER}, Proposition 8, pages 17 and 18"
TALL = {**PRINTED, "columns": 1, "rows": 2, "x": 1}
"""The printed start with d = 1 and d' = 2."""


def _layers(p: Any) -> Numbers:
    r"""Return :math:`|z_k(t)|`."""
    change = 2 * p.integral(p.now)
    pairs = zip(p.z, p.steps(p.now), strict=True)
    return np.array([absolute(z + change / (step + 1 + z / p.depth)) for z, step in pairs])


def _frobenius(p: Any) -> Numbers:
    first, last = p.lengths(p.now)
    ends = [sqrt(first**2 + (p.columns - 1)), sqrt(last**2 + (p.rows - 1))]
    return chain(np.array(ends), _layers(p))


def _operator(p: Any) -> Numbers:
    one = 0 * p.a + 1
    first, last = p.lengths(p.now)
    ends = [first if p.columns == 1 else maximum(first, one), last if p.rows == 1 else maximum(last, one)]
    return chain(np.array(ends), _layers(p))


part_i = flow(
    id="marion2024.proposition-8.part-i",
    title="the parameters are bounded, as printed",
    says=(
        "|A(t)|_F <= M_A = |A^init|_2 + M, |Z_k(t)| <= M_Z = sup|Z^init| + M, |B(t)|_F <= M_B = |B^init|_2 + M. At t = 0 the"
        " first reads |A^init|_F <= |A^init|_2 + M: for the printed A^init = (I_d; 0) that is sqrt(d) <= 1 + M."
    ),
    formula=r"\|A(t)\|_F\le\|A^{init}\|_2+M,\quad\|Z_k(t)\|\le\sup_s\|Z^{init}(s)\|+M,\quad\|B(t)\|_F\le\|B^{init}\|_2+M",
    source=WHERE,
    uses=("marion2024.equation-23",),
    left=_frobenius,
    right=lambda p, c: c.c * chain(p.m_a, p.m_b, p.m_z * np.ones(p.depth, dtype=int)),
    erratum=Erratum(
        wrong="the Frobenius norm of A^init may exceed its operator norm by more than M: sqrt(2) > 1 + M.",
        line="(i), page 17; also 'by (23) and the definition of M_A', page 19",
        counterexample={**PRINTED, "share": 0},
        repaired="marion2024.proposition-8.part-i.reading-repaired",
        fault=Fault.SLIP,
    ),
)

part_i_repaired = replace(
    part_i,
    id="marion2024.proposition-8.part-i.reading-repaired",
    title="the parameters are bounded, in operator norm",
    says=(
        "|A(t)|_2 <= M_A, |Z_k(t)| <= M_Z, |B(t)|_2 <= M_B. The proof uses no more, since M_A and M_B enter through |Ax| and"
        " |B^T v|. In Frobenius norm the bounds are |A^init|_F + M and |B^init|_F + M."
    ),
    formula=r"\|A(t)\|_2\le\|A^{init}\|_2+M,\quad\|Z_k(t)\|\le\sup_s\|Z^{init}(s)\|+M,\quad\|B(t)\|_2\le\|B^{init}\|_2+M",
    source="ours; repairs (i)",
    ours=True,
    left=_operator,
    erratum=None,
    gallery=({**PRINTED, "share": 0}, TALL, SCALAR, SMALL, COUPLED),
    mutants=(past_the_slack("c"), changed("the printed norm", left=part_i.left), without(large.name, FAR)),
)


def gap_bound(p: Any) -> Numbers:
    r"""Return :math:`\big(|Z_{k+1}(0)-Z_k(0)|+\frac{C_1M}{2M_XL}\big)e^{C_2M/2M_X}`, with a 0 first so that it is not empty."""
    first = p.k * p.k + p.k * exp(p.k) * p.m_a * p.x
    drift = first * p.bound / (2 * p.x * p.depth)
    growth = exp(p.bound / (2 * p.x))
    return np.array([0 * p.x, *((gap + drift) * growth for gap in p.gaps(0 * p.end))])


part_ii = flow(
    id="marion2024.proposition-8.part-ii",
    title="successive layers stay K/L apart for all time",
    says=(
        "|Z_{k+1}(t) - Z_k(t)| <= (|Z_{k+1}(0) - Z_k(0)| + C_1 M/(2 M_X L)) e^{C_2 M/(2 M_X)}, k = 1, ..., L - 1, for all t,"
        " with C_1 = K^2 + K K' e^K M_A M_X and C_2 = K' (here 1): (ii) with an explicit constant, as |Z_{k+1}(0) - Z_k(0)|"
        " <= Lip(Z^init)/L. Tight as M tends to 0."
    ),
    formula=r"\|Z_{k+1}(t)-Z_k(t)\|\le\Big(\|Z_{k+1}(0)-Z_k(0)\|+\frac{C_1M}{2M_XL}\Big)e^{C_2M/(2M_X)}\le\frac{\tilde K}L",
    source=WHERE,
    hidden=(
        Hidden(
            says="k = 1, ..., L - 1",
            where="'k in {1, ..., L}' in (ii)",
            finding="a slip: Z_{L+1} does not exist",
        ),
    ),
    uses=("marion2024.proposition-8.step-14",),
    left=lambda p: np.array([0 * p.x, *p.gaps(p.now)]),
    right=lambda p, c: c.c * gap_bound(p),
    gallery=(SCALAR, {**SCALAR, "bound": "1/1000", "end": "-1/40000"}),
    mutants=(
        past_the_slack("c"),
        changed("the distance at the start", right=lambda p, c: np.array([0 * p.x, *p.gaps(0 * p.end)])),
        without(large.name, {**SHRINKING, "bound": "1/1000"}),
    ),
)


def scaled_speeds(p: Any) -> Numbers:
    """Return the speeds of A, B and the layers."""
    first, last, layers = p.speeds(p.now)
    return np.array([first, last, *layers])


part_iii = flow(
    id="marion2024.proposition-8.part-iii",
    title="the speeds have an integrable bound",
    says=(
        "|dA/dt|_F, |dB/dt|_F and all |dZ_k/dt| are at most b(t) = (mu M/4) e^{-mu t/2}, which is bounded, integrable (its"
        " integral is M/2) and the same for all L and k: (iii) with an explicit b. Tight as M tends to 0."
    ),
    formula=r"\max\Big(\Big\|\frac{dA}{dt}\Big\|,\Big\|\frac{dZ_k}{dt}\Big\|,\Big\|\frac{dB}{dt}\Big\|\Big)"
    r"\le\frac{\mu M}4e^{-\mu t/2}",
    source=WHERE,
    uses=("marion2024.equation-22", "marion2024.equation-25.reading-flow"),
    left=scaled_speeds,
    right=lambda p, c: c.c * p.rate * p.bound / 4 * p.decay * np.ones(p.depth + 2, dtype=int),
    gallery=(SMALL, MIRRORED, COUPLED, PRINTED, SCALAR),
    mutants=(
        past_the_slack("c"),
        changed("e^{-mu t}", right=lambda p, c: p.rate * p.bound / 4 * p.decay**2 * np.ones(p.depth + 2, dtype=int)),
        without(large.name, {**FAR, "share": "1/10"}),
        without(local.name, {**SMALL, "rate": "1/10000"}),
    ),
)

part_iv = flow(
    id="marion2024.proposition-8.part-iv.reading-scalar",
    title="how far the parameters are from their limits",
    says=(
        "|A_inf - A(t)|_F, |B_inf - B(t)|_F and all |Z_k,inf - Z_k(t)| are at most (M/2) e^{-mu t/2}, the same for all L and"
        " k: (iv) with its rate, where the limits are known. Tight as M tends to 0."
    ),
    formula=r"\|A_\infty-A(t)\|_F,\ \|Z_{k,\infty}-Z_k(t)\|,\ \|B_\infty-B(t)\|_F\le\frac M2e^{-\mu t/2}",
    source=WHERE,
    uses=("marion2024.proposition-8.step-10", "marion2024.proposition-8.part-iii"),
    left=lambda p: chain(*rests(p)),
    right=lambda p, c: c.c * p.bound / 2 * p.decay * np.ones(p.depth + 2, dtype=int),
    gallery=(SMALL, MIRRORED, COUPLED, PRINTED, SCALAR),
    mutants=(
        past_the_slack("c"),
        changed("e^{-mu t}", right=lambda p, c: p.bound / 2 * p.decay**2 * np.ones(p.depth + 2, dtype=int)),
        without(large.name, {**FAR, "share": "1/10"}),
        without(local.name, {**SMALL, "rate": "1/10000"}),
    ),
)

part_v = replace(
    equation_24,
    id="marion2024.proposition-8.part-v",
    title="the loss decays exponentially, for all time",
    says=(
        "l(t) <= e^{-mu t} l(0) for all t >= 0 and every mu >= (22) of the local condition: (24), and t* is never reached."
        " Tight as M tends to 0. At a fixed depth the flow is defined on R_+ without any condition:"
        " marion2024.equation-4.reading-energy."
    ),
    source=WHERE,
    hidden=(EUCLIDEAN,),
    uses=("marion2024.equation-23", "marion2024.equation-24"),
    gallery=(SMALL, PRINTED, {**SCALAR, "share": "9999/10000"}),
    mutants=(
        past_the_slack("c"),
        changed("mu 1% larger", right=lambda p, c: (p.decay * p.start_size) ** 2 * exp(-p.rate * p.time / 100)),
        without(local.name, STEEP),
        changed("order 2 in mu", right=lambda p, c: p.decay**4 * p.start_size**2),
    ),
)
