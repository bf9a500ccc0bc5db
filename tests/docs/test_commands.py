"""Every command on a page of the site and in the README runs, and prints what is shown there."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.docs.commands import Command, commands_of, disagreement
from verification.cli import app, execute

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    str(path.relative_to(ROOT / "docs")): path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").rglob("*.md"))
} | {"README.md": (ROOT / "README.md").read_text(encoding="utf-8")}
ORDER = ("index.md", "reading-a-report.md", "evidence.md", "tutorial.md", "ci.md", "README.md")
"""The pages with commands that run, in one folder, so that what one page judged another one finds judged."""

NOT_RUN = {
    "quod figure marion2024.table-1": "a minute of training; the tests of the figures draw it smaller",
    "quod figure marion2024.table-1 --scale paper": "hours of training",
    "quod figure marion2024.table-1 --scale paper --cifar10 cifar-10-python.tar.gz --device cuda": "needs a graphics card",
    "make docs": "test_site.py builds the site",
    "make verify": "it judges all statements, for minutes",
    "quod verify": "the same",
    "make test": "it is what runs this test",
    "quod figure wu2025.irregularity --out docs": "the tests of the figures draw it smaller",
    "quod figure wu2025.stability-threshold --out docs": "the same",
    "quod figure marion2024.pl-constant --out docs": "the same",
}
INSTEAD = {
    "pytest --quod my_paper.py": ("pytest --quod masks.py --collect-only -q", "tutorial.md runs the same on masks.py"),
    "pytest --quod my_paper.py --quod-profile quick --quod-profile nightly -m quod_quick": (
        "pytest --quod masks.py --quod-profile quick --quod-profile nightly -m quod_quick --collect-only -q",
        "collected only, as the run is that of tutorial.md",
    ),
}
"""What runs in the place of a command, and why."""
ENDS_WITH_ONE = {
    "quod verify masks.py": "a refuted lemma with no verdict on record",
    "quod verify examples/my_lemma.py": "the same",
    "quod verify examples/bernoulli_lemma.py": "the same",
    "pytest --quod masks.py": "the same",
    'quod check masks.lemma-1 --file masks.py --at \'{"p": "1/4", "t": "1/10"}\'': "a conclusion that is false there",
    'quod check wu2025.proposition-9.part-a --at \'{"x": [0, 1, 2], "mu": "1/2", "sigma": "1/4", "i": 2, "y": 1}\'': "the same",
}
"""All other commands end with 0."""


def _lemma(folder: Path) -> None:
    """Put the parts of the tutorial's lemma in the place of the file to start from, as the page says."""
    blocks = re.findall(r"```python\n(.*?)```", PAGES["tutorial.md"], re.DOTALL)
    (folder / "masks.py").write_text("\n\n".join(blocks[:3]), encoding="utf-8")


def _two_reports(folder: Path) -> None:
    for name in ("old", "new"):
        shutil.copytree(folder / "quod-report", folder / name, ignore=shutil.ignore_patterns(".cache"), dirs_exist_ok=True)


BEFORE = {
    "quod verify masks.py": _lemma,
    "quod diff old/ new/": _two_reports,
    "quod diff old/report.json new/report.json": _two_reports,
}
"""What a page tells its reader to do by hand before a command."""


def _run(line: str, folder: Path) -> tuple[int, str]:
    """Run a command in a folder; one of the program that needs no shell and starts no processes runs in this one."""
    words = [] if set("|;&$<>") & set(line) else shlex.split(line)
    if words[:1] == ["quod"] and words[1] != "verify":
        told = io.StringIO()
        with redirect_stdout(told), redirect_stderr(told):
            return execute(words[1:]), told.getvalue()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    if not entry_points(group="pytest11", name="quod"):
        # An installation from before the plugin was there.
        environment["PYTEST_ADDOPTS"] = "-p verification.pytest_plugin"
    environment = {
        name: value
        for name, value in environment.items()
        if name not in {"COLUMNS", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER"}
    }
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout


def test_every_command_of_the_site_runs_and_prints_what_its_page_shows(tmp_path, monkeypatch) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    ran: dict[str, tuple[int, str]] = {}
    wrong = []
    for page in ORDER:
        for command in commands_of(PAGES[page]):
            if command.line in NOT_RUN:
                continue
            BEFORE.get(command.line, lambda _folder: None)(tmp_path)
            if command.line not in ran:
                ran[command.line] = _run(INSTEAD.get(command.line, (command.line,))[0], tmp_path)
            status, printed = ran[command.line]
            if status != (command.line in ENDS_WITH_ONE):
                wrong.append(f"{page}: {command.line}: status {status}\n{printed[-800:]}")
            told = None if command.shown is None else disagreement(command.shown, printed.splitlines())
            wrong += [f"{page}: {command.line}: {told}"] * (told is not None)
    assert not wrong, "\n".join(wrong)


def test_no_other_page_has_a_command_that_is_not_listed_with_a_reason() -> None:
    others = {command.line for page, text in PAGES.items() if page not in ORDER for command in commands_of(text)}
    assert others - set(NOT_RUN) == set()


def test_the_lists_name_only_commands_that_stand_on_a_page() -> None:
    lines = {command.line for text in PAGES.values() for command in commands_of(text)}
    assert (set(INSTEAD) | set(ENDS_WITH_ONE) | set(BEFORE)) - lines == set()
    assert set(NOT_RUN) - lines <= {"make docs"}


def test_the_commands_inside_a_sentence_are_commands_of_the_program() -> None:
    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    known |= {group.name for group in app.registered_groups}
    named = {word for text in PAGES.values() for word in re.findall(r"`quod ([a-z]+)[^`]*`", text)}
    assert named
    assert named <= known


@pytest.mark.parametrize("page", [name for name in PAGES if name.startswith("api/")])
def test_the_python_of_the_api_pages_runs(page) -> None:
    for block in re.findall(r"```python\n(.*?)```", PAGES[page], re.DOTALL):
        exec(compile(block, page, "exec"), {})


def test_commands_and_their_output_are_found_in_blocks() -> None:
    text = (
        '```\n$ first "a\n> b"\nout\n$ second\n```\n'
        "```console\nquod third     a word on it\n```\n```yaml\nrun: |\n  quod no\n```\n"
    )
    found = list(commands_of(text))
    assert found == [Command('first "a\nb"', ("out",)), Command("second", ()), Command("quod third", None)]


def test_an_output_that_differs_is_noticed_and_seconds_and_dots_are_not() -> None:
    printed = ["[1/2] x holds", " a   1.2 s", "b", "c"]
    assert disagreement(["a 0.9 s", "...", "c"], printed) is None
    assert "shown 'b2', printed 'b'" in disagreement(["a 0.1 s", "b2", "c"], printed)
    assert disagreement(["a 0.1 s", "...", "d"], printed) == "shown 'd', printed 'no more'"
    assert disagreement(["a 0.1 s", "b"], printed) == "not shown: 'c'"
