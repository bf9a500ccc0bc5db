r"""C1 to C5 on images: what the sweep over the number of training points shows."""

from __future__ import annotations

import math
from typing import Any

from theory.marion2026.claiming import DEFAULT_RUN, POINTS, claim, grows, linear, not_at_all, turned, under_other_definitions
from theory.marion2026.readings import (
    Run,
    column,
    fidelity_of,
    rate_of,
    rises_after_onset,
    spread_of_onset,
    time_of,
)
from theory.statement import changed
from theory.study import Reading, jointly

COPIED = 0.95
"""What counts as all samples being copies."""
copies = (
    Reading(says="copy rate of the closed form's samples over 95%", of=lambda r: r[DEFAULT_RUN]["exact"]["copies"] - COPIED),
)
claim_1 = claim(
    "claim-1.part-images",
    "samples of the closed-form velocity are copies of training images",
    "On images: of the samples that 25 steps of Euler with the closed-form empirical velocity make from noise, more than 95%"
    " are copies by the nearest-neighbour ratio. The control is the Gaussian fitted to the same training images.",
    r"P(d_1/d_2<\tfrac13)>0.95",
    2,
    study=POINTS,
    readings=copies,
    mutants=(
        changed(
            "samples of the fitted Gaussian",
            readings=(Reading(says="copy rate over 95%", of=lambda r: r[DEFAULT_RUN]["fitted"]["copies"] - COPIED),),
        ),
    ),
    uses=("marion2026.claim-1.part-minimiser",),
)
least_loss = (
    Reading(
        says="least train loss along the run over that of the closed form",
        of=lambda r: float(column(r[DEFAULT_RUN], "train").min()) - r[DEFAULT_RUN]["least"],
    ),
)
claim_1_loss = claim(
    "claim-1.part-loss",
    "no network has a smaller train loss than the closed-form velocity",
    "The train loss of every checkpoint stays above that of the closed-form empirical velocity on the same draws.",
    r"L_{train}(\theta_\tau)>L_{train}(v^\star)",
    2,
    study=POINTS,
    readings=least_loss,
    mutants=turned(least_loss, "a smaller one"),
    uses=("marion2026.claim-1.part-minimiser",),
)


def _reversed(run: Run) -> dict[str, Any]:
    """Return a run whose copy rates after the onset come in the opposite order."""
    start = time_of(run)
    entries = [dict(entry) for entry in run["checkpoints"]]
    after = [entry for entry in entries if start is not None and entry["step"] >= start]
    for entry, copies in zip(after, [entry.get("copies") for entry in reversed(after)], strict=True):
        entry["copies"] = copies
    return {**run, "checkpoints": entries}


onset = (
    Reading(says="memorization starts within the run", of=lambda r: _within(r[0])),
    Reading(says="no fall of the copy rate after it is beyond chance", of=lambda r: rises_after_onset(r[0])),
    Reading(says="from 5% to 25% copies takes longer than from one checkpoint to the next", of=lambda r: spread_of_onset(r[0])),
)


def _within(run: Run) -> float:
    start = time_of(run)
    return math.nan if start is None else math.log(column(run, "step")[-1] / start)


claim_2 = claim(
    "claim-2",
    "the transition is gradual, with an onset and a monotone memorization score",
    "With the fewest training points: the test loss leaves its minimum for good within the run; after that the copy rate does"
    " not fall, but for chance; and it rises over several checkpoints.",
    r"\tau_{mem}<\infty,\quad\text{copies}(\tau)\uparrow",
    8,
    study=POINTS,
    readings=(jointly("all of it", onset),),
    mutants=(
        changed(
            "copy rates after it in the opposite order",
            readings=(Reading(says="no fall beyond chance", of=lambda r: rises_after_onset(_reversed(r[0]))),),
        ),
    ),
)


in_points = linear("points", 1.0)
claim_3 = claim(
    "claim-3",
    "the memorization time is proportional to the number of training points",
    "tau_mem grows like N, so that the loss curves against the step over N collapse until then. Read per repetition: the"
    " exponent of tau_mem in N by least squares in the logarithms; its mean must be told to within 1/4.",
    r"\tau_{mem}\propto N",
    7,
    study=POINTS,
    readings=(in_points,),
    mutants=not_at_all(in_points),
)
claim_3_definitions = under_other_definitions(claim_3, lambda name: linear("points", 1.0, name))
slower = (grows("points", rate_of, "fall of the memorization rate with N", -1, known=True),)
claim_4 = claim(
    "claim-4",
    "the memorization rate falls with the number of training points",
    "The slope of the copy rate against the logarithm of the step, between 5% and 25% copies, is smaller for more points."
    " Runs that do not come to 25% copies have no rate; two of a repetition must have one.",
    r"\text{rate}(N)\downarrow",
    7,
    study=POINTS,
    readings=slower,
    mutants=turned(slower),
)
finer = (grows("points", fidelity_of, "fall of the smallest distance with N", -1),)
claim_5 = claim(
    "claim-5",
    "fidelity improves with the number of training points",
    "The smallest sliced Wasserstein distance to the test images before tau_mem is smaller for more points. The distance of the"
    " training images themselves from the test images falls too: the reading of the floor divides by it.",
    r"\min_{\tau<\tau_{mem}}SW(g_\tau,\text{test})\downarrow\text{ in }N",
    7,
    study=POINTS,
    readings=finer,
    mutants=turned(finer),
)


claim_5_definitions = under_other_definitions(
    claim_5,
    lambda name: grows("points", lambda run: fidelity_of(run, name), f"fall of the smallest distance with N ({name})", -1),
)


def over_floor(run: Run) -> float | None:
    """Return the peak fidelity in units of the distance of train and test."""
    found = fidelity_of(run)
    return None if found is None else found / run["floor"]["sliced"]


beyond_floor = (grows("points", over_floor, "growth of the smallest distance over that of train and test with N"),)
claim_5_floor = claim(
    "claim-5.reading-floor",
    "the smallest distance falls more slowly than that of the training images themselves",
    "Ours: the smallest distance before tau_mem, in units of the distance of the training from the test images, grows with N."
    " So the gain in fidelity with N is less than what more images bring by themselves: one draws no more from them, but less.",
    r"\min SW(g_\tau,\text{test})/SW(\text{train},\text{test})\uparrow\text{ in }N",
    7,
    ours=True,
    study=POINTS,
    readings=beyond_floor,
    mutants=turned(beyond_floor),
    uses=("marion2026.claim-5",),
)
