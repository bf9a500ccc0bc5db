"""Two samples: plain loops, Gaussian laws in closed form, splits one by one, and neighbours found by sorting."""

from __future__ import annotations

import math

import numpy as np
import pytest

from numerics.two_samples import (
    median_distance,
    nearest_distances,
    permutation_null,
    share_of_copies,
    squared_mmd,
    squared_mmds,
)


def kernel(x, y, h):
    return math.exp(-sum((a - b) ** 2 for a, b in zip(x, y, strict=True)) / (2 * h * h))


def by_loops(x, y, h, biased):
    def inside(z):
        pairs = [(i, j) for i in range(len(z)) for j in range(len(z)) if biased or i != j]
        return sum(kernel(z[i], z[j], h) for i, j in pairs) / len(pairs)

    return inside(x) + inside(y) - 2 * sum(kernel(a, b, h) for a in x for b in y) / (len(x) * len(y))


def of_gaussians(first, second, h, d):
    """Expectation of the kernel between N(a 1, s^2 I) and N(b 1, t^2 I)."""
    (a, s), (b, t) = first, second
    wide = h * h + s * s + t * t
    return (h * h / wide) ** (d / 2) * math.exp(-d * (a - b) ** 2 / (2 * wide))


@pytest.mark.parametrize("biased", [False, True])
def test_the_discrepancy_is_that_of_plain_loops(biased):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((7, 3)), rng.standard_normal((5, 3)) + 1
    for h in (0.5, 2.0):
        assert squared_mmd(x, y, h, biased=biased) == pytest.approx(by_loops(x, y, h, biased), abs=1e-14)
    assert squared_mmds(x, y, [0.5, 2.0]) == [squared_mmd(x, y, 0.5), squared_mmd(x, y, 2.0)]


def test_the_unbiased_estimate_has_the_closed_form_of_gaussians_as_mean_and_the_biased_one_is_too_large():
    rng = np.random.default_rng(1)
    p, q, d, n = (0.0, 1.0), (0.3, 0.7), 2, 25
    exact = of_gaussians(p, p, 1, d) + of_gaussians(q, q, 1, d) - 2 * of_gaussians(p, q, 1, d)
    values = {False: [], True: []}
    for _ in range(600):
        x, y = rng.standard_normal((n, d)), 0.3 + 0.7 * rng.standard_normal((n, d))
        for biased, found in values.items():
            found.append(squared_mmd(x, y, 1.0, biased=biased))
    error = np.std(values[False]) / math.sqrt(600)
    assert abs(np.mean(values[False]) - exact) < 5 * error
    excess = (2 - of_gaussians(p, p, 1, d) - of_gaussians(q, q, 1, d)) / n
    assert np.mean(values[True]) - exact == pytest.approx(excess, abs=5 * error)
    assert min(values[True]) >= 0 > min(values[False])


def test_values_far_below_rounding_of_the_diagonal_are_kept():
    x = np.array([[0.0], [9.0]])
    assert squared_mmd(x, x + 1000, 1.0) == pytest.approx(2 * math.exp(-40.5), rel=1e-12)


def test_the_null_is_the_estimate_on_each_random_split():
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((6, 2)), rng.standard_normal((9, 2)) + 3
    found = permutation_null(x, y, 1.5, 20, np.random.default_rng(3))
    together, again = np.concatenate([x, y]), np.random.default_rng(3)
    for value in found:
        first = again.permutation(15)[:6]
        rest = np.setdiff1d(np.arange(15), first)
        assert value == pytest.approx(squared_mmd(together[first], together[rest], 1.5), abs=1e-13)
    assert np.quantile(found, 0.95) < squared_mmd(x, y, 1.5)


def test_under_equality_the_estimate_exceeds_the_level_of_chance_as_often_as_it_says():
    rng = np.random.default_rng(4)
    above = 0
    for _ in range(200):
        x, y = rng.standard_normal((2, 20, 2))
        above += squared_mmd(x, y, 1.0) > np.quantile(permutation_null(x, y, 1.0, 60, rng), 0.9)
    # Five standard deviations of a binomial count about 20.
    assert abs(above - 20) < 5 * math.sqrt(200 * 0.1 * 0.9)


def test_neighbours_and_copies_are_those_of_sorted_distances():
    rng = np.random.default_rng(5)
    points, sample = rng.standard_normal((40, 3)), rng.standard_normal((6, 3))
    distances = np.sort(np.linalg.norm(points[:, None] - sample, axis=2), axis=1)
    first, second = nearest_distances(points, sample)
    np.testing.assert_allclose([first, second], distances[:, :2].T, rtol=1e-12)
    assert share_of_copies(points, sample, 0.5) == np.mean(distances[:, 0] < 0.5 * distances[:, 1])
    assert share_of_copies(sample + 1e-6, sample) == 1
    assert median_distance(np.array([[0.0], [1.0], [5.0]])) == 4


@pytest.mark.parametrize(("x", "h"), [(np.zeros((1, 2)), 1.0), (np.zeros((3, 2)), 0.0), (np.zeros((3, 2)), math.nan)])
def test_single_points_and_bandwidths_that_are_none_are_refused(x, h):
    with pytest.raises(ValueError, match="two points or more and positive bandwidths"):
        squared_mmd(x, np.zeros((3, 2)), h)


def test_a_nan_is_refused_where_comparisons_and_the_built_in_minimum_pass_it_over():
    x, hole = np.arange(6.0).reshape(3, 2), np.array([[0.0, 1.0], [math.nan, 0.0]])
    assert min([1.0, math.nan]) > 0
    assert (np.array([0.0, math.nan]) < 1).mean() == 0.5
    rng = np.random.default_rng(0)
    calls = [squared_mmd, nearest_distances, share_of_copies, lambda a, b, *h: permutation_null(a, b, 1.0, 2, rng)]
    for call in calls:
        more = (1.0,) * (call is squared_mmd)
        for pair in ((x, hole), (hole, x)):
            with pytest.raises(ValueError, match=r"[xy]: entry 0 of row 1 is nan; every entry must be finite"):
                call(*pair, *more)
        with pytest.raises(ValueError, match="rows of one length"):
            call(x, x[:, :1], *more)
    for bandwidths in ([1.0, math.nan], [1.0, math.inf]):
        with pytest.raises(ValueError, match="positive bandwidths"):
            squared_mmds(x, x, bandwidths)
    with pytest.raises(ValueError, match="x: entry 0 of row 1 is nan"):
        median_distance(hole)


def test_what_needs_another_point_is_refused_without_one():
    x = np.zeros((3, 2))
    with pytest.raises(ValueError, match="one point has no second nearest one"):
        share_of_copies(x, x[:1])
    with pytest.raises(ValueError, match="one point has no distance"):
        median_distance(x[:1])
    with pytest.raises(ValueError, match="rows of numbers are needed, one at least"):
        share_of_copies(x[:0], x)


@pytest.mark.parametrize("shift", [0.0, 1e8])
def test_a_sample_in_single_precision_far_from_0_is_at_no_distance_from_itself_and_moves_no_discrepancy(shift):
    near = np.random.default_rng(6).integers(100 * 2**6, 101 * 2**6, (30, 2)).astype(np.float32) / np.float32(2**6)
    # Multiples of 1/64, so that the shift is exact in double precision; expanded squares lose them.
    x = near.astype(np.float64) + shift
    expanded = (x**2).sum(axis=1)[:, None] + (x**2).sum(axis=1) - 2 * x @ x.T
    assert (np.abs(np.diag(expanded)).max() > 1) == (shift > 0)
    assert nearest_distances(x, x)[0].max() == 0
    assert nearest_distances(near, near)[0].max() == 0
    assert squared_mmd(x, x + 0.5, 1.0) == squared_mmd(near, near + np.float32(0.5), 1.0)
