"""The three-valued comparison: overlap, emptiness and NaN decide nothing."""

import math
from fractions import Fraction

import flint
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.comparison import Reason, Relation, Truth, all_of, compare, decide

TRUE, FALSE, UNDECIDED = Truth.TRUE, Truth.FALSE, Truth.UNDECIDED
rational = st.fractions(min_value=-9, max_value=9, max_denominator=97)
HOLDS = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}


def test_a_wide_ball_against_one_half_is_undecided_where_python_calls_both_orders_false():
    wide = flint.arb(0, 1)
    assert not wide < 0.5
    assert not wide >= 0.5
    for relation in HOLDS:
        outcome = compare(wide, relation, flint.arb(0.5))
        assert outcome.truth is UNDECIDED
        assert outcome.reason is Reason.OVERLAP
        assert outcome.radius >= 1


def test_a_ball_that_is_not_a_number_is_undecided():
    for relation in Relation:
        assert compare(flint.arb("nan"), relation, flint.arb(1)).reason is Reason.NOT_A_NUMBER


def test_nothing_compared_is_undecided_where_all_of_nothing_is_true():
    margins: list[float] = []
    assert all(m >= 0 for m in margins)
    outcome = compare(np.array(margins), ">=", np.array(margins))
    assert outcome.truth is UNDECIDED
    assert outcome.reason is Reason.EMPTY
    assert all_of([]) is UNDECIDED


def test_a_nan_among_margins_is_undecided_where_python_takes_the_other_for_the_maximum():
    assert max([1.0, math.nan]) == 1.0
    assert not math.nan > 2.0
    outcome = compare(np.array([1.0, math.nan]), "<=", np.array([2.0, 2.0]))
    assert outcome.truth is UNDECIDED
    assert outcome.index == 1


def test_a_false_entry_outweighs_a_nan():
    assert compare(np.array([math.nan, 3.0]), "<=", np.array([2.0, 2.0])).truth is FALSE


def test_shapes_are_never_broadcast():
    assert compare(np.zeros(3), "<=", 1.0).reason is Reason.SHAPES
    assert compare(np.zeros(3), "<=", np.ones(2)).reason is Reason.SHAPES


@given(rational, rational, st.sampled_from(sorted(HOLDS)))
def test_exact_rationals_compare_as_they_do_in_balls_of_rising_precision(a, b, relation):
    outcome = decide(lambda ball: (ball.number(a), ball.number(b)), relation)
    expected = TRUE if HOLDS[relation](a, b) else FALSE
    # Equal numbers whose balls are not exact never separate.
    assert outcome.truth is expected or (a == b and outcome.truth is UNDECIDED and outcome.equal_bits > 900)


@pytest.mark.parametrize("first_bits", [53, 128, 512])
def test_the_same_comparison_is_decided_from_three_first_precisions(first_bits):
    def sides(ball):
        return ball.number(1) + ball.number(Fraction(1, 2**300)), ball.number(1)

    outcome = decide(sides, ">", first_bits=first_bits)
    assert outcome.truth is TRUE
    assert outcome.bits > 300
    assert decide(sides, ">", first_bits=53, last_bits=200).truth is UNDECIDED


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_floats_compare_as_numbers_infinities_included(a, b):
    for relation, holds in HOLDS.items():
        assert compare(a, relation, b).truth is (TRUE if holds(a, b) else FALSE)


def test_a_violation_below_the_tolerance_is_no_violation():
    assert compare(1.0, ">=", 1.0 + 1e-15, tolerance=1e-14).truth is UNDECIDED
    assert compare(1.0, ">=", 1.1, tolerance=1e-14).truth is FALSE
    assert compare(1.0, "==", 1.0 + 1e-15, tolerance=1e-14).truth is TRUE
    assert compare(1.0, "==", 1.0, tolerance=math.nan).truth is not TRUE


def test_an_equality_of_balls_is_refuted_by_separation_and_proved_only_by_exact_balls():
    third = flint.arb(1) / 3
    assert compare(third, "==", third).truth is UNDECIDED
    assert compare(third, "==", flint.arb(1) / 4).truth is FALSE
    assert compare(flint.arb(3), "==", flint.arb(3)).truth is TRUE
    assert compare(third, "==", third).equal_bits >= 50


@pytest.mark.parametrize("power", [0, 400, -400, 9000, -9000])
def test_the_bits_of_an_equality_do_not_depend_on_the_unit_beyond_the_range_of_floats_too(power):
    third = flint.arb(10) ** power / 3
    assert 50 <= compare(third, "==", third).equal_bits <= 53
    wide = third + third * flint.arb(0, 2**-20)
    assert 18 <= compare(wide, "<=", third).equal_bits <= 20


def test_two_tiny_balls_about_0_agree_to_more_bits_than_a_float_counts_and_two_huge_ones_to_none():
    tiny = (-(flint.arb(10) ** 600)).exp() * flint.arb(0, 1)
    assert compare(tiny, "==", tiny).equal_bits == 10**15
    huge = (flint.arb(10) ** 600).exp() * flint.arb(0, 1)
    assert compare(huge, "==", huge).equal_bits == 0


def test_truth_values_form_a_conjunction_and_a_negation():
    assert all_of([TRUE, TRUE]) is TRUE
    assert all_of([TRUE, UNDECIDED]) is UNDECIDED
    assert all_of([UNDECIDED, FALSE]) is FALSE
    assert [t.negated() for t in (TRUE, FALSE, UNDECIDED)] == [FALSE, TRUE, UNDECIDED]


def test_the_printed_comparison_names_index_both_values_ratio_and_tolerance():
    text = str(compare(np.array([1.0, 3.0]), "<=", np.array([2.0, 2.0])))
    for part in ("false", "index 1", "3.0 <= 2.0", "ratio 1.5", "tolerance 0"):
        assert part in text
