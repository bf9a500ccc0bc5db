r"""The proof of Proposition 8 in time: (23), (24), how far the parameters move, and how far they still have to go.

All on networks whose flow is explicit. They make the bounds tight: as M tends to 0 the local condition holds with the slope at
the start, the loss decays like its bound, and one of the three parameters moves by almost M/2. Longer than most: the draws
and eight displays on the same networks.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from numerics.arithmetic import FLOATS, Number, exp
from theory.marion2024.setting import PAPER, Numbers, rounded
from theory.marion2024.statements.proposition_7_states import chain
from theory.marion2024.statements.proposition_8_training import Training, large, local, product, setting
from theory.proofs import identity
from theory.statement import Draw, Hidden, Inequality, Mutant, Proof, changed, past_the_slack, scaled, without

WHERE = f"{PAPER}, proof of Proposition 8, page 19"
NEARLY = 1 - Fraction(1, 10**7)
"""How near to a limit a number is put, so that balls can decide."""


def _below(value: float) -> Fraction:
    """Return a short fraction just below a positive float."""
    return rounded(value, 12) * NEARLY


def _end(p: Training, data: dict[str, Any], target: float, sign: int) -> Fraction:
    r"""Return the angle at which the loss at the start would be about the square of a target, at most 1."""
    # The residual has the derivative slope/(4 P |x|) in the angle.
    end = min(1.0, target * 4 * float(p.x * product(p.steps(0.0)) / p.slope(0.0)))
    for _ in range(2 if end > 1e-6 else 0):
        found = float(Training(**data, end=Fraction(sign * end), share=Fraction(0)).lift(FLOATS).start_size)
        end = min(1.0, end * target / found) if math.isfinite(found) else end / 4
    return sign * _below(end)


def _draw_start(draw: Draw) -> dict[str, Any]:
    """Draw a start and M, in which no length may vanish."""
    a, b = (rounded(draw.positive(0.1, 5.0)) for _ in range(2))
    depth, rows = draw.integer(1, 4), draw.choice((1, 1, 2))
    first = Fraction(draw.choice((0, 1))) * rounded(draw.real(-0.8, 0.8))
    z = tuple(first if draw.choice((0, 1)) else rounded(draw.real(-0.8, 0.8)) for _ in range(depth))
    limits = [float(v) for v in (a, b, *(depth + value for value in z), *([1] if rows > 1 else []))]
    return {
        "bound": rounded(min(limits) * draw.positive(1e-4, 0.5)),
        "a": a,
        "b": b,
        "cosine": draw.choice((Fraction(1), Fraction(0), rounded(draw.real(0.0, 1.0)))),
        "columns": draw.choice((1, 1, 2)),
        "rows": rows,
        "z": z,
        "x": rounded(draw.positive(1e-3, 2.0)),
    }


def draw_training(draw: Draw, in_force: frozenset[str]) -> Training:
    """Draw a network, mu as large as the local condition allows and a loss as large as (22) allows, or smaller ones."""
    data = _draw_start(draw)
    p = Training(**data, rate=Fraction(1), end=Fraction(1), share=Fraction(0)).lift(FLOATS)
    part = draw.choice((Fraction(1), rounded(draw.real(0.1, 1.0))))
    rise = 1 if local.name in in_force else 1 + 2 * rounded(draw.real(0.0, 1.0))
    data["rate"] = _below(float(p.least_slope)) * part * rise
    target = float(data["rate"] * data["bound"]) / (8 * math.exp(p.k) * max(float(value) for value in p.three))
    # The end is solved for in floats, where a few of its digits cancel.
    target *= (1 - 4e-6) * draw.choice((1.0, draw.real(0.1, 1.0)))
    target *= 1.0 if large.name in in_force else draw.positive(1.0, 1e3)
    share = 1 - rounded(draw.positive(1e-3, 0.9))
    return Training(**data, end=_end(p, data, target, draw.choice((1, -1))), share=share)


SMALL = {
    "bound": "1/1000000", "rate": "49999/10000000000", "a": "1/2", "b": 1, "cosine": 0, "columns": 1, "rows": 1, "z": [0],
    "x": "1/1000", "end": "499/1000000000", "share": "99/100",
}  # fmt: skip
"""A moves by almost M/2."""
MIRRORED = {**SMALL, "a": 1, "b": "1/2"}
"""B does."""
COUPLED = {**SMALL, "rate": "95999/1000000000", "a": 2, "b": 2, "cosine": 1, "end": "124/1000000000"}
"""The layer does."""
PRINTED = {
    "bound": "1/10", "rate": 5, "a": 1, "b": 1, "cosine": 0, "columns": 2, "rows": 1, "z": [0], "x": 1, "end": "1/200",
    "share": "1/2",
}  # fmt: skip
"""The printed start with d = 2, d' = 1, q = 3 and z = 0: F = 0 for every depth."""
SCALAR = {**PRINTED, "columns": 1, "cosine": 1, "z": ["1/10", "-1/10", 0], "end": "-1/400", "share": "99/100"}
STEEP = {**SCALAR, "rate": 30}
"""mu beyond the local condition."""
FAR = {**PRINTED, "end": "1/2", "share": "99/100"}
"""A loss beyond (22): the parameters move by more than M."""
SHRINKING = {**SCALAR, "end": "-1/2"}
"""Another one: all lengths shrink, and so does the gradient."""

flow = partial(
    Inequality,
    instance=Training,
    instances=draw_training,
    hypotheses=(setting, local, large),
    relation="<=",
    constants={"c": Fraction(1)},
    source=WHERE,
    cost=4,
)
"""A statement on these networks; its right side has the constant c, 1 as printed."""


def moved(p: Any) -> tuple[Numbers, Numbers, Numbers]:
    """Return how far A, B and the layers are from their start, as three arrays."""
    first, last, layers = p.moves(p.now, 0 * p.end)
    return np.array([first]), np.array([last]), np.array(layers)


equation_23 = flow(
    id="marion2024.equation-23",
    title="the parameters stay within M of their start",
    says=(
        "|A(t) - A(0)|_F, |B(t) - B(0)|_F and every |Z_k(t) - Z_k(0)| are at most M, for all t and not only up to t*: the"
        " bounds M/2 of steps 7 to 9 would hold at the first time when one of them is M. The M could be M/2."
    ),
    formula=r"\|A(t)-A(0)\|_F\le M,\quad\|Z_k(t)-Z_k(0)\|\le M,\quad\|B(t)-B(0)\|_F\le M",
    source=f"{PAPER}, (23), page 18",
    uses=("marion2024.proposition-8.step-7", "marion2024.proposition-8.step-8", "marion2024.proposition-8.step-9"),
    left=lambda p: chain(*moved(p)),
    right=lambda p, c: c.c * (chain(*(0 * part for part in moved(p))) + p.bound),
    gallery=(SMALL, MIRRORED, COUPLED, PRINTED, SCALAR),
    mutants=(past_the_slack("c"), scaled("c", Fraction(1, 3)), without(large.name, FAR)),
)

EUCLIDEAN = Hidden(
    says="in Definition 1, |d_Z l| is the Euclidean norm of all entries, not |d_V l|_F + |d_W l|_F as page 3 defines |Z|_F",
    where="dl/dt = -|d_A l|^2 - L sum |d_{Z_k} l|^2 - |d_B l|^2, page 18",
    finding="with the sum of norms the loss may decay half as fast: marion2024.proposition-8.reading-sum.step-1",
)


def gradient_square(p: Any) -> Number:
    r"""Return :math:`\|\dot A\|_F^2+\frac1L\sum_k\|\dot Z_k\|^2+\|\dot B\|_F^2`, the left side of the local condition."""
    first, last, layers = p.speeds(p.now)
    return first**2 + last**2 + sum(speed**2 for speed in layers) / p.depth


step_1 = flow(
    id="marion2024.proposition-8.step-1",
    title="the loss decays at a rate mu",
    says=(
        "-dl/dt = |d_A l|^2 + L sum |d_{Z_k} l|^2 + |d_B l|^2 >= mu l while the parameters are within M of their start. Tight"
        " as M tends to 0, with the largest mu of the local condition."
    ),
    formula=r"\frac{d\ell}{dt}=-\Big\|\frac{\partial\ell}{\partial A}\Big\|_F^2"
    r"-L\sum_k\Big\|\frac{\partial\ell}{\partial Z_k}\Big\|^2-\Big\|\frac{\partial\ell}{\partial B}\Big\|_F^2\le-\mu\ell",
    source=f"{PAPER}, proof of Proposition 8, page 18",
    hidden=(EUCLIDEAN,),
    relation=">=",
    uses=("marion2024.equation-23",),
    left=lambda p: chain(gradient_square(p), p.slope(p.now) * p.size(p.now) ** 2),
    right=lambda p, c: c.c * p.rate * p.size(p.now) ** 2 * np.ones(2, dtype=int),
    gallery=(SMALL, COUPLED, PRINTED, SCALAR),
    mutants=(past_the_slack("c"), without(local.name, STEEP), without(large.name, SHRINKING)),
)


def _gronwall() -> Any:
    """Return the derivative of e^{mu t} l less e^{mu t} (l' + mu l)."""
    import sympy

    t, mu = sympy.symbols("t mu", positive=True)
    loss = sympy.Function("l")(t)
    return sympy.expand(sympy.diff(sympy.exp(mu * t) * loss, t) - sympy.exp(mu * t) * (sympy.diff(loss, t) + mu * loss))


GRONWALL = Proof(
    set="every differentiable l with l' <= -mu l",
    argument="e^{mu t} l has a derivative that is not positive.",
    steps=(identity("(e^{mu t} l)' = e^{mu t} (l' + mu l)", _gronwall),),
)

equation_24 = flow(
    id="marion2024.equation-24",
    title="the loss decays exponentially",
    says="l(t) <= e^{-mu t} l(0). Tight as M tends to 0, with the largest mu of the local condition.",
    formula=r"\ell(t)\le e^{-\mu t}\ell(0)",
    source=f"{PAPER}, (24), page 19",
    uses=("marion2024.proposition-8.step-1",),
    left=lambda p: p.size(p.now) ** 2,
    right=lambda p, c: c.c * (p.decay * p.start_size) ** 2,
    gallery=(SMALL, COUPLED, PRINTED, SCALAR),
    proof=GRONWALL,
    mutants=(
        past_the_slack("c"),
        changed("mu 1% larger", right=lambda p, c: (p.decay * p.start_size) ** 2 * exp(-p.rate * p.time / 100)),
        without(local.name, STEEP),
    ),
)


def backward_bound(p: Any) -> Numbers:
    r"""Return :math:`2e^KM_Be^{-\mu t/2}\sqrt{\ell(0)}`, L + 1 times."""
    return 2 * exp(p.k) * p.m_b * p.decay * p.start_size * np.ones(p.depth + 1, dtype=int)


equation_25_flow = flow(
    id="marion2024.equation-25.reading-flow",
    title="the backward states decay in time",
    says="|p_k| <= 2 e^K M_B e^{-mu t/2} sqrt(l(0)), k = 0, ..., L, for one sample: (25) with (24). Tight as M, K tend to 0.",
    formula=r"\|p_k(t)\|\le2e^KM_Be^{-\mu t/2}\sqrt{\ell(0)}",
    uses=("marion2024.equation-25", "marion2024.equation-24"),
    left=lambda p: np.array(p.backward(p.now)),
    right=lambda p, c: c.c * backward_bound(p),
    gallery=(SMALL, PRINTED, SCALAR),
    mutants=(
        past_the_slack("c"),
        changed("e^{-mu t}", right=lambda p, c: backward_bound(p) * p.decay),
        without(local.name, STEEP),
    ),
)


def speed_bound(p: Any, which: int) -> Number:
    r"""Return :math:`2e^K\sqrt{\ell(0)}` times :math:`M_BM_X`, :math:`M_AM_X` or :math:`KM_B`, bounds of speeds at t = 0."""
    return 2 * exp(p.k) * p.three[which] * p.start_size


def _integrals(p: Any, which: int) -> tuple[Number, Number]:
    """Return the integrals of the bound of a speed up to now and up to infinity."""
    whole = 2 * speed_bound(p, which) / p.rate
    return whole * (1 - p.decay), whole


def _half_bounds(p: Any, c: Any, which: int) -> Numbers:
    """Return the right sides of the inequalities from a move to M/2; which is 0 for A, 1 for B, 2 for the layers."""
    now, whole = _integrals(p, which)
    return c.c * chain(0 * moved(p)[which] + c.speed * now, whole, c.half * p.bound / 2)


def _half_step(number: int, which: int, what: str, letter: str, factor: str, tight: dict[str, Any]) -> Inequality:
    product_of_two = factor.replace(" ", "")
    return flow(
        id=f"marion2024.proposition-8.step-{number}",
        title=f"{what} moves by at most M/2",
        says=(
            f"|{letter}(t) - {letter}(0)| <= 2 e^K {factor} sqrt(l(0)) int_0^t e^(-mu s/2) ds <= 4 e^K {factor} sqrt(l(0))/mu"
            " <= M/2, the last by (22). All tight as M tends to 0, with mu as large as the local condition and a loss as large"
            " as (22) allows."
        ),
        formula=rf"\|{letter}(t)-{letter}(0)\|\le2e^K{product_of_two}\sqrt{{\ell(0)}}\int_0^te^{{-\mu s/2}}ds"
        rf"\le\frac{{4e^K{product_of_two}}}\mu\sqrt{{\ell(0)}}\le\frac M2",
        uses=("marion2024.equation-22", "marion2024.equation-25.reading-flow", "marion2024.equation-24"),
        left=lambda p: chain(moved(p)[which], *_integrals(p, which)),
        right=lambda p, c: _half_bounds(p, c, which),
        constants={"c": Fraction(1), "speed": Fraction(1), "half": Fraction(1)},
        gallery=(tight, PRINTED, SCALAR),
        mutants=_half_mutants({**tight, "rate": Fraction(str(tight["rate"])) * 2}),
    )


def _half_mutants(steeper: dict[str, Any]) -> tuple[Mutant, ...]:
    return (
        past_the_slack("c"),
        scaled("speed", Fraction(97, 100)),
        scaled("half", Fraction(97, 100)),
        without(large.name, FAR),
        without(local.name, steeper),
    )


step_7 = _half_step(7, 2, "a layer", "Z_k", "K M_B", COUPLED)
step_8 = _half_step(8, 0, "A", "A", "M_B M_X", SMALL)
step_9 = _half_step(9, 1, "B", "B", "M_A M_X", MIRRORED)


def rests(p: Any) -> tuple[Numbers, Numbers, Numbers]:
    """Return how far A, B and the layers are from their limits."""
    first, last, layers = p.moves(p.end, p.now)
    return np.array([first]), np.array([last]), np.array(layers)


step_10 = flow(
    id="marion2024.proposition-8.step-10",
    title="how far A is from its limit",
    says=(
        "|A_inf - A(t)|_F <= 2 e^K M_B M_X sqrt(l(0)) int_t^inf e^{-mu s/2} ds = 4 e^K M_B M_X e^{-mu t/2} sqrt(l(0))/mu <="
        " (M/2) e^{-mu t/2}. Tight as M tends to 0."
    ),
    formula=r"\|A_\infty-A(t)\|_F\le\frac{4e^KM_BM_X}\mu e^{-\mu t/2}\sqrt{\ell(0)}\le\frac M2e^{-\mu t/2}",
    source=f"{PAPER}, proof of Proposition 8, page 20",
    uses=("marion2024.proposition-8.step-8",),
    left=lambda p: chain(rests(p)[0], 2 * speed_bound(p, 0) / p.rate * p.decay),
    right=lambda p, c: c.c * chain(2 * speed_bound(p, 0) / p.rate * p.decay, p.bound / 2 * p.decay),
    gallery=(SMALL, PRINTED, SCALAR),
    mutants=(
        past_the_slack("c"),
        changed("e^{-mu t}", left=lambda p: rests(p)[0], right=lambda p, c: np.array([p.bound / 2 * p.decay**2])),
        without(large.name, {**FAR, "share": "1/10"}),
    ),
)
