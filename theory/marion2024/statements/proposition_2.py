"""Proposition 2, Lemmas 16 and 17: the neural ordinary differential equation, its discretization, and what breaks both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from numerics.activations import ACTIVATIONS
from numerics.arithmetic import Number, exp, sqrt
from numerics.residual_network import ResidualNetwork, Weights
from theory.marion2024.infinite_depth import LimitProblem, LimitState, initial_limit, limit_pass, sample_layers
from theory.marion2024.setting import PAPER, rounded
from theory.marion2024.training import NAMES, NODES, Run
from theory.proofs import identity
from theory.statement import Draw, Hypothesis, Identity, Inequality, Instance, Limit, Proof, changed, past_the_slack, without

SCALES = tuple(Fraction(8 * 4**k) for k in range(6))


def _smooth_weights(run: Run) -> tuple[LimitProblem, LimitState]:
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
    problem, state = _smooth_weights(run)
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
        {**FREE, "seed": 2, "activation": NAMES.index("relu")},
    ),
    quantity=lambda p, depth: discretization_error(p, int(depth)),
    limit=lambda p: 0.0,
    scales=SCALES,
    rate=Fraction(1),
    mutants=(
        changed("layers that jump", quantity=lambda p, depth: discretization_error(p, int(depth), rough=True)),
        changed("order 2", rate=Fraction(2)),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Riccati(Instance):
    r"""The equation :math:`y'=y^2` from a start, at a time.

    Parameters
    ----------
    start, t
        :math:`y(0)>0` and t.
    """

    start: Number
    t: Number


before = Hypothesis(
    name="before the blow-up",
    says="y(0) > 0 and 0 <= t < 1/y(0)",
    holds=lambda p: [(p.start, ">", 0 * p.t), (p.t, ">=", 0 * p.t), (p.start * p.t, "<", 0 * p.t + 1)],
    standing=True,
)


def _draw_riccati(draw: Draw, in_force: frozenset[str]) -> Riccati:
    del in_force
    start = rounded(draw.positive(0.1, 10.0))
    return Riccati(start=start, t=rounded(draw.real(0.0, 0.999)) / start)


def _riccati() -> Any:
    import sympy

    t, a = sympy.symbols("t a", positive=True)
    solution = a / (1 - a * t)
    return sympy.simplify(sympy.diff(solution, t) - solution**2)


blow_up = Inequality(
    id="marion2024.lemma-16.reading-blow-up",
    title="without a global Lipschitz constant solutions leave every bound",
    says=(
        "Ours, the control of Lemma 16: y' = y^2 is locally Lipschitz, and y(t) = y(0)/(1 - y(0) t) leaves every bound before"
        " t = 1/y(0); no exponential bound y(0) e^{Kt} with K = 2 y(0), the Lipschitz constant at the start, holds up to"
        " there."
    ),
    formula=r"y'=y^2:\quad y(t)=\frac{y(0)}{1-y(0)t}\ge y(0)e^{y(0)t}",
    source="ours; a control of Lemma 16",
    ours=True,
    instance=Riccati,
    instances=_draw_riccati,
    hypotheses=(before,),
    left=lambda p: p.start / (1 - p.start * p.t),
    relation=">=",
    right=lambda p, c: c.c * p.start * exp(p.start * p.t),
    constants={"c": Fraction(1)},
    gallery=({"start": 1, "t": "999/1000"}, {"start": 1, "t": 0}),
    proof=Proof(
        set="every y(0) > 0 and t < 1/y(0)",
        argument="1/(1 - u) >= e^u for 0 <= u < 1.",
        steps=(identity("y(0)/(1 - y(0) t) solves y' = y^2", _riccati),),
    ),
    mutants=(
        past_the_slack("c"),
        changed("e^{2 y(0) t}", right=lambda p, c: p.start * exp(2 * p.start * p.t)),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Moment(Instance):
    r"""A time.

    Parameters
    ----------
    t
        The time t.
    """

    t: Number


after = Hypothesis(name="t >= 0", says="t >= 0", holds=lambda p: (p.t, ">=", 0 * p.t))

two_solutions = Identity(
    id="marion2024.lemma-16.reading-two-solutions",
    title="without a Lipschitz constant solutions are not unique",
    says="Ours, the other control: y' = 2 sqrt(y) from 0 has the solutions 0 and t^2, of slope 2t = 2 sqrt(t^2).",
    formula=r"y'=2\sqrt y,\ y(0)=0:\quad y=0\ \text{and}\ y=t^2",
    source="ours; a control of Lemma 16",
    ours=True,
    instance=Moment,
    instances=lambda draw, in_force: Moment(t=rounded(draw.real(0.0 if after.name in in_force else -5.0, 5.0))),
    hypotheses=(after,),
    left=lambda p: 2 * p.t,
    right=lambda p, c: 2 * sqrt(p.t * p.t),
    gallery=({"t": 1},),
    mutants=(without(after.name, {"t": -1}), changed("slope t", left=lambda p: p.t)),
)
