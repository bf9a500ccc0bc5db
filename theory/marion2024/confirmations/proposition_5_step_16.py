"""L = 1, q = 4, sigma(u) = a (sin u + 1 - cos u), V = 0, rows of W e_1 and -e_1, 11135 times each; left the squared gradient,

right C_3^2 eta^3 l/(2 C_2 n sqrt(nq)).
"""

import numpy as np

a, q, m = 1e-7, 4, 2 * 11135
A, B = np.array([[1.0], [0], [0], [0]]), np.array([[0, 0, 0, 1.0]])
W = np.repeat([[1.0, 0, 0, 0], [-1.0, 0, 0, 0]], 11135, axis=0)
x, y, n = np.array([[2.0, -2.0]]), np.array([[1.0, 1.0]]), 2
h = A @ x
residual = B @ h - y  # V = 0: the layer adds nothing
loss = np.sum(residual**2) / n
p = 2 * B.T @ residual / n
inside = W @ h / np.sqrt(q)
by_v = p @ (a * (np.sin(inside) + 1 - np.cos(inside))).T / np.sqrt(m)  # by W it is 0
parts = (p @ x.T, by_v, 2 * residual @ h.T / n)
K, eta = np.sqrt(2) * a, a * np.exp(-1 / 2) / np.sqrt(2)  # r = 2: the part 1 - cos
C_2, C_3 = 128 * K**2 * np.exp(2 * np.sqrt(2) * K), np.exp(-2 * np.sqrt(2) * K) / 8
print("left ", sum(np.sum(part**2) for part in parts))
print("right", C_3**2 * eta**3 / (2 * C_2 * n * np.sqrt(n * q)) * loss)
