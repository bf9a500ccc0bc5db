"""Principal components: the singular values of numpy, orthonormal to rounding, tall and wide, and rank."""

from __future__ import annotations

import numpy as np
import pytest

from numerics.principal_components import principal_space


@pytest.mark.parametrize("shape", [(40, 6), (6, 40), (12, 12)])
def test_variances_are_squared_singular_values_and_coordinates_have_them(shape):
    x = np.random.default_rng(0).standard_normal(shape) * np.geomspace(1, 1e-3, shape[1]) + 3
    space = principal_space(x, 5)
    values = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)[:5] ** 2 / (len(x) - 1)
    np.testing.assert_allclose(space.variances, values, rtol=1e-8)
    np.testing.assert_allclose(space.directions.T @ space.directions, np.eye(5), atol=1e-13)
    coordinates = space.coordinates(x)
    np.testing.assert_allclose(np.cov(coordinates.T), np.diag(values), atol=1e-13 * values[0])
    np.testing.assert_allclose(space.explained, values.sum() / np.var(x, axis=0, ddof=1).sum(), rtol=1e-12)


def test_signs_are_fixed_and_components_stop_at_the_rank():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((30, 3)) @ rng.standard_normal((3, 20))
    space = principal_space(x, 10)
    assert space.directions.shape == (20, 3)
    assert space.explained == pytest.approx(1, abs=1e-12)
    largest = np.abs(space.directions).argmax(axis=0)
    assert (space.directions[largest, range(3)] > 0).all()
    np.testing.assert_allclose(principal_space(x[::-1], 10).directions, space.directions, atol=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e8 / 3])
def test_equal_rows_have_no_component_though_their_mean_is_rounded(value):
    with pytest.raises(ValueError, match="all 7 rows are equal up to rounding"):
        principal_space(np.full((7, 5), value), 2)


def test_one_row_is_refused():
    with pytest.raises(ValueError, match="2 principal components of 1 rows"):
        principal_space(np.zeros((1, 5)), 2)
