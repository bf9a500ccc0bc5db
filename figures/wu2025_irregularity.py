r"""Figure ``wu2025.irregularity``: :math:`TV^{(1)}_\pi(s^\star)` against the noise scale, with its lower bounds.

Equispaced samples with :math:`\Delta=1` and fixed :math:`\mu`. Left: the measured irregularity, Theorem 4's bound and our
sharper one (dashed where their hypothesis fails). Right: measured over bound, against :math:`r=\mu\Delta/\sigma`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from figures.registry import Check, Drawing
from figures.work import Work
from theory.wu2025.bounds import equispaced_limit, irregularity_bound, sharp_irregularity_bound
from theory.wu2025.irregularity import irregularity_integral
from theory.wu2025.setting import ScoreProblem, small_noise_separation

SIZES = (2, 3, 5, 10, 30)
DRAWN = (3, 30)
MU = 0.5
POINTS = {"quick": 25, "paper": 81}
SEPARATIONS = (3.0, 60.0)
CONSTANTS = (Fraction(1, 2**12), Fraction(1, 361))
COLUMNS = ("n", "mu", "sigma", "r", "in_regime", "irregularity", "error", "theorem_4", "sharper", "asymptote")
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The columns of one sample size."""

    n: int
    sigma: Any
    r: Any
    inside: Any
    measured: Any
    error: Any
    theorem_4: Any
    sharper: Any
    asymptote: Any


def curve(n: int, points: int) -> Curve:
    """Compute the curve of an equispaced sample of size ``n``."""
    r = np.geomspace(*SEPARATIONS, points)
    problems = [ScoreProblem(x=np.arange(float(n)), mu=MU, sigma=MU / float(value)) for value in r]
    # The scaled integral times this unit is the irregularity.
    units = np.array([p.mu**2 / p.sigma**4 for p in problems])
    integrals = [irregularity_integral(p) for p in problems]
    # The asymptote has the shape of Theorem 4's bound, with the exact constant.
    exact = float(equispaced_limit(n)) / n
    return Curve(
        n=n,
        sigma=np.array([p.sigma for p in problems]),
        r=r,
        inside=r >= small_noise_separation(n),
        measured=np.array([part.value for part in integrals]) * units,
        error=np.array([part.error for part in integrals]) * units,
        theorem_4=np.array([irregularity_bound(p, float(CONSTANTS[0])) for p in problems]),
        sharper=np.array([sharp_irregularity_bound(p, float(CONSTANTS[1])) for p in problems]),
        asymptote=np.array([irregularity_bound(p, exact) for p in problems]),
    )


def compute(scale: str, work: Work) -> Drawing:
    """Compute the numbers of the figure at a scale."""
    del work  # short enough to be done again
    curves = [curve(n, POINTS[scale]) for n in SIZES]
    names = ("sigma", "r", "inside", "measured", "error", "theorem_4", "sharper", "asymptote")
    rows = [(c.n, MU, *(getattr(c, name)[k].item() for name in names)) for c in curves for k in range(len(c.r))]
    settings = {
        "sample": "x_i = i - 1, i = 1..n",
        "n": list(SIZES),
        "n_drawn_left": list(DRAWN),
        "mu": MU,
        "r": {"from": SEPARATIONS[0], "to": SEPARATIONS[1], "points": POINTS[scale], "spacing": "geometric"},
        "constants": {"theorem_4": str(CONSTANTS[0]), "sharper": str(CONSTANTS[1])},
    }
    return Drawing(
        columns=COLUMNS, rows=rows, settings=settings, checks=_checks(curves), draw=lambda pyplot: draw(pyplot, curves)
    )


def _checks(curves: list[Curve]) -> tuple[Check, ...]:
    def least(bound: str) -> float:
        return min(float(np.min(((c.measured - c.error) / getattr(c, bound))[c.inside])) for c in curves)

    last = max(abs(float(c.measured[-1] / c.asymptote[-1]) - 1) for c in curves)
    # Smoothing lowers the top of the weight; for n = 2 by 2 sqrt(2/pi)/r = 1.6/r, for other n by less.
    allowed = 2 / SEPARATIONS[1]
    points = float(sum(int(c.inside.sum()) for c in curves))
    above = "the measured irregularity is at least {} wherever the hypothesis holds"
    return (
        Check(
            says=above.format("Theorem 4's bound"),
            passed=least("theorem_4") >= 1,
            figures={"least ratio": least("theorem_4"), "points": points},
        ),
        Check(
            says=above.format("the sharper bound"),
            passed=least("sharper") >= 1,
            figures={"least ratio": least("sharper"), "points": points},
        ),
        Check(
            says="at the smallest sigma the ratio to the exact asymptote is 1 to within 2/r",
            passed=last <= allowed,
            figures={"largest deviation": last, "allowed": allowed},
        ),
    )


def draw(pyplot: Any, curves: list[Curve]) -> Any:
    """Draw both panels."""
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(7.0, 3.5), width_ratios=(1.1, 1))
    _draw_levels(left, curves)
    _draw_ratios(right, curves)
    return figure


def _split(axes: Any, x: Any, y: Any, inside: Any, **looks: Any) -> None:
    """Draw solid where the hypothesis holds and dashed where it fails, without a gap between."""
    first = int(np.argmax(inside))
    axes.loglog(x[first:], y[first:], **looks)
    axes.loglog(x[: first + 1], y[: first + 1], ls=(0, (4, 3)), alpha=0.6, **looks)


def _draw_levels(axes: Any, curves: list[Curve]) -> None:
    for c, colour in zip(curves, COLOURS, strict=True):
        if c.n not in DRAWN:
            continue
        lines = ((c.measured, "measured", 1.8), (c.sharper, "our bound", 0.9), (c.theorem_4, "Theorem 4", 0.9))
        axes.loglog(c.sigma, c.measured, color=colour, lw=1.8)
        axes.loglog(c.sigma, c.asymptote, color="0.15", lw=0.9, ls=(0, (1, 2)))
        for values, _, width in lines[1:]:
            _split(axes, c.sigma, values, c.inside, color=colour, lw=width)
        for values, words, _ in lines:
            _label(axes, f"n = {c.n}, {words}", (c.sigma[-1], values[-1]), (-4, 0), colour, "right")
    handles = [
        axes.plot([], [], color="0.4", lw=0.9, ls=(0, (4, 3)), label="bound, hypothesis fails")[0],
        axes.plot([], [], color="0.15", lw=0.9, ls=(0, (1, 2)), label="exact limit as $\\sigma\\to0$")[0],
    ]
    axes.legend(handles=handles, loc="upper right")
    axes.set(xlabel=r"noise scale $\sigma$", ylabel=r"irregularity $TV^{(1)}_\pi(s^\star)$")
    axes.set_title(r"a   measured and bounds ($\Delta=1$, $\mu=1/2$)")
    axes.set_xlim(MU / SEPARATIONS[1] / 5.6, MU / SEPARATIONS[0])


def _draw_ratios(axes: Any, curves: list[Curve]) -> None:
    # Two labels would touch.
    shifts = {2: -3.5, 5: 3.5}
    for c, colour in zip(curves, COLOURS, strict=True):
        ratio = c.measured / c.theorem_4
        _split(axes, c.r, ratio, c.inside, color=colour, lw=1.5)
        _split(axes, c.r, c.measured / c.sharper, c.inside, color=colour, lw=0.9)
        _label(axes, f"n = {c.n}", (c.r[-1], ratio[-1]), (4, shifts.get(c.n, 0)), colour, "left")
    axes.text(SEPARATIONS[0] * 3.4, 30, "over Theorem 4's bound (thick)", color="0.25", ha="left")
    axes.text(SEPARATIONS[0] * 3.4, 9, "over our bound (thin)", color="0.25", ha="left")
    axes.axhline(1, color="0.3", lw=0.6)
    axes.text(SEPARATIONS[1] * 1.8, 1.07, "bound attained", color="0.3", ha="right", va="bottom")
    axes.set(xlabel=r"separation $r=\mu\Delta/\sigma$", ylabel="measured / bound")
    axes.set_title("b   how far above its bounds")
    axes.set_xlim(SEPARATIONS[0], SEPARATIONS[1] * 1.9)


def _label(axes: Any, words: str, at: tuple[Any, Any], shift: tuple[float, float], colour: str, side: str) -> None:
    axes.annotate(words, at, shift, textcoords="offset points", color=colour, ha=side, va="center", fontsize=7.5)
