r"""C6 to C8 and C12: what the sweeps over model size, batch size and learning rate show."""

from __future__ import annotations

from theory.marion2026.claiming import (
    BATCH,
    RATE,
    WIDTH,
    Results,
    claim,
    grows,
    linear,
    not_at_all,
    turned,
    under_other_definitions,
)
from theory.marion2026.experiments import SWEEPS
from theory.marion2026.onset import PRIMARY
from theory.marion2026.readings import exponent, fidelity_of, rate_of, time_of, trend_of_known
from theory.study import Reading

sooner = (grows("width", time_of, "fall of the memorization time with P", -1),)
claim_6_onset = claim(
    "claim-6.part-onset",
    "larger models begin to memorize sooner",
    "tau_mem falls as the number of parameters grows, here by the width of the network: 64, 128 and 256, which is 30,000,"
    " 92,000 and 92,000 parameters.",
    r"\tau_{mem}(P)\downarrow",
    7,
    study=WIDTH,
    readings=sooner,
    mutants=turned(sooner),
)
claim_6_definitions = under_other_definitions(
    claim_6_onset,
    lambda name: grows("width", lambda run: time_of(run, name), f"fall of the memorization time with P ({name})", -1),
)
finer_by_width = (grows("width", fidelity_of, "fall of the smallest distance with P", -1),)
claim_6_fidelity = claim(
    "claim-6.part-fidelity",
    "larger models reach a better peak fidelity",
    "The smallest sliced Wasserstein distance to the test images before tau_mem is smaller for larger models.",
    r"\min_{\tau<\tau_{mem}}SW(g_\tau,\text{test})\downarrow\text{ in }P",
    7,
    study=WIDTH,
    readings=finer_by_width,
    mutants=turned(finer_by_width),
)
in_batch = linear("batch", -1.0)
claim_7_onset = claim(
    "claim-7.part-onset",
    "the memorization time is inversely proportional to the batch size",
    "tau_mem times B is constant, so that the curves against the normalized step collapse. Read per repetition: the exponent of"
    " tau_mem in B; its mean must be told to within 1/4.",
    r"\tau_{mem}\propto1/B",
    7,
    study=BATCH,
    readings=(in_batch,),
    mutants=not_at_all(in_batch),
)

claim_7_definitions = under_other_definitions(claim_7_onset, lambda name: linear("batch", -1.0, name))


def _rate_exponent(name: str) -> Reading:
    return Reading(
        says=f"exponent of the memorization rate in {name}",
        of=lambda r: trend_of_known([rate_of(run) for run in r], SWEEPS[name]),
        equals=0.0,
    )


rate_in_batch, rate_in_rate = _rate_exponent("batch"), _rate_exponent("rate")
claim_7_rate = claim(
    "claim-7.part-rate",
    "the memorization rate does not depend on the batch size",
    "The slope of the copy rate against the logarithm of the step, which no rescaling of the step changes, has exponent 0 in B,"
    " to within 1/4.",
    r"\text{rate}(B)\approx\text{const}",
    7,
    study=BATCH,
    readings=(rate_in_batch,),
    mutants=turned((grows("batch", rate_of, "growth of the memorization rate with B", known=True),), "it falls with B"),
)
coarser = (grows("batch", fidelity_of, "growth of the smallest distance with B"),)
claim_7_fidelity = claim(
    "claim-7.part-fidelity",
    "smaller batches reach a better peak fidelity",
    "The smallest sliced Wasserstein distance to the test images before tau_mem is smaller for smaller batches.",
    r"\min_{\tau<\tau_{mem}}SW(g_\tau,\text{test})\uparrow\text{ in }B",
    7,
    study=BATCH,
    readings=coarser,
    mutants=turned(coarser),
)


def _normalized(definition: str = PRIMARY) -> Reading:
    def read(results: Results) -> float | None:
        found = exponent(results, SWEEPS["rate"], definition)
        return None if found is None else found + 1

    return Reading(says=f"exponent of tau_mem times eta in eta ({definition})", of=read)


later = (_normalized(),)
claim_8_onset = claim(
    "claim-8.part-onset",
    "a larger learning rate delays the normalized onset",
    "tau_mem times eta grows with eta: beyond some rate, training is no longer faster in proportion. Steps are those of Adam.",
    r"\tau_{mem}\,\eta\uparrow\text{ in }\eta",
    7,
    study=RATE,
    readings=later,
    mutants=turned(later),
)
claim_8_definitions = under_other_definitions(claim_8_onset, _normalized)
finer_by_rate = (grows("rate", fidelity_of, "fall of the smallest distance with eta", -1),)
claim_8_fidelity = claim(
    "claim-8.part-fidelity",
    "larger learning rates reach a better peak fidelity",
    "The smallest sliced Wasserstein distance to the test images before tau_mem is smaller for larger learning rates.",
    r"\min_{\tau<\tau_{mem}}SW(g_\tau,\text{test})\downarrow\text{ in }\eta",
    8,
    study=RATE,
    readings=finer_by_rate,
    mutants=turned(finer_by_rate),
)
claim_12 = claim(
    "claim-12",
    "batch size and learning rate have no strong effect once memorization has started",
    "What they change after the onset is read by the memorization rate: its exponent in the learning rate is 0, to within 1/4;"
    " for the batch size see claim-7.part-rate.",
    r"\text{rate}(\eta)\approx\text{const}",
    8,
    study=RATE,
    readings=(rate_in_rate,),
    mutants=turned((grows("rate", rate_of, "growth of the memorization rate with eta", known=True),), "it falls with eta"),
    uses=("marion2026.claim-7.part-rate",),
)
