"""x = (1, 3), mu = 1/2, sigma = 1/5, y = x_1 = 1, which is the midpoint mu (x_1 + x_2)/2 itself.

left is |s'(y) - s'(m_1)|, s the derivative of the log of the mixture's density; right is the printed bound.
"""

from mpmath import diff, exp, log, mp, mpf

mp.dps = 30
x, mu, sigma, y, n = (1, 3), mpf(1) / 2, mpf(1) / 5, mpf(1), 2
delta = x[1] - x[0]


def log_density(at):
    return log(sum(exp(-((at - mu * point) ** 2) / (2 * sigma**2)) for point in x))


m_1 = mu * (x[0] + x[1]) / 2
print("left ", abs(diff(log_density, y, 2) - diff(log_density, m_1, 2)))
tail = 4 * n**2 * delta**2 * exp(-(mu**2) * delta**2 / (4 * sigma**2))
print("right", mu**2 / sigma**4 * (mpf(delta) ** 2 / (2 * n) - tail))
