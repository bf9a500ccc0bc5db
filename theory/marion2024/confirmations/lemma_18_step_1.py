"""left is lambda_min(A^T A) |B|_F^2; right is s_min(A) |B|_F, to which it is said to be equal."""

import numpy as np

A, B = np.array([[2.0]]), np.array([[1.0]])
print("left ", np.linalg.eigvalsh(A.T @ A)[0] * np.linalg.norm(B) ** 2)
print("right", np.linalg.svd(A)[1][-1] * np.linalg.norm(B))
