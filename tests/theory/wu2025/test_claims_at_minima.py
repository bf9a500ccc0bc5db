"""Every claim about stable minima, at all the minima that polishing finds."""

from __future__ import annotations

import math

import pytest

from numerics.arithmetic import FLOATS
from theory.wu2025.curvature import network_risk, sharpness
from theory.wu2025.networks import lipschitz_constant, network_irregularity, noised_irregularity
from theory.wu2025.stability import stability_thresholds
from theory.wu2025.statements.proposition_6_minima import found_minima
from theory.wu2025.threshold import pathwise_risk_bound, sharp_risk_bound


@pytest.fixture(scope="module")
def minima():
    return [(problem, problem.lift(FLOATS)) for problem in found_minima()]


def test_there_are_minima_of_every_width_and_sample(minima) -> None:
    assert {len(problem.kinks) for problem, _ in minima} == {1, 2, 3}
    assert len({problem.x for problem, _ in minima}) == 3
    assert len(minima) >= 20


def test_mean_square_stability_implies_stability_of_the_mean(minima) -> None:
    for _, p in minima:
        rates = stability_thresholds(p)
        assert 0 < rates.single <= rates.mean_square * (1 + 1e-9)
        assert rates.mean_square <= rates.mean * (1 + 1e-9)


def test_equation_8_fails_at_some_minima_and_its_repair_at_none(minima) -> None:
    broken = 0
    for _, p in minima:
        rates = stability_thresholds(p)
        broken += rates.mean_square > rates.sharpness * (1 + 1e-6)
        assert p.width * sharpness(p, kink=0) * rates.mean_square / 2 <= 1 + 1e-9
    assert broken >= 1


def test_the_risk_at_every_minimum_exceeds_both_bounds_at_its_stable_rates(minima) -> None:
    for _, p in minima:
        rates, risk = stability_thresholds(p), network_risk(p)
        assert risk >= pathwise_risk_bound(p, 1 / rates.mean) * (1 - 1e-9)
        assert risk >= sharp_risk_bound(p, 1 / rates.sharpness, lipschitz_constant(p)) * (1 - 1e-9)


def test_the_irregularity_at_every_minimum_is_at_most_the_repaired_bound(minima) -> None:
    for _, p in minima:
        rates, risk = stability_thresholds(p), network_risk(p)
        assert noised_irregularity(p) <= (1 / (2 * rates.mean) + math.sqrt(risk) / 2) * (1 + 1e-9)
        assert network_irregularity(p) <= 1 / (2 * rates.sharpness) + math.sqrt(risk) / 2 + lipschitz_constant(p) * p.sigma
