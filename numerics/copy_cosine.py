"""Copies by a cosine: how similar an image must be to a training image is learnt from real images that were not trained on.

The cosine is that of two images after subtracting the mean of the training images and projecting on their leading principal
components. Held-out real images exceed the threshold at a stated rate, and others of them measure that rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from numerics.copies import Share, generated_set, share_of, training_set
from numerics.images import Images, same_shape, shared
from numerics.neighbours import Array, nearest
from numerics.principal_components import PrincipalSpace, principal_space

COMPONENTS = 50


@dataclass(frozen=True, kw_only=True)
class CosineDetector:
    """Copies by cosine in principal components, with a threshold calibrated on held-out real images.

    Parameters
    ----------
    space
        The principal components of the training images.
    training
        Unit vectors of the training images in it, shape ``(n, r)``.
    shape
        Channels, height and width.
    threshold
        A larger cosine is a copy.
    stated
        The false-positive rate that the threshold keeps on average.
    calibration
        How many real images set it.
    checked
        The false positives among real images that did not set it.
    """

    space: PrincipalSpace
    training: Array
    shape: tuple[int, ...]
    threshold: float
    stated: float
    calibration: int
    checked: Share

    def similarity(self, judged: Images) -> tuple[Array, Array]:
        """Return the number of the most similar training image and the cosine, of every judged image.

        Parameters
        ----------
        judged
            Images of the same shape.

        Returns
        -------
        tuple of numpy.ndarray
            Numbers and cosines. An image without any component in the space has cosine 0 by convention.

        Raises
        ------
        ValueError
            If the shape is another one.
        """
        if judged.values.shape[1:] != self.shape:
            raise ValueError(
                f"{judged.name}: (channels, height, width) = {judged.values.shape[1:]}, calibrated for {self.shape}"
            )
        return _largest_cosines(_unit(self.space, judged.rows), self.training)

    def copied(self, judged: Images) -> Array:
        """Return whether each judged image is a copy: its cosine exceeds the threshold."""
        return np.asarray(self.similarity(judged)[1] > self.threshold)

    def copied_share(self, *, generated: Images) -> Share:
        """Return the share of generated images that are copies; real ones raise ``ValueError``."""
        return share_of(self.copied(generated_set(generated)))


def _unit(space: PrincipalSpace, rows: Array) -> Array:
    coordinates = space.coordinates(rows)
    length = np.linalg.norm(coordinates, axis=1, keepdims=True)
    # Below the rounding of the projection a direction is noise.
    rounding = np.finfo(np.float64).eps * rows.shape[1] * (1 + np.abs(space.mean).max())
    return np.where(length > rounding, coordinates / np.maximum(length, rounding), 0.0)


def _largest_cosines(judged: Array, training: Array) -> tuple[Array, Array]:
    # For unit vectors the nearest is the most similar, and 1 - |u - v|^2/2 is accurate near 1, where copies are.
    found = nearest(judged, training, 1)
    empty = ~np.any(judged, axis=1)
    return found.index[:, 0], np.where(empty, 0.0, 1 - found.distance[:, 0] ** 2 / 2)


def calibrate_cosine(
    *,
    train: Images,
    held_out: Images,
    rng: np.random.Generator,
    false_positives: float = 0.01,
    components: int = COMPONENTS,
) -> CosineDetector:
    r"""Choose the threshold that real images exceed with probability at most the stated rate, and check it on others.

    Half of the held-out images, m of them chosen at random, set the threshold: the k-th largest of their cosines with
    :math:`k=\lfloor\alpha(m+1)\rfloor`. A further image that is exchangeable with them exceeds it with probability at most
    :math:`k/(m+1)\le\alpha`, without any assumption on the distribution. The other half counts what really exceeds it.

    Parameters
    ----------
    train
        The training images.
    held_out
        Real images that were not trained on, none of them equal to a training image.
    rng
        Source of the halves.
    false_positives
        The rate alpha, in (0, 1).
    components
        How many principal components at most.

    Returns
    -------
    CosineDetector
        The detector.

    Raises
    ------
    ValueError
        If roles are swapped, shapes differ, held-out images are training images, or they are too few for the rate.
    """
    same_shape("cosines", training_set(train), held_out)
    if held_out.generated:
        raise ValueError(f"{held_out.name}: generated images cannot calibrate; real ones that were not trained on can")
    if not 0 < false_positives < 1:
        raise ValueError(f"a false-positive rate of {false_positives} is not between 0 and 1")
    same = shared(train, held_out)
    if same.any():
        raise ValueError(f"{held_out.name}: image {int(np.argmax(same))} is a training image, and {int(same.sum())} in all are")
    half, least = len(held_out) // 2, math.ceil(1 / false_positives - 1e-9) - 1
    if half < least:
        raise ValueError(f"{held_out.name}: {len(held_out)} images; a rate of {false_positives:g} needs {2 * least}")
    space = principal_space(train.rows, components)
    training, order = _unit(space, train.rows), rng.permutation(len(held_out))
    cosines = _largest_cosines(_unit(space, held_out.rows[order]), training)[1]
    rank = math.floor(false_positives * (half + 1) + 1e-9)
    threshold = float(np.sort(cosines[:half])[-rank])
    return CosineDetector(
        space=space,
        training=training,
        shape=train.values.shape[1:],
        threshold=threshold,
        stated=false_positives,
        calibration=half,
        checked=share_of(cosines[half:] > threshold),
    )
