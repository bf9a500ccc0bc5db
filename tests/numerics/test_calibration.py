"""A calibration passes in the regimes in use, and can fail."""

import math

import flint
import numpy as np
import pytest

from numerics import ball_integration, boxes, quadrature, roots
from numerics.boxes import BoxProof
from numerics.calibration import CALIBRATIONS
from numerics.double_double import DoubleDouble


@pytest.mark.parametrize("scale", [100.0, 1.0, 1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize("name", sorted(CALIBRATIONS))
def test_every_instrument_reproduces_its_known_value_at_usual_scales(name, scale):
    outcome = CALIBRATIONS[name](scale)
    assert outcome.passed, outcome.summary
    assert outcome.instrument == name
    assert abs(outcome.obtained - outcome.expected) <= outcome.tolerance * abs(outcome.expected)


def test_float_quadrature_vouches_for_nothing_where_positions_are_rounded_to_the_width_of_the_peak():
    outcome = CALIBRATIONS["quadrature"](1e-15)
    assert not outcome.passed
    assert "nan" not in outcome.summary


@pytest.mark.parametrize("name", ["quadrature", "double-double"])
def test_a_scale_whose_square_leaves_the_range_is_not_passed_and_not_raised(name):
    assert not CALIBRATIONS[name](1e-200).passed


def test_a_calibration_sees_a_quadrature_that_misses_the_peak(monkeypatch):
    right = quadrature.integrate
    monkeypatch.setattr(quadrature, "integrate", lambda f, a, b, **_: right(f, a, b))
    assert not CALIBRATIONS["quadrature"](1e-5).passed


def test_a_calibration_sees_an_integrator_that_forgets_the_branch_cut(monkeypatch):
    def careless(function):
        return ball_integration.Integrand(lambda z: function(z, False), piecewise=False)

    monkeypatch.setattr(ball_integration, "piecewise_holomorphic", careless)
    assert not CALIBRATIONS["ball integration"](1e-2).passed


def test_a_calibration_sees_enclosures_that_are_wrong_or_wide(monkeypatch):
    right = ball_integration.integrate
    monkeypatch.setattr(ball_integration, "integrate", lambda *a, **k: right(*a, **k) * (1 + flint.arb(2) ** -30))
    assert not CALIBRATIONS["ball integration"](1e-2).passed
    monkeypatch.setattr(ball_integration, "integrate", lambda *a, **k: right(*a, **k) + flint.arb(0, 1))
    assert not CALIBRATIONS["ball integration"](1e-2).passed


@pytest.mark.parametrize("method", ["bracketed_root", "isolate", "bisect_many"])
def test_a_calibration_sees_a_root_that_is_off_by_one_part_in_a_billion(monkeypatch, method):
    right = getattr(roots, method)
    monkeypatch.setattr(roots, method, lambda *a: right(*a) * (1 + 1e-9))
    assert not CALIBRATIONS["root finding"](1e-3).passed


def test_a_calibration_sees_double_double_reduced_to_floats_at_small_noise(monkeypatch):
    def rounded(self, other):
        return DoubleDouble.from_float(
            self.hi * (other.hi if isinstance(other, DoubleDouble) else np.float64(other)) * (1 + 1e-12)
        )

    monkeypatch.setattr(DoubleDouble, "__mul__", rounded)
    assert not CALIBRATIONS["double-double"](1e-2).passed


def test_a_calibration_sees_a_branch_and_bound_that_closes_everything(monkeypatch):
    monkeypatch.setattr(boxes, "branch_and_bound", lambda *_: BoxProof(closed=True, boxes=1, deepest=0))
    outcome = CALIBRATIONS["branch and bound"](1e-2)
    assert not outcome.passed
    assert not math.isnan(outcome.obtained)
