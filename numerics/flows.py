r"""Ordinary differential equations through one door: two integrators must agree.

:func:`solve` integrates by the adaptive Runge-Kutta methods of torchdiffeq and again by DOP853 of scipy, which shares no code
with them; :func:`euler` takes exactly the steps that it is asked for. What a solver of either package would end in, an
assertion about an underflow or a value of the wrong number of steps, is found first and named.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from numerics.comparison import Truth
from numerics.loss_curvature import MissingTorchError

Floats: TypeAlias = NDArray[np.float64]
Field: TypeAlias = Callable[[float, Floats], Any]

INSTRUMENT = "ODE solver"
# Below a hundred roundings an adaptive method only chases its own noise.
_LEAST_RTOL = 2.3e-14
# What the two integrators may differ by, in tolerances of one step: errors of steps add up, and grow along the flow.
_SLACK = 100.0


class FlowError(ValueError):
    """The equation, its start or its times admit no solution that could be vouched for; the message is one line."""


@dataclass(frozen=True, kw_only=True)
class Trajectory:
    """A solution at given times, with the outcome of the cross-check.

    Parameters
    ----------
    t
        The times, shape ``(T,)``.
    y
        The solution at each of them, shape ``(T, *shape of the start)``.
    evaluations
        How often the first integrator evaluated the right-hand side.
    discrepancy
        The largest difference of the two integrators over times and entries.
    allowed
        The largest difference at which they still agree.
    """

    t: Floats
    y: Floats
    evaluations: int
    discrepancy: float
    allowed: float

    @property
    def truth(self) -> Truth:
        """Return true if the integrators agree, else undecided: nothing may rest on the solution."""
        return Truth.TRUE if self.discrepancy <= self.allowed else Truth.UNDECIDED

    @property
    def message(self) -> str:
        """Return one line for people: by how much the integrators differ."""
        if self.truth is Truth.TRUE:
            return f"two integrators agree to {self.discrepancy:.1e}"
        return f"undecided ({INSTRUMENT}): two integrators differ by {self.discrepancy:.1e}, above {self.allowed:.1e}"


def solve(
    f: Field,
    y0: Any,
    t: Any,
    *,
    rtol: float = 1e-10,
    atol: float = 1e-12,
    method: Literal["dopri5", "dopri8"] = "dopri8",
    evaluations: int = 1_000_000,
) -> Trajectory:
    r"""Solve :math:`y'=f(t,y)`, :math:`y(t_0)=y_0`, by two adaptive integrators.

    Parameters
    ----------
    f
        The right-hand side on a float and a float64 array.
    y0
        The start, of any shape; integers are cast to float64.
    t
        At least two times, strictly increasing or strictly decreasing; the first is that of the start.
    rtol, atol
        Tolerances of a step, relative (at least 2.3e-14) and absolute.
    method
        The first integrator; the steps end on the times, so that nothing is interpolated.
    evaluations
        How often each integrator may evaluate the right-hand side.

    Returns
    -------
    Trajectory
        The solution and the difference of the integrators.

    Raises
    ------
    FlowError
        If a time is repeated or out of order, the start or a value is not finite, the method takes fixed steps, or the
        solution cannot be continued to the last time, or not within the evaluations.
    """
    if method not in {"dopri5", "dopri8"}:
        raise FlowError(f"method {method!r} is not adaptive: a fixed-grid solve needs its grid, see euler(f, y0, steps)")
    start, times = checked_start(y0), checked_times(t)
    if not (rtol >= _LEAST_RTOL and atol > 0):
        raise FlowError(f"tolerances rtol = {rtol!r} and atol = {atol!r}: at least {_LEAST_RTOL} and above 0 are needed")
    other = _scipy(_Counted(f, start, evaluations), start, times, rtol, atol)
    counted = _Counted(f, start, evaluations)
    options = {"step_t": times[1:]}
    found = _torchdiffeq(counted, start, times, method=method, options=options, rtol=rtol, atol=atol)
    allowed = _SLACK * (atol + rtol * float(np.abs(found).max(initial=0.0)))
    return Trajectory(t=times, y=found, evaluations=counted.calls, discrepancy=distance(found, other), allowed=allowed)


def euler(f: Field, y0: Any, steps: int) -> Trajectory:
    r"""Take exactly L explicit Euler steps on the grid :math:`0,\frac1L,\dots,1`, at L evaluations.

    A step size of 1/L instead of the grid gives one step too many for L = 49, 98, 103, the last of size 1e-16.

    Parameters
    ----------
    f
        The right-hand side on a float and a float64 array.
    y0
        The start at time 0, of any shape; integers are cast to float64.
    steps
        The number L of steps, at least 1.

    Returns
    -------
    Trajectory
        All L + 1 iterates; the second integrator is a plain loop.

    Raises
    ------
    FlowError
        If there is no step, the start or a value is not finite, or the count of evaluations is not L.
    """
    if steps < 1:
        raise FlowError(f"{steps} Euler steps: at least 1 is needed")
    start, grid = checked_start(y0), np.linspace(0.0, 1.0, steps + 1)
    counted, again = _Counted(f, start, 2 * steps), _Counted(f, start, steps)
    found = _torchdiffeq(counted, start, grid, method="euler")
    if counted.calls != steps:
        raise FlowError(f"{steps} Euler steps took {counted.calls} evaluations")
    loop = [start]
    for left, right in zip(grid[:-1].tolist(), grid[1:].tolist(), strict=True):
        loop.append(loop[-1] + (right - left) * again(left, loop[-1]))
    allowed = 4 * steps * float(np.finfo(np.float64).eps) * float(np.abs(found).max(initial=0.0))
    return Trajectory(t=grid, y=found, evaluations=counted.calls, discrepancy=distance(found, np.stack(loop)), allowed=allowed)


class _Counted:
    """A right-hand side that counts its calls, up to a limit, and refuses a result of another shape than the start."""

    def __init__(self, f: Field, start: Floats, limit: int) -> None:
        self._f, self._shape, self._limit = f, start.shape, limit
        self.calls = 0

    def __call__(self, t: float, y: Floats) -> Floats:
        if self.calls == self._limit:
            raise FlowError(f"{self._limit} evaluations reach only t = {t!r}: stiff, or the tolerances are too small")
        self.calls += 1
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            speed = np.asarray(self._f(t, y), dtype=np.float64)
        if speed.shape != self._shape:
            raise FlowError(f"the right-hand side has shape {speed.shape}, the start {self._shape}")
        if self.calls == 1 and not np.all(np.isfinite(speed)):
            raise FlowError(f"the right-hand side is not finite at the start, t = {t!r}")
        return speed


def checked_start(y0: Any) -> Floats:
    """Return a start in float64; one that is not real or not finite raises :class:`FlowError`."""
    start = np.asarray(y0)
    if start.dtype.kind not in "biuf":
        raise FlowError(f"a start of type {start.dtype}: real numbers are needed")
    start = start.astype(np.float64)
    if not np.all(np.isfinite(start)):
        index = tuple(np.argwhere(~np.isfinite(start))[0].tolist())
        raise FlowError(f"y0{list(index) if index else ''} = {float(start[index])!r}: the start must be finite")
    return start


def checked_times(t: Any) -> Floats:
    """Return times in float64; a repeated time or one out of order raises :class:`FlowError`."""
    times = np.asarray(t, dtype=np.float64)
    if times.ndim != 1 or times.size < 2 or not np.all(np.isfinite(times)):
        raise FlowError(f"times {t!r}: a sequence of at least two finite numbers is needed")
    gaps = np.diff(times) * np.sign(times[-1] - times[0] or 1.0)
    if np.any(gaps == 0):
        index = int(np.flatnonzero(gaps == 0)[0])
        raise FlowError(f"the time t[{index}] = t[{index + 1}] = {float(times[index])!r} is repeated")
    if np.any(gaps < 0):
        index = int(np.flatnonzero(gaps < 0)[0]) + 1
        raise FlowError(f"t[{index}] = {float(times[index])!r} is out of order: times increase or decrease throughout")
    return times


def torch_modules() -> tuple[Any, Any]:
    """Return torch and torchdiffeq; without them :class:`MissingTorchError` says how to install them."""
    try:
        import torch  # slow to import, and not installed everywhere
        import torchdiffeq
    except ModuleNotFoundError as error:
        if error.name not in {"torch", "torchdiffeq"}:
            raise
        raise MissingTorchError(f"a flow needs {error.name}: pip install 'quod[networks]'") from error
    return torch, torchdiffeq


def _torchdiffeq(f: _Counted, start: Floats, times: Floats, **settings: Any) -> Floats:
    torch, torchdiffeq = torch_modules()
    if "options" in settings:
        settings["options"] = {name: torch.tensor(value) for name, value in settings["options"].items()}
    reached = float(times[0])

    def field(t: Any, y: Any) -> Any:
        nonlocal reached
        reached = float(t)
        return torch.from_numpy(f(reached, y.numpy()))

    try:
        with torch.no_grad():
            found: Floats = torchdiffeq.odeint(field, torch.from_numpy(start), torch.from_numpy(times), **settings).numpy()
    except AssertionError as error:
        raise FlowError(f"torchdiffeq stops near t = {reached!r}: {str(error).splitlines()[0]}") from error
    if not np.all(np.isfinite(found)):
        last = int(np.flatnonzero(~np.isfinite(found.reshape(times.size, -1)).all(axis=1))[0])
        raise FlowError(f"the solution overflows: it is not finite at t = {float(times[last])!r}")
    return found


def _scipy(f: _Counted, start: Floats, times: Floats, rtol: float, atol: float) -> Floats:
    from scipy import integrate  # slow to import, and not needed to list statements

    def field(t: float, y: Floats) -> Floats:
        return f(float(t), y.reshape(start.shape)).reshape(-1)

    stepper = integrate.DOP853(field, float(times[0]), start.reshape(-1), float(times[-1]), rtol=rtol, atol=atol)
    first = float(np.abs(start).max(initial=0.0)), float(np.abs(stepper.f).max(initial=0.0))
    states = [start]
    for left, right in zip(times[:-1].tolist(), times[1:].tolist(), strict=True):
        # A fresh integrator for each leg, with the last step as its first: its steps end on the times as well.
        step = min(abs(stepper.h_abs), abs(right - left))
        stepper = integrate.DOP853(field, left, states[-1].reshape(-1), right, rtol=rtol, atol=atol, first_step=step)
        with np.errstate(over="ignore", invalid="ignore"):
            while stepper.status == "running":
                stepper.step()
        if stepper.status == "failed" or not np.all(np.isfinite(stepper.y)):
            _refuse(stepper, first)
        states.append(stepper.y.reshape(start.shape))
    return np.stack(states)


def _refuse(stepper: Any, first: tuple[float, float]) -> NoReturn:
    size, speed = float(np.abs(stepper.y).max()), float(np.abs(stepper.f).max())
    grown = not (size < 1e6 * (1 + first[0]) and speed < 1e6 * (1 + first[1]))
    what = "the solution blows up" if grown else "the step underflows (a jump of the right-hand side?)"
    raise FlowError(f"{what} at t = {float(stepper.t):.10g}: there max|y| = {size:.3g} and max|y'| = {speed:.3g}")


def distance(left: Floats, right: Floats) -> float:
    """Return the largest difference; not a number if one entry is none."""
    return float(np.abs(left - right).max(initial=0.0))
