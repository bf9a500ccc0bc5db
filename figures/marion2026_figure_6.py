r"""Figure ``marion2026.figure-6``: samples from the same noise before and after memorization, and with more training points.

The published figure has the network before and after :math:`\tau_{mem}` at the default and before it at the largest N. Here
"before" is the checkpoint with the smallest sliced Wasserstein distance to the test images before :math:`\tau_{mem}`, and
"after" the last one. Beyond the published figure: the nearest training image of each memorizing sample, and frames around the
samples that are copies by the ratio of distances.

The pictures are those of the first repetition; the checks are on all of them. The file is a little long because a figure keeps
what it chooses, checks and draws in one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from figures.marion2026_checks import instruments, seen_in
from figures.marion2026_curves import SHORT, Sweep, caption, gather, settings
from figures.registry import Check, Drawing
from figures.work import Work
from numerics.copies import RATIO, NearestCopies, nearest_copies
from numerics.images import Images, generated_images
from numerics.neighbours import Array
from numerics.packing import unpacked
from theory.marion2026 import experiments
from theory.marion2026.claiming import DEFAULT_RUN
from theory.marion2026.readings import Run, column, time_of
from theory.study import Reading, Unit

COPY = "#D55E00"
FEW, MOST = 0.05, 0.5
"""The largest copy rate of a generalizing network, and the least of a memorizing one."""
COLUMNS = ("data", "panel", "points", "step", "picture", "nearest", "distance", "second distance", "ratio", "copy")


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Samples of the first repetition at a checkpoint.

    Parameters
    ----------
    says
        What stands above them.
    points, step
        Of the run and the checkpoint.
    pictures
        The samples.
    train
        The training images.
    near
        The nearest of them.
    """

    says: str
    points: int
    step: int
    pictures: Images
    train: Images
    near: NearestCopies


def best_before(run: Run) -> int | None:
    r"""Return the number of the checkpoint nearest to the test images before :math:`\tau_{mem}`; None if there is none."""
    start, steps, distances = time_of(run), column(run, "step"), column(run, "sliced_test")
    before = np.isfinite(distances) & (steps < (np.inf if start is None else start))
    return int(np.argmin(np.where(before, distances, np.inf))) if before.any() else None


def training_images(unit: Unit, run: Run) -> Images:
    """Return the training images of a first repetition.

    Parameters
    ----------
    unit
        Its configuration.
    run
        Its result.

    Returns
    -------
    Images
        The images.

    Raises
    ------
    AssertionError
        If their distance from the test images is not the one in the result.
    """
    pool, test = experiments.images(run["data"])
    order = np.random.default_rng(experiments.SEED).permutation(len(pool))
    train = pool.take(order[: unit["points"]], "training images")
    floor = experiments.Reference(train, test, pool).floor
    if abs(floor - run["floor"]["sliced"]) > 1e-9 * floor:
        raise AssertionError(f"other training images: their distance to the test images is {floor}, not {run['floor']}")
    return train


def grid(unit: Unit, run: Run, at: int, says: str) -> Grid:
    """Return the samples of a first repetition at a checkpoint, with their nearest training images."""
    train, entry = training_images(unit, run), run["checkpoints"][at]
    rows = unpacked(entry["pictures"]).astype(np.float64)
    pictures = generated_images(rows.reshape(-1, *train.values.shape[1:]), "samples")
    near = nearest_copies(train=train, judged=pictures)
    return Grid(says=says, points=unit["points"], step=entry["step"], pictures=pictures, train=train, near=near)


def grids(sweep: Sweep, data: str) -> list[Grid]:
    """Return the samples of the three panels: default before and after, largest N before."""
    groups = sweep.of(data)
    default, largest = groups[DEFAULT_RUN][0], groups[-1][0]
    return [
        # A run that memorizes from the start has only its first checkpoint to show.
        grid(sweep.units[DEFAULT_RUN], default, best_before(default) or 0, "a   generalizing"),
        grid(sweep.units[DEFAULT_RUN], default, _last(default), "b   memorizing"),
        grid(sweep.units[-1], largest, best_before(largest) or 0, "c   generalizing"),
    ]


def _last(run: Run) -> int:
    return int(np.flatnonzero(np.isfinite(column(run, "test")))[-1])


def rows(found: Sequence[Grid], data: str, pixels: int) -> list[tuple[Any, ...]]:
    """Return a row a picture: its nearest training image, distances, and the pixels of both."""
    table = []
    for part in found:
        for k, picture in enumerate(part.pictures.rows):
            near = part.near
            head = (data, part.says.split()[0], part.points, part.step, k, int(near.index[k]))
            numbers = (float(near.distance[k]), float(near.second[k]), float(near.ratio[k]), bool(near.copied[k]))
            own = [picture.tolist(), part.train.rows[near.index[k]].tolist()]
            table.append((*head, *numbers, *(v for values in own for v in [*values, *([None] * (pixels - len(values)))])))
    return table


def _at_best(run: Run, name: str) -> float | None:
    at = best_before(run)
    return None if at is None else float(run["checkpoints"][at][name])


def _more(runs: Sequence[Run], name: str) -> float | None:
    many, few = _at_best(runs[-1], name), _at_best(runs[DEFAULT_RUN], name)
    return None if many is None or few is None else many - few


def _novel(runs: Sequence[Run]) -> float | None:
    found = _at_best(runs[DEFAULT_RUN], "copies")
    return None if found is None else FEW - found


def _memorized(name: str) -> Reading:
    def of(runs: Sequence[Run]) -> float:
        run = runs[DEFAULT_RUN]
        return float(column(run, name)[_last(run)]) - MOST

    return Reading(says=f"copy rate less {MOST:g}", of=of)


def checks(sweep: Sweep) -> tuple[Check, ...]:
    """Check the sentences of the caption on all repetitions."""
    asked = {
        f"(a) before tau_mem at most {FEW:.0%} are copies": [Reading(says=f"{FEW:g} less the copy rate", of=_novel)],
        f"(b) at the end more than {MOST:.0%} are near-copies, by ratio": [_memorized("copies")],
        f"(b) at the end more than {MOST:.0%} are near-copies, by cosine": [_memorized("cosine")],
        "(c) with the largest N samples have higher quality than in (a)": [
            Reading(says="precision against test images, more than in (a)", of=lambda runs: _more(runs, "precision"))
        ],
        "(c) with the largest N samples are more diverse than in (a)": [
            Reading(says="recall of test images, more than in (a)", of=lambda runs: _more(runs, "recall"))
        ],
    }
    return tuple(seen_in(says, readings, sweep.repetitions()) for says, readings in asked.items())


def compute(scale: str, work: Work) -> Drawing:
    """Compute the numbers of the figure at a scale."""
    sweep = gather("points", scale, work)
    found = {data: grids(sweep, data) for data in sweep.data}
    pixels = max(part.pictures.rows.shape[1] for parts in found.values() for part in parts)
    names = [f"{whose} {k}" for whose in ("pixel", "nearest's pixel") for k in range(pixels)]
    return Drawing(
        columns=(*COLUMNS, *names),
        rows=[row for data, parts in found.items() for row in rows(parts, data, pixels)],
        settings=settings(sweep, scale)
        | {
            "pictures": f"the first {experiments.PICTURED} samples of the first repetition, one noise and the same classes",
            "before": "the checkpoint with the smallest sliced Wasserstein distance to the test images before tau_mem",
            "copy": f"distance to the nearest training image below {RATIO:.3g} of that to the second",
        },
        checks=(*checks(sweep), *instruments(sweep)),
        draw=lambda pyplot: draw(pyplot, found, sweep, scale),
    )


def draw(pyplot: Any, found: dict[str, list[Grid]], sweep: Sweep, scale: str) -> Any:
    """Draw the samples of each panel, and under those that memorize their nearest training images."""
    figure = pyplot.figure(figsize=(7.6, 2.2 * len(found) + 0.3))
    panels = figure.subplots(len(found), 4, squeeze=False)
    for line, (data, parts) in zip(panels, found.items(), strict=True):
        a, b, c = parts
        for axes, part in ((line[0], a), (line[1], b), (line[3], c)):
            copied = part.near.copied
            title = f"{part.says}: N = {part.points},\nstep {part.step}, {copied.sum()} of {len(copied)} are copies"
            _tiles(axes, part.pictures.values, copied, title)
        _tiles(line[2], b.train.values[b.near.index], b.near.copied, "nearest training images\nof b")
        line[0].set_ylabel(SHORT[data], fontsize=6.5)
    figure.supxlabel(caption(sweep, scale, "Frames: copies."), fontsize=6.8, color="0.35")
    return figure


def _tiles(axes: Any, values: Array, framed: Array, title: str) -> None:
    """Draw pictures in a square, ink dark, with frames around some."""
    from matplotlib.patches import Rectangle

    side, (height, width) = int(np.ceil(len(values) ** 0.5)), values.shape[2:]
    canvas = np.full((side * (height + 2), side * (width + 2)), -1.0)
    for k, value in enumerate(values):
        top, left = (height + 2) * (k // side) + 1, (width + 2) * (k % side) + 1
        canvas[top : top + height, left : left + width] = value.mean(axis=0)
        if framed[k]:
            place = (left - 1, top - 1)
            axes.add_patch(Rectangle(place, width + 1, height + 1, fill=False, ec=COPY, lw=0.9))
    axes.imshow(canvas, cmap="gray_r", vmin=-1, vmax=1, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_title(title, fontsize=7)
