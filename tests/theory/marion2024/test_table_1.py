"""What Table 1 and Figures 3 and 4 claim, read from layers whose smoothness is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from numerics.smoothness import smoothness
from theory.marion2024.convolutional import CONVOLUTIONS, LEVEL, ORDERS
from theory.marion2024.statements.table_1 import accuracy, figure_3, figure_4, kinked, linear, nets


def network(layers, accuracy_at_end=0.9):
    measured = {name: vars(smoothness(layers, orders=ORDERS, level=LEVEL)) for name in CONVOLUTIONS}
    return {"diverged": False, "measured": measured, "log": [[1.0, 0.5, 1.0, accuracy_at_end]]}


@pytest.fixture(scope="module")
def kinds():
    rng, s = np.random.default_rng(0), np.linspace(0, 1, 24)[:, None]
    waves = np.sin(2 * s * rng.uniform(1, 3, 50) + rng.uniform(0, 6, 50))
    noise = rng.standard_normal((24, 50))
    walk = np.cumsum(noise, axis=0)
    return {"smooth": network(waves), "iid": network(3 * noise, 0.95), "walk": network(walk)}


def test_smooth_layers_beside_random_ones_support_the_claims_and_exchanged_they_do_not(kinds) -> None:
    results = [kinds["smooth"], kinds["iid"], kinds["smooth"]]
    for claim in (figure_3, linear, figure_4, accuracy):
        assert all(reading.of(results) > 0 for reading in claim.readings), claim.id
    swapped = [kinds["iid"], kinds["smooth"], kinds["iid"]]
    for claim in (figure_3, linear, figure_4, accuracy):
        assert not any(reading.of(swapped) > 0 for reading in claim.readings), claim.id


def test_a_random_walk_is_not_smooth_though_smoother_than_chance(kinds) -> None:
    (reading,) = kinked.readings
    assert kinds["walk"]["measured"]["conv1"]["p_value"] <= LEVEL
    assert reading.of([kinds["walk"]]) > 0
    assert reading.of([kinds["iid"]]) > 0
    assert reading.of([kinds["smooth"]]) < 0


def test_layers_that_training_left_equal_are_not_called_smooth() -> None:
    equal = network(np.ones((24, 50)))
    assert equal["measured"]["conv1"]["ratio"] is None
    assert linear.readings[0].of([equal, equal, equal]) < 0


def test_a_training_that_diverged_counts_against_every_claim(kinds) -> None:
    lost = {"diverged": True}
    for claim in (figure_3, linear, figure_4, accuracy, kinked):
        assert all(math.isnan(reading.of([lost, lost, lost])) for reading in claim.readings)


def test_within_a_repetition_only_activation_and_start_change() -> None:
    for seed, units in enumerate(nets.size("quick").replicates):
        assert {unit["seed"] for unit in units} == {seed}
        assert len({(unit["depth"], unit["epochs"], unit["data"]) for unit in units}) == 1
