"""Two lemmas of one's own: a true one and a false one. Run ``quod verify examples/my_lemma.py``."""

from dataclasses import dataclass

from numerics.arithmetic import Number, exp
from theory.statement import Draw, Hypothesis, Inequality, Instance, past_the_slack


@dataclass(frozen=True, kw_only=True)
class Pair(Instance):
    """Two nonnegative numbers."""

    a: Number
    b: Number


def pairs(draw: Draw, in_force: frozenset[str]) -> Pair:
    """Draw pairs on a grid."""
    return Pair.parse({"a": str(round(draw.real(0, 4), 3)), "b": str(round(draw.real(0, 4), 3))})


nonnegative = Hypothesis(name="nonnegative", says="a, b >= 0", holds=lambda p: [(p.a, ">=", 0 * p.a), (p.b, ">=", 0 * p.b)])
common = {"instance": Pair, "instances": pairs, "hypotheses": (nonnegative,), "source": "my paper", "relation": "<="}

lemma_1 = Inequality(
    id="mine.lemma-1",
    title="exp(-x) is a contraction",
    says="|exp(-a) - exp(-b)| <= |a - b| for a, b >= 0.",
    formula=r"|e^{-a}-e^{-b}|\le|a-b|",
    left=lambda p: abs(exp(-p.a) - exp(-p.b)),
    right=lambda p, c: c.c * abs(p.a - p.b),
    constants={"c": 1},
    mutants=(past_the_slack("c"),),
    **common,
)
lemma_2 = Inequality(
    id="mine.lemma-2",
    title="a subtly false bound",
    says="exp(-a b) <= 1 - a b + (a b)^2/2 - (a b)^3/7 for a, b >= 0.",
    formula=r"e^{-ab}\le1-ab+\tfrac12(ab)^2-\tfrac17(ab)^3",
    left=lambda p: exp(-p.a * p.b),
    right=lambda p, c: 1 - p.a * p.b + (p.a * p.b) ** 2 / 2 - (p.a * p.b) ** 3 / 7,
    **common,
)
