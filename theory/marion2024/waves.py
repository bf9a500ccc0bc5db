r"""Activations whose Hermite coefficients are closed forms: :math:`\sigma(u)=a\,(\alpha\sin bu+\beta(1-\cos bu))`.

With :math:`\alpha,\beta\in\{0,1\}`, not both 0, they are bounded, analytic, not constant and 0 at 0, hence admissible in
marion2024, and in the normalised basis of probabilists' Hermite polynomials

.. math::
    |\eta_r(\sigma)|=\frac{a\,b^r}{\sqrt{r!}}e^{-b^2/2}\times(\alpha\text{ for odd }r,\ \beta\text{ for even }r),\qquad
    K_\sigma=ab\sqrt{\alpha^2+\beta^2},\qquad M_\sigma=a\big(\beta+\sqrt{\alpha^2+\beta^2}\big).

For small b they are as linear as one likes where a network lives, so that Lipschitz bounds become equalities.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from numerics.arithmetic import Number, exp, sin, sqrt


@dataclass(frozen=True, kw_only=True)
class Wave:
    r"""One such activation, in any arithmetic.

    Parameters
    ----------
    odd, even
        :math:`\alpha` and :math:`\beta`, 0 or 1.
    amplitude, frequency
        :math:`a>0` and :math:`b>0`.
    """

    odd: int
    even: int
    amplitude: Number
    frequency: Number

    @property
    def _length(self) -> Number:
        r"""Return :math:`\sqrt{\alpha^2+\beta^2}`: exactly 1 where one part is missing."""
        one = 0 * self.amplitude + 1
        return sqrt(one + 1) if self.odd and self.even else one

    def value(self, u: Number) -> Number:
        r"""Return :math:`\sigma(u)`, entry by entry; :math:`1-\cos` as :math:`2\sin^2` of the half, accurate near 0."""
        half = sin(self.frequency * u / 2)
        return self.amplitude * (self.odd * sin(self.frequency * u) + self.even * 2 * half * half)

    def slope(self, u: Number) -> Number:
        r"""Return :math:`\sigma'(u)`, entry by entry."""
        half = sin(self.frequency * u / 2)
        return self.amplitude * self.frequency * (self.odd * (1 - 2 * half * half) + self.even * sin(self.frequency * u))

    @property
    def lipschitz(self) -> Number:
        r"""Return :math:`K_\sigma`."""
        return self.amplitude * self.frequency * self._length

    @property
    def bound(self) -> Number:
        r"""Return :math:`M_\sigma`."""
        return self.amplitude * (self.even + self._length)

    def coefficient(self, r: int) -> Number:
        r"""Return :math:`|\eta_r(\sigma)|`.

        Parameters
        ----------
        r
            The degree, at least 0.

        Returns
        -------
        Number
            The coefficient; 0 where the part of its parity is missing.
        """
        share = self.odd if r % 2 else self.even
        factorial = 0 * self.amplitude + math.factorial(r)
        return share * self.amplitude * self.frequency**r * exp(-self.frequency * self.frequency / 2) / sqrt(factorial)
