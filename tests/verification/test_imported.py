"""What a file imports: packages with and without an ``__init__.py``, and folders that are none."""

from __future__ import annotations

import pytest

from verification.imported import imported_by


@pytest.mark.parametrize("line", ["from lemmas.helpers import C", "import lemmas.helpers", "from lemmas import helpers"])
def test_modules_of_a_package_without_an_init_count_and_a_folder_with_the_name_of_a_module_hurts_nothing(
    tmp_path, line
) -> None:
    (tmp_path / "os").mkdir()
    (tmp_path / "lemmas").mkdir()
    (tmp_path / "more").mkdir()
    path = tmp_path / "lemma.py"
    path.write_text(f"import os\n{line}\n")
    (tmp_path / "lemmas" / "helpers.py").write_text("import more\nC = 1\n")
    (tmp_path / "more" / "__init__.py").write_text("from . import other\n")
    (tmp_path / "more" / "other.py").write_text("")
    (tmp_path / "lemmas" / "unused.py").write_text("")
    found = {str(place.relative_to(tmp_path)) for place in imported_by(path)}
    assert found == {"lemma.py", "lemmas/helpers.py", "more/__init__.py", "more/other.py"}
