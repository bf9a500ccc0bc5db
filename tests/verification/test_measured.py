"""Rates by measurement: local orders, Richardson levels, drawn instances, negative controls, and what reports say of them."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import jsonschema
import numpy as np
import pytest
from scipy import stats

from theory.statement import Draw, Hypothesis, Instance, Limit, Number, changed
from verification.budget import PROFILES
from verification.judge import judge
from verification.measured import FLOOR, approach, extrapolated, judge_limit, sample
from verification.outcome import Judgement, Tooth, Verdict
from verification.reports.data import SCHEMA_FILE
from verification.reports.words import tooth_line

BLANK = Judgement(
    id="toy.lemma-1",
    paper="toy",
    title="a toy",
    kind="limit",
    says="",
    formula="",
    source="",
    ours=False,
    verdict=Verdict.HOLDS,
)


@dataclass(frozen=True, kw_only=True)
class Size(Instance):
    a: Number


def sizes(draw: Draw, in_force: frozenset[str]) -> Size:
    del in_force
    return Size(a=Fraction(draw.real(0.5, 2.0)))


def limit(error: Any, **fields: Any) -> Limit:
    """Return the claim that 3 plus an error, a function of the instance's number and the scale, tends to 3 at order 1."""
    base = {
        "id": "toy.lemma-1",
        "title": "a toy",
        "says": "",
        "formula": "",
        "source": "",
        "instance": Size,
        "instances": sizes,
        "gallery": ({"a": 1}, {"a": 2}),
        "quantity": lambda p, s: 3 + 3 * error(float(p.a), float(s)),
        "limit": lambda p: 3,
        "scales": tuple(Fraction(8 * 2**k) for k in range(7)),
        "rate": Fraction(1),
    }
    return Limit(**(base | fields))


def measured(statement: Limit, seed: int = 0) -> Judgement:
    return judge_limit(statement, BLANK, seed)


def clean(a: float, s: float) -> float:
    return a / s + 0.7 * a / s**2 - 0.4 / s**3


def sawtooth(a: float, s: float) -> float:
    return abs((a * math.sqrt(2) * s) % 1 - 0.5) / s


def test_the_local_orders_and_their_interval_are_among_the_figures() -> None:
    figures = measured(limit(clean)).evidence[0].figures
    assert json.loads(json.dumps(figures)) == figures
    found = figures["orders"][0]
    errors = [clean(1, 8 * 2**k) for k in range(7)]
    expected = [math.log2(x / y) for x, y in itertools.pairwise(errors)]
    assert found["local"] == pytest.approx(expected, rel=1e-9)
    assert found["low"] < 1 < found["high"]


def test_an_order_that_is_off_by_six_hundredths_is_not_the_claimed_one_and_one_that_drifts_there_is() -> None:
    off = measured(limit(lambda a, s: a / s**1.06))
    assert off.verdict is Verdict.UNDECIDED
    assert "order 1.0600 [1.0600, 1.0600]" in off.reason
    drifting = limit(lambda a, s: a / s + 1.5 * a / s**2)
    assert approach(drifting, Size(a=Fraction(1))).reading.order.local[0] > 1.1
    assert measured(drifting).verdict is Verdict.HOLDS


def test_errors_that_are_no_numbers_or_stop_at_a_plateau_do_not_tend() -> None:
    for error, words in (
        (lambda a, s: a / s if s < 200 else math.nan, "not a number"),
        (lambda a, s: max(a / s**3, 1e-6), "no power"),
        (lambda a, s: a / s**9 + 1e-8 * (s > 500), "order"),
        (lambda a, s: 0.0, "0 up to rounding"),
    ):
        found = measured(limit(error))
        assert found.verdict is Verdict.UNDECIDED
        assert words in found.reason


def test_errors_that_rise_again_after_the_floor_do_not_tend() -> None:
    found = limit(lambda a, s: a / s if s < 100 else 1e-3 * (s > 500))
    reading = approach(found, Size(a=Fraction(1))).reading
    assert reading.order.agrees(1.0)
    assert not reading.tends
    assert measured(found).verdict is Verdict.UNDECIDED


def test_larger_scales_are_for_profiles_that_have_the_time() -> None:
    # A power law up to 512, and a plateau behind it that the quick profile does not see.
    statement = limit(lambda a, s: a / min(s, 512.0), further=(Fraction(1024), Fraction(2048)))
    quick, standard = (judge(statement, budget=PROFILES[name], seed=0) for name in ("quick", "standard"))
    assert quick.verdict is Verdict.HOLDS
    assert standard.verdict is Verdict.UNDECIDED
    assert quick.evidence[0].figures["scales"][-1] == str(statement.scales[-1])


def test_no_instance_is_vacuous() -> None:
    assert measured(limit(clean, gallery=())).verdict is Verdict.VACUOUS


@pytest.mark.parametrize("levels", [1, 2])
def test_each_level_of_a_clean_expansion_gains_a_power_and_is_reported(levels) -> None:
    found = measured(limit(clean, levels=levels))
    assert found.verdict is Verdict.HOLDS, found.reason
    assert f"level {levels}: " in found.evidence[0].summary
    for level in range(levels):
        assert found.evidence[0].figures["levels"][0][level]["order"]["order"] == pytest.approx(2 + level, abs=0.02)


def test_a_half_power_passes_as_order_1_and_fails_level_1() -> None:
    half = limit(lambda a, s: a / s + a / s**1.5)
    assert measured(half).verdict is Verdict.HOLDS
    found = measured(dataclasses.replace(half, levels=1))
    assert found.verdict is Verdict.UNDECIDED
    assert "level 1: order 1.5000 [1.5000, 1.5000]" in found.reason


def test_a_sawtooth_of_size_1_over_s_fails_level_1() -> None:
    for phase in np.linspace(0.1, 0.9, 5):
        toothed = limit(lambda a, s, phase=phase: a / s + 0.02 * sawtooth(a + phase, s))
        assert approach(toothed, Size(a=Fraction(1))).reading.order.order == pytest.approx(1, abs=0.01)
        assert measured(dataclasses.replace(toothed, levels=1)).verdict is Verdict.UNDECIDED
        assert measured(limit(lambda a, s, phase=phase: sawtooth(a + phase, s), levels=1)).verdict is Verdict.UNDECIDED


def test_a_level_that_an_even_expansion_skips_gains_two_powers_and_fails() -> None:
    even = limit(lambda a, s: a / s**2 + a / s**4, rate=Fraction(2), levels=1)
    found = measured(even)
    assert found.verdict is Verdict.UNDECIDED
    assert "level 1: order 4.00" in found.reason


def test_a_level_without_an_order_passes_only_when_all_of_it_is_rounding() -> None:
    exact = limit(lambda a, s: a / s, levels=2)
    assert measured(exact).verdict is Verdict.HOLDS
    assert "level 2: rounding" in measured(exact).evidence[0].summary
    nearly = limit(lambda a, s: a / s + 2e-8 * a / s**2, levels=1)
    (reading,) = extrapolated(nearly, approach(nearly, Size(a=Fraction(1))))
    assert max(reading.sizes) > reading.floor == pytest.approx(3 * FLOOR)
    assert measured(nearly).verdict is Verdict.UNDECIDED
    assert "level 1: rounding after" in measured(nearly).reason


def test_levels_refuse_scales_that_are_not_geometric_and_counts_that_mean_nothing() -> None:
    with pytest.raises(ValueError, match="need geometric scales"):
        measured(limit(clean, levels=1, scales=tuple(Fraction(k) for k in (8, 16, 24, 32, 40))))
    for field in ("levels", "draws"):
        with pytest.raises(ValueError, match=f"{field} = -1 must not be negative"):
            limit(clean, **{field: -1})
        with pytest.raises(ValueError, match="need a claimed rate"):
            measured(limit(lambda a, s: math.exp(-s), rate=None, **{field: 2}))


def test_drawn_instances_join_the_gallery_in_a_bootstrap_interval() -> None:
    found = measured(limit(clean, draws=6))
    assert found.verdict is Verdict.HOLDS, found.reason
    assert "bootstrap over 8 instances [" in found.evidence[0].summary
    figures = found.evidence[0].figures
    orders = [entry["order"]["order"] for entry in (*figures["drawn"], *({"order": one} for one in figures["orders"]))]
    assert len(orders) == 8
    assert figures["bootstrap"]["low"] < np.mean(orders) < figures["bootstrap"]["high"]
    assert (found.hypotheses["drawn"], found.hypotheses["satisfied"], found.hypotheses["rate"]) == (6, 6, 1.0)


def test_a_draw_depends_on_the_seed_the_statement_and_its_number_and_on_nothing_else() -> None:
    few, many = limit(clean, draws=2), limit(clean, draws=5)
    gallery = [approach(few, Size(a=Fraction(1)))]
    first = sample(few, gallery, 7)
    assert first == sample(few, gallery, 7)
    assert sample(many, gallery, 7).instances[:2] == first.instances
    assert not set(sample(few, gallery, 8).instances) & set(first.instances)
    other = dataclasses.replace(few, id="toy.lemma-2")
    assert not set(sample(other, gallery, 7).instances) & set(first.instances)
    assert measured(many, 3) == measured(many, 3)


def test_drawn_instances_without_an_error_are_counted_and_said() -> None:
    still = limit(lambda a, s: clean(a, s) if a >= 1 else 0.0, draws=9)
    gallery = [approach(still, Size(a=Fraction(1)))]
    found = sample(still, gallery, 0)
    count = sum(instance.a < 1 for instance in found.instances)
    assert 0 < count < 9
    assert found.still == count
    assert found.count == 1 + 9 - count
    judgement = measured(still)
    assert judgement.verdict is Verdict.HOLDS
    assert f"at {count} of 9 drawn instances the error is 0 up to rounding" in judgement.evidence[0].summary


def test_when_nothing_but_one_instance_has_an_error_there_is_no_bootstrap() -> None:
    still = limit(lambda a, s: clean(a, s) if a == 1 else 0.0, draws=3, gallery=({"a": 1},))
    found = measured(still)
    assert found.verdict is Verdict.UNDECIDED
    assert "two instances with an order, not 1" in found.reason


def test_a_drawn_instance_with_another_order_is_named() -> None:
    found = measured(limit(lambda a, s: a / s if a >= 1 else a / s**1.2, draws=9))
    assert found.verdict is Verdict.UNDECIDED
    assert "drawn: order 1.2000 [1.2000, 1.2000]" in found.reason


def test_drawn_instances_outside_the_hypotheses_are_not_used() -> None:
    large = Hypothesis(name="a >= 1", says="a >= 1", holds=lambda p: (p.a, ">=", 1))
    found = measured(limit(lambda a, s: a / s if a >= 1 else 1.0, draws=9, hypotheses=(large,)))
    assert found.verdict is Verdict.HOLDS, found.reason
    assert 0 < found.hypotheses["satisfied"] < found.hypotheses["drawn"] == 9


def control(error: Any) -> Any:
    return lambda p, s: 3 + 3 * error(float(p.a), float(s))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (lambda a, s: 0.1 * a * s**0.05, "order -0.05 [-0.05, -0.05]"),
        (lambda a, s: a / math.sqrt(s), "order 0.50 [0.50, 0.50]"),
        (lambda a, s: math.exp(-s / 16), "no power (0.7 to 11.5 locally)"),
        (lambda a, s: math.nan, "not a number"),
    ],
)
def test_a_control_carries_what_was_measured_of_it(error, words) -> None:
    found = measured(limit(clean, mutants=(changed("the control", quantity=control(error)), changed("order 2", rate=2))))
    assert found.verdict is Verdict.HOLDS, found.reason
    assert [tooth.refuted for tooth in found.teeth] == [True, True]
    assert found.teeth[0].measured == words
    assert found.teeth[1].measured.startswith("order 1.00 [")


def test_a_control_that_is_not_told_apart_leaves_the_claim_undecided() -> None:
    for error, words in (
        (lambda a, s: 2 * a / s, "order 1.00 [1.00, 1.00]"),
        (lambda a, s: (1.3 if s > 500 else 1) * a / s, "order 0.62 [-0.67, 1.91]"),
        (lambda a, s: 0.0, "0 up to rounding"),
        (lambda a, s: math.exp(-s), "rounding after 2 scales"),
    ):
        found = measured(limit(clean, mutants=(changed("the control", quantity=control(error)),)))
        assert found.verdict is Verdict.UNDECIDED
        assert found.reason == f"the control 'the control' is not told apart: {words}"
        assert found.teeth[0].survives


def test_a_control_whose_order_the_statement_would_accept_is_not_told_apart() -> None:
    shaken = limit(lambda a, s: (1 + 0.3 * math.cos(math.pi * math.log2(s))) / s)
    wide = approach(shaken, Size(a=Fraction(1))).reading.order
    between = (1 + wide.high) / 2
    near = changed("near", quantity=control(lambda a, s: s**-between))
    far = changed("far", quantity=control(lambda a, s: s ** -(wide.high + 0.1)))
    found = measured(dataclasses.replace(shaken, mutants=(near, far)))
    assert [tooth.refuted for tooth in found.teeth] == [False, True]
    assert found.verdict is Verdict.UNDECIDED


def test_a_control_may_fail_at_a_level_only() -> None:
    half = changed("a half power between", quantity=control(lambda a, s: a / s + a / s**1.5))
    more = changed("a half power at level 2", quantity=control(lambda a, s: a / s + a / s**2 + a / s**2.5), levels=2)
    same = changed("other coefficients", quantity=control(lambda a, s: 2 * a / s - a / s**2))
    near = changed("too near", quantity=control(lambda a, s: a / s + a / s**1.999))
    wide = changed("too wide", quantity=control(lambda a, s: a / s + (1.1 if s > 500 else 1) * a / s**2))
    found = measured(limit(clean, levels=1, mutants=(half, more, same, near, wide)))
    assert [tooth.refuted for tooth in found.teeth] == [True, True, False, False, False]
    assert found.teeth[0].measured == "level 1: order 1.50 [1.50, 1.50]"
    assert found.teeth[1].measured == "level 2: order 2.50 [2.50, 2.50]"
    assert found.teeth[3].measured == "level 1: order 2.00 [2.00, 2.00]"
    assert "'other coefficients' is not told apart" in found.reason


def test_a_power_is_a_control_of_a_decay_faster_than_any_power() -> None:
    power = changed("order 2", quantity=control(lambda a, s: s**-2.0))
    found = measured(limit(lambda a, s: math.exp(-s / 8), rate=None, mutants=(power,)))
    assert found.verdict is Verdict.HOLDS, found.reason
    assert found.teeth[0].measured == "order 2.00 [2.00, 2.00]"


def test_a_wrong_limit_or_rate_that_survives_is_a_survivor_and_not_a_control() -> None:
    found = measured(limit(clean, mutants=(changed("the same limit", limit=lambda p: 3.0), changed("the same", rate=1))))
    assert found.verdict is Verdict.HOLDS
    assert [tooth.survives for tooth in found.teeth] == [True, True]


def test_what_was_measured_reaches_the_report_and_older_reports_are_read() -> None:
    statement = limit(clean, mutants=(changed("a square root", quantity=control(lambda a, s: a / s**0.5)),))
    entry = measured(statement).to_json("holds")
    tooth = entry["teeth"][0]
    assert tooth["measured"] == "order 0.50 [0.50, 0.50]"
    assert tooth_line(tooth) == "a square root: refuted; measured: order 0.50 [0.50, 0.50]"
    schema = json.loads(SCHEMA_FILE.read_text())
    jsonschema.validate(entry, schema["$defs"]["statement"] | {"$defs": schema["$defs"]})
    assert Judgement.from_json(entry).teeth[0].measured == tooth["measured"]
    del tooth["measured"]
    jsonschema.validate(entry, schema["$defs"]["statement"] | {"$defs": schema["$defs"]})
    assert Judgement.from_json(entry).teeth[0] == Tooth(name="a square root", refuted=True)
    assert tooth_line(tooth) == "a square root: refuted"


def test_the_judge_gives_a_limit_its_teeth_and_figures() -> None:
    found = judge(limit(clean, draws=2), budget=PROFILES["quick"], seed=4)
    assert found.verdict is Verdict.HOLDS
    assert len(found.evidence[0].figures["drawn"]) == 2


def test_where_orders_scatter_the_more_instances_must_agree_the_wider_each_interval() -> None:
    def width(**fields: Any) -> float:
        shaken = limit(lambda a, s: (1 + 0.1 * math.cos(math.pi * math.log2(s))) / s, **fields)
        order = approach(shaken, Size(a=Fraction(1))).reading.order
        assert order.scattered
        return float(order.high - order.low)

    one, two, nine = width(gallery=({"a": 1},)), width(), width(draws=7)
    # Student's quantiles with 5 degrees of freedom at 95%, and at 95% for two and for nine comparisons at once.
    assert two / one == pytest.approx(3.163381 / 2.570582, rel=1e-5)
    assert nine / one == pytest.approx(stats.t.ppf(1 - 0.025 / 9, 5) / 2.570582, rel=1e-5)
