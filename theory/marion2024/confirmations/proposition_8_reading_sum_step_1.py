"""F = B.(h + (0, v w h_1)), h = A x, A = (1, 0), B = (0, 1), v = w = x = 1, L = 1.

left is -l'/l = |grad F|^2 4 at the start; right is mu = 31, which the condition with (|d_v l| + |d_w l|)^2 allows.
"""

import numpy as np

A, B, v, w, x = np.array([1.0, 0]), np.array([0, 1.0]), 1.0, 1.0, 1.0
h = A * x
by_A = x * np.array([B[0] + B[1] * v * w, B[1]])
by_B = np.array([h[0], h[1] + v * w * h[0]])
by_v, by_w = B[1] * w * h[0], B[1] * v * h[0]
print("with the sum of norms", 4 * (by_A @ by_A + by_B @ by_B + (abs(by_v) + abs(by_w)) ** 2))
print("left ", 4 * (by_A @ by_A + by_B @ by_B + by_v**2 + by_w**2))
print("right", 31)
