"""mu Delta = 4, sigma = 1/2; left is the first line of the display, right the fifth, with + for the boundary term."""

from mpmath import npdf, quad

sigma, half_gap = 0.5, 2
print("left ", quad(lambda y: y**2 * npdf(y, 0, sigma), [-half_gap, 0]) / sigma**4)
print("right", (half_gap * npdf(half_gap, 0, sigma) + quad(lambda y: npdf(y, 0, sigma), [-half_gap, 0])) / sigma**2)
