"""Writes a figure: ID.pdf, ID.png, ID.csv, ID.json, flat in one folder, the same bytes every time."""

from __future__ import annotations

import csv
import io
import json
import math
import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from figures.registry import Drawing
from figures.style import save, style
from verification.atomic import sweep, write_atomically

LIBRARIES = ("quod", "numpy", "scipy", "numba", "matplotlib")
OPTIONAL = ("torch", "scikit-learn")
"""Libraries that only some figures need; named where they are installed."""


def write(identifier: str, scale: str, drawing: Drawing, out: Path) -> list[Path]:
    """Write the four files of a figure.

    Parameters
    ----------
    identifier
        Id of the figure.
    scale
        The scale it was computed at.
    drawing
        The figure.
    out
        The folder, which exists.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    ValueError
        If a number that decides a check is none; nothing is written then.
    """
    for check in drawing.checks:
        for name, value in check.figures.items():
            if not math.isfinite(value):
                raise ValueError(f"{identifier}: {name} is {value}, which decides nothing, in the check that {check.says}")
    # What killed runs left unfinished must not pile up.
    sweep(out, out / ".cache")
    table, notes = out / f"{identifier}.csv", out / f"{identifier}.json"
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(drawing.columns)
    # repr keeps every digit of a float; a missing value is an empty cell.
    writer.writerows([_cell(value) for value in row] for row in drawing.rows)
    _replace(table, buffer.getvalue())
    record = {
        "figure": identifier,
        "scale": scale,
        "settings": drawing.settings,
        "seeds": _seeds(drawing.settings) if drawing.seeds is None else drawing.seeds,
        "versions": _versions(),
        "checks": [asdict(check) for check in drawing.checks],
    }
    _replace(notes, json.dumps(record, indent=2, allow_nan=False) + "\n")
    with style() as pyplot:
        figure = drawing.draw(pyplot)
        images = [save(figure, out / f"{identifier}.{kind}") for kind in ("pdf", "png")]
    return [*images, table, notes]


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in (*LIBRARIES, *OPTIONAL):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            if name in LIBRARIES:
                found[name] = "run from its folder, not installed"
    return found


def _seeds(settings: Mapping[str, Any], within: str = "") -> dict[str, Any]:
    """Return what the settings have under the names seed and seeds, at any depth, by where it stands."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if name in {"seed", "seeds"}:
            found[within + name] = value
        elif isinstance(value, Mapping):
            found |= _seeds(value, f"{within}{name}: ")
    return found


def _cell(value: object) -> str:
    return "" if value is None else repr(float(value)) if isinstance(value, float) else str(value)


def _replace(path: Path, text: str) -> None:
    write_atomically(path, text.encode())
