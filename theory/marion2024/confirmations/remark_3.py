"""ln 1/C for sigma = sin/100, r = 3, n = 1, q = 2 and |W(0)|_F^2 = qm: left at the width 2 10^6, right at 20000."""

from math import exp, log, sqrt

n, q, K_sigma = 1, 2, 1 / 100
eta = exp(-1 / 2) / sqrt(6) / 100
c_3 = min(eta / (32 * sqrt(2) * K_sigma), 1 / 2)
c_4 = (exp(-2 * sqrt(2) * K_sigma) / 8) ** 2 * eta**3 / (2 * 128 * K_sigma**2 * exp(2 * sqrt(2) * K_sigma))
M = c_3 / sqrt(n * q)
for side, m in (("left ", 2 * 10**6), ("right", 20000)):
    M_Z, M_A, M_B, M_X = sqrt(q * m) + M, 1 + M, 1 + M, sqrt(q)
    K_1 = K_sigma * M_Z**2 / (4 * sqrt(q * m))
    K = max(K_1, K_sigma * exp(K_1) * M_A * M_X * M_Z / sqrt(q * m))
    largest = max(M_B * K, M_B * M_X, M_A * M_X)
    print(side, -log(c_3**2 * c_4**2 / (64 * n**4 * q**3 * largest**2)) + 2 * K)
