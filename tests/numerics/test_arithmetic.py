"""One formula in floats, balls and symbols."""

import math
from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics import arithmetic as ar
from numerics.arithmetic import FLOATS, SYMBOLS, Arithmetic, Kind, balls, kind_of

rational = st.fractions(min_value=-6, max_value=6, max_denominator=97)
positive = st.fractions(min_value=Fraction(1, 97), max_value=6, max_denominator=97)

FUNCTIONS = {
    "exp": (ar.exp, rational),
    "log": (ar.log, positive),
    "expm1": (ar.expm1, rational),
    "log1p": (ar.log1p, positive),
    "sqrt": (ar.sqrt, positive),
    "sinh": (ar.sinh, rational),
    "tanh": (ar.tanh, rational),
    "sin": (ar.sin, rational),
    "arctan": (ar.arctan, rational),
    "erf": (ar.erf, rational),
    "erfc": (ar.erfc, rational),
    "absolute": (ar.absolute, rational),
    "positive_part": (ar.positive_part, rational),
    "negative_part": (ar.negative_part, rational),
    "normal_density": (ar.normal_density, rational),
}


def reference(expression):
    """Fifty digits as a ball of the digits left out."""
    return flint.arb(str(sympy.N(expression, 50)), "1e-45")


@pytest.mark.parametrize("bits", [53, 100, 400])
@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_floats_balls_and_symbols_agree(name, bits):
    function, values = FUNCTIONS[name]

    @settings(max_examples=30)
    @given(values)
    def check(q):
        symbol = function(SYMBOLS.number(q))
        with balls(bits) as arithmetic:
            enclosure = function(arithmetic.number(q))
            assert enclosure.overlaps(reference(symbol))
            assert enclosure.rad() <= flint.arb(2) ** (16 - bits)
        exact = float(sympy.N(symbol, 50))
        # The rounding of the argument is amplified by the condition number, below 40 on these ranges for erfc and log.
        assert function(FLOATS.number(q)) == pytest.approx(exact, rel=1e-13, abs=1e-15 * (name in {"log", "sin"}))

    check()


@given(rational, rational)
def test_maximum_minimum_and_mass_agree_in_all_arithmetics(p, q):
    low, high = min(p, q), max(p, q)
    with balls(100) as arithmetic:
        a, b = arithmetic.number(p), arithmetic.number(q)
        assert ar.maximum(a, b).overlaps(arithmetic.number(high))
        assert ar.minimum(a, b).overlaps(arithmetic.number(low))
        mass = ar.normal_mass(arithmetic.number(low), arithmetic.number(high))
        assert mass.overlaps(reference(ar.normal_mass(SYMBOLS.number(low), SYMBOLS.number(high))))
        assert float(mass) == pytest.approx(ar.normal_mass(float(low), float(high)), rel=1e-12, abs=1e-16)
    assert ar.maximum(float(p), float(q)) == float(high)
    assert ar.maximum(SYMBOLS.number(p), SYMBOLS.number(q)) == SYMBOLS.number(high)
    assert ar.minimum(float(p), float(q)) == float(low)


@given(rational, rational, rational)
def test_where_chooses_by_the_sign_in_all_arithmetics(s, p, q):
    chosen = p if s >= 0 else q
    assert ar.where(float(s), float(p), float(q)) == float(chosen)
    assert ar.where(*map(SYMBOLS.number, (s, p, q))) == SYMBOLS.number(chosen)
    with balls(64) as arithmetic:
        assert ar.where(*map(arithmetic.number, (s, p, q))).overlaps(arithmetic.number(chosen))


def test_where_gives_the_hull_of_both_branches_when_a_ball_cannot_decide():
    hull = ar.where(flint.arb(0, 1), flint.arb(2), flint.arb(5))
    assert hull.contains(2)
    assert hull.contains(5)
    assert ar.where(flint.arb("nan"), flint.arb(2), flint.arb(5)).contains(5)


def test_maximum_encloses_both_where_the_library_returns_its_first_argument():
    wide = flint.arb(0, 1)
    assert not max(wide, flint.arb(0.5)).contains(flint.arb(0.5).union(1)) or max(wide, flint.arb(0.5)) is wide
    assert max(flint.arb(0.5), wide) == flint.arb(0.5)
    for hull in (ar.maximum(wide, flint.arb(0.5)), ar.maximum(flint.arb(0.5), wide)):
        assert hull.contains(1)
        assert hull.contains(0.5)
        assert hull > 0.4
    assert not ar.maximum(flint.arb("nan"), flint.arb(1)).is_finite()


@given(rational, st.floats(0, 2), rational, st.floats(0, 2), st.floats(-1, 1), st.floats(-1, 1))
def test_the_maximum_of_balls_contains_the_maximum_of_their_points(p, r, q, s, u, v):
    a, b = flint.arb(float(p), r), flint.arb(float(q), s)
    x, y = flint.arb(float(p)) + flint.arb(r) * u, flint.arb(float(q)) + flint.arb(s) * v
    larger = x if x >= y else y
    assert ar.maximum(a, b).overlaps(larger)
    assert ar.minimum(a, b).overlaps(y if x >= y else x)


@pytest.mark.parametrize(
    ("a", "b"), [(30, 31), (-31, -30), (5, 40), (-40, -5), (37, 37.5), (-1, 1), (-1e-10, 1e-10), (0, 3), (-2, 9)]
)
def test_the_normal_mass_of_a_far_interval_keeps_its_relative_accuracy(a, b):
    with mpmath.workdps(1000):
        exact = (mpmath.erf(mpmath.mpf(b) / mpmath.sqrt(2)) - mpmath.erf(mpmath.mpf(a) / mpmath.sqrt(2))) / 2
        text = mpmath.nstr(exact, 60)
    assert ar.normal_mass(float(a), float(b)) == pytest.approx(float(exact), rel=1e-12)
    with balls(128):
        enclosure = ar.normal_mass(flint.arb(a), flint.arb(b))
        assert enclosure.overlaps(flint.arb(text))
        assert enclosure.rel_accuracy_bits() > 64


def test_the_difference_of_two_distribution_functions_is_0_in_the_far_tail_where_the_mass_is_not():
    naive = 0.5 * math.erf(31 / math.sqrt(2)) - 0.5 * math.erf(30 / math.sqrt(2))
    assert naive == 0.0
    assert ar.normal_mass(30.0, 31.0) > 1e-198
    np.testing.assert_array_equal(ar.normal_mass(np.array([-31.0, 30.0]), np.array([-30.0, 31.0])), ar.normal_mass(30.0, 31.0))


def test_infinite_ends_have_the_mass_of_half_lines():
    assert ar.normal_mass(-math.inf, math.inf) == 1.0
    assert ar.normal_mass(0.0, math.inf) == 0.5
    assert ar.normal_mass(-math.inf, 0.0) == 0.5


def test_expm1_and_log1p_keep_small_arguments():
    assert ar.expm1(1e-20) == 1e-20
    assert ar.log1p(1e-20) == 1e-20
    assert math.exp(1e-20) - 1 == 0.0


@pytest.mark.parametrize("arithmetic", [FLOATS, SYMBOLS, Arithmetic(Kind.BALLS)])
def test_arrays_of_every_arithmetic_broadcast_and_keep_their_kind(arithmetic):
    x = arithmetic.array([0, "1/2", Fraction(3, 4)])
    assert kind_of(x) is arithmetic.kind
    table = ar.exp(x[:, None] - x[None, :])
    assert table.shape == (3, 3)
    assert kind_of(table) is arithmetic.kind
    assert ar.total(x) - arithmetic.number("5/4") == 0
    assert ar.least(x) == arithmetic.number(0)


def test_a_string_is_an_exact_decimal_and_a_float_is_its_binary_value():
    assert SYMBOLS.number("0.1") == sympy.Rational(1, 10)
    assert SYMBOLS.number(0.1) != sympy.Rational(1, 10)
    with balls(128) as arithmetic:
        assert not flint.arb(0.1).contains(flint.arb("0.1"))
        assert arithmetic.number("0.1").overlaps(arithmetic.number(Fraction(1, 10)))
        assert not arithmetic.number(0.1).overlaps(arithmetic.number("0.1"))


def test_the_precision_is_restored_even_after_an_exception():
    def broken():
        with balls(200):
            assert flint.ctx.prec == 200
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert flint.ctx.prec == 53


def test_pi_belongs_to_the_arithmetic_of_its_argument():
    assert ar.pi(1.0) == math.pi
    assert ar.pi(sympy.Integer(1)) == sympy.pi
    assert ar.pi(flint.arb(1)).contains(flint.arb.pi().mid())
