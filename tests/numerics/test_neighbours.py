"""Nearest neighbours: the plain loops in exact arithmetic, exact zeros far from the origin, ties and duplicates."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import numerics.neighbours as module
from numerics.neighbours import among, covered, distinct_rows, nearest, rows_of


def exact_squares(x, y):
    return [[sum((Fraction(float(a)) - Fraction(float(b))) ** 2 for a, b in zip(r, s, strict=True)) for s in y] for r in x]


GRID = hnp.arrays(np.float64, st.tuples(st.integers(4, 9), st.just(2)), elements=st.integers(-2, 2).map(float))


@settings(max_examples=25)
@given(GRID, GRID)
def test_on_a_small_grid_full_of_ties_neighbours_are_those_of_exact_loops(x, y):
    found = nearest(x, y, 3)
    for row, squares in enumerate(exact_squares(x, y)):
        order = sorted(range(len(y)), key=lambda at, squares=squares: (squares[at], at))
        assert found.index[row].tolist() == order[:3]
        assert found.distance[row].tolist() == [math.sqrt(squares[at]) for at in order[:3]]
        assert found.ties[row] == squares.count(min(squares))


@settings(max_examples=25)
@given(GRID)
def test_of_its_own_set_a_point_leaves_out_itself_and_not_its_duplicates(x):
    found = nearest(x, x, 2, own=True)
    for row, squares in enumerate(exact_squares(x, x)):
        others = sorted((square, at) for at, square in enumerate(squares) if at != row)
        assert found.index[row].tolist() == [at for _, at in others[:2]]


@pytest.mark.parametrize("shift", [0.0, 100.0, 1e8])
def test_self_distance_is_exactly_0_far_from_the_origin_where_the_expanded_square_is_not(shift):
    x = np.random.default_rng(0).random((30, 2)) + shift
    found = nearest(x, x, 2)
    assert found.index[:, 0].tolist() == list(range(30))
    assert not found.distance[:, 0].any()
    expected = [min(math.dist(a, b) for at, b in enumerate(x) if at != row) for row, a in enumerate(x)]
    np.testing.assert_allclose(found.distance[:, 1], expected, rtol=4e-16)
    expanded = (x**2).sum(1)[:, None] + (x**2).sum(1) - 2 * x @ x.T
    assert np.abs(np.diag(expanded)).max() > (1e-2 if shift == 1e8 else 0)


def test_single_precision_is_compared_in_double():
    x = (100 + np.random.default_rng(1).random((30, 2))).astype(np.float32)
    assert not nearest(x, x, 1).distance.any()


def test_the_size_of_the_blocks_does_not_change_a_byte(monkeypatch):
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((40, 5)), rng.standard_normal((50, 5))
    once, inside = nearest(x, y, 4), covered(x, y, np.full(50, 1.5))
    assert 0 < inside.sum() < 40
    for entries in (1, 60, 1000):
        monkeypatch.setattr(module, "ENTRIES", entries)
        assert nearest(x, y, 4).distance.tobytes() == once.distance.tobytes()
        assert covered(x, y, np.full(50, 1.5)).tobytes() == inside.tobytes()


@settings(max_examples=25)
@given(GRID, GRID)
def test_balls_are_closed_and_decided_exactly(x, y):
    radii = nearest(y, y, 1, own=True).distance[:, 0]
    expected = [any(square <= Fraction(float(r)) ** 2 or math.sqrt(square) <= r for square, r in zip(row, radii, strict=True))
                for row in exact_squares(x, y)]  # fmt: skip
    assert covered(x, y, radii).tolist() == expected


def test_the_point_that_sets_a_radius_lies_in_the_ball_and_the_next_float_below_leaves_it_out():
    x = np.random.default_rng(3).standard_normal((20, 7)) + 1e6
    far = nearest(x[:1], x[1:], 19)
    radius = far.distance[0, -1]
    assert covered(x[[1 + far.index[0, -1]]], x[:1], [radius]).all()
    assert not covered(x[[1 + far.index[0, -1]]], x[:1], [np.nextafter(radius, 0)]).any()


def test_distinct_rows_know_minus_zero_and_every_duplicate():
    x = np.array([[0.0, 1.0], [2.0, 1.0], [-0.0, 1.0], [2.0, 1.0], [2.0, -1.0]])
    first, kind = distinct_rows(x)
    assert (first.tolist(), kind.tolist()) == ([0, 1, 4], [0, 1, 0, 1, 2])
    assert among(x, x[1:3]).tolist() == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: rows_of("x", [[1.0, np.nan]]), "entry 1 of row 0 is nan"),
        (lambda: rows_of("x", np.zeros((0, 3))), r"\(0, 3\): rows of numbers are needed"),
        (lambda: nearest(np.zeros((2, 2)), np.zeros((2, 3)), 1), "do not go together"),
        (lambda: nearest(np.zeros((2, 2)), np.zeros((2, 2)), 2, own=True), "2 nearest of 1 points"),
        (lambda: covered(np.zeros((2, 2)), np.zeros((2, 2)), [1.0, np.nan]), "not negative"),
    ],
)
def test_what_has_no_neighbours_is_refused_by_name(call, says):
    with pytest.raises(ValueError, match=says):
        call()
