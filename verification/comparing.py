"""What changed between two runs: the differences of two ``report.json``, and which of them are regressions.

A regression is what a reader of the second report can rely on less than one of the first: a verdict that got worse, evidence
that got weaker, a tooth that no longer bites, a statement that is gone, a bound that loosened. Everything else is news.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from theory.errors import InputError
from verification.outcome import EvidenceKind, Verdict
from verification.reports.words import Entry, best_of, data_of, number

Report = Mapping[str, Any]
BETTER = frozenset({("error", "undecided"), ("error", "vacuous"), ("undecided", "vacuous")})
"""Changes for the better, besides every change to ``holds``."""
FACTOR = 2.0
"""The tightest slack of a search moves with its seed and its budget; beyond this factor it is told."""
RUN = ("source", "profile", "seed")


class Weight(Enum):
    """How much a change weighs: the closed set, worst first."""

    FAILED = "could not run"
    REGRESSION = "regression"
    NEWS = "news"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference between two reports.

    Parameters
    ----------
    id
        Id of the statement; empty for the run as a whole.
    what
        ``verdict``, ``evidence``, ``tooth``, ``statement``, ``slack``, ``claim``, ``counterexample``, ``hidden`` or ``run``.
    says
        The difference in one line.
    weight
        Whether it is a regression.
    """

    id: str
    what: str
    says: str
    weight: Weight


def status_of(changes: Sequence[Change]) -> int:
    """Return the exit status: 3 a statement can no longer be judged, 1 a regression, 0 at most news."""
    weights = {change.weight for change in changes}
    return 3 if Weight.FAILED in weights else int(Weight.REGRESSION in weights)


def compare_reports(old: Report, new: Report, factor: float = FACTOR) -> list[Change]:
    """Return what changed from one report to another, the worst first, then by id.

    Parameters
    ----------
    old, new
        What :func:`verification.reading.read_report` returned.
    factor
        By how much the tightest slack must grow to be a regression; more than 1.

    Returns
    -------
    list of Change
        Nothing where the two say the same.

    Raises
    ------
    InputError
        If ``factor`` is not above 1.
    """
    if not factor > 1:
        raise InputError(f"a factor of {factor:g} tells nothing: it must be above 1, such as {FACTOR:g}")
    before = {entry["id"]: entry for entry in old["statements"]}
    after = {entry["id"]: entry for entry in new["statements"]}
    changes = list(_runs(old, new))
    for key in sorted(before.keys() | after.keys()):
        if key not in after:
            interrupted = key in new["summary"]["not_run"]
            says = (
                "was not judged: the new run was interrupted"
                if interrupted
                else f"is gone; its verdict was {before[key]['verdict']}"
            )
            changes.append(Change(id=key, what="statement", says=says, weight=Weight.REGRESSION))
        elif key not in before:
            failed = Weight.FAILED if after[key]["verdict"] == "error" else Weight.NEWS
            changes.append(Change(id=key, what="statement", says=f"is new: {after[key]['verdict']}", weight=failed))
        else:
            changes.extend(_one(before[key], after[key], factor))
    return sorted(changes, key=lambda change: (list(Weight).index(change.weight), change.id))


def _runs(old: Report, new: Report) -> Iterator[Change]:
    for name in RUN:
        was, now = old["provenance"][name], new["provenance"][name]
        if was != now:
            yield Change(id="", what="run", says=f"{name} was {was}, is {now}", weight=Weight.NEWS)


def _one(old: Entry, new: Entry, factor: float) -> Iterator[Change]:
    yield from _claim(old, new)
    if old["verdict"] != new["verdict"]:
        # What the evidence was for has changed: it is not compared.
        yield _verdict(old, new)
        return
    yield from _evidence(old, new)
    yield from _teeth(old, new)
    yield from _slack(old, new, factor)
    found, was = new["counterexample"], old["counterexample"]
    if found and was and found["data"] != was["data"]:
        yield _news(new, "counterexample", f"is now {data_of(found['data'])}")


def _news(entry: Entry, what: str, says: str) -> Change:
    return Change(id=entry["id"], what=what, says=says, weight=Weight.NEWS)


def _claim(old: Entry, new: Entry) -> Iterator[Change]:
    if (old["formula"], old["says"]) != (new["formula"], new["says"]):
        yield _news(new, "claim", "is worded otherwise: read what follows with that in mind")
    known = {item["says"] for item in old["hypotheses"].get("hidden") or []}
    for item in new["hypotheses"].get("hidden") or []:
        if item["says"] not in known:
            yield _news(new, "hidden", f"a hidden hypothesis is known: {item['says']}")


def _verdict(old: Entry, new: Entry) -> Change:
    was, now, expected = old["verdict"], new["verdict"], new["expected_verdict"]
    says = f"{was} -> {now}" + (f" (on record: {expected})" if expected else "")
    if now == Verdict.ERROR.value:
        return Change(id=new["id"], what="verdict", says=f"{says}: {new.get('reason')}", weight=Weight.FAILED)
    recorded_anew = expected == now and old["expected_verdict"] != now
    off_record = expected is not None and expected == was
    better = now == Verdict.HOLDS.value or (was, now) in BETTER
    weight = Weight.NEWS if recorded_anew or (better and not off_record) else Weight.REGRESSION
    return Change(id=new["id"], what="verdict", says=says, weight=weight)


def _evidence(old: Entry, new: Entry) -> Iterator[Change]:
    order = [kind.value for kind in EvidenceKind] + ["-"]
    was, now = best_of(old), best_of(new)
    if was != now:
        weaker = order.index(now) > order.index(was)
        says = f"{was} -> {now}".replace("-> -", "-> none")
        yield Change(id=new["id"], what="evidence", says=says, weight=Weight.REGRESSION if weaker else Weight.NEWS)


def _teeth(old: Entry, new: Entry) -> Iterator[Change]:
    before = {tooth["name"]: tooth for tooth in old["teeth"]}
    after = {tooth["name"]: tooth for tooth in new["teeth"]}
    for name, tooth in before.items():
        now = after.get(name)
        if tooth["refuted"] and (now is None or not now["refuted"]):
            fate = "is gone" if now is None else f"no longer bites: {now['finding'] or 'it survives'}"
            yield Change(id=new["id"], what="tooth", says=f"{name} {fate}", weight=Weight.REGRESSION)
        elif now is None:
            yield _news(new, "tooth", f"{name} is gone; it did not bite")
        elif now["refuted"] and not tooth["refuted"]:
            yield _news(new, "tooth", f"{name} bites now")
    for name, tooth in after.items():
        if name not in before:
            yield _news(new, "tooth", f"{name} is new and {'bites' if tooth['refuted'] else 'does not bite'}")


def _slack(old: Entry, new: Entry, factor: float) -> Iterator[Change]:
    was, now = _tightest(old), _tightest(new)
    if was is None or now is None or new["verdict"] != Verdict.HOLDS.value:
        return
    says = f"tightest {number(was)} -> {number(now)}"
    if now > factor * was:
        yield Change(id=new["id"], what="slack", says=f"{says}: beyond a factor of {factor:g}", weight=Weight.REGRESSION)
    elif was > factor * now:
        yield _news(new, "slack", f"{says}: tighter")


def _tightest(entry: Entry) -> float | None:
    tight = entry["tightness"]
    return tight["quantiles"][0] if tight and tight["quantiles"] else None
