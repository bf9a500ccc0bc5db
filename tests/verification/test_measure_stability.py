"""``quod measure stability``: its numbers by direct formulas, its words, and its refusals."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pytest

from numerics.arithmetic import FLOATS
from theory.statement import InputError
from theory.wu2025.networks import network
from theory.wu2025.setting import ScoreProblem
from theory.wu2025.stability import pathwise_moments, stability_thresholds
from theory.wu2025.training import single_neurons
from verification.cli import execute
from verification.measure_stability import mean_square_threshold, measure_stability, memorizing_network

TEXTURE = Path(__file__).resolve().parents[2] / "examples" / "cell_texture.csv"
X = np.array([0.0, 1.0, 2.5])
MU, SIGMA = 0.5, 0.03125


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = execute(["measure", "stability", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.fixture
def three(tmp_path: Path) -> Path:
    path = tmp_path / "three.txt"
    path.write_text("0\n1\n2.5\n")
    return path


@pytest.fixture(scope="module")
def found():
    return measure_stability(X, MU, SIGMA)


def test_the_bounds_are_the_formulas_in_rational_arithmetic(found):
    mu, sigma, delta, n = Fraction(MU), Fraction(SIGMA), Fraction(1), 3
    c_n = 8 * mu**2 * Fraction(5, 2) ** 3 * (mu**2 * Fraction(5, 2) + 2 * (n - 1) / delta)
    a, rate = c_n / sigma**6, 2**12 * sigma**2 / (mu * n**2 * delta)
    assert found.printed_threshold.value == pytest.approx(float(rate), rel=1e-15)
    assert found.weights.value == pytest.approx(float(a), rel=1e-15)
    assert found.nothing.value == pytest.approx(1024, rel=1e-15)
    for at, eta in ((found.at_printed, rate), (found.at_fourth_power, 4 * sigma**4)):
        assert at.eta.value == pytest.approx(float(eta), rel=1e-15)
        with_weights = sigma**2 * ((1 / sigma**4 - 1 / eta) / (1 / sigma**2 + a)) ** 2
        assert at.with_weights.value.value == pytest.approx(float(with_weights), rel=1e-14)
        pathwise = (1 - mpmath.mpf(SIGMA) ** 2 / mpmath.sqrt(mpmath.mpf(eta.numerator) / eta.denominator)) ** 2 / SIGMA**2
        assert at.pathwise.value.value == pytest.approx(float(pathwise), rel=1e-14)
        assert at.pathwise.of_nothing.value == pytest.approx(float(pathwise) * SIGMA**2, rel=1e-14)
    printed = mpmath.pi * n**5 * MU**3 / (2**36 * mpmath.exp(0.5) * mpmath.mpf(float(a)) ** 4 * SIGMA**4)
    assert found.printed.value.value == pytest.approx(float(printed), rel=1e-12)
    assert found.printed.of_nothing.log10 == pytest.approx(float(mpmath.log10(printed * SIGMA**2)), rel=1e-13)


def test_at_four_times_the_fourth_power_a_quarter_of_the_risk_of_doing_nothing_remains(found):
    assert found.at_fourth_power.pathwise.of_nothing.value == pytest.approx(0.25, rel=1e-14)


def test_sigma_0_is_the_least_of_its_parts_and_decides_where_the_theorem_applies(found):
    assert found.sigma_0 <= min(found.limits.values())
    assert found.sigma_0 == pytest.approx(min(found.limits.values()), rel=1e-8)
    for factor, applies in ((0.999, True), (1.001, False)):
        assert measure_stability(X, MU, found.sigma_0 * factor).applies is applies


def test_the_network_has_the_slope_of_the_optimal_score_about_each_point():
    p = memorizing_network(ScoreProblem(x=X, mu=MU, sigma=SIGMA), 9).lift(FLOATS)
    assert p.width == 9
    for x in MU * X:
        for shift in (-0.1, 0.0, 0.1):
            assert network(p, x + shift) == pytest.approx(-shift / SIGMA**2, abs=1e-10 / SIGMA**2)


@pytest.mark.parametrize(("x", "sigma", "width"), [([0.0, 2.0], 0.1, 4), ([0.0, 2.0], 0.01, 5), ([0.0, 1.0, 2.5], 0.06, 7)])
def test_the_rates_are_those_of_the_theory(x, sigma, width):
    p = ScoreProblem(x=np.array(x), mu=MU, sigma=sigma)
    expected = stability_thresholds(single_neurons(memorizing_network(p, width)))
    found = measure_stability(p.x, MU, sigma, width).network
    assert found.width == width
    assert found.criterion_8 == pytest.approx(expected.sharpness, rel=1e-12)
    assert found.mean == pytest.approx(expected.mean, rel=1e-12)
    assert found.mean_square == pytest.approx(expected.mean_square, rel=1e-9)
    assert found.single == pytest.approx(expected.single, rel=1e-9)
    assert found.single <= found.mean_square <= found.mean * (1 + 1e-12) <= found.proved


def test_the_mean_square_rate_of_one_random_number_is_twice_its_mean_over_its_second_moment():
    p = single_neurons(memorizing_network(ScoreProblem(x=np.array([0.0, 2.0]), mu=MU, sigma=0.1), 4))
    moments = pathwise_moments(p)
    one = type(moments)(first=np.array([[[3.0]]]), second=np.full((1, 1, 1, 1), 10.0))
    assert mean_square_threshold(one, 1) == pytest.approx(2 * 3 / 10, rel=1e-14)


def test_a_wide_network_is_measured_without_second_moments(capsys):
    status, out, err = run(capsys, TEXTURE, "--sigma", 0.001)
    assert (status, err) == (0, "")
    assert "not computed: 40 neurons" in out
    assert "largest stable eta, criterion (8)" in out


def test_means_a_few_points_at_a_time_are_the_means_at_once(monkeypatch):
    once = measure_stability(X, MU, SIGMA).network.criterion_8
    monkeypatch.setattr("verification.measure_stability.ENTRIES", 1)
    assert measure_stability(X, MU, SIGMA).network.criterion_8 == pytest.approx(once, rel=1e-13)


def test_what_is_vacuous_is_called_so_with_its_size(capsys, three):
    out = run(capsys, three, "--sigma", 0.015625, "--mu", MU)[1]
    assert re.search(r"sigma <= sigma_0 +holds\n", out)
    assert "vacuous: 10^-57 of the risk of doing nothing" in out
    assert "0.25 of the risk of doing nothing" in out
    assert "it memorizes" in out
    assert "does not tell when memorizing ends" in out


def test_where_the_theorem_says_nothing_this_is_said(capsys, three):
    out = run(capsys, three, "--sigma", 0.5)[1]
    assert "does not hold: the printed theorem says nothing at this sigma" in out
    assert "the theorem says nothing here, since sigma > sigma_0" in out
    assert "vacuous: not above R_n(s*), which no network goes below" in out
    assert "too much to say that it memorizes" in out
    assert "In words" not in out


def test_beyond_the_range_of_floats_logarithms_are_printed(capsys, three):
    status, out, _ = run(capsys, three, "--sigma", "1e-60", "--mu", MU)
    assert status == 0
    assert "10^-" in out
    assert "not measured" in out
    assert "nan" not in out
    assert "inf" not in out


def test_json_holds_the_same_numbers(capsys, three, found):
    data = json.loads(run(capsys, three, "--sigma", SIGMA, "--mu", MU, "--json")[1])
    assert data["applies"] is found.applies
    assert data["sigma_0"] == pytest.approx(found.sigma_0, rel=1e-12)
    assert data["network"]["criterion_8"] == pytest.approx(found.network.criterion_8, rel=1e-12)
    assert data["printed"]["value"]["value"] == pytest.approx(found.printed.value.value, rel=1e-12)


def test_too_many_points_are_not_measured_and_this_is_said(monkeypatch):
    monkeypatch.setattr("verification.measure_stability.MOST_POINTS", 2)
    found = measure_stability(X, MU, SIGMA)
    assert found.network is None
    assert "for more than 2 points" in found.not_measured


@pytest.mark.parametrize(
    ("text", "arguments", "says"),
    [
        ("1\n2\n2\n", ["--sigma", 0.1], "1 tied value: 2 (2 times)"),
        ("1\n", ["--sigma", 0.1], "a sample needs two at least"),
        ("1\nx\n", ["--sigma", 0.1], "'x' is not a number"),
        ("1\n2\n", ["--sigma", 1], "sigma = 1 must lie in (0, 1)"),
        ("1\n2\n", ["--sigma", 0], "sigma = 0 must be positive"),
        ("1\n2\n", [], "either --sigma or --time"),
        ("1\n2\n", ["--sigma", 0.1, "--width", 3], "width = 3 must be at least 2 n = 4"),
        ("1\n1e40\n", ["--sigma", 0.1], "must lie between 1e-35 and 1e+35"),
        (
            "1\n2\n",
            ["--sigma", 0.1, "--mu", 1e-200],
            "mu = 1e-200 must be at least 1e-50, for the bounds to fit the float range",
        ),
    ],
)
def test_bad_input_is_refused_in_one_line(capsys, tmp_path, text, arguments, says):
    path = tmp_path / "data.txt"
    path.write_text(text)
    status, out, err = run(capsys, path, *arguments)
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_a_sample_too_small_for_floats_is_refused():
    with pytest.raises(InputError, match="Delta = 1e-40"):
        measure_stability(np.array([0.0, 1e-40]), MU, SIGMA)
