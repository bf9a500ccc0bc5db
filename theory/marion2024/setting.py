"""What the statements of marion2024 share: their source, drawn numbers, small matrices and the tail of chi-square."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from numerics.arithmetic import Kind, Number, kind_of, maximum, sqrt, total
from numerics.arithmetic import Numbers as Numbers
from numerics.eigenvalues import enclose_largest_eigenvalue
from theory.statement import Draw

PAPER = "Marion, Wu, Sander, Biau, ICLR 2024, arXiv 2309.01213v3"


def rounded(value: float, digits: int = 3) -> Fraction:
    """Return a float as a short decimal, exactly."""
    return Fraction(f"{value:.{digits}g}")


def draw_entries(draw: Draw, count: int) -> tuple[Fraction, ...]:
    """Draw the entries of a matrix: hundredths between -2 and 2, zero among them often."""
    return tuple(rounded(draw.choice((0, 1, 1)) * draw.real(-2.0, 2.0)) for _ in range(count))


def matrix(entries: Numbers, rows: int, columns: int) -> Numbers:
    """Return the matrix with the given entries, row by row.

    Parameters
    ----------
    entries
        Shape ``(rows * columns,)``.
    rows, columns
        Its shape.

    Returns
    -------
    array
        The matrix.
    """
    return np.asarray(entries).reshape(rows, columns)


def frobenius(entries: Numbers) -> Number:
    r"""Return :math:`\|A\|_F` of an array of any shape."""
    flat = np.ravel(entries)
    return sqrt(total(flat * flat))


def smallest_singular_value(a: Numbers) -> Number:
    r"""Return :math:`s_{\min}(A)`, the last of the ``min(m, r)`` singular values of ``A``.

    Parameters
    ----------
    a
        Shape ``(m, r)``.

    Returns
    -------
    Number
        The root of the smallest eigenvalue of the smaller Gram matrix; a ball that reaches below 0 is cut there.
    """
    if kind_of(a) is not Kind.BALLS:
        return np.linalg.svd(np.asarray(a, dtype=float), compute_uv=False)[-1]
    square = -enclose_largest_eigenvalue(-(a.T @ a if a.shape[0] >= a.shape[1] else a @ a.T))
    if square > 0:
        return sqrt(square)
    # The root of the upper end: a hull with 0 would itself reach below 0 by its rounding, and have no root.
    upper = maximum(square.upper(), 0 * square.upper())
    return (0 * upper).union(sqrt(upper))


def chi_square_tail(degrees: int, level: Number) -> Number:
    r"""Return :math:`P(\chi^2_N>x)=\Gamma(N/2,x/2)/\Gamma(N/2)`.

    Parameters
    ----------
    degrees
        The degrees of freedom N.
    level
        The level :math:`x\ge0`.

    Returns
    -------
    Number
        The probability.
    """
    if kind_of(level) is Kind.BALLS:
        # The order is the parameter of flint's function, the argument its receiver.
        return (level / 2).gamma_upper((0 * level + degrees) / 2, regularized=1)
    from scipy import special  # a slow import, which listing statements does not need

    return special.gammaincc(degrees / 2, level / 2)
