"""CIFAR-10 from its published archive, ``cifar-10-python.tar.gz``, or the folder that it unpacks to.

The batches are pickles, and a pickle can run what it likes when it is read: here a reader that knows dictionaries, lists,
bytes, text and arrays of bytes only, and refuses anything else by name. Nothing is unpacked to disk.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.labelled_images import LabelledImages

FOLDER = "cifar-10-batches-py"
TRAIN = tuple(f"data_batch_{k}" for k in range(1, 6))
TEST = "test_batch"
SIDE, COLOURS, CLASSES = 32, 3, 10
ROW = COLOURS * SIDE * SIDE
LARGEST = 10**8
"""Bytes above which a file is no batch: the published ones have 31 million."""
CENTER, SCALE = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
"""Mean and standard deviation of the colours that are in common use: the second is that of an image, averaged."""


def _empty(*_arguments: Any) -> NDArray[Any]:
    """Return the empty array that a pickle then fills, whatever shape it asks for."""
    return np.empty(0, dtype=np.uint8)


def _dtype(kind: Any, *_arguments: Any) -> np.dtype[Any]:
    """Return the type of bytes, a copy, and no other."""
    if kind not in ("u1", b"u1"):
        raise pickle.UnpicklingError(f"it has an array of type {kind!r}")
    return np.dtype(np.uint8, copy=True)


_ALLOWED = {
    ("numpy", "ndarray"): "array",
    ("numpy", "dtype"): _dtype,
    # numpy has moved its inside since the archive was made.
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _empty for core in ("core", "_core")},
}


class _Reader(pickle.Unpickler):
    """Reads a pickle of plain values and arrays of bytes."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for a name in a pickle, if it belongs to arrays of bytes."""
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _ALLOWED[module, name]

    def persistent_load(self, identifier: Any) -> Any:
        """Refuse references to what is outside."""
        raise pickle.UnpicklingError(f"it refers to {identifier!r} outside")


def digest_of(path: Path) -> str:
    """Return the SHA-256 of an archive, or of the batches of an unpacked folder.

    Parameters
    ----------
    path
        The archive or the folder.

    Returns
    -------
    str
        Of the contents: neither of the name nor of the place.

    Raises
    ------
    ValueError
        If there is nothing to be read.
    """
    files = [_folder(path) / name for name in (*TRAIN, TEST)] if path.is_dir() else [path]
    total = hashlib.sha256()
    for file in files:
        try:
            with file.open("rb") as stream:
                total.update(hashlib.file_digest(stream, "sha256").digest())
        except OSError as error:
            raise ValueError(f"{file}: {(error.strerror or 'cannot be read').lower()}") from None
    return total.hexdigest()


def read_cifar10(path: Path) -> LabelledImages:
    """Read CIFAR-10, one batch at a time.

    Parameters
    ----------
    path
        ``cifar-10-python.tar.gz``, or the folder ``cifar-10-batches-py`` or the one above it.

    Returns
    -------
    LabelledImages
        All images.

    Raises
    ------
    ValueError
        If a batch is missing, cut short, of another shape, or has labels out of range: one line that names it.
    """
    found: dict[str, tuple[NDArray[np.uint8], NDArray[np.int64]]] = {}
    for name, data in _unpacked(path) if path.is_dir() else _archived(path):
        found[name] = _batch(f"{path}: {name}", data)
    missing = [name for name in (*TRAIN, TEST) if name not in found]
    if missing:
        raise ValueError(f"{path}: {', '.join(missing)} missing; CIFAR-10 has {', '.join((*TRAIN, TEST))}")
    train = [found.pop(name) for name in TRAIN]
    return LabelledImages(
        name="CIFAR-10",
        train=np.concatenate([images for images, _ in train]),
        train_labels=np.concatenate([labels for _, labels in train]),
        test=found[TEST][0],
        test_labels=found[TEST][1],
        largest=255,
        center=CENTER,
        scale=SCALE,
        classes=CLASSES,
    )


def _folder(path: Path) -> Path:
    return path / FOLDER if (path / FOLDER).is_dir() else path


def _unpacked(path: Path) -> Iterator[tuple[str, bytes]]:
    for name in (*TRAIN, TEST):
        file = _folder(path) / name
        if file.is_file():
            if file.stat().st_size > LARGEST:
                raise ValueError(f"{file}: {file.stat().st_size} bytes, a batch has at most {LARGEST}")
            yield name, file.read_bytes()


def _archived(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        # Read as a stream, from front to back: nothing is unpacked but the batch at hand.
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if not member.isfile() or name not in (*TRAIN, TEST):
                    continue
                if member.size > LARGEST:
                    raise ValueError(f"{path}: {name} has {member.size} bytes, a batch has at most {LARGEST}")
                stream = archive.extractfile(member)
                data = stream.read() if stream is not None else b""
                if len(data) < member.size:
                    raise ValueError(f"{path}: cut short in {name}")
                yield name, data
    except (tarfile.TarError, zlib.error, EOFError) as error:
        raise ValueError(f"{path}: no whole tar.gz archive ({str(error) or type(error).__name__})") from None
    except OSError as error:
        raise ValueError(f"{path}: {(error.strerror or str(error) or 'cannot be read').lower()}") from None


def _batch(place: str, data: bytes) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return images, colours last, and labels of a batch."""
    try:
        content = _Reader(io.BytesIO(data), encoding="bytes").load()
    # A pickle is a program: what fails in it can be of any kind.
    except Exception as error:
        raise ValueError(
            f"{place}: no plain pickle of arrays ({str(error).splitlines()[0] if str(error) else 'broken'})"
        ) from None
    if not isinstance(content, dict) or not {b"data", b"labels"} <= set(content):
        raise ValueError(f"{place}: no dictionary with data and labels")
    rows, labels = content[b"data"], content[b"labels"]
    if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != ROW or not len(rows):
        shape = f"{rows.dtype} of shape {rows.shape}" if isinstance(rows, np.ndarray) else type(rows).__name__
        raise ValueError(f"{place}: the images are {shape}, not uint8 of shape (n, {ROW})")
    if not isinstance(labels, list) or len(labels) != len(rows) or any(type(label) is not int for label in labels):
        raise ValueError(f"{place}: the labels are no list of {len(rows)} integers")
    wrong = next((label for label in labels if not 0 <= label < CLASSES), None)
    if wrong is not None:
        raise ValueError(f"{place}: label {wrong}, allowed are 0 to {CLASSES - 1}")
    images = rows.reshape(-1, COLOURS, SIDE, SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), np.array(labels, dtype=np.int64)
