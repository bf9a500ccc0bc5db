"""Symbolic proof that an expression is identically zero, never on the word of the algebra system alone.

A closed form of a limit or an integral by a computer algebra system can be plainly wrong, and a simplification can run for
ever. So the expression is first evaluated at random rational points with 50 digits, by a library that does not simplify, and
then simplified in a process that is ended when its time is over.
"""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import sympy

from numerics.comparison import Truth

DIGITS = 50
_GUARD = 25
# A value is zero when it is this small beside the largest of its terms, and certainly not zero when it is this large.
_ZERO = mpmath.mpf(10) ** -40
_NONZERO = mpmath.mpf(10) ** -20
_UNCHECKABLE = (sympy.Limit, sympy.Subs, sympy.Derivative)


def is_identically_zero(
    build: Callable[[], sympy.Expr], *, timeout: float = 60.0, points: int = 5, isolate: bool = True, seed: int = 0
) -> tuple[Truth, str]:
    """Tell whether an expression vanishes for all values of its symbols that satisfy their assumptions.

    Parameters
    ----------
    build
        Returns the expression; a module-level function, since it may run in another process. Leave integrals unevaluated
        (``sympy.Integral``): they are then checked by numerical integration.
    timeout
        Seconds after which an isolated proof is given up, a safety net.
    points
        Number of random points at which the expression is evaluated first.
    isolate
        Whether to work in a process of its own; ``False`` for cheap rational identities.
    seed
        Seed of the random points.

    Returns
    -------
    tuple of Truth and str
        True when simplified to 0 and 0 to 40 digits at every point; false when certainly not 0 at some point; else
        undecided. The string is one line for people.
    """
    if not isolate:
        return _attempt(build, points, seed)
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context: Any = multiprocessing.get_context(method)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(sender, build, points, seed), daemon=True)
    process.start()
    sender.close()
    try:
        if not receiver.poll(timeout):
            return Truth.UNDECIDED, f"the symbolic proof was ended after {timeout:g} s"
        truth, summary = receiver.recv()
        return Truth(truth), summary
    except EOFError:
        return Truth.UNDECIDED, "the process of the symbolic proof died"
    finally:
        process.kill()
        process.join()
        receiver.close()


def _child(sender: Any, build: Callable[[], sympy.Expr], points: int, seed: int) -> None:
    truth, summary = _attempt(build, points, seed)
    sender.send((truth.value, summary))
    sender.close()


def _attempt(build: Callable[[], sympy.Expr], points: int, seed: int) -> tuple[Truth, str]:
    try:
        expression = sympy.sympify(build())
        truth, summary = spot_check(expression, points=points, seed=seed)
        if truth is not Truth.TRUE:
            return truth, summary
        how = _simplified_to_zero(expression)
    except (ArithmeticError, ValueError, TypeError, NotImplementedError, AttributeError, RecursionError) as error:
        message = str(error).split("\n", 1)[0]
        return Truth.UNDECIDED, f"the algebra system gave up: {type(error).__name__}: {message}"
    if how is None:
        return Truth.UNDECIDED, f"{summary}, but not simplified to 0"
    return Truth.TRUE, f"reduced to 0 by {how}; {summary}"


def _simplified_to_zero(expression: sympy.Expr) -> str | None:
    """Return the name of the first simplification that gives 0, from cheap to dear."""
    for name, simplification in (
        ("expansion", sympy.expand),
        ("cancellation", sympy.cancel),
        ("evaluation", lambda e: sympy.expand(e.doit())),
        ("simplification", lambda e: sympy.simplify(e.doit())),
        ("rewriting with exponentials", lambda e: sympy.simplify(sympy.expand(e.doit().rewrite(sympy.exp)))),
    ):
        if simplification(expression) == 0:
            return name
    return None


def spot_check(expression: sympy.Expr, *, points: int = 5, seed: int = 0) -> tuple[Truth, str]:
    """Evaluate at random rational points with 50 digits.

    Parameters
    ----------
    expression
        The expression.
    points
        Number of points; one is enough without symbols.
    seed
        Seed of the points.

    Returns
    -------
    tuple of Truth and str
        True when 0 to 40 digits at every point, false when certainly not 0 at some point, else undecided.
    """
    if expression.has(*_UNCHECKABLE):
        return Truth.UNDECIDED, "a limit or derivative left in the expression has no independent numerical check"
    symbols = sorted(expression.free_symbols, key=str)
    source = random.Random(seed)
    for _ in range(points if symbols else 1):
        point = {symbol: _draw(symbol, source) for symbol in symbols}
        at = ", ".join(f"{symbol} = {value}" for symbol, value in point.items()) or "the constant"
        relative = [_relative(expression, point, digits) for digits in (DIGITS, 2 * DIGITS)]
        if not all(mpmath.isfinite(value) for value in relative):
            return Truth.UNDECIDED, f"the expression is not finite at {at}"
        if all(value > _NONZERO for value in relative):
            return Truth.FALSE, f"not 0 at {at}: {mpmath.nstr(relative[1], 6)} beside its largest term"
        if any(value > _ZERO for value in relative):
            return Truth.UNDECIDED, f"neither 0 nor certainly not 0 at {at}: {mpmath.nstr(relative[1], 6)}"
    return Truth.TRUE, f"0 to 40 digits at {points if symbols else 1} random points"


def _draw(symbol: sympy.Symbol, source: random.Random) -> Fraction:
    """Draw a rational number that satisfies every assumption of the symbol."""
    for _ in range(1000):
        whole = bool(symbol.is_integer)
        candidate = Fraction(source.randint(-12, 12)) if whole else Fraction(source.randint(-4 * 97, 4 * 97), 97)
        number = sympy.Rational(candidate.numerator, candidate.denominator)
        if all(getattr(number, f"is_{name}", None) in (holds, None) for name, holds in symbol.assumptions0.items()):
            return candidate
    raise ValueError(f"no rational number satisfies the assumptions of {symbol}")


def _relative(expression: sympy.Expr, point: dict[sympy.Symbol, Fraction], digits: int) -> Any:
    """Return the modulus of the expression over that of its largest term; a product is as small as its smallest factor."""
    symbols = list(point)
    if isinstance(expression, sympy.Mul) and any(isinstance(factor, sympy.Add) for factor in expression.args):
        sums = [factor for factor in expression.args if isinstance(factor, sympy.Add)]
        return min(_relative(factor, point, digits) for factor in sums)
    terms = sympy.Add.make_args(expression)
    with mpmath.workdps(digits + _GUARD):
        values = [mpmath.mpf(value.numerator) / value.denominator for value in point.values()]
        # Each term apart: lambdify knows mpmath's functions and integrates what is left unevaluated.
        modules = [{"quad": _integrate}, "mpmath"]
        sizes = [mpmath.mpmathify(sympy.lambdify(symbols, term, modules=modules)(*values)) for term in terms]
        largest = max(abs(size) for size in sizes)
        return mpmath.mpf(0) if largest == 0 else abs(mpmath.fsum(sizes)) / largest


def _integrate(function: Callable[..., Any], *intervals: Any) -> Any:
    """Integrate numerically; finite intervals are cut in eight, so that poles near the path cost no digits."""
    cut = [mpmath.linspace(a, b, 9) if mpmath.isfinite(a) and mpmath.isfinite(b) else [a, 0, b] for a, b in intervals]
    cut = [sorted({point for point in points if points[0] <= point <= points[-1]}) for points in cut]
    return mpmath.quad(function, *cut)
