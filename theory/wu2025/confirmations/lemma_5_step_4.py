"""s(y) = relu(y + b) at b = 0, x = (0, 1), mu = sigma = 1/2: the third term of (15).

left is R_n'' in b less the mean 2 P(Y > 0) of the second derivative of one loss; right is the term as displayed.
"""

from mpmath import diff, exp, mp, mpf, ncdf, npdf, pi, sqrt

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
print("left ", diff(risk, 0, 2) - 2 * active)
terms = [(0 + (0 - mu * x) / sigma**2) * exp(-((0 - mu * x) ** 2) / (2 * sigma**2)) for x in (0, 1)]
print("right", -sqrt(2) / (sqrt(pi) * 1 * 2 * sigma) * sum(terms))
