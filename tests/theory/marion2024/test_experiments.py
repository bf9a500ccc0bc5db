"""The synthetic experiments: descent by automatic differentiation, limits known in closed form, sums done by hand."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from itertools import islice, pairwise

import numpy as np
import pytest

from numerics.chebyshev import chebyshev_grid
from theory.marion2024.experiments import (
    FIGURE_1,
    READINGS,
    Experiment,
    Gaps,
    Iterate,
    descend,
    descend_at_infinite_depth,
    distances_from_limit,
    gaps,
    history,
    slopes,
)
from theory.statement import InputError

TINY = Experiment(n=5, q=3, m=4, rate=Fraction(1, 20), iterations=10)


def by_torch(torch, experiment, depth, steps):
    """Train the network as the reading says it, with learning rate eta L, and return loss, V, W."""
    reading, problem = READINGS[experiment.reading], experiment.problem()
    x, y = (torch.from_numpy(part) for part in (problem.x, problem.y))
    w = torch.from_numpy(experiment.start() * experiment.units[1]).repeat(depth, 1, 1).requires_grad_()
    v = torch.zeros(depth, experiment.q, experiment.m, dtype=torch.float64, requires_grad=True)
    root_m, root_q = (math.sqrt(experiment.m), math.sqrt(experiment.q)) if reading.factors else (1.0, 1.0)
    optimizer = torch.optim.SGD([v, w], lr=float(experiment.rate) * depth)
    for step in range(steps + 1):
        optimizer.zero_grad()
        h = x
        for outer, inner in zip(v, w, strict=True):
            h = h + torch.nn.functional.gelu(h @ inner.T / root_q) @ outer.T / (depth * root_m)
        loss = ((h - y) ** 2).mean() if reading.coordinates else ((h - y) ** 2).sum(1).mean()
        if step == steps:
            return loss.item(), v.detach().numpy(), w.detach().numpy()
        loss.backward()
        optimizer.step()
    raise AssertionError


@pytest.mark.parametrize("reading", sorted(READINGS))
def test_the_descent_is_that_of_automatic_differentiation_in_every_reading(reading):
    torch = pytest.importorskip("torch")
    experiment = dataclasses.replace(TINY, reading=reading)
    found = next(islice(descend(experiment, 6, compiled=False), 7, None))
    loss, v, w = by_torch(torch, experiment, 6, 7)
    assert found.loss == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(found.V * experiment.units[0], v, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.W * experiment.units[1], w, rtol=1e-12)


def test_the_descent_goes_on_from_given_weights_as_if_it_had_not_stopped():
    whole = next(islice(descend(TINY, 4, compiled=False), 9, None))
    half = next(islice(descend(TINY, 4, compiled=False), 5, None))
    rest = next(islice(descend(TINY, 4, start=(half.V, half.W), first=half.step, compiled=False), 4, None))
    assert rest.step == whole.step
    assert rest.V.tobytes() == whole.V.tobytes()
    assert rest.W.tobytes() == whole.W.tobytes()


def test_the_descent_at_infinite_depth_is_the_richardson_limit_of_deep_networks():
    steps, at = 8, chebyshev_grid(16).nodes
    limit = next(islice(descend_at_infinite_depth(TINY), steps, None))
    losses = [next(islice(descend(TINY, depth, compiled=False), steps, None)).loss for depth in (32, 64, 128, 256)]
    for order in (1, 2, 3):
        losses = [after + (after - before) / (2**order - 1) for before, after in pairwise(losses)]
    assert limit.loss == pytest.approx(losses[-1], rel=1e-9)
    assert len(at) == len(limit.V)


def test_more_nodes_are_taken_when_the_speeds_are_not_resolved_and_the_numbers_stay():
    steep = dataclasses.replace(TINY, rate=Fraction(1, 2))
    coarse, fine = (next(islice(descend_at_infinite_depth(steep, tolerance), 12, None)) for tolerance in (1.0, 1e-12))
    assert len(coarse.V) == 16
    assert len(fine.V) > 16
    assert fine.solution.unresolved <= 1e-12 < coarse.solution.unresolved
    assert fine.loss == pytest.approx(coarse.loss, rel=1e-6)


def test_slopes_are_those_of_known_functions():
    s = chebyshev_grid(16).nodes[:, None, None]
    outer, inner = np.ones((1, TINY.q, TINY.m)), np.ones((1, TINY.m, TINY.q))
    found = slopes(TINY, Iterate(step=0, V=np.sin(s) * outer, W=s**2 * inner, loss=0.0), points=4001)
    size, (v, w) = math.sqrt(TINY.q * TINY.m), TINY.units
    s = np.linspace(0, 1, 100_001)
    assert found.largest == pytest.approx(size * np.max(v * np.cos(s) + w * 2 * s), rel=1e-7)
    assert pytest.approx((size * v) ** 2 * (0.5 + math.sin(2) / 4), rel=1e-6) == found.V
    assert pytest.approx((size * w) ** 2 * 4 / 3, rel=1e-6) == found.W


def test_gaps_and_their_history_are_the_sums_done_by_hand():
    rng = np.random.default_rng(0)
    runs = [(rng.standard_normal((5, TINY.q, TINY.m)), rng.standard_normal((5, TINY.m, TINY.q)) / 9) for _ in range(3)]
    by_v, by_w = TINY.units
    largest, added = 0.0, 0.0
    found = history([gaps(TINY, v, w) for v, w in runs])
    for at, (v, w) in enumerate(runs):
        for k in range(4):
            on_v = by_v * np.linalg.norm(v[k + 1] - v[k])
            largest = max(largest, on_v + by_w * np.linalg.norm(w[k + 1] - w[k]))
            added += on_v**2
        assert found.largest[at] == pytest.approx(largest, rel=1e-14)
        assert found.added[at] == pytest.approx(math.sqrt(added), rel=1e-14)


def test_where_the_gaps_of_w_are_larger_the_published_ordinate_takes_them():
    found = history([Gaps(largest=0.0, V=1.0, W=2.0), Gaps(largest=0.0, V=9.0, W=2.0)])
    np.testing.assert_allclose(found.added, [math.sqrt(2), math.sqrt(10)])


@pytest.mark.parametrize("depth", [2, 3, 7, 150])
def test_the_distance_of_step_functions_from_a_line_is_the_integral_by_hand(depth):
    # Layers 0 and a limit s: the integral of s^2; layers (k-1)/(L-1) and the limit s: (L-1) integrals of u^2 up to 1/(L-1).
    nodes = chebyshev_grid(16).nodes[:, None, None]
    limit = (nodes * np.ones((1, TINY.q, TINY.m)), nodes * np.ones((1, TINY.m, TINY.q)))
    size = math.sqrt(TINY.q * TINY.m)
    zero = tuple(np.zeros((depth, *part.shape[1:])) for part in limit)
    ramp = tuple(np.arange(depth)[:, None, None] / (depth - 1) * np.ones(part.shape[1:]) for part in limit)
    far, near = (distances_from_limit(TINY, layers, limit) for layers in (zero, ramp))
    for name, unit in zip("VW", TINY.units, strict=True):
        assert far[name] == pytest.approx(unit * size / math.sqrt(3), rel=1e-12)
        assert near[name] == pytest.approx(unit * size / math.sqrt(3) / (depth - 1), rel=1e-10)
        squares = (np.arange(depth) / depth) ** 2
        assert far[f"{name}-aligned"] == pytest.approx(unit * size * math.sqrt(squares.mean()), rel=1e-12)


def test_an_unknown_reading_is_refused_by_name():
    with pytest.raises(InputError, match="reading = 'literal': one of printed"):
        dataclasses.replace(FIGURE_1, reading="literal")
