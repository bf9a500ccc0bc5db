"""Extreme eigenvalues of symmetric matrices: in floats, dense or matrix-free, and rigorously in balls.

The float instruments return the largest and the smallest *algebraic* eigenvalue with the residual of each. A residual proves
an eigenvalue nearby; that it is the extreme one rests on the method. The enclosures in balls prove both: a Rayleigh quotient
bounds the largest eigenvalue from below, and a factorisation ``c I - H = L D L^T`` with positive pivots bounds it from above.

The file is long because each instrument is the check of the other: the float one proposes, the rigorous one proves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import flint
import numpy as np
from numpy.typing import NDArray

from numerics.arithmetic import Number, balls
from numerics.ball_integration import ball
from numerics.comparison import Truth

Floats: TypeAlias = NDArray[np.float64]
Product: TypeAlias = Callable[[Floats], Floats]

INSTRUMENT = "extreme eigenvalues"
# Directions kept between restarts, and restarts: beyond some sixty thousand products an operator is given up.
_BASIS, _RESTARTS = 64, 1000
# The first excess over the Rayleigh quotient that is tried, in bits relative to the matrix, and the rounds of sharpening.
_FIRST_BITS, _ROUNDS = 40, 32


class EigenvalueError(ValueError):
    """The input is not a real symmetric matrix, or no eigenvalue can be vouched for; the message is one line."""


@dataclass(frozen=True, kw_only=True)
class Extremes:
    r"""The extreme eigenvalues of a real symmetric matrix of shape ``(d, d)``.

    Parameters
    ----------
    largest, smallest
        The algebraically largest and smallest eigenvalue.
    vector
        A unit eigenvector of the largest, shape ``(d,)``.
    residual_largest, residual_smallest
        The norms :math:`\|Hv-\lambda v\|` for unit ``v``: some eigenvalue is at most that far from each value.
    method
        ``"dense"`` or ``"Lanczos"``.
    """

    largest: float
    smallest: float
    vector: Floats
    residual_largest: float
    residual_smallest: float
    method: str


def extreme_eigenvalues(
    matrix_or_operator: Any, size: int | None = None, *, dense_limit: int = 2000, tolerance: float = 1e-10, seed: int = 0
) -> Extremes:
    r"""Compute the largest and the smallest algebraic eigenvalue of a real symmetric matrix.

    Up to ``dense_limit`` rows the matrix is factorised, after ``size`` products if it is given by its products. Beyond, Lanczos
    iteration runs from a random start. Both residuals must satisfy :math:`\|Hv-\lambda v\|\le\tau\max|\lambda|`.

    Parameters
    ----------
    matrix_or_operator
        An array of shape ``(d, d)``, a function that maps ``v`` of shape ``(d,)`` to ``H v``, or a scipy ``LinearOperator``.
    size
        The number ``d`` of rows; needed for a function only.
    dense_limit
        The largest size that is factorised; sizes 1 and 2 always are.
    tolerance
        The largest residual, and the largest asymmetry of an array, relative to the matrix.
    seed
        Seed of the random start.

    Returns
    -------
    Extremes
        The eigenvalues, an eigenvector of the largest, and the residuals.

    Raises
    ------
    EigenvalueError
        If the input is not real, finite, square and symmetric, if the iteration does not converge, or if a residual is not
        small.
    """
    product, rows, matrix = _read(matrix_or_operator, size)
    dense = rows <= max(dense_limit, 2)
    if matrix is None and dense:
        matrix = np.stack([product(unit) for unit in np.eye(rows)], axis=1)
    if matrix is not None:
        _check_symmetric(matrix, tolerance)
    high, low = _dense(matrix) if matrix is not None and dense else _lanczos(product, rows, tolerance, seed)
    scale = max(abs(high[0]), abs(low[0]))
    residuals = [_norm(product(vector) - value * vector) for value, vector in (high, low)]
    for name, (value, _), residual in zip(("largest", "smallest"), (high, low), residuals, strict=True):
        # A NaN fails this test as well.
        if not residual <= tolerance * scale:
            raise EigenvalueError(
                f"residual {residual:.3g} of the {name} eigenvalue {value!r}: above {tolerance:g} x {scale:.3g}"
            )
    return Extremes(
        largest=high[0],
        smallest=low[0],
        vector=high[1],
        residual_largest=residuals[0],
        residual_smallest=residuals[1],
        method="dense" if dense else "Lanczos",
    )


def _read(given: Any, size: int | None) -> tuple[Product, int, Floats | None]:
    """Return the checked product, the number of rows, and the matrix itself when it is at hand."""
    matrix: Floats | None = None
    if hasattr(given, "matvec"):
        apply, shape = given.matvec, tuple(given.shape)
    elif callable(given):
        if size is None:
            raise EigenvalueError("size None: a matrix given by its products needs its number of rows")
        apply, shape = given, (size, size)
    else:
        entries = np.asarray(given)
        if entries.dtype.kind not in "biuf":
            raise EigenvalueError(f"entries of type {entries.dtype}: a matrix of real floats is needed")
        shape, matrix = entries.shape, entries.astype(np.float64)
        apply = matrix.__matmul__
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] < 1 or size not in {None, shape[0]}:
        wanted = "a square matrix" if size is None else f"a square matrix of size {size}"
        raise EigenvalueError(f"shape {shape}: {wanted} is needed, of at least one row")
    if matrix is not None and not np.all(np.isfinite(matrix)):
        i, j = np.argwhere(~np.isfinite(matrix))[0].tolist()
        raise EigenvalueError(f"entry ({i}, {j}) is {float(matrix[i, j])!r}: entries must be finite")
    rows = int(shape[0])

    def product(vector: Floats) -> Floats:
        image = np.asarray(apply(vector))
        if image.shape != (rows,) or image.dtype.kind not in "biuf":
            raise EigenvalueError(f"a product of shape {image.shape} and type {image.dtype}: ({rows},) and floats are needed")
        if not np.all(np.isfinite(image)):
            index = int(np.flatnonzero(~np.isfinite(image))[0])
            raise EigenvalueError(f"entry {index} of a product is {float(image[index])!r}: products must be finite")
        return image.astype(np.float64)

    return product, rows, matrix


def _check_symmetric(matrix: Floats, tolerance: float) -> None:
    gaps = np.abs(matrix - matrix.T)
    i, j = np.unravel_index(np.argmax(gaps), gaps.shape)
    if not gaps[i, j] <= tolerance * np.max(np.abs(matrix)):
        pair = f"entries ({i}, {j}) and ({j}, {i}) are {float(matrix[i, j])!r} and {float(matrix[j, i])!r}"
        raise EigenvalueError(f"{pair}: the matrix must be symmetric")


def _norm(vector: Floats) -> float:
    # The squares of tiny entries would vanish, and an operator would be taken for zero.
    largest = float(np.max(np.abs(vector)))
    return largest * float(np.linalg.norm(vector / largest)) if largest > 0 else largest


def _dense(matrix: Floats) -> tuple[tuple[float, Floats], tuple[float, Floats]]:
    """Return the largest and the smallest eigenvalue, each with its unit vector."""
    # Two subsets of one pair each take longer than all pairs at once.
    values, vectors = np.linalg.eigh(matrix / 2 + matrix.T / 2)
    high, low = ((float(values[k]), vectors[:, k].copy()) for k in (-1, 0))
    return high, low


def _lanczos(product: Product, rows: int, tolerance: float, seed: int) -> tuple[tuple[float, Floats], tuple[float, Floats]]:
    """Return the largest and the smallest eigenvalue, each with its unit vector, from products only."""
    from scipy.sparse import linalg  # slow to import, and not needed to list statements

    start = np.random.default_rng(seed).standard_normal(rows)
    start /= np.linalg.norm(start)
    size = _norm(product(start))
    if size == 0:
        # A random vector lies in the kernel of the zero operator only, on which ARPACK would fail.
        return (0.0, start), (0.0, start)

    def converged(shift: float, which: str, tol: float) -> tuple[float, Floats]:
        def shifted(vector: Floats) -> Floats:
            flat = np.ravel(vector)
            return product(flat) / size + shift * flat

        operator = linalg.LinearOperator((rows, rows), matvec=shifted, dtype=np.float64)
        options = {"k": 1, "v0": start, "ncv": min(rows, _BASIS), "tol": tol, "maxiter": _RESTARTS}
        try:
            values, vectors = linalg.eigsh(operator, which=which, **options)
        except linalg.ArpackError as error:
            raise EigenvalueError(f"Lanczos iteration, {rows} rows: {' '.join(str(error).split())}") from error
        vector = vectors[:, 0] / np.linalg.norm(vectors[:, 0])
        return float(values[0]), vector

    # ARPACK applies the operator to the start, which loses the kernel: of a singular positive matrix it misses the eigenvalue
    # 0 with a small residual. It also converges relative to the eigenvalue that it seeks. Shifted by twice the norm, both
    # extremes lie between one and three norms from 0. The default of eigsh, the largest in magnitude, is right for the norm.
    norm = abs(converged(0.0, "LM", 1e-2)[0])
    _, top = converged(2 * norm, "LA", tolerance / 6)
    _, bottom = converged(-2 * norm, "SA", tolerance / 6)
    return (float(top @ product(top)), top), (float(bottom @ product(bottom)), bottom)


def rayleigh_lower_bound(matrix: Any, vector: Any) -> Any:
    r"""Enclose the Rayleigh quotient :math:`v^THv/v^Tv`, which is at most the largest eigenvalue of ``H``.

    Parameters
    ----------
    matrix
        Symmetric, shape ``(d, d)``: balls, or exact numbers and floats at their binary value.
    vector
        Shape ``(d,)``, likewise; not zero.

    Returns
    -------
    flint.arb
        The quotient. Its lower end is a rigorous lower bound.

    Raises
    ------
    EigenvalueError
        If the matrix is not square and symmetric, or the vector is zero or has another size.
    """
    entries, v = _lifted(matrix), _each(_lift, np.asarray(vector, dtype=object))
    if v.shape != entries.shape[:1]:
        raise EigenvalueError(f"a vector of shape {v.shape}: ({len(entries)},) is needed")
    if all(x.is_zero() for x in v):
        raise EigenvalueError("the vector is zero: it has no Rayleigh quotient")
    return (v @ (entries @ v)) / (v @ v)


def upper_bound_holds(matrix: Any, c: Number) -> Truth:
    r"""Decide whether all eigenvalues are below ``c``: whether :math:`cI-H=LDL^T` with positive pivots.

    Parameters
    ----------
    matrix
        Symmetric, shape ``(d, d)``: balls, or exact numbers and floats at their binary value.
    c
        A ball or an exact number.

    Returns
    -------
    Truth
        True if all pivots are certainly positive. False, that is the largest eigenvalue is above ``c``, if a pivot is
        certainly negative and all before it certainly positive. Undecided otherwise, also when they are equal.
    """
    rest, bound = -_lifted(matrix), _lift(c)
    if not bound.is_finite() or not _finite(rest):
        return Truth.UNDECIDED
    rest[np.diag_indices(len(rest))] += bound
    for k in range(len(rest)):
        pivot = rest[k, k]
        if not pivot > 0:
            return Truth.FALSE if pivot < 0 else Truth.UNDECIDED
        column = rest[k + 1 :, k]
        rest[k + 1 :, k + 1 :] -= np.multiply.outer(column, column / pivot)
    return Truth.TRUE


def enclose_largest_eigenvalue(matrix: Any) -> Any:
    """Enclose the largest eigenvalue of a symmetric matrix, simple or not.

    The matrix of midpoints is treated at twice the precision. The lower end is a Rayleigh quotient; the upper end exceeds it by
    the first of a doubling sequence of numbers with which the factorisation succeeds. Inverse iteration from there, above the
    spectrum, can only converge to the largest eigenvalue: it sharpens the vector until the width is ``2**-bits`` times the
    largest entry. The radii move an eigenvalue by at most their largest row sum (Weyl).

    Parameters
    ----------
    matrix
        Symmetric, shape ``(d, d)``: balls, or exact numbers and floats at their binary value.

    Returns
    -------
    flint.arb
        The enclosure; NaN if an entry is not finite or no upper end can be certified.
    """
    bits = flint.ctx.prec
    with balls(2 * bits):
        entries = _lifted(matrix)
        if not _finite(entries):
            return flint.arb.nan()
        lower, upper = _enclose(_each(lambda entry: entry.mid(), entries), bits)
        radius = max(sum(row).upper() for row in _each(lambda entry: entry.rad(), entries))
        return (lower - radius).lower().union((upper + radius).upper())


def _enclose(matrix: Any, bits: int) -> tuple[Any, Any]:
    """Enclose the largest eigenvalue of a matrix of exact balls between two balls."""
    scale = max(abs(entry) for entry in matrix.flat)
    if scale.is_zero():
        return scale, scale
    vector = np.linalg.eigh(_each(lambda entry: float(entry / scale), matrix).astype(np.float64))[1][:, -1]
    ends, width = (flint.arb.nan(), flint.arb.nan()), None
    floor, excess = ((scale / flint.arb(2) ** k).upper() for k in (bits, min(bits, _FIRST_BITS)))
    for _ in range(_ROUNDS):
        lower = rayleigh_lower_bound(matrix, vector)
        excess = _certified_excess(matrix, lower, excess)
        if excess is None or (width is not None and excess >= width):
            break
        ends, width = (lower, lower + excess), excess
        if width <= floor:
            break
        vector = _sharpened(matrix, lower + excess, vector)
        excess = max(floor, (width * width / scale).upper())
    return ends


def _certified_excess(matrix: Any, lower: Any, excess: Any) -> Any:
    """Return the first of ``excess``, twice that, and so on that is certainly enough; ``None`` if none is."""
    for _ in range(flint.ctx.prec + 2 * len(matrix)):
        if upper_bound_holds(matrix, lower + excess) is Truth.TRUE:
            return excess
        excess = 2 * excess
    return None


def _sharpened(matrix: Any, shift: Any, vector: Any) -> Any:
    """Take one step of inverse iteration without error bounds, which the vector of a Rayleigh quotient does not need."""
    system = -matrix
    system[np.diag_indices(len(matrix))] += shift
    right = flint.arb_mat([[x] for x in _each(_lift, vector)])
    solution = flint.arb_mat(system.tolist()).solve(right, algorithm="approx").entries()
    length = max(abs(x.mid()) for x in solution)
    return np.array([(x / length).mid() for x in solution], dtype=object)


def _each(function: Callable[[Any], Any], values: Any) -> Any:
    """Apply a function to each entry of an array, giving an array of objects."""
    return np.frompyfunc(function, 1, 1)(values)


def _finite(entries: Any) -> bool:
    return all(entry.is_finite() for entry in entries.flat)


def _lift(value: Number) -> Any:
    """Return a ball; a float, which may be no number, at its binary value."""
    return flint.arb(float(value)) if isinstance(value, float) else ball(value)


def _lifted(matrix: Any) -> Any:
    """Return the matrix as balls, checked to enclose a symmetric one, with the lower half copied to the upper."""
    given = np.asarray(matrix, dtype=object)
    if given.ndim != 2 or given.shape[0] != given.shape[1] or given.size == 0:
        raise EigenvalueError(f"shape {given.shape}: a square matrix is needed, of at least one row")
    entries = _each(_lift, given)
    for i, j in zip(*np.tril_indices(len(entries), -1), strict=True):
        a, b = entries[i, j], entries[j, i]
        # A ball that is not a number meets every other; it is for the caller to see, so it goes into both halves.
        if a.is_finite() and b.is_finite() and not a.overlaps(b):
            raise EigenvalueError(f"entries ({i}, {j}) and ({j}, {i}) are {a} and {b}: the matrix must be symmetric")
        entries[j, i] = entries[i, j] = a if a.is_finite() and b.is_finite() else flint.arb.nan()
    return entries
