r"""The scalar equations :math:`U'=\Theta(s)U` and :math:`U'=\Theta(s)\sin U`: solutions and Euler schemes, in floats."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
FINE = 8


def sampled_distance(states: Floats, solution: Callable[[Floats], Floats]) -> float:
    r"""Return :math:`\sup_s|U(s)-u_{\lfloor Ls\rfloor}|` over 8 times a step.

    Parameters
    ----------
    states
        :math:`u_0,\dots,u_L`, shape ``(L + 1,)``.
    solution
        U.

    Returns
    -------
    float
        The supremum.
    """
    size = len(states) - 1
    fine = np.arange(FINE * size + 1)
    return float(np.abs(solution(fine / (FINE * size)) - states[fine // FINE]).max())


def scheme(start: float, theta: Floats, *, bend: bool) -> Floats:
    r"""Return :math:`u_{k+1}=u_k+\frac1Lg(u_k,\theta_{k+1})` for :math:`g=\theta u`, or :math:`\theta\sin u` if ``bend``.

    Parameters
    ----------
    start
        :math:`u_0`.
    theta
        Shape ``(L,)``.
    bend
        Which g.

    Returns
    -------
    array
        Shape ``(L + 1,)``.
    """
    size = len(theta)
    if not bend:
        grown: Floats = start * np.cumprod(np.concatenate([[1.0], 1 + theta / size]))
        return grown
    states = [start]
    for value in theta.tolist():
        states.append(states[-1] + value * np.sin(states[-1]) / size)
    return np.array(states)


def flow(start: float, grown: Floats, *, bend: bool) -> Floats:
    r"""Return the solution :math:`U_0e^E`, or :math:`2\arctan(\tan(U_0/2)e^E)` if ``bend``, where E is the integral of Theta.

    Parameters
    ----------
    start
        :math:`U_0`.
    grown
        E.
    bend
        Which g.

    Returns
    -------
    array
        Shape of ``grown``.
    """
    result: Floats = 2 * np.arctan(np.tan(start / 2) * np.exp(grown)) if bend else start * np.exp(grown)
    return result
