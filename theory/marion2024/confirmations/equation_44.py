"""left is d(P(1) H(1))/dH(0) where dH/ds = z H; right is P(0) where dP/ds = z P, P(1) = 1, as printed."""

from math import exp

z, end, step = 1, 1, 0.5
print("left ", end * ((1 + step) * exp(z) - (1 - step) * exp(z)) / (2 * step))  # H(1) = H(0) e^z
print("right", end * exp(-z))
