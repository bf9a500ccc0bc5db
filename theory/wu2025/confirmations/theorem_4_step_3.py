"""x = (0, 1, 2), mu = 1/2, sigma = 1/10; left is the sum over gaps of min pi times both moves of s', right the display."""

from itertools import pairwise

import numpy as np
from mpmath import diff, exp, log, mp

x, mu, sigma = np.array([0.0, 1.0, 2.0]), 0.5, 0.1
n, delta = 3, 1.0
nodes, weights = np.polynomial.legendre.leggauss(200)


def pi(y):
    """E min{pi+, pi-}(y - noise), pi-(z) = P(mu U < z) E(mu U - z)_-, pi+ its mirror image."""
    rank = np.arange(1, len(x)) / len(x)
    low_mean, high_mean = np.cumsum(mu * x) / len(x), mu * np.sum(x) / len(x) - np.cumsum(mu * x) / len(x)
    total = 0.0
    for i, (low, high) in enumerate(pairwise(mu * x)):
        # the two lines cross here
        cross = (high_mean[i] * (1 - rank[i]) + low_mean[i] * rank[i]) / (rank[i] ** 2 + (1 - rank[i]) ** 2)
        cuts = [max(low, min(high, point)) for point in (low, y - 10 * sigma, y, y + 10 * sigma, cross, high)]
        for left, right in pairwise(sorted(cuts)):
            z = (left + right) / 2 + (right - left) / 2 * nodes
            inner = np.minimum(rank[i] * (rank[i] * z - low_mean[i]), (1 - rank[i]) * (high_mean[i] - (1 - rank[i]) * z))
            gauss = np.exp(-((z - y) ** 2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))
            total += (right - left) / 2 * weights @ (inner * gauss)
    return total


def slope(y):
    """s'(y), the second derivative of the log of the mixture's density."""
    with mp.workdps(30):
        return float(diff(lambda z: log(sum(exp(-((z - mu * at) ** 2) / (2 * mp.mpf(sigma) ** 2)) for at in x)), y, 2))


left = right = 0.0
for i in (1, 2):
    low, middle, high = mu * x[i - 1], mu * (x[i - 1] + x[i]) / 2, mu * x[i]
    moves = abs(slope(middle) - slope(low)) + abs(slope(middle) - slope(high))
    left += min(pi(y) for y in np.linspace(low, high, 11)) * moves  # pi is smallest at an end
    index = min(i**2 * (i - 1) / 2, (n - i) ** 2 * (n - i + 1) / 2)
    weight = mu / n**2 * (1 / 2 - np.exp(-(mu**2) * delta**2 / (2 * sigma**2))) * index * delta
    tail = 4 * n**2 * delta**2 * np.exp(-(mu**2) * delta**2 / (4 * sigma**2))
    right += weight * 2 * mu**2 / sigma**4 * (delta**2 / (2 * n) - tail)
print("left ", left)
print("right", right)
