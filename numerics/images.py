"""Images as arrays in [-1, 1], with the checks that every set of images passes wherever it comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numerics.neighbours import Array, among, distinct_rows


@dataclass(frozen=True, kw_only=True)
class Images:
    """Images of one shape.

    Parameters
    ----------
    values
        Shape ``(n, channels, height, width)``, float64 in [-1, 1].
    labels
        Classes, integers of shape ``(n,)``, or None.
    name
        What they are, for the reader.
    generated
        Whether a model made them; real and generated images have different roles in every metric of copying.
    note
        How they were read or made, for the reader.
    """

    values: Array
    labels: Array | None = None
    name: str
    generated: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no set of images.

        Raises
        ------
        ValueError
            If the shape is wrong or empty, the type is not float64, a value is not finite or outside [-1, 1], or the labels
            are not one integer an image.
        """
        values, labels = self.values, self.labels
        if values.ndim != 4 or values.size == 0:
            raise ValueError(f"{self.name}: shape {values.shape}; images need the shape (n, channels, height, width), none 0")
        if values.dtype != np.float64:
            raise ValueError(f"{self.name}: {values.dtype}; images are float64")
        _refuse_not_finite(self.name, values)
        worst = np.unravel_index(int(np.argmax(np.abs(values))), values.shape)
        if abs(values[worst]) > 1:
            raise ValueError(
                f"{self.name}: image {worst[0]} has the value {values[worst]:.6g}; every value must lie in [-1, 1]"
            )
        if labels is not None and (labels.shape != (len(values),) or labels.dtype.kind not in "iu"):
            raise ValueError(
                f"{self.name}: labels of shape {labels.shape} and type {labels.dtype} for {len(values)} images;"
                " one integer an image is needed"
            )

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.values)

    @property
    def rows(self) -> Array:
        """The images as rows, shape ``(n, channels * height * width)``."""
        return self.values.reshape(len(self.values), -1)

    @property
    def blank(self) -> int:
        """How many images have one value in all pixels of a channel, in every channel."""
        return int(np.sum(np.ptp(self.values, axis=(2, 3)).max(axis=1) == 0))

    @property
    def repeated(self) -> int:
        """How many images equal an earlier one."""
        return len(self) - len(distinct_rows(self.rows)[0])

    def take(self, which: Any, name: str | None = None) -> Images:
        """Return some of the images.

        Parameters
        ----------
        which
            Their numbers.
        name
            What they are called; by default as all of them.

        Returns
        -------
        Images
            In the order of the numbers.
        """
        labels = None if self.labels is None else self.labels[which]
        return replace(self, values=self.values[which], labels=labels, name=name or self.name)

    def pooled(self) -> Images:
        """Return the means over squares of 2 by 2 pixels.

        Returns
        -------
        Images
            Of half the height and width.

        Raises
        ------
        ValueError
            If the height or the width is odd.
        """
        n, channels, height, width = self.values.shape
        if height % 2 or width % 2:
            raise ValueError(f"{self.name}: {height} x {width} pixels cannot be pooled 2 by 2: both must be even")
        values = self.values.reshape(n, channels, height // 2, 2, width // 2, 2).mean(axis=(3, 5))
        return replace(self, values=values, name=f"{self.name} pooled to {height // 2} x {width // 2}")


def _refuse_not_finite(name: str, values: Array) -> None:
    bad = ~np.isfinite(values)
    if bad.any():
        at = tuple(int(place) for place in np.argwhere(bad)[0])
        raise ValueError(f"{name}: image {at[0]} is {values[at]} at {at[1:]}; every value must be finite")


def generated_images(values: Any, name: str) -> Images:
    """Return what a model made as images, values beyond [-1, 1] clipped and counted in the note.

    Parameters
    ----------
    values
        Shape ``(n, channels, height, width)``, finite.
    name
        What they are.

    Returns
    -------
    Images
        The generated images.
    """
    raw = np.asarray(values, dtype=np.float64)
    if raw.ndim == 4:
        _refuse_not_finite(name, raw)
    outside = int(np.sum(np.abs(raw) > 1))
    note = f"{outside} of {raw.size} values clipped to [-1, 1]" if outside else ""
    return Images(values=np.clip(raw, -1, 1), name=name, generated=True, note=note)


def shared(left: Images, right: Images) -> Array:
    """Tell which images of the right set are in the left one, value for value.

    Parameters
    ----------
    left, right
        Images of one shape.

    Returns
    -------
    numpy.ndarray
        True or false, one a right image.
    """
    same_shape("images", left, right)
    return among(right.rows, left.rows)


def same_shape(what: str, left: Images, right: Images) -> None:
    """Refuse images of two shapes, in one line.

    Parameters
    ----------
    what
        What is done with them.
    left, right
        The images.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if left.values.shape[1:] != right.values.shape[1:]:
        raise ValueError(
            f"{what}: {left.name} has (channels, height, width) = {left.values.shape[1:]},"
            f" {right.name} {right.values.shape[1:]}"
        )
