"""Lemma 21 by other routes: integrals by mpmath and Gauss rules, exact fractions, matrices of signs, simulation."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import mpmath as mp
import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import binom

from numerics.activations import ACTIVATIONS
from numerics.arithmetic import FLOATS
from numerics.comparison import Truth
from theory.marion2024.statements import equation_55, lemma_21, lemma_21_chernoff, lemma_21_drawn, lemma_21_levels
from theory.marion2024.statements.lemma_21_kernel import PAIR, WavePair
from verification.evaluate import check_at

NODES, WEIGHTS = (
    part / norm for part, norm in zip(np.polynomial.hermite_e.hermegauss(80), (1, np.sqrt(2 * np.pi)), strict=True)
)


def plane_mean(function, rho: float) -> float:
    """Return the mean of f(u) f(v) by a Gauss rule, for standard Gaussians of covariance rho."""
    v = rho * NODES[:, None] + np.sqrt(1 - rho**2) * NODES[None, :]
    return float(WEIGHTS @ (function(NODES)[:, None] * function(v)) @ WEIGHTS)


CLOSED = {
    "sin": lambda rho: np.exp(-1) * np.sinh(rho),
    "erf": lambda rho: 2 / np.pi * np.arcsin(2 * rho / 3),
    "one_minus_cos": lambda rho: 1 - 2 * np.exp(-0.5) + np.exp(-1) * np.cosh(rho),
}


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("rho", [-0.7, 0.4])
def test_the_mean_of_a_product_is_its_closed_form_and_the_series_of_squared_hermite_coefficients(name, rho) -> None:
    used = ACTIVATIONS[name]
    series = sum(used.hermite_coefficient(k) ** 2 * rho**k for k in range(80))
    assert plane_mean(used.value, rho) == pytest.approx(CLOSED[name](rho), rel=1e-9)
    assert series == pytest.approx(CLOSED[name](rho), rel=1e-9)


@pytest.mark.parametrize("r", [1, 2, 3, 4, 5])
def test_a_wave_has_the_coefficients_the_kernel_and_the_bound_that_it_claims(r) -> None:
    wave = WavePair.parse({"r": r, "alpha": 1, "a": "1/2", "beta": "3/10", "b": "7/5", "d": 3, "slope": "1/3"}).lift(FLOATS)
    for k in range(6):
        basis = np.polynomial.hermite_e.HermiteE.basis(k)(NODES)
        mean = float(WEIGHTS @ (wave.value(NODES) * basis))
        assert mean**2 / float(mp.factorial(k)) == pytest.approx(wave.coefficient_square(k), rel=1e-9, abs=1e-20)
    assert plane_mean(wave.value, wave.rho) == pytest.approx(wave.kernel(wave.rho), rel=1e-9)
    assert np.abs(wave.value(np.linspace(-30, 30, 4001))).max() <= wave.bound


def test_sin_is_the_wave_without_a_second_one() -> None:
    wave = WavePair.parse(PAIR).lift(FLOATS)
    assert wave.kernel(wave.rho) / np.e == pytest.approx(CLOSED["sin"](wave.rho), rel=1e-14)
    assert wave.value(0.3) == pytest.approx(np.exp(0.5) * np.sin(0.3), rel=1e-14)


def test_hadamard_powers_reach_five_eighths_and_never_less_on_drawn_frames() -> None:
    cross = equation_55.WaveSample.parse({**equation_55.flat(4, 2, "1/10"), "vectors": equation_55.CROSS}).lift(FLOATS)
    assert np.linalg.eigvalsh(cross.gram**2)[0] == pytest.approx(1 - 2 * (300 / 697) ** 2, rel=1e-12)
    rng = np.random.default_rng(0)
    for _ in range(300):
        r, n = rng.integers(2, 6), rng.integers(2, 6)
        rows = np.eye(n) + rng.uniform(0, 1) * rng.uniform(-1, 1, (n, n))
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        gram = rows @ rows.T
        if np.abs(gram - np.eye(n)).max() ** r <= 3 / (4 * n):
            assert np.linalg.eigvalsh(gram**r)[0] >= 5 / 8


def test_for_degree_one_three_vectors_come_below_five_eighths_but_not_below_one_half() -> None:
    triple = equation_55.WaveSample.parse(equation_55.TRIPLE).lift(FLOATS)
    assert 0.5 < np.linalg.eigvalsh(triple.gram)[0] < 0.51


def tail(k: int, m: int, p: Fraction) -> Fraction:
    return sum((comb(m, j) * p**j * (1 - p) ** (m - j) for j in range(k + 1)), start=Fraction(0))


def quoted(n: int, m: int, k: int, p: Fraction):
    t = Fraction(k) / (p * m)
    exponent = (1 - t * t) * p * m / 2
    return n * mp.exp(-mp.mpf(exponent.numerator) / exponent.denominator)


def test_the_quoted_chernoff_bound_fails_for_eleven_rows_and_at_one_half_for_twenty() -> None:
    with mp.workdps(40):
        for m, k, p in ((11, 5, Fraction(3, 5)), (20, 4, Fraction(2, 5))):
            left = tail(k, m, p)
            assert mp.mpf(left.numerator) / left.denominator > quoted(1, m, k, p)
        left = 2 * tail(6, 24, Fraction(1, 2))
        assert mp.mpf(left.numerator) / left.denominator > quoted(2, 24, 6, Fraction(1, 2))
    assert tail(5, 11, Fraction(3, 5)) == Fraction(12036224, 48828125)


def test_with_ten_rows_or_fewer_the_quoted_bound_holds_on_a_grid() -> None:
    for m in range(1, 11):
        for k in range(m):
            mean = m * np.linspace(max(k / m, 1e-3), 1, 800, endpoint=False)
            assert np.all(binom.cdf(k, m, mean / m) < np.exp(-(mean - k * k / mean) / 2))


def test_two_columns_of_signs_have_the_eigenvalues_of_counted_disagreements() -> None:
    rng = np.random.default_rng(1)
    signs = np.where(rng.standard_normal((24, 2)) > 0, 1, -1)
    differ = int((signs[:, 0] != signs[:, 1]).sum())
    assert np.linalg.eigvalsh(signs.T @ signs) == pytest.approx(sorted((2 * differ, 2 * (24 - differ))))
    found = lemma_21_chernoff.Trials.parse({"n": 2, "m": 24, "k": 6, "p": "1/2"}).lift(FLOATS)
    assert found.failure == pytest.approx(2 * float(tail(6, 24, Fraction(1, 2))), rel=1e-12)


def test_the_columns_of_the_counterexample_at_one_half_exist_and_lie_on_the_event() -> None:
    def differing(rho: float) -> float:
        """Return the probability that |u| > 1 and |v| <= 1 or the other way round."""
        x, w = np.polynomial.legendre.leggauss(400)
        root = np.sqrt(1 - rho * rho)
        inside = ndtr((1 - rho * x) / root) - ndtr((-1 - rho * x) / root)
        return float(2 * (w * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)) @ (1 - inside))

    rho = brentq(lambda value: differing(value) - 1 / 34, 0.9, 0.9999)
    assert rho == pytest.approx(0.998, abs=0.002)
    assert differing(0.0) == pytest.approx(0.433, abs=1e-3)
    square = float(mp.quad(lambda x: (x * x - 1) * mp.npdf(x), [1, 12]) * 4 / mp.sqrt(2)) ** 2
    broken = lemma_21_levels.Disagreements.parse(lemma_21_levels.BROKEN).lift(FLOATS)
    assert broken.coefficient_square == pytest.approx(square, rel=1e-12)
    assert square / 8 <= 2 / 34
    assert min(342 / 34, 342 * square / 16) > 2 * 5
    assert 2 * np.exp(-3 * 342 * square / 128) < binom.cdf(5, 342, 1 / 34)


def test_a_quarter_gives_more_than_the_printed_exponent_and_the_paper_s_own_route_a_third_of_it() -> None:
    t = mp.mpf(1) / 4
    assert mp.almosteq((1 - t + t * mp.log(t)) / 4, mp.mpf("0.10085640"), 1e-6)
    assert (1 - t + t * mp.log(t)) / 4 > mp.mpf(3) / 64 > mp.mpf(1) / 64 == (1 - mp.mpf(1) / 2) ** 2 / 2 / 8
    assert float(lemma_21.sharp_rate(1, 1.0)) == pytest.approx(0.764, abs=5e-4)
    assert float(lemma_21.sharp_rate(2, 1.0)) == pytest.approx(0.419, abs=5e-4)
    assert float(lemma_21.sharp_rate(10**6, 1.0)) == pytest.approx(0.1009, abs=5e-5)


def two_valued(n: int, r: int, s: float):
    sign = (lambda x: np.sign(x)) if r % 2 else np.ones_like
    return lambda x: sign(x) * ((np.abs(x) > s) if n == 1 else np.sign(np.abs(x) - s))


@pytest.mark.parametrize(("n", "r"), [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (2, 5), (1, 6)])
def test_the_coefficient_of_a_two_valued_activation_is_its_integral(n, r) -> None:
    problem = lemma_21.TwoValued(n=n, m=1, d=1, r=r, s=0.7, k=0, shared=0)
    sigma = two_valued(n, r, 0.7)
    basis = np.polynomial.hermite_e.HermiteE.basis(r)
    x, w = np.polynomial.legendre.leggauss(60)
    value = 0.0
    for low, high in ((-14, -0.7), (-0.7, 0), (0, 0.7), (0.7, 14)):
        points = (low + high) / 2 + (high - low) / 2 * x
        value += float((high - low) / 2 * w @ (sigma(points) * basis(points) * np.exp(-points * points / 2)))
    expected = value**2 / (2 * np.pi) / float(mp.factorial(r))
    assert problem.coefficient_square == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("n", "r", "k"), [(1, 2, 3), (2, 2, 2), (2, 3, 4)])
def test_the_failure_of_drawn_two_valued_layers_is_as_often_as_the_exact_probability(n, r, k) -> None:
    m, d, s, rng = 12, 4, 0.8, np.random.default_rng(7)
    sigma, failures, trials = two_valued(n, r, s), 0, 3000
    for _ in range(trials):
        columns = np.eye(d)[:, rng.integers(0, d, n)] * rng.choice([-1, 1], n)
        values = sigma(rng.standard_normal((m, d)) @ columns)
        failures += np.linalg.eigvalsh(values.T @ values)[0] <= n * k + 1e-9
    expected = lemma_21.TwoValued(n=n, m=m, d=d, r=r, s=s, k=k, shared=0).failure
    assert abs(failures / trials - expected) < 4 * (0.25 / trials) ** 0.5


def test_the_proxy_of_coordinate_columns_is_the_least_that_serves_every_direction() -> None:
    for d in (1, 2, 3, 10, 1000):
        proxy = d / (2 * np.log(2 * d))
        # Of k equal coordinates, 1/sqrt(k) each, sqrt(d) <x, y> is sqrt(d/k) in size with probability k/d.
        k = np.arange(1, d + 1)
        gaps = 2 * np.exp(-d / k / (2 * proxy)) - k / d
        assert gaps.min() == pytest.approx(0, abs=1e-12)
        problem = lemma_21.TwoValued(n=2, m=1, d=d, r=3, s=1.0, k=0, shared=0)
        assert problem.rarity == pytest.approx(np.exp(-d / (2 * proxy) * (3 / 8) ** (2 / 3)), rel=1e-12)


def test_the_drawn_layers_are_where_delta_says_something() -> None:
    deltas = [lemma_21_drawn.delta(lemma_21_drawn.Layer.parse(entry)) for entry in lemma_21_drawn.SIZES]
    assert 0.07 < min(deltas) < max(deltas) < 0.22
    layer = lemma_21_drawn.Layer.parse(lemma_21_drawn.SIZES[0])
    assert lemma_21_drawn.exceeds(layer, np.random.default_rng(0))


class Scripted:
    """A source of normal numbers that are not random: all columns equal, and every row of W with the product c."""

    def __init__(self, c: float) -> None:
        self.c, self.calls = c, 0

    def standard_normal(self, shape):
        self.calls += 1
        return np.ones(shape) if self.calls == 1 else np.full(shape, self.c / np.sqrt(shape[1]))


def test_a_layer_exceeds_the_level_from_a_quarter_of_the_coefficient_on() -> None:
    layer = lemma_21_drawn.Layer.parse(lemma_21_drawn.SIZES[0])
    edge = np.arcsin(np.exp(-0.5) / np.sqrt(6) / 4)
    assert not lemma_21_drawn.exceeds(layer, Scripted(0.99 * edge))
    assert lemma_21_drawn.exceeds(layer, Scripted(1.01 * edge))


@pytest.mark.parametrize("statement", [lemma_21_chernoff.step_3, lemma_21_levels.step_5, lemma_21_levels.step_6])
def test_each_counterexample_meets_every_hypothesis_and_fails_in_balls(statement) -> None:
    found = check_at(statement, statement.erratum.counterexample)
    assert {truth for _, _, truth in found.hypotheses} == {Truth.TRUE}
    assert found.verdict is Truth.FALSE


def test_the_product_of_the_last_display_is_above_five_where_the_probability_is_zero() -> None:
    found = check_at(lemma_21.step_7, lemma_21.SINGLE)
    assert float(found.comparison.left) == 0
    assert float(found.comparison.right) > 5
