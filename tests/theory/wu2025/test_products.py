"""The Hessian as a map on vectors: the same numbers as the matrix, in any order of the neurons, at any width."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from numerics.arithmetic import FLOATS, balls
from numerics.eigenvalues import extreme_eigenvalues
from theory.statement import InputError
from theory.wu2025.curvature import curvature
from theory.wu2025.networks import from_neurons
from theory.wu2025.products import hessian_product
from theory.wu2025.setting import ScoreProblem

SAMPLE = ScoreProblem(x=(Fraction(0), Fraction(1), Fraction(5, 2)), mu=Fraction(9, 10), sigma=Fraction(1, 5))


def network(width: int, *, seed: int = 0):
    rng = np.random.default_rng(seed)
    kinks = rng.uniform(-0.5, 3.0, width)
    if width > 4:
        kinks[1], kinks[2], kinks[3] = kinks[0], 0.9, 0.0  # two coincide, two lie on data points
    return from_neurons(SAMPLE, kinks.tolist(), rng.choice([-1, 1], width).tolist(), rng.normal(0, 5, width).tolist())


@pytest.mark.parametrize("width", [1, 2, 5, 40])
def test_a_product_is_the_matrix_times_the_vector(width) -> None:
    p = network(width).lift(FLOATS)
    v = np.random.default_rng(1).normal(size=2 * width)
    expected = curvature(p).hessian @ v
    np.testing.assert_allclose(hessian_product(p)(v), expected, rtol=0, atol=1e-13 * np.abs(expected).max())


def test_the_product_includes_the_kink_term_which_gauss_newton_and_mixed_parts_miss() -> None:
    p = network(5).lift(FLOATS)
    v = np.concatenate([np.zeros(5), np.ones(5)])
    missing = hessian_product(p)(v) - curvature(p).pathwise @ v
    np.testing.assert_allclose(missing[5:], curvature(p).kink, rtol=1e-9, atol=1e-14)
    assert np.abs(missing[5:]).max() > 1e-3


def test_the_map_is_symmetric_and_follows_a_permutation_of_the_neurons() -> None:
    problem, width = network(12), 12
    rng = np.random.default_rng(2)
    u, v, order = rng.normal(size=24), rng.normal(size=24), rng.permutation(12)
    product = hessian_product(problem.lift(FLOATS))
    assert u @ product(v) == pytest.approx(v @ product(u), rel=1e-12)
    names = ("kinks", "directions", "weights")
    moved = from_neurons(SAMPLE, *([getattr(problem, name)[k] for k in order] for name in names))
    both = np.concatenate([order, width + order])
    np.testing.assert_allclose(hessian_product(moved.lift(FLOATS))(v[both]), product(v)[both], rtol=1e-10, atol=1e-13)


def test_lanczos_on_the_product_finds_the_largest_algebraic_eigenvalue_of_the_dense_matrix() -> None:
    p = network(60).lift(FLOATS)
    dense = extreme_eigenvalues(curvature(p).hessian)
    found = extreme_eigenvalues(hessian_product(p), 120, dense_limit=10)
    assert found.method == "Lanczos"
    assert found.largest == pytest.approx(dense.largest, rel=1e-9)
    assert found.smallest == pytest.approx(dense.smallest, rel=1e-9)


def test_a_product_needs_single_neurons_in_floats() -> None:
    grouped = from_neurons(SAMPLE, [0], [1], [1], [2])
    with pytest.raises(InputError, match=r"width 2: products need single neurons in floats"):
        hessian_product(grouped.lift(FLOATS))
    with balls(64) as arithmetic, pytest.raises(InputError, match="floats"):
        hessian_product(network(1).lift(arithmetic))
