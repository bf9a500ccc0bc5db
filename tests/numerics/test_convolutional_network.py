"""The convolutional network: its formula by sums, its start, its training by written-out steps, and going on from a state."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import erf

from numerics.convolutional_network import Architecture, Training, initial_state, logits, moved, train
from numerics.labelled_images import LabelledImages, digits

torch = pytest.importorskip("torch")
NET = Architecture(depth=3, activation="gelu", colours=1, side=8, stride=1, pool=3)
RUN = Training(epochs=3, crop=1, flip=False)


def seeds(*key):
    return np.random.SeedSequence(5, spawn_key=key)


def few(count=40):
    return digits().first(count, 20)


def tensors(values, **options):
    return {name: torch.tensor(value, **options) for name, value in values.items()}


def convolved(x, kernel, bias, stride, padding):
    """Return a convolution by its sums."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    size, side = kernel.shape[-1], (x.shape[-1] + 2 * padding - kernel.shape[-1]) // stride + 1
    found = np.empty((len(x), len(kernel), side, side))
    for i in range(side):
        for j in range(side):
            patch = padded[:, :, i * stride : i * stride + size, j * stride : j * stride + size]
            found[:, :, i, j] = np.einsum("ncab,ocab->no", patch, kernel)
    return found + bias[:, None, None]


def by_sums(a, p, running, x):
    """Return the logits of a network not in training, by sums."""

    def norm(h, name, k=...):
        mean, variance = running[f"{name}.mean"][k], running[f"{name}.variance"][k]
        scale, shift = p[f"{name}.scale"][k], p[f"{name}.shift"][k]
        by = [v.reshape(-1, 1, 1).astype(float) for v in (mean, variance, scale, shift)]
        return (h - by[0]) / np.sqrt(by[1] + 1e-5) * by[2] + by[3]

    h = np.maximum(norm(convolved(x, p["first.weight"], np.zeros(a.channels), a.stride, a.padding), "first"), 0)
    for k in range(a.depth):
        z = norm(convolved(h, p["conv1.weight"][k], p["conv1.bias"][k], 1, 1), "norm1", k)
        z = z * (1 + erf(z / np.sqrt(2))) / 2
        h = h + norm(convolved(z, p["conv2.weight"][k], p["conv2.bias"][k], 1, 1), "norm2", k) / a.depth
    n, c, side, _ = h.shape
    kept = side // a.pool
    pooled = h[:, :, : kept * a.pool, : kept * a.pool].reshape(n, c, kept, a.pool, kept, a.pool).mean(axis=(3, 5))
    return pooled.reshape(n, -1) @ p["last.weight"].T + p["last.bias"]


def test_the_logits_are_those_of_plain_sums():
    state, rng = initial_state(NET, "iid", "gaussian", seeds(0)), np.random.default_rng(0)
    p = {name: value + 0.3 * rng.standard_normal(value.shape) for name, value in state.parameters.items()}
    running = {name: value + 0.3 * rng.random(value.shape) for name, value in state.running.items()}
    x = rng.standard_normal((2, 1, 8, 8))
    found = logits(NET, tensors(p), tensors(running), torch.tensor(x), training=False)
    np.testing.assert_allclose(found.numpy(), by_sums(NET, p, running, x), rtol=1e-10, atol=1e-10)


def test_at_the_start_every_layer_is_the_identity():
    x = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    found = []
    for depth, normalized in ((1, True), (7, True), (7, False)):
        a = replace(NET, depth=depth, normalized=normalized)
        state = initial_state(a, "iid", "gaussian", seeds(0))
        found.append(logits(a, tensors(state.parameters), tensors(state.running), x, training=True).numpy())
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)


def test_tied_layers_are_equal_independent_ones_are_not_and_neither_depends_on_the_depth():
    tied, iid, deep = (
        initial_state(replace(NET, depth=depth), start, "uniform", seeds(1)).parameters
        for start, depth in (("tied", 3), ("iid", 3), ("iid", 5))
    )
    for name in ("conv1.weight", "conv2.bias"):
        assert all(np.array_equal(tied[name][0], layer) for layer in tied[name])
        assert not any(np.array_equal(a, b) for a, b in pairwise(iid[name]))
        np.testing.assert_array_equal(tied[name][0], iid[name][0])
        np.testing.assert_array_equal(iid[name], deep[name][:3])


@pytest.mark.parametrize(("law", "kurtosis"), [("uniform", 1.8), ("gaussian", 3.0)])
def test_the_start_has_the_variance_of_torchs_default_and_the_kurtosis_of_its_law(law, kurtosis):
    weights = initial_state(replace(NET, depth=16), "iid", law, seeds(2)).parameters["conv1.weight"].astype(float)
    default = torch.nn.Conv2d(16, 16, 3)
    assert np.var(weights) == pytest.approx(1 / (3 * 144), rel=0.03)
    assert float(default.weight.detach().abs().max()) <= 1 / 12
    assert np.mean(weights**4) / np.var(weights) ** 2 == pytest.approx(kurtosis, rel=0.05)


def test_one_epoch_is_that_of_modules_of_torch():
    images, a = few(), replace(NET, depth=2, activation="relu")
    training = replace(RUN, epochs=2, crop=0, batch=20)
    state = initial_state(a, "iid", "gaussian", seeds(3))
    (after, _) = train(a, training, images, state, seeds(4))
    p = tensors(state.parameters)
    modules = torch.nn.ModuleDict({"first": torch.nn.Conv2d(1, 16, 5, padding=1, bias=False), "n": torch.nn.BatchNorm2d(16)})
    modules["last"] = torch.nn.Linear(64, 10)
    for k in range(2):
        for i in (1, 2):
            modules[f"c{i}{k}"] = torch.nn.Conv2d(16, 16, 3, padding=1)
            modules[f"b{i}{k}"] = torch.nn.BatchNorm2d(16)
    with torch.no_grad():
        modules["first"].weight.copy_(p["first.weight"])
        modules["last"].weight.copy_(p["last.weight"])
        modules["last"].bias.copy_(p["last.bias"])
        for k in range(2):
            for i in (1, 2):
                modules[f"c{i}{k}"].weight.copy_(p[f"conv{i}.weight"][k])
                modules[f"c{i}{k}"].bias.copy_(p[f"conv{i}.bias"][k])
            modules[f"b2{k}"].weight.zero_()

    def forward(x):
        h = modules["n"](modules["first"](x)).relu()
        for k in range(2):
            h = h + modules[f"b2{k}"](modules[f"c2{k}"](modules[f"b1{k}"](modules[f"c1{k}"](h)).relu())) / 2
        return modules["last"](torch.nn.functional.avg_pool2d(h, 3).flatten(1))

    velocities = {name: np.zeros(p.shape) for name, p in modules.named_parameters()}
    child = np.random.default_rng(seeds(4, 0))
    order = child.permutation(40)
    for at in (0, 20):
        chosen = order[at : at + 20]
        loss = torch.nn.functional.cross_entropy(
            forward(torch.tensor(images.normalized(images.train[chosen]))), torch.tensor(images.train_labels[chosen])
        )
        names, weights = zip(*modules.named_parameters(), strict=True)
        for name, p, slope in zip(names, weights, torch.autograd.grad(loss, weights), strict=True):
            velocities[name] = 0.9 * velocities[name] + slope.numpy() + 5e-4 * p.detach().numpy()
            p.data -= torch.tensor(0.04 * velocities[name], dtype=torch.float32)
    for k in range(2):
        np.testing.assert_allclose(after.parameters["conv1.weight"][k], modules[f"c1{k}"].weight.detach(), atol=2e-6)
        np.testing.assert_allclose(after.parameters["norm2.scale"][k], modules[f"b2{k}"].weight.detach(), atol=2e-6)
        np.testing.assert_allclose(after.running["norm1.variance"][k], modules[f"b1{k}"].running_var, rtol=1e-5)
    np.testing.assert_allclose(after.parameters["last.weight"], modules["last"].weight.detach(), atol=2e-6)


def test_the_rate_falls_from_the_printed_one_along_half_a_cosine():
    rates = np.array([Training(epochs=8).rate_of(epoch) for epoch in range(9)])
    assert rates[[0, 4]] == pytest.approx([0.04, 0.02], rel=1e-12)
    assert rates[8] == pytest.approx(0, abs=1e-17)
    # A cosine obeys f(e + 1) + f(e - 1) = 2 cos(pi/8) f(e), about its mean.
    about = rates - 0.02
    np.testing.assert_allclose(about[2:] + about[:-2], 2 * np.cos(np.pi / 8) * about[1:-1], atol=1e-15)


def test_a_training_that_goes_on_from_any_epoch_ends_bit_by_bit_like_a_whole_one():
    images = few()
    start = initial_state(NET, "tied", "gaussian", seeds(6))
    whole = list(train(NET, RUN, images, start, seeds(7)))
    again = list(train(NET, RUN, images, whole[0], seeds(7)))
    assert [state.log for state in again] == [state.log for state in whole[1:]]
    for group in ("parameters", "momenta", "running"):
        for name, value in getattr(whole[-1], group).items():
            np.testing.assert_array_equal(value, getattr(again[-1], group)[name])


def test_the_factor_of_the_residual_layers_is_theirs_only():
    images = few()
    start = initial_state(NET, "tied", "gaussian", seeds(8))
    one, five = (next(train(NET, replace(RUN, layer_rate=f, batch=40), images, start, seeds(9))).parameters for f in (1.0, 5.0))
    moves = [value["norm2.scale"] - start.parameters["norm2.scale"] for value in (one, five)]
    # The scales start at 0, so that weight decay does not move them yet.
    np.testing.assert_allclose(5 * moves[0], moves[1], rtol=1e-5)
    np.testing.assert_array_equal(one["last.weight"], five["last.weight"])


def test_a_loss_that_is_not_finite_ends_the_training():
    images = few()
    start = initial_state(NET, "tied", "gaussian", seeds(8))
    states = list(train(NET, replace(RUN, rate=1e30, batch=10), images, start, seeds(9)))
    assert states[-1].diverged
    assert len(states) < 3


def test_moved_images_are_cut_from_a_black_margin_and_mirrored_half_of_the_time():
    images = np.arange(1, 10, dtype=np.uint8).reshape(1, 3, 3, 1).repeat(400, axis=0)
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(moved(images, 0, flip=False, rng=rng), images)
    found = moved(images, 1, flip=True, rng=rng)[..., 0]
    padded = np.pad(images[0, ..., 0], 1)
    allowed = {padded[i : i + 3, j : j + 3][:, ::way].tobytes() for i in range(3) for j in range(3) for way in (1, -1)}
    assert {image.tobytes() for image in found} == allowed
    # The rows of the images rise from left to right, and so do those of no mirror image.
    seen = [np.diff(row[row > 0].astype(int)) for row in found[:, 1]]
    mirrored = [steps[0] < 0 for steps in seen if steps.size]
    # Fair coins: four standard deviations.
    assert len(mirrored) == 400
    assert abs(sum(mirrored) - 200) < 40


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"activation": "sine"}, "activation 'sine': allowed are identity, gelu, relu"),
        ({"depth": 0}, "depth 0: at least 1"),
        ({"residual_stride": 2}, "residual stride 2: the layer would have fewer pixels than h and could not be added"),
        ({"stride": 3}, "2 pixels are left, fewer than the 3 averaged"),
    ],
)
def test_a_network_that_does_not_fit_is_refused(change, says):
    with pytest.raises(ValueError, match=says):
        replace(NET, **change)


def test_the_digits_are_split_once_and_for_all_and_keep_every_image():
    images = digits()
    assert isinstance(images, LabelledImages)
    assert (len(images.train), len(images.test), int(images.train.max())) == (1437, 360, 16)
    x = images.normalized(images.train)
    assert x.shape == (1437, 1, 8, 8)
    assert x.mean() == pytest.approx(0, abs=1e-5)
    assert x.std() == pytest.approx(1, abs=1e-5)
    assert np.bincount(images.train_labels).min() > 120
