from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from theory.statement import InputError
from verification.selection import load, one, select, split

KEYS = ("wu2025.lemma-1", "wu2025.theorem-4", "wu2025.theorem-4.step-2", "wu2025.theorem-41", "marion2024.theorem-4")
STATEMENTS = {key: SimpleNamespace(id=key) for key in sorted(KEYS)}


def chosen(*selectors: str) -> list[str]:
    return [statement.id for statement in select(STATEMENTS, selectors)]


def test_no_selector_means_every_statement_in_sorted_order() -> None:
    assert chosen() == sorted(KEYS)


def test_an_id_brings_its_parts_but_not_an_id_that_merely_starts_alike() -> None:
    assert chosen("wu2025.theorem-4") == ["wu2025.theorem-4", "wu2025.theorem-4.step-2"]


def test_a_paper_and_a_glob_select_and_each_statement_comes_once() -> None:
    assert chosen("*.theorem-4", "marion2024") == ["marion2024.theorem-4", "wu2025.theorem-4"]


def test_an_unknown_selector_is_refused_with_close_matches() -> None:
    with pytest.raises(InputError, match=r"'wu2025.theorm-4'; close: .*wu2025\.theorem-4"):
        chosen("wu2025.lemma-1", "wu2025.theorm-4")


def test_a_selector_that_is_a_file_a_folder_or_another_paper_is_told_apart(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "draft.py").touch()
    for selector, words in (("draft", "close: draft.py"), ("mine", "a folder"), ("marion2026.claim-1", "a run without it")):
        with pytest.raises(InputError, match=words):
            chosen(selector)


def test_show_wants_a_whole_id() -> None:
    with pytest.raises(InputError, match="no statement has the id 'wu2025'"):
        one(STATEMENTS, "wu2025")


def test_a_path_is_told_from_selectors_and_two_paths_are_refused() -> None:
    source, selectors = split(["toy.lemma-1", "a/b.py"])
    assert source is not None
    assert source.endswith("/a/b.py")
    assert selectors == ["toy.lemma-1"]
    with pytest.raises(InputError, match="one file at a time"):
        split(["a.py", "b.py"])


def test_a_users_file_is_loaded_with_its_folder_importable(toy, tmp_path) -> None:
    (tmp_path / "toy_helper.py").write_text("NAME = 'from-helper'\n")
    path = toy("b-holds", "a-holds", extra="import toy_helper\nlast = [claim(toy_helper.NAME)]")
    assert list(load(str(path))) == ["toy.lemma-a-holds", "toy.lemma-b-holds", "toy.lemma-from-helper"]


def test_a_neighbour_of_a_users_file_shadows_nothing(toy, tmp_path) -> None:
    (tmp_path / "fractions.py").write_text("raise RuntimeError('shadowed')\n")
    assert load(str(toy("a-holds", extra="import fractions")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", "defines no statement"),
        ("def f(:\n", r"bad\.py:1: invalid syntax"),
        ("\n\nx = 1 / 0\n", r"bad\.py:3: ZeroDivisionError: division by zero"),
        ("import no_such_module_at_all\n", r"bad\.py:1: ModuleNotFoundError"),
        ("raise SystemExit(7)\n", r"bad\.py:1: SystemExit: 7"),
    ],
)
def test_a_users_file_that_does_not_run_is_refused_with_file_and_line(tmp_path, text, message) -> None:
    path = tmp_path / "bad.py"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        load(str(path))
    assert "\n" not in str(caught.value)


def test_an_error_in_an_environment_inside_the_folder_of_a_file_is_told_with_the_line_of_the_file(
    tmp_path, monkeypatch
) -> None:
    library = tmp_path / ".venv"
    library.mkdir()
    (library / "toy_strict.py").write_text("def strict():\n    raise ValueError('too strict')\n")
    path = tmp_path / "mine.py"
    path.write_text("import toy_strict\n\ntoy_strict.strict()\n")
    monkeypatch.syspath_prepend(library)
    monkeypatch.setattr("verification.own_files.ELSEWHERE", (library,))
    with pytest.raises(InputError, match=r"mine\.py:3: ValueError: too strict"):
        load(str(path))


def test_two_statements_with_one_id_are_refused(toy) -> None:
    with pytest.raises(InputError, match=r"share the id 'toy\.lemma-a-holds'"):
        load(str(toy("a-holds", "a-holds")))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("id=' '", "' ' is no id"),
        ("id='../toy.lemma-1'", "'../toy.lemma-1' is no id"),
        ("id='lemma-1'", "'lemma-1' is no id"),
        ("id='wu2025.theorem-4'", "'wu2025.theorem-4' has the key of a paper that comes with quod"),
        ("hypotheses=(SMALL, SMALL)", "toy.lemma-a-holds has 2 hypotheses named 'small'"),
    ],
)
def test_names_that_would_lead_astray_are_refused(toy, change, message) -> None:
    path = toy("a-holds", extra=f"import dataclasses\nstatement_0 = dataclasses.replace(statement_0, {change})")
    with pytest.raises(InputError, match=re.escape(message)):
        load(str(path))


def test_one_statement_under_two_names_counts_once(toy) -> None:
    assert len(load(str(toy("a-holds", extra="same = statement_0")))) == 1
