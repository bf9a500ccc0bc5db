"""The trained networks that Table 1 and Figures 3 and 4 of marion2024 share: run once, stored, drawn three times."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from figures.registry import Options
from figures.work import Work
from numerics.cifar10 import digest_of
from numerics.convolutional_network import Architecture, Training
from numerics.labelled_images import SPLIT
from theory.marion2024.convolutional import (
    BASE,
    CELLS,
    DEVIATIONS,
    LEVEL,
    ORDERS,
    SEED,
    SMOOTH,
    Setting,
    images_of,
    network_of,
    setting_of,
    train_run,
)
from theory.statement import InputError

TAKES = ("cifar10", "device")
SIZES: dict[str, dict[str, Any]] = {
    "quick": {"depth": 16, "epochs": 12, "seeds": 1, "cifar10": (1500, 500)},
    "paper": {"depth": 256, "epochs": 180, "seeds": 5, "cifar10": (None, None)},
}
"""Depth, epochs and trainings from each start; training and test images where CIFAR-10 is given, None for all."""
NAMES = {"identity": "identity", "gelu": "GELU", "relu": "ReLU", "tied": "weight-tied", "iid": "i.i.d."}
COLOURS = {"conv1": "#009E73", "conv2": "#7B5EA7"}
Cell = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Found:
    """The trained networks.

    Parameters
    ----------
    results
        Activation and start to the networks that did not diverge.
    diverged
        How many did.
    settings
        What they were trained with.
    seeds
        Where the randomness comes from.
    words
        What they are, for the reader of the figure.
    published
        Whether data and scale are those of the paper: else a claim may be supported, not refuted.
    """

    results: dict[Cell, list[dict[str, Any]]]
    diverged: int
    settings: dict[str, Any]
    seeds: dict[str, Any]
    words: str
    published: bool


def units(scale: str, options: Options, cells: tuple[Cell, ...], runs: int | None = None) -> list[dict[str, Any]]:
    """Return the trainings, those of the first seed first.

    Parameters
    ----------
    scale
        quick or paper.
    options
        The archive of CIFAR-10 and the device.
    cells
        Activations and starts.
    runs
        How many seeds, by default as many as the scale has.

    Returns
    -------
    list of dict
        One a training; the archive stands there by what it holds, not by where it lies.

    Raises
    ------
    InputError
        If the archive cannot be read.
    """
    size = SIZES[scale]
    common: dict[str, Any] = {"data": "digits", "depth": size["depth"], "epochs": size["epochs"], "device": options.device}
    if options.cifar10 is not None:
        train, test = size["cifar10"]
        try:
            common |= {"data": "cifar10", "digest": digest_of(Path(options.cifar10)), "train": train, "test": test}
        except ValueError as error:
            raise InputError(f"--cifar10 {error}") from None
    return [
        {**common, "activation": activation, "start": start, "seed": seed}
        for seed in range(size["seeds"] if runs is None else runs)
        for activation, start in cells
    ]


def gather(scale: str, work: Work, options: Options, cells: tuple[Cell, ...] = CELLS, runs: int | None = None) -> Found:
    """Train the networks, or find them stored.

    Parameters
    ----------
    scale
        quick or paper.
    work
        Where they are trained and stored.
    options
        The archive of CIFAR-10 and the device.
    cells
        Activations and starts.
    runs
        How many seeds, by default as many as the scale has.

    Returns
    -------
    Found
        The trained networks.
    """
    asked = units(scale, options, cells, runs)
    # Bad images are refused before the first training.
    images = images_of(asked[0]["data"], options.cifar10, asked[0].get("train"), asked[0].get("test"))
    found = work.gather("trainings", train_run, asked, beside={"path": options.cifar10}, bookmarks=_name)
    results: dict[Cell, list[dict[str, Any]]] = {cell: [] for cell in cells}
    for unit, result in zip(asked, found, strict=True):
        if not result["diverged"]:
            results[unit["activation"], unit["start"]].append(result)
    setting, seeds = setting_of(asked[0]), sorted({unit["seed"] for unit in asked})
    settings = {
        "data": images.name,
        "images": {"training": len(images.train), "test": len(images.test), "side": images.train.shape[1]},
        "digest of the archive": asked[0].get("digest"),
        "device": options.device,
        **asdict(setting),
        "network": _sizes(*network_of(setting, "gelu", images)),
        "trainings from each start": len(seeds),
        "the text and the authors' code": [asdict(deviation) for deviation in DEVIATIONS],
        "differs from the paper's setting": _changes(setting, asked[0]["data"]),
        "smoothness": {"orders": ORDERS, "level": LEVEL, "smallest exponent": SMOOTH},
        "diverged": sum(result["diverged"] for result in found),
        "reduced": not (scale == "paper" and asked[0]["data"] == "cifar10"),
    }
    return Found(
        results=results,
        diverged=settings["diverged"],
        settings=settings,
        seeds={"trainings": [[SEED, seed] for seed in seeds], "orders of layers": 0, "split of the digits": SPLIT},
        words=_words(settings, setting),
        published=not settings["reduced"],
    )


def _name(unit: dict[str, Any]) -> str:
    return f"{NAMES[unit['activation']]}, {NAMES[unit['start']]}, seed {unit['seed']}"


def _sizes(network: Architecture, training: Training) -> dict[str, Any]:
    return {
        "states": f"{network.channels} x {network.inner} x {network.inner}",
        "features": network.features,
        "factor of the residual layers": training.layer_rate,
    }


def _changes(setting: Setting, data: str) -> dict[str, Any]:
    """Return the fields that are not those of the paper's setting, which has other images."""
    paper, own = asdict(BASE["cifar10"]), asdict(setting)
    changes: dict[str, Any] = {name: {"paper": paper[name], "here": own[name]} for name in own if own[name] != paper[name]}
    return changes if data == "cifar10" else {"images": {"paper": "CIFAR-10", "here": "digits of 8 x 8 pixels"}, **changes}


def _words(settings: dict[str, Any], setting: Setting) -> str:
    count = settings["trainings from each start"]
    words = (
        f"{settings['data']}, {settings['images']['training']} training images; L = {setting.depth}, {setting.epochs} epochs, "
        f"{count} seed{'s' if count > 1 else ''}"
    )
    if setting.depth_rate:
        words += ", residual layers with the factor L of (4)"
    if settings["diverged"]:
        words += f"; {settings['diverged']} trainings diverged"
    return f"reduced: {words}\n(the paper: CIFAR-10, L = 256, 180 epochs, 5 seeds)" if settings["reduced"] else words
