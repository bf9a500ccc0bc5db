"""The errata sheet: certified counterexamples, lines of Python that agree, the repair, and what survives."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from theory.registry import all_statements
from theory.statement import InputError
from verification.cli import execute
from verification.errata import corrections
from verification.errata_sheet import sheet
from verification.records import recorded_verdicts

STATEMENTS = all_statements()
RECORDED = recorded_verdicts(None)


def found(*ids: str, **report: object):
    return corrections([STATEMENTS[key] for key in ids], STATEMENTS, report, RECORDED)


def test_a_correction_has_counterexample_confirmation_repair_and_what_survives() -> None:
    (entry,) = found("wu2025.proposition-9.part-a")
    assert entry.problem is None
    assert entry.certified
    assert entry.left.startswith("[0.0106102")
    assert entry.digits >= 10
    assert entry.repaired.id == "wu2025.proposition-9.part-a.reading-repaired"
    assert entry.repair == (None, "holds")
    survives = {item["id"]: item["survives"] for item in entry.affects}
    assert survives["wu2025.theorem-4"] is True
    assert survives["wu2025.theorem-4.step-3"] is False


def test_results_come_before_steps_and_true_statements_are_left_out() -> None:
    entries = found("wu2025.proposition-7.step-6", "wu2025.proposition-9.part-a", "wu2025.theorem-4")
    assert [entry.statement.id for entry in entries] == ["wu2025.proposition-9.part-a", "wu2025.proposition-7.step-6"]


def test_the_sheet_shows_all_of_it() -> None:
    text = sheet("wu2025", found("wu2025.proposition-7.step-6", "wu2025.proposition-9.part-a"), "On record.")
    for part in (
        "About: Wu, Marion, Biau, Boyer, COLT 2025.",
        "results and displayed formulas 1, steps of proofs 1. On record.",
        "| `proposition-7.step-6` |",
        r"$$\Big(\frac12-e^{-32}\Big)\Big(1-\frac1{2\sqrt2}\Big)\ge\frac12$$",
        "**What is wrong.** (1/2)(1 - 0.354) is below 1/2.",
        '    {"r": 8, "sigma": 1, "risk": "1/16"}',
        "Claimed is left >= right; there\n\n    left   [0.323223304703355 +/-",
        'print("left ", (1 / 2 - exp(-32)) * (1 - 1 / (2 * sqrt(2))))',
        "prints\n\n    left  0.3232233047033",
        "and agrees with the enclosures to 15 digits.",
        "`wu2025.proposition-7.reading-repaired.step-6`: holds (on record).",
        "- `wu2025.theorem-4`: holds by evidence of its own",
        "- steps of proofs refuted too: `theorem-4.step-3`.",
    ):
        assert part in text, part
    assert "NOT CONFIRMED" not in text


def test_where_nobody_wrote_lines_the_sheet_says_so(monkeypatch) -> None:
    monkeypatch.setattr("verification.errata.confirmation_of", lambda statement: None)
    text = sheet("wu2025", found("wu2025.proposition-7.step-6"), "On record.")
    assert "No lines of Python that confirm it without quod have been written yet." in text


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("print('left ', 0.33)\nprint('right', 0.5)", "agree with the certified sides to 1 digits only"),
        ("import theory", "do not run: ImportError: a confirmation imports nothing of quod, not theory"),
    ],
)
def test_lines_that_disagree_are_never_sent(monkeypatch, lines, problem) -> None:
    monkeypatch.setattr("verification.errata.confirmation_of", lambda statement: lines)
    (entry,) = found("wu2025.proposition-7.step-6")
    assert problem in entry.problem
    assert f"**NOT CONFIRMED, do not send:** {entry.problem}." in sheet("wu2025", [entry], "")


def test_a_counterexample_outside_the_hypotheses_is_never_sent() -> None:
    statement = STATEMENTS["wu2025.proposition-7.step-6"]
    outside = replace(statement.erratum, counterexample={"r": 8, "sigma": 1, "risk": 1})
    (entry,) = corrections([replace(statement, erratum=outside)], STATEMENTS, {}, RECORDED)
    assert "the counterexample is not certified" in entry.problem


def test_the_command_writes_both_files_and_refuses_what_matches_nothing(tmp_path, capsys) -> None:
    out = str(tmp_path / "out")
    assert execute(["errata", "wu2025.proposition-7.step-6", "--out", out]) == 0
    assert capsys.readouterr().out.startswith("wu2025: 1 correction; ")
    page = (tmp_path / "out" / "errata-wu2025.html").read_text()
    assert "<h3>proposition-7.step-6" in page
    # The formula is mathematics, and nothing of its LaTeX is lost to Markdown.
    assert page.count("<math") == 2
    assert "FORMULA" not in page
    assert (tmp_path / "out" / "errata-wu2025.md").read_text().startswith("# Errata of wu2025\n")
    assert execute(["errata", "wu2025.theorem-4.step-1", "--out", out]) == 0
    assert "nothing to correct" in capsys.readouterr().out
    (tmp_path / "file").write_text("")
    assert execute(["errata", "wu2025", "--out", str(tmp_path / "file" / "out")]) == 2
    assert "not a directory" in capsys.readouterr().err
    assert execute(["errata", "wu2026", "--out", out]) == 2
    assert "no statement matches 'wu2026'" in capsys.readouterr().err


def test_a_users_refuted_statement_without_an_erratum_comes_from_the_report(toy, tmp_path, capsys) -> None:
    path = toy("a-holds", "b-refuted", file="toy_errata.py")
    out = tmp_path / "out"
    assert execute(["verify", str(path), "--out", str(out), "--jobs", "1"]) == 1
    report = json.loads((out / "report.json").read_text())
    assert report["summary"]["verdicts"]["refuted"] == 1
    assert execute(["errata", str(path), "--out", str(out)]) == 0
    text = (out / "errata-toy.md").read_text()
    assert '{"x": "-1/3"}' in text
    assert "**What is wrong.** it is refuted." in text
    assert "**Repair.** None is known here." in text
    assert f"--file {path}" in text


def test_a_refutation_without_a_counterexample_is_told_in_one_line() -> None:
    from verification.outcome import Judgement, Verdict
    from verification.worker import failed

    statement = replace(STATEMENTS["wu2025.theorem-4"], erratum=None)
    judgement: Judgement = replace(failed(statement, ""), verdict=Verdict.REFUTED)
    with pytest.raises(InputError, match=r"wu2025.theorem-4 is refuted in the report without a counterexample"):
        corrections([statement], STATEMENTS, {statement.id: judgement.to_json(None)}, {})
