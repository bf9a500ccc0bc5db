"""Images of a person's own: NPY and NPZ arrays, and folders of PNG files."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal
from zipfile import BadZipFile

import numpy as np

from numerics.images import Images, generated_images
from numerics.neighbours import Array

Scale = Literal["auto", "bytes", "unit", "signed"]
RANGES: dict[str, tuple[float, float]] = {"bytes": (0.0, 255.0), "unit": (0.0, 1.0), "signed": (-1.0, 1.0)}
IMAGE_KEYS, LABEL_KEYS = ("images", "samples", "x", "X", "arr_0"), ("labels", "y")
CHANNELS = (1, 3)
OVERSHOOT = 0.5
"""By how much of [-1, 1] or [0, 1] floats may leave it: models overshoot a little, another scale does by far."""
MOST_VALUES = 2**29
"""4 GiB in double precision."""


def images_from(path: Path, *, scale: Scale = "auto", generated: bool = False) -> Images:
    """Read images from an NPY or NPZ file or a folder of PNG files (its subfolders are then classes, in order of their names).

    Parameters
    ----------
    path
        The file or folder. Arrays have the shape (n, height, width), (n, height, width, channels), (n, channels, height, width)
        or (n, pixels of a square); an NPZ file holds them as ``images``, ``samples``, ``x`` or its only array, and classes as
        ``labels`` or ``y``.
    scale
        What black and white are: ``bytes`` 0 and 255, ``unit`` 0 and 1, ``signed`` -1 and 1; ``auto`` reads it off the type
        and the range, and refuses what could be two.
    generated
        Whether a model made them.

    Returns
    -------
    Images
        In [-1, 1]; the note says how they were read.

    Raises
    ------
    ValueError
        If nothing can be read, or what is read is no set of images.
    """
    try:
        raw, labels = _read_folder(path) if path.is_dir() else _read_array(path)
    except OSError as error:
        raise ValueError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    shaped = _channels_first(path, raw)
    finite = np.isfinite(shaped.reshape(len(shaped), -1)).all(axis=1)
    if not finite.all():
        raise ValueError(f"{path}: image {int(np.argmin(finite))} has a value that is not finite; every value must be finite")
    how = _scale(path, shaped) if scale == "auto" else scale
    low, high = RANGES[how]
    values = (shaped.astype(np.float64) - low) / (high - low) * 2 - 1
    note = f"{raw.dtype} {raw.shape}, read as [{low:g}, {high:g}]"
    beyond = float(np.abs(values).max()) - 1
    if beyond > (OVERSHOOT if generated else 0):
        raise ValueError(f"{path}: values from {shaped.min():.6g} to {shaped.max():.6g} are outside [{low:g}, {high:g}]")
    if not generated:
        return Images(values=values, labels=labels, name=str(path), note=note)
    made = generated_images(values, str(path))
    return replace(made, labels=labels, note="; ".join(part for part in (note, made.note) if part))


def _scale(path: Path, values: Array) -> str:
    low, high, kind = float(values.min()), float(values.max()), values.dtype.kind
    if kind == "b":
        return "unit"
    if kind in "iu" or low >= 0:
        if kind in "iu" and low >= 0 and 1 < high <= 255:
            return "bytes"
        if kind == "f" and high <= 1:
            return "unit"
        if kind == "f" and 2 < high <= 255:
            return "bytes"
    elif low <= -OVERSHOOT and max(-low, high) <= 1 + OVERSHOOT:
        return "signed"
    raise ValueError(
        f"{path}: {values.dtype} values from {low:.6g} to {high:.6g} do not tell what black and white are;"
        f" choose the scale: {', '.join(RANGES)}"
    )


def _channels_first(path: Path, raw: Array) -> Array:
    if raw.dtype.kind not in "biuf" or raw.ndim not in {2, 3, 4} or raw.size == 0 or raw.size > MOST_VALUES:
        raise ValueError(
            f"{path}: {raw.dtype} of shape {raw.shape}; images are numbers of shape (n, height, width), with channels or"
            f" without, none 0 and at most {MOST_VALUES} in all"
        )
    if raw.ndim == 2:
        side = round(raw.shape[1] ** 0.5)
        if side * side != raw.shape[1]:
            raise ValueError(f"{path}: rows of {raw.shape[1]} pixels are no square images; give the shape (n, height, width)")
        return raw.reshape(-1, 1, side, side)
    if raw.ndim == 3:
        return raw[:, None]
    first, last = raw.shape[1] in CHANNELS, raw.shape[3] in CHANNELS
    if first == last:
        which = "either axis 1 or axis 3" if first else "neither axis 1 nor axis 3"
        raise ValueError(f"{path}: shape {raw.shape}: {which} can be the channels, 1 or 3 of them")
    return raw if first else raw.transpose(0, 3, 1, 2)


def _read_array(path: Path) -> tuple[Array, Array | None]:
    if path.stat().st_size > 8 * MOST_VALUES:
        raise ValueError(f"{path}: {path.stat().st_size} bytes; at most {MOST_VALUES} values are read")
    try:
        with path.open("rb") as stream:
            data = np.load(stream, allow_pickle=False)
            arrays = {IMAGE_KEYS[-1]: data} if isinstance(data, np.ndarray) else {name: data[name] for name in data.files}
    except (ValueError, EOFError, BadZipFile, zlib.error) as error:
        text = str(error).splitlines()[0] if str(error) else "empty"
        raise ValueError(f"{path}: not an NPY or NPZ file of numbers ({text})") from None
    labels = next((arrays.pop(key) for key in LABEL_KEYS if key in arrays), None)
    key = next((name for name in IMAGE_KEYS if name in arrays), next(iter(arrays)) if len(arrays) == 1 else None)
    if key is None:
        raise ValueError(f"{path}: arrays {', '.join(sorted(arrays)) or 'none'}; name the images {', '.join(IMAGE_KEYS[:3])}")
    return arrays[key], labels


def _read_folder(path: Path) -> tuple[Array, Array | None]:
    files = sorted(file for file in path.iterdir() if file.suffix.lower() == ".png")
    labels = None
    if not files:
        folders = sorted(folder for folder in path.iterdir() if folder.is_dir())
        grouped = [sorted(file for file in folder.iterdir() if file.suffix.lower() == ".png") for folder in folders]
        files = [file for group in grouped for file in group]
        labels = np.repeat(np.arange(len(grouped)), [len(group) for group in grouped])
    if not files:
        raise ValueError(f"{path}: no PNG file in this folder, nor in its subfolders")
    return _stacked(files), labels


def _stacked(files: Sequence[Path]) -> Array:
    first = _png(files[0])
    if first.size * len(files) > MOST_VALUES:
        raise ValueError(f"{files[0].parent}: {len(files)} files of {first.size} values are more than {MOST_VALUES} in all")
    stack = np.empty((len(files), *first.shape), dtype=first.dtype)
    for at, file in enumerate(files):
        image = _png(file)
        if image.shape != first.shape or image.dtype != first.dtype:
            raise ValueError(f"{file}: {image.dtype} {image.shape}, and {files[0].name} is {first.dtype} {first.shape}")
        stack[at] = image
    return stack


def _png(file: Path) -> Array:
    """Return a PNG file as bytes, grey (height, width) or coloured (height, width, 3); 16 bits as floats between 0 and 255."""
    from PIL import Image

    try:
        with Image.open(file, formats=["PNG"]) as image:
            image.load()
            if image.mode.startswith("I"):
                return np.asarray(image, dtype=np.float64) / 257
            alpha = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
            if alpha and np.asarray(image.convert("RGBA"))[:, :, 3].min() < 255:
                raise ValueError(f"{file}: it has transparent pixels, which have no value; save it without transparency")
            return np.asarray(image.convert("L" if image.mode in {"1", "L", "LA"} else "RGB"))
    except (OSError, SyntaxError, Image.DecompressionBombError):
        raise ValueError(f"{file}: not a whole PNG file") from None
