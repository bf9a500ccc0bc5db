"""What the tests of the quantities of wu2025 start from."""

from fractions import Fraction

import pytest

from theory.wu2025.setting import ScoreProblem


@pytest.fixture(scope="session")
def problem():
    """Build a problem from numbers: floats at their binary value, strings as exact fractions."""
    return lambda x, mu, sigma: ScoreProblem(x=tuple(Fraction(v) for v in x), mu=Fraction(mu), sigma=Fraction(sigma))
