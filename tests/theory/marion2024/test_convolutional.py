"""Table 1, Figures 3 and 4 of marion2024: the published values, and what decides each claim, on made-up numbers."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from theory.marion2024.convolutional import (
    BASE,
    CELLS,
    CODE,
    DECADE,
    DEVIATIONS,
    DIGITS,
    FIGURE_4,
    PAPER,
    TABLE_1,
    Setting,
    accuracies,
    gains_by_activation,
    gains_without_smoothness,
    gap_factor,
    images_of,
    is_smooth,
    mean_gaps,
    median_and_range,
    network_of,
    setting_of,
    share_smooth,
    verdict,
)
from theory.statement import InputError


def measured(ratio=0.01, p_value=0.001, exponent=1.0, mean_gap=1.0, norm=2.0):
    return {"ratio": ratio, "p_value": p_value, "exponent": exponent, "mean_gap": mean_gap, "norm": norm}


SMOOTH = measured()
ROUGH = measured(ratio=0.99, p_value=0.4, exponent=0.01)
WALK = measured(ratio=0.05, exponent=0.5)
CONSTANT = measured(ratio=None, p_value=None, exponent=None, mean_gap=0.0)


def result(first, second, **more):
    return {"measured": {"conv1": first, "conv2": second}, **more}


def test_the_printed_table_bears_out_what_the_text_reads_from_it():
    for which in ("train", "test"):
        medians = {cell: getattr(TABLE_1[cell], which) for cell in CELLS}
        assert min(gains_without_smoothness(medians).values()) > 0
        assert min(gains_by_activation(medians).values()) > 0
    assert [cell for cell in CELLS if TABLE_1[cell].smooth] == [("identity", "tied"), ("gelu", "tied")]
    factors = [FIGURE_4["iid", name] / FIGURE_4["tied", name] for name in ("conv1", "conv2")]
    assert all(DECADE < factor < 10 * DECADE for factor in factors)


def test_a_verdict_has_four_values():
    assert [verdict(each) for each in (SMOOTH, ROUGH, WALK, CONSTANT)] == ["smooth", "rough", "between", "constant"]


def test_a_network_is_smooth_if_both_convolutions_are_and_layers_that_stood_still_are_not():
    both, one, walk, still = (result(*pair) for pair in ((SMOOTH, SMOOTH), (SMOOTH, ROUGH), (WALK, SMOOTH), (CONSTANT, SMOOTH)))
    assert [is_smooth(each) for each in (both, one, walk, still)] == [True, False, False, False]
    assert share_smooth([both, one, walk, still]) == 0.25
    assert np.isnan(share_smooth([]))


def test_accuracies_are_those_of_the_final_epoch_and_of_the_best_one():
    results = [{"log": [[0, 0.5, 0, 0.9], [0, 0.6, 0, 0.7]]}, {"log": [[0, 0.1, 0, 0.2], [0, 0.2, 0, 0.3]]}]
    assert accuracies(results, "train") == pytest.approx([60, 20])
    assert accuracies(results, "test") == pytest.approx([70, 30])
    assert accuracies(results, "best") == pytest.approx([90, 30])


def test_the_spread_is_the_range_between_the_quartiles():
    assert median_and_range(np.array([5.0, 1.0, 2.0, 4.0, 3.0])) == (3.0, 2.0)
    assert all(np.isnan(median_and_range(np.array([]))))


def test_the_factor_of_the_gaps_is_that_of_their_means_and_may_be_relative():
    tied = [result(measured(mean_gap=0.1), SMOOTH), result(measured(mean_gap=0.3), SMOOTH)]
    iid = [result(measured(mean_gap=4.0, norm=8.0), SMOOTH)]
    assert gap_factor(tied, iid, "conv1") == pytest.approx(20)
    assert gap_factor(tied, iid, "conv1", relative=True) == pytest.approx(5)
    assert mean_gaps(tied, "conv1", relative=True) == pytest.approx([0.05, 0.15])
    assert np.isnan(gap_factor([], iid, "conv1"))


def test_every_deviation_names_a_field_and_both_readings_differ_where_the_code_differs_from_what_is_printed():
    known = {field.name for field in fields(Setting)}
    assert {deviation.field for deviation in DEVIATIONS} - {""} <= known
    changed = {name for name in known if getattr(PAPER, name) != getattr(CODE, name)}
    assert changed == {deviation.field for deviation in DEVIATIONS if deviation.taken.startswith("printed")}


def test_the_networks_have_the_sizes_of_the_text_of_the_code_and_of_the_digits():
    digits = images_of("digits", None, 4, 4)
    network, training = network_of(DIGITS, "relu", digits)
    assert (network.inner, network.features, training.layer_rate) == (6, 64, 256.0)
    wide = np.zeros((1, 32, 32, 3), np.uint8)
    cifar = type(digits)(**{**vars(digits), "train": wide, "test": wide})
    assert [network_of(reading, "relu", cifar)[0].inner for reading in (PAPER, CODE)] == [15, 10]
    # Four times the channels enter the linear layer in the code.
    assert network_of(CODE, "relu", cifar)[0].features == 4 * 16
    assert network_of(PAPER, "relu", cifar)[1].layer_rate == 1.0


def test_a_unit_changes_the_setting_of_its_data():
    found = setting_of({"data": "digits", "depth": 9, "decay": 0.0, "activation": "relu", "seed": 1})
    assert (found.depth, found.decay, found.stride) == (9, 0.0, BASE["digits"].stride)


def test_an_archive_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        images_of("cifar10", str(tmp_path / "absent"), None, None)
