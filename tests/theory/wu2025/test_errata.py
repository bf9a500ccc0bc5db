"""The statements of wu2025: their errata confirmed by independent arithmetic, their proofs, and their registry."""

from __future__ import annotations

from fractions import Fraction

import mpmath as mp
import pytest

from numerics.comparison import Truth, decide
from theory.registry import all_statements
from theory.wu2025.statements import remark_4, theorem_4
from verification.prove import prove

STATEMENTS = {key: entry for key, entry in all_statements().items() if entry.paper == "wu2025"}
REFUTED = [entry for entry in STATEMENTS.values() if entry.erratum is not None]
mp.mp.dps = 50


def variance(x, mu, sigma, y):
    weights = [mp.exp(-((y - mu * a) ** 2) / (2 * sigma**2)) for a in x]
    total = mp.fsum(weights)
    mean = mp.fsum(w * a for w, a in zip(weights, x, strict=True)) / total
    return mp.fsum(w * (a - mean) ** 2 for w, a in zip(weights, x, strict=True)) / total


def weight(x, mu, sigma, y):
    n = len(x)

    def smaller(z):
        below, above = [z - mu * a for a in x if mu * a < z], [mu * a - z for a in x if mu * a > z]
        return min(len(below) * mp.fsum(below), len(above) * mp.fsum(above)) / n**2

    def integrand(z):
        return smaller(z) * mp.exp(-((y - z) ** 2) / (2 * sigma**2)) / (sigma * mp.sqrt(2 * mp.pi))

    # pi^- and pi^+ cross at the middle point of these three-point samples, where they jump.
    return mp.quad(integrand, mp.linspace(mu * x[0], mu * x[-1], 4 * (n - 1) + 1))


def test_corollary_3_read_literally_compares_the_midpoint_with_itself() -> None:
    x, mu, sigma = [mp.mpf(1), mp.mpf(3)], mp.mpf(1) / 2, mp.mpf(1) / 5
    left = mu**2 / sigma**4 * abs(variance(x, mu, sigma, mp.mpf(1)) - variance(x, mu, sigma, mu * 2))
    right = mu**2 / sigma**4 * (mp.mpf(4) / 4 - 4 * 4 * 4 * mp.exp(-(mu**2) * 4 / (4 * sigma**2)))
    assert left == 0
    assert mp.almosteq(right, mp.mpf("136.945458637723"), rel_eps=1e-13)


def test_proposition_9_exceeds_the_weight_at_the_last_point_of_three() -> None:
    x, mu, sigma = [mp.mpf(0), mp.mpf(1), mp.mpf(2)], mp.mpf(1) / 2, mp.mpf(1) / 4
    printed = mu / 9 * (mp.mpf(1) / 2 - mp.exp(-(mu**2) / (2 * sigma**2))) * min(mp.mpf(4) / 2, mp.mpf(2) / 2)
    assert mp.almosteq(weight(x, mu, sigma, mp.mpf(1)), mp.mpf("0.0106102227896168"), rel_eps=1e-13)
    assert mp.almosteq(printed, mp.mpf("0.0202591509312993"), rel_eps=1e-13)


def test_the_passage_with_proposition_9_inserted_fails_for_three_equal_gaps() -> None:
    x, mu, sigma = [mp.mpf(0), mp.mpf(1), mp.mpf(2)], mp.mpf(1) / 2, mp.mpf(1) / 10
    r2 = (mu / sigma) ** 2
    ends = [weight(x, mu, sigma, mu * a) for a in x]
    left = 0
    for i in range(2):
        top = variance(x, mu, sigma, mu * (x[i] + x[i + 1]) / 2)
        moves = sum(abs(top - variance(x, mu, sigma, mu * x[j])) for j in (i, i + 1))
        left += min(ends[i], ends[i + 1]) * moves * mu**2 / sigma**4
    move = 2 * mu**2 / sigma**4 * (mp.mpf(1) / 6 - 36 * mp.exp(-r2 / 4))
    right = mu / 9 * (mp.mpf(1) / 2 - mp.exp(-r2 / 2)) * 1 * move
    assert mp.almosteq(left, mp.mpf("11.0814792570020"), rel_eps=1e-10)
    assert mp.almosteq(right, mp.mpf("13.4957768781005"), rel_eps=1e-13)


def test_the_displayed_line_of_lemma_14_fails_for_a_parabola_that_starts_low() -> None:
    def mean(f):
        return mp.quad(lambda y: f(y) ** 2 * mp.npdf(y), [-1, 0, 1])

    left, right = mean(lambda y: -4 + y**2 / 2 + 2 * y), mean(lambda y: -4 + y)
    assert mp.almosteq(left, mp.mpf("10.9511075442579"), rel_eps=1e-13)
    assert mp.almosteq(right, mp.mpf("11.1217799172922"), rel_eps=1e-13)


@pytest.mark.parametrize("entry", [entry for entry in STATEMENTS.values() if entry.proof], ids=lambda entry: entry.id)
def test_every_proof_is_established_step_by_step(entry) -> None:
    truth, evidence, account = prove(entry.proof)
    assert truth is Truth.TRUE, account
    assert evidence.figures["set"]


def test_the_constant_of_the_sharp_theorem_cannot_be_pushed_through_its_proof() -> None:
    def sides(arithmetic):
        return theorem_4.boundary_constant(arithmetic, 3), arithmetic.number(Fraction(9, 360))

    assert decide(sides, ">").truth is Truth.FALSE


def test_the_end_of_the_remarks_interval_is_the_root_found_by_another_method() -> None:
    root = mp.findroot(lambda t: mp.sqrt(2) * mp.exp(-t / 2) - mp.sinh(t) / t, mp.mpf("0.58"))
    assert mp.almosteq(root, mp.mpf("0.581628289058424025270287835691"), rel_eps=1e-29)
    assert remark_4.TIME_LOW < Fraction(str(root)[:22]) < remark_4.TIME_HIGH
