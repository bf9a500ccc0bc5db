from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from verification.reports.words import in_order

pytestmark = pytest.mark.browser

SHOWN = "return [...document.querySelectorAll('tr[data-statement]')].filter(r => r.offsetHeight).map(r => r.dataset.statement)"
DESKTOP = (1280, 1000)


@pytest.fixture(scope="module")
def chromium(browser_paths) -> Iterator[Any]:
    """A browser without a window and without a network."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = browser_paths[0]
    flags = ("headless=new", "no-sandbox", "disable-dev-shm-usage", "disable-gpu", "proxy-server=127.0.0.1:9")
    for flag in flags:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(browser_paths[1]))
    driver.set_script_timeout(20)
    yield driver
    driver.quit()


@pytest.fixture
def visit(chromium, report_files) -> Iterator[Any]:
    """Open the page at a place, on a screen; the console must have stayed empty in the end."""

    def go(place: str = "", *, file: str = "few", size=DESKTOP, dark: bool = False, media: str = "screen") -> Any:
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
        screen = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 500}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        chromium.get("about:blank")
        chromium.get(report_files[file].as_uri() + place)
        return chromium

    chromium.get_log("browser")
    yield go
    assert chromium.get_log("browser") == []


def settled(driver: Any, says: Any) -> bool:
    """Whether the address becomes what it should be within two seconds."""
    for _ in range(40):
        if says(driver.current_url):
            return True
        time.sleep(0.05)
    return False


def choose(driver: Any, name: str, value: str) -> None:
    driver.execute_script(
        "const field = document.getElementById('filter-' + arguments[0]); field.value = arguments[1];"
        "field.dispatchEvent(new Event('input', {bubbles: true}))",
        name,
        value,
    )


def wanted(report: Any, **facets: Any) -> list[str]:
    def has(entry: Any) -> bool:
        found = {**entry, "by": "ours" if entry["ours"] else "paper", "kind_of_evidence": entry["evidence"][0]["kind"]}
        return all(found[name] == value for name, value in facets.items())

    return sorted((entry["id"] for entry in report["statements"] if has(entry)), key=in_order)


FILTERS = (
    ("paper", "wu2025", {"paper": "wu2025"}),
    ("verdict", "refuted", {"verdict": "refuted"}),
    ("evidence", "measured", {"kind_of_evidence": "measured"}),
    ("kind", "limit", {"kind": "limit"}),
    ("by", "ours", {"ours": True}),
)
LABELS = {"evidence": "best evidence", "by": "whose"}


def test_each_filter_shows_what_it_says_counts_it_and_stays_in_the_address(visit, whole) -> None:
    driver = visit(file="whole")
    assert driver.execute_script(SHOWN) == wanted(whole)
    for name, value, facets in FILTERS:
        choose(driver, name, value)
        expected = wanted(whole, **facets)
        assert driver.execute_script(SHOWN) == expected
        sections = "return [...document.querySelectorAll('details.statement')].filter(part => part.offsetHeight).length"
        assert driver.execute_script(sections) == len(expected)
        count = f"{len(expected)} of {len(whole['statements'])} statements; {LABELS.get(name, name)}: {value}"
        assert driver.execute_script("return document.getElementById('count').textContent") == count
        assert settled(driver, lambda url, end=f"#?{name}={value}": url.endswith(end))
        choose(driver, name, "")


def test_a_filtered_view_can_be_linked_to_and_reset(visit, whole) -> None:
    driver = visit("#?verdict=refuted&paper=wu2025&kind=no-such-kind", file="whole")
    assert driver.execute_script(SHOWN) == wanted(whole, verdict="refuted", paper="wu2025")
    driver.execute_script("document.getElementById('show-all').click()")
    assert driver.execute_script(SHOWN) == wanted(whole)
    assert settled(driver, lambda url: "#" not in url)


def test_a_link_to_what_the_filter_hides_shows_a_table_in_full_and_a_statement_beside_the_filter(visit, whole) -> None:
    driver = visit("#?verdict=refuted&paper=wu2025", file="whole")
    script = """
        const done = arguments[0];
        const places = ['#marion2024.claim-d', '#table-marion2024'];
        const seen = [];
        const look = () => seen.push([
            document.getElementById('marion2024.claim-d').checkVisibility(),
            document.querySelectorAll('#table-marion2024 tbody tr:not([hidden])').length,
            document.getElementById('table-marion2024').checkVisibility(),
            document.getElementById('filter-paper').value,
        ]);
        addEventListener('hashchange', () => { look(); if (places.length) location.hash = places.shift(); else done(seen); });
        look();
        location.hash = places.shift();
    """
    rows = len(wanted(whole, paper="marion2024"))
    assert driver.execute_async_script(script) == [
        [False, 0, False, "wu2025"],
        [True, 0, False, "wu2025"],
        [True, rows, True, ""],
    ]


def test_the_text_filter_finds_words_and_latex_in_any_order_and_case(visit) -> None:
    driver = visit(file="whole")
    choose(driver, "q", r"LARGE forbids \theta^\star")
    found = driver.execute_script(SHOWN)
    assert "wu2025.theorem-8" in found
    assert len(found) < 20
    choose(driver, "q", "no such words anywhere")
    assert driver.execute_script(SHOWN) == []


def test_the_section_of_every_statement_opens_and_its_formula_is_drawn(visit, whole) -> None:
    driver = visit(file="whole")
    script = """
        const sections = [...document.querySelectorAll('details.statement')];
        for (const section of sections) section.querySelector('summary').click();
        const size = part => { const box = part.getBoundingClientRect(); return [box.width, box.height]; };
        const opened = sections.filter(part => part.open && part.querySelector('.body').offsetHeight > 100);
        return [opened.map(part => part.querySelector('.body').id), [...document.querySelectorAll('math')].map(size),
                [...document.querySelectorAll('math > mrow > mfrac')].map(size),
                document.querySelectorAll('code.latex').length];
    """
    opened, formulas, fractions, as_latex = driver.execute_script(script)
    assert opened == wanted(whole)
    assert as_latex == 0
    assert len(formulas) == len(whole["statements"]) - as_latex
    assert min(min(size) for size in formulas) > 5
    assert min(height for _, height in fractions) > 20
    fonts = "return document.fonts.ready.then(() => [...document.fonts].map(font => [font.family, font.status]))"
    assert driver.execute_script(fonts) == [["Quod Math", "loaded"]]


def test_rows_lead_to_the_sections_of_their_statements(visit) -> None:
    driver = visit(file="whole")
    script = """
        const done = arguments[arguments.length - 1];
        const links = [...document.querySelectorAll('tr[data-statement] th a')].filter((_, place) => place % 40 === 0);
        const opened = [];
        addEventListener('hashchange', () => {
            const section = document.activeElement.closest('details');
            opened.push([section.open, section.querySelector('.body').id]);
            if (opened.length < links.length) links[opened.length].click();
            else done([opened, links.map(link => [true, link.textContent])]);
        });
        links[0].click();
    """
    opened, meant = driver.execute_async_script(script)
    assert len(opened) > 5
    assert opened == meant


def test_a_link_to_a_statement_opens_it_and_puts_the_focus_there(visit) -> None:
    driver = visit("#wu2025.proposition-7")
    script = "const at = document.activeElement; return [at.tagName, at.textContent, at.parentElement.open]"
    tag, text, is_open = driver.execute_script(script)
    assert (tag, is_open) == ("SUMMARY", True)
    assert text.startswith("wu2025.proposition-7")


def test_the_counterexample_is_copied_with_the_clipboard_and_without_it(visit, few) -> None:
    driver = visit("#wu2025.proposition-7")
    script = """
        const done = arguments[arguments.length - 1];
        const button = [...document.getElementById('wu2025.proposition-7').querySelectorAll('button.copy')]
            .find(each => each.textContent === 'Copy the counterexample');
        const kept = [];
        const board = {writeText: text => { kept.push(text); return arguments[0] ? Promise.resolve() : Promise.reject(); }};
        Object.defineProperty(navigator, 'clipboard', {value: board, configurable: true});
        document.execCommand = () => false;
        button.click();
        setTimeout(() => done([kept[0], getSelection().toString(), document.getElementById('said').textContent]), 50);
    """
    data = next(entry for entry in few["statements"] if entry["id"] == "wu2025.proposition-7")["counterexample"]["data"]
    line = f'{{"x": ["-1/3", {data["x"][1]}]}}'
    assert driver.execute_async_script(script, True) == [line, "", "Copied"]
    assert visit("#wu2025.proposition-7").execute_async_script(script, False) == [line, line, "Selected: copy with Ctrl+C"]


def test_the_keyboard_reaches_the_statements_first_and_the_focus_is_seen(visit) -> None:
    from selenium.webdriver.common.keys import Keys

    driver = visit()
    driver.switch_to.active_element.send_keys(Keys.TAB)
    first = driver.switch_to.active_element
    assert first.text == "Skip to the statements"
    assert first.value_of_css_property("outline-style") == "solid"
    first.send_keys(Keys.ENTER)
    assert driver.execute_script("return document.activeElement.id") == "statements"
    driver.switch_to.active_element.send_keys(Keys.TAB)
    assert driver.switch_to.active_element.get_attribute("id") == "filter-paper"


def test_a_phone_shows_the_page_without_scrolling_sideways(visit) -> None:
    driver = visit("#wu2025.theorem-8", size=(390, 844))
    widths = driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert widths == [390, 390]


def test_light_and_dark_are_obeyed(visit) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor"
    levels = [sum(map(int, re.findall(r"\d+", visit(dark=dark).execute_script(ground))[:3])) for dark in (False, True)]
    assert levels[0] > 700 > 150 > levels[1]


def test_paper_has_the_chosen_statements_in_full_and_no_controls(visit, few) -> None:
    driver = visit("#?paper=wu2025&verdict=refuted", media="print", size=(800, 1000))
    script = """
        const seen = part => part.checkVisibility();
        return [[...document.querySelectorAll('.body')].filter(seen).map(body => body.id),
                [...document.querySelectorAll('select, input, button, nav, .source')].filter(seen).length,
                seen(document.getElementById('count')) && document.getElementById('count').textContent];
    """
    chosen = wanted(few, paper="wu2025", verdict="refuted")
    count = f"{len(chosen)} of {len(few['statements'])} statements; paper: wu2025, verdict: refuted"
    assert driver.execute_script(script) == [chosen, 0, count]
    pdf = base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert pdf.startswith(b"%PDF")


def test_without_a_script_the_page_is_there_to_be_read(visit, few) -> None:
    driver = visit()
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        visit("#wu2025.theorem-8")
        expression = """[document.getElementById('filters').hidden,
            document.querySelectorAll('button.copy:not([hidden])').length,
            document.querySelectorAll('tr[data-statement]').length,
            document.getElementById('wu2025.theorem-8').offsetHeight > 100]"""
        found = driver.execute_cdp_cmd("Runtime.evaluate", {"expression": expression, "returnByValue": True})
    finally:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert found["result"]["value"] == [True, 0, len(few["statements"]), True]
