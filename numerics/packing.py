"""Arrays as JSON values, bit by bit: how they travel between units of work and into files."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def packed(array: NDArray[Any]) -> dict[str, Any]:
    """Return an array as JSON values, bit by bit.

    Parameters
    ----------
    array
        Any numerical array.

    Returns
    -------
    dict
        Its type, shape and bytes.
    """
    plain = np.ascontiguousarray(array)
    return {"dtype": plain.dtype.str, "shape": list(plain.shape), "bytes": base64.b64encode(plain.tobytes()).decode()}


def unpacked(value: Mapping[str, Any]) -> NDArray[Any]:
    """Return the array that :func:`packed` was given."""
    flat = np.frombuffer(base64.b64decode(value["bytes"]), dtype=np.dtype(value["dtype"]))
    return flat.reshape(value["shape"]).copy()
