"""Lemmas 16 and 17: closed forms against solvers and quadrature, and the equations that break each hypothesis."""

from __future__ import annotations

from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from numerics.arithmetic import EXACT, FLOATS
from numerics.comparison import Truth
from theory.marion2024.statements import (
    lemma_16,
    lemma_16_controls,
    lemma_17,
    lemma_17_bounds,
    lemma_17_controls,
    lemma_17_offset,
)
from verification.evaluate import check_at
from verification.measured import approach


def parsed(statement, data):
    return statement.instance.parse(data).lift(FLOATS)


def by_pieces(p, speed, start):
    """Integrate u' = speed(u, theta, d) piece by piece with scipy."""
    u = start
    offsets = getattr(p, "offsets", np.zeros(len(p.values)))
    for theta, width, offset in zip(p.values, p.widths, offsets, strict=True):
        u = solve_ivp(lambda _t, y, a=theta, d=offset: speed(y, a, d), (0, width), [u], rtol=1e-11, atol=1e-13).y[0, -1]
    return u


@pytest.mark.parametrize("data", lemma_16.lemma_16.gallery)
def test_the_flow_of_lemma_16_solves_its_equation_in_both_directions(data) -> None:
    p = parsed(lemma_16.lemma_16, data)
    for sign in (1, -1):
        start = 2 * np.arctan(p.y)
        path = solve_ivp(
            lambda s, u, sign=sign: sign * (p.rate + p.growth * s) * np.sin(u),
            (0, max(float(p.s), 1e-9)),
            [start],
            rtol=1e-11,
            atol=1e-13,
        )
        assert lemma_16.turned(p, p.y, sign) == pytest.approx(path.y[0, -1], rel=1e-8)


def test_solutions_part_as_fast_as_the_bound_near_zero_and_stay_bounded_for_all_times() -> None:
    p = parsed(lemma_16.lemma_16, {**lemma_16.NEAR, "y": "1/1000000"})
    gap = abs(lemma_16.turned(p, p.x) - lemma_16.turned(p, p.y))
    assert gap == pytest.approx(lemma_16.first_apart(p) * np.e, rel=1e-9)
    late = parsed(lemma_16.lemma_16, {**lemma_16.NEAR, "s": 40})
    assert 3.14 < lemma_16.turned(late, late.y) < np.pi


def test_a_speed_that_is_lipschitz_at_each_time_alone_is_continuous_and_has_many_solutions() -> None:
    rng = np.random.default_rng(0)
    for r in (1e-3, 0.1, 1.0):
        u, v = rng.uniform(-2, 2, (2, 1000)) * r
        g = [np.clip(2 * w / r, -2 * r, 2 * r) for w in (u, v)]
        assert np.abs(g[0]).max() <= 2 * r
        assert np.all(np.abs(g[0] - g[1]) <= 2 / r * np.abs(u - v) + 1e-12)
        assert [float(lemma_16_controls.capped(w, r)) for w in u[:5]] == pytest.approx(list(g[0][:5]))
    for c in (-1.0, -0.3, 0.0, 1.0):
        rise = quad(lambda r, c=c: float(lemma_16_controls.capped(c * r * r, r)), 0, 0.7)[0]
        assert rise == pytest.approx(c * 0.49, abs=1e-10)
    found = check_at(lemma_16_controls.reading_each_time, {"c": 2, "s": 1})
    assert found.verdict is Truth.FALSE


def test_the_slopes_of_the_parabolas_are_exact_in_fractions() -> None:
    for c in (Fraction(1, 3), Fraction(-1)):
        p = lemma_16_controls.Parabola(c=c, s=Fraction(1, 7)).lift(EXACT)
        assert lemma_16_controls.capped(p.c * p.s * p.s, p.s) == 2 * p.c * p.s


@pytest.mark.parametrize("data", lemma_17.lemma_17.gallery)
def test_the_closed_form_satisfies_the_integral_equation_by_quadrature(data) -> None:
    p = parsed(lemma_17.lemma_17, data)
    ends = np.concatenate([[0.0], np.cumsum(p.widths)])
    with mp.workdps(30):

        def value(r):
            return p.start * mp.exp(
                sum(v * min(max(r - a, 0), w) for v, a, w in zip(p.values, ends[:-1], p.widths, strict=True))
            )

        pieces = zip(p.values, ends[:-1], ends[1:], strict=True)
        integral = sum(v * mp.quad(value, [a, b]) for v, a, b in pieces)
        assert abs(p.start + integral - value(ends[-1])) < 1e-12 * abs(value(ends[-1]))
        assert float(lemma_17.integrated(p)) == pytest.approx(float(p.start + integral), rel=1e-12)


@pytest.mark.parametrize("data", lemma_17_bounds.step_2.gallery)
def test_the_nonlinear_flow_follows_the_jumps(data) -> None:
    p = parsed(lemma_17_bounds.step_2, data)
    expected = by_pieces(p, lambda u, theta, _d: theta * np.sin(u), 2 * np.arctan(p.start))
    assert lemma_17_bounds.turned(p, p.start) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("data", lemma_17_offset.reading_offset.gallery)
def test_the_flow_with_an_offset_follows_the_jumps_of_both(data) -> None:
    p = parsed(lemma_17_offset.reading_offset, data)
    expected = by_pieces(p, lambda u, theta, d: theta * u + d, p.start)
    assert lemma_17_offset.with_offset(p) == pytest.approx(expected, rel=1e-8)


def test_the_picard_iteration_with_an_integrable_speed_at_zero_reaches_the_solution() -> None:
    # u' = u + 1/(2 sqrt(r)) from 0, not bounded at 0: iterate on a grid of square roots, where the speed is smooth.
    q = np.linspace(0, 1, 2001)
    u = np.zeros_like(q)
    for _ in range(25):
        speed = 2 * q * u + 1
        u = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2 * np.diff(q))])
    exact = np.e * quad(lambda r: np.exp(-(r**2)), 0, 1)[0]
    assert u[-1] == pytest.approx(exact, rel=1e-6)
    assert u[-1] <= (0 + 1) * np.e


def test_the_singular_controls_solve_their_equations() -> None:
    for c in (0.0, 0.5, 2.0):
        assert quad(lambda r, c=c: 3 * (c * r**3) / r, 0, 0.8)[0] == pytest.approx(c * 0.8**3, abs=1e-12)
    path = solve_ivp(lambda s, u: 2 * u / (1 - s), (0, 0.99), [1.5], rtol=1e-10, atol=1e-12)
    assert path.y[0, -1] == pytest.approx(1.5 / 0.01**2, rel=1e-6)
    p = parsed(lemma_17_controls.blows_up, {"size": "3/2", "order": 2, "s": "99/100"})
    assert lemma_17_controls.blows_up.left(p) == pytest.approx(path.y[0, -1], rel=1e-6)


def test_what_has_speed_one_over_r_is_as_large_at_one_end_as_half_the_logarithm() -> None:
    for early in (1e-2, 1e-8, 1e-200):
        shifts = np.linspace(-500, 500, 20001)
        worst = np.maximum(np.abs(shifts + np.log(early)), np.abs(shifts)).min()
        assert worst == pytest.approx(-np.log(early) / 2, abs=0.05)


def test_the_euler_scheme_is_its_recursion_and_its_error_halves_with_the_step() -> None:
    p = parsed(lemma_17.euler, lemma_17.JUMP)
    u, worst = 1.0, 0.0
    for k in range(64):
        u += (1.0 if k / 64 < 1 / 3 else -2.0) * u / 64
        s = (k + 1) / 64
        worst = max(worst, abs(u - np.exp(min(s, 1 / 3) - 2 * max(s - 1 / 3, 0))))
    assert lemma_17.euler_error(p, 64) == pytest.approx(worst, rel=1e-10)
    errors = approach(lemma_17.euler, lemma_17.Pieces.parse(lemma_17.JUMP)).errors
    assert errors[-2] / errors[-1] == pytest.approx(4, rel=1e-3)


def test_at_depths_that_are_powers_of_two_the_constant_of_the_euler_scheme_oscillates() -> None:
    p = parsed(lemma_17.euler, lemma_17.JUMP)
    scaled = [2**k * lemma_17.euler_error(p, 2**k) for k in range(9, 15)]
    assert scaled[0] == pytest.approx(scaled[2], rel=0.02)
    assert abs(scaled[0] / scaled[1] - 1) > 0.1
