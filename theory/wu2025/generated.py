r"""What generated samples say about memorization in Figures 3 and 4 of wu2025, on laws that are known as on the network's.

The published measure is the squared maximum mean discrepancy with the kernel :math:`e^{-|x-y|^2/2}`, from samples of the
optimal score and from the fitted Gaussian. The same is computed for laws of which one knows what it should say: fresh samples
of both, a mixture of half and half, the training points blurred by twice the noise that is left at the end, and
:math:`N(0,I)`, where the backward process starts. Besides: the discrepancy at the median distance, the share of copies (points
nearer to one training point than a third of the way to any other), the share within :math:`3\sigma(\delta)` of a training
point, and the spread, the total variance in units of the fitted one.

The file is long because the claims of both captions stand beside the numbers that decide them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from numerics.backward_process import backward_samples
from numerics.score_training import Array
from numerics.score_training_in_time import predicted_noise
from numerics.two_samples import median_distance, nearest_distances, permutation_null, share_of_copies, squared_mmds
from theory.wu2025.diffusion import (
    BANDWIDTH,
    DELTA,
    Reading,
    fitted_gaussian,
    learned_score,
    optimal_score_in_time,
)

KNOWN = ("optimal", "gaussian", "half", "blurred", "start")
"""The laws of which one knows what a measure should say."""
MEASURES = ("to_optimal", "to_gaussian", "wide_to_optimal", "wide_to_gaussian", "copies", "near", "spread")
NEAR, BLUR, FAR = 3.0, 2.0, 1e3
"""Radius and blur in units of sigma(delta); samples with a coordinate beyond the last were thrown out by the score."""
SPLITS, LEVEL = 200, 0.95


def draw_laws(
    sample: Array, reading: Reading, count: int, rng: np.random.Generator, theta: Array | None
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Draw the two references, and the laws that are compared with them.

    Parameters
    ----------
    sample
        The training points, shape ``(n, d)``.
    reading
        How the text is read.
    count
        Samples of each law.
    rng
        Their source; the references come first and do not depend on the network.
    theta
        Parameters of a network, or None.

    Returns
    -------
    tuple of dict
        Name to samples, shape ``(count, d)``: the references ``optimal`` and ``gaussian``; and ``network``, or without one the
        laws :data:`KNOWN` drawn afresh.
    """
    d, times = sample.shape[1], reading.backward_times()
    gaussian, score = fitted_gaussian(sample), optimal_score_in_time(sample, reading)

    def both() -> dict[str, Array]:
        return {"optimal": backward_samples(score, times, count, d, rng), "gaussian": gaussian.draw(count, rng)}

    reference = both()
    if theta is not None:
        return reference, {"network": backward_samples(learned_score(theta, reading), times, count, d, rng)}
    laws = both()
    mu, sigma = reading.noise_scales(DELTA)
    mixed = rng.random(count) < 0.5
    laws["half"] = np.where(mixed[:, None], rng.permutation(laws["optimal"]), rng.permutation(laws["gaussian"]))
    chosen = sample[rng.integers(0, len(sample), count)]
    laws["blurred"] = mu * chosen + BLUR * sigma * rng.standard_normal((count, d))
    laws["start"] = rng.standard_normal((count, d))
    return reference, laws


def kept_in_range(x: Array) -> tuple[Array, int]:
    """Return samples with those that the score threw out put at the far end of the range, and how many they are."""
    out = ~np.all(np.abs(x) < FAR, axis=1)
    return np.where(out[:, None], FAR, x), int(out.sum())


def measure(x: Array, reference: Mapping[str, Array], sample: Array, reading: Reading, wide: float) -> dict[str, float]:
    """Measure samples of a law.

    Parameters
    ----------
    x
        The samples, shape ``(N, d)``.
    reference
        Samples of the optimal score and of the fitted Gaussian.
    sample
        The training points.
    reading
        How the text is read.
    wide
        The bandwidth with power in high dimension.

    Returns
    -------
    dict
        The values of :data:`MEASURES`, and ``thrown``, how many samples were out of range.
    """
    x, thrown = kept_in_range(x)
    mu, sigma = reading.noise_scales(DELTA)
    gaussian = fitted_gaussian(sample)
    found: dict[str, float] = {}
    for name, y in reference.items():
        found[f"to_{name}"], found[f"wide_to_{name}"] = squared_mmds(x, y, [BANDWIDTH, wide])
    found["copies"] = share_of_copies(x, float(mu) * sample)
    found["near"] = float(np.mean(nearest_distances(x, float(mu) * sample)[0] < NEAR * sigma))
    found["spread"] = float(((x - x.mean(axis=0)) ** 2).sum(axis=1).mean() / gaussian.variance)
    found["thrown"] = float(thrown)
    return found


def measure_set(
    sample: Array, reading: Reading, count: int, rng: np.random.Generator, theta: Array | None = None
) -> dict[str, dict[str, float]]:
    """Draw one set of samples of every law and measure them.

    Parameters
    ----------
    sample, reading, count, rng, theta
        As for :func:`draw_laws`.

    Returns
    -------
    dict
        Name of a law to its measures, and ``between`` to what is measured between the references: the two discrepancies
        ``narrow`` and ``wide``, the ``bandwidth`` of the wide one and, without a network, the levels of chance
        ``level_optimal`` and ``level_gaussian`` of the narrow one by permutation.
    """
    reference, laws = draw_laws(sample, reading, count, rng, theta)
    wide = median_distance(reference["gaussian"])
    found = {name: measure(x, reference, sample, reading, wide) for name, x in laws.items()}
    narrow, far = squared_mmds(reference["optimal"], reference["gaussian"], [BANDWIDTH, wide])
    found["between"] = {"narrow": narrow, "wide": far, "bandwidth": wide}
    if theta is None:
        for name in ("optimal", "gaussian"):
            null = permutation_null(laws[name], reference[name], BANDWIDTH, SPLITS, rng)
            found["between"][f"level_{name}"] = float(np.quantile(null, LEVEL))
    return found


def distances_of_prediction(
    theta: Array, sample: Array, reading: Reading, draws: int, rng: np.random.Generator
) -> dict[str, float]:
    r"""Return mean squared distances of predictions of the noise, a coordinate, over times and noised points as in training.

    Parameters
    ----------
    theta
        The network.
    sample, reading
        What it was trained on.
    draws
        Noised points at each time.
    rng
        Their source.

    Returns
    -------
    dict
        Distances of the network ``to_optimal`` and ``to_gaussian``, to the predictions :math:`-\sigma s` of both scores, and
        the one ``between`` these.
    """
    training = reading.training(sample, 1.0)
    optimal, gaussian = optimal_score_in_time(sample, reading), fitted_gaussian(sample).score(reading)
    sums = dict.fromkeys(("to_optimal", "to_gaussian", "between"), 0.0)
    for t, chance, mu, sigma in zip(training.times, training.chances, training.means, training.scales, strict=True):
        chosen = sample[rng.integers(0, len(sample), draws)]
        x = mu * chosen + sigma * rng.standard_normal(chosen.shape)
        r, best, flat = predicted_noise(theta, x, t, 1 / theta.shape[1]), -sigma * optimal(t, x), -sigma * gaussian(t, x)
        for name, difference in (("to_optimal", r - best), ("to_gaussian", r - flat), ("between", best - flat)):
            sums[name] += float(chance * (difference**2).mean())
    return sums


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean of values and half the width of its 95% interval by Student's law, NaN for a single one."""
    from scipy.special import stdtrit

    n = len(values)
    half = float(stdtrit(n - 1, 0.975)) * float(np.std(values, ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    return float(np.mean(values)), half


def crossings(at: Sequence[float], first: Sequence[float], second: Sequence[float]) -> list[float]:
    """Return where two curves, straight between points on a logarithmic axis, cross.

    Parameters
    ----------
    at
        Increasing positive places.
    first, second
        The values there.

    Returns
    -------
    list of float
        The places of the crossings, increasing.
    """
    gaps = [(math.log(x), b - a) for x, a, b in zip(at, first, second, strict=True)]
    return [math.exp(x + (z - x) * g / (g - h)) for (x, g), (z, h) in pairwise(gaps) if g * h < 0]


def normalised(value: float, between: float) -> float:
    """Return a discrepancy in units of the one between the optimal score and the fitted Gaussian, NaN if that is 0."""
    return value / between if between != 0 else math.nan


def separation(copies: Sequence[float], others: Sequence[float]) -> float:
    """Return how far two groups of values lie apart, in units of their pooled standard deviation, infinite if they do not vary.

    Parameters
    ----------
    copies, others
        Values of a measure on repeated sets of two known laws, two or more each.

    Returns
    -------
    float
        The difference of the means over the root of the mean variance; a measure with a value below 3 cannot tell one from
        the other on a single set.
    """
    apart = abs(float(np.mean(copies)) - float(np.mean(others)))
    noise = math.sqrt((float(np.var(copies, ddof=1)) + float(np.var(others, ddof=1))) / 2)
    if noise == 0:
        return math.inf if apart > 0 else 0.0
    return apart / noise
