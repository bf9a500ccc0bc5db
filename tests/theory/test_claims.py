"""Every statement of every paper: its named instances meet its hypotheses and its claim in balls, its proof is established."""

import pytest

from numerics.comparison import Truth
from theory.registry import all_statements
from theory.statement import Inequality
from verification.evaluate import certified, consistent, equality_bits, hypotheses_truth
from verification.prove import prove

STATEMENTS = all_statements()
NAMED = {key: entry for key, entry in STATEMENTS.items() if entry.gallery}
PROVED = {key: entry for key, entry in STATEMENTS.items() if entry.proof is not None}


@pytest.mark.parametrize("key", NAMED)
def test_the_gallery_meets_the_hypotheses_and_the_claim(key) -> None:
    entry = NAMED[key]
    for data in entry.gallery:
        instance = entry.instance.parse(data)
        assert hypotheses_truth(entry, instance) is Truth.TRUE
        if isinstance(entry, Inequality):
            assert consistent(certified(entry, instance), equality_bits(entry))


@pytest.mark.parametrize("key", PROVED)
def test_every_proof_is_established_step_by_step(key) -> None:
    truth, evidence, account = prove(PROVED[key].proof)
    assert truth is Truth.TRUE, account
    assert len(evidence.figures["steps"]) == len(PROVED[key].proof.steps) > 0
    assert evidence.figures["set"]
