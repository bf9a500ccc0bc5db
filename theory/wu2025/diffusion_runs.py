"""The units of work of Figures 3 and 4 of wu2025: a part of a training, and one generated set of samples with its measures.

A training is cut into parts, each of which starts from the parameters that the one before has reached, so that a long one can
be interrupted; a part has seeds of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.packing import packed, unpacked
from numerics.score_training_in_time import train_in_time
from theory.wu2025.diffusion import READINGS, sources, starting_network, training_points
from theory.wu2025.generated import distances_of_prediction, draw_laws, measure_set

SHOWN, PROBES = 400, 20
"""Samples that a scatter plot shows, and noised points a time where predictions are compared."""


def train_part(unit: dict[str, Any]) -> dict[str, Any]:
    """Train on from the parameters of a unit.

    Parameters
    ----------
    unit
        ``reading``, ``dimension``, ``simulation``, ``eta``, ``batch``, ``width``, ``part``, ``steps``, and ``theta``, packed
        parameters or None at the start.

    Returns
    -------
    dict
        ``theta``: packed parameters, None if the run diverged.
    """
    d, simulation, reading = unit["dimension"], unit["simulation"], READINGS[unit["reading"]]
    start = starting_network(d, simulation, unit["width"]) if unit["theta"] is None else unpacked(unit["theta"])
    training = reading.training(training_points(d, simulation), unit["eta"], unit["batch"], unit["width"])
    reached = train_in_time(start, training, unit["steps"], sources(d, simulation, 2, unit["part"]))
    # Trained in single precision, so that nothing is lost.
    return {"theta": None if reached is None else packed(reached.astype(training.precision))}


def measure_samples(unit: dict[str, Any]) -> dict[str, Any]:
    """Generate one set of samples and measure them.

    Parameters
    ----------
    unit
        ``reading``, ``dimension``, ``simulation``, ``set``, ``count``, and ``theta``, packed parameters or None for the known
        laws alone.

    Returns
    -------
    dict
        ``laws``: what :func:`theory.wu2025.generated.measure_set` returns; of a network ``prediction``, distances of its
        predictions, and for set 0 ``shown``, first coordinates of its samples and of both references.
    """
    d, simulation, reading = unit["dimension"], unit["simulation"], READINGS[unit["reading"]]
    sample, count = training_points(d, simulation), unit["count"]
    theta = None if unit["theta"] is None else unpacked(unit["theta"]).astype(np.float64)
    rng = np.random.default_rng(sources(d, simulation, 3, unit["set"]))
    result: dict[str, Any] = {"laws": measure_set(sample, reading, count, rng, theta)}
    if theta is not None:
        probe = np.random.default_rng(sources(d, simulation, 4, unit["set"]))
        result["prediction"] = distances_of_prediction(theta, sample, reading, PROBES, probe)
        if unit["set"] == 0:
            again = np.random.default_rng(sources(d, simulation, 3, 0))
            reference, laws = draw_laws(sample, reading, count, again, theta)
            result["shown"] = {
                "network": laws["network"][:SHOWN, :2].tolist(),
                **{name: reference[name][:SHOWN, :2].tolist() for name in ("optimal", "gaussian")},
            }
    return result
