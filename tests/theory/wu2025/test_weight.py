"""The weight pi in closed form against its definition."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.arithmetic import FLOATS, balls, pi, sqrt
from numerics.ball_integration import holomorphic
from numerics.ball_integration import integrate as integrate_balls
from numerics.quadrature import integrate
from tests.theory.wu2025.samples import exact_problems
from theory.wu2025.setting import ScoreProblem
from theory.wu2025.weight import pi_minus, pi_plus, unsmoothed_weight, weight_at_offset, weight_function, weight_pieces

SAMPLES = {
    "two": (0, 1),
    "even": (0, 1, 2, 3, 4),
    "lopsided": (0, 1, 1001),
    "clusters": (0, Fraction(1, 1000), 1, Fraction(1001, 1000), 5),
}


def switches(p):
    """Where min(pi+, pi-) has kinks and jumps: the data and the switch of branch in each gap."""
    return [*(p.mu * p.x), *(p.mu * p.x[:-1] + weight_pieces(p)[1])]


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("sigma", ["1/2", "1/20"])
def test_the_closed_form_is_the_smoothed_definition_to_twelve_digits(problem, name, sigma):
    p = problem(SAMPLES[name], "4/5", sigma).lift(FLOATS)
    low, high = p.mu * p.x[0], p.mu * p.x[-1]
    unsmoothed = np.vectorize(lambda u: unsmoothed_weight(p, u))
    for y in (low, low + 0.37 * (high - low), (low + high) / 2, high - 0.01):

        def density(u, y=y):
            return unsmoothed(u) * np.exp(-(((y - u) / p.sigma) ** 2) / 2) / (p.sigma * math.sqrt(2 * math.pi))

        reach = 12 * p.sigma
        ends = max(low, y - reach), min(high, y + reach)
        inner = [v for v in [*switches(p), y] if ends[0] < v < ends[1]]
        result = integrate(density, *ends, points=inner or [y], relative=1e-12)
        assert weight_function(p, y) == pytest.approx(result.value, rel=2e-12, abs=1e-15 * (high - low))


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("sigma", ["1/2", "1/50"])
def test_the_closed_form_is_the_smoothed_definition_to_thirty_digits_in_balls(problem, name, sigma):
    with balls(200) as arithmetic:
        exact = problem(SAMPLES[name], "4/5", sigma)
        p = exact.lift(arithmetic)
        n, points = p.n, [exact.mu * v for v in exact.x]
        y = arithmetic.number((points[0] + 3 * points[-1]) / 4)
        norm = p.sigma * sqrt(2 * pi(p.mu))
        total = arithmetic.number(0)
        for i in range(1, n):
            # On a gap both are affine, so that the branch switches where the exact lines cross.
            low, high = points[i - 1], points[i]
            minus = (Fraction(i, n**2), [points[j] for j in range(i)])
            plus = (Fraction(n - i, n**2), [points[j] for j in range(i, n)])
            slope_m, at_m = minus[0] * i, -minus[0] * sum(minus[1])
            slope_p, at_p = -plus[0] * (n - i), plus[0] * sum(plus[1])
            cross = min(max((at_p - at_m) / (slope_m - slope_p), low), high)
            for a, b, slope, value in ((low, cross, slope_m, at_m), (cross, high, slope_p, at_p)):
                k, v = arithmetic.number(slope), arithmetic.number(value)
                f = holomorphic(lambda u, k=k, v=v: (k * u + v) * (-(((y - u) / p.sigma) ** 2) / 2).exp() / norm)
                if a < b:
                    total += integrate_balls(f, a, b, relative_bits=130, absolute_bits=140)
        closed = weight_function(p, y)
        assert (closed - total).contains(0)
        assert (closed.rad() + total.rad()) < 1e-30


def test_the_definition_of_pi_counts_strictly_on_both_sides(problem):
    """At a sample point itself P(mu U < y) leaves that point out; the expectation would not notice, the square does."""
    p = problem((0, 1, 3), Fraction(1, 2), Fraction(1, 4)).lift(FLOATS)
    # y = mu x_2 = 1/2: below it only x_1 = 0, with P = 1/3 and E(y - mu U | .) = 1/2.
    assert pi_minus(p, 0.5) == pytest.approx((1 / 3) ** 2 * 0.5)
    assert pi_plus(p, 0.5) == pytest.approx((1 / 3) ** 2 * 1.0)
    assert pi_minus(p, 0.75) == pytest.approx((2 / 3) ** 2 * (0.75 + 0.25) / 2)
    assert unsmoothed_weight(p, -0.1) == unsmoothed_weight(p, 1.6) == 0


def test_two_points_give_an_exact_triangle_whose_peak_tends_to_an_eighth_of_the_gap(problem):
    gap, mu = 3.0, 0.8
    peaks = []
    for sigma in (1e-2, 1e-4, 1e-6):
        p = problem((2, 5), mu, sigma).lift(FLOATS)
        peaks.append(weight_at_offset(p, 0, 1, 0.0))
        # A triangle of slopes +-1/4 smoothed at its tip loses sigma/4 sqrt(2/pi).
        assert peaks[-1] == pytest.approx(mu * gap / 8 - sigma / 4 * math.sqrt(2 / math.pi), rel=1e-12)
    assert abs(peaks[-1] - mu * gap / 8) < 1e-6


def test_the_switch_of_branch_ties_at_the_middle_of_symmetric_samples(problem):
    for x, gap in (((0, 1), 0), ((0, 1, 3, 4), 1)):
        p = problem(x, "4/5", "1/10").lift(FLOATS)
        assert weight_pieces(p)[1][gap] == pytest.approx(p.mu * p.gaps[gap] / 2, rel=1e-15)


@given(exact_problems())
def test_pi_vanishes_outside_the_data_and_rises_then_falls_inside(exact):
    p = exact.lift(FLOATS)
    low, high = p.mu * p.x[0], p.mu * p.x[-1]
    width = high - low
    assert weight_function(p, low - 1e-9 * width) == weight_function(p, high + 1e-9 * width) == 0
    values = weight_function(p, np.linspace(low, high, 400)[1:-1])
    top = int(np.argmax(values))
    slack = 64 * np.finfo(float).eps * values[top]
    assert np.all(np.diff(values[: top + 1]) >= -slack)
    assert np.all(np.diff(values[top:]) <= slack)
    assert np.all(values > 0)


@given(exact_problems(), st.integers(-8, 8), st.floats(0.02, 0.98))
def test_pi_moves_with_the_sample_and_mirrors_with_it(exact, shift, where):
    p = exact.lift(FLOATS)
    moved = ScoreProblem(x=tuple(v + shift for v in exact.x), mu=exact.mu, sigma=exact.sigma).lift(FLOATS)
    mirrored = ScoreProblem(x=tuple(-v for v in exact.x[::-1]), mu=exact.mu, sigma=exact.sigma).lift(FLOATS)
    y = p.mu * (p.x[0] + where * (p.x[-1] - p.x[0]))
    # A rounded point is off by an ulp of its size; pi has slope at most 1.
    slack = 16 * np.finfo(float).eps * (abs(y) + abs(p.x[-1] - p.x[0]) + abs(p.x[0]) + abs(shift))
    assert abs(weight_function(moved, y + p.mu * shift) - weight_function(p, y)) <= slack
    assert abs(weight_function(mirrored, -y) - weight_function(p, y)) <= slack


def test_pi_far_from_the_origin_belongs_to_the_exact_values_of_the_floats(problem):
    """mu x is rounded by 1e-8 at x = 1e8, more than sigma; the difference from y is not."""
    exact = problem((1e8, 1e8 + 1), 0.8, 1e-9)
    y = 8e7 + 0.1
    with balls(300) as arithmetic:
        ball = weight_function(exact.lift(arithmetic), arithmetic.number(y))
        value = weight_function(exact.lift(FLOATS), y)
        assert abs(ball - float(value)) <= abs(ball) * 1e-13
