r"""Gradients through ordinary differential equations, by two methods that must agree.

The adjoint method stores nothing and retraces the flow backwards, where a contracting flow expands: it then returns a number
without a meaning, of size :math:`10^{36}` for a gradient of :math:`10^{-41}`. Differentiation through the solver has no such
failure, but errs at loose tolerances. Where the two differ the gradient is undecided.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.comparison import Truth
from numerics.flows import Floats, checked_start, checked_times, distance, torch_modules

INSTRUMENT = "gradient through an ODE"


@dataclass(frozen=True, kw_only=True)
class FlowGradient:
    """The gradient of the final value of a flow in its parameters, with the outcome of the cross-check.

    Parameters
    ----------
    value
        The sum of the entries at the last time, or the functional of them.
    gradient
        Its gradient by differentiation through the solver.
    adjoint
        Its gradient by the adjoint method; not a number where that failed.
    discrepancy
        The largest difference of the two.
    allowed
        The largest difference at which they still agree.
    """

    value: float
    gradient: Floats
    adjoint: Floats
    discrepancy: float
    allowed: float

    @property
    def truth(self) -> Truth:
        """Return true if the gradients agree, else undecided: nothing may rest on either."""
        return Truth.TRUE if self.discrepancy <= self.allowed else Truth.UNDECIDED

    @property
    def message(self) -> str:
        """Return one line for people: by how much the gradients differ."""
        if self.truth is Truth.TRUE:
            return f"through the solver and by the adjoint the gradients agree to {self.discrepancy:.1e}"
        return (
            f"undecided ({INSTRUMENT}): the adjoint method and differentiation through the solver differ by "
            f"{self.discrepancy:.1e}, above {self.allowed:.1e}"
        )


def flow_gradient(
    f: Callable[[Any, Any, Any], Any],
    y0: Any,
    t: Any,
    theta: Any,
    *,
    functional: Callable[[Any], Any] | None = None,
    rtol: float = 1e-10,
    atol: float = 1e-12,
    agreement: tuple[float, float] = (1e-6, 1e-6),
    steps: int = 2000,
) -> FlowGradient:
    r"""Differentiate :math:`g(y(T))` in :math:`\theta`, where :math:`y'=f(t,y,\theta)`, by two methods.

    Parameters
    ----------
    f
        The right-hand side on torch tensors of doubles.
    y0
        The start; integers are cast to float64.
    t
        The times, as in :func:`solve`; the last is T.
    theta
        The parameters, an array.
    functional
        The function g on tensors; by default the sum of the entries.
    rtol, atol
        Tolerances of a step.
    agreement
        The relative and the absolute difference of the gradients up to which they agree.
    steps
        The number of steps between two times beyond which a method counts as failed.

    Returns
    -------
    FlowGradient
        Both gradients and their difference.
    """
    torch, torchdiffeq = torch_modules()
    start, times = torch.tensor(checked_start(y0)), torch.tensor(checked_times(t))
    options = {"max_num_steps": steps}
    objective = functional or (lambda y: y.sum())
    results = []
    for adjoint in (False, True):
        point = torch.tensor(np.asarray(theta, dtype=np.float64), requires_grad=True)

        def field(time: Any, y: Any, point: Any = point) -> Any:
            return f(time, y, point)

        extra = {"adjoint_params": (point,)} if adjoint else {}
        method = torchdiffeq.odeint_adjoint if adjoint else torchdiffeq.odeint
        value = math.nan
        try:
            result = objective(method(field, start, times, rtol=rtol, atol=atol, method="dopri5", options=options, **extra)[-1])
            value = float(result.detach())
            # A right-hand side without the parameters has no graph to differentiate.
            gradient = torch.autograd.grad(result, point)[0] if result.requires_grad else torch.zeros_like(point)
            results.append((value, gradient.detach().numpy()))
        except AssertionError:
            # The step underflows where the backward solution blows up.
            results.append((value, np.full(point.shape, np.nan)))
    (value, direct), (_, by_adjoint) = results
    relative, absolute = agreement
    return FlowGradient(
        value=value,
        gradient=direct,
        adjoint=by_adjoint,
        discrepancy=distance(direct, by_adjoint),
        allowed=absolute + relative * float(np.abs(direct).max(initial=0.0)),
    )
