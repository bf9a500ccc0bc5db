"""Budgets are counts: a proof that needs more boxes than its profile allows is undecided, and says so."""

from __future__ import annotations

from fractions import Fraction

import pytest

from numerics.ball_integration import ball
from numerics.boxes import boxes_allowed, branch_and_bound
from numerics.comparison import Truth
from theory.proofs import boxes
from theory.statement import Proof
from verification.budget import PROFILES
from verification.prove import prove

UNIT = [(Fraction(0), Fraction(1))]


def near(x):
    """Return (x - 1/3)^2 + 1/10^4, which is positive, by a hair."""
    return (x - ball("1/3")) ** 2 - (x - ball("1/3")) * ball("1e-2") + ball("1e-4")


def test_a_proof_is_undecided_within_too_few_boxes_and_established_within_enough() -> None:
    proof = Proof(set="[0, 1]", argument="", steps=(boxes("it is positive", near, UNIT),))
    needed = branch_and_bound(near, UNIT, 100_000).boxes
    assert needed > 10
    truth, evidence, account = prove(proof, needed - 1)
    assert (truth, evidence) == (Truth.UNDECIDED, None)
    assert f"it is positive: budget: open after {needed - 1} boxes" in account
    truth, evidence, account = prove(proof, needed)
    assert (truth, account) == (Truth.TRUE, "")
    assert f"{needed} boxes" in str(evidence.figures)


def test_the_number_of_boxes_is_set_for_what_runs_inside_only() -> None:
    with boxes_allowed(3):
        assert branch_and_bound(near, UNIT, 100_000).boxes == 3
        with boxes_allowed(5):
            assert branch_and_bound(near, UNIT, 100_000).spent
    assert branch_and_bound(near, UNIT, 100_000).closed
    assert not branch_and_bound(lambda x: ball("nan") * x, UNIT, 0).closed


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_every_count_of_every_profile_is_positive(profile) -> None:
    counts = {name: value for name, value in vars(profile).items() if isinstance(value, int) and not isinstance(value, bool)}
    assert {"cases", "boxes", "memory"} <= counts.keys()
    assert min(counts.values()) > 0
