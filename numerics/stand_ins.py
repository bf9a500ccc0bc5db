"""Images of known origin that stand for what a model may produce: copies, a fitted Gaussian, noise; and fresh real images."""

from __future__ import annotations

import math
from enum import Enum

import numpy as np

from numerics.images import Images, generated_images

COPY_NOISE = 0.05
"""The noise of copies: a fortieth of the range of a pixel."""


class Kind(Enum):
    """What stands for the output of a model."""

    COPIES = "training copies"
    FRESH = "fresh real images"
    GAUSSIAN = "fitted Gaussian"
    NOISE = "white noise"


def training_copies(train: Images, count: int, rng: np.random.Generator, noise: float = COPY_NOISE) -> Images:
    """Return training images drawn with replacement, with independent Gaussian noise on every pixel.

    Parameters
    ----------
    train
        The training images.
    count
        How many.
    rng
        The source.
    noise
        Standard deviation of the noise; with 0 they are draws of the exact empirical sampler.

    Returns
    -------
    Images
        Generated images.
    """
    chosen = train.values[rng.integers(0, len(train), count)]
    return generated_images(chosen + noise * rng.standard_normal(chosen.shape), Kind.COPIES.value)


def gaussian_images(train: Images, count: int, rng: np.random.Generator) -> Images:
    r"""Return draws of the Gaussian with the mean and covariance of the training images, clipped to [-1, 1].

    A draw is :math:`\bar x+\sum_iz_i(x_i-\bar x)/\sqrt{n-1}`: no covariance is formed, and a singular one does no harm.

    Parameters
    ----------
    train
        The training images, two at least.
    count
        How many.
    rng
        The source.

    Returns
    -------
    Images
        Generated images.

    Raises
    ------
    ValueError
        If there is one training image.
    """
    if len(train) < 2:
        raise ValueError(f"{train.name}: one image has no covariance")
    mean = train.rows.mean(axis=0)
    draws = mean + rng.standard_normal((count, len(train))) @ (train.rows - mean) / math.sqrt(len(train) - 1)
    return generated_images(draws.reshape(count, *train.values.shape[1:]), Kind.GAUSSIAN.value)


def noise_images(train: Images, count: int, rng: np.random.Generator) -> Images:
    """Return standard Gaussian noise of the training images' shape, clipped to [-1, 1]: what an untrained flow starts from.

    Parameters
    ----------
    train
        Where the shape comes from.
    count
        How many.
    rng
        The source.

    Returns
    -------
    Images
        Generated images.
    """
    return generated_images(rng.standard_normal((count, *train.values.shape[1:])), Kind.NOISE.value)
