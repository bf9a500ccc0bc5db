"""Local coordinates and windows against the naive ways, in one run: ``python -m bench.bench_scores``.

The naive score sums over the whole sample at every point, in floats (fast, wrong at small noise) or in mpmath. The naive
irregularity is scipy's adaptive rule in y, with the data and midpoints named.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
from scipy.integrate import quad

from theory.wu2025.irregularity import irregularity_integral
from theory.wu2025.score import scaled_scores
from theory.wu2025.setting import ScoreProblem
from theory.wu2025.weight import weight_function


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the least of three wall times (of one, where it is slow) and the result."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - started)
        if times[-1] > 2:
            break
    return min(times), result


def dense_score(p: Any, y: Any) -> Any:
    """Return sigma^2 s* by (6) in floats, over the whole sample at once."""
    with np.errstate(invalid="ignore"):
        weights = np.exp(-((y[:, None] - p.mu * p.x) ** 2) / (2 * p.sigma**2))
        return np.sum((p.mu * p.x - y[:, None]) * weights, axis=1) / np.sum(weights, axis=1)


def mpmath_score(p: Any, y: Any) -> list[Any]:
    """Return sigma^2 s* by (6) in mpmath at 60 digits."""
    with mpmath.workdps(60):
        mu, sigma, x = mpmath.mpf(p.mu), mpmath.mpf(p.sigma), [mpmath.mpf(v) for v in p.x.tolist()]
        result = []
        for point in y.tolist():
            weights = [mpmath.exp(-(((point - mu * v) / sigma) ** 2) / 2) for v in x]
            result.append(
                float(mpmath.fsum((mu * v - point) * w for v, w in zip(x, weights, strict=True)) / mpmath.fsum(weights))
            )
        return result


def quad_irregularity(p: Any) -> float:
    """Return TV_pi by scipy's rule over y, with (6) differentiated by its moments over the whole sample."""
    scaled = p.mu * p.x

    def integrand(y: float) -> float:
        exponents = -(((y - scaled) / p.sigma) ** 2) / 2
        weights = np.exp(exponents - exponents.max())
        weights /= weights.sum()
        centred = p.x - weights @ p.x
        return abs(weights @ centred**3) * float(weight_function(p, y))

    points = np.concatenate([scaled[1:-1], (scaled[1:] + scaled[:-1]) / 2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value, _ = quad(integrand, scaled[0], scaled[-1], points=points, limit=50 * p.n, epsrel=1e-10, epsabs=0)
    return float(value * p.mu / p.sigma**2)


def row(what: str, seconds: float, reference: float | None, note: str) -> str:
    """Return one line of the table."""
    ratio = "" if reference is None else f"{seconds / reference:10.1f}"
    return f"{what:<58}{seconds:>12.4f}{ratio:>12}  {note}"


def bench_scores(n: int, m: int, sigma: float) -> list[str]:
    """Return the lines for the score at m points of a normal sample of size n."""
    p = ScoreProblem(x=np.sort(np.random.default_rng(0).normal(size=n)), mu=0.8, sigma=sigma)
    y = np.linspace(-2, 2, m)
    ours, scores = timed(lambda: scaled_scores(p, y).score)
    dense, naive = timed(lambda: dense_score(p, y))
    few = y[:: max(1, m // 4)]
    slow, exact = timed(lambda: mpmath_score(p, few))
    own = np.max(np.abs(scores[:: max(1, m // 4)] / exact - 1))
    bad = int(np.sum(~(np.abs(naive - scores) <= 1e-6 * np.abs(scores))))
    name = f"score, n={n}, {m} points, sigma={sigma:g}"
    return [
        row(f"{name}: scaled_scores", ours, None, f"relative difference from mpmath {own:.0e}"),
        row(f"{name}: dense floats", dense, ours, f"{bad} of {m} wrong or NaN"),
        row(f"{name}: mpmath ({len(few)} points, scaled up)", slow * m / len(few), ours, ""),
    ]


def bench_irregularity(n: int, sigma: float, naive: bool) -> list[str]:
    """Return the lines for the irregularity of n equispaced points."""
    p = ScoreProblem(x=np.arange(float(n)), mu=0.8, sigma=sigma)
    ours, integral = timed(lambda: irregularity_integral(p))
    name = f"irregularity, n={n}, sigma={sigma:g}"
    lines = [
        row(
            f"{name}: local coordinates",
            ours,
            None,
            f"{integral.panels} panels, stated error {integral.error / integral.value:.0e}",
        )
    ]
    if naive:
        slow, value = timed(lambda: quad_irregularity(p))
        lines.append(row(f"{name}: scipy quad in y", slow, ours, f"relative difference {abs(value / integral.value - 1):.0e}"))
    return lines


def main() -> str:
    """Return the table."""
    lines = [f"{'what':<58}{'seconds':>12}{'x ours':>12}  note"]
    for n, m, sigma in ((100, 1000, 0.1), (2000, 1000, 0.1), (2000, 1000, 1e-3), (20000, 200, 1e-3)):
        lines += bench_scores(n, m, sigma)
    for n, sigma, naive in ((10, 0.1, True), (10, 1e-3, True), (10, 1e-8, True), (50, 0.1, True), (2000, 1e-8, False)):
        lines += bench_irregularity(n, sigma, naive)
    return "\n".join(lines)


if __name__ == "__main__":
    import sys

    sys.stdout.write(main() + "\n")
