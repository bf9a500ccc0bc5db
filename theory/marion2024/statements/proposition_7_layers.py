r"""Seven layers whose constants in Proposition 7 are known, to try the steps of its proof on.

With :math:`|z|\le M` and :math:`R=e^{K_1}MM_X`, the radius of E, and Euclidean norms of weights throughout:

====================================  ============  ============  =============================
layer                                 :math:`K_1`   :math:`K_2`   :math:`K'`
====================================  ============  ============  =============================
:math:`hz^r/r`, r = 1, 2, 3           M^r/r         R M^(r-1)     max((r-1) R M^(r-2), M^(r-1))
:math:`Zh`, Z symmetric of trace 0    M             R             1
:math:`Zh`, any 2 x 2 matrix          M             R             1
:math:`v\tanh(wh)`                    M^2/2         R M           at most max(R + M^2 R^3, M)
:math:`h\,z\cdot Sz/2`, S a mirror    M^2/2         R M           max(R, M)
====================================  ============  ============  =============================

All are exact suprema but the last of the perceptron, where :math:`|\partial_{22}f|\le|h|+2|vw||h|^3` is exact as MR tends to
0; a larger K' only weakens a claim. S = (3, 4; 4, -3)/5 turns the axes, so that its sum norm is 7/5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from numerics.arithmetic import Kind, Number, absolute, expm1, kind_of, maximum, sqrt, total
from theory.marion2024.setting import Numbers


def length(vector: Numbers) -> Number:
    """Return the Euclidean norm of a vector; a ball whose square reaches below 0 is cut there."""
    if len(vector) == 1:
        return absolute(vector[0])
    square = total(vector * vector)
    if kind_of(square) is not Kind.BALLS or square > 0 or square.upper() == 0:
        return sqrt(square)
    return (0 * square).union(sqrt(square.upper()))


def sum_length(vector: Numbers) -> Number:
    """Return the sum of the absolute values of the entries."""
    return total(absolute(vector))


@dataclass(frozen=True, kw_only=True)
class Layer:
    r"""A layer :math:`f:\mathbb R^q\times\mathbb R^p\to\mathbb R^q` with its derivatives and constants.

    Parameters
    ----------
    q, p
        Numbers of entries of h and of z.
    value, by_state, by_weight
        :math:`f`, :math:`\partial_1f` of shape ``(q, q)``, :math:`\partial_2f` of shape ``(q, p)``.
    k1, k2, k_prime
        :math:`K_1` from M; :math:`K_2` and :math:`K'` from M and R.
    """

    q: int
    p: int
    value: Callable[[Numbers, Numbers], Numbers]
    by_state: Callable[[Numbers, Numbers], Numbers]
    by_weight: Callable[[Numbers, Numbers], Numbers]
    k1: Callable[[Number], Number]
    k2: Callable[[Number, Number], Number]
    k_prime: Callable[[Number, Number], Number]


def power(r: int) -> Layer:
    """Return the layer h z^r / r."""
    return Layer(
        q=1,
        p=1,
        value=lambda h, z: h * z**r / r,
        by_state=lambda h, z: np.array([z**r / r]),
        by_weight=lambda h, z: np.array([h * z ** (r - 1)]),
        k1=lambda m: m**r / r,
        k2=lambda m, reach: reach * m ** (r - 1),
        k_prime=lambda m, reach: maximum((r - 1) * reach * m ** max(0, r - 2), m ** (r - 1)),
    )


def linear(basis: list[list[list[int]]]) -> Layer:
    """Return the layer Z h, Z in the span of 2 x 2 matrices J_1, ..., J_p with orthogonal rows of J_1 h, ..., J_p h."""
    matrices = np.array(basis)

    def weighted(z: Numbers) -> Numbers:
        return total(np.array([z[j] * matrices[j] for j in range(len(basis))]), axis=0)

    return Layer(
        q=2,
        p=len(basis),
        value=lambda h, z: weighted(z) @ h,
        by_state=lambda h, z: weighted(z),
        by_weight=lambda h, z: np.array([entry @ h for entry in matrices]).T,
        k1=lambda m: m,
        k2=lambda m, reach: reach,
        k_prime=lambda m, reach: 0 * m + 1,
    )


def _tanh(x: Number) -> Number:
    growth = expm1(2 * x)
    return growth / (growth + 2)


def _slope(h: Numbers, z: Numbers) -> Number:
    """Return 1 - tanh^2(w h)."""
    return 1 - _tanh(z[1] * h[0]) ** 2


def _mirrored(z: Numbers) -> Numbers:
    return np.array([(3 * z[0] + 4 * z[1]) / 5, (4 * z[0] - 3 * z[1]) / 5])


PERCEPTRON = Layer(
    q=1,
    p=2,
    value=lambda h, z: np.array([z[0] * _tanh(z[1] * h[0])]),
    by_state=lambda h, z: np.array([[z[0] * z[1] * _slope(h, z)]]),
    by_weight=lambda h, z: np.array([[_tanh(z[1] * h[0]), z[0] * h[0] * _slope(h, z)]]),
    k1=lambda m: m * m / 2,
    k2=lambda m, reach: reach * m,
    k_prime=lambda m, reach: maximum(reach + m**2 * reach**3, m),
)
MIRROR = Layer(
    q=1,
    p=2,
    value=lambda h, z: h * total(z * _mirrored(z)) / 2,
    by_state=lambda h, z: np.array([[total(z * _mirrored(z)) / 2]]),
    by_weight=lambda h, z: np.array([h[0] * _mirrored(z)]),
    k1=lambda m: m * m / 2,
    k2=lambda m, reach: reach * m,
    k_prime=maximum,
)
SYMMETRIC = linear([[[1, 0], [0, -1]], [[0, 1], [1, 0]]])
ANY_MATRIX = linear([[[1, 0], [0, 0]], [[0, 1], [0, 0]], [[0, 0], [1, 0]], [[0, 0], [0, 1]]])
LAYERS = (power(1), power(2), power(3), SYMMETRIC, ANY_MATRIX, PERCEPTRON, MIRROR)
