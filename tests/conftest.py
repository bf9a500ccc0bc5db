"""What every test starts from: balls of 53 bits, one thread, and the same random examples on every machine.

Tests marked ``browser`` need Chromium with its driver: where these are missing, the tests are deselected and a line says so.
"""

import os
import shutil

# Before anything loads numpy or torch: pytest has a process for each core, and threads beyond that wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import flint
import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None, database=None)
settings.load_profile("ci")


@pytest.fixture(autouse=True)
def precision_is_left_as_found():
    """The precision of balls is global in the library: a test that leaves it changed fails."""
    flint.ctx.prec = 53
    yield
    left, flint.ctx.prec = flint.ctx.prec, 53
    assert left == 53, f"the test left the precision of balls at {left} bits"


def browser() -> tuple[str, str] | None:
    """Return the paths of Chromium and of its driver."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found, driver = next(filter(None, map(shutil.which, names)), None), shutil.which("chromedriver")
    return (found, driver) if found and driver else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items) -> None:
    if browser() is None:
        dropped = [item for item in items if item.get_closest_marker("browser")]
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]


def pytest_terminal_summary(terminalreporter) -> None:
    if browser() is None:
        terminalreporter.write_line("tests marked 'browser' are deselected: no chromium with chromedriver on this machine")


@pytest.fixture(scope="session")
def browser_paths() -> tuple[str, str]:
    """The paths of Chromium and of its driver, for tests marked ``browser``."""
    return browser()
