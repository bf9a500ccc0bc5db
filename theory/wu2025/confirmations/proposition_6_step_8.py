"""|tau - mu x_i| = h = sigma = 1/2, y = 1, the upper end of D.

left is exp(-y^2/(2 sigma^2)), right is exp(-1/2) exp(-(tau - mu x_i)^2/(2 sigma^2)).
"""

from math import exp

y, distance, sigma = 1, 1 / 2, 1 / 2
print("left ", exp(-(y**2) / (2 * sigma**2)))
print("right", exp(-1 / 2) * exp(-(distance**2) / (2 * sigma**2)))
