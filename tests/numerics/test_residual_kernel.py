"""The compiled pass against the plain recursion, and its functions against scipy, at the widths and extremes it will meet."""

import dataclasses

import numpy as np
import pytest

from numerics.activations import ACTIVATIONS
from numerics.residual_kernel import (
    _LEAST,
    COMPILED,
    _add_product,
    _exponential,
    _gelu,
    _outer_product,
    _tanh,
    is_compiled,
    layer_gradient,
)
from numerics.residual_network import ResidualError, ResidualNetwork, Start, initial_weights


def example(depth=7, n=11, q=8, m=12, dtype=np.float64, deviation=1.0):
    rng = np.random.default_rng(0)
    weights = initial_weights(
        rng, depth=depth, d=5, q=q, m=m, d_out=3, start=Start.INDEPENDENT, deviation=deviation, dtype=dtype
    )
    return weights, rng.standard_normal((n, 5)).astype(dtype), rng.standard_normal((n, 3)).astype(dtype)


def relative(found, wanted):
    return np.abs(found - wanted).max() / np.abs(wanted).max()


@pytest.mark.parametrize("sizes", [{}, {"depth": 1, "n": 1}, {"depth": 40, "n": 6, "q": 16, "m": 4}])
def test_the_compiled_gradient_is_the_plain_one(sizes):
    weights, x, y = example(**sizes)
    wanted = ResidualNetwork(activation=ACTIVATIONS["gelu"]).gradient(weights, x, y)
    found = layer_gradient("gelu", weights, x, y, compiled=True)(weights)
    assert found.loss == pytest.approx(wanted.loss, rel=1e-14)
    assert relative(found.V, wanted.V) <= 2e-14
    assert relative(found.W, wanted.W) <= 2e-14


# The functions that are compiled are plain ones as well, which the interpreter runs.

MAKERS = {"gelu": _gelu, "tanh": _tanh}


@pytest.mark.parametrize("name", COMPILED)
@pytest.mark.parametrize(("kind", "bound"), [(np.float64, 4e-15), (np.float32, 2e-6)])
def test_activations_and_slopes_are_those_of_scipy_from_the_tails_to_large_numbers(name, kind, bound):
    tails = np.geomspace(1e-30, 45, 60)
    z = np.concatenate([-tails, tails, [0.0, 1e4], np.linspace(-6, 6, 120)]).astype(kind)
    value, slope, e, work = (np.zeros_like(z) for _ in range(4))
    with np.errstate(under="ignore"):
        MAKERS[name](kind, _exponential(kind))(z, value, slope, e, work)
        wanted = ACTIVATIONS[name].value_and_first(z.astype(np.float64))
    for found, right in zip((value, slope), wanted, strict=True):
        assert np.all(np.isfinite(found))
        assert np.all(np.abs(found - right) <= bound * np.maximum(np.abs(right), 1))


def test_the_two_products_are_those_of_numpy():
    rng = np.random.default_rng(0)
    a, x, b, out = (rng.standard_normal(shape) for shape in ((6, 8), (8, 5), (4, 8), (6, 5)))
    wanted = out + a @ x
    _add_product(a, x, out)
    assert relative(out, wanted) <= 1e-14
    found = np.empty((6, 4))
    _outer_product(a, b, 0.3, found)
    assert relative(found, 0.3 * a @ b.T) <= 1e-14


def test_where_the_exponential_is_not_normal_the_tail_is_as_small_as_the_least_exponential():
    assert np.exp(_LEAST[8]) > np.finfo(np.float64).tiny
    assert np.exp(np.float32(_LEAST[4])) > np.finfo(np.float32).tiny


@pytest.mark.parametrize("compiled", [False, True])
def test_a_second_call_at_other_weights_does_not_remember_the_first(compiled):
    weights, x, y = example()
    gradient = layer_gradient("gelu", weights, x, y, compiled=compiled)
    other = dataclasses.replace(weights, V=weights.V + 0.5, W=weights.W - 0.5)
    gradient(other)
    again = gradient(weights)
    wanted = ResidualNetwork(activation=ACTIVATIONS["gelu"]).gradient(weights, x, y)
    assert again.loss == pytest.approx(wanted.loss, rel=1e-13)
    assert relative(again.V, wanted.V) <= 2e-14
    assert relative(again.W, wanted.W) <= 2e-14


def test_the_same_call_gives_the_same_bytes():
    weights, x, y = example(n=101)
    found = [layer_gradient("gelu", weights, x, y, compiled=True)(weights) for _ in range(2)]
    assert found[0].V.tobytes() == found[1].V.tobytes()
    assert found[0].W.tobytes() == found[1].W.tobytes()


@pytest.mark.parametrize(("activation", "sizes"), [("sin", {}), ("gelu", {"q": 6}), ("gelu", {"m": 10})])
def test_what_is_not_covered_is_refused_when_asked_for_and_done_plainly_when_not(activation, sizes):
    weights, x, y = example(**sizes)
    assert not is_compiled(activation, *weights.V.shape[1:])
    with pytest.raises(ResidualError, match=f"no compiled pass for {activation}"):
        layer_gradient(activation, weights, x, y, compiled=True)
    wanted = ResidualNetwork(activation=ACTIVATIONS[activation]).gradient(weights, x, y)
    assert np.array_equal(layer_gradient(activation, weights, x, y)(weights).V, wanted.V)


def test_data_or_weights_that_do_not_fit_are_refused_before_anything_is_written():
    weights, x, y = example()
    with pytest.raises(ResidualError, match="x has shape"):
        layer_gradient("gelu", weights, x[:, :2], y)
    with pytest.raises(ResidualError, match="y has shape"):
        layer_gradient("gelu", weights, x, y[:-1])
    shallower = dataclasses.replace(weights, V=weights.V[:3], W=weights.W[:3])
    with pytest.raises(ResidualError, match="weights of shape"):
        layer_gradient("gelu", weights, x, y)(shallower)
