"""Extreme eigenvalues, in floats and in balls."""

import math
from fractions import Fraction

import flint
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

from numerics.arithmetic import balls
from numerics.comparison import Truth
from numerics.eigenvalues import (
    EigenvalueError,
    enclose_largest_eigenvalue,
    extreme_eigenvalues,
    rayleigh_lower_bound,
    upper_bound_holds,
)

SPECTRUM = np.array([-10.0, *range(1, 8)])


def path(v):
    """Apply the adjacency matrix of a path, whose eigenvalues are 2 cos(k pi / (d + 1)) for k = 1..d."""
    image = np.zeros_like(v)
    image[1:] += v[:-1]
    image[:-1] += v[1:]
    return image


def path_in_balls(size):
    return np.eye(size, k=1) + np.eye(size, k=-1)


def reflected(diagonal):
    """Return Q D Q in exact balls, with Q the reflection I - 2 u u^T / u^T u for u = (1, ..., 1) of length a power of 2."""
    size = len(diagonal)
    assert size & (size - 1) == 0
    reflection = np.eye(size) - 2 / size
    exact = np.frompyfunc(flint.arb, 1, 1)(reflection)
    return exact @ (np.array([flint.arb(x) for x in diagonal], dtype=object)[:, None] * exact)


@st.composite
def symmetric(draw):
    size = draw(st.integers(1, 6))
    numbers = draw(st.lists(st.integers(-800, 800), min_size=size * size, max_size=size * size))
    lower = np.tril(np.reshape(numbers, (size, size))) / 8
    return lower + np.tril(lower, -1).T


# Floats.


@pytest.mark.parametrize("dense_limit", [2000, 2])
def test_the_largest_eigenvalue_is_the_algebraic_one_and_not_the_largest_in_magnitude(dense_limit):
    # The wrong way: the default of scipy is the largest in magnitude.
    assert eigsh(np.diag(SPECTRUM), k=1, return_eigenvectors=False, v0=np.ones(8))[0] == pytest.approx(-10)
    for sign in (1, -1):
        found = extreme_eigenvalues(sign * np.diag(SPECTRUM), dense_limit=dense_limit)
        assert (found.largest, found.smallest) == pytest.approx((7, -10) if sign > 0 else (10, -7), rel=1e-12)
        assert found.method == ("dense" if dense_limit > 8 else "Lanczos")
        assert abs(found.vector[-1 if sign > 0 else 0]) == pytest.approx(1)
        assert max(found.residual_largest, found.residual_smallest) < 1e-9


@pytest.mark.parametrize(("size", "method"), [(1, "dense"), (2, "dense"), (5, "dense"), (2500, "Lanczos")])
def test_the_eigenvalues_of_a_path_follow_the_cosine_formula(size, method):
    found = extreme_eigenvalues(path, size, tolerance=2e-9)
    # The gap at the end is 5e-6: that residual leaves an error of about 1e-12 in the eigenvalue.
    expected = 2 * math.cos(math.pi / (size + 1))
    assert (found.largest, found.smallest) == pytest.approx((expected, -expected), abs=1e-10)
    assert found.method == method
    assert np.linalg.norm(found.vector) == pytest.approx(1)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_the_smallest_sizes_need_no_factorisation_to_be_allowed(size):
    found = extreme_eigenvalues(path, size, dense_limit=0)
    expected = 2 * math.cos(math.pi / (size + 1))
    assert (found.largest, found.smallest) == pytest.approx((expected, -expected), abs=1e-12)
    # ARPACK can compute all but one of the eigenvalues.
    assert found.method == ("dense" if size <= 2 else "Lanczos")


@pytest.mark.parametrize("size", [1, 2, 3, 2001])
def test_the_zero_operator_has_exactly_the_eigenvalue_0(size):
    found = extreme_eigenvalues(lambda v: 0 * v, size, dense_limit=2)
    assert (found.largest, found.smallest, found.residual_largest, found.residual_smallest) == (0, 0, 0, 0)
    # The wrong way: ARPACK cannot start.
    if size > 2:
        with pytest.raises(ArpackError, match="Starting vector is zero"):
            eigsh(LinearOperator((size, size), matvec=lambda v: 0 * v, dtype=float), k=1, which="LA", v0=np.ones(size))


@pytest.mark.parametrize("dense_limit", [2000, 2])
@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e100])
def test_the_identity_and_its_tiny_and_huge_multiples_have_one_eigenvalue(scale, dense_limit):
    found = extreme_eigenvalues(lambda v: -scale * v, 50, dense_limit=dense_limit)
    assert (found.largest, found.smallest) == pytest.approx((-scale, -scale), rel=1e-14, abs=0)


@pytest.mark.parametrize("dense_limit", [2000, 2])
def test_a_matrix_of_rank_one_has_the_square_of_its_vector_as_its_largest_eigenvalue(dense_limit):
    v = np.random.default_rng(1).standard_normal(80)
    found = extreme_eigenvalues(LinearOperator((80, 80), matvec=lambda x: v * (v @ x), dtype=float), dense_limit=dense_limit)
    assert found.largest == pytest.approx(v @ v, rel=1e-13)
    assert found.smallest == pytest.approx(0, abs=1e-10)
    assert abs(found.vector @ v) == pytest.approx(np.linalg.norm(v))


@pytest.mark.parametrize("sign", [1, -1])
def test_the_eigenvalue_0_at_the_end_of_the_spectrum_of_a_singular_operator_is_not_missed(sign):
    d = sign * np.linspace(0, 1, 400)
    operator = LinearOperator((400, 400), matvec=lambda v: d * v, dtype=float)
    # The wrong way: ARPACK applies the operator to its start, which loses the kernel, and finds the second eigenvalue.
    which = "SA" if sign > 0 else "LA"
    start = np.random.default_rng(0).standard_normal(400)
    assert eigsh(operator, k=1, which=which, v0=start, ncv=64, return_eigenvectors=False)[0] == pytest.approx(sign / 399)
    found = extreme_eigenvalues(operator, dense_limit=2)
    assert (found.largest, found.smallest) == pytest.approx((1, 0) if sign > 0 else (0, -1), abs=1e-12)


@pytest.mark.parametrize("dense_limit", [2000, 2])
def test_the_extremes_are_invariant_under_orthogonal_similarity(dense_limit):
    rng = np.random.default_rng(2)
    q = np.linalg.qr(rng.standard_normal((40, 40)))[0]
    d = np.concatenate([[-3.0, 5.0, 5.0], rng.uniform(-2, 4, 37)])
    found = extreme_eigenvalues(q @ np.diag(d) @ q.T, dense_limit=dense_limit)
    assert (found.largest, found.smallest) == pytest.approx((5, -3), rel=1e-12)
    assert np.linalg.norm(q[:, 1:3].T @ found.vector) == pytest.approx(1)


def test_the_same_seed_gives_the_same_numbers():
    first, again = (extreme_eigenvalues(path, 60, dense_limit=2, seed=3) for _ in range(2))
    assert (first.largest, first.smallest) == (again.largest, again.smallest)
    np.testing.assert_array_equal(first.vector, again.vector)


def test_a_product_that_is_not_symmetric_fails_its_residual():
    rotation = np.diag(np.ones(49), 1) - np.diag(np.ones(49), -1)
    matrix = np.diag(np.arange(50.0)) + 0.1 * rotation
    with pytest.raises(EigenvalueError, match=r"residual .* of the largest eigenvalue"):
        extreme_eigenvalues(lambda v: matrix @ v, 50, dense_limit=2)
    with pytest.raises(EigenvalueError, match=r"entries \(0, 1\) and \(1, 0\) are 0.1 and -0.1: the matrix must be symmetric"):
        extreme_eigenvalues(lambda v: matrix @ v, 50)


def test_a_product_in_single_precision_fails_its_residual_unless_the_tolerance_allows_it():
    d = np.linspace(1, 2, 30)

    def rounded(v):
        return (d * v).astype(np.float32)

    with pytest.raises(EigenvalueError, match=r"residual|No convergence"):
        extreme_eigenvalues(rounded, 30, dense_limit=2, tolerance=1e-12)
    assert extreme_eigenvalues(rounded, 30, dense_limit=2, tolerance=1e-5).largest == pytest.approx(2, rel=1e-6)


@pytest.mark.parametrize(
    ("matrix", "size", "message"),
    [
        ([[1, 2], [3, 1]], None, r"entries \(0, 1\) and \(1, 0\) are 2.0 and 3.0: the matrix must be symmetric"),
        ([[1, 2], [2, math.nan]], None, r"entry \(1, 1\) is nan: entries must be finite"),
        ([[math.inf]], None, r"entry \(0, 0\) is inf: entries must be finite"),
        ([[1, 2, 3], [2, 1, 3]], None, r"shape \(2, 3\): a square matrix is needed"),
        (np.zeros((0, 0)), None, r"shape \(0, 0\): a square matrix is needed, of at least one row"),
        ([1, 2], None, r"shape \(2,\): a square matrix is needed"),
        ([[1]], 2, r"shape \(1, 1\): a square matrix of size 2 is needed"),
        ([[1j]], None, "entries of type complex128: a matrix of real floats is needed"),
        (path, None, "size None: a matrix given by its products needs its number of rows"),
        (lambda v: v[:2], 3, r"a product of shape \(2,\) and type float64: \(3,\) and floats are needed"),
        (lambda v: v * 1j, 3, r"a product of shape .* and type complex128"),
        (lambda v: v / np.array([1, math.inf, 1]) + np.array([0, math.inf, 0]), 3, "entry 1 of a product is inf"),
    ],
)
def test_what_is_not_a_real_finite_symmetric_matrix_is_refused_in_one_line(matrix, size, message):
    with pytest.raises(ValueError, match=message) as refusal:
        extreme_eigenvalues(matrix, size)
    assert "\n" not in str(refusal.value)


# Balls.


@settings(max_examples=40)
@given(symmetric())
def test_the_enclosure_agrees_with_floats_and_separates_the_bounds_that_hold_from_those_that_do_not(matrix):
    scale = np.max(np.abs(matrix))
    assume(scale > 0)
    value, slack = float(np.linalg.eigvalsh(matrix)[-1]), 1e-12 * scale
    with balls(128):
        enclosure = enclose_largest_eigenvalue(matrix)
        assert enclosure.rad() < 1e-30 * scale
        assert abs(enclosure - value) < slack
        assert upper_bound_holds(matrix, value + slack) is Truth.TRUE
        assert upper_bound_holds(matrix, value - slack) is Truth.FALSE
        # The ends of the enclosure are certified by themselves, but not by each other.
        assert upper_bound_holds(matrix, enclosure.upper() + 1e-30 * scale) is Truth.TRUE
        assert upper_bound_holds(matrix, enclosure.lower() - 1e-30 * scale) is Truth.FALSE
        assert upper_bound_holds(matrix, enclosure) is Truth.UNDECIDED


@settings(max_examples=40)
@given(symmetric(), st.lists(st.integers(-9, 9), min_size=6, max_size=6))
def test_no_rayleigh_quotient_is_above_the_largest_eigenvalue(matrix, numbers):
    vector = np.array(numbers[: len(matrix)], dtype=float)
    assume(np.any(vector))
    bound = rayleigh_lower_bound(matrix, vector)
    assert bound.contains(flint.arb(vector @ matrix @ vector) / flint.arb(vector @ vector))
    assert not bound > enclose_largest_eigenvalue(matrix)


@pytest.mark.parametrize("bits", [2, 20, 53, 128, 256, 700])
def test_closed_forms_are_enclosed_to_the_precision(bits):
    with balls(2 * bits + 20):
        golden = (3 + flint.arb(5).sqrt()) / 2
        cosine = 2 * (flint.arb.pi() / 8).cos()
    with balls(bits):
        for matrix, known in (([[2, 1], [1, 1]], golden), (path_in_balls(7), cosine), ([[Fraction(-7, 4)]], flint.arb(-1.75))):
            enclosure = enclose_largest_eigenvalue(matrix)
            assert enclosure.contains(known)
            # Two bits do not add up seven entries.
            assert enclosure.rel_accuracy_bits() >= bits - 2 or bits == 2


@pytest.mark.parametrize("gap", [0, 45, 128, 300])
def test_equal_and_nearly_equal_largest_eigenvalues_are_enclosed(gap):
    with balls(256):
        second = 1 - flint.arb(2) ** -gap if gap else 1
        enclosure = enclose_largest_eigenvalue(reflected([second, 1, second, -3, 0.5, -7, 0.25, 0]))
        assert enclosure.contains(1)
        assert enclosure.rel_accuracy_bits() >= 240


@settings(max_examples=40)
@given(symmetric(), st.floats(1e-12, 1.0), st.integers(0, 2**32 - 1))
def test_every_matrix_inside_the_balls_has_its_eigenvalue_inside_the_enclosure(matrix, radius, seed):
    shift = np.random.default_rng(seed).uniform(-radius, radius, matrix.shape)
    wide = np.frompyfunc(lambda x: flint.arb(x, radius), 1, 1)(matrix)
    enclosure = enclose_largest_eigenvalue(wide)
    inside = matrix + (np.tril(shift) + np.tril(shift, -1).T)
    assert (enclosure + flint.arb(0, 1e-11)).contains(float(np.linalg.eigvalsh(inside)[-1]))
    # Constant perturbations attain the bound of Weyl, so the width cannot be much smaller or need be larger.
    assert enclosure.rad() <= 1.01 * len(matrix) * radius + 1e-10
    assert enclosure.contains(float(np.linalg.eigvalsh(matrix)[-1]) + radius / len(matrix))


def test_one_wide_entry_widens_the_enclosure_by_its_radius():
    enclosure = enclose_largest_eigenvalue([[flint.arb(5, 0.125), 0], [0, 1]])
    assert enclosure.contains(flint.arb(5, 0.125))
    assert flint.arb(5, 0.126).contains(enclosure)


def test_the_factorisation_decides_only_what_is_certain():
    assert upper_bound_holds(np.diag([1.0, 2.0]), 2) is Truth.UNDECIDED
    assert upper_bound_holds(np.diag([2.0, 1.0]), Fraction(3, 2)) is Truth.FALSE
    assert upper_bound_holds(np.diag([1.0, 2.0]), Fraction(3, 2)) is Truth.FALSE
    assert upper_bound_holds([[0.0, 1.0], [1.0, 0.0]], 0.5) is Truth.FALSE
    assert upper_bound_holds([[0.0, 1.0], [1.0, 0.0]], 1.5) is Truth.TRUE
    assert upper_bound_holds([[flint.arb(1, 0.5)]], 1.25) is Truth.UNDECIDED
    assert upper_bound_holds([[flint.arb(1, 0.5)]], 1.75) is Truth.TRUE
    assert upper_bound_holds([[1]], flint.arb(2, 1.5)) is Truth.UNDECIDED


@pytest.mark.parametrize("bad", [math.nan, math.inf, flint.arb("nan"), flint.arb(0, math.inf)])
def test_what_is_not_finite_encloses_nothing_and_decides_nothing(bad):
    for matrix in ([[bad]], [[5.0, bad], [bad, 1.0]], [[5.0, bad], [0.0, 1.0]], [[5.0, 0.0], [0.0, bad]]):
        assert enclose_largest_eigenvalue(matrix).is_nan()
        assert upper_bound_holds(matrix, 2) is Truth.UNDECIDED
        assert not rayleigh_lower_bound(matrix, np.ones(len(matrix))).is_finite()
    assert upper_bound_holds([[1.0]], bad) is Truth.UNDECIDED


def test_the_zero_matrix_has_exactly_the_eigenvalue_0_and_huge_entries_do_not_overflow():
    enclosure = enclose_largest_eigenvalue(np.zeros((3, 3)))
    assert enclosure.is_zero()
    assert enclose_largest_eigenvalue(np.full((2, 2), 1e308)).contains(2 * flint.arb(1e308))
    assert enclose_largest_eigenvalue(np.full((2, 2), 5e-324)).contains(2 * flint.arb(5e-324))


def test_malformed_matrices_and_vectors_of_balls_are_refused_in_one_line():
    for function in (enclose_largest_eigenvalue, lambda m: upper_bound_holds(m, 1), lambda m: rayleigh_lower_bound(m, [1, 1])):
        with pytest.raises(EigenvalueError, match=r"entries \(1, 0\) and \(0, 1\) are .*: the matrix must be symmetric"):
            function([[1, 2], [3, 1]])
        with pytest.raises(EigenvalueError, match=r"shape \(1, 2\): a square matrix is needed"):
            function([[1, 2]])
    with pytest.raises(EigenvalueError, match="the vector is zero"):
        rayleigh_lower_bound(np.eye(2), [0, 0])
    with pytest.raises(EigenvalueError, match=r"a vector of shape \(3,\): \(2,\) is needed"):
        rayleigh_lower_bound(np.eye(2), np.ones(3))
