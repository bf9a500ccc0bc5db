"""Figures 1 and 2 of wu2025 at a scale smaller than quick: their numbers by another route, the same bytes, nothing left out."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest

import figures.wu2025_figure_1 as first
import figures.wu2025_figure_2 as second
import theory.wu2025.experiments as module
from figures.registry import compute
from figures.work import Work
from figures.writing import write
from theory.wu2025.experiments import (
    CHOSEN,
    EVIDENCE,
    READ_OFF,
    READINGS,
    TRIED,
    mismatch,
    noise_scales,
    optimal_score,
    quality,
    simulate,
)
from theory.wu2025.score import scaled_scores
from theory.wu2025.setting import ScoreProblem

TINY = {"share": 0.002, "runs": {1: 2, 10: 2}, "large": 1, "noises": 20}


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setitem(second.SIZES, "quick", TINY)
    monkeypatch.setattr(module, "WIDTH", 40)


def table(identifier, drawing, out):
    write(identifier, "quick", drawing, out)
    with (out / f"{identifier}.csv").open() as file:
        return list(csv.DictReader(file)), json.loads((out / f"{identifier}.json").read_text())


def test_the_printed_scales_are_those_of_times_0_05_and_0_2_up_to_a_digit():
    assert noise_scales("0.31") == pytest.approx((0.95, 0.31), abs=0.002)
    assert noise_scales("0.57") == pytest.approx((0.81, 0.57), abs=0.01)
    assert all(math.hypot(*noise_scales(sigma)) == pytest.approx(1, abs=1e-15) for sigma in module.TIMES)


def test_the_optimal_score_is_that_of_the_theory_on_a_line_and_a_gradient_in_space():
    rng = np.random.default_rng(0)
    x = np.sort(rng.standard_normal(6))
    y = rng.standard_normal(50)
    known = scaled_scores(ScoreProblem(x=x, mu=0.9, sigma=0.3), y).score / 0.3**2
    np.testing.assert_allclose(optimal_score(y[:, None], x[:, None], 0.9, 0.3)[:, 0], known, rtol=1e-9, atol=1e-9)
    sample, points = rng.standard_normal((6, 3)), rng.standard_normal((4, 3))

    def log_density(y):
        return np.logaddexp.reduce(-((y - 0.9 * sample) ** 2).sum(axis=1) / (2 * 0.3**2))

    for y in points:
        quotient = [(log_density(y + e) - log_density(y - e)) / 2e-6 for e in 1e-6 * np.eye(3)]
        np.testing.assert_allclose(optimal_score(y[None], sample, 0.9, 0.3)[0], quotient, atol=1e-6)


def test_the_closed_form_of_the_excess_risk_is_the_mean_over_many_noises():
    rng = np.random.default_rng(4)
    training = READINGS[CHOSEN].training(rng.standard_normal((20, 1)), *noise_scales("0.31"), 0.1)
    theta = rng.standard_normal((3, module.WIDTH)) * np.array([[30.0], [1.0], [0.7]])
    exact, sampled = quality(theta, training, 0, rng), module._in_space(theta, training, 4000, rng)
    assert exact.excess == pytest.approx(sampled.excess, rel=0.02)
    assert exact.size == pytest.approx(sampled.size, rel=0.02)
    assert exact.dead == pytest.approx(sampled.dead, abs=0.03)


def test_the_network_0_has_all_of_the_risk_and_only_dead_neurons():
    training = READINGS[CHOSEN].training(np.random.default_rng(0).standard_normal((20, 1)), *noise_scales("0.57"), 0.1)
    theta = np.array([[0.0], [1.0], [-99.0]]).repeat(module.WIDTH, axis=1)
    found = quality(theta, training, 0, np.random.default_rng(0))
    y = np.linspace(-6, 6, 6001)[:, None]
    mu, sigma = training.mu, training.sigma
    density = np.exp(-((y - mu * training.sample[:, 0]) ** 2) / (2 * sigma**2)).mean(axis=1) / sigma / math.sqrt(2 * math.pi)
    square = optimal_score(y, training.sample, mu, sigma)[:, 0] ** 2
    assert found.excess == pytest.approx(np.trapezoid(square * density, y[:, 0]), rel=1e-6)
    assert (found.size, found.dead) == (0, 1)


def test_a_mean_over_coordinates_is_a_rate_and_the_readings_differ_where_they_say():
    sample = np.zeros((20, 10))
    rates = {name: r.training(sample, 0.9, 0.3, 0.5).rate for name, r in READINGS.items()}
    assert rates[CHOSEN] == pytest.approx(0.5 * 1000 / 50 / 10)
    assert rates["sum over coordinates"] == pytest.approx(10 * rates[CHOSEN])
    assert rates["sum over the batch"] == pytest.approx(50 * rates[CHOSEN])
    assert rates["each point once"] == pytest.approx(2.5 * rates[CHOSEN])


def test_the_recorded_evidence_prefers_the_chosen_reading_among_those_whose_runs_do_not_diverge():
    means = {name: [mean for mean, _, _ in row] for name, row in EVIDENCE.items()}
    found = {name: mismatch(dict(zip(TRIED, row, strict=True))) for name, row in means.items()}
    assert set(EVIDENCE) == set(READINGS)
    rivals = {name: value for name, value in found.items() if name not in {CHOSEN, "each point once"}}
    assert found[CHOSEN] < 0.3 < min(rivals.values())
    assert mismatch({(1, "0.31", 0.5): None}) == math.inf
    assert mismatch({(1, "0.31", 0.5): READ_OFF[1, "0.31"][0.5]}) == 0


@pytest.mark.parametrize("name", ["sum over the batch", "plain network"])
def test_sums_over_the_batch_and_unscaled_networks_diverge(name):
    unit = {"reading": name, "dimension": 1, "sigma": "0.31", "eta": 0.5, "steps": 500, "simulation": 0}
    assert simulate(unit)["excess"] is None
    assert simulate({**unit, "reading": CHOSEN})["excess"] is not None


def test_an_interrupted_figure_goes_on_to_the_same_bytes(tiny, tmp_path):
    class Stop(Exception):
        pass

    said = []

    def interrupt(line):
        said.append(line)
        if len(said) == 9:
            raise Stop

    identifier, stored = "wu2025.figure-2", tmp_path / ".cache"
    whole = compute(identifier, "quick")
    with pytest.raises(Stop):
        compute(identifier, "quick", Work(folder=stored, show=interrupt))
    lines = []
    again = compute(identifier, "quick", Work(folder=stored, show=lines.append))
    assert lines[0] == "simulations: 9 of 36 parts from an earlier run"
    assert repr(again.rows) == repr(whole.rows)
    assert (again.settings, again.checks) == (whole.settings, whole.checks)


def test_the_table_of_figure_2_holds_all_simulations_and_repeats_one(tiny, tmp_path):
    rows, notes = table("wu2025.figure-2", compute("wu2025.figure-2", "quick"), tmp_path)
    assert len(rows) == 4 * 2 * 4 + 4
    assert notes["settings"]["reduced"] is True
    assert set(notes["settings"]["readings"]) == set(EVIDENCE)
    row = next(row for row in rows if (row["dimension"], row["eta"], row["simulation"]) == ("10", "0.05", "1"))
    sigma = next(printed for printed in module.TIMES if noise_scales(printed)[1] == float(row["sigma"]))
    unit = {"reading": CHOSEN, "dimension": 10, "sigma": sigma, "eta": 0.05, "steps": 100, "simulation": 1, "noises": 20}
    assert float(row["excess"]) == simulate(unit)["excess"]


def test_runs_that_diverge_are_counted_in_the_table_the_notes_and_the_picture(tiny, tmp_path, monkeypatch):
    def some_diverge(unit):
        lost = unit["eta"] == 0.5 and unit["simulation"] == 0
        return dict.fromkeys(("excess", "size", "dead")) if lost else {"excess": 1.0, "size": 0.5, "dead": 0.25}

    monkeypatch.setattr(second, "simulate", some_diverge)
    drawing = compute("wu2025.figure-2", "quick")
    rows, notes = table("wu2025.figure-2", drawing, tmp_path)
    assert sum(row["excess"] == "" for row in rows) == notes["settings"]["diverged"] == 5
    from matplotlib import pyplot

    words = [text.get_text() for axes in drawing.draw(pyplot).axes for text in axes.texts]
    pyplot.close("all")
    assert words.count("1 of 2 diverged") == 4
    assert words.count("1 of 1 diverged") == 1


def test_figure_1_shows_the_optimal_score_of_its_sample_and_one_sample_for_every_rate(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(first, "units", lambda: first_units(0.01))
    drawing = compute("wu2025.figure-1", "quick")
    rows, notes = table("wu2025.figure-1", drawing, tmp_path)
    assert len(rows) == 6 * 201
    assert notes["settings"]["diverged"] == 0
    for sigma in {row["sigma"] for row in rows}:
        curves = {row["eta"]: [] for row in rows}
        for row in rows:
            if row["sigma"] == sigma:
                curves[row["eta"]].append(float(row["optimal"]))
        assert len(curves) == 3
        assert all(curve == curves["0.5"] for curve in curves.values())


first_units = first.units
