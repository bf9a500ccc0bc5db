"""Eight neurons on the sample -10, 10; left is lambda_max of the mean of grad s grad s^T, right is 2/m int |s''| pi."""

from itertools import pairwise

import numpy as np

x, mu, sigma, counts = np.array([-10.0, 10.0]), 0.5, 0.5, (1, 1, 3, 3)
kinks, eps, w = (np.repeat(entries, counts) for entries in ([3.75, -3.75, 5.0, -5.0], [1, -1, 1, -1], [1.25, 1.25, 0.5, 0.5]))
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


kernel = 0  # the mean of grad s grad s^T over the noised sample
for centre in mu * x:
    ends = (centre - 10 * sigma, centre + 10 * sigma)
    cuts = np.unique(np.clip([*ends, *kinks], *ends))
    for low, high in pairwise(cuts):
        y = (low + high) / 2 + (high - low) / 2 * nodes
        mass = weights * (high - low) / 2 * np.exp(-((y - centre) ** 2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))
        reach = eps[:, None] * (y - kinks[:, None])
        grad = np.vstack([np.maximum(reach, 0), w[:, None] * (reach > 0)]) / m
        kernel = kernel + (grad * mass) @ grad.T / len(x)
print("left ", np.linalg.eigvalsh(kernel)[-1])
print("right", 2 / m * sum(abs(w) * [pi(kink) for kink in kinks]) / m)  # s'' = sum of w delta/m
