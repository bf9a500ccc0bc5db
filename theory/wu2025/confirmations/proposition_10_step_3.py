"""One neuron relu(y)/2, x = (0, 1/10), mu = sigma = 1/2; Phi has the columns grad s(xi + mu x_i), one noise xi for all points.

left is lambda_max(E Phi Phi^T)/n, right is E|Phi 1|^2/n^2.
"""

from itertools import pairwise

import numpy as np

x, mu, sigma, n, w = np.array([0.0, 0.1]), 0.5, 0.5, 2, 0.5
nodes, weights = np.polynomial.legendre.leggauss(200)
outer, square = np.zeros((2, 2)), 0.0
cuts = [-10 * sigma, -mu / 10, 0.0, 10 * sigma]  # a neuron switches on at xi = -mu x_i
for low, high in pairwise(cuts):
    for node, weight in zip(nodes, weights, strict=True):
        xi = (low + high) / 2 + (high - low) / 2 * node
        mass = weight * (high - low) / 2 * np.exp(-(xi**2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))
        phi = np.array([np.maximum(xi + mu * x, 0), w * (xi + mu * x > 0)])
        outer, square = outer + mass * phi @ phi.T, square + mass * np.sum(phi.sum(axis=1) ** 2)
print("left ", np.linalg.eigvalsh(outer)[-1] / n)
print("right", square / n**2)
