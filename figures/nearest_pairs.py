"""The picture of ``quod measure memorization``: the samples nearest to training images, above what chance gives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from figures.style import save, style
from numerics.copies import RATIO
from numerics.neighbours import Array

if TYPE_CHECKING:
    from numerics.images import Images
    from verification.measure_memorization import Memorization

GAP = 0.12
"""Between two images, in units of their width."""


def draw_nearest_pairs(m: Memorization, paths: Sequence[Path]) -> None:
    """Draw the pairs of smallest ratio, of the samples and, below them, of held-out real images, for which it is chance.

    Parameters
    ----------
    m
        The measurement.
    paths
        Where to, ending in ``.pdf`` or ``.png``.
    """
    blocks = [
        ("sample", m.sets["samples"], m.nearest_pairs(m.near, m.cosine)),
        ("held-out", m.sets["test"], m.nearest_pairs(m.near_held_out, m.cosine_held_out)),
    ]
    columns = max(len(pairs) for _, _, pairs in blocks)
    _, _, height, width = m.sets["train"].values.shape
    with style() as pyplot:
        unit = 6.6 / (max(columns, 6) * (1 + GAP) + 0.6)
        figure, axes = pyplot.subplots(2, 1, figsize=(6.75, 2 * (2.5 + GAP) * unit * height / width + 0.4))
        for axis, (name, images, pairs) in zip(axes, blocks, strict=True):
            _draw(axis, name, images, m.sets["train"], pairs)
            axis.set_xlim(-0.5 - 0.6 * width, columns * (1 + GAP) * width)
        counts = f"{len(m.sets['samples'])} samples, above, and of {len(m.sets['test'])} held-out real images, below"
        figure.suptitle(f"smallest ratios d1/d2 (a copy: below 1/3, orange) of {counts}", fontsize=8)
        for path in paths:
            save(figure, path)


def _draw(axis: Any, name: str, images: Images, train: Images, pairs: list[dict[str, Any]]) -> None:
    _, _, height, width = train.values.shape
    for column, pair in enumerate(pairs):
        left = column * (1 + GAP) * width
        for row, (source, at) in enumerate(((images, pair["image"]), (train, pair["training_image"]))):
            top = row * (1 + GAP) * height
            axis.imshow(
                _shown(source, at), extent=(left, left + width, top + height, top), cmap="gray", vmin=0, vmax=1,
                interpolation="nearest",
            )  # fmt: skip
        cosine = "" if pair["cosine"] is None else f"\ncos {pair['cosine']:.3f}"
        colour = "C1" if pair["ratio"] < RATIO else "0.2"
        axis.text(left + width / 2, -0.06 * height, f"{pair['ratio']:.2f}{cosine}", ha="center", fontsize=6, color=colour)
    for row, text in enumerate((name, "nearest in\ntraining")):
        middle = row * (1 + GAP) * height + height / 2
        axis.text(-0.1 * width, middle, text, ha="right", va="center", fontsize=6.5, rotation=90)
    axis.set(ylim=((2 + GAP) * height, -0.5 * height), aspect="equal")
    axis.set_axis_off()


def _shown(images: Images, at: int) -> Array:
    shown = (np.moveaxis(images.values[at], 0, -1) + 1) / 2
    return np.asarray(shown[..., 0] if shown.shape[2] == 1 else shown)
