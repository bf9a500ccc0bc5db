"""The errata sheet: what is wrong with the refuted statements of a paper, in a form that its authors can check by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from theory.confirmations import confirmation_of
from theory.statement import InputError, Statement
from verification.confirming import DIGITS, Confirmation, run_confirmations
from verification.dependents import with_dependents
from verification.outcome import Judgement, Verdict
from verification.reports.words import Entry


@dataclass(frozen=True, kw_only=True)
class Correction:
    """All that the sheet says about one refuted statement.

    Parameters
    ----------
    statement
        The statement.
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
    repaired
        The repaired statement, if there is one.
    repair
        Its entry in the report, if it was judged there, and its verdict, there or on record.
    affects
        What becomes of the statements that rest on it, as :mod:`verification.dependents` tells.
    """

    statement: Statement
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
    repaired: Statement | None
    repair: tuple[Entry | None, str | None]
    affects: tuple[Mapping[str, Any], ...]

    @property
    def is_step(self) -> bool:
        """Return whether it is a step of a proof and no result of its own."""
        return ".step-" in self.statement.id

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


def corrections(
    chosen: Sequence[Statement], statements: Mapping[str, Statement], report: Mapping[str, Entry], recorded: Mapping[str, str]
) -> list[Correction]:
    """Return the corrections of the refuted statements among some, results before steps of proofs, each in order of ids.

    Parameters
    ----------
    chosen
        The statements asked for.
    statements
        Every statement of the source, by id.
    report
        Entries of the last report, by id; whatever is missing there is taken from the record.
    recorded
        Recorded verdicts, by id.

    Returns
    -------
    list of Correction
        One for each statement that is refuted in the report, or has an erratum.
    """
    refuted = [entry for entry in chosen if _is_refuted(entry, report)]
    judged = {key: Judgement.from_json(entry) for key, entry in report.items() if key in statements}
    judged |= {entry.id: _refuted(entry, judged.get(entry.id)) for entry in refuted}
    told = {entry.id: entry.erratum or {} for entry in with_dependents(list(judged.values()), statements, recorded)}
    sources = {entry.id: lines for entry in refuted if (lines := confirmation_of(entry)) is not None}
    ran = run_confirmations(sources)
    found = [
        _correction(entry, judged[entry.id], told[entry.id], statements, report, sources.get(entry.id), ran.get(entry.id))
        for entry in refuted
    ]
    return sorted(found, key=lambda correction: (correction.is_step, correction.statement.id))


def _is_refuted(statement: Statement, report: Mapping[str, Entry]) -> bool:
    if statement.id in report:
        return bool(report[statement.id]["verdict"] == Verdict.REFUTED.value)
    return statement.erratum is not None


def _refuted(statement: Statement, judged: Judgement | None) -> Judgement:
    """Return the judgement of the report, or one that says only that the statement is refuted by its erratum."""
    if judged is not None:
        return judged
    from dataclasses import replace

    from verification.worker import failed

    erratum = statement.erratum
    assert erratum is not None
    told = {"wrong": erratum.wrong, "line": erratum.line, "repaired": erratum.repaired}
    return replace(failed(statement, erratum.wrong), verdict=Verdict.REFUTED, erratum=told)


def _correction(
    statement: Statement,
    judged: Judgement,
    told: Mapping[str, Any],
    statements: Mapping[str, Statement],
    report: Mapping[str, Entry],
    lines: str | None,
    ran: Confirmation | None,
) -> Correction:
    from numerics.comparison import Truth
    from verification.evaluate import check_at

    data = _counterexample(statement, judged)
    found = check_at(statement, data)
    certified = found.verdict is Truth.FALSE and all(truth is Truth.TRUE for _, _, truth in found.hypotheses)
    repaired, sides = told.get("repaired"), found.comparison
    return Correction(
        statement=statement,
        wrong=told.get("wrong") or judged.reason,
        line=told.get("line") or "",
        data=data,
        relation=found.relation.value,
        left=found.left,
        right=found.right,
        certified=certified,
        lines=lines,
        confirmation=ran,
        digits=0 if ran is None else ran.digits(float(sides.left), float(sides.right), sides.radius),
        repaired=statements.get(repaired) if repaired else None,
        repair=(report.get(repaired or ""), told.get("repaired_verdict")),
        affects=tuple(told.get("affects") or ()),
    )


def _counterexample(statement: Statement, judged: Judgement) -> Mapping[str, Any]:
    # The erratum's is the one that people read, and the one that the lines of Python are about.
    if statement.erratum is not None:
        return statement.erratum.counterexample
    if judged.counterexample is None:
        raise InputError(f"{statement.id} is refuted in the report without a counterexample; judge it again with quod verify")
    return judged.counterexample.data
