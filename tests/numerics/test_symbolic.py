"""A symbolic verdict needs a numerical check at points, and a limit on time."""

import time

import pytest
import sympy

from numerics.comparison import Truth
from numerics.symbolic import is_identically_zero, spot_check

x, p = sympy.Symbol("x", real=True), sympy.Symbol("p", positive=True)
n = sympy.Symbol("n", integer=True, positive=True)


def cube():
    return (x + p) ** 3 - x**3 - 3 * x**2 * p - 3 * x * p**2 - p**3


def pythagoras():
    return sympy.sin(x) ** 2 + sympy.cos(x) ** 2 - 1


def logarithm():
    return sympy.log(p**2) - 2 * sympy.log(p)


def nearly_zero():
    return x - x * (1 + sympy.Rational(1, 10**6))


def hidden_nearly_zero():
    return pythagoras() + sympy.Rational(1, 10**30)


def integral_of_a_reciprocal():
    return sympy.Integral(1 / (p**2 + 1 + sympy.cos(x)), (x, 0, 2 * sympy.pi))


def right_integral():
    square = p**2 + 1
    return integral_of_a_reciprocal() - 2 * sympy.pi / sympy.sqrt(square**2 - 1)


def a_limit():
    a, b = sympy.symbols("a b", positive=True)
    return sympy.Limit((a * sympy.exp(-a * x) + b * sympy.exp(-b * x)) * sympy.exp(b * x), x, sympy.oo) - b


def too_long():
    time.sleep(60)
    return x - x


def broken():
    raise ValueError("no expression")


def geometric():
    k = sympy.Symbol("k", integer=True)
    return sympy.Sum(2**k, (k, 0, n)).doit() - 2 ** (n + 1) + 1


@pytest.mark.parametrize("build", [cube, pythagoras, logarithm, geometric])
def test_an_identity_is_proved(build):
    truth, summary = is_identically_zero(build, isolate=False)
    assert truth is Truth.TRUE
    assert "reduced to 0" in summary


def test_an_identity_is_proved_in_a_process_of_its_own():
    assert is_identically_zero(cube, timeout=30)[0] is Truth.TRUE


def test_a_difference_of_one_millionth_is_not_zero():
    truth, summary = is_identically_zero(nearly_zero, isolate=False)
    assert truth is Truth.FALSE
    assert "x = " in summary


def test_a_difference_of_1e_minus_30_is_undecided_and_never_true():
    assert is_identically_zero(hidden_nearly_zero, isolate=False)[0] is Truth.UNDECIDED


def test_the_algebra_system_integrates_a_positive_function_to_zero_and_the_spot_check_sees_it():
    assert integral_of_a_reciprocal().doit() == 0
    truth, summary = is_identically_zero(integral_of_a_reciprocal, isolate=False)
    assert truth is Truth.FALSE
    assert "not 0 at p = " in summary


def test_the_right_integral_passes_the_spot_check_at_rational_points():
    assert spot_check(right_integral(), points=2)[0] is Truth.TRUE


def test_a_limit_has_no_independent_check_and_is_undecided_although_the_algebra_system_answers():
    a, b = sympy.symbols("a b", positive=True)
    wrong = sympy.limit(((2 * b) * sympy.exp(-2 * b * x) + b * sympy.exp(-b * x)) * sympy.exp(b * x), x, sympy.oo)
    general = sympy.limit((a * sympy.exp(-a * x) + b * sympy.exp(-b * x)) * sympy.exp(b * x), x, sympy.oo)
    # For a = 2 b the limit is b; the general answer is infinite whatever b - a.
    assert wrong == b
    assert general == sympy.oo
    assert is_identically_zero(a_limit, isolate=False)[0] is Truth.UNDECIDED


def test_a_proof_that_takes_too_long_is_undecided():
    truth, summary = is_identically_zero(too_long, timeout=0.2)
    assert truth is Truth.UNDECIDED
    assert "ended" in summary


def test_a_broken_build_is_undecided_and_says_why():
    truth, summary = is_identically_zero(broken, isolate=False)
    assert truth is Truth.UNDECIDED
    assert "no expression" in summary
