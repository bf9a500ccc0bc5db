r"""Whether the metrics tell apart what they are asked to, on images of known origin: before a claim is read from them.

Copies (samples of the closed-form velocity, and training images with a little noise), other real images, draws of the Gaussian
fitted to the training images, and noise. The share of other real images that a metric of copying calls copies is its
false-positive rate.
"""

from __future__ import annotations

from theory.marion2026.claiming import DEFAULT_RUN, POINTS, Results, claim, turned
from theory.study import Reading, jointly

ALMOST, HARDLY = 0.9, 0.05


def _copies(kind: str, metric: str, most: bool) -> Reading:
    def read(results: Results) -> float:
        share = float(results[DEFAULT_RUN][kind][metric])
        return share - ALMOST if most else HARDLY - share

    words = f"share called copies over {ALMOST}" if most else f"{HARDLY} over the share called copies"
    return Reading(says=f"{kind}, by {'ratio' if metric == 'copies' else 'cosine'}: {words}", of=read)


KINDS = {"exact": True, "copied": True, "fresh": False, "fitted": False, "noise": False}
seen_as = {
    metric: (jointly("every kind", [_copies(kind, metric, most) for kind, most in KINDS.items()]),)
    for metric in ("copies", "cosine")
}
of_ratio, of_cosine = (
    claim(
        f"definition-r.reading-{name}",
        f"the {name} tells copies from other images",
        f"Ours: by the {words}, more than {ALMOST} of the closed-form velocity's samples and of training images with a little"
        f" noise are copies, less than {HARDLY} of other real images (false positives), of the fitted Gaussian and of noise.",
        r"P(\text{copy}\mid\text{copies})>0.9,\quad P(\text{copy}\mid\text{others})<0.05",
        4,
        ours=True,
        study=POINTS,
        readings=seen_as[metric],
        mutants=turned(seen_as[metric]),
    )
    for metric, name, words in (
        ("copies", "ratio", "ratio of the distances to the nearest and the second nearest training image, below 1/3"),
        ("cosine", "cosine", "largest cosine to a training image in principal components, its threshold from test images"),
    )
)


def _farther(metric: str, far: str, near: str) -> Reading:
    def read(results: Results) -> float:
        found = results[-1]
        return float(found[far][metric] - found[near][metric])

    return Reading(says=f"{metric.removesuffix('_test')}: {far} over {near}", of=read)


DISTANCES = (
    jointly(
        "both distances",
        [
            _farther(f"{metric}_test", far, near)
            for metric in ("sliced", "frechet")
            for far, near in (("fitted", "fresh"), ("noise", "fitted"))
        ],
    ),
)
of_distances = claim(
    "definition-f.reading-calibration",
    "both distances tell real images from a fitted Gaussian and from noise",
    "Ours: with the most training points, other real images are nearer to the test images than draws of the Gaussian fitted to"
    " the training images, and these nearer than noise, by the sliced Wasserstein and by the Frechet distance.",
    r"d(\text{real},\text{test})<d(\text{Gaussian},\text{test})<d(\text{noise},\text{test})",
    4,
    ours=True,
    study=POINTS,
    readings=DISTANCES,
    mutants=turned(DISTANCES),
)
