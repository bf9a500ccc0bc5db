"""Rigorous integration refuses what is not declared, and certifies what is."""

import math
from fractions import Fraction

import flint
import pytest

from numerics.arithmetic import balls
from numerics.ball_integration import (
    NotHolomorphicError,
    ball,
    holomorphic,
    integrate,
    integrate_panels,
    piecewise_holomorphic,
    sign_on,
)


@pytest.mark.parametrize("bits", [53, 128, 333])
def test_the_square_root_has_integral_two_thirds_and_the_modulus_1_at_any_precision(bits):
    with balls(bits):
        root = integrate(piecewise_holomorphic(lambda z, a: z.sqrt(analytic=a)), 0, 1)
        modulus = integrate(piecewise_holomorphic(lambda z, a: z.real_abs(analytic=a)), -1, 1)
        assert root.contains(ball("2/3"))
        assert modulus.contains(flint.arb(1))
        assert min(root.rel_accuracy_bits(), modulus.rel_accuracy_bits()) > 0.7 * bits


def test_ignoring_the_flag_gives_tight_and_wrong_enclosures():
    root = flint.acb.integral(lambda z, _: z.sqrt(), 0, 1).real
    modulus = flint.acb.integral(lambda z, _: (z * z).sqrt(), -1, 1).real
    assert float(root) == pytest.approx(0.673887, abs=1e-6)
    assert not root.contains(ball("2/3"))
    assert float(root.rad()) < 1e-14
    assert not modulus.contains(flint.arb(1))


def test_an_undeclared_integrand_is_refused():
    for undeclared in (lambda z: z.sqrt(), lambda z, analytic: z.sqrt(analytic=analytic), abs):
        with pytest.raises(NotHolomorphicError, match="declare"):
            integrate(undeclared, 0, 1)


def test_a_gaussian_tail_of_1e_minus_200_is_enclosed_to_relative_precision_only_when_asked():
    f = holomorphic(lambda z: (-(z * z) / 2).exp() * flint.arb(10) ** -200)
    assert integrate(f, -10, 10).contains(0)
    assert integrate(f, -10, 10, relative_bits=40).rel_accuracy_bits() >= 39


def test_a_pole_on_the_path_gives_no_finite_enclosure():
    assert not integrate(holomorphic(lambda z: 1 / z), -1, 1, evaluations=2000).is_finite()


def test_an_exception_of_the_integrand_is_raised_as_it_is():
    def broken(z):
        raise ZeroDivisionError("ours")

    with pytest.raises(ZeroDivisionError, match="ours"):
        integrate(holomorphic(broken), 0, 1, evaluations=100)


def test_panels_sum_to_the_whole_integral():
    f = holomorphic(lambda z: z.exp())
    assert integrate_panels(f, [0, Fraction(1, 3), "0.7", 1]).overlaps(flint.arb(1).expm1())
    with pytest.raises(ValueError, match="two edges"):
        integrate_panels(f, [0])


def test_exact_values_enter_exactly_and_a_float_is_its_binary_value():
    assert not flint.arb(0.1).contains(flint.arb("0.1"))
    with balls(128):
        assert ball("0.1").overlaps(flint.arb(1) / 10)
        assert not ball(0.1).overlaps(flint.arb(1) / 10)
        assert ball(Fraction(0.1)) == ball(0.1)


def test_the_sign_on_an_interval_is_certified_and_never_guessed():
    assert sign_on(lambda x: x * x - x + ball("0.26"), 0, 1) == 1
    assert sign_on(lambda x: -1 - x * x, -3, 5) == -1
    assert sign_on(lambda x: x * x - x + ball("0.24"), 0, 1) == 0
    assert sign_on(lambda x: (x - ball("1/3")) ** 2, 0, 1) == 0
    assert sign_on(lambda x: flint.arb("nan"), 0, 1) == 0


def test_a_narrow_dip_below_0_is_seen_although_no_grid_of_floats_meets_it():
    dip = ball("1e-8")

    def f(x):
        return (x - ball("1/3")) ** 2 - dip**2

    assert all(f(flint.arb(k) / 1000) > 0 for k in range(1001))
    assert sign_on(f, 0, 1, depth=60) == 0
    assert math.isfinite(float(f(flint.arb(0))))
