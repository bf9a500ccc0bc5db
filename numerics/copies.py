r"""Which generated images are copies of training images, by the ratio of two distances (Yoon et al. 2023).

An image is a copy if :math:`d_1/d_2<1/3` with its distances to the nearest and the second nearest *distinct* training image. An
image that is repeated in the training set counts once, so that an exact copy of it, at :math:`d_1=d_2=0` by the letter, is a
copy. Copies of an image that is repeated with small changes are not seen, since both distances are small: :func:`crowded`.

Roles are named and not exchangeable: generated images to train on, or real ones to be judged as generated, are refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numerics.images import Images, same_shape
from numerics.neighbours import Array, distinct_rows, nearest
from numerics.statistics import clopper_pearson

RATIO = 1 / 3
CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Share:
    """How many of some images have a property, with the exact 95% interval (Clopper-Pearson) of the probability.

    Parameters
    ----------
    count, trials
        How many have it, and of how many.
    low, high
        Ends of the interval: 0 of 100 supports at most 0.036, not 0.
    """

    count: int
    trials: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The share itself."""
        return self.count / self.trials


def share_of(property_of: Array) -> Share:
    """Return the share of true entries; none at all is no sample and raises ``ValueError``."""
    if property_of.size == 0:
        raise ValueError("a share of no images is not a number")
    count, trials = int(np.sum(property_of)), int(property_of.size)
    low, high = clopper_pearson(count, trials, CONFIDENCE)
    return Share(count=count, trials=trials, low=low, high=high)


@dataclass(frozen=True, kw_only=True)
class NearestCopies:
    """The nearest training image of every image, and whether it is a copy by the ratio.

    Parameters
    ----------
    index, second_index
        Numbers of the nearest training image and of the second nearest distinct one; of equal images the first.
    distance, second
        Euclidean distances to both.
    ties
        How many distinct training images are at exactly the smallest distance.
    """

    index: Array
    second_index: Array
    distance: Array
    second: Array
    ties: Array

    @property
    def ratio(self) -> Array:
        """The ratio of both distances; the second one is positive, since two distinct images cannot both be at distance 0."""
        return self.distance / self.second

    @property
    def copied(self) -> Array:
        """Whether each image is a copy: the ratio is below 1/3."""
        return np.asarray(self.ratio < RATIO)


def training_set(train: Images) -> Images:
    """Return the training images; generated ones raise ``ValueError``, since the roles would be swapped."""
    if train.generated:
        raise ValueError(f"{train.name}: generated images are given as the training set; have the roles been swapped?")
    return train


def nearest_copies(*, train: Images, judged: Images) -> NearestCopies:
    """Find the nearest training image of every judged image, generated or, to learn the false-positive rate, real.

    Parameters
    ----------
    train
        The training images, two distinct ones at least.
    judged
        What may be copies.

    Returns
    -------
    NearestCopies
        One entry a judged image.

    Raises
    ------
    ValueError
        If the training images are generated or all equal, or the shapes differ.
    """
    same_shape("distances", training_set(train), judged)
    first, _ = distinct_rows(train.rows)
    if len(first) < 2:
        raise ValueError(
            f"{train.name}: one distinct training image of {len(train)}; a ratio of distances needs two that differ"
        )
    found = nearest(judged.rows, train.rows[first], 2)
    return NearestCopies(
        index=first[found.index[:, 0]],
        second_index=first[found.index[:, 1]],
        distance=found.distance[:, 0],
        second=found.distance[:, 1],
        ties=found.ties,
    )


def crowded(train: Images, most: int = 2000) -> Share:
    """Return the share of distinct training images with another one so near that the ratio would not call a copy of it a copy.

    Let :math:`m` be the median distance of a training image to its nearest neighbour. A copy that is off by :math:`m/10` is
    sure of a ratio below 1/3 only where that distance :math:`g` of its original has :math:`3m/10<g-m/10`.

    Parameters
    ----------
    train
        The training images, two distinct ones at least.
    most
        How many of them are looked at; of more, as many at equal steps.

    Returns
    -------
    Share
        Of the distinct training images that are looked at.
    """
    first, _ = distinct_rows(training_set(train).rows)
    rows = train.rows[first]
    looked = np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(np.int64))
    # The nearest of distinct rows is the row itself.
    gaps = nearest(rows[looked], rows, 2).distance[:, 1]
    return share_of(gaps <= 0.4 * np.median(gaps))


def generated_set(generated: Images) -> Images:
    """Return the generated images; real ones raise ``ValueError``, since the roles would be swapped."""
    if not generated.generated:
        raise ValueError(f"{generated.name}: real images are given as generated ones; have the roles been swapped?")
    return generated


def copied_share(*, train: Images, generated: Images) -> Share:
    """Return the share of generated images that are copies by the ratio.

    Parameters
    ----------
    train, generated
        The images, real and generated in this order; the other order raises ``ValueError``.

    Returns
    -------
    Share
        With its interval.
    """
    return share_of(nearest_copies(train=train, judged=generated_set(generated)).copied)
