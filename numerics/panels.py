r"""Adaptive integration of :math:`|f|\,g` over many panels at once, each with a coordinate system of its own.

Narrow peaks sit at known places. A panel carries two integer tags that say from where its coordinate is measured, so that a
peak narrower than the spacing of floats is resolved, and all panels are evaluated together. Panels are split where ``f``
changes sign and bisected until two Gauss-Legendre rules agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Function = Callable[["Panels", Array], Array]
COARSE, FINE = 12, 20
ROUNDS = 40
GROWTH, SPARE = 4, 2000
"""Bisection ends when there are more panels than GROWTH times those at the start plus SPARE: beyond, it resolves rounding."""


def _rule(nodes: int) -> tuple[Array, Array]:
    from scipy.special import roots_legendre  # slow to import, and not needed to list statements

    x, w = roots_legendre(nodes)
    return x, w


@dataclass(frozen=True)
class Panels:
    """Intervals in local coordinates.

    Parameters
    ----------
    first, second
        Integer tags of the coordinate systems, shape ``(panels,)``.
    low, high
        Ends of the intervals in those coordinates, shape ``(panels,)``.
    """

    first: Array
    second: Array
    low: Array
    high: Array

    def __len__(self) -> int:
        """Return the number of panels."""
        return len(self.low)

    def take(self, which: Array) -> Panels:
        """Return the panels that ``which`` selects."""
        return Panels(self.first[which], self.second[which], self.low[which], self.high[which])

    def nodes(self, unit: Array) -> Array:
        """Return nodes in the panels, shape ``(panels, nodes)``, from nodes in [-1, 1]."""
        centre, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        return centre[:, None] + half[:, None] * unit

    def joined(self, other: Panels) -> Panels:
        """Return these panels followed by ``other``."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in self.__dataclass_fields__)
        return Panels(*(np.concatenate(pair) for pair in pairs))

    def split(self, at: Array) -> Panels:
        """Return every panel cut at its entry of ``at``."""
        left = Panels(self.first, self.second, self.low, at)
        return left.joined(Panels(self.first, self.second, at, self.high))


def panels_of(first: int, second: int, edges: Array) -> Panels:
    """Return the consecutive panels between sorted ``edges`` in one coordinate system; empty ones are left out."""
    low, high = edges[:-1], edges[1:]
    keep = high > low
    count = int(keep.sum())
    return Panels(np.full(count, first), np.full(count, second), low[keep], high[keep])


def join(parts: list[Panels]) -> Panels:
    """Return all panels of ``parts`` in one object."""
    names = Panels.__dataclass_fields__
    return Panels(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True)
class Integral:
    """An integral and a bound on its error.

    Parameters
    ----------
    value
        The integral.
    error
        Difference of the two rules summed over the panels, plus the rounding of the integrand, where given, and the sum.
    panels
        Number of panels used.
    converged
        Whether the panels all agreed before the rounds ran out.
    """

    value: float
    error: float
    panels: int
    converged: bool


def _root(f: Function, panels: Panels, low: Array, high: Array) -> Array:
    """Bisect the bracket [low, high] of a sign change in every panel."""
    sign = np.sign(f(panels, low[:, None])[:, 0])
    for _ in range(60):
        middle = (low + high) / 2
        same = np.sign(f(panels, middle[:, None])[:, 0]) == sign
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return (low + high) / 2


def split_at_sign_changes(f: Function, panels: Panels, noise: Function | None = None) -> Panels:
    """Return the panels cut at the sign changes of ``f`` seen between the nodes of the fine rule.

    Parameters
    ----------
    f
        Maps panels and nodes of shape ``(panels, nodes)`` to values of that shape.
    panels
        The panels.
    noise
        Rounding error of ``f``, of the same form: a change between values below it is none.

    Returns
    -------
    Panels
        More panels, on each of which no sign change is seen.
    """
    unit = np.concatenate([[-1.0], _rule(FINE)[0], [1.0]])
    done: list[Panels] = []
    for _ in range(8):
        nodes = panels.nodes(unit)
        values = f(panels, nodes)
        signs = np.sign(values if noise is None else np.where(np.abs(values) > noise(panels, nodes), values, 0.0))
        change = signs[:, 1:] * signs[:, :-1] < 0
        has: Array = np.asarray(change.any(axis=1))
        done.append(panels.take(~has))
        if not has.any():
            break
        # A cut made before shows as a change beside an end, by rounding: changes further inside come first.
        priority = change[has] * np.concatenate([[1], np.full(len(unit) - 3, 2), [1]])
        panels, at = panels.take(has), priority.argmax(axis=1)
        rows = np.arange(len(panels))
        cut = _root(f, panels, nodes[has][rows, at], nodes[has][rows, at + 1])
        # A root at an end of its panel cuts nothing off.
        inner: Array = np.asarray((cut > panels.low) & (cut < panels.high))
        done.append(panels.take(~inner))
        panels = panels.take(inner).split(cut[inner])
        if len(panels) == 0:
            break
    else:
        done.append(panels)
    return join(done)


def _floor(noise: Function | None, g: Function | None, panels: Panels) -> Array:
    """Return the integral of the rounding error of the integrand over each panel, by a rule that sees its size."""
    if noise is None:
        return np.zeros(len(panels))
    unit, weights = _rule(6)
    nodes = panels.nodes(unit)
    values = noise(panels, nodes)
    if g is not None:
        values = values * g(panels, nodes)
    return np.asarray((panels.high - panels.low) / 2 * (values @ weights))


def integrate_absolute(
    f: Function, g: Function | None, panels: Panels, *, relative: float = 1e-12, noise: Function | None = None
) -> Integral:
    r"""Return :math:`\sum\int|f|\,g` over the panels.

    Parameters
    ----------
    f
        Maps panels and nodes of shape ``(panels, nodes)`` to values of that shape.
    g
        A weight of the same form, or ``None`` for 1.
    panels
        The panels to start from; they should already be narrow where ``f`` is.
    relative
        Error at which bisection stops, relative to the whole.
    noise
        Bound on the rounding error of ``f``, of the same form. Its integral is part of the error, and bisection stops there.

    Returns
    -------
    Integral
        The value with its error.
    """
    rules = [_rule(COARSE), _rule(FINE)]
    unit = np.concatenate([rule[0] for rule in rules])
    work = split_at_sign_changes(f, panels, noise)
    value, error, used, most = 0.0, 0.0, 0, GROWTH * len(work) + SPARE
    floor = _floor(noise, g, work)
    error += float(floor.sum())
    for round_ in range(ROUNDS):
        nodes = work.nodes(unit)
        values = np.abs(f(work, nodes))
        if g is not None:
            values = values * g(work, nodes)
        half = (work.high - work.low) / 2
        coarse = half * (values[:, :COARSE] @ rules[0][1])
        fine = half * (values[:, COARSE:] @ rules[1][1])
        difference = np.abs(fine - coarse)
        whole = value + float(fine.sum())
        open_ = difference > floor + relative * max(whole, np.finfo(float).tiny) / max(16, used + len(work))
        last = round_ == ROUNDS - 1 or used + len(work) + int(open_.sum()) > most
        closed = np.ones_like(open_) if last else ~open_
        value, error = value + float(fine[closed].sum()), error + float(difference[closed].sum())
        used += int(closed.sum())
        if last or not open_.any():
            break
        work = work.take(open_)
        work = work.split((work.low + work.high) / 2)
        floor = _floor(noise, g, work)
    return Integral(value, error + 64 * np.finfo(float).eps * value, used, not open_.any())
