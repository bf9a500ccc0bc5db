"""The plugin, in a process of pytest of its own, on statements whose verdict is in their name."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from verification.pytest_plugin import pytest_configure, pytest_pycollect_makemodule

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path):
    """Start pytest with the plugin and no other, and return its status and its output."""

    def call(*arguments: str) -> tuple[int, str]:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "120"}
        plugins = ["-p", "verification.pytest_plugin", "-p", "no:cacheprovider"]
        command = [sys.executable, "-m", "pytest", *plugins, "-W", "error", "--strict-markers", "-rA", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    return call


def test_a_statement_is_a_test_that_passes_where_it_holds(run, toy, tmp_path) -> None:
    toy("a-holds", "b-refuted", "c-error", "d-toothless")
    status, text = run("--quod", "toy_lemmas.py", "--junit-xml", "junit.xml")
    assert status == 1
    assert "PASSED toy_lemmas.py::toy.lemma-a-holds[quick]" in text
    assert "PASSED toy_lemmas.py::toy.lemma-d-toothless[quick]" in text
    assert "toy.lemma-b-refuted: refuted, it is refuted" in text
    assert """--at '{"x": "-1/3"}'""" in text
    assert "toy.lemma-c-error: error, ValueError: sigma left the range" in text
    assert "2 failed, 2 passed" in text
    assert '<property name="quod_evidence" value="sampled"' in (tmp_path / "junit.xml").read_text()


def test_profiles_are_markers_and_surviving_mutants_fail_where_asked(run, toy) -> None:
    toy("a-holds", "d-toothless")
    both = ["--quod", "toy_lemmas.py", "--quod-profile", "quick", "--quod-profile", "nightly", "--quod-teeth"]
    status, text = run(*both, "-m", "quod_nightly")
    assert status == 1
    assert "PASSED toy_lemmas.py::toy.lemma-a-holds[nightly]" in text
    assert "toy.lemma-d-toothless: holds, but a mutant survives" in text
    assert "mutant not refuted: pushed" in text
    assert "1 failed, 1 passed, 2 deselected" in text


def test_files_in_folders_stay_tests_and_a_bad_file_gets_one_line(run, toy, tmp_path) -> None:
    toy("a-holds")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_one.py").write_text("def test_one():\n    assert True\n")
    (tmp_path / "empty.py").write_text("x = 1\n")
    status, text = run("--quod", "toy_lemmas.py", "tests", "empty.py")
    assert status == 2
    assert "empty.py defines no statement at its top level" in text
    assert "Traceback" not in text


def test_the_option_without_a_file_by_name_is_refused() -> None:
    config = SimpleNamespace(addinivalue_line=lambda *_: None, getoption=lambda name: 0 if "seed" in name else True)
    for args, refused in ((["tests", "paper"], True), (["tests", "a.py::a.lemma-1[quick]"], False)):
        with pytest.raises(pytest.UsageError, match=r"such as my_paper\.py") if refused else nullcontext():
            pytest_configure(SimpleNamespace(args=args, **vars(config)))


@pytest.mark.parametrize(("on", "named"), [(False, True), (True, False)])
def test_without_the_option_or_the_name_a_file_is_left_to_pytest(on, named, tmp_path) -> None:
    config = SimpleNamespace(getoption=lambda name: on)
    parent = SimpleNamespace(config=config, session=SimpleNamespace(isinitpath=lambda path: named))
    assert pytest_pycollect_makemodule(tmp_path / "my_paper.py", parent) is None
