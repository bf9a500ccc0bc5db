"""The activations of the statements against those that the networks use, and against suprema found by search."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from numerics.activations import ACTIVATIONS, properties
from theory.marion2024.statements.activations import EXACT, PEAKS, TABLE
from theory.marion2024.training import NAMES

GRID = np.linspace(-6, 6, 241) + 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_values_slopes_and_suprema_are_those_of_the_networks(name) -> None:
    exact, used = EXACT[name], ACTIVATIONS[name]
    np.testing.assert_allclose(exact.value(GRID), used.value(GRID), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(exact.slope(GRID), used.first(GRID), rtol=1e-12, atol=1e-14)
    assert float(exact.lipschitz(1.0)) == pytest.approx(used.lipschitz, rel=1e-14)
    for mine, other in ((exact.bound, used.bound), (exact.curvature, used.curvature)):
        assert (mine is None) == (not np.isfinite(other))
        if mine is not None:
            assert float(mine(1.0)) == pytest.approx(other, rel=1e-14)


@pytest.mark.parametrize("name", [name for name in NAMES if properties(ACTIVATIONS[name]).twice_differentiable])
def test_the_best_lipschitz_constant_is_attained_near_the_peak_named_for_it(name) -> None:
    exact, peak = EXACT[name], PEAKS[name][0]
    found = minimize_scalar(lambda x: -abs(float(exact.slope(x))), bounds=(peak - 1, peak + 1), method="bounded")
    assert -found.fun == pytest.approx(float(exact.lipschitz(1.0)), rel=1e-9)


def test_the_table_names_each_activation_and_who_is_not_bounded() -> None:
    rows = dict(row.split(": ") for row in TABLE.split("; "))
    assert sorted(rows) == sorted(NAMES)
    assert sorted(name for name, words in rows.items() if "not bounded" in words) == ["gelu", "identity", "relu"]
    assert [name for name, words in rows.items() if "not C^2" in words] == ["relu"]
