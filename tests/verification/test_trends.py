"""Trends: exact sign tests over repetitions, negative controls, runs that are shared, stored and found again."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest
from scipy import stats

from numerics.statistics import sign_test, student_interval
from theory.registry import all_statements
from theory.statement import InputError, Trend, changed
from theory.study import Reading, Size, Study, jointly, opposite
from verification.budget import PROFILES
from verification.checking import check
from verification.judge import judge
from verification.outcome import Verdict
from verification.runner import run
from verification.selection import load

QUICK = PROFILES["quick"]


def echo(unit):
    return unit


def study(values, reduced=True):
    size = Size(says="a toy", replicates=[[{"value": value}] for value in values], reduced=reduced)
    return Study(name="toy", run=echo, size=lambda _scale: size)


def number(results):
    value = results[0]["value"]
    return math.nan if value == "nan" else value


VALUE = (Reading(says="the value", of=number),)


def trend(values, reduced=True, **fields) -> Trend:
    base = {"id": "toy.claim-1", "title": "a toy", "says": "", "formula": "", "source": "", "readings": VALUE}
    return Trend(study=study(values, reduced), **{**base, **fields})


def judged(values, reduced=True, **fields):
    return judge(trend(values, reduced, **fields), budget=QUICK, seed=0)


@pytest.mark.parametrize(("heads", "tosses"), [(0, 0), (5, 5), (0, 7), (19, 24), (22, 30), (12, 30)])
def test_the_sign_test_is_the_upper_tail_of_a_fair_coin(heads, tosses) -> None:
    expected = stats.binomtest(heads, tosses, 0.5, alternative="greater").pvalue if tosses else 1.0
    assert sign_test(heads, tosses) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("heads", "tosses"), [(3, 2), (-1, 2)])
def test_an_impossible_count_is_told(heads, tosses) -> None:
    with pytest.raises(ValueError, match=f"{heads} successes of {tosses} trials is not an outcome"):
        sign_test(heads, tosses)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([1] * 5, Verdict.HOLDS),  # chance 1/32
        ([1] * 4, Verdict.UNDECIDED),  # chance 1/16: too few to tell
        ([1] * 7 + [-1], Verdict.HOLDS),  # 9/256
        ([1] * 6 + [-1] * 2, Verdict.UNDECIDED),
        ([0] * 5, Verdict.UNDECIDED),  # 0 is not above 0
        ([1] * 4 + ["nan"], Verdict.UNDECIDED),
        ([1] * 5 + [None] * 3, Verdict.HOLDS),  # left out, and counted
        ([], Verdict.VACUOUS),
    ],
)
def test_a_claim_is_supported_where_chance_alone_would_do_so_at_most_once_in_20(values, verdict) -> None:
    assert judged(values).verdict is verdict


def test_what_is_left_out_or_no_number_is_counted_in_words() -> None:
    assert "5 of 5, median margin 1, 3 left out" in judged([1] * 5 + [None] * 3).evidence[0].summary
    assert "4 of 5, median margin 1, 1 not a number" in judged([1] * 4 + ["nan"]).reason
    claimed = (Reading(says="the value", of=number, equals=1.0, within=0.5),)
    assert "no mean of 0, claimed 1, 2 left out" in judged([None] * 2, readings=claimed).reason
    assert "no mean of 2, claimed 1, 1 not a number" in judged([1, "nan"], readings=claimed).reason
    assert "mean 1 of 1, claimed 1" in judged([1], readings=claimed).reason


@pytest.mark.parametrize(
    ("count", "reduced", "verdict"),
    [(30, False, Verdict.REFUTED), (30, True, Verdict.UNDECIDED), (19, False, Verdict.UNDECIDED)],
)
def test_only_the_published_settings_refute_and_only_beyond_doubt(count, reduced, verdict) -> None:
    found = judged([-1] * count, reduced)
    assert found.verdict is verdict
    assert found.reason.startswith(f"does not reproduce at {'reduced scale' if reduced else 'the published settings'}")


def test_several_readings_share_the_level() -> None:
    one, two = Reading(says="one", of=number), Reading(says="two", of=number)
    assert judged([1] * 5, readings=(one,)).verdict is Verdict.HOLDS
    assert judged([1] * 5, readings=(one, two)).verdict is Verdict.UNDECIDED
    assert judged([1] * 6, readings=(one, two)).verdict is Verdict.HOLDS


def test_a_control_that_passes_leaves_the_claim_undecided_and_one_that_fails_is_a_tooth() -> None:
    blind = judged([1] * 6, mutants=(changed("the same", study=study([2] * 6)),))
    assert blind.verdict is Verdict.UNDECIDED
    assert "the control 'the same' is not told apart" in blind.reason
    sharp = judged([1] * 6, mutants=(changed("the opposite", readings=opposite(VALUE)),))
    assert sharp.verdict is Verdict.HOLDS
    assert sharp.teeth[0].refuted
    assert sharp.teeth[0].measured == "minus the value: 0 of 6, median margin -1"


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([0.9, 1.1, 1.0, 1.05, 0.95], Verdict.HOLDS),
        ([0.6, 0.7, 0.65, 0.62], Verdict.UNDECIDED),  # another mean
        ([0.2, 1.8, 1.0, 1.5, 0.5], Verdict.UNDECIDED),  # too wide to tell
        ([1.0], Verdict.UNDECIDED),
        ([1.0, "nan", 1.0], Verdict.UNDECIDED),
    ],
)
def test_a_claimed_mean_is_supported_where_its_interval_is_short_and_holds_it(values, verdict) -> None:
    exponent = Reading(says="exponent", of=number, equals=1.0)
    assert judged(values, readings=(exponent,)).verdict is verdict


def test_another_mean_refutes_at_the_published_settings_beyond_doubt_only() -> None:
    exponent = Reading(says="exponent", of=number, equals=1.0)
    near = [0.5 + 0.01 * (-1) ** k for k in range(20)]
    assert judged(near, reduced=False, readings=(exponent,)).verdict is Verdict.REFUTED
    found = judged(near, readings=(exponent,))
    assert found.verdict is Verdict.UNDECIDED
    assert found.reason.startswith("does not reproduce at reduced scale (a toy): exponent: mean 0.5 [")


@pytest.mark.parametrize("values", [[1.0, 2.0, 4.0], [0.5, 0.5, 0.7, 0.1, 3.0]])
def test_the_interval_of_a_mean_is_that_of_the_t_test(values) -> None:
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.9)
    assert student_interval(values, 0.9) == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_a_stacked_unit_has_all_repetitions_and_there_is_one_list_of_units() -> None:
    size = Size(says="a toy", replicates=[[{"value": 1}, {"value": 2}]], stacked=True)
    stacked = Study(name="toy", run=lambda unit: [unit["value"] + k for k in range(6)], size=lambda _scale: size)
    reading = Reading(says="second over first", of=lambda r: r[1] - r[0])
    found = judge(dataclasses.replace(trend([1]), study=stacked, readings=(reading,)), budget=QUICK, seed=0)
    assert found.evidence[0].figures["readings"][0]["values"] == [1.0] * 6
    with pytest.raises(ValueError, match="2 lists of units: a stacked study has one"):
        dataclasses.replace(size, replicates=[[], []])


def test_a_claim_that_does_not_pass_has_its_numbers_and_no_teeth() -> None:
    for values, words in (([-1] * 6, "does not reproduce"), ([1, -1] * 3, "cannot tell")):
        found = judged(values, mutants=(changed("the opposite", readings=opposite(VALUE)),))
        assert found.teeth == ()
        assert found.evidence[0].summary.startswith(words)
        assert found.evidence[0].figures["readings"][0]["values"] == [float(value) for value in values]


def test_an_exponent_comes_with_students_and_the_bootstrap_interval() -> None:
    exponent = Reading(says="exponent", of=number, equals=1.0)
    (figures,) = judged([0.9, 1.1, 1.0, 1.05, 0.95], readings=(exponent,)).evidence[0].figures["readings"]
    low, high = figures["bootstrap"]
    assert figures["interval"][0] < low < 1 < high < figures["interval"][1]


def test_readings_taken_together_hold_where_all_do() -> None:
    one = Reading(says="value", of=number)
    two = Reading(says="3 less value", of=lambda r: None if number(r) is None else 3 - number(r))
    both = jointly("both", [one, two])
    assert both.says == "both (value; 3 less value)"
    assert [both.of([{"value": value}]) for value in (1, 4, -1, None)] == [1, -1, -1, None]
    assert math.isnan(both.of([{"value": "nan"}]))


def test_a_trend_without_a_reading_is_refused() -> None:
    with pytest.raises(ValueError, match=r"toy\.claim-1: a trend needs a reading"):
        trend([1], readings=())


def test_a_trend_is_not_checked_at_single_numbers_and_says_so() -> None:
    with pytest.raises(InputError, match=r"toy\.claim-1 is a trend, which has no two sides"):
        check(trend([1]), "{}")


PAPER = """
from pathlib import Path
from theory.statement import Trend, changed
from theory.study import Reading, Size, Study

HERE = Path(__file__).parent

def act(unit):
    with open(HERE / "runs.txt", "a") as log:
        log.write(f"{unit['seed']}\\n")
    if (HERE / "broken.txt").exists() and unit["seed"] == 3:
        raise ValueError("no convergence")
    return {"value": 1 + unit["seed"]}

def size(scale):
    return Size(says="a toy", replicates=[[{"seed": seed}] for seed in range(6)])

study = Study(name="toy", run=act, size=size)
one = Trend(id="my.claim-1", title="", says="", formula="", source="", study=study,
            readings=(Reading(says="value", of=lambda r: r[0]["value"]),))
two = Trend(id="my.claim-2", title="", says="", formula="", source="", study=study,
            readings=(Reading(says="value over 1/2", of=lambda r: r[0]["value"] - 0.5),),
            mutants=(changed("over 9", readings=(Reading(says="value over 9", of=lambda r: r[0]["value"] - 9),)),))
"""


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "my_trends.py"
    path.write_text(PAPER)
    return path


def runs(path: Path) -> list[int]:
    log = path.parent / "runs.txt"
    return sorted(int(line) for line in log.read_text().splitlines()) if log.exists() else []


def run_all(path: Path, **options):
    source = str(path)
    return run(list(load(source).values()), source=source, out=path.parent / "out", **{"jobs": 1, **options})


@pytest.mark.parametrize("jobs", [1, 2])
def test_statements_and_their_mutants_share_one_run_of_each_unit(paper, jobs) -> None:
    seen = []
    result = run_all(paper, jobs=jobs, studied=lambda done, total: seen.append((done, total)))
    assert [entry.verdict for entry in result.judgements] == [Verdict.HOLDS, Verdict.HOLDS]
    assert runs(paper) == list(range(6))
    assert seen == [(done, 6) for done in range(1, 7)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_later_run_finds_the_runs_again_unless_it_is_to_be_fresh(paper, jobs) -> None:
    run_all(paper, profile="quick", jobs=jobs)
    # Another seed judges again, on the same runs.
    run_all(paper, seed=1, jobs=jobs)
    assert runs(paper) == list(range(6))
    run_all(paper, fresh=True, jobs=jobs)
    assert runs(paper) == sorted([*range(6), *range(6)])


def test_a_failing_run_is_an_error_of_its_statements_and_what_ran_is_kept(paper) -> None:
    (paper.parent / "broken.txt").touch()
    first = run_all(paper, jobs=2)
    assert {entry.verdict for entry in first.judgements} == {Verdict.ERROR}
    assert all("no convergence" in entry.reason for entry in first.judgements)
    (paper.parent / "broken.txt").unlink()
    again = run_all(paper, jobs=2)
    assert {entry.verdict for entry in again.judgements} == {Verdict.HOLDS}
    assert all(runs(paper).count(seed) == 1 for seed in (0, 1, 2, 4, 5))


def test_every_trend_of_the_papers_has_a_control_that_changes_its_study_or_turns_its_readings() -> None:
    trends = [entry for entry in all_statements().values() if isinstance(entry, Trend)]
    assert trends
    for entry in trends:
        assert entry.mutants, entry.id
        for mutant in entry.mutants:
            other = mutant.change(entry, 1.0)
            assert other.study is not entry.study or other.readings is not entry.readings, entry.id
        for name in PROFILES:
            size = entry.study.size(PROFILES[name].study)
            assert size.stacked or len(size.replicates) >= 5, entry.id
            assert size.says, entry.id
