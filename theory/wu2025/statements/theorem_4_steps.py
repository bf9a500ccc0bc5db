"""The steps of the printed proof of Theorem 4, each a statement.

Longer than most files: the nine steps share their formulas, and are read side by side with the printed proof.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, absolute, minimum
from theory.proofs import compared, identity, nonnegative_coefficients
from theory.statement import Draw, Erratum, Hypothesis, Identity, Inequality, Instance, Proof, changed, past_the_slack, without
from theory.wu2025.bounds import (
    irregularity_bound,
    printed_index_factor,
    repaired_index_factor,
    small_noise_factor,
    times,
)
from theory.wu2025.irregularity import irregularity, irregularity_by_halves
from theory.wu2025.score import law_at_offset
from theory.wu2025.setting import (
    PAPER,
    SETTING,
    ScoreProblem,
    draw_problem,
    least_separation,
    small_noise,
)
from theory.wu2025.statements.corollary_3 import nine_difference
from theory.wu2025.statements.theorem_4 import draw_small_sample, separation_at_boundary
from theory.wu2025.weight import weight_at_offset

WHERE = f"{PAPER}, proof of Theorem 4, page 8"


def weight_minimum(p: Any, i: int) -> Number:
    r"""Return :math:`\min_{[\mu x_i,\mu x_{i+1}]}\pi`, i from 1: the smaller end, since the weight rises and then falls."""
    zero = 0 * p.mu
    return minimum(weight_at_offset(p, i - 1, i - 1, zero), weight_at_offset(p, i, i, zero))


def derivative_moves(p: Any, i: int) -> Number:
    r"""Return :math:`|s^{\star\prime}(m_i)-s^{\star\prime}(\mu x_i)|+|s^{\star\prime}(m_i)-s^{\star\prime}(\mu x_{i+1})|`."""
    zero = 0 * p.mu
    top = law_at_offset(p, i - 1, i, zero).variance
    ends = [law_at_offset(p, k, k, zero).variance for k in (i - 1, i)]
    return p.mu**2 / p.sigma**4 * (absolute(top - ends[0]) + absolute(top - ends[1]))


def sum_of_minima(p: Any) -> Number:
    """Return the sum over gaps of the minimum of the weight times the moves of the derivative."""
    terms = [weight_minimum(p, i) * derivative_moves(p, i) for i in range(1, p.n)]
    return sum(terms[1:], start=terms[0])


def inserted_bounds(p: Any, factor: Any) -> Number:
    r"""Return the display after Proposition 9 and Corollary 3 are inserted, with an index factor.

    :math:`\sum_i\frac\mu{n^2}(\frac12-e^{-\mu^2\Delta^2/2\sigma^2})F_i\Delta\cdot\frac{2\mu^2}{\sigma^4}
    (\frac{(x_i-x_{i+1})^2}{2n}-4n^2\Delta^2e^{-\mu^2\Delta^2/4\sigma^2})`.

    Parameters
    ----------
    p
        A lifted problem.
    factor
        Maps i, from 1, and n to the index factor :math:`F_i`.

    Returns
    -------
    Number
        The sum.
    """
    one = 0 * p.mu + 1
    half = one / 2 - small_noise_factor(p, one / 2)
    tail = 4 * p.n**2 * p.minimum_spacing**2 * small_noise_factor(p, one / 4)
    moves = [2 * p.mu**2 / p.sigma**4 * (gap**2 / (2 * p.n) - tail) for gap in p.gaps]
    terms = [times(p.mu / p.n**2 * half * p.minimum_spacing * move, factor(i + 1, p.n)) for i, move in enumerate(moves)]
    return sum(terms[1:], start=terms[0])


def middle_range(n: int) -> range:
    r"""Return the indices :math:`\lceil n/4\rceil+1\le i\le\lfloor3n/4\rfloor-1`."""
    return range(-(-n // 4) + 1, 3 * n // 4)


def middle_sum(p: Any) -> Number:
    r"""Return the sum over middle indices on the right of step 6.

    :math:`\sum_{i\ \mathrm{middle}}\frac{\mu^3n\Delta}{64\sigma^4}(\frac12-e^{-r^2/2})
    (\frac{\Delta^2}{2n}-4n^2\Delta^2e^{-r^2/4})`.

    Parameters
    ----------
    p
        A lifted problem.

    Returns
    -------
    Number
        The sum.
    """
    one = 0 * p.mu + 1
    term = p.mu**3 * p.n * p.minimum_spacing / (64 * p.sigma**4) * (one / 2 - small_noise_factor(p, one / 2))
    inner = p.minimum_spacing**2 / (2 * p.n) - 4 * p.n**2 * p.minimum_spacing**2 * small_noise_factor(p, one / 4)
    return len(middle_range(p.n)) * term * inner


def counted(p: Any) -> Number:
    r"""Return :math:`\frac{\mu^3n\Delta^3}{256\sigma^4}(\frac12-e^{-r^2/2})(\frac12-4n^3e^{-r^2/4})`."""
    one = 0 * p.mu + 1
    first = one / 2 - small_noise_factor(p, one / 2)
    second = one / 2 - 4 * p.n**3 * small_noise_factor(p, one / 4)
    return p.mu**3 * p.n * p.minimum_spacing**3 / (256 * p.sigma**4) * first * second


def _draw_two(draw: Draw, in_force: frozenset[str]) -> ScoreProblem:
    # Two points: the balls of both sides are dear, and a sum over gaps adds nothing new.
    return ScoreProblem(**draw_problem(draw, least=least_separation(in_force, 0.3), most=30.0, most_points=2))


def _draw_three(draw: Draw, in_force: frozenset[str]) -> ScoreProblem:
    # Two or three points: both sides are dear to enclose.
    return ScoreProblem(**draw_problem(draw, least=least_separation(in_force, 0.3), most=30.0, most_points=3))


def _integer(value: Fraction) -> float:
    # Twice an index factor is an integer, exact in floats and in balls.
    return float(value)


def _draw_large(draw: Draw, in_force: frozenset[str]) -> ScoreProblem:
    fewest = 10 if "n >= 10" in in_force else 2
    return ScoreProblem(**draw_problem(draw, least=least_separation(in_force), least_points=fewest, most_points=24))


step_1 = Identity(
    id="wu2025.theorem-4.step-1",
    title="the irregularity is the sum over half gaps",
    says=(
        "The irregularity is the sum of its parts over [mu x_i, m_i] and [m_i, mu x_{i+1}]; outside the sample the weight is 0."
    ),
    formula=r"TV=\sum_i\Big(\int_{\mu x_i}^{m_i}+\int_{m_i}^{\mu x_{i+1}}\Big)|s^{\star\prime\prime}|\,\pi",
    left=irregularity,
    right=lambda p, c: irregularity_by_halves(p) * c.factor,
    constants={"factor": Fraction(1)},
    cost=24,
    instruments=("quadrature@1e-4",),
    gallery=({"x": [0, 1], "mu": "1/2", "sigma": "1/10"},),
    mutants=(changed("factor 101/100", constants={"factor": Fraction(101, 100)}),),
    source=WHERE,
    instance=ScoreProblem,
    instances=_draw_two,
    hypotheses=(*SETTING, small_noise),
)

step_2 = Inequality(
    id="wu2025.theorem-4.step-2",
    title="minimum of the weight times the moves of the derivative",
    says=(
        "The irregularity is at least the sum over gaps of the minimum of the weight on the gap times the moves of the"
        " derivative from the midpoint to both ends. Needs no hypothesis."
    ),
    formula=r"TV\ge\sum_i\min_{[\mu x_i,\mu x_{i+1}]}\pi\,\big(|s^{\star\prime}(m_i)-s^{\star\prime}(\mu x_i)|"
    r"+|s^{\star\prime}(m_i)-s^{\star\prime}(\mu x_{i+1})|\big)",
    uses=("wu2025.theorem-4.step-1",),
    left=irregularity,
    relation=">=",
    right=lambda p, c: c.c * sum_of_minima(p),
    constants={"c": Fraction(1)},
    cost=10,
    gallery=({"x": [0, 1, 2], "mu": "1/2", "sigma": "1/10"},),
    proof=Proof(
        set="every sample, mu, sigma > 0",
        argument=(
            "On each half gap the integral of |s''| pi is at least min pi times the absolute value of the integral of s'',"
            " which is the difference of s' at its ends (fundamental theorem of calculus; s* is smooth)."
        ),
        steps=(identity("the difference of two values of (9) is mu^2/sigma^4 times that of the variances", nine_difference),),
    ),
    mutants=(past_the_slack("c"), without(small_noise.name)),
    source=WHERE,
    instance=ScoreProblem,
    instances=_draw_three,
    hypotheses=(*SETTING, small_noise),
)


step_3 = Inequality(
    id="wu2025.theorem-4.step-3",
    title="Proposition 9 and Corollary 3 inserted, as printed",
    says=(
        "The sum of step 2 is at least the sum with Proposition 9's printed bound for the minimum of the weight and Corollary"
        " 3's bound for both moves. The step is about this passage; the irregularity itself was never found below the right"
        " side."
    ),
    formula=r"\sum_i\min\pi\,(\dots)\ge\sum_i\frac\mu{n^2}\Big(\frac12-e^{-r^2/2}\Big)\min\Big(\frac{i^2(i-1)}2,"
    r"\frac{(n-i)^2(n-i+1)}2\Big)\Delta\cdot\frac{2\mu^2}{\sigma^4}\Big(\frac{(x_i-x_{i+1})^2}{2n}-4n^2\Delta^2e^{-r^2/4}\Big)",
    uses=("wu2025.proposition-9.part-a", "wu2025.corollary-3.part-a.reading-literal"),
    left=sum_of_minima,
    relation=">=",
    right=lambda p, c: c.c * inserted_bounds(p, printed_index_factor),
    constants={"c": Fraction(1)},
    cost=2,
    erratum=Erratum(
        wrong=(
            "the printed Proposition 9 overstates the weight on the last gaps, and the sum inherits it already for x = (0, 1,"
            " 2)."
        ),
        line="the last inequality of the second display, where Proposition 9 is inserted",
        counterexample={"x": [0, 1, 2], "mu": "1/2", "sigma": "1/10"},
        repaired="wu2025.theorem-4.reading-repaired.step-3",
    ),
    source=WHERE,
    instance=ScoreProblem,
    instances=draw_small_sample,
    hypotheses=(*SETTING, small_noise),
)

step_3_repaired = replace(
    step_3,
    id="wu2025.theorem-4.reading-repaired.step-3",
    title="Proposition 9 and Corollary 3 inserted, repaired",
    says=(
        "The same passage with the repaired index factor (n-i)^2 (n-i-1)/2; it holds for every n >= 2 and is trivial for n <="
        " 3."
    ),
    formula=step_3.formula.replace("(n-i+1)", "(n-i-1)"),
    source=f"{WHERE}, repaired",
    ours=True,
    uses=("wu2025.proposition-9.part-a.reading-repaired", "wu2025.corollary-3.part-a.reading-scaled"),
    right=lambda p, c: c.c * inserted_bounds(p, repaired_index_factor),
    erratum=None,
    gallery=({"x": [0, 1, 2], "mu": "1/2", "sigma": "1/10"}, {"x": [0, 1, 2, 3, 4], "mu": "1/2", "sigma": "1/100"}),
    mutants=(past_the_slack("c"), changed("the printed index factor", right=step_3.right)),
)


@dataclass(frozen=True, kw_only=True)
class CountProblem(Instance):
    """A sample size.

    Parameters
    ----------
    n
        The size.
    """

    n: int


@dataclass(frozen=True, kw_only=True)
class IndexProblem(CountProblem):
    """A sample size and an index.

    Parameters
    ----------
    i
        The index, from 1.
    """

    i: int


at_least_two = Hypothesis(name="n >= 2", says="n >= 2", holds=lambda p: (p.n, ">=", 2), standing=True)
at_least_ten = Hypothesis(name="n >= 10", says="n >= 10", holds=lambda p: (p.n, ">=", 10))
in_the_middle = Hypothesis(
    name="i in the middle",
    says="ceil(n/4) + 1 <= i <= floor(3n/4) - 1",
    holds=lambda p: [(p.i, ">=", -(-p.n // 4) + 1), (p.i, "<=", 3 * p.n // 4 - 1)],
)


def _draw_index(draw: Draw, in_force: frozenset[str]) -> IndexProblem:
    n = draw.integer(4, 400)
    middle = middle_range(n)
    if in_the_middle.name in in_force and len(middle):
        return IndexProblem(n=n, i=draw.integer(middle[0], middle[-1]))
    return IndexProblem(n=n, i=draw.integer(1, n - 1))


def _lower_ends() -> tuple[Any, Any]:
    import sympy

    q = sympy.Symbol("q")
    # i - 1 >= n/4 =: q and i >= q + 1 give i^2 (i-1)/2 >= (q+1)^2 q/2, against n^3/128 = q^3/2; n - i is treated alike.
    return (q + 1) ** 2 * q / 2 - q**3 / 2, q


step_4 = Inequality(
    id="wu2025.theorem-4.step-4",
    title="the index factor in the middle range",
    says=(
        "For ceil(n/4) + 1 <= i <= floor(3n/4) - 1 the smaller of i^2 (i-1)/2 and (n-i)^2 (n-i+1)/2 is at least n^3/128. It"
        " holds with the repaired factor (n-i)^2 (n-i-1)/2 too, and that is what is checked on the right range."
    ),
    formula=r"\min\Big(\frac{i^2(i-1)}2,\frac{(n-i)^2(n-i+1)}2\Big)\ge\frac{n^3}{128}",
    source=WHERE,
    instance=IndexProblem,
    instances=_draw_index,
    hypotheses=(at_least_two, in_the_middle),
    left=lambda p: _integer(min(printed_index_factor(p.i, p.n), repaired_index_factor(p.i, p.n)) * 2),
    relation=">=",
    right=lambda p, c: c.c * p.n**3 * 2,
    constants={"c": Fraction(1, 128)},
    gallery=({"n": 8, "i": 3}, {"n": 10, "i": 4}),
    proof=Proof(
        set="every n and every i in the range, for the printed and the repaired factor",
        argument="With q = n/4, both i - 1 and n - i - 1 are at least q, so that either factor is at least (q+1)^2 q/2.",
        steps=(nonnegative_coefficients("(q+1)^2 q/2 - q^3/2 for q >= 0", _lower_ends),),
    ),
    mutants=(past_the_slack("c"), without(in_the_middle.name)),
)


def _draw_count(draw: Draw, in_force: frozenset[str]) -> CountProblem:
    return CountProblem(n=draw.integer(10 if at_least_ten.name in in_force else 2, 500))


def _count_gap() -> tuple[Any, Any]:
    import sympy

    u = sympy.Symbol("u")
    n = u + 10
    # floor(3n/4) >= 3n/4 - 3/4 and ceil(n/4) <= n/4 + 3/4 leave n/2 - 5/2 >= n/4 for n >= 10.
    return n / 2 - sympy.Rational(5, 2) - n / 4, u


step_5 = Inequality(
    id="wu2025.theorem-4.step-5",
    title="the number of middle indices",
    says=(
        "For n >= 10 there are at least n/4 indices between ceil(n/4) + 1 and floor(3n/4) - 1. The restriction is printed in"
        " the proof and not in the theorem; without it the count holds exactly for n = 4, 7, 8 and n >= 10."
    ),
    formula=r"\#\{i:\lceil n/4\rceil+1\le i\le\lfloor3n/4\rfloor-1\}\ge\frac n4",
    source=WHERE,
    instance=CountProblem,
    instances=_draw_count,
    hypotheses=(at_least_two, at_least_ten),
    left=lambda p: float(len(middle_range(p.n))),
    relation=">=",
    right=lambda p, c: c.c * p.n,
    constants={"c": Fraction(1, 4)},
    gallery=({"n": 10}, {"n": 13}, {"n": 11}),
    proof=Proof(
        set="every n >= 10",
        argument="",
        steps=(
            nonnegative_coefficients("n/2 - 5/2 - n/4 for n >= 10", _count_gap),
            compared(
                "the count at n = 10, ..., 400",
                lambda arithmetic, n: (arithmetic.number(len(middle_range(n))), arithmetic.number(Fraction(n, 4))),
                ">=",
                range(10, 401),
            ),
        ),
    ),
    mutants=(past_the_slack("c"), without(at_least_ten.name)),
)

step_6 = Inequality(
    id="wu2025.theorem-4.step-6",
    title="the sum restricted to the middle",
    says=(
        "Keeping only middle indices and their lower bound n^3/128, the sum of step 3 (with the repaired factor) is at least"
        " the sum of (mu^3 n Delta/64 sigma^4)(1/2 - exp(-r^2/2))(Delta^2/2n - 4 n^2 Delta^2 exp(-r^2/4)) over them."
    ),
    formula=r"\sum_i\dots\ge\sum_{i\ \mathrm{middle}}\frac{\mu^3n\Delta}{64\sigma^4}\Big(\frac12-e^{-r^2/2}\Big)"
    r"\Big(\frac{\Delta^2}{2n}-4n^2\Delta^2e^{-r^2/4}\Big)",
    uses=("wu2025.theorem-4.step-3", "wu2025.theorem-4.step-4"),
    left=lambda p: inserted_bounds(p, repaired_index_factor),
    relation=">=",
    right=lambda p, c: c.c * middle_sum(p),
    constants={"c": Fraction(1)},
    gallery=({"x": list(range(12)), "mu": "1/2", "sigma": "1/20"},),
    mutants=(past_the_slack("c"),),
    source=WHERE,
    instance=ScoreProblem,
    instances=draw_small_sample,
    hypotheses=(*SETTING, small_noise),
)

step_7 = Inequality(
    id="wu2025.theorem-4.step-7",
    title="at least n/4 equal terms",
    says=(
        "With at least n/4 middle indices (n >= 10) the sum of step 6 is at least (mu^3 n Delta^3/256 sigma^4)(1/2 -"
        " exp(-r^2/2))(1/2 - 4 n^3 exp(-r^2/4))."
    ),
    formula=r"\sum_{i\ \mathrm{middle}}\dots\ge\frac{\mu^3n\Delta^3}{256\sigma^4}\Big(\frac12-e^{-r^2/2}\Big)"
    r"\Big(\frac12-4n^3e^{-r^2/4}\Big)",
    uses=("wu2025.theorem-4.step-5", "wu2025.theorem-4.step-6"),
    left=middle_sum,
    relation=">=",
    right=lambda p, c: c.c * counted(p),
    constants={"c": Fraction(1)},
    gallery=({"x": list(range(10)), "mu": "1/2", "sigma": "1/20"},),
    mutants=(past_the_slack("c"), without(at_least_ten.name)),
    source=WHERE,
    instance=ScoreProblem,
    instances=_draw_large,
    hypotheses=(*SETTING, small_noise, at_least_ten),
)


step_8 = Inequality(
    id="wu2025.theorem-4.step-8",
    title="the hypothesis inserted",
    says=(
        "Under the hypothesis exp(-r^2/2) <= 1/4 and 4 n^3 exp(-r^2/4) <= 1/4, so that the right side of step 7 is at least"
        " mu^3 n Delta^3/(2^12 sigma^4)."
    ),
    formula=r"\frac{\mu^3n\Delta^3}{256\sigma^4}\Big(\frac12-e^{-r^2/2}\Big)\Big(\frac12-4n^3e^{-r^2/4}\Big)\ge"
    r"\frac{\mu^3n\Delta^3}{2^{12}\sigma^4}",
    uses=("wu2025.theorem-4.step-7",),
    left=counted,
    relation=">=",
    right=lambda p, c: irregularity_bound(p, c.c),
    constants={"c": Fraction(1, 2**12)},
    gallery=({"x": [0, 1], "mu": "1/2", "sigma": "1/10"},),
    mutants=(past_the_slack("c"), without(small_noise.name, {"x": [0, 1], "mu": "1/2", "sigma": "1/4"})),
    source=WHERE,
    instance=ScoreProblem,
    instances=draw_small_sample,
    hypotheses=(*SETTING, small_noise),
)

step_9 = Inequality(
    id="wu2025.theorem-4.step-9",
    title="the hypothesis implies Delta >= 2 sigma/mu",
    says="If 16 n^3 exp(-mu^2 Delta^2/4 sigma^2) <= 1 then mu Delta >= 2 sigma, so that Corollary 3 applies.",
    formula=r"16n^3e^{-\mu^2\Delta^2/4\sigma^2}\le1\ \Rightarrow\ \Delta\ge2\sigma/\mu",
    uses=("wu2025.remark-4.part-a",),
    left=lambda p: p.mu * p.minimum_spacing,
    relation=">=",
    right=lambda p, c: c.c * p.sigma,
    constants={"c": Fraction(2)},
    proof=Proof(
        set="every n >= 2",
        argument="The hypothesis is r >= r_0(n) = 2 sqrt(ln(16 n^3)), which increases in n and is above 4 for n = 2.",
        steps=(
            compared(
                "r_0(2) > 2",
                lambda arithmetic, n: (separation_at_boundary(arithmetic, n), arithmetic.number(2)),
                ">",
                range(2, 3),
            ),
        ),
    ),
    gallery=({"x": [0, 1], "mu": "1/2", "sigma": "1/10"},),
    mutants=(past_the_slack("c"), without(small_noise.name)),
    source=WHERE,
    instance=ScoreProblem,
    instances=draw_small_sample,
    hypotheses=(*SETTING, small_noise),
)
