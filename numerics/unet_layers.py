"""The layers of a U-Net between its first and its last convolution, and the shapes of their parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One step through the network.

    Parameters
    ----------
    name
        Where it is.
    kind
        ``"residual"`` or ``"attention"``.
    inputs, outputs
        Channels.
    side
        The side of the image that comes in.
    resample
        ``"down"``, ``"up"`` or nothing.
    joins, keeps
        Whether it first takes in what was kept last, and whether what it returns is kept.
    """

    name: str
    kind: str
    inputs: int
    outputs: int
    side: int
    resample: str = ""
    joins: bool = False
    keeps: bool = False


def plan(widths: Sequence[int], blocks: Sequence[int], attention: Sequence[bool], side: int) -> Iterator[Layer]:
    """List the layers in the order in which they are used.

    Parameters
    ----------
    widths, blocks, attention
        For each scale: channels, residual blocks, and whether there is attention.
    side
        The side of the images.

    Yields
    ------
    Layer
        Down through the scales, through the middle, and up again.
    """
    last, at, kept = len(widths) - 1, widths[0], [widths[0]]
    for i, width in enumerate(widths):
        for j in range(blocks[i]):
            yield Layer(name=f"down{i}.{j}", kind="residual", inputs=at, outputs=width, side=side, keeps=not attention[i])
            if attention[i]:
                yield Layer(name=f"down{i}.{j}.look", kind="attention", inputs=width, outputs=width, side=side, keeps=True)
            at = width
            kept.append(at)
        if i < last:
            yield Layer(name=f"halve{i}", kind="residual", inputs=at, outputs=at, side=side, resample="down", keeps=True)
            kept.append(at)
            side //= 2
    yield Layer(name="middle.0", kind="residual", inputs=at, outputs=at, side=side)
    yield Layer(name="middle.look", kind="attention", inputs=at, outputs=at, side=side)
    yield Layer(name="middle.1", kind="residual", inputs=at, outputs=at, side=side)
    for i in range(last, -1, -1):
        for j in range(blocks[i] + 1):
            both, at = at + kept.pop(), widths[i]
            yield Layer(name=f"up{i}.{j}", kind="residual", inputs=both, outputs=at, side=side, joins=True)
            if attention[i]:
                yield Layer(name=f"up{i}.{j}.look", kind="attention", inputs=at, outputs=at, side=side)
        if i:
            yield Layer(name=f"double{i}", kind="residual", inputs=at, outputs=at, side=side, resample="up")
            side *= 2


def layer_shapes(layer: Layer, e: int) -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of the parameters of a layer.

    Parameters
    ----------
    layer
        The layer.
    e
        The dimension of the embedding.

    Returns
    -------
    dict
        In the order in which they fill a row.
    """
    i, o = layer.inputs, layer.outputs
    if layer.kind == "attention":
        squares = {name: (o, o) for name in ("q", "k", "v", "o")} | {f"b{name}": (o,) for name in ("q", "k", "v", "o")}
        return {"norm": (o,), **squares, "scale": (1,)}
    found: dict[str, tuple[int, ...]] = {"norm": (i,), "w1": (o, i, 3, 3), "b1": (o,), "norm1": (o,)}
    found |= {"context": (2 * o, e), "bcontext": (2 * o,), "w2": (o, o, 3, 3), "b2": (o,)}
    return found | ({"skip": (o, i, 1, 1), "bskip": (o,)} if i != o else {})
