r"""Theorem 6 at sizes that satisfy all of its hypotheses literally, with targets of the printed size C, trained to the end.

C is about :math:`10^{-30}`, and the weights move by :math:`10^{-15}` of their size. In floats the features
:math:`\sigma(Wh/\sqrt q)` and the backward states are then the same in every layer and at all times, so that
:math:`V_k=PS^\top/\sqrt m` with P of shape (q, n), S the features at the start: the flow is followed in the deviations of A
and B from their start and in P, which floats hold to full relative accuracy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from theory.marion2024.setting import PAPER
from theory.marion2024.statements.proposition_5_sizes import Sizes, deepest, flat_cosine, setting, wide
from theory.marion2024.statements.theorem_6_constants import log_largest_loss, printed_rate
from theory.statement import Draw, InputError, Probability

Floats: TypeAlias = NDArray[np.float64]
FLAT = {**flat_cosine(2, 28, 29, 11197, 3), "amplitude": "1/1024"}
r""":math:`\sigma=(1-\cos u)/1024`, n = 2, d = 28, q = 29, m = 11197, L = 3: admissible, with delta = 0.042."""
TIMES = (0.02, 0.05, 0.1, 0.2, 0.5)
MIDDLE = 2


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Where the flow is.

    Parameters
    ----------
    a, b
        The deviations of A and B from their start, shapes ``(q, d)`` and ``(d', q)``.
    p
        P, of every layer.
    """

    a: Floats
    b: Floats
    p: Floats

    @property
    def packed(self) -> Floats:
        """Return all entries as one vector."""
        return np.concatenate([self.a.ravel(), self.b.ravel(), self.p.ravel()])


class LiteralTraining:
    r"""One drawn problem: data, features at the start, and targets with :math:`\frac1n\sum\|y_i\|^2=C`.

    Parameters
    ----------
    p
        The sizes, in floats.
    rng
        The source of data and initial weights.
    """

    def __init__(self, p: Any, rng: np.random.Generator) -> None:
        """Draw the problem."""
        self.sizes = p
        directions = rng.standard_normal((p.n, p.d))
        self.x = math.sqrt(p.q) * (directions / np.linalg.norm(directions, axis=1, keepdims=True)).T
        self.inner = rng.standard_normal((p.m, p.q))
        self.features = p.wave.value(self.inner[:, : p.d] @ self.x / math.sqrt(p.q))
        self.gram = self.features.T @ self.features / p.m
        self.start_a, self.start_b = np.eye(p.q, p.d), np.eye(p.q - p.d, p.q, p.d)
        y = rng.standard_normal((p.q - p.d, p.n))
        self.y = y * math.sqrt(self.largest_loss * p.n / float(np.sum(y * y)))

    @property
    def reach(self) -> float:
        """Return M."""
        return float(self.sizes.constants.reach(self.sizes.n, self.sizes.q))

    @property
    def rate(self) -> float:
        r"""Return the printed :math:`\mu`."""
        return float(printed_rate(self.sizes.constants.c_4, self.sizes.n, self.sizes.q))

    @property
    def largest_loss(self) -> float:
        r"""Return C, with :math:`K_1` and a bound on :math:`K_2` as in :meth:`Width.literal`."""
        p, c = self.sizes, self.sizes.constants
        root, m_z = math.sqrt(p.q * p.m), float(np.linalg.norm(self.inner)) + self.reach
        first = c.lipschitz * m_z**2 / (4 * root)
        states = (1 + self.reach) * math.sqrt(p.q)
        k = max(first, c.lipschitz * math.exp(first) * states * m_z / root)
        return float(np.exp(log_largest_loss(c.c_3, c.c_4, k, max(states, (1 + self.reach) * k), (p.n, p.q))))

    @property
    def unmoved(self) -> Moved:
        """Return the start."""
        p = self.sizes
        return Moved(a=np.zeros((p.q, p.d)), b=np.zeros((p.q - p.d, p.q)), p=np.zeros((p.q, p.n)))

    def unpacked(self, u: Floats) -> Moved:
        """Return the deviations that a vector stands for."""
        start = self.unmoved
        a, b, p = np.split(u, np.cumsum([start.a.size, start.b.size]))
        return Moved(a=a.reshape(start.a.shape), b=b.reshape(start.b.shape), p=p.reshape(start.p.shape))

    def residual(self, at: Moved) -> tuple[Floats, Floats]:
        r"""Return the residual, shape ``(d', n)``, and the last states."""
        move = at.a @ self.x + at.p @ self.gram
        return at.b @ (self.start_a @ self.x + move) + self.start_b @ move - self.y, self.start_a @ self.x + move

    def speed(self, at: Moved) -> Moved:
        """Return the right side of the flow (4)."""
        n = self.sizes.n
        residual, last = self.residual(at)
        backward = 2 * (self.start_b + at.b).T @ residual / n
        return Moved(a=-backward @ self.x.T, b=-2 * residual @ last.T / n, p=-backward)

    def loss(self, at: Moved) -> float:
        """Return the loss."""
        return float(np.sum(self.residual(at)[0] ** 2) / self.sizes.n)

    def move(self, at: Moved) -> float:
        """Return the largest distance of A, B and a layer from their start."""
        layer = math.sqrt(max(0.0, float(np.trace(at.p @ self.gram @ at.p.T))))
        return max(float(np.linalg.norm(at.a)), float(np.linalg.norm(at.b)), layer)

    def smallest_slope(self, at: Moved) -> float:
        """Return the smallest squared gradient over loss for any targets, without the part of W, which is not negative."""
        outputs, last = self.start_b + at.b, self.residual(at)[1]
        both = np.kron(self.x.T @ self.x + self.gram, outputs @ outputs.T)
        return float(4 / self.sizes.n * np.linalg.eigvalsh(both + np.kron(last.T @ last, np.eye(len(outputs))))[0])

    def path(self, times: tuple[float, ...] = TIMES) -> list[Moved]:
        """Return the flow at some times, by an adaptive rule relative to the size of the targets.

        Parameters
        ----------
        times
            Increasing positive times.

        Returns
        -------
        list of Moved
            The deviations at the times.

        Raises
        ------
        InputError
            If the flow cannot be solved that far.
        """
        from scipy.integrate import solve_ivp  # a slow import, which listing statements does not need

        run = solve_ivp(
            lambda _t, u: self.speed(self.unpacked(u)).packed,
            (0.0, times[-1]),
            self.unmoved.packed,
            method="DOP853",
            t_eval=times,
            rtol=1e-8,
            atol=1e-9 * float(np.abs(self.y).max()),
        )
        if not run.success:
            raise InputError(f"the flow is not solved to time {times[-1]!r}: {run.message}")
        return [self.unpacked(u) for u in run.y.T]


def trains(p: Any, rng: np.random.Generator) -> bool:
    r"""Train a drawn network and tell whether everything that Theorem 6 says of one depth holds.

    Parameters
    ----------
    p
        The sizes.
    rng
        The source of the draw.

    Returns
    -------
    bool
        Whether (10) holds with the printed :math:`\mu` at some times, and at one of them with 0.99 of the smallest slope at the
        start for :math:`\mu`; A, B and the layers stay within M/2; and the slope is at least :math:`\mu` at both ends.
    """
    problem = LiteralTraining(p, rng)
    zero, stages = problem.unmoved, problem.path()
    start = problem.loss(zero)
    slopes = [problem.smallest_slope(at) for at in (zero, stages[-1])]
    losses = [problem.loss(at) / start for at in stages]
    decays = all(loss <= math.exp(-problem.rate * t) for loss, t in zip(losses, TIMES, strict=True))
    decays = decays and losses[MIDDLE] <= math.exp(-0.99 * slopes[0] * TIMES[MIDDLE])
    near = all(problem.move(at) <= problem.reach / 2 for at in stages)
    return bool(decays and near and min(slopes) >= problem.rate)


def _draw(draw: Draw, in_force: frozenset[str]) -> Sizes:
    del draw, in_force
    return Sizes.parse(FLAT)


reading_literal = Probability(
    id="marion2024.theorem-6.reading-literal",
    title="training at literally admissible sizes, with targets of the printed size",
    says=(
        "Theorem 6 at sigma = (1 - cos u)/1024, r = 2, n = 2, d = 28, q = 29, m = 11197, L = 3, data uniform on the sphere"
        " and mean |y|^2 = C = 2 10^-30: admissible, with delta = 0.042. At every trial the loss decays like e^{-st}, s the"
        " smallest slope at the start, which is about 10^12 times the printed mu = 5.7 10^-11 (6500 times by V alone); A, B"
        " and the layers move by 2 10^-13 M. So the theorem holds here with all to spare; its C keeps the targets from any"
        " size that occurs."
    ),
    formula=r"P\big(\ell(t)\le e^{-\mu t}\ell(0),\ \text{within }M\big)\ge1-\delta",
    source=f"{PAPER}, Theorem 6, page 6, with the constants of Appendix B",
    instance=Sizes,
    instances=_draw,
    hypotheses=(setting, wide, deepest),
    uses=("marion2024.theorem-6.part-constant", "marion2024.proposition-5.reading-literal", "marion2024.proposition-8.part-v"),
    gallery=(FLAT,),
    event=trains,
    at_least=lambda p: 1 - p.delta,
)
