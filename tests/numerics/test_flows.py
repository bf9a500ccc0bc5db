"""Ordinary differential equations: closed forms, exact step counts, and failures that are named."""

import math
import sys

import numpy as np
import pytest

from numerics.comparison import Truth
from numerics.flow_gradients import flow_gradient
from numerics.flows import FlowError, euler, solve
from numerics.loss_curvature import MissingTorchError

torch = pytest.importorskip("torch")
torchdiffeq = pytest.importorskip("torchdiffeq")


@pytest.fixture(autouse=True)
def torch_is_left_as_found():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def doubles(*values):
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("method", ["dopri5", "dopri8"])
def test_the_harmonic_oscillator_returns_after_each_period(method):
    times = 2 * np.pi * np.arange(4)
    found = solve(lambda t, y: np.array([y[1], -y[0]]), [1.0, 0.0], times, rtol=1e-8, atol=1e-10, method=method)
    assert found.truth is Truth.TRUE
    np.testing.assert_allclose(found.y, np.tile([1.0, 0.0], (4, 1)), rtol=0, atol=1e-6)
    assert found.discrepancy < 1e-6
    assert found.message.startswith("two integrators agree")


def test_any_shape_and_decreasing_times_are_solved():
    start = np.exp([[1.0, 2.0, 0.0], [0.5, 0.0, 1.0]])
    found = solve(lambda t, y: t * y, start, [1.0, 0.5, -0.25], rtol=1e-12, atol=1e-13)
    exact = start * np.exp((found.t**2 - 1) / 2)[:, None, None]
    np.testing.assert_allclose(found.y, exact, rtol=1e-11)
    np.testing.assert_array_equal(found.y[0], start)


def test_steps_end_on_the_times_where_torchdiffeq_alone_interpolates():
    times = np.linspace(0, 3, 7)
    alone = torchdiffeq.odeint(lambda t, y: -y, doubles(1.0), torch.tensor(times), rtol=1e-10, atol=1e-12, method="dopri8")
    ours = solve(lambda t, y: -y, [1.0], times, rtol=1e-10, atol=1e-12)
    exact = np.exp(-times)[:, None]
    assert np.abs(alone.numpy() - exact).max() > 1e-8
    assert np.abs(ours.y - exact).max() < 1e-10


def test_two_integrators_that_differ_leave_the_solution_undecided():
    ends = []

    def changes_between_the_integrators(t, y):
        if t == 1.0:
            ends.append(t)
        if t == 0.0 and ends:
            ends.append("again")
        return y * (1.001 if "again" in ends else 1.0)

    found = solve(changes_between_the_integrators, [1.0], [0.0, 1.0])
    assert found.truth is Truth.UNDECIDED
    assert found.discrepancy == pytest.approx(math.e * 1e-3, rel=0.01)
    assert found.message.startswith("undecided (ODE solver): two integrators differ by 2.7e-03, above")


# Steps of an explicit grid


@pytest.mark.parametrize("steps", [49, 98, 103])
def test_euler_takes_exactly_its_steps_where_a_step_size_takes_one_more(steps):
    calls = []

    def field(t, y):
        calls.append(float(t))
        return y

    torchdiffeq.odeint(field, doubles(1.0), doubles(0.0, 1.0), method="euler", options={"step_size": 1 / steps})
    assert len(calls) == steps + 1

    found = euler(lambda t, y: y, [1.0], steps)
    assert found.evaluations == steps
    assert len(found.y) == steps + 1
    np.testing.assert_array_equal(found.t, np.linspace(0, 1, steps + 1))
    assert found.y[-1, 0] == pytest.approx((1 + 1 / steps) ** steps, rel=1e-13)
    assert found.truth is Truth.TRUE


@pytest.mark.parametrize("steps", [61, 109])
def test_in_single_precision_a_step_size_takes_one_more_at_other_numbers_of_steps(steps):
    calls = []

    def field(t, y):
        calls.append(float(t))
        return y

    start, ends = torch.tensor([1.0]), torch.tensor([0.0, 1.0])
    torchdiffeq.odeint(field, start, ends, method="euler", options={"step_size": 1 / steps})
    assert len(calls) == steps + 1
    assert euler(lambda t, y: y, np.ones(1, dtype=np.float32), steps).evaluations == steps


def test_euler_converges_like_1_over_its_steps():
    errors = [math.e - float(euler(lambda t, y: y, 1, steps).y[-1]) for steps in (100, 200)]
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.01)


# Gradients through a flow


def drift(t, y, c):
    return -c * y * torch.cos(5 * y)


def exact_gradient(c):
    # The equation is autonomous in the time c t, so that the derivative in c is the final speed over c.
    final = solve(lambda t, y: -c * y * np.cos(5 * y), [1.0], [0, 1], rtol=1e-13, atol=1e-15).y[-1, 0]
    return -final * math.cos(5 * final)


def test_the_adjoint_alone_returns_1e36_for_a_gradient_of_about_0_and_the_cross_check_is_undecided():
    found = flow_gradient(drift, [1.0], [0, 1], [20.0], rtol=1e-6, atol=1e-7)
    assert abs(found.adjoint[0]) > 1e30
    assert abs(exact_gradient(20.0)) < 1e-12
    assert abs(found.gradient[0]) < 1e-4
    assert found.truth is Truth.UNDECIDED
    assert found.message.startswith("undecided (gradient through an ODE)")


@pytest.mark.parametrize(
    ("c", "rtol", "atol", "truth"),
    [
        (1.0, 1e-3, 1e-9, Truth.UNDECIDED),
        (1.0, 1e-9, 1e-9, Truth.TRUE),
        (5.0, 1e-3, 1e-9, Truth.UNDECIDED),
        (5.0, 1e-6, 1e-9, Truth.UNDECIDED),
        (5.0, 1e-9, 1e-9, Truth.TRUE),
        (20.0, 1e-3, 1e-9, Truth.UNDECIDED),
        (20.0, 1e-6, 1e-9, Truth.UNDECIDED),
    ],
)
def test_gradients_that_agree_are_right_and_those_that_are_wrong_disagree(c, rtol, atol, truth):
    found = flow_gradient(drift, [1.0], [0, 1], [c], rtol=rtol, atol=atol)
    assert found.truth is truth
    error = abs(found.gradient[0] - exact_gradient(c))
    assert error < 1e-7 if truth is Truth.TRUE else error > 1e-9


@pytest.mark.parametrize("rate", [1.0, 5.0, 20.0])
def test_a_contraction_of_any_rate_has_the_gradient_of_its_closed_form(rate):
    found = flow_gradient(lambda t, y, th: -rate * (y - th), [0.0], [0, 1], [2.0], rtol=1e-8, atol=1e-10)
    assert found.truth is Truth.TRUE
    assert found.gradient[0] == pytest.approx(1 - math.exp(-rate), abs=1e-7)
    assert found.value == pytest.approx(2 * (1 - math.exp(-rate)), abs=1e-7)


def test_a_right_hand_side_without_the_parameters_has_gradient_0():
    found = flow_gradient(lambda t, y, th: -y, [1.0], [0, 1], [2.0, 3.0])
    assert found.gradient.tolist() == [0.0, 0.0]
    assert found.truth is Truth.TRUE
    assert found.value == pytest.approx(math.exp(-1), rel=1e-8)


def test_a_method_that_runs_out_of_steps_is_undecided():
    found = flow_gradient(drift, [1.0], [0, 1], [20.0], rtol=1e-6, atol=1e-9, steps=3)
    assert np.isnan(found.gradient).all()
    assert found.truth is Truth.UNDECIDED


# Fixed steps without a grid


def test_a_fixed_grid_solve_without_a_grid_is_refused_where_torchdiffeq_returns_2_for_e():
    assert torchdiffeq.odeint(lambda t, y: y, doubles(1.0), doubles(0.0, 1.0), method="euler")[-1, 0] == 2.0
    for method in ("euler", "rk4", "midpoint"):
        with pytest.raises(FlowError, match=f"'{method}' is not adaptive: a fixed-grid solve needs its grid"):
            solve(lambda t, y: y, [1.0], [0, 1], method=method)
    assert solve(lambda t, y: y, [1.0], [0, 1]).y[-1, 0] == pytest.approx(math.e, rel=1e-9)
    with pytest.raises(FlowError, match="0 Euler steps"):
        euler(lambda t, y: y, [1.0], 0)


# Blow-up, bad starts and repeated times


def test_a_blow_up_is_named_with_its_time_where_torchdiffeq_underflows():
    with pytest.raises(AssertionError, match="underflow in dt"):
        torchdiffeq.odeint(lambda t, y: y * y, doubles(1.0), doubles(0.0, 1.5), method="dopri5")
    with pytest.raises(FlowError, match=r"the solution blows up at t = (1|0\.99999999\d*): there max\|y\| = "):
        solve(lambda t, y: y * y, [1.0], [0, 1.5])
    with pytest.raises(FlowError, match=r"blows up at t = (0\.6931|0\.693147\d*)"):
        solve(lambda t, y: np.exp(y), [math.log(1 / math.log(2))], [0, 0.5, 2.0])


def test_a_start_that_is_not_finite_is_named_where_torchdiffeq_underflows():
    with pytest.raises(AssertionError, match=r"underflow in dt|non-finite"):
        torchdiffeq.odeint(lambda t, y: -y, doubles(math.nan), doubles(0.0, 1.0), method="dopri5")
    for run in (lambda y0: solve(lambda t, y: -y, y0, [0, 1]), lambda y0: euler(lambda t, y: -y, y0, 3)):
        with pytest.raises(FlowError, match=r"y0\[1\] = nan: the start must be finite"):
            run([0.0, math.nan])
    with pytest.raises(FlowError, match="y0 = inf"):
        solve(lambda t, y: -y, math.inf, [0, 1])


def test_a_start_of_integers_is_cast_where_torchdiffeq_is_not_implemented():
    with pytest.raises(NotImplementedError):
        torchdiffeq.odeint(lambda t, y: -y, torch.tensor([1]), doubles(0.0, 1.0), method="dopri5")
    found = solve(lambda t, y: -y, np.array([1]), [0, 1])
    assert found.y.dtype == np.float64
    assert found.y[-1, 0] == pytest.approx(math.exp(-1), rel=1e-9)


def test_a_repeated_time_is_named_where_torchdiffeq_asserts():
    with pytest.raises(AssertionError):
        torchdiffeq.odeint(lambda t, y: -y, doubles(1.0), doubles(0.0, 1.0, 1.0), method="dopri5")
    with pytest.raises(FlowError, match=r"t\[1\] = t\[2\] = 1.0 is repeated"):
        solve(lambda t, y: -y, [1.0], [0, 1, 1])
    with pytest.raises(FlowError, match=r"t\[2\] = 0.5 is out of order"):
        solve(lambda t, y: -y, [1.0], [0, 1, 0.5, 2])
    with pytest.raises(FlowError, match=r"t\[1\] = -1.0 is out of order"):
        solve(lambda t, y: -y, [1.0], [0, -1, 1])
    for bad in ([0], [0, math.nan], [[0, 1]]):
        with pytest.raises(FlowError, match="at least two finite numbers"):
            solve(lambda t, y: -y, [1.0], bad)


def test_other_requests_that_no_solver_can_meet_are_refused():
    with pytest.raises(FlowError, match="tolerances"):
        solve(lambda t, y: -y, [1.0], [0, 1], rtol=1e-15)
    with pytest.raises(FlowError, match=r"shape \(1,\), the start \(2,\)"):
        solve(lambda t, y: -y[:1], [1.0, 2.0], [0, 1])
    with pytest.raises(FlowError, match=r"not finite at the start, t = 0\.0"):
        solve(lambda t, y: y / 0.0, [1.0], [0, 1])
    with pytest.raises(FlowError, match="complex"):
        solve(lambda t, y: -y, [1j], [0, 1])
    with pytest.raises(FlowError, match=r"1000 evaluations reach only t = "):
        solve(lambda t, y: -1e6 * (y - np.cos(t)), [1.0], [0, 1], evaluations=1000)
    with pytest.raises(FlowError, match=r"overflows: it is not finite at t = "):
        euler(lambda t, y: y**9, [1e30], 10)


@pytest.mark.parametrize("missing", ["torch", "torchdiffeq"])
def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingTorchError, match=rf"a flow needs {missing}: pip install 'quod\[networks\]'"):
        solve(lambda t, y: -y, [1.0], [0, 1])
