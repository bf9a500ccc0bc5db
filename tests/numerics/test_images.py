"""Sets of images and the data sets that packages ship: what they hold, how they are split, what is refused."""

from __future__ import annotations

import gzip
from dataclasses import replace

import numpy as np
import pytest

import numerics.image_data as module
from numerics.image_data import cifar10, digits, fashion_mnist, mnist, split
from numerics.images import Images, generated_images, shared
from numerics.labelled_images import LabelledImages


def random_images(n=12, shape=(1, 4, 4), seed=0, labels=None, name="random"):
    return Images(values=np.random.default_rng(seed).uniform(-1, 1, (n, *shape)), labels=labels, name=name)


@pytest.fixture(scope="module")
def small():
    return digits()


@pytest.fixture(scope="module")
def handwritten():
    return mnist(np.random.default_rng(5))


def nan_at_3():
    values = np.zeros((5, 1, 2, 2))
    values[3, 0, 1, 0] = np.nan
    return values


@pytest.mark.parametrize(
    ("values", "labels", "says"),
    [
        (np.zeros((3, 4, 4)), None, r"shape \(3, 4, 4\); images need the shape \(n, channels, height, width\)"),
        (np.zeros((0, 1, 4, 4)), None, "none 0"),
        (np.zeros((2, 1, 4, 4), np.float32), None, "float32; images are float64"),
        (nan_at_3(), None, r"image 3 is nan at \(0, 1, 0\)"),
        (np.full((2, 1, 1, 1), 1.5), None, "image 0 has the value 1.5"),
        (np.zeros((2, 1, 1, 1)), np.zeros(3, int), "labels of shape"),
        (np.zeros((2, 1, 1, 1)), np.zeros(2), "one integer an image"),
    ],
)
def test_what_is_no_set_of_images_is_refused_in_one_line(values, labels, says):
    with pytest.raises(ValueError, match=says) as refusal:
        Images(values=values, labels=labels, name="these")
    assert str(refusal.value).startswith("these: ")
    assert "\n" not in str(refusal.value)


def test_generated_images_are_clipped_counted_and_never_nan():
    made = generated_images(np.array([1.2, -0.5, -3.0, 1.0]).reshape(1, 1, 2, 2), "made")
    assert made.values.ravel().tolist() == [1.0, -0.5, -1.0, 1.0]
    assert made.note == "2 of 4 values clipped to [-1, 1]"
    assert made.generated
    with pytest.raises(ValueError, match="image 3 is nan"):
        generated_images(nan_at_3(), "made")


def test_pooling_takes_the_mean_of_each_square():
    images = random_images(n=2, shape=(3, 4, 6))
    pooled = images.pooled().values
    for n, c, i, j in np.ndindex(2, 3, 2, 3):
        square = images.values[n, c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        assert pooled[n, c, i, j] == pytest.approx(square.sum() / 4, abs=1e-15)
    with pytest.raises(ValueError, match="3 x 4 pixels cannot be pooled"):
        random_images(shape=(1, 3, 4)).pooled()


def test_repeated_and_blank_images_are_counted():
    values = random_images(n=5).values
    values[1] = values[4] = values[0]
    values[2] = 0.25
    images = Images(values=values, name="five")
    assert (images.repeated, images.blank) == (2, 1)


def test_the_digits_are_the_1797_of_the_package(small):
    assert small.values.shape == (1797, 1, 8, 8)
    assert np.array_equal((small.values + 1) * 8, ((small.values + 1) * 8).round())
    assert (small.values.min(), small.values.max(), small.repeated) == (-1, 1, 0)
    assert np.bincount(small.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_mnist_has_500_digits_a_class_in_an_order_that_the_generator_decides(handwritten):
    assert handwritten.values.shape == (5000, 1, 28, 28)
    assert np.bincount(handwritten.labels).tolist() == [500] * 10
    grey = (handwritten.values + 1) * 127.5
    assert np.abs(grey - grey.round()).max() < 1e-12
    assert grey.max() == 255
    # Sorted by class the first hundred would be zeros.
    assert np.unique(handwritten.labels[:100]).size == 10
    order = np.random.default_rng(5).permutation(5000)
    assert np.array_equal(handwritten.labels, np.repeat(np.arange(10), 500)[order])


def test_a_split_is_disjoint_and_a_smaller_one_is_the_beginning_of_a_larger_one(small):
    chosen = [split(small, train=n, test=200, rng=np.random.default_rng(1)) for n in (50, 100)]
    assert np.array_equal(chosen[0][0].values, chosen[1][0].values[:50])
    for train, test in chosen:
        assert len(test) == 200
        assert not shared(train, test).any()
        assert shared(train, small).sum() == len(train)


def test_without_a_generator_the_first_images_are_taken(small):
    train, test = split(small, train=30, test=10)
    assert np.array_equal(train.values, small.values[:30])
    assert np.array_equal(test.values, small.values[30:40])


def test_by_class_every_class_has_the_same_number(small):
    train, test = split(small, train=40, test=100, by_class=True, rng=np.random.default_rng(2))
    assert np.bincount(train.labels).tolist() == [4] * 10
    assert np.bincount(test.labels).tolist() == [10] * 10


def test_a_test_image_that_equals_a_training_image_is_passed_over():
    images = random_images(n=6)
    doubled = Images(values=np.concatenate([images.values[:2], images.values]), name="doubled")
    train, test = split(doubled, train=2, test=4)
    assert np.array_equal(test.values, images.values[2:])
    assert not shared(train, test).any()
    with pytest.raises(ValueError, match="there are 8, 4 of them equal to a training image"):
        split(doubled, train=2, test=5)


@pytest.mark.parametrize(
    ("labels", "train", "test", "says"),
    [
        (None, 2, 2, "needs labels"),
        (np.repeat([0, 1, 3], 4), 4, 4, "class 2 has 0 images; 2 are needed"),
        (np.repeat([0, 1], [10, 2]), 4, 4, "class 1 has 2 images; 4 are needed"),
        (np.repeat([0, 1], 6), 3, 4, "3 images are not the same number in each of 2 classes"),
        (np.repeat([0, 1], 6), 0, 4, "both must be positive"),
    ],
)
def test_a_missing_class_is_named(labels, train, test, says):
    with pytest.raises(ValueError, match=says):
        split(random_images(labels=labels), train=train, test=test, by_class=True)


def write_idx(path, data, cut=0):
    head = bytes([0, 0, 8, data.ndim]) + b"".join(int(n).to_bytes(4, "big") for n in data.shape)
    whole = head + data.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(whole[: len(whole) - cut]))


@pytest.fixture
def fashion(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (7, 28, 28))
    for start in ("train", "t10k"):
        write_idx(tmp_path / f"{start}-images-idx3-ubyte.gz", pixels)
        write_idx(tmp_path / f"{start}-labels-idx1-ubyte.gz", np.arange(7) % 3)
    return tmp_path, pixels


def test_fashion_mnist_is_read_from_idx_files_compressed_or_not(fashion):
    folder, pixels = fashion
    read = fashion_mnist(folder, "test")
    np.testing.assert_allclose((read.values[:, 0] + 1) * 127.5, pixels, atol=1e-12)
    assert read.labels.tolist() == [0, 1, 2, 0, 1, 2, 0]
    packed = folder / "train-images-idx3-ubyte.gz"
    packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    assert np.array_equal(fashion_mnist(folder).values, read.values)


def test_damaged_idx_files_are_named(fashion):
    folder, pixels = fashion
    file = folder / "train-images-idx3-ubyte.gz"
    whole = file.read_bytes()
    for damage, says in [
        (lambda: file.write_bytes(whole[:-20]), "not a whole gzip file"),
        (lambda: file.write_bytes(b"no gzip"), "not a whole gzip file"),
        (lambda: file.write_bytes(gzip.compress(b"GIF89a")), "not an idx file of bytes: it begins with 47494638"),
        (lambda: write_idx(file, pixels, cut=5), "5483 bytes of data for the shape"),
        (lambda: write_idx(file, pixels[:6]), "do not go together"),
        (file.unlink, "no such file"),
    ]:
        damage()
        with pytest.raises(ValueError, match=says):
            fashion_mnist(folder)


def test_cifar10_comes_with_colours_first_and_in_the_order_of_the_archive(monkeypatch, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3)).astype(np.uint8)
    data = LabelledImages(
        name="CIFAR-10", train=pixels, train_labels=np.arange(9), test=pixels[:4], test_labels=np.arange(4), largest=255,
        center=(0.5,) * 3, scale=(0.2,) * 3,
    )  # fmt: skip
    monkeypatch.setattr(module, "read_cifar10", lambda _path: data)
    read = cifar10(tmp_path, "train", first=5)
    assert (read.values.shape, read.labels.tolist()) == ((5, 3, 32, 32), [0, 1, 2, 3, 4])
    np.testing.assert_allclose((read.values[2, 1] + 1) * 127.5, pixels[2, :, :, 1], atol=1e-12)
    assert len(cifar10(tmp_path, "test")) == 4


def test_images_of_two_shapes_are_not_compared():
    with pytest.raises(ValueError, match=r"random has .* = \(1, 4, 4\), other \(3, 4, 4\)"):
        shared(random_images(), replace(random_images(shape=(3, 4, 4)), name="other"))
