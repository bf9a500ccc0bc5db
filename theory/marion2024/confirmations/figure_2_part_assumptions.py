"""left is the width m = 64 of the experiment; right is c_1 n, n = 50, which Theorem 6 asks for, with GELU and r = 2."""

from mpmath import exp, inf, mp, mpf, ncdf, npdf, quad, sqrt

mp.dps = 20
eta = quad(lambda u: u * ncdf(u) * (u**2 - 1) / sqrt(2) * npdf(u), [-inf, 0, inf])  # the coefficient of degree 2
u = sqrt(mpf(2))  # gelu'' = (2 - u^2) npdf(u): the slope is largest here
K = ncdf(u) + u * npdf(u)
C_1 = K * exp(2 * sqrt(2) * K)
print("left ", 64)
print("right", 50 * max(2**10 * C_1**2 / eta**2, 1))
