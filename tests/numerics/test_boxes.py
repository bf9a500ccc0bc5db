"""Branch and bound proves, refutes by a point, or says where it is open."""

from fractions import Fraction

import flint
import pytest

from numerics.arithmetic import balls
from numerics.ball_integration import ball
from numerics.boxes import branch_and_bound

UNIT = (Fraction(0), Fraction(1))
SYMMETRIC = (Fraction(-1), Fraction(1))


@pytest.mark.parametrize("bits", [53, 128, 300])
def test_a_positive_form_plus_a_constant_is_positive_on_a_square_at_any_precision(bits):
    with balls(bits):
        proof = branch_and_bound(lambda x, y: x * x + y * y - x * y + ball("1e-3"), [SYMMETRIC, SYMMETRIC], 10_000)
    assert proof.closed
    assert proof.failed is None
    assert "positive on the whole box" in str(proof)


def test_the_arithmetic_mean_exceeds_the_product_on_a_cube_away_from_equality():
    side = (Fraction(0), Fraction(9, 10))
    proof = branch_and_bound(
        lambda x, y, z: x + y + z - 3 * x * y * z, [(Fraction(1, 10), Fraction(9, 10)), side, side], 10_000
    )
    assert proof.closed


def test_a_basin_of_width_1e_minus_6_is_found_and_its_point_is_a_certified_counterexample():
    def f(x):
        return (x - ball("1/3")) ** 2 - ball("1e-12")

    proof = branch_and_bound(f, [UNIT], 10_000)
    assert not proof.closed
    assert f(ball(proof.counterexample[0])) < 0
    assert "not positive at" in str(proof)


def test_a_function_that_touches_0_is_open_and_the_box_contains_the_zero():
    proof = branch_and_bound(lambda x: (x - ball("1/3")) ** 2, [UNIT], 500)
    assert not proof.closed
    assert proof.counterexample is None
    low, high = proof.failed[0]
    assert low <= Fraction(1, 3) + Fraction(1, 2**20)
    assert high >= Fraction(1, 3) - Fraction(1, 2**20)
    assert proof.boxes == 500


def test_an_exact_zero_at_a_centre_refutes_strict_positivity():
    assert branch_and_bound(lambda x: x * x, [SYMMETRIC], 100).counterexample == (0,)


def test_a_value_that_is_not_finite_is_never_positive():
    assert not branch_and_bound(lambda x: flint.arb("nan"), [UNIT], 50).closed
    assert not branch_and_bound(lambda x: 1 / x, [SYMMETRIC], 50).closed


def test_a_side_may_be_a_point_and_a_wrong_box_is_refused():
    assert branch_and_bound(lambda x, y: x + y, [(Fraction(1), Fraction(1)), UNIT], 10).closed
    for box in ([], [(Fraction(1), Fraction(0))]):
        with pytest.raises(ValueError, match="ordered ends"):
            branch_and_bound(lambda *x: ball(1), box, 10)


def test_the_search_starts_with_the_widest_relative_side():
    seen = []

    def f(x, y):
        seen.append((float(x.rad()), float(y.rad())))
        return y * y - y + ball("0.3")

    assert branch_and_bound(f, [(Fraction(0), Fraction(1000)), UNIT], 100_000).closed
    # Each open box is followed by its centre.
    sides = seen[::2]
    assert [round(x / 500, 3) for x, _ in sides[:3]] == [1.0, 0.5, 0.5]
    assert [round(y / 0.5, 3) for _, y in sides[:3]] == [1.0, 1.0, 0.5]
