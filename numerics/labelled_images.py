"""Labelled images in bytes, and the digits that scikit-learn ships."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Labels: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float32]
TESTED = 360
"""Digits that are kept for the test, a fifth of all 1797."""
SPLIT = 0
"""Seed of the split of the digits."""


@dataclass(frozen=True, kw_only=True)
class LabelledImages:
    """Training and test images of some classes.

    Parameters
    ----------
    name
        What they are.
    train, test
        Images, shape ``(n, height, width, colours)``.
    train_labels, test_labels
        Their classes, from 0.
    largest
        The value of a white pixel.
    center, scale
        Mean and standard deviation of each colour, in units of ``largest``.
    classes
        How many classes.
    """

    name: str
    train: Bytes
    train_labels: Labels
    test: Bytes
    test_labels: Labels
    largest: int
    center: tuple[float, ...]
    scale: tuple[float, ...]
    classes: int = 10

    def normalized(self, images: Bytes) -> Floats:
        """Return images with each colour centred and scaled, colours first.

        Parameters
        ----------
        images
            Shape ``(n, height, width, colours)``.

        Returns
        -------
        numpy.ndarray
            Shape ``(n, colours, height, width)``.
        """
        center, scale = (np.array(value, dtype=np.float32) for value in (self.center, self.scale))
        values = (images.astype(np.float32) / np.float32(self.largest) - center) / scale
        return np.ascontiguousarray(values.transpose(0, 3, 1, 2))

    def first(self, train: int | None, test: int | None) -> LabelledImages:
        """Return the same with the first images only; None keeps all.

        Parameters
        ----------
        train, test
            How many.

        Returns
        -------
        LabelledImages
            Views of the same images.
        """
        kept: dict[str, Any] = {**vars(self), "train": self.train[:train], "train_labels": self.train_labels[:train]}
        return LabelledImages(**kept | {"test": self.test[:test], "test_labels": self.test_labels[:test]})


def digits() -> LabelledImages:
    """Return the 8 x 8 handwritten digits that scikit-learn ships, split at random once and for all.

    Returns
    -------
    LabelledImages
        1437 training and 360 test images of 0 to 16.

    Raises
    ------
    ValueError
        If scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ValueError("the digits need scikit-learn: pip install 'quod[examples]'") from None
    loaded = load_digits()
    order = np.random.default_rng(SPLIT).permutation(len(loaded.images))
    images, labels = loaded.images[order, :, :, None].astype(np.uint8), loaded.target[order].astype(np.int64)
    values = images[:-TESTED] / 16
    return LabelledImages(
        name="digits of scikit-learn, 8 x 8",
        train=images[:-TESTED],
        train_labels=labels[:-TESTED],
        test=images[-TESTED:],
        test_labels=labels[-TESTED:],
        largest=16,
        center=(float(values.mean()),),
        scale=(float(values.std()),),
    )
