r"""The residual networks on which the steps of the proof of Proposition 8 at one time are tried: within M of their start.

The constants are those of Proposition 8, which differ from Proposition 7's: :math:`M_A=\|A^{init}\|_2+M`,
:math:`M_Z=\sup\|Z^{init}\|+M`, :math:`M_B=\|B^{init}\|_2+M`, and :math:`K_1,K_2,K'` over :math:`\|z\|\le M_Z` and
:math:`\|h\|\le e^{K_1}M_AM_X`. From the start 0 they are Proposition 7's.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from numerics.arithmetic import Number, exp, maximum, sqrt, total
from theory.marion2024.setting import Numbers, rounded
from theory.marion2024.statements.proposition_7_layers import LAYERS, length
from theory.marion2024.statements.proposition_7_network import Network, draw_vector
from theory.marion2024.statements.proposition_7_network import setting as sizes
from theory.statement import Draw, Hypothesis


@dataclass(frozen=True, kw_only=True)
class NearNetwork(Network):
    r"""A network and its start; ``bound`` is M, the distance within which the local condition is assumed.

    Parameters
    ----------
    start_a, start_b, start_weights
        :math:`A^{init},B^{init}` and the :math:`Z_k(0)`, of the shapes of ``a``, ``b`` and ``weights``. :math:`Z^{init}` is
        linear between the :math:`Z_k(0)` and constant up to the first.
    """

    start_a: Numbers
    start_b: Numbers
    start_weights: Numbers

    @property
    def start_layers(self) -> list[Numbers]:
        r"""Return :math:`Z_1(0),\dots,Z_L(0)`."""
        p = self.layer.p
        return [self.start_weights[at : at + p] for at in range(0, len(self.start_weights), p)]

    @cached_property
    def m_a(self) -> Number:
        r"""Return :math:`M_A`."""
        return length(self.start_a) + self.bound

    @cached_property
    def m_b(self) -> Number:
        r"""Return :math:`M_B`."""
        return length(self.start_b) + self.bound

    @cached_property
    def m_z(self) -> Number:
        r"""Return :math:`M_Z`: the norm of a piecewise linear function is largest at a node."""
        largest = length(self.start_layers[0])
        for z in self.start_layers[1:]:
            largest = maximum(largest, length(z))
        return largest + self.bound

    @property
    def k1(self) -> Number:
        r"""Return :math:`K_1`."""
        return self.layer.k1(self.m_z)

    @cached_property
    def reach(self) -> Number:
        r"""Return :math:`e^{K_1}M_AM_X`, the radius of E."""
        return exp(self.k1) * self.m_a * self.m_x

    @cached_property
    def k(self) -> Number:
        r"""Return :math:`K=\max(K_1,K_2)`."""
        return maximum(self.k1, self.layer.k2(self.m_z, self.reach))

    @cached_property
    def k_prime(self) -> Number:
        r"""Return :math:`K'`, which enters the constants of (ii)."""
        return self.layer.k_prime(self.m_z, self.reach)

    @cached_property
    def root_loss(self) -> Number:
        r"""Return :math:`\sqrt\ell`; of a single sample the absolute residual."""
        if len(self.x) == 1:
            return length(self.b[:1] * 0 + self.residuals[0])
        return sqrt(sum(residual * residual for residual in self.residuals) / len(self.x))


def _same_sizes(p: Any) -> Any:
    pairs = ((p.start_a, p.a), (p.start_b, p.b), (p.start_weights, p.weights))
    return [*sizes.holds(p), *((len(start), "==", len(now)) for start, now in pairs)]


setting = Hypothesis(
    name="setting",
    says="L >= 2, n >= 1, M > 0, and A, B, the Z_k and their starts have the sizes that the layer takes",
    holds=_same_sizes,
    standing=True,
)


def _near(p: Any) -> Any:
    pairs = [(p.start_a, p.a), (p.start_b, p.b), *zip(p.start_layers, p.layers, strict=True)]
    return [(total((now - start) * (now - start)), "<=", p.bound * p.bound) for start, now in pairs]


near = Hypothesis(
    name="(23)",
    says="|A - A(0)|_F, |B - B(0)|_F and every |Z_k - Z_k(0)| are at most M",
    holds=_near,
)


def _moved(draw: Draw, size: int, reach: Fraction, bound: Fraction) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
    """Draw a start of norm at most ``reach``, and a point of the same line at most ``bound`` away: at that distance often."""
    unit = draw_vector(draw, size, Fraction(1))
    start, share = draw.choice((Fraction(0), reach)), draw.choice((Fraction(1), rounded(draw.real(-1.0, 1.0))))
    return tuple(start * entry for entry in unit), tuple((start + share * bound) * entry for entry in unit)


def _layers(draw: Draw, size: int, depth: int, reach: Fraction, bound: Fraction) -> tuple[Any, Any]:
    """Draw layers and their starts: all the same, of alternating sign, or any."""
    pattern = draw.choice(("tied", "opposite", "any"))
    rows = [_moved(draw, size, reach, bound)]
    for _ in range(depth - 1):
        sign = -1 if pattern == "opposite" else 1
        old = rows[-1]
        new = tuple(tuple(sign * entry for entry in part) for part in old)
        rows.append(_moved(draw, size, reach, bound) if pattern == "any" else (new[0], new[1]))
    return tuple(v for start, _ in rows for v in start), tuple(v for _, now in rows for v in now)


def _draw_data(draw: Draw, n: int) -> dict[str, Any]:
    """Draw inputs and targets of either sign."""
    ranges = {"x": (1e-3, 3.0), "y": (1e-3, 10.0)}
    return {
        name: tuple(draw.choice((1, -1)) * rounded(draw.positive(*limits)) for _ in range(n)) for name, limits in ranges.items()
    }


def draw_near(draw: Draw, in_force: frozenset[str]) -> NearNetwork:
    """Draw a network within M of its start, or up to three times as far without (23)."""
    family, depth = draw.integer(1, len(LAYERS)), draw.integer(2, 5)
    layer, bound = LAYERS[family - 1], rounded(draw.positive(1e-3, 1.0))
    reach = bound if near.name in in_force else bound * rounded(draw.real(1.0, 3.0))
    (start_a, a), (start_b, b) = (_moved(draw, layer.q, rounded(draw.positive(1e-3, 2.0)), reach) for _ in range(2))
    start_weights, weights = _layers(draw, layer.p, depth, rounded(draw.positive(1e-3, 1.0)), reach)
    return NearNetwork(
        family=family,
        bound=bound,
        a=a,
        b=b,
        weights=weights,
        start_a=start_a,
        start_b=start_b,
        start_weights=start_weights,
        **_draw_data(draw, draw.integer(1, 2)),
    )


def started(data: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return the data of a network with a start: where it is, unless told otherwise.

    Parameters
    ----------
    data
        Data of a :class:`Network`.
    **fields
        Fields that differ.

    Returns
    -------
    dict
        Data of a :class:`NearNetwork`.
    """
    starts = {"start_a": data["a"], "start_b": data["b"], "start_weights": data["weights"]}
    return {**data, **starts, **fields}


def from_zero(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data of a network whose start is 0: then M_A = M_B = M_Z = M, as in Proposition 7."""
    zeros = {f"start_{name}": [0] * len(data[name]) for name in ("a", "b", "weights")}
    return {**data, **zeros}
