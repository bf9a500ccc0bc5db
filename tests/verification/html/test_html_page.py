from __future__ import annotations

import base64
import copy
import hashlib
import json
import random
import re
import shlex
from html.parser import HTMLParser
from itertools import chain, pairwise
from urllib.parse import unquote

import pytest

from verification.reports.html import ASSETS, page, results_digest, write_html
from verification.reports.html_figures import pictures
from verification.reports.html_overview import arranged, base, numbered
from verification.reports.html_plots import rate_plot, slack_plot
from verification.reports.words import in_order

VOID = {"meta", "img", "input", "br", "link", "hr"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(8) + (640).to_bytes(4, "big") + (480).to_bytes(4, "big") + b"the rest"


class Page(HTMLParser):
    """The page as a reader sees it: tags with attributes, and text by the tag that it stands in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_each_statement_has_a_row_and_a_section_and_every_link_leads_somewhere(whole, report_files) -> None:
    text = Page(report_files["whole"].read_text(encoding="utf-8"))
    ids = [attributes["id"] for _, attributes in text.tags if "id" in attributes]
    keys = sorted((entry["id"] for entry in whole["statements"]), key=in_order)
    assert len(ids) == len(set(ids))
    assert [row["data-statement"] for row in text.all("tr") if "data-statement" in row] == keys
    assert len([section for section in text.all("details") if section.get("class") == "statement"]) == len(keys)
    targets = {unquote(link["href"].removeprefix("#")) for link in text.all("a") if link["href"].startswith("#")}
    assert set(keys) <= targets <= set(ids)
    assert text.open == []


def test_no_word_of_a_statement_becomes_markup(nasty) -> None:
    raw = page(nasty)
    text = Page(raw)
    assert len(text.all("script")) == 1
    assert text.all("b") == []
    shown = "\n".join(chain.from_iterable(text.texts.values()))
    assert (
        shown.count("</script><script>alert(1)</script> & \"double\" 'single' <b>bold</b>\nsecond line \ufffd \ufffd ]]> -->")
        > 9
    )
    assert not [name for _, attributes in text.tags for name in attributes if name.startswith("on")]


SURPRISING = 'mine.lemma-1 %41 & "X" <é>'


def test_a_surprising_id_keeps_its_links(few) -> None:
    few["statements"][0]["id"] = SURPRISING
    few["statements"][1]["uses"] = [few["statements"][0]["id"]]
    text = Page(page(few))
    targets = [unquote(link["href"].removeprefix("#")) for link in text.all("a")]
    assert targets.count(SURPRISING) >= 3


def test_the_page_needs_nothing_else_and_its_policy_names_its_style_and_script(few) -> None:
    text = Page(page(few))
    loaded = [attributes.get("src") or attributes.get("href") for tag, attributes in text.tags if tag not in {"a", "label"}]
    assert not any(loaded)
    assert not [link for link in text.all("a") if not link["href"].startswith("#")]
    assert not [attributes for _, attributes in text.tags if "style" in attributes]
    policy = next(meta["content"] for meta in text.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    for tag in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256("".join(text.texts[tag]).encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    font = base64.b64encode((ASSETS / "quod-math.woff").read_bytes()).decode()
    assert f"url(data:font/woff;base64,{font})" in "".join(text.texts["style"])
    assert "font-src data:;" in policy


def test_one_report_gives_one_page_and_timing_changes_times_only(few) -> None:
    first = page(few)
    assert page(copy.deepcopy(few)) == first
    for entry in few["statements"]:
        entry["timing"]["seconds"] = 7.75
    times = re.compile(r'<span class="time">[^<]*</span>')
    assert page(few) != first
    assert times.sub("", page(few)) == times.sub("", first)


def test_the_digest_of_the_results_sees_a_verdict_and_no_time(few) -> None:
    digest = results_digest(few)
    few["statements"][0]["timing"]["seconds"] = 99.0
    assert results_digest(few) == digest
    assert digest in page(few)
    few["statements"][0]["verdict"] = "vacuous"
    assert results_digest(few) != digest


def test_the_command_in_a_counterexample_says_its_data_to_a_shell(few) -> None:
    few["provenance"] = few["provenance"] | {"source": "/a folder/it's.py"}
    entry = next(entry for entry in few["statements"] if entry["verdict"] == "refuted")
    commands = [line for line in Page(page(few)).texts["code"] if line.startswith("quod check")]
    words = shlex.split(commands[0])
    assert words[:5] == ["quod", "check", entry["id"], "--file", "/a folder/it's.py"]
    assert json.loads(words[6]) == entry["counterexample"]["data"]


def test_a_report_of_nothing_and_an_interrupted_one_are_pages(few) -> None:
    few["summary"]["not_run"] = ["wu2025.theorem-4"]
    few["statements"] = []
    text = page(few)
    assert "Report of quod on nothing" in text
    assert "wu2025.theorem-4" in text


def test_what_a_refutation_breaks_is_told_with_the_way_there(few) -> None:
    entries = few["statements"][:3]
    for entry in entries:
        entry |= {"uses": [], "verdict": "holds", "erratum": None, "counterexample": None}
    first, second, third = entries
    second["uses"], third["uses"] = [first["id"]], [second["id"]]
    few["statements"] = entries
    shown = page(few)
    start = shown.index(f'id="{first["id"]}"')
    body = Page(shown[start - 5 : shown.index("</details>", shown.index("What its refutation would break"))])
    words = " ".join(chain.from_iterable(body.texts.values()))
    assert third["id"] in words
    assert f"through {second['id']}" in words


def test_what_a_refutation_reaches_from_afar_is_folded_when_it_is_much(few) -> None:
    model = few["statements"][0] | {"verdict": "holds", "erratum": None, "counterexample": None}
    names = [f"wu2025.lemma-{place}" for place in range(1, 12)]
    few["statements"] = [model | {"id": key, "uses": names[max(place - 1, 0) : place]} for place, key in enumerate(names)]
    first, second = (page(few), page(few | {"statements": few["statements"][:-1]}))
    assert "9 more that rest on these" in first
    assert "; through wu2025.lemma-10 and 8 more" in first
    assert "more that rest on these" not in second
    assert "; through wu2025.lemma-9 and 7 more" in second


def test_a_hypothesis_whose_name_says_it_all_is_written_once(few) -> None:
    few["statements"][0]["hypotheses"] |= {"names": ["x > 17", "order"], "says": ["x > 17", "x is sorted from 1 to 7"]}
    text = page(few)
    assert text.count("x &gt; 17") == 1
    assert "<dt>order</dt><dd>x is sorted from 1 to 7</dd>" in text
    assert text.count("x is sorted from 1 to 7") == 1


def test_ids_are_in_the_order_of_the_paper() -> None:
    ordered = ["p", "p.lemma-2", "p.lemma-2.part-b", "p.lemma-2.step-9", "p.lemma-2.step-10", "p.lemma-2²", "p.lemma-10", "q"]
    assert sorted(reversed(ordered), key=in_order) == ordered


# the axis: from 0.1 to 1e5 are 6 decades over 520 pixels
def test_the_slack_plot_puts_quartiles_where_their_logarithms_are() -> None:
    plot = slack_plot({"quantiles": [0.1, 1.0, 10.0, 1000.0, 1e5], "count": 5, "extreme": None, "note": ""})
    decade = 520 / 6
    box = next(part for part in plot.iter("rect") if part.get("class") == "box")
    assert float(box.get("x")) == pytest.approx(20 + decade, abs=0.01)
    assert float(box.get("width")) == pytest.approx(3 * decade, abs=0.01)
    shaded = next(part for part in plot.iter("rect") if part.get("class") == "violated")
    assert (float(shaded.get("x")), float(shaded.get("width"))) == pytest.approx((20, decade), abs=0.01)
    ticks = {part.text: float(part.get("x")) for part in plot.iter("text")}
    assert ticks["1"] == pytest.approx(20 + decade, abs=0.01)
    assert ticks["1e5"] == pytest.approx(540, abs=0.01)


@pytest.mark.parametrize(
    "quantiles", [[1.0] * 5, [1.0, 1.0, 1.0, 1.0, None], [1e-300, 1, 1, 1, 1e300], [1 - 1e-15, 1, 1, 1, 1.02]]
)
def test_the_slack_plot_stays_on_its_axis(quantiles) -> None:
    plot = slack_plot({"quantiles": quantiles})
    for part in plot.iter("rect"):
        assert 19.9 <= float(part.get("x")) <= float(part.get("x")) + float(part.get("width")) <= 541.1
    assert 1 <= len(list(plot.iter("text"))) <= 10


def test_one_is_on_the_axis_of_a_bound_that_is_far_from_tight() -> None:
    plot = slack_plot({"quantiles": [1e10, 1e20, 1e20, 1e20, 1e30]})
    dot = next(plot.iter("circle"))
    assert float(dot.get("cx")) == pytest.approx(20 + 520 / 3, abs=0.01)
    assert next(part for part in plot.iter("text") if part.text == "1").get("x") == "20"


def test_rounding_below_one_is_no_violation_and_no_number_is_no_plot() -> None:
    plot = slack_plot({"quantiles": [1 - 1e-15, 1, 1, 1, 2]})
    assert not [part for part in plot.iter("rect") if part.get("class") == "violated"]
    assert slack_plot({"quantiles": [None] * 5}) is None
    assert slack_plot({"quantiles": [0.0, 1, 1, 1, 1]}) is None


def test_errors_of_a_power_lie_on_a_straight_line_and_zeros_are_left_out() -> None:
    scales = ["2", "4", "8", "16"]
    plot = rate_plot({"scales": scales, "errors": [[1 / 2, 1 / 4, 1 / 8, 1 / 16], [0.0, 0.0, 0.0, None]]})
    curves = [part.get("d") for part in plot.iter("path") if part.get("class") == "curve"]
    points = [tuple(map(float, pair.split())) for pair in curves[0].removeprefix("M").split("L")]
    assert len(curves) == 1
    steps = [(right[0] - left[0], right[1] - left[1]) for left, right in pairwise(points)]
    assert sum(steps, ()) == pytest.approx(steps[0] * 3, abs=0.02)
    assert rate_plot({"low": 0.5}) is None


def test_a_statement_stands_right_of_all_it_rests_on() -> None:
    generator = random.Random(7)
    keys = [f"s{place}" for place in range(40)]
    rests = {key: generator.sample(keys[:place], min(place, 3)) for place, key in enumerate(keys)}
    column = {key: place for place, keys in enumerate(arranged(keys, rests)) for key in keys}
    assert all(column[used] < column[key] for key in keys for used in rests[key])
    assert all(column[key] == 0 or column[key] - 1 in {column[used] for used in rests[key]} for key in keys)


def test_a_circle_of_statements_is_laid_out_too() -> None:
    columns = arranged(["a", "b", "c"], {"a": ["c"], "b": ["a"], "c": ["b"]})
    assert sorted(chain.from_iterable(columns)) == ["a", "b", "c"]


def test_a_numbered_statement_has_the_worst_verdict_that_the_paper_states(few) -> None:
    entries = [
        {"id": "p.lemma-1", "ours": False, "verdict": "holds"},
        {"id": "p.lemma-1.part-b", "ours": False, "verdict": "refuted"},
        {"id": "p.lemma-1.step-2", "ours": False, "verdict": "error"},
        {"id": "p.lemma-2.reading-x", "ours": True, "verdict": "vacuous"},
    ]
    groups = numbered(entries)
    assert {key: (group.verdict, group.first) for key, group in groups.items()} == {
        "p.lemma-1": ("refuted", "p.lemma-1.part-b"),
        "p.lemma-2": ("vacuous", "p.lemma-2.reading-x"),
    }
    assert base("p.lemma-1.part-b.reading-x.step-4") == "p.lemma-1"


def test_figures_in_the_folder_are_part_of_the_page_and_statements_about_them_lead_there(few, tmp_path) -> None:
    few["statements"][0]["id"] = "wu2025.figure-9.part-a"
    (tmp_path / "wu2025.figure-9.png").write_bytes(PNG)
    check = {"says": "it rises", "passed": False, "figures": {"rise": 0.5}, "decides": False}
    (tmp_path / "wu2025.figure-9.json").write_text(json.dumps({"scale": "paper", "checks": [check], "seeds": {"seed": 7}}))
    (tmp_path / "wu2025.broken.png").write_bytes(b"no picture")
    (tmp_path / "other.figure-1.png").write_bytes(PNG)
    text = Page(write_html(few, tmp_path).read_text(encoding="utf-8"))
    images = text.all("img")
    assert [(image["width"], image["height"]) for image in images] == [("640", "480")]
    assert base64.b64decode(images[0]["src"].partition(",")[2]) == PNG
    assert "#drawn-wu2025.figure-9" in [link["href"] for link in text.all("a")]
    assert "seeds: seed 7. " in text.texts["span"]
    assert "it rises: not met, and does not decide (rise = 0.5)" in text.texts["li"]


def test_without_a_figure_the_page_says_how_to_have_one(few) -> None:
    assert "quod figure ID --out" in page(few)
    few["provenance"] = few["provenance"] | {"source": "mine.py"}
    text = page(few)
    assert "wu2025.NAME.png" in text
    assert "quod figure" not in text


def test_figures_beyond_the_room_of_the_page_are_linked_to(tmp_path) -> None:
    for number in (1, 2, 3):
        (tmp_path / f"wu2025.figure-{number}.png").write_bytes(PNG)
    found = pictures(tmp_path, ["wu2025"], limit=2 * len(PNG))
    assert [picture.inside for picture in found] == [True, True, False]


def luminance(colour: str) -> float:
    digits = "".join(2 * digit for digit in colour) if len(colour) == 3 else colour
    channels = [int("".join(digits[place : place + 2]), 16) / 255 for place in (0, 2, 4)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("mode", ["light", "dark", "print"])
def test_all_text_has_the_contrast_of_wcag_aa(mode: str) -> None:
    style = (ASSETS / "report.css").read_text()
    found = [dict(re.findall(r"--([\w-]+): #([0-9a-f]+)", block)) for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)]
    colours = {"light": found[0], "dark": found[0] | found[1], "print": found[0] | found[2]}[mode]
    pairs = [(text, ground) for text in ("ink", "soft", "link") for ground in ("page", "panel")]
    pairs += [(name, f"{name}-back") for name in ("holds", "refuted", "other")]
    pairs += [("link", f"{name}-back") for name in ("holds", "refuted", "other")]
    for text, ground in pairs:
        high, low = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)
