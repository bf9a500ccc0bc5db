r"""Activations of networks: values, two derivatives, suprema, and coefficients in the Hermite basis.

The functions take float32 or float64 arrays of finite entries and preserve the type. The Hermite basis is the *normalised*
probabilists' one, :math:`h_r(x)=\frac{(-1)^r}{\sqrt{r!}}e^{x^2/2}\frac{d^r}{dx^r}e^{-x^2/2}`, orthonormal under
:math:`\xi\sim N(0,1)`, so that :math:`\mathbb E s(\xi)^2=\sum_r\eta_r^2` for :math:`\eta_r=\mathbb E[s(\xi)h_r(\xi)]`.

The file is long because each of eight functions comes with its derivatives, suprema and coefficients, kept together.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]
Function: TypeAlias = Callable[[Floats], Floats]

_SPACING = 1 / 16
_ROOT_TWO, _ROOT_PI = math.sqrt(2), math.sqrt(math.pi)


class Smoothness(Enum):
    """How smooth an activation is on the real line."""

    ANALYTIC = "analytic"
    C2 = "twice continuously differentiable"
    LIPSCHITZ_ONLY = "Lipschitz, with kinks"


class HermiteError(ArithmeticError):
    """A Hermite coefficient has no vouched value; the message is one line."""


@dataclass(frozen=True, kw_only=True)
class Properties:
    """Which of five usual hypotheses an activation satisfies on the whole line.

    Parameters
    ----------
    twice_differentiable
        Its second derivative is continuous.
    non_constant, lipschitz, bounded
        As they say.
    vanishes_at_zero
        Its value at 0 is 0.
    """

    twice_differentiable: bool
    non_constant: bool
    lipschitz: bool
    bounded: bool
    vanishes_at_zero: bool


@dataclass(frozen=True, kw_only=True)
class Activation:
    r"""A function :math:`s:\mathbb R\to\mathbb R` applied entry by entry.

    Parameters
    ----------
    name
        How messages call it.
    value, first, second
        :math:`s,s',s''`; at a kink the left derivative, and 0 for the second.
    lipschitz, bound, curvature
        :math:`\sup|s'|,\sup|s|,\sup|s''|`, infinite where there is none (the curvature at a kink).
    smoothness
        How smooth it is.
    vanishes_at_zero
        Whether :math:`s(0)=0`.
    hermite
        The closed form of :math:`\eta_r`, where one is known.
    fused
        :math:`(s,s')` from shared work, where there is any.
    """

    name: str
    value: Function
    first: Function
    second: Function
    lipschitz: float
    bound: float
    curvature: float
    smoothness: Smoothness
    vanishes_at_zero: bool
    hermite: Callable[[int], float] | None = None
    fused: Callable[[Floats], tuple[Floats, Floats]] | None = None

    def value_and_first(self, x: Floats) -> tuple[Floats, Floats]:
        """Return s and s' together: those of ``value`` and ``first`` up to roundings of their suprema, not of themselves."""
        return (self.value(x), self.first(x)) if self.fused is None else self.fused(x)

    def hermite_coefficient(self, r: int) -> float:
        r"""Return :math:`\eta_r=\mathbb E[s(\xi)h_r(\xi)]` with :math:`\xi\sim N(0,1)`.

        The closed form where one is known, otherwise :func:`hermite_by_quadrature`.

        Parameters
        ----------
        r
            The degree, at least 0.

        Returns
        -------
        float
            The coefficient; a relative error of some roundings for a closed form, an absolute one for quadrature.

        Raises
        ------
        ValueError
            If the degree is negative or above 150, where factorials leave the range of floats.
        """
        if not 0 <= r <= 150:
            raise ValueError(f"the degree of a Hermite polynomial lies between 0 and 150, not {r}")
        return hermite_by_quadrature(self.value, r) if self.hermite is None else self.hermite(r)


def properties(activation: Activation) -> Properties:
    """Return which of the usual hypotheses an activation satisfies."""
    return Properties(
        twice_differentiable=activation.smoothness is not Smoothness.LIPSCHITZ_ONLY,
        non_constant=activation.lipschitz > 0,
        lipschitz=math.isfinite(activation.lipschitz),
        bounded=math.isfinite(activation.bound),
        vanishes_at_zero=activation.vanishes_at_zero,
    )


def hermite_by_quadrature(function: Function, r: int) -> float:
    r"""Return :math:`\mathbb E[s(\xi)h_r(\xi)]` by the trapezoidal rule, checked on a second grid that shares no node.

    For s analytic in the strip :math:`|\mathrm{Im}\,x|<a` the rule of spacing h errs by :math:`O(e^{-2\pi a/h})`, below
    :math:`10^{-40}` for :math:`a=1`, where a Gauss rule of a hundred nodes errs by :math:`7\cdot10^{-10}` (arctan, degree
    3). Nodes are taken in pairs :math:`\pm x`, so that the coefficients of the wrong parity are exactly 0.

    Parameters
    ----------
    function
        The function s, growing at most like a polynomial.
    r
        The degree.

    Returns
    -------
    float
        The coefficient.

    Raises
    ------
    HermiteError
        If the two grids differ by more than their roundings, as they do for a function with kinks.
    """
    reach = 2 * math.sqrt(r) + 16  # h_r times the root of the density is below 1e-20 from here on
    sums, scale = [], 0.0
    for shift in (0.0, 0.5):
        x = (np.arange(int(reach / _SPACING)) + shift) * _SPACING
        basis = _weighted_hermite(x, r)
        pairs = function(x) + _sign(r) * function(-x)
        terms = pairs * basis * np.exp(-x * x / 4) * (_SPACING / (2 * math.pi) ** 0.25)
        terms[x == 0] /= 2
        sums.append(math.fsum(terms))
        scale = max(scale, math.fsum(np.abs(terms)))
    off = abs(sums[0] - sums[1])
    if not off <= 8 * (r + 4) * np.finfo(float).eps * scale:
        raise HermiteError(f"the coefficient of degree {r} differs by {off:.1e} between two grids: the function is not smooth")
    return (sums[0] + sums[1]) / 2


def _sign(k: int) -> int:
    return -1 if k % 2 else 1


def _weighted_hermite(x: Floats, r: int) -> Floats:
    """Return h_r times the root of the normal density: an orthonormal function of the line, which does not overflow."""
    before: Floats = 0 * x
    current: Floats = np.exp(-x * x / 4) / (2 * math.pi) ** 0.25
    for k in range(r):
        before, current = current, (x * current - math.sqrt(k) * before) / math.sqrt(k + 1)
    return current


def _special() -> Any:
    from scipy import special  # a slow import, needed only by the error function

    return special


def _square_decay(x: Floats, rate: float) -> Floats:
    """Return exp(-rate x^2); the square may overflow, to a value of 0."""
    with np.errstate(over="ignore"):
        decay: Floats = np.exp(-rate * (x * x))
    return decay


def _tanh_first(x: Floats) -> Floats:
    decay = np.exp(-2 * np.abs(x))  # 1 - tanh^2 would cancel in the tails
    first: Floats = 4 * decay / (1 + decay) ** 2
    return first


def _tanh_both(x: Floats) -> tuple[Floats, Floats]:
    if x.dtype == np.float32:
        value = np.tanh(x)
    else:  # three times as fast as the library's, and its absolute error is as small
        with np.errstate(over="ignore"):
            value = 1 - 2 / (1 + np.exp(2 * x))
    return value, 1 - value * value


def _erf_first(x: Floats) -> Floats:
    return _square_decay(x, 1.0) * (2 / _ROOT_PI)


def _arctan_first(x: Floats) -> Floats:
    with np.errstate(over="ignore"):
        first: Floats = 1 / (1 + x * x)
    return first


def _gelu_both(x: Floats) -> tuple[Floats, Floats]:
    mass = _special().ndtr(x)
    value = x * mass
    mass += x * _density(x)
    return value, mass


def _density(x: Floats) -> Floats:
    return _square_decay(x, 0.5) / (_ROOT_TWO * _ROOT_PI)


def _erf_hermite(r: int) -> float:
    k, odd = divmod(r, 2)
    if not odd:
        return 0.0
    # The Taylor coefficient at 0 of E s(xi + t) = erf(t/sqrt 3), times sqrt(r!).
    size = math.factorial(r - 1) // math.factorial(k) / math.sqrt(math.factorial(r))
    return _sign(k) * 2 / _ROOT_PI * size / (3.0**k * math.sqrt(3))


def _sin_hermite(r: int) -> float:
    return r % 2 * _sign(r // 2) * math.exp(-0.5) / math.sqrt(math.factorial(r))


def _cos_hermite(r: int) -> float:
    return (1 - r % 2) * _sign(r // 2) * math.exp(-0.5) / math.sqrt(math.factorial(r))


def _relu_hermite(r: int) -> float:
    k, odd = divmod(r, 2)
    if odd:
        return 0.5 if r == 1 else 0.0
    # The even part of relu is |x|/2, and E|x|He_{2k} = (-1)^{k+1} (2k)! / ((2k-1) 2^k k!) sqrt(2/pi).
    return _sign(k + 1) * math.sqrt(math.factorial(r)) / ((r - 1) * 2.0**k * math.factorial(k)) / (_ROOT_TWO * _ROOT_PI)


def _gelu_hermite(r: int) -> float:
    k, odd = divmod(r, 2)
    if odd:
        return 0.5 if r == 1 else 0.0
    # The Taylor coefficient at 0 of E s(xi + t) = t Phi(t/sqrt 2) + phi(t/sqrt 2)/sqrt 2, times sqrt(r!).
    return _sign(k + 1) * math.sqrt(math.factorial(r)) * (r + 1) / ((r - 1) * 4.0**k * math.factorial(k)) / (2 * _ROOT_PI)


def one_minus_cos(a: float = 1.0) -> Activation:
    r"""Return :math:`a(1-\cos x)`, even and bounded, with :math:`s(0)=s'(0)=0`.

    Parameters
    ----------
    a
        The amplitude, finite and not 0.

    Returns
    -------
    Activation
        The activation.

    Raises
    ------
    ValueError
        If the amplitude is 0 or not finite.
    """
    if not math.isfinite(a) or a == 0:
        raise ValueError(f"the amplitude of 1 - cos must be finite and not 0, not {a}")
    a = float(a)
    return Activation(
        name="one_minus_cos" if a == 1 else f"{a!r} one_minus_cos",
        value=lambda x: 2 * a * np.sin(x / 2) ** 2,  # 1 - cos would cancel near 0
        first=lambda x: a * np.sin(x),
        second=lambda x: a * np.cos(x),
        lipschitz=abs(a),
        bound=2 * abs(a),
        curvature=abs(a),
        smoothness=Smoothness.ANALYTIC,
        vanishes_at_zero=True,
        hermite=lambda r: a * (1 - math.exp(-0.5)) if r == 0 else -a * _cos_hermite(r),
    )


def _of(name: str, sups: tuple[float, float, float], functions: tuple[Function, Function, Function], **more: Any) -> Activation:
    return Activation(
        name=name,
        value=functions[0],
        first=functions[1],
        second=functions[2],
        bound=sups[0],
        lipschitz=sups[1],
        curvature=sups[2],
        smoothness=more.pop("smoothness", Smoothness.ANALYTIC),
        vanishes_at_zero=True,
        **more,
    )


_INF, _ROOT_THREE = math.inf, math.sqrt(3)
_GELU_SLOPE = (1 + math.erf(1)) / 2 + math.exp(-1) / _ROOT_PI  # at sqrt 2, where the second derivative changes sign

ACTIVATIONS: dict[str, Activation] = {
    each.name: each
    for each in (
        _of(
            "tanh",
            (1.0, 1.0, 4 / (3 * _ROOT_THREE)),
            (np.tanh, _tanh_first, lambda x: -2 * np.tanh(x) * _tanh_first(x)),
            fused=_tanh_both,
        ),
        _of(
            "erf",
            (1.0, 2 / _ROOT_PI, 2 * _ROOT_TWO / _ROOT_PI * math.exp(-0.5)),
            (lambda x: _special().erf(x), _erf_first, lambda x: -2 * x * _erf_first(x)),
            hermite=_erf_hermite,
        ),
        _of("sin", (1.0, 1.0, 1.0), (np.sin, np.cos, lambda x: -np.sin(x)), hermite=_sin_hermite),
        one_minus_cos(),
        _of(
            "arctan",
            (math.pi / 2, 1.0, 3 * _ROOT_THREE / 8),
            (np.arctan, _arctan_first, lambda x: -2 * x * _arctan_first(x) ** 2),
        ),
        _of(
            "gelu",
            (_INF, _GELU_SLOPE, _ROOT_TWO / _ROOT_PI),
            (lambda x: x * _special().ndtr(x), lambda x: _gelu_both(x)[1], lambda x: 2 * _density(x) - x * (x * _density(x))),
            hermite=_gelu_hermite,
            fused=_gelu_both,
        ),
        _of(
            "relu",
            (_INF, 1.0, _INF),
            (lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(x.dtype), np.zeros_like),
            smoothness=Smoothness.LIPSCHITZ_ONLY,
            hermite=_relu_hermite,
        ),
        _of("identity", (_INF, 1.0, 0.0), (np.copy, np.ones_like, np.zeros_like), hermite=lambda r: float(r == 1)),
    )
}
"""The activations at hand, by name."""
