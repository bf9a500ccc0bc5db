"""One neuron relu(y), x = (0, 1), mu = sigma = 1/2; Phi has the columns grad s(xi + mu x_i), one noise xi for all points.

left is max_v E|Phi^T v|^2/n over unit v, right is max_u E|Phi u|^2/n over unit u.
"""

from itertools import pairwise

import numpy as np

x, mu, sigma, n = np.array([0.0, 1.0]), 0.5, 0.5, 2
nodes, weights = np.polynomial.legendre.leggauss(200)
outer, inner = np.zeros((2, 2)), np.zeros((2, 2))
cuts = [-10 * sigma, -mu, 0.0, 10 * sigma]  # a neuron switches on at xi = -mu x_i
for low, high in pairwise(cuts):
    for node, weight in zip(nodes, weights, strict=True):
        xi = (low + high) / 2 + (high - low) / 2 * node
        mass = weight * (high - low) / 2 * np.exp(-(xi**2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))
        phi = np.array([np.maximum(xi + mu * x, 0), 1.0 * (xi + mu * x > 0)])
        outer, inner = outer + mass * phi @ phi.T, inner + mass * phi.T @ phi
print("left ", np.linalg.eigvalsh(outer)[-1] / n)
print("right", np.linalg.eigvalsh(inner)[-1] / n)
