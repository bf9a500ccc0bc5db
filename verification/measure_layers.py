"""Families of layers from a person's own file: a torch state dict (.pt, .pth) or NPZ, told apart by their names."""

from __future__ import annotations

import difflib
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from theory.statement import InputError

Array = np.ndarray[Any, Any]
Found = dict[str, list[tuple[int, str]]]
SUFFIXES = (".pt", ".pth", ".npz")
EPSILON = {"bfloat16": 2.0**-7, "float8_e4m3fn": 2.0**-3, "float8_e5m2": 2.0**-2}
"""Spacing of numbers at 1 in the types that numpy does not have."""


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """A tensor of a file.

    Parameters
    ----------
    values
        The values, in a type of numpy that holds them exactly.
    dtype
        The type in the file.
    """

    values: Array
    dtype: str

    @property
    def epsilon(self) -> float:
        """Return the spacing of numbers at 1 in the type of the file; 0 for integers."""
        if self.dtype in EPSILON:
            return EPSILON[self.dtype]
        return float(np.finfo(self.values.dtype).eps) if self.values.dtype.kind == "f" else 0.0


@dataclass(frozen=True, kw_only=True)
class Family:
    """The layers of one name.

    Parameters
    ----------
    name
        The name, ``{k}`` in the place of the number of the layer.
    labels
        The numbers of the layers, increasing.
    tensors
        The layers.
    """

    name: str
    labels: tuple[int, ...]
    tensors: tuple[Tensor, ...]

    @cached_property
    def problem(self) -> str:
        """Return why the family cannot be measured, empty if it can."""
        if len(self.tensors) == 1:
            return "a single layer, which has no successor to be compared with"
        first = self.tensors[0].values
        for label, tensor in zip(self.labels, self.tensors, strict=True):
            if tensor.values.shape != first.shape:
                return f"layers {self.labels[0]} and {label} have shapes {first.shape} and {tensor.values.shape}"
        if first.size == 0:
            return f"layers of shape {first.shape} have no entries"
        for label, tensor in zip(self.labels, self.tensors, strict=True):
            if tensor.values.dtype.kind not in "fiu":
                return f"layer {label} is of type {tensor.dtype}, not of real numbers"
            if not np.all(np.isfinite(tensor.values)):
                index = np.argwhere(~np.isfinite(tensor.values))[0].tolist()
                return f"layer {label} has the entry {tensor.values[tuple(index)]} at {index}"
        return ""


def read_families(path: Path, pattern: str | None) -> list[Family]:
    """Read the families of layers that a pattern names, or all.

    Parameters
    ----------
    path
        A torch state dict, .pt or .pth, or NPZ.
    pattern
        A glob, a regular expression, a name with ``{k}`` for the number of the layer, or the name of an array whose first
        axis is depth.

    Returns
    -------
    list of Family
        The families, those that cannot be measured among them.

    Raises
    ------
    InputError
        If the file cannot be read or no name matches.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: the file must end in {', '.join(SUFFIXES[:-1])} (a torch state dict) or {SUFFIXES[-1]}")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    tensors = (_read_npz if path.suffix.lower() == ".npz" else _read_torch)(path)
    if not tensors:
        raise InputError(f"{path}: no tensors")
    if pattern in tensors:
        return [_stacked(pattern, tensors[pattern])]
    found = group(list(tensors), pattern)
    if not found and pattern is not None:
        close = difflib.get_close_matches(pattern, tensors, n=5, cutoff=0.3) or list(tensors)[:5]
        raise InputError(f"{path}: no name matches {pattern!r}; close: {', '.join(close)}")
    if pattern is None:
        found = {name: members for name, members in found.items() if len(members) > 1 and _real(tensors, members)}
    if not found:
        return _whole_arrays(path, tensors)
    return [
        Family(name=name, labels=tuple(k for k, _ in members), tensors=tuple(tensors[each] for _, each in members))
        for name, members in found.items()
    ]


def _real(tensors: Mapping[str, Tensor], members: list[tuple[int, str]]) -> bool:
    """Return whether these are weights; counters are integers."""
    return all(tensors[name].values.dtype.kind == "f" for _, name in members)


def _stacked(name: str, tensor: Tensor) -> Family:
    if tensor.values.ndim < 2:
        raise InputError(
            f"{name}: one array of shape {tensor.values.shape}; stacked layers have depth as the first of two axes"
        )
    layers = tuple(Tensor(values=layer, dtype=tensor.dtype) for layer in tensor.values)
    return Family(name=name, labels=tuple(range(len(layers))), tensors=layers)


def _whole_arrays(path: Path, tensors: Mapping[str, Tensor]) -> list[Family]:
    """Return stacked layers; only in NPZ, where whole arrays of layers are common, are they taken unasked."""
    whole = [name for name, tensor in tensors.items() if tensor.values.ndim >= 2 and tensor.values.dtype.kind == "f"]
    if path.suffix.lower() != ".npz" or not whole:
        shown = ", ".join(list(tensors)[:5])
        raise InputError(f"{path}: no two names differ in a number only, so there are no layers to compare; names: {shown}")
    return [_stacked(name, tensors[name]) for name in whole]


def group(names: list[str], pattern: str | None) -> Found:
    """Group names into families, each in the order of the numbers of its layers.

    A group of a regular expression, or ``{k}``, says where the number stands. Otherwise it is the number in a name that takes
    the most values, the leftmost of several.

    Parameters
    ----------
    names
        All names.
    pattern
        What they must match; everything does without it.

    Returns
    -------
    dict
        For each family its numbers and names.
    """
    matches = _matches(names, pattern)
    places = {name: [told] if told else [m.span() for m in re.finditer(r"\d+", name)] for name, told in matches}
    template = {(name, at): name[: at[0]] + "{k}" + name[at[1] :] for name, spans in places.items() for at in spans}
    sizes = Counter(template.values())
    found: Found = {}
    for name, spans in places.items():
        at = max(spans, key=lambda span: (sizes[template[name, span]], -span[0]), default=None)
        family, number = (template[name, at], int(name[at[0] : at[1]])) if at else (name, 0)
        found.setdefault(family, []).append((number, name))
    return {family: sorted(members) for family, members in found.items()}


def _matches(names: list[str], pattern: str | None) -> list[tuple[str, tuple[int, int] | None]]:
    """Return the names that match, with the place of the number where the pattern tells it."""
    if pattern is None:
        return [(name, None) for name in names]
    try:
        expression = re.compile(pattern if re.search(r"[\\(^$+|]", pattern) else _glob(pattern))
    except re.error as error:
        raise InputError(f"--pattern {pattern!r} is not a regular expression: {error}") from None
    result: list[tuple[str, tuple[int, int] | None]] = []
    for name in names:
        match = expression.fullmatch(name)
        if match:
            told = bool(expression.groups) and (match[1] or "").isdecimal()
            result.append((name, match.span(1) if told else None))
    return result


def _glob(pattern: str) -> str:
    def parts() -> Iterator[str]:
        seen = False
        for part in re.split(r"(\*|\?|\[[^\]]+\]|\{[a-zA-Z]\w*\})", pattern):
            if part.startswith("{") and part.endswith("}"):
                yield r"\d+" if seen else r"(\d+)"
                seen = True
            elif part.startswith("[") and part.endswith("]"):
                yield part.replace("[!", "[^")
            else:
                yield {"*": ".*", "?": "."}.get(part, re.escape(part))

    return "".join(parts())


def _read_npz(path: Path) -> dict[str, Tensor]:
    try:
        # Opened here, since numpy leaves a file open that turns out not to be one of its own.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, TypeError, AttributeError, BadZipFile, zlib.error) as error:
        raise InputError(f"{path}: not an NPZ file of numbers ({type(error).__name__})") from None
    # Other members of the archive come as bytes.
    kept = {name: array for name, array in arrays.items() if isinstance(array, np.ndarray)}
    return {name: Tensor(values=array, dtype=str(array.dtype)) for name, array in kept.items()}


def _read_torch(path: Path) -> dict[str, Tensor]:
    try:
        import torch  # slow to import, and only this format needs it
    except ImportError:
        raise InputError(f"{path}: reading it needs torch, which the extra 'networks' installs") from None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # zip, pickle and torch each raise their own
        kind = type(error).__name__
        raise InputError(f"{path}: not a state dict of tensors only ({kind}); save model.state_dict()") from None

    def flat(prefix: str, value: Any) -> Iterator[tuple[str, Tensor]]:
        if isinstance(value, torch.Tensor):
            yield prefix, _tensor(torch, value.detach())
        elif isinstance(value, Mapping):
            for key, each in value.items():
                yield from flat(f"{prefix}.{key}" if prefix else str(key), each)
        elif isinstance(value, list | tuple):
            for number, each in enumerate(value):
                yield from flat(f"{prefix}.{number}" if prefix else str(number), each)

    return dict(flat("", content))


def _tensor(torch: Any, value: Any) -> Tensor:
    dtype = str(value.dtype).removeprefix("torch.")
    if value.layout != torch.strided:
        value = value.to_dense()
    if value.is_quantized:
        value = value.dequantize()
    if dtype == "bfloat16" or dtype.startswith("float8"):
        value = value.to(torch.float32)
    return Tensor(values=value.resolve_conj().resolve_neg().numpy(), dtype=dtype)
