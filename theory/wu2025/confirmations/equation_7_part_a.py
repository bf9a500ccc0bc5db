"""s(y) = relu(y), x = (0, 1), mu = sigma = 1/2; left is the mean loss of a batch of both points, a sum; right is R_n."""

from mpmath import inf, npdf, quad

mu = sigma = 0.5
losses = [
    quad(lambda y, c=mu * x: (max(y, 0) + (y - c) / sigma**2) ** 2 * npdf(y, c, sigma), [-inf, 0, mu * x + 1, inf])
    for x in (0, 1)
]
print("left ", sum(losses))  # the only batch of two points has both
print("right", sum(losses) / 2)
