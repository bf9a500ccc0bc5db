"""Risk, Hessian and weight of a network in mpmath, from the definitions of the paper and neuron by neuron."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import mpmath as mp


def number(value):
    """Return an exact value as an mpmath number."""
    value = Fraction(value)
    return mp.mpf(value.numerator) / value.denominator


class Printed:
    """A network on a sample, every neuron on its own, with numbers at the working precision."""

    def __init__(self, data):
        """Read the data of an instance of the statements."""
        self.sigma, mu = number(data["sigma"]), number(data["mu"])
        self.mu = mu
        self.x = [number(x) for x in data["x"]]
        self.centers = [mu * x for x in self.x]
        counts = data.get("multiplicities", [1] * len(data["kinks"]))
        columns = (data["kinks"], data["directions"], data["weights"], counts)
        self.groups = [(number(k), int(e), number(w), int(c)) for k, e, w, c in zip(*columns, strict=True)]
        self.neurons = [(k, e, w) for k, e, w, c in self.groups for _ in range(c)]
        self.m, self.n = len(self.neurons), len(self.x)
        self.kinks = sorted({k for k, *_ in self.groups})

    def score(self, y):
        """Return s(y) = (1/m) sum w phi(eps y + b), b = -eps tau."""
        return mp.fsum(c * w * max(e * (y - k), 0) for k, e, w, c in self.groups) / self.m

    def slope(self, y):
        """Return s'(y) away from the kinks."""
        return mp.fsum(c * w * e for k, e, w, c in self.groups if e * (y - k) > 0) / self.m

    def pieces(self, center):
        """Yield t-intervals (y = center + sigma t) without a kink and a point inside."""
        ends = [-mp.inf, *((k - center) / self.sigma for k in self.kinks), mp.inf]
        for low, high in pairwise(ends):
            inside = high - 1 if low == -mp.inf else low + 1 if high == mp.inf else (low + high) / 2
            yield low, high, center + self.sigma * inside

    def risk(self):
        """Return (5): f is a line a + b t on every piece, and its square has closed means."""
        result = mp.mpf(0)
        for center in self.centers:
            for low, high, inside in self.pieces(center):
                slope = self.slope(inside) + 1 / self.sigma**2
                at_center = self.score(inside) + (inside - center) / self.sigma**2 - slope * (inside - center)
                zero, first, second = gaussian_powers(low, high)
                b = slope * self.sigma
                result += at_center**2 * zero + 2 * at_center * b * first + b**2 * second
        return result / self.n

    def hessian(self, *, mixed=1, kink=1):
        """Return the Hessian of the risk, first all w, then all b: Gauss-Newton, mixed, kinks with the derived sign."""
        m, n, sigma = self.m, self.n, self.sigma
        result = mp.matrix(2 * m, 2 * m)
        means = {}
        for i, one in enumerate(self.neurons):
            for j, other in enumerate(self.neurons):
                key = (one[:2], other[:2])
                if key not in means:
                    rows = [pair_means(z, sigma, *key) for z in self.centers]
                    means[key] = [mp.fsum(column) / n for column in zip(*rows, strict=True)]
                product, cross, both = means[key]
                result[i, j] += 2 * product / m**2
                result[i, m + j] += 2 * other[2] * cross / m**2
                result[m + j, i] += 2 * other[2] * cross / m**2
                result[m + i, m + j] += 2 * one[2] * other[2] * both / m**2
        for i, (k, e, w) in enumerate(self.neurons):
            on_indicator, at_kink = mp.mpf(0), mp.mpf(0)
            for z in self.centers:
                low, high = ((k - z) / sigma, mp.inf) if e > 0 else (-mp.inf, (k - z) / sigma)
                on_indicator += gaussian_powers(low, high)[1] / sigma / n
                at_kink += (self.score(k) + (k - z) / sigma**2) * mp.npdf(k, z, sigma) / n
            on_indicator += mp.fsum(other[2] * means[other[:2], (k, e)][1] for other in self.neurons) / m
            result[i, m + i] += mixed * 2 * on_indicator / m
            result[m + i, i] += mixed * 2 * on_indicator / m
            result[m + i, m + i] += kink * 2 * w * at_kink / m
        return result

    def smaller(self, z):
        """Return min{pi^+(z), pi^-(z)} from the definition, in units of the sample."""
        below = [z - c for c in self.centers if c < z]
        above = [c - z for c in self.centers if c > z]
        return min(len(below) * mp.fsum(below), len(above) * mp.fsum(above)) / mp.mpf(self.n) ** 2

    def weight(self, y):
        """Return pi(y): on a gap the minimum is one of two lines, whose Gaussian means are closed."""
        if not self.centers[0] <= y <= self.centers[-1]:
            return mp.mpf(0)
        result = mp.mpf(0)
        for i, (low, high) in enumerate(pairwise(self.centers), start=1):
            rest = self.n - i
            below, above = mp.fsum(self.centers[:i]), mp.fsum(self.centers[i:])
            # i (i z - below) = rest (above - rest z).
            crossing = min(max((i * below + rest * above) / (i**2 + rest**2), low), high)
            for a, b in ((low, crossing), (crossing, high)):
                if a < b:
                    left, right = self.smaller(a + (b - a) / 4), self.smaller(a + 3 * (b - a) / 4)
                    slope = (right - left) / ((b - a) / 2)
                    at_y = left + slope * (y - a - (b - a) / 4)
                    zero, first, _ = gaussian_powers((a - y) / self.sigma, (b - y) / self.sigma)
                    result += at_y * zero + slope * self.sigma * first
        return result

    def noised_weight(self, y):
        """Return min{P(Y > y) E(Y - y)_+, P(Y < y) E(y - Y)_+}."""
        sides = []
        for sign in (1, -1):
            mass = first = mp.mpf(0)
            for z in self.centers:
                zero, one, _ = gaussian_powers(sign * (y - z) / self.sigma, mp.inf)
                mass += zero / self.n
                first += (self.sigma * one - sign * (y - z) * zero) / self.n
            sides.append(mass * first)
        return min(sides)

    def variation(self, weight):
        """Return (1/m) sum over kinks of the size of the total jump times the weight."""
        jumps = {k: mp.mpf(0) for k in self.kinks}
        for k, _, w, c in self.groups:
            jumps[k] += c * w
        return mp.fsum(abs(jump) * weight(k) for k, jump in jumps.items()) / self.m


def gaussian_powers(low, high):
    """Return the integrals of u^k phi(u) over [low, high], k = 0, 1, 2; tails keep their relative accuracy."""
    root = mp.sqrt(2)
    if low > 0:
        mass = (mp.erfc(low / root) - mp.erfc(high / root)) / 2
    elif high < 0:
        mass = (mp.erfc(-high / root) - mp.erfc(-low / root)) / 2
    else:
        mass = (mp.erf(high / root) - mp.erf(low / root)) / 2
    at_low, at_high = (mp.npdf(end) if mp.isfinite(end) else mp.mpf(0) for end in (low, high))
    low, high = (end if mp.isfinite(end) else mp.mpf(0) for end in (low, high))
    return mass, at_low - at_high, mass + low * at_low - high * at_high


def pair_means(center, sigma, one, other):
    """Return E phi phi', E phi I', E I I' of two neurons (kink, direction) for y = center + sigma u."""
    low, high = -mp.inf, mp.inf
    lines = []
    for kink, direction in (one, other):
        threshold = (kink - center) / sigma
        low, high = (max(low, threshold), high) if direction > 0 else (low, min(high, threshold))
        lines.append((direction * (center - kink), direction * sigma))
    if low >= high:
        return mp.mpf(0), mp.mpf(0), mp.mpf(0)
    zero, first, second = gaussian_powers(low, high)
    (a, b), (c, d) = lines
    return a * c * zero + (a * d + b * c) * first + b * d * second, a * zero + b * first, zero


def is_positive_definite(matrix):
    """Tell whether a Cholesky factorisation exists."""
    try:
        mp.cholesky(matrix)
    except ValueError:
        return False
    return True
