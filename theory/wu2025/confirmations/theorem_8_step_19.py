"""n = 2, mu = 1/2, Delta = x_n - x_1 = 1/10, sigma = 63/100000, A = 1.6 10^19; left is (10), right the claimed bound on it."""

from math import e, exp, pi, sqrt

n, mu, delta, sigma, A = 2, 1 / 2, 1 / 10, 63 / 100000, 1.6e19
small = exp(-((mu * delta / sigma) ** 2) / 32)
condition = pi * n**5 * mu / (2**38 * sqrt(e) * delta**2 * A**4)
print("sigma <= sigma_2 as printed:", small, "<=", condition)
print("left ", 4 * mu**2 * delta**2 / sigma**4 * small)
print("right", pi * n**5 * mu**3 * delta**3 / (2**36 * sqrt(e) * A**4 * sigma**4))
