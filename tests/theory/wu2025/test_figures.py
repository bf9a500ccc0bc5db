"""The captions of Figures 1 and 2: what is read from a repetition, against other routes, and at runs that diverge."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from theory.wu2025.experiments import EPOCHS, NOISES
from theory.wu2025.statements.figures_1_2 import RATES, excess, flat_score, growth, less, line, same_rate, space, unit


def result(value):
    return {"excess": value, "size": value}


@given(st.lists(st.integers(0, 10**6), min_size=4, max_size=4, unique=True))
def test_growth_is_kendalls_tau_of_rate_and_excess_risk(values) -> None:
    expected = stats.kendalltau(RATES, values).statistic
    assert growth([result(value) for value in values]) == pytest.approx(expected)


def test_growth_is_1_for_risks_that_grow_with_the_rate_and_minus_1_for_falling_ones() -> None:
    assert growth([result(v) for v in (4.0, 3.0, 2.0, 1.0)]) == 1
    assert growth([result(v) for v in (1.0, 2.0, 3.0, 4.0)]) == -1
    assert growth([result(1.0)] * 4) == 0


def test_a_run_that_diverges_is_worse_than_every_other_and_two_of_them_cannot_be_compared() -> None:
    assert excess(result(None)) == math.inf
    assert growth([result(v) for v in (None, 3.0, 2.0, 1.0)]) == 1
    assert less(result(1.0), result(None)) == math.inf
    assert less(result(None), result(1.0)) == -math.inf
    assert math.isnan(less(result(None), result(None)))


def test_a_run_that_diverges_has_no_size_and_is_left_out_of_the_flat_ones() -> None:
    (reading,) = flat_score.readings
    assert reading.of([result(None), result(1.0)]) is None
    assert reading.of([result(0.01), result(1.0)]) == pytest.approx(0.04)
    assert reading.of([result(0.5), result(0.0)]) < 0


def test_full_sizes_have_the_published_steps_simulations_and_noises_and_say_that_they_are_not_reduced() -> None:
    for study, dimension in ((line, 1), (space, 10)):
        size = study.size("nightly")
        assert len(size.replicates) == 30
        assert not size.reduced
        for units in size.replicates:
            assert all(run["steps"] == EPOCHS[run["eta"]] for run in units)
            assert all(run["noises"] == NOISES and run["dimension"] == dimension for run in units)
        assert study.size("quick").reduced


def test_within_a_repetition_only_the_rate_and_the_noise_scale_change() -> None:
    for units in line.size("quick").replicates:
        assert len({run["simulation"] for run in units}) == 1
        assert [run["eta"] for run in units] == [*RATES, *RATES]
    for units in same_rate.size("quick").replicates:
        assert len({run["eta"] for run in units}) == 1


def test_a_run_does_not_depend_on_the_others_of_its_repetition() -> None:
    run = unit(1, "0.57", 0.1, 3, share=0.002)
    first, second = line.run(dict(run)), line.run(dict(run))
    assert first == second
    assert np.isfinite(first["excess"])
