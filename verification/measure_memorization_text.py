"""What ``quod measure memorization`` prints: the numbers, what they cannot tell, and a verdict in plain words."""

from __future__ import annotations

from collections.abc import Iterator

from numerics.copies import Share
from numerics.images import Images
from numerics.metric_calibration import COSINE_METRIC, FEWEST, METRICS
from numerics.stand_ins import Kind
from verification.measure_memorization import LEVEL, UNSEEN, CopyMetric, Distances, Finding, Memorization
from verification.measure_text import line

WIDTH = 34


def text_of(m: Memorization) -> Iterator[str]:
    """Yield what was measured, line by line.

    Parameters
    ----------
    m
        The measurement.

    Yields
    ------
    str
        A line of the report.
    """
    names = {"train": "training images", "test": "held-out real images", "samples": "samples"}
    for role, images in m.sets.items():
        yield _line(names[role], _set(images))
        yield _line("", images.name + (f": {images.note}" if images.note else ""))
    if m.dropped:
        yield _line("", f"{m.dropped} test images are training images, value for value: left out")
    yield from ["", "copies"]
    yield _line("equal to a training image", f"{m.equal} of {len(m.sets['samples'])} samples")
    if m.of_held_out is not None:
        yield _line("copies of held-out images", f"{_share(m.of_held_out)} at 95%, by the ratio")
    for metric in m.metrics:
        yield from _metric(m, metric)
    if m.detector is None:
        yield _line("cosine", f"not measured: {m.no_detector}")
    pair = m.nearest_pairs(m.near, m.cosine, 1)[0]
    beside = "" if pair["cosine"] is None else f", cosine {pair['cosine']:.4g}"
    yield _line(
        "nearest pair",
        f"sample {pair['image']} and training image {pair['training_image']}: ratio {pair['ratio']:.3g},"
        f" distance {pair['distance']:.4g}{beside}",
    )
    if m.distances is None:
        yield from ["", f"distances: not measured: {m.no_distances}"]
    else:
        yield from _distances(m.distances)
    yield from ["", "what this cannot tell"]
    yield from (f"  - {entry}." for entry in limits(m))
    yield from ["", f"{m.finding.value}", f"  In words: {verdict(m)}."]


def _line(name: str, value: str) -> str:
    return line(name, value, WIDTH)


def _set(images: Images) -> str:
    channels, height, width = images.values.shape[1:]
    kinds = [f"{images.repeated} equal to an earlier one" * bool(images.repeated), f"{images.blank} blank" * bool(images.blank)]
    more = "".join(f", {kind}" for kind in kinds if kind)
    return f"{len(images)} of {height} x {width} pixels{', three colours' * (channels == 3)}{more}"


def percent(value: float) -> str:
    """Return a share as a percentage of three digits."""
    return f"{100 * value:.3g}%"


def _share(share: Share) -> str:
    return f"{share.count} of {share.trials}: {percent(share.share)}, in [{percent(share.low)}, {percent(share.high)}]"


def _metric(m: Memorization, metric: CopyMetric) -> Iterator[str]:
    cosine = metric.calibration.metric == COSINE_METRIC and m.detector is not None
    name = f"cosine > {m.detector.threshold:.4f}" if cosine and m.detector else "ratio d1/d2 < 1/3"
    yield _line(name, f"{_share(metric.share)} at 95%")
    false = metric.calibration.false_positives
    if false is not None:
        stated = f"; stated {percent(m.detector.stated)}" if cosine and m.detector else ""
        yield _line("  false positives", f"{_share(false)} of held-out real images{stated}")
    seen = metric.calibration.readings[Kind.COPIES]
    if metric.calibration.usable:
        yield _line("  calibrated", f"sees {percent(seen.value)} of noisy copies, and tells them from all that are none")
    else:
        confused = " and ".join(right.value for _, right in metric.calibration.confused)
        yield _line("  not usable here", f"does not tell noisy copies ({percent(seen.value)}) from {confused}")


def _distances(d: Distances) -> Iterator[str]:
    yield from ["", f"distances between {d.size} images and {d.size}"]
    yield _line("", "".join(f"{name:<20}" for name in METRICS).rstrip())
    for name, row in d.table.items():
        yield _line(name, "".join(f"{value:<20.4g}" for value in row).rstrip())
    if d.calibrations:
        words = ["usable" if d.usable(name) else "tells too little" for name in METRICS]
        yield _line("calibrated", "".join(f"{word:<20}" for word in words).rstrip())
    to_test, to_train, floor = (
        d.table[name][0] for name in ("samples to held-out", "samples to training", "floor: training to held-out")
    )
    yield _line(
        "triangle inequality",
        f"sliced Wasserstein to both differs by {abs(to_test - to_train):.4g}, by at most {floor:.4g} whatever the samples",
    )
    yield _line("  samples like held-out images", f"p = {d.like_fresh:.3g} (permutations, {d.tested} images of each)")
    yield _line("  training like held-out images", f"p = {d.split_is_fair:.3g}")


def verdict(m: Memorization) -> str:
    """Return what the measurement says, in plain words.

    Parameters
    ----------
    m
        The measurement.

    Returns
    -------
    str
        A sentence without its full stop.
    """
    same = m.equal == len(m.sets["samples"])
    first = "every sample is a training image, value for value: copies, or the wrong file; " if same else ""
    return f"{first}{_novelty(m)}; {_fidelity(m.distances)}"


def _novelty(m: Memorization) -> str:
    count = len(m.sets["samples"])
    if m.finding is Finding.COPIES:
        best = max((metric for metric in m.metrics if metric.sees_copies), key=lambda metric: metric.share.low)
        false = best.calibration.false_positives
        assert false is not None
        copied = f"{best.share.count} of {count} samples are copies of training images by the {best.calibration.metric}"
        at_least, by_chance = percent(best.share.low), percent(false.high)
        return f"the model copies: {copied}, at least {at_least} of all that it makes; chance gives {by_chance} at most"
    if m.swapped and m.of_held_out is not None:
        return (
            f"the samples copy held-out images, at least {percent(m.of_held_out.low)} of all that the model makes: --train and"
            " --test are swapped, or the model was trained on both"
        )
    if not m.usable:
        return "no metric of copying tells copies from other images here, so nothing can be said about copying"
    most = min(metric.most for metric in m.usable)
    if m.finding is Finding.UNDECIDED:
        more = f"a verdict needs at most {percent(UNSEEN)}, so more samples"
        return f"no copies beyond chance, but up to {percent(most)} of what the model makes may be copies: {more}"
    return f"no copies beyond chance: at most {percent(most)} of what the model makes are copies that these metrics see"


def _fidelity(d: Distances | None) -> str:
    if d is None:
        return "the samples are too few to compare distributions"
    ratio = d.table["samples to held-out"][0] / d.table["floor: training to held-out"][0]
    away = f"their sliced Wasserstein distance to held-out images is {ratio:.3g} times that of the training images"
    if d.like_fresh <= LEVEL:
        return f"the samples do not follow the distribution of the held-out images (p = {d.like_fresh:.2g}): {away}"
    blunt = "" if d.usable(METRICS[0]) else ", nor would it tell a fitted Gaussian"
    return (
        f"their distribution is not told from that of the held-out images with {d.tested} images of each"
        f" (p = {d.like_fresh:.2g}){blunt}, which says nothing about copying: {away}"
    )


def limits(m: Memorization) -> Iterator[str]:
    """Yield what a measurement cannot tell, each in one sentence.

    Parameters
    ----------
    m
        The measurement.

    Yields
    ------
    str
        A sentence without its full stop.
    """
    count = len(m.sets["samples"])
    unseen = 1 - 0.025 ** (1 / count)
    yield f"copies rarer than {unseen:.2g} of all samples: {count} samples would show none of them with probability 2.5%"
    for metric in m.metrics:
        for _, right in metric.calibration.confused:
            yield f"the {metric.calibration.metric} does not tell copies from {right.value} on these images: not used"
    if m.no_detector:
        yield f"the cosine is not calibrated ({m.no_detector})"
    if m.crowded.count:
        yield (
            f"the ratio may miss copies of {m.crowded.count} of {m.crowded.trials} training images, which have another one"
            " very near"
        )
    if m.swapped:
        yield "which images were trained on: samples copy held-out images, so --train and --test are swapped or overlap"
    repeated = m.sets["samples"].repeated
    if repeated:
        yield f"what independent samples would show: {repeated} of {count} equal an earlier one, and count as new"
    yield "copies in part, shifted, mirrored or recoloured: both metrics compare whole images pixel by pixel"
    if m.distances is None:
        yield f"fidelity ({m.no_distances})"
        return
    if m.distances.split_is_fair <= LEVEL:
        yield (
            f"training and held-out images differ (p = {m.distances.split_is_fair:.2g}): floors and false positives are not"
            " what they would be for a random split, or --train and --samples are swapped"
        )
    blunt = [entry for entry in m.distances.calibrations if entry.confused]
    for entry in blunt:
        confused = " and ".join(right.value for _, right in entry.confused)
        yield f"at this number of images {entry.metric} does not tell fresh real images from {confused}"
    if not m.distances.calibrations:
        yield f"whether a distance means anything: calibrating it needs {2 * FEWEST} held-out images"
