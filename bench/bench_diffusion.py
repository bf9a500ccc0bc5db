"""Readings of Figures 3 and 4 of wu2025 at the published batch and width: ``python -m bench.bench_diffusion``.

``readings``: discrepancies along the training on the points read off, at learning rates 2 and 1; minutes a line on one core.
``divergence``: on how many samples of ten points the first 400 steps of a rate diverge.
"""

from __future__ import annotations

import sys

import numpy as np

from numerics.score_training_in_time import train_in_time
from theory.wu2025.diffusion import GENERATED, PRINTED, READINGS, sources, starting_network, training_points
from theory.wu2025.generated import distances_of_prediction, measure_set

PARTS, STEPS, EARLY, HALF = 4, 5_000, 400, 2_500


def readings(names: list[str]) -> None:
    """Print discrepancies at successive times of the training on the points read off."""
    for name in names:
        for eta in (2.0, 1.0):
            sample, theta = training_points(2, -1), starting_network(2, -1)
            for part in range(PARTS):
                theta = train_in_time(theta, READINGS[name].training(sample, eta), STEPS, sources(2, -1, 2, part))
                if theta is None:
                    print(f"{name}, eta {eta:g}: diverged in part {part}")
                    break
                found = measure_set(sample, READINGS[name], GENERATED, np.random.default_rng(sources(2, -1, 3, 0)), theta)
                far = distances_of_prediction(theta, sample, READINGS[name], 20, np.random.default_rng(0))
                law, between = found["network"], found["between"]["narrow"]
                line = f"to optimal {law['to_optimal']:.4f}, to Gaussian {law['to_gaussian']:.4f}, between {between:.4f}"
                print(f"{name}, eta {eta:g}, step {(part + 1) * STEPS}: {line}, predictions {far}", flush=True)


def divergence(name: str) -> None:
    """Print on how many of 12 samples the training diverges early, with half the published batch."""
    for eta in (2.0, 1.0):
        lost = []
        for k in range(-1, 11):
            training = READINGS[name].training(training_points(2, k), eta, HALF)
            if train_in_time(starting_network(2, k), training, EARLY, sources(2, k, 2, 0)) is None:
                lost.append(k)
        print(f"{name}, eta {eta:g}: {len(lost)} of 12 diverge within {EARLY} steps: {lost}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["divergence"]:
        for reading in (PRINTED, "programme"):
            divergence(reading)
    else:
        readings(sys.argv[2:] or [PRINTED, "programme"])
