"""What a verification brings back: a closed set of verdicts, and the evidence behind each."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self


class Verdict(Enum):
    """The closed set of outcomes for a statement, each with a message for people."""

    HOLDS = "holds"
    REFUTED = "refuted"
    VACUOUS = "vacuous"
    UNDECIDED = "undecided"
    ERROR = "error"

    @property
    def message(self) -> str:
        """Return what the verdict means in one sentence."""
        return {
            "holds": "no violation exists in the stated set, or none was found by the evidence listed",
            "refuted": "false as printed: a counterexample that satisfies every printed hypothesis is certified",
            "vacuous": "the hypotheses were never satisfied, or the conclusion is trivial over the whole sweep",
            "undecided": "the evidence does not decide; the reason names the instrument or the radius that remained",
            "error": "the check could not run; this says nothing about the statement",
        }[self.value]


class EvidenceKind(Enum):
    """Kinds of evidence, from the strongest to the weakest."""

    PROVED = "proved"
    CERTIFIED = "certified"
    SAMPLED = "sampled"
    MEASURED = "measured"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One piece of evidence.

    Parameters
    ----------
    kind
        Its strength.
    summary
        One sentence for people, with the numbers.
    figures
        The numbers as data.
    """

    kind: EvidenceKind
    summary: str
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Counterexample:
    """Exact data at which every hypothesis holds and the conclusion is certified to fail.

    Parameters
    ----------
    data
        The instance, as ``Instance.data`` gives it.
    left, right
        Decimal enclosures of the two sides.
    relation
        The relation that fails.
    bits
        Precision of the balls that separated the sides.
    """

    data: Mapping[str, Any]
    left: str
    relation: str
    right: str
    bits: int


@dataclass(frozen=True, kw_only=True)
class Tooth:
    """The fate of one mutant or negative control.

    Parameters
    ----------
    name
        What was changed.
    refuted
        Whether the check refuted it.
    finding
        For a dropped hypothesis that survives: that it is not needed, as far as the search sees.
    counterexample
        The instance that refuted it.
    measured
        What was measured in its place, for a limit: an order with its interval, or that there is none.
    """

    name: str
    refuted: bool
    finding: str | None = None
    counterexample: Counterexample | None = None
    measured: str | None = None

    @property
    def survives(self) -> bool:
        """Return whether this is a false neighbour that the check failed to reject."""
        return not self.refuted and self.finding is None


@dataclass(frozen=True, kw_only=True)
class Tightness:
    """The distribution of the slack over the sweep: the favourable side over the other, 1 or more where the statement holds.

    Parameters
    ----------
    count
        Number of instances with both sides positive.
    quantiles
        The slack (1 is tight) at 0, 25, 50, 75 and 100 percent; below 1 only where the statement is refuted.
    extreme
        The tightest instance found.
    note
        What is known exactly, such as an asymptotic constant.
    """

    count: int
    quantiles: tuple[float, float, float, float, float]
    extreme: Mapping[str, Any] | None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Everything found out about one statement; the entry of ``report.json`` is :meth:`to_json`.

    Parameters
    ----------
    id, paper, title, kind, says, formula, source, ours
        Copied from the statement.
    verdict
        The verdict.
    reason
        Why, in one sentence, when the verdict is not ``holds``.
    evidence
        Strongest first.
    counterexample
        Present when refuted.
    tightness
        Present for inequalities with positive sides.
    teeth
        One entry a mutant or control.
    hypotheses
        ``names``, ``says``, ``drawn``, ``satisfied``, ``rate``, and ``hidden`` with the findings.
    erratum
        Present when false as printed: ``wrong``, ``line``, ``counterexample``, ``repaired``, ``repaired_verdict``, ``affects``.
    uses
        Ids of the statements it rests on.
    calibrations
        One entry an instrument: ``instrument``, ``regime``, ``passed``, ``summary``.
    seconds
        Time taken; it goes under ``timing``.
    """

    id: str
    paper: str
    title: str
    kind: str
    says: str
    formula: str
    source: str
    ours: bool
    verdict: Verdict
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()
    counterexample: Counterexample | None = None
    tightness: Tightness | None = None
    teeth: tuple[Tooth, ...] = ()
    hypotheses: Mapping[str, Any] = field(default_factory=dict)
    erratum: Mapping[str, Any] | None = None
    uses: tuple[str, ...] = ()
    calibrations: tuple[Mapping[str, Any], ...] = ()
    seconds: float = 0.0

    @property
    def best_evidence(self) -> str:
        """Return the strongest kind of evidence, or a dash."""
        order = [kind.value for kind in EvidenceKind]
        kinds = sorted((entry.kind.value for entry in self.evidence), key=order.index)
        return kinds[0] if kinds else "-"

    def to_json(self, expected: str | None) -> dict[str, Any]:
        """Return the entry of ``report.json``.

        Parameters
        ----------
        expected
            The recorded verdict, or ``None`` when none is recorded.

        Returns
        -------
        dict
            JSON values only.
        """
        entry: dict[str, Any] = plain(self)
        entry["expected_verdict"] = expected
        entry["timing"] = {"seconds": entry.pop("seconds")}
        return entry

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Self:
        """Read the entry of ``report.json`` that :meth:`to_json` wrote.

        Parameters
        ----------
        entry
            The entry; ``expected_verdict`` is not part of a judgement and is left out.

        Returns
        -------
        Self
            The judgement.
        """
        values = {name: value for name, value in entry.items() if name not in {"expected_verdict", "timing"}}
        tight = values["tightness"]
        values |= {
            "verdict": Verdict(entry["verdict"]),
            "evidence": tuple(Evidence(**item | {"kind": EvidenceKind(item["kind"])}) for item in entry["evidence"]),
            "counterexample": _counterexample(entry["counterexample"]),
            "tightness": tight and Tightness(**tight | {"quantiles": tuple(tight["quantiles"])}),
            "teeth": tuple(
                Tooth(**item | {"counterexample": _counterexample(item["counterexample"])}) for item in entry["teeth"]
            ),
            "uses": tuple(entry["uses"]),
            "calibrations": tuple(entry["calibrations"]),
            "seconds": entry["timing"]["seconds"],
        }
        return cls(**values)


def _counterexample(entry: Mapping[str, Any] | None) -> Counterexample | None:
    return None if entry is None else Counterexample(**entry)


def plain(value: Any) -> Any:
    """Return ``value`` as JSON values: dataclasses become objects, enumerations their values, tuples lists.

    Numbers of other libraries become Python numbers or strings. JSON has no NaN and no infinity: they become null.

    Parameters
    ----------
    value
        Anything a judgement holds.

    Returns
    -------
    Any
        JSON values only.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [plain(entry) for entry in value]
    if isinstance(value, set | frozenset):
        return sorted(plain(entry) for entry in value)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    # numpy scalars and arrays, without importing numpy here
    return plain(value.tolist()) if hasattr(value, "tolist") else str(value)
