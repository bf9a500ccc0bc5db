from __future__ import annotations

import pytest

from verification.entry import PACKAGES, shadowed


def test_nothing_of_ours_is_shadowed_here() -> None:
    assert shadowed() is None


@pytest.mark.parametrize("name", [name for name in PACKAGES if name != "verification"])
def test_started_beside_a_folder_that_shadows_one_of_ours_it_refuses_in_one_line(quod, tmp_path, name) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('the wrong one was imported')\n")
    result = quod("list")
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f"quod: {folder} shadows the package {name!r} of quod; start it from another folder, or rename that one"
    ]


def test_started_beside_a_file_that_shadows_one_of_ours_it_names_the_file(quod, tmp_path) -> None:
    (tmp_path / "numerics.py").write_text("")
    result = quod("verify")
    assert result.returncode == 2
    assert result.stderr.startswith(f"quod: {tmp_path / 'numerics.py'} shadows")


def test_a_folder_without_python_in_it_shadows_nothing(quod, tmp_path, toy) -> None:
    (tmp_path / "figures").mkdir()
    assert quod("list", toy("a-holds")).returncode == 0
