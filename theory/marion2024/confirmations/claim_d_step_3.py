"""left is -dl/dw_2, an exact difference of a parabola in w_2; right is the display 2x (C - prod)(prod without k)."""

from fractions import Fraction

x, C, w1, h = 1, 2, Fraction(-1, 2), Fraction(1, 10)
loss = []
for w2 in (Fraction(1, 2) + h, Fraction(1, 2) - h):
    state = Fraction(x)
    for w in (w1, w2):
        state += max(w * state, 0) / 2  # h_(k+1) = h_k + relu(w h_k)/(2L), L = 1
    loss.append((state - C * x) ** 2)
print("left ", float((loss[1] - loss[0]) / (2 * h)))
print("right", float(2 * x * (C - (1 + Fraction(1, 4)))))
