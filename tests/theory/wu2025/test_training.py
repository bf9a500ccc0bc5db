"""Gradient descent obeys the sharpness, stochastic descent its mean, and the linearisation misses the kinks."""

import dataclasses

import numpy as np
import pytest

from numerics.arithmetic import FLOATS
from tests.theory.wu2025.neurons import NETWORKS, net
from theory.statement import InputError
from theory.wu2025.curvature import curvature, largest_eigenvalue, network_risk
from theory.wu2025.minima import one_neuron_minima
from theory.wu2025.networks import expanded
from theory.wu2025.training import (
    _draw_batch,
    descend,
    linearised_deviations,
    parameters,
    simulate_linearised,
    simulate_sgd,
    single_neurons,
)

SETTINGS = {"steps": 4, "runs": 3, "seed": 1, "batch": 2}


@pytest.fixture(scope="module")
def sharp(problem):
    """Build a strict minimum whose sharpness is three times that of its pathwise part."""
    return one_neuron_minima(problem(["-1/4", "1/4"], "399/401", "40/401"))[0]


@pytest.fixture(scope="module")
def crowd(sharp):
    """Build the same minimum on so many copies of the sample that a batch of all of it has next to no noise."""
    return dataclasses.replace(sharp.network, x=np.repeat(sharp.network.x, 30_000))


def test_gradient_descent_converges_below_the_threshold_of_the_sharpness_and_not_above(sharp):
    p = sharp.network
    start = dataclasses.replace(p, kinks=p.kinks + 1e-7)
    distances = [
        np.linalg.norm(parameters(descend(start, eta=factor * 2 / sharp.largest, steps=60)) - parameters(p))
        for factor in (0.9, 1.1)
    ]
    assert distances[0] < 1e-7 < 1e-5 < distances[1]


def test_gradient_descent_follows_the_hessian_near_a_minimum(sharp):
    p, eta, steps = sharp.network, 0.5 / sharp.largest, 7
    step = np.array([1e-7, -2e-7])
    start = dataclasses.replace(p, weights=p.weights + step[:1], kinks=p.kinks - step[1:])
    expected = np.linalg.matrix_power(np.eye(2) - eta * curvature(p).hessian, steps) @ step
    assert parameters(descend(start, eta=eta, steps=steps)) - parameters(p) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("name", ["plain", "coinciding", "one neuron"])
def test_one_step_of_gradient_descent_is_m_eta_times_the_gradient(name):
    p = single_neurons(NETWORKS[name])
    moved = descend(NETWORKS[name], eta=1e-4, steps=1)
    assert parameters(moved) - parameters(p) == pytest.approx(-p.width * 1e-4 * curvature(p).gradient, abs=1e-14)
    assert network_risk(moved) < network_risk(p)
    assert np.array_equal(parameters(descend(NETWORKS[name], eta=1e-4, steps=0)), parameters(p))


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_the_mean_of_one_linearised_step_is_gradient_plus_pathwise_hessian(batch):
    # Not a critical point: the mean of the gradient counts as well, and M does not vanish.
    p = NETWORKS["plain"]
    eta, runs = 1e-2, 40_000
    steps = linearised_deviations(p, eta=eta, batch=batch, steps=1, runs=runs, seed=3, start=1.0)
    parts, delta = curvature(single_neurons(p)), steps[0, 0]
    m = p.width
    expected = delta - m * eta * (parts.gradient + parts.pathwise @ delta)
    error = steps[1].std(axis=0) / np.sqrt(runs)
    assert np.all(np.abs(steps[1].mean(axis=0) - expected) <= 5 * error)
    without = delta - m * eta * (parts.gradient + parts.gauss_newton @ delta)
    assert np.any(np.abs(steps[1].mean(axis=0) - without) > 10 * error)


def test_the_mean_of_the_linearised_recursion_follows_powers_that_miss_the_kinks(sharp):
    p, runs, steps = sharp.network, 20_000, 12
    parts = curvature(p)
    eta = 0.5 / largest_eigenvalue(parts.pathwise)
    deviations = linearised_deviations(p, eta=eta, batch=2, steps=steps, runs=runs, seed=0, start=1.0)
    delta = deviations[0, 0]
    for j in range(1, steps + 1):
        mean, error = deviations[j].mean(axis=0), deviations[j].std(axis=0) / np.sqrt(runs)
        assert np.all(np.abs(mean - np.linalg.matrix_power(np.eye(2) - eta * parts.pathwise, j) @ delta) <= 5 * error)
        assert np.any(np.abs(mean - np.linalg.matrix_power(np.eye(2) - eta * parts.hessian, j) @ delta) > 10 * error)


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_beside_the_network_both_simulations_agree_path_by_path(batch):
    settings = {"eta": 1e-11, "batch": batch, "steps": 5, "runs": 20, "seed": 7, "start": 1e-8}
    real = simulate_sgd(NETWORKS["plain"], **settings)
    linear = simulate_linearised(NETWORKS["plain"], **settings)
    assert real == pytest.approx(linear, rel=1e-5)
    # The steps are far larger than that.
    assert np.median(np.abs(real[-1] / real[0] - 1)) > 1e-4


@pytest.mark.parametrize("name", ["plain", "facing"])
def test_the_linearisation_is_wrong_at_second_order_only_unless_a_point_crosses_a_kink(name):
    p = NETWORKS[name]
    gaps = []
    for start in (1e-3, 1e-4):
        settings = {"eta": 1e-2, "batch": 2, "steps": 1, "runs": 501, "seed": 4, "start": start}
        gaps.append(np.median(np.abs(simulate_sgd(p, **settings)[1] - simulate_linearised(p, **settings)[1])))
    # The median is over paths most of which cross no kink; the Hessian itself is of first order.
    assert gaps[0] / gaps[1] == pytest.approx(100, rel=0.2)


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_a_batch_is_a_uniform_subset_without_repetition_and_with_fresh_noise(batch):
    p = single_neurons(net([0, 1, 2], "1/2", "1/1000", [1], [1], [1]))
    runs = 20_000
    draws = _draw_batch(p, np.random.default_rng(0), runs, batch)
    chosen = np.sort(np.rint(2 * draws.points).astype(int), axis=1)
    assert chosen.shape == (runs, batch)
    assert np.all(np.diff(chosen, axis=1) > 0)
    frequencies = np.bincount(chosen.ravel(), minlength=3) / runs
    assert frequencies == pytest.approx(np.full(3, batch / 3), abs=0.02)
    noise = (draws.points - np.rint(2 * draws.points) / 2) / 1e-3
    assert np.allclose(draws.residuals, noise / 1e-3, rtol=1e-6, atol=1e-6)
    assert np.unique(draws.residuals).size == runs * batch
    assert noise.std() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("simulate", [simulate_sgd, simulate_linearised])
def test_the_sum_is_the_mean_at_a_rate_as_many_times_larger_as_the_batch(simulate):
    settings = {**SETTINGS, "start": 1e-2}
    mean = simulate(NETWORKS["plain"], eta=2e-3, **settings)
    added = simulate(NETWORKS["plain"], eta=1e-3, normalisation="sum", **settings)
    assert added == pytest.approx(mean, rel=1e-12)
    assert simulate(NETWORKS["plain"], eta=1e-3, **settings)[-1] != pytest.approx(mean[-1], rel=1e-3)


def test_a_tiny_rate_stays_where_it_starts(sharp):
    distances = simulate_sgd(sharp.network, eta=1e-12, batch=2, steps=50, runs=10, seed=0, start=1e-3)
    assert distances == pytest.approx(1e-3 + np.zeros((51, 10)), rel=1e-3)


def test_without_noise_the_sharpness_and_not_its_pathwise_part_decides_who_leaves(sharp, crowd):
    # Both rates are stable for the linearisation, whose largest eigenvalue is a third.
    pathwise = largest_eigenvalue(curvature(crowd).pathwise)
    rates = [factor * 2 / sharp.largest for factor in (0.5, 1.6)]
    assert rates[1] < 2 / pathwise
    settings = {"batch": crowd.n, "steps": 40, "runs": 1, "seed": 2, "start": 1e-3}
    stays, leaves = (simulate_sgd(crowd, eta=eta, **settings)[-10:].max() for eta in rates)
    assert stays < 0.02
    assert leaves > 5 * stays
    assert simulate_linearised(crowd, eta=rates[1], **settings)[-10:].max() < 0.5 * leaves


def test_a_run_that_escapes_is_infinite_from_there_on():
    p = net([-1, 1], "1/2", "1/4", ["-3/5"], [1], [-2])
    distances = simulate_linearised(p, eta=2.0, batch=1, steps=400, runs=4, seed=0)
    assert np.all(np.isinf(distances[-1]))
    assert np.all(distances[np.isfinite(distances)] <= 1.0)
    gone = np.isinf(distances)
    assert np.all(gone[1:] >= gone[:-1])


def test_a_seed_repeats_every_path_and_another_does_not():
    first, again = (simulate_sgd(NETWORKS["plain"], eta=1e-3, **SETTINGS, start=1e-2) for _ in range(2))
    assert np.array_equal(first, again)
    other = simulate_sgd(NETWORKS["plain"], eta=1e-3, **{**SETTINGS, "seed": 2}, start=1e-2)
    assert not np.array_equal(first, other)
    assert first.shape == (5, 3)


def test_equal_neurons_are_told_apart():
    p = NETWORKS["plain"]
    assert np.array_equal(parameters(single_neurons(p)), parameters(single_neurons(expanded(p))))
    assert parameters(single_neurons(p)).shape == (2 * p.width,)
    assert network_risk(single_neurons(p)) == pytest.approx(network_risk(p.lift(FLOATS)), rel=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"eta": 0.0}, "eta = 0.0 must be finite and positive"),
        ({"eta": float("nan")}, "eta = nan"),
        ({"batch": 4}, "batch = 4 must lie between 1 and the sample size 3"),
        ({"batch": 0}, "batch = 0"),
        ({"normalisation": "median"}, "normalisation = 'median' must be 'mean' or 'sum'"),
        ({"start": -1.0}, "start = -1.0"),
        ({"steps": 0}, "steps = 0"),
    ],
)
def test_a_setting_out_of_its_range_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        simulate_sgd(NETWORKS["plain"], **{"eta": 1e-3, **SETTINGS, **change})


def test_gradient_descent_that_overflows_says_after_how_many_steps():
    with pytest.raises(InputError, match=r"eta = 1e\+120 is too large: gradient descent overflows after \d+ steps"):
        descend(NETWORKS["plain"], eta=1e120, steps=50)
    with pytest.raises(InputError, match="steps = -1"):
        descend(NETWORKS["plain"], eta=1.0, steps=-1)
