"""What is known of the statements beside a refuted one: their verdicts, in the last report or on record, and their evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from theory.statement import Statement
from verification.outcome import EvidenceKind, Verdict
from verification.reports.words import Entry, best_of

NAMED = ("theorem", "proposition", "corollary", "lemma")


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What is known of a statement beside the refuted one: its repair, or what rests on it.

    Parameters
    ----------
    statement
        The statement.
    verdict
        Its verdict in the last report, else the one on record; ``None`` if there is neither.
    evidence
        Its strongest evidence; empty where the verdict is on record and the statement has no proof.
    through
        The statements in between, for one that does not rest directly on the refuted one.
    """

    statement: Statement
    verdict: str | None
    evidence: str
    through: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """What is known of the statements of a source.

    Parameters
    ----------
    statements
        Every statement, by id.
    report
        Entries of the last report, by id; whatever is missing there is taken from the record.
    recorded
        Recorded verdicts, by id.
    """

    statements: Mapping[str, Statement]
    report: Mapping[str, Entry]
    recorded: Mapping[str, str]

    def fate(self, identifier: str, through: tuple[str, ...] = ()) -> Fate:
        """Return what is known of one statement; ``through`` goes into it."""
        statement, entry = self.statements[identifier], self.report.get(identifier)
        verdict = self.recorded.get(identifier) if entry is None else str(entry["verdict"])
        evidence = EvidenceKind.PROVED.value if statement.proof is not None else ""
        if entry is not None:
            evidence = best_of(entry)
        return Fate(statement=statement, verdict=verdict, evidence=evidence, through=through)

    def refuted(self, statement: Statement) -> bool:
        """Return whether a statement is refuted in the report, or, where it is not judged there, has an erratum."""
        if statement.id in self.report:
            return bool(self.report[statement.id]["verdict"] == Verdict.REFUTED.value)
        return statement.erratum is not None

    def named(self, paper: str) -> dict[str, list[Fate]]:
        """Return the printed theorems, propositions, corollaries and lemmas of a paper, each with its parts."""
        found: dict[str, list[Fate]] = {}
        for key, entry in self.statements.items():
            result = key.split(".")[1]
            if entry.paper == paper and not entry.ours and not entry.is_step and result.split("-")[0] in NAMED:
                found.setdefault(result, []).append(self.fate(key))
        return found

    def contradicting(self, chosen: Iterable[Statement]) -> list[Fate]:
        """Return those among the chosen statements that hold and contradict a sentence of their paper."""
        fates = [self.fate(entry.id) for entry in chosen if entry.contradicts]
        return [fate for fate in fates if fate.verdict == Verdict.HOLDS.value]
