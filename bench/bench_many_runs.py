"""Many perceptrons trained at once against one after the other, in one run: ``python -m bench.bench_many_runs``.

The sequential way is how one writes it first: ``torch.nn.Module``, fresh draws, autograd, ``torch.optim.Adam`` (its default,
and fused), and an average of the weights with ``torch._foreach_lerp_``. One thread each; times are the least processor time of
several rounds, which other work on the machine disturbs little.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from numerics.many_runs import Run, Stack, one_thread
from numerics.stacked_perceptron import Perceptron

AVERAGE, RATE, POINTS = 0.9999, 1e-3, 64


def module(shape: Perceptron) -> Any:
    """Return the perceptron as ``torch.nn`` has it."""
    import torch
    from torch import nn
    from torch.nn.functional import silu

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.outer = (
                nn.Linear(shape.width, shape.width, bias=False),
                nn.Linear(shape.width, shape.width, bias=False),
            )
            self.condition = nn.Linear(shape.embedded, shape.width, bias=False)

        def forward(self, h: Any, e: Any) -> Any:
            return h + self.outer(silu(self.inner(h) + self.condition(e)))

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(shape.pixels, shape.width, bias=False)
            self.condition = nn.Linear(shape.embedded, shape.width, bias=False)
            self.blocks = nn.ModuleList(Block() for _ in range(shape.blocks))
            self.last = nn.Linear(shape.width, shape.pixels)
            self.register_buffer("frequencies", 2 * torch.pi * 0.25 * 2.0 ** torch.arange(shape.frequencies))

        def forward(self, x: Any, t: Any, labels: Any) -> Any:
            angle = t[:, None] * self.frequencies
            one_hot = nn.functional.one_hot(labels, shape.classes)
            e = torch.cat([angle.cos(), angle.sin(), one_hot, torch.ones_like(t[:, None])], dim=1)
            h = self.first(x) + self.condition(e)
            for block in self.blocks:
                h = block(h, e)
            return self.last(silu(h))

    return Network()


def sequential(shape: Perceptron, batch: int, *, fused: bool) -> Callable[[int], None]:
    """Return a function that trains one run for some steps."""
    import torch

    rng = np.random.default_rng(0)
    data = torch.from_numpy(rng.standard_normal((POINTS, shape.pixels)).astype(np.float32))
    labels = torch.from_numpy(rng.integers(0, shape.classes, POINTS))
    network = module(shape)
    weights = list(network.parameters())
    averages = [w.detach().clone() for w in weights]
    optimizer = torch.optim.Adam(weights, lr=RATE, fused=fused)

    def work(steps: int) -> None:
        for _ in range(steps):
            chosen = torch.randint(0, POINTS, (batch,))
            t, z = torch.rand(batch), torch.randn(batch, shape.pixels)
            start = data[chosen]
            x = (1 - t[:, None]) * start + t[:, None] * z
            loss = ((network(x, t, labels[chosen]) - (z - start)) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                torch._foreach_lerp_(averages, weights, 1 - AVERAGE)

    return work


def stacked(shape: Perceptron, batch: int, count: int) -> Callable[[int], None]:
    """Return a function that trains runs at once for some steps."""
    rng = np.random.default_rng(0)
    data, labels = rng.standard_normal((POINTS, shape.pixels)), rng.integers(0, shape.classes, POINTS)
    runs = [Run(data=data, labels=labels, rate=RATE, batch=batch, seed=seed) for seed in range(count)]
    return Stack(shape, runs, average=AVERAGE).advance


def per_run(work: Callable[[int], None], runs: int, steps: int, rounds: int = 3) -> float:
    """Return the least milliseconds of processor time of a step of one run."""
    work(20)
    times = []
    for _ in range(rounds):
        started = time.process_time()
        work(steps)
        times.append(time.process_time() - started)
    return 1e3 * min(times) / steps / runs


def main() -> None:
    """Print milliseconds of a step of one run, at two widths."""
    for width in (64, 256):
        shape = Perceptron(pixels=64, width=width, blocks=1, classes=10)
        for batch in (16, 64):
            plain, fused = (per_run(sequential(shape, batch, fused=fused), 1, 200) for fused in (False, True))
            parts = {count: per_run(stacked(shape, batch, count), count, 64) for count in (1, 8, 32)}
            best = min(parts.values())
            print(f"width {width}, {shape.count} parameters, batch {batch}: alone {plain:.3f} ms, fused {fused:.3f} ms;")
            print("  stacked " + ", ".join(f"{count}: {ms:.3f}" for count, ms in parts.items()))
            print(f"  best {plain / best:.1f} times as fast as alone, {fused / best:.1f} as with the fused optimizer")


if __name__ == "__main__":
    with one_thread():
        main()
