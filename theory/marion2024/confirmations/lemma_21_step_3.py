"""One column, sigma in {0, 1}: lambda_min(M) is the number of ones among m = 11 rows, each with chance 3/5; R = 1, t = 25/33.

left is P(at most 5 ones), right is n exp(-(1 - t^2) E/2) with E = 33/5.
"""

from fractions import Fraction
from math import comb, exp

m, k, p = 11, 5, Fraction(3, 5)
mean = m * p
t = k / mean
print("left ", float(sum(comb(m, j) * p**j * (1 - p) ** (m - j) for j in range(k + 1))))
print("right", exp(-(1 - t**2) * mean / 2))
