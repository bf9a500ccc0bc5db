"""Activations: values and derivatives against mpmath, suprema, Hermite coefficients."""

import functools
import math

import mpmath
import numpy as np
import pytest

from numerics.activations import (
    ACTIVATIONS,
    HermiteError,
    Properties,
    Smoothness,
    hermite_by_quadrature,
    one_minus_cos,
    properties,
)

EACH = pytest.mark.parametrize("activation", [*ACTIVATIONS.values(), one_minus_cos(-2.5)], ids=lambda a: a.name)
EPS = np.finfo(float).eps
EXACT = {
    "tanh": mpmath.tanh,
    "erf": mpmath.erf,
    "sin": mpmath.sin,
    "one_minus_cos": lambda x: 1 - mpmath.cos(x),
    "-2.5 one_minus_cos": lambda x: -2.5 * (1 - mpmath.cos(x)),
    "arctan": mpmath.atan,
    "gelu": lambda x: x * mpmath.ncdf(x),
    "relu": lambda x: max(x, 0),
    "identity": lambda x: x,
}


@pytest.fixture(autouse=True)
def thirty_digits():
    with mpmath.workdps(40):
        yield


@EACH
def test_values_and_derivatives_are_those_of_a_thirty_digit_reference(activation):
    points = np.array([-37.0, -6.1, -2.0, -0.7, -1e-3, 1e-9, 0.3, 1.1, 2.5, 5.0, 40.0])
    exact = EXACT[activation.name]
    for order, function in enumerate((activation.value, activation.first, activation.second)):
        found = function(points)
        for x, value in zip(points, found, strict=True):
            wanted = float(mpmath.diff(exact, mpmath.mpf(x), order, h=mpmath.mpf(10) ** -12))
            # Some roundings of the value and of the argument; far out, exp(-x^2/2) multiplies a rounding of x by x^2.
            allowed = 16 * EPS * (abs(wanted) * (1 + x * x) + (order > 0 and abs(x) < 30)) + 1e-22
            assert abs(value - wanted) <= allowed, (order, x, value, wanted)


@EACH
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_types_are_preserved_and_extreme_arguments_are_finite_without_warnings(activation, dtype):
    top = 1e300 if dtype == np.float64 else 1e30
    x = np.array([-top, -100, -1, 0, 1e-30, 1, 100, top], dtype)
    before = x.copy()
    fused = activation.value_and_first(x)
    for result in (activation.value(x), activation.first(x), activation.second(x), *fused):
        assert result.dtype == dtype
        assert np.isfinite(result).all()
    assert (x == before).all()
    scale = min(activation.bound, 2.0)
    for one, other, size in ((fused[0], activation.value(x), scale), (fused[1], activation.first(x), activation.lipschitz)):
        np.testing.assert_allclose(one[2:6], other[2:6], rtol=0, atol=4 * np.finfo(dtype).eps * size)


@EACH
def test_suprema_are_reached_and_never_exceeded_on_a_grid(activation):
    x = np.linspace(-40, 40, 800_001)
    for function, supremum in (
        (activation.value, activation.bound),
        (activation.first, activation.lipschitz),
        (activation.second, activation.curvature),
    ):
        largest = np.abs(function(x)).max()
        assert largest <= supremum * (1 + 4 * EPS)
        if math.isfinite(supremum) and activation.name != "arctan":
            assert largest >= supremum * (1 - 1e-8)  # the nearest point of the grid is within 1e-4 of the maximiser


def test_the_suprema_of_gelu_erf_tanh_and_arctan_are_the_known_ones():
    assert ACTIVATIONS["gelu"].lipschitz == pytest.approx(
        float(mpmath.ncdf(mpmath.sqrt(2)) + mpmath.exp(-1) / mpmath.sqrt(mpmath.pi))
    )
    assert ACTIVATIONS["gelu"].lipschitz == pytest.approx(1.12890, abs=1e-5)
    assert ACTIVATIONS["gelu"].curvature == pytest.approx(0.797885, abs=1e-6)
    assert ACTIVATIONS["tanh"].curvature == pytest.approx(0.769800, abs=1e-6)
    assert ACTIVATIONS["erf"].curvature == pytest.approx(0.967883, abs=1e-6)
    arctan = ACTIVATIONS["arctan"]
    assert arctan.value(np.array([1e300]))[0] == arctan.bound
    assert arctan.second(np.array([-1 / math.sqrt(3)]))[0] == pytest.approx(arctan.curvature, rel=1e-15)


def test_only_smooth_bounded_activations_have_all_five_properties():
    full = Properties(twice_differentiable=True, non_constant=True, lipschitz=True, bounded=True, vanishes_at_zero=True)
    assert {name for name, a in ACTIVATIONS.items() if properties(a) == full} == {
        "tanh",
        "erf",
        "sin",
        "one_minus_cos",
        "arctan",
    }
    assert not properties(ACTIVATIONS["gelu"]).bounded
    assert not properties(ACTIVATIONS["relu"]).twice_differentiable
    assert ACTIVATIONS["relu"].smoothness is Smoothness.LIPSCHITZ_ONLY
    assert all((a.value(np.zeros(1))[0] == 0) == a.vanishes_at_zero for a in ACTIVATIONS.values())


# Hermite coefficients.


@functools.cache
def weighted(name, x):
    return EXACT[name](x) * mpmath.npdf(x)


def reference(name, r):
    """Return the integral over half-lines, so that a kink at 0 is an end."""
    coefficients = [int(c) for c in np.polynomial.hermite_e.herme2poly([0] * r + [1])[::-1]]
    ends = [-13, -5, 0, 5, 13]
    return float(
        mpmath.quad(lambda x: weighted(name, x) * mpmath.polyval(coefficients, x), ends) / mpmath.sqrt(mpmath.factorial(r))
    )


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_hermite_coefficients_are_those_of_a_thirty_digit_integral(name):
    with mpmath.workdps(30):
        for r in (0, 1, 2, 3, 4, 7):
            found = ACTIVATIONS[name].hermite_coefficient(r)
            assert abs(found - reference(name, r)) <= 32 * EPS, (name, r)


@pytest.mark.parametrize("name", ["erf", "sin", "one_minus_cos", "gelu", "identity"])
def test_the_quadrature_agrees_with_every_closed_form_of_a_smooth_function(name):
    activation = ACTIVATIONS[name]
    for r in range(0, 151, 3):
        assert abs(hermite_by_quadrature(activation.value, r) - activation.hermite_coefficient(r)) <= 4 * EPS


@EACH
def test_squares_of_hermite_coefficients_add_up_to_the_second_moment(activation):
    # |s| <= 2.5 |x| or 5; second moment by the same trapezoidal rule, exact for smooth squares. relu^2 has a kink: 1/2 exactly.
    x = np.arange(-200, 201) / 16
    moment = (
        0.5
        if activation.name == "relu"
        else np.sum(activation.value(x) ** 2 * np.exp(-x * x / 2)) / 16 / math.sqrt(2 * math.pi)
    )
    partial = math.fsum(activation.hermite_coefficient(r) ** 2 for r in range(151))
    assert partial <= moment + 1e-13
    # The tail: relu decays like r^(-5/4), arctan and tanh like exp(-c sqrt r) with c = 2 and pi.
    assert moment - partial <= {"relu": 1e-4, "arctan": 1e-9}.get(activation.name, 1e-13)


def test_coefficients_of_the_wrong_parity_are_exactly_zero():
    for name in ("tanh", "erf", "sin", "arctan", "identity"):
        assert all(ACTIVATIONS[name].hermite_coefficient(r) == 0 for r in range(0, 40, 2))
    assert all(ACTIVATIONS["one_minus_cos"].hermite_coefficient(r) == 0 for r in range(1, 40, 2))


def test_a_gauss_rule_of_a_hundred_nodes_is_the_wrong_way_for_arctan():
    x, w = np.polynomial.hermite_e.hermegauss(100)
    gauss = np.sum(w * np.arctan(x) * (x**3 - 3 * x)) / math.sqrt(2 * math.pi * 6)
    ours = ACTIVATIONS["arctan"].hermite_coefficient(3)
    exact = reference("arctan", 3)
    assert abs(ours - exact) <= 4 * EPS
    assert abs(gauss - exact) >= 1e-10


def test_a_kink_is_refused_by_the_quadrature_and_bad_degrees_and_amplitudes_by_name():
    with pytest.raises(HermiteError, match=r"differs by .* between two grids"):
        hermite_by_quadrature(lambda x: np.abs(x - 0.3), 2)
    with pytest.raises(ValueError, match="between 0 and 150, not -1"):
        ACTIVATIONS["tanh"].hermite_coefficient(-1)
    for amplitude in (0.0, math.inf):
        with pytest.raises(ValueError, match="amplitude"):
            one_minus_cos(amplitude)
