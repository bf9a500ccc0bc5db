r"""The constants of Proposition 5 of marion2024, page 35, in any arithmetic, and ours that replace them.

They are functions of three numbers of the activation: its Lipschitz constant :math:`K=K_\sigma`, its supremum
:math:`M_\sigma` and the size :math:`\eta=|\eta_r(\sigma)|` of one Hermite coefficient of degree :math:`r\ge2`.
"""

from __future__ import annotations

from dataclasses import dataclass

from numerics.arithmetic import Number, exp, log, maximum, minimum, sqrt


@dataclass(frozen=True, kw_only=True)
class Constants:
    r"""The printed constants.

    Parameters
    ----------
    lipschitz
        :math:`K_\sigma>0`.
    coefficient
        :math:`\eta_r(\sigma)`. The page prints no absolute value: with a negative coefficient three constants are negative.
    """

    lipschitz: Number
    coefficient: Number

    @property
    def exponent(self) -> Number:
        r"""Return :math:`2\sqrt2K_\sigma`."""
        return 2 * sqrt(0 * self.lipschitz + 2) * self.lipschitz

    @property
    def big_c_1(self) -> Number:
        r"""Return :math:`C_1=K_\sigma e^{2\sqrt2K_\sigma}`."""
        return self.lipschitz * exp(self.exponent)

    @property
    def big_c_2(self) -> Number:
        r"""Return :math:`C_2=128\,C_1K_\sigma`."""
        return 128 * self.big_c_1 * self.lipschitz

    @property
    def big_c_3(self) -> Number:
        r"""Return :math:`C_3=\frac18e^{-2\sqrt2K_\sigma}`."""
        return exp(-self.exponent) / 8

    @property
    def c_1(self) -> Number:
        r"""Return :math:`c_1=\max(2^{10}C_1^2/\eta^2,1)`: the width is at least :math:`c_1n`."""
        least = 2**10 * self.big_c_1**2 / self.coefficient**2
        return maximum(least, 0 * least + 1)

    @property
    def c_2(self) -> Number:
        r"""Return :math:`c_2=C_2/\eta`: the depth is at least :math:`c_2\sqrt{nq}`."""
        return self.big_c_2 / self.coefficient

    @property
    def c_3(self) -> Number:
        r"""Return :math:`c_3=\min\big(\frac\eta{32\sqrt2K_\sigma},\frac12\big)`."""
        ratio = self.coefficient / (16 * self.exponent)
        return minimum(ratio, (0 * ratio + 1) / 2)

    @property
    def c_4(self) -> Number:
        r"""Return :math:`c_4=\frac{C_3^2\eta^3}{2C_2}`."""
        return self.big_c_3**2 * self.coefficient**3 / (2 * self.big_c_2)

    def reach(self, n: int, q: int) -> Number:
        r"""Return :math:`M=c_3/\sqrt{nq}`, how far the weights may be from their start."""
        return self.c_3 / sqrt(0 * self.lipschitz + n * q)

    def rate(self, n: int, q: int) -> Number:
        r"""Return :math:`\mu=\frac{c_4}{n\sqrt{nq}}`, where Appendix B.5 ends; pages 6 and 35 have :math:`n\sqrt n\,q`."""
        return self.c_4 / (n * sqrt(0 * self.lipschitz + n * q))

    def repaired_rate(self, n: int, q: int) -> Number:
        r"""Return :math:`\frac{C_3^2\eta^2}n\min\big(1,\frac\eta{C_2\sqrt{nq}}\big)`, with no more layers than there are."""
        layers = self.coefficient / (self.big_c_2 * sqrt(0 * self.lipschitz + n * q))
        return self.big_c_3**2 * self.coefficient**2 / n * minimum(layers, 0 * layers + 1)

    def sharp_rate(self, n: int) -> Number:
        r"""Return :math:`\frac{\eta^2}{11n\max(1,K_\sigma)}`, ours: it needs :math:`m\ge n`, no depth, and :math:`\eta\le1`."""
        return self.coefficient**2 / (11 * n * maximum(self.lipschitz, 0 * self.lipschitz + 1))


def failures(
    constants: Constants, bound: Number, proxy: Number, *, n: int, d: int, q: int, m: int, r: int
) -> tuple[Number, Number, Number]:
    r"""Return the three terms of :math:`\delta`.

    Parameters
    ----------
    constants
        Those of the activation.
    bound
        :math:`M_\sigma`.
    proxy
        :math:`v_x^2`.
    n, d, q, m, r
        Sample size, dimensions of data and states, width, degree.

    Returns
    -------
    tuple of Number
        :math:`e^{-qm/16}`, :math:`n\exp(-\frac{3m\eta^2}{64M_\sigma^2n})` and
        :math:`2n^2\exp\big(-\frac d{2v_x^2}(\frac3{4n})^{2/r}\big)`.
    """
    zero = 0 * bound
    width = exp((zero - q * m) / 16)
    rows = n * exp(-3 * m * (constants.coefficient / bound) ** 2 / (64 * n))
    return width, rows, overlap(zero + n, zero + d, proxy, r)


def overlap(n: Number, d: Number, proxy: Number, r: Number) -> Number:
    r"""Return :math:`2n^2\exp\big(-\frac d{2v_x^2}(\frac3{4n})^{2/r}\big)`, which only data reduce."""
    return 2 * n * n * exp(-d / (2 * proxy) * power(3 / (4 * n), 2 / (0 * n + r)))


def power(base: Number, exponent: Number) -> Number:
    """Return a positive base to a real exponent."""
    return exp(exponent * log(base))
