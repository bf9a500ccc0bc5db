"""Lemma 13: where x^k exp(-A x^2/2) rises and where it falls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, exp
from theory.proofs import identity
from theory.statement import Draw, Hypothesis, Inequality, Instance, Proof, changed, scaled, without
from theory.wu2025.setting import PAPER


@dataclass(frozen=True, kw_only=True)
class PairProblem(Instance):
    """A power, a rate and two arguments.

    Parameters
    ----------
    k
        The power.
    a
        The rate A.
    x, z
        The arguments.
    """

    k: int
    a: Number
    x: Number
    z: Number


def power_gaussian(x: Number, k: int, a: Number) -> Number:
    r"""Return :math:`x^ke^{-Ax^2/2}`."""
    return x**k * exp(-a * x * x / 2)


def derivative_identity() -> Any:
    """Return the derivative of x^k exp(-A x^2/2) less (k - A x^2) x^(k-1) exp(-A x^2/2), k a symbol."""
    import sympy

    x, a = sympy.symbols("x A", positive=True)
    k = sympy.Symbol("k", integer=True, positive=True)
    value = x**k * sympy.exp(-a * x**2 / 2)
    return (sympy.diff(value, x) - (k - a * x**2) / x * value) / value


setting = Hypothesis(
    name="k >= 1, A > 0",
    says="k is a positive integer and A > 0",
    holds=lambda p: [(p.k, ">=", 1), (p.a, ">", 0 * p.a)],
    standing=True,
)
ordered = Hypothesis(name="0 < x < z", says="0 < x < z", holds=lambda p: [(p.x, ">", 0 * p.x), (p.x, "<", p.z)], standing=True)
left_of_peak = Hypothesis(name="z <= sqrt(k/A)", says="z <= sqrt(k/A)", holds=lambda p: (p.a * p.z**2, "<=", 0 * p.a + p.k))
right_of_peak = Hypothesis(name="x >= sqrt(k/A)", says="x >= sqrt(k/A)", holds=lambda p: (p.a * p.x**2, ">=", 0 * p.a + p.k))


def _draw(draw: Draw, in_force: frozenset[str]) -> PairProblem:
    k = draw.integer(1, 30)
    # Arguments in units of the peak: A is then a square's reciprocal, exact.
    peak = Fraction(draw.positive(0.1, 10.0)).limit_denominator(100)
    low, high = (0.01, 1.0) if left_of_peak.name in in_force else (1.0, 3.0) if right_of_peak.name in in_force else (0.01, 3.0)
    one, two = (Fraction(draw.real(low, high)).limit_denominator(1000) for _ in range(2))
    low_, high_ = min(one, two), max(one, two)
    if low_ == high_:
        low_ -= Fraction(1, 2000) if left_of_peak.name in in_force else 0
        high_ += 0 if left_of_peak.name in in_force else Fraction(1, 2000)
    return PairProblem(k=k, a=k / peak**2, x=low_ * peak, z=high_ * peak)


PROOF = Proof(
    set="every integer k >= 1 and every A > 0",
    argument="The derivative is (k - A x^2) x^{k-1} e^{-A x^2/2}, whose sign is that of k - A x^2.",
    steps=(identity("the derivative over the function is k/x - A x, for symbolic k", derivative_identity),),
)

part_a = Inequality(
    id="wu2025.lemma-13.part-a",
    title="x^k exp(-A x^2/2) rises up to sqrt(k/A)",
    says="For a positive integer k (and A > 0, silent in print) the function increases on (0, sqrt(k/A)].",
    formula=r"0<x<z\le\sqrt{k/A}\ \Rightarrow\ x^ke^{-Ax^2/2}<z^ke^{-Az^2/2}",
    source=f"{PAPER}, Lemma 13, page 35",
    instance=PairProblem,
    instances=_draw,
    hypotheses=(setting, ordered, left_of_peak),
    left=lambda p: power_gaussian(p.x, p.k, p.a),
    relation="<",
    right=lambda p, c: c.c * power_gaussian(p.z, p.k, p.a),
    constants={"c": Fraction(1)},
    gallery=({"k": 1, "a": 1, "x": "1/2", "z": 1}, {"k": 3, "a": "1/2", "x": 1, "z": 2}),
    proof=PROOF,
    mutants=(
        scaled("c", Fraction(99, 100)),
        without(left_of_peak.name),
        changed("falling instead", relation=">"),
    ),
)

part_b = replace(
    part_a,
    id="wu2025.lemma-13.part-b",
    title="x^k exp(-A x^2/2) falls from sqrt(k/A) on",
    says="For a positive integer k (and A > 0, silent in print) the function decreases on [sqrt(k/A), infinity).",
    formula=r"\sqrt{k/A}\le x<z\ \Rightarrow\ x^ke^{-Ax^2/2}>z^ke^{-Az^2/2}",
    hypotheses=(setting, ordered, right_of_peak),
    relation=">",
    gallery=({"k": 1, "a": 1, "x": 1, "z": 2}, {"k": 3, "a": "1/2", "x": 3, "z": 4}),
    mutants=(
        scaled("c", Fraction(101, 100)),
        without(right_of_peak.name),
        changed("rising instead", relation="<"),
    ),
)
