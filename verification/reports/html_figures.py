"""The figures of the papers that stand in the folder of the report, as part of the page."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element

from verification.reports.html_markup import Child, element, listed
from verification.reports.words import number

LIMIT = 3 * 2**20
"""Bytes of pictures that the page holds; those beyond are linked to."""
SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure that ``quod figure`` drew.

    Parameters
    ----------
    id
        Its id.
    name
        Name of the PNG file.
    data
        The PNG file.
    record
        Its settings and checks, as far as they are there.
    inside
        Whether the page holds it.
    """

    id: str
    name: str
    data: bytes
    record: Mapping[str, Any]
    inside: bool

    @property
    def address(self) -> str:
        """Return its address within the page."""
        return f"#drawn-{quote(self.id)}"


def pictures(folder: Path, papers: Sequence[str], limit: int = LIMIT) -> list[Picture]:
    """Return the figures of some papers that stand in a folder.

    Parameters
    ----------
    folder
        The folder.
    papers
        Keys of the papers.
    limit
        Bytes that the page takes up.

    Returns
    -------
    list of Picture
        Sorted by id; what is no PNG file that can be read is left out.
    """
    found: list[Picture] = []
    room = limit
    for path in sorted(folder.glob("*.png")):
        if path.stem.partition(".")[0] not in papers:
            continue
        try:
            data = path.read_bytes()
        except OSError:
            continue
        if not data.startswith(SIGNATURE) or len(data) < 24:
            continue
        inside = len(data) <= room
        room -= len(data) * inside
        found.append(Picture(id=path.stem, name=path.name, data=data, record=_record(path), inside=inside))
    return found


def _record(path: Path) -> Mapping[str, Any]:
    try:
        record = json.loads(path.with_suffix(".json").read_bytes())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def gallery(drawn: Sequence[Picture], paper: str, source: str | None = None) -> list[Child]:
    """Return the figures of a paper, or how to make them.

    Parameters
    ----------
    drawn
        All figures.
    paper
        Key of the paper.
    source
        The user's own file of statements, whose figures this program does not draw.

    Returns
    -------
    list
        What the page shows.
    """
    found = [_figure(picture) for picture in drawn if picture.id.startswith(f"{paper}.")]
    if found:
        return [*found]
    if source:
        return [element("p", f"No picture named {paper}.NAME.png stands in the folder of this report; it would be shown here.")]
    how = "stand in the folder of this report. quod figure list names those that can be drawn; to have one in the report, write"
    return [
        element("p", f"No figures of {paper} {how} it there and verify again:"),
        element("pre", element("code", "quod figure ID --out FOLDER-OF-THE-REPORT")),
    ]


def _figure(picture: Picture) -> Element:
    record = picture.record
    scale = f" at scale {record['scale']}" if record.get("scale") else ""
    checks = [check for check in record.get("checks") or [] if isinstance(check, dict)]
    words = f"Figure {picture.id}{scale}" + (f"; its {len(checks)} checks follow" if checks else "")
    digest = hashlib.sha256(picture.data).hexdigest()[:16]
    caption = element("figcaption", element("strong", picture.id), f"{scale}. SHA-256 {digest}. ")
    for name in ("seeds", "versions"):
        if isinstance(record.get(name), dict) and record[name]:
            caption.append(element("span", f"{name}: {', '.join(f'{key} {value}' for key, value in record[name].items())}. "))
    if record:
        caption.append(element("a", "Settings and numbers stand beside it.", href=quote(f"{picture.id}.json")))
    lines: list[Child] = [_check(check) for check in checks]
    listing = (
        element("details", element("summary", f"{len(checks)} checks of what it shows"), listed(lines)) if checks else None
    )
    return element("figure", _image(picture, words), caption, listing, id=f"drawn-{picture.id}")


def _check(check: Mapping[str, Any]) -> str:
    figures = "; ".join(f"{name} = {number(value)}" for name, value in (check.get("figures") or {}).items())
    outcome = "passed" if check.get("passed") else "not met" if check.get("decides", True) else "not met, and does not decide"
    return f"{check.get('says')}: {outcome}" + (f" ({figures})" if figures else "")


def _image(picture: Picture, words: str) -> Element:
    if not picture.inside:
        return element("p", "Too large for the page: ", element("a", picture.name, href=quote(picture.name)))
    width, height = (int.from_bytes(picture.data[start : start + 4], "big") for start in (16, 20))
    source = f"data:image/png;base64,{base64.b64encode(picture.data).decode()}"
    return element("img", src=source, alt=words, width=width, height=height, decoding="async")
