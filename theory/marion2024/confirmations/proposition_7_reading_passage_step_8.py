"""left is the right side of step 5, K |p_1 - p_0| + K' |p_0| (...); right is that of 'Thus', which has |p_1| throughout."""

from math import exp

x, y, Z, L, M = 0.1, 1, (1, -1), 2, 1  # f(h, z) = h z, A = B = 1
h = [x]
for z in Z:
    h.append(h[-1] + h[-1] * z / L)
p = [2 * (h[-1] - y)]
for z in reversed(Z):
    p.insert(0, p[0] + p[0] * z / L)
K, K_prime = max(M, exp(M) * M * x), 1  # sup |d1f| = M, sup |d2f| = sup |h| on E
print("left ", K * abs(p[1] - p[0]) + K_prime * abs(p[0]) * (abs(h[1] - h[0]) + abs(Z[1] - Z[0])))
print("right", abs(p[1]) * ((K**2 + K_prime * K * exp(K) * M * x) / L + K_prime * abs(Z[1] - Z[0])))
