"""Statements of my paper. Run ``quod verify my_paper.py``; ``quod show my_paper.lemma-1 --file my_paper.py`` prints one.

A statement is data. Its formulas are written once, with the functions of ``numerics.arithmetic`` (``exp``, ``log``, ``sqrt``,
``erf``, ``maximum``, ``where``, ...), and then run in floats, where violations are searched for, and in balls, which certify.
Replace the lemma below by one of yours, from the top: data, hypotheses, where instances come from, the claim.
"""

from dataclasses import dataclass
from fractions import Fraction

from numerics.arithmetic import Number, exp
from theory.derived_mutants import with_derived_mutants
from theory.statement import Draw, Hypothesis, Inequality, Instance


@dataclass(frozen=True, kw_only=True)
class Point(Instance):
    """What the lemma is about, one field a number: ``Number`` is exact, ``int`` an integer, ``Numbers`` a vector.

    ``Numbers`` comes from ``numerics.arithmetic`` too: parsed from a list, an array in formulas, where ``total`` sums it.
    """

    x: Number


# A hypothesis returns (left, relation, right), or a list of such triples. A printed one is dropped by a mutant, to see whether
# the lemma needs it; a hypothesis of the paper's setting has standing=True and never is.
real = Hypothesis(name="range", says="|x| <= 50, the range looked at", holds=lambda p: (p.x**2, "<=", 2500), standing=True)
small = Hypothesis(name="small", says="x <= 3/2", holds=lambda p: (p.x, "<=", Fraction(3, 2)))


def points(draw: Draw, in_force: frozenset[str]) -> Point:
    """Draw instances that satisfy the hypotheses in force by construction; where one is dropped, beyond it as well."""
    high = 1.5 if "small" in in_force else 4.0
    # Rounded to a grid, so that the numbers are exact and a counterexample reads well.
    return Point.parse({"x": str(round(draw.real(-4.0, high), 3))})


lemma_1 = with_derived_mutants(
    Inequality(
        id="my_paper.lemma-1",
        title="a quadratic bound on the exponential",
        says="exp(x) <= 1 + x + x^2 for every x <= 3/2.",
        formula=r"e^x\le1+x+x^2\qquad(x\le\tfrac32)",
        source="my paper, Lemma 1, page 1",
        instance=Point,
        instances=points,
        hypotheses=(real, small),
        # Formulas hold no floats: p.x / 10 and not 0.1 * p.x, pi(p.x) and not math.pi.
        left=lambda p: exp(p.x),
        relation="<=",
        # Constants stand apart, so that mutants can push them: c here is 1 as printed.
        right=lambda p, c: c.c * (1 + p.x + p.x**2),
        constants={"c": Fraction(1)},
        # Instances that are always looked at: where the bound is tight, or where you have doubts.
        gallery=({"x": 0}, {"x": "3/2"}),
        # Mutants are false neighbours, which the check must refute. Your own go here; the usual ones are derived:
        # c pushed past the slack, doubled and halved, "small" dropped, the strict and the reversed relation.
        mutants=(),
    )
)

# Where a statement is false as printed, say so: erratum=Erratum(wrong=..., line=..., counterexample={"x": ...}, repaired=ID of
# the statement that holds, confirm="a few lines of Python that print left and right"); quod errata my_paper.py writes it up.
#
# A claim about training runs is a Trend: a number read from each repetition of a study, told from chance by a sign test.
#
# from theory.statement import Trend, changed
# from theory.study import Reading, Size, Study, opposite
#
# def one_run(unit):  # one run, at the top of the file; JSON values in and out, its seed among them; it is stored
#     rng = np.random.default_rng(unit["seed"])
#     ...
#     return {"risk": risk}
#
# rates = Study(
#     name="learning rates",
#     run=one_run,
#     size=lambda profile: Size(
#         says="20 samples, 1000 steps",
#         replicates=[[{"seed": k, "rate": rate} for rate in (0.1, 0.01)] for k in range(20)],
#         reduced=False,
#     ),
# )
# better = (Reading(says="the risk at 0.1 is below that at 0.01", of=lambda runs: runs[1]["risk"] - runs[0]["risk"]),)
# claim_1 = Trend(
#     id="my_paper.claim-1", title="large rates help", says="...", formula="...", source="my paper, Figure 1",
#     study=rates, readings=better, mutants=(changed("the opposite", readings=opposite(better)),),
# )
