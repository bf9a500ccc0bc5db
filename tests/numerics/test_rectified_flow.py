"""Rectified flow: the path, losses on fixed draws, the sampler, and the velocities of a sample and of a Gaussian."""

from __future__ import annotations

import itertools

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import roots_hermite

from numerics.exact_velocities import EmpiricalVelocity, GaussianVelocity, gaussian_least_loss
from numerics.rectified_flow import fixed_draws, loss_per_draw, path_points, sample_flow

RNG = np.random.default_rng(0)
POINTS = RNG.standard_normal((6, 3))
LABELS = np.array([0, 1, 0, 1, 0, 2])


def draws(count=400, points=6, dimension=3, seed=1):
    return fixed_draws(count, points, dimension, np.random.default_rng(seed))


def test_fixed_draws_take_every_point_equally_often_and_one_time_of_each_interval():
    found = draws(60)
    assert np.all(np.bincount(found.indices) == 10)
    assert np.all(np.ceil(found.times * 60) == np.arange(1, 61))
    np.testing.assert_array_equal(found.noises, draws(60).noises)


def test_the_path_goes_from_data_to_noise_at_the_velocity_to_learn():
    found = draws(50)
    x, aim = path_points(found, POINTS)
    np.testing.assert_allclose(x - found.times[:, None] * aim, POINTS[found.indices], atol=1e-14)
    np.testing.assert_allclose(x + (1 - found.times[:, None]) * aim, found.noises, atol=1e-14)


@pytest.mark.parametrize("t", ["1e-3", "0.3", "0.999", "1"])
@pytest.mark.parametrize("labels", [None, LABELS])
def test_the_empirical_velocity_is_bayes_formula_in_fifty_digits(t, labels):
    x, chosen = RNG.standard_normal(3), None if labels is None else np.array([1])
    with mpmath.workdps(50):
        time = mpmath.mpf(float(t))
        weights = [
            mpmath.exp(-sum((mpmath.mpf(a) - (1 - time) * mpmath.mpf(b)) ** 2 for a, b in zip(x, p, strict=True)) / 2 / time**2)
            * (labels is None or int(labels[i] == 1))
            for i, p in enumerate(POINTS)
        ]
        velocity = [
            sum(w * (mpmath.mpf(x[k]) - mpmath.mpf(p[k])) for w, p in zip(weights, POINTS, strict=True)) / sum(weights) / time
            for k in range(3)
        ]
        expected = np.array([float(v) for v in velocity])
    found = EmpiricalVelocity(POINTS, labels)(x[None], np.array([float(t)]), chosen)[0]
    # The exponents, of size 1/t^2, are rounded.
    np.testing.assert_allclose(found, expected, rtol=1e-14 / float(t) ** 2, atol=1e-14)


@pytest.mark.parametrize("t", [1e-3, 1e-12, 1e-160, 1e-200])
def test_at_small_times_the_velocity_comes_from_the_nearest_point_to_full_precision(t):
    velocity = EmpiricalVelocity(np.array([[0.0], [1.0]]))
    np.testing.assert_allclose(velocity(np.array([[0.3], [0.0]]), np.full(2, t))[:, 0], [0.3 / t, 0.0], rtol=4e-16)
    with np.errstate(all="ignore"):
        plain = np.exp(-((0.3 - (1 - t) * np.array([0.0, 1.0])) ** 2) / (2 * t * t))
        assert not np.isfinite(plain @ [0.0, 1.0] / plain.sum())


@pytest.mark.parametrize("far", [1e8, 1e149, -1e149])
def test_the_velocity_stays_finite_far_from_the_data_where_the_plain_weights_are_0_over_0(far):
    points, t, x = np.array([[0.0], [1.0]]), 0.5, np.array([[far]])
    with np.errstate(invalid="ignore"):
        plain = np.exp(-((x - (1 - t) * points[:, 0]) ** 2) / (2 * t * t))
        assert np.isnan(plain / plain.sum()).all()
    found = EmpiricalVelocity(points)(x, np.array([t]))
    # The point at the end on that side has all of the weight.
    assert found == pytest.approx((x - float(far > 0)) / t, rel=1e-15)


@pytest.mark.parametrize("far", [1e150, -np.inf, np.nan])
def test_a_point_whose_square_leaves_the_range_is_refused_by_its_size(far):
    with pytest.raises(ValueError, match=r"a coordinate of size (1e\+150|inf|nan): its square must stay in the range"):
        EmpiricalVelocity(np.array([[0.0], [1.0]]))(np.array([[far]]), np.array([0.5]))


def test_no_field_beats_the_empirical_velocity_and_what_it_loses_is_its_squared_distance():
    # The cross term has mean zero whatever the shift: that makes the velocity the minimiser.
    velocity, many = EmpiricalVelocity(POINTS), draws(6000)
    x, aim = path_points(many, POINTS)
    residual = velocity(x, many.times) - aim
    for shift in (np.ones_like(x), np.sin(3 * x), many.times[:, None] * x, (x > 0) * 1.0):
        cross = (residual * shift).mean(axis=1)
        assert abs(cross.mean()) < 4 * cross.std() / np.sqrt(cross.size)
        assert cross.std() / np.sqrt(cross.size) < 0.05


@pytest.mark.parametrize("labels", [None, LABELS])
def test_the_least_loss_is_the_loss_of_the_empirical_velocity_draw_by_draw(labels):
    velocity, many = EmpiricalVelocity(POINTS, labels), draws()
    left, plain = velocity.least_loss_per_draw(many), loss_per_draw(velocity, many, POINTS, labels)
    # (x - mean)/t cancels to 1e-16/t.
    np.testing.assert_allclose(left, plain, rtol=0, atol=1e-12)
    assert left.mean() > 0.1


def test_the_least_loss_of_two_points_is_the_integral_of_the_error_of_the_channel():
    apart, (nodes, weights) = 1.7, roots_hermite(200)

    def error(s):
        other = 1 / (1 + np.exp(np.minimum(s * s * apart**2 / 2 + s * apart * np.sqrt(2) * nodes, 700)))
        return apart**2 * (weights @ other**2) / np.sqrt(np.pi)

    expected = quad(error, 0, 40 / apart, limit=200)[0]
    sample = EmpiricalVelocity(np.array([[0.2], [0.2 + apart]]))
    left = sample.least_loss_per_draw(draws(40_000, 2, 1))
    assert abs(left.mean() - expected) < 4 * left.std() / np.sqrt(left.size)
    assert left.std() / np.sqrt(left.size) < 0.02 * expected


def test_a_repeated_point_counts_once_and_a_sample_of_one_point_leaves_nothing():
    once, twice = EmpiricalVelocity(POINTS[:2]), EmpiricalVelocity(POINTS[[0, 0, 1, 1]])
    x, t = RNG.standard_normal((20, 3)), np.linspace(0.05, 1, 20)
    np.testing.assert_allclose(twice(x, t), once(x, t), atol=1e-13)
    assert not EmpiricalVelocity(POINTS[:1]).least_loss_per_draw(draws(50, 1)).any()
    assert np.isfinite(EmpiricalVelocity(POINTS[[0, 0]]).least_loss_per_draw(draws(50, 2))).all()


def test_the_gaussian_velocity_is_the_empirical_one_of_a_large_gaussian_sample():
    root = np.array([[1.0, 0.0], [0.6, 0.3]])
    mean = np.array([0.5, -1.0])
    sample = mean + np.random.default_rng(3).standard_normal((200_000, 2)) @ root.T
    x = mean + RNG.standard_normal((5, 2))
    for t in (0.5, 0.8, 1.0):
        exact = GaussianVelocity(mean, root @ root.T)(x, np.full(5, t))
        np.testing.assert_allclose(EmpiricalVelocity(sample)(x, np.full(5, t)), exact, atol=0.05)


def test_the_gaussian_velocity_solves_the_normal_equations_even_where_the_covariance_is_singular():
    factor = RNG.standard_normal((4, 2))
    cov, mean, x = factor @ factor.T, RNG.standard_normal(4), RNG.standard_normal((3, 4))
    for t in (1e-3, 0.4, 1.0):
        s = (1 - t) ** 2 * cov + t * t * np.eye(4)
        expected = (x - (1 - t) * mean) @ np.linalg.solve(s, t * np.eye(4) - (1 - t) * cov) - mean
        np.testing.assert_allclose(GaussianVelocity(mean, cov)(x, np.full(3, t)), expected, atol=1e-7)
    tiny = GaussianVelocity(np.zeros(2), np.diag([1.0, 0.0]))(np.ones((1, 2)), np.array([1e-200]))
    np.testing.assert_allclose(tiny, [[-1.0, 1e200]])


def test_what_the_best_affine_field_leaves_is_half_pi_times_the_trace_of_the_root_for_any_law():
    corners = np.array(list(itertools.product([-1.0, 1.0], [0.0, 3.0])))
    velocity = GaussianVelocity(corners.mean(axis=0), np.cov(corners.T, bias=True))
    left = loss_per_draw(velocity, draws(100_000, 4, 2), corners)
    expected = gaussian_least_loss(np.cov(corners.T, bias=True))
    assert expected == pytest.approx(np.pi / 2 * (1 + 1.5) / 2)
    assert abs(left.mean() - expected) < 4 * left.std() / np.sqrt(left.size)
    assert left.std() / np.sqrt(left.size) < 0.01 * expected


@pytest.mark.parametrize(("method", "evaluations"), [("euler", lambda k: k), ("heun", lambda k: 2 * k - 1)])
@pytest.mark.parametrize("steps", [1, 49, 61, 98, 103, 109, 250])
def test_the_sampler_takes_exactly_its_steps_and_never_evaluates_at_time_zero(method, evaluations, steps):
    seen = []

    def velocity(x, t, labels):
        seen.append(float(t[0]))
        return np.ones_like(x)

    found = sample_flow(velocity, np.zeros((2, 1)), steps=steps, method=method)
    np.testing.assert_allclose(found, -1, atol=1e-13)
    assert len(seen) == evaluations(steps)
    assert seen[0] == 1.0
    assert min(seen) >= 1 / steps - 1e-15


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("heun", 2)])
def test_the_sampler_meets_the_exact_map_of_a_gaussian_at_its_order(method, order):
    # The flow of N(0, lambda) carries z to sqrt(lambda) z.
    velocity, noise = GaussianVelocity(np.zeros(1), np.array([[4.0]])), np.array([[1.0], [-0.5]])
    errors = [np.abs(sample_flow(velocity, noise, steps=k, method=method) - 2 * noise).max() for k in (200, 400)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.2)


def test_sampling_the_empirical_velocity_gives_back_the_sample_and_the_class_asked_for():
    noise, labels = np.random.default_rng(5).standard_normal((60, 3)), np.arange(60) % 3
    found = sample_flow(EmpiricalVelocity(3 * POINTS, LABELS), noise, labels, steps=250)
    distances = np.linalg.norm(found[:, None] - 3 * POINTS, axis=2)
    assert np.quantile(distances.min(axis=1), 0.9) < 1e-6
    assert np.all(LABELS[distances.argmin(axis=1)] == labels)


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda: fixed_draws(3, 5, 1, RNG), "draws = 3: at least one for each of the 5 points"),
        (lambda: sample_flow(GaussianVelocity(np.zeros(1), np.eye(1)), np.ones((1, 1)), steps=0), "steps = 0: at least one"),
        (lambda: sample_flow(GaussianVelocity(np.zeros(1), np.eye(1)), np.ones((1, 1)), steps=1, method="rk4"), "method 'rk4'"),
        (lambda: EmpiricalVelocity(np.empty((0, 2))), r"points of shape \(0, 2\)"),
        (lambda: EmpiricalVelocity(POINTS, LABELS[:2]), r"labels of shape \(2,\): one for each of the 6"),
        (lambda: EmpiricalVelocity(POINTS)(POINTS, np.zeros(6)), r"t = .*0\.0.*: a time in \(0, 1\]"),
        (lambda: EmpiricalVelocity(POINTS)(POINTS, np.full(6, np.nan)), r"t = .*nan.*: a time in \(0, 1\]"),
        (lambda: EmpiricalVelocity(POINTS)(POINTS + 1, np.full(6, 1e-320)), "leaves the range of float64"),
        (lambda: EmpiricalVelocity(POINTS, LABELS)(POINTS, np.ones(6), LABELS + 1), "class 3 has no point in the sample"),
        (lambda: EmpiricalVelocity(POINTS, LABELS)(POINTS, np.ones(6)), "for the sample and for the points alike"),
        (lambda: GaussianVelocity(np.zeros(2), np.diag([1.0, -0.1])), "the eigenvalue -0.1; none may be negative"),
        (lambda: gaussian_least_loss(np.array([[1.0, 0.5], [0.0, 1.0]])), "must be symmetric and finite"),
    ],
)
def test_bad_input_is_refused_in_one_line(make, line):
    with pytest.raises(ValueError, match=line) as caught:
        make()
    assert "\n" not in str(caught.value)
