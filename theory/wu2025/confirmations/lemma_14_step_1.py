"""f(y) = 2 y^2 - 4, beta = 4, gamma = 2, delta = sigma = 1/2: f' >= -gamma on [-1/2, 1/2].

left is E[(f(y) + beta y)^2; |y| <= delta], right is E[(f(0) + (beta - gamma) y)^2; |y| <= delta], y ~ N(0, sigma^2).
"""

from mpmath import npdf, quad

delta = sigma = 0.5
print("left ", quad(lambda y: (2 * y**2 - 4 + 4 * y) ** 2 * npdf(y, 0, sigma), [-delta, delta]))
print("right", quad(lambda y: (-4 + (4 - 2) * y) ** 2 * npdf(y, 0, sigma), [-delta, delta]))
