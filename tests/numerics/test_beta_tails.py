"""Binomial tails and tails of directions against exact sums, mpmath and simulation."""

from fractions import Fraction
from math import comb

import mpmath as mp
import numpy as np
import pytest

from numerics.arithmetic import balls
from numerics.beta_tails import binomial_tail, direction_tail


@pytest.mark.parametrize(("k", "m", "p"), [(0, 1, "1/2"), (5, 11, "3/5"), (3, 7, "1/9"), (59, 2000, "3/50"), (6, 7, "99/100")])
def test_the_binomial_tail_is_the_same_sum_in_fractions_balls_and_floats(k, m, p) -> None:
    p = Fraction(p)
    exact = sum(comb(m, j) * p**j * (1 - p) ** (m - j) for j in range(k + 1))
    assert binomial_tail(k, m, p) == exact
    with balls(256) as arithmetic:
        ball = binomial_tail(k, m, arithmetic.number(p))
        assert ball.contains(arithmetic.number(exact))
        assert float(ball.rad()) < 1e-70 * float(exact)
    assert binomial_tail(k, m, float(p)) == pytest.approx(float(exact), rel=1e-12)


def test_the_binomial_tail_is_nothing_below_zero_and_everything_from_the_trials_on() -> None:
    assert binomial_tail(-1, 3, Fraction(1, 2)) == 0
    assert binomial_tail(3, 3, Fraction(1, 2)) == 1
    assert (binomial_tail(-1, 3, 0.5), binomial_tail(9, 3, 0.5)) == (0.0, 1.0)


@pytest.mark.parametrize(("d", "t"), [(2, "1/2"), (3, "1/4"), (7, "9/10"), (500, "1/10")])
def test_the_tail_of_a_direction_is_the_integral_of_the_density_of_a_coordinate(d, t) -> None:
    with mp.workdps(40):
        density = lambda z: (1 - z * z) ** mp.mpf((d - 3) / 2)  # ruff: ignore[lambda-assignment]
        cut = mp.mpf(Fraction(t).numerator) / Fraction(t).denominator
        expected = mp.quad(density, [cut, 1]) / mp.quad(density, [0, min(4 / mp.sqrt(d), 0.5), 1])
    with balls(128) as arithmetic:
        ball = direction_tail(d, arithmetic.number(t))
        assert float(ball.rad()) < 1e-25
    assert float(ball) == pytest.approx(float(expected), rel=1e-12)
    assert direction_tail(d, float(Fraction(t))) == pytest.approx(float(expected), rel=1e-11)


def test_in_three_dimensions_a_coordinate_is_uniform() -> None:
    assert direction_tail(3, 0.3) == pytest.approx(0.7, rel=1e-14)


def test_drawn_directions_are_as_often_beyond_a_level_as_the_tail_says() -> None:
    x = np.random.default_rng(0).standard_normal((40000, 5))
    beyond = float(np.mean(np.abs(x[:, 0]) >= 0.5 * np.linalg.norm(x, axis=1)))
    assert abs(beyond - direction_tail(5, 0.5)) < 4 * (0.25 / 40000) ** 0.5


def test_one_dimension_is_refused() -> None:
    with pytest.raises(ValueError, match="dimension 1"):
        direction_tail(1, 0.5)
