"""f(h, Z) = Z h, Z_1 = 0, Z_2 = -2 I, L = 2, A = (1, 0), B = (0, 1), x = 1, y = 10^-13; left is |dZ_2/dt - dZ_1/dt|,

right is |p_1| (C_1/L + C_2 |Z_2 - Z_1|), 0 for all constants since p_1 = 0.
"""

import numpy as np

L, Z, B, h, y = 2, (np.zeros((2, 2)), -2 * np.eye(2)), np.array([0, 1.0]), np.array([1.0, 0]), 1e-13
states = [h]
for matrix in Z:
    states.append(states[-1] + matrix @ states[-1] / L)
p_2 = 2 * B * (B @ states[-1] - y)
p_1 = p_2 + Z[1].T @ p_2 / L
print("left ", np.linalg.norm(np.outer(p_2, states[1]) - np.outer(p_1, states[0])))
print("right", np.linalg.norm(p_1) * 1e6)  # with 10^6 for the bracket
