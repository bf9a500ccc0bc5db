"""Theorem 8 in numbers: the printed formulas, the computable sigma_0 against its conditions in mpmath, and the sharp bounds."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import mpmath as mp
import pytest

from numerics.arithmetic import FLOATS, balls
from tests.theory.wu2025.printed import number
from theory.statement import InputError
from theory.wu2025 import threshold as module
from theory.wu2025.setting import ScoreProblem

SAMPLES = {
    "two points": (["0", "1"], "1/2"),
    "close": (["-1/40", "0", "3/100"], "9/10"),
    "far": (["0", "100", "250", "400"], "3/10"),
    "eight": ([str(k) for k in range(8)], "19/20"),
    "left of zero": (["-7", "-5", "-2"], "2/3"),
    "very close": (["0", "1/500"], "1/10"),
    "very far": (["0", "30000"], "4/5"),
}
EVERY = pytest.mark.parametrize("name", SAMPLES)


@pytest.fixture(autouse=True)
def _thirty_digits():
    with mp.workdps(30):
        yield


def problem(name, sigma="1/10"):
    x, mu = SAMPLES[name]
    return ScoreProblem(x=tuple(map(Fraction, x)), mu=Fraction(mu), sigma=Fraction(sigma))


class Conditions:
    """The sample in mpmath, and the conditions that sigma_0 is to guarantee at a sigma."""

    def __init__(self, p):
        self.x, self.mu = [number(v) for v in p.x], number(p.mu)
        self.n, self.span = len(self.x), self.x[-1] - self.x[0]
        self.gap = min(b - a for a, b in pairwise(self.x))

    def lemma_12(self, sigma):
        """Return the right side of Lemma 12 as printed."""
        inner = self.mu**2 * (max(0, self.x[-1]) - min(0, self.x[0])) + 2 * (self.n - 1) * sigma**2 / self.gap
        return 4 * self.mu**2 * self.span**3 / sigma**6 * inner

    def constant(self):
        return max(mp.mpf(1), 2 * self.lemma_12(mp.mpf(1)))

    def threshold(self, sigma):
        return 2**12 * sigma**2 / (self.mu * self.n**2 * self.gap)

    def excess(self, sigma, bound):
        cube = (self.mu * self.gap) ** 3
        return mp.pi * self.n**5 * cube / (2**36 * mp.sqrt(mp.e) * bound**4 * sigma**4)

    def optimal(self, sigma):
        return self.mu**2 * self.span**2 / (4 * sigma**4) * mp.exp(-((self.mu * self.gap / sigma) ** 2) / 8)

    def held(self, sigma):
        """Return the three conditions: the risk with A = 1.01 C_n/sigma^6, the claim with the two of them that are hardest."""
        bound = self.constant() / sigma**6
        half = 1 / (32 * sigma**6 * (module.ROOM * bound) ** 2)
        return (
            self.threshold(sigma) >= 2 * sigma**4,
            self.optimal(sigma) <= half,
            self.excess(sigma, bound) <= 1 / (32 * sigma**6 * bound**2),
        )


@EVERY
def test_the_printed_formulas_are_those_of_the_paper(name):
    p = problem(name)
    c, lifted, sigma = Conditions(p), p.lift(FLOATS), mp.mpf(1) / 10
    assert module.printed_threshold(lifted) == pytest.approx(float(c.threshold(sigma)), rel=1e-13)
    assert module.total_variation_constant(lifted) == pytest.approx(float(c.constant()), rel=1e-13)
    assert module.safe_bound(lifted) == pytest.approx(float(c.constant() / sigma**6), rel=1e-13)
    assert module.optimal_risk_bound(lifted) == pytest.approx(float(c.optimal(sigma)), rel=1e-11, abs=1e-300)
    for bound in (1.0, 1e6):
        found = module.printed_excess_bound(lifted, bound)
        assert found == pytest.approx(float(c.excess(sigma, mp.mpf(bound))), rel=1e-13, abs=0)
    exact = Fraction(2**12) * p.sigma**2 / (p.mu * p.n**2 * p.minimum_spacing)
    assert module.printed_threshold(p) == exact
    with balls(128) as arithmetic:
        ball = module.printed_excess_bound(p.lift(arithmetic), arithmetic.number(5))
        assert float(ball) == pytest.approx(float(c.excess(sigma, mp.mpf(5))), rel=1e-14, abs=0)


@EVERY
@pytest.mark.parametrize("sigma", ["999/1000", "1/2", "1/100"])
def test_the_safe_bound_is_at_least_twice_what_lemma_12_allows(name, sigma):
    p = problem(name, sigma)
    assert module.safe_bound(p.lift(FLOATS)) >= float(2 * Conditions(p).lemma_12(number(sigma))) * (1 - 1e-12)
    assert module.total_variation_constant(p.lift(FLOATS)) >= 1


@EVERY
def test_up_to_sigma_0_every_condition_holds(name):
    c, limit = Conditions(problem(name)), module.small_noise_limit(problem(name)).sigma_0
    assert 0 < limit < 1
    for k in range(24):
        assert c.held(mp.mpf(limit) * mp.mpf("0.75") ** k) == (True, True, True)


@EVERY
def test_just_above_sigma_0_a_condition_fails_unless_it_is_capped(name):
    c, found = Conditions(problem(name)), module.small_noise_limit(problem(name))
    above = c.held(mp.mpf(found.sigma_0) * (1 + mp.mpf("1e-6")))
    capped = found.sigma_0 >= min(found.monotone, 1) * (1 - 1e-8)
    assert capped != (not all(above))


@EVERY
def test_each_part_of_sigma_0_is_where_its_condition_ends(name):
    c, found = Conditions(problem(name)), module.small_noise_limit(problem(name))
    for part, index in ((found.rate, 0), (found.claim, 2), (found.optimal, 1)):
        assert c.held(mp.mpf(part) * (1 - mp.mpf("1e-8")))[index]
        if part < found.monotone or index != 1:
            assert not c.held(mp.mpf(part) * (1 + mp.mpf("1e-8")))[index]
    assert found.monotone == pytest.approx(float(c.mu * c.gap / mp.sqrt(40)), rel=1e-14)


def test_the_samples_reach_every_cap():
    binding = set()
    for name in SAMPLES:
        found = module.small_noise_limit(problem(name))
        parts = {part: getattr(found, part) for part in ("rate", "monotone", "optimal", "claim")} | {"one": 1.0}
        binding.add(min(parts, key=parts.get))
    assert {"optimal", "rate"} <= binding


@EVERY
def test_sigma_0_does_not_depend_on_sigma_and_is_rounded_down(name):
    found = module.small_noise_limit(problem(name))
    assert found == module.small_noise_limit(problem(name, "1/7"))
    short = module.exact_sigma_0(problem(name))
    assert found.sigma_0 * (1 - 1e-4) < short < found.sigma_0
    assert Fraction(f"{float(short):.8g}") == short


def test_reflection_leaves_sigma_0_and_translation_only_what_lemma_12_sees_of_the_origin():
    p = problem("left of zero")
    reflected = replace(p, x=tuple(-v for v in reversed(p.x)))
    assert module.small_noise_limit(p) == module.small_noise_limit(reflected)
    moved, further = (module.small_noise_limit(replace(p, x=tuple(v + t for v in p.x))) for t in (5, 7))
    # (x_n)_+ - (x_1)_- is the range as long as 0 lies in it.
    assert moved == further
    assert (moved.rate, moved.monotone) == pytest.approx((
        module.small_noise_limit(p).rate,
        module.small_noise_limit(p).monotone,
    ))
    assert moved.optimal > module.small_noise_limit(p).optimal


def test_scaling_the_sample_scales_the_monotone_part_and_the_rate_by_its_inverse_root():
    p = problem("two points")
    scaled = module.small_noise_limit(replace(p, x=tuple(4 * v for v in p.x)))
    found = module.small_noise_limit(p)
    assert scaled.monotone == pytest.approx(4 * found.monotone, rel=1e-14)
    assert scaled.rate == pytest.approx(found.rate / 2, rel=1e-14)


@pytest.mark.parametrize("x", [["1"], ["1", "1"], ["0", "1", "1"]])
def test_fewer_than_two_distinct_points_or_a_repeated_one_are_refused(x):
    p = ScoreProblem(x=tuple(map(Fraction, x)), mu=Fraction(1, 2), sigma=Fraction(1, 2))
    with pytest.raises(InputError) as caught:
        module.small_noise_limit(p)
    assert str(caught.value).startswith(f"n = {len(x)}, Delta = 0")
    assert str(caught.value).endswith(": two distinct points are needed")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("sigma", ["1/2", "1/10"])
def test_the_sharp_bound_is_its_formula_and_vanishes_up_to_sigma_to_the_fourth(sigma):
    p, s = problem("two points", sigma).lift(FLOATS), number(sigma)
    for eta_over, bound in ((2, 3), (10, 1000), (mp.inf, 50)):
        eta = eta_over * s**4
        expected = s**2 * ((s**-4 - 1 / eta) / (s**-2 + bound)) ** 2
        assert module.sharp_risk_bound(p, float(1 / eta), float(bound)) == pytest.approx(float(expected), rel=1e-12)
    assert module.sharp_risk_bound(p, float(2 / s**4), 3.0) == 0
    # At eta = 2 sigma^4 and A >= 1/sigma^2 it is at least 1/(16 sigma^6 A^2).
    for bound in (s**-2, s**-6):
        assert module.sharp_risk_bound(p, float(s**-4 / 2), float(bound)) >= float(1 / (16 * s**6 * bound**2)) * (1 - 1e-12)


@pytest.mark.parametrize("sigma", ["1/2", "1/10"])
def test_the_pathwise_bound_tends_to_the_risk_of_doing_nothing(sigma):
    p, s = problem("two points", sigma).lift(FLOATS), number(sigma)
    assert module.pathwise_risk_bound(p, 0.0) == pytest.approx(float(1 / s**2), rel=1e-14)
    assert module.pathwise_risk_bound(p, float(1 / (4 * s**4))) == pytest.approx(float(1 / (4 * s**2)), rel=1e-12)
    assert module.pathwise_risk_bound(p, float(2 / s**4)) == 0


def test_both_bounds_grow_with_the_learning_rate_and_the_sharp_one_falls_with_the_weights():
    p = problem("two points").lift(FLOATS)
    rates = [1e4 / eta for eta in (1.0, 1.5, 2.0, 4.0, 100.0)]
    for values in ([module.sharp_risk_bound(p, r, 1e3) for r in rates], [module.pathwise_risk_bound(p, r) for r in rates]):
        assert values == sorted(values)
        assert 0 <= values[0] < values[1] < values[-1] < 100
    falling = [module.sharp_risk_bound(p, 0.0, bound) for bound in (1.0, 1e2, 1e4)]
    assert falling == sorted(falling, reverse=True)
    assert falling[1] > falling[2]


def test_the_sharp_bound_never_exceeds_the_pathwise_one_for_weights_that_can_memorize():
    p = problem("two points").lift(FLOATS)
    for eta in (1.1, 2.0, 50.0):
        assert module.sharp_risk_bound(p, 1e4 / eta, 1e2) <= module.pathwise_risk_bound(p, 1e4 / eta) * (1 + 1e-12)
