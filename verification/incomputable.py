"""What is said where a statement cannot be computed at a person's own numbers: one line, with what is out of range."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction

from theory.statement import InputError, Instance, shorten

INCOMPUTABLE = (ArithmeticError, ValueError, IndexError)
"""What formulas raise outside the range of their arithmetic."""
RANGE = (1e-300, 1e300)
"""Sizes of numbers, other than 0, that are not blamed."""


def incomputable(what: str, instance: Instance, error: Exception) -> str:
    """Return why a computation is refused that failed.

    Parameters
    ----------
    what
        What was computed.
    instance
        The numbers.
    error
        How it failed.

    Returns
    -------
    str
        The message of the error itself if that is an ``InputError``; else it names the first number beyond the range of
        floats, or, where there is none, quotes the arithmetic.
    """
    if isinstance(error, InputError):
        return str(error)
    for name in (field.name for field in dataclasses.fields(instance)):
        value = getattr(instance, name)
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, Fraction | int) and number and not RANGE[0] <= abs(Fraction(number)) <= RANGE[1]:
                size = f"1e{math.floor(_decades(Fraction(number)))}, beyond the range of floats"
                return f"{what} cannot be computed: {name} holds a number of size {size}"
    reason = (str(error).splitlines() or [""])[0]
    return f"{what} cannot be computed at these numbers ({type(error).__name__}: {shorten(reason)})"


def _decades(number: Fraction) -> float:
    # Integers of any size have a logarithm; floor would turn an exact power of ten into the one below.
    return (math.log(abs(number.numerator)) - math.log(number.denominator)) / math.log(10) + 1e-9
