"""Irregularity, total variation and empirical risk: floats against balls, definitions, asymptotics and symmetries."""

import math
import time
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

from numerics.arithmetic import FLOATS, balls
from tests.theory.wu2025.samples import exact_problems
from theory.wu2025.irregularity import (
    empirical_risk,
    empirical_risk_by_definition,
    irregularity,
    irregularity_integral,
    irregularity_lower_bound,
    log_empirical_risk,
    total_variation,
    total_variation_integral,
)
from theory.wu2025.score import law_of_w, scaled_scores
from theory.wu2025.setting import SETTING, ScoreProblem
from theory.wu2025.weight import weight_function

EPS = float(np.finfo(float).eps)
CASES = [((0, 1), 0.9), ((0, 1), 1e-8), ((0, 1, 2.5), 0.1), ((0, 1, 1001), 1e-3), ((0, 1e-3, 1, 1.001), 0.01)]


def relative_error(ball, value, arithmetic):
    return abs(ball / arithmetic.number(float(value)) - 1)


@pytest.mark.parametrize(("x", "sigma"), CASES)
def test_the_irregularity_in_floats_is_within_its_stated_error_of_the_ball(problem, x, sigma):
    exact = problem(x, 0.8, sigma)
    stated = irregularity_integral(exact.lift(FLOATS))
    value = irregularity(exact.lift(FLOATS))
    assert stated.converged
    assert stated.error <= 1e-12 * stated.value
    with balls(360) as arithmetic, np.errstate(invalid="ignore"):
        lifted = exact.lift(arithmetic)
        ball = irregularity(lifted)
        assert ball.rel_accuracy_bits() > 48
        assert relative_error(ball, value, arithmetic) <= stated.error / stated.value + 4 * EPS
        lower = irregularity_lower_bound(lifted)
        assert lower <= ball
        assert lower > ball / 2


def test_two_thousand_points_at_tiny_noise_take_seconds_and_match_the_asymptote(problem):
    n, mu, sigma = 2000, 0.8, 1e-8
    p = problem(range(n), mu, sigma).lift(FLOATS)
    started = time.process_time()
    value = irregularity(p)
    assert time.process_time() - started < 20
    i = np.arange(1, n)
    asymptote = mu**3 / sigma**4 * float(np.sum(np.minimum(i, n - i) ** 3)) / (4 * n**2)
    assert value == pytest.approx(asymptote, rel=1e-12)


@pytest.mark.parametrize("r", [10.0, 20.0, 40.0])
def test_the_relative_distance_to_the_asymptote_of_two_points_is_of_order_one_over_r(problem, r):
    """The triangle averaged over the jump of the variance: 1 - TV/asymptote tends to a constant over r."""
    mu = 0.8
    value = irregularity(problem((0, 1), mu, mu / r).lift(FLOATS))
    distance = 1 - value / (mu**3 / (mu / r) ** 4 / 16)
    # The tip of the triangle smoothed is mu/8 (1 - 2 sqrt(2/pi)/r), and the jump is spread over sigma/r.
    assert distance * r == pytest.approx(2 * math.sqrt(2 / math.pi), rel=2 / r)


@pytest.mark.parametrize(("x", "sigma"), [((0, 1), 0.5), ((0, 1, 2.5), 0.3), ((-1, 0, 0.25, 2), 0.3)])
def test_the_irregularity_is_scipys_integral_over_y_of_its_definition(problem, x, sigma):
    p = problem(x, 0.8, sigma).lift(FLOATS)

    def integrand(y):
        return abs(scaled_scores(p, y).second) / p.sigma**6 * float(weight_function(p, y))

    # Kinks at zeros of s'' cost a local rule a second order in its step: cut there, as a dense table of signs sees them.
    y = np.linspace(p.mu * p.x[0], p.mu * p.x[-1], 20001)
    signs = np.sign(scaled_scores(p, y).second)
    zeros = [brentq(lambda v: scaled_scores(p, v).second, y[k], y[k + 1], xtol=1e-15) for k in np.flatnonzero(np.diff(signs))]
    edges = np.unique([p.mu * p.x[0], *zeros, p.mu * p.x[-1]])
    parts = [quad(integrand, a, b, limit=200, epsrel=1e-10) for a, b in pairwise(edges)]
    assert irregularity(p) == pytest.approx(sum(value for value, _ in parts), rel=1e-9)


def test_samples_far_denser_than_the_noise_state_an_error_that_covers_the_rounding(problem):
    """The third cumulant is then far below the moments it is summed from; a moved sample is rounded otherwise."""
    x = np.arange(60) / 2
    here, there = (irregularity_integral(ScoreProblem(x=x + shift, mu=0.75, sigma=0.75)) for shift in (0, 1 / 3))
    assert 64 * EPS * here.value < abs(here.value - there.value) <= here.error + there.error


@pytest.mark.parametrize(("x", "sigma"), [CASES[0], CASES[2], CASES[3]])
def test_the_total_variation_is_the_sum_of_the_jumps_of_the_variance(problem, x, sigma):
    """Between zeros of the third cumulant, mu^2/sigma^4 V W is monotone; here over a grid that resolves every peak."""
    p = problem(x, 0.8, sigma).lift(FLOATS)
    stated = total_variation_integral(p)
    grid = [np.array([p.mu * p.x[0] - 1e3 * sigma, p.mu * p.x[-1] + 1e3 * sigma])]
    for gap, left in zip(p.gaps, p.x[:-1], strict=True):
        width = sigma**2 / (p.mu * gap)
        grid.append(p.mu * (left + gap / 2) + width * np.sinh(np.linspace(-40, 40, 20001)))
    y = np.unique(np.concatenate(grid))
    y = y[(y >= grid[0][0]) & (y <= grid[0][1])]
    variance = (
        law_of_w(p, y).variance
        if len(y) < 50000
        else np.concatenate([law_of_w(p, part).variance for part in np.array_split(y, 8)])
    )
    jumps = float(np.sum(np.abs(np.diff(variance))))
    assert jumps <= stated.value * (1 + 1e-12)
    assert jumps == pytest.approx(stated.value, rel=1e-5)


@pytest.mark.parametrize("sigma", [0.9, 0.1, 1e-3, 1e-8])
def test_the_total_variation_of_two_points_is_half_the_squared_range(problem, sigma):
    """V W rises from 0 to (x_2 - x_1)^2/4 and falls: TV = mu^2 (x_2 - x_1)^2/(2 sigma^4)."""
    p = problem((1, 4), 0.8, sigma).lift(FLOATS)
    stated = total_variation_integral(p)
    assert abs(stated.value - 9 / 2) <= stated.error


@given(exact_problems(most=4))
@settings(max_examples=40)
def test_the_total_variation_is_at_least_the_jumps_at_data_and_midpoints(exact):
    p = exact.lift(FLOATS)
    stated = total_variation_integral(p)
    y = np.sort(np.concatenate([p.mu * p.x, p.mu * (p.x[1:] + p.x[:-1]) / 2]))
    assert float(np.sum(np.abs(np.diff(law_of_w(p, y).variance)))) <= stated.value + stated.error


def test_the_total_variation_in_floats_is_within_its_stated_error_of_the_ball(problem):
    exact = problem((0, 1, 2.5), 0.8, 0.1)
    stated = total_variation_integral(exact.lift(FLOATS))
    with balls(360) as arithmetic, np.errstate(invalid="ignore"):
        ball = total_variation(exact.lift(arithmetic))
        assert relative_error(ball, total_variation(exact.lift(FLOATS)), arithmetic) <= stated.error / stated.value + 4 * EPS


@pytest.mark.parametrize(("x", "sigma"), [((0, 1), 0.9), ((0, 1, 2.5), 0.3), ((0, 1e-3, 1), 0.4)])
def test_four_ways_to_the_empirical_risk_agree(problem, x, sigma):
    exact = problem(x, 0.8, sigma)
    p = exact.lift(FLOATS)
    stated = log_empirical_risk(p)
    with balls(360) as arithmetic, np.errstate(invalid="ignore"):
        ball = empirical_risk(exact.lift(arithmetic))
        assert abs(ball.log() - arithmetic.number(float(stated.log))) <= stated.relative_error
    definition = empirical_risk_by_definition(p, lambda y: scaled_scores(p, y).score / p.sigma**2, nodes=300)
    assert definition == pytest.approx(stated.value, rel=1e-7)

    def density_times_variance(y):
        density = np.mean(np.exp(-(((y - p.mu * p.x) / p.sigma) ** 2) / 2)) / (p.sigma * math.sqrt(2 * math.pi))
        return float(law_of_w(p, y).variance) * density

    reach = 12 * p.sigma
    value, _ = quad(density_times_variance, p.mu * p.x[0] - reach, p.mu * p.x[-1] + reach, limit=500, epsrel=1e-11)
    assert p.mu**2 / p.sigma**4 * value == pytest.approx(stated.value, rel=1e-9)


def test_a_risk_far_below_the_smallest_float_keeps_its_logarithm(problem):
    r"""For two points R = mu^2 D^2/sigma^4 e^{-r^2/8} (1/(2 sqrt(2 pi))) integral of e^{-u^2/2} sech(r u/2)/2 du."""
    exact = problem((0, 1), 0.8, 0.01)
    stated = log_empirical_risk(exact.lift(FLOATS))
    r = 80.0
    integral, _ = quad(lambda u: math.exp(-(u**2) / 2) / math.cosh(r * u / 2) / 2, -1.2, 1.2, points=[0.0], epsrel=1e-12)
    log_risk = 2 * math.log(0.8) - 4 * math.log(0.01) - r**2 / 8 + math.log(integral / (2 * math.sqrt(2 * math.pi)))
    assert stated.value == pytest.approx(math.exp(log_risk), rel=1e-10, abs=0)
    far = log_empirical_risk(problem((0, 1), 0.8, 0.001).lift(FLOATS))
    assert not far.value
    assert -80010 < far.log < -79960
    assert far.relative_error < 1e-9


@given(exact_problems(most=4))
@settings(max_examples=60)
def test_every_drawn_sample_satisfies_the_standing_hypotheses(exact):
    assert all(gap > 0 for gap in exact.gaps)
    assert 0 < exact.mu < 1
    assert 0 < exact.sigma < 1
    assert len(SETTING) == 2
    lifted = exact.lift(FLOATS)
    assert [Fraction(float(v)) for v in lifted.x] == list(exact.x)


def quantities(p):
    """Each quantity in natural scale with its stated relative error: TV_pi, TV, and the logarithm of the risk."""
    lifted = p.lift(FLOATS)
    weighted, plain, risk = irregularity_integral(lifted), total_variation_integral(lifted), log_empirical_risk(lifted)
    scale = 2 * math.log(lifted.mu) - 4 * math.log(lifted.sigma)
    return [
        (math.log(weighted.value) + scale, weighted.error / weighted.value),
        (math.log(plain.value) + scale, plain.error / plain.value),
        (risk.log, risk.relative_error),
    ]


def assert_scaled(p, q, powers, factor):
    """Each quantity of q is ``factor`` to its power times that of p, to the stated errors."""
    for (here, e), (there, f), power in zip(quantities(p), quantities(q), powers, strict=True):
        assert abs(there - here - power * math.log(factor)) <= e + f + 64 * EPS * (1 + abs(here))


symmetric = settings(max_examples=12)


@given(exact_problems(most=4), st.integers(-32, 32))
@symmetric
def test_translation_changes_nothing(p, shift):
    assert_scaled(p, ScoreProblem(x=tuple(v + shift for v in p.x), mu=p.mu, sigma=p.sigma), (0, 0, 0), 1.0)


@given(exact_problems(most=4))
@symmetric
def test_reflection_changes_nothing(p):
    assert_scaled(p, ScoreProblem(x=tuple(-v for v in p.x[::-1]), mu=p.mu, sigma=p.sigma), (0, 0, 0), 1.0)


@given(exact_problems(most=4))
@symmetric
def test_only_sigma_over_mu_matters_up_to_a_power_of_mu(p):
    """TV_pi(mu, sigma) = TV_pi(1, sigma/mu)/mu, TV(mu, sigma) = mu^-2 TV and R(mu, sigma) = mu^-2 R."""
    # mu is made a power of two so that sigma/mu is exact.
    at = Fraction(1, 2 ** (p.mu.numerator % 5 + 1))
    here = ScoreProblem(x=p.x, mu=at, sigma=p.sigma)
    assert_scaled(ScoreProblem(x=p.x, mu=Fraction(1), sigma=p.sigma / at), here, (-1, -2, -2), float(at))


@given(exact_problems(most=4), st.sampled_from([Fraction(1, 4), Fraction(8), Fraction(3)]))
@symmetric
def test_scaling_sample_and_noise_together_scales_by_a_power(p, factor):
    """With (c x, c sigma): s'' carries c^-3, dy carries c, pi carries c: TV_pi by c^-1, TV by c^-2, the risk by c^-2."""
    q = ScoreProblem(x=tuple(v * factor for v in p.x), mu=p.mu, sigma=p.sigma * factor)
    assert_scaled(p, q, (-1, -2, -2), float(factor))
