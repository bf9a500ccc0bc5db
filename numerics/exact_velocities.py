r"""Velocities of rectified flow in closed form: of a finite sample, and of a Gaussian.

With :math:`x_t=(1-t)x_0+tz` the least loss over all fields is reached at
:math:`v^*(x,t)=E[z-x_0\mid x_t=x]=(x-E[x_0\mid x_t=x])/t`. What it leaves is :math:`E\|x_0-E[x_0\mid x_t]\|^2/t^2`, and
with :math:`s=(1-t)/t`, :math:`\mathrm dt/t^2=-\mathrm ds`, its mean over t is :math:`\int_0^\infty\mathrm{mmse}(s)\,\mathrm ds`
for the channel :math:`sx_0+z`. For :math:`x_0\sim N(\mu,\Sigma)` that is :math:`\frac\pi2\operatorname{tr}\Sigma^{1/2}`, which
is also what the best field affine in x leaves for any law of that mean and covariance.

The file is long because the two stand for the ends of training: nothing but the data, and nothing but their covariance.
"""

from __future__ import annotations

import numpy as np

from numerics.rectified_flow import Draws, Floats, Labels

_ENTRIES = 1 << 22
"""Weights computed at a time."""
_FARTHEST = 1e150
"""Below it squared distances are floats."""


class EmpiricalVelocity:
    r"""The minimiser of the loss on a sample, :math:`v(x,t)=(x-\sum_iw_ix_i)/t`, :math:`w_i\propto e^{-|x-(1-t)x_i|^2/2t^2}`.

    Given classes, the sum is over the points of the class asked for. Weights are relative to the largest, so that they stay
    exact as t -> 0 and t -> 1.

    Parameters
    ----------
    points
        The sample, shape ``(n, d)``.
    labels
        The classes, shape ``(n,)``; None where there are none.

    Raises
    ------
    ValueError
        If the sample is empty, not finite or of another shape.
    """

    def __init__(self, points: Floats, labels: Labels | None = None) -> None:
        self.points, self.labels = np.asarray(points, dtype=np.float64), None if labels is None else np.asarray(labels)
        if self.points.ndim != 2 or not self.points.size or not np.all(np.isfinite(self.points)):
            raise ValueError(f"points of shape {self.points.shape}: rows of finite numbers are needed, at least one")
        if self.labels is not None and self.labels.shape != (len(self.points),):
            raise ValueError(f"labels of shape {self.labels.shape}: one for each of the {len(self.points)} points is needed")

    def __call__(self, x: Floats, t: Floats, labels: Labels | None = None, /) -> Floats:
        """Return the velocity of each row.

        Parameters
        ----------
        x, t, labels
            Points, shape ``(n, d)``, times in (0, 1], shape ``(n,)``, and classes, shape ``(n,)``.

        Returns
        -------
        numpy.ndarray
            Shape ``(n, d)``.

        Raises
        ------
        ValueError
            If a time is outside (0, 1], so small that the velocity leaves the range, a coordinate is not below 1e150, or a
            class has no points.
        """
        times = _checked(t)
        largest = float(np.abs(x).max(initial=0.0))
        if not largest < _FARTHEST:
            raise ValueError(f"a coordinate of size {largest:g}: its square must stay in the range of float64, below 1e150")
        with np.errstate(over="ignore"):
            found = (x - self.means(np.asarray(x, dtype=np.float64), times, labels)) / times[:, None]
        if not np.all(np.isfinite(found)):
            raise ValueError(f"t = {times.min()!r}: the velocity (x - mean)/t leaves the range of float64")
        return np.asarray(found)

    def means(self, x: Floats, t: Floats, labels: Labels | None = None) -> Floats:
        """Return the mean of the data given :math:`x_t=x`.

        Parameters
        ----------
        x, t, labels
            As for a call.

        Returns
        -------
        numpy.ndarray
            Shape ``(n, d)``.
        """
        allowed = self._allowed(labels, len(x))
        block = max(1, _ENTRIES // len(self.points))
        result = np.empty((len(x), self.points.shape[1]))
        for at in range(0, len(x), block):
            rows = slice(at, at + block)
            result[rows] = self._weights(x[rows], t[rows], None if allowed is None else allowed[rows]) @ self.points
        return result

    def _weights(self, x: Floats, t: Floats, allowed: Floats | None) -> Floats:
        from scipy.spatial.distance import cdist  # a slow import, which listing statements does not need

        # |x - (1-t) p|^2 = (1-t)^2 |x/(1-t) - p|^2 would fail at t = 1.
        times, distances = t[:, None], np.empty((len(x), len(self.points)))
        for value in np.unique(t):
            rows = t == value
            distances[rows] = cdist(x[rows], (1 - value) * self.points, "sqeuclidean")
        return _normalised(distances, times, allowed)

    def _allowed(self, labels: Labels | None, count: int) -> Floats | None:
        if (labels is None) != (self.labels is None):
            raise ValueError("classes are needed for the sample and for the points alike, or for neither")
        if labels is None or self.labels is None:
            return None
        labels = np.broadcast_to(labels, (count,))
        missing = np.setdiff1d(labels, self.labels)
        if missing.size:
            raise ValueError(f"class {missing[0]} has no point in the sample")
        return np.asarray(labels[:, None] == self.labels)

    def least_loss_per_draw(self, draws: Draws) -> Floats:
        r"""Return what the minimiser leaves at each draw, :math:`\|\sum_jw_j(x_j-x_i)\|^2/(t^2d)`.

        It is :func:`numerics.rectified_flow.loss_per_draw` of this velocity without its cancellation: the exponents are
        :math:`-s^2|x_i-x_j|^2/2-s(x_i-x_j)\cdot z` with :math:`s=(1-t)/t`.

        Parameters
        ----------
        draws
            Where, with indices into the sample.

        Returns
        -------
        numpy.ndarray
            Shape ``(M,)``.
        """
        result, block = np.empty(len(draws.times)), max(1, _ENTRIES // self.points.size)
        for at in range(0, len(result), block):
            rows = slice(at, at + block)
            chosen, t = draws.indices[rows], draws.times[rows, None]
            apart = self.points[chosen][:, None] - self.points
            s = (1 - t) / t
            drop = s * s * (apart**2).sum(axis=2) / 2 + s * np.einsum("mnd,md->mn", apart, draws.noises[rows])
            allowed = None if self.labels is None else self.labels[chosen][:, None] == self.labels
            left = np.einsum("mn,mnd->md", _normalised(2 * drop, np.ones_like(t), allowed), apart) / t
            result[rows] = (left**2).mean(axis=1)
        return result


def _normalised(distances: Floats, times: Floats, allowed: Floats | None) -> Floats:
    """Return weights proportional to exp(-distance/2t^2), row by row, 0 where a point is not allowed."""
    if allowed is not None:
        distances = np.where(allowed, distances, np.inf)
    with np.errstate(over="ignore"):
        # Divided twice, since t^2 may underflow where 0/t does not.
        weights = np.exp(-((distances - distances.min(axis=1, keepdims=True)) / times / times) / 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _checked(t: Floats) -> Floats:
    times = np.asarray(t, dtype=np.float64)
    wrong = times[~((times > 0) & (times <= 1))]
    if wrong.size:
        raise ValueError(f"t = {wrong[0]!r}: a time in (0, 1] is needed")
    return times


class GaussianVelocity:
    r"""The velocity of a Gaussian, :math:`-\mu+\sum_kq_kq_k^\top(x-(1-t)\mu)\frac{t-(1-t)\lambda_k}{(1-t)^2\lambda_k+t^2}`.

    Here the covariance is :math:`\Sigma=\sum_k\lambda_kq_kq_k^\top` may be singular. Classes, if given, are not looked at.

    Parameters
    ----------
    mean
        Shape ``(d,)``.
    covariance
        Symmetric and positive semidefinite up to rounding, shape ``(d, d)``.

    Raises
    ------
    ValueError
        If the covariance is not symmetric or has a negative eigenvalue beyond rounding.
    """

    def __init__(self, mean: Floats, covariance: Floats) -> None:
        self.mean = np.asarray(mean, dtype=np.float64)
        self.eigenvalues, self.directions = _spectrum(covariance)

    def __call__(self, x: Floats, t: Floats, _labels: Labels | None = None, /) -> Floats:
        """Return the velocity of each row.

        Parameters
        ----------
        x, t
            Points, shape ``(n, d)``, and times in (0, 1], shape ``(n,)``.

        Returns
        -------
        numpy.ndarray
            Shape ``(n, d)``.
        """
        t = _checked(t)[:, None]
        # Both divided by t: the square of a small t would underflow in a direction without variance.
        gain = (1 - (1 - t) / t * self.eigenvalues) / ((1 - t) ** 2 / t * self.eigenvalues + t)
        along = (x - (1 - t) * self.mean) @ self.directions
        return np.asarray((gain * along) @ self.directions.T - self.mean)


def gaussian_least_loss(covariance: Floats) -> float:
    r"""Return what the best field affine in x leaves, :math:`\frac\pi{2d}\operatorname{tr}\Sigma^{1/2}`.

    Parameters
    ----------
    covariance
        Symmetric and positive semidefinite up to rounding, shape ``(d, d)``.

    Returns
    -------
    float
        The mean over t in (0, 1) and coordinates, for any law with this covariance.
    """
    return float(np.pi / 2 * np.sqrt(_spectrum(covariance)[0]).mean())


def _spectrum(covariance: Floats) -> tuple[Floats, Floats]:
    """Return eigenvalues, those negative by rounding set to 0, and eigenvectors; the bound is that of the symmetric solver."""
    matrix = np.asarray(covariance, dtype=np.float64)
    scale = float(np.abs(matrix).max(initial=0.0))
    rounding = 4 * len(matrix) * np.finfo(np.float64).eps
    if not np.abs(matrix - matrix.T).max(initial=0.0) <= rounding * scale:
        raise ValueError("the covariance must be symmetric and finite")
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < -rounding * len(matrix) * scale:
        raise ValueError(f"the covariance has the eigenvalue {values[0]:.3g}; none may be negative")
    return np.maximum(values, 0.0), vectors
