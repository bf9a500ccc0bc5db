"""Proposition 11: the constants of (35) against sampled suprema, its two readings, and the order of the scheme."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from numerics.arithmetic import FLOATS
from numerics.comparison import Truth
from theory.marion2024.statements import proposition_11 as euler
from theory.registry import statements_in
from theory.statement import Inequality
from verification.evaluate import certified, check_at, consistent, equality_bits, hypotheses_truth
from verification.measured import approach

OWN = statements_in(euler.__name__)
CASES = [
    {"a": -2, "a_l": "-5/2", "start": "-3/2", "slope": 2, "deviations": ["1/10", "-1/5", "1/7"], "layer": 1, "part": "1/2"},
    {"a": 1, "a_l": 1, "start": "1/2", "slope": 0, "deviations": ["1/3"], "layer": 0, "part": "1/2"},
    {"a": "1/2", "a_l": "1/3", "start": -3, "slope": 1, "deviations": ["1/2", 0, 0, "-1/2"], "layer": 3, "part": "3/4"},
]


def lifted(data):
    return euler.equation_35.instance.parse(data).lift(FLOATS)


def integrated(p, s):
    """Return U(s) by many small steps of the classical Runge-Kutta method."""
    u, h, steps = p.a, s / 2000, 2000
    for k in range(steps):
        t = k * h
        one = p.parameter(t) * u
        two = p.parameter(t + h / 2) * (u + h / 2 * one)
        three = p.parameter(t + h / 2) * (u + h / 2 * two)
        four = p.parameter(t + h) * (u + h * three)
        u += h / 6 * (one + 2 * two + 2 * three + four)
    return u


@pytest.mark.parametrize("statement", [entry for entry in OWN if isinstance(entry, Inequality)], ids=lambda entry: entry.id)
def test_every_bound_holds_in_balls_on_its_gallery_and_on_cases_of_both_signs(statement) -> None:
    for data in (*statement.gallery, *CASES):
        instance = statement.instance.parse(data)
        assert hypotheses_truth(statement, instance) is Truth.TRUE
        assert consistent(certified(statement, instance), equality_bits(statement))


@pytest.mark.parametrize("data", CASES)
def test_the_closed_form_solves_the_equation(data) -> None:
    p = lifted(data)
    for s in (0.3, 1.0):
        assert float(p.exact(s)) == pytest.approx(integrated(p, s), rel=1e-10)


@pytest.mark.parametrize("data", CASES)
def test_the_constants_are_the_suprema_that_a_fine_grid_sees(data) -> None:
    p = lifted(data)
    s = np.linspace(0, 1, 20001)
    theta, u = p.parameter(s), p.exact(s)
    assert float(p.speed_lipschitz) == pytest.approx(np.abs((p.slope + theta**2) * u).max(), rel=1e-6)
    assert float(p.state_lipschitz) == pytest.approx(np.abs(theta * u).max(), rel=1e-6)
    layers = np.array([float(value) for value in p.layers])
    sampled = layers[np.minimum(np.floor((p.depth - 1) * s).astype(int), p.depth - 1)]
    assert float(p.sampling) == pytest.approx(np.abs(theta - sampled).max(), abs=2e-4)
    assert np.abs(layers).max() <= float(p.parameter_bound)
    assert max(np.abs(u).max(), max(abs(float(v)) for v in p.scheme)) <= float(p.state_bound)


def test_with_the_lipschitz_constant_in_u_alone_the_bound_fails() -> None:
    # U' = U/100 from 100, one layer with parameter 101/100: off by 100 in one step.
    p = lifted(euler.OFF)
    rate, size = 1.01, 100 * np.exp(0.01)
    local = (1.0 + size * 1e-4 / rate) * np.exp(rate)
    gap = float(p.gaps[-1])
    assert gap == pytest.approx(201 - size, rel=1e-12)
    assert gap > 30 * local
    assert check_at(euler.equation_35, euler.OFF).verdict is Truth.TRUE


def test_for_a_small_constant_parameter_the_sharper_bound_is_attained_in_the_limit() -> None:
    ratios = []
    for rate, depth in (("1/10", 32), ("1/100", 128), ("1/1000", 512)):
        data = {**euler.CONSTANT, "a": "1/10000", "a_l": "1/10000", "start": rate, "deviations": [0] * depth, "layer": 0}
        p = lifted(data)
        right = euler.reading_sharp.right(p, euler.reading_sharp.lift_constants(FLOATS))
        ratios.append(float(right) / float(p.gaps[-1]))
    assert ratios[0] > ratios[1] > ratios[2] > 1
    assert ratios[2] < 1.005


@pytest.mark.parametrize("statement", [entry for entry in OWN if not isinstance(entry, Inequality)], ids=lambda entry: entry.id)
def test_the_scheme_converges_at_order_one(statement) -> None:
    for data in statement.gallery:
        errors = approach(statement, statement.instance.parse(data)).errors
        assert errors[-2] / errors[-1] == pytest.approx(2, rel=0.02)
    assert statement.rate == Fraction(1)
