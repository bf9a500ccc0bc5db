r"""Stability of a minimum under stochastic gradient descent: the pathwise Hessian, its second moments, and thresholds.

One squared loss :math:`(s_\theta(Y)+\frac{Y-\mu x_i}{\sigma^2})^2` has almost surely the Hessian
:math:`h=2\nabla s\nabla s^\top+2f\nabla^2s`, where :math:`\nabla^2s` has only the mixed entries
:math:`\frac1m1_{I_\ell}`. Its mean over i and Y is :math:`G+M=\nabla^2R_n-D`: differentiating under the
expectation loses the kinks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.arithmetic import Kind, Number, kind_of, normal_density, normal_mass
from numerics.gaussian_tails import tail_moments
from theory.statement import InputError
from theory.wu2025.curvature import curvature, sharpness
from theory.wu2025.networks import expanded
from theory.wu2025.setting import Numbers

FLAT = 1e-11
"""Directions along which every pathwise Hessian is below this share of the largest are neutral, and left out."""


@dataclass(frozen=True)
class PathwiseMoments:
    r"""First and second moments of the pathwise Hessian, for each data point.

    Parameters
    ----------
    first
        :math:`\mathbb E[h\mid i]`, shape ``(n, d, d)`` with d = 2m: first w, then b.
    second
        :math:`\frac1n\sum_i\mathbb E[h\otimes h\mid i]`, entry ``[a, b, c, e]`` the mean of :math:`h_{ab}h_{ce}`, shape
        ``(d, d, d, d)``.
    """

    first: Numbers
    second: Numbers


def _interval_moments(edges: list[Any], at: int) -> list[Number]:
    r"""Return :math:`\mathbb E[t^k;t\in J]`, k = 0, ..., 4, for J between two neighbouring edges; ``None`` is infinity."""
    low, high = edges[at], edges[at + 1]
    zero = 0 * (high if low is None else low)
    mass = _mass(low, high, zero)
    result = [mass]
    at_low, at_high = (zero if end is None else normal_density(end) for end in (low, high))
    for k in range(1, 5):
        rest = (k - 1) * result[k - 2] if k > 1 else zero
        left = zero if low is None else _power(low, k - 1) * at_low
        right = zero if high is None else _power(high, k - 1) * at_high
        result.append(rest + left - right)
    return result


def _mass(low: Any, high: Any, zero: Number) -> Number:
    if low is None and high is None:
        return zero + 1
    if high is None:
        return tail_moments(np.array([low]), 1)[0][0]
    return tail_moments(np.array([-high]), 1)[0][0] if low is None else normal_mass(low, high)


def _power(x: Number, k: int) -> Number:
    result = 0 * x + 1
    for _ in range(k):
        result = result * x
    return result


def _pieces(p: Any) -> Iterator[tuple[int, list[Any], list[Number]]]:
    r"""Yield a data point, the coefficients of h and :math:`\mathbb E[t^k;J]` on every piece J between kinks."""
    rank = np.zeros(p.width, dtype=int)
    for place, group in enumerate(p.coincident):
        rank[list(group)] = place
    kinks = [p.kinks[group[0]] for group in p.coincident]
    for i, x in enumerate(p.x):
        edges = [None, *((kink - p.mu * x) / p.sigma for kink in kinks), None]
        for piece in range(len(kinks) + 1):
            active = np.where(p.signs > 0, rank < piece, rank >= piece).astype(int)
            yield i, _hessian_coefficients(p, active, p.mu * x), _interval_moments(edges, piece)


def _check_single(p: Any) -> None:
    if p.width != len(p.kinks):
        raise InputError(f"multiplicities {p.counts.tolist()}: stability needs single neurons, since equal ones move apart")


def pathwise_means(p: Any) -> Numbers:
    r"""Return :math:`\mathbb E[h\mid i]` for each data point, shape ``(n, d, d)``; see :class:`PathwiseMoments`.

    Parameters
    ----------
    p
        A lifted network of single neurons.

    Returns
    -------
    Numbers
        The means.
    """
    _check_single(p)
    means: list[Any] = [0] * p.n
    for i, parts, moments in _pieces(p):
        means[i] = means[i] + sum(moments[q] * part for q, part in enumerate(parts))
    return np.array(means)


def pathwise_moments(p: Any) -> PathwiseMoments:
    r"""Return the moments of the pathwise Hessian, exactly: on the pieces between kinks it is quadratic in Y.

    A group that stands for several neurons is refused with an ``InputError``: they move apart. Source: wu2025, (7).

    Parameters
    ----------
    p
        A lifted network of single neurons.

    Returns
    -------
    PathwiseMoments
        The moments.
    """
    _check_single(p)
    second = 0
    for _, parts, moments in _pieces(p):
        for q, left in enumerate(parts):
            for r, right in enumerate(parts):
                second = second + moments[q + r] * np.multiply.outer(left, right)
    return PathwiseMoments(first=pathwise_means(p), second=second / p.n)


def _hessian_coefficients(p: Any, active: Any, center: Number) -> list[Any]:
    """Return the coefficients of h in t = (Y - center)/sigma, where the active neurons are given."""
    m, sigma, weights = p.width, p.sigma, np.asarray(p.weights)
    jumps = weights / m
    constant = active * p.signs * (center - np.asarray(p.kinks))
    slope = active * p.signs * sigma
    zero = 0 * slope
    g = [np.concatenate([constant, active * weights]) / m, np.concatenate([slope, zero]) / m]
    residual = [np.sum(jumps * constant), np.sum(jumps * slope) + 1 / sigma]
    cross = np.multiply.outer(g[0], g[1])
    parts = [2 * np.multiply.outer(g[0], g[0]), 2 * (cross + cross.T), 2 * np.multiply.outer(g[1], g[1])]
    for part, value in zip(parts, residual, strict=False):
        for k in range(m):
            if active[k]:
                part[k, m + k] = part[k, m + k] + 2 * value / m
                part[m + k, k] = part[m + k, k] + 2 * value / m
    return parts


def batch_second_moment(moments: PathwiseMoments, batch: int) -> Numbers:
    r"""Return :math:`\mathbb E[\hat H\otimes\hat H]`, :math:`\hat H=\frac1b\sum_{i\in B}h_i`, B a uniform subset of b points.

    Given B the terms are independent: :math:`\frac1b\overline{\mathbb E[h\otimes h]}+\frac{b-1}b` times the mean over pairs
    :math:`i\ne j` of :math:`\mathbb Eh_i\otimes\mathbb Eh_j`.

    Parameters
    ----------
    moments
        Moments of the pathwise Hessian.
    batch
        The batch size b.

    Returns
    -------
    Numbers
        The second moment, shape ``(d, d, d, d)``.

    Raises
    ------
    InputError
        If the batch is empty or larger than the sample.
    """
    n = len(moments.first)
    if not 1 <= batch <= n:
        raise InputError(f"batch = {batch}: a batch has between 1 and n = {n} points")
    result = moments.second / batch
    if batch > 1:
        whole = np.sum(moments.first, axis=0)
        pairs = np.multiply.outer(whole, whole) - sum(np.multiply.outer(h, h) for h in moments.first)
        result = result + pairs * (batch - 1) / (batch * n * (n - 1))
    return result


def second_moment_map(moments: PathwiseMoments, step: Number, batch: int) -> Numbers:
    r"""Return the matrix of :math:`S\mapsto\mathbb E[(I-\gamma\hat H)S(I-\gamma\hat H)]`, shape ``(d^2, d^2)``.

    It carries :math:`\mathbb E(\theta_j-\theta^\star)(\theta_j-\theta^\star)^\top` one step of (7) further, up to the
    noise of the gradient; its spectral radius below 1 is mean-square stability. :math:`\gamma=m\eta` for a mean over the batch.

    Parameters
    ----------
    moments
        Moments of the pathwise Hessian.
    step
        :math:`\gamma`.
    batch
        The batch size.

    Returns
    -------
    Numbers
        The matrix, on flattened S.
    """
    mean = np.sum(moments.first, axis=0) / len(moments.first)
    size = len(mean)
    identity = np.eye(size, dtype=int)
    twice = np.kron(mean, identity) + np.kron(identity, mean)
    square = np.transpose(batch_second_moment(moments, batch), (0, 2, 1, 3)).reshape(size * size, size * size)
    return np.eye(size * size, dtype=int) - step * twice + step * step * square


def spectral_radius(moments: PathwiseMoments, step: float, batch: int) -> float:
    """Return the spectral radius of :func:`second_moment_map`, in floats."""
    return float(np.max(np.abs(np.linalg.eigvals(second_moment_map(moments, step, batch)))))


def without_flat_directions(moments: PathwiseMoments) -> PathwiseMoments:
    r"""Return the moments on the directions in which h is not almost surely 0; the others are never excited.

    Parameters
    ----------
    moments
        Moments in floats.

    Returns
    -------
    PathwiseMoments
        The moments in an orthonormal basis of the rest.
    """
    square = np.einsum("acce->ae", moments.second)
    values, vectors = np.linalg.eigh(square)
    basis = vectors[:, values > FLAT * max(values[-1], 0.0)]
    first = np.einsum("nab,ai,bj->nij", moments.first, basis, basis)
    second = np.einsum("abce,ai,bj,ck,el->ijkl", moments.second, basis, basis, basis, basis, optimize=True)
    return PathwiseMoments(first=first, second=second)


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    r"""The largest stable learning rate by four definitions of stability.

    Parameters
    ----------
    sharpness
        :math:`2/(m\lambda_{\max}(\nabla^2R_n))`, criterion (8): gradient descent on the expected risk.
    mean
        :math:`2/(m\lambda_{\max}(\nabla^2R_n-D))`: the mean of the linearised SGD (7) stays bounded.
    mean_square
        The largest rate at which the second moment of (7) stays bounded, for the batch.
    single
        The same for batches of one point.
    """

    sharpness: float
    mean: float
    mean_square: float
    single: float


def mean_square_threshold(moments: PathwiseMoments, batch: int) -> float:
    r"""Return the largest :math:`\gamma=m\eta` at which the second moment of (7) stays bounded.

    It is 0 if there is none, and infinite if every neuron is dead.

    It is stable if some :math:`P>0` has :math:`\bar HP+P\bar H>\gamma\,\mathbb E[\hat HP\hat H]`. Both sides are linear in
    P, the left one :math:`\mathcal L` with a positive inverse if :math:`\bar H>0`, so the limit is
    :math:`1/\rho(\mathcal L^{-1}\mathbb E[\hat H\cdot\hat H])` (Perron-Frobenius on the cone of positive matrices).

    Parameters
    ----------
    moments
        Moments in floats.
    batch
        The batch size; the loss is a mean over the batch.

    Returns
    -------
    float
        The threshold on :math:`m\eta`.
    """
    moments = without_flat_directions(moments)
    if moments.first.shape[-1] == 0:
        return math.inf
    values, vectors = np.linalg.eigh(np.mean(moments.first, axis=0))
    if values[0] <= 0:
        return 0.0
    # In the eigenbasis of the mean the left side divides by sums of eigenvalues.
    second = np.einsum(
        "abce,ai,bj,ck,el->ijkl", batch_second_moment(moments, batch), vectors, vectors, vectors, vectors, optimize=True
    )
    size = len(values)
    square = np.transpose(second, (0, 2, 1, 3)).reshape(size * size, size * size)
    sums = (values[:, None] + values).ravel()
    return float(1.0 / np.max(np.abs(np.linalg.eigvals(square / sums[:, None]))))


def stability_thresholds(p: Any, *, batch: int | None = None, normalisation: str = "mean") -> Thresholds:
    r"""Return the largest stable learning rate of a critical point by each definition.

    Parameters
    ----------
    p
        A network lifted to floats, at a critical point of the risk.
    batch
        The batch size, n by default.
    normalisation
        ``"mean"`` if the loss of a batch is the mean over its points, ``"sum"`` if it is their sum, as printed: then the
        rates of (7) are divided by the batch size, and (8), which is about the risk itself, is not.

    Returns
    -------
    Thresholds
        The rates :math:`\eta`; infinite where the curvature is not positive.

    Raises
    ------
    InputError
        If the normalisation is neither.
    """
    if normalisation not in {"mean", "sum"}:
        raise InputError(f"normalisation = {normalisation!r}: it is 'mean' or 'sum'")
    batch = p.n if batch is None else batch
    single = p if p.width == len(p.kinks) else _single(p)
    moments = pathwise_moments(single)
    parts = curvature(p)

    def rate(top: float) -> float:
        return 2.0 / (p.width * top) if top > 0 else float("inf")

    share = batch if normalisation == "sum" else 1
    return Thresholds(
        sharpness=rate(sharpness(p, parts)),
        mean=rate(sharpness(p, parts, kink=0)) / share,
        mean_square=mean_square_threshold(moments, batch) / p.width / share,
        single=mean_square_threshold(moments, 1) / p.width,
    )


def _single(p: Any) -> Any:
    if kind_of(p.mu) is not Kind.FLOATS:
        raise InputError("thresholds are computed in floats")
    return expanded(p)
