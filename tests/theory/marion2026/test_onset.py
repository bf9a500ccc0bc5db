"""Definitions of the memorization time on curves whose times are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.marion2026.onset import (
    DEFINITIONS,
    Curves,
    lasting_crossing,
    memorization_rate,
    memorization_time,
    normalized_step,
    peak_fidelity,
    slope,
)

STEPS = np.geomspace(10, 10_000, 31)


def curves(start: float = 1_000.0, scale: float = 1.0) -> Curves:
    """Return losses that fall together until the start; then the test loss rises by a tenth of ln(step/start)."""
    late = np.maximum(np.log(STEPS / start), 0)
    return Curves(
        steps=STEPS * scale,
        train=0.5 - 0.1 * late,
        test=0.5 * (1 + 0.1 * late),
        copies=np.clip(late / 4, 0, 1),
        floor=0.0,
        gaussian=0.6,
    )


@pytest.mark.parametrize(("name", "share"), [("test 2%", 0.02), ("test 5%", 0.05), ("test 10%", 0.1)])
def test_the_test_loss_is_a_share_above_its_minimum_when_the_closed_form_says(name, share) -> None:
    expected = 1_000 * math.exp(share / 0.1)
    assert memorization_time(curves(), name) == pytest.approx(expected, rel=0.12)  # one checkpoint is a factor 1.26


def test_the_other_definitions_are_where_their_closed_forms_say() -> None:
    found = curves()
    assert memorization_time(found, "copies 5%") == pytest.approx(1_000 * math.exp(0.2), rel=0.12)
    assert memorization_time(found, "progress 1/2") == pytest.approx(1_000 * math.exp(2), rel=0.12)
    # 1 - (0.5 - 0.1 u)/(0.5 + 0.05 u) = 0.2 at u = 0.1/0.14.
    assert memorization_time(found, "gap 20%") == pytest.approx(1_000 * math.exp(0.1 / 0.14), rel=0.12)


def test_the_rate_is_a_quarter_a_factor_e() -> None:
    assert memorization_rate(curves()) == pytest.approx(0.25, rel=0.05)


@given(st.floats(0.1, 100))
def test_times_scale_with_the_steps_and_the_rate_does_not(scale) -> None:
    for name in DEFINITIONS:
        assert memorization_time(curves(scale=scale), name) == pytest.approx(scale * memorization_time(curves(), name))
    assert memorization_rate(curves(scale=scale)) == pytest.approx(memorization_rate(curves()))


def test_a_rise_that_does_not_last_is_no_start() -> None:
    steps, values = np.array([1.0, 2.0, 4.0, 8.0]), np.array([0.0, 2.0, 0.0, 0.0])
    assert lasting_crossing(steps, values, 1.0) is None
    assert lasting_crossing(steps, np.array([0.0, 2.0, 0.0, 2.0]), 1.0) == pytest.approx(math.sqrt(32))
    assert lasting_crossing(steps, np.array([2.0, 2.0, 2.0, 2.0]), 1.0) == 1.0


def test_nothing_that_is_not_a_number_counts_as_a_start() -> None:
    steps = np.array([1.0, 2.0, 4.0])
    assert lasting_crossing(steps, np.array([0.0, np.nan, np.nan]), 1.0) is None
    assert lasting_crossing(steps, np.array([0.0, np.nan, 2.0]), 1.0) == 4.0


def test_a_run_that_does_not_memorize_has_no_time_no_rate_and_the_fidelity_of_all_checkpoints() -> None:
    flat = Curves(steps=STEPS, train=np.full(31, 0.5), test=np.full(31, 0.5), copies=np.zeros(31), floor=0.0, gaussian=0.6)
    assert all(memorization_time(flat, name) is None for name in DEFINITIONS)
    assert memorization_rate(flat) is None
    distances = np.linspace(2, 1, 31)
    assert peak_fidelity(STEPS, distances, None) == 1
    assert peak_fidelity(STEPS, distances, 15.0) == distances[STEPS < 15].min()
    assert peak_fidelity(STEPS, distances, 5.0) is None


def test_the_normalized_step_is_the_paper_s() -> None:
    least = (2048, 16, 1e-5)
    assert normalized_step(1e4, points=2048, batch=16, rate=1e-4, least=least) == pytest.approx(1e5)
    assert normalized_step(1e4, points=8192, batch=64, rate=1e-5, least=least) == pytest.approx(1e4)


def test_the_slope_of_a_power_is_its_exponent_and_a_missing_time_leaves_none() -> None:
    assert slope([16, 32, 64], [3 * 16**0.8, 3 * 32**0.8, 3 * 64**0.8]) == pytest.approx(0.8)
    assert slope([16, 32, 64], [1.0, None, 2.0]) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [({"train": np.ones(3)}, "curves of lengths"), ({"steps": STEPS[::-1]}, "steps must be positive and increase")],
)
def test_curves_that_do_not_fit_are_refused(change, message) -> None:
    values = {name: getattr(curves(), name) for name in Curves.__dataclass_fields__}
    with pytest.raises(ValueError, match=message):
        Curves(**{**values, **change})


def test_an_unknown_definition_is_named() -> None:
    with pytest.raises(ValueError, match="definition = 'test 3%': one of test 2%"):
        memorization_time(curves(), "test 3%")
