"""Proposition 10: its counterexample from the paper's formulas alone, what noise has to do with it, and the repair's teeth."""

from dataclasses import replace
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest

from numerics.arithmetic import FLOATS
from numerics.comparison import Truth
from tests.theory.wu2025.neurons import NETWORKS, features, mean, net, neurons
from tests.theory.wu2025.printed import number, pair_means
from theory.statement import Inequality
from theory.wu2025.statements import proposition_10 as module
from verification.evaluate import certified, check_at, consistent, float_margin

PRINTED, REPAIRED = module.proposition_10, module.reading_noised
STATEMENTS = [entry for entry in vars(module).values() if isinstance(entry, Inequality)]
# One neuron of each of two far points, its outer weight equal to its distance: equality without noise.
TIGHT = {**module.ONE_NEURON, "sigma": "1/10000", "kinks": ["1/4", "1/4"], "directions": [1, -1]}
TIGHT = {**TIGHT, "weights": ["1/4", "1/4"], "multiplicities": [1, 1]}


def kernel_matrix(data):
    """Return the mean of grad s grad s^T over all 2m parameters from the definition of s."""
    sigma, points = number(data["sigma"]), [number(data["mu"]) * number(x) for x in data["x"]]
    columns = (data[key] for key in ("kinks", "directions", "weights", "multiplicities"))
    rows = [(number(k), int(e), number(w)) for k, e, w, c in zip(*columns, strict=True) for _ in range(int(c))]
    m, n = len(rows), len(points)
    matrix = mp.matrix(2 * m, 2 * m)
    for i, (kink, direction, weight) in enumerate(rows):
        for j, (kink_, direction_, weight_) in enumerate(rows):
            for x in points:
                product, mixed, both = pair_means(x, sigma, (kink, direction), (kink_, direction_))
                matrix[i, j] += product / (n * m**2)
                matrix[i, m + j] += weight_ * mixed / (n * m**2)
                matrix[m + j, i] += weight_ * mixed / (n * m**2)
                matrix[m + i, m + j] += weight * weight_ * both / (n * m**2)
    return matrix


def weight(data, y):
    """Return pi(y) = E min{pi^+, pi^-}(y - xi) by quadrature of the definition; two points, so one crossing in the middle."""
    sigma, (low, high) = number(data["sigma"]), [number(data["mu"]) * number(x) for x in data["x"]]

    def smaller(z):
        below, above = (mp.mpf(1) / 2) ** 2 * (z - low), (mp.mpf(1) / 2) ** 2 * (high - z)
        return min(below, above)

    ends = sorted({low, (low + high) / 2, high, *(e for k in (-9, -3, 3, 9) if low < (e := y + k * sigma) < high)})
    return mp.quad(lambda z: smaller(z) * mp.npdf((y - z) / sigma) / sigma, ends)


def printed_sides(data):
    columns = (data[key] for key in ("kinks", "weights", "multiplicities"))
    width = sum(int(c) for c in data["multiplicities"])
    variation = sum(int(c) * abs(number(w)) * weight(data, number(k)) for k, w, c in zip(*columns, strict=True)) / width
    return max(mp.eigsy(kernel_matrix(data), eigvals_only=True)), 2 * variation / width


def test_the_pair_means_written_here_are_integrals():
    with mp.workdps(30):
        for one, other in (((1, 1), (2, 1)), ((1, 1), (2, -1)), ((2, 1), (1, -1)), ((mp.mpf("0.3"), -1), (1, -1))):

            def active(y, kink, direction):
                return direction * (y - kink) > 0

            def both(y, one=one, other=other):
                return mp.npdf((y - mp.mpf("0.5")) / mp.mpf("0.7")) / mp.mpf("0.7") * (active(y, *one) and active(y, *other))

            ends = sorted({mp.mpf(-9), one[0], other[0], mp.mpf(10)})
            product = mp.quad(lambda y, one=one, other=other: both(y) * abs(y - one[0]) * abs(y - other[0]), ends)
            found = pair_means(mp.mpf("0.5"), mp.mpf("0.7"), one, other)
            assert mp.almosteq(found[0], product, rel_eps=1e-15, abs_eps=1e-25)
            assert mp.almosteq(found[2], mp.quad(both, ends), rel_eps=1e-15, abs_eps=1e-25)


def test_the_counterexample_fails_by_half_a_percent_at_thirty_digits():
    with mp.workdps(30):
        left, right = printed_sides(module.SMALLEST)
        assert mp.almosteq(left / right, mp.mpf("0.99553882954935468"), rel_eps=mp.mpf("1e-17"))
    found = check_at(PRINTED, module.SMALLEST)
    assert found.verdict is Truth.FALSE
    assert found.left[1:14] == mp.nstr(left, 20)[:13]
    assert found.right[1:14] == mp.nstr(right, 20)[:13]


def test_without_noise_the_printed_inequality_holds_at_the_same_design():
    quiet = {**module.SMALLEST, "sigma": "1/1000"}
    with mp.workdps(30):
        left, right = printed_sides(quiet)
        assert left > right
    assert check_at(PRINTED, quiet).verdict is Truth.TRUE


def test_the_repair_holds_at_the_counterexample_and_where_it_is_tight():
    for data in (module.SMALLEST, module.ONE_NEURON, TIGHT):
        assert check_at(REPAIRED, data).verdict is Truth.TRUE
    assert 1 <= float_margin(REPAIRED, REPAIRED.instance.parse(TIGHT)).ratio < 1.001


@pytest.mark.parametrize(
    ("name", "data"),
    [("c times 3/2", TIGHT), ("c times 1001/1000", TIGHT), ("the printed weight", module.SMALLEST), ("trace over size", TIGHT)],
)
def test_every_false_neighbour_of_the_repair_fails_at_an_instance_by_hand(name, data):
    if name == "c times 1001/1000":
        changed = replace(REPAIRED, constants={"c": Fraction(2002, 1000)})
    else:
        (mutant,) = [mutant for mutant in REPAIRED.mutants if mutant.name == name]
        changed = mutant.change(REPAIRED, 1.0)
    assert check_at(changed, data).verdict is Truth.FALSE


@pytest.mark.parametrize("entry", STATEMENTS, ids=lambda entry: entry.id)
def test_every_line_of_the_proof_stands_where_it_is_said_to_stand(entry):
    data = {**module.SMALLEST, "xi": "1/4"} if "xi" in entry.instance.__dataclass_fields__ else module.SMALLEST
    if entry.erratum is None:
        assert consistent(certified(entry, entry.instance.parse(data)))
    else:
        assert check_at(entry, entry.erratum.counterexample).verdict is Truth.FALSE


def test_the_exchange_of_maxima_fails_for_one_neuron_by_quadrature():
    """One neuron: E Phi Phi^T is 2 by 2 over the parameters, E Phi^T Phi is n by n over the data."""
    p = net([0, 1], "1/2", "1/2", [0], [1], [1])
    # One common noise is the noised sample of a single point 0; the features have kinks at 0 and at -mu.
    noise = replace(p, x=(Fraction(0),), kinks=(Fraction(0), Fraction(-1, 2)))

    def products(y, x):
        moved = np.array([y, y + 0.5])
        phi, active = np.maximum(moved, 0), 1.0 * (moved > 0)
        over_data = phi[:, None] * phi + active[:, None] * active
        return over_data

    gram, lifted = mean(noise, products), p.lift(FLOATS)
    assert np.allclose(module.common_noise_gram(lifted), gram, rtol=1e-10)
    assert module.gram_eigenvalue(lifted) == pytest.approx(np.linalg.eigvalsh(gram)[-1] / 2, rel=1e-10)
    assert abs(module.tangent_kernel_eigenvalue(lifted) - module.gram_eigenvalue(lifted)) > 0.01


@pytest.mark.parametrize("p", NETWORKS.values(), ids=NETWORKS)
def test_the_features_with_one_noise_for_all_data_have_their_mean_products_by_quadrature(p):
    lifted = p.lift(FLOATS)
    kinks, signs, weights = neurons(lifted)
    centers = lifted.mu * lifted.x

    def entry(i, j):
        """Integrate over y = mu x_i + xi, at which the other feature sees y moved by mu (x_j - x_i)."""
        move = lifted.mu * Fraction(p.x[j] - p.x[i])
        alone = replace(p, x=(p.x[i],), kinks=(*p.kinks, *(Fraction(k) - Fraction(move) for k in lifted.kinks)))

        def product(y, x):
            one, other = (np.maximum(signs[:, None] * (z - kinks[:, None]), 0) for z in (y, y + float(move)))
            return (one * other + weights[:, None] ** 2 * (one > 0) * (other > 0)).sum(axis=0)

        return mean(alone, product) / p.width**2

    gram = module.common_noise_gram(lifted)
    for i in range(len(centers)):
        assert gram[i, -1] == pytest.approx(entry(i, len(centers) - 1), rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("p", NETWORKS.values(), ids=NETWORKS)
def test_the_mean_gradient_and_the_mean_squared_slope_are_integrals(p):
    lifted = p.lift(FLOATS)
    weights, signs = neurons(lifted)[2], neurons(lifted)[1]

    def gradient(y, x):
        values, active, _ = features(lifted, y)
        return np.concatenate([values, weights[:, None] * active]) / p.width

    assert module.mean_gradient_square(lifted) == pytest.approx((mean(p, gradient) ** 2).sum(), rel=1e-10)
    slope = mean(p, lambda y, x: ((signs * weights) @ features(lifted, y)[1] / p.width) ** 2)
    assert module.mean_slope_square(lifted) == pytest.approx(slope, rel=1e-9)


def test_the_bound_by_the_slope_is_tight_for_one_neuron_of_a_large_weight():
    ratios = [
        float_margin(module.reading_translation, net([0, 1], "1/2", "1/2", [0], [1], [weight])).ratio
        for weight in (1, 10, 1000)
    ]
    assert ratios[0] > ratios[1] > ratios[2] > 1
    assert ratios[2] < 1 + 1e-5
