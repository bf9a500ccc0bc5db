"""L = 3, q = 4, m = n = 1, sigma = sin, K = 1: each layer takes 5/6 from p; left is |p_0|, right e^(-2 sqrt(2) K) |p_L|."""

import numpy as np

L, q, m, K = 3, 4, 1, 1
V, W = np.array([[0.0], [0], [0], [-1]]), np.array([[0, 0, 0, 5.0]])
B, h, y = np.array([[0, 0, 0, 1.0]]), np.array([[2.0], [0], [0], [0]]), 1.0
states = [h]
for _ in range(L):
    states.append(states[-1] + V @ np.sin(W @ states[-1] / np.sqrt(q)) / (L * np.sqrt(m)))
p = [2 * B.T @ (B @ states[-1] - y)]
for state in states[-2::-1]:
    p.append(p[-1] + W.T @ ((V.T @ p[-1]) * np.cos(W @ state / np.sqrt(q))) / (L * np.sqrt(q * m)))
print("left ", np.linalg.norm(p[-1]))
print("right", np.exp(-2 * np.sqrt(2) * K) * np.linalg.norm(p[0]))
