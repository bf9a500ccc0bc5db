r"""(55): the smallest eigenvalue of the mean matrix of Lemma 21, where the columns are far from parallel, and how often.

With :math:`K=\sum_k\eta_k^2R^{\circ k}`, R the Gram matrix of the columns: each Hadamard power is positive semidefinite, and
Gershgorin's theorem bounds the r-th. Longer than most: the printed constant stands beside the sharp ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Kind, Number, kind_of
from numerics.eigenvalues import enclose_largest_eigenvalue
from theory.marion2024.setting import Numbers, matrix, rounded
from theory.marion2024.statements.lemma_21_kernel import STEPS, Waves
from theory.proofs import identity
from theory.statement import Draw, Hypothesis, Inequality, Mutant, Proof, changed, past_the_slack, without

GRID = 256


@dataclass(frozen=True, kw_only=True)
class WaveSample(Waves):
    """The activation at unit vectors.

    Parameters
    ----------
    n, d
        Number of vectors, and their dimension.
    vectors
        Their coordinates, one vector after the other.
    """

    n: int
    d: int
    vectors: Numbers

    @property
    def gram(self) -> Numbers:
        """Return the matrix of the inner products."""
        rows = matrix(self.vectors, self.n, self.d)
        return rows @ rows.T


def smallest_eigenvalue(symmetric: Numbers) -> Number:
    """Return the smallest eigenvalue of a symmetric matrix of floats or balls."""
    if kind_of(symmetric) is Kind.BALLS:
        return -enclose_largest_eigenvalue(-symmetric)
    return np.linalg.eigvalsh(np.asarray(symmetric, dtype=float))[0]


def apart(gram: Numbers, r: int) -> list[tuple[Number, str, Number]]:
    r"""Return :math:`16n^2\rho_{ij}^{2r}\le9` for i > j, which says :math:`|\rho_{ij}|\le(\frac3{4n})^{1/r}`."""
    n = len(gram)
    pairs = [gram[i, j] for i in range(n) for j in range(i)]
    return [(16 * n * n * (rho * rho) ** r, "<=", 9) for rho in pairs] or [(0, "<=", 9)]


unit = Hypothesis(
    name="unit columns",
    says="n, d, r >= 1 and the n columns of length d have norm 1",
    holds=lambda p: [
        (p.n, ">=", 1),
        (p.d, ">=", 1),
        (p.r, ">=", 1),
        (len(p.vectors), "==", p.n * p.d),
        *((square, "==", 0 * square + 1) for square in np.diag(p.gram)),
    ],
    standing=True,
)
event = Hypothesis(name="columns apart", says="|<x_i, x_j>| <= (3/(4n))^(1/r) for i != j", holds=lambda p: apart(p.gram, p.r))
degree = Hypothesis(name="r >= 2", says="r >= 2", holds=lambda p: (p.r, ">=", 2))
even = Hypothesis(name="r even", says="r is even", holds=lambda p: (p.r % 2, "==", 0))


def near_axis(axis: int, offsets: list[Fraction]) -> list[Fraction]:
    r"""Return the unit vector :math:`\frac{(1-|u|^2)e_i+2u}{1+|u|^2}`, rational with u; the entry i of u is taken as 0."""
    u = [Fraction(0) if j == axis else value for j, value in enumerate(offsets)]
    square = sum((value * value for value in u), start=Fraction(0))
    return [(1 - square if j == axis else 2 * value) / (1 + square) for j, value in enumerate(u)]


def spread(directions: list[list[Fraction]], r: int, reach: Fraction | None) -> tuple[Fraction, ...]:
    """Return unit vectors near the axes, as far from them as the event allows, or at a given distance.

    Parameters
    ----------
    directions
        Where each leaves its axis, one list of d numbers a vector.
    r
        The degree.
    reach
        The distance; None for the largest of a grid that keeps the vectors apart.

    Returns
    -------
    tuple of Fraction
        The coordinates, one vector after the other.
    """

    def at(size: Fraction) -> list[list[Fraction]]:
        return [near_axis(i, [size * value for value in row]) for i, row in enumerate(directions)]

    def kept(size: Fraction) -> bool:
        rows = np.array(at(size), dtype=object)
        return all(left <= right for left, _, right in apart(rows @ rows.T, r))

    low, high = 0, GRID + 1
    while reach is None and high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if kept(Fraction(middle, GRID)) else (low, middle)
    size = Fraction(low, GRID) if reach is None else reach
    return tuple(value for row in at(size) for value in row)


def _draw(draw: Draw, in_force: frozenset[str]) -> WaveSample:
    lowest = 2 if degree.name in in_force else 1
    r = draw.choice((2, 4) if even.name in in_force else tuple(range(lowest, 6)))
    n = draw.choice((1, 2, 2, 3, 4))
    d = n + draw.integer(0, 1)
    a = rounded(draw.positive(0.2, 2.0), 2)
    other = a * draw.choice((Fraction(3, 2), Fraction(2)))
    # The second wave cancels the coefficient of degree r - 2.
    beta = draw.choice((0, 1)) * (a / other) ** max(0, r - 2)
    sign = draw.choice((-1, 0, 1))
    rows = [[rounded(draw.real(-1.0, 1.0), 2) if sign == 0 else Fraction(sign) for _ in range(d)] for _ in range(n)]
    if n == 2 and draw.choice((0, 1)):
        rows[1] = [Fraction(0)] * d
    reach = None if event.name in in_force else rounded(draw.real(0.2, 1.0), 2)
    return WaveSample(r=r, alpha=Fraction(1), a=a, beta=beta, b=other, n=n, d=d, vectors=spread(rows, r, reach))


def mean_eigenvalue(p: Any) -> Number:
    r"""Return :math:`\frac1m\lambda_{\min}(\mathbb E(M|X))`."""
    return smallest_eigenvalue(p.kernel(p.gram))


def gershgorin_identity() -> Any:
    """Return 1 - (n - 1) 3/(4n) less 1/4 + 3/(4n)."""
    import sympy

    n = sympy.Symbol("n", positive=True)
    return sympy.simplify(1 - (n - 1) * 3 / (4 * n) - sympy.Rational(1, 4) - 3 / (4 * n))


def halves_identity() -> Any:
    """Return (p + q)^2/4 - pq less (p - q)^2/4."""
    import sympy

    p, q = sympy.symbols("p q", positive=True)
    return sympy.expand((p + q) ** 2 / 4 - p * q - (p - q) ** 2 / 4)


def product_identity() -> Any:
    """Return u^2 + v^2 - 2uv less (u - v)^2."""
    import sympy

    u, v = sympy.symbols("u v", real=True)
    return sympy.expand(u * u + v * v - 2 * u * v - (u - v) ** 2)


def flat(n: int, r: int, size: str, sign: int = 1) -> dict[str, Any]:
    """Return nearly pure data of degree r at n vectors that leave their axes equally; of two the second stays there."""
    rows = [[Fraction(sign)] * n for _ in range(n)]
    if n == 2:
        rows[1] = [Fraction(0)] * n
    vectors = [str(value) for value in spread(rows, r, Fraction(size))]
    beta = str(Fraction(1, 2) ** max(0, r - 2))
    return {"r": r, "alpha": 1, "a": "1/5", "beta": beta, "b": "2/5", "n": n, "d": n, "vectors": vectors}


# Three vectors with inner products -0.246, just above -1/4, and two with 0.690, just below (3/8)^(1/3).
TRIPLE, CUBIC, SQUARE = flat(3, 1, "17/250", -1), flat(2, 3, "2/5"), flat(2, 2, "17/50")
PARALLEL = flat(2, 3, "9/10")
SCHUR = "K = sum eta_k^2 R^(o k) over the Hadamard powers of the Gram matrix, each positive semidefinite by Schur's theorem"

equation_55 = Inequality(
    id="marion2024.equation-55",
    title="the smallest eigenvalue of the mean matrix",
    says=(
        "If |<x_i, x_j>| <= (3/(4n))^(1/r) for i != j, lambda_min(E(M|X)) >= m eta_r^2/8; the factor m is left out here."
        " True with a factor of at least 5 to spare for n = 2, where the sharp constant is 5/8, and with at least 2 for every"
        " n. The hypothesis r >= 2 is not needed. The coefficient must be that of the normalised basis."
    ),
    formula=r"\lambda_{\min}(\mathbb E(M|X))\ge\frac{m\eta_r^2(\sigma)}8",
    source=f"{STEPS}, (55)",
    instance=WaveSample,
    instances=_draw,
    hypotheses=(unit, event, degree),
    uses=("marion2024.equation-55.step-1", "marion2024.equation-55.part-event"),
    left=mean_eigenvalue,
    relation=">=",
    right=lambda p, c: c.c * p.coefficient_square(p.r),
    constants={"c": Fraction(1, 8)},
    cost=4,
    gallery=(SQUARE, CUBIC, flat(3, 2, "11/100"), {**flat(2, 3, "2/5"), "beta": 0, "a": 1}),
    proof=Proof(
        set="all bounded sigma, all r >= 1, n and unit columns that are apart",
        argument=f"{SCHUR}; R^(o r) has ones on the diagonal and at most 3/(4n) elsewhere in absolute value (Gershgorin).",
        steps=(identity("1 - (n - 1) 3/(4n) = 1/4 + 3/(4n)", gershgorin_identity),),
    ),
    mutants=(
        past_the_slack("c"),
        changed("Hermite polynomials not normalised", right=lambda p, c: c.c * math.factorial(p.r) * p.coefficient_square(p.r)),
        without(event.name, PARALLEL),
        without(degree.name),
    ),
)

reading_sharp = replace(
    equation_55,
    id="marion2024.equation-55.reading-sharp",
    title="the smallest eigenvalue of the mean matrix, by Gershgorin",
    says=(
        "Ours: it is at least (n + 3)/(4n) m eta_r^2, for every r >= 1. Attained in the limit of an activation that is all in"
        " its coefficient r: for n = 2 and every r, and for every n and r = 1."
    ),
    formula=r"\lambda_{\min}(\mathbb E(M|X))\ge\frac{n+3}{4n}m\eta_r^2(\sigma)",
    source="ours; sharpens (55)",
    ours=True,
    hypotheses=(unit, event),
    right=lambda p, c: c.c * (p.n + 3) * p.coefficient_square(p.r) / (4 * p.n),
    constants={"c": Fraction(1)},
    gallery=(*equation_55.gallery, TRIPLE),
    mutants=(
        past_the_slack("c"),
        Mutant(
            name="5/8 whatever n",
            change=lambda statement, _tightest: replace(
                statement, right=lambda p, c: 5 * p.coefficient_square(p.r) / (0 * p.a + 8)
            ),
            tries=(TRIPLE,),
        ),
        without(event.name, PARALLEL),
    ),
)

# Two orthonormal pairs whose inner products are all 300/697 in size and whose signs are those of a Hadamard matrix.
CROSS = ["1", "0", "0", "0", "0", "1", "0", "0", "300/697", "300/697", "553/697", "0", "300/697", "-300/697", "0", "553/697"]
reading_even = replace(
    reading_sharp,
    id="marion2024.equation-55.reading-even",
    title="the smallest eigenvalue of the mean matrix, even degree",
    says=(
        "Ours: for even r it is at least 5/8 m eta_r^2 whatever n, and no more can be said for n = 2, 4, 8, ...: two"
        " orthonormal halves with inner products of equal size and the signs of a Hadamard matrix."
    ),
    formula=r"\lambda_{\min}(\mathbb E(M|X))\ge\frac58m\eta_r^2(\sigma)\qquad(r\text{ even})",
    hypotheses=(unit, event, even),
    right=lambda p, c: c.c * 5 * p.coefficient_square(p.r) / 8,
    gallery=(SQUARE, flat(3, 2, "11/100"), {**flat(4, 2, "1/10"), "vectors": CROSS}),
    proof=Proof(
        set="all bounded sigma, all even r >= 2, n and unit columns that are apart",
        argument=(
            f"{SCHUR}. Off its diagonal R^(o r) has entries in [0, a], a = 3/(4n). For a unit x with p entries >= 0 and q < 0"
            " only the mixed products count: x^T A x >= -2a |x_+|_1 |x_-|_1 >= -2a sqrt(pq) |x_+| |x_-| >= -a sqrt(pq) >= -a"
            " n/2, which is -3/8."
        ),
        steps=(
            identity("n^2/4 - pq = (p - q)^2/4 for n = p + q", halves_identity),
            identity("2uv <= u^2 + v^2", product_identity),
        ),
    ),
    mutants=(past_the_slack("c"), without(event.name, flat(2, 2, "9/10")), without(even.name, TRIPLE)),
)
