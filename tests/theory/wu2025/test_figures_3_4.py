"""The captions of Figures 3 and 4: what is read from networks whose laws are known, and one tiny training."""

from __future__ import annotations

import math

import pytest

from theory.wu2025.statements.figures_3_4 import (
    crosses,
    dimension,
    gaussian,
    generate,
    learns_gaussian,
    memorizes,
    no_power,
    plane,
)


@pytest.fixture(scope="module")
def run():
    unit = {"dimension": 2, "simulation": 0, "eta": 0.1, "batch": 50, "width": 50, "steps": 20, "count": 120}
    return generate(unit)


def acting(run, law):
    """Return a run whose network is one of the known laws."""
    return {**run, "network": run[law]}


def test_known_laws_in_the_place_of_the_network_are_read_as_what_they_are(run) -> None:
    copies, fitted = acting(run, "optimal"), acting(run, "gaussian")
    assert memorizes.readings[0].of([copies, fitted]) > 0 > memorizes.readings[0].of([fitted, copies])
    assert crosses.readings[0].of([copies, fitted]) > 0 > crosses.readings[0].of([fitted, copies])
    assert gaussian.readings[0].of([copies, copies]) < 0
    assert dimension.readings[0].of([copies, fitted]) > 0
    assert learns_gaussian.readings[0].of([copies, fitted]) > 0 >= learns_gaussian.readings[0].of([fitted, copies])


def test_noise_in_the_place_of_the_network_is_what_the_ratios_cannot_tell_from_noise(run) -> None:
    assert no_power.readings[0].of([run, acting(run, "start")]) == pytest.approx(0.1)
    assert no_power.readings[0].of([run, acting(run, "optimal")]) < 0


def test_a_training_that_diverged_counts_against_every_claim(run) -> None:
    lost = {**run, "network": None}
    for claim in (memorizes, crosses, gaussian, dimension, learns_gaussian, no_power):
        assert all(math.isnan(reading.of([lost, lost])) for reading in claim.readings)


def test_repetitions_differ_in_the_sample_only_and_pairs_in_the_rate_only() -> None:
    for k, (low, high) in enumerate(plane.size("quick").replicates):
        assert low["simulation"] == high["simulation"] == k
        assert {name for name in low if low[name] != high[name]} == {"eta", "steps"}
