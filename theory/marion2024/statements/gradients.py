"""The gradients (14)-(16) and the clipped flow of Proposition 1."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from numerics.activations import ACTIVATIONS
from numerics.arithmetic import Number
from numerics.residual_network import ResidualNetwork, Weights, initial_weights
from theory.marion2024.infinite_depth import flattened, smooth_clip, unflattened
from theory.marion2024.setting import PAPER
from theory.marion2024.training import BOUND, NAMES, Run, clipped
from theory.statement import Draw, Limit, changed

FREE = {"seed": 0, "activation": NAMES.index("tanh"), "n": 3, "q": 3, "m": 4, "steps": 1, "clipped": 0}
DEPTH = 6
PARTS = ("A", "V", "W", "B")


@lru_cache(maxsize=64)
def _network(run: Run) -> tuple[ResidualNetwork, Weights, Any, Any]:
    """Return a network of six different layers, its weights and its data."""
    rng = np.random.default_rng(np.random.SeedSequence(int(run.seed)))
    weights = initial_weights(rng, depth=DEPTH, d=2, q=run.q, m=run.m, d_out=2, deviation=1.0)
    moved = {name: getattr(weights, name) + 0.3 * rng.standard_normal(getattr(weights, name).shape) for name in PARTS}
    x, y = rng.standard_normal((run.n, 2)), rng.standard_normal((run.n, 2))
    return ResidualNetwork(activation=ACTIVATIONS[NAMES[run.activation]]), Weights(**moved), x, y


def _direction(weights: Weights) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    return {name: rng.standard_normal(getattr(weights, name).shape) for name in PARTS}


def difference_quotient(run: Run, scale: Number) -> float:
    r"""Return :math:`(\ell(\theta+tv)-\ell(\theta-tv))/2t`, :math:`t=1/` ``scale``, by running the network only.

    Parameters
    ----------
    run
        The architecture and the seed.
    scale
        The inverse of the step.

    Returns
    -------
    float
        The quotient.
    """
    model, weights, x, y = _network(run)
    v, t = _direction(weights), 1.0 / float(scale)

    def loss(step: float) -> float:
        moved = Weights(**{name: getattr(weights, name) + step * v[name] for name in PARTS})
        return float(np.sum((model.forward(moved, x).output - y) ** 2) / len(x))

    return (loss(t) - loss(-t)) / (2 * t)


def along(run: Run, factors: dict[str, float] | None = None) -> float:
    r"""Return the derivative of the loss along the direction by (14)-(16), which give L times the gradient of a layer.

    Parameters
    ----------
    run
        The architecture and the seed.
    factors
        Factors of the four parts, 1 by default.

    Returns
    -------
    float
        The derivative.
    """
    model, weights, x, y = _network(run)
    gradient, v = model.gradient(weights, x, y), _direction(weights)
    scales = {"A": 1.0, "V": 1.0 / DEPTH, "W": 1.0 / DEPTH, "B": 1.0}
    chosen = factors or {}
    return float(sum(chosen.get(name, 1.0) * scales[name] * np.sum(getattr(gradient, name) * v[name]) for name in PARTS))


def _draw_run(draw: Draw, in_force: frozenset[str]) -> Run:
    del in_force
    return Run.parse({**FREE, "seed": draw.integer(0, 1000)})


equation_14 = Limit(
    id="marion2024.equation-14",
    title="the gradients (14)-(16)",
    says=(
        "With p from the transposed recursion, d_A l = (1/n) sum p_0 x^T, L d_{Z_k} l = (1/n) sum d_2 f(h_{k-1}, Z_k)^T p_k"
        " and d_B l = (2/n) sum (F - y) h_L^T are the gradients of the loss: difference quotients of the forward pass tend to"
        " them, with an error of second order in the step. The printed factors are right."
    ),
    formula=r"\partial_A\ell=\frac1n\sum p_{0,i}x_i^\top,"
    r"\quad L\,\partial_{Z_k}\ell=\frac1n\sum\partial_2f(h_{k-1,i},Z_k)^\top p_{k,i},"
    r"\quad\partial_B\ell=\frac2n\sum(F^L(x_i)-y_i)h_{L,i}^\top",
    source=f"{PAPER}, (14)-(16), page 15",
    instance=Run,
    instances=_draw_run,
    uses=("marion2024.equation-13.reading-repaired",),
    gallery=(
        FREE,
        {**FREE, "seed": 1, "activation": NAMES.index("gelu")},
        {**FREE, "seed": 2, "activation": NAMES.index("sin")},
    ),
    quantity=difference_quotient,
    limit=along,
    scales=tuple(Fraction(2**k) for k in range(4, 11)),
    rate=Fraction(2),
    draws=16,
    mutants=(
        changed("1/n for 2/n in (16)", limit=lambda p: along(p, {"B": 0.5})),
        changed("no L in (15)", limit=lambda p: along(p, {"V": DEPTH, "W": DEPTH})),
        changed("2/n for 1/n in (14)", limit=lambda p: along(p, {"A": 2.0})),
    ),
)


def _speed(run: Run, u: Any) -> Any:
    model, weights, x, y = _network(run)
    return -flattened(clipped(model.gradient(unflattened(u, weights), x, y), smooth_clip(BOUND)))


@lru_cache(maxsize=16)
def _reference(run: Run) -> Any:
    """Return the clipped flow at time 2 by an adaptive method of order 8."""
    from scipy.integrate import solve_ivp

    _, weights, _, _ = _network(run)
    path = solve_ivp(lambda _t, u: _speed(run, u), (0, 2), flattened(weights), method="DOP853", rtol=1e-12, atol=1e-12)
    return path.y[:, -1]


def euler_distance(run: Run, steps: Number) -> float:
    """Return the distance of as many explicit steps from the clipped flow at time 2.

    Parameters
    ----------
    run
        The architecture and the seed.
    steps
        The number of steps.

    Returns
    -------
    float
        The distance.
    """
    _, weights, _, _ = _network(run)
    u = flattened(weights)
    for _ in range(int(steps)):
        u = u + 2.0 / int(steps) * _speed(run, u)
    return float(np.linalg.norm(u - _reference(run)))


proposition_1 = Limit(
    id="marion2024.proposition-1",
    title="the clipped flow has one solution",
    says=(
        "The clipped flow (5) has one solution, for all times. Measured on six layers to time 2: explicit steps tend to"
        " what an adaptive method of order 8 finds, with an error of first order in the step. The clipped right-hand side is"
        " bounded and locally Lipschitz; clipping is not needed for the conclusion, by the energy."
    ),
    formula=r"\dot Z_k=\pi(-L\,\partial_{Z_k}\ell)\ \text{has one solution on}\ [0,\infty)",
    source=f"{PAPER}, Proposition 1, page 4",
    instance=Run,
    instances=_draw_run,
    uses=("marion2024.equation-4.reading-energy",),
    gallery=(FREE, {**FREE, "seed": 1, "activation": NAMES.index("erf")}),
    quantity=euler_distance,
    limit=lambda p: 0.0,
    scales=tuple(Fraction(32 * 2**k) for k in range(4)),
    rate=Fraction(1),
    mutants=(changed("order 2", rate=Fraction(2)), changed("order 1/2", rate=Fraction(1, 2))),
)
