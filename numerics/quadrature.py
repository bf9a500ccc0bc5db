"""Integration in floats through one door: known peaks are split off, and two independent methods must agree.

The first method is QUADPACK's adaptive Gauss-Kronrod rule, the second the double-exponential (tanh-sinh) rule; they share no
nodes. An adaptive rule that never sees a narrow peak reports 0 with error 0, so that an error estimate of exactly 0 is never
accepted, and the caller names the peaks and the widths of what is integrated.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

INSTRUMENT = "quadrature"

# Distances from a peak, in widths, at which the line is cut. A Gaussian is below the smallest float at 39 of its widths, a
# logistic density at 373; each step of a factor 3 leaves a piece on which either is smooth at the scale of the piece.
_STEPS = (1.0, 3.0, 9.0, 27.0, 81.0, 400.0)
# Without named peaks the line is cut at powers of ten on both sides of the origin.
_DECADES = tuple(10.0**k for k in range(-3, 7))
_EPS = float(np.finfo(np.float64).eps)


class QuadratureError(ValueError):
    """An integral or a rule was asked for that does not exist; the message is one line."""


@dataclass(frozen=True, kw_only=True)
class Integral:
    """A float integral with the outcome of the cross-check.

    Parameters
    ----------
    value
        The integral by the adaptive rule.
    error
        The larger of the adaptive error estimate and the difference of the two methods, plus the rounding of the nodes.
    agreed
        Whether both methods converged and differ by no more than the tolerance. Otherwise nothing may rest on ``value``.
    instrument
        The name of the instrument, for the report.
    message
        One line for people: how the methods agreed, or why not.
    """

    value: float
    error: float
    agreed: bool
    instrument: str
    message: str


def integrate(
    f: Callable[[Any], Any],
    a: float,
    b: float,
    *,
    points: Sequence[float] = (),
    scales: Sequence[float] = (),
    relative: float = 1e-12,
) -> Integral:
    r"""Integrate :math:`\int_a^b f(x)\,dx` by two methods on the pieces between known peaks.

    The tolerance is ``relative`` times the integral of :math:`|f|`, so that an integral that cancels is not asked for more
    digits than it has. A spike that is far from every point and narrower than the pieces can be missed by both methods: name
    it in ``points``. Ends out of order, widths that are not positive and tolerances below 1e-13 raise
    :class:`QuadratureError`.

    Parameters
    ----------
    f
        The integrand, elementwise on float arrays and on single floats.
    a, b
        The ends, ``a <= b``, possibly infinite.
    points
        Peaks, kinks and jumps of ``f``.
    scales
        Widths of ``f`` around the points; each point is surrounded by cuts at multiples of each width.
    relative
        The tolerance, at least 1e-13.

    Returns
    -------
    Integral
        The value, its error and whether the methods agreed.
    """
    _check(a, b, points, scales, relative)
    if a == b:
        return Integral(value=0.0, error=0.0, agreed=True, instrument=INSTRUMENT, message="the interval is a point")
    origins, lengths, widths = _pieces(a, b, points, scales)
    with np.errstate(all="ignore"):
        others, other_error = _tanh_sinh(f, origins, lengths, widths)
        sizes = np.abs(others)
        mass = math.fsum(sizes)
        value, error, complaint = _adaptive(f, origins, lengths, widths, relative, mass)
        # Nodes are rounded in units of their distance from 0, which a piece feels in units of its length.
        rounding = _EPS * math.fsum(sizes * (8 + np.abs(origins / lengths)))
    result = _verdict(value, error, math.fsum(others), other_error, mass, relative, complaint)
    return replace(result, error=result.error + rounding)


def _check(a: float, b: float, points: Sequence[float], scales: Sequence[float], relative: float) -> None:
    if not a <= b or a == math.inf or b == -math.inf:
        raise QuadratureError(f"the ends {a} and {b} are not in order")
    for point in points:
        if not math.isfinite(point):
            raise QuadratureError(f"the point {point} is not finite")
    for scale in scales:
        if not 0 < scale < math.inf:
            raise QuadratureError(f"the width {scale} is not a positive number")
    if not relative >= 1e-13:
        raise QuadratureError(f"the relative tolerance {relative} is below 1e-13, what float64 can hold")


def _pieces(a: float, b: float, points: Sequence[float], scales: Sequence[float]) -> tuple[Floats, Floats, Floats]:
    """Return origin, signed unit length and extent (1, or infinite for a tail) of each piece."""
    cuts = {float(point) for point in points}
    if scales:
        cuts |= {p + sign * s * step for p in points for s in scales for step in _STEPS for sign in (-1.0, 1.0)}
    if not points:
        cuts |= {0.0} | {sign * decade for decade in _DECADES for sign in (-1.0, 1.0)}
    inner = sorted(cut for cut in cuts if a < cut < b)
    finite = [end for end in (a, b) if math.isfinite(end)]
    edges = sorted({*inner, *finite}) or [0.0]
    # A tail is scaled by the widest structure named: its map to a finite interval then resolves that width.
    unit = 400.0 * max(scales) if scales else max([1.0, *(abs(edge) for edge in edges)])
    pieces = [(low, high - low, 1.0) for low, high in itertools.pairwise(edges)]
    if a == -math.inf:
        pieces.append((edges[0], -unit, math.inf))
    if b == math.inf:
        pieces.append((edges[-1], unit, math.inf))
    origins, lengths, widths = np.array(pieces, dtype=np.float64).T
    return origins, lengths, widths


def _tanh_sinh(f: Callable[[Any], Any], origins: Floats, lengths: Floats, widths: Floats) -> tuple[Floats, float]:
    """Return the integral over each piece, and the sum of the error estimates."""
    from scipy import integrate as scipy_integrate  # slow to import, and not needed to list statements

    def scaled(u: Floats, origin: Floats, length: Floats) -> Floats:
        return np.asarray(np.abs(length) * f(origin + length * u), dtype=np.float64)

    result = scipy_integrate.tanhsinh(scaled, 0.0, widths, args=(origins, lengths), atol=0.0, rtol=1e-14)
    # Not reaching 1e-14 is common and harmless: what remained is in the error estimate, which the verdict weighs.
    return np.asarray(result.integral, dtype=np.float64), math.fsum(np.abs(result.error))


def _adaptive(
    f: Callable[[Any], Any], origins: Floats, lengths: Floats, widths: Floats, relative: float, mass: float
) -> tuple[float, float, str]:
    from scipy import integrate as scipy_integrate  # slow to import, and not needed to list statements

    values, errors, complaint = [], [], ""
    # A share of the tolerance for each piece, so that pieces that contribute nothing are not refined for ever.
    share = 0.1 * relative * mass / len(origins) if math.isfinite(mass) else 0.0
    for origin, length, width in zip(origins.tolist(), lengths.tolist(), widths.tolist(), strict=True):

        def scaled(u: float, origin: float = origin, length: float = length) -> float:
            return float(abs(length) * f(origin + length * u))

        result = scipy_integrate.quad(scaled, 0.0, width, epsabs=share, epsrel=1e-13, limit=200, full_output=1)
        values.append(result[0])
        errors.append(result[1])
        if len(result) > 3 and result[1] > share:
            complaint = str(result[3]).split("\n", 1)[0]
    return math.fsum(values), math.fsum(errors), complaint


def _verdict(
    value: float, error: float, other: float, other_error: float, mass: float, relative: float, complaint: str
) -> Integral:
    difference = abs(value - other)
    whole = max(error, difference)
    tolerance = relative * mass + 32 * _EPS * mass
    if not all(map(math.isfinite, (value, error, other, other_error))):
        agreed, message = False, "the integrand or the integral is not finite"
    elif error == 0.0 or mass == 0.0:
        agreed, message = False, "an error estimate of exactly 0: no method saw the integrand; name its peaks"
    elif difference > tolerance:
        agreed, message = False, f"two methods give {value!r} and {other!r}"
    elif error > tolerance or other_error > math.sqrt(relative) * mass:
        # Tanh-sinh estimates the error of the level before the last, about the square root of the true error.
        agreed, message = False, f"not converged: error {max(error, other_error):.1e}" + (complaint and f" ({complaint})")
    else:
        agreed, message = True, f"two methods agree to {difference:.1e}"
    return Integral(value=value, error=whole, agreed=agreed, instrument=INSTRUMENT, message=message)


def gauss_legendre_panels(f: Callable[[Floats], Any], edges: Any, nodes: int) -> Any:
    r"""Integrate over consecutive panels :math:`[e_i,e_{i+1}]` by the Gauss-Legendre rule with ``nodes`` nodes.

    Parameters
    ----------
    f
        The integrand; it receives nodes shaped ``(panels, nodes)`` and returns an array whose last axes have that shape.
    edges
        The increasing edges, at least two.
    nodes
        Number of nodes in each panel.

    Returns
    -------
    numpy.ndarray
        The integral over each panel (last axis).

    Raises
    ------
    QuadratureError
        If the edges are not finite and increasing, or there are no nodes.
    """
    edges = np.asarray(edges, dtype=np.float64)
    if edges.ndim != 1 or edges.size < 2 or not np.all(np.isfinite(edges)) or not np.all(np.diff(edges) >= 0):
        raise QuadratureError("panel edges must be at least two finite numbers in increasing order")
    if nodes < 1:
        raise QuadratureError(f"a rule needs at least 1 node, not {nodes}")
    from scipy import special  # slow to import, and not needed to list statements

    x, w = special.roots_legendre(nodes)
    half = np.diff(edges)[:, None] / 2
    return np.sum(f(edges[:-1, None] + half * (1 + x)) * (half * w), axis=-1)


def hermite_nodes(n: int) -> tuple[Floats, Floats]:
    r"""Return nodes and weights of the Gauss-Hermite rule for :math:`\int e^{-x^2}f(x)\,dx`.

    Parameters
    ----------
    n
        Number of nodes.

    Returns
    -------
    tuple of numpy.ndarray
        Nodes and weights.

    Raises
    ------
    QuadratureError
        If the weights are not finite or do not sum to the square root of pi.
    """
    from scipy import special  # slow to import, and not needed to list statements

    x, w = special.roots_hermite(n)
    # The weights are positive and each carries a relative error of a few n eps.
    if not np.all(np.isfinite(w)) or abs(math.fsum(w) - math.sqrt(math.pi)) > 64 * n * _EPS:
        raise QuadratureError(f"the Hermite rule with {n} nodes has weights that do not sum to sqrt(pi)")
    return x, w
