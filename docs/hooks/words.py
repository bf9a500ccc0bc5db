"""What Markdown does not know: the id of a statement is a link to it, and a role of a docstring is a formula or code."""

from __future__ import annotations

import html as entities
import logging
import re
from typing import Any
from xml.etree.ElementTree import tostring

from mkdocs.utils import get_relative_url

from theory.registry import all_statements
from verification.reports.html_formulas import formula

log = logging.getLogger("mkdocs.hooks.words")

CODE = re.compile(r"<code>((?:[a-z0-9]+\.)?[a-z]+-[a-z0-9.-]+)</code>(?!</a>)")
SHORT = {"discretization.md": "marion2024", "polyak-lojasiewicz.md": "marion2024", "convolutional-networks.md": "marion2024"}
"""Pages whose ids leave out the paper."""
MATH = re.compile(r":math:<code>(.*?)</code>", re.DOTALL)
ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):(?=<code>)")


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Link the statements that a page names, draw the formulas of docstrings, and drop the roles in front of names.

    Parameters
    ----------
    html
        The page as Markdown made it.
    page
        The page.

    Returns
    -------
    str
        The page with its links and formulas.
    """
    known, paper = all_statements(), SHORT.get(page.file.src_uri)

    def link(found: re.Match[str]) -> str:
        key = next((key for key in (found[1], f"{paper}.{found[1]}") if key in known), None)
        if key is None:
            return found[0]
        address = get_relative_url(f"papers/{known[key].paper}.html#{key}", page.url)
        return f'<a href="{address}">{found[0]}</a>'

    def drawn(found: re.Match[str]) -> str:
        math = formula(entities.unescape(found[1]), block=False)
        if math.tag != "math":
            log.warning("%s: this formula cannot be read: %s", page.file.src_uri, found[1])
        return tostring(math, encoding="unicode")

    return ROLE.sub("", MATH.sub(drawn, CODE.sub(link, html)))
