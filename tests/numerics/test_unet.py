"""The U-Net: the published numbers of parameters, layers by plain loops, and training by the code that trains perceptrons."""

from __future__ import annotations

import math

import numpy as np
import pytest

import numerics.unet as module
from numerics.many_runs import Run, Stack
from numerics.unet import UNet
from numerics.unet_layers import Layer, layer_shapes
from numerics.velocity_networks import as_velocity

torch = pytest.importorskip("torch")
TINY = UNet(
    base=4, channels=2, side=4, multipliers=(1, 2), blocks=(1, 1), attention=(False, True), classes=3, embedding=8, head=4
)


def arrays(layer, rng):
    return {name: torch.from_numpy(rng.standard_normal(shape)) for name, shape in layer_shapes(layer, 8).items()}


def by_hand(image, weights, bias):
    """A convolution by sums over the places of its kernel."""
    reach = weights.shape[-1] // 2
    wide = np.pad(image, ((0, 0), (reach, reach), (reach, reach)))
    side = image.shape[1]
    total = np.zeros((len(weights), side, side))
    for a in range(weights.shape[2]):
        for b in range(weights.shape[3]):
            total += np.einsum("oc,cij->oij", weights[:, :, a, b], wide[:, a : a + side, b : b + side])
    return total + bias[:, None, None]


def unit(image, gain):
    return image / np.sqrt((image**2).mean(axis=0) + 1e-5) * gain[:, None, None]


def silu(x):
    return x / (1 + np.exp(-x))


@pytest.mark.parametrize(
    ("base", "count"), [(16, 2_926_690), (32, 7_929_010), (64, 25_751_890), (128, 92_670_610), (192, 201_286_610)]
)
def test_the_five_published_sizes_are_those_of_the_bases_16_to_192(base, count):
    assert UNet(base=base, channels=3, side=32).count == count == 5090 * base**2 + 68325 * base + 530450


@pytest.mark.parametrize(("inputs", "outputs"), [(3, 5), (4, 4)])
@pytest.mark.parametrize("resample", ["", "down", "up"])
def test_a_residual_block_is_the_one_of_plain_sums(inputs, outputs, resample):
    layer = Layer(name="a", kind="residual", inputs=inputs, outputs=outputs, side=4, resample=resample)
    rng = np.random.default_rng(0)
    weights, x, context = arrays(layer, rng), rng.standard_normal((1, inputs, 4, 4)), rng.standard_normal((1, 8))
    found = module._residual(layer, weights, torch.from_numpy(x), torch.from_numpy(context))[0].numpy()
    m = {name: a.numpy() for name, a in weights.items()}

    def resampled(image):
        if resample == "down":
            return image.reshape(len(image), 2, 2, 2, 2).mean(axis=(2, 4))
        return image.repeat(2, axis=1).repeat(2, axis=2) if resample == "up" else image

    inner = unit(by_hand(resampled(silu(unit(x[0], m["norm"]))), m["w1"], m["b1"]), m["norm1"])
    scale, shift = np.split(m["context"] @ context[0] + m["bcontext"], 2)
    inner = by_hand(silu((1 + scale[:, None, None]) * inner + shift[:, None, None]), m["w2"], m["b2"])
    skip = resampled(x[0])
    expected = inner + (by_hand(skip, m["skip"], m["bskip"]) if inputs != outputs else skip)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_attention_is_the_softmax_of_cosines_head_by_head():
    layer = Layer(name="a", kind="attention", inputs=8, outputs=8, side=3)
    rng = np.random.default_rng(1)
    weights, x = arrays(layer, rng), rng.standard_normal((1, 8, 3, 3))
    found = module._attention(weights, torch.from_numpy(x), 4)[0].numpy()
    m = {name: a.numpy() for name, a in weights.items()}
    places = unit(x[0], m["norm"]).reshape(8, 9).T
    q, k, v = (places @ m[name].T + m[f"b{name}"] for name in ("q", "k", "v"))
    seen = np.zeros((9, 8))
    for head in (slice(0, 4), slice(4, 8)):
        for i in range(9):
            cosines = [q[i, head] @ k[j, head] / np.linalg.norm(q[i, head]) / np.linalg.norm(k[j, head]) for j in range(9)]
            chances = np.exp(m["scale"] * np.array(cosines))
            seen[i, head] = chances @ v[:, head] / chances.sum()
    expected = x[0] + (seen @ m["o"].T + m["bo"]).T.reshape(8, 3, 3)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_what_goes_up_meets_what_was_kept_going_down_at_the_same_side():
    for network in (TINY, UNet(base=8, channels=1, side=8, blocks=(2, 1, 3))):
        kept, side = [(network.base, network.side)], network.side
        for layer in network.layers:
            assert layer.side == side
            side = {"down": side // 2, "up": 2 * side, "": side}[layer.resample]
            if layer.joins:
                channels, at = kept.pop()
                assert at == side
                assert layer.inputs > channels
            if layer.keeps:
                kept.append((layer.outputs, side))
        assert not kept
        assert side == network.side


def runs(count):
    data = np.random.default_rng(0).uniform(-1, 1, (6, TINY.pixels))
    return [Run(data=data, labels=np.arange(6) % 3, rate=1e-2, batch=16, seed=seed) for seed in range(count)]


def test_training_lowers_the_loss_from_a_velocity_of_zero_whatever_the_company_and_listens_to_time_and_class():
    together, alone = Stack(TINY, runs(2), average=0.9), Stack(TINY, runs(2)[1:], average=0.9)
    x, t, labels = np.random.default_rng(1).standard_normal((6, TINY.pixels)), np.full(6, 0.5), np.arange(6) % 3
    assert not as_velocity(TINY, alone.rows)(x, t, labels).any()
    for stack in (together, alone):
        stack.advance(3)
    assert together.rows[1].numpy().tobytes() == alone.rows[0].numpy().tobytes()
    alone.advance(15)
    data, noise = runs(1)[0].data, np.random.default_rng(2).standard_normal((6, TINY.pixels))
    error = as_velocity(TINY, alone.rows)(0.5 * (data + noise), t, labels) - (noise - data)
    assert (error**2).mean() < 0.85 * ((noise - data) ** 2).mean()
    found = [as_velocity(TINY, alone.rows)(x[:1], np.array([t]), np.array([c])) for t, c in ((0.2, 0), (0.8, 0), (0.2, 1))]
    assert min(np.abs(found[0] - other).max() for other in found[1:]) > 1e-3


def test_every_parameter_has_its_place_and_the_start_its_variance():
    row = TINY.initial(np.random.default_rng(0))
    assert len(row) == TINY.row >= TINY.count
    assert not row[TINY.count :].any()
    views = UNet(base=32, channels=3, side=8).views(UNet(base=32, channels=3, side=8).initial(np.random.default_rng(0))[None])
    assert views["down2.1.w1"].var() * 9 * 128 == pytest.approx(1, abs=0.02)
    assert not views["down2.1.w2"].any()
    assert views["middle.look.scale"][0, 0] == pytest.approx(math.log2(4**2 - 4))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"blocks": (1, 1)}, "one a scale"),
        ({"side": 6}, "side = 6: a multiple of 4 is needed for 3 scales"),
        ({"embedding": 7}, "embedding = 7: an even number"),
        ({"base": 48}, "96 channels do not make heads of 64"),
    ],
)
def test_scales_that_do_not_fit_are_refused_in_one_line(change, line):
    with pytest.raises(ValueError, match=line) as caught:
        UNet(**({"base": 32, "channels": 1, "side": 8} | change))
    assert "\n" not in str(caught.value)
