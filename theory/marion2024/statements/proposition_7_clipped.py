r"""The proof of Proposition 7: the bound (17) on the parameters, along explicit Euler steps of the clipped flow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from numerics.arithmetic import Number, maximum, total
from theory.marion2024.setting import PAPER, Numbers, rounded
from theory.marion2024.statements.proposition_7_layers import LAYERS, length
from theory.marion2024.statements.proposition_7_network import Network, draw_vector
from theory.marion2024.statements.proposition_7_states import chain
from theory.statement import Draw, Hypothesis, Inequality, Instance, changed, past_the_slack, scaled


@dataclass(frozen=True, kw_only=True)
class ClippedTraining(Instance):
    r"""A network trained by explicit Euler steps of the clipped flow (5), :math:`\pi` the projection on a ball.

    Parameters
    ----------
    family, a, b, weights, x, y
        The initial network, as in :class:`Network`.
    level
        :math:`M_\pi`, the radius of the ball.
    step
        The length of a step in training time.
    steps
        How many.
    """

    family: int
    a: Numbers
    b: Numbers
    weights: Numbers
    x: Numbers
    y: Numbers
    level: Number
    step: Number
    steps: int

    @property
    def network(self) -> Network:
        """Return the initial network."""
        return Network(family=self.family, bound=self.level, a=self.a, b=self.b, weights=self.weights, x=self.x, y=self.y)

    @property
    def time(self) -> Number:
        """Return T."""
        return self.steps * self.step


def projected(vector: Numbers, level: Number) -> Numbers:
    """Return the nearest point of the ball of radius ``level``."""
    return vector * (level / maximum(level, length(vector)))


def unclipped(vector: Numbers, level: Number) -> Numbers:
    """Return the vector."""
    del level
    return vector


def norms(network: Network) -> Numbers:
    r"""Return :math:`|A|,|B|,|Z_1|,\dots,|Z_L|`."""
    return chain(*(length(vector) for vector in (network.a, network.b, *network.layers)))


def euler_step(network: Network, size: Number, level: Number, clip: Any) -> Network:
    """Return the network after one step.

    Parameters
    ----------
    network
        The network.
    size
        The length of the step.
    level
        Radius of the clipping.
    clip
        The clipping.

    Returns
    -------
    Network
        The next network.
    """
    n = len(network.x)
    first = total(chain(*(p * x for p, x in zip(network.backward[0], network.x, strict=True))).reshape(n, -1), axis=0) / n
    pairs = zip(network.residuals, network.states[-1], strict=True)
    last = total(chain(*(2 * residual * h for residual, h in pairs)).reshape(n, -1), axis=0) / n
    weights = [z - size * clip(v, level) for z, v in zip(network.layers, network.speeds, strict=True)]
    # A copy made by ``replace`` starts without the cached states.
    return replace(
        network,
        a=network.a - size * clip(first, level),
        b=network.b - size * clip(last, level),
        weights=chain(*weights),
    )


def trained_norms(p: Any, clip: Any = projected) -> Numbers:
    """Return the norms of A, B and the layers after each step, as one array."""
    network, found = p.network, []
    for _ in range(p.steps):
        network = euler_step(network, p.step, p.level, clip)
        found.append(norms(network))
    return chain(*found)


def start_norm(p: Any) -> Number:
    r"""Return :math:`M_0`, the largest initial norm."""
    result = 0 * p.level
    for value in norms(p.network):
        result = maximum(result, value)
    return result


training = Hypothesis(
    name="setting",
    says="L >= 1, n >= 1, M_pi > 0, a step > 0, at least one, and sizes that the layer takes",
    holds=lambda p: [
        (p.family, ">=", 1),
        (p.family, "<=", len(LAYERS)),
        (p.network.depth, ">=", 1),
        (len(p.weights), "==", p.network.depth * p.network.layer.p),
        (len(p.a), "==", p.network.layer.q),
        (len(p.b), "==", p.network.layer.q),
        (len(p.x), ">=", 1),
        (len(p.x), "==", len(p.y)),
        (p.level, ">", 0 * p.level),
        (p.step, ">", 0 * p.level),
        (p.steps, ">=", 1),
    ],
    standing=True,
)


def _draw_training(draw: Draw, in_force: frozenset[str]) -> ClippedTraining:
    del in_force
    family, depth, n = draw.integer(1, len(LAYERS)), draw.integer(1, 3), draw.integer(1, 2)
    layer, one = LAYERS[family - 1], Fraction(1)
    weights = [draw_vector(draw, layer.p, one) for _ in range(depth)]
    return ClippedTraining(
        family=family,
        a=draw_vector(draw, layer.q, one),
        b=draw_vector(draw, layer.q, one),
        weights=tuple(entry for row in weights for entry in row),
        x=tuple(draw.choice((1, -1)) * rounded(draw.positive(0.1, 10.0)) for _ in range(n)),
        y=tuple(draw.choice((1, -1)) * rounded(draw.positive(0.1, 100.0)) for _ in range(n)),
        level=rounded(draw.positive(1e-3, 1.0)),
        step=rounded(draw.positive(1e-2, 0.5)),
        steps=draw.integer(1, 4),
    )


SATURATED = {
    "family": 1, "a": [1], "b": [1], "weights": [0, 1], "x": [1], "y": [100], "level": "1/2", "step": "1/4", "steps": 4,
}  # fmt: skip
FREE = {
    "family": 4, "a": [1, 0], "b": [0, 1], "weights": [1, 0, 0, 1], "x": [1, 2], "y": [1, 1],
    "level": 1, "step": "1/10", "steps": 3,
}  # fmt: skip

equation_17 = Inequality(
    id="marion2024.equation-17",
    title="the parameters stay bounded under the clipped flow",
    says=(
        "|A|, |B| and every |Z_k| are at most M = M_0 + T M_pi on [0, T]. Here the flow is its explicit Euler scheme, so that"
        " the integral of the proof is a sum; pi is the projection on a ball. Equality while the clipping is saturated and the"
        " largest parameter grows."
    ),
    formula=r"\|A(t)\|_F\le\|A(0)\|_F+\int_0^t\Big\|\frac{dA}{dt}\Big\|_F\le M_0+TM_\pi=M,"
    r"\quad\|Z_k(t)\|\le M,\quad\|B(t)\|_F\le M",
    source=f"{PAPER}, (17), pages 15 and 16",
    instance=ClippedTraining,
    instances=_draw_training,
    hypotheses=(training,),
    left=trained_norms,
    relation="<=",
    right=lambda p, c: c.c * (start_norm(p) + c.time * p.time * p.level),
    constants={"c": Fraction(1), "time": Fraction(1)},
    cost=2,
    gallery=(SATURATED, FREE),
    mutants=(
        past_the_slack("c"),
        scaled("time", Fraction(9, 10)),
        changed("no clipping", left=lambda p: trained_norms(p, unclipped)),
    ),
)
