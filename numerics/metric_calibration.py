r"""Whether each metric tells apart what it is asked to, on the images at hand: before it is used, not after.

Four kinds of images stand for what a model may produce: training copies with a little noise (no novelty), fresh real images
(what one wants), draws from a Gaussian with the training images' mean and covariance (novelty without fidelity) and white noise
(neither). A metric of copying must tell copies from the other three; one of fidelity must tell fresh images from the Gaussian
and from noise. No distance between distributions can be asked to tell copies from fresh images, whatever the model.

Longer than most files: what a calibration is, and that of every metric.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from numerics.copies import NearestCopies, Share, nearest_copies, share_of
from numerics.copy_cosine import CosineDetector
from numerics.distribution_distances import frechet_distance, precision_recall, sliced_wasserstein
from numerics.images import Images, same_shape
from numerics.neighbours import Array
from numerics.principal_components import PrincipalSpace, principal_space
from numerics.stand_ins import Kind, gaussian_images, noise_images, training_copies

RATIO_METRIC, COSINE_METRIC = "nearest-neighbour ratio", "cosine"
METRICS = ("sliced Wasserstein", "Fréchet", "precision", "recall")
REPEATS = 8
"""Repetitions of a distance: two sets of 8 exchangeable values are apart with probability 2/C(16, 8) = 1.6e-4. Repetitions
share real images and are not independent, so that this is a guide and no level."""
FEWEST = 8
"""Real images in each half of the test images, below which distances and precision are not calibrated."""

COPYING = tuple((Kind.COPIES, other) for other in (Kind.FRESH, Kind.GAUSSIAN, Kind.NOISE))
FIDELITY = ((Kind.FRESH, Kind.GAUSSIAN), (Kind.FRESH, Kind.NOISE))


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A metric on one kind of images.

    Parameters
    ----------
    value, low, high
        The value with an interval: the exact 95% interval of a share, the range over repetitions of a distance.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class MetricCalibration:
    """What a metric says of the four kinds.

    Parameters
    ----------
    metric
        Its name.
    readings
        One a kind.
    required
        The pairs of kinds that it must tell apart.
    false_positives
        For a metric of copying, the share of real held-out images that it calls copies.
    """

    metric: str
    readings: Mapping[Kind, Reading]
    required: tuple[tuple[Kind, Kind], ...]
    false_positives: Share | None = None

    def separates(self, left: Kind, right: Kind) -> bool:
        """Return whether the intervals of two kinds are disjoint."""
        one, other = self.readings[left], self.readings[right]
        return one.high < other.low or other.high < one.low

    @property
    def confused(self) -> tuple[tuple[Kind, Kind], ...]:
        """The pairs that it must tell apart and does not."""
        return tuple(pair for pair in self.required if not self.separates(*pair))

    @property
    def usable(self) -> bool:
        """Whether it tells apart all that it must; a metric of nothing is not usable."""
        return bool(self.required) and not self.confused


def _of_share(share: Share) -> Reading:
    return Reading(value=share.share, low=share.low, high=share.high)


def calibrate_copies(
    *,
    train: Images,
    held_out: Images,
    detector: CosineDetector | None,
    count: int,
    rng: np.random.Generator,
    of_held_out: NearestCopies | None = None,
) -> tuple[MetricCalibration, ...]:
    """Calibrate the ratio and the cosine as metrics of copying.

    Parameters
    ----------
    train
        The training images.
    held_out
        Real images that were not trained on.
    detector
        The cosine, calibrated on these images, or None; its false positives are those among the images that did not set it.
    count
        How many images of each made kind are judged.
    rng
        Their source.
    of_held_out
        The nearest training images of the held-out ones, where they are known already.

    Returns
    -------
    tuple of MetricCalibration
        Of the ratio and, with a detector, of the cosine.
    """
    made = {
        Kind.COPIES: training_copies(train, count, rng),
        Kind.GAUSSIAN: gaussian_images(train, count, rng),
        Kind.NOISE: noise_images(train, count, rng),
    }
    near = of_held_out or nearest_copies(train=train, judged=held_out)
    tests: list[tuple[str, Share, Callable[[Images], Array]]] = [
        (RATIO_METRIC, share_of(near.copied), lambda images: nearest_copies(train=train, judged=images).copied)
    ]
    if detector is not None:
        tests.append((COSINE_METRIC, detector.checked, detector.copied))
    return tuple(
        MetricCalibration(
            metric=name,
            readings={Kind.FRESH: _of_share(false)} | {kind: _of_share(share_of(copied(made[kind]))) for kind in made},
            required=COPYING,
            false_positives=false,
        )
        for name, false, copied in tests
    )


def calibrate_distances(
    *, train: Images, test: Images, directions: Array, components: int, rng: np.random.Generator
) -> tuple[MetricCalibration, ...]:
    """Calibrate sliced Wasserstein, Fréchet, precision and recall as metrics of fidelity, at one half of the test images.

    Every repetition splits the test images at random, one half to compare with and one half in the role of fresh images.

    Parameters
    ----------
    train, test
        Real images.
    directions
        Of the sliced distances, in pixels, shape ``(d, L)``.
    components
        Of the space of the others, at most.
    rng
        The source of the halves and of the made images.

    Returns
    -------
    tuple of MetricCalibration
        In this order.

    Raises
    ------
    ValueError
        If the halves have fewer than 8 images, or the shapes differ.
    """
    same_shape("distances", train, test)
    half = len(test) // 2
    if half < FEWEST:
        raise ValueError(f"{test.name}: {len(test)} images; calibrating a distance needs {2 * FEWEST}")
    space = principal_space(train.rows, components)
    values: dict[tuple[int, Kind], list[float]] = {}
    for stream in rng.spawn(REPEATS):
        order = stream.permutation(len(test))
        real = test.rows[order[:half]]
        kinds = {
            Kind.COPIES: training_copies(train, half, stream).rows,
            Kind.FRESH: test.rows[order[half : 2 * half]],
            Kind.GAUSSIAN: gaussian_images(train, half, stream).rows,
            Kind.NOISE: noise_images(train, half, stream).rows,
        }
        for kind, rows in kinds.items():
            for place, value in enumerate(fidelity(real=real, judged=rows, directions=directions, space=space)):
                values.setdefault((place, kind), []).append(value)
    required = (FIDELITY, FIDELITY, FIDELITY[1:], FIDELITY[1:])
    return tuple(
        MetricCalibration(metric=name, readings={kind: _range(values[place, kind]) for kind in Kind}, required=required[place])
        for place, name in enumerate(METRICS)
    )


def fidelity(*, real: Array, judged: Array, directions: Array, space: PrincipalSpace) -> tuple[float, float, float, float]:
    """Return sliced Wasserstein distance, Fréchet distance, precision and recall of rows, in this order.

    Parameters
    ----------
    real, judged
        Rows of pixels.
    directions
        Of the sliced distance.
    space
        Of the others.

    Returns
    -------
    tuple of float
        The four numbers.
    """
    near, far = space.coordinates(real), space.coordinates(judged)
    return (
        sliced_wasserstein(judged, real, directions),
        frechet_distance(far, near),
        *precision_recall(real=near, generated=far),
    )


def _range(values: list[float]) -> Reading:
    return Reading(value=float(np.mean(values)), low=min(values), high=max(values))
