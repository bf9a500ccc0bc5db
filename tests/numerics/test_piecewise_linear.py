"""Gaussian smoothing of piecewise linear functions against quadrature and balls."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from numerics.arithmetic import FLOATS, SYMBOLS, balls, normal_density, normal_mass, pi, sqrt
from numerics.ball_integration import holomorphic
from numerics.ball_integration import integrate as integrate_balls
from numerics.piecewise_linear import Pieces, smooth
from numerics.quadrature import integrate

quarters = st.integers(-12, 12).map(lambda k: Fraction(k, 4))
pieces_strategy = st.lists(
    st.tuples(quarters, quarters, st.integers(0, 8).map(lambda k: Fraction(k, 4))), min_size=1, max_size=4
)


def consecutive(arithmetic, pieces, start):
    """Pieces laid end to end from ``start``; values jump freely."""
    value, slope, length = (arithmetic.array(column) for column in zip(*pieces, strict=True))
    starts = [start]
    for piece in pieces[:-1]:
        starts.append(starts[-1] + piece[2])
    return Pieces(value, slope, length), starts


@given(pieces_strategy, quarters, st.sampled_from([Fraction(1, 8), Fraction(1), Fraction(7, 3)]))
def test_smoothing_in_floats_lies_in_the_ball_of_the_same_formula_up_to_rounding(pieces, y, sigma):
    shapes, starts = consecutive(FLOATS, pieces, Fraction(-1))
    value = smooth(shapes, np.array([float(s - y) for s in starts]), float(sigma))
    with balls(200) as arithmetic:
        shapes, starts = consecutive(arithmetic, pieces, Fraction(-1))
        exact = smooth(shapes, arithmetic.array([s - y for s in starts]), arithmetic.number(sigma))
        # Terms are at most (3 + 3 * 14) in size, a few of them, each to a few ulp.
        assert abs(exact - arithmetic.number(float(value))) <= 4 * 45 * 8 * 2.0**-52


@pytest.mark.parametrize("sigma", ["1/50", "1/3", "2"])
@pytest.mark.parametrize("y", ["-1", "1/5", "4"])
def test_the_closed_form_is_the_integral_of_the_definition_to_30_digits(y, sigma):
    pieces = [
        (Fraction(1), Fraction(2), Fraction(1, 2)),
        (Fraction(-1), Fraction(0), Fraction(1, 4)),
        (Fraction(3), Fraction(-1), Fraction(2)),
    ]
    with balls(160) as arithmetic:
        at, scale = arithmetic.number(y), arithmetic.number(sigma)
        shapes, starts = consecutive(arithmetic, pieces, Fraction(-1))
        closed = smooth(shapes, arithmetic.array(starts) - at, scale)
        norm = scale * sqrt(2 * pi(scale))
        total = arithmetic.number(0)
        for (value, slope, length), start in zip(pieces, starts, strict=True):
            v, k, s = arithmetic.number(value), arithmetic.number(slope), arithmetic.number(start)
            f = holomorphic(lambda u, v=v, k=k, s=s: (v + k * (u - s)) * (-(((at - u) / scale) ** 2) / 2).exp() / norm)
            total += integrate_balls(f, start, start + length, absolute_bits=120)
        assert (closed - total).contains(0)
        assert closed.rad() + total.rad() < 1e-30


def test_smoothing_agrees_with_two_quadratures_of_the_definition():
    shapes = Pieces(np.array([0.0, 1.0]), np.array([2.0, -1.0]), np.array([0.5, 1.0]))
    for y in (-0.3, 0.2, 0.5, 1.4):
        for sigma in (0.05, 0.4):

            def g(u):
                return np.where((u >= 0) & (u < 0.5), 2 * u, np.where((u >= 0.5) & (u < 1.5), 1.5 - u, 0.0))

            def integrand(u, y=y, sigma=sigma):
                return g(u) * np.exp(-(((y - u) / sigma) ** 2) / 2) / (sigma * math.sqrt(2 * math.pi))

            quadrature = integrate(integrand, 0.0, 1.5, points=[0.5, min(max(y, 0.0), 1.5)], scales=[sigma])
            assert quadrature.agreed
            assert abs(smooth(shapes, np.array([0.0, 0.5]) - y, sigma) - quadrature.value) <= 1e-12


def test_smoothing_in_symbols_solves_the_heat_equation():
    """The derivative in sigma is sigma times the second derivative in y."""
    y, s, k, v = sympy.symbols("y s k v", real=True)
    sigma, length = sympy.symbols("sigma l", positive=True)
    column = SYMBOLS.array([0])
    value = smooth(Pieces(column + v, column + k, column + length), column + s - y, sigma)
    assert sympy.simplify(sympy.diff(value, sigma) - sigma * sympy.diff(value, y, 2)) == 0


def test_smoothing_reproduces_a_line_far_inside_a_long_piece_and_forgets_an_empty_one():
    line = Pieces(np.array([-100.0, 7.0]), np.array([1.0, 3.0]), np.array([200.0, 0.0]))
    assert smooth(line, np.array([-100.0, 0.3]) - 0.3, 1.0) == pytest.approx(0.3, abs=1e-13)


def test_smoothing_far_from_the_origin_is_exactly_smoothing_near_it():
    """Only positions relative to the point of evaluation enter: absolute ones would lose 8 digits at 1e8."""
    shapes = Pieces(np.array([0.0]), np.array([1.0]), np.array([1.0]))
    near, far = smooth(shapes, np.array([0.0]) - 0.5, 0.1), smooth(shapes, np.array([1e8]) - (1e8 + 0.5), 0.1)
    assert near == far


@pytest.mark.parametrize("length", ["1/1000000", "1/1000", "49/100", "51/100"])
@pytest.mark.parametrize("start", ["-3", "-1/4", "2"])
def test_a_piece_far_narrower_than_the_smoothing_keeps_its_relative_accuracy(length, start):
    """The closed form as written subtracts numbers that agree to (length/sigma)^2: it stands beside the right one."""
    exact = Fraction(length)
    narrow = Pieces(np.array([0.0]), np.array([1.0]), np.array([float(exact)]))
    with balls(300) as arithmetic:
        same = Pieces(arithmetic.array([0]), arithmetic.array([1]), arithmetic.array([float(exact)]))
        ball = smooth(same, arithmetic.array([start]), arithmetic.number(1))
        value = smooth(narrow, np.array([float(Fraction(start))]), 1.0)
        assert abs(ball - float(value)) <= ball * 1e-13
        s, e = float(Fraction(start)), float(Fraction(start)) + float(exact)
        written = -s * normal_mass(s, e) + normal_density(s) - normal_density(e)
        if exact < Fraction(1, 100):
            assert abs(ball - float(written)) > ball * 1e-12
