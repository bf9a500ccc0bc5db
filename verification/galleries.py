"""The instances that a statement lists itself: each must satisfy its hypotheses, or its author takes it for checked in vain."""

from __future__ import annotations

from numerics.comparison import Truth
from theory.statement import InputError, Instance, Statement
from verification.evaluate import hypothesis_truth


def gallery_of(statement: Statement) -> list[Instance]:
    """Return the instances of a statement's gallery, after the counterexample of its erratum where it has one.

    Parameters
    ----------
    statement
        The statement.

    Returns
    -------
    list of Instance
        The instances. One at which a hypothesis stays undecided is among them.

    Raises
    ------
    InputError
        If one certainly violates a hypothesis.
    """
    listed = [("gallery", entry) for entry in statement.gallery]
    if statement.erratum is not None:
        listed.insert(0, ("erratum", statement.erratum.counterexample))
    found = [(where, statement.instance.parse(data)) for where, data in listed]
    for where, instance in found:
        for hypothesis in statement.hypotheses:
            if hypothesis_truth(hypothesis, instance) is Truth.FALSE:
                raise InputError(f"{where} of {statement.id}: {instance} violates the hypothesis {hypothesis.name!r}")
    return [instance for _, instance in found]
