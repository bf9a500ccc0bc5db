r"""C9 to C13 and the first open question: what distances and copy rates show along single runs."""

from __future__ import annotations

import math

import numpy as np

from theory.marion2026.claiming import DEFAULT_RUN, POINTS, Results, claim, grows, turned
from theory.marion2026.readings import (
    Run,
    change,
    column,
    copies_before,
    forced,
    second_descent,
    time_of,
    train_test_gap,
    worst_before,
)
from theory.study import Reading, jointly

NOVEL = 0.05
"""What counts as hardly any copies."""
NEARLY = 0.1
"""Distances are nearly equal if they differ by less than a tenth."""
FAR = 2.0
"""Samples are far from the test images at so many times the distance of other real images."""

near = (
    Reading(
        says="a tenth over the largest gap of the distances to train and test", of=lambda r: NEARLY - train_test_gap(r[-1])
    ),
)
claim_9 = claim(
    "claim-9.part-nearly-equal",
    "the distances to train and test are nearly equal along the whole run",
    "Read with the most training points: at no checkpoint do the sliced Wasserstein distances to the training and to the test"
    " images differ by a tenth of the latter. The triangle inequality (part-sliced) forces that only where the training images"
    " are near the test images, which with few of them they are not; see the reading of N.",
    r"|SW(g,\text{train})-SW(g,\text{test})|<\tfrac1{10}SW(g,\text{test})",
    5,
    study=POINTS,
    readings=near,
    mutants=turned(near),
    uses=("marion2026.claim-9.part-sliced",),
)
closer = (grows("points", train_test_gap, "fall of the largest gap with N", -1),)
claim_9_points = claim(
    "claim-9.reading-points",
    "the distances to train and test come together with the number of training points",
    "Ours: the largest gap of the two along a run falls with N, as the distance of the training from the test images does,"
    " which bounds it. So equal distances are a matter of sample size, and no property of what is learned.",
    r"\max_\tau\frac{|SW(g,\text{train})-SW(g,\text{test})|}{SW(g,\text{test})}\downarrow\text{ in }N",
    5,
    ours=True,
    study=POINTS,
    readings=closer,
    mutants=turned(closer),
    uses=("marion2026.claim-9.part-sliced",),
)


unforced = (
    Reading(says="train-test distance over the largest to the test images, less a tenth", of=lambda r: forced(r[-1]) - NEARLY),
)
claim_9_ratio = claim(
    "claim-9.reading-ratio",
    "at this scale the triangle inequality does not force the distances together",
    "Ours: the inequality forces the distances to train and test within a tenth of each other where SW(train, test) is below a"
    " tenth of the distance to the test images. Read with the most training points: it is more than a tenth of even the largest"
    " distance along the run, so that it forces equality at no checkpoint.",
    r"SW(\text{train},\text{test})>\tfrac1{10}\max_\tau SW(g_\tau,\text{test})",
    5,
    ours=True,
    study=POINTS,
    readings=unforced,
    mutants=turned(unforced),
    uses=("marion2026.claim-9.part-sliced",),
)


def _descents(name: str) -> tuple[Reading, ...]:
    return (Reading(says="second descent, less a tenth", of=lambda r: second_descent(column(r[DEFAULT_RUN], name))),)


descents = {part: _descents(f"sliced_{part}") for part in ("train", "test")}
claim_10_train, claim_10_test = (
    claim(
        f"claim-10.part-{part}",
        f"the distance to the {part} images descends twice along training",
        f"The sliced Wasserstein distance to the {part} images falls, rises by a tenth of its minimum, and falls by as much.",
        r"SW(g_\tau,\cdot)\text{ falls, rises and falls}",
        6,
        study=POINTS,
        readings=readings,
        mutants=turned(readings),
    )
    for part, readings in descents.items()
)


def _novelty(run: Run) -> float | None:
    found = copies_before(run)
    return None if found is None else NOVEL - found


def _distance(run: Run) -> float | None:
    found = worst_before(run)
    return None if found is None else found - FAR


novel = (
    Reading(says="5% over the copy rate before tau_mem", of=lambda r: _novelty(r[DEFAULT_RUN])),
    Reading(
        says="distance to the test images before tau_mem, over twice that of real ones", of=lambda r: _distance(r[DEFAULT_RUN])
    ),
)
claim_11 = claim(
    "claim-11",
    "before the memorization time samples are novel, and need not be faithful",
    "Before tau_mem at no checkpoint more than 5% of the samples are copies; and at some checkpoint they are farther from the"
    " test images than twice the distance of other real images.",
    r"\tau<\tau_{mem}\Rightarrow\text{copies}<5\%,\quad\not\Rightarrow SW\text{ small}",
    5,
    study=POINTS,
    readings=(jointly("both", novel),),
    mutants=turned(novel),
)


def _pattern(results: Results) -> float | None:
    """Return how much less than the distance the losses by time descend twice; None where the distance does not."""
    run = results[DEFAULT_RUN]
    descent = second_descent(column(run, "sliced_test"))
    if not descent > 0:
        return descent if math.isnan(descent) else None
    bins = np.array([entry["test_by_time"] for entry in run["checkpoints"]], dtype=np.float64)
    return -max(second_descent(values) for values in bins.T)


pattern = (Reading(says="no loss at a noise level descends twice", of=_pattern),)
claim_13 = claim(
    "claim-13",
    "the loss by noise level shows no pattern that explains the double descent",
    "Where the distance descends twice, the test loss at none of ten noise levels does. Runs whose distance does not descend"
    " twice have nothing to explain, and are left out.",
    r"SW\text{ descends twice}\Rightarrow L_{test}(\cdot\mid t)\text{ does not}",
    6,
    study=POINTS,
    readings=pattern,
    mutants=turned(pattern),
    uses=("marion2026.claim-10.part-test",),
)


def _phases(name: str, sign: float) -> Reading:
    """Return the reading that a metric changes more after the onset than before, by sign."""

    def read(results: Results) -> float | None:
        run, steps = results[0], column(results[0], "step")
        start = time_of(run)
        if start is None:
            return None
        before, after = change(run, name, steps[0], start), change(run, name, start, steps[-1])
        return None if before is None or after is None else sign * (after - 4 * abs(before))

    return Reading(says=f"{name}: change after tau_mem over four times that before", of=read)


moves = (
    _phases("excess", 1.0),
    Reading(says="excess of the closed form over 1/2", of=lambda r: r[0]["exact"]["excess"] - 0.5),
    Reading(says="1/10 over the excess of other real images", of=lambda r: 0.1 - abs(r[0]["fresh"]["excess"])),
    Reading(says="1/10 over the excess of the fitted Gaussian", of=lambda r: 0.1 - abs(r[0]["fitted"]["excess"])),
)
question_1 = claim(
    "claim-q1.part-excess",
    "a metric that moves with copying and not with improvement",
    "Ours, to the first open question: the share of samples within a radius of a training image, less that of as many held-out"
    " images, where the radius is half the median distance of held-out to training images. For samples that do not know the"
    " training set its mean is 0 exactly, however good they are. Read with the fewest points: it changes at least four times as"
    " much after tau_mem as before; it is above 1/2 for the closed-form velocity, and below 1/10 for real images and for the"
    " fitted Gaussian.",
    r"P(d(g,\text{train})<r)-P(d(g,\text{held out})<r)",
    9,
    ours=True,
    study=POINTS,
    readings=(jointly("all of it", moves),),
    mutants=turned(moves),
)
nearer = (_phases("nearer", -1.0),)
question_1_fails = claim(
    "claim-q1.part-nearer",
    "the share of samples nearer to the training images moves before copying",
    "Ours: the plain form of the same idea, the share of samples that are nearer to a training image than to any of as many"
    " held-out ones, 1/2 for samples that do not know the training set, fails: it has moved before tau_mem, and a fitted"
    " Gaussian moves it.",
    r"P(d(g,\text{train})<d(g,\text{held out}))",
    9,
    ours=True,
    study=POINTS,
    readings=nearer,
    mutants=turned(nearer),
)
