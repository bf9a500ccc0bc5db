"""left is |A(0)|_F for A(0) = (I_2; 0); right is |A(0)|_2 + M, M = 1/10."""

import numpy as np

A = np.eye(3, 2)
print("left ", np.linalg.norm(A))
print("right", np.linalg.norm(A, 2) + 0.1)
