r"""The mean matrix of Lemma 21: its two displayed forms, and its expansion in Hermite coefficients.

On waves :math:`\sigma(x)=\alpha e^{a^2/2}\mathrm{trig}(ax)-\beta e^{b^2/2}\mathrm{trig}(bx)`, trig = cos for even r and sin
for odd r, all is in closed form: :math:`r!\,\eta_r^2=(\alpha a^r-\beta b^r)^2`, and for unit vectors with inner product
:math:`\rho` the mean :math:`\mathbb E\,\sigma(w\cdot x)\sigma(w\cdot x')` is a sum of hyperbolic functions. Two waves may
cancel a lower coefficient, so that for small a, b nearly all of :math:`\sigma` is in its coefficient r. Longer than most: the
waves carry two identities and what (55) needs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

from numerics.arithmetic import Kind, Number, absolute, exp, kind_of, pi, sin, sinh, sqrt
from numerics.gaussian_trapezoid import plane_mean
from theory.marion2024.setting import PAPER, rounded
from theory.proofs import identity
from theory.statement import Draw, Hypothesis, Identity, Instance, Proof, changed

STEPS = f"{PAPER}, proof of Lemma 21, page 38"
TERMS = 40


@dataclass(frozen=True, kw_only=True)
class Waves(Instance):
    r"""The bounded activation :math:`\alpha e^{a^2/2}\mathrm{trig}(ax)-\beta e^{b^2/2}\mathrm{trig}(bx)`.

    Parameters
    ----------
    r
        The degree of the Hermite coefficient; trig is cos if it is even and sin if it is odd.
    alpha, beta
        Amplitudes.
    a, b
        Frequencies.
    """

    r: int
    alpha: Number
    a: Number
    beta: Number
    b: Number

    @property
    def terms(self) -> tuple[tuple[Number, Number], ...]:
        """Return amplitude and frequency of each wave."""
        return (self.alpha, self.a), (-self.beta, self.b)

    def value(self, x: Number) -> Number:
        r"""Return :math:`\sigma(x)`, elementwise."""
        quarter = 0 if self.r % 2 else pi(self.a) / 2
        first, second = (weight * exp(w * w / 2) * sin(w * x + quarter) for weight, w in self.terms)
        return first + second

    @property
    def bound(self) -> Number:
        r"""Return the bound :math:`|\alpha|e^{a^2/2}+|\beta|e^{b^2/2}` of the activation."""
        first, second = (absolute(weight) * exp(w * w / 2) for weight, w in self.terms)
        return first + second

    def coefficient_square(self, k: int) -> Number:
        r"""Return :math:`\eta_k^2=(\alpha a^k-\beta b^k)^2/k!`, or 0 if k and r differ in parity."""
        value = (self.alpha * self.a**k - self.beta * self.b**k) * ((k - self.r + 1) % 2)
        return value * value / math.factorial(k)

    def kernel(self, rho: Number) -> Number:
        r"""Return :math:`\mathbb E\,\sigma(u)\sigma(v)` for standard Gaussians of covariance :math:`\rho`, elementwise."""
        result = 0 * rho
        for (one, w), (other, v) in product(self.terms, repeat=2):
            # cosh z = 1 + 2 sinh(z/2)^2 keeps the digits that the constants cancel.
            wave = sinh(w * v * rho) if self.r % 2 else 1 + 2 * sinh(w * v * rho / 2) * sinh(w * v * rho / 2)
            result = result + one * other * wave
        return result


@dataclass(frozen=True, kw_only=True)
class WavePair(Waves):
    r"""The activation at two unit vectors of :math:`\mathbb R^d` with inner product :math:`\rho=\frac{2c}{1+c^2}`.

    Parameters
    ----------
    d
        The dimension.
    slope
        The number c, between -1 and 1.
    """

    d: int
    slope: Number

    @property
    def rho(self) -> Number:
        r"""Return :math:`\rho`."""
        return 2 * self.slope / (1 + self.slope * self.slope)

    @property
    def rest(self) -> Number:
        r"""Return :math:`\sqrt{1-\rho^2}`."""
        return (1 - self.slope * self.slope) / (1 + self.slope * self.slope)


moderate = Hypothesis(
    name="frequencies",
    says="d, r >= 1, 0 <= a, b <= 3/2 and -1 <= c <= 1 (the rule of quadrature is made for low frequencies)",
    holds=lambda p: [
        (p.d, ">=", 1),
        (p.r, ">=", 1),
        *((w, ">=", 0 * w) for _, w in p.terms),
        *((2 * w, "<=", 0 * w + 3) for _, w in p.terms),
        (p.slope * p.slope, "<=", 0 * p.slope + 1),
    ],
    standing=True,
)


def _draw(draw: Draw, in_force: frozenset[str]) -> WavePair:
    del in_force
    r, a, b = draw.integer(1, 5), rounded(draw.real(0.1, 1.5)), rounded(draw.real(0.1, 1.5))
    beta = draw.choice((0, 1)) * rounded(draw.real(0.1, 0.5))
    slope = draw.choice((-1, 1)) * rounded(draw.real(0.1, 1.0))
    return WavePair(r=r, alpha=Fraction(1), a=a, beta=beta, b=b, d=draw.integer(1, 20), slope=slope)


def rescaled_mean(p: Any, variance: Number, scale: Number) -> Number:
    r"""Return :math:`\mathbb E\,\sigma(s\,w\cdot x)\sigma(s\,w\cdot x')`, :math:`w\sim N(0,vI)`, by quadrature in the plane.

    Parameters
    ----------
    p
        The activation and the two vectors.
    variance, scale
        The numbers v and s.

    Returns
    -------
    Number
        The mean.
    """
    size = scale * sqrt(variance)
    most = float(2 * size) * max(float(p.a), float(p.b))

    def both(first: Number, second: Number) -> Number:
        return p.value(size * first) * p.value(size * (p.rho * first + p.rest * second))

    return plane_mean(both, p.slope, frequency=1.001 * most, amplitude=p.bound * p.bound)


def hermite_sum(p: Any, power: int = 0, factor: bool = False) -> Number:
    r"""Return :math:`\sum_k\eta_k^2\rho^{k+\text{power}}`, with k! as a factor if asked for.

    Parameters
    ----------
    p
        The activation and the two vectors.
    power
        A shift of the power.
    factor
        Whether each term is multiplied by k!, as for Hermite polynomials that are not normalised.

    Returns
    -------
    Number
        The sum of the terms up to degree 40; of balls an enclosure of the whole.
    """
    result = 0 * p.rho
    for k in range(TERMS + 1):
        result = result + p.coefficient_square(k) * p.rho ** (k + power) * (math.factorial(k) if factor else 1)
    if kind_of(p.rho) is not Kind.BALLS:
        return result
    # The terms beyond have squares a^2k, b^2k at most (9/4)^k, and fall by a factor 2 at least.
    rest = 2 * (absolute(p.alpha) + absolute(p.beta)) ** 2 * (0 * p.rho + 9) ** (TERMS + 1) / 4 ** (TERMS + 1)
    rest = rest / math.factorial(TERMS + 1)
    return result + (-rest).union(rest)


def generating_identity() -> Any:
    r"""Return :math:`\ln\mathbb E e^{su-s^2/2}e^{tv-t^2/2}-st\rho`, with the variance of su + tv."""
    import sympy

    s, t, rho = sympy.symbols("s t rho", real=True)
    return sympy.expand((s * s + t * t + 2 * s * t * rho) / 2 - s * s / 2 - t * t / 2 - s * t * rho)


def covariance_identity() -> Any:
    """Return the covariance of the rescaled pair less that of the pair, for coordinates of variance 1/d."""
    import sympy

    d, rho = sympy.symbols("d rho", positive=True)
    return sympy.simplify(sympy.sqrt(d) * sympy.sqrt(d) * rho / d - rho)


PAIR = {"r": 3, "alpha": 1, "a": 1, "beta": 0, "b": 1, "d": 5, "slope": "1/2"}
EVEN_PAIR = {"r": 2, "alpha": 1, "a": "1/2", "beta": 1, "b": 1, "d": 2, "slope": "-2/5"}

step_1 = Identity(
    id="marion2024.lemma-21.step-1",
    title="the mean matrix, with two scalings of the Gaussian",
    says=(
        "The entries of E(M|X)/m are E sigma(w.x) sigma(w.x'), for w of law N(0, I_d), or of law N(0, I_d/d) when the columns"
        " are multiplied by sqrt(d). The first is taken in closed form, the second by quadrature of waves; sin is the wave"
        " with beta = 0 and has the mean sinh(rho)/e."
    ),
    formula=r"\mathbb E_{w\sim N(0,I_d)}\,\sigma(w\cdot x)\sigma(w\cdot x')"
    r"=\mathbb E_{w\sim N(0,I_d/d)}\,\sigma(\sqrt d\,w\cdot x)\sigma(\sqrt d\,w\cdot x')",
    source=STEPS,
    instance=WavePair,
    instances=_draw,
    hypotheses=(moderate,),
    left=lambda p: p.kernel(p.rho),
    right=lambda p, c: rescaled_mean(p, (0 * p.slope + 1) / p.d, sqrt(0 * p.slope + p.d)),
    cost=4,
    gallery=(PAIR, EVEN_PAIR),
    proof=Proof(
        set="all d, all pairs of vectors and all bounded activations",
        argument="Both pairs are centred Gaussian with the same covariance matrix.",
        steps=(identity("the covariance of the rescaled pair", covariance_identity),),
    ),
    mutants=(
        changed("columns not rescaled", right=lambda p, c: rescaled_mean(p, (0 * p.slope + 1) / p.d, 0 * p.slope + 1)),
        changed(
            "variance 1/(d + 1)",
            right=lambda p, c: rescaled_mean(p, (0 * p.slope + 1) / (p.d + 1), sqrt(0 * p.slope + p.d)),
        ),
    ),
)

equation_55_step_1 = Identity(
    id="marion2024.equation-55.step-1",
    title="the mean matrix in Hermite coefficients",
    says=(
        "Ours: for unit vectors E sigma(w.x) sigma(w.x') is the sum over k of eta_k^2 <x, x'>^k, with eta_k in the normalised"
        " Hermite basis; what the cited Lemma 3.4 of Nguyen and Mondelli rests on. Without the normalisation each term would"
        " be k! times as large."
    ),
    formula=r"\mathbb E_{w\sim N(0,I_d)}\,\sigma(w\cdot x)\sigma(w\cdot x')=\sum_{k\ge0}\eta_k(\sigma)^2\langle x,x'\rangle^k",
    source="ours; the identity behind (55)",
    ours=True,
    instance=WavePair,
    instances=_draw,
    hypotheses=(moderate,),
    uses=("marion2024.lemma-21.step-1",),
    left=lambda p: p.kernel(p.rho),
    right=lambda p, c: hermite_sum(p),
    cost=4,
    gallery=(PAIR, EVEN_PAIR),
    proof=Proof(
        set="all unit vectors and every sigma that is square integrable under the standard Gaussian law",
        argument=(
            "e^{su - s^2/2} is the generating function of the Hermite polynomials He_k, so that E He_j(u) He_k(v) is k! rho^k"
            " for j = k and 0 otherwise, by the mean of a product of two of them; h_k = He_k/sqrt(k!) is an orthonormal basis."
        ),
        steps=(identity("ln E e^{su - s^2/2} e^{tv - t^2/2} = s t rho", generating_identity),),
    ),
    mutants=(
        changed("Hermite polynomials not normalised", right=lambda p, c: hermite_sum(p, factor=True)),
        changed("the power k + 1", right=lambda p, c: hermite_sum(p, power=1)),
    ),
)
