"""What every test starts from: balls of 53 bits, and the same random examples on every machine."""

import flint
import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None, database=None)
settings.load_profile("ci")


@pytest.fixture(autouse=True)
def precision_is_left_as_found():
    """The precision of balls is global in the library: a test that leaves it changed fails."""
    flint.ctx.prec = 53
    yield
    left, flint.ctx.prec = flint.ctx.prec, 53
    assert left == 53, f"the test left the precision of balls at {left} bits"
