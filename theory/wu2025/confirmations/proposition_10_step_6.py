"""s(y) = relu(-y), m = 1: left is the jump of s' at the kink 0, right is w^(1) w^(2)/m."""

w_1, w_2, h = -1, 1, 0.5
left_slope, right_slope = ((w_2 * max(w_1 * b, 0) - w_2 * max(w_1 * a, 0)) / h for a, b in ((-h, 0), (0, h)))
print("left ", right_slope - left_slope)
print("right", w_1 * w_2)
