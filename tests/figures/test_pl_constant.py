"""Figure ``marion2024.pl-constant`` at a scale smaller than quick: its numbers are those of the networks."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import figures.marion2024_pl_constant as module
from figures.registry import compute
from figures.writing import write
from theory.marion2024.long_training import data_of, network_of, start_of

ID = "marion2024.pl-constant"
TINY = {"times": 7, "end": 4.0, "seeds": 4, "widths": 4, "samples": (4, 8, 16), "states": (40, 60, 90)}


@pytest.fixture(scope="module")
def drawing():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(module.SIZES, "quick", TINY)
        return compute(ID, "quick")


@pytest.fixture(scope="module")
def rows(drawing, tmp_path_factory):
    out = tmp_path_factory.mktemp("figures")
    write(ID, "quick", drawing, out)
    with (out / f"{ID}.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_check_of_the_figure_passes(drawing):
    assert [check.says for check in drawing.checks if not check.passed] == []
    assert len(drawing.checks) == 6


def test_the_part_of_v_at_the_start_is_the_gram_matrix_of_the_features(rows):
    for row in [row for row in rows if row["panel"] == "b"][::7]:
        found = module.at_start(int(row["n"]), module.DIMENSION, int(row["q"]), int(row["m"]), int(row["seed"]))
        run = module.LongRun(
            seed=found.seed,
            activation=module.TRAINED.activation,
            n=found.n,
            d=module.DIMENSION,
            q=found.q,
            m=found.m,
            duplicates=0,
        )
        weights, (x, _, _) = start_of(run, 1), data_of(run)
        features = network_of(run).activation.value(x @ weights.A.T @ weights.W[0].T / np.sqrt(run.q))
        least = np.linalg.svd(features, compute_uv=False)[run.n - 1 :] ** 2 if run.m >= run.n else [0.0]
        assert float(row["part_V"]) == pytest.approx(4 / run.n * float(least[0]) / run.m, rel=1e-6, abs=1e-12)


def test_the_whole_constant_is_at_least_the_sum_of_its_parts_and_at_most_the_slope_of_a_residual(rows):
    for row in rows:
        parts = sum(float(row[f"part_{part}"]) for part in "AVWB")
        assert float(row["total"]) >= parts * (1 - 1e-9) - 1e-12
        if row["along_residual"]:
            assert float(row["along_residual"]) >= float(row["total"]) * (1 - 1e-9)


def test_an_exponent_that_does_not_fit_is_reported(drawing):
    groups = {n: [module.at_start(n, 4 * n, 5 * n, 16 * n, seed) for seed in range(6)] for n in (4, 8, 16)}
    slope = module._fit(groups)
    assert -1.4 < slope.slope < -0.8
