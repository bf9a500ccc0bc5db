"""``quod measure score`` on real and on broken samples."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from theory.statement import InputError
from theory.wu2025.setting import ScoreProblem
from verification.cli import execute
from verification.measure import beside_the_largest, measure_score, scales
from verification.measure_data import read_sample

TEXTURE = Path(__file__).resolve().parents[2] / "examples" / "cell_texture.csv"


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = execute(["measure", "score", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("quod: ")
    assert err.count("\n") == 1
    return err


def written(tmp_path: Path, text: str, name: str = "data.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_a_real_sample_is_sorted_and_this_is_said(capsys):
    status, out, err = run(capsys, TEXTURE, "--sigma", 0.001)
    assert (status, err) == (0, "")
    assert "20 values not in order: sorted here" in out
    assert "0.02, between 14.34 and 14.36" in out
    assert "already copies" in out


def test_json_holds_the_same_numbers_and_the_theorem_holds_in_its_regime(capsys):
    found = json.loads(run(capsys, TEXTURE, "--sigma", 0.001, "--json")[1])
    assert [entry["holds"] for entry in found["conditions"]] == ["true", "true"]
    assert found["theorem_4_slack"]["value"] >= 1
    assert found["sharper_slack"]["value"] >= 1
    assert found["total_variation"]["value"] <= found["total_variation_bound"]["value"]
    assert found["risk"]["value"] <= found["risk_bound"]["value"]


def test_beyond_the_range_of_floats_logarithms_are_printed(capsys):
    status, out, _ = run(capsys, TEXTURE, "--sigma", "1e-100", "--mu", "0.5")
    assert status == 0
    assert "TV_pi(s*)                     10^" in out
    assert "nan" not in out
    assert "inf" not in out


def test_hypotheses_hold_up_to_the_largest_noise_and_not_beyond():
    x = read_sample(TEXTURE, None).values
    limits = [entry.largest_sigma for entry in measure_score(x, 0.9, 0.1).conditions]
    for at, limit in enumerate(limits):
        for factor, expected in ((1 - 1e-9, "true"), (1 + 1e-9, "false")):
            assert measure_score(x, 0.9, limit * factor).conditions[at].holds.value == expected


def test_hypotheses_hold_up_to_the_largest_time_and_not_beyond():
    x = read_sample(TEXTURE, None).values
    mu, sigma, _ = scales(sigma=None, mu=None, time=0.1)
    for at, entry in enumerate(measure_score(x, mu, sigma).conditions):
        for factor, expected in ((1 - 1e-6, "true"), (1 + 1e-6, "false")):
            mu, sigma, _ = scales(sigma=None, mu=None, time=entry.largest_time * factor)
            assert measure_score(x, mu, sigma).conditions[at].holds.value == expected


@pytest.mark.parametrize("sigma", [0.3, 0.8])
def test_the_expected_largest_weight_of_two_points_is_a_one_dimensional_integral(sigma):
    p = ScoreProblem(x=np.array([0.0, 1.0]), mu=0.6, sigma=sigma)
    y = np.linspace(-15, 15, 600_001)
    densities = np.exp(-((y[:, None] - p.mu * p.x) ** 2) / (2 * sigma**2)) / (2 * sigma * math.sqrt(2 * math.pi))
    expected = densities.min(axis=1).sum() * (y[1] - y[0])
    found = beside_the_largest(p)
    # The trapezoidal rule sees one kink: its error is of order h^2.
    assert abs(found.value - expected) < 1e-8
    assert found.converged


@pytest.mark.parametrize(
    ("text", "arguments", "says"),
    [
        ("1\n2\n2\n3\n3\n3\n", [], "2 tied values: 2 (2 times), 3 (3 times)"),
        ("a\n1\nnan\n", [], "row 3: nan is not finite"),
        ("1\ninf\n", [], "row 2: inf is not finite"),
        ("a\n1\n", [], "one value, 1"),
        ("", [], "the file is empty"),
        ("a\n", [], "only a header, 'a'"),
        ("a\n1\nx\n", [], "row 3: 'x' is not a number"),
        ("a,b\n1,2\n3,4\n", ["--column", "c"], "no column 'c'; the columns are a, b"),
        ("a,b\n1,2\n3,4\n", [], "2 columns: a, b; choose one with --column"),
        ("a,b\n1,2\n3\n", ["--column", "b"], "row 3: '' is not a number"),
        ("1e308\n-1e308\n", [], "the sample spans inf, that is inf sigma; at most 1e150 sigma"),
        ("0\n1e-310\n", [], "is 9.94987e-310 sigma; 1e-300 sigma at least"),
    ],
)
def test_bad_data_is_refused_in_one_line_that_names_it(capsys, tmp_path, text, arguments, says):
    assert says in refused(capsys, written(tmp_path, text), "--sigma", 0.1, *arguments)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "either --sigma or --time"),
        (["--sigma", 0.1, "--time", 1], "not both"),
        (["--sigma", 0], "sigma = 0 must be positive"),
        (["--sigma", -1], "sigma = -1 must be positive"),
        (["--sigma", "nan"], "sigma = nan must be positive"),
        (["--sigma", 1e-200], "sigma must lie in"),
        (["--sigma", 1], "sigma = 1 must lie in (0, 1)"),
        (["--sigma", 0.1, "--mu", 1], "mu = 1 must lie in (0, 1)"),
        (["--time", 0.1, "--mu", 0.5], "leave --mu out"),
        (["--time", -1], "time = -1 must be positive"),
        (["--time", 1e4], "mu = 0 must lie in (0, 1)"),
        (["--sigma", 1e-152], "at most 1e150 sigma"),
        (["--sigma", 0.1, "--mu", 1e-320], "sigma; 1e-300 sigma at least fit the float range"),
        (["--sigma", 0.1, "--plot", "a.svg"], "must end in .pdf or .png"),
    ],
)
def test_bad_scales_are_refused_in_one_line_that_names_them(capsys, arguments, says):
    assert says in refused(capsys, TEXTURE, *arguments)


def test_a_missing_file_is_named(capsys, tmp_path):
    assert "none.csv: no such file" in refused(capsys, tmp_path / "none.csv", "--sigma", 0.1)


@pytest.mark.parametrize(
    ("name", "text", "column"),
    [
        ("a.csv", "x,y\na,3\nb,1\nc,2\n", "y"),
        ("a.csv", "3,9\n1,8\n2,7\n", "1"),
        ("a.txt", "# comment\n3 1\n2 5\n1 4\n", "1"),
        ("a.txt", "3 1 2\n", None),
        ("a.csv", "petal length (cm)\n3\n1\n2\n", None),
        ("a.tsv", "u\tv\n3\t1\n1\t1\n2\t1\n", "u"),
    ],
)
def test_every_common_layout_is_read(tmp_path, name, text, column):
    assert read_sample(written(tmp_path, text, name), column).values.tolist() == [1.0, 2.0, 3.0]


def test_npy_is_read_and_objects_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[3, 0], [1, 0]]))
    assert read_sample(tmp_path / "a.npy", "1").values.tolist() == [1.0, 3.0]
    np.save(tmp_path / "b.npy", np.array(["a", None], dtype=object))
    with pytest.raises(InputError, match="not an NPY file of numbers"):
        read_sample(tmp_path / "b.npy", None)


def test_the_petals_of_iris_are_tied_and_the_ties_are_named(capsys, tmp_path):
    datasets = pytest.importorskip("sklearn.datasets")
    petals = datasets.load_iris().data[:, 2]
    path = written(tmp_path, "petal length (cm)\n" + "\n".join(map(str, petals)) + "\n")
    err = refused(capsys, path, "--sigma", 0.1)
    assert "tied values" in err
    assert "1.3 (7 times)" in err


def test_an_almost_uniform_law_ends_with_an_honest_error():
    x = read_sample(TEXTURE, None).values
    mu, sigma, _ = scales(sigma=None, mu=None, time=14.0)
    found = measure_score(x, mu, sigma)
    assert found.irregularity.relative_error < 1e-3
    assert abs(1 - found.not_largest_weight - 1 / 20) < 1e-5


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_the_plot_has_the_same_bytes_twice_and_its_fonts_are_not_remarked_on(capsys, caplog, tmp_path, kind):
    pictures = [tmp_path / f"{name}.{kind}" for name in "ab"]
    for picture in pictures:
        status, _, err = run(capsys, TEXTURE, "--sigma", 0.1, "--plot", picture)
        assert (status, err, caplog.records) == (0, "", [])
    first, second = (picture.read_bytes() for picture in pictures)
    assert first == second
