r"""The tangent kernel of a residual network, with each layer weighted by the depth, and the smallest slope of its loss.

With residuals :math:`r_{ia}=F_a(x_i)-y_{ia}` and the loss :math:`\ell=\frac1n|r|^2`,

.. math::
    \|\partial_A\ell\|^2+L\sum_k\big(\|\partial_{V_k}\ell\|^2+\|\partial_{W_k}\ell\|^2\big)+\|\partial_B\ell\|^2
    =\frac4{n^2}\,r^\top Kr,\qquad K=J_AJ_A^\top+L\sum_kJ_kJ_k^\top+J_BJ_B^\top,

J the derivatives of the outputs in the weights. Hence the left side is at least :math:`\mu\ell` with
:math:`\mu=\frac4n\lambda_{\min}(K)`, and for some targets at these weights no larger :math:`\mu` will do: the residual of the
last eigenvector. K is of size :math:`nd'`, its entries in the order (sample, output).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from numerics.residual_network import ResidualNetwork, Weights

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class TangentKernel:
    r"""The four parts of K, each positive semidefinite, shape ``(n d', n d')``.

    Parameters
    ----------
    A, V, W, B
        The parts of the first map, of the outer and of the inner matrices of all layers, and of the last map.
    outputs
        d'.
    """

    A: Floats
    V: Floats
    W: Floats
    B: Floats
    outputs: int

    @property
    def total(self) -> Floats:
        """Return K."""
        return self.A + self.V + self.W + self.B

    @property
    def samples(self) -> int:
        """Return n."""
        return len(self.A) // self.outputs

    def slope(self, residual: Floats) -> float:
        r"""Return :math:`\frac4n\frac{r^\top Kr}{|r|^2}`: squared gradient over loss at the targets that leave this residual.

        Parameters
        ----------
        residual
            The residual r, shape ``(n, d')``, not 0.

        Returns
        -------
        float
            The ratio.
        """
        r = np.asarray(residual, dtype=np.float64).reshape(-1)
        return float(4 / self.samples * (r @ self.total @ r) / (r @ r))

    def smallest_slope(self, part: str | None = None) -> float:
        r"""Return :math:`\frac4n\lambda_{\min}`, of K or of one part.

        Parameters
        ----------
        part
            "A", "V", "W", "B" or None for K.

        Returns
        -------
        float
            The smallest slope over all residuals; not below 0 by rounding.
        """
        matrix = self.total if part is None else getattr(self, part)
        return max(0.0, float(4 / self.samples * np.linalg.eigvalsh(matrix)[0]))

    def worst_residual(self) -> Floats:
        """Return the residual of unit norm at which the slope is smallest, shape ``(n, d')``."""
        _, vectors = np.linalg.eigh(self.total)
        return np.asarray(vectors[:, 0].reshape(self.samples, self.outputs))


def tangent_kernel(network: ResidualNetwork, weights: Weights, x: Floats) -> TangentKernel:
    r"""Return the tangent kernel by one adjoint recursion for each output, layers summed as they come.

    Parameters
    ----------
    network
        The architecture.
    weights
        Its weights.
    x
        The inputs, shape ``(n, d)``; errors are those of :meth:`ResidualNetwork.forward`.

    Returns
    -------
    TangentKernel
        The four parts.
    """
    passed = network.forward(weights, x)
    depth, q, m = weights.V.shape
    n, outputs = len(x), len(weights.B)
    step = depth**-network.exponent
    size = n * outputs
    adjoint = np.broadcast_to(weights.B, (n, outputs, q)).reshape(size, q)

    def spread(gram: Any) -> Floats:
        """Return a Gram matrix of samples as one of samples and outputs."""
        return np.asarray(np.kron(gram, np.ones((outputs, outputs))))

    outer, inner = np.zeros((size, size)), np.zeros((size, size))
    for k in range(depth - 1, -1, -1):
        h, active = passed.states[k], passed.active[k]
        slopes = np.repeat(passed.slopes[k], outputs, axis=0)
        delta = slopes * (adjoint @ weights.V[k])
        outer += (adjoint @ adjoint.T) * spread(active @ active.T)
        inner += (delta @ delta.T) * spread(h @ h.T)
        adjoint = adjoint + step / np.sqrt(q * m) * (delta @ weights.W[k])
    scale = depth * step**2 / m
    last = passed.states[-1]
    return TangentKernel(
        A=(adjoint @ adjoint.T) * spread(x @ x.T),
        V=outer * scale,
        W=inner * (scale / q),
        B=np.kron(last @ last.T, np.eye(outputs)),
        outputs=outputs,
    )
