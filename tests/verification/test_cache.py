from __future__ import annotations

import importlib.util
import os
import sys

import joblib
import pytest

from theory.errors import InputError
from verification.cache import Cache, code_version, write_atomically
from verification.own_files import data_read_by


def key_of(cache: Cache, path) -> str:
    return cache.key("judge", code=code_version(str(path)), parameters={"id": "toy"}, seed=1)


def test_a_constant_that_changes_gives_a_new_key_where_joblib_returns_the_stale_value(tmp_path) -> None:
    path = tmp_path / "lemma.py"
    memory = joblib.Memory(tmp_path / "joblib", verbose=0)
    cache = Cache(tmp_path / "ours")
    seen = {}
    for constant in (2, 3):
        path.write_text(f"C = {constant}\ndef bound():\n    return C\n")
        spec = importlib.util.spec_from_file_location("lemma", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["lemma"] = module
        spec.loader.exec_module(module)
        seen[constant] = (memory.cache(module.bound)(), key_of(cache, path))
    del sys.modules["lemma"]
    assert seen[3][0] == 2, "joblib looks at the text of the function, which did not change"
    assert seen[2][1] != seen[3][1]


def test_a_module_that_the_users_file_imports_inside_a_function_is_part_of_the_key(tmp_path) -> None:
    path, helper, other = (tmp_path / name for name in ("lemma.py", "helper.py", "other.py"))
    path.write_text("def bound():\n    import helper\n    return helper.C\n")
    helper.write_text("C = 1\n")
    other.write_text("C = 1\n")
    before = code_version(str(path))
    other.write_text("C = 2\n")
    assert code_version(str(path)) == before
    helper.write_text("C = 2\n")
    assert code_version(str(path)) != before


def test_data_that_the_users_file_reads_is_part_of_the_key_and_the_place_of_its_folder_is_not(tmp_path) -> None:
    keys = []
    for folder, number in (("a", 1), ("b", 1), ("b", 2)):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "data.csv").write_text(str(number))
        (tmp_path / folder / "other.csv").write_text(folder)
        path = tmp_path / folder / "lemma.py"
        path.write_text("from pathlib import Path\nC = Path(__file__).with_name('data.csv').read_text()\n")
        keys.append(code_version(str(path)))
    assert keys[0] == keys[1] != keys[2]


def test_what_a_library_reads_is_data_where_the_file_calls_it_and_not_where_it_is_imported(tmp_path, monkeypatch) -> None:
    own, library = tmp_path / "own", tmp_path / "library"
    for folder in (own, library):
        folder.mkdir()
        (folder / "data.txt").write_text("1")
    read = "from pathlib import Path\ndef read(place):\n    return Path(place).with_name('data.txt').read_text()\n"
    (library / "toy_reader.py").write_text(f"{read}FONTS = read(__file__)\n")
    (own / "lemma.py").write_text("import toy_reader\nC = toy_reader.read(__file__)\n")
    monkeypatch.syspath_prepend(library)
    assert data_read_by(own / "lemma.py") == [own / "data.txt"]


def test_a_file_that_is_gone_has_no_key_and_is_told(tmp_path) -> None:
    with pytest.raises(InputError, match=r"gone\.py: no such file"):
        code_version(str(tmp_path / "gone.py"))


def test_seed_parameters_and_function_are_part_of_the_key(tmp_path) -> None:
    cache = Cache(tmp_path)
    keys = {
        cache.key(function, code="c", parameters={"p": p}, seed=seed) for function in "fg" for p in (0, 1) for seed in (0, 1)
    }
    assert len(keys) == 8


def test_a_payload_comes_back_with_its_keys_in_order(tmp_path) -> None:
    cache = Cache(tmp_path / "deep" / "folder")
    cache.put("k", {"x": [1, 0.1, None], "a": "é"})
    assert list(cache.get("k").items()) == [("x", [1, 0.1, None]), ("a", "é")]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-9],
        lambda data: b"",
        lambda data: data.replace(b"41", b"42"),
        lambda data: b"[1, 2]",
        lambda data: b"\xff\xfe",
        lambda data: data.replace(b'"k"', b'"j"'),
        lambda data: b"[" * 200_000,
        lambda data: bytes(len(data)),
    ],
    ids=["cut short", "empty", "altered", "another shape", "not text", "under another key", "without end", "zeros"],
)
def test_a_damaged_entry_is_ignored(tmp_path, damage) -> None:
    cache = Cache(tmp_path)
    cache.put("k", {"value": 41})
    path = tmp_path / "k.json"
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get("k") is None


def test_a_folder_in_the_place_of_an_entry_is_no_entry_and_a_write_there_names_it(tmp_path) -> None:
    (tmp_path / "k.json").mkdir()
    assert Cache(tmp_path).get("k") is None
    with pytest.raises(OSError, match=r"k\.json"):
        Cache(tmp_path).put("k", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["k.json"]


def test_an_absent_entry_is_none(tmp_path) -> None:
    assert Cache(tmp_path / "nowhere").get("k") is None


def test_nan_is_never_stored(tmp_path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        Cache(tmp_path).put("k", float("nan"))
    assert Cache(tmp_path).get("k") is None


def test_a_write_that_fails_leaves_the_old_bytes_and_no_litter(tmp_path, monkeypatch) -> None:
    path = tmp_path / "report.json"
    write_atomically(path, b"old")

    def fail(*_arguments: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]
