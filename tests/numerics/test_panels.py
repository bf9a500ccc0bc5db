"""Integration over panels with coordinates of their own, on integrals that are known."""

import math

import numpy as np
import pytest

from numerics.panels import Panels, integrate_absolute, join, panels_of, split_at_sign_changes


def test_the_integral_of_an_absolute_sine_is_two_an_arch_wherever_the_zeros_fall():
    for shift in (0.0, 0.3, 2.0):
        panels = panels_of(0, 0, np.linspace(shift, shift + 10 * math.pi, 14))
        result = integrate_absolute(lambda _p, t: np.sin(t), None, panels)
        assert result.converged
        assert abs(result.value - 20) <= result.error <= 1e-10


def test_an_odd_function_about_a_zero_at_a_node_or_an_end_is_integrated_in_absolute_value():
    for edges in ([-1.0, 1.0], [-1.0, 0.0, 1.0], [-0.5, 2.0]):
        result = integrate_absolute(lambda _p, t: t**3, lambda _p, t: 1 + 0 * t, panels_of(0, 0, np.array(edges)))
        assert abs(result.value - (edges[0] ** 4 + edges[-1] ** 4) / 4) <= result.error


def test_sign_changes_are_cut_where_they_are():
    panels = split_at_sign_changes(lambda _p, t: np.cos(t), panels_of(0, 0, np.array([0.0, 3.0, 9.0])))
    cuts = sorted(set(panels.low) | set(panels.high))
    assert np.allclose(cuts, [0, math.pi / 2, 3, 3 * math.pi / 2, 5 * math.pi / 2, 9], atol=1e-12)


def peak(width, centres):
    """A peak of that width at local coordinate 0, and a wide bump seen from the other coordinate system."""

    def f(panels, t):
        far = t + centres[panels.first][:, None]
        return np.where(panels.first[:, None] == 1, (1 / width) / np.cosh(np.clip(t / width, -300, 300)) ** 2, 0.0) + np.exp(
            -(far**2)
        )

    return f


def test_a_peak_narrower_than_the_spacing_of_floats_keeps_its_mass_in_local_coordinates():
    width, centres = 1e-16, np.array([0.0, 5.0])
    inner = np.concatenate([[0.0], width * 2.0 ** np.arange(0, 53)])
    inner = np.append(inner[inner < 0.5], 0.5)
    local = panels_of(1, 1, np.concatenate([-inner[::-1], inner[1:]]))
    rest = join([panels_of(0, 0, np.linspace(-6, 4.5, 12)), panels_of(0, 0, np.linspace(5.5, 12, 8))])
    result = integrate_absolute(peak(width, centres), None, rest.joined(local))
    exact = 2 + math.sqrt(math.pi)
    assert result.converged
    assert abs(result.value - exact) <= result.error <= 1e-10
    # In one global coordinate every node but the centre itself misses the peak.
    y = np.linspace(4.9, 5.1, 20001)
    height = (1 / width) / np.cosh(np.minimum(np.abs(y - 5.0) / width, 300)) ** 2
    assert abs(float(np.sum(height) * (y[1] - y[0])) - 2) > 1


def test_the_stated_error_covers_a_kink_that_no_cut_was_told_of():
    result = integrate_absolute(lambda _p, t: 1 + np.abs(t - 0.3), None, panels_of(0, 0, np.array([0.0, 1.0])))
    assert abs(result.value - (1 + 0.3**2 / 2 + 0.7**2 / 2)) <= result.error


def test_rounding_noise_ends_the_bisection_and_enters_the_error():
    """Values that are noise never agree to 12 digits: without the floor every panel would be halved 40 times."""
    rng = np.random.default_rng(0)

    def f(_p, t):
        return np.sin(t) + 1e-6 * rng.uniform(-1, 1, t.shape)

    result = integrate_absolute(f, None, panels_of(0, 0, np.linspace(0, math.pi, 5)), noise=lambda _p, t: 1e-6 + 0 * t)
    assert result.panels < 50
    assert abs(result.value - 2) <= result.error < 1e-5


@pytest.mark.parametrize("edges", [[0.0, 1.0, 1.0, 3.0]])
def test_empty_panels_are_left_out_and_cutting_keeps_the_length(edges):
    panels = panels_of(2, 3, np.array(edges))
    assert len(panels) == 2
    assert set(panels.first) == {2}
    assert set(panels.second) == {3}
    halves = panels.split((panels.low + panels.high) / 2)
    assert np.isclose(np.sum(halves.high - halves.low), 3, rtol=1e-15)
    assert isinstance(halves.take(np.array([0])), Panels)
