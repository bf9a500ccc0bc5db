"""Studies: training runs and other long work that statements and figures read the same numbers from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Unit: TypeAlias = dict[str, Any]
"""What one run depends on, seeds among them: JSON values."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a study is at one scale.

    Parameters
    ----------
    says
        Its settings in words, with what is reduced.
    replicates
        Independent repetitions; each is the list of units that one repetition compares.
    reduced
        Whether it is smaller than what the paper ran: then it can support a claim, and never refute it.
    stacked
        Whether a unit runs all repetitions at once and its result lists one entry for each: there is then one list of units.
    """

    says: str
    replicates: Sequence[Sequence[Unit]]
    reduced: bool = True
    stacked: bool = False

    def __post_init__(self) -> None:
        """Reject several lists of units where one holds all repetitions."""
        if self.stacked and len(self.replicates) != 1:
            raise ValueError(f"{len(self.replicates)} lists of units: a stacked study has one")


@dataclass(frozen=True, kw_only=True)
class Study:
    """Independent repetitions of the same comparison.

    Parameters
    ----------
    name
        What progress calls it.
    run
        A function at the top of a module: a unit to its result, both JSON values. It is run once a unit and stored.
    size
        Maps the name of a profile to the size there.
    cost
        Rough seconds of one run at the quick size, by which the parts of a run are balanced.
    """

    name: str
    run: Callable[[Unit], Any]
    size: Callable[[str], Size]
    cost: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A number read from one repetition, which the claim has above 0, or with a given mean over repetitions.

    Parameters
    ----------
    says
        What is claimed.
    of
        Maps the results of a repetition, in the order of its units, to the number. NaN counts against the claim; None leaves
        the repetition out, which is counted.
    equals
        The claimed mean, such as an exponent; None claims that the number is positive in more than half of all repetitions.
    within
        A mean is told only where its interval reaches no farther than this to each side.
    """

    says: str
    of: Callable[[Sequence[Any]], float | None]
    equals: float | None = None
    within: float = 0.25


def opposite(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Return readings of which each claims the opposite, for a mutant.

    Parameters
    ----------
    readings
        The readings.

    Returns
    -------
    tuple of Reading
        Each with its number's sign turned.
    """

    def turned(reading: Reading) -> Reading:
        def of(results: Sequence[Any]) -> float | None:
            value = reading.of(results)
            return None if value is None else -value

        return Reading(says=f"minus {reading.says}", of=of, equals=reading.equals, within=reading.within)

    return tuple(turned(reading) for reading in readings)


def jointly(says: str, readings: Sequence[Reading], least_known: int | None = None) -> Reading:
    """Return the reading that several hold in the same repetition: the least of their numbers.

    Parameters
    ----------
    says
        What is claimed.
    readings
        Readings that are claimed positive.
    least_known
        How many must have a number in a repetition for the others to be passed over; by default all.

    Returns
    -------
    Reading
        The least number, NaN if one is.
    """

    def of(results: Sequence[Any]) -> float | None:
        values = [reading.of(results) for reading in readings]
        known = [value for value in values if value is not None]
        if len(known) < (least_known or len(values)):
            return None
        return math.nan if any(map(math.isnan, known)) else min(known)

    return Reading(says=f"{says} ({'; '.join(reading.says for reading in readings)})", of=of)
