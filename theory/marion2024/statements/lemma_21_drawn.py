"""Lemma 21 drawn: smooth activations and uniform columns, where the bound says something; and the norm of one summand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.activations import ACTIVATIONS, Activation
from numerics.arithmetic import Kind, Number, kind_of
from numerics.eigenvalues import enclose_largest_eigenvalue
from theory.marion2024.setting import Numbers, rounded
from theory.marion2024.statements.lemma_21 import WHERE
from theory.marion2024.statements.lemma_21_kernel import STEPS
from theory.marion2024.training import NAMES
from theory.proofs import identity
from theory.statement import Draw, Hypothesis, Inequality, Instance, Probability, Proof, past_the_slack, scaled, without


@dataclass(frozen=True, kw_only=True)
class Layer(Instance):
    r"""One random layer at uniform columns, for which :math:`C^2=1`.

    Parameters
    ----------
    activation
        Its index among the sorted names.
    n, m, d
        Columns, rows, dimension.
    r
        The degree.
    """

    activation: int
    n: int
    m: int
    d: int
    r: int

    @property
    def sigma(self) -> Activation:
        """Return the activation."""
        return ACTIVATIONS[NAMES[self.activation]]


@dataclass(frozen=True, kw_only=True)
class Row(Instance):
    r"""The values of a bounded activation at the columns, for one row of W.

    Parameters
    ----------
    bound
        The number :math:`M_\sigma`.
    values
        The values, shape ``(n,)``.
    """

    bound: Number
    values: Numbers


layers = Hypothesis(
    name="a layer",
    says=f"a bounded activation of {', '.join(NAMES)}; m >= n >= 1, d >= 2, r >= 2",
    holds=lambda p: [
        (int(math.isfinite(p.sigma.bound)), "==", 1),
        (p.n, ">=", 1),
        (p.m, ">=", p.n),
        (p.d, ">=", 2),
        (p.r, ">=", 2),
    ],
)


def exceeds(p: Any, rng: Any) -> bool:
    r"""Return whether :math:`s_{\min}(\sigma(WX))>\frac14\sqrt m|\eta_r|` for drawn W and X.

    Parameters
    ----------
    p
        The layer.
    rng
        The generator.

    Returns
    -------
    bool
        Whether it does.
    """
    columns = rng.standard_normal((p.d, p.n))
    columns /= np.linalg.norm(columns, axis=0)
    values = p.sigma.value(rng.standard_normal((p.m, p.d)) @ columns)
    level = p.m * p.sigma.hermite_coefficient(p.r) ** 2 / 16
    return bool(np.linalg.eigvalsh(values.T @ values)[0] > level)


def delta(p: Any) -> float:
    r"""Return :math:`n\exp(-\frac{3m\eta_r^2}{64M_\sigma^2n})+2n^2\exp(-\frac d2(\frac3{4n})^{2/r})`."""
    n, d, square = int(p.n), int(p.d), float(p.sigma.hermite_coefficient(p.r)) ** 2
    first = n * math.exp(-3 * p.m * square / (64 * p.sigma.bound**2 * n))
    return first + 2 * n**2 * math.exp(-d / 2 * (3 / (4 * n)) ** (2 / p.r))


def _layer(name: str, n: int, m: int, d: int, r: int) -> dict[str, int]:
    return {"activation": NAMES.index(name), "n": n, "m": m, "d": d, "r": r}


SIZES = (
    _layer("sin", 1, 900, 12, 3),
    _layer("sin", 2, 2400, 24, 3),
    _layer("sin", 3, 4200, 24, 3),
    _layer("erf", 1, 1600, 12, 3),
    _layer("tanh", 1, 2400, 12, 3),
    _layer("one_minus_cos", 1, 1200, 12, 2),
    _layer("one_minus_cos", 2, 3200, 32, 2),
)

part_frequency = Probability(
    id="marion2024.lemma-21.part-frequency",
    title="the smallest singular value of sigma(WX), drawn",
    says=(
        "s_min(sigma(WX)) > sqrt(m) |eta_r|/4 for drawn Gaussian W and uniform columns, at least as often as 1 - delta, at"
        " sizes where delta lies between 0.07 and 0.22. For sin and n = 1, 2, 3 the first term of delta is 0.05 at some 1000,"
        " 2600, 4300 rows, and the number grows like n ln n."
    ),
    formula=r"P\big(s_{\min}(\sigma(WX))>\tfrac14\sqrt m\,|\eta_r|\big)\ge1-\delta",
    source=WHERE,
    instance=Layer,
    instances=lambda draw, _in_force: Layer.parse(draw.choice(SIZES)),
    hypotheses=(layers,),
    uses=("marion2024.lemma-21", "marion2024.equation-55.part-proxy"),
    event=exceeds,
    at_least=lambda p: 1 - delta(p),
    gallery=SIZES,
)

bounded_values = Hypothesis(
    name="|sigma| <= M_sigma",
    says="|sigma| <= M_sigma at the n >= 1 columns",
    holds=lambda p: [
        (len(p.values), ">=", 1),
        (p.bound, ">", 0 * p.bound),
        *((value * value, "<=", p.bound * p.bound) for value in p.values),
    ],
)


def _draw_row(draw: Draw, in_force: frozenset[str]) -> Row:
    bound = rounded(draw.positive(0.1, 10.0))
    most = 1.0 if bounded_values.name in in_force else 2.0
    shares = [draw.choice((-1.0, 1.0, draw.real(-most, most))) for _ in range(draw.integer(1, 4))]
    return Row(bound=bound, values=tuple(bound * rounded(share, 2) for share in shares))


def summand_norm(p: Any) -> Number:
    r"""Return :math:`\lambda_{\max}(M_i)`, :math:`M_i=\sigma(X^\top w_i^\top)\sigma(w_iX)`."""
    outer = np.multiply.outer(p.values, p.values)
    if kind_of(p.values) is Kind.BALLS:
        return enclose_largest_eigenvalue(outer)
    return np.linalg.eigvalsh(np.asarray(outer, dtype=float))[-1]


def vector_identity() -> Any:
    """Return the squared length of (v v^T) v - |v|^2 v, for vectors of length 4."""
    import sympy

    v = sympy.Matrix(sympy.symbols("v0:4", real=True))
    rest = v * v.T * v - (v.T * v)[0] * v
    return sympy.expand((rest.T * rest)[0])


step_4 = Inequality(
    id="marion2024.lemma-21.step-4",
    title="the largest eigenvalue of one summand",
    says="lambda_max(M_i) = |sigma(w_i X)|^2 <= M_sigma^2 n, with equality where |sigma| = M_sigma at every column.",
    formula=r"\lambda_{\max}(M_i)=\|\sigma(w_iX)\|_2^2\le M_\sigma^2n",
    source=STEPS,
    instance=Row,
    instances=_draw_row,
    hypotheses=(bounded_values,),
    left=summand_norm,
    relation="<=",
    right=lambda p, c: c.c * p.bound * p.bound * len(p.values),
    constants={"c": Fraction(1)},
    cost=4,
    gallery=({"bound": 1, "values": [1, -1]}, {"bound": 1, "values": ["1/2", "-9/10", "1/3"]}),
    proof=Proof(
        set="all n and all values bounded by M_sigma",
        argument="M_i = v v^T has the eigenvector v with eigenvalue |v|^2 and otherwise 0; n squares of at most M_sigma^2.",
        steps=(identity("(v v^T) v = |v|^2 v, length 4", vector_identity),),
    ),
    mutants=(
        past_the_slack("c"),
        scaled("c", Fraction(1, 2)),
        without(bounded_values.name, {"bound": 1, "values": [1, "3/2"]}),
    ),
)
