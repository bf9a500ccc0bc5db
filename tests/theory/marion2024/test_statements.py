"""The statements of marion2024: the registry, and each refutation and repair from the paper's formulas by another route."""

from __future__ import annotations

import json
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import verification
from numerics.activations import ACTIVATIONS
from numerics.comparison import Truth
from numerics.residual_network import ResidualNetwork, Weights, initial_weights
from theory.marion2024.statements import proposition_7 as clipped
from theory.marion2024.training import NAMES, Run, errors
from theory.registry import all_statements
from theory.statement import Inequality
from verification.evaluate import certified, check_at, consistent, equality_bits, hypotheses_truth

STATEMENTS = {key: entry for key, entry in all_statements().items() if entry.paper == "marion2024"}
ERRATA = {key: entry for key, entry in STATEMENTS.items() if entry.erratum is not None}
RUN = Run(seed=3, activation=NAMES.index("tanh"), n=4, q=3, m=5, steps=10, clipped=0)


def test_every_reference_exists_and_every_repair_is_ours_without_erratum() -> None:
    for entry in STATEMENTS.values():
        assert set(entry.uses) <= set(STATEMENTS)
        if entry.erratum is not None:
            repaired = STATEMENTS[entry.erratum.repaired]
            assert repaired.ours
            assert repaired.erratum is None
            assert not entry.ours


def test_the_recorded_verdicts_cover_the_registry_and_refute_exactly_the_errata() -> None:
    recorded = json.loads((Path(verification.__file__).parent / "recorded" / "marion2024.json").read_text())
    assert sorted(recorded) == sorted(STATEMENTS)
    assert sorted(key for key, verdict in recorded.items() if verdict == "refuted") == sorted(ERRATA)
    assert set(recorded.values()) == {"holds", "refuted"}


@pytest.mark.parametrize("key", ERRATA)
def test_every_counterexample_meets_its_hypotheses_fails_and_holds_repaired(key) -> None:
    entry = ERRATA[key]
    found = check_at(entry, entry.erratum.counterexample)
    assert all(truth is Truth.TRUE for _, _, truth in found.hypotheses)
    assert found.verdict is Truth.FALSE
    repaired = STATEMENTS[entry.erratum.repaired]
    if repaired.instance is not entry.instance or not isinstance(repaired, Inequality):
        return
    instance = repaired.instance.parse(entry.erratum.counterexample)
    if hypotheses_truth(repaired, instance) is Truth.TRUE:
        assert consistent(certified(repaired, instance), equality_bits(repaired))


def network(depth: int):
    rng = np.random.default_rng(5)
    weights = initial_weights(rng, depth=depth, d=2, q=3, m=4, d_out=2, deviation=0.5)
    return weights, rng.standard_normal((3, 2)), rng.standard_normal((3, 2))


def test_the_backward_recursion_with_the_transpose_is_the_derivative_of_the_loss_and_without_it_is_not() -> None:
    weights, x, y = network(4)
    model = ResidualNetwork(activation=ACTIVATIONS["tanh"])
    passed = model.forward(weights, x)
    exact = model.adjoints(weights, passed, y)[0]

    def loss(start):
        h = start
        for v, w in zip(weights.V, weights.W, strict=True):
            h = h + np.tanh(h @ w.T / np.sqrt(3)) @ v.T / (4 * np.sqrt(4))
        return np.sum((h @ weights.B.T - y) ** 2)

    h0, step = passed.states[0], 1e-6
    numeric = np.array([
        [(loss(h0 + step * e) - loss(h0 - step * e)) / (2 * step) for e in np.eye(9).reshape(9, 3, 3)[3 * i : 3 * i + 3]]
        for i in range(3)
    ])
    np.testing.assert_allclose(exact, numeric, rtol=1e-7, atol=1e-8)
    printed = 2 * (passed.output - y) @ weights.B
    for k in range(3, -1, -1):
        jacobian = np.einsum("qm,nm,mp->nqp", weights.V[k], passed.slopes[k], weights.W[k]) / (4 * np.sqrt(12))
        printed = printed + np.einsum("nqp,np->nq", jacobian, printed)
    assert np.abs(printed - numeric).max() > 1e-2


def test_the_unclipped_flow_moves_less_than_the_energy_allows_and_nearly_as_much_at_first() -> None:
    weights, x, y = network(6)
    model = ResidualNetwork(activation=ACTIVATIONS["gelu"])
    shapes = [part.shape for part in (weights.A, weights.V, weights.W, weights.B)]
    start = np.concatenate([part.ravel() for part in (weights.A, weights.V, weights.W, weights.B)])
    ends = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)])

    def unpack(u):
        return Weights(**{
            name: u[a:b].reshape(shape) for name, a, b, shape in zip("AVWB", ends[:-1], ends[1:], shapes, strict=True)
        })

    def speed(_t, u):
        found = model.gradient(unpack(u), x, y)
        return -np.concatenate([found.A.ravel(), found.V.ravel(), found.W.ravel(), found.B.ravel()])

    scale = np.ones(len(start))
    scale[ends[1] : ends[3]] = 1 / 6
    loss = model.gradient(weights, x, y).loss
    path = solve_ivp(speed, (0, 5), start, t_eval=[1e-4, 0.1, 1.0, 5.0], rtol=1e-9, atol=1e-11)
    ratios = []
    for t, u in zip(path.t, path.y.T, strict=True):
        moved = np.sum(scale * (u - start) ** 2)
        ratios.append(moved / (t * (loss - model.gradient(unpack(u), x, y).loss)))
    assert max(ratios) <= 1 + 1e-6
    assert ratios[0] > 0.999


def test_layers_are_torn_apart_by_a_steep_clipping_as_far_as_the_bound_says() -> None:
    """Simulate the scalar network of the counterexample at a depth of 2,000, where the printed bound still holds."""
    depth, steps = 2000, 400
    p = clipped.ClippedFlow.parse({"steepness": 1000, "y": 3, "time": "1/1000", "depth": depth})
    z, a, b = np.arange(1, depth + 1) / depth - 0.5, 1.0, 1.0
    dt = 1e-3 / steps
    for _ in range(steps):
        factors = 1 + z * z / (2 * depth)
        h = a * np.concatenate([[1.0], np.cumprod(factors)])
        last = 2 * b * (b * h[-1] - 3)
        back = last * np.concatenate([np.cumprod(factors[::-1])[::-1], [1.0]])
        move = np.clip(1000 * np.concatenate([-z * h[:-1] * back[1:], [-back[0], -2 * (b * h[-1] - 3) * h[-1]]]), -1, 1)
        z, a, b = z + dt * move[:-2], a + dt * move[-2], b + dt * move[-1]
    from numerics.arithmetic import FLOATS

    assert np.diff(z).max() >= float(clipped.certain_gap(p.lift(FLOATS)))
    assert np.diff(z).max() <= float(clipped.repaired_gap_bound(p.lift(FLOATS)))


def test_the_counterexample_to_proposition_7_by_mpmath() -> None:
    with mp.workdps(40):
        time, y, depth = mp.mpf(1) / 1000, mp.mpf(3), 10**6
        m = 1 + time
        k1, reach = m**2 / 2, mp.exp(m**2 / 2) * m
        k = max(k1, reach * m)
        size = mp.exp(k) * m**2 + y
        alpha = 2 * mp.exp(k) * reach * m * size
        beta = 2 * k * mp.exp(k) * m * (k + mp.exp(k) * reach * m) * size
        bound = (1 + beta * time) * mp.exp(alpha * time) / depth
        output = m**2 * mp.exp((mp.mpf(1) / 2 + time) ** 2 / 2)
        threshold = 1 / (1000 * 2 * (1 - time) ** 2 * (y - output))
        gap = (2 * threshold + 2 * time) / (2 * threshold * depth + 2)
        assert mp.almosteq(bound, mp.mpf("2.84477264390542e-6"), rel_eps=1e-13)
        assert mp.almosteq(gap, mp.mpf("4.70308087897321e-6"), rel_eps=1e-13)
        assert gap > bound


def test_all_distances_from_the_limit_are_of_order_one_over_depth_with_one_constant() -> None:
    coarse, fine = errors(RUN, 64), errors(RUN, 256)
    for name in ("ends", "layers", "output", "gap"):
        assert 4 * getattr(fine, name) == pytest.approx(getattr(coarse, name), rel=0.02)


def test_before_training_a_tied_network_is_its_limit_at_any_depth() -> None:
    zero = Run(seed=3, activation=NAMES.index("tanh"), n=4, q=3, m=5, steps=0, clipped=0)
    found = errors(zero, 16)
    assert found.layers == pytest.approx(0, abs=1e-13)
    assert found.gap == 0
    assert found.output == pytest.approx(0, abs=1e-14)
