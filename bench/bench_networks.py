"""Closed forms of networks against the naive ways, in one run: ``python -m bench.bench_networks``.

The naive Hessian is a difference quotient of gradients by Gauss-Hermite quadrature, which does not see kinks; the naive
second moment of (7) is a Monte-Carlo mean; the naive search draws networks at random for as long as the climbs take.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.special import roots_hermite

from numerics.arithmetic import FLOATS
from numerics.eigenvalues import extreme_eigenvalues
from theory.registry import all_statements
from theory.wu2025.curvature import curvature
from theory.wu2025.designs import draw_network
from theory.wu2025.networks import from_neurons
from theory.wu2025.products import hessian_product
from theory.wu2025.setting import ScoreProblem
from theory.wu2025.stability import batch_second_moment, pathwise_moments
from verification.climbing import climb
from verification.draws import UnitDraw
from verification.search import Search

SAMPLE = ScoreProblem(x=(Fraction(0), Fraction(1), Fraction(5, 2)), mu=Fraction(9, 10), sigma=Fraction(1, 5))


def timed(work: Callable[[], Any], repeats: int = 5) -> tuple[float, Any]:
    """Return the least wall time of several calls and the result."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - started)
    return min(times), result


def example(width: int) -> Any:
    """Return a random network of single neurons, lifted to floats."""
    rng = np.random.default_rng(width)
    kinks = rng.uniform(0.0, 2.25, width).tolist()
    signs = rng.choice([-1, 1], width).tolist()
    return from_neurons(SAMPLE, kinks, signs, rng.normal(0.0, 5.0, width).tolist()).lift(FLOATS)


def quadrature_gradient(p: Any, theta: Any, nodes: int = 200) -> Any:
    """Return the gradient by a Gauss-Hermite rule at each data point."""
    points, weights = roots_hermite(nodes)
    m = p.width
    w, b = theta[:m], theta[m:]
    result = np.zeros(2 * m)
    for center in p.mu * p.x:
        y = center + np.sqrt(2) * p.sigma * points
        reach = p.signs * y[:, None] + b
        active = (reach > 0).astype(float)
        value = np.maximum(reach, 0.0)
        residual = (value @ w / m + (y - center) / p.sigma**2) * weights / np.sqrt(np.pi)
        result += np.concatenate([residual @ value, w * (residual @ active)])
    return 2 * result / (m * p.n)


def quadrature_hessian(p: Any, step: float = 1e-4) -> Any:
    """Return central differences of the quadrature gradient."""
    theta = np.concatenate([p.weights, p.biases])
    rows = []
    for k in range(len(theta)):
        move = np.zeros(len(theta))
        move[k] = step
        rows.append((quadrature_gradient(p, theta + move) - quadrature_gradient(p, theta - move)) / (2 * step))
    return np.array(rows)


def sampled_second_moment(p: Any, draws: int = 20_000) -> Any:
    """Return the Monte-Carlo mean of h (x) h over points and noise."""
    rng = np.random.default_rng(0)
    m = p.width
    center = p.mu * p.x[rng.integers(0, p.n, draws)]
    y = center + p.sigma * rng.standard_normal(draws)
    reach = p.signs * y[:, None] + p.biases
    active = (reach > 0).astype(float)
    value = np.maximum(reach, 0.0)
    gradient = np.concatenate([value, active * p.weights], axis=1) / m
    h = 2 * gradient[:, :, None] * gradient[:, None, :]
    residual = value @ p.weights / m + (y - center) / p.sigma**2
    k = np.arange(m)
    h[:, k, m + k] += 2 * residual[:, None] * active / m
    h[:, m + k, k] += 2 * residual[:, None] * active / m
    flat = h.reshape(draws, -1)
    return (flat.T @ flat / draws).reshape((2 * m,) * 4)


def hessians() -> None:
    """Compare the exact Hessian with differences of quadratures."""
    for width in (2, 8, 32, 128):
        p = example(width)
        fast, parts = timed(lambda p=p: curvature(_fresh(p)))
        slow, naive = timed(lambda p=p: quadrature_hessian(p), 1)
        scale = np.abs(parts.hessian).max()
        off = np.abs(naive - parts.hessian).max() / scale
        print(f"Hessian, width {width:4d}: exact {fast * 1e3:8.2f} ms; naive {slow * 1e3:9.1f} ms, off by {off:.0e}")


def products() -> None:
    """Compare one matrix-free product with forming the matrix, and the top eigenvalue beyond 2,000 parameters."""
    p = example(1000)
    fast, _ = timed(lambda: hessian_product(p)(np.ones(2000)))
    slow, _ = timed(lambda: curvature(_fresh(p)).hessian @ np.ones(2000), 1)
    print(f"Hessian times vector, width 1000: matrix-free {fast * 1e3:.2f} ms; naive {slow * 1e3:.0f} ms")
    wide = example(4000)
    lanczos, found = timed(lambda: extreme_eigenvalues(hessian_product(wide), 8000), 1)
    print(f"sharpness, width 4000: {lanczos:.1f} s by {found.method}, residual {found.residual_largest:.0e}")


def second_moments() -> None:
    """Compare the exact second moment of (7) with a Monte-Carlo mean."""
    for width in (1, 2, 4):
        p = example(width)
        fast, exact = timed(lambda p=p: batch_second_moment(pathwise_moments(p), 1), 3)
        slow, naive = timed(lambda p=p: sampled_second_moment(p), 1)
        off = np.abs(naive - exact).max() / np.abs(exact).max()
        print(f"second moment, width {width}: exact {fast * 1e3:7.1f} ms; 20,000 draws {slow * 1e3:7.1f} ms, off by {off:.0e}")


def searches() -> None:
    """Compare climbs with as much time of random networks, on the printed Proposition 10."""
    statement = all_statements()["wu2025.proposition-10"]
    search = Search()
    started = time.perf_counter()
    climb(statement, search, count=4, steps=150, seed=0)  # type: ignore[arg-type]
    spent = time.perf_counter() - started
    rng = np.random.default_rng(0)
    random, drawn = Search(), 0
    started = time.perf_counter()
    while time.perf_counter() - started < spent:
        instance = draw_network(UnitDraw(source=lambda: float(rng.random())), frozenset())
        random.record(statement, UnitDraw(source=lambda: 0.5), instance)  # type: ignore[arg-type]
        drawn += 1
    print(
        f"Proposition 10, {spent:.1f} s each: climbs reach a log-margin of {search.least_margin:.3g} (below 0 is a violation),"
    )
    print(f"  {drawn} random networks {random.least_margin:.3g}")


def _fresh(p: Any) -> Any:
    p.__dict__.pop("moments", None)
    return p


if __name__ == "__main__":
    hessians()
    products()
    second_moments()
    searches()
