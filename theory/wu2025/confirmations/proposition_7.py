"""Four neurons on x = -2048, 2048, mu = sigma = 1/2; left is the irregularity, right mu n^2 Delta/(2^11 sigma^2)."""

from itertools import pairwise

import numpy as np

x, mu, sigma = np.array([-2048.0, 2048.0]), 0.5, 0.5
kinks, eps, w = np.array([1023.0, -1023.0, 1022.0, -1022.0]), np.array([1, -1, 1, -1]), np.array([-32.0, 32.0, 16.0, -16.0])
m = len(w)
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


risk = 0.0
for centre in mu * x:
    ends = (centre - 10 * sigma, centre + 10 * sigma)
    cuts = np.unique(np.clip([*ends, *kinks], *ends))
    for low, high in pairwise(cuts):
        y = (low + high) / 2 + (high - low) / 2 * nodes
        mass = weights * (high - low) / 2 * np.exp(-((y - centre) ** 2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))
        f = w @ np.maximum(eps[:, None] * (y - kinks[:, None]), 0) / m + (y - centre) / sigma**2
        risk += mass @ f**2 / len(x)
print("risk ", risk, "at most", 1 / (16 * len(x) * sigma**2), "as asked")
print("left ", sum(abs(w[k]) * pi(kinks[k]) for k in range(m)) / m)
print("right", mu * len(x) ** 2 * (x[1] - x[0]) / (2**11 * sigma**2))
