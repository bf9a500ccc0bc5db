r"""Samples of the backward Ornstein-Uhlenbeck process by the Euler-Maruyama scheme.

If :math:`dX=-X\,dt+\sqrt2\,dB` carries a law to :math:`p_t`, then :math:`dX=(X+2\nabla\log p_t(X))\,ds+\sqrt2\,dB` with
:math:`t` running down carries :math:`p_T` back. A step of length h from t is

.. math:: X\leftarrow X+h\,\big(X+2s(t,X)\big)+\sqrt{2h}\,Z.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Score: TypeAlias = Callable[[float, Array], Array]


def backward_samples(score: Score, times: Array, count: int, dimension: int, rng: np.random.Generator) -> Array:
    r"""Run the process from :math:`N(0,I)` at the first time to the last one.

    Parameters
    ----------
    score
        :math:`s(t,x)` at points of shape ``(count, d)``.
    times
        Decreasing times; each but the last one is the start of a step.
    count, dimension
        How many samples, and d.
    rng
        The source of the start and of the noise.

    Returns
    -------
    numpy.ndarray
        Samples, shape ``(count, d)``; not finite where the score throws them out.

    Raises
    ------
    ValueError
        If the times do not decrease.
    """
    steps = -np.diff(times)
    if np.any(~(steps > 0)):
        raise ValueError(f"times of the backward process must decrease, not go from {times[0]:g} to {times[-1]:g} as given")
    x = rng.standard_normal((count, dimension))
    with np.errstate(over="ignore", invalid="ignore"):
        for time, step in zip(times, steps, strict=False):
            x = x + step * (x + 2 * score(float(time), x)) + np.sqrt(2 * step) * rng.standard_normal(x.shape)
    return x
