"""The remark after Theorem 4: the equivalent hypothesis, and the bound in diffusion time on its exact interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Arithmetic, Number, exp, expm1, least, sinh, sqrt
from theory.proofs import compared, identity
from theory.statement import Draw, Equivalence, Hypothesis, Inequality, Instance, Proof, changed, past_the_slack, without
from theory.wu2025.irregularity import irregularity
from theory.wu2025.setting import (
    PAPER,
    SETTING,
    Numbers,
    ScoreProblem,
    draw_gaps,
    draw_problem,
    log_condition,
    small_noise,
    small_noise_separation,
)

WHERE = f"{PAPER}, remark after Theorem 4, page 9"
TIME_LOW, TIME_HIGH = Fraction("0.581628289058424"), Fraction("0.581628289058425")
"""The exact end of the remark's interval lies between these."""


@dataclass(frozen=True, kw_only=True)
class TimeProblem(Instance):
    """A diffusion time.

    Parameters
    ----------
    t
        The time.
    """

    t: Number


@dataclass(frozen=True, kw_only=True)
class TimedSample(TimeProblem):
    """A sample and a diffusion time.

    Parameters
    ----------
    x
        The sample.
    """

    x: Numbers

    @property
    def problem(self) -> ScoreProblem:
        r"""Return the problem at :math:`\mu=e^{-t}`, :math:`\sigma=\sqrt{1-e^{-2t}}`."""
        return ScoreProblem(x=self.x, mu=exp(-self.t), sigma=sqrt(-expm1(-2 * self.t)))


positive_time = Hypothesis(name="t > 0", says="t > 0", holds=lambda p: (p.t, ">", 0 * p.t), standing=True)
small_time = Hypothesis(
    name="small t",
    says="t <= 0.581628289058424 (the printed 'for small t', made exact)",
    holds=lambda p: (1000000000000000 * p.t, "<=", 0 * p.t + 581628289058424),
)
timed_small_noise = Hypothesis(
    name="small noise",
    says=small_noise.says,
    holds=lambda p: small_noise.holds(p.problem),
)
timed_order = Hypothesis(
    name="ordered sample",
    says="x_1 < ... < x_n, n >= 2",
    holds=lambda p: [(gap, ">", 0 * gap) for gap in p.problem.gaps],
    standing=True,
)


def _draw_time(draw: Draw, in_force: frozenset[str]) -> TimeProblem:
    most = float(TIME_LOW) if small_time.name in in_force else 5.0
    t = Fraction(draw.positive(1e-6, most)).limit_denominator(10**9)
    return TimeProblem(t=min(t, TIME_LOW) if small_time.name in in_force else t)


def _draw_timed(draw: Draw, in_force: frozenset[str]) -> TimedSample:
    n = draw.integer(2, 8)
    steps = [Fraction(gap).limit_denominator(100) for gap in draw_gaps(draw, n)]
    t = Fraction(draw.positive(1e-4, 0.58 if small_time.name in in_force else 4.0)).limit_denominator(10**8)
    # The spacing that the hypothesis asks for at this time, and then up to ten times more.
    spacing = small_noise_separation(n) * math.sqrt(math.expm1(2 * float(t)))
    scale = Fraction(spacing * (1 + 1e-6) * draw.positive(1.0, 10.0)).limit_denominator(10**8) + Fraction(1, 10**7)
    x = [Fraction(0)]
    for step in steps:
        x.append(x[-1] + step * scale / min(steps))
    return TimedSample(t=t, x=tuple(x))


def _draw_boundary(draw: Draw, in_force: frozenset[str]) -> ScoreProblem:
    del in_force
    factor = draw.real(0.9, 1.1)
    return ScoreProblem(**draw_problem(draw, least=lambda n: small_noise_separation(n) * factor, most=30.0))


def _margins() -> Any:
    import sympy

    mu, sigma, delta, n = sympy.symbols("mu sigma Delta n", positive=True)
    # log of the first condition, times 4 sigma^2/mu^2, is the second.
    first = sympy.expand_log(sympy.log(16 * n**3), force=True) - mu**2 * delta**2 / (4 * sigma**2)
    second = 4 * sigma**2 / mu**2 * sympy.expand_log(sympy.log(16 * n**3), force=True) - delta**2
    return first * 4 * sigma**2 / mu**2 - second


part_a = Equivalence(
    id="wu2025.remark-4.part-a",
    title="the hypothesis of Theorem 4 in terms of the spacing",
    says="16 n^3 exp(-mu^2 Delta^2/4 sigma^2) <= 1 holds exactly when Delta^2 >= 4 (sigma^2/mu^2) ln(16 n^3).",
    formula=r"16n^3e^{-\mu^2\Delta^2/4\sigma^2}\le1\iff\Delta^2\ge4\frac{\sigma^2}{\mu^2}\ln(16n^3)",
    source=WHERE,
    instance=ScoreProblem,
    instances=_draw_boundary,
    hypotheses=SETTING,
    first=small_noise.holds,
    second=log_condition,
    gallery=({"x": [0, 1], "mu": "1/2", "sigma": "1/10"}, {"x": [0, 1], "mu": "1/2", "sigma": "1/8"}),
    proof=Proof(
        set="every n, Delta, mu, sigma > 0",
        argument="",
        steps=(identity("the logarithm of the first condition times 4 sigma^2/mu^2 is the second", _margins),),
    ),
    mutants=(
        changed("n^3 for 4 ln(16 n^3)", second=lambda p: (p.minimum_spacing**2, ">=", p.sigma**2 / p.mu**2 * p.n**3)),
        changed("2 for 4", second=lambda p: (p.minimum_spacing**2, ">=", log_condition(p)[2] / 2)),
    ),
)


def time_ratio(p: Any) -> Number:
    r"""Return :math:`\mu^3/\sigma^4=e^{-3t}/(1-e^{-2t})^2`."""
    return exp(-3 * p.t) / expm1(-2 * p.t) ** 2


def _square_root_form() -> Any:
    import sympy

    t = sympy.Symbol("t", positive=True)
    ratio = sympy.exp(-3 * t) / (1 - sympy.exp(-2 * t)) ** 2
    # The ratio is e^{-t}/(4 sinh^2 t), so that the bound reads sqrt2 e^{-t/2} >= sinh(t)/t.
    return ratio - sympy.exp(-t) / (4 * ((sympy.exp(t) - sympy.exp(-t)) / 2) ** 2)


def _growth() -> Any:
    import sympy

    t = sympy.Symbol("t", positive=True)
    sinh_, cosh_ = (sympy.exp(t) - sympy.exp(-t)) / 2, (sympy.exp(t) + sympy.exp(-t)) / 2
    # (sinh t / t)' = (t cosh t - sinh t)/t^2, and (t cosh t - sinh t)' = t sinh t > 0.
    return sympy.diff(t * cosh_ - sinh_, t) - t * sinh_


def _sides_at(arithmetic: Arithmetic, t: Fraction) -> tuple[Number, Number]:
    time = arithmetic.number(t)
    return sqrt(arithmetic.number(2)) * exp(-time / 2), sinh(time) / time


part_b = Inequality(
    id="wu2025.remark-4.part-b",
    title="the bound in diffusion time",
    says=(
        "With mu = e^-t, sigma^2 = 1 - e^-2t, mu^3/sigma^4 is at least 1/(8 t^2) 'for small t'. We find the exact range: it"
        " holds if and only if t <= t*, t* = 0.58162828905842402527... (sigma^2 up to 0.6875). The constant 1/8 can be raised"
        " to 1/4 only in the limit."
    ),
    formula=r"\frac{\mu^3}{\sigma^4}=\frac{e^{-3t}}{(1-e^{-2t})^2}\ge\frac1{8t^2},\quad0<t\le t^\star",
    source=WHERE,
    instance=TimeProblem,
    instances=_draw_time,
    hypotheses=(positive_time, small_time),
    left=time_ratio,
    relation=">=",
    right=lambda p, c: c.c / p.t**2,
    constants={"c": Fraction(1, 8)},
    gallery=({"t": "1/100"}, {"t": "0.581628289058424"}),
    proof=Proof(
        set="exactly 0 < t <= t*, with t* enclosed in [0.581628289058424, 0.581628289058425]",
        argument=(
            "The ratio is e^{-t}/(4 sinh^2 t), so that the claim reads sqrt2 e^{-t/2} >= sinh(t)/t. The left side decreases and"
            " the right side increases, from sqrt2 > 1 at 0; they cross once."
        ),
        steps=(
            identity("the ratio is e^{-t}/(4 sinh^2 t)", _square_root_form),
            identity("(t cosh t - sinh t)' = t sinh t, so that sinh(t)/t increases", _growth),
            compared("it still holds at 0.581628289058424", lambda a, _k: _sides_at(a, TIME_LOW), ">", range(1)),
            compared("it fails at 0.581628289058425", lambda a, _k: _sides_at(a, TIME_HIGH), "<", range(1)),
        ),
    ),
    mutants=(past_the_slack("c"), without(small_time.name), changed("1/t^3", right=lambda p, c: c.c / p.t**3)),
)

part_c = Inequality(
    id="wu2025.remark-4.part-c",
    title="Theorem 4 in diffusion time",
    says=(
        "Hence, for t <= t* with the hypothesis of Theorem 4 in force at mu = e^-t, sigma = sqrt(1 - e^-2t), the irregularity"
        " is at least C n Delta^3/(8 t^2) with C = 2^-12 (the remark leaves C unnamed; the constant of Theorem 4 is our"
        " reading)."
    ),
    formula=r"TV^{(1)}_\pi(s^\star)\ge\frac{Cn\Delta^3}{8t^2},\quad C=2^{-12}",
    source=WHERE,
    instance=TimedSample,
    instances=_draw_timed,
    hypotheses=(positive_time, timed_order, small_time, timed_small_noise),
    uses=("wu2025.theorem-4", "wu2025.remark-4.part-b"),
    left=lambda p: irregularity(p.problem),
    relation=">=",
    right=lambda p, c: c.c * p.problem.n * least(p.problem.gaps) ** 3 / (8 * p.t**2),
    constants={"c": Fraction(1, 2**12)},
    cost=10,
    instruments=("quadrature@1e-4",),
    gallery=({"t": "1/100", "x": [0, 1, 2]},),
    proof=Proof(
        set="every n >= 2 and every sample with the hypothesis of Theorem 4 and 0 < t <= t*",
        argument="The product of Theorem 4 and part b, both proved.",
        steps=part_b.proof.steps if part_b.proof else (),
    ),
    mutants=(
        past_the_slack("c"),
        changed("1/t^4", right=lambda p, c: c.c * p.problem.n * least(p.problem.gaps) ** 3 / (8 * p.t**4)),
    ),
)
