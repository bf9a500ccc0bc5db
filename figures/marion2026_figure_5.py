r"""Figure ``marion2026.figure-5``: the metrics along training at several learning rates, on small images.

Steps are multiplied by the learning rate over the smallest, as in the published figure. A normalized onset that is later for
larger rates is an exponent of the memorization time above -1.
"""

from __future__ import annotations

from figures.marion2026_checks import claims
from figures.marion2026_panels import Words, compute_sweep
from figures.registry import Drawing
from figures.work import Work

CLAIMS = ("claim-8", "claim-12")
"""Those of its caption and of the text beside it, in :mod:`theory.marion2026.statements`."""
WORDS = Words(symbol=r"$\eta$", step=r"step $\times\,\eta/\eta_{min}$", law=-1.0, law_says="no delay")


def compute(scale: str, work: Work) -> Drawing:
    """Compute the numbers of the figure at a scale."""
    return compute_sweep("rate", WORDS, claims(CLAIMS), scale, work)
