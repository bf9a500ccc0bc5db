"""Two things that Markdown does not know: the id of a statement is a link to it, and a role of a docstring is code."""

from __future__ import annotations

import re
from typing import Any

from mkdocs.utils import get_relative_url
from theory.registry import all_statements

CODE = re.compile(r"<code>([a-z0-9]+\.[a-z]+-[a-z0-9.-]+)</code>(?!</a>)")
ROLE = re.compile(r":(?:attr|class|func|meth|mod):(?=<code>)")


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Link the statements that a page names, and drop the roles in front of names.

    Parameters
    ----------
    html
        The page as Markdown made it.
    page
        The page.

    Returns
    -------
    str
        The page with its links.
    """
    known = all_statements()

    def link(found: re.Match[str]) -> str:
        if found[1] not in known:
            return found[0]
        address = get_relative_url(f"papers/{known[found[1]].paper}.html#{found[1]}", page.url)
        return f'<a href="{address}">{found[0]}</a>'

    return ROLE.sub("", CODE.sub(link, html))
