"""Figures of marion2026 on curves whose memorization times are known."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import asdict
from typing import ClassVar

import numpy as np
import pytest

import figures.marion2026_curves as shared
import figures.marion2026_figure_6 as sixth
from figures.marion2026_checks import claims, instruments, judged, seen_in
from figures.marion2026_curves import COLUMNS, Sweep, exponents, fitted, gather, times
from figures.registry import MODULES, compute
from figures.work import Work
from numerics.flow_runs import _subset
from numerics.packing import packed
from theory.marion2026 import experiments
from theory.statement import Trend
from theory.study import Reading
from verification.cache import code_version
from verification.studies import Store, run_key

STEPS = [60 * 2**k for k in range(8)]
FIGURES = [f"marion2026.figure-{k}" for k in range(1, 7)]
PAPER_LAW = {"points": 1, "batch": -1, "rate": -1, "width": -1}


def kink(unit, law):
    """Return the checkpoint from which the test loss rises."""
    return 240 * math.prod((unit[name] / experiments.DEFAULT[name]) ** power for name, power in law.items())


def entry(unit, step, start, lag):
    late = max(0.0, math.log(step / start))
    near = 0.3 + 1 / step
    found = {
        "step": step,
        "train": 0.2 + 0.8 / (1 + step / 100),
        "test": 1 + 0.1 * late * (1 + lag),
        "copies": min(1, late / 4),
    }
    found |= {"cosine": found["copies"], "nearer": 0.5, "excess": 0.0, "sliced_train": near - 0.01, "sliced_test": near}
    found |= {"frechet_train": 1.0, "frechet_test": 1.5, "precision": 0.5, "recall": 0.5}
    return found | {"train_by_time": [0.1] * 10, "test_by_time": [0.2] * 10}


def fabricated(unit, law):
    """Return results with a memorization time that follows a power law; repetition k has a slope of its own."""
    known = {name: value for name, value in entry(unit, 60, 60, 0).items() if name not in {"step", "train", "test"}}
    known = {name: value for name, value in known.items() if not name.endswith("time")}
    runs = []
    for data in unit["data"]:
        for k in range(unit["repetitions"]):
            entries = [entry(unit, step, kink(unit, law), 0.1 * k) for step in STEPS]
            if k == 0:
                pictures = np.random.default_rng(7).uniform(-1, 1, (16, {"digits": 64, "mnist": 196}[data]))
                entries = [{**found, "pictures": packed(pictures.astype(np.float32))} for found in entries]
            run = {"data": data, "floor": {"sliced": 0.02, "frechet": 0.6}, "checkpoints": entries, "least": 0.05}
            run |= {"exact": known | {"copies": 1.0}, "gaussian": 0.5, "gaussian_test": 0.6}
            run |= {name: known for name in ("fitted", "fresh", "copied", "noise")}
            runs.append(run | {"parameters": 100 * unit["width"], "samples": unit["samples"]})
    return runs


class Fabricated(Work):
    """Gives results without training."""

    law: ClassVar[dict[str, int]] = PAPER_LAW

    def gather(self, name, function, units, cost=None, **more):
        assert function is experiments.train_and_measure
        assert cost is None or all(cost(unit) > 0 for unit in units)
        return json.loads(json.dumps([fabricated(unit, self.law) for unit in units]))


class NoLaw(Fabricated):
    """Memorization times that depend on nothing."""

    law: ClassVar[dict[str, int]] = {}


@pytest.fixture
def known_images(monkeypatch):
    monkeypatch.setattr(
        sixth, "training_images", lambda unit, run: experiments.images(run["data"])[0].take(range(unit["points"]), "training")
    )


def table(drawing):
    json.dumps([drawing.settings, [asdict(check) for check in drawing.checks]], allow_nan=False)
    assert all(len(row) == len(drawing.columns) for row in drawing.rows)
    return [dict(zip(drawing.columns, row, strict=True)) for row in drawing.rows]


def words(drawing):
    from matplotlib import pyplot

    figure = drawing.draw(pyplot)
    found = [text.get_text() for axes in figure.axes for text in (*axes.texts, axes.title)]
    legends = [text.get_text() for axes in figure.axes if axes.get_legend() for text in axes.get_legend().get_texts()]
    caption = " ".join(figure._supxlabel.get_text().split())
    pyplot.close("all")
    return [*found, *legends, *[label.get_text() for axes in figure.axes for label in axes.get_yticklabels()]], caption


@pytest.mark.parametrize("identifier", FIGURES)
def test_every_figure_says_what_it_is_made_of_and_its_claims_cannot_fail_it(identifier, known_images):
    drawing = compute(identifier, "quick", Fabricated())
    rows, (said, caption) = table(drawing), words(drawing)
    repetitions = experiments.SCALES["quick"]["repetitions"]
    for part in ("reduced (quick scale)", "digits of scikit-learn", f"{repetitions} repetitions", "seeds", "not CIFAR-10"):
        assert part in caption
    assert rows
    assert said
    assert drawing.settings["reduced"] is True
    assert "seeds" in drawing.settings
    judgements = [check for check in drawing.checks if not check.decides]
    verdicts = ("reproduces", "does not reproduce", "cannot tell")
    assert all(check.says.endswith(tuple(f": {word} at this scale" for word in verdicts)) for check in judgements)
    assert judgements
    assert all(check.passed == check.says.endswith(": reproduces at this scale") for check in judgements)
    assert all(check.passed for check in drawing.checks if check.decides)


@pytest.mark.parametrize("identifier", FIGURES[:2])
def test_the_larger_scale_has_panels_for_both_data_and_is_called_reduced_too(identifier):
    from matplotlib import pyplot

    drawing = compute(identifier, "paper", Fabricated())
    assert {row["data"] for row in table(drawing)} == {"digits", "mnist"}
    assert drawing.settings["reduced"] is True
    figure = drawing.draw(pyplot)
    assert "reduced (paper scale)" in figure._supxlabel.get_text()
    assert len(figure.axes) == {"marion2026.figure-1": 2 * 9, "marion2026.figure-2": 2 * 6}[identifier]
    pyplot.close("all")


def test_all_captions_of_the_paper_are_claims_of_its_statements_and_belong_to_one_figure():
    from importlib import import_module

    parts = [import_module(MODULES[identifier]).CLAIMS for identifier in FIGURES[:5]]
    found = [statement.id for part in parts for statement in claims(part)()]
    assert len(set(found)) == len(found)
    assert {f"marion2026.claim-{name}" for name in ("2", "3", "4", "11", "12", "13")} <= set(found)
    assert all(
        isinstance(statement, Trend) and statement.study.run is experiments.train_and_measure
        for statement in claims(["claim-3"])()
    )
    # A name stands for its parts and not for longer numbers.
    assert all(not identifier.startswith("marion2026.claim-1.") for identifier in found if "claim-1" not in identifier)
    assert {statement.id.split(".")[1] for statement in claims(["claim-1"])()} == {"claim-1"}


def test_the_table_has_every_checkpoint_and_what_is_known_without_training():
    rows = table(compute("marion2026.figure-2", "quick", Fabricated()))
    repetitions, values = experiments.SCALES["quick"]["repetitions"], experiments.SWEEPS["points"]
    assert len(rows) == len(values) * repetitions * (len(STEPS) + 5)
    own = [row for row in rows if row["samples of"] == "network" and row["points"] == max(values)]
    assert [row["step"] for row in own[: len(STEPS)]] == STEPS
    # The paper's T = tau N_min / N, with the other two factors left out.
    assert own[3]["normalized step"] == pytest.approx(STEPS[3] * min(values) / max(values))
    closed = next(row for row in rows if row["samples of"] == "closed-form velocity")
    assert (closed["train"], closed["test"], closed["copies"], closed["step"]) == (0.05, None, 1.0, None)


@pytest.mark.parametrize(("name", "factor"), [("width", 1.0), ("batch", 2.0), ("rate", 2.0), ("points", 0.5)])
def test_steps_are_normalized_by_the_swept_quantity_alone(name, factor):
    sweep = gather(name, "quick", Fabricated())
    assert sweep.factor(sweep.units[0]) == 1.0
    if name != "width":
        ratio = sweep.units[1][name] / sweep.units[0][name]
        assert sweep.factor(sweep.units[1]) == pytest.approx(factor ** math.log2(ratio))
    else:
        assert {sweep.factor(unit) for unit in sweep.units} == {1.0}


def test_memorization_times_and_exponents_are_those_of_the_curves():
    sweep = gather("points", "quick", Fabricated())
    found = times(sweep, "test 5%")["digits"]
    # The loss is 1 + 0.1 log(step / kink) after the kink, which is a checkpoint: it is 1.05 at kink * exp(1/2).
    assert found["32"][0] == pytest.approx(240 * math.exp(0.5))
    fit = exponents(sweep)["digits"]["test 5%"]
    assert (fit["mean"], fit["count"], fit["left out"]) == (pytest.approx(1.0), len(found["32"]), 0)
    assert fit["low"] <= fit["mean"] <= fit["high"]
    assert exponents(gather("batch", "quick", Fabricated()))["digits"]["test 10%"]["mean"] == pytest.approx(-1.0)


def test_an_exponent_of_one_repetition_has_no_interval_and_missing_ones_are_counted():
    assert fitted([2.0, None]) == {"mean": 2.0, "low": None, "high": None, "count": 1, "left out": 1}
    assert fitted([None])["mean"] is None
    low, high = (fitted([1.0, 2.0, 3.0])[end] for end in ("low", "high"))
    # Student's quantile of two degrees of freedom at 97.5% is 4.302653.
    assert (low, high) == (pytest.approx(2 - 4.302653 / 3**0.5), pytest.approx(2 + 4.302653 / 3**0.5))


def test_a_law_reproduces_where_it_is_in_the_curves_and_not_where_it_is_not():
    def verdict(identifier, work):
        (found,) = (check for check in compute("marion2026.figure-2", "quick", work).checks if f"{identifier}," in check.says)
        return found

    assert verdict("marion2026.claim-3", Fabricated()).says.endswith(": reproduces at this scale")
    flat = verdict("marion2026.claim-3", NoLaw())
    assert flat.says.endswith(": does not reproduce at this scale")
    assert (flat.passed, flat.decides, flat.figures["claimed"]) == (False, False, 1.0)
    assert flat.figures["mean"] == pytest.approx(0.0, abs=1e-12)


def test_a_claim_that_repetitions_disagree_on_cannot_be_told():
    def check(values):
        readings = (Reading(says="a number", of=lambda runs: runs[0]),)
        return seen_in("a claim", readings, [[value] for value in values])

    assert check([1.0] * 5).says == "a claim: reproduces at this scale"
    assert check([-1.0] * 5).says == "a claim: does not reproduce at this scale"
    # Four heads of four have the chance 1/16, above 5%.
    assert check([1.0] * 4).says == "a claim: cannot tell at this scale"
    assert check([1.0, -1.0] * 4).figures == {"agree": 4.0, "of": 8.0, "median": 0.0}
    assert check([None, 2.0]).figures == {"agree": 1.0, "of": 1.0, "median": 2.0, "left out": 1.0}
    assert check([None]).says.endswith("cannot tell at this scale")


def test_the_numbers_of_several_readings_stand_under_their_names():
    readings = (
        Reading(says="a", of=lambda runs: runs[0]),
        Reading(says="b", of=lambda runs: 2 * runs[0], equals=2.0, within=9.0),
    )
    check = seen_in("a claim", readings, [[1.0], [1.5], [0.5], [1.0], [1.0], [1.0]])
    assert check.says == "a claim: reproduces at this scale"
    assert list(check.figures) == ["(1) a, median", "(1) agree", "(1) of", "(2) b, mean", "(2) low", "(2) high", "(2) claimed"]
    assert (check.figures["(1) of"], check.figures["(2) b, mean"]) == (6.0, pytest.approx(2.0))


def test_a_statement_is_judged_as_verify_judges_it():
    from verification.trends import Seen

    statement = claims(["claim-4"])()[0]
    sweep = gather("points", "quick", Fabricated())
    values = [statement.readings[0].of(runs) for runs in sweep.repetitions()]
    seen = Seen(reading=statement.readings[0], values=tuple(v for v in values if v is not None), left_out=values.count(None))
    word = "does not reproduce" if seen.falls(0.05) else "reproduces" if seen.stands(0.05) else "cannot tell"
    assert judged(statement, sweep.repetitions()).says == f"{statement.id}, {statement.title}: {word} at this scale"


def test_instruments_fail_where_the_triangle_inequality_or_the_copy_rates_do():
    sweep = gather("width", "quick", Fabricated())
    assert [check.passed for check in instruments(sweep)] == [True, True]
    broken = copy.deepcopy(sweep.results)
    broken[0][0]["checkpoints"][2]["sliced_train"] = 9.0
    broken[1][0]["exact"]["copies"] = 0.5
    checks = instruments(Sweep(name="width", units=sweep.units, results=broken))
    assert [(check.passed, check.decides) for check in checks] == [(False, True), (False, True)]


class Lost(Fabricated):
    """One repetition diverges at the third checkpoint, and the smallest rate does not begin to memorize."""

    def gather(self, name, function, units, cost=None, **more):
        results = super().gather(name, function, units, cost, **more)
        for found in results[-1][1]["checkpoints"][2:]:
            for key in [key for key in found if key != "step"]:
                del found[key]
            found |= {"train": None, "test": None}
        for run in results[0]:
            for found in run["checkpoints"]:
                found["test"] = 1.0
        return results


@pytest.mark.filterwarnings("error")
def test_runs_that_diverge_or_do_not_memorize_have_words_in_the_picture(known_images):
    for identifier in ("marion2026.figure-2", "marion2026.figure-6"):
        drawing = compute(identifier, "quick", Lost())
        _, caption = words(drawing)
        assert drawing.settings["diverged"] == 1
        assert "Diverged runs: 1." in caption
        table(drawing)
    drawing = compute("marion2026.figure-2", "quick", Lost())
    assert any("not begun" in text for text in words(drawing)[0])


def test_all_sweeps_share_the_run_of_the_default_and_its_key_with_the_statements(monkeypatch, tmp_path):
    calls = []

    def train(unit):
        calls.append(unit)
        return fabricated(unit, PAPER_LAW)

    train.__module__, train.__qualname__ = "theory.marion2026.experiments", "train_and_measure"
    monkeypatch.setattr(experiments, "train_and_measure", train)
    work = Work(folder=tmp_path)
    sweeps = [gather(name, "quick", work) for name in experiments.SWEEPS]
    assert len(calls) == sum(len(values) - 1 for values in experiments.SWEEPS.values()) + 1
    default = experiments.unit("quick")
    assert all(default in sweep.units for sweep in sweeps)
    assert (tmp_path / f"{run_key(train, default, code_version(None))}.json").exists()
    store = Store(code=code_version(None), folder=str(tmp_path))
    assert store.results(experiments.sweep("batch"), "quick") == sweeps[2].repetitions()
    assert len(calls) == sum(len(values) - 1 for values in experiments.SWEEPS.values()) + 1


def test_the_best_checkpoint_before_memorization_is_the_nearest_to_the_test_images():
    (runs,) = [fabricated(experiments.unit("quick"), PAPER_LAW)]
    run = runs[0]
    # The time is 240 exp(1/2) = 396: the checkpoints 60, 120 and 240 are before, and distances fall.
    assert STEPS[sixth.best_before(run)] == 240
    run["checkpoints"][1]["sliced_test"] = 0.1
    assert sixth.best_before(run) == 1
    for found, loss in zip(run["checkpoints"], np.geomspace(1, 9, len(STEPS)), strict=True):
        found["test"] = float(loss)
    assert sixth.best_before({**run, "checkpoints": run["checkpoints"][:1]}) == 0


def test_the_training_images_of_a_picture_are_those_that_are_trained_on():
    unit = {**experiments.unit("quick"), "points": 4, "repetitions": 1}
    (spec,) = experiments._flow_unit(unit, *experiments.images("digits"))["runs"]
    pool, test = experiments.images("digits")
    train = pool.take(_subset(spec, len(pool)))
    (run,) = fabricated(unit, PAPER_LAW)
    run["floor"]["sliced"] = experiments.Reference(train, test, pool).floor
    found = sixth.grid(unit, run, -1, "a   any")
    assert np.array_equal(found.train.values, train.values)
    assert (found.step, len(found.pictures)) == (STEPS[-1], 16)
    # The nearest by a plain loop.
    own = found.pictures.rows[3]
    gaps = [float(np.linalg.norm(own - row)) for row in found.train.rows]
    assert int(found.near.index[3]) == int(np.argmin(gaps))
    assert found.near.distance[3] == pytest.approx(min(gaps))
    rows = sixth.rows([found], "digits", 64)
    assert len(rows) == 16
    assert len(rows[0]) == len(sixth.COLUMNS) + 128
    with pytest.raises(AssertionError, match="other training images"):
        sixth.training_images(unit, {**run, "floor": {"sliced": 0.5}})


def test_the_columns_are_named_once():
    assert len(set(COLUMNS)) == len(COLUMNS)
    assert len(shared.TENTHS) == 20
    assert len(table(compute("marion2026.figure-1", "quick", Fabricated()))[0]) == len(COLUMNS) + 20
