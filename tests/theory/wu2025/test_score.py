"""The empirical optimal score at every noise level, against balls for the exact values of the floats."""

import tracemalloc
from fractions import Fraction

import flint
import numpy as np
import pytest
import sympy

from numerics.arithmetic import FLOATS, SYMBOLS, balls
from theory.statement import InputError
from theory.wu2025.score import (
    empirical_optimal_score,
    law_at_offset,
    law_of_w,
    nearest,
    scaled_scores,
    score_derivative_from_variance,
    score_from_mean,
    score_problem_moments,
    score_second_derivative_from_moment,
    unscaled,
)
from theory.wu2025.setting import ScoreProblem

ULP = 2.0**-52
FEW = 40  # exponentials are right to 1 or to 4 ulp, by the processor
NAMES = ("score", "first", "second")
SAMPLES = {
    "two points": [0.0, 1.0],
    "symmetric": [-1.0, 1.0],
    "generic": [0.1, 0.3, 0.35, 1.7],
    "around 1e8": [1e8, 1e8 + 1, 1e8 + 1.25],
    "clusters": [0.0, 1e-3, 1.0, 1.001, 5.0],
    "lopsided": [1.0, 1000.0, 1000.5],
}


def exact_scores(p, y):
    """sigma^2 s*, sigma^4 s*', sigma^6 s*'' as balls."""
    law = law_of_w(p, y)
    score = p.mu * (p.x[nearest(p, y)] + law.mean) - y
    return score, p.mu**2 * law.variance - p.sigma**2, p.mu**3 * law.third_central_moment


def hard_points(x, mu, sigma):
    """Midpoints, data, one ulp beside them, within sigma and sigma^2 of them, and far away."""
    x = np.array(x)
    for at in np.concatenate([mu * (x[1:] + x[:-1]) / 2, mu * x]):
        yield from (
            at,
            np.nextafter(at, np.inf),
            np.nextafter(at, -np.inf),
            at + 0.3 * sigma,
            at + 0.7 * sigma**2,
            at - 5 * sigma**2,
        )
    yield from (1e10, -1e10, sigma**2 / 5, -(sigma**2))


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("sigma", [1.0, 0.1, 1e-3, 1e-12, 1e-150])
def test_scaled_scores_are_right_to_a_few_ulp_of_their_condition_at_every_noise_level(problem, name, sigma):
    for mu in (1.0, 0.8):
        p, y = problem(SAMPLES[name], mu, sigma), np.array(list(hard_points(SAMPLES[name], mu, sigma)))
        computed = scaled_scores(p.lift(FLOATS), y)
        # Weights below the least normal float may lose digits: a third moment is at most (range)^3 times one.
        least = 1e-290 * float(max(1.0, SAMPLES[name][-1] - SAMPLES[name][0])) ** 3
        with balls(2400) as arithmetic:
            lifted = p.lift(arithmetic)
            for row, point in enumerate(y):
                for which, exact in zip(NAMES, exact_scores(lifted, arithmetic.number(float(point))), strict=True):
                    value, condition = getattr(computed, which)[row], getattr(computed, which + "_condition")[row]
                    error = abs(exact - arithmetic.number(float(value)))
                    if np.isinf(condition):
                        # The value cancels to 0: its terms are of the size of the sample, or of sigma^2.
                        size = (
                            abs(point) + abs(mu * SAMPLES[name][-1])
                            if which == "score"
                            else sigma**2
                            if which == "first"
                            else 1.0
                        )
                        assert value == 0 or which == "score"
                        assert error <= FEW * ULP * size
                        continue
                    assert error <= FEW * ULP * float(condition) * abs(exact) + least, (which, mu, point, value)


def test_exact_scores_of_the_balls_are_those_of_the_printed_ratio(problem):
    """The enclosure that the floats are held against is itself checked against (6) as printed."""
    with balls(600) as arithmetic:
        for name in ("generic", "clusters"):
            p = problem(SAMPLES[name], 0.8, 0.1).lift(arithmetic)
            for y in ("0", "1/3", "2"):
                at = arithmetic.number(y)
                difference = exact_scores(p, at)[0] - p.sigma**2 * empirical_optimal_score(p, at)
                assert difference.contains(0)
                assert difference.rad() < 1e-100


@pytest.mark.parametrize("sigma", [1e-3, 1e-12])
def test_the_score_of_zero_and_one_at_three_tenths_is_minus_y_over_sigma_squared(sigma):
    p = ScoreProblem(x=np.array([0.0, 1.0]), mu=1.0, sigma=sigma)
    score = unscaled(scaled_scores(p, 0.3).score, sigma, 2, "s*(y)")
    assert score == pytest.approx(-0.3 / sigma**2, rel=4 * ULP)
    with np.errstate(invalid="ignore"):
        weights = np.exp(-((0.3 - p.x) ** 2) / (2 * sigma**2))
        naive = np.sum((p.x - 0.3) * weights) / (sigma**2 * np.sum(weights))
    assert np.isnan(naive)


@pytest.mark.parametrize("sigma", [1e-160, 1e-200])
def test_a_noise_scale_whose_square_leaves_the_float_range_is_one_clear_line(sigma):
    p = ScoreProblem(x=np.array([0.0, 1.0]), mu=1.0, sigma=sigma)
    with pytest.raises(InputError, match=r"sigma must lie in \[1.5e-154") as refusal:
        scaled_scores(p, 0.3)
    assert "\n" not in str(refusal.value)
    assert f"{sigma:g}" in str(refusal.value)


def test_a_score_beyond_the_float_range_is_one_clear_line_and_its_scaled_value_stays():
    scaled = scaled_scores(ScoreProblem(x=np.array([0.0, 1.0]), mu=1.0, sigma=1e-150), 0.5)
    # At the midpoint the variance is 1/4, so s*' is 1/4 sigma^-4 = 2.5e599.
    assert scaled.first == pytest.approx(0.25)
    with pytest.raises(InputError, match="beyond the float range") as refusal:
        unscaled(scaled.first, 1e-150, 4, "s*'(y)")
    assert "\n" not in str(refusal.value)
    assert "1e599" in str(refusal.value)


@pytest.mark.parametrize("y", [1e10, -1e10, 1e300, -1.7e308])
def test_the_score_far_from_the_data_is_that_of_the_nearest_extreme_point(y):
    for sigma in (1.0, 1e-3, 1e-150):
        scores = scaled_scores(ScoreProblem(x=np.array([0.0, 1.0]), mu=0.5, sigma=sigma), y)
        assert scores.score == pytest.approx((0.5 if y > 0 else 0.0) - y, rel=2 * ULP)
        assert scores.first == pytest.approx(-(sigma**2), rel=2 * ULP)
        assert scores.second == 0


def test_a_point_that_is_no_number_is_refused():
    with pytest.raises(InputError, match="not finite"):
        scaled_scores(ScoreProblem(x=np.array([0.0, 1.0]), mu=0.5, sigma=0.1), np.array([0.0, np.nan]))


def test_a_hundred_thousand_sample_points_need_little_memory_and_agree_with_the_full_sum():
    rng = np.random.default_rng(0)
    p = ScoreProblem(x=np.sort(rng.normal(size=100_000)), mu=0.8, sigma=1e-3)
    y = np.linspace(-3, 3, 1000)
    tracemalloc.start()
    scores = scaled_scores(p, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6
    for row in (0, 333, 999):
        law = law_of_w(p, y[row])
        assert scores.second[row] == pytest.approx(p.mu**3 * law.third_central_moment, rel=1e-11)
        assert scores.first[row] == pytest.approx(p.mu**2 * law.variance - p.sigma**2, rel=1e-11)


def test_the_law_from_a_midpoint_is_the_law_from_the_nearest_point_and_both_that_of_the_definition(problem):
    with balls(400) as arithmetic:
        p = problem(SAMPLES["generic"], "4/5", "1/10").lift(arithmetic)
        for i in range(3):
            for h in ("0", "1/50", "-1/70"):
                offset = arithmetic.number(h)
                y = p.mu * (p.x[i] + p.x[i + 1]) / 2 + offset
                here, there = law_at_offset(p, i, i + 1, offset), law_of_w(p, y)
                density = [(-(((y - p.mu * x) / p.sigma) ** 2) / 2).exp() for x in p.x]
                for j, weight in enumerate(density):
                    assert (here.probabilities[j] - there.probabilities[j]).contains(0)
                    assert (here.probabilities[j] - weight / sum(density)).contains(0)
                    assert here.probabilities[j].rad() < 1e-80
                assert ((p.x[i] + here.mean) - (p.x[nearest(p, y)] + there.mean)).contains(0)


@pytest.mark.parametrize("y", [Fraction(-1), Fraction(1, 4), Fraction(7, 8)])
def test_the_score_and_its_derivatives_agree_in_floats_balls_and_symbols(problem, y):
    exact = problem((0, 1, Fraction(5, 2)), Fraction(3, 4), Fraction(1, 2))

    def values(arithmetic):
        p, at = exact.lift(arithmetic), arithmetic.number(y)
        mean, variance, third = score_problem_moments(p, at)
        return (
            score_from_mean(at, mean, p.mu, p.sigma),
            score_derivative_from_variance(variance, p.mu, p.sigma),
            score_second_derivative_from_moment(third, p.mu, p.sigma),
        )

    with balls(200) as arithmetic:
        for value, ball, symbol in zip(values(FLOATS), values(arithmetic), values(SYMBOLS), strict=True):
            assert abs(ball - flint.arb(str(sympy.N(symbol, 80)))) < 1e-50
            assert abs(ball - flint.arb(float(value))) <= abs(ball) * 1e-13


@pytest.mark.parametrize("y", ["-1/3", "1/2", "9/10"])
def test_each_derivative_of_the_score_is_the_derivative_of_the_one_before(problem, y):
    """(9) and Lemma 11 against central differences of (6) in balls."""
    with balls(600) as arithmetic:
        p, at, step = (
            problem((0, 1, 3), "4/5", "1/3").lift(arithmetic),
            arithmetic.number(y),
            arithmetic.number(Fraction(1, 2**80)),
        )
        _, variance, third = score_problem_moments(p, at)
        left, here, right = (empirical_optimal_score(p, at + k * step) for k in (-1, 0, 1))
        first, second = (right - left) / (2 * step), (right - 2 * here + left) / step**2
        # Remainders are step^2 times derivatives of the score that are below 1e6 here.
        assert abs(first - score_derivative_from_variance(variance, p.mu, p.sigma)) < step**2 * 10**6
        assert abs(second - score_second_derivative_from_moment(third, p.mu, p.sigma)) < step**2 * 10**6


def test_one_float_beside_a_midpoint_decides_at_small_noise_where_its_rounding_does_not():
    """At sigma = 1e-150 the point 1e-300 between -1 and 1 is within the transition; 1e-298 is beyond it."""
    p = ScoreProblem(x=np.array([-1.0, 1.0]), mu=0.8, sigma=1e-150)
    y = np.array([0.0, 1e-300, -1e-300, 1e-298])
    scores = scaled_scores(p, y)
    assert scores.score == pytest.approx(0.8 * np.tanh(0.8 * y / 1e-300), abs=1e-15)
