"""Small helpers for the finite parts of proofs: symbolic identities and comparisons of balls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Arithmetic, Number, balls
from numerics.boxes import branch_and_bound
from numerics.comparison import Comparison, Truth, all_of, decide
from theory.statement import ProofStep, Statement


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


def rests_on(*statements: Statement) -> ProofStep:
    """Return the step that statements which the argument uses are proved themselves: all their parts are checked again.

    Parameters
    ----------
    *statements
        Statements with proofs.

    Returns
    -------
    ProofStep
        The step.
    """
    names = ", ".join(statement.id for statement in statements)

    def check() -> tuple[Truth, str]:
        steps = [step for statement in statements if statement.proof is not None for step in statement.proof.steps]
        missing = [statement.id for statement in statements if statement.proof is None]
        if missing or not steps:
            return Truth.UNDECIDED, f"no proof of {', '.join(missing) or names}"
        return all_of(step.check()[0] for step in steps), f"{len(steps)} parts of their proofs checked"

    return ProofStep(says=f"{names} proved", check=check)


def gaussian_mean(polynomial: Any, y: Any, variance: Any) -> Any:
    """Return the mean of a polynomial in ``y`` under a centred Gaussian of symbolic variance.

    Parameters
    ----------
    polynomial, y
        A sympy polynomial and its variable.
    variance
        The variance.

    Returns
    -------
    sympy.Expr
        The mean.
    """
    import sympy

    terms = sympy.Poly(sympy.expand(polynomial), y).terms()
    return sum(c * (sympy.factorial2(k - 1) * variance ** (k // 2) if k % 2 == 0 else 0) for (k,), c in terms)


def two_point_variance() -> Any:
    """Return the variance of a law on two points less p (1 - p) (a - b)^2."""
    import sympy

    a, b, p = sympy.symbols("a b p", real=True)
    mean = p * a + (1 - p) * b
    return sympy.expand(p * a**2 + (1 - p) * b**2 - mean**2 - p * (1 - p) * (a - b) ** 2)


def square_gap() -> Any:
    """Return a^2 + b^2 - 2ab less (a - b)^2."""
    import sympy

    a, b = sympy.symbols("a b", real=True)
    return sympy.expand(a**2 + b**2 - 2 * a * b - (a - b) ** 2)
