"""Risk, gradient and Hessian in closed form: against quadrature, differences in balls, and a smooth function's edges.

The file is long because each closed form is tested by several others.
"""

import dataclasses
from fractions import Fraction

import flint
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.arithmetic import FLOATS, balls
from tests.theory.wu2025.neurons import NETWORKS, features, mean, net, neurons
from theory.wu2025.curvature import (
    curvature,
    largest_eigenvalue,
    network_risk,
    opposed_blocks,
    quadratic_risk,
    sharpness,
    tangent_kernel_eigenvalue,
)
from theory.wu2025.designs import draw_network
from verification.draws import UnitDraw

ALL = pytest.mark.parametrize("p", NETWORKS.values(), ids=NETWORKS)
# s(y) = -4y near 0 and -4(y - 10) near 10, with sigma^2 = 1/4: the risk is what the noise does beyond eighteen sigma.
MEMORIZES = net([0, 20], "1/2", "1/2", [0, 0, "9/2", "11/2"], [-1, 1, 1, 1], [16, -16, 160, -160])
# The same with the kinks a little off, so that the residual is small and not zero.
NEARLY = net([0, 20], "1/2", "1/2", ["1/1000", 0, "9/2", "11/2"], [-1, 1, 1, 1], [16, -16, "1601/10", "-1601/10"])


def loss(p):
    """Return f(y, x) = s(y) + (y - mu x)/sigma^2, whose mean square is the risk."""
    lifted = p.lift(FLOATS)
    return lambda y, x: features(lifted, y)[2] + (y - lifted.mu * x) / lifted.sigma**2


def shifted(p, direction, step):
    """Return the network moved in its parameters (w, b) of groups along a vector on unit vectors of groups."""
    size = len(p.kinks)
    roots = [flint.arb(int(c)).sqrt() for c in p.counts]
    return [(direction[k] / roots[k] * step, direction[size + k] / roots[k] * step) for k in range(size)]


def risk_along(p, arithmetic, direction, step):
    """Return the risk, in balls, at a distance along a direction of the group vectors (integers)."""
    lifted = p.lift(arithmetic)
    moves = shifted(p, direction, step)
    # b = -epsilon tau, so that tau moves by -epsilon times the move of b.
    kinks = np.array([kink - int(e) * move for kink, e, (_, move) in zip(lifted.kinks, p.signs, moves, strict=True)])
    weights = np.array([w + move for w, (move, _) in zip(lifted.weights, moves, strict=True)])
    moved = dataclasses.replace(lifted, kinks=kinks, weights=weights)
    for name in ("coincident", "signs", "counts"):
        object.__setattr__(moved, name, getattr(p, name))
    return quadratic_risk(moved)


def unit_tangents(p):
    """Return the columns that turn vectors on group units into vectors on all 2m parameters: sums over a group / sqrt(c)."""
    counts = p.counts
    group = np.repeat(np.arange(len(counts)), counts)
    columns = (group[:, None] == np.arange(len(counts))) / np.sqrt(counts)
    return np.block([[columns, 0 * columns], [0 * columns, columns]])


def gradients(p, y):
    """Return grad s(y) with respect to all w and all b, shape (2m, Y)."""
    values, active, _ = features(p, y)
    return np.concatenate([values, neurons(p)[2][:, None] * active]) / p.width


@ALL
def test_the_risk_is_the_mean_squared_residual(p):
    expected = mean(p, lambda y, x: loss(p)(y, x) ** 2)
    assert network_risk(p.lift(FLOATS)) == pytest.approx(expected, rel=1e-10)
    assert quadratic_risk(p.lift(FLOATS)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("p", [MEMORIZES, NEARLY], ids=["memorizes", "nearly"])
def test_the_risk_of_a_network_that_memorizes_keeps_its_digits_where_the_quadratic_form_has_none(p):
    with balls(400) as arithmetic:
        exact = float(quadratic_risk(p.lift(arithmetic)))
    assert 0 < exact < 1e-3
    assert network_risk(p.lift(FLOATS)) == pytest.approx(exact, rel=1e-9, abs=0)


def test_the_quadratic_form_has_no_digit_of_a_risk_below_the_rounding_of_its_terms():
    with balls(400) as arithmetic:
        exact = float(quadratic_risk(MEMORIZES.lift(arithmetic)))
    assert exact < 1e-15
    assert abs(quadratic_risk(MEMORIZES.lift(FLOATS)) - exact) > exact / 2


def test_a_network_without_slope_has_the_risk_of_the_noise():
    for sigma in ("1/2", "1/50"):
        p = net([0, 1], "1/2", sigma, ["1/4"], [1], [0]).lift(FLOATS)
        assert network_risk(p) == pytest.approx(1 / p.sigma**2, rel=1e-14)


def test_the_risk_agrees_with_quadrature_of_the_definition_to_25_digits():
    p = NETWORKS["coinciding"]
    with mp.workdps(40):

        def number(value):
            return mp.mpf(value.numerator) / value.denominator

        rows = list(zip(p.kinks, p.signs, p.weights, p.multiplicities, strict=True))

        def residual(y, x):
            s = sum(c.numerator * number(w) * max(int(e) * (y - number(kink)), 0) for kink, e, w, c in rows) / p.width
            return s + (y - center(x)) / number(p.sigma) ** 2

        def center(x):
            return number(p.mu * x)

        sigma = number(p.sigma)
        kinks = sorted({number(kink) for kink in p.kinks})
        total = mp.mpf(0)
        for x in p.x:
            ends = [center(x) - 13 * sigma, *(center(x) + k * sigma for k in (-5, 5, 13)), *kinks]
            ends = sorted(set(ends))
            total += mp.quad(lambda y, x=x: residual(y, x) ** 2 * mp.npdf((y - center(x)) / sigma) / sigma, ends) / 2
        with balls(256) as arithmetic:
            ball = quadratic_risk(p.lift(arithmetic))
            found = mp.mpf(ball.mid().str(60, radius=False))
            assert ball.rad() < 1e-60
        assert abs(found / total - 1) < mp.mpf("1e-25")


@ALL
def test_balls_of_128_and_256_bits_overlap_and_contain_the_floats_up_to_rounding(p):
    def everything(arithmetic):
        lifted = p.lift(arithmetic)
        parts = curvature(lifted)
        return [*parts.gradient, *parts.hessian.ravel(), *parts.pathwise.ravel(), network_risk(lifted), sharpness(lifted)]

    with balls(128) as arithmetic:
        coarse = everything(arithmetic)
    with balls(256) as arithmetic:
        fine = everything(arithmetic)
    size = max(abs(float(value)) for value in fine)
    for one, other, value in zip(coarse, fine, everything(FLOATS), strict=True):
        assert one.overlaps(other)
        assert one.rad() <= 1e-25 * size
        assert abs(float(other) - value) <= 1e-11 * size


@ALL
def test_the_gradient_is_the_difference_quotient_of_the_risk_in_balls(p):
    with balls(400) as arithmetic:
        h = flint.arb(2) ** -60
        parts = curvature(p.lift(arithmetic))
        for k in range(2 * len(p.kinks)):
            direction = [int(j == k) for j in range(2 * len(p.kinks))]
            slope = (risk_along(p, arithmetic, direction, h) - risk_along(p, arithmetic, direction, -h)) / (2 * h)
            # Where kinks coincide a third derivative jumps, which a central quotient of first order sees as h^2 still.
            assert abs(slope - parts.gradient[k]) < 1e-28 * (1 + abs(parts.gradient[k]))


@ALL
def test_the_hessian_along_a_line_is_the_second_difference_quotient_of_the_risk_in_balls(p):
    rng = np.random.default_rng(1)
    # One-sided third derivatives differ where kinks coincide: the quotient then errs by h times their jump.
    digits = 1e-14 if len(p.coincident) < len(p.kinks) else 1e-28
    with balls(400) as arithmetic:
        h = flint.arb(2) ** -60
        hessian = curvature(p.lift(arithmetic)).hessian
        for direction in rng.integers(-3, 4, size=(4, 2 * len(p.kinks))).tolist():
            low, here, high = (risk_along(p, arithmetic, direction, step) for step in (-h, 0 * h, h))
            quotient = (low - 2 * here + high) / (h * h)
            form = np.array(direction) @ hessian @ np.array(direction)
            assert abs(quotient - form) < digits * (1 + abs(form))


@ALL
def test_in_floats_the_hessian_is_the_difference_quotient_of_the_gradient(p):
    lifted, size, h = p.lift(FLOATS), len(p.kinks), 1e-6 * float(p.sigma)
    roots = np.sqrt(p.counts)
    hessian = curvature(lifted).hessian
    for k in range(2 * size):

        def gradient(step, k=k):
            weights, kinks = lifted.weights.copy(), lifted.kinks.copy()
            if k < size:
                weights[k] += step / roots[k]
            else:
                kinks[k - size] -= lifted.signs[k - size] * step / roots[k - size]
            return curvature(dataclasses.replace(lifted, weights=weights, kinks=kinks)).gradient

        quotient = (gradient(h) - gradient(-h)) / (2 * h)
        assert np.allclose(quotient, hessian[k], rtol=0, atol=1e-6 * (1 + np.abs(hessian).max()))


@ALL
def test_the_gradient_and_the_gauss_newton_part_are_means_over_the_noised_sample(p):
    lifted, tangents = p.lift(FLOATS), unit_tangents(p)
    parts = curvature(lifted)
    gradient = 2 * mean(p, lambda y, x: loss(p)(y, x) * gradients(lifted, y))
    assert np.allclose(tangents.T @ gradient, parts.gradient, rtol=0, atol=1e-10 * np.abs(gradient).max())
    # Neurons of a group have equal derivatives: nothing is lost on the unit vectors.
    assert np.allclose(tangents @ parts.gradient, gradient, rtol=0, atol=1e-10 * np.abs(gradient).max())
    outer = 2 * mean(p, lambda y, x: gradients(lifted, y)[:, None] * gradients(lifted, y))
    scale = 1e-10 * np.abs(outer).max()
    assert np.allclose(tangents.T @ outer @ tangents, parts.gauss_newton, rtol=0, atol=scale)
    assert np.allclose(tangents @ parts.gauss_newton @ tangents.T, outer, rtol=0, atol=scale)
    assert tangent_kernel_eigenvalue(lifted) == pytest.approx(np.linalg.eigvalsh(outer)[-1] / 2, rel=1e-9)


@ALL
def test_the_mixed_part_is_a_mean_and_the_kink_part_a_sum_of_densities_with_a_plus_for_either_direction(p):
    lifted, residual = p.lift(FLOATS), loss(p)
    parts = curvature(lifted)
    signs, kinks = lifted.signs, lifted.kinks
    mixed = mean(p, lambda y, x: residual(y, x) * (signs[:, None] * (y - kinks[:, None]) >= 0))
    assert np.allclose(parts.mixed, 2 / p.width * mixed, rtol=0, atol=1e-10 * (1 + np.abs(mixed).max()))
    kink = 0.0
    for x in lifted.x:
        z = (kinks - lifted.mu * x) / lifted.sigma
        kink = kink + residual(kinks, x) * np.exp(-(z**2) / 2) / (lifted.sigma * np.sqrt(2 * np.pi))
    kink = 2 * lifted.weights / (p.width * p.n) * kink
    assert np.allclose(parts.kink, kink, rtol=1e-11, atol=1e-12 * (1 + np.abs(kink).max()))


@pytest.mark.parametrize("direction", [1, -1])
def test_the_kink_term_of_either_direction_is_what_the_mean_of_pathwise_hessians_misses(direction):
    """With one neuron d^2 R/db^2 is G + D; the mean over the noise of the pathwise second derivative is G alone."""
    p = net([0, 1], "1/2", "2/5", ["1/5"], [direction], ["3/2"])
    with balls(400) as arithmetic:
        h = flint.arb(2) ** -60
        low, here, high = (risk_along(p, arithmetic, [0, 1], step) for step in (-h, 0 * h, h))
        quotient = float((low - 2 * here + high) / (h * h))
    parts = curvature(p.lift(FLOATS))
    plus, minus = (parts.assemble(kink=kink)[1, 1] for kink in (1, -1))
    assert quotient == pytest.approx(plus, rel=1e-12)
    assert abs(quotient - minus) > 0.1 * abs(quotient)
    pathwise = 2 * mean(p, lambda y, x: gradients(p.lift(FLOATS), y)[1] ** 2)
    assert parts.pathwise[1, 1] == pytest.approx(pathwise, rel=1e-12)
    assert abs(parts.kink[0]) > 0.1 * pathwise


@ALL
def test_splitting_groups_keeps_every_eigenvalue_the_sharpness_and_the_length_of_the_gradient(p):
    counts = [int(c) for c in p.multiplicities]
    columns = (
        [v for v, c in zip(values, counts, strict=True) for _ in range(c)] for values in (p.kinks, p.directions, p.weights)
    )
    one, other = p.lift(FLOATS), net(p.x, p.mu, p.sigma, *columns).lift(FLOATS)
    grouped, apart = curvature(one), curvature(other)
    assert np.linalg.norm(grouped.gradient) == pytest.approx(np.linalg.norm(apart.gradient), rel=1e-11)
    for kink in (1, 0, -1):
        together = np.linalg.eigvalsh(grouped.assemble(kink=kink)).tolist()
        blocks = opposed_blocks(one, grouped) * np.array([[1, 1], [1, kink]])
        many = [c for c in counts if c > 1]
        opposed = [v for c, block in zip(many, blocks, strict=True) for v in np.linalg.eigvalsh(block).tolist() * (c - 1)]
        expected = np.linalg.eigvalsh(apart.assemble(kink=kink))
        scale = 1e-11 * np.abs(expected).max()
        assert np.allclose(sorted(together + opposed), expected, rtol=0, atol=scale)
        assert sharpness(one, kink=kink) == pytest.approx(expected[-1], rel=1e-11)
        assert sharpness(other, kink=kink) == pytest.approx(expected[-1], rel=1e-11)
    assert tangent_kernel_eigenvalue(one) == pytest.approx(tangent_kernel_eigenvalue(other), rel=1e-11)


@ALL
def test_neurons_of_a_group_that_part_never_give_the_sharpest_direction(p):
    """Moving together they have the same mixed and kink parts and a Gauss-Newton part that is not negative."""
    lifted = p.lift(FLOATS)
    parts = curvature(lifted)
    within = np.linalg.eigvalsh(parts.hessian)[-1]
    for block in opposed_blocks(lifted, parts):
        assert np.linalg.eigvalsh(block)[-1] <= within * (1 + 1e-12)


def test_the_sharpness_is_the_largest_algebraic_eigenvalue_where_the_largest_in_size_is_negative():
    # Below the kink the residual is negative: the only curvature of a large weight is downward.
    p = net([0, 1], "1/2", "1/10", ["-3/10"], [-1], [20]).lift(FLOATS)
    values = np.linalg.eigvalsh(curvature(p).hessian)
    assert values[0] < -2 * values[-1] < 0
    assert sharpness(p) == pytest.approx(values[-1], rel=1e-12)
    with balls(128) as arithmetic:
        ball = sharpness(net([0, 1], "1/2", "1/10", ["-3/10"], [-1], [20]).lift(arithmetic))
        assert abs(float(ball) - values[-1]) < 1e-12 * abs(values[0])


def test_a_dead_neuron_of_weight_zero_has_no_curvature():
    for count in (1, 3):
        p = net([0, 1], "1/2", "1/4", [50], [1], [0], [count])
        assert np.all(curvature(p.lift(FLOATS)).hessian == 0)
        assert 0 <= sharpness(p.lift(FLOATS)) < 1e-300
        with balls(128) as arithmetic:
            ball = sharpness(p.lift(arithmetic))
            assert ball.upper() < flint.arb("1e-1000")
            assert ball.overlaps(flint.arb(0)) or ball > 0


def test_the_largest_eigenvalue_of_a_matrix_that_is_not_finite_is_not_a_number():
    assert np.isnan(largest_eigenvalue(np.array([[1.0, np.inf], [np.inf, 1.0]])))


@pytest.mark.parametrize("directions", [(1, 1), (1, -1), (-1, 1), (-1, -1)])
def test_the_risk_has_two_continuous_derivatives_and_no_third_where_kinks_meet(directions):
    """Moving one kink through the other, the third derivative jumps by 2 (w_k/m)(w_l/m) p(tau), whatever the directions."""
    w, other = Fraction(3, 2), Fraction(-2)
    jump = 2 * (w / 2) * (other / 2)

    def third(second, sign):
        def risk(arithmetic, step):
            p = net([0, 1], "1/2", "2/5", ["1/5", second], directions, [w, other])
            p = p.lift(arithmetic)
            moved = dataclasses.replace(p, kinks=np.array([p.kinks[0] + step, p.kinks[1]]))
            return quadratic_risk(moved)

        with balls(800) as arithmetic:
            h = sign * flint.arb(2) ** -70
            values = [risk(arithmetic, k * h) for k in range(4)]
            return float((values[3] - 3 * values[2] + 3 * values[1] - values[0]) / h**3)

    z = (np.array([0.2, 0.2]) - np.array([0.0, 0.5])) / 0.4
    density = np.mean(np.exp(-(z**2) / 2)) / (0.4 * np.sqrt(2 * np.pi))
    assert third("1/5", 1) - third("1/5", -1) == pytest.approx(float(jump) * density, rel=1e-12)
    assert third("1/4", 1) == pytest.approx(third("1/4", -1), rel=1e-12)


@given(st.integers(0, 10**6), st.sampled_from(["1/4", "2/3", 8]))
@settings(max_examples=15)
def test_curvature_moves_mirrors_and_scales_with_the_sample(seed, factor):
    """Lengths times c, w times c^-2, the risk times c^-2: its second derivatives in w, w and b, b scale by c^2, c^-1, c^-4."""
    rng = np.random.default_rng(seed)
    p, factor = draw_network(UnitDraw(source=lambda: float(rng.random())), frozenset(), most_points=3), Fraction(factor)
    moved = dataclasses.replace(p, x=tuple(x + 2 for x in p.x), kinks=tuple(kink + 2 * p.mu for kink in p.kinks))
    mirrored = dataclasses.replace(
        p,
        x=tuple(-x for x in p.x[::-1]),
        kinks=tuple(-kink for kink in p.kinks),
        directions=tuple(-e for e in p.directions),
        weights=tuple(-w for w in p.weights),
    )
    scaled = dataclasses.replace(
        p,
        x=tuple(factor * x for x in p.x),
        sigma=factor * p.sigma,
        kinks=tuple(factor * kink for kink in p.kinks),
        weights=tuple(w / factor**2 for w in p.weights),
    )
    base = curvature(p.lift(FLOATS)).hessian
    tolerance = {"rtol": 0, "atol": 1e-8 * np.abs(base).max()}
    assert np.allclose(curvature(moved.lift(FLOATS)).hessian, base, **tolerance)
    size, c = len(p.kinks), float(factor)
    # s becomes -s(-y) with -w in place of w: in the parameter w every derivative changes its sign.
    flip = np.array([-1.0] * size + [1.0] * size)
    assert np.allclose(curvature(mirrored.lift(FLOATS)).hessian, base * flip[:, None] * flip, **tolerance)
    assert sharpness(mirrored.lift(FLOATS)) == pytest.approx(sharpness(p.lift(FLOATS)), rel=1e-8)
    unit = np.array([c] * size + [c**-2] * size)
    assert np.allclose(curvature(scaled.lift(FLOATS)).hessian / np.outer(unit, unit), base, **tolerance)
