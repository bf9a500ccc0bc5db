"""The errata of a paper: what is wrong with its refuted statements, in a form that its authors can check by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from theory.confirmations import confirmation_of
from theory.statement import Fault, InputError, Statement
from verification.confirming import DIGITS, Confirmation, run_confirmations
from verification.dependents import dependents
from verification.errata_known import Fate, Knowledge
from verification.outcome import Judgement


@dataclass(frozen=True, kw_only=True)
class Correction:
    """All that the sheet says about one refuted statement.

    Parameters
    ----------
    statement
        The statement.
    fault
        How much is wrong.
    wrong, line
        What is wrong, and where; the second may be empty.
    data
        The counterexample.
    relation, left, right
        The claimed relation, and decimal enclosures of both sides at the counterexample.
    certified
        Whether every hypothesis holds there and the conclusion fails, rigorously.
    lines
        Lines of Python that confirm it without this program; ``None`` if nobody has written any.
    confirmation
        What they came to.
    digits
        To how many digits that agrees with the certified sides.
    repair
        The repaired statement, if there is one.
    rests
        What rests on the refuted statement, without its repair.
    whole
        For a step of a proof, the printed statements that the proof is of.
    """

    statement: Statement
    fault: Fault
    wrong: str
    line: str
    data: Mapping[str, Any]
    relation: str
    left: str
    right: str
    certified: bool
    lines: str | None
    confirmation: Confirmation | None
    digits: int
    repair: Fate | None
    rests: tuple[Fate, ...]
    whole: tuple[Fate, ...]

    @property
    def problem(self) -> str | None:
        """Return why this must not be sent to anybody, if so."""
        if not self.certified:
            return "the counterexample is not certified: a hypothesis or the failure of the conclusion stayed undecided"
        if self.confirmation is None:
            return None
        if self.confirmation.problem is not None:
            return f"the lines of Python do not run: {self.confirmation.problem}"
        return (
            None
            if self.digits >= DIGITS
            else f"the lines of Python agree with the certified sides to {self.digits} digits only"
        )


def corrections(chosen: Sequence[Statement], known: Knowledge) -> list[Correction]:
    """Return the corrections of the refuted statements among some, in order of importance.

    What is false as printed comes first, then the steps that do not follow, then the slips; among equals what more named
    results rest on.

    Parameters
    ----------
    chosen
        The statements asked for.
    known
        What is known of all.

    Returns
    -------
    list of Correction
        One for each statement that is refuted in the report, or has an erratum.
    """
    refuted = [entry for entry in chosen if known.refuted(entry)]
    sources = {entry.id: lines for entry in refuted if (lines := confirmation_of(entry)) is not None}
    ran = run_confirmations(sources)
    found = [_correction(entry, known, sources.get(entry.id), ran.get(entry.id)) for entry in refuted]
    return sorted(found, key=_importance)


def _importance(entry: Correction) -> tuple[int, int, str]:
    return list(Fault).index(entry.fault), -sum(not fate.statement.is_step for fate in entry.rests), entry.statement.id


def _correction(statement: Statement, known: Knowledge, lines: str | None, ran: Confirmation | None) -> Correction:
    from numerics.comparison import Truth
    from verification.evaluate import check_at

    told = _told(statement, known)
    found = check_at(statement, told["data"])
    certified = found.verdict is Truth.FALSE and all(truth is Truth.TRUE for _, _, truth in found.hypotheses)
    repaired, sides = told.pop("repaired"), found.comparison
    return Correction(
        statement=statement,
        **told,
        relation=found.relation.value,
        left=found.left,
        right=found.right,
        certified=certified,
        lines=lines,
        confirmation=ran,
        digits=0 if ran is None else ran.digits(float(sides.left), float(sides.right), sides.radius),
        repair=known.fate(repaired) if repaired in known.statements else None,
        rests=tuple(
            known.fate(key, path) for key, path in sorted(dependents(statement.id, known.statements).items()) if key != repaired
        ),
        whole=tuple(_whole(statement, known)),
    )


def _told(statement: Statement, known: Knowledge) -> dict[str, Any]:
    """Return what is wrong, where, how much, the counterexample, and the id of the repair."""
    fault, erratum = fault_of(statement), statement.erratum
    if erratum is not None:
        # Its counterexample, not the report's, is the one that people read and that the lines of Python are about.
        told = {"wrong": erratum.wrong, "line": erratum.line, "repaired": erratum.repaired}
        return told | {"fault": fault, "data": erratum.counterexample}
    judged = Judgement.from_json(known.report[statement.id])
    if judged.counterexample is None:
        raise InputError(f"{statement.id} is refuted in the report without a counterexample; judge it again with quod verify")
    return {"wrong": judged.reason, "line": "", "repaired": None, "fault": fault, "data": judged.counterexample.data}


def fault_of(statement: Statement) -> Fault:
    """Return how much is wrong with a statement that is false as printed.

    Parameters
    ----------
    statement
        The statement.

    Returns
    -------
    Fault
        What its erratum says; where that says nothing, a step of a proof is an argument and all else a result.
    """
    told = None if statement.erratum is None else statement.erratum.fault
    return told or (Fault.ARGUMENT if statement.is_step else Fault.RESULT)


def _whole(statement: Statement, known: Knowledge) -> Iterator[Fate]:
    if statement.is_step:
        yield from known.named(statement.paper).get(statement.id.split(".")[1], ())
