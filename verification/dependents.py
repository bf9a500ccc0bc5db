"""What a refutation does to the statements that rest on the refuted one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from theory.statement import Statement
from verification.outcome import Judgement, Verdict


def with_dependents(
    judgements: Sequence[Judgement], statements: Mapping[str, Statement], recorded: Mapping[str, str]
) -> list[Judgement]:
    """Complete the errata of refuted statements: the repaired statement's verdict, and what becomes of the dependents.

    Parameters
    ----------
    judgements
        The judgements of a run.
    statements
        Every statement of the source, by id.
    recorded
        Recorded verdicts, for statements that this run did not judge.

    Returns
    -------
    list of Judgement
        The judgements, in the same order.
    """
    judged = {entry.id: entry for entry in judgements}
    return [
        _complete(entry, statements, judged, recorded) if entry.verdict is Verdict.REFUTED else entry for entry in judgements
    ]


def _complete(
    judgement: Judgement, statements: Mapping[str, Statement], judged: Mapping[str, Judgement], recorded: Mapping[str, str]
) -> Judgement:
    affected = dependents(judgement.id, statements)
    if judgement.erratum is None and not affected:
        return judgement
    erratum = dict(judgement.erratum or {"wrong": judgement.reason, "line": None, "repaired": None})
    repaired = erratum.get("repaired")
    erratum["repaired_verdict"] = _verdict(repaired, judged, recorded) if repaired else None
    erratum["affects"] = [
        _affected(key, path, erratum, judged=judged, recorded=recorded) for key, path in sorted(affected.items())
    ]
    return replace(judgement, erratum=erratum)


def dependents(identifier: str, statements: Mapping[str, Statement]) -> dict[str, tuple[str, ...]]:
    """Return every statement that rests on one, directly or not, with the shortest chain that leads to it.

    Parameters
    ----------
    identifier
        Id of the statement rested on.
    statements
        Every statement, by id.

    Returns
    -------
    dict
        Id to the ids in between, from the dependent's side; empty for a direct use.
    """
    found: dict[str, tuple[str, ...]] = {}
    front: dict[str, tuple[str, ...]] = {identifier: ()}
    while front:
        reached: dict[str, tuple[str, ...]] = {}
        for used, path in front.items():
            chain = path if used == identifier else (used, *path)
            for key, statement in statements.items():
                if used in statement.uses and key not in found and key not in reached and key != identifier:
                    reached[key] = chain
        found |= reached
        front = reached
    return found


def _verdict(identifier: str, judged: Mapping[str, Judgement], recorded: Mapping[str, str]) -> str | None:
    return judged[identifier].verdict.value if identifier in judged else recorded.get(identifier)


def _affected(
    key: str,
    path: Sequence[str],
    erratum: Mapping[str, Any],
    *,
    judged: Mapping[str, Judgement],
    recorded: Mapping[str, str],
) -> dict[str, Any]:
    verdict = _verdict(key, judged, recorded)
    evidence = f" ({judged[key].best_evidence})" if key in judged else " (verdict on record, not judged in this run)"
    how = {
        None: "not judged in this run and no verdict on record",
        "holds": f"holds by evidence of its own{evidence}; its printed proof needs the repaired statement",
        "refuted": f"is refuted as well{evidence}",
        "vacuous": f"is vacuous{evidence}",
        "undecided": f"its own evidence does not decide{evidence}",
        "error": "its own check could not run",
    }[verdict]
    if key == erratum.get("repaired"):
        how = f"is the repaired statement and {verdict or 'was not judged'}{evidence if verdict else ''}"
    if path:
        how += f"; rests on it through {', '.join(path)}"
    survives = {None: None, "holds": True, "refuted": False}.get(verdict)
    return {"id": key, "verdict": verdict, "survives": survives, "how": how}
