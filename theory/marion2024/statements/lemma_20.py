"""Lemma 20: the norm of a Gaussian matrix; true, with an exponent that can be 2.4 times larger, and from M^2 = 1.3 on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Arithmetic, Number, exp, log, sqrt
from theory.marion2024.setting import PAPER, chi_square_tail, rounded
from theory.proofs import compared, identity
from theory.statement import (
    Draw,
    Hypothesis,
    Inequality,
    Instance,
    Mutant,
    Probability,
    Proof,
    changed,
    past_the_slack,
    without,
)

WHERE = f"{PAPER}, Lemma 20, page 37"
STEPS = f"{PAPER}, proof of Lemma 20, page 37"


@dataclass(frozen=True, kw_only=True)
class GaussianNorm(Instance):
    r"""A standard Gaussian matrix and a multiple of the root of its size.

    Parameters
    ----------
    q, m
        Its shape.
    reach
        The number :math:`M_W`.
    """

    q: int
    m: int
    reach: Number

    @property
    def size(self) -> int:
        """Return the number of entries."""
        return self.q * self.m


size = Hypothesis(
    name="q, m >= 1",
    says="q, m >= 1, M_W >= 1",
    holds=lambda p: [(p.q, ">=", 1), (p.m, ">=", 1), (p.reach, ">=", 1)],
    standing=True,
)
far = Hypothesis(name="M_W >= sqrt 2", says="M_W >= sqrt 2", holds=lambda p: (p.reach**2, ">=", 0 * p.reach + 2))
nearer = Hypothesis(name="M_W^2 >= 13/10", says="M_W^2 >= 13/10", holds=lambda p: (10 * p.reach**2, ">=", 0 * p.reach + 13))
NEAR_ROOT = Fraction(11402, 10**4)


def _draw(draw: Draw, in_force: frozenset[str]) -> GaussianNorm:
    least = Fraction(14143, 10**4) if far.name in in_force else NEAR_ROOT if nearer.name in in_force else Fraction(1)
    reach = least + draw.choice((0, 1)) * rounded(draw.positive(0.001, 2.0))
    return GaussianNorm(q=draw.integer(1, 16), m=draw.integer(1, 16), reach=reach)


def excess_probability(p: Any) -> Number:
    r"""Return :math:`P(\|W\|_F>M_W\sqrt{qm})`: the squared norm is chi-square with qm degrees of freedom."""
    return chi_square_tail(p.size, p.reach**2 * p.size)


def printed_bound(p: Any, rate: Number) -> Number:
    r"""Return :math:`e^{-\text{rate}\,(M_W^2-1)qm}`."""
    return exp(-rate * (p.reach**2 - 1) * p.size)


def chernoff_bound(p: Any) -> Number:
    r"""Return :math:`\exp\big(-\frac{qm}2(M_W^2-1-\ln M_W^2)\big)`."""
    square = p.reach**2
    return exp(-(square - 1 - log(square)) * p.size / 2)


def sharp_rate(like: Number) -> Number:
    r"""Return :math:`\frac{1-\ln2}2`."""
    return (1 - log(0 * like + 2)) / 2


def chernoff_identity() -> Any:
    """Return the logarithm of e^{-t M^2} E e^{t Z^2} at t = (1 - 1/M^2)/2 less the exponent claimed, for one degree."""
    import sympy

    square = sympy.Symbol("s", positive=True)
    tilt = (1 - 1 / square) / 2
    # E e^{t Z^2} = (1 - 2t)^{-1/2}, and 1 - 2t = 1/s.
    return sympy.expand(-tilt * square + sympy.log(square) / 2 + (square - 1 - sympy.log(square)) / 2)


def moment_identity() -> Any:
    r"""Return the derivative of :math:`-\frac12\ln(1-2t)-t-\frac{t^2}{1-2t}` less its closed form, not positive on [0, 1/2)."""
    import sympy

    t = sympy.Symbol("t", positive=True)
    value = -sympy.log(1 - 2 * t) / 2 - t - t**2 / (1 - 2 * t)
    return sympy.together(sympy.diff(value, t) + 2 * t**2 / (1 - 2 * t) ** 2)


def massart_identity() -> Any:
    """Return e^{-x} against the tilt with 1 - 2t = 1/(1 + 2z), x = N z^2: its exponent less -x, N = 1."""
    import sympy

    z = sympy.Symbol("z", positive=True)
    t = z / (1 + 2 * z)
    return sympy.together(-t * (2 * z + 2 * z**2) + t**2 / (1 - 2 * t) + z**2)


def rate_identity() -> Any:
    """Return the derivative of ln(1 + u) - u/(1 + u), which starts at 0, less u/(1 + u)^2."""
    import sympy

    u = sympy.Symbol("u", positive=True)
    return sympy.together(sympy.diff(sympy.log(1 + u) - u / (1 + u), u) - u / (1 + u) ** 2)


def level_identity() -> Any:
    """Return u - sqrt(u)/2 - u/8 at u = s^2 less s (7s - 4)/8."""
    import sympy

    s = sympy.Symbol("s", positive=True)
    return sympy.expand(s**2 - s / 2 - s**2 / 8 - s * (7 * s - 4) / 8)


def _at_three_tenths(arithmetic: Arithmetic, _case: int) -> tuple[Number, Number]:
    u = arithmetic.number("3/10")
    return (u - log(1 + u)) / 2, u / 16


LARGE = {"q": 32, "m": 32}
RATE = identity("u^2 times the derivative of (u - ln(1 + u))/u is ln(1 + u) - u/(1 + u), which increases from 0", rate_identity)
CHERNOFF = identity("the tilt t = (1 - 1/M^2)/2 gives this exponent", chernoff_identity)
MONOTONE = "P(chi^2_N > M^2 N) <= exp(-(N/2)(u - ln(1 + u))), u = M^2 - 1, by Chernoff, and (u - ln(1 + u))/u increases in u"

lemma_20 = Inequality(
    id="marion2024.lemma-20",
    title="the norm of a Gaussian matrix",
    says=(
        "For W of size q x m standard Gaussian and M_W >= sqrt 2, P(||W||_F > M_W sqrt(qm)) <= exp(-(M_W^2 - 1) qm/16). The"
        " left side is an exact chi-square tail. Some lower limit on M_W is needed, but sqrt 2 is not the least: M_W^2 >= 1.3"
        " suffices. The exponent loses a factor 2.45 at M_W = sqrt 2 and 4.3 at M_W = 2."
    ),
    formula=r"P\big(\|W\|_F>M_W\sqrt{qm}\big)\le e^{-(M_W^2-1)qm/16}",
    source=WHERE,
    instance=GaussianNorm,
    instances=_draw,
    hypotheses=(size, far),
    left=excess_probability,
    relation="<=",
    right=lambda p, c: c.c * printed_bound(p, c.rate),
    constants={"c": Fraction(1), "rate": Fraction(1, 16)},
    cost=2,
    gallery=({"q": 1, "m": 1, "reach": "14143/10000"}, {"q": 1, "m": 1, "reach": 2}, {**LARGE, "reach": "3/2"}),
    proof=Proof(
        set="all q, m >= 1 and M_W >= sqrt 2, indeed M_W^2 >= 13/10",
        argument=f"{MONOTONE}; at u = 3/10 it exceeds 1/8.",
        steps=(
            CHERNOFF,
            RATE,
            compared("(u - ln(1 + u))/2 > u/16 at u = 3/10", _at_three_tenths, ">", range(1)),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        changed("1/4 for 1/16", constants={"c": Fraction(1), "rate": Fraction(1, 4)}),
        without(far.name, {**LARGE, "reach": "21/20"}),
    ),
)

reading_sharp = replace(
    lemma_20,
    id="marion2024.lemma-20.reading-sharp",
    title="the norm of a Gaussian matrix, the sharp exponent",
    says=(
        "Ours: for every M_W >= 1 the probability is at most exp(-(qm/2)(M_W^2 - 1 - ln M_W^2)), which is the exact rate as qm"
        " grows."
    ),
    formula=r"P\big(\|W\|_F>M_W\sqrt{qm}\big)\le\exp\big(-\tfrac{qm}2(M_W^2-1-\ln M_W^2)\big)",
    source="ours; sharpens Lemma 20",
    ours=True,
    hypotheses=(size,),
    right=lambda p, c: c.c * chernoff_bound(p),
    constants={"c": Fraction(1)},
    gallery=({"q": 1, "m": 1, "reach": 1}, {"q": 1, "m": 1, "reach": 2}, {**LARGE, "reach": "21/20"}),
    proof=Proof(
        set="all q, m >= 1 and M_W >= 1",
        argument="Markov's inequality for e^{t ||W||^2}, E e^{t Z^2} = (1 - 2t)^{-1/2}, at t = (1 - 1/M_W^2)/2.",
        steps=(CHERNOFF,),
    ),
    mutants=(
        past_the_slack("c"),
        changed("without the logarithm", right=lambda p, c: printed_bound(p, (0 * p.reach + 1) / 2)),
    ),
)

reading_rate = replace(
    lemma_20,
    id="marion2024.lemma-20.reading-rate",
    title="the norm of a Gaussian matrix, the best constant for sqrt 2",
    says="Ours: for M_W >= sqrt 2 the 1/16 can be (1 - ln 2)/2 = 0.1534, the largest: at M_W = sqrt 2 it is the exact rate.",
    formula=r"P\big(\|W\|_F>M_W\sqrt{qm}\big)\le e^{-\frac{1-\ln2}2(M_W^2-1)qm}",
    source="ours; sharpens Lemma 20",
    ours=True,
    right=lambda p, c: c.c * printed_bound(p, c.share * sharp_rate(p.reach)),
    constants={"c": Fraction(1), "share": Fraction(1)},
    proof=Proof(
        set="all q, m >= 1 and M_W >= sqrt 2",
        argument=f"{MONOTONE}, from (1 - ln 2) at u = 1.",
        steps=(CHERNOFF, RATE),
    ),
    mutants=(
        past_the_slack("c"),
        Mutant(
            name="5% more",
            change=lambda statement, _tightest: replace(
                statement, constants={**statement.constants, "share": Fraction(21, 20)}
            ),
            tries=({"q": 32, "m": 32, "reach": "14143/10000"},),
        ),
        without(far.name, {**LARGE, "reach": "11/10"}),
    ),
)

reading_near = replace(
    lemma_20,
    id="marion2024.lemma-20.reading-near",
    title="the norm of a Gaussian matrix, nearer to its mean",
    says="Ours: the printed bound from M_W^2 >= 13/10 on; at M_W^2 = 1.29 it fails for large qm.",
    source="ours; weakens the hypothesis of Lemma 20",
    ours=True,
    hypotheses=(size, nearer),
    gallery=({**LARGE, "reach": str(NEAR_ROOT)},),
    mutants=(past_the_slack("c"), without(nearer.name, {**LARGE, "reach": "21/20"})),
)


@dataclass(frozen=True, kw_only=True)
class TailProblem(Instance):
    """A chi-square law and a level.

    Parameters
    ----------
    degrees
        Degrees of freedom N.
    x
        The exponent.
    """

    degrees: int
    x: Number


level = Hypothesis(
    name="x >= 0", says="N >= 1, x >= 0", holds=lambda p: [(p.degrees, ">=", 1), (p.x, ">=", 0 * p.x)], standing=True
)


def deviation(p: Any, root: Number, linear: Number) -> Number:
    r"""Return :math:`P(\chi^2_N-N\ge r\sqrt{Nx}+sx)`."""
    return chi_square_tail(p.degrees, p.degrees + root * sqrt(p.degrees * p.x) + linear * p.x)


step_1 = Inequality(
    id="marion2024.lemma-20.step-1",
    title="the deviation of chi-square (Laurent and Massart)",
    says="P(chi^2_N - N >= 2 sqrt(Nx) + 2x) <= e^{-x} for x >= 0; with 1 for either 2 it is false.",
    formula=r"P\big(\chi^2_N-N\ge2\sqrt{Nx}+2x\big)\le e^{-x}",
    source=STEPS,
    instance=TailProblem,
    instances=lambda draw, _in_force: TailProblem(degrees=draw.integer(1, 300), x=rounded(draw.positive(0.01, 40.0))),
    hypotheses=(level,),
    left=lambda p: deviation(p, 2, 2),
    relation="<=",
    right=lambda p, c: c.c * exp(-p.x),
    constants={"c": Fraction(1)},
    cost=2,
    gallery=({"degrees": 1, "x": 1}, {"degrees": 300, "x": 1}),
    proof=Proof(
        set="all N >= 1 and x >= 0",
        argument=(
            "ln E e^{t(Z^2 - 1)} = -ln(1 - 2t)/2 - t <= t^2/(1 - 2t), as the difference starts at 0 and decreases. With x = N"
            " z^2 Markov's inequality at t = z/(1 + 2z) gives the exponent -N z^2."
        ),
        steps=(
            identity("the difference has derivative -2 t^2/(1 - 2t)^2", moment_identity),
            identity("the exponent at t = z/(1 + 2z) is -z^2 for one degree", massart_identity),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        changed("1 for the first 2", left=lambda p: deviation(p, 1, 2)),
        changed("1 for the second 2", left=lambda p: deviation(p, 2, 1)),
    ),
)

step_2 = Inequality(
    id="marion2024.lemma-20.step-2",
    title="the level reached by x = (M_W^2 - 1) qm/16",
    says="2 sqrt(qm x) + 2x <= (M_W^2 - 1) qm when M_W >= sqrt 2, with 3/8 of it to spare; M_W^2 >= 65/49 suffices.",
    formula=r"2\sqrt{qmx}+2x\le(M_W^2-1)qm,\qquad x=\frac{(M_W^2-1)qm}{16}",
    source=STEPS,
    instance=GaussianNorm,
    instances=_draw,
    hypotheses=(size, far),
    left=lambda p: (sqrt(p.reach**2 - 1) / 2 + (p.reach**2 - 1) / 8) * p.size,
    relation="<=",
    right=lambda p, c: c.c * (p.reach**2 - 1) * p.size,
    constants={"c": Fraction(1)},
    gallery=({"q": 1, "m": 1, "reach": "14143/10000"},),
    proof=Proof(
        set="all q, m and M_W^2 >= 65/49",
        argument="With u = M_W^2 - 1: sqrt(u)/2 + u/8 <= u if and only if 4 <= 7 sqrt(u), that is u >= 16/49.",
        steps=(identity("u - sqrt(u)/2 - u/8 = s (7s - 4)/8 with u = s^2", level_identity),),
    ),
    mutants=(past_the_slack("c"), without(far.name, {"q": 1, "m": 1, "reach": "11/10"})),
)

initial_norm = replace(
    lemma_20,
    id="marion2024.proposition-3.part-norm",
    title="the norm of the initial weights in Proposition 3",
    says=(
        "Proposition 3 uses M_W = 2: ||W||_F <= 2 sqrt(qm) with probability at least 1 - exp(-3qm/16). True, and far from"
        " tight: the exponent can be (3 - ln 4)/2 = 0.807 in place of 0.1875."
    ),
    formula=r"P\big(\|W\|_F>2\sqrt{qm}\big)\le e^{-3qm/16}",
    source=f"{PAPER}, Proposition 3, page 6",
    instances=lambda draw, _in_force: GaussianNorm(q=draw.integer(1, 16), m=draw.integer(1, 16), reach=Fraction(2)),
    hypotheses=(
        size,
        Hypothesis(name="M_W = 2", says="M_W = 2", holds=lambda p: (p.reach, "==", 0 * p.reach + 2), standing=True),
    ),
    uses=("marion2024.lemma-20",),
    right=lambda p, c: c.c * exp(-c.rate * p.size + 0 * p.reach),
    constants={"c": Fraction(1), "rate": Fraction(3, 16)},
    gallery=({"q": 1, "m": 1, "reach": 2}, {"q": 16, "m": 16, "reach": 2}),
    mutants=(past_the_slack("c"), changed("1 for 3/16", constants={"c": Fraction(1), "rate": Fraction(1)})),
)

frequency = Probability(
    id="marion2024.proposition-3.part-frequency",
    title="the norm of the initial weights, drawn",
    says="||W||_F <= 2 sqrt(qm) for drawn standard Gaussian matrices, at least as often as 1 - exp(-3qm/16).",
    formula=r"P\big(\|W\|_F\le2\sqrt{qm}\big)\ge1-e^{-3qm/16}",
    source=f"{PAPER}, Proposition 3, page 6",
    instance=GaussianNorm,
    instances=lambda draw, _in_force: GaussianNorm(q=draw.integer(1, 3), m=draw.integer(1, 4), reach=Fraction(2)),
    hypotheses=(size,),
    uses=("marion2024.lemma-20",),
    event=lambda p, rng: float((rng.standard_normal((p.q, p.m)) ** 2).sum()) <= float(p.reach) ** 2 * p.size,
    at_least=lambda p: 1 - printed_bound(p, 1 / 16),
    gallery=({"q": 1, "m": 1, "reach": 2}, {"q": 2, "m": 2, "reach": 2}, {"q": 3, "m": 4, "reach": 2}),
)
