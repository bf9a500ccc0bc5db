"""f(y) = y^2/2 - 4, beta = 2, gamma = delta = sigma = 1: f' >= -gamma on [-1, 1].

left is E[(f(y) + beta y)^2; |y| <= 1], right is E[(f(0) + (beta - gamma) y)^2; |y| <= 1], y a standard Gaussian.
"""

from mpmath import npdf, quad

print("left ", quad(lambda y: (y**2 / 2 - 4 + 2 * y) ** 2 * npdf(y), [-1, 1]))
print("right", quad(lambda y: (-4 + (2 - 1) * y) ** 2 * npdf(y), [-1, 1]))
