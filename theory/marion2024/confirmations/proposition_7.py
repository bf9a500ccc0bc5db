"""f(h, z) = h z^2/2, Z_k(0) = k/L - 1/2, A = B = x = 1, y = 3, pi(u) = clip(1000 u, -1, 1), L = 10^6, T = 1/1000.

For t <= T: A, B >= 1 - T and |Z| <= 1/2 + T, so F <= (1+T)^2 exp((1/2+T)^2/2) and |L dl/dZ_k| >= |Z_k| force. Layers with
|Z_k(0)| >= z move away from 0 at speed 1: two of them, at most 2zL + 2 steps apart, end 2z + 2T apart. left is the mean step
between them, at most the largest; right is ((1 + beta T)/L) e^(alpha T), as printed.
"""

from math import exp

y, T, L, steep = 3, 1 / 1000, 10**6, 1000
force = 2 * (1 - T) ** 2 * (y - (1 + T) ** 2 * exp((1 / 2 + T) ** 2 / 2))
z = 1 / (steep * force)
M = 1 + T
K_1 = M**2 / 2
K_prime = exp(K_1) * M
K = exp(K_1) * M**2
alpha = 2 * exp(K) * K_prime * M * (exp(K) * M**2 + y)
beta = 2 * K * exp(K) * M * (K + exp(K) * K_prime * M) * (exp(K) * M**2 + y)
print("left ", (2 * z + 2 * T) / (2 * z * L + 2))
print("right", (1 + beta * T) / L * exp(alpha * T))
