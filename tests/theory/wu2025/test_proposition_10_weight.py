"""The weight of the paper beside that of the noised sample, both by quadrature of their definitions."""

from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest

from numerics.arithmetic import FLOATS
from numerics.comparison import Truth
from tests.theory.wu2025.printed import Printed, number
from theory.statement import Statement
from theory.wu2025.statements import proposition_10_weight as module
from verification.evaluate import certified, check_at, consistent

NONE = {"kinks": [0], "directions": [1], "weights": [0]}
RNG = np.random.default_rng(11)


@pytest.fixture(autouse=True)
def _fifteen_digits():
    with mp.workdps(15):
        yield


def by_quadrature(p, y):
    """Return pi(y) and the weight of the noised sample, both as integrals."""
    crossings = [z for z in mp.linspace(p.centers[0], p.centers[-1], 33)]
    ends = sorted({*p.centers, *crossings, *(e for t in (-4, 0, 4) if p.centers[0] < (e := y + t * p.sigma) < p.centers[-1])})
    own = mp.quad(lambda z: p.smaller(z) * mp.npdf(y, z, p.sigma), ends, maxdegree=4)
    sides = []
    for sign in (1, -1):
        mass = first = mp.mpf(0)
        for z in p.centers:
            low = max((y - z) * sign, -12 * p.sigma)
            cuts = [low, *(c for c in (-4 * p.sigma, 0, 4 * p.sigma, 12 * p.sigma) if c > low)]
            if len(cuts) > 1:
                mass += mp.quad(lambda u: mp.npdf(u, 0, p.sigma), cuts) / p.n
                first += mp.quad(lambda u, z=z, sign=sign: (u - sign * (y - z)) * mp.npdf(u, 0, p.sigma), cuts) / p.n
        sides.append(mass * first)
    return own, min(sides)


def sample(spacing):
    n = int(RNG.integers(2, 5))
    sigma, mu = Fraction(1, int(RNG.integers(2, 12))), Fraction(int(RNG.integers(1, 9)), 10)
    gaps = [Fraction(int(RNG.integers(8, 40)), 8) * spacing * sigma / mu for _ in range(n - 1)]
    x = [Fraction(0)]
    for gap in gaps:
        x.append(x[-1] + gap)
    i = int(RNG.integers(1, n))
    y = mu * (x[i - 1] + Fraction(int(RNG.integers(0, 17)), 16) * gaps[i - 1])
    return {"x": x, "mu": mu, "sigma": sigma, "i": i, "y": y}


@pytest.mark.parametrize("data", [sample(1) for _ in range(3)])
def test_at_random_points_the_weight_exceeds_that_of_the_noised_sample_by_half_sigma_at_most(data):
    p = Printed({**data, **NONE})
    own, noised = by_quadrature(p, number(data["y"]))
    assert own <= noised + p.sigma / 2
    assert mp.almosteq(own, p.weight(number(data["y"])), rel_eps=1e-7)
    assert mp.almosteq(noised, p.noised_weight(number(data["y"])), rel_eps=1e-12)
    lifted = module.part_a.instance(**{**data, "x": tuple(data["x"])}).lift(FLOATS)
    assert module.weight_function(lifted, lifted.y) == pytest.approx(float(own), rel=1e-7)
    assert module.noised_weight(lifted, lifted.y) == pytest.approx(float(noised), rel=1e-12)


@pytest.mark.parametrize("data", [sample(8) for _ in range(3)])
def test_at_random_points_of_separated_samples_the_ratio_of_the_weights_is_2_02_at_most(data):
    p = Printed({**data, **NONE})
    own, noised = by_quadrature(p, number(data["y"]))
    assert own <= mp.mpf("2.02") * noised
    assert check_at(module.part_b, {k: str(v) if isinstance(v, Fraction) else v for k, v in data.items()}).verdict is Truth.TRUE


def test_at_the_end_of_four_points_the_ratio_exceeds_two_by_what_the_next_gap_lets_through():
    """The jump of pi^- at the next data point is seen from four sigma, and from eight sigma no longer."""
    found = {}
    for gap in (2, 4, 8):
        p = Printed({"x": [2 * gap * k for k in range(4)], "mu": "1/2", "sigma": 1, **NONE})
        own, noised = by_quadrature(p, p.centers[0])
        found[gap] = own / noised - 2
    assert found[2] > mp.mpf("0.19")
    assert mp.almosteq(found[4], mp.mpf("0.0005800056343872725"), rel_eps=1e-5)
    assert 0 <= found[8] + mp.mpf("1e-9") < mp.mpf("1e-8")
    data = {"x": [0, 16, 32, 48], "mu": "1/2", "sigma": "99/100", "i": 1, "y": 0}
    assert check_at(module.part_b, data).verdict is Truth.TRUE


def test_at_the_end_of_two_points_the_ratio_is_two():
    p = Printed({"x": [0, 40], "mu": "1/2", "sigma": "1/2", **NONE})
    own, noised = by_quadrature(p, p.centers[1])
    assert own / noised == pytest.approx(2, abs=1e-6)


def test_between_equispaced_points_the_difference_stays_below_that_of_one_atom():
    """One atom far from its threshold a gives psi(a)(1 - Phi(a)), largest at a = 0.4 among tenths, 0.2172."""
    atom, at = max(((mp.npdf(a) + a * mp.ncdf(a)) * mp.ncdf(-a), a) for a in mp.linspace(0, 1, 11))
    assert mp.almosteq(atom, mp.mpf("0.217235516"), rel_eps=1e-8)
    assert mp.almosteq(at, mp.mpf("0.4"))
    gains = []
    for n in (2, 3):
        p = Printed({"x": [40 * k for k in range(n)], "mu": "1/2", "sigma": "1/2", **NONE})
        gains.append(max((p.weight(y) - p.noised_weight(y)) / p.sigma for y in mp.linspace(0, p.centers[-1], 161)))
    assert mp.mpf("0.05") < gains[0] < atom
    assert mp.mpf("0.02") < gains[1] < gains[0]


@pytest.mark.parametrize("entry", [e for e in vars(module).values() if isinstance(e, Statement)], ids=lambda e: e.id)
def test_both_bounds_stand_in_their_gallery_and_their_neighbours_fall(entry):
    for data in entry.gallery:
        assert consistent(certified(entry, entry.instance.parse(data)))
    for mutant in entry.mutants:
        if mutant.name in {"nothing", "c times 1/2"}:
            data = {"x": [0, 40], "mu": "1/2", "sigma": "1/2", "i": 1, "y": 20}
            data["y"] = "1/100" if mutant.name != "nothing" else "1/4"
            assert check_at(mutant.change(entry, 1.0), data).verdict is Truth.FALSE, mutant.name
