"""Networks for the tests: built from numbers, neuron by neuron, and integrated against their noised sample."""

from __future__ import annotations

import numpy as np

from numerics.arithmetic import FLOATS
from theory.wu2025.networks import NetworkProblem

NODES, LENGTHS = np.polynomial.legendre.leggauss(24)


def net(x, mu, sigma, kinks, directions, weights, multiplicities=None):
    """Build a network; strings are exact fractions."""
    fields = {"x": list(x), "mu": mu, "sigma": sigma, "kinks": list(kinks), "directions": list(directions)}
    counts = [1] * len(kinks) if multiplicities is None else list(multiplicities)
    return NetworkProblem.parse({**fields, "weights": list(weights), "multiplicities": counts})


# Two directions, coinciding kinks, kinks at data points, unequal multiplicities, small noise, clusters, a single neuron.
NETWORKS = {
    "plain": net([0, 1, 3], "4/5", "1/2", ["1/5", "9/10", 2], [1, -1, 1], ["3/2", -2, "1/3"], [1, 2, 3]),
    "coinciding": net([0, 2], "1/2", "1/4", ["1/3", "1/3", "1/3", "4/5"], [1, -1, 1, -1], [2, 1, -3, "1/2"], [1, 2, 1, 1]),
    "at the data": net([0, 1, 3], "1/2", "3/10", [0, "1/2", "3/2", "1/2"], [1, 1, -1, -1], [1, -1, 2, "1/3"], [4, 1, 2, 1]),
    "small noise": net([0, 1], "1/2", "1/50", ["1/10", "2/5", "1/4"], [1, -1, -1], [40, -30, 25]),
    "two clusters": net(
        [0, 10], "1/2", "1/2", ["7/2", "3/2", 5, 0], [1, -1, 1, -1], ["8/5", "8/5", "3/5", "3/5"], [1, 1, 4, 4]
    ),
    "one neuron": net([-1, 2], "2/3", "2/5", ["1/7"], [-1], ["-5/4"]),
    "facing": net([0, 1], "1/2", "1/2", ["1/10", "2/5", "1/5"], [1, -1, -1], [1, 2, -1]),
}


def neurons(p):
    """Return the kinks, directions and weights of all m neurons of a float network."""
    return [np.repeat(np.asarray(values), p.counts) for values in (p.kinks, p.signs, p.weights)]


def mean(exact, function):
    """Return E f(Y, x) over the noised sample for an f of arrays y and the data point, by Gauss panels between the kinks."""
    p = exact.lift(FLOATS)
    result = 0
    for x in p.x:
        center = p.mu * x
        inner = [kink for kink in p.kinks if abs(kink - center) < 12 * p.sigma]
        ends = np.unique([*(center + p.sigma * np.linspace(-12, 12, 25)), *inner])
        half, middle = np.diff(ends) / 2, (ends[1:] + ends[:-1]) / 2
        y = (middle[:, None] + half[:, None] * NODES).ravel()
        density = np.exp(-(((y - center) / p.sigma) ** 2) / 2) / (p.sigma * np.sqrt(2 * np.pi))
        result = result + function(y, x) @ ((half[:, None] * LENGTHS).ravel() * density)
    return result / p.n


def features(p, y):
    """Return phi_l(y), I_l(y) of all neurons, shapes (m, Y), and s(y)."""
    kinks, signs, weights = neurons(p)
    reach = signs[:, None] * (y - kinks[:, None])
    active, values = (reach >= 0) * 1.0, np.maximum(reach, 0.0)
    return values, active, weights @ values / p.width
