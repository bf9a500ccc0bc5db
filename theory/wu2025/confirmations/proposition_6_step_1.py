"""Two neurons relu(y), x = (0, 1), mu = sigma = 1/2; left is lambda_max of (2/n) sum E grad s grad s^T, right with 2/(mn)."""

from itertools import pairwise

import numpy as np

x, mu, sigma, counts = np.array([0.0, 1.0]), 0.5, 0.5, (2,)
kinks, eps, w = (np.repeat(entries, counts) for entries in ([0.0], [1], [1.0]))
m = len(w)
nodes, weights = np.polynomial.legendre.leggauss(200)
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
print("left ", np.linalg.eigvalsh(2 * kernel)[-1])
print("right", np.linalg.eigvalsh(2 / m * kernel)[-1])
