r"""Remark 2: how small the probability of failure can be, and what the sub-Gaussian proxy of the data is.

:math:`v_x^2` is such that :math:`P(|\langle\sqrt{d/q}\,x,y\rangle|\ge t)\le2e^{-t^2/2v_x^2}` for unit y and every t.
Longer than most: (53) and three claims about laws of data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import FLOATS, Kind, Number, exp, kind_of
from theory.marion2024.polyak_lojasiewicz import overlap, power
from theory.marion2024.setting import PAPER, rounded
from theory.marion2024.statements.proposition_5_sizes import Sizes, setting
from theory.proofs import identity
from theory.statement import (
    Draw,
    Hidden,
    Hypothesis,
    Inequality,
    Instance,
    Limit,
    Proof,
    changed,
    past_the_slack,
    scaled,
    without,
)

WHERE = f"{PAPER}, Remark 2, page 35"


@dataclass(frozen=True, kw_only=True)
class Tolerance(Sizes):
    r"""Sizes and a tolerance.

    Parameters
    ----------
    tolerance
        :math:`\varepsilon`.
    """

    tolerance: Number

    @property
    def first_terms(self) -> Number:
        r"""Return the two terms of :math:`\delta` that contain m."""
        ratio = self.constants.coefficient / self.wave.bound
        zero = 0 * self.proxy
        return exp((zero - self.q * self.m) / 16) + self.n * exp(-3 * self.m * ratio * ratio / (64 * self.n))


high = Hypothesis(name="r >= 2/eps", says="2/r <= eps", holds=lambda p: (p.tolerance * p.degree, ">=", 0 * p.proxy + 2))
wide = Hypothesis(
    name="m for eps",
    says="m is so large that the two terms with m are at most eps together",
    holds=lambda p: (p.first_terms, "<=", p.tolerance),
)


def _draw(draw: Draw, in_force: frozenset[str]) -> Tolerance:
    even = draw.choice((0, 1))
    degree = draw.integer(1, 6) * 2 + 1 - even
    tolerance = Fraction(2, degree) + draw.choice((0, 1)) * rounded(draw.real(0.0, 0.3))
    if high.name not in in_force:
        tolerance = rounded(draw.positive(0.01, 1.0))
    frequency = rounded(math.sqrt(max(1, degree - 1)) * draw.real(0.7, 1.3))
    fields: dict[str, Any] = {"odd": 1 - even, "even": even, "amplitude": Fraction(1), "frequency": frequency, "degree": degree}
    n, d = draw.integer(1, 20), int(draw.positive(1, 100))
    draft = Tolerance(**fields, n=n, d=d, q=d + 1, m=1, depth=1, proxy=Fraction(1), tolerance=tolerance).lift(FLOATS)
    share = draft.wave.bound / draft.constants.coefficient
    m = math.ceil(64 * n * math.log(n / (float(tolerance) * 0.9999)) * float(share) ** 2 / 3) if wide.name in in_force else 1
    return Tolerance(
        **fields, n=n, d=d, q=d + 1, m=max(1, m), depth=1, proxy=rounded(draw.positive(0.5, 10.0)), tolerance=tolerance
    )


def relaxed(p: Any) -> Number:
    r"""Return :math:`\varepsilon+2n^2\exp\big(-\frac d{2v_x^2}(\frac3{4n})^\varepsilon\big)`."""
    zero = 0 * p.proxy
    inside = power((zero + 3) / (4 * p.n), p.tolerance)
    return p.tolerance + 2 * p.n**2 * exp(-p.d / (2 * p.proxy) * inside)


BASE = {"odd": 0, "even": 1, "amplitude": 1, "frequency": 1, "degree": 2, "n": 2, "d": 28, "q": 29, "depth": 1, "proxy": 1}


def _difference() -> Any:
    """Return the derivative in e of (3/(4n))^e over itself less ln(3/(4n)), which is negative."""
    import sympy

    e, n = sympy.symbols("e n", positive=True)
    value = (3 / (4 * n)) ** e
    return sympy.simplify(sympy.diff(value, e) / value - sympy.log(3 / (4 * n)))


remark_2 = Inequality(
    id="marion2024.remark-2",
    title="how small the probability of failure can be made",
    says=(
        "With r >= 2/eps and m so large that the terms of delta with m are at most eps together, delta <= eps + 2 n^2"
        " exp(-(d/(2 v_x^2))(3/(4n))^eps). Equality for 2/r = eps and the least m. Such r exist, since a bounded sigma that is"
        " not constant is no polynomial; but c_1 grows like r^{3/2} at best. (The activations that the remark cites estimates"
        " for, ReLU and the sigmoid, are not admissible: one is unbounded and not smooth, the other not 0 at 0.)"
    ),
    formula=r"\delta\le\varepsilon+2n^2\exp\Big(-\frac d{2v_x^2}\Big(\frac3{4n}\Big)^\varepsilon\Big)",
    source=f"{PAPER}, (53), page 35",
    instance=Tolerance,
    instances=_draw,
    hypotheses=(setting, high, wide),
    hidden=(
        Hidden(
            says="eps < 1/p for n = d^p",
            where="'small', for n 'at most polynomially' large, page 35",
            finding="for eps > 1/p the exponent tends to 0: see remark-2.reading-polynomial",
        ),
    ),
    left=lambda p: p.delta,
    relation="<=",
    right=lambda p, c: c.c * relaxed(p),
    constants={"c": Fraction(1)},
    cost=2,
    gallery=({**BASE, "m": 1000, "tolerance": 1}, {**BASE, "m": 100000, "degree": 6, "frequency": "9/4", "tolerance": "1/3"}),
    proof=Proof(
        set="all n, d, q, m, sigma, r >= 2/eps",
        argument="(3/(4n))^e decreases in e, so that (3/(4n))^{2/r} >= (3/(4n))^eps.",
        steps=(identity("the logarithmic derivative of (3/(4n))^e is ln(3/(4n)) < 0", _difference),),
    ),
    mutants=(
        past_the_slack("c"),
        without(high.name, {**BASE, "n": 20, "m": 100000, "tolerance": "1/10"}),
        without(wide.name, {**BASE, "m": 1, "tolerance": 1, "d": 100, "q": 101}),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Cap(Instance):
    r"""A law of data and a level.

    Parameters
    ----------
    d
        The dimension, at least 2.
    level
        t, between 0 and :math:`\sqrt d`.
    """

    d: int
    level: Number


def cap_probability(p: Any) -> Number:
    r"""Return :math:`P(|\langle x,y\rangle|\ge t)` for x uniform on the sphere of radius :math:`\sqrt d` and unit y.

    Parameters
    ----------
    p
        A lifted :class:`Cap`.

    Returns
    -------
    Number
        :math:`I_{1-t^2/d}(\frac{d-1}2,\frac12)`, a regularised incomplete beta function.
    """
    rest = 1 - p.level**2 / p.d
    if kind_of(rest) is Kind.BALLS:
        half = (0 * rest + 1) / 2
        return rest.beta_lower((p.d - 1) * half, half, 1)
    from scipy import special  # a slow import, which listing statements does not need

    return special.betainc((p.d - 1) / 2, 0.5, rest)


on_the_sphere = Hypothesis(
    name="0 <= t < sqrt d",
    says="d >= 2, 0 < t < sqrt d; beyond sqrt d the probability is 0",
    holds=lambda p: [(p.d, ">=", 2), (p.level, ">", 0 * p.level), (p.level**2, "<", 0 * p.level + p.d)],
    standing=True,
)


def _draw_cap(draw: Draw, in_force: frozenset[str]) -> Cap:
    del in_force
    d = int(draw.positive(2.0, 400.0))
    return Cap(d=d, level=rounded(math.sqrt(d) * draw.real(0.01, 0.99)))


def _moments() -> Any:
    """Return the derivative of u^{2k-1}(1-u^2)^{(d-1)/2} over u^{2k-2}(1-u^2)^{(d-3)/2} less (2k-1) - (2k+d-2) u^2."""
    import sympy

    k, d, u = sympy.symbols("k d u", positive=True)
    by_logarithms = u * (1 - u**2) * ((2 * k - 1) / u - (d - 1) * u / (1 - u**2))
    return sympy.together(by_logarithms - (2 * k - 1) + (2 * k + d - 2) * u**2)


def _below_gaussian() -> Any:
    """Return 2k - 1 less d (2k - 1)/(d + 2k - 2) less (2k - 1)(2k - 2)/(d + 2k - 2)."""
    import sympy

    k, d = sympy.symbols("k d", positive=True)
    return sympy.simplify(2 * k - 1 - d * (2 * k - 1) / (d + 2 * k - 2) - (2 * k - 1) * (2 * k - 2) / (d + 2 * k - 2))


def _chernoff() -> Any:
    """Return the exponent e^2/2 - e t at e = t less -t^2/2."""
    import sympy

    t = sympy.symbols("t", positive=True)
    return sympy.expand(t**2 / 2 - t * t + t**2 / 2)


reading_sphere = Inequality(
    id="marion2024.remark-2.reading-sphere",
    title="the proxy of the uniform law on the sphere is at most 1",
    says=(
        "Ours, for 'a constant independent of d': for x uniform on the sphere of radius sqrt q, v_x^2 = 1 will do in every"
        " dimension d. The least proxy is 0.42 at d = 2 and 3, 0.56 at d = 16, 0.90 at d = 1000 and tends to 1. The left side"
        " is an incomplete beta function."
    ),
    formula=r"P\big(|\langle\sqrt{d/q}\,x,y\rangle|\ge t\big)\le2e^{-t^2/2}",
    source="ours; the proxy of Remark 2",
    ours=True,
    instance=Cap,
    instances=_draw_cap,
    hypotheses=(on_the_sphere,),
    left=cap_probability,
    relation="<=",
    right=lambda p, c: c.c * exp(-(p.level**2) / (2 * c.proxy)),
    constants={"c": Fraction(2), "proxy": Fraction(1)},
    cost=2,
    gallery=({"d": 2, "level": "5/4"}, {"d": 1000, "level": "247/25"}, {"d": 100, "level": "1/100"}),
    proof=Proof(
        set="all d >= 1 and t >= 0",
        argument=(
            "E<u,y>^{2k} is the product of (2j - 1)/(d + 2j - 2) over j <= k, so that for x of norm sqrt d the even moments are"
            " at most the Gaussian (2k - 1)!!, E e^{s<x,y>} <= e^{s^2/2}, and Markov's inequality at s = t gives e^{-t^2/2} a"
            " side."
        ),
        steps=(
            identity("by parts, successive even moments of a coordinate have the ratio (2k - 1)/(d + 2k - 2)", _moments),
            identity("d times it is at most 2k - 1", _below_gaussian),
            identity("s^2/2 - st = -t^2/2 at s = t", _chernoff),
        ),
    ),
    mutants=(past_the_slack("c"), scaled("proxy", Fraction(4, 5))),
)


@dataclass(frozen=True, kw_only=True)
class TwoPoints(Instance):
    r"""The law of :math:`x=\pm\sqrt q\,e`, both with probability 1/2.

    Parameters
    ----------
    n, d, degree
        Sample size, dimension, r.
    proxy
        :math:`v_x^2`.
    """

    n: int
    d: int
    degree: int
    proxy: Number


is_proxy = Hypothesis(
    name="a proxy",
    says="v_x^2 is a proxy: at t = sqrt d and y = e the probability is 1, so that 2 exp(-d/(2 v_x^2)) >= 1",
    holds=lambda p: (2 * exp(-p.d / (2 * p.proxy)), ">=", 0 * p.proxy + 1),
)
sizes = Hypothesis(
    name="sizes",
    says="n, d >= 1, r >= 2, v_x^2 > 0",
    holds=lambda p: [(p.n, ">=", 1), (p.d, ">=", 1), (p.degree, ">=", 2), (p.proxy, ">", 0 * p.proxy)],
    standing=True,
)


def _draw_two(draw: Draw, in_force: frozenset[str]) -> TwoPoints:
    d = draw.integer(1, 1000)
    least = Fraction(d * 100000, 138629) + Fraction(1, 1000) if is_proxy.name in in_force else Fraction(d, 10)
    spread = rounded(draw.positive(1.0, 5.0)) if draw.choice((0, 1)) else Fraction(1)
    return TwoPoints(n=draw.integer(1, 20), d=d, degree=draw.choice((2, 3, 10, 1000)), proxy=least * spread)


def _least_overlap() -> Any:
    """Return 2 n^2 exp(-(d/(2v)) s) at d/(2v) = ln 2 and s = 1 less n^2."""
    import sympy

    n = sympy.symbols("n", positive=True)
    return sympy.simplify(2 * n**2 * sympy.exp(-sympy.log(2)) - n**2)


reading_two_points = Inequality(
    id="marion2024.remark-2.reading-two-points",
    title="two opposite points make delta exceed 1",
    says=(
        "For x = +-sqrt(q) e any proxy is at least d/(2 ln 2), so that the last term of delta is at least n^2: 'v_x^2 grows"
        " linearly with d, in which case delta > 1'. Tight as r grows."
    ),
    formula=r"v_x^2\ge\frac d{2\ln2},\qquad2n^2\exp\Big(-\frac d{2v_x^2}\Big(\frac3{4n}\Big)^{2/r}\Big)\ge n^2",
    source=WHERE,
    instance=TwoPoints,
    instances=_draw_two,
    hypotheses=(sizes, is_proxy),
    left=lambda p: overlap(0 * p.proxy + p.n, 0 * p.proxy + p.d, p.proxy, 0 * p.proxy + p.degree),
    relation=">=",
    right=lambda p, c: c.c * (0 * p.proxy + p.n**2),
    constants={"c": Fraction(1)},
    gallery=({"n": 2, "d": 10, "degree": 2, "proxy": 8}, {"n": 1, "d": 1, "degree": 1000, "proxy": "722/1000"}),
    proof=Proof(
        set="all n, d >= 1, r >= 2",
        argument="d/(2 v^2) <= ln 2 by the tail at t = sqrt d, and (3/(4n))^{2/r} <= 1.",
        steps=(identity("2 n^2 e^{-ln 2} = n^2", _least_overlap),),
    ),
    mutants=(past_the_slack("c"), without(is_proxy.name, {"n": 1, "d": 100, "degree": 2, "proxy": 1})),
)


@dataclass(frozen=True, kw_only=True)
class Growth(Instance):
    r"""Samples of size :math:`n=d^p`.

    Parameters
    ----------
    exponent
        p.
    degree
        r.
    """

    exponent: int
    degree: int


def overlap_along(p: Any, d: Number) -> float:
    r"""Return 1 plus the last term of :math:`\delta` at :math:`n=d^p` and :math:`v_x^2=1`; the 1 is a scale for its decay."""
    size = float(d)
    return 1.0 + float(overlap(size**p.exponent, size, 1.0, float(p.degree)))


fast_enough = Hypothesis(name="r > 2p", says="r > 2p", holds=lambda p: (p.degree, ">", 2 * p.exponent))

reading_polynomial = Limit(
    id="marion2024.remark-2.reading-polynomial",
    title="delta is small for samples of polynomial size, if the degree is high enough",
    says=(
        "delta is called small for n at most polynomial in d: for n = d^p on the sphere its last term tends to 0, faster"
        " than any power, if r > 2p; for r <= 2p it diverges. In the form (53), eps must be below 1/p."
    ),
    formula=r"n=d^p,\ r>2p:\quad2n^2\exp\Big(-\frac d2\Big(\frac3{4n}\Big)^{2/r}\Big)\to0",
    source=WHERE,
    instance=Growth,
    instances=lambda draw, _: Growth(exponent=draw.integer(1, 2), degree=draw.integer(10, 20)),
    hypotheses=(fast_enough,),
    quantity=overlap_along,
    limit=lambda p: 1.0,
    scales=tuple(Fraction(2**k) for k in range(5, 10)),
    rate=None,
    gallery=({"exponent": 1, "degree": 8}, {"exponent": 2, "degree": 30}),
    mutants=(
        changed("r = 2p", quantity=lambda p, d: overlap_along(replace(p, degree=2 * p.exponent), d)),
        changed("order 2", rate=Fraction(2)),
    ),
)
