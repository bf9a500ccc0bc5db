"""The statements of the papers by id, title and author, from an index: ``quod list`` needs to import none of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from verification.cache import ROOT, Cache, code_version, digest
from verification.selection import load


class Named(Protocol):
    """What a list shows of a statement."""

    @property
    def id(self) -> str:
        """Return its id."""

    @property
    def title(self) -> str:
        """Return its title."""

    @property
    def ours(self) -> bool:
        """Return whether it is ours, and not printed in a paper."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """An entry of the index.

    Parameters
    ----------
    id, title, ours
        Those of the statement.
    """

    id: str
    title: str
    ours: bool


def listed(source: str | None, folder: Path | None = None) -> Mapping[str, Named]:
    """Return the statements of a source by id, sorted by id: those of the papers from the index of this very code.

    Parameters
    ----------
    source
        Path of a user's file, or ``None`` for the papers.
    folder
        Where the index is kept; the user's cache folder when not given. Where it cannot be kept the statements are imported.

    Returns
    -------
    Mapping
        Id to statement, or to its entry in the index.
    """
    folder = folder or _folder()
    if source is not None or folder is None:
        return load(source)
    # One file for each place that the program is installed in, replaced when the code has changed.
    cache, key, code = Cache(folder), f"statements-{digest(str(ROOT))[:16]}", code_version(None)
    found = cache.get(key)
    if not isinstance(found, dict) or found.get("code") != code:
        entries = [Listed(id=entry.id, title=entry.title, ours=entry.ours) for entry in load(None).values()]
        found = {"code": code, "statements": [asdict(entry) for entry in entries]}
        with suppress(OSError):
            cache.put(key, found)
    return {entry["id"]: Listed(**entry) for entry in found["statements"]}


def _folder() -> Path | None:
    place = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(place):
        return Path(place) / "quod"
    with suppress(RuntimeError):  # a user without a home
        return Path.home() / ".cache" / "quod"
    return None
