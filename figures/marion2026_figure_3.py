r"""Figure ``marion2026.figure-3``: the metrics along training at several sizes of the network, on small images.

Steps are as they are. The size is the number of parameters, changed by the width; the exponent of the memorization time is in
the number of parameters.
"""

from __future__ import annotations

from figures.marion2026_checks import claims
from figures.marion2026_panels import Words, compute_sweep
from figures.registry import Drawing
from figures.work import Work

CLAIMS = ("claim-6",)
"""Those of its caption, in :mod:`theory.marion2026.statements`."""
WORDS = Words(symbol="P", step="step")


def compute(scale: str, work: Work) -> Drawing:
    """Compute the numbers of the figure at a scale."""
    return compute_sweep("width", WORDS, claims(CLAIMS), scale, work)
