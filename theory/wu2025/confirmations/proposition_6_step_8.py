"""|tau - mu x_i| = h = sigma = 1, y = 2, the upper end of D; left exp(-y^2/2), right exp(-1/2) exp(-|tau - mu x_i|^2/2)."""

from math import exp

y, distance = 2, 1
print("left ", exp(-(y**2) / 2))
print("right", exp(-1 / 2) * exp(-(distance**2) / 2))
