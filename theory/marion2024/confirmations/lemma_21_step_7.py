"""n = 2 columns of dimension d = 1 are +-1, so parallel: M is singular. m = 1, r = 2, sigma = 1 for |x| > 1, else -1.

left is P(lambda_min(M) >= m eta^2/16) = 0; right is (1 - a)(1 - b), above 1 since both terms of delta are.
"""

from math import e, exp, log, pi

n, m, d, r = 2, 1, 1, 2
eta_square = 4 / (pi * e)
a = n * exp(-3 * m * eta_square / (64 * n))
C_square = d / (2 * log(2 * d))  # a sub-Gaussian proxy of +-1 in dimension d
b = 2 * n**2 * exp(-d / (2 * C_square) * (3 / (4 * n)) ** (2 / r))
print("left ", 0)
print("right", (1 - a) * (1 - b))
