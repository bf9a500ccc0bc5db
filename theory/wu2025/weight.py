r"""The weight function :math:`\pi` of wu2025, as the paper defines it and in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.arithmetic import Kind as ArithmeticKind
from numerics.arithmetic import Number, kind_of, maximum, minimum, positive_part, total, where
from numerics.gaussian_tails import tail_moments
from numerics.piecewise_linear import Pieces, smooth
from theory.wu2025.score import from_middle


def pi_minus(p: Any, y: Number) -> Number:
    r"""Return :math:`\pi^-(y)=P(\mu U<y)^2\,\mathbb E[y-\mu U\mid\mu U<y]`, U uniform on the sample.

    Equivalently :math:`P(\mu U<y)\,\mathbb E(y-\mu U)_+`, which is 0 where :math:`P(\mu U<y)=0`.
    Source: wu2025, Section 5.

    Parameters
    ----------
    p
        A lifted problem.
    y
        The point.

    Returns
    -------
    Number
        The value.
    """
    beyond = y - p.mu * p.x
    below = total(where(beyond, 0 * beyond + 1, 0 * beyond) * where(-beyond, 0 * beyond, 0 * beyond + 1))
    return below / p.n * total(positive_part(beyond)) / p.n


def pi_plus(p: Any, y: Number) -> Number:
    r"""Return :math:`\pi^+(y)=P(\mu U>y)^2\,\mathbb E[\mu U-y\mid\mu U>y]`; see :func:`pi_minus`."""
    beyond = p.mu * p.x - y
    above = total(where(beyond, 0 * beyond + 1, 0 * beyond) * where(-beyond, 0 * beyond, 0 * beyond + 1))
    return above / p.n * total(positive_part(beyond)) / p.n


def unsmoothed_weight(p: Any, y: Number) -> Number:
    r"""Return :math:`\min\{\pi^+(y),\pi^-(y)\}`, which is 0 outside :math:`[\mu x_1,\mu x_n]`."""
    return minimum(pi_plus(p, y), pi_minus(p, y))


def _partial_sums(p: Any) -> tuple[Any, Any]:
    """Return L_i = sum_{j<=i} (x_i - x_j) and R_i = sum_{j>=i} (x_j - x_i), built from the gaps so that nothing cancels."""
    gaps, n = p.gaps, p.n
    if kind_of(p.mu) is ArithmeticKind.FLOATS:
        below = np.concatenate([[0.0], np.cumsum(np.arange(1, n) * gaps)])
        above = np.concatenate([np.cumsum(np.arange(1, n) * gaps[::-1])[::-1], [0.0]])
        return below, above
    rising, falling = [0 * p.x[0]], [0 * p.x[0]]
    for j in range(n - 1):
        rising.append(rising[-1] + (j + 1) * gaps[j])
        falling.append(falling[-1] + (j + 1) * gaps[n - 2 - j])
    return rising, falling[::-1]


def weight_pieces(p: Any) -> tuple[Pieces, Number]:
    r"""Return the pieces of :math:`\min(\pi^+,\pi^-)`, and where in each gap the branch switches.

    On :math:`(\mu x_i,\mu x_{i+1})`, at distance :math:`t` from its left end, with
    :math:`L_i=\sum_{j\le i}\mu(x_i-x_j)`, :math:`R_i=\sum_{j\ge i}\mu(x_j-x_i)`:
    :math:`\pi^-=\frac i{n^2}(L_i+it)` increases and :math:`\pi^+=\frac{n-i}{n^2}(R_{i+1}+(n-i)(\mu\Delta_i-t))` decreases.
    They meet at :math:`t_i=\frac{(n-i)R_{i+1}+(n-i)^2\mu\Delta_i-iL_i}{i^2+(n-i)^2}`, clipped to the interval: the minimum
    is :math:`\pi^-` before and :math:`\pi^+` after. Either piece may be empty.

    Parameters
    ----------
    p
        A lifted problem.

    Returns
    -------
    tuple
        The pieces: first the rising one of every gap, then the falling ones; and the distances :math:`t_i` of the switch
        from the left end of each gap.
    """
    n, gaps = p.n, p.mu * p.gaps
    below, above = _partial_sums(p)
    if kind_of(p.mu) is ArithmeticKind.FLOATS:
        i = np.arange(1.0, n)
        left, right = p.mu * below[:-1], p.mu * above[1:]
    else:
        i = np.array(range(1, n), dtype=object)
        left, right = p.mu * np.array(below[:-1], dtype=object), p.mu * np.array(above[1:], dtype=object)
    k = n - i
    switch = (k * right + k**2 * gaps - i * left) / (i**2 + k**2)
    switch = minimum(maximum(switch, 0 * gaps), gaps)
    value = np.concatenate([i * (left + 0 * gaps) / n**2, k * (right + k * (gaps - switch)) / n**2])
    slope = np.concatenate([i**2 * (0 * gaps + 1) / n**2, -(k**2) * (0 * gaps + 1) / n**2])
    length = np.concatenate([switch, gaps - switch])
    return Pieces(value, slope, length), switch


def anchored_pieces(p: Any, a: int, b: int) -> tuple[Pieces, Number]:
    r"""Return the pieces of :func:`weight_pieces` and their starts minus :math:`\mu(x_a+x_b)/2`; indices count from 0."""
    pieces, switch = weight_pieces(p)
    from_anchor = p.mu * ((p.x[:-1] - p.x[a]) + (p.x[:-1] - p.x[b])) / 2
    return pieces, np.concatenate([from_anchor, from_anchor + switch])


def weight_at_offset(p: Any, a: int, b: int, offset: Number) -> Number:
    r"""Return :math:`\pi(y)` at :math:`y=\mu(x_a+x_b)/2+h`, without the cut to 0 outside :math:`[\mu x_1,\mu x_n]`.

    Parameters
    ----------
    p
        A lifted problem.
    a, b
        The anchors, indices from 0.
    offset
        :math:`h`, a scalar or an array of any shape.

    Returns
    -------
    Number
        The values, of the shape of ``offset``.
    """
    pieces, starts = anchored_pieces(p, a, b)
    return smooth(pieces, starts - np.asarray(offset)[..., None], p.sigma)


def weight_function(p: Any, y: Number) -> Number:
    r"""Return :math:`\pi(y)=\mathbb E_{\xi\sim N(0,\sigma^2)}\min\{\pi^+(y-\xi),\pi^-(y-\xi)\}`.

    It is 0 outside :math:`[\mu x_1,\mu x_n]`. Source: wu2025, Section 5; the closed form is :func:`weight_pieces` smoothed.

    Parameters
    ----------
    p
        A lifted problem.
    y
        A point, or in floats an array of points.

    Returns
    -------
    Number
        The weight, of the shape of ``y``.
    """
    from_first, to_last = y - p.mu * p.x[0], p.mu * p.x[-1] - y
    if kind_of(p.mu) is ArithmeticKind.FLOATS:
        # Exact differences, since the products alone are rounded: at x = 1e8 that moves a point by 1e-8.
        y = np.asarray(y, dtype=float)
        from_first, to_last = -from_middle(p, y, 0, 0).to_float(), from_middle(p, y, -1, -1).to_float()
    value = weight_at_offset(p, 0, 0, from_first)
    return where(minimum(from_first, to_last), value, 0 * value)


def noised_weight(p: Any, y: Number) -> Number:
    r"""Return :math:`\hat\pi(y)=\min\{P(Y>y)\,\mathbb E(Y-y)_+,P(Y<y)\,\mathbb E(y-Y)_+\}`, Y the noised sample.

    The paper's weight smooths the product of both factors, each a function of one common noise; here each factor is
    smoothed apart. It is the weight that the proof of Proposition 10 earns.

    Parameters
    ----------
    p
        A lifted problem.
    y
        A scalar point.

    Returns
    -------
    Number
        The weight.
    """
    t = (y - p.mu * np.asarray(p.x)) / p.sigma
    above, beyond = tail_moments(t, 2)
    below, short = tail_moments(-t, 2)
    return p.sigma * minimum(total(above) * total(beyond), total(below) * total(short)) / p.n**2
