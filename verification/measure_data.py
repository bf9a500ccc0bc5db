"""A person's own sample from a file: CSV with or without a header, NPY, or numbers separated by white space."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from theory.statement import InputError

Array = np.ndarray[Any, Any]
Rows = list[tuple[int, list[str]]]
SEPARATORS = (("\t", "tab"), (";", "semicolon"), (",", "comma"))


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A sorted sample without ties.

    Parameters
    ----------
    values
        The increasing values, shape ``(n,)``.
    origin
        How the data was read, in words.
    """

    values: Array
    origin: str


def read_sample(path: Path, column: str | None) -> Sample:
    """Read one column of numbers, sort it, and check that the paper's setting allows it.

    Parameters
    ----------
    path
        The file.
    column
        Name of the column, or its number from 1; needed when there is more than one.

    Returns
    -------
    Sample
        The sample.

    Raises
    ------
    InputError
        If the file cannot be read, an entry is no finite number, or the values are too few or tied.
    """
    try:
        values, how = (_read_npy if path.suffix.lower() == ".npy" else _read_text)(path, column)
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
    if len(values) == 1:
        raise InputError(f"{path}: one value, {values[0]:g}; a sample needs two at least")
    ordered = np.sort(values)
    _reject_ties(path, ordered)
    sorted_already = bool(np.all(values[1:] > values[:-1]))
    order = "in increasing order" if sorted_already else "not in order: sorted here"
    return Sample(values=ordered, origin=f"{path}: {how}, {len(values)} values {order}")


def _reject_ties(path: Path, ordered: Array) -> None:
    value, count = np.unique(ordered, return_counts=True)
    tied = count > 1
    if not tied.any():
        return
    shown = ", ".join(f"{v:.12g} ({c} times)" for v, c in zip(value[tied][:3], count[tied][:3], strict=True))
    more = f" and {int(tied.sum()) - 3} more" if tied.sum() > 3 else ""
    number = int(tied.sum())
    raise InputError(
        f"{path}: {number} tied value{'s' * (number > 1)}: {shown}{more}; the spacing Delta is 0 and must be positive: "
        "use distinct values"
    )


def _number(path: Path, row: int, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise InputError(f"{path}: row {row}: {cell!r} is not a number") from None
    if not np.isfinite(value):
        raise InputError(f"{path}: row {row}: {cell.strip()} is not finite; every value must be a finite float")
    return value


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _rows(path: Path) -> tuple[Rows, str]:
    """Return the non-empty rows with their line numbers, and the name of what separates their cells."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file; CSV, NPY or plain numbers are read") from None
    lines = [
        (at, line) for at, line in enumerate(text.splitlines(), start=1) if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        raise InputError(f"{path}: the file is empty; a sample needs two values at least")
    for mark, name in SEPARATORS:
        if mark in lines[0][1]:
            cells = csv.reader([line for _, line in lines], delimiter=mark)
            parsed = [[cell.strip() for cell in row] for row in cells]
            return [(at, row) for (at, _), row in zip(lines, parsed, strict=False)], name
    rows = [(at, line.split()) for at, line in lines]
    # A name of several words above a single column.
    if len(rows) > 1 and all(len(row) == 1 for _, row in rows[1:]) and not all(map(_is_number, rows[0][1])):
        rows[0] = (lines[0][0], [lines[0][1].strip().strip('"')])
    return rows, "white space"


def _read_text(path: Path, column: str | None) -> tuple[Array, str]:
    rows, separator = _rows(path)
    header = not all(map(_is_number, rows[0][1])) and (len(rows) > 1 or not any(map(_is_number, rows[0][1])))
    # The first row names the columns only if the entry in question is no number.
    names = rows[0][1] if header else [str(at + 1) for at in range(len(rows[0][1]))]
    if not header and len(rows) == 1 and column is None:
        return np.array([_number(path, rows[0][0], cell) for cell in rows[0][1]]), f"one row, {separator} between values"
    at = _column(path, names, column)
    if header and _is_number(names[at]):
        header = False
    body = rows[1:] if header else rows
    if not body:
        raise InputError(f"{path}: only a header, {names[at]!r}; a sample needs two values at least")
    values = np.array([_number(path, row, cells[at] if at < len(cells) else "") for row, cells in body])
    which = f"column {names[at]!r}" if header else f"column {at + 1} of {len(names)}, no header"
    return values, which


def _column(path: Path, names: Sequence[str], column: str | None) -> int:
    if column is None:
        if len(names) == 1:
            return 0
        raise InputError(f"{path}: {len(names)} columns: {_listed(names)}; choose one with --column")
    if column in names:
        return names.index(column)
    if column.isdecimal() and 1 <= int(column) <= len(names):
        return int(column) - 1
    raise InputError(f"{path}: no column {column!r}; the columns are {_listed(names)}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _read_npy(path: Path, column: str | None) -> tuple[Array, str]:
    try:
        data = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise InputError(f"{path}: not an NPY file of numbers ({str(error).splitlines()[0]})") from None
    if data.dtype.kind not in "iuf" or data.ndim not in {1, 2}:
        raise InputError(f"{path}: {data.dtype} of shape {data.shape}; numbers in one or two dimensions are read")
    if data.size == 0:
        raise InputError(f"{path}: the file is empty; a sample needs two values at least")
    table = data[:, None] if data.ndim == 1 else data
    at = _column(path, [str(number + 1) for number in range(table.shape[1])], column)
    values = table[:, at].astype(float)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise InputError(f"{path}: row {bad[0] + 1}: {values[bad[0]]} is not finite; every value must be a finite float")
    return values, f"NPY, {data.dtype}, column {at + 1} of {table.shape[1]}"
