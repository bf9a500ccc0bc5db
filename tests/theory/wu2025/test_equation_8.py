"""(7) and (8): the counterexample to (8) from the paper's formulas alone, in mpmath; the two readings under which it holds."""

from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise

import mpmath as mp
import numpy as np
import pytest
from mpmath.calculus.quadrature import GaussLegendre

from numerics.arithmetic import FLOATS
from numerics.comparison import Truth
from tests.theory.wu2025.printed import Printed, number
from theory.wu2025.curvature import curvature
from theory.wu2025.statements import equations_7_8 as module
from verification.evaluate import check_at, hypotheses_truth

STABLE = module.STABLE
PAIRS = [(0, 0), (0, 1), (1, 1)]


class Neuron:
    """One neuron s(y) = w (y + b)_+ on the sample of the counterexample: its critical point and the moments of (7)."""

    def __init__(self):
        self.sigma, mu = number(STABLE["sigma"]), number(STABLE["mu"])
        self.centers = [mu * number(x) for x in STABLE["x"]]
        # Gauss-Legendre with 24 nodes on panels of two sigma: thirty digits.
        self.rule = GaussLegendre(mp.mp).calc_nodes(4, mp.mp.prec)
        near = number(STABLE["near"])
        self.w, self.b = mp.findroot(lambda w, b: self.gradient(w, b), (mp.mpf(-12), -near), tol=mp.mpf("1e-30"))

    def mean(self, g, z, b):
        """Return E[g(Y); Y > -b] for Y ~ N(z, sigma^2) by quadrature; the neuron is off elsewhere."""
        grid = [z + t * self.sigma for t in (-11, -8, -6, -4, -2, 0, 2, 4, 6, 8, 11)]
        ends = [-b, *(y for y in grid if y > -b)]
        total = mp.mpf(0)
        for low, high in pairwise(ends):
            half, middle = (high - low) / 2, (high + low) / 2
            for node, length in self.rule:
                y = middle + half * node
                total += half * length * g(y) * mp.exp(-(((y - z) / self.sigma) ** 2) / 2)
        return total / (self.sigma * mp.sqrt(2 * mp.pi))

    def residual(self, y, z, w, b):
        return w * (y + b) + (y - z) / self.sigma**2

    def gradient(self, w, b):
        in_w = [self.mean(lambda y, z=z: self.residual(y, z, w, b) * (y + b), z, b) for z in self.centers]
        in_b = [self.mean(lambda y, z=z: self.residual(y, z, w, b) * w, z, b) for z in self.centers]
        return [mp.fsum(in_w), mp.fsum(in_b)]

    def risk(self, w, b):
        """Return (5); where the neuron is off, the residual is (y - z)/sigma^2 and its mean square 1/sigma^2 in all."""
        rest = 1 / self.sigma**2
        parts = [
            self.mean(lambda y, z=z: self.residual(y, z, w, b) ** 2 - ((y - z) / self.sigma**2) ** 2, z, b)
            for z in self.centers
        ]
        return rest + mp.fsum(parts) / len(self.centers)

    def hessian(self):
        """Return the Hessian of the risk by differences of (5)."""
        h, at = mp.mpf("1e-9"), self.risk
        w, b, scale = self.w, self.b, mp.mpf(100)
        middle = at(w, b)
        dw, db = h * scale, h
        ww = (at(w + dw, b) - 2 * middle + at(w - dw, b)) / dw**2
        bb = (at(w, b + db) - 2 * middle + at(w, b - db)) / db**2
        wb = (at(w + dw, b + db) - at(w + dw, b - db) - at(w - dw, b + db) + at(w - dw, b - db)) / (4 * dw * db)
        return mp.matrix([[ww, wb], [wb, bb]])

    def loss_hessian(self, y, z):
        """Return the three entries of the Hessian of the squared residual at one y where the neuron is on."""
        w, b = self.w, self.b
        return [2 * (y + b) ** 2, 2 * w * (y + b) + 2 * self.residual(y, z, w, b), 2 * w**2]

    def moments(self):
        """Return the means and second moments of the three entries, for each data point."""
        first, second = [], []
        for z in self.centers:
            first.append([self.mean(lambda y, z=z, k=k: self.loss_hessian(y, z)[k], z, self.b) for k in range(3)])
            second.append({})
            for k in range(3):
                for j in range(k, 3):

                    def product(y, z=z, k=k, j=j):
                        entries = self.loss_hessian(y, z)
                        return entries[k] * entries[j]

                    second[-1][k, j] = second[-1][j, k] = self.mean(product, z, self.b)
        return first, second

    def map_of_second_moments(self, first, second, eta, batch):
        """Return S -> E[(I - eta H) S (I - eta H)] on symmetric S = (S_ww, S_wb, S_bb), H the mean over a uniform batch."""
        entry = {(0, 0): 0, (0, 1): 1, (1, 0): 1, (1, 1): 2}
        single = {key: (second[0][key] + second[1][key]) / 2 for key in second[0]}
        mean = [(a + b) / 2 for a, b in zip(*first, strict=True)]

        def product(k, j):
            if batch == 1:
                return single[k, j]
            return single[k, j] / 2 + (first[0][k] * first[1][j] + first[1][k] * first[0][j]) / 4

        columns = []
        for basis in PAIRS:
            s = mp.matrix(2, 2)
            s[basis] = s[basis[1], basis[0]] = 1
            out = []
            for a, d in PAIRS:
                moved = s[a, d]
                for c in range(2):
                    moved -= eta * (mean[entry[a, c]] * s[c, d] + s[a, c] * mean[entry[c, d]])
                    for e in range(2):
                        moved += eta**2 * product(entry[a, c], entry[e, d]) * s[c, e]
                out.append(moved)
            columns.append(out)
        return mp.matrix(columns).T

    def radius(self, first, second, eta, batch):
        return max(abs(value) for value in mp.eig(self.map_of_second_moments(first, second, eta, batch), right=False))


@pytest.fixture(scope="module")
def neuron():
    """Return the critical point of the counterexample, its Hessian and the moments of (7), at thirty digits."""
    with mp.workdps(30):
        found = Neuron()
        yield found, found.hessian(), found.moments()


def test_the_critical_point_of_the_counterexample_is_a_strict_minimum_of_large_sharpness(neuron):
    found, hessian, _ = neuron
    with mp.workdps(30):
        assert mp.almosteq(-found.b, mp.mpf("-0.2108329286"), rel_eps=1e-9)
        assert mp.almosteq(found.w, mp.mpf("-12.28920107"), rel_eps=1e-9)
        assert max(abs(entry) for entry in found.gradient(found.w, found.b)) < mp.mpf("1e-13")
        low, high = mp.eigsy(hessian, eigvals_only=True)
        assert mp.almosteq(low, mp.mpf("0.12925"), rel_eps=1e-4)
        assert mp.almosteq(high, mp.mpf("1455.90916"), rel_eps=1e-8)


@pytest.mark.parametrize(("eta", "batch", "stable_to"), [("1/200", 2, ".00568"), ("3/1000", 1, ".00374")])
def test_the_counterexample_is_stable_in_mean_square_at_a_rate_that_8_forbids(neuron, eta, batch, stable_to):
    found, hessian, (first, second) = neuron
    with mp.workdps(30):
        rate, top = number(eta), max(mp.eigsy(hessian, eigvals_only=True))
        assert top > 2 * 2 / rate
        assert found.radius(first, second, rate, batch) < 1
        assert found.radius(first, second, mp.mpf(stable_to), batch) < 1
        assert found.radius(first, second, mp.mpf(stable_to) + mp.mpf("2e-5"), batch) > 1
    assert check_at(module.equation_8, {**STABLE, "eta": eta, "batch": batch}).verdict is Truth.FALSE


def test_the_mean_of_the_pathwise_hessians_misses_the_kink_term(neuron):
    found, hessian, (first, _) = neuron
    with mp.workdps(30):
        mean = [(a + b) / 2 for a, b in zip(*first, strict=True)]
        density = mp.fsum(mp.npdf(-found.b, z, found.sigma) * (-found.b - z) / found.sigma**2 for z in found.centers) / 2
        kink = 2 * found.w * density
        assert mp.almosteq(hessian[0, 0], mean[0], rel_eps=1e-10)
        assert mp.almosteq(hessian[0, 1], mean[1], rel_eps=1e-10)
        assert mp.almosteq(hessian[1, 1], mean[2] + kink, rel_eps=1e-10)
        assert kink > 4 * mean[2]
        pathwise = mp.matrix([[mean[0], mean[1]], [mean[1], mean[2]]])
        top = max(mp.eigsy(pathwise, eigvals_only=True))
        assert mp.almosteq(top, mp.mpf("275.015713535"), rel_eps=1e-10)
        assert top <= 2 * 200
        assert check_at(module.equation_8_pathwise, STABLE).verdict is Truth.TRUE


def test_the_repository_finds_the_same_critical_point_hessian_and_map(neuron):
    found, hessian, (first, second) = neuron
    lifted = module.NeuronProblem.parse(STABLE).lift(FLOATS)
    assert float(lifted.network.kinks[0]) == pytest.approx(float(-found.b), rel=1e-9)
    assert np.allclose(lifted.hessian, np.array(hessian.tolist(), dtype=float), rtol=1e-6)
    moments = module.pathwise_moments(lifted.network)
    for batch in (1, 2):
        ours = np.max(np.abs(np.linalg.eigvals(module.second_moment_map(moments, 0.005, batch))))
        with mp.workdps(30):
            assert ours == pytest.approx(float(found.radius(first, second, mp.mpf("0.005"), batch)), rel=1e-6)
    lyapunov = module.lyapunov_matrix(lifted)
    assert np.linalg.eigvalsh(lyapunov)[0] > 0
    assert np.allclose(module.contraction(lifted), np.eye(2), atol=1e-6)


def test_gradient_descent_on_the_risk_contracts_below_the_bound_of_8_and_not_above(neuron):
    _, hessian, _ = neuron
    with mp.workdps(30):
        top = max(mp.eigsy(hessian, eigvals_only=True))
        for share, bounded in (("0.99", True), ("1.01", False)):
            power = mp.eye(2) - mp.mpf(share) * 2 / top * hessian
            for _ in range(12):
                power = power * power
            assert (mp.mnorm(power, 1) < 100) == bounded
        data = {**STABLE, "eta": str(Fraction(99 * 2 * 10**6, 100 * 1455909162))}
        assert hypotheses_truth(module.equation_8_descent, module.NeuronProblem.parse(data)) is Truth.TRUE
        assert check_at(module.equation_8_descent, data).verdict is Truth.TRUE
        above = {**STABLE, "eta": str(Fraction(101 * 2 * 10**6, 100 * 1455909162))}
        assert hypotheses_truth(module.equation_8_descent, module.NeuronProblem.parse(above)) is Truth.FALSE


def test_the_hypothesis_of_stability_fails_beyond_the_threshold_of_the_second_moment():
    for eta, expected in (("1/200", Truth.TRUE), ("56/10000", Truth.TRUE), ("6/1000", Truth.FALSE)):
        instance = module.NeuronProblem.parse({**STABLE, "eta": eta, "batch": 2})
        assert hypotheses_truth(module.equation_8, instance) is expected


def test_the_sum_over_a_batch_has_the_mean_of_the_batch_size_times_the_risk():
    """Enumerate the uniform subsets of three points: each point is in b/3 of them."""
    losses = [Fraction(3), Fraction(5), Fraction(11)]
    for b in (1, 2, 3):
        sums = [sum(losses[i] for i in chosen) for chosen in combinations(range(3), b)]
        assert sum(sums) / len(sums) == b * sum(losses) / 3
    found = check_at(module.unbiased, {**module.ONE_NEURON, "batch": 2})
    with mp.workdps(30):
        risk = Printed(module.ONE_NEURON).risk()
    assert float(found.comparison.left) == pytest.approx(2 * float(risk), rel=1e-12)
    assert found.verdict is Truth.FALSE


def test_the_hessian_of_the_risk_and_the_mean_pathwise_hessian_differ_at_the_kink_of_one_neuron():
    with mp.workdps(30):
        p = Printed(module.ONE_NEURON)
        full, pathwise = p.hessian(), p.hessian(kink=0)
        assert abs(full[1, 1] - pathwise[1, 1]) > mp.mpf("0.01")
    network = module.NetworkProblem.parse(module.ONE_NEURON).lift(FLOATS)
    assert np.allclose(curvature(network).pathwise, np.array(pathwise.tolist(), dtype=float), rtol=1e-12)
    assert np.allclose(curvature(network).hessian, np.array(full.tolist(), dtype=float), rtol=1e-12)


def test_the_pathwise_bound_breaks_with_the_whole_hessian():
    (mutant,) = [mutant for mutant in module.equation_8_pathwise.mutants if mutant.name == "the whole Hessian"]
    assert check_at(mutant.change(module.equation_8_pathwise, 1.0), STABLE).verdict is Truth.FALSE


def test_a_point_without_a_critical_kink_near_it_is_no_instance():
    lifted = module.NeuronProblem.parse({**STABLE, "near": "-1/10"})
    assert hypotheses_truth(module.equation_8, lifted) is not Truth.TRUE
    assert np.isnan(replace(lifted, eta=Fraction(1)).lift(FLOATS).network.kinks[0])
