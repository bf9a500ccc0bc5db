"""Budgets are counts, so that a slow machine reaches the same verdicts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How much work the search for evidence may do on one statement.

    Parameters
    ----------
    cases
        Instances drawn by the search at cost 1; a statement of cost c draws ``cases / c``, at least ``least_cases``.
    least_cases
        Lower limit on drawn instances.
    ascents
        Worst cases from which a local ascent of the violation starts.
    ascent_steps
        Evaluations of one ascent at cost 1.
    climbs, climb_steps
        Climbs by gradients where a statement has them, and evaluations of one.
    certified
        Instances, besides the gallery, whose comparison is certified with balls.
    last_bits
        Precision in bits at which an undecided comparison of balls gives up.
    boxes
        Boxes that one branch-and-bound may open.
    further
        Whether limits are followed to the larger scales that they name for it.
    memory
        MiB that a statement may take beyond what its process has when it begins; then it is undecided.
    study
        The name under which studies know their size.
    """

    cases: int
    least_cases: int
    ascents: int
    ascent_steps: int
    climbs: int
    climb_steps: int
    certified: int
    last_bits: int
    boxes: int
    further: bool
    memory: int = 2048
    study: str = "quick"


PROFILES = {
    "quick": Budget(
        cases=120,
        least_cases=24,
        ascents=4,
        ascent_steps=50,
        climbs=4,
        climb_steps=150,
        certified=6,
        last_bits=1024,
        boxes=20_000,
        further=False,
    ),
    "standard": Budget(
        cases=2_000,
        least_cases=200,
        ascents=8,
        ascent_steps=400,
        climbs=16,
        climb_steps=1_000,
        certified=24,
        last_bits=2048,
        boxes=200_000,
        further=True,
        study="standard",
    ),
    "nightly": Budget(
        cases=20_000,
        least_cases=2_000,
        ascents=24,
        ascent_steps=1_500,
        climbs=64,
        climb_steps=3_000,
        certified=120,
        last_bits=4096,
        boxes=2_000_000,
        further=True,
        study="nightly",
    ),
}
