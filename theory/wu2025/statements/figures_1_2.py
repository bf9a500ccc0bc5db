r"""What Figures 1 and 2 and the text beside them claim: large rates and small noise keep the network from :math:`s^\star`.

A repetition is one sample with one start, trained at several learning rates. A run that diverges has an infinite excess risk.

The file is long because the claims share their studies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

from theory.statement import Trend, changed
from theory.study import Reading, Size, Study, Unit, opposite
from theory.wu2025.experiments import BATCH, CHOSEN, EPOCHS, NOISES, SIMULATIONS, simulate
from theory.wu2025.setting import PAPER

PAGE = f"{PAPER}, Section 7, pages 10-11"
SIGMAS = ("0.31", "0.57")
RATES = (0.5, 0.1, 0.05, 0.01)
NOISES_QUICK = 100


def unit(dimension: int, sigma: str, eta: float, simulation: int, share: float = 1.0, **more: Any) -> Unit:
    """Return one run of the figures, with a share of the published number of steps."""
    run = {"reading": CHOSEN, "dimension": dimension, "sigma": sigma, "eta": eta, "steps": round(EPOCHS[eta] * share)}
    run |= {"simulation": simulation, "batch": BATCH, "noises": NOISES if share == 1 else NOISES_QUICK}
    return run | more


def excess(result: Any) -> float:
    """Return the excess risk of a run, infinite if it diverged."""
    return math.inf if result["excess"] is None else float(result["excess"])


def less(low: Any, high: Any) -> float:
    """Return by how much the first run's excess risk is below the second's; NaN if both diverged."""
    return excess(high) - excess(low)


def growth(results: Sequence[Any]) -> float:
    """Return Kendall's tau between learning rate and excess risk, of runs in the order of falling rates.

    Parameters
    ----------
    results
        The runs.

    Returns
    -------
    float
        Between -1 and 1: 1 when each rate has less excess risk than every larger one.
    """
    pairs = list(combinations(map(excess, results), 2))
    return sum((high > low) - (high < low) for high, low in pairs) / len(pairs)


def sizes(words: dict[str, tuple[str, int, float]], build: Callable[[int, float], list[Unit]]) -> Callable[[str], Size]:
    """Return the sizes of a study.

    Parameters
    ----------
    words
        Profile to what it is, how many repetitions and which share of the published steps.
    build
        The units of a repetition, from its number and the share.

    Returns
    -------
    Callable
        Profile to size.
    """

    def size(scale: str) -> Size:
        says, count, share = words[scale]
        return Size(says=says, replicates=[build(k, share) for k in range(count)], reduced=share < 1 or count < SIMULATIONS)

    return size


ON_A_LINE = {
    "quick": ("8 simulations, a tenth of the published steps", 8, 0.1),
    "standard": (f"{SIMULATIONS} simulations, all published steps", SIMULATIONS, 1.0),
    "nightly": (f"{SIMULATIONS} simulations, all published steps", SIMULATIONS, 1.0),
}
IN_SPACE = {
    "quick": ("6 simulations, a tenth of the published steps", 6, 0.1),
    "standard": ("8 simulations, all published steps", 8, 1.0),
    "nightly": (f"{SIMULATIONS} simulations, all published steps", SIMULATIONS, 1.0),
}
BATCHES = {
    "quick": ("8 simulations, all published steps", 8, 1.0),
    "standard": (f"{SIMULATIONS} simulations, all published steps", SIMULATIONS, 1.0),
    "nightly": (f"{SIMULATIONS} simulations, all published steps", SIMULATIONS, 1.0),
}

line = Study(
    name="training at d = 1",
    run=simulate,
    size=sizes(ON_A_LINE, lambda k, share: [unit(1, sigma, eta, k, share) for sigma in SIGMAS for eta in RATES]),
)
same_rate = Study(
    name="training at d = 1, one rate under four names",
    run=simulate,
    # Other samples and starts in the place of other rates.
    size=sizes(ON_A_LINE, lambda k, share: [unit(1, sigma, 0.1, 4 * k + j, share) for sigma in SIGMAS for j in range(4)]),
)
space = Study(
    name="training at d = 10",
    run=simulate,
    cost=5.0,
    size=sizes(IN_SPACE, lambda k, share: [unit(10, sigma, eta, k, share) for sigma in SIGMAS for eta in RATES[:2]]),
)
space_untrained = Study(
    name="training at d = 10 with a step that does not grow with the width",
    run=simulate,
    size=sizes(
        IN_SPACE,
        lambda k, share: [unit(10, s, eta, k, share, reading="plain step") for s in SIGMAS for eta in RATES[:2]],
    ),
)
flat = Study(
    name="training at d = 1 with the largest rate",
    run=simulate,
    cost=4.0,
    size=lambda _scale: Size(
        says=f"{SIMULATIONS} simulations, all published steps",
        replicates=[[unit(1, sigma, 0.5, k) for sigma in SIGMAS] for k in range(SIMULATIONS)],
        reduced=False,
    ),
)
noise = Study(
    name="training at d = 1 with two sizes of batches",
    run=simulate,
    size=sizes(BATCHES, lambda k, share: [unit(1, "0.31", 0.5, k, share, batch=batch) for batch in (BATCH, 1000)]),
)
same_batch = Study(
    name="training at d = 1 with one size of batches under two names",
    run=simulate,
    size=sizes(BATCHES, lambda k, share: [unit(1, "0.31", 0.5, 2 * k + j, share) for j in range(2)]),
)

by_rate = (
    Reading(says="sigma 0.31: tau of rate and excess risk", of=lambda r: growth(r[:4])),
    Reading(says="sigma 0.57: tau of rate and excess risk", of=lambda r: growth(r[4:])),
)
by_noise = (
    Reading(says="excess risk of sigma 0.31 over that of 0.57 at eta 0.5", of=lambda r: less(r[4], r[0])),
    Reading(says="excess risk of sigma 0.31 over that of 0.57 at eta 0.1", of=lambda r: less(r[5], r[1])),
)

rates = Trend(
    id="wu2025.figure-2.part-dimension-1",
    title="at d = 1 the excess risk grows with the learning rate",
    says=(
        "Figure 2 (left), and the first sentence of Figure 1's caption: as the learning rate falls from 0.5 to 0.01 the learned"
        " score comes closer to s*, at both pairs (mu, sigma). Read per simulation: Kendall's tau of learning rate and excess"
        " risk, on one sample and start, is positive. The reading of what the paper leaves open (batches with replacement,"
        " factors of network and step) is in theory.wu2025.experiments."
    ),
    formula=r"\tau\big(\eta,\;R_n(\theta_\eta)-R_n(s^\star)\big)>0",
    source=PAGE,
    study=line,
    readings=by_rate,
    mutants=(
        changed("one rate under four names", study=same_rate),
        changed("the excess risk falls with the rate", readings=opposite(by_rate)),
    ),
)
small_noise = Trend(
    id="wu2025.figure-1.part-noise",
    title="at d = 1 the smaller noise scale keeps the network farther from s*",
    says=(
        "Second sentence of Figure 1's caption: at sigma = 0.31 s* is more irregular, and a smaller learning rate is needed"
        " than at 0.57. Read per simulation: at the same learning rate, 0.5 and 0.1, the excess risk is larger at 0.31."
    ),
    formula=r"R_n(\theta_\eta)-R_n(s^\star)\big|_{\sigma=0.31}>R_n(\theta_\eta)-R_n(s^\star)\big|_{\sigma=0.57}",
    source=PAGE,
    study=line,
    readings=by_noise,
    mutants=(changed("the larger noise scale keeps it farther", readings=opposite(by_noise)),),
)
dimension_10 = Trend(
    id="wu2025.figure-2.part-dimension-10",
    title="at d = 10 the larger learning rate has the larger excess risk",
    says=(
        "Figure 2 (right): the same pattern in dimension 10. Read per simulation: at both noise scales eta = 0.5 has more"
        " excess risk than 0.1 on the same sample and start."
    ),
    formula=r"R_n(\theta_{0.5})>R_n(\theta_{0.1})",
    source=PAGE,
    study=space,
    readings=(
        Reading(says="sigma 0.31: excess risk of eta 0.5 over that of 0.1", of=lambda r: less(r[1], r[0])),
        Reading(says="sigma 0.57: excess risk of eta 0.5 over that of 0.1", of=lambda r: less(r[3], r[2])),
    ),
    mutants=(changed("a step that does not grow with the width: nothing is learned", study=space_untrained),),
)
flat_score = Trend(
    id="wu2025.figure-1.part-flat",
    title="at sigma = 0.31 and eta = 0.5 the learned score is flat",
    says=(
        "Figure 1 (right) at eta = 0.5: the learned score is flat. Read per simulation that does not diverge (6 of 30 do, which"
        " the paper does not say): the mean square of the network over that of s*, both at the noised sample, is below 1/20. At"
        " sigma = 0.57 it is not, which is the control. 97% of its neurons are dead there: what makes it flat is that they die."
    ),
    formula=r"\frac{E\,s_\theta(Y)^2}{E\,s^\star(Y)^2}<\frac1{20}",
    source=PAGE,
    study=flat,
    readings=(Reading(says="1/20 over the size of the network", of=lambda r: _flatness(r[0])),),
    mutants=(
        changed(
            "at sigma = 0.57",
            readings=(Reading(says="1/20 over the size of the network", of=lambda r: _flatness(r[1])),),
        ),
    ),
)
by_gradient_noise = Trend(
    id="wu2025.figure-2.reading-noise",
    title="at d = 1, sigma = 0.31 and eta = 0.5 much of the effect is noise of the gradient",
    says=(
        "Ours: the same learning rate with 1,000 points a batch, not 50, loses less than the half of the excess risk of the"
        " same sample and start: the claim that large learning rates alone prevent memorization needs the noise of small"
        " batches at these settings."
    ),
    formula=r"2\,\big(R_n(\theta^{1000})-R_n(s^\star)\big)<R_n(\theta^{50})-R_n(s^\star)",
    source="ours; beside Figure 2",
    ours=True,
    study=noise,
    readings=(Reading(says="excess risk over twice that of the large batch", of=lambda r: excess(r[0]) - 2 * excess(r[1])),),
    mutants=(changed("one batch under two names", study=same_batch),),
)


def _flatness(result: Any) -> float | None:
    return None if result["size"] is None else 0.05 - float(result["size"])
