r"""Definition 1: the local Polyak-Lojasiewicz constant at given weights, exactly, as an eigenvalue of the tangent kernel."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic import Kind, Number, kind_of, maximum, total
from numerics.eigenvalues import enclose_largest_eigenvalue
from theory.marion2024.setting import PAPER, Numbers
from theory.marion2024.statements.proposition_5_draws import draw_network
from theory.marion2024.statements.proposition_5_network import NearStart, has_loss, line_48, setting
from theory.proofs import identity
from theory.statement import Hidden, Hypothesis, Identity, Inequality, Proof, changed, past_the_slack, scaled, without

PARTS = ("A", "V", "W", "B")


def squared_gradient(p: Any) -> Number:
    r"""Return :math:`\|\partial_A\ell\|_F^2+L\sum_k\|\partial_{Z_k}\ell\|^2+\|\partial_B\ell\|_F^2`, Euclidean over V and W."""
    first = p.adjoints[0] @ p.inputs.T
    last = 2 * (p.residual @ p.states[-1].T) / p.n
    layers = sum(_square(p.outer_gradient(k)) + _square(p.inner_gradient(k)) for k in range(p.depth))
    return _square(first) + p.depth * p.copies * layers + _square(last)


def _square(a: Numbers) -> Number:
    flat = np.ravel(a)
    return total(flat * flat)


def kernel(p: Any, parts: tuple[str, ...] = PARTS) -> Numbers:
    r"""Return the tangent kernel, or the sum of some of its parts, by the recursion of the outputs' derivatives.

    Parameters
    ----------
    p
        A lifted network.
    parts
        Which parts.

    Returns
    -------
    array
        Shape ``(n d', n d')``, in the order (sample, output).
    """
    outputs = p.d_out
    adjoint = np.concatenate([p.last.T] * p.n, axis=1)

    def spread(columns: Numbers) -> Numbers:
        """Return the Gram matrix of columns, each once an output."""
        repeated = np.repeat(columns, outputs, axis=1)
        return repeated.T @ repeated

    found = {"V": 0 * spread(p.inputs), "W": 0 * spread(p.inputs)}
    scale = (0 * p.amplitude + p.copies) / (p.depth * p.m)
    for k in range(p.depth - 1, -1, -1):
        slopes = np.repeat(p.wave.slope(p.inner[k] @ p.states[k] / p.root(p.q)), outputs, axis=1)
        inside = slopes * (p.outer[k].T @ adjoint)
        found["V"] = found["V"] + scale * (adjoint.T @ adjoint) * spread(p.active[k])
        found["W"] = found["W"] + scale / p.q * (inside.T @ inside) * spread(p.states[k])
        adjoint = adjoint + p.copies * (p.inner[k].T @ inside) / (p.depth * p.root(p.q * p.m))
    found["A"] = (adjoint.T @ adjoint) * spread(p.inputs)
    same = np.tile(np.eye(outputs, dtype=int), (p.n, p.n))
    found["B"] = spread(p.states[-1]) * same
    return sum(found[part] for part in parts)


def quadratic_form(p: Any, parts: tuple[str, ...] = PARTS) -> Number:
    r"""Return :math:`\frac4{n^2}r^\top Kr`."""
    r = np.ravel(p.residual.T)
    return 4 * total(r * (kernel(p, parts) @ r)) / (p.n * p.n)


def smallest_eigenvalue(matrix: Numbers) -> Number:
    r"""Return :math:`\lambda_{\min}`, in balls an enclosure; not below 0."""
    if len(matrix) == 1:
        return matrix[0, 0]
    if kind_of(matrix) is Kind.BALLS:
        found = -enclose_largest_eigenvalue(-matrix)
        return maximum(found, 0 * found)
    return max(0.0, float(np.linalg.eigvalsh(np.asarray(matrix, dtype=float))[0]))


def loss(p: Any) -> Number:
    r"""Return :math:`\ell=\frac1n\|BH-y\|_F^2`."""
    return _square(p.residual) / p.n


def _form_identity() -> Any:
    """Return the squared norm of J^T r (2/n) less (4/n^2) r^T J J^T r for a Jacobian of two residuals and three weights."""
    import sympy

    n = sympy.Symbol("n", positive=True)
    jacobian, r = sympy.Matrix(2, 3, sympy.symbols("j0:6")), sympy.Matrix(sympy.symbols("r0:2"))
    gradient = 2 / n * jacobian.T * r
    return sympy.expand((gradient.T * gradient)[0] - (4 / n**2 * r.T * (jacobian * jacobian.T) * r)[0])


PLAIN = {
    **{"odd": 0, "even": 1, "amplitude": 1, "frequency": 1, "degree": 2, "d": 1, "rows": 1, "depth": 2, "copies": 1},
    **{"a": [1, 0], "b": [0, 1], "v": ["1/2", "1/2", 0, 1], "w": [1, 0, 1, 1], "start": [1, 0], "x": [1, "-1/2"], "y": [1, 2]},
}
SINGLE = {**PLAIN, "x": [1], "y": [1]}

reading_kernel = Identity(
    id="marion2024.definition-1.reading-kernel",
    title="the squared gradient is a quadratic form of the residual",
    says=(
        "Ours: the left side of Definition 1, Euclidean over V and W, is (4/n^2) r^T K r, r = B h_L - y and K the sum of four"
        " Gram matrices, of A, V, W and B, the layers with weight L. The gradient is taken by backpropagation of the loss, K by"
        " that of each output; all parts exact on small networks."
    ),
    formula=r"\|\partial_A\ell\|^2+L\sum_k\|\partial_{Z_k}\ell\|^2+\|\partial_B\ell\|^2=\frac4{n^2}\,r^\top Kr",
    source=f"ours; Definition 1 of {PAPER}, page 6",
    ours=True,
    instance=NearStart,
    instances=draw_network,
    hypotheses=(setting, line_48, has_loss),
    left=squared_gradient,
    right=lambda p, c: quadratic_form(p),
    cost=12,
    gallery=(PLAIN, SINGLE),
    proof=Proof(
        set="every network",
        argument="The gradient is (2/n) J^T r, J the Jacobian of the outputs, each block scaled by the root of its weight.",
        steps=(identity("|(2/n) J^T r|^2 = (4/n^2) r^T J J^T r", _form_identity),),
    ),
    mutants=(
        changed("without the part of W", right=lambda p, c: quadratic_form(p, ("A", "V", "B"))),
        changed("without the part of B", right=lambda p, c: quadratic_form(p, ("A", "V", "W"))),
        changed("2 for 4", right=lambda p, c: quadratic_form(p) / 2),
    ),
)

reading_constant = Inequality(
    id="marion2024.definition-1.reading-constant",
    title="the constant at given weights is the smallest eigenvalue of the kernel",
    says=(
        "Ours: at given weights the squared gradient is at least (4/n) lambda_min(K) times the loss, for all targets, with"
        " equality when the residual is the last eigenvector; no larger constant serves all targets. With one residual it is an"
        " equality. Each part alone gives a smaller constant; Proposition 5 uses that of V. (Definition 1 asks it for the given"
        " targets at all weights within M, where residuals of every direction are met if targets are small.)"
    ),
    formula=r"\|\partial_A\ell\|^2+L\sum_k\|\partial_{Z_k}\ell\|^2+\|\partial_B\ell\|^2\ge\frac4n\lambda_{\min}(K)\,\ell",
    source=f"ours; Definition 1 of {PAPER}, page 6",
    ours=True,
    instance=NearStart,
    instances=draw_network,
    hypotheses=(setting, line_48, has_loss),
    hidden=(
        Hidden(
            says="the Euclidean norm of the pair (V_k, W_k)",
            where="||Z_k||_F = ||V_k||_F + ||W_k||_F on page 3, and Definition 1",
            finding=(
                "the decay of the loss is the sum of the squares of all blocks; with the sum of norms the condition is weaker,"
                " at most by a factor 2 in mu"
            ),
        ),
    ),
    uses=("marion2024.definition-1.reading-kernel",),
    left=squared_gradient,
    relation=">=",
    right=lambda p, c: c.c * 4 * smallest_eigenvalue(kernel(p)) * loss(p) / p.n,
    constants={"c": Fraction(1)},
    cost=12,
    gallery=(PLAIN, SINGLE),
    proof=Proof(
        set="every network and all targets",
        argument="r^T K r >= lambda_min |r|^2 and n l = |r|^2.",
        steps=(identity("|(2/n) J^T r|^2 = (4/n^2) r^T J J^T r", _form_identity),),
    ),
    mutants=(past_the_slack("c"), scaled("c", Fraction(11, 10))),
)

narrow = Hypothesis(name="m < n", says="fewer hidden units than samples", holds=lambda p: (p.rows, "<", p.n), standing=False)


def _draw_tied(draw: Any, in_force: frozenset[str]) -> NearStart:
    base = draw_network(draw, frozenset())
    rows = draw.integer(1, 2) if narrow.name in in_force else draw.integer(2, 3)
    n = draw.integer(rows + 1, 3) if narrow.name in in_force else 2

    def numbers(count: int) -> tuple[Fraction, ...]:
        return tuple(Fraction(draw.integer(-30, 30), 20) for _ in range(count))

    w = numbers(rows * base.q)
    zero = (Fraction(0),) * (base.depth * base.q * rows)
    # Points on a line are told apart by 1 - cos and sin only through their sizes.
    x = tuple(Fraction(draw.integer(1, 9), 10) for _ in range(base.d * n))
    y = numbers(base.d_out * n)
    return replace(base, rows=rows, copies=1, v=zero, w=w * base.depth, start=w, x=x, y=y)


def part_of_v(p: Any) -> Number:
    r"""Return 1 plus the determinant of :math:`\sigma^\top\sigma`, which the part of V is a multiple of; 1 is away from 0."""
    features = p.active[0]
    gram = features.T @ features
    return 1 + _determinant(gram)


def _determinant(a: Numbers) -> Number:
    if len(a) == 1:
        return a[0, 0]
    signs = [1 if j % 2 == 0 else -1 for j in range(len(a))]
    minors = [_determinant(np.delete(np.delete(a, 0, 0), j, 1)) for j in range(len(a))]
    return sum(sign * a[0, j] * minor for j, (sign, minor) in enumerate(zip(signs, minors, strict=True)))


reading_width = Identity(
    id="marion2024.definition-1.reading-width",
    title="for widths below the sample size the part of V is singular at the start",
    says=(
        "Ours, a control of Proposition 5: at the weight-tied start all layers have the same features sigma(Wx), so that the"
        " part of V is singular for m < n: its determinant is 0. The chain of the proof then gives nothing. The whole constant"
        " need not vanish: A, B and, later, W have their parts; training may succeed all the same."
    ),
    formula=r"\det\big(\sigma(\bar Wx)^\top\sigma(\bar Wx)\big)=0\quad(m<n)",
    source="ours; a control of Proposition 5",
    ours=True,
    instance=NearStart,
    instances=_draw_tied,
    hypotheses=(narrow,),
    left=part_of_v,
    right=lambda p, c: 0 * p.amplitude + 1,
    gallery=({**PLAIN, "v": [0, 0, 0, 0], "w": [1, 0, 1, 0]},),
    mutants=(
        without(
            narrow.name,
            {**PLAIN, "rows": 2, "v": [0] * 8, "w": [1, 0, 3, 0] * 2, "start": [1, 0, 3, 0]},
        ),
    ),
)
