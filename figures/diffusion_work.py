"""Runs the trainings of Figures 3 and 4 of wu2025 part by part, side by side, and measures what they generate."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from figures.work import Work
from theory.wu2025.diffusion_runs import measure_samples, train_part
from verification.progress import span


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A training and the sets of samples that are generated after it.

    Parameters
    ----------
    reading, dimension, simulation, eta
        What is trained.
    batch, width, steps
        Points a step, neurons, and steps.
    """

    reading: str
    dimension: int
    simulation: int
    eta: float
    batch: int
    width: int
    steps: int

    @property
    def step_cost(self) -> float:
        """Return what a step costs beside the others: the numbers of multiplications, without those that all have."""
        return self.batch * self.width * (2.0 * self.dimension + 2)

    def unit(self, part: int, length: int, theta: Any) -> dict[str, Any]:
        """Return the unit of a part."""
        return {**vars(self), "part": part, "steps": min(length, self.steps - part * length), "theta": theta}


def part_steps(chain: Chain, budget: float) -> int:
    """Return how many steps a part has so that it costs about the budget, in multiplications of a product."""
    return max(1, round(budget / chain.step_cost))


def trained(chains: list[Chain], work: Work, budget: float) -> list[Any]:
    """Train all chains and return their packed parameters, None for those that diverged.

    Parameters
    ----------
    chains
        The trainings.
    work
        Where parts run and are stored.
    budget
        What a part costs; the shorter, the less an interruption loses.

    Returns
    -------
    list
        The parameters, in the order of the chains.
    """
    lengths = [part_steps(chain, budget) for chain in chains]
    parts = [-(-chain.steps // length) for chain, length in zip(chains, lengths, strict=True)]
    reached: list[Any] = [None] * len(chains)
    lost: set[int] = set()
    pace, left = 0.0, sum(chain.steps * chain.step_cost for chain in chains)
    for part in range(max(parts)):
        alive = [k for k in range(len(chains)) if part < parts[k] and k not in lost]
        units = [chains[k].unit(part, lengths[k], reached[k]) for k in alive]
        costs = [unit["steps"] * chains[k].step_cost for k, unit in zip(alive, units, strict=True)]
        order = sorted(range(len(alive)), key=lambda at: -costs[at])
        started = time.monotonic()
        name = f"training, round {part + 1} of {max(parts)}"
        results = work.gather(name, train_part, [units[at] for at in order], _cost(chains))
        for at, result in zip(order, results, strict=True):
            reached[alive[at]] = result["theta"]
            if result["theta"] is None:
                lost.add(alive[at])
        left -= sum(costs)
        # Rounds found on disk take no time, so that the slowest pace is that of those computed.
        pace = max(pace, (time.monotonic() - started) / sum(costs)) if costs else pace
        if work.show is not None and part + 1 < max(parts):
            work.show(f"training: {part + 1} of {max(parts)} rounds, all of them about {span(left * pace)} more")
    return reached


def _cost(chains: list[Chain]) -> Any:
    steps = {(chain.dimension, chain.batch, chain.width): chain.step_cost for chain in chains}
    return lambda unit: unit["steps"] * steps[unit["dimension"], unit["batch"], unit["width"]]


def sample_unit(chain: Chain, at: int, count: int, theta: Any) -> dict[str, Any]:
    """Return the unit of a generated set, of a network or of the known laws."""
    kept = {name: getattr(chain, name) for name in ("reading", "dimension", "simulation")}
    return {**kept, "set": at, "count": count, "theta": theta}


def sample_cost(unit: dict[str, Any]) -> float:
    """Return what a generated set costs beside the others; the known laws are five."""
    return (int(unit["dimension"]) + 20.0) * (1 if unit["theta"] is not None else 4)


def known(cases: list[Chain], sets: int, count: int, work: Work) -> list[list[dict[str, Any]]]:
    """Draw and measure the sets of the known laws of each case.

    Parameters
    ----------
    cases
        Their readings, dimensions and simulations count.
    sets, count
        How many sets, of how many samples.
    work
        Where the units run.

    Returns
    -------
    list
        For each case the results of its sets.
    """
    units = [sample_unit(case, at, count, None) for case in cases for at in range(sets)]
    order = sorted(range(len(units)), key=lambda at: -units[at]["dimension"])
    found = work.gather("known laws", measure_samples, [units[at] for at in order], sample_cost)
    results: list[Any] = [None] * len(units)
    for at, result in zip(order, found, strict=True):
        results[at] = result
    return [results[k * sets : (k + 1) * sets] for k in range(len(cases))]


def measured(chains: list[Chain], thetas: list[Any], sets: int, count: int, work: Work) -> list[list[dict[str, Any]] | None]:
    """Generate and measure the sets of samples of each training.

    Parameters
    ----------
    chains, thetas
        The trainings and the parameters they reached.
    sets, count
        How many sets, of how many samples.
    work
        Where the units run.

    Returns
    -------
    list
        For each chain the results of its sets, or None if it diverged.
    """
    alive = [k for k, theta in enumerate(thetas) if theta is not None]
    units = [sample_unit(chains[k], at, count, thetas[k]) for k in alive for at in range(sets)]
    # The largest first, so that processes end together.
    order = sorted(range(len(units)), key=lambda at: -units[at]["dimension"])
    results: list[Any] = [None] * len(units)
    found = work.gather("samples", measure_samples, [units[at] for at in order], sample_cost)
    for at, result in zip(order, found, strict=True):
        results[at] = result
    groups: list[list[dict[str, Any]] | None] = [None] * len(chains)
    for place, k in enumerate(alive):
        groups[k] = results[place * sets : (place + 1) * sets]
    return groups
