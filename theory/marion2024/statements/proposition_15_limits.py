r"""Proposition 15, conclusions (i) to (iv), measured along paths t = L^p on scalar networks whose limits are exact.

The families of :mod:`theory.marion2024.double_limit` have the hypotheses; the limit of their inner weights is sqrt(s), which is
not Lipschitz.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from theory.marion2024.double_limit import (
    Trained,
    lost_uniformity,
    outer_distance,
    outputs_distance,
    states_distance,
    weights_distance,
)
from theory.marion2024.setting import PAPER, rounded
from theory.statement import Draw, Hidden, Hypothesis, Limit, changed

WHERE = f"{PAPER}, Proposition 15, page 30"


setting = Hypothesis(
    name="setting",
    says="f one of three, 0 < |x| <= 3/2 for every input, y not 0, p >= 1",
    holds=lambda p: [
        (p.layer * (p.layer - 1) * (p.layer - 2), "==", 0),
        (len(p.inputs), ">=", 1),
        *((x * x, ">", 0 * p.y) for x in p.inputs),
        *((4 * x * x, "<=", 0 * p.y + 9) for x in p.inputs),
        (p.y * p.y, ">", 0 * p.y),
        (p.power, ">=", 0 * p.y + 1),
    ],
    standing=True,
)


def draw_trained(draw: Draw, in_force: frozenset[str]) -> Trained:
    """Draw a family, with the training point among its inputs."""
    del in_force
    return Trained(
        layer=draw.integer(0, 2),
        inputs=(Fraction(1), rounded(draw.real(0.1, 1.4))),
        y=rounded(draw.real(0.5, 2.0)),
        lag=rounded(draw.real(-0.5, 0.5)),
        gap=rounded(draw.real(-1.0, 1.0)),
        power=draw.choice((Fraction(1), Fraction(2))),
    )


ON_THE_DIAGONAL = {"layer": 0, "inputs": [1, "-1/2"], "y": 2, "lag": "1/2", "gap": "1/2", "power": 1}
SQUARED = {"layer": 1, "inputs": [1, "1/2"], "y": "-1/2", "lag": "1/2", "gap": 1, "power": 1}
BENT = {"layer": 2, "inputs": [1, "-1/2", "3/2"], "y": 1, "lag": "1/4", "gap": "1/2", "power": 1}
GALLERY = (ON_THE_DIAGONAL, SQUARED, BENT, {**BENT, "power": 2})
SCALES = tuple(Fraction(2**k) for k in range(7, 13))

part_outer = Limit(
    id="marion2024.proposition-15.part-outer",
    title="the outer weights have a joint limit in depth and time",
    says=(
        "(i): A^L(t) and B^L(t) converge as L and t grow together, if they converge in each variable uniformly in the other:"
        " Lemma 19. Measured on t = L^p, p = 1 and 2; the order 1 is that of these families."
    ),
    formula=r"A^L(t)\to A_\infty,\quad B^L(t)\to B_\infty\qquad(L,t\to\infty)",
    source=f"{WHERE}, (i)",
    instance=Trained,
    instances=draw_trained,
    hypotheses=(setting,),
    uses=("marion2024.lemma-19",),
    quantity=outer_distance,
    limit=lambda p: 0.0,
    scales=SCALES,
    rate=Fraction(1),
    gallery=GALLERY,
    mutants=(
        changed(
            "a limit in t that is not uniform in L",
            quantity=lambda p, depth: outer_distance(p, depth) + lost_uniformity(p, depth) - 1,
        ),
        changed("order 2", rate=Fraction(2)),
    ),
)

part_weights = replace(
    part_outer,
    id="marion2024.proposition-15.part-weights",
    title="the inner weights have a joint limit, uniformly in depth",
    says=(
        "(ii) but for 'Lipschitz', which part-lipschitz refutes: Z^L_{floor(Ls)}(t) tends to some Z_inf(s) (printed Z_inf(t))"
        " uniformly in s. Here Z_inf = sqrt(s), at order 1/2. Layers are counted from 1, so that floor(Ls) is read as 1 for"
        " s < 1/L. A uniform limit of step functions has one-sided limits everywhere, no more."
    ),
    formula=r"\sup_s\|Z^L_{\lfloor Ls\rfloor}(t)-\mathcal Z_\infty(s)\|\to0\qquad(L,t\to\infty)",
    source=f"{WHERE}, (ii)",
    quantity=weights_distance,
    rate=Fraction(1, 2),
    mutants=(
        changed(
            "a limit in t that is not uniform in L",
            quantity=lambda p, depth: weights_distance(p, depth) + lost_uniformity(p, depth) - 1,
        ),
        changed("order 1", rate=Fraction(1)),
    ),
)

part_states = replace(
    part_outer,
    id="marion2024.proposition-15.part-states",
    title="hidden states tend to the solution of the limiting equation",
    says=(
        "(iii): h^L_{floor(Ls)}(t) tends to the solution of (45), uniformly in s and x. True from the printed hypotheses,"
        " although the proof uses a Lipschitz Z_inf: see reading-bound. Measured with Z_inf = sqrt(s), where the order is still"
        " 1, since sampling errs by 1/L in the mean. Two failures outside the hypotheses: limits that are not uniform"
        " (reading-path), and weights with a weak limit alone (reading-rough)."
    ),
    formula=r"\sup_{s,x}\|h^L_{\lfloor Ls\rfloor}(t)-H(s)\|\to0,\quad H'=f(H,\mathcal Z_\infty(s)),\ H(0)=A_\infty x",
    source=f"{WHERE}, (iii)",
    hidden=(
        Hidden(
            says="Z_inf is Lipschitz",
            where="'Corollary 13, applied with Theta_inf = Z_inf', page 30",
            finding="not granted by the hypotheses, and not needed: a bounded measurable Z_inf does (reading-bound)",
        ),
    ),
    uses=("marion2024.lemma-19", "marion2024.proposition-15.reading-bound"),
    quantity=states_distance,
    mutants=(
        changed(
            "a limit in t that is not uniform in L",
            quantity=lambda p, depth: states_distance(p, depth, factor=lost_uniformity(p, depth)),
        ),
        changed(
            "layers 1 and -1 in turn, their weak limit in (45)",
            quantity=lambda p, depth: states_distance(p, depth, rough=True),
        ),
        changed("order 2", rate=Fraction(2)),
    ),
)

part_outputs = replace(
    part_states,
    id="marion2024.proposition-15.part-outputs",
    title="outputs tend to those of a neural differential equation that interpolates",
    says=(
        "(iv): F^L(x; t) tends to F_inf(x) = B_inf H(1) uniformly in x, and F_inf(x_i) = y_i, since the loss tends to 0."
        " Measured at the training point, where the limit is y, and at others."
    ),
    formula=r"\sup_x\|F^L(x;t)-F_\infty(x)\|\to0,\quad F_\infty(x_i)=y_i",
    source=f"{WHERE}, (iv)",
    hidden=(),
    uses=("marion2024.proposition-15.part-outer", "marion2024.proposition-15.part-states"),
    quantity=outputs_distance,
    gallery=(ON_THE_DIAGONAL, SQUARED, BENT, {**BENT, "power": 2}),
    mutants=(
        changed(
            "a limit in t that is not uniform in L",
            quantity=lambda p, depth: outputs_distance(p, depth, factor=lost_uniformity(p, depth)),
        ),
        changed("B that keeps a distance", quantity=lambda p, depth: outputs_distance(p, depth, off=0.1)),
        changed("order 2", rate=Fraction(2)),
    ),
)
