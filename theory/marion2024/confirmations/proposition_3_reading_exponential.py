"""qm = 16, T = 1, M_pi = 1, M_X = 1; left is a lower bound on ln K(T) >= ln(alpha T), right is ln(c (1 + T)), c = 10^6."""

from math import exp, log, sqrt

T, root, M_pi, M_X = 1, sqrt(16), 1, 1
M = 2 * root + T * M_pi
K_1 = M**2 / (4 * root)  # V and W of rank one and norm M/2, at h = 0
K_2 = exp(K_1) * M * M_X * M / root  # W = 0, |h| = e^(K_1) M M_X
K_prime = M / root
print("left ", log(2 * K_prime * M**3 * M_X * T) + 2 * max(K_1, K_2))
print("right", log(10**6 * (1 + T)))
