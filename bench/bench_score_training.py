"""Fused training steps against ``torch.nn.Module`` and plain numpy, in one run: ``python -m bench.bench_score_training``.

All contenders take turns on one thread, draw their own noise, and train the network of the figures of wu2025: width 1000, batch
50. At d = 1 the fused step counts by halving and works in double precision; at d = 10 it is five matrix products in single
precision, and its share of the measured speed of a large product is printed. With the argument ``readings`` the module instead
measures the readings of the paper's settings that :data:`theory.wu2025.experiments.EVIDENCE` records.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from figures.work import Work, on_stderr
from figures.wu2025_figure_2 import LARGE as LARGE_BATCH
from figures.wu2025_figure_2 import SIZES, units
from numerics.score_training import Training, draw_batches, fused_steps, initial_parameters, plain_steps
from theory.wu2025.experiments import BATCH, CHOSEN, EPOCHS, READINGS, TRIED, WIDTH, mismatch, noise_scales, simulate

STEPS, ROUNDS, LARGE, AIMS = 250, 7, 768, {1: 12, 10: 5}
RUNS = {CHOSEN: 12, "each point once": 12, "each point 50 times": 2}
"""Simulations of a cell for the readings, 3 where nothing is said."""


def with_torch(training: Training, dimension: int) -> Callable[[], None]:
    """Return steps as one writes them with ``torch.nn.Module``: fresh noise, forward, backward, ``torch.optim.SGD``."""
    import torch

    torch.set_num_threads(1)
    kind = getattr(torch, training.precision)
    inner, outer = torch.nn.Linear(dimension, WIDTH), torch.nn.Linear(WIDTH, dimension, bias=False)
    torch.nn.init.normal_(inner.weight, std=dimension**-0.5)
    torch.nn.init.zeros_(inner.bias)
    torch.nn.init.normal_(outer.weight)
    network = torch.nn.Sequential(inner, torch.nn.ReLU(), outer).to(kind)
    optimizer = torch.optim.SGD(network.parameters(), lr=training.rate * training.batch * dimension)
    sample = torch.from_numpy(training.sample).to(kind)

    def work() -> None:
        for _ in range(STEPS):
            noise = torch.randn(training.batch, dimension, dtype=kind)
            points = training.mu * sample[torch.randint(0, len(sample), (training.batch,))] + training.sigma * noise
            loss = ((training.output * network(points) + noise / training.sigma) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return work


def with_arrays(training: Training, dimension: int, steps: Callable[..., None]) -> Callable[[], None]:
    """Return steps of plain numpy or the fused kernel, with drawing."""
    choices, noises = np.random.default_rng(1), np.random.default_rng(2)
    theta = initial_parameters(dimension, WIDTH, np.random.default_rng(3)).astype(training.precision)

    def work() -> None:
        steps(theta, *draw_batches(training, STEPS, choices, noises), training.output, training.rate)

    return work


def take_turns(contenders: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Return least microseconds a step; other loads of the machine meet all contenders."""
    best = dict.fromkeys(contenders, math.inf)
    for _ in range(ROUNDS):
        for name, work in contenders.items():
            started = time.perf_counter()
            work()
            best[name] = min(best[name], (time.perf_counter() - started) / STEPS * 1e6)
    return best


def large_product() -> Callable[[], Any]:
    """Return as many single-precision products of square matrices as there are steps."""
    a = np.random.default_rng(0).random((LARGE, LARGE), dtype=np.float32)
    return lambda: [a @ a for _ in range(STEPS)]


def steps(dimension: int) -> float:
    """Compare the contenders at a dimension and return microseconds of a fused step."""
    sample = np.random.default_rng(0).standard_normal((20, dimension))
    training = READINGS[CHOSEN].training(sample, *noise_scales("0.31"), 0.05)
    contenders: dict[str, Callable[[], Any]] = {
        "torch": with_torch(training, dimension),
        "torch32": with_torch(replace(training, precision="float32"), dimension),
        "plain": with_arrays(training, dimension, plain_steps),
        "fused": with_arrays(training, dimension, fused_steps),
        "product": large_product(),
    }
    contenders["fused"]()  # compiled, or found compiled, before it is timed
    found = take_turns(contenders)
    against, fused = min(found["torch"], found["torch32"]), found["fused"]
    print(
        f"d = {dimension:2d}: fused {fused:6.1f} us a step ({training.precision}); nn.Module {found['torch']:6.1f},"
        f" in single precision {found['torch32']:6.1f}; numpy {found['plain']:6.1f};"
        f" {against / fused:.1f} times the better nn.Module (aim {AIMS[dimension]})"
    )
    if dimension > 1:
        work, peak = 2 * 50 * WIDTH * (5 * dimension + 2), 2 * LARGE**3 / found["product"]
        print(f"        {work / fused / 1e3:.1f} of {peak / 1e3:.1f} Gflop/s of a large product: {work / fused / peak:.0%}")
    return fused


def published(line: float, space: float) -> None:
    """Print how long the published scale of the figures takes on two cores, given microseconds of a step."""
    sample = np.random.default_rng(0).standard_normal((20, 1))
    training = READINGS[CHOSEN].training(sample, *noise_scales("0.31"), 0.05, batch=LARGE_BATCH)
    large = with_arrays(training, 1, fused_steps)
    large()
    wide = take_turns({"large": large})["large"]
    seconds = sum(
        unit["steps"] * (space if unit["dimension"] > 1 else wide if unit["batch"] > BATCH else line) / 1e6
        for unit in units(SIZES["paper"])
    )
    print(
        f"figure 2 at the published scale: about {seconds / 120:.0f} minutes on two cores ({wide:.0f} us with the large batch)"
    )


def readings() -> None:
    """Measure the mean excess risk under each reading, and its mismatch to the values read off."""
    work = Work(jobs=os.cpu_count() or 1, show=on_stderr)
    for name in READINGS:
        runs = RUNS.get(name, 3)
        units = [
            {"reading": name, "dimension": d, "sigma": sigma, "eta": eta, "steps": EPOCHS[eta], "simulation": k, "noises": 250}
            for d, sigma, eta in TRIED
            for k in range(runs)
        ]
        results, means, text = work.gather(name, simulate, units), {}, []
        for at in range(0, len(units), runs):
            unit, part = units[at], [r["excess"] for r in results[at : at + runs] if r["excess"] is not None]
            mean = sum(part) / len(part) if part else None
            means[unit["dimension"], unit["sigma"], unit["eta"]] = mean
            text.append(f"({mean and round(mean, 3)}, {runs - len(part)}, {runs})")
        print(f'    "{name}": ({", ".join(text)}),  # mismatch {mismatch(means):.2f}', flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["readings"]:
        readings()
    else:
        with threadpool_limits(limits=1):
            published(*(steps(dimension) for dimension in AIMS))
