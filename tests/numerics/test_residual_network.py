"""Residual networks: the adjoint recursion against automatic differentiation, differences and the general form."""

import dataclasses
import math

import numpy as np
import pytest

from numerics.activations import ACTIVATIONS
from numerics.residual_network import (
    Perceptron,
    ResidualError,
    ResidualNetwork,
    Start,
    Weights,
    general_adjoints,
    general_states,
    initial_weights,
)

NAMES = ("A", "V", "W", "B")


def example(depth=5, n=4, d=3, q=5, m=6, d_out=2, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    weights = initial_weights(rng, depth=depth, d=d, q=q, m=m, d_out=d_out, start=Start.INDEPENDENT, deviation=1.0, dtype=dtype)
    noisy = {
        name: (getattr(weights, name) + 0.3 * rng.standard_normal(getattr(weights, name).shape)).astype(dtype) for name in NAMES
    }
    return Weights(**noisy), rng.standard_normal((n, d)).astype(dtype), rng.standard_normal((n, d_out)).astype(dtype)


def loss_by_hand(activation, weights, x, y, exponent=1.0):
    """Return the loss, one sample and one layer at a time, straight from the definition."""
    depth, q, m = weights.V.shape
    total = 0.0
    for row, target in zip(x, y, strict=True):
        h = weights.A @ row
        for v, w in zip(weights.V, weights.W, strict=True):
            h = h + v @ activation.value(w @ h / math.sqrt(q)) / (depth**exponent * math.sqrt(m))
        total += np.sum((weights.B @ h - target) ** 2)
    return total / len(x)


def relative(found, wanted):
    return np.abs(found - wanted).max() / np.abs(wanted).max()


# Against automatic differentiation and differences.


def torch_gradient(torch, name, weights, x, y, exponent):
    functions = {
        "tanh": torch.tanh,
        "erf": torch.erf,
        "sin": torch.sin,
        "one_minus_cos": lambda z: 1 - torch.cos(z),
        "arctan": torch.atan,
        "gelu": torch.nn.functional.gelu,
        "relu": torch.relu,
        "identity": lambda z: z,
    }
    leaves = {key: torch.from_numpy(getattr(weights, key)).requires_grad_() for key in NAMES}
    depth, q, m = weights.V.shape
    h = torch.from_numpy(x) @ leaves["A"].T
    for k in range(depth):
        h = h + functions[name](h @ leaves["W"][k].T / math.sqrt(q)) @ leaves["V"][k].T / (depth**exponent * math.sqrt(m))
    loss = ((h @ leaves["B"].T - torch.from_numpy(y)) ** 2).sum() / len(x)
    loss.backward()
    scale = {"A": 1, "V": depth, "W": depth, "B": 1}
    return loss.item(), {key: scale[key] * leaves[key].grad.numpy() for key in NAMES}


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
@pytest.mark.parametrize(("depth", "n", "exponent"), [(1, 1, 1.0), (7, 5, 1.0), (150, 3, 0.5)])
def test_the_gradient_is_that_of_automatic_differentiation(name, depth, n, exponent):
    torch = pytest.importorskip("torch")
    weights, x, y = example(depth=depth, n=n)
    found = ResidualNetwork(activation=ACTIVATIONS[name], exponent=exponent).gradient(weights, x, y)
    loss, wanted = torch_gradient(torch, name, weights, x, y, exponent)
    assert found.loss == pytest.approx(loss, rel=1e-14)
    for key in NAMES:
        assert relative(getattr(found, key), wanted[key]) <= 1e-14, key


@pytest.mark.parametrize("name", ["tanh", "gelu"])
def test_single_precision_stays_single_and_is_as_close_as_that_allows(name):
    network = ResidualNetwork(activation=ACTIVATIONS[name])
    weights, x, y = example(depth=20, dtype=np.float32)
    found = network.gradient(weights, x, y)
    double = Weights(**{key: getattr(weights, key).astype(np.float64) for key in NAMES})
    wanted = network.gradient(double, x.astype(np.float64), y.astype(np.float64))
    for key in (*NAMES, "output"):
        assert getattr(found, key).dtype == np.float32
        assert relative(getattr(found, key), getattr(wanted, key)) <= 1e-5


@pytest.mark.parametrize("name", ["tanh", "gelu", "one_minus_cos"])
@pytest.mark.parametrize("exponent", [1.0, 0.5])
def test_the_gradient_is_that_of_central_differences_of_the_definition(name, exponent):
    activation = ACTIVATIONS[name]
    weights, x, y = example(depth=4)
    found = ResidualNetwork(activation=activation, exponent=exponent).gradient(weights, x, y)
    assert found.loss == pytest.approx(loss_by_hand(activation, weights, x, y, exponent), rel=1e-14)
    rng, step = np.random.default_rng(1), 1e-5
    for key in NAMES:
        direction = rng.standard_normal(getattr(weights, key).shape)
        ends = [
            loss_by_hand(
                activation, dataclasses.replace(weights, **{key: getattr(weights, key) + t * direction}), x, y, exponent
            )
            for t in (-step, step)
        ]
        scale = weights.depth if key in "VW" else 1
        assert np.sum(getattr(found, key) * direction) == pytest.approx(
            scale * (ends[1] - ends[0]) / (2 * step), rel=1e-7, abs=1e-7
        )


# The general form.


def test_the_general_recursion_with_a_perceptron_is_the_network():
    activation = ACTIVATIONS["gelu"]
    network, layer = ResidualNetwork(activation=activation), Perceptron(activation=activation)
    weights, x, y = example()
    passed = network.forward(weights, x)
    adjoints = network.adjoints(weights, passed, y)
    gradient = network.gradient(weights, x, y)
    layers = list(zip(weights.V, weights.W, strict=True))
    states = general_states(layer, layers, x @ weights.A.T, 1 / weights.depth)
    general = general_adjoints(layer, layers, states, 2 * (states[-1] @ weights.B.T - y) @ weights.B, 1 / weights.depth)
    assert relative(states, passed.states) <= 1e-14
    assert relative(general, adjoints) <= 1e-14
    for k, z in enumerate(layers):
        by_outer, by_inner = layer.pull_back_weights(states[k], z, general[k + 1])
        assert relative(by_outer / len(x), gradient.V[k]) <= 1e-14
        assert relative(by_inner / len(x), gradient.W[k]) <= 1e-14


class Linear:
    """f(h, z) = z h, whose Jacobian in h is not symmetric."""

    def value(self, h, z):
        return h @ z.T

    def pull_back_state(self, h, z, p):
        return p @ z

    def pull_back_weights(self, h, z, p):
        return p.T @ h


class LinearUntransposed(Linear):
    def pull_back_state(self, h, z, p):
        return p @ z.T


def test_the_adjoint_takes_the_transposed_jacobian_and_the_untransposed_one_is_wrong():
    rng = np.random.default_rng(0)
    layers, h, last = rng.standard_normal((6, 3, 3)), rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
    states = general_states(Linear(), layers, h, 1 / 6)
    flow = np.linalg.multi_dot([np.eye(3) + z / 6 for z in layers[::-1]])
    assert relative(states[-1], h @ flow.T) <= 1e-14
    assert relative(general_adjoints(Linear(), layers, states, last, 1 / 6)[0], last @ flow) <= 1e-14
    assert relative(general_adjoints(LinearUntransposed(), layers, states, last, 1 / 6)[0], last @ flow) >= 0.1


# Batches, depth one, starts.


def test_one_sample_alone_and_in_a_batch_agree_within_rounding():
    network = ResidualNetwork(activation=ACTIVATIONS["tanh"])
    weights, x, y = example(depth=30, n=9)
    together = network.gradient(weights, x, y)
    alone = [network.gradient(weights, x[i : i + 1], y[i : i + 1]) for i in range(len(x))]
    assert relative(np.concatenate([g.output for g in alone]), together.output) <= 1e-14
    assert together.loss == pytest.approx(math.fsum(g.loss for g in alone) / len(x), rel=1e-14)
    for key in NAMES:
        assert relative(sum(getattr(g, key) for g in alone) / len(x), getattr(together, key)) <= 1e-14


def test_a_single_layer_and_a_single_sample_have_the_gradient_written_by_hand():
    weights, x, y = example(depth=1, n=1, d=1, q=1, m=1, d_out=1)
    a, v, w, b = (float(getattr(weights, key).item()) for key in NAMES)
    x0, y0 = x.item(), y.item()
    found = ResidualNetwork(activation=ACTIVATIONS["tanh"]).gradient(weights, x, y)
    h0 = a * x0
    t = math.tanh(w * h0)
    e = 2 * (b * (h0 + v * t) - y0)
    assert found.V.item() == pytest.approx(e * b * t, rel=1e-13)
    assert found.W.item() == pytest.approx(e * b * v * (1 - t * t) * h0, rel=1e-13)
    assert found.A.item() == pytest.approx(e * b * (1 + v * (1 - t * t) * w) * x0, rel=1e-13)
    assert found.B.item() == pytest.approx(e * (h0 + v * t), rel=1e-13)


def test_a_forward_pass_is_not_changed_by_the_adjoints():
    network = ResidualNetwork(activation=ACTIVATIONS["gelu"])
    weights, x, y = example()
    passed = network.forward(weights, x)
    copies = {name: getattr(passed, name).copy() for name in ("states", "active", "slopes", "output")}
    first, second = network.adjoints(weights, passed, y), network.adjoints(weights, passed, y)
    assert relative(first, second) <= 1e-14
    assert all((getattr(passed, name) == copy).all() for name, copy in copies.items())


def test_a_former_pass_is_overwritten_and_one_of_other_shapes_refused():
    network = ResidualNetwork(activation=ACTIVATIONS["gelu"])
    weights, x, y = example(depth=150)  # several blocks of layers, the last one not full
    fresh, former = network.gradient(weights, x, y), network.forward(weights, -x)
    again = network.gradient(weights, x, y, into=former)
    assert network.forward(weights, x, into=former).states is former.states
    for key in (*NAMES, "output"):
        assert relative(getattr(again, key), getattr(fresh, key)) <= 1e-14
    with pytest.raises(ResidualError, match="a former pass has an array"):
        network.gradient(weights, x[:2], y[:2], into=former)


def test_the_start_is_a_padded_identity_with_tied_inner_and_zero_outer_matrices():
    sizes = {"depth": 6, "d": 2, "q": 5, "m": 4, "d_out": 3}
    weights = initial_weights(np.random.default_rng(0), **sizes)
    again = initial_weights(np.random.default_rng(0), **sizes, deviation=1.0)
    assert (weights.A == [[1, 0], [0, 1], [0, 0], [0, 0], [0, 0]]).all()
    assert (weights.B == [[0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]]).all()
    assert not weights.V.any()
    assert (weights.W[0] == weights.W).all()
    assert (weights.W == again.W).all()
    network = ResidualNetwork(activation=ACTIVATIONS["tanh"])
    assert (network.forward(weights, np.ones((1, 2))).output == [[0, 0, 0]]).all()


def test_independent_layers_are_rough_and_a_larger_step_leaves_the_limit():
    # A step of one over the root of L moves the states by order 1 at any depth, a step of 1/L by one over the root of L.
    sizes = {"d": 4, "q": 4, "m": 16, "d_out": 4, "start": Start.INDEPENDENT, "deviation": 1.0}
    moved = {}
    for depth in (16, 1024):
        weights = initial_weights(np.random.default_rng(0), depth=depth, **sizes)
        assert np.linalg.norm(np.diff(weights.W, axis=0), axis=(1, 2)).min() > 1
        for exponent in (0.5, 1.0):
            states = ResidualNetwork(activation=ACTIVATIONS["tanh"], exponent=exponent).forward(weights, np.ones((1, 4))).states
            moved[depth, exponent] = np.linalg.norm(states[-1] - states[0])
    assert moved[1024, 0.5] > moved[16, 0.5] / 4
    assert moved[1024, 1.0] < moved[16, 1.0] / 2


# Errors.


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"V": np.zeros((0, 5, 6)), "W": np.zeros((0, 6, 5))}, "at least one layer"),
        ({"W": np.zeros((5, 5, 6))}, r"W has shape \(5, 5, 6\), which does not fit V"),
        ({"A": np.zeros((4, 3))}, r"A has shape \(4, 3\)"),
        ({"B": np.zeros((2, 4))}, r"B has shape \(2, 4\)"),
        ({"B": np.zeros(5)}, r"B must have 2 axes, not shape \(5,\)"),
        ({"B": np.full((2, 5), np.nan)}, r"B is not finite at index \[0, 0\]"),
        ({"W": np.zeros((5, 6, 5), np.float32)}, "W is float32: all arrays must be float64, or all float32"),
        ({"A": np.zeros((5, 0))}, "no width may be 0"),
    ],
)
def test_weights_that_do_not_fit_are_refused_in_one_line(changes, message):
    weights, _, _ = example()
    with pytest.raises(ResidualError, match=message) as caught:
        dataclasses.replace(weights, **changes)
    assert "\n" not in str(caught.value)


def test_data_that_do_not_fit_are_refused_in_one_line():
    network = ResidualNetwork(activation=ACTIVATIONS["tanh"])
    weights, x, y = example()
    for bad_x, bad_y, message in (
        (x[:, :2], y, "x has shape"),
        (x[:0], y[:0], "x has shape"),
        (x, y[:3], "y has shape"),
        (x, y.astype(np.float32), "y is float32"),
        (np.full_like(x, np.inf), y, "x is not finite"),
    ):
        with pytest.raises(ResidualError, match=message):
            network.gradient(weights, bad_x, bad_y)
    with pytest.raises(ResidualError, match="q at least d"):
        initial_weights(np.random.default_rng(0), depth=1, d=3, q=2, m=1, d_out=1)
    with pytest.raises(ResidualError, match="depth=0"):
        initial_weights(np.random.default_rng(0), depth=0, d=1, q=2, m=1, d_out=1)
