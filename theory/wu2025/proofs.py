"""Small helpers for the finite parts of proofs: symbolic identities and comparisons of balls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Arithmetic, Number, balls
from numerics.boxes import branch_and_bound
from numerics.comparison import Comparison, Truth, all_of, decide
from theory.statement import ProofStep


def identity(says: str, build: Callable[[], Any]) -> ProofStep:
    """Return the step that a symbolic expression is identically zero.

    Parameters
    ----------
    says
        What it establishes.
    build
        Builds the expression; called when the step is checked.

    Returns
    -------
    ProofStep
        The step.
    """

    def check() -> tuple[Truth, str]:
        from numerics.symbolic import is_identically_zero

        return is_identically_zero(build, isolate=False)

    return ProofStep(says=says, check=check)


def compared(
    says: str, sides: Callable[[Arithmetic, int], tuple[Number, Number]], relation: str, cases: Iterable[int]
) -> ProofStep:
    """Return the step that a comparison of balls is true in each of finitely many cases.

    Parameters
    ----------
    says
        What it establishes.
    sides
        Maps an arithmetic and a case to both sides.
    relation
        How they compare.
    cases
        The cases.

    Returns
    -------
    ProofStep
        The step.
    """

    def outcome(case: int) -> Comparison:
        return decide(lambda arithmetic: sides(arithmetic, case), relation)

    def check() -> tuple[Truth, str]:
        outcomes = [outcome(case) for case in cases]
        ratio = min(abs(float(entry.left) / float(entry.right)) for entry in outcomes)
        words = f"{len(outcomes)} comparisons of balls, ratio of the sides at least {ratio:.4g}"
        return all_of(entry.truth for entry in outcomes), words

    return ProofStep(says=says, check=check)


def boxes(says: str, function: Callable[..., Any], box: list[tuple[Fraction, Fraction]], limit: int = 4000) -> ProofStep:
    """Return the step that a function of balls is positive on a box, by branch and bound.

    Parameters
    ----------
    says
        What it establishes.
    function
        Maps one ball a coordinate to a ball.
    box
        The closed intervals.
    limit
        Boxes that may be opened.

    Returns
    -------
    ProofStep
        The step.
    """

    def check() -> tuple[Truth, str]:
        with balls(96):
            outcome = branch_and_bound(function, box, limit)
        truth = Truth.TRUE if outcome.closed else Truth.FALSE if outcome.counterexample is not None else Truth.UNDECIDED
        return truth, str(outcome)

    return ProofStep(says=says, check=check)


def nonnegative_coefficients(says: str, build: Callable[[], tuple[Any, Any]]) -> ProofStep:
    """Return the step that a polynomial has no negative coefficient, hence is not negative on the half-line.

    Parameters
    ----------
    says
        What it establishes.
    build
        Builds the polynomial expression and its variable, shifted so that the half-line starts at 0.

    Returns
    -------
    ProofStep
        The step.
    """

    def check() -> tuple[Truth, str]:
        import sympy

        expression, variable = build()
        coefficients = sympy.Poly(sympy.expand(expression), variable).all_coeffs()
        truth = Truth.TRUE if all(value >= 0 for value in coefficients) else Truth.FALSE
        return truth, f"coefficients {', '.join(map(str, coefficients))}"

    return ProofStep(says=says, check=check)
