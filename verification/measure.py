"""``quod measure score``: the quantities of wu2025 on a person's own sample, beside the bounds of the paper.

Bounds are evaluated in balls, whose exponents know no limit, so that nothing overflows or underflows.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import balls
from numerics.comparison import Truth, decide
from numerics.panels import Array, Integral, Panels, integrate_absolute, join, panels_of
from theory.statement import Hypothesis, InputError
from theory.wu2025 import bounds
from theory.wu2025.irregularity import irregularity_integral, log_empirical_risk, total_variation_integral
from theory.wu2025.local import all_gap_panels, geometric, laws
from theory.wu2025.score import check_sigma
from theory.wu2025.setting import ScoreProblem, separated, small_noise, small_noise_separation

BITS = 128
BELOW_ONE = math.nextafter(1.0, 0.0)
LARGEST_SEPARATION = 1e6
"""Beyond it the rounding of the exponent, not the integral, would decide the digits of the risk."""
THEOREM_4, SHARPER = Fraction(1, 2**12), Fraction(1, 361)


@dataclass(frozen=True, kw_only=True)
class Size:
    """A positive number that may lie outside the range of floats.

    Parameters
    ----------
    value
        The number, ``None`` where a float cannot hold it.
    log10
        Its decimal logarithm, ``None`` where even that is out of reach.
    relative_error
        Bound on the relative error.
    """

    value: float | None
    log10: float | None
    relative_error: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A hypothesis at the sample: whether it holds, and up to which noise it does.

    Parameters
    ----------
    name, says
        The hypothesis.
    holds
        Decided in balls for the exact values of the floats.
    largest_sigma
        The largest noise scale at the given mu for which it holds.
    largest_time
        The largest diffusion time for which it holds.
    """

    name: str
    says: str
    holds: Truth
    largest_sigma: float
    largest_time: float


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What was measured; sizes are in the units of the paper."""

    n: int
    mu: float
    sigma: float
    spacing: float
    between: tuple[float, float]
    separation: float
    conditions: tuple[Condition, ...]
    irregularity: Size
    theorem_4: Size
    theorem_4_slack: Size
    sharper: Size
    sharper_slack: Size
    total_variation: Size
    total_variation_bound: Size
    risk: Size | None
    risk_bound: Size
    not_largest_weight: float
    not_largest_weight_error: float
    converged: bool

    def data(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        conditions = [{**asdict(entry), "holds": entry.holds.value} for entry in self.conditions]
        return {**asdict(self), "conditions": conditions, "largest_weight": 1.0 - self.not_largest_weight}


def scales(*, sigma: float | None, mu: float | None, time: float | None) -> tuple[float, float, str]:
    r"""Return :math:`\mu,\sigma` and how they came about.

    Parameters
    ----------
    sigma, mu
        The scales; without mu, :math:`\mu=\sqrt{1-\sigma^2}`.
    time
        The diffusion time instead: :math:`\mu=e^{-t}`, :math:`\sigma=\sqrt{1-e^{-2t}}`.

    Returns
    -------
    tuple
        The scales, and how they were chosen in words.

    Raises
    ------
    InputError
        If not exactly one of sigma and time is given, or a scale leaves (0, 1) or the range of floats.
    """
    if (sigma is None) == (time is None):
        raise InputError("give either --sigma or --time" + (", not both" if sigma is not None else ""))
    if time is not None:
        if mu is not None:
            raise InputError("--time fixes mu = exp(-time); leave --mu out")
        if not (time > 0 and math.isfinite(time)):
            raise InputError(f"time = {time:g} must be positive and finite")
        mu, sigma, how = math.exp(-time), math.sqrt(-math.expm1(-2 * time)), f"time {time:g}"
        # Towards the setting: 1 is not allowed, and the next float below is as near as rounding.
        mu, sigma = min(mu, BELOW_ONE), min(sigma, BELOW_ONE)
    else:
        assert sigma is not None
        how = "as given" if mu is not None else "mu = sqrt(1 - sigma^2), since --mu was not given"
        check_sigma(sigma)
        if sigma >= 1:
            raise InputError(f"sigma = {sigma:g} must lie in (0, 1)")
        mu = mu if mu is not None else min(math.sqrt((1 - sigma) * (1 + sigma)), BELOW_ONE)
    check_sigma(sigma)
    if not 0 < mu < 1:
        raise InputError(f"mu = {mu:g} must lie in (0, 1)")
    return mu, sigma, how


def measure_score(x: Array, mu: float, sigma: float) -> Measurement:
    """Measure the empirical optimal score of a sample.

    Parameters
    ----------
    x
        The increasing sample.
    mu, sigma
        Noise scales in (0, 1).

    Returns
    -------
    Measurement
        The quantities with their bounds.

    Raises
    ------
    InputError
        If distances of the sample in units of sigma leave the range of floats.
    """
    with np.errstate(over="ignore"):
        span, least = float(x[-1] - x[0]), float(np.diff(x).min())
        reach, nearest = mu * span / sigma, mu * least / sigma
    if not reach < 1e150:
        raise InputError(f"the sample spans {span:g}, that is {reach:g} sigma; at most 1e150 sigma fit the float range")
    if not nearest >= 1e-300:
        raise InputError(f"mu Delta = {mu * least:g} is {nearest:g} sigma; 1e-300 sigma at least fit the float range")
    p = ScoreProblem(x=x, mu=mu, sigma=sigma)
    at = int(np.argmin(p.gaps))
    weighted, plain, copying = irregularity_integral(p), total_variation_integral(p), beside_the_largest(p)
    return Measurement(
        n=p.n,
        mu=mu,
        sigma=sigma,
        spacing=float(p.minimum_spacing),
        between=(float(x[at]), float(x[at + 1])),
        separation=float(p.separation),
        conditions=(_condition(p, separated, 2.0), _condition(p, small_noise, small_noise_separation(p.n))),
        **_sizes(p, weighted, plain),
        risk=optimal_risk(p),
        not_largest_weight=copying.value,
        not_largest_weight_error=copying.error,
        converged=weighted.converged and plain.converged and copying.converged,
    )


def exact_problem(p: ScoreProblem) -> ScoreProblem:
    """Return the problem at the exact rational values of its floats."""
    return ScoreProblem(x=tuple(Fraction(float(v)) for v in p.x), mu=Fraction(p.mu), sigma=Fraction(p.sigma))


def _condition(p: ScoreProblem, hypothesis: Hypothesis, least: float) -> Condition:
    exact, relation = exact_problem(p), hypothesis.holds(p)[1]

    def sides(arithmetic: Any) -> tuple[Any, Any]:
        left, _, right = hypothesis.holds(exact.lift(arithmetic))
        return left, right

    # The hypothesis is r >= least, and r^2 = Delta^2/(e^{2t} - 1) along the diffusion.
    ratio = float(p.minimum_spacing) / least
    return Condition(
        name=hypothesis.name,
        says=hypothesis.says,
        holds=decide(sides, relation).truth,
        largest_sigma=p.mu * ratio,
        largest_time=math.log1p(ratio**2) / 2 if ratio < 1e150 else math.log(ratio),
    )


def size_of(ball: Any, relative_error: float = 0.0) -> Size:
    """Return the size of a ball, its logarithm where a float cannot hold it; of a ball that reaches 0, neither."""
    value = float(ball.mid())
    if not ball > 0:
        return Size(value=None, log10=None, relative_error=relative_error)
    log10 = float((ball.log() / type(ball)(10).log()).mid())
    fits = math.isfinite(value) and value >= float(np.finfo(float).tiny)
    return Size(value=value if fits else None, log10=log10, relative_error=relative_error)


def _sizes(p: ScoreProblem, weighted: Integral, plain: Integral) -> dict[str, Size]:
    with balls(BITS) as arithmetic:
        q = exact_problem(p).lift(arithmetic)
        unit = q.mu**2 / q.sigma**4
        measured, variation = (arithmetic.number(Fraction(part.value)) * unit for part in (weighted, plain))
        theorem_4 = bounds.irregularity_bound(q, arithmetic.number(THEOREM_4))
        sharper = bounds.sharp_irregularity_bound(q, arithmetic.number(SHARPER))
        error, other = (part.error / part.value if part.value else math.inf for part in (weighted, plain))
        return {
            "irregularity": size_of(measured, error),
            "theorem_4": size_of(theorem_4),
            "theorem_4_slack": size_of(measured / theorem_4, error),
            "sharper": size_of(sharper),
            "sharper_slack": size_of(measured / sharper, error),
            "total_variation": size_of(variation, other),
            "total_variation_bound": size_of(bounds.total_variation_bound_sharp(q, arithmetic.number(Fraction(1, 2)))),
            "risk_bound": size_of(bounds.risk_bound(q, arithmetic.number(Fraction(4)), arithmetic.number(Fraction(1, 32)))),
        }


def optimal_risk(p: ScoreProblem) -> Size | None:
    r"""Return :math:`R_n(s^\star)`, or nothing beyond the separations that the quadrature was made for."""
    if p.separation > LARGEST_SEPARATION:
        return None
    risk = log_empirical_risk(p)
    value = math.exp(risk.log) if -700 < risk.log < 700 else None
    return Size(value=value, log10=risk.log / math.log(10), relative_error=risk.relative_error)


def beside_the_largest(p: ScoreProblem) -> Integral:
    r"""Return :math:`1-\mathbb E\max_i\alpha_i(Y)` with its error, Y the noised sample.

    The largest weight changes hands at midpoints of neighbours, which are edges of the panels.

    Parameters
    ----------
    p
        A problem in floats.

    Returns
    -------
    Integral
        The expected weight that the nearest sample point does not get.
    """

    def integrand(panels: Panels, offsets: Array) -> Array:
        result = np.empty(offsets.shape)
        half = p.mu * (p.x[panels.second] - p.x[panels.first]) / 2
        from_anchor = (half[:, None] + offsets) / p.sigma
        for rows, law in laws(p, panels, offsets):
            exponents = law.log_weights - from_anchor[rows][:, :, None] ** 2 / 2
            # The exponents are -(y - mu x_j)^2 / (2 sigma^2), negative up to rounding.
            density = np.exp(np.minimum(exponents, 0.0)).sum(axis=-1)
            others = law.probabilities.copy()
            np.put_along_axis(others, others.argmax(axis=-1)[..., None], 0.0, axis=-1)
            result[rows] = others.sum(axis=-1) * density
        return result

    edges = geometric(p.sigma / 2, p.sigma * (float(p.separation) / 2 + 12))
    tails = join([panels_of(0, 0, -edges[::-1]), panels_of(p.n - 1, p.n - 1, edges)])
    raw = integrate_absolute(integrand, None, all_gap_panels(p).joined(tails))
    norm = p.n * p.sigma * math.sqrt(2 * math.pi)
    beyond = math.erfc(12 / math.sqrt(2))
    return Integral(raw.value / norm, raw.error / norm + beyond, raw.panels, raw.converged)
