r"""The study of marion2026 on images that packages ship: settings, sweeps, and one unit of work with all that is tracked.

What stands for what: a class-conditional residual perceptron for the U-Net, 8 x 8 digits (and MNIST pooled to 14 x 14) for
CIFAR-10, the nearest-neighbour ratio and a calibrated cosine for the score in SSCD features, pixels and principal components
for Inception features. Each sweep changes one setting of a default and leaves the others, as in the paper. Numbers of steps
are longer for more points and smaller batches, by the paper's own normalization, so that every run comes as far.

A unit is one configuration with all its repetitions, trained at once: repetition k has its own subset, start and batches, and
the same in every configuration. Losses are on fixed draws; samples are those of the averaged weights, from one noise.

The file is long because settings, sweeps and everything that is read of a run stay together.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from numerics.copies import RATIO, nearest_copies
from numerics.copy_cosine import CosineDetector, calibrate_cosine
from numerics.distribution_distances import frechet_distance, precision_recall, sliced_wasserstein, sphere_directions
from numerics.exact_velocities import EmpiricalVelocity
from numerics.flow_runs import train_unit
from numerics.image_data import cifar10, digits, fashion_mnist, mnist, split
from numerics.images import Images, generated_images
from numerics.many_runs import geometric_grid
from numerics.neighbours import Array, nearest
from numerics.packing import packed, unpacked
from numerics.principal_components import PrincipalSpace, principal_space
from numerics.rectified_flow import sample_flow
from numerics.stand_ins import gaussian_images, noise_images, training_copies
from theory.errors import InputError
from theory.study import Size, Study, Unit

SEED = 2605_06077
DATA = {
    "digits": "digits of scikit-learn, 8 x 8",
    "mnist": "5,000 digits of MNIST, means over 2 x 2 pixels, 14 x 14",
    "fashion": "Fashion-MNIST, 28 x 28",
    "cifar10": "CIFAR-10, 32 x 32 in three colours",
}
"""The last two come from a local path that a unit names."""
LONGER = {"digits": 1, "mnist": 4, "fashion": 1, "cifar10": 1}
"""How many times as many steps runs on it take: more pixels are memorized later."""
POOL = {"digits": 1_200, "mnist": 4_000, "fashion": 16_384, "cifar10": 16_384}
TESTED = {"digits": 360, "mnist": 800, "fashion": 5_120, "cifar10": 5_120}
"""How many images subsets are drawn from, and how many are for the test."""
DEFAULT: dict[str, Any] = {"points": 32, "width": 128, "batch": 16, "rate": 2e-3}
SWEEPS: dict[str, tuple[Any, ...]] = {
    "points": (16, 32, 64),
    "width": (64, 96, 128),
    "batch": (8, 16, 32, 64),
    "rate": (1e-3, 2e-3, 4e-3),
}
"""N, the width for P, B and the learning rate; the default is among each."""
SCALES: dict[str, dict[str, Any]] = {
    "quick": {"data": ("digits",), "repetitions": 5, "steps": 3_000, "samples": 96},
    "standard": {"data": ("digits", "mnist"), "repetitions": 4, "steps": 8_000, "samples": 256},
    "nightly": {"data": ("digits", "mnist"), "repetitions": 8, "steps": 16_000, "samples": 512},
}
"""Data, repetitions of each, steps of the default, samples at a checkpoint; five repetitions can tell a sign."""
FIRST, CHECKPOINTS, PICTURED = 60, 13, 16
"""The first checkpoint, how many there are, and samples of the first repetition that are kept as pictures."""
PUBLISHED: dict[str, Any] = {
    "data": ["cifar10"],
    "points": 2_048,
    "batch": 16,
    "rate": 1e-4,
    "steps": 200_000,
    "repetitions": 1,
    "samples": 2_000,
    "network": "u-net",
    "shape": {"base": 128, "channels": 3, "side": 32},
    "average": 0.9999,
    "sampling_steps": 250,
    "device": "cuda",
}
"""The paper's default, for a graphics card and ``path``, the archive: ``train_and_measure(PUBLISHED | {"path": PATH})``."""
DIRECTIONS, COMPONENTS = 64, 20
FALSE_POSITIVES = 0.01
STAND_INS = {"fitted": gaussian_images, "copied": training_copies, "noise": noise_images}
"""Images of known origin, which every metric is read on beside the samples."""


def unit(scale: str, **changed: Any) -> Unit:
    """Return a configuration with its repetitions.

    Parameters
    ----------
    scale
        A key of :data:`SCALES`.
    **changed
        What differs from the default.

    Returns
    -------
    dict
        JSON values. Runs with more points, or smaller batches or rates, than the default take as many more steps.
    """
    size, setting = SCALES[scale], DEFAULT | changed
    longer = (setting["points"] / DEFAULT["points"]) * (DEFAULT["batch"] / setting["batch"])
    # A rate above the default's does not shorten the run: the paper claims that it gains less than its share.
    longer *= max(DEFAULT["rate"] / setting["rate"], 1)
    steps = max(round(size["steps"] * longer), 10 * FIRST)
    return {**setting, **size, "data": list(size["data"]), "steps": steps}


def sweep(name: str) -> Study:
    """Return the study of a sweep: one unit a value of what is changed, in the order of :data:`SWEEPS`.

    Parameters
    ----------
    name
        A key of :data:`SWEEPS`.

    Returns
    -------
    Study
        Results of a repetition are those of :func:`train_and_measure`, one a value.
    """

    def size(scale: str) -> Size:
        found = SCALES[scale]
        says = f"{' and '.join(DATA[data] for data in found['data'])}; {found['repetitions']} repetitions of each"
        units = [unit(scale, **{name: value}) for value in SWEEPS[name]]
        return Size(says=says, replicates=[units], stacked=True)

    return Study(name=f"sweep over {name}", run=train_and_measure, size=size, cost=10.0)


@cache
def images(data: str, path: str | None = None) -> tuple[Images, Images]:
    """Return the pool that training sets are drawn from, and the test images, the same in every run.

    Parameters
    ----------
    data
        A key of :data:`DATA`.
    path
        The folder of Fashion-MNIST or the archive of CIFAR-10; digits and MNIST come with packages.

    Returns
    -------
    tuple of Images
        The pool and the test images.

    Raises
    ------
    InputError
        If the data are unknown, or need a path and have none.
    """
    if data not in DATA:
        raise InputError(f"data = {data!r}: one of {', '.join(DATA)} is needed")
    if data in {"fashion", "cifar10"}:
        if path is None:
            raise InputError(f"{DATA[data]}: a local path is needed")
        load = fashion_mnist if data == "fashion" else cifar10
        pool, test = load(Path(path), "train"), load(Path(path), "test")
        return pool.take(np.arange(min(len(pool), POOL[data]))), test.take(np.arange(min(len(test), TESTED[data])))
    rng = np.random.default_rng([SEED, 0])
    every = digits() if data == "digits" else mnist(rng, pooled=True)
    return split(every, train=POOL[data], test=TESTED[data], rng=rng)


class Reference:
    """What samples of one repetition are compared with.

    Parameters
    ----------
    train, test, pool
        Training, test and all other images of the data.
    """

    def __init__(self, train: Images, test: Images, pool: Images) -> None:
        self.train, self.test = train, test
        rng = np.random.default_rng([SEED, 1])
        self.directions = sphere_directions(train.rows.shape[1], DIRECTIONS, rng)
        self.space: PrincipalSpace = principal_space(pool.rows, COMPONENTS)
        self.cosine: CosineDetector = calibrate_cosine(
            train=train, held_out=test, rng=rng, false_positives=FALSE_POSITIVES, components=COMPONENTS
        )
        # As many test images as training images, for the share that is nearer to the latter.
        self.equal = test.rows[: len(train)]
        # Half the median distance of a real image to the nearest of as many others.
        self.radius = float(np.median(nearest(self.equal, train.rows, 1).distance)) / 2
        self.floor = sliced_wasserstein(train.rows, test.rows, self.directions)

    def read(self, samples: Images) -> dict[str, float]:
        """Return everything that is tracked of samples.

        Parameters
        ----------
        samples
            Generated images, or real ones in their place.

        Returns
        -------
        dict
            Copy rates by ratio and cosine; sliced Wasserstein and Fréchet distances to train and test; precision and recall
            against the test images; the share of samples nearer to a training image than to any of as many test images; and the
            share within a radius of a training image less that within it of as many test images, where the radius is half the
            median distance of such a test image to the training images.

        Raises
        ------
        AssertionError
            If the triangle inequality of sliced Wasserstein distances is violated beyond rounding.
        """
        near = nearest_copies(train=self.train, judged=samples)
        to_test = nearest(samples.rows, self.equal, 1).distance[:, 0]
        coordinates = self.space.coordinates(samples.rows)
        found = {
            "copies": float(np.mean(near.ratio < RATIO)),
            "cosine": float(np.mean(self.cosine.copied(samples))),
            "nearer": float(np.mean((near.distance < to_test) + 0.5 * (near.distance == to_test))),
            "excess": float(np.mean(near.distance < self.radius) - np.mean(to_test < self.radius)),
        }
        for name, other in (("train", self.train), ("test", self.test)):
            found[f"sliced_{name}"] = sliced_wasserstein(samples.rows, other.rows, self.directions)
            found[f"frechet_{name}"] = frechet_distance(coordinates, self.space.coordinates(other.rows))
        real = self.space.coordinates(self.test.rows)
        found["precision"], found["recall"] = precision_recall(real=real, generated=coordinates)
        if abs(found["sliced_train"] - found["sliced_test"]) > self.floor * (1 + 1e-9) + 1e-12:
            raise AssertionError(
                f"the triangle inequality fails: {found['sliced_train']}, {found['sliced_test']}, {self.floor}"
            )
        return found


def train_and_measure(given: Unit) -> list[dict[str, Any]]:
    """Train all repetitions of a configuration and read them at every checkpoint.

    Parameters
    ----------
    given
        What :func:`unit` returned; also ``path``, ``network``, ``shape``, ``average``, ``sampling_steps`` and ``device`` as
        in :data:`PUBLISHED`.

    Returns
    -------
    list of dict
        One a repetition, those of the first data first: its ``data``, ``floor`` (sliced Wasserstein and Fréchet distances of
        train and test); the readings ``exact`` (of the closed-form velocity's samples), ``fresh`` (of other real images),
        ``fitted``, ``copied`` and ``noise`` (of the fitted Gaussian, of training images with a little noise, and of noise);
        ``least`` and ``gaussian`` (losses on the training draws), ``gaussian_test``, ``parameters``, ``samples`` (their number)
        and ``checkpoints``, a list of readings with ``step``, ``train``, ``test``, ``train_by_time`` and ``test_by_time``; the
        losses are None from where a run has diverged, and nothing else is read there. The first repetition has packed
        ``pictures``.
    """
    found = []
    for data in given["data"]:
        pool, test = images(data, given.get("path"))
        results = train_unit(_flow_unit(given | {"steps": given["steps"] * LONGER[data]}, pool, test))
        found += [{"data": data} | _measured(given, k, result, pool, test) for k, result in enumerate(results)]
    return found


def _flow_unit(given: Unit, pool: Images, test: Images) -> dict[str, Any]:
    assert pool.labels is not None
    assert test.labels is not None
    runs = [
        {"points": given["points"], "subset": SEED + k, "seed": SEED + 1000 + k, "rate": given["rate"], "batch": given["batch"]}
        for k in range(given["repetitions"])
    ]
    return {
        "network": given.get("network", "perceptron"),
        "shape": given.get("shape")
        or {"pixels": pool.rows.shape[1], "width": given["width"], "blocks": 2, "classes": len(np.unique(pool.labels))},
        "train": packed(pool.rows),
        "test": packed(test.rows),
        "train_labels": packed(pool.labels),
        "test_labels": packed(test.labels),
        "runs": runs,
        # The average reaches over a sixtieth of the run, so that it lags by less than the distance of two checkpoints.
        "average": given.get("average", 1 - max(1 / given["steps"] * 60, 1e-4)),
        "precision": "float32",
        "device": given.get("device", "cpu"),
        "checkpoints": geometric_grid(FIRST, given["steps"], CHECKPOINTS),
        "draws": max(720, len(test)),
        "raw": False,
        "draws_seed": SEED,
        "samples": given["samples"],
        "sampling_steps": given.get("sampling_steps", 25),
        "method": "euler",
        "sampling_seed": SEED + 1,
    }


def _measured(given: Unit, k: int, found: dict[str, Any], pool: Images, test: Images) -> dict[str, Any]:
    reference = Reference(pool.take(found["indices"], "training images"), test, pool)
    rng = np.random.default_rng([SEED, 2, k])
    rest = np.setdiff1d(np.arange(len(pool)), found["indices"])[: given["samples"]]
    coordinates = (reference.space.coordinates(part.rows) for part in (reference.train, test))
    result = {
        "floor": {"sliced": reference.floor, "frechet": frechet_distance(*coordinates)},
        "exact": reference.read(_exact(given, found, reference)),
        "fresh": reference.read(pool.take(rest, "other real images")),
        **{name: reference.read(make(reference.train, given["samples"], rng)) for name, make in STAND_INS.items()},
        "least": found["least"]["mean"],
        "gaussian": found["gaussian_train"]["mean"],
        "gaussian_test": found["gaussian_test"]["mean"],
        "parameters": found["parameters"],
        "samples": given["samples"],
        "checkpoints": [_checkpoint(entry, reference, k == 0) for entry in found["checkpoints"]],
    }
    return result


def _exact(given: Unit, found: dict[str, Any], reference: Reference) -> Images:
    """Return samples of the closed-form empirical velocity, from the noise of the networks' samples."""
    train = reference.train
    labels = None if found["labels"] is None else np.asarray(found["labels"])
    noise = np.random.default_rng(SEED + 1).standard_normal((given["samples"], train.rows.shape[1]))
    rows = sample_flow(EmpiricalVelocity(train.rows, train.labels), noise, labels, steps=25)
    return _generated(rows, reference, "samples of the closed-form velocity")


def _generated(rows: Array, reference: Reference, name: str) -> Images:
    return generated_images(np.asarray(rows, dtype=np.float64).reshape(-1, *reference.train.values.shape[1:]), name)


def _checkpoint(entry: dict[str, Any], reference: Reference, pictured: bool) -> dict[str, Any]:
    result: dict[str, Any] = {"step": entry["step"], "train": None, "test": None}
    train, test, rows = entry["train_average"], entry["test_average"], unpacked(entry["samples"])
    if train is None or test is None or not np.all(np.isfinite(rows)):
        return result
    result |= {"train": train["mean"], "test": test["mean"], "train_by_time": train["by_time"], "test_by_time": test["by_time"]}
    result |= reference.read(_generated(rows, reference, "samples"))
    if pictured:
        result["pictures"] = packed(rows[:PICTURED].astype(np.float32))
    return result
