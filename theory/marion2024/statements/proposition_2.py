"""Proposition 2: the neural ordinary differential equation and its discretization."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

import numpy as np

from numerics.activations import ACTIVATIONS
from numerics.residual_network import ResidualNetwork, Weights
from theory.marion2024.infinite_depth import LimitProblem, LimitState, initial_limit, limit_pass, sample_layers
from theory.marion2024.setting import PAPER
from theory.marion2024.training import NAMES, NODES, Run
from theory.statement import Limit, changed

SCALES = tuple(Fraction(8 * 4**k) for k in range(6))


def smooth_weights(run: Run) -> tuple[LimitProblem, LimitState]:
    r"""Return weights :math:`V(s)=V_0+V_1\cos(\pi s)`, :math:`W(s)=W_0+W_1s^2` and data, from the seed of a run."""
    rng = np.random.default_rng(np.random.SeedSequence(int(run.seed)))
    x = rng.standard_normal((run.n, 2))
    problem = LimitProblem(x=x, y=0 * x, q=run.q, m=run.m, activation=ACTIVATIONS[NAMES[run.activation]])
    state = initial_limit(problem, rng=rng, nodes=NODES)
    s = state.grid.nodes[:, None, None]
    v = [rng.standard_normal((run.q, run.m)) for _ in range(2)]
    w = rng.standard_normal((run.m, run.q))
    return problem, replace(state, V=v[0] + v[1] * np.cos(np.pi * s), W=state.W + w * s * s)


@lru_cache(maxsize=64)
def discretization_error(run: Run, depth: int, rough: bool = False) -> float:
    r"""Return :math:`\max_i|F(x_i)-F^L(x_i)|` for smooth weights sampled at k/L, or for weights with jumps of order 1.

    Parameters
    ----------
    run
        The architecture and the seed.
    depth
        The depth L.
    rough
        Whether every layer is moved by plus or minus a fixed matrix, at random.

    Returns
    -------
    float
        The error.
    """
    problem, state = smooth_weights(run)
    target = limit_pass(problem, state).hidden[-1] @ state.B.T
    v, w = sample_layers(state, depth)
    if rough:
        signs = np.random.default_rng(depth).choice([-1.0, 1.0], depth)
        v = v + signs[:, None, None]
    network = ResidualNetwork(activation=problem.activation)
    passed = network.forward(Weights(A=state.A, V=v, W=w, B=state.B), problem.x)
    return float(np.abs(passed.output - target).max())


FREE = {"seed": 0, "activation": NAMES.index("tanh"), "n": 5, "q": 4, "m": 6, "steps": 1, "clipped": 0}

proposition_2 = Limit(
    id="marion2024.proposition-2",
    title="a residual network with smooth weights discretizes its differential equation",
    says=(
        "If V and W are Lipschitz functions of depth the equation (6) has one solution, and with V_k = V(k/L), W_k = W(k/L)"
        " the outputs differ by at most C/L. Measured on analytic weights against the equation solved to rounding, up to"
        " depth 8192. With weights that jump by a fixed amount from layer to layer the error is of order 1/sqrt(L)."
    ),
    formula=r"\sup_x\|F(x)-F^L(x)\|\le\frac CL",
    source=f"{PAPER}, Proposition 2, page 4",
    instance=Run,
    instances=lambda draw, in_force: Run.parse({**FREE, "seed": draw.integer(0, 1000)}),
    gallery=(
        FREE,
        {**FREE, "seed": 1, "activation": NAMES.index("gelu")},
        {**FREE, "seed": 2, "activation": NAMES.index("arctan")},
    ),
    quantity=lambda p, depth: discretization_error(p, int(depth)),
    limit=lambda p: 0.0,
    scales=SCALES,
    rate=Fraction(1),
    draws=8,
    mutants=(
        changed("layers that jump", quantity=lambda p, depth: discretization_error(p, int(depth), rough=True)),
        changed("order 2", rate=Fraction(2)),
    ),
)
