"""The constants of Proposition 5: that they follow from the proof, and the integer part in its last line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Number, exp, sqrt
from theory.marion2024.polyak_lojasiewicz import Constants
from theory.marion2024.setting import PAPER, Numbers, rounded
from theory.proofs import identity
from theory.statement import (
    Draw,
    Hypothesis,
    Identity,
    Inequality,
    Instance,
    Proof,
    changed,
    past_the_slack,
    without,
)

WHERE = f"{PAPER}, Appendix B.5, page 35"


@dataclass(frozen=True, kw_only=True)
class TwoNumbers(Instance):
    """The two numbers of an activation that the constants are made of.

    Parameters
    ----------
    lipschitz, coefficient
        K and eta.
    """

    lipschitz: Number
    coefficient: Number


def _draw_numbers(draw: Draw, in_force: frozenset[str]) -> TwoNumbers:
    del in_force
    return TwoNumbers(lipschitz=rounded(draw.positive(0.01, 3.0)), coefficient=rounded(draw.positive(0.01, 1.0)))


def definitions(p: Any) -> Numbers:
    r"""Return :math:`2^{10}C_1^2/\eta^2,\ C_2/\eta,\ C_3^2\eta^3/(2C_2)`."""
    k = Constants(lipschitz=p.lipschitz, coefficient=p.coefficient)
    return np.array([2**10 * k.big_c_1**2 / p.coefficient**2, k.c_2, k.c_4])


def closed_forms(p: Any) -> Numbers:
    r"""Return :math:`2^{10}K^2e^{4\sqrt2K}/\eta^2,\ 128K^2e^{2\sqrt2K}/\eta,\ \eta^3/(2^{14}K^2e^{6\sqrt2K})`."""
    k, eta = p.lipschitz, p.coefficient
    root = sqrt(0 * k + 2) * k
    first, second = 2**10 * k**2 * exp(4 * root) / eta**2, 128 * k**2 * exp(2 * root) / eta
    return np.array([first, second, eta**3 / (2**14 * k**2 * exp(6 * root))])


def _entry(k: int) -> Callable[[], Any]:
    """Return the difference of the two forms of one constant for symbolic K and eta."""

    def build() -> Any:
        import sympy

        numbers = sympy.symbols("K eta", positive=True)
        p = TwoNumbers(lipschitz=numbers[0], coefficient=numbers[1])
        return sympy.simplify(definitions(p)[k] - closed_forms(p)[k])

    return build


step_18 = Identity(
    id="marion2024.proposition-5.step-18",
    title="the constants c_1, c_2 and c_4",
    says=(
        "2^10 C_1^2/eta^2, C_2/eta and C_3^2 eta^3/(2 C_2) are 2^10 K^2 e^{4 sqrt(2) K}/eta^2, 128 K^2 e^{2 sqrt(2) K}/eta and"
        " eta^3/(2^14 K^2 e^{6 sqrt(2) K}), as printed."
    ),
    formula=r"\frac{2^{10}C_1^2}{\eta_r^2}=\frac{2^{10}K_\sigma^2e^{4\sqrt2K_\sigma}}{\eta_r^2},\ "
    r"\frac{C_2}{\eta_r}=\frac{128K_\sigma^2e^{2\sqrt2K_\sigma}}{\eta_r},\ "
    r"\frac{C_3^2\eta_r^3}{2C_2}=\frac{\eta_r^3}{2^{14}K_\sigma^2e^{6\sqrt2K_\sigma}}",
    source=WHERE,
    instance=TwoNumbers,
    instances=_draw_numbers,
    left=definitions,
    right=lambda p, c: closed_forms(p),
    gallery=({"lipschitz": 1, "coefficient": "1/4"},),
    proof=Proof(
        set="all K, eta > 0",
        argument="",
        steps=tuple(identity(f"both forms of {name} agree", _entry(k)) for k, name in enumerate(("c_1", "c_2", "c_4"))),
    ),
    mutants=(
        changed("2^13 for 2^14", right=lambda p, c: closed_forms(p) * np.array([1, 1, 2])),
        changed("64 for 128", right=lambda p, c: closed_forms(p) * np.array([2, 1, 2]) / 2),
    ),
)


@dataclass(frozen=True, kw_only=True)
class OneNumber(Instance):
    """A positive number.

    Parameters
    ----------
    whole
        Its integer part.
    part
        What is beyond it, in [0, 1).
    """

    whole: int
    part: Number


at_least_one = Hypothesis(name="x >= 1", says="x >= 1", holds=lambda p: (p.whole, ">=", 1))
is_part = Hypothesis(
    name="part",
    says="x = floor(x) + part, 0 <= part < 1, x > 0",
    holds=lambda p: [
        (p.part, ">=", 0 * p.part),
        (p.part, "<", 0 * p.part + 1),
        (p.whole, ">=", 0),
        (p.whole + p.part, ">", 0 * p.part),
    ],
    standing=True,
)


def _draw_number(draw: Draw, in_force: frozenset[str]) -> OneNumber:
    least = 1 if at_least_one.name in in_force else 0
    return OneNumber(whole=draw.integer(least, 5), part=min(Fraction(999, 1000), rounded(draw.real(0.001, 1.0))))


def _floor_identity() -> Any:
    """Return k - (k + p)/2 less ((k - 1) + (1 - p))/2."""
    import sympy

    k, p = sympy.symbols("k p", real=True)
    return sympy.expand(k - (k + p) / 2 - ((k - 1) + (1 - p)) / 2)


step_17 = Inequality(
    id="marion2024.proposition-5.step-17",
    title="the integer part is at least half",
    says="floor(x) >= x/2 for x >= 1. Tight as x tends to 2 from below; L >= c_2 sqrt(nq) is used for x >= 1.",
    formula=r"\lfloor x\rfloor\ge\frac x2\qquad(x\ge1)",
    source=WHERE,
    instance=OneNumber,
    instances=_draw_number,
    hypotheses=(is_part, at_least_one),
    left=lambda p: 0 * p.part + p.whole,
    relation=">=",
    right=lambda p, c: c.c * (p.whole + p.part),
    constants={"c": Fraction(1, 2)},
    gallery=({"whole": 1, "part": "999/1000"}, {"whole": 1, "part": 0}),
    proof=Proof(
        set="all x >= 1",
        argument="floor(x) - x/2 is half of the sum of floor(x) - 1 and 1 less the fractional part, neither negative.",
        steps=(identity("k - (k + p)/2 = ((k - 1) + (1 - p))/2", _floor_identity),),
    ),
    mutants=(past_the_slack("c"), without(at_least_one.name, {"whole": 0, "part": "1/2"})),
)
