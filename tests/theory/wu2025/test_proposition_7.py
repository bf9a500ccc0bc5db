"""Proposition 7: two points refute it, by the paper's formulas in mpmath; three points and more obey a sharper bound."""

from fractions import Fraction
from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest

from numerics.comparison import Truth
from tests.theory.wu2025.printed import Printed, number
from theory.wu2025 import setting
from theory.wu2025.statements import proposition_7 as module
from verification.draws import UnitDraw
from verification.evaluate import check_at, float_hypotheses, float_margin

# s = -u/sigma^2 within 2 sigma of each of three data points, two lines between them.
THREE = {**module.THREE_POINTS, "weights": ["80/3", "-80/3", "80/3", "-80/3", -24, 24]}
WIDE = {**THREE, "x": [-80, 0, 80], "kinks": [-39, -1, 1, 39, 0, 0]}
WIDE["weights"] = ["480/19", "-480/19", "480/19", "-480/19", -24, 24]


@pytest.fixture(autouse=True)
def _forty_digits():
    with mp.workdps(40):
        yield


def claim(data, denominator):
    x = [number(value) for value in data["x"]]
    gap = min(b - a for a, b in pairwise(x))
    return number(data["mu"]) * len(x) ** 2 * gap / (denominator * number(data["sigma"]) ** 2)


def limit(data):
    return 1 / (16 * len(data["x"]) * number(data["sigma"]) ** 2)


def hugging(points, gap, sigma, distance):
    """Return the network -u/sigma^2 near each point, its kinks at a distance from it and nothing but lines in between."""
    centers = [Fraction(gap) * i for i in range(points)]
    slope, distance = -1 / Fraction(sigma) ** 2, Fraction(distance)
    corners = [(c + side * distance, slope * side * distance) for c in centers for side in (-1, 1)]
    kinks = [k for k, _ in corners[1:-1]]
    values = [v for _, v in corners]
    slopes = [slope] + [(values[i + 1] - values[i]) / (corners[i + 1][0] - corners[i][0]) for i in range(1, len(corners) - 2)]
    slopes.append(slope)
    jumps = [b - a for a, b in pairwise(slopes)]
    m = len(kinks) + 2
    # A line through the first point from one neuron of each direction.
    first = [0, 0], [1, -1], [slope * m, -slope * m]
    return {
        "x": [str(2 * c) for c in centers],
        "mu": "1/2",
        "sigma": str(sigma),
        "kinks": [*first[0], *map(str, kinks)],
        "directions": [*first[1], *[1] * len(kinks)],
        "weights": [*map(str, first[2]), *(str(j * m) for j in jumps)],
        "multiplicities": [1] * m,
    }


def test_two_far_points_have_a_network_of_small_risk_and_half_the_claimed_irregularity():
    data = module.TWO_POINTS
    p = Printed(data)
    risk, variation = p.risk(), p.variation(p.weight)
    assert mp.almosteq(risk, mp.mpf("0.092033897"), rel_eps=1e-8)
    assert risk <= limit(data) == mp.mpf(1) / 8
    assert number(data["mu"]) * 4096 >= 8 * number(data["sigma"])
    assert mp.almosteq(variation, mp.mpf("8.01698855"), rel_eps=1e-8)
    assert claim(data, 2**11) == 16
    assert variation < claim(data, 2**11)
    found = check_at(module.proposition_7, data)
    assert found.verdict is Truth.FALSE
    assert float(found.comparison.left) == pytest.approx(float(variation), rel=1e-12)


def test_the_weight_at_its_kinks_is_the_integral_of_the_definition():
    with mp.workdps(20):
        p = Printed(module.TWO_POINTS)
        for y in (mp.mpf(1023), mp.mpf(-1022)):
            ends = sorted({end for end in (y - 6, y - 2, y, y + 2, y + 6) if abs(end) < 1024} | {mp.sign(y) * 1024})
            found = mp.quad(lambda z, y=y: p.smaller(z) * mp.npdf(y, z, p.sigma), ends)
            assert mp.almosteq(found, p.weight(y), rel_eps=mp.mpf("1e-15"))
        q = Printed(THREE)
        ends = [-20, -3, -1, 0, 1, 3, 20]
        for y in (mp.mpf(0), mp.mpf(1)):
            found = mp.quad(lambda z, y=y: q.smaller(z) * mp.npdf(y, z, q.sigma), ends)
            assert mp.almosteq(found, q.weight(y), rel_eps=mp.mpf("1e-13"))


@pytest.mark.parametrize("data", [THREE, WIDE], ids=["apart 20", "apart 40"])
def test_three_points_obey_the_sharper_bound(data):
    p = Printed(data)
    variation = p.variation(p.weight)
    assert p.risk() <= limit(data)
    assert claim(data, 128) <= variation < 4 * claim(data, 128)
    assert p.variation(p.noised_weight) >= claim(data, 259)
    assert check_at(module.reading_repaired, data).verdict is Truth.TRUE


@pytest.mark.parametrize(("points", "distance"), [(3, "1/2"), (3, "3/4"), (3, 2), (4, "3/4"), (5, 1)])
def test_kinks_right_beside_the_data_obey_the_sharper_bound(points, distance):
    data = hugging(points, 40, "1/4", distance)
    p = Printed(data)
    assert p.risk() <= limit(data)
    variation = p.variation(p.weight)
    assert variation >= claim(data, 128)
    # As kinks approach the data, (2/sigma^2) sum of the weight over the inner points is what remains.
    least = 2 / p.sigma**2 * mp.fsum(p.weight(z) for z in p.centers[1:-1])
    assert mp.mpf("0.98") * least < variation < mp.mpf("1.2") * least
    assert check_at(module.reading_repaired, data).verdict is Truth.TRUE
    assert check_at(module.reading_noised, data).verdict is Truth.TRUE


def test_kinks_beside_two_points_are_not_irregular():
    p = Printed(hugging(2, 4000, "1/4", "3/4"))
    assert p.risk() <= 1 / (32 * p.sigma**2)
    assert p.variation(p.weight) < p.mu * 4 * 8000 / (2**11 * p.sigma**2)


def test_the_sum_over_inner_points_is_at_least_the_fourth_power_with_equality_for_four():
    equal = []
    for n in range(3, 201):
        doubled = sum(k * k * (k + 1) for k in (min(i - 1, n - i) for i in range(2, n)))
        assert 64 * doubled >= n**4
        assert module.inner_sum(n) == Fraction(doubled, 2)
        if 64 * doubled == n**4:
            equal.append(n)
    assert equal == [4]


def test_the_last_display_is_0_3232_and_not_a_half():
    value = (mp.mpf(1) / 2 - mp.exp(-32)) * (1 - 1 / (2 * mp.sqrt(2)))
    assert abs(value - mp.mpf("0.3232233")) < mp.mpf("1e-7")
    found = check_at(module.step_6, module.step_6.erratum.counterexample)
    assert found.verdict is Truth.FALSE
    assert float(found.comparison.left) == pytest.approx(float(value), rel=1e-12)


@pytest.mark.parametrize(("r", "sigma"), [(8, 1), (3, "1/2"), (20, "1/3")])
def test_the_boundary_term_of_the_integration_by_parts_is_subtracted(r, sigma):
    sigma = number(sigma)
    half = r * sigma / 2
    root = mp.sqrt(2 * mp.pi) * sigma

    def gaussian(y):
        return mp.exp(-(y**2) / (2 * sigma**2))

    left = mp.quad(lambda y: y**2 * gaussian(y), [-half, -half / 3, 0]) / (sigma**4 * root)
    mass, boundary = mp.quad(gaussian, [-half, -half / 3, 0]), half * gaussian(half)
    assert mp.almosteq(left, (mass - boundary) / (sigma**2 * root), rel_eps=mp.mpf("1e-25"))
    assert left < (mass + boundary) / (sigma**2 * root) * (1 - mp.mpf("1e-25"))
    p = module.SeparationProblem(r=float(r), sigma=float(sigma), risk=0.0)
    assert module.half_moment(p) == pytest.approx(float(left), rel=1e-13)
    assert module.by_parts(p, 1) == pytest.approx(float((mass + boundary) / (sigma**2 * root)), rel=1e-13)


def test_the_constants_of_the_proof_of_the_sharper_bound_are_integrals():
    from numerics.arithmetic import FLOATS

    one = FLOATS.number(1)
    assert module._truncated(one) == pytest.approx(float(2 * mp.quad(lambda u: u**2 * mp.npdf(u), [0, 4]) - 0), rel=1e-12)
    zero, first, second = (mp.quad(lambda u, k=k: u**k * mp.npdf(u), [0, 1, 4]) for k in range(3))
    alpha, beta = mp.lu_solve(mp.matrix([[zero, first], [first, second]]), mp.matrix([1, 0]))
    assert module._end_constant(one) == pytest.approx(float(alpha), rel=1e-12)
    cost = mp.quad(lambda u: (alpha + beta * u) ** 2 * mp.npdf(u), [0, 1, 4])
    assert cost == pytest.approx(float(alpha), rel=1e-12)
    gain, unit = module._gain(FLOATS, 0)
    assert gain > unit == 1


def test_drawn_networks_of_small_risk_on_three_points_and_more_obey_the_sharper_bound():
    rng = np.random.default_rng(5)
    entry, ratios = module.reading_repaired, []
    for _ in range(50):
        instance = entry.instances(UnitDraw(source=lambda: float(rng.random())), entry.in_force)
        if float_hypotheses(entry, instance):
            ratios.append(float_margin(entry, instance).ratio)
    assert len(ratios) > 5
    assert min(ratios) >= 1


@pytest.mark.parametrize(("hypothesis", "factor"), [(setting.separated, 2), (setting.well_separated, 8)], ids=["2", "8"])
def test_a_separation_is_required_from_its_printed_multiple_of_sigma_over_mu_on(hypothesis, factor):
    mu, sigma = Fraction(1, 3), Fraction(1, 5)
    least = factor * sigma / mu
    for spacing, met in ((least, True), (least - Fraction(1, 10**9), False)):
        sample = setting.ScoreProblem(x=(Fraction(0), spacing, 3 * spacing), mu=mu, sigma=sigma)
        left, relation, right = hypothesis.holds(sample)
        assert relation == ">="
        assert (left >= right) is met
