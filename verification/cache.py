"""Finished work on disk, under a hash of everything it depends on: function, code, library versions, parameters, seed."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from verification.atomic import write_atomically as write_atomically
from verification.own_files import data_read_by

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("theory", "numerics", "verification")
LIBRARIES = ("numpy", "scipy", "numba", "sympy", "python-flint", "hypothesis", "scikit-learn", "torch")


def canonical(value: Any) -> bytes:
    """Return the one JSON spelling of ``value``: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of ``value``."""
    return hashlib.sha256(canonical(value)).hexdigest()


@cache
def library_versions() -> Mapping[str, str | None]:
    """Return the versions of the numerical libraries without importing them; ``None`` where one is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # slow to import, and not needed to list statements

    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def code_version(source: str | None) -> str:
    """Return a digest of all the code that a judgement can depend on.

    Parameters
    ----------
    source
        Path of a user's file, or ``None``. The modules beside it that it imports, at any depth, count too, and so does the
        data that was read while it was run.

    Returns
    -------
    str
        A SHA-256.
    """
    files = [(path.relative_to(ROOT).as_posix(), path) for floor in FLOORS for path in (ROOT / floor).rglob("*.py")]
    if source:
        # By where they lie from the file: the same code in another folder is the same code.
        files += [(os.path.relpath(path, Path(source).parent), path) for path in user_code(Path(source))]
    return digest([[name, hashlib.sha256(path.read_bytes()).hexdigest()] for name, path in sorted(files)])


def user_code(path: Path) -> list[Path]:
    """Return a user's file, every module of its folder that it imports, at any depth, and the data that it read, sorted."""
    from verification.imported import imported_by  # not needed to list statements

    data = data_read_by(path)  # first, since it tells in one line that the file is gone or does not run
    return sorted(imported_by(path) | {path.resolve(), *data})


@dataclass(frozen=True)
class Cache:
    """A folder of finished results, one file each.

    Parameters
    ----------
    folder
        Where the files are; made when the first is written.
    """

    folder: Path

    def key(self, function: str, *, code: str, parameters: Mapping[str, Any], seed: int) -> str:
        """Return the key of one unit of work.

        Parameters
        ----------
        function
            Name of the function.
        code
            Digest of the code, from :func:`code_version`.
        parameters
            JSON values: everything else that it is called with.
        seed
            The seed.

        Returns
        -------
        str
            A SHA-256.
        """
        parts = {"function": function, "code": code, "libraries": dict(library_versions()), "machine": platform.machine()}
        return digest(parts | {"parameters": dict(parameters), "seed": seed})

    def get(self, key: str) -> Any | None:
        """Return the payload under ``key``; ``None`` if it is absent, cut short or altered."""
        try:
            entry = json.loads((self.folder / f"{key}.json").read_bytes())
            intact = entry["key"] == key and entry["digest"] == digest(entry["payload"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return entry["payload"] if intact else None

    def put(self, key: str, payload: Any) -> None:
        """Store ``payload`` (JSON values) under ``key``, all of it or nothing."""
        # The order of keys is kept, so that a stored judgement prints like a fresh one.
        entry = {"key": key, "digest": digest(payload), "payload": payload}
        write_atomically(self.folder / f"{key}.json", json.dumps(entry, allow_nan=False).encode())
