"""Judge limits by measurement: rates with confidence intervals.

Longer than most files: a rate is read at each instance, at each Richardson level and over drawn instances, by one rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import FLOATS
from numerics.extrapolation import Order, before_floor, bootstrap_mean, order_of_decay, richardson_levels
from theory.statement import Instance, Limit, Mutant
from verification.draws import UnitDraw
from verification.evaluate import float_hypotheses
from verification.galleries import gallery_of
from verification.outcome import Evidence, EvidenceKind, Judgement, Tooth, Verdict, plain

FLOOR = 1e-11
"""Relative errors below this are rounding, and say nothing about a rate."""


@dataclass(frozen=True)
class Reading:
    """What sizes at increasing scales say about their decay.

    Parameters
    ----------
    sizes
        The sizes.
    floor
        What of them is rounding.
    order
        Their order of decay; none when the floor is reached too soon, or a size is not a number.
    tends
        Whether they decay to the floor and stay there, or like a positive power to the end.
    """

    sizes: tuple[float, ...]
    floor: float
    order: Order | None
    tends: bool

    @property
    def at_floor(self) -> bool:
        """Whether all there is to see is rounding."""
        return all(size <= self.floor for size in self.sizes)

    def decays(self, claimed: float) -> bool:
        """Return whether the claimed order is the measured one, told from its neighbours."""
        return self.tends and self.order is not None and self.order.agrees(claimed)

    def words(self, digits: int = 2) -> str:
        """Return the order with its interval to so many digits, or why there is none, in a few words."""
        if not np.all(np.isfinite(self.sizes)):
            return "not a number"
        if self.at_floor:
            return "0 up to rounding"
        if self.order is None:
            return f"rounding after {before_floor(self.sizes, self.floor)} scales"
        if self.order.wanders:
            return f"no power ({min(self.order.local):z.1f} to {max(self.order.local):z.1f} locally)"
        order, low, high = (f"{end:z.{digits}f}" for end in (self.order.order, self.order.low, self.order.high))
        return f"order {order} [{low}, {high}]"


def read(scales: Any, sizes: Any, floor: float, confidence: float) -> Reading:
    """Read the decay of sizes at increasing scales.

    Parameters
    ----------
    scales, sizes
        The scales, and the sizes at them.
    floor
        What of them is rounding.
    confidence
        Of the interval where the local orders scatter.

    Returns
    -------
    Reading
        Their order, and whether they tend to 0.
    """
    sound = bool(np.all(np.isfinite(sizes)))
    order = order_of_decay(scales, sizes, floor, confidence) if sound else None
    to_the_end = before_floor(sizes, floor) == len(sizes)
    tends = sound and bool(sizes[-1] <= floor or (to_the_end and order is not None and order.low > 0))
    return Reading(tuple(np.asarray(sizes).tolist()), floor, order, tends)


@dataclass(frozen=True)
class Approach:
    """How a quantity approaches its claimed limit at one instance.

    Parameters
    ----------
    signed
        Relative errors at the scales with their signs, absolute ones when the limit is 0.
    reading
        What their sizes say.
    """

    signed: tuple[float, ...]
    reading: Reading

    @property
    def errors(self) -> tuple[float, ...]:
        """The sizes of the errors."""
        return self.reading.sizes

    @property
    def tends(self) -> bool:
        """Whether the errors decay to the rounding floor, or like a positive power to the end."""
        return self.reading.tends


def _scales(statement: Limit) -> Any:
    return np.array([float(scale) for scale in statement.scales])


def _confidence(statement: Limit) -> float:
    """Return the confidence at one instance with which all of them agree at 95%, if the claim is true at each."""
    return 1 - 0.05 / max(1, len(statement.gallery) + statement.draws)


def approach(statement: Limit, instance: Instance) -> Approach:
    """Measure the errors of a limit at its scales.

    Parameters
    ----------
    statement
        The statement.
    instance
        Exact data.

    Returns
    -------
    Approach
        The errors and their rate.
    """
    lifted = instance.lift(FLOATS)
    limit = float(statement.limit(lifted))
    scales = _scales(statement)
    values = np.array([float(statement.quantity(lifted, scale)) for scale in scales])
    signed = (values - limit) / (abs(limit) or 1.0)
    return Approach(tuple(signed.tolist()), read(scales, np.abs(signed), FLOOR, _confidence(statement)))


def extrapolated(statement: Limit, seen: Approach) -> list[Reading]:
    """Return what remains of the errors after each Richardson level that the statement claims.

    Parameters
    ----------
    statement
        A statement with a rate.
    seen
        Its errors at one instance.

    Returns
    -------
    list of Reading
        One a level.
    """
    if not statement.levels or statement.rate is None:
        return []
    powers = [float(statement.rate) + level for level in range(statement.levels)]
    columns = richardson_levels(_scales(statement), seen.signed, powers, FLOOR)
    return [read(*column, _confidence(statement)) for column in columns]


@dataclass(frozen=True)
class Objection:
    """What speaks against a claimed rate: a reading of the errors (level 0), or of what a Richardson level leaves of them."""

    level: int
    reading: Reading

    def words(self, digits: int = 2) -> str:
        """Return it in a few words."""
        return f"level {self.level}: " * (self.level > 0) + self.reading.words(digits)


def objection(statement: Limit, seen: Approach) -> Objection | None:
    """Return what speaks against the claimed rate and its levels at one instance.

    Parameters
    ----------
    statement
        The statement; faster than any power means reaching the floor.
    seen
        Its errors at the instance.

    Returns
    -------
    Objection or None
        The first one.
    """
    if statement.rate is None:
        return None if seen.tends and seen.errors[-1] <= FLOOR else Objection(0, seen.reading)
    claimed = float(statement.rate)
    if not seen.reading.decays(claimed):
        return Objection(0, seen.reading)
    for level, reading in enumerate(extrapolated(statement, seen), 1):
        if not (reading.decays(claimed + level) or reading.at_floor):
            return Objection(level, reading)
    return None


@dataclass(frozen=True)
class Sample:
    """Drawn instances of a limit, and the bootstrap interval of the mean order of all instances.

    Parameters
    ----------
    instances, seen
        Drawn instances inside the hypotheses, and how the quantity approaches its limit there.
    drawn
        How many were drawn.
    count
        How many instances have an order, those of the gallery included.
    low, high, drift
        The interval of the mean order, and by how much drift and scatter of the single orders may move it.
    """

    instances: tuple[Instance, ...]
    seen: tuple[Approach, ...]
    drawn: int
    count: int
    low: float
    high: float
    drift: float

    @property
    def order(self) -> Order:
        """The mean order with the interval that also allows for drift."""
        low, high = self.low - self.drift, self.high + self.drift
        return Order(order=(low + high) / 2, low=low, high=high, local=(), scattered=False)

    @property
    def still(self) -> int:
        """How many drawn instances have no error at all, such as a run in which nothing moves."""
        return sum(entry.reading.at_floor for entry in self.seen)

    def __str__(self) -> str:
        """Return the interval, and how many drawn instances have no order to read."""
        text = f"bootstrap over {self.count} instances [{self.low:z.4f}, {self.high:z.4f}], drift at most {self.drift:.2g}"
        return text + (f"; at {self.still} of {self.drawn} drawn instances the error is 0 up to rounding" if self.still else "")


def _draw_one(statement: Limit, stream: np.random.SeedSequence) -> Any:
    rng = np.random.default_rng(stream)
    return statement.drawn(UnitDraw(source=lambda: float(rng.random())))


def sample(statement: Limit, gallery: Sequence[Approach], seed: int) -> Sample | None:
    """Draw the instances that a statement asks for, measure them and bootstrap the mean order.

    Parameters
    ----------
    statement
        The statement.
    gallery
        How its quantity approaches its limit at the instances of its gallery.
    seed
        Seed; the statement's id and the number of a draw give each draw a stream of its own.

    Returns
    -------
    Sample or None
        The sample; none when the statement asks for no draws.
    """
    if not statement.draws:
        return None
    chance, *streams = np.random.SeedSequence([seed, *statement.id.encode()]).spawn(1 + statement.draws)
    drawn = [_draw_one(statement, stream) for stream in streams]
    instances = tuple(instance for instance in drawn if float_hypotheses(statement, instance))
    seen = tuple(approach(statement, instance) for instance in instances)
    orders = [entry.reading.order for entry in (*gallery, *seen) if entry.reading.order is not None]
    low = high = drift = float("nan")
    if len(orders) > 1:
        low, high = bootstrap_mean([order.order for order in orders], np.random.default_rng(chance))
        drift = float(np.mean([(order.high - order.low) / 2 for order in orders]))
    return Sample(instances, seen, len(drawn), len(orders), low, high, drift)


def _objection_of_sample(statement: Limit, found: Sample) -> str | None:
    claimed = float(statement.rate or 0)
    for instance, entry in zip(found.instances, found.seen, strict=True):
        if not (entry.reading.decays(claimed) or entry.reading.at_floor):
            return f"order {statement.rate} not seen at {instance}, drawn: {entry.reading.words(4)}"
    if found.count < 2:
        return f"a bootstrap needs two instances with an order, not {found.count}"
    return None if found.order.agrees(claimed) else f"order {statement.rate} is outside the {found}"


def judge_limit(statement: Limit, blank: Judgement, seed: int = 0) -> Judgement:
    """Judge a limit at the instances of its gallery, and at as many drawn ones as it asks for.

    Parameters
    ----------
    statement
        The statement.
    blank
        Judgement with the statement's own fields.
    seed
        Seed of the drawn instances.

    Returns
    -------
    Judgement
        Measured, or undecided about the rate where it is not seen or a negative control is not told apart; vacuous without
        an instance.

    Raises
    ------
    ValueError
        If a statement without a rate asks for Richardson levels or draws.
    """
    if statement.rate is None and (statement.levels or statement.draws):
        raise ValueError("levels and draws need a claimed rate: faster than any power has no order")
    instances = gallery_of(statement)
    if not instances:
        return replace(blank, verdict=Verdict.VACUOUS, reason="the gallery is empty: there is no instance to measure at")
    seen = [approach(statement, instance) for instance in instances]
    claimed = "faster than any power" if statement.rate is None else f"order {statement.rate}"
    against = [objection(statement, entry) for entry in seen]
    found = sample(statement, seen, seed)
    teeth = tuple(_bite(statement, mutant, instances, seen, found) for mutant in statement.mutants)
    judgement = replace(blank, teeth=teeth, hypotheses=_drawn(blank, found))
    reasons = [f"{claimed} not seen at {at}: {why.words(4)}" for at, why in zip(instances, against, strict=True) if why]
    reasons += [why for why in [found and _objection_of_sample(statement, found)] if why]
    reasons += [
        f"the control '{tooth.name}' is not told apart: {tooth.measured}"
        for mutant, tooth in zip(statement.mutants, teeth, strict=True)
        if not tooth.refuted and _is_control(statement, mutant.change(statement, 1.0))
    ]
    if reasons:
        return replace(judgement, verdict=Verdict.UNDECIDED, reason=reasons[0])
    return replace(judgement, evidence=(_evidence(statement, claimed, instances, seen, found),))


def _drawn(blank: Judgement, found: Sample | None) -> Any:
    if found is None:
        return blank.hypotheses
    satisfied = len(found.instances)
    return {**blank.hypotheses, "drawn": found.drawn, "satisfied": satisfied, "rate": satisfied / found.drawn}


def _evidence(
    statement: Limit, claimed: str, instances: list[Instance], seen: list[Approach], found: Sample | None
) -> Evidence:
    orders = [entry.reading.order for entry in seen]
    levels = [extrapolated(statement, entry) for entry in seen]
    summary = f"relative error at the last scale at most {max(entry.errors[-1] for entry in seen):.2g}; claimed {claimed}"
    if statement.rate is not None:
        summary += f", measured {_span(orders)}"
    for level, readings in enumerate(zip(*levels, strict=True), 1):
        summary += f"; level {level}: {_span([reading.order for reading in readings])}"
    figures: dict[str, Any] = {
        "instances": [instance.data() for instance in instances],
        "errors": [entry.errors for entry in seen],
        "scales": [str(Fraction(scale)) for scale in statement.scales],
        "orders": orders,
    }
    if statement.levels:
        figures["levels"] = [[{"sizes": entry.sizes, "order": entry.order} for entry in readings] for readings in levels]
    if found is not None:
        summary += f"; {found}"
        figures["drawn"] = [
            {"instance": at.data(), "errors": entry.errors, "order": entry.reading.order}
            for at, entry in zip(found.instances, found.seen, strict=True)
        ]
        figures["bootstrap"] = {"instances": found.count, "low": found.low, "high": found.high, "drift": found.drift}
    return Evidence(kind=EvidenceKind.MEASURED, summary=summary, figures=plain(figures))


def _span(orders: Sequence[Order | None]) -> str:
    read_off = [order for order in orders if order is not None]
    if not read_off:
        return "rounding"
    ends = f"[{min(order.low for order in read_off):z.3f}, {max(order.high for order in read_off):z.3f}]"
    least, most = min(order.order for order in read_off), max(order.order for order in read_off)
    return f"{least:z.3f} to {most:z.3f} (with drift and scatter within {ends})"


def _is_control(statement: Limit, changed: Limit) -> bool:
    """Return whether a mutant is a negative control: it changes what is measured, not what is claimed about it."""
    return changed.quantity is not statement.quantity


def _bite(statement: Limit, mutant: Mutant, instances: list[Instance], seen: list[Approach], found: Sample | None) -> Tooth:
    """Look for an instance at which the mutant's claim is not seen, and a control's order is not one we would accept."""
    changed = mutant.change(statement, 1.0)
    same = (changed.quantity, changed.limit, changed.scales) == (statement.quantity, statement.limit, statement.scales)
    told = "no instance"
    for instance, own in zip(instances, seen, strict=True):
        entry = own if same else approach(changed, instance)
        against = objection(changed, entry)
        told = against.words() if against else entry.reading.words()
        if against and not (_is_control(statement, changed) and _confused(statement, own, against, found)):
            return Tooth(name=mutant.name, refuted=True, measured=told)
    return Tooth(name=mutant.name, refuted=False, measured=told)


def _confused(statement: Limit, own: Approach, control: Objection, found: Sample | None) -> bool:
    """Return whether a control's interval holds the claimed order, or one of the statement's the order of the control."""
    there, level = control.reading.order, control.level
    if there is None:
        # What tends to the limit with no order to read is no visible failure either.
        return control.reading.tends
    if statement.rate is None or there.wanders:
        return False
    accepted = [[own.reading, *extrapolated(replace(statement, levels=level), own)][level].order]
    if found is not None and level == 0:
        accepted.append(found.order)
    claimed = float(statement.rate) + level
    return there.holds(claimed) or any(order is not None and order.holds(there.order) for order in accepted)
