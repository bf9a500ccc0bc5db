"""Critical points: Newton ends at rounding, the kinds are told apart, and the search does not depend on where the origin is."""

import dataclasses
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from scipy.optimize import brentq

from numerics.arithmetic import FLOATS, balls
from tests.theory.wu2025.neurons import mean, net
from theory.statement import InputError
from theory.wu2025.curvature import curvature, largest_eigenvalue, network_risk, sharpness
from theory.wu2025.minima import Kind, _memorizing_start, find_minima, one_neuron_critical_points, one_neuron_minima, polish
from theory.wu2025.networks import from_neurons, network_moments

# x, mu, sigma; then kink, weight, smallest and largest eigenvalue of the Hessian, largest of its pathwise part. All were
# enclosed in balls apart from this code.
ENCLOSED = {
    "small noise": (["-1/6", "1/6"], "99/100", "1/20", -0.2108329286, -12.28920107, 0.12925, 1455.90916, 275.01571),
    "smaller": (["-1/9", "1/9"], "99/100", "1/50", -0.1363258571, -30.66465479, 0.05840, 18720.2154, 1792.2556),
    "variance preserving": (["-1/4", "1/4"], "399/401", "40/401", -0.3107248753, -5.170884007, 0.26369, 152.59913, 46.56655),
    "tiny noise": (["-1/30", "1/30"], "99/100", "1/1000", -0.0352741660, -425.9416856, 0.00464, 29470187.7, 360770.23),
    "cluster": (
        ["-.52", "-.51", "-.50", "-.49", ".50"],
        "24/25",
        "7/25",
        -0.6717948083,
        -2.203242258,
        0.52657,
        17.51818,
        8.19423,
    ),
}
STARTS = [
    net([-1, 1], "1/2", "1/4", ["-3/5"], [1], [-2]),
    net([-1, 1], "1/2", "1/4", ["1/5", "-1/5"], [1, -1], [-9, -9]),
    net([0, 1, 3], "4/5", "3/10", ["1/5", 1, 2], [1, -1, 1], [-3, -2, -1]),
    net([0, 1, 3], "4/5", "3/10", [2, "1/10"], [-1, 1], [5, -5]),
]


def network_at(p):
    """Return weights and kinks of a critical point of one neuron."""
    return float(p.network.weights[0]), float(p.network.kinks[0])


@pytest.mark.parametrize("name", ENCLOSED)
def test_the_sharp_minima_that_were_enclosed_are_found_again(name, problem):
    x, mu, sigma, kink, weight, smallest, largest, pathwise = ENCLOSED[name]
    found = [p for p in one_neuron_minima(problem(x, mu, sigma)) if abs(p.network.kinks[0] - kink) < 1e-6]
    assert len(found) == 1
    p = found[0]
    assert network_at(p) == pytest.approx((weight, kink), rel=2e-9)
    assert (p.smallest, p.largest) == pytest.approx((smallest, largest), rel=2e-3, abs=1e-5)
    assert p.largest == pytest.approx(largest, rel=5e-7)
    assert largest_eigenvalue(curvature(p.network).pathwise) == pytest.approx(pathwise, rel=1e-6)
    assert p.kind is Kind.MINIMUM
    assert p.gradient_norm <= max(1e-12, p.rounding)


@pytest.mark.parametrize("start", STARTS, ids=["one", "facing", "three", "wrong sign"])
def test_the_gradient_vanishes_to_rounding_and_the_risk_went_down(start):
    p = polish(start)
    assert p is not None
    assert p.gradient_norm <= 1e-12
    assert p.gradient_norm == pytest.approx(np.linalg.norm(curvature(p.network).gradient), abs=1e-15)
    assert p.risk < network_risk(start.lift(FLOATS))
    assert p.risk == pytest.approx(mean(p.exact(), lambda y, x: residual(p, y, x) ** 2), rel=1e-9)
    values = np.linalg.eigvalsh(curvature(p.network).hessian)
    assert (p.smallest, p.largest) == pytest.approx((values[0], values[-1]), rel=1e-6, abs=1e-10)


def residual(p, y, x):
    """Return f(y, x), neuron by neuron."""
    q = p.network
    s = sum(w * np.maximum(e * (y - t), 0) for w, e, t in zip(q.weights, q.signs, q.kinks, strict=True)) / q.width
    return s + (y - q.mu * x) / q.sigma**2


@pytest.mark.parametrize("start", STARTS, ids=["one", "facing", "three", "wrong sign"])
def test_no_small_move_from_a_strict_minimum_lowers_the_risk(start):
    p = polish(start)
    assert p.kind is Kind.MINIMUM
    rng = np.random.default_rng(3)
    for _ in range(20):
        step = rng.standard_normal(2 * p.network.width)
        step *= 1e-3 / np.linalg.norm(step)
        m = p.network.width
        moved = dataclasses.replace(
            p.network, weights=p.network.weights + step[:m], kinks=p.network.kinks - p.network.signs * step[m:]
        )
        assert network_risk(moved) > p.risk


def test_critical_points_of_one_neuron_satisfy_their_equation_and_all_are_found(problem):
    sample = problem(["-1/6", "1/6"], "99/100", "1/20")
    points = one_neuron_critical_points(sample)
    assert [p.kind for p in points] == [Kind.MINIMUM, Kind.SADDLE, Kind.MINIMUM]
    for p in points:
        weight, kink = network_at(p)
        moments = network_moments(p.network)
        density, mass, first, second = (getattr(moments, k).flat[0] for k in ("density", "active", "value", "product"))
        assert weight == pytest.approx(-density / first, rel=1e-11)
        assert density * second == pytest.approx(mass * first, rel=1e-10)
        assert curvature(p.network).mixed[0] == pytest.approx(0, abs=1e-12)
    # D has the sign of p': on the flanks it decides, at the right point it is all but 0.
    for p in points[:2]:
        kink = p.network.kinks[0]
        slope = sum((p.network.mu * x - kink) * np.exp(-(((kink - p.network.mu * x) / 0.05) ** 2) / 2) for x in p.network.x)
        assert (slope > 0) == (p.kind is Kind.MINIMUM)


def test_a_sign_change_in_balls_encloses_the_critical_point(problem):
    p = one_neuron_minima(problem(["-1/4", "1/4"], "399/401", "40/401"))[0]
    kink = Fraction(float(p.network.kinks[0]))
    signs = []
    for shift in (Fraction(-1, 10**12), Fraction(1, 10**12)):
        with balls(200) as arithmetic:
            moments = network_moments(from_neurons(p.sample, [kink + shift], [1], [1]).lift(arithmetic))
            excess = moments.density[0] * moments.product[0, 0] - moments.active[0] * moments.value[0]
            signs.append(bool(excess > 0))
            assert excess != 0
    assert signs == [False, True]


def test_the_smallest_eigenvalue_keeps_digits_that_the_matrix_in_floats_has_lost():
    # Kinks near the data points: the eigenvalues span twenty decades.
    start = net(["-1/30", "1/30"], "99/100", "1/1000", ["-33/1000", "33/1000"], [-1, 1], [1_000_000, -1_000_000])
    p = polish(start)
    assert p.kind is Kind.MINIMUM
    with balls(300) as arithmetic, mp.workdps(60):
        entries = curvature(p.exact().lift(arithmetic)).hessian
        exact = mp.matrix([[mp.mpf(entry.mid().str(60, radius=False)) for entry in row] for row in entries])
        smallest = float(min(mp.eigsy(exact, eigvals_only=True)))
    assert p.smallest == pytest.approx(smallest, rel=1e-4)
    assert np.linalg.eigvalsh(curvature(p.network).hessian)[0] != pytest.approx(smallest, rel=1e-1)


def test_a_saddle_with_a_zero_weight_stays_and_is_a_saddle(problem):
    p = one_neuron_minima(problem([-1, 1], "1/2", "1/4"))[0]
    # Width 2 doubles the weight; the second neuron has weight 0 and its kink where the derivative in that weight vanishes.
    weight, kink = 2 * p.network.weights[0], p.network.kinks[0]

    def on_second_weight(second):
        return curvature(from_neurons(p.sample, [kink, second], [1, 1], [weight, 0]).lift(FLOATS)).gradient[1]

    second = brentq(on_second_weight, -0.5, -0.25, xtol=1e-15)
    saddle = polish(from_neurons(p.sample, [kink, second], [1, 1], [weight, 0]))
    assert saddle.kind is Kind.SADDLE
    assert saddle.smallest < -1e-3
    assert saddle.network.weights[1] == pytest.approx(0, abs=1e-12)
    assert saddle.risk == pytest.approx(p.risk, rel=1e-12)


def test_a_neuron_split_in_two_is_degenerate_at_a_convex_kink_and_a_saddle_at_a_concave_one(problem):
    for p in one_neuron_critical_points(problem(["-1/6", "1/6"], "99/100", "1/20"))[:2]:
        split = polish(dataclasses.replace(p.exact(), multiplicities=(Fraction(2),)))
        convex = curvature(p.network).kink[0] > 0
        assert split.kind is (Kind.DEGENERATE if convex else Kind.SADDLE)
        assert split.risk == pytest.approx(p.risk, rel=1e-12)
        assert split.network.width == 2
        assert split.largest == pytest.approx(p.largest / 2, rel=1e-9)


@pytest.mark.parametrize("far", [3, 40])
def test_a_neuron_out_of_sight_is_degenerate_whether_or_not_its_share_underflows(far, problem):
    p = one_neuron_minima(problem([-1, 1], "1/2", "1/4"))[0]
    seen = from_neurons(p.sample, [p.network.kinks[0], far], [1, 1], [2 * p.network.weights[0], 1])
    assert polish(seen).kind is Kind.DEGENERATE


def test_one_neuron_minima_mirror_each_other_and_ignore_the_origin(problem):
    x, mu, sigma = [0, 1, 3], "4/5", "3/10"
    found = find_minima(problem(x, mu, sigma), width=1, count=4, seed=0)
    assert {int(p.network.signs[0]) for p in found} == {-1, 1}
    assert all(p.kind is Kind.MINIMUM for p in found)
    shift = Fraction(37, 4)
    moved = find_minima(problem([v + shift for v in x], mu, sigma), width=1, count=4, seed=0)
    mirrored = find_minima(problem([-v for v in reversed(x)], mu, sigma), width=1, count=4, seed=0)
    for other in (moved, mirrored):
        assert [p.risk for p in other] == pytest.approx([p.risk for p in found], rel=1e-11)
        assert [p.largest for p in other] == pytest.approx([p.largest for p in found], rel=1e-8)
    kinks = sorted(p.network.kinks[0] + 0.8 * float(shift) for p in found)
    assert sorted(p.network.kinks[0] for p in moved) == pytest.approx(kinks, rel=1e-9)
    assert sorted(p.network.kinks[0] for p in mirrored) == pytest.approx(sorted(-p.network.kinks[0] for p in found), rel=1e-9)


def test_the_mirror_image_of_a_found_minimum_is_a_minimum(problem):
    found = find_minima(problem([0, 1, 3], "4/5", "3/10"), width=2, count=9, seed=1)
    assert found
    mirror = problem([-3, -1, 0], "4/5", "3/10")
    for p in found:
        q = p.network
        image = polish(from_neurons(mirror, list(-q.kinks), list(-q.signs), list(-q.weights)))
        assert image.kind is p.kind
        assert (image.risk, image.largest) == pytest.approx((p.risk, p.largest), rel=1e-9)


def test_the_search_repeats_itself_keeps_what_it_had_and_sorts_by_risk(problem):
    sample = problem([-1, 1], "1/2", "1/4")
    few, many = (find_minima(sample, width=2, count=count, seed=5) for count in (6, 12))
    again = find_minima(sample, width=2, count=6, seed=5)
    assert [p.risk for p in few] == [p.risk for p in again]
    assert {p.risk for p in few} <= {p.risk for p in many}
    assert [p.risk for p in many] == sorted(p.risk for p in many)
    assert all(p.kind is not Kind.SADDLE for p in many)
    for p in many:
        assert p.gradient_norm <= max(1e-12, p.rounding)
        assert p.largest == pytest.approx(sharpness(p.network), rel=1e-12)


def test_more_neurons_reach_a_smaller_risk_and_memorizing_starts_come_near_the_best(problem):
    sample = problem([-1, 1], "1/2", "1/4")
    best = [find_minima(sample, width=m, count=12, seed=0)[0].risk for m in (1, 2, 4)]
    assert best[0] > best[1] > best[2]
    # No function has a smaller risk than the score of the noised sample, 1/sigma^2 - E (score)^2.
    p = STARTS[0]
    bayes = 16 - mean(p, lambda y, x: ((y - np.tanh(8 * y) / 2) * 16) ** 2)
    assert bayes < best[2] < 1.3 * bayes


def test_memorizing_starts_have_a_small_risk_at_any_width_that_holds_them(problem):
    sample = problem([0, 1, 3], "4/5", "1/10")
    assert _memorizing_start(sample, np.random.default_rng(0), 5) is None
    for width in (6, 9):
        start = _memorizing_start(sample, np.random.default_rng(0), width)
        assert start.width == width
        # The risk of no network at all is 100; faint neurons that dilute the others by a third leave a ninth of it.
        assert network_risk(start.lift(FLOATS)) < 5


def test_the_exact_network_keeps_the_sample_and_the_bits(problem):
    p = one_neuron_minima(problem(["-1/6", "1/6"], "99/100", "1/20"))[0]
    exact = p.exact()
    assert exact.mu == Fraction(99, 100)
    assert exact.x == (Fraction(-1, 6), Fraction(1, 6))
    assert float(exact.kinks[0]) == p.network.kinks[0]
    assert np.array_equal(curvature(exact.lift(FLOATS)).hessian, curvature(p.network).hessian)
    with balls(200) as arithmetic:
        gradient = curvature(exact.lift(arithmetic)).gradient
        assert all(abs(float(entry)) <= p.rounding for entry in gradient)


@pytest.mark.parametrize("settings", [{"width": 0, "count": 1, "seed": 0}, {"width": 1, "count": -1, "seed": 0}])
def test_a_search_without_neurons_or_with_fewer_than_no_starts_is_refused(settings, problem):
    with pytest.raises(InputError, match="must be positive"):
        find_minima(problem([0, 1], "1/2", "1/4"), **settings)


def test_a_tolerance_of_zero_is_refused():
    with pytest.raises(InputError, match="tolerance = 0"):
        polish(STARTS[0], tolerance=0)
