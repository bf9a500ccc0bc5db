"""Proposition 6 at linearly stable minima, which are found by polishing networks to rounding."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

from numerics.arithmetic import Number, total
from theory.proofs import rests_on
from theory.statement import Draw, Hypothesis, Inequality, Proof, changed, past_the_slack, without
from theory.wu2025.curvature import curvature, largest_eigenvalue
from theory.wu2025.networks import NetworkProblem, network_irregularity, noised_irregularity
from theory.wu2025.setting import PAPER, ScoreProblem
from theory.wu2025.statements.equations_7_8 import equation_8_pathwise
from theory.wu2025.statements.proposition_6 import (
    CLASS,
    MODEST,
    BoundedNetwork,
    bounded,
    pathwise_bound,
    printed_bound,
    reading_pathwise,
)

SAMPLES = (
    ((Fraction(-1), Fraction(1)), Fraction(1, 2), Fraction(1, 4)),
    ((Fraction(-1, 6), Fraction(1, 6)), Fraction(99, 100), Fraction(1, 20)),
    ((Fraction(0), Fraction(1), Fraction(3)), Fraction(4, 5), Fraction(3, 10)),
)
WIDTHS, STARTS = (1, 2, 3), 4
NEAR = 10**6


@cache
def found_minima() -> tuple[NetworkProblem, ...]:
    """Return strict local minima of one to three neurons on three samples, at the binary values that polishing reached."""
    from theory.wu2025.minima import Kind, find_minima

    problems = [ScoreProblem(x=x, mu=mu, sigma=sigma) for x, mu, sigma in SAMPLES]
    found = [
        minimum
        for problem in problems
        for width in WIDTHS
        for minimum in find_minima(problem, width=width, count=STARTS, seed=0)
        if minimum.kind is Kind.MINIMUM and minimum.gradient_norm * NEAR < minimum.smallest
    ]
    return tuple(minimum.exact() for minimum in found)


def _draw_minimum(draw: Draw, in_force: frozenset[str]) -> BoundedNetwork:
    minima = found_minima()
    base = minima[draw.integer(0, len(minima) - 1)]
    least = max(max(abs(weight) for weight in base.weights), 1 / base.sigma**2)
    return bounded(base, least * draw.choice((1, 1, 10)))


def least_eigenvalue(p: Any) -> Number:
    r"""Return :math:`\lambda_{\min}(\nabla^2R_n)`, of a network of single neurons."""
    return -largest_eigenvalue(-curvature(p).hessian)


def _strict(p: Any) -> list[tuple[Number, str, Number]]:
    least, gradient = least_eigenvalue(p), curvature(p).gradient
    return [
        (0 * p.sigma + int(max(p.counts)), "<=", 0 * p.sigma + 1),
        (least, ">", 0 * p.sigma),
        (NEAR * NEAR * total(gradient * gradient), "<=", least * least),
    ]


strict_minimum = Hypothesis(
    name="strict local minimum",
    says="single neurons; nabla^2 R_n is positive definite and |nabla R_n| at most 10^-6 times its least eigenvalue",
    holds=_strict,
)

part_b = Inequality(
    id="wu2025.proposition-6.part-b",
    title="irregularity at a linearly stable minimum",
    says=(
        "At a linearly stable minimum the first term is at most 1/(2 eta): with the largest eta that (8) allows, the bound of"
        " Proposition 6 at local minima. No violation among the minima found, of one to three neurons; the proof rests on"
        " Proposition 10 and on (8), both false, and the networks that refute the first part are no minima."
    ),
    formula=r"TV^{(1)}_\pi(s_{\theta^\star})\le\frac1{2\eta}+\frac{\sqrt{R_n}}2"
    r"+\frac A{\sqrt{2\pi}\sigma}\max\Big(\sqrt{2nR_n},(\sqrt{2\pi e}A\sigma nR_n)^{1/3}\Big)",
    source=f"{PAPER}, Proposition 6, second display, page 9",
    instance=BoundedNetwork,
    instances=_draw_minimum,
    hypotheses=(*CLASS, strict_minimum),
    uses=("wu2025.proposition-6", "wu2025.equation-8"),
    left=network_irregularity,
    relation="<=",
    right=printed_bound,
    constants={"c": Fraction(1)},
    cost=8,
    instruments=("extreme eigenvalues@1e-2",),
    mutants=(past_the_slack("c"), without(strict_minimum.name, MODEST)),
)

part_b_pathwise = replace(
    part_b,
    id="wu2025.proposition-6.part-b.reading-pathwise",
    title="irregularity at a minimum where (7) is stable",
    says=(
        "Ours: where the linearised SGD (7) is stable the irregularity with the weight of the noised sample is at most 1/(2"
        " eta) + sqrt(R)/2: no bound A, no third term. Checked at the largest eta that the mean of (7) allows."
    ),
    formula=r"\int|s_{\theta^\star}''|\hat\pi\le\frac1{2\eta}+\frac{\sqrt{R_n}}2",
    source="ours; repairs the second display of Proposition 6 for (7) as written",
    ours=True,
    uses=("wu2025.proposition-6.reading-pathwise", "wu2025.equation-8.reading-pathwise"),
    left=noised_irregularity,
    right=pathwise_bound,
    proof=Proof(
        set="every linearly stable critical point",
        argument="The pathwise reading of Proposition 6 with lambda_max(nabla^2 R_n - D) <= 2/(m eta).",
        steps=(rests_on(reading_pathwise, equation_8_pathwise),),
    ),
    mutants=(past_the_slack("c"), changed("a hundredth of it", right=lambda p, c: pathwise_bound(p, c) / 100)),
)
