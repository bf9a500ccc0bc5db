"""The tutorial's lemma, as its pages have it, and the example that goes on from there."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from verification.budget import PROFILES
from verification.confirming import run_confirmations
from verification.errata import corrections
from verification.errata_known import Knowledge
from verification.judge import judge
from verification.outcome import Verdict
from verification.selection import load

ROOT = Path(__file__).resolve().parents[2]
BUDGET = dataclasses.replace(PROFILES["quick"], cases=30, least_cases=30, ascents=1, ascent_steps=20, certified=3)
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TUTORIAL, re.DOTALL)


def test_the_lemma_of_the_tutorial_is_refuted_by_the_file_that_it_builds(tmp_path) -> None:
    path = tmp_path / "masks.py"
    path.write_text("\n\n".join(BLOCKS[:3]))
    (statement,) = load(str(path)).values()
    judgement = judge(statement, budget=BUDGET, seed=0)
    assert judgement.verdict is Verdict.REFUTED
    p, t = (eval(str(judgement.counterexample.data[name]), {}) for name in ("p", "t"))
    assert (1 - 2 * p) * t > 0  # where the third cumulant says


def test_the_plain_lines_of_the_tutorial_print_what_it_says() -> None:
    found = run_confirmations({"tutorial": BLOCKS[3]})["tutorial"]
    assert found.left > found.right
    assert f"prints {found.left!r} and {found.right!r}." in TUTORIAL


def test_the_example_goes_on_with_an_erratum_and_two_repairs_that_have_teeth() -> None:
    statements = load(str(ROOT / "examples" / "bernoulli_lemma.py"))
    (entry,) = corrections(list(statements.values()), Knowledge(statements=statements, report={}, recorded={}))
    assert entry.problem is None
    assert entry.repair.statement.id == "masks.lemma-1.reading-hoeffding"
    for key in ("masks.lemma-1.reading-hoeffding", "masks.lemma-1.reading-one-side"):
        judgement = judge(statements[key], budget=BUDGET, seed=0)
        assert judgement.verdict is Verdict.HOLDS
        assert [tooth.name for tooth in judgement.teeth if not tooth.refuted] == ["c times 2"]
