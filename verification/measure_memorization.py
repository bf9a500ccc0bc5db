"""``quod measure memorization``: which of a model's samples copy its training images, and what distances say beside it.

Longer than most files: one measurement in the order in which it is reported, each part with what it cannot tell.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

import numpy as np

from numerics.copies import NearestCopies, Share, crowded, nearest_copies, share_of
from numerics.copy_cosine import COMPONENTS, CosineDetector, calibrate_cosine
from numerics.distribution_distances import exchangeability, sphere_directions, transport_library
from numerics.images import Images, same_shape, shared
from numerics.metric_calibration import (
    FEWEST,
    METRICS,
    MetricCalibration,
    calibrate_copies,
    calibrate_distances,
    fidelity,
)
from numerics.neighbours import Array
from numerics.principal_components import principal_space
from numerics.stand_ins import Kind, gaussian_images, noise_images, training_copies
from theory.statement import InputError

DIRECTIONS, EXCHANGES = 128, 199
MOST_COMPARED, MOST_TESTED = 2000, 1000
"""Images in each set of a distance, as many as in marion2026, and of a permutation test."""
JUDGED = 500
"""Images of each kind in the calibration of copies."""
LEVEL = 0.01
UNSEEN = 0.1
"""Where more of the samples than this may be copies unseen, there is no verdict."""
PAIRS = 10


class Finding(Enum):
    """What can be said."""

    COPIES = "copies training images"
    NONE_SEEN = "no copies seen"
    UNDECIDED = "cannot tell"


@dataclass(frozen=True, kw_only=True)
class CopyMetric:
    """A metric of copying on the samples.

    Parameters
    ----------
    calibration
        What it says of images whose origin is known, with its false positives.
    share
        The share of samples that it calls copies.
    """

    calibration: MetricCalibration
    share: Share

    @property
    def most(self) -> float:
        """The largest share of copies like the noisy ones of the calibration that the samples leave possible (95%)."""
        seen = self.calibration.readings[Kind.COPIES].low
        return min(1.0, self.share.high / seen) if seen > 0 else 1.0

    @property
    def sees_copies(self) -> bool:
        """Whether more samples are called copies than real images that were not trained on, beyond both 95% intervals."""
        false = self.calibration.false_positives
        return self.calibration.usable and false is not None and self.share.low > false.high


@dataclass(frozen=True, kw_only=True)
class Distances:
    """Distances between equal numbers of images.

    Parameters
    ----------
    size
        How many of each set.
    table
        For each pair of sets in words, the four numbers in the order of ``METRICS``.
    calibrations
        Of the four metrics, at half of the held-out images; empty where those are too few.
    like_fresh
        p-value of the samples and the held-out images being draws of one distribution.
    split_is_fair
        p-value of the training and the held-out images being draws of one distribution.
    tested
        How many images of each set those tests had.
    """

    size: int
    table: dict[str, tuple[float, float, float, float]]
    calibrations: tuple[MetricCalibration, ...]
    like_fresh: float
    split_is_fair: float
    tested: int

    def usable(self, metric: str) -> bool:
        """Return whether a metric tells fresh images from what it must, at this size."""
        return any(entry.metric == metric and entry.usable for entry in self.calibrations)


@dataclass(frozen=True, kw_only=True)
class Memorization:
    """What was measured."""

    sets: dict[str, Images]
    dropped: int
    equal: int
    near: NearestCopies
    near_held_out: NearestCopies
    detector: CosineDetector | None
    no_detector: str
    cosine: Array | None
    cosine_held_out: Array | None
    metrics: tuple[CopyMetric, ...]
    crowded: Share
    of_held_out: Share | None
    distances: Distances | None
    no_distances: str

    @property
    def usable(self) -> tuple[CopyMetric, ...]:
        """The metrics of copying that tell copies from all else on these images."""
        return tuple(metric for metric in self.metrics if metric.calibration.usable)

    @property
    def swapped(self) -> bool:
        """Whether more samples copy held-out images than these copy training images, beyond both 95% intervals."""
        false = share_of(self.near_held_out.copied)
        return self.of_held_out is not None and self.of_held_out.low > false.high

    @property
    def finding(self) -> Finding:
        """What can be said about copying."""
        if any(metric.sees_copies for metric in self.metrics):
            return Finding.COPIES
        if self.swapped or not self.usable or min(metric.most for metric in self.usable) > UNSEEN:
            return Finding.UNDECIDED
        return Finding.NONE_SEEN

    def nearest_pairs(self, near: NearestCopies, cosine: Array | None, count: int = PAIRS) -> list[dict[str, Any]]:
        """Return the pairs with the smallest ratios, smallest first, each training image once.

        Parameters
        ----------
        near, cosine
            Of the samples or of the held-out images.
        count
            How many at most.

        Returns
        -------
        list of dict
            Numbers of the image and of its nearest training image, distance, ratio and cosine.
        """
        order = np.lexsort((near.distance, near.ratio))
        first = np.sort(np.unique(near.index[order], return_index=True)[1])[:count]
        return [
            {
                "image": int(at),
                "training_image": int(near.index[at]),
                "distance": float(near.distance[at]),
                "ratio": float(near.ratio[at]),
                "cosine": None if cosine is None else float(cosine[at]),
            }
            for at in order[first]
        ]

    def data(self) -> dict[str, Any]:
        """Return everything as JSON values, with one entry a sample."""
        return {
            "finding": self.finding.value,
            "sets": {role: _described(images) for role, images in self.sets.items()},
            "held_out_images_dropped": self.dropped,
            "samples_equal_to_a_training_image": self.equal,
            "metrics": [{**_calibration(metric.calibration), "samples": asdict(metric.share)} for metric in self.metrics],
            "cosine_threshold": None if self.detector is None else self.detector.threshold,
            "cosine_not_measured": self.no_detector,
            "crowded_training_images": asdict(self.crowded),
            "samples_that_copy_held_out_images": None if self.of_held_out is None else asdict(self.of_held_out),
            "distances": None if self.distances is None else _distances(self.distances),
            "distances_not_measured": self.no_distances,
            "nearest_pairs": self.nearest_pairs(self.near, self.cosine),
            "nearest_pairs_of_held_out_images": self.nearest_pairs(self.near_held_out, self.cosine_held_out),
            "samples": {
                "training_image": self.near.index.tolist(),
                "second_training_image": self.near.second_index.tolist(),
                "distance": self.near.distance.tolist(),
                "ratio": self.near.ratio.tolist(),
                "ties": self.near.ties.tolist(),
                "cosine": None if self.cosine is None else self.cosine.tolist(),
            },
        }


def _described(images: Images) -> dict[str, Any]:
    return {
        "name": images.name,
        "count": len(images),
        "shape": list(images.values.shape[1:]),
        "note": images.note,
        "repeated": images.repeated,
        "blank": images.blank,
    }


def _calibration(found: MetricCalibration) -> dict[str, Any]:
    return {
        "metric": found.metric,
        "usable": found.usable,
        "confused": [[left.value, right.value] for left, right in found.confused],
        "readings": {kind.value: asdict(reading) for kind, reading in found.readings.items()},
        "false_positives": None if found.false_positives is None else asdict(found.false_positives),
    }


def _distances(found: Distances) -> dict[str, Any]:
    return {
        "size": found.size,
        "table": {pair: dict(zip(METRICS, row, strict=True)) for pair, row in found.table.items()},
        "calibrations": [_calibration(entry) for entry in found.calibrations],
        "p_samples_like_held_out": found.like_fresh,
        "p_training_like_held_out": found.split_is_fair,
        "tested": found.tested,
    }


def measure_memorization(
    *, train: Images, test: Images, samples: Images, false_positives: float = 0.01, seed: int = 0
) -> Memorization:
    """Measure whether samples copy the images that a model was trained on.

    Parameters
    ----------
    train
        What it was trained on.
    test
        Real images of the same kind that it was not trained on.
    samples
        What it generated.
    false_positives
        The rate at which the cosine may call real images copies.
    seed
        Seed of every choice.

    Returns
    -------
    Memorization
        The measurement.

    Raises
    ------
    InputError
        If roles or shapes are wrong, the training images are all equal, or no test image is left that is no training image.
    """
    streams = np.random.default_rng(seed).spawn(4)
    if not samples.generated:
        raise InputError(f"{samples.name}: real images are given as samples")
    try:
        transport_library()
        same_shape("training and held-out images", train, test)
        near = nearest_copies(train=train, judged=samples)
        held_out, dropped = _held_out(train, test)
    except ValueError as error:
        raise InputError(str(error)) from None
    detector, no_detector = _detector(train, held_out, false_positives, streams[0])
    near_held_out = nearest_copies(train=train, judged=held_out)
    calibrations = calibrate_copies(
        train=train, held_out=held_out, detector=detector, count=JUDGED, rng=streams[1], of_held_out=near_held_out
    )
    cosine = None if detector is None else detector.similarity(samples)[1]
    copied = [near.copied] + ([] if detector is None or cosine is None else [cosine > detector.threshold])
    distances, no_distances = _all_distances(train, held_out, samples, streams[2], streams[3])
    return Memorization(
        sets={"train": train, "test": held_out, "samples": samples},
        dropped=dropped,
        equal=int(shared(train, samples).sum()),
        near=near,
        near_held_out=near_held_out,
        detector=detector,
        no_detector=no_detector,
        cosine=cosine,
        cosine_held_out=None if detector is None else detector.similarity(held_out)[1],
        metrics=tuple(
            CopyMetric(calibration=entry, share=share_of(which)) for entry, which in zip(calibrations, copied, strict=True)
        ),
        crowded=crowded(train),
        of_held_out=_copies_of_held_out(held_out, samples),
        distances=distances,
        no_distances=no_distances,
    )


def _held_out(train: Images, test: Images) -> tuple[Images, int]:
    """Return the test images that are no training images, and how many are: those would pass for false positives."""
    same = shared(train, test)
    if same.all():
        raise ValueError(f"{test.name}: every test image is a training image of {train.name}; held-out real images are needed")
    return test.take(np.flatnonzero(~same)), int(same.sum())


def _copies_of_held_out(held_out: Images, samples: Images) -> Share | None:
    """Return the share of samples that copy held-out images: none, unless the model was trained on those."""
    if len(held_out) - held_out.repeated < 2:
        return None
    return share_of(nearest_copies(train=held_out, judged=samples).copied)


def _detector(
    train: Images, held_out: Images, false_positives: float, rng: np.random.Generator
) -> tuple[CosineDetector | None, str]:
    if not 0 < false_positives < 1:
        raise InputError(f"--false-positives {false_positives:g} must lie between 0 and 1, both excluded")
    try:
        return calibrate_cosine(train=train, held_out=held_out, rng=rng, false_positives=false_positives), ""
    except ValueError as error:
        # Too few images for the rate, the one refusal left, is no fault of the call: the ratio needs no calibration set.
        return None, str(error)


def _some(images: Images, count: int, rng: np.random.Generator) -> Images:
    return images.take(rng.permutation(len(images))[:count])


def _all_distances(
    train: Images, held_out: Images, samples: Images, rng: np.random.Generator, calibrating: np.random.Generator
) -> tuple[Distances | None, str]:
    smallest = min(len(train), len(held_out), len(samples))
    if smallest < FEWEST:
        return None, f"the smallest set has {smallest} images; distances between distributions need {FEWEST}"
    size, tested = min(smallest, MOST_COMPARED), min(smallest, MOST_TESTED)
    directions = sphere_directions(train.rows.shape[1], DIRECTIONS, rng)
    space = principal_space(train.rows, COMPONENTS)
    real, learnt, made = (_some(images, size, rng) for images in (held_out, train, samples))
    pairs = {
        "samples to held-out": (real, made),
        "samples to training": (learnt, made),
        "floor: training to held-out": (real, learnt),
        "floor: exact copies to held-out": (real, training_copies(train, size, rng, noise=0)),
        "fitted Gaussian to held-out": (real, gaussian_images(train, size, rng)),
        "white noise to held-out": (real, noise_images(train, size, rng)),
    }
    table = {
        name: fidelity(real=reference.rows, judged=judged.rows, directions=directions, space=space)
        for name, (reference, judged) in pairs.items()
    }
    tests = [exchangeability(one.rows[:tested], real.rows[:tested], directions, EXCHANGES, rng) for one in (made, learnt)]
    enough = len(held_out) >= 2 * FEWEST
    calibrations = (
        calibrate_distances(
            train=train, test=_some(held_out, 2 * size, rng), directions=directions, components=COMPONENTS, rng=calibrating
        )
        if enough
        else ()
    )
    found = Distances(
        size=size, table=table, calibrations=calibrations, like_fresh=tests[0], split_is_fair=tests[1], tested=tested
    )
    return found, ""
