"""What is a regression between two reports, and what is news."""

from __future__ import annotations

import copy
import json

import pytest

from verification.cli import execute
from verification.comparing import Weight, compare_reports, status_of
from verification.reading import read_report

TOOTH = {"name": "pushed", "refuted": True, "finding": None, "counterexample": None, "measured": None}
ENTRY = {
    "id": "toy.lemma-1",
    "verdict": "holds",
    "expected_verdict": None,
    "reason": "",
    "evidence": [{"kind": "certified", "summary": "", "figures": {}}],
    "teeth": [TOOTH],
    "tightness": {"quantiles": [1.5, 2, 3, 4, None], "count": 5, "extreme": None, "note": ""},
    "counterexample": None,
    "formula": "x > 0",
    "says": "x is positive",
    "hypotheses": {"hidden": []},
}
REPORT = {
    "schema": "quod-report/1",
    "summary": {"not_run": []},
    "provenance": {"source": None, "profile": "quick", "seed": 0},
    "statements": [ENTRY],
}


def report(**fields: object) -> dict:
    found = copy.deepcopy(REPORT)
    found["statements"][0] |= copy.deepcopy(fields)
    return found


def changes(old: dict, new: dict) -> list[tuple[str, str]]:
    return [(change.what, change.weight.value) for change in compare_reports(old, new)]


def test_a_report_differs_from_itself_in_nothing() -> None:
    assert changes(report(), report()) == []
    assert status_of([]) == 0


@pytest.mark.parametrize(
    ("was", "now", "weight"),
    [
        ("holds", "refuted", "regression"),
        ("holds", "undecided", "regression"),
        ("holds", "vacuous", "regression"),
        ("refuted", "undecided", "regression"),
        ("undecided", "refuted", "regression"),
        ("vacuous", "undecided", "regression"),
        ("refuted", "holds", "news"),
        ("undecided", "holds", "news"),
        ("undecided", "vacuous", "news"),
        ("error", "holds", "news"),
        ("holds", "error", "could not run"),
        ("refuted", "error", "could not run"),
    ],
)
def test_a_verdict_that_got_worse_is_a_regression(was, now, weight) -> None:
    assert changes(report(verdict=was), report(verdict=now)) == [("verdict", weight)]


def test_leaving_the_verdict_on_record_is_a_regression_and_recording_anew_is_news() -> None:
    old = report(verdict="refuted", expected_verdict="refuted")
    assert changes(old, report(verdict="holds", expected_verdict="refuted")) == [("verdict", "regression")]
    assert changes(old, report(verdict="holds", expected_verdict="holds")) == [("verdict", "news")]
    old = report(verdict="holds", expected_verdict="holds")
    assert changes(old, report(verdict="refuted", expected_verdict="refuted")) == [("verdict", "news")]


def test_evidence_has_an_order() -> None:
    kinds = ["proved", "certified", "sampled", "measured"]
    found = [report(evidence=[{"kind": kind, "summary": "", "figures": {}}]) for kind in kinds] + [report(evidence=[])]
    for strong in range(5):
        for weak in range(strong + 1, 5):
            assert changes(found[strong], found[weak]) == [("evidence", "regression")]
            assert changes(found[weak], found[strong]) == [("evidence", "news")]


def test_a_tooth_that_no_longer_bites_or_is_gone_is_a_regression() -> None:
    blunt, finding = TOOTH | {"refuted": False}, TOOTH | {"refuted": False, "finding": "not needed"}
    assert changes(report(), report(teeth=[blunt])) == [("tooth", "regression")]
    assert changes(report(), report(teeth=[finding])) == [("tooth", "regression")]
    assert changes(report(), report(teeth=[])) == [("tooth", "regression")]
    assert changes(report(teeth=[blunt]), report()) == [("tooth", "news")]
    assert changes(report(teeth=[blunt]), report(teeth=[])) == [("tooth", "news")]
    assert changes(report(), report(teeth=[TOOTH, blunt | {"name": "another"}])) == [("tooth", "news")]


def test_a_bound_loosens_beyond_the_stated_factor_only() -> None:
    def slack(value: float | None) -> dict:
        return report(tightness={"quantiles": [value, 9, 9, 9, 9], "count": 1, "extreme": None, "note": ""})

    assert changes(slack(1.5), slack(3.0)) == []
    assert changes(slack(1.5), slack(3.1)) == [("slack", "regression")]
    assert changes(slack(3.1), slack(1.5)) == [("slack", "news")]
    assert changes(slack(1.5), slack(None)) == []
    assert [change.weight for change in compare_reports(slack(1.5), slack(3.0), factor=1.5)] == [Weight.REGRESSION]


def test_a_statement_that_is_gone_is_a_regression_and_a_new_one_is_news() -> None:
    empty = report() | {"statements": []}
    assert changes(report(), empty) == [("statement", "regression")]
    assert changes(empty, report()) == [("statement", "news")]
    assert changes(empty, report(verdict="error")) == [("statement", "could not run")]
    cut = empty | {"summary": {"not_run": ["toy.lemma-1"]}}
    (change,) = compare_reports(report(), cut)
    assert (change.says, change.weight) == ("was not judged: the new run was interrupted", Weight.REGRESSION)


def test_another_budget_other_words_and_another_counterexample_are_news() -> None:
    other = report()
    other["provenance"] = other["provenance"] | {"profile": "nightly"}
    assert changes(report(), other) == [("run", "news")]
    assert changes(report(), report(says="x is not negative")) == [("claim", "news")]
    assert changes(report(), report(hypotheses={"hidden": [{"says": "x < 9"}]})) == [("hidden", "news")]
    at = [report(verdict="refuted", counterexample={"data": {"x": x}}) for x in (-1, -2)]
    assert changes(*at) == [("counterexample", "news")]


def test_the_status_is_that_of_the_worst_change_and_each_has_a_line(tmp_path, capsys) -> None:
    def run(old: dict, new: dict, *more: str) -> tuple[int, str]:
        for name, content in (("old", old), ("new", new)):
            (tmp_path / f"{name}.json").write_text(json.dumps(content))
        status = execute(["diff", str(tmp_path / "old.json"), str(tmp_path / "new.json"), *more])
        return status, capsys.readouterr().out

    assert run(report(), report()) == (0, "1 statements, then 1: nothing changed\n")
    status, text = run(report(), report(verdict="refuted"))
    assert status == 1
    assert text == ("regression:\n  toy.lemma-1: verdict holds -> refuted\n1 statements, then 1: 1 regression, 0 news\n")
    assert run(report(), report(verdict="error"))[0] == 3
    status, text = run(report(verdict="refuted"), report(), "--json")
    assert status == 0
    assert json.loads(text)["changes"][0]["weight"] == "news"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        ("{", "is not JSON"),
        ("[]", "is no report of quod"),
        ('{"schema": "other/1"}', "is no report of quod"),
        (
            json.dumps(REPORT | {"schema": "quod-report/2"}),
            "has the schema 'quod-report/2'; this version reads 'quod-report/1'",
        ),
        (json.dumps({"schema": "quod-report/1"}), "is damaged: KeyError at 'summary'"),
        (json.dumps(report(verdict="true")), "is damaged: ValueError at 'true' is not a valid Verdict"),
        (json.dumps(REPORT | {"statements": [ENTRY, ENTRY]}), "is damaged: ValueError at two entries of 'toy.lemma-1'"),
        (json.dumps(REPORT | {"statements": [{}]}), "is damaged: KeyError at 'id'"),
    ],
)
def test_a_file_that_is_no_report_gets_one_line_and_status_2(content, message, tmp_path, capsys) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(REPORT))
    if content is not None:
        bad.write_text(content)
    for pair in ((good, bad), (bad, good)):
        assert execute(["diff", *map(str, pair)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert str(bad) in line
        assert message in line


def test_a_factor_of_one_is_refused(tmp_path, capsys) -> None:
    (tmp_path / "report.json").write_text(json.dumps(REPORT))
    assert read_report(tmp_path) == REPORT
    assert execute(["diff", str(tmp_path), str(tmp_path), "--factor", "1"]) == 2
    assert "a factor of 1 tells nothing" in capsys.readouterr().err
