r"""Figure ``marion2026.figure-4``: the metrics along training at several batch sizes, on small images.

Steps are multiplied by the batch size over the smallest, as in the published figure. Batches are drawn with replacement, and
the largest has more entries than there are training points.
"""

from __future__ import annotations

from figures.marion2026_checks import claims
from figures.marion2026_panels import Words, compute_sweep
from figures.registry import Drawing
from figures.work import Work

CLAIMS = ("claim-7",)
"""Those of its caption and of the text beside it, in :mod:`theory.marion2026.statements`."""
WORDS = Words(symbol="B", step=r"step $\times\,B/B_{min}$", law=-1.0)


def compute(scale: str, work: Work) -> Drawing:
    """Compute the numbers of the figure at a scale."""
    return compute_sweep("batch", WORDS, claims(CLAIMS), scale, work)
