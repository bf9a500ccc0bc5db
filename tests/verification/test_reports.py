from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from rich.console import Console

from theory.errors import InputError
from verification.reading import last_report
from verification.reports.data import SCHEMA_FILE, report_of, write_report
from verification.reports.html import write_html
from verification.reports.junit import write_junit
from verification.reports.markdown import markdown, write_markdown
from verification.reports.terminal import show
from verification.runner import run
from verification.selection import load

USES = "b = claim('c-holds', uses=('toy.lemma-b-refuted',))"
NAMES = ("a-holds", "b-refuted", "d-error", "e-toothless", "f-undecided", "g-vacuous")


@pytest.fixture
def report(toy) -> dict[str, Any]:
    path = toy(*NAMES, extra=USES)
    statements = list(load(str(path)).values())
    return report_of(run(statements, source=str(path), out=path.parent / "out", jobs=1))


def refuse(name: str) -> None:
    raise AssertionError(f"{name} in a report")


def test_the_report_satisfies_its_schema_and_holds_no_nan_and_no_infinity(report, tmp_path) -> None:
    schema = json.loads(SCHEMA_FILE.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    text = write_report(report, tmp_path).read_text()
    jsonschema.Draft202012Validator(schema).validate(json.loads(text, parse_constant=refuse))
    assert report["statements"][0]["tightness"]["quantiles"][4] is None


def test_the_schema_refuses_a_verdict_that_does_not_exist(report) -> None:
    report["statements"][0]["verdict"] = "true"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(report, json.loads(SCHEMA_FILE.read_text()))


def test_the_summary_counts_verdicts_news_failures_and_survivors(report) -> None:
    summary = report["summary"]
    assert summary["verdicts"] == {"holds": 3, "refuted": 1, "vacuous": 1, "undecided": 1, "error": 1}
    assert [key[-7:] for key in summary["differing"]] == ["refuted", "decided", "vacuous"]
    assert summary["errors"] == ["toy.lemma-d-error"]
    assert summary["surviving_mutants"] == [{"id": "toy.lemma-e-toothless", "name": "pushed"}]
    assert summary["teeth"] == {"refuted": 5, "of": 6}
    assert summary["exit_status"] == 3


def test_one_seed_gives_the_same_bytes_outside_timing_and_provenance(quod, toy) -> None:
    path = toy(*NAMES, extra=USES)
    texts = []
    for out, jobs in (("one", 1), ("two", 2), ("one", 2)):
        quod("verify", path, "--out", out, "--jobs", jobs, "--seed", 7)
        found = json.loads((path.parent / out / "report.json").read_text())
        del found["timing"], found["provenance"]
        for entry in found["statements"]:
            del entry["timing"]
        texts.append(json.dumps(found))
    assert texts[0] == texts[1], "one process, then two"
    assert texts[0] == texts[2], "judged, then taken from the earlier run"


def test_junit_has_one_case_a_statement_a_failure_for_news_and_an_error_for_a_failure_of_ours(report, tmp_path) -> None:
    suite = ElementTree.parse(write_junit(report, tmp_path)).getroot()[0]
    children = {case.get("name").removeprefix("toy.lemma-"): [child.tag for child in case] for case in suite}
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("7", "3", "1")
    assert children["a-holds"] == ["system-out"]
    assert children["b-refuted"][0] == children["g-vacuous"][0] == "failure"
    assert children["d-error"][0] == "error"
    assert suite[0].get("classname") == "toy"


def test_junit_survives_characters_that_xml_cannot_hold(report, tmp_path) -> None:
    report["statements"][1]["says"] = "a \x00 b \x1b ]]> <&"
    ElementTree.parse(write_junit(report, tmp_path))


def test_the_text_starts_with_what_the_authors_must_know(report) -> None:
    text = markdown(report)
    order = [
        "| statement |",
        "## Refuted as printed",
        "### toy.lemma-b-refuted",
        '{"x": "-1/3"}',
        "-0.333",
        "**What is wrong.** it is refuted",
        "`toy.lemma-c-holds` survives: holds by evidence of its own",
        "## Hidden hypotheses",
        "## Surviving mutants",
        "## Every statement",
        "rests on `toy.lemma-b-refuted`, which is refuted",
    ]
    places = [text.find(part) for part in order]
    assert -1 not in places
    assert places == sorted(places)
    assert "nan" not in text.split()


def test_the_erratum_names_the_repaired_statement_with_its_verdict(toy) -> None:
    extra = (
        "import dataclasses\nfrom theory.statement import Erratum\n_judge = judge\n"
        "def judge(statement, *, budget, seed, store=None):\n"
        "    found = _judge(statement, budget=budget, seed=seed)\n"
        "    wrong = {'wrong': 'The sign.', 'line': 'Line 3.', 'repaired': 'toy.lemma-b-holds'}\n"
        "    return dataclasses.replace(found, erratum=wrong) if found.verdict is Verdict.REFUTED else found\n"
        "sys.modules['verification.judge'].judge = judge"
    )
    path = toy("a-refuted", "b-holds", extra=extra)
    report = report_of(run(list(load(str(path)).values()), source=str(path), out=path.parent / "out", jobs=1))
    assert report["statements"][0]["erratum"]["repaired_verdict"] == "holds"
    assert "**Where.** Line 3.\n\n**Repaired statement.** `toy.lemma-b-holds`: holds." in markdown(report)


def test_the_page_is_self_contained_and_shows_markup_in_words_as_text(report, tmp_path) -> None:
    report["statements"][0]["says"] = "x <script>alert(1)</script>"
    page = write_html(report, tmp_path).read_text()
    assert "x &lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<table" in page
    assert "://" not in page


def test_the_terminal_fits_100_columns_and_cuts_no_id(report, tmp_path) -> None:
    identifier = "wu2025.proposition-12.part-b.reading-literal.step-4"
    report["statements"][0]["id"] = identifier
    stream = io.StringIO()
    show(report, [write_markdown(report, tmp_path)], Console(file=stream, width=100))
    lines = stream.getvalue().splitlines()
    table = lines[: lines.index(next(line for line in lines if line.startswith("hidden")))]
    assert max(map(len, table)) <= 100
    assert any(identifier in line and "holds" in line for line in table)
    assert any(line.startswith("SURVIVING MUTANT toy.lemma-e-toothless: pushed") for line in lines)
    assert any(line.startswith('refuted toy.lemma-b-refuted: at {"x": "-1/3"}') for line in lines)
    assert any("1 SURVIVING" in line for line in lines)
    assert str(Path("report.md")) in lines[-1]


def test_the_last_report_is_read_back_and_a_broken_one_is_refused_in_one_line(report, tmp_path) -> None:
    path = write_report(report, tmp_path)
    source = report["provenance"]["source"]
    assert last_report(tmp_path, source)["toy.lemma-b-refuted"]["verdict"] == "refuted"
    assert last_report(tmp_path, f"{source[:-3]}_2.py") == last_report(tmp_path) == {}
    path.write_text(path.read_text()[:-10])
    with pytest.raises(InputError, match=r"report\.json is not JSON: it was cut off"):
        last_report(tmp_path)
    assert last_report(tmp_path / "nowhere") == {}
