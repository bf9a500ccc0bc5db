"""The trapezoidal rule in the plane against closed forms, inside its own error bound."""

import flint
import numpy as np
import pytest

from numerics.arithmetic import balls, exp, sin
from numerics.gaussian_trapezoid import plane_mean, rule_error


@pytest.mark.parametrize(("a", "b"), [("1", "1/2"), ("3", "3"), ("9/2", "1/10")])
def test_the_mean_of_a_cosine_of_two_variables_is_enclosed(a, b) -> None:
    with balls(192) as arithmetic:
        a, b = arithmetic.number(a), arithmetic.number(b)
        quarter = flint.arb.pi() / 2
        one = arithmetic.number(1)
        found = plane_mean(lambda x, y: sin(a * x + b * y + quarter), one, frequency=5.0, amplitude=one)
        assert found.overlaps(exp(-(a * a + b * b) / 2))
        assert float(found.rad()) < 1e-27


def test_the_error_bound_covers_the_error_and_is_not_far_above_it() -> None:
    # At frequency 10 aliasing is all there is: the nearest term of Poisson's sum.
    mean = plane_mean(lambda x, y: np.cos(10 * x) + 0 * y, 1.0, frequency=10.0, amplitude=1.0)
    error = abs(float(mean) - np.exp(-50.0))
    assert 0.2 * rule_error(10.0) < error <= rule_error(10.0)


def test_frequencies_that_the_nodes_cannot_tell_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="frequency of 11"):
        rule_error(11.0)
