r"""Table 1, Figures 3 and 4 of marion2024: the convolutional network, its readings, one training, and what the captions claim.

Section 5.2 trains :math:`h_{k+1}=h_k+\frac1L\mathrm{bn}_2(\mathrm{conv}_2(\sigma(\mathrm{bn}_1(\mathrm{conv}_1(h_k)))))` on
CIFAR-10 from weight-tied or i.i.d. layers, and tells smooth trained weights from others by eye. Here smooth has a meaning:
von Neumann's ratio of the layers is small among those of the same layers in other orders, and gaps grow with the stride like
those of a smooth function, not of a random walk.

The text leaves much open and the authors' code differs from it: :data:`DEVIATIONS` lists how. Taken is what is printed where
something is, and the code where the text is silent or cannot be carried out; :data:`CODE` is the code throughout.

The file is long because the settings, the training that they name, the published values and the claims stay together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from numerics.cifar10 import read_cifar10
from numerics.convolutional_network import Architecture, State, Training, initial_state, train
from numerics.labelled_images import LabelledImages, digits
from numerics.smoothness import Array, entry_ratios, smoothness
from theory.statement import InputError

SEED = 2309_01213
LEVEL, ORDERS, SMOOTH = 0.01, 999, 0.75
"""Chance below which a ratio counts as small, orders that are tried, and the exponent halfway from a random walk to a smooth
function."""
DECADE = math.sqrt(10)
"""A ratio above it is nearer to ten than to one, on a logarithmic scale."""
CELLS = tuple((activation, start) for activation in ("identity", "gelu", "relu") for start in ("tied", "iid"))
"""The rows of Table 1."""
WEIGHTS = {"conv1": "conv1.weight", "conv2": "conv2.weight", "bn2": "norm2.scale"}
"""What is measured of the trained layers: both convolutions, and the scales of the second normalization."""
CONVOLUTIONS = ("conv1", "conv2")


@dataclass(frozen=True, kw_only=True)
class Setting:
    r"""How the experiment is read; a field for everything in which text and code differ or the text is silent.

    Parameters
    ----------
    depth, epochs, rate, channels, kernel, padding
        As printed: L = 256, 180, 0.04 along a cosine, 16, 5 and 1.
    stride
        Of the first convolution: 2 printed, 3 in the code.
    pool
        Side of the squares that are averaged before B; silent, 4 in the code.
    residual_stride
        Of the residual layers: 2 printed, which leaves nothing to be added; 1 in the code.
    stem
        Whether a normalization and ReLU follow the first convolution; silent, they do in the code.
    law
        Of the weights at the start: gaussian printed, uniform in the code, torch's default, whose variance is taken for both.
    batch, momentum, decay, crop, flip
        Of the stochastic gradient descent; silent, from the code.
    depth_rate
        Whether slopes of the loss in the residual layers have the factor L, as in (4); they have not in text and code.
    normalized
        Whether there are batch normalizations.
    """

    depth: int = 256
    epochs: int = 180
    rate: float = 0.04
    channels: int = 16
    kernel: int = 5
    padding: int = 1
    stride: int = 2
    pool: int = 4
    residual_stride: int = 1
    stem: bool = True
    law: str = "gaussian"
    batch: int = 64
    momentum: float = 0.9
    decay: float = 5e-4
    crop: int = 4
    flip: bool = True
    depth_rate: bool = False
    normalized: bool = True


PAPER = Setting()
CODE = Setting(stride=3, law="uniform")
DIGITS = replace(PAPER, stride=1, pool=3, crop=1, flip=False, depth_rate=True)
"""For images of 8 x 8 pixels: stride 1 leaves 6 x 6, squares of 3 x 3 leave 2 x 2 numbers a channel, as the code has for
CIFAR-10; a shift by 1 pixel is the same share of the side, and mirrored digits are no digits. An epoch has 23 steps, not 782:
without the factor L of (4) the residual layers hardly move, and what is smooth at the start is smooth at the end."""
BASE = {"cifar10": PAPER, "digits": DIGITS}


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """Where the authors' code is not what the text says.

    Parameters
    ----------
    field
        The field of :class:`Setting`, empty where it is about what is shown.
    printed, code
        What each says.
    taken
        What is done here.
    """

    field: str
    printed: str
    code: str
    taken: str


DEVIATIONS = (
    Deviation(field="stride", printed="2", code="3: states of 10 x 10, not 15 x 15", taken="printed"),
    Deviation(
        field="residual_stride",
        printed="2",
        code="1",
        taken="code: with 2 the layer has fewer pixels than h, nothing can be added",
    ),
    Deviation(
        field="stem",
        printed="A is replaced by a convolution",
        code="normalization and ReLU after it, at every activation",
        taken="code: without, the network with the identity classifies linearly in the image",
    ),
    Deviation(
        field="law", printed="i.i.d. Gaussian", code="uniform, the default of torch", taken="printed; variance of the code"
    ),
    Deviation(field="pool", printed="nothing", code="averages over 4 x 4 before the linear layer", taken="code"),
    Deviation(field="batch", printed="nothing", code="64", taken="code"),
    Deviation(field="momentum", printed="stochastic gradient descent", code="momentum 0.9", taken="code"),
    Deviation(field="decay", printed="nothing", code="5e-4, of all parameters", taken="code"),
    Deviation(field="crop", printed="nothing", code="random crops after a margin of 4 pixels", taken="code"),
    Deviation(field="flip", printed="nothing", code="random mirror images", taken="code"),
    Deviation(
        field="depth_rate",
        printed="learning rate 0.04 for all, but a factor L in (4) and on synthetic data",
        code="0.04 for all",
        taken="both",
    ),
    Deviation(field="", printed="nothing", code="convolutions of the residual layers have biases", taken="code"),
    Deviation(
        field="",
        printed="accuracy of the trained network",
        code="training accuracy along the epoch, on moved images; the notebook prints the best epoch on the test images",
        taken="final epoch; the best test epoch is in the table too",
    ),
    Deviation(
        field="",
        printed="a random entry",
        code="the notebook draws a number below L: one of the first 256 of 2304 entries, the same for both, no seed",
        taken="an entry of each convolution, drawn from all by the seed",
    ),
    Deviation(
        field="",
        printed="Figure 4: no activation named",
        code="no code for Figure 4",
        taken="GELU, that of Figure 3, and all others",
    ),
    Deviation(field="", printed="interquartile range", code="no code for the table", taken="third minus first quartile"),
)


@dataclass(frozen=True, kw_only=True)
class Published:
    """A row of Table 1: accuracies in percent with their spreads, and the verdict by eye."""

    train: float
    train_spread: float
    test: float
    test_spread: float
    smooth: bool


TABLE_1 = {
    ("identity", "tied"): Published(train=56.5, train_spread=0.1, test=59.8, test_spread=0.7, smooth=True),
    ("identity", "iid"): Published(train=56.1, train_spread=0.3, test=59.6, test_spread=0.7, smooth=False),
    ("gelu", "tied"): Published(train=80.5, train_spread=0.7, test=79.9, test_spread=0.2, smooth=True),
    ("gelu", "iid"): Published(train=89.8, train_spread=0.5, test=85.7, test_spread=0.1, smooth=False),
    ("relu", "tied"): Published(train=97.4, train_spread=0.6, test=88.1, test_spread=0.1, smooth=False),
    ("relu", "iid"): Published(train=98.4, train_spread=0.1, test=88.4, test_spread=0.5, smooth=False),
}
FIGURE_4 = {("tied", "conv1"): 0.07, ("tied", "conv2"): 0.1, ("iid", "conv1"): 0.8, ("iid", "conv2"): 0.9}
"""Mean distances of successive layers, read off the published Figure 4 by eye."""


class Bookmark(Protocol):
    """Where a training keeps its state, so that it goes on after an interruption."""

    def load(self) -> tuple[dict[str, Array], Any] | None:
        """Return the arrays and plain values that were stored last."""

    def due(self) -> bool:
        """Return whether it is time to store."""

    def store(self, arrays: dict[str, Array], plain: Any, share: float) -> None:
        """Store the state, with the share of the work that is done."""


@lru_cache(maxsize=1)
def images_of(data: str, path: str | None, train: int | None, test: int | None) -> LabelledImages:
    """Return the images of a unit.

    Parameters
    ----------
    data
        digits or cifar10.
    path
        Of the archive of CIFAR-10.
    train, test
        How many to keep; None keeps all.

    Returns
    -------
    LabelledImages
        The images.

    Raises
    ------
    InputError
        If they cannot be read.
    """
    try:
        return (digits() if data == "digits" else read_cifar10(Path(path or ""))).first(train, test)
    except ValueError as error:
        raise InputError(str(error)) from None


def setting_of(unit: Mapping[str, Any]) -> Setting:
    """Return the setting of a unit: that of its data with the fields that the unit names."""
    known = {field.name for field in fields(Setting)}
    return replace(BASE[unit["data"]], **{name: value for name, value in unit.items() if name in known})


def network_of(setting: Setting, activation: str, images: LabelledImages) -> tuple[Architecture, Training]:
    """Return the network of a setting and how it is trained.

    Parameters
    ----------
    setting
        The setting.
    activation
        identity, gelu or relu.
    images
        What it is trained on.

    Returns
    -------
    tuple
        Network and training.
    """
    network = Architecture(
        depth=setting.depth,
        activation=activation,
        colours=images.train.shape[3],
        side=images.train.shape[1],
        classes=images.classes,
        channels=setting.channels,
        kernel=setting.kernel,
        stride=setting.stride,
        padding=setting.padding,
        stem=setting.stem,
        pool=setting.pool,
        residual_stride=setting.residual_stride,
        normalized=setting.normalized,
    )
    training = Training(
        epochs=setting.epochs,
        batch=setting.batch,
        rate=setting.rate,
        momentum=setting.momentum,
        decay=setting.decay,
        crop=setting.crop,
        flip=setting.flip,
        layer_rate=float(setting.depth) if setting.depth_rate else 1.0,
    )
    return network, training


def train_run(unit: dict[str, Any], bookmark: Bookmark | None = None) -> dict[str, Any]:
    """Train one network and measure its layers; the order of the images is the same for every activation and start.

    Parameters
    ----------
    unit
        ``data`` (digits or cifar10), ``activation``, ``start`` (tied or iid), ``seed``, fields of :class:`Setting` that differ
        from those of the data, optional ``train`` and ``test`` images, ``device``, ``digest`` and ``path`` of the archive.
    bookmark
        Where the state is kept.

    Returns
    -------
    dict
        ``log`` (loss and accuracy along each epoch, and on the test images), ``diverged``; else ``measured`` and ``entries``.

    Raises
    ------
    InputError
        If torch is not installed or the images cannot be read.
    """
    if find_spec("torch") is None:
        raise InputError("training needs torch, which the extra 'networks' installs")
    images = images_of(unit["data"], unit.get("path"), unit.get("train"), unit.get("test"))
    setting = setting_of(unit)
    network, training = network_of(setting, unit["activation"], images)
    at_start, order, drawn = (np.random.SeedSequence([SEED, unit["seed"]], spawn_key=(k,)) for k in range(3))
    first = initial_state(network, unit["start"], setting.law, at_start)
    state = last = _resumed(bookmark, first)
    for last in train(network, training, images, state, order, unit.get("device", "cpu")):
        if bookmark is not None and bookmark.due() and len(last.log) < setting.epochs:
            bookmark.store(*_flat(last), len(last.log) / setting.epochs)
    log = [[value if math.isfinite(value) else None for value in epoch] for epoch in last.log]
    if last.diverged or not all(np.all(np.isfinite(value)) for value in last.parameters.values()):
        return {"log": log, "diverged": True}
    return {"log": log, "diverged": False, **_measured(last, first, np.random.default_rng(drawn))}


def _flat(state: State) -> tuple[dict[str, Array], Any]:
    groups = ("parameters", "momenta", "running")
    return {f"{group}/{name}": value for group in groups for name, value in getattr(state, group).items()}, list(state.log)


def _resumed(bookmark: Bookmark | None, first: State) -> State:
    """Return the state that was stored, or the first one."""
    stored = bookmark.load() if bookmark is not None else None
    if stored is None:
        return first
    groups: dict[str, dict[str, Array]] = {"parameters": {}, "momenta": {}, "running": {}}
    for name, value in stored[0].items():
        group, _, own = name.partition("/")
        groups[group][own] = value
    log = tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in stored[1])
    return State(parameters=groups["parameters"], momenta=groups["momenta"], running=groups["running"], log=log)


def _measured(state: State, first: State, rng: np.random.Generator) -> dict[str, Any]:
    measured: dict[str, Any] = {}
    entries: dict[str, Any] = {}
    for name, key in WEIGHTS.items():
        if key not in state.parameters:
            continue
        layers = state.parameters[key]
        moved = smoothness(layers - first.parameters[key], orders=ORDERS, level=LEVEL)
        ratios = entry_ratios(layers)
        measured[name] = {
            **vars(smoothness(layers, orders=ORDERS, level=LEVEL)),
            "moved_ratio": moved.ratio,
            "moved": moved.norm,
            "median_entry_ratio": float(np.median(ratios)) if ratios.size else None,
        }
        if name in CONVOLUTIONS:
            flat = layers.reshape(len(layers), -1)
            at = int(rng.integers(flat.shape[1]))
            place = [int(index) for index in np.unravel_index(at, layers.shape[1:])]
            entries[name] = {"place": place, "values": [float(value) for value in flat[:, at]]}
    return {"measured": measured, "entries": entries}


def verdict(measured: Mapping[str, Any]) -> str:
    """Return what the layers of one array are.

    Parameters
    ----------
    measured
        ``ratio``, ``p_value`` and ``exponent``.

    Returns
    -------
    str
        constant; rough: no smoother than other orders; smooth; or between: smoother than other orders, but its gaps do not
        grow with the stride like those of a smooth function.
    """
    if measured["ratio"] is None:
        return "constant"
    if measured["p_value"] > LEVEL:
        return "rough"
    return "smooth" if measured["exponent"] > SMOOTH else "between"


def is_smooth(result: Mapping[str, Any]) -> bool:
    """Return whether both convolutions of a trained network are smooth in depth; layers that are left equal are not."""
    return all(verdict(result["measured"][name]) == "smooth" for name in CONVOLUTIONS)


def share_smooth(results: Sequence[Mapping[str, Any]]) -> float:
    """Return the share of trained networks that are smooth, NaN if there is none."""
    return sum(map(is_smooth, results)) / len(results) if results else math.nan


def accuracies(results: Sequence[Mapping[str, Any]], which: str) -> Array:
    """Return accuracies in percent.

    Parameters
    ----------
    results
        Trained networks.
    which
        train, along the final epoch; test, after it; best, of all epochs on the test images.

    Returns
    -------
    numpy.ndarray
        One a network.
    """
    if which == "best":
        return np.array([100 * max(epoch[3] for epoch in result["log"]) for result in results])
    return np.array([100 * result["log"][-1][1 if which == "train" else 3] for result in results])


def median_and_range(values: Array) -> tuple[float, float]:
    """Return the median and the range from the first to the third quartile, NaN of nothing."""
    if not len(values):
        return math.nan, math.nan
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    return float(middle), float(high - low)


def gains_without_smoothness(medians: Mapping[tuple[str, str], float]) -> dict[str, float]:
    """Return how much each network that the table calls not smooth is better than smooth GELU, identities left out.

    Parameters
    ----------
    medians
        Accuracy of each row of the table.

    Returns
    -------
    dict
        Claimed to be above 0, all.
    """
    others = (("gelu", "iid"), ("relu", "tied"), ("relu", "iid"))
    return {f"{activation} {start}": medians[activation, start] - medians["gelu", "tied"] for activation, start in others}


def gains_by_activation(medians: Mapping[tuple[str, str], float]) -> dict[str, float]:
    """Return how much ReLU gains over GELU and GELU over the identity, from each start; above 0 in the table, all."""
    pairs = (("gelu", "relu"), ("identity", "gelu"))
    return {
        f"{better} over {worse}, {start}": medians[better, start] - medians[worse, start]
        for worse, better in pairs
        for start in ("tied", "iid")
    }


def mean_gaps(results: Sequence[Mapping[str, Any]], name: str, *, relative: bool = False) -> Array:
    """Return the mean distance of successive layers in each trained network, in units of their norm if ``relative``.

    Parameters
    ----------
    results
        Trained networks.
    name
        conv1 or conv2.
    relative
        Whether to divide by the root mean square of the norms: with normalizations the scale of a convolution means nothing.

    Returns
    -------
    numpy.ndarray
        One a network.
    """
    records = [result["measured"][name] for result in results]
    return np.array([record["mean_gap"] / (record["norm"] if relative else 1.0) for record in records])


def gap_factor(
    tied: Sequence[Mapping[str, Any]], iid: Sequence[Mapping[str, Any]], name: str, *, relative: bool = False
) -> float:
    """Return how many times larger the mean gap is from i.i.d. than from tied layers, of means over networks.

    Parameters
    ----------
    tied, iid
        Trained networks from each start.
    name
        conv1 or conv2.
    relative
        As in :func:`mean_gaps`.

    Returns
    -------
    float
        Claimed to be about ten; NaN if there is no network of a kind.
    """
    if not tied or not iid:
        return math.nan
    return float(mean_gaps(iid, name, relative=relative).mean() / mean_gaps(tied, name, relative=relative).mean())
