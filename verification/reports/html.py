"""``report.html``: the whole report as one page that needs nothing else, no network, and no script to be read.

The page is drawn from ``report.json``, the figures that stand beside it, and the style, script and font under ``assets``. Its
script only filters, copies and opens; a policy in the page lets no other one run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from verification.cache import write_atomically
from verification.reports.html_figures import Picture, gallery, pictures
from verification.reports.html_graph import Graph, link
from verification.reports.html_markup import Child, element, listed, named, written
from verification.reports.html_overview import overview
from verification.reports.html_statement import badge, section
from verification.reports.html_table import filters, table
from verification.reports.words import Entry, in_order, summary_line

ASSETS = Path(__file__).resolve().parent / "assets"


def write_html(report: Mapping[str, Any], out: Path) -> Path:
    """Write ``report.html``, with the figures of its papers that stand in the folder.

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
    path = out / "report.html"
    write_atomically(path, page(report, pictures(out, papers(report))).encode())
    return path


def papers(report: Mapping[str, Any]) -> list[str]:
    """Return the keys of the papers in a report."""
    return sorted({entry["paper"] for entry in report["statements"]})


def page(report: Mapping[str, Any], drawn: Sequence[Picture] = ()) -> str:
    """Return the page: the same report and figures give the same bytes.

    Parameters
    ----------
    report
        The report.
    drawn
        Figures of the papers.

    Returns
    -------
    str
        HTML.
    """
    style, script = _style(), (ASSETS / "report.js").read_text(encoding="utf-8")
    allowed = f"style-src {_digest(style)}; script-src {_digest(script)}; img-src data:; font-src data:"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    title = f"Report of quod on {', '.join(papers(report)) or 'nothing'}"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", style),
    )
    body = element(
        "body",
        element("a", "Skip to the statements", href="#statements", class_="skip"),
        element("header", element("h1", title), *_summary(report), _contents(report)),
        element("main", *_main(report, drawn), id="statements", tabindex="-1"),
        element("footer", *_provenance(report), id="provenance"),
        element("p", id="said", role="status", aria_live="polite", class_="unseen"),
        element("script", script),
    )
    return f"<!DOCTYPE html>\n{written(element('html', head, body, lang='en'))}\n"


def _style() -> str:
    font = base64.b64encode((ASSETS / "quod-math.woff").read_bytes()).decode()
    face = f'@font-face {{ font-family: "Quod Math"; src: url(data:font/woff;base64,{font}) format("woff"); }}'
    return f"{(ASSETS / 'report.css').read_text(encoding='utf-8')}{face}\n"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _summary(report: Mapping[str, Any]) -> Iterator[Child]:
    summary, graph = report["summary"], _graph(report)
    yield element("p", f"{summary_line(summary)}.")
    for title, key in (("Verdicts that differ from the recorded ones", "differing"), ("Checks that could not run", "errors")):
        if summary[key]:
            yield element("p", element("strong", f"{title}:"))
            yield listed([link(identifier, graph) for identifier in summary[key]])
    if summary["not_run"]:
        yield element("p", element("strong", "The run was interrupted; not judged: "), ", ".join(summary["not_run"]))
    if summary["surviving_mutants"]:
        names = [element("span", link(item["id"], graph), f": {item['name']}") for item in summary["surviving_mutants"]]
        yield element("p", element("strong", "Surviving mutants: false neighbours that the check did not reject"))
        yield listed([*names])
    evidence = (
        "proved for all parameters of a stated set; certified by rigorous enclosures at the instances listed; sampled: an "
    )
    rest = "adversarial search found no violation; measured within a stated confidence interval."
    yield element("p", f"Evidence, strongest first: {evidence}{rest} A paper is a claim under test, not an authority.")


def _contents(report: Mapping[str, Any]) -> Element:
    links = [(f"#paper-{paper}", paper) for paper in papers(report)] + [("#provenance", "provenance")]
    return element("nav", listed([element("a", name, href=address) for address, name in links]), aria_label="Contents")


def _main(report: Mapping[str, Any], drawn: Sequence[Picture]) -> Iterator[Child]:
    entries: Sequence[Entry] = sorted(report["statements"], key=lambda entry: in_order(entry["id"]))
    yield filters(entries, news=bool(report["summary"]["differing"]))
    for paper in papers(report):
        own = [entry for entry in entries if entry["paper"] == paper]
        yield element("section", *_paper(paper, own, report, drawn), class_="paper", aria_labelledby=f"paper-{paper}")


def _paper(paper: str, own: Sequence[Entry], report: Mapping[str, Any], drawn: Sequence[Picture]) -> Iterator[Child]:
    graph, news, made = _graph(report), report["summary"]["differing"], report["provenance"]
    shown = {picture.id: picture.address for picture in drawn}
    yield element("h2", paper, id=f"paper-{paper}")
    yield element("p", *_counts(own))
    for heading, content in (("What rests on what", overview(own, graph)), ("Figures", gallery(drawn, paper, made["source"]))):
        yield element("details", element("summary", element("h3", heading)), *content, class_="overview")
    yield table(paper, own, news)
    sections = [section(entry, graph, made, news=entry["id"] in news, pictures=shown) for entry in own]
    yield element("div", *sections, class_="statements")


def _graph(report: Mapping[str, Any]) -> Graph:
    return Graph(entries={entry["id"]: entry for entry in report["statements"]})


def _counts(entries: Sequence[Entry]) -> Iterator[Child]:
    verdicts = [entry["verdict"] for entry in entries]
    for verdict in sorted(set(verdicts)):
        yield badge(verdict)
        yield f" {verdicts.count(verdict)}  "


def _provenance(report: Mapping[str, Any]) -> Iterator[Child]:
    made = report["provenance"]
    threads = ", ".join(f"{name} {value}" for name, value in made["threads"].items() if value is not None)
    versions = ", ".join(f"{name} {version}" for name, version in made["versions"].items() if version)
    stored = len(report["timing"]["from_earlier_runs"])
    rows: dict[str, Any] = {
        "command": element("code", made["command"]),
        "date": made["date"],
        "profile and seed": f"{made['profile']}, {made['seed']}",
        "processes": made["jobs"],
        "part of a run in parts": made.get("shard"),
        "threads": threads,
        "versions": versions,
        "python and platform": f"{made['python']}, {made['platform']}",
        "statements from": made["source"] or "the papers that come with quod",
        "digest of the code": element("code", made["code"]),
        "digest of the results": element("code", results_digest(report)),
        "time": f"{report['timing']['seconds']:.1f} s, {stored} statements taken from earlier runs",
    }
    yield element("h2", "Provenance")
    shown = {name: value for name, value in rows.items() if value is not None}
    yield named([(name, value if isinstance(value, Element) else str(value)) for name, value in shown.items()])
    note = (
        "The digest of the results is SHA-256 over the statements of report.json without their timing: the same code and seed "
    )
    yield element("p", f"{note}give the same digest.")


def results_digest(report: Mapping[str, Any]) -> str:
    """Return SHA-256 over the statements without their timing, as JSON with sorted keys."""
    kept = [{name: value for name, value in entry.items() if name != "timing"} for entry in report["statements"]]
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
