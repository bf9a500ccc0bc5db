"""Full gradients of deep residual networks against automatic differentiation, in one run: ``python -m bench.bench_residual``.

*Plain* is what one writes first: a Python loop over leaf tensors of torch, one pair a layer, and ``backward``, with the better
of one and two threads at the small depth. *Ours* is :meth:`numerics.residual_network.ResidualNetwork.gradient`. *Compiled* is
:mod:`numerics.residual_kernel`, by one thread and by two that share the samples. All three
take one iteration of training: the gradient in all layers and the step.

Ours and compiled keep their buffers between gradients, as training does: at 16,384 layers fresh memory cost up to as much as
the work. The aim was three times plain. Ours reaches it with tanh, and 1.6 to 2.4 times with gelu, at 6 to 20% of peak: the
products are small, and in double precision half the time goes to the activation, where erf, exp and tanh of scipy and numpy
handle about one number in 10 to 20 ns. Sharing the samples between two threads gained nothing in numpy, whose calls are too
short, and neither did torch's kernels without automatic differentiation. The compiled pass is 4.6 to 9 times as fast as plain
with one thread, at 25 to 45% of peak, because its exp and normal tail are polynomials that the compiler vectorises, and because
the gradient of a layer is multiplied out while its states are in the cache.

*Peak* is what the products of the six matrices need at the speed of a large product of the same type by one thread, over the
time measured: activations, and moving states through memory, count as waste.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from numerics.activations import ACTIVATIONS
from numerics.residual_kernel import layer_gradient
from numerics.residual_network import ResidualNetwork, Start, Weights, initial_weights

Q, M, N = 16, 32, 100
RATE = 1e-30
"""Of the steps: so small that all gradients that are compared are those of the same weights."""
TORCH = {"gelu": torch.nn.functional.gelu, "tanh": torch.tanh}


def best_of(contenders: dict[str, Callable[[], Any]], repeats: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Return least wall times and results of contenders that take turns, so that other loads of the machine meet them all."""
    times, results = dict.fromkeys(contenders, math.inf), {}
    for _ in range(repeats):
        for name, work in contenders.items():
            started = time.perf_counter()
            results[name] = work()
            times[name] = min(times[name], time.perf_counter() - started)
    return times, results


def peak(kind: Any, size: int = 1024) -> float:
    """Return multiplications and additions a second of one large product by one thread."""
    a = np.random.default_rng(0).standard_normal((size, size)).astype(kind)
    out = np.empty_like(a)
    with threadpool_limits(1):
        spent, _ = best_of({"product": lambda: np.matmul(a, a, out=out)}, 7)
    return 2 * size**3 / spent["product"]


def plain(name: str, weights: Weights, x: Any, y: Any, threads: int) -> Callable[[], Any]:
    """Return the iteration by a loop over leaf tensors and automatic differentiation; making the leaves is not timed."""
    leaves = [[torch.from_numpy(a.copy()).requires_grad_() for a in array] for array in (weights.V, weights.W)]
    first, last = (torch.from_numpy(a) for a in (weights.A, weights.B))
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)
    depth, activation = weights.depth, TORCH[name]

    def work() -> Any:
        torch.set_num_threads(threads)
        for leaf in (*leaves[0], *leaves[1]):
            leaf.grad = None
        h = inputs @ first.T
        for v, w in zip(*leaves, strict=True):
            h = h + activation(h @ w.T / math.sqrt(Q)) @ v.T / (depth * math.sqrt(M))
        (((h @ last.T - targets) ** 2).sum() / N).backward()
        with torch.no_grad():
            for leaf in (*leaves[0], *leaves[1]):
                leaf -= RATE * depth * leaf.grad
        return leaves

    return work


def stepped(weights: Weights, gradient: Callable[[Weights], Any]) -> Callable[[], Any]:
    """Return the iteration by a gradient of ours; the weights are copied first, and changed in place."""
    own = Weights(A=weights.A, V=weights.V.copy(), W=weights.W.copy(), B=weights.B)
    rate = weights.V.dtype.type(RATE)

    def work() -> Any:
        found = gradient(own)
        np.subtract(own.V, rate * found.V, out=own.V)
        np.subtract(own.W, rate * found.W, out=own.W)
        return found.W

    return work


def shared(name: str, weights: Weights, x: Any, y: Any, threads: int) -> Callable[[], Any]:
    """Return the compiled iteration by threads, each with its own part of the samples."""
    groups = np.array_split(np.arange(N), threads)
    parts = [layer_gradient(name, weights, x[rows], y[rows], compiled=True) for rows in groups]
    shares = [weights.V.dtype.type(len(rows) / N) for rows in groups]
    own = Weights(A=weights.A, V=weights.V.copy(), W=weights.W.copy(), B=weights.B)
    rate = weights.V.dtype.type(RATE)

    def work() -> Any:
        with ThreadPoolExecutor(threads) as pool:
            found = list(pool.map(lambda part: part(own), parts))
        by_outer = sum(share * each.V for share, each in zip(shares, found, strict=True))
        by_inner = sum(share * each.W for share, each in zip(shares, found, strict=True))
        np.subtract(own.V, rate * by_outer, out=own.V)
        np.subtract(own.W, rate * by_inner, out=own.W)
        return by_inner

    return work


def compare(name: str, kind: Any, depth: int, repeats: int, threads: tuple[int, ...], speed: float) -> int:
    """Time all contenders at one depth, print them with their agreement, and return the best number of threads for plain."""
    rng = np.random.default_rng(0)
    weights = initial_weights(rng, depth=depth, d=Q, q=Q, m=M, d_out=Q, start=Start.INDEPENDENT, deviation=1.0, dtype=kind)
    x, y = rng.standard_normal((2, N, Q)).astype(kind)
    network = ResidualNetwork(activation=ACTIVATIONS[name])
    contenders: dict[str, Callable[[], Any]] = {f"plain, {k} thr.": plain(name, weights, x, y, k) for k in threads}
    former = network.forward(weights, x)
    contenders["ours"] = stepped(weights, lambda own: network.gradient(own, x, y, into=former))
    contenders["compiled, 1 thr."] = stepped(weights, layer_gradient(name, weights, x, y, compiled=True))
    contenders["compiled, 2 thr."] = shared(name, weights, x, y, 2)
    for key in ("compiled, 1 thr.", "compiled, 2 thr."):
        contenders[key]()  # compiles
    times, results = best_of(contenders, repeats)
    # On a busy machine two threads may win one short run and lose long ones many times over: they must win clearly.
    fastest = min(threads, key=lambda k: times[f"plain, {k} thr."] * (1 if k == 1 else 1.1))
    base = times[f"plain, {fastest} thr."]
    auto = np.stack([leaf.grad.numpy() for leaf in results[f"plain, {fastest} thr."][1]]) * depth
    needed = 6 * 2 * Q * M * N * depth / speed
    print(f"{name}, {np.dtype(kind)}, L = {depth}")
    for key, spent in times.items():
        off = "" if key.startswith("plain") else f", off by {np.abs(results[key] - auto).max() / np.abs(auto).max():.0e}"
        share = f"{needed / spent:4.0%} of peak"
        print(
            f"  {key:17s} {spent / depth * 1e6:6.0f} us a layer, {spent:7.3f} s, {base / spent:4.1f} times, {share}{off}",
            flush=True,
        )
    return fastest


def main(deep: int = 16_384) -> None:
    """Compare both activations and precisions at 64 layers and at ``deep`` ones."""
    for kind in (np.float64, np.float32):
        speed = peak(kind)
        print(f"{np.dtype(kind)}: a product of 1024 x 1024 matrices by one thread runs at {speed / 1e9:.0f} Gflop/s")
        for name in TORCH:
            fastest = compare(name, kind, 64, 20, (1, 2), speed)
            compare(name, kind, deep, 2, (fastest,), speed)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
