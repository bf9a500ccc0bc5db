"""The steps of the proof of Theorem 8, a statement for every displayed line, in the numbers that they handle.

Long, since every line comes with its own numbers and its own false neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, cube_root, exp, log, pi, sqrt
from theory.proofs import compared, identity
from theory.statement import (
    Draw,
    Erratum,
    Fault,
    Hidden,
    Hypothesis,
    Identity,
    Inequality,
    Instance,
    Proof,
    changed,
    past_the_slack,
    without,
)
from theory.wu2025.designs import rounded
from theory.wu2025.setting import PAPER

STEPS = f"{PAPER}, proof of Theorem 8, pages 31-32"


@dataclass(frozen=True, kw_only=True)
class ChainProblem(Instance):
    r"""The numbers that the proof of Theorem 8 handles.

    Parameters
    ----------
    n
        The sample size.
    mu, delta, range, sigma, bound, risk
        :math:`\mu`, :math:`\Delta`, :math:`x_n-x_1`, :math:`\sigma`, A, and :math:`R_n(\theta^\star)`.
    """

    n: int
    mu: Number
    delta: Number
    range: Number
    sigma: Number
    bound: Number
    risk: Number


def claim_bound(p: Any, power: int = 36) -> Number:
    r"""Return :math:`\frac{\pi n^5\mu^3\Delta^3}{2^ke^{1/2}A^4\sigma^4}`, k = 36 in the claim and 35 in (19)."""
    length = p.mu * p.delta
    square = p.bound * p.bound * p.sigma * p.sigma
    return pi(p.mu) * p.n**5 * length * length * length / (2**power * exp((0 * p.mu + 1) / 2) * square * square)


def rate_scale(p: Any) -> Number:
    r"""Return :math:`\mu n^2\Delta/\sigma^2`."""
    return p.mu * p.n**2 * p.delta / (p.sigma * p.sigma)


numbers = Hypothesis(
    name="positive numbers",
    says="n >= 2; mu, sigma in (0, 1); Delta, A > 0; x_n - x_1 >= (n - 1) Delta; R >= 0",
    holds=lambda p: [
        (p.n, ">=", 2),
        (p.mu, ">", 0 * p.mu),
        (p.mu, "<", 0 * p.mu + 1),
        (p.sigma, ">", 0 * p.mu),
        (p.sigma, "<", 0 * p.mu + 1),
        (p.delta, ">", 0 * p.mu),
        (p.bound, ">", 0 * p.mu),
        (p.range, ">=", (p.n - 1) * p.delta),
        (p.risk, ">=", 0 * p.mu),
    ],
    standing=True,
)
steep = Hypothesis(
    name="A >= 1/sigma^2",
    says="A >= 1/sigma^2",
    holds=lambda p: (p.bound * p.sigma * p.sigma, ">=", 0 * p.mu + 1),
)
safe_power = Hypothesis(
    name="A >= 1/sigma^6",
    says="A = C_n/sigma^6 with C_n >= 1",
    holds=lambda p: (p.bound * p.sigma * p.sigma * p.sigma * p.sigma * p.sigma * p.sigma, ">=", 0 * p.mu + 1),
)
by_definition = Hypothesis(
    name="A >= mu^2 Delta^2/(2 sigma^4)",
    says="A >= mu^2 Delta^2/(2 sigma^4), which C_n/sigma^6 >= 2 int|s*''| implies for mu Delta >= 8 sigma",
    holds=lambda p: (2 * p.bound * p.sigma * p.sigma * p.sigma * p.sigma, ">=", p.mu * p.mu * p.delta * p.delta),
)
fine = Hypothesis(name="sigma <= 1/n", says="sigma <= 1/n", holds=lambda p: (p.n * p.sigma, "<=", 0 * p.mu + 1))
equation_19 = Hypothesis(
    name="(19)",
    says="R <= pi n^5 mu^3 Delta^3/(2^35 e^(1/2) A^4 sigma^4)",
    holds=lambda p: (p.risk, "<=", claim_bound(p, 35)),
)
equation_20 = Hypothesis(
    name="(20)",
    says="R <= 1/(16 n sigma^2)",
    holds=lambda p: (16 * p.n * p.sigma * p.sigma * p.risk, "<=", 0 * p.mu + 1),
)
sigma_2_printed = Hypothesis(
    name="sigma <= sigma_2, as printed",
    says="exp(-mu^2 Delta^2/32 sigma^2) <= pi n^5 mu/(2^38 e^(1/2) (x_n - x_1)^2 A^4)",
    holds=lambda p: (_log_left(p), "<=", _log_right(p, 0)),
)
sigma_2_repaired = Hypothesis(
    name="sigma <= sigma_2, repaired",
    says="exp(-mu^2 Delta^2/32 sigma^2) <= pi n^5 mu Delta^3/(2^38 e^(1/2) (x_n - x_1)^2 A^4)",
    holds=lambda p: (_log_left(p), "<=", _log_right(p, 3)),
)


def _log_left(p: Any) -> Number:
    ratio = p.mu * p.delta / p.sigma
    return -ratio * ratio / 32


def _log_right(p: Any, power: int) -> Number:
    one = 0 * p.mu + 1
    logs = log(pi(p.mu)) + 5 * log(one * p.n) + log(p.mu) + power * log(p.delta) - 2 * log(p.range) - 4 * log(p.bound)
    return logs - 38 * log(2 * one) - one / 2


def _draw_chain(draw: Draw, in_force: frozenset[str]) -> ChainProblem:
    n = draw.integer(2, 12)
    mu = rounded(draw.real(0.05, 0.95), 3)
    sigma = rounded(draw.positive(0.003, 0.9), 3)
    if fine.name in in_force:
        sigma = min(sigma, Fraction(1, n)) if draw.choice((0, 1)) else Fraction(1, n)
    delta = rounded(draw.positive(0.01, 1000.0), 3)
    least = [Fraction(1, 1000)]
    for name, value in (
        (steep.name, 1 / sigma**2),
        (safe_power.name, 1 / sigma**6),
        (by_definition.name, mu**2 * delta**2 / (2 * sigma**4)),
        ("sigma <= sigma_4", rounded(1.001 * float(n * mu * delta / 1074) ** 0.25, 6)),
    ):
        if name in in_force:
            least.append(value)
    bound = max(least) * (draw.choice((0, 1)) * rounded(draw.positive(0.01, 100.0), 3) + 1)
    length = (n - 1) * delta * (draw.choice((0, 1)) * rounded(draw.positive(0.01, 10.0), 3) + 1)
    problem = ChainProblem(n=n, mu=mu, delta=delta, range=length, sigma=sigma, bound=bound, risk=Fraction(0))
    return replace(problem, risk=_draw_risk(draw, problem, in_force))


def _draw_risk(draw: Draw, p: ChainProblem, in_force: frozenset[str]) -> Fraction:
    from numerics.arithmetic import FLOATS

    limits = [4.0 / float(p.sigma) ** 2]
    if equation_19.name in in_force:
        limits.append(float(claim_bound(p.lift(FLOATS), 35)))
    if equation_20.name in in_force:
        limits.append(1.0 / (16 * p.n * float(p.sigma) ** 2))
    return rounded(min(limits) * draw.choice((1.0, 0.5, 1e-3)) * (1 - 1e-9), 12)


CHAIN = {"n": 2, "mu": "1/2", "delta": 1, "range": 1, "sigma": "1/50", "bound": 10**11, "risk": 0}


def _scalar(**fields: Any) -> Inequality:
    base = Inequality(
        id="wu2025.theorem-8.step-19",
        title="(19), from the printed condition on sigma_2",
        says="",
        formula="",
        source=STEPS,
        instance=ChainProblem,
        instances=_draw_chain,
        left=lambda p: p.risk,
        relation="<=",
        right=lambda p, c: p.risk,
        hypotheses=(numbers,),
        cost=3,
    )
    return replace(base, **fields)


def corollary_bound(p: Any) -> Number:
    r"""Return :math:`\frac{4\mu^2(x_n-x_1)^2}{\sigma^4}e^{-\mu^2\Delta^2/32\sigma^2}`, the right side of (10)."""
    square = p.sigma * p.sigma
    scale = p.mu * p.range / square
    return 4 * scale * scale * exp(_log_left(p))


def _draw_second(power: int) -> Any:
    """Return a generator at the edge of the condition on sigma_2 with the given power of Delta."""

    def build(draw: Draw, in_force: frozenset[str]) -> ChainProblem:
        from numerics.arithmetic import FLOATS

        base = _draw_chain(draw, in_force)
        base = replace(base, delta=rounded(draw.positive(0.05, 20.0), 3))
        base = replace(base, range=(base.n - 1) * base.delta, bound=1 / base.sigma**6)
        # Shrink sigma, with A = 1/sigma^6, until the condition holds: the exponential wins.
        for _ in range(60):
            lifted = base.lift(FLOATS)
            if _log_left(lifted) <= _log_right(lifted, power) - 1e-9:
                break
            sigma = rounded(float(base.sigma) * 0.85, 4)
            base = replace(base, sigma=sigma, bound=1 / sigma**6)
        return base

    return build


def _symbols() -> Any:
    import sympy

    return sympy.symbols("n mu Delta L sigma A", positive=True)


def _edge(power: int) -> Any:
    import sympy

    n, mu, delta, _, sigma, a = _symbols()
    return sympy.pi * n**5 * mu**3 * delta**3 / (2**power * sympy.sqrt(sympy.E) * a**4 * sigma**4)


def _second_condition() -> Any:
    import sympy

    n, mu, delta, length, sigma, a = _symbols()
    condition = sympy.pi * n**5 * mu * delta**3 / (2**38 * sympy.sqrt(sympy.E) * length**2 * a**4)
    return sympy.simplify(4 * mu**2 * length**2 / sigma**4 * condition / _edge(36) - 1)


def _third_constant(arithmetic: Any, _case: int) -> tuple[Number, Number]:
    one = arithmetic.number(1)
    return 32 * sqrt(2 * one) * pi(one), 2**35 * exp(one / 2)


def _third_term() -> Any:
    import sympy

    n, mu, delta, _, sigma, a = _symbols()
    cubed = sympy.sqrt(sympy.E) * a**4 * n * _edge(35) / (2 * sympy.pi * sigma**2)
    return sympy.simplify(cubed / (mu * n**2 * delta / (2**12 * sigma**2)) ** 3 - 1)


def _second_term() -> Any:
    import sympy

    n, mu, delta, _, sigma, a = _symbols()
    least = sympy.pi * n * mu * delta / (2**11 * sympy.sqrt(sympy.E))
    squared = (_edge(35) / 4).subs(a, least ** sympy.Rational(1, 4))
    return sympy.simplify(squared / (mu * n**2 * delta / (2**13 * sigma**2)) ** 2 - 1)


step_19 = _scalar(
    says=(
        "exp(-mu^2 Delta^2/32 sigma^2) <= pi n^5 mu/(2^38 e^(1/2) (x_n - x_1)^2 A^4) is said to make (10) at most the claimed"
        " bound, hence (19). Delta^3 is missing: for Delta < 1 it does not, for Delta > 1 it asks too much."
    ),
    formula=r"e^{-\mu^2\Delta^2/32\sigma^2}\le\frac{\pi n^5\mu}{2^{38}e^{1/2}(x_n-x_1)^2A^4}"
    r"\Rightarrow\frac{4\mu^2(x_n-x_1)^2}{\sigma^4}e^{-\mu^2\Delta^2/32\sigma^2}"
    r"\le\frac{\pi n^5\mu^3\Delta^3}{2^{36}e^{1/2}A^4\sigma^4}",
    instances=_draw_second(0),
    hypotheses=(numbers, steep, safe_power, sigma_2_printed),
    left=corollary_bound,
    right=lambda p, c: claim_bound(p),
    erratum=Erratum(
        wrong="Delta^3 is missing on the right side of the condition.",
        line="the display after 'By rearranging terms', page 31",
        counterexample={
            "n": 2,
            "mu": "1/2",
            "delta": "1/10",
            "range": "1/10",
            "sigma": "63/100000",
            "bound": 16 * 10**18,
            "risk": 0,
        },
        repaired="wu2025.theorem-8.reading-repaired.step-19",
        fault=Fault.SLIP,
    ),
)
step_19_repaired = replace(
    step_19,
    id="wu2025.theorem-8.reading-repaired.step-19",
    title="(19), from the repaired condition on sigma_2",
    says="With Delta^3 on the right side of the condition the implication is an identity.",
    formula=r"e^{-\mu^2\Delta^2/32\sigma^2}\le\frac{\pi n^5\mu\Delta^3}{2^{38}e^{1/2}(x_n-x_1)^2A^4}"
    r"\Rightarrow\frac{4\mu^2(x_n-x_1)^2}{\sigma^4}e^{-\mu^2\Delta^2/32\sigma^2}"
    r"\le\frac{\pi n^5\mu^3\Delta^3}{2^{36}e^{1/2}A^4\sigma^4}",
    source="ours; repairs the condition on sigma_2 in the proof of Theorem 8",
    ours=True,
    instances=_draw_second(3),
    hypotheses=(numbers, steep, safe_power, sigma_2_repaired),
    erratum=None,
    right=lambda p, c: c.c * claim_bound(p),
    constants={"c": Fraction(1)},
    gallery=({"n": 2, "mu": "1/2", "delta": "1/10", "range": "1/10", "sigma": "1/2000", "bound": 64 * 10**18, "risk": 0},),
    proof=Proof(
        set="all positive numbers",
        argument="Multiply by 4 mu^2 (x_n - x_1)^2/sigma^4.",
        steps=(identity("the constants agree", _second_condition),),
    ),
    mutants=(past_the_slack("c"), changed("the printed condition", hypotheses=step_19.hypotheses, instances=step_19.instances)),
)
step_20 = _scalar(
    id="wu2025.theorem-8.step-20",
    title="(20), from (19) and sigma <= 1/n",
    says=(
        "(19) implies R <= 1/(16 n sigma^2) for sigma <= 1/n. True with what C_n is chosen for, A >= 2 int|s*''|, which the"
        " line does not say; with C_n >= 1 alone it fails when Delta is large."
    ),
    formula=r"(19),\ \sigma\le\frac1n\ \Rightarrow\ R_n(\theta^\star)\le\frac1{16n\sigma^2}",
    hypotheses=(numbers, steep, safe_power, by_definition, fine, equation_19),
    hidden=(
        Hidden(
            says="A >= mu^2 Delta^2/(2 sigma^4)",
            where="'(19) implies in particular that, for sigma <= sigma_3 := 1/n', page 31",
            finding=(
                "needed; C_n/sigma^6 >= 2 int|s*''| implies it for mu Delta >= 8 sigma and n <= 10^6, by the variances at a"
                " midpoint and at the quarter points of its gap (sharp Proposition 2)"
            ),
        ),
    ),
    right=lambda p, c: c.c / (p.n * p.sigma * p.sigma),
    constants={"c": Fraction(1, 16)},
    gallery=({"n": 2, "mu": "1/2", "delta": 100, "range": 100, "sigma": "1/2", "bound": 20000, "risk": 0},),
    proof=Proof(
        set="all n >= 2, sigma <= 1/n, A >= max(1/sigma^6, mu^2 Delta^2/(2 sigma^4))",
        argument=(
            "A^4 >= (1/sigma^6)^(5/2) (mu^2 Delta^2/(2 sigma^4))^(3/2) cancels mu^3 Delta^3, and n^6 sigma^6 <= 1; what is"
            " left is below 16 pi 2^(3/2)/(2^35 e^(1/2)) < 1."
        ),
        steps=(compared("16 pi 2^(3/2) is below 2^35 e^(1/2)", _third_constant, "<", range(1)),),
    ),
    mutants=(
        past_the_slack("c"),
        without(
            by_definition.name,
            {"n": 2, "mu": "1/2", "delta": 10**5, "range": 10**5, "sigma": "1/2", "bound": 64, "risk": "13/100"},
        ),
    ),
)
step_21 = _scalar(
    id="wu2025.theorem-8.step-21",
    title="the cube root dominates",
    says="(20) and A >= 1/sigma^2 give sqrt(2nR) <= (sqrt(2 pi e) A sigma n R)^(1/3).",
    formula=r"\sqrt{2nR}\le(\sqrt{2\pi e}A\sigma nR)^{1/3}",
    hypotheses=(numbers, steep, equation_20),
    left=lambda p: sqrt(2 * p.n * p.risk),
    right=lambda p, c: c.c * cube_term(p),
    constants={"c": Fraction(1)},
    gallery=({**CHAIN, "bound": 2500, "risk": 78},),
    proof=Proof(
        set="all n, sigma, A >= 1/sigma^2, R <= 1/(16 n sigma^2)",
        argument="Equivalent to R <= pi e A^2 sigma^2/(4n), and 1/16 <= pi e/4.",
        steps=(
            compared(
                "1/16 is below pi e/4", lambda a, _k: (a.number("1/16"), pi(a.number(1)) * exp(a.number(1)) / 4), "<", range(1)
            ),
        ),
    ),
    mutants=(
        past_the_slack("c"),
        without(equation_20.name, {**CHAIN, "bound": 2500, "risk": 10**5}),
        without(steep.name, {**CHAIN, "bound": 1, "risk": 78}),
    ),
)


def cube_term(p: Any) -> Number:
    r"""Return :math:`(\sqrt{2\pi e}A\sigma nR)^{1/3}`."""
    return cube_root(sqrt(2 * pi(p.mu) * exp(0 * p.mu + 1)) * p.bound * p.sigma * p.n * p.risk)


def rewritten(p: Any, c: Any) -> Number:
    r"""Return :math:`\frac{e^{1/6}A^{4/3}n^{1/3}R^{1/3}}{(2\pi)^{1/3}\sigma^{2/3}}`."""
    del c
    fourth = p.bound * p.bound * p.bound * p.bound
    inside = exp((0 * p.mu + 1) / 2) * fourth * p.n * p.risk / (2 * pi(p.mu) * p.sigma * p.sigma)
    return cube_root(inside)


step_22 = Identity(
    id="wu2025.theorem-8.step-22",
    title="the third term, rewritten",
    says="A/(sqrt(2 pi) sigma) (sqrt(2 pi e) A sigma n R)^(1/3) = e^(1/6) A^(4/3) n^(1/3) R^(1/3)/((2 pi)^(1/3) sigma^(2/3)).",
    formula=r"\frac A{\sqrt{2\pi}\sigma}(\sqrt{2\pi e}A\sigma nR)^{1/3}"
    r"=\frac{e^{1/6}A^{4/3}n^{1/3}R^{1/3}}{(2\pi)^{1/3}\sigma^{2/3}}",
    source=STEPS,
    instance=ChainProblem,
    instances=_draw_chain,
    hypotheses=(numbers,),
    left=lambda p: p.bound / (sqrt(2 * pi(p.mu)) * p.sigma) * cube_term(p),
    right=rewritten,
    gallery=({**CHAIN, "risk": 1},),
    mutants=(changed("no e", right=lambda p, c: rewritten(p, c) / exp((0 * p.mu + 1) / 6)),),
)
step_23 = _scalar(
    id="wu2025.theorem-8.step-23",
    title="the third term under (19)",
    says="(19) makes the third term at most mu n^2 Delta/(2^12 sigma^2), with equality at its edge.",
    formula=r"\frac{e^{1/6}A^{4/3}n^{1/3}R^{1/3}}{(2\pi)^{1/3}\sigma^{2/3}}\le\frac{\mu n^2\Delta}{2^{12}\sigma^2}",
    hypotheses=(numbers, equation_19),
    left=lambda p: rewritten(p, None),
    right=lambda p, c: c.c * rate_scale(p),
    constants={"c": Fraction(1, 2**12)},
    proof=Proof(
        set="all positive numbers",
        argument="At the edge of (19) the powers of two and all constants cancel exactly.",
        steps=(identity("cubed, both sides agree at the edge", _third_term),),
    ),
    mutants=(past_the_slack("c"), without(equation_19.name, {**CHAIN, "risk": 1})),
)
step_24 = _scalar(
    id="wu2025.theorem-8.step-24",
    title="the second term, and sigma_4",
    says=(
        "sigma_4 with sqrt(R)/2 <= mu n^2 Delta/(2^13 sigma^2) exists under (19). Explicitly: it holds as soon as A^4 >= pi n"
        " mu Delta/(2^11 e^(1/2))."
    ),
    formula=r"\frac12\sqrt{R_n(\theta^\star)}\le\frac{\mu n^2\Delta}{2^{13}\sigma^2}",
    hypotheses=(
        numbers,
        equation_19,
        Hypothesis(
            name="sigma <= sigma_4",
            says="A^4 >= pi n mu Delta/(2^11 e^(1/2)), computable from A = C_n/sigma^6",
            holds=lambda p: (fourth_power(p), ">=", pi(p.mu) * p.n * p.mu * p.delta / (2**11 * exp((0 * p.mu + 1) / 2))),
        ),
    ),
    left=lambda p: sqrt(p.risk) / 2,
    right=lambda p, c: c.c * rate_scale(p),
    constants={"c": Fraction(1, 2**13)},
    gallery=({**CHAIN, "sigma": "1/2", "bound": "7/40", "risk": "378/100000000"},),
    proof=Proof(
        set="all positive numbers",
        argument="Square both sides at the edge of (19).",
        steps=(identity("squared, both sides agree at both edges", _second_term),),
    ),
    mutants=(
        past_the_slack("c"),
        without("sigma <= sigma_4", {**CHAIN, "bound": "1/100", "risk": 10**9}),
    ),
)


def fourth_power(p: Any) -> Number:
    """Return the fourth power of A."""
    return p.bound * p.bound * p.bound * p.bound


step_25 = Identity(
    id="wu2025.theorem-8.step-25",
    title="the last line",
    says="1/2^11 - 1/2^13 - 1/2^12 = 1/2^13, so that 1/(2 eta) >= mu n^2 Delta/(2^13 sigma^2).",
    formula=r"\frac1{2\eta}+\frac{\mu n^2\Delta}{2^{13}\sigma^2}+\frac{\mu n^2\Delta}{2^{12}\sigma^2}"
    r"\ge\frac{\mu n^2\Delta}{2^{11}\sigma^2}\iff\eta\le\frac{2^{12}\sigma^2}{\mu n^2\Delta}",
    source=STEPS,
    instance=ChainProblem,
    instances=_draw_chain,
    hypotheses=(numbers,),
    left=lambda p: rate_scale(p) / 2**11 - rate_scale(p) / 2**13 - rate_scale(p) / 2**12,
    right=lambda p, c: rate_scale(p) / 2**13,
    gallery=(CHAIN,),
    mutants=(changed("2^12, as the printed proof of Proposition 7 gives", left=lambda p: rate_scale(p) * (1 - 1 - 2) / 2**13),),
)
