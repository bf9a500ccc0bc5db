"""``quod check``: one statement at a person's own numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from numerics.comparison import Reason, Truth
from theory.statement import InputError, Statement

SECONDS = 600.0
"""After which a check is given up, a safety net: numbers such as 1e300 may be counts of a loop."""


def read_data(text: str) -> dict[str, Any]:
    """Read the numbers of ``--at``; a decimal such as 0.1 stays the exact decimal that was written.

    Parameters
    ----------
    text
        A JSON object.

    Returns
    -------
    dict
        Field names to integers, decimal strings, or lists of them.

    Raises
    ------
    InputError
        If the text is not a JSON object, or names a field twice.
    """
    try:
        data = json.loads(text, parse_float=str, parse_constant=str, object_pairs_hook=_once)
    except InputError:
        raise
    except ValueError as error:
        reason = f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise InputError(f"--at is not JSON: {reason}: {text!r}") from None
    if not isinstance(data, dict):
        raise InputError(f'--at takes an object such as {{"x": [0, 1], "sigma": "1/10"}}, not {text!r}')
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of pairs; of a name that comes twice JSON would keep the last value without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"--at gives {twice!r} more than once")
    return found


def check(statement: Statement, text: str) -> tuple[list[str], int]:
    """Check a statement at exact data.

    Parameters
    ----------
    statement
        The statement.
    text
        The data, a JSON object.

    Returns
    -------
    tuple
        The lines to print and the exit status: 1 if the hypotheses hold and the conclusion is false or undecided.

    Raises
    ------
    InputError
        If statements of this kind are not compared at single numbers, or these numbers ask for too much work.
    """
    from theory.statement import Equivalence, Inequality
    from verification.evaluate import check_at
    from verification.limits import OutOfTime, time_cap

    if not isinstance(statement, Inequality | Equivalence):
        raise InputError(
            f"{statement.id} is a {statement.kind}, which has no two sides at single numbers: 'quod verify' measures it"
        )
    data = read_data(text)
    try:
        with time_cap(SECONDS):
            found = check_at(statement, data)
    except OutOfTime:
        raise InputError(f"{statement.id} is not decided at these numbers after {SECONDS:g} s: try smaller ones") from None
    lines = [f"{statement.id}: {statement.title}", *_hypotheses(found.hypotheses)]
    failed = [name for name, _, truth in found.hypotheses if truth is Truth.FALSE]
    open_ones = [name for name, _, truth in found.hypotheses if truth is Truth.UNDECIDED]
    # Outside the standing setting the two sides may not even be defined, and were not computed.
    if found.comparison.reason is not Reason.EMPTY:
        lines += ["", f"  left   {found.left}", f"  right  {found.right}", ""]
        lines.append(f"conclusion, left {_symbol(found.relation)} right: {_conclusion(found)}")
    if failed:
        lines.append(f"the statement claims nothing here: {_list(failed)} not satisfied")
        return lines, 0
    if open_ones:
        lines.append(f"not decided at the last precision: {_list(open_ones)}")
    return lines, int(found.verdict is not Truth.TRUE)


def _symbol(relation: Any) -> str:
    return str(getattr(relation, "value", relation))


def _list(names: list[str]) -> str:
    return f"hypothes{'i' if len(names) == 1 else 'e'}s {', '.join(names)}"


def _hypotheses(entries: Sequence[tuple[str, str, Truth]]) -> Iterator[str]:
    yield "hypotheses:" if entries else "no hypotheses"
    width = max([len(name) for name, _, _ in entries], default=0)
    words = {Truth.TRUE: "true", Truth.FALSE: "FAILS", Truth.UNDECIDED: "undecided"}
    for name, says, truth in entries:
        yield f"  {words[truth]:<9}  {name:<{width}}  {says}"


def _conclusion(found: Any) -> str:
    comparison = found.comparison
    at = "" if comparison.index is None else f", decided by entry {comparison.index}"
    if comparison.truth is not Truth.UNDECIDED:
        return f"{found.verdict.value}{at}, rigorously (balls of {comparison.bits} bits, {comparison.reason.value})"
    if found.verdict is Truth.TRUE:
        return (
            f"true{at} as far as balls can tell: equal to {comparison.equal_bits} bits, which no enclosure turns into equality"
        )
    equal = f", equal to {comparison.equal_bits} bits" if comparison.equal_bits else ""
    return f"undecided at {comparison.bits} bits{at}: {comparison.reason.value} (radius {comparison.radius:.3g}{equal})"
