"""``report.html``: the text report as one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from verification.cache import write_atomically
from verification.reports.markdown import markdown

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Report of quod</title>
<style>
body {{ font: 16px/1.5 Georgia, serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
code, pre {{ font: 14px/1.4 monospace; background: #f4f4f2; }}
pre {{ padding: .6rem; overflow-x: auto; }}
table {{ border-collapse: collapse; }}
td, th {{ padding: .2rem .8rem .2rem 0; text-align: left; border-bottom: 1px solid #ddd; }}
</style>
</head>
<body>
{body}</body>
</html>
"""


def write_html(report: Mapping[str, Any], out: Path) -> Path:
    """Write ``report.html``; formulas stay in LaTeX, as the page loads nothing from elsewhere.

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
    # Raw HTML in a statement's words is shown, not run.
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    path = out / "report.html"
    write_atomically(path, PAGE.format(body=parser.render(markdown(report))).encode())
    return path
