"""The statements of every paper, in the sorted order of their ids."""

from __future__ import annotations

import importlib
import pkgutil
import re
from functools import cache

import theory
from theory.statement import Statement

KINDS = (
    "equation",
    "definition",
    "proposition",
    "corollary",
    "theorem",
    "lemma",
    "remark",
    "claim",
    "figure",
    "table",
)
ID = re.compile(
    rf"[a-z][a-z0-9_]*\.({'|'.join(KINDS)})-[a-z0-9]+(\.part-[a-z0-9-]+)?(\.reading-[a-z0-9-]+)?(\.step-[a-z0-9-]+)?"
)


def statements_in(module_name: str) -> list[Statement]:
    """Return the statements that a module defines at its top level, in order of their ids.

    Parameters
    ----------
    module_name
        Importable name of the module.

    Returns
    -------
    list of Statement
        Its statements; one bound to two names counts once.
    """
    module = importlib.import_module(module_name)
    found: dict[str, Statement] = {}
    for value in vars(module).values():
        for entry in value if isinstance(value, tuple | list) else (value,):
            if isinstance(entry, Statement):
                found[entry.id] = entry
    return [found[key] for key in sorted(found)]


def papers() -> list[str]:
    """Return the keys of the papers that come with the program, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(theory.__path__) if module.ispkg)


@cache
def all_statements() -> dict[str, Statement]:
    """Return every statement of every paper, by id, sorted by id.

    Returns
    -------
    dict
        Id to statement.

    Raises
    ------
    ValueError
        If two statements share an id, or an id breaks the grammar.
    """
    found: dict[str, Statement] = {}
    for paper in papers():
        folder = importlib.import_module(f"theory.{paper}.statements")
        for module in sorted(pkgutil.iter_modules(folder.__path__), key=lambda entry: entry.name):
            for statement in statements_in(f"theory.{paper}.statements.{module.name}"):
                if statement.id in found and found[statement.id] is not statement:
                    raise ValueError(f"two statements share the id {statement.id}")
                if not ID.fullmatch(statement.id):
                    raise ValueError(f"the id {statement.id!r} is not paper.kind-N[.part-a][.reading-b][.step-k]")
                found[statement.id] = statement
    return dict(sorted(found.items()))
