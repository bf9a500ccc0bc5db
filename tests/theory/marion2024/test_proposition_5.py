"""Proposition 5: its constants by mpmath, its networks beside those of numerics, its counterexamples by simulation."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from scipy.special import betainc

from numerics.activations import Activation, Smoothness, hermite_by_quadrature, one_minus_cos
from numerics.arithmetic import FLOATS, balls
from numerics.comparison import Truth
from numerics.residual_network import ResidualNetwork, Weights
from theory.marion2024.polyak_lojasiewicz import Constants, failures
from theory.marion2024.statements import proposition_5_coefficients as coefficients
from theory.marion2024.statements import proposition_5_conclusion as conclusion
from theory.marion2024.statements import proposition_5_sizes as sizes
from theory.marion2024.statements import proposition_5_steps as steps
from theory.marion2024.statements.proposition_5_literal import THINNER, NearbyNetwork
from theory.marion2024.statements.proposition_5_network import NearStart, deepest, line_48, norm_event, setting, wide
from theory.marion2024.waves import Wave
from verification.evaluate import certified, hypothesis_truth


def activation(wave: Wave) -> Activation:
    """Return a wave as an activation of numerics, with derivatives of its own."""
    a, b = float(wave.amplitude), float(wave.frequency)
    return Activation(
        name="wave",
        value=lambda x: a * (wave.odd * np.sin(b * x) + wave.even * (1 - np.cos(b * x))),
        first=lambda x: a * b * (wave.odd * np.cos(b * x) + wave.even * np.sin(b * x)),
        second=lambda x: a * b * b * (wave.even * np.cos(b * x) - wave.odd * np.sin(b * x)),
        lipschitz=float(wave.lipschitz),
        bound=float(wave.bound),
        curvature=a * b * b * 2,
        smoothness=Smoothness.ANALYTIC,
        vanishes_at_zero=True,
    )


def expanded(p: NearStart) -> Weights:
    """Return the weights of a network with every repeated row and column written out."""
    return Weights(
        A=np.array(p.first),
        V=np.repeat(np.array(p.outer), p.copies, axis=2),
        W=np.repeat(np.array(p.inner), p.copies, axis=1),
        B=np.array(p.last),
    )


def squared_gradient(p: NearStart) -> tuple[float, float, float]:
    """Return the left side of Definition 1, its part in V, and the loss, by the networks of numerics."""
    found = ResidualNetwork(activation=activation(p.wave)).gradient(expanded(p), p.inputs.T, p.y.reshape(p.d_out, p.n).T)
    outer, inner = (float(np.sum(part**2)) / p.depth for part in (found.V, found.W))
    return outer + inner + float(np.sum(found.A**2) + np.sum(found.B**2)), outer, found.loss


def by_mpmath(value, r: int) -> mp.mpf:
    """Return a Hermite coefficient by the physicists' polynomials and a quadrature of 25 digits."""

    def integrand(x):
        return value(x) * mp.hermite(r, x / mp.sqrt(2)) * mp.npdf(x)

    with mp.workdps(25):
        return mp.quad(integrand, [-12, -4, -1, 0, 1, 4, 12]) / mp.sqrt(2**r * mp.factorial(r))


@pytest.mark.parametrize("copies", [1, 3])
def test_the_gradients_of_the_proof_are_those_of_a_network_with_all_rows_written_out(copies) -> None:
    p = NearStart.parse({**steps.CROOKED, "even": 1, "degree": 2, "copies": copies}).lift(FLOATS)
    total, outer, loss = squared_gradient(p)
    assert conclusion.gradient_square(p) == pytest.approx(total, rel=1e-12)
    assert conclusion.outer_part(p) == pytest.approx(outer, rel=1e-12)
    assert p.root_loss**2 == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize(("odd", "even"), [(1, 0), (0, 1), (1, 1)])
def test_the_three_numbers_of_a_wave_agree_with_quadrature_and_a_grid(odd, even) -> None:
    wave = Wave(odd=odd, even=even, amplitude=0.7, frequency=1.3)
    for r in range(2, 7):
        assert wave.coefficient(r) == pytest.approx(abs(hermite_by_quadrature(wave.value, r)), abs=1e-14)
    x = np.linspace(0, 2 * np.pi / 1.3, 4001)
    assert np.abs(wave.slope(x)).max() == pytest.approx(wave.lipschitz, rel=1e-6)
    assert np.abs(wave.value(x)).max() == pytest.approx(wave.bound, rel=1e-6)
    np.testing.assert_allclose(np.gradient(wave.value(x), x)[1:-1], wave.slope(x)[1:-1], atol=1e-5)


@pytest.mark.parametrize(("name", "function"), [("tanh", mp.tanh), ("erf", mp.erf), ("arctan", mp.atan), ("sin", mp.sin)])
def test_the_coefficients_of_degree_three_agree_with_mpmath_in_floats_and_balls(name, function) -> None:
    exact = abs(by_mpmath(function, 3))
    p = coefficients.Scaled.parse(coefficients.at(name, 3))
    scale = 2 / mp.sqrt(mp.pi) if name == "erf" else 1  # the family has the slope of its activation at 0
    assert p.lift(FLOATS).coefficient == pytest.approx(float(exact), rel=1e-12)
    with balls(96) as arithmetic:
        enclosed = p.lift(arithmetic)
        assert abs(mp.mpf(enclosed.coefficient.mid().str(25, radius=False)) - exact) < 1e-18
        assert float(enclosed.coefficient.rad()) < 1e-20
        assert float(enclosed.lipschitz) == pytest.approx(float(scale))


def test_the_constants_at_the_usual_activations_are_those_that_the_statement_lists() -> None:
    listed = {
        ("one_minus_cos", 2): (1.6e6, 5.0e3, 0.0095, 9.9e-10),
        ("sin", 3): (4.8e6, 8.7e3, 0.0055, 1.9e-10),
        ("tanh", 3): (1.3e7, 1.5e4, 0.0033, 4.1e-11),
        ("erf", 3): (2.5e7, 2.2e4, 0.0035, 1.9e-11),
        ("arctan", 3): (1.8e7, 1.7e4, 0.0028, 2.6e-11),
    }
    for (name, r), numbers in listed.items():
        k = coefficients.Scaled.parse(coefficients.at(name, r)).lift(FLOATS)
        x, eta = 2 * math.sqrt(2) * k.lipschitz, k.coefficient
        own = (
            2**10 * k.lipschitz**2 * math.exp(2 * x) / eta**2,
            128 * k.lipschitz**2 * math.exp(x) / eta,
            eta / (32 * math.sqrt(2) * k.lipschitz),
            eta**3 / (2**14 * k.lipschitz**2 * math.exp(3 * x)),
        )
        found = (k.constants.c_1, k.constants.c_2, k.constants.c_3, k.constants.c_4)
        assert found == pytest.approx(own, rel=1e-12)
        assert own == pytest.approx(numbers, rel=0.06)


def test_the_tent_is_bounded_of_slope_one_and_its_coefficient_is_the_closed_form() -> None:
    s, width = 0.5, 3.0

    def smoothed(u):
        return u * np.vectorize(math.erf)(u / (s * math.sqrt(2))) + s * math.sqrt(2 / math.pi) * np.exp(-u * u / (2 * s * s))

    def tent(u):
        return smoothed(u) - (smoothed(u - width) + smoothed(u + width)) / 2

    x = np.linspace(-10, 10, 4001)
    assert np.abs(np.diff(tent(x)) / np.diff(x)).max() <= 1 + 1e-9
    assert np.abs(tent(x) - tent(np.zeros(1))).max() <= width
    exact = hermite_by_quadrature(tent, 2)
    p = coefficients.Scaled.parse(coefficients.at("tent", 2, frequency=str(s), width=str(width)))
    assert p.lift(FLOATS).coefficient == pytest.approx(exact, rel=1e-9)


def test_no_slope_between_minus_one_and_one_gives_a_larger_coefficient() -> None:
    """The best slope is the sign of h_{r-1}: its coefficient is E|h_{r-1}|/sqrt r, by a sum over a fine grid."""
    x = np.linspace(-20, 20, 200001)
    density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi) * (x[1] - x[0])
    best = []
    for r in range(2, 30):
        basis = coefficients.hermite(r - 1, x) / math.sqrt(math.factorial(r - 1))
        assert np.sum(basis**2 * density) == pytest.approx(1, rel=1e-9)
        best.append(float(np.sum(np.abs(basis) * density)) / math.sqrt(r))
    assert best[0] == pytest.approx(1 / math.sqrt(math.pi), rel=1e-6)
    assert max(best[1:]) < 0.4


def test_a_network_shrinks_backward_states_more_than_concluded_even_at_the_printed_width_and_depth() -> None:
    copies = 128**2
    data = {**steps.SHRINKING, "depth": 1, "amplitude": "4/7000", "frequency": "7/4", "copies": copies}
    data |= {"v": [0, 0, 0, "-1/128"], "w": [0, 0, 0, "113/20"]}
    p = NearStart.parse(data)
    for hypothesis in (setting, line_48, wide, deepest):
        assert hypothesis_truth(hypothesis, p) is Truth.TRUE
    assert certified(steps.step_5, p).truth is Truth.FALSE
    lifted = p.lift(FLOATS)
    start = 2 * lifted.last.T @ lifted.residual
    assert np.linalg.norm(start) * (1 - 2.825 * float(lifted.wave.lipschitz)) == pytest.approx(
        float(np.linalg.norm(lifted.adjoints[0])), rel=1e-12
    )


def test_powers_of_a_contraction_lie_below_the_exponential_and_five_eighths_of_it_above() -> None:
    for depth in (3, 10, 1000):
        x = 2 * math.sqrt(2) * depth / 3  # L = 3 K
        assert depth * math.log(1 - x / depth) < -x < depth * math.log(1 - 5 * x / (8 * depth))


def test_the_printed_display_fails_at_its_counterexample_simulated_with_22270_rows() -> None:
    p = NearStart.parse(conclusion.TINY).lift(FLOATS)
    total, _, loss = squared_gradient(p)
    eta, k = 1e-7 * math.exp(-0.5) / math.sqrt(2), 1e-7 * math.sqrt(2)
    printed = eta**3 / (2**14 * k**2 * math.exp(6 * math.sqrt(2) * k)) / (2 * math.sqrt(2 * 4))
    assert total < 0.21 * printed * loss
    assert total >= eta**2 / (11 * 2) * loss
    for hypothesis in (setting, norm_event, wide, deepest):
        assert hypothesis_truth(hypothesis, NearStart.parse(conclusion.TINY)) is Truth.TRUE


def test_at_the_counterexample_in_sizes_delta_is_below_one_and_simulated_gradients_are_below_mu() -> None:
    p = sizes.Sizes.parse(sizes.FLAT)
    with mp.workdps(30):
        third = 2 * 31**2 * mp.exp(-mp.mpf(30) / 2 * (mp.mpf(3) / 124) ** (mp.mpf(1) / 6))
        ratio = mp.mpf(3) ** 12 * mp.exp(-4.5) / mp.sqrt(mp.factorial(12)) / 2
        second = 31 * mp.exp(-3 * mp.mpf(4000000) * ratio**2 / (64 * 31))
        delta = third + second + mp.exp(-mp.mpf(31) * 4000000 / 16)
    assert float(delta) == pytest.approx(float(p.lift(FLOATS).delta), rel=1e-9)
    assert float(delta) < 0.65
    rng = np.random.default_rng(0)
    x = rng.standard_normal((31, 30))
    x *= math.sqrt(31) / np.linalg.norm(x, axis=1, keepdims=True)
    residual = np.linalg.svd(x)[0][:, -1:]
    width = 500
    weights = Weights(
        A=np.eye(31, 30),
        V=np.zeros((1, 31, width)),
        W=rng.standard_normal((1, width, 31)),
        B=np.eye(1, 31, 30),
    )
    wave = p.lift(FLOATS).wave
    found = ResidualNetwork(activation=activation(wave)).gradient(weights, x, residual)
    assert np.abs(found.A).max() < 1e-14
    assert np.abs(found.B).max() < 1e-14
    outer = float(np.sum(found.V**2))
    mu = p.lift(FLOATS).constants.c_4 / (31 * math.sqrt(31) * 31)
    assert outer <= 4 * wave.bound**2 * found.loss < mu * found.loss


def test_the_sharp_number_is_between_one_eleventh_and_a_little_more() -> None:
    with mp.workdps(40):
        m = 1 / (64 * mp.sqrt(mp.pi))
        g = (1 + m / 2) / (32 * mp.sqrt(2))
        s = 1 + (mp.sqrt(2) + m / mp.sqrt(2)) * mp.exp(g) * (1 + m) + mp.exp(g) * (1 + m) / 2
        value = 4 * (1 - g) ** 2 * (1 - m) ** 2 * (mp.mpf(1) / 4 - s / 32) ** 2
    assert 1 / mp.mpf(11) < value < 1 / mp.mpf("10.8")
    left, right = conclusion._sharp_number(FLOATS, 0)
    assert left == pytest.approx(float(value), rel=1e-14)
    assert right == pytest.approx(1 / 11)


def test_the_admissible_sizes_are_the_least_and_dimensions_are_those_listed() -> None:
    for data in sizes.ADMISSIBLE:
        p = sizes.Sizes.parse(data).lift(FLOATS)
        c_1, c_2 = p.constants.c_1, p.constants.c_2
        assert p.m - 1 < c_1 * p.n <= p.m
        assert p.depth - 1 < c_2 * math.sqrt(p.n * p.q) <= p.depth
        assert p.delta <= 0.05 < replace(p, d=p.d - 1).delta * 1.4
    assert (c_1, c_2) == pytest.approx((6644, 10.19), rel=1e-3)
    for r, dimensions in ((2, (2, 12, 142)), (20, (2, 5, 14))):
        for n, d in zip((1, 2, 10), dimensions, strict=True):
            terms = [2 * n * n * math.exp(-e / 2 * (3 / (4 * n)) ** (2 / r)) for e in (d - 1, d)]
            assert terms[1] < 1 <= terms[0]


@pytest.mark.parametrize(("d", "proxy"), [(2, 0.42), (3, 0.42), (16, 0.56), (1000, 0.90)])
def test_the_least_proxy_of_the_sphere_is_what_the_statement_says(d, proxy) -> None:
    s = np.linspace(0.01, 0.999, 20001)
    tail = betainc((d - 1) / 2, 0.5, 1 - s * s)
    kept = tail > 1e-300
    least = float(np.max(d * s[kept] ** 2 / (2 * np.log(2 / tail[kept]))))
    assert least == pytest.approx(proxy, abs=0.006)


def test_the_kernel_of_the_literal_check_is_the_gradient_of_a_network_written_out() -> None:
    p = sizes.Sizes.parse({**THINNER, "amplitude": 1, "d": 3, "q": 5, "m": 7, "depth": 4}).lift(FLOATS)
    network = NearbyNetwork(p, np.random.default_rng(2))
    # Far from the start, so that every term is seen.
    network.left, network.below = 1000 * network.left, 1000 * network.below
    weights = Weights(
        A=network.first,
        V=np.repeat(np.outer(network.left, network.right)[None], 4, axis=0),
        W=np.repeat((network.start + np.outer(network.below, network.above))[None], 4, axis=0),
        B=network.last,
    )
    model = ResidualNetwork(activation=one_minus_cos())
    residual = np.array([[1.0], [-0.3]])
    output = model.forward(weights, network.x.T).output
    found = model.gradient(weights, network.x.T, output - residual)
    slope = float(np.sum(found.V**2)) / 4 / found.loss
    by_kernel = 2 * (residual.T @ network.kernel() @ residual).item() / float(np.sum(residual**2))
    assert by_kernel == pytest.approx(slope, rel=1e-10)


def test_the_three_terms_of_delta_agree_with_mpmath() -> None:
    constants = Constants(lipschitz=1.0, coefficient=0.4)
    found = failures(constants, 2.0, 1.5, n=3, d=20, q=5, m=7, r=4)
    with mp.workdps(30):
        exact = (
            mp.exp(-mp.mpf(35) / 16),
            3 * mp.exp(-3 * 7 * mp.mpf("0.04") / (64 * 3)),
            18 * mp.exp(-20 / mp.mpf(3) * mp.sqrt(mp.mpf(3) / 12)),
        )
    assert found == pytest.approx([float(term) for term in exact], rel=1e-13)


def test_the_repaired_rate_is_twice_the_printed_one_where_there_are_layers_enough_and_smaller_where_not() -> None:
    steep, flat = Constants(lipschitz=1.0, coefficient=0.25), Constants(lipschitz=1e-6, coefficient=0.4e-6)
    assert steep.repaired_rate(2, 3) == pytest.approx(2 * steep.rate(2, 3), rel=1e-12)
    assert flat.repaired_rate(2, 3) < flat.rate(2, 3) / 100
    assert Fraction(1, 11) * Fraction(1, 16) == pytest.approx(2 * steep.sharp_rate(2))
