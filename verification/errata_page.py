"""A sheet of Markdown as one page that loads nothing from elsewhere."""

from __future__ import annotations

import re
from xml.etree.ElementTree import tostring

FORMULA = re.compile(r"^\$\$(.*)\$\$$", re.MULTILINE)
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 Georgia, serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
code, pre {{ font: 14px/1.4 monospace; background: #f4f4f2; }}
pre {{ padding: .6rem; overflow-x: auto; }}
td, th {{ padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #ddd; }}
p, li {{ overflow-wrap: anywhere; }}
.formula {{ display: block; overflow: auto hidden; padding: .7rem 0; }}
@media (prefers-color-scheme: dark) {{
body {{ color: #ddd; background: #1c1c1e; }} code, pre {{ background: #2a2a2d; }} td, th {{ border-color: #444; }}
}}
</style>
</head>
<body>
{body}</body>
</html>
"""


def page_of(title: str, text: str) -> str:
    """Return Markdown as one self-contained page, its displayed formulas as mathematics.

    Parameters
    ----------
    title
        The title of the page.
    text
        The Markdown; a line that is a formula between ``$$`` stands alone.

    Returns
    -------
    str
        The page.
    """
    from markdown_it import MarkdownIt

    from verification.reports.html_formulas import formula

    formulas: list[str] = []

    def kept(match: re.Match[str]) -> str:
        # Markdown would take the backslashes of LaTeX for its own.
        formulas.append(f'<span class="formula">{tostring(formula(match[1]), encoding="unicode")}</span>')
        return f"FORMULA{len(formulas) - 1}."

    # Raw HTML in a statement's words is shown, not run.
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(FORMULA.sub(kept, text))
    body = re.sub(r"FORMULA(\d+)\.", lambda match: formulas[int(match[1])], body)
    return PAGE.format(title=title, body=body)
