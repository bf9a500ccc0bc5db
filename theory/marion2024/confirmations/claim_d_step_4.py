"""left is -dl/dw_2 of the network with w = 1/2, L = 1; right is the display 2x (C - (1 + w/2L)^L)(1 + w/2L)^(L-1)."""

from fractions import Fraction

x, C, w, L, h = 1, 2, Fraction(1, 2), 1, Fraction(1, 10)
loss = []
for moved in (w + h, w - h):
    state = Fraction(x)
    for weight in (Fraction(-1, 2 * L), moved):
        state += max(weight * state, 0) / (2 * L)
    loss.append((state - C * x) ** 2)
print("left ", float((loss[1] - loss[0]) / (2 * h)))
print("right", float(2 * x * (C - (1 + w / (2 * L)) ** L) * (1 + w / (2 * L)) ** (L - 1)))
