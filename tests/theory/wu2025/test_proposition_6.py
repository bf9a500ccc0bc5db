"""Proposition 6: its counterexample from the paper's formulas alone, at eighty digits; its proof, line by line."""

from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.arithmetic import FLOATS
from numerics.comparison import Truth
from tests.theory.wu2025.printed import Printed, is_positive_definite, number
from theory.statement import Erratum
from theory.wu2025.statements import proposition_6 as module
from verification.evaluate import check_at, float_margin

DATA = module.COUNTEREXAMPLE


def printed_rest(p, bound, risk):
    """Return the second and third terms of the right side as printed."""
    cube = mp.cbrt(mp.sqrt(2 * mp.pi * mp.e) * bound * p.sigma * p.n * risk)
    return mp.sqrt(risk) / 2 + bound / (mp.sqrt(2 * mp.pi) * p.sigma) * max(mp.sqrt(2 * p.n * risk), cube)


@pytest.fixture(scope="module")
def example():
    """Return the counterexample, its Hessian over all 44 parameters, risk and variation, at eighty digits."""
    with mp.workdps(80):
        p = Printed(DATA)
        yield p, p.hessian(), p.risk(), p.variation(p.weight)


def test_the_weight_written_here_is_the_integral_of_its_definition(example):
    p = example[0]
    with mp.workdps(25):
        q = Printed(DATA)
        for y in q.kinks[::3]:
            ends = sorted({y + t * q.sigma for t in (-13, -4, 0, 4, 13)} | {q.centers[0], q.centers[1], mp.mpf(0)})
            inside = [end for end in ends if q.centers[0] <= end <= q.centers[1]]
            found = mp.quad(lambda z, q=q, y=y: q.smaller(z) * mp.npdf(y, z, q.sigma), inside)
            assert mp.almosteq(found, p.weight(y), rel_eps=mp.mpf("1e-18"))


def test_the_counterexample_exceeds_the_printed_bound_by_a_two_hundredth(example):
    p, hessian, risk, variation = example
    with mp.workdps(80):
        bound, size = number(DATA["bound"]), 2 * p.m
        assert (p.m, size) == (22, 44)
        assert max(abs(w) for _, _, w in p.neurons) <= bound
        rest = printed_rest(p, bound, risk)
        assert 0 < risk < mp.mpf("1e-60")
        assert 0 < rest < mp.mpf("1.1e-8")
        # lambda_max < t where t I - Hessian has a Cholesky factor.
        top = 4 * mp.mpf("53.797099596575048956") / p.m
        assert is_positive_definite(top * mp.eye(size) - hessian)
        assert not is_positive_definite((top - mp.mpf("1e-18")) * mp.eye(size) - hessian)
        excess = variation - top * p.m / 4 - rest
        assert abs(variation - mp.mpf("53.802285412968898244")) < mp.mpf("1e-17")
        assert mp.mpf("0.0051858") < excess < mp.mpf("0.0051859")


def test_the_counterexample_exceeds_the_bound_18_from_which_the_claim_follows(example):
    p, _, risk, variation = example
    with mp.workdps(80):
        terms = [
            abs(p.score(k) + (k - z) / p.sigma**2) * mp.exp(-((k - z) ** 2) / (2 * p.sigma**2))
            for k in p.kinks
            for z in p.centers
        ]
        factor = mp.sqrt(2) * number(DATA["bound"]) / (mp.sqrt(mp.pi) * p.m * p.sigma)
        top = 4 * mp.mpf("53.797099596575048956") / p.m
        right = top + 2 * mp.sqrt(risk) / p.m + factor * max(terms)
        assert 4 * variation / p.m > right
        found = check_at(module.step_18, DATA)
        assert found.verdict is Truth.FALSE
        assert float(found.comparison.right) == pytest.approx(float(right * p.m / 4), rel=1e-13)


def test_the_bound_of_the_counterexample_exceeds_what_the_safe_choice_asks(example):
    p = example[0]
    with mp.workdps(80):
        span, gap = p.x[1] - p.x[0], p.x[1] - p.x[0]
        lemma_12 = 4 * p.mu**2 * span**3 / p.sigma**6 * (p.mu**2 * span + 2 * p.sigma**2 / gap)
        assert number(DATA["bound"]) >= 2 * lemma_12
        assert p.mu**2 + p.sigma**2 == 1


def test_with_the_weight_of_the_noised_sample_the_counterexample_obeys(example):
    p, hessian, *_ = example
    with mp.workdps(80):
        noised = p.variation(p.noised_weight)
        # lambda_max m/4 exceeds it: no Cholesky factor there.
        assert not is_positive_definite(4 * noised / p.m * mp.eye(2 * p.m) - hessian)
        assert noised < mp.mpf("53.797") < p.variation(p.weight)


def test_the_balls_of_the_repository_enclose_the_sides_of_the_counterexample(example):
    p, _, risk, variation = example
    found = check_at(module.proposition_6, DATA)
    assert found.verdict is Truth.FALSE
    assert float(found.comparison.left) == pytest.approx(float(variation), rel=1e-14)
    right = 53.797099596575048955 + float(printed_rest(p, number(DATA["bound"]), risk))
    assert float(found.comparison.right) == pytest.approx(right, rel=1e-13)


def test_without_the_near_pairs_the_printed_inequality_holds():
    kept = {name: DATA[name][:4] for name in ("kinks", "directions", "weights", "multiplicities")}
    assert check_at(module.proposition_6, {**DATA, **kept}).verdict is Truth.TRUE


def test_a_line_of_the_proof_carries_a_superfluous_factor_of_the_width():
    erratum = module.step_1.erratum
    assert isinstance(erratum, Erratum)
    with mp.workdps(30):
        p = Printed(erratum.counterexample)
        top = max(mp.eigsy(p.hessian(mixed=0, kink=0), eigvals_only=True))
        assert p.m == 2
        found = check_at(module.step_1, erratum.counterexample)
        assert float(found.comparison.left) == pytest.approx(float(top), rel=1e-12)
        assert float(found.comparison.right) == pytest.approx(float(top) / p.m, rel=1e-12)


def test_in_case_two_the_domain_reaches_beyond_the_kink_and_the_gaussian_falls_there():
    d = h = y = mp.mpf(1)
    y = d + h
    assert d - h > -1
    assert d + h > d
    assert mp.exp(-(y**2) / 2) < mp.exp(-mp.mpf(1) / 2) * mp.exp(-(d**2) / 2)
    for entry in (module.step_7, module.step_8):
        assert isinstance(entry.erratum, Erratum)
        assert check_at(entry, entry.erratum.counterexample).verdict is Truth.FALSE


@settings(max_examples=60)
@given(st.floats(0, 6), st.floats(0.001, 0.999))
def test_in_case_two_the_integral_is_bounded_as_printed(d, share):
    with mp.workdps(25):
        d = mp.mpf(d)
        h = share * (d + 1)
        integral = mp.quad(lambda y: mp.exp(-(y**2) / 2), [d - h, d, d + h])
        assert integral >= 2 * h * mp.exp(-mp.mpf(1) / 2 - d**2 / 2)


def test_in_case_two_the_bound_is_nearly_reached_and_not_with_a_larger_constant():
    data = {"distance": "309/500", "reach": "1617/1000", "sigma": 1}
    with mp.workdps(25):
        d, h = number(data["distance"]), number(data["reach"])
        integral = mp.quad(lambda y: mp.exp(-(y**2) / 2), [d - h, d, d + h])
        ratio = integral / (2 * h * mp.exp(-mp.mpf(1) / 2 - d**2 / 2))
        assert 1 < ratio < 2
        p = module.CaseProblem.parse(data)
        assert float_margin(module.step_9, p).ratio == pytest.approx(float(ratio), rel=1e-12)


def test_the_three_constants_of_the_case_split_by_the_bound_are_right():
    def tent(h):
        return mp.quad(lambda u: 2 * (1 - u / h) ** 2 * mp.npdf(u), [0, h])

    with mp.workdps(25):
        a = mp.mpf("0.131")
        half = mp.mpf(1) / 2
        assert tent(half) > a > mp.mpf(1) / 8
        for h in (half, half / 2, half / 50):
            assert tent(h) / h >= mp.mpf("0.262")
        assert 8 * mp.sqrt(2 * mp.pi * mp.e) * a > (1 + a) / mp.mpf("0.262")
        assert mp.sqrt(8) > 1 + (1 + a) / (1 - a)
        # Neither constant has room to spare: the second inequality fails a hundredth below, the first is off by 0.3 percent.
        low = mp.mpf("0.129")
        assert 8 * mp.sqrt(2 * mp.pi * mp.e) * low < (1 + low) / mp.mpf("0.262")
        assert tent(half) < mp.mpf("0.1314")
        assert tent(mp.mpf(1)) >= mp.mpf(1) / 4


@pytest.mark.parametrize("entry", [module.reading_noised, module.reading_sharp, module.reading_pathwise], ids=lambda e: e.id)
def test_each_repair_breaks_with_the_printed_weight(entry):
    (mutant,) = [mutant for mutant in entry.mutants if mutant.name == "the printed weight"]
    assert check_at(mutant.change(entry, 1.0), DATA).verdict is Truth.FALSE
    assert check_at(entry, DATA).verdict is Truth.TRUE


def test_the_largest_residual_at_a_kink_is_the_printed_one():
    data = module.PLAIN
    with mp.workdps(25):
        p = Printed(data)
        terms = [
            abs(p.score(k) + (k - z) / p.sigma**2) * mp.exp(-((k - z) ** 2) / (2 * p.sigma**2))
            for k, *_ in p.groups
            for z in p.centers
        ]
        lifted = module.BoundedNetwork.parse(data).lift(FLOATS)
        assert module.largest_kink_residual(lifted) == pytest.approx(float(max(terms)), rel=1e-12)
        right = max(mp.sqrt(2 * p.n * p.risk()), mp.cbrt(mp.sqrt(2 * mp.pi * mp.e) * 4 * p.sigma * p.n * p.risk()))
        assert float(module.residual_bound(lifted)) == pytest.approx(float(right), rel=1e-10)
        assert np.all(module.kink_residuals(lifted) <= 2 * float(right))


def test_a_network_with_a_small_bound_on_its_weights_still_obeys_the_bound_at_its_kinks():
    for bound in (Fraction(1, 100), Fraction(13, 100), Fraction(1, 2)):
        data = {**module.PLAIN, "weights": [str(bound), str(-bound)], "bound": str(bound)}
        assert check_at(module.step_11_any, data).verdict is Truth.TRUE
