"""left is the layer whose speed is meant, floor((L - 1) s) + 1; right the printed one, floor(L s - 1) + 1, no layer."""

from math import floor

L, s = 1, 0
print("left ", floor((L - 1) * s) + 1)
print("right", floor(L * s - 1) + 1)
