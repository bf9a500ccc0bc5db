"""Pathwise Hessians and their second moments: against quadrature, balls, and the enumeration of all batches; thresholds."""

from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest

from numerics.arithmetic import FLOATS, balls
from tests.theory.wu2025.neurons import LENGTHS, NETWORKS, NODES, features, net, neurons
from theory.statement import InputError
from theory.wu2025 import stability as module
from theory.wu2025.curvature import curvature
from theory.wu2025.networks import expanded
from theory.wu2025.statements.equations_7_8 import STABLE, NeuronProblem

SINGLE = {name: expanded(p) for name, p in NETWORKS.items()}
SINGLE["dead"] = net([0, 1], "1/2", "1/2", ["1/4", 90, -90], [1, 1, -1], ["3/2", 2, -1])
SINGLE["same kink, both directions"] = net([0, 1, 3], "1/2", "1/3", ["1/2"] * 4, [1, -1, 1, -1], [2, -1, "-1/2", 3])
ALL = pytest.mark.parametrize("p", SINGLE.values(), ids=SINGLE)


def loss_hessians(p, y, x):
    """Return 2 grad s grad s^T + 2 f Hess s at every y, shape (2m, 2m, Y), from the definition."""
    values, active, s = features(p, y)
    gradient = np.concatenate([values, neurons(p)[2][:, None] * active]) / p.width
    result = 2 * gradient[:, None] * gradient
    residual = s + (y - p.mu * x) / p.sigma**2
    for k in range(p.width):
        result[k, p.width + k] += 2 * residual * active[k] / p.width
        result[p.width + k, k] += 2 * residual * active[k] / p.width
    return result


def means_by_point(exact, function):
    """Return E f(Y, x) for each data point by Gauss panels between the kinks."""
    p, result = exact.lift(FLOATS), []
    for x in p.x:
        center = p.mu * x
        inner = [kink for kink in p.kinks if abs(kink - center) < 12 * p.sigma]
        ends = np.unique([*(center + p.sigma * np.linspace(-12, 12, 13)), *inner])
        half, middle = np.diff(ends) / 2, (ends[1:] + ends[:-1]) / 2
        y = (middle[:, None] + half[:, None] * NODES).ravel()
        density = np.exp(-(((y - center) / p.sigma) ** 2) / 2) / (p.sigma * np.sqrt(2 * np.pi))
        result.append(function(y, x) @ ((half[:, None] * LENGTHS).ravel() * density))
    return np.array(result)


def stable_network():
    return NeuronProblem.parse(STABLE).lift(FLOATS).network


def exact_network(p, *, copies=1, extra=()):
    """Return the lifted network of one neuron as exact data, its neuron repeated, and others beside it."""
    kink, weight = Fraction(float(p.kinks[0])), Fraction(float(p.weights[0]))
    kinks, directions = [kink] * copies, [1] * copies
    weights = [weight * (copies + len(extra)) / copies] * copies
    for other, direction, outer in extra:
        kinks, directions, weights = [*kinks, other], [*directions, direction], [*weights, outer]
    return net(STABLE["x"], STABLE["mu"], STABLE["sigma"], kinks, directions, weights).lift(FLOATS)


def atoms(n, size, seed):
    """Return two equally likely symmetric matrices for each of n points, and their moments."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 2, size, size))
    values = values + np.swapaxes(values, -1, -2) + 4 * np.eye(size)
    squares = [np.multiply.outer(h, h) for pair in values for h in pair]
    return values, module.PathwiseMoments(first=values.mean(axis=1), second=sum(squares) / (2 * n))


def batch_means(values, batch):
    """Yield the mean of h over a batch for every subset and every outcome in it, all equally likely."""
    for chosen in combinations(range(len(values)), batch):
        for outcome in product(range(2), repeat=batch):
            yield sum(values[i, k] for i, k in zip(chosen, outcome, strict=True)) / batch


@ALL
def test_the_mean_of_the_pathwise_hessians_is_the_hessian_without_kinks(p):
    lifted = p.lift(FLOATS)
    means = module.pathwise_means(lifted)
    expected = curvature(lifted).pathwise
    assert np.allclose(means.mean(axis=0), expected, rtol=1e-10, atol=1e-12 * np.abs(expected).max())
    assert means.shape == (lifted.n, 2 * lifted.width, 2 * lifted.width)


@ALL
def test_the_mean_for_each_point_is_an_integral(p):
    lifted = p.lift(FLOATS)
    expected = means_by_point(p, lambda y, x: loss_hessians(lifted, y, x))
    assert np.allclose(module.pathwise_means(lifted), expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max())


@ALL
def test_the_second_moments_are_integrals_against_two_generic_matrices(p):
    lifted = p.lift(FLOATS)
    rng = np.random.default_rng(3)
    second = module.pathwise_moments(lifted).second
    for _ in range(2):
        s = rng.normal(size=(2 * lifted.width,) * 2)

        def sandwich(y, x, s=s):
            h = loss_hessians(lifted, y, x)
            # h s h at every y; h is symmetric.
            return np.einsum("aby,bc,cdy->ady", h, s, h, optimize=True)

        expected = means_by_point(p, sandwich).mean(axis=0)
        assert np.allclose(np.einsum("abcd,bc->ad", second, s), expected, rtol=1e-8, atol=1e-11 * np.abs(expected).max())


def test_every_entry_of_the_second_moment_is_an_integral():
    p = SINGLE["facing"]
    lifted = p.lift(FLOATS)

    def outer(y, x):
        h = loss_hessians(lifted, y, x)
        return np.einsum("aby,cdy->abcdy", h, h)

    expected = means_by_point(p, outer).mean(axis=0)
    assert np.allclose(module.pathwise_moments(lifted).second, expected, rtol=1e-8, atol=1e-11 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["facing", "one neuron", "same kink, both directions"])
def test_balls_hold_the_floats(name):
    p = SINGLE[name]
    floats = module.pathwise_moments(p.lift(FLOATS))
    with balls(128) as arithmetic:
        enclosed = module.pathwise_moments(p.lift(arithmetic))
        for ours, ball in ((floats.first, enclosed.first), (floats.second, enclosed.second)):
            scale = np.abs(ours).max()
            for value, entry in zip(ours.ravel(), ball.ravel(), strict=True):
                assert float(entry.rad()) < 1e-25 * scale
                assert abs(float(entry.mid()) - value) < 1e-11 * scale


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_the_second_moment_of_a_batch_is_the_mean_over_all_subsets(batch):
    values, moments = atoms(3, 3, 0)
    found = [np.multiply.outer(h, h) for h in batch_means(values, batch)]
    assert len(found) == {1: 6, 2: 12, 3: 8}[batch]
    assert np.allclose(module.batch_second_moment(moments, batch), sum(found) / len(found), rtol=1e-12)


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_the_map_of_second_moments_carries_a_matrix_one_mean_step(batch):
    values, moments = atoms(3, 3, 1)
    s, step = np.random.default_rng(2).normal(size=(3, 3)), 0.3
    moved = [(np.eye(3) - step * h) @ s @ (np.eye(3) - step * h) for h in batch_means(values, batch)]
    found = (module.second_moment_map(moments, step, batch) @ s.ravel()).reshape(3, 3)
    assert np.allclose(found, sum(moved) / len(moved), rtol=1e-12)


@pytest.mark.parametrize("batch", [1, 2])
def test_at_the_threshold_the_spectral_radius_crosses_one(batch):
    moments = module.pathwise_moments(stable_network())
    threshold = module.mean_square_threshold(moments, batch)
    assert threshold == pytest.approx({1: 0.003748, 2: 0.005682}[batch], rel=1e-3)
    assert module.spectral_radius(moments, threshold * (1 - 1e-6), batch) < 1
    assert module.spectral_radius(moments, threshold * (1 + 1e-6), batch) > 1
    for share in (0.01, 0.3, 0.9):
        assert module.spectral_radius(moments, threshold * share, batch) < 1


def test_without_noise_the_threshold_is_two_over_the_largest_eigenvalue():
    h = np.array([[3.0, 1.0], [1.0, 2.0]])
    moments = module.PathwiseMoments(first=np.array([h, h, h]), second=np.multiply.outer(h, h))
    for batch in (1, 2, 3):
        assert module.mean_square_threshold(moments, batch) == pytest.approx(2 / np.linalg.eigvalsh(h)[-1], rel=1e-12)


def test_a_number_that_is_one_or_three_has_threshold_two_means_over_the_mean_square():
    values = np.array([[[[1.0]], [[3.0]]]])
    moments = module.PathwiseMoments(first=values.mean(axis=1), second=np.array([[[[5.0]]]]))
    assert module.mean_square_threshold(moments, 1) == pytest.approx(2 * 2 / 5, rel=1e-12)


def test_an_indefinite_mean_has_no_stable_rate():
    h = np.diag([1.0, -0.1])
    moments = module.PathwiseMoments(first=np.array([h]), second=np.multiply.outer(h, h))
    assert module.mean_square_threshold(moments, 1) == 0
    assert module.mean_square_threshold(module.pathwise_moments(SINGLE["facing"].lift(FLOATS)), 1) == 0


def test_directions_in_which_every_hessian_vanishes_are_left_out():
    moments = module.pathwise_moments(stable_network())
    turn = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))[0]
    first, second = np.zeros((2, 3, 3)), np.zeros((3, 3, 3, 3))
    first[:, :2, :2], second[:2, :2, :2, :2] = moments.first, moments.second
    first = turn @ first @ turn.T
    second = np.einsum("abce,ia,jb,kc,le->ijkl", second, turn, turn, turn, turn)
    padded = module.PathwiseMoments(first=first, second=second)
    assert module.without_flat_directions(padded).first.shape == (2, 2, 2)
    assert module.without_flat_directions(moments).first.shape == (2, 2, 2)
    for batch in (1, 2):
        assert module.mean_square_threshold(padded, batch) == pytest.approx(
            module.mean_square_threshold(moments, batch), rel=1e-6
        )


def test_a_neuron_that_is_never_on_leaves_a_stable_rate():
    p = exact_network(stable_network(), extra=[(5, 1, 3)])
    found = module.stability_thresholds(p)
    assert 0 < found.single < found.mean_square < found.mean
    top = np.linalg.eigvalsh(curvature(p).pathwise)[-1]
    assert found.mean == pytest.approx(2 / (2 * top), rel=1e-10)


def test_two_equal_neurons_leave_none_since_the_noise_drives_them_apart():
    p = exact_network(stable_network(), copies=2)
    moments = module.pathwise_moments(p)
    assert module.without_flat_directions(moments).first.shape == (2, 4, 4)
    apart = np.array([1, -1, 1, -1]) / 2
    mean = moments.first.mean(axis=0)
    assert abs(apart @ mean @ apart) < 1e-6 * np.abs(mean).max()
    pushed = np.einsum("abce,a,bc,e", moments.second, apart, np.eye(4), apart)
    assert pushed > 1e-3
    found = module.stability_thresholds(p)
    # 0 in exact arithmetic: the mean along the flat direction is a rounding, of either sign.
    assert 0 <= found.mean_square <= 1e-12 * found.mean


@pytest.mark.parametrize("batch", [1, 2])
def test_thresholds_are_ordered_and_those_of_the_printed_sum_are_a_batch_lower(batch):
    p = stable_network()
    mean = module.stability_thresholds(p, batch=batch)
    summed = module.stability_thresholds(p, batch=batch, normalisation="sum")
    assert mean.single <= mean.mean_square <= mean.mean
    assert mean.sharpness < mean.single
    assert summed.sharpness == mean.sharpness
    assert summed.single == mean.single
    assert (summed.mean, summed.mean_square) == pytest.approx((mean.mean / batch, mean.mean_square / batch), rel=1e-14)
    assert (mean.mean_square == mean.single) == (batch == 1)


def test_the_four_thresholds_of_the_counterexample_to_8():
    found = module.stability_thresholds(stable_network())
    expected = {"sharpness": 0.00137371, "mean": 2 / 275.0157135, "mean_square": 0.005682, "single": 0.003748}
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-4)
    assert found == module.stability_thresholds(stable_network(), batch=2, normalisation="mean")


@pytest.mark.parametrize("function", [module.pathwise_means, module.pathwise_moments])
def test_a_group_of_several_neurons_is_refused(function):
    p = NETWORKS["plain"].lift(FLOATS)
    with pytest.raises(InputError) as caught:
        function(p)
    assert str(caught.value) == "multiplicities [1, 2, 3]: stability needs single neurons, since equal ones move apart"


@pytest.mark.parametrize("batch", [0, 4, -1])
def test_a_batch_that_is_empty_or_larger_than_the_sample_is_refused(batch):
    moments = atoms(3, 2, 5)[1]
    with pytest.raises(InputError) as caught:
        module.batch_second_moment(moments, batch)
    assert str(caught.value) == f"batch = {batch}: a batch has between 1 and n = 3 points"
    with pytest.raises(InputError, match=f"^batch = {batch}: "):
        module.second_moment_map(moments, 0.1, batch)


def test_thresholds_refuse_a_batch_they_cannot_have():
    for batch in (0, 3):
        with pytest.raises(InputError) as caught:
            module.stability_thresholds(stable_network(), batch=batch)
        assert str(caught.value) == f"batch = {batch}: a batch has between 1 and n = 2 points"


def test_another_normalisation_is_refused():
    with pytest.raises(InputError) as caught:
        module.stability_thresholds(stable_network(), normalisation="max")
    assert str(caught.value) == "normalisation = 'max': it is 'mean' or 'sum'"


def test_thresholds_of_a_group_are_those_of_its_neurons_and_balls_are_refused():
    grouped = net([0, 1], "1/2", "1/2", ["1/4"], [1], ["3/2"], [2])
    found, alone = (module.stability_thresholds(p.lift(FLOATS)) for p in (grouped, expanded(grouped)))
    for name in ("sharpness", "mean", "mean_square", "single"):
        assert getattr(found, name) == pytest.approx(getattr(alone, name), rel=1e-12)
    with balls(64) as arithmetic, pytest.raises(InputError, match=r"^thresholds are computed in floats$"):
        module.stability_thresholds(grouped.lift(arithmetic))
