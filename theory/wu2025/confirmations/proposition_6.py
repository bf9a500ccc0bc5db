"""22 neurons memorize x = -75, 75; left is the irregularity, right the bound with lambda_max, the risk and A = 3 10^9."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
from mpmath import cbrt, e, erfc, mp, mpf, npdf, sqrt
from mpmath import pi as PI

nodes, weights = np.polynomial.legendre.leggauss(200)


def pi(y):
    """E min{pi+, pi-}(y - noise), pi-(z) = P(mu U < z) E(mu U - z)_-, pi+ its mirror image."""
    rank = np.arange(1, len(x)) / len(x)
    low_mean, high_mean = np.cumsum(mu * x) / len(x), mu * np.sum(x) / len(x) - np.cumsum(mu * x) / len(x)
    total = 0.0
    for i, (low, high) in enumerate(pairwise(mu * x)):
        # the two lines cross here
        cross = (high_mean[i] * (1 - rank[i]) + low_mean[i] * rank[i]) / (rank[i] ** 2 + (1 - rank[i]) ** 2)
        cuts = [max(low, min(high, point)) for point in (low, y - 10 * sigma, y, y + 10 * sigma, cross, high)]
        for left, right in pairwise(sorted(cuts)):
            z = (left + right) / 2 + (right - left) / 2 * nodes
            inner = np.minimum(rank[i] * (rank[i] * z - low_mean[i]), (1 - rank[i]) * (high_mean[i] - (1 - rank[i]) * z))
            gauss = np.exp(-((z - y) ** 2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))
            total += (right - left) / 2 * weights @ (inner * gauss)
    return total


x, mu, sigma, A, n = np.array([-75.0, 75.0]), 0.6, 0.8, 3 * 10**9, 2
pair = Fraction(223, 5), Fraction(223, 5) + Fraction(1, 10**30)  # two kinks 10^-30 apart, with weights 6/5 and -6/5
groups = [(Fraction(445, 16), Fraction(-275, 16), 4), (Fraction(85, 8), Fraction(275, 8), 1)]
groups += [(pair[0], Fraction(6, 5), 3), (pair[1], Fraction(-6, 5), 3)]
neurons = [(sign * at, sign, sign * weight) for at, weight, count in groups for sign in (1, -1) for _ in range(count)]
m = len(neurons)
kinks, eps, w = (np.array([float(entry) for entry in column]) for column in zip(*neurons, strict=True))
irregularity = sum(abs(w[k]) * pi(kinks[k]) for k in range(m)) / m  # no two different kinks coincide


on_kink, kink_term = np.zeros(m), np.zeros(m)  # E[f I], and what a moving kink adds
kernel = np.zeros((2 * m, 2 * m))
for centre in mu * x:
    ends = (centre - 10 * sigma, centre + 10 * sigma)
    cuts = np.unique(np.clip([*ends, *kinks], *ends))
    for low, high in pairwise(cuts):
        y = (low + high) / 2 + (high - low) / 2 * nodes
        mass = weights * (high - low) / 4 * np.exp(-((y - centre) ** 2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))
        reach = eps[:, None] * (y - kinks[:, None])
        phi, on = np.maximum(reach, 0), 1.0 * (reach > 0)
        f = w @ phi / m + (y - centre) / sigma**2
        on_kink += on @ (mass * f)
        grad = np.vstack([phi, w[:, None] * on]) / m
        kernel += 2 * (grad * mass) @ grad.T
    value = np.maximum(eps * (kinks[:, None] - kinks), 0) @ w / m + (kinks - centre) / sigma**2
    density = np.exp(-((kinks - centre) ** 2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))
    kink_term += 2 * w / (m * n) * value * density
hessian = kernel + np.diag(np.concatenate([0 * w, kink_term]))
hessian[np.arange(m), m + np.arange(m)] += 2 / m * on_kink
hessian[m + np.arange(m), np.arange(m)] += 2 / m * on_kink
top = np.linalg.eigvalsh(hessian)[-1]

mp.dps = 100  # the risk is below 10^-60: E (s + (Y - mu x)/sigma^2)^2 over the pieces between kinks
s_, cuts = mpf(4) / 5, sorted({mpf(at.numerator) / at.denominator for at, _, _ in neurons})
exact = [(mpf(at.numerator) / at.denominator, sign, mpf(weight.numerator) / weight.denominator) for at, sign, weight in neurons]


def network(y):
    return sum(weight * max(sign * (y - at), 0) for at, sign, weight in exact) / m


risk = mpf(0)
for centre in (mpf(-45), mpf(45)):
    for low, high in zip([centre - 400, *cuts], [*cuts, centre + 400], strict=True):
        middle, rise = (low + high) / 2, (network(high) - network(low)) / (high - low) + 1 / s_**2
        at_centre = network(middle) + (middle - centre) / s_**2 - rise * (middle - centre)
        a, b = (low - centre) / s_, (high - centre) / s_
        # the mass is that of the tail: exact where both ends are far on one side
        mass = (erfc(a / sqrt(2)) - erfc(b / sqrt(2))) / 2 if a > 0 else (erfc(-b / sqrt(2)) - erfc(-a / sqrt(2))) / 2
        first, second = npdf(a) - npdf(b), mass + a * npdf(a) - b * npdf(b)
        risk += (at_centre**2 * mass + 2 * at_centre * rise * s_ * first + rise**2 * s_**2 * second) / 2

last = max(sqrt(2 * n * risk), cbrt(sqrt(2 * PI * e) * A * s_ * n * risk))
print("risk ", mp.nstr(risk, 5))
print("left ", irregularity)
print("right", float(top * m / 4 + sqrt(risk) / 2 + A / (sqrt(2 * PI) * s_) * last))
