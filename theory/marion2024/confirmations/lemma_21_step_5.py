"""left is P(lambda_min(M) < lambda_min(E M)/2) = P(N < pm/2 or m - N < pm/2); right is n exp(-3 m eta^2/(64 n)), n = 2."""

from fractions import Fraction
from math import comb, e, exp, pi

m, p = 342, Fraction(1, 34)
eta_square = 4 / (pi * e)  # sigma = 1 for |x| > 1, else -1: eta_2 = E[sigma(X) (X^2 - 1)]/sqrt 2 = 4 phi(1)/sqrt 2
# M has the eigenvalues 2N and 2(m - N), N the number of rows on which the columns differ.
below = [j for j in range(m + 1) if min(j, m - j) < m * p / 2]
print("left ", float(sum(comb(m, j) * p**j * (1 - p) ** (m - j) for j in below)))
print("right", 2 * exp(-3 * m * eta_square / (64 * 2)))
