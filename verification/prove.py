"""Run the finite parts of a proof; the evidence is ``proved`` only when every part is true."""

from __future__ import annotations

from numerics.boxes import boxes_allowed
from numerics.comparison import Truth
from theory.statement import Proof
from verification.budget import PROFILES
from verification.outcome import Evidence, EvidenceKind

BOXES = PROFILES["quick"].boxes


def prove(proof: Proof, boxes: int = BOXES) -> tuple[Truth, Evidence | None, str]:
    """Check every step of a proof.

    Parameters
    ----------
    proof
        The proof.
    boxes
        How many boxes one branch and bound may open.

    Returns
    -------
    tuple
        True if there are steps and every one is; the evidence then; otherwise the first step that is not true.
    """
    if not proof.steps:
        return Truth.UNDECIDED, None, "no part of the proof is checked by the program"
    accounts = []
    for step in proof.steps:
        with boxes_allowed(boxes):
            truth, account = step.check()
        if truth is not Truth.TRUE:
            return truth, None, f"proof step not established ({truth.value}): {step.says}: {account}"
        accounts.append({"says": step.says, "account": account})
    how = "a written argument whose finite parts the program checks" if proof.argument else "checked in full by the program"
    summary = f"for {proof.set}; {how}, {len(accounts)} part{'s' * (len(accounts) != 1)} checked"
    figures = {"set": proof.set, "argument": proof.argument, "steps": accounts}
    return Truth.TRUE, Evidence(kind=EvidenceKind.PROVED, summary=summary, figures=figures), ""
