"""sigma(u) = a (1 - cos 3u), a = 10^-12, r = 12, n = q = 31; left is mu = c_4/(n sqrt(n) q), right 4 M_sigma^2, its ceiling."""

from math import factorial

import numpy as np

a, n, q, r = 1e-12, 31, 31, 12
u, weight = np.polynomial.hermite_e.hermegauss(120)
hermite = np.polynomial.hermite_e.hermeval(u, [0] * r + [1])
eta = abs(weight @ ((1 - np.cos(3 * u)) * hermite)) * a / np.sqrt(2 * np.pi * factorial(r))
K, M_sigma = 3 * a, 2 * a
C_2 = 128 * K**2 * np.exp(2 * np.sqrt(2) * K)
C_3 = np.exp(-2 * np.sqrt(2) * K) / 8
print("left ", C_3**2 * eta**3 / (2 * C_2) / (n * np.sqrt(n) * q))
print("right", 4 * M_sigma**2)
