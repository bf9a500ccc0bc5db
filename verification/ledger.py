"""The ledger of a run: which judgements are there, from an earlier run or from this one, and how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from verification.atomic import reason
from verification.cache import Cache
from verification.outcome import Judgement, Verdict


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a progress display learns when a statement is finished.

    Parameters
    ----------
    done, total
        How many statements are finished, of how many.
    judgement
        The statement's.
    stored
        Whether it was taken from an earlier run.
    seconds_left
        Estimate for the rest; ``None`` before anything was judged.
    """

    done: int
    total: int
    judgement: Judgement
    stored: bool
    seconds_left: float | None


class Ledger:
    """What is finished, what is not, and how long it took.

    Parameters
    ----------
    cache
        Where finished judgements are stored.
    keys
        Id of each statement to the key of its judgement, in order.
    progress
        Called whenever a statement is finished.
    """

    def __init__(self, cache: Cache, keys: Mapping[str, str], progress: Callable[[Step], None]) -> None:
        self._cache = cache
        self._keys = keys
        self._progress = progress
        self._start = time.monotonic()
        self.found: dict[str, Judgement] = {}
        self.stored: set[str] = set()
        self.trouble = ""

    @property
    def missing(self) -> list[str]:
        """Return the ids that are not finished, in order."""
        return [key for key in self._keys if key not in self.found]

    def take_stored(self) -> None:
        """Take up what an earlier run finished."""
        for key in self.missing:
            judgement = _judgement(self._cache.get(self._keys[key]))
            if judgement is not None and judgement.id == key:
                self.found[key] = judgement
                self.stored.add(key)
                self._tell(key)

    def add(self, key: str, judgement: Judgement) -> None:
        """Enter a judgement, and store it at once unless it is a failure of ours, which the next run tries again.

        What cannot be stored stays in memory, and ``trouble`` says why.
        """
        self.found[key] = judgement
        if judgement.verdict is not Verdict.ERROR:
            try:
                self._cache.put(self._keys[key], judgement.to_json(None))
            except OSError as error:
                self.trouble = f"could not store what was found: {reason(error)}"
        self._tell(key)

    def _tell(self, key: str) -> None:
        judged = len(self.found) - len(self.stored)
        rate = (time.monotonic() - self._start) / judged if judged else None
        left = None if rate is None else rate * len(self.missing)
        step = Step(
            done=len(self.found),
            total=len(self._keys),
            judgement=self.found[key],
            stored=key in self.stored,
            seconds_left=left,
        )
        self._progress(step)


def _judgement(payload: Any) -> Judgement | None:
    try:
        return Judgement.from_json(payload)
    except (KeyError, TypeError, ValueError, AttributeError):  # absent, or whole and yet none
        return None
