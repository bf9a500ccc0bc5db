"""The index of statements: what is listed is what is there, whatever state the index is in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from verification import index
from verification.cache import Cache
from verification.selection import load, select


def shown(entries) -> list[tuple[str, str, bool]]:
    return [(entry.id, entry.title, entry.ours) for entry in entries.values()]


def test_the_index_lists_what_the_modules_define_and_then_imports_none(tmp_path: Path, monkeypatch) -> None:
    wanted = shown(load(None))
    assert shown(index.listed(None, tmp_path)) == wanted
    monkeypatch.setattr(index, "load", lambda _source: pytest.fail("the statements were imported"))
    again = index.listed(None, tmp_path)
    assert shown(again) == wanted
    assert "wu2025.theorem-4" in [entry.id for entry in select(again, ["wu2025.theorem-4"])]


def test_an_index_of_other_code_or_a_damaged_one_is_made_again_in_its_place(tmp_path: Path, monkeypatch) -> None:
    index.listed(None, tmp_path)
    (path,) = tmp_path.iterdir()
    key = path.name.removesuffix(".json")
    stale = Cache(tmp_path).get(key) | {"code": "another", "statements": []}
    for damage in (
        lambda: Cache(tmp_path).put(key, stale),
        lambda: Cache(tmp_path).put(key, ["of another version"]),
        lambda: path.write_bytes(path.read_bytes()[:-40]),
    ):
        damage()
        assert len(index.listed(None, tmp_path)) == len(load(None))
        assert json.loads(path.read_bytes())["payload"]["statements"]
    assert list(tmp_path.iterdir()) == [path]


def test_where_no_index_can_be_kept_the_statements_are_imported(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").write_text("")
    assert shown(index.listed(None, tmp_path / "file")) == shown(load(None))
    monkeypatch.setattr(index, "_folder", lambda: None)
    assert index.listed(None) is load(None)


@pytest.mark.parametrize(("value", "folder"), [("/somewhere", "/somewhere/quod"), ("relative", None), ("", None)])
def test_the_cache_folder_is_that_of_the_user(monkeypatch, value, folder) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", value)
    monkeypatch.setenv("HOME", "/home/someone")
    assert str(index._folder()) == (folder or "/home/someone/.cache/quod")
