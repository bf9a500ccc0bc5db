"""Floats inside a formula, such as 0.1, math.pi or math.exp(x): rounded before balls see them, they must decide nothing."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from numerics.arithmetic import SYMBOLS, Arithmetic, Number
from numerics.comparison import Comparison, Truth
from theory.statement import InputError, Instance
from verification.entry import PACKAGES

CLOSE = flint.arb(1) / 2**40
"""Sides nearer to each other than this, relatively, may be told apart by what a float rounds, even after some cancellation."""
TRIES = 4
"""So many instances are looked at before formulas count as free of floats: at some, such as 0, rounding does not show."""
_clean: dict[tuple[Callable[..., Any], ...], int] = {}


def refuse_rounded(
    formulas: tuple[Callable[..., Any], ...],
    computed: Callable[[Arithmetic], tuple[Number, Number]],
    instance: Instance,
    comparison: Comparison,
) -> None:
    """Refuse to tell two sides apart by a rounded number in a formula of a user's own.

    Parameters
    ----------
    formulas
        What computes the sides.
    computed
        The sides in an arithmetic.
    instance
        Where they were compared.
    comparison
        Their comparison there, in balls.

    Raises
    ------
    InputError
        If the sides are separated by so little that a float in one of them may have done it.
    """
    if comparison.truth is Truth.UNDECIDED or not _close(comparison.left, comparison.right):
        return
    if all(formula.__module__.split(".")[0] in PACKAGES for formula in formulas):
        return  # they are written in our arithmetic
    if _clean.get(formulas, 0) >= TRIES:
        return
    found = float_in(lambda: computed(SYMBOLS))
    if found is not None:
        rule = "write x / 10 for 0.1 * x, and take pi(x), exp, sqrt and the like from numerics.arithmetic"
        raise InputError(
            f"a formula computes the float {found!r} at {instance}, and its rounding tells the sides apart: {rule}"
        )
    _clean[formulas] = _clean.get(formulas, 0) + 1


def float_in(sides: Callable[[], tuple[Number, Number]]) -> float | None:
    """Return a float in sides that are computed in symbols from exact numbers; one such as 0.5, which is what it says, is none.

    Parameters
    ----------
    sides
        Computes them.

    Returns
    -------
    float or None
        The first one found; none where there is none, or where the formulas do not run in symbols.
    """
    import sympy

    try:
        entries = [entry for side in sides() for entry in np.ravel(np.asarray(side, dtype=object))]
    except Exception:
        return None  # a formula may do anything; what does not run in symbols cannot be looked into
    for entry in entries:
        atoms = [entry] if isinstance(entry, float) else sympy.sympify(entry).atoms(sympy.Float)
        for atom in sorted(map(float, atoms)):
            if np.isfinite(atom) and Fraction(repr(atom)) != Fraction(atom):
                return atom
    return None


def _close(left: Any, right: Any) -> bool:
    if not isinstance(left, flint.arb) or not isinstance(right, flint.arb):
        return False
    return bool(abs(left - right) < CLOSE * max(abs(left), abs(right)))
