r"""Residual perceptrons for velocities, many of one shape side by side, with their gradient.

With :math:`e=(\cos2\pi f_jt,\ \sin2\pi f_jt,\ \text{one-hot class},\ 1)` the network is

.. math::
    h_0=xA+eC_0,\qquad h_k=h_{k-1}+\operatorname{silu}(h_{k-1}U_k+eC_k)V_k,\qquad v=\operatorname{silu}(h_K)O+o.

Biases are the last row of each C. A product for all networks is one batched product. The gradient is written out: with
:math:`a_k=h_{k-1}U_k+eC_k`, :math:`g_k=\operatorname{silu}(a_k)` and :math:`D_X` the derivative of the loss in X,

.. math::
    D_O=\operatorname{silu}(h_K)^\top D_v,\quad D_{h_K}=D_vO^\top\odot\operatorname{silu}'(h_K),\quad D_{V_k}=g_k^\top D_{h_k},
    \quad D_{a_k}=D_{h_k}V_k^\top\odot\operatorname{silu}'(a_k),\\
    D_{U_k}=h_{k-1}^\top D_{a_k},\quad D_{h_{k-1}}=D_{h_k}+D_{a_k}U_k^\top,\quad D_A=x^\top D_{h_0},\quad
    D_C=e^\top(D_{h_0},D_{a_1},\dots,D_{a_K}).

The file is long because the network and its gradient belong together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.rectified_flow import Floats
from numerics.velocity_networks import PADDING, cut, one_hot, padded


@dataclass(frozen=True, kw_only=True)
class Perceptron:
    r"""The shape of a residual perceptron.

    Parameters
    ----------
    pixels
        The dimension d of points and velocities, at least 2.
    width
        The dimension of the hidden states, a multiple of 32.
    blocks
        The number K of residual blocks, of two matrices each.
    classes
        Number of classes; 0 takes no class.
    frequencies
        The frequencies of the time embedding: 1/4, 1/2, 1, ... in octaves, so many.
    """

    pixels: int
    width: int
    blocks: int
    classes: int = 0
    frequencies: int = 8

    def __post_init__(self) -> None:
        """Refuse a shape without parameters."""
        for name, least in (("pixels", 2), ("width", 1), ("blocks", 1), ("frequencies", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} = {getattr(self, name)}: at least {least} is needed")
        if self.width % PADDING:
            raise ValueError(f"width = {self.width}: a multiple of {PADDING} is needed")
        if self.classes < 0:
            raise ValueError(f"classes = {self.classes}: 0 or more are needed")

    @property
    def embedded(self) -> int:
        """The length of e."""
        return 2 * self.frequencies + self.classes + 1

    @cached_property
    def shapes(self) -> Mapping[str, tuple[int, int]]:
        """The name and shape of each matrix, in the order in which they fill a row of parameters."""
        d, w = self.pixels, self.width
        found = {"A": (d, w), "C": (self.embedded, (self.blocks + 1) * w)}
        for k in range(self.blocks):
            found |= {f"U{k}": (w, w), f"V{k}": (w, w)}
        return found | {"O": (w, d), "o": (1, d)}

    @property
    def count(self) -> int:
        """The number of parameters."""
        return sum(a * b for a, b in self.shapes.values())

    @property
    def row(self) -> int:
        """The length P of a row of parameters, padding included."""
        return padded(self.count)

    def views(self, rows: Any) -> dict[str, Any]:
        """Return the matrices in rows of parameters, without copying.

        Parameters
        ----------
        rows
            Array or tensor of shape ``(R, P)``.

        Returns
        -------
        dict
            Views of shape ``(R, ...)`` by name.
        """
        return cut(rows, self.shapes)

    def initial(self, rng: np.random.Generator) -> Floats:
        """Return a row of initial parameters: variance one over the fan-in, and O = 0, o = 0: the velocity starts at 0.

        Parameters
        ----------
        rng
            The source of the weights.

        Returns
        -------
        numpy.ndarray
            Shape ``(P,)``.
        """
        row = np.zeros((1, self.row))
        for name, matrix in self.views(row).items():
            if name not in {"O", "o"}:
                fan = matrix.shape[1] * (self.blocks if name.startswith("V") else 1)
                matrix[:] = rng.standard_normal(matrix.shape) / math.sqrt(fan)
        return np.asarray(row[0])

    def embed(self, t: Any, labels: NDArray[np.integer[Any]] | None) -> Any:
        """Return e for times and classes.

        Parameters
        ----------
        t
            Times, of any shape.
        labels
            Classes, of the same shape; None where the network takes none.

        Returns
        -------
        numpy.ndarray
            Of the type of ``t``, with one more axis at the end.
        """
        t, hot = np.asarray(t), one_hot(labels, self.classes)
        angle = 2 * np.pi * t[..., None] * 0.25 * 2.0 ** np.arange(self.frequencies)
        parts = [np.cos(angle), np.sin(angle)]
        if hot is not None:
            parts.append(hot)
        return np.concatenate([*parts, np.ones((*t.shape, 1))], axis=-1).astype(t.dtype)

    def forward(self, rows: Any, x: Any, e: Any) -> Any:
        """Return the velocities of R networks with torch.

        Parameters
        ----------
        rows
            Parameters, a tensor of shape ``(R, P)``.
        x, e
            Points, shape ``(R, n, d)``, and embedded times and classes, shape ``(R, n, E)``.

        Returns
        -------
        torch.Tensor
            Shape ``(R, n, d)``.
        """
        from torch import bmm, chunk
        from torch.nn.functional import silu

        m = self.views(rows)
        first, *others = chunk(bmm(e, m["C"]), self.blocks + 1, dim=2)
        h = bmm(x, m["A"]) + first
        for k, c in enumerate(others):
            h = h + bmm(silu(bmm(h, m[f"U{k}"]) + c), m[f"V{k}"])
        return bmm(silu(h), m["O"]) + m["o"]


class Gradient:
    """The gradient of the losses of stacked perceptrons.

    Parameters
    ----------
    shape
        Of every network.
    rows, gradients
        Their parameters, and where the gradients go, tensors of shape ``(R, P)``.
    batches
        Makes a tensor for so many steps of batches of rows of a length.
    """

    def __init__(self, shape: Perceptron, rows: Any, gradients: Any, batches: Callable[[int, int], Any]) -> None:
        self._blocks, self._weights, self._slopes = shape.blocks, shape.views(rows), shape.views(gradients)
        self._delta = batches(1, shape.pixels)[0].to(rows.device)

    def write(self, x: Any, e: Any, aim: Any) -> None:
        """Write the gradient of each mean squared error into its row.

        Parameters
        ----------
        x, e, aim
            Points, what the network is told, and velocities to learn, shape ``(R, B, ...)``.
        """
        import torch
        from torch import bmm, chunk
        from torch.nn.functional import silu

        backward, m, into = torch.ops.aten.silu_backward, self._weights, self._slopes
        cs = chunk(bmm(e, m["C"]), self._blocks + 1, dim=2)
        states, inner, outer = [torch.baddbmm(cs[0], x, m["A"])], [], []
        for k, c in enumerate(cs[1:]):
            inner.append(torch.baddbmm(c, states[-1], m[f"U{k}"]))
            outer.append(silu(inner[-1]))
            states.append(torch.baddbmm(states[-1], outer[-1], m[f"V{k}"]))
        last = silu(states[-1])
        delta = torch.baddbmm(m["o"], last, m["O"], out=self._delta).sub_(aim).mul_(2 / aim[0].numel())
        bmm(last.mT, delta, out=into["O"])
        bmm(torch.ones_like(delta[:, :, :1]).mT, delta, out=into["o"])
        back = backward(bmm(delta, m["O"].mT), states.pop())
        offsets = []
        for k in reversed(range(self._blocks)):
            bmm(outer[k].mT, back, out=into[f"V{k}"])
            offsets.append(backward(bmm(back, m[f"V{k}"].mT), inner[k]))
            bmm(states[k].mT, offsets[-1], out=into[f"U{k}"])
            back.baddbmm_(offsets[-1], m[f"U{k}"].mT)
        bmm(x.mT, back, out=into["A"])
        bmm(e.mT, torch.cat([back, *reversed(offsets)], dim=2), out=into["C"])
