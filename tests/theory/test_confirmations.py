"""Each refutation by lines of Python that share nothing with the formulas of the statement."""

from __future__ import annotations

import pytest

from numerics.comparison import Truth
from theory.confirmations import FOLDER, confirmation_file, confirmation_of
from theory.registry import all_statements, papers
from verification.confirming import DIGITS, Confirmation, run_confirmations
from verification.evaluate import check_at

REFUTED = {key: entry for key, entry in all_statements().items() if entry.erratum is not None}


@pytest.fixture(scope="module")
def ran() -> dict[str, Confirmation]:
    return run_confirmations({key: confirmation_of(entry) or "" for key, entry in REFUTED.items()})


def test_every_refuted_statement_has_its_lines_and_no_file_is_left_over() -> None:
    files = {confirmation_file(key) for key in REFUTED}
    assert len(files) == len(REFUTED)
    assert files == {path for paper in papers() for path in (FOLDER / paper / "confirmations").glob("*.py")}


@pytest.mark.parametrize("key", REFUTED)
def test_plain_python_finds_both_sides_of_the_certified_counterexample(key, ran) -> None:
    found = check_at(REFUTED[key], REFUTED[key].erratum.counterexample)
    left, right, radius = float(found.comparison.left), float(found.comparison.right), found.comparison.radius
    assert found.verdict is Truth.FALSE
    assert ran[key].problem is None
    assert ran[key].digits(left, right, radius) >= DIGITS
    # The digits can fail: a part in a million more is seen.
    assert ran[key].digits(left * (1 + 1e-6), right * (1 - 1e-6), radius) < DIGITS


def test_lines_that_import_the_program_or_print_no_numbers_are_no_confirmation() -> None:
    found = run_confirmations({
        "ours": "import theory.statement\nprint('left', 1)\nprint('right', 2)",
        "silent": "x = 1",
        "broken": "print('left', 1)\nraise ValueError('no\\nroot')",
        "good": "print('left ', 1)\nprint('right', 0.5)",
    })
    assert "imports nothing of quod, not theory" in (found["ours"].problem or "")
    assert "does not print" in (found["silent"].problem or "")
    assert found["broken"].problem == "ValueError: no"
    assert found["good"].digits(1.0, 0.5) == 15
    assert found["good"].digits(1.0, 0.501) == 2
    assert found["silent"].digits(1.0, 0.5) == 0
