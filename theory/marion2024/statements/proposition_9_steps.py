r"""Proposition 9, the first two displays of its proof: distances of layers and of times."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, absolute, exp, expm1, sqrt, total
from theory.marion2024.setting import PAPER, Numbers, rounded
from theory.proofs import identity
from theory.statement import Draw, Hypothesis, Inequality, Instance, Proof, changed, past_the_slack, without

WHERE = f"{PAPER}, proof of Proposition 9, page 21"
UNIFORM = f"{PAPER}, proof of Proposition 9, page 22"


@dataclass(frozen=True, kw_only=True)
class Steps(Instance):
    r"""Scalar layers at one time, by the steps between them.

    Parameters
    ----------
    bound
        C.
    steps
        The numbers :math:`L(Z_{k+1}-Z_k)/C`, shape ``(L - 1,)``.
    low, high
        Two layers, :math:`1\le i\le j\le L`.
    """

    bound: Number
    steps: Numbers
    low: int
    high: int


ordered = Hypothesis(
    name="layers",
    says="C > 0, 1 <= i <= j <= L, L >= 2",
    holds=lambda p: [
        (p.bound, ">", 0 * p.bound),
        (p.low, ">=", 1),
        (p.high, ">=", p.low),
        (len(p.steps) + 1, ">=", p.high),
        (len(p.steps), ">=", 1),
    ],
    standing=True,
)
small_steps = Hypothesis(
    name="gaps",
    says="|Z_{k+1} - Z_k| <= C/L",
    holds=lambda p: [(absolute(step), "<=", 0 * p.bound + 1) for step in p.steps],
)


def _draw_steps(draw: Draw, in_force: frozenset[str]) -> Steps:
    size = draw.integer(1, 6)
    reach = 1.0 if small_steps.name in in_force else 2.0
    one_way = draw.choice((0, 1))
    steps = tuple(rounded(draw.real(0.9 if one_way else -reach, reach)) for _ in range(size))
    low, more = draw.integer(1, size + 1), draw.integer(0, size)
    return Steps(bound=rounded(draw.positive(0.1, 10.0)), steps=steps, low=low, high=min(size + 1, low + more))


step_1 = Inequality(
    id="marion2024.proposition-9.step-1",
    title="gaps of layers add up",
    says="|Z_i - Z_j| <= C |i - j|/L when successive layers are C/L apart at most. Attained when all steps are C/L.",
    formula=r"\|Z^L_i(t)-Z^L_j(t)\|\le\frac{C|i-j|}L",
    source=f"{WHERE}, first display",
    instance=Steps,
    instances=_draw_steps,
    hypotheses=(ordered, small_steps),
    left=lambda p: absolute(total(p.bound * p.steps[p.low - 1 : p.high - 1]) + 0 * p.bound) / (len(p.steps) + 1),
    relation="<=",
    right=lambda p, c: c.c * p.bound * (p.high - p.low) / (len(p.steps) + 1),
    constants={"c": Fraction(1)},
    gallery=(
        {"bound": 1, "steps": [1, 1, 1], "low": 1, "high": 4},
        {"bound": 2, "steps": [1, -1, "1/2"], "low": 2, "high": 4},
        {"bound": 1, "steps": [1], "low": 2, "high": 2},
    ),
    mutants=(
        past_the_slack("c"),
        without(small_steps.name, {"bound": 1, "steps": [2], "low": 1, "high": 2}),
        changed("one step fewer", right=lambda p, c: p.bound * (p.high - p.low - 1) / (len(p.steps) + 1)),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Times(Instance):
    r"""Two times of :math:`Z(t)=C\frac{1-e^{-at}}a+\sigma(1-e^{-\sqrt t})`.

    Parameters
    ----------
    bound, rate
        C and a.
    burst
        :math:`\sigma\ge0`; its speed :math:`\sigma e^{-\sqrt t}/(2\sqrt t)` is integrable and not bounded.
    t, t_other
        The times.
    """

    bound: Number
    rate: Number
    burst: Number
    t: Number
    t_other: Number


positive = Hypothesis(
    name="positive",
    says="C > 0, a >= 1, sigma >= 0, t, t' > 0",
    holds=lambda p: [
        (p.bound, ">", 0 * p.t),
        (p.rate, ">=", 0 * p.t + 1),
        (p.burst, ">=", 0 * p.t),
        (p.t, ">", 0 * p.t),
        (p.t_other, ">", 0 * p.t),
    ],
    standing=True,
)
bounded_speed = Hypothesis(
    name="b bounded by C",
    says="the bound b of the speeds is itself at most C: sigma = 0",
    holds=lambda p: (p.burst, "==", 0 * p.t),
)


def _draw_times(draw: Draw, in_force: frozenset[str]) -> Times:
    burst = Fraction(0) if bounded_speed.name in in_force else rounded(draw.positive(0.1, 10.0))
    t, apart = rounded(draw.positive(1e-4, 10.0)), rounded(draw.positive(1e-4, 10.0))
    rate = rounded(draw.positive(1.0, 5.0))
    return Times(bound=rounded(draw.positive(0.1, 10.0)), rate=rate, burst=burst, t=t, t_other=t + apart)


def travelled(bound: Number, rate: Number, t: Number, t_other: Number) -> Number:
    r"""Return :math:`\int_t^{t'}Ce^{-a\tau}d\tau=\frac Ca(e^{-at}-e^{-at'})`, in a form without cancellation."""
    return -bound / rate * exp(-rate * t) * expm1(-rate * (t_other - t))


def displacement(p: Any) -> Number:
    r"""Return :math:`|Z(t')-Z(t)|`."""
    root, other = sqrt(p.t), sqrt(p.t_other)
    return absolute(travelled(p.bound, p.rate, p.t, p.t_other) - p.burst * exp(-root) * expm1(root - other))


def speed_of_the_family() -> Any:
    """Return the derivative of the distance travelled in its upper end less the speed."""
    import sympy

    bound, rate, t, start = sympy.symbols("C a t u", positive=True)
    return sympy.simplify(sympy.diff(travelled(bound, rate, start, t), t) - bound * sympy.exp(-rate * t))


step_2 = Inequality(
    id="marion2024.proposition-9.step-2",
    title="a layer moves at most at speed C",
    says=(
        "|Z_k(t) - Z_k(t')| <= C |t - t'| when the bound b of the speeds is at most C. Only here, and so in (26) and (27), must"
        " b be bounded: with sigma > 0 the speeds have one integrable bound, and no Lipschitz constant."
    ),
    formula=r"\|Z_k^L(t)-Z_k^L(t')\|=\Big\|\int_{t'}^t\frac{dZ_k^L}{dt}(\tau)\,d\tau\Big\|\le C|t-t'|",
    source=f"{WHERE}, second display",
    instance=Times,
    instances=_draw_times,
    hypotheses=(positive, bounded_speed),
    left=displacement,
    relation="<=",
    right=lambda p, c: c.c * p.bound * absolute(p.t - p.t_other),
    constants={"c": Fraction(1)},
    gallery=(
        {"bound": 1, "rate": 1, "burst": 0, "t": "1/1000", "t_other": "1/500"},
        {"bound": 2, "rate": 3, "burst": 0, "t": 5, "t_other": "1/10"},
    ),
    proof=Proof(
        set="every C^1 function with speeds bounded by b <= C",
        argument="The integral of the speed over an interval of length |t - t'|.",
        steps=(identity("the distance travelled of the family has speed C e^{-at}", speed_of_the_family),),
    ),
    mutants=(
        past_the_slack("c"),
        without(bounded_speed.name, {"bound": 1, "rate": 1, "burst": 1, "t": "1/10000", "t_other": "1/100"}),
        changed("|t - t'|^2", right=lambda p, c: p.bound * (p.t - p.t_other) * (p.t - p.t_other)),
    ),
)
