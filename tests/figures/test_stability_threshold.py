"""Figure ``wu2025.stability-threshold`` at a scale smaller than quick: its numbers are those of the theory."""

from __future__ import annotations

import csv
import json
from fractions import Fraction

import numpy as np
import pytest

import figures.wu2025_stability_threshold as module
from figures.registry import compute
from figures.writing import write
from theory.wu2025.curvature import curvature
from theory.wu2025.stability import stability_thresholds
from theory.wu2025.threshold import pathwise_risk_bound
from theory.wu2025.training import parameters

ID = "wu2025.stability-threshold"
TINY = {"steps": 4000, "rates": 5, "interpolated": 4, "polished": 3}


@pytest.fixture(scope="module")
def drawing():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(module.SIZES, "quick", TINY)
        patch.setattr(module, "SNAPSHOTS", 3)
        return compute(ID, "quick")


@pytest.fixture(scope="module")
def folder(drawing, tmp_path_factory):
    out = tmp_path_factory.mktemp("figures")
    write(ID, "quick", drawing, out)
    return out


@pytest.fixture(scope="module")
def rows(folder):
    with (folder / f"{ID}.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_check_of_the_figure_passes(drawing, folder):
    assert [check.says for check in drawing.checks if not check.passed] == []
    notes = json.loads((folder / f"{ID}.json").read_text())
    assert len(notes["checks"]) == 5
    assert notes["settings"]["reduced"] is True


def test_the_table_holds_all_runs_and_networks(rows):
    assert len([row for row in rows if row["panel"] == "ab"]) == 3 * 2 * TINY["rates"]
    assert [row["network"] for row in rows if row["panel"] == "c"] == ["fixed kinks"] * 4 + ["strict minimum"] * 3


def test_the_rates_of_explicit_networks_are_those_of_the_theory(rows):
    for row in [row for row in rows if row["network"] == "fixed kinks"]:
        p = module.fixed_kinks(module.sample(2, Fraction(row["sigma"])))
        found = stability_thresholds(p)
        assert float(row["criterion_8"]) == pytest.approx(found.sharpness, rel=1e-12)
        assert float(row["mean_square"]) == pytest.approx(found.mean_square, rel=1e-9)


def test_no_network_is_below_the_risk_that_its_stable_rate_demands(rows):
    for row in [row for row in rows if row["panel"] == "c"]:
        p = module.fixed_kinks(module.sample(2, Fraction(row["sigma"])))
        for name in ("mean_square", "single"):
            assert float(row["risk"]) >= pathwise_risk_bound(p, 1 / float(row[name]))
        assert float(row["risk"]) * float(row["sigma"]) ** 2 < module.MEMORIZES


def test_the_exponents_are_those_of_the_table(drawing, rows):
    for check, name in zip(drawing.checks[:2], ("fixed kinks", "strict minimum"), strict=True):
        part = [row for row in rows if row["network"] == name]
        logs = [np.log([float(row[key]) for row in part]) for key in ("sigma", "mean_square")]
        assert check.figures["exponent"] == pytest.approx(np.polyfit(*logs, 1)[0], rel=1e-9)


def test_one_step_of_training_follows_the_gradient_of_the_risk_on_average():
    problem = module.sample(3, Fraction(27, 100))
    p = module.starts(problem, np.random.default_rng(0))[1]
    runs, eta = 4000, 1e-3
    before = np.repeat([parameters(p)], 1, axis=0)
    rng, steps = np.random.default_rng(1), []
    for _ in range(runs):
        steps.append(module.train(p, before, np.array([eta]), 1, rng)[-1, 0] - before[0])
    mean, spread = np.mean(steps, axis=0), np.std(steps, axis=0) / np.sqrt(runs)
    expected = -p.width * eta * curvature(p).gradient
    assert np.all(np.abs(mean - expected) <= 5 * spread + 1e-15)


def test_the_same_seed_gives_the_same_runs():
    sequence = np.random.SeedSequence(3)
    first, second = (module.runs(Fraction(1, 5), 3, 200, sequence) for _ in range(2))
    np.testing.assert_allclose(first.excess, second.excess, rtol=1e-9)
    np.testing.assert_allclose(first.sharpness, second.sharpness, rtol=1e-9)


def test_a_run_that_diverges_has_no_number():
    p = module.starts(module.sample(3, Fraction(1, 5)), np.random.default_rng(0))[1]
    path = module.train(p, parameters(p)[None], np.array([1e6]), 200, np.random.default_rng(1))
    assert not np.all(np.abs(path) < module.DIVERGED)
