"""Write digits to train and to test on, and two sets of samples: of a model that has memorized, and of a fitted Gaussian.

The model that has memorized is the best that training can reach: the closed-form velocity of the noised training set, the
minimum of the train loss of a diffusion model. Its samples are made like those of any other, from noise in 25 steps.

Usage: python examples/draw_digits.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from numerics.exact_velocities import EmpiricalVelocity, GaussianVelocity
from numerics.image_data import digits, split
from numerics.rectified_flow import sample_flow

TRAIN, TEST, SAMPLES, STEPS = 256, 512, 256, 25


def main(folder: Path) -> None:
    """Write train.npy, test.npy, memorized.npy and gaussian.npy."""
    rng = np.random.default_rng(0)
    train, test = split(digits(), train=TRAIN, test=TEST, rng=rng)
    noise = rng.standard_normal((SAMPLES, train.rows.shape[1]))
    velocities = {
        "memorized": EmpiricalVelocity(train.rows),
        "gaussian": GaussianVelocity(train.rows.mean(axis=0), np.cov(train.rows.T)),
    }
    sets = {name: sample_flow(velocity, noise, steps=STEPS) for name, velocity in velocities.items()}
    for name, rows in {"train": train.rows, "test": test.rows, **sets}.items():
        np.save(folder / f"{name}.npy", np.clip(rows, -1, 1).reshape(-1, 8, 8))
        print(f"{name}.npy: {len(rows)} images of 8 x 8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
