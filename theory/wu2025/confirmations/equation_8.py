"""One neuron w relu(y + b), x = -1/6, 1/6, mu = 99/100, sigma = 1/20, eta = 3/1000, batches of one point.

At the local minimum near b = 0.21083: left is lambda_max of the Hessian of R_n, right is 2/(m eta); that SGD is linearly
stable there in mean square is the spectral radius of E[(I - eta H) x (I - eta H)], H the Hessian of one loss: below 1.
"""

import numpy as np
from mpmath import diff, findroot, mp, mpf, ncdf, npdf

mp.dps = 40
centres, sigma, eta = (-mpf(99) / 600, mpf(99) / 600), mpf(1) / 20, mpf(3) / 1000


def risk(w, b):
    """E s^2 + 2 E s' + 1/sigma^2, by Stein's identity."""
    total = 0
    for centre in centres:
        a = (-b - centre) / sigma
        total += w**2 * sigma**2 * ((1 + a**2) * ncdf(-a) - a * npdf(a)) + 2 * w * ncdf(-a)
    return total / 2 + 1 / sigma**2


def gradient(w, b):
    return [diff(risk, (w, b), order) for order in ((1, 0), (0, 1))]


b = mpf(21083) / 100000
square = (risk(1, b) + risk(-1, b)) / 2 - 1 / sigma**2
w, b = findroot(gradient, (-(risk(1, b) - risk(-1, b)) / 4 / square, b))  # the best w for this b, then both
entries = [diff(risk, (w, b), order) for order in ((2, 0), (1, 1), (0, 2))]
hessian = np.array([[entries[0], entries[1]], [entries[1], entries[2]]], dtype=float)

nodes, weights = np.polynomial.legendre.leggauss(200)
spread, w, b = 12 * float(sigma), float(w), float(b)
stable = np.zeros((4, 4))
for centre in map(float, centres):
    for low, high in ((centre - spread, -b), (-b, centre + spread)):
        for node, weight in zip(nodes, weights, strict=True):
            y = (low + high) / 2 + (high - low) / 2 * node
            mass = weight * (high - low) / 4 * float(npdf(y, centre, sigma))
            value, on = max(y + b, 0), float(y + b > 0)
            cross = 2 * on * (w * value + w * value + (y - centre) / float(sigma) ** 2)
            step = np.eye(2) - float(eta) * np.array([[2 * value**2, cross], [cross, 2 * w**2 * on]])
            stable += mass * np.kron(step, step)
print("eigenvalues of the Hessian", *np.linalg.eigvalsh(hessian))
print("spectral radius", max(abs(np.linalg.eigvals(stable))))
print("left ", np.linalg.eigvalsh(hessian)[-1])
print("right", float(2 / eta))
