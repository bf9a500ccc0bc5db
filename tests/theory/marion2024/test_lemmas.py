"""Lemmas 18, 19 and 20 against independent arithmetic: singular values by numpy, incomplete gamma functions by mpmath."""

from __future__ import annotations

from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest

from numerics.arithmetic import FLOATS, balls
from numerics.comparison import Truth
from theory.marion2024.setting import chi_square_tail, matrix, smallest_singular_value
from theory.marion2024.statements import lemma_18, lemma_19
from verification.evaluate import check_at
from verification.measured import approach


def tail(degrees, reach):
    """Return P(chi^2_N > M^2 N) by mpmath."""
    return mp.gammainc(mp.mpf(degrees) / 2, mp.mpf(reach) ** 2 * degrees / 2, regularized=True)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (3, 2), (4, 4)])
def test_the_ball_of_the_smallest_singular_value_holds_that_of_numpy(shape) -> None:
    entries = np.random.default_rng(0).integers(-9, 10, shape)
    expected = np.linalg.svd(entries.astype(float), compute_uv=False)[-1]
    with balls(128) as arithmetic:
        ball = smallest_singular_value(matrix(arithmetic.array(entries.ravel().tolist()), *shape))
    assert float(ball.rad()) < 1e-20
    assert float(ball) == pytest.approx(expected, rel=1e-12)


def test_the_smallest_singular_value_of_a_singular_matrix_is_a_small_ball_about_zero_and_not_undefined() -> None:
    with balls(128) as arithmetic:
        ball = smallest_singular_value(matrix(arithmetic.array([1, 2, 2, 4]), 2, 2))
    assert ball.contains(0)
    assert float(ball.upper()) < 1e-15


def test_the_last_line_of_the_proof_of_lemma_18_reads_four_equals_two() -> None:
    found = check_at(lemma_18.step_1, {"m": 1, "r": 1, "n": 1, "a": [2], "b": [1]})
    assert found.verdict is Truth.FALSE
    assert (float(found.comparison.left), float(found.comparison.right)) == (4.0, 2.0)


@pytest.mark.parametrize(
    ("statement", "data"),
    [
        (lemma_18.part_b, {"m": 1, "r": 2, "n": 1, "a": [1, 0], "b": [0, 1]}),
        (lemma_18.part_c, {"m": 1, "r": 2, "n": 1, "a": [0, 1], "b": [1, 0]}),
    ],
)
def test_the_shapes_of_lemma_18_are_needed(statement, data) -> None:
    found = check_at(statement, data)
    assert [truth for _, _, truth in found.hypotheses] == [Truth.TRUE, Truth.FALSE]
    assert found.comparison.truth is Truth.FALSE


def test_without_uniformity_the_diagonal_of_lemma_19_tends_to_neither_iterated_limit() -> None:
    instance = lemma_19.lemma_19.instance.parse({"b": 0, "c": 0, "e": 0, "d": 1, "power": 1}).lift(FLOATS)
    assert lemma_19.along_the_path(instance, 2.0**40) == 1.5
    assert lemma_19.value(instance, 1e-9, 1.0) == pytest.approx(0, abs=1e-8)
    assert lemma_19.value(instance, 1e9, 1.0) == pytest.approx(1, abs=1e-8)


def test_the_errors_of_lemma_19_shrink_by_two_when_the_scale_doubles() -> None:
    instance = lemma_19.lemma_19.instance.parse({"b": 1, "c": 0, "e": 1, "d": 0, "power": 1})
    errors = approach(lemma_19.lemma_19, instance).errors
    assert errors[-2] / errors[-1] == pytest.approx(2, rel=1e-3)


@pytest.mark.parametrize(("degrees", "reach"), [(1, "1.5"), (7, "2"), (256, "1.1")])
def test_the_tail_of_chi_square_agrees_with_mpmath_in_balls_and_floats(degrees, reach) -> None:
    expected = tail(degrees, reach)
    level = Fraction(reach) ** 2 * degrees
    with balls(128) as arithmetic:
        ball = chi_square_tail(degrees, arithmetic.number(level))
    assert abs(mp.mpf(ball.mid().str(25, radius=False)) / expected - 1) < 1e-14
    assert float(chi_square_tail(degrees, float(level))) == pytest.approx(float(expected), rel=1e-11)


def test_below_thirteen_tenths_the_printed_tail_fails_for_large_matrices_and_above_it_holds() -> None:
    for square, holds in ((mp.mpf("1.28"), False), (mp.mpf("1.30"), True)):
        probability = tail(10**5, mp.sqrt(square))
        assert (probability <= mp.exp(-(square - 1) * 10**5 / 16)) is holds


def test_the_exponent_of_lemma_20_loses_what_its_statement_says() -> None:
    rate = {square: (square - 1 - mp.log(square)) / 2 / ((square - 1) / 16) for square in (2, 4)}
    assert float(rate[2]) == pytest.approx(2.45, abs=0.01)
    assert float(rate[4]) == pytest.approx(4.30, abs=0.01)


def test_the_sharp_exponent_is_the_rate_of_a_large_matrix() -> None:
    size = 10**5
    for square in (mp.mpf("1.5"), mp.mpf(2), mp.mpf(4)):
        rate = -mp.log(tail(size, mp.sqrt(square))) / size
        assert abs(rate - (square - 1 - mp.log(square)) / 2) < 1e-4
