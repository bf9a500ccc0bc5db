"""Roots in brackets."""

import math
from fractions import Fraction

import flint
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.arithmetic import balls
from numerics.ball_integration import ball
from numerics.roots import RootError, bisect_many, bracketed_root, isolate


@given(st.floats(1e-6, 1e6))
def test_the_root_of_a_square_is_the_square_root(c):
    assert bracketed_root(lambda x: x * x - c, 0, 1e4) == pytest.approx(math.sqrt(c), rel=1e-14)


def test_no_sign_change_and_nan_are_refused_in_one_line():
    with pytest.raises(RootError, match="no sign change between 1 and 2"):
        bracketed_root(lambda x: x * x, 1, 2)
    with pytest.raises(RootError, match="not a number at"):
        bracketed_root(lambda x: x - 1 if x < 1.2 else math.nan, 0, 1.5)
    assert bracketed_root(lambda x: x, 0, 3) == 0.0


def test_many_brackets_are_bisected_at_once_and_a_bad_one_is_named():
    c = np.array([2.0, 3.0, 4.0, 0.0])
    np.testing.assert_allclose(bisect_many(lambda x: x * x - c, np.zeros(4), 2.0, 60), np.sqrt(c), rtol=1e-15, atol=1e-15)
    with pytest.raises(RootError, match="bracket 1"):
        bisect_many(lambda x: x - np.array([1.0, 5.0]), np.zeros(2), np.full(2, 2.0), 5)
    with pytest.raises(RootError, match="bracket 0"):
        bisect_many(lambda x: x * math.nan, np.zeros(1), np.ones(1), 5)


@pytest.mark.parametrize("bits", [30, 100, 300])
def test_the_root_of_2_is_isolated_to_the_bits_asked_for(bits):
    with balls(bits + 20):
        root = isolate(lambda x: x * x - 2, 0, 2, bits)
        assert root.contains(flint.arb(2).sqrt().mid())
        assert root.rel_accuracy_bits() >= bits - 2


def test_a_transcendental_root_and_a_root_at_the_middle_are_enclosed():
    with balls(200):
        assert isolate(lambda x: x.exp() - 2, 0, 2, 100).overlaps(flint.arb(2).log())
    assert isolate(lambda x: x, -1, 1, 50).is_zero()
    assert isolate(lambda x: x, -1, 2, 50).contains(0)
    assert isolate(lambda x: x - ball(Fraction(1, 3)), 0, 1, 60).overlaps(ball("1/3"))


def test_undecided_signs_are_refused():
    with pytest.raises(RootError, match="the end 0 is undecided"):
        isolate(lambda x: x - flint.arb(0, 0.1), 0, 1, 20)
    with pytest.raises(RootError, match="more precision"):
        isolate(lambda x: x - flint.arb(0.5, 0.25), 0, 1, 20)
    with pytest.raises(RootError, match="no sign change"):
        isolate(lambda x: x + 1, 0, 1, 20)
