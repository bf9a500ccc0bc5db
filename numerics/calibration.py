"""Each instrument reproduces a known value in the regime about to be used, before anything may rest on it.

The regime is one length scale: the width of the peaks to be integrated, the size of the roots, the noise level of the
exponents. An instrument that fails, or cannot run there, is reported as not passed; nothing is raised.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from numerics import ball_integration, boxes, eigenvalues, quadrature, roots
from numerics.arithmetic import balls, normal_mass
from numerics.double_double import DoubleDouble

_BITS = 128


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The outcome of one calibration.

    Parameters
    ----------
    instrument
        The name of the instrument.
    regime
        Where it was tried, in words.
    passed
        Whether it reproduced the known value within the tolerance.
    summary
        One line for people.
    expected, obtained
        The known value and what the instrument gave.
    tolerance
        The largest relative difference accepted.
    """

    instrument: str
    regime: str
    passed: bool
    summary: str
    expected: float
    obtained: float
    tolerance: float


def _outcome(instrument: str, regime: str, known: str, pairs: list[tuple[float, float]], tolerance: float) -> Calibration:
    """Report the pair ``(expected, obtained)`` that differs most; a NaN differs more than anything."""

    def difference(pair: tuple[float, float]) -> float:
        off = abs(pair[1] - pair[0]) / abs(pair[0]) if pair[0] != 0 else abs(pair[1])
        return math.inf if math.isnan(off) else off

    expected, obtained = max(pairs, key=difference)
    worst = difference((expected, obtained))
    passed = worst <= tolerance
    if math.isnan(obtained):
        summary = f"{instrument} vouches for no value of {known} there"
    else:
        verb = "reproduces" if passed else "does not reproduce"
        summary = f"{instrument} {verb} {known}: {obtained:.17g} for {expected:.17g}, relative difference {worst:.1e}"
    return Calibration(
        instrument=instrument,
        regime=regime,
        passed=passed,
        summary=f"{summary} (tolerance {tolerance:.1e})",
        expected=expected,
        obtained=obtained,
        tolerance=tolerance,
    )


def _guarded(run: Callable[[], list[tuple[float, float]]]) -> list[tuple[float, float]]:
    """Run a calibration; an instrument that refuses or breaks in this regime has not reproduced the value."""
    try:
        return run()
    except (ArithmeticError, ValueError, TypeError):
        return [(1.0, math.nan)]


def calibrate_quadrature(scale: float) -> Calibration:
    """Integrate a Gaussian and a logistic density, both of mass 1, of width ``scale`` at a peak 30 widths (at least 1) away.

    Parameters
    ----------
    scale
        The width.

    Returns
    -------
    Calibration
        Passed if both masses come out as 1 within 1e-9 and the two methods of the quadrature agreed.
    """
    peak = max(1.0, 30 * scale)

    def gaussian(x: Any) -> Any:
        return np.exp(-(((x - peak) / scale) ** 2) / 2) / (scale * math.sqrt(2 * math.pi))

    def logistic(x: Any) -> Any:
        # Beyond 700 the hyperbolic cosine overflows and the density is below the smallest float.
        return 1 / (2 * scale * np.cosh(np.clip((x - peak) / scale, -350, 350)) ** 2)

    def run() -> list[tuple[float, float]]:
        pairs = []
        for density in (gaussian, logistic):
            mass = quadrature.integrate(density, 0.0, math.inf, points=(peak,), scales=(scale,), relative=1e-9)
            pairs.append((1.0, mass.value if mass.agreed else math.nan))
        # The positive half line leaves out at most the mass beyond 30 widths, below 1e-26.
        return pairs

    return _outcome(quadrature.INSTRUMENT, f"peaks of width {scale:g} at {peak:g}", "mass 1", _guarded(run), 1e-9)


def calibrate_ball_integration(scale: float) -> Calibration:
    """Enclose the masses of a Gaussian and a logistic density of width ``scale`` and the integral of a square root.

    Parameters
    ----------
    scale
        The width, taken at its exact binary value.

    Returns
    -------
    Calibration
        Passed if each enclosure contains the known value and has a relative radius below ``2**-40``.
    """

    def run() -> list[tuple[float, float]]:
        with balls(_BITS):
            width = ball_integration.ball(scale)
            end = 20 * width
            norm = width * (2 * flint.arb.pi()).sqrt()
            root = ball_integration.piecewise_holomorphic(lambda z, analytic: z.sqrt(analytic=analytic))
            gaussian = ball_integration.holomorphic(lambda z: (-((z / width) ** 2) / 2).exp() / norm)
            logistic = ball_integration.holomorphic(lambda z: (z / width).sech() ** 2 / (2 * width))
            cases = [
                (gaussian, -end, end, (20 / flint.arb(2).sqrt()).erf()),
                (logistic, -end, end, flint.arb(20).tanh()),
                (root, flint.arb(0), width, 2 * width * width.sqrt() / 3),
            ]
            return [_enclosed(ball_integration.integrate(f, a, b, relative_bits=60), known, 40) for f, a, b, known in cases]

    regime = f"peaks of width {scale:g}"
    return _outcome(ball_integration.INSTRUMENT, regime, "three known integrals", _guarded(run), 2.0**-40)


def _enclosed(obtained: Any, known: Any, bits: int) -> tuple[float, float]:
    """Return the pair to report: NaN unless the enclosures meet and the one obtained is accurate to ``bits`` bits."""
    accurate = obtained.is_finite() and obtained.rel_accuracy_bits() >= bits
    return float(known), float(obtained) if accurate and obtained.overlaps(known) else math.nan


def calibrate_roots(scale: float) -> Calibration:
    """Find the root ``scale * log(2)`` of ``expm1(x / scale) - 1`` in floats, in an array of brackets, and in balls.

    Parameters
    ----------
    scale
        The size of the root.

    Returns
    -------
    Calibration
        Passed if all three methods reproduce the root within 1e-14.
    """

    def run() -> list[tuple[float, float]]:
        def floats(x: Any) -> Any:
            return np.expm1(x / scale) - 1

        expected = scale * math.log(2)
        ends = np.array([2.0, 3.0]) * scale
        exact = Fraction(scale)
        enclosure = roots.isolate(lambda x: (x / ball_integration.ball(exact)).expm1() - 1, Fraction(0), 3 * exact, 60)
        found = [roots.bracketed_root(floats, 0.0, 3 * scale), *roots.bisect_many(floats, np.zeros(2), ends, 60).tolist()]
        with balls(_BITS):
            known = ball_integration.ball(exact) * flint.arb(2).log()
        return [_enclosed(enclosure, known, 50), *((expected, value) for value in found)]

    return _outcome(roots.INSTRUMENT, f"a root of size {scale:g}", "scale times log 2", _guarded(run), 1e-14)


def calibrate_exponential(scale: float) -> Calibration:
    r"""Evaluate Gaussian exponents at noise level ``scale`` in double-double, and normal masses, against exact arithmetic.

    The exponents are :math:`-\mu(x_j-x_k)(\mu(x_j+x_k)-2y)/(2\sigma^2)`.

    Parameters
    ----------
    scale
        The noise level sigma, at its exact binary value.

    Returns
    -------
    Calibration
        Passed if the exponents, rounded to floats, and the normal masses over intervals up to 30 widths away are
        reproduced within 1e-13.
    """

    def run() -> list[tuple[float, float]]:
        mu, points, y = 0.9, np.array([0.0, 0.1, 0.3, 1.0]), 0.3
        x = DoubleDouble.from_float(points)
        gaps, sums = x[:, None] - x[None, :], x[:, None] + x[None, :]
        with np.errstate(all="ignore"):
            obtained = (-mu * gaps * (mu * sums - 2 * y) / 2 / scale / scale).to_float().ravel()
        exact = [_exponent(Fraction(mu), Fraction(a), Fraction(b), Fraction(y), scale) for a in points for b in points]
        pairs = list(zip(exact, obtained.tolist(), strict=True))
        for low in (-30.0, -6.0, -1.0, 0.0, 2.0, 29.0):
            with balls(2048):
                known = normal_mass(flint.arb(low), flint.arb(low) + 1)
            pairs.append((float(known), float(normal_mass(low, low + 1))))
        return pairs

    return _outcome("double-double", f"noise level {scale:g}", "exact exponents and normal masses", _guarded(run), 1e-13)


def _exponent(mu: Fraction, a: Fraction, b: Fraction, y: Fraction, scale: float) -> float:
    return float(-mu * (a - b) * (mu * (a + b) - 2 * y) / (2 * Fraction(scale) ** 2))


def calibrate_branch_and_bound(scale: float) -> Calibration:
    r"""Prove :math:`x^2+s^2>0` on [-1, 1], and do not prove :math:`(x-\tfrac13)^2>s^2`, false only within ``s`` of a third.

    Parameters
    ----------
    scale
        The width ``s`` of the basin.

    Returns
    -------
    Calibration
        Passed if the true inequality is closed and the false one is refuted by a point; 1 stands for the right outcome.
    """

    def run() -> list[tuple[float, float]]:
        with balls(_BITS):
            square = ball_integration.ball(scale) ** 2
            third = ball_integration.ball(Fraction(1, 3))
            true = boxes.branch_and_bound(lambda x: x * x + square, [(Fraction(-1), Fraction(1))], 5000)
            false = boxes.branch_and_bound(lambda x: (x - third) ** 2 - square, [(Fraction(-1), Fraction(1))], 5000)
        refuted = not false.closed and false.counterexample is not None
        return [(1.0, float(true.closed)), (1.0, float(refuted))]

    regime = f"a basin of width {scale:g}"
    known = "a true and a planted false inequality"
    return _outcome(boxes.INSTRUMENT, regime, known, _guarded(run), 0.0)


def calibrate_eigenvalues(scale: float) -> Calibration:
    r"""Find the largest algebraic eigenvalue ``s`` beside a larger negative one, in floats and enclosed by balls.

    The spectrum is :math:`-10,s,\dots,s/7` turned by a reflection; a second matrix is 0.

    Parameters
    ----------
    scale
        The largest eigenvalue ``s``.

    Returns
    -------
    Calibration
        Passed if the largest and the smallest value, the enclosure and the zero matrix are reproduced within 1e-12.
    """

    def run() -> list[tuple[float, float]]:
        spectrum = np.array([-10.0, *(scale / k for k in range(1, 8))])
        normal = np.arange(1.0, 9.0) / np.linalg.norm(np.arange(1.0, 9.0))
        turn = np.eye(8) - 2 * np.outer(normal, normal)
        matrix = turn @ np.diag(spectrum) @ turn
        matrix = (matrix + matrix.T) / 2
        found = eigenvalues.extreme_eigenvalues(matrix)
        with balls(_BITS):
            exact = np.array([[flint.arb(float(entry)) for entry in row] for row in matrix], dtype=object)
            enclosed = float(eigenvalues.enclose_largest_eigenvalue(exact).mid())
        zero = eigenvalues.extreme_eigenvalues(np.zeros((3, 3))).largest
        # Rounding of the entries, relative to the largest of them, moves a small eigenvalue.
        return [(10 + scale, 10 + found.largest), (-10.0, found.smallest), (10 + scale, 10 + enclosed), (0.0, zero)]

    known = "the ends of a spectrum with a large negative eigenvalue"
    return _outcome(eigenvalues.INSTRUMENT, f"largest eigenvalue {scale:g}", known, _guarded(run), 1e-12)


CALIBRATIONS: dict[str, Callable[[float], Calibration]] = {
    eigenvalues.INSTRUMENT: calibrate_eigenvalues,
    quadrature.INSTRUMENT: calibrate_quadrature,
    ball_integration.INSTRUMENT: calibrate_ball_integration,
    roots.INSTRUMENT: calibrate_roots,
    "double-double": calibrate_exponential,
    boxes.INSTRUMENT: calibrate_branch_and_bound,
}
"""The calibration of each instrument, by its name."""
