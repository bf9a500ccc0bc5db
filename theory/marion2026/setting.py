r"""The setting of marion2026: rectified flow :math:`x_t=(1-t)x_0+tz` with target :math:`z-x_0`, on a finite training set."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from numerics.arithmetic import Number, exp, least, total
from numerics.arithmetic import Numbers as Numbers
from theory.statement import Draw, Hypothesis, Instance

PAPER = "Marion, Wu, 2026, arXiv 2605.06077"


@dataclass(frozen=True, kw_only=True)
class FlowPoint(Instance):
    """A training set on the line, a time, a noised point and a velocity there.

    Parameters
    ----------
    x
        The training points, shape ``(n,)``.
    t
        The time, in (0, 1): 0 is data, 1 is noise.
    y
        The noised point.
    v
        The velocity that a model has there.
    """

    x: Numbers
    t: Number
    y: Number
    v: Number


flow_time = Hypothesis(
    name="time",
    says="0 < t < 1",
    holds=lambda p: [(p.t, ">", 0 * p.t), (p.t, "<", 0 * p.t + 1)],
    standing=True,
)


def square(x: Numbers) -> Numbers:
    """Return the square: a power of a ball about 0 would not be a number."""
    return x * x


def posterior_weights(x: Numbers, t: Number, y: Number) -> Numbers:
    r"""Return the law of the training point given the noised one: :math:`w_i\propto\exp(-\frac{(y-(1-t)x_i)^2}{2t^2})`.

    Parameters
    ----------
    x
        The training points, shape ``(n,)``.
    t, y
        The time and the noised point.

    Returns
    -------
    numpy.ndarray
        Weights, shape ``(n,)``.
    """
    squares = square(y - (1 - t) * np.asarray(x)) / (2 * t**2)
    parts = exp(least(squares) - squares)
    return parts / total(parts)


def targets(x: Numbers, t: Number, y: Number) -> Numbers:
    r"""Return the targets :math:`z-x_i=\frac{y-x_i}t` that lead to the noised point."""
    return (y - np.asarray(x)) / t


def empirical_velocity(x: Numbers, t: Number, y: Number) -> Number:
    r"""Return the closed-form empirical velocity :math:`v^\star(y,t)=\sum_iw_i\frac{y-x_i}t`."""
    return total(posterior_weights(x, t, y) * targets(x, t, y))


def denoising_risk(p: FlowPoint, velocity: Number) -> Number:
    r"""Return the share of the empirical denoising risk at (y, t): :math:`\sum_iw_i(v-\frac{y-x_i}t)^2`."""
    return total(posterior_weights(p.x, p.t, p.y) * square(velocity - targets(p.x, p.t, p.y)))


def draw_flow_point(draw: Draw, in_force: frozenset[str]) -> FlowPoint:
    """Draw two to six points, any time, a noised point of their mixture, and a velocity near or far from the minimiser."""
    del in_force
    n = draw.integer(2, 6)
    x = [Fraction(draw.real(-3, 3)).limit_denominator(100) for _ in range(n)]
    t = Fraction(draw.real(0.02, 0.98)).limit_denominator(1000)
    y = Fraction((1 - float(t)) * float(draw.choice(x)) + float(t) * draw.real(-3, 3)).limit_denominator(1000)
    best = float(empirical_velocity(np.array([float(value) for value in x]), float(t), float(y)))
    v = Fraction(best + draw.choice((-1, 1)) * draw.positive(1e-4, 10)).limit_denominator(10**6)
    return FlowPoint(x=tuple(x), t=t, y=y, v=v)
