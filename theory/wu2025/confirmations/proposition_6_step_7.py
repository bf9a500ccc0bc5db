"""|tau - mu x_i| = h = sigma = 1/2: D = [0, 1]; left is the end |tau - mu x_i| of the claim, right the upper end of D."""

distance = h = 1 / 2
print("left ", distance)
print("right", distance + h)
