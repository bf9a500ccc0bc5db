r"""How claims of marion2026 are read from sweeps: small builders that the statements share.

The primary definition of the memorization time, 5% above the running minimum of the test loss to the end, was fixed before the
sweeps were run. Everything is at the scale of :mod:`theory.marion2026.experiments`, far below the paper's: a claim that does
not reproduce here is not refuted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from theory.marion2026.experiments import DEFAULT, SWEEPS, sweep
from theory.marion2026.onset import DEFINITIONS, PRIMARY
from theory.marion2026.readings import Run, exponent, trend, trend_of_known
from theory.marion2026.setting import PAPER
from theory.statement import Mutant, Trend, changed
from theory.study import Reading, jointly, opposite

Results = Sequence[Any]
POINTS, WIDTH, BATCH, RATE = (sweep(name) for name in ("points", "width", "batch", "rate"))
DEFAULT_RUN = SWEEPS["points"].index(DEFAULT["points"])
"""Where the default stands in the sweep over points."""


def grows(name: str, of: Callable[[Run], float | None], says: str, sign: float = 1.0, known: bool = False) -> Reading:
    """Return the reading that a number of a run grows along a sweep, or falls for the sign -1.

    Parameters
    ----------
    name
        What the sweep changes.
    of
        The number.
    says
        What is claimed.
    sign
        1 or -1.
    known
        Whether runs without the number are passed over, as long as two of a repetition have it.

    Returns
    -------
    Reading
        The exponent, by sign.
    """
    exponent_of = trend_of_known if known else trend

    def read(results: Results) -> float | None:
        found = exponent_of([of(run) for run in results], SWEEPS[name])
        return None if found is None else sign * found

    return Reading(says=says, of=read)


def claim(part: str, title: str, says: str, formula: str, page: int, **fields: Any) -> Trend:
    """Return a claim of the paper, or with ``ours`` a statement beside it."""
    source = "ours; beside the claim" if fields.get("ours") else f"{PAPER}, page {page}"
    return Trend(id=f"marion2026.{part}", title=title, says=says, formula=formula, source=source, **fields)


def turned(readings: tuple[Reading, ...], name: str = "the opposite") -> tuple[Mutant, ...]:
    """Return the mutant that claims the opposite of every reading."""
    return (changed(name, readings=opposite(readings)),)


def linear(name: str, sign: float, definition: str = PRIMARY) -> Reading:
    """Return the reading that the memorization time is proportional to what a sweep changes, or to its inverse."""
    return Reading(
        says=f"exponent of the memorization time in {name} ({definition})",
        of=lambda r: exponent(r, SWEEPS[name], definition),
        equals=sign,
    )


def not_at_all(reading: Reading) -> tuple[Mutant, ...]:
    """Return the mutant that claims exponent 0."""
    other = Reading(says=f"{reading.says}, claimed 0", of=reading.of, equals=0.0)
    return (changed("no dependence", readings=(other,)),)


def under_other_definitions(base: Trend, reading: Callable[[str], Reading]) -> Trend:
    """Return the statement beside a claim that it holds under every other definition of the memorization time.

    Parameters
    ----------
    base
        The claim, under the primary definition.
    reading
        Maps the name of a definition to the reading under it.

    Returns
    -------
    Trend
        Ours.
    """
    each = tuple(reading(name) for name in DEFINITIONS if name != PRIMARY)
    # Signs are claimed together, means one by one.
    readings = (
        each if each[0].equals is not None else (jointly("under every definition that has a number, three at least", each, 3),)
    )
    return claim(
        f"{base.id.removeprefix('marion2026.')}.reading-definitions",
        f"{base.title}, under every definition of the memorization time",
        "Ours: the same claim under the other definitions: 2% and 10% above the minimum of the test loss, a gap of 20% between"
        " the losses, 5% copies, and half the way from the Gaussian's train loss to the least, as far as runs come to them."
        " Where it does not hold, the claim depends on what is meant by the onset.",
        base.formula,
        0,
        ours=True,
        study=base.study,
        readings=readings,
        mutants=turned(readings),
        uses=(base.id,),
    )
