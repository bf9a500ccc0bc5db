"""The statements of wu2025: registry, errata confirmed by independent arithmetic, proofs, sharp constants, records."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import mpmath as mp
import pytest

import verification
from numerics.comparison import Truth, decide
from theory.proofs import compared
from theory.registry import ID, all_statements
from theory.statement import Trend
from theory.wu2025.statements import lemma_12, proposition_2, remark_4, theorem_4
from verification.evaluate import certified, check_at, consistent, equality_bits, hypotheses_truth

STATEMENTS = {key: entry for key, entry in all_statements().items() if entry.paper == "wu2025"}
ERRATA = {key: entry for key, entry in STATEMENTS.items() if entry.erratum is not None}


@pytest.fixture(autouse=True)
def _fifty_digits():
    with mp.workdps(50):
        yield


def test_ids_are_well_formed_sorted_and_every_reference_exists() -> None:
    assert list(STATEMENTS) == sorted(STATEMENTS)
    for key, entry in STATEMENTS.items():
        assert key == entry.id
        assert ID.fullmatch(key)
        assert entry.paper == "wu2025"
        assert set(entry.uses) <= set(STATEMENTS) - {key}
        names = [hypothesis.name for hypothesis in entry.hypotheses]
        assert len(set(names)) == len(names)
        assert {mutant.drops for mutant in entry.mutants} - {None} <= set(names)


# No equality takes the place of the exchange of two maxima, only a bound on one of them.
REPAIRED_BY_A_BOUND = {"wu2025.proposition-10.step-2"}


def test_every_repair_is_ours_without_erratum_and_makes_the_same_kind_of_claim() -> None:
    for entry in ERRATA.values():
        repaired = STATEMENTS[entry.erratum.repaired]
        assert repaired.ours
        assert repaired.erratum is None
        assert not entry.ours
        assert (type(repaired) is type(entry)) is (entry.id not in REPAIRED_BY_A_BOUND)
        assert repaired.instance is entry.instance


def test_the_recorded_verdicts_cover_the_registry_and_refute_exactly_the_errata() -> None:
    recorded = json.loads((Path(verification.__file__).parent / "recorded" / "wu2025.json").read_text())
    assert sorted(recorded) == list(STATEMENTS)
    assert sorted(key for key, verdict in recorded.items() if verdict == "refuted") == sorted(ERRATA)
    assert len(ERRATA) == 22
    assert {recorded[entry.erratum.repaired] for entry in ERRATA.values()} == {"holds"}
    # Only what is measured at reduced scale may stay open.
    open_ones = [key for key, verdict in recorded.items() if verdict not in {"holds", "refuted"}]
    assert {recorded[key] for key in open_ones} <= {"undecided"}
    assert all(isinstance(STATEMENTS[key], Trend) for key in open_ones)


@pytest.mark.parametrize("key", ERRATA)
def test_every_counterexample_meets_the_printed_hypotheses_and_fails_in_balls(key) -> None:
    entry = ERRATA[key]
    found = check_at(entry, entry.erratum.counterexample)
    assert [truth for _, _, truth in found.hypotheses] == [Truth.TRUE] * len(entry.hypotheses)
    assert found.comparison.truth is Truth.FALSE
    assert found.comparison.bits >= 64
    assert found.verdict is Truth.FALSE


@pytest.mark.parametrize("key", ERRATA)
def test_the_repaired_statement_holds_at_the_counterexample_or_excludes_it(key) -> None:
    entry = ERRATA[key]
    repaired = STATEMENTS[entry.erratum.repaired]
    instance = repaired.instance.parse(entry.erratum.counterexample)
    if hypotheses_truth(repaired, instance) is Truth.FALSE:
        # A repair by a hypothesis, or one that moves the point, excludes the counterexample.
        assert set(repaired.in_force) - set(entry.in_force) or "scaled" in repaired.id
        return
    assert hypotheses_truth(repaired, instance) is Truth.TRUE
    assert consistent(certified(repaired, instance), equality_bits(repaired))


def variance(x, mu, sigma, y):
    weights = [mp.exp(-((y - mu * a) ** 2) / (2 * sigma**2)) for a in x]
    mean = mp.fsum(w * a for w, a in zip(weights, x, strict=True)) / mp.fsum(weights)
    return mp.fsum(w * (a - mean) ** 2 for w, a in zip(weights, x, strict=True)) / mp.fsum(weights)


def weight(x, mu, sigma, y):
    """Return pi(y) by quadrature of its definition, cut at the points where pi^- and pi^+ jump or cross."""
    n = len(x)

    def smaller(z):
        below, above = [z - mu * a for a in x if mu * a < z], [mu * a - z for a in x if mu * a > z]
        return min(len(below) * mp.fsum(below), len(above) * mp.fsum(above)) / mp.mpf(n) ** 2

    cuts = sorted(mu * (x[0] + (x[-1] - x[0]) * mp.mpf(k) / 8) for k in range(9))
    return mp.quad(lambda z: smaller(z) * mp.npdf(z, y, sigma), cuts)


def numbers(*texts: str):
    return [mp.mpf(Fraction(text).numerator) / Fraction(text).denominator for text in texts]


def sides_of(key: str) -> tuple[str, str]:
    found = check_at(ERRATA[key], ERRATA[key].erratum.counterexample)
    return found.comparison.left, found.comparison.right


def agrees(ball, value, digits: int = 13) -> bool:
    return abs(mp.mpf(ball.mid().str(40, radius=False)) - value) <= mp.mpf(10) ** -digits * (1 + abs(value))


def test_corollary_3_read_literally_compares_the_midpoint_with_itself() -> None:
    x, (mu, sigma) = [mp.mpf(1), mp.mpf(3)], numbers("1/2", "1/5")
    left = mu**2 / sigma**4 * abs(variance(x, mu, sigma, mp.mpf(1)) - variance(x, mu, sigma, mu * (x[0] + x[1]) / 2))
    right = mu**2 / sigma**4 * (mp.mpf(4) / 4 - 4 * 2**2 * 2**2 * mp.exp(-(mu**2) * 4 / (4 * sigma**2)))
    assert left == 0
    assert mp.almosteq(right, mp.mpf("136.945458637723"), rel_eps=1e-13)
    assert agrees(sides_of("wu2025.corollary-3.part-a.reading-literal")[1], right)


def test_proposition_9_exceeds_the_weight_at_the_last_of_three_points() -> None:
    x, (mu, sigma) = [mp.mpf(0), mp.mpf(1), mp.mpf(2)], numbers("1/2", "1/4")
    left = weight(x, mu, sigma, mp.mpf(1))
    factor = {1: min(mp.mpf(2**2 * 1) / 2, mp.mpf(1 * 2) / 2), -1: min(mp.mpf(2), mp.mpf(0))}
    right = {sign: mu / 9 * (mp.mpf(1) / 2 - mp.exp(-(mu**2) / (2 * sigma**2))) * value for sign, value in factor.items()}
    assert mp.almosteq(left, mp.mpf("0.0106102227896168"), rel_eps=1e-12)
    assert mp.almosteq(right[1], mp.mpf("0.0202591509312993"), rel_eps=1e-13)
    assert right[-1] <= left < right[1]
    ball_left, ball_right = sides_of("wu2025.proposition-9.part-a")
    assert agrees(ball_left, left)
    assert agrees(ball_right, right[1])


def test_the_passage_with_proposition_9_inserted_fails_for_two_equal_gaps() -> None:
    x, (mu, sigma) = [mp.mpf(0), mp.mpf(1), mp.mpf(2)], numbers("1/2", "1/10")
    r2 = (mu / sigma) ** 2
    weights = [weight(x, mu, sigma, mu * a) for a in x]
    left = right = mp.mpf(0)
    for i in (1, 2):
        top = variance(x, mu, sigma, mu * (x[i - 1] + x[i]) / 2)
        moves = mp.fsum(abs(top - variance(x, mu, sigma, mu * x[j])) for j in (i - 1, i))
        left += min(weights[i - 1], weights[i]) * moves * mu**2 / sigma**4
        factor = min(mp.mpf(i**2 * (i - 1)) / 2, mp.mpf((3 - i) ** 2 * (4 - i)) / 2)
        inner = 2 * mu**2 / sigma**4 * (mp.mpf(1) / 6 - 4 * 9 * mp.exp(-r2 / 4))
        right += mu / 9 * (mp.mpf(1) / 2 - mp.exp(-r2 / 2)) * factor * inner
    assert mp.almosteq(left, mp.mpf("11.0814792570020"), rel_eps=1e-10)
    assert mp.almosteq(right, mp.mpf("13.4957768781005"), rel_eps=1e-13)
    ball_left, ball_right = sides_of("wu2025.theorem-4.step-3")
    assert agrees(ball_left, left, 10)
    assert agrees(ball_right, right)


def test_the_displayed_line_of_lemma_14_fails_for_a_parabola_that_starts_low() -> None:
    def mean(h):
        return mp.quad(lambda y: h(y) ** 2 * mp.npdf(y), [-1, 0, 1])

    # f = -4 + x^2/2, beta = 2, gamma = 1: f + beta x against -gamma x + f(0) + beta x.
    left, right = mean(lambda y: -4 + y**2 / 2 + 2 * y), mean(lambda y: -y - 4 + 2 * y)
    assert mp.almosteq(left, mp.mpf("10.9511075442579"), rel_eps=1e-13)
    assert mp.almosteq(right, mp.mpf("11.1217799172922"), rel_eps=1e-13)
    ball_left, ball_right = sides_of("wu2025.lemma-14.step-1")
    assert agrees(ball_left, left)
    assert agrees(ball_right, right)


def test_the_boundary_constant_of_theorem_4_exceeds_one_in_361_and_not_one_in_359() -> None:
    def against(denominator):
        return lambda a, n: (theorem_4.boundary_constant(a, n), a.number(Fraction(n * n, denominator)))

    assert compared("", against(361), ">", range(2, 12)).check()[0] is Truth.TRUE
    assert compared("", against(359), ">", range(2, 12)).check()[0] is Truth.FALSE
    assert decide(lambda a: against(359)(a, 3), ">").truth is Truth.FALSE


def test_the_proof_of_the_remark_breaks_when_its_bracket_is_swapped() -> None:
    def at(time):
        return decide(lambda a: remark_4._sides_at(a, time), ">").truth

    assert at(remark_4.TIME_LOW) is Truth.TRUE
    assert at(remark_4.TIME_HIGH) is Truth.FALSE


def test_the_end_of_the_remarks_interval_is_the_root_that_mpmath_finds() -> None:
    root = mp.findroot(lambda t: 8 * t**2 * mp.exp(-3 * t) - (1 - mp.exp(-2 * t)) ** 2, mp.mpf("0.58"))
    assert abs(root - mp.mpf("0.581628289058424025270287835691")) < mp.mpf(10) ** -30
    low, high = numbers(str(remark_4.TIME_LOW), str(remark_4.TIME_HIGH))
    assert low < root < high


@pytest.mark.parametrize("statement", [lemma_12.lemma_12_sharp, proposition_2.part_a, proposition_2.part_a_sharp])
def test_the_sharp_constants_are_attained_for_two_points(statement) -> None:
    instance = statement.instance.parse({"x": ["1/3", "22/7"], "mu": "3/7", "sigma": "1/9"})
    comparison = certified(statement, instance)
    assert comparison.truth is not Truth.FALSE
    assert abs(float(comparison.left) / float(comparison.right) - 1) < 1e-12
    assert comparison.equal_bits >= 40
