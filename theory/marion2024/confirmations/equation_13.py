"""left is the derivative of p.(h + Z h) in the second entry of h; right is that entry of p + Z p, as displayed."""

import numpy as np

Z, p = np.array([[0, 1], [0, 0]]), np.array([1, 0])
second = np.array([0, 1])
print("left ", p @ (second + Z @ second))
print("right", (p + Z @ p)[1])
