"""The errata sheet: certified counterexamples, lines of Python that agree, the repair, and what survives."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from theory.registry import all_statements
from theory.statement import Fault, InputError
from verification.cli import execute
from verification.errata import corrections, fault_of
from verification.errata_entry import state_of
from verification.errata_known import Knowledge
from verification.errata_sheet import sheet
from verification.records import recorded_verdicts

STATEMENTS = all_statements()
KNOWN = Knowledge(statements=STATEMENTS, report={}, recorded=recorded_verdicts(None))
NAMED = KNOWN.named("wu2025")


def found(*ids: str):
    return corrections([STATEMENTS[key] for key in ids], KNOWN)


def test_a_correction_has_counterexample_confirmation_repair_and_what_survives() -> None:
    (entry,) = found("wu2025.proposition-9.part-a")
    assert entry.problem is None
    assert entry.certified
    assert entry.left.startswith("[0.0106102")
    assert entry.digits >= 10
    assert entry.repair.statement.id == "wu2025.proposition-9.part-a.reading-repaired"
    assert state_of(entry.repair) == "proved"
    fates = {fate.statement.id: fate for fate in entry.rests}
    assert state_of(fates["wu2025.theorem-4"]) == "proved"
    assert state_of(fates["wu2025.theorem-4.step-3"]) == "refuted"
    assert fates["wu2025.theorem-8"].through == ("wu2025.proposition-7",)
    assert entry.repair.statement.id not in fates
    assert entry.whole == ()


def test_what_is_false_comes_first_then_steps_then_slips_and_true_statements_are_left_out() -> None:
    entries = found(
        "wu2025.proposition-7.step-6", "wu2025.proposition-7.step-1", "wu2025.theorem-4", "wu2025.proposition-9.part-a"
    )
    assert [(entry.statement.id, entry.fault) for entry in entries] == [
        ("wu2025.proposition-9.part-a", Fault.RESULT),
        ("wu2025.proposition-7.step-6", Fault.ARGUMENT),
        ("wu2025.proposition-7.step-1", Fault.SLIP),
    ]
    # What rests on more named results comes first.
    first, _ = found("wu2025.proposition-7", "wu2025.proposition-10")
    assert first.statement.id == "wu2025.proposition-10"


def test_an_erratum_that_says_nothing_of_its_size_is_a_result_or_an_argument() -> None:
    assert fault_of(STATEMENTS["marion2024.proposition-7"]) is Fault.RESULT
    assert fault_of(STATEMENTS["marion2024.lemma-21.step-3"]) is Fault.ARGUMENT
    assert fault_of(STATEMENTS["marion2026.claim-9.part-fid"]) is Fault.ARGUMENT


def test_a_repair_never_shows_the_formula_that_it_repairs() -> None:
    repairs = {key: STATEMENTS[entry.erratum.repaired] for key, entry in STATEMENTS.items() if entry.erratum is not None}
    assert [key for key, repair in repairs.items() if repair.formula == STATEMENTS[key].formula] == []


def test_the_sheet_shows_all_of_it() -> None:
    text = sheet("wu2025", found("wu2025.proposition-7.step-6", "wu2025.proposition-9.part-a"), NAMED, "On record.")
    for part in (
        "About: Wu, Marion, Biau, Boyer, COLT 2025, arXiv 2502.03435v1. Numbers and pages are those of that version",
        "False as printed: 1; steps that do not follow: 1.",
        "**What stands as printed,** with a proof of ours: Theorem 4, Theorem 8, Proposition 2, Lemma 11,",
        "| 2 | proof of Proposition 7, pages 29-30 | (1/2)(1 - 0.354) is below 1/2. | proved |",
        "### 1. Proposition 9, page 18: lower bound on the weight function, as printed",
        r"$$\Big(\frac12-e^{-32}\Big)\Big(1-\frac1{2\sqrt2}\Big)\ge\frac12$$",
        "**What is wrong:** (1/2)(1 - 0.354) is below 1/2.",
        'left >= right is claimed; there\n\n    {"r": 8, "sigma": "1/2", "risk": "1/16"}\n    left   [0.323223304703355 +/-',
        "**Repair** (`wu2025.proposition-7.reading-repaired.step-6`: proved for every r >= 8",
        "**The result itself:** `proposition-7` refuted.",
        "- Theorem 4, page 8 (the score is irregular at small noise): stands, proved; its printed proof needs the repair",
        "is refuted as well",
        "- steps of proofs refuted too: `theorem-4.step-3`",
        'print("left ", (1 / 2 - exp(-32)) * (1 - 1 / (2 * sqrt(2))))',
        "prints\n\n    left  0.3232233047033",
        "and agrees with the enclosures to 15 digits.",
    ):
        assert part in text, part
    assert "NOT CONFIRMED" not in text
    # The letter is read without the lines of Python, which stand behind it.
    assert text.index("print(") > text.rindex("**Repair**")


def test_a_sentence_that_something_can_happen_is_answered_by_the_proof_that_excludes_it() -> None:
    against = KNOWN.contradicting(STATEMENTS.values())
    text = sheet("marion2024", found("marion2024.equation-13"), {}, "", against=against)
    assert "### page 4: 'Without further assumptions, the gradient flow (4) can diverge in finite time'" in text
    assert "`marion2024.equation-4.reading-energy` (proved), the gradient flow cannot diverge in finite time: Ours:" in text
    assert "**Proof,** for every C^2 layer, depth, data and initial weights" in text
    doubted = replace(KNOWN, recorded={"marion2024.equation-4.reading-energy": "undecided"})
    assert doubted.contradicting(STATEMENTS.values()) == []


def test_where_nobody_wrote_lines_the_sheet_says_so(monkeypatch) -> None:
    monkeypatch.setattr("verification.errata.confirmation_of", lambda statement: None)
    text = sheet("wu2025", found("wu2025.proposition-7.step-6"), NAMED, "On record.")
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
    assert f"**NOT CONFIRMED, do not send:** {entry.problem}." in sheet("wu2025", [entry], NAMED, "")


def test_a_counterexample_outside_the_hypotheses_is_never_sent() -> None:
    statement = STATEMENTS["wu2025.proposition-7.step-6"]
    outside = replace(statement.erratum, counterexample={"r": 8, "sigma": 1, "risk": 1})
    (entry,) = corrections([replace(statement, erratum=outside)], KNOWN)
    assert "the counterexample is not certified" in entry.problem


def test_the_command_writes_both_files_and_refuses_what_matches_nothing(tmp_path, capsys) -> None:
    out = str(tmp_path / "out")
    assert execute(["errata", "wu2025.proposition-7.step-6", "--out", out]) == 0
    assert capsys.readouterr().out.startswith("wu2025: 1 correction; ")
    page = (tmp_path / "out" / "errata-wu2025.html").read_text()
    assert "<h3>1. proof of Proposition 7, pages 29-30: the last inequality" in page
    # The formula is mathematics, and nothing of its LaTeX is lost to Markdown.
    assert page.count("<math") == 2
    assert "FORMULA" not in page
    assert (tmp_path / "out" / "errata-wu2025.md").read_text().startswith("# Errata of wu2025\n")
    assert execute(["errata", "marion2024.equation-4.reading-energy", "--out", out]) == 0
    assert capsys.readouterr().out.startswith("marion2024: 1 correction; ")
    alone = (tmp_path / "out" / "errata-marion2024.md").read_text()
    assert "About: Marion, Wu, Sander, Biau, ICLR 2024, arXiv 2309.01213v3." in alone
    assert "counterexample satisfies" not in alone
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
    assert "**What is wrong:** it is refuted." in text
    assert "**Repair:** none is known here." in text
    assert f"--file {path}" in text


def test_a_refutation_without_a_counterexample_is_told_in_one_line() -> None:
    from verification.outcome import Judgement, Verdict
    from verification.worker import failed

    statement = replace(STATEMENTS["wu2025.theorem-4"], erratum=None)
    judgement: Judgement = replace(failed(statement, ""), verdict=Verdict.REFUTED)
    with pytest.raises(InputError, match=r"wu2025.theorem-4 is refuted in the report without a counterexample"):
        corrections([statement], replace(KNOWN, report={statement.id: judgement.to_json(None)}))
