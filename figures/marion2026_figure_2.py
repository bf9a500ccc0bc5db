r"""Figure ``marion2026.figure-2``: the metrics along training at several numbers of training points, on small images.

Steps are divided by the number of points over the smallest, as in the published figure. Beyond it: memorization times with
their exponent, peak fidelities, and the distance of the training from the test images, below which no distance can tell.
"""

from __future__ import annotations

from figures.marion2026_checks import claims
from figures.marion2026_panels import Words, compute_sweep
from figures.registry import Drawing
from figures.work import Work

CLAIMS = ("claim-3", "claim-4", "claim-5")
"""Those of its caption and of the text beside it, in :mod:`theory.marion2026.statements`."""
WORDS = Words(symbol="N", step=r"step $\times\,N_{min}/N$", law=1.0)


def compute(scale: str, work: Work) -> Drawing:
    """Compute the numbers of the figure at a scale."""
    return compute_sweep("points", WORDS, claims(CLAIMS), scale, work)
