"""The event of (55) for uniform directions: their sub-Gaussian proxy is 1, and pairs are rarely far from orthogonal."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, exp, log
from numerics.beta_tails import direction_tail
from theory.marion2024.setting import PAPER, rounded
from theory.marion2024.statements.lemma_21_kernel import STEPS
from theory.proofs import identity, nonnegative_coefficients, rests_on
from theory.statement import Draw, Hypothesis, Inequality, Instance, Mutant, Proof, changed, past_the_slack, without


@dataclass(frozen=True, kw_only=True)
class Level(Instance):
    r"""A uniform direction and a level of its inner product with a fixed unit vector.

    Parameters
    ----------
    d
        The dimension.
    t
        The level.
    proxy
        The variance proxy :math:`C^2`.
    """

    d: int
    t: Number
    proxy: Number


@dataclass(frozen=True, kw_only=True)
class Directions(Instance):
    """Independent uniform directions.

    Parameters
    ----------
    n, d
        Their number and dimension.
    r
        The degree.
    proxy
        The variance proxy of the directions times sqrt(d).
    """

    n: int
    d: int
    r: int
    proxy: Number

    @property
    def reach(self) -> Number:
        r"""Return :math:`(\frac3{4n})^{1/r}`."""
        return exp(log((0 * self.proxy + 3) / (4 * self.n)) / self.r)

    @property
    def rarity(self) -> Number:
        r"""Return :math:`\exp\big(-\frac d{2C^2}(\frac3{4n})^{2/r}\big)`."""
        return exp(-self.d * self.reach * self.reach / (2 * self.proxy))


levels = Hypothesis(
    name="0 <= t <= 1",
    says="d >= 2, 0 <= t <= 1, C^2 > 0",
    holds=lambda p: [(p.d, ">=", 2), (p.t, ">=", 0 * p.t), (p.t, "<=", 0 * p.t + 1), (p.proxy, ">", 0 * p.t)],
    standing=True,
)
sizes = Hypothesis(
    name="n, d, r",
    says="n >= 1, d >= 2, r >= 1, C^2 > 0",
    holds=lambda p: [(p.n, ">=", 1), (p.d, ">=", 2), (p.r, ">=", 1), (p.proxy, ">", 0 * p.proxy)],
    standing=True,
)
proxy = Hypothesis(name="C^2 >= 1", says="C^2 >= 1", holds=lambda p: (p.proxy, ">=", 0 * p.proxy + 1))
degree = Hypothesis(name="r >= 2", says="r >= 2", holds=lambda p: (p.r, ">=", 2))


def _proxy(draw: Draw, in_force: frozenset[str]) -> Fraction:
    if proxy.name not in in_force:
        return rounded(draw.real(0.5, 1.0), 2)
    return Fraction(1) + draw.choice((0, 1)) * rounded(draw.real(0.0, 1.0), 2)


def _draw_level(draw: Draw, in_force: frozenset[str]) -> Level:
    d = draw.choice((2, 3, 4, 6, 10, 30, 100, 1000))
    t = min(Fraction(1), rounded(draw.real(0.0, 6.0) / d**0.5))
    return Level(d=d, t=t, proxy=_proxy(draw, in_force))


def _draw_directions(draw: Draw, in_force: frozenset[str]) -> Directions:
    r = draw.integer(2 if degree.name in in_force else 1, 5)
    n, d = draw.choice((1, 2, 2, 3, 5, 10, 100)), draw.choice((2, 3, 5, 10, 30, 100, 1000))
    return Directions(n=n, d=d, r=r, proxy=_proxy(draw, in_force))


def moment_identity() -> Any:
    r"""Return :math:`\big(z^{2k-1}(1-z^2)^{(d-1)/2}\big)'` over :math:`z^{2k-2}(1-z^2)^{(d-3)/2}`, less its closed form."""
    import sympy

    z, k, d = sympy.symbols("z k d", positive=True)
    logarithm = (2 * k - 1) * sympy.log(z) + (d - 1) * sympy.log(1 - z * z) / 2
    return sympy.simplify(z * (1 - z * z) * sympy.diff(logarithm, z) - (2 * k - 1) + (d + 2 * k - 2) * z * z)


def markov_identity() -> Any:
    """Return the exponent s^2/2 - s tau at s = tau less -tau^2/2."""
    import sympy

    tau = sympy.Symbol("tau", positive=True)
    return tau * tau / 2 - tau * tau + tau * tau / 2


def _pairs() -> tuple[Any, Any]:
    import sympy

    n = sympy.Symbol("n")
    return 2 * n**2 - n * (n - 1), n


FAR = {"d": 10000, "t": "2/25", "proxy": "9/10"}

part_proxy = Inequality(
    id="marion2024.equation-55.part-proxy",
    title="the sub-Gaussian proxy of a uniform direction",
    says=(
        "Ours: for x uniform on the unit sphere of R^d and a fixed unit y, P(|<x, y>| >= t) <= 2 exp(-d t^2/2): the columns of"
        " sqrt(d) X have C^2 = 1, and no smaller number does for every d. The left side is an exact beta tail."
    ),
    formula=r"P(|\langle x,y\rangle|\ge t)\le2e^{-dt^2/2C^2},\quad C^2\ge1",
    source=f"ours; a law to which {PAPER}, Lemma 21, applies",
    ours=True,
    instance=Level,
    instances=_draw_level,
    hypotheses=(levels, proxy),
    left=lambda p: direction_tail(p.d, p.t),
    relation="<=",
    right=lambda p, c: c.c * exp(-p.d * p.t * p.t / (2 * p.proxy)),
    constants={"c": Fraction(2)},
    cost=2,
    gallery=({"d": 2, "t": "1/2", "proxy": 1}, {"d": 1000, "t": "1/10", "proxy": 1}),
    proof=Proof(
        set="all d >= 2, t in [0, 1] and C^2 >= 1",
        argument=(
            "A coordinate z has E z^{2k} = E z^{2k-2} (2k - 1)/(d + 2k - 2) <= E z^{2k-2} (2k - 1)/d by parts, hence"
            " E e^{s sqrt(d) z} <= e^{s^2/2} term by term; Markov's inequality at s = tau for sqrt(d) z >= tau, and for -z."
        ),
        steps=(
            identity("(2k - 1) z^{2k-2} - (d + 2k - 2) z^{2k} times the density is a derivative", moment_identity),
            identity("the exponent at s = tau is -tau^2/2", markov_identity),
        ),
    ),
    mutants=(past_the_slack("c"), without(proxy.name, FAR)),
)

part_event = Inequality(
    id="marion2024.equation-55.part-event",
    title="how often the columns are not far from orthogonal",
    says=(
        "For n independent uniform directions the expected number of pairs with |<x_i, x_j>| >= (3/(4n))^(1/r), which bounds"
        " the probability of one and is equal to it for n = 2, is at most 2 n^2 exp(-(d/(2C^2)) (3/(4n))^(2/r)). The union"
        " bound gives n(n - 1) for 2 n^2. It says something only for d > 2 C^2 (4n/3)^(2/r) ln(2 n^2): with C = 1, from d = 12,"
        " 142, 2641 for n = 2, 10, 100 and r = 2, and from 8, 60, 517 for r = 3."
    ),
    formula=r"\sum_{i<j}P\Big(|\langle x_i,x_j\rangle|\ge\Big(\frac3{4n}\Big)^{1/r}\Big)"
    r"\le2n^2\exp\Big(-\frac d{2C^2}\Big(\frac3{4n}\Big)^{2/r}\Big)",
    source=f"{STEPS}, the probability of (55)",
    instance=Directions,
    instances=_draw_directions,
    hypotheses=(sizes, proxy, degree),
    uses=("marion2024.equation-55.part-proxy",),
    left=lambda p: p.n * (p.n - 1) // 2 * direction_tail(p.d, p.reach),
    relation="<=",
    right=lambda p, c: c.c * p.n**2 * p.rarity,
    constants={"c": Fraction(2)},
    cost=2,
    gallery=({"n": 2, "d": 20, "r": 2, "proxy": 1}, {"n": 10, "d": 1000, "r": 3, "proxy": 1}),
    proof=Proof(
        set="all n, d >= 2, r >= 1 and C^2 >= 1; any law of pairwise independent columns with this proxy",
        argument="n(n - 1)/2 pairs, each with probability at most 2 exp(-d t^2/(2C^2)) at t = (3/(4n))^(1/r).",
        steps=(
            nonnegative_coefficients("n(n - 1) <= 2 n^2", _pairs),
            rests_on(part_proxy),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        changed("n for n^2", right=lambda p, c: c.c * p.n * p.rarity),
        Mutant(
            name="1/r for 2/r",
            change=changed("", right=lambda p, c: c.c * p.n**2 * exp(-p.d * p.reach / (2 * p.proxy))).change,
            tries=({"n": 2, "d": 60, "r": 2, "proxy": 1},),
        ),
        without(degree.name),
    ),
)
