"""Calibration: stand-ins are what they say, metrics separate what they must, and one that does not is found out."""

from __future__ import annotations

import math

import numpy as np
import pytest

import numerics.metric_calibration as module
from numerics.copies import share_of
from numerics.copy_cosine import calibrate_cosine
from numerics.distribution_distances import sphere_directions
from numerics.images import Images
from numerics.metric_calibration import MetricCalibration, Reading, calibrate_copies, calibrate_distances, fidelity
from numerics.principal_components import principal_space
from numerics.stand_ins import Kind, gaussian_images, noise_images, training_copies


def bumps(n, seed):
    """Images of three bright bumps at random places, of random widths: many, distinct, and far from Gaussian."""
    rng = np.random.default_rng(seed)
    centre, width = rng.uniform(0, 7, (n, 3, 2, 1, 1)), rng.uniform(0.5, 1.5, (n, 3, 1, 1))
    y, x = np.mgrid[:8, :8]
    heights = np.exp(-((y - centre[:, :, 0]) ** 2 + (x - centre[:, :, 1]) ** 2) / (2 * width**2))
    return Images(values=2 * heights.max(axis=1)[:, None] - 1, name="bumps")


TRAIN, TEST = bumps(48, 0), bumps(240, 1)


def detector():
    return calibrate_cosine(train=TRAIN, held_out=TEST, rng=np.random.default_rng(0), false_positives=0.02)


def test_copies_are_training_images_up_to_the_noise_and_exact_without_it():
    rng = np.random.default_rng(2)
    exact = training_copies(TRAIN, 30, rng, noise=0)
    assert all(any(np.array_equal(row, other) for other in TRAIN.rows) for row in exact.rows)
    noisy = training_copies(Images(values=np.zeros((3, 1, 20, 20)), name="grey"), 50, rng, noise=0.1)
    assert noisy.values.std() == pytest.approx(0.1, rel=4 / math.sqrt(2 * noisy.values.size))
    assert noisy.generated


def test_gaussian_images_have_the_mean_and_covariance_of_the_training_images():
    train = Images(values=TRAIN.values[:20] * 0.1, name="small")
    draws = gaussian_images(train, 4000, np.random.default_rng(3)).rows
    assert np.abs(draws).max() < 1
    deviation = train.rows.std(axis=0, ddof=1)
    assert np.abs(draws.mean(0) - train.rows.mean(0)).max() < 5 * deviation.max() / math.sqrt(4000)
    covariance, found = np.cov(train.rows.T), np.cov(draws.T)
    spread = np.sqrt((covariance**2 + np.outer(deviation**2, deviation**2)) / 4000)
    assert (np.abs(found - covariance) < 6 * spread + 1e-12).all()
    # Within the span of the training images: 19 directions of 64.
    assert np.linalg.matrix_rank(draws - draws.mean(0)) == 19
    with pytest.raises(ValueError, match="one image has no covariance"):
        gaussian_images(train.take([0]), 5, np.random.default_rng(3))


def test_noise_is_clipped_standard_gaussian():
    values = noise_images(TRAIN, 200, np.random.default_rng(4)).values
    assert np.mean(np.abs(values) == 1) == pytest.approx(math.erfc(1 / math.sqrt(2)), abs=4 * 0.5 / math.sqrt(values.size))


def test_ratio_and_cosine_tell_copies_from_all_else_and_print_their_false_positives():
    ratio, cosine = calibrate_copies(train=TRAIN, held_out=TEST, detector=detector(), count=150, rng=np.random.default_rng(5))
    for metric, trials in ((ratio, 240), (cosine, 120)):
        assert metric.usable
        assert metric.false_positives.trials == trials
        assert metric.readings[Kind.FRESH].high == metric.false_positives.high
        assert metric.readings[Kind.COPIES].value > 0.9
        assert metric.readings[Kind.NOISE].value < 0.05
    assert len(calibrate_copies(train=TRAIN, held_out=TEST, detector=None, count=9, rng=np.random.default_rng(5))) == 1


def test_copies_buried_in_noise_are_not_told_apart_and_the_metric_is_not_usable(monkeypatch):
    monkeypatch.setattr(module, "training_copies", lambda train, count, rng: training_copies(train, count, rng, noise=3.0))
    for metric in calibrate_copies(train=TRAIN, held_out=TEST, detector=detector(), count=100, rng=np.random.default_rng(6)):
        assert not metric.usable
        assert (Kind.COPIES, Kind.NOISE) in metric.confused


def test_distances_tell_fresh_images_from_noise_and_a_gaussian_and_name_what_they_confuse():
    directions = sphere_directions(64, 32, np.random.default_rng(7))
    found = calibrate_distances(train=TRAIN, test=TEST, directions=directions, components=20, rng=np.random.default_rng(8))
    assert [entry.metric for entry in found] == list(module.METRICS)
    sliced, frechet, precision, recall = found
    assert sliced.usable
    assert frechet.separates(Kind.FRESH, Kind.NOISE)
    assert precision.readings[Kind.NOISE].high < precision.readings[Kind.FRESH].low
    assert recall.separates(Kind.FRESH, Kind.NOISE)
    few = calibrate_distances(
        train=TRAIN, test=TEST.take(range(16)), directions=directions, components=20, rng=np.random.default_rng(8)
    )
    assert (Kind.FRESH, Kind.GAUSSIAN) in few[0].confused
    with pytest.raises(ValueError, match="15 images; calibrating a distance needs 16"):
        calibrate_distances(
            train=TRAIN, test=TEST.take(range(15)), directions=directions, components=20, rng=np.random.default_rng(8)
        )


def test_the_same_seed_gives_the_same_readings():
    directions = sphere_directions(64, 4, np.random.default_rng(7))
    once, again = (
        calibrate_distances(
            train=TRAIN, test=TEST.take(range(40)), directions=directions, components=5, rng=np.random.default_rng(9)
        )
        for _ in range(2)
    )
    assert once == again


def test_a_metric_that_says_the_same_of_all_or_has_nothing_to_tell_is_not_usable():
    same = {kind: Reading(value=0.5, low=0.4, high=0.6) for kind in Kind}
    false = share_of(np.zeros(10, bool))
    deaf = MetricCalibration(metric="deaf", readings=same, required=module.COPYING, false_positives=false)
    assert len(deaf.confused) == 3
    assert not deaf.usable
    assert not MetricCalibration(metric="vacuous", readings=same, required=()).usable
    touching = same | {Kind.COPIES: Reading(value=0.7, low=0.6, high=0.8)}
    touching = MetricCalibration(metric="touching", readings=touching, required=module.COPYING)
    assert not touching.separates(Kind.COPIES, Kind.FRESH)
    assert not touching.separates(Kind.FRESH, Kind.COPIES)
    nan = same | {Kind.COPIES: Reading(value=math.nan, low=math.nan, high=math.nan)}
    assert not MetricCalibration(metric="nan", readings=nan, required=module.COPYING).usable


def test_fidelity_has_the_roles_of_real_and_judged_images_in_order():
    directions, space = sphere_directions(64, 8, np.random.default_rng(7)), principal_space(TRAIN.rows, 20)
    real, judged = TEST.rows[:40], training_copies(TRAIN, 40, np.random.default_rng(0)).rows
    one = fidelity(real=real, judged=judged, directions=directions, space=space)
    other = fidelity(real=judged, judged=real, directions=directions, space=space)
    assert one[0] == pytest.approx(other[0], rel=1e-12)
    assert one[1] == pytest.approx(other[1], rel=1e-12)
    assert one[2:] == other[:1:-1]
