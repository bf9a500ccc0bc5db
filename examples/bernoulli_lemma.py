"""The lemma of docs/tutorial.md and two repairs. Run ``quod verify examples/bernoulli_lemma.py``."""

from dataclasses import dataclass
from fractions import Fraction

from numerics.arithmetic import Number, exp, log
from theory.derived_mutants import with_derived_mutants
from theory.statement import Draw, Erratum, Hypothesis, Inequality, Instance


@dataclass(frozen=True, kw_only=True)
class Coin(Instance):
    """The chance p of a mask entry to be 1, and the argument t of its moment generating function."""

    p: Number
    t: Number


def coins(draw: Draw, in_force: frozenset[str]) -> Coin:
    """Draw a chance and an argument on a grid; on one side only where that is asked for."""
    p, t = draw.real(0.01, 0.99), draw.real(-6.0, 6.0)
    if "one side" in in_force:
        p, t = max(p, 1 - p), abs(t)
    return Coin.parse({"p": str(round(p, 2)), "t": str(round(t, 2))})


chance = Hypothesis(name="chance", says="0 < p < 1", holds=lambda c: [(c.p, ">", 0), (c.p, "<", 1)], standing=True)
one_side = Hypothesis(
    name="one side", says="p >= 1/2 and t >= 0", holds=lambda c: [(c.p, ">=", Fraction(1, 2)), (c.t, ">=", 0)]
)

CONFIRM = """
from math import exp, log

p, t = 1 / 4, 1  # E exp(t (X - p)) by its two values
print("left ", log(p * exp(t * (1 - p)) + (1 - p) * exp(-t * p)))
print("right", p * (1 - p) * t**2 / 2)
"""

lemma_1 = Inequality(
    id="masks.lemma-1",
    title="a mask entry is sub-Gaussian with its variance",
    says="If X is 1 with chance p and 0 otherwise then log E exp(t (X - p)) <= p (1 - p) t^2/2 for every real t.",
    formula=r"\log\mathbb E\,e^{t(X-p)}\le\tfrac12p(1-p)t^2",
    source="docs/tutorial.md, Lemma 1",
    instance=Coin,
    instances=coins,
    hypotheses=(chance,),
    left=lambda c: log(1 - c.p + c.p * exp(c.t)) - c.p * c.t,
    relation="<=",
    right=lambda c, k: k.c * c.p * (1 - c.p) * c.t**2,
    constants={"c": Fraction(1, 2)},
    erratum=Erratum(
        wrong="the third cumulant p (1 - p)(1 - 2p) is positive for p < 1/2, and the bound has no room for it.",
        line="'the remaining terms are of higher order' drops terms that are not negative",
        counterexample={"p": "1/4", "t": 1},
        repaired="masks.lemma-1.reading-hoeffding",
        confirm=CONFIRM,
    ),
)
lemma_1_hoeffding = with_derived_mutants(
    Inequality(
        id="masks.lemma-1.reading-hoeffding",
        title="a mask entry is sub-Gaussian with a quarter",
        says="log E exp(t (X - p)) <= t^2/8 for every p in (0, 1) and every real t: Hoeffding's lemma. Tight at p = 1/2.",
        formula=r"\log\mathbb E\,e^{t(X-p)}\le\tfrac18t^2",
        source="docs/tutorial.md, the repair",
        ours=True,
        instance=Coin,
        instances=coins,
        hypotheses=(chance,),
        left=lemma_1.left,
        relation="<=",
        right=lambda c, k: k.c * c.t**2,
        constants={"c": Fraction(1, 8)},
        gallery=({"p": "1/2", "t": "1/10"}, {"p": "1/2", "t": 0}),
    )
)
lemma_1_one_side = with_derived_mutants(
    Inequality(
        id="masks.lemma-1.reading-one-side",
        title="the printed bound on one side",
        says="For p >= 1/2 and t >= 0 the printed bound holds: under the tilted law the chance only moves away from 1/2.",
        formula=r"\log\mathbb E\,e^{t(X-p)}\le\tfrac12p(1-p)t^2\qquad(p\ge\tfrac12,\ t\ge0)",
        source="docs/tutorial.md, the repair",
        ours=True,
        instance=Coin,
        instances=coins,
        hypotheses=(chance, one_side),
        left=lemma_1.left,
        relation="<=",
        right=lemma_1.right,
        constants={"c": Fraction(1, 2)},
        gallery=({"p": "1/2", "t": "1/10"}, {"p": "3/4", "t": 0}),
    )
)
