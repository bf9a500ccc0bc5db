r"""Proposition 5 at sizes that satisfy all of its hypotheses literally, on drawn data, initial weights and weights nearby."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from theory.marion2024.setting import PAPER
from theory.marion2024.statements.proposition_5_sizes import Sizes, deepest, flat_cosine, setting, wide
from theory.statement import Draw, Probability

Floats: TypeAlias = NDArray[np.float64]
THINNER = {**flat_cosine(2, 28, 29, 11197, 3), "amplitude": "1/1024"}
"""The cosine 32 times flatter than elsewhere, so that three layers are enough; c_2 sqrt(nq) = 2.2."""


def _unit(rng: np.random.Generator, *shape: int) -> Floats:
    """Return an array of Frobenius norm 1."""
    array = rng.standard_normal(shape)
    return np.asarray(array / math.sqrt(float(np.sum(array * array))))


class NearbyNetwork:
    r"""A network at distance M from a drawn start, with all layers alike and V, :math:`W-\bar W` of rank one; d' = 1.

    Parameters
    ----------
    p
        The sizes, in floats.
    rng
        The source of data, start and directions.
    """

    def __init__(self, p: Any, rng: np.random.Generator) -> None:
        """Draw the network."""
        n, q = p.n, p.q
        reach = float(p.constants.reach(n, q))
        directions = rng.standard_normal((n, p.d))
        self.x = math.sqrt(q) * (directions / np.linalg.norm(directions, axis=1, keepdims=True)).T
        part = rng.uniform()
        self.first = np.eye(q, p.d) + reach * _unit(rng, q, p.d)
        self.last = np.eye(1, q, q - 1) + reach * _unit(rng, 1, q)
        # V = left right^T, and W adds below above^T to its start.
        self.left, self.right = part * reach * _unit(rng, q), _unit(rng, p.m)
        self.below, self.above = (1 - part) * reach * _unit(rng, p.m), _unit(rng, q)
        self.start = rng.standard_normal((p.m, q))
        self.p = p

    def before(self, h: Floats) -> Floats:
        r"""Return :math:`Wh/\sqrt q`, shape ``(m, n)``."""
        product = self.start @ h + self.below[:, None] * (self.above @ h)
        return np.asarray(product / math.sqrt(self.p.q))

    def states(self) -> list[Floats]:
        """Return the states of all layers."""
        p = self.p
        rows = [self.first @ self.x]
        for _ in range(p.depth):
            active = self.right @ p.wave.value(self.before(rows[-1]))
            rows.append(rows[-1] + self.left[:, None] * active / (p.depth * math.sqrt(p.m)))
        return rows

    def kernel(self) -> Floats:
        r"""Return the part of V in the tangent kernel.

        Returns
        -------
        numpy.ndarray
            :math:`\frac1{Lm}\sum_k(P^\top P)\odot(\Sigma^\top\Sigma)`, shape ``(n, n)``, P the derivatives of the outputs in
            the states and :math:`\Sigma` the features.
        """
        p, states = self.p, self.states()
        adjoints = np.repeat(self.last.T, p.n, axis=1)
        result = np.zeros((p.n, p.n))
        for h in reversed(states[:-1]):
            before = self.before(h)
            active = p.wave.value(before)
            result += (adjoints.T @ adjoints) * (active.T @ active)
            inside = self.right[:, None] * (self.left @ adjoints) * p.wave.slope(before)
            pulled = self.start.T @ inside + self.above[:, None] * (self.below @ inside)
            adjoints = adjoints + pulled / (p.depth * math.sqrt(p.q * p.m))
        return np.asarray(result / (p.depth * p.m))


def holds_nearby(p: Any, rng: np.random.Generator) -> bool:
    """Return whether the squared gradient in V is at least the sharp rate times the loss at a drawn network, for all y."""
    smallest = 4 / p.n * np.linalg.eigvalsh(NearbyNetwork(p, rng).kernel())[0]
    return bool(smallest >= p.constants.sharp_rate(p.n))


def _draw(draw: Draw, in_force: frozenset[str]) -> Sizes:
    del draw, in_force
    return Sizes.parse(THINNER)


reading_literal = Probability(
    id="marion2024.proposition-5.reading-literal",
    title="the local condition at literally admissible sizes",
    says=(
        "Proposition 5 at sigma = (1 - cos u)/1024, r = 2, n = 2, d = 28, q = 29, m = 11197, L = 3, data uniform on the sphere,"
        " where delta = 0.042: weights are drawn at distance M of drawn starts, and the smallest ratio of the squared gradient"
        " in V to the loss, over all targets, is compared with eta_r^2/(11 n), which is 140 times the printed mu. It is larger"
        " at every trial, 38 times at least. A necessary condition only: weights are not searched."
    ),
    formula=r"P\big((M,\mu)\text{-local condition}\big)\ge1-\delta",
    source=f"{PAPER}, Proposition 5, page 6",
    instance=Sizes,
    instances=_draw,
    hypotheses=(setting, wide, deepest),
    uses=("marion2024.proposition-5.reading-sharp", "marion2024.remark-2.reading-sphere", "marion2024.lemma-21"),
    gallery=(THINNER,),
    event=holds_nearby,
    at_least=lambda p: 1 - p.delta,
)
