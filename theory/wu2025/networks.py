r"""Two-layer ReLU networks of wu2025 and their exact means: every one is a sum of truncated Gaussian moments.

:math:`s_\theta(y)=\frac1m\sum_\ell w_\ell\,\phi(\epsilon_\ell y+b_\ell)`, :math:`\epsilon_\ell=\pm1`, with its kinks at
:math:`\tau_\ell=-b_\ell/\epsilon_\ell`. A *design* groups equal neurons: group k stands for :math:`c_k` of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Self

import numpy as np

from numerics.arithmetic import (
    Arithmetic,
    Kind,
    Number,
    absolute,
    kind_of,
    maximum,
    minimum,
    normal_density,
    positive_part,
    total,
    where,
)
from numerics.gaussian_tails import interval_moments, tail_moments
from theory.statement import Hypothesis, InputError, exact
from theory.wu2025.score import from_middle
from theory.wu2025.setting import Numbers, ScoreProblem
from theory.wu2025.weight import weight_at_offset


@dataclass(frozen=True, kw_only=True)
class NetworkProblem(ScoreProblem):
    r"""A sample, noise scales and a two-layer ReLU network given by groups of equal neurons.

    Parameters
    ----------
    kinks
        The kinks :math:`\tau_k`, shape ``(K,)``; the biases are :math:`b_k=-\epsilon_k\tau_k`.
    directions
        The inner weights :math:`\epsilon_k=w^{(1)}_k\in\{-1,1\}`.
    weights
        The outer weights :math:`w_k=w^{(2)}_k` of one neuron of each group.
    multiplicities
        How many neurons each group stands for, :math:`c_k\ge1`; the width is :math:`m=\sum_kc_k`.
    """

    kinks: Numbers
    directions: Numbers
    weights: Numbers
    multiplicities: Numbers

    @cached_property
    def signs(self) -> Any:
        """Return the directions as integers."""
        return np.array([1 if float(value) > 0 else -1 for value in self.directions], dtype=int)

    @cached_property
    def counts(self) -> Any:
        """Return the multiplicities as integers."""
        return np.array([round(float(value)) for value in self.multiplicities], dtype=int)

    @cached_property
    def width(self) -> int:
        """Return the number m of neurons."""
        return int(self.counts.sum())

    @property
    def biases(self) -> Numbers:
        r"""Return :math:`b_k=-\epsilon_k\tau_k`."""
        return np.array([-int(sign) * kink for sign, kink in zip(self.signs, self.kinks, strict=True)])

    @property
    def largest_weight(self) -> Number:
        r"""Return :math:`\max_k|w_k|`, the least admissible bound A."""
        sizes = absolute(np.asarray(self.weights))
        result = sizes[0]
        for size in sizes[1:]:
            result = maximum(result, size)
        return result

    @cached_property
    def coincident(self) -> tuple[tuple[int, ...], ...]:
        """Return the groups of indices whose kinks are exactly equal, in increasing order of the kink."""
        places: dict[Fraction, list[int]] = {}
        for index, kink in enumerate(self.kinks):
            places.setdefault(Fraction(kink), []).append(index)
        return tuple(tuple(places[kink]) for kink in sorted(places))

    @cached_property
    def inside(self) -> tuple[bool, ...]:
        r"""Return which kinks lie in the closed interval :math:`[\mu x_1,\mu x_n]`, where the weight is not cut to 0."""
        low, high = (Fraction(self.mu) * Fraction(self.x[end]) for end in (0, -1))
        return tuple(low <= Fraction(kink) <= high for kink in self.kinks)

    def neighbours(self) -> Iterator[Self]:
        """Yield the same problem with one group or two neighbouring ones removed, fewer neurons, or all of it moved to 0.

        Yields
        ------
        Self
            A simpler problem.
        """
        names = ("kinks", "directions", "weights", "multiplicities")
        size = len(self.kinks)
        for length in (2, 1):
            for at in range(0, size - length + 1):
                if size > length:
                    kept = {name: getattr(self, name)[:at] + getattr(self, name)[at + length :] for name in names}
                    yield dataclasses.replace(self, **kept)
        if max(self.multiplicities) > 1:
            yield dataclasses.replace(self, multiplicities=tuple(Fraction(max(count // 2, 1)) for count in self.multiplicities))
            yield dataclasses.replace(self, multiplicities=tuple(Fraction(max(count - 1, 1)) for count in self.multiplicities))
        if self.x[0] != 0:
            shift = self.mu * self.x[0]
            x, kinks = tuple(x - self.x[0] for x in self.x), tuple(kink - shift for kink in self.kinks)
            yield dataclasses.replace(self, x=x, kinks=kinks)

    def lift(self, arithmetic: Arithmetic) -> Self:
        """Return the lifted instance; which kinks coincide, or lie on an end, is decided exactly before: balls cannot tell."""
        lifted = super().lift(arithmetic)
        for name in ("coincident", "inside", "signs", "counts"):
            object.__setattr__(lifted, name, getattr(self, name))
        return lifted


def from_neurons(
    problem: ScoreProblem,
    kinks: Sequence[Any],
    directions: Sequence[int],
    weights: Sequence[Any],
    multiplicities: Sequence[int] | None = None,
) -> NetworkProblem:
    """Return a network on the sample of ``problem``; all numbers are taken exactly, floats at their binary value.

    Parameters
    ----------
    problem
        Where the sample and the scales come from.
    kinks, directions, weights
        One entry a group.
    multiplicities
        Neurons a group; 1 each by default.

    Returns
    -------
    NetworkProblem
        The instance.

    Raises
    ------
    InputError
        If there is no neuron or the lengths differ.
    """
    multiplicities = [1] * len(kinks) if multiplicities is None else multiplicities
    lengths = {len(kinks), len(directions), len(weights), len(multiplicities)}
    if len(lengths) != 1 or 0 in lengths:
        raise InputError(f"a network needs as many kinks, directions, weights and multiplicities, not {sorted(lengths)}")
    return NetworkProblem(
        x=problem.x,
        mu=problem.mu,
        sigma=problem.sigma,
        kinks=tuple(exact(value) for value in kinks),
        directions=tuple(Fraction(int(value)) for value in directions),
        weights=tuple(exact(value) for value in weights),
        multiplicities=tuple(Fraction(int(value)) for value in multiplicities),
    )


def expanded(problem: NetworkProblem) -> NetworkProblem:
    """Return the same network with every neuron a group of its own."""
    names = ("kinks", "directions", "weights")
    repeated = {
        name: tuple(
            value for value, count in zip(getattr(problem, name), problem.counts, strict=True) for _ in range(int(count))
        )
        for name in names
    }
    return dataclasses.replace(problem, **repeated, multiplicities=tuple(Fraction(1) for _ in range(problem.width)))


network_class = Hypothesis(
    name="network",
    says="at least one neuron; inner weights -1 or 1; multiplicities are positive integers",
    holds=lambda p: [
        (len(p.kinks), ">=", 1),
        *((value * value, "==", 0 * value + 1) for value in p.directions),
        *((value, ">=", 0 * value + 1) for value in p.multiplicities),
        *((value, "==", 0 * value + int(count)) for value, count in zip(p.multiplicities, p.counts, strict=True)),
    ],
    standing=True,
)


def activations(p: Any, y: Number) -> Numbers:
    r"""Return :math:`\phi(\epsilon_ky+b_k)` for every group at a scalar point."""
    return positive_part(p.signs * (y - np.asarray(p.kinks)))


def network(p: Any, y: Number) -> Number:
    r"""Return :math:`s_\theta(y)=\frac1m\sum_\ell w_\ell\phi(\epsilon_\ell y+b_\ell)` at a scalar point."""
    return total(p.counts * np.asarray(p.weights) * activations(p, y)) / p.width


def network_derivative(p: Any, y: Number) -> Number:
    r"""Return :math:`s_\theta'(y)=\frac1m\sum_\ell\epsilon_\ell w_\ell1_{\epsilon_\ell y+b_\ell\ge0}` at a scalar point."""
    reach = p.signs * (y - np.asarray(p.kinks))
    slopes = p.signs * p.counts * np.asarray(p.weights)
    return total(where(reach, slopes, 0 * slopes)) / p.width


def lipschitz_constant(p: Any) -> Number:
    r"""Return :math:`\max_y|s_\theta'(y)|`, over the pieces between kinks."""
    jumps = p.counts * np.asarray(p.weights)
    slope = total(np.where(p.signs < 0, -jumps, 0 * jumps))
    best = absolute(slope)
    for group in p.coincident:
        slope = slope + total(jumps[list(group)])
        best = maximum(best, absolute(slope))
    return best / p.width


@dataclass(frozen=True)
class Moments:
    r"""Means over the noised sample :math:`Y`, for every group or pair of groups.

    Parameters
    ----------
    active
        :math:`P(I_k)`, :math:`I_k=1_{\epsilon_kY+b_k\ge0}`, shape ``(K,)``.
    value
        :math:`\mathbb E\phi_k`, shape ``(K,)``.
    density
        The density of Y at :math:`\tau_k`, shape ``(K,)``.
    residual
        :math:`\frac1n\sum_i\frac{\tau_k-\mu x_i}{\sigma^2}p_i(\tau_k)`, shape ``(K,)``.
    both
        :math:`\mathbb EI_kI_l`, shape ``(K, K)``.
    mixed
        :math:`\mathbb E\phi_kI_l`, shape ``(K, K)``.
    product
        :math:`\mathbb E\phi_k\phi_l`, shape ``(K, K)``.
    """

    active: Numbers
    value: Numbers
    density: Numbers
    residual: Numbers
    both: Numbers
    mixed: Numbers
    product: Numbers


def moments_about(p: Any, centers: Number) -> Moments:
    r"""Return the means for :math:`Y\sim N(c,\sigma^2)`, for each of several centers c at once (a leading axis).

    Two groups of one direction are both active beyond the later kink; two that look at each other, between their kinks.

    Parameters
    ----------
    p
        A lifted network.
    centers
        The means c, shape ``(N,)``.

    Returns
    -------
    Moments
        The means, with a leading axis of length N.
    """
    sigma, signs = p.sigma, p.signs
    t = (np.asarray(p.kinks) - np.asarray(centers)[:, None]) / sigma
    # Seen from its active side, a group of either direction is active above a threshold.
    a = signs * t
    mass, first = tail_moments(a, 2)
    density = normal_density(t) / sigma
    row, column = a[:, :, None] + 0 * a[:, None, :], a[:, None, :] + 0 * a[:, :, None]
    later = maximum(row, column)
    psi = tail_moments(later, 3)
    both, mixed = psi[0], psi[1] + (later - row) * psi[0]
    product = psi[2] + absolute(row - column) * psi[1]
    facing = signs[:, None] != signs
    if facing.any():
        low, high = row[:, facing], -column[:, facing]
        zeroth, rise, square = interval_moments(low, high)
        both[:, facing], mixed[:, facing] = zeroth, rise
        product[:, facing] = maximum(high - low, 0 * low) * rise - square
    return Moments(
        active=mass,
        value=sigma * first,
        density=density,
        residual=t / sigma * density,
        both=both,
        mixed=sigma * mixed,
        product=sigma * sigma * product,
    )


def network_moments(p: Any) -> Moments:
    r"""Return the means over the noised sample, the mixture of :math:`N(\mu x_i,\sigma^2)`."""
    # Both sides of a claim ask for them.
    kept = p.__dict__.get("moments")
    if kept is None:
        parts = moments_about(p, p.mu * np.asarray(p.x))
        kept = Moments(**{name: total(getattr(parts, name), axis=0) / p.n for name in Moments.__dataclass_fields__})
        object.__setattr__(p, "moments", kept)
    assert isinstance(kept, Moments)
    return kept


def kink_weights(p: Any) -> Numbers:
    r"""Return :math:`\pi(\tau_k)`, shape ``(K,)``; 0 outside the closed interval :math:`[\mu x_1,\mu x_n]`."""
    kinks = np.asarray(p.kinks)
    # Exact differences in floats: the product mu x_1 alone is rounded.
    floats = kind_of(p.mu) is Kind.FLOATS
    offsets = -from_middle(p, kinks, 0, 0).to_float() if floats else kinks - p.mu * p.x[0]
    values = weight_at_offset(p, 0, 0, offsets)
    return np.where(np.array(p.inside), values, 0 * values)


def noised_kink_weights(p: Any, moments: Moments) -> Numbers:
    r"""Return :math:`\hat\pi(\tau_k)=\min\{P(Y>\tau)\mathbb E(Y-\tau)_+,P(Y<\tau)\mathbb E(\tau-Y)_+\}`, Y the noised sample.

    It is the weight of the paper with the noised sample in place of the sample, nowhere cut to 0.

    Parameters
    ----------
    p
        A lifted network.
    moments
        Its means.

    Returns
    -------
    Numbers
        The weights, shape ``(K,)``.
    """
    own = moments.active * moments.value
    mean = p.mu * total(np.asarray(p.x)) / p.n
    # The other side: its mass is the rest, and (Y - tau)_+ - (tau - Y)_+ = Y - tau.
    other = (1 - moments.active) * (moments.value - p.signs * (mean - np.asarray(p.kinks)))
    return minimum(own, other)


def total_variation_over(p: Any, weights: Numbers) -> Number:
    r"""Return :math:`\int|s_\theta''|\pi` for given weights at the kinks.

    :math:`s_\theta''=\frac1m\sum_\ell w_\ell\delta_{\tau_\ell}`. Where kinks coincide exactly, their jumps add before the
    absolute value is taken.

    Parameters
    ----------
    p
        A lifted network.
    weights
        The weight at each kink.

    Returns
    -------
    Number
        The weighted total variation of the derivative.
    """
    jumps = p.counts * np.asarray(p.weights)
    return total(np.array([absolute(total(jumps[list(group)])) * weights[group[0]] for group in p.coincident])) / p.width


def network_irregularity(p: Any) -> Number:
    r"""Return :math:`TV^{(1)}_\pi(s_\theta)=\int|s_\theta''|\pi`, in the sense of distributions. Source: wu2025, Section 6."""
    return total_variation_over(p, kink_weights(p))


def noised_irregularity(p: Any) -> Number:
    r"""Return :math:`\int|s_\theta''|\hat\pi` with the noised weight; see :func:`noised_kink_weights`."""
    return total_variation_over(p, noised_kink_weights(p, network_moments(p)))
