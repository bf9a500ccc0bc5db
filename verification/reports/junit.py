"""``junit.xml``: one test case a statement, for the CI of a paper."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from verification.cache import write_atomically
from verification.outcome import Verdict

# XML 1.0 has no way to write these characters.
FORBIDDEN = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(report: Mapping[str, Any], out: Path) -> Path:
    """Write ``junit.xml``: a failure is a verdict that is news, an error is a check that could not run.

    Parameters
    ----------
    report
        The report.
    out
        The folder.

    Returns
    -------
    Path
        The file.
    """
    summary, entries = report["summary"], report["statements"]
    counts = {"tests": len(entries), "failures": len(summary["differing"]), "errors": len(summary["errors"])}
    suite = ElementTree.Element("testsuite", _strings(counts), name="quod", time=f"{report['timing']['seconds']:.3f}")
    for entry in entries:
        suite.append(_case(entry, news=entry["id"] in summary["differing"]))
    root = ElementTree.Element("testsuites", _strings(counts))
    root.append(suite)
    ElementTree.indent(root)
    path = out / "junit.xml"
    write_atomically(path, ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
    return path


def _case(entry: Mapping[str, Any], *, news: bool) -> ElementTree.Element:
    seconds = f"{entry['timing']['seconds']:.3f}"
    case = ElementTree.Element("testcase", classname=_clean(entry["paper"]), name=_clean(entry["id"]), time=seconds)
    if entry["verdict"] == Verdict.ERROR.value:
        ElementTree.SubElement(case, "error", message=_clean(entry["reason"]))
    elif news:
        expected = entry["expected_verdict"] or "holds (none on record)"
        message = f"{entry['verdict']}, expected {expected}. {entry['reason']}".strip()
        failure = ElementTree.SubElement(case, "failure", message=_clean(message))
        failure.text = _clean(_details(entry))
    ElementTree.SubElement(case, "system-out").text = _clean("\n".join(line["summary"] for line in entry["evidence"]))
    return case


def _details(entry: Mapping[str, Any]) -> str:
    found = entry["counterexample"]
    if found is None:
        return str(entry["says"])
    return f"{entry['says']}\nat {found['data']}\nleft  {found['left']}\nright {found['right']}"


def _strings(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _clean(text: str) -> str:
    return FORBIDDEN.sub("?", text)
