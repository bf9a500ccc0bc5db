"""x = (0, 1, 2), mu = 1/2, sigma = 1/4, i = 2, y = mu x_3 = 1; left is pi(y), right the printed bound."""

from itertools import pairwise

import numpy as np

x, mu, sigma = np.array([0.0, 1.0, 2.0]), 0.5, 0.25
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


n, i, delta = 3, 2, 1
index = min(i**2 * (i - 1) / 2, (n - i) ** 2 * (n - i + 1) / 2)
print("left ", pi(1.0))
print("right", mu / n**2 * (1 / 2 - np.exp(-(mu**2) * delta**2 / (2 * sigma**2))) * index * delta)
