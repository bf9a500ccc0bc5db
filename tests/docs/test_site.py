"""The site is built without a warning, needs nothing from elsewhere, and leads nowhere that is not there."""

from __future__ import annotations

import html
import importlib.util
import logging
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType, SimpleNamespace
from urllib.parse import unquote, urlsplit

import pytest
from fontTools.ttLib import TTFont

from theory.registry import all_statements, papers

ROOT = Path(__file__).resolve().parents[2]
LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "object": "data", "use": "href"}


class Page(HTMLParser):
    """What a page loads, what it links to, and the places in it that can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.places: set[str] = set()
        self.classes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        told = dict(attrs)
        self.places |= {told[name] for name in ("id", "name") if told.get(name)}
        self.classes |= set((told.get("class") or "").split())
        if tag in LOADS and told.get(LOADS[tag]) and told.get("rel") not in {"canonical", "next", "prev"}:
            self.loads.append(told[LOADS[tag]])
        if tag == "a" and told.get("href"):
            self.links.append(told["href"])


def outside(address: str) -> bool:
    """Whether an address is not in the site."""
    return bool(urlsplit(address).scheme or urlsplit(address).netloc)


def broken(pages: dict[Path, Page], site: Path) -> list[str]:
    """The addresses in the pages that lead to no file of the site, or to no place on a page."""
    found = []
    for path, page in pages.items():
        for address in [*page.loads, *page.links]:
            parts = urlsplit(address)
            # The page for a missing address has addresses from the root.
            start = site if parts.path.startswith("/") else path.parent
            target = (start / unquote(parts.path).lstrip("/")).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            lost = parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].places
            if not outside(address) and (not target.is_file() or lost):
                found.append(f"{path.relative_to(site)}: {address}")
    return found


def raw_latex(text: str) -> list[str]:
    """The formulas of a page that were not drawn."""
    prose = re.sub(r"<(pre|script)\b.*?</\1>", "", text, flags=re.DOTALL)
    return re.findall(r"xFORMULAx|\$\$|:math:|.{0,30}\\[a-zA-Z]+.{0,30}", prose)


def without_glyph(text: str, font: Path) -> set[str]:
    """The characters of the formulas of a page that a font has not."""
    formulas = re.sub(r"<mtext>.*?</mtext>|<[^>]*>", "", "".join(re.findall(r"<math.*?</math>", text, re.DOTALL)))
    return {sign for sign in set("".join(html.unescape(formulas).split())) if ord(sign) not in TTFont(font).getBestCmap()}


def hook(name: str) -> ModuleType:
    """Import a module of docs/hooks, which is no package."""
    spec = importlib.util.spec_from_file_location(f"docs_hooks_{name}", ROOT / "docs" / "hooks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_site_is_built_strictly_loads_nothing_from_elsewhere_and_has_no_broken_link(tmp_path) -> None:
    site = tmp_path.resolve() / "site"
    # With --quiet a warning would not be counted, strict or not.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    texts = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    pages = {path: Page(text) for path, text in texts.items()}
    assert {f"papers/{key}.html" for key in papers()} | {"index.html", "tutorial.html"} <= {
        str(path.relative_to(site)) for path in pages
    }
    assert [address for page in pages.values() for address in page.loads if outside(address)] == []
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"@import|url\(['\"]?(?:https?:)?//[^)]*", styles) == []
    assert "url(quod-math.woff)" in styles
    assert without_glyph("".join(texts.values()), site / "quod-math.woff") == set()
    # The theme would load a program for these diagrams from elsewhere.
    assert not any("mermaid" in page.classes for page in pages.values())
    assert broken(pages, site) == []
    assert all(key in pages[site / "papers" / f"{entry.paper}.html"].places for key, entry in all_statements().items())
    assert [(path.name, found) for path, text in texts.items() for found in raw_latex(text)] == []


def test_a_load_from_elsewhere_and_a_broken_link_are_noticed(tmp_path) -> None:
    one, two = tmp_path / "one.html", tmp_path / "two.html"
    one.write_text(
        '<script src="https://a.b/c.js"></script><a href="two.html#x"></a><a href="two.html#y"></a><img src="no.png">'
    )
    two.write_text('<p id="x"></p><a href="one.html"></a><a href="https://a.b/"></a>')
    pages = {path: Page(path.read_text()) for path in (one, two)}
    assert [address for address in pages[one].loads if outside(address)] == ["https://a.b/c.js"]
    assert broken(pages, tmp_path) == ["one.html: no.png", "one.html: two.html#y"]


def test_formulas_become_mathml_and_code_stays(caplog) -> None:
    formulas, page = hook("formulas"), SimpleNamespace(file=SimpleNamespace(src_uri="a.md"))
    text = "so $a_1*b_2*c$ and\n$$\\frac12$$\nbut `$x$` and\n```\n$ quod list $x$\n```\n"
    left = formulas.on_page_markdown(text, page=page)
    assert "`$x$`" in left
    assert "$ quod list $x$" in left
    made = formulas.on_page_content(left, page=page)
    assert made.count("<math") == 2
    assert '<span class="formula"><math display="block"><mrow><mfrac><mn>1</mn><mn>2</mn></mfrac></mrow></math></span>' in made
    primes = formulas.on_page_content(formulas.on_page_markdown("$s_k''^2$", page=page), page=page)
    assert re.sub(r"</?m(?:row|i|n|o)[^>]*>", "", primes) == '<math display="inline"><msubsup>sk′′2</msubsup></math>'
    assert not caplog.records
    with caplog.at_level(logging.WARNING):
        formulas.on_page_markdown(r"$\frac{1}$", page=page)
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize("paper", papers())
def test_the_page_of_a_paper_has_each_statement_once_with_its_erratum_and_its_proof(paper) -> None:
    text = hook("papers").page_of(paper)
    entries = [entry for entry in all_statements().values() if entry.paper == paper]
    assert sorted(re.findall(r"^#### .*\{ #(\S+) \}$", text, re.MULTILINE)) == sorted(entry.id for entry in entries)
    assert text.count('!!! failure "Erratum"') == sum(entry.erratum is not None for entry in entries)
    assert text.count("??? note") == sum(entry.proof is not None for entry in entries)


def test_words_keep_their_stars_and_dollars_in_markdown() -> None:
    import markdown

    words = r"a*b*c _d_ <x> & `y` [z](w) #1 |u| $v$ \alpha ~ 'p' \"q\""
    made = markdown.markdown(hook("papers").plain(words), extensions=["tables", "attr_list"])
    assert html.unescape(made.removeprefix("<p>").removesuffix("</p>")) == words


def test_the_id_of_a_statement_is_a_link_and_a_role_is_dropped() -> None:
    words, page = hook("words"), SimpleNamespace(url="api/theory.html", file=SimpleNamespace(src_uri="api/theory.md"))
    text = "<code>wu2025.theorem-4</code> <code>no.theorem-4</code> :meth:<code>f</code> :math:<code>x&lt;y</code>"
    made = words.on_page_content(text, page=page)
    link = '<a href="../papers/wu2025.html#wu2025.theorem-4"><code>wu2025.theorem-4</code></a>'
    assert made.startswith(f"{link} <code>no.theorem-4</code> <code>f</code> <math")
    assert "<mo>&lt;</mo>" in made


def test_a_page_on_one_paper_links_ids_without_the_paper() -> None:
    words, text = hook("words"), "<code>lemma-21</code> <code>figure-2</code> <code>theorem-8</code>"
    made = {
        name: words.on_page_content(text, page=SimpleNamespace(url="a.html", file=SimpleNamespace(src_uri=name)))
        for name in ("discretization.md", "stability.md")
    }
    assert made["discretization.md"].startswith(
        '<a href="papers/marion2024.html#marion2024.lemma-21"><code>lemma-21</code></a>'
    )
    assert made["discretization.md"].count("<a ") == 1
    assert made["stability.md"] == text
