"""sigma = sin, r = 3: eta_3 < 0; left is 0, right is c_2 = C_2/eta_3, said to be positive."""

import numpy as np

u, weight = np.polynomial.hermite_e.hermegauss(60)
eta = weight @ (np.sin(u) * (u**3 - 3 * u)) / np.sqrt(2 * np.pi * 6)
K = 1
print("left ", 0)
print("right", 128 * K**2 * np.exp(2 * np.sqrt(2) * K) / eta)
