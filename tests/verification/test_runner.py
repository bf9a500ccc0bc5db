from __future__ import annotations

import errno
import json
import os
import signal
import time
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest

from verification import records
from verification.cache import Cache
from verification.dependents import dependents
from verification.executors import InProcess
from verification.outcome import Evidence, EvidenceKind, Judgement, Verdict, plain
from verification.runner import Run, run
from verification.selection import load
from verification.worker import judge_one, seed_of


def judged(path: Path, **options: object) -> Run:
    source = str(path)
    return run(list(load(source).values()), source=source, out=path.parent / "out", **{"jobs": 1, **options})


def verdicts(result: Run) -> dict[str, str]:
    return {entry.id.removeprefix("toy.lemma-"): entry.verdict.value for entry in result.judgements}


def calls(path: Path) -> list[str]:
    log = path.parent / "calls.txt"
    return [line.removeprefix("toy.lemma-") for line in log.read_text().splitlines()] if log.exists() else []


def wait_for(condition, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("names", "status"),
    [
        (("a-holds", "b-toothless"), 0),
        (("a-holds", "b-refuted"), 1),
        (("a-undecided",), 1),
        (("a-vacuous",), 1),
        (("a-error",), 3),
        (("a-error", "b-refuted"), 3),
    ],
)
def test_the_status_is_1_for_news_and_3_for_a_failure_of_ours_which_outranks_it(toy, names, status) -> None:
    assert judged(toy(*names)).status == status


def test_a_recorded_refutation_is_no_news(toy) -> None:
    result = judged(toy("a-refuted"))
    values = {name: getattr(result, name) for name in result.__dataclass_fields__}
    assert Run(**values | {"expected": {"toy.lemma-a-refuted": "refuted"}}).status == 0


def test_an_exception_becomes_the_verdict_error_with_one_line(toy) -> None:
    (entry,) = judged(toy("a-error")).judgements
    assert entry.verdict is Verdict.ERROR
    assert entry.reason.startswith("ValueError: sigma left the range (toy_lemmas.py:")
    assert "\n" not in entry.reason


def test_a_second_run_takes_up_everything_but_failures_of_ours(toy) -> None:
    path = toy("a-holds", "b-refuted", "c-error")
    first = judged(path)
    second = judged(path)
    assert calls(path) == ["a-holds", "b-refuted", "c-error", "c-error"]
    assert second.stored == ("toy.lemma-a-holds", "toy.lemma-b-refuted")
    assert verdicts(first) == verdicts(second)
    assert judged(path, fresh=True).stored == ()


def test_another_seed_or_profile_is_judged_again(toy) -> None:
    path = toy("a-holds")
    judged(path)
    judged(path, seed=1)
    judged(path, profile="standard")
    assert len(calls(path)) == 3


def test_a_corrupted_stored_result_is_judged_again(toy) -> None:
    path = toy("a-holds", "b-holds", "c-holds", "d-holds")
    judged(path)
    first, second, third, fourth = sorted((path.parent / "out" / ".cache").iterdir())
    first.write_bytes(first.read_bytes()[:-20])
    second.write_bytes(second.read_bytes().replace(b"sampled", b"proved"))
    # Whole, and yet no judgement, or that of another statement.
    cache = Cache(third.parent)
    other = cache.get(third.stem)
    cache.put(third.stem, [other])
    cache.put(fourth.stem, other)
    result = judged(path)
    assert result.stored == ()
    assert {entry.best_evidence for entry in result.judgements} == {"sampled"}


def test_seeds_depend_on_the_statement_alone_not_on_order_or_selection(toy) -> None:
    alone = judged(toy("b-holds"), seed=5).judgements
    among = judged(toy("a-holds", "b-holds", "c-holds", file="toy_more.py"), seed=5).judgements
    assert alone[0].evidence == among[1].evidence
    assert seed_of(5, "a") != seed_of(6, "a")
    np.random.default_rng(seed_of(5, "a"))


def test_two_processes_give_what_one_gives(toy) -> None:
    path = toy("a-holds", "b-refuted", "c-holds", "d-error", "e-undecided")
    one = judged(path, fresh=True)
    two = judged(path, fresh=True, jobs=2)
    assert [entry.to_json(None) | {"timing": 0} for entry in one.judgements] == [
        entry.to_json(None) | {"timing": 0} for entry in two.judgements
    ]


def test_a_statement_that_ends_its_worker_or_would_end_the_run_is_an_error_and_takes_no_neighbour_with_it(toy) -> None:
    result = judged(toy("a-holds", "b-crash", "c-holds", "d-slow", "e-leaves", "f-breaks"), cap=5.0, jobs=2)
    assert verdicts(result) == {
        **dict.fromkeys(("a-holds", "c-holds", "d-slow"), "holds"),
        **dict.fromkeys(("b-crash", "e-leaves", "f-breaks"), "error"),
    }
    crashed, left, broke = (result.judgements[at].reason for at in (1, 4, 5))
    assert "died twice" in crashed
    assert left.startswith("SystemExit: 0 (toy_lemmas.py:")
    assert broke.startswith("KeyboardInterrupt (toy_lemmas.py:")
    assert result.status == 3


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_wall_clock_cap_ends_in_status_3(toy, jobs) -> None:
    result = judged(toy("a-endless", "b-holds"), cap=0.5, jobs=jobs)
    assert verdicts(result) == {"a-endless": "error", "b-holds": "holds"}
    assert "stopped after 0.5 s" in result.judgements[0].reason
    assert result.status == 3


def test_what_never_comes_back_is_ended_from_outside(toy, monkeypatch) -> None:
    monkeypatch.setattr("verification.units.limit_of", lambda cap: 4 * cap)
    others = set(active_children())
    result = judged(toy("a-stuck", "b-holds", "c-holds"), cap=0.4, jobs=2)
    assert verdicts(result) == {"a-stuck": "error", "b-holds": "holds", "c-holds": "holds"}
    assert "stopped after 0.4 s" in result.judgements[0].reason
    assert result.status == 3
    wait_for(lambda: not set(active_children()) - others)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_statement_that_needs_more_than_its_memory_is_undecided_and_its_neighbours_are_not(toy, jobs) -> None:
    result = judged(toy("a-greedy", "b-holds"), memory=128, jobs=jobs)
    assert verdicts(result) == {"a-greedy": "undecided", "b-holds": "holds"}
    assert result.judgements[0].reason == "budget: more than 128 MiB of memory are needed (--memory raises it)"
    assert result.status == 1
    assert verdicts(judged(toy("a-greedy"), memory=512, jobs=1)) == {"a-greedy": "holds"}


def test_a_library_that_aborts_since_it_was_refused_memory_is_told_from_a_crash(toy) -> None:
    result = judged(toy("a-aborts", "b-holds", "c-holds"), jobs=2)
    assert verdicts(result) == {"a-aborts": "undecided", "b-holds": "holds", "c-holds": "holds"}
    assert result.judgements[0].reason.startswith("budget: more than 2048 MiB")


def test_what_cannot_be_stored_is_judged_all_the_same_and_said_in_one_line(toy, monkeypatch) -> None:
    path = toy("a-holds", "b-refuted")

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "entry.json")

    with monkeypatch.context() as patch:
        patch.setattr(Cache, "put", full)
        result = judged(path)
    assert verdicts(result) == {"a-holds": "holds", "b-refuted": "refuted"}
    assert result.trouble == "could not store what was found: entry.json: no space left on device"
    assert result.status == 3
    again = judged(path)
    assert (again.stored, again.status, verdicts(again)) == ((), 1, verdicts(result))


def test_two_runs_at_once_in_one_folder_both_end_with_the_right_report(toy, start) -> None:
    path = toy("a-holds", "b-refuted", "c-holds", "d-undecided")
    both = [start("verify", path, "--jobs", 1) for _ in range(2)]
    told = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [1, 1], told
    report = json.loads((path.parent / "quod-report" / "report.json").read_text())
    assert [entry["verdict"] for entry in report["statements"]] == ["holds", "refuted", "holds", "undecided"]
    assert not [name for name in os.listdir(path.parent / "quod-report") if name.endswith(".part")]


def test_progress_counts_and_estimates(toy) -> None:
    steps: list[object] = []
    judged(toy("a-holds", "b-holds", "c-holds"), progress=steps.append)
    assert [(step.done, step.total, step.judgement.id[-7:]) for step in steps] == [
        (1, 3, "a-holds"),
        (2, 3, "b-holds"),
        (3, 3, "c-holds"),
    ]
    assert steps[-1].seconds_left == 0


def test_sigint_writes_reports_for_what_finished_says_how_to_resume_and_the_next_run_resumes(toy, start, quod) -> None:
    path = toy("a-prints", "b-slow", "c-slow2")
    process = start("verify", path, "--jobs", 1)
    cache = path.parent / "quod-report" / ".cache"
    wait_for(lambda: cache.exists() and any(entry.suffix == ".json" for entry in cache.iterdir()))
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "quod: interrupted after" in err.splitlines()[-1]
    # Standard output is for the table.
    assert "something for the author's eyes" in err
    assert "something for the author's eyes" not in out
    report = json.loads((path.parent / "quod-report" / "report.json").read_text())
    assert report["summary"]["not_run"]
    finished = {entry["id"] for entry in report["statements"]}
    assert finished
    assert all(key in out for key in finished)
    again = quod("verify", path, "--jobs", 2)
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("from an earlier run") == len(finished)


def test_kill_9_in_the_middle_loses_nothing_that_was_finished(toy, start, quod) -> None:
    path = toy("a-holds", "b-holds", "c-endless")
    process = start("verify", path, "--jobs", 1)
    wait_for(lambda: "c-endless" in calls(path))
    process.kill()
    process.communicate(timeout=30)
    again = quod("verify", path, "toy.lemma-a-holds", "toy.lemma-b-holds")
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("from an earlier run") == 2


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_kill_9_leaves_no_worker_behind(toy, start) -> None:
    path = toy("a-endless", "b-endless")
    process = start("verify", path, "--jobs", 2)
    wait_for(lambda: "a-endless" in calls(path))
    process.kill()
    process.communicate(timeout=30)
    wait_for(lambda: not alive(process.pid))


def test_what_rests_on_a_refuted_statement_is_found_through_any_chain(toy) -> None:
    path = toy(
        "a-refuted",
        extra="\n".join([
            "b = claim('b-holds', uses=('toy.lemma-a-refuted',))",
            "c = claim('c-undecided', uses=('toy.lemma-b-holds',))",
            "d = claim('d-holds')",
            "e = claim('e-refuted', uses=('toy.lemma-c-undecided', 'toy.lemma-e-refuted'))",
        ]),
    )
    assert dependents("toy.lemma-a-refuted", load(str(path))) == {
        "toy.lemma-b-holds": (),
        "toy.lemma-c-undecided": ("toy.lemma-b-holds",),
        "toy.lemma-e-refuted": ("toy.lemma-c-undecided", "toy.lemma-b-holds"),
    }
    erratum = judged(path).judgements[0].erratum
    survives = {item["id"].removeprefix("toy.lemma-"): item["survives"] for item in erratum["affects"]}
    assert survives == {"b-holds": True, "c-undecided": None, "e-refuted": False}


def test_a_judgement_survives_json_and_json_never_holds_nan() -> None:
    evidence = Evidence(
        kind=EvidenceKind.PROVED, summary="s", figures={"n": np.int64(3), "x": np.float64("nan"), "a": np.ones(2)}
    )
    judgement = Judgement(
        id="a.b",
        paper="a",
        title="t",
        kind="k",
        says="s",
        formula="f",
        source="s",
        ours=False,
        verdict=Verdict.HOLDS,
        evidence=(evidence,),
        seconds=1.5,
    )
    entry = judgement.to_json("holds")
    assert entry["evidence"][0]["figures"] == {"n": 3, "x": None, "a": [1.0, 1.0]}
    assert Judgement.from_json(json.loads(json.dumps(entry, allow_nan=False))).to_json("holds") == entry
    assert plain({"set": {2, 1}, 3: float("inf")}) == {"set": [1, 2], "3": None}


def test_records_are_merged_pruned_and_never_hold_a_failure(toy, tmp_path) -> None:
    folder = tmp_path / "recorded"
    folder.mkdir()
    (folder / "toy.json").write_text('{"toy.lemma-gone": "holds", "toy.lemma-other": "undecided"}')
    result = judged(toy("a-holds", "b-error"))
    records.record(result.judgements, ["toy.lemma-a-holds", "toy.lemma-b-error", "toy.lemma-other"], folder=folder)
    assert records.recorded_verdicts(None, folder=folder) == {"toy.lemma-a-holds": "holds", "toy.lemma-other": "undecided"}
    assert records.recorded_verdicts("lemma.py", folder=folder) == {}


def test_a_run_expects_what_is_on_record_for_its_profile(monkeypatch, tmp_path) -> None:
    (tmp_path / "recorded" / "standard").mkdir(parents=True)
    (tmp_path / "recorded" / "toy.json").write_text('{"toy.lemma-1": "holds"}')
    (tmp_path / "recorded" / "standard" / "toy.json").write_text('{"toy.lemma-1": "undecided"}')
    monkeypatch.setattr(records, "FOLDER", tmp_path / "recorded")
    for profile, verdict in (("quick", "holds"), ("standard", "undecided")):
        found = run([], profile=profile, out=tmp_path / "out", executor=InProcess())
        assert found.expected == {"toy.lemma-1": verdict}


def test_another_profile_has_on_record_what_it_says_otherwise_than_the_quick_one(toy, tmp_path) -> None:
    quick = {"toy.lemma-a-holds": "undecided", "toy.lemma-b-holds": "holds", "toy.lemma-other": "undecided"}
    (tmp_path / "toy.json").write_text(json.dumps(quick))
    records.record(judged(toy("a-holds", "b-holds")).judgements, quick, "standard", tmp_path)
    assert json.loads((tmp_path / "standard" / "toy.json").read_text()) == {"toy.lemma-a-holds": "holds"}
    assert records.recorded_verdicts(None, folder=tmp_path) == quick
    assert records.recorded_verdicts(None, "nightly", tmp_path) == quick
    assert records.recorded_verdicts(None, "standard", tmp_path) == quick | {"toy.lemma-a-holds": "holds"}


def test_a_unit_of_work_is_plain_json(toy) -> None:
    path = toy("a-holds")
    entry = judge_one(str(path), "toy.lemma-a-holds", "quick", 0, 60.0)
    assert json.loads(json.dumps(entry, allow_nan=False)) == entry
