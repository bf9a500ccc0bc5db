"""The backward process: the law that linear scores give exactly, the target as steps shrink, and its input."""

from __future__ import annotations

import numpy as np
import pytest

from numerics.backward_process import backward_samples


def gaussian_score(variance):
    def score(t, x):
        return -x / (np.exp(-2 * t) * variance - np.expm1(-2 * t))

    return score


def exact_variance(variance, times):
    found = 1.0
    for time, step in zip(times, -np.diff(times), strict=False):
        factor = 1 + step * (1 - 2 / (np.exp(-2 * time) * variance - np.expm1(-2 * time)))
        found = factor**2 * found + 2 * step
    return found


@pytest.mark.parametrize("variance", [0.25, 1.0, 4.0])
def test_a_linear_score_gives_the_variance_of_its_recursion(variance):
    times = np.linspace(0.01, 1, 100)[::-1]
    x = backward_samples(gaussian_score(variance), times, 20_000, 2, np.random.default_rng(1))
    # Five standard errors of a variance.
    assert abs((x**2).mean() / exact_variance(variance, times) - 1) < 5 * np.sqrt(2 / x.size)
    assert abs(x.mean()) < 5 * np.sqrt(exact_variance(variance, times) / x.size)


def test_the_recursion_comes_to_the_target_as_steps_shrink_and_the_horizon_grows():
    gaps = [abs(exact_variance(4.0, np.linspace(0, 6, n + 1)[::-1]) - 4) for n in (200, 2000)]
    assert gaps[1] < 0.2 * gaps[0]
    assert gaps[1] < 0.05


def test_times_that_do_not_decrease_are_refused():
    with pytest.raises(ValueError, match="must decrease, not go from 0 to 1"):
        backward_samples(gaussian_score(1.0), np.array([0.0, 1.0]), 2, 1, np.random.default_rng(0))


def test_a_score_without_bounds_throws_samples_out_without_an_error():
    x = backward_samples(lambda _, x: x**3 * 1e6, np.linspace(0.1, 1, 20)[::-1], 5, 1, np.random.default_rng(0))
    assert not np.all(np.isfinite(x))
