"""Truncated Gaussian moments against mpmath, against each other, and as balls and symbols."""

import math

import flint
import mpmath as mp
import numpy as np
import pytest
import sympy

from numerics.arithmetic import SYMBOLS, balls
from numerics.gaussian_tails import interval_moments, tail_moments

EPS = np.finfo(float).eps
POINTS = [*np.linspace(-40, 37, 45).tolist(), -1e-3, 1e-3, 0.49, 1.51, -0.51]
WIDE = [(-40, 37), (-3, 2), (0, 1), (5, 6), (-6, -5), (30, 35), (-35, -30), (-10, 1), (-1, 10), (-37, 0), (0, 37)]
NARROW = [(1, 1.001), (-1.001, -1), (0, 1e-8), (3, 3 + 1e-6), (-8, -7.999), (20, 20.01), (-20.01, -20), (-1e-6, 1e-6)]


def reference(t, count=5):
    """Return psi_0, ... to fifty digits and more: the recursion loses t^2 of them at each step, so it starts with 400."""
    with mp.workdps(400):
        t = mp.mpf(t)
        result = [mp.erfc(t / mp.sqrt(2)) / 2]
        result.append(mp.npdf(t) - t * result[0])
        for k in range(2, count):
            result.append((k - 1) * result[k - 2] - t * result[k - 1])
        return result


def interval_reference(a, b):
    with mp.workdps(400):
        low, high, width = reference(a, 3), reference(b, 3), mp.mpf(b) - mp.mpf(a)
        first = low[1] - high[1] - width * high[0]
        return low[0] - high[0], first, low[2] - high[2] - 2 * width * high[1] - width**2 * high[0]


def as_ball(value):
    """Return the exact binary value; the caller's precision must hold its bits."""
    sign, mantissa, exponent, _ = value._mpf_
    return flint.arb(-int(mantissa) if sign else int(mantissa)) * flint.arb(2) ** int(exponent)


def contained(ball, value):
    bits = flint.ctx.prec
    flint.ctx.prec = 4000
    try:
        return ball.contains(as_ball(value))
    finally:
        flint.ctx.prec = bits


def relative(found, expected):
    with mp.workdps(60):
        return float(abs(mp.mpf(float(found)) / expected - 1))


def test_the_recursion_is_the_integral_that_defines_the_moments_to_thirty_digits():
    with mp.workdps(50):
        for t in (-2, 6):
            for k, value in enumerate(reference(t)):
                ends = [t, t + 2, t + 7, t + 20]
                integral = mp.quad(lambda u, t=t, k=k: (u - t) ** k * mp.npdf(u), ends)
                assert mp.almosteq(integral, value, rel_eps=mp.mpf("1e-30"))


def test_tail_moments_keep_nine_digits_up_to_the_second_and_lose_t_squared_with_each_order():
    found = tail_moments(np.array(POINTS), 5)
    for at, t in enumerate(POINTS):
        for k, expected in enumerate(reference(t)):
            error = relative(found[k][at], expected)
            assert error <= 16 * EPS * (1 + max(t, 0.0) ** 2) ** k, (t, k, error)
            assert k > 2 or error <= 1e-9


def test_the_recursion_on_density_and_tail_apart_loses_two_digits_more_than_on_their_ratio():
    worst = {"apart": 0.0, "ratio": 0.0}
    for t in np.linspace(29, 31, 21).tolist():
        density, tail = math.exp(-t * t / 2) / math.sqrt(2 * math.pi), math.erfc(t / math.sqrt(2)) / 2
        worst["apart"] = max(worst["apart"], relative(tail - t * (density - t * tail), reference(t)[2]))
        worst["ratio"] = max(worst["ratio"], relative(tail_moments(t, 3)[2], reference(t)[2]))
    assert worst["ratio"] < 1e-10
    assert worst["apart"] > 100 * worst["ratio"]


def test_tail_moments_are_positive_fall_and_do_not_depend_on_their_number():
    t = np.linspace(-12, 30, 2001)
    moments = tail_moments(t, 4)
    for k, values in enumerate(moments):
        assert np.all(values > 0)
        assert np.all(np.diff(values) <= 1e-8 * values[1:])
        assert np.array_equal(tail_moments(t, k + 1)[-1], values)
    assert np.array_equal(tail_moments(37.0, 3), [values[0] for values in tail_moments(np.array([37.0]), 3)])


def test_the_two_tails_together_are_a_whole_moment():
    t = np.linspace(-9, 9, 181)
    whole = [1 + 0 * t, -t, 1 + t**2, -3 * t - t**3, 3 + 6 * t**2 + t**4]
    for k, (above, below) in enumerate(zip(tail_moments(t, 5), tail_moments(-t, 5), strict=True)):
        assert np.all(np.abs(above + (-1) ** k * below - whole[k]) <= 8 * EPS * (1 + np.abs(t)) ** k)


def test_the_derivative_of_a_moment_is_minus_k_times_the_one_before_in_balls():
    with balls(400) as arithmetic:
        h = flint.arb(2) ** -60
        for text in ("-5", "-1/3", "0", "7/5", "11"):
            t = arithmetic.number(text)
            low, here, high = (tail_moments(np.array([value]), 5) for value in (t - h, t, t + h))
            for k in range(1, 5):
                slope = (high[k][0] - low[k][0]) / (2 * h)
                assert abs(slope / (-k * here[k - 1][0]) - 1) < 1e-30


def test_balls_of_128_bits_contain_the_moments_and_are_narrow():
    points = [-40, -7, -1, 0, 2, 9, 37]
    with balls(128) as arithmetic:
        found = tail_moments(arithmetic.array(points), 5)
        for at, t in enumerate(points):
            for k, expected in enumerate(reference(t)):
                assert contained(found[k][at], expected), (t, k)
                assert found[k][at].rad() <= abs(found[k][at]) * 1e-20


def test_the_symbolic_moments_satisfy_the_derivative_identity_and_have_the_value_of_the_floats():
    t = sympy.symbols("t", real=True)
    moments = tail_moments(t, 5)
    for k in range(1, 5):
        assert sympy.simplify(sympy.diff(moments[k], t) + k * moments[k - 1]) == 0
    for k, moment in enumerate(moments):
        value = mp.mpf(str(sympy.N(moment.subs(t, sympy.Rational(3, 4)), 40)))
        assert mp.almosteq(value, reference(mp.mpf(3) / 4)[k], rel_eps=1e-14)
    assert sympy.simplify(tail_moments(SYMBOLS.number(0), 3)[2] - sympy.Rational(1, 2)) == 0


@pytest.mark.parametrize(("a", "b"), WIDE)
def test_interval_moments_keep_nine_digits_on_intervals_of_length_one_or_more(a, b):
    found = interval_moments(np.array([float(a)]), np.array([float(b)]))
    for value, expected in zip(found, interval_reference(a, b), strict=True):
        assert relative(value[0], expected) <= 1e-9


@pytest.mark.parametrize(("a", "b"), NARROW)
def test_interval_moments_of_a_narrow_interval_are_accurate_against_the_tail_they_lie_in(a, b):
    found = interval_moments(np.array([float(a)]), np.array([float(b)]))
    near = max(float(a), -float(b), 0.0)
    for k, (value, expected) in enumerate(zip(found, interval_reference(float(a), float(b)), strict=True)):
        tail = tail_moments(near, 3)
        # Where a mean is multiplied by the width or its square, the errors of the means before it come along.
        scale = sum((b - a) ** (k - j) * tail[j] for j in range(k + 1))
        assert abs(mp.mpf(float(value[0])) - expected) <= 16 * EPS * (1 + near**2) ** max(k, 1) * scale


def test_an_empty_interval_has_no_mass_and_no_moment():
    a = np.array([1.0, 2.0, -5.0, 0.0, 30.0])
    b = np.array([1.0, -3.0, -5.0, -1.0, 29.0])
    assert not np.any(interval_moments(a, b))
    with balls(128) as arithmetic:
        found = interval_moments(arithmetic.array([1, 2, -5]), arithmetic.array([1, -3, -6]))
        assert all(value.contains(0) and value.rad() < 1e-30 for moment in found for value in moment)


def test_interval_moments_add_over_neighbouring_intervals_about_one_end():
    for a, b, c in ((-2.0, 0.3, 1.7), (2.0, 3.0, 5.0), (-6.0, -4.0, -3.5)):
        whole = interval_moments(np.array(a), np.array(c))
        left, (mass, first, second) = interval_moments(np.array(a), np.array(b)), interval_moments(np.array(b), np.array(c))
        shift = b - a
        right = mass, first + shift * mass, second + 2 * shift * first + shift**2 * mass
        assert np.allclose(whole, [one + other for one, other in zip(left, right, strict=True)], rtol=1e-12, atol=0)


def test_interval_moments_about_the_other_end_are_those_of_the_mirrored_interval():
    for a, b in ((-1.0, 2.5), (1.0, 4.0), (-7.0, -5.0)):
        mass, first, second = interval_moments(np.array(a), np.array(b))
        mirrored = interval_moments(np.array(-b), np.array(-a))
        width = b - a
        expected = mass, width * mass - first, width**2 * mass - 2 * width * first + second
        assert np.allclose(mirrored, expected, rtol=1e-10, atol=0)


def test_balls_contain_the_moments_of_intervals_in_either_tail():
    with balls(128) as arithmetic:
        for a, b in (*WIDE, (2, 3)):
            found = interval_moments(arithmetic.array([a]), arithmetic.array([b]))
            for value, expected in zip(found, interval_reference(a, b), strict=True):
                assert contained(value[0], expected), (a, b)
                assert value[0].rad() <= abs(value[0]) * 1e-18
