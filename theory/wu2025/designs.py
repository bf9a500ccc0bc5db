r"""Where network instances come from, and how a search climbs: designs of a few groups of equal neurons.

Random networks are far from tight in every statement of Section 6. Tight ones have few distinct kinks, at or near data
points, outer weights of the size of the mean activation, and unequal multiplicities, on both sides of the sample alike.
"""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from theory.statement import Climb, Draw
from theory.wu2025.networks import NetworkProblem, from_neurons
from theory.wu2025.setting import ScoreProblem, draw_problem

MULTIPLICITIES = (1, 1, 2, 4, 16, 64)
DIGITS = 5
ONE_NEURON = {
    "x": [0, 1],
    "mu": "1/2",
    "sigma": "1/2",
    "kinks": [0],
    "directions": [1],
    "weights": [1],
    "multiplicities": [1],
}
"""Two points at noise 1/2, and one neuron whose kink lies on the first."""


def rounded(value: float, digits: int | None = DIGITS) -> Fraction:
    """Return a float as a short decimal, exactly; at its binary value without ``digits``."""
    return Fraction(value) if digits is None else Fraction(f"{value:.{digits}g}")


def mirrored(problem: ScoreProblem, kink: Fraction) -> Fraction:
    r"""Return the reflection of a point about the middle of :math:`[\mu x_1,\mu x_n]`."""
    return Fraction(problem.mu * (problem.x[0] + problem.x[-1]) - kink)


def _kink(draw: Draw, problem: ScoreProblem) -> Fraction:
    """Draw a kink at a data point, at a midpoint, a few sigma from one, or anywhere; projected onto the closed interval."""
    i = draw.integer(0, problem.n - 1)
    j = min(i + draw.choice((0, 1)), problem.n - 1)
    kind = draw.choice(("point", "near", "near", "anywhere"))
    base = problem.mu * (problem.x[i] + problem.x[j]) / 2
    shift = draw.real(-4.0, 4.0)
    low, high = problem.mu * problem.x[0], problem.mu * problem.x[-1]
    if kind == "near":
        base += problem.sigma * rounded(shift)
    elif kind == "anywhere":
        base = low + (high - low) * rounded((shift + 4.0) / 8.0)
    return Fraction(min(max(base, low), high))


def draw_design(draw: Draw, problem: ScoreProblem, *, most_groups: int = 4, free: bool = False) -> NetworkProblem:
    r"""Draw a network of 1 to 8 groups on the sample of ``problem``.

    Parameters
    ----------
    draw
        The source of numbers.
    problem
        The sample.
    most_groups
        Most groups, before mirroring doubles them.
    free
        Whether every group is one neuron and nothing is mirrored: the second parametrisation.

    Returns
    -------
    NetworkProblem
        The network.
    """
    # The kernel is even under reflection, a score is odd.
    parity = 0 if free else draw.choice((0, 0, 1, -1))
    size = draw.integer(1, 2 * most_groups if free else most_groups)
    low, high = problem.mu * problem.x[0], problem.mu * problem.x[-1]
    kinks, directions, weights, counts = [], [], [], []
    for _ in range(size):
        kink, direction = _kink(draw, problem), draw.choice((1, -1))
        length = float((high - kink) if direction > 0 else (kink - low)) + 0.8 * float(problem.sigma)
        typical = draw.choice((length, length, float(1 / problem.sigma**2), 1.0))
        weight = draw.choice((1, 1, -1)) * rounded(typical * draw.positive(0.5, 2.0))
        count = 1 if free else draw.choice(MULTIPLICITIES)
        for mirror in (False, True) if parity else (False,):
            kinks.append(mirrored(problem, kink) if mirror else kink)
            directions.append(-direction if mirror else direction)
            weights.append(parity * weight if mirror else weight)
            counts.append(count)
    return from_neurons(problem, kinks, directions, weights, counts)


def interpolating_network(
    problem: ScoreProblem, knots: list[Fraction], values: list[Fraction], left: Fraction, right: Fraction
) -> NetworkProblem:
    r"""Return the network of single neurons that equals a continuous piecewise linear function with a zero.

    On a segment with a zero c it is :math:`\beta(y-c)`, two neurons whose kinks coincide there and cancel; every other
    kink bends away from that segment.

    Parameters
    ----------
    problem
        The sample.
    knots, values
        The kinks in increasing order and the values there; two neighbouring values have opposite signs.
    left, right
        The slopes before the first and after the last knot.

    Returns
    -------
    NetworkProblem
        The network, of width at most the number of knots plus 2.
    """
    pieces = [(a, b, u, v) for (a, b), (u, v) in zip(pairwise(knots), pairwise(values), strict=True)]
    slopes = [left, *((v - u) / (b - a) for a, b, u, v in pieces), right]
    pivot = next(at for at, (_, _, u, v) in enumerate(pieces) if u * v < 0)
    slope = slopes[pivot + 1]
    zero = knots[pivot] - values[pivot] / slope
    jumps = [after - before for before, after in pairwise(slopes)]
    bends = [(knot, -1 if at <= pivot else 1, jump) for at, (knot, jump) in enumerate(zip(knots, jumps, strict=True)) if jump]
    bends += [(zero, 1, slope), (zero, -1, -slope)]
    kinks, directions, weights = zip(*bends, strict=True)
    return from_neurons(problem, kinks, directions, [len(bends) * weight for weight in weights])


def memorizing_network(draw: Draw, problem: ScoreProblem, *, least: float = 1.0) -> NetworkProblem:
    r"""Draw a network of small risk: slope about :math:`-1/\sigma^2` within t sigma of each point, a line between.

    Parameters
    ----------
    draw
        The source of numbers.
    problem
        The sample, of at least two points.
    least
        The least t, from which the risk of one side is about :math:`\mathbb E(\xi-t)_+^2/\sigma^2`.

    Returns
    -------
    NetworkProblem
        The network.
    """
    sigma, n = problem.sigma, problem.n
    steep, slack = 1 / sigma**2, draw.choice((0.0, 0.02))
    knots: list[Fraction] = []
    values: list[Fraction] = []
    for i, x in enumerate(problem.x):
        for side in (-1, 1):
            if (i == 0 and side < 0) or (i == n - 1 and side > 0):
                continue
            gap = problem.x[i + side] - x if side > 0 else x - problem.x[i - 1]
            reach = float(problem.mu * gap / sigma)
            t = rounded(min(least + draw.choice((0, 1)) * draw.positive(0.01, 6.0), 0.45 * reach), 3)
            knots.append(problem.mu * x + side * t * sigma)
            values.append(-side * t / sigma * (1 + rounded(slack * draw.real(-1.0, 1.0), 3)))
    return interpolating_network(problem, knots, values, -steep, -steep)


def draw_network(
    draw: Draw, in_force: frozenset[str], *, least: float = 0.5, most: float = 40.0, most_points: int = 5
) -> NetworkProblem:
    r"""Draw a sample with :math:`\mu\Delta/\sigma` in a range, and a network on it."""
    free = draw.choice((False, False, True))
    return draw_design(draw, draw_sample(draw, least=least, most=most, most_points=most_points), free=free)


def draw_single_neurons(draw: Draw, in_force: frozenset[str]) -> NetworkProblem:
    """Draw a network whose groups are one neuron each."""
    base = draw_network(draw, in_force)
    return dataclasses.replace(base, multiplicities=tuple(Fraction(1) for _ in base.kinks))


def draw_sample(draw: Draw, *, least: float, most: float, most_points: int = 5, least_points: int = 2) -> ScoreProblem:
    r"""Draw a sample whose noise is not small: the units of w and b differ, and sigma near 1 is where they meet."""
    fields = draw_problem(draw, least=lambda _n: least, most=most, least_points=least_points, most_points=most_points)
    sigma = rounded(draw.real(0.2, 0.99), 2)
    scale = sigma / fields["sigma"]
    return ScoreProblem(x=tuple(entry * scale for entry in fields["x"]), mu=fields["mu"], sigma=sigma)


def _pairs(p: NetworkProblem) -> list[tuple[int, int]]:
    """Return consecutive groups that mirror each other, which a climb keeps mirrored."""
    found = []
    for k in range(0, len(p.kinks) - 1, 2):
        same = abs(p.weights[k]) == abs(p.weights[k + 1]) and p.multiplicities[k] == p.multiplicities[k + 1]
        if same and p.directions[k] == -p.directions[k + 1] and mirrored(p, p.kinks[k]) == p.kinks[k + 1]:
            found.append((k, k + 1))
    return found if 2 * len(found) == len(p.kinks) else []


def _free_indices(p: NetworkProblem) -> list[int]:
    pairs = _pairs(p)
    return [k for k, _ in pairs] if pairs else list(range(len(p.kinks)))


def climb_vector(p: NetworkProblem) -> tuple[Any, Any]:
    r"""Return the free numbers of a design and their bounds: kinks from :math:`\mu x_1` in units of sigma, then weights.

    Parameters
    ----------
    p
        Exact data.

    Returns
    -------
    tuple
        The vector, shape ``(2k,)``, and its bounds, shape ``(2k, 2)``; a weight keeps its sign.
    """
    free = _free_indices(p)
    low = p.mu * p.x[0]
    reach = float((p.mu * p.x[-1] - low) / p.sigma)
    kinks = [min(max(float((p.kinks[k] - low) / p.sigma), 0.0), reach) for k in free]
    weights = [float(p.weights[k]) for k in free]
    bounds = [(0.0, reach)] * len(free) + [(0.0, np.inf) if w >= 0 else (-np.inf, 0.0) for w in weights]
    return np.array(kinks + weights), np.array(bounds)


def climb_rebuild(p: NetworkProblem, vector: Any, digits: int | None) -> NetworkProblem:
    """Return the design at a vector of :func:`climb_vector`, mirrored if ``p`` is, its numbers rounded to ``digits``."""
    free = _free_indices(p)
    low, high = p.mu * p.x[0], p.mu * p.x[-1]
    kinks, weights = list(p.kinks), list(p.weights)
    paired = len(free) < len(p.kinks)
    # An end stays an end, whatever its decimals: several statements fail only there.
    reach = float((high - low) / p.sigma) * (1 - 1e-12)
    for at, k in enumerate(free):
        moved = high if vector[at] >= reach else low + p.sigma * rounded(float(vector[at]), digits)
        kinks[k] = min(max(moved, low), high)
        weights[k] = rounded(float(vector[len(free) + at]), digits)
        if paired:
            sign = 1 if p.weights[k + 1] == p.weights[k] else -1
            kinks[k + 1], weights[k + 1] = mirrored(p, kinks[k]), sign * weights[k]
    return dataclasses.replace(p, kinks=tuple(kinks), weights=tuple(weights))


def two_cluster_design(draw: Draw) -> NetworkProblem:
    """Draw a mirrored design on two points: a few neurons that see one point from afar, many at that point."""
    sigma = rounded(draw.real(0.3, 0.95), 2)
    far, near = draw.positive(2.5, 10.0), draw.real(-0.5, 1.0)
    separation = rounded(2.2 * far + 4.0, 3)
    problem = ScoreProblem(x=(Fraction(0), separation * sigma * 2), mu=Fraction(1, 2), sigma=sigma)
    many = draw.choice((2, 4, 8, 16, 32, 64))
    top = problem.mu * problem.x[-1]
    kinks = [top - sigma * rounded(far, 3), min(top, top - sigma * rounded(max(near, 0.0), 3))]
    weights = [rounded(float(sigma) * far, 3), rounded(float(sigma) * draw.real(0.8, 1.6), 3)]
    both = [entry for kink in kinks for entry in (kink, mirrored(problem, kink))]
    counts = [1, 1, many, many]
    return from_neurons(problem, both, [1, -1, 1, -1], [weights[0], weights[0], weights[1], weights[1]], counts)


def draw_climb_start(draw: Draw) -> NetworkProblem:
    """Draw where a climb starts: a mirrored design on two points, any design, or free neurons."""
    kind = draw.choice(("two", "design", "free"))
    if kind == "two":
        return two_cluster_design(draw)
    return draw_design(draw, draw_sample(draw, least=2.0, most=20.0, most_points=3), most_groups=3, free=kind == "free")


def family_of(p: NetworkProblem) -> str:
    """Return ``"designs"`` if groups repeat or mirror each other, else ``"free neurons"``."""
    return "designs" if max(p.counts) > 1 or _pairs(p) else "free neurons"


CLIMB = Climb(vector=climb_vector, rebuild=climb_rebuild, start=draw_climb_start, family=family_of)
