"""s(y) = relu(y + b) at b = 0, x = (0, 1), mu = sigma = 1/2, second derivative in the bias b.

left is the mean of the second derivative of one squared loss, 2 P(Y > 0); right is that of the mean R_n.
"""

from mpmath import diff, mp, mpf, ncdf, npdf

mp.dps = 30
mu = sigma = mpf(1) / 2


def risk(b):
    """R_n of y -> relu(y + b): E s^2 + 2 E s' + 1/sigma^2, by Stein's identity."""
    total = 0
    for x in (0, 1):
        a = (-b - mu * x) / sigma
        beyond = ncdf(-a)
        total += sigma**2 * ((1 + a**2) * beyond - a * npdf(a)) + 2 * beyond + 1 / sigma**2
    return total / 2


active = (ncdf(0) + ncdf(mu / sigma)) / 2  # P(Y > 0)
print("left ", 2 * active)
print("right", diff(risk, 0, 2))
