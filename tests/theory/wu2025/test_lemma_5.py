"""Lemma 5: second derivatives of the risk by numerical differentiation of (5), against the printed Hessian and ours."""

import mpmath as mp
import numpy as np
import pytest

from numerics.arithmetic import FLOATS
from numerics.comparison import Truth
from tests.theory.wu2025.printed import Printed, number
from theory.wu2025.curvature import curvature
from theory.wu2025.statements import lemma_5 as module
from verification.evaluate import check_at

MIXED = {**module.BASE, "kinks": ["1/8", "3/4", 1], "directions": [1, -1, 1], "weights": [2, -1, "1/2"]}


@pytest.fixture(autouse=True)
def _thirty_digits():
    with mp.workdps(30):
        yield


def risk_by_quadrature(data, w, b):
    """Return (5) as printed, for outer weights w and biases b."""
    sigma, points = number(data["sigma"]), [number(data["mu"]) * number(x) for x in data["x"]]
    directions, m = data["directions"], len(w)

    def residual(y, z):
        s = mp.fsum(a * max(e * y + c, 0) for a, e, c in zip(w, directions, b, strict=True)) / m
        return s + (y - z) / sigma**2

    kinks = [-c / e for e, c in zip(directions, b, strict=True)]
    ends = {z: sorted({*kinks, z - 13 * sigma, z - 3 * sigma, z, z + 3 * sigma, z + 13 * sigma}) for z in points}
    means = [mp.quad(lambda y, z=z: residual(y, z) ** 2 * mp.npdf(y, z, sigma), ends[z]) for z in points]
    return mp.fsum(means) / len(points)


def parameters(data):
    weights = [number(w) for w in data["weights"]]
    return weights, [-e * number(k) for e, k in zip(data["directions"], data["kinks"], strict=True)]


def second_derivative(data, k):
    """Return the second derivative of the risk in the bias of neuron k, by a central difference."""
    w, b = parameters(data)

    def at(t):
        return risk_by_quadrature(data, w, [c + (t if i == k else 0) for i, c in enumerate(b)])

    def difference(h):
        return (at(h) - 2 * at(0) + at(-h)) / h**2

    return difference(mp.mpf("1e-6"))


def without_kinks(data, k):
    """Return the Gauss-Newton entry of the bias of neuron k, 2 w^2 P(I)/m^2 (the mixed term has no entry there)."""
    p = Printed(data)
    return p.hessian(kink=0)[p.m + k, p.m + k]


def printed_kink_term(data, k):
    """Return the entry of the third term of (15) as it is printed."""
    p = Printed(data)
    kink, e, w = p.neurons[k]
    terms = [(p.score(kink) + (kink - z) / p.sigma**2) * mp.exp(-((kink - z) ** 2) / (2 * p.sigma**2)) for z in p.centers]
    return -mp.sqrt(2) / (mp.sqrt(mp.pi) * p.m * p.n * p.sigma) * w * e * mp.fsum(terms)


def test_for_direction_one_the_printed_kink_term_has_the_wrong_sign():
    data = module.ONE_NEURON
    found, smooth, term = second_derivative(data, 0), without_kinks(data, 0), printed_kink_term(data, 0)
    assert abs(term) > 0.01
    assert abs(found - (smooth - term)) < mp.mpf("1e-9")
    assert abs(found - (smooth + term)) > abs(term)


def test_for_direction_minus_one_the_printed_kink_term_is_right():
    data = {**module.ONE_NEURON, "directions": [-1]}
    found, smooth, term = second_derivative(data, 0), without_kinks(data, 0), printed_kink_term(data, 0)
    assert abs(term) > 0.01
    assert abs(found - (smooth + term)) < mp.mpf("1e-9")


def test_the_hessian_of_three_neurons_is_that_of_the_risk_by_quadrature():
    w, b = parameters(MIXED)
    v = [mp.mpf(c) for c in (1, -2, 3, 2, 1, -1)]

    def at(t):
        moved = [c + t * u for c, u in zip((*w, *b), v, strict=True)]
        return risk_by_quadrature(MIXED, moved[:3], moved[3:])

    h = mp.mpf("1e-6")
    found = (at(h) - 2 * at(0) + at(-h)) / h**2
    matrix, vector = Printed(MIXED).hessian(), mp.matrix(v)
    expected = (vector.T * matrix * vector)[0]
    assert mp.almosteq(found, expected, rel_eps=mp.mpf("1e-8"))
    p = module.NetworkProblem.parse(MIXED).lift(FLOATS)
    assert np.allclose(curvature(p).hessian, np.array(matrix.tolist(), dtype=float), rtol=1e-12, atol=1e-13)
    assert mp.almosteq(Printed(MIXED).risk(), at(0), rel_eps=mp.mpf("1e-20"))


@pytest.mark.parametrize("data", [module.GENERIC, module.AT_DATA, module.COINCIDENT], ids=["generic", "at data", "coincident"])
def test_second_differences_tend_to_the_second_derivative_and_to_no_other_kink_term(data):
    p = module.LineProblem.parse(data).lift(FLOATS)
    found, expected = module.second_difference(p, 4.0**13), module.second_derivative(p)
    assert found == pytest.approx(expected, rel=1e-6)
    assert abs(module.second_derivative(p, kink=0) - found) > 1e-3 * abs(found)
    assert abs(module.second_derivative(p, kink=-p.signs) - found) > 1e-3 * abs(found)


def test_the_error_is_of_second_order_in_general_and_of_first_where_kinks_coincide():
    orders = []
    for data in (module.GENERIC, module.COINCIDENT):
        p = module.LineProblem.parse(data).lift(FLOATS)
        errors = [abs(module.second_difference(p, 4.0**k) - module.second_difference(p, 4.0**14)) for k in (5, 6)]
        orders.append(np.log(errors[0] / errors[1]) / np.log(4))
    assert orders == pytest.approx([2, 1], abs=0.1)


def test_first_differences_tend_to_the_gradient():
    p = module.LineProblem.parse(module.GENERIC).lift(FLOATS)
    assert module.first_difference(p, 4.0**9) == pytest.approx(module.first_derivative(p), rel=1e-8)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_printed_term_is_refuted_for_one_direction_only(sign):
    data = {**module.ONE_NEURON, "directions": [sign]}
    if sign > 0:
        assert check_at(module.step_2, data).verdict is Truth.FALSE
    else:
        assert check_at(module.step_3, data).verdict is not Truth.FALSE
    assert check_at(module.step_4, data).verdict is (Truth.FALSE if sign > 0 else check_at(module.step_3, data).verdict)
    assert check_at(module.repaired, data).verdict is not Truth.FALSE
