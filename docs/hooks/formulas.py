"""Formulas of the pages, between one dollar or two, as MathML when the site is built: nothing is loaded to show them.

Formulas are taken out before Markdown reads the page, which would take their underscores and stars for its own, and put in
afterwards. One that cannot be read is a warning, and so an end of the build where that is strict.
"""

from __future__ import annotations

import logging
import re
from typing import Any
from xml.etree.ElementTree import tostring

from mkdocs.structure.files import File

from verification.reports.html import ASSETS
from verification.reports.html_formulas import formula

log = logging.getLogger("mkdocs.hooks.formulas")

PIECES = re.compile(r"(?P<code>^```.*?^```|`[^`\n]+`)|\$\$(?P<block>.+?)\$\$|\$(?P<inline>[^$]+?)\$", re.DOTALL | re.MULTILINE)
PRIMES = re.compile(r"('+)(?:\^(\{[^{}]*\}|\\?\w))?")
PLACE = re.compile(r"xFORMULAx(\d+)x")


def on_files(files: Any, config: Any, **_: Any) -> Any:
    """Add the font of the report's formulas to the files of the site.

    Parameters
    ----------
    files
        The files so far.
    config
        The settings of the site.

    Returns
    -------
    Files
        The same, and the font.
    """
    files.append(File.generated(config, "quod-math.woff", abs_src_path=str(ASSETS / "quod-math.woff")))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Take the formulas out of a page, and keep them on it as MathML.

    Parameters
    ----------
    markdown
        The text of the page.
    page
        The page.

    Returns
    -------
    str
        The text with a word in the place of each formula.
    """
    page.formulas = []

    def word(found: re.Match[str]) -> str:
        if found["code"]:
            return found["code"]
        latex = " ".join((found["block"] or found["inline"]).split())
        math = formula(PRIMES.sub(_primes, latex), block=found["block"] is not None)
        if math.tag != "math":
            log.warning("%s: this formula cannot be read: %s", page.file.src_uri, latex)
        made = tostring(math, encoding="unicode")
        page.formulas.append(f'<span class="formula">{made}</span>' if found["block"] else made)
        return f"xFORMULAx{len(page.formulas) - 1}x"

    return PIECES.sub(word, markdown)


def _primes(found: re.Match[str]) -> str:
    """Put primes and the power behind them into one superscript, as the converter would stack them."""
    return "^{" + r"\prime" * len(found[1]) + f" {found[2] or ''}}}"


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Put the formulas of a page where they belong.

    Parameters
    ----------
    html
        The page as Markdown made it.
    page
        The page.

    Returns
    -------
    str
        The page with its formulas.
    """
    return PLACE.sub(lambda found: page.formulas[int(found[1])], html)
