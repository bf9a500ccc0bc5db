"""Quadrature in floats: peaks that a plain call misses, and rules whose weights break."""

import math
import warnings

import numpy as np
import pytest
from scipy import integrate as scipy_integrate

from numerics.quadrature import QuadratureError, gauss_legendre_panels, hermite_nodes, integrate

INFINITY = math.inf


def normal(mean, width):
    return lambda x: np.exp(-(((x - mean) / width) ** 2) / 2) / (width * math.sqrt(2 * math.pi))


def accepted(result, expected, relative=1e-12):
    assert result.agreed, result.message
    assert abs(result.value - expected) <= relative * abs(expected)
    assert abs(result.value - expected) <= result.error
    return True


def test_a_density_far_from_0_has_mass_1_where_a_plain_call_gives_0():
    plain = scipy_integrate.quad(normal(116, 3.81), 0, INFINITY)
    assert plain[0] < 1e-15
    assert accepted(integrate(normal(116, 3.81), 0, INFINITY, points=[116], scales=[3.81]), 1)


def test_the_mean_of_a_density_at_800_is_800_where_a_plain_call_gives_0_with_error_0():
    def f(x):
        return x * normal(800, 1)(x)

    assert scipy_integrate.quad(f, -INFINITY, INFINITY) == (0.0, 0.0)
    assert accepted(integrate(f, -INFINITY, INFINITY, points=[800], scales=[1]), 800)
    assert accepted(integrate(f, -INFINITY, INFINITY), 800)


def test_half_a_line_of_a_gaussian_is_sqrt_pi_where_a_plain_call_is_certain_of_1e_minus_37():
    def f(x):
        return np.exp(-(x * x))

    value, error = scipy_integrate.quad(f, -INFINITY, 38)
    assert value < 1e-30
    assert error == 0.0
    assert accepted(integrate(f, -INFINITY, 38, points=[0], scales=[1]), math.sqrt(math.pi))


def test_a_step_has_its_area_when_its_jump_is_named_and_is_not_accepted_otherwise():
    def f(x):
        return np.where(x < 0.3, 1.0, 0.0)

    assert scipy_integrate.quad(lambda x: float(x < 0), -1, 1e4) == (0.0, 0.0)
    assert accepted(integrate(f, -0.7, 1e4, points=[0.3]), 1)
    assert not integrate(f, -0.7, 1e4).agreed


def test_an_error_of_exactly_0_is_never_accepted():
    result = integrate(lambda x: 0.0 * x, -1, 1)
    assert not result.agreed
    assert "exactly 0" in result.message


def test_a_divergent_integral_and_a_nan_are_not_accepted():
    assert not integrate(lambda x: 1 / x, 0, 1).agreed
    assert not integrate(lambda x: x * math.nan, 0, 1).agreed


def test_an_odd_integrand_cancels_to_0_and_is_accepted():
    result = integrate(lambda x: x * normal(0, 1)(x), -INFINITY, INFINITY, points=[0], scales=[1])
    assert result.agreed
    assert abs(result.value) <= result.error


def test_end_singularities_heavy_tails_and_tiny_integrals_are_accepted():
    assert accepted(integrate(lambda x: 1 / np.sqrt(x), 0, 1), 2)
    assert accepted(integrate(lambda x: 1e-6 / (1e-12 + x * x), -INFINITY, INFINITY, points=[0], scales=[1e-6]), math.pi)
    assert accepted(integrate(lambda x: 1e-200 * normal(0, 1)(x), -INFINITY, INFINITY, points=[0], scales=[1]), 1e-200)


@pytest.mark.parametrize("width", [1e-2, 1e-4, 1e-6])
def test_a_logistic_peak_of_any_width_has_mass_1(width):
    def f(x):
        return 1 / (2 * width * np.cosh(np.clip((x - 1) / width, -350, 350)) ** 2)

    assert accepted(integrate(f, 0, INFINITY, points=[1], scales=[width], relative=1e-10), 1, 1e-10)


def test_a_point_interval_has_integral_0_and_bad_ends_are_refused():
    assert integrate(np.cos, 2, 2).value == 0.0
    for arguments in ((1, 0), (math.nan, 1), (INFINITY, INFINITY)):
        with pytest.raises(QuadratureError, match="not in order"):
            integrate(np.cos, *arguments)
    with pytest.raises(QuadratureError, match="width"):
        integrate(np.cos, 0, 1, points=[0.5], scales=[0.0])
    with pytest.raises(QuadratureError, match="tolerance"):
        integrate(np.cos, 0, 1, relative=1e-16)


def test_a_rule_with_n_nodes_integrates_degree_2n_minus_1_exactly_on_every_panel():
    edges = np.array([0.0, 0.5, 2.0, 3.0])
    got = gauss_legendre_panels(lambda x: x**7, edges, 4)
    np.testing.assert_allclose(got, np.diff(edges**8) / 8, rtol=1e-14)
    with pytest.raises(QuadratureError, match="increasing"):
        gauss_legendre_panels(np.cos, [1.0, 0.0], 4)


@pytest.mark.parametrize("n", [1, 10, 372, 1000])
def test_hermite_weights_sum_to_sqrt_pi(n):
    _, w = hermite_nodes(n)
    assert math.fsum(w) == pytest.approx(math.sqrt(math.pi), rel=1e-12)


def test_numpy_hermite_weights_are_not_finite_at_372_nodes():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, w = np.polynomial.hermite.hermgauss(372)
    assert not np.all(np.isfinite(w))
    assert np.all(np.isfinite(hermite_nodes(372)[1]))


def test_a_rule_with_broken_weights_is_refused(monkeypatch):
    monkeypatch.setattr("scipy.special.roots_hermite", np.polynomial.hermite.hermgauss)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(QuadratureError, match="weights"):
            hermite_nodes(372)
