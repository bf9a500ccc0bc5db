"""The wrong way, a float in a formula, beside the right one; both run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import pytest

from numerics.arithmetic import Number, exp, pi
from theory.statement import Equivalence, Hypothesis, Identity, Inequality, InputError, Instance
from verification.evaluate import certified, hypothesis_truth


@dataclass(frozen=True, kw_only=True)
class Point(Instance):
    x: Number


def claim(left, right) -> Identity:
    return Identity(
        **dict.fromkeys(("title", "says", "formula", "source"), ""),
        id="toy.lemma-1",
        instance=Point,
        instances=lambda draw, in_force: Point(x=Fraction(1, 3)),
        left=left,
        right=lambda p, c: right(p),
    )


AT = Point(x=Fraction(1, 3))


@pytest.mark.parametrize(
    ("right", "rounded", "exact"),
    [
        (lambda p: math.pi * p.x, lambda p: pi(p.x) * p.x, True),
        (lambda p: 0.1 * p.x, lambda p: p.x / 10, True),
        (lambda p: math.exp(p.x), lambda p: exp(p.x), True),
        (lambda p: p.x * 0.5, lambda p: p.x / 2, False),
    ],
    ids=["math.pi", "0.1", "math.exp", "0.5 is exact"],
)
def test_a_rounded_number_never_refutes_what_is_true(right, rounded, exact) -> None:
    statement = claim(rounded, right)
    if exact:
        with pytest.raises(InputError, match=r"computes the float .* write x / 10 for"):
            certified(statement, AT)
    else:
        assert certified(statement, AT).equal_bits > 200
    assert certified(claim(rounded, rounded), AT).equal_bits > 200


def test_a_rounded_number_decides_no_condition() -> None:
    rounded = Hypothesis(name="h", says="", holds=lambda p: (0.1 * p.x, "<=", p.x / 10))
    with pytest.raises(InputError, match=r"computes the float .* write x / 10 for"):
        hypothesis_truth(rounded, AT)
    exact = Hypothesis(name="h", says="", holds=lambda p: (p.x / 10, "<=", exp(p.x)))
    assert hypothesis_truth(exact, AT).value == "true"
    base = vars(claim(None, None))
    both = {name: base[name] for name in ("title", "says", "formula", "source", "id", "instance", "instances")}
    twice = Equivalence(**both, first=lambda p: (math.pi * p.x, "<", pi(p.x) * p.x), second=lambda p: (p.x, "<", 1))
    with pytest.raises(InputError, match=r"computes the float .* write x / 10 for"):
        certified(twice, AT)


def test_sides_that_are_close_and_exact_are_told_apart() -> None:
    statement = claim(lambda p: exp(p.x), lambda p: exp(p.x) + (p.x * 0 + 1) / 10**20)
    assert certified(statement, AT).truth.value == "false"


def test_a_float_that_decides_nothing_is_let_be() -> None:
    wide = Inequality(**vars(claim(lambda p: 0.1 * p.x, lambda p: p.x)) | {"relation": "<="})
    assert certified(wide, AT).truth.value == "true"
