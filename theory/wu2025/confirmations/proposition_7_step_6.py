"""left is (1/2 - e^-32)(1 - 1/(2 sqrt 2)); right is 1/2."""

from math import exp, sqrt

print("left ", (1 / 2 - exp(-32)) * (1 - 1 / (2 * sqrt(2))))
print("right", 1 / 2)
