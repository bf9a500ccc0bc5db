"""Copies by the ratio and the cosine: definitions by plain loops, duplicates, ties, swaps, and the stated false positives."""

from __future__ import annotations

import math

import numpy as np
import pytest

from numerics.copies import copied_share, crowded, nearest_copies, share_of
from numerics.copy_cosine import calibrate_cosine
from numerics.images import Images, generated_images


def images(values, name="these", generated=False):
    rows = np.asarray(values, dtype=np.float64)
    return Images(values=rows.reshape(len(rows), 1, 1, -1), name=name, generated=generated)


def smooth(n, seed, dimension=12, name="real"):
    """Correlated Gaussian images, small enough never to leave [-1, 1]."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).standard_normal((6, dimension)) * 0.06
    return images(np.clip(rng.standard_normal((n, 6)) @ mixing, -1, 1), name)


TRAIN = images([[0.0, 0.0], [0.9, 0.0], [0.0, 0.9]], "train")


def test_the_ratio_is_that_of_plain_loops():
    train, judged = smooth(30, 0), smooth(20, 1)
    found = nearest_copies(train=train, judged=judged)
    for at, row in enumerate(judged.rows):
        ordered = sorted((math.dist(row, other), place) for place, other in enumerate(train.rows))
        assert found.index[at] == ordered[0][1]
        assert found.second_index[at] == ordered[1][1]
        assert found.ratio[at] == pytest.approx(ordered[0][0] / ordered[1][0], rel=1e-14)


@pytest.mark.parametrize(("at", "copy"), [(0.0, True), (0.22, True), (0.225, False), (0.23, False), (0.45, False)])
def test_a_copy_is_nearer_than_a_third_of_the_second_distance(at, copy):
    # On the line between two points 0.9 apart the ratio is at / (0.9 - at), which is 1/3 at 0.225.
    found = nearest_copies(train=TRAIN, judged=images([[at, 0.0]]))
    assert found.copied.tolist() == [copy]


def test_a_copy_of_a_duplicated_training_image_is_a_copy_where_the_letter_would_say_0_over_0():
    doubled = images(np.concatenate([TRAIN.rows, TRAIN.rows[:1], TRAIN.rows[:1]]), "train")
    judged = images([[0.0, 0.0], [0.1, 0.0]], generated=True)
    found = nearest_copies(train=doubled, judged=judged)
    assert found.copied.all()
    assert found.index.tolist() == [0, 0]
    assert found.ratio.tolist() == nearest_copies(train=TRAIN, judged=judged).ratio.tolist()
    distances = np.sort([math.dist(judged.rows[0], row) for row in doubled.rows])
    assert distances[0] == distances[1] == 0


def test_a_tie_of_distinct_training_images_is_no_copy_and_is_counted():
    found = nearest_copies(train=TRAIN, judged=images([[0.45, 0.45]]))
    assert (found.ties[0], found.ratio[0], found.index[0]) == (3, 1.0, 0)


def test_training_images_are_all_copies_of_themselves_and_reals_are_not():
    train = smooth(60, 2)
    assert nearest_copies(train=train, judged=train).distance.max() == 0
    made = generated_images(train.values, "made")
    assert copied_share(train=train, generated=made).count == 60
    assert share_of(nearest_copies(train=train, judged=smooth(60, 3)).copied).share < 0.2


def test_swapped_roles_are_refused():
    real, made = smooth(250, 4), generated_images(smooth(250, 5).values, "made")
    for call in (
        lambda: copied_share(train=made, generated=real),
        lambda: copied_share(train=real, generated=real),
        lambda: crowded(made),
        lambda: calibrate_cosine(train=made, held_out=real, rng=np.random.default_rng(0)),
        lambda: calibrate_cosine(train=real, held_out=made, rng=np.random.default_rng(0)),
        lambda: detector(real).copied_share(generated=smooth(5, 6)),
    ):
        with pytest.raises(ValueError, match=r"generated images (are given|cannot calibrate)|real images are given"):
            call()


@pytest.mark.parametrize(
    ("train", "says"),
    [(images([[0.1, 0.2]] * 3), "one distinct training image of 3"), (images([[0.1, 0.2, 0.3]] * 3), "has .channels")],
)
def test_training_images_that_leave_no_ratio_are_refused(train, says):
    with pytest.raises(ValueError, match=says):
        nearest_copies(train=train, judged=TRAIN)


def test_shares_have_exact_intervals_and_none_of_none_is_refused():
    none = share_of(np.zeros(100, bool))
    assert (none.count, none.low) == (0, 0.0)
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 100), rel=1e-12)
    every = share_of(np.ones(100, bool))
    assert every.low == pytest.approx(0.025 ** (1 / 100), rel=1e-12)
    with pytest.raises(ValueError, match="no images"):
        share_of(np.zeros(0, bool))


def test_training_images_with_a_near_twin_are_counted_and_their_copies_missed():
    rows = np.concatenate([np.eye(8), [[1 - 1e-3, *[0] * 7]]])
    twins = images(rows)
    assert crowded(twins).count == 2
    assert crowded(images(np.eye(8))).count == 0
    off = images([[1 - 5e-4, *[0] * 7]], generated=True)
    assert copied_share(train=twins, generated=off).count == 0
    assert copied_share(train=images(np.eye(8)), generated=off).count == 1


def detector(train, held_out=None, seed=0, **options):
    return calibrate_cosine(train=train, held_out=held_out or smooth(400, 11), rng=np.random.default_rng(seed), **options)


def test_the_cosine_is_that_of_projected_centred_images():
    train, judged = smooth(30, 7), smooth(15, 8)
    found = detector(train, components=3)
    _, _, v = np.linalg.svd(train.rows - train.rows.mean(0), full_matrices=False)
    projected = [(rows - train.rows.mean(0)) @ v[:3].T for rows in (judged.rows, train.rows)]
    cosines = [[a @ b / math.sqrt((a @ a) * (b @ b)) for b in projected[1]] for a in projected[0]]
    index, cosine = found.similarity(judged)
    assert index.tolist() == np.argmax(cosines, axis=1).tolist()
    np.testing.assert_allclose(cosine, np.max(cosines, axis=1), atol=1e-13)


def test_training_images_have_cosine_1_and_the_mean_of_all_has_none():
    train = smooth(40, 9)
    found = detector(train)
    np.testing.assert_allclose(found.similarity(train)[1], 1, atol=1e-14)
    assert found.similarity(images([train.rows.mean(axis=0)]))[1].tolist() == [0.0]
    assert found.copied(train).all()


def test_the_false_positive_rate_is_the_stated_one_on_average_over_splits():
    train = smooth(20, 10)
    trials, flagged, rate = 0, 0, 0.05
    for seed in range(30):
        checked = detector(train, smooth(400, 1000 + seed), seed, false_positives=rate).checked
        trials, flagged = trials + checked.trials, flagged + checked.count
    # Each split has a threshold of rank k = 10 of 200: the rate is Beta(10, 191), and then binomial of 200.
    expected = 10 / 201
    spread = math.sqrt((expected * (1 - expected) / 202 + expected * (1 - expected) / 200) / 30)
    assert trials == 6000
    assert abs(flagged / trials - expected) < 4 * spread


def test_the_threshold_is_the_kth_largest_cosine_of_one_half_and_the_other_half_checks_it():
    train, held_out, counts = smooth(20, 10), smooth(400, 12), set()
    for seed in range(4):
        found = detector(train, held_out, seed, false_positives=0.02)
        cosines = found.similarity(held_out)[1][np.random.default_rng(seed).permutation(400)]
        assert found.threshold == sorted(cosines[:200])[-4]
        assert found.checked.count == sum(value > found.threshold for value in cosines[200:])
        assert (found.calibration, found.checked.trials, found.stated) == (200, 200, 0.02)
        counts.add(found.checked.count)
    # Three of the first half exceed the fourth largest, always; of the second half, as many as chance has it.
    assert len(counts) > 1


@pytest.mark.parametrize(
    ("held_out", "options", "says"),
    [
        (smooth(196, 13), {}, "196 images; a rate of 0.01 needs 198"),
        (smooth(400, 13), {"false_positives": 0.0}, "not between 0 and 1"),
        (smooth(30, 14), {"false_positives": 0.2}, "image 0 is a training image, and 30 in all are"),
        (smooth(30, 14, dimension=13), {}, "has .channels"),
    ],
)
def test_what_cannot_calibrate_is_refused(held_out, options, says):
    with pytest.raises(ValueError, match=says):
        detector(smooth(30, 14), held_out, **options)


def test_the_least_number_of_images_does_calibrate():
    assert detector(smooth(30, 14), smooth(198, 15)).calibration == 99


def test_images_of_another_shape_are_not_judged():
    with pytest.raises(ValueError, match="calibrated for"):
        detector(smooth(30, 14)).copied(smooth(5, 1, dimension=13))
