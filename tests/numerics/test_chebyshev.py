"""Chebyshev collocation on [0, 1] against closed forms."""

import math

import numpy as np
import pytest

from numerics.chebyshev import ChebyshevError, chebyshev_grid

FUNCTIONS = {
    "exp(s)": (np.exp, np.exp, lambda s: np.expm1(s)),
    "sin(3 s)": (lambda s: np.sin(3 * s), lambda s: 3 * np.cos(3 * s), lambda s: (1 - np.cos(3 * s)) / 3),
    "1/(2 + s)": (lambda s: 1 / (2 + s), lambda s: -1 / (2 + s) ** 2, lambda s: np.log1p(s / 2)),
}


@pytest.fixture(params=FUNCTIONS.values(), ids=FUNCTIONS)
def analytic(request):
    return request.param


def test_nodes_run_from_0_to_1_and_are_symmetric():
    nodes = chebyshev_grid(13).nodes
    assert nodes[0] == 0
    assert nodes[-1] == 1
    assert np.all(np.diff(nodes) > 0)
    np.testing.assert_allclose(nodes + nodes[::-1], 1, rtol=0, atol=1e-15)


def test_integrals_of_analytic_functions_are_exact_to_1e_minus_13(analytic):
    f, _, integral = analytic
    grid = chebyshev_grid(18)
    s = grid.nodes
    np.testing.assert_allclose(grid.from_left @ f(s), integral(s), rtol=0, atol=1e-13)
    np.testing.assert_allclose(grid.from_right @ f(s), integral(1.0) - integral(s), rtol=0, atol=1e-13)
    assert abs(grid.weights @ f(s) - integral(1.0)) < 1e-15 * 4


def test_derivatives_lose_the_digits_that_the_condition_number_takes_and_no_more(analytic):
    f, derivative, _ = analytic
    for n in (18, 36):
        grid = chebyshev_grid(n)
        bound = 1e-16 * n**2 * 8
        np.testing.assert_allclose(grid.derivative @ f(grid.nodes), derivative(grid.nodes), rtol=0, atol=bound)
    grid = chebyshev_grid(14)
    np.testing.assert_allclose(grid.derivative @ np.exp(grid.nodes), np.exp(grid.nodes), rtol=0, atol=1e-13)


def test_the_interpolant_of_an_analytic_function_is_exact_to_1e_minus_13(analytic):
    f, _, _ = analytic
    grid = chebyshev_grid(18)
    points = np.concatenate([np.linspace(0, 1, 101), grid.nodes, grid.nodes[1:] * (1 - 1e-15), [1e-300, 5e-324]])
    rows = grid.interpolation(points)
    np.testing.assert_allclose(rows @ f(grid.nodes), f(points), rtol=0, atol=1e-13)
    np.testing.assert_allclose(rows.sum(axis=1), 1, rtol=0, atol=1e-13)


def test_at_a_node_interpolation_returns_the_value_bit_for_bit():
    grid = chebyshev_grid(9)
    np.testing.assert_array_equal(grid.interpolation(grid.nodes), np.eye(9))


@pytest.mark.parametrize("n", [2, 3, 8, 33])
def test_polynomials_up_to_degree_n_minus_1_are_integrated_exactly(n):
    grid = chebyshev_grid(n)
    for degree in range(n):
        values = grid.nodes**degree
        integral = grid.nodes ** (degree + 1) / (degree + 1)
        np.testing.assert_allclose(grid.from_left @ values, integral, rtol=0, atol=1e-14)
        np.testing.assert_allclose(grid.from_right @ values, 1 / (degree + 1) - integral, rtol=0, atol=1e-14)


def test_weights_are_those_of_clenshaw_and_curtis():
    np.testing.assert_allclose(chebyshev_grid(3).weights, [1 / 6, 4 / 6, 1 / 6], rtol=0, atol=1e-15)
    for n in (5, 12, 13, 64):
        # The cosine sum of the textbook, for m = n - 1 intervals.
        m, angles = n - 1, np.pi * np.arange(n) / (n - 1)
        halves = range(1, m // 2 + 1)
        expected = 1 - sum((1 if 2 * k == m else 2) / (4 * k * k - 1) * np.cos(2 * k * angles) for k in halves)
        expected *= np.where((np.arange(n) % m) == 0, 1, 2) / (2 * m)
        weights = chebyshev_grid(n).weights
        np.testing.assert_allclose(weights, expected, rtol=0, atol=2e-15)
        assert np.all(weights > 0)


def test_doubling_the_nodes_shows_geometric_convergence_until_rounding():
    errors = [abs(chebyshev_grid(n).weights @ (1 / (2 + chebyshev_grid(n).nodes)) - math.log(1.5)) for n in (4, 8, 16, 32)]
    assert errors[0] > 1e3 * errors[1] > 1e3 * 1e3 * errors[2]
    assert errors[2] < 2e-16
    assert errors[3] < 2e-16


def test_a_kink_is_not_resolved_and_the_doubling_shows_it():
    values = [chebyshev_grid(n).weights @ np.abs(chebyshev_grid(n).nodes - 0.3) for n in (16, 32)]
    assert abs(values[0] - values[1]) > 1e-4
    assert chebyshev_grid(32).tail(np.abs(chebyshev_grid(32).nodes - 0.3)) > 1e-4


def test_the_tail_of_an_analytic_function_is_above_the_error_of_the_interpolant():
    points = np.linspace(0, 1, 201)
    for n in (4, 7, 10):
        grid = chebyshev_grid(n)
        error = np.abs(grid.interpolation(points) @ np.exp(grid.nodes) - np.exp(points)).max() / math.e
        assert 1 < grid.tail(np.exp(grid.nodes)) / error < 10 * n**2
    assert chebyshev_grid(16).tail(np.exp(chebyshev_grid(16).nodes)) < 1e-15
    assert chebyshev_grid(16).tail(np.zeros((16, 2, 3))) == 0


def test_coefficients_are_those_of_the_chebyshev_polynomials():
    grid = chebyshev_grid(6)
    for k in range(6):
        np.testing.assert_allclose(
            grid.coefficients @ np.cos(k * np.arccos(2 * grid.nodes - 1)), np.eye(6)[k], rtol=0, atol=4e-15
        )


def test_one_node_and_points_outside_are_refused_by_name():
    with pytest.raises(ChebyshevError, match="at least 2 nodes, not 1"):
        chebyshev_grid(1)
    for bad in (-1e-16, 1.0000000000000002, math.nan):
        with pytest.raises(ChebyshevError, match=r"point .* is no sequence of points of \[0, 1\]"):
            chebyshev_grid(4).interpolation([0.5, bad])
    with pytest.raises(ChebyshevError, match=r"shape \(\)"):
        chebyshev_grid(4).interpolation(0.5)


def test_the_operators_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        chebyshev_grid(4).from_left[0, 0] = 1.0
