r"""Training of many perceptrons of one shape at once, each as if it were alone: batched products, fused Adam, averaged weights.

Run r takes steps of Adam on the loss of :mod:`numerics.rectified_flow` over a batch drawn with replacement from its own data,
with its own rate; the average of its weights follows :math:`\bar\theta\leftarrow a\bar\theta+(1-a)\theta`, from the start.
Indices, times and noises come from generators of the run alone: on one processor, neither the company of a run nor the length
of the blocks in which batches are drawn changes a byte of it. Runs of different batch sizes are trained in different stacks.

The gradient of perceptrons is written out in :mod:`numerics.stacked_perceptron`; that of other networks is left to torch.

The file is long because what a run draws, how it moves and what is kept of it must agree to the byte.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.loss_curvature import MissingTorchError
from numerics.rectified_flow import Floats, Labels
from numerics.stacked_perceptron import Gradient, Perceptron
from numerics.velocity_networks import Network

BLOCK = 32
"""Steps whose batches are drawn at once; the numbers do not depend on it."""
ALIGNED = 16
"""Batches have room for a multiple of this many points."""
STREAMS = 4
"""Sources of a run: of its start, its indices, its times and its noises."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run trains on, and how.

    Parameters
    ----------
    data
        Its points, shape ``(N, d)``.
    labels
        Their classes, shape ``(N,)``; None where the network takes none.
    rate, batch
        Learning rate and batch size.
    seed
        Of its start and its batches. It is not spawned from, so that it can be used again.
    """

    data: Floats
    labels: Labels | None
    rate: float
    batch: int
    seed: int

    def __post_init__(self) -> None:
        """Refuse a run without data, or without steps."""
        if self.data.ndim != 2 or not self.data.size or not np.all(np.isfinite(self.data)):
            raise ValueError(f"data of shape {self.data.shape}: rows of finite numbers are needed, at least one")
        if not (self.rate > 0 and np.isfinite(self.rate)):
            raise ValueError(f"rate = {self.rate}: a positive number is needed")
        if self.batch < 1:
            raise ValueError(f"batch = {self.batch}: at least 1 is needed")

    def sources(self) -> list[np.random.Generator]:
        """Return fresh generators of the start, the indices, the times and the noises."""
        return [np.random.default_rng(child) for child in np.random.SeedSequence(self.seed).spawn(STREAMS)]


def geometric_grid(first: int, last: int, count: int) -> list[int]:
    """Return increasing numbers of steps, rounded from equal ratios; fewer than ``count`` where rounding makes them equal.

    Parameters
    ----------
    first, last
        The ends, both kept.
    count
        How many, before equal ones are dropped.

    Returns
    -------
    list of int
        From ``first`` to ``last``.

    Raises
    ------
    ValueError
        If the ends are not in order or there are fewer than two.
    """
    if not 0 < first < last or count < 2:
        raise ValueError(f"first = {first}, last = {last}, count = {count}: 0 < first < last and count >= 2 are needed")
    return sorted({round(first * (last / first) ** (k / (count - 1))) for k in range(count)})


@contextmanager
def one_thread() -> Generator[None, None, None]:
    """Let torch use one thread: short products gain nothing from more, and their number must not change the digits."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Stack:
    """Runs of one shape and one batch size, trained at once.

    Parameters
    ----------
    shape
        Of every network.
    runs
        The runs.
    average
        The factor a of the averaged weights.
    precision
        ``"float32"`` or ``"float64"``.
    device
        Where torch computes.

    Raises
    ------
    ValueError
        If there is no run, batch sizes differ, data do not fit the shape or the factor is outside [0, 1).
    MissingTorchError
        If torch is not installed.
    """

    def __init__(
        self, shape: Network, runs: Sequence[Run], *, average: float, precision: str = "float32", device: str = "cpu"
    ) -> None:
        _check(shape, runs, average)
        try:
            import torch  # slow to import, and not installed everywhere
        except ModuleNotFoundError as error:
            raise MissingTorchError("training networks needs torch: pip install 'quod[networks]'") from error
        self.shape, self.runs, self.average, self.step = shape, tuple(runs), average, 0
        self._kind, self._device = np.dtype(precision), device
        starts, *sources = zip(*(run.sources() for run in runs), strict=True)
        self._sources = list(zip(*sources, strict=True))
        self._data = [run.data.astype(self._kind) for run in runs]
        rows = np.stack([shape.initial(rng) for rng in starts]).astype(self._kind)
        self.rows = torch.from_numpy(rows).clone().to(device)
        self.averages = self.rows.clone()
        self._moments = torch.zeros((2, *rows.shape), dtype=self.rows.dtype, device=device)
        self._gradients = torch.zeros_like(self.rows)
        self._inputs = [self._batches(BLOCK, length) for length in (shape.pixels, shape.embedded, shape.pixels)]
        self._perceptron = Gradient(shape, self.rows, self._gradients, self._batches) if isinstance(shape, Perceptron) else None
        self._groups = self._by_rate()

    def _by_rate(self) -> list[tuple[float, tuple[list[Any], ...]]]:
        """Return each rate with the rows, gradients, moments and counts of steps of its runs: what one call of Adam takes."""
        from torch import tensor

        found = []
        for rate in dict.fromkeys(run.rate for run in self.runs):
            rows = [r for r, run in enumerate(self.runs) if run.rate == rate]
            arrays = (self.rows, self._gradients, self._moments[0], self._moments[1])
            counts = [tensor(float(self.step), device=self._device) for _ in rows]
            found.append((rate, (*([array[r] for r in rows] for array in arrays), counts)))
        return found

    def _move(self) -> None:
        """Take the library's step of Adam. Its class would do the same, after seconds of imports."""
        from torch.optim.adam import adam

        for rate, (rows, gradients, first, second, counts) in self._groups:
            adam(
                rows,
                gradients,
                first,
                second,
                max_exp_avg_sqs=[],
                state_steps=counts,
                fused=True,
                amsgrad=False,
                beta1=0.9,
                beta2=0.999,
                lr=rate,
                weight_decay=0.0,
                eps=1e-8,
                maximize=False,
            )

    def _batches(self, steps: int, length: int) -> Any:
        """Return a tensor of shape ``(steps, R, B, length)`` whose batches start at multiples of 64 bytes."""
        import torch

        # The last digits of a product depend on where its factors start in memory.
        size = self.runs[0].batch
        room = -(-size // ALIGNED) * ALIGNED
        return torch.zeros((steps, len(self.runs), room, length), dtype=self.rows.dtype)[:, :, :size]

    def advance(self, steps: int) -> None:
        """Take steps; a run that diverges fills with NaN and leaves the others as they are.

        Parameters
        ----------
        steps
            How many.
        """
        import torch

        with torch.no_grad(), one_thread():
            for done in range(0, steps, BLOCK):
                count = min(BLOCK, steps - done)
                self._draw(count)
                for x, e, aim in zip(*(inputs[:count].to(self._device) for inputs in self._inputs), strict=True):
                    self._differentiate(x, e, aim)
                    self._move()
                    self.averages.lerp_(self.rows, 1 - self.average)
        self.step += steps

    def _draw(self, steps: int) -> None:
        """Fill in points, embeddings and targets of the next steps."""
        points, embedded, aims = (inputs[:steps].numpy() for inputs in self._inputs)
        size, kind = self.runs[0].batch, self._kind.type
        for r, (run, (choices, clock, noises)) in enumerate(zip(self.runs, self._sources, strict=True)):
            chosen = choices.integers(0, len(run.data), (steps, size))
            t = clock.random((steps, size), dtype=kind)
            noise = noises.standard_normal((steps, size, self.shape.pixels), dtype=kind)
            start = self._data[r][chosen]
            np.subtract(noise, start, out=aims[:, r])
            np.add(start, t[..., None] * aims[:, r], out=points[:, r])
            embedded[:, r] = self.shape.embed(t, None if run.labels is None else run.labels[chosen])

    def _differentiate(self, x: Any, e: Any, aim: Any) -> None:
        """Write the gradient of the loss of each run into its row."""
        import torch

        if self._perceptron is not None:
            self._perceptron.write(x, e, aim)
            return
        with torch.enable_grad():
            rows = self.rows.detach().requires_grad_()
            losses = (self.shape.forward(rows, x, e) - aim).square().mean(dim=(1, 2))
            self._gradients.copy_(torch.autograd.grad(losses.sum(), rows)[0])

    def state(self) -> dict[str, Any]:
        """Return all that the next steps depend on: numpy arrays, and JSON values for the generators and the step."""
        return {
            "step": self.step,
            "rows": self.rows.cpu().numpy().copy(),
            "averages": self.averages.cpu().numpy().copy(),
            "moments": self._moments.cpu().numpy().copy(),
            "sources": [[rng.bit_generator.state for rng in sources] for sources in self._sources],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where :meth:`state` was taken: the same bytes follow as without the interruption.

        Parameters
        ----------
        state
            The state of a stack of the same runs.

        Raises
        ------
        ValueError
            If it is of other runs or of another shape.
        """
        from torch import from_numpy

        if state["rows"].shape != tuple(self.rows.shape) or state["rows"].dtype != self._kind:
            raise ValueError(f"a state of rows {state['rows'].shape} does not fit a stack of rows {tuple(self.rows.shape)}")
        self.step = int(state["step"])
        for into, name in ((self.rows, "rows"), (self.averages, "averages"), (self._moments, "moments")):
            into.copy_(from_numpy(state[name]))
        for sources, states in zip(self._sources, state["sources"], strict=True):
            for rng, kept in zip(sources, states, strict=True):
                rng.bit_generator.state = kept
        self._groups = self._by_rate()


def _check(shape: Network, runs: Sequence[Run], average: float) -> None:
    if not runs:
        raise ValueError("a stack needs at least one run")
    sizes = sorted({run.batch for run in runs})
    if len(sizes) > 1:
        raise ValueError(f"batch sizes {sizes} differ: a stack takes runs of one batch size")
    if not 0 <= average < 1:
        raise ValueError(f"average = {average}: a factor in [0, 1) is needed")
    for run in runs:
        if run.data.shape[1] != shape.pixels:
            raise ValueError(f"points of {run.data.shape[1]} numbers do not fit a network of {shape.pixels} pixels")
        if (run.labels is None) != (shape.classes == 0):
            raise ValueError(f"the network has {shape.classes} classes, and labels are {'not ' * (run.labels is None)}given")
