"""Statements as tests: ``pytest --quod my_paper.py``, one test a statement and profile.

With ``--quod`` every file given by name is read as a file of statements; folders are collected as ever. A test passes where the
verdict is ``holds``. Only pytest is imported until a statement is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

CAP = 600.0
NAMES = ("quick", "standard", "nightly")
"""The profiles, known here so that an ordinary run of pytest imports nothing of ours."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("quod", "statements checked by quod")
    group.addoption("--quod", action="store_true", help="Read files given by name as statements, one test a statement.")
    group.addoption(
        "--quod-profile",
        action="append",
        choices=NAMES,
        metavar="PROFILE",
        help=f"Budget: {', '.join(NAMES)}; may be repeated, one test each. Default: quick.",
    )
    group.addoption("--quod-seed", type=int, default=0, metavar="N", help="Seed of the searches. Default: 0.")
    group.addoption("--quod-teeth", action="store_true", help="Fail as well where a mutant survives.")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers: ``quod``, and one for each profile."""
    config.addinivalue_line("markers", "quod: a statement checked by quod")
    for name in NAMES:
        config.addinivalue_line("markers", f"quod_{name}: a statement checked by quod with the profile {name}")
    if config.getoption("--quod"):
        if config.getoption("--quod-seed") < 0:
            raise pytest.UsageError(f"--quod-seed takes an integer from 0 on, not {config.getoption('--quod-seed')}")
        if not any(argument.split("::")[0].endswith(".py") for argument in config.args):
            raise pytest.UsageError("--quod takes a file of statements by its name, such as my_paper.py, and found none")
        from verification.entry import pin_threads

        pin_threads()


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path, parent: Any) -> pytest.Collector | None:
    """Take a file that was given by name, where ``--quod`` is on; leave every other to pytest."""
    if parent.config.getoption("--quod") and parent.session.isinitpath(module_path):
        return StatementFile.from_parent(parent, path=module_path)
    return None


class StatementFile(pytest.File):
    """A file of statements."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield one test a statement and profile.

        Yields
        ------
        pytest.Item
            The test, marked ``quod`` and ``quod_PROFILE``.

        Raises
        ------
        CollectError
            If the file cannot be read; one line says why.
        """
        from theory.statement import InputError
        from verification.selection import load

        try:
            statements = load(str(self.path.resolve()))
        except InputError as error:
            raise pytest.Collector.CollectError(f"quod: {error}") from None
        for profile in dict.fromkeys(self.config.getoption("--quod-profile") or ["quick"]):
            for identifier in statements:
                yield StatementItem.from_parent(self, name=f"{identifier}[{profile}]", identifier=identifier, profile=profile)


class NotAsClaimed(Exception):
    """A statement that does not hold, or a mutant of it that survives; carries the entry of the report."""

    def __init__(self, entry: Mapping[str, Any]) -> None:
        super().__init__(entry["verdict"])
        self.entry = entry


class StatementItem(pytest.Item):
    """The test of one statement with one profile.

    Parameters
    ----------
    identifier
        Id of the statement.
    profile
        Name of the budget.
    """

    def __init__(self, *, identifier: str, profile: str, **more: Any) -> None:
        super().__init__(**more)
        self.identifier, self.profile = identifier, profile
        self.add_marker("quod")
        self.add_marker(f"quod_{profile}")

    def runtest(self) -> None:
        """Judge the statement; verdict, evidence and teeth also go into the JUnit report.

        Raises
        ------
        NotAsClaimed
            If the verdict is not ``holds``, or with ``--quod-teeth`` a mutant survives.
        """
        from verification.reports.words import best_of, survivors_of, teeth_of
        from verification.worker import judge_one

        seed = self.config.getoption("--quod-seed")
        entry = judge_one(str(self.path.resolve()), self.identifier, self.profile, seed, CAP)
        told = {"verdict": entry["verdict"], "evidence": best_of(entry), "teeth": teeth_of(entry)}
        self.user_properties += [(f"quod_{name}", value) for name, value in told.items()]
        if entry["verdict"] != "holds" or (self.config.getoption("--quod-teeth") and survivors_of(entry)):
            raise NotAsClaimed(entry)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the verdict with its counterexample, or the usual traceback of what is ours."""
        if not isinstance(excinfo.value, NotAsClaimed):
            return super().repr_failure(excinfo, style)
        return "\n".join(_lines(excinfo.value.entry, self.path))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the test is from, and its name."""
        return self.path, None, self.name


def _lines(entry: Mapping[str, Any], path: Path) -> Iterator[str]:
    import shlex

    from verification.own_files import shown
    from verification.reports.words import data_of, survivors_of

    survivors = survivors_of(entry)
    reason = entry["reason"] or ("but a mutant survives" if survivors else "")
    yield f"{entry['id']}: {entry['verdict']}" + (f", {reason}" if reason else "")
    yield f"  {entry['says']}"
    found = entry["counterexample"]
    if found is not None:
        yield f"  at {data_of(found['data'])}"
        yield f"  left   {found['left']}"
        yield f"  right  {found['right']}, claimed left {found['relation']} right"
        command = ["quod", "check", entry["id"], "--file", shown(path), "--at", data_of(found["data"])]
        yield f"  {shlex.join(command)}"
    yield from (f"  mutant not refuted: {name}" for name in survivors)
