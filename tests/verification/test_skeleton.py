from __future__ import annotations

import pytest

from verification.cli import execute


def test_a_new_paper_holds_out_of_the_box_with_every_tooth_biting(tmp_path, monkeypatch, capsys) -> None:
    from verification.budget import PROFILES
    from verification.judge import judge
    from verification.selection import load

    monkeypatch.chdir(tmp_path)
    assert execute(["new", "my-draft"]) == 0
    assert capsys.readouterr().out.startswith("my_draft.py: ")
    statements = load(str(tmp_path / "my_draft.py"))
    assert list(statements) == ["my_draft.lemma-1"]
    judgement = judge(statements["my_draft.lemma-1"], budget=PROFILES["quick"], seed=0)
    assert judgement.verdict.value == "holds"
    assert sum(tooth.refuted for tooth in judgement.teeth) == 5
    assert [tooth.name for tooth in judgement.teeth if not tooth.refuted] == ["c times 2"]
    assert not any(tooth.survives for tooth in judgement.teeth)


def test_a_file_is_never_overwritten(tmp_path, capsys) -> None:
    path = tmp_path / "draft_2.py"
    path.write_text("mine")
    assert execute(["new", "draft-2", "--folder", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"quod: {path} exists; it is never overwritten: take another name or another --folder\n"
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("My-Paper", "small letters"),
        ("2024-paper", "a letter first"),
        ("paper.py", "small letters"),
        ("../paper", "small letters"),
        ("a--b", "single hyphens"),
        ("", "small letters"),
        ("x" * 41, "at most 40"),
        ("lambda", "keyword"),
        ("match", "keyword"),
        ("theory", "would hide the module theory"),
        ("wu2025", "wu2025 comes with quod"),
        ("json", "would hide the module json"),
        ("numpy", "would hide the module numpy"),
    ],
)
def test_a_bad_name_gets_one_line(name, rule, tmp_path, capsys) -> None:
    assert execute(["new", name, "--folder", str(tmp_path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert repr(name) in lines[0]
    assert rule in lines[0]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path, capsys) -> None:
    assert execute(["new", "draft", "--folder", str(tmp_path / "no")]) == 2
    assert "no such file or directory" in capsys.readouterr().err
