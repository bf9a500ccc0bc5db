"""Rigorous integration and sign certification in balls.

The integrator of Arb bounds its error by evaluating the integrand on complex balls around the path, where the integrand must
be holomorphic. It believes what it is told: a square root across its branch cut is integrated, with a tiny and wrong error
bound. So only integrands that are *declared* enter:

* :func:`holomorphic`: ``f(z)`` is holomorphic wherever it is finite; poles give non-finite balls by themselves;
* :func:`piecewise_holomorphic`: ``f(z, analytic)`` hands ``analytic`` on to ``sqrt(analytic=...)``, ``log(analytic=...)``,
  ``real_abs(analytic=...)`` and the like, which then refuse balls that meet a branch cut.

Precision is that of :func:`numerics.arithmetic.balls`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint

from numerics.arithmetic import Number

INSTRUMENT = "ball integration"
EVALUATIONS = 200_000


class NotHolomorphicError(TypeError):
    """An integrand was not declared holomorphic; its integral would carry a false error bound."""


@dataclass(frozen=True)
class Integrand:
    """A declared integrand.

    Parameters
    ----------
    function
        The function as its author wrote it.
    piecewise
        Whether it takes the flag ``analytic`` as a second argument.
    """

    function: Callable[..., Any]
    piecewise: bool

    def __call__(self, z: Any, analytic: bool = False) -> Any:
        """Evaluate at a complex ball; with ``analytic`` the value is finite only where the function is holomorphic."""
        return self.function(z, analytic) if self.piecewise else self.function(z)


def holomorphic(function: Callable[[Any], Any]) -> Integrand:
    """Declare that ``function(z)`` is holomorphic wherever its value is finite."""
    return Integrand(function, piecewise=False)


def piecewise_holomorphic(function: Callable[[Any, bool], Any]) -> Integrand:
    """Declare that ``function(z, analytic)`` is not finite on balls where it is not holomorphic, when ``analytic`` is set."""
    return Integrand(function, piecewise=True)


def ball(value: Number) -> Any:
    """Return an exact value (integer, fraction, decimal string, float at its binary value) or a ball as an ``arb``."""
    if isinstance(value, flint.arb):
        return value
    exact = Fraction(value)
    return flint.arb(exact.numerator) / exact.denominator


def integrate(
    f: Integrand,
    a: Number,
    b: Number,
    *,
    relative_bits: int | None = None,
    absolute_bits: int | None = None,
    evaluations: int = EVALUATIONS,
) -> Any:
    r"""Enclose :math:`\int_a^b f(x)\,dx` for a declared integrand that is real on the path.

    Parameters
    ----------
    f
        A declared integrand.
    a, b
        Finite ends: exact values or balls.
    relative_bits, absolute_bits
        Stop at an error of ``2**-relative_bits`` times the integral, or of ``2**-absolute_bits``; both default to the
        precision. Naming only the relative one asks for it however small the integral is.
    evaluations
        Evaluations after which the rest is bounded crudely: the enclosure stays right and gets wide.

    Returns
    -------
    flint.arb
        The enclosure; one that is not finite decides nothing.

    Raises
    ------
    NotHolomorphicError
        If the integrand is not declared.
    """
    if not isinstance(f, Integrand):
        raise NotHolomorphicError("declare the integrand with @holomorphic or @piecewise_holomorphic before it is certified")
    options: dict[str, Any] = {"eval_limit": evaluations}
    if relative_bits is not None:
        options |= {"rel_tol": flint.arb(2) ** -relative_bits, "abs_tol": 0}
    if absolute_bits is not None:
        options["abs_tol"] = flint.arb(2) ** -absolute_bits
    # The library turns an exception of its callback into a SystemError, so it is carried past the library by hand.
    raised: list[Exception] = []

    def guarded(z: Any, analytic: bool) -> Any:
        try:
            return flint.acb(f(z, analytic))
        except Exception as error:
            raised.append(error)
            return flint.acb("nan")

    result = flint.acb.integral(guarded, ball(a), ball(b), **options)
    if raised:
        raise raised[0]
    return flint.arb(result.real)


def integrate_panels(f: Integrand, edges: Sequence[Number], **options: Any) -> Any:
    """Enclose the integral over consecutive panels; an integrand with kinks at the edges may be holomorphic in between.

    Parameters
    ----------
    f
        A declared integrand.
    edges
        At least two ends of panels, in the order of integration.
    **options
        Passed to :func:`integrate` for each panel.

    Returns
    -------
    flint.arb
        The enclosure of the sum.

    Raises
    ------
    ValueError
        If there are fewer than two edges.
    """
    if len(edges) < 2:
        raise ValueError("a panel needs two edges")
    return sum((integrate(f, a, b, **options) for a, b in itertools.pairwise(edges)), flint.arb(0))


def sign_on(f: Callable[[Any], Any], a: Fraction | int | str, b: Fraction | int | str, *, depth: int = 20) -> int:
    """Certify that a real function of a ball has one sign on an interval, by adaptive bisection.

    Parameters
    ----------
    f
        Maps a ball to a ball that encloses the values on it.
    a, b
        Exact ends.
    depth
        How often the interval may be halved.

    Returns
    -------
    int
        +1 or -1 if the sign is certified on the whole closed interval, 0 if undecided or if the function changes sign.
    """
    low, high = Fraction(a), Fraction(b)
    expected = _sign(f(ball((low + high) / 2)))
    if expected == 0:
        return 0
    stack = [(low, high, depth)]
    while stack:
        low, high, left = stack.pop()
        sign = _sign(f(ball(low).union(ball(high))))
        if sign == expected:
            continue
        middle = (low + high) / 2
        if sign == -expected or left == 0 or _sign(f(ball(middle))) != expected:
            return 0
        stack += [(middle, high, left - 1), (low, middle, left - 1)]
    return expected


def _sign(value: Any) -> int:
    """Return the certified sign of a ball; 0 for a ball that contains 0 or is not finite."""
    if not value.is_finite():
        return 0
    return int(bool(value > 0)) - int(bool(value < 0))
