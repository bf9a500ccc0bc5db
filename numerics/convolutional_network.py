r"""A residual network of convolutions of one width, and its training by stochastic gradient descent, in torch.

A first convolution gives :math:`h_0`; then :math:`h_{k+1}=h_k+\frac1Lb_{2,k}(c_{2,k}(\sigma(b_{1,k}(c_{1,k}(h_k)))))` with
convolutions :math:`c` of 3 x 3 and batch normalizations :math:`b`; averages over squares and a linear layer give the logits.
The weights of all layers lie in one array, depth first, so that trained weights are a function of depth as they stand.

torch is imported inside the functions: nothing else here needs it. The file is long because the network, its start and its
training share the names of the parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from numerics.labelled_images import LabelledImages

Array: TypeAlias = NDArray[Any]
ACTIVATIONS = ("identity", "gelu", "relu")
STARTS, LAWS = ("tied", "iid"), ("uniform", "gaussian")
RUNNING = 0.1
"""Weight of the newest batch in the running means and variances."""
TESTED = 256
"""Images that are classified at once."""


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A residual network of convolutions.

    Parameters
    ----------
    depth
        Number of residual layers L.
    activation
        identity, gelu or relu.
    colours, side
        Of the square images.
    classes, channels
        Numbers of logits and of channels.
    kernel, stride, padding
        Of the first convolution.
    stem
        Whether the first convolution is followed by a normalization and ReLU.
    pool
        Side of the squares that are averaged before the last layer.
    residual_stride
        Stride of the convolutions of the residual layers: only 1 leaves something to be added.
    normalized
        Whether residual layers have batch normalizations.

    Raises
    ------
    ValueError
        If the sizes do not fit.
    """

    depth: int
    activation: str
    colours: int
    side: int
    classes: int = 10
    channels: int = 16
    kernel: int = 5
    stride: int = 3
    padding: int = 1
    stem: bool = True
    pool: int = 4
    residual_stride: int = 1
    normalized: bool = True

    def __post_init__(self) -> None:
        """Refuse sizes that do not fit."""
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation {self.activation!r}: allowed are {', '.join(ACTIVATIONS)}")
        if self.depth < 1:
            raise ValueError(f"depth {self.depth}: at least 1")
        if self.residual_stride != 1:
            raise ValueError(
                f"residual stride {self.residual_stride}: the layer would have fewer pixels than h and could not be added to it"
            )
        if self.inner < self.pool:
            raise ValueError(f"images of side {self.side}: {self.inner} pixels are left, fewer than the {self.pool} averaged")

    @property
    def inner(self) -> int:
        """Return the side of the states."""
        return (self.side + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def features(self) -> int:
        """Return how many numbers enter the last layer."""
        return self.channels * (self.inner // self.pool) ** 2


@dataclass(frozen=True, kw_only=True)
class Training:
    """Stochastic gradient descent on the cross-entropy.

    Parameters
    ----------
    epochs, batch
        Passes over the images, and images a step; the last step of a pass takes what is left.
    rate
        The first learning rate; it falls to 0 along half a cosine, once an epoch.
    momentum, decay
        Momentum and weight decay, of all parameters.
    crop, flip
        Images are moved by up to so many pixels each way, black beyond, and mirrored at random.
    layer_rate
        Factor of the slopes of the loss in the residual layers; weight decay is left as it is, so that the depth has a limit.
    """

    epochs: int
    batch: int = 64
    rate: float = 0.04
    momentum: float = 0.9
    decay: float = 5e-4
    crop: int = 4
    flip: bool = True
    layer_rate: float = 1.0

    def rate_of(self, epoch: int) -> float:
        """Return the learning rate of an epoch, from 0."""
        return self.rate * (1 + math.cos(math.pi * epoch / self.epochs)) / 2


@dataclass(frozen=True, kw_only=True)
class State:
    """A network in training.

    Parameters
    ----------
    parameters, momenta, running
        By name: parameters, their momenta (none before the first step), running means and variances of the normalizations.
    log
        For each epoch: mean loss and share of images right along the epoch, in training mode, and both on the test images.
    """

    parameters: dict[str, Array]
    momenta: dict[str, Array] = field(default_factory=dict)
    running: dict[str, Array]
    log: tuple[tuple[float, float, float, float], ...] = ()

    @property
    def diverged(self) -> bool:
        """Return whether a loss was not finite."""
        return not all(map(math.isfinite, self.log[-1])) if self.log else False


def initial_state(a: Architecture, start: str, law: str, seeds: np.random.SeedSequence) -> State:
    r"""Draw a network: weights and biases of variance :math:`1/3` over the fan-in, normalizations 1 and 0, a layer's last 0.

    Layers draw from children of the seeds, so that layer k does not depend on the depth; tied layers are all the first one.

    Parameters
    ----------
    a
        The network.
    start
        tied or iid.
    law
        uniform or gaussian.
    seeds
        The seeds.

    Returns
    -------
    State
        In single precision. Without normalizations the second convolution of each layer is 0.

    Raises
    ------
    ValueError
        If start or law is not among these.
    """
    for value, allowed in ((start, STARTS), (law, LAWS)):
        if value not in allowed:
            raise ValueError(f"{value!r}: allowed are {', '.join(allowed)}")
    first, last, layers = (np.random.SeedSequence(seeds.entropy, spawn_key=(*seeds.spawn_key, k)) for k in range(3))
    one, end = np.random.default_rng(first), np.random.default_rng(last)
    c = a.channels
    parameters = {
        "first.weight": _draw(one, law, (c, a.colours, a.kernel, a.kernel), a.colours * a.kernel**2),
        "last.weight": _draw(end, law, (a.classes, a.features), a.features),
        "last.bias": _draw(end, law, (a.classes,), a.features),
    }
    if a.stem:
        parameters |= {"first.scale": np.ones(c, np.float32), "first.shift": np.zeros(c, np.float32)}
    children = layers.spawn(a.depth)
    drawn = [_layer(np.random.default_rng(child), law, c) for child in (children if start == "iid" else children[:1])]
    for name in drawn[0]:
        values = np.stack([layer[name] for layer in drawn])
        parameters[name] = np.repeat(values, a.depth, axis=0) if start == "tied" else values
    for i in (1, 2) if a.normalized else ():
        parameters[f"norm{i}.scale"] = np.full((a.depth, c), 2 - i, np.float32)
        parameters[f"norm{i}.shift"] = np.zeros((a.depth, c), np.float32)
    if not a.normalized:
        parameters |= {name: np.zeros_like(parameters[name]) for name in ("conv2.weight", "conv2.bias")}
    names: dict[str, tuple[int, ...]] = {"first": (c,)} if a.stem else {}
    names |= {"norm1": (a.depth, c), "norm2": (a.depth, c)} if a.normalized else {}
    running = {f"{name}.mean": np.zeros(shape, np.float32) for name, shape in names.items()}
    running |= {f"{name}.variance": np.ones(shape, np.float32) for name, shape in names.items()}
    return State(parameters=parameters, running=running)


def _layer(rng: np.random.Generator, law: str, channels: int) -> dict[str, Array]:
    fan = 9 * channels
    return {
        f"conv{i}.{part}": _draw(rng, law, shape, fan)
        for i in (1, 2)
        for part, shape in (("weight", (channels, channels, 3, 3)), ("bias", (channels,)))
    }


def _draw(rng: np.random.Generator, law: str, shape: tuple[int, ...], fan: int) -> Array:
    bound = 1 / math.sqrt(fan)
    values = rng.uniform(-bound, bound, shape) if law == "uniform" else rng.normal(0, bound / math.sqrt(3), shape)
    return values.astype(np.float32)


def logits(a: Architecture, parameters: dict[str, Any], running: dict[str, Any], x: Any, training: bool) -> Any:
    """Return the logits of images.

    Parameters
    ----------
    a
        The network.
    parameters, running
        Tensors by name; running means and variances are brought forward in training.
    x
        Images, a tensor of shape ``(n, colours, side, side)``.
    training
        Whether normalizations take the statistics of the batch, or the running ones.

    Returns
    -------
    torch.Tensor
        Shape ``(n, classes)``.
    """
    from torch.nn import functional

    sigmas: dict[str, Callable[[Any], Any]] = {"gelu": functional.gelu, "relu": functional.relu, "identity": _same}
    sigma = sigmas[a.activation]

    def norm(h: Any, name: str, scale: Any, shift: Any, k: int | None = None) -> Any:
        mean, variance = (running[f"{name}.{part}"] for part in ("mean", "variance"))
        if k is not None:
            mean, variance = mean[k], variance[k]
        return functional.batch_norm(h, mean, variance, scale, shift, training, RUNNING)

    h = functional.conv2d(x, parameters["first.weight"], None, a.stride, a.padding)
    if a.stem:
        h = functional.relu(norm(h, "first", parameters["first.scale"], parameters["first.shift"]))
    names = [name for name in parameters if name.startswith(("conv", "norm"))]
    # The gradient of unbind is one stack; that of an index would be an array of all layers for each layer.
    for k, values in enumerate(zip(*(parameters[name].unbind() for name in names), strict=True)):
        layer, branch = dict(zip(names, values, strict=True)), h
        for i in (1, 2):
            branch = functional.conv2d(branch, layer[f"conv{i}.weight"], layer[f"conv{i}.bias"], padding=1)
            if a.normalized:
                branch = norm(branch, f"norm{i}", layer[f"norm{i}.scale"], layer[f"norm{i}.shift"], k)
            branch = sigma(branch) if i == 1 else branch
        h = h.add(branch, alpha=1 / a.depth)
    h = functional.avg_pool2d(h, a.pool).flatten(1)
    return functional.linear(h, parameters["last.weight"], parameters["last.bias"])


def _same(h: Any) -> Any:
    return h


def train(
    a: Architecture,
    training: Training,
    images: LabelledImages,
    state: State,
    seeds: np.random.SeedSequence,
    device: str = "cpu",
) -> Iterator[State]:
    """Train from a state on, and give the state after every epoch; it ends early where a loss is not finite.

    Every epoch has a child of the seeds of its own, so that a training that goes on from a state ends like one that was not
    interrupted: bit by bit on a processor, up to rounding on a graphics card.

    Parameters
    ----------
    a, training
        The network and how it is trained.
    images
        What it learns and is tested on.
    state
        Where to go on.
    seeds
        Seeds of the order of the images and of their shifts.
    device
        Where: cpu or cuda.

    Yields
    ------
    State
        After each epoch.
    """
    with _one_thread():
        run = _Run(a, training, images, state, device)
        while len(run.log) < training.epochs and not state.diverged:
            child = np.random.SeedSequence(seeds.entropy, spawn_key=(*seeds.spawn_key, len(run.log)))
            run.log.append((*run.epoch(np.random.default_rng(child)), *run.tested()))
            state = run.state()
            yield state


@contextmanager
def _one_thread() -> Generator[None, None, None]:
    """Leave the number of threads as found: sums of several threads have other last digits."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        # Single precision in full, and the same algorithm every time.
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            yield
    finally:
        torch.set_num_threads(before)


class _Run:
    """A training under way: its tensors on the device."""

    def __init__(self, a: Architecture, training: Training, images: LabelledImages, state: State, device: str) -> None:
        import torch

        self.a, self.training, self.images, self.device = a, training, images, device
        leaves = {name: torch.tensor(value, device=device, requires_grad=True) for name, value in state.parameters.items()}
        self.parameters: dict[str, Any] = leaves
        self.momenta: dict[str, Any] = {name: torch.tensor(value, device=device) for name, value in state.momenta.items()}
        self.running = {name: torch.tensor(value, device=device) for name, value in state.running.items()}
        self.log = list(state.log)

    def state(self) -> State:
        """Return what is needed to go on."""
        groups = {name: _copied(getattr(self, name)) for name in ("parameters", "momenta", "running")}
        return State(**groups, log=tuple(self.log))

    def epoch(self, rng: np.random.Generator) -> tuple[float, float]:
        """Make one pass over the images, and return mean loss and share right along it."""
        count, rate, batch = len(self.images.train), self.training.rate_of(len(self.log)), self.training.batch
        order, loss, right = rng.permutation(count), 0.0, 0.0
        for at in range(0, count, batch):
            chosen = order[at : at + batch]
            shown = moved(self.images.train[chosen], self.training.crop, self.training.flip, rng)
            own, hits = self._classify(shown, self.images.train_labels[chosen], training=True)
            self._step(own / len(chosen), rate)
            # Left where they are: fetching each from a graphics card would wait for it.
            loss, right = loss + own.detach().double(), right + hits
        return float(loss) / count, float(right) / count

    def tested(self) -> tuple[float, float]:
        """Return mean loss and share right of the test images."""
        import torch

        count, loss, right = len(self.images.test), 0.0, 0.0
        with torch.no_grad():
            for at in range(0, count, TESTED):
                part = slice(at, at + TESTED)
                own, hits = self._classify(self.images.test[part], self.images.test_labels[part], training=False)
                loss, right = loss + float(own), right + float(hits)
        return loss / count, right / count

    def _classify(self, images: NDArray[np.uint8], labels: NDArray[np.int64], *, training: bool) -> tuple[Any, Any]:
        """Return the sum of the losses of images, and how many are right."""
        import torch

        x = torch.from_numpy(self.images.normalized(images)).to(self.device)
        y = torch.from_numpy(labels).to(self.device)
        values = logits(self.a, self.parameters, self.running, x, training)
        return torch.nn.functional.cross_entropy(values, y, reduction="sum"), (values.detach().argmax(1) == y).sum()

    def _step(self, loss: Any, rate: float) -> None:
        """Make one step of gradient descent with momentum and weight decay, as torch.optim.SGD, whose import takes seconds."""
        import torch

        torch.autograd.backward(loss)
        with torch.no_grad():
            for name, p in self.parameters.items():
                factor = self.training.layer_rate if name.startswith(("conv", "norm")) else 1.0
                slope = (p.grad * factor).add_(p, alpha=self.training.decay)
                known = self.momenta.get(name)
                self.momenta[name] = slope if known is None else known.mul_(self.training.momentum).add_(slope)
                p.add_(self.momenta[name], alpha=-rate)
                p.grad = None


def _copied(tensors: dict[str, Any]) -> dict[str, Array]:
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in tensors.items()}


def moved(images: NDArray[np.uint8], crop: int, flip: bool, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Move each image by up to ``crop`` pixels each way, black beyond, and mirror it at random.

    Parameters
    ----------
    images
        Shape ``(n, height, width, colours)``.
    crop, flip
        How far, and whether to mirror.
    rng
        Source of shifts and mirrors.

    Returns
    -------
    numpy.ndarray
        The same shape.
    """
    count, height, width, _ = images.shape
    shifts, mirrored = rng.integers(0, 2 * crop + 1, (2, count, 1)), rng.random((count, 1)) < 0.5
    columns = np.arange(width)
    across = np.where(mirrored & flip, width - 1 - columns, columns) + shifts[1]
    padded = np.pad(images, ((0, 0), (crop, crop), (crop, crop), (0, 0)))
    rows = np.arange(height) + shifts[0]
    found: NDArray[np.uint8] = padded[np.arange(count)[:, None, None], rows[:, :, None], across[:, None, :]]
    return found
