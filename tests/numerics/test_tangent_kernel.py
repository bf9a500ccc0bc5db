"""The tangent kernel against the Jacobian of automatic differentiation and against gradients of the loss."""

from __future__ import annotations

import numpy as np
import pytest

from numerics.activations import ACTIVATIONS
from numerics.residual_network import ResidualNetwork, Weights, initial_weights
from numerics.tangent_kernel import tangent_kernel

PARTS = ("A", "V", "W", "B")


def case(name: str = "tanh", depth: int = 4):
    rng = np.random.default_rng(7)
    weights = initial_weights(rng, depth=depth, d=2, q=4, m=5, d_out=2, deviation=0.7)
    moved = {part: getattr(weights, part) + 0.2 * rng.standard_normal(getattr(weights, part).shape) for part in PARTS}
    return ResidualNetwork(activation=ACTIVATIONS[name]), Weights(**moved), rng.standard_normal((3, 2)), rng


def test_each_part_is_the_gram_matrix_of_the_jacobian_of_torch() -> None:
    torch = pytest.importorskip("torch")
    network, weights, x, _ = case()
    depth, q, m = weights.V.shape

    def outputs(a, v, w, b):
        h = torch.as_tensor(x) @ a.T
        for k in range(depth):
            h = h + torch.tanh(h @ w[k].T / q**0.5) @ v[k].T / (depth * m**0.5)
        return (h @ b.T).reshape(-1)

    arrays = tuple(torch.as_tensor(getattr(weights, part)) for part in PARTS)
    found = tangent_kernel(network, weights, x)
    for part, jacobian in zip(PARTS, torch.autograd.functional.jacobian(outputs, arrays), strict=True):
        flat = jacobian.reshape(6, -1).numpy()
        wanted = flat @ flat.T * (depth if part in "VW" else 1)
        np.testing.assert_allclose(getattr(found, part), wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["gelu", "sin", "identity"])
def test_the_slope_along_the_residual_is_squared_gradient_over_loss(name) -> None:
    network, weights, x, rng = case(name)
    y = rng.standard_normal((3, 2))
    gradient = network.gradient(weights, x, y)
    squares = {part: float(np.sum(getattr(gradient, part) ** 2)) for part in PARTS}
    total = squares["A"] + squares["B"] + (squares["V"] + squares["W"]) / weights.depth
    kernel = tangent_kernel(network, weights, x)
    assert kernel.slope(gradient.output - y) == pytest.approx(total / gradient.loss, rel=1e-12)


def test_the_worst_residual_attains_the_smallest_slope_and_random_ones_stay_above_it() -> None:
    network, weights, x, rng = case()
    kernel = tangent_kernel(network, weights, x)
    least = kernel.smallest_slope()
    assert kernel.slope(kernel.worst_residual()) == pytest.approx(least, rel=1e-9)
    assert min(kernel.slope(rng.standard_normal((3, 2))) for _ in range(200)) > 1.2 * least
    assert sum(kernel.smallest_slope(part) for part in PARTS) <= least * (1 + 1e-12)


def test_two_equal_inputs_leave_a_residual_without_slope() -> None:
    network, weights, x, _ = case()
    kernel = tangent_kernel(network, weights, np.vstack([x, x[:1]]))
    assert kernel.smallest_slope() == pytest.approx(0, abs=1e-13)
    worst = kernel.worst_residual()
    np.testing.assert_allclose(worst[0], -worst[-1], atol=1e-6)


def test_the_kernel_does_not_depend_on_the_order_of_the_samples_or_a_rotation_of_the_hidden_units() -> None:
    network, weights, x, rng = case()
    base = tangent_kernel(network, weights, x)
    order = np.array([2, 0, 1])
    rows = (2 * order[:, None] + np.arange(2)).ravel()
    np.testing.assert_allclose(tangent_kernel(network, weights, x[order]).total, base.total[np.ix_(rows, rows)], rtol=1e-12)
    units = rng.permutation(5)
    turned = Weights(A=weights.A, V=weights.V[:, :, units], W=weights.W[:, units], B=weights.B)
    np.testing.assert_allclose(tangent_kernel(network, turned, x).total, base.total, rtol=1e-12)


def test_at_the_weight_tied_start_only_three_parts_act_and_are_known() -> None:
    rng = np.random.default_rng(0)
    weights = initial_weights(rng, depth=8, d=2, q=4, m=16, d_out=2)
    network = ResidualNetwork(activation=ACTIVATIONS["tanh"])
    x = rng.standard_normal((3, 2))
    kernel = tangent_kernel(network, weights, x)
    assert np.abs(kernel.W).max() == 0
    hidden = x @ weights.A.T
    active = np.tanh(hidden @ weights.W[0].T / 2)
    np.testing.assert_allclose(kernel.V, np.kron(active @ active.T / 16, weights.B @ weights.B.T), rtol=1e-12)
    np.testing.assert_allclose(kernel.B, np.kron(x @ x.T, np.eye(2)), rtol=1e-12, atol=1e-15)
