"""Reports of parts: merged they are the report of the whole, and what does not belong together is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from theory.errors import InputError
from verification.merging import merge
from verification.reports.data import report_of, write_report
from verification.runner import run
from verification.selection import load
from verification.sharding import Shard, part

NAMES = ("a-holds", "b-refuted", "d-error", "e-toothless", "f-undecided", "g-vacuous")
EXTRA = "c = claim('c-holds', uses=('toy.lemma-b-refuted',))\nh = claim('h-refuted', uses=('toy.lemma-c-holds',))"


def bare(report) -> str:
    """Return a report without times and provenance, keys in their order."""
    report = json.loads(json.dumps(report))
    for entry in [report, *report["statements"]]:
        entry.pop("timing")
    report.pop("provenance")
    return json.dumps(report)


def parts_of(path: Path, count: int, **options) -> list[Path]:
    folders = []
    for number in range(1, count + 1):
        shard = Shard(number=number, of=count)
        statements = part(list(load(str(path)).values()), shard, "quick")
        folder = path.parent / f"part-{number}-of-{count}"
        result = run(statements, source=str(path), out=folder, jobs=1, shard=str(shard), **options)
        folders.append(write_report(report_of(result), folder).parent)
    return folders


def edited(folder: Path, name: str, change) -> Path:
    """Return a copy of a report with something changed."""
    report = json.loads((folder / "report.json").read_text())
    change(report)
    path = folder.parent / f"{name}.json"
    path.write_text(json.dumps(report))
    return path


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_merged_parts_are_byte_for_byte_the_run_that_was_not_parted(toy, count) -> None:
    path = toy(*NAMES, extra=EXTRA)
    whole = run(list(load(str(path)).values()), source=str(path), out=path.parent / "whole", jobs=1)
    assert any((entry.erratum or {}).get("affects") for entry in whole.judgements)
    parts = parts_of(path, count)
    merged = merge(parts[::-1])
    assert bare(report_of(merged)) == bare(report_of(whole))
    assert merged.status == whole.status == 3
    merged_again = write_report(report_of(merged), path.parent / "merged")
    assert bare(report_of(merge([merged_again]))) == bare(report_of(whole))


def test_verdicts_on_record_come_from_the_parts(toy) -> None:
    one, two = parts_of(toy("a-holds", "b-refuted"), 2)

    def recorded(report) -> None:
        for entry in report["statements"]:
            entry["expected_verdict"] = "refuted"

    result = merge([edited(one, "one", recorded), edited(two, "two", recorded)])
    assert result.expected == {"toy.lemma-a-holds": "refuted", "toy.lemma-b-refuted": "refuted"}
    assert report_of(result)["summary"]["differing"] == ["toy.lemma-a-holds"]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("seed", 5, "seed is 5, but 0 in "),
        ("profile", "standard", "profile is 'standard', but 'quick' in "),
        ("code", "f" * 64, "code is ffffffffffff, but "),
        ("memory", 7, "memory is 7, but 2048 in "),
        ("machine", "vax", "machine is 'vax', but "),
        ("versions", {"numpy": "1.0"}, "versions is numpy 1.0, but "),
        ("shard", "2/5", "it is part 2/5, and others are parts of 2, 5"),
    ],
)
def test_reports_of_different_runs_are_refused_in_one_line(toy, name, value, told) -> None:
    one, two = parts_of(toy("a-holds", "b-refuted"), 2)
    other = edited(two, "other", lambda report: report["provenance"].update({name: value}))
    with pytest.raises(InputError) as caught:
        merge([one, other])
    assert str(caught.value).startswith(f"{other}: {told}")
    assert "\n" not in str(caught.value)


def test_a_missing_part_reports_that_disagree_and_another_version_here_are_refused(toy) -> None:
    path = toy("a-holds", "b-refuted", "c-holds")
    one, two, three = parts_of(path, 3)
    with pytest.raises(InputError, match="part 2/3 is missing: give the reports of all parts"):
        merge([one, three])
    assert merge([one, two, three, three]).status == 1
    key = json.loads((two / "report.json").read_text())["statements"][0]["id"]
    other = edited(two, "other", lambda report: report["statements"][0].update({"verdict": "vacuous"}))
    with pytest.raises(InputError, match=rf"disagree on {key}: vacuous and "):
        merge([one, two, three, other])
    path.write_text(path.read_text() + "# another version\n")
    with pytest.raises(InputError, match="merge with the program that ran"):
        merge([one, two, three])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is nested too deeply"),
        ("[]", "is no report of quod"),
        ('{"schema": "quod-report/1"}', "is damaged"),
        ('{"schema": "quod-report/2"}', "has the schema 'quod-report/2'"),
    ],
)
def test_what_is_no_report_is_refused_in_one_line(tmp_path, text, told) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(InputError, match=told) as caught:
        merge([tmp_path])
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"nowhere\.json: no such file or directory"):
        merge([tmp_path / "nowhere.json"])


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("statements", 0, "verdict"), "banana"),
        (("statements", 0, "calibrations"), 3),
        (("provenance", "shard"), "banana"),
        (("provenance", "shard"), "9/3"),
        (("provenance", "profile"), "hasty"),
        (("provenance", "jobs"), None),
        (("timing", "seconds"), "long"),
        (("timing", "from_earlier_runs"), None),
    ],
)
def test_a_part_that_is_damaged_anywhere_is_refused_in_one_line(toy, where, value) -> None:
    one, two = parts_of(toy("a-holds", "b-refuted"), 2)

    def damage(report) -> None:
        *path, last = where
        for name in path:
            report = report[name]
        report[last] = value

    other = edited(two, "other", damage)
    with pytest.raises(InputError, match=rf"^{other}.* damaged"):
        merge([one, other])


def test_a_part_of_very_many_is_refused_at_once_since_others_are_missing(toy) -> None:
    (one,) = parts_of(toy("a-holds"), 1)
    other = edited(one, "other", lambda report: report["provenance"].update({"shard": "2/999999"}))
    with pytest.raises(InputError, match="part 1/999999 is missing"):
        merge([other])


def test_parts_of_different_selections_are_refused_though_every_number_is_there(toy) -> None:
    path = toy("a-holds", "b-refuted", "c-holds")
    one, two, three = parts_of(path, 3)
    of_less = edited(two, "other", lambda report: report["statements"].clear())
    with pytest.raises(InputError, match=r"it is not part \d/3 of what all parts hold"):
        merge([one, of_less, three])


def test_what_an_interrupted_part_left_out_is_not_run_in_the_whole(toy) -> None:
    one, two = parts_of(toy("a-holds", "b-holds"), 2)

    def interrupted(report) -> None:
        report["summary"]["not_run"] = [report["statements"].pop()["id"]]

    result = merge([one, edited(two, "other", interrupted)])
    assert result.status == 130
    assert result.not_run == ("toy.lemma-b-holds",)
