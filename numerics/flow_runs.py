r"""One unit of work: a batch of training runs of rectified flow, read at checkpoints, from JSON values to JSON values.

A unit is a dictionary with

* ``network``: ``"perceptron"`` or ``"u-net"``, and ``shape``: the arguments of
  :class:`numerics.stacked_perceptron.Perceptron` or :class:`numerics.unet.UNet`;
* ``train``, ``test``: points, packed, shape ``(., d)``; ``train_labels``, ``test_labels``: classes, packed, or None;
* ``runs``: dictionaries with ``points`` (the number N of training points), ``subset`` (a seed: the first N of the training
  points in its order; None: of the order given), ``seed`` (of start and batches), ``rate`` and ``batch``;
* ``average`` (the factor of the averaged weights), ``precision``, ``device``, ``checkpoints`` (increasing steps);
* ``raw`` (optional): whether losses of the weights themselves are read too, and not of their averages only;
* ``draws`` and ``draws_seed``: losses are means over so many fixed draws, those of test points the same for all runs;
* ``samples``, ``sampling_steps``, ``method``, ``sampling_seed``: samples of the averaged weights, from the same noise
  everywhere, with classes in the proportions of the training points.

The result is one dictionary a run: ``parameters``, ``indices`` (of its training points), ``labels`` (of its samples), what the
exact velocities leave (``least`` and ``gaussian_train``: of its own training points on the train draws; ``gaussian_test``: on
the test draws, by the Gaussian fitted to all of ``train``, since off the span of few points that loss is infinite) and
``checkpoints``: for each ``step`` the losses ``train``, ``test``, ``train_average``, ``test_average`` and the packed
``samples``. A loss is a dictionary of its ``mean``, its standard ``error`` as if the times were independent, which is too
large if anything, and the means ``by_time`` over tenths of (0, 1); it is None where the run has diverged. Runs of different
batch sizes are trained in different stacks.

The file is long because a unit is described, trained and read in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from numerics.exact_velocities import EmpiricalVelocity, GaussianVelocity
from numerics.many_runs import Run, Stack, one_thread
from numerics.packing import packed, unpacked
from numerics.rectified_flow import Draws, Floats, Labels, fixed_draws, loss_per_draw, path_points, sample_flow
from numerics.stacked_perceptron import Perceptron
from numerics.unet import UNet
from numerics.velocity_networks import Network, as_velocity, evaluate

BINS, CHUNK = 10, 200
"""Intervals of time over which losses are read, and steps between two looks at the bookmark."""
NETWORKS: Mapping[str, Callable[..., Network]] = {"perceptron": Perceptron, "u-net": UNet}
_STATE = ("rows", "averages", "moments")


class Bookmark(Protocol):
    """Where a unit keeps its state, so that it goes on where it was interrupted."""

    def load(self) -> tuple[dict[str, Any], Any] | None:
        """Return the arrays and plain values that were stored last, None if there are none."""
        ...

    def due(self) -> bool:
        """Return whether it is time to store."""
        ...

    def store(self, arrays: Mapping[str, Any], plain: Any, share: float, /) -> None:
        """Store arrays by name, JSON values, and the share of the unit that is done."""
        ...


def train_unit(unit: Mapping[str, Any], bookmark: Bookmark | None = None) -> list[dict[str, Any]]:
    """Train the runs of a unit through all its checkpoints.

    Parameters
    ----------
    unit
        As the module describes it.
    bookmark
        Where the state is kept meanwhile; the results are the same byte by byte, however often the unit is interrupted.

    Returns
    -------
    list of dict
        One a run, in the order of the unit.
    """
    runs, last = UnitRuns(unit), unit["checkpoints"][-1]
    stored = bookmark.load() if bookmark is not None else None
    if stored is not None:
        runs.restore(*stored)
    while runs.step < last:
        runs.advance(CHUNK)
        if bookmark is not None and runs.step < last and bookmark.due():
            bookmark.store(*runs.state(), runs.step / last)
    return runs.results


class UnitRuns:
    """The runs of a unit, between checkpoints.

    Parameters
    ----------
    unit
        As the module describes it.

    Raises
    ------
    ValueError
        If it asks for more training points than there are, or for no samples, or checkpoints do not increase.
    """

    def __init__(self, unit: Mapping[str, Any]) -> None:
        self._unit, self._shape = unit, _network(unit)
        if np.any(np.diff([0, *unit["checkpoints"]]) <= 0):
            raise ValueError(f"checkpoints = {unit['checkpoints']}: increasing numbers of steps are needed")
        if unit["samples"] < 1:
            raise ValueError(f"samples = {unit['samples']}: at least 1 is needed")
        self._train, self._test = (_data(unit, name) for name in ("train", "test"))
        self._chosen = [_subset(spec, len(self._train[0])) for spec in unit["runs"]]
        self._runs = [self._run(spec, chosen) for spec, chosen in zip(unit["runs"], self._chosen, strict=True)]
        self._members: dict[int, list[int]] = {}
        for r, run in enumerate(self._runs):
            self._members.setdefault(run.batch, []).append(r)
        settings = {name: unit[name] for name in ("average", "precision", "device")}
        self._stacks = {size: Stack(self._shape, [self._runs[r] for r in rs], **settings) for size, rs in self._members.items()}
        self._draws = [self._fixed(len(run.data)) for run in self._runs], self._fixed(len(self._test[0]))
        self.step = 0
        self.results = [self._baseline(r) for r in range(len(self._runs))]

    def _run(self, spec: Mapping[str, Any], chosen: Labels) -> Run:
        points, labels = self._train
        own = None if labels is None else labels[chosen]
        return Run(data=points[chosen], labels=own, rate=spec["rate"], batch=spec["batch"], seed=spec["seed"])

    def _fixed(self, points: int) -> Draws:
        rng = np.random.default_rng(self._unit["draws_seed"])
        return fixed_draws(self._unit["draws"], points, self._shape.pixels, rng)

    def _sample_labels(self, run: Run) -> Labels | None:
        return None if run.labels is None else run.labels[np.arange(self._unit["samples"]) % len(run.labels)]

    def _baseline(self, r: int) -> dict[str, Any]:
        run, draws = self._runs[r], self._draws[0][r]
        own, wide = (_gaussian(points) for points in (run.data, self._train[0]))
        labels = self._sample_labels(run)
        return {
            "parameters": self._shape.count,
            "indices": self._chosen[r].tolist(),
            "labels": None if labels is None else labels.tolist(),
            "least": _loss(EmpiricalVelocity(run.data, run.labels).least_loss_per_draw(draws), draws),
            "gaussian_train": _loss(loss_per_draw(own, draws, run.data), draws),
            "gaussian_test": _loss(loss_per_draw(wide, self._draws[1], self._test[0]), self._draws[1]),
            "checkpoints": [],
        }

    def advance(self, steps: int) -> None:
        """Train every run, no further than to the next checkpoint, and read it there.

        Parameters
        ----------
        steps
            How many steps at most.
        """
        after = next(point for point in self._unit["checkpoints"] if point > self.step)
        self.step = min(self.step + steps, after)
        for size, stack in self._stacks.items():
            stack.advance(self.step - stack.step)
            if self.step == after:
                self._read(stack, self._members[size])

    def _read(self, stack: Stack, members: list[int]) -> None:
        with one_thread(), np.errstate(invalid="ignore", over="ignore"):
            losses = {
                name + tail: self._losses(name, rows, members)
                for name in ("train", "test")
                for tail, rows in (("", stack.rows), ("_average", stack.averages))
            }
            samples = self._samples(stack)
        for at, r in enumerate(members):
            read = {name: found[at] for name, found in losses.items()}
            self.results[r]["checkpoints"].append({"step": stack.step, **read, "samples": packed(samples[at])})

    def _losses(self, name: str, rows: Any, members: list[int]) -> list[dict[str, Any] | None]:
        parts, aims = [], []
        for r in members:
            run = self._runs[r]
            data, labels = (run.data, run.labels) if name == "train" else self._test
            draws = self._draws[0][r] if name == "train" else self._draws[1]
            x, aim = path_points(draws, data)
            parts.append((x, self._shape.embed(draws.times, None if labels is None else labels[draws.indices])))
            aims.append((draws, aim))
        found = evaluate(self._shape, rows, *(np.stack(part) for part in zip(*parts, strict=True)))
        return [_loss(((v - aim) ** 2).mean(axis=1), draws) for v, (draws, aim) in zip(found, aims, strict=True)]

    def _samples(self, stack: Stack) -> Floats:
        unit, count = self._unit, len(stack.runs)
        noise = np.random.default_rng(unit["sampling_seed"]).standard_normal((unit["samples"], self._shape.pixels))
        labels = [self._sample_labels(run) for run in stack.runs]
        found = sample_flow(
            as_velocity(self._shape, stack.averages),
            np.tile(noise, (count, 1)),
            None if self._shape.classes == 0 else np.concatenate([part for part in labels if part is not None]),
            steps=unit["sampling_steps"],
            method=unit["method"],
        )
        return found.reshape(count, *noise.shape).astype(np.float32)

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return all that the next steps depend on, with the results so far: arrays by name, and JSON values."""
        arrays: dict[str, Any] = {}
        sources = []
        for size, stack in self._stacks.items():
            state = stack.state()
            arrays |= {f"{size}.{name}": state[name] for name in _STATE}
            sources.append(state["sources"])
        return arrays, {"step": self.step, "sources": sources, "results": self.results}

    def restore(self, arrays: Mapping[str, Any], plain: Mapping[str, Any]) -> None:
        """Go on where :meth:`state` was taken.

        Parameters
        ----------
        arrays, plain
            The state of the same unit.
        """
        self.step, self.results = plain["step"], plain["results"]
        for (size, stack), sources in zip(self._stacks.items(), plain["sources"], strict=True):
            own = {name: arrays[f"{size}.{name}"] for name in _STATE}
            stack.restore(own | {"step": self.step, "sources": sources})


def _data(unit: Mapping[str, Any], name: str) -> tuple[Floats, Labels | None]:
    labels = unit[f"{name}_labels"]
    return unpacked(unit[name]).astype(np.float64), None if labels is None else unpacked(labels).astype(np.int64)


def _network(unit: Mapping[str, Any]) -> Network:
    if unit["network"] not in NETWORKS:
        raise ValueError(f"network {unit['network']!r} is unknown; choose one of {', '.join(NETWORKS)}")
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in unit["shape"].items()}
    return NETWORKS[unit["network"]](**given)


def _gaussian(points: Floats) -> GaussianVelocity:
    return GaussianVelocity(points.mean(axis=0), np.atleast_2d(np.cov(points.T, bias=True)))


def _subset(spec: Mapping[str, Any], available: int) -> Labels:
    if not 0 < spec["points"] <= available:
        raise ValueError(f"points = {spec['points']}: from 1 to {available} training points can be asked for")
    order = np.arange(available) if spec["subset"] is None else np.random.default_rng(spec["subset"]).permutation(available)
    return order[: spec["points"]]


def _loss(per_draw: Floats, draws: Draws) -> dict[str, Any] | None:
    """Return the mean, its error and the means over tenths of time; None where it is not finite: the run diverged."""
    if not np.all(np.isfinite(per_draw)):
        return None
    bins = np.minimum((draws.times * BINS).astype(int), BINS - 1)
    # A tenth without draws has no mean.
    counts = np.bincount(bins, minlength=BINS)
    sums = np.bincount(bins, weights=per_draw, minlength=BINS)
    by_time = [float(total / count) if count else None for total, count in zip(sums, counts, strict=True)]
    error = float(per_draw.std() / np.sqrt(per_draw.size))
    return {"mean": float(per_draw.mean()), "error": error, "by_time": by_time}
