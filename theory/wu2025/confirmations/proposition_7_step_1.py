"""mu Delta = 8, sigma = 1; left is the second moment over [-4, 0], right the display, with + for the boundary term."""

from mpmath import npdf, quad

print("left ", quad(lambda y: y**2 * npdf(y), [-4, 0]))
print("right", 4 * npdf(4) + quad(npdf, [-4, 0]))
