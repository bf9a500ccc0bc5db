r"""A U-Net for velocities of images, conditioned on time and class, as one row of parameters.

Each of the scales has residual blocks of two 3 x 3 convolutions, the second modulated by the embedding, and where asked each
block is followed by self-attention with normalized queries and keys. Between scales a residual block halves or doubles the
side. Going up, every block first takes in what was kept going down.

The parameters are :math:`5090c^2+68325c+530450` for three scales (1, 2, 4) of the base c with 3 blocks, attention at the two
lower ones, root-mean-square norms and embeddings of 512: the counts that marion2026 prints, at c = 16, 32, 64, 128 and 192.
The layout is that of the public library hackable_diffusion; its "3 downsamplings" are three scales. What no count shows is
ours: average pooling, nearest-neighbour doubling, silu, and the sinusoids of time.

The file is long because the shape of the network and what it computes belong together; its layers are listed in
:mod:`numerics.unet_layers`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.rectified_flow import Floats
from numerics.unet_layers import Layer, layer_shapes, plan
from numerics.velocity_networks import cut, one_hot, padded

TINY, FASTEST = 1e-5, 1e3
"""What keeps norms from 0, and the fastest of the sinusoids of time, in radians."""


@dataclass(frozen=True, kw_only=True)
class UNet:
    """The shape of a U-Net; it is used as :class:`numerics.velocity_networks.Perceptron` is.

    Parameters
    ----------
    base
        Channels at the first scale where its multiplier is 1.
    channels, side
        Of the images: d = channels x side x side.
    multipliers, blocks, attention
        For each scale: channels as multiples of the base, residual blocks, and whether there is attention.
    classes
        Number of classes; 0 takes no class.
    embedding
        The dimension of the embeddings of time and class.
    head
        The dimension of an attention head; fewer channels are one head.
    """

    base: int
    channels: int
    side: int
    multipliers: tuple[int, ...] = (1, 2, 4)
    blocks: tuple[int, ...] = (3, 3, 3)
    attention: tuple[bool, ...] = (False, True, True)
    classes: int = 10
    embedding: int = 512
    head: int = 64

    def __post_init__(self) -> None:
        """Refuse scales that do not fit together."""
        scales = len(self.multipliers)
        if not scales == len(self.blocks) == len(self.attention) > 0:
            raise ValueError(f"multipliers {self.multipliers}, blocks {self.blocks}, attention {self.attention}: one a scale")
        if self.side % 2 ** (scales - 1):
            raise ValueError(f"side = {self.side}: a multiple of {2 ** (scales - 1)} is needed for {scales} scales")
        if self.embedding % 2:
            raise ValueError(f"embedding = {self.embedding}: an even number is needed")
        for layer in self.layers:
            if layer.kind == "attention" and layer.outputs > self.head and layer.outputs % self.head:
                raise ValueError(f"{layer.outputs} channels do not make heads of {self.head}")

    @property
    def pixels(self) -> int:
        """The dimension d of points and velocities."""
        return self.channels * self.side**2

    @property
    def embedded(self) -> int:
        """The length of what :meth:`embed` returns."""
        return 1 + self.classes

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The steps between the first and the last convolution."""
        return tuple(plan([self.base * m for m in self.multipliers], self.blocks, self.attention, self.side))

    @cached_property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The name and shape of each array of parameters, in the order in which they fill a row."""
        e, first = self.embedding, self.base * self.multipliers[0]
        found: dict[str, tuple[int, ...]] = {}
        for name in ("time0", "time1"):
            found |= {f"{name}.w": (e, e), f"{name}.b": (e,)}
        if self.classes:
            found["classes"] = (self.classes, e)
        found |= {"in.w": (first, self.channels, 3, 3), "in.b": (first,)}
        for layer in self.layers:
            found |= {f"{layer.name}.{name}": shape for name, shape in layer_shapes(layer, e).items()}
        return found | {"out.norm": (first,), "out.w": (self.channels, first, 3, 3), "out.b": (self.channels,)}

    @cached_property
    def _names(self) -> Mapping[str, tuple[str, ...]]:
        return {layer.name: tuple(layer_shapes(layer, self.embedding)) for layer in self.layers}

    @property
    def count(self) -> int:
        """The number of parameters."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    @property
    def row(self) -> int:
        """The length P of a row of parameters, padding included."""
        return padded(self.count)

    def views(self, rows: Any) -> dict[str, Any]:
        """Return the arrays in rows of parameters, shape ``(R, P)``, without copying."""
        return cut(rows, self.shapes)

    def initial(self, rng: np.random.Generator) -> Floats:
        """Return initial parameters: variance one over the fan-in, and every residual and the velocity 0.

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
        views = self.views(row)
        for name, array in views.items():
            kind = name.rsplit(".", 1)[-1]
            if kind == "norm":
                array[:] = 1
            elif kind in {"w", "w1", "q", "k", "v", "skip"} and name != "out.w":
                array[:] = rng.standard_normal(array.shape) / math.sqrt(math.prod(array.shape[2:]))
            elif kind == "classes":
                array[:] = rng.standard_normal(array.shape) / math.sqrt(self.embedding)
        for layer in self.layers:
            if layer.kind == "attention":
                places = layer.side**2
                # Equal logits in the end leave each place one part in all: this scale is where one place can still win.
                views[f"{layer.name}.scale"][:] = math.log2(max(places**2 - places, 2))
            else:
                views[f"{layer.name}.norm1"][:] = 1
        return np.asarray(row[0])

    def embed(self, t: Any, labels: NDArray[np.integer[Any]] | None) -> Any:
        """Return times and one-hot classes, of the type of ``t``, with one more axis at the end.

        Parameters
        ----------
        t
            Times, of any shape.
        labels
            Classes, of the same shape; None where the network takes none.

        Returns
        -------
        numpy.ndarray
            Its last axis has length 1 + classes.
        """
        t = np.asarray(t)
        hot = one_hot(labels, self.classes)
        parts = [t[..., None]] if hot is None else [t[..., None], hot]
        return np.concatenate(parts, axis=-1).astype(t.dtype)

    def forward(self, rows: Any, x: Any, e: Any) -> Any:
        """Return the velocities of R networks with torch, one after the other.

        Parameters
        ----------
        rows
            Parameters, a tensor of shape ``(R, P)``.
        x, e
            Points, shape ``(R, n, d)``, and embedded times and classes, shape ``(R, n, 1 + classes)``.

        Returns
        -------
        torch.Tensor
            Shape ``(R, n, d)``.
        """
        import torch

        many = self.views(rows)
        found = [self._alone({name: a[r] for name, a in many.items()}, x[r], e[r]) for r in range(len(rows))]
        return torch.stack(found)

    def _alone(self, m: Mapping[str, Any], x: Any, e: Any) -> Any:
        import torch
        from torch.nn.functional import conv2d, linear, silu

        half = self.embedding // 2
        speeds = FASTEST ** torch.linspace(0, 1, half, dtype=x.dtype, device=x.device)
        angle = e[:, :1] * speeds
        hidden = silu(linear(torch.cat([angle.sin(), angle.cos()], dim=1), m["time0.w"], m["time0.b"]))
        context = linear(hidden, m["time1.w"], m["time1.b"])
        if self.classes:
            context = context + e[:, 1:] @ m["classes"]
        context = silu(context)
        h = conv2d(x.reshape(len(x), self.channels, self.side, self.side), m["in.w"], m["in.b"], padding=1)
        kept = [h]
        for layer in self.layers:
            own = {name: m[f"{layer.name}.{name}"] for name in self._names[layer.name]}
            if layer.joins:
                h = torch.cat([h, kept.pop()], dim=1)
            h = _residual(layer, own, h, context) if layer.kind == "residual" else _attention(own, h, self.head)
            if layer.keeps:
                kept.append(h)
        h = silu(_normalised(h) * m["out.norm"][:, None, None])
        return conv2d(h, m["out.w"], m["out.b"], padding=1).reshape(x.shape)


def _normalised(h: Any) -> Any:
    """Return the channels of each pixel over their root mean square."""
    return h * (h.square().mean(dim=1, keepdim=True) + TINY).rsqrt()


def _residual(layer: Layer, m: Mapping[str, Any], h: Any, context: Any) -> Any:
    from torch.nn.functional import avg_pool2d, conv2d, interpolate, linear, silu

    inner = silu(_normalised(h) * m["norm"][:, None, None])
    if layer.resample == "down":
        inner, h = avg_pool2d(inner, 2), avg_pool2d(h, 2)
    if layer.resample == "up":
        inner, h = (interpolate(a, scale_factor=2.0, mode="nearest") for a in (inner, h))
    inner = _normalised(conv2d(inner, m["w1"], m["b1"], padding=1)) * m["norm1"][:, None, None]
    scale, shift = linear(context, m["context"], m["bcontext"])[:, :, None, None].chunk(2, dim=1)
    inner = conv2d(silu((1 + scale) * inner + shift), m["w2"], m["b2"], padding=1)
    return inner + (conv2d(h, m["skip"], m["bskip"]) if "skip" in m else h)


def _attention(m: Mapping[str, Any], h: Any, head: int) -> Any:
    from torch.nn.functional import linear, normalize, scaled_dot_product_attention

    n, channels, side, _ = h.shape
    places = (_normalised(h) * m["norm"][:, None, None]).flatten(2).mT
    q, k, v = (
        linear(places, m[name], m[f"b{name}"]).reshape(n, side * side, max(1, channels // head), -1).transpose(1, 2)
        for name in ("q", "k", "v")
    )
    seen = scaled_dot_product_attention(m["scale"] * normalize(q, dim=-1), normalize(k, dim=-1), v, scale=1.0)
    seen = linear(seen.transpose(1, 2).reshape(n, side * side, channels), m["o"], m["bo"])
    return h + seen.mT.reshape(h.shape)
