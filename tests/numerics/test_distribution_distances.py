"""Distances of distributions: closed forms, exact quantiles, the triangle inequality, singular covariances, swaps."""

from __future__ import annotations

import math
import os
from fractions import Fraction
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from numerics.distribution_distances import (
    exchangeability,
    frechet_distance,
    precision_recall,
    sliced_wasserstein,
    sphere_directions,
    transport_library,
)

DIRECTIONS = sphere_directions(4, 16, np.random.default_rng(0))


def normal(n, d=4, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


def exact_square(u, v):
    """Integrate the squared difference of two quantile functions in rational arithmetic."""
    u, v = sorted(map(Fraction, map(float, u))), sorted(map(Fraction, map(float, v)))
    cuts = sorted({Fraction(i, len(u)) for i in range(len(u) + 1)} | {Fraction(i, len(v)) for i in range(len(v) + 1)})
    total = Fraction(0)
    for low, high in pairwise(cuts):
        total += (high - low) * (u[int(low * len(u))] - v[int(low * len(v))]) ** 2
    return total


@pytest.mark.parametrize(("n", "m"), [(5, 5), (5, 7), (6, 4), (1, 9)])
def test_on_a_line_the_distance_is_that_of_the_quantile_functions(n, m):
    x, y = normal(n, 1, 1), normal(m, 1, 2) + 0.5
    exact = math.sqrt(exact_square(x[:, 0], y[:, 0]))
    assert sliced_wasserstein(x, y, np.array([[1.0, -1.0]])) == pytest.approx(exact, rel=1e-14)


def test_it_is_the_metric_and_not_its_square_and_a_shift_moves_it_by_its_projections():
    x, shift = normal(30), np.array([0.3, -1.0, 0.2, 2.0])
    expected = math.sqrt(np.mean([(theta @ shift) ** 2 for theta in DIRECTIONS.T]))
    assert sliced_wasserstein(x, x + shift, DIRECTIONS) == pytest.approx(expected, rel=1e-13)
    assert sliced_wasserstein(10 * x, 10 * x + 10 * shift, DIRECTIONS) == pytest.approx(10 * expected, rel=1e-13)


def test_a_set_and_its_repetition_are_at_distance_0_where_equal_weights_of_floats_leave_a_rest():
    x = normal(7, seed=3)
    thrice = np.concatenate([x, x, x])
    assert sliced_wasserstein(x, thrice, DIRECTIONS) == 0
    assert transport_library().sliced_wasserstein_distance(x, thrice, projections=DIRECTIONS) > 1e-10


SETS = st.tuples(*[st.integers(1, 12)] * 3, st.integers(0, 2**32 - 1))


@settings(max_examples=40)
@given(SETS)
def test_with_shared_directions_the_triangle_inequality_is_exact_at_any_sizes(drawn):
    rng = np.random.default_rng(drawn[3])
    x, y, z = (rng.standard_normal((n, 4)) * rng.exponential() + rng.standard_normal(4) for n in drawn[:3])
    pairs = [sliced_wasserstein(a, b, DIRECTIONS) for a, b in ((x, z), (x, y), (y, z))]
    # Projections are rounded to d u |x|, and the square root of a sum of squares carries that over.
    rounding = 20 * np.finfo(float).eps * max(np.linalg.norm(a, axis=1).max() for a in (x, y, z))
    assert pairs[0] <= pairs[1] + pairs[2] + rounding


def test_with_fresh_directions_the_triangle_inequality_fails():
    x = normal(20)
    y, z = x + np.array([1.0, 0, 0, 0]), x + np.array([2.0, 0, 0, 0])
    rng, worst = np.random.default_rng(4), 0.0
    for _ in range(20):
        left, one, two = (sliced_wasserstein(a, b, sphere_directions(4, 16, rng)) for a, b in ((x, z), (x, y), (y, z)))
        worst = max(worst, left - one - two)
    assert worst > 0.05


def test_more_directions_begin_with_the_same_ones_and_all_have_length_1():
    more = sphere_directions(4, 40, np.random.default_rng(0))
    assert np.array_equal(more[:, :16], DIRECTIONS)
    np.testing.assert_allclose(np.linalg.norm(more, axis=0), 1, rtol=1e-15)


def test_the_library_comes_without_networks_and_leaves_the_environment_alone():
    assert not transport_library().backend.torch
    assert not [name for name in os.environ if name.startswith("POT_BACKEND_DISABLE")]


def test_a_missing_library_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setattr("numerics.distribution_distances.find_spec", lambda _name: None)
    with pytest.raises(ValueError, match=r"package POT; install it: pip install 'quod\[study\]'"):
        transport_library.__wrapped__()


def test_on_a_line_the_frechet_distance_has_a_closed_form():
    x, y = normal(20, 1, 5), 3 * normal(9, 1, 6) + 1
    expected = math.hypot(x.mean() - y.mean(), x.std(ddof=1) - y.std(ddof=1))
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-13)


def test_for_regular_covariances_it_is_the_formula_with_matrix_square_roots():
    x, y = normal(40, seed=7), normal(60, seed=8) @ np.diag([1, 2, 0.5, 1.5]) + 0.3
    a, b = np.cov(x.T), np.cov(y.T)
    root = sqrtm(a)
    squared = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b - 2 * np.real(sqrtm(root @ b @ root)))
    assert frechet_distance(x, y) == pytest.approx(math.sqrt(squared), rel=1e-10)


def test_for_singular_covariances_it_agrees_with_fifty_digits_where_the_library_has_none():
    rng = np.random.default_rng(9)
    x, y = rng.standard_normal((3, 5)), rng.standard_normal((4, 5))
    with mpmath.workdps(50):
        a, b = ([[mpmath.mpf(v) for v in row] for row in rows] for rows in (x, y))
        means = [[sum(column) / len(rows) for column in zip(*rows, strict=True)] for rows in (a, b)]
        centred = [
            mpmath.matrix([[v - m for v, m in zip(row, mean, strict=True)] for row in rows]) / mpmath.sqrt(len(rows) - 1)
            for rows, mean in zip((a, b), means, strict=True)
        ]
        nuclear = sum(mpmath.svd_r(centred[0] * centred[1].T, compute_uv=False))
        traces = sum(mpmath.fsum(v**2 for v in matrix) for matrix in centred)
        squared = sum((p - q) ** 2 for p, q in zip(*means, strict=True)) + traces - 2 * nuclear
        assert frechet_distance(x, y) == pytest.approx(float(mpmath.sqrt(squared)), rel=1e-13)
    moments = (x.mean(0), y.mean(0), np.cov(x.T), np.cov(y.T))
    try:
        with np.errstate(invalid="ignore"):
            theirs = float(transport_library().gaussian.bures_wasserstein_distance(*moments))
    except np.linalg.LinAlgError:
        theirs = math.nan
    # Square roots of eigenvalues that rounding made negative.
    assert math.isnan(theirs)


def test_equal_sets_are_at_distance_0_to_rounding_not_to_its_root():
    x = normal(30, seed=10) * np.array([1, 1e-3, 1e-6, 0])
    assert frechet_distance(x, x) < 1e-14
    assert frechet_distance(x, x[::-1] + np.array([0, 0, 0, 2.0])) == pytest.approx(2, rel=1e-14)


def test_the_frechet_distance_does_not_change_under_rotation_and_is_a_metric():
    x, y, z = (normal(n, seed=n) * n / 20 for n in (11, 6, 30))
    turn = np.linalg.qr(normal(4, seed=11))[0]
    assert frechet_distance(x @ turn, y @ turn) == pytest.approx(frechet_distance(x, y), rel=1e-12)
    assert frechet_distance(y, x) == pytest.approx(frechet_distance(x, y), rel=1e-12)
    assert frechet_distance(x, z) <= frechet_distance(x, y) + frechet_distance(y, z)


def test_between_two_samples_of_one_law_no_distance_is_0_and_both_shrink_with_the_number_of_points():
    means = []
    for n in (40, 160, 640):
        pairs = [(normal(n, seed=2 * k), normal(n, seed=2 * k + 1)) for k in range(10)]
        sliced = np.mean([sliced_wasserstein(*pair, DIRECTIONS) for pair in pairs])
        means.append((sliced, np.mean([frechet_distance(*pair) for pair in pairs])))
    ratios = np.divide(means[:-1], means[1:])
    # Four times the points halve a distance of order 1/sqrt(n).
    assert np.abs(ratios - 2).max() < 0.35


def test_precision_and_recall_of_a_worked_example_change_places_when_swapped():
    real, made = np.array([[0.0], [1.0], [2.0], [10.0]]), np.array([[0.5], [1.5], [2.5], [3.0]])
    # Balls to the nearest other point: reals reach 1, 1, 1, 8; made ones 1, 1, 0.5, 0.5.
    assert precision_recall(real=real, generated=made, neighbours=1) == (1.0, 0.75)
    assert precision_recall(real=made, generated=real, neighbours=1) == (0.75, 1.0)


def test_equal_sets_have_precision_and_recall_1_with_duplicates_too_and_far_sets_none():
    x = normal(20, seed=12)
    assert precision_recall(real=x, generated=np.repeat(x, 5, axis=0)) == (1.0, 1.0)
    assert precision_recall(real=x, generated=x + 100) == (0.0, 0.0)
    with pytest.raises(ValueError, match="more than 3 of each"):
        precision_recall(real=x, generated=x[:3])


def test_under_one_law_small_p_values_are_as_rare_as_they_say_and_a_shift_gives_the_least():
    rng, small = np.random.default_rng(13), 0
    for seed in range(200):
        small += exchangeability(normal(8, seed=2 * seed), normal(8, seed=2 * seed + 1), DIRECTIONS, 19, rng) <= 0.1
    # At most 20 are expected; four standard deviations of a binomial are 17.
    assert 3 <= small <= 37
    assert exchangeability(normal(30), normal(30, seed=1) + 2, DIRECTIONS, 99, rng) == 0.01
    # One point each: every exchange gives the same distance.
    assert exchangeability(normal(1), normal(1, seed=1), DIRECTIONS, 9, rng) == 1.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: sliced_wasserstein(normal(3), normal(3, 5), DIRECTIONS),
        lambda: sliced_wasserstein(np.full((3, 4), np.nan), normal(3), DIRECTIONS),
        lambda: sliced_wasserstein(normal(3), np.zeros((0, 4)), DIRECTIONS),
        lambda: frechet_distance(normal(1), normal(3)),
        lambda: frechet_distance(normal(3), normal(3, 5)),
        lambda: exchangeability(normal(3), normal(4), DIRECTIONS, 9, np.random.default_rng(0)),
        lambda: sphere_directions(0, 3, np.random.default_rng(0)),
    ],
)
def test_what_has_no_distance_is_refused(call):
    with pytest.raises(ValueError, match=r"\w"):
        call()
