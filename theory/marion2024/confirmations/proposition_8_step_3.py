"""f(h, z) = h z, L = 2, Z = 0, A = B = x = 1, y = 1.01, M = 1/10; left is 2 e^K |p_L|, right 2 e^K M_B |F - y|."""

from math import exp

M, residual = 0.1, 1 - 1.01
M_A = M_B = 1 + M
K = max(M, exp(M) * M_A)  # M_Z = M: sup |d1f| = M, sup |d2f| = sup |h| on E
print("left ", 2 * exp(K) * abs(2 * residual))
print("right", 2 * exp(K) * M_B * abs(residual))
