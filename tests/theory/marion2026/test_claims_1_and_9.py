"""C1 and C9: the closed-form velocity and its flow, and the triangle inequality, by other routes."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.linalg import sqrtm
from scipy.stats import norm

from numerics.arithmetic import FLOATS
from theory.marion2026.setting import FlowPoint, denoising_risk, empirical_velocity, posterior_weights
from theory.marion2026.statements.claim_1 import (
    FlowStart,
    distance_along_gaussian,
    distance_to_copy,
    flow_state,
)
from theory.marion2026.statements.claim_9 import CROSS, LINE, ThreeGaussians, ThreeSamples, frechet, sliced, transport

X = np.array([-1.0, 0.5, 2.0])


def test_the_velocity_is_the_mean_of_the_target_given_the_noised_point_by_quadrature_over_noise() -> None:
    # The conditional mean of z - x0 in a narrow window of x_t, from the joint law at 40 digits.
    with mpmath.workdps(40):
        t, y = mpmath.mpf("0.4"), mpmath.mpf("0.7")
        densities = [mpmath.npdf((y - (1 - t) * mpmath.mpf(x)) / t) / t for x in (-1, "0.5", 2)]
        aims = [(y - (1 - t) * mpmath.mpf(x)) / t - mpmath.mpf(x) for x in (-1, "0.5", 2)]
        expected = sum(p * u for p, u in zip(densities, aims, strict=True)) / sum(densities)
    assert empirical_velocity(X, 0.4, 0.7) == pytest.approx(float(expected), rel=1e-13)


def test_the_weights_are_those_of_a_shifted_sample_and_point() -> None:
    t, y, shift = 0.3, 0.2, 5.0
    np.testing.assert_allclose(posterior_weights(X + shift, t, y + (1 - t) * shift), posterior_weights(X, t, y), rtol=1e-12)


def test_far_from_all_points_and_at_small_times_the_weights_stay_a_law() -> None:
    weights = posterior_weights(X, 1e-8, 0.7)
    assert weights.sum() == pytest.approx(1)
    assert weights.argmax() == 1
    assert np.all(np.isfinite(posterior_weights(X, 0.1, 1e6)))


def test_the_risk_is_least_at_the_velocity_on_a_grid() -> None:
    best = float(empirical_velocity(X, 0.4, 0.7))
    grid = best + np.linspace(-1, 1, 2001)
    risks = [float(denoising_risk(FlowPoint(x=X, t=0.4, y=0.7, v=0.0), v)) for v in grid]
    assert grid[int(np.argmin(risks))] == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("u", [0.2, 0.45, 0.9])
def test_the_flow_of_the_velocity_ends_where_the_rank_says(u) -> None:
    start = norm.ppf(u)  # at t = 1 the law is N(0, 1)
    run = solve_ivp(lambda t, y: [empirical_velocity(X, t, y[0])], (1, 0.05), [start], rtol=1e-10, atol=1e-12)
    p = FlowStart(x=X, u=u)
    assert flow_state(p, 0.05) == pytest.approx(run.y[0, -1], abs=1e-7)
    assert distance_to_copy(p, 20) == pytest.approx(np.abs(X - run.y[0, -1]).min(), abs=1e-7)


def test_the_gaussian_flow_ends_at_the_rank_of_the_fitted_gaussian_and_not_at_a_point() -> None:
    p = FlowStart(x=X, u=0.4)
    assert distance_along_gaussian(p, 1e9) == pytest.approx(np.abs(X - norm.ppf(0.4, X.mean(), X.std())).min(), rel=1e-6)


POINTS = st.lists(st.integers(-20, 20), min_size=3, max_size=3)


@given(POINTS, POINTS)
def test_the_matching_on_a_line_is_that_of_sorted_samples(a, b) -> None:
    rows = [np.array([[value, 0] for value in part]).ravel() for part in (a, b)]
    expected = np.mean((np.sort(a) - np.sort(b)) ** 2)
    assert float(transport(*[row.astype(float) for row in rows], np.array([1.0, 0.0]))) == pytest.approx(expected)


def test_the_sliced_distance_is_that_of_the_transport_library_on_the_same_projections() -> None:
    import ot

    p = ThreeSamples.parse(CROSS).lift(FLOATS)
    a, b = (np.asarray(part, dtype=float).reshape(-1, 2) for part in (p.train, p.test))
    directions = np.asarray(p.directions, dtype=float).reshape(-1, 2).T
    expected = ot.sliced_wasserstein_distance(a, b, projections=directions)
    assert float(sliced(p.train, p.test, p.directions)) == pytest.approx(expected, rel=1e-12)


def test_shifts_along_a_line_are_the_case_of_equality() -> None:
    p = ThreeSamples.parse(LINE).lift(FLOATS)
    far, near = sliced(p.generated, p.train, p.directions), sliced(p.generated, p.test, p.directions)
    assert float(far - near) == pytest.approx(float(sliced(p.train, p.test, p.directions)), rel=1e-14)


def test_the_frechet_distance_on_a_line_is_the_matrix_formula() -> None:
    p = ThreeGaussians(means=(0.0, 1.0, 3.0), deviations=(1.0, 2.0, 0.5))
    for i, j in pairwise(range(3)):
        a, b = (np.array([[p.deviations[k] ** 2]]) for k in (i, j))
        expected = (p.means[i] - p.means[j]) ** 2 + float(np.trace(a + b - 2 * np.real(sqrtm(a @ b))))
        assert frechet(p, i, j) == pytest.approx(expected, rel=1e-12)


def test_the_counterexample_for_the_square_confirms_itself_in_exact_numbers() -> None:
    p = ThreeGaussians(means=(Fraction(2), Fraction(0), Fraction(1)), deviations=(Fraction(1),) * 3)
    assert abs(frechet(p, 0, 1) - frechet(p, 0, 2)) == 3 > frechet(p, 1, 2) == 1
    roots = [math.sqrt(frechet(p, i, j)) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert abs(roots[0] - roots[1]) <= roots[2]
