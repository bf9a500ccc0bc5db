r"""Remark 3: whether the constant C of Theorem 6 depends on the width.

C contains :math:`e^{-2K}`, and K is a supremum over :math:`\|z\|\le M_Z`, where :math:`M_Z\ge\|W\|_F`, of the order of
:math:`\sqrt{qm}`: literally C falls with m like an exponential of an exponential. Over the ball around the start, which is all
that the proof of Proposition 8 uses, the suprema have bounds without m. Longer than most: instances, and three statements.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from numerics.arithmetic import FLOATS, Number, exp, maximum, sqrt
from theory.marion2024.polyak_lojasiewicz import Constants
from theory.marion2024.setting import PAPER, rounded
from theory.marion2024.statements.theorem_6_constants import log_largest_loss
from theory.marion2024.waves import Wave
from theory.statement import Draw, Erratum, Hypothesis, Identity, Inequality, Instance, changed, past_the_slack, without


@dataclass(frozen=True, kw_only=True)
class Width(Instance):
    r"""An activation :math:`a\sin bu`, sizes, and the norm of the initial W at two widths.

    Parameters
    ----------
    amplitude, frequency
        a and b; :math:`K_\sigma=ab=\sigma'(0)`, and r = 3.
    n, q, m
        Sample size, states, width.
    wider
        The second width is ``wider`` times the first.
    norm
        :math:`\|W(0)\|_F^2/(qm)`, at both widths; 1 on average.
    """

    amplitude: Number
    frequency: Number
    n: int
    q: int
    m: int
    wider: int
    norm: Number

    @property
    def constants(self) -> Constants:
        """Return the constants of page 35."""
        wave = Wave(odd=1, even=0, amplitude=self.amplitude, frequency=self.frequency)
        return Constants(lipschitz=wave.lipschitz, coefficient=wave.coefficient(3))

    @property
    def reach(self) -> Number:
        """Return M."""
        return self.constants.reach(self.n, self.q)

    @property
    def states(self) -> Number:
        r"""Return :math:`M_AM_X=(1+M)\sqrt q`."""
        return (1 + self.reach) * self.root(self.q)

    def root(self, number: int) -> Number:
        """Return the root of an integer in the arithmetic of the data."""
        return sqrt(0 * self.amplitude + number)

    def literal(self, m: int) -> Number:
        r"""Return K at a width, over all :math:`\|V\|_F+\|W\|_F\le M_Z`.

        Parameters
        ----------
        m
            The width.

        Returns
        -------
        Number
            The larger of :math:`K_1=K_\sigma\frac{M_Z^2}{4\sqrt{qm}}`, attained at V and W of rank one and norm :math:`M_Z/2`
            and h = 0, and :math:`K_2=K_\sigma e^{K_1}M_AM_X\frac{M_Z}{\sqrt{qm}}`, attained at W = 0.
        """
        root = self.root(self.q * m)
        m_z = sqrt(self.norm) * root + self.reach
        first = self.constants.lipschitz * m_z * m_z / (4 * root)
        return maximum(first, self.constants.lipschitz * exp(first) * self.states * m_z / root)

    def local(self, m: int) -> Number:
        r"""Return a bound on K over the ball around the start, :math:`\|V\|\le M,\|W\|\le\sqrt{\omega qm}+M`, at a width."""
        inner = sqrt(self.norm) + self.reach / self.root(self.q * m)
        return self._two(self.reach * inner, sqrt(inner * inner + self.reach**2 / (self.q * m)))

    def _two(self, first: Number, second: Number) -> Number:
        lipschitz = self.constants.lipschitz
        return maximum(lipschitz * first, lipschitz * exp(lipschitz * first) * self.states * second)

    @property
    def without_m(self) -> Number:
        r"""Return :math:`\max\big(K_\sigma M(\sqrt2+M),K_\sigma e^{K_\sigma M(\sqrt2+M)}M_AM_X(\sqrt2+2M)\big)`."""
        root = self.root(2)
        return self._two(self.reach * (root + self.reach), root + 2 * self.reach)

    def cost(self, k: Number) -> Number:
        r"""Return :math:`-\ln C` at some K."""
        c = self.constants
        largest = maximum((1 + self.reach) * k, self.states)
        return -log_largest_loss(c.c_3, c.c_4, k, largest, (self.n, self.q))


widths = Hypothesis(
    name="setting",
    says="sigma = a sin(bu), a, b > 0; n >= 1, q >= 2, m >= c_1 n; a second width at least as large",
    holds=lambda p: [
        (min(p.n, p.wider), ">=", 1),
        (p.q, ">=", 2),
        *((value, ">", 0 * value) for value in (p.amplitude, p.frequency, p.norm)),
        (0 * p.amplitude + p.m, ">=", p.constants.c_1 * p.n),
    ],
    standing=True,
)
typical = Hypothesis(
    name="typical W",
    says="qm/2 <= |W(0)|_F^2 <= 2qm, the upper bound being the event of Lemma 20",
    holds=lambda p: [(2 * p.norm, ">=", 0 * p.norm + 1), (p.norm, "<=", 0 * p.norm + 2)],
)


def _draw_width(draw: Draw, in_force: frozenset[str]) -> Width:
    # K is an exponential of the root of qm: flat activations, so that it stays a float.
    frequency = rounded(draw.positive(0.5, 2.0))
    amplitude = rounded(draw.positive(1e-4, 3e-2)) / frequency
    n, q = draw.integer(1, 2), draw.integer(2, 5)
    base = Width(amplitude=amplitude, frequency=frequency, n=n, q=q, m=1, wider=draw.choice((1, 2, 4)), norm=Fraction(1))
    least = float(base.lift(FLOATS).constants.c_1) * n
    norm = rounded(draw.real(0.5, 2.0)) if typical.name in in_force else rounded(draw.positive(0.1, 9.0))
    return replace(base, m=int(least * draw.positive(1.0, 4.0)) + 1, norm=draw.choice((norm, min(norm * 4, Fraction(2)))))


FLAT = {"amplitude": "1/100", "frequency": 1, "n": 1, "q": 2, "m": 20000, "wider": 100, "norm": 1}
SINE = {**FLAT, "amplitude": 1, "q": 3, "m": 5000000, "wider": 1}

remark_3 = Identity(
    id="marion2024.remark-3",
    title="C does not depend on the width, as printed",
    says=(
        "C depends only on X, sigma, n and q, not on m. But K_1 = sup over |z| <= M_Z of |d_1 f| = K_sigma M_Z^2/(4 sqrt(qm))"
        " with M_Z >= |W(0)|_F, which is about sqrt(qm): K_1 is about K_sigma sqrt(qm)/4, K_2 about e^{K_1}, and C has"
        " e^{-2K}. Compared as logarithms of 1/C, at two admissible widths with the same |W(0)|_F^2/(qm)."
    ),
    formula=r"\ln\frac1{C(m')}=\ln\frac1{C(m)}",
    source=f"{PAPER}, Remark 3, page 36",
    instance=Width,
    instances=_draw_width,
    hypotheses=(widths, typical),
    uses=("marion2024.theorem-6.part-constant",),
    left=lambda p: p.cost(p.literal(p.m * p.wider)),
    right=lambda p, c: p.cost(p.literal(p.m)),
    erratum=Erratum(
        wrong="the ball |z| <= M_Z over which K is a supremum grows like sqrt(qm), and the layer is divided by sqrt(qm) once.",
        line="Remark 3, with the definitions of K_1, E, K_2 on page 18",
        counterexample=FLAT,
        repaired="marion2024.remark-3.reading-repaired",
    ),
)

remark_3_literal = Inequality(
    id="marion2024.remark-3.reading-literal",
    title="how small C is literally",
    says=(
        "Ours: ln(1/C) >= 2 K_sigma sqrt(omega q) exp(K_sigma omega sqrt(qm)/4), omega = |W(0)|_F^2/(qm), when |sigma'(0)| ="
        " K_sigma: C tends to 0 with the width like an exponential of an exponential. For sin with r = 3, n = 1, q = 3, m = 5"
        " 10^6 (c_1 = 4.8 10^6) it is below exp(-10^421), and 10^-30 with the repaired K; for sin/100 with q = 2 it is 10^-24"
        " at m = 20000 and 10^-29 at 100 m."
    ),
    formula=r"\ln\frac1C\ge2K_\sigma\sqrt{\omega q}\,e^{K_\sigma\omega\sqrt{qm}/4}",
    source="ours; on Remark 3",
    ours=True,
    instance=Width,
    instances=_draw_width,
    hypotheses=(widths, typical),
    uses=("marion2024.theorem-6.part-constant",),
    left=lambda p: p.cost(p.literal(p.m)),
    relation=">=",
    right=lambda p, c: (
        c.c * 2 * p.constants.lipschitz * sqrt(p.norm * p.q) * exp(p.constants.lipschitz * p.norm * p.root(p.q * p.m) / 4)
    ),
    constants={"c": Fraction(1)},
    gallery=(FLAT, SINE, {**FLAT, "m": 40000000}),
    mutants=(past_the_slack("c"), changed("the ball around the start", left=lambda p: p.cost(p.local(p.m)))),
)

remark_3_repaired = replace(
    remark_3_literal,
    id="marion2024.remark-3.reading-repaired",
    title="a constant that does not depend on the width",
    says=(
        "The proof of Proposition 8 uses K_1 and K_2 only on the ball of radius M around the start, where |V_k| <= M and"
        " |W_k| <= |W(0)| + M. There K <= K_sigma max(M (sqrt 2 + M), e^{K_sigma M (sqrt 2 + M)} M_A M_X (sqrt 2 + 2M)) when"
        " |W(0)|_F <= sqrt(2qm): with this K the constant C depends on X, sigma, n and q alone. Tight for large |W(0)|, up to"
        " the M."
    ),
    formula=r"\sup_{\mathrm{ball}}\max(\|\partial_1f\|,\|\partial_2f\|)\le K_\sigma\max\Big(M(\sqrt2+M),"
    r"e^{K_\sigma M(\sqrt2+M)}M_AM_X(\sqrt2+2M)\Big)",
    source="ours; repairs Remark 3",
    left=lambda p: np.array([p.local(p.m), p.local(p.m * p.wider)]),
    relation="<=",
    right=lambda p, c: c.c * p.without_m * np.ones(2, dtype=int),
    gallery=({**FLAT, "norm": 2}, SINE),
    mutants=(
        past_the_slack("c"),
        changed("the ball |z| <= M_Z", left=lambda p: np.array([p.literal(p.m), p.literal(p.m * p.wider)])),
        without(typical.name, {**FLAT, "norm": 9}),
    ),
)
